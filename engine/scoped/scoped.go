// Package scoped reads the archive for people: within what they may see, and nothing else.
package scoped

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postgang/engine/access"
	"postgang/engine/find"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Reader reads what one may see who is not allowed everything. What is out of scope is not there: store.ErrNotFound, not in a list, not
// counted. The zero Reader sees nothing.
type Reader struct {
	r     store.Reader
	scope access.Scope
}

// New is what may be seen of an archive within a scope.
func New(r store.Reader, s access.Scope) Reader { return Reader{r, s} }

// Scope is what the reader is bound to.
func (s Reader) Scope() access.Scope { return s.scope }

// Shipment reads a shipment.
func (s Reader) Shipment(ctx context.Context, id string) (shipment.Shipment, error) {
	if s.scope.Empty() {
		return shipment.Shipment{}, fmt.Errorf("shipment %s: %w", id, store.ErrNotFound)
	}
	sh, err := s.r.Shipment(ctx, id)
	if err == nil && !s.scope.Has(sh.Account) {
		return shipment.Shipment{}, fmt.Errorf("shipment %s: %w", id, store.ErrNotFound)
	}
	return sh, err
}

// ShipmentByHandIn reads a shipment by its sender's key.
func (s Reader) ShipmentByHandIn(ctx context.Context, account, handIn string) (shipment.Shipment, error) {
	if !s.scope.Has(account) {
		return shipment.Shipment{}, fmt.Errorf("shipment of account %s: %w", account, store.ErrNotFound)
	}
	return s.r.ShipmentByHandIn(ctx, account, handIn)
}

// Shipments lists shipments.
func (s Reader) Shipments(ctx context.Context, f store.ShipmentFilter) ([]shipment.Shipment, error) {
	if s.scope.Empty() {
		return nil, nil
	}
	f.Scope = &s.scope
	return s.r.Shipments(ctx, f)
}

// History is a shipment's, in the order recorded.
func (s Reader) History(ctx context.Context, id string) ([]shipment.Event, error) {
	if _, err := s.Shipment(ctx, id); err != nil {
		return nil, err
	}
	return s.r.History(ctx, id)
}

// Documents are a shipment's.
func (s Reader) Documents(ctx context.Context, id string) ([]shipment.Document, error) {
	if _, err := s.Shipment(ctx, id); err != nil {
		return nil, err
	}
	return s.r.Documents(ctx, id)
}

// JobsOf lists every job that a shipment is or was in, newest first. A job may hold letters of others too.
func (s Reader) JobsOf(ctx context.Context, id string) ([]store.PrintJob, error) {
	if _, err := s.Shipment(ctx, id); err != nil {
		return nil, err
	}
	return s.r.JobsOf(ctx, id)
}

// CountShipments counts by account, status and reason of being set aside, in that order.
func (s Reader) CountShipments(ctx context.Context) ([]store.StatusCount, error) {
	return countWithin(s, func(c store.StatusCount) string { return c.Account }, func() ([]store.StatusCount, error) { return s.r.CountShipments(ctx) })
}

// CountHeld counts the shipments that are set aside by their reason code.
func (s Reader) CountHeld(ctx context.Context) (map[string]int, error) {
	counts, err := s.CountShipments(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, c := range counts {
		if c.Hold != "" {
			out[c.Hold] += c.Count
		}
	}
	return out, nil
}

// Unhandled counts letters to which nothing has happened after a time, see store.ShipmentReader.
func (s Reader) Unhandled(ctx context.Context, since time.Time) ([]store.StatusCount, error) {
	return countWithin(s, func(c store.StatusCount) string { return c.Account }, func() ([]store.StatusCount, error) { return s.r.Unhandled(ctx, since) })
}

// Overdue counts what may be collected and was not, see store.ShipmentReader.
func (s Reader) Overdue(ctx context.Context, at time.Time) ([]store.OverdueCount, error) {
	return countWithin(s, func(c store.OverdueCount) string { return c.Account }, func() ([]store.OverdueCount, error) { return s.r.Overdue(ctx, at) })
}

// countWithin leaves out what counts other accounts.
func countWithin[T any](s Reader, account func(T) string, all func() ([]T, error)) ([]T, error) {
	if s.scope.Empty() {
		return nil, nil
	}
	list, err := all()
	return slices.DeleteFunc(list, func(c T) bool { return !s.scope.Has(account(c)) }), err
}

// Identify lists what a text identifies, see find.Reader.
func (s Reader) Identify(ctx context.Context, text string, most int) ([]find.Hit, error) {
	if s.scope.Empty() {
		return nil, nil
	}
	return s.r.Identify(ctx, s.scope, text, most)
}
