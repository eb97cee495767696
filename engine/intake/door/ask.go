package door

import (
	"context"
	"errors"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// StatusOf is where a shipment stands, as senders ask for it.
type StatusOf struct {
	ID      string
	Status  shipment.Status
	Changed time.Time // when the status was reached
	// Before is the status before SLETTET, for dialects that do not know that one.
	Before   shipment.Status
	Notified bool // the recipient is known to have been told, or has read
}

// Old is the status in the words of SOAP, REST V1 and V2, which have neither FEILET_UNDER_MOTTAK nor SLETTET.
func (s StatusOf) Old() shipment.Status {
	status := s.Status
	if status == shipment.StatusSlettet {
		status = s.Before
	}
	if status == shipment.StatusFeiletUnderMotta {
		status = shipment.StatusAvvist
	}
	return status
}

// MaxStatuses is how many shipments can be asked for at a time.
const MaxStatuses = 1000

// Statuses tells where shipments stand. What the caller may not ask for, and what is not there, is left out: one bad id stops no
// other.
func (d *Door) Statuses(ctx context.Context, c Caller, ids []string) ([]StatusOf, *Problem) {
	if len(ids) > MaxStatuses {
		return nil, NewProblem(400, "for-mange-id-er", "Det kan spørres om høyst 1000 forsendelser om gangen.")
	}
	var out []StatusOf
	for _, id := range ids {
		s, p := d.Shipment(ctx, c, id)
		if p == ErrUnknown {
			continue
		}
		if p != nil {
			return nil, p
		}
		events, err := store.View(ctx, d.Archive, func(r store.Reader) ([]shipment.Event, error) { return r.History(ctx, s.ID) })
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			d.Log.Error("look up a history", "shipment", s.ID, "error", err)
			return nil, ErrInternal
		}
		out = append(out, statusOf(s, events))
	}
	return out, nil
}

// ClockTime is a time as the histories of SOAP and REST V1 have it: Norwegian clock time without a zone.
func ClockTime(t time.Time) string { return t.In(calendar.Oslo).Format("02.01.2006 15:04:05") }

func statusOf(s shipment.Shipment, events []shipment.Event) StatusOf {
	out := StatusOf{ID: s.ID, Status: s.Status, Changed: s.ReceivedAt, Before: shipment.StatusMottatt, Notified: !s.NotifiedAt.IsZero()}
	for _, e := range events {
		if e.From != e.To && e.To == s.Status {
			out.Changed, out.Before = e.At, e.From
		}
	}
	return out
}
