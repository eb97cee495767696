package ledger

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/money"
)

// Formats of a voucher file.
const (
	// VoucherGBAT10 is the line of 29 fields that Mamut made known, and that Tripletex, Xledger and others import.
	VoucherGBAT10 = "gbat10"
	// VoucherUnit4 is the fixed-width file of GL07, the import of transactions of Unit4 ERP (Agresso).
	VoucherUnit4 = "unit4"
	// VoucherVisma is an import file of Visma Business: batch and voucher lines.
	VoucherVisma = "visma"
	// VoucherCSV has columns of one's own.
	VoucherCSV = "csv"
)

// VoucherFormats are all formats.
func VoucherFormats() []string {
	return []string{VoucherGBAT10, VoucherUnit4, VoucherVisma, VoucherCSV}
}

// VoucherProfile says what a voucher for an accounting system looks like.
type VoucherProfile struct {
	Format         string            `toml:"profile"`
	Encoding       string            `toml:"encoding"` // of Encodings; empty: the format's
	Accounts       []string          `toml:"accounts"` // ids of the sending accounts whose costs are in it; empty: all
	Rest           bool              `toml:"rest"`     // the amounts of no account are in it too
	NumberPrefix   string            `toml:"number_prefix"`
	VoucherType    string            `toml:"voucher_type"`
	Client         string            `toml:"client"`          // of Unit4
	Interface      string            `toml:"interface"`       // of Unit4
	DefaultCode    string            `toml:"default_code"`    // konteringskode of what has none
	DefaultAccount string            `toml:"default_account"` // account of a line whose kind and code name none
	KindAccounts   map[string]string `toml:"account"`         // by kind: goes before the code's art
	CounterAccount string            `toml:"counter_account"`
	Suppliers      map[string]string `toml:"supplier"`    // numbers in the supplier ledger, by vendor: the counter line is theirs
	VATAccount     string            `toml:"vat_account"` // VAT is a line of its own; empty: lines are gross, with their VAT code
	NoVATCode      string            `toml:"no_vat_code"` // code of lines without VAT; empty: 0
	// RoundingAccount takes the øre by which VAT rounded once differs from VAT rounded line by line.
	RoundingAccount string         `toml:"rounding_account"`
	Text            string         `toml:"text"`       // of every line; {periode}, {type}, {leverandor} and {kode} are filled in
	Dimensions      []string       `toml:"dimensions"` // fields of the register, in the order of the format's dimensions
	Columns         []ExportColumn `toml:"columns"`    // of csv
	NoHeader        bool           `toml:"no_header"`  // csv without a heading
	Separator       string         `toml:"separator"`  // of csv; empty: semicolon
	Decimal         string         `toml:"decimal"`    // sign of csv; empty: comma
}

// dimensionFields are the fields of the register that may be dimensions; empty: none.
func dimensionFields() []string {
	return []string{"", "konteringskode", "ansvar", "funksjon", "art", "prosjekt", "avsender"}
}

// VoucherFields are the fields that a column of the csv format may hold.
func VoucherFields() []string {
	return []string{"dato", "periode", "bilagsnummer", "bilagsart", "konto", "leverandornummer", "konteringskode", "navn", "ansvar", "funksjon", "art", "prosjekt",
		"avsender", "avsender_nokkel", "leverandor", "type", "mva_kode", "tekst", "belop", "debet", "kredit", "netto", "mva"}
}

