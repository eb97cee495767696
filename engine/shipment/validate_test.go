package shipment

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// goodJSON is a hand-in with nothing to remark.
const goodJSON = `{
  "tittel": "Vedtak om skolestart",
  "mottaker": {
    "navn": "Testperson Én", "digitalId": "02013299997",
    "adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen"
  },
  "avgivendeSystem": "Skolesystemet",
  "konteringskode": "4100-skole.øst",
  "utskriftskonfigurasjon": {"utskriftMedFarger": false, "tosidig": true},
  "svarSendesTil": {"navn": "Prøvekommunen", "adresselinje1": "Postboks 1", "postnummer": "0001", "poststed": "Oslo"},
  "dokumenter": [
    {"filnavn": "vedtak.pdf", "mimeType": "application/pdf"},
    {"filnavn": "faktura.pdf", "mimeType": "application/pdf", "giroarkSider": [1, 3]},
    {"filnavn": "kart.png", "mimeType": "image/png", "skalEkskluderesFraUtskrift": true}
  ],
  "eksternReferanse": "sak 2026/17",
  "metadataFraAvleverendeSystem": {"saksaar": 2026, "tittel": "Skolestart", "ekstraMetadata": [{"key": "a", "value": "b"}]}
}`

func parsed(t testing.TB, text string) Submission {
	t.Helper()
	s, found := ParseSubmission([]byte(text))
	if len(found) > 0 {
		t.Fatalf("parse: %+v", found)
	}
	s.Normalise()
	return s
}

// codesOf are "code field" of reasons, warnings with «?» in front.
func codesOf(found []Refusal) []string {
	var out []string
	for _, r := range found {
		mark := ""
		if r.Warning {
			mark = "?"
		}
		out = append(out, strings.TrimSpace(mark+r.Code+" "+r.Field))
	}
	slices.Sort(out)
	return out
}

var validateNow = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestGoodSubmission(t *testing.T) {
	t.Parallel()
	s := parsed(t, goodJSON)
	if found := s.Validate(DefaultRules(), register(t), validateNow); len(found) > 0 {
		t.Errorf("%+v", found)
	}
	if s.Title != "Vedtak om skolestart" || s.Recipient.Postcode != "5003" || !s.Print.Duplex || s.Print.Colour ||
		len(s.Documents) != 3 || !slices.Equal(s.Documents[1].GiroPages, []int{1, 3}) || !s.Documents[2].Excluded ||
		s.ReplyTo.City != "Oslo" || s.MetadataFromSystem["saksaar"] != float64(2026) {
		t.Errorf("read as %#v", s.Documents)
	}
}

