// Package findtest is the part of the archive's conformance suite that is about finding shipments.
package findtest

import (
	"context"
	"errors"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Exercise tries all of it. open gives a new, empty archive each time.
func Exercise(t *testing.T, open func(t testing.TB) store.Archive) {
	for name, run := range map[string]func(*suite){
		"lists": lists, "identifiers": identified, "persons": persons, "counts": counted,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			t.Cleanup(func() {
				if err := a.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			run(&suite{TB: t, ctx: t.Context(), a: a})
		})
	}
}

// suite is one test with a fresh archive.
type suite struct {
	testing.TB
	ctx context.Context
	a   store.Archive
}

func (s *suite) tx(fn func(tx store.Tx) error) error { return s.a.InTx(s.ctx, fn) }

func (s *suite) must(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.tx(fn); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) view(fn func(r store.Reader) error) {
	s.Helper()
	if err := s.a.View(s.ctx, fn); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) refuse(want error, fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.tx(fn); !errors.Is(err, want) {
		s.Errorf("error %v, want %v", err, want)
	}
}

func (s *suite) same(got, want any) {
	s.Helper()
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Fatalf("differs (-want +got):\n%s", d)
	}
}

// put inserts shipments as archivetest makes them, changed by fn.
func (s *suite) put(fn func(*shipment.Shipment), numbers ...int) {
	s.Helper()
	s.must(func(tx store.Tx) error {
		for _, n := range numbers {
			v := archivetest.Shipment(n)
			if fn != nil {
				fn(&v)
			}
			if err := tx.InsertShipment(s.ctx, v, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// job inserts a job with letters and returns its id.
func (s *suite) job(shipments ...int) (id string) {
	s.Helper()
	s.must(func(tx store.Tx) (err error) {
		if id, err = tx.NextJobID(s.ctx); err != nil {
			return err
		}
		j, letters := archivetest.Job(id, shipments...)
		return tx.InsertJob(s.ctx, j, letters)
	})
	return id
}

func ids(ss []shipment.Shipment) (out []string) {
	for _, s := range ss {
		out = append(out, s.ID)
	}
	return out
}
