package engine_test

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
	"postgang/printjobs/printoppdrag"
)

// withOrders makes the vendor one who takes print orders, and receipts by file.
func withOrders(c *engine.Config) {
	for i := range c.Vendors {
		c.Vendors[i].Profile.Orders, c.Vendors[i].Profile.MaxLettersPerJob = &printoppdrag.Terms{CustomerID: "KOMMUNE"}, 1
		c.Vendors[i].Target.Folders.Receipts, c.Vendors[i].Target.Folders.ReceiptsDone = exchange.DefaultReceipts, exchange.DefaultReceiptsDone
	}
	c.Dial = func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
		return exchange.DialOrders(ctx, v.Target)
	}
}

// takeOrders has the vendor take what is handed over out of sight, and gives how often it has had each letter.
func (s *stage) takeOrders(t *testing.T, had map[string]int) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.vendor().root, exchange.DefaultInbox, "*.zip"))
	must(t, err)
	for _, f := range found {
		z, err := zip.OpenReader(f)
		must(t, err)
		for _, e := range z.File {
			if id, ok := strings.CutSuffix(e.Name, ".pdf"); ok {
				had[id]++
			}
		}
		must(t, z.Close())
		must(t, os.Remove(f))
	}
}

func wantHad(t *testing.T, had map[string]int, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if had[id] != 1 {
			t.Errorf("letter %s is %d times at the vendor, want once", id, had[id])
		}
	}
	if len(had) != len(ids) {
		t.Errorf("the vendor has %d letters, want %d", len(had), len(ids))
	}
}

// TestOrdersFromHandInToReceipt: each letter is an order and a job of its own; nothing is said of it until a receipt comes.
func TestOrdersFromHandInToReceipt(t *testing.T) {
	t.Parallel()
	s := setup(t, withOrders)
	ids := []string{
		s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"), file("brev.pdf", pdf(2, 3))),
		s.accepted(t, "c", newLetter("Tre").to("landkode", "SE")),
	}
	s.night(t)
	s.wantJobs(t, "OFFERED OFFERED OFFERED")
	had := map[string]int{}
	s.takeOrders(t, had)
	wantHad(t, had, ids...)
	s.fetch(t)
	s.wantJobs(t, "OFFERED OFFERED OFFERED")
	s.clock.add(30 * time.Hour) // an answer would be overdue
	s.watch(t)
	s.wantAlarms(t)

	s.clock.add(14 * 24 * time.Hour)
	s.watch(t)
	s.wantAlarms(t, "no-receipt:trykk")
	s.wantAlarmText(t, "no-receipt:trykk", "3 print orders")
	j := s.jobs(t)[0]
	letters := view(t, s, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(s.ctx, j.ID) })
	s.receipts(t, "k1.csv", receiptRow(j.ID, letters[0].Shipment, s.clock.now()))
	s.fetch(t)
	s.wantStatus(t, letters[0].Shipment, shipment.StatusPrintet)
	s.wantJobs(t, "CLOSED OFFERED OFFERED")
	s.watch(t)
	s.wantAlarmText(t, "no-receipt:trykk", "2 print orders")

	// Single sheets would be posted as a letter.
	_, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: j.ID, Sheets: []shipment.Range{{From: 1, To: 1}}, Reason: "revet"})
	if err == nil || !strings.Contains(err.Error(), "whole letters") {
		t.Errorf("single sheets are reprinted: %v", err)
	}
	re := s.reprint(t, jobs.ReprintOrder{Job: j.ID, Shipments: []string{letters[0].Shipment}, Reason: "revet"})
	s.work(t)
	again := map[string]int{}
	s.takeOrders(t, again)
	wantHad(t, again, letters[0].Shipment)
	if len(re.Jobs) != 1 {
		t.Errorf("reprinted as %v", re.Jobs)
	}
}