// TestEachRule breaks the good hand-in in one way at a time: exactly that one reason comes out.
func TestEachRule(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("å", 2000)
	synthetic := DefaultRules()
	synthetic.AllowSynthetic = true
	soon := validateNow.Add(23 * time.Hour)
	for _, tc := range []struct {
		name   string
		change func(*Submission)
		want   []string
	}{
		{"no title", func(s *Submission) { s.Title = "" }, []string{"tittel-mangler tittel"}},
		{"title of 1000 letters of two bytes", func(s *Submission) { s.Title = Private(long[:2000]) }, nil},
		{"title of 1001", func(s *Submission) { s.Title = Private(long[:2002]) }, []string{"felt-langt tittel"}},
		{"title with a number", func(s *Submission) { s.Title = "Gjelder 02013299997" }, []string{"?tittel-fodselsnummer tittel"}},
		{"title with a control character", func(s *Submission) { s.Title = "a\x07b" }, []string{"felt-tegn tittel"}},
		{"title that turns the writing", func(s *Submission) { s.Title = "a\u202eb" }, []string{"felt-tegn tittel"}},
		{"two ways", func(s *Submission) { s.DigitalOnly, s.PrintOnly = true, true }, []string{"levering-motstrid kunPrint"}},

		{"no name", func(s *Submission) { s.Recipient.Name = "" }, []string{"navn-mangler mottaker.navn"}},
		{"name of 101", func(s *Submission) { s.Recipient.Name = Private(long[:202]) }, []string{"?vindu-bredde mottaker", "felt-langt mottaker.navn"}},
		{"no digital id", func(s *Submission) { s.Recipient.DigitalID = "" }, nil},
		{"no digital id, only digital", func(s *Submission) { s.Recipient.DigitalID = ""; s.DigitalOnly = true }, []string{"digitalid-mangler mottaker.digitalId"}},
		{"organisation", func(s *Submission) { s.Recipient.DigitalID = "971032146" }, nil},
		{"wrong check digits", func(s *Submission) { s.Recipient.DigitalID = "02013299998" }, []string{"digitalid-kontroll mottaker.digitalId"}},
		{"no date", func(s *Submission) { s.Recipient.DigitalID = "99013299998" }, []string{"digitalid-dato mottaker.digitalId"}},
		{"lost zero", func(s *Submission) { s.Recipient.DigitalID = "2013299997" }, []string{"digitalid-form mottaker.digitalId"}},
		{"neither length", func(s *Submission) { s.Recipient.DigitalID = "1234" }, []string{"digitalid-form mottaker.digitalId"}},
		{"synthetic", func(s *Submission) { s.Recipient.DigitalID = "41814061033" }, []string{"digitalid-syntetisk mottaker.digitalId"}},
		{"number in the address", func(s *Submission) { s.Recipient.Line2 = "02013299997" }, []string{"adresse-fodselsnummer mottaker.adresselinje2"}},

		{"no lines", func(s *Submission) { s.Recipient.Line1 = "" }, []string{"?adresse-mangler mottaker.adresselinje1"}},
		{"no lines, print only", func(s *Submission) { s.Recipient.Line1 = ""; s.PrintOnly = true }, []string{"adresse-mangler mottaker.adresselinje1"}},
		{"no address, only digital", func(s *Submission) {
			s.Recipient = PostalAddress{Name: "x", DigitalID: "02013299997"}
			s.DigitalOnly = true
		}, nil},
		{"half an address, only digital", func(s *Submission) { s.Recipient.Postcode, s.Recipient.City = "50", ""; s.DigitalOnly = true }, nil},
		{"line of 71", func(s *Submission) { s.Recipient.Line3 = Private(long[:142]) }, []string{"?vindu-bredde mottaker", "felt-langt mottaker.adresselinje3"}},
		{"all lines at home", func(s *Submission) { s.Recipient.Line2, s.Recipient.Line3 = "b", "c" }, nil},
		{"all lines abroad", func(s *Submission) {
			s.Recipient.Line2, s.Recipient.Line3, s.Recipient.Country = "b", "c", "Sverige"
		}, []string{"?vindu-linjer mottaker"}},
		{"no postnummer", func(s *Submission) { s.Recipient.Postcode = "" }, []string{"postnummer-mangler mottaker.postnummer"}},
		{"no poststed", func(s *Submission) { s.Recipient.City = "" }, []string{"poststed-mangler mottaker.poststed"}},
		{"postnummer of three", func(s *Submission) { s.Recipient.Postcode = "503" }, []string{"postnummer-form mottaker.postnummer"}},
		{"unknown postnummer", func(s *Submission) { s.Recipient.Postcode = "4999" }, []string{"postnummer-ukjent mottaker.postnummer"}},
		{"another poststed", func(s *Submission) { s.Recipient.City = "Oslo" }, []string{"?poststed-avvik mottaker.poststed"}},
		{"abroad without postnummer", func(s *Submission) { s.Recipient.Postcode, s.Recipient.City, s.Recipient.CountryCode = "", "", "SE" }, nil},
		{"abroad with its own postnummer", func(s *Submission) { s.Recipient.Postcode, s.Recipient.CountryCode = "SW1A 1AA", "GB" }, nil},
		{"abroad without line", func(s *Submission) { s.Recipient.Line1, s.Recipient.CountryCode = "", "SE" }, []string{"adresse-mangler mottaker.adresselinje1"}},
		{"postnummer abroad of 21", func(s *Submission) { s.Recipient.Postcode, s.Recipient.CountryCode = strings.Repeat("1", 21), "SE" }, []string{"felt-langt mottaker.postnummer"}},
		{"landkode of three letters", func(s *Submission) { s.Recipient.CountryCode = "SWE" }, []string{"landkode-form mottaker.landkode"}},
		{"landkode of no country", func(s *Submission) { s.Recipient.CountryCode = "XX" }, []string{"landkode-ukjent mottaker.landkode"}},
		{"unknown land", func(s *Submission) { s.Recipient.Country = "Langtvekkistan" }, []string{"?land-ukjent mottaker.land"}},
		{"land against landkode", func(s *Submission) { s.Recipient.Country, s.Recipient.CountryCode = "Sverige", "DK" }, []string{"?land-motstrid mottaker.land"}},

		{"reply without name", func(s *Submission) { s.ReplyTo.Name = "" }, []string{"navn-mangler svarSendesTil.navn"}},
		{"reply without postnummer", func(s *Submission) { s.ReplyTo.Postcode = "" }, []string{"postnummer-mangler svarSendesTil.postnummer"}},
		{"reply without poststed", func(s *Submission) { s.ReplyTo.City = "" }, []string{"poststed-mangler svarSendesTil.poststed"}},
		{"reply abroad", func(s *Submission) { s.ReplyTo.CountryCode = "SE" }, []string{"?retur-utland svarSendesTil"}},

		{"encrypted", func(s *Submission) { s.Encrypted, s.RequireLevel4 = true, true }, []string{"kryptert kryptert"}},
		{"encrypted, only digital", func(s *Submission) { s.Encrypted, s.RequireLevel4, s.DigitalOnly = true, true, true }, nil},
		{"level 4", func(s *Submission) { s.RequireLevel4 = true }, []string{"?niva4-papir krevNiva4Innlogging"}},

		{"konteringskode of 21", func(s *Submission) { s.Konteringskode = strings.Repeat("1", 21) }, []string{"konteringskode-form konteringskode"}},
		{"konteringskode with a space", func(s *Submission) { s.Konteringskode = "41 00" }, []string{"konteringskode-form konteringskode"}},
		{"konteringskode as in the newest versions", func(s *Submission) { s.Konteringskode = "41_00" }, []string{"?konteringskode-eldre konteringskode"}},
		{"konteringskode with a formula", func(s *Submission) { s.Konteringskode = "=1+1" }, []string{"konteringskode-form konteringskode"}},
		{"konteringskode with a line break at the end", func(s *Submission) { s.Konteringskode = "4100\n" }, []string{"konteringskode-form konteringskode"}},
		{"konteringskode that is a person", func(s *Submission) { s.Konteringskode = "02013299997" }, []string{"konteringskode-fodselsnummer konteringskode"}},
		{"konteringskode with an orgnr in front", func(s *Submission) { s.Konteringskode = "97103214601" }, nil},
		{"no konteringskode", func(s *Submission) { s.Konteringskode = "" }, nil},
		{"avgivendeSystem of 101", func(s *Submission) { s.SendingSystem = long[:202] }, []string{"felt-langt avgivendeSystem"}},
		{"eksternReferanse of 101", func(s *Submission) { s.ExternalReference = long[:202] }, []string{"felt-langt eksternReferanse"}},
		{"answer to nothing", func(s *Submission) { s.ReplyToShipment = "17" }, []string{"svarpa-form svarPaForsendelse"}},
		{"signing ends too soon", func(s *Submission) { s.SigningExpires = &soon }, []string{"signering-frist signeringUtloper"}},
		{"signature of no kind", func(s *Submission) { s.SignatureType = "BLYANT" }, []string{"signatur-type signaturType"}},
		{"shown to nobody", func(s *Submission) { s.ExposedTo = []Private{"971032146", "1"} }, []string{"digitalid-form eksponertFor[1]"}},

		{"no documents", func(s *Submission) { s.Documents = nil }, []string{"dokument-ingen dokumenter"}},
		{"501 documents", func(s *Submission) { s.Documents = make([]SubmittedFile, 501) }, []string{"dokument-antall dokumenter"}},
		{"nothing to print", func(s *Submission) { s.Documents = s.Documents[2:] }, []string{"dokument-ingen-trykk dokumenter"}},
		{"nothing to print, only digital", func(s *Submission) { s.Documents = s.Documents[2:]; s.DigitalOnly = true }, nil},
		{"no PDF and not excluded", func(s *Submission) { s.Documents[2].Excluded = false }, []string{"dokument-ikke-pdf dokumenter[2].skalEkskluderesFraUtskrift"}},
		{"no PDF and not excluded, only digital", func(s *Submission) { s.Documents[2].Excluded = false; s.DigitalOnly = true }, nil},
		{"no file name", func(s *Submission) { s.Documents[0].FileName = " " }, []string{"filnavn-mangler dokumenter[0].filnavn"}},
		{"file name of 226", func(s *Submission) { s.Documents[0].FileName = Private(long[:452]) }, nil},
		{"file name of 227", func(s *Submission) { s.Documents[0].FileName = Private(long[:454]) }, []string{"felt-langt dokumenter[0].filnavn"}},
		{"file in a folder", func(s *Submission) { s.Documents[0].FileName = "a/b.pdf" }, []string{"filnavn-mappe dokumenter[0].filnavn"}},
		{"file in a Windows folder", func(s *Submission) { s.Documents[0].FileName = `a\b.pdf` }, []string{"filnavn-mappe dokumenter[0].filnavn"}},
		{"file above", func(s *Submission) { s.Documents[0].FileName = ".." }, []string{"filnavn-mappe dokumenter[0].filnavn"}},
		{"forbidden character", func(s *Submission) { s.Documents[0].FileName = "a?.pdf" }, []string{"filnavn-tegn dokumenter[0].filnavn"}},
		{"line break in a file name", func(s *Submission) { s.Documents[0].FileName = "a\n.pdf" }, []string{"filnavn-tegn dokumenter[0].filnavn"}},
		{"same name in another case", func(s *Submission) { s.Documents[1].FileName = "VEDTAK.pdf" }, []string{"filnavn-likt dokumenter[1].filnavn"}},
		{"no type", func(s *Submission) { s.Documents[0].MimeType = "" }, []string{"mimetype-mangler dokumenter[0].mimeType"}},
		{"a type that is none", func(s *Submission) { s.Documents[2].MimeType = "bilde" }, []string{"mimetype-form dokumenter[2].mimeType"}},
		{"PDF with a parameter", func(s *Submission) { s.Documents[0].MimeType = "application/pdf; version=1.7" }, nil},
		{"giro page 0", func(s *Submission) { s.Documents[1].GiroPages = []int{0, 1} }, []string{"giro-side dokumenter[1].giroarkSider"}},
		{"giro page twice", func(s *Submission) { s.Documents[1].GiroPages = []int{2, 2} }, []string{"giro-lik dokumenter[1].giroarkSider"}},
		{"giro pages unsorted", func(s *Submission) { s.Documents[1].GiroPages = []int{2, 1} }, []string{"giro-orden dokumenter[1].giroarkSider"}},
		{"giro in a picture", func(s *Submission) { s.Documents[2].GiroPages = []int{1} }, []string{"giro-ikke-trykk dokumenter[2].giroarkSider"}},
		{"two to sign", func(s *Submission) { s.Documents[0].ToBeSigned, s.Documents[1].ToBeSigned = true, true }, []string{"signering-antall dokumenter[1].skalSigneres"}},
		{"a picture to sign", func(s *Submission) { s.Documents[2].ToBeSigned = true }, []string{"signering-pdf dokumenter[2].skalSigneres"}},

		{"six links", func(s *Submission) { s.Links = make([]link, 6) }, []string{"lenke-antall lenker"}},
		{"five links", func(s *Submission) { s.Links = slices.Repeat([]link{{URL: "https://a.no/b", Text: "a"}}, 5) }, nil},
		{"link of no kind", func(s *Submission) { s.Links = []link{{URL: "javascript:alert(1)", Text: "a"}} }, []string{"lenke-form lenker[0].url"}},
		{"link without text", func(s *Submission) { s.Links = []link{{URL: "https://a.no"}} }, []string{"lenke-tekst lenker[0].tekst"}},
		{"metadata of 21", func(s *Submission) {
			s.Documents[0].Metadata = slices.Repeat([]map[string]any{{"key": "a", "value": "b"}}, 21)
		}, []string{"metadata-antall dokumenter[0].ekstraMetadata"}},
		{"metadata without value", func(s *Submission) { s.Documents[0].Metadata = []map[string]any{{"key": "a"}} }, []string{"metadata-form dokumenter[0].ekstraMetadata[0]"}},
		{"metadata value of 501", func(s *Submission) {
			s.MetadataFromSystem = map[string]any{"ekstraMetadata": []any{map[string]any{"key": "a", "value": long[:1002]}}}
		}, []string{"felt-langt metadataFraAvleverendeSystem.ekstraMetadata[0].value"}},
		{"metadata in metadata", func(s *Submission) { s.MetadataForImport = map[string]any{"a": map[string]any{}} }, []string{"metadata-form metadataForImport.a"}},
	} {
		s := parsed(t, goodJSON)
		tc.change(&s)
		found := s.Validate(DefaultRules(), register(t), validateNow)
		if got := codesOf(found); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		for _, r := range found {
			if r.Text != "" {
				t.Errorf("%s: a sentence where there should be a code: %q", tc.name, r.Text)
			}
			for name, value := range r.Args {
				if value == "" {
					t.Errorf("%s: argument %s is empty", tc.name, name)
				}
			}
		}
	}
	s := parsed(t, goodJSON)
	s.Recipient.DigitalID = "41814061033"
	if found := s.Validate(synthetic, nil, validateNow); len(found) > 0 {
		t.Errorf("synthetic number where the account accepts it: %+v", found)
	}
}

