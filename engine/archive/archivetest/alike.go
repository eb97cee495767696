package archivetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Clock is a clock that only Alike moves, so that two archives record the same times.
type Clock struct{ ms atomic.Int64 }

// NewClock starts at T0.
func NewClock() *Clock {
	c := &Clock{}
	c.ms.Store(T0.UnixMilli())
	return c
}

// Now is the time of the clock.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.ms.Load()) }

// errUndo rolls a transaction of Alike back.
var errUndo = errors.New("undo")

// act is one call of a random sequence. It returns what the archive answered.
type act struct {
	name string
	do   func(ctx context.Context, tx store.Tx) (any, error)
}

// Alike does random sequences of operations to two archives and wants the same answers, errors and contents of both.
// They must be empty, use clock, and have the same installation.
func Alike(t *testing.T, clock *Clock, a, b store.Archive) {
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		g := &generator{rt: rt, base: round * 1000, account: fmt.Sprintf("konto%d", round)}
		for i := range rapid.IntRange(5, 15).Draw(rt, "transactions") {
			clock.ms.Add(rapid.Int64Range(0, 5000).Draw(rt, "ms"))
			var acts []act
			if i == 0 {
				acts = g.begin(clock.Now())
			} else {
				for range rapid.IntRange(1, 3).Draw(rt, "acts") {
					acts = append(acts, g.act(clock.Now()))
				}
			}
			undo := rapid.IntRange(0, 7).Draw(rt, "undo") == 0
			if d := gocmp.Diff(g.run(t.Context(), a, acts, undo), g.run(t.Context(), b, acts, undo)); d != "" {
				rt.Fatalf("answers differ (-first +second):\n%s", d)
			}
			if d := gocmp.Diff(g.contents(t.Context(), a), g.contents(t.Context(), b)); d != "" {
				rt.Fatalf("contents differ (-first +second):\n%s", d)
			}
		}
	})
}

// generator draws operations on a few rows that meet each other often.
type generator struct {
	rt      *rapid.T
	base    int
	account string
	jobs    []string // ids that the first archive handed out
}

func (g *generator) n(label string) int { return g.base + rapid.IntRange(1, 5).Draw(g.rt, label) }

func (g *generator) pick(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(g.rt, label)
}

// job is one of the jobs there are, now and then one that is not.
func (g *generator) job() string {
	if len(g.jobs) == 0 || rapid.IntRange(0, 9).Draw(g.rt, "unknown job") == 0 {
		return "ZZZZ999999"
	}
	return g.pick("job", g.jobs...)
}

// begin is what every round has to begin with: shipments that may be collected, and a file of receipts.
func (g *generator) begin(now time.Time) (acts []act) {
	for i := range 4 { // not the fifth
		s := Shipment(g.base + i + 1)
		s.Account, s.HandIn, s.Fingerprint, s.ReceivedAt = g.account, fmt.Sprintf("in-%d", g.base+i+1), g.account, now
		acts = append(acts, act{"begin", func(ctx context.Context, tx store.Tx) (any, error) { return nil, tx.InsertShipment(ctx, s, nil) }})
	}
	f := ReceiptFile()
	f.Vendor = g.account
	return append(acts, act{"begin", func(ctx context.Context, tx store.Tx) (any, error) { return nil, tx.InsertReceiptFile(ctx, f) }})
}

var statuses = []shipment.Status{
	shipment.StatusMottatt, shipment.StatusAkseptert, shipment.StatusAvvist, shipment.StatusKlarForMottak, shipment.StatusVarslet,
	shipment.StatusSendtSDP, shipment.StatusLest, shipment.StatusSendtPrint, shipment.StatusPrintet, shipment.StatusManueltHandtert, "BORTE",
}

var states = []store.JobState{
	store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobOffered, store.JobAccepted,
	store.JobClosed, store.JobRejected, store.JobWithdrawn, store.JobUncertain,
}

func (g *generator) shipment(n int, now time.Time) shipment.Shipment {
	s := Shipment(n)
	s.Account, s.HandIn = g.account, fmt.Sprintf("in-%d", g.n("hand-in"))
	s.Fingerprint = s.Account
	s.Status = rapid.SampledFrom(statuses).Draw(g.rt, "status")
	s.ReceivedAt = now
	switch rapid.IntRange(0, 6).Draw(g.rt, "shape") {
	case 0:
		s.DueAt, s.DueReason = time.Time{}, ""
	case 1:
		s.Prepared, s.Facts = shipment.BlobRef{}, nil
	case 2:
		s.ReadAt = now
	case 3:
		s.Hold = "x"
	case 4:
		s.DueAt = now.Add(time.Hour)
	}
	return s
}

