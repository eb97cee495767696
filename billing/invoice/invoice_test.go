package invoice

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/reading"
)

func invoiceFormat() Format {
	return Format{Kinds: map[string]string{"UTSKRIFT": ledger.KindProduction, "Porto": ledger.KindPostage, "MIN": ledger.KindMinimum}}
}

func readInvoice(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The same invoice as CSV, as EHF and typed in is the same invoice.
func TestParse(t *testing.T) {
	t.Parallel()
	want := Invoice{
		Number: "2026-1107", Issued: "2026-12-02", From: "2026-11-01", To: "2026-12-01",
		Lines: []Line{
			{ID: "1", Kind: ledger.KindProduction, Konteringskode: "0100", Quantity: money.DecimalFromInt(120), Net: 40_230, VATPercent: money.DecimalFromInt(25)},
			{ID: "2", Kind: ledger.KindProduction, Konteringskode: "HJEMME-æ1", Quantity: money.DecimalFromInt(30), Net: 10_001, VATPercent: money.DecimalFromInt(25)},
			{ID: "3", Kind: ledger.KindPostage, Quantity: money.DecimalFromInt(150), Net: 270_000, VATPercent: money.DecimalFromInt(25)},
			{ID: "4", Kind: ledger.KindMinimum, Quantity: money.DecimalFromInt(2), Net: 5000, VATPercent: money.DecimalFromInt(25)},
		},
		Net: 325_231, VAT: 81_308, Gross: 406_539,
	}
	for _, name := range []string{"faktura.csv", "faktura-ehf.xml"} {
		got, problems := Parse(readInvoice(t, name), invoiceFormat(), civil.Period{})
		if len(problems) > 0 || !cmp.Equal(got, want) {
			t.Errorf("%s: %v\n%s", name, problems, cmp.Diff(want, got))
		}
	}
	got, err := New(want.Number, want.Issued, want.From, want.To, want.Lines)
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("typed in: %v\n%s", err, cmp.Diff(want, got))
	}
	credit, problems := Parse(readInvoice(t, "kreditnota-ehf.xml"), invoiceFormat(), civil.Period{})
	if len(problems) > 0 || credit.Net != -1287 || credit.VAT != -313 || credit.Gross != -1600 || len(credit.Lines) != 3 || credit.Lines[1].Kind != ledger.KindOther || credit.Lines[1].Net != 250 || credit.Lines[2].Kind != ledger.KindRounding {
		t.Errorf("credit note: %+v, %v", credit, problems)
	}
}

