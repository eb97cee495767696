// Package step is what every step of the engine holds and does: the archive and documents, the clock, the log, the vendors and their
// locks, scratch space, and setting letters aside.
//
// # How a step is written
//
// Every step (prepare a letter, compose a job, offer a job, apply a receipt file) looks at the archive first, does its outside effect so
// that doing it again is harmless, and then records the outcome in one transaction. So a step may be started again at any time, by
// anybody, after any crash: what is done already is found done.
package step

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"postgang/engine/party"
	"postgang/engine/postcode"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// Preparer makes the print-ready PDF of a letter; prepare.Pool is one.
type Preparer interface {
	Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error)
}

// VendorSide is the vendor's end of the exchange as a step sees it: *exchange.Session.
type VendorSide interface {
	HandOverSide
	AnswerSide
	ReceiptSide
	// CheckFolders looks at the folders that the exchange needs.
	CheckFolders(ctx context.Context) []exchange.FolderProblem
	Close() error
}

// HandOverSide takes jobs, and shows what it has been handed.
type HandOverSide interface {
	State(ctx context.Context, job string) (exchange.RemoteState, error)
	Put(ctx context.Context, f exchange.File, src io.ReaderAt) error
	PutReady(ctx context.Context, r exchange.Ready) error
	Withdraw(ctx context.Context, job string, names []string) error
	Sightings(ctx context.Context, installation string) ([]exchange.Sighting, error)
	ReadyFile(ctx context.Context, job string) (exchange.Ready, error)
	JobDocument(ctx context.Context, name string) ([]byte, error)
}

// AnswerSide shows what the vendor answered to offers.
type AnswerSide interface {
	Answers(ctx context.Context, known func(job string, accepted bool) bool) ([]exchange.Answer, []exchange.Problem, error)
	AnswersOf(ctx context.Context, jobs ...string) ([]exchange.Answer, []exchange.Problem, error)
}

// ReceiptSide has the vendor's receipt files, new ones and those that are done with.
type ReceiptSide interface {
	ReceiptFiles(ctx context.Context) ([]exchange.RemoteFile, []exchange.Problem, error)
	Fetch(ctx context.Context, name string) ([]byte, error)
	MoveDone(ctx context.Context, name string) error
	DoneFiles(ctx context.Context) ([]exchange.RemoteFile, error)
	FetchDone(ctx context.Context, name string) ([]byte, error)
	JobsInReceipt(ctx context.Context, name string, done bool, installation string) ([]string, error)
}

// Register knows organisations: where their post goes, and whether they are still there.
type Register interface {
	// Organisation says what the register has of an organisation number. A number that is none, or that the register does not know,
	// is no error, and nothing is said of it. An error means that the register gave no answer.
	Organisation(ctx context.Context, number shipment.Private) (shipment.Organisation, error)
}

// Config is what every step works with.
type Config struct {
	Archive store.Archive
	Blobs   store.Blobs
	// Fence is raised before each hand-over, and stops all offers of an archive that is older than it; nil: there is none.
	Fence    store.Fence
	Preparer Preparer
	// PrepareAtOnce is how many letters have their files made at the same time; 0: twice as many as there are cores. More wait with
	// nothing in their hands.
	PrepareAtOnce int
	// SetSize is how many letters are written in one transaction: put into a job, composed, marked as sent, set aside; 0: DefaultSetSize.
	SetSize  int
	Dial     func(ctx context.Context, v party.Vendor) (VendorSide, error)
	Accounts []party.Account
	Vendors  []party.Vendor
	// Postcodes is the register that postnummer are checked against; nil: only their form is.
	Postcodes *postcode.Register
	Register  Register // asked for accounts that want it; nil: nobody is
	// TwoPersons has another person do what one has asked for, where it cannot be undone: see Second.
	TwoPersons bool
	// NumberHash is the keyed hash of recipients' numbers, by which people find their letters; nil: no key is set, and nobody is found
	// by number.
	NumberHash func(number string) string
	WorkDir    string // scratch space on the same file system as the blobs, if possible
	Log        *slog.Logger
	Now        func() time.Time
	// Identity is the UUID of an archive that has none yet; shipment ids derive from it. Empty: drawn at random, which is
	// right for all but demonstrations that are to come out alike.
	Identity string
	// Hasten, when set, makes background tasks that wait for another try due now. A night calls it: what an outage kept
	// back is tried at once.
	Hasten func(ctx context.Context) error
	// ReceiptsAtOnce is how many rows of a receipt file are applied in one transaction; 0: as many as keep others from writing for a short
	// time.
	ReceiptsAtOnce int
	// Step, when set, is called before and after every recorded step and outside effect, with its name. Tests kill the
	// process there.
	Step func(name string)
}

