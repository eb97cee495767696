// Package invoice reads the vendor's invoices (EHF Billing 3, or CSV), holds them against what is booked, and spreads what differs on
// konteringskoder.
package invoice

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/reading"
)

// Invoice (faktura) is what the vendor wants to be paid for a period. A credit note has negative amounts.
type Invoice struct {
	Number   string
	Issued   civil.Date
	From, To civil.Date // the period it is for, half-open: letters posted in it
	Lines    []Line
	Net      money.Ore
	VAT      money.Ore
	Gross    money.Ore // Net + VAT
	// Reference is ours, as the vendor repeats it (BuyerReference). It may be a person's name: shown to who asks, and nowhere else.
	Reference string `json:",omitempty"`
	// Notes are what the file says that does not agree, and does not matter to what is to be paid; English.
	Notes []string `json:",omitempty"`
}

// Line is one amount of an invoice.
type Line struct {
	ID             string // as the invoice numbers it
	Kind           string // ledger.KindProduction, ledger.KindPostage or another kind
	Konteringskode string // the code that it is for; empty: for no single one
	Quantity       money.Decimal
	Net            money.Ore
	VATPercent     money.Decimal // 25: "25"
}

// Format says how a vendor's invoices are read.
type Format struct {
	// Kinds maps how an EHF invoice names an item, its seller's item identification or else its name, to our kind of cost.
	Kinds map[string]string `toml:"kinds"`
	// CodeFrom says where an EHF line has its konteringskode: "accounting-cost" (the default) or "none".
	CodeFrom string `toml:"code_from"`
	// Supplier is the vendor's organisation number: an EHF invoice of anybody else is refused. Empty: not looked at.
	Supplier string `toml:"supplier"`
	// Buyers are our organisation numbers: an EHF invoice to anybody else is refused. Empty: not looked at.
	Buyers []string `toml:"buyers"`
}

// Where an EHF line has its konteringskode.
const (
	CodeFromAccountingCost = "accounting-cost"
	CodeFromNone           = "none"
)

// Validate reports a format that cannot be used.
func (f Format) Validate() error {
	switch f.CodeFrom {
	case "", CodeFromAccountingCost, CodeFromNone:
	default:
		return fmt.Errorf("code_from must be %s or %s", CodeFromAccountingCost, CodeFromNone)
	}
	if f.Supplier != "" && len(onlyDigits(f.Supplier)) != 9 {
		return errors.New("supplier must be an organisation number of nine digits")
	}
	for _, b := range f.Buyers {
		if len(onlyDigits(b)) != 9 {
			return errors.New("buyers must be organisation numbers of nine digits")
		}
	}
	for item, kind := range f.Kinds {
		if item == "" || !kindPattern(kind) {
			return errors.New("kinds must name items, and kinds of capital letters such as PRODUKSJON, PORTO and MINSTEPRIS")
		}
	}
	return nil
}

// kindPattern reports whether a kind of cost has the form of one: 1 to 20 capital letters.
func kindPattern(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZÆØÅ") == ""
}

// Columns are the columns of an invoice as CSV: semicolons, UTF-8, the head of the invoice repeated on every line.
// siste_dag is the last day of the period, included; konteringskode may be empty.
func Columns() []string {
	return []string{"fakturanr", "fakturadato", "forste_dag", "siste_dag", "linje", "art", "konteringskode", "antall", "netto", "mva_prosent"}
}

// Limits of an invoice.
const (
	maxLines  = 100_000
	maxNumber = 100 // characters
	maxNotes  = 20
)

