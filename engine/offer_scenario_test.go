package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/calendar"
	"postgang/engine/jobs"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// TestLetterFromHandInToClosedJob is the whole way of letters that nothing happens to.
func TestLetterFromHandInToClosedJob(t *testing.T) {
	t.Parallel()
	s := setup(t)
	paper := s.accepted(t, "a", newLetter("En"))
	unread := s.accepted(t, "b", newLetter("To").digital(), file("brev.pdf", pdf(2, 3)))
	s.event(t, unread, shipment.DigitalNotified)
	if c := s.night(t); c.Letters != 1 || c.Reasons[shipment.ReasonNoDigitalID] != 1 {
		t.Errorf("first night collected %+v", c)
	}
	s.wantStatus(t, unread, shipment.StatusVarslet)
	s.wantStatus(t, paper, shipment.StatusSendtPrint)
	s.wantAtVendor(t, paper)

	s.clock.add(40 * time.Hour) // Tuesday to Thursday, all working days
	if c := s.night(t); c.Letters != 1 || c.Reasons[shipment.ReasonUnread] != 1 {
		t.Errorf("second night collected %+v", c)
	}
	s.wantJobs(t, "OFFERED OFFERED")
	if c := s.night(t); c.Letters != 0 || len(c.Jobs) != 0 {
		t.Errorf("a third night collected %+v", c)
	}
	s.tick(t)
	if x := s.fetch(t); x.Answers.Accepted != 2 {
		t.Errorf("answers: %+v", x.Answers)
	}
	s.wantJobs(t, "ACCEPTED ACCEPTED")
	s.writeReceipts(t)
	if x := s.fetch(t); len(x.Receipts) != 2 || x.Receipts[0].Applied != 1 || x.Receipts[0].Deviate != 0 {
		t.Errorf("receipts: %+v", x.Receipts)
	}
	s.wantJobs(t, "CLOSED CLOSED")
	s.wantAtVendor(t, paper, unread)
	s.wantAlarms(t)
	jobs := s.jobs(t)
	want := fmt.Sprintf(`MOTTATT MOTTATT→MOTTATT 
STATUS MOTTATT→AKSEPTERT 
STATUS AKSEPTERT→VARSLET VARSLET
SAMLET VARSLET→VARSLET ULEST %[1]s
STATUS VARSLET→SENDT_PRINT %[1]s
STATUS SENDT_PRINT→PRINTET kvittering i jobb %[1]s
`, jobs[1].ID)
	if got := s.history(t, unread); got != want {
		t.Errorf("history is\n%swant\n%s", got, want)
	}
	states := ""
	for _, e := range view(t, s, func(r store.Reader) ([]store.JobEvent, error) { return r.JobHistory(s.ctx, jobs[1].ID) }) {
		states += " " + string(e.To)
	}
	if want := " PLANNED COMPOSED UPLOADED COMMITTED OFFERED ACCEPTED CLOSED"; states != want {
		t.Errorf("the job went%s, want%s", states, want)
	}
	if strings.Contains(s.log.String(), "Kari") || strings.Contains(s.log.String(), "Vedtak") || strings.Contains(s.log.String(), person()) {
		t.Error("personal data in the log")
	}
}