// TestAllReasonsAtOnce: what is wrong with the form of one field does not hide what is wrong with the others.
func TestAllReasonsAtOnce(t *testing.T) {
	t.Parallel()
	s, found := ParseSubmission([]byte(`{
	  "mottaker": {"navn": 17, "digitalId": "123", "postnummer": "50", "land": "Norge", "Poststed": "Bergen"},
	  "konteringskode": "æ ø", "kunPrint": "ja", "farge": true, "tittel": "a", "tittel": "b",
	  "dokumenter": [{"filnavn": "a.pdf", "mimeType": "application/pdf", "giroarkSider": ["1", 1.5, 2]}, null, {"filnavn": "A.PDF", "mimeType": "text/plain"}],
	  "signeringUtloper": "i morgen"
	}`))
	s.Normalise()
	found = append(found, s.Validate(DefaultRules(), nil, validateNow)...)
	want := []string{
		"?adresse-mangler mottaker.adresselinje1",
		"?felt-ukjent farge",
		"?felt-ukjent mottaker.Poststed",
		"digitalid-form mottaker.digitalId",
		"dokument-ikke-pdf dokumenter[1].skalEkskluderesFraUtskrift",
		"felt-dobbelt tittel",
		"felt-type dokumenter[0].giroarkSider[0]",
		"felt-type dokumenter[0].giroarkSider[1]",
		"felt-type dokumenter[1]",
		"felt-type kunPrint",
		"felt-type mottaker.navn",
		"felt-type signeringUtloper",
		"filnavn-likt dokumenter[1].filnavn",
		"konteringskode-form konteringskode",
		"navn-mangler mottaker.navn",
		"postnummer-form mottaker.postnummer",
		"poststed-mangler mottaker.poststed",
	}
	if got := codesOf(found); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, r := range found {
		if r.Code == "felt-ukjent" && r.Field == "mottaker.Poststed" && r.Args["meant"] != "poststed" {
			t.Errorf("does not help: %v", r.Args)
		}
	}
}

