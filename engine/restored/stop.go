package restored

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/step"
	"postgang/engine/store"
)

// OfferStop says why nothing is offered to a vendor.
type OfferStop struct {
	Vendor string    `json:"-"`
	Since  time.Time `json:"since"`
	Jobs   []string  `json:"jobs"` // at the vendor, which the archive does not know, or knows otherwise
	// Highest is the highest number that was handed over, when the archive has given out Number at most; else 0.
	Highest int `json:"highest"`
	Number  int `json:"number"`
}

// shownJobs is how many of the jobs an alarm names.
const shownJobs = 5

// Args are the arguments of the alarm, AlarmKey: what was found.
func (s OfferStop) Args() alarm.Args {
	args := alarm.Args{"vendor": s.Vendor}
	if n := len(s.Jobs); n > 0 {
		args["jobs"], args["first"] = strconv.Itoa(n), strings.Join(s.Jobs[:min(n, shownJobs)], " ")
		if n > shownJobs {
			args["first"] += " …"
		}
	}
	if s.Highest > 0 {
		args["highest"], args["number"] = strconv.Itoa(s.Highest), strconv.Itoa(s.Number)
	}
	return args
}

// StopSetting begins the names of the settings that keep why offers to a vendor are stopped.
const StopSetting = "restored:" // and the vendor

// AlarmKey is the key of the alarm that offers to a vendor are stopped until it is recovered.
func AlarmKey(vendor string) string { return "restored:" + vendor }

// StopOf reads whether offers to a vendor are stopped.
func StopOf(ctx context.Context, r store.Reader, vendor string) (stop OfferStop, stopped bool, err error) {
	text, err := r.Setting(ctx, StopSetting+vendor)
	if errors.Is(err, store.ErrNotFound) || err == nil && text == "" {
		return OfferStop{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &stop)
	}
	stop.Vendor = vendor
	return stop, true, err
}

// OfferStops lists the vendors that nothing is offered to until Recover, in the order of the configuration.
func (e *Check) OfferStops(ctx context.Context) ([]OfferStop, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]OfferStop, error) {
		var out []OfferStop
		for _, key := range e.VendorKeys {
			stop, stopped, err := StopOf(ctx, r, key)
			if err != nil {
				return nil, err
			}
			if stopped {
				out = append(out, stop)
			}
		}
		return out, nil
	})
}

// Stopped reads which vendors nothing is offered to.
func (e *Check) Stopped(ctx context.Context) (map[string]bool, error) {
	stops, err := e.OfferStops(ctx)
	out := map[string]bool{}
	for _, s := range stops {
		out[s.Vendor] = true
	}
	return out, err
}

// StopOffers records that nothing may be offered to a vendor, with one alarm, and adds what was found since. A job that
// Recover has settled is none.
func (e *Check) StopOffers(ctx context.Context, found OfferStop) error {
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		have, stopped, err := StopOf(ctx, tx, found.Vendor)
		if err != nil {
			return err
		}
		next := have
		next.Vendor = found.Vendor
		if !stopped {
			next.Since = tx.Now()
		}
		next.Jobs = slices.Compact(slices.Sorted(slices.Values(append(slices.Clone(have.Jobs), found.Jobs...))))
		if found.Highest > have.Highest {
			next.Highest, next.Number = found.Highest, found.Number
		}
		if stopped && slices.Equal(next.Jobs, have.Jobs) && next.Highest == have.Highest {
			return nil
		}
		e.Log.Error("offers are stopped: the archive is older than what was handed over", "vendor", found.Vendor, "jobs", next.Jobs, "highest", next.Highest)
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		if err := tx.SetSetting(ctx, StopSetting+found.Vendor, string(text)); err != nil {
			return err
		}
		return tx.RaiseAlarm(ctx, AlarmKey(found.Vendor), next.Args())
	})
	if err != nil || e.Vendors[found.Vendor].Manual {
		return err
	}
	// What is printed here has no other side that could be looked at: the same old archive does not know that either.
	for _, key := range e.VendorKeys {
		if e.Vendors[key].Manual {
			err = errors.Join(err, e.StopOffers(ctx, OfferStop{Vendor: key, Jobs: found.Jobs, Highest: found.Highest, Number: found.Number}))
		}
	}
	return err
}

// stoppedRetry is how long an offer waits while its vendor is stopped. Recover hastens it.
const stoppedRetry = 15 * time.Minute

// MayOffer is nil when offers to a vendor are not stopped, and a *LaterError when they are.
func (e *Check) MayOffer(ctx context.Context, vendor string) error {
	if err := e.CheckFence(ctx); err != nil {
		return err
	}
	return e.Archive.View(ctx, func(r store.Reader) error { return NotStopped(ctx, r, vendor) })
}

// NotStopped is nil when offers to a vendor are not stopped, and a *step.LaterError when they are.
func NotStopped(ctx context.Context, r store.Reader, vendor string) error {
	_, stopped, err := StopOf(ctx, r, vendor)
	if err != nil || !stopped {
		return err
	}
	return &step.LaterError{After: stoppedRetry, Reason: fmt.Sprintf(
		"nothing is offered to vendor %s, since the archive is older than what was handed over: postgang recover --vendor %s", vendor, vendor)}
}