// TestReadBeforeTheLastGate drops letters that are read, stopped or held between composing and the hand-over, wherever
// the process dies on the way.
func TestReadBeforeTheLastGate(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "offer: file sent", "offer: UPLOADED", "offer: files withdrawn", "offer: WITHDRAWN", "compose: recorded"} {
		t.Run(strings.ReplaceAll(step, ": ", " "), func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			var ids []string
			for i := range 4 {
				id := s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i)))
				ids = append(ids, id)
			}
			first := s.collect(t).Jobs[0]
			must(t, s.engine.Work(s.ctx, store.Task{Kind: store.TaskCompose, Subject: first}))
			s.read(t, ids[0])
			if _, err := s.engine.Stop(s.ctx, ids[1], "ringt inn"); err != nil {
				t.Fatal(err)
			}
			must(t, s.engine.Hold(s.ctx, ids[2], shipment.Refusal{Code: "prove", Text: "Prøve."}))
			if step != "" {
				s.dieAt(step, 1)
				if !s.survive(t, func() { s.tryWork(t) }) {
					t.Fatalf("step %q was not reached", step)
				}
				if _, err := s.engine.Reconcile(s.ctx); err != nil {
					t.Fatal(err)
				}
			}
			s.work(t)
			s.wantJobs(t, "WITHDRAWN OFFERED")
			second := s.jobs(t)[1]
			if second.Parent != first || second.Letters != 1 {
				t.Errorf("the new job has parent %q and %d letters", second.Parent, second.Letters)
			}
			if left := s.inbox(t, first); len(left) != 0 {
				t.Errorf("files of the withdrawn job are left at the vendor: %v", left)
			}
			s.wantAtVendor(t, ids[3])
			s.wantStatus(t, ids[0], shipment.StatusLest)
			s.wantStatus(t, ids[1], shipment.StatusManueltHandtert)
			s.wantStatus(t, ids[2], shipment.StatusAkseptert)
			s.wantStatus(t, ids[3], shipment.StatusSendtPrint)
			if h := s.history(t, ids[0]); !strings.Contains(h, "TRUKKET LEST→LEST") {
				t.Errorf("the history does not tell of the withdrawal:\n%s", h)
			}
			must(t, s.engine.Release(s.ctx, ids[2], "rettet"))
			s.night(t)
			s.tick(t)
			s.wantAtVendor(t, ids[2], ids[3])
			s.wantAlarms(t)
		})
	}
}

// TestAllLettersReadBeforeTheLastGate leaves nothing to send.
func TestAllLettersReadBeforeTheLastGate(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	s.step.set(func(name string) {
		if name == "compose: recorded" {
			for _, id := range ids {
				s.read(t, id)
			}
		}
	})
	s.night(t)
	s.wantJobs(t, "WITHDRAWN")
	s.wantAtVendor(t)
	if left := s.inbox(t, ""); len(left) != 0 {
		t.Errorf("files are left at the vendor: %v", left)
	}
}

// TestReadAfterTheLastGate is recorded beside: the letter is on its way to paper, whether or not its hand-over has been
// recorded, and its cost comes.
func TestReadAfterTheLastGate(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"offer: before ready file", "offer: ready file placed", "offer: OFFERED"} {
		t.Run(strings.ReplaceAll(step, ": ", " "), func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			id := s.accepted(t, "a", newLetter("En").digital())
			s.event(t, id, shipment.DigitalReserved)
			s.step.set(func(name string) {
				if name == step {
					s.read(t, id)
				}
			})
			s.night(t)
			s.wantJobs(t, "OFFERED")
			s.wantStatus(t, id, shipment.StatusSendtPrint)
			if s.shipment(t, id).ReadAt.IsZero() || !strings.Contains(s.history(t, id), "LEST_ETTER_PRINT") {
				t.Errorf("the reading is not recorded:\n%s", s.history(t, id))
			}
			s.tick(t)
			s.writeReceipts(t)
			s.fetch(t)
			s.wantStatus(t, id, shipment.StatusPrintet)
			s.wantJobs(t, "CLOSED")
			s.wantAtVendor(t, id)
		})
	}
}

// committed gives a stage whose only job is COMMITTED, its process having died before the ready file was put.
func committed(t *testing.T, changes ...change) (s *stage, job, id string) {
	t.Helper()
	s = setup(t, changes...)
	id = s.accepted(t, "a", newLetter("En"))
	s.dieAt("offer: before ready file", 1)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	s.wantJobs(t, "COMMITTED")
	return s, s.onlyJob(t).ID, id
}

// removeAtVendor removes files of the inbox.
func (s *stage) removeAtVendor(t *testing.T, names ...string) {
	t.Helper()
	for _, n := range names {
		must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultInbox, n)))
	}
}

