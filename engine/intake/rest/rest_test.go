package rest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/intake/door"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/rest"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/prepare"
)

const fnr = "41814061033" // synthetic

type world struct {
	*doortest.World
	t   *testing.T
	url string
}

func newWorld(t *testing.T, change func(*door.Config)) *world {
	w := doortest.New(t, change)
	return &world{w, t, w.Serve(rest.Handler(w.Door, "/api")).URL + "/api"}
}

// ask sends a request as the integration, with what change does to it.
func (w *world) ask(method, path string, body io.Reader, kind string, change func(*http.Request)) (int, string) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer good")
	r.Header.Set("IntegrasjonId", w.Integration.ID)
	r.Header.Set("IntegrasjonPassord", w.Password)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, string(data)
}

// v3 is a hand-in in the words of V3.
func v3(files ...string) string {
	var docs []string
	for _, f := range files {
		docs = append(docs, fmt.Sprintf(`{"filnavn":%q,"mimeType":"application/pdf"}`, f))
	}
	return `{"tittel":"Vedtak","mottaker":{"navn":"Åse Ødegård","digitalId":"` + fnr + `","adresse":{"adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"}},
		"konteringskode":"0412","sikkerhetsniva":"HOYESTE","eksternReferanse":"sak/17 b","svarSendesTil":{"navn":"Skolen","type":"ORGANISASJON","digitalId":"974760673","adresse":{"adresselinje1":"Torget 2","postnummer":"0155","poststed":"OSLO"}},
		"utskriftskonfigurasjon":{"tosidig":true},"dokumenter":[` + strings.Join(docs, ",") + `]}`
}

func (w *world) send(path, forsendelse string, change func(*http.Request), files ...doortest.Part) (int, string) {
	w.t.Helper()
	body, kind := doortest.Multipart(append([]doortest.Part{{Name: "forsendelse", Type: "text/plain;charset=utf-8", Data: []byte(forsendelse)}}, files...)...)
	return w.ask("POST", path, body, kind, change)
}

func pdf(name string) doortest.Part {
	return doortest.Part{Name: "filer_0", File: name, Data: doortest.PDF(name)}
}

// sent sends a hand-in that must be taken, and gives the shipment's id.
func (w *world) sent(path, forsendelse string, change func(*http.Request), files ...doortest.Part) string {
	w.t.Helper()
	status, body := w.send(path, forsendelse, change, files...)
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || got.ID == "" {
		w.t.Fatalf("%d %s", status, body)
	}
	return got.ID
}

const person = "/v3/kontoer/" + doortest.KontoID + "/forsendelser/person"