// Validate reports what is missing or contradictory, all of it.
func (p VoucherProfile) Validate() error {
	var faults []error
	add := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !slices.Contains(VoucherFormats(), p.Format) {
		add("profile %q is none of %s", p.Format, strings.Join(VoucherFormats(), ", "))
	}
	if p.Encoding != "" && !slices.Contains(Encodings(), p.Encoding) {
		add("encoding %q is none of %s", p.Encoding, strings.Join(Encodings(), ", "))
	}
	for _, f := range []struct{ name, value, why string }{
		{"counter_account", p.CounterAccount, "a voucher balances: what the costs stand against"},
		{"default_account", p.DefaultAccount, "where a cost is posted whose kind and konteringskode name no account"},
		{"default_code", p.DefaultCode, "the konteringskode of letters that have none"},
	} {
		if f.value == "" {
			add("%s is missing: %s", f.name, f.why)
		}
	}
	if p.VATAccount == "" && p.RoundingAccount == "" {
		add("rounding_account is missing: where the øre of rounded VAT are posted (or vat_account, which takes them with the VAT)")
	}
	if p.DefaultCode != "" && !codes.Valid(p.DefaultCode) {
		add("default_code is no konteringskode")
	}
	if !money.AllDigits(p.NumberPrefix) || len(p.NumberPrefix) > 2 {
		add("number_prefix is at most two digits: the number is they, year and month")
	}
	if p.Format == VoucherUnit4 && p.Client == "" {
		add("client is missing: Unit4's client")
	}
	if p.Format == VoucherVisma && p.VoucherType == "" {
		add("voucher_type is missing: the number of the voucher type (VoTp) in Visma Business")
	}
	for _, d := range p.Dimensions {
		if !slices.Contains(dimensionFields(), d) {
			add("dimension %q is none of %s", d, strings.Join(dimensionFields()[1:], ", "))
		}
	}
	if most := map[string]int{VoucherGBAT10: 2, VoucherUnit4: 7, VoucherVisma: 6}[p.Format]; p.Format != VoucherCSV && len(p.Dimensions) > most {
		add("%d dimensions are more than the %d of %s", len(p.Dimensions), most, p.Format)
	}
	if p.Format == VoucherCSV && len(p.Columns) == 0 {
		add("columns are missing; fields are: %s", strings.Join(VoucherFields(), ", "))
	}
	for i, c := range p.Columns {
		switch {
		case c.Header == "" && !p.NoHeader:
			add("column %d has no header", i+1)
		case c.Field != "" && c.Text != "":
			add("column %d has both field and text", i+1)
		case c.Field != "" && !slices.Contains(VoucherFields(), c.Field):
			add("column %d: unknown field %q; there are: %s", i+1, c.Field, strings.Join(VoucherFields(), ", "))
		}
	}
	if len([]rune(p.Separator)) > 1 || strings.ContainsAny(p.Separator, "\"\r\n\ufffd") || p.Decimal != "" && p.Decimal != "," && p.Decimal != "." || p.Separator != "" && p.Separator == cmp.Or(p.Decimal, ",") {
		add("separator is one character, decimal is a comma or a point, and they differ")
	}
	return errors.Join(faults...)
}

// VoucherLine is a line of a voucher: debit above zero, credit below.
type VoucherLine struct {
	ExportRow        // with what the line has of it
	AccountNo string // in the ledger of the accounting system
	Supplier  string // number in its supplier ledger; only of a counter line
	Text      string
	Amount    money.Ore // what it posts: net with VAT, but where VAT is a line of its own
}

// Voucher is a month's costs against what is owed for them. It balances.
type Voucher struct {
	Number string
	Date   civil.Date // its last day
	Lines  []VoucherLine
}

// Balance is the sum of all lines, which is 0.
func (v Voucher) Balance() money.Ore {
	var sum money.Ore
	for _, l := range v.Lines {
		sum += l.Amount
	}
	return sum
}

