// Package engine is the shipment and its lifecycle: the rules (status, deadline, validation), the night run and its
// steps (collect, plan, compose, offer), receipts, and the schedule. It declares the small interfaces that it needs;
// engine/archive, engine/queue and engine/intake satisfy them and cmd wires them. It never imports those.
//
// # How a step is written
//
// Every step (prepare a letter, compose a job, offer a job, apply a receipt file) looks at the archive first, does its
// outside effect so that doing it again is harmless, and then records the outcome in one transaction. So a step may be
// started again at any time, by anybody, after any crash: what is done already is found done.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// Preparer makes the print-ready PDF of a letter; prepare.Pool is one.
type Preparer interface {
	Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error)
}

// VendorSide is the vendor's end of the exchange as a step sees it: *exchange.Session.
type VendorSide interface {
	State(ctx context.Context, job string) (exchange.RemoteState, error)
	Put(ctx context.Context, f exchange.File, src io.ReaderAt) error
	PutReady(ctx context.Context, r exchange.Ready) error
	Withdraw(ctx context.Context, job string, names []string) error
	Answers(ctx context.Context, known func(job string, accepted bool) bool) ([]exchange.Answer, []exchange.Problem, error)
	AnswersOf(ctx context.Context, jobs ...string) ([]exchange.Answer, []exchange.Problem, error)
	Sightings(ctx context.Context, installation string) ([]exchange.Sighting, error)
	ReadyFile(ctx context.Context, job string) (exchange.Ready, error)
	JobDocument(ctx context.Context, name string) ([]byte, error)
	ReceiptFiles(ctx context.Context) ([]exchange.RemoteFile, []exchange.Problem, error)
	Fetch(ctx context.Context, name string) ([]byte, error)
	MoveDone(ctx context.Context, name string) error
	DoneFiles(ctx context.Context) ([]exchange.RemoteFile, error)
	FetchDone(ctx context.Context, name string) ([]byte, error)
	JobsInReceipt(ctx context.Context, name string, done bool, installation string) ([]string, error)
	CheckFolders(ctx context.Context) []exchange.Problem
	Close() error
}

// Config is what an Engine is made of.
type Config struct {
	Archive store.Archive
	Blobs   store.Blobs
	// Fence is raised before each hand-over, and stops all offers of an archive that is older than it; nil: there is none.
	Fence    store.Fence
	Preparer Preparer
	Dial     func(ctx context.Context, v store.Vendor) (VendorSide, error)
	Accounts []store.Account
	Vendors  []store.Vendor
	Guard    Guard // caps on what a day may cost
	// Postcodes is the register that postnummer are checked against; nil: only their form is.
	Postcodes *shipment.PostcodeRegister
	Schedules []Schedule // whose missed runs Watch looks for
	Rules     WatchRules
	WorkDir   string // scratch space on the same file system as the blobs, if possible
	Log       *slog.Logger
	Now       func() time.Time
	// Identity is the UUID of an archive that has none yet; shipment ids derive from it. Empty: drawn at random, which is
	// right for all but demonstrations that are to come out alike.
	Identity string
	// Hasten, when set, makes background tasks that wait for another try due now. A night calls it: what an outage kept
	// back is tried at once.
	Hasten func(ctx context.Context) error
	// Step, when set, is called before and after every recorded step and outside effect, with its name. Tests kill the
	// process there.
	Step func(name string)
}

// ErrNoPrice says that what a letter costs is not known, since a price is missing.
var ErrNoPrice = errors.New("no price")

// Engine carries shipments from hand-in to cost line.
type Engine struct {
	archive  store.Archive
	blobs    store.Blobs
	fence    store.Fence
	preparer Preparer
	dial     func(ctx context.Context, v store.Vendor) (VendorSide, error)
	accounts map[string]store.Account
	vendors  map[string]store.Vendor
	makers   map[string]*cover.Maker // by account
	order    []string                // account keys as configured
	vorder   []string                // vendor keys as configured
	register *shipment.PostcodeRegister
	work     string
	log      *slog.Logger
	now      func() time.Time
	step     func(name string)
	hasten   func(ctx context.Context) error

	installation string    // identity of this archive
	space        uuid.UUID // namespace of shipment ids
	secret       []byte    // key of fingerprints
	schedules    []Schedule
	rules        WatchRules
	tag          string   // the first four letters of its job ids
	vendorLocks  sync.Map // vendor key → *sync.Mutex: one offer at a time within the process
	sideChecked  sync.Map // vendor key → time.Time: when its side was last looked at, see checkSideNow
	guard        Guard
}

