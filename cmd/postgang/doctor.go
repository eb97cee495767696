package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/invoice"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/nights"
	"postgang/engine/notify"
	"postgang/engine/party"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
	"postgang/printjobs/printoppdrag"
)

// What doctor takes for enough.
const (
	maxRegister   = 370 * 24 * time.Hour // age of the postnummer register; Bring changes it in October
	doctorTimeout = 30 * time.Second     // a vendor
)

// check is one line of doctor's report.
type check struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Warn bool   `json:"warning,omitempty"`
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

type checkup struct {
	checks []check
	loaded bool // there is a configuration, without faults
}

func (c *checkup) ok(name, format string, args ...any) {
	c.checks = append(c.checks, check{Name: name, OK: true, Text: fmt.Sprintf(format, args...)})
}

func (c *checkup) warn(name, fix, format string, args ...any) {
	c.checks = append(c.checks, check{Name: name, OK: true, Warn: true, Text: fmt.Sprintf(format, args...), Fix: fix})
}

func (c *checkup) bad(name, fix, format string, args ...any) {
	c.checks = append(c.checks, check{Name: name, Text: fmt.Sprintf(format, args...), Fix: fix})
}

func newDoctor(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, folders, disk, clock, keys and vendors, and say what to fix",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := &checkup{}
			c.run(cmd.Context(), o)
			bad := 0
			for _, ch := range c.checks {
				if !ch.OK {
					bad++
				}
			}
			err := o.Print(c.checks, func(w io.Writer) {
				for _, ch := range c.checks {
					mark := "ok  "
					switch {
					case !ch.OK:
						mark = "FAIL"
					case ch.Warn:
						mark = "warn"
					}
					fmt.Fprintf(w, "%s  %-22s %s\n", mark, ch.Name, ch.Text)
					if ch.Fix != "" {
						fmt.Fprintf(w, "      → %s\n", ch.Fix)
					}
				}
			})
			if err != nil {
				return err
			}
			if !c.loaded { // nothing else was tried, as with every other command
				return &cli.Error{Code: cli.ExitUsage, Err: fmt.Errorf("%d of %d checks failed", bad, len(c.checks))}
			}
			if bad > 0 {
				return &cli.Error{Code: cli.ExitFailed, Err: fmt.Errorf("%d of %d checks failed", bad, len(c.checks))}
			}
			return nil
		},
	}
}

func (c *checkup) run(ctx context.Context, o *options) {
	cfg, err := config.Load(o.Config)
	var faults *config.Error
	switch {
	case errors.As(err, &faults):
		for _, p := range faults.Problems {
			c.bad("configuration", "mend the line", "%s", p)
		}
		return
	case err != nil:
		c.bad("configuration", "", "%v", err)
		return
	}
	c.loaded = true
	c.ok("configuration", "%s: %d accounts, %d vendors, %d schedules", o.Config, len(cfg.Accounts), len(cfg.Vendors), len(cfg.Schedules))
	c.clock(cfg)
	for _, f := range []struct{ name, path string }{
		{"folder work", cfg.Work}, {"folder intake", cfg.Inbox}, {"folder reports", cfg.ReportFolder},
	} {
		c.folder(f.name, f.path)
	}
	c.intake(cfg)
	c.documents(cfg)
	c.workers(ctx, cfg)
	c.register(cfg)
	c.keys(cfg)
	for _, a := range cfg.Accounts {
		if a.Sender.Name == placeholder.AccountName || a.Sender.Line1 == placeholderLine && a.Sender.Postcode == placeholder.Postcode {
			c.warn("account "+a.Key, "fill in [accounts."+a.Key+".sender]: it stands on every forside, and returned letters go there", "the sender is still the example that init wrote")
		}
		if a.Rules.AllowSynthetic {
			c.warn("account "+a.Key, "set allow_synthetic = false in production", "accepts synthetic fødselsnummer")
		}
	}
	if len(cfg.Benefit.Missing()) > 0 {
		c.warn("kost/nytte", "fill them in under [kost_nytte], or in each workbook", "inputs are not set: %v", cfg.Benefit.Missing())
	}
	c.organisations(ctx, cfg)
	c.database(ctx, cfg, o)
	for _, v := range cfg.Vendors {
		c.invoices(v)
		c.vendor(ctx, v)
	}
}

func (c *checkup) clock(cfg *config.Config) {
	now := time.Now()
	if now.Year() < 2026 {
		c.bad("clock", "set the machine's clock (NTP)", "it is %s, which cannot be right", cli.When(now))
		return
	}
	c.ok("clock", "%s in Europe/Oslo", cli.When(now))
	for _, s := range cfg.Schedules {
		c.ok("schedule "+s.Name, "next %s", cli.When(s.Next(now)))
	}
	if len(cfg.Schedules) == 0 {
		c.warn("schedule", "set [schedule] night and receipts, or call \"postgang night\" from cron", "nothing is scheduled")
	}
}