// act draws one operation.
func (g *generator) act(now time.Time) act {
	switch rapid.IntRange(0, 15).Draw(g.rt, "act") {
	case 0, 1, 2:
		n := g.n("shipment")
		s, docs := g.shipment(n, now), []shipment.Document{Document(n, 0)}
		return act{"insert shipment", func(ctx context.Context, tx store.Tx) (any, error) { return nil, tx.InsertShipment(ctx, s, docs) }}
	case 3:
		s := g.shipment(g.n("shipment"), now)
		if s.Status == "BORTE" && rapid.Bool().Draw(g.rt, "known status") {
			s.Status = shipment.StatusLest
		}
		stale := rapid.IntRange(0, 3).Draw(g.rt, "stale") == 0
		return act{"update shipment", func(ctx context.Context, tx store.Tx) (any, error) {
			old, err := tx.Shipment(ctx, s.ID)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return nil, err
			}
			v := s
			v.Version = old.Version
			if stale {
				v.Version++
			}
			return nil, tx.UpdateShipment(ctx, v)
		}}
	case 4:
		e := shipment.Event{Shipment: ID(g.n("shipment")), At: now, Kind: "STATUS", Key: g.pick("key", "", fmt.Sprintf("k%d", g.n("key number")))}
		return act{"event", func(ctx context.Context, tx store.Tx) (any, error) { return nil, tx.AddEvents(ctx, e) }}
	case 5, 6, 7:
		var shipments []int
		for i := range 5 {
			if rapid.IntRange(0, 2+i/4*7).Draw(g.rt, "in the job") == 0 { // the fifth may not be there
				shipments = append(shipments, g.base+i+1)
			}
		}
		parent := ""
		if rapid.IntRange(0, 3).Draw(g.rt, "reprint") == 0 {
			parent = g.job()
		}
		bySets := parent == "" && rapid.Bool().Draw(g.rt, "by sets")
		return act{"insert job", func(ctx context.Context, tx store.Tx) (any, error) {
			id, err := tx.NextJobID(ctx)
			if err != nil {
				return nil, err
			}
			if len(g.jobs) == 0 || g.jobs[len(g.jobs)-1] < id {
				g.jobs = append(g.jobs, id)
			}
			j, ls := Job(id, shipments...)
			j.Created, j.Updated = now, now
			j.Parent, j.Reprint = parent, parent != ""
			if !bySets {
				return id, tx.InsertJob(ctx, j, ls)
			}
			j.State = store.JobPlanning
			if err := tx.InsertJob(ctx, j, nil); err != nil || len(ls) == 0 {
				return id, err
			}
			return tx.AddJobLetters(ctx, id, ls)
		}}
	case 8, 9:
		id, to := g.job(), rapid.SampledFrom(states).Draw(g.rt, "state")
		return act{"update job", func(ctx context.Context, tx store.Tx) (any, error) {
			j, err := tx.Job(ctx, id)
			if err != nil {
				return nil, err
			}
			if !to.Uncomposed() && to != store.JobWithdrawn {
				j = Composed(j)
			}
			j.State, j.Updated = to, now
			return nil, errors.Join(tx.UpdateJob(ctx, j), tx.AddJobEvent(ctx, store.JobEvent{Job: id, At: now, To: to}))
		}}
	case 10:
		id := g.job()
		after, most := rapid.IntRange(0, 2).Draw(g.rt, "after"), rapid.IntRange(1, 3).Draw(g.rt, "most")
		return act{"send letters", func(ctx context.Context, tx store.Tx) (any, error) { return tx.SendLetters(ctx, id, now, after, most) }}
	case 11, 12:
		r, _ := Receipt(g.base+500+rapid.IntRange(0, 9).Draw(g.rt, "receipt"), g.job(), g.n("shipment"))
		r.Vendor, r.Row.PostedAt = g.account, now
		r.State = rapid.SampledFrom([]store.ReceiptState{
			store.ReceiptApplied, store.ReceiptApplied, store.ReceiptConflict, store.ReceiptUnknown}).Draw(g.rt, "receipt state")
		lines := Booked(r)
		return act{"receipt", func(ctx context.Context, tx store.Tx) (any, error) {
			if err := tx.InsertReceipts(ctx, r); err != nil || r.State != store.ReceiptApplied {
				return nil, err
			}
			return nil, tx.Book(ctx, lines)
		}}
	case 13:
		d := store.Deviation{Key: fmt.Sprintf("%s-%d", g.account, g.n("deviation")), Vendor: g.account, Account: g.account,
			Finding: receipt.Deviation{Kind: "vekt", Amount: money.Ore(g.n("amount"))}}
		return act{"deviation", func(ctx context.Context, tx store.Tx) (any, error) {
			return nil, tx.InsertDeviations(ctx, []store.Deviation{d})
		}}
	case 14:
		at, st := T0.Add(time.Duration(g.n("slot"))*time.Hour), g.pick("slot state", string(store.SlotRunning), string(store.SlotSkipped), string(store.SlotDone))
		finish := rapid.Bool().Draw(g.rt, "finish")
		return act{"slot", func(ctx context.Context, tx store.Tx) (any, error) {
			if finish {
				return nil, tx.FinishSlot(ctx, g.account, at, store.SlotState(st), "x")
			}
			return tx.ClaimSlot(ctx, g.account, at, store.SlotState(st))
		}}
	default:
		key, resolve := fmt.Sprintf("%s-%d", g.account, g.n("alarm")), rapid.Bool().Draw(g.rt, "resolve")
		return act{"alarm", func(ctx context.Context, tx store.Tx) (any, error) {
			if resolve {
				return nil, tx.ResolveAlarm(ctx, key)
			}
			return nil, tx.RaiseAlarm(ctx, key, says("x"))
		}}
	}
}

