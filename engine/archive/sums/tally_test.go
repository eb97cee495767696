package sums_test

import (
	"errors"
	"maps"
	"path/filepath"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/tally"
)

// TestTally holds what is counted together against each shipment of a report: in every status, erased ones with and without a trace of
// what they were, and of some accounts.
func TestTally(t *testing.T) {
	for name, dsn := range map[string]func(t testing.TB) string{
		"SQLite":     func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "a.db") },
		"PostgreSQL": postgrestest.Postgres,
	} {
		t.Run(name, func(t *testing.T) {
			a, err := archive.Open(t.Context(), archive.Config{DSN: dsn(t)})
			if err != nil {
				t.Fatal(err)
			}
			defer a.Close()
			n := 0
			rapid.Check(t, func(rt *rapid.T) {
				ctx := rt.Context()
				err := a.InTx(ctx, func(tx store.Tx) error {
					for range rapid.IntRange(1, 20).Draw(rt, "shipments") {
						n++
						v := counted(rt, n)
						if err := tx.InsertShipment(ctx, v, nil); err != nil {
							return err
						}
						if v.Status == shipment.StatusSlettet && rapid.Bool().Draw(rt, "logged") {
							was := rapid.SampledFrom(shipment.Statuses()).Draw(rt, "was")
							if err := tx.LogErasures(ctx, retention.Erasure{Shipment: v.ID, Account: v.Account, From: was, Why: retention.WhyTime}); err != nil {
								return err
							}
						}
					}
					return nil
				})
				if err == nil {
					from, to := edges().Draw(rt, "from"), edges().Draw(rt, "to")
					err = a.View(ctx, func(r store.Reader) error {
						return tallies(rt, r, from, to, rapid.SampledFrom([][]string{nil, {"a"}, {"a", "b"}}).Draw(rt, "accounts"))
					})
				}
				if err != nil {
					rt.Fatal(err)
				}
			})
		})
	}
}

// counted is a shipment as it may stand.
func counted(rt *rapid.T, n int) shipment.Shipment {
	v := archivetest.Shipment(n)
	v.Account, v.Status = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "account"), rapid.SampledFrom(shipment.Statuses()).Draw(rt, "status")
	v.Submission.Konteringskode = rapid.SampledFrom([]string{"", "0100", "4711"}).Draw(rt, "code")
	v.ReceivedAt = edges().Draw(rt, "received")
	maybe := func(at *time.Time, what string) {
		if *at = (time.Time{}); rapid.Bool().Draw(rt, what) {
			*at = v.ReceivedAt.Add(time.Hour)
		}
	}
	maybe(&v.ReadAt, "read")
	maybe(&v.SentAt, "sent")
	maybe(&v.PostedAt, "posted")
	if rapid.Bool().Draw(rt, "due") {
		v.DueReason = rapid.SampledFrom([]shipment.Reason{shipment.ReasonUnread, shipment.ReasonReserved}).Draw(rt, "reason")
	} else {
		v.DueAt, v.DueReason = time.Time{}, ""
	}
	switch v.Status {
	case shipment.StatusMottatt, shipment.StatusAvvist, shipment.StatusFeiletUnderMotta, shipment.StatusManueltHandtert, shipment.StatusSlettet:
		if rapid.Bool().Draw(rt, "without a file") {
			v.Prepared, v.Facts, v.PreparedKey = shipment.BlobRef{}, nil, ""
		}
	default: // others have one
	}
	return v
}

func tallies(rt *rapid.T, r store.Reader, from, to time.Time, accounts []string) error {
	ctx := rt.Context()
	want, wantRead := map[tally.Letters]int{}, map[tally.Delivered]int{}
	err := r.EachReportShipment(ctx, from, to, accounts, func(s store.ReportShipment) error {
		if s.ReceivedAt.Before(from) || !s.ReceivedAt.Before(to) {
			return nil
		}
		l := tally.Letters{Account: s.Account, Konteringskode: s.Submission.Konteringskode, Status: s.Status}
		l.Paper = !s.SentAt.IsZero() || s.Status == shipment.StatusSendtPrint || s.Status == shipment.StatusPrintet
		if l.Paper {
			l.Reason = s.DueReason
		}
		if s.Status == shipment.StatusSlettet {
			l.Posted, l.Read = !s.PostedAt.IsZero(), !s.ReadAt.IsZero()
		}
		want[l]++
		if (s.Status == shipment.StatusLest || s.Status == shipment.StatusLevertSDP) && s.PostedAt.IsZero() && !s.Prepared.IsZero() {
			wantRead[tally.Delivered{Account: s.Account, Status: s.Status, ReceivedAt: s.ReceivedAt, ReadAt: s.ReadAt, Bytes: s.Prepared.Bytes}]++
		}
		return nil
	})
	got, gotRead := map[tally.Letters]int{}, map[tally.Delivered]int{}
	list, err2 := r.CountLetters(ctx, from, to, accounts)
	for _, l := range list {
		n := l.N
		if l.N = 0; l.Status != shipment.StatusSlettet {
			l.Posted, l.Read = false, false // nobody asks
		}
		got[l] += n
	}
	err3 := r.EachDelivered(ctx, from, to, accounts, func(d tally.Delivered) error { gotRead[d]++; return nil })
	if !maps.Equal(got, want) {
		rt.Fatalf("counted %v\nwant %v", got, want)
	}
	if !maps.Equal(gotRead, wantRead) {
		rt.Fatalf("delivered %v\nwant %v", gotRead, wantRead)
	}
	return errors.Join(err, err2, err3)
}
