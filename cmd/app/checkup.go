package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/billing/invoice"
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

// Grade is how grave it is what a checkup has found.
type Grade int

// The grades.
const (
	Fine     Grade = iota // as it should be
	Doubtful              // works, and should be looked at
	Bad                   // does not work
)

// Check is one thing that a checkup has looked at; words.Checked words it. Its arguments hold no secret.
type Check struct {
	Code  string
	Args  map[string]string
	Grade Grade
}

// What a checkup takes for enough.
const (
	maxRegister = 370 * 24 * time.Hour // age of the postnummer register; Bring changes it in October
	// partTime is how long it may take to reach a vendor, or the digital channels.
	partTime = 30 * time.Second
	// hurriedTime is the same while somebody waits in front of a page.
	hurriedTime = 10 * time.Second
	// archiveTime is how long the database may then be looked through.
	archiveTime = time.Minute
)

// What "postgang init" writes for a sender whom it is not told, which a checkup looks at: it must be replaced.
const (
	ExampleSender   = "Eksempel kommune"
	ExampleLine     = "Postboks 1"
	ExamplePostcode = "0150"
)

// checkup looks at things.
type checkup struct {
	checks []Check
	now    func() time.Time
	part   time.Duration // see partTime
	// archive bounds looking through the database; 0: it takes what it takes.
	archive time.Duration
}

func (c *checkup) add(g Grade, code string, namesAndValues ...string) {
	args := map[string]string{}
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		args[namesAndValues[i]] = namesAndValues[i+1]
	}
	c.checks = append(c.checks, Check{code, args, g})
}

func (c *checkup) ok(code string, args ...string)   { c.add(Fine, code, args...) }
func (c *checkup) warn(code string, args ...string) { c.add(Doubtful, code, args...) }
func (c *checkup) bad(code string, args ...string)  { c.add(Bad, code, args...) }

// Examine reads the configuration at path and looks at everything that the program needs by it: folders, disk, clock, keys, the archive,
// digital channels and vendors. loaded is false when the configuration cannot be used, and then nothing else is looked at. open opens
// the archive, which is closed again.
func Examine(ctx context.Context, path string, open func(context.Context, *config.Config) (*App, error)) (checks []Check, loaded bool) {
	c := &checkup{now: time.Now, part: partTime}
	cfg := c.configuration(path)
	if cfg == nil {
		return c.checks, false
	}
	c.machine(ctx, cfg)
	if a, err := open(ctx, cfg); err != nil {
		c.bad("database-closed", "why", err.Error())
	} else {
		c.archived(ctx, a)
		_ = a.Close() // it was read
	}
	c.vendors(ctx, cfg)
	return c.checks, true
}

// Checkup looks at the same while the program is at work, by the configuration that it works by; of the file as it is now it tells
// whether it could be started anew with it. Somebody waits for it: what takes long is cut off, and told.
func (a *App) Checkup(ctx context.Context) []Check {
	c := &checkup{now: a.Now, part: hurriedTime, archive: archiveTime}
	c.configuration(a.Config.Path)
	c.machine(ctx, a.Config)
	c.archived(ctx, a)
	c.vendors(ctx, a.Config)
	return c.checks
}

// configuration reads the configuration; nil: it cannot be used.
func (c *checkup) configuration(path string) *config.Config {
	cfg, err := config.Load(path)
	var faults *config.Error
	switch {
	case errors.As(err, &faults):
		for _, p := range faults.Problems {
			c.bad("configuration-fault", "problem", p.String(), "line", strconv.Itoa(p.Line))
		}
		return nil
	case err != nil:
		c.bad("configuration-unread", "why", err.Error())
		return nil
	}
	c.ok("configuration", "file", path, "accounts", strconv.Itoa(len(cfg.Accounts)), "vendors", strconv.Itoa(len(cfg.Vendors)), "schedules", strconv.Itoa(len(cfg.Schedules)))
	return cfg
}

// machine looks at what needs no archive.
func (c *checkup) machine(ctx context.Context, cfg *config.Config) {
	c.clock(cfg)
	for _, f := range []struct{ name, path string }{{"work", cfg.Work}, {"intake", cfg.Inbox}, {"reports", cfg.ReportFolder}} {
		c.folder(f.name, f.path)
	}
	c.intake(cfg)
	c.documents(ctx, cfg)
	c.backups(ctx, cfg)
	c.workers(ctx, cfg)
	c.register(cfg)
	c.keys(cfg)
	for _, a := range cfg.Accounts {
		if a.Sender.Name == ExampleSender || a.Sender.Line1 == ExampleLine && a.Sender.Postcode == ExamplePostcode {
			c.warn("account-example", "account", a.Key)
		}
		if a.Rules.AllowSynthetic {
			c.warn("account-synthetic", "account", a.Key)
		}
	}
	if missing := cfg.Benefit.Missing(); len(missing) > 0 {
		c.warn("benefit-missing", "inputs", fmt.Sprint(missing))
	}
	c.organisations(ctx, cfg)
}