// BuildVoucher makes the voucher of a month, or a part of one, whose last day is given, of the rows that belong in it. The order of
// rows does not matter. Lines of nothing are left out; a voucher without lines is no voucher.
func BuildVoucher(rows []ExportRow, p VoucherProfile, last civil.Date) (Voucher, error) {
	v := Voucher{Number: p.NumberPrefix + strings.ReplaceAll(last.Month(), "-", ""), Date: last}
	none := cmp.Or(p.NoVATCode, "0")
	sums := map[voucherKey]VoucherLine{}
	add := func(r ExportRow, account, supplier string, amount money.Ore) {
		k := voucherKey{account, supplier, r.VendorKey, r.Account, r.Code, r.Kind, r.VATCode}
		l, seen := sums[k]
		if !seen {
			l = VoucherLine{ExportRow: r, AccountNo: account, Supplier: supplier}
			l.Net, l.VAT, l.Gross, l.Letters = 0, 0, 0, 0
		}
		l.Net, l.VAT, l.Gross, l.Amount = l.Net+r.Net, l.VAT+r.VAT, l.Gross+r.Gross, l.Amount+amount
		sums[k] = l
	}
	// only is a row of a vendor that stands for no code and sender.
	only := func(r ExportRow, kind string, net, vat money.Ore) ExportRow {
		return ExportRow{VendorKey: r.VendorKey, Vendor: r.Vendor, Kind: kind, VATCode: none, Net: net, VAT: vat, Gross: net + vat}
	}
	for _, r := range costLines(rows, p) {
		gross := r.Net + r.VAT
		if r.Code == "" {
			return v, errors.New("a cost has no konteringskode, and the voucher no default_code")
		}
		account := cmp.Or(p.KindAccounts[r.Kind], r.Art, p.DefaultAccount)
		switch {
		case p.VATAccount != "":
			line := r
			line.VATCode, line.VAT, line.Gross = none, 0, r.Net
			switch {
			case r.Net == 0:
			case r.Kind == KindRounding:
				add(only(r, r.Kind, r.Net, 0), cmp.Or(p.RoundingAccount, p.VATAccount), "", r.Net)
			default:
				add(line, account, "", r.Net)
			}
			add(only(r, kindVAT, r.VAT, 0), p.VATAccount, "", r.VAT)
		case r.Kind == KindRounding || r.Net == 0:
			// Of no net there is no VAT by a code: it is a difference of rounding.
			add(only(r, KindRounding, gross, 0), p.RoundingAccount, "", gross)
		default:
			if r.VATCode == "" || r.VAT == 0 {
				r.VATCode, r.Net, r.VAT, r.Gross = none, gross, 0, gross
			}
			add(r, account, "", gross)
		}
		counter := only(r, kindCounter, -gross, 0)
		add(counter, p.CounterAccount, p.Suppliers[r.VendorKey], -gross)
	}
	for _, l := range sums {
		if l.Amount == 0 {
			continue
		}
		l.Text = strings.NewReplacer("{periode}", last.Month(), "{type}", kindWord(l.Kind), "{leverandor}", l.Vendor, "{kode}", l.Code).Replace(cmp.Or(p.Text, "Utskrift og porto {periode} {type} {kode}"))
		l.Text = strings.Join(strings.Fields(l.Text), " ")
		v.Lines = append(v.Lines, l)
	}
	slices.SortFunc(v.Lines, func(a, b VoucherLine) int {
		return cmp.Or(cmp.Compare(a.VendorKey, b.VendorKey), cmp.Compare(lineOrder(a.Kind), lineOrder(b.Kind)), cmp.Compare(a.AccountNo, b.AccountNo),
			cmp.Compare(a.Account, b.Account), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VATCode, b.VATCode))
	})
	if b := v.Balance(); b != 0 {
		return v, fmt.Errorf("voucher %s does not balance: kr %s is left", v.Number, b)
	}
	return v, nil
}

type voucherKey struct{ account, supplier, vendor, sender, code, kind, vat string }

// Kinds of the lines that are no cost.
const (
	kindVAT     = "MVA"
	kindCounter = "LEVERANDØR"
)

// kindWord is a kind as it stands in a text: "Porto".
func kindWord(kind string) string {
	if kind == "" {
		return ""
	}
	_, first := utf8.DecodeRuneInString(kind)
	return kind[:first] + strings.ToLower(kind[first:])
}

// lineOrder has costs before rounding, VAT and what they stand against.
func lineOrder(kind string) int {
	return slices.Index([]string{KindRounding, kindVAT, kindCounter}, kind)
}

