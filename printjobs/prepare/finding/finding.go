// Package finding holds what is said about a letter: the facts of a prepared one, and findings with their codes and arguments, and
// how those of many pages are put together.
package finding

import "strconv"

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
	// Args are what a sentence about it needs.
	Args Args `json:"args,omitempty"`
	// Text is for a case worker, in Norwegian bokmål: only in facts that were
	// kept before findings had arguments.
	Text string `json:"text,omitempty"`
	// Severity is LevelError or LevelWarning.
	Severity Level `json:"severity,omitempty"`
	// MM is where on the upright A4 page the offending ink lies, where that
	// applies: within a reserved zone the part that lies in it.
	MM *Box `json:"mm,omitempty"`

	// measured makes Args, where they tell of what was measured.
	measured *measure
}

// Args are the arguments of the sentence that a finding is told by, which is
// written elsewhere, in the reader's language: "case" says which sentence of
// the code it is, the others are numbers (with a decimal point), limits and
// names of zones. They hold neither personal data nor a file name.
type Args map[string]string

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

// lossCases name what is lost, in the order in which it is told.
var lossCases = []struct {
	what Losses
	name string
}{
	{LostContent, "content"}, {LostImage, "image"}, {LostFont, "font"}, {LostNote, "note"}, {LostPart, "part"},
}

// LossFindings tell what of a page is lost.
func LossFindings(lost Losses, document, page int) (findings []Finding) {
	for _, l := range lossCases {
		if lost&l.what != 0 {
			findings = append(findings, Finding{Code: CodeDamagedObject, Document: document, Page: page, Severity: LevelError, Args: Args{"case": l.name}})
		}
	}
	return findings
}

// MissingNoteWarning tells of an annotation that the page names and a sound
// file does not have: mostly one that was deleted.
func MissingNoteWarning(document, page int) Finding {
	return Finding{Code: CodeNoAppearance, Document: document, Page: page, Args: Args{"case": "missing"}}
}

// PageCountWarning tells that a file has fewer pages than it says.
func PageCountWarning(document int, said, found int) Finding {
	return Finding{Code: CodePageCount, Document: document, Args: Args{"said": strconv.Itoa(said), "found": strconv.Itoa(found)}}
}

// TreeRefusal tells of a page tree that leads back to itself, or never ends.
func TreeRefusal(document int) Finding {
	return Finding{Code: CodeUnreadable, Document: document, Severity: LevelError, Args: Args{"case": "tree"}}
}

// New makes a finding that its code alone tells.
func New(code string, document, page int) Finding {
	return Finding{Code: code, Document: document, Page: page, Severity: LevelError}
}

// UndrawableRefusal tells of a field or annotation whose appearance is missing
// and cannot be made.
func UndrawableRefusal(document, page int) Finding {
	return Finding{Code: CodeNoAppearance, Document: document, Page: page, Args: Args{"case": "undrawable"}}
}
