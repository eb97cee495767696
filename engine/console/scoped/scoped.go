// Package scoped reads the archive within a scope: whoever holds a Reader cannot ask for what lies outside of it, nor for anybody's
// name, address, title or number. What is outside is not there: store.ErrNotFound.
package scoped

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/channel"
	"postgang/engine/find"
	"postgang/engine/identity"
	"postgang/engine/jobs"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Queue is the queue of manual print; *engine.Engine has one.
type Queue interface {
	ManualQueueIn(ctx context.Context, r store.Reader, vendors []string) ([]jobs.ManualJob, error)
}

// Archive gives readers within scopes.
type Archive struct {
	archive  store.Archive
	queue    Queue
	accounts []string
}

// New is an archive that is read within scopes alone. accounts are all that are configured.
func New(a store.Archive, q Queue, accounts []string) Archive { return Archive{a, q, accounts} }

// Whole reports whether a scope is everything: said so, or every account that is configured.
func (a Archive) Whole(s access.Scope) bool {
	if s.All {
		return true
	}
	for _, account := range a.accounts {
		if !s.Has(account) {
			return false
		}
	}
	return len(a.accounts) > 0
}

// View runs fn on one snapshot, within a scope.
func (a Archive) View(ctx context.Context, s access.Scope, fn func(r *Reader) error) error {
	return a.archive.View(ctx, func(r store.Reader) error { return fn(&Reader{r, s, a.Whole(s), a.queue}) })
}

// Reader reads what lies within a scope.
type Reader struct {
	r          store.Reader
	scope      access.Scope
	everything bool // see Archive.Whole
	queue      Queue
}

// whole is nil when the scope is everything: what belongs to no account is there for it alone.
func (r *Reader) whole() error {
	if !r.everything {
		return fmt.Errorf("within a scope of accounts: %w", store.ErrNotFound)
	}
	return nil
}

// To says whom a letter is to, without saying who that is.
type To string

// Whom a letter is to.
const (
	ToNobodyKnown  To = ""             // no number was handed in
	ToPerson       To = "person"       // a fødselsnummer or D-number was
	ToOrganisation To = "organisasjon" // an organisasjonsnummer was
)

// Letter is a shipment without personal data.
type Letter struct {
	shipment.Shipment // its Submission has no title, no addresses, no names of files, and no metadata
	To                To
	Country           string // landkode of a letter to another country; empty: Norway
	Documents         int    // that were handed in
}

// bare takes out of a shipment whatever may tell who somebody is.
func bare(s shipment.Shipment) Letter {
	l := Letter{Shipment: s, Documents: len(s.Submission.Documents)}
	in := s.Submission
	switch number := identity.StripSpaces(in.Recipient.DigitalID.Reveal()); {
	case number == "":
	case len(number) == 9:
		l.To = ToOrganisation
	default:
		l.To = ToPerson
	}
	if len(in.Recipient.CountryCode) == 2 && in.Recipient.CountryCode != "NO" {
		l.Country = in.Recipient.CountryCode
	}
	l.Submission = shipment.Submission{
		SendingSystem: identity.MaskNationalIDs(in.SendingSystem), Konteringskode: shipment.ShownCode(in.Konteringskode),
		DigitalOnly: in.DigitalOnly, PrintOnly: in.PrintOnly, Encrypted: in.Encrypted, RequireLevel4: in.RequireLevel4, Print: in.Print,
		ShipmentType: identity.MaskNationalIDs(in.ShipmentType), ExternalReference: identity.MaskNationalIDs(in.ExternalReference),
	}
	l.HandIn = identity.MaskNationalIDs(s.HandIn)
	return l
}

// JobOf is a job that a letter is or was in, with its place there.
type JobOf struct {
	store.PrintJob
	Letter  store.JobLetter
	Receipt *store.Receipt // in force; nil: none
}

// LetterDetails is all about a letter.
type LetterDetails struct {
	Letter
	History  []shipment.Event
	Jobs     []JobOf // newest first
	Channels []channel.Case
}

