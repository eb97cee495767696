package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/identity"
	"postgang/engine/login"
	"postgang/engine/party"
	"postgang/engine/store"
)

func newPerson(o *options) *cobra.Command {
	cmd := cli.Group("person", "Who may log in to the console, and their roles: invite, list, give, take and end",
		newPersonAdd(o), newPersonList(o), newPersonShow(o), newPersonGrant(o), newPersonRevoke(o), newPersonEnd(o), newPersonBind(o))
	cmd.Long = `Persons have roles in the console: for an account, for an organisation ([organisations.KEY]) with all its accounts, or for all.
Administrators give them there. Whoever may use this command may give any role: it is for the first administrator, and for
emergencies. Every change is kept with who made it and why: "postgang log changes".

  ` + strings.Join(roleNames(), ", ")
	return cmd
}

func roleNames() []string {
	var names []string
	for _, r := range access.Roles() {
		names = append(names, string(r))
	}
	return names
}

func organisationKeys(cfg *config.Config) []string {
	keys := make([]string, len(cfg.Organisations))
	for i, o := range cfg.Organisations {
		keys[i] = o.Key
	}
	return keys
}

// personView is a person without anything that tells the fødselsnummer.
type personView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	State   string `json:"state"` // "invited", "active" or "ended"
	Issuer  string `json:"issuer,omitempty"`
	Subject string `json:"subject,omitempty"`
	Number  bool   `json:"by_number"` // invited by fødselsnummer
	// LoginName is that of the machine where the command line is used.
	LoginName string     `json:"login_name,omitempty"`
	Roles     []roleView `json:"roles"`
	Created   cli.Moment `json:"created_at"`
	Login     cli.Moment `json:"last_login_at,omitempty"`
	Ended     cli.Moment `json:"ended_at,omitempty"`
	// Changes are the newest first.
	Changes []changeView `json:"changes,omitempty"`
}

type roleView struct {
	Role         string `json:"role"`
	Organisation string `json:"organisation,omitempty"`
	Account      string `json:"account,omitempty"`
}

func viewPerson(p access.Person) personView {
	v := personView{
		ID: p.ID, Name: p.Name, State: "active", Issuer: p.Issuer, Subject: p.Subject, Number: p.Number != "", LoginName: p.Login, Roles: []roleView{},
		Created: cli.When(p.Created), Login: cli.When(p.LastLogin), Ended: cli.When(p.Ended),
	}
	switch {
	case !p.Ended.IsZero():
		v.State = "ended"
	case p.Subject == "":
		v.State = "invited"
	}
	for _, g := range p.Grants {
		v.Roles = append(v.Roles, roleView{string(g.Role), g.Organisation, g.Account})
	}
	return v
}

func rolesOf(p access.Person) string {
	words := make([]string, len(p.Grants))
	for i, g := range p.Grants {
		words[i] = g.String()
	}
	return strings.Join(words, ", ")
}

func showPerson(w io.Writer, p access.Person, v personView) {
	fmt.Fprintf(w, "person %s (%s), %s\n", p.Name, p.ID, v.State)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-12s %s\n", name, value)
		}
	}
	if p.Subject != "" {
		line("known as", p.Issuer+" "+p.Subject)
	}
	if v.Number && p.Subject == "" {
		line("known by", "fødselsnummer, at the first log-in")
	}
	line("command line", p.Login)
	line("last log-in", v.Login.String())
	line("ended", v.Ended.String())
	for _, g := range p.Grants {
		line("role", g.String())
	}
	if len(p.Grants) == 0 {
		line("roles", "none: may log in and see nothing")
	}
}

// findPerson finds a person by id, or by the name of one who is not ended.
func findPerson(ctx context.Context, r access.Reader, name string) (access.Person, error) {
	p, err := r.Person(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	all, err := r.People(ctx)
	if err != nil {
		return p, err
	}
	all = slices.DeleteFunc(all, func(p access.Person) bool { return !p.Ended.IsZero() || !strings.EqualFold(p.Name, name) })
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return p, cli.Usage("there is no person %q; see \"postgang person list\": %w", name, store.ErrNotFound)
	}
	return p, cli.Usage("%d persons are called %q; say which by the id, see \"postgang person list\"", len(all), name)
}

// place is the flags that say for what a role is.
type place struct {
	account, organisation string
	all                   bool
}

