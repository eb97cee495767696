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
	"slices"
	"sync"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/shipment"
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
	maxEntries = shipment.MaxDocuments + 20
	// batch is how many answered hand-ins are put away together, so that folders are flushed once for all of them.
	batch = 200
	// answerEvery is how often decided hand-ins are answered while others are taken, and undecidedInARow how many that are
	// not decided end the look at them.
	answerEvery     = time.Second
	undecidedInARow = 32
)

// Receiver takes what comes in; *engine.Engine is one.
type Receiver interface {
	// Receive stores a hand-in with its documents. The same account and key give the same shipment, whatever became of
	// it, and says so when it was another hand-in that it stored. It may be called again for a hand-in that it has stored.
	Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error)
	// Results tells what became of the shipments of hand-ins, by id; of one that is not there nothing.
	Results(ctx context.Context, shipments []string) (map[string]shipment.Result, error)
	// Event applies a digital event; the same key twice is one event. store.ErrNotFound: no such shipment;
	// shipment.ErrDigitalEvent: the event makes no sense.
	Event(ctx context.Context, e shipment.DigitalEvent) error
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
	// Answered, when set, is told each answer as soon as it is durable, with the name of the folder that was handed in. It
	// must not call the Dir.
	Answered func(account, folder string, a Answer)

	mu    sync.Mutex
	known map[string]knownHandIn // account/key: what was handed in already, to ask for results without handing in again
	stuck map[string]stuckHandIn // account/key: answered, and could not be put away
	// stuckEvents are events files that are applied and could not be put away; lists what avvist/ held.
	stuckEvents map[string]stuckEvents
	lists       map[string]refusedLines

	cut    func(step string) error // tests cut off work here
	inTurn bool                    // tests that change the rights of their thread have all done on it
}

// knownHandIn is a hand-in that the receiver has stored, as it was then: if it changes, it is another.
type knownHandIn struct {
	shipment string
	entries  []entry
}

// stuckHandIn is a hand-in that is answered and lies there yet.
type stuckHandIn struct {
	entries []entry
	name    string // of the answer
}

// Report tells what a scan did.
type Report struct {
	Taken   int `json:"taken"`   // answered: accepted
	Refused int `json:"refused"` // answered: refused
	Already int `json:"already"` // answered again: a hand-in with this key was put away before
	Waiting int `json:"waiting"` // not complete, or not decided yet
	// Failed are hand-ins that cannot be taken, or be put away after their answer. They are tried again.
	Failed    int `json:"failed"`
	Misplaced int `json:"misplaced"` // entries at places where nobody takes them
	// Troubles are things in the folder that need a person, as they are now: all of them.
	Troubles []alarm.Trouble `json:"-"`
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

// Scan looks through the folder once: it hands in what is complete, answers what is decided and puts it away. A hand-in,
// folder or account with which something is wrong stays for the next scan, is told among the troubles, and stops no
// other. The error says that the scan was stopped, and then the report is of a part.
func (d *Dir) Scan(ctx context.Context) (Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known, d.stuck = map[string]knownHandIn{}, map[string]stuckHandIn{}
	}
	s := newScan(d)
	defer s.close()
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		s.troubles.place("folder", dropFolder(), pathless(err))
	} else {
		defer root.Close()
		s.root = root
		s.run(ctx)
	}
	s.rep.Troubles = s.troubles.all()
	if s.stop != nil {
		return s.rep, s.stop
	}
	return s.rep, ctx.Err()
}

// Inspect tells what is wrong in the folder now, and takes nothing.
func (d *Dir) Inspect() []alarm.Trouble {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := newScan(d)
	defer s.close()
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		s.troubles.place("folder", dropFolder(), pathless(err))
		return s.troubles.all()
	}
	defer root.Close()
	s.root = root
	for _, h := range s.listAll() {
		s.tryRights(h)
	}
	s.strangers()
	var t troubles
	if _, found, err := eventFiles(root); err != nil {
		t.place(alarm.EventsPlace, folder(events), err)
	} else {
		t.misplacedEvents(found)
	}
	d.refusedLists(root, &t)
	return append(s.troubles.all(), t.all()...)
}

// scan is one scan at work.
type scan struct {
	*Dir
	root     *os.Root
	inboxes  map[string]*os.Root // by account
	folders  map[string]*os.Root // of answers and of what is put away, by their place; see made
	rep      Report
	troubles troubles
	pending  []*handIn // received, and not decided when they were looked at last
	answered []*handIn // answered, and to be put away
	stop     error     // what cut the scan off
}

func newScan(d *Dir) *scan {
	return &scan{Dir: d, inboxes: map[string]*os.Root{}, folders: map[string]*os.Root{}}
}

