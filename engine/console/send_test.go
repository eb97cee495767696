package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"postgang/billing/codes"
	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/calendar"
	"postgang/engine/console/send"
	"postgang/engine/jobs"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/prepare"
)

// inProcess prepares letters without a process of their own.
type inProcess struct{}

func (inProcess) Letter(ctx context.Context, req prepare.Request) (prepare.Facts, error) {
	return prepare.Letter(ctx, req)
}

// fillManual puts a job that is printed here into the archive for each of the two accounts.
func (w *world) fillManual(ctx context.Context, tx store.Tx) error {
	for i, account := range []string{own, foreign} {
		n := 200 + i
		s := archivetest.Shipment(n)
		s.Account = account
		id, err := tx.NextJobID(ctx)
		if err != nil {
			return err
		}
		j, rows := archivetest.Job(id, n)
		j.Vendor, j.Class.Account = "her", account
		if account == own {
			w.ownManual = id
		} else {
			w.foreignManual = id
		}
		err = errors.Join(tx.InsertShipment(ctx, s, []shipment.Document{archivetest.Document(n, 0)}), tx.InsertJob(ctx, j, rows),
			tx.AddJobEvent(ctx, store.JobEvent{Job: id, At: w.now, To: store.JobPlanned, Reason: "planned {}"}))
		if err != nil {
			return err
		}
	}
	return nil
}

// onePage is a small PDF with a mark on it.
func onePage(mark int) []byte {
	var b bytes.Buffer
	var offsets []int
	object := func(text string) {
		offsets = append(offsets, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(offsets), text)
	}
	content := fmt.Sprintf("0 g 100 %d 200 50 re f", 300+mark)
	b.WriteString("%PDF-1.4\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>")
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content))
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(offsets)+1)
	for _, o := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(offsets)+1, start)
	return b.Bytes()
}

// attachment is a file of the form.
type attachment struct {
	name string
	data []byte
}

