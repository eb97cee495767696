package accept

import (
	"context"
	"errors"
	"sync"
	"syscall"

	"postgang/engine/alarm"
	"postgang/engine/store"
)

// faultError is a fault of ours, with what it is about.
type faultError struct {
	cause alarm.Cause
	err   error
}

func (e *faultError) Error() string { return e.err.Error() }
func (e *faultError) Unwrap() error { return e.err }

// because says what a fault is about; nil stays nil.
func because(cause alarm.Cause, err error) error {
	if err == nil {
		return nil
	}
	return &faultError{cause, err}
}

// causeOf is what keeps a letter from being prepared. A full disk may be met in any step.
func causeOf(err error) alarm.Cause {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return alarm.CauseSpace
	}
	var of *faultError
	if errors.As(err, &of) {
		return of.cause
	}
	return alarm.CauseOther
}

// counted is how many more failures there may be before the letters of an alarm are counted again, by its key. To count them takes as long as they
// are many, so there are as many failures in between; Nights.Watch counts them too.
type counted struct {
	mu   sync.Mutex
	left map[string]int
}

// due reports whether they are to be counted at this failure.
func (c *counted) due(key string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[key]--
	return c.left[key] <= 0
}

// at notes how many they are; 0: they are counted at the next failure.
func (c *counted) at(key string, letters int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left[key] = letters
}

// tellUnprepared notes that a letter cannot be prepared for a reason of ours. One alarm stands for all letters with the same cause, since what
// meets one meets most often all.
func (e *Acceptor) tellUnprepared(ctx context.Context, id string, again bool, failed error) error {
	u := alarm.Unprepared{Cause: causeOf(failed), Again: again, Shipment: id, Why: failed.Error()}
	count := e.told.due(u.Key())
	return e.Archive.InGroup(ctx, func(tx store.Tx) error {
		if err := tx.SetUnprepared(ctx, u); err != nil || !count {
			return err
		}
		all, err := tx.Unprepared(ctx)
		for _, of := range all {
			if err == nil && of.Key() == u.Key() {
				err = tx.RaiseAlarm(ctx, u.Key(), of.Args())
				e.told.at(u.Key(), of.Letters)
			}
		}
		return err
	})
}

// nowPrepared notes in a transaction that a letter could not be prepared, and is.
func (e *Acceptor) nowPrepared(ctx context.Context, tx store.Tx, id string) error {
	over, err := tx.DropUnprepared(ctx, id)
	if err != nil {
		return err
	}
	for _, u := range over {
		if err := tx.ResolveAlarm(ctx, u.Key()); err != nil {
			return err
		}
		e.told.at(u.Key(), 0)
	}
	return nil
}