// TestV3IsStored: what V3 says by its own names is there afterwards, with its way, and can be asked for.
func TestV3IsStored(t *testing.T) {
	w := newWorld(t, nil)
	got := w.sent(person, v3("ett.pdf", "to.pdf"), nil, pdf("ett.pdf"), pdf("to.pdf"))
	list := w.Shipments()
	if len(list) != 1 || list[0].ID != got {
		t.Fatalf("stored %v", list)
	}
	s := list[0]
	sub := s.Submission
	for what, ok := range map[string]bool{
		"address":  sub.Recipient.Line1 == "Storgata 1" && sub.Recipient.Postcode == "0155" && sub.Recipient.City == "OSLO",
		"number":   sub.Recipient.DigitalID == fnr,
		"level":    sub.RequireLevel4,
		"reply":    sub.ReplyTo != nil && sub.ReplyTo.Line1 == "Torget 2",
		"duplex":   sub.Print.Duplex,
		"way":      s.Dialect == "rest-v3" && s.Integration == w.Integration.ID,
		"refusals": !shipment.AnyRefuses(s.Refusals),
		"files":    strings.Join(w.Documents(got), " ") == doortest.Hash(doortest.PDF("ett.pdf"))+" "+doortest.Hash(doortest.PDF("to.pdf")),
	} {
		if !ok {
			t.Errorf("%s is not as it was handed in: %+v", what, s.Refusals)
		}
	}
	history, err := store.View(t.Context(), w.Archive, func(r store.Reader) ([]shipment.Event, error) { return r.History(t.Context(), got) })
	if err != nil || len(history) != 1 || history[0].By != "integrasjon/"+w.Integration.ID {
		t.Errorf("history %+v %v", history, err)
	}
	ways, err := store.View(t.Context(), w.Archive, func(r store.Reader) ([]access.Way, error) { return r.Ways(t.Context()) })
	if err != nil || len(ways) != 1 || ways[0].Dialect != access.RestV3 || ways[0].HandIns != 1 {
		t.Errorf("ways %v %v", ways, err)
	}

	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/v3/kontoer/skole/forsendelser/status/sok", `{"id":["` + got + `","not an id","00000000-0000-4000-8000-000000000001"]}`,
			`{"statuser":[{"id":"` + got + `","sisteStatusEndring":"2026-11-24T10:00:00Z","status":"MOTTATT"}]}`},
		{"POST", "/v2/kontoer/skole/forsendelser/status-sok", `{"forsendelseIds":["` + strings.ToUpper(got) + `"]}`,
			`{"statuser":[{"id":"` + got + `","sisteStatusEndring":"2026-11-24T10:00:00Z","status":"MOTTATT"}]}`},
		{"GET", "/v2/kontoer/skole/forsendelser?eksternRef=sak%2F17%20b", "", `{"forsendelseIds":["` + got + `"]}`},
		{"GET", "/v2/kontoer/skole/forsendelser?eksternRef=sak", "", `{"forsendelseIds":[]}`},
		{"GET", "/v2/kontoer/skole/forsendelser/metadata?eksternRef=sak/17+b", "", `{"forsendelser":[{"id":"` + got + `","dato":"2026-11-24T10:00:00Z","status":"MOTTATT"}]}`},
		{"GET", "/v2/forsendelser/" + got + "/hendelser", "", `{"hendelser":[{"tidspunkt":"2026-11-24T10:00:00Z","hendelse":"Mottatt"}]}`},
		{"GET", "/v2/forsendelser/" + got + "/signeringshendelser", "", `{"hendelser":[]}`},
		{"GET", "/v2/forsendelsestyper", "", `{"forsendelsestyper":[]}`},
		{"GET", "/v2/mottakersystem?organisasjonsnummer=974760673", "", `{"mottakersystemer":[]}`},
	} {
		status, body := w.ask(c.method, c.path, strings.NewReader(c.body), "", nil)
		if status != 200 || strings.TrimSpace(body) != c.want {
			t.Errorf("%s %s: %d %s, want %s", c.method, c.path, status, body, c.want)
		}
	}
}

// TestStatusWords: a notified recipient has a word of its own in each contract, and one account's software may know the older.
func TestStatusWords(t *testing.T) {
	for _, c := range []struct {
		old  map[string]bool
		want string
	}{{nil, "LEVERT_ALTINN"}, {map[string]bool{"skole": true}, "VARSLET"}} {
		w := newWorld(t, func(d *door.Config) { d.OldStatuses = c.old })
		got := w.sent(person, v3("a.pdf"), nil, pdf("a.pdf"))
		w.become(got, shipment.StatusAkseptert, shipment.StatusVarslet)
		if _, body := w.ask("POST", "/v3/kontoer/skole/forsendelser/status/sok", strings.NewReader(`{"id":["`+got+`"]}`), "", nil); !strings.Contains(body, `"status":"`+c.want+`"`) {
			t.Errorf("%s, want %s", body, c.want)
		}
		w.become(got, shipment.StatusLest, shipment.StatusSlettet)
		if _, body := w.ask("POST", "/v2/kontoer/skole/forsendelser/status-sok", strings.NewReader(`{"forsendelseIds":["`+got+`"]}`), "", nil); !strings.Contains(body, `"status":"LEST"`) {
			t.Errorf("%s, want LEST", body)
		}
	}
}

