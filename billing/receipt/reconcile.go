package receipt

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/money"
)

// Sent is what we handed to the vendor for one letter, as the manifest of its job says.
type Sent struct {
	Shipment, Job  string
	Konteringskode string
	PagesBW        int // printed black-and-white pages, the cover's front included, blank backs not
	PagesColour    int // printed colour pages, counted the same way
	Sheets         int // physical sheets, cover included
	WeightGram     int // computed weight with envelope
}

// Tolerances says how far a receipt may differ from what was sent before it is a deviation. A value
// is within tolerance when it is within the share or within the absolute amount.
type Tolerances struct {
	WeightPercent int       `toml:"weight_percent"` // per cent of the computed weight
	WeightGram    int       `toml:"weight_gram"`    // gram
	Pages         int       `toml:"pages"`          // pages, for total and for each colour
	Sheets        int       `toml:"sheets"`         // sheets
	ProductionOre money.Ore `toml:"production_ore"` // øre per letter against the price list
	PostageOre    money.Ore `toml:"postage_ore"`    // øre per letter against the price list
	InvoiceOre    money.Ore `toml:"invoice_ore"`    // øre of a kind of cost of an invoice against the receipts
	// LetterOre is what a letter may cost in all, where no price list says what it should: 0 is DefaultLetterOre.
	LetterOre money.Ore `toml:"letter_ore"`
}

// DefaultLetterOre is far above the cost of a letter: kr 1 000,00 net.
const DefaultLetterOre money.Ore = 1_000_00

// DefaultTolerances is ±10 % or ±5 g for weight and nothing for the rest.
func DefaultTolerances() Tolerances { return Tolerances{WeightPercent: 10, WeightGram: 5} }

// DeviationKind names what is wrong between us and the vendor.
type DeviationKind string

// Kinds of deviation.
const (
	DeviationPages          DeviationKind = "SIDER"          // number of pages differs
	DeviationColour         DeviationKind = "FARGE"          // pages agree in sum but not in colour
	DeviationSheets         DeviationKind = "ARK"            // number of sheets differs or cannot hold the pages
	DeviationEnvelope       DeviationKind = "KONVOLUTT"      // not exactly one envelope, by machine or by hand
	DeviationWeight         DeviationKind = "VEKT"           // weight outside tolerance
	DeviationKonteringskode DeviationKind = "KONTERINGSKODE" // the cost is put on another code
	DeviationJob            DeviationKind = "JOBB"           // the receipt names another job than the letter's
	DeviationUnknown        DeviationKind = "UKJENT"         // a receipt for a letter we never sent
	DeviationDuplicate      DeviationKind = "DUBLETT"        // the same receipt once more; not booked again
	DeviationMissing        DeviationKind = "MANGLER"        // a letter sent without a receipt
	DeviationConflict       DeviationKind = "KONFLIKT"       // a second, different receipt for a letter; not booked
	DeviationProduction     DeviationKind = "PRODUKSJON"     // production cost differs from the price list
	DeviationPostage        DeviationKind = "PORTO"          // postage differs from the price list
	DeviationInvoice        DeviationKind = "FAKTURA"        // an invoice differs from the receipts
	DeviationPosted         DeviationKind = "POSTDATO"       // posted before the hand-over, or after the receipt came
	DeviationAmount         DeviationKind = "BELOP"          // an amount far above what a letter costs, and no price to hold it against
)

var deviationNames = map[DeviationKind]string{
	DeviationPages:          "Antall sider avviker",
	DeviationColour:         "Fordeling farge og sort/hvitt avviker",
	DeviationSheets:         "Antall ark avviker",
	DeviationEnvelope:       "Konvoluttering avviker",
	DeviationWeight:         "Vekt avviker",
	DeviationKonteringskode: "Konteringskode avviker",
	DeviationJob:            "Kvittert på en annen jobb",
	DeviationUnknown:        "Kvittering for ukjent forsendelse",
	DeviationDuplicate:      "Kvittering mottatt på nytt (ikke bokført igjen)",
	DeviationMissing:        "Kvittering mangler",
	DeviationConflict:       "Ulike kvitteringer for samme forsendelse",
	DeviationProduction:     "Produksjonskostnad avviker fra prislisten",
	DeviationPostage:        "Porto avviker fra prislisten",
	DeviationInvoice:        "Faktura avviker fra kvitteringene",
	DeviationPosted:         "Dato for postlegging kan ikke stemme",
	DeviationAmount:         "Uvanlig høyt beløp for ett brev",
}

// Norwegian gives the words a finance officer reads for the kind.
func (k DeviationKind) Norwegian() string {
	if name, ok := deviationNames[k]; ok {
		return name
	}
	return string(k)
}