func (p *place) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.account, "account", "", "the role is for this account")
	f.StringVar(&p.organisation, "organisation", "", "the role is for this organisation, with all its accounts")
	f.BoolVar(&p.all, "all", false, "the role is for all: operator, administrator and revisor alone")
	cmd.MarkFlagsMutuallyExclusive("account", "organisation", "all")
}

func (p *place) given() bool { return p.all || p.account != "" || p.organisation != "" }

// grant is a role at the place. What is no longer configured can be taken, and not given.
func (p *place) grant(cfg *config.Config, role string, give bool) (access.Grant, error) {
	names, err := oneOf("role", []string{role}, access.Roles())
	if err != nil {
		return access.Grant{}, err
	}
	if !p.given() {
		return access.Grant{}, cli.Usage("say for what the role is: --account, --organisation or --all")
	}
	g := access.Grant{Role: names[0], Organisation: p.organisation, Account: p.account}
	if !give {
		return g, nil
	}
	if err := g.Check(party.AccountsOf(cfg.Organisations), accountKeys(cfg)); err != nil {
		if p.organisation != "" && !slices.Contains(organisationKeys(cfg), p.organisation) {
			return g, cli.Unknown("configured organisation", p.organisation, organisationKeys(cfg))
		}
		return g, cli.Usage("%v", err)
	}
	return g, nil
}

func reasonFlag(cmd *cobra.Command, reason *string) {
	cmd.Flags().StringVar(reason, "reason", "", "why; kept and shown, so without personal data (required)")
	_ = cmd.MarkFlagRequired("reason") // the flag is there
}

func checkReason(reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return cli.Usage("--reason: %s", why)
	}
	return nil
}

// numberKey is the key that fødselsnummer of those who log in are hashed with.
func numberKey(cfg *config.Config) ([]byte, error) {
	if len(cfg.Console.Login.Key) == 0 {
		return nil, cli.Usage("--number needs the key that log-ins hash fødselsnummer with: set up [console], with its login_key_file")
	}
	return cfg.Console.Login.Key, nil
}

// readNumber reads a fødselsnummer from standard input: among the arguments every user of the machine could see it.
func (o *options) readNumber() (string, error) {
	var text string
	var err error
	if term.IsTerminal(int(os.Stdin.Fd())) {
		fmt.Fprint(o.Err, "Fødselsnummer: ")
		var typed []byte
		typed, err = term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(o.Err)
		text = string(typed)
	} else if text, err = bufio.NewReader(os.Stdin).ReadString('\n'); errors.Is(err, io.EOF) {
		err = nil
	}
	if err != nil {
		return "", err
	}
	number := identity.StripSpaces(strings.TrimSpace(text))
	id, err := identity.ParseDigitalID(number, identity.NationalIDBoth, true)
	switch {
	case err != nil:
		return "", cli.Usage("what stands on standard input is no fødselsnummer: %v", err)
	case id.Kind == identity.IDOrganisation:
		return "", cli.Usage("what stands on standard input is an organisasjonsnummer, and no person's")
	}
	return number, nil
}

func newPersonAdd(o *options) *cobra.Command {
	var where place
	var role, issuer, subject, loginName, reason string
	var number bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Invite a person to the console, with a role",
		Long: `Adds a person who may log in. Who it is, is said by --issuer and --subject, as the log-in provider names the person (Entra ID:
tenant and object id), or by --number: the fødselsnummer is read from standard input, and kept as a keyed hash alone; at the first
log-in the person is bound to the provider's own id. NAME is how colleagues know the person.`,
		Example: `  postgang person add "Kari Nordmann" --number --role administrator --all --reason "first administrator" < number.txt`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			if role == "" && where.given() {
				return cli.Usage("--account, --organisation and --all say for what --role is")
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				var grants []access.Grant
				if role != "" {
					g, err := where.grant(a.Config, role, true)
					if err != nil {
						return err
					}
					grants = append(grants, g)
				}
				hash := ""
				if number {
					key, err := numberKey(a.Config)
					if err != nil {
						return err
					}
					n, err := o.readNumber()
					if err != nil {
						return err
					}
					hash = login.Hash(key, n)
				}
				p, err := access.NewPerson(args[0], issuer, subject, hash, a.Now())
				if err != nil {
					return cli.Usage("%v", err)
				}
				if p, err = p.Tied(loginName); err != nil {
					return cli.Usage("--login: %v", err)
				}
				p.Grants = grants
				p, err = a.Roles.Invite(ctx, p, reason)
				if errors.Is(err, store.ErrExists) {
					return cli.Usage("this person is there already, or another one has the --login; see \"postgang person list\", and give roles by \"postgang person grant\"")
				}
				if err != nil {
					return err
				}
				v := viewPerson(p)
				return o.Print(v, func(w io.Writer) { showPerson(w, p, v) })
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&number, "number", false, "read the fødselsnummer from standard input")
	f.StringVar(&issuer, "issuer", "", "the log-in provider, as its tokens say (iss)")
	f.StringVar(&subject, "subject", "", "the provider's id of the person (sub)")
	f.StringVar(&loginName, "login", "", "the person's log-in name on this machine, see \"postgang person bind\"")
	f.StringVar(&role, "role", "", "a role to begin with: "+strings.Join(roleNames(), ", "))
	where.flags(cmd)
	reasonFlag(cmd, &reason)
	cmd.MarkFlagsRequiredTogether("issuer", "subject")
	cmd.MarkFlagsOneRequired("number", "issuer")
	_ = cmd.RegisterFlagCompletionFunc("role", completeWords(access.Roles()))
	return cmd
}

