package accept

import (
	"context"
	"slices"

	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/prepare"
)

// handIn is by what a sender knows a letter.
type handIn struct{ account, key string }

// lookedUp is what the archive says of a hand-in.
type lookedUp struct {
	known *shipment.Shipment // nil: it is new
	terms *step.Terms
}

// lookUp tells of hand-ins that come at the same time whether they are known.
func (e *Acceptor) lookUp(ctx context.Context, all []handIn) ([]lookedUp, error) {
	keys := map[string][]string{}
	for _, h := range all {
		keys[h.account] = append(keys[h.account], h.key)
	}
	known := map[handIn]*shipment.Shipment{}
	var terms *step.Terms
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		for account, keys := range keys {
			there, err := r.HandedIn(ctx, account, keys)
			if err != nil {
				return err
			}
			for _, s := range there {
				known[handIn{s.Account, s.HandIn}] = &s
			}
		}
		terms, err = e.TermsIn(ctx, r, e.Now())
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]lookedUp, len(all))
	for i, h := range all {
		out[i] = lookedUp{known[h], terms}
	}
	return out, nil
}

// undecided is a letter that is to be prepared.
type undecided struct {
	s       shipment.Shipment // as it is, also when it is decided already: then nothing else is given
	account party.Account
	terms   *step.Terms // nil: its account is not configured any more
	of      sources
	failed  bool // it could not be prepared when it was tried last
}

// look reads letters that are to be prepared at the same time, and what they are made from.
func (e *Acceptor) look(ctx context.Context, ids []string) (all []*undecided, err error) {
	err = e.Archive.View(ctx, func(r store.Reader) error {
		read, err := r.ShipmentsOf(ctx, ids)
		if err != nil {
			return err
		}
		// What of its account's settings a letter keeps is decided here, see step.Terms.
		terms, err := e.TermsIn(ctx, r, e.Now())
		if err != nil {
			return err
		}
		failed, err := r.UnpreparedAmong(ctx, ids)
		if err != nil {
			return err
		}
		all = make([]*undecided, len(read))
		var open []*undecided
		for i, s := range read {
			all[i] = &undecided{s: s, failed: failed[s.ID]}
			if s.Status != shipment.StatusMottatt {
				continue
			}
			if account, ok := terms.Account(s.Account); ok {
				all[i].account, all[i].terms = account, terms
				open = append(open, all[i])
			}
		}
		return e.findSources(ctx, r, open...)
	})
	return all, err
}

// sources are what a print-ready PDF is made from, and how.
type sources struct {
	printed []shipment.Document // empty: there is nothing to print
	req     prepare.Request     // but for files
	known   prepared            // a file that was made in the same way from the same; without facts: there is none
	key     string              // see preparedKey
}

// findSources reads what letters' print-ready PDFs are made from. There is none of a letter that is only digital, which may be of other
// kinds than PDF.
func (e *Acceptor) findSources(ctx context.Context, r store.Reader, all ...*undecided) error {
	var ids []string
	for _, u := range all {
		if !u.s.Submission.DigitalOnly { // Only digital is never printed (KS-V11); an unreadable PDF is then the recipient's to judge.
			ids = append(ids, u.s.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	docs, err := r.Documents(ctx, ids...)
	if err != nil {
		return err
	}
	printed := map[string][]shipment.Document{}
	for _, d := range docs {
		if !d.Excluded {
			printed[d.Shipment] = append(printed[d.Shipment], d)
		}
	}
	var keys []string
	for _, u := range all {
		if u.of.printed = printed[u.s.ID]; len(u.of.printed) == 0 {
			continue
		}
		u.of.req = prepare.Request{Limits: prepare.Limits{MaxBytes: u.account.Rules.MaxBytes}, Checks: e.Vendors[u.account.Vendor].Checks}
		if u.of.key, err = preparedKey(u.of.printed, u.of.req); err != nil {
			return err
		}
		keys = append(keys, u.of.key)
	}
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	made, err := r.PreparedAs(ctx, slices.Compact(keys)...)
	if err != nil {
		return err
	}
	for _, u := range all {
		if m, ok := made[u.of.key]; ok {
			u.of.known = prepared{blob: m.Prepared, facts: m.Facts, key: u.of.key, taken: true}
		}
	}
	return nil
}
