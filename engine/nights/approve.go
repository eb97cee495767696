package nights

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"postgang/engine/collect"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// ApproveCost lets letters that the guard keeps back go to paper, whatever the caps say. Those that are not kept back any more
// are left alone; it tells how many were released. The reason is kept in their history: no personal data. All that is kept back, when
// it is more than one letter, takes two persons.
func (e *Nights) ApproveCost(ctx context.Context, shipments []string, reason string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	subject, err := e.WholeCap(ctx, shipments)
	if err == nil && subject != "" {
		err = e.Second(ctx, subject, reason)
	}
	if err != nil {
		return 0, err
	}
	n := 0
	for batch := range slices.Chunk(shipments, collect.GuardBatch) {
		released := 0
		err := e.Archive.InTx(ctx, func(tx store.Tx) error {
			released = 0
			for _, id := range batch {
				s, err := tx.Shipment(ctx, id)
				if err != nil {
					return err
				}
				if s.Hold != shipment.HoldCost {
					continue
				}
				if err := step.Release(ctx, tx, s, shipment.Args{"reason": reason}); err != nil {
					return err
				}
				released++
			}
			return e.DoneBySecond(ctx, tx, subject)
		})
		if err != nil {
			return n, err
		}
		n += released
		e.Passed("guard: approved")
	}
	e.Log.Info("cost approved", "letters", n)
	return n, e.Watch(ctx)
}

// WholeCap names for the second person all the letters that caps keep back, when these are all of them and more than one; else nothing.
// Other letters take another asking.
func (e *Nights) WholeCap(ctx context.Context, shipments []string) (subject string, err error) {
	err = e.Archive.View(ctx, func(r store.Reader) error {
		counts, err := r.CountShipments(ctx)
		held := 0
		for _, c := range counts {
			if c.Hold == shipment.HoldCost {
				held += c.Count
			}
		}
		if err != nil || len(shipments) < held {
			return err
		}
		var kept []string
		for _, id := range shipments {
			s, err := r.Shipment(ctx, id)
			if err != nil {
				return err
			}
			if s.Hold == shipment.HoldCost {
				kept = append(kept, id)
			}
		}
		if len(kept) > 1 && len(kept) == held {
			slices.Sort(kept)
			sum := sha256.Sum256([]byte(strings.Join(kept, "\n")))
			subject = "guard/" + hex.EncodeToString(sum[:6])
		}
		return nil
	})
	return subject, err
}