// archived looks at the archive, and at what is known by it.
func (c *checkup) archived(ctx context.Context, a *App) {
	c.sealedDocuments(ctx, a)
	if !c.whole(ctx, a) {
		return
	}
	c.http(ctx, a)
	c.channels(ctx, a)
	c.alarms(ctx, a)
	c.sums(ctx, a)
}

// sums holds the sums that months, budgets and statistics are read from against the ledger.
func (c *checkup) sums(ctx context.Context, a *App) {
	wrong, err := store.View(ctx, a.Archive, func(r store.Reader) ([]string, error) { return r.SumsDiffer(ctx) })
	switch {
	case err != nil:
		c.bad("database-error", "why", err.Error())
	case len(wrong) > 0:
		c.bad("sums-differ", "months", strings.Join(wrong, ", "))
	default:
		c.ok("sums")
	}
}

// vendors looks at every vendor, as long as there is time.
func (c *checkup) vendors(ctx context.Context, cfg *config.Config) {
	for _, v := range cfg.Vendors {
		c.invoices(v)
		if ctx.Err() != nil {
			c.warn("unfinished")
			return
		}
		c.vendor(ctx, v)
	}
}

func (c *checkup) clock(cfg *config.Config) {
	now := c.now()
	if now.Year() < 2026 {
		c.bad("clock-wrong", "at", alarm.TimeArg(now))
		return
	}
	c.ok("clock", "at", alarm.TimeArg(now))
	for _, s := range cfg.Schedules {
		c.ok("schedule", "schedule", s.Name, "at", alarm.TimeArg(s.Next(now)))
	}
	if len(cfg.Schedules) == 0 {
		c.warn("no-schedule")
	}
}

// folder tries to write and remove a file.
func (c *checkup) folder(name, path string) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		c.bad("folder-missing", "folder", name, "why", err.Error())
		return
	}
	f, err := os.CreateTemp(path, ".doctor-*")
	if err != nil {
		c.bad("folder-unwritable", "folder", name, "why", err.Error())
		return
	}
	if err = errors.Join(f.Close(), os.Remove(f.Name())); err != nil {
		c.bad("folder-sticky", "folder", name, "why", err.Error())
		return
	}
	info, err := os.Stat(path)
	if err == nil && info.Mode().Perm()&0o006 != 0 { // entering alone is needed on the way to senders' folders
		c.warn("folder-open", "folder", name, "path", path)
		return
	}
	c.ok("folder", "folder", name, "path", path)
}

// intake looks at what lies in the drop folder, whoever put it there, and tries what taking it needs.
func (c *checkup) intake(cfg *config.Config) {
	d := Intake(cfg, nil, nil)
	bad, found := d.TryFolders(), d.Inspect()
	say := func(g Grade, code string, t alarm.Trouble) {
		c.add(g, code, "key", t.Key, "en", words.Alarm(t.Key, t.Args, words.English), "nb", words.Alarm(t.Key, t.Args, words.Norwegian))
	}
	for _, t := range bad {
		say(Bad, "intake-bad", t)
	}
	for _, t := range found {
		if strings.HasPrefix(t.Key, alarm.TroubleHandIn) || strings.HasPrefix(t.Key, alarm.TroublePlace) {
			say(Bad, "intake-found", t)
		} else {
			say(Doubtful, "intake-found", t)
		}
	}
	if len(bad)+len(found) == 0 {
		c.ok("intake")
	}
}

func (c *checkup) disk(path string, rules nights.WatchRules) {
	free, err := FreeBytes(path)
	if err != nil {
		c.bad("disk-unknown", "why", err.Error())
		return
	}
	mb := func(n int64) string { return strconv.FormatInt(n>>20, 10) }
	if limit := cmp.Or(rules.FreeBytesBelow, nights.DefaultFreeBytes); free < limit {
		c.bad("disk-low", "free", mb(free), "least", mb(limit))
		return
	}
	c.ok("disk", "free", mb(free))
}

// workers starts one of the processes that read untrusted PDFs and has it try what it must not be able to do.
func (c *checkup) workers(ctx context.Context, cfg *config.Config) {
	opt := cfg.Prepare.Pool()
	opt.Workers = 1
	pool, err := prepare.NewPool(opt)
	if err != nil {
		c.bad("workers-none", "why", err.Error())
		return
	}
	defer pool.Close()
	confined, err := pool.Probe(ctx)
	switch {
	case err != nil:
		c.bad("workers-broken", "why", err.Error())
	case !confined.Whole():
		c.warn("workers-open")
	default:
		c.ok("workers")
	}
}

