package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/collect"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// bySets has letters put into jobs two at a time.
func bySets(c *engine.Config) { c.SetSize = 2 }

// TestPlanningCutShort: the process dies between the sets of a job's letters, at each of them. The next night takes the job back before
// it plans anything, and every letter is printed once.
func TestPlanningCutShort(t *testing.T) {
	t.Parallel()
	for _, cut := range []struct {
		step string
		n    int
		jobs string // what is there after it
	}{
		{"collect: letters recorded", 1, "PLANNING"},
		{"collect: letters recorded", 2, "PLANNING"},
		{"collect: job planned", 1, "PLANNED"},
		{"collect: letters taken back", 1, "PLANNING"},
		{"collect: planning taken back", 1, "WITHDRAWN"},
	} {
		t.Run(fmt.Sprint(cut.step, " ", cut.n), func(t *testing.T) {
			t.Parallel()
			prices := letterPrices(t)
			s := setup(t, bySets, func(c *engine.Config) { c.Vendors[0].Prices = prices })
			var ids []string
			for i := range 5 {
				ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i))))
			}
			each := s.cost(t, ids[0])
			s.config.Guard = collect.Guard{Day: 5 * each} // what was cut short counts once
			s.restart(t)
			if strings.HasSuffix(cut.step, " taken back") {
				s.dieAt("collect: letters recorded", 2)
				if !s.survive(t, func() { s.night(t) }) {
					t.Fatal("the process did not die")
				}
			}
			s.dieAt(cut.step, cut.n)
			if !s.survive(t, func() { s.night(t) }) {
				t.Fatal("the process did not die")
			}
			s.wantJobs(t, cut.jobs)
			s.reconcile(t) // has nothing done with a job that is being planned
			if cut.jobs == "PLANNING" {
				s.wantJobs(t, "PLANNING")
				s.untouched(t, s.jobs(t)[0].ID, ids[0])
			}
			s.night(t)
			s.tick(t)
			s.fetch(t)
			want := "WITHDRAWN ACCEPTED"
			if cut.jobs == "PLANNED" {
				want = "ACCEPTED"
			}
			s.wantJobs(t, want)
			s.wantAtVendor(t, ids...)
			s.wantAlarms(t)
		})
	}
}

// untouched wants that nobody gets at a job that is being planned.
func (s *stage) untouched(t *testing.T, job, letter string) {
	t.Helper()
	must(t, s.engine.ComposeJob(s.ctx, job))
	must(t, s.engine.OfferJob(s.ctx, job))
	s.wantJobs(t, "PLANNING")
	_, err := s.engine.WithdrawJob(s.ctx, job, "prøver")
	if err == nil || !strings.Contains(err.Error(), "it is being planned (PLANNING)") {
		t.Errorf("withdrawn: %v", err)
	}
	var refused *jobs.ReprintError
	if _, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: job, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: torn}); !errors.As(err, &refused) || !strings.Contains(err.Error(), "PLANNING") {
		t.Errorf("reprinted: %v", err)
	}
	if err := s.engine.WriteJobPlan(s.ctx, job, new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "PLANNING") {
		t.Errorf("its plan is shown: %v", err)
	}
	if p, err := s.engine.PreviewLetter(s.ctx, letter, t.TempDir()); err != nil || p.Job != "" {
		t.Errorf("a preview shows job %q, %v", p.Job, err)
	}
}

// TestChangedWhilePlanning: a letter that is read or stopped before its set is recorded does not get into the job, one that is afterwards
// drops out at the last gate, and a job of which nothing is left is not there.
func TestChangedWhilePlanning(t *testing.T) {
	t.Parallel()
	s := setup(t, bySets)
	var ids []string
	for i := range 6 {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i))))
	}
	var order []string // in which they stand in the job
	sets := 0
	s.step.set(func(name string) {
		if name != "collect: letters recorded" {
			return
		}
		if sets++; sets > 1 {
			return
		}
		for _, l := range s.letters(t, s.jobs(t)[0].ID) {
			order = append(order, l.Shipment)
		}
		for _, id := range ids {
			if !slices.Contains(order, id) {
				order = append(order, id)
			}
		}
		s.read(t, order[0]) // recorded
		s.read(t, order[2])
		s.event(t, order[3], shipment.DigitalClosed)
	})
	c := s.collect(t)
	s.step.set(nil)
	if c.Letters != 4 || len(c.Jobs) != 1 {
		t.Errorf("collected %d letters into %v", c.Letters, c.Jobs)
	}
	j := s.onlyJob(t)
	rows := s.letters(t, j.ID)
	if j.State != store.JobPlanned || j.Letters != 4 || len(rows) != 4 {
		t.Fatalf("%s with %d letters, %d recorded", j.State, j.Letters, len(rows))
	}
	for i, l := range rows {
		if l.Letter != i+1 || l.Shipment == order[2] || l.Shipment == order[3] {
			t.Errorf("letter %d is %d, %s", i+1, l.Letter, l.Shipment)
		}
	}
	s.work(t)
	s.tick(t)
	s.fetch(t)
	s.wantJobs(t, "WITHDRAWN ACCEPTED")
	s.wantAtVendor(t, slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == order[0] || id == order[2] || id == order[3] })...)

	// All letters of the second set, and of a whole job.
	for i := range 3 {
		ids = append(ids, s.accepted(t, fmt.Sprint("n", i), newLetter(fmt.Sprint("n", i))))
	}
	before := len(s.jobs(t))
	s.config.Vendors[0].Profile.MaxLettersPerJob = 3
	s.restart(t)
	for len(ids) < 13 {
		n := len(ids)
		ids = append(ids, s.accepted(t, fmt.Sprint("m", n), newLetter(fmt.Sprint("m", n))))
	}
	last := ids[6:]
	s.clock.add(time.Minute)
	sets = 0
	s.step.set(func(name string) {
		if name == "collect: letters recorded" {
			if sets++; sets == 1 {
				in := map[string]bool{}
				for _, l := range s.letters(t, s.jobs(t)[before].ID) {
					in[l.Shipment] = true
				}
				for _, id := range last {
					if !in[id] {
						s.read(t, id)
					}
				}
			}
		}
	})
	c = s.collect(t)
	s.step.set(nil)
	if c.Letters != 2 || len(c.Jobs) != 1 {
		t.Errorf("collected %d letters into %v, want 2 into one", c.Letters, c.Jobs)
	}
	if n := len(s.jobs(t)); n != before+1 {
		t.Errorf("%d jobs, want %d", n, before+1)
	}
}

// TestPlanningTakenBack: somebody else has put a letter of a later set into a job; what was recorded is due again, and goes.
func TestPlanningTakenBack(t *testing.T) {
	t.Parallel()
	s := setup(t, bySets)
	var ids []string
	for i := range 5 {
		ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i))))
	}
	other, err := engine.New(s.ctx, s.config)
	must(t, err)
	done := false
	s.step.set(func(name string) {
		if name == "collect: letters recorded" && !done {
			done = true
			c, err := other.Collect(s.ctx) // which no lock keeps from it here
			must(t, err)
			if c.Letters != 5 {
				t.Errorf("the other collected %d letters", c.Letters)
			}
		}
	})
	if c := s.collect(t); c.Letters != 0 {
		t.Errorf("collected %d letters", c.Letters)
	}
	s.step.set(nil)
	s.work(t)
	s.tick(t)
	s.fetch(t)
	s.wantJobs(t, "WITHDRAWN ACCEPTED")
	s.wantAtVendor(t, ids...)
}