func TestNoJSON(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]string{
		"":                         "json-tom",
		" \n":                      "json-tom",
		"\ufeff":                   "json-tom",
		"[]":                       "json-feil",
		"null":                     "json-feil",
		`{"tittel": "a"} x`:        "json-feil",
		`{"tittel": "a"`:           "json-feil",
		`{"tittel": "a",}`:         "json-feil",
		`{tittel: "a"}`:            "json-feil",
		"{\"tittel\": \"\xe5\"}":   "json-tegnsett",
		strings.Repeat("[", 10000): "json-dyp",
		`{"metadataForImport":` + strings.Repeat(`{"a":`, 30) + "1" + strings.Repeat("}", 30) + "}": "json-dyp",
		strings.Repeat(" ", MaxSubmissionBytes+1):                                                   "json-stor",
	} {
		_, found := ParseSubmission([]byte(text))
		if len(found) != 1 || found[0].Code != code || found[0].Warning {
			t.Errorf("%.20q: %+v, want %s", text, found, code)
		}
	}
	_, found := ParseSubmission([]byte("{\n\"tittel\": \"a\",\n\"kunPrint\": ja\n}"))
	if len(found) != 1 || found[0].Args["line"] != "3" {
		t.Errorf("the line is not told: %+v", found)
	}
	if s, found := ParseSubmission([]byte("\ufeff" + goodJSON)); len(found) > 0 || s.Title == "" {
		t.Errorf("byte order mark: %+v", found)
	}
}

