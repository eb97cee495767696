package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/digital/altinn"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/postcode"
	"postgang/engine/store"
	"postgang/printjobs/cover"
	"postgang/printjobs/printfile"
)

// What is wrong with a change. Each stands with party.ErrVersion.
var (
	// ErrSeen says that somebody else has set something of the account since its author looked.
	ErrSeen = errors.New("somebody else has changed the account meanwhile")
	// ErrFixed says that only the configuration file changes a setting.
	ErrFixed = errors.New("is fixed in the configuration file")
	// ErrName says that the sender has no name.
	ErrName = errors.New("the sender's name is missing")
	// ErrPostcode says that the sender's postnummer is none.
	ErrPostcode = errors.New("the sender's postcode must be four digits")
	// ErrCity says that the sender's address has no place.
	ErrCity = errors.New("the sender's city is missing")
	// ErrLanguage says that labels cannot be had in a language.
	ErrLanguage = errors.New("the language is none of nb, nn, se and en")
	// ErrVendor says that there is no such vendor.
	ErrVendor = errors.New("no such vendor")
	// ErrDeadline says that a deadline is none.
	ErrDeadline = errors.New("the deadline must be 1 to 1440 hours, or 1 to 60 workdays")
	// ErrCap says that a cap is none.
	ErrCap = errors.New("the cap must not be negative")
	// ErrNotice says that Altinn would not take a text.
	ErrNotice = errors.New("the notice would not be taken by Altinn")
	// ErrNoAltinn says that the account does not send through Altinn.
	ErrNoAltinn = errors.New("the account does not send through Altinn")
	// ErrLogo says that a picture is no logo.
	ErrLogo = errors.New("the logo must be a PNG or JPEG picture of at most 500 kB and 4 million pixels")
	// ErrCover says that the forside cannot be made of what is set.
	ErrCover = errors.New("the forside cannot be made")
)

// MostLogo is how large the file of a logo may be, in bytes.
const MostLogo = 500_000

const (
	mostHours    = 24 * 60 // as the configuration file may have
	mostWorkdays = 60
	mostLine     = 100  // characters of a line of an address
	mostText     = 2000 // characters of the forsidetekst
)

// with is a list of versions with one more, as if it had been made.
func with(versions []party.Version, v party.Version) []party.Version {
	v.Number = 1
	if n := len(versions); n > 0 {
		v.Number = versions[n-1].Number + 1
	}
	return append(slices.Clone(versions), v)
}

// try judges an order, leaves out what it would not change, and tells how the account would be without it.
func (e *Settings) try(ctx context.Context, o Order) (party.Version, Account, error) {
	v := o.Version
	v.Made, v.By = e.Now(), access.By(ctx)
	now, err := e.AccountSettings(ctx, v.Account, v.Made)
	if err != nil {
		return v, now, err
	}
	if o.Seen >= 0 && o.Seen != now.Seen() {
		return v, now, errors.Join(party.ErrVersion, ErrSeen)
	}
	v.Reason = strings.TrimSpace(v.Reason)
	tidy(&v.Change)
	wrong := v.Validate()
	if errors.Is(wrong, party.ErrNoChange) || v.From.Validate() != nil {
		return v, now, wrong
	}
	was := e.account(v.Account, now.Versions, v.Begins())
	for _, s := range v.Change.Sets() {
		if slices.Contains(was.Fixed, s) {
			wrong = errors.Join(wrong, fmt.Errorf("%s %w", s, ErrFixed))
		}
	}
	if wrong = errors.Join(wrong, e.wrong(v.Change, was.Account)); wrong == nil {
		if leaveOut(&v.Change, was); len(v.Change.Sets()) == 0 {
			wrong = party.ErrNoChange
		} else {
			wrong = e.covers(ctx, v, was.Versions)
		}
	}
	if wrong != nil {
		return v, was, errors.Join(party.ErrVersion, wrong)
	}
	return v, was, nil
}

// tidy takes away blanks around what people wrote.
func tidy(c *party.Change) {
	trim := func(texts ...*string) {
		for _, s := range texts {
			*s = strings.TrimSpace(strings.ReplaceAll(*s, "\r\n", "\n"))
		}
	}
	if c.Sender != nil {
		s := *c.Sender
		trim(&s.Name, &s.Line1, &s.Line2, &s.Line3, &s.Postcode, &s.City)
		c.Sender = &s
	}
	if c.Text != nil {
		s := *c.Text
		trim(&s)
		c.Text = &s
	}
	if c.Notice != nil {
		n := *c.Notice
		trim(&n.Sender, &n.Summary, &n.Body, &n.MailSubject, &n.MailBody, &n.SMS)
		c.Notice = &n
	}
}

