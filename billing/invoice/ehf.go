package invoice

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/reading"
)

// Elements of UBL 2.1 that EHF Billing 3 uses and that say something about money, who it is between, or what it is for. Names are
// taken without their namespace.
type (
	// ublValue is an element with text that stands once at most.
	ublValue struct {
		text     string
		currency string
		times    int
	}
	ublDocument struct {
		Customization  ublValue    `xml:"CustomizationID"`
		ID             ublValue    `xml:"ID"`
		IssueDate      ublValue    `xml:"IssueDate"`
		InvoiceType    ublValue    `xml:"InvoiceTypeCode"`
		CreditType     ublValue    `xml:"CreditNoteTypeCode"`
		Currency       ublValue    `xml:"DocumentCurrencyCode"`
		AccountingCost ublValue    `xml:"AccountingCost"`
		BuyerReference ublValue    `xml:"BuyerReference"`
		Period         ublPeriod   `xml:"InvoicePeriod"`
		Delivered      []ublValue  `xml:"Delivery>ActualDeliveryDate"`
		Supplier       ublParty    `xml:"AccountingSupplierParty>Party"`
		Customer       ublParty    `xml:"AccountingCustomerParty>Party"`
		Charges        []ublCharge `xml:"AllowanceCharge"`
		Tax            []ublTax    `xml:"TaxTotal"`
		Total          ublTotal    `xml:"LegalMonetaryTotal"`
		Invoiced       []ublLine   `xml:"InvoiceLine"`
		Credited       []ublLine   `xml:"CreditNoteLine"`
	}
	ublParty struct {
		Endpoint  []ublValue `xml:"EndpointID"`
		Known     []ublValue `xml:"PartyIdentification>ID"`
		Taxed     []ublValue `xml:"PartyTaxScheme>CompanyID"`
		CompanyID []ublValue `xml:"PartyLegalEntity>CompanyID"`
	}
	ublPeriod struct {
		Start ublValue `xml:"StartDate"`
		End   ublValue `xml:"EndDate"`
	}
	ublCategory struct {
		Percent ublValue `xml:"Percent"`
	}
	ublCharge struct {
		Charge   ublValue    `xml:"ChargeIndicator"`
		Amount   ublValue    `xml:"Amount"`
		Category ublCategory `xml:"TaxCategory"`
	}
	ublTax struct {
		Amount ublValue `xml:"TaxAmount"`
		Of     []struct {
			Taxable  ublValue    `xml:"TaxableAmount"`
			Amount   ublValue    `xml:"TaxAmount"`
			Category ublCategory `xml:"TaxCategory"`
		} `xml:"TaxSubtotal"`
	}
	ublTotal struct {
		Lines      ublValue `xml:"LineExtensionAmount"`
		Net        ublValue `xml:"TaxExclusiveAmount"`
		Gross      ublValue `xml:"TaxInclusiveAmount"`
		Allowances ublValue `xml:"AllowanceTotalAmount"`
		Charges    ublValue `xml:"ChargeTotalAmount"`
		Prepaid    ublValue `xml:"PrepaidAmount"`
		Rounding   ublValue `xml:"PayableRoundingAmount"`
		Payable    ublValue `xml:"PayableAmount"`
	}
	ublLine struct {
		at             int         // line of the file
		ID             ublValue    `xml:"ID"`
		Invoiced       ublValue    `xml:"InvoicedQuantity"`
		Credited       ublValue    `xml:"CreditedQuantity"`
		Net            ublValue    `xml:"LineExtensionAmount"`
		AccountingCost ublValue    `xml:"AccountingCost"`
		Period         ublPeriod   `xml:"InvoicePeriod"`
		Charges        []ublCharge `xml:"AllowanceCharge"`
		Item           struct {
			Name     ublValue    `xml:"Name"`
			Seller   ublValue    `xml:"SellersItemIdentification>ID"`
			Category ublCategory `xml:"ClassifiedTaxCategory"`
		} `xml:"Item"`
		Price struct {
			Amount ublValue `xml:"PriceAmount"`
			Base   ublValue `xml:"BaseQuantity"`
		} `xml:"Price"`
	}
)

