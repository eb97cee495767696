package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when a run is planned, in Europe/Oslo.
//
// cron's own answer is wrong on the two nights when the clocks change: a run at 02:30 is skipped in spring and doubled
// in autumn. So the expression is asked about wall-clock time alone, on a clock without changes, and each answer is
// then placed on the real time line: a time that does not exist (02:30 in the spring gap) runs as soon as the gap is
// over, a time that exists twice runs at its first.
type Schedule struct {
	Name    string // identity in the slot ledger; never rename one in use
	Spec    string // robfig/cron standard expression, five fields, or a descriptor such as @daily
	CatchUp bool   // run a slot missed while the process was down; else record it as skipped
	// OnHoliday says what becomes of a slot on a public holiday; empty: HolidayRun.
	OnHoliday OnHoliday
	cron      cron.Schedule
}

// OnHoliday is what becomes of a planned time that falls on a Norwegian public holiday (IsHoliday). Saturdays and other
// Sundays are the expression's own matter.
type OnHoliday string

// What may become of it. A moved time keeps its time of day; when another one is there already, both are one.
const (
	HolidayRun      OnHoliday = "run"
	HolidaySkip     OnHoliday = "skip"
	HolidayNext     OnHoliday = "next"     // on the first virkedag after it
	HolidayPrevious OnHoliday = "previous" // on the last virkedag before it
)

// On is the schedule with another rule for holidays. The error says that there is no such rule, or that nothing is left.
func (s Schedule) On(holiday OnHoliday) (Schedule, error) {
	switch holiday {
	case "", HolidayRun, HolidaySkip, HolidayNext, HolidayPrevious:
	default:
		return s, fmt.Errorf("schedule %s: %q is no rule for holidays: run, skip, next or previous", s.Name, holiday)
	}
	s.OnHoliday = holiday
	if s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return s, fmt.Errorf("schedule %s: %q never comes but on holidays", s.Name, s.Spec)
	}
	return s, nil
}

// placed is where a planned time lies by the rule for holidays, in UTC; the zero time: nowhere.
func (s Schedule) placed(at time.Time) time.Time {
	day, step := DayOf(at), 0
	switch s.OnHoliday {
	case HolidayNext:
		step = 1
	case HolidayPrevious:
		step = -1
	case HolidaySkip:
	default:
		return at
	}
	if !IsHoliday(day) {
		return at
	}
	if step == 0 {
		return time.Time{}
	}
	every := Calendar{Count24Dec: true, Count31Dec: true}
	for !every.IsVirkedag(day) {
		day = day.Add(step)
	}
	wall := toWall(at)
	return fromWall(time.Date(day.Year, day.Month, day.Day, wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC))
}

const (
	// farthestMove is more than a holiday is from the nearest virkedag.
	farthestMove = 10 * 24 * time.Hour
	// longestWait is after how long a schedule counts as never coming.
	longestWait = 10 * 366 * 24 * time.Hour
)

// NewSchedule parses an expression. An expression that never comes (30 February) is an error, and so is @every, which
// has no slots to keep a ledger of.
func NewSchedule(name, spec string, catchUp bool) (Schedule, error) {
	c, err := cron.ParseStandard(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %q is no cron expression: %w", name, spec, err)
	}
	if _, ok := c.(*cron.SpecSchedule); !ok {
		return Schedule{}, fmt.Errorf("schedule %s: %q has no fixed times of day; give five fields such as \"0 21 * * 1-5\"", name, spec)
	}
	s := Schedule{Name: name, Spec: spec, CatchUp: catchUp, cron: wallClock(c)}
	if s.cron.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("schedule %s: %q never comes", name, spec)
	}
	return s, nil
}

// wallClock makes a cron schedule count on a clock without changes.
func wallClock(c cron.Schedule) cron.Schedule {
	if spec, ok := c.(*cron.SpecSchedule); ok {
		spec.Location = time.UTC
	}
	return c
}

// Next is the first planned time after t, in UTC; the zero time: there is none.
func (s Schedule) Next(t time.Time) time.Time {
	if s.OnHoliday == "" || s.OnHoliday == HolidayRun {
		return s.planned(t)
	}
	var first time.Time
	for at := s.planned(t.Add(-farthestMove)); !at.IsZero(); at = s.planned(at) {
		if !first.IsZero() && at.After(first.Add(farthestMove)) || at.After(t.Add(longestWait)) {
			break
		}
		if p := s.placed(at); p.After(t) && (first.IsZero() || p.Before(first)) {
			first = p
		}
	}
	return first
}

// planned is the first time after t by the expression alone, in UTC.
func (s Schedule) planned(t time.Time) time.Time {
	wall := toWall(t)
	// An hour back: in autumn the wall clock repeats an hour, and a slot that lies ahead on the time line may lie
	// behind on the wall.
	from := wall.Add(-time.Hour - time.Nanosecond)
	for {
		w := s.cron.Next(from)
		if w.IsZero() {
			return time.Time{}
		}
		if at := fromWall(w); at.After(t) {
			return at
		}
		from = w
	}
}

// Missed lists the planned times in (after, until], oldest first, the newest at most max.
func (s Schedule) Missed(after, until time.Time, max int) []time.Time {
	var out []time.Time
	for t := s.Next(after); !t.IsZero() && !t.After(until); t = s.Next(t) {
		out = append(out, t)
		if len(out) > max {
			out = out[1:]
		}
	}
	return out
}

// toWall reads Oslo's wall clock as if it were UTC.
func toWall(t time.Time) time.Time {
	l := t.In(Oslo)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), l.Nanosecond(), time.UTC)
}

