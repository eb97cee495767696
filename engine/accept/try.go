package accept

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/printjobs/prepare"
)

// Tried is what would become of a hand-in.
type Tried struct {
	Refusals  []shipment.Refusal     // reasons and warnings, those of the PDFs too
	Recipient shipment.PostalAddress // as the letter would have it
	// Paper is what it would be on paper; zero when it is refused, or never printed. Priced says whether Quote is known.
	Paper  Quoted
	Priced bool
}

// Try says what would become of a hand-in if it came now: all that Judge says and all that preparing its documents says, at once. It
// stores nothing.
func (e *Acceptor) Try(ctx context.Context, h shipment.HandIn) (Tried, error) {
	terms, err := e.Terms(ctx)
	if err != nil {
		return Tried{}, err
	}
	account, ok := terms.Account(h.Account)
	if !ok {
		return Tried{}, fmt.Errorf("account %q is not configured", h.Account)
	}
	sub, found := parse(h)
	found = append(slices.Clone(h.Refusals), found...)
	if shipment.Unreadable(found) {
		return Tried{Refusals: found}, nil
	}
	sub.Normalise()
	said, err := e.complete(ctx, account, &sub)
	if err != nil {
		return Tried{}, err
	}
	found = append(found, said...)
	if said, err = e.validate(ctx, sub, account, e.Now()); err != nil {
		return Tried{}, err
	}
	found = append(found, said...)
	s := shipment.Shipment{
		ID: e.ShipmentID(h.Account, h.Key), Account: h.Account, Status: shipment.StatusMottatt, ReceivedAt: e.Now(), Submission: sub,
		Zone: sub.Recipient.Zone(), Refusals: found,
	}
	byName := filesByName(h)
	var printed []shipment.Document
	var files []shipment.HandInFile
	for i, d := range sub.Documents {
		f, ok := byName[shipment.FileKey(d.FileName.Reveal())]
		switch {
		case !ok:
			s.Refusals = append(s.Refusals, missingDocument(i))
		case !d.Excluded && shipment.IsPDF(d.MimeType) && !sub.DigitalOnly:
			printed, files = append(printed, shipment.Document{Position: i, Giro: d.GiroPages}), append(files, f)
		}
	}
	out := Tried{Recipient: sub.Recipient}
	if len(printed) > 0 {
		facts, refusals, err := e.tryDocuments(ctx, s, account, printed, files)
		if err != nil {
			return Tried{}, err
		}
		s.Refusals = append(s.Refusals, refusals...)
		s.Facts = facts
	}
	if s.Facts != nil && !shipment.AnyRefuses(s.Refusals) {
		out.Paper, err = e.QuoteOn(s, terms)
		out.Priced = err == nil
	}
	out.Refusals = s.Refusals
	return out, nil
}

// tryDocuments prepares documents and throws away what comes out; facts are nil when they are refused.
func (e *Acceptor) tryDocuments(ctx context.Context, s shipment.Shipment, account party.Account, printed []shipment.Document, files []shipment.HandInFile) (*prepare.Facts, []shipment.Refusal, error) {
	dir, remove, err := e.Scratch("prepare", s.ID)
	if err != nil {
		return nil, nil, err
	}
	defer remove()
	req := prepare.Request{
		Volatile: true, Limits: prepare.Limits{MaxBytes: account.Rules.MaxBytes}, Checks: e.Vendors[account.Vendor].Checks, Output: filepath.Join(dir, "letter.pdf"),
	}
	for i, f := range files {
		path := filepath.Join(dir, strconv.Itoa(i)+".pdf")
		if err := copyHandInFile(f, path); err != nil {
			return nil, nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		req.Documents = append(req.Documents, prepare.Document{Path: path, GiroPages: printed[i].Giro})
	}
	facts, err := e.Preparer.Letter(ctx, req)
	var refused *prepare.Refusal
	if errors.As(err, &refused) {
		return nil, append(e.findings(refused.Findings, printed, false), e.findings(refused.Warnings, printed, true)...), nil
	}
	if err != nil {
		return nil, nil, err
	}
	laid, err := e.tryLayout(ctx, s, account, facts)
	if err != nil {
		return nil, nil, err
	}
	return &facts, append(e.findings(facts.Warnings, printed, true), laid...), nil
}

func copyHandInFile(f shipment.HandInFile, path string) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, w.Close())
}
