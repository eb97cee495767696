package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/jobs"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/preview"
)

// printable is the engine, with letters of twelve sides in a world without documents.
type printable struct{ *engine.Engine }

// LetterPDF gives a letter that is only known by its sides.
func (printable) LetterPDF(_ context.Context, id string, _ int64) ([]byte, jobs.LetterPreview, error) {
	p := jobs.LetterPreview{Shipment: id, Vendor: "trykkeri", Sheets: 6, Sides: 12, Layout: []jobs.PreviewSide{{Kind: impose.Cover}, {}}}
	for n := range 10 {
		p.Layout = append(p.Layout, jobs.PreviewSide{Kind: impose.Page, Document: 1, Page: n + 1})
	}
	return []byte("%PDF-1.7 " + id), p, nil
}

// What the documents of refused letters are: sound, with a page that cannot be drawn, and none that can.
var soundPDF, oddPDF, brokenPDF = []byte("%PDF-1.7 sound"), []byte("%PDF-1.7 odd"), []byte("%PDF-1.7 broken")

// HandedIn gives four documents of a letter that was refused; one is gone.
func (printable) HandedIn(context.Context, string, int64) (accept.HandedIn, error) {
	return accept.HandedIn{Vendor: "trykkeri", Documents: []accept.HandedInDocument{{Bytes: soundPDF}, {Position: 2, Bytes: oddPDF}, {Position: 3, Bytes: brokenPDF}, {Position: 4, Gone: true}}}, nil
}

// drawn draws white pages with a text.
type drawn struct{}

func (drawn) Render(_ context.Context, pdf io.ReaderAt, size int64, o preview.Options, draw func(preview.Page) error) (int, error) {
	file, err := io.ReadAll(io.NewSectionReader(pdf, 0, size))
	if err != nil || bytes.Equal(file, brokenPDF) {
		return 0, errors.New("open PDF: it is broken")
	}
	texts := map[int]string{}
	for n := 1; n <= 12; n++ {
		texts[n] = fmt.Sprintf("Til %s, på side %d", secretName, n)
	}
	if o.Texts != nil {
		o.Texts(12, texts)
	}
	for n := 1; n <= 12; n++ {
		if !o.Want(n) {
			continue
		}
		if n == 3 && bytes.Equal(file, oddPDF) {
			return 12, errors.New("page 3: it is odd")
		}
		// Page 2 of a document that was handed in lies on its side.
		page := preview.Page{Number: n, Of: 12, Image: image.NewRGBA(image.Rect(0, 0, 21, 30)), Width: 595.276, Height: 841.89}
		if n == 2 && o.Fit {
			page.Width, page.Height = 1190.551, 841.89
		}
		if err := draw(page); err != nil {
			return 12, err
		}
	}
	return 12, nil
}

