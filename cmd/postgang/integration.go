package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/store"
)

func newIntegration(o *options) *cobra.Command {
	cmd := cli.Group("integration", "Who may hand in over the network: make, list, rotate and end their passwords",
		newIntegrationAdd(o), newIntegrationList(o), newIntegrationRotate(o), newIntegrationChange(o), newIntegrationEnd(o), newIntegrationWays(o))
	cmd.Long = `Integrations are the systems that hand in over the network. What is changed of them is kept with who did it and why:
"postgang log changes".`
	return cmd
}

// integrationView is an integration without anything secret.
type integrationView struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Organisation string     `json:"organisation"`
	Accounts     []string   `json:"accounts"`
	PasswordAt   cli.Moment `json:"password_at"`
	FormerUntil  cli.Moment `json:"former_until,omitempty"`
	Created      cli.Moment `json:"created_at"`
	Ended        cli.Moment `json:"ended_at,omitempty"`
	Password     string     `json:"password,omitempty"` // just made, and shown this once
}

func viewIntegration(i access.Integration) integrationView {
	v := integrationView{ID: i.ID, Name: i.Name, Organisation: i.Organisation, Accounts: i.Accounts, PasswordAt: cli.When(i.PasswordAt), Created: cli.When(i.Created)}
	v.FormerUntil, v.Ended = cli.When(i.FormerUntil), cli.When(i.Ended)
	return v
}

// showPassword tells a password, this once.
func showPassword(w io.Writer, v integrationView) {
	fmt.Fprintf(w, "integration %s (%s)\n  may send from: %s\n", v.Name, v.ID, strings.Join(v.Accounts, ", "))
	if v.Organisation != "" {
		fmt.Fprintf(w, "  with tokens of Maskinporten issued to %s\n", v.Organisation)
	}
	fmt.Fprintf(w, "\n  IntegrasjonId:      %s\n  IntegrasjonPassord: %s\n\nREST V1 and SOAP: user %s and the same password. It is shown this once, and kept as a hash alone.\n", v.ID, v.Password, v.Name)
}

func newIntegrationAdd(o *options) *cobra.Command {
	var accounts []string
	var organisation, reason string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Make an integration and show its password, once",
		Long: `Makes an integration: a system that may hand in over the network. NAME is its user name in REST V1 and SOAP; REST V2
and V3 call it by its id. Where a dialect names no account (V1, SOAP), the first --account is meant. --organisation is the
organisasjonsnummer that its Maskinporten tokens are issued to: without one, V2 and V3 are open to it only when
[http] no_tokens is set.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := access.ValidAccounts(accounts, accountKeys(a.Config)); err != nil {
					return cli.Usage("--account: %v", err)
				}
				if _, _, err := access.New(args[0], organisation, accounts, a.Now()); err != nil { // what is wrong with the arguments
					return cli.Usage("%v", err)
				}
				i, password, err := a.Roles.AddIntegration(cmd.Context(), args[0], organisation, accounts, reason)
				if err != nil {
					return integrationError(args[0], err)
				}
				v := viewIntegration(i)
				v.Password = password
				return o.Print(v, func(w io.Writer) { showPassword(w, v) })
			})
		},
	}
	cmd.Flags().StringArrayVar(&accounts, "account", nil, "account that it may send from; once for each")
	cmd.Flags().StringVar(&organisation, "organisation", "", "organisasjonsnummer that its access tokens are issued to")
	reasonFlag(cmd, &reason)
	return cmd
}

func newIntegrationList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "All integrations, without their passwords",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				list, err := store.View(cmd.Context(), a.Archive, func(r store.Reader) ([]access.Integration, error) { return r.Integrations(cmd.Context()) })
				if err != nil {
					return err
				}
				views := []integrationView{}
				for _, i := range list {
					views = append(views, viewIntegration(i))
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "No integrations. \"postgang integration add NAME --account KEY --reason WHY\" makes one.")
						return
					}
					cli.Table(w, "NAME\tID\tORGANISATION\tACCOUNTS\tPASSWORD_OF\tSTATE", func(row func(cells ...any)) {
						for _, i := range list {
							state := "in use"
							switch {
							case !i.Ended.IsZero():
								state = "ended " + cli.When(i.Ended).String()
							case i.FormerUntil.After(a.Now()):
								state = "in use, the password before too until " + cli.When(i.FormerUntil).String()
							}
							row(i.Name, i.ID, i.Organisation, strings.Join(i.Accounts, ","), cli.When(i.PasswordAt), state)
						}
					})
				})
			})
		},
	}
}

// integrationError words why an integration was not made or changed.
func integrationError(name string, err error) error {
	switch {
	case errors.Is(err, store.ErrExists):
		return cli.Usage("there is an integration %s already; \"postgang integration rotate %s\" gives it a new password", name, name)
	case errors.Is(err, store.ErrNotFound):
		return cli.Usage("there is no integration %q; see \"postgang integration list\"", name)
	case errors.Is(err, access.ErrIntegrationEnded):
		return cli.Usage("integration %s is ended; make a new one", name)
	}
	return err
}

func newIntegrationRotate(o *options) *cobra.Command {
	var keep time.Duration
	var reason string
	cmd := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give an integration a new password, and show it once",
		Long: `Gives an integration a new password. The one before is taken for --keep longer, so that the system can be changed without
a stop; --keep 0 ends it at once.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if keep < 0 {
				return cli.Usage("--keep cannot be below 0")
			}
			if err := checkReason(reason); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				i, password, err := a.Roles.RotateIntegration(cmd.Context(), args[0], keep, reason)
				if err != nil {
					return integrationError(args[0], err)
				}
				v := viewIntegration(i)
				v.Password = password
				return o.Print(v, func(w io.Writer) {
					showPassword(w, v)
					if !v.FormerUntil.IsZero() {
						fmt.Fprintf(w, "The password before is taken until %s.\n", v.FormerUntil)
					}
				})
			})
		},
	}
	cmd.Flags().DurationVar(&keep, "keep", 72*time.Hour, "how long the password before is taken")
	reasonFlag(cmd, &reason)
	return cmd
}

