package store

import (
	"context"
	"time"

	"postgang/engine/find"
	"postgang/engine/shipment"
)

// ShipmentReader reads shipments.
type ShipmentReader interface {
	Shipment(ctx context.Context, id string) (shipment.Shipment, error)
	ShipmentByHandIn(ctx context.Context, account, handIn string) (shipment.Shipment, error)
	Shipments(ctx context.Context, f ShipmentFilter) ([]shipment.Shipment, error)
	// CountShipments counts by account, status and reason of being set aside, in that order.
	CountShipments(ctx context.Context) ([]StatusCount, error)
	// CountDropped counts the letters of jobs that are in no live job: those that are set aside, and the others.
	CountDropped(ctx context.Context, jobs []string) (aside, others int, err error)
	// Unhandled counts, by account and status, letters to which nothing has happened after a time: received and with the
	// last event of their history recorded not after it, status MOTTATT, AKSEPTERT, KLAR_FOR_MOTTAK or SENDT_SDP, not due
	// at any time, not read, not closed and not held. A notified letter (VARSLET) waits for its reader.
	Unhandled(ctx context.Context, since time.Time) ([]StatusCount, error)
	// Documents is in the order of the shipments' ids, and of the documents in the letter.
	Documents(ctx context.Context, shipments ...string) ([]shipment.Document, error)
	// History is in the order recorded, also of several shipments together.
	History(ctx context.Context, shipments ...string) ([]shipment.Event, error)
	// PreparedAs finds prepared files by Shipment.PreparedKey: Prepared and Facts of one shipment each. Keys that nothing was made for
	// are left out.
	PreparedAs(ctx context.Context, keys ...string) (map[string]shipment.Shipment, error)
	// CountAlike counts the shipments with this fingerprint that were recorded before a shipment (EventReceived) and received
	// since then. Refused ones do not count.
	CountAlike(ctx context.Context, shipment, fingerprint string, since time.Time) (accepted, undecided int, err error)
	// Due lists shipments that may be collected: status AKSEPTERT, VARSLET, KLAR_FOR_MOTTAK or SENDT_SDP, DueAt set and
	// not after now, not read, not closed, not held, prepared, in no live job, of one of these accounts; by id, at most
	// limit after the id `after`.
	Due(ctx context.Context, now time.Time, accounts []string, after string, limit int) ([]shipment.Shipment, error)
	// DueAhead lists shipments as Due does, of all accounts, that are due later than a time though not because they were unread
	// (ReasonUnread): they were due at once when they were taken.
	DueAhead(ctx context.Context, than time.Time, after string, limit int) ([]shipment.Shipment, error)
	// Overdue counts what Due lists at a time, by account, with the time of the one that was due first.
	Overdue(ctx context.Context, at time.Time) ([]OverdueCount, error)
	// ReceivedAfter counts the shipments received after a time, and gives the last of their times.
	ReceivedAfter(ctx context.Context, t time.Time) (n int, last time.Time, err error)
	// CountNotable counts the shipments with an event of each kind that happened in [from, to): EventWithdrawn, EventReturned and
	// EventReadAfter. accounts nil: all.
	CountNotable(ctx context.Context, from, to time.Time, accounts []string) (map[string]int, error)
}

// ShipmentWriter changes shipments.
type ShipmentWriter interface {
	// InsertShipment stores a shipment with its documents. ErrExists when (account, hand-in) or the id is taken.
	InsertShipment(ctx context.Context, s shipment.Shipment, docs []shipment.Document) error
	// UpdateShipment stores every field but ID, Account, HandIn, ReceivedAt, Content, Dialect and Integration. ErrStale unless Version is the stored
	// one; the stored one then grows by one.
	UpdateShipment(ctx context.Context, s shipment.Shipment) error
	// SetAside sets shipments aside for a reason code, and adds to each history why: the reasons of EventHeld, by id. It leaves alone
	// what is set aside already, is not on its way to paper, or, when the code is HoldCost, was approved; and counts by account what it
	// has set aside.
	SetAside(ctx context.Context, code string, why map[string]string) (map[string]int, error)
	// PostShipments stores the Status and PostedAt of shipments. ErrStale unless Version is the stored one; the stored one then grows
	// by one.
	PostShipments(ctx context.Context, list []PostedShipment) error
	// AddEvents appends to shipments' histories. ErrExists when a Key is taken.
	AddEvents(ctx context.Context, es ...shipment.Event) error
}

// ShipmentFilter selects shipments.
type ShipmentFilter = find.Filter

// StatusCount counts shipments of an account in a status.
type StatusCount struct {
	Account string
	Status  shipment.Status
	Hold    string // reason code of those that are set aside; empty: the others. Unhandled leaves it empty
	Count   int
}

// OverdueCount is how many letters of an account are due and not collected.
type OverdueCount struct {
	Account string
	Count   int
	Oldest  time.Time
}

// PostedShipment is what receipts need to know of a shipment, and change.
type PostedShipment struct {
	ID, Account, Zone string
	Status            shipment.Status
	PostedAt          time.Time
	Version           int64
}

// ReportShipment is a shipment as reports see it: no personal data.
type ReportShipment struct {
	// The status of an erased one is that before SLETTET: what came of a letter is counted for ever.
	shipment.Shipment // without Content, and Submission is empty but for konteringskode, avgivendeSystem and kunDigitalLevering
	Job               string
	Letter            JobLetter // zero unless in a live job
}
