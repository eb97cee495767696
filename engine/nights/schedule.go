package nights

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"postgang/billing/civil"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
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

// On is the schedule with another rule for holidays. The error says that there is no such rule, that it would lose months, or
// that nothing is left.
func (s Schedule) On(holiday OnHoliday) (Schedule, error) {
	switch holiday {
	case "", HolidayRun, HolidayNext, HolidayPrevious:
	case HolidaySkip:
		if s.each() {
			return s, fmt.Errorf("schedule %s: \"skip\" would leave out the report of a month, since each is made once: say next or previous, or run", s.Name)
		}
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
	day, step := calendar.DayOf(at), 0
	switch s.OnHoliday {
	case HolidayNext:
		step = 1
	case HolidayPrevious:
		step = -1
	case HolidaySkip:
	default:
		return at
	}
	if !calendar.IsHoliday(day) {
		return at
	}
	if step == 0 {
		return time.Time{}
	}
	every := calendar.Calendar{Count24Dec: true, Count31Dec: true}
	for !every.IsVirkedag(day) {
		day = day.Add(step)
	}
	wall := calendar.ToWall(at)
	return calendar.FromWall(time.Date(day.Year, day.Month, day.Day, wall.Hour(), wall.Minute(), wall.Second(), 0, time.UTC))
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
	if zone := strings.ToUpper(strings.TrimSpace(spec)); strings.HasPrefix(zone, "TZ=") || strings.HasPrefix(zone, "CRON_TZ=") {
		return Schedule{}, fmt.Errorf("schedule %s: %q names a time zone; times are always those of Europe/Oslo: take TZ=… away and give the five fields alone", name, spec)
	}
	c, err := cron.ParseStandard(spec)
	if err != nil {
		return Schedule{}, fmt.Errorf("schedule %s: %q is no cron expression: %w", name, spec, err)
	}
	fields, ok := c.(*cron.SpecSchedule)
	if !ok {
		return Schedule{}, fmt.Errorf("schedule %s: %q has no fixed times of day; give five fields such as \"0 21 * * 1-5\"", name, spec)
	}
	if fields.Dom&cronStar == 0 && fields.Dow&cronStar == 0 {
		return Schedule{}, fmt.Errorf("schedule %s: %q gives a day of the month and a day of the week; cron runs it on the days of either, not of both: "+
			"write * for one of the two", name, spec)
	}
	s := Schedule{Name: name, Spec: spec, CatchUp: catchUp, cron: wallClock(c)}
	if s.cron.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("schedule %s: %q never comes", name, spec)
	}
	return s, nil
}