// reconcile has everything unfinished done.
func (s *stage) reconcile(t *testing.T) {
	t.Helper()
	if _, err := s.engine.Reconcile(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.work(t)
}

// reconcileStopped is reconcile when offers are stopped.
func (s *stage) reconcileStopped(t *testing.T) {
	t.Helper()
	_, err := s.engine.Reconcile(s.ctx)
	must(t, err)
	s.workStopped(t)
}

// TestFoundCommitted finds a job past the last gate after a crash.
func TestFoundCommitted(t *testing.T) {
	t.Parallel()
	t.Run("with its files", func(t *testing.T) {
		t.Parallel()
		s, job, id := committed(t)
		s.reconcile(t)
		s.wantJobs(t, "OFFERED")
		if !s.exists(t, exchange.DefaultInbox, exchange.ReadyName(job)) {
			t.Error("there is no ready file")
		}
		s.tick(t)
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantAtVendor(t, id)
	})
	t.Run("with ready file", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.dieAt("offer: ready file placed", 1)
		s.survive(t, func() { s.night(t) })
		s.wantJobs(t, "COMMITTED")
		s.reconcile(t)
		s.wantJobs(t, "OFFERED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.tick(t)
		s.wantAtVendor(t, id)
	})
	t.Run("with answer", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.dieAt("offer: ready file placed", 1)
		s.survive(t, func() { s.night(t) })
		s.tick(t) // the vendor is quick: answered, and the files are gone
		s.reconcile(t)
		s.wantJobs(t, "OFFERED")
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantAtVendor(t, id)
	})
	t.Run("with answer, which is fetched first", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.dieAt("offer: ready file placed", 1)
		s.survive(t, func() { s.night(t) })
		s.tick(t)
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.reconcile(t)
		s.wantAtVendor(t, id)
	})
	t.Run("with ready file of another ticket", func(t *testing.T) {
		t.Parallel()
		s, job, id := committed(t)
		j := s.job(t, job)
		sha := strings.Repeat("ab", 32)
		name, err := exchange.FileName(job, 0, exchange.KindTicket, sha)
		must(t, err)
		ready, err := exchange.Ready{Job: job, Ticket: name, TicketSHA256: sha}.Marshal()
		must(t, err)
		s.put(t, exchange.DefaultInbox, exchange.ReadyName(job), ready)
		s.reconcileStopped(t)
		s.wantJobs(t, "COMMITTED")
		s.wantAlarms(t, "restored:trykk")
		s.wantStatus(t, id, shipment.StatusAkseptert)
		left, err := os.ReadFile(filepath.Join(s.vendor().root, exchange.DefaultInbox, exchange.ReadyName(job)))
		must(t, err)
		if string(left) != string(ready) || j.TicketSHA == sha {
			t.Error("the other's ready file was touched")
		}
	})
	t.Run("with answer to another ticket", func(t *testing.T) {
		t.Parallel()
		s, job, _ := committed(t)
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: strings.Repeat("ab", 32)})
		s.reconcileStopped(t)
		s.wantJobs(t, "COMMITTED")
		s.fetch(t)
		s.wantJobs(t, "COMMITTED")
		s.wantAlarms(t, "restored:trykk")
	})
	t.Run("with an answer that cannot be read", func(t *testing.T) {
		t.Parallel()
		s, job, id := committed(t)
		s.put(t, exchange.DefaultAnswers, exchange.AnswerName(job, true), []byte("{"))
		s.reconcile(t)
		s.wantJobs(t, "UNCERTAIN")
		if x := s.fetch(t); x.Answers.Bad != 1 {
			t.Errorf("answers: %+v", x.Answers)
		}
		s.wantAlarms(t, "answer:", "uncertain:")
		s.answer(t, s.acceptance(t, job)) // the vendor mends it
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.wantAlarms(t)
	})
	t.Run("with other files of the same names", func(t *testing.T) {
		t.Parallel()
		s, job, _ := committed(t)
		for _, name := range s.inbox(t, job) {
			info, err := os.Stat(filepath.Join(s.vendor().root, exchange.DefaultInbox, name))
			must(t, err)
			s.put(t, exchange.DefaultInbox, name, []byte(strings.Repeat("x", int(info.Size()))))
		}
		s.reconcile(t)
		s.wantJobs(t, "UNCERTAIN")
		s.wantAlarms(t, "uncertain:")
		if s.exists(t, exchange.DefaultInbox, exchange.ReadyName(job)) {
			t.Error("files that are not ours were handed over")
		}
	})
}