func newPersonList(o *options) *cobra.Command {
	var where place
	var role string
	var ended bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Who may log in, and their roles",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var roles []access.Role
			if role != "" {
				var err error
				if roles, err = oneOf("role", []string{role}, access.Roles()); err != nil {
					return err
				}
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := checkAccounts(a.Config, where.account); err != nil {
					return err
				}
				if err := checkNames("configured organisation", organisationKeys(a.Config), []string{where.organisation}); err != nil {
					return err
				}
				list, err := store.View(cmd.Context(), a.Archive, func(r store.Reader) ([]access.Person, error) { return r.People(cmd.Context()) })
				if err != nil {
					return err
				}
				organisations := party.AccountsOf(a.Config.Organisations)
				wanted := func(g access.Grant) bool {
					switch {
					case len(roles) > 0 && g.Role != roles[0]:
						return false
					case where.all:
						return g.Account == "" && g.Organisation == ""
					case where.organisation != "":
						return g.Organisation == where.organisation || g.Account == "" && g.Organisation == "" || slices.Contains(organisations[where.organisation], g.Account)
					case where.account != "":
						return g.Account == where.account || g.Account == "" && g.Organisation == "" || slices.Contains(organisations[g.Organisation], where.account)
					}
					return true
				}
				list = slices.DeleteFunc(list, func(p access.Person) bool {
					return !ended && !p.Ended.IsZero() || (len(roles) > 0 || where.given()) && !slices.ContainsFunc(p.Grants, wanted)
				})
				views := []personView{}
				for _, p := range list {
					views = append(views, viewPerson(p))
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "Nobody. \"postgang person add NAME --number --role administrator --all\" invites the first administrator.")
						return
					}
					cli.Table(w, "NAME ID STATE LAST_LOGIN ROLES", func(row func(cells ...any)) {
						for i, p := range list {
							row(p.Name, p.ID, views[i].State, views[i].Login, rolesOf(p))
						}
					})
				})
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&where.account, "account", "", "only those who have a role for this account, also by its organisation or for all")
	f.StringVar(&where.organisation, "organisation", "", "only those who have a role for this organisation, one of its accounts, or all")
	f.BoolVar(&where.all, "all", false, "only those who have a role for all")
	f.StringVar(&role, "role", "", "only those who have this role")
	f.BoolVar(&ended, "ended", false, "those who are ended too")
	cmd.MarkFlagsMutuallyExclusive("account", "organisation", "all")
	_ = cmd.RegisterFlagCompletionFunc("role", completeWords(access.Roles()))
	return cmd
}

func newPersonShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show PERSON",
		Short: "One person, by id or name: roles, last log-in, and what was changed",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				var p access.Person
				var v personView
				err := a.Archive.View(ctx, func(r store.Reader) (err error) {
					if p, err = findPerson(ctx, r, args[0]); err != nil {
						return err
					}
					v = viewPerson(p)
					list, err := r.Changes(ctx, access.LogFilter{Subject: access.SubjectOf(p.ID)})
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					for _, c := range list {
						v.Changes = append(v.Changes, viewChange(c, names))
					}
					return err
				})
				if err != nil {
					return err
				}
				return o.Print(v, func(w io.Writer) {
					showPerson(w, p, v)
					fmt.Fprintln(w, "Changes, the newest first:")
					for _, c := range v.Changes {
						fmt.Fprintf(w, "  %s  %s: %s (%s)\n", c.At, c.By, c.words, c.Reason)
					}
				})
			})
		},
	}
}