// Parse reads an invoice: EHF Billing 3 (PEPPOL BIS Billing 3, UBL invoice or credit note, also in its envelope) or CSV with
// Columns. A period that is given goes before the one in the file. Either there is an invoice that adds up, or problems that
// say why not.
func Parse(data []byte, f Format, given civil.Period) (Invoice, []reading.Problem) {
	if err := f.Validate(); err != nil {
		return Invoice{}, []reading.Problem{{Code: reading.ProblemFormat, Text: err.Error()}}
	}
	p := &parser{own: f, given: given}
	text, ok := p.text(data)
	if !ok {
		return Invoice{}, p.List
	}
	isXML := bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("<"))
	if !p.withinBounds(text, isXML) {
		return Invoice{}, p.List
	}
	if isXML {
		p.ehf(text)
	} else {
		p.csv(text)
	}
	if p.Count == 0 {
		p.period()
		err := p.invoice.Check()
		if err == nil {
			err = f.CheckKinds(p.invoice.Lines)
		}
		if err != nil {
			p.Add(0, "", reading.ProblemInvoice, "%v", err)
		}
	}
	if p.Count > 0 {
		return Invoice{}, p.List
	}
	if n := len(p.invoice.Notes); n > maxNotes {
		p.invoice.Notes = append(p.invoice.Notes[:maxNotes], fmt.Sprintf("and %d more of this kind", n-maxNotes))
	}
	return p.invoice, nil
}

// period has what a person gives go before what the file says.
func (p *parser) period() {
	inv := &p.invoice
	if p.given == (civil.Period{}) || p.given == (civil.Period{From: inv.From, To: inv.To}) {
		return
	}
	if inv.From != "" {
		p.note("the invoice says that it is for %s; it is taken for %s, as told", civil.PeriodWords(inv.From, inv.To), civil.PeriodWords(p.given.From, p.given.To))
	}
	inv.From, inv.To = p.given.From, p.given.To
}

func (p *parser) note(format string, args ...any) {
	p.invoice.Notes = append(p.invoice.Notes, fmt.Sprintf(format, args...))
}