// become moves a shipment through statuses, as the engine's rooms would.
func (w *world) become(id string, statuses ...shipment.Status) {
	w.t.Helper()
	err := w.Archive.InTx(w.t.Context(), func(tx store.Tx) error {
		for _, to := range statuses {
			s, err := tx.Shipment(w.t.Context(), id)
			if err != nil {
				return err
			}
			from := s.Status
			if s.Status = to; to == shipment.StatusAkseptert {
				s.Prepared, s.Facts = shipment.BlobRef{SHA256: doortest.Hash(nil), Bytes: 1}, &prepare.Facts{}
			}
			w.Clock.Go(time.Minute)
			if err := errors.Join(tx.UpdateShipment(w.t.Context(), s), tx.AddEvents(w.t.Context(), shipment.Event{Shipment: id, At: w.Clock.Now(), Kind: shipment.EventStatus, From: from, To: to})); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// TestOnce: the same key with the same content is the same shipment, also when nobody heard the first answer; with other content it is
// refused; and without a key each is another, the second with a warning.
func TestOnce(t *testing.T) {
	w := newWorld(t, nil)
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "svar på "+fnr) }
	first := w.sent(person, v3("a.pdf"), key, pdf("a.pdf"))
	if again := w.sent(person, v3("a.pdf"), key, pdf("a.pdf")); again != first {
		t.Errorf("again: %s, first %s", again, first)
	}
	if status, body := w.send(person, v3("b.pdf"), key, pdf("b.pdf")); status != http.StatusConflict || !strings.Contains(body, `"errorCode":"nokkel-brukt"`) {
		t.Errorf("other content: %d %s", status, body)
	}
	if n := len(w.Shipments()); n != 1 {
		t.Fatalf("%d shipments", n)
	}
	second := w.sent(person, v3("a.pdf"), nil, pdf("a.pdf"))
	list := w.Shipments()
	if len(list) != 2 || second == first {
		t.Fatalf("without a key: %d shipments", len(list))
	}
	for _, s := range list {
		warned := slices.ContainsFunc(s.Refusals, func(r shipment.Refusal) bool { return r.Code == "lik-tidligere" && r.Args["shipment"] == first })
		if warned != (s.ID == second) {
			t.Errorf("%s: warned %v", s.ID, warned)
		}
		if strings.Contains(s.HandIn, fnr) {
			t.Errorf("the key is kept as it came")
		}
	}
}

// TestStoredIsNotJudgedAgain: what was stored is answered as before when it is sent again, though the rules would refuse it by now; another
// content under its identity is a conflict, whatever else is wrong with it.
func TestStoredIsNotJudgedAgain(t *testing.T) {
	w := newWorld(t, nil)
	key := func(r *http.Request) { r.Header.Set("Idempotency-Key", "k") }
	text := `{"tittel":"Vedtak","mottaker":{"navn":"Åse Ødegård","digitalId":"` + fnr + `","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},"signeringUtloper":"2026-11-25T16:00:00Z","signaturType":"AUTENTISERT_SIGNATUR","dokumenter":[{"filnavn":"a.pdf","mimeType":"application/pdf","skalSigneres":true}]}`
	const path = "/v2/kontoer/skole/forsendelser"
	first := w.sent(path, text, key, pdf("a.pdf"))
	w.Clock.Go(10 * time.Hour) // less than a day is left to sign
	if status, body := w.send(path, text, nil, pdf("a.pdf")); status != 400 || !strings.Contains(body, "signering-frist") {
		t.Fatalf("under no identity: %d %s", status, body)
	}
	if again := w.sent(path, text, key, pdf("a.pdf")); again != first {
		t.Errorf("again: %s, first %s", again, first)
	}
	if status, body := w.send(path, strings.Replace(text, "Vedtak", "", 1), key, pdf("a.pdf")); status != http.StatusConflict {
		t.Errorf("other content: %d %s", status, body)
	}
}

// TestClients: what real clients send: V2 with a slash at the end, chunks, no types, names in raw UTF-8 and parts in any name.
func TestClients(t *testing.T) {
	w := newWorld(t, nil)
	v2 := `{"tittel":"Vedtak","mottaker":{"navn":"Åse Ødegård","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},"dokumenter":[{"filnavn":"Vedtak æøå.pdf","mimeType":"application/pdf"}]}`
	file := doortest.PDF("x")
	for name, c := range map[string]struct {
		path   string
		part   doortest.Part
		change func(*http.Request)
	}{
		"slash":      {"/v2/kontoer/skole/forsendelser/", doortest.Part{Name: "filer_0", File: "Vedtak æøå.pdf", Data: file}, nil},
		"chunks":     {"/v2/kontoer/skole/forsendelser", doortest.Part{Name: "dokumenter", File: "Vedtak æøå.pdf", Type: "application/pdf", Data: file}, func(r *http.Request) { r.ContentLength = -1 }},
		"decomposed": {"/v2/kontoer/skole/forsendelser", doortest.Part{Name: "x", File: "Vedtak æøa\u030a.pdf", Data: file}, nil},
		"nameless":   {"/v2/kontoer/skole/forsendelser", doortest.Part{Name: "x", Data: file}, nil},
	} {
		got := w.sent(c.path, v2, c.change, c.part)
		if docs := w.Documents(got); len(docs) != 1 || docs[0] != doortest.Hash(file) {
			t.Errorf("%s: documents %v", name, docs)
		}
	}
	for _, s := range w.Shipments() {
		if s.Dialect != "rest-v2" {
			t.Errorf("way %s", s.Dialect)
		}
	}
}

// TestPrintOnly: V3's /print has no number, and goes to paper only.
func TestPrintOnly(t *testing.T) {
	w := newWorld(t, nil)
	got := w.sent("/v3/kontoer/skole/forsendelser/print", `{"tittel":"Vedtak","mottaker":{"navn":"Åse Ødegård","adresse":{"adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"}},"dokumenter":[{"filnavn":"a.pdf","mimeType":"application/pdf","giroarkSide":1}]}`, nil, pdf("a.pdf"))
	s := w.Shipments()[0]
	if s.ID != got || !s.Submission.PrintOnly || len(s.Submission.Documents[0].GiroPages) != 1 {
		t.Errorf("%+v", s.Refusals)
	}
}

// TestBadInput: each fault has a status and a code of its own, stores nothing, and repeats nothing private.
func TestBadInput(t *testing.T) {
	good := v3("a.pdf")
	cut := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	one := []doortest.Part{pdf("a.pdf")}
	head := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, c := range []struct {
		name, path, body string
		change           func(*http.Request)
		files            []doortest.Part
		status           int
		code             string
	}{
		{"no JSON", person, "tittel=" + fnr, nil, one, 400, "json-feil"},
		{"wrong address, no title", person, cut(`"tittel":"Vedtak"`, `"tittel":""`), nil, one, 400, "tittel-mangler"},
		{"swapped place and number", person, strings.NewReplacer(`"postnummer":"0155"`, `"postnummer":"Oslo"`).Replace(good), nil, one, 400, "postnummer-form"},
		{"number in konteringskode", person, cut(`"0412"`, `"`+fnr+`"`), nil, one, 400, "konteringskode-fodselsnummer"},
		{"field twice", person, cut(`"konteringskode":"0412"`, `"konteringskode":"0412","konteringskode":"0413"`), nil, one, 400, "felt-dobbelt"},
		{"letters that cannot be printed", person, cut("Storgata 1", "Storgata 王"), nil, one, 400, "forside-tegn"},
		{"the same in V2", inV2, strings.Replace(clearV2("a.pdf"), "Storgata 1", "Storgata 王", 1), nil, one, 400, "forside-tegn"},
		{"level unknown", person, cut("HOYESTE", "5"), nil, one, 400, "sikkerhetsniva-ukjent"},
		{"person at organisations", "/v3/kontoer/skole/forsendelser/organisasjon", good, nil, one, 400, "digitalid-slag"},
		{"no number", person, cut(`"digitalId":"`+fnr+`",`, ""), nil, one, 400, "digitalid-mangler"},
		{"document missing", person, v3("a.pdf", "b.pdf"), nil, one, 400, "dokument-mangler"},
		{"no documents", person, good, nil, nil, 400, "dokument-mangler"},
		{"document too many", person, good, nil, []doortest.Part{pdf("a.pdf"), pdf("b.pdf")}, 400, "fil-ikke-oppfort"},
		{"document twice", person, good, nil, []doortest.Part{pdf("a.pdf"), pdf("A.pdf")}, 400, "fil-lik"},
		{"no PDF", person, good, nil, []doortest.Part{{Name: "f", File: "a.pdf", Data: []byte("MZ")}}, 400, "unreadable"},
		{"too large", person, good, nil, []doortest.Part{{Name: "f", File: "a.pdf", Data: append(doortest.PDF("x"), make([]byte, 1<<20)...)}}, 413, "for-stor"},
		{"unknown account", "/v3/kontoer/helse/forsendelser/person", good, nil, one, 403, "ingen-tilgang"},
		{"helsenett", "/v3/kontoer/skole/forsendelser/nhn", good, nil, one, 501, "nhn"},
		{"no token", person, good, func(r *http.Request) { r.Header.Del("Authorization") }, one, 401, "token"},
		{"bad token", person, good, head("Authorization", "Bearer evil"), one, 401, "token"},
		{"others' token", person, good, head("Authorization", "Bearer other"), one, 403, "ingen-tilgang"},
		{"token server down", person, good, head("Authorization", "Bearer down"), one, 503, "token-ukjent-na"},
		{"wrong password", person, good, head("IntegrasjonPassord", "hemmelig"), one, 401, "integrasjon-feilet"},
		{"unknown integration", person, good, head("IntegrasjonId", "00000000-0000-4000-8000-000000000009"), one, 401, "integrasjon-feilet"},
		{"id is no id", person, good, head("IntegrasjonId", fnr), one, 401, "integrasjon-feilet"},
		{"no multipart", person, good, head("Content-Type", "application/json"), one, 415, "ikke-multipart"},
		{"no such path", "/v3/kontoer/skole/brev", good, nil, one, 404, "adresse-ukjent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, body := w.send(c.path, c.body, c.change, c.files...)
			var e struct {
				Status                             int
				ErrorCode, Message, ErrorID, Error string
				Feil                               []struct{ Kode, Felt, Tekst string }
			}
			if err := json.Unmarshal([]byte(body), &e); err != nil || status != c.status || e.Status != c.status || e.ErrorCode != c.code || e.Message == "" || e.ErrorID == "" {
				t.Errorf("%d %s, want %d %s", status, body, c.status, c.code)
			}
			if n := len(w.Shipments()); n != 0 {
				t.Errorf("%d shipments are stored", n)
			}
			w.nothingPrivate(body)
		})
	}
}

// clearV2 is a hand-in in the words of V2, not encrypted.
func clearV2(file string) string {
	return strings.Replace(v2("", file), `"kryptert" : true,`, "", 1)
}

// TestCharactersAreNamed: what the forside cannot show is told with the field by its name in the dialect and the code point, and a
// title in such letters refuses nothing.
func TestCharactersAreNamed(t *testing.T) {
	w := newWorld(t, nil)
	_, body := w.send(person, strings.Replace(v3("a.pdf"), "Storgata 1", "Storgata 王", 1), nil, pdf("a.pdf"))
	for _, want := range []string{`"kode":"forside-tegn"`, `"felt":"mottaker.adresse.adresselinje1"`, "U+738B"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not told: %s", want, body)
		}
	}
	if strings.Contains(body, "王") {
		t.Errorf("the address is repeated: %s", body)
	}
	if status, body := w.send(person, strings.Replace(v3("a.pdf"), "Vedtak", "تذكير", 1), nil, pdf("a.pdf")); status != 200 {
		t.Errorf("a title: %d %s", status, body)
	}
}

