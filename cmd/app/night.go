package app

import (
	"context"
	"errors"
	"time"

	"postgang/engine/intake"
	"postgang/engine/nights"
	"postgang/engine/shipment"
)

// NightOptions are how long a night may take, and who is shown how it goes.
type NightOptions struct {
	// Patience is how long the run may wait, above 0: for hand-ins to be prepared, then for jobs to be handed over.
	Patience time.Duration
	// Progress, when set, begins to show a part of the night that it is told the name of. step may be nil.
	Progress func(what string) (step func(done, total int), finish func())
}

// Night is what one run did.
type Night struct {
	nights.Night
	Taken      intake.Report
	Events     intake.EventReport
	Unprepared int // letters that cannot be prepared for a reason of ours, and are tried again
}

// handOverShare: of the patience of a night, one part in so many is kept for handing over.
const handOverShare = 3

// Night is one run: it takes what lies in the drop folder, and has what is due collected, composed and handed over. With an
// error it tells what was done until then; of nights.ErrUnsettled everything that could be done is.
func (a *App) Night(ctx context.Context, opt NightOptions) (Night, error) {
	show := opt.Progress
	if show == nil {
		show = func(string) (func(done, total int), func()) { return nil, func() {} }
	}
	var n Night
	var err error
	began := time.Now()
	step, finish := show("taking hand-ins")
	n.Taken, err = a.TakeAll(ctx, opt.Patience-opt.Patience/handOverShare, step)
	finish()
	if err != nil {
		return n, err
	}
	if n.Events, err = a.TakeEvents(ctx); err != nil {
		return n, err
	}
	step, finish = show("handing over letters")
	n.Night, err = a.Engine.RunNight(ctx, nights.NightOptions{Patience: max(opt.Patience-time.Since(began), opt.Patience/handOverShare), Progress: step})
	finish()
	if err != nil && !errors.Is(err, nights.ErrUnsettled) {
		return n, err
	}
	var uncounted error
	if n.Unprepared, uncounted = a.unprepared(ctx); uncounted != nil {
		return n, uncounted
	}
	return n, err
}

// ReasonsInOrder are the reasons for which letters were collected, always in one order.
func (n Night) ReasonsInOrder() []shipment.Reason {
	var out []shipment.Reason
	for _, r := range []shipment.Reason{
		shipment.ReasonNoDigitalID, shipment.ReasonPrintOnly, shipment.ReasonReserved, shipment.ReasonNotNotifiable, shipment.ReasonUnread, shipment.ReasonSDPFailed,
	} {
		if n.Reasons[r] > 0 {
			out = append(out, r)
		}
	}
	return out
}
