package engine_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/recovery"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// uncertainJob is a job of three letters, COMMITTED, of which the vendor has lost the ticket: what else there was of it
// still lies there.
func uncertainJob(t *testing.T) (s *stage, job string, ids []string) {
	t.Helper()
	s = setup(t)
	ids = []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To")), s.accepted(t, "ccc", newLetter("Tre"))}
	s.dieAt("offer: before ready file", 1)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	job = s.onlyJob(t).ID
	s.loseTicket(t, job)
	s.reconcile(t)
	s.wantJobs(t, "UNCERTAIN")
	s.wantAlarms(t, "uncertain:"+job)
	return s, job, ids
}

// loseTicket removes a job's ticket from the vendor's inbox.
func (s *stage) loseTicket(t *testing.T, job string) {
	t.Helper()
	for _, name := range s.inbox(t, job) {
		if p, ok := exchange.ParseFileName(name); ok && p.Kind == exchange.KindTicket {
			s.removeAtVendor(t, name)
			return
		}
	}
	t.Fatal("there is no ticket")
}

func (s *stage) resolve(t *testing.T, job string, offered bool) nights.Resolved {
	t.Helper()
	r, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Offered: offered, Reason: "avklart på telefon"})
	must(t, err)
	return r
}

// wantUnresolved: the resolution is refused with these words, and the job stays what it is.
func (s *stage) wantUnresolved(t *testing.T, r nights.Resolution, words string) {
	t.Helper()
	before := s.jobStates(t)
	if r.Reason == "" {
		r.Reason = "avklart på telefon"
	}
	if _, err := s.engine.ResolveJob(s.ctx, r); err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("resolve: %v, want %q", err, words)
	}
	s.wantJobs(t, before)
}

// jobHistory is a job's history in English, a line an event.
func (s *stage) jobHistory(t *testing.T, job string) string {
	t.Helper()
	var b strings.Builder
	for _, ev := range view(t, s, func(r store.Reader) ([]store.JobEvent, error) { return r.JobHistory(s.ctx, job) }) {
		b.WriteString(string(ev.From) + "→" + string(ev.To) + " " + words.Why(ev.Reason, words.English) + "\n")
	}
	return b.String()
}

// TestResolveOffered: the vendor has it after all.
func TestResolveOffered(t *testing.T) {
	t.Parallel()
	s, job, ids := uncertainJob(t)
	s.read(t, ids[2])
	plan, err := s.engine.PlanResolve(s.ctx, nights.Resolution{Job: job, Offered: true, Reason: "x"})
	must(t, err)
	if plan.Job.ID != job || !strings.Contains(words.Why(plan.Why, words.English), "neither its files") || plan.New != nil || plan.LeftOut != 0 {
		t.Errorf("plan: %+v", plan)
	}
	s.wantJobs(t, "UNCERTAIN") // to plan changes nothing
	s.resolve(t, job, true)
	s.wantJobs(t, "OFFERED")
	s.wantAlarms(t)
	for _, id := range ids[:2] {
		s.wantStatus(t, id, shipment.StatusSendtPrint)
	}
	s.wantStatus(t, ids[2], shipment.StatusSendtPrint) // read past the gate: beside the status
	if s.shipment(t, ids[2]).ReadAt.IsZero() {
		t.Error("the reading is lost")
	}
	if h := s.jobHistory(t, job); !strings.Contains(h, "UNCERTAIN→OFFERED resolved by a person, the vendor has it: avklart på telefon\n") {
		t.Errorf("history:\n%s", h)
	}
	s.wantUnresolved(t, nights.Resolution{Job: job}, "is OFFERED, not UNCERTAIN")
	s.answer(t, s.acceptance(t, job))
	s.fetch(t)
	s.wantJobs(t, "ACCEPTED")
	s.wantUnresolved(t, nights.Resolution{Job: job}, "postgang job reprint "+job)
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], s.clock.now()))
	s.fetch(t)
	s.wantStatus(t, ids[0], shipment.StatusPrintet)
}

