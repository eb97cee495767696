package nights

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/forecast"
	"postgang/engine/identity"
	"postgang/engine/jobs"
	"postgang/engine/node"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

const (
	// unhandledAfter is how long an accepted letter may wait for a first or next digital event without being seen
	// (docs/sources.md, Vendors and receipts).
	unhandledAfter = 24 * time.Hour
	// missedAfter is how late a night may begin before it counts as missed: another schedule may be at work.
	missedAfter = 15 * time.Minute
)

// missedNights are the nights that were planned and not begun, oldest first, when last is the newest in the ledger.
func missedNights(s Schedule, last store.Slot, now time.Time) []time.Time {
	var out []time.Time
	if last.State == store.SlotSkipped {
		out = append(out, last.At)
	}
	return append(out, s.Missed(last.At, now.Add(-missedAfter), maxCatchUp)...)
}

// WatchRules are the limits of the alarms that are not a vendor's own. A zero field has its default.
type WatchRules struct {
	NightWithin     time.Duration // a night that takes longer is alarmed; DefaultNightWithin
	DeviationsAbove int           // of one vendor in 30 days; DefaultDeviationsAbove
	FailuresFrom    int           // of one step of a job in a row; DefaultFailuresFrom
	FreeBytesBelow  int64         // on the disk of the documents; DefaultFreeBytes
	// FreeBytes tells how much is free there; nil: nobody looks.
	FreeBytes func() (int64, error)
	// Unexpected: nobody is alarmed of usual work that has not come.
	Unexpected bool
	// BackupWithin is how old the last backup may be; 0: nobody looks.
	BackupWithin time.Duration
}

// The defaults of WatchRules.
const (
	DefaultNightWithin     = 6 * time.Hour
	DefaultDeviationsAbove = 50
	DefaultFailuresFrom    = 5
	DefaultFreeBytes       = 2 << 30 // a night's files exist three times for a while
)

const (
	deviationDays = 30
	// halfLong is after how long a receipt file that is half applied is alarmed: a million rows take some minutes.
	halfLong = 30 * time.Minute
	// expiresSoon is how long before its end a certificate is alarmed: a vendor may take weeks to make a new one.
	expiresSoon = 30 * 24 * time.Hour
)

// watched is what the rules of overdue look at.
type watched struct {
	night      store.Slot           // the newest of the nights in the ledgers; zero: none
	died       store.Slot           // the newest night by hand, when it has no end and nobody is at it; zero: it has
	overdue    []store.OverdueCount // due for too long and not collected
	clock      step.ClockSeen       // zero: nobody looks
	ahead      int                  // letters received at times that lie ahead of the clock
	aheadTo    time.Time            // the last of these times
	failing    map[string][]string  // jobs by vendor and step whose step fails again and again
	deviations map[string]int       // of 30 days, by vendor
	conflicts  map[string]int       // receipts that nobody has decided about, by vendor
	half       []store.ReceiptFile  // that are half applied, and have been for long
	free       int64                // bytes; negative: unknown
	backup     time.Time            // when the last one was begun; zero: never, or nobody looks
	offered    []store.PrintJob     // OFFERED
	accepted   []store.PrintJob     // ACCEPTED and overdue by ReceiptDue
	orders     map[string][]string  // print orders that are handed over and overdue by ReceiptDue, by vendor
	awaited    map[string]int       // letters of an accepted job that a receipt is awaited for, by job
	unhandled  []store.StatusCount
	counts     []store.StatusCount
	unprepared []alarm.Unprepared
	nights     []time.Time // missed
	missing    []forecast.Missing
	nodes      []node.Node      // that serve the archive; none on one machine
	manual     []jobs.ManualJob // that wait too long to be printed here, or to be confirmed
}