// TestUncertainIsNeverSentAgain is a job COMMITTED of which the vendor's side holds nothing.
func TestUncertainIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	uncertain := func(t *testing.T) (*stage, string, string) {
		s, job, id := committed(t)
		s.removeAtVendor(t, s.inbox(t, job)...)
		s.reconcile(t)
		s.wantJobs(t, "UNCERTAIN")
		s.wantAlarms(t, "uncertain:"+job)
		for range 3 {
			s.clock.add(24 * time.Hour)
			s.night(t)
			s.reconcile(t)
		}
		s.wantJobs(t, "UNCERTAIN")
		s.wantAtVendor(t)
		if left := s.inbox(t, ""); len(left) != 0 {
			t.Errorf("files were sent again: %v", left)
		}
		return s, job, id
	}
	t.Run("resolved by acceptance", func(t *testing.T) {
		t.Parallel()
		s, job, id := uncertain(t)
		s.answer(t, s.acceptance(t, job))
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.wantAlarms(t)
	})
	t.Run("resolved by refusal", func(t *testing.T) {
		t.Parallel()
		s, job, id := uncertain(t)
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.fetch(t)
		s.wantJobs(t, "REJECTED")
		s.wantAlarms(t, "rejected:"+job)
		if _, err := s.engine.ReleaseJob(s.ctx, job, "rettet"); err != nil {
			t.Fatal(err)
		}
		s.night(t)
		s.wantJobs(t, "REJECTED OFFERED")
		s.tick(t)
		s.wantAtVendor(t, id)
		s.wantAlarms(t)
	})
	t.Run("resolved by receipt", func(t *testing.T) {
		t.Parallel()
		s, job, id := uncertain(t)
		s.receipts(t, "k1.csv", receiptRow(job, id, s.clock.now()))
		s.fetch(t)
		s.wantJobs(t, "CLOSED")
		s.wantStatus(t, id, shipment.StatusPrintet)
		s.wantAlarms(t)
	})
	t.Run("read meanwhile", func(t *testing.T) {
		t.Parallel()
		s, job, id := uncertain(t)
		s.read(t, id)
		s.receipts(t, "k1.csv", receiptRow(job, id, s.clock.now()))
		s.fetch(t)
		s.wantStatus(t, id, shipment.StatusPrintet)
		if s.shipment(t, id).ReadAt.IsZero() {
			t.Error("the reading is lost")
		}
	})
}