// text gives the file as UTF-8, or says what it is instead of text.
func (p *parser) text(data []byte) ([]byte, bool) {
	const ask = "ask the vendor for EHF Billing 3 (XML), or type it in with \"postgang invoice add\""
	bom := []byte("\xef\xbb\xbf")
	data = bytes.TrimPrefix(data, bom)
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		p.Add(0, "", reading.ProblemSyntax, "the file is a PDF, whose amounts cannot be read for certain; "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		p.Add(0, "", reading.ProblemSyntax, "the file is a zip archive or an Excel workbook; unpack it, or "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		p.Add(0, "", reading.ProblemEncoding, "the file is UTF-32, which is not read; "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("<\x00")): // UTF-16 that does not say so
		data = append([]byte("\xff\xfe"), data...)
	case bytes.HasPrefix(data, []byte("\x00<")):
		data = append([]byte("\xfe\xff"), data...)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		text, ok := p.DecodeUTF16(data)
		if !ok {
			return nil, false
		}
		data = text
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		p.Add(0, "", reading.ProblemEmpty, "the file is empty")
		return nil, false
	case bytes.IndexByte(data, 0) >= 0:
		p.Add(0, "", reading.ProblemSyntax, "the file is neither XML nor text; "+ask)
		return nil, false
	}
	return p.Decode(data, reading.EncodingAuto)
}

// New makes an invoice of lines that are typed in; its VAT is rounded once for each rate.
func New(number string, issued, from, to civil.Date, lines []Line) (Invoice, error) {
	inv := Invoice{Number: number, Issued: issued, From: from, To: to, Lines: lines}
	inv.sum()
	return inv, inv.Check()
}

// sum computes the totals from the lines.
func (inv *Invoice) sum() {
	inv.Net, inv.VAT = 0, 0
	rates := map[money.Decimal]money.Ore{}
	for _, l := range inv.Lines {
		inv.Net += l.Net
		rates[l.VATPercent] += l.Net
	}
	for rate, net := range rates {
		inv.VAT += money.VATOf(net, rate)
	}
	inv.Gross = inv.Net + inv.VAT
}

// maxVATOff is how far the VAT of a rate may be from the rate's share of the amount: what validators of EN 16931 let pass
// (BR-CO-17, BR-S-09), less than a krone.
const maxVATOff money.Ore = 99

// Check reports what is missing in an invoice, or does not add up. Its VAT may differ from that of the rates by an øre for each
// line, and by maxVATOff for each rate.
func (inv Invoice) Check() error {
	switch {
	case inv.Number == "" || utf8.RuneCountInString(inv.Number) > maxNumber || strings.TrimSpace(inv.Number) != inv.Number || strings.ContainsFunc(inv.Number, unicode.IsControl):
		return fmt.Errorf("the invoice's number must be 1 to %d characters of one line", maxNumber)
	case inv.Issued.Validate() != nil:
		return errors.New("the day of the invoice is missing, or no day")
	case inv.From.Validate() != nil || inv.To.Validate() != nil || inv.From >= inv.To:
		return errors.New("the period that the invoice is for is missing, or its last day is before the first; give it with --month, or --from and --to")
	case len(inv.Lines) == 0:
		return errors.New("the invoice has no lines")
	case len(inv.Lines) > maxLines:
		return fmt.Errorf("the invoice has more than %d lines", maxLines)
	}
	var of Invoice
	for i, l := range inv.Lines {
		switch {
		case !kindPattern(l.Kind):
			return fmt.Errorf("invoice line %d: the kind of cost must be 1 to 20 capital letters, such as PRODUKSJON", i+1)
		case !codes.Valid(l.Konteringskode):
			return fmt.Errorf("invoice line %d: the konteringskode must be at most 20 letters, digits and - _ . without spaces", i+1)
		case l.Net > money.MaxAmount || l.Net < -money.MaxAmount:
			return fmt.Errorf("invoice line %d: the amount is above kr 1 000 000 000", i+1)
		case l.VATPercent < 0 || l.VATPercent > money.DecimalFromInt(100):
			return fmt.Errorf("invoice line %d: the rate of VAT is not within 0 to 100 %%", i+1)
		}
	}
	of.Lines = inv.Lines
	of.sum()
	rates := map[money.Decimal]bool{}
	for _, l := range inv.Lines {
		rates[l.VATPercent] = true
	}
	switch {
	case of.Net != inv.Net:
		return fmt.Errorf("the lines add up to kr %s net, and the invoice says kr %s", of.Net, inv.Net)
	case away(of.VAT, inv.VAT) > max(money.Ore(len(inv.Lines)), maxVATOff*money.Ore(len(rates))):
		return fmt.Errorf("the VAT of the lines is kr %s, and the invoice says kr %s", of.VAT, inv.VAT)
	case inv.Gross != inv.Net+inv.VAT:
		return fmt.Errorf("kr %s net and kr %s VAT are not kr %s", inv.Net, inv.VAT, inv.Gross)
	}
	return nil
}

// CheckKinds reports a kind of cost that is most likely a misspelt one: it is not known, and nearly one that is. A kind that
// Kinds has is meant.
func (f Format) CheckKinds(lines []Line) error {
	known := []string{ledger.KindProduction, ledger.KindPostage, ledger.KindMinimum, ledger.KindControlSheet, ledger.KindTransport, ledger.KindOther, ledger.KindRounding}
	for _, k := range slices.Sorted(maps.Values(f.Kinds)) {
		if !slices.Contains(known, k) {
			known = append(known, k)
		}
	}
	for i, l := range lines {
		if slices.Contains(known, l.Kind) {
			continue
		}
		for _, k := range known {
			if levenshtein.ComputeDistance(l.Kind, k) <= 2 && len(k) > 3 {
				return fmt.Errorf("invoice line %d: the kind %s is not known; is it %s? If it is a kind of its own, give it in the vendor's invoice.kinds. Known are %s",
					i+1, l.Kind, k, strings.Join(known, ", "))
			}
		}
	}
	return nil
}

type parser struct {
	reading.Problems
	own     Format
	given   civil.Period
	invoice Invoice
}

func (p *parser) csv(text []byte) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = ';'
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		p.Add(reading.ErrorLine(err), "", reading.ProblemSyntax, "the header line has misplaced quotation marks")
		return
	}
	if !slices.ContainsFunc(header, func(name string) bool { return slices.Contains(Columns(), strings.TrimSpace(name)) }) {
		p.Add(1, "", reading.ProblemHeader, "the file is neither EHF (XML) nor CSV: no column of its first line is one of %s, with semicolons between them", strings.Join(Columns(), ";"))
		return
	}
	at := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice || !slices.Contains(Columns(), name) {
			p.Add(1, "", reading.ProblemUnknownColumn, "column number %d of the header is unknown, or stands twice; there are: %s", i+1, strings.Join(Columns(), ", "))
		}
		at[name] = i
	}
	for _, name := range Columns() {
		if _, there := at[name]; !there {
			p.Add(1, name, reading.ProblemMissingColumn, "the column is missing from the header")
		}
	}
	if p.Count > 0 {
		return
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.Add(reading.ErrorLine(err), "", reading.ProblemSyntax, "misplaced or unclosed quotation mark")
			return
		}
		line, _ := r.FieldPos(0)
		if len(fields) != len(header) {
			p.Add(line, "", reading.ProblemFieldCount, "the row has %d fields, the header %d", len(fields), len(header))
			continue
		}
		get := func(col string) string { return strings.TrimSpace(fields[at[col]]) }
		head := Invoice{Number: strings.Clone(get("fakturanr")), Issued: p.day(line, "fakturadato", get("fakturadato")), From: p.day(line, "forste_dag", get("forste_dag"))}
		if last := p.day(line, "siste_dag", get("siste_dag")); last != "" {
			head.To = last.AddDays(1)
		}
		inv := &p.invoice
		switch {
		case len(inv.Lines) == 0:
			inv.Number, inv.Issued, inv.From, inv.To = head.Number, head.Issued, head.From, head.To
		case head.Number != inv.Number || head.Issued != inv.Issued || head.From != inv.From || head.To != inv.To:
			p.Add(line, "fakturanr", reading.ProblemInvoice, "the row is of another invoice than the first; one file is one invoice")
		}
		inv.Lines = append(inv.Lines, Line{
			ID: strings.Clone(get("linje")), Kind: strings.Clone(get("art")), Konteringskode: strings.Clone(get("konteringskode")),
			Quantity: p.decimal(line, "antall", get("antall")), Net: p.kroner(line, "netto", get("netto"), ","), VATPercent: p.decimal(line, "mva_prosent", get("mva_prosent")),
		})
	}
	if len(p.invoice.Lines) == 0 && p.Count == 0 {
		p.Add(0, "", reading.ProblemEmpty, "the file has a header and no lines: it is no invoice")
	}
	p.invoice.sum()
}

func (p *parser) day(line int, col, s string) civil.Date {
	day, err := civil.Parse(s)
	if err != nil {
		p.Add(line, col, reading.ProblemTime, "is no day such as 2026-11-30")
	}
	return day
}

func (p *parser) decimal(line int, col, s string) money.Decimal {
	d, err := money.ParseDecimal(s)
	if err != nil {
		p.Add(line, col, reading.ProblemNumber, "%v", err)
	}
	return d
}

func (p *parser) kroner(line int, col, s, decimalSign string) money.Ore {
	o, err := money.ParseAmount(s, decimalSign)
	if err != nil {
		p.Add(line, col, reading.ProblemAmount, "%v", err)
	}
	return o
}

// Together is several invoices for one period as one, such as an invoice and a credit note.
func Together(invoices []Invoice) Invoice {
	out := invoices[0]
	out.Lines = slices.Clone(out.Lines)
	for _, inv := range invoices[1:] {
		out.Number += " + " + inv.Number
		out.Lines = append(out.Lines, inv.Lines...)
		out.Net, out.VAT, out.Gross = out.Net+inv.Net, out.VAT+inv.VAT, out.Gross+inv.Gross
	}
	return out
}