// The beginnings of the keys of the alarms that Watch raises and resolves; no other alarm's key has them.
const (
	alarmNoAnswer  = "no-answer:"    // and the job
	alarmNoReceipt = "no-receipt:"   // and the job; the vendor, of print orders
	alarmUnhandled = "unhandled:"    // account and status
	alarmMissed    = "missed:"       // and the schedule
	alarmSlow      = "slow:"         // and the schedule
	alarmFailing   = "failing:"      // vendor and step
	alarmDeviating = "deviations:"   // and the vendor
	alarmDisk      = "disk:"         // and what is kept there
	alarmBackup    = "backup:"       // and what is wrong with it
	alarmConflict  = "conflict:"     // and the vendor
	alarmHalf      = "half:"         // and the vendor
	alarmExpiring  = "expiring:"     // and the vendor
	alarmManual    = "manual:"       // and the vendor
	alarmGuard     = "guard:"        // and what is kept back
	alarmOverdue   = "overdue:"      // and the account
	alarmClock     = "clock:"        // and what is wrong with it
	alarmDied      = "died:"         // and the schedule
	alarmRecovered = "recovered:"    // and why letters are set aside
	alarmExpected  = "expected:"     // and the account
	alarmNode      = node.Kind + ":" // what is wrong, and with which node or role
)

// stepCodes are the codes of the steps that fail again and again; the keys of their alarms have the words.
var stepCodes = map[string]string{"composed": "compose", "handed over": "hand-over"}

// standstill alarms what shows that nights do not do their work, whoever starts them.
func (e *Nights) standstill(w watched, alarms map[string]alarm.Args) {
	for _, c := range w.overdue {
		alarms[alarmOverdue+c.Account] = alarm.Args{"letters": strconv.Itoa(c.Count), "account": c.Account, "since": alarm.TimeArg(c.Oldest)}
	}
	if s := w.died; !s.At.IsZero() {
		alarms[alarmDied+ScheduleNight] = alarm.Args{"night": alarm.TimeArg(s.Started)}
	}
	if c := w.clock; !c.Noticed.IsZero() {
		alarms[alarmClock+"back"] = alarm.Args{"case": "back", "latest": alarm.TimeArg(c.Latest), "noticed": alarm.TimeArg(c.Noticed)}
	}
	if w.ahead > 0 {
		alarms[alarmClock+"received"] = alarm.Args{"case": "received", "letters": strconv.Itoa(w.ahead), "until": alarm.TimeArg(w.aheadTo)}
	}
}

// overdueSince is the time up to which letters that are due should have been collected by now: two virkedager have passed since.
func overdueSince(now time.Time) time.Time {
	day := calendar.DayOf(now)
	for (calendar.Calendar{}).AddVirkedager(day, overdueAfter).Add(1).Start().After(now) {
		day = day.Add(-1)
	}
	return day.Add(1).Start().Add(-time.Millisecond).UTC()
}

// overdueAfter is how many whole virkedager a letter may be due before a night takes it: nights may stand still over holidays, and
// one may fail.
const overdueAfter = 2

