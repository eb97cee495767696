package step

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Hold sets a shipment aside with a reason and raises the alarm. It is not collected until released.
func (e *Step) Hold(ctx context.Context, shipment string, why shipment.Refusal) error {
	e.Log.Warn("shipment set aside", "shipment", shipment, "reason", why.Code)
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		return e.HoldIn(ctx, tx, shipment, why)
	})
}

// HoldIn sets a shipment aside in a transaction that the caller has, and raises its alarm.
func (e *Step) HoldIn(ctx context.Context, tx store.Tx, shipment string, why shipment.Refusal) error {
	s, err := tx.Shipment(ctx, shipment)
	if err != nil {
		return err
	}
	if s.Hold == why.Code {
		return nil
	}
	if err := SetAside(ctx, tx, s, why); err != nil {
		return err
	}
	return tx.RaiseAlarm(ctx, "held:"+shipment, alarm.Args{"shipment": shipment, "code": why.Code})
}

// SetAside records that a shipment is not collected until it is released.
func SetAside(ctx context.Context, tx store.Tx, s shipment.Shipment, why shipment.Refusal) error {
	s.Hold = why.Code
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	return tx.AddEvents(ctx, shipment.SetAside(s, tx.Now(), why))
}

var (
	// ErrKeptBack says that a letter is kept back by the cost guard, which only ApproveCost lifts, with a reason.
	ErrKeptBack = errors.New("kept back by the cost guard")
	// ErrNotAside says that a letter is not set aside, or is not any more.
	ErrNotAside = errors.New("is not set aside")
)

// Release lets a shipment that was set aside be collected again. One that the cost guard keeps back is refused with
// ErrKeptBack: a cap that any release lifts would be none. The reason is a person's, and is kept in the history: no personal data.
func (e *Step) Release(ctx context.Context, id, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, id)
		if err != nil {
			return err
		}
		if s.Hold == "" {
			return fmt.Errorf("shipment %s %w", id, ErrNotAside)
		}
		if s.Hold == shipment.HoldCost {
			return fmt.Errorf("shipment %s is %w; to let it go: postgang guard approve %s --reason TEXT", id, ErrKeptBack, id)
		}
		if s.Hold == shipment.HoldRestored {
			return fmt.Errorf("shipment %s may be with the vendor already. Ask the vendor; when it is not, let it go by postgang recover release %s --reason TEXT", id, id)
		}
		return Release(ctx, tx, s, shipment.Args{"reason": reason})
	})
}

// Release ends that a shipment is set aside, whatever it was set aside for, so that it is not set aside for it again. Its history keeps
// what it was set aside for, and why it is released: "reason", a person's, or "job", in which a vendor has it; nil: nothing.
func Release(ctx context.Context, tx store.Tx, s shipment.Shipment, why shipment.Args) error {
	code := s.Hold
	s.Hold = ""
	switch code {
	case shipment.HoldWindow:
		s.DueAt = tx.Now()
	case shipment.HoldCost:
		s.CostApprovedAt = tx.Now()
	}
	if err := tx.UpdateShipment(ctx, s); err != nil {
		return err
	}
	reason := code
	if why != nil {
		reason = shipment.Note{Code: code, Args: why}.String()
	}
	if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReleased, From: s.Status, To: s.Status, Reason: reason}); err != nil {
		return err
	}
	return tx.ResolveAlarm(ctx, "held:"+s.ID)
}
