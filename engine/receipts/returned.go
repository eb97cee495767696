package receipts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// ErrReturned says that it is noted already that a letter came back.
var ErrReturned = errors.New("is noted as returned already")

// NoteReturned notes by a person that a letter that was posted came back, on a day in Europe/Oslo. Its status stays: it was printed and
// posted. Once for each job that it was posted with: a letter that the vendor has told of is refused with ErrReturned.
func (e *Receipts) NoteReturned(ctx context.Context, id string, cause receipt.ReturnReason, on civil.Date) error {
	if !cause.Valid() {
		return fmt.Errorf("%q is no cause of a return", cause)
	}
	if err := on.Validate(); err != nil {
		return errors.New("the day is given as 2026-10-31")
	}
	if on.In(calendar.Oslo).After(e.Now()) {
		return fmt.Errorf("%s has not come yet", on)
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, id)
		if err != nil {
			return err
		}
		in, err := tx.JobsOf(ctx, id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(in, func(j store.PrintJob) bool {
			return j.State == store.JobOffering || j.State == store.JobOffered || j.State == store.JobAccepted || j.State == store.JobClosed
		})
		if i < 0 {
			return fmt.Errorf("shipment %s was not handed over to be posted", id)
		}
		j := in[i]
		if civil.Of(j.OfferedAt, calendar.Oslo) > on {
			return fmt.Errorf("shipment %s was handed over after %s", id, on)
		}
		history, err := tx.History(ctx, id)
		if err != nil {
			return err
		}
		for _, ev := range history {
			n, _ := shipment.ReadNote(ev.Reason)
			if ev.Kind == shipment.EventReturned && n.Args["job"] == j.ID {
				return fmt.Errorf("shipment %s %w, on %s", id, ErrReturned, civil.Of(ev.At, calendar.Oslo))
			}
		}
		at := on.In(calendar.Oslo).UTC()
		_, err = e.returned(ctx, tx, id, s.Status, j.Vendor, receipt.Row{Job: j.ID, Shipment: id, Reason: cause, PostedAt: at}, at)
		return err
	})
	if err == nil {
		e.Log.Info("noted as returned", "shipment", id, "cause", cause)
	}
	return err
}
