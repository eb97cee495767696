package step

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/party"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Reach dials a vendor. A host key that is not the pinned one is an alarm until the vendor is reached again: nobody is
// asked whether to go on.
func (e *Step) Reach(ctx context.Context, v party.Vendor) (VendorSide, error) {
	side, dialErr := e.DialVendor(ctx, v)
	key := "host-key:" + v.Key
	changed := errors.Is(dialErr, exchange.ErrHostKeyChanged)
	if dialErr != nil && !changed {
		return nil, dialErr
	}
	alarmed, err := store.View(ctx, e.Archive, func(r store.Reader) (bool, error) {
		open, err := r.Alarms(ctx, true)
		return slices.ContainsFunc(open, func(a alarm.Alarm) bool { return a.Key == key }), err
	})
	switch {
	case err != nil || changed == alarmed:
	case changed:
		args := alarm.Args{"vendor": v.Key, "why": dialErr.Error()}
		err = e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, key, args) })
	default:
		err = e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, key) })
	}
	if dialErr != nil {
		return nil, errors.Join(dialErr, err)
	}
	if err != nil {
		return nil, errors.Join(err, side.Close())
	}
	return side, nil
}

// offerRetry is how long a job waits when another process is offering to the same vendor.
const offerRetry = 3 * time.Second

// offerRetryHere is the same when this process is offering to it.
const offerRetryHere = time.Second

// LockVendor makes offers to one vendor one at a time, within this process and across processes. held ends when the lock
// is lost.
func (e *Step) LockVendor(ctx context.Context, vendor string) (held context.Context, unlock func(), err error) {
	m, _ := e.vendorLocks.LoadOrStore(vendor, &sync.Mutex{})
	mu := m.(*sync.Mutex)
	if !mu.TryLock() {
		// Waiting would keep this worker from the other vendors' jobs, behind one vendor that is slow or gone.
		return nil, nil, &LaterError{After: offerRetryHere, Reason: "another offer to this vendor is under way"}
	}
	held, release, err := e.Archive.Lock(ctx, "vendor-"+vendor)
	if err != nil {
		mu.Unlock()
		if errors.Is(err, store.ErrLocked) {
			return nil, nil, &LaterError{After: offerRetry, Reason: "another process is offering to this vendor"}
		}
		return nil, nil, err
	}
	return held, func() { release(); mu.Unlock() }, nil
}

// Lost adds to an error that the lock was lost under which it happened: everything done under it fails then.
func Lost(held context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(held), store.ErrLockLost) && !errors.Is(err, store.ErrLockLost) {
		return fmt.Errorf("%w: %w", store.ErrLockLost, err)
	}
	return err
}

// VendorProblems raises an alarm for each thing that is wrong at a vendor's side, and gives the alarms' keys.
func (e *Step) VendorProblems(ctx context.Context, kind, vendor string, problems []exchange.Problem) (map[string]bool, error) {
	keys := map[string]bool{}
	known := map[string]alarm.Args{} // what is said already is not said at every fetch
	if len(problems) > 0 {
		open, err := store.View(ctx, e.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(ctx, true) })
		if err != nil {
			return keys, err
		}
		for _, a := range open {
			known[a.Key] = a.Args
		}
	}
	for _, p := range problems {
		key, args := kind+":"+vendor+":"+p.Where, alarm.Args{"case": p.Code, "vendor": vendor, "where": p.Where}
		maps.Copy(args, p.Args)
		keys[key] = true
		if known[key].Says(args) {
			continue
		}
		e.Log.Error("problem at the vendor's side", "vendor", vendor, "kind", kind, "problem", p.String())
		err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, key, args) })
		if err != nil {
			return keys, err
		}
	}
	return keys, nil
}

// ResolveGone resolves the open alarms under a prefix that a look at the whole of the vendor's side has not found again.
func (e *Step) ResolveGone(ctx context.Context, prefix string, still map[string]bool) error {
	open, err := store.View(ctx, e.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(ctx, true) })
	if err != nil {
		return err
	}
	for _, a := range open {
		if !strings.HasPrefix(a.Key, prefix) || still[a.Key] {
			continue
		}
		if err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, a.Key) }); err != nil {
			return err
		}
	}
	return nil
}

// VendorsAtOnce is how many vendors are fetched from side by side; most of it is waiting.
const VendorsAtOnce = 8
