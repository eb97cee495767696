package app

import (
	"strings"
	"testing"

	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/price"
	"postgang/engine/party"
)

// TestCheckupOfInvoices: VAT that nobody has set is an error where amounts are booked; that anybody's invoices would be taken is
// a warning.
func TestCheckupOfInvoices(t *testing.T) {
	t.Parallel()
	kinds := invoice.Format{Kinds: map[string]string{"1": ledger.KindPostage}}
	whole := kinds
	whole.Supplier, whole.Buyers = "917103801", []string{"964338531"}
	misspelt := whole
	misspelt.Kinds = map[string]string{"1": "PORTOO", "2": "GEBYR"}
	for name, c := range map[string]struct {
		v    party.Vendor
		want string // of each line: FAIL or warn
	}{
		"VAT of none":              {party.Vendor{}, ""},
		"no VAT":                   {party.Vendor{VATMissing: true}, "FAIL"},
		"printed here":             {party.Vendor{VATMissing: true, Manual: true}, ""},
		"printed here, at a price": {party.Vendor{VATMissing: true, Manual: true, Prices: &price.List{}}, "FAIL"},
		"invoices from anybody":    {party.Vendor{Invoices: kinds}, "warn warn"},
		"a kind misspelt":          {party.Vendor{Invoices: misspelt}, "warn"},
		"invoices from one to one": {party.Vendor{Invoices: whole}, ""},
	} {
		var got []string
		ch := &checkup{}
		ch.invoices(c.v)
		for _, l := range ch.checks {
			switch l.Grade {
			case Fine:
				t.Errorf("%s: %+v", name, l)
			case Bad:
				got = append(got, "FAIL")
			default:
				got = append(got, "warn")
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %q", name, ch.checks, c.want)
		}
	}
}