// TestOrdersSurviveDeath: killed at every step of the hand-over, with a vendor that takes orders out of sight at once, no letter is
// there twice; one that may be there waits for a person, who settles it either way.
func TestOrdersSurviveDeath(t *testing.T) {
	t.Parallel()
	for _, at := range []string{
		"offer: file sent", "offer: UPLOADED", "offer: COMMITTED", "offer: before ready file", "offer: ready file placed", "offer: OFFERED",
	} {
		for _, quick := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, quick %v", at, quick), func(t *testing.T) {
				t.Parallel()
				s := setup(t, withOrders)
				id := s.accepted(t, "a", newLetter("En"))
				had := map[string]int{}
				s.dieAt(at, 1)
				if !s.survive(t, func() { s.night(t) }) {
					t.Fatal("it did not come to that")
				}
				if quick {
					s.takeOrders(t, had)
				}
				s.reconcile(t)
				s.takeOrders(t, had)
				wantHad(t, had, id)
				if at != "offer: ready file placed" || !quick {
					s.wantJobs(t, "OFFERED")
					s.wantAlarms(t)
					s.wantStatus(t, id, shipment.StatusSendtPrint)
					return
				}
				job := s.onlyJob(t).ID
				s.wantJobs(t, "UNCERTAIN")
				s.wantAlarms(t, "uncertain:"+job)
				s.reconcile(t) // never by itself
				s.wantJobs(t, "UNCERTAIN")
				_, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Offered: true, Reason: "har oppdraget"})
				must(t, err)
				s.wantJobs(t, "OFFERED")
				s.wantAlarms(t)
				s.takeOrders(t, had)
				wantHad(t, had, id)
			})
		}
	}
}

// TestOrderGoneBeforeItsRename: an order that is there under neither name is not sent again; when the vendor has not got it, the letter
// goes into a new job.
func TestOrderGoneBeforeItsRename(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"offer: UPLOADED", "offer: COMMITTED"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s := setup(t, withOrders)
			id := s.accepted(t, "a", newLetter("En"))
			s.dieAt(at, 1)
			s.survive(t, func() { s.night(t) })
			job := s.onlyJob(t).ID
			must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultInbox, job+".zip.tmp")))
			s.reconcile(t)
			s.wantJobs(t, "UNCERTAIN")
			_, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Reason: "har det ikke"})
			must(t, err)
			s.work(t)
			s.wantJobs(t, "WITHDRAWN OFFERED")
			had := map[string]int{}
			s.takeOrders(t, had)
			wantHad(t, had, id)
		})
	}
}

// TestOrderReadBeforeTheLastGate: what is read in time is taken back under its temporary name, and never renamed.
func TestOrderReadBeforeTheLastGate(t *testing.T) {
	t.Parallel()
	s := setup(t, withOrders)
	id := s.accepted(t, "a", newLetter("En").digital())
	s.event(t, id, shipment.DigitalNotified)
	s.clock.add(40 * time.Hour)
	s.dieAt("offer: UPLOADED", 1)
	s.survive(t, func() { s.night(t) })
	s.read(t, id)
	s.reconcile(t)
	s.wantJobs(t, "WITHDRAWN")
	s.wantStatus(t, id, shipment.StatusLest)
	if left := s.inbox(t, ""); len(left) != 0 {
		t.Errorf("the inbox holds %v", left)
	}
}

// TestOrderOfAnotherLetter: an id that the vendor has had for another letter stops the offers, as with our own contract.
func TestOrderOfAnotherLetter(t *testing.T) {
	t.Parallel()
	s := setup(t, withOrders)
	s.accepted(t, "a", newLetter("En"))
	s.dieAt("offer: file sent", 1)
	s.survive(t, func() { s.night(t) })
	job := s.onlyJob(t).ID
	s.put(t, exchange.DefaultInbox, job+".zip", []byte("another"))
	s.reconcileStopped(t)
	s.wantJobs(t, "UNCERTAIN")
	s.wantAlarms(t, "restored:trykk", "uncertain:"+job)
}
