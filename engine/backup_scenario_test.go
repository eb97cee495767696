package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestBackupsOnTime: backups are made by their schedule, one that fails is alarmed, and so is a last one that is too old, however it came
// to be.
func TestBackupsOnTime(t *testing.T) {
	t.Parallel()
	daily, err := nights.NewSchedule(nights.ScheduleBackup, "0 2 * * *", true)
	must(t, err)
	s := setup(t, func(c *engine.Config) {
		c.Schedules = []nights.Schedule{daily}
		c.Rules = nights.WatchRules{BackupWithin: 26 * time.Hour}
	})
	s.watch(t)
	s.wantAlarms(t, "backup:old")
	s.wantAlarmText(t, "backup:old", "no backup was ever made")
	must(t, s.engine.BackedUp(s.ctx, s.clock.now()))
	s.wantAlarms(t)
	s.clock.add(26 * time.Hour)
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(time.Minute)
	s.watch(t)
	s.wantAlarms(t, "backup:old")
	s.wantAlarmText(t, "backup:old", "more than 26 h ago")

	var failed error
	made := 0
	s.engine.Backup = func(ctx context.Context) (shipment.Note, error) {
		if failed != nil {
			return shipment.Note{}, failed
		}
		made++
		return nights.Backup{ID: "20261130T010000Z", Letters: 3, Documents: 4, Added: 1, Bytes: 5 << 20}.Note(), s.engine.BackedUp(ctx, s.clock.now())
	}
	since := s.clock.now()
	slot := func() store.Slot {
		t.Helper()
		s.clock.set(daily.Next(s.clock.now()))
		_ = s.engine.Scheduled(s.ctx, []nights.Schedule{daily}, since, nil) // what has failed stands in the slot
		s.watch(t)
		return view(t, s, func(r store.Reader) (store.Slot, error) { return r.LastSlot(s.ctx, nights.ScheduleBackup) })
	}
	if got := slot(); got.State != store.SlotDone || made != 1 {
		t.Errorf("%+v, %d made", got, made)
	}
	s.wantAlarms(t)
	failed = errors.New("the disk is full")
	if got := slot(); got.State != store.SlotFailed {
		t.Errorf("%+v", got)
	}
	s.wantAlarms(t, "schedule:backup")
	s.clock.add(3 * time.Hour)
	s.watch(t)
	s.wantAlarms(t, "backup:old", "schedule:backup")
	failed = nil
	if got := slot(); got.State != store.SlotDone || made != 2 {
		t.Errorf("%+v, %d made", got, made)
	}
	s.wantAlarms(t)
}
