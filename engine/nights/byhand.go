package nights

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/change"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// The ledgers of what people have run, by the time when each began: with a command, in the console, or by cron where no daemon runs.
// They are no schedules.
const (
	ScheduleNightByHand    = "night-by-hand"
	ScheduleReceiptsByHand = "receipts-by-hand"
)

// alarmNight is the alarm that the last night by hand failed.
const alarmNight = "failed:night"

type starterKey struct{}

// StartedBy has runs by hand record who started them, where what they do is Postgang's own work: a command that cron may start too.
func StartedBy(ctx context.Context, a access.Actor) context.Context {
	return context.WithValue(ctx, starterKey{}, a)
}

// NightByHand runs a night that a command asked for, and records it: one that fails, also before it collects, is an alarm until a
// night succeeds. The note tells what it did. A night that finds another one at work is neither.
func (e *Nights) NightByHand(ctx context.Context, night func(ctx context.Context) (shipment.Note, error)) error {
	held, release, err := e.Archive.Lock(ctx, ScheduleNightByHand)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("another process is running the night: %w", err)
	}
	if err != nil {
		return err
	}
	defer release()
	at, err := e.beginByHand(held, ScheduleNightByHand)
	if err != nil {
		return err
	}
	note, runErr := night(held)
	runErr = step.Lost(held, runErr)
	// Recorded though the caller has had enough: an interrupted night is a night that did not succeed.
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	return errors.Join(runErr, e.endByHand(recording, at, note, runErr))
}

// recordTime bounds recording how a night ended when it was interrupted.
const recordTime = 10 * time.Second

// beginByHand records that a run has begun. Earlier ones that have no end were killed: we hold the lock.
func (e *Nights) beginByHand(ctx context.Context, ledger string) (at time.Time, err error) {
	if a, ok := ctx.Value(starterKey{}).(access.Actor); ok {
		ctx = access.As(ctx, a)
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		slots, err := tx.Slots(ctx, ledger, maxCatchUp)
		if err != nil {
			return err
		}
		for _, s := range slots {
			if s.State == store.SlotRunning {
				if err := tx.FinishSlot(ctx, ledger, s.At, store.SlotFailed, killed.String()); err != nil {
					return err
				}
			}
		}
		for at = tx.Now(); ; at = at.Add(time.Millisecond) {
			fresh, err := tx.ClaimSlot(ctx, ledger, at, store.SlotRunning)
			if err != nil {
				return err
			}
			if fresh {
				return tx.AddChange(ctx, change.Of(change.Run, ledger, nil, change.Facts{"begun": at.Format(time.RFC3339)}, change.ByHand))
			}
		}
	})
	if err != nil {
		return at, fmt.Errorf("record that it has begun: %w", err)
	}
	return at, nil
}

// endByHand records the outcome of a night.
func (e *Nights) endByHand(ctx context.Context, at time.Time, note shipment.Note, runErr error) error {
	state, summary := outcome(note, runErr)
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		switch {
		case errors.Is(runErr, store.ErrLocked):
			return tx.FinishSlot(ctx, ScheduleNightByHand, at, store.SlotSkipped, atWork.String())
		case runErr != nil:
			if err := tx.FinishSlot(ctx, ScheduleNightByHand, at, state, summary); err != nil {
				return err
			}
			n, err := failedInARow(ctx, tx)
			if err != nil {
				return err
			}
			return tx.RaiseAlarm(ctx, alarmNight, alarm.Args{"night": alarm.TimeArg(at), "times": strconv.Itoa(max(n, 1)), "why": inOneLine(runErr)})
		}
		if err := tx.FinishSlot(ctx, ScheduleNightByHand, at, state, summary); err != nil {
			return err
		}
		return nightSucceeded(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("record the night: %w", err)
	}
	return nil
}

// nightSucceeded ends the alarms for nights that failed before.
func nightSucceeded(ctx context.Context, tx store.Tx) error {
	return errors.Join(tx.ResolveAlarm(ctx, alarmNight), tx.ResolveAlarm(ctx, "schedule:"+ScheduleNight))
}

// failedInARow counts the nights by hand since the last one that succeeded.
func failedInARow(ctx context.Context, r store.Reader) (int, error) {
	slots, err := r.Slots(ctx, ScheduleNightByHand, maxCatchUp)
	n := 0
	for _, s := range slots {
		if s.State == store.SlotDone {
			break
		}
		if s.State == store.SlotFailed {
			n++
		}
	}
	return n, err
}

// lastByHand is the newest night by hand that did something; zero: there is none.
func lastByHand(ctx context.Context, r store.Reader) (store.Slot, error) {
	slots, err := r.Slots(ctx, ScheduleNightByHand, maxCatchUp)
	for _, s := range slots {
		if s.State != store.SlotSkipped {
			return s, err
		}
	}
	return store.Slot{}, err
}

// diedByHand reports whether a night by hand has begun, has no end, and nobody is at it.
func (e *Nights) diedByHand(ctx context.Context, last store.Slot) bool {
	if last.State != store.SlotRunning {
		return false
	}
	_, release, err := e.Archive.Lock(ctx, ScheduleNightByHand)
	if err != nil {
		return false // somebody is at it
	}
	release()
	return true
}

// FetchByHand fetches answers and receipts from vendors (none given: all) because a person asked for it, and records it.
// store.ErrLocked: somebody else's is under way. begun is called when it is recorded that it has begun.
func (e *Nights) FetchByHand(ctx context.Context, begun func(), vendors ...string) (x Exchanged, err error) {
	held, release, err := e.Archive.Lock(ctx, ScheduleReceiptsByHand)
	if err != nil {
		return x, fmt.Errorf("fetch from the vendors: %w", err)
	}
	defer release()
	at, err := e.beginByHand(held, ScheduleReceiptsByHand)
	if err != nil {
		return x, err
	}
	begun()
	x, runErr := e.Fetch(held, vendors...)
	runErr = step.Lost(held, runErr)
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	state, summary := outcome(x.Note(), runErr)
	return x, errors.Join(runErr, e.Archive.InTx(recording, func(tx store.Tx) error {
		return tx.FinishSlot(recording, ScheduleReceiptsByHand, at, state, summary)
	}))
}
