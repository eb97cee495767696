package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/money"
	"postgang/billing/price"
	"postgang/engine"
	"postgang/engine/access"
	"postgang/engine/insight"
	"postgang/engine/jobs"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// here is a vendor for manual print, which the account uses. It has no server, and no price list.
func here(c *engine.Config) {
	v := c.Vendors[0]
	v.Key, v.Name, v.Manual, v.Target = "her", "Servicetorget", true, exchange.Target{}
	c.Vendors = append(c.Vendors, v)
	c.Accounts[0].Vendor = "her"
}

// asPrinter is a context in which nn01 works.
func asPrinter(s *stage) context.Context {
	return access.As(s.ctx, access.Actor{Kind: access.CommandLine, ID: "nn01"})
}

func (s *stage) printHere(t *testing.T, job string) jobs.Printout {
	t.Helper()
	out, err := s.engine.PrintManual(asPrinter(s), jobs.ManualPrint{Job: job, Dir: filepath.Join(s.dir, "ut"), By: "nn01"})
	must(t, err)
	return out
}

func (s *stage) confirm(t *testing.T, job string, letters ...shipment.Range) receipts.Imported {
	t.Helper()
	im, err := s.engine.ConfirmManual(s.ctx, receipts.ManualConfirmation{Job: job, Letters: letters, Posted: s.clock.now(), By: "nn01"})
	must(t, err)
	return im
}

// manualJob is a composed job of three letters in the queue of manual print.
func manualJob(t *testing.T) (s *stage, job string, ids []string) {
	t.Helper()
	s = setup(t, here)
	ids = []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To")), s.accepted(t, "c", newLetter("Tre"))}
	s.night(t)
	s.wantJobs(t, "COMPOSED")
	return s, s.onlyJob(t).ID, ids
}

// TestManualPrint: from the queue to the receipts, without a server.
func TestManualPrint(t *testing.T) {
	t.Parallel()
	s, job, ids := manualJob(t)
	if len(s.inbox(t, job)) > 0 {
		t.Error("it went to the print vendor")
	}
	s.work(t) // nothing more happens by itself
	s.fetch(t)
	s.wantJobs(t, "COMPOSED")
	queue, err := s.engine.ManualQueue(s.ctx)
	must(t, err)
	if len(queue) != 1 || queue[0].ID != job || queue[0].Printed() || queue[0].Awaited != 3 {
		t.Errorf("queue: %+v", queue)
	}
	if _, err := s.engine.ConfirmManual(s.ctx, receipts.ManualConfirmation{Job: job, Posted: s.clock.now(), By: "nn01"}); err == nil || !strings.Contains(err.Error(), "not given out") {
		t.Errorf("confirmed before it was printed: %v", err)
	}

	out := s.printHere(t, job)
	s.wantJobs(t, "OFFERED")
	for _, f := range view(t, s, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(s.ctx, job) }) {
		i := slices.IndexFunc(out.Files, func(path string) bool { return filepath.Base(path) == f.File.Name })
		if i < 0 {
			t.Fatalf("%s is not written", f.File.Name)
		}
		if info, err := os.Stat(out.Files[i]); err != nil || info.Size() != f.File.Bytes || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.File.Name, info, err)
		}
	}
	for _, id := range ids {
		s.wantStatus(t, id, shipment.StatusSendtPrint)
	}
	if h := s.jobHistory(t, job); !strings.Contains(h, "COMMITTED→OFFERED given out to be printed here, to nn01\n") {
		t.Errorf("history:\n%s", h)
	}
	// A second time only by a person's word.
	again := jobs.ManualPrint{Job: job, Dir: filepath.Join(s.dir, "ut2"), By: "nn02"}
	if _, err := s.engine.PrintManual(asPrinter(s), again); err == nil || !strings.Contains(err.Error(), "--again") {
		t.Errorf("given out twice: %v", err)
	}
	again.Again = true
	if out, err := s.engine.PrintManual(asPrinter(s), again); err != nil || len(out.Files) == 0 || len(out.Since) > 0 {
		t.Errorf("again: %+v %v", out, err)
	}
	s.event(t, ids[1], shipment.DigitalClosed)
	if out, err := s.engine.PrintManual(asPrinter(s), again); err != nil || len(out.Since) != 1 {
		t.Errorf("again, with a letter closed since: %+v %v", out, err)
	}

	s.clock.add(time.Hour)
	if im := s.confirm(t, job, shipment.Range{From: 2, To: 3}); im.Applied != 2 || im.Deviate != 0 || im.Booked != 0 {
		t.Errorf("two letters confirmed: %+v", im)
	}
	s.wantJobs(t, "ACCEPTED")
	if _, err := s.engine.ConfirmManual(s.ctx, receipts.ManualConfirmation{Job: job, Letters: []shipment.Range{{From: 1, To: 4}}, Posted: s.clock.now(), By: "nn01"}); err == nil {
		t.Error("a letter that is not there is confirmed")
	}
	if im := s.confirm(t, job); im.Applied != 1 {
		t.Errorf("the rest confirmed: %+v", im)
	}
	s.wantJobs(t, "CLOSED")
	s.wantStatus(t, ids[0], shipment.StatusPrintet)
	s.wantStatus(t, ids[1], shipment.StatusManueltHandtert) // posted all the same, and booked
	for _, id := range ids {
		got := view(t, s, func(r store.Reader) (store.Receipt, error) { return r.AppliedReceipt(s.ctx, job, id) }).Row
		if got.EnvelopesManual != 1 || got.EnvelopesAuto != 0 || got.Sheets() != 2 || got.WeightGram == 0 || got.PrintID != "manuell" {
			t.Errorf("receipt: %+v", got)
		}
	}
	if im := s.confirm(t, job); im.Rows != 0 {
		t.Errorf("confirmed again: %+v", im)
	}
	s.wantAlarms(t)
}

