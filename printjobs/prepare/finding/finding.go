// Package finding holds what is said about a letter: findings with their codes and texts for case workers, and how those of many
// pages are put together.
package finding

import "fmt"

// Codes of findings. They are stable: programs and statistics depend on them.
const (
	// CodeEncrypted: needs a password (docs/sources.md, Hand-ins).
	CodeEncrypted = "encrypted"
	// CodePrintingForbidden: opens without a password, but its permissions do
	// not allow printing (ISO 32000-1 table 22, bit 3).
	CodePrintingForbidden = "printing-forbidden"
	// CodeUnreadable: not a PDF, or damaged beyond reading.
	CodeUnreadable = "unreadable"
	// CodeTruncated: the end of the file is missing, and with it something that
	// it needs; it was cut off on its way, or is not written to its end.
	CodeTruncated = "truncated"
	// CodeNoPages: a letter without documents, or a document without pages.
	CodeNoPages = "no-pages"
	// CodePageCount (warning): the document has fewer pages than it says.
	CodePageCount = "page-count"
	// CodePageSize: a page without a usable size, or one that is not A4 where
	// the checks refuse it; as a warning a page that was scaled to fit A4, or
	// cropped.
	CodePageSize = "page-size"
	// CodeGiroOutOfRange: a giro page that the document does not have.
	CodeGiroOutOfRange = "giro-out-of-range"
	// CodeBlankedPage: a page whose object or content is missing from the
	// file, so that it would come out blank (pdfcpu issue 1312).
	CodeBlankedPage = "blanked-page"
	// CodeTooLarge: more bytes than the limit, before or after preparing.
	CodeTooLarge = "too-large"
	// CodeTooManyPages: more pages than the limit.
	CodeTooManyPages = "too-many-pages"
	// CodeDamagedObject: a part of a page (font, image) is damaged, so that
	// the page would not print as it was meant.
	CodeDamagedObject = "damaged-object"
	// CodeTooManySheets: more sheets than the vendor takes.
	CodeTooManySheets = "too-many-sheets"
	// CodeFontNotEmbedded (warning): the printer must substitute a font.
	CodeFontNotEmbedded = "font-not-embedded"
	// CodeNoAppearance: a form field or annotation that should print has no
	// appearance of its own, and none can be made. As a warning it is left
	// out: an icon that stands for a note or a file.
	CodeNoAppearance = "no-appearance"
	// CodeTooComplex: a page, or the letter, would take a printer far too long to
	// draw.
	CodeTooComplex = "too-complex"
	// CodeDynamicForm: the PDF is a form that is laid out when Adobe's programs
	// open it (XFA); its page is not what its sender saw.
	CodeDynamicForm = "dynamic-form"
	// CodePortfolio: the documents are files in the PDF, not its pages.
	CodePortfolio = "portfolio"
	// CodeAttachments: files lie in the PDF, which are not printed.
	CodeAttachments = "attachments"
	// CodeBlankLetter: nothing of the letter is anything but white.
	CodeBlankLetter = "blank-letter"
	// CodeRepaired: the PDF is damaged and was read by looking for its objects.
	CodeRepaired = "repaired"
	// CodePDFVersion: the PDF claims a version that the vendor does not take.
	CodePDFVersion = "pdf-version"
	// CodeImageResolution: an image has too few pixels as it is placed.
	CodeImageResolution = "image-resolution"
	// CodeReservedZone: ink in a part of the sheet that must stay empty.
	CodeReservedZone = "reserved-zone"
	// CodeTimeout: preparing took longer than the pool allows.
	CodeTimeout = "prepare-timeout"
	// CodeMemory: preparing took more memory than the pool allows.
	CodeMemory = "prepare-memory"
	// CodeCrashed: the worker process died or answered nonsense.
	CodeCrashed = "prepare-crashed"
)

// Finding is one thing found about a letter, as a refusal or a warning.
type Finding struct {
	// Code is one of the Code constants.
	Code string `json:"code"`
	// Document is the index of the document, 0-based.
	Document int `json:"document"`
	// Page is the page in the document, 1-based; 0 when the finding is about
	// the whole document or letter. Of several it is the first.
	Page int `json:"page,omitempty"`
	// Pages are the pages, in order, when the finding is about several.
	Pages []int `json:"pages,omitempty"`
	// Text is for a case worker, in Norwegian bokmål. It holds neither
	// personal data nor a file name.
	Text string `json:"text"`
	// Severity is LevelError or LevelWarning.
	Severity Level `json:"severity,omitempty"`
	// MM is where on the upright A4 page the offending ink lies, where that
	// applies: within a reserved zone the part that lies in it.
	MM *Box `json:"mm,omitempty"`

	// measured makes Text, where it tells of what was measured.
	measured *measure
}

