package findtest

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/find"
	"postgang/engine/scoped"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Lists holds lists of shipments by many filters against a plain selection of all. a must be empty.
func Lists(t testing.TB, a store.Archive) {
	t.Helper()
	lists(&archivetest.Suite{TB: t, Ctx: t.Context(), Archive: a})
}

func lists(s *archivetest.Suite) {
	const many = 120
	jobs := map[string][]string{} // of shipments
	names := []string{"none"}
	s.Must(func(tx store.Tx) error {
		for n := 1; n <= many; n++ {
			if err := tx.InsertShipment(s.Ctx, findable(n), nil); err != nil {
				return err
			}
		}
		return nil
	})
	for _, letters := range [][]int{{1, 2, 3, 50, 60}, {4, 5}, {70, 71, 119}} {
		id := s.Job(letters...)
		names = append(names, id)
		for _, n := range letters {
			jobs[archivetest.ID(n)] = append(jobs[archivetest.ID(n)], id)
		}
	}
	var all []shipment.Shipment
	s.View(func(r store.Reader) (err error) { all, err = r.Shipments(s.Ctx, store.ShipmentFilter{}); return err })
	if len(all) != many {
		s.Fatalf("%d shipments", len(all))
	}
	rapid.Check(s, func(rt *rapid.T) {
		f := drawFilter(rt, names)
		want := selected(all, f, jobs)
		err := s.Archive.View(s.Ctx, func(r store.Reader) error {
			got, err := r.Shipments(s.Ctx, f)
			if !slices.Equal(ids(got), ids(want)) {
				rt.Fatalf("%+v in scope %+v\ngives %v\nwant  %v", f, f.Scope, ids(got), ids(want))
			}
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
	within(s, all)
}

// findable is a shipment that shares each of its fields with some others.
func findable(n int) shipment.Shipment {
	v := archivetest.Shipment(n)
	pick := func(k int, list ...string) string { return list[n/k%len(list)] }
	v.Account = pick(1, "skole", "helse", "skole", "plan", "skole")
	v.Status = shipment.Status(pick(3, "AKSEPTERT", "VARSLET", "LEST", "SENDT_PRINT"))
	v.Submission.SendingSystem = pick(2, "ePhorte", "Acos", "", "ePhorte", "Elements")
	v.Submission.Konteringskode = pick(5, "0412", "4711", "0412", "9000", "")
	v.Submission.ExternalReference = pick(4, "sak 1", "", "sak 2")
	v.DueReason = shipment.Reason(pick(7, "ULEST", "RESERVERT", "KUN_PRINT"))
	v.Hold = pick(1, "", "", "", "", "", "", "", "oppsett", "", "", "kostnad")
	v.ReceivedAt = archivetest.T0.Add(time.Duration(n*7919%40) * time.Hour) // three at a time
	v.DueAt = v.ReceivedAt.Add(time.Duration(n%9) * time.Hour)
	if n%6 == 0 {
		v.Submission.DigitalOnly = true
		v.DueAt, v.DueReason = time.Time{}, ""
		v.Status = shipment.StatusVarslet
	}
	if n%4 == 0 {
		v.PostedAt = v.ReceivedAt.Add(50 * time.Hour)
	}
	return v
}

func drawFilter(rt *rapid.T, jobs []string) store.ShipmentFilter {
	some := func(label string) bool { return rapid.IntRange(0, 3).Draw(rt, label) == 0 }
	period := func(label string) (p find.Period) {
		if !some(label) {
			return p
		}
		p.From = archivetest.T0.Add(time.Duration(rapid.IntRange(0, 60).Draw(rt, label+" from")) * time.Hour)
		p.To = p.From.Add(time.Duration(rapid.IntRange(0, 40).Draw(rt, label+" to")) * time.Hour)
		if some(label + " open") {
			p.From = time.Time{}
		} else if some(label + " open end") {
			p.To = time.Time{}
		}
		return p
	}
	word := func(label string, words ...string) string {
		if !some(label) {
			return ""
		}
		return rapid.SampledFrom(words).Draw(rt, label)
	}
	f := store.ShipmentFilter{
		Account: word("account", "skole", "helse", "ingen"), Held: some("held"), Hold: word("hold", "oppsett", "x"), DigitalOnly: some("digital"),
		Konteringskode: word("code", "0412", "9000", "1"), Job: word("job", jobs...),
		Received: period("received"), Due: period("due"), Posted: period("posted"),
		Newest: rapid.Bool().Draw(rt, "newest"), Limit: rapid.SampledFrom([]int{0, 1, 7, 500}).Draw(rt, "limit"),
	}
	if f.Account != "" {
		f.Reference = word("reference", "sak 1", "sak")
	}
	if some("system") {
		f.Systems = rapid.SliceOfN(rapid.SampledFrom([]string{"ePhorte", "Acos", "Ingen"}), 1, 3).Draw(rt, "systems")
	}
	if some("status") {
		f.Statuses = rapid.SliceOfN(rapid.SampledFrom(shipment.Statuses()), 1, 4).Draw(rt, "statuses")
	}
	if some("reason") {
		f.Reasons = rapid.SliceOfN(rapid.SampledFrom([]shipment.Reason{shipment.ReasonUnread, shipment.ReasonPrintOnly}), 1, 2).Draw(rt, "reasons")
	}
	if some("scoped") {
		f.Scope = &access.Scope{All: some("all"), Accounts: rapid.SliceOfN(rapid.SampledFrom([]string{"helse", "plan", "skole", "x"}), 0, 3).Draw(rt, "scope")}
	}
	if some("after") {
		f.After = archivetest.ID(rapid.IntRange(1, 120).Draw(rt, "after id"))
	}
	return f
}

// selected is what a filter must give, in order.
func selected(all []shipment.Shipment, f store.ShipmentFilter, jobs map[string][]string) (out []shipment.Shipment) {
	in := func(p find.Period, at time.Time) bool {
		return p.IsZero() || !at.IsZero() && (p.From.IsZero() || !at.Before(p.From)) && (p.To.IsZero() || at.Before(p.To))
	}
	newest := func(a, b shipment.Shipment) int {
		return cmp.Or(b.ReceivedAt.Compare(a.ReceivedAt), cmp.Compare(b.ID, a.ID))
	}
	var after shipment.Shipment
	for _, s := range all {
		if s.ID == f.After {
			after = s
		}
	}
	for _, s := range all {
		is := func(v, want string) bool { return want == "" || v == want }
		if (f.Scope == nil || f.Scope.Has(s.Account)) && is(s.Account, f.Account) && (len(f.Statuses) == 0 || slices.Contains(f.Statuses, s.Status)) &&
			(!f.Held || s.Hold != "") && is(s.Hold, f.Hold) && (!f.DigitalOnly || s.Submission.DigitalOnly) && is(s.Submission.ExternalReference, f.Reference) &&
			(len(f.Systems) == 0 || slices.Contains(f.Systems, s.Submission.SendingSystem)) && is(s.Submission.Konteringskode, f.Konteringskode) &&
			(len(f.Reasons) == 0 || slices.Contains(f.Reasons, s.DueReason)) && (f.Job == "" || slices.Contains(jobs[s.ID], f.Job)) &&
			in(f.Received, s.ReceivedAt) && in(f.Due, s.DueAt) && in(f.Posted, s.PostedAt) &&
			(f.After == "" || f.Newest && newest(s, after) > 0 || !f.Newest && s.ID > f.After) {
			out = append(out, s)
		}
	}
	if f.Newest {
		slices.SortFunc(out, newest)
	}
	if f.Limit > 0 && len(out) > f.Limit {
		out = out[:f.Limit]
	}
	return out
}

// within: what is out of scope is not there.
func within(s *archivetest.Suite, all []shipment.Shipment) {
	s.View(func(r store.Reader) error {
		for name, scope := range map[string]access.Scope{"none": {}, "some": {Accounts: []string{"helse", "plan"}}, "all": {All: true}} {
			w := scoped.New(r, scope)
			list, err := w.Shipments(s.Ctx, store.ShipmentFilter{Newest: true, Limit: 1000})
			if err != nil {
				return err
			}
			want := selected(all, store.ShipmentFilter{Newest: true, Scope: &scope}, nil)
			if !slices.Equal(ids(list), ids(want)) {
				s.Errorf("%s: %d shipments, want %d", name, len(list), len(want))
			}
			counts, err := w.CountShipments(s.Ctx)
			held, err2 := w.CountHeld(s.Ctx)
			n, set, wantSet := 0, 0, 0
			for _, c := range counts {
				n += c.Count
			}
			for _, c := range held {
				set += c
			}
			for _, v := range want {
				if v.Hold != "" {
					wantSet++
				}
			}
			if err != nil || err2 != nil || n != len(want) || set != wantSet {
				s.Errorf("%s: counts %d and %d (%v, %v), want %d and %d", name, n, set, err, err2, len(want), wantSet)
			}
			for _, v := range all[:10] {
				there := scope.Has(v.Account)
				_, err := w.Shipment(s.Ctx, v.ID)
				_, err2 := w.ShipmentByHandIn(s.Ctx, v.Account, v.HandIn)
				_, err3 := w.History(s.Ctx, v.ID)
				_, err4 := w.Documents(s.Ctx, v.ID)
				_, err5 := w.JobsOf(s.Ctx, v.ID)
				if is := fmt.Sprint(err == nil, err2 == nil, err3 == nil, err4 == nil, err5 == nil); is != fmt.Sprint(there, there, there, there, there) {
					s.Errorf("%s: shipment of %s is there %s", name, v.Account, is)
				}
				if !there && !(errors.Is(err, store.ErrNotFound) && errors.Is(err2, store.ErrNotFound) && errors.Is(err3, store.ErrNotFound)) {
					s.Errorf("%s: %v, %v, %v, want ErrNotFound", name, err, err2, err3)
				}
			}
		}
		return nil
	})
}
