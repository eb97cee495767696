package figures

import "postgang/billing/money"

// AdviceKind names a way in which letters could have cost less.
type AdviceKind string

// Kinds of advice.
const (
	AdviceSheet  AdviceKind = "ARK"     // one sheet less would be another envelope, another handling or a lower step of postage
	AdviceDuplex AdviceKind = "TOSIDIG" // printed on both sides of the paper
	AdviceBlank  AdviceKind = "BLANK"   // without pages on which nothing is
	AdviceColour AdviceKind = "FARGE"   // printed in black
	AdviceGrey   AdviceKind = "GRAATT"  // printed in black where the colour is hardly seen
	// As one hand-in of a sender and a day, instead of letter by letter.
	AdviceIdentical AdviceKind = "PORTO_LIKT"
	AdviceMixed     AdviceKind = "PORTO_BLANDET"
)

// AdviceKinds are all kinds.
func AdviceKinds() []AdviceKind {
	return []AdviceKind{AdviceSheet, AdviceDuplex, AdviceBlank, AdviceColour, AdviceGrey, AdviceIdentical, AdviceMixed}
}

// Norwegian words an advice, and why it saves.
func (k AdviceKind) Norwegian() (name, why string) {
	switch k {
	case AdviceSheet:
		return "Ett ark mindre", "Brevene er ett ark over en grense: med ett ark mindre går de i en mindre konvolutt, konvolutteres maskinelt eller får lavere porto."
	case AdviceDuplex:
		return "Tosidig utskrift", "Brevene er skrevet ut på én side av arket. Tosidig gir færre ark, lettere brev og ofte lavere porto."
	case AdviceBlank:
		return "Uten blanke sider", "Brevene har sider som det ikke står noe på. Malen eller fagsystemet lager dem."
	case AdviceColour:
		return "Sort/hvitt i stedet for farge", "Det sidene koster mer i farge. Se om fargen er nødvendig; ofte er det bare logoen."
	case AdviceGrey:
		return "Nesten grå sider i sort/hvitt", "Fargen på sidene er så svak at de ser like ut i sort/hvitt, som når en mal bruker mørk blågrå for sort. JPEG-bilder regnes som farge og er ikke med."
	case AdviceIdentical:
		return "Porto for likt format", "Levert samlet som sendinger av likt format: én konvoluttype, om lag samme vekt, og et minste antall. Regnet per avsender og dag."
	case AdviceMixed:
		return "Porto for ulike formater", "Levert samlet som sendinger av ulike formater, der prisen følger snittvekten. Regnet per avsender og dag."
	}
	return string(k), ""
}

// AdviceRow is what the letters of an account and konteringskode would have cost less, net, by the price list. Advice of several
// kinds for a letter does not add up.
type AdviceRow struct {
	Kind           AdviceKind
	Account        string // id; BuildReport puts the account's name here
	Konteringskode string
	AllCodes       bool // for the letters of all konteringskoder together
	Letters        int
	Sheets         int // fewer
	Net            money.Ore
}

// WasteKind names what paper was saved by, or spent in vain on.
type WasteKind string

// Kinds of saving and waste.
const (
	SavedRead      WasteKind = "LEST"       // read digitally in time
	SavedDelivered WasteKind = "LEVERT"     // delivered in a digital mailbox
	SavedAtGate    WasteKind = "TRUKKET"    // dropped out of a print job just before it was handed over
	WasteReprint   WasteKind = "OMTRYKK"    // printed once more
	WasteReturned  WasteKind = "RETUR"      // came back by post
	WasteReadAfter WasteKind = "LEST_ETTER" // read digitally when it was on its way to paper
)

// Norwegian words a kind.
func (k WasteKind) Norwegian() (name, what string) {
	switch k {
	case SavedRead:
		return "Lest digitalt i tide", "Brev som ble lest digitalt før fristen, og aldri kom på papir."
	case SavedDelivered:
		return "Levert i digital postkasse", "Brev som ble levert i mottakerens digitale postkasse, og aldri kom på papir."
	case SavedAtGate:
		return "Trukket ved siste kontroll", "Brev som var i en utskriftsjobb og ble lest, stanset eller lukket rett før den ble levert. De er også med blant de andre."
	case WasteReprint:
		return "Omtrykk", "Brev, eller ark av dem, som ble skrevet ut på nytt. Det de kostet."
	case WasteReturned:
		return "Returpost", "Brev som kom i retur. Koster porto uten å nå fram; rett adressen i fagsystemet."
	case WasteReadAfter:
		return "Lest etter utskrift", "Brev som mottakeren leste digitalt da de var på vei på papir. En lengre frist ville ha spart dem."
	}
	return string(k), ""
}

// WasteRow is a kind of saving or waste. Estimated: the amount is the number of letters at the average cost of a letter in the
// period; Unknown when the period has none.
type WasteRow struct {
	Kind      WasteKind
	Saved     bool
	Letters   int
	Net       money.Ore
	Estimated bool
	Unknown   bool
}