// cronStar is the bit that cron sets in a field that is * or ?.
const cronStar = 1 << 63

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
	wall := calendar.ToWall(t)
	// An hour back: in autumn the wall clock repeats an hour, and a slot that lies ahead on the time line may lie
	// behind on the wall.
	from := wall.Add(-time.Hour - time.Nanosecond)
	for {
		w := s.cron.Next(from)
		if w.IsZero() {
			return time.Time{}
		}
		if at := calendar.FromWall(w); at.After(t) {
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

// each reports whether every missed slot is of its own and is run, oldest first. A night collects everything that is due, so that
// the newest makes the older ones needless; a report is of its months.
func (s Schedule) each() bool { return s.Name == ScheduleMonthly }

// due tells what becomes of the slots in (after, now]: those that are passed over, and the one to run; the zero time: none.
func (s Schedule) due(after, now time.Time) (skip []time.Time, run time.Time) {
	if !s.each() {
		missed := s.Missed(after, now, maxCatchUp)
		if len(missed) == 0 {
			return nil, time.Time{}
		}
		return missed[:len(missed)-1], missed[len(missed)-1]
	}
	missed := s.Missed(after, now, maxReports)
	months := make([][]civil.Date, len(missed))
	for i, at := range missed {
		months[i] = s.Months(at)
	}
	for i, at := range missed {
		later := slices.Concat(months[i+1:]...)
		if !slices.ContainsFunc(months[i], func(m civil.Date) bool { return !slices.Contains(later, m) }) {
			skip = append(skip, at) // what it would make is made by a later one
			continue
		}
		return skip, at
	}
	return skip, time.Time{}
}

// maxReports bounds how many missed slots of a schedule of reports are looked at: ten years of days.
const maxReports = 3660

// Months are the months whose reports a slot makes, by their first days: those that ended since the planned time before, and at
// least the last one. What decides is the time that the expression plans, not the day that it was moved to because of a holiday;
// so every month is some slot's, however seldom the schedule comes. When two planned times were moved onto each other, they are
// those of both.
func (s Schedule) Months(slot time.Time) []civil.Date {
	var out []civil.Date
	for at := s.planned(slot.Add(-farthestMove)); !at.IsZero() && !at.After(slot.Add(farthestMove)); at = s.planned(at) {
		if !s.placed(at).Equal(slot) {
			continue
		}
		last, _ := calendar.LastMonth(at)
		first := last
		if before := s.plannedBefore(at); !before.IsZero() {
			_, first = calendar.LastMonth(before)
		}
		for m := min(first, last); m <= last; m = civil.NextMonth(m) {
			if !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	slices.Sort(out)
	return out
}

// plannedBefore is the last time before t by the expression alone; the zero time: there is none within longestWait.
func (s Schedule) plannedBefore(t time.Time) time.Time {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{2 * time.Hour, 2 * day, 40 * day, 400 * day, longestWait} {
		var last time.Time
		for at := s.planned(t.Add(-back)); !at.IsZero() && at.Before(t); at = s.planned(at) {
			last = at
		}
		if !last.IsZero() {
			return last
		}
	}
	return time.Time{}
}

// maxCatchUp bounds how many missed slots of one schedule are looked at after downtime; older ones are history.
const maxCatchUp = 100

// RunDue runs the newest slot of a schedule that is due and not in the ledger, and records older missed ones as
// skipped: after a week of downtime one night is run, which collects everything, not seven. Of reports, the oldest missed
// one is run, and the next when it is called again, until every month has its own. A slot that a process began
// and did not finish, because it was killed, is resumed first; a slot that has an outcome is never run again.
//
// since is where the ledger begins when the schedule is looked at for the first time: slots before it were never promised.
func (e *Nights) RunDue(ctx context.Context, s Schedule, since time.Time, run func(ctx context.Context, slot time.Time) (shipment.Note, error)) (ran bool, err error) {
	ctx, release, err := e.Archive.Lock(ctx, "schedule-"+s.Name)
	if errors.Is(err, store.ErrLocked) {
		return false, nil // another process is at it
	}
	if err != nil {
		return false, fmt.Errorf("schedule %s: %w", s.Name, err)
	}
	defer release()

	now := e.Now()
	last, after, err := e.slotsUntil(ctx, s, now, since)
	if err != nil {
		return false, fmt.Errorf("schedule %s: read slot ledger: %w", s.Name, err)
	}
	if last.State == store.SlotRunning {
		// We hold the lock, so whoever started it is dead. Every run resumes where it stopped; finish this one.
		e.Log.Warn("slot resumed after an interruption", "schedule", s.Name, "slot", last.At)
		return true, e.runSlot(ctx, s, last.At, run)
	}
	skip, slot := s.due(after, now)
	if len(skip) == 0 && slot.IsZero() {
		return false, nil
	}
	late := now.Sub(slot) > slotGrace
	claimed := false
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		for _, m := range skip[max(0, len(skip)-maxCatchUp):] {
			if _, err := tx.ClaimSlot(ctx, s.Name, m, store.SlotSkipped); err != nil {
				return err
			}
		}
		if slot.IsZero() {
			return nil
		}
		state := store.SlotRunning
		if late && !s.CatchUp {
			state = store.SlotSkipped
		}
		ok, err := tx.ClaimSlot(ctx, s.Name, slot, state)
		claimed = ok && state == store.SlotRunning
		if err == nil && ok && !claimed && s.each() {
			err = reportsMissed(ctx, tx, s.Months(slot))
		}
		return err
	})
	if err != nil {
		return false, fmt.Errorf("schedule %s: claim slot: %w", s.Name, err)
	}
	if !claimed {
		e.Log.Info("slot skipped", "schedule", s.Name, "slot", slot)
		return false, nil
	}
	e.Log.Info("slot started", "schedule", s.Name, "slot", slot, "late", late)
	return true, e.runSlot(ctx, s, slot, run)
}

// slotsUntil gives the newest slot of a schedule in the ledger, and the time after which slots are due. When there is none, the
// ledger begins where it was first looked at, and that is kept: a machine that is off when the first slot comes misses it, rather
// than beginning anew.
func (e *Nights) slotsUntil(ctx context.Context, s Schedule, now, since time.Time) (last store.Slot, after time.Time, err error) {
	begun := false
	err = e.Archive.View(ctx, func(r store.Reader) error {
		var err error
		last, err = r.LastSlot(ctx, s.Name)
		if err == nil {
			if after = last.At; after.After(now) {
				after, err = e.slotBefore(ctx, r, s.Name, now, since)
			}
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		text, err := r.Setting(ctx, ledgerBegins+s.Name)
		if errors.Is(err, store.ErrNotFound) {
			begun, after = true, since
			return nil
		}
		if err == nil {
			after, err = time.Parse(time.RFC3339Nano, text)
		}
		return err
	})
	if err == nil && begun {
		err = e.Archive.InTx(ctx, func(tx store.Tx) error {
			return tx.SetSetting(ctx, ledgerBegins+s.Name, since.UTC().Format(time.RFC3339Nano))
		})
	}
	return last, after, err
}

// ledgerBegins and the name of a schedule is the setting that says when its ledger of slots began.
const ledgerBegins = "slots-since-"

// reportAlarm is the key of the alarm for a month whose report was planned and not made. It ends when the report is made, and not
// with the next month's.
func reportAlarm(month civil.Date) string {
	return "schedule:" + ScheduleMonthly + ":" + month.Month()
}

// reportsMissed alarms the reports of months that were not made because they are not caught up.
func reportsMissed(ctx context.Context, tx store.Tx, months []civil.Date) error {
	for _, m := range months {
		if err := tx.RaiseAlarm(ctx, reportAlarm(m), alarm.Args{"case": "report-missed", "month": m.Month()}); err != nil {
			return err
		}
	}
	return nil
}

// runReports makes the reports of a slot, month by month. One that fails is alarmed, and does not keep the others back.
func (e *Nights) runReports(ctx context.Context, months []civil.Date, report ScheduleReport) (shipment.Note, error) {
	var done []Reported
	var errs []error
	for _, m := range months {
		made, runErr := report(ctx, m, civil.NextMonth(m))
		if runErr != nil && ctx.Err() != nil {
			return shipment.Note{}, runErr
		}
		if runErr == nil {
			if err := e.ReportMade(ctx, m, civil.NextMonth(m)); err != nil {
				errs = append(errs, err)
			}
			done = append(done, made)
			continue
		}
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			return tx.RaiseAlarm(ctx, reportAlarm(m), alarm.Args{"case": "report-failed", "month": m.Month(), "why": inOneLine(runErr)})
		})
		errs = append(errs, fmt.Errorf("%s: %w", m.Month(), runErr), err)
	}
	return reportsNote(done), errors.Join(errs...)
}

// ReportMade ends the alarm for the report of a month, when the period is one.
func (e *Nights) ReportMade(ctx context.Context, from, to civil.Date) error {
	if !strings.HasSuffix(string(from), "-01") || civil.NextMonth(from) != to {
		return nil
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, reportAlarm(from)) })
}