// TestAnswersThatDoNotFit are told and change nothing.
func TestAnswersThatDoNotFit(t *testing.T) {
	t.Parallel()
	offered := func(t *testing.T) (*stage, string, string) {
		s := setup(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.night(t)
		return s, s.onlyJob(t).ID, id
	}
	t.Run("odd", func(t *testing.T) {
		t.Parallel()
		for name, odd := range map[string]func(a *exchange.Answer){
			"unknown job":    func(a *exchange.Answer) { a.Job = "OTHR000001"; a.Files = nil; a.Accepted = false },
			"wrong count":    func(a *exchange.Answer) { a.Letters++ },
			"another ticket": func(a *exchange.Answer) { a.TicketSHA256 = strings.Repeat("cd", 32) },
			"refusal of another ticket": func(a *exchange.Answer) {
				a.Accepted, a.TicketSHA256 = false, strings.Repeat("cd", 32)
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s, job, id := offered(t)
				a := s.acceptance(t, job)
				odd(&a)
				s.answer(t, a)
				for range 2 {
					if x := s.fetch(t); x.Answers.Bad != 1 || x.Answers.Accepted+x.Answers.Rejected != 0 {
						t.Errorf("answers: %+v", x.Answers)
					}
				}
				s.wantJobs(t, "OFFERED")
				s.wantStatus(t, id, shipment.StatusSendtPrint)
				if strings.Contains(name, "another ticket") { // two jobs have had the id
					s.wantAlarms(t, "restored:trykk")
				} else {
					s.wantAlarms(t, "answer:trykk:"+a.Job)
				}
				// The right answer comes after all.
				must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultAnswers, exchange.AnswerName(a.Job, a.Accepted))))
				s.answer(t, s.acceptance(t, job))
				s.fetch(t)
				s.wantJobs(t, "ACCEPTED")
				s.recover(t)
				s.wantAlarms(t)
			})
		}
	})
	t.Run("both", func(t *testing.T) {
		t.Parallel()
		s, job, id := offered(t)
		s.answer(t, s.acceptance(t, job))
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.wantAlarms(t, "answer:trykk:")
	})
	t.Run("refusal after acceptance", func(t *testing.T) {
		t.Parallel()
		s, job, id := offered(t)
		s.answer(t, s.acceptance(t, job))
		s.fetch(t)
		must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultAnswers, exchange.AnswerName(job, true))))
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.fetch(t)
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, id, shipment.StatusSendtPrint)
		s.wantAlarms(t, "answer:trykk:"+job)
		s.night(t)
		s.wantAtVendor(t, id)
	})
	t.Run("repeated", func(t *testing.T) {
		t.Parallel()
		s, job, _ := offered(t)
		s.answer(t, s.acceptance(t, job))
		s.fetch(t)
		if x := s.fetch(t); x.Answers != (jobs.Answered{}) {
			t.Errorf("the same answer again: %+v", x.Answers)
		}
		s.wantAlarms(t)
	})
	t.Run("of another vendor", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		s.config.Vendors = append(s.config.Vendors, s.newVendor(t, "andre"))
		s.restart(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.night(t)
		job := s.onlyJob(t).ID
		a := s.acceptance(t, job)
		a.Time = s.clock.now()
		data, err := a.Marshal()
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.vendors["andre"].root, exchange.DefaultAnswers, exchange.AnswerName(job, true)), data, 0o600))
		s.fetch(t)
		s.wantJobs(t, "OFFERED")
		s.wantAlarms(t, "restored:andre")
		s.wantAtVendor(t, id)
	})
}

// TestRejectedJob frees its letters for a person to decide about.
func TestRejectedJob(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a, b, c := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To").digital()), s.accepted(t, "c", newLetter("Tre").digital())
	s.event(t, b, shipment.DigitalReserved)
	s.event(t, c, shipment.DigitalReserved)
	s.night(t)
	s.read(t, c)
	job := s.onlyJob(t).ID
	ready := filepath.Join(s.vendor().root, exchange.DefaultInbox, exchange.ReadyName(job))
	must(t, os.WriteFile(ready, []byte("{}"), 0o600)) // damaged on its way: the vendor must refuse it
	if done := s.tick(t); len(done) != 1 || done[0].Accepted {
		t.Fatalf("the vendor did %+v", done)
	}
	// The simulator cannot name a ticket that it never found; a person asks it to.
	must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultAnswers, exchange.AnswerName(job, false))))
	s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA, Reasons: []string{"klarfilen kan ikke leses", "brev til Kari Testperson 01017012345"}})
	if x := s.fetch(t); x.Answers.Rejected != 1 {
		t.Fatalf("answers: %+v", x.Answers)
	}
	s.wantJobs(t, "REJECTED")
	s.wantAlarms(t, "rejected:"+job)
	// The vendor's words may name people: they are in the job's history alone.
	s.wantAlarmText(t, "rejected:"+job, "for 2 reasons: postgang job show "+job)
	if log := s.log.String() + alarmText(s.openAlarms(t)["rejected:"+job]); strings.Contains(log, "Testperson") || strings.Contains(log, "klarfilen") || strings.Contains(log, "01017012345") {
		t.Errorf("the vendor's words are in the alarm or the log:\n%s", log)
	}
	if h := s.jobHistory(t, job); !strings.HasSuffix(h, "answer of the vendor: klarfilen kan ikke leses; brev til Kari Testperson «11 sifre»\n") {
		t.Errorf("history: %s", h)
	}
	for range 2 {
		s.fetch(t)
		s.night(t)
	}
	s.wantJobs(t, "REJECTED") // nothing is sent until a person says so
	s.wantAtVendor(t)
	s.wantStatus(t, c, shipment.StatusLest) // read while the vendor had it, and never printed

	n, err := s.engine.ReleaseJob(s.ctx, job, "rettet")
	if err != nil || n != 2 {
		t.Errorf("released %d letters, %v", n, err)
	}
	s.night(t)
	s.wantJobs(t, "REJECTED OFFERED")
	s.tick(t)
	s.fetch(t)
	s.wantJobs(t, "REJECTED ACCEPTED")
	s.wantAtVendor(t, a, b)
	s.wantAlarms(t)
	if n, err := s.engine.ReleaseJob(s.ctx, job, "rettet"); err != nil || n != 0 {
		t.Errorf("released again: %d letters, %v", n, err)
	}
	if _, err := s.engine.ReleaseJob(s.ctx, s.jobs(t)[1].ID, "rettet"); err == nil {
		t.Error("a job that was accepted was released")
	}
}

