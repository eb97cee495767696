package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/restored"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// five accepts five letters, on a stage whose jobs are written two letters at a time.
func five(t *testing.T, more ...change) (s *stage, ids []string) {
	t.Helper()
	s = setup(t, append([]change{bySets}, more...)...)
	for i := range 5 {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i))))
	}
	return s, ids
}

// wantComposed wants that the letters of a job that is composed lie in its files, one behind the other.
func (s *stage) wantComposed(t *testing.T, job string) {
	t.Helper()
	files, err := store.View(s.ctx, s.config.Archive, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(s.ctx, job) })
	must(t, err)
	names := map[string]bool{}
	for _, f := range files {
		names[f.File.Name] = f.File.Kind == exchange.KindPrint
	}
	next := map[string]int{}
	for _, l := range s.letters(t, job) {
		if !names[l.File] || l.FirstSide <= next[l.File] || l.LastSide <= l.FirstSide {
			t.Errorf("letter %d lies on sides %d to %d of %q", l.Letter, l.FirstSide, l.LastSide, l.File)
		}
		next[l.File] = l.LastSide
	}
}

// TestComposingCutShort: the process dies between the sets in which it is recorded what was composed. The job is composed again, by what
// the letters are then, and nothing of the first time is left.
func TestComposingCutShort(t *testing.T) {
	t.Parallel()
	for n := range 2 {
		t.Run(fmt.Sprint("set ", n+1), func(t *testing.T) {
			t.Parallel()
			s, ids := five(t)
			s.dieAt("compose: letters recorded", n+1)
			if !s.survive(t, func() { s.night(t) }) {
				t.Fatal("the process did not die")
			}
			s.wantJobs(t, "PLANNED")
			job := s.onlyJob(t).ID
			must(t, s.engine.OfferJob(s.ctx, job))
			s.wantJobs(t, "PLANNED")
			if n == 1 { // other sides than before
				s.config.Vendors[0].Profile.MaxLettersPerFile = 2
				s.restart(t)
			}
			s.collect(t)
			must(t, s.engine.ComposeJob(s.ctx, job))
			if s.onlyJob(t).State == store.JobComposed {
				s.wantComposed(t, job)
			}
			s.reconcile(t)
			s.night(t)
			s.tick(t)
			s.fetch(t)
			s.wantAtVendor(t, ids...)
			s.wantAlarms(t)
		})
	}
}

// TestComposedByTwo: two processes compose a job at the same time; what they write is not mixed.
func TestComposedByTwo(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{true, false} {
		t.Run(fmt.Sprint("the other comes to its end: ", done), func(t *testing.T) {
			t.Parallel()
			s, ids := five(t)
			s.collect(t)
			job := s.onlyJob(t).ID
			config := s.config
			config.Step = nil
			other, err := engine.New(s.ctx, config)
			must(t, err)
			begun := false
			s.step.set(func(name string) {
				if name != "compose: letters recorded" || begun {
					return
				}
				begun = true
				if done {
					must(t, other.ComposeJob(s.ctx, job))
					return
				}
				must(t, s.config.Archive.InTx(s.ctx, func(tx store.Tx) error {
					j, err := tx.Job(s.ctx, job)
					return errors.Join(err, tx.UpdateJob(s.ctx, j)) // as it begins to record
				}))
			})
			err = s.engine.ComposeJob(s.ctx, job)
			s.step.set(nil)
			var later *step.LaterError
			if done && err != nil || !done && !errors.As(err, &later) {
				t.Errorf("composed by one: %v", err)
			}
			if !done {
				s.wantJobs(t, "PLANNED")
				must(t, s.engine.ComposeJob(s.ctx, job))
			}
			s.wantJobs(t, "COMPOSED")
			s.wantComposed(t, job)
			s.work(t)
			s.wantJobs(t, "OFFERED")
			s.wantAtVendor(t, ids...)
		})
	}
}

// wantSentOnce wants that letters are or were with the vendor, and that their histories say once that they were sent.
func (s *stage) wantSentOnce(t *testing.T, job string, ids ...string) {
	t.Helper()
	at := s.job(t, job).OfferedAt
	for _, id := range ids {
		told := 0
		for _, e := range view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, id) }) {
			if e.Kind == shipment.EventStatus && e.To == shipment.StatusSendtPrint && e.Reason == job && e.At.Equal(at) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("letter %s is told to be sent %d times:\n%s", id, told, s.history(t, id))
		}
	}
}

