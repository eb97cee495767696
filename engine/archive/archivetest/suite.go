package archivetest

import (
	"context"
	"errors"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Suite is one test with a fresh archive.
type Suite struct {
	testing.TB
	Ctx     context.Context
	Archive store.Archive
}

// InTx runs fn in a transaction.
func (s *Suite) InTx(fn func(tx store.Tx) error) error { return s.Archive.InTx(s.Ctx, fn) }

// Must runs fn in a transaction, and ends the test when it fails.
func (s *Suite) Must(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.InTx(fn); err != nil {
		s.Fatal(err)
	}
}

// View runs fn on a snapshot, and ends the test when it fails.
func (s *Suite) View(fn func(r store.Reader) error) {
	s.Helper()
	if err := s.Archive.View(s.Ctx, fn); err != nil {
		s.Fatal(err)
	}
}

// Refuse runs fn and wants a certain error (nil: any), and that nothing of it was kept.
func (s *Suite) Refuse(want error, fn func(tx store.Tx) error) {
	s.Helper()
	err := s.InTx(fn)
	if err == nil {
		s.Fatalf("no error, want %v", want)
	}
	if want != nil && !errors.Is(err, want) {
		s.Fatalf("error %v, want %v", err, want)
	}
}

// Same ends the test unless two values are the same; nothing and an empty list are.
func (s *Suite) Same(got, want any) {
	s.Helper()
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Fatalf("differs (-want +got):\n%s", d)
	}
}

// Put inserts shipments as Shipment makes them, changed by fn.
func (s *Suite) Put(fn func(*shipment.Shipment), numbers ...int) {
	s.Helper()
	s.Must(func(tx store.Tx) error {
		for _, n := range numbers {
			v := Shipment(n)
			if fn != nil {
				fn(&v)
			}
			if err := tx.InsertShipment(s.Ctx, v, nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// Job inserts a job with letters and returns its id.
func (s *Suite) Job(shipments ...int) string {
	s.Helper()
	var id string
	s.Must(func(tx store.Tx) (err error) {
		if id, err = tx.NextJobID(s.Ctx); err != nil {
			return err
		}
		j, ls := Job(id, shipments...)
		return tx.InsertJob(s.Ctx, j, ls)
	})
	return id
}

// Shipment reads a shipment by its number.
func (s *Suite) Shipment(n int) (v shipment.Shipment) {
	s.Helper()
	s.View(func(r store.Reader) (err error) { v, err = r.Shipment(s.Ctx, ID(n)); return err })
	return v
}
