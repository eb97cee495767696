package invoice

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/billing/civil"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/reading"
)

// ehfFormat is that of a vendor whose invoices all tests here are of.
func ehfFormat() Format {
	return Format{Kinds: map[string]string{"P": ledger.KindProduction, "Q": ledger.KindPostage}, Supplier: "917103801", Buyers: []string{"NO 964 338 531 MVA"}}
}

// ehfInvoice is an invoice with all that the rules of EN 16931 look at, in one line of XML as many vendors write it.
const ehfInvoice = `<?xml version="1.0" encoding="UTF-8"?>` +
	`<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cac="urn:cac" xmlns:cbc="urn:cbc">` +
	`<cbc:ID>F/7 æ</cbc:ID><cbc:IssueDate>2026-12-01</cbc:IssueDate><cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode><cbc:DocumentCurrencyCode>NOK</cbc:DocumentCurrencyCode>` +
	`<cbc:BuyerReference>4100 post</cbc:BuyerReference><cac:InvoicePeriod><cbc:StartDate>2026-11-01</cbc:StartDate><cbc:EndDate>2026-11-30</cbc:EndDate></cac:InvoicePeriod>` +
	`<cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity><cbc:CompanyID>917103801</cbc:CompanyID></cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>` +
	`<cac:AccountingCustomerParty><cac:Party><cbc:EndpointID schemeID="0192">964338531</cbc:EndpointID></cac:Party></cac:AccountingCustomerParty>` +
	`<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount currencyID="NOK">20.00</cbc:Amount><cac:TaxCategory><cbc:Percent>25</cbc:Percent></cac:TaxCategory></cac:AllowanceCharge>` +
	`<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">250.00</cbc:TaxAmount><cac:TaxSubtotal><cbc:TaxableAmount currencyID="NOK">1000.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="NOK">250.00</cbc:TaxAmount><cac:TaxCategory><cbc:Percent>25</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>` +
	`<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="NOK">1020.00</cbc:LineExtensionAmount><cbc:TaxExclusiveAmount currencyID="NOK">1000.00</cbc:TaxExclusiveAmount><cbc:TaxInclusiveAmount currencyID="NOK">1250.00</cbc:TaxInclusiveAmount><cbc:AllowanceTotalAmount currencyID="NOK">20.00</cbc:AllowanceTotalAmount><cbc:PayableAmount currencyID="NOK">1250.00</cbc:PayableAmount></cac:LegalMonetaryTotal>` +
	`<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity>100</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID="NOK">420.00</cbc:LineExtensionAmount><cbc:AccountingCost>0100</cbc:AccountingCost><cac:Item><cbc:Name>Trykk</cbc:Name><cac:SellersItemIdentification><cbc:ID>P</cbc:ID></cac:SellersItemIdentification><cac:ClassifiedTaxCategory><cbc:Percent>25</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount currencyID="NOK">4.20</cbc:PriceAmount></cac:Price></cac:InvoiceLine>` +
	`<cac:InvoiceLine><cbc:ID>2</cbc:ID><cbc:InvoicedQuantity>100</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID="NOK">600.00</cbc:LineExtensionAmount><cac:Item><cbc:Name>Porto</cbc:Name><cac:SellersItemIdentification><cbc:ID>Q</cbc:ID></cac:SellersItemIdentification><cac:ClassifiedTaxCategory><cbc:Percent>25</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item><cac:Price><cbc:PriceAmount currencyID="NOK">60.00</cbc:PriceAmount><cbc:BaseQuantity>10</cbc:BaseQuantity></cac:Price></cac:InvoiceLine>` +
	`</Invoice>`

// ehfCase is ehfInvoice with changes, and what must become of it.
type ehfCase struct {
	name    string
	changes []string // pairs of what is there and what is in its place, everywhere
	refused string   // in a problem; empty: taken
	note    string   // in a note; empty: there is none
	want    func(*Invoice)
}

func (c ehfCase) data(t *testing.T) string {
	t.Helper()
	data := ehfInvoice
	for i := 0; i < len(c.changes); i += 2 {
		if !strings.Contains(data, c.changes[i]) {
			t.Fatalf("%s: %q is not there", c.name, c.changes[i])
		}
		data = strings.ReplaceAll(data, c.changes[i], c.changes[i+1])
	}
	return data
}