// handOvers are how a job goes on whose letters are only partly marked as sent.
var handOvers = map[string]struct {
	jobs string
	on   func(t *testing.T, s *stage, job string, ids []string)
}{
	"the task is done again": {"ACCEPTED", func(t *testing.T, s *stage, _ string, _ []string) {
		s.work(t)
		s.wantJobs(t, "OFFERED")
		s.tick(t)
		s.fetch(t)
	}},
	"the queue is lost": {"ACCEPTED", func(t *testing.T, s *stage, _ string, _ []string) {
		s.tasks.take()
		s.reconcile(t)
		s.wantJobs(t, "OFFERED")
		s.tick(t)
		s.fetch(t)
	}},
	"the vendor accepts": {"ACCEPTED", func(t *testing.T, s *stage, _ string, _ []string) {
		s.tick(t)
		s.fetch(t)
	}},
	"the vendor is away": {"ACCEPTED", func(t *testing.T, s *stage, _ string, _ []string) {
		s.away(t, func() {
			s.work(t)
			s.wantJobs(t, "OFFERED")
		})
		s.tick(t)
		s.fetch(t)
	}},
	"offers are stopped": {"ACCEPTED", func(t *testing.T, s *stage, job string, _ []string) {
		must(t, s.config.Archive.InTx(s.ctx, func(tx store.Tx) error {
			return tx.SetSetting(s.ctx, restored.StopSetting+"trykk", "{}")
		}))
		must(t, s.engine.OfferJob(s.ctx, job))
		s.wantJobs(t, "OFFERED")
		must(t, s.config.Archive.InTx(s.ctx, func(tx store.Tx) error { return tx.SetSetting(s.ctx, restored.StopSetting+"trykk", "") }))
		s.tick(t)
		s.fetch(t)
	}},
	"a receipt comes first": {"ACCEPTED", func(t *testing.T, s *stage, job string, ids []string) {
		s.receipts(t, "k1.csv", receiptRow(job, ids[4], s.clock.now()))
		s.fetch(t)
		s.wantStatus(t, ids[4], shipment.StatusPrintet)
		s.wantMoney(t, 1750)
		s.tick(t)
		s.fetch(t)
	}},
	"the vendor refuses": {"REJECTED ACCEPTED", func(t *testing.T, s *stage, job string, ids []string) {
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.removeAtVendor(t, s.inbox(t, job)...)
		s.fetch(t)
		s.wantJobs(t, "REJECTED")
		s.wantSentOnce(t, job, ids...)
		for _, id := range ids {
			s.wantStatus(t, id, shipment.StatusAkseptert)
			s.wantHold(t, id, shipment.HoldRejected)
		}
		n, err := s.engine.ReleaseJob(s.ctx, job, "rettet")
		if err != nil || n != 5 {
			t.Errorf("released %d letters, %v", n, err)
		}
		s.night(t)
		s.tick(t)
		s.fetch(t)
	}},
}

// TestHandOverCutShort: the process dies between the sets in which letters are marked as sent. The job is handed over, whatever comes next:
// none of its letters is collected, read in time, erased or withdrawn, and all of them are marked before anything else is done with it.
func TestHandOverCutShort(t *testing.T) {
	t.Parallel()
	for name, way := range handOvers {
		for marked, cut := range []struct {
			step string
			n    int
		}{{"offer: hand-over recorded", 1}, {"offer: letters marked", 1}, {"offer: letters marked", 2}} {
			t.Run(fmt.Sprintf("%s, %d marked", name, 2*marked), func(t *testing.T) {
				t.Parallel()
				s, ids := five(t)
				s.dieAt(cut.step, cut.n)
				if !s.survive(t, func() { s.night(t) }) {
					t.Fatal("the process did not die")
				}
				s.wantJobs(t, "OFFERING")
				job := s.onlyJob(t).ID
				s.wantMarked(t, ids, 2*marked)
				s.stays(t, job, ids)
				way.on(t, s, job, ids)
				s.wantJobs(t, way.jobs)
				s.wantSentOnce(t, job, ids...)
				s.wantAtVendor(t, ids...)
				s.wantAlarms(t)
			})
		}
	}
}

