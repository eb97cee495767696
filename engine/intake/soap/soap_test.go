package soap_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/soap"
	"postgang/engine/shipment"
)

const fnr = "41814061033" // synthetic

type world struct {
	*doortest.World
	t   *testing.T
	url string // without the version
}

func newWorld(t *testing.T, wrap func(http.Handler) http.Handler) *world {
	w := doortest.New(t, nil)
	mux := http.NewServeMux()
	soap.Handle(mux, w.Door)
	h := http.Handler(mux)
	if wrap != nil {
		h = wrap(h)
	}
	return &world{w, t, w.Serve(h).URL + soap.Base}
}

// post posts to a version as the integration, with what change does to it.
func (w *world) post(version, kind string, body io.Reader, change func(*http.Request)) (int, string, error) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), "POST", w.url+version, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(w.Integration.Name, w.Password)
	r.Header.Set("Content-Type", kind)
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

const soap12 = "application/soap+xml;charset=UTF-8"

// envelope is an envelope of 1.2 as CXF writes it.
func envelope(version, op, content string) string {
	space := "http://www.ks.no/svarut/servicesV" + version
	if version == "4" || version == "5" {
		space = "http://www.ks.no/svarut/services"
	}
	return `<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Header><a:Action xmlns:a="http://www.w3.org/2005/08/addressing" soap:mustUnderstand="true">x</a:Action></soap:Header><soap:Body><ns2:` +
		op + ` xmlns:ns2="` + space + `">` + content + `</ns2:` + op + `></soap:Body></soap:Envelope>`
}

func base(data []byte) string { return base64.StdEncoding.EncodeToString(data) }

// v9 is a forsendelse of V9 in the order of its schema. data is what stands in the element data of each file.
func v9(data func(name string) string, files ...string) string {
	var docs strings.Builder
	for _, f := range files {
		docs.WriteString(`<dokumenter><data>` + data(f) + `</data><dokumentType>Brev</dokumentType><ekskluderesFraPrint>false</ekskluderesFraPrint><filnavn>` + f + `</filnavn><giroarkSider>1</giroarkSider><mimetype>application/pdf</mimetype><skalSigneres>false</skalSigneres></dokumenter>`)
	}
	return `<forsendelse><avgivendeSystem>Sak &amp; arkiv</avgivendeSystem>` + docs.String() + `<eksternref>sak/17</eksternref><forsendelseType>vedtak</forsendelseType><konteringskode>0412</konteringskode>` +
		`<krevNiva4Innlogging>false</krevNiva4Innlogging><kryptert>false</kryptert><kunDigitalLevering>0</kunDigitalLevering><lenker><ledetekst>Her</ledetekst><urlLenke>https://example.org</urlLenke><urlTekst>Les</urlTekst></lenker>` +
		`<metadataFraAvleverendeSystem><dokumentetsDato>2026-11-24T10:00:00</dokumentetsDato><ekstraMetadata><key>a</key><value>b</value></ekstraMetadata><saksaar>2026</saksaar></metadataFraAvleverendeSystem>` +
		`<mottaker><digitalAdresse xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns2:personDigitalAdresse"><fnr>` + fnr + `</fnr></digitalAdresse><postAdresse><adresse1>Storgata 1</adresse1><land>Norge</land><navn>Åse Ødegård</navn><postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker>` +
		`<printkonfigurasjon><brevtype>BPOST</brevtype><fargePrint>true</fargePrint><tosidig>1</tosidig></printkonfigurasjon><signaturtype xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/><signeringUtloper xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>` +
		`<svarPaForsendelseLink>false</svarPaForsendelseLink><svarSendesTil><postAdresse><adresse1>Torget 2</adresse1><navn>Skolen</navn><postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></svarSendesTil><tittel>Vedtak</tittel></forsendelse>`
}

func inline(name string) string { return base(doortest.PDF(name)) }

func xop(name string) string {
	return `<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:` + strings.ReplaceAll(name, ".", "%2E") + `%40x"/>`
}