// fromWall places a wall-clock reading on the time line.
func fromWall(w time.Time) time.Time {
	t := time.Date(w.Year(), w.Month(), w.Day(), w.Hour(), w.Minute(), w.Second(), w.Nanosecond(), Oslo)
	if toWall(t).Equal(w) {
		// time.Date may choose either reading of a repeated hour; the first one is wanted.
		if early := t.Add(-time.Hour); toWall(early).Equal(w) {
			return early.UTC()
		}
		return t.UTC()
	}
	// In the gap: the first instant after it.
	_, before := t.Add(-3 * time.Hour).Zone()
	edge := w.Add(-time.Duration(before) * time.Second)
	for _, off := edge.In(Oslo).Zone(); off == before; _, off = edge.In(Oslo).Zone() {
		edge = edge.Add(time.Minute)
	}
	for prev := edge.Add(-time.Minute); ; prev = edge.Add(-time.Minute) {
		if _, off := prev.In(Oslo).Zone(); off == before {
			return edge.UTC()
		}
		edge = prev
	}
}

// maxCatchUp bounds how many missed slots of one schedule are looked at after downtime; older ones are history.
const maxCatchUp = 100

// RunDue runs the newest slot of a schedule that is due and not in the ledger, and records older missed ones as
// skipped: after a week of downtime one night is run, which collects everything, not seven. A slot that a process began
// and did not finish, because it was killed, is resumed first; a slot that has an outcome is never run again.
//
// since is where an empty ledger begins: slots before it were never promised.
func (e *Engine) RunDue(ctx context.Context, s Schedule, since time.Time, run func(ctx context.Context, slot time.Time) (summary string, err error)) (ran bool, err error) {
	ctx, release, err := e.archive.Lock(ctx, "schedule-"+s.Name)
	if errors.Is(err, ErrLocked) {
		return false, nil // another process is at it
	}
	if err != nil {
		return false, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	defer release()

	now := e.now()
	after := since
	var last Slot
	err = e.archive.View(ctx, func(r Reader) error {
		var err error
		last, err = r.LastSlot(ctx, s.Name)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		after = last.At
		if after.After(now) {
			after, err = e.slotBefore(ctx, r, s.Name, now, since)
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("schedule %s: read slot ledger: %w", s.Name, err)
	}
	if last.State == SlotRunning {
		// We hold the lock, so whoever started it is dead. Every run resumes where it stopped; finish this one.
		e.log.Warn("slot resumed after an interruption", "schedule", s.Name, "slot", last.At)
		return true, e.runSlot(ctx, s, last.At, run)
	}
	missed := s.Missed(after, now, maxCatchUp)
	if len(missed) == 0 {
		return false, nil
	}
	slot := missed[len(missed)-1]
	late := now.Sub(slot) > slotGrace
	claimed := false
	err = e.archive.InTx(ctx, func(tx Tx) error {
		for _, m := range missed[:len(missed)-1] {
			if _, err := tx.ClaimSlot(ctx, s.Name, m, SlotSkipped); err != nil {
				return err
			}
		}
		state := SlotRunning
		if late && !s.CatchUp {
			state = SlotSkipped
		}
		ok, err := tx.ClaimSlot(ctx, s.Name, slot, state)
		claimed = ok && state == SlotRunning
		return err
	})
	if err != nil {
		return false, fmt.Errorf("schedule %s: claim slot: %w", s.Name, err)
	}
	if !claimed {
		e.log.Info("slot skipped", "schedule", s.Name, "slot", slot)
		return false, nil
	}
	e.log.Info("slot started", "schedule", s.Name, "slot", slot, "late", late)
	return true, e.runSlot(ctx, s, slot, run)
}

// slotBefore is the newest slot in the ledger that is not after now, or since. Slots after now were run while the clock
// was ahead; without this look past them a schedule would stand still until they come. The slots themselves stay in the
// ledger: when their time comes they count as run.
func (e *Engine) slotBefore(ctx context.Context, r Reader, schedule string, now, since time.Time) (time.Time, error) {
	e.log.Warn("the slot ledger is ahead of the clock", "schedule", schedule, "now", now)
	slots, err := r.Slots(ctx, schedule, ledgerLook)
	if err != nil {
		return since, err
	}
	for _, s := range slots {
		if !s.At.After(now) {
			return s.At, nil
		}
	}
	return since, nil
}

// ledgerLook is how many slots that lie ahead of the clock are looked past: a jump forward records maxCatchUp and one.
const ledgerLook = 10 * maxCatchUp

// runSlot runs a claimed slot and records its outcome. A run that a shutdown cut short stays RUNNING, so that the next
// start resumes it.
func (e *Engine) runSlot(ctx context.Context, s Schedule, slot time.Time, run func(ctx context.Context, slot time.Time) (string, error)) error {
	summary, runErr := run(ctx, slot)
	if runErr != nil && ctx.Err() != nil {
		return runErr
	}
	state := SlotDone
	if runErr != nil {
		state, summary = SlotFailed, runErr.Error()
	}
	alarm := "schedule:" + s.Name
	err := e.archive.InTx(ctx, func(tx Tx) error {
		if runErr != nil {
			text := fmt.Sprintf("scheduled run %s of %s failed: %s", s.Name, slot.In(Oslo).Format("2006-01-02 15:04"), summary)
			if err := tx.RaiseAlarm(ctx, alarm, text); err != nil {
				return err
			}
		} else if err := tx.ResolveAlarm(ctx, alarm); err != nil {
			return err
		}
		return tx.FinishSlot(ctx, s.Name, slot, state, summary)
	})
	return errors.Join(runErr, err)
}

// slotGrace is how late a slot may start and still count as on time: the scheduler looks twice a minute, and a process
// may be restarting.
const slotGrace = 5 * time.Minute