func readAs() Invoice {
	rate := money.DecimalFromInt(25)
	return Invoice{
		Number: "F/7 æ", Issued: "2026-12-01", From: "2026-11-01", To: "2026-12-01", Net: 100_000, VAT: 25_000, Gross: 125_000, Reference: "4100 post",
		Lines: []Line{
			{ID: "1", Kind: ledger.KindProduction, Konteringskode: "0100", Quantity: money.DecimalFromInt(100), Net: 42_000, VATPercent: rate},
			{ID: "2", Kind: ledger.KindPostage, Quantity: money.DecimalFromInt(100), Net: 60_000, VATPercent: rate},
			{Kind: ledger.KindOther, Quantity: money.DecimalFromInt(1), Net: -2000, VATPercent: rate},
		},
	}
}

// asCredit has all amounts the other way.
func asCredit(inv *Invoice) {
	inv.Net, inv.VAT, inv.Gross = -inv.Net, -inv.VAT, -inv.Gross
	for i := range inv.Lines {
		inv.Lines[i].Net = -inv.Lines[i].Net
	}
}

func TestEHF(t *testing.T) {
	t.Parallel()
	const period = "<cac:InvoicePeriod><cbc:StartDate>2026-11-01</cbc:StartDate><cbc:EndDate>2026-11-30</cbc:EndDate></cac:InvoicePeriod>"
	const line1 = "<cbc:ID>1</cbc:ID>"
	payable := `<cbc:PayableAmount currencyID="NOK">1250.00</cbc:PayableAmount>`
	for _, c := range []ehfCase{
		{name: "as it is"},

		// One document.
		{name: "two in a file", changes: []string{"</Invoice>", "</Invoice>\n<Invoice/>"}, refused: "a second document begins here"},
		{name: "text after it", changes: []string{"</Invoice>", "</Invoice>\nend of file"}, refused: "text here outside"},
		{name: "broken after it", changes: []string{"</Invoice>", "</Invoice><"}, refused: "broken here"},
		{name: "comments and blanks around it", changes: []string{"</Invoice>", "</Invoice>\n<!-- sent by X --> \n"}},
		{name: "in an envelope", changes: []string{
			"<Invoice ", `<StandardBusinessDocument><StandardBusinessDocumentHeader><Invoice/><Sender>x</Sender></StandardBusinessDocumentHeader><Invoice `, "</Invoice>", "</Invoice></StandardBusinessDocument>",
			"<StandardBusinessDocumentHeader><Invoice/>", "<StandardBusinessDocumentHeader>",
		}},
		{name: "two in an envelope", changes: []string{"<Invoice ", "<StandardBusinessDocument><Invoice ", "</Invoice>", "</Invoice><CreditNote/></StandardBusinessDocument>"}, refused: "a second document"},
		{name: "an empty envelope", changes: []string{ehfInvoice[38:], "<StandardBusinessDocument/>"}, refused: "no UBL Invoice"},
		{name: "an order", changes: []string{ehfInvoice[38:], "<Order/>"}, refused: `begins with "Order"`},
		{name: "CII", changes: []string{ehfInvoice[38:], `<rsm:CrossIndustryInvoice xmlns:rsm="x"/>`}, refused: "CII"},
		{name: "two numbers", changes: []string{"<cbc:ID>F/7 æ</cbc:ID>", "<cbc:ID>F/7 æ</cbc:ID><cbc:ID>F/8</cbc:ID>"}, refused: "stands 2 times"},
		{name: "two totals", changes: []string{"</cac:LegalMonetaryTotal>", `</cac:LegalMonetaryTotal><cac:LegalMonetaryTotal><cbc:PayableAmount>1</cbc:PayableAmount></cac:LegalMonetaryTotal>`}, refused: "stands 2 times"},

		// What it is.
		{name: "prepayment", changes: []string{">380<", ">386<"}, refused: "prepayment invoice (386)"},
		{name: "proforma", changes: []string{">380<", ">325<"}, refused: "proforma"},
		{name: "a type of something else", changes: []string{">380<", ">310<"}, refused: "none of an invoice that asks for payment"},
		{name: "credit in an invoice", changes: []string{">380<", ">381<"}, want: asCredit},
		{name: "credit note", changes: []string{"Invoice ", "CreditNote ", "</Invoice>", "</CreditNote>", "InvoiceLine>", "CreditNoteLine>", "InvoicedQuantity", "CreditedQuantity", "InvoiceTypeCode>380<", "CreditNoteTypeCode>381<", "/cbc:InvoiceTypeCode", "/cbc:CreditNoteTypeCode"}, want: asCredit},
		{name: "credit note that is none", changes: []string{"<Invoice ", "<CreditNote ", "</Invoice>", "</CreditNote>", "InvoiceLine>", "CreditNoteLine>"}, refused: "can be read both ways"},
		{name: "credit note below zero", changes: []string{"<Invoice ", "<CreditNote ", "</Invoice>", "</CreditNote>", "InvoiceLine>", "CreditNoteLine>", ">380<", ">381<", ">1250.00<", ">-1250.00<"}, refused: "to be paid or to be got back"},
		{name: "a reference that may be personal", changes: []string{">4100 post<", ">01019012345<"}, note: "is not kept", want: func(i *Invoice) { i.Reference = "" }},
		{name: "lines of the other", changes: []string{"InvoiceLine>", "CreditNoteLine>"}, refused: "lines of an invoice in a credit note"},
		{name: "corrected", changes: []string{">380<", ">384<"}, note: "corrected invoice (384)"},
		{name: "a reminder", changes: []string{"<cbc:ID>F/7", "<cbc:CustomizationID>urn:x#conformant#urn:fdc:anskaffelser.no:2019:ehf:reminder:3.0</cbc:CustomizationID><cbc:ID>F/7"}, refused: "a reminder (purring)"},
		{name: "partial", changes: []string{">380<", ">326<"}},
		{name: "no type", changes: []string{"<cbc:InvoiceTypeCode>380</cbc:InvoiceTypeCode>", ""}, note: "no InvoiceTypeCode"},
		{name: "credit in an invoice, below zero", changes: []string{">380<", ">381<", ">1250.00<", ">-1250.00<"}, refused: "to be paid or to be got back"},

		// Between whom.
		{name: "of another vendor", changes: []string{"917103801", "917103802"}, refused: "from another organisation"},
		{name: "to another buyer", changes: []string{"964338531", "964338532"}, refused: "to another organisation"},
		{name: "to nobody", changes: []string{`<cbc:EndpointID schemeID="0192">964338531</cbc:EndpointID>`, ""}, refused: "to another organisation"},
		{name: "the buyer's legal entity", changes: []string{`<cbc:EndpointID schemeID="0192">964338531</cbc:EndpointID>`, `<cbc:EndpointID>1</cbc:EndpointID><cac:PartyLegalEntity><cbc:CompanyID>964338531</cbc:CompanyID></cac:PartyLegalEntity>`}},
		{name: "the buyer's legal entity is another", changes: []string{`964338531</cbc:EndpointID>`, `964338531</cbc:EndpointID><cac:PartyLegalEntity><cbc:CompanyID>999</cbc:CompanyID></cac:PartyLegalEntity>`}, refused: "to another organisation"},
		{name: "in euro", changes: []string{"NOK", "EUR"}, refused: "not in NOK"},
		{name: "a line in euro", changes: []string{`"NOK">420.00`, `"EUR">420.00`}, refused: "not in NOK"},

		// For what.
		{name: "no period", changes: []string{period, ""}, refused: "--month 2026-11, or --from and --to"},
		{name: "a day of delivery", changes: []string{period, "<cac:Delivery><cbc:ActualDeliveryDate>2026-11-30</cbc:ActualDeliveryDate></cac:Delivery>"}, refused: "It was delivered 2026-11-30"},
		{name: "periods of lines", changes: []string{period, "", line1, line1 + period, "<cbc:ID>2</cbc:ID>", "<cbc:ID>2</cbc:ID>" + strings.ReplaceAll(period, "2026-11", "2026-10")},
			want: func(i *Invoice) { i.From = "2026-10-01" }},
		{name: "days with a zone", changes: []string{">2026-12-01<", ">2026-12-01+01:00<", ">2026-11-01<", ">2026-11-01Z<"}},
		{name: "a code for all", changes: []string{"<cbc:BuyerReference>", "<cbc:AccountingCost>4711</cbc:AccountingCost><cbc:BuyerReference>"},
			want: func(i *Invoice) { i.Lines[1].Konteringskode, i.Lines[2].Konteringskode = "4711", "4711" }},
		{name: "no code", changes: []string{">0100<", ">4025:123:4343<"}, refused: `invoice line 1: AccountingCost is no konteringskode, which is at most 20 letters, digits and - _ . without spaces. If the vendor writes something else there, set code_from = "none"`},
		{name: "unknown item", changes: []string{">P<", ">X9<", ">Trykk<", ">Trykk og konvolutt<"}, refused: `the item "X9" is not in`},
		{name: "item known by its name", changes: []string{">Q<", ">977<", ">Porto<", ">Q<"}},

		// Numbers as XML has them.
		{name: "plus, zeros and bare points", changes: []string{">20.00<", ">+20.<", ">420.00<", ">0420<", ">4.20<", ">4.2000<", ">600.00<", ">600.0000<"}},
		{name: "many decimals of a quantity", changes: []string{">100<", ">100.000000000000<"}},
		{name: "a third of something", changes: []string{"<cbc:InvoicedQuantity>100</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID=\"NOK\">420.00", "<cbc:InvoicedQuantity>0.333333333333</cbc:InvoicedQuantity><cbc:LineExtensionAmount currencyID=\"NOK\">420.00", ">4.20<", ">1260.00<"},
			want: func(i *Invoice) { i.Lines[0].Quantity = 3333 }},
		{name: "allowance 0", changes: []string{">false<", ">0<"}},
		{name: "charge 1", changes: []string{">false<", ">1<", ">1000.00<", ">1040.00<", ">250.00<", ">260.00<", ">1250.00<", ">1300.00<", "AllowanceTotalAmount", "ChargeTotalAmount"},
			want: func(i *Invoice) { i.Lines[2].Net, i.Net, i.VAT, i.Gross = 2000, 104_000, 26_000, 130_000 }},
		{name: "neither charge nor allowance", changes: []string{">false<", ">nei<"}, refused: "a charge or an allowance"},
		{name: "comma", changes: []string{">420.00<", ">420,00<"}, refused: "is no number such as"},
		{name: "exponent", changes: []string{">420.00<", ">4.2E2<"}, refused: "is no number such as"},
		{name: "half an øre", changes: []string{">420.00<", ">420.005<"}, refused: "at most two decimals"},
		{name: "empty amount", changes: []string{">420.00<", "><"}, refused: "the amount is empty"},
		{name: "a line without amount", changes: []string{`<cbc:LineExtensionAmount currencyID="NOK">420.00</cbc:LineExtensionAmount>`, ""}, refused: "invoice line 1 has no amount"},

		// What is to be paid.
		{name: "no amounts", changes: []string{`<cbc:TaxExclusiveAmount currencyID="NOK">1000.00</cbc:TaxExclusiveAmount>`, "", payable, ""}, refused: "PayableAmount: the invoice has no such amount"},
		{name: "something else to pay", changes: []string{payable, `<cbc:PayableAmount currencyID="NOK">9999.00</cbc:PayableAmount>`}, refused: "asks for kr 9 999,00, and kr 1 250,00 with VAT"},
		{name: "an øre to pay", changes: []string{payable, `<cbc:PayableAmount currencyID="NOK">1250.01</cbc:PayableAmount>`}, note: "asks for kr 1 250,01, and its sums make kr 1 250,00"},
		{name: "some is paid", changes: []string{payable, `<cbc:PrepaidAmount currencyID="NOK">1000.00</cbc:PrepaidAmount><cbc:PayableAmount currencyID="NOK">250.00</cbc:PayableAmount>`}, note: "kr 1 000,00 of it is paid already; all of it is the cost"},
		{name: "rounded", changes: []string{payable, `<cbc:PayableRoundingAmount currencyID="NOK">-0.40</cbc:PayableRoundingAmount><cbc:PayableAmount currencyID="NOK">1249.60</cbc:PayableAmount>`},
			want: func(i *Invoice) {
				i.Net, i.Gross = i.Net-40, i.Gross-40
				i.Lines = append(i.Lines, Line{Kind: ledger.KindRounding, Quantity: money.DecimalFromInt(1), Net: -40})
			}},
		{name: "rounded before VAT is added, as in EHF 2", changes: []string{">1250.00<", ">1249.60<", payable[:20], `<cbc:PayableRoundingAmount currencyID="NOK">-0.40</cbc:PayableRoundingAmount>` + payable[:20]},
			want: func(i *Invoice) {
				i.Net, i.Gross = i.Net-40, i.Gross-40
				i.Lines = append(i.Lines, Line{Kind: ledger.KindRounding, Quantity: money.DecimalFromInt(1), Net: -40})
			}},
		{name: "rounded and not said", changes: []string{payable, `<cbc:PayableAmount currencyID="NOK">1249.60</cbc:PayableAmount>`}, refused: "asks for kr 1 249,60"},
		{name: "lines that add up to another sum", changes: []string{">600.00<", ">601.00<", ">1000.00</cbc:TaxableAmount>", ">1001.00</cbc:TaxableAmount>", ">60.00<", ">60.10<"}, refused: "the lines add up to kr 1 001,00 net, and the invoice says kr 1 000,00"},
		{name: "gross that is not net and VAT", changes: []string{">1250.00<", ">1251.00<"}, refused: "are not kr 1 251,00"},

		// What only does not agree.
		{name: "another sum of lines", changes: []string{">1020.00<", ">1021.00<"}, note: "LineExtensionAmount says kr 1 021,00, and what it is the sum of is kr 1 020,00"},
		{name: "another sum of allowances", changes: []string{`>20.00</cbc:AllowanceTotalAmount>`, `>25.00</cbc:AllowanceTotalAmount>`}, note: "AllowanceTotalAmount says kr 25,00, and what it is the sum of is kr 20,00"},
		{name: "price and quantity", changes: []string{">4.20<", ">4.30<"}, note: "invoice line 1: quantity and price make kr 430,00, and the line says kr 420,00"},
		{name: "price, quantity and allowance", changes: []string{">4.20<", ">4.30<", line1, line1 + "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator><cbc:Amount>10.00</cbc:Amount></cac:AllowanceCharge>"}},

		// VAT.
		{name: "VAT some øre off", changes: []string{">250.00<", ">250.05<", ">1250.00<", ">1250.05<"}, note: "the VAT of the lines is kr 250,00, and the invoice says kr 250,05; the difference is booked as AVRUNDING",
			want: func(i *Invoice) { i.VAT, i.Gross = 25_005, 125_005 }},
		{name: "VAT a krone off", changes: []string{">250.00<", ">251.00<", ">1250.00<", ">1251.00<"}, refused: "the VAT of the lines is kr 250,00, and the invoice says kr 251,00"},
		{name: "VAT that is not that of its rates", changes: []string{`<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">250.00`, `<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">249.00`}, refused: "the VAT of the rates adds up to kr 250,00, and the invoice says kr 249,00"},
		{name: "VAT some øre off that of its rates", changes: []string{`<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">250.00`, `<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">250.05`, ">1250.00<", ">1250.05<"}, note: "the VAT of the rates adds up to kr 250,00, and the invoice says kr 250,05",
			want: func(i *Invoice) { i.VAT, i.Gross = 25_005, 125_005 }},
		{name: "VAT of a rate that is not that of its amount", changes: []string{`<cbc:TaxableAmount currencyID="NOK">1000.00`, `<cbc:TaxableAmount currencyID="NOK">1100.00`}, note: "25 % of kr 1 100,00 is kr 275,00 of VAT, and the invoice says kr 250,00"},
		{name: "taxed otherwise than the lines", changes: []string{">1000.00</cbc:TaxableAmount>", ">1001.50</cbc:TaxableAmount>"}, note: "to be taxed at 25 % is kr 1,50 more"},
		{name: "taxed at a rate of no line", changes: []string{"<cbc:TaxAmount currencyID=\"NOK\">250.00</cbc:TaxAmount><cac:TaxCategory><cbc:Percent>25<", "<cbc:TaxAmount currencyID=\"NOK\">250.00</cbc:TaxAmount><cac:TaxCategory><cbc:Percent>15<"}, note: "at 25 % is kr -1 000,00 more"},
		{name: "VAT twice", changes: []string{"<cac:LegalMonetaryTotal>", `<cac:TaxTotal><cbc:TaxAmount currencyID="NOK">250.00</cbc:TaxAmount></cac:TaxTotal><cac:LegalMonetaryTotal>`}, refused: "stands 2 times in NOK"},
		{name: "VAT in another currency too", changes: []string{"<cac:LegalMonetaryTotal>", `<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">245.10</cbc:TaxAmount></cac:TaxTotal><cac:LegalMonetaryTotal>`}},
	} {
		got, problems := Parse([]byte(c.data(t)), ehfFormat(), civil.Period{})
		if c.refused != "" {
			if !slices.ContainsFunc(problems, func(p reading.Problem) bool {
				return strings.Contains(strings.ReplaceAll(p.String(), "\u00a0", " "), c.refused)
			}) {
				t.Errorf("%s: %v, want %q", c.name, problems, c.refused)
			}
			continue
		}
		want := readAs()
		if c.want != nil {
			c.want(&want)
		}
		notes := strings.ReplaceAll(strings.Join(got.Notes, "\n"), "\u00a0", " ")
		if c.note == "" && notes != "" || !strings.Contains(notes, c.note) {
			t.Errorf("%s: the notes are %q, want %q", c.name, notes, c.note)
		}
		got.Notes = nil
		if len(problems) > 0 || !cmp.Equal(got, want) {
			t.Errorf("%s: %v\n%s", c.name, problems, cmp.Diff(want, got))
		}
	}
}