// UnmarshalXML reads the text, and counts how often the element stands.
func (v *ublValue) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	var one struct {
		Text     string `xml:",chardata"`
		Currency string `xml:"currencyID,attr"`
	}
	if err := d.DecodeElement(&one, &start); err != nil {
		return err
	}
	v.text, v.currency, v.times = strings.TrimSpace(one.Text), one.Currency, v.times+1
	return nil
}

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

// What a type code (UNTDID 1001, as EN 16931 and PEPPOL list it) says of a document. What asks for payment is a cost.
var (
	costTypes = strings.Fields("71 80 82 84 102 218 219 326 331 380 382 383 384 385 387 388 389 390 393 394 395 456 457 527 553 575 623 633 780 817 870 875 876 877")
	// creditTypes count the other way.
	creditTypes = strings.Fields("81 83 261 262 296 308 381 396 420 458 532")
	noCostTypes = map[string]string{
		"386": "a prepayment invoice (386), which asks for money in advance and is no cost: take the final invoice, which has all of it",
		"325": "a proforma invoice (325), which asks for no payment: take the invoice itself",
		"130": "an invoicing data sheet (130), which asks for no payment: take the invoice itself",
		"751": "invoice information for accounting (751), which asks for no payment: take the invoice itself",
	}
)

// noCostProfiles are documents in the form of an invoice that are none, by a part of their CustomizationID.
var noCostProfiles = map[string]string{
	":reminder":        "a reminder (purring) of an invoice, which would be booked once more: take the invoice itself",
	":payment-request": "a payment request, which is no invoice: take the invoice itself",
}

// ehf reads a UBL invoice or credit note. The rules are those of EN 16931 and PEPPOL BIS Billing 3: amounts have at most two
// decimals and a decimal point; document charges and allowances are in the net total; a credit note counts the other way. What is
// to be paid must follow from the lines; what else the file says and does not agree is a note.
func (p *parser) ehf(text []byte) {
	if bytes.Contains(text, []byte("<!DOCTYPE")) {
		p.Add(0, "", reading.ProblemSyntax, "the XML has a document type; invoices have none")
		return
	}
	root, doc, ok := p.ubl(text)
	if !ok {
		return
	}
	sign := p.sign(root, doc)
	lines, strange := doc.Invoiced, doc.Credited
	if root == "CreditNote" {
		lines, strange = strange, lines
	}
	if len(strange) > 0 {
		p.Add(strange[0].at, "", reading.ProblemInvoice, "there are lines of an invoice in a credit note, or the other way round")
	}
	p.parties(doc)
	inv := &p.invoice
	inv.Number, inv.Issued = p.words("ID", doc.ID), p.xmlDay("IssueDate", doc.IssueDate)
	if inv.Reference = p.words("BuyerReference", doc.BuyerReference); personalNumber.MatchString(inv.Reference) {
		inv.Reference = ""
		p.note("the BuyerReference may hold a fødselsnummer and is not kept")
	}
	if p.words("DocumentCurrencyCode", doc.Currency) != "NOK" {
		p.Add(0, "DocumentCurrencyCode", reading.ProblemInvoice, "the invoice is not in NOK")
		return
	}
	p.periodOf(doc, lines)
	p.ublLines(doc, lines)
	t := p.totals(doc)
	p.taxes(doc, &t)
	p.payable(&t)
	if p.Count > 0 {
		return
	}
	p.hold(doc, t)
	for i := range inv.Lines {
		inv.Lines[i].Net *= sign
	}
	inv.Net, inv.VAT, inv.Gross = sign*t.net, sign*t.vat, sign*t.gross
	if o := sign * t.rounding; o != 0 { // what is paid is rounded; it belongs to the cost
		inv.Lines = append(inv.Lines, Line{Kind: ledger.KindRounding, Konteringskode: p.accountingCost(0, "the invoice", doc.AccountingCost), Quantity: money.DecimalFromInt(1), Net: o})
		inv.Net, inv.Gross = inv.Net+o, inv.Gross+o
	}
}

