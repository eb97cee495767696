package settings

import (
	"bytes"
	"encoding/base64"
	"errors"
	"html/template"
	"image/png"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/party"
	dated "postgang/engine/settings"
	"postgang/engine/store"
	"postgang/printjobs/cover"
	"postgang/printjobs/preview"
)

// What of an account is set on one page.
const (
	partCover  = "forside"
	partNotice = "varsling"
	partPrint  = "print"
)

var parts = []struct {
	key, link, title string
	settings         []party.Setting
}{
	{partCover, "forside", "Forside", []party.Setting{party.SettingSender, party.SettingLogo, party.SettingText, party.SettingLanguage}},
	{partNotice, "varsling", "Varsling", []party.Setting{party.SettingNotice}},
	{partPrint, "print", "Print", []party.Setting{party.SettingVendor, party.SettingDeadline, party.SettingCap}},
}

// formPage sets something of an account.
type formPage struct {
	Key, Name, Title, Part string
	Errors                 []page.Link // what is wrong, each with where
	Values                 url.Values  // what was written
	Earliest               string      // day from which it may hold
	Fixed                  []string    // what only the configuration file sets
	Languages, Vendors     []page.Choice
	Workdays               bool // the deadline is in virkedager
	HasLogo                bool
	Is                     map[string]bool // which fields may be written, by setting

	// Of a preview.
	Preview bool
	From    string
	Diffs   []diffRow
	Notes   []string
	Picture template.URL
	Hidden  []hiddenField
}

// Text is what was written in a field.
func (p formPage) Text(field string) string { return p.Values.Get(field) }

// Wrong reports whether something is wrong with a field.
func (p formPage) Wrong(field string) bool {
	return slices.ContainsFunc(p.Errors, func(l page.Link) bool { return l.Path == "#"+field })
}

type diffRow struct {
	Name        string
	Before, Now []string
}

type hiddenField struct{ Name, Value string }

// part finds which part of an account an address sets.
func (v *request) part() (key string, at int, err error) {
	if key, err = v.scopedKey(); err != nil {
		return key, 0, err
	}
	for i, part := range parts {
		if part.key == v.R.PathValue("del") {
			return key, i, nil
		}
	}
	return key, 0, store.ErrNotFound
}

// page makes the page of a part as an account is set up.
func (v *request) page(got dated.Account, at int) formPage {
	part := parts[at]
	p := formPage{Key: got.Key, Name: v.AccountName(got.Key), Title: part.title, Part: part.key, Is: map[string]bool{}, Values: url.Values{}}
	p.Earliest = string(civil.Of(v.Now(), calendar.Oslo))
	for _, s := range part.settings {
		fixed := slices.Contains(got.Fixed, s)
		p.Is[string(s)] = !fixed
		if fixed {
			p.Fixed = append(p.Fixed, settingName[s]+": "+strings.Join(v.valueLines(got, s), ", "))
		}
	}
	set := p.Values.Set
	set("fra", string(civil.Of(v.Now(), calendar.Oslo).AddDays(1)))
	set("sett", strconv.Itoa(got.Seen()))
	switch part.key {
	case partCover:
		h := party.LetterheadOf(got.Sender)
		for name, text := range map[string]string{"navn": h.Name, "linje1": h.Line1, "linje2": h.Line2, "linje3": h.Line3, "postnummer": h.Postcode, "poststed": h.City, "tekst": got.Sender.Text, "sprak": string(languageOf(got))} {
			set(name, text)
		}
		p.HasLogo = got.Logo != "" || len(got.Sender.Logo) > 0
	case partNotice:
		if n := got.Notice; n != nil {
			for name, text := range map[string]string{"avsender": n.Sender, "sammendrag": n.Summary, "tekst": n.Body, "emne": n.MailSubject, "epost": n.MailBody, "sms": n.SMS} {
				set(name, text)
			}
		}
	case partPrint:
		d := deadlineOf(got)
		set("leverandor", got.Vendor)
		set("frist", strconv.Itoa(max(d.Hours, d.Workdays)))
		set("enhet", "timer")
		if d.Workdays > 0 {
			set("enhet", "virkedager")
		}
		set("tak", got.Cap.Plain(","))
	}
	return p
}

// choices marks what is chosen, of what was written.
func (v *request) choices(p *formPage) {
	for _, l := range cover.Languages() {
		p.Languages = append(p.Languages, page.Choice{Value: string(l), Text: languageNames[l], Chosen: string(l) == p.Text("sprak")})
	}
	for _, vendor := range v.Vendors {
		p.Vendors = append(p.Vendors, page.Choice{Value: vendor.Key, Text: v.VendorName(vendor.Key), Chosen: vendor.Key == p.Text("leverandor")})
	}
	p.Workdays = p.Text("enhet") == "virkedager"
}

