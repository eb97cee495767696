package shipment

import (
	"slices"
	"testing"
	"time"
)

func TestPlausibleAddress(t *testing.T) {
	t.Parallel()
	home := PostalAddress{Name: "Prøve Person", Line1: "Prøvegata 1", Postcode: "5003", City: "Bergen"}
	for name, tc := range map[string]struct {
		change func(a *PostalAddress)
		want   []string // code and field of the warnings
	}{
		"an ordinary one":          {func(*PostalAddress) {}, nil},
		"a farm":                   {func(a *PostalAddress) { a.Line1 = "Jordan gård"; a.Line2 = "Bygd 5003" }, nil},
		"a care-of line":           {func(a *PostalAddress) { a.Line2 = "c/o Uten Fasting" }, nil},
		"post line twice":          {func(a *PostalAddress) { a.Line2 = "5003  BERGEN" }, []string{"adresse-dobbelt mottaker.adresselinje2"}},
		"another post line":        {func(a *PostalAddress) { a.Line3 = "N-5004 Bergen" }, []string{"adresse-postnummer mottaker.adresselinje3"}},
		"without an address":       {func(a *PostalAddress) { a.Line1 = "Uten fast bopel" }, []string{"adresse-ukjent mottaker.adresselinje1"}},
		"in capitals, with more":   {func(a *PostalAddress) { a.Line1 = "*UKJENT ADRESSE (2019)*" }, []string{"adresse-ukjent mottaker.adresselinje1"}},
		"unknown":                  {func(a *PostalAddress) { a.Line1 = "Ukjent" }, []string{"adresse-ukjent mottaker.adresselinje1"}},
		"no city":                  {func(a *PostalAddress) { a.City = "Utland" }, []string{"adresse-ukjent mottaker.poststed"}},
		"0000":                     {func(a *PostalAddress) { a.Postcode = "0000" }, []string{"adresse-ukjent mottaker.postnummer"}},
		"a country in a line":      {func(a *PostalAddress) { a.Line2 = "GERMANY" }, []string{"land-i-adresse mottaker.adresselinje2"}},
		"a country behind a comma": {func(a *PostalAddress) { a.Line2 = "Malmö, Sverige" }, []string{"land-i-adresse mottaker.adresselinje2"}},
		"a country as city":        {func(a *PostalAddress) { a.City = "Danmark" }, []string{"land-i-adresse mottaker.poststed"}},
		"a foreign post line":      {func(a *PostalAddress) { a.Line2 = "10115 Berlin" }, []string{"land-i-adresse mottaker.adresselinje2"}},
		"all of it": {func(a *PostalAddress) {
			a.Line2, a.Line3, a.Postcode, a.City = "10115 Berlin", "GERMANY", "0000", "Utland"
		}, []string{"land-i-adresse mottaker.adresselinje2"}},
		"our own country":                {func(a *PostalAddress) { a.Line2 = "NORGE" }, nil},
		"abroad, said rightly":           {func(a *PostalAddress) { a.Line2 = "10115 Berlin"; a.CountryCode = "DE"; a.Postcode, a.City = "", "" }, nil},
		"abroad, and without an address": {func(a *PostalAddress) { a.Line1 = "No fixed abode"; a.CountryCode = "SE" }, []string{"adresse-ukjent mottaker.adresselinje1"}},
		"digits of double width":         {func(a *PostalAddress) { a.Postcode = "５００３" }, nil},
	} {
		a := home
		tc.change(&a)
		s := Submission{Title: "Vedtak", Recipient: a, Documents: []SubmittedFile{{FileName: "a.pdf", MimeType: MimePDF}}}
		s.Normalise()
		var got []string
		for _, r := range s.Validate(DefaultRules(), nil, time.Now()) {
			if !r.Warning {
				t.Errorf("%s: refused: %+v", name, r)
			}
			got = append(got, r.Code+" "+r.Field)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
	hidden := Submission{Title: "Vedtak", Recipient: home, Documents: []SubmittedFile{{FileName: "a.pdf", MimeType: MimePDF}}}
	hidden.Recipient.Line2 = "０２０１３２９９９９７"
	hidden.Normalise()
	if found := hidden.Validate(DefaultRules(), nil, time.Now()); len(found) == 0 || found[0].Code != "adresse-fodselsnummer" {
		t.Errorf("a fødselsnummer in digits of double width: %+v", found)
	}
}
