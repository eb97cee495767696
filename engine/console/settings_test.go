package console

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postgang/billing/ledger"
	"postgang/billing/price"
	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/console/settings"
)

const (
	schoolPage = "/konfigurasjon/konto/" + own
	coverForm  = schoolPage + "/endre/forside"
)

// filled is the form of the forside, with some fields otherwise.
func filled(fields ...string) url.Values {
	f := url.Values{"navn": {"Oppvekstkontoret"}, "postnummer": {"0155"}, "poststed": {"OSLO"}, "sprak": {"nb"}, "tekst": {""}, "fra": {"2099-01-02"}, "begrunnelse": {"Ny avdeling"}}
	for i := 0; i+1 < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return f
}

// TestSetASender: an administrator sees what a new sender will look like, saves it from a day on, and everybody who may see it sees who
// did and why; the day before it is as it was.
func TestSetASender(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator, Account: own})
		if body := w.ask("GET", coverForm, boss, "").Body.String(); !strings.Contains(body, "Prøve kommune") || strings.Contains(body, "Lagre fra") {
			t.Errorf("the form: %s", body)
		}
		rec := w.ask("POST", coverForm, boss, filled().Encode())
		body := rec.Body.String()
		if rec.Code != http.StatusOK || !strings.Contains(body, "Slik blir det fra 02.01.2099") || !strings.Contains(body, "Prøve kommune") || !strings.Contains(body, "data:image/png;base64,") {
			t.Fatalf("%d: %s", rec.Code, body)
		}
		if body := w.ask("GET", schoolPage, boss, "").Body.String(); strings.Contains(body, "Oppvekstkontoret") {
			t.Error("the preview has set something")
		}
		saving := filled("gjor", "lagre", "sett", "0")
		rec = w.ask("POST", coverForm, boss, saving.Encode())
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != schoolPage+"?lagret=1" {
			t.Fatalf("%d to %s: %s", rec.Code, rec.Header().Get("Location"), rec.Body)
		}
		auditor := w.as("revisor", access.Grant{Role: access.RoleAuditor})
		for path, wants := range map[string][]string{
			schoolPage + "?lagret=1":       {"Endringen er lagret", "Prøve kommune", "Ny avdeling", "Kommer"},
			schoolPage + "?dag=2099-01-02": {"Oppvekstkontoret", "Satt av "},
			schoolPage + "?dag=2099-01-01": {"Prøve kommune", "Standard"},
			"/konfigurasjon":               {"Skolekontoret", "02.01.2099", "Trykkeriet"},
		} {
			page := w.ask("GET", path, auditor, "").Body.String()
			for _, want := range wants {
				if !strings.Contains(page, want) {
					t.Errorf("%s: no %q: %s", path, want, page)
				}
			}
			if strings.Contains(page, "/endre/") {
				t.Errorf("%s: the auditor is offered to change", path)
			}
		}
		if pdf := w.ask("GET", schoolPage+"/forside.pdf", auditor, ""); !strings.HasPrefix(pdf.Body.String(), "%PDF-") {
			t.Errorf("no PDF: %d", pdf.Code)
		}
		// Somebody who had the form open before that is told, and may go on.
		rec = w.ask("POST", coverForm, boss, filled("gjor", "lagre", "sett", "0", "navn", "Enda et navn").Encode())
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "En annen har endret kontoen") || !strings.Contains(rec.Body.String(), "Enda et navn") {
			t.Errorf("meanwhile: %d %s", rec.Code, rec.Body)
		}
	})
}

