package printoppdrag

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/fixtures/judges"
)

var agreed = Terms{CustomerID: "KOMMUNE_1"}

func order(change func(*Order)) Order {
	o := Order{
		ID: "K7QX000012", Created: time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC), Zone: "NORGE", Document: "0b3c1f0e-5f0c-4d9e-9a39-0d5a2f6c7b11",
		Recipient: Address{Name: "Testperson Én", Lines: []string{"c/o Prøve & Sønn <AS>", "", "Prøvegata 1"}, Postcode: "5003", City: "Bergen", Country: "NO"},
	}
	if change != nil {
		change(&o)
	}
	return o
}

// abroad is an order of a letter that leaves Norway, in colour and on both sides.
func abroad(o *Order) {
	o.Zone, o.Duplex, o.Colour = "VERDEN", true, true
	o.Recipient = Address{Name: "Jane Doe", Lines: []string{"1 Main Street"}, Postcode: "10001", City: "New York NY", Country: "US", CountryName: "USA"}
}

// validate has xmllint hold files against the schema.
func validate(t testing.TB, files ...string) {
	t.Helper()
	out, err := exec.Command(judges.Path(t, "xmllint"), append([]string{"--noout", "--schema", "testdata/printoppdrag-2_2.xsd"}, files...)...).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// read is what a vendor reads.
type read struct {
	Info struct {
		ID       string `xml:"bestillingsId,attr"`
		Customer string `xml:"kundeId,attr"`
		Created  string `xml:"KundeOpprettet"`
		Document struct {
			Destination string `xml:"destinasjon,attr"`
		} `xml:"DokumentInfo"`
		Channel struct {
			Treatment string `xml:"behandling,attr"`
		} `xml:"Kanal"`
	} `xml:"BestillingsInfo"`
	Mailpiece struct {
		Address  string `xml:"Ressurs>Adresse"`
		Country  string `xml:"Landkode"`
		Postcode string `xml:"Postnummer"`
		Document struct {
			ID       string `xml:"dokumentId,attr"`
			Kind     string `xml:"dokumentType,attr"`
			Name     string `xml:"Navn"`
			Country  string `xml:"Landkode"`
			Postcode string `xml:"Postnummer"`
		} `xml:"Dokument"`
	} `xml:"Mailpiece"`
}

func parse(t interface{ Fatal(...any) }, text []byte) (r read) {
	if err := xml.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestXML(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for i, c := range []struct {
		order                                           Order
		terms                                           Terms
		destination, treatment, kind, country, postcode string
		address                                         string
	}{
		{order(nil), agreed, "INNLAND", "B_X_S", "STANDARD", "NO", "5003", "Testperson Én\rc/o Prøve & Sønn <AS>\rPrøvegata 1\r5003 Bergen"},
		{order(func(o *Order) { o.Duplex, o.Recipient.Country = true, "" }), Terms{CustomerID: "K", Priority: PriorityA, DocumentType: "BREV"},
			"INNLAND", "A_X_D", "BREV", "NO", "5003", "Testperson Én\rc/o Prøve & Sønn <AS>\rPrøvegata 1\r5003 Bergen"},
		{order(abroad), Terms{CustomerID: "K", DocumentType: "BREV", DocumentTypeColour: "BREV_FARGE"},
			"VERDEN", "B_X_D", "BREV_FARGE", "US", "10001", "Jane Doe\r1 Main Street\r10001 New York NY\rUSA"},
		{order(func(o *Order) {
			o.Zone, o.Colour = "EUROPA", true
			o.Recipient = Address{Name: "Jan", Lines: []string{"Dublin 2"}, Country: "IE", CountryName: "IRLAND"}
		}), agreed, "EUROPA", "B_X_S", "STANDARD", "IE", "", "Jan\rDublin 2\rIRLAND"},
	} {
		text, err := XML(c.order, c.terms)
		if err != nil {
			t.Fatal(err)
		}
		r := parse(t, text)
		got := []string{
			r.Info.Document.Destination, r.Info.Channel.Treatment, r.Mailpiece.Document.Kind, r.Mailpiece.Country, r.Mailpiece.Postcode, r.Mailpiece.Address,
			r.Mailpiece.Document.Country, r.Mailpiece.Document.Postcode, r.Mailpiece.Document.Name, r.Info.Created, r.Info.Customer, r.Info.ID,
		}
		want := []string{
			c.destination, c.treatment, c.kind, c.country, c.postcode, c.address,
			c.country, c.postcode, c.order.Recipient.Name, "2026-11-24", c.terms.CustomerID, "K7QX000012",
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%d: %q\nwant %q", i, got, want)
		}
		files = append(files, write(t, filepath.Join(dir, fmt.Sprint(i, ".xml")), text))
	}
	validate(t, files...)
}

// TestSchemaNeedsAllThree: what the schema refuses is what NAV leaves out, so writing it all is no taste of ours.
func TestSchemaNeedsAllThree(t *testing.T) {
	t.Parallel()
	text, err := XML(order(nil), agreed)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, element := range []string{"KundeOpprettet", "Landkode", "Postnummer"} {
		open, closing := "<"+element+">", "</"+element+">"
		from, to := bytes.Index(text, []byte(open)), bytes.Index(text, []byte(closing))
		without := write(t, filepath.Join(dir, element+".xml"), append(bytes.Clone(text[:from]), text[to+len(closing):]...))
		if exec.Command(judges.Path(t, "xmllint"), "--noout", "--schema", "testdata/printoppdrag-2_2.xsd", without).Run() == nil {
			t.Errorf("valid without %s", element)
		}
	}
}

// TestAnyAddress: whatever stands in an address, the XML is valid and says it again.
func TestAnyAddress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.StringN(0, 40, 120)
		o := order(func(o *Order) {
			o.Zone = rapid.SampledFrom([]string{"NORGE", "EUROPA", "VERDEN"}).Draw(r, "zone")
			o.Duplex, o.Colour = rapid.Bool().Draw(r, "duplex"), rapid.Bool().Draw(r, "colour")
			o.Recipient = Address{
				Name: text.Draw(r, "name"), Lines: rapid.SliceOfN(text, 0, 3).Draw(r, "lines"), Postcode: text.Draw(r, "postcode"),
				City: text.Draw(r, "city"), Country: rapid.SampledFrom([]string{"", "NO", "SE"}).Draw(r, "country"), CountryName: text.Draw(r, "name of country"),
			}
		})
		b, err := XML(o, agreed)
		if err != nil {
			r.Fatal(err)
		}
		got := parse(r, b)
		want := o.Recipient.text()
		// XML knows no control characters: they come out as the mark of what is no character.
		if want = string(legal(want)); got.Mailpiece.Address != want {
			r.Fatalf("%q, want %q", got.Mailpiece.Address, want)
		}
		if n := strings.Count(got.Mailpiece.Address, "\r"); n > 6 || strings.Contains(got.Mailpiece.Address, "\n") {
			r.Fatalf("lines in %q", got.Mailpiece.Address)
		}
		files = append(files, write(t, filepath.Join(dir, fmt.Sprint(len(files), ".xml")), b))
	})
	validate(t, files...)
}