// overdue is the rule set: the alarms that must be open now, arguments by key. They change only with what the alarm says, so
// that one that stays counts no occurrences.
func (e *Nights) overdue(w watched, now time.Time) map[string]alarm.Args {
	alarms := map[string]alarm.Args{}
	late := map[string][]string{} // by vendor
	for _, j := range w.manual {
		late[j.Vendor] = append(late[j.Vendor], j.ID)
	}
	for vendor, jobs := range late {
		alarms[alarmManual+vendor] = alarm.Args{"vendor": vendor, "days": strconv.Itoa(int(e.Vendors[vendor].ManualLimit() / party.DayLong)), "jobs": strings.Join(jobs, " ")}
	}
	for _, j := range w.offered {
		if v := e.Vendors[j.Vendor]; !now.Before(v.AnswerDue(j.OfferedAt)) {
			alarms[alarmNoAnswer+j.ID] = alarm.Args{"job": j.ID, "letters": strconv.Itoa(j.Letters), "vendor": j.Vendor, "offered": alarm.TimeArg(j.OfferedAt)}
		}
	}
	for _, j := range w.accepted {
		if n := w.awaited[j.ID]; n > 0 {
			alarms[alarmNoReceipt+j.ID] = alarm.Args{
				"vendor": j.Vendor, "job": j.ID, "accepted": alarm.TimeArg(j.Updated), "waiting": strconv.Itoa(n), "letters": strconv.Itoa(j.Letters),
			}
		}
	}
	for vendor, jobs := range w.orders {
		alarms[alarmNoReceipt+vendor] = alarm.Args{"case": "orders", "vendor": vendor, "orders": strconv.Itoa(len(jobs)), "first": jobs[0]}
	}
	for _, c := range w.unhandled {
		alarms[alarmUnhandled+c.Account+":"+string(c.Status)] = alarm.Args{"letters": strconv.Itoa(c.Count), "account": c.Account, "status": string(c.Status)}
	}
	if n := len(w.nights); n > 0 {
		alarms[alarmMissed+ScheduleNight] = alarm.Args{"night": alarm.TimeArg(w.nights[n-1]), "nights": strconv.Itoa(n)}
	}
	e.standstill(w, alarms)
	maps.Copy(alarms, node.Alarms(w.nodes))
	for _, m := range w.missing {
		alarms[alarmExpected+m.Account] = expectedArgs(m.Usual)
	}
	if s, limit := w.night, cmp.Or(e.rules.NightWithin, DefaultNightWithin); s.State == store.SlotRunning && now.Sub(s.Started) > limit {
		alarms[alarmSlow+ScheduleNight] = alarm.Args{"case": "running", "night": alarm.TimeArg(s.At), "began": alarm.TimeArg(s.Started), "limit": limit.String()}
	} else if took := s.Finished.Sub(s.Started); s.State == store.SlotDone && took > limit {
		alarms[alarmSlow+ScheduleNight] = alarm.Args{"case": "took", "night": alarm.TimeArg(s.At), "took": took.Round(time.Minute).String(), "limit": limit.String()}
	}
	for _, key := range slices.Sorted(maps.Keys(w.failing)) {
		vendor, step, _ := strings.Cut(key, ":")
		jobs := w.failing[key]
		alarms[alarmFailing+key] = alarm.Args{
			"vendor": vendor, "step": stepCodes[step], "times": strconv.Itoa(cmp.Or(e.rules.FailuresFrom, DefaultFailuresFrom)), "jobs": strings.Join(jobs, " "),
		}
	}
	for vendor, n := range w.deviations {
		if limit := cmp.Or(e.rules.DeviationsAbove, DefaultDeviationsAbove); n > limit {
			alarms[alarmDeviating+vendor] = alarm.Args{"vendor": vendor, "limit": strconv.Itoa(limit), "days": strconv.Itoa(deviationDays)}
		}
	}
	for _, key := range e.VendorKeys {
		v := e.Vendors[key]
		end, err := v.Target.Expires()
		switch {
		case err != nil:
			alarms[alarmExpiring+key] = alarm.Args{"case": "unread", "vendor": key, "why": err.Error()}
		case !end.IsZero() && end.Sub(now) < expiresSoon:
			alarms[alarmExpiring+key] = alarm.Args{"case": "soon", "vendor": key, "ends": alarm.TimeArg(end)}
		}
	}
	maps.Copy(alarms, step.HeldAlarms(w.counts))
	for _, u := range w.unprepared {
		alarms[u.Key()] = u.Args()
	}
	held := map[string]int{}
	for _, c := range w.counts {
		held[c.Hold] += c.Count
	}
	if n := held[shipment.HoldCost]; n > 0 {
		alarms[alarmGuard+shipment.HoldCost] = alarm.Args{"letters": strconv.Itoa(n)}
	}
	if n := held[shipment.HoldRestored]; n > 0 {
		alarms[alarmRecovered+shipment.HoldRestored] = alarm.Args{"letters": strconv.Itoa(n)}
	}
	for vendor, n := range w.conflicts {
		alarms[alarmConflict+vendor] = alarm.Args{"receipts": strconv.Itoa(n), "vendor": vendor}
	}
	for _, f := range w.half {
		alarms[alarmHalf+f.Vendor] = alarm.Args{"vendor": f.Vendor, "file": identity.Scrub(f.Name), "done": strconv.Itoa(f.Done), "rows": strconv.Itoa(f.Rows)}
	}
	switch within := e.rules.BackupWithin; {
	case within == 0:
	case w.backup.IsZero():
		alarms[alarmBackup+"old"] = alarm.Args{"case": "never"}
	case now.Sub(w.backup) > within:
		alarms[alarmBackup+"old"] = alarm.Args{"case": "old", "made": alarm.TimeArg(w.backup), "hours": strconv.Itoa(int(within.Hours()))}
	}
	if limit := cmp.Or(e.rules.FreeBytesBelow, DefaultFreeBytes); w.free >= 0 && w.free < limit {
		alarms[alarmDisk+"documents"] = alarm.Args{"mb": strconv.FormatInt(limit>>20, 10)}
	}
	return alarms
}