// ubl decodes the one invoice or credit note of the file, out of its envelope (SBDH) where it has one.
func (p *parser) ubl(text []byte) (root string, doc ublDocument, ok bool) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Entity = map[string]string{}
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	broken := func() {
		line, _ := d.InputPos()
		p.Add(line, "", reading.ProblemSyntax, "the XML ends or is broken here; the file may be cut off")
	}
	decoded := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			broken()
			return "", doc, false
		}
		line, _ := d.InputPos()
		switch t := token.(type) {
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				p.Add(line, "", reading.ProblemSyntax, "there is text here outside of the invoice; the file must hold one invoice and nothing else")
				return "", doc, false
			}
		case xml.StartElement:
			switch name := t.Name.Local; {
			case name == "StandardBusinessDocument" && !decoded:
				continue
			case name == "StandardBusinessDocumentHeader":
				err = d.Skip()
			case decoded:
				p.Add(line, "", reading.ProblemSyntax, "a second document begins here; the file must hold one invoice and nothing else. Take each from a file of its own")
				return "", doc, false
			case name == "Invoice", name == "CreditNote":
				root, decoded = name, true
				err = d.DecodeElement(&doc, &t)
			default:
				p.Add(line, "", reading.ProblemInvoice, "%s", noInvoice(name))
				return "", doc, false
			}
			if err != nil {
				broken()
				return "", doc, false
			}
		}
	}
	if !decoded {
		p.Add(1, "", reading.ProblemInvoice, "%s", noInvoice(""))
	}
	return root, doc, decoded
}

// noInvoice says what an XML document is instead of an invoice.
func noInvoice(root string) string {
	switch root {
	case "CrossIndustryInvoice", "CrossIndustryDocument":
		return "the file is an invoice in UN/CEFACT syntax (CII), and only UBL is read; ask the vendor for EHF Billing 3 (PEPPOL BIS Billing 3, UBL)"
	case "":
		return "the file is no UBL Invoice or CreditNote, which is what EHF Billing 3 has"
	}
	if len(root) > 40 {
		root = root[:40]
	}
	return fmt.Sprintf("the file is no UBL Invoice or CreditNote, which is what EHF Billing 3 has: it begins with %q", root)
}

// sign tells whether the document asks for money, 1, or gives it back, -1.
func (p *parser) sign(root string, doc ublDocument) money.Ore {
	code := cmp.Or(p.words("InvoiceTypeCode", doc.InvoiceType), p.words("CreditNoteTypeCode", doc.CreditType))
	why, noCost := noCostTypes[code]
	for profile, is := range noCostProfiles {
		if strings.Contains(doc.Customization.text, profile) {
			p.Add(0, "CustomizationID", reading.ProblemInvoice, "the file is %s", is)
		}
	}
	credit, cost := slices.Contains(creditTypes, code), slices.Contains(costTypes, code)
	switch {
	case noCost:
		p.Add(0, "InvoiceTypeCode", reading.ProblemInvoice, "the file is %s", why)
	case credit || root == "CreditNote" && code == "":
		if strings.HasPrefix(doc.Total.Gross.text, "-") && strings.Trim(doc.Total.Gross.text, "-0.") != "" {
			p.Add(0, "TaxInclusiveAmount", reading.ProblemInvoice, "the file says that it is a credit note, and its amounts are below zero: it can be read as money to be paid or to be got back. Have the vendor say which it is")
		}
		return -1
	case root == "CreditNote":
		p.Add(0, "CreditNoteTypeCode", reading.ProblemInvoice, "the file is a credit note by its form, and by its type code it is none: it can be read both ways. Have the vendor say which it is")
	case code == "":
		p.note("there is no InvoiceTypeCode; it is read as an invoice (380)")
	case code == "384":
		p.note("it is a corrected invoice (384) and counts by itself: an invoice that it takes the place of is to be credited, or removed with \"postgang invoice remove\"")
	case !cost:
		p.Add(0, "InvoiceTypeCode", reading.ProblemInvoice, "the type code is none of an invoice that asks for payment (380), nor of a credit note (381)")
	}
	return 1
}

