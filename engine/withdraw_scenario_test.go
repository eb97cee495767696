package engine_test

import (
	"strings"
	"testing"

	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestWithdrawJob: a job that is not handed over is taken back, and its letters go once, with the next night.
func TestWithdrawJob(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "withdraw: files removed", "withdraw: recorded"} {
		t.Run("dead at "+step, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			id := s.accepted(t, "a", newLetter("En"))
			s.dieAt("offer: UPLOADED", 1)
			if !s.survive(t, func() { s.night(t) }) {
				t.Fatal("the process did not die")
			}
			s.restart(t)
			s.wantJobs(t, "UPLOADED")
			job := s.onlyJob(t).ID
			if step != "" {
				s.dieAt(step, 1)
				s.survive(t, func() { _, err := s.engine.WithdrawJob(s.ctx, job, "feil trykkeri"); must(t, err) })
				s.restart(t)
			}
			if _, err := s.engine.WithdrawJob(s.ctx, job, "feil trykkeri"); err != nil && step != "withdraw: recorded" {
				t.Fatal(err)
			}
			s.wantJobs(t, "WITHDRAWN")
			if left := s.inbox(t, job); len(left) > 0 {
				t.Errorf("left at the vendor: %v", left)
			}
			s.night(t)
			s.wantJobs(t, "WITHDRAWN OFFERED")
			s.wantStatus(t, id, shipment.StatusSendtPrint)
			if _, err := s.engine.WithdrawJob(s.ctx, s.jobs(t)[1].ID, "for sent"); err == nil || !strings.Contains(err.Error(), "past the last gate") {
				t.Errorf("withdrawn after the hand-over: %v", err)
			}
		})
	}
}

// TestWithdrawReprint: a reprint that was ordered by mistake is ended; its letters stay what they are, and nothing alarms.
func TestWithdrawReprint(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	parent := s.onlyJob(t).ID
	r, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: parent, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: "revet"})
	must(t, err)
	if _, err := s.engine.WithdrawJob(s.ctx, r.Jobs[0], ""); err == nil {
		t.Error("withdrawn without a reason")
	}
	j, err := s.engine.WithdrawJob(s.ctx, r.Jobs[0], "bestilt ved en feil")
	must(t, err)
	if j.State != store.JobWithdrawn {
		t.Errorf("the reprint is %s", j.State)
	}
	s.work(t)
	s.night(t)
	s.wantJobs(t, "OFFERED WITHDRAWN")
	s.wantStatus(t, id, shipment.StatusSendtPrint)
	s.wantAlarms(t)
}
