package billing

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
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
	maxInvoiceNumber = 50
	maxInvoiceAmount = 1_000_000_000_00 // øre
)

// ParseInvoice reads an invoice: EHF Billing 3 (PEPPOL BIS Billing 3, UBL invoice or credit note) or CSV with InvoiceColumns.
// Either there is an invoice that adds up, or problems that say why not.
func ParseInvoice(data []byte, f InvoiceFormat) (Invoice, []Problem) {
	if err := f.Validate(); err != nil {
		return Invoice{}, []Problem{{Code: ProblemFormat, Text: err.Error()}}
	}
	p := &invoiceParser{receiptParser: receiptParser{format: Format{Encoding: "auto"}}, own: f}
	text, ok := p.decode(data)
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
		if err := p.invoice.Check(); err != nil {
			p.add(0, "", ProblemInvoice, "%v", err)
		}
	}
	if p.count > 0 {
		return Invoice{}, p.problems
	}
	return p.invoice, nil
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
	if net < 0 {
		return -vatOf(-net, percent)
	}
	const whole = 100 * decimalUnit // in two steps, which cannot overflow
	return net/whole*Ore(percent) + (net%whole*Ore(percent)+whole/2)/whole
}

// Check reports what is missing in an invoice, or does not add up. Its VAT may differ by an øre for each line from that of the
// rates.
func (inv Invoice) Check() error {
	switch {
	case strings.TrimSpace(inv.Number) == "" || len(inv.Number) > maxInvoiceNumber || !idPattern.MatchString(inv.Number):
		return fmt.Errorf("the invoice's number must be 1 to %d of letters, digits and . _ : -", maxInvoiceNumber)
	case inv.Issued.Validate() != nil:
		return errors.New("the day of the invoice is missing, or no day")
	case inv.From.Validate() != nil || inv.To.Validate() != nil || inv.From >= inv.To:
		return errors.New("the period that the invoice is for is missing, or its last day is before the first")
	case len(inv.Lines) == 0:
		return errors.New("the invoice has no lines")
	case len(inv.Lines) > maxInvoiceLines:
		return fmt.Errorf("the invoice has more than %d lines", maxInvoiceLines)
	}
	var of Invoice
	for i, l := range inv.Lines {
		switch {
		case !kindPattern(l.Kind):
			return fmt.Errorf("line %d: the kind of cost must be 1 to 20 capital letters, such as PRODUKSJON", i+1)
		case !ValidKonteringskode(l.Konteringskode):
			return fmt.Errorf("line %d: the konteringskode is none", i+1)
		case l.Net > maxInvoiceAmount || l.Net < -maxInvoiceAmount:
			return fmt.Errorf("line %d: the amount is above kr 1 000 000 000", i+1)
		case l.VATPercent < 0 || l.VATPercent > DecimalFromInt(100):
			return fmt.Errorf("line %d: the rate of VAT is not within 0 to 100 %%", i+1)
		}
	}
	of.Lines = inv.Lines
	of.sum()
	switch {
	case of.Net != inv.Net:
		return fmt.Errorf("the lines add up to kr %s net, and the invoice says kr %s", of.Net, inv.Net)
	case max(of.VAT-inv.VAT, inv.VAT-of.VAT) > Ore(len(inv.Lines)):
		return fmt.Errorf("the VAT of the lines is kr %s, and the invoice says kr %s", of.VAT, inv.VAT)
	case inv.Gross != inv.Net+inv.VAT:
		return fmt.Errorf("kr %s net and kr %s VAT are not kr %s", inv.Net, inv.VAT, inv.Gross)
	}
	return nil
}