func (c *checkup) register(cfg *config.Config) {
	r := cfg.Postcodes
	if r == nil {
		c.warn("postcodes-none")
		return
	}
	args := []string{"n", strconv.Itoa(r.Len()), "day", r.Dated.In(calendar.Oslo).Format(time.DateOnly)}
	if c.now().Sub(r.Dated) > maxRegister {
		c.warn("postcodes-old", args...)
		return
	}
	c.ok("postcodes", args...)
}

// alarms looks at what is alarmed, and at whoever is told of it.
func (c *checkup) alarms(ctx context.Context, a *App) {
	var open []alarm.Alarm
	var sinks []notify.Standing
	err := a.Archive.View(ctx, func(r store.Reader) error {
		var err error
		if open, err = r.Alarms(ctx, true); err != nil {
			return err
		}
		sinks, err = a.Alarms.Standings(ctx, r)
		return err
	})
	if len(a.Config.Alarms) == 0 {
		c.warn("no-sinks")
	}
	for _, s := range sinks {
		args := []string{"sink", s.Sink, "n", strconv.Itoa(s.State.Failures), "waiting", strconv.Itoa(s.Pending), "why", s.State.Error, "at", alarm.TimeArg(s.State.Sent)}
		switch {
		case s.State.Failures > 0:
			c.bad("sink-failing", args...)
		case s.State.Sent.IsZero():
			c.ok("sink-unused", args...)
		default:
			c.ok("sink", args...)
		}
	}
	switch n := alarm.Unacknowledged(open); {
	case err != nil:
		c.bad("database-error", "why", err.Error())
	case n > 0:
		c.warn("database-alarms", "n", strconv.Itoa(n))
	default:
		c.ok("database")
	}
}

// invoices looks at what decides the amounts of a vendor: VAT, and whose invoices are taken.
func (c *checkup) invoices(v party.Vendor) {
	if v.VATMissing && (!v.Manual || v.Prices != nil || len(v.Invoices.Kinds) > 0) {
		c.bad("vat-missing", "vendor", v.Key)
	}
	if len(v.Invoices.Kinds) == 0 {
		return
	}
	for _, kind := range slices.Sorted(maps.Values(v.Invoices.Kinds)) {
		if err := (invoice.Format{}).CheckKinds([]invoice.Line{{Kind: kind}}); err != nil {
			c.warn("invoice-kind", "vendor", v.Key, "kind", kind)
		}
	}
	if len(v.Invoices.Buyers) == 0 {
		c.warn("invoice-buyers", "vendor", v.Key)
	}
	if v.Invoices.Supplier == "" {
		c.warn("invoice-supplier", "vendor", v.Key)
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

// vendorKey looks at the key that opens a vendor's server; false: it cannot be used.
func (c *checkup) vendorKey(v party.Vendor) bool {
	path := v.Target.KeyFile
	if path == "" {
		return true
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		c.bad("vendor-key-missing", "vendor", v.Key, "file", filepath.Base(path))
		return false
	case info.Mode().Perm()&0o077 != 0 && !config.InCredentials(path):
		c.bad("vendor-key-open", "vendor", v.Key, "path", path)
	default:
		if err := v.Target.CheckKey(); err != nil {
			c.bad("vendor-key-bad", "vendor", v.Key, "why", err.Error())
			return false
		}
		c.ok("vendor-key", "vendor", v.Key, "file", filepath.Base(path))
	}
	return true
}

func (c *checkup) vendor(ctx context.Context, v party.Vendor) {
	if v.Manual {
		c.ok("vendor-manual", "vendor", v.Key)
		return
	}
	if !c.vendorKey(v) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.part)
	defer cancel()
	s, err := dialVendor(ctx, v)
	if err != nil {
		code := "vendor-error"
		switch {
		case errors.Is(err, exchange.ErrHostKeyChanged):
			code = "vendor-host-key"
		case errors.Is(err, exchange.ErrAuth), errors.Is(err, exchange.ErrAlgorithms):
			code = "vendor-refused"
		case errors.Is(err, exchange.ErrConnection):
			code = "vendor-unreachable"
		}
		c.bad(code, "vendor", v.Key, "why", err.Error())
		return
	}
	defer s.Close()
	f := s.Features()
	c.ok("vendor", "vendor", v.Key, "address", v.Target.Address, "server", f.ServerVersion)
	if v.Profile.Orders != nil {
		c.ok("vendor-orders", "vendor", v.Key, "version", printoppdrag.Version, "customer", v.Profile.Orders.CustomerID)
		if v.Target.Folders.Receipts == "" {
			c.warn("vendor-no-receipts", "vendor", v.Key)
		}
	} else if !f.PosixRename {
		c.warn("vendor-rename", "vendor", v.Key)
	}
	problems := s.CheckFolders(ctx)
	for _, p := range problems {
		c.bad("vendor-folder-bad", "vendor", v.Key, "where", p.Where, "what", p.What, "advice", p.Advice)
	}
	if len(problems) == 0 {
		c.ok("vendor-folders", "vendor", v.Key)
	}
}
