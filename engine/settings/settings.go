// Package settings shows how accounts are set up, from when and by whom, and sets them anew from a day on.
//
// What the configuration file says of an account is its settings before the first version; a version sets some of them from the beginning
// of a day, has an author and a reason, and is never changed. Settings that the file names as fixed are the file's alone.
package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"postgang/billing/money"
	"postgang/engine/collect"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/cover"
	"postgang/printjobs/printfile"
)

// Settings shows and changes what is set of accounts.
type Settings struct {
	*step.Step
	guard collect.Guard
}

// New makes the room; guard has the caps of the configuration file.
func New(s *step.Step, guard collect.Guard) *Settings { return &Settings{s, guard} }

// Value is where one setting of an account comes from.
type Value struct {
	Setting party.Setting
	Fixed   bool           // only the configuration file changes it
	Version *party.Version // that it is of; nil: the configuration file
}

// Account is how an account is set up at a time.
type Account struct {
	party.Account
	Values   []Value         // by party.Settings, without those that it cannot have
	Versions []party.Version // all of the account, also those that hold later, in the order in which they were made
	Cap      money.Ore       // on what the letters of a day may cost, øre net of VAT; 0: no cap of its own
}

// Seen is the number of the version made last, by which a change tells what its author had seen; 0: there is none.
func (a Account) Seen() int {
	if n := len(a.Versions); n > 0 {
		return a.Versions[n-1].Number
	}
	return 0
}

// AccountSettings tells how an account is set up at a time. store.ErrNotFound when it is not configured.
func (e *Settings) AccountSettings(ctx context.Context, key string, at time.Time) (Account, error) {
	if _, ok := e.Accounts[key]; !ok {
		return Account{}, fmt.Errorf("account: %w", store.ErrNotFound)
	}
	versions, err := store.View(ctx, e.Archive, func(r store.Reader) ([]party.Version, error) { return r.Versions(ctx, key) })
	if err != nil {
		return Account{}, err
	}
	return e.account(key, versions, at), nil
}

// LetterAccount is the account of a letter, by the settings that the letter keeps; the zero Account when it is not configured any more.
func (e *Settings) LetterAccount(ctx context.Context, s shipment.Shipment) (party.Account, error) {
	terms, err := e.Terms(ctx)
	if err != nil {
		return party.Account{}, err
	}
	a, _ := terms.Letter(s)
	return a, nil
}

func (e *Settings) account(key string, versions []party.Version, at time.Time) Account {
	file := e.Accounts[key]
	out := Account{Versions: versions}
	out.Account, _ = file.At(versions, at)
	out.Cap = e.capOf(out.Account)
	for _, s := range party.Settings() {
		if s == party.SettingNotice && file.Notice == nil {
			continue
		}
		v := Value{Setting: s, Fixed: slices.Contains(file.Fixed, s)}
		if of, ok := party.InForce(versions, s, at); ok && !v.Fixed {
			v.Version = &of
		}
		out.Values = append(out.Values, v)
	}
	return out
}

func (e *Settings) capOf(a party.Account) money.Ore {
	if a.Cap != nil {
		return *a.Cap
	}
	if own, ok := e.guard.Accounts[a.Key]; ok {
		return own
	}
	return e.guard.Account
}

// current is what an account has of the settings that a change sets.
func (a Account) current(of party.Change) (c party.Change) {
	for _, s := range of.Sets() {
		switch s {
		case party.SettingSender:
			c.Sender = new(party.LetterheadOf(a.Sender))
		case party.SettingLogo:
			c.Logo = new(a.Logo)
		case party.SettingText:
			c.Text = new(a.Sender.Text)
		case party.SettingLanguage:
			c.Language = new(a.Sender.Language)
			if *c.Language == "" {
				*c.Language = cover.Bokmal
			}
		case party.SettingNotice:
			c.Notice = a.Notice
		case party.SettingVendor:
			c.Vendor = new(a.Vendor)
		case party.SettingDeadline:
			c.Deadline = &party.Deadline{Workdays: a.Rules.DeadlineWorkdays}
			if c.Deadline.Workdays == 0 {
				c.Deadline.Hours = a.Rules.DeadlineHours
			}
		case party.SettingCap:
			c.Cap = new(a.Cap)
		}
	}
	return c
}

// Order is what somebody wants to set of an account. Account, From, Reason and Change of the version are given; the archive gives the
// rest.
type Order struct {
	party.Version
	// Picture is a new logo, PNG or JPEG; nil: none.
	Picture []byte
	// Seen is Account.Seen of what the author has seen; negative: whatever there is.
	Seen int
}

