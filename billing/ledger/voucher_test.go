package ledger

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"postgang/billing/codes"
	"postgang/billing/money"
)

func voucherRows() []ExportRow {
	row := func(account, code, kind string, net, vat money.Ore) ExportRow {
		return ExportRow{Entry: codes.Entry{Code: code}, Account: account, Sender: "Skatt i " + account, VendorKey: "trykk", Vendor: "Trykkeri Én", Kind: kind, VATCode: "1", Net: net, VAT: vat, Gross: net + vat}
	}
	skatt := row("a", "0100", KindProduction, 10_000, 2_500)
	skatt.Entry = codes.Entry{Code: "0100", Name: "Skatt", Ansvar: "120", Funksjon: "100", Art: "11300", Prosjekt: "7"}
	return []ExportRow{
		skatt, row("a", "-100", KindPostage, -50, -13), row("a", codes.Missing, KindPostage, 4_000, 1_000),
		row("a", "0100", KindRounding, 0, 3), row("a", "0200", KindRounding, 0, -1), row("b", "0300", KindPostage, 0, 0),
	}
}

func voucherProfile(format string) VoucherProfile {
	return VoucherProfile{Format: format, DefaultCode: "9999", DefaultAccount: "6800", KindAccounts: map[string]string{KindPostage: "6940"}, CounterAccount: "2400",
		Suppliers: map[string]string{"trykk": "50001"}, RoundingAccount: "7770", Client: "K1", VoucherType: "9"}
}

// shown are the lines of a voucher as text.
func shown(v Voucher) string {
	var out []string
	for _, l := range v.Lines {
		out = append(out, fmt.Sprintf("%s %s %s mva %s net %s vat %s = %s", l.AccountNo, l.Code, l.Kind, l.VATCode, l.Net.Plain(","), l.VAT.Plain(","), l.Amount.Plain(",")))
	}
	return strings.Join(out, "\n")
}

// Lines are gross with their VAT code, the øre of rounding stand on an account of their own, and what is owed stands against them.
func TestVoucher(t *testing.T) {
	t.Parallel()
	v, err := BuildVoucher(voucherRows(), voucherProfile(VoucherCSV), "2026-11-30")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"11300 0100 PRODUKSJON mva 1 net 100,00 vat 25,00 = 125,00",
		"6940 -100 PORTO mva 1 net -0,50 vat -0,13 = -0,63",
		"6940 9999 PORTO mva 1 net 40,00 vat 10,00 = 50,00",
		"7770  AVRUNDING mva 0 net 0,02 vat 0,00 = 0,02",
		"2400  LEVERANDØR mva 0 net -174,39 vat 0,00 = -174,39",
	}, "\n")
	if got := shown(v); got != want || v.Number != "202611" || v.Lines[4].Supplier != "50001" {
		t.Errorf("%s:\n%s\nwant\n%s", v.Number, got, want)
	}
	p := voucherProfile(VoucherCSV)
	p.VATAccount, p.RoundingAccount, p.NumberPrefix = "2711", "", "7"
	if v, err = BuildVoucher(voucherRows(), p, "2026-11-30"); err != nil {
		t.Fatal(err)
	}
	want = strings.Join([]string{
		"11300 0100 PRODUKSJON mva 0 net 100,00 vat 0,00 = 100,00",
		"6940 -100 PORTO mva 0 net -0,50 vat 0,00 = -0,50",
		"6940 9999 PORTO mva 0 net 40,00 vat 0,00 = 40,00",
		"2711  MVA mva 0 net 34,89 vat 0,00 = 34,89",
		"2400  LEVERANDØR mva 0 net -174,39 vat 0,00 = -174,39",
	}, "\n")
	if got := shown(v); got != want || v.Number != "7202611" {
		t.Errorf("%s:\n%s\nwant\n%s", v.Number, got, want)
	}
	if v, err = BuildVoucher(nil, p, "2026-11-30"); err != nil || len(v.Lines) != 0 {
		t.Errorf("of nothing: %+v, %v", v, err)
	}
}