// mtom is a body of parts as CXF and Spring write them, and its type.
func mtom(envelope string, files ...string) (io.Reader, string) {
	var b bytes.Buffer
	part := func(id, kind string, data []byte) {
		fmt.Fprintf(&b, "\r\n--grense\r\nContent-Type: %s\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <%s>\r\n\r\n", kind, id)
		b.Write(data)
	}
	part("root@x", `application/xop+xml; charset=UTF-8; type="application/soap+xml"`, []byte(envelope))
	for _, f := range files {
		part(f+"@x", "application/octet-stream", doortest.PDF(f))
	}
	b.WriteString("\r\n--grense--\r\n")
	return &b, `multipart/related; type="application/xop+xml"; boundary="grense"; start="<root@x>"; start-info="application/soap+xml"`
}

var returned = regexp.MustCompile(`<return>(.*?)</return>`)

// taken is the id in an answer that must be one.
func (w *world) taken(status int, body string, err error) string {
	w.t.Helper()
	m := returned.FindStringSubmatch(strings.NewReplacer("<id>", "", "</id>", "").Replace(body))
	if err != nil || status != 200 || m == nil || len(m[1]) != 36 {
		w.t.Fatalf("%d %s %v", status, body, err)
	}
	return m[1]
}

// ask asks an operation in V9.
func (w *world) ask(version, op, content string) (int, string) {
	w.t.Helper()
	status, body, err := w.post(version, soap12, strings.NewReader(envelope(version, op, content)), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return status, body
}

func (w *world) one() shipment.Shipment {
	w.t.Helper()
	list := w.Shipments()
	if len(list) != 1 {
		w.t.Fatalf("%d shipments", len(list))
	}
	return list[0]
}

// TestIsStored: what V9 says, as MTOM and as base64, is there afterwards.
func TestIsStored(t *testing.T) {
	for name, send := range map[string]func(w *world) (int, string, error){
		"inline": func(w *world) (int, string, error) {
			return w.post("9", soap12, strings.NewReader(envelope("9", "sendForsendelse", v9(inline, "a.pdf", "b.pdf"))), nil)
		},
		"mtom": func(w *world) (int, string, error) {
			body, kind := mtom(envelope("9", "sendForsendelse", v9(xop, "a.pdf", "b.pdf")), "b.pdf", "a.pdf")
			return w.post("9/", kind, body, func(r *http.Request) { r.ContentLength = -1 })
		},
		"latin 1": func(w *world) (int, string, error) {
			text := `<?xml version="1.0" encoding="ISO-8859-1"?>` + envelope("9", "sendForsendelse", v9(inline, "a.pdf", "b.pdf"))
			var b []byte
			for _, r := range text {
				b = append(b, byte(r))
			}
			return w.post("9", "text/xml", bytes.NewReader(b), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			id := w.taken(send(w))
			s := w.one()
			sub := s.Submission
			for what, ok := range map[string]bool{
				"id":       s.ID == id,
				"name":     sub.Recipient.Name == "Åse Ødegård",
				"address":  sub.Recipient.Line1 == "Storgata 1" && sub.Recipient.Postcode == "0155" && sub.Recipient.City == "OSLO" && sub.Recipient.Country == "Norge",
				"number":   sub.Recipient.DigitalID == fnr,
				"reply":    sub.ReplyTo != nil && sub.ReplyTo.Line1 == "Torget 2",
				"print":    sub.Print.Duplex && sub.Print.Colour && sub.Print.LetterType == "BPOST",
				"texts":    sub.SendingSystem == "Sak & arkiv" && sub.ExternalReference == "sak/17" && sub.ShipmentType == "vedtak" && sub.Konteringskode == "0412",
				"link":     len(sub.Links) == 1 && sub.Links[0].URL == "https://example.org" && sub.Links[0].Lead == "Her",
				"metadata": sub.MetadataFromSystem["saksaar"] == "2026",
				"document": len(sub.Documents) == 2 && sub.Documents[1].GiroPages[0] == 1 && sub.Documents[0].DocumentType == "Brev",
				"way":      s.Dialect == "soap-v9" && s.Integration == w.Integration.ID,
				"refusals": !shipment.AnyRefuses(s.Refusals) && !has(s.Refusals, "felt-ukjent"),
				"files":    strings.Join(w.Documents(id), " ") == doortest.Hash(doortest.PDF("a.pdf"))+" "+doortest.Hash(doortest.PDF("b.pdf")),
			} {
				if !ok {
					t.Errorf("%s is not as it was handed in: %+v", what, s.Refusals)
				}
			}
		})
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

// TestClients: what real clients send.
func TestClients(t *testing.T) {
	pdf := doortest.PDF("a.pdf")
	for name, c := range map[string]struct {
		version, kind, body, dialect string
		digitalID                    shipment.Private
	}{
		// eFormidling's recorded form: no adresse1, MTOM below.
		"eFormidling": {"9", "", `<S:Envelope xmlns:S="http://www.w3.org/2003/05/soap-envelope"><S:Body><sendForsendelseMedId xmlns="http://www.ks.no/svarut/servicesV9"><forsendelse xmlns=""><avgivendeSystem>eFormidling</avgivendeSystem>` +
			`<dokumenter><data><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a.pdf@x"/></data><ekskluderesFraPrint>false</ekskluderesFraPrint><filnavn>a.pdf</filnavn><mimetype>application/pdf</mimetype><skalSigneres>false</skalSigneres></dokumenter>` +
			`<krevNiva4Innlogging>false</krevNiva4Innlogging><kryptert>false</kryptert><kunDigitalLevering>false</kunDigitalLevering><mottaker><digitalAdresse xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:n="http://www.ks.no/svarut/servicesV9" xsi:type="n:organisasjonDigitalAdresse"><orgnr>974760673</orgnr></digitalAdresse>` +
			`<postAdresse><land>Norge</land><navn>Åse</navn><postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker><svarPaForsendelseLink>false</svarPaForsendelseLink><tittel>Vedtak</tittel></forsendelse><forsendelsesid xmlns="">6C7D5C5E-6A0B-4A8D-9A51-0F0B7C1C2D3E</forsendelsesid></sendForsendelseMedId></S:Body></S:Envelope>`, "soap-v9", "974760673"},
		// node "svarut" 7: SOAP 1.1 under application/soap+xml, elements in no order, base64.
		"svarut 7": {"9", "application/soap+xml", `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ns2:sendForsendelse xmlns:ns2="http://www.ks.no/svarut/servicesV9"><forsendelse><tittel>Vedtak</tittel><kryptert>false</kryptert>` +
			`<dokumenter><data>` + base(pdf) + `</data><filnavn>a.pdf</filnavn><mimetype>application/pdf</mimetype><skalSigneres>false</skalSigneres><ekskluderesFraPrint>false</ekskluderesFraPrint></dokumenter>` +
			`<mottaker><digitalAdresse xsi:type="ns2:personDigitalAdresse" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><fnr>` + fnr + `</fnr></digitalAdresse><postAdresse><navn>Åse</navn><adresse1>Storgata 1</adresse1><postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker></forsendelse></ns2:sendForsendelse></soap:Body></soap:Envelope>`, "soap-v9", fnr},
		// node "svarut" 4: the namespace of V4 and V5, SOAP 1.1 as MTOM.
		"svarut 4": {"5", "", `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><ns2:sendForsendelse xmlns:ns2="http://www.ks.no/svarut/services"><forsendelse><avgivendeSystem>x</avgivendeSystem>` +
			`<dokumenter><data><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:a.pdf@x"/></data><filnavn>a.pdf</filnavn><mimetype>application/pdf</mimetype></dokumenter>` +
			`<mottaker xsi:type="ns2:organisasjon" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><navn>Åse</navn><orgnr>974760673</orgnr><adresse1>Storgata 1</adresse1><postnr>0155</postnr><poststed>OSLO</poststed></mottaker><tittel>Vedtak</tittel></forsendelse></ns2:sendForsendelse></soap:Body></soap:Envelope>`, "soap-v4", "974760673"},
		// node-soap: children qualified inside xsi:type, base64 in lines.
		"node-soap": {"9", "text/xml", `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/" xmlns:tns="http://www.ks.no/svarut/servicesV9" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soap:Body><tns:sendForsendelse><forsendelse>` +
			`<dokumenter><filnavn>a.pdf</filnavn><data>` + base(pdf[:9]) + "&#13;\n  <![CDATA[" + base(pdf[9:]) + `]]></data><mimetype>application/pdf</mimetype></dokumenter>` +
			`<mottaker><digitalAdresse xsi:type="tns:personDigitalAdresse"><tns:fnr>` + fnr + `</tns:fnr></digitalAdresse><postAdresse><tns:navn>Åse</tns:navn><tns:adresse1>Storgata 1</tns:adresse1><tns:postnr>0155</tns:postnr><tns:poststed>OSLO</tns:poststed></postAdresse></mottaker><tittel>Vedtak</tittel></forsendelse></tns:sendForsendelse></soap:Body></soap:Envelope>`, "soap-v9", fnr},
		"V4":  {"4", soap12, envelope("4", "sendForsendelse", `<forsendelse><dokumenter><data>`+base(pdf)+`</data><filnavn>a.pdf</filnavn><mimetype>application/pdf</mimetype></dokumenter><mottaker xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="ns2:privatPerson"><adresse1>Storgata 1</adresse1><navn>Åse</navn><postnr>0155</postnr><poststed>OSLO</poststed><fodselsnr>`+fnr+`</fodselsnr></mottaker><tittel>Vedtak</tittel></forsendelse>`), "soap-v4", fnr},
		"V10": {"10", soap12, envelope("10", "sendForsendelseMedId", `<forsendelse><dokumenter><data>`+base(pdf)+`</data><filnavn>a.pdf</filnavn><mimeType>application/pdf</mimeType></dokumenter><konteringsKode>1</konteringsKode><mottaker><digitalAdresse><organisasjonsNummer><id>974760673</id></organisasjonsNummer></digitalAdresse><postAdresse><navn>Åse</navn><adresse1>Storgata 1</adresse1><postNummer>0155</postNummer><postSted>OSLO</postSted></postAdresse></mottaker><svarPaForsendelse><id>00000000-0000-4000-8000-000000000001</id></svarPaForsendelse><tittel>Vedtak</tittel><utskriftsKonfigurasjon><tosidig>true</tosidig></utskriftsKonfigurasjon></forsendelse><forsendelsesId><id>6c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e</id></forsendelsesId>`), "soap-v10", "974760673"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			body, kind := io.Reader(strings.NewReader(c.body)), c.kind
			if kind == "" {
				body, kind = mtom(c.body, "a.pdf")
				if name == "svarut 4" {
					kind = strings.Replace(kind, `start="<root@x>"; `, "", 1)
				}
			}
			id := w.taken(w.post(c.version, kind, body, nil))
			s := w.one()
			if docs := w.Documents(id); len(docs) != 1 || docs[0] != doortest.Hash(pdf) || s.Dialect != c.dialect || s.Submission.Recipient.DigitalID != c.digitalID || has(s.Refusals, "felt-ukjent") {
				t.Errorf("%v %s %+v", docs, s.Dialect, s.Refusals)
			}
			if strings.Contains(c.body, "MedId") && id != "6c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e" {
				t.Errorf("id %s", id)
			}
		})
	}
}

// TestAsk: what can be asked, in both spellings, bare and wrapped.
func TestAsk(t *testing.T) {
	w := newWorld(t, nil)
	status, body := w.ask("9", "startNyForsendelse", "")
	id := w.taken(status, body, nil)
	if status, body := w.ask("9", "retrieveForsendelseStatus", "<forsendelsesid>"+id+"</forsendelsesid>"); status != 500 || !strings.Contains(body, "forsendelse-ukjent") {
		t.Errorf("before its content: %d %s", status, body)
	}
	status, body = w.ask("9", "sendForsendelseMedId", v9(inline, "a.pdf")+"<forsendelsesid>"+id+"</forsendelsesid>")
	if got := w.taken(status, body, nil); got != id {
		t.Fatalf("id %s", got)
	}
	asked := "<forsendelsesid>" + id + "</forsendelsesid>"
	many := "<forsendelseider>" + id + "</forsendelseider><forsendelseider>ukjent</forsendelseider>"
	wrapped := "<arg><id>" + id + "</id></arg>"
	for _, c := range []struct{ version, op, content, want string }{
		{"9", "retrieveForsendelseStatus", asked, "<return>MOTTATT</return>"},
		{"9", "retrieveForsendelsesStatus", asked, "<return>MOTTATT</return>"},
		{"4", "retrieveForsendelseStatus", asked, "<return>MOTTATT</return>"},
		{"9", "retrieveForsendelseStatuser", many, "<return><forsendelseStatus>MOTTATT</forsendelseStatus><forsendelsesid>" + id + "</forsendelsesid><sisteStatusEndring>2026-11-24T10:00:00Z</sisteStatusEndring></return>"},
		{"9", "retrieveForsendelseHistorikk", asked, "<return><hendelsesLogg><hendelse>Mottatt</hendelse><tidspunkt>24.11.2026 11:00:00</tidspunkt></hendelsesLogg></return>"},
		{"9", "retrieveSigneringshistorikk", "<forsendelseid>" + id + "</forsendelseid>", "<return><forsendelseid>" + id + "</forsendelseid></return>"},
		{"9", "retrieveSigneringshistorikkForFlereForsendelser", many, "<return><forsendelseid>" + id + "</forsendelseid></return>"},
		{"9", "retreiveForsendelseTyper", "", ""},
		{"9", "retrieveMottakerSystemForOrgnr", "<organisasjonsnr>974760673</organisasjonsnr>", ""},
		{"9", "retrieveForsendelseIdByEksternRef", "<eksternRef>sak/17</eksternRef>", "<return>" + id + "</return>"},
		{"9", "retrieveForsendelsesIderByEksternRef", "<eksternRef>annen</eksternRef>", ""},
		{"10", "retrieveForsendelsesIderByEksternRef", "<eksternRef>sak/17</eksternRef>", "<return><id>" + id + "</id></return>"},
		{"10", "retrieveForsendelsesStatus", wrapped, "<return><forsendelsesId><id>" + id + "</id></forsendelsesId><sisteStatusEndring>2026-11-24T10:00:00Z</sisteStatusEndring><status>MOTTATT</status></return>"},
		{"11", "retrieveForsendelsesStatuser", "<forsendelsesIder><id>" + id + "</id></forsendelsesIder>", "<return><forsendelsesId><id>" + id + "</id></forsendelsesId><sisteStatusEndring>2026-11-24T10:00:00Z</sisteStatusEndring><status>MOTTATT</status></return>"},
		{"10", "retrieveForsendelsesHistorikk", wrapped, "<return><hendelsesLogger><hendelse>Mottatt</hendelse><tidspunkt>24.11.2026 11:00:00</tidspunkt></hendelsesLogger></return>"},
		{"10", "retrieveDokumentMetadata", wrapped, "<return><mimeType>application/pdf</mimeType><filnavn>a.pdf</filnavn><kanSigneres>false</kanSigneres><sizeInBytes>23</sizeInBytes><sha256hash>" + doortest.Hash(doortest.PDF("a.pdf")) + "</sha256hash><dokumentType>Brev</dokumentType></return>"},
		{"9", "setForsendelseLestAvEksterntSystem", asked + "<lestAvFodselsnummer>" + fnr + "</lestAvFodselsnummer><navnPaEksterntSystem>Min side</navnPaEksterntSystem><datoLest>2026-11-24T11:00:00</datoLest>", ""},
		{"5", "setForsendelseLestAvEksterntSystem", asked + "<datoLest></datoLest>", ""},
	} {
		status, body := w.ask(c.version, c.op, c.content)
		space := "http://www.ks.no/svarut/servicesV" + c.version
		if c.version < "6" && len(c.version) == 1 {
			space = "http://www.ks.no/svarut/services"
		}
		want := `<ns2:` + c.op + `Response xmlns:ns2="` + space + `">` + c.want + `</ns2:` + c.op + `Response></soap:Body></soap:Envelope>`
		if status != 200 || !strings.HasSuffix(body, want) {
			t.Errorf("V%s %s: %d %s\nwant …%s", c.version, c.op, status, body, want)
		}
	}
	if s := w.one(); s.ReadAt.IsZero() {
		t.Error("it is not read")
	}
	if strings.Contains(w.Log.String(), fnr) {
		t.Error("who read is repeated")
	}
}

// TestOnce: an answer that nobody heard, and the same again: one shipment. Other content under its id is a duplicate.
func TestOnce(t *testing.T) {
	w := newWorld(t, func(h http.Handler) http.Handler {
		return doortest.CutOnce(h, func(*http.Request) bool { return true })
	})
	const id = "6c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e"
	send := func(file string) (int, string, error) {
		body, kind := mtom(envelope("9", "sendForsendelseMedId", v9(xop, file)+"<forsendelsesid>"+id+"</forsendelsesid>"), file)
		return w.post("9", kind, body, nil)
	}
	if _, _, err := send("a.pdf"); err == nil {
		t.Fatal("the first answer was heard")
	}
	if got := w.taken(send("a.pdf")); got != id {
		t.Errorf("again: %s", got)
	}
	if status, body, _ := send("b.pdf"); status != 500 || !strings.Contains(body, "<faultstring>Duplikat") {
		t.Errorf("other content: %d %s", status, body)
	}
	w.one()
}

// broker are the words by which eFormidling gives a letter up; on all other faults it sends again.
var broker = regexp.MustCompile(`Duplikat|Forsendelse med samme mottaker|Ugyldig innhold|Feil under lesing av|Kan ikke lagre tomt dokument`)

// TestFaults: each fault has its code and the words that brokers go by, stores nothing, and repeats nothing private.
func TestFaults(t *testing.T) {
	good := envelope("9", "sendForsendelse", v9(inline, "a.pdf"))
	cut := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	deep := strings.Repeat("<a>", 60) + strings.Repeat("</a>", 60)
	for _, c := range []struct {
		name, version, kind, body string
		change                    func(*http.Request)
		code, text                string
		permanent                 bool
	}{
		{"title", "9", soap12, cut("<tittel>Vedtak</tittel>", ""), nil, "tittel-mangler", "tittel: ", true},
		{"swapped", "9", soap12, cut("<postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker>", "<postnr>Oslo</postnr><poststed>0192</poststed></postAdresse></mottaker>"), nil, "postnummer-form", "mottaker.postAdresse.postnr: Postnummer og poststed er byttet om", true},
		{"letters that cannot be printed", "9", soap12, cut("Storgata 1", "Storgata 王"), nil, "forside-tegn", "mottaker.postAdresse.adresse1: Adressen har tegn som ikke kan skrives ut (U+738B)", true},
		{"reply to", "9", soap12, strings.Replace(good, "<postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></svarSendesTil>", "<poststed>OSLO</poststed></postAdresse></svarSendesTil>", 1), nil, "postnummer-mangler", "svarSendesTil.postAdresse.postnr", true},
		{"not PDF", "9", soap12, cut("<mimetype>application/pdf", "<mimetype>text/plain"), nil, "dokument-ikke-pdf", "dokumenter[0].ekskluderesFraPrint", true},
		{"no content", "9", soap12, cut(inline("a.pdf"), ""), nil, "dokument-mangler", "", true},
		{"twice", "9", soap12, cut("<tittel>Vedtak</tittel>", "<tittel>Vedtak</tittel><tittel>Annet</tittel>"), nil, "felt-dobbelt", "tittel", true},
		{"flag", "9", soap12, cut("<tosidig>1<", "<tosidig>ja<"), nil, "felt-type", "printkonfigurasjon.tosidig", true},
		{"base64", "9", soap12, cut(inline("a.pdf"), "JVBER!"), nil, "base64-feil", "", true},
		{"short base64", "9", soap12, cut(inline("a.pdf"), "JVBER"), nil, "base64-feil", "", true},
		{"padding inside", "9", soap12, cut(inline("a.pdf"), "JVA=JVBE"), nil, "base64-feil", "", true},
		{"comment inside", "9", soap12, cut(inline("a.pdf"), "JVBE<!-- x -->JVBE"), nil, "base64-feil", "", true},
		{"no XML", "9", soap12, "tittel=" + fnr, nil, "xml-feil", "", true},
		{"no end", "9", soap12, good[:len(good)-40], nil, "xml-feil", "", true},
		{"no envelope", "9", soap12, "<a><Body><sendForsendelse/></Body></a>", nil, "xml-feil", "", true},
		{"no operation", "9", soap12, envelope("9", "slettAlt", ""), nil, "operasjon-ukjent", "", true},
		{"no forsendelse", "9", soap12, envelope("9", "sendForsendelse", ""), nil, "forsendelse-mangler", "", true},
		{"no id", "9", soap12, envelope("9", "sendForsendelseMedId", v9(inline, "a.pdf")), nil, "id-form", "", true},
		{"DTD", "9", soap12, `<!DOCTYPE x [<!ENTITY a "aaaa">]>` + good, nil, "xml-dtd", "", true},
		{"entity", "9", soap12, cut("Vedtak", "&a;"), nil, "xml-feil", "", true},
		{"deep", "9", soap12, cut("<tittel>", deep+"<tittel>"), nil, "xml-stor", "", true},
		{"huge attribute", "9", soap12, cut("<tittel>", `<tittel a="`+strings.Repeat("x", 2<<20)+`">`), nil, "xml-stor", "", true},
		{"huge text", "9", soap12, cut("Vedtak<", strings.Repeat("x", 2<<20)+"<"), nil, "xml-stor", "", true},
		{"many elements", "9", soap12, cut("<tittel>", strings.Repeat("<a/>", 60_000)+"<tittel>"), nil, "xml-stor", "", true},
		{"bomb", "9", soap12, good, func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, "komprimert", "", true},
		{"too large", "9", soap12, cut(inline("a.pdf"), base(append(doortest.PDF("x"), make([]byte, 1<<20)...))), nil, "for-stor", "", true},
		{"many histories", "9", soap12, envelope("9", "retrieveSigneringshistorikkForFlereForsendelser", strings.Repeat("<forsendelseider>x</forsendelseider>", 11)), nil, "for-mange-id-er", "", true},
		{"cut", "9", `multipart/related; boundary="grense"`, "--grense\r\nContent-Type: application/xop+xml\r\n\r\n" + good[:len(good)/2], nil, "avbrutt", "", false},
		{"no login", "9", soap12, good, func(r *http.Request) { r.Header.Del("Authorization") }, "innlogging-mangler", "", false},
		{"wrong password", "9", soap12, good, func(r *http.Request) { r.SetBasicAuth("acos", "hemmelig") }, "innlogging-feil", "", false},
		{"V4's names", "4", soap12, strings.Replace(cut("<postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker>", "<poststed>OSLO</poststed></postAdresse></mottaker>"), "servicesV9", "services", 1), nil, "postnummer-mangler", "mottaker.postnr", true},
		{"V10's names", "10", soap12, cut("<postnr>0155</postnr><poststed>OSLO</poststed></postAdresse></mottaker>", "<poststed>OSLO</poststed></postAdresse></mottaker>"), nil, "postnummer-mangler", "mottaker.postAdresse.postNummer", true},
		{"in 1.1", "9", "text/xml", strings.Replace(cut("<tittel>Vedtak</tittel>", ""), "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/", 1), nil, "tittel-mangler", "<faultcode>soap:Client</faultcode><faultstring>Ugyldig innhold: ", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, nil)
			status, body, err := w.post(c.version, c.kind, strings.NewReader(c.body), c.change)
			want := 500
			if strings.HasPrefix(c.code, "innlogging") {
				want = 401
			}
			text := regexp.MustCompile(`<faultstring>(.*?)</faultstring>`).FindString(body)
			if err != nil || status != want || !strings.Contains(body, "<kode>"+c.code+"</kode>") || !strings.Contains(body, c.text) || text == "" {
				t.Errorf("%d %s %v, want %s %s", status, body, err, c.code, c.text)
			}
			if broker.MatchString(text) != c.permanent {
				t.Errorf("a broker takes it wrongly: %s", text)
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

// TestUnreferenced: a part that no document means is not left out without a word.
func TestUnreferenced(t *testing.T) {
	w := newWorld(t, nil)
	body, kind := mtom(envelope("9", "sendForsendelse", v9(xop, "a.pdf")), "a.pdf", "b.pdf")
	if status, body, _ := w.post("9", kind, body, nil); status != 500 || !strings.Contains(body, "<kode>fil-ikke-oppfort</kode>") {
		t.Errorf("%d %s", status, body)
	}
}

// TestSpeaksOfTrouble: what is ours or passes is told in words on which no broker gives up.
func TestSpeaksOfTrouble(t *testing.T) {
	w := newWorld(t, nil)
	w.Door.PerMinute = 1
	w.ask("9", "retreiveForsendelseTyper", "")
	if status, body := w.ask("9", "retreiveForsendelseTyper", ""); status != 500 || !strings.Contains(body, "for-mange-kall") || broker.MatchString(body) {
		t.Errorf("%d %s", status, body)
	}
}

// TestWSDL: the contracts that are public are there without a login.
func TestWSDL(t *testing.T) {
	w := newWorld(t, nil)
	for version, want := range map[string]int{"9?wsdl": 200, "4?WSDL": 200, "10?wsdl": 404, "9": 405} {
		res, err := http.Get(w.url + version)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != want || want == 200 && !bytes.Contains(body, []byte(`<soap12:address location="`+w.url+version[:1]+`"/>`)) {
			t.Errorf("%s: %d %s", version, res.StatusCode, body)
		}
	}
}