// lookups are the rows of the innsynslogg.
func (w *world) lookups() []access.Lookup {
	w.t.Helper()
	rows, err := store.View(w.t.Context(), w.archive, func(r store.Reader) ([]access.Lookup, error) {
		return r.Lookups(w.t.Context(), access.LogFilter{Oldest: true})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return rows
}

// change changes a letter.
func (w *world) change(id string, how func(s *shipment.Shipment)) {
	w.t.Helper()
	err := w.archive.InTx(w.t.Context(), func(tx store.Tx) error {
		s, err := tx.Shipment(w.t.Context(), id)
		if err != nil {
			return err
		}
		how(&s)
		return tx.UpdateShipment(w.t.Context(), s)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// saysNothing fails when an address tells of a person.
func saysNothing(t *testing.T, address string) {
	t.Helper()
	plain, err := url.QueryUnescape(address)
	for _, secret := range []string{secretName, "Ødegård", secretStreet, secretTitle, secretNumber, "ringte"} {
		if err != nil || strings.Contains(plain, secret) {
			t.Errorf("the address %s tells %q", address, secret)
		}
	}
}

// TestRevealStory: who a letter is to is shown for a purpose, which is written down first, to the session that asked, for some minutes.
func TestRevealStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	path := "/forsendelser/" + w.ownLetter
	if body := w.ask("GET", path, worker, "").Body.String(); !strings.Contains(body, `action="`+path+`/innsyn"`) || !strings.Contains(body, `formaction="`+path+`/sider"`) {
		t.Error("the letter's page does not offer innsyn")
	}
	if body := w.ask("GET", path, w.as("leser", access.Grant{Role: access.RoleReader, Account: own}), "").Body.String(); strings.Contains(body, "innsyn") {
		t.Error("innsyn is offered to who may not")
	}
	for form, wrong := range map[string]string{
		"hva=mottaker": "formålet blir stående", "formaal=+&hva=tittel": "formålet blir stående", "formaal=" + secretNumber + "&hva=tittel": "formålet blir stående",
		"formaal=Mottakeren+ringte": "velg hva du vil se", "formaal=Mottakeren+ringte&hva=alt": "velg hva du vil se",
	} {
		rec := w.ask("POST", path+"/innsyn", worker, form)
		if body := strings.ToLower(rec.Body.String()); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(body, wrong) || !strings.Contains(body, `role="alert"`) {
			t.Errorf("%s: %d", form, rec.Code)
		}
	}
	if rec := w.ask("POST", "/forsendelser/"+w.foreignLetter+"/innsyn", worker, "formaal=x&hva=mottaker"); rec.Code != http.StatusNotFound {
		t.Errorf("another's letter: %d", rec.Code)
	}
	if rows := w.lookups(); len(rows) != 0 {
		t.Fatalf("logged without anything shown: %+v", rows)
	}

	rec := w.ask("POST", path+"/innsyn", worker, "formaal=Mottakeren+ringte&hva=mottaker&hva=tittel")
	shown := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(shown, path+"/innsyn/") {
		t.Fatalf("%d, %s", rec.Code, shown)
	}
	saysNothing(t, shown)
	rows := w.lookups()
	if len(rows) != 1 || rows[0].Actor.ID != personID("saksbehandler") || rows[0].Shipment != w.ownLetter || access.Words(rows[0].What) != "mottaker tittel" || rows[0].Purpose != "Mottakeren ringte" {
		t.Errorf("logged: %+v", rows)
	}
	body := w.ask("GET", shown, worker, "").Body.String()
	for _, want := range []string{secretName, secretStreet, "0155 OSLO", secretTitle, secretNumber, "Oppslag 1"} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if strings.Contains(body, secretFile) {
		t.Error("the name of a document is shown that was not asked for")
	}
	// Once more in the same session, the purpose need not be written again.
	for _, at := range []string{"", "/innsyn", "/sider"} {
		if body := w.ask("GET", "/forsendelser/"+w.heldLetter+at, worker, "").Body.String(); !strings.Contains(body, `value="Mottakeren ringte"`) {
			t.Errorf("the purpose is forgotten at %q", at)
		}
	}
	colleague := w.as("kollega", access.Grant{Role: access.RoleCaseWorker, Account: own})
	gone := func(name string, who *http.Cookie) {
		t.Helper()
		rec := w.ask("GET", shown, who, "")
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != path+"/innsyn?utlopt=1" || strings.Contains(rec.Body.String(), secretName) {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Header().Get("Location"))
		}
	}
	gone("a colleague", colleague)
	if body := w.ask("GET", path+"/innsyn?utlopt=1", colleague, "").Body.String(); !strings.Contains(body, "Visningen er over") || strings.Contains(body, "Mottakeren ringte\"") {
		t.Error("it is not told that the view is over, or another's purpose is shown")
	}
	w.now = w.now.Add(15 * time.Minute)
	gone("later", worker)
	if n := len(w.lookups()); n != 1 {
		t.Errorf("%d look-ups are logged", n)
	}

	w.change(w.ownLetter, func(s *shipment.Shipment) { s.Submission.RequireLevel4 = true })
	if body := w.ask("GET", path+"/innsyn", worker, "").Body.String(); strings.Contains(body, "dokumenter") || !strings.Contains(body, "hva-tittel") {
		t.Error("documents of a letter of level 4 are offered, or nothing is")
	}
	rec = w.ask("POST", path+"/innsyn", worker, "formaal=Mottakeren+ringte&hva=dokumenter")
	if rec.Code != http.StatusUnprocessableEntity || len(w.lookups()) != 1 {
		t.Errorf("documents of a letter of level 4: %d", rec.Code)
	}
}

// TestNothingIsRevealedUnlogged: when the innsynslogg takes no row, nothing is shown.
func TestNothingIsRevealedUnlogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if _, err := w.archive.Exec(t.Context(), `CREATE TRIGGER full_log BEFORE INSERT ON lookup BEGIN SELECT RAISE(ABORT, 'the log is full'); END`); err != nil {
		t.Fatal(err)
	}
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	for path, form := range map[string]string{
		"/forsendelser/" + w.ownLetter + "/innsyn": "formaal=Mottakeren+ringte&hva=mottaker", "/forsendelser/" + w.ownLetter + "/sider": "formaal=Mottakeren+ringte",
		"/mottaker": "navn=%C3%85se&formaal=Mottakeren+ringte",
	} {
		rec := w.ask("POST", path, worker, form)
		if rec.Code != http.StatusInternalServerError || rec.Header().Get("Location") != "" {
			t.Errorf("%s: %d", path, rec.Code)
		}
		wellFormed(t, path, rec.Result(), rec.Body.String())
	}
}

// TestRecipientSearch: letters are found by whom they are to, within the scope; the search and each recipient that is shown stand in the
// innsynslogg, and nothing of the search does.
func TestRecipientSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if body := w.ask("GET", "/mottaker", w.as("innsyn", access.Grant{Role: access.RoleInsight, Account: own}), "").Body.String(); !strings.Contains(body, "kan ikke finnes på mottaker ennå") {
		t.Error("it is not told that letters of before are not found")
	}
	if _, err := recipient.Fill(t.Context(), w.archive, nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	if body := w.ask("GET", "/forsendelser", worker, "").Body.String(); strings.Count(body, `href="/mottaker"`) < 2 {
		t.Error("the list does not lead to the search")
	}
	for form, wrong := range map[string]string{
		"navn=%C3%85s&formaal=ringte": "minst tre bokstaver", "formaal=ringte": "minst tre bokstaver", "navn=Aase": "Formålet blir stående", "nummer=1234&formaal=ringte": "kan ingen finnes på nummer",
		"nummer=" + secretNumber + "&formaal=ringte": "kan ingen finnes på nummer", "navn=Aase&formaal=" + secretNumber: "Formålet blir stående",
	} {
		rec := w.ask("POST", "/mottaker", worker, form)
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), wrong) {
			t.Errorf("%s: %d", form, rec.Code)
		}
	}
	if body := w.ask("POST", "/mottaker", worker, "navn=Aase").Body.String(); !strings.Contains(body, `value="Aase"`) {
		t.Error("what was written is gone")
	}
	if rows := w.lookups(); len(rows) != 0 {
		t.Fatalf("logged without a search: %+v", rows)
	}
	rec := w.ask("POST", "/mottaker", worker, "navn=aase+oedeg&adresse=storg&konto="+foreign+"&formaal=Mottakeren+ringte")
	first := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(first, "/mottaker/") {
		t.Fatalf("%d, %s", rec.Code, rec.Body)
	}
	saysNothing(t, first)
	links := regexp.MustCompile(`href="/forsendelser/([0-9a-f-]{36})"`)
	var shown []string
	for at, pages := first, 1; ; pages++ {
		body := w.ask("GET", at, worker, "").Body.String()
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			shown = append(shown, m[1])
		}
		if !strings.Contains(body, secretName) || !strings.Contains(body, secretStreet) || strings.Contains(body, secretTitle) || strings.Contains(body, "Helsekontoret") || strings.Contains(body, secretNumber) {
			t.Errorf("page %d shows too little or too much", pages)
		}
		if !strings.Contains(body, "Eldre brev") {
			break
		}
		at = w.ask("POST", at, worker, "x=y").Header().Get("Location")
	}
	want := 0
	rows := w.lookups()
	var of []string
	for _, l := range rows {
		if slices.Equal(l.What, []access.What{access.WhatSearch}) {
			want++
			continue
		}
		of = append(of, l.Shipment)
		if access.Words(l.What) != "mottaker" || l.Account != own || l.Purpose != "Mottakeren ringte" {
			t.Errorf("logged: %+v", l)
		}
	}
	if !slices.Equal(of, shown) || len(shown) < 15 || !slices.Contains(shown, w.ownLetter) || slices.Contains(shown, w.foreignLetter) || want == 0 {
		t.Errorf("%d searches and %d recipients are logged, %d are shown", want, len(of), len(shown))
	}
	if rec := w.ask("GET", first, w.as("kollega", access.Grant{Role: access.RoleCaseWorker, Account: own}), ""); rec.Header().Get("Location") != "/mottaker?utlopt=1" {
		t.Errorf("a colleague is led to %q", rec.Header().Get("Location"))
	}
	nobody := w.ask("POST", "/mottaker", worker, "navn=Finnesikke&formaal=Mottakeren+ringte").Header().Get("Location")
	if body := w.ask("GET", nobody, worker, "").Body.String(); !strings.Contains(body, "Fant ingen brev") {
		t.Error("nobody is found, and that is not said")
	}
	// What a role no longer reaches is not shown from memory either.
	p := w.known["saksbehandler"]
	p.Grants = []access.Grant{{Role: access.RoleCaseWorker, Account: foreign}}
	w.known["saksbehandler"] = p
	if body := w.ask("GET", first, worker, "").Body.String(); strings.Contains(body, secretName) {
		t.Error("recipients of an account are shown whose role is gone")
	}
}

