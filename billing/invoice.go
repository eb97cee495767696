package billing

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
)

// Kinds of cost besides KindProduction and KindPostage, for invoice lines. An invoice may have kinds of its own.
const (
	KindMinimum      = "MINSTEPRIS"  // minimum per day
	KindControlSheet = "KONTROLLARK" // control sheets
	KindTransport    = "TRANSPORT"   // fees for digital messages
	KindOther        = "ANNET"       // what the invoice does not tell apart
	KindRounding     = "AVRUNDING"   // øre that rounding leaves
)

// Invoice (faktura) is what the vendor wants to be paid for a period. A credit note has negative amounts.
type Invoice struct {
	Number   string
	Issued   Civil
	From, To Civil // the period it is for, half-open: letters posted in it
	Lines    []InvoiceLine
	Net      Ore
	VAT      Ore
	Gross    Ore // Net + VAT
	// Reference is ours, as the vendor repeats it (BuyerReference). It may be a person's name: shown to who asks, and nowhere else.
	Reference string `json:",omitempty"`
	// Notes are what the file says that does not agree, and does not matter to what is to be paid; English.
	Notes []string `json:",omitempty"`
}

// InvoiceLine is one amount of an invoice.
type InvoiceLine struct {
	ID             string // as the invoice numbers it
	Kind           string // KindProduction, KindPostage or another kind
	Konteringskode string // the code that it is for; empty: for no single one
	Quantity       Decimal
	Net            Ore
	VATPercent     Decimal // 25: "25"
}

