package accept

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Stop closes a shipment by hand: MANUELT_HANDTERT. One that is with the vendor already is recorded as closed, which
// silences the missing-receipt alarm; the operator must phone the vendor (docs/sources.md, Statuses).
//
// It cannot be undone, so the reason is required; it is kept in the history: no personal data.
func (e *Acceptor) Stop(ctx context.Context, id, reason string) (shipment.Shipment, error) {
	if why := identity.BadReason(reason); why != "" {
		return shipment.Shipment{}, errors.New(why)
	}
	s, err := store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, id) })
	if err != nil {
		return s, err
	}
	at := e.Now()
	err = e.Event(ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalClosed, At: at, Reason: reason, Key: fmt.Sprintf("stop %s %d", id, at.UnixMilli())})
	if err != nil {
		return s, err
	}
	return store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, id) })
}