// newPersonChange is a command that gives or takes a role.
func newPersonChange(o *options, use, short string, give bool, done string) *cobra.Command {
	var where place
	var reason string
	cmd := &cobra.Command{
		Use:   use + " PERSON ROLE",
		Short: short,
		Args:  cobra.ExactArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) != 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return roleNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				g, err := where.grant(a.Config, args[1], give)
				if err != nil {
					return err
				}
				p, err := store.View(ctx, a.Archive, func(r store.Reader) (access.Person, error) { return findPerson(ctx, r, args[0]) })
				if err != nil {
					return err
				}
				change := a.Roles.Take
				if give {
					change = a.Roles.Give
				}
				p, err = change(ctx, p.ID, g, reason)
				if err != nil {
					return notDone(err)
				}
				return o.Print(viewPerson(p), func(w io.Writer) { fmt.Fprintf(w, "%s %s: %s\n", p.Name, done, g) })
			})
		},
	}
	where.flags(cmd)
	reasonFlag(cmd, &reason)
	return cmd
}

// notDone words why a person was not changed: what the arguments should have been is an error of them.
func notDone(err error) error {
	for _, why := range []error{access.ErrHeld, access.ErrNotHeld, access.ErrEnded} {
		if errors.Is(err, why) {
			return cli.Usage("%v", why)
		}
	}
	return err
}

func newPersonGrant(o *options) *cobra.Command {
	return newPersonChange(o, "grant", "Give a person a role", true, "has now")
}

func newPersonRevoke(o *options) *cobra.Command {
	return newPersonChange(o, "revoke", "Take a role from a person", false, "has no longer")
}

func newPersonEnd(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "end PERSON",
		Short: "End a person for good: no log-in any more, and what the person does in the console ends at once",
		Long: `Ends a person. It cannot be taken back: somebody who returns is invited anew. What the person did stays in the histories and logs
under the same name.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				p, err := store.View(ctx, a.Archive, func(r store.Reader) (access.Person, error) { return findPerson(ctx, r, args[0]) })
				if err != nil {
					return err
				}
				if p, err = a.Roles.End(ctx, p.ID, reason); err != nil {
					return notDone(err)
				}
				return o.Print(viewPerson(p), func(w io.Writer) { fmt.Fprintf(w, "%s is ended\n", p.Name) })
			})
		},
	}
	reasonFlag(cmd, &reason)
	return cmd
}

func newPersonBind(o *options) *cobra.Command {
	var loginName, reason string
	cmd := &cobra.Command{
		Use:   "bind PERSON",
		Short: "Say which log-in name on this machine is a person's, so that both count as one person",
		Long: `Ties a log-in name of the machine where this command line is used to a person of the console. Where two persons are required, the
person in the console and whoever has that log-in name (or acts for it, by sudo or --by) count as one. --login "" ends it.`,
		Example: `  postgang person bind "Kari Nordmann" --login kari --reason "drifter maskinen"`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				p, err := store.View(ctx, a.Archive, func(r store.Reader) (access.Person, error) { return findPerson(ctx, r, args[0]) })
				if err != nil {
					return err
				}
				if _, err := p.Tied(loginName); err != nil && p.Ended.IsZero() {
					return cli.Usage("--login: %v", err)
				}
				p, err = a.Roles.Tie(ctx, p.ID, loginName, reason)
				if errors.Is(err, store.ErrExists) {
					return cli.Usage("another person has the log-in name %s; see \"postgang person list\"", loginName)
				}
				if err != nil {
					return notDone(err)
				}
				return o.Print(viewPerson(p), func(w io.Writer) {
					if p.Login == "" {
						fmt.Fprintf(w, "%s has no log-in name here\n", p.Name)
						return
					}
					fmt.Fprintf(w, "%s and the log-in name %s are one person\n", p.Name, p.Login)
				})
			})
		},
	}
	cmd.Flags().StringVar(&loginName, "login", "", "the log-in name; empty: none any more (required)")
	_ = cmd.MarkFlagRequired("login") // the flag is there
	reasonFlag(cmd, &reason)
	return cmd
}
