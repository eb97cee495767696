package shipment

import (
	"strings"
	"testing"
	"time"

	"postgang/engine/postcode"
)

func TestPostcodeCheck(t *testing.T) {
	t.Parallel()
	reg := register(t)
	for _, tc := range []struct {
		reg            *postcode.Register
		postcode, city string
		code           string
		warning        bool
	}{
		{reg, "5003", "Bergen", "", false},
		{reg, "5003", "  bergen ", "", false},
		{reg, "9990", "ba\u030atsfjord", "", false}, // decomposed, as a Mac writes it
		{reg, "9991", "Store  Øra", "", false},
		{reg, "5003", "Oslo", "poststed-avvik", true},
		{reg, "0099", "Teststed", "postnummer-service", true},
		{reg, "0098", "Oslo", "postnummer-ukjent", false},
		{reg, "503", "Bergen", "postnummer-form", false},
		{reg, "50O3", "Bergen", "postnummer-form", false},
		{nil, "0098", "Hvor som helst", "", false},
		{nil, "50033", "Bergen", "postnummer-form", false},
	} {
		found := checkPostcode(tc.reg, "mottaker", tc.postcode, tc.city)
		switch {
		case tc.code == "" && len(found) > 0:
			t.Errorf("%s: %+v", tc.postcode, found)
		case tc.code == "":
		case len(found) != 1 || found[0].Code != tc.code || found[0].Warning != tc.warning:
			t.Errorf("%s: %+v, want %s", tc.postcode, found, tc.code)
		}
	}
	if got := checkPostcode(reg, "mottaker", "0098", "")[0].Args["date"]; got != "2026-01-15" {
		t.Errorf("the register's date is not told: %q", got)
	}
}

// register is in the form of Bring's file; its rows are made up, but for the first.
func register(t testing.TB) *postcode.Register {
	t.Helper()
	r, err := postcode.Parse(strings.NewReader("0001\tOSLO\t0301\tOSLO\tP\r\n0099\tTESTSTED\t0301\tOSLO\tS\r\n5003\tBERGEN\t4601\tBERGEN\tG\r\n" +
		"9990\tBÅTSFJORD\t5632\tBÅTSFJORD\tB\r\n9991\tSTORE ØRA\t5632\tBÅTSFJORD\tF\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	r.Dated = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	return r
}