// folder tries to write and remove a file.
func (c *checkup) folder(name, path string) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		c.bad(name, "make it, owned by the user that runs postgang", "%v", err)
		return
	}
	f, err := os.CreateTemp(path, ".doctor-*")
	if err != nil {
		c.bad(name, "let the user that runs postgang write there", "%v", err)
		return
	}
	err = errors.Join(f.Close(), os.Remove(f.Name()))
	if err != nil {
		c.bad(name, "let the user that runs postgang write and remove there", "%v", err)
		return
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o006 != 0 { // entering alone is needed on the way to senders' folders
		c.warn(name, fmt.Sprintf("chmod o-rw %s", path), "%s can be read by everyone on the machine", path)
		return
	}
	c.ok(name, "%s", path)
}

// intake looks at what lies in the drop folder, whoever put it there, and tries what taking it needs.
func (c *checkup) intake(cfg *config.Config) {
	d := app.Intake(cfg, nil, nil)
	bad, found := d.TryFolders(), d.Inspect()
	for _, t := range bad {
		c.bad("intake "+t.Key, "give these folders to the user that runs postgang, all on one file system", "%s", words.Alarm(t.Key, t.Args, words.English))
	}
	for _, t := range found {
		if strings.HasPrefix(t.Key, alarm.TroubleHandIn) || strings.HasPrefix(t.Key, alarm.TroublePlace) {
			c.bad("intake "+t.Key, "", "%s", words.Alarm(t.Key, t.Args, words.English))
		} else {
			c.warn("intake "+t.Key, "", "%s", words.Alarm(t.Key, t.Args, words.English))
		}
	}
	if len(bad)+len(found) == 0 {
		c.ok("intake", "hand-ins and events can be taken, answered and put away; nothing is misplaced")
	}
}

func (c *checkup) disk(path string, rules nights.WatchRules) {
	free, err := app.FreeBytes(path)
	if err != nil {
		c.bad("disk", "", "%v", err)
		return
	}
	if limit := cmp.Or(rules.FreeBytesBelow, nights.DefaultFreeBytes); free < limit {
		c.bad("disk", "free some, or move [archive] documents", "%d MB free, less than the %d MB that a night needs at least", free>>20, limit>>20)
		return
	}
	c.ok("disk", "%d MB free", free>>20)
}

// workers starts one of the processes that read untrusted PDFs and has it try what it must not be able to do.
func (c *checkup) workers(ctx context.Context, cfg *config.Config) {
	opt := cfg.Prepare.Pool()
	opt.Workers = 1
	pool, err := prepare.NewPool(opt)
	if err != nil {
		c.bad("workers", "", "%v", err)
		return
	}
	defer pool.Close()
	confined, err := pool.Probe(ctx)
	switch {
	case err != nil:
		c.bad("workers", "check that this program may start itself, and [prepare]", "the process that reads PDFs does not work: %v", err)
	case !confined.Whole():
		c.warn("workers", "run on Linux (amd64 or arm64), in a container that lets seccomp filters be set",
			"the kernel does not cut the processes that read PDFs off from all of files, network and programs")
	default:
		c.ok("workers", "the processes that read PDFs reach no file, network or program")
	}
}

func (c *checkup) register(cfg *config.Config) {
	switch r := cfg.Postcodes; {
	case r == nil:
		c.warn("postnummer", "fetch Bring's register, then \"postgang postcodes import FILE\"", "no register: only the form of postnummer is checked")
	case time.Since(r.Dated) > maxRegister:
		c.warn("postnummer", "import a newer one", "the register of %d postnummer is from %s", r.Len(), r.Dated.In(calendar.Oslo).Format("2006-01-02"))
	default:
		c.ok("postnummer", "%d, dated %s", r.Len(), r.Dated.In(calendar.Oslo).Format("2006-01-02"))
	}
}

func (c *checkup) database(ctx context.Context, cfg *config.Config, o *options) {
	a, err := open(ctx, cfg, o.Logger(), wiring{})
	if err != nil {
		c.bad("database", "check [archive] database and documents, and that the server is up", "%v", err)
		return
	}
	defer a.Close()
	if !c.whole(ctx, cfg, a) {
		return
	}
	c.http(ctx, cfg, a)
	c.channels(ctx, cfg, a)
	var alarms []alarm.Alarm
	var sinks []notify.Standing
	err = a.Archive.View(ctx, func(r store.Reader) error {
		var err error
		if alarms, err = r.Alarms(ctx, true); err != nil {
			return err
		}
		sinks, err = a.Alarms.Standings(ctx, r)
		return err
	})
	if len(cfg.Alarms) == 0 {
		c.warn("alarms", "set [alarms.mail], [alarms.webhook] or [alarms.file], then try it with \"postgang alarms test\"", "nobody is told of alarms: they stand in the log and in \"postgang status\" only")
	}
	for _, s := range sinks {
		if s.State.Failures > 0 {
			c.bad("alarms "+s.Sink, "mend it, then \"postgang alarms test "+s.Sink+"\"", "%d sendings failed in a row, %d messages wait: %s", s.State.Failures, s.Pending, s.State.Error)
			continue
		}
		c.ok("alarms "+s.Sink, "last sent %s, %d messages wait", orDash(cli.When(s.State.Sent).String()), s.Pending)
	}
	switch {
	case err != nil:
		c.bad("database", "", "%v", err)
	case alarm.Unacknowledged(alarms) > 0:
		c.warn("database", "see \"postgang status\"", "works; %d alarms are open", alarm.Unacknowledged(alarms))
	default:
		c.ok("database", "works, no open alarms")
	}
}