func (s *stage) wantMarked(t *testing.T, ids []string, want int) {
	t.Helper()
	n := 0
	for _, id := range ids {
		if s.shipment(t, id).Status == shipment.StatusSendtPrint {
			n++
		}
	}
	if n != want {
		t.Errorf("%d letters are marked as sent, want %d", n, want)
	}
}

// stays wants that nobody gets at the letters of a job that is OFFERING.
func (s *stage) stays(t *testing.T, job string, ids []string) {
	t.Helper()
	if c := s.collect(t); c.Letters != 0 {
		t.Errorf("collected %d letters again", c.Letters)
	}
	must(t, s.engine.ComposeJob(s.ctx, job))
	if _, err := s.engine.WithdrawJob(s.ctx, job, "prøver"); err == nil || !strings.Contains(err.Error(), "past the last gate") {
		t.Errorf("withdrawn: %v", err)
	}
	if _, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: torn}); err == nil || !strings.Contains(err.Error(), "(OFFERING)") {
		t.Errorf("reprinted: %v", err)
	}
	if _, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Reason: "prøver"}); err == nil || !strings.Contains(err.Error(), "it was handed over") {
		t.Errorf("resolved: %v", err)
	}
	s.wantJobs(t, "OFFERING")
	for _, id := range ids {
		if l := view(t, s, func(r store.Reader) (retention.Letter, error) { return r.KeepingOne(s.ctx, id) }); !l.InJob {
			t.Errorf("may be erased: %+v", l)
		}
	}
}

// TestReadWhileHandedOver: a letter of a job that is OFFERING is on its way to paper, whether it is marked yet or not. One that is closed
// by a person stays so.
func TestReadWhileHandedOver(t *testing.T) {
	t.Parallel()
	s := setup(t, bySets)
	var ids []string
	for i := range 5 {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i)).digital()))
		s.event(t, ids[i], shipment.DigitalNotified)
	}
	s.clock.add(20 * 24 * time.Hour)
	s.dieAt("offer: letters marked", 1)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	var order []string
	for _, l := range s.letters(t, s.onlyJob(t).ID) {
		order = append(order, l.Shipment)
	}
	s.read(t, order[0])
	s.read(t, order[3])
	s.event(t, order[4], shipment.DigitalClosed)
	s.work(t)
	s.wantJobs(t, "OFFERED")
	for _, id := range order[:4] {
		s.wantStatus(t, id, shipment.StatusSendtPrint)
	}
	s.wantStatus(t, order[4], shipment.StatusManueltHandtert)
	for _, id := range []string{order[0], order[3]} {
		if s.shipment(t, id).ReadAt.IsZero() {
			t.Error("that it was read is not kept")
		}
	}
	s.tick(t)
	s.fetch(t)
	s.wantAtVendor(t, order...)
}

// TestMarkedByTwo: two processes mark the letters of a job, and one of them has it accepted meanwhile.
func TestMarkedByTwo(t *testing.T) {
	t.Parallel()
	s, ids := five(t)
	config := s.config
	config.Step = nil
	other, err := engine.New(s.ctx, config)
	must(t, err)
	begun := false
	s.step.set(func(name string) {
		if name == "offer: letters marked" && !begun {
			begun = true
			s.tick(t)
			_, err := other.Fetch(s.ctx)
			must(t, err)
			s.wantJobs(t, "ACCEPTED")
			s.wantMarked(t, ids, 5)
		}
	})
	s.night(t)
	s.step.set(nil)
	if !begun {
		t.Fatal("no letters were marked by themselves")
	}
	s.wantJobs(t, "ACCEPTED")
	s.wantSentOnce(t, s.onlyJob(t).ID, ids...)
	s.wantAtVendor(t, ids...)
	s.wantAlarms(t)
}