// TestReasonsDoNotRepeatContent fills every text with marked values and looks for them in every reason.
func TestReasonsDoNotRepeatContent(t *testing.T) {
	t.Parallel()
	var tree any
	if err := json.Unmarshal([]byte(goodJSON), &tree); err != nil {
		t.Fatal(err)
	}
	n := 0
	var spoil func(v any) any
	spoil = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			out := map[string]any{"02013299997": "x", "Kari Hemmelig": 1}
			for k, e := range v {
				out[k] = spoil(e)
			}
			return out
		case []any:
			for i := range v {
				v[i] = spoil(v[i])
			}
			return v
		case string:
			n++
			return fmt.Sprintf("HEMMELIG\x01%d/%s", n, strings.Repeat("x", 1100))
		}
		return v
	}
	data, err := json.Marshal(spoil(tree))
	if err != nil {
		t.Fatal(err)
	}
	s, found := ParseSubmission(data)
	s.Normalise()
	found = append(found, s.Validate(DefaultRules(), register(t), validateNow)...)
	if n < 20 || len(found) < 20 {
		t.Fatalf("%d texts spoilt, %d reasons", n, len(found))
	}
	shown, err := json.Marshal(found)
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.ToUpper(string(shown)); strings.Contains(text, "HEMMELIG") || strings.Contains(text, "02013299997") {
		t.Errorf("content in the reasons: %s", shown)
	}
}