// legal is a text with what XML cannot say replaced, as encoding/xml does.
func legal(s string) []rune {
	out := []rune(s)
	for i, c := range out {
		if !(c == '\t' || c == '\n' || c == '\r' || c >= 0x20 && c <= 0xD7FF || c >= 0xE000 && c <= 0xFFFD || c >= 0x10000) {
			out[i] = '\uFFFD'
		}
	}
	return out
}

func TestWrite(t *testing.T) {
	t.Parallel()
	pdf := bytes.Repeat([]byte("%PDF-1.7\n"), 10_000)
	var one, two bytes.Buffer
	for _, w := range []*bytes.Buffer{&one, &two} {
		if err := Write(w, order(abroad), agreed, bytes.NewReader(pdf)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(one.Bytes(), two.Bytes()) {
		t.Error("the same order gives other bytes")
	}
	z, err := zip.NewReader(bytes.NewReader(one.Bytes()), int64(one.Len()))
	if err != nil || len(z.File) != 2 {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	text, err := XML(order(abroad), agreed)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content["K7QX000012.xml"], text) || !bytes.Equal(content["0b3c1f0e-5f0c-4d9e-9a39-0d5a2f6c7b11.pdf"], pdf) {
		t.Errorf("the ZIP holds %d files of other content", len(content))
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		order Order
		terms Terms
	}{
		"no customer":       {order(nil), Terms{}},
		"priority":          {order(nil), Terms{CustomerID: "K", Priority: "C"}},
		"document type":     {order(nil), Terms{CustomerID: "K", DocumentType: "a b"}},
		"id leaves folders": {order(func(o *Order) { o.ID = "../x" }), agreed},
		"document's id":     {order(func(o *Order) { o.Document = "a/b" }), agreed},
		"zone":              {order(func(o *Order) { o.Zone = "" }), agreed},
		"day":               {order(func(o *Order) { o.Created = time.Time{} }), agreed},
	} {
		if err := Write(io.Discard, c.order, c.terms, strings.NewReader("")); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
