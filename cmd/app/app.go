// Package app is the program wired by its configuration, and the runs that more than one command starts: taking what came in, the
// night, the report. Operator's commands, the demonstration and end-to-end tests go through it. It prints nothing and knows no
// command line; rules live in the engine.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/cmd/metrics"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/documents"
	docseal "postgang/engine/documents/sealed"
	"postgang/engine/erase"
	"postgang/engine/insight"
	"postgang/engine/intake"
	"postgang/engine/intake/door"
	"postgang/engine/intake/sealed"
	"postgang/engine/login"
	"postgang/engine/node"
	"postgang/engine/notify"
	"postgang/engine/party"
	"postgang/engine/queue"
	"postgang/engine/roles"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// App is the program wired: what commands and end-to-end tests start. Its fields must not be changed.
type App struct {
	Config  *config.Config
	Archive *archive.Archive
	// Documents are the archive's.
	Documents documents.Store
	Sealed    *docseal.Store // the same, when they are sealed; else nil
	Engine    *engine.Engine
	Intake    *intake.Dir
	Door      *door.Door // nil: nothing is taken over the network
	Alarms    *notify.Notifier
	Roles     *roles.Directory // who may log in to the console, and their roles
	Insight   *insight.Door    // to personal data of letters
	Metrics   *metrics.Process
	Log       *slog.Logger
	Now       func() time.Time

	altinn *digital.AltinnChannel // nil: no account sends through it
	pages  http.Handler           // of recipients; nil: there are none
	// altinnEvents takes Altinn's events; nil: they are not asked for.
	altinnEvents http.Handler
	step         func(name string) // see Options.Step
	queue        *queue.Queue
	works        bool // the queue has work for this process
	pool         *prepare.Pool
	// sealed opens encrypted documents; nil: nothing is taken over the network.
	sealed *sealed.Opener
	// stop ends the queue's workers; nil: they are not at work.
	stop func() error
	// begun are the runs that people begin in the console.
	begun *begunRuns
}

// Options are what a test or the demonstration hands in instead of the world; the zero value is the world.
type Options struct {
	Now           func() time.Time                  // nil: the clock
	Step          func(name string)                 // see step.Config
	Trace         func(step string, args ...string) // see exchange.Target
	Timeouts      exchange.Timeouts                 // see exchange.Target
	Installation  string                            // see archive.Config
	Identity      string                            // see step.Config
	Create        bool                              // an archive that is not there is made
	Retry         func(attempt int) time.Duration   // of failed background work
	SetSize       int                               // see step.Config
	Roles         []node.Role                       // whose background work is done; none: all
	MigrateBeside bool                              // see archive.Config
}

// Open wires the program by its configuration. Background work begins with Start; the caller closes it. A missing archive is
// an error, unless the configuration's first start is still to come ([MarkFirstStart]).
func Open(ctx context.Context, cfg *config.Config, log *slog.Logger, w Options) (*App, error) {
	a := &App{Config: cfg, Log: log, Now: time.Now, Metrics: metrics.New(cli.ThisBuild().Version)}
	if w.Now != nil {
		a.Now = w.Now
	}
	first := w.Create || IsFirstStart(cfg)
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok && first {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("folder of the database: %w", err)
		}
	}
	var err error
	a.Archive, err = archive.Open(ctx, archive.Config{DSN: cfg.Database, Now: w.Now, Enqueue: queue.Enqueue, Installation: w.Installation, MustExist: !first, MigrateBeside: w.MigrateBeside, Observe: a.Metrics.Transaction})
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