// Deviation is one difference between what we sent and what the vendor reports. Expected and Got are
// short Norwegian values with their unit, and hold no personal data.
type Deviation struct {
	Kind          DeviationKind
	Shipment, Job string
	Expected, Got string
	// Amount is the øre (net) at stake: what the vendor charges beyond what we expect, or the whole
	// amount of a receipt that cannot be booked; 0 when the deviation has no amount.
	Amount money.Ore
}

// Reconcile compares the receipt of a letter with what was sent. The rules follow the fields of
// SvarUt's print receipt: exactly one envelope, by machine or by hand; sheets, pages and
// konteringskode equal ours; weight within tolerance; no more pages than the sheets have sides.
func Reconcile(sent Sent, r Row, tol Tolerances) []Deviation {
	var out []Deviation
	add := func(kind DeviationKind, expected, got string) {
		out = append(out, Deviation{Kind: kind, Shipment: r.Shipment, Job: r.Job, Expected: expected, Got: got})
	}
	if sent.Shipment != r.Shipment {
		// Nothing else can be compared: the caller has paired two different letters.
		return []Deviation{Unknown(r)}
	}
	if sent.Job != r.Job {
		add(DeviationJob, sent.Job, r.Job)
	}
	pages, sheets := sent.PagesBW+sent.PagesColour, r.Sheets()
	switch {
	case apart(pages, r.Pages()) > tol.Pages:
		add(DeviationPages, count(pages, "side", "sider"), count(r.Pages(), "side", "sider"))
	case apart(sent.PagesColour, r.PagesColour) > tol.Pages || apart(sent.PagesBW, r.PagesBW) > tol.Pages:
		add(DeviationColour, colours(sent.PagesBW, sent.PagesColour), colours(r.PagesBW, r.PagesColour))
	}
	switch {
	case apart(sent.Sheets, sheets) > tol.Sheets:
		add(DeviationSheets, count(sent.Sheets, "ark", "ark"), count(sheets, "ark", "ark"))
	case r.Pages() > 2*sheets:
		add(DeviationSheets, fmt.Sprintf("minst %d ark for %d sider", (r.Pages()+1)/2, r.Pages()), count(sheets, "ark", "ark"))
	}
	if r.EnvelopesAuto+r.EnvelopesManual != 1 ||
		r.EnvelopesAuto == 0 && r.ExtraSheetsAuto > 0 || r.EnvelopesManual == 0 && r.ExtraSheetsManual > 0 {
		add(DeviationEnvelope, "1 konvolutt, maskinelt eller manuelt", fmt.Sprintf("%d maskinelt (+%d ark), %d manuelt (+%d ark)",
			r.EnvelopesAuto, r.ExtraSheetsAuto, r.EnvelopesManual, r.ExtraSheetsManual))
	}
	if d := apart(sent.WeightGram, r.WeightGram); d > tol.WeightGram && d*100 > sent.WeightGram*tol.WeightPercent {
		add(DeviationWeight, fmt.Sprintf("%d g", sent.WeightGram), fmt.Sprintf("%d g", r.WeightGram))
	}
	if sent.Konteringskode != r.Konteringskode {
		add(DeviationKonteringskode, codeText(sent.Konteringskode), codeText(r.Konteringskode))
		out[len(out)-1].Amount = r.Net()
	}
	return out
}

// ReconcilePrice compares the receipt's amounts with what the price list makes of the letter. With
// mixed-format mail the vendor's postage is an average over the hand-in (Bring, mixed formats), so
// callers of such vendors compare postage in aggregate and leave it out here by a wide tolerance.
func ReconcilePrice(production, postage money.Ore, r Row, tol Tolerances) []Deviation {
	var out []Deviation
	for _, c := range []struct {
		kind          DeviationKind
		expected, got money.Ore
		tolerance     money.Ore
	}{
		{DeviationProduction, production, r.Production, tol.ProductionOre},
		{DeviationPostage, postage, r.Postage, tol.PostageOre},
	} {
		if d := c.got - c.expected; d > c.tolerance || -d > c.tolerance {
			out = append(out, Deviation{Kind: c.kind, Shipment: r.Shipment, Job: r.Job,
				Expected: "kr " + c.expected.String(), Got: "kr " + c.got.String(), Amount: d})
		}
	}
	return out
}

// ofReceipt are the kinds of deviation that are found in one receipt, and that a receipt in its place can put right.
var ofReceipt = []DeviationKind{
	DeviationPages, DeviationColour, DeviationSheets, DeviationEnvelope, DeviationWeight, DeviationKonteringskode, DeviationJob, DeviationProduction,
	DeviationPostage, DeviationPosted, DeviationAmount, DeviationConflict,
}