// TestResolveNotOffered: nothing of the old id is left at the vendor, and its letters go under a new one.
func TestResolveNotOffered(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "resolve: files withdrawn", "resolve: recorded"} {
		t.Run("dead at "+step, func(t *testing.T) {
			t.Parallel()
			s, job, ids := uncertainJob(t)
			if len(s.inbox(t, job)) == 0 {
				t.Fatal("nothing is left to take back")
			}
			s.read(t, ids[0])
			if step != "" {
				s.dieAt(step, 1)
				if !s.survive(t, func() { s.resolve(t, job, false) }) {
					t.Fatal("the process did not die")
				}
			}
			if left := s.inbox(t, ""); step != "" && len(left) > 0 {
				t.Errorf("left at the vendor: %v", left)
			}
			if step != "resolve: recorded" {
				s.wantJobs(t, "UNCERTAIN")
				r := s.resolve(t, job, false)
				if r.LeftOut != 1 || len(r.New) != 1 || r.New[0] == job {
					t.Errorf("resolved: %+v", r)
				}
			}
			s.wantJobs(t, "WITHDRAWN PLANNED")
			s.wantAlarms(t)
			if left := s.inbox(t, ""); len(left) > 0 {
				t.Errorf("left at the vendor: %v", left)
			}
			s.wantUnresolved(t, nights.Resolution{Job: job}, "is WITHDRAWN, not UNCERTAIN")
			s.reconcile(t)
			s.night(t)
			s.wantJobs(t, "WITHDRAWN OFFERED")
			s.tick(t)
			s.wantAtVendor(t, ids[1], ids[2])
			s.wantStatus(t, ids[0], shipment.StatusLest)
			if h := s.history(t, ids[0]); !strings.Contains(h, "TRUKKET AKSEPTERT→AKSEPTERT trukket fra utskriftsjobb "+job+"\nSTATUS AKSEPTERT→LEST LEST\n") {
				t.Errorf("history:\n%s", h)
			}
			if h := s.jobHistory(t, job); strings.Count(h, "UNCERTAIN→WITHDRAWN resolved by a person, the vendor has not got it: avklart på telefon\n") != 1 {
				t.Errorf("history:\n%s", h)
			}
			// The vendor was wrong, and answers the old id: told, and nothing moves.
			s.answer(t, exchange.Answer{Job: job, TicketSHA256: s.job(t, job).TicketSHA})
			s.fetch(t)
			s.wantJobs(t, "WITHDRAWN ACCEPTED")
			s.wantAlarms(t, "answer:trykk:"+job)
		})
	}
}

// TestResolveAgainstTheVendorsSide: what lies at the vendor weighs more than its word.
func TestResolveAgainstTheVendorsSide(t *testing.T) {
	t.Parallel()
	not := func(job string) nights.Resolution { return nights.Resolution{Job: job} }
	t.Run("ready file", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		before := s.inbox(t, job)
		s.put(t, exchange.DefaultInbox, exchange.ReadyName(job), []byte("{}"))
		s.wantUnresolved(t, not(job), "a ready file for it is at the vendor")
		s.wantAlarms(t, "uncertain:")
		if after := s.inbox(t, job); len(after) != len(before)+1 {
			t.Errorf("at the vendor: %v, before %v", after, before)
		}
		must(t, os.Remove(filepath.Join(s.vendor().root, exchange.DefaultInbox, exchange.ReadyName(job))))
		s.resolve(t, job, false)
		s.wantJobs(t, "WITHDRAWN PLANNED")
	})
	t.Run("answer", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		s.answer(t, s.acceptance(t, job))
		if _, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Reason: "x"}); err == nil || !strings.Contains(err.Error(), "was found just now, and it is ACCEPTED") {
			t.Error(err)
		}
		s.wantJobs(t, "ACCEPTED")
		s.wantAlarms(t)
	})
	t.Run("receipt", func(t *testing.T) {
		t.Parallel()
		s, job, ids := uncertainJob(t)
		s.receipts(t, "k1.csv", receiptRow(job, ids[0], s.clock.now()))
		if _, err := s.engine.ResolveJob(s.ctx, nights.Resolution{Job: job, Reason: "x"}); err == nil || !strings.Contains(err.Error(), "was found just now, and it is ACCEPTED") {
			t.Error(err)
		}
		s.wantJobs(t, "ACCEPTED")
		s.wantStatus(t, ids[0], shipment.StatusPrintet)
	})
	t.Run("answer to another ticket", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		s.answer(t, exchange.Answer{Job: job, TicketSHA256: strings.Repeat("ab", 32)})
		s.wantUnresolved(t, not(job), "another ticket, is at the vendor")
	})
	t.Run("answer that cannot be read", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		s.put(t, exchange.DefaultAnswers, exchange.AnswerName(job, true), []byte("{"))
		s.wantUnresolved(t, not(job), "cannot be read")
	})
	t.Run("while an offer is under way", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		_, release, err := s.archive.Lock(s.ctx, "vendor-trykk")
		must(t, err)
		s.wantUnresolved(t, not(job), "try again in a moment")
		release()
		s.resolve(t, job, false)
		s.wantJobs(t, "WITHDRAWN PLANNED")
	})
	t.Run("gone", func(t *testing.T) {
		t.Parallel()
		s, job, _ := uncertainJob(t)
		s.vendor().server.Close()
		s.wantUnresolved(t, not(job), "is not withdrawn: look for answers")
		// Its letters would count as sent on a word that may be about another job.
		s.wantUnresolved(t, nights.Resolution{Job: job, Offered: true}, "is not recorded as offered: reach vendor")
	})
}