// parties holds seller and buyer against the configuration.
func (p *parser) parties(doc ublDocument) {
	if want := p.own.Supplier; want != "" && !doc.Supplier.is(want) {
		p.Add(0, "AccountingSupplierParty", reading.ProblemInvoice, "the invoice is from another organisation than the vendor's invoice.supplier says")
	}
	if len(p.own.Buyers) > 0 && !slices.ContainsFunc(p.own.Buyers, doc.Customer.is) {
		p.Add(0, "AccountingCustomerParty", reading.ProblemInvoice, "the invoice is to another organisation than those of the vendor's invoice.buyers")
	}
}

// is reports whether the party has an organisation number: that of its legal entity, or else whatever it is known by.
func (y ublParty) is(number string) bool {
	ids := y.CompanyID
	if len(ids) == 0 {
		ids = slices.Concat(y.Endpoint, y.Known, y.Taxed)
	}
	return slices.ContainsFunc(ids, func(v ublValue) bool { return onlyDigits(v.text) == onlyDigits(number) })
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

// periodOf reads the period that the invoice is for: its own, or else that from the first to the last day of its lines.
func (p *parser) periodOf(doc ublDocument, lines []ublLine) {
	from, to := p.xmlDay("InvoicePeriod/StartDate", doc.Period.Start), p.xmlDay("InvoicePeriod/EndDate", doc.Period.End)
	for _, l := range lines {
		first, last := p.xmlDay("InvoicePeriod/StartDate", l.Period.Start), p.xmlDay("InvoicePeriod/EndDate", l.Period.End)
		if doc.Period.Start.times == 0 && first != "" && (from == "" || first < from) {
			from = first
		}
		if doc.Period.End.times == 0 && last > to {
			to = last
		}
	}
	if from != "" && to != "" {
		p.invoice.From, p.invoice.To = from, to.AddDays(1)
		return
	}
	if p.given != (civil.Period{}) {
		return
	}
	delivered := ""
	if len(doc.Delivered) == 1 {
		if day := p.xmlDay("ActualDeliveryDate", doc.Delivered[0]); day != "" {
			delivered = fmt.Sprintf(". It was delivered %s, which does not say for how many days", day)
		}
	}
	p.Add(0, "InvoicePeriod", reading.ProblemInvoice, "the invoice does not say which period it is for%s: give it with --month 2026-11, or --from and --to, or ask the vendor for InvoicePeriod", delivered)
}

// ublLines makes lines of the invoice's lines, and of its charges and allowances, as they stand.
func (p *parser) ublLines(doc ublDocument, lines []ublLine) {
	unknown := map[string]int{}
	for i, l := range lines {
		name := fmt.Sprintf("invoice line %d", i+1)
		item := cmp.Or(l.Item.Seller.text, l.Item.Name.text)
		kind, known := p.own.Kinds[item]
		if !known {
			kind, known = p.own.Kinds[l.Item.Name.text]
		}
		if !known {
			if unknown[item]++; unknown[item] == 1 {
				p.Add(l.at, "Item", reading.ProblemKind, "%s: the item %s is not in the vendor's invoice.kinds, so that it is not known whether it is production, postage or something else", name, shownItem(item))
			}
		}
		cost := l.AccountingCost
		if cost.text == "" {
			cost = doc.AccountingCost
		}
		quantity := l.Invoiced
		if quantity.times == 0 {
			quantity = l.Credited
		}
		line := Line{
			ID: p.words(name+", ID", l.ID), Kind: kind, Konteringskode: p.accountingCost(l.at, name, cost),
			Net: p.money(l.at, name+", LineExtensionAmount", l.Net), VATPercent: p.percent(l.at, name, l.Item.Category),
		}
		if l.Net.times == 0 {
			p.Add(l.at, "LineExtensionAmount", reading.ProblemInvoice, "%s has no amount", name)
		}
		if q := p.number(l.at, name+", quantity", quantity); q != nil {
			line.Quantity = money.Decimal(rounded(q, 4))
			p.price(name, l, q, line.Net)
		}
		p.invoice.Lines = append(p.invoice.Lines, line)
	}
	for _, c := range doc.Charges {
		o := p.charge(0, "AllowanceCharge", c)
		p.invoice.Lines = append(p.invoice.Lines, Line{
			Kind: ledger.KindOther, Konteringskode: p.accountingCost(0, "the invoice", doc.AccountingCost), Quantity: money.DecimalFromInt(1), Net: o,
			VATPercent: p.percent(0, "AllowanceCharge", c.Category),
		})
	}
}

// personalNumber is what may be a fødselsnummer in a text.
var personalNumber = regexp.MustCompile(`\d{6}[ .-]?\d{5}`)

// shownItem words the name of an item, unless it may hold personal data.
func shownItem(item string) string {
	if personalNumber.MatchString(item) {
		return "(whose name is not shown: it may hold a fødselsnummer)"
	}
	if r := []rune(item); len(r) > 60 {
		item = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", item)
}

// accountingCost reads a konteringskode.
func (p *parser) accountingCost(line int, name string, v ublValue) string {
	code := p.words("AccountingCost", v)
	if p.own.CodeFrom == CodeFromNone {
		return ""
	}
	if !codes.Valid(code) {
		p.Add(line, "AccountingCost", reading.ProblemCode, "%s: AccountingCost is no konteringskode, which is at most 20 letters, digits and - _ . without spaces. If the vendor writes something else there, set code_from = \"none\" in the vendor's invoice settings, and it is not read", name)
		return ""
	}
	return code
}

// charge is the amount of a charge, or of an allowance as an amount below zero.
func (p *parser) charge(line int, name string, c ublCharge) money.Ore {
	o := p.money(line, name+"/Amount", c.Amount)
	switch p.words(name+"/ChargeIndicator", c.Charge) {
	case "true", "1":
	case "false", "0":
		o = -o
	default:
		p.Add(line, name+"/ChargeIndicator", reading.ProblemInvoice, "must be true or false: it is not known whether it is a charge or an allowance")
	}
	return o
}

// price notes a line whose amount is not its quantity at its price (PEPPOL-EN16931-R120, with its slack of two øre).
func (p *parser) price(name string, l ublLine, quantity *big.Rat, net money.Ore) {
	each := p.number(l.at, name+", PriceAmount", l.Price.Amount)
	if each == nil || l.Net.times == 0 {
		return
	}
	if base := p.number(l.at, name+", BaseQuantity", l.Price.Base); base != nil && base.Sign() != 0 {
		each.Quo(each, base)
	}
	sum := new(big.Rat).Mul(quantity, each)
	for _, c := range l.Charges {
		sum.Add(sum, big.NewRat(int64(p.charge(l.at, name+", AllowanceCharge", c)), 100))
	}
	off := new(big.Rat).Sub(sum, big.NewRat(int64(net), 100))
	if off.Abs(off).Cmp(big.NewRat(2, 100)) > 0 {
		p.note("%s: quantity and price make kr %s, and the line says kr %s", name, money.Ore(rounded(sum, 2)), net)
	}
}

// ublTotals are the sums of an invoice as it says them.
type ublTotals struct{ net, gross, vat, rounding, prepaid, payable money.Ore }

// totals reads what is to be paid.
func (p *parser) totals(doc ublDocument) ublTotals {
	total := doc.Total
	sum := func(name string, v ublValue, required bool) money.Ore {
		name = "LegalMonetaryTotal/" + name
		if required && v.times == 0 {
			p.Add(0, name, reading.ProblemInvoice, "the invoice has no such amount, so that it is not known what is to be paid")
		}
		return p.money(0, name, v)
	}
	return ublTotals{
		net: sum("TaxExclusiveAmount", total.Net, true), gross: sum("TaxInclusiveAmount", total.Gross, true),
		rounding: sum("PayableRoundingAmount", total.Rounding, false), prepaid: sum("PrepaidAmount", total.Prepaid, false),
		payable: sum("PayableAmount", total.Payable, true),
	}
}

// payable holds what is to be paid against the sums that it comes of.
func (p *parser) payable(t *ublTotals) {
	if p.Count > 0 {
		return
	}
	if t.gross == t.net+t.vat+t.rounding && t.payable == t.gross-t.prepaid { // as in EHF 2, where it was rounded before
		t.gross -= t.rounding
	}
	switch due := t.gross - t.prepaid + t.rounding; {
	case away(due, t.payable) > 1:
		p.Add(0, "LegalMonetaryTotal/PayableAmount", reading.ProblemInvoice, "the invoice asks for kr %s, and kr %s with VAT, less kr %s that is paid, with kr %s of rounding, is kr %s", t.payable, t.gross, t.prepaid, t.rounding, due)
	case due != t.payable:
		p.note("the invoice asks for kr %s, and its sums make kr %s", t.payable, due)
	}
	if t.prepaid != 0 {
		p.note("kr %s of it is paid already; all of it is the cost", t.prepaid)
	}
}

// taxes reads the VAT and notes what its rates say otherwise. That it is the VAT of the lines is held by Check.
func (p *parser) taxes(doc ublDocument, t *ublTotals) {
	var own []ublTax // in the invoice's currency; there may be another in that of the accounts
	for _, x := range doc.Tax {
		if c := x.Amount.currency; c == "" || c == doc.Currency.text {
			own = append(own, x)
		}
	}
	if len(own) > 1 {
		p.Add(0, "TaxTotal", reading.ProblemInvoice, "the VAT stands %d times in NOK", len(own))
	}
	if len(own) != 1 {
		return
	}
	t.vat = p.money(0, "TaxTotal/TaxAmount", own[0].Amount)
	if len(own[0].Of) == 0 {
		return
	}
	var vat money.Ore
	taxable := map[money.Decimal]money.Ore{}
	for _, s := range own[0].Of {
		rate := p.percent(0, "TaxSubtotal", s.Category)
		base, tax := p.money(0, "TaxSubtotal/TaxableAmount", s.Taxable), p.money(0, "TaxSubtotal/TaxAmount", s.Amount)
		taxable[rate] += base
		vat += tax
		if of := money.VATOf(base, rate); away(of, tax) > maxVATOff {
			p.note("%s %% of kr %s is kr %s of VAT, and the invoice says kr %s", rate, base, of, tax)
		}
	}
	switch off := away(vat, t.vat); {
	case off > maxVATOff*money.Ore(len(taxable)):
		p.Add(0, "TaxTotal/TaxAmount", reading.ProblemInvoice, "the VAT of the rates adds up to kr %s, and the invoice says kr %s", vat, t.vat)
	case off != 0:
		p.note("the VAT of the rates adds up to kr %s, and the invoice says kr %s", vat, t.vat)
	}
	for _, l := range p.invoice.Lines {
		taxable[l.VATPercent] -= l.Net
	}
	for _, rate := range slices.Sorted(maps.Keys(taxable)) {
		if off := taxable[rate]; off != 0 {
			p.note("what the invoice says to be taxed at %s %% is kr %s more than its lines at that rate", rate, off)
		}
	}
}

// hold notes what else does not agree; what is to be paid is held against the lines by Check.
func (p *parser) hold(doc ublDocument, t ublTotals) {
	of := Invoice{Lines: p.invoice.Lines}
	of.sum()
	if of.VAT != t.vat {
		p.note("the VAT of the lines is kr %s, and the invoice says kr %s; the difference is booked as %s", of.VAT, t.vat, ledger.KindRounding)
	}
	var lines, charges, allowances money.Ore
	for _, l := range p.invoice.Lines[:len(p.invoice.Lines)-len(doc.Charges)] {
		lines += l.Net
	}
	for _, c := range doc.Charges {
		if o := p.charge(0, "AllowanceCharge", c); c.Charge.text == "true" || c.Charge.text == "1" {
			charges += o
		} else {
			allowances -= o
		}
	}
	for _, s := range []struct {
		name string
		said ublValue
		is   money.Ore
	}{{"LineExtensionAmount", doc.Total.Lines, lines}, {"ChargeTotalAmount", doc.Total.Charges, charges}, {"AllowanceTotalAmount", doc.Total.Allowances, allowances}} {
		if o := p.money(0, "LegalMonetaryTotal/"+s.name, s.said); s.said.times > 0 && o != s.is {
			p.note("%s says kr %s, and what it is the sum of is kr %s", s.name, o, s.is)
		}
	}
}

// words is the text of an element, which must not stand twice.
func (p *parser) words(name string, v ublValue) string {
	if v.times > 1 {
		p.Add(0, name, reading.ProblemInvoice, "the element stands %d times, so that the invoice can be read in several ways", v.times)
	}
	return v.text
}

// xmlDay reads an xs:date, whose time zone says nothing; none when there is none.
func (p *parser) xmlDay(name string, v ublValue) civil.Date {
	s := p.words(name, v)
	if len(s) > len(civil.Layout) && (s[len(civil.Layout):] == "Z" || zonePattern.MatchString(s[len(civil.Layout):])) {
		s = s[:len(civil.Layout)]
	}
	if s == "" && name != "IssueDate" {
		return ""
	}
	return p.day(0, name, s)
}

var (
	zonePattern    = regexp.MustCompile(`^[+-]\d\d:\d\d$`)
	decimalPattern = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)$`)
)

// number reads an xs:decimal; nil when there is none.
func (p *parser) number(line int, name string, v ublValue) *big.Rat {
	s := p.words(name, v)
	if s == "" {
		return nil
	}
	if len(s) > 40 || !decimalPattern.MatchString(s) {
		p.Add(line, name, reading.ProblemNumber, "is no number such as 1250 or 12.50")
		return nil
	}
	r, _ := new(big.Rat).SetString(s)
	return r
}

// rounded is a number times 10 to the power of decimals, to the nearest whole; 0 when that is more than 64 bits hold.
func rounded(r *big.Rat, decimals int) int64 {
	n, _ := new(big.Int).SetString(strings.Replace(r.FloatString(decimals), ".", "", 1), 10)
	if !n.IsInt64() {
		return 0
	}
	return n.Int64()
}

// money reads an amount in NOK; 0 when there is none.
func (p *parser) money(line int, name string, v ublValue) money.Ore {
	r := p.number(line, name, v)
	switch {
	case v.times > 0 && v.text == "":
		p.Add(line, name, reading.ProblemAmount, "the amount is empty")
	case r == nil:
	case v.currency != "" && v.currency != "NOK":
		p.Add(line, name, reading.ProblemInvoice, "the amount is not in NOK")
	default:
		r.Mul(r, big.NewRat(100, 1))
		if !r.IsInt() {
			p.Add(line, name, reading.ProblemAmount, "the amount must have at most two decimals")
			return 0
		}
		const most = 100 * money.MaxAmount // of lines and sums; Check is stricter
		if n := r.Num(); n.IsInt64() && -most <= n.Int64() && n.Int64() <= most {
			return money.Ore(n.Int64())
		}
		p.Add(line, name, reading.ProblemAmount, "the amount is above kr 1 000 000 000")
	}
	return 0
}

// percent reads a rate of VAT; 0 when there is none, as where something is exempt or outside of VAT.
func (p *parser) percent(line int, name string, c ublCategory) money.Decimal {
	r := p.number(line, name+", Percent", c.Percent)
	if r == nil {
		return 0
	}
	if r.Sign() < 0 || r.Cmp(big.NewRat(100, 1)) > 0 {
		p.Add(line, name+", Percent", reading.ProblemNumber, "the rate of VAT is not within 0 to 100 %%")
		return 0
	}
	return money.Decimal(rounded(r, 4))
}
