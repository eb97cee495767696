package archive

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/find"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestWrittenTogether: what members of a group write together is what each would have written by itself, and each reads what it, or another,
// has written before.
func TestWrittenTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		ctx := t.Context()
		// One world has odd numbers and is written one by one, the other even ones; so the two are compared in one archive.
		var seen [2][]string
		for world, gathers := range []bool{false, true} {
			err := a.write(ctx, alone, func(tx *tx) error {
				if gathers {
					tx.Gather()
				}
				said, err := handInAndDecide(ctx, tx, func(n int) int { return 2*n + world })
				seen[world] = said
				return err
			})
			if err != nil {
				t.Fatalf("gathers %v: %v", gathers, err)
			}
			after, err := store.View(ctx, a, func(r store.Reader) ([]string, error) {
				return told(ctx, r, func(n int) int { return 2*n + world })
			})
			if err != nil {
				t.Fatal(err)
			}
			seen[world] = append(seen[world], after...)
		}
		if len(seen[0]) < 20 {
			t.Fatalf("only %d things were seen", len(seen[0]))
		}
		for i := range seen[0] {
			if seen[0][i] != seen[1][i] {
				t.Errorf("one by one: %s\ntogether:   %s", seen[0][i], seen[1][i])
			}
		}
	})
}

// handInAndDecide writes some letters in one transaction, reads in between, and tells what was read.
func handInAndDecide(ctx context.Context, tx store.Tx, number func(n int) int) (seen []string, err error) {
	say := func(format string, args ...any) { seen = append(seen, fmt.Sprintf(format, args...)) }
	letter := func(n int) shipment.Shipment {
		s := archivetest.Shipment(number(n))
		s.Status, s.Fingerprint = shipment.StatusMottatt, fmt.Sprint("f", number(1), n%3)
		s.Submission.ExternalReference, s.Content = fmt.Sprint("ref", number(1), n%2), archivetest.Sha(n%3)
		return s
	}
	for n := range 11 {
		s := letter(n)
		twin, err := tx.Twin(ctx, s, archivetest.T0.Add(-1000*time.Hour))
		if err != nil {
			return nil, err
		}
		for m := range n {
			if twin == archivetest.ID(number(m)) {
				twin = fmt.Sprint(m)
			}
		}
		say("letter %d: its twin is %q", n, twin)
		if _, err := tx.FoundLetters(ctx, store.FoundLetter{Shipment: s.ID}); err != nil {
			return nil, err
		}
		person := find.Person{Shipment: s.ID, Account: s.Account, Words: shipment.Private(fmt.Sprintf("navnesen%dx%02d", number(1), n))}
		err = errors.Join(tx.InsertShipment(ctx, s, []shipment.Document{archivetest.Document(number(n), 0), archivetest.Document(number(n), 1)}),
			tx.PutPersons(ctx, person),
			tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: archivetest.T0, Kind: shipment.EventReceived, To: s.Status}))
		if err != nil {
			return nil, err
		}
	}
	for n := range 11 {
		s, err := tx.Shipment(ctx, archivetest.ID(number(n)))
		if err != nil {
			return nil, err
		}
		accepted, undecided, err := tx.CountAlike(ctx, s.ID, s.Fingerprint, archivetest.T0.Add(-1000*time.Hour))
		if err != nil {
			return nil, err
		}
		say("letter %d: %s, version %d, alike %d and %d", n, s.Status, s.Version, accepted, undecided)
		s.Status, s.Hold = shipment.StatusAkseptert, ""
		if n%4 == 1 {
			s.Status, s.Facts, s.Prepared, s.PreparedKey = shipment.StatusAvvist, nil, shipment.BlobRef{}, ""
		}
		if err := errors.Join(tx.UpdateShipment(ctx, s), tx.ResolveAlarm(ctx, "events:"+s.ID)); err != nil {
			return nil, err
		}
		if n == 5 { // the same once more, from what was just written
			s.Version++
			s.DueAt = s.DueAt.Add(time.Hour)
			if err := tx.UpdateShipment(ctx, s); err != nil {
				return nil, err
			}
		}
		if n == 7 {
			got, err := tx.Shipment(ctx, s.ID)
			if err != nil {
				return nil, err
			}
			say("letter 7 is %s, version %d", got.Status, got.Version)
		}
		if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: archivetest.T0, Kind: shipment.EventStatus, From: shipment.StatusMottatt, To: s.Status}); err != nil {
			return nil, err
		}
	}
	return seen, nil
}

// told is what an archive says of letters.
func told(ctx context.Context, r store.Reader, number func(n int) int) (seen []string, err error) {
	for n := range 11 {
		s, err := r.Shipment(ctx, archivetest.ID(number(n)))
		if err != nil {
			return nil, err
		}
		docs, err := r.Documents(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		history, err := r.History(ctx, s.ID)
		if err != nil {
			return nil, err
		}
		persons, err := r.ShipmentsOfPerson(ctx, find.PersonQuery{Words: []shipment.Private{shipment.Private(fmt.Sprintf("navnesen%dx%02d", number(1), n))}}, find.Filter{Account: s.Account})
		if err != nil {
			return nil, err
		}
		if len(persons) != 1 {
			return nil, fmt.Errorf("letter %d: %d are found by the name of its recipient", n, len(persons))
		}
		line := fmt.Sprintf("letter %d: %s, version %d, due %s, prepared %v, %d documents, history", n, s.Status, s.Version, s.DueAt, s.Facts != nil, len(docs))
		for _, e := range history {
			line += " " + e.Kind + " " + string(e.To)
		}
		seen = append(seen, line)
	}
	return seen, nil
}

// TestStaleTogether: who changes a letter that was changed meanwhile is told so, also at the transaction's end, and nothing is written.
func TestStaleTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		ctx := t.Context()
		err := a.InTx(ctx, func(tx store.Tx) error {
			return errors.Join(tx.InsertShipment(ctx, archivetest.Shipment(1), nil), tx.InsertShipment(ctx, archivetest.Shipment(2), nil))
		})
		if err != nil {
			t.Fatal(err)
		}
		err = a.write(ctx, beside, func(tx *tx) error {
			tx.Gather()
			for n := 1; n <= 2; n++ {
				s, err := tx.Shipment(ctx, archivetest.ID(n))
				if err != nil {
					return err
				}
				s.Status = shipment.StatusVarslet
				s.Version -= int64(n - 1)
				if err := tx.UpdateShipment(ctx, s); err != nil {
					return err
				}
			}
			return nil
		})
		if !errors.Is(err, store.ErrStale) {
			t.Errorf("a stale letter among others: %v", err)
		}
		s, err := store.View(ctx, a, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, archivetest.ID(1)) })
		if err != nil || s.Status != shipment.StatusAkseptert {
			t.Errorf("the other letter is %s, %v", s.Status, err)
		}
	})
}