// TestResolveOfferedAnotherJob: the vendor has a job of this id, and not these letters.
func TestResolveOfferedAnotherJob(t *testing.T) {
	t.Parallel()
	offered := func(job string) nights.Resolution { return nights.Resolution{Job: job, Offered: true} }
	t.Run("answer to another ticket", func(t *testing.T) {
		t.Parallel()
		s, job, ids := uncertainJob(t)
		s.answer(t, exchange.Answer{Job: job, Accepted: true, Letters: 3, Sides: 12, TicketSHA256: strings.Repeat("ab", 32)})
		s.wantUnresolved(t, offered(job), "has another job under this id")
		s.wantAlarms(t, "restored:trykk", "uncertain:"+job)
		s.wantStatus(t, ids[0], shipment.StatusAkseptert)
		// Once that is known, neither word counts, and the vendor is not sent to remove anything.
		for _, r := range []nights.Resolution{offered(job), {Job: job}} {
			s.wantUnresolved(t, r, "postgang recover --vendor trykk")
		}
		if r := s.recover(t); len(r.Waits) != 1 { // which letters it has is not known
			t.Errorf("recovered: %+v", r)
		}
		s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "trykkeriet har sendt listen"})
		s.wantJobs(t, "WITHDRAWN")
		for _, id := range ids {
			s.wantHold(t, id, shipment.HoldRestored)
		}
	})
	t.Run("manifest of others", func(t *testing.T) {
		t.Parallel()
		s, job, ids := uncertainJob(t)
		name, err := exchange.FileName(job, 0, exchange.KindManifest, strings.Repeat("cd", 32))
		must(t, err)
		s.put(t, exchange.DefaultInbox, name, []byte("versjon\n"))
		s.wantUnresolved(t, offered(job), "is not of this job")
		s.wantStatus(t, ids[0], shipment.StatusAkseptert)
	})
}

// TestResolveRefuses says what to do instead.
func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	s, job, _ := committed(t)
	s.wantUnresolved(t, nights.Resolution{Job: job}, "is COMMITTED, not UNCERTAIN: it is handed over by itself")
	s.wantUnresolved(t, nights.Resolution{Job: job, Reason: "sak 01819012345, " + person()}, "fødselsnummer")
	s.wantUnresolved(t, nights.Resolution{Job: job, Reason: " "}, "the reason is missing")
	s.wantUnresolved(t, nights.Resolution{Job: "TEST000009"}, "not found")
}

// TestResolveReprint: a reprint that the vendor has not got ends alone.
func TestResolveReprint(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	s.tick(t)
	s.fetch(t)
	parent := s.onlyJob(t).ID
	order := jobs.ReprintOrder{Job: parent, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: "revet"}
	r, err := s.engine.OrderReprint(s.ctx, order)
	must(t, err)
	s.dieAt("offer: before ready file", 1)
	if !s.survive(t, func() { s.work(t) }) {
		t.Fatal("the process did not die")
	}
	s.loseTicket(t, r.Jobs[0])
	s.clock.add(time.Minute)
	s.reconcile(t)
	s.wantJobs(t, "ACCEPTED UNCERTAIN")
	if out := s.resolve(t, r.Jobs[0], false); out.New != nil || out.LeftOut != 0 {
		t.Errorf("resolved: %+v", out)
	}
	s.wantJobs(t, "ACCEPTED WITHDRAWN")
	s.wantAlarms(t)
	s.wantStatus(t, id, shipment.StatusSendtPrint)
	if left := s.inbox(t, r.Jobs[0]); len(left) > 0 {
		t.Errorf("left at the vendor: %v", left)
	}
	_, err = s.engine.OrderReprint(s.ctx, order) // its letter is in no open reprint any more
	must(t, err)
}