func TestInvoiceFaults(t *testing.T) {
	t.Parallel()
	csv, ehf := string(readInvoice(t, "faktura.csv")), string(readInvoice(t, "faktura-ehf.xml"))
	for _, c := range []struct {
		name, data, line, want string
	}{
		{"an øre too much", strings.Replace(ehf, ">402.30<", ">402.31<", 1), "", "the lines add up to"},
		{"VAT that is not that of the rates", strings.NewReplacer(">813.08<", ">913.08<", ">4065.39<", ">4165.39<").Replace(ehf), "", "the VAT of the lines is"},
		{"gross that is not net and VAT", strings.Replace(ehf, ">4065.39<", ">4065.38<", 1), "", "are not kr"},
		{"item without a kind", strings.Replace(ehf, ">UTSKRIFT<", ">Brevark<", 1), "line 17", `invoice line 1: the item "Brevark" is not in the vendor's invoice.kinds`},
		{"item that may name somebody", strings.Replace(ehf, ">UTSKRIFT<", ">Brev til 010190 12345<", 1), "line 17", "name is not shown"},
		{"another currency", strings.ReplaceAll(ehf, "NOK", "EUR"), "", "not in NOK"},
		{"no period", strings.Replace(ehf, "cbc:EndDate", "cbc:Slutt", 2), "InvoicePeriod", "which period"},
		{"no such day", strings.Replace(ehf, "2026-12-02", "2026-13-02", 1), "IssueDate", "is no day"},
		{"cut off", ehf[:len(ehf)/2], "", "broken here"},
		{"not an invoice", `<?xml version="1.0"?><Order/>`, "line 1", "no UBL Invoice"},
		{"document type", strings.Replace(ehf, "<Invoice", "<!DOCTYPE x [<!ENTITY y \"z\">]><Invoice", 1), "", "document type"},
		{"three decimals", strings.Replace(ehf, ">402.30<", ">402.301<", 1), "line 17", "two decimals"},
		{"unknown column", strings.Replace(csv, "art;", "type;", 1), "line 1", "unknown"},
		{"no CSV of ours", "dette er;ikke en faktura\n", "line 1", "neither EHF (XML) nor CSV"},
		{"kind misspelt", strings.Replace(csv, ";PORTO;", ";PORTOO;", 1), "", "invoice line 3: the kind PORTOO is not known; is it PORTO?"},
		{"a PDF", "%PDF-1.7\n", "", "is a PDF"},
		{"a workbook", "PK\x03\x04\x14\x00", "", "zip archive or an Excel workbook"},
		{"UTF-32", "\xff\xfe\x00\x00<\x00\x00\x00", "", "UTF-32"},
		{"half of UTF-16", "\xff\xfe<\x00I", "", "cut off"},
		{"not text", "\x01\x00\x02", "", "neither XML nor text"},
		{"number of two lines", strings.Replace(ehf, ">2026-1107<", ">2026&#10;1107<", 1), "", "characters of one line"},
		{"two invoices", strings.Replace(csv, "2026-1107;2026-12-02;2026-11-01;2026-11-30;4", "2026-1108;2026-12-02;2026-11-01;2026-11-30;4", 1), "line 5", "another invoice"},
		{"short row", strings.Replace(csv, ";4;MINSTEPRIS", ";MINSTEPRIS", 1), "line 5", "9 fields"},
		{"amount with a point", strings.Replace(csv, ";402,30;", ";402.30;", 1), "line 2", "two decimals"},
		{"kind in small letters", strings.Replace(csv, "MINSTEPRIS", "minstepris", 1), "", "invoice line 4: the kind"},
		{"period the wrong way", strings.ReplaceAll(csv, "2026-11-30", "2026-10-30"), "", "last day is before"},
		{"empty", " \n", "", "the file is empty"},
		{"nothing but a byte order mark", "\xef\xbb\xbf", "", "the file is empty"},
		{"no lines", strings.SplitAfter(csv, "\n")[0], "", "a header and no lines"},
	} {
		_, problems := Parse([]byte(c.data), invoiceFormat(), civil.Period{})
		found := slices.ContainsFunc(problems, func(p reading.Problem) bool {
			return strings.Contains(p.String(), c.line) && strings.Contains(p.Text, c.want)
		})
		if !found {
			t.Errorf("%s: %v, want %q %q", c.name, problems, c.line, c.want)
		}
		for _, p := range problems {
			if strings.Contains(p.String(), "010190") {
				t.Errorf("%s: the problem repeats what the file holds: %s", c.name, p)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	inv, problems := Parse(readInvoice(t, "faktura.csv"), Format{}, civil.Period{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got := Check(inv, Basis{Booked: []Booked{
		{"skatt", "0100", ledger.KindProduction, 40_230, 10_058, 120}, {"skatt", "0100", ledger.KindPostage, 216_000, 54_000, 0},
		{"helse", "HJEMME-æ1", ledger.KindProduction, 10_000, 2500, 30}, {"helse", "HJEMME-æ1", ledger.KindPostage, 54_000, 13_500, 0},
		{"helse", "", ledger.KindProduction, 77, 19, 1}, {"helse", "", "RETUR", 12, 3, 0},
	}})
	rate := money.DecimalFromInt(25)
	want := []CheckRow{
		{Kind: ledger.KindProduction, ByCode: true, Booked: 77},
		{Kind: ledger.KindProduction, Konteringskode: "0100", ByCode: true, Invoiced: 40_230, Booked: 40_230, VATPercent: rate},
		{Kind: ledger.KindProduction, Konteringskode: "HJEMME-æ1", ByCode: true, Invoiced: 10_001, Booked: 10_000, VATPercent: rate},
		{Kind: ledger.KindPostage, Invoiced: 270_000, Booked: 270_000, VATPercent: rate},
		{Kind: ledger.KindMinimum, Invoiced: 5000, VATPercent: rate},
		{Kind: "RETUR", NotInvoiced: true, Booked: 12},
	}
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

// Whatever an invoice says and whatever is booked, what is booked and the shares are the invoice to the øre.
func TestAllocateAddsUp(t *testing.T) {
	t.Parallel()
	codes := rapid.SampledFrom([]string{"", "0100", "100", "4711"})
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.Custom(func(t *rapid.T) money.Ore { return money.Ore(rapid.Int64Range(-3_000, 9_000_000).Draw(t, "øre")) })
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Line {
			return Line{
				Kind: rapid.SampledFrom([]string{ledger.KindProduction, ledger.KindPostage, ledger.KindMinimum}).Draw(t, "kind"), Konteringskode: codes.Draw(t, "code"),
				Net: amounts.Draw(t, "net"), VATPercent: rapid.SampledFrom([]money.Decimal{0, money.DecimalFromInt(15), money.DecimalFromInt(25)}).Draw(t, "rate"),
			}
		}), 1, 6).Draw(t, "lines")
		inv, err := New("1", "2026-12-02", "2026-11-01", "2026-12-01", lines)
		if err != nil {
			t.Fatal(err)
		}
		booked := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Booked {
			net := amounts.Draw(t, "net")
			return Booked{
				Account: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "account"), Konteringskode: codes.Draw(t, "code"),
				Kind: rapid.SampledFrom([]string{ledger.KindProduction, ledger.KindPostage}).Draw(t, "kind"),
				Net:  net, VAT: net.Percent(25), Letters: rapid.IntRange(0, 9).Draw(t, "letters"),
			}
		}), 0, 8).Draw(t, "booked")
		shares := Allocate(inv, Basis{Booked: booked}, nil)
		var net, vat money.Ore
		for _, b := range booked {
			if slices.ContainsFunc(lines, func(l Line) bool { return l.Kind == b.Kind }) {
				net, vat = net+b.Net, vat+b.VAT
			}
		}
		for _, s := range shares {
			if s.Line.Gross != s.Line.Net+s.Line.VAT {
				t.Fatalf("%+v", s)
			}
			net, vat = net+s.Line.Net, vat+s.Line.VAT
		}
		if net != inv.Net || vat != inv.VAT {
			t.Fatalf("booked and shares are %v and %v, the invoice %v and %v\n%+v", net, vat, inv.Net, inv.VAT, shares)
		}
		again := slices.Clone(booked)
		slices.Reverse(again)
		if len(booked) == 0 {
			return
		}
		if d := cmp.Diff(shares, Allocate(inv, Basis{Booked: again}, nil)); d != "" {
			t.Fatalf("the order of what is booked changes the shares:\n%s", d)
		}
	})
}