// TestLanguageIsNoFieldOfSvarUts: the language of the forside is the drop folder's alone; here it is a field not known, whatever it holds.
func TestLanguageIsNoFieldOfSvarUts(t *testing.T) {
	for _, value := range []string{`"se"`, `"klingon"`, `{"kode":"se"}`} {
		w := newWorld(t, nil)
		for path, body := range map[string]string{person: v3("a.pdf"), inV2: clearV2("b.pdf")} {
			file := "a.pdf"
			if path != person {
				file = "b.pdf"
			}
			if status, answer := w.send(path, strings.Replace(body, "{", `{"spraak":`+value+`,`, 1), nil, pdf(file)); status != 200 {
				t.Fatalf("%s %s: %d %s", path, value, status, answer)
			}
		}
		for _, s := range w.Shipments() {
			unknown := slices.ContainsFunc(s.Refusals, func(r shipment.Refusal) bool {
				return r.Code == "felt-ukjent" && r.Field == "spraak" && r.Warning
			})
			if s.Submission.Language != "" || !unknown {
				t.Errorf("%s %s: language %q, %+v", s.Dialect, value, s.Submission.Language, s.Refusals)
			}
		}
	}
}

// nothingPrivate: neither what was answered nor what was logged repeats what was handed in, and the spool is empty.
func (w *world) nothingPrivate(body string) {
	w.t.Helper()
	for _, private := range []string{fnr, "Åse", "Storgata", "a.pdf", w.Password, "hemmelig", "good"} {
		if strings.Contains(w.Log.String(), private) || private != "good" && strings.Contains(body, private) {
			w.t.Errorf("%q is repeated", private)
		}
	}
	if left, err := os.ReadDir(w.Door.Spool); err != nil || len(left) != 0 {
		w.t.Errorf("the spool holds %v %v", left, err)
	}
}

