package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/engine"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// runs notes the slots that were run, in Norwegian time.
type runs struct {
	list []string
	err  error
}

func (r *runs) run(_ context.Context, slot time.Time) (shipment.Note, error) {
	r.list = append(r.list, slot.In(calendar.Oslo).Format("01-02 15:04"))
	return shipment.Note{Code: "night-at-work"}, r.err
}

func nightly(t *testing.T, catchUp bool) nights.Schedule {
	t.Helper()
	sch, err := nights.NewSchedule("night", "30 2 * * *", catchUp)
	must(t, err)
	return sch
}

// due runs what is due, once.
func (s *stage) due(t *testing.T, sch nights.Schedule, since time.Time, r *runs) bool {
	t.Helper()
	ran, err := s.engine.RunDue(s.ctx, sch, since, r.run)
	if !errors.Is(err, r.err) {
		t.Fatalf("run: %v", err)
	}
	return ran
}

// slots gives "STATE STATE …", oldest first.
func (s *stage) slots(t *testing.T, name string) string {
	t.Helper()
	out := ""
	for _, sl := range view(t, s, func(r store.Reader) ([]store.Slot, error) { return r.Slots(s.ctx, name, 0) }) {
		out = string(sl.State) + " " + out
	}
	return strings.TrimSpace(out)
}

// TestSlotsRunOnce over a week with a restart, downtime and the day of 25 hours in it.
func TestSlotsRunOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		start       time.Time
		hours       int
		want        string
		wantElapsed string
	}{
		{"autumn", time.Date(2026, 10, 23, 12, 0, 0, 0, calendar.Oslo), 72, "[10-24 02:30 10-25 02:30 10-26 02:30]", "[24h0m0s 25h0m0s]"},
		{"spring", time.Date(2026, 3, 27, 12, 0, 0, 0, calendar.Oslo), 72, "[03-28 02:30 03-29 03:00 03-30 02:30]", "[23h30m0s 23h30m0s]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			sch, r := nightly(t, true), &runs{}
			s.clock.set(c.start.UTC())
			for i := range c.hours * 6 {
				if i%7 == 0 {
					s.restart(t)
				}
				s.due(t, sch, c.start, r)
				s.clock.add(10 * time.Minute)
			}
			if got := fmt.Sprint(r.list); got != c.want {
				t.Errorf("ran at %s, want %s", got, c.want)
			}
			var elapsed []time.Duration
			var last time.Time
			for _, sl := range view(t, s, func(r store.Reader) ([]store.Slot, error) { return r.Slots(s.ctx, "night", 0) }) {
				if !last.IsZero() {
					elapsed = append([]time.Duration{last.Sub(sl.At)}, elapsed...)
				}
				last = sl.At
			}
			if got := fmt.Sprint(elapsed); got != c.wantElapsed {
				t.Errorf("between them %s, want %s", got, c.wantElapsed)
			}
		})
	}
}

// TestMissedSlots: after downtime the newest is run, or skipped, as configured; older ones are skipped.
func TestMissedSlots(t *testing.T) {
	t.Parallel()
	for _, catchUp := range []bool{true, false} {
		t.Run(fmt.Sprint(catchUp), func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			sch, r, since := nightly(t, catchUp), &runs{}, s.clock.now()
			if s.due(t, sch, since, r) {
				t.Error("a slot from before the ledger began was run")
			}
			s.clock.set(since.AddDate(0, 0, 5))
			want, state := "[]", "SKIPPED SKIPPED SKIPPED SKIPPED SKIPPED"
			if catchUp {
				want, state = "[11-29 02:30]", "SKIPPED SKIPPED SKIPPED SKIPPED DONE"
			}
			for range 3 {
				s.due(t, sch, since, r)
			}
			if got := fmt.Sprint(r.list); got != want {
				t.Errorf("ran %s, want %s", got, want)
			}
			if got := s.slots(t, "night"); got != state {
				t.Errorf("slots are %s, want %s", got, state)
			}
			s.clock.set(time.Date(2026, 11, 30, 2, 32, 0, 0, calendar.Oslo))
			if !s.due(t, sch, since, r) {
				t.Error("a slot in time was not run")
			}
		})
	}
}

