package app

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/console"
	"postgang/engine/console/settings"
	"postgang/engine/download"
	"postgang/engine/finance"
	"postgang/engine/intake/door"
	"postgang/engine/intake/sealed"
	"postgang/engine/login"
	"postgang/engine/party"
	"postgang/engine/words"
	"postgang/printjobs/preview"
	"postgang/reports"
)

// Console answers the addresses of the console as configured. people may use it; nil: those of the archive and of the configuration.
func (a *App) Console(people console.People) (http.Handler, error) {
	pictures, err := newRenderer(a.Log)
	if err != nil {
		return nil, err
	}
	return a.console(people, pictures)
}

func (a *App) console(people console.People, pictures *preview.Renderer) (http.Handler, error) {
	c := a.Config.Console
	if people == nil {
		people = a.Roles
	}
	c.Login.Now = a.Now
	client, err := login.New(c.Login, download.Sessions{Archive: a.Archive})
	if err != nil {
		return nil, err
	}
	byHand, err := a.byHand()
	if err != nil {
		return nil, err
	}
	var runs console.Runs
	if a.stop != nil { // a night waits for the queue's workers
		runs = a.begun
	}
	return console.Handler(console.Config{
		Runs: runs, Archive: a.Archive, Engine: a.Engine, Door: byHand, Login: client, People: people, Roles: a.Roles,
		Issuer: c.Login.Issuer, Level: c.Level, Accounts: a.Config.Accounts, Vendors: a.Config.Vendors, Schedules: a.Config.Schedules, Inputs: a.Config.Benefit, Organisations: party.AccountsOf(a.Config.Organisations),
		Books:    books{a},
		Doctor:   doctor{a},
		Pictures: pictures, Organisation: a.Config.Organisation, Contact: c.Contact, Version: cli.ThisBuild().Version, Now: a.Now, Log: a.Log,
	}), nil
}

// books are the workbooks of the console.
type books struct{ a *App }

// Workbook writes the workbook of a period: whole, or nothing when it cannot be made.
func (b books) Workbook(ctx context.Context, q finance.ReportQuery, w io.Writer) (err error) {
	folder, err := os.MkdirTemp(b.a.Config.Work, "arbeidsbok-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	path := filepath.Join(folder, "arbeidsbok.xlsx")
	q.Inputs = b.a.Config.Benefit
	r, err := b.a.WriteReport(ctx, q, path)
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// ReadRegister reads the rows of a register of konteringskoder.
func (books) ReadRegister(data []byte) ([][]string, error) { return reports.ReadRegister(data) }

// doctor looks at the program for the console.
type doctor struct{ a *App }

// Checkup is that of the program, in Norwegian.
func (d doctor) Checkup(ctx context.Context) (out []settings.Check) {
	grades := map[Grade]settings.Grade{Fine: settings.Fine, Doubtful: settings.Doubtful, Bad: settings.Bad}
	for _, c := range d.a.Checkup(ctx) {
		name, text, fix := words.Checked(c.Code, c.Args, words.Norwegian)
		out = append(out, settings.Check{Grade: grades[c.Grade], Name: name, Text: text, Fix: fix})
	}
	return out
}

// Keys are the keys and certificates that letters of an account go by.
func (d doctor) Keys(account, vendor string) (out []settings.Key) {
	cfg := d.a.Config
	folder := sealed.Folder(cfg.HTTP.Keys)
	list, err := folder.Keys(account)
	if err != nil && len(list) == 0 { // one of another account's may be at fault
		out = append(out, settings.Key{Use: "Krypterte dokumenter", Name: filepath.Base(cfg.HTTP.Keys), Unusable: true})
	}
	for _, k := range list {
		out = append(out, settings.Key{Use: "Krypterte dokumenter", Name: k.Name, Until: k.Until(), Unusable: folder.Check(k) != nil})
	}
	if l := cfg.HTTP; l.Address != "" && l.CertFile != "" {
		k := settings.Key{Use: "Innlevering over nettet", Name: filepath.Base(l.CertFile)}
		if leaf, err := certificate(l.CertFile, l.KeyFile); err != nil {
			k.Unusable = true
		} else {
			k.Until = leaf.NotAfter
		}
		out = append(out, k)
	}
	for _, acc := range cfg.Accounts {
		if acc.Key == account && len(acc.Channels) > 0 {
			out = append(out, d.tokenKeys()...)
		}
	}
	for _, v := range cfg.Vendors {
		if path := v.Target.KeyFile; v.Key == vendor && !v.Manual && path != "" {
			out = append(out, settings.Key{Use: "Server hos " + cmp.Or(v.Name, v.Key), Name: filepath.Base(path), Unusable: v.Target.CheckKey() != nil})
		}
	}
	return out
}

// tokenKeys are those that prove us to Maskinporten.
func (d doctor) tokenKeys() (out []settings.Key) {
	keys, err := d.a.tokenKeys()
	if err != nil {
		return []settings.Key{{Use: "Maskinporten", Name: "nøkkelmappen", Unusable: true}}
	}
	for _, k := range keys {
		out = append(out, settings.Key{Use: "Maskinporten", Name: k.File, Until: k.NotAfter, Unusable: k.Err != nil || k.Exposed})
	}
	return out
}

// byHand is the door of letters that people send from the console. What a killed process left in its spool is removed.
func (a *App) byHand() (*door.Door, error) {
	c := door.Config{Engine: a.Engine, Archive: a.Archive, Spool: filepath.Join(a.Config.Work, "for-hand"), Now: a.Now, Log: a.Log, Uploads: 1000}
	for _, acc := range a.Config.Accounts {
		c.Accounts = append(c.Accounts, door.Account{Account: acc})
	}
	d, err := door.New(c)
	if err != nil {
		return nil, err
	}
	if err := d.Clean(); err != nil {
		a.Log.Warn("what was spooled of letters by hand is left", "error", err)
	}
	return d, nil
}

// ServeConsole answers at the console's address until ctx is done. people may use it; nil: as of Console.
func (a *App) ServeConsole(ctx context.Context, ln net.Listener, people console.People) error {
	pictures, err := newRenderer(a.Log)
	if err != nil {
		return err
	}
	handler, err := a.console(people, pictures)
	if err != nil {
		return err
	}
	go func() {
		// Whoever looks at the first letter does not wait for the renderer.
		if err := pictures.Warm(ctx); err != nil && ctx.Err() == nil {
			a.Log.Warn("the renderer of the console's pages does not run", "error", err)
		}
	}()
	s := &http.Server{Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10}
	return serveUntil(ctx, s, ln, a.Config.Console.CertFile, a.Config.Console.KeyFile)
}