// TestSides: the pages of a letter as they are printed are shown for a purpose, with their text and what must be known about them, to the
// session that asked.
func TestSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	w.change(w.ownLetter, func(s *shipment.Shipment) {
		zone := finding.Args{"zone": "konvolutteringssonen", "x0": "2", "x1": "12.5", "y0": "100", "y1": "110"}
		s.Facts.Warnings = []finding.Finding{
			{Code: finding.CodeReservedZone, Page: 2, Args: zone, MM: &finding.Box{X0: 2, Y0: 100, X1: 12.5, Y1: 110}}, {Code: finding.CodeFontNotEmbedded, Page: 8, Pages: []int{8, 9}},
			{Code: finding.CodeBlankLetter},
		}
	})
	path := "/forsendelser/" + w.ownLetter + "/sider"
	if rec := w.ask("POST", path, worker, "formaal="); rec.Code != http.StatusUnprocessableEntity || len(w.lookups()) != 0 {
		t.Errorf("without a purpose: %d", rec.Code)
	}
	at := w.ask("POST", path, worker, "formaal=Mottakeren+ringte").Header().Get("Location")
	if !strings.HasPrefix(at, path+"/") {
		t.Fatalf("led to %q", at)
	}
	if rows := w.lookups(); len(rows) != 1 || access.Words(rows[0].What) != "sider" {
		t.Errorf("logged: %+v", rows)
	}
	body := w.ask("GET", at, worker, "").Body.String()
	for _, want := range []string{"Side 1: forsiden", "Side 2: tom bakside", "Side 3: dokument 1, side 1", secretName + ", på side 8", at + "/8.png", at + "/brev.pdf", at + "?fra=9", `class="vindu"`, `viewBox="0 0 210 297"`, `class="funn" x="2" y="100" width="10.5" height="10"`, `?fra=4#side-4">Side 4</a>`, `?fra=10#side-10">Side 10</a>`} {
		if !strings.Contains(body, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	if strings.Contains(body, "/9.png") || strings.Count(body, `class="vindu"`) != 1 {
		t.Error("sides of the next page are on this one, or another side than the first has a window")
	}
	if body := w.ask("GET", at+"?fra=9", worker, "").Body.String(); !strings.Contains(body, "/12.png") || strings.Contains(body, "/8.png") || !strings.Contains(body, at+"?fra=1") {
		t.Error("the next sides")
	}
	rec := w.ask("GET", at+"/3.png", worker, "")
	if m, err := png.Decode(bytes.NewReader(rec.Body.Bytes())); err != nil || m.Bounds().Dx() != 21 || rec.Header().Get("Content-Type") != "image/png" || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a picture: %d %v %v", rec.Code, rec.Header(), err)
	}
	if rec := w.ask("GET", at+"/brev.pdf", worker, ""); rec.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(rec.Body.String(), "%PDF") || !strings.Contains(rec.Header().Get("Content-Disposition"), w.ownLetter) {
		t.Errorf("the PDF: %d %v", rec.Code, rec.Header())
	}
	for _, no := range []string{"/0.png", "/13.png", "/x.png", "/brev.txt"} {
		if rec := w.ask("GET", at+no, worker, ""); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", no, rec.Code)
		}
	}
	colleague := w.as("kollega", access.Grant{Role: access.RoleCaseWorker, Account: own})
	for _, file := range []string{"", "/3.png", "/brev.pdf"} {
		if rec := w.ask("GET", at+file, colleague, ""); rec.Header().Get("Location") != path+"?utlopt=1" {
			t.Errorf("a colleague gets %s: %d", file, rec.Code)
		}
		other := strings.Replace(at, w.ownLetter, w.heldLetter, 1)
		if rec := w.ask("GET", other+file, worker, ""); rec.Code != http.StatusSeeOther {
			t.Errorf("the view of one letter shows another %s: %d", file, rec.Code)
		}
	}
	if n := len(w.lookups()); n != 1 {
		t.Errorf("%d look-ups are logged", n)
	}
	// What was never made ready has no pages.
	undecided := archivetest.ID(2*slices.Index(shipment.Statuses(), shipment.StatusMottatt) + 1)
	w.change(undecided, func(s *shipment.Shipment) { s.Facts, s.Prepared, s.PreparedKey = nil, shipment.BlobRef{}, "" })
	rec = w.ask("POST", "/forsendelser/"+undecided+"/sider", worker, "formaal=Mottakeren+ringte")
	if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "ikke gjort klart for utskrift") || len(w.lookups()) != 1 {
		t.Errorf("a letter without pages: %d", rec.Code)
	}
}