// DeviationKinds are the kinds of deviation that are found in one receipt, and that a receipt in its place can put right.
func DeviationKinds() []DeviationKind { return slices.Clone(ofReceipt) }

// ReconcileAmount looks at the amount of a receipt that there is no price for.
func ReconcileAmount(r Row, tol Tolerances) []Deviation {
	most := cmp.Or(tol.LetterOre, DefaultLetterOre)
	if r.Net() <= most {
		return nil
	}
	return []Deviation{{Kind: DeviationAmount, Shipment: r.Shipment, Job: r.Job,
		Expected: "høyst kr " + most.String(), Got: "kr " + r.Net().String(), Amount: r.Net() - most}}
}

// ReconcilePosted looks at the day on which a letter was posted, or came back: not before it was handed over, and not after the
// receipt came. The vendor's clock may be some hours ahead, and receipts may be written the evening before: a day is let pass.
// All three days are decided in loc (Europe/Oslo).
func ReconcilePosted(r Row, given, arrived civil.Date, loc *time.Location) (Deviation, bool) {
	day := civil.Of(r.PostedAt, loc)
	last := arrived.AddDays(1)
	if given <= day && day <= last {
		return Deviation{}, false
	}
	return Deviation{Kind: DeviationPosted, Shipment: r.Shipment, Job: r.Job,
		Expected: given.Norwegian() + " til " + arrived.Norwegian(), Got: day.Norwegian()}, true
}

// Repeated judges a second receipt for a letter that has one already: the same facts again are
// DUBLETT, anything else is KONFLIKT. Neither is booked. The times of posting are told in loc (Europe/Oslo).
func Repeated(booked, again Row, loc *time.Location) Deviation {
	if booked.SameFacts(again) {
		return Deviation{Kind: DeviationDuplicate, Shipment: again.Shipment, Job: again.Job,
			Expected: "én kvittering", Got: "samme kvittering på nytt"}
	}
	expected, got := receiptText(booked), receiptText(again)
	if expected == got { // what differs is not among what is always told
		expected, got = detailText(booked, loc), detailText(again, loc)
	}
	return Deviation{Kind: DeviationConflict, Shipment: again.Shipment, Job: again.Job,
		Expected: expected, Got: got, Amount: charged(again) - charged(booked)}
}

// charged is what a receipt in force costs: a reversal nothing.
func charged(r Row) money.Ore {
	if r.Kind == RowReversal {
		return 0
	}
	return r.Net()
}

// Unknown is the deviation of a receipt for a letter or job that we do not know.
func Unknown(r Row) Deviation {
	return Deviation{Kind: DeviationUnknown, Shipment: r.Shipment, Job: r.Job,
		Expected: "ingen kvittering", Got: receiptText(r), Amount: r.Net()}
}

// Missing is the deviation of a letter for which no receipt has come. Since is the day it was handed
// over.
func Missing(s Sent, since civil.Date) Deviation {
	return Deviation{Kind: DeviationMissing, Shipment: s.Shipment, Job: s.Job,
		Expected: "kvittering for levering " + since.Norwegian(), Got: "ingen kvittering"}
}

func receiptText(r Row) string {
	if r.Kind == RowReversal {
		return "trukket tilbake av trykkeriet, kr 0,00"
	}
	return fmt.Sprintf("%s, %s, %d g, kr %s, kode %s", count(r.Pages(), "side", "sider"), count(r.Sheets(), "ark", "ark"),
		r.WeightGram, r.Net(), codeText(r.Konteringskode))
}

// detailText is what receiptText leaves out.
func detailText(r Row, loc *time.Location) string {
	id := r.PrintID
	if id == "" {
		id = "(mangler)"
	}
	return fmt.Sprintf("postlagt %s, print-id %s, %s, %d+%d ark maskinelt, %d+%d manuelt, produksjon kr %s, porto kr %s",
		r.PostedAt.In(loc).Format("02.01.2006 15:04:05"), id, colours(r.PagesBW, r.PagesColour), r.EnvelopesAuto, r.ExtraSheetsAuto,
		r.EnvelopesManual, r.ExtraSheetsManual, r.Production, r.Postage)
}

func colours(bw, colour int) string { return fmt.Sprintf("%d sort/hvitt, %d farge", bw, colour) }

func codeText(code string) string {
	if code == "" {
		return codes.Missing
	}
	return code
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func apart(a, b int) int {
	if a > b {
		return a - b
	}
	return b - a
}
