package party

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/printjobs/cover"
)

// Setting names what of an account can be set from a day on.
type Setting string

// The settings. They stand in the archive: never rename one.
const (
	SettingSender   Setting = "sender"   // name and address on the forside, and the return address
	SettingLogo     Setting = "logo"     // picture on the forside
	SettingText     Setting = "text"     // forsidetekst
	SettingLanguage Setting = "language" // of the forside's labels
	SettingNotice   Setting = "notice"   // what recipients read in Altinn
	SettingVendor   Setting = "vendor"   // who prints
	SettingDeadline Setting = "deadline" // how long an unread letter waits
	SettingCap      Setting = "cap"      // on what the letters of a day may cost
)

// Settings are all settings, in the order in which people read them.
func Settings() []Setting {
	return []Setting{SettingSender, SettingLogo, SettingText, SettingLanguage, SettingNotice, SettingVendor, SettingDeadline, SettingCap}
}

// OfLetter reports whether a setting is decided for a letter when it is prepared, and stays so: what the recipient sees, and how long he
// has. The others are decided for a night when it plans: its jobs say which vendor, and what is kept back says which cap.
func (s Setting) OfLetter() bool { return s != SettingVendor && s != SettingCap }

// Letterhead is the name and address of a sender on the forside. Postcode: four digits.
type Letterhead struct {
	Name     string `json:"name"`
	Line1    string `json:"line1,omitempty"`
	Line2    string `json:"line2,omitempty"`
	Line3    string `json:"line3,omitempty"`
	Postcode string `json:"postcode"`
	City     string `json:"city"`
}

// LetterheadOf is the name and address of a sender.
func LetterheadOf(s cover.Sender) Letterhead {
	return Letterhead{s.Name, s.Line1, s.Line2, s.Line3, s.Postcode, s.City}
}

// Notice is what recipients read in Altinn of an account's letters. Empty fields: see altinn.Text.
type Notice struct {
	Sender      string `json:"sender,omitempty"`
	Summary     string `json:"summary,omitempty"`
	Body        string `json:"body"`
	MailSubject string `json:"mail_subject,omitempty"`
	MailBody    string `json:"mail_body,omitempty"`
	SMS         string `json:"sms,omitempty"`
}

// Deadline is how long an unread letter waits for its recipient, see shipment.Rules.
type Deadline struct {
	Hours    int `json:"hours,omitempty"`    // on working days
	Workdays int `json:"workdays,omitempty"` // if > 0 instead: whole virkedager after the day of notification
}

// Change is what a version sets of an account. What is nil stays as it was.
type Change struct {
	Sender   *Letterhead     `json:"sender,omitempty"`
	Logo     *string         `json:"logo,omitempty"` // SHA-256 of the picture, lower-case hex; empty: no logo
	Text     *string         `json:"text,omitempty"`
	Language *cover.Language `json:"language,omitempty"`
	Notice   *Notice         `json:"notice,omitempty"`
	Vendor   *string         `json:"vendor,omitempty"` // vendor key
	Deadline *Deadline       `json:"deadline,omitempty"`
	Cap      *money.Ore      `json:"cap,omitempty"` // øre net of VAT; 0: no cap
}

// Sets are the settings that a change sets, in the order of Settings.
func (c Change) Sets() []Setting {
	return slices.DeleteFunc(Settings(), func(s Setting) bool { return !c.has(s) })
}

func (c Change) has(s Setting) bool {
	switch s {
	case SettingSender:
		return c.Sender != nil
	case SettingLogo:
		return c.Logo != nil
	case SettingText:
		return c.Text != nil
	case SettingLanguage:
		return c.Language != nil
	case SettingNotice:
		return c.Notice != nil
	case SettingVendor:
		return c.Vendor != nil
	case SettingDeadline:
		return c.Deadline != nil
	case SettingCap:
		return c.Cap != nil
	default:
		return false
	}
}

// Version is what somebody set of an account, from a day on. Versions are never changed: another one takes their place.
type Version struct {
	Number  int // from 1, counted through all accounts in the order in which they were made
	Account string
	From    civil.Date   // it holds from the beginning of this day, Europe/Oslo, or from when it was made in its course
	Made    time.Time    // when it was set, UTC
	By      access.Actor // who set it
	Reason  string       // why; one line without personal data
	Change  Change
}

var (
	// ErrVersion says that a version cannot be set; what is wrong stands behind it.
	ErrVersion = errors.New("the change cannot be made")
	// ErrPast says that a version would hold from a day that has passed.
	ErrPast = errors.New("it would hold from a day that has passed")
	// ErrNoChange says that a version would change nothing.
	ErrNoChange = errors.New("it changes nothing")
	// errNobody says that a version has no author.
	errNobody = errors.New("it is not known who makes it")
)