// refusedLetter is a letter that was refused, with faults of every kind.
func (w *world) refusedLetter() string {
	id := archivetest.ID(2*slices.Index(shipment.Statuses(), shipment.StatusAvvist) + 1)
	w.change(id, func(s *shipment.Shipment) {
		s.Facts, s.Prepared, s.PreparedKey = nil, shipment.BlobRef{}, ""
		zone := shipment.Args{"zone": "konvolutteringssonen", "x0": "2", "x1": "12.5", "y0": "100", "y1": "110", "page": "2"}
		s.Refusals = []shipment.Refusal{
			{Code: finding.CodeFontNotEmbedded, Field: "dokumenter[0]", Pages: []int{2, 9}, Warning: true},
			{Code: "postnummer-form", Field: "mottaker.postnummer"},
			{Code: finding.CodeReservedZone, Field: "dokumenter[0]", Args: zone},
			{Code: finding.CodeTruncated, Field: "dokumenter[3]"},
			{Code: finding.CodeGiroOutOfRange, Field: "dokumenter[0]", Args: shipment.Args{"page": "40"}},
		}
	})
	return id
}

// TestRefusedSides: the pages of a refused letter are shown as they were handed in, with everything that is wrong with them in its place.
func TestRefusedSides(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	id := w.refusedLetter()
	path := "/forsendelser/" + id + "/sider"
	if body := w.ask("GET", "/forsendelser/"+id, worker, "").Body.String(); !strings.Contains(body, `href="`+path+`"`) {
		t.Error("the letter's page does not lead to the faults on its pages")
	}
	if body := w.ask("GET", path, worker, "").Body.String(); !strings.Contains(body, "slik de ble levert") {
		t.Error("it is not told what is shown")
	}
	at := w.ask("POST", path, worker, "formaal=Avsenderen+spurte").Header().Get("Location")
	if rows := w.lookups(); !strings.HasPrefix(at, path+"/") || len(rows) != 1 || access.Words(rows[0].What) != "sider" || rows[0].Shipment != id {
		t.Fatalf("led to %q, logged %+v", at, rows)
	}
	has := func(query string, all ...string) string {
		t.Helper()
		rec := w.ask("GET", at+query, worker, "")
		body := rec.Body.String()
		for _, want := range all {
			if !strings.Contains(body, want) {
				t.Errorf("%q is not on the page %q (%d)", want, query, rec.Code)
			}
		}
		return body
	}
	body := has("", "slik de ble levert", "Dokument 1, 12 sider", "på side 8", `/1-8.png" width="595.276" height="841.89"`, `transform="matrix(0.35278 0.00000 0.00000 0.35278 0.00 -0.00)"`,
		// The page on its side is turned and made to fit.
		`transform="matrix(0.00000 -0.24944 0.24944 0.00000 0.00 296.98)"`,
		`class="funn" x="2" y="100" width="10.5" height="10"`, `?dokument=1&amp;fra=2#side-2">Dokument 1</a>`, "Sidene 2 og 9: ", "Dokument 4</a>: ", "Dokument 1</a>: ", "?dokument=1&amp;fra=9", "Postnummeret må ha", `aria-label="Dokumenter"`)
	if n := strings.Count(body, `class="funn"`); n != 1 || strings.Contains(body, "/1-9.png") || strings.Contains(body, "brev.pdf") {
		t.Errorf("%d marks of faults, or more pages than eight", n)
	}
	if strings.Index(body, "Advarsel") < strings.LastIndex(body[:strings.Index(body, "sheets")], "Avvist") {
		t.Error("a warning comes before what refused the letter")
	}
	if body := has("?dokument=1&fra=9", "/1-12.png", "?dokument=1&amp;fra=1"); strings.Contains(body, "/1-13.png") {
		t.Error("pages are shown that there are not")
	}
	if body := has("?dokument=3", "Dokument 3, 12 sider", "Siden kan ikke tegnes", "/3-4.png"); strings.Contains(body, `href="`+at+`/3-3.png`) || strings.Count(body, "Siden kan ikke tegnes") != 1 {
		t.Error("one page cannot be drawn: the others are")
	}
	has("?dokument=4", "Sidene kan ikke tegnes", "Hvorfor forsendelsen er avvist", "konvolutteringssonen")
	has("?dokument=5", "finnes ikke lenger", "konvolutteringssonen")
	for _, no := range []string{"?dokument=2", "?dokument=x", "?dokument=1&fra=90", "/1-13.png", "/2-1.png", "/1.png", "/3-3.png", "/brev.pdf"} {
		if rec := w.ask("GET", at+no, worker, ""); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", no, rec.Code)
		}
	}
	if rec := w.ask("GET", at+"/3-4.png", worker, ""); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "image/png" {
		t.Errorf("a picture: %d", rec.Code)
	}
	if rec := w.ask("GET", at, w.as("kollega", access.Grant{Role: access.RoleCaseWorker, Account: own}), ""); rec.Header().Get("Location") != path+"?utlopt=1" {
		t.Errorf("a colleague gets %d", rec.Code)
	}
	// Of level 4 nothing is shown, nor what was kept before it was known.
	w.change(id, func(s *shipment.Shipment) { s.Submission.RequireLevel4 = true })
	if rec := w.ask("GET", at, worker, ""); rec.Header().Get("Location") != path+"?utlopt=1" {
		t.Errorf("pages of level 4: %d", rec.Code)
	}
	if rec := w.ask("POST", path, worker, "formaal=Avsenderen+spurte"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "høyeste nivået") || len(w.lookups()) != 1 {
		t.Errorf("pages of level 4: %d", rec.Code)
	}
}

