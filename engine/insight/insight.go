// Package insight (innsyn) is the one door to the personal data of letters for the people who work with them. It writes to the
// innsynslogg who looks at what and why, and only when that is stored does it give what was asked for.
package insight

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/engine/access"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Why nothing is given.
var (
	// ErrLevel4: the sender demands a log-in of level 4 (krevNiva4Innlogging). Of such a letter the forside and its facts are shown, and
	// to nobody its documents and pages.
	ErrLevel4 = errors.New("the sender demands level 4: documents and pages are shown to nobody")
	// ErrNobody: only a person looks at letters.
	ErrNobody = errors.New("only a person looks at letters")
)

// Door gives personal data of letters. Its methods may be called from several goroutines.
type Door struct{ archive store.Archive }

// New makes the door of an archive.
func New(a store.Archive) *Door { return &Door{a} }

// Revealed is what was asked for, and nothing else of the letter.
type Revealed struct {
	Lookup    access.Lookup          // as it stands in the innsynslogg
	Recipient shipment.PostalAddress // with access.WhatRecipient
	Title     shipment.Private       // with access.WhatTitle
	Documents []shipment.Document    // with access.WhatDocuments
	Pages     shipment.BlobRef       // with access.WhatPages: the print-ready letter; zero: there is none yet
}

// Reveal gives what of a letter to an actor, for a purpose (one line without personal data, see access.BadPurpose). scope is where the
// actor may do access.Reveal; a letter outside of it is store.ErrNotFound, as one that is not there. What is not given is not logged.
func (d *Door) Reveal(ctx context.Context, actor access.Actor, scope access.Scope, id string, what []access.What, purpose string) (Revealed, error) {
	if err := check(actor, what, purpose); err != nil {
		return Revealed{}, err
	}
	var out Revealed
	err := d.archive.InTx(ctx, func(tx store.Tx) (err error) {
		out, err = reveal(ctx, tx, scope, access.Lookup{Actor: actor, Shipment: id, What: what, Purpose: purpose})
		return err
	})
	if err != nil {
		return Revealed{}, err
	}
	return out, nil
}

// Recipients gives whom some letters are for, in their order, each with a row of its own in the innsynslogg; else as Reveal. Of the
// letters that a search has found, those are shown that it is called for.
func (d *Door) Recipients(ctx context.Context, actor access.Actor, scope access.Scope, ids []string, purpose string) ([]Revealed, error) {
	what := []access.What{access.WhatRecipient}
	if err := check(actor, what, purpose); err != nil {
		return nil, err
	}
	var out []Revealed
	err := d.archive.InTx(ctx, func(tx store.Tx) error {
		out = nil
		for _, id := range ids {
			r, err := reveal(ctx, tx, scope, access.Lookup{Actor: actor, Shipment: id, What: what, Purpose: purpose})
			if err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// reveal reads what a look-up is of, and writes it down.
func reveal(ctx context.Context, tx store.Tx, scope access.Scope, l access.Lookup) (out Revealed, err error) {
	s, err := tx.Shipment(ctx, l.Shipment)
	if err == nil && !scope.Has(s.Account) {
		err = fmt.Errorf("shipment %s: %w", l.Shipment, store.ErrNotFound)
	}
	if err != nil {
		return out, err
	}
	wants := func(w access.What) bool { return slices.Contains(l.What, w) }
	if s.Submission.RequireLevel4 && (wants(access.WhatDocuments) || wants(access.WhatPages)) {
		return out, ErrLevel4
	}
	if wants(access.WhatRecipient) {
		out.Recipient = s.Submission.Recipient
	}
	if wants(access.WhatTitle) {
		out.Title = s.Submission.Title
	}
	if wants(access.WhatPages) {
		out.Pages = s.Prepared
	}
	if wants(access.WhatDocuments) {
		if out.Documents, err = tx.Documents(ctx, s.ID); err != nil {
			return out, err
		}
	}
	l.Account = s.Account
	out.Lookup, err = tx.AddLookup(ctx, l)
	return out, err
}

// Job notes that an actor looks at a print job's files, which hold the pages of all its letters: each letter has a row of its own. It must be called, and succeed,
// before a file is given out; then it tells how many letters there are. A job with a letter outside of the scope is store.ErrNotFound,
// one with a letter that demands level 4 is ErrLevel4, and of neither anything is logged.
func (d *Door) Job(ctx context.Context, actor access.Actor, scope access.Scope, job, purpose string) (letters int, err error) {
	return d.job(ctx, actor, scope, job, purpose, false)
}

// Print notes that an actor takes a job's files to print and post it, as Job does; the purpose is the printing.
func (d *Door) Print(ctx context.Context, actor access.Actor, job string) (letters int, err error) {
	return d.job(ctx, actor, access.Scope{All: true}, job, "manuell utskrift av jobb "+job, true)
}

// batch is how many rows are added in one transaction: nobody else can write meanwhile.
const batch = 500

func (d *Door) job(ctx context.Context, actor access.Actor, scope access.Scope, job, purpose string, printing bool) (letters int, err error) {
	what := []access.What{access.WhatPages}
	if err := check(actor, what, purpose); err != nil {
		return 0, err
	}
	var rows []access.Lookup
	err = d.archive.View(ctx, func(r store.Reader) error {
		if _, err := r.Job(ctx, job); err != nil {
			return err
		}
		list, err := r.JobLetters(ctx, job)
		if err != nil {
			return err
		}
		for _, l := range list {
			s, err := r.Shipment(ctx, l.Shipment)
			switch {
			case err != nil:
				return err
			case !scope.Has(s.Account):
				return fmt.Errorf("job %s: %w", job, store.ErrNotFound)
			case s.Submission.RequireLevel4 && !printing:
				return fmt.Errorf("letter %d of job %s: %w", l.Letter, job, ErrLevel4)
			}
			rows = append(rows, access.Lookup{Actor: actor, Shipment: s.ID, Account: s.Account, What: what, Purpose: purpose})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(rows, batch) {
		err := d.archive.InTx(ctx, func(tx store.Tx) error {
			for _, l := range some {
				if _, err := tx.AddLookup(ctx, l); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return len(rows), nil
}

// Search notes that an actor looks for letters by a name, an address or a number; what was looked for is not kept. It must be called,
// and succeed, before anything found is shown.
func (d *Door) Search(ctx context.Context, actor access.Actor, purpose string) (access.Lookup, error) {
	if err := check(actor, []access.What{access.WhatRecipient}, purpose); err != nil {
		return access.Lookup{}, err
	}
	var row access.Lookup
	err := d.archive.InTx(ctx, func(tx store.Tx) (err error) {
		row, err = tx.AddLookup(ctx, access.Lookup{Actor: actor, What: []access.What{access.WhatSearch}, Purpose: purpose})
		return err
	})
	return row, err
}

// known is what Reveal can give.
var known = []access.What{access.WhatRecipient, access.WhatTitle, access.WhatDocuments, access.WhatPages}

func check(actor access.Actor, what []access.What, purpose string) error {
	if actor.ID == "" || actor.Kind != access.Human && actor.Kind != access.CommandLine {
		return ErrNobody
	}
	if len(what) == 0 {
		return errors.New("say what of the letter is to be shown")
	}
	for _, w := range what {
		if !slices.Contains(known, w) {
			return fmt.Errorf("%q is nothing that a letter has", w)
		}
	}
	if why := access.BadPurpose(purpose); why != "" {
		return errors.New(why)
	}
	return nil
}