type invoiceParser struct {
	receiptParser
	own     InvoiceFormat
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

// Elements of UBL 2.1 that EHF Billing 3 uses and that say something about money. Names are taken without their namespace.
type (
	ublDocument struct {
		XMLName   xml.Name
		ID        string      `xml:"ID"`
		IssueDate string      `xml:"IssueDate"`
		Currency  string      `xml:"DocumentCurrencyCode"`
		Supplier  string      `xml:"AccountingSupplierParty>Party>PartyLegalEntity>CompanyID"`
		Period    ublPeriod   `xml:"InvoicePeriod"`
		Charges   []ublCharge `xml:"AllowanceCharge"`
		Tax       []struct {
			Amount ublAmount `xml:"TaxAmount"`
		} `xml:"TaxTotal"`
		Total struct {
			Net      ublAmount  `xml:"TaxExclusiveAmount"`
			Gross    ublAmount  `xml:"TaxInclusiveAmount"`
			Lines    ublAmount  `xml:"LineExtensionAmount"`
			Rounding *ublAmount `xml:"PayableRoundingAmount"`
		} `xml:"LegalMonetaryTotal"`
		Invoiced []ublLine `xml:"InvoiceLine"`
		Credited []ublLine `xml:"CreditNoteLine"`
	}
	ublAmount struct {
		Value    string `xml:",chardata"`
		Currency string `xml:"currencyID,attr"`
	}
	ublPeriod struct {
		Start string `xml:"StartDate"`
		End   string `xml:"EndDate"`
	}
	ublCategory struct {
		Percent string `xml:"Percent"`
	}
	ublCharge struct {
		Charge   string      `xml:"ChargeIndicator"`
		Amount   ublAmount   `xml:"Amount"`
		Category ublCategory `xml:"TaxCategory"`
	}
	ublLine struct {
		at             int
		ID             string    `xml:"ID"`
		Invoiced       string    `xml:"InvoicedQuantity"`
		Credited       string    `xml:"CreditedQuantity"`
		Net            ublAmount `xml:"LineExtensionAmount"`
		AccountingCost string    `xml:"AccountingCost"`
		Period         ublPeriod `xml:"InvoicePeriod"`
		Item           struct {
			Name   string `xml:"Name"`
			Seller struct {
				ID string `xml:"ID"`
			} `xml:"SellersItemIdentification"`
			Category ublCategory `xml:"ClassifiedTaxCategory"`
		} `xml:"Item"`
	}
)

// UnmarshalXML notes the line of the file that the element begins on.
func (l *ublLine) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	type plain ublLine
	at, _ := d.InputPos()
	if err := d.DecodeElement((*plain)(l), &start); err != nil {
		return err
	}
	l.at = at
	return nil
}