// Validate tells what is wrong with a version, whatever it sets: nobody may change what letters looked like yesterday, and each change has
// an author and a reason. The error is an ErrVersion.
func (v Version) Validate() error {
	bad := func(err error) error { return errors.Join(ErrVersion, err) }
	if err := v.From.Validate(); err != nil {
		return bad(err)
	}
	if v.Made.IsZero() || v.From < civil.Of(v.Made, calendar.Oslo) {
		return bad(ErrPast)
	}
	if why := identity.BadReason(v.Reason); why != "" {
		return bad(errors.New(why))
	}
	if v.By.Kind == access.System {
		return bad(errNobody)
	}
	if len(v.Change.Sets()) == 0 {
		return bad(ErrNoChange)
	}
	return nil
}

// Begins is when a version comes into force: with its day, or when it was set in the course of that day.
func (v Version) Begins() time.Time {
	if day := v.From.In(calendar.Oslo); day.After(v.Made) {
		return day
	}
	return v.Made
}

// later reports whether a version goes before another one that has begun too: the one from the later day, and of the same day the one
// made last.
func (v Version) later(than Version) bool {
	return cmp.Or(cmp.Compare(v.From, than.From), cmp.Compare(v.Number, than.Number)) > 0
}

// InForce is the version that a setting has at a time, whatever the order of the list. false before the first: then the configuration
// file's value holds.
func InForce(versions []Version, s Setting, at time.Time) (now Version, ok bool) {
	for _, v := range versions {
		if v.Change.has(s) && !v.Begins().After(at) && (!ok || v.later(now)) {
			now, ok = v, true
		}
	}
	return now, ok
}

// NextChange is when the next version of any setting comes into force after a time; zero: none does.
func NextChange(versions []Version, at time.Time) (next time.Time) {
	for _, v := range versions {
		if b := v.Begins(); b.After(at) && (next.IsZero() || b.Before(next)) {
			next = b
		}
	}
	return next
}

// At is the account as it is at a time: as the configuration has it, with what versions of it have set since. Each setting has versions of
// its own, so that a change of the vendor does not bring an older text back. used tells which version each setting is of, by its number;
// what is not there is the configuration's.
func (a Account) At(versions []Version, at time.Time) (now Account, used map[Setting]int) {
	used = map[Setting]int{}
	for _, s := range Settings() {
		if slices.Contains(a.Fixed, s) {
			continue
		}
		if v, ok := InForce(versions, s, at); ok {
			a.set(s, v.Change)
			used[s] = v.Number
		}
	}
	return a, used
}

// OfLetter is the account as it is for a letter: what is decided when a letter is prepared is of the versions that it was prepared with
// (by setting; what is not there is the configuration's), and the rest as it is at a time.
func (a Account) OfLetter(versions []Version, used map[string]int, at time.Time) Account {
	now, _ := a.At(versions, at)
	out := a
	out.set(SettingVendor, Change{Vendor: &now.Vendor})
	out.Cap = now.Cap
	for _, s := range Settings() {
		number := used[string(s)]
		i := slices.IndexFunc(versions, func(v Version) bool { return v.Number == number && v.Change.has(s) })
		if s.OfLetter() && number != 0 && i >= 0 {
			out.set(s, versions[i].Change)
		}
	}
	return out
}

// LetterVersions are the numbers of versions that a letter keeps, of those that its account has now; nil: of none.
func LetterVersions(used map[Setting]int) map[string]int {
	var out map[string]int
	for s, number := range used {
		if s.OfLetter() {
			if out == nil {
				out = map[string]int{}
			}
			out[string(s)] = number
		}
	}
	return out
}

// set takes one setting over from a change that has it.
func (a *Account) set(s Setting, c Change) {
	switch s {
	case SettingSender:
		to, from := &a.Sender, *c.Sender
		to.Name, to.Line1, to.Line2, to.Line3, to.Postcode, to.City = from.Name, from.Line1, from.Line2, from.Line3, from.Postcode, from.City
	case SettingLogo:
		a.Sender.Logo, a.Logo = nil, *c.Logo
	case SettingText:
		a.Sender.Text = *c.Text
	case SettingLanguage:
		a.Sender.Language = *c.Language
	case SettingNotice:
		a.Notice = c.Notice
	case SettingVendor:
		a.Vendor = *c.Vendor
	case SettingDeadline:
		a.Rules.DeadlineHours, a.Rules.DeadlineWorkdays = c.Deadline.Hours, c.Deadline.Workdays
	case SettingCap:
		a.Cap = c.Cap
	}
}

// VersionReader reads what was set of accounts. It is part of store.Reader.
type VersionReader interface {
	// Versions are those of an account (empty: of all), in the order in which they were made.
	Versions(ctx context.Context, account string) ([]Version, error)
	// Logo gives a logo that a version has set, by its SHA-256; store.ErrNotFound.
	Logo(ctx context.Context, sha256 string) ([]byte, error)
}

// VersionWriter adds to what was set of accounts. It is part of store.Tx.
type VersionWriter interface {
	// AddVersion stores a version, made now by the actor of the context, and gives it its number. The log of changes has it too, with
	// what before says that it was before.
	AddVersion(ctx context.Context, v Version, before Change) (Version, error)
	// PutLogo stores a picture and gives its SHA-256. The same again is one.
	PutLogo(ctx context.Context, picture []byte) (sha256 string, err error)
}