func (a *App) wire(ctx context.Context, w Options) error {
	blobs, err := OpenDocuments(ctx, a.Config, a.Archive, a.Now)
	if err != nil {
		return err
	}
	a.Sealed, _ = blobs.(*docseal.Store)
	blobs = a.Metrics.Documents(blobs)
	a.Documents = blobs
	a.step = w.Step
	workers := a.Config.Prepare.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	a.pool, err = prepare.NewPool(a.Config.Prepare.Pool())
	if err != nil {
		return err
	}
	tokens, err := TokenClient(a.Config, a.Now)
	if err != nil {
		return err
	}
	all := registers(a.Config, tokens, a.Now)
	a.altinn, err = altinnChannel(a.Config, tokens, a.Archive, blobs, a.Now)
	if err != nil {
		return err
	}
	if a.altinn != nil {
		all = append(all, a.altinn)
	}
	mailboxes, err := receiptSources(a.Config, tokens)
	if err != nil {
		return err
	}
	tasks := map[store.TaskKind]int{}
	for kind, n := range map[store.TaskKind]int{store.TaskPrepare: prepareTasks + workers, store.TaskCompose: workers, store.TaskOffer: max(len(a.Config.Vendors), 1), channel.Task: max(len(all), 1)} {
		if len(w.Roles) == 0 || slices.Contains(w.Roles, roleOf[kind]) {
			tasks[kind] = n
		}
	}
	a.works = len(tasks) > 0
	a.queue, err = queue.Open(ctx, a.Archive, queue.Config{Workers: tasks, Logger: a.Log, Retry: w.Retry})
	if err != nil {
		return a.Archive.Fault(err)
	}
	rules := a.Config.Rules
	rules.FreeBytes = func() (int64, error) { return FreeBytes(DiskOf(a.Config)) }
	a.Alarms = notify.New(a.Archive, a.Config.Alarms, w.Now, a.Log)
	register, err := Register(a.Config, w.Now)
	if err != nil {
		return err
	}
	a.Engine, err = engine.New(ctx, engine.Config{
		Retention: erase.Config{Blobs: blobs, Folder: Intake(a.Config, nil, w.Now), Scrub: a.Archive.Scrub, Loosen: a.Archive.Loosen, Rules: a.Config.Retention},
		Rules:     rules, Guard: a.Config.Guard, Schedules: a.Config.Schedules, NightDone: a.nightDone, Channels: all, Receipts: mailboxes,
		Config: step.Config{
			Archive: a.Archive, Blobs: blobs, Fence: blobs, Preparer: a.pool, PrepareAtOnce: 2 * workers, Accounts: a.Config.Accounts, Vendors: a.Config.Vendors,
			Postcodes: a.Config.Postcodes, Register: register, TwoPersons: a.Config.TwoPersons, NumberHash: numberHash(a.Config), WorkDir: a.Config.Work, Log: a.Log, Now: w.Now, Step: w.Step, SetSize: w.SetSize, Hasten: a.queue.Hasten, Identity: w.Identity,
			Dial: func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
				t := v.Target
				t.Trace, t.Timeouts = w.Trace, w.Timeouts
				return a.dial(ctx, v, t)
			},
		},
	})
	if err == nil {
		a.Engine.BringMorning = a.bringMorning
		a.Engine.Backup = a.scheduledBackup
		err = a.Archive.ClaimDocuments(ctx, blobs)
	}
	if err == nil {
		err = firstStartOver(a.Config)
	}
	if err != nil {
		return err
	}
	a.begun = newBegunRuns(a)
	a.Roles, a.Insight = directory(a), insight.New(a.Archive)
	a.Intake = Intake(a.Config, a.Engine, w.Now)
	if a.Door, err = newDoor(a, w.Now); err != nil {
		return err
	}
	if a.pages, err = newPages(a, blobs, w.Now); err != nil {
		return err
	}
	a.altinnEvents, err = newAltinnEvents(a)
	return err
}

// dial logs in at a vendor's server.
func (a *App) dial(ctx context.Context, v party.Vendor, t exchange.Target) (step.VendorSide, error) {
	var side step.VendorSide // stays nil with an error: no typed nil
	begun := time.Now()
	if v.Profile.Orders != nil {
		s, err := exchange.DialOrders(ctx, t)
		if err == nil {
			side = s
		}
		return a.Metrics.Dialled(v.Key, begun, side, err), err
	}
	s, err := exchange.Dial(ctx, t)
	if err == nil {
		side = s
	}
	return a.Metrics.Dialled(v.Key, begun, side, err), err
}

// State is what the archive says for metrics.
func (a *App) State(ctx context.Context) (metrics.State, error) {
	names := make([]string, len(a.Config.Schedules))
	for i, s := range a.Config.Schedules {
		names[i] = s.Name
	}
	s, err := store.View(ctx, a.Archive, func(r store.Reader) (metrics.State, error) { return metrics.ReadState(ctx, r, a.Now(), names) })
	if err != nil {
		return s, err
	}
	if s.Tasks, err = a.queue.Counts(ctx); err != nil {
		return s, err
	}
	if free, err := FreeBytes(DiskOf(a.Config)); err == nil {
		s.Free = free
	}
	return s, nil
}

