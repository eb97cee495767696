// Package engine is the door to the rooms along a letter's way: accept, collect, jobs, receipts, invoices, finance, nights and
// recovery, all of them on step, store and shipment. engine/archive, engine/queue and engine/intake satisfy the interfaces that the
// rooms need, and cmd wires them.
package engine

import (
	"context"
	"time"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/collect"
	"postgang/engine/digital"
	"postgang/engine/erase"
	"postgang/engine/finance"
	"postgang/engine/find"
	"postgang/engine/insight"
	"postgang/engine/invoices"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/recipient"
	"postgang/engine/recovery"
	"postgang/engine/restored"
	"postgang/engine/settings"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// Config is what an Engine is made of.
type Config struct {
	step.Config
	Guard     collect.Guard     // caps on what a day may cost
	Schedules []nights.Schedule // whose missed runs Watch looks for
	Rules     nights.WatchRules
	NightDone func(ctx context.Context) // told of each night that did all its work; nil: nobody is
	Channels  []digital.Channel         // that accounts may have
	Receipts  []digital.NamedSource     // of receipts of digital mailboxes
	Retention erase.Config
}

// Engine carries shipments from hand-in to cost line.
type Engine struct {
	step *step.Step

	*restored.Check
	*accept.Acceptor
	*digital.Channels
	*collect.Collector
	*jobs.Jobs
	*invoices.Invoices
	*receipts.Receipts
	*finance.Finance
	*nights.Nights
	*erase.Eraser
	*recovery.Recovery
	*settings.Settings
}

// New checks the configuration and reads the archive's identity.
func New(ctx context.Context, c Config) (*Engine, error) {
	s, err := step.New(ctx, c.Config)
	if err != nil {
		return nil, err
	}
	e := &Engine{step: s}
	e.Check = restored.New(s)
	e.Acceptor = accept.New(s)
	if e.Channels, err = digital.New(s, e.Acceptor, c.Channels, c.Receipts); err != nil {
		return nil, err
	}
	e.Collector = collect.New(s, e.Check, e.Acceptor, e.Channels, c.Guard)
	e.Jobs = jobs.New(s, e.Check, e.Acceptor, e.Collector)
	e.Invoices = invoices.New(s)
	e.Receipts = receipts.New(s, e.Check, e.Acceptor, e.Jobs, e.Invoices)
	e.Finance = finance.New(s, e.Acceptor, e.Invoices)
	e.Nights = nights.New(s, e.Check, e.Acceptor, e.Channels, e.Collector, e.Jobs, e.Receipts, c.Schedules, c.Rules, c.NightDone)
	e.Eraser = erase.New(s, e.Check, c.Retention)
	e.Retention = func(ctx context.Context) (shipment.Note, error) {
		r, err := e.RunRetention(ctx, erase.Options{})
		return r.Note(), err
	}
	e.Recovery = recovery.New(s, e.Check, e.Acceptor, e.Jobs, e.Receipts, e.Nights)
	e.Settings = settings.New(s, c.Guard)
	return e, nil
}

// Hold sets a shipment aside until it is released.
func (e *Engine) Hold(ctx context.Context, id string, why shipment.Refusal) error {
	return e.step.Hold(ctx, id, why)
}

// Release lets a shipment that was set aside be collected again, for a person's reason. One that the cost guard keeps back is refused
// with step.ErrKeptBack.
func (e *Engine) Release(ctx context.Context, shipment, reason string) error {
	return e.step.Release(ctx, shipment, reason)
}

// ReleaseAll lets all letters of an account that were set aside for a reason be collected again, see step.ReleaseAll.
func (e *Engine) ReleaseAll(ctx context.Context, account, code, reason string) (int, error) {
	return e.step.ReleaseAll(ctx, account, code, reason)
}

// SenderName is the name of a letter's sender, as on its forside.
func (e *Engine) SenderName(ctx context.Context, s shipment.Shipment) (string, error) {
	terms, err := e.step.Terms(ctx)
	if err != nil {
		return "", err
	}
	account, _ := terms.Letter(s)
	return account.Sender.Name, nil
}

// TwoPersons reports whether some things take two persons, as the configuration says.
func (e *Engine) TwoPersons() bool { return e.step.TwoPersons }

// FindRecipient lists letters by whom they are for, within a scope, see recipient.Finder.
func (e *Engine) FindRecipient(ctx context.Context, scope access.Scope, purpose string, q recipient.Query, f find.Filter) ([]shipment.Shipment, error) {
	return e.finder().Find(ctx, scope, purpose, q, f)
}

func (e *Engine) finder() recipient.Finder {
	return recipient.Finder{Archive: e.step.Archive, Hash: e.step.NumberHash, Log: func(ctx context.Context, purpose string) error {
		_, err := insight.New(e.step.Archive).Search(ctx, access.By(ctx), purpose)
		return err
	}}
}

// RecipientsFindable reports whether all letters are found by their recipients: false until MakeFindable has been through those of before.
func (e *Engine) RecipientsFindable(ctx context.Context) (bool, error) {
	return store.View(ctx, e.step.Archive, func(r store.Reader) (bool, error) { return recipient.Filled(ctx, r, e.step.NumberHash) })
}

// MakeFindable lets letters of before be found by their recipients, see recipient.Fill.
func (e *Engine) MakeFindable(ctx context.Context, pause time.Duration, told func(n int)) (n int, err error) {
	return recipient.Fill(ctx, e.step.Archive, e.step.NumberHash, pause, told)
}

// Scratch makes an empty folder for what somebody else does; CleanScratch removes what was left of it.
func (e *Engine) Scratch(kind, subject string) (dir string, remove func(), err error) {
	return e.step.Scratch(kind, subject)
}

// Installation is the start of all job ids of the archive.
func (e *Engine) Installation() string { return e.step.JobTag }

// CleanScratch removes what killed steps left behind in the scratch folder. It may be called at any time.
func (e *Engine) CleanScratch() error { return e.step.CleanScratch() }
