package nights

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/step"
	"postgang/engine/store"
)

// nightsByHand is the ledger of the nights that a command ran, by the time when each began: by hand, or by cron where no daemon
// runs. It is no schedule.
const nightsByHand = "night-by-hand"

// alarmNight is the alarm that the last night by hand failed.
const alarmNight = "failed:night"

// NightByHand runs a night that a command asked for, and records it: one that fails, also before it collects, is an alarm until a
// night succeeds. summary tells of it in one line. A night that finds another one at work is neither.
func (e *Nights) NightByHand(ctx context.Context, night func(ctx context.Context) (summary string, err error)) error {
	held, release, err := e.Archive.Lock(ctx, nightsByHand)
	if errors.Is(err, store.ErrLocked) {
		return fmt.Errorf("another process is running the night: %w", err)
	}
	if err != nil {
		return err
	}
	defer release()
	at, err := e.beginByHand(held)
	if err != nil {
		return err
	}
	summary, runErr := night(held)
	runErr = step.Lost(held, runErr)
	// Recorded though the caller has had enough: an interrupted night is a night that did not succeed.
	recording, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	return errors.Join(runErr, e.endByHand(recording, at, summary, runErr))
}

// recordTime bounds recording how a night ended when it was interrupted.
const recordTime = 10 * time.Second

// beginByHand records that a night has begun. Earlier ones that have no end were killed: we hold the lock.
func (e *Nights) beginByHand(ctx context.Context) (at time.Time, err error) {
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		slots, err := tx.Slots(ctx, nightsByHand, maxCatchUp)
		if err != nil {
			return err
		}
		for _, s := range slots {
			if s.State == store.SlotRunning {
				if err := tx.FinishSlot(ctx, nightsByHand, s.At, store.SlotFailed, "the process ended in the middle of it"); err != nil {
					return err
				}
			}
		}
		for at = tx.Now(); ; at = at.Add(time.Millisecond) {
			fresh, err := tx.ClaimSlot(ctx, nightsByHand, at, store.SlotRunning)
			if err != nil || fresh {
				return err
			}
		}
	})
	if err != nil {
		return at, fmt.Errorf("record the night: %w", err)
	}
	return at, nil
}

// endByHand records the outcome of a night.
func (e *Nights) endByHand(ctx context.Context, at time.Time, summary string, runErr error) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		switch {
		case errors.Is(runErr, store.ErrLocked):
			return tx.FinishSlot(ctx, nightsByHand, at, store.SlotSkipped, "another night was at work")
		case runErr != nil:
			if err := tx.FinishSlot(ctx, nightsByHand, at, store.SlotFailed, runErr.Error()); err != nil {
				return err
			}
			n, err := failedInARow(ctx, tx)
			if err != nil {
				return err
			}
			return tx.RaiseAlarm(ctx, alarmNight, alarm.Args{"night": alarm.TimeArg(at), "times": strconv.Itoa(max(n, 1)), "why": runErr.Error()})
		}
		if err := tx.FinishSlot(ctx, nightsByHand, at, store.SlotDone, summary); err != nil {
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
	slots, err := r.Slots(ctx, nightsByHand, maxCatchUp)
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
	slots, err := r.Slots(ctx, nightsByHand, maxCatchUp)
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
	_, release, err := e.Archive.Lock(ctx, nightsByHand)
	if err != nil {
		return false // somebody is at it
	}
	release()
	return true
}