// slotBefore is the newest slot in the ledger that is not after now, or since. Slots after now were run while the clock
// was ahead; without this look past them a schedule would stand still until they come. The slots themselves stay in the
// ledger: when their time comes they count as run.
func (e *Nights) slotBefore(ctx context.Context, r store.Reader, schedule string, now, since time.Time) (time.Time, error) {
	e.Log.Warn("the slot ledger is ahead of the clock", "schedule", schedule, "now", now)
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
func (e *Nights) runSlot(ctx context.Context, s Schedule, slot time.Time, run func(ctx context.Context, slot time.Time) (shipment.Note, error)) error {
	note, runErr := run(ctx, slot)
	if runErr != nil && ctx.Err() != nil {
		return runErr
	}
	if errors.Is(runErr, store.ErrLocked) {
		// A person is at the same work just now. The slot stays RUNNING, and is resumed when they have finished.
		e.Log.Info("slot waits for another process", "schedule", s.Name, "slot", slot)
		return nil
	}
	state, summary := outcome(note, runErr)
	raised := "schedule:" + s.Name
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		if runErr != nil && !s.each() { // its months have alarms of their own
			args := alarm.Args{"case": "failed", "schedule": s.Name, "slot": alarm.TimeArg(slot), "why": inOneLine(runErr)}
			if err := tx.RaiseAlarm(ctx, raised, args); err != nil {
				return err
			}
		} else if err := tx.ResolveAlarm(ctx, raised); err != nil {
			return err
		}
		if runErr == nil && s.Name == ScheduleNight {
			if err := nightSucceeded(ctx, tx); err != nil {
				return err
			}
		}
		return tx.FinishSlot(ctx, s.Name, slot, state, summary)
	})
	return errors.Join(runErr, err)
}

// inOneLine gives what several errors say for the text of an alarm: each once, though two parts of a run met the same.
func inOneLine(err error) string {
	var said []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return strings.Join(said, "; ")
}

// slotGrace is how late a slot may start and still count as on time: the scheduler looks twice a minute, and a process
// may be restarting.
const slotGrace = 5 * time.Minute
