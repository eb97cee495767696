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
	err := d.archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, id)
		if err == nil && !scope.Has(s.Account) {
			err = fmt.Errorf("shipment %s: %w", id, store.ErrNotFound)
		}
		if err != nil {
			return err
		}
		wants := func(w access.What) bool { return slices.Contains(what, w) }
		if s.Submission.RequireLevel4 && (wants(access.WhatDocuments) || wants(access.WhatPages)) {
			return ErrLevel4
		}
		out = Revealed{}
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
			if out.Documents, err = tx.Documents(ctx, id); err != nil {
				return err
			}
		}
		out.Lookup, err = tx.AddLookup(ctx, access.Lookup{Actor: actor, Shipment: s.ID, Account: s.Account, What: what, Purpose: purpose})
		return err
	})
	if err != nil {
		return Revealed{}, err
	}
	return out, nil
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