// TestLargeUncertain: a person's word, an answer or a receipt settles a large job that is UNCERTAIN, and its letters are marked set by set.
func TestLargeUncertain(t *testing.T) {
	t.Parallel()
	for name, settle := range map[string]func(t *testing.T, s *stage, job string, ids []string){
		"word":   func(t *testing.T, s *stage, job string, _ []string) { s.resolve(t, job, true) },
		"answer": func(t *testing.T, s *stage, job string, _ []string) { s.answer(t, s.acceptance(t, job)); s.fetch(t) },
		"receipt": func(t *testing.T, s *stage, job string, ids []string) {
			s.receipts(t, "k1.csv", receiptRow(job, ids[0], s.clock.now()))
			s.fetch(t)
		},
	} {
		for _, step := range []string{"", "offer: letters marked"} {
			t.Run(name+" "+step, func(t *testing.T) {
				t.Parallel()
				s, job, ids := uncertainJob(t)
				s.config.SetSize = 2
				s.restart(t)
				if step != "" {
					s.dieAt(step, 1)
				}
				if s.survive(t, func() { settle(t, s, job, ids) }) != (step != "") {
					t.Fatal("the process did not die, or did")
				}
				if step != "" {
					s.wantJobs(t, "OFFERING")
					s.wantMarked(t, ids, 2)
				}
				s.wantAlarms(t)
				s.work(t)
				s.fetch(t)
				for _, id := range ids[1:] {
					s.wantStatus(t, id, shipment.StatusSendtPrint)
				}
				s.wantSentOnce(t, job, ids...)
				want := "ACCEPTED"
				if name == "word" {
					want = "OFFERED"
				}
				s.wantJobs(t, want)
				s.wantAlarms(t)
			})
		}
	}
}

// TestLargeManualPrint: a large job is given out, and the process dies while its letters are marked.
func TestLargeManualPrint(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{true, false} {
		t.Run(fmt.Sprint("given out again: ", again), func(t *testing.T) {
			t.Parallel()
			s, job, ids := manualJob(t)
			s.config.SetSize = 1
			s.restart(t)
			s.dieAt("offer: letters marked", 1)
			if !s.survive(t, func() { s.printHere(t, job) }) {
				t.Fatal("the process did not die")
			}
			s.wantJobs(t, "OFFERING")
			queue, err := s.engine.ManualQueue(s.ctx)
			must(t, err)
			if len(queue) != 1 || !queue[0].Printed() || queue[0].GivenTo() == "" {
				t.Errorf("queue: %+v", queue)
			}
			if again {
				_, err := s.engine.PrintManual(asPrinter(s), jobs.ManualPrint{Job: job, Dir: t.TempDir(), By: "nn01"})
				if !errors.Is(err, jobs.ErrGivenOut) {
					t.Errorf("given out again: %v", err)
				}
				s.wantJobs(t, "OFFERED")
			}
			s.confirm(t, job)
			s.wantJobs(t, "CLOSED")
			for _, id := range ids {
				s.wantStatus(t, id, shipment.StatusPrintet)
			}
			s.wantSentOnce(t, job, ids...)
		})
	}
}

// TestWithdrawingCutShort: the process dies between the sets in which the letters of a withdrawn job are freed. Nobody hands the job over,
// a letter that is not free yet is not collected, and the next night takes all of them.
func TestWithdrawingCutShort(t *testing.T) {
	t.Parallel()
	for freed, cut := range []struct {
		step string
		n    int
	}{{"withdraw: recorded", 1}, {"withdraw: letters freed", 1}, {"withdraw: letters freed", 2}} {
		for _, at := range []string{"PLANNED", "COMPOSED", "UPLOADED"} {
			t.Run(fmt.Sprintf("%s, %d freed", at, 2*freed), func(t *testing.T) {
				t.Parallel()
				s, ids := five(t)
				s.dieAt(map[string]string{"PLANNED": "collect: job planned", "COMPOSED": "compose: recorded", "UPLOADED": "offer: UPLOADED"}[at], 1)
				if !s.survive(t, func() { s.night(t) }) {
					t.Fatal("the process did not die")
				}
				s.wantJobs(t, at)
				job := s.onlyJob(t).ID
				s.dieAt(cut.step, cut.n)
				if !s.survive(t, func() { _, _ = s.engine.WithdrawJob(s.ctx, job, "feil vindu") }) {
					t.Fatal("the process did not die")
				}
				s.wantJobs(t, "WITHDRAWN")
				if !s.job(t, job).Holding {
					t.Error("it holds no letter any more")
				}
				s.reconcile(t)
				s.wantJobs(t, "WITHDRAWN")
				s.wantAtVendor(t)
				if _, err := s.engine.WithdrawJob(s.ctx, job, "feil vindu"); err == nil || !strings.Contains(err.Error(), "it is WITHDRAWN already") {
					t.Errorf("withdrawn again: %v", err)
				}
				due := view(t, s, func(r store.Reader) ([]shipment.Shipment, error) {
					return r.Due(s.ctx, s.clock.now(), []string{konto}, "", 10)
				})
				if len(due) != 2*freed {
					t.Errorf("%d letters are due, want %d", len(due), 2*freed)
				}
				s.read(t, ids[0])
				s.night(t)
				s.tick(t)
				s.fetch(t)
				s.wantJobs(t, "WITHDRAWN ACCEPTED")
				s.wantAtVendor(t, ids[1:]...)
				s.wantStatus(t, ids[0], shipment.StatusLest)
				s.wantAlarms(t)
			})
		}
	}
}