// TestInterruptedSlot is resumed by the next process, and then finished.
func TestInterruptedSlot(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, since := nightly(t, false), s.clock.now()
	s.clock.add(24 * time.Hour)
	s.clock.set(time.Date(2026, 11, 25, 2, 31, 0, 0, calendar.Oslo))
	s.step.set(nil)
	if !s.survive(t, func() {
		_, _ = s.engine.RunDue(s.ctx, sch, since, func(context.Context, time.Time) (shipment.Note, error) { panic(died{"run"}) })
	}) {
		t.Fatal("the process did not die")
	}
	if got := s.slots(t, "night"); got != "RUNNING" {
		t.Errorf("slots are %s", got)
	}
	s.clock.add(30 * time.Hour) // the next slot has passed, too late to be run without catching up
	r := &runs{}
	s.due(t, sch, since, r)
	s.due(t, sch, since, r)
	if got := fmt.Sprint(r.list); got != "[11-25 02:30]" {
		t.Errorf("ran %s", got)
	}
	if got := s.slots(t, "night"); got != "DONE SKIPPED" {
		t.Errorf("slots are %s", got)
	}
	// An orderly stop is no failure: the slot is resumed as well.
	s.clock.set(time.Date(2026, 11, 27, 2, 31, 0, 0, calendar.Oslo))
	ctx, cancel := context.WithCancel(s.ctx)
	_, err := s.engine.RunDue(ctx, sch, since, func(ctx context.Context, _ time.Time) (shipment.Note, error) {
		cancel()
		return shipment.Note{}, ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	s.wantAlarms(t)
	if !s.due(t, sch, since, r) {
		t.Error("the slot that was stopped is not resumed")
	}
	if got := s.slots(t, "night"); got != "DONE SKIPPED DONE" {
		t.Errorf("slots are %s", got)
	}
}

// TestFailedSlot raises an alarm, which the next success resolves; it is not run again.
func TestFailedSlot(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, since := nightly(t, true), s.clock.now()
	full := errors.New("disken er full")
	r := &runs{err: errors.Join(full, errors.New("trykkeriet svarer ikke"), full)}
	s.clock.add(24 * time.Hour)
	s.due(t, sch, since, r)
	if s.due(t, sch, since, &runs{}) {
		t.Error("a failed slot was run again")
	}
	s.wantAlarms(t, "schedule:night")
	for _, a := range view(t, s, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(s.ctx, true) }) {
		if why := a.Args["why"]; why != "disken er full; trykkeriet svarer ikke" {
			t.Errorf("the alarm does not say each fault once, in a line: %q", why)
		}
	}
	s.clock.add(24 * time.Hour)
	s.due(t, sch, since, r)
	s.wantAlarms(t, "schedule:night")
	r.err = nil
	s.clock.add(24 * time.Hour)
	s.due(t, sch, since, r)
	s.wantAlarms(t)
	if got := s.slots(t, "night"); got != "FAILED FAILED DONE" {
		t.Errorf("slots are %s", got)
	}
}

// TestTwoSchedulersAtOnce run a slot once.
func TestTwoSchedulersAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, since := nightly(t, true), s.clock.now()
	s.clock.add(24 * time.Hour)
	var mu sync.Mutex
	count := 0
	var wg sync.WaitGroup
	for range 8 {
		e, err := engine.New(s.ctx, s.config)
		must(t, err)
		wg.Go(func() {
			for range 5 {
				_, err := e.RunDue(s.ctx, sch, since, func(context.Context, time.Time) (shipment.Note, error) {
					mu.Lock()
					defer mu.Unlock()
					count++
					return shipment.Note{}, nil
				})
				if err != nil {
					t.Errorf("run: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if count != 1 {
		t.Errorf("the slot was run %d times", count)
	}
}

// TestClockThatWasWrong: slots run while the clock was far ahead do not keep tonight's from being run.
func TestClockThatWasWrong(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, since, r := nightly(t, true), s.clock.now(), &runs{}
	s.clock.add(24 * time.Hour)
	s.due(t, sch, since, r)
	s.clock.set(tuesday.AddDate(3, 0, 0))
	s.due(t, sch, since, r)
	s.clock.set(tuesday.AddDate(0, 0, 2))
	s.due(t, sch, since, r)
	s.due(t, sch, since, r)
	s.clock.set(tuesday.AddDate(0, 0, 3))
	s.due(t, sch, since, r)
	if got := fmt.Sprint(r.list); got != "[11-25 02:30 11-24 02:30 11-26 02:30 11-27 02:30]" {
		t.Errorf("ran %s", got)
	}
}

// TestReportsAfterAnOutage: three months without the process; each month's report is made, the oldest first, and the one that fails
// stays alarmed until it is made, whatever becomes of the others.
func TestReportsAfterAnOutage(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, err := nights.NewSchedule(nights.ScheduleMonthly, "0 7 1 * *", true)
	must(t, err)
	sch, err = sch.On(nights.HolidayPrevious)
	must(t, err)
	var made []string
	fails := "2026-12"
	report := func(_ context.Context, from, _ civil.Date) (nights.Reported, error) {
		made = append(made, from.Month())
		if from.Month() == fails {
			return nights.Reported{}, errors.New("the server does not answer")
		}
		return nights.Reported{File: from.Month()}, nil
	}
	round := func(since time.Time) {
		if err := s.engine.Scheduled(s.ctx, []nights.Schedule{sch}, since, report); err != nil && fails == "" {
			t.Error(err)
		} else if err != nil {
			t.Log(err)
		}
	}
	since := s.clock.now() // in November 2026
	round(since)
	s.restart(t)
	s.clock.set(time.Date(2027, 3, 2, 12, 0, 0, 0, calendar.Oslo)) // down since, with the first slot in it
	for range 6 {
		round(s.clock.now())
	}
	if got := fmt.Sprint(made); got != "[2026-11 2026-12 2027-01 2027-02]" {
		t.Errorf("reports of %s", got)
	}
	if got := s.slots(t, nights.ScheduleMonthly); got != "DONE FAILED DONE DONE" {
		t.Errorf("slots are %s", got)
	}
	s.wantAlarms(t, "schedule:report:2026-12")
	must(t, s.engine.ReportMade(s.ctx, "2026-12-01", "2027-01-02"))
	s.wantAlarms(t, "schedule:report:2026-12")
	must(t, s.engine.ReportMade(s.ctx, "2026-12-01", "2027-01-01"))
	s.wantAlarms(t)

	sch.CatchUp, fails = false, ""
	s.clock.set(time.Date(2027, 4, 20, 12, 0, 0, 0, calendar.Oslo))
	round(since)
	s.wantAlarms(t, "schedule:report:2027-03")
}