// TestReleaseLeavesALaterRefusalAlone: releasing a job once more must not free letters that a later job was refused for.
func TestReleaseLeavesALaterRefusalAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	refuse := func() string {
		s.night(t)
		jobs := s.jobs(t)
		job := jobs[len(jobs)-1].ID
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
		s.fetch(t)
		return job
	}
	first := refuse()
	_, err := s.engine.ReleaseJob(s.ctx, first, "rettet")
	must(t, err)
	second := refuse()
	if n, err := s.engine.ReleaseJob(s.ctx, first, "rettet"); err != nil || n != 0 {
		t.Errorf("the first job released %d letters of the second, %v", n, err)
	}
	if s.shipment(t, id).Hold == "" {
		t.Error("the letter is not held any more")
	}
	s.wantAlarms(t, "rejected:"+second)
}

// TestOfferWindow makes offers only when the vendor takes them.
func TestOfferWindow(t *testing.T) {
	t.Parallel()
	oslo := func(day, clock string) time.Time {
		at, err := time.ParseInLocation("2006-01-02 15:04:05", day+" "+clock, calendar.Oslo)
		must(t, err)
		return at
	}
	for _, c := range []struct {
		name     string
		from, to time.Duration
		now      time.Time
		wait     time.Duration
	}{
		{"before", 20 * time.Hour, 23 * time.Hour, oslo("2026-11-24", "19:00:00"), time.Hour},
		{"at its start", 20 * time.Hour, 23 * time.Hour, oslo("2026-11-24", "20:00:00"), 0},
		{"last second", 20 * time.Hour, 23 * time.Hour, oslo("2026-11-24", "22:59:59"), 0},
		{"at its end", 20 * time.Hour, 23 * time.Hour, oslo("2026-11-24", "23:00:00"), 21 * time.Hour},
		{"over midnight, evening", 22 * time.Hour, 5 * time.Hour, oslo("2026-11-24", "23:30:00"), 0},
		{"over midnight, morning", 22 * time.Hour, 5 * time.Hour, oslo("2026-11-25", "04:59:59"), 0},
		{"over midnight, day", 22 * time.Hour, 5 * time.Hour, oslo("2026-11-25", "05:00:00"), 17 * time.Hour},
		{"day of 25 hours", 22 * time.Hour, 23 * time.Hour, oslo("2026-10-25", "21:00:00"), time.Hour},
		{"day of 25 hours, from the night before", 22 * time.Hour, 23 * time.Hour, oslo("2026-10-24", "23:00:00"), 24 * time.Hour},
		{"day of 23 hours", 22 * time.Hour, 23 * time.Hour, oslo("2026-03-29", "21:00:00"), time.Hour},
		{"start in the hour that is left out", 2*time.Hour + 30*time.Minute, 6 * time.Hour, oslo("2026-03-29", "01:00:00"), time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t, func(e *engine.Config) { e.Vendors[0].OfferFrom, e.Vendors[0].OfferTo = c.from, c.to })
			s.clock.set(c.now.Add(-time.Minute))
			id := s.accepted(t, "a", newLetter("En"))
			s.clock.set(c.now)
			s.collect(t)
			errs := s.tryWork(t)
			if c.wait == 0 {
				if len(errs) > 0 {
					t.Fatal(errs)
				}
				s.wantAtVendor(t, id)
				return
			}
			var later *step.LaterError
			if len(errs) != 1 || !errors.As(errs[0], &later) {
				t.Fatalf("outside the window: %v", errs)
			}
			if later.After != c.wait {
				t.Errorf("waits %v, want %v", later.After, c.wait)
			}
			s.wantJobs(t, "COMPOSED")
			s.wantAtVendor(t)
			if j := s.onlyJob(t); j.Failures != 0 {
				t.Errorf("waiting counts as %d failures", j.Failures)
			}
			s.clock.add(later.After)
			s.work(t)
			s.wantAtVendor(t, id)
		})
	}
}