// invoices looks at what decides the amounts of a vendor: VAT, and whose invoices are taken.
func (c *checkup) invoices(v party.Vendor) {
	name := "vendor " + v.Key
	if v.VATMissing && (!v.Manual || v.Prices != nil || len(v.Invoices.Kinds) > 0) {
		c.bad(name+" VAT", fmt.Sprintf("set production_percent and postage_percent under [vendors.%s.vat]; 0 where there is none", v.Key),
			"no VAT is set: receipts are booked without any, and all of it is a difference when the invoice comes")
	}
	if len(v.Invoices.Kinds) == 0 {
		return
	}
	for _, kind := range slices.Sorted(maps.Values(v.Invoices.Kinds)) {
		if err := (invoice.Format{}).CheckKinds([]invoice.Line{{Kind: kind}}); err != nil {
			c.warn(name+" invoices", fmt.Sprintf("mend kinds under [vendors.%s.invoice] if it is misspelt", v.Key), "the kind of cost %s is nearly one that is held against receipts or prices, and is not held against them", kind)
		}
	}
	if len(v.Invoices.Buyers) == 0 {
		c.warn(name+" invoices", fmt.Sprintf("set buyers = [\"…\"] under [vendors.%s.invoice], our organisation numbers", v.Key), "an EHF invoice to anybody else would be taken")
	}
	if v.Invoices.Supplier == "" {
		c.warn(name+" invoices", fmt.Sprintf("set supplier under [vendors.%s.invoice], the vendor's organisation number", v.Key), "an EHF invoice from anybody else would be taken")
	}
}

// vendorSession is what is tried of a vendor's server, whatever contract it keeps.
type vendorSession interface {
	Features() exchange.Features
	CheckFolders(ctx context.Context) []exchange.FolderProblem
	Close() error
}

func dialVendor(ctx context.Context, v party.Vendor) (vendorSession, error) {
	if v.Profile.Orders != nil {
		return exchange.DialOrders(ctx, v.Target)
	}
	return exchange.Dial(ctx, v.Target)
}

func (c *checkup) vendor(ctx context.Context, v party.Vendor) {
	name := "vendor " + v.Key
	if v.Manual {
		c.ok(name, "manual print: nobody to reach; see \"postgang manual list\"")
		return
	}
	if v.Target.KeyFile != "" {
		info, err := os.Stat(v.Target.KeyFile)
		switch {
		case err != nil:
			c.bad(name+" key", "make one with \"postgang init\" or ssh-keygen -t ed25519", "%s cannot be read", filepath.Base(v.Target.KeyFile))
			return
		case info.Mode().Perm()&0o077 != 0:
			c.bad(name+" key", "chmod 600 "+v.Target.KeyFile, "the private key can be read by others")
		default:
			if err := v.Target.CheckKey(); err != nil {
				c.bad(name+" key", "", "%v", err)
				return
			}
			c.ok(name+" key", "%s", filepath.Base(v.Target.KeyFile))
		}
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	s, err := dialVendor(ctx, v)
	switch {
	case errors.Is(err, exchange.ErrHostKeyChanged):
		c.bad(name, "do not connect; ask the vendor by telephone whether they have a new key, then pin it", "%v", err)
		return
	case errors.Is(err, exchange.ErrAuth), errors.Is(err, exchange.ErrAlgorithms):
		c.bad(name, "", "%v", err)
		return
	case errors.Is(err, exchange.ErrConnection):
		c.bad(name, "check address and firewall, and whether the vendor's server is up", "%v", err)
		return
	case err != nil:
		c.bad(name, "", "%v", err)
		return
	}
	defer s.Close()
	f := s.Features()
	c.ok(name, "%s, host key as pinned, %s", v.Target.Address, f.ServerVersion)
	if v.Profile.Orders != nil {
		c.ok(name+" contract", "%s, as customer %s: no answers; letters are settled by receipts", printoppdrag.Version, v.Profile.Orders.CustomerID)
		if v.Target.Folders.Receipts == "" {
			c.warn(name+" receipts", fmt.Sprintf("set receipts and receipts_done under [vendors.%s.folders], or book files of receipts with \"postgang receipts import\"", v.Key),
				"no folder of receipts is named, so that nothing tells which letters are printed, or books their cost")
		}
	} else if !f.PosixRename {
		c.warn(name+" rename", "", "the server has no posix-rename; files are removed before they are replaced")
	}
	problems := s.CheckFolders(ctx)
	for _, p := range problems {
		c.bad(name+" folders", p.Advice, "%s: %s", p.Where, p.What)
	}
	if len(problems) == 0 {
		c.ok(name+" folders", "there, and ours to write and read")
	}
}
