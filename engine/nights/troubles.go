package nights

import (
	"context"
	"fmt"

	"postgang/engine/alarm"
	"postgang/engine/store"
)

// SetTroubles makes the open alarms of a source what it found now: all of it. It may be called at any time and by several
// processes.
func (e *Nights) SetTroubles(ctx context.Context, of alarm.TroubleSource, found []alarm.Trouble) error {
	open := map[string]alarm.Args{}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		alarms, err := r.Alarms(ctx, true)
		for _, a := range alarms {
			if alarm.TroubleSourceOf(a.Key) == of {
				open[a.Key] = a.Args
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look for alarms of what comes in: %w", err)
	}
	var raise []alarm.Trouble
	for _, t := range found {
		if !open[t.Key].Says(t.Args) {
			raise = append(raise, t)
		}
		delete(open, t.Key)
	}
	if len(raise)+len(open) == 0 {
		return nil
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		for _, t := range raise {
			if err := tx.RaiseAlarm(ctx, t.Key, t.Args); err != nil {
				return err
			}
		}
		for key := range open {
			if err := tx.ResolveAlarm(ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record alarms of what comes in: %w", err)
	}
	for _, t := range raise {
		e.Log.Error("something that comes in needs a person", "alarm", t.Key, "problem", t.Args)
	}
	for key := range open {
		e.Log.Info("over", "alarm", key)
	}
	return nil
}