// ehf reads a UBL invoice or credit note. The rules are those of EN 16931 and PEPPOL BIS Billing 3: amounts have at most two
// decimals and a decimal point; document charges and allowances are in the net total; a credit note counts the other way.
func (p *invoiceParser) ehf(text []byte) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Entity = map[string]string{}
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	if bytes.Contains(text, []byte("<!DOCTYPE")) {
		p.add(0, "", ProblemSyntax, "the XML has a document type; invoices have none")
		return
	}
	var doc ublDocument
	if err := d.Decode(&doc); err != nil {
		line, _ := d.InputPos()
		p.add(line, "", ProblemSyntax, "the XML ends or is broken here; the file may be cut off")
		return
	}
	sign, lines := Ore(1), doc.Invoiced
	switch doc.XMLName.Local {
	case "Invoice":
	case "CreditNote":
		sign, lines = -1, doc.Credited
	default:
		p.add(1, "", ProblemInvoice, "the file is no UBL Invoice or CreditNote, which is what EHF Billing 3 has")
		return
	}
	if want := p.own.Supplier; want != "" && onlyDigits(doc.Supplier) != onlyDigits(want) {
		p.add(0, "AccountingSupplierParty", ProblemInvoice, "the invoice is from another organisation than the vendor's supplier says")
	}
	if doc.Currency != "NOK" {
		p.add(0, "DocumentCurrencyCode", ProblemInvoice, "the invoice is not in NOK")
	}
	inv := &p.invoice
	inv.Number, inv.Issued = strings.TrimSpace(doc.ID), p.day(0, "IssueDate", strings.TrimSpace(doc.IssueDate))
	period := doc.Period
	for _, l := range lines { // an invoice may give its period on its lines instead
		if doc.Period.Start == "" && (period.Start == "" || l.Period.Start != "" && l.Period.Start < period.Start) {
			period.Start = l.Period.Start
		}
		if doc.Period.End == "" && l.Period.End > period.End {
			period.End = l.Period.End
		}
	}
	if period.Start == "" || period.End == "" {
		p.add(0, "InvoicePeriod", ProblemInvoice, "the invoice does not say which period it is for; ask the vendor for InvoicePeriod, or type the invoice in")
		return
	}
	inv.From = p.day(0, "InvoicePeriod/StartDate", period.Start)
	if last := p.day(0, "InvoicePeriod/EndDate", period.End); last != "" {
		inv.To = last.AddDays(1)
	}
	amount := func(line int, col string, a ublAmount) Ore {
		s := strings.TrimSpace(a.Value)
		whole, decimals, found := strings.Cut(s, ".") // "100", "100.5" and "100.50" are alike
		switch {
		case !found:
			s += ".00"
		case len(decimals) == 1:
			s = whole + "." + decimals + "0"
		}
		if a.Currency != "" && a.Currency != "NOK" {
			p.add(line, col, ProblemInvoice, "the amount is not in NOK")
		}
		if strings.Trim(s, "-0.") == "" && s != "" {
			return 0
		}
		return p.kroner(line, col, s, ".")
	}
	quantity := func(line int, s string) Decimal {
		if s = strings.TrimSpace(s); s == "" {
			return 0
		}
		return p.decimal(line, "Quantity", s)
	}
	percent := func(line int, c ublCategory) Decimal {
		if s := strings.TrimSpace(c.Percent); s != "" {
			return p.decimal(line, "TaxCategory/Percent", s)
		}
		return 0 // exempt, or outside of VAT
	}
	for _, l := range lines {
		item := strings.TrimSpace(cmp.Or(strings.TrimSpace(l.Item.Seller.ID), l.Item.Name))
		kind, known := p.own.Kinds[item]
		if !known {
			p.add(l.at, "Item", ProblemKind, "the item of the invoice line is not in the vendor's invoice.kinds, so that it is not known whether it is production, postage or something else")
		}
		code := ""
		if p.own.CodeFrom != CodeFromNone {
			code = strings.TrimSpace(l.AccountingCost)
		}
		inv.Lines = append(inv.Lines, InvoiceLine{
			ID: strings.TrimSpace(l.ID), Kind: kind, Konteringskode: code, Quantity: quantity(l.at, cmp.Or(l.Invoiced, l.Credited)),
			Net: sign * amount(l.at, "LineExtensionAmount", l.Net), VATPercent: percent(l.at, l.Item.Category),
		})
	}
	for _, c := range doc.Charges {
		o := sign * amount(0, "AllowanceCharge/Amount", c.Amount)
		if strings.TrimSpace(c.Charge) == "false" {
			o = -o
		}
		inv.Lines = append(inv.Lines, InvoiceLine{Kind: KindOther, Quantity: DecimalFromInt(1), Net: o, VATPercent: percent(0, c.Category)})
	}
	inv.Net = sign * amount(0, "TaxExclusiveAmount", doc.Total.Net)
	inv.Gross = sign * amount(0, "TaxInclusiveAmount", doc.Total.Gross)
	for _, t := range doc.Tax {
		if t.Amount.Currency == "" || t.Amount.Currency == doc.Currency {
			inv.VAT += sign * amount(0, "TaxTotal/TaxAmount", t.Amount)
		}
	}
	if doc.Total.Rounding != nil { // what is paid is rounded; it belongs to the cost
		if o := sign * amount(0, "PayableRoundingAmount", *doc.Total.Rounding); o != 0 {
			inv.Lines = append(inv.Lines, InvoiceLine{Kind: KindRounding, Quantity: DecimalFromInt(1), Net: o})
			inv.Net, inv.Gross = inv.Net+o, inv.Gross+o
		}
	}
}

// onlyDigits drops what stands around the digits of an organisation number: spaces, "NO", "MVA", "0192:".
func onlyDigits(s string) string {
	if _, number, found := strings.Cut(s, ":"); found {
		s = number
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
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

// PeriodText words a half-open period in Norwegian: "01.11.2026–30.11.2026".
func PeriodText(from, to Civil) string {
	return from.Norwegian() + "–" + Civil(to.UTC().AddDate(0, 0, -1).Format(civilLayout)).Norwegian()
}
