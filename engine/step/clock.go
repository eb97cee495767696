package step

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

const (
	// ClockTolerance is how far times may lie ahead of the clock without a word: clocks are put right by seconds.
	ClockTolerance = 10 * time.Minute
	// clockRemembered is how long it is told that the clock went back. The time that it had then may never come.
	clockRemembered = 72 * time.Hour
)

// SettingClock is the archive's setting with the latest time that it was worked with, or ClockOff.
const SettingClock = "clock"

// ClockOff as SettingClock: the archive lived on another clock than the machine's, such as a demonstration's, and nobody looks.
const ClockOff = "off"

// ClockSeen is what is remembered of the clock.
type ClockSeen struct {
	Latest  time.Time `json:"latest"`
	Noticed time.Time `json:"noticed,omitzero"` // when it was found behind Latest; zero: it was not
}

// readClock gives what is remembered.
func readClock(ctx context.Context, r store.Reader) (seen ClockSeen, off bool, err error) {
	text, err := r.Setting(ctx, SettingClock)
	if errors.Is(err, store.ErrNotFound) {
		return seen, false, nil
	}
	if err != nil || text == ClockOff {
		return seen, text == ClockOff, err
	}
	if err := json.Unmarshal([]byte(text), &seen); err != nil {
		return seen, false, fmt.Errorf("setting %s: %w", SettingClock, err)
	}
	return seen, false, nil
}

// at is what is remembered after a look at the clock.
func (c ClockSeen) at(now time.Time) ClockSeen {
	switch {
	case !c.Latest.After(now.Add(ClockTolerance)): // it goes on as it should
		if now.After(c.Latest) {
			c.Latest = now
		}
		c.Noticed = time.Time{}
	case c.Noticed.IsZero() || c.Noticed.After(now.Add(ClockTolerance)):
		c.Noticed = now
	case now.Sub(c.Noticed) > clockRemembered:
		c = ClockSeen{Latest: now}
	}
	return c
}

// NoteClock remembers the time, and gives what is remembered. A minute more is not worth a write.
func (e *Step) NoteClock(ctx context.Context, now time.Time) (ClockSeen, bool, error) {
	var next ClockSeen
	var off, write bool
	look := func(r store.Reader) error {
		seen, isOff, err := readClock(ctx, r)
		off, next = isOff, seen.at(now)
		write = !off && (next.Noticed != seen.Noticed || next.Latest.Sub(seen.Latest).Abs() >= time.Minute)
		return err
	}
	err := e.Archive.View(ctx, look)
	if err == nil && write {
		err = e.Archive.InTx(ctx, func(tx store.Tx) error {
			if err := look(tx); err != nil || !write {
				return err
			}
			text, err := json.Marshal(next)
			if err != nil {
				return err
			}
			return tx.SetSetting(ctx, SettingClock, string(text))
		})
	}
	if err != nil {
		return next, off, fmt.Errorf("remember the time: %w", err)
	}
	return next, off, nil
}

// DueNow makes letters due that go to paper without a deadline and whose time lies ahead of the clock: they were taken while the
// clock was ahead, and would wait until it gets there.
func (e *Step) DueNow(ctx context.Context) error {
	if _, off, err := view2(ctx, e.Archive, readClock); err != nil || off {
		return err
	}
	n, last := 0, ""
	for {
		set, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.DueAhead(ctx, e.Now().Add(ClockTolerance), last, e.SetSize)
		})
		if err != nil {
			return err
		}
		if len(set) == 0 {
			break
		}
		last = set[len(set)-1].ID
		due := 0
		err = e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
			due, err = dueNow(ctx, tx, set)
			return err
		})
		if err != nil {
			return fmt.Errorf("letters that were taken while the clock was ahead: %w", err)
		}
		n += due
		e.Passed("clock: letters made due")
	}
	if n > 0 {
		e.Log.Warn("letters were taken while the clock was ahead, and are due now", "letters", n)
	}
	return nil
}

// dueNow makes letters due in tx, and counts them. One that has changed just now is left to the next night, which looks again.
func dueNow(ctx context.Context, tx store.Tx, set []shipment.Shipment) (n int, err error) {
	looked := make(map[string]int64, len(set))
	ids := make([]string, len(set))
	for i, s := range set {
		ids[i], looked[s.ID] = s.ID, s.Version
	}
	letters, err := tx.ShipmentsOf(ctx, ids)
	if err != nil {
		return 0, err
	}
	var events []shipment.Event
	for _, s := range letters {
		if s.Version != looked[s.ID] {
			continue
		}
		why := shipment.Note{Code: "clock-ahead", Args: shipment.Args{"due": alarm.TimeArg(s.DueAt)}}
		events = append(events, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventStatus, From: s.Status, To: s.Status, Reason: why.String()})
		s.DueAt = tx.Now()
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return 0, fmt.Errorf("shipment %s: %w", s.ID, err)
		}
	}
	return len(events), tx.AddEvents(ctx, events...)
}

// view2 runs fn on a snapshot and returns both of its values.
func view2[A, B any](ctx context.Context, a store.Archive, fn func(ctx context.Context, r store.Reader) (A, B, error)) (A, B, error) {
	var first A
	var second B
	err := a.View(ctx, func(r store.Reader) (err error) {
		first, second, err = fn(ctx, r)
		return err
	})
	return first, second, err
}
