// Package erase erases the content of letters when their time of keeping is over (engine/retention has the rule), or when the sender or a
// person wants it. What is erased is SLETTET: documents, print-ready file, print files, recipient, title, addresses and all else that the
// sender wrote, and what was put away in the drop folder. What statistics, invoicing and bokføring need stays ([retention.Emptied]).
//
// # In which order
//
// A letter is erased in one transaction: its row is emptied, its documents and search words are deleted, its print files are given up,
// history and deletion log say so. From then on nobody can read anything of it. Then its files go, each by itself: folders of the drop
// folder whose hand-in is erased, and blobs that no row names. Files are found by looking at what lies there, and not by a list of what
// was erased; so a run that was killed anywhere is finished by the next one, and doing all of it again changes nothing. Last, the
// database is scrubbed (archive.Scrub).
//
// # Blobs that several letters share
//
// Blobs are named by their content: one may be the document of many letters, of print jobs and invoices. It is removed when no row names
// it (Named). Is there a hand-in at the same moment that adds the same blob? Everybody who names a blob has Put it before, and Put makes
// the file anew also when it is there, so that its age begins again. Only blobs that are older than [BlobAge] are asked for, in a
// snapshot that was begun after their age was looked at. Suppose that a blob is removed and a row names it afterwards. The row was not
// in the snapshot, so it was committed later; its Put came before that. If the Put came more than BlobAge before the snapshot, the
// transaction took longer than that, which no step does: each stores and then commits, within minutes. If it came later, the file was
// young when it was moved aside (RemoveOld of the store looks then), and was moved back, or the Put came after the move and made the file at
// its place, which nobody touches. The one case in which a row comes to name a blob without a Put is a print-ready file that was made for
// another letter: accept takes it in a transaction that sees another letter's row name it. There is one writer at a time, so that row is
// erased later, and the snapshot, later still, has both.
//
// An archive that was put back from a backup does not name what was stored since, and "postgang recover" looks for that by its hash. So
// nothing is removed while the fence or a vendor's side says that the archive is an old copy.
//
// The same look finds what no row ever named: files of hand-ins that were cut off, and of print jobs that were composed twice.
package erase

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/restored"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

// BlobAge is how old a blob is at least that is removed: far more than any step takes from storing it to naming it. So the bytes of a
// letter's documents are gone at most a day and one run after the letter was erased.
const BlobAge = 24 * time.Hour

// Sizes of pieces.
const (
	page     = 500 // letters that are read at once
	together = 50  // letters that are erased in one transaction, so that others can write in between
	askedFor = 200 // blobs that are asked for at once
)

// Blobs are what is stored of documents; every documents.Store is one.
type Blobs interface {
	// EachOld calls fn with the blobs that were put last before a time, at most so many at once.
	EachOld(ctx context.Context, before time.Time, most int, fn func(refs []shipment.BlobRef) error) error
	// RemoveOld removes those of some blobs that are there and were not put since a time, and tells which.
	RemoveOld(ctx context.Context, refs []shipment.BlobRef, before time.Time) ([]shipment.BlobRef, error)
}

// Folder is the drop folder; *intake.Dir is one.
type Folder interface {
	// Forget removes hand-ins that were put away, and answers to them: those whose shipment is erased, and those of no shipment, as well
	// as events files, that are older than a time. It counts what it removed.
	Forget(ctx context.Context, of func(ctx context.Context, account, key string) (retention.Held, error), before time.Time) (int, error)
	// ForgetOne removes those of one shipment.
	ForgetOne(ctx context.Context, account, key string) error
}

// Config is what an Eraser needs beside the steps' own.
type Config struct {
	Blobs  Blobs  // nil: nobody removes any
	Folder Folder // nil: there is none
	// Scrub has what was erased be gone from the database's files; nil: nobody does.
	Scrub func(ctx context.Context, full bool) error
	// Loosen has the rest of many letters erased quickly, when Scrub follows; nil: they are not.
	Loosen func(ctx context.Context) error
	Rules  map[string]retention.Rule // by account; others have the default
	Clock  func() time.Time          // of files, the machine's; nil: time.Now
}

// Eraser erases letters.
type Eraser struct {
	*step.Step
	restored *restored.Check
	c        Config
}

// New makes the room of those that it stands on.
func New(s *step.Step, check *restored.Check, c Config) *Eraser {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Eraser{s, check, c}
}

// RetentionRule is how long letters of an account are kept.
func (e *Eraser) RetentionRule(account string) retention.Rule {
	if r, ok := e.c.Rules[account]; ok {
		return r
	}
	return retention.DefaultRule()
}