// TestSetWrong: what cannot be set is told beside its field, and what was written stays.
func TestSetWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator, Account: own})
	for field, c := range map[string]struct{ value, told string }{
		"navn": {"", "Skriv navnet"}, "postnummer": {"15", "fire siffer"}, "poststed": {"", "poststedet"}, "sprak": {"sma", "Velg et språk"}, "fra": {"2020-01-01", "en dag som er over"},
		"begrunnelse": {"", "Skriv kort hvorfor"}, "tekst": {"学校", "ikke kan skrives ut"}, "ny-logo": {"../..", "PNG eller JPEG"},
	} {
		rec := w.ask("POST", coverForm, boss, filled(field, c.value, "linje1", "Skolegata 12").Encode())
		if body := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(body, c.told) || !strings.Contains(body, "Skolegata 12") {
			t.Errorf("%s: %d %s", field, rec.Code, body)
		}
	}
	if rec := w.ask("POST", schoolPage+"/endre/print", boss, "leverandor=ingen&frist=0&enhet=timer&tak=-1&fra=2099-01-01&begrunnelse=x"); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "Velg en leverandør") || !strings.Contains(rec.Body.String(), "1440 timer") {
		t.Errorf("print: %d %s", rec.Code, rec.Body)
	}
	for _, path := range []string{schoolPage + "/endre/priser", schoolPage + "/endre/varsling", "/konfigurasjon/konto/" + foreign, "/konfigurasjon/konto/finnes-ikke"} {
		if rec := w.ask("GET", path, boss, ""); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

// TestSetPrint: vendor, deadline and cap are set together, and only what is otherwise.
func TestSetPrint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator})
	today := w.now.Format(time.DateOnly)
	rec := w.ask("POST", schoolPage+"/endre/print", boss, "gjor=lagre&leverandor=trykkeri&frist=3&enhet=virkedager&tak=5000%2C00&fra="+today+"&begrunnelse=Etter+avtale")
	if rec.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	body := w.ask("GET", schoolPage, boss, "").Body.String()
	for _, want := range []string{"3 virkedager", "5\u202f000,00", "frist for å lese digitalt, tak på kostnad per dag", "Satt av deg"} {
		if !strings.Contains(strings.ReplaceAll(body, "\u00a0", "\u202f"), strings.ReplaceAll(want, "\u00a0", "\u202f")) {
			t.Errorf("no %q: %s", want, body)
		}
	}
}

// TestSetLogo: a logo is sent once, with the preview, and saved from there.
func TestSetLogo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator, Account: own})
	send := func(logo []byte) *httptest.ResponseRecorder {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for name, values := range filled() {
			_ = m.WriteField(name, values[0])
		}
		part, err := m.CreateFormFile("logo", "logo.png")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(logo)
		m.Close()
		r := httptest.NewRequest("POST", w.base+coverForm, &b)
		r.Header.Set("Content-Type", m.FormDataContentType())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.AddCookie(boss)
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		return rec
	}
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{"no picture": []byte("GIF"), "too large": make([]byte, 700_000)} {
		if rec := send(bad); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "PNG eller JPEG") {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	body := send(picture.Bytes()).Body.String()
	_, rest, ok := strings.Cut(body, `name="ny-logo" value="`)
	if !ok || len(rest) < 64 {
		t.Fatalf("no logo: %s", body)
	}
	rec := w.ask("POST", coverForm, boss, filled("gjor", "lagre", "ny-logo", rest[:64]).Encode())
	if rec.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	if body := w.ask("GET", schoolPage+"?dag=2099-01-02", boss, "").Body.String(); !strings.Contains(body, "avsender, logo") || !strings.Contains(body, "<td>Ja</td>") {
		t.Errorf("no logo is set: %s", body)
	}
}

// TestPrices: a vendor's prices are shown for a day, with those to come, and none that was agreed for an account of others.
func TestPrices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list, err := price.NewList([]price.Price{
		{Element: price.ElementPage, Colour: price.ColourBW, Price: 31, ValidFrom: "2020-01-01", ValidTo: "2099-01-01", Source: "avtale 12"},
		{Element: price.ElementPage, Colour: price.ColourBW, Price: 35, ValidFrom: "2099-01-01"},
		{Element: price.ElementPage, Colour: price.ColourBW, Account: foreign, Price: 29, ValidFrom: "2020-01-01"},
		{Element: price.ElementGiroSheet, Kroner: 770, ValidFrom: "2021-02-01"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.config.Vendors = slices.Clone(w.config.Vendors)
	w.config.Vendors[0].Prices = &list
	w.config.Vendors[0].VAT = ledger.VAT{ProductionPercent: 25}
	w.handler = Handler(w.config)
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator, Account: own})
	const path = "/konfigurasjon/leverandor/trykkeri"
	for at, wants := range map[string][]string{
		"/konfigurasjon":         {path, "Uendret siden 01.02.2021, endres 01.01.2099"},
		path:                     {"Side sort/hvitt", "0,31", "31.12.2098", "avtale 12", "0,077", "Inntil videre", "Priser som kommer", "0,35", "Ikke oppgitt", "25\u00a0% av produksjon"},
		path + "?dag=2099-01-01": {"0,35", "I dag"},
		path + "?dag=2019-01-01": {"Ingen priser er i kraft", "0,31"},
	} {
		body := w.ask("GET", at, boss, "").Body.String()
		for _, want := range wants {
			if !strings.Contains(body, want) {
				t.Errorf("%s: no %q: %s", at, want, body)
			}
		}
		if strings.Contains(body, "0,29") || at == path+"?dag=2099-01-01" && strings.Contains(body, "0,31") {
			t.Errorf("%s: a price that is another's, or over", at)
		}
	}
	if body := w.ask("GET", path, w.as("revisor", access.Grant{Role: access.RoleAuditor}), "").Body.String(); !strings.Contains(body, "0,29") || !strings.Contains(body, "Helsekontoret") {
		t.Error("who sees all accounts misses the price of one")
	}
	if body := w.ask("GET", "/konfigurasjon/leverandor/her", w.as("revisor", access.Grant{Role: access.RoleAuditor}), "").Body.String(); !strings.Contains(body, "ingen prisliste") {
		t.Error("a vendor without prices")
	}
}