func TestNormalise(t *testing.T) {
	t.Parallel()
	s := Submission{
		Title:          " Vedtak\n\tom  skole ",
		Recipient:      PostalAddress{Name: " A\u030ase  ", DigitalID: " 971 032\u00a0146", Postcode: " 50 03 ", CountryCode: " no ", Country: " Norge "},
		ReplyTo:        &PostalAddress{Postcode: "SW1A 1AA ", CountryCode: "gb"},
		Konteringskode: " 4100 ",
		Documents:      []SubmittedFile{{FileName: "a\u030a.pdf", MimeType: " Application/PDF "}},
	}
	handedIn := s
	reply, docs := s.ReplyTo, s.Documents
	s.Normalise()
	if s.Title != "Vedtak  om  skole" || s.Recipient.Name != "Åse" || s.Recipient.DigitalID != "971032146" || s.Recipient.Postcode != "5003" ||
		s.Recipient.CountryCode != "NO" || s.Konteringskode != "4100" || s.Documents[0].FileName != "å.pdf" ||
		s.Documents[0].MimeType != MimePDF || s.ReplyTo.Postcode != "SW1A 1AA" || s.ReplyTo.CountryCode != "GB" {
		t.Errorf("%+v %q %q", s, s.Title.Reveal(), s.Recipient.Name.Reveal())
	}
	if reply.CountryCode != "gb" || docs[0].MimeType != " Application/PDF " || handedIn.Title == s.Title {
		t.Error("what was handed in was changed behind the caller's back")
	}
	again := s
	again.Normalise()
	a, _ := json.Marshal(s)
	b, _ := json.Marshal(again)
	if string(a) != string(b) {
		t.Errorf("not settled after the first time:\n%s\n%s", a, b)
	}
}

// TestFormattingHidesContent: no verb and no log attribute shows what was handed in.
func TestFormattingHidesContent(t *testing.T) {
	t.Parallel()
	s := parsed(t, goodJSON)
	var log strings.Builder
	logger := slog.New(slog.NewTextHandler(&log, nil))
	for _, v := range []any{s, &s, Shipment{Submission: s}, HandIn{Account: "byen", Key: "k", JSON: []byte(goodJSON)}, s.Recipient, s.Documents} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
			fmt.Fprintf(&log, verb, v)
		}
		logger.Info("x", "v", v)
	}
	for _, secret := range []string{"skolestart", "Testperson", "Prøvegata", "02013299997", "vedtak.pdf", "sak 2026/17", "Skolestart"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is shown", secret)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	key := []byte("a key")
	s := parsed(t, goodJSON)
	same := s.Fingerprint(key, "byen")
	if len(same) != 64 || same != s.Fingerprint(key, "byen") {
		t.Fatalf("%q is no stable hash", same)
	}
	other := map[string]string{
		"another key":     s.Fingerprint([]byte("b key"), "byen"),
		"another account": s.Fingerprint(key, "byen2"),
	}
	for name, change := range map[string]func(*Submission){
		"title":    func(s *Submission) { s.Title += "x" },
		"name":     func(s *Submission) { s.Recipient.Name += "x" },
		"id":       func(s *Submission) { s.Recipient.DigitalID = "" },
		"line 1":   func(s *Submission) { s.Recipient.Line1 += "x" },
		"line 2":   func(s *Submission) { s.Recipient.Line2 += "x" },
		"line 3":   func(s *Submission) { s.Recipient.Line3 += "x" },
		"moved":    func(s *Submission) { s.Recipient.Line2, s.Recipient.Line1 = s.Recipient.Line1, "" },
		"postcode": func(s *Submission) { s.Recipient.Postcode = "5004" },
		"city":     func(s *Submission) { s.Recipient.City += "x" },
		"land":     func(s *Submission) { s.Recipient.Country = "x" },
		"landkode": func(s *Submission) { s.Recipient.CountryCode = "NO" },
	} {
		c := s
		change(&c)
		other[name] = c.Fingerprint(key, "byen")
	}
	seen := map[string]string{same: "the shipment itself"}
	for name, f := range other {
		if seen[f] != "" {
			t.Errorf("%s gives the same fingerprint as %s", name, seen[f])
		}
		seen[f] = name
	}
	alike := s
	alike.Konteringskode, alike.ExternalReference, alike.Documents = "9", "another", nil
	if alike.Fingerprint(key, "byen") != same {
		t.Error("only account, title and recipient count")
	}
}

