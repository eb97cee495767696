// Package intake is how shipments and digital events come in through a folder (docs/drop-folder.md). It judges when a
// hand-in is complete, hands it to a [Receiver], writes the answer and puts the hand-in away; it decides nothing about
// letters. Everything in the folder is written by outsiders: nothing is opened through links or outside the root, and
// no error or report holds the name of a document.
//
// Each step may be cut off at any instruction. A hand-in stays where it is until its answer is on disk, the receiver
// gives the same shipment for the same key, and moving is one rename; so the next scan finishes what was begun.
package intake

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"sync"
	"time"

	"postgang/engine"
)

// The folders under the root.
const (
	inbox       = "inn"
	answers     = "svar"
	done        = "behandlet"
	events      = "hendelser"
	eventsDone  = "hendelser/behandlet"
	eventsWrong = "hendelser/avvist"
)

// Defaults and limits.
const (
	// DefaultSettle is how long a hand-in without marker must be unchanged: longer than a file server takes between two
	// blocks of a file, shorter than a person waits.
	DefaultSettle = 2 * time.Second
	// DefaultPatience is how long an incomplete hand-in without marker is waited for after its last change.
	DefaultPatience = 5 * time.Minute
	// MaxHandInBytes limits all files of a hand-in together, only digital ones included, which SvarUt leaves unlimited.
	MaxHandInBytes = 2 << 30
	// maxEntries is how many entries of a hand-in's folder are looked at: its documents and some clutter.
	maxEntries = engine.MaxDocuments + 20
	// batch is how many answered hand-ins are put away together, so that folders are flushed once for all of them.
	batch = 200
	// maxErrors is how many failed hand-ins a scan reports; if more fail, they fail for one reason.
	maxErrors = 10
)

// Receiver takes what comes in; *engine.Engine is one.
type Receiver interface {
	// Receive stores a hand-in with its documents. The same account and key give the same shipment, whatever became of
	// it. It may be called again for a hand-in that it has stored.
	Receive(ctx context.Context, h engine.HandIn) (engine.Received, error)
	// Result tells what became of the shipment of a hand-in.
	Result(ctx context.Context, shipment string) (engine.Result, error)
	// Event applies a digital event; the same key twice is one event. engine.ErrNotFound: no such shipment;
	// engine.ErrDigitalEvent: the event makes no sense.
	Event(ctx context.Context, e engine.DigitalEvent) error
}

// Account is an account that may hand in.
type Account struct {
	Key      string // names its folders
	MaxBytes int64  // of all documents of a shipment that are to be printed; 0: no limit but MaxHandInBytes
}

// Dir is a drop folder. Its fields must not change once it is in use; its methods may be called from several
// goroutines, and several processes may work on the same folder.
type Dir struct {
	Root     string // must exist
	Accounts []Account
	Receiver Receiver
	Settle   time.Duration    // between two looks at what has no marker; 0: one look is enough (for tests)
	Patience time.Duration    // 0: DefaultPatience; negative: none
	Now      func() time.Time // of shipments and events; nil: the clock. Ages of files are told by the machine's clock

	mu    sync.Mutex
	known map[string]string // account/key → shipment, to ask for results without handing in again

	cut func(step string) error // tests cut off work here
}

// Report tells what a scan did.
type Report struct {
	Taken   int `json:"taken"`   // answered: accepted
	Refused int `json:"refused"` // answered: refused
	Already int `json:"already"` // answered again: a hand-in with this key was put away before
	Waiting int `json:"waiting"` // not complete, or not decided yet
	// Problems are things in the folder that need a person, in English, without personal data.
	Problems []string `json:"problems,omitempty"`
}

// MakeFolders makes the folders under the root that are not there, for these accounts.
func MakeFolders(root string, accounts ...string) error {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return fmt.Errorf("drop folder: %w", err)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return fmt.Errorf("drop folder: %w", err)
	}
	defer r.Close()
	names := []string{eventsDone, eventsWrong}
	for _, a := range accounts {
		names = append(names, path.Join(inbox, a), path.Join(answers, a), path.Join(done, a))
	}
	for _, name := range names {
		if err := r.MkdirAll(name, 0o700); err != nil {
			return fmt.Errorf("drop folder: %w", err)
		}
	}
	return nil
}

// Scan looks through the folder once: it hands in what is complete, answers what is decided and puts it away. Hand-ins
// that fail stay for the next scan and do not stop the others; the error joins theirs (at most ten).
func (d *Dir) Scan(ctx context.Context) (Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[string]string{}
	}
	var rep Report
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		return rep, fmt.Errorf("drop folder: %w", err)
	}
	defer root.Close()

	var all []*handIn
	for _, a := range d.Accounts {
		list, err := listHandIns(root, a, &rep)
		if err != nil {
			return rep, fmt.Errorf("drop folder of account %s: %w", a.Key, err)
		}
		all = append(all, list...)
	}
	there := map[string]bool{}
	for _, h := range all {
		there[h.id()] = true
	}
	maps.DeleteFunc(d.known, func(id, _ string) bool { return !there[id] }) // taken back by their senders
	if err := d.strangers(root, &rep); err != nil {
		return rep, err
	}
	if err := d.settle(ctx, root, all); err != nil {
		return rep, err
	}

	var errs []error
	report := func(h *handIn, err error) {
		switch {
		case errors.Is(err, errChanged), errors.Is(err, errGone):
			rep.Waiting++
		case err != nil:
			rep.Waiting++
			if len(errs) < maxErrors {
				errs = append(errs, fmt.Errorf("hand-in %s: %w", h.shown(), err))
			}
		case h.outcome == refused:
			rep.Refused++
		case h.outcome == already:
			rep.Already++
		default:
			rep.Taken++
		}
	}
	var answered []*handIn
	for _, h := range all {
		if ctx.Err() != nil {
			break
		}
		switch ok, err := d.take(ctx, root, h); {
		case err != nil:
			report(h, err)
		case ok:
			answered = append(answered, h)
		default:
			rep.Waiting++
		}
		if len(answered) == batch {
			d.putAway(root, answered, report)
			answered = nil
		}
	}
	d.putAway(root, answered, report) // also when stopped: they are answered
	if err := ctx.Err(); err != nil {
		return rep, err
	}
	return rep, errors.Join(errs...)
}

// strangers notes folders in the inbox that belong to no account: their hand-ins would lie there for ever.
func (d *Dir) strangers(root *os.Root, rep *Report) error {
	names, err := list(root, inbox, -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("drop folder: %w", err)
	}
	n := 0
	for _, name := range names {
		known := hidden(name)
		for _, a := range d.Accounts {
			known = known || a.Key == name
		}
		if !known {
			n++
		}
	}
	if n > 0 {
		rep.Problems = append(rep.Problems, fmt.Sprintf("%s holds %d entries that are no account of the configuration; nothing in them is taken", inbox, n))
	}
	return nil
}

func (d *Dir) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

func (d *Dir) patience() time.Duration {
	if d.Patience == 0 {
		return DefaultPatience
	}
	return d.Patience
}

func (d *Dir) step(name string) error {
	if d.cut == nil {
		return nil
	}
	return d.cut(name)
}