func form(v *request) error {
	key, at, err := v.part()
	if err != nil {
		return err
	}
	got, err := v.Engine.AccountSettings(v.Ctx, key, v.Now())
	if err != nil {
		return err
	}
	if parts[at].key == partNotice && got.Notice == nil {
		return store.ErrNotFound
	}
	return v.showForm(http.StatusOK, v.page(got, at))
}

func (v *request) showForm(status int, p formPage) error {
	v.choices(&p)
	return v.Show(status, "konto-endre", p.Title+" for "+p.Name, p)
}

// mostForm bounds a form with its logo, in bytes.
const mostForm = dated.MostLogo + 100_000

var sha = regexp.MustCompile(`^[0-9a-f]{64}$`)

func change(v *request) error {
	key, at, err := v.part()
	if err != nil {
		return err
	}
	got, err := v.Engine.AccountSettings(v.Ctx, key, v.Now())
	if err != nil {
		return err
	}
	p := v.page(got, at)
	v.R.Body = http.MaxBytesReader(v.W, v.R.Body, mostForm)
	var wrong []page.Link
	if err := v.R.ParseMultipartForm(mostForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		wrong = append(wrong, page.Link{Text: logoText, Path: "#logo"})
	}
	for name, values := range v.R.PostForm {
		if len(values) > 0 {
			p.Values.Set(name, values[0])
		}
	}
	o, bad := v.order(p, got)
	if wrong = append(wrong, bad...); len(wrong) > 0 {
		p.Errors = wrong
		return v.showForm(http.StatusUnprocessableEntity, p)
	}
	if p.Text("gjor") == "lagre" {
		version, err := v.Engine.ChangeAccount(v.Ctx, o)
		switch {
		case err == nil:
			return v.Redirect(accountPath + key + "?lagret=" + strconv.Itoa(version.Number))
		case errors.Is(err, access.ErrSecondPerson):
			return v.Show(http.StatusOK, "melding", "En til må gjøre det samme", visit.Notice{Text: "Ønsket ditt er notert, og ingenting er endret ennå. Å heve eller fjerne et tak krever to personer: En annen administrator må sette det samme taket fra samme dag, innen sju dager."})
		}
		return v.refused(p, got, err)
	}
	tried, err := v.Engine.TryChange(v.Ctx, o)
	if err != nil {
		return v.refused(p, got, err)
	}
	if err := v.preview(&p, tried); err != nil {
		return err
	}
	return v.showForm(http.StatusOK, p)
}

// refused shows the form again with what is wrong; an error that is not about what was written goes on.
func (v *request) refused(p formPage, got dated.Account, err error) error {
	if !errors.Is(err, party.ErrVersion) {
		return err
	}
	for _, f := range faults {
		if errors.Is(err, f.err) {
			p.Errors = append(p.Errors, page.Link{Text: f.text, Path: "#" + f.field})
		}
	}
	if errors.Is(err, dated.ErrSeen) {
		p.Values.Set("sett", strconv.Itoa(got.Seen())) // who sends it once more has been told
	}
	if len(p.Errors) == 0 {
		p.Errors = []page.Link{{Text: "Endringen kan ikke gjøres slik. Se over det du har skrevet.", Path: "#fra"}}
	}
	return v.showForm(http.StatusUnprocessableEntity, p)
}

const logoText = "Logoen må være et bilde i PNG eller JPEG på høyst 500 kB."

// faults is what is told of each thing that may be wrong, and of which field.
var faults = []struct {
	err         error
	text, field string
}{
	{dated.ErrSeen, "En annen har endret kontoen mens du skrev. Se over det du har skrevet, og prøv igjen.", "fra"},
	{party.ErrPast, "Endringen kan ikke gjelde fra en dag som er over.", "fra"},
	{party.ErrNoChange, "Det du har skrevet, gjelder allerede. Det er ikke noe å lagre.", "fra"},
	{dated.ErrFixed, "Dette er låst i konfigurasjonsfilen, og endres bare der.", "fra"},
	{dated.ErrName, "Skriv navnet på avsenderen.", "navn"},
	{dated.ErrPostcode, "Postnummeret må ha fire siffer.", "postnummer"},
	{dated.ErrCity, "Skriv poststedet.", "poststed"},
	{dated.ErrLanguage, "Velg et språk.", "sprak"},
	{dated.ErrLogo, logoText, "logo"},
	{dated.ErrCover, "Forsiden kan ikke lages slik. Avsender eller tekst er for lang, eller har tegn som ikke kan skrives ut.", "navn"},
	{dated.ErrNotice, "Altinn tar ikke imot teksten. Den er tom eller for lang, eller e-post og SMS er ikke fylt ut begge to.", "tekst"},
	{dated.ErrVendor, "Velg en leverandør.", "leverandor"},
	{dated.ErrDeadline, "Fristen må være fra 1 til 1440 timer, eller fra 1 til 60 virkedager.", "frist"},
	{dated.ErrCap, "Taket kan ikke være under null.", "tak"},
}

