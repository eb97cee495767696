package settings

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
	"postgang/engine/party"
	dated "postgang/engine/settings"
	"postgang/engine/store"
	"postgang/printjobs/cover"
	"postgang/printjobs/impose"
)

// listPage is how all accounts of a person are set up.
type listPage struct {
	Rows    []listRow
	Vendors []vendorRow
	Checkup string // where the setup is checked; empty: not by this person
}

type listRow struct{ Key, Name, Sender, Vendor, Deadline, Next string }

// vendorRow is a vendor's profile in short.
type vendorRow struct {
	Key, Name, How, Cover, Window, Prices string
	Sheets                                int // that a machine folds into one envelope
}

func list(v *request) error {
	p := listPage{}
	if v.Doctor != nil && v.MayAll(access.SeeSettings) {
		p.Checkup = checkupPath
	}
	for _, a := range v.Accounts {
		if !v.Scope.Has(a.Key) {
			continue
		}
		got, err := v.Engine.AccountSettings(v.Ctx, a.Key, v.Now())
		if err != nil {
			return err
		}
		row := listRow{Key: a.Key, Name: v.AccountName(a.Key), Sender: got.Sender.Name, Vendor: v.VendorName(got.Vendor), Deadline: deadlineText(deadlineOf(got))}
		if next := party.NextChange(got.Versions, v.Now()); !next.IsZero() {
			row.Next = page.Day(next)
		}
		p.Rows = append(p.Rows, row)
	}
	slices.SortFunc(p.Rows, func(a, b listRow) int { return strings.Compare(a.Name, b.Name) })
	vendors, err := v.vendors()
	if err != nil {
		return err
	}
	for _, vendor := range vendors {
		row := vendorRow{Key: vendor.Key, Prices: priceList(v.prices(vendor), civil.Of(v.Now(), calendar.Oslo)), Name: v.VendorName(vendor.Key), How: "henter jobber over SFTP", Cover: "med forside", Sheets: vendor.Profile.Impose.AutoMaxSheets, Window: "hele døgnet"}
		if vendor.Manual {
			row.How = "skrives ut her"
		}
		if vendor.Profile.Impose.Cover != impose.CoverSheet {
			row.Cover = "uten forside"
		}
		if vendor.OfferFrom != vendor.OfferTo {
			row.Window = clock(vendor.OfferFrom) + "–" + clock(vendor.OfferTo)
		}
		p.Vendors = append(p.Vendors, row)
	}
	return v.Show(http.StatusOK, "konfigurasjon", "Konfigurasjon", p)
}

func clock(d time.Duration) string { return time.Time{}.Add(d).Format("15.04") }

// accountPage is how one account is set up.
type accountPage struct {
	Key, Name string
	Day       string // that is looked at, as a date field has it
	Other     bool   // not today
	Settings  []settingRow
	Versions  []versionRow // the newest first
	Keys      []keyRow     // by which its letters go
	Checkup   string       // where it is seen why one cannot be used; empty: not by this person
	Parts     []page.Link  // what of it the person may set
	Saved     string       // what was just set
}

type settingRow struct {
	Name  string
	Lines []string // its value
	From  string   // where it comes from
	Why   string
	Fixed bool
}

type versionRow struct {
	Number           int
	From, By, Reason string
	Made             time.Time
	What             string
	Later            bool // it holds from a day to come
}

// scopedKey is the account of an address; store.ErrNotFound outside of the person's scope.
func (v *request) scopedKey() (string, error) {
	key := v.R.PathValue("konto")
	if !v.Scope.Has(key) || v.Account(key).Key == "" {
		return "", store.ErrNotFound
	}
	return key, nil
}

// lookedAt is the day that an address asks for; false: now.
func (v *request) lookedAt() (at time.Time, other bool) {
	day, err := civil.ParseDay(v.R.URL.Query().Get("dag"))
	if err != nil || day == civil.Of(v.Now(), calendar.Oslo) {
		return v.Now(), false
	}
	return day.In(calendar.Oslo), true
}