func newIntegrationChange(o *options) *cobra.Command {
	var accounts []string
	var organisation, reason string
	cmd := &cobra.Command{
		Use:   "change NAME",
		Short: "Change which accounts an integration may send from, or whose tokens it brings",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			var tokens *string
			if cmd.Flags().Changed("organisation") {
				if tokens = &organisation; organisation != "" && !access.IsOrganisation(organisation) {
					return cli.Usage("--organisation: no organisasjonsnummer")
				}
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := access.ValidAccounts(accounts, accountKeys(a.Config)); err != nil {
					return cli.Usage("--account: %v", err)
				}
				i, err := a.Roles.ChangeIntegration(cmd.Context(), args[0], accounts, tokens, reason)
				if err != nil {
					return integrationError(args[0], err)
				}
				return o.Print(viewIntegration(i), func(w io.Writer) {
					fmt.Fprintf(w, "integration %s may send from %s\n", i.Name, strings.Join(i.Accounts, ", "))
				})
			})
		},
	}
	cmd.Flags().StringArrayVar(&accounts, "account", nil, "account that it may send from; all of them, once for each")
	cmd.Flags().StringVar(&organisation, "organisation", "", "organisasjonsnummer that its access tokens are issued to; empty: none")
	reasonFlag(cmd, &reason)
	return cmd
}

func newIntegrationEnd(o *options) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "end NAME",
		Short: "End an integration: it can hand in nothing from now on",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkReason(reason); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				i, err := a.Roles.EndIntegration(cmd.Context(), args[0], reason)
				if err != nil {
					return integrationError(args[0], err)
				}
				return o.Print(viewIntegration(i), func(w io.Writer) {
					fmt.Fprintf(w, "integration %s is ended. What it handed in stays.\n", i.Name)
				})
			})
		},
	}
	reasonFlag(cmd, &reason)
	return cmd
}

// wayView is how an account is handed in to.
type wayView struct {
	Account     string     `json:"account"`
	Dialect     string     `json:"dialect"`
	Integration string     `json:"integration"` // its name; empty: the drop folder
	First       cli.Moment `json:"first_at"`
	Last        cli.Moment `json:"last_at"`
	HandIns     int        `json:"hand_ins"`
}

func newIntegrationWays(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "ways",
		Short: "How each account is handed in to: dialect, integration and last use",
		Long: `Lists, for each account, the dialects in which it was handed in to, by which integration, and when for the last time:
so one sees who must move before SvarUt's old dialects are switched off.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				var views []wayView
				err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
					names := map[string]string{}
					all, err := r.Integrations(cmd.Context())
					if err != nil {
						return err
					}
					for _, i := range all {
						names[i.ID] = i.Name
					}
					ways, err := r.Ways(cmd.Context())
					for _, way := range ways {
						views = append(views, wayView{way.Account, string(way.Dialect), names[way.Integration], cli.When(way.First), cli.When(way.Last), way.HandIns})
					}
					return err
				})
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					cli.Table(w, "ACCOUNT\tDIALECT\tINTEGRATION\tHAND-INS\tFIRST\tLAST", func(row func(cells ...any)) {
						for _, v := range views {
							row(v.Account, v.Dialect, v.Integration, v.HandIns, v.First, v.Last)
						}
					})
				})
			})
		},
	}
}
