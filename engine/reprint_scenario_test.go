package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// closedLetters gives a stage with letters in one job that is printed and posted: their numbers in the job are those in ids.
func closedLetters(t *testing.T, n int) (s *stage, job string, ids []string) {
	t.Helper()
	s, job, _ = offeredLetters(t, n)
	s.tick(t)
	s.writeReceipts(t)
	s.fetch(t)
	s.wantJobs(t, "CLOSED")
	for _, l := range s.letters(t, job) {
		ids = append(ids, l.Shipment)
	}
	return s, job, ids
}

// acceptedLetters is the same when the vendor has taken the job and no receipt has come.
func acceptedLetters(t *testing.T, n int) (s *stage, job string, ids []string) {
	t.Helper()
	s = setup(t)
	for i := range n {
		s.accepted(t, fmt.Sprint("brev", i), newLetter(fmt.Sprint(i)), file("brev.pdf", pdf(i, 1)))
	}
	s.night(t)
	job = s.onlyJob(t).ID
	s.tick(t)
	s.fetch(t)
	s.wantJobs(t, "ACCEPTED")
	for _, l := range s.letters(t, job) {
		ids = append(ids, l.Shipment)
	}
	return s, job, ids
}

func (s *stage) letters(t *testing.T, job string) []store.JobLetter {
	t.Helper()
	return view(t, s, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(s.ctx, job) })
}

const torn = "revet i konvolutteringen"

func (s *stage) reprint(t *testing.T, o jobs.ReprintOrder) jobs.Reprint {
	t.Helper()
	if o.Reason == "" {
		o.Reason = torn
	}
	r, err := s.engine.OrderReprint(s.ctx, o)
	must(t, err)
	if len(r.Jobs) != 1 {
		t.Fatalf("reprint is %v", r.Jobs)
	}
	return r
}

// wantRefused holds the reasons that an order is refused for against the texts that must be in them, one each. Nothing
// is ordered.
func (s *stage) wantRefused(t *testing.T, o jobs.ReprintOrder, want ...string) {
	t.Helper()
	if o.Reason == "" {
		o.Reason = torn
	}
	before := len(s.jobs(t))
	_, planErr := s.engine.PlanReprint(s.ctx, o)
	_, err := s.engine.OrderReprint(s.ctx, o)
	var re *jobs.ReprintError
	if !errors.As(err, &re) || planErr == nil || planErr.Error() != err.Error() {
		t.Fatalf("planned: %v; ordered: %v; want it refused: %q", planErr, err, want)
	}
	ok := len(re.Reasons) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(re.Reasons[i], want[i])
	}
	if !ok {
		t.Errorf("refused because\n%s\nwant %q", strings.Join(re.Reasons, "\n"), want)
	}
	if now := len(s.jobs(t)); now != before {
		t.Errorf("%d jobs, there were %d", now, before)
	}
}