// TestManualPrintAfterDeath: killed at any step of it, doing it again ends the same.
func TestManualPrintAfterDeath(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"manual: gate passed", "manual: files written", "manual: OFFERED", "receipts: archived", "manual: confirmed"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s, job, ids := manualJob(t)
			s.dieAt(step, 1)
			if !s.survive(t, func() { s.printHere(t, job); s.confirm(t, job) }) {
				t.Fatal("the process did not die")
			}
			s.restart(t)
			s.reconcile(t) // nothing hands it over meanwhile
			if s.onlyJob(t).State == store.JobCommitted {
				s.printHere(t, job)
			}
			s.confirm(t, job)
			s.wantJobs(t, "CLOSED")
			for _, id := range ids {
				s.wantStatus(t, id, shipment.StatusPrintet)
			}
			if h := s.jobHistory(t, job); strings.Count(h, "confirmed as posted") != 1 {
				t.Errorf("confirmed once, and the history says:\n%s", h)
			}
		})
	}
}

// TestManualGate: what was read since is not printed, and the others go under a new id.
func TestManualGate(t *testing.T) {
	t.Parallel()
	s := setup(t, here)
	due, read := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To").digital())
	s.event(t, read, shipment.DigitalNotified)
	s.clock.add(20 * 24 * time.Hour)
	s.night(t)
	job := s.onlyJob(t).ID
	s.read(t, read)
	out := s.printHere(t, job)
	if len(out.New) != 1 || out.LeftOut != 1 || len(out.Files) != 0 {
		t.Fatalf("printed: %+v", out)
	}
	s.work(t)
	s.wantJobs(t, "WITHDRAWN COMPOSED")
	s.wantStatus(t, read, shipment.StatusLest)
	s.printHere(t, out.New[0])
	s.confirm(t, out.New[0])
	s.wantStatus(t, due, shipment.StatusPrintet)
}