// TestUnreachableVendorStopsNoOther: neither its offers nor its receipts keep another vendor's waiting.
func TestUnreachableVendorStopsNoOther(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.config.Vendors = append([]party.Vendor{s.newVendor(t, "borte")}, s.config.Vendors...)
	other := s.config.Accounts[0]
	other.Key, other.Vendor = "helse", "borte"
	s.config.Accounts = append(s.config.Accounts, other)
	s.restart(t)
	here := s.accepted(t, "a", newLetter("En"))
	gone := s.handIn(t, "helse", "b", newLetter("To"))
	s.work(t)
	must(t, s.vendors["borte"].server.Close())
	s.collect(t)
	if errs := s.tryWork(t); len(errs) != 1 {
		t.Errorf("errors: %v", errs)
	}
	s.wantAtVendor(t, here)
	s.tick(t)
	s.writeReceipts(t)
	x, err := s.engine.Fetch(s.ctx)
	if err == nil || x.Answers.Accepted != 1 || len(x.Receipts) != 1 || x.Receipts[0].Applied != 1 {
		t.Errorf("fetched %+v, %v", x, err)
	}
	s.wantStatus(t, here, shipment.StatusPrintet)
	s.wantStatus(t, gone, shipment.StatusAkseptert)
	for _, j := range s.jobs(t) {
		if j.Vendor == "borte" && (j.State != store.JobComposed || j.Failures != 1 || j.LastError == "") {
			t.Errorf("the other job: %s, %d failures, %q", j.State, j.Failures, j.LastError)
		}
	}
}

// TestOffersOfOneVendorDoNotQueueUp: while one offer is under way, another to the same vendor gives its worker back.
func TestOffersOfOneVendorDoNotQueueUp(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	var blocked atomic.Bool
	s := setup(t, func(c *engine.Config) {
		c.Vendors[0].Profile.MaxLettersPerJob = 1
		dial := c.Dial
		c.Dial = func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
			if blocked.CompareAndSwap(true, false) {
				close(entered)
				<-leave
			}
			return dial(ctx, v)
		}
	})
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	jobs := s.collect(t).Jobs
	for _, j := range jobs {
		must(t, s.engine.ComposeJob(s.ctx, j))
	}
	blocked.Store(true)
	done := make(chan error)
	go func() { done <- s.engine.OfferJob(s.ctx, jobs[0]) }()
	<-entered
	second := make(chan error)
	go func() { second <- s.engine.OfferJob(s.ctx, jobs[1]) }()
	select {
	case err := <-second:
		var later *step.LaterError
		if !errors.As(err, &later) || later.After > 5*time.Second {
			t.Errorf("the second offer: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the second offer waits for the first")
		close(leave)
		<-second
		<-done
		return
	}
	close(leave)
	must(t, <-done)
	must(t, s.engine.OfferJob(s.ctx, jobs[1]))
	s.wantAtVendor(t, ids...)
}
