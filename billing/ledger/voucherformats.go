package ledger

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"postgang/billing/civil"
	"postgang/billing/money"
)

// writeGBAT10 writes lines of 29 fields (docs.milientsoftware.com, "Format AR10"; Tripletex imports the same): GBAT10, number,
// date, type, period, year, account, VAT code, net, customer, supplier, name, address, postcode, city, invoice, KID, due date, –,
// bank account, text in the ledger, text in the supplier ledger, interest, project, department, terms of payment, whether the
// gross amount counts, gross amount, X.
func writeGBAT10(w io.Writer, v Voucher, p VoucherProfile) error {
	out := bufio.NewWriter(w)
	day := compact(v.Date)
	dims := p.Dimensions
	if len(dims) == 0 {
		dims = []string{"prosjekt", "ansvar"}
	}
	for _, l := range v.Lines {
		f := make([]string, 29)
		gross := "F"
		if l.VAT != 0 {
			gross = "T" // the system posts VAT out of the gross amount by its code
		}
		copy(f, []string{"GBAT10", v.Number, day, cmp.Or(p.VoucherType, "9"), fmt.Sprint(int(v.Date.UTC().Month())), day[:4], l.AccountNo, l.VATCode, l.Net.Plain("."), "0", cmp.Or(l.Supplier, "0")})
		if l.VATCode == "" {
			f[7] = cmp.Or(p.NoVATCode, "0")
		}
		if l.VAT == 0 {
			f[8] = l.Amount.Plain(".")
		}
		if l.Supplier != "" {
			f[11] = l.Vendor
		}
		f[17], f[20], f[21], f[22], f[23], f[24], f[25] = "0", l.Text, l.Text, "0", "0", "0", "0"
		for i, d := range dims {
			f[23+i] = cmp.Or(l.dimension(d), "0")
		}
		f[26], f[27], f[28] = gross, l.Amount.Plain("."), "X"
		for i := range f {
			f[i] = strings.Map(func(r rune) rune {
				if r == ';' || r < ' ' {
					return ' '
				}
				return r
			}, f[i])
		}
		fmt.Fprint(out, strings.Join(f, ";"), "\r\n")
	}
	return out.Flush()
}

// writeUnit4 writes the fixed-width lines of GL07: 66 fields, the layout that the rental module of Aktiv kommune (Bergen kommune)
// writes. Amounts are øre.
func writeUnit4(w io.Writer, v Voucher, p VoucherProfile) error {
	out := bufio.NewWriter(w)
	dims := p.Dimensions
	if len(dims) == 0 {
		dims = []string{"ansvar", "funksjon", "", "", "prosjekt"}
	}
	day := compact(v.Date)
	for _, l := range v.Lines {
		var b strings.Builder
		text := func(s string, n int) {
			s = strings.Map(func(r rune) rune {
				if r < ' ' {
					return ' '
				}
				return r
			}, s)
			if runes := []rune(s); len(runes) > n {
				s = string(runes[:n])
			}
			b.WriteString(s + strings.Repeat(" ", n-utf8.RuneCountInString(s)))
		}
		zeros := func(n int) { b.WriteString(strings.Repeat("0", n)) }
		amount := func(o money.Ore) {
			if o < 0 {
				fmt.Fprintf(&b, "-%019d", uint64(-o))
				return
			}
			fmt.Fprintf(&b, "%020d", uint64(o))
		}
		text("PG"+v.Number, 25)                // batch_id
		text(cmp.Or(p.Interface, "BI"), 25)    // interface
		text(cmp.Or(p.VoucherType, "HL"), 25)  // voucher_type
		text("GL", 2)                          // trans_type
		text(p.Client, 25)                     // client
		text(strings.ToUpper(l.AccountNo), 25) // account
		for i := range 7 {                     // dim_1 to dim_7
			d := ""
			if i < len(dims) {
				d = l.dimension(dims[i])
			}
			text(strings.ToUpper(d), 25)
		}
		text(l.VATCode, 25) // tax_code
		text("", 25)        // tax_system
		text("NOK", 25)     // currency
		zeros(2)            // dc_flag: the sign of the amount tells
		amount(l.Amount)    // cur_amount
		amount(l.Amount)    // amount
		zeros(11 + 3*20)    // number_1, value_1 to value_3
		text(l.Text, 255)   // description
		text("", 8)         // trans_date
		b.WriteString(day)  // voucher_date
		fmt.Fprintf(&b, "%015s", v.Number)
		b.WriteString(day[:6])                       // period
		text("", 1+100+255+8+8+20+25+15+27+2+1+1+25) // fields 29 to 41
		zeros(1 + 15 + 9)                            // 42 to 44
		text("", 3*25+255+160+40+40+35+2+25+15+3+25) // 45 to 57
		zeros(20 + 20)                               // 58, 59
		text("", 4)                                  // 60
		zeros(3 + 2)                                 // 61, 62
		text("", 13+11)                              // 63, 64
		zeros(15)                                    // 65
		text("", 2)                                  // 66
		fmt.Fprint(out, b.String(), "\r\n")
	}
	return out.Flush()
}

// writeVisma writes an import file of Visma Business (doc.visma.net, "Importing batches"): a batch with its date, and its voucher
// lines, debit or credit, amounts above zero. Account class 3 is the ledger, 2 a supplier.
func writeVisma(w io.Writer, v Voucher, p VoucherProfile) error {
	out := bufio.NewWriter(w)
	day := compact(v.Date)
	dims := ""
	for i := range p.Dimensions {
		dims += fmt.Sprintf(",R%d", i+1)
	}
	fmt.Fprintf(out, "@IMPORT_METHOD(3)\r\n@WaBnd(ValDt)\r\n%s\r\n@WaVo(VoNo,VoDt,VoTp,Txt,DbAcNo,DbTxCd,DbAcCl,CrAcNo,CrTxCd,CrAcCl,AmExVAT,VatAm,Am%s)\r\n", day, dims)
	quote := func(s string) string {
		return `"` + strings.Map(func(r rune) rune {
			if r == '"' || r < ' ' {
				return ' '
			}
			return r
		}, s) + `"`
	}
	for _, l := range v.Lines {
		side := fmt.Sprintf("%s %s 3", l.AccountNo, l.VATCode)
		if l.Supplier != "" {
			side = fmt.Sprintf("%s 0 2", l.Supplier)
		}
		debit, credit, sign := side, "0 0 0", money.Ore(1)
		if l.Amount < 0 {
			debit, credit, sign = "0 0 0", side, -1
		}
		net := l.Amount - l.VAT
		fmt.Fprintf(out, "%s %s %s %s %s %s %s %s %s", v.Number, day, p.VoucherType, quote(l.Text), debit, credit, (sign * net).Plain("."), (sign * l.VAT).Plain("."), (sign * l.Amount).Plain("."))
		for _, d := range p.Dimensions {
			fmt.Fprintf(out, " %s", quote(l.dimension(d)))
		}
		fmt.Fprint(out, "\r\n")
	}
	return out.Flush()
}

// compact is a day without hyphens.
func compact(day civil.Date) string { return strings.ReplaceAll(string(day), "-", "") }