// Any voucher balances, whichever way VAT goes, and what stands against the costs is what the ledger holds; a line of nothing is not
// there, and none has VAT of no net.
func TestVoucherBalances(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
		var rows []ExportRow
		owed := map[string]money.Ore{}
		for range rapid.IntRange(0, 30).Draw(t, "rows") {
			vendor := pick("vendor", "v", "w")
			net, vat := money.Ore(rapid.Int64Range(-1e6, 1e6).Draw(t, "net")), money.Ore(rapid.Int64Range(-1e5, 1e5).Draw(t, "vat"))
			if rapid.IntRange(0, 3).Draw(t, "none") == 0 {
				net = 0
			}
			code := codes.Entry{Code: pick("code", "0100", "-100", codes.Missing, "(ugyldig)", "")}
			if code.Code == "0100" {
				code.Art = "11300"
			}
			rows = append(rows, ExportRow{Entry: code, Account: pick("account", "", "a", "b"), VendorKey: vendor, Vendor: vendor,
				Kind: pick("kind", KindProduction, KindPostage, KindRounding, KindMinimum, "RETUR"), VATCode: pick("vat code", "", "1", "3"), Net: net, VAT: vat, Gross: net + vat})
			owed[vendor] += net + vat
		}
		p := voucherProfile(VoucherCSV)
		p.VATAccount = pick("vat account", "", "2711")
		v, err := BuildVoucher(rows, p, "2026-11-30")
		if err != nil {
			t.Fatal(err)
		}
		if v.Balance() != 0 {
			t.Fatalf("%v is left", v.Balance())
		}
		for _, l := range v.Lines {
			if l.Kind == kindCounter {
				owed[l.VendorKey] += l.Amount
			}
			if l.Amount == 0 || l.Net == 0 || p.VATAccount != "" && l.VAT != 0 || strings.HasPrefix(l.Code, "(") || l.AccountNo == "" || l.VATCode == "" {
				t.Fatalf("line %+v", l)
			}
		}
		for vendor, rest := range owed {
			if rest != 0 {
				t.Fatalf("against %s stands kr %s too little", vendor, rest)
			}
		}
		slices.Reverse(rows)
		again, err := BuildVoucher(rows, p, "2026-11-30")
		if err != nil || shown(again) != shown(v) {
			t.Fatalf("in another order: %v\n%s\nand\n%s", err, shown(v), shown(again))
		}
	})
}

func written(t *testing.T, p VoucherProfile) string {
	t.Helper()
	if err := p.Validate(); err != nil {
		t.Fatal(err)
	}
	v, err := BuildVoucher(voucherRows(), p, "2026-11-30")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WriteVoucher(&b, v, p); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestVoucherGBAT10(t *testing.T) {
	t.Parallel()
	p := voucherProfile(VoucherGBAT10)
	p.Text = "Brev {periode}; {type} – {leverandor}"
	text, err := charmap.Windows1252.NewDecoder().String(written(t, p))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if len(lines) != 5 {
		t.Fatalf("%d lines:\n%s", len(lines), text)
	}
	if want := "GBAT10;202611;20261130;9;11;2026;11300;1;100.00;0;0;;;;;;;0;;;Brev 2026-11  Produksjon – Trykkeri Én;Brev 2026-11  Produksjon – Trykkeri Én;0;7;120;0;T;125.00;X"; lines[0] != want {
		t.Errorf("got  %s\nwant %s", lines[0], want)
	}
	if want := "GBAT10;202611;20261130;9;11;2026;2400;0;-174.39;0;50001;Trykkeri Én;;;;;;0;;;"; !strings.HasPrefix(lines[4], want) {
		t.Errorf("got  %s\nwant %s", lines[4], want)
	}
	var sum money.Ore
	for _, line := range lines {
		f := strings.Split(line, ";")
		gross, err := money.ParseAmount(f[27], ".")
		if err != nil || len(f) != 29 {
			t.Errorf("%d fields, %v: %s", len(f), err, line)
		}
		sum += gross
	}
	if sum != 0 {
		t.Errorf("kr %s is left", sum)
	}
}

func TestVoucherUnit4(t *testing.T) {
	t.Parallel()
	text, err := charmap.ISO8859_1.NewDecoder().String(written(t, voucherProfile(VoucherUnit4)))
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		r := []rune(line)
		if len(r) != unit4Width {
			t.Fatalf("a line of %d characters", len(r))
		}
		at := func(from, n int) string { return strings.TrimSpace(string(r[from : from+n])) }
		amount, err := strconv.ParseInt(at(379, 20), 10, 64)
		if err != nil || at(399, 20) != at(379, 20) {
			t.Fatal(err, at(399, 20))
		}
		sum += amount
		if at(0, 25) != "PG202611" || at(75, 2) != "GL" || at(77, 25) != "K1" || at(352, 25) != "NOK" || at(490+255+8, 8) != "20261130" || at(490+255+8+8+15, 6) != "202611" {
			t.Errorf("line %q", line)
		}
	}
	if sum != 0 {
		t.Errorf("%d øre are left", sum)
	}
	first := []rune(strings.SplitN(text, "\r\n", 2)[0])
	if got := strings.Fields(string(first[102:377])); !slices.Equal(got, []string{"11300", "120", "100", "7", "1", "NOK"}) {
		t.Errorf("account, dimensions and codes: %q", got)
	}
}

// unit4Width is the length of a line of GL07: the sum of the widths of its 66 fields.
const unit4Width = 25 + 25 + 25 + 2 + 25 + 25 + 7*25 + 25 + 25 + 25 + 2 + 20 + 20 + 11 + 3*20 + 255 + 8 + 8 + 15 + 6 +
	1 + 100 + 255 + 8 + 8 + 20 + 25 + 15 + 27 + 2 + 1 + 1 + 25 + 1 + 15 + 9 + 3*25 + 255 + 160 + 40 + 40 + 35 + 2 + 25 + 15 + 3 + 25 + 20 + 20 + 4 + 3 + 2 + 13 + 11 + 15 + 2

