package step

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/cover"
)

// Terms are the settings of accounts as a step reads them, once: the configuration file's, with the versions that were set since. A step
// keeps them to its end and no longer, so that another process, or the next step, sees what was set meanwhile.
//
// What a letter's recipient sees, and how long he has, is decided when the letter is prepared, and the letter keeps it (Shipment.Settings).
// Which vendor prints, and what a day may cost, is decided when a night plans.
type Terms struct {
	At       time.Time
	accounts map[string]party.Account // as configured
	vendors  map[string]party.Vendor
	versions map[string][]party.Version
}

// Terms reads the settings of all accounts as they are now.
func (e *Step) Terms(ctx context.Context) (*Terms, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (*Terms, error) { return e.TermsIn(ctx, r, e.Now()) })
}

// TermsIn is Terms in a transaction that the caller has, at a time.
func (e *Step) TermsIn(ctx context.Context, r party.VersionReader, at time.Time) (*Terms, error) {
	all, err := r.Versions(ctx, "")
	if err != nil {
		return nil, err
	}
	t := &Terms{at, e.Accounts, e.Vendors, map[string][]party.Version{}}
	for _, v := range all {
		t.versions[v.Account] = append(t.versions[v.Account], v)
	}
	return t, nil
}

// Account is an account as it is now; false: it is not configured.
func (t *Terms) Account(key string) (party.Account, bool) {
	a, ok := t.accounts[key]
	if !ok {
		return a, false
	}
	a, _ = a.At(t.versions[key], t.At)
	return a, true
}

// Used are the versions that a letter of an account keeps when it is prepared now.
func (t *Terms) Used(key string) map[string]int {
	_, used := t.accounts[key].At(t.versions[key], t.At)
	return party.LetterVersions(used)
}

// Letter is a letter's account, as it was when the letter was prepared; false: it is not configured any more. The account of one that is
// not prepared yet is as it is now.
func (t *Terms) Letter(s shipment.Shipment) (party.Account, bool) {
	if s.Status == shipment.StatusMottatt {
		return t.Account(s.Account)
	}
	a, ok := t.accounts[s.Account]
	if !ok {
		return a, false
	}
	return a.OfLetter(t.versions[s.Account], s.Settings, t.At), true
}

// Vendor is the vendor of an account now; the zero Vendor: it has none.
func (t *Terms) Vendor(account string) party.Vendor {
	a, _ := t.Account(account)
	return t.vendors[a.Vendor]
}

// VendorAt is Vendor at another time.
func (t *Terms) VendorAt(account string, at time.Time) party.Vendor {
	a, _ := t.accounts[account].At(t.versions[account], at)
	return t.vendors[a.Vendor]
}

// Maker makes the covers of an account's letters for a vendor's envelopes. It must not be called in a transaction. The same sender gives
// the same maker, which is kept: what it draws follows from the sender alone.
func (e *Step) Maker(ctx context.Context, a party.Account, vendor string) (*cover.Maker, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return nil, fmt.Errorf("vendor %q is not configured", vendor)
	}
	text, err := json.Marshal(struct {
		Vendor string
		Sender cover.Sender
		Logo   string
	}{vendor, a.Sender, a.Logo})
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(text)
	if m, ok := e.makers.Load(key); ok {
		return m.(*cover.Maker), nil
	}
	m, err := e.makeMaker(ctx, a, v)
	if err != nil {
		return nil, fmt.Errorf("account %s: cover: %w", a.Key, err)
	}
	kept, _ := e.makers.LoadOrStore(key, m)
	return kept.(*cover.Maker), nil
}

func (e *Step) makeMaker(ctx context.Context, a party.Account, v party.Vendor) (*cover.Maker, error) {
	sender := a.Sender
	if a.Logo != "" {
		var err error
		if sender.Logo, err = store.View(ctx, e.Archive, func(r store.Reader) ([]byte, error) { return r.Logo(ctx, a.Logo) }); err != nil {
			return nil, err
		}
	}
	return cover.New(v.Profile.Layout, sender)
}
