// Package tally is what statistics are made of: letters and money counted together, where a report looks at each letter and line.
package tally

import (
	"context"
	"time"

	"postgang/billing/money"
	"postgang/engine/shipment"
)

// Letters are shipments received in a time that have in common what statistics tell apart.
type Letters struct {
	Account, Konteringskode string
	Status                  shipment.Status // of one that is deleted: that which it had, where it is known
	Posted, Read            bool            // told of deleted ones alone
	Paper                   bool            // sent to paper
	Reason                  shipment.Reason // why on paper; told of those alone
	N                       int
}

// Money is what is booked in a month.
type Money struct {
	Month                   string // 2026-11
	Account, Konteringskode string
	Kind                    string
	Net, VAT                money.Ore
	Letters                 int
}

// Delivered is a letter that was delivered digitally and has its prepared file.
type Delivered struct {
	Account            string
	Status             shipment.Status
	ReceivedAt, ReadAt time.Time
	Bytes              int64 // of the prepared file
}

// Reader counts. It is part of store.Reader.
type Reader interface {
	// CountLetters counts the shipments received in [from, to). accounts nil: all.
	CountLetters(ctx context.Context, from, to time.Time, accounts []string) ([]Letters, error)
	// SumMoney sums what is booked in the months that begin in [from, to). accounts nil: all.
	SumMoney(ctx context.Context, from, to time.Time, accounts []string) ([]Money, error)
	// PostedNet sums the net of what is booked from receipts of a vendor for letters posted in [from, to), as the archive's BookedFor
	// tells it apart.
	PostedNet(ctx context.Context, vendor string, from, to time.Time) (money.Ore, error)
	// EachDelivered calls fn for the shipments received in [from, to) that were read or delivered digitally and never posted. accounts
	// nil: all. fn must not use the reader.
	EachDelivered(ctx context.Context, from, to time.Time, accounts []string, fn func(Delivered) error) error
}
