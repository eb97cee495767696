package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/intake"
	"postgang/engine/notify"
	"postgang/engine/queue"
	"postgang/engine/step"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// app is the program wired: what commands and end-to-end tests start.
type app struct {
	cfg     *config.Config
	archive *archive.Archive
	queue   *queue.Queue
	pool    *prepare.Pool
	engine  *engine.Engine
	intake  *intake.Dir
	alarms  *notify.Notifier
	log     *slog.Logger
	now     func() time.Time
	// lastNight is what the last night of this process did.
	lastNight engine.Night
	// stop ends the queue's workers; nil: they are not at work.
	stop      func() error
	beat      atomic.Int64 // when the daemon's loop last went round, Unix nanoseconds
	scanBegan atomic.Int64 // when the daemon's scan under way began, Unix nanoseconds; 0: none is
	// scheduleEvery is how often serve looks at its schedules; 0: defaultScheduleEvery.
	scheduleEvery time.Duration
	// watchEvery is how often serve looks for what is overdue; 0: defaultWatchEvery.
	watchEvery time.Duration
}

// wiring is what a test or the demonstration hands in instead of the world.
type wiring struct {
	now          func() time.Time
	step         func(name string)                 // see engine.Config
	trace        func(step string, args ...string) // see exchange.Target
	timeouts     exchange.Timeouts                 // see exchange.Target
	installation string                            // see archive.Config
	identity     string                            // see engine.Config
	create       bool                              // an archive that is not there is made
	allowRoot    bool                              // see notAsRoot
	retry        func(attempt int) time.Duration   // of failed background work
	lostAfter    time.Duration                     // how long the daemon may be without its database untold; 0: defaultLostAfter
}

// open wires the program. Background work begins with start.
func open(ctx context.Context, cfg *config.Config, log *slog.Logger, w wiring) (*app, error) {
	a := &app{cfg: cfg, log: log, now: time.Now}
	if w.now != nil {
		a.now = w.now
	}
	if err := notAsRoot(cfg, w.allowRoot); err != nil {
		return nil, err
	}
	first := w.create || isFirstStart(cfg.Path)
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok && first {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("folder of the database: %w", err)
		}
	}
	var err error
	a.archive, err = archive.Open(ctx, archive.Config{DSN: cfg.Database, Now: w.now, Enqueue: queue.Enqueue, Installation: w.installation, MustExist: !first})
	if errors.Is(err, archive.ErrMissing) {
		err = fmt.Errorf("%w. If it is lost, restore a backup (docs/backup.md); a new, empty one is made by \"postgang archive create\"", err)
	}
	if err != nil {
		return nil, err
	}
	if err := a.wire(ctx, w); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *app) wire(ctx context.Context, w wiring) error {
	blobs, err := a.archive.OpenDocuments(ctx, a.cfg.Documents)
	if err != nil {
		return err
	}
	workers := a.cfg.Prepare.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	a.pool, err = prepare.NewPool(a.cfg.Prepare.Pool())
	if err != nil {
		return err
	}
	a.queue, err = queue.Open(ctx, a.archive, queue.Config{
		Workers: map[engine.TaskKind]int{engine.TaskPrepare: workers, engine.TaskCompose: workers, engine.TaskOffer: max(len(a.cfg.Vendors), 1)},
		Logger:  a.log, Retry: w.retry,
	})
	if err != nil {
		return err
	}
	rules := a.cfg.Rules
	rules.FreeBytes = func() (int64, error) { return freeBytes(a.cfg.Documents) }
	a.alarms = notify.New(a.archive, a.cfg.Alarms, w.now, a.log)
	a.engine, err = engine.New(ctx, engine.Config{
		Rules: rules, Guard: a.cfg.Guard, Schedules: a.cfg.Schedules,
		Config: step.Config{
			Archive: a.archive, Blobs: blobs, Fence: blobs, Preparer: a.pool, Accounts: a.cfg.Accounts, Vendors: a.cfg.Vendors,
			Postcodes: a.cfg.Postcodes, WorkDir: a.cfg.Work, Log: a.log, Now: w.now, Step: w.step, Hasten: a.queue.Hasten, Identity: w.identity,
			Dial: func(ctx context.Context, v engine.Vendor) (engine.VendorSide, error) {
				t := v.Target
				t.Trace, t.Timeouts = w.trace, w.timeouts
				return exchange.Dial(ctx, t)
			},
		},
	})
	if err == nil {
		err = a.archive.ClaimDocuments(ctx, blobs)
	}
	if err == nil {
		err = firstStartOver(a.cfg.Path)
	}
	if err != nil {
		return err
	}
	a.intake = intakeOf(a.cfg, a.engine, w.now)
	return nil
}

// intakeOf is the drop folder as configured.
func intakeOf(cfg *config.Config, receiver intake.Receiver, now func() time.Time) *intake.Dir {
	accounts := make([]intake.Account, len(cfg.Accounts))
	for i, acc := range cfg.Accounts {
		accounts[i] = intake.Account{Key: acc.Key, MaxBytes: acc.Rules.MaxBytes}
	}
	return &intake.Dir{Root: cfg.Inbox, Accounts: accounts, Receiver: receiver, Settle: cfg.Settle, Now: now}
}

// start has background work done, beginning with what an earlier process left.
func (a *app) start(ctx context.Context) error {
	// Scratch that cannot be removed costs room and no letter.
	if err := a.engine.CleanScratch(); err != nil {
		a.log.Warn("scratch of killed steps is left", "error", err)
	}
	if err := a.queue.Start(ctx, a.engine.Work); err != nil {
		return err
	}
	a.stop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		return a.queue.Stop(ctx)
	}
	n, err := a.engine.Reconcile(ctx)
	if n > 0 {
		a.log.Info("unfinished work taken up", "tasks", n)
	}
	return err
}

// stopLimit bounds an orderly stop; what is not done by then is done by the next start.
const stopLimit = 30 * time.Second

// Close finishes or releases work and closes everything.
func (a *app) Close() error {
	var errs []error
	if a.stop != nil {
		errs = append(errs, a.stop())
	}
	if a.pool != nil {
		errs = append(errs, a.pool.Close())
	}
	if a.archive != nil {
		errs = append(errs, a.archive.Close())
	}
	return errors.Join(errs...)
}

// load reads the configuration and wires the program.
func (o *options) load(ctx context.Context) (*app, error) {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return nil, err
	}
	return open(ctx, cfg, o.Logger(), o.wiring)
}

// alarmedUnopened runs fn on the wired program with background work, and tells the sinks when it cannot be wired.
func (o *options) alarmedUnopened(ctx context.Context, what string, fn func(a *app) error) error {
	opened := false
	err := o.with(ctx, true, func(a *app) error {
		opened = true
		return fn(a)
	})
	if err == nil || opened || cli.IsUsage(err) {
		return err
	}
	if cfg, bad := config.Load(o.Config); bad == nil {
		o.tellUnopened(ctx, cfg, what, err)
	}
	return err
}

// with runs fn on the wired program. work: background work is done meanwhile.
func (o *options) with(ctx context.Context, work bool, fn func(a *app) error) error {
	a, err := o.load(ctx)
	if err != nil {
		return err
	}
	if work {
		if err := a.start(ctx); err != nil {
			return errors.Join(err, a.Close())
		}
	}
	return errors.Join(fn(a), a.Close())
}
