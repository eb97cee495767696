package restv1_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/restv1"
	"postgang/engine/shipment"
)

const fnr = "41814061033" // synthetic

type world struct {
	*doortest.World
	t   *testing.T
	url string // with the base
}

func newWorld(t *testing.T, wrap func(http.Handler) http.Handler) *world {
	w := doortest.New(t, nil)
	h := restv1.Handler(w.Door)
	if wrap != nil {
		h = wrap(h)
	}
	return &world{w, t, w.Serve(h).URL + restv1.Bases[0]}
}

// try sends a request as the integration, with what change does to it.
func (w *world) try(method, path string, body io.Reader, kind string, change func(*http.Request)) (int, string, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(w.Integration.Name, w.Password)
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if change != nil {
		change(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}

func (w *world) ask(method, path, body string) (int, string) {
	w.t.Helper()
	status, answer, err := w.try(method, path, strings.NewReader(body), "application/json", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status, strings.TrimSpace(answer)
}

// v1 is a hand-in in the words of V1.
func v1(files ...string) string {
	var docs []string
	for i, f := range files {
		docs = append(docs, fmt.Sprintf(`{"filnavn":%q,"mimeType":"application/pdf","giroarkSider":[],"ekskluderesFraUtskrift":%v,"skalSigneres":false}`, f, i == 1))
	}
	return `{"tittel":"Vedtak","avgivendeSystem":"Sak 1","konteringsKode":"0412","krevNiva4Innlogging":true,"kryptert":false,"kunDigitalLevering":false,
		"mottaker":{"postAdresse":{"navn":"Åse Ødegård","adresse1":"Storgata 1","adresse2":null,"postNummer":"0155","postSted":"OSLO","land":"Norge"},"digitalAdresse":{"fodselsNummer":"` + fnr + `"}},
		"svarSendesTil":{"postAdresse":{"navn":"Skolen","adresse1":"Torget 2","postNummer":"0155","postSted":"OSLO"},"digitalAdresse":{"organisasjonsNummer":"974760673"}},
		"svarPaForsendelse":{"id":"00000000-0000-4000-8000-000000000001"},"eksponertFor":[{"organisasjonsNummer":"974760673"}],
		"utskriftsKonfigurasjon":{"tosidig":true,"utskriftMedFarger":true},"eksternReferanse":"sak/17 b?x","forsendelsesType":"vedtak",
		"lenker":[{"urlLenke":"https://example.org","urlTekst":"Les mer","ledeTekst":"Her"}],
		"metadataFraAvleverendeSystem":{"saksAar":2026,"journalDato":1764400000000,"ekstraMetadata":[{"key":"a","value":"b"}]},
		"dokumenter":[` + strings.Join(docs, ",") + `]}`
}

func pdf(name string) doortest.Part {
	return doortest.Part{Name: "filer", File: name, Data: doortest.PDF(name)}
}

func (w *world) trySend(path, forsendelse string, change func(*http.Request), files ...doortest.Part) (int, string, error) {
	w.t.Helper()
	body, kind := doortest.Multipart(append([]doortest.Part{{Name: "forsendelse", Data: []byte(forsendelse)}}, files...)...)
	return w.try("POST", path, body, kind, change)
}

func (w *world) sent(path, forsendelse string, files ...doortest.Part) string {
	w.t.Helper()
	status, body, err := w.trySend(path, forsendelse, nil, files...)
	var got struct{ ID string }
	if err != nil || status != 200 || json.Unmarshal([]byte(body), &got) != nil || got.ID == "" {
		w.t.Fatalf("%d %s %v", status, body, err)
	}
	return got.ID
}

// begun is an id of startNyForsendelse.
func (w *world) begun() string {
	w.t.Helper()
	status, body := w.ask("POST", "/startNyForsendelse", "")
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != 200 || len(got.ID) != 36 {
		w.t.Fatalf("%d %s", status, body)
	}
	return got.ID
}

// TestIsStored: what V1 says by its own names is there afterwards under the id that was asked for before, and can be asked for.
func TestIsStored(t *testing.T) {
	w := newWorld(t, nil)
	id := w.begun()
	if status, body := w.ask("GET", "/"+id+"/status", ""); status != 404 || !strings.Contains(body, `"errorcode":"forsendelse-ukjent"`) {
		t.Errorf("before its content: %d %s", status, body)
	}
	if got := w.sent("/"+strings.ToUpper(id)+"/sendForsendelse", v1("Vedtak æøå.pdf", "to.pdf"), pdf("Vedtak æøå.pdf"), pdf("to.pdf")); got != id {
		t.Fatalf("id %s, want %s", got, id)
	}
	s := w.Shipments()[0]
	sub := s.Submission
	for what, ok := range map[string]bool{
		"address":   sub.Recipient.Line1 == "Storgata 1" && sub.Recipient.Postcode == "0155" && sub.Recipient.City == "OSLO" && sub.Recipient.Country == "Norge",
		"number":    sub.Recipient.DigitalID == fnr && sub.ExposedTo[0] == "974760673",
		"level":     sub.RequireLevel4,
		"reply":     sub.ReplyTo != nil && sub.ReplyTo.Line1 == "Torget 2" && sub.ReplyTo.DigitalID == "974760673",
		"answer to": sub.ReplyToShipment == "00000000-0000-4000-8000-000000000001",
		"print":     sub.Print.Duplex && sub.Print.Colour,
		"code":      sub.Konteringskode == "0412",
		"type":      sub.ShipmentType == "vedtak",
		"link":      len(sub.Links) == 1 && sub.Links[0].URL == "https://example.org" && sub.Links[0].Lead == "Her",
		"metadata":  sub.MetadataFromSystem["saksAar"] != nil,
		"excluded":  !sub.Documents[0].Excluded && sub.Documents[1].Excluded,
		"way":       s.Dialect == "rest-v1" && s.Integration == w.Integration.ID && s.Account == "skole",
		"refusals":  !shipment.AnyRefuses(s.Refusals) && !has(s.Refusals, "felt-ukjent"),
		"files":     strings.Join(w.Documents(id), " ") == doortest.Hash(doortest.PDF("Vedtak æøå.pdf"))+" "+doortest.Hash(doortest.PDF("to.pdf")),
	} {
		if !ok {
			t.Errorf("%s is not as it was handed in: %+v", what, s.Refusals)
		}
	}

	one := `{"forsendelsesId":{"id":"` + id + `"},"sisteStatusEndring":1795514400000,"status":"MOTTATT"}`
	hash := func(name string) string { return doortest.Hash(doortest.PDF(name)) }
	for _, c := range []struct{ method, path, body, want string }{
		{"GET", "/" + id + "/status", "", one},
		{"POST", "/statuser", `["` + id + `","ukjent","00000000-0000-4000-8000-000000000001"]`, `{"statuser":[` + one + `]}`},
		{"POST", "/statuser", `[{"id":"` + id + `"}]`, `{"statuser":[` + one + `]}`},
		{"GET", "/" + id + "/historikk", "", `{"hendelsesLogger":[{"tidspunkt":"24.11.2026 11:00:00","hendelse":"Mottatt"}]}`},
		{"GET", "/" + id + "/signeringhistorikk", "", `{"forsendelsesId":{"id":"` + id + `"},"logg":[]}`},
		{"GET", "/" + id + "/dokumentMetadata", "", `{"dokumentMetadata":[` +
			`{"mimeType":"application/pdf","filnavn":"Vedtak æøå.pdf","kanSigneres":false,"sizeInBytes":35,"sha256hash":"` + hash("Vedtak æøå.pdf") + `"},` +
			`{"mimeType":"application/pdf","filnavn":"to.pdf","kanSigneres":false,"sizeInBytes":24,"sha256hash":"` + hash("to.pdf") + `"}]}`},
		{"GET", "/eksternref/sak/17%20b?x", "", `{"forsendelseIder":[{"id":"` + id + `"}]}`},
		{"GET", "/eksternref/sak%2F17%20b%3Fx", "", `{"forsendelseIder":[{"id":"` + id + `"}]}`},
		{"GET", "/eksternref/sak/../17//b", "", `{"forsendelseIder":[]}`},
		{"GET", "/forsendelseTyper", "", `{"forsendelseTyper":[]}`},
		{"GET", "/mottakersystem/974760673", "", `{"treff":[]}`},
		{"GET", "/mottakersystem?organisasjonsNummer=974760673&niva=3", "", `{"treff":[]}`},
	} {
		status, body := w.ask(c.method, c.path, c.body)
		if status != 200 || body != c.want {
			t.Errorf("%s %s: %d %s, want %s", c.method, c.path, status, body, c.want)
		}
	}
}

func has(found []shipment.Refusal, code string) bool {
	for _, f := range found {
		if f.Code == code {
			return true
		}
	}
	return false
}

// TestBothSpellings: the base as SvarUt has it, and as clients are known to misspell it.
func TestBothSpellings(t *testing.T) {
	w := newWorld(t, nil)
	w.url = strings.Replace(w.url, "tjenester", "tenjester", 1)
	w.sent("/"+w.begun()+"/sendForsendelse", v1("a.pdf"), pdf("a.pdf"))
}

// TestOnce: an answer that nobody heard, and the same again: one shipment. Other content under its id is refused.
func TestOnce(t *testing.T) {
	w := newWorld(t, func(h http.Handler) http.Handler {
		return doortest.CutOnce(h, func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/sendForsendelse") })
	})
	id := w.begun()
	if _, _, err := w.trySend("/"+id+"/sendForsendelse", v1("a.pdf"), nil, pdf("a.pdf")); err == nil {
		t.Fatal("the first answer was heard")
	}
	if status, _ := w.ask("GET", "/"+id+"/status", ""); status != 200 {
		t.Errorf("after a lost answer: status %d", status)
	}
	if got := w.sent("/"+id+"/sendForsendelse", v1("a.pdf"), pdf("a.pdf")); got != id {
		t.Errorf("again: %s", got)
	}
	if status, body, _ := w.trySend("/"+id+"/sendForsendelse", v1("b.pdf"), nil, pdf("b.pdf")); status != 409 || !strings.Contains(body, "Duplikat") {
		t.Errorf("other content: %d %s", status, body)
	}
	if n := len(w.Shipments()); n != 1 {
		t.Errorf("%d shipments", n)
	}
}

// TestBadInput: each fault has a status and a code, the field by V1's name, stores nothing, and repeats nothing private.
func TestBadInput(t *testing.T) {
	good := v1("a.pdf")
	cut := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	one := []doortest.Part{pdf("a.pdf")}
	for _, c := range []struct {
		name, path, body string
		change           func(*http.Request)
		files            []doortest.Part
		status           int
		code, field      string
	}{
		{"no JSON", "/sendForsendelse", "tittel=" + fnr, nil, one, 400, "json-feil", ""},
		{"no title", "/sendForsendelse", cut(`"tittel":"Vedtak"`, `"tittel":""`), nil, one, 400, "tittel-mangler", "tittel"},
		{"number and place swapped", "/sendForsendelse", cut(`"postNummer":"0155","postSted":"OSLO","land"`, `"postNummer":"Oslo","postSted":"0192","land"`), nil, one, 400, "postnummer-form", "mottaker.postAdresse.postNummer: Postnummer og poststed er byttet om"},
		{"reply to", "/sendForsendelse", cut(`"postNummer":"0155","postSted":"OSLO"},"digitalAdresse":{"org`, `"postSted":"OSLO"},"digitalAdresse":{"org`), nil, one, 400, "postnummer-mangler", "svarSendesTil.postAdresse.postNummer"},
		{"letters that cannot be printed", "/sendForsendelse", cut("Storgata 1", "Storgata 王"), nil, one, 400, "forside-tegn", "mottaker.postAdresse.adresse1: Adressen har tegn som ikke kan skrives ut (U+738B)"},
		{"code", "/sendForsendelse", cut("0412", "04 12"), nil, one, 400, "konteringskode-form", "konteringsKode"},
		{"field under both names", "/sendForsendelse", cut(`"konteringsKode":"0412"`, `"konteringsKode":"0412","konteringskode":"0413"`), nil, one, 400, "felt-dobbelt", "konteringsKode"},
		{"field twice", "/sendForsendelse", cut(`"konteringsKode":"0412"`, `"konteringsKode":"0412","konteringsKode":"0413"`), nil, one, 400, "felt-dobbelt", "konteringsKode"},
		{"two numbers", "/sendForsendelse", cut(`{"fodselsNummer":`, `{"organisasjonsNummer":"974760673","fodselsNummer":`), nil, one, 400, "digitalid-slag", "mottaker.digitalAdresse"},
		{"bad number", "/sendForsendelse", cut(fnr, "123"), nil, one, 400, "digitalid-form", "mottaker.digitalAdresse"},
		{"type", "/sendForsendelse", cut(`"tosidig":true`, `"tosidig":"ja"`), nil, one, 400, "felt-type", "utskriftsKonfigurasjon.tosidig"},
		{"link", "/sendForsendelse", cut("https://example.org", "example"), nil, one, 400, "lenke-form", "lenker[0].urlLenke"},
		{"document missing", "/sendForsendelse", v1("a.pdf", "b.pdf"), nil, one, 400, "dokument-mangler", "dokumenter[1]"},
		{"document unknown", "/sendForsendelse", good, nil, []doortest.Part{pdf("a.pdf"), pdf("b.pdf")}, 400, "fil-ikke-oppfort", ""},
		{"no PDF", "/sendForsendelse", cut(`"application/pdf"`, `"text/plain"`), nil, one, 400, "dokument-ikke-pdf", "dokumenter[0].ekskluderesFraUtskrift"},
		{"id", "/" + fnr + "/sendForsendelse", good, nil, one, 400, "id-form", ""},
		{"no login", "/sendForsendelse", good, func(r *http.Request) { r.Header.Del("Authorization") }, one, 401, "innlogging-mangler", ""},
		{"wrong password", "/sendForsendelse", good, func(r *http.Request) { r.SetBasicAuth("acos", "hemmelig") }, one, 401, "innlogging-feil", ""},
		{"no such path", "/brev", good, nil, one, 404, "adresse-ukjent", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, body, err := w.trySend(c.path, c.body, c.change, c.files...)
			var e struct{ Errorcode, Message string }
			if err != nil || json.Unmarshal([]byte(body), &e) != nil || status != c.status || e.Errorcode != c.code || e.Message == "" || !strings.Contains(e.Message, c.field) {
				t.Errorf("%d %s %v, want %d %s %s", status, body, err, c.status, c.code, c.field)
			}
			if n := len(w.Shipments()); n != 0 {
				t.Errorf("%d shipments are stored", n)
			}
			for _, private := range []string{fnr, "Åse", "Storgata", "a.pdf", w.Password, "hemmelig"} {
				if strings.Contains(w.Log.String(), private) || strings.Contains(body, private) {
					t.Errorf("%q is repeated", private)
				}
			}
			if left, err := os.ReadDir(w.Door.Spool); err != nil || len(left) != 0 {
				t.Errorf("the spool holds %v %v", left, err)
			}
		})
	}
}

// TestUnknownFields: what V1 does not have is told, and refuses nothing.
func TestUnknownFields(t *testing.T) {
	w := newWorld(t, nil)
	body := strings.NewReplacer(`"tittel":`, `"nyttFelt":{"a":1},"tittel":`, `"navn":"Åse`, `"fargeKode":"rød","navn":"Åse`).Replace(v1("a.pdf"))
	w.sent("/sendForsendelse", body, pdf("a.pdf"))
	s := w.Shipments()[0]
	if shipment.AnyRefuses(s.Refusals) || !has(s.Refusals, "felt-ukjent") {
		t.Errorf("%+v", s.Refusals)
	}
}

// TestRead: a date in milliseconds, in text or none; once is once.
func TestRead(t *testing.T) {
	w := newWorld(t, nil)
	id := w.sent("/sendForsendelse", v1("a.pdf"), pdf("a.pdf"))
	for _, at := range []string{"1795518000000", `"2026-11-24T12:00:00+01:00"`, "null"} {
		if status, body := w.ask("POST", "/"+id+"/settLest", `{"lestAvFodselsNummer":"`+fnr+`","navnPaEksterntSystem":"Min side","datoLest":`+at+`}`); status != 200 || body != "" {
			t.Errorf("%s: %d %s", at, status, body)
		}
	}
	if s := w.Shipments()[0]; s.ReadAt.IsZero() {
		t.Error("it is not read")
	}
	if status, body := w.ask("POST", "/"+id+"/settLest", `{"datoLest":"i dag"}`); status != 400 || !strings.Contains(body, "datoLest") {
		t.Errorf("%d %s", status, body)
	}
	if strings.Contains(w.Log.String(), fnr) {
		t.Error("who read is repeated")
	}
}

// TestRemove: content is erased at the sender's word, of all or of none; a letter that may become paper keeps its own, and unknown
// shipments are unknown.
func TestRemove(t *testing.T) {
	w := newWorld(t, nil)
	id, other := w.sent("/sendForsendelse", v1("a.pdf"), pdf("a.pdf")), w.sent("/sendForsendelse", v1("b.pdf"), pdf("b.pdf"))
	both := `[{"id":"` + id + `"},{"id":"` + other + `"}]`
	stop := func(id string) {
		t.Helper()
		if _, err := w.Acceptor.Stop(t.Context(), id, "avsluttet"); err != nil {
			t.Fatal(err)
		}
	}
	stop(id)
	if status, body := w.ask("POST", "/slettFiler", both); status != http.StatusConflict || !strings.Contains(body, "ikke-ferdig") || len(w.Documents(id)) != 1 {
		t.Errorf("one of them is on its way: %d %s", status, body)
	}
	stop(other)
	for range 2 { // what is erased already is erased
		if status, body := w.ask("POST", "/slettFiler", both); status != http.StatusNoContent || body != "" {
			t.Errorf("both: %d %s", status, body)
		}
	}
	for _, s := range w.Shipments() {
		if s.Status != shipment.StatusSlettet || s.Submission.Title != "" || len(w.Documents(s.ID)) != 0 {
			t.Errorf("%s is %s", s.ID, s.Status)
		}
	}
	if status, body := w.ask("GET", "/"+id+"/status", ""); status != 200 || !strings.Contains(body, "MANUELT_HANDTERT") {
		t.Errorf("its status in words that V1 knows: %d %s", status, body)
	}
	if status, body := w.ask("GET", "/"+id+"/dokumentMetadata", ""); status != 200 || strings.Contains(body, "a.pdf") {
		t.Errorf("its documents: %d %s", status, body)
	}
	if status, _ := w.ask("POST", "/slettFiler", `[{"id":"00000000-0000-4000-8000-000000000001"}]`); status != 404 {
		t.Errorf("unknown: %d", status)
	}
}
