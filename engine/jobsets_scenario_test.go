package engine_test

import (
	"errors"
	"fmt"
	"testing"

	"postgang/engine"
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
