package nights

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/morning"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const (
	// morningSlots is how many of the last runs of a schedule are looked at.
	morningSlots = 100
	// longestMorning is how far back a report goes that was not made for a long time.
	longestMorning = 10 * 24 * time.Hour
)

// MorningSince is from when on the report of the morning tells, at a time: since the one before it, or a day.
func (e *Nights) MorningSince(ctx context.Context, at time.Time) (time.Time, error) {
	since := at.Add(-24 * time.Hour)
	err := e.Archive.View(ctx, func(r store.Reader) error {
		slots, err := r.Slots(ctx, ScheduleMorning, morningSlots)
		for _, s := range slots {
			if s.State == store.SlotDone && s.At.Before(at) {
				if at.Sub(s.At) <= longestMorning {
					since = s.At
				}
				break
			}
		}
		return err
	})
	return since, err
}

// Morning is the report of a time.
func (e *Nights) Morning(ctx context.Context, from, to time.Time) (morning.Report, error) {
	out := morning.Report{From: from, To: to}
	next, planned := NextNight(e.schedules, to)
	if planned {
		out.Next = next
		ahead, err := e.collect.Ahead(ctx, next)
		if err != nil {
			return out, fmt.Errorf("report of the morning: %w", err)
		}
		for _, a := range ahead.Accounts {
			out.Due += a.Letters
		}
	}
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		if out.Came, err = r.CountLetters(ctx, from, to, nil); err != nil {
			return err
		}
		names := []string{ScheduleNightByHand, ScheduleReceiptsByHand}
		for _, s := range e.schedules {
			if s.Name != ScheduleMorning {
				names = append(names, s.Name)
			}
		}
		for _, name := range names {
			slots, err := r.Slots(ctx, name, morningSlots)
			if err != nil {
				return err
			}
			for _, s := range slots {
				if !s.At.Before(from) && s.At.Before(to) {
					out.Runs = append(out.Runs, s)
				}
			}
		}
		slices.SortStableFunc(out.Runs, func(a, b store.Slot) int { return a.At.Compare(b.At) })
		offered, err := r.Jobs(ctx, store.JobFilter{OfferedSince: from})
		if err != nil {
			return err
		}
		for _, j := range offered {
			if j.OfferedAt.Before(to) {
				out.Offered = append(out.Offered, j)
			}
		}
		if out.Booked, out.Net, err = r.LedgerSum(ctx, from, to); err != nil {
			return err
		}
		counts, err := r.CountShipments(ctx)
		if err != nil {
			return err
		}
		out.Held = map[string]int{}
		for _, c := range counts {
			if c.Hold != "" {
				out.Held[c.Hold] += c.Count
			}
		}
		if out.Overdue, err = r.Overdue(ctx, overdueSince(to)); err != nil {
			return err
		}
		if out.Missing, err = e.missing(ctx, r, to); err != nil {
			return err
		}
		out.Alarms, err = r.Alarms(ctx, true)
		slices.Reverse(out.Alarms) // the oldest first among those as grave
		alarm.Sort(out.Alarms)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("report of the morning: %w", err)
	}
	return out, nil
}

// runMorning makes the report of a slot and has it brought to people.
func (e *Nights) runMorning(ctx context.Context, slot time.Time) (shipment.Note, error) {
	since, err := e.MorningSince(ctx, slot)
	if err != nil {
		return shipment.Note{}, err
	}
	r, err := e.Morning(ctx, since, slot)
	if err == nil && e.BringMorning != nil {
		err = e.BringMorning(ctx, r)
	}
	if err != nil {
		return shipment.Note{}, err
	}
	return shipment.Note{Code: "morning", Args: shipment.Args{"alarms": fmt.Sprint(alarm.Unacknowledged(r.Alarms))}}, nil
}