// nightDone tells the dead man's switch of a night.
func (a *App) nightDone(ctx context.Context) {
	if !a.Config.Ping.URL.Given() {
		return
	}
	if err := a.Config.Ping.Send(ctx); err != nil {
		a.Log.Error("the dead man's switch was not told of the night, and will raise its alarm", "error", err)
	}
}

// noDocument is one that is nowhere.
var noDocument = shipment.BlobRef{SHA256: strings.Repeat("0", 64), Bytes: 1}

// Reaches looks whether the archive and the documents can be reached.
func (a *App) Reaches(ctx context.Context) error {
	if _, err := store.View(ctx, a.Archive, func(r store.Reader) (time.Time, error) { return r.DatabaseClock(ctx) }); err != nil {
		return err
	}
	blob, err := a.Documents.Open(ctx, noDocument)
	if err == nil {
		return blob.Close()
	}
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return err
}

// roleOf is which node does tasks of a kind.
var roleOf = map[store.TaskKind]node.Role{store.TaskPrepare: node.Prepare, store.TaskCompose: node.Compose, store.TaskOffer: node.Exchange, channel.Task: node.Exchange}

// directory is who may do what in the console, as configured.
func directory(a *App) *roles.Directory {
	c := roles.Config{Archive: a.Archive, Organisations: party.AccountsOf(a.Config.Organisations)}
	for _, acc := range a.Config.Accounts {
		c.Accounts = append(c.Accounts, acc.Key)
	}
	for _, first := range a.Config.Console.Administrators {
		c.Administrators = append(c.Administrators, roles.Identity(first))
	}
	return roles.New(c)
}

// numberHash is how numbers of recipients are kept, by the key of log-ins: that of the console, else that of letters' readers; nil:
// there is none.
func numberHash(cfg *config.Config) func(number string) string {
	for _, key := range [][]byte{cfg.Console.Login.Key, cfg.Download.Login.Key} {
		if len(key) > 0 {
			return func(number string) string { return login.Hash(key, number) }
		}
	}
	return nil
}

// Register is Enhetsregisteret as configured; nil: no account asks it.
func Register(cfg *config.Config, now func() time.Time) (step.Register, error) {
	for _, acc := range cfg.Accounts {
		if acc.AskRegister {
			c := cfg.Register
			c.Now = now
			return enhetsregisteret.New(c)
		}
	}
	return nil, nil
}

// Intake is the drop folder as configured.
func Intake(cfg *config.Config, receiver intake.Receiver, now func() time.Time) *intake.Dir {
	accounts := make([]intake.Account, len(cfg.Accounts))
	for i, acc := range cfg.Accounts {
		accounts[i] = intake.Account{Key: acc.Key, MaxBytes: acc.Rules.MaxBytes}
	}
	return &intake.Dir{Root: cfg.Inbox, Accounts: accounts, Receiver: receiver, Settle: cfg.Settle, Now: now}
}

// Start has background work done, beginning with what an earlier process left.
func (a *App) Start(ctx context.Context) error {
	giveHeapRoom()
	// Scratch that cannot be removed costs room and no letter.
	if err := a.Engine.CleanScratch(); err != nil {
		a.Log.Warn("scratch of killed steps is left", "error", err)
	}
	if a.works {
		if err := a.queue.Start(ctx, a.Engine.Work); err != nil {
			return err
		}
		a.stop = func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), StopLimit)
			defer cancel()
			return a.queue.Stop(ctx)
		}
	}
	n, err := a.Engine.Reconcile(ctx)
	if n > 0 {
		a.Log.Info("unfinished work taken up", "tasks", n)
	}
	return err
}

// prepareTasks is how many letters may be on their way through preparing besides those that a process has in hand: what is asked of the
// archive for one is asked for all of them together.
const prepareTasks = 62

// StopLimit bounds an orderly stop; what is not done by then is done by the next start.
const StopLimit = 30 * time.Second

// Close finishes or releases work and closes everything.
func (a *App) Close() error {
	var errs []error
	if a.begun != nil {
		a.begun.close()
	}
	if a.stop != nil {
		errs = append(errs, a.stop())
	}
	if a.pool != nil {
		errs = append(errs, a.pool.Close())
	}
	if a.sealed != nil {
		a.sealed.Close()
	}
	if a.Documents != nil {
		errs = append(errs, a.Documents.Close())
	}
	if a.Archive != nil {
		errs = append(errs, a.Archive.Close())
	}
	return errors.Join(errs...)
}