// TestManualBarsLevel4: a letter that demands level 4 is never printed here: it is set aside when it would be planned, and at the last gate
// of a job that was planned for a print vendor. The others go.
func TestManualBarsLevel4(t *testing.T) {
	t.Parallel()
	for name, printer := range map[string]bool{"at planning": false, "at the last gate": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, here)
			if printer {
				s.config.Vendors[1].Manual = false
				s.dieAt("compose: recorded", 1)
				s.restart(t)
			}
			high, plain := s.accepted(t, "a", newLetter("Fire").with("krevNiva4Innlogging", true)), s.accepted(t, "b", newLetter("En"))
			if told := slices.ContainsFunc(s.shipment(t, high).Refusals, func(r shipment.Refusal) bool { return r.Code == "niva4-papir" && r.Args["case"] == "manual" }); told == printer {
				t.Errorf("its sender is told that it is not printed: %v", told)
			}
			dry, err := s.engine.PlanNight(s.ctx)
			must(t, err)
			if got := dry.SetAside[shipment.HoldLevel4]; (got == 1) == printer {
				t.Errorf("a dry run sets %d aside", got)
			}
			if dead := s.survive(t, func() { s.night(t) }); dead != printer {
				t.Fatalf("dead: %v", dead)
			}
			if printer {
				s.wantJobs(t, "COMPOSED")
				s.config.Vendors[1].Manual = true
				s.restart(t)
				if out := s.printHere(t, s.onlyJob(t).ID); out.LeftOut != 1 || len(out.Files) > 0 {
					t.Fatalf("printed: %+v", out)
				}
				s.work(t)
			}
			if sh := s.shipment(t, high); sh.Hold != shipment.HoldLevel4 {
				t.Errorf("set aside for %q", sh.Hold)
			}
			queue, err := s.engine.ManualQueue(s.ctx)
			must(t, err)
			if len(queue) != 1 || queue[0].Letters != 1 {
				t.Fatalf("queue: %+v", queue)
			}
			s.printHere(t, queue[0].ID)
			s.confirm(t, queue[0].ID)
			s.wantStatus(t, plain, shipment.StatusPrintet)

			must(t, s.engine.Release(s.ctx, high, "rettet"))
			s.night(t)
			if sh := s.shipment(t, high); sh.Hold != shipment.HoldLevel4 || sh.Status != shipment.StatusAkseptert {
				t.Errorf("released for the same vendor: %q, %s", sh.Hold, sh.Status)
			}
			s.config.Accounts[0].Vendor = s.config.Vendors[0].Key
			s.restart(t)
			must(t, s.engine.Release(s.ctx, high, "rettet"))
			s.night(t)
			s.wantStatus(t, high, shipment.StatusSendtPrint)
		})
	}
}

// TestManualIsLogged: who prints has looked at each letter, which stands in the innsynslogg before there is a file; what nobody does is
// not done.
func TestManualIsLogged(t *testing.T) {
	t.Parallel()
	s, job, ids := manualJob(t)
	lookups := func() []access.Lookup {
		return view(t, s, func(r store.Reader) ([]access.Lookup, error) {
			return r.Lookups(s.ctx, access.LogFilter{Oldest: true})
		})
	}
	out := filepath.Join(s.dir, "ut")
	if _, err := s.engine.PrintManual(s.ctx, jobs.ManualPrint{Job: job, Dir: out, By: "nn01"}); !errors.Is(err, insight.ErrNobody) {
		t.Errorf("printed by nobody: %v", err)
	}
	if _, err := os.Stat(out); err == nil || len(lookups()) > 0 {
		t.Errorf("files were given out unlogged, or %d look-ups of nobody are logged", len(lookups()))
	}
	s.printHere(t, job)
	rows := lookups()
	var of []string
	for _, l := range rows {
		of = append(of, l.Shipment)
		if l.Actor.ID != "nn01" || access.Words(l.What) != "sider" || !strings.Contains(l.Purpose, job) {
			t.Errorf("logged: %+v", l)
		}
	}
	slices.Sort(of)
	slices.Sort(ids)
	if !slices.Equal(of, ids) {
		t.Errorf("logged of %v, printed are %v", of, ids)
	}
}

// TestManualAfterVendor: a job that a print vendor has, or may have, is not printed here when the vendor's kind is changed.
func TestManualAfterVendor(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "offer: COMMITTED", "offer: ready file placed"} {
		t.Run("dead at "+step, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			s.accepted(t, "a", newLetter("En"))
			if step != "" {
				s.dieAt(step, 1)
			}
			if dead := s.survive(t, func() { s.night(t) }); dead != (step != "") {
				t.Fatalf("dead: %v", dead)
			}
			s.config.Vendors[0].Manual = true
			s.restart(t)
			job := s.onlyJob(t)
			for _, again := range []bool{false, true} {
				_, err := s.engine.PrintManual(asPrinter(s), jobs.ManualPrint{Job: job.ID, Dir: filepath.Join(s.dir, "ut"), By: "nn01", Again: again})
				if err == nil || !strings.Contains(err.Error(), "may be printed there") {
					t.Errorf("printed here, again %v: %v", again, err)
				}
			}
			if _, err := s.engine.ConfirmManual(s.ctx, receipts.ManualConfirmation{Job: job.ID, Posted: s.clock.now(), By: "nn01"}); err == nil || !strings.Contains(err.Error(), "may be printed there") {
				t.Errorf("confirmed here: %v", err)
			}
			if now := s.onlyJob(t); now.State != job.State {
				t.Errorf("it became %s", now.State)
			}
		})
	}
}

