// Package channeltest is the part of the archive's conformance suite that is about letters in digital channels.
package channeltest

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Exercise tries what channel.Reader and channel.Writer promise, on a new, empty archive: cases come back as they were set, wait in
// order, and stand beside the letters that may still go either way.
func Exercise(t testing.TB, a store.Archive) {
	s := &archivetest.Suite{TB: t, Ctx: t.Context(), Archive: a}
	s.Put(nil, 1, 2, 3, 4)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse" }, 5)
	s.Put(func(v *shipment.Shipment) { v.ReadAt, v.DueAt, v.DueReason = archivetest.T0, time.Time{}, "" }, 6)
	s.Put(func(v *shipment.Shipment) { v.DueReason = shipment.ReasonPrintOnly }, 7)
	s.Put(func(v *shipment.Shipment) { v.DueAt, v.DueReason = time.Time{}, "" }, 8)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusSendtPrint }, 9)
	s.Must(func(tx store.Tx) error {
		j, letters := archivetest.Job("TEST000001", 3)
		return tx.InsertJob(s.Ctx, j, letters)
	})

	waits := channel.Case{Shipment: archivetest.ID(1), Channel: "krr", State: channel.Waits, NextAt: archivetest.T0.Add(time.Minute)}
	answered := channel.Case{
		Shipment: archivetest.ID(2), Channel: "krr", Reference: "r-2", State: "DIGITAL", Answer: json.RawMessage(`{"reservasjon":"NEI"}`),
		AskedAt: archivetest.T0, NextAt: archivetest.T0.Add(time.Hour), Tries: 2,
	}
	other := channel.Case{Shipment: archivetest.ID(2), Channel: "altinn", Reference: "r-2", State: "SENDT", AskedAt: archivetest.T0}
	s.Must(func(tx store.Tx) error { return tx.SetChannelCases(s.Ctx, waits, answered, other) })
	cases := func(n int) (out []channel.Case) {
		s.Helper()
		s.View(func(r store.Reader) (err error) { out, err = r.ChannelCases(s.Ctx, archivetest.ID(n)); return err })
		return out
	}
	s.Same(cases(1), []channel.Case{waits})
	s.Same(cases(2), []channel.Case{other, answered})
	s.Same(cases(3), []channel.Case{})
	s.View(func(r store.Reader) error {
		got, err := r.ChannelCasesOf(s.Ctx, []string{archivetest.ID(3), archivetest.ID(2), archivetest.ID(1)})
		s.Same(got, []channel.Case{waits, other, answered})
		return err
	})
	s.View(func(r store.Reader) error {
		got, err := r.ChannelCasesOf(s.Ctx, nil)
		s.Same(len(got), 0)
		return err
	})
	s.View(func(r store.Reader) error {
		c, err := r.ChannelCaseOf(s.Ctx, "krr", "r-2")
		s.Same(c, answered)
		if _, err := r.ChannelCaseOf(s.Ctx, "krr", ""); !errors.Is(err, store.ErrNotFound) {
			s.Fatalf("no reference: %v", err)
		}
		return err
	})

	waiting := func(at time.Time, limit int) (out []channel.Letter) {
		s.Helper()
		s.View(func(r store.Reader) (err error) { out, err = r.WaitingCases(s.Ctx, "krr", at, limit); return err })
		return out
	}
	s.Same(waiting(archivetest.T0, 10), []channel.Letter{})
	s.Same(waiting(archivetest.T0.Add(time.Minute), 10), []channel.Letter{{Shipment: s.Shipment(1), Case: waits}})
	both := []channel.Letter{{Shipment: s.Shipment(1), Case: waits}, {Shipment: s.Shipment(2), Case: answered}}
	s.Same(waiting(archivetest.T0.Add(time.Hour), 10), both)
	s.Same(waiting(archivetest.T0.Add(time.Hour), 1), both[:1])
	next := func(channel string, want time.Time) {
		s.Helper()
		s.View(func(r store.Reader) error {
			at, err := r.NextCase(s.Ctx, channel)
			s.Same(at, want)
			return err
		})
	}
	next("krr", waits.NextAt)
	next("altinn", time.Time{})
	next("nobody", time.Time{})

	undecided := func(after string, limit int, accounts ...string) (out []channel.Letter) {
		s.Helper()
		s.View(func(r store.Reader) (err error) {
			out, err = r.Undecided(s.Ctx, "krr", accounts, after, limit)
			return err
		})
		return out
	}
	four := []channel.Letter{both[0], both[1], {Shipment: s.Shipment(4)}, {Shipment: s.Shipment(8)}}
	s.Same(undecided("", 10, "skole"), four)
	s.Same(undecided("", 2, "skole"), four[:2])
	s.Same(undecided(archivetest.ID(2), 10, "skole"), four[2:])
	s.Same(undecided("", 10, "helse"), []channel.Letter{{Shipment: s.Shipment(5)}})
	s.Same(undecided("", 10), []channel.Letter{})

	answered.State, answered.Answer, answered.NextAt, answered.Tries = "RESERVERT", nil, time.Time{}, 0
	s.Must(func(tx store.Tx) error { return tx.SetChannelCases(s.Ctx, answered) })
	s.Same(cases(2), []channel.Case{other, answered})
	s.View(func(r store.Reader) error {
		counts, err := r.CountChannelCases(s.Ctx)
		s.Same(counts, []channel.Count{{Channel: "altinn", State: "SENDT", Count: 1}, {Channel: "krr", State: "RESERVERT", Count: 1}, {Channel: "krr", State: channel.Waits, Count: 1}})
		return err
	})
	s.Refuse(nil, func(tx store.Tx) error {
		return tx.SetChannelCases(s.Ctx, channel.Case{Shipment: archivetest.ID(99), Channel: "krr", State: "X"})
	})
	s.Refuse(nil, func(tx store.Tx) error {
		return tx.SetChannelCases(s.Ctx, channel.Case{Shipment: archivetest.ID(1), Channel: "krr", State: "X", Answer: json.RawMessage(`{`)})
	})
}