// wrong tells what is wrong with what is set, each by itself.
func (e *Settings) wrong(c party.Change, a party.Account) error {
	var all []error
	add := func(bad bool, err error) {
		if bad {
			all = append(all, err)
		}
	}
	if s := c.Sender; s != nil {
		add(s.Name == "", ErrName)
		add(!postcode.Form(s.Postcode), ErrPostcode)
		add(s.City == "", ErrCity)
		for _, line := range []string{s.Name, s.Line1, s.Line2, s.Line3, s.City} {
			add(len([]rune(line)) > mostLine || !identity.Legible(line), ErrCover)
		}
	}
	if c.Text != nil {
		add(len([]rune(*c.Text)) > mostText, ErrCover)
	}
	if c.Language != nil {
		add(*c.Language == "" || !c.Language.Valid(), ErrLanguage)
	}
	if c.Vendor != nil {
		_, known := e.Vendors[*c.Vendor]
		add(!known, ErrVendor)
	}
	if d := c.Deadline; d != nil {
		hours := d.Hours >= 1 && d.Hours <= mostHours && d.Workdays == 0
		workdays := d.Workdays >= 1 && d.Workdays <= mostWorkdays && d.Hours == 0
		add(!hours && !workdays, ErrDeadline)
	}
	if c.Cap != nil {
		add(*c.Cap < 0, ErrCap)
	}
	if c.Notice != nil {
		add(a.Notice == nil, ErrNoAltinn)
		if err := altinn.Text(*c.Notice).Check(); err != nil {
			all = append(all, fmt.Errorf("%w: %w", ErrNotice, err))
		}
	}
	return errors.Join(all...)
}

// leaveOut takes out of a change what is so anyway.
func leaveOut(c *party.Change, a Account) {
	is := a.current(*c)
	if c.Sender != nil && *c.Sender == *is.Sender {
		c.Sender = nil
	}
	if c.Logo != nil && *c.Logo == *is.Logo && (*c.Logo != "" || len(a.Sender.Logo) == 0) {
		c.Logo = nil
	}
	if c.Text != nil && *c.Text == strings.TrimSpace(*is.Text) {
		c.Text = nil
	}
	if c.Language != nil && *c.Language == *is.Language {
		c.Language = nil
	}
	if c.Notice != nil && is.Notice != nil && *c.Notice == *is.Notice {
		c.Notice = nil
	}
	if c.Vendor != nil && *c.Vendor == *is.Vendor {
		c.Vendor = nil
	}
	if c.Deadline != nil && *c.Deadline == *is.Deadline {
		c.Deadline = nil
	}
	if c.Cap != nil && *c.Cap == *is.Cap {
		c.Cap = nil
	}
}

// covers tells why the forside cannot be made when a version comes into force, or when another one does after it.
func (e *Settings) covers(ctx context.Context, v party.Version, versions []party.Version) error {
	c := v.Change
	if c.Sender == nil && c.Logo == nil && c.Text == nil && c.Language == nil && c.Vendor == nil {
		return nil
	}
	all := with(versions, v)
	for at := v.Begins(); !at.IsZero(); at = party.NextChange(all, at) {
		a, _ := e.Accounts[v.Account].At(all, at)
		logo, err := e.logo(ctx, a)
		if errors.Is(err, store.ErrNotFound) {
			return ErrLogo
		}
		if err != nil {
			return err
		}
		if _, _, err := e.draw(a, logo, at, ""); err != nil {
			return fmt.Errorf("%w: %w", ErrCover, err)
		}
	}
	return nil
}

func (e *Settings) draw(a party.Account, logo []byte, at time.Time, l cover.Language) (*printfile.Prepared, []cover.Warning, error) {
	v, ok := e.Vendors[a.Vendor]
	if !ok {
		return nil, nil, ErrVendor
	}
	a.Sender.Logo = logo
	m, err := cover.New(v.Profile.Layout, a.Sender)
	if err != nil {
		return nil, nil, err
	}
	return m.Preview(l, at.In(calendar.Oslo))
}
