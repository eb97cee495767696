package nights

import (
	"context"
	"errors"
	"slices"

	"postgang/engine/collect"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// ApproveCost lets letters that the guard keeps back go to paper, whatever the caps say. Those that are not kept back any more
// are left alone; it tells how many were released. The reason is kept in their history: no personal data.
func (e *Nights) ApproveCost(ctx context.Context, shipments []string, reason string) (int, error) {
	if why := identity.BadReason(reason); why != "" {
		return 0, errors.New(why)
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
			return nil
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