// TestReprint is the whole way of a damaged letter: a job of its own, its own costs, and nothing else moves.
func TestReprint(t *testing.T) {
	t.Parallel()
	s, job, ids := closedLetters(t, 3)
	before, lines := s.money(t)
	posted := s.shipment(t, ids[1]).PostedAt

	s.clock.add(3 * time.Hour)
	plan, err := s.engine.PlanReprint(s.ctx, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 2, To: 2}}, Reason: torn})
	must(t, err)
	if len(plan.Jobs) != 0 || len(plan.Letters) != 1 || plan.Letters[0].Shipment != ids[1] || plan.Sheets != 2 {
		t.Errorf("plan: %+v", plan)
	}
	s.wantJobs(t, "CLOSED")
	child := s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 2, To: 2}}}).Jobs[0]
	s.wantRefused(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 2}}}, "in reprint "+child+" already")
	if c := s.collect(t); c.Letters != 0 {
		t.Errorf("the night collected %d letters", c.Letters)
	}
	s.work(t)
	s.wantJobs(t, "CLOSED OFFERED")
	j := s.job(t, child)
	if j.Parent != job || !j.Reprint || j.Letters != 1 {
		t.Errorf("child: %+v", j)
	}
	done := s.tick(t)
	if len(done) != 1 || done[0].Job != child || !done[0].Accepted {
		t.Errorf("the vendor: %+v", done)
	}
	s.writeReceipts(t)
	if x := s.fetch(t); len(x.Receipts) != 1 || x.Receipts[0].Applied != 1 || x.Receipts[0].Deviate != 0 {
		t.Errorf("receipts: %+v", x.Receipts)
	}
	s.wantJobs(t, "CLOSED CLOSED")
	s.wantAlarms(t)
	for i, n := range []int{1, 2, 1} {
		if got := s.atVendor(t)[ids[i]]; got != n {
			t.Errorf("letter %d is printed %d times, want %d", i+1, got, n)
		}
	}
	after, moreLines := s.money(t)
	if after*3 != before*4 || moreLines*3 != lines*4 {
		t.Errorf("%d øre in %d lines were booked for three letters, %d in %d with the reprint of one", before, lines, after, moreLines)
	}
	s.wantStatus(t, ids[1], shipment.StatusPrintet)
	if got := s.shipment(t, ids[1]).PostedAt; !got.Equal(posted) {
		t.Errorf("posted at %v, was %v", got, posted)
	}
	want := fmt.Sprintf("OMTRYKK PRINTET→PRINTET %[1]s av %[2]s\nPOSTLAGT PRINTET→PRINTET kvittering i omtrykk %[1]s\n", child, job)
	if got := s.history(t, ids[1]); !strings.HasSuffix(got, want) {
		t.Errorf("history is\n%swant at its end\n%s", got, want)
	}
	for id, text := range map[string]string{job: "1 letters reprinted as " + child + ": " + torn, child: "reprint of " + job + ": " + torn} {
		if history := s.jobHistory(t, id); !strings.Contains(history, " "+text+"\n") {
			t.Errorf("history of %s lacks %q: %s", id, text, history)
		}
	}
	// The report adds up, and says which cost is the reprint's.
	report := s.report(t, "2026-11")
	if report.Money.Net != after || report.Money.Letters != 3 {
		t.Errorf("the report has %d øre for %d letters, want %d for 3", report.Money.Net, report.Money.Letters, after)
	}
	marked := 0
	for _, c := range rows(report.Costs) {
		if strings.HasSuffix(c.Source, ", omtrykk") != (c.Job == child) {
			t.Errorf("source of a cost of %s: %q", c.Job, c.Source)
		}
		if c.Job == child {
			marked++
		}
	}
	if marked == 0 {
		t.Error("no cost of the reprint")
	}
	// Finished, so it may be ordered once more; but from the original.
	s.wantRefused(t, jobs.ReprintOrder{Job: child, Letters: []shipment.Range{{From: 1, To: 1}}}, "it is a reprint itself: order the letters from "+job)
	s.reprint(t, jobs.ReprintOrder{Job: job, Shipments: []string{ids[1]}})
}