// ChangeAccount sets something of an account from a day on, by the actor of the context. What is as it would be anyway is left out. What is
// wrong is told by the errors of this package and of party, joined. A cap that is raised or taken away takes two persons, see
// step.Second.
func (e *Settings) ChangeAccount(ctx context.Context, o Order) (party.Version, error) {
	if err := e.stored(ctx, &o); err != nil {
		return o.Version, err
	}
	for {
		v, was, err := e.try(ctx, o)
		if err != nil {
			return v, err
		}
		second := ""
		if c := v.Change.Cap; c != nil && was.Cap > 0 && (*c == 0 || *c > was.Cap) {
			second = fmt.Sprintf("cap/%s/%s/%d", v.Account, v.From, *c)
			if err := e.Second(ctx, second, v.Reason); err != nil {
				return v, err
			}
		}
		err = e.Archive.InTx(ctx, func(tx store.Tx) error {
			now, err := tx.Versions(ctx, v.Account)
			if err != nil {
				return err
			}
			if len(now) != len(was.Versions) {
				return errAgain
			}
			v.Made = tx.Now()
			if err := v.Validate(); err != nil { // it may have become tomorrow
				return err
			}
			if v, err = tx.AddVersion(ctx, v, was.current(v.Change)); err != nil {
				return err
			}
			return e.DoneBySecond(ctx, tx, second)
		})
		if errors.Is(err, errAgain) {
			continue
		}
		if err != nil {
			return v, err
		}
		e.Passed("settings: changed")
		e.Log.Info("account set", "account", v.Account, "version", v.Number, "from", string(v.From), "settings", v.Change.Sets())
		return v, nil
	}
}

// errAgain says that somebody else has set something between our look and now.
var errAgain = errors.New("set by somebody else meanwhile")

// Tried is what an order would do.
type Tried struct {
	Version party.Version // with what it would change alone
	Was     Account       // as it would be without it when it comes into force
	Will    Account       // as it would be then
	Logo    []byte        // picture on the forside; nil: none
}

// TryChange tells what a change would do, or what is wrong with it. A new logo is stored, so that the change can be made without sending it
// again: the version then has its SHA-256.
func (e *Settings) TryChange(ctx context.Context, o Order) (Tried, error) {
	if err := e.stored(ctx, &o); err != nil {
		return Tried{Version: o.Version}, err
	}
	v, was, err := e.try(ctx, o)
	if err != nil {
		return Tried{Version: v, Was: was}, err
	}
	out := Tried{Version: v, Was: was, Will: e.account(v.Account, with(was.Versions, v), v.Begins())}
	out.Logo, err = e.logo(ctx, out.Will.Account)
	return out, err
}

// stored stores the new logo of an order.
func (e *Settings) stored(ctx context.Context, o *Order) error {
	if o.Picture == nil {
		return nil
	}
	if len(o.Picture) > MostLogo {
		return errors.Join(party.ErrVersion, ErrLogo)
	}
	if _, err := cover.New(cover.DefaultLayout(), cover.Sender{Name: "A", Postcode: "0001", City: "Oslo", Logo: o.Picture}); err != nil {
		return errors.Join(party.ErrVersion, ErrLogo)
	}
	var sha string
	err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
		sha, err = tx.PutLogo(ctx, o.Picture)
		return err
	})
	o.Change.Logo, o.Picture = &sha, nil
	return err
}

func (e *Settings) logo(ctx context.Context, a party.Account) ([]byte, error) {
	if a.Logo == "" {
		return a.Sender.Logo, nil
	}
	return store.View(ctx, e.Archive, func(r store.Reader) ([]byte, error) { return r.Logo(ctx, a.Logo) })
}

// AccountCover draws the forside of a made-up letter of an account as it is set up at a time, in its language or another one, for the envelope
// of its vendor.
func (e *Settings) AccountCover(ctx context.Context, key string, at time.Time, l cover.Language) (*printfile.Prepared, []cover.Warning, error) {
	a, err := e.AccountSettings(ctx, key, at)
	if err != nil {
		return nil, nil, err
	}
	logo, err := e.logo(ctx, a.Account)
	if err != nil {
		return nil, nil, err
	}
	return e.draw(a.Account, logo, at, l)
}

// ChangedCover draws the forside that an order would give.
func (e *Settings) ChangedCover(t Tried) (*printfile.Prepared, []cover.Warning, error) {
	return e.draw(t.Will.Account, t.Logo, t.Version.Begins(), "")
}