// InvoiceFormat says how a vendor's invoices are read.
type InvoiceFormat struct {
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
func (f InvoiceFormat) Validate() error {
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

// InvoiceColumns are the columns of an invoice as CSV: semicolons, UTF-8, the head of the invoice repeated on every line.
// siste_dag is the last day of the period, included; konteringskode may be empty.
func InvoiceColumns() []string {
	return []string{"fakturanr", "fakturadato", "forste_dag", "siste_dag", "linje", "art", "konteringskode", "antall", "netto", "mva_prosent"}
}

// Limits of an invoice.
const (
	maxInvoiceLines  = 100_000
	maxInvoiceNumber = 100              // characters
	maxInvoiceAmount = 1_000_000_000_00 // øre
	maxInvoiceNotes  = 20
)

// Period is days, half-open; the zero value is none.
type Period struct{ From, To Civil }

// ParseInvoice reads an invoice: EHF Billing 3 (PEPPOL BIS Billing 3, UBL invoice or credit note, also in its envelope) or CSV with
// InvoiceColumns. A period that is given goes before the one in the file. Either there is an invoice that adds up, or problems that
// say why not.
func ParseInvoice(data []byte, f InvoiceFormat, given Period) (Invoice, []Problem) {
	if err := f.Validate(); err != nil {
		return Invoice{}, []Problem{{Code: ProblemFormat, Text: err.Error()}}
	}
	p := &invoiceParser{receiptParser: receiptParser{format: Format{Encoding: "auto"}}, own: f, given: given}
	text, ok := p.text(data)
	if !ok {
		return Invoice{}, p.problems
	}
	isXML := bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("<"))
	if !p.withinBounds(text, isXML) {
		return Invoice{}, p.problems
	}
	if isXML {
		p.ehf(text)
	} else {
		p.csv(text)
	}
	if p.count == 0 {
		p.period()
		err := p.invoice.Check()
		if err == nil {
			err = f.CheckKinds(p.invoice.Lines)
		}
		if err != nil {
			p.add(0, "", ProblemInvoice, "%v", err)
		}
	}
	if p.count > 0 {
		return Invoice{}, p.problems
	}
	if n := len(p.invoice.Notes); n > maxInvoiceNotes {
		p.invoice.Notes = append(p.invoice.Notes[:maxInvoiceNotes], fmt.Sprintf("and %d more of this kind", n-maxInvoiceNotes))
	}
	return p.invoice, nil
}

// period has what a person gives go before what the file says.
func (p *invoiceParser) period() {
	inv := &p.invoice
	if p.given == (Period{}) || p.given == (Period{inv.From, inv.To}) {
		return
	}
	if inv.From != "" {
		p.note("the invoice says that it is for %s; it is taken for %s, as told", PeriodWords(inv.From, inv.To), PeriodWords(p.given.From, p.given.To))
	}
	inv.From, inv.To = p.given.From, p.given.To
}

func (p *invoiceParser) note(format string, args ...any) {
	p.invoice.Notes = append(p.invoice.Notes, fmt.Sprintf(format, args...))
}

// text gives the file as UTF-8, or says what it is instead of text.
func (p *invoiceParser) text(data []byte) ([]byte, bool) {
	const ask = "ask the vendor for EHF Billing 3 (XML), or type it in with \"postgang invoice add\""
	bom := []byte("\xef\xbb\xbf")
	data = bytes.TrimPrefix(data, bom)
	switch {
	case bytes.HasPrefix(data, []byte("%PDF-")):
		p.add(0, "", ProblemSyntax, "the file is a PDF, whose amounts cannot be read for certain; "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		p.add(0, "", ProblemSyntax, "the file is a zip archive or an Excel workbook; unpack it, or "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(data, []byte("\x00\x00\xfe\xff")):
		p.add(0, "", ProblemEncoding, "the file is UTF-32, which is not read; "+ask)
		return nil, false
	case bytes.HasPrefix(data, []byte("<\x00")): // UTF-16 that does not say so
		data = append([]byte("\xff\xfe"), data...)
	case bytes.HasPrefix(data, []byte("\x00<")):
		data = append([]byte("\xfe\xff"), data...)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		text, ok := p.decodeUTF16(data)
		if !ok {
			return nil, false
		}
		data = text
	}
	switch {
	case len(bytes.TrimSpace(data)) == 0:
		p.add(0, "", ProblemEmpty, "the file is empty")
		return nil, false
	case bytes.IndexByte(data, 0) >= 0:
		p.add(0, "", ProblemSyntax, "the file is neither XML nor text; "+ask)
		return nil, false
	}
	return p.decode(data)
}

// ProblemInvoice is the code of an invoice that does not add up, or lacks what one has.
const ProblemInvoice = "invoice"

// NewInvoice makes an invoice of lines that are typed in; its VAT is rounded once for each rate.
func NewInvoice(number string, issued, from, to Civil, lines []InvoiceLine) (Invoice, error) {
	inv := Invoice{Number: number, Issued: issued, From: from, To: to, Lines: lines}
	inv.sum()
	return inv, inv.Check()
}

// sum computes the totals from the lines.
func (inv *Invoice) sum() {
	inv.Net, inv.VAT = 0, 0
	rates := map[Decimal]Ore{}
	for _, l := range inv.Lines {
		inv.Net += l.Net
		rates[l.VATPercent] += l.Net
	}
	for rate, net := range rates {
		inv.VAT += vatOf(net, rate)
	}
	inv.Gross = inv.Net + inv.VAT
}

// vatOf is the VAT of an amount, rounded to the nearest øre, halves away from zero.
func vatOf(net Ore, percent Decimal) Ore {
	sign := Ore(1)
	if net < 0 {
		sign, net = -1, -net
	}
	const whole = 100 * decimalUnit // in two steps, which cannot overflow within the limits of an invoice
	return sign * (net/whole*Ore(percent) + (net%whole*Ore(percent)+whole/2)/whole)
}

// maxVATOff is how far the VAT of a rate may be from the rate's share of the amount: what validators of EN 16931 let pass
// (BR-CO-17, BR-S-09), less than a krone.
const maxVATOff Ore = 99

// Check reports what is missing in an invoice, or does not add up. Its VAT may differ from that of the rates by an øre for each
// line, and by maxVATOff for each rate.
func (inv Invoice) Check() error {
	switch {
	case inv.Number == "" || utf8.RuneCountInString(inv.Number) > maxInvoiceNumber || strings.TrimSpace(inv.Number) != inv.Number || strings.ContainsFunc(inv.Number, unicode.IsControl):
		return fmt.Errorf("the invoice's number must be 1 to %d characters of one line", maxInvoiceNumber)
	case inv.Issued.Validate() != nil:
		return errors.New("the day of the invoice is missing, or no day")
	case inv.From.Validate() != nil || inv.To.Validate() != nil || inv.From >= inv.To:
		return errors.New("the period that the invoice is for is missing, or its last day is before the first; give it with --month, or --from and --to")
	case len(inv.Lines) == 0:
		return errors.New("the invoice has no lines")
	case len(inv.Lines) > maxInvoiceLines:
		return fmt.Errorf("the invoice has more than %d lines", maxInvoiceLines)
	}
	var of Invoice
	for i, l := range inv.Lines {
		switch {
		case !kindPattern(l.Kind):
			return fmt.Errorf("invoice line %d: the kind of cost must be 1 to 20 capital letters, such as PRODUKSJON", i+1)
		case !ValidKonteringskode(l.Konteringskode):
			return fmt.Errorf("invoice line %d: the konteringskode must be at most 20 letters, digits and - _ . without spaces", i+1)
		case l.Net > maxInvoiceAmount || l.Net < -maxInvoiceAmount:
			return fmt.Errorf("invoice line %d: the amount is above kr 1 000 000 000", i+1)
		case l.VATPercent < 0 || l.VATPercent > DecimalFromInt(100):
			return fmt.Errorf("invoice line %d: the rate of VAT is not within 0 to 100 %%", i+1)
		}
	}
	of.Lines = inv.Lines
	of.sum()
	rates := map[Decimal]bool{}
	for _, l := range inv.Lines {
		rates[l.VATPercent] = true
	}
	switch {
	case of.Net != inv.Net:
		return fmt.Errorf("the lines add up to kr %s net, and the invoice says kr %s", of.Net, inv.Net)
	case away(of.VAT, inv.VAT) > max(Ore(len(inv.Lines)), maxVATOff*Ore(len(rates))):
		return fmt.Errorf("the VAT of the lines is kr %s, and the invoice says kr %s", of.VAT, inv.VAT)
	case inv.Gross != inv.Net+inv.VAT:
		return fmt.Errorf("kr %s net and kr %s VAT are not kr %s", inv.Net, inv.VAT, inv.Gross)
	}
	return nil
}

// CheckKinds reports a kind of cost that is most likely a misspelt one: it is not known, and nearly one that is. A kind that
// Kinds has is meant.
func (f InvoiceFormat) CheckKinds(lines []InvoiceLine) error {
	known := []string{KindProduction, KindPostage, KindMinimum, KindControlSheet, KindTransport, KindOther, KindRounding}
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

type invoiceParser struct {
	receiptParser
	own     InvoiceFormat
	given   Period
	invoice Invoice
}

func (p *invoiceParser) csv(text []byte) {
	r := csv.NewReader(bytes.NewReader(text))
	r.Comma = ';'
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		p.add(errorLine(err), "", ProblemSyntax, "the header line has misplaced quotation marks")
		return
	}
	if !slices.ContainsFunc(header, func(name string) bool { return slices.Contains(InvoiceColumns(), strings.TrimSpace(name)) }) {
		p.add(1, "", ProblemHeader, "the file is neither EHF (XML) nor CSV: no column of its first line is one of %s, with semicolons between them", strings.Join(InvoiceColumns(), ";"))
		return
	}
	at := map[string]int{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if _, twice := at[name]; twice || !slices.Contains(InvoiceColumns(), name) {
			p.add(1, "", ProblemUnknownColumn, "column number %d of the header is unknown, or stands twice; there are: %s", i+1, strings.Join(InvoiceColumns(), ", "))
		}
		at[name] = i
	}
	for _, name := range InvoiceColumns() {
		if _, there := at[name]; !there {
			p.add(1, name, ProblemMissingColumn, "the column is missing from the header")
		}
	}
	if p.count > 0 {
		return
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.add(errorLine(err), "", ProblemSyntax, "misplaced or unclosed quotation mark")
			return
		}
		line, _ := r.FieldPos(0)
		if len(fields) != len(header) {
			p.add(line, "", ProblemFieldCount, "the row has %d fields, the header %d", len(fields), len(header))
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
			p.add(line, "fakturanr", ProblemInvoice, "the row is of another invoice than the first; one file is one invoice")
		}
		inv.Lines = append(inv.Lines, InvoiceLine{
			ID: strings.Clone(get("linje")), Kind: strings.Clone(get("art")), Konteringskode: strings.Clone(get("konteringskode")),
			Quantity: p.decimal(line, "antall", get("antall")), Net: p.kroner(line, "netto", get("netto"), ","), VATPercent: p.decimal(line, "mva_prosent", get("mva_prosent")),
		})
	}
	if len(p.invoice.Lines) == 0 && p.count == 0 {
		p.add(0, "", ProblemEmpty, "the file has a header and no lines: it is no invoice")
	}
	p.invoice.sum()
}

func (p *invoiceParser) day(line int, col, s string) Civil {
	day, err := ParseCivil(s)
	if err != nil {
		p.add(line, col, ProblemTime, "is no day such as 2026-11-30")
	}
	return day
}

func (p *invoiceParser) decimal(line int, col, s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		p.add(line, col, ProblemNumber, "%v", err)
	}
	return d
}

func (p *invoiceParser) kroner(line int, col, s, decimalSign string) Ore {
	o, err := parseAmount(s, decimalSign)
	if err != nil {
		p.add(line, col, ProblemAmount, "%v", err)
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

// PeriodWords words a half-open period as the command line takes it: 2026-11, or "2026-11-03 to 2026-11-14", both included.
func PeriodWords(from, to Civil) string {
	if strings.HasSuffix(string(from), "-01") && strings.HasSuffix(string(to), "-01") && from.AddDays(31).Month() == to.Month() {
		return from.Month()
	}
	return string(from) + " to " + string(to.AddDays(-1))
}

// PeriodText words a half-open period in Norwegian: "01.11.2026–30.11.2026".
func PeriodText(from, to Civil) string {
	return from.Norwegian() + "–" + to.AddDays(-1).Norwegian()
}