// LookRetention judges all letters whose content is there, and calls fn with each whose time has come, whether it waits or not. fn may erase those
// that it was called with.
func (e *Eraser) LookRetention(ctx context.Context, fn func(l retention.Letter, v retention.Verdict) error) error {
	now := e.Now()
	shortest, latest := retention.DefaultRule(), retention.DefaultRule()
	for _, r := range e.c.Rules {
		shortest.AfterEnd, latest.AtMost = min(shortest.AfterEnd, r.AfterEnd), min(latest.AtMost, r.AtMost)
	}
	for _, status := range shipment.Statuses() {
		f := retention.Filter{Status: status, Before: now, Limit: page}
		switch {
		case status == shipment.StatusSlettet:
			continue
		case !status.Terminal():
			f.Before = now.Add(time.Millisecond - latest.AtMost) // the younger ones are under way
		default:
			f.Before = now.Add(time.Millisecond - min(shortest.AfterEnd, latest.AtMost))
		}
		for {
			letters, err := store.View(ctx, e.Archive, func(r store.Reader) ([]retention.Letter, error) { return r.Keeping(ctx, f) })
			if err != nil {
				return err
			}
			for _, l := range letters {
				v := retention.Judge(l, e.RetentionRule(l.Account), now)
				if !v.Erase && v.Cause == "" {
					continue
				}
				if err := fn(l, v); err != nil {
					return err
				}
			}
			if len(letters) < page {
				break
			}
			f.After = letters[len(letters)-1].ID
		}
	}
	return nil
}

// Options are how a run goes.
type Options struct {
	DryRun bool // nothing is done, only counted
	Full   bool // the whole database is rewritten at the end, which keeps others waiting
}

// Report is what a run did, or with DryRun would do.
type Report struct {
	Letters   int                     // erased
	ByAccount map[string]int          // of them
	Waiting   map[retention.Cause]int // letters whose time has come, and that wait
	HandIns   int                     // folders and files of the drop folder that were removed
	Blobs     int                     // files of documents that were removed
	BlobBytes int64
	OldCopy   bool // no document was removed, since the archive is an old copy that is to be recovered first
}

// Note is what the run did, in figures, for the slot ledger.
func (r Report) Note() shipment.Note {
	waiting := 0
	for _, n := range r.Waiting {
		waiting += n
	}
	return shipment.Note{Code: "erased", Args: shipment.Args{
		"letters": strconv.Itoa(r.Letters), "waiting": strconv.Itoa(waiting), "handins": strconv.Itoa(r.HandIns), "documents": strconv.Itoa(r.Blobs), "mb": strconv.FormatInt(r.BlobBytes>>20, 10),
	}}
}

// LockName is the lock of a run, and of whoever else removes documents or moves them: one at a time.
const LockName = "retention"

// RunRetention erases what is to be erased now, removes files that nothing names any more, and tells what waits too long. store.ErrLocked: another
// one is at it.
func (e *Eraser) RunRetention(ctx context.Context, o Options) (Report, error) {
	if o.DryRun {
		rep, _, err := e.plan(ctx, func(string) error { return nil })
		return rep, err
	}
	ctx, release, err := e.Archive.Lock(ctx, LockName)
	if err != nil {
		return Report{}, fmt.Errorf("retention: %w", err)
	}
	defer release()
	rep, err := e.run(ctx, o)
	if err != nil {
		return rep, fmt.Errorf("retention: %w", err)
	}
	e.Log.Info("retention", "erased", rep.Letters, "hand_ins", rep.HandIns, "documents", rep.Blobs, "bytes", rep.BlobBytes)
	return rep, nil
}

func (e *Eraser) run(ctx context.Context, o Options) (Report, error) {
	erased, all := map[string]int{}, 0
	loose := false
	var ids []string
	erase := func() error {
		if !loose && all >= looseFrom && e.c.Loosen != nil {
			if err := e.c.Loosen(ctx); err != nil {
				return err
			}
			loose = true
		}
		done, err := e.eraseSome(ctx, ids)
		for account, n := range done {
			erased[account] += n
			all += n
		}
		ids = ids[:0]
		return err
	}
	// What is due is erased while all letters are looked through, once.
	rep, late, err := e.plan(ctx, func(id string) error {
		if ids = append(ids, id); len(ids) < together {
			return nil
		}
		return erase()
	})
	if err == nil && len(ids) > 0 {
		err = erase()
	}
	rep.Letters, rep.ByAccount = 0, erased
	for _, n := range erased {
		rep.Letters += n
	}
	if err != nil {
		return rep, err
	}
	if err := e.alarm(ctx, late); err != nil {
		return rep, err
	}
	var errs []error
	if e.c.Folder != nil {
		if rep.HandIns, err = e.c.Folder.Forget(ctx, e.held, e.forgottenBefore()); err != nil {
			errs = append(errs, fmt.Errorf("drop folder: %w", err)) // the rest goes on
		}
		e.Passed("erase: drop folder forgotten")
	}
	if err := e.sweep(ctx, &rep); err != nil {
		errs = append(errs, err)
	}
	e.Passed("erase: documents removed")
	if e.c.Scrub != nil {
		if err := e.c.Scrub(ctx, o.Full); err != nil {
			errs = append(errs, err)
		}
		e.Passed("erase: database scrubbed")
	}
	return rep, errors.Join(errs...)
}

