package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/billing/figures"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/finance"
	"postgang/engine/intake"
	"postgang/engine/nights"
	"postgang/engine/node"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// defaultScheduleEvery is how often the daemon looks at its schedules, and for runs that another one began and does not finish.
const defaultScheduleEvery = 4 * time.Second

// defaultWatchEvery is how often the daemon looks for what is overdue.
const defaultWatchEvery = 5 * time.Minute

// mailboxesEvery is how often the daemon takes the receipts of digital mailboxes, beside each night.
const mailboxesEvery = 15 * time.Minute

func newServe(o *options) *cobra.Command {
	var name string
	var roles []string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "The daemon: takes hand-ins, runs the night, fetches receipts, writes the monthly report",
		Long: `Runs until SIGTERM or SIGINT: takes hand-ins and digital events as they come,
prepares letters, runs the schedules of postgang.toml, and looks every five minutes for
what is overdue. Each planned time runs once, also over restarts and the nights when the
clocks change; a night or report missed while the process was down is caught up. On
SIGTERM work at hand is finished or released; what is not done is taken up by the next
start. On SIGHUP, or "postgang reload", the configuration is read again: one without faults
is taken by ending all work under way in order and beginning anew in the same process; one
with faults is not, and an alarm says so. When PostgreSQL is restarted or cannot be reached, all work under way ends and
begins anew when it is there again.

With PostgreSQL several machines may serve one archive, each with its own roles, or all
with all (docs/several-machines.md): ` + node.Names(node.Roles()) + `.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			override := func(cfg *config.Config) error {
				if name != "" {
					if cfg.Node = name; !node.ValidName(name) {
						return cli.Usage("--node %q is no name of a machine: up to 63 letters, digits, dots, hyphens and underscores", name)
					}
				}
				if len(roles) > 0 {
					if cfg.Roles, err = node.ParseRoles(roles); err != nil {
						return cli.Usage("--roles: %w", err)
					}
				}
				return nil
			}
			if err := override(cfg); err != nil {
				return err
			}
			hangups := make(chan os.Signal, 1)
			signal.Notify(hangups, syscall.SIGHUP)
			defer signal.Stop(hangups)
			again := func() (*config.Config, error) {
				cfg, err := config.Load(o.Config)
				if err == nil {
					err = override(cfg)
				}
				return cfg, err
			}
			remove, err := writePID(cfg)
			if err != nil {
				return err
			}
			defer remove()
			return o.serveOn(cmd.Context(), cfg, cli.JSONLogger(o.Err).With("node", cfg.Node), reloads{hangups, again})
		},
	}
	cmd.Flags().StringVar(&name, "node", "", "the name of this machine, instead of [node] name and the host's name")
	cmd.Flags().StringSliceVar(&roles, "roles", nil, "what this machine does, instead of [node] roles: "+node.Names(node.Roles()))
	return cmd
}

// serveLock is the lock of a daemon: one on SQLite, one of each name on PostgreSQL.
func serveLock(a *app.App) string {
	if a.Archive.SQLite() != nil {
		return "serve"
	}
	return "serve-" + a.Config.Node
}

// another is the error when a daemon is there already.
func another(a *app.App, err error) error {
	if a.Archive.SQLite() != nil {
		return fmt.Errorf("another postgang serve works on this archive, and SQLite takes one (several need PostgreSQL): %w", err)
	}
	return fmt.Errorf("a postgang serve called %q works on this archive; give this one another --node: %w", a.Config.Node, err)
}

const (
	// reopenFirst and reopenLast bound the waiting for a database that was lost; it doubles each time.
	reopenFirst, reopenLast = time.Second, 15 * time.Second
	// reopenLocked is how long the lock of the daemon may seem another's after that: a server that was cut off from us keeps our
	// own session for a while.
	reopenLocked = 10 * time.Minute
	// defaultLostAfter is how long the database may be lost before everybody is told, once an hour: alarms stand in it.
	defaultLostAfter = 5 * time.Minute
)

// serveOn runs the daemon until ctx is done. When the connection that holds its lock is lost, everything is closed, as if the
// process had ended, and opened anew as soon as the database is there again. So it is when another configuration is to be taken.
func (o *options) serveOn(ctx context.Context, cfg *config.Config, log *slog.Logger, r reloads) error {
	a, err := o.openServe(ctx, cfg, log)
	if err != nil {
		o.tellUnopened(ctx, cfg, "serve", err)
		return err
	}
	for a != nil {
		err := (&daemon{App: a, reloads: r}).serve(ctx)
		if closing := a.Close(); closing != nil {
			log.Error("stop", "error", closing)
		}
		if next := new(reload); errors.As(err, &next) {
			if a, cfg, err = o.takeReload(ctx, cfg, next.config, log); err != nil {
				return err
			}
			continue
		}
		if !errors.Is(err, store.ErrLockLost) {
			return err
		}
		log.Error("the database was lost, and is waited for", "error", err)
		if a, err = o.reopen(ctx, cfg, log); err != nil {
			o.tellUnopened(ctx, cfg, "serve", err)
			return err
		}
	}
	return nil
}

// reopen waits until the database can be used again and its daemon's lock is free; nil: ctx was done before.
func (o *options) reopen(ctx context.Context, cfg *config.Config, log *slog.Logger) (*app.App, error) {
	begun := time.Now()
	for wait := reopenFirst; ; wait = min(2*wait, reopenLast) {
		select {
		case <-ctx.Done():
			return nil, nil
		case <-time.After(wait):
		}
		a, err := o.openServe(ctx, cfg, log)
		if err == nil {
			var release func()
			if _, release, err = a.Archive.Lock(ctx, serveLock(a)); err == nil {
				release() // serve takes it
				return a, nil
			}
			err = errors.Join(err, a.Close())
		}
		for _, final := range []error{archive.ErrMissing, archive.ErrDamaged, archive.ErrDocuments} {
			if errors.Is(err, final) {
				return nil, err
			}
		}
		if errors.Is(err, store.ErrLocked) && time.Since(begun) > reopenLocked {
			return nil, fmt.Errorf("another postgang serve of this name works on this archive: %w", err)
		}
		log.Warn("the database cannot be used yet", "error", err)
		if time.Since(begun) > cmp.Or(o.wiring.lostAfter, defaultLostAfter) {
			o.tellUnopened(ctx, cfg, "serve", err)
		}
	}
}

// daemon is the program as serve runs it.
type daemon struct {
	*app.App
	reloads   reloads
	beat      atomic.Int64 // when the loop last went round, Unix nanoseconds
	scanBegan atomic.Int64 // when the scan under way began, Unix nanoseconds; 0: none is
	// scheduleEvery is how often schedules are looked at; 0: defaultScheduleEvery.
	scheduleEvery time.Duration
	// watchEvery is how often what is overdue is looked for; 0: defaultWatchEvery.
	watchEvery time.Duration
}

// makeInboxes makes the folders of accounts that are new in the configuration. A drop folder that is not there is not made: it may be
// on a disk that is not mounted, and scanning tells so.
func (d *daemon) makeInboxes() {
	if _, err := os.Stat(d.Config.Inbox); err != nil {
		return
	}
	keys := make([]string, len(d.Config.Accounts))
	for i, a := range d.Config.Accounts {
		keys[i] = a.Key
	}
	if err := intake.MakeFolders(d.Config.Inbox, keys...); err != nil {
		d.Log.Warn("folders of accounts cannot be made", "error", err)
	}
}

// errNetwork says that hand-ins over the network cannot be taken: the daemon ends, rather than go on without them unseen.
var errNetwork = errors.New("[http]: hand-ins over the network cannot be taken")

// serve runs the daemon until ctx is done. The end of ctx is no error.
func (d *daemon) serve(ctx context.Context) error {
	ctx, release, err := d.Archive.Lock(ctx, serveLock(d.App))
	if err != nil {
		return another(d.App, err)
	}
	defer release()
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	// Work must not be cut when ctx ends: Close gives it its time.
	if err := d.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	// An archive without any slot begins its ledger now; slots before were never promised.
	since := d.Now()
	if err := d.Engine.PromiseNights(ctx); err != nil {
		return err
	}
	d.Log.Info("serving", "version", cli.ThisBuild().String(), "roles", node.Names(d.Config.Roles), "accounts", len(d.Config.Accounts), "vendors", len(d.Config.Vendors))
	if d.has(node.Intake) {
		d.makeInboxes()
	}
	scan, tick, hourly := time.NewTicker(d.Config.Every), time.NewTicker(cmp.Or(d.scheduleEvery, defaultScheduleEvery)), time.NewTicker(time.Hour)
	watch := time.NewTicker(cmp.Or(d.watchEvery, defaultWatchEvery))
	mailboxes := time.NewTicker(mailboxesEvery)
	// What others do is not begun here.
	for role, tickers := range map[node.Role][]*time.Ticker{node.Intake: {scan}, node.Schedule: {hourly, watch}, node.Exchange: {mailboxes}} {
		for _, t := range tickers {
			if !d.has(role) {
				t.Stop()
			}
		}
	}
	defer mailboxes.Stop()
	defer watch.Stop()
	defer scan.Stop()
	defer tick.Stop()
	defer hourly.Stop()
	heard, err := d.beatAlways(ctx)
	if err != nil {
		return err
	}
	defer func() { fail(nil); <-heard }()
	if d.has(node.Schedule) {
		go d.tellAlways(ctx)
		indexed := make(chan struct{})
		go func() {
			defer close(indexed)
			d.makeFindable(ctx)
		}()
		defer func() { fail(nil); <-indexed }()
	}
	if d.Config.Health != "" {
		ln, err := net.Listen("tcp", d.Config.Health)
		if err != nil {
			return fmt.Errorf("[health] address: %w", err)
		}
		d.Log.Info("health", "address", ln.Addr().String())
		go d.serveHealth(ctx, ln)
	}
	if d.Door != nil && d.has(node.Intake) {
		ln, err := net.Listen("tcp", d.Config.HTTP.Address)
		if err != nil {
			return fmt.Errorf("[http] address: %w", err)
		}
		d.Log.Info("taking hand-ins over the network", "address", ln.Addr().String())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := d.ServeHTTP(ctx, ln); err != nil {
				fail(fmt.Errorf("%w: %w", errNetwork, err))
			}
		}()
		defer func() { fail(nil); <-ended }() // nothing comes in when the archive is closed
		go d.SubscribeToAltinn(ctx)
	}
	if d.Config.Console.Address != "" && d.has(node.Console) {
		ln, err := net.Listen("tcp", d.Config.Console.Address)
		if err != nil {
			return fmt.Errorf("[console] address: %w", err)
		}
		d.Log.Info("the console is open", "address", ln.Addr().String())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			if err := d.ServeConsole(ctx, ln, nil); err != nil && ctx.Err() == nil {
				d.Log.Error("the console is shut: letters go on without it", "error", err)
			}
		}()
		defer func() { fail(nil); <-ended }() // nobody reads when the archive is closed
	}
	scheduled := make(chan struct{}, 1) // one round of schedules at a time, beside the scans
	scanning := make(chan struct{}, 1)  // and one scan
	asking := make(chan struct{}, 1)    // and one round of mailboxes' receipts
	// Erasing and backups may take long, and keep no night waiting.
	schedules, erasing, busyErasing := apart(d.Config.Schedules, nights.ScheduleRetention)
	schedules, copying, busyCopying := apart(schedules, nights.ScheduleBackup)
	for {
		d.beat.Store(time.Now().UnixNano())
		select {
		case <-ctx.Done():
			d.Log.Info("stopping", "cause", context.Cause(ctx))
			select {
			case scheduled <- struct{}{}: // no round is under way
			case <-time.After(app.StopLimit):
			}
			for _, busy := range []chan struct{}{scanning, asking, busyErasing, busyCopying} {
				select {
				case busy <- struct{}{}:
				case <-time.After(app.StopLimit):
				}
			}
			cause := context.Cause(ctx)
			if next := new(reload); errors.As(cause, &next) || errors.Is(cause, store.ErrLockLost) || errors.Is(cause, errNetwork) {
				return cause // serveOn opens everything anew when the lock is lost, and with another configuration
			}
			return nil
		case <-d.reloads.asked:
			if next, err := d.judgeReload(ctx); err != nil {
				d.Log.Error("the configuration is not taken, and the one of before stays", "error", err)
			} else {
				fail(next)
			}
		case <-scan.C:
			select {
			case scanning <- struct{}{}:
				go func() {
					defer func() { <-scanning }()
					d.scanAll(ctx)
				}()
			default: // thousands of hand-ins take their time
			}
		case <-tick.C: // the loop goes round also where nothing is planned
			if !d.has(node.Schedule) {
				continue
			}
			select {
			case scheduled <- struct{}{}:
				go func() {
					defer func() { <-scheduled }()
					if err := d.Engine.Scheduled(ctx, schedules, since, d.monthlyReport); err != nil && ctx.Err() == nil {
						d.Log.Error("schedule", "error", err)
					}
				}()
			default:
			}
			for _, long := range []struct {
				schedules []nights.Schedule
				busy      chan struct{}
			}{{erasing, busyErasing}, {copying, busyCopying}} {
				select {
				case long.busy <- struct{}{}:
					go func() {
						defer func() { <-long.busy }()
						if err := d.Engine.Scheduled(ctx, long.schedules, since, d.monthlyReport); err != nil && ctx.Err() == nil {
							d.Log.Error("schedule", "error", err)
						}
					}()
				default:
				}
			}
		case <-mailboxes.C:
			select {
			case asking <- struct{}{}:
				go func() {
					defer func() { <-asking }()
					if err := d.Engine.TakeMailboxReceipts(ctx); err != nil && ctx.Err() == nil {
						d.Log.Error("receipts of digital mailboxes", "error", err)
					}
				}()
			default:
			}
		case <-watch.C:
			if err := errors.Join(d.watchScan(ctx), d.Engine.Watch(ctx)); err != nil && ctx.Err() == nil {
				d.Log.Error("watch", "error", err)
			}
		case <-hourly.C:
			if _, err := d.Engine.Reconcile(ctx); err != nil && ctx.Err() == nil {
				d.Log.Error("reconcile", "error", err)
			}
		}
	}
}

// apart takes one schedule out of all, and gives a turnstile for it.
func apart(all []nights.Schedule, name string) (others, one []nights.Schedule, busy chan struct{}) {
	for _, s := range all {
		if s.Name == name {
			one = append(one, s)
		} else {
			others = append(others, s)
		}
	}
	return others, one, make(chan struct{}, 1)
}

// findablePause leaves others time to write between two transactions that make letters of before findable.
const findablePause = 200 * time.Millisecond

// makeFindable lets letters of before be found by their recipients. What fails is done at the next start.
func (d *daemon) makeFindable(ctx context.Context) {
	n, err := d.Engine.MakeFindable(ctx, findablePause, nil)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		d.Log.Error("letters of before are not found by their recipients yet", "error", err)
	case n > 0:
		d.Log.Info("letters of before are found by their recipients", "letters", n)
	}
}

// scanStuckAfter is how long a scan may be under way: thousands of hand-ins take minutes, and a file system that is gone takes for
// ever.
const scanStuckAfter = 2 * time.Hour

// watchScan alarms a scan that does not come to its end: nothing is taken meanwhile. The next scan that does ends the alarm.
func (d *daemon) watchScan(ctx context.Context) error {
	began := d.scanBegan.Load()
	if began == 0 || time.Since(time.Unix(0, began)) < scanStuckAfter {
		return nil
	}
	const key = alarm.TroublePlace + "folder"
	args := alarm.Args{"case": "stuck", "began": alarm.TimeArg(time.Unix(0, began))}
	return d.Archive.InTx(ctx, func(tx store.Tx) error {
		open, err := tx.Alarms(ctx, true)
		if err != nil || slices.ContainsFunc(open, func(al alarm.Alarm) bool { return al.Key == key && al.Args.Says(args) }) {
			return err
		}
		return tx.RaiseAlarm(ctx, key, args)
	})
}

// scanAll takes what is in the drop folder now.
func (d *daemon) scanAll(ctx context.Context) {
	d.scanBegan.Store(time.Now().UnixNano())
	defer d.scanBegan.Store(0)
	if _, err := d.TakeOnce(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error("scan of the drop folder", "error", err)
	}
	if _, err := d.TakeEvents(ctx); err != nil && ctx.Err() == nil {
		d.Log.Error("scan of the events folder", "error", err)
	}
}

// monthlyReport writes the workbook of a month.
func (d *daemon) monthlyReport(ctx context.Context, from, to civil.Date) (nights.Reported, error) {
	if err := os.MkdirAll(d.Config.ReportFolder, 0o700); err != nil {
		return nights.Reported{}, err
	}
	path := filepath.Join(d.Config.ReportFolder, fmt.Sprintf("kostnytte-%s.xlsx", from.Month()))
	r, err := d.WriteReport(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.Config.Benefit}, path)
	if err != nil {
		return nights.Reported{}, err
	}
	defer r.Close()
	if d.Config.ReportCSV || len(d.Config.Vouchers) > 0 {
		if err := d.WriteTables(ctx, r, nil, strings.TrimSuffix(path, ".xlsx")); err != nil {
			return nights.Reported{}, err
		}
	}
	if err := bringReport(ctx, d.App, r, path); err != nil {
		return nights.Reported{}, err
	}
	return nights.Reported{File: filepath.Base(path), Letters: r.Money.Letters, Net: r.Money.Net}, nil
}

// bringReport brings a workbook where [report] says: to a server, and by e-mail.
func bringReport(ctx context.Context, a *app.App, r figures.Report, path string) error {
	if t := a.Config.ReportSFTP; t != nil {
		if err := deliverReport(ctx, *t, path); err != nil {
			return fmt.Errorf("the workbook is in %s and could not be brought to the SFTP server: %w", path, err)
		}
	}
	if m := a.Config.ReportMail; m != nil {
		period := civil.PeriodText(r.From, r.To)
		body := fmt.Sprintf("Arbeidsboken for %s er vedlagt: %d brev, kr %s netto, %d avvik.\n", period, r.Money.Letters, r.Money.Net, r.Deviations.Len())
		if err := m.SendFile(ctx, a.Config.ReportMailTo, "Kostnader for utskrift og porto, "+period, body, path); err != nil {
			return fmt.Errorf("the workbook is in %s and could not be sent by e-mail: %w", path, err)
		}
	}
	return nil
}

// deliverReport brings a workbook to a server, under a name from its content: once more is no second file.
func deliverReport(ctx context.Context, t exchange.Target, path string) (err error) {
	workbook, err := os.Open(path)
	if err != nil {
		return err
	}
	defer workbook.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, workbook)
	if err != nil {
		return err
	}
	sha := hex.EncodeToString(sum.Sum(nil))
	name, ext := filepath.Base(path), filepath.Ext(path)
	session, err := exchange.Dial(ctx, t)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	f := exchange.File{Name: strings.TrimSuffix(name, ext) + "-" + sha[:8] + ext, SHA256: sha, Bytes: size}
	return session.Deliver(ctx, f, workbook)
}