func (s *scan) close() {
	for _, inn := range s.inboxes {
		inn.Close()
	}
	for _, f := range s.folders {
		f.Close()
	}
}

// there is a folder that many hand-ins of a scan need, kept open: to go down to it for each takes many calls of the system.
func (s *scan) there(dir string) (*os.Root, error) {
	if f := s.folders[dir]; f != nil {
		return f, nil
	}
	f, err := s.root.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	s.folders[dir] = f
	return f, nil
}

// made is the same of a folder that may have to be made.
func (s *scan) made(dir string) (*os.Root, error) {
	if f := s.folders[dir]; f != nil {
		return f, nil
	}
	if err := s.root.MkdirAll(dir, 0o700); err != nil {
		return nil, pathless(err)
	}
	f, err := s.there(dir)
	return f, pathless(err)
}

func (s *scan) run(ctx context.Context) {
	all := s.listAll()
	s.strangers()
	if err := s.settle(ctx, all); err != nil {
		s.stop = err
		return
	}
	// Answers go out while others are still being taken: of 20,000 hand-ins the first is answered within seconds.
	last := time.Now()
	for some := range slices.Chunk(all, receivedAtOnce) {
		if ctx.Err() != nil || s.stop != nil {
			break
		}
		got := s.receiveAll(ctx, some)
		for i, h := range some {
			if s.stop == nil {
				s.note(ctx, h, s.take(ctx, h, got[i]))
			}
		}
		if time.Since(last) > answerEvery {
			s.answerDecided(ctx, undecidedInARow)
			s.putAway()
			last = time.Now()
		}
		if len(s.answered) >= batch {
			s.putAway()
		}
	}
	s.answerDecided(ctx, len(s.pending))
	s.putAway() // also when stopped: they are answered
	s.rep.Waiting += len(s.pending)
}

// listAll lists the hand-ins of all accounts, by turns, so that one with thousands does not keep the others waiting.
func (s *scan) listAll() []*handIn {
	var lists [][]*handIn
	there := map[string]bool{}
	longest := 0
	for _, a := range s.Accounts {
		list, err := s.list(a)
		if err != nil {
			s.troubles.place(path.Join(inbox, a.Key), folder(path.Join(inbox, a.Key)), err)
		}
		for _, h := range list {
			there[h.id()] = true
		}
		lists = append(lists, list)
		longest = max(longest, len(list))
	}
	var all []*handIn
	for i := range longest {
		for _, list := range lists {
			if i < len(list) {
				all = append(all, list[i])
			}
		}
	}
	maps.DeleteFunc(s.known, func(id string, _ knownHandIn) bool { return !there[id] }) // taken back by their senders
	maps.DeleteFunc(s.stuck, func(id string, _ stuckHandIn) bool { return !there[id] })
	return all
}

// note counts what became of a hand-in that is not to be put away.
func (s *scan) note(ctx context.Context, h *handIn, err error) {
	switch {
	case err == nil:
	case errors.As(err, new(cutOff)):
		s.stop = err
	case errors.Is(err, errChanged), errors.Is(err, errGone), errors.Is(err, errWaits), ctx.Err() != nil:
		s.rep.Waiting++
	default:
		s.rep.Failed++
		s.troubles.handIn(h, wrongTake, err)
	}
}

// decidedAtOnce is of how many hand-ins it is asked together what became of them.
const decidedAtOnce = 64

// answerDecided answers those of the pending that are decided by now, and stops looking after so many in a row that are
// not: they are prepared in about the order in which they were handed in.
func (s *scan) answerDecided(ctx context.Context, most int) {
	var still []*handIn
	row := 0
	for some := range slices.Chunk(s.pending, decidedAtOnce) {
		if row > most || ctx.Err() != nil || s.stop != nil {
			still = append(still, some...)
			continue
		}
		ids := make([]string, len(some))
		for i, h := range some {
			ids[i] = h.shipment
		}
		results, err := s.Receiver.Results(ctx, ids)
		for _, h := range some {
			err := err
			if s.stop == nil && err == nil {
				err = s.decide(h, results)
			}
			if s.stop != nil || errors.Is(err, errUndecided) {
				still = append(still, h)
				row++
				continue
			}
			row = 0
			s.note(ctx, h, err)
		}
	}
	s.pending = still
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

// cutOff says that a test cut the work off.
type cutOff struct{ error }

func (c cutOff) Unwrap() error { return c.error }

func (d *Dir) step(name string) error {
	if d.cut == nil {
		return nil
	}
	if err := d.cut(name); err != nil {
		return cutOff{err}
	}
	return nil
}
