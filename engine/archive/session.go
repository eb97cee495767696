package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postgang/engine/archive/database"
	"postgang/engine/archive/erasing"
	"postgang/engine/archive/found"
	"postgang/engine/archive/letters"
	"postgang/engine/archive/machines"
	"postgang/engine/archive/people"
	"postgang/engine/archive/search"
	"postgang/engine/archive/sets"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/archive/sums"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// reader reads in one transaction, and holds what tx writes with.
type reader struct {
	*sqlrow.Rows
	people.Reader
	machines.Watcher
	found.Lookout
	search.Finder
	erasing.Teller
	sums.Keeper
	sets.Counter
	dialect database.Dialect
}

// tx is a write transaction.
type tx struct {
	reader
	people.Writer
	machines.Recorder
	found.Noter
	search.Keeper
	erasing.Eraser
	sets.Setter
	letters.Storer
	now     time.Time
	raw     any
	enqueue func(ctx context.Context, rawTx any, tasks []store.Task) error
	tasks   []store.Task // to be inserted at the end
	// resolved are keys of alarms that are to be closed, see ResolveAlarm.
	resolved []string
	// nothingFound: vendors have no letters that the archive may not know. Nobody can find any while this transaction is under way.
	nothingFound bool
}

var (
	_ store.Reader = (*reader)(nil)
	_ store.Tx     = (*tx)(nil)
)

// Now is the clock of the transaction.
func (t *tx) Now() time.Time { return t.now }

// Enqueue inserts background tasks in this transaction: all of them together at its end.
func (t *tx) Enqueue(_ context.Context, tasks ...store.Task) error {
	if len(tasks) == 0 {
		return nil
	}
	if err := t.Usable(); err != nil {
		return err
	}
	if t.enqueue == nil {
		return errors.New("enqueue: this archive was opened without a queue")
	}
	t.tasks = append(t.tasks, tasks...)
	return nil
}

// enqueueAll inserts the tasks of a transaction.
func (t *tx) enqueueAll(ctx context.Context) error {
	if len(t.tasks) == 0 {
		return nil
	}
	if err := t.Usable(); err != nil {
		return nil // what has failed is told as such
	}
	if err := t.enqueue(ctx, t.raw, t.tasks); err != nil {
		return fmt.Errorf("enqueue: %w", t.Fail(err))
	}
	return nil
}

func newReader(s *sqlrow.Rows, d database.Dialect) *reader {
	return &reader{s, people.NewReader(s), machines.NewWatcher(s, d), found.NewLookout(s), search.NewFinder(s, d), erasing.NewTeller(s), sums.NewKeeper(s), sets.NewCounter(s), d}
}

// What a letter's hand-in asks between what it writes. None of it has to wait for what others of its group have written, unless it is about
// the same letter, or one like it; everything else does.

// Shipment reads a shipment.
func (t *tx) Shipment(ctx context.Context, id string) (s shipment.Shipment, err error) {
	err = t.Reading(id, "", "", func() error {
		s, err = t.reader.Shipment(ctx, id)
		return err
	})
	return s, err
}

// Twin finds a shipment of the same account, reference and content.
func (t *tx) Twin(ctx context.Context, s shipment.Shipment, after time.Time) (id string, err error) {
	err = t.Reading("", "", s.Submission.ExternalReference, func() error {
		id, err = t.reader.Twin(ctx, s, after)
		return err
	})
	return id, err
}

// CountAlike counts shipments that are like another.
func (t *tx) CountAlike(ctx context.Context, id, fingerprint string, since time.Time) (accepted, undecided int, err error) {
	err = t.Reading(id, fingerprint, "", func() error {
		accepted, undecided, err = t.reader.CountAlike(ctx, id, fingerprint, since)
		return err
	})
	return accepted, undecided, err
}

// PreparedAs finds prepared files. What waits to be written takes none away: at the most it names one more letter for the same.
func (t *tx) PreparedAs(ctx context.Context, keys ...string) (made map[string]shipment.Shipment, err error) {
	err = t.Apart(func() error {
		made, err = t.reader.PreparedAs(ctx, keys...)
		return err
	})
	return made, err
}

// FoundLetters lists letters that were found at vendors. There are none, but after a backup was put back: a group asks that once.
func (t *tx) FoundLetters(ctx context.Context, f store.FoundLetter) (out []store.FoundLetter, err error) {
	if t.nothingFound {
		return nil, nil
	}
	err = t.Apart(func() error {
		if t.Gathers() {
			there, err := sqlrow.One(ctx, t.Rows, sqlrow.Scalar[bool], `SELECT EXISTS (SELECT 1 FROM found_letter)`)
			if t.nothingFound = err == nil && !there; err != nil || t.nothingFound {
				return err
			}
		}
		out, err = t.reader.FoundLetters(ctx, f)
		return err
	})
	return out, err
}

// AddFoundLetters stores letters that a vendor has by its own word.
func (t *tx) AddFoundLetters(ctx context.Context, letters ...store.FoundLetter) error {
	t.nothingFound = false
	return t.Noter.AddFoundLetters(ctx, letters...)
}
