package archivetest

import (
	"encoding/json"
	"errors"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// channels: cases come back as they were set, wait in order, and stand beside the letters that may still go either way.
func channels(s *suite) {
	s.put(nil, 1, 2, 3, 4)
	s.put(func(v *shipment.Shipment) { v.Account = "helse" }, 5)
	s.put(func(v *shipment.Shipment) { v.ReadAt, v.DueAt, v.DueReason = T0, time.Time{}, "" }, 6)
	s.put(func(v *shipment.Shipment) { v.DueReason = shipment.ReasonPrintOnly }, 7)
	s.put(func(v *shipment.Shipment) { v.DueAt, v.DueReason = time.Time{}, "" }, 8)
	s.put(func(v *shipment.Shipment) { v.Status = shipment.StatusSendtPrint }, 9)
	s.job(3)

	waits := store.ChannelCase{Shipment: ID(1), Channel: "krr", State: store.ChannelWaits, NextAt: T0.Add(time.Minute)}
	answered := store.ChannelCase{
		Shipment: ID(2), Channel: "krr", Reference: "r-2", State: "DIGITAL", Answer: json.RawMessage(`{"reservasjon":"NEI"}`),
		AskedAt: T0, NextAt: T0.Add(time.Hour), Tries: 2,
	}
	other := store.ChannelCase{Shipment: ID(2), Channel: "altinn", Reference: "r-2", State: "SENDT", AskedAt: T0}
	s.must(func(tx store.Tx) error { return tx.SetChannelCases(s.ctx, waits, answered, other) })
	cases := func(n int) (out []store.ChannelCase) {
		s.Helper()
		s.view(func(r store.Reader) (err error) { out, err = r.ChannelCases(s.ctx, ID(n)); return err })
		return out
	}
	s.same(cases(1), []store.ChannelCase{waits})
	s.same(cases(2), []store.ChannelCase{other, answered})
	s.same(cases(3), []store.ChannelCase{})
	s.view(func(r store.Reader) error {
		c, err := r.ChannelCaseOf(s.ctx, "krr", "r-2")
		s.same(c, answered)
		if _, err := r.ChannelCaseOf(s.ctx, "krr", ""); !errors.Is(err, store.ErrNotFound) {
			s.Fatalf("no reference: %v", err)
		}
		return err
	})

	waiting := func(at time.Time, limit int) (out []store.ChannelLetter) {
		s.Helper()
		s.view(func(r store.Reader) (err error) { out, err = r.WaitingCases(s.ctx, "krr", at, limit); return err })
		return out
	}
	s.same(waiting(T0, 10), []store.ChannelLetter{})
	s.same(waiting(T0.Add(time.Minute), 10), []store.ChannelLetter{{Shipment: s.shipment(1), Case: waits}})
	both := []store.ChannelLetter{{Shipment: s.shipment(1), Case: waits}, {Shipment: s.shipment(2), Case: answered}}
	s.same(waiting(T0.Add(time.Hour), 10), both)
	s.same(waiting(T0.Add(time.Hour), 1), both[:1])
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

	undecided := func(after string, limit int, accounts ...string) (out []store.ChannelLetter) {
		s.Helper()
		s.view(func(r store.Reader) (err error) {
			out, err = r.Undecided(s.ctx, "krr", accounts, after, limit)
			return err
		})
		return out
	}
	four := []store.ChannelLetter{both[0], both[1], {Shipment: s.shipment(4)}, {Shipment: s.shipment(8)}}
	s.same(undecided("", 10, "skole"), four)
	s.same(undecided("", 2, "skole"), four[:2])
	s.same(undecided(ID(2), 10, "skole"), four[2:])
	s.same(undecided("", 10, "helse"), []store.ChannelLetter{{Shipment: s.shipment(5)}})
	s.same(undecided("", 10), []store.ChannelLetter{})

	answered.State, answered.Answer, answered.NextAt, answered.Tries = "RESERVERT", nil, time.Time{}, 0
	s.must(func(tx store.Tx) error { return tx.SetChannelCases(s.ctx, answered) })
	s.same(cases(2), []store.ChannelCase{other, answered})
	s.view(func(r store.Reader) error {
		counts, err := r.CountChannelCases(s.ctx)
		s.same(counts, []store.ChannelCount{{Channel: "altinn", State: "SENDT", Count: 1}, {Channel: "krr", State: "RESERVERT", Count: 1}, {Channel: "krr", State: store.ChannelWaits, Count: 1}})
		return err
	})
	s.refuse(nil, func(tx store.Tx) error {
		return tx.SetChannelCases(s.ctx, store.ChannelCase{Shipment: ID(99), Channel: "krr", State: "X"})
	})
	s.refuse(nil, func(tx store.Tx) error {
		return tx.SetChannelCases(s.ctx, store.ChannelCase{Shipment: ID(1), Channel: "krr", State: "X", Answer: json.RawMessage(`{`)})
	})
}