// New checks the configuration, reads the archive's identity and cleans the scratch space.
func New(ctx context.Context, c Config) (*Engine, error) {
	e := &Engine{
		archive: c.Archive, blobs: c.Blobs, fence: c.Fence, preparer: c.Preparer, dial: c.Dial, register: c.Postcodes, schedules: c.Schedules,
		work: c.WorkDir, log: c.Log, step: c.Step, rules: c.Rules, guard: c.Guard,
		accounts: map[string]store.Account{}, vendors: map[string]store.Vendor{}, makers: map[string]*cover.Maker{},
	}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if e.step == nil {
		e.step = func(string) {}
	}
	if e.hasten = c.Hasten; e.hasten == nil {
		e.hasten = func(context.Context) error { return nil }
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	e.now = func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	for _, v := range c.Vendors {
		if err := v.Profile.Validate(); err != nil {
			return nil, fmt.Errorf("vendor %s: %w", v.Key, err)
		}
		if err := v.Checks.Validate(); err != nil {
			return nil, fmt.Errorf("vendor %s: checks: %w", v.Key, err)
		}
		e.vendors[v.Key] = v
		e.vorder = append(e.vorder, v.Key)
	}
	for _, a := range c.Accounts {
		v, ok := e.vendors[a.Vendor]
		if !ok {
			return nil, fmt.Errorf("account %s: vendor %q is not configured", a.Key, a.Vendor)
		}
		m, err := cover.New(v.Profile.Layout, a.Sender)
		if err != nil {
			return nil, fmt.Errorf("account %s: cover: %w", a.Key, err)
		}
		e.accounts[a.Key] = a
		e.makers[a.Key] = m
		e.order = append(e.order, a.Key)
	}
	if err := os.MkdirAll(e.work, 0o700); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	if err := e.identify(ctx, c.Identity); err != nil {
		return nil, err
	}
	return e, nil
}

// reach dials a vendor. A host key that is not the pinned one is an alarm until the vendor is reached again: nobody is
// asked whether to go on.
func (e *Engine) reach(ctx context.Context, v store.Vendor) (VendorSide, error) {
	side, dialErr := e.dial(ctx, v)
	key := "host-key:" + v.Key
	changed := errors.Is(dialErr, exchange.ErrHostKeyChanged)
	if dialErr != nil && !changed {
		return nil, dialErr
	}
	alarmed, err := store.View(ctx, e.archive, func(r store.Reader) (bool, error) {
		open, err := r.Alarms(ctx, true)
		return slices.ContainsFunc(open, func(a store.Alarm) bool { return a.Key == key }), err
	})
	switch {
	case err != nil || changed == alarmed:
	case changed:
		text := fmt.Sprintf("vendor %s shows another host key than the pinned one, and nothing is sent. Ask the vendor by telephone whether they have a new key; then pin it. %v", v.Key, dialErr)
		err = e.archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, key, text) })
	default:
		err = e.archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, key) })
	}
	if dialErr != nil {
		return nil, errors.Join(dialErr, err)
	}
	if err != nil {
		return nil, errors.Join(err, side.Close())
	}
	return side, nil
}

// SettingIdentity is the archive's setting with its identity, a UUID. It is a secret.
const SettingIdentity = "identity"

// identify reads this archive's identity, or gives it one.
func (e *Engine) identify(ctx context.Context, wanted string) error {
	return e.archive.InTx(ctx, func(tx store.Tx) error {
		id, err := tx.Setting(ctx, SettingIdentity)
		if errors.Is(err, store.ErrNotFound) {
			if id = wanted; id == "" {
				id = uuid.NewString()
			}
			err = tx.SetSetting(ctx, SettingIdentity, id)
		}
		if err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		e.installation = id
		if e.tag, err = tx.Setting(ctx, "installation"); err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		if e.space, err = uuid.Parse(id); err != nil {
			return fmt.Errorf("archive identity: %w", err)
		}
		// A key of our own keeps fingerprints from being guessed by hashing known addresses; it need not outlive the
		// archive, so it is derived from its random identity.
		e.secret = append([]byte("fingerprint "), e.space[:]...)
		return nil
	})
}

// shipmentID derives a shipment's id from its hand-in: the same hand-in gives the same id whatever happened between.
func (e *Engine) shipmentID(account, key string) string {
	return uuid.NewSHA1(e.space, []byte(account+"\x00"+key)).String()
}

// Work does one background task. It is handed to the queue.
func (e *Engine) Work(ctx context.Context, t store.Task) error {
	switch t.Kind {
	case store.TaskPrepare:
		return e.PrepareShipment(ctx, t.Subject)
	case store.TaskCompose:
		return e.noteFailure(ctx, t.Subject, e.ComposeJob(ctx, t.Subject))
	case store.TaskOffer:
		return e.noteFailure(ctx, t.Subject, e.OfferJob(ctx, t.Subject))
	}
	return fmt.Errorf("unknown task %q", t.Kind)
}

// noteFailure records a failed attempt on the job, so that the operator sees it without reading logs.
func (e *Engine) noteFailure(ctx context.Context, job string, failed error) error {
	var later *LaterError
	if failed == nil || errors.As(failed, &later) || ctx.Err() != nil {
		return failed
	}
	e.log.Error("job step failed", "job", job, "error", failed)
	err := e.archive.InTx(ctx, func(tx store.Tx) error {
		j, err := tx.Job(ctx, job)
		if err != nil {
			return err
		}
		j.Failures++
		j.LastError = failed.Error()
		j.Updated = tx.Now()
		return tx.UpdateJob(ctx, j)
	})
	return errors.Join(failed, err)
}

// LaterError says that a task cannot be done now and should be tried again after a while; it is no failure.
type LaterError struct {
	After  time.Duration
	Reason string
}

func (e *LaterError) Error() string { return e.Reason }

// planned gives back the plan of a job from its letters' shipments, as printjobs.Plan made it.
func (e *Engine) candidate(s shipment.Shipment) printjobs.Candidate {
	return printjobs.Candidate{
		Shipment: s.ID, Account: s.Account, Konteringskode: s.Submission.Konteringskode,
		Postcode: s.Submission.Recipient.Postcode, Zone: s.Zone, Facts: *s.Facts,
		Duplex: s.Submission.Print.Duplex, Colour: s.Submission.Print.Colour,
	}
}