// TestManualCosts: the price list is what manual print costs; a missing price stops the confirmation, and loses nothing.
func TestManualCosts(t *testing.T) {
	t.Parallel()
	prices := []price.Price{
		{Element: price.ElementStart, Envelope: price.EnvelopeC5, Handling: price.HandlingManual, Price: 300},
		{Element: price.ElementExtraSheet, Handling: price.HandlingManual, Price: 50},
		{Element: price.ElementPage, Colour: price.ColourBW, Price: 25},
	}
	for i := range prices {
		prices[i].ValidFrom = "2026-01-01"
	}
	list, err := price.NewList(prices)
	must(t, err)
	s := setup(t, here, func(c *engine.Config) { c.Vendors[1].Prices = &list })
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	s.printHere(t, job)
	_, err = s.engine.ConfirmManual(s.ctx, receipts.ManualConfirmation{Job: job, Posted: s.clock.now(), By: "nn01"})
	if err == nil || !strings.Contains(err.Error(), "no postage") {
		t.Fatalf("confirmed without a price for postage: %v", err)
	}
	s.wantJobs(t, "OFFERED")
	zone := s.shipment(t, id).Zone
	list, err = price.NewList(append(prices, price.Price{Element: price.ElementPostage, Zone: zone, MaxGram: 2000, Price: 1500, ValidFrom: prices[0].ValidFrom}))
	must(t, err)
	im := s.confirm(t, job)
	row := view(t, s, func(r store.Reader) (store.Receipt, error) { return r.AppliedReceipt(s.ctx, job, id) }).Row
	if want := money.Ore(300+50+25*row.PagesBW) + 1500; im.Booked != want || row.Postage != 1500 || im.Deviate != 0 {
		t.Errorf("booked %v, want %v: %+v", im.Booked, want, im)
	}
}

// TestManualAlarm: a job that nobody prints or confirms is alarmed after seven days, until it is.
func TestManualAlarm(t *testing.T) {
	t.Parallel()
	s, job, _ := manualJob(t)
	s.clock.add(7*24*time.Hour - time.Minute)
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(time.Minute)
	s.watch(t)
	s.wantAlarms(t, "manual:her")
	s.printHere(t, job)
	s.watch(t)
	s.wantAlarms(t)
	s.confirm(t, job, shipment.Range{From: 1, To: 1})
	s.clock.add(7 * 24 * time.Hour)
	s.watch(t)
	s.wantAlarms(t, "manual:her") // and nothing beside it about the receipts that are missing
	s.confirm(t, job)
	s.watch(t)
	s.wantAlarms(t)
}

// TestManualIsRefusedElsewhere: what is for print vendors is refused, and the other way round.
func TestManualIsRefusedElsewhere(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	s.night(t)
	if _, err := s.engine.PrintManual(asPrinter(s), jobs.ManualPrint{Job: s.onlyJob(t).ID, Dir: s.dir, By: "nn01"}); !errors.Is(err, jobs.ErrNotManual) {
		t.Errorf("a vendor's job printed here: %v", err)
	}
	if _, err := s.engine.ManualQueue(s.ctx, "trykk"); !errors.Is(err, jobs.ErrNotManual) {
		t.Errorf("queue of a vendor: %v", err)
	}
	m, job, _ := manualJob(t)
	if _, err := m.engine.Fetch(m.ctx, "her"); err == nil || !strings.Contains(err.Error(), "manual print") {
		t.Errorf("fetched: %v", err)
	}
	if _, err := m.engine.PrintManual(asPrinter(m), jobs.ManualPrint{Job: job, Dir: m.dir}); err == nil || !strings.Contains(err.Error(), "not said who") {
		t.Errorf("printed by nobody: %v", err)
	}
}
