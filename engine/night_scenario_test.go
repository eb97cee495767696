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
	"postgang/engine/archive"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/queue"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// withQueue gives a stage whose background tasks are done by the real queue.
func withQueue(t *testing.T, changes ...change) (*stage, *queue.Queue) {
	t.Helper()
	s := setup(t)
	must(t, s.archive.Close())
	var err error
	// River keeps time by the real clock.
	s.archive, err = archive.Open(s.ctx, archive.Config{
		DSN: "sqlite:" + filepath.Join(s.dir, "postgang.db"), Now: s.clock.now, Enqueue: queue.Enqueue,
	})
	must(t, err)
	q, err := queue.Open(s.ctx, s.archive, queue.Config{
		Workers: map[store.TaskKind]int{store.TaskPrepare: 2, store.TaskCompose: 2, store.TaskOffer: 2},
		Logger:  s.config.Log, Retry: func(int) time.Duration { return 50 * time.Millisecond },
	})
	must(t, err)
	s.config.Archive = s.archive
	for _, c := range changes {
		c(&s.config)
	}
	s.restart(t)
	return s, q
}

// start begins background work; the test ends it.
func (s *stage) start(t *testing.T, q *queue.Queue) {
	t.Helper()
	must(t, q.Start(s.ctx, s.engine.Work))
	t.Cleanup(func() { s.stop(t, q) })
}

func (s *stage) stop(t *testing.T, q *queue.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	must(t, q.Stop(ctx))
}