// DefaultSetSize is how many letters are written in one transaction: others wait for some tens of milliseconds.
const DefaultSetSize = 500

// Step is what every step holds. The rooms of the engine embed it.
type Step struct {
	Archive  store.Archive
	Blobs    store.Blobs
	Fence    store.Fence // nil: there is none
	Preparer Preparer
	// PrepareAtOnce is how many letters have their files made at the same time.
	PrepareAtOnce  int
	SetSize        int                                                           // letters that are written in one transaction
	DialVendor     func(ctx context.Context, v party.Vendor) (VendorSide, error) // steps call Reach, which watches the host key
	Postcodes      *postcode.Register                                            // nil: only the form of postnummer is checked
	Register       Register                                                      // nil: nobody is asked
	TwoPersons     bool
	NumberHash     func(number string) string // nil: no key is set
	WorkDir        string
	Log            *slog.Logger
	Now            func() time.Time // UTC, in whole milliseconds
	Passed         func(name string)
	Hasten         func(ctx context.Context) error
	ReceiptsAtOnce int // rows of a receipt file that one transaction applies; 0: as many as take a short time

	Accounts    map[string]party.Account // as configured; Terms has what holds
	Vendors     map[string]party.Vendor
	AccountKeys []string // as configured
	VendorKeys  []string // as configured

	Installation   string    // identity of this archive
	JobTag         string    // the first four letters of its job ids
	Namespace      uuid.UUID // of shipment ids
	FingerprintKey []byte

	makers      sync.Map // SHA-256 of vendor and sender → *cover.Maker
	vendorLocks sync.Map // vendor key → *sync.Mutex: one offer at a time within the process
}

// New checks the configuration and reads the archive's identity.
func New(ctx context.Context, c Config) (*Step, error) {
	e := &Step{
		Archive: c.Archive, Blobs: c.Blobs, Fence: c.Fence, Preparer: c.Preparer, PrepareAtOnce: cmp.Or(c.PrepareAtOnce, 2*runtime.NumCPU()), SetSize: cmp.Or(c.SetSize, DefaultSetSize), DialVendor: c.Dial, Postcodes: c.Postcodes,
		Register: c.Register, TwoPersons: c.TwoPersons, NumberHash: c.NumberHash, WorkDir: c.WorkDir, Log: c.Log, Passed: c.Step, Hasten: c.Hasten,
		ReceiptsAtOnce: c.ReceiptsAtOnce,
		Accounts:       map[string]party.Account{}, Vendors: map[string]party.Vendor{},
	}
	if e.Log == nil {
		e.Log = slog.New(slog.DiscardHandler)
	}
	if e.Passed == nil {
		e.Passed = func(string) {}
	}
	if e.Hasten == nil {
		e.Hasten = func(context.Context) error { return nil }
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	e.Now = func() time.Time { return now().UTC().Truncate(time.Millisecond) }
	for _, v := range c.Vendors {
		if err := v.Profile.Validate(); err != nil {
			return nil, fmt.Errorf("vendor %s: %w", v.Key, err)
		}
		if err := v.Checks.Validate(); err != nil {
			return nil, fmt.Errorf("vendor %s: checks: %w", v.Key, err)
		}
		e.Vendors[v.Key] = v
		e.VendorKeys = append(e.VendorKeys, v.Key)
	}
	for _, a := range c.Accounts {
		if _, ok := e.Vendors[a.Vendor]; !ok {
			return nil, fmt.Errorf("account %s: vendor %q is not configured", a.Key, a.Vendor)
		}
		if _, err := e.Maker(ctx, a, a.Vendor); err != nil {
			return nil, err
		}
		e.Accounts[a.Key] = a
		e.AccountKeys = append(e.AccountKeys, a.Key)
	}
	if err := os.MkdirAll(e.WorkDir, 0o700); err != nil {
		return nil, fmt.Errorf("scratch folder: %w", err)
	}
	if err := e.identify(ctx, c.Identity); err != nil {
		return nil, err
	}
	return e, nil
}

// ErrNoPrice says that what a letter costs is not known, since a price is missing.
var ErrNoPrice = errors.New("no price")

// LaterError says that a task cannot be done now and should be tried again after a while; it is no failure.
type LaterError struct {
	After  time.Duration
	Reason string
}

func (e *LaterError) Error() string { return e.Reason }

// Said is an error that says what it is in other words, for callers that tell such errors apart.
func Said(words string, what error) error { return said{words, what} }

type said struct {
	words string
	what  error
}

func (s said) Error() string { return s.words }
func (s said) Unwrap() error { return s.what }
