// Package channel holds what is kept of letters in digital channels and registers, and the archive's ports for it. It does nothing.
package channel

import (
	"context"
	"encoding/json"
	"time"

	"postgang/engine/shipment"
)

// Reader reads what digital channels were asked about letters.
type Reader interface {
	// ChannelCases lists what channels were asked about a shipment, by channel.
	ChannelCases(ctx context.Context, shipment string) ([]Case, error)
	// ChannelCasesOf lists what channels were asked about shipments, of those that were asked about; by shipment, then channel.
	ChannelCasesOf(ctx context.Context, shipments []string) ([]Case, error)
	// ChannelCaseOf finds the case that a channel knows under a reference; store.ErrNotFound.
	ChannelCaseOf(ctx context.Context, channel, reference string) (Case, error)
	// WaitingCases lists the cases of a channel that are to be asked about by themselves at a time, NextAt not after it: those that
	// have waited longest first, then by shipment.
	WaitingCases(ctx context.Context, channel string, now time.Time, limit int) ([]Letter, error)
	// NextCase is when a channel is to be asked by itself next; zero: never.
	NextCase(ctx context.Context, channel string) (time.Time, error)
	// Undecided lists the shipments of accounts that may still go either way: status AKSEPTERT, VARSLET, KLAR_FOR_MOTTAK or
	// SENDT_SDP, not read, not closed, not for print only, in no live job; with what the channel was asked about each. By id, at
	// most limit after the id `after`.
	Undecided(ctx context.Context, channel string, accounts []string, after string, limit int) ([]Letter, error)
	// CountChannelCases counts by channel and state, in that order.
	CountChannelCases(ctx context.Context) ([]Count, error)
}

// Writer changes what digital channels were asked about letters.
type Writer interface {
	// SetChannelCases stores cases, each in place of what is there of its shipment and channel.
	SetChannelCases(ctx context.Context, cases ...Case) error
}

// Case is a letter in a channel.
type Case struct {
	Shipment  string
	Channel   string
	Reference string          // the channel's own id of it; empty: it has none
	State     string          // how it stands: Waits, Nothing, or a word of the channel's
	Answer    json.RawMessage // what is kept of its last answer, a JSON value without private data; nil: nothing
	AskedAt   time.Time       // of its last answer; zero: it has not answered
	NextAt    time.Time       // when it is to be asked by itself; zero: before a collection alone
	Tries     int             // questions without an answer since the last one with
}

// Task is the kind of task that asks a channel about the letters that wait for it; its subject is the channel. It stands in the queue's
// tables: never rename it.
const Task = "ask_channel"

// States of a case that mean the same in every channel. They stand in the archive: never rename one.
const (
	Waits   = "VENTER"       // for its first answer
	Sending = "SENDES"       // it is being handed to the channel, and whether the channel has it is not known
	Nothing = "IKKE_AKTUELL" // no matter of the channel's
)

// Letter is a shipment with its case in a channel.
type Letter struct {
	Shipment shipment.Shipment
	Case     Case // zero: the channel was not asked
}

// Count counts cases.
type Count struct {
	Channel, State string
	Count          int
}