// looseFrom is how many letters of a run are erased thoroughly one by one. What that costs for more is more than going through the whole of an index at
// the end.
const looseFrom = 500

// late is what waits too long for one cause.
type late struct {
	letters int
	oldest  time.Time // received
}

// plan counts what would be erased, what waits, and what waits too long, and calls due with each letter that would be erased.
func (e *Eraser) plan(ctx context.Context, due func(id string) error) (Report, map[retention.Cause]late, error) {
	rep := Report{ByAccount: map[string]int{}, Waiting: map[retention.Cause]int{}}
	found := map[retention.Cause]late{}
	err := e.LookRetention(ctx, func(l retention.Letter, v retention.Verdict) error {
		if v.Erase {
			rep.Letters++
			rep.ByAccount[l.Account]++
			return due(l.ID)
		}
		rep.Waiting[v.Cause]++
		if v.Late {
			was := found[v.Cause]
			if was.letters++; was.oldest.IsZero() || l.Received.Before(was.oldest) {
				was.oldest = l.Received
			}
			found[v.Cause] = was
		}
		return nil
	})
	return rep, found, err
}

// alarmKey begins the keys of the alarms for what waits too long.
const alarmKey = "retention:"

// alarm raises one alarm for each cause for which letters wait too long, and ends those for which none does.
func (e *Eraser) alarm(ctx context.Context, found map[retention.Cause]late) error {
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		open, err := tx.Alarms(ctx, true)
		if err != nil {
			return err
		}
		for _, cause := range retention.Causes() {
			key := alarmKey + string(cause)
			l, ok := found[cause]
			if !ok {
				if err := tx.ResolveAlarm(ctx, key); err != nil {
					return err
				}
				continue
			}
			args := alarm.Args{"case": string(cause), "letters": strconv.Itoa(l.letters), "oldest": alarm.TimeArg(l.oldest)}
			if slices.ContainsFunc(open, func(a alarm.Alarm) bool { return a.Key == key && a.Args.Says(args) }) {
				continue
			}
			if err := tx.RaiseAlarm(ctx, key, args); err != nil {
				return err
			}
		}
		return nil
	})
}

// eraseSome erases letters whose time has come, in one transaction, and counts them by account. Each is judged again: what has changed
// since counts.
func (e *Eraser) eraseSome(ctx context.Context, ids []string) (map[string]int, error) {
	done := map[string]int{}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		clear(done)
		letters, err := tx.KeepingOf(ctx, ids)
		if err != nil {
			return err
		}
		var due []string
		for _, l := range letters {
			if retention.Judge(l, e.RetentionRule(l.Account), tx.Now()).Erase {
				due = append(due, l.ID)
			}
		}
		erased, err := erase(ctx, tx, due, retention.WhyTime, "")
		for _, s := range erased {
			done[s.Account]++
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("erase letters: %w", err)
	}
	e.Passed("erase: letters erased")
	return done, nil
}

// erase erases letters in a transaction.
func erase(ctx context.Context, tx store.Tx, ids []string, why retention.Why, reason string) ([]shipment.Shipment, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	letters, err := tx.ShipmentsOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	type held struct{ account, code string }
	var (
		note   = noteOf(why, reason)
		events []shipment.Event
		log    []retention.Erasure
		unheld = map[held]bool{}
	)
	for i, s := range letters {
		if !s.Status.MayBecome(shipment.StatusSlettet) {
			return nil, fmt.Errorf("shipment %s is %s: it may not become %s", s.ID, s.Status, shipment.StatusSlettet)
		}
		events = append(events, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventStatus, From: s.Status, To: shipment.StatusSlettet, Reason: note.String()})
		log = append(log, retention.Erasure{Shipment: s.ID, Account: s.Account, From: s.Status, Why: why, Reason: reason})
		unheld[held{s.Account, s.Hold}] = true
		letters[i] = retention.Emptied(s)
	}
	dropped, err := tx.Empty(ctx, letters...)
	if err != nil {
		return nil, err
	}
	for i := range log {
		log[i].Dropped = dropped[log[i].Shipment]
	}
	if err := tx.DeletePersons(ctx, ids...); err != nil {
		return nil, err
	}
	for h := range unheld {
		if err := step.TellHeld(ctx, tx, h.account, h.code); err != nil {
			return nil, err
		}
	}
	return letters, errors.Join(tx.AddEvents(ctx, events...), tx.LogErasures(ctx, log...))
}

