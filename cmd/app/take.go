package app

import (
	"context"
	"errors"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/intake"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// idleLimit ends the taking of hand-ins when nothing was answered for so long, although some are being prepared.
const idleLimit = 10 * time.Minute

// TakeOnce looks through the drop folder once, and raises and resolves the alarms of what it finds.
func (a *App) TakeOnce(ctx context.Context) (intake.Report, error) {
	r, err := a.Intake.Scan(ctx)
	if n := r.Taken + r.Refused + r.Already; n > 0 {
		a.Log.Info("hand-ins answered", "accepted", r.Taken, "refused", r.Refused, "known_already", r.Already)
	}
	if err == nil { // else it is a part, and what it did not reach is no less wrong
		err = a.Engine.SetTroubles(ctx, alarm.TroublesOfHandIns, r.Troubles)
	}
	return r, err
}

// TakeEvents applies the digital events in the drop folder, and raises and resolves the alarms of what it finds.
func (a *App) TakeEvents(ctx context.Context) (intake.EventReport, error) {
	r, err := a.Intake.Events(ctx)
	if r.Files > 0 {
		a.Log.Info("digital events", "files", r.Files, "applied", r.Applied, "refused", r.Refused)
	}
	if err == nil {
		err = a.Engine.SetTroubles(ctx, alarm.TroublesOfEvents, r.Troubles)
	}
	return r, err
}

// TakeAll scans the drop folder until every complete hand-in has its answer, and what came over the network is decided, for at most a time; 0: for as long as some are
// answered.
func (a *App) TakeAll(ctx context.Context, most time.Duration, progress func(done, total int)) (intake.Report, error) {
	if most > 0 {
		whole := ctx
		bounded, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		sum, err := a.takeUntil(bounded, progress)
		if errors.Is(err, context.DeadlineExceeded) && whole.Err() == nil {
			err = nil // what is left is taken by the next run
		}
		return sum, err
	}
	return a.takeUntil(ctx, progress)
}

func (a *App) takeUntil(ctx context.Context, progress func(done, total int)) (intake.Report, error) {
	var sum intake.Report
	last := time.Now() // when something was answered
	idle := 0
	for {
		r, err := a.TakeOnce(ctx)
		sum.Taken += r.Taken
		sum.Refused += r.Refused
		sum.Already += r.Already
		if err == nil || sum.Troubles == nil {
			sum.Waiting, sum.Failed, sum.Misplaced, sum.Troubles = r.Waiting, r.Failed, r.Misplaced, r.Troubles
		}
		if err != nil {
			return sum, err
		}
		if progress != nil {
			progress(sum.Taken+sum.Refused, sum.Taken+sum.Refused+sum.Waiting)
		}
		// Hand-ins that stay incomplete are not waited for: two scans with nothing done and nothing being prepared.
		if r.Taken+r.Refused+r.Already == 0 {
			idle++
		} else {
			idle, last = 0, time.Now()
		}
		// What came over the network has its answer, and may be undecided yet.
		if (r.Waiting == 0 || idle > 2) && !a.preparing(ctx) || time.Since(last) > idleLimit {
			return sum, nil
		}
		select {
		case <-ctx.Done():
			return sum, ctx.Err()
		case <-time.After(max(a.Config.Settle, 200*time.Millisecond)):
		}
	}
}

// unprepared counts the letters that cannot be prepared for a reason of ours, as far as is known, but for those whose alarm is acknowledged.
func (a *App) unprepared(ctx context.Context) (int, error) {
	n := 0
	err := a.Archive.View(ctx, func(r store.Reader) error {
		alarms, err := r.Alarms(ctx, true)
		if err != nil {
			return err
		}
		known := map[string]bool{}
		for _, al := range alarms {
			known[al.Key] = al.Acknowledged()
		}
		all, err := r.Unprepared(ctx)
		for _, u := range all {
			if !known[u.Key()] {
				n += u.Letters
			}
		}
		return err
	})
	return n, err
}

// preparing reports whether a hand-in is undecided and can be prepared, as far as is known: those that could not be when they were tried
// are not waited for.
func (a *App) preparing(ctx context.Context) bool {
	left := 0
	err := a.Archive.View(ctx, func(r store.Reader) error {
		counts, err := r.CountShipments(ctx)
		if err != nil {
			return err
		}
		for _, c := range counts {
			if c.Status == shipment.StatusMottatt {
				left += c.Count
			}
		}
		all, err := r.Unprepared(ctx)
		for _, u := range all {
			if !u.Again {
				left -= u.Letters
			}
		}
		return err
	})
	return err == nil && left > 0
}