// await waits until a shipment is decided.
func (s *stage) await(t *testing.T, ids ...string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for _, id := range ids {
		for s.shipment(t, id).Status == shipment.StatusMottatt {
			if time.Now().After(deadline) {
				t.Fatalf("shipment %s is never decided", id)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// TestNightWithTheQueue: a whole night, then another that has nothing to do.
func TestNightWithTheQueue(t *testing.T) {
	t.Parallel()
	s, q := withQueue(t, func(c *engine.Config) { c.Vendors[0].Profile.MaxLettersPerJob = 2 })
	s.start(t, q)
	var ids []string
	for i := range 7 {
		ids = append(ids, s.handIn(t, konto, fmt.Sprint("k", i), newLetter(fmt.Sprint(i)), file("brev.pdf", pdf(i, 1))))
	}
	s.await(t, ids...)
	must(t, os.Remove(s.blobPath(t, s.shipment(t, ids[0]).Prepared)))
	s.step.set(func(name string) {
		if name == "night: collected" {
			s.read(t, ids[1])
		}
	})
	n, err := s.engine.RunNight(s.ctx, nights.NightOptions{Patience: time.Minute})
	must(t, err)
	if n.Collected.Letters != 7 || n.Letters != 5 || n.Withdrawn != 1 || n.SetAside != 1 || len(n.Unsettled) > 0 {
		t.Errorf("the night: %s", n.Summary())
	}
	n, err = s.engine.RunNight(s.ctx, nights.NightOptions{Patience: time.Minute})
	if err != nil || n.Collected.Letters != 0 || n.Letters != 0 || n.Withdrawn != 0 || n.SetAside != 0 {
		t.Errorf("another night: %s, %v", n.Summary(), err)
	}
	s.tick(t)
	s.fetch(t)
	s.wantAtVendor(t, ids[2:]...)
	s.wantAlarms(t, "held:"+konto+":klargjort-fil-skadet")
}

// TestQueueIsLost: with all of the queue's rows gone, Reconcile finds everything that is to be done.
func TestQueueIsLost(t *testing.T) {
	t.Parallel()
	s, q := withQueue(t, func(c *engine.Config) { c.Vendors[0].Profile.MaxLettersPerJob = 1 })
	lose := func() {
		t.Helper()
		for _, table := range []string{"river_job", "river_leader", "river_queue", "river_client"} {
			if _, err := s.archive.Exec(s.ctx, "DELETE FROM "+table); err != nil && !strings.Contains(err.Error(), "no such table") {
				t.Fatal(err)
			}
		}
	}
	// One shipment of each step at which it can stand.
	undecided := s.handIn(t, konto, "undecided", newLetter("A"))
	var ids []string
	for i := range 4 {
		id := s.handIn(t, konto, fmt.Sprint("k", i), newLetter(fmt.Sprint(i)))
		must(t, s.engine.PrepareShipment(s.ctx, id))
		ids = append(ids, id)
	}
	jobs := s.collect(t).Jobs
	must(t, s.engine.ComposeJob(s.ctx, jobs[1]))
	for i, step := range []string{"offer: UPLOADED", "offer: COMMITTED"} {
		must(t, s.engine.ComposeJob(s.ctx, jobs[2+i]))
		s.dieAt(step, 1)
		if !s.survive(t, func() { _ = s.engine.OfferJob(s.ctx, jobs[2+i]) }) {
			t.Fatalf("step %q was not reached", step)
		}
	}
	s.wantJobs(t, "PLANNED COMPOSED UPLOADED COMMITTED")
	lose()
	n, err := s.engine.Reconcile(s.ctx)
	if err != nil || n != 5 {
		t.Fatalf("reconcile found %d tasks, %v; want 5", n, err)
	}
	s.start(t, q)
	s.await(t, undecided)
	night, err := s.engine.RunNight(s.ctx, nights.NightOptions{Patience: time.Minute})
	must(t, err)
	if len(night.Unsettled) > 0 {
		t.Errorf("the night: %s", night.Summary())
	}
	s.wantJobs(t, "OFFERED OFFERED OFFERED OFFERED OFFERED")
	s.tick(t)
	s.fetch(t)
	s.wantJobs(t, "ACCEPTED ACCEPTED ACCEPTED ACCEPTED ACCEPTED")
	s.wantAtVendor(t, append(ids, undecided)...)
	s.wantAlarms(t)
}

// TestTwoNightsAtOnce: the second says so and does nothing.
func TestTwoNightsAtOnce(t *testing.T) {
	t.Parallel()
	s, q := withQueue(t)
	s.start(t, q)
	id := s.handIn(t, konto, "a", newLetter("En"))
	s.await(t, id)
	var second error
	s.step.set(func(name string) {
		if name == "night: collected" {
			_, second = s.engine.RunNight(s.ctx, nights.NightOptions{})
		}
	})
	if _, err := s.engine.RunNight(s.ctx, nights.NightOptions{}); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(second, store.ErrLocked) {
		t.Errorf("the second night: %v", second)
	}
	s.tick(t)
	s.wantAtVendor(t, id)
}

// TestTwoCollectsAtOnce put a letter into one job.
func TestTwoCollectsAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To"))}
	other, err := engine.New(s.ctx, s.config)
	must(t, err)
	result := make(chan error)
	go func() {
		_, err := other.Collect(s.ctx)
		result <- err
	}()
	s.collect(t)
	must(t, <-result)
	s.work(t)
	s.tick(t)
	s.wantAtVendor(t, ids...)
	s.wantJobs(t, "OFFERED")
}

// TestTwoProcessesOfferOneJob hand it over once.
func TestTwoProcessesOfferOneJob(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	job := s.collect(t).Jobs[0]
	must(t, s.engine.ComposeJob(s.ctx, job))
	results := make(chan error)
	for range 4 {
		e, err := engine.New(s.ctx, s.config)
		must(t, err)
		go func() {
			for {
				err := e.OfferJob(s.ctx, job)
				var later *step.LaterError
				if errors.As(err, &later) && s.ctx.Err() == nil {
					time.Sleep(5 * time.Millisecond)
					continue
				}
				results <- err
				return
			}
		}()
	}
	for range 4 {
		must(t, <-results)
	}
	s.wantJobs(t, "OFFERED")
	s.tick(t)
	s.wantAtVendor(t, id)
}

// TestConnectionIsCut at every request to the vendor: the job goes out once in the end.
func TestConnectionIsCut(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.config.Vendors[0].Target.Timeouts = exchange.Timeouts{Dial: 5 * time.Second, Operation: 2 * time.Second}
	cut := 0
	dial := s.config.Dial
	s.config.Dial = func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
		var n atomic.Int64
		v.Target.Trace = func(string, ...string) {
			if n.Add(1) > int64(cut) {
				s.vendor().server.Cut()
			}
		}
		return dial(ctx, v)
	}
	s.restart(t)
	id := s.accepted(t, "a", newLetter("En"))
	s.collect(t)
	for ; cut < 100; cut++ {
		if errs := s.tryWork(t); len(errs) == 0 && s.jobStates(t) == "OFFERED" {
			break
		}
		if state := s.jobStates(t); strings.Contains(state, "UNCERTAIN") {
			t.Fatalf("cut after %d requests: %s", cut, state)
		}
	}
	s.wantJobs(t, "OFFERED")
	s.tick(t)
	s.wantAtVendor(t, id)
	t.Logf("handed over after %d cuts", cut)
}