// A period that is given goes before the file's, and is said.
func TestEHFGivenPeriod(t *testing.T) {
	t.Parallel()
	october := civil.Period{From: "2026-10-01", To: "2026-11-01"}
	got, problems := Parse([]byte(ehfInvoice), ehfFormat(), october)
	if len(problems) > 0 || got.From != october.From || got.To != october.To || len(got.Notes) != 1 || !strings.Contains(got.Notes[0], "2026-11; it is taken for 2026-10") {
		t.Errorf("%v, %+v", problems, got)
	}
	without := strings.Replace(ehfInvoice, "InvoicePeriod>", "Other>", 2)
	got, problems = Parse([]byte(without), ehfFormat(), october)
	if len(problems) > 0 || got.From != october.From || len(got.Notes) != 0 {
		t.Errorf("%v, %+v", problems, got)
	}
	if _, problems = Parse([]byte(ehfInvoice), ehfFormat(), civil.Period{From: "2026-11-01", To: "2026-11-01"}); len(problems) == 0 {
		t.Error("a period without days was taken")
	}
}

// The same invoice in UTF-16, with and without its byte order mark, and in UTF-8 with one.
func TestEHFEncodings(t *testing.T) {
	t.Parallel()
	of := func(order binary.AppendByteOrder, bom bool) []byte {
		var out []byte
		if bom {
			out = order.AppendUint16(out, 0xfeff)
		}
		for _, u := range utf16.Encode([]rune(strings.Replace(ehfInvoice, "UTF-8", "UTF-16", 1))) {
			out = order.AppendUint16(out, u)
		}
		return out
	}
	for name, data := range map[string][]byte{
		"UTF-16LE": of(binary.LittleEndian, true), "UTF-16BE": of(binary.BigEndian, true), "UTF-16LE, no mark": of(binary.LittleEndian, false),
		"UTF-16BE, no mark": of(binary.BigEndian, false), "UTF-8 with a mark": []byte("\xef\xbb\xbf" + ehfInvoice),
		"ISO 8859-1": []byte(strings.Replace(strings.Replace(ehfInvoice, "UTF-8", "ISO-8859-1", 1), "æ", "\xe6", 1)),
	} {
		if got, problems := Parse(data, ehfFormat(), civil.Period{}); len(problems) > 0 || !cmp.Equal(got, readAs()) {
			t.Errorf("%s: %v\n%s", name, problems, cmp.Diff(readAs(), got))
		}
	}
}