// costLines are the rows added up by sender, vendor, code, kind and VAT code, the missing codes on the default.
func costLines(rows []ExportRow, p VoucherProfile) []ExportRow {
	type key struct{ sender, vendor, code, kind, vat string }
	sums := map[key]ExportRow{}
	for _, r := range rows {
		if r.Code == "" || strings.HasPrefix(r.Code, "(") { // missing, invalid
			r.Entry = codes.Entry{Code: p.DefaultCode}
		}
		k := key{r.Account, r.VendorKey, r.Code, r.Kind, r.VATCode}
		s, seen := sums[k]
		if !seen {
			s = r
			s.Net, s.VAT, s.Gross, s.Letters = 0, 0, 0, 0
		}
		s.Net, s.VAT, s.Gross, s.Letters = s.Net+r.Net, s.VAT+r.VAT, s.Gross+r.Net+r.VAT, s.Letters+r.Letters
		sums[k] = s
	}
	return slices.Collect(maps.Values(sums))
}

// WriteVoucher writes a voucher as its profile says.
func WriteVoucher(w io.Writer, v Voucher, p VoucherProfile) error {
	enc := p.Encoding
	if enc == "" {
		enc = map[string]string{VoucherGBAT10: EncodingWindows, VoucherUnit4: EncodingLatin1, VoucherVisma: EncodingWindows}[p.Format]
	}
	out, err := encoded(w, enc)
	if err == nil {
		write := map[string]func(io.Writer, Voucher, VoucherProfile) error{
			VoucherGBAT10: writeGBAT10, VoucherUnit4: writeUnit4, VoucherVisma: writeVisma, VoucherCSV: writeVoucherCSV,
		}[p.Format]
		if write == nil {
			return fmt.Errorf("write voucher: profile %q is none of %s", p.Format, strings.Join(VoucherFormats(), ", "))
		}
		err = write(out, v, p)
	}
	if err != nil {
		return fmt.Errorf("write voucher: %w", err)
	}
	return nil
}

// VoucherFileExt is how the name of a voucher file ends.
func (p VoucherProfile) VoucherFileExt() string {
	switch p.Format {
	case VoucherUnit4:
		return ".txt"
	case VoucherVisma:
		return ".edi"
	}
	return ".csv"
}

func (l VoucherLine) dimension(field string) string {
	return map[string]string{
		"konteringskode": l.Code, "ansvar": l.Ansvar, "funksjon": l.Funksjon, "art": l.Art, "prosjekt": l.Prosjekt, "avsender": l.Account,
	}[field]
}

// writeVoucherCSV writes columns of one's own.
func writeVoucherCSV(w io.Writer, v Voucher, p VoucherProfile) error {
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = []rune(cmp.Or(p.Separator, ";"))[0], true
	line := make([]string, len(p.Columns))
	if !p.NoHeader {
		for i, col := range p.Columns {
			line[i] = col.Header
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	sign := cmp.Or(p.Decimal, ",")
	for _, l := range v.Lines {
		values := map[string]string{
			"dato": string(v.Date), "periode": v.Date.Month(), "bilagsnummer": v.Number, "bilagsart": p.VoucherType, "konto": l.AccountNo, "leverandornummer": l.Supplier,
			"konteringskode": l.Code, "navn": l.Name, "ansvar": l.Ansvar, "funksjon": l.Funksjon, "art": l.Art, "prosjekt": l.Prosjekt, "avsender": l.Sender,
			"avsender_nokkel": l.Account, "leverandor": l.Vendor, "type": l.Kind, "mva_kode": l.VATCode, "tekst": l.Text, "belop": l.Amount.Plain(sign),
			"debet": max(l.Amount, 0).Plain(sign), "kredit": max(-l.Amount, 0).Plain(sign), "netto": l.Net.Plain(sign), "mva": l.VAT.Plain(sign),
		}
		for i, col := range p.Columns {
			line[i] = values[col.Field] + col.Text
		}
		if err := c.Write(line); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