// TestReprintOfSheets: a damaged piece of a letter is printed alone, with a manifest that says so.
func TestReprintOfSheets(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for i := range 2 {
		s.accepted(t, fmt.Sprint("brev", i), newLetter(fmt.Sprint(i)), file("brev.pdf", pdf(i, 3)))
	}
	s.night(t)
	job := s.onlyJob(t).ID
	s.tick(t)
	s.fetch(t)
	rows := s.letters(t, job)
	if rows[0].Sheets != 4 { // the cover and three, one-sided
		t.Fatalf("a letter of %d sheets", rows[0].Sheets)
	}
	// Sheets 3 to 5 of the job: the last two of the first letter, and the cover of the second.
	r := s.reprint(t, jobs.ReprintOrder{Job: job, Sheets: []shipment.Range{{From: 3, To: 5}}})
	if r.Sheets != 3 || len(r.Letters) != 2 || !slices.Equal(r.Letters[0].Only, []int{3, 4}) || !slices.Equal(r.Letters[1].Only, []int{1}) {
		t.Errorf("ordered %+v", r)
	}
	s.work(t)
	if done := s.tick(t); len(done) != 1 || !done[0].Accepted {
		t.Fatalf("the vendor: %+v", done)
	}
	s.fetch(t)
	s.wantJobs(t, "ACCEPTED ACCEPTED")
	child := s.letters(t, r.Jobs[0])
	for i, want := range []struct{ sheets, pages int }{{2, 2}, {1, 1}} {
		if l := child[i]; l.Shipment != rows[i].Shipment || l.Sheets != want.sheets || l.Pages != want.pages || l.WeightGram >= rows[i].WeightGram {
			t.Errorf("letter %d: %+v, want %+v", i+1, l, want)
		}
	}
	if j := s.job(t, r.Jobs[0]); j.Totals.Sheets != 3 || j.Totals.Pages != 3 {
		t.Errorf("totals: %+v", j.Totals)
	}
	s.wantRefused(t, jobs.ReprintOrder{Job: job, Sheets: []shipment.Range{{From: 8, To: 9}}, Again: true}, "sheets 8-9: the job has sheets 1 to 8")
	// All sheets of a letter are the letter.
	if r := s.reprint(t, jobs.ReprintOrder{Job: job, Sheets: []shipment.Range{{From: 1, To: 4}}, Again: true}); r.Letters[0].Only != nil {
		t.Errorf("ordered %+v", r)
	}
}

func TestReprintRefused(t *testing.T) {
	t.Parallel()
	s, job, ids := acceptedLetters(t, 4)
	one := []shipment.Range{{From: 1, To: 1}}
	for name, c := range map[string]struct {
		order jobs.ReprintOrder
		want  []string
	}{
		"nothing named":     {jobs.ReprintOrder{}, []string{"in one way"}},
		"two ways":          {jobs.ReprintOrder{Letters: one, Sheets: one}, []string{"in one way"}},
		"letters beyond":    {jobs.ReprintOrder{Letters: []shipment.Range{{From: 4, To: 5}, {From: 0, To: 1}}}, []string{"letters 4-5: the job has letters 1 to 4", "letters 0-1"}},
		"another's letter":  {jobs.ReprintOrder{Shipments: []string{"x", ids[0], ids[0]}}, []string{"shipment x is not in the job", "named twice"}},
		"no reason":         {jobs.ReprintOrder{Letters: one, Reason: " "}, []string{"the reason is missing"}},
		"a person's number": {jobs.ReprintOrder{Letters: one, Reason: "brevet til " + person()}, []string{"fødselsnummer"}},
		"two lines":         {jobs.ReprintOrder{Letters: one, Reason: "a\nb"}, []string{"one line"}},
		"too long":          {jobs.ReprintOrder{Letters: one, Reason: strings.Repeat("ø", 201)}, []string{"longer than 200"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.order.Job = job
			s.wantRefused(t, c.order, c.want...)
		})
	}

	// What became of the letters since; all is told at once.
	s.clock.add(time.Hour)
	s.read(t, ids[0])
	if _, err := s.engine.Stop(s.ctx, ids[1], "ringt inn"); err != nil {
		t.Fatal(err)
	}
	sh := s.shipment(t, ids[2])
	sh.Status = shipment.StatusSlettet
	must(t, s.archive.InTx(s.ctx, func(tx store.Tx) error { return tx.UpdateShipment(s.ctx, sh) }))
	all := jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 4}}}
	s.wantRefused(t, all, "letter 1 (shipment "+ids[0]+") was read digitally at 2026-11-24", "letter 2 (shipment "+ids[1]+") was closed by hand", "letter 3 (shipment "+ids[2]+") is deleted")
	s.reprint(t, jobs.ReprintOrder{Job: job, Letters: one, ReadToo: true})
	s.work(t)
	s.wantJobs(t, "ACCEPTED OFFERED")
	s.wantStatus(t, ids[0], shipment.StatusSendtPrint)
}