var texts = map[string]string{
	CodeEncrypted:         "PDF-en er passordbeskyttet. Lagre den uten passord og send på nytt.",
	CodePrintingForbidden: "PDF-en tillater ikke utskrift. Lagre den uten beskyttelse og send på nytt.",
	CodeRepaired:          "PDF-en er skadet, og delene av den er lett opp. Se over at utskriften er riktig, eller lag PDF-en på nytt.",
	CodeTooComplex: "Innholdet er så innfløkt tegnet at skriveren ville brukt svært lang tid på det. Skriv dokumentet ut til en ny PDF, " +
		"eller lagre sidene som bilder, og send på nytt.",
	CodeDynamicForm: "PDF-en er et dynamisk skjema (XFA), som bare Adobes programmer kan vise. På papiret ville det stått «Please wait …» eller ingenting. " +
		"Åpne skjemaet i Adobe Acrobat, skriv det ut til en ny PDF og send den.",
	CodePortfolio: "PDF-en er en portefølje: dokumentene ligger som filer inni den, og bare omslaget ville blitt skrevet ut. " +
		"Send hvert av dokumentene som en egen PDF.",
	CodeBlankLetter:     "Det er ikke noe å se på noen av sidene i brevet. Kontroller at riktig fil er valgt, og at den ikke er skadet.",
	CodeUnreadable:      "Filen er ikke en lesbar PDF. Lag PDF-en på nytt og send den igjen.",
	CodeTruncated:       "PDF-en er ikke komplett: slutten av filen mangler, trolig fordi overføringen ble avbrutt. Send hele filen på nytt.",
	CodeNoPages:         "PDF-en har ingen sider. Kontroller at riktig fil er valgt.",
	CodePageSize:        "Siden har ikke en størrelse som kan skrives ut på A4. Lagre dokumentet i A4 og send på nytt.",
	CodeGiroOutOfRange:  "Giroarket er satt til en side som ikke finnes i dokumentet. Rett sidetallet og send på nytt.",
	CodeBlankedPage:     "Innholdet på siden mangler i PDF-en, så den ville blitt skrevet ut blank. Lag PDF-en på nytt og send den igjen.",
	CodeTooLarge:        "Forsendelsen er for stor til å skrives ut. Del den opp eller reduser størrelsen på bilder.",
	CodeTooManyPages:    "Forsendelsen har for mange sider til å skrives ut. Del den opp.",
	CodeDamagedObject:   "En del av siden (skrift, bilde eller annet) er skadet i PDF-en og kan ikke skrives ut riktig. Lag PDF-en på nytt og send den igjen.",
	CodeFontNotEmbedded: "En skrift er ikke lagt inn i PDF-en. Trykkeriet bruker en liknende skrift, så teksten kan se litt annerledes ut.",
	CodeNoAppearance:    "Et skjemafelt eller en merknad på siden mangler utseende i PDF-en og kommer ikke med på utskriften.",
	CodeTimeout:         "Det tok for lang tid å klargjøre PDF-en for utskrift. Lag PDF-en på nytt eller forenkle den, og send igjen.",
	CodeMemory:          "PDF-en krever for mye minne for å klargjøres for utskrift. Del den opp eller reduser størrelsen på bilder, og send igjen.",
	CodeCrashed:         "PDF-en kunne ikke klargjøres for utskrift. Lag PDF-en på nytt og send den igjen.",
}

// Losses are the kinds of things that a page needs and the file does not have
// whole.
type Losses uint8

// The kinds, which add up.
const (
	LostContent Losses = 1 << iota
	LostImage
	LostFont
	LostNote // an annotation, stamp or form field
	LostPart // anything else
)

// lossTexts tell what is lost, in the order in which they are told.
var lossTexts = []struct {
	what Losses
	text string
}{
	{LostContent, "Innholdet på siden er skadet eller avkortet i PDF-en, så noe ville manglet på utskriften."},
	{LostImage, "Et bilde på siden mangler eller er skadet i PDF-en."},
	{LostFont, "En skrift som brukes på siden, mangler eller er skadet i PDF-en."},
	{LostNote, "Et stempel, en merknad eller et skjemafelt på siden mangler eller er skadet i PDF-en."},
	{LostPart, "En del av siden mangler eller er skadet i PDF-en."},
}

// LossFindings tell what of a page is lost.
func LossFindings(lost Losses, document, page int) (findings []Finding) {
	for _, l := range lossTexts {
		if lost&l.what != 0 {
			findings = append(findings, Finding{Code: CodeDamagedObject, Document: document, Page: page, Severity: LevelError,
				Text: l.text + " Lag PDF-en på nytt og send den igjen."})
		}
	}
	return findings
}

// MissingNoteWarning tells of an annotation that the page names and a sound
// file does not have: mostly one that was deleted.
func MissingNoteWarning(document, page int) Finding {
	return Finding{Code: CodeNoAppearance, Document: document, Page: page, Text: "Siden viser til en merknad eller et skjemafelt " +
		"som ikke finnes i PDF-en. Se over at utskriften er riktig."}
}

// PageCountWarning tells that a file has fewer pages than it says.
func PageCountWarning(document int, said, found int) Finding {
	return Finding{Code: CodePageCount, Document: document, Text: fmt.Sprintf(
		"PDF-en sier at den har %d sider, men har bare %d. Se over at ingen side mangler.", said, found)}
}

// TreeRefusal tells of a page tree that leads back to itself, or never ends.
func TreeRefusal(document int) Finding {
	return Finding{Code: CodeUnreadable, Document: document, Severity: LevelError, Text: "Oversikten over sidene i PDF-en går i ring " +
		"eller er for dyp, så det er uklart hvilke sider den har. Lag PDF-en på nytt og send den igjen."}
}

// New gives the finding its standard text.
func New(code string, document, page int) Finding {
	return Finding{Code: code, Document: document, Page: page, Text: texts[code], Severity: LevelError}
}

// UndrawableRefusal tells of a field or annotation whose appearance is missing
// and cannot be made.
func UndrawableRefusal(document, page int) Finding {
	return Finding{Code: CodeNoAppearance, Document: document, Page: page, Text: "Et skjemafelt eller en merknad på siden " +
		"mangler utseende i PDF-en og kan ikke tegnes. Skriv dokumentet ut til en ny PDF og send den."}
}