// Watch raises an alarm for what is overdue, and resolves those whose cause is gone: offers without answer, accepted
// jobs without receipts, letters to which nothing has happened, nights that were missed. (A night that failed has an
// alarm from RunDue.) It may be called at any time and by several processes.
func (e *Nights) Watch(ctx context.Context) error {
	// A fence that cannot be read keeps no other alarm back.
	return errors.Join(e.restored.CheckFence(ctx), e.watch(ctx))
}

func (e *Nights) watch(ctx context.Context) error {
	now := e.Now()
	clock, clockOff, err := e.NoteClock(ctx, now)
	if err == nil {
		err = e.PromiseNights(ctx)
	}
	if err == nil {
		err = e.shareUsual(ctx, now)
	}
	if err != nil {
		return fmt.Errorf("look for what is overdue: %w", err)
	}
	byHand, err := store.View(ctx, e.Archive, func(r store.Reader) (store.Slot, error) { return lastByHand(ctx, r) })
	if err != nil {
		return fmt.Errorf("look for what is overdue: %w", err)
	}
	died := e.diedByHand(ctx, byHand)
	var wanted map[string]alarm.Args
	open := map[string]alarm.Args{}
	err = e.Archive.View(ctx, func(r store.Reader) error {
		w, err := e.watched(ctx, r, now)
		if err != nil {
			return err
		}
		if died {
			w.died = byHand
		}
		if clockOff {
			w.ahead = 0
		} else {
			w.clock = clock
		}
		wanted = e.overdue(w, now)
		alarms, err := r.Alarms(ctx, true)
		for _, a := range alarms {
			open[a.Key] = a.Args
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look for what is overdue: %w", err)
	}
	var raise, resolve []string
	for key, args := range wanted {
		if !open[key].Says(args) {
			raise = append(raise, key)
		}
	}
	for key := range open {
		if _, still := wanted[key]; !still && ofWatch(key) {
			resolve = append(resolve, key)
		}
	}
	if len(raise)+len(resolve) == 0 {
		return nil
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		for _, key := range raise {
			if err := tx.RaiseAlarm(ctx, key, wanted[key]); err != nil {
				return err
			}
		}
		for _, key := range resolve {
			if err := tx.ResolveAlarm(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record what is overdue: %w", err)
	}
	for _, key := range raise {
		e.Log.Error("overdue", "alarm", key, "problem", wanted[key])
	}
	for _, key := range resolve {
		e.Log.Info("no longer overdue", "alarm", key)
	}
	return nil
}

func ofWatch(key string) bool {
	for _, prefix := range []string{alarmNoAnswer, alarmNoReceipt, alarmUnhandled, alarmMissed, alarmSlow, alarmFailing, alarmDeviating, alarmDisk, alarmConflict, alarmHalf, alarmExpiring, alarmManual, alarmGuard, alarmRecovered,
		alarmOverdue, alarmClock, alarmDied, alarmExpected, alarmNode, alarmBackup, step.AlarmHeld, alarm.KindUnprepared} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// PromiseNights notes when the nights were first promised, where nothing has run them yet: those that come after it can be missed,
// also while the process that was to run them is down.
func (e *Nights) PromiseNights(ctx context.Context) error {
	now := e.Now()
	for _, s := range e.schedules {
		if s.Name == ScheduleNight {
			_, _, err := e.slotsUntil(ctx, s, now, now)
			return err
		}
	}
	return nil
}

// watchedNights looks at the nights that are planned, and at those that were run by hand: a night by hand makes up for those that
// were planned before it.
func (e *Nights) watchedNights(ctx context.Context, r store.Reader, now time.Time, w *watched) error {
	byHand, err := lastByHand(ctx, r)
	if err != nil {
		return err
	}
	w.night = byHand
	for _, s := range e.schedules {
		if s.Name != ScheduleNight {
			continue
		}
		last, err := r.LastSlot(ctx, s.Name)
		if errors.Is(err, store.ErrNotFound) {
			var begun string
			if begun, err = r.Setting(ctx, ledgerBegins+s.Name); err == nil {
				last.At, err = time.Parse(time.RFC3339Nano, begun)
			}
		}
		if err != nil {
			return err
		}
		w.nights = slices.DeleteFunc(missedNights(s, last, now), func(at time.Time) bool { return !byHand.At.Before(at) })
		if last.At.After(byHand.At) {
			w.night = last
		}
	}
	return nil
}

func (e *Nights) watched(ctx context.Context, r store.Reader, now time.Time) (watched, error) {
	w := watched{awaited: map[string]int{}, failing: map[string][]string{}, orders: map[string][]string{}, free: -1}
	list, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobOffered, store.JobAccepted}})
	if err != nil {
		return w, err
	}
	for _, j := range list {
		if e.Vendors[j.Vendor].Manual && j.State != store.JobPlanned {
			continue // it waits for a person, see ManualQueueIn
		}
		switch j.State {
		case store.JobOffered:
			v := e.Vendors[j.Vendor]
			if v.Profile.Orders == nil {
				w.offered = append(w.offered, j)
				continue
			}
			if now.Before(v.ReceiptDue(j.OfferedAt)) { // nobody answers a print order; a receipt is all that comes
				continue
			}
			n, err := r.Awaited(ctx, j.ID)
			if err != nil {
				return w, err
			}
			if n > 0 {
				w.orders[j.Vendor] = append(w.orders[j.Vendor], j.ID)
			}
			continue
		case store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering:
			if j.Failures >= cmp.Or(e.rules.FailuresFrom, DefaultFailuresFrom) {
				step := "handed over"
				if j.State == store.JobPlanned {
					step = "composed"
				}
				w.failing[j.Vendor+":"+step] = append(w.failing[j.Vendor+":"+step], j.ID)
			}
			continue
		default: // accepted: no other state is asked for
		}
		// Nothing changes an accepted job until it is closed: it was updated last when it was accepted.
		if now.Before(e.Vendors[j.Vendor].ReceiptDue(j.Updated)) {
			continue
		}
		w.accepted = append(w.accepted, j)
		if w.awaited[j.ID], err = r.Awaited(ctx, j.ID); err != nil {
			return w, err
		}
	}
	queue, err := e.jobs.ManualQueueIn(ctx, r, nil)
	if err != nil {
		return w, err
	}
	w.manual = slices.DeleteFunc(queue, func(m jobs.ManualJob) bool { return !m.Overdue })
	if w.nodes, err = r.Nodes(ctx); err != nil {
		return w, err
	}
	if w.unhandled, err = r.Unhandled(ctx, now.Add(-unhandledAfter)); err != nil {
		return w, err
	}
	if w.counts, err = r.CountShipments(ctx); err != nil {
		return w, err
	}
	if w.unprepared, err = r.Unprepared(ctx); err != nil {
		return w, err
	}
	if err := e.watchedNights(ctx, r, now, &w); err != nil {
		return w, err
	}
	if !e.rules.Unexpected {
		if w.missing, err = e.missing(ctx, r, now); err != nil {
			return w, err
		}
	}
	if w.overdue, err = r.Overdue(ctx, overdueSince(now)); err != nil {
		return w, err
	}
	if w.ahead, w.aheadTo, err = r.ReceivedAfter(ctx, now.Add(step.ClockTolerance)); err != nil {
		return w, err
	}
	if w.deviations, err = r.OpenDeviations(ctx, now.Add(-deviationDays*24*time.Hour), now); err != nil {
		return w, err
	}
	if w.conflicts, err = r.OpenConflicts(ctx); err != nil {
		return w, err
	}
	if w.half, err = r.HalfReceiptFiles(ctx); err != nil {
		return w, err
	}
	w.half = slices.DeleteFunc(w.half, func(f store.ReceiptFile) bool { return now.Sub(f.Fetched) < halfLong })
	if e.rules.BackupWithin > 0 {
		if w.backup, err = e.lastBackup(ctx, r); err != nil {
			return w, err
		}
	}
	if e.rules.FreeBytes != nil {
		if w.free, err = e.rules.FreeBytes(); err != nil {
			return w, fmt.Errorf("free space for documents: %w", err)
		}
	}
	return w, nil
}