// run does the operations in one transaction and tells what came of each.
func (g *generator) run(ctx context.Context, a store.Archive, acts []act, undo bool) (told []string) {
	err := a.InTx(ctx, func(tx store.Tx) error {
		for _, c := range acts {
			v, err := c.do(ctx, tx)
			told = append(told, fmt.Sprintf("%s: %v %s", c.name, v, class(err)))
			if err != nil && !errors.Is(err, store.ErrStale) { // which leaves the transaction usable
				return err
			}
		}
		if undo {
			return errUndo
		}
		return nil
	})
	return append(told, class(err))
}

// class is what the engine tells apart of an error.
func class(err error) string {
	for _, e := range []error{store.ErrExists, store.ErrNotFound, store.ErrStale, errUndo} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	if err != nil {
		return "another error"
	}
	return "ok"
}

// contents is everything that the reader shows of the rows of this round.
func (g *generator) contents(ctx context.Context, a store.Archive) (out []string) {
	show := func(what string, v any, err error) {
		b, _ := json.Marshal(v)
		out = append(out, what+" "+string(b)+" "+class(err))
	}
	err := a.View(ctx, func(r store.Reader) error {
		long, account := T0.Add(10_000*time.Hour), []string{g.account}
		ss, err := r.Shipments(ctx, store.ShipmentFilter{Account: g.account})
		show("shipments", ss, err)
		for _, s := range ss {
			ds, err := r.Documents(ctx, s.ID)
			show("documents", ds, err)
			h, err := r.History(ctx, s.ID)
			show("history", h, err)
			js, err := r.JobsOf(ctx, s.ID)
			show("jobs of", js, err)
		}
		due, err := r.Due(ctx, long, account, "", 3)
		show("due", due, err)
		waiting, err := r.Unhandled(ctx, long)
		waiting = slices.DeleteFunc(waiting, func(c store.StatusCount) bool { return c.Account != g.account })
		show("unhandled", waiting, err)
		for _, s := range ss {
			accepted, undecided, err := r.CountAlike(ctx, s.ID, g.account, T0)
			show("alike", [2]int{accepted, undecided}, err)
			made, err := r.PreparedAs(ctx, s.PreparedKey)
			show("prepared", made[s.PreparedKey].Prepared, err)
			show("facts", made[s.PreparedKey].Facts, err)
		}
		for _, id := range g.jobs {
			j, err := r.Job(ctx, id)
			show("job", j, err)
			ls, err := r.JobLetters(ctx, id)
			show("letters", ls, err)
			h, err := r.JobHistory(ctx, id)
			show("job history", h, err)
			u, err := r.Ungated(ctx, id)
			show("ungated", u, err)
			n, err := r.Unreceipted(ctx, id)
			show("unreceipted", n, err)
			n, err = r.Awaited(ctx, id)
			show("awaited", n, err)
			for i := range 5 {
				c, err := r.AppliedReceipt(ctx, id, ID(g.base+i+1))
				show("receipt", c, err)
			}
		}
		fs, err := r.ReceiptFiles(ctx, g.account)
		show("receipt files", fs, err)
		rs, err := reportShipments(ctx, r, T0, long, account)
		show("report", rs, err)
		cs, err := r.Ledger(ctx, store.LedgerFilter{From: T0, To: long, Accounts: account})
		show("costs", cs, err)
		sl, err := r.Slots(ctx, g.account, 0)
		show("slots", sl, err)
		ds, err := r.Deviations(ctx, store.DeviationFilter{From: T0, To: long})
		show("deviations", ds, err)
		as, err := r.Alarms(ctx, false)
		show("alarms", as, err)
		counts, err := r.CountShipments(ctx)
		show("counts", counts, err)
		aside, others, err := r.CountDropped(ctx, g.jobs)
		show("dropped", []int{aside, others}, err)
		planned, err := r.PlannedCosts(ctx, T0)
		show("planned costs", planned, err)
		return nil
	})
	show("view", nil, err)
	return out
}
