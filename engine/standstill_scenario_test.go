package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// byHand runs a night as the command does.
func (s *stage) byHand(err error) error {
	return s.engine.NightByHand(s.ctx, func(context.Context) (shipment.Note, error) { return shipment.Note{Code: "night-at-work"}, err })
}

// TestFailedNightsAreAlarmed where nothing but cron starts them: twelve nights that fail before they collect.
func TestFailedNightsAreAlarmed(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	down := errors.New("drop folder: permission denied")
	for range 12 {
		if err := s.byHand(down); !errors.Is(err, down) {
			t.Fatal(err)
		}
		s.clock.add(24 * time.Hour)
	}
	s.watch(t)
	s.wantAlarmText(t, "failed:night", "the last of 12 in a row that failed: drop folder: permission denied")
	s.wantAlarmText(t, "overdue:"+konto, "1 letters of account "+konto+" should have gone to paper")
	must(t, s.byHand(nil))
	s.night(t)
	s.watch(t)
	if open := s.openAlarms(t); open["failed:night"].Key != "" || open["overdue:"+konto].Key != "" {
		t.Errorf("still open: %v", open)
	}
}

// TestNightThatIsKilled by hand is told of when nobody is at it any more, and ends with the next.
func TestNightThatIsKilled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	if !s.survive(t, func() {
		_ = s.engine.NightByHand(s.ctx, func(context.Context) (shipment.Note, error) {
			s.watch(t)
			s.wantAlarms(t) // somebody is at it
			panic(died{"night"})
		})
	}) {
		t.Fatal("nothing died")
	}
	s.watch(t)
	s.wantAlarms(t, "died:night")
	s.clock.add(time.Minute)
	must(t, s.byHand(nil))
	s.watch(t)
	s.wantAlarms(t)
	if got := s.slots(t, "night-by-hand"); got != "FAILED DONE" {
		t.Errorf("slots %s", got)
	}
}

// TestNightByHandDuringThePlannedOne: neither is a failure, and the planned one does its work when the other has finished.
func TestNightByHandDuringThePlannedOne(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sch, since := nightly(t, true), s.clock.now()
	s.clock.add(24 * time.Hour)
	n := 0
	run := func(context.Context, time.Time) (shipment.Note, error) {
		n++
		return shipment.Note{Code: "night-at-work"}, s.byHandNow(t, n)
	}
	for range 3 { // somebody is running the night by hand
		if _, err := s.engine.RunDue(s.ctx, sch, since, run); err != nil {
			t.Fatal(err)
		}
		if got := s.slots(t, "night"); n < 3 && got != "RUNNING" {
			t.Errorf("slots %s", got)
		}
	}
	if got := s.slots(t, "night"); got != "DONE" || n != 3 {
		t.Errorf("slots %s after %d runs", got, n)
	}
	s.wantAlarms(t)
	// And the other way round.
	_, release, err := s.archive.Lock(s.ctx, "night")
	must(t, err)
	err = s.engine.NightByHand(s.ctx, func(ctx context.Context) (shipment.Note, error) {
		n, err := s.engine.RunNight(ctx, nights.NightOptions{})
		return n.Note(), err
	})
	if !errors.Is(err, store.ErrLocked) {
		t.Errorf("night by hand: %v", err)
	}
	release()
	s.watch(t)
	s.wantAlarms(t)
	if got := s.slots(t, "night-by-hand"); got != "SKIPPED" {
		t.Errorf("slots %s", got)
	}
}

// byHandNow is what a planned night finds: locked until the third time.
func (s *stage) byHandNow(t *testing.T, n int) error {
	t.Helper()
	if n < 3 {
		return fmt.Errorf("another process is running the night: %w", store.ErrLocked)
	}
	return nil
}

// TestMissedNightsWithoutDaemon: with a schedule and nothing that runs it a night is missed, unless one is run by hand.
func TestMissedNightsWithoutDaemon(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) { c.Schedules = []nights.Schedule{nightly(t, true)} })
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(48 * time.Hour)
	s.watch(t)
	s.wantAlarmText(t, "missed:night", "the last of 2")
	must(t, s.byHand(nil))
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(24 * time.Hour)
	s.watch(t)
	s.wantAlarmText(t, "missed:night", "the last of 1")
}

// TestManyWithTheClockAhead: many are made due set by set, each once, though the process ends between two sets.
func TestManyWithTheClockAhead(t *testing.T) {
	t.Parallel()
	for dies := range 4 {
		t.Run(fmt.Sprint("dies after ", dies), func(t *testing.T) {
			t.Parallel()
			s := setup(t, bySets)
			before := s.clock.now()
			s.clock.add(300 * 24 * time.Hour)
			var ids []string
			for i := range 5 {
				ids = append(ids, s.accepted(t, fmt.Sprintf("k%d", i), newLetter("Brev")))
			}
			s.clock.set(before)
			if dies > 0 {
				s.dieAt("clock: letters made due", dies)
				if !s.survive(t, func() { s.collect(t) }) {
					t.Fatal("the process did not die")
				}
			}
			s.night(t)
			for _, id := range ids {
				s.wantStatus(t, id, shipment.StatusSendtPrint)
				if n := strings.Count(s.history(t, id), "klokken gikk for fort"); n != 1 {
					t.Errorf("made due %d times:\n%s", n, s.history(t, id))
				}
			}
		})
	}
}

// TestClockAhead: letters that were taken while the clock was ahead go with the next night, and somebody is told.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	s := setup(t)
	before := s.clock.now()
	s.clock.add(300 * 24 * time.Hour)
	id := s.accepted(t, "a", newLetter("En"))
	s.watch(t)
	s.wantAlarms(t)
	s.clock.set(before)
	s.watch(t)
	s.wantAlarmText(t, "clock:back", "the clock has gone back")
	s.wantAlarmText(t, "clock:received", "1 letters were received at times that lie ahead of the clock, up to 2027-")
	s.night(t)
	if got := s.shipment(t, id); got.Status != shipment.StatusSendtPrint {
		t.Errorf("the letter is %s, due %v", got.Status, got.DueAt)
	}
	found := false
	for _, e := range view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, id) }) {
		found = found || strings.Contains(words.EventReason(e, words.Norwegian), "klokken gikk for fort")
	}
	if !found {
		t.Error("the history does not say why it was due")
	}
	s.clock.add(96 * time.Hour)
	s.watch(t)
	if open := s.openAlarms(t); open["clock:back"].Key != "" || open["clock:received"].Key == "" {
		t.Errorf("after four days: %v", open)
	}
}