// TestReprintOfWhichJobs: only of what the vendor has, or has printed.
func TestReprintOfWhichJobs(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	s.collect(t)
	job := s.onlyJob(t).ID
	order := jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 1}}}
	s.wantRefused(t, order, "it is PLANNED, not printed yet")
	s.work(t)
	s.reprint(t, order) // OFFERED
	s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
	s.fetch(t)
	s.wantRefused(t, order, "the vendor rejected it and printed nothing")
	if _, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: "TEST999999", Letters: order.Letters, Reason: torn}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown job: %v", err)
	}
	// Its letter is set aside now, so the reprint ordered before does not pass the gate.
	s.work(t)
	s.wantJobs(t, "REJECTED WITHDRAWN")
	s.wantAtVendor(t, s.letters(t, job)[0].Shipment) // in the rejected job's files
}

// TestReprintEndsAlone: a reprint that a letter drops out of, or that the vendor refuses, frees nothing but itself, tells a
// person, and is not planned anew.
func TestReprintEndsAlone(t *testing.T) {
	t.Parallel()
	t.Run("closed before the gate", func(t *testing.T) {
		t.Parallel()
		s, job, ids := acceptedLetters(t, 2)
		child := s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 2}}}).Jobs[0]
		s.step.set(func(name string) {
			if name == "offer: UPLOADED" {
				if _, err := s.engine.Stop(s.ctx, ids[0], "ringt inn"); err != nil {
					t.Error(err)
				}
			}
		})
		s.work(t)
		s.step.set(nil)
		s.wantJobs(t, "ACCEPTED WITHDRAWN")
		s.wantAlarms(t, "reprint:"+child)
		if files := s.inbox(t, child); len(files) > 0 {
			t.Errorf("left at the vendor: %v", files)
		}
		s.wantStatus(t, ids[1], shipment.StatusSendtPrint)
		s.night(t)
		s.wantJobs(t, "ACCEPTED WITHDRAWN")
		// It holds nothing: what is wanted is ordered anew.
		s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 2, To: 2}}})
		s.work(t)
		s.wantJobs(t, "ACCEPTED WITHDRAWN OFFERED")
		if n, err := s.engine.ReleaseJob(s.ctx, child, "rettet"); n != 0 || err != nil {
			t.Errorf("released %d, %v", n, err)
		}
		s.wantAlarms(t)
	})
	t.Run("read before the gate", func(t *testing.T) {
		t.Parallel()
		s, job, ids := closedLetters(t, 1)
		s.reprint(t, jobs.ReprintOrder{Job: job, Shipments: ids})
		s.read(t, ids[0])
		s.work(t)
		s.wantJobs(t, "CLOSED OFFERED") // a person has ordered it
	})
	t.Run("rejected", func(t *testing.T) {
		t.Parallel()
		s, job, ids := closedLetters(t, 1)
		child := s.reprint(t, jobs.ReprintOrder{Job: job, Shipments: ids}).Jobs[0]
		s.work(t)
		s.answer(t, exchange.Answer{Job: child, TicketSHA256: s.job(t, child).TicketSHA})
		s.fetch(t)
		s.wantJobs(t, "CLOSED REJECTED")
		s.wantAlarms(t, "rejected:"+child)
		s.wantStatus(t, ids[0], shipment.StatusPrintet)
		if sh := s.shipment(t, ids[0]); sh.Hold != "" {
			t.Errorf("set aside: %s", sh.Hold)
		}
		if n, err := s.engine.ReleaseJob(s.ctx, child, "rettet"); n != 0 || err != nil {
			t.Errorf("released %d, %v", n, err)
		}
		s.wantAlarms(t)
		s.night(t)
		s.wantJobs(t, "CLOSED REJECTED")
	})
	t.Run("prepared letter lost", func(t *testing.T) {
		t.Parallel()
		s, job, ids := acceptedLetters(t, 2)
		must(t, s.blobs.Delete(s.ctx, s.shipment(t, ids[0]).Prepared))
		child := s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 2}}}).Jobs[0]
		s.work(t)
		s.wantJobs(t, "ACCEPTED WITHDRAWN")
		s.wantAlarms(t, "reprint:"+child)
		if sh := s.shipment(t, ids[0]); sh.Hold != "" {
			t.Errorf("set aside: %s", sh.Hold)
		}
	})
	// The vendor refuses the original while it has taken the reprint: the letter is printed from there, and only once.
	t.Run("original rejected", func(t *testing.T) {
		t.Parallel()
		s, job, ids := offeredLetters(t, 2)
		child := s.reprint(t, jobs.ReprintOrder{Job: job, Shipments: ids[:1]}).Jobs[0]
		s.work(t)
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.fetch(t)
		s.wantStatus(t, ids[0], shipment.StatusSendtPrint)
		s.wantStatus(t, ids[1], shipment.StatusAkseptert)
		if n, err := s.engine.ReleaseJob(s.ctx, job, "rettet"); n != 1 || err != nil {
			t.Errorf("released %d, %v", n, err)
		}
		if c := s.night(t); c.Letters != 1 {
			t.Errorf("the night collected %d letters", c.Letters)
		}
		s.answer(t, s.acceptance(t, child))
		s.receipts(t, "kvittering_1.csv", receiptRow(child, ids[0], s.clock.now()))
		s.fetch(t)
		s.wantStatus(t, ids[0], shipment.StatusPrintet)
		s.wantJobs(t, "REJECTED CLOSED OFFERED")
	})
}