// TestParseKeepsWhatItShould: whatever fits the vocabulary comes back as it was, through a round trip.
func TestParseKeepsWhatItShould(t *testing.T) {
	t.Parallel()
	text := rapid.StringMatching(`[a-zæøå 0-9]{0,12}`)
	rapid.Check(t, func(rt *rapid.T) {
		in := Submission{
			Title: Private(text.Draw(rt, "title")), Konteringskode: text.Draw(rt, "code"), DigitalOnly: rapid.Bool().Draw(rt, "digital"),
			Recipient: PostalAddress{Name: Private(text.Draw(rt, "name")), Line2: Private(text.Draw(rt, "line"))},
			Print:     printConfig{Colour: rapid.Bool().Draw(rt, "colour")},
		}
		for range rapid.IntRange(0, 4).Draw(rt, "documents") {
			in.Documents = append(in.Documents, SubmittedFile{
				FileName: Private(text.Draw(rt, "file")), MimeType: MimePDF,
				GiroPages: rapid.SliceOfN(rapid.IntRange(-2, 1<<30), 0, 3).Draw(rt, "giro"),
			})
		}
		data, err := json.Marshal(in)
		if err != nil {
			rt.Fatal(err)
		}
		out, found := ParseSubmission(data)
		if len(found) > 0 {
			rt.Fatalf("%+v", found)
		}
		again, err := json.Marshal(out)
		if err != nil {
			rt.Fatal(err)
		}
		if string(data) != string(again) {
			rt.Fatalf("%s came back as %s", data, again)
		}
	})
}

func FuzzParseSubmission(f *testing.F) {
	f.Add([]byte(goodJSON))
	f.Add([]byte(`{"dokumenter":[null,{"giroarkSider":[1e3,"1"]}],"mottaker":[],"tittel":null}`))
	f.Add([]byte(`{"signeringUtloper":"2026-01-31T12:00:00+01:00","svarSendesTil":null,"metadataForImport":{"a":[[{}]]}}`))
	f.Add([]byte("\ufeff{\"\x00\": 1e999}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, found := ParseSubmission(data)
		s.Normalise()
		reasons := append(found, s.Validate(DefaultRules(), nil, validateNow)...)
		for _, r := range reasons {
			if r.Code == "" || r.Text != "" {
				t.Errorf("empty reason %+v", r)
			}
		}
		if !anyReason(found) && len(found) == 0 && !json.Valid([]byte(strings.TrimPrefix(string(data), "\ufeff"))) {
			t.Error("accepted what is no JSON")
		}
		s.Fingerprint([]byte("k"), "a")
		_ = s.Recipient.Zone() + s.Recipient.CountryLine()
	})
}

func anyReason(found []Refusal) bool {
	return slices.ContainsFunc(found, func(r Refusal) bool { return !r.Warning })
}

// TestDropFolderExample: the example in the users' description is accepted as it stands there.
func TestDropFolderExample(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "drop-folder.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "```json\n")
	example, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("no example in docs/drop-folder.md")
	}
	s := parsed(t, example)
	if found := s.Validate(DefaultRules(), nil, validateNow); len(found) > 0 {
		t.Errorf("the example is not accepted without remark: %+v", found)
	}
}
