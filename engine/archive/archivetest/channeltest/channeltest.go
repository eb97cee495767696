// Package channeltest is the part of the archive's conformance suite that is about letters in digital channels.
package channeltest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postgang/engine/archive/archivetest"
	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// suite is one test with a fresh archive.
type suite struct {
	testing.TB
	ctx context.Context
	a   store.Archive
}

func (s *suite) must(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.a.InTx(s.ctx, fn); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) refuse(fn func(tx store.Tx) error) {
	s.Helper()
	if s.a.InTx(s.ctx, fn) == nil {
		s.Error("was stored")
	}
}

func (s *suite) view(fn func(r store.Reader) error) {
	s.Helper()
	if err := s.a.View(s.ctx, fn); err != nil {
		s.Fatal(err)
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

func (s *suite) shipment(n int) (v shipment.Shipment) {
	s.Helper()
	s.view(func(r store.Reader) (err error) { v, err = r.Shipment(s.ctx, archivetest.ID(n)); return err })
	return v
}

// Exercise tries what channel.Reader and channel.Writer promise, on a new, empty archive: cases come back as they were set, wait in
// order, and stand beside the letters that may still go either way.
func Exercise(t testing.TB, a store.Archive) {
	s := &suite{t, t.Context(), a}
	s.put(nil, 1, 2, 3, 4)
	s.put(func(v *shipment.Shipment) { v.Account = "helse" }, 5)
	s.put(func(v *shipment.Shipment) { v.ReadAt, v.DueAt, v.DueReason = archivetest.T0, time.Time{}, "" }, 6)
	s.put(func(v *shipment.Shipment) { v.DueReason = shipment.ReasonPrintOnly }, 7)
	s.put(func(v *shipment.Shipment) { v.DueAt, v.DueReason = time.Time{}, "" }, 8)
	s.put(func(v *shipment.Shipment) { v.Status = shipment.StatusSendtPrint }, 9)
	s.must(func(tx store.Tx) error {
		j, letters := archivetest.Job("TEST000001", 3)
		return tx.InsertJob(s.ctx, j, letters)
	})

	waits := channel.Case{Shipment: archivetest.ID(1), Channel: "krr", State: channel.Waits, NextAt: archivetest.T0.Add(time.Minute)}
	answered := channel.Case{
		Shipment: archivetest.ID(2), Channel: "krr", Reference: "r-2", State: "DIGITAL", Answer: json.RawMessage(`{"reservasjon":"NEI"}`),
		AskedAt: archivetest.T0, NextAt: archivetest.T0.Add(time.Hour), Tries: 2,
	}
	other := channel.Case{Shipment: archivetest.ID(2), Channel: "altinn", Reference: "r-2", State: "SENDT", AskedAt: archivetest.T0}
	s.must(func(tx store.Tx) error { return tx.SetChannelCases(s.ctx, waits, answered, other) })
	cases := func(n int) (out []channel.Case) {
		s.Helper()
		s.view(func(r store.Reader) (err error) { out, err = r.ChannelCases(s.ctx, archivetest.ID(n)); return err })
		return out
	}
	s.same(cases(1), []channel.Case{waits})
	s.same(cases(2), []channel.Case{other, answered})
	s.same(cases(3), []channel.Case{})
	s.view(func(r store.Reader) error {
		got, err := r.ChannelCasesOf(s.ctx, []string{archivetest.ID(3), archivetest.ID(2), archivetest.ID(1)})
		s.same(got, []channel.Case{waits, other, answered})
		return err
	})
	s.view(func(r store.Reader) error {
		got, err := r.ChannelCasesOf(s.ctx, nil)
		s.same(len(got), 0)
		return err
	})
	s.view(func(r store.Reader) error {
		c, err := r.ChannelCaseOf(s.ctx, "krr", "r-2")
		s.same(c, answered)
		if _, err := r.ChannelCaseOf(s.ctx, "krr", ""); !errors.Is(err, store.ErrNotFound) {
			s.Fatalf("no reference: %v", err)
		}
		return err
	})

	waiting := func(at time.Time, limit int) (out []channel.Letter) {
		s.Helper()
		s.view(func(r store.Reader) (err error) { out, err = r.WaitingCases(s.ctx, "krr", at, limit); return err })
		return out
	}
	s.same(waiting(archivetest.T0, 10), []channel.Letter{})
	s.same(waiting(archivetest.T0.Add(time.Minute), 10), []channel.Letter{{Shipment: s.shipment(1), Case: waits}})
	both := []channel.Letter{{Shipment: s.shipment(1), Case: waits}, {Shipment: s.shipment(2), Case: answered}}
	s.same(waiting(archivetest.T0.Add(time.Hour), 10), both)
	s.same(waiting(archivetest.T0.Add(time.Hour), 1), both[:1])
	next := func(channel string, want time.Time) {
		s.Helper()
		s.view(func(r store.Reader) error {
			at, err := r.NextCase(s.ctx, channel)
			s.same(at, want)
			return err
		})
	}
	next("krr", waits.NextAt)
	next("altinn", time.Time{})
	next("nobody", time.Time{})

	undecided := func(after string, limit int, accounts ...string) (out []channel.Letter) {
		s.Helper()
		s.view(func(r store.Reader) (err error) {
			out, err = r.Undecided(s.ctx, "krr", accounts, after, limit)
			return err
		})
		return out
	}
	four := []channel.Letter{both[0], both[1], {Shipment: s.shipment(4)}, {Shipment: s.shipment(8)}}
	s.same(undecided("", 10, "skole"), four)
	s.same(undecided("", 2, "skole"), four[:2])
	s.same(undecided(archivetest.ID(2), 10, "skole"), four[2:])
	s.same(undecided("", 10, "helse"), []channel.Letter{{Shipment: s.shipment(5)}})
	s.same(undecided("", 10), []channel.Letter{})

	answered.State, answered.Answer, answered.NextAt, answered.Tries = "RESERVERT", nil, time.Time{}, 0
	s.must(func(tx store.Tx) error { return tx.SetChannelCases(s.ctx, answered) })
	s.same(cases(2), []channel.Case{other, answered})
	s.view(func(r store.Reader) error {
		counts, err := r.CountChannelCases(s.ctx)
		s.same(counts, []channel.Count{{Channel: "altinn", State: "SENDT", Count: 1}, {Channel: "krr", State: "RESERVERT", Count: 1}, {Channel: "krr", State: channel.Waits, Count: 1}})
		return err
	})
	s.refuse(func(tx store.Tx) error {
		return tx.SetChannelCases(s.ctx, channel.Case{Shipment: archivetest.ID(99), Channel: "krr", State: "X"})
	})
	s.refuse(func(tx store.Tx) error {
		return tx.SetChannelCases(s.ctx, channel.Case{Shipment: archivetest.ID(1), Channel: "krr", State: "X", Answer: json.RawMessage(`{`)})
	})
}