// TestReleasingCutShort: the process dies between the sets in which the letters of a rejected job are released. Those that are free go with
// the next night, the alarm stays until the others are released too.
func TestReleasingCutShort(t *testing.T) {
	t.Parallel()
	for n := range 2 {
		t.Run(fmt.Sprint("set ", n+1), func(t *testing.T) {
			t.Parallel()
			s, ids := five(t)
			s.night(t)
			job := s.onlyJob(t).ID
			s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
			s.removeAtVendor(t, s.inbox(t, job)...)
			s.fetch(t)
			s.wantJobs(t, "REJECTED")
			s.dieAt("release: letters released", n+1)
			if !s.survive(t, func() { _, _ = s.engine.ReleaseJob(s.ctx, job, "rettet") }) {
				t.Fatal("the process did not die")
			}
			s.wantAlarms(t, "rejected:"+job)
			if c := s.night(t); c.Letters != 2*(n+1) {
				t.Errorf("collected %d letters", c.Letters)
			}
			left, err := s.engine.ReleaseJob(s.ctx, job, "rettet")
			if want := 5 - 2*(n+1); err != nil || left != want {
				t.Errorf("released %d letters, %v; want %d", left, err, want)
			}
			s.wantAlarms(t)
			s.night(t)
			s.tick(t)
			s.fetch(t)
			s.wantJobs(t, "REJECTED ACCEPTED ACCEPTED")
			s.wantAtVendor(t, ids...)
		})
	}
}

// gated is a job of five letters that has all its files at the vendor, and of which one was read since.
func gated(t *testing.T) (s *stage, job string, ids []string) {
	t.Helper()
	s, ids = five(t)
	s.dieAt("offer: UPLOADED", 1)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	s.wantJobs(t, "UPLOADED")
	s.read(t, ids[0])
	return s, s.onlyJob(t).ID, ids
}

func (s *stage) dueCount(t *testing.T) int {
	t.Helper()
	return len(view(t, s, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Due(s.ctx, s.clock.now(), []string{konto}, "", 10)
	}))
}

// TestPlanningAnewCutShort: a large job drops a letter at the last gate, and the process dies while the others pass into a new job. Nobody else can
// collect them in between, and each is printed once.
func TestPlanningAnewCutShort(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step        string
		jobs, after string
		due         int
	}{
		{"", "WITHDRAWN PLANNED", "WITHDRAWN ACCEPTED", 0},
		{"offer: files withdrawn", "UPLOADED", "WITHDRAWN ACCEPTED", 0},
		{"offer: WITHDRAWN", "WITHDRAWN", "WITHDRAWN ACCEPTED", 0},
		{"collect: letters recorded", "WITHDRAWN PLANNING", "WITHDRAWN WITHDRAWN ACCEPTED", 0},
		{"withdraw: letters freed", "WITHDRAWN PLANNED", "WITHDRAWN ACCEPTED", 0},
	} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			s, job, ids := gated(t)
			if c.step != "" {
				s.dieAt(c.step, 1)
			}
			if s.survive(t, func() { must(t, s.engine.OfferJob(s.ctx, job)) }) != (c.step != "") {
				t.Fatal("the process did not die, or did")
			}
			s.wantJobs(t, c.jobs)
			if n := s.dueCount(t); n != c.due {
				t.Errorf("%d letters are due, want %d", n, c.due)
			}
			if c.step == "" {
				now := s.jobs(t)
				if now[0].Holding || now[1].Parent != job || len(s.letters(t, now[1].ID)) != 4 {
					t.Errorf("planned anew: %+v", now)
				}
			}
			s.reconcile(t)
			s.night(t)
			s.tick(t)
			s.fetch(t)
			s.wantJobs(t, c.after)
			s.wantAtVendor(t, ids[1:]...)
			s.wantStatus(t, ids[0], shipment.StatusLest)
			s.wantAlarms(t)
		})
	}
}