// What is taken adds up: whatever stands in the place of an amount, either the invoice is refused, or lines, VAT, sums and what is to
// be paid agree.
func TestEHFAmounts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := ehfInvoice
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			was := rapid.SampledFrom([]string{">20.00<", ">250.00<", ">1000.00<", ">1020.00<", ">1250.00<", ">420.00<", ">600.00<", ">4.20<", ">60.00<"}).Draw(t, "was")
			now := fmt.Sprintf(">%d.%02d<", rapid.IntRange(-1, 1300).Draw(t, "kroner"), rapid.IntRange(0, 99).Draw(t, "øre"))
			data = strings.Replace(data, was, now, rapid.IntRange(1, 3).Draw(t, "times"))
		}
		inv, problems := Parse([]byte(data), ehfFormat(), civil.Period{})
		if len(problems) > 0 {
			return
		}
		var net money.Ore
		for _, l := range inv.Lines {
			net += l.Net
		}
		paid, _, _ := strings.Cut(data[strings.Index(data, `<cbc:PayableAmount currencyID="NOK">`)+len(`<cbc:PayableAmount currencyID="NOK">`):], "<")
		payable, err := money.ParseAmount(paid, ".")
		if err != nil || net != inv.Net || inv.Gross != inv.Net+inv.VAT || away(payable, inv.Gross) > 1 {
			t.Fatalf("kr %s of lines, %+v, asks for %s, %v", net, inv, paid, err)
		}
	})
}