// write sends the form of a letter.
func (w *world) write(who *http.Cookie, fields map[string]string, files ...attachment) *httptest.ResponseRecorder {
	w.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range fields {
		if err := m.WriteField(name, value); err != nil {
			w.t.Fatal(err)
		}
	}
	for i, f := range files {
		part, err := m.CreateFormFile(fmt.Sprint("dokument", i+1), f.name)
		if err == nil {
			_, err = part.Write(f.data)
		}
		if err != nil {
			w.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "http://127.0.0.1:1/send", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.AddCookie(who)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// aLetter is what somebody writes.
func aLetter(account string) map[string]string {
	return map[string]string{
		"konto": account, "navn": "Kari Prøve", "adresse1": "Prøvegata 1", "postnummer": "0155", "poststed": "OSLO", "tittel": "Svar på søknad",
		"levering": "papir", "referanse": "2026/17", "nokkel": "SKJEMA1", "tosidig": "ja",
	}
}

func (w *world) shipments() []shipment.Shipment {
	w.t.Helper()
	list, err := store.View(w.t.Context(), w.archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(w.t.Context(), store.ShipmentFilter{Systems: []string{send.System}})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// TestSendByHand: a letter is written, looked over and sent; sent twice it is one; it is accepted, with the person as who did it; and who
// may only send sees that it was taken.
func TestSendByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sender := w.as("avsender", access.Grant{Role: access.RoleSender, Account: own})
	if rec := w.ask("GET", "/", sender, ""); rec.Header().Get("Location") != "/send" {
		t.Errorf("who may only send comes to %q", rec.Header().Get("Location"))
	}
	rec := w.write(sender, aLetter(own), attachment{"brev.pdf", onePage(1)}, attachment{"brev.pdf", onePage(2)})
	draft := rec.Header().Get("Location")
	if rec.Code != http.StatusSeeOther || !strings.HasPrefix(draft, "/send/utkast/") {
		t.Fatalf("written: %d %s", rec.Code, rec.Body)
	}
	if got := w.shipments(); len(got) > 0 {
		t.Fatal("it was sent before it was looked over")
	}
	page := w.ask("GET", draft, sender, "").Body.String()
	for _, want := range []string{"Kari Prøve", "0155 OSLO", "Svar på søknad", "3 sider på 3 ark", "brev-2.pdf", "Bare på papir"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page to look it over lacks %q", want)
		}
	}
	other := w.as("annen", access.Grant{Role: access.RoleSender, Account: own})
	if rec := w.ask("GET", draft, other, ""); rec.Header().Get("Location") != "/send?borte=1" {
		t.Errorf("somebody else's draft: %d %s", rec.Code, rec.Header().Get("Location"))
	}
	var to string
	for range 2 { // a double click
		rec := w.ask("POST", draft, sender, "konto="+own+"&nokkel=SKJEMA1")
		if to = rec.Header().Get("Location"); rec.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/send/sendt?id=") {
			t.Fatalf("sent: %d %s %s", rec.Code, to, rec.Body)
		}
	}
	list := w.shipments()
	if len(list) != 1 || list[0].Dialect != string(access.ByHand) || list[0].Account != own {
		t.Fatalf("%d letters are stored", len(list))
	}
	id := list[0].ID
	if err := w.engine.PrepareShipment(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	err := w.archive.View(t.Context(), func(r store.Reader) error {
		s, err := r.Shipment(t.Context(), id)
		if err != nil {
			return err
		}
		history, err := r.History(t.Context(), id)
		if s.Status != shipment.StatusAkseptert || len(history) == 0 || history[0].By != "person/"+w.known["avsender"].ID {
			t.Errorf("%s, refused for %s, by %q", s.Status, shipment.RefusalCodes(s.Refusals), history[0].By)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	page = w.ask("GET", to, sender, "").Body.String()
	for _, want := range []string{"Brevet er tatt imot", id, "2026/17", "Akseptert"} {
		if !strings.Contains(page, want) {
			t.Errorf("the receipt lacks %q", want)
		}
	}
	if page := w.ask("GET", to, other, "").Body.String(); strings.Contains(page, id) {
		t.Error("somebody else sees what was sent")
	}
	if rec := w.ask("GET", "/forsendelser/"+id, sender, ""); rec.Code != http.StatusForbidden {
		t.Errorf("who may only send sees the letter: %d", rec.Code)
	}

	// After a restart the draft is gone, and sending it once more leads to the letter.
	w.handler = Handler(w.config)
	if rec := w.ask("POST", draft, sender, "konto="+own+"&nokkel=SKJEMA1"); rec.Header().Get("Location") != to {
		t.Errorf("sent again after a restart: %q", rec.Header().Get("Location"))
	}
	if rec := w.ask("POST", draft, sender, "konto="+own+"&nokkel=ANNET"); rec.Header().Get("Location") != "/send?borte=1" {
		t.Errorf("a draft that is gone: %q", rec.Header().Get("Location"))
	}
	// The same form with another letter is another letter, which is told.
	next := aLetter(own)
	next["tittel"] = "Noe annet"
	both := w.as("begge", access.Grant{Role: access.RoleSender, Account: own}, access.Grant{Role: access.RoleReader, Account: own})
	draft = w.write(both, next, attachment{"brev.pdf", onePage(3)}).Header().Get("Location")
	if page := w.ask("GET", draft, both, "").Body.String(); !strings.Contains(page, "med dette skjemaet før") {
		t.Error("it is not told that the form was used before")
	}
	if rec := w.ask("POST", draft, both, "x=y"); !strings.HasPrefix(rec.Header().Get("Location"), "/forsendelser/") || len(w.shipments()) != 2 {
		t.Errorf("who sees letters comes to %q, and there are %d", rec.Header().Get("Location"), len(w.shipments()))
	}
}

// TestSendWithACode: a konteringskode is chosen from the register when there is one; what is not there, or not today, is told, and sent
// all the same.
func TestSendWithACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sender := w.as("avsender", access.Grant{Role: access.RoleSender, Account: own})
	if body := w.ask("GET", "/send", sender, "").Body.String(); strings.Contains(body, "<datalist") {
		t.Error("there is something to choose from, and no register")
	}
	written := func(code string) map[string]string {
		f := aLetter(own)
		f["konteringskode"], f["nokkel"] = code, "SKJEMA-"+code
		return f
	}
	look := func(code string) string {
		t.Helper()
		rec := w.write(sender, written(code), attachment{"brev.pdf", onePage(1)})
		draft := rec.Header().Get("Location")
		if !strings.HasPrefix(draft, "/send/utkast/") {
			t.Fatalf("%s: %d %s", code, rec.Code, rec.Body)
		}
		return w.ask("GET", draft, sender, "").Body.String()
	}
	if body := look("4100-x"); strings.Contains(body, "Merk") {
		t.Error("a code is doubted, and there is no register")
	}
	_, err := w.engine.ImportCodes(t.Context(), []codes.Entry{
		{Code: "4100-skole", Name: "Skole", Budget: 123_456_00, HasBudget: true}, {Code: "4200-helse", Name: "Helse", ValidTo: "2020-01-01", ReplacedBy: "4100-skole"},
		{Code: "4300-plan", Name: "Plan", ValidFrom: "2099-01-01"},
	}, "Ny kontoplan")
	if err != nil {
		t.Fatal(err)
	}
	body := w.ask("GET", "/send", sender, "").Body.String()
	if !strings.Contains(body, `list="koder"`) || !strings.Contains(body, `<option value="4100-skole">Skole</option>`) || strings.Contains(body, "4200-helse") || strings.Contains(body, "123") && strings.Contains(body, "456,00") {
		t.Errorf("what there is to choose from: %s", body)
	}
	for code, told := range map[string]string{
		"4100-skole": "", "4100-skol": "står ikke i kontoplanen. Mente du 4100-skole?", "9999": "9999 står ikke i kontoplanen.", "4200-helse": "er erstattet av 4100-skole",
		"4300-plan": "gjelder først fra 01.01.2099",
	} {
		body := look(code)
		if told == "" && strings.Contains(body, "<h2>Merk</h2>") || !strings.Contains(body, told) {
			t.Errorf("%s: lacks %q: %s", code, told, body)
		}
	}
	wrong := written("4100-skol")
	wrong["postnummer"] = "1"
	rec := w.write(sender, wrong, attachment{"brev.pdf", onePage(1)})
	if body := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(body, `id="konteringskode-merk">Konteringskoden 4100-skol står ikke`) {
		t.Errorf("on the form: %d %s", rec.Code, body)
	}
}

// TestSendTellsAllFaults: what is wrong is told at once, with links to the fields, and what was written stays; nothing is stored; and an
// account of others is not there.
func TestSendTellsAllFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sender := w.as("avsender", access.Grant{Role: access.RoleSender, Account: own})
	before := w.contents()
	bad := aLetter(own)
	bad["postnummer"], bad["konteringskode"], bad["levering"], bad["tittel"] = "155", "for mange tegn i koden", "digitalt", ""
	rec := w.write(sender, bad, attachment{"brev.pdf", []byte("dette er ingen PDF")})
	body := rec.Body.String()
	if rec.Code != http.StatusUnprocessableEntity {
		t.Fatalf("%d", rec.Code)
	}
	links := map[string]bool{}
	for _, m := range regexp.MustCompile(`<li><a href="#([a-z0-9]+)">`).FindAllStringSubmatch(body, -1) {
		links[m[1]] = true
		if !strings.Contains(body, `id="`+m[1]+`"`) {
			t.Errorf("a fault leads to %s, which is not there", m[1])
		}
	}
	for _, want := range []string{"postnummer", "konteringskode", "nummer", "tittel", "dokument1"} {
		if !links[want] {
			t.Errorf("no fault of %s: %v", want, links)
		}
	}
	for _, want := range []string{`value="Kari Prøve"`, `value="155"`, "velge på nytt", `value="SKJEMA1"`, "autofocus"} {
		if !strings.Contains(body, want) {
			t.Errorf("the form lacks %q", want)
		}
	}
	if rec := w.write(sender, aLetter(own)); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "Velg minst ett dokument") {
		t.Errorf("without documents: %d", rec.Code)
	}
	for _, files := range [][]attachment{nil, {{"brev.pdf", onePage(1)}}} {
		if rec := w.write(sender, aLetter(foreign), files...); rec.Code != http.StatusNotFound {
			t.Errorf("from an account of others: %d", rec.Code)
		}
	}
	if w.contents() != before {
		t.Error("what was refused is in the archive")
	}
}

// troubled is the engine where printing here does not go as it should.
type troubled struct {
	printable
	err error
}

func (e *troubled) GiveOut(context.Context, jobs.ManualPrint, func(jobs.Printout) error) error {
	return fmt.Errorf("print: %w", e.err)
}

func (e *troubled) ConfirmManual(context.Context, receipts.ManualConfirmation) (receipts.Imported, error) {
	return receipts.Imported{}, fmt.Errorf("confirm: %w", e.err)
}

// TestManualStory: a letter for an account without a vendor is printed and posted here: two want to fetch it, and the second sees who
// was first; it is confirmed; and each fetching stands in the innsynslogg.
func TestManualStory(t *testing.T) {
	t.Parallel()
	at := nowhere
	at.empty = true
	w := newWorldAt(t, at)
	sender := w.as("avsender", access.Grant{Role: access.RoleSender, Account: "arkiv"})
	first, second := w.as("forste", access.Grant{Role: access.RolePrinter, Account: "arkiv"}), w.as("andre", access.Grant{Role: access.RolePrinter, Account: "arkiv"})
	draft := w.write(sender, aLetter("arkiv"), attachment{"brev.pdf", onePage(1)}).Header().Get("Location")
	if rec := w.ask("POST", draft, sender, "x=y"); rec.Code != http.StatusSeeOther {
		t.Fatalf("sent: %d %s", rec.Code, rec.Body)
	}
	id := w.shipments()[0].ID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(w.engine.PrepareShipment(t.Context(), id))
	w.now = w.now.Add(time.Minute)
	_, err := w.engine.Collect(t.Context())
	must(err)
	made, err := store.View(t.Context(), w.archive, func(r store.Reader) ([]store.PrintJob, error) { return r.JobsOf(t.Context(), id) })
	must(err)
	if len(made) != 1 {
		t.Fatalf("%d jobs", len(made))
	}
	path := "/manuell/" + made[0].ID
	must(w.engine.ComposeJob(t.Context(), made[0].ID))

	if body := w.ask("GET", "/manuell", first, "").Body.String(); !strings.Contains(body, made[0].ID) || !strings.Contains(body, "Skal skrives ut") {
		t.Error("the queue lacks the job")
	}
	rec := w.ask("POST", path+"/hent", first, "x=y")
	if rec.Code != http.StatusOK || !strings.HasPrefix(rec.Body.String(), "%PDF-") || !strings.Contains(rec.Header().Get("Content-Disposition"), made[0].ID+".pdf") {
		t.Fatalf("fetched: %d %s %.60q", rec.Code, rec.Header().Get("Content-Disposition"), rec.Body)
	}
	rec = w.ask("POST", path+"/hent", second, "x=y")
	if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "hentet allerede") || !strings.Contains(rec.Body.String(), "av forste") {
		t.Errorf("the second is not told who was first: %d", rec.Code)
	}
	if rec := w.ask("POST", path+"/hent", second, "hentet=ja"); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), "Kryss av") {
		t.Errorf("fetched again without a word: %d", rec.Code)
	}
	if rec := w.ask("POST", path+"/hent", second, "hentet=ja&igjen=ja"); rec.Code != http.StatusOK || !strings.HasPrefix(rec.Body.String(), "%PDF-") {
		t.Errorf("fetched again: %d", rec.Code)
	}
	lookups, err := store.View(t.Context(), w.archive, func(r store.Reader) ([]access.Lookup, error) {
		return r.Lookups(t.Context(), access.LogFilter{Shipment: id, Oldest: true})
	})
	must(err)
	if len(lookups) != 2 || lookups[0].Actor.ID != w.known["forste"].ID || lookups[1].Actor.ID != w.known["andre"].ID || !strings.Contains(lookups[0].Purpose, made[0].ID) {
		t.Errorf("the innsynslogg: %+v", lookups)
	}
	for form, field := range map[string]string{"brev=7": "brev", "brev=en": "brev", "postlagt=2020-01-01T12:00": "postlagt", "postlagt=2099-01-01T12:00": "postlagt", "postlagt=i+dag": "postlagt"} {
		if rec := w.ask("POST", path+"/bekreft", first, form); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `<a href="#`+field+`">`) {
			t.Errorf("%s: %d", form, rec.Code)
		}
	}
	// What the engine does not do, and what goes wrong here, is told on the page of the job, with what was written.
	trouble := &troubled{printable: printable{w.engine}}
	w.config.Engine = trouble
	sound := w.handler
	w.handler = Handler(w.config)
	for _, c := range []struct {
		err    error
		status int
		said   string
	}{
		{&words.Refused{Note: shipment.Note{Code: "manual-price", Args: shipment.Args{"letter": "1", "job": made[0].ID, "vendor": "her"}}}, http.StatusUnprocessableEntity, "Ingen brev er bekreftet. Brev 1 i jobb "},
		{store.ErrLocked, http.StatusUnprocessableEntity, "Noen bekrefter brev"},
		{errors.New("disk full at /srv"), http.StatusInternalServerError, "Ingen brev er bekreftet. Noe gikk galt hos oss"},
	} {
		trouble.err = c.err
		rec := w.ask("POST", path+"/bekreft", first, "brev=1&postlagt="+w.now.In(calendar.Oslo).Format("2006-01-02T15:04"))
		if body := rec.Body.String(); rec.Code != c.status || !strings.Contains(body, c.said) || !strings.Contains(body, `id="brev" name="brev" value="1"`) || strings.Contains(body, "/srv") {
			t.Errorf("%v: %d %s", c.err, rec.Code, body)
		}
		if errors.Is(c.err, store.ErrLocked) {
			continue
		}
		rec = w.ask("POST", path+"/hent", first, "hentet=ja&igjen=ja")
		if body := rec.Body.String(); rec.Code != c.status || !strings.Contains(body, "Ingenting er hentet.") || !strings.Contains(body, "Bekreft at brevene er postlagt") {
			t.Errorf("%v when fetched: %d %s", c.err, rec.Code, body)
		}
	}
	w.handler = sound
	w.now = w.now.Add(10 * time.Minute)
	if rec := w.ask("POST", path+"/bekreft", first, "brev=1"); rec.Code != http.StatusSeeOther {
		t.Fatalf("confirmed: %d %s", rec.Code, rec.Body)
	}
	if s := w.shipments()[0]; s.Status != shipment.StatusPrintet {
		t.Errorf("it is %s", s.Status)
	}
	if rec := w.ask("POST", path+"/bekreft", second, "x=y"); rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), "bekreftet som postlagt") {
		t.Errorf("confirmed by another meanwhile: %d", rec.Code)
	}
	if rec := w.ask("GET", path, w.as("utenfor", access.Grant{Role: access.RolePrinter, Account: own}), ""); rec.Code != http.StatusNotFound {
		t.Errorf("a job of others: %d", rec.Code)
	}
}