// TestPlanningAnewMeetsNight: a night begins while the letters of a large job pass into a new one. It plans them.
func TestPlanningAnewMeetsNight(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"offer: WITHDRAWN", "collect: letters recorded", "withdraw: letters freed"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s, job, ids := gated(t)
			begun := false
			s.step.set(func(name string) {
				if name == step && !begun {
					begun = true
					s.collect(t)
				}
			})
			must(t, s.engine.OfferJob(s.ctx, job))
			s.step.set(nil)
			if !begun {
				t.Fatal("the night did not begin")
			}
			s.work(t)
			s.night(t)
			s.tick(t)
			s.fetch(t)
			s.wantAtVendor(t, ids[1:]...)
			s.wantStatus(t, ids[0], shipment.StatusLest)
			s.wantAlarms(t)
		})
	}
}

// TestUncertainLargePlannedAnew: the vendor has not got a large job, by a person's word; its letters pass into a new one, which the person is told.
func TestUncertainLargePlannedAnew(t *testing.T) {
	t.Parallel()
	s, job, ids := uncertainJob(t)
	s.config.SetSize = 1
	s.restart(t)
	left := s.jobs(t)
	r := s.resolve(t, job, false)
	now := s.jobs(t)
	if len(now) != len(left)+1 || len(r.New) != 1 || r.New[0] != now[len(left)].ID || now[0].Holding {
		t.Errorf("%v of %+v", r.New, now)
	}
	s.work(t)
	s.tick(t)
	s.fetch(t)
	s.wantAtVendor(t, ids...)
	s.wantAlarms(t)
}

// TestRefusalCutShort: the vendor refuses a large job, and the process dies between the sets in which its letters are taken back. The answer is
// applied anew; no letter is collected before a person has released it.
func TestRefusalCutShort(t *testing.T) {
	t.Parallel()
	for n := range 4 {
		t.Run(fmt.Sprint("set ", n), func(t *testing.T) {
			t.Parallel()
			s, ids := five(t)
			s.night(t)
			job := s.onlyJob(t).ID
			s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA, Reasons: []string{"feil papir"}})
			s.removeAtVendor(t, s.inbox(t, job)...)
			if n > 0 {
				s.dieAt("answers: letters taken back", n)
				if !s.survive(t, func() { _, _ = s.engine.Fetch(s.ctx) }) {
					t.Fatal("the process did not die")
				}
				s.wantJobs(t, "OFFERED")
				s.wantAlarms(t, "rejected:"+job)
				held := 0
				for _, id := range ids {
					if s.shipment(t, id).Hold == shipment.HoldRejected {
						held++
					}
				}
				if want := min(2*n, 5); held != want {
					t.Errorf("%d letters are set aside, want %d", held, want)
				}
				if n := s.dueCount(t); n != 0 {
					t.Errorf("%d letters are due", n)
				}
			}
			if x := s.fetch(t); x.Answers.Rejected != 1 {
				t.Errorf("answers: %+v", x.Answers)
			}
			s.wantJobs(t, "REJECTED")
			s.wantAlarms(t, "rejected:"+job)
			for _, id := range ids {
				s.wantHold(t, id, shipment.HoldRejected)
			}
			if x := s.fetch(t); x.Answers.Rejected != 0 {
				t.Errorf("answered again: %+v", x.Answers)
			}
			released, err := s.engine.ReleaseJob(s.ctx, job, "rettet")
			if err != nil || released != 5 {
				t.Errorf("released %d letters, %v", released, err)
			}
			s.night(t)
			s.tick(t)
			s.fetch(t)
			s.wantJobs(t, "REJECTED ACCEPTED")
			s.wantAtVendor(t, ids...)
			s.wantAlarms(t)
		})
	}
}