// fakeDoctor finds the same each time, when it is let.
type fakeDoctor struct {
	times atomic.Int32
	wait  chan struct{} // nil: it finds at once
}

func (d *fakeDoctor) Checkup(context.Context) []settings.Check {
	d.times.Add(1)
	if d.wait != nil {
		<-d.wait
	}
	return []settings.Check{
		{Grade: settings.Fine, Name: "Klokken", Text: "Den går riktig."}, {Grade: settings.Bad, Name: "Server hos trykkeri", Text: "Serveren er ikke å nå.", Fix: "Kontroller adressen."},
		{Grade: settings.Doubtful, Name: "Postnummer", Text: "Registeret er gammelt."},
	}
}

func (d *fakeDoctor) Keys(account, vendor string) []settings.Key {
	now := archivetest.T0
	return []settings.Key{
		{Use: "Krypterte dokumenter", Name: account + "-1", Until: now.AddDate(3, 0, 0)}, {Use: "Maskinporten", Name: "gammel.pem", Until: now.AddDate(0, 0, -1)},
		{Use: "Maskinporten", Name: "ny.pem", Until: now.AddDate(0, 1, 0)}, {Use: "Server hos " + vendor, Name: "borte", Unusable: true}, {Use: "Server hos " + vendor, Name: "postgang"},
	}
}

// TestKeysOfAnAccount: which keys an account's letters go by, and when they end.
func TestKeysOfAnAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := w.ask("GET", schoolPage, w.as("sjef", access.Grant{Role: access.RoleAdministrator, Account: own}), "").Body.String()
	for _, want := range []string{own + "-1", "Server hos trykkeri", "Utløpt", "Utløper snart", "Kan ikke brukes", "Uten utløp"} {
		if strings.Count(body, want) == 0 {
			t.Errorf("no %q", want)
		}
	}
	if n := strings.Count(body, "I bruk"); n != 2 {
		t.Errorf("%d are in use: %s", n, body)
	}
}

// TestCheckup: the setup is looked at when somebody asks, by one at a time and never for looking at the page, and what was found stays.
func TestCheckup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := &fakeDoctor{wait: make(chan struct{})}
	w.config.Doctor = d
	w.handler = Handler(w.config)
	const path = "/konfigurasjon/kontroll"
	boss := w.as("sjef", access.Grant{Role: access.RoleAdministrator})
	if body := w.ask("GET", "/konfigurasjon", boss, "").Body.String(); !strings.Contains(body, path) {
		t.Error("nothing leads to the checkup")
	}
	if body := w.ask("GET", "/konfigurasjon", w.as("lokal", access.Grant{Role: access.RoleAdministrator, Account: own}), "").Body.String(); strings.Contains(body, path) {
		t.Error("who administers one account is offered to check all")
	}
	if body := w.ask("GET", path, boss, "").Body.String(); !strings.Contains(body, "Ingen har kontrollert") || d.times.Load() != 0 {
		t.Errorf("looked at %d times before anybody asked", d.times.Load())
	}
	asked := make(chan int, 2)
	for range 2 {
		go func() { asked <- w.ask("POST", path, boss, "x=y").Code }()
	}
	for d.times.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if body := w.ask("GET", path, boss, "").Body.String(); !strings.Contains(body, "Kontrollen pågår") || strings.Contains(body, "<form method=\"post\" action=\""+path) {
		t.Error("it is not told that it is under way")
	}
	close(d.wait)
	for range 2 {
		if code := <-asked; code != http.StatusSeeOther {
			t.Errorf("answered %d", code)
		}
	}
	body := w.ask("GET", path, w.as("revisor", access.Grant{Role: access.RoleAuditor}), "").Body.String()
	bad, doubt, fine := strings.Index(body, "Serveren er ikke å nå."), strings.Index(body, "Registeret er gammelt."), strings.Index(body, "Den går riktig.")
	if bad < 0 || doubt < bad || fine < doubt || !strings.Contains(body, "Kontroller adressen.") || !strings.Contains(body, "av sjef") {
		t.Errorf("what was found, the gravest first: %d %d %d %s", bad, doubt, fine, body)
	}
	if n := d.times.Load(); n > 2 {
		t.Errorf("looked %d times", n)
	}
}