// An amount of no code goes by the letters that each has.
func TestAllocate(t *testing.T) {
	t.Parallel()
	booked := []Booked{{"a", "0100", ledger.KindProduction, 300, 75, 3}, {"a", "0200", ledger.KindProduction, 100, 25, 1}}
	inv, err := New("1", "2026-12-02", "2026-11-01", "2026-12-01", []Line{
		{Kind: ledger.KindProduction, Net: 402, VATPercent: money.DecimalFromInt(25)}, {Kind: ledger.KindMinimum, Net: 1000, VATPercent: money.DecimalFromInt(25)},
	})
	if err != nil {
		t.Fatal(err)
	}
	share := func(code, kind string, net, vat money.Ore) Share {
		return Share{"a", ledger.Line{Kind: kind, Konteringskode: code, Net: net, VAT: vat, Gross: net + vat}}
	}
	want := []Share{
		share("0100", ledger.KindProduction, 2, 1), share("0100", ledger.KindMinimum, 750, 188), share("0200", ledger.KindMinimum, 250, 62),
	}
	got := Allocate(inv, Basis{Booked: booked}, nil)
	// 1402 øre at 25 % are 350.5, so 351; 100 + 1 + 250 is that already.
	if !cmp.Equal(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	lonely := Allocate(inv, Basis{}, nil)
	var sum money.Ore
	for _, s := range lonely {
		sum += s.Line.Gross
		if s.Account != "" || s.Line.Konteringskode != "" {
			t.Errorf("without letters: %+v", s)
		}
	}
	if sum != inv.Gross {
		t.Errorf("without letters: %v of %v", sum, inv.Gross)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"faktura.csv", "faktura-ehf.xml", "kreditnota-ehf.xml"} {
		f.Add(readInvoice(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		inv, problems := Parse(data, invoiceFormat(), civil.Period{})
		if (len(problems) == 0) == (inv.Number == "") {
			t.Fatalf("an invoice and problems, or neither: %v", problems)
		}
		if len(problems) == 0 {
			if err := inv.Check(); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// An invoice of somebody else is not taken for the vendor's.
func TestInvoiceSupplier(t *testing.T) {
	t.Parallel()
	ehf := strings.Replace(string(readInvoice(t, "faktura-ehf.xml")), "  <cac:TaxTotal>", "  <cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity><cbc:CompanyID schemeID=\"0192\">NO 987 654 321 MVA</cbc:CompanyID></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>\n  <cac:TaxTotal>", 1)
	for supplier, good := range map[string]bool{"": true, "987654321": true, "0192:987654321": true, "987654322": false} {
		f := invoiceFormat()
		f.Supplier = supplier
		if _, problems := Parse([]byte(ehf), f, civil.Period{}); (len(problems) == 0) != good {
			t.Errorf("supplier %q: %v", supplier, problems)
		}
	}
	f := invoiceFormat()
	f.Supplier = "987654321"
	if _, problems := Parse(readInvoice(t, "faktura-ehf.xml"), f, civil.Period{}); len(problems) == 0 {
		t.Error("an invoice that does not say whose it is was taken")
	}
}

// Lines of CSV that are written from an invoice are read as that invoice.
func TestInvoiceRoundTrip(t *testing.T) {
	t.Parallel()
	inv, problems := Parse(readInvoice(t, "faktura-ehf.xml"), invoiceFormat(), civil.Period{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var b bytes.Buffer
	fmt.Fprintln(&b, strings.Join(Columns(), ";"))
	for _, l := range inv.Lines {
		fmt.Fprintf(&b, "%s;%s;%s;%s;%s;%s;%s;%s;%s;%s\n", inv.Number, inv.Issued, inv.From, inv.To.AddDays(-1), l.ID, l.Kind, l.Konteringskode, l.Quantity, l.Net.Plain(","), l.VATPercent)
	}
	got, problems := Parse(b.Bytes(), Format{}, civil.Period{})
	if len(problems) > 0 || !cmp.Equal(got, inv) {
		t.Errorf("%v\n%s", problems, cmp.Diff(inv, got))
	}
}