// TestAllReasonsAtOnce: what is wrong is told together, each with the field by its name in V3.
func TestAllReasonsAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	_, body := w.send(person, `{"mottaker":{"navn":"","digitalId":"`+fnr+`","adresse":{"adresselinje1":"Storgata 1","postnummer":"15","poststed":""}},"dokumenter":[{"filnavn":"a.pdf","mimeType":"application/pdf"}]}`, nil, pdf("a.pdf"))
	for _, want := range []string{"tittel-mangler", "navn-mangler", "postnummer-form", "poststed-mangler", `"felt":"mottaker.adresse.postnummer"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not told: %s", want, body)
		}
	}
}

// TestWrongPasswords: the eleventh try within a minute waits, a right one too; others are not kept out; a person is told.
func TestWrongPasswords(t *testing.T) {
	w := newWorld(t, nil)
	bad := func(r *http.Request) { r.Header.Set("IntegrasjonPassord", "x") }
	for range 10 {
		if status, _ := w.ask("GET", "/v2/forsendelsestyper", nil, "", bad); status != 401 {
			t.Fatalf("status %d", status)
		}
	}
	if status, body := w.ask("GET", "/v2/forsendelsestyper", nil, "", nil); status != 429 || !strings.Contains(body, "for-mange-feil-passord") {
		t.Errorf("%d %s", status, body)
	}
	alarms, err := store.View(t.Context(), w.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(t.Context(), true) })
	if err != nil || len(alarms) != 1 || alarms[0].Key != "password:"+w.Integration.ID {
		t.Errorf("alarms %v %v", alarms, err)
	}
	w.Clock.Go(time.Minute)
	if status, _ := w.ask("GET", "/v2/forsendelsestyper", nil, "", nil); status != 200 {
		t.Errorf("a minute later: %d", status)
	}
}

// TestRate: an integration that calls too often waits, and the next minute it may again.
func TestRate(t *testing.T) {
	w := newWorld(t, func(c *door.Config) { c.PerMinute = 3 })
	for i, want := range []int{200, 200, 200, 429} {
		if status, _ := w.ask("GET", "/v2/forsendelsestyper", nil, "", nil); status != want {
			t.Errorf("call %d: %d, want %d", i+1, status, want)
		}
	}
	w.Clock.Go(time.Minute)
	if status, _ := w.ask("GET", "/v2/forsendelsestyper", nil, "", nil); status != 200 {
		t.Errorf("a minute later: %d", status)
	}
}

// TestEndedIntegration: it is out at once, and the password before a change is taken for its time.
func TestEndedIntegration(t *testing.T) {
	w := newWorld(t, nil)
	former := w.Password
	next := w.Integration
	w.Password = next.Rotate(w.Clock.Now(), w.Clock.Now().Add(time.Hour))
	w.put(next)
	with := func(password string) int {
		status, _ := w.ask("GET", "/v2/forsendelsestyper", nil, "", func(r *http.Request) { r.Header.Set("IntegrasjonPassord", password) })
		return status
	}
	if a, b := with(former), with(w.Password); a != 200 || b != 200 {
		t.Errorf("within the hour: former %d, new %d", a, b)
	}
	w.Clock.Go(time.Hour)
	if a, b := with(former), with(w.Password); a != 401 || b != 200 {
		t.Errorf("after the hour: former %d, new %d", a, b)
	}
	next.Ended = w.Clock.Now()
	w.put(next)
	if a := with(w.Password); a != 401 {
		t.Errorf("ended: %d", a)
	}
}

func (w *world) put(i access.Integration) {
	w.t.Helper()
	if err := w.Archive.InTx(w.t.Context(), func(tx store.Tx) error { return tx.PutIntegration(w.t.Context(), i, "test") }); err != nil {
		w.t.Fatal(err)
	}
}

// TestOthersShipments: an integration sees nothing of an account that is not its own.
func TestOthersShipments(t *testing.T) {
	w := newWorld(t, nil)
	got := w.sent(person, v3("a.pdf"), nil, pdf("a.pdf"))
	other, password, err := access.New("websak", doortest.Organisation, []string{"helse"}, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	w.put(other)
	as := func(r *http.Request) {
		r.Header.Set("IntegrasjonId", other.ID)
		r.Header.Set("IntegrasjonPassord", password)
	}
	for _, path := range []string{"/hendelser", "/metadata", "/signeringshendelser"} {
		if status, _ := w.ask("GET", "/v2/forsendelser/"+got+path, nil, "", as); status != 404 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if _, body := w.ask("POST", "/v2/kontoer/helse/forsendelser/status-sok", strings.NewReader(`{"forsendelseIds":["`+got+`"]}`), "", as); strings.TrimSpace(body) != `{"statuser":[]}` {
		t.Errorf("status: %s", body)
	}
}

// TestRead: what the sender's own system shows to the recipient is read, once however often it is told; who read is not kept.
func TestRead(t *testing.T) {
	w := newWorld(t, nil)
	got := w.sent(person, v3("a.pdf"), nil, pdf("a.pdf"))
	for range 2 {
		status, body := w.ask("POST", "/v2/forsendelser/"+got+"/lest", strings.NewReader(`{"fnr":"`+fnr+`","tidspunkt":"2026-11-24T12:00:00+01:00","eksterntSystemnavn":"Min side"}`), "", nil)
		if status != 204 {
			t.Fatalf("%d %s", status, body)
		}
	}
	s := w.Shipments()[0]
	if s.ReadAt.IsZero() {
		t.Error("it is not read")
	}
	if status, body := w.ask("POST", "/v2/forsendelser/"+got+"/lest", strings.NewReader(`{"fnr":"`+fnr+`"}`), "", nil); status != 400 || !strings.Contains(body, "lest-tidspunkt") {
		t.Errorf("without a time: %d %s", status, body)
	}
	w.nothingPrivate("")
}

// TestRemove: content is erased at the sender's word when the letter's way has ended, once however often it is asked for; others see none
// of it, and the same hand-in again is the same shipment, erased.
func TestRemove(t *testing.T) {
	w := newWorld(t, nil)
	idempotent := func(r *http.Request) { r.Header.Set("Idempotency-Key", "en") }
	got := w.sent(person, v3("a.pdf"), idempotent, pdf("a.pdf"))
	path := "/v2/forsendelser/" + got + "/dokumenter"
	want := func(path string, status int, code string) {
		t.Helper()
		if is, body := w.ask("DELETE", path, nil, "", nil); is != status || !strings.Contains(body, code) || status == 204 && body != "" {
			t.Errorf("%s: %d %s", path, is, body)
		}
	}
	want(path+"?slettetype=ALLE", 409, "ikke-ferdig")
	want("/v2/forsendelser/00000000-0000-4000-8000-000000000001/dokumenter", 404, "forsendelse-ukjent")
	if len(w.Documents(got)) != 1 {
		t.Fatal("a letter on its way lost its document")
	}
	if _, err := w.Acceptor.Stop(t.Context(), got, "avsluttet"); err != nil {
		t.Fatal(err)
	}
	want(path+"?slettetype=NOE", 400, "slettetype")
	want(path+"?slettetype=ORIGINALDOKUMENTER", 204, "")
	want(path, 204, "")
	s := w.Shipments()[0]
	if s.Status != shipment.StatusSlettet || s.Submission.Title != "" || s.Submission.Recipient.Name != "" || len(w.Documents(got)) != 0 {
		t.Errorf("%s %q", s.Status, s.Submission.Title.Reveal())
	}
	if status, body := w.ask("GET", "/v2/forsendelser/"+got+"/hendelser", nil, "", nil); status != 200 || !strings.Contains(body, "slettet") {
		t.Errorf("history: %d %s", status, body)
	}
	log, err := store.View(t.Context(), w.Archive, func(r store.Reader) ([]retention.Erasure, error) {
		return r.Erasures(t.Context(), retention.LogFilter{})
	})
	if err != nil || len(log) != 1 || log[0].Why != retention.WhySender || log[0].Documents != 1 || !strings.Contains(log[0].By, w.Integration.ID) {
		t.Errorf("deletion log: %+v %v", log, err)
	}
	if again := w.sent(person, v3("a.pdf"), idempotent, pdf("a.pdf")); again != got || len(w.Shipments()) != 1 || len(w.Documents(got)) != 0 {
		t.Error("the same hand-in again is another shipment, or has its content back")
	}
	w.nothingPrivate("")
}

// TestHalfABody: a connection that ends in the middle stores nothing, and what was spooled is gone.
func TestHalfABody(t *testing.T) {
	w := newWorld(t, nil)
	body, kind := doortest.Multipart(doortest.Part{Name: "forsendelse", Data: []byte(v3("a.pdf"))}, doortest.Part{Name: "f", File: "a.pdf", Data: bytes.Repeat([]byte("x"), 1<<19)})
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(w.url, "http://"), "/api"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(c, "POST /api%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer good\r\nIntegrasjonId: %s\r\nIntegrasjonPassord: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		person, w.Integration.ID, w.Password, kind, len(all))
	if _, err := c.Write(all[:len(all)/2]); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(w.Log.String(), "avbrutt"); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it was not noticed")
		}
	}
	if n := len(w.Shipments()); n != 0 {
		t.Errorf("%d shipments", n)
	}
	w.nothingPrivate("")
}

// TestManyAtOnce: many senders at the same time, all of the same key, are one shipment; all of their own are as many.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t, func(c *door.Config) { c.Uploads = 4 })
	const n = 20
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			w.sent(person, v3("a.pdf"), func(r *http.Request) { r.Header.Set("Idempotency-Key", "same") }, pdf("a.pdf"))
			w.sent(person, v3("a.pdf"), func(r *http.Request) { r.Header.Set("Idempotency-Key", fmt.Sprint(i)) }, pdf("a.pdf"))
		})
	}
	wg.Wait()
	if got := len(w.Shipments()); got != n+1 {
		t.Errorf("%d shipments, want %d", got, n+1)
	}
}