// Letter finds a letter; store.ErrNotFound.
func (r *Reader) Letter(ctx context.Context, id string) (Letter, error) {
	s, err := r.r.Shipment(ctx, id)
	if err == nil && !r.scope.Has(s.Account) {
		err = fmt.Errorf("shipment %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return Letter{}, err
	}
	return bare(s), nil
}

// LetterDetails finds a letter with all that is known about it; store.ErrNotFound.
func (r *Reader) LetterDetails(ctx context.Context, id string) (d LetterDetails, err error) {
	if d.Letter, err = r.Letter(ctx, id); err != nil {
		return d, err
	}
	if d.History, err = r.r.History(ctx, id); err != nil {
		return d, err
	}
	if d.Channels, err = r.r.ChannelCases(ctx, id); err != nil {
		return d, err
	}
	list, err := r.r.JobsOf(ctx, id)
	if err != nil {
		return d, err
	}
	for _, j := range list {
		of := JobOf{PrintJob: j}
		if of.Letter, err = r.r.JobLetterOf(ctx, j.ID, id); err != nil {
			return d, err
		}
		inForce, err := r.r.AppliedReceipt(ctx, j.ID, id)
		switch {
		case err == nil:
			of.Receipt = &inForce
		case !errors.Is(err, store.ErrNotFound):
			return d, err
		}
		d.Jobs = append(d.Jobs, of)
	}
	return d, nil
}

// Letters lists letters as the filter says, within the scope.
func (r *Reader) Letters(ctx context.Context, f store.ShipmentFilter) ([]Letter, error) {
	f.Scope = &r.scope
	all, err := r.r.Shipments(ctx, f)
	if err != nil {
		return nil, err
	}
	out := make([]Letter, len(all))
	for i, s := range all {
		out[i] = bare(s)
	}
	return out, nil
}

// LetterByHandIn finds a letter by its sender's key; store.ErrNotFound.
func (r *Reader) LetterByHandIn(ctx context.Context, account, key string) (Letter, error) {
	if !r.scope.Has(account) {
		return Letter{}, fmt.Errorf("shipment of account %s: %w", account, store.ErrNotFound)
	}
	s, err := r.r.ShipmentByHandIn(ctx, account, key)
	if err != nil {
		return Letter{}, err
	}
	return bare(s), nil
}

// SentByHand lists the letters that somebody, as access.Actor keeps it, has sent by hand since a time, the newest first, of the last so
// many that were.
func (r *Reader) SentByHand(ctx context.Context, by, system string, since time.Time, most int) ([]Letter, error) {
	all, err := r.Letters(ctx, store.ShipmentFilter{Systems: []string{system}, Received: find.Period{From: since}, Newest: true, Limit: most})
	if err != nil {
		return nil, err
	}
	var out []Letter
	for _, l := range all {
		history, err := r.r.History(ctx, l.ID)
		if err != nil {
			return nil, err
		}
		if l.Dialect == string(access.ByHand) && len(history) > 0 && history[0].By == by {
			out = append(out, l)
		}
	}
	return out, nil
}

// Identify lists what a text identifies, or is a part of, the best first; at most so many.
func (r *Reader) Identify(ctx context.Context, text string, most int) ([]find.Hit, error) {
	return r.r.Identify(ctx, r.scope, text, most)
}

// Counts counts letters by account, status and why they are set aside.
func (r *Reader) Counts(ctx context.Context) ([]store.StatusCount, error) {
	list, err := r.r.CountShipments(ctx)
	return slices.DeleteFunc(list, func(c store.StatusCount) bool { return !r.scope.Has(c.Account) }), err
}

// Due counts the letters that a night would collect at a time, by account.
func (r *Reader) Due(ctx context.Context, at time.Time) ([]store.OverdueCount, error) {
	list, err := r.r.Overdue(ctx, at)
	return slices.DeleteFunc(list, func(c store.OverdueCount) bool { return !r.scope.Has(c.Account) }), err
}

// Job is a print job as far as it is within the scope.
type Job struct {
	store.PrintJob
	Own int // letters of it that are within the scope
}

// mine counts the letters of a job that are within the scope; 0: the job is not there.
func (r *Reader) mine(ctx context.Context, j store.PrintJob) (int, error) {
	switch {
	case r.scope.All:
		return j.Letters, nil
	case j.Class.Account != "" && !j.Reprint:
		if r.scope.Has(j.Class.Account) {
			return j.Letters, nil
		}
		return 0, nil
	}
	owners, err := r.r.JobOwners(ctx, j.ID)
	own := 0
	for _, o := range owners {
		if r.scope.Has(o.Account) {
			own += o.Letters
		}
	}
	return own, err
}

// Jobs lists jobs with letters within the scope: with a limit, which Newest must come with, as many of these.
func (r *Reader) Jobs(ctx context.Context, f store.JobFilter) (out []Job, err error) {
	most := f.Limit
	for {
		list, err := r.r.Jobs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range list {
			own, err := r.mine(ctx, j)
			if err != nil {
				return nil, err
			}
			if own > 0 {
				out = append(out, Job{j, own})
			}
			if most > 0 && len(out) == most {
				return out, nil
			}
		}
		if most <= 0 || len(list) < f.Limit {
			return out, nil
		}
		f.Before = list[len(list)-1].ID
	}
}

// Awaited counts the letters of a job within the scope that a receipt is awaited for.
func (r *Reader) Awaited(ctx context.Context, j Job) (int, error) {
	n, err := r.r.Awaited(ctx, j.ID)
	return min(n, j.Own), err
}

// JobDetails is all about a job.
type JobDetails struct {
	Job
	Files   []store.JobFile
	Letters []store.JobLetter // none when the job holds letters outside of the scope
	History []store.JobEvent
	Others  []Job // that replace or reprint it
	// Unreceipted are its letters without a receipt.
	Unreceipted int
}

// JobDetails finds a job with all about it; store.ErrNotFound when no letter of it is within the scope.
func (r *Reader) JobDetails(ctx context.Context, id string) (d JobDetails, err error) {
	if d.PrintJob, err = r.r.Job(ctx, id); err != nil {
		return d, err
	}
	if d.Own, err = r.mine(ctx, d.PrintJob); err != nil {
		return d, err
	}
	if d.Own == 0 {
		return JobDetails{}, fmt.Errorf("job %s: %w", id, store.ErrNotFound)
	}
	if d.Files, err = r.r.JobFiles(ctx, id); err != nil {
		return d, err
	}
	if d.Own == d.PrintJob.Letters {
		if d.Letters, err = r.r.JobLetters(ctx, id); err != nil {
			return d, err
		}
	}
	if d.History, err = r.r.JobHistory(ctx, id); err != nil {
		return d, err
	}
	if d.Others, err = r.Jobs(ctx, store.JobFilter{Parent: id}); err != nil {
		return d, err
	}
	d.Unreceipted, err = r.r.Unreceipted(ctx, id)
	return d, err
}

// ManualQueue lists jobs that wait to be printed here, or to be confirmed, with letters within the scope.
func (r *Reader) ManualQueue(ctx context.Context) ([]jobs.ManualJob, error) {
	list, err := r.queue.ManualQueueIn(ctx, r.r, nil)
	if err != nil {
		return nil, err
	}
	var out []jobs.ManualJob
	for _, j := range list {
		own, err := r.mine(ctx, j.PrintJob)
		if err != nil {
			return nil, err
		}
		if own > 0 {
			out = append(out, j)
		}
	}
	return out, nil
}

// Alarms lists alarms, newest first; within the scope of everything alone.
func (r *Reader) Alarms(ctx context.Context, open bool) ([]alarm.Alarm, error) {
	if err := r.whole(); err != nil {
		return nil, err
	}
	return r.r.Alarms(ctx, open)
}

// Slots lists the planned runs of a schedule, newest first. What came of them tells of all accounts, so it is left out of a narrower
// scope.
func (r *Reader) Slots(ctx context.Context, schedule string, limit int) ([]store.Slot, error) {
	list, err := r.r.Slots(ctx, schedule, limit)
	if !r.everything {
		for i := range list {
			list[i].Summary = ""
		}
	}
	return list, err
}

// Deviations lists what the vendor reported otherwise, by time. What belongs to no account is there within the scope of everything.
func (r *Reader) Deviations(ctx context.Context) ([]store.Deviation, error) {
	list, err := r.r.Deviations(ctx, store.DeviationFilter{})
	return slices.DeleteFunc(list, func(d store.Deviation) bool {
		if d.Account == "" {
			return !r.everything
		}
		return !r.scope.Has(d.Account)
	}), err
}

// ReceiptFiles lists the vendor's files of receipts; within the scope of everything alone.
func (r *Reader) ReceiptFiles(ctx context.Context, vendor string) ([]store.ReceiptFile, error) {
	if err := r.whole(); err != nil {
		return nil, err
	}
	return r.r.ReceiptFiles(ctx, vendor)
}

// OpenConflicts lists receipts in conflict that nobody has decided about; within the scope of everything alone.
func (r *Reader) OpenConflicts(ctx context.Context) ([]store.ReceiptRecord, error) {
	if err := r.whole(); err != nil {
		return nil, err
	}
	return r.r.Receipts(ctx, store.ReceiptFilter{Open: true})
}

// ActorNames are the names of colleagues and systems, see access.Reader: whoever sees what was done may know who did it.
func (r *Reader) ActorNames(ctx context.Context) (map[string]string, error) {
	return r.r.ActorNames(ctx)
}

// Asked is what somebody has asked for that takes two persons, and nobody has done; zero: nobody has. may reports whether an actor is
// another person, who may do it at a time.
func (r *Reader) Asked(ctx context.Context, subject string, by access.Actor, now time.Time) (asked access.Asked, may bool, err error) {
	all, err := r.r.Asked(ctx, true)
	at := slices.IndexFunc(all, func(a access.Asked) bool { return a.Subject == subject })
	if err != nil || at < 0 {
		return access.Asked{}, false, err
	}
	people, err := r.r.People(ctx)
	return all[at], err == nil && all[at].MayDo(by, people, now), err
}