// order reads what was written.
func (v *request) order(p formPage, got dated.Account) (o dated.Order, wrong []page.Link) {
	bad := func(field, text string) { wrong = append(wrong, page.Link{Text: text, Path: "#" + field}) }
	reason, why := v.Reason()
	if why != "" {
		bad("begrunnelse", why)
	}
	day, err := civil.ParseDay(p.Text("fra"))
	if err != nil {
		bad("fra", "Velg dagen som endringen skal gjelde fra.")
	}
	seen, err := strconv.Atoi(p.Text("sett"))
	if err != nil || seen < 0 {
		seen = got.Seen()
	}
	o = dated.Order{Seen: seen, Version: party.Version{Account: got.Key, From: day, Reason: reason}}
	c := &o.Change
	switch p.Part {
	case partCover:
		if p.Is[string(party.SettingSender)] {
			c.Sender = &party.Letterhead{Name: p.Text("navn"), Line1: p.Text("linje1"), Line2: p.Text("linje2"), Line3: p.Text("linje3"), Postcode: p.Text("postnummer"), City: p.Text("poststed")}
		}
		if p.Is[string(party.SettingText)] {
			c.Text = new(p.Text("tekst"))
		}
		if p.Is[string(party.SettingLanguage)] {
			c.Language = new(cover.Language(p.Text("sprak")))
		}
		if p.Is[string(party.SettingLogo)] {
			if !v.logo(p, &o) {
				bad("logo", logoText)
			}
		}
	case partNotice:
		c.Notice = &party.Notice{Sender: p.Text("avsender"), Summary: p.Text("sammendrag"), Body: p.Text("tekst"), MailSubject: p.Text("emne"), MailBody: p.Text("epost"), SMS: p.Text("sms")}
	case partPrint:
		if p.Is[string(party.SettingVendor)] {
			c.Vendor = new(p.Text("leverandor"))
		}
		if p.Is[string(party.SettingDeadline)] {
			n, err := strconv.Atoi(strings.TrimSpace(p.Text("frist")))
			c.Deadline = &party.Deadline{Hours: n}
			if p.Text("enhet") == "virkedager" {
				c.Deadline = &party.Deadline{Workdays: n}
			}
			if err != nil {
				bad("frist", "Skriv fristen som et helt tall.")
			}
		}
		if p.Is[string(party.SettingCap)] {
			limit, err := money.ParseKroner(strings.TrimSpace(p.Text("tak")))
			if err != nil {
				bad("tak", "Skriv taket i kroner, for eksempel 5000,00. 0 er ikke noe tak.")
			}
			c.Cap = new(limit.Ore())
		}
	}
	return o, wrong
}

// logo reads a new logo, one that was sent with a preview, or that there shall be none.
func (v *request) logo(p formPage, o *dated.Order) bool {
	if f, _, err := v.R.FormFile("logo"); err == nil {
		defer f.Close() // only read
		if o.Picture, err = io.ReadAll(f); err != nil {
			return false
		}
		if len(o.Picture) > 0 {
			return true
		}
		o.Picture = nil
	}
	switch known := p.Text("ny-logo"); {
	case p.Text("uten-logo") != "":
		o.Change.Logo = new("")
	case known != "" && !sha.MatchString(known):
		return false
	case known != "":
		o.Change.Logo = &known
	}
	return true
}

// preview fills in what a change would do.
func (v *request) preview(p *formPage, t dated.Tried) error {
	p.Preview, p.From = true, t.Version.From.Norwegian()
	for _, s := range t.Version.Change.Sets() {
		p.Diffs = append(p.Diffs, diffRow{settingName[s], v.valueLines(t.Was, s), v.valueLines(t.Will, s)})
	}
	if logo := t.Version.Change.Logo; logo != nil && *logo != "" {
		p.Values.Set("ny-logo", *logo)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Values)) {
		if name != "gjor" && name != "logo" {
			p.Hidden = append(p.Hidden, hiddenField{name, p.Values.Get(name)})
		}
	}
	if p.Part != partCover {
		return nil
	}
	made, warnings, err := v.Engine.ChangedCover(t)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(warnings, cover.Warning.Lost) {
		p.Notes = append(p.Notes, "Noe på forsiden får ikke plass, og er kortet ned. Se på bildet.")
	}
	var pdf bytes.Buffer
	if _, err := made.WriteTo(&pdf); err != nil {
		return err
	}
	const dpi = 80 // enough to read it; the picture stands in the page
	_, err = v.Pictures.Render(v.Ctx, bytes.NewReader(pdf.Bytes()), int64(pdf.Len()), preview.Options{DPI: dpi, Want: func(side int) bool { return side == 1 }}, func(side preview.Page) error {
		var b bytes.Buffer
		if err := png.Encode(&b, side.Image); err != nil {
			return err
		}
		p.Picture = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes())) //nolint:gosec // our own bytes
		return nil
	})
	if err != nil {
		v.Log.Error("draw a forside", "account", t.Version.Account, "error", err)
		p.Notes = append(p.Notes, "Forsiden kan ikke vises som bilde akkurat nå.")
	}
	return nil
}
