package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/figures"
)

func (b *book) monthTable() long {
	return long{
		title: "Per måned",
		note:  "Forsendelser etter måneden de ble mottatt. Brev og kostnader etter måneden de er bokført i.",
		cols: []column{
			{"Måned", kindText, 21}, {"Mottatt", kindInt, 9}, {"Avvist", kindInt, 8}, {"Digitalt", kindInt, 9}, {"Papir", kindInt, 8}, {"Øvrige", kindInt, 8},
			{"Brev", kindInt, 8}, {"Sider s/hv", kindInt, 9}, {"Sider farge", kindInt, 9}, {"Ark", kindInt, 8}, {"Produksjon kr", kindMoney, 13},
			{"Porto kr", kindMoney, 13}, {"Andre kr", kindMoney, 11}, {"Netto kr", kindMoney, 13}, {"Mva. kr", kindMoney, 12}, {"Brutto kr", kindMoney, 13},
			{"Netto per brev kr", kindMoney, 10},
		},
		sums: []int{2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, frozenCols: 1, empty: "Ingen måneder.",
		rows: few(b.report.PerMonth, func(_ int, m figures.MonthRow) []cell {
			cells := values(m.Month)
			return append(cells, b.figures(m.Counters, m.Volume, m.Money)...)
		}),
	}
}

// codeMonthsFirst is the column of the first month in Kode per måned.
const codeMonthsFirst = 3

// codeMonthTable is a cross table: a row for each konteringskode, a column for each month.
func (b *book) codeMonthTable() long {
	t := long{
		title: "Netto per konteringskode og måned", note: "Netto kr etter måneden kostnaden er bokført i.",
		cols: []column{{"Konteringskode", kindText, 18}, {"Kode nr.", kindInt, 7}}, frozenCols: 2, empty: "Ingen forsendelser eller kostnader i perioden.",
		pagesWide: 1 + (len(b.report.PerMonth)-1)/12,
	}
	for i, m := range b.report.PerMonth {
		t.cols = append(t.cols, column{m.Month, kindMoney, 12})
		t.sums = append(t.sums, codeMonthsFirst+i)
	}
	last := codeMonthsFirst + len(b.report.PerMonth)
	t.cols, t.sums = append(t.cols, column{"Sum kr", kindMoney, 13}), append(t.sums, last)
	t.rows = few(b.report.PerKonteringskode, func(i int, c figures.CodeRow) []cell {
		cells, row := values(c.Code, c.Number), firstRow+i
		for k, net := range c.Months {
			day := civil.Date(b.report.PerMonth[k].Month + "-01").UTC()
			from := fmt.Sprintf("DATE(%d,%d,1)", day.Year(), day.Month())
			cells = append(cells, cell{value: net, formula: rounded(b.costs.sum(costNet, criterion{costNumber, fmt.Sprintf("$B%d", row)},
				criterion{costDay, `">="&` + from}, criterion{costDay, `"<"&EDATE(` + from + ",1)"}))})
		}
		return append(cells, cell{value: c.Money.Net, formula: rounded("SUM(" + cellName(codeMonthsFirst, row) + ":" + cellName(last-1, row) + ")")})
	})
	return t
}

// figures are the columns that Per måned and Per avsender og kanal have in common.
func (b *book) figures(c figures.Counters, v figures.Volume, m figures.Money) []cell {
	cells := values(c.Received, c.Refused, c.Digital(), c.Paper(), c.Received-c.Refused-c.Digital()-c.Paper(), m.Letters, v.PagesBW, v.PagesColour, v.Sheets,
		m.Production, m.Postage, m.Other, m.Net, m.VAT, m.Gross, m.Per())
	if m.Letters == 0 {
		cells[len(cells)-1].value = nil
	}
	return cells
}

// The column of the net in Per måned, and in Per avsender og kanal.
const (
	monthNet  = 14
	senderNet = 15
)

func (b *book) senderTable() long {
	months := b.monthTable()
	cols := append([]column{{"Avsender", kindText, 24}, {"Kanal", kindText, 12}}, months.cols[1:]...)
	sums := make([]int, len(months.sums))
	for i, col := range months.sums {
		sums[i] = col + 1
	}
	return long{
		title: "Per avsender og kanal",
		note:  "Forsendelser mottatt i perioden etter kanalen de gikk i. Kostnader står på PRINT; beløp fra faktura som ikke gjelder ett brev, står uten kanal.",
		cols:  cols, sums: sums, frozenCols: 2, empty: "Ingen forsendelser i perioden.",
		rows: few(b.report.PerSender, func(_ int, s figures.SenderRow) []cell {
			account, channel := s.Account, s.Channel
			if account == "" {
				account = "(ingen)"
			}
			if channel == "" {
				channel = "(ingen)"
			}
			return append(values(account, channel), b.figures(s.Counters, s.Volume, s.Money)...)
		}),
	}
}

// Columns of Kvittering mot faktura that formulas refer to.
const (
	invoiceReceipts  = 7
	invoiceAllocated = 9
	invoiceLeft      = 10
	invoiceExpected  = 11
	invoiceBooked    = 12
	invoiceNote      = 13
)

func (b *book) invoiceTable() long {
	return long{
		title: "Kvittering mot faktura",
		note:  "Fakturaer for brev postlagt i perioden de gjelder, mot kvitteringene for de samme brevene. Netto kr. Rest er det som er fakturert og ikke bokført.",
		cols: []column{
			{"Leverandør", kindText, 18}, {"Faktura", kindText, 16}, {"Gjelder", kindText, 22}, {"Art", kindText, 13}, {"Konteringskode", kindText, 16},
			{"Fakturert", kindMoney, 13}, {"Kvittert", kindMoney, 13}, {"Forskjell", kindMoney, 12}, {"Fordelt", kindMoney, 12}, {"Rest", kindMoney, 12},
			{"Etter prislisten", kindMoney, 12}, {"Bokført", kindText, 9}, {"Merknad", kindText, 16},
		},
		sums: []int{6, 7, 8, 9, 10}, frozenCols: 2, empty: cmp.Or(b.onlyNote("Fakturaer gjelder alle avsendere til sammen, og står bare i rapporten for alle."), "Ingen fakturaer for perioden."),
		rows: few(b.report.Invoices, func(_ int, r figures.InvoiceRow) []cell {
			code, note := "alle", ""
			switch {
			case r.ByCode:
				code = cmp.Or(r.Konteringskode, codes.Missing)
			case r.Others:
				code = "uten egen kode"
			}
			difference := r.Invoiced - r.Receipts
			switch {
			case r.NotInvoiced:
				difference, note = 0, "Ikke fakturert"
			case r.Left() != 0 && r.Booked:
				note = "Endret etter bokføring"
			case r.Left() != 0:
				note = "Ikke bokført"
			case r.Expected != nil && *r.Expected != r.Invoiced:
				note = "Ikke som prislisten"
			}
			cells := values(r.Vendor, r.Numbers, civil.PeriodText(r.From, r.To), kindName(r.Kind), code, r.Invoiced, r.Receipts, difference, r.Allocated, r.Left(),
				nil, yesNo(r.Booked), note)
			if r.Expected != nil {
				cells[invoiceExpected-1].value = *r.Expected
			}
			return cells
		}),
	}
}

func (b *book) invoices() error {
	rows := len(b.report.Invoices)
	if err := b.table(sheetInvoices, b.invoiceTable()); err != nil {
		return err
	}
	ref := cellName(invoiceLeft, firstRow) + ":" + cellName(invoiceLeft, max(firstRow, firstRow+rows-1))
	bad := b.style.bad
	if err := b.file.SetConditionalFormat(sheetInvoices, ref, []excelize.ConditionalFormatOptions{{Type: "cell", Criteria: "!=", Value: "0", Format: &bad}}); err != nil {
		return fmt.Errorf("mark what is left of invoices: %w", err)
	}
	return nil
}

func (b *book) accrualTable() long {
	return long{
		title: "Periodisering",
		note: "Kvitteringer for brev postlagt før " + b.report.To.Norwegian() + " som ingen faktura er lagt inn for (eldre enn to år er ikke med). Beløpene skal avsettes når regnskapet lukkes." +
			b.onlyNote(" Bare avsenderne i rapporten."),
		cols: []column{
			{"Leverandør", kindText, 20}, {"Postlagt", kindText, 24}, {"Art", kindText, 13}, {"Brev", kindInt, 9}, {"Netto kr", kindMoney, 13}, {"Mva. kr", kindMoney, 12}, {"Brutto kr", kindMoney, 13},
		},
		sums: []int{5, 6, 7}, frozenCols: 1, empty: "Ingen: det er lagt inn faktura for alle kvitteringer.",
		rows: few(b.report.Accruals, func(_ int, r figures.AccrualRow) []cell {
			posted := civil.PeriodText(r.From, r.To)
			if r.Carried {
				posted = "før " + r.To.Norwegian() + ", ført til senere faktura"
			}
			return values(r.Vendor, posted, kindName(r.Kind), r.Letters, r.Net, r.VAT, r.Net+r.VAT)
		}),
	}
}

func (b *book) priceTable() long {
	return long{
		title: "Prisliste",
		note:  "Priser som gjelder minst én dag i perioden, uten mva., slik de er satt opp. Ventet kostnad og avvik i pris regnes etter dem.",
		cols: []column{
			{"Leverandør", kindText, 20}, {"Pris for", kindText, 34}, {"Konto", kindText, 14}, {"Pris kr", kindNumber, 12}, {"Gjelder fra", kindDay, 13}, {"Gjelder til", kindDay, 13},
			{"Kilde", kindText, 44},
		},
		frozenCols: 2, empty: "Ingen prisliste er satt opp.",
		rows: few(b.report.Prices, func(_ int, p figures.VendorPrice) []cell {
			account := p.Account
			if account == "" {
				account = "alle"
			}
			cells := values(p.Vendor, p.Name(), account, p.Unit(), p.ValidFrom, nil, p.Source)
			if p.ValidTo != "" {
				cells[5].value = p.ValidTo.AddDays(-1)
			}
			return cells
		}),
	}
}

func (b *book) budgetTable() long {
	return long{
		title: "Budsjett",
		note: "Netto bokført fra 1. januar til og med " + b.report.To.AddDays(-1).Norwegian() +
			" mot budsjettet for året. Prognosen er samme takt resten av året som siden første måned med tall. Kostnad på en kode som er erstattet, telles på den nye.",
		cols: []column{
			{"Konteringskode", kindText, 18}, {"Navn", kindText, 26}, {"Ansvar", kindText, 9}, {"Funksjon", kindText, 9}, {"Art", kindText, 8}, {"Prosjekt", kindText, 9},
			{"Budsjett kr", kindMoney, 13}, {"Hittil i år kr", kindMoney, 13}, {"Igjen kr", kindMoney, 13}, {"Brukt", kindPercent, 8}, {"Prognose kr", kindMoney, 13},
			{"Prognose mot budsjett kr", kindMoney, 13}, {"Merknad", kindText, 30},
		},
		sums: []int{7, 8, 9, 11, 12}, frozenCols: 2, empty: "Det er ikke lagt inn noe register over konteringskoder (postgang codes import).",
		rows: few(b.report.Budgets, func(i int, c codes.BudgetRow) []cell {
			// Without a budget the whole is more than it, so that the columns foot.
			cells := values(c.Code, c.Name, c.Ansvar, c.Funksjon, c.Art, c.Prosjekt, nil, c.Spent, c.Left(), nil, c.Forecast, c.Forecast-c.Budget, c.Note)
			at := firstRow + i
			cells[8].formula = rounded(cellName(7, at) + "-" + cellName(8, at))
			cells[11].formula = rounded(cellName(11, at) + "-" + cellName(7, at))
			if c.HasBudget {
				cells[6].value, cells[9].value = c.Budget, ratio(c.Spent, c.Budget)
			} else if c.Note == "" {
				cells[12].value = "uten budsjett"
			}
			return cells
		}),
	}
}

// Columns of Kost-nytte per kode that formulas refer to.
const (
	benefitsGroup  = 1
	benefitsNet    = 5
	benefitsSaving = 8
)

func (b *book) benefitRowTable() long {
	sheet := quoteSheet(sheetBenefit) + "!"
	when := func(formula string) string { return "IF(" + inputsFilled(sheet) + "," + formula + `,"")` }
	return long{
		title: "Kost/nytte per konteringskode og avsender",
		note:  "Det som virkelig ble sendt i perioden, med kostnaden per forsendelse i tabell A (perioden) på Kost-nytte. Året er samme takt i 365 dager.",
		cols: []column{
			{"Gruppe", kindText, 16}, {"Navn", kindText, 24}, {"Papir", kindInt, 9}, {"Digitalt", kindInt, 9}, {"Netto kr", kindMoney, 13},
			{"Uten SvarUt kr", kindMoney, 14}, {"Med SvarUt kr", kindMoney, 14}, {"Besparelse kr", kindMoney, 14}, {"Besparelse per år kr", kindMoney, 14},
		},
		frozenCols: 2, empty: "Ingenting ble sendt i perioden.",
		rows: few(b.report.Benefits, func(i int, r figures.BenefitRow) []cell {
			row := firstRow + i
			cells := values(r.Group, r.Name, r.Paper, r.Digital, r.Net, r.Without, r.With, r.Saving(), r.Year)
			if b.report.Benefit == nil {
				for c := range cells[5:] {
					cells[5+c].value = ""
				}
			}
			paper, dig, net := cellName(3, row), cellName(4, row), cellName(5, row)
			cells[5].formula = when(rounded(fmt.Sprintf("(%s+%s)*%s", paper, dig, sheet+unitWithout())))
			cells[6].formula = when(rounded(fmt.Sprintf("%s*%s+%s+%s*%s", paper, sheet+unitWage(), net, dig, unitDigital(sheet))))
			cells[7].formula = when(rounded(cellName(6, row) + "-" + cellName(7, row)))
			cells[8].formula = when(rounded(fmt.Sprintf("%s*365/%d", cellName(8, row), b.days())))
			return cells
		}),
	}
}

// days is how many days the period has.
func (b *book) days() int {
	return int(b.report.To.UTC().Sub(b.report.From.UTC()) / (24 * time.Hour))
}

func (b *book) adviceTable() long {
	return long{
		title: "Råd",
		note:  "Hvor mye mindre brevene som ble postlagt i perioden, ville ha kostet, regnet brev for brev etter prislisten. Råd for samme brev kan ikke legges sammen. Se Definisjoner.",
		cols: []column{
			{"Råd", kindText, 27}, {"Avsender", kindText, 24}, {"Konteringskode", kindText, 16}, {"Brev", kindInt, 8}, {"Færre ark", kindInt, 9},
			{"Spart netto kr", kindMoney, 12},
		},
		frozenCols: 1, empty: "Ingen råd. Uten prisliste kan de ikke regnes ut.",
		rows: few(b.report.Advice, func(_ int, a figures.AdviceRow) []cell {
			name, _ := a.Kind.Norwegian()
			code := a.Konteringskode
			switch {
			case a.AllCodes:
				code = "alle"
			case code == "":
				code = codes.Missing
			}
			return values(name, a.Account, code, a.Letters, a.Sheets, a.Net)
		}),
	}
}

func (b *book) wasteTable() long {
	return long{
		title: "Spart og tapt",
		note:  "Brev som ikke kom på papir, og papir som ble brukt til liten nytte. Et anslag er antallet ganger netto per brev i perioden; uten brev i perioden er det ukjent.",
		cols: []column{
			{"Forhold", kindText, 27}, {"Virkning", kindText, 10}, {"Brev", kindInt, 9}, {"Netto kr", kindMoney, 13}, {"Beløpet er", kindText, 12}, {"Hva det er", kindText, 110},
		},
		frozenCols: 1,
		rows: few(b.report.Waste, func(_ int, w figures.WasteRow) []cell {
			name, what := w.Kind.Norwegian()
			effect, amount := "Tapt", "bokført"
			if w.Saved {
				effect = "Spart"
			}
			if w.Estimated {
				amount = "anslag"
			}
			cells := values(name, effect, w.Letters, w.Net, amount, what)
			if w.Unknown {
				cells[3].value, cells[4].value = nil, "ukjent"
			}
			switch w.Kind {
			case figures.SavedRead:
				cells[2].formula = b.outcomeCount("", figures.OutcomeRead)
			case figures.SavedDelivered:
				cells[2].formula = b.outcomeCount("", figures.OutcomeDelivered)
			default: // not counted by an outcome
			}
			return cells
		}),
	}
}

// definitions explain the words of the workbook to who did not make it.
var definitions = [][2]string{
	{"Mottatt", "Forsendelser som er levert inn i perioden, etter dagen i Oslo. Alle de andre antallene er en del av dette."},
	{"Avvist", "Forsendelser som ikke ble tatt imot, med årsak i Rådata. De koster ikke noe."},
	{"Lest digitalt i tide", "Status LEST: mottakeren åpnet forsendelsen før fristen, og den kom aldri på papir. Samme antall på Sammendrag og Spart og tapt."},
	{"Digitalt", "Lest digitalt i tide, eller levert i digital postkasse. De kommer aldri på papir."},
	{"Andel digitalt", "Digitalt delt på digitalt og papir, av forsendelsene mottatt i perioden. Tomt når det ikke er noen."},
	{"Papir", "Sendt til utskrift eller postlagt. En forsendelse som ble lest etter postlegging, er fortsatt papir."},
	{"Øvrige", "Venter, bare digitale som ikke ble lest, håndtert manuelt, og annet."},
	{"Brev", "Brev som er postlagt og kvittert, talt i perioden de er bokført i. Et brev telles én gang; et omtrykk koster, men telles ikke. En reversert kvittering trekker fra."},
	{"Bokført dag", "Dagen som avgjør perioden: da brevet ble postlagt, eller da beløpet ble bokført når måneden var lukket eller datoen i kvitteringen ikke kan stemme. Derfor kan et brev postlagt i en lukket måned stå i måneden etter."},
	{"Sider og ark", "Det vi sendte til utskrift, etter jobbens manifest og ikke etter kvitteringen. Omtrykk og kontrollark er ikke med i antallet, men koster: sider og ark ganger pris er derfor ikke alltid beløpet."},
	{"Produksjon", "Startpris, ekstra ark, sider og giroark, slik leverandøren kvitterer for dem."},
	{"Porto", "Porto slik leverandøren kvitterer for den, uten mva. Den kan være et gjennomsnitt."},
	{"Andre", "Beløp fra faktura som ikke gjelder ett brev, fordelt på konteringskodene: kontrollark, minstepris, gebyr, avrunding."},
	{"Netto, mva., brutto", "Netto er uten mva. Mva. regnes linje for linje med én sats for produksjon og én for porto per leverandør, og rundes til hele øre. Post til utlandet kan være uten mva. (merverdiavgiftsloven § 6-28); forskjellen kommer da med fakturaen. Brutto er netto og mva. til sammen."},
	{"Avrunding", "Forskjellen på noen øre mellom mva. på fakturaen, som rundes én gang, og i kvitteringene, som rundes linje for linje. Netto er 0,00."},
	{"Netto per brev", "Netto delt på brev, rundet til nærmeste øre, halve bort fra null. Andre kostnader er med."},
	{"Konteringskode", "Koden avsenderen ga. Beløp uten kode står som " + codes.Missing + " og er alltid med. Står det en annen kode i kvitteringen, er det et avvik, og kostnaden flyttes ikke."},
	{"Kanal", "Hvordan forsendelsen gikk: ALTINN, SDP (digital postkasse) eller PRINT (papir)."},
	{"Kvittert", "Det leverandøren har meldt for brevene som ble postlagt i fakturaens periode, uansett hvilken måned det er bokført i."},
	{"Fordelt", "Forskjellen mellom en faktura og kvitteringene, fordelt på konteringskodene etter største brøkdel, slik at summen stemmer med fakturaen på øret. Nøkkelen er det hver kode har av samme art i kvitteringene, eller antall brev når ingen har noe av arten."},
	{"Etter prislisten", "Det leverandøren kan fakturere for kontrollark og minstepris per dag, regnet av jobbene og dagene i perioden. Andre beløp uten brev kjenner prislisten ikke."},
	{"Rest", "Fakturert, men verken bokført fra kvitteringer eller fordelt. Skal være 0,00 når fakturaen er bokført."},
	{"Periodisering", "Kvitteringer for brev som er postlagt i et tidsrom som ingen faktura gjelder for. Kostnaden er bokført hos oss, men ikke fakturert av leverandøren."},
	{"Lukket måned", "Netto, mva. og brutto i måneden endres ikke mer. Kvittering mot faktura, Periodisering, Avvik og status på forsendelsene vises slik de er når rapporten lages."},
	{"Avvik", "Forskjell mellom det vi sendte, kvitteringen, prislisten og fakturaen. Status: åpen, godtatt (blir stående), omtvistet (meldt til leverandøren) eller oppgjort."},
	{"Fordeling av øre", "Største brøkdel: hver del får sin andel rundet ned, og ørene som er igjen, går til de største restene."},
	{"Prognose", "Brukt hittil i år, og resten av året i samme takt som siden første måned i året med tall."},
	{"Besparelse i perioden", "Det forsendelsene i perioden ville ha kostet uten SvarUt, minus det de kostet. Uten SvarUt: antall brev og digitale forsendelser ganger kostnaden per forsendelse i tabell A (perioden). Med SvarUt: netto bokført, lønn per brev på papir, og digital pris. Kostnad per forsendelse rundes til hele øre før den ganges, slik at delene gir summen."},
	{"Målt i perioden", "Produksjon og andre kostnader per brev, porto per brev, andel digitalt, og digital pris etter prislisten. Andre kostnader er med, slik at tabell A og netto stemmer."},
	{"Porto uten SvarUt, perioden", "Porto med prisene i perioden, når den er fylt inn. Ellers samme porto som brevene i perioden hadde: da gir porto ingen besparelse. Portoen i modellen (f.eks. fra 2014) brukes ikke mot dagens kostnader."},
	{"Besparelse per år, modellen", "Forutsetningene alene, med antall forsendelser per år fra dem. Den er uavhengig av perioden."},
	{"Returpost", "Antall brev i retur ganger netto per brev i perioden; et anslag, som er ukjent når perioden ikke har brev."},
	{"Oppgitt, illustrativ, faktisk", "Hvor et tall i kost/nytte kommer fra: fra kommunen eller en kilde, et eksempel som skal byttes ut, eller målt i perioden."},
	{"Postlagt, varslet, lest", "Tidspunkt i Oslo. Varslet er da mottakeren fikk beskjed; frist for å lese er 40 timer på virkedager."},
}

func (b *book) definitionTable() long {
	return long{
		title: "Definisjoner", note: "Hva ordene i denne arbeidsboken betyr.",
		cols: []column{{"Ord", kindText, 28}, {"Betydning", kindWrap, 100}},
		rows: few(allDefinitions(), func(_ int, w [2]string) []cell { return values(w[0], w[1]) }),
	}
}

// allDefinitions are those of the words, and why each kind of advice saves.
func allDefinitions() [][2]string {
	out := slices.Clone(definitions)
	for _, k := range figures.AdviceKinds() {
		name, why := k.Norwegian()
		out = append(out, [2]string{"Råd: " + strings.ToLower(name[:1]) + name[1:], why})
	}
	return out
}