// TestSidesOfLevel4: of a letter whose sender demands level 4 the forside alone is shown.
func TestSidesOfLevel4(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.change(w.ownLetter, func(s *shipment.Shipment) { s.Submission.RequireLevel4 = true })
	worker := w.as("saksbehandler", access.Grant{Role: access.RoleCaseWorker, Account: own})
	path := "/forsendelser/" + w.ownLetter + "/sider"
	at := w.ask("POST", path, worker, "formaal=Mottakeren+ringte").Header().Get("Location")
	body := w.ask("GET", at, worker, "").Body.String()
	if !strings.Contains(body, "/1.png") || strings.Contains(body, "/2.png") || strings.Contains(body, "brev.pdf") || strings.Contains(body, "på side 2") || !strings.Contains(body, "vises bare forsiden") {
		t.Error("more than the forside is shown, or less")
	}
	if rec := w.ask("GET", at+"/1.png", worker, ""); rec.Code != http.StatusOK {
		t.Errorf("the forside: %d", rec.Code)
	}
	for _, no := range []string{"/2.png", "/brev.pdf"} {
		if rec := w.ask("GET", at+no, worker, ""); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", no, rec.Code)
		}
	}
	if rows := w.lookups(); len(rows) != 1 || access.Words(rows[0].What) != "mottaker tittel" {
		t.Errorf("logged: %+v", rows)
	}
}
