// Package nights runs the night and all that happens by the clock: schedules and their slots, one night from collecting to receipts,
// the exchange with vendors, and the watch for what is overdue.
package nights

import (
	"context"

	"postgang/engine/accept"
	"postgang/engine/collect"
	"postgang/engine/digital"
	"postgang/engine/forecast"
	"postgang/engine/jobs"
	"postgang/engine/morning"
	"postgang/engine/receipts"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
)

// Nights runs what happens by the clock.
type Nights struct {
	*step.Step
	// Retention erases what is to be erased, by its schedule, and says in a line what was done.
	Retention func(ctx context.Context) (shipment.Note, error)
	// BringMorning brings the report of the morning to people, by its schedule; nil: it stands in the console alone.
	BringMorning func(ctx context.Context, r morning.Report) error
	// Backup makes a backup, by its schedule, and says in a line what is in it; nil: nobody does.
	Backup func(ctx context.Context) (shipment.Note, error)

	restored  *restored.Check
	accept    *accept.Acceptor
	digital   *digital.Channels
	collect   *collect.Collector
	jobs      *jobs.Jobs
	receipts  *receipts.Receipts
	schedules []Schedule // whose missed runs Watch looks for
	rules     WatchRules
	done      func(ctx context.Context) // told of each night that did all its work; nil: nobody is
	usual     forecast.Watcher
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, acceptor *accept.Acceptor, channels *digital.Channels, collector *collect.Collector, j *jobs.Jobs, r *receipts.Receipts, schedules []Schedule, rules WatchRules, done func(ctx context.Context)) *Nights {
	return &Nights{Step: s, restored: check, accept: acceptor, digital: channels, collect: collector, jobs: j, receipts: r, schedules: schedules, rules: rules, done: done}
}