func TestVoucherVisma(t *testing.T) {
	t.Parallel()
	p := voucherProfile(VoucherVisma)
	p.Dimensions, p.Encoding = []string{"ansvar", "prosjekt"}, EncodingUTF8
	want := strings.Join([]string{
		"@IMPORT_METHOD(3)", "@WaBnd(ValDt)", "20261130", "@WaVo(VoNo,VoDt,VoTp,Txt,DbAcNo,DbTxCd,DbAcCl,CrAcNo,CrTxCd,CrAcCl,AmExVAT,VatAm,Am,R1,R2)",
		`202611 20261130 9 "Utskrift og porto 2026-11 Produksjon 0100" 11300 1 3 0 0 0 100.00 25.00 125.00 "120" "7"`,
		`202611 20261130 9 "Utskrift og porto 2026-11 Porto -100" 0 0 0 6940 1 3 0.50 0.13 0.63 "" ""`,
		`202611 20261130 9 "Utskrift og porto 2026-11 Porto 9999" 6940 1 3 0 0 0 40.00 10.00 50.00 "" ""`,
		`202611 20261130 9 "Utskrift og porto 2026-11 Avrunding" 7770 0 3 0 0 0 0.02 0.00 0.02 "" ""`,
		`202611 20261130 9 "Utskrift og porto 2026-11 Leverandør" 0 0 0 50001 0 2 174.39 0.00 174.39 "" ""`, "",
	}, "\r\n")
	if got := written(t, p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVoucherCSV(t *testing.T) {
	t.Parallel()
	p := voucherProfile(VoucherCSV)
	p.Separator, p.Decimal, p.Encoding = ",", ".", EncodingUTF8BOM
	for _, f := range VoucherFields() {
		p.Columns = append(p.Columns, ExportColumn{Header: f, Field: f})
	}
	text, found := strings.CutPrefix(written(t, p), "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !found || len(rows) != 6 {
		t.Fatal(err, found, rows)
	}
	line := map[string]string{}
	for i, h := range rows[0] {
		line[h] = rows[2][i]
	}
	if line["konteringskode"] != "-100" || line["belop"] != "-0.63" || line["debet"] != "0.00" || line["kredit"] != "0.63" || line["avsender_nokkel"] != "a" || line["bilagsnummer"] != "202611" {
		t.Errorf("%v", line)
	}
	p.NoHeader, p.Separator, p.Decimal, p.Encoding = true, "", "", EncodingWindows
	if got := written(t, p); strings.HasPrefix(got, "dato") || !strings.HasPrefix(got, "2026-11-30;2026-11;202611;9;11300;") || !strings.Contains(got, "Trykkeri \xc9n") {
		t.Errorf("%q", got)
	}
}

func TestVoucherProfileFaults(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*VoucherProfile){
		"none of gbat10":       func(p *VoucherProfile) { p.Format = "gl07" },
		"counter_account":      func(p *VoucherProfile) { p.CounterAccount = "" },
		"default_code is miss": func(p *VoucherProfile) { p.DefaultCode = "" },
		"no konteringskode":    func(p *VoucherProfile) { p.DefaultCode = "(mangler)" },
		"rounding_account":     func(p *VoucherProfile) { p.RoundingAccount = "" },
		"at most two digits":   func(p *VoucherProfile) { p.NumberPrefix = "A" },
		"is none of utf-8":     func(p *VoucherProfile) { p.Encoding = "ebcdic" },
		"dimension \"saldo\"":  func(p *VoucherProfile) { p.Dimensions = []string{"saldo"} },
		"more than the 2":      func(p *VoucherProfile) { p.Dimensions = []string{"art", "ansvar", "prosjekt"} },
		"unknown field": func(p *VoucherProfile) {
			p.Format, p.Columns = VoucherCSV, []ExportColumn{{Header: "A", Field: "saldo"}}
		},
		"columns are missing": func(p *VoucherProfile) { p.Format = VoucherCSV },
		"client is missing":   func(p *VoucherProfile) { p.Format, p.Client = VoucherUnit4, "" },
		"separator is one":    func(p *VoucherProfile) { p.Separator = "\n" },
		"voucher_type is":     func(p *VoucherProfile) { p.Format, p.VoucherType = VoucherVisma, "" },
	} {
		p := voucherProfile(VoucherGBAT10)
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestKindWord(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{"PORTO": "Porto", "ØVRIG": "Øvrig", "Å": "Å", "": ""} {
		if got := kindWord(kind); got != want {
			t.Errorf("%s: %q, want %q", kind, got, want)
		}
	}
}