func account(v *request) error {
	key, err := v.scopedKey()
	if err != nil {
		return err
	}
	at, other := v.lookedAt()
	got, err := v.Engine.AccountSettings(v.Ctx, key, at)
	if err != nil {
		return err
	}
	p := accountPage{Key: key, Name: v.AccountName(key), Day: string(civil.Of(at, calendar.Oslo)), Other: other}
	p.Keys = v.keys(key, got.Vendor)
	if v.MayAll(access.SeeSettings) {
		p.Checkup = checkupPath
	}
	names := namesOf(v.Visit, got.Versions)
	for _, s := range got.Values {
		row := settingRow{Name: settingName[s.Setting], Lines: v.valueLines(got, s.Setting), Fixed: s.Fixed}
		switch of := s.Version; {
		case of != nil:
			row.From = "Satt av " + names[of.By.String()] + " " + page.Day(of.Made) + ", gjelder fra " + of.From.Norwegian()
			row.Why = of.Reason
		case got.Lines[s.Setting] > 0:
			row.From = "Konfigurasjonsfilen, linje " + strconv.Itoa(got.Lines[s.Setting])
		default:
			row.From = "Standard"
		}
		p.Settings = append(p.Settings, row)
	}
	for _, version := range slices.Backward(got.Versions) {
		row := versionRow{Number: version.Number, From: version.From.Norwegian(), By: names[version.By.String()], Reason: version.Reason, Made: version.Made, Later: version.Begins().After(v.Now())}
		var what []string
		for _, s := range version.Change.Sets() {
			what = append(what, strings.ToLower(settingName[s]))
			if row.Number > 0 && v.R.URL.Query().Get("lagret") == strconv.Itoa(row.Number) {
				p.Saved = "Endringen er lagret, og gjelder fra " + row.From + "."
			}
		}
		row.What = strings.Join(what, ", ")
		p.Versions = append(p.Versions, row)
	}
	if v.May(access.Configure).Has(key) {
		for _, part := range parts {
			if part.key != partNotice || got.Notice != nil {
				p.Parts = append(p.Parts, page.Link{Text: "Endre " + part.link, Path: accountPath + key + "/endre/" + part.key})
			}
		}
	}
	return v.Show(http.StatusOK, "konto", "Konfigurasjon av "+p.Name, p)
}

// namesOf are the authors of versions as pages name them.
func namesOf(v *visit.Visit, versions []party.Version) map[string]string {
	out := map[string]string{}
	for _, version := range versions {
		out[version.By.String()] = v.ByWhom(version.By.String())
	}
	return out
}

// settingName names the settings.
var settingName = map[party.Setting]string{
	party.SettingSender: "Avsender", party.SettingLogo: "Logo", party.SettingText: "Forsidetekst", party.SettingLanguage: "Språk på forsiden",
	party.SettingNotice: "Varsling i Altinn", party.SettingVendor: "Leverandør", party.SettingDeadline: "Frist for å lese digitalt", party.SettingCap: "Tak på kostnad per dag",
}

// languageNames names the languages of forsides.
var languageNames = map[cover.Language]string{cover.Bokmal: "Bokmål", cover.Nynorsk: "Nynorsk", cover.Sami: "Nordsamisk", cover.English: "Engelsk"}

func languageOf(a dated.Account) cover.Language {
	if a.Sender.Language == "" {
		return cover.Bokmal
	}
	return a.Sender.Language
}

func deadlineOf(a dated.Account) party.Deadline {
	if a.Rules.DeadlineWorkdays > 0 {
		return party.Deadline{Workdays: a.Rules.DeadlineWorkdays}
	}
	return party.Deadline{Hours: a.Rules.DeadlineHours}
}

func deadlineText(d party.Deadline) string {
	if d.Workdays > 0 {
		return page.Counted(d.Workdays, "virkedag", "virkedager")
	}
	return page.Counted(d.Hours, "time", "timer") + " på virkedager"
}

// valueLines is a setting as people read it.
func (v *request) valueLines(a dated.Account, s party.Setting) []string {
	given := func(lines ...string) (out []string) {
		for _, l := range lines {
			if l = strings.TrimSpace(l); l != "" {
				out = append(out, l)
			}
		}
		if out == nil {
			out = []string{"Ingen"}
		}
		return out
	}
	switch s {
	case party.SettingSender:
		h := party.LetterheadOf(a.Sender)
		return given(h.Name, h.Line1, h.Line2, h.Line3, h.Postcode+" "+h.City)
	case party.SettingLogo:
		if a.Logo != "" || len(a.Sender.Logo) > 0 {
			return []string{"Ja"}
		}
		return []string{"Ingen"}
	case party.SettingText:
		return given(strings.Split(a.Sender.Text, "\n")...)
	case party.SettingLanguage:
		return given(languageNames[languageOf(a)])
	case party.SettingNotice:
		n := a.Notice
		if n == nil {
			return given()
		}
		return given(labelled("Avsender", n.Sender), labelled("Sammendrag", n.Summary), labelled("Tekst", n.Body), labelled("E-post", n.MailSubject), n.MailBody, labelled("SMS", n.SMS))
	case party.SettingVendor:
		return given(v.VendorName(a.Vendor))
	case party.SettingDeadline:
		return given(deadlineText(deadlineOf(a)))
	case party.SettingCap:
		if a.Cap == 0 {
			return []string{"Ikke noe eget tak"}
		}
		return given("kr\u00a0" + a.Cap.String())
	default:
		return given()
	}
}

func labelled(name, text string) string {
	if text == "" {
		return ""
	}
	return name + ": " + text
}

// coverFile is the forside of a made-up letter.
func coverFile(v *request) error {
	key, err := v.scopedKey()
	if err != nil {
		return err
	}
	at, _ := v.lookedAt()
	l := cover.Language(v.R.URL.Query().Get("sprak"))
	if !l.Valid() {
		l = ""
	}
	made, _, err := v.Engine.AccountCover(v.Ctx, key, at, l)
	if err != nil {
		return err
	}
	v.Attach("application/pdf", "forside-"+key+".pdf")
	_, _ = made.WriteTo(v.W) // who asked may be gone
	return nil
}