// TestReprintSurvivesDeath: killed at each step of its way, a reprint is handed over once, and its costs booked once.
func TestReprintSurvivesDeath(t *testing.T) {
	t.Parallel()
	for _, step := range []string{
		"reprint: ordered", "compose: files written", "compose: files stored", "compose: recorded", "offer: file sent",
		"offer: UPLOADED", "offer: COMMITTED", "offer: before ready file", "offer: ready file placed", "offer: OFFERED",
		"receipts: applied",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s, job, ids := closedLetters(t, 2)
			before, _ := s.money(t)
			s.dieAt(step, 1)
			died := s.survive(t, func() {
				s.reprint(t, jobs.ReprintOrder{Job: job, Shipments: ids[:1]})
				s.work(t)
				s.tick(t)
				s.writeReceipts(t)
				s.fetch(t)
			})
			if !died {
				t.Fatal("the step was not passed")
			}
			s.tasks.take() // the queue is lost too
			s.reconcile(t)
			s.work(t)
			s.tick(t)
			if s.jobStates(t) != "CLOSED CLOSED" && step != "receipts: applied" {
				s.writeReceipts(t)
			}
			s.fetch(t)
			s.wantJobs(t, "CLOSED CLOSED")
			if n := s.atVendor(t)[ids[0]]; n != 2 {
				t.Errorf("the letter is printed %d times, want 2: in the original and its reprint", n)
			}
			if after, _ := s.money(t); after*2 != before*3 {
				t.Errorf("%d øre are booked, there were %d for two letters", after, before)
			}
		})
	}
}

// TestReprintNotHandedOverOwesNoReceipt: until the vendor has a reprint, only the first printing of its letter is missed.
func TestReprintNotHandedOverOwesNoReceipt(t *testing.T) {
	t.Parallel()
	s, job, ids := acceptedLetters(t, 2)
	month := s.clock.now().In(calendar.Oslo).Format("2006-01")
	slices.Sort(ids)
	if got := missing(s.report(t, month)); !slices.Equal(got, ids) {
		t.Fatalf("missing receipts of %v, want %v", got, ids)
	}
	s.reprint(t, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 1}}})
	if got := missing(s.report(t, month)); !slices.Equal(got, ids) {
		t.Errorf("with a reprint ordered, missing receipts of %v, want %v", got, ids)
	}
}
