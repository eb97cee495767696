// Package console is the command that opens the console on an archive, with made-up people to log in as.
package console

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/login"
	"postgang/engine/store"
	"postgang/fixtures/loginsim"
)

// Where the console and the log-in simulator listen when nothing else is said.
const (
	DefaultAddress = "127.0.0.1:8444"
	loginAddress   = "127.0.0.1:8445"
)

// person is somebody to log in as.
type person struct {
	name, number string // a synthetic fødselsnummer
	roles        []access.Role
	only         bool // for the first account alone
}

var persons = []person{
	{"Signe Sak, saksbehandler", "41814061033", []access.Role{access.RoleCaseWorker}, false},
	{"Lars Leser, leser på én konto", "41810021827", []access.Role{access.RoleReader}, true},
	{"Olav Operatør, operatør", "41820061103", []access.Role{access.RoleOperator}, false},
	{"Ottar Økonomi, økonomi", "41830061168", []access.Role{access.RoleFinance}, false},
	{"Unni Utskrift, manuell utskrift", "41840061122", []access.Role{access.RolePrinter}, false},
	{"Rakel Revisor, revisor", "41850061187", []access.Role{access.RoleAuditor}, false},
	{"Ada Administrator, administrator", "41860061141", []access.Role{access.RoleAdministrator}, false},
	{"Alle Roller, alle roller samtidig", "41870061105", []access.Role{
		access.RoleCaseWorker, access.RoleOperator, access.RoleFinance, access.RolePrinter, access.RoleSender,
		access.RoleAuditor, access.RoleAdministrator,
	}, false},
	{"Ny Medarbeider, uten roller", "41880061160", nil, false},
}

// New is the command "console".
func New(o *cli.Options) *cobra.Command {
	var dir, address, logins string
	cmd := &cobra.Command{
		Use:   "console",
		Short: "The console on the archive of a demo, with made-up people to log in as",
		Long: `Opens the console (forvaltningsweb) on the archive that "postgang-lab demo" left, at the
time when the demo ended, and a log-in provider with made-up people and no passwords beside it.
Both listen on this machine alone, until interrupted.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), o, dir, address, logins)
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "demo", "folder of the demo")
	cmd.Flags().StringVar(&address, "listen", DefaultAddress, "address of the console, on this machine")
	cmd.Flags().StringVar(&logins, "listen-login", loginAddress, "address of the log-in simulator, on this machine")
	return cmd
}

// clock begins where the demo ended, and goes on from there.
type clock struct {
	mu    sync.Mutex
	base  time.Time
	began time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.began))
}

func run(ctx context.Context, o *cli.Options, dir, address, logins string) (err error) {
	for _, a := range []string{address, logins} {
		host, _, err := net.SplitHostPort(a)
		if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
			return cli.Usage("%s is not an address of this machine alone, such as %s: anybody may log in", a, DefaultAddress)
		}
	}
	cfg, err := config.Load(filepath.Join(dir, config.DefaultName))
	if err != nil {
		return err
	}
	at, err := LastTime(ctx, cfg)
	if err != nil {
		return err
	}
	c := &clock{base: at, began: time.Now()}
	a, err := app.Open(ctx, cfg, cli.JSONLogger(o.Err), app.Options{Now: c.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	secret := rand.Text()
	people := make([]loginsim.Person, len(persons))
	for i, p := range persons {
		people[i] = loginsim.Person{Name: p.name, PID: p.number}
	}
	provider, err := loginsim.Start(logins, "postgang", secret, c.Now, people...)
	if err != nil {
		return fmt.Errorf("log-in simulator: %w", err)
	}
	defer func() { err = errors.Join(err, provider.Close()) }()
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("console: %w", err)
	}
	key := make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand
	cfg.Console = config.Managing{
		Address: ln.Addr().String(), Contact: "servicesenteret, tlf. 55 00 00 00",
		Login: login.Config{Issuer: provider.Issuer(), ClientID: "postgang", ClientSecret: secret, PublicURL: "http://" + ln.Addr().String(), Key: key},
	}
	fmt.Fprintf(o.Out, "The console is open at http://%s/ until you stop it with Ctrl-C. Choose who you are; nobody has a password.\n", ln.Addr())
	if err := moveIn(ctx, a, provider.Issuer()); err != nil {
		return fmt.Errorf("made-up people: %w", err)
	}
	if _, err := a.Engine.MakeFindable(ctx, 0, nil); err != nil { // as "postgang serve" does
		return err
	}
	return a.ServeConsole(ctx, ln, nil)
}

// moveIn puts the made-up people into the demo's archive, so that histories name them and they may give each other roles. Who is there
// already keeps the roles that others have given since; the provider's address may be another one now.
func moveIn(ctx context.Context, a *app.App, issuer string) error {
	return a.Archive.InTx(ctx, func(tx store.Tx) error {
		for i, p := range persons {
			id := fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1)
			one, err := tx.Person(ctx, id)
			switch {
			case err == nil && (one.Issuer == issuer || !one.Ended.IsZero()):
				continue
			case err == nil:
			case errors.Is(err, store.ErrNotFound):
				name, _, _ := strings.Cut(p.name, ",")
				one = access.Person{ID: id, Name: name, Subject: (loginsim.Person{PID: p.number}).Subject(), Created: tx.Now()}
				for _, r := range p.roles {
					g := access.Grant{Role: r}
					if p.only && len(a.Config.Accounts) > 0 {
						g.Account = a.Config.Accounts[0].Key
					}
					one.Grants = append(one.Grants, g)
				}
			default:
				return err
			}
			one.Issuer = issuer
			if err := tx.PutPerson(ctx, one, "demo"); err != nil {
				return err
			}
		}
		return nil
	})
}

// LastTime is when something happened in an archive for the last time.
func LastTime(ctx context.Context, cfg *config.Config) (at time.Time, err error) {
	a, err := archive.Open(ctx, archive.Config{DSN: cfg.Database, MustExist: true})
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	err = a.View(ctx, func(r store.Reader) error {
		_, last, err := r.ReceivedAfter(ctx, time.Time{})
		if err != nil {
			return err
		}
		at = last
		jobs, err := r.Jobs(ctx, store.JobFilter{})
		for _, j := range jobs {
			if j.Updated.After(at) {
				at = j.Updated
			}
		}
		raised, bad := r.Alarms(ctx, false)
		for _, a := range raised {
			if a.Last.After(at) {
				at = a.Last
			}
		}
		return errors.Join(err, bad)
	})
	if at.IsZero() {
		at = time.Now()
	}
	return at.Add(time.Minute), err
}