// noteOf is what the history says of it.
func noteOf(why retention.Why, reason string) shipment.Note {
	switch why {
	case retention.WhySender:
		return shipment.Note{Code: "erased-sender"}
	case retention.WhyPerson:
		return shipment.Note{Code: "erased-person", Args: shipment.Args{"reason": reason}}
	case retention.WhyTime:
	}
	return shipment.Note{Code: "erased-time"}
}

// EraseForSender erases the content of a letter since the sender's system wants it. One that is erased already stays so. One whose way has
// not ended, or that a print job needs, is refused (*retention.NotYetError): the letter would be lost. store.ErrNotFound.
func (e *Eraser) EraseForSender(ctx context.Context, id string) error {
	return e.eraseOne(ctx, id, retention.WhySender, "")
}

// EraseByHand erases the content of a letter since a person wants it, like EraseForSender. The reason is required; it is kept in history
// and deletion log: no personal data.
func (e *Eraser) EraseByHand(ctx context.Context, id, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	return e.eraseOne(ctx, id, retention.WhyPerson, reason)
}

func (e *Eraser) eraseOne(ctx context.Context, id string, why retention.Why, reason string) error {
	var s shipment.Shipment
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		l, err := tx.KeepingOne(ctx, id)
		if err != nil {
			return err
		}
		if cause := retention.OnRequest(l); cause != "" {
			return &retention.NotYetError{Shipment: id, Status: l.Status, Cause: cause}
		}
		if l.Status == shipment.StatusSlettet {
			s, err = tx.Shipment(ctx, id)
			return err
		}
		erased, err := erase(ctx, tx, []string{id}, why, reason)
		if err == nil {
			s = erased[0]
		}
		return err
	})
	if err != nil {
		return err
	}
	e.Passed("erase: letters erased")
	e.Log.Info("content erased", "shipment", id, "why", why)
	if e.c.Folder == nil {
		return nil
	}
	if err := e.c.Folder.ForgetOne(ctx, s.Account, s.HandIn); err != nil {
		// It is erased, and the next run finds the folder.
		e.Log.Warn("the hand-in of an erased letter lies in the drop folder until the next run", "shipment", id, "error", err)
	}
	return nil
}

// held says what the archive holds of a hand-in.
func (e *Eraser) held(ctx context.Context, account, key string) (retention.Held, error) {
	s, err := store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.ShipmentByHandIn(ctx, account, key) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return retention.Nothing, nil
	case err != nil:
		return retention.Nothing, err
	case s.Status == shipment.StatusSlettet:
		return retention.Erased, nil
	}
	return retention.Content, nil
}

// forgottenBefore is when what belongs to no shipment is old enough to be removed: the longest time that anything is kept.
func (e *Eraser) forgottenBefore() time.Time {
	longest := retention.DefaultRule().AtMost
	for r := range maps.Values(e.c.Rules) {
		longest = max(longest, r.AtMost)
	}
	return e.c.Clock().Add(-longest)
}

// sweep removes blobs that no row names, see the package's comment.
func (e *Eraser) sweep(ctx context.Context, rep *Report) error {
	if e.c.Blobs == nil {
		return nil
	}
	if err := e.restored.CheckFence(ctx); err != nil {
		return err
	}
	stops, err := e.restored.OfferStops(ctx)
	if err != nil {
		return err
	}
	if rep.OldCopy = len(stops) > 0; rep.OldCopy {
		e.Log.Warn("no document is removed: the archive is an old copy, see postgang recover")
		return nil
	}
	before := e.c.Clock().Add(-BlobAge)
	err = e.c.Blobs.EachOld(ctx, before, askedFor, func(refs []shipment.BlobRef) error {
		hashes := make([]string, len(refs))
		for i, r := range refs {
			hashes[i] = r.SHA256
		}
		named, err := store.View(ctx, e.Archive, func(r store.Reader) (map[string]bool, error) { return r.Named(ctx, hashes) })
		if err != nil {
			return err
		}
		refs = slices.DeleteFunc(refs, func(r shipment.BlobRef) bool { return named[r.SHA256] })
		if len(refs) == 0 {
			return nil
		}
		e.Passed("erase: remove documents")
		removed, err := e.c.Blobs.RemoveOld(ctx, refs, before)
		for _, ref := range removed {
			rep.Blobs++
			rep.BlobBytes += ref.Bytes
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove documents: %w", err)
	}
	return nil
}
