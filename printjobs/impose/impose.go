// Package impose decides what stands where on paper: it turns one letter into
// its sheets, each with a front and a back. It is pure: it knows page counts
// and rules, never a PDF, and imports nothing.
//
// A [Sheet] is a finished sheet, what lies in the envelope in the end. [Lay]
// makes a letter's, and a [ControlSheet] is one. [Press] arranges finished sheets
// on what the press prints, [Marks] says what the vendor's machines read on each.
//
// # Rules
//
//   - The cover is the first sheet of its own, with an empty back
//     (Digipost: the letter itself starts on sheet 2).
//   - Each document starts on a new sheet (the original Bergen engine filled up
//     every part of odd length with an empty page).
//   - A letter of one page is printed on one side, whatever its sender asked
//     (SvarUt changelog 2016-04-14).
//   - A giro page stands on the front of a sheet of giro stock with an empty
//     back (SvarUt REST v1: "må giroarket ha en tom bakside"; SvarUt changelog
//     2018-02-23). Where it would have come on a back, the back is left empty,
//     or the letter is refused; [GiroPolicy] says which.
//   - Envelope and automatic enveloping follow from the number of sheets; the
//     sources disagree about the thresholds, so they are options.
package impose

import (
	"fmt"
	"slices"
)

// Matrix maps points of the page, A4 upright with its origin in the lower left
// corner, onto the sheet: x' = a·x + c·y + e, y' = b·x + d·y + f, in pt.
// The six numbers stand in PDF's order a b c d e f.
type Matrix [6]float64

// Identity places a page exactly where it stands, as all 1-up printing does.
var Identity = Matrix{1, 0, 0, 1, 0, 0}

// Kind says what one side of a sheet carries.
type Kind uint8

// What a side may carry.
const (
	Blank       Kind = iota // nothing is printed
	Cover                   // the address page that the engine makes
	Page                    // a page of one of the sender's documents
	ControlPage             // a control sheet that the engine makes
)

// String gives the kind in lower case, as in [Imposed.String].
func (k Kind) String() string {
	switch k {
	case Blank:
		return "blank"
	case Cover:
		return "cover"
	case Page:
		return "page"
	case ControlPage:
		return "control"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Stock is the paper a sheet is drawn from: what the vendor maps to a tray.
type Stock string

// The kinds of paper that a letter is made of.
const (
	Plain      Stock = "PLAIN" // white A4
	CoverStock Stock = "COVER" // the sheet with the address page
	Giro       Stock = "GIRO"  // yellow, pre-printed giro form (SvarUt REST v1)
)

// Envelope is the class of wrapping a letter needs.
type Envelope string

// Envelope classes (DPI "Konvolutt" 2016: under 7 sheets C5, 7 to 99 C4, then parcels).
const (
	C5     Envelope = "C5"     // 162 × 229 mm, A4 folded once
	C4     Envelope = "C4"     // 229 × 324 mm, A4 flat
	Parcel Envelope = "PARCEL" // too thick for an envelope
)

// CoverRule says how the cover page of a letter is placed.
type CoverRule string

// The cover rules.
const (
	CoverSheet CoverRule = "sheet" // its own sheet, back empty
	CoverNone  CoverRule = "none"  // the letter carries its address itself
)

// GiroPolicy says what happens to a giro page that would come on a back.
type GiroPolicy string

// The giro policies.
const (
	GiroPad    GiroPolicy = "pad"    // leave that back empty, put the giro on the next front
	GiroReject GiroPolicy = "reject" // refuse the letter (SvarUt changelog 2018-02-23)
)

// Paper holds the weights that add up to the weight of a letter, in milligrams.
type Paper struct {
	SheetMilligram  int64 // one A4 sheet: 4990 at 80 g/m²
	C5Milligram     int64 // an empty C5 envelope
	C4Milligram     int64 // an empty C4 envelope
	ParcelMilligram int64 // an empty parcel wrapping
}

// Options are the vendor's rules of imposition. The zero value is not valid:
// start from [DefaultOptions].
type Options struct {
	Cover      CoverRule
	GiroPolicy GiroPolicy

	C5MaxSheets   int  // most sheets that go into a C5 envelope
	C4MaxSheets   int  // most sheets that go into a C4 envelope; more is a parcel
	AutoMaxSheets int  // most sheets that the machine puts into envelopes; more is done by hand
	CountCover    bool // whether the cover sheet counts against these three limits
	Paper         Paper
}

// Default values of [Options].
const (
	DefaultC5MaxSheets   = 6  // DPI "Konvolutt" 2016: "under 7 ark"
	DefaultC4MaxSheets   = 99 // DPI "Konvolutt" 2016: parcels from 100 sheets
	DefaultAutoMaxSheets = 80 // Strålfors We Mail 2012: machine takes 1 to 80 sheets

	DefaultSheetMilligram  = 4990    // A4 0.06237 m² at 80 g/m²
	DefaultC5Milligram     = 7_000   // our estimate: two faces at 90 g/m² and flaps
	DefaultC4Milligram     = 18_000  // our estimate, as above
	DefaultParcelMilligram = 100_000 // our estimate of a small carton
)

// DefaultOptions gives the options of a vendor of whom nothing else is known:
// cover on its own sheet, giro pages moved to a front, thresholds and weights
// as the Default constants.
func DefaultOptions() Options {
	return Options{
		Cover:         CoverSheet,
		GiroPolicy:    GiroPad,
		C5MaxSheets:   DefaultC5MaxSheets,
		C4MaxSheets:   DefaultC4MaxSheets,
		AutoMaxSheets: DefaultAutoMaxSheets,
		CountCover:    true,
		Paper: Paper{
			SheetMilligram:  DefaultSheetMilligram,
			C5Milligram:     DefaultC5Milligram,
			C4Milligram:     DefaultC4Milligram,
			ParcelMilligram: DefaultParcelMilligram,
		},
	}
}

// Validate says what is wrong with the options, or returns nil.
func (o Options) Validate() error {
	switch {
	case o.Cover != CoverSheet && o.Cover != CoverNone:
		return fmt.Errorf("cover rule %q is unknown: use %q or %q", o.Cover, CoverSheet, CoverNone)
	case o.GiroPolicy != GiroPad && o.GiroPolicy != GiroReject:
		return fmt.Errorf("giro policy %q is unknown: use %q or %q", o.GiroPolicy, GiroPad, GiroReject)
	case o.C5MaxSheets < 0:
		return fmt.Errorf("C5 limit of %d sheets is negative", o.C5MaxSheets)
	case o.C4MaxSheets < o.C5MaxSheets:
		return fmt.Errorf("C4 limit of %d sheets is below the C5 limit of %d", o.C4MaxSheets, o.C5MaxSheets)
	case o.AutoMaxSheets < 0:
		return fmt.Errorf("limit of %d sheets for automatic enveloping is negative", o.AutoMaxSheets)
	case o.Paper.SheetMilligram <= 0:
		return fmt.Errorf("sheet weight of %d mg is not above zero", o.Paper.SheetMilligram)
	case o.Paper.C5Milligram < 0 || o.Paper.C4Milligram < 0 || o.Paper.ParcelMilligram < 0:
		return fmt.Errorf("envelope weight is negative (C5 %d, C4 %d, parcel %d mg)",
			o.Paper.C5Milligram, o.Paper.C4Milligram, o.Paper.ParcelMilligram)
	}
	return nil
}

// Document is one of the sender's documents, as imposition sees it.
type Document struct {
	Pages int
	Giro  []int // pages that are giro pages, the first page being 1; order and repeats do not matter
}

// Letter is what is to be laid on sheets.
type Letter struct {
	Documents []Document // in the order of the letter
	Duplex    bool       // as the sender asked
}

// Side is one side of a sheet.
type Side struct {
	Kind     Kind
	Document int    // for a Page: the document, the first being 1; otherwise 0
	Page     int    // for a Page: the page within its document, the first being 1; otherwise 0
	Index    int    // for a Page: the page within all pages of the letter, the first being 0; otherwise 0
	At       Matrix // where the page goes; the zero matrix on a blank side
}

// Sheet is one finished sheet of a letter.
type Sheet struct {
	Front, Back Side
	Stock       Stock
	N, Of       int // sheet N of Of in its letter, the first being 1, the cover counted
}

// Imposed is a letter laid on its sheets, and what follows from that.
type Imposed struct {
	Sheets          []Sheet
	Duplex          bool // whether it is printed on both sides; false for a letter of one page
	Pages           int  // printed sides, cover included, empty backs not
	DocumentPages   int  // printed sides without the cover
	GiroSheets      int
	Envelope        Envelope
	Manual          bool  // too many sheets for the enveloping machine
	WeightMilligram int64 // all sheets and the envelope
}

// LetterError says why a letter cannot be laid. It names documents and pages by
// number only, so it may be shown and logged anywhere.
type LetterError struct {
	Code     Code
	Document int // the document, the first being 1; 0 when the letter as a whole is meant
	Page     int // the page, or the page asked for, the first being 1; 0 when no page is meant
	Pages    int // pages that the document has
}

// Code names a reason in a [LetterError].
type Code string

// Reasons that a letter cannot be laid.
const (
	NoDocuments  Code = "NO_DOCUMENTS"   // the letter has no document
	NoPages      Code = "NO_PAGES"       // a document has no page
	GiroOutside  Code = "GIRO_OUTSIDE"   // a giro page is named that the document does not have
	GiroOnBack   Code = "GIRO_ON_BACK"   // a giro page would come on a back and the policy refuses that
	TooManyPages Code = "TOO_MANY_PAGES" // more pages than a letter may ever have
)

// MaxPages is the most pages that a letter may have: far above what any vendor
// takes, low enough that sheets and weights cannot overflow.
const MaxPages = 1_000_000

// Error says what is wrong and what would help.
func (e *LetterError) Error() string {
	switch e.Code {
	case NoDocuments:
		return "letter has no documents to print"
	case NoPages:
		return fmt.Sprintf("document %d has no pages", e.Document)
	case GiroOutside:
		return fmt.Sprintf("document %d: giro page %d does not exist, pages are 1 to %d", e.Document, e.Page, e.Pages)
	case GiroOnBack:
		return fmt.Sprintf("document %d: giro page %d would be printed on the back of a sheet: print on one side, or move the page", e.Document, e.Page)
	case TooManyPages:
		return fmt.Sprintf("letter has more than %d pages", MaxPages)
	}
	return fmt.Sprintf("letter cannot be laid: %s", e.Code)
}

// Lay lays a letter on sheets under the rules of the package comment. Errors
// are a [*LetterError] when the letter is at fault, else the options are.
// Of all faults of a letter it reports the first.
func Lay(l Letter, o Options) (Imposed, error) {
	if err := o.Validate(); err != nil {
		return Imposed{}, fmt.Errorf("imposition options: %w", err)
	}
	pages, err := countPages(l)
	if err != nil {
		return Imposed{}, err
	}
	im := Imposed{
		Duplex:        l.Duplex && pages > 1,
		DocumentPages: pages,
		Pages:         pages,
	}
	if o.Cover == CoverSheet {
		im.Pages++
		im.Sheets = append(im.Sheets, Sheet{Front: Side{Kind: Cover, At: Identity}, Stock: CoverStock})
	}
	index := 0
	for d, doc := range l.Documents {
		backFree := false // whether the last sheet still takes a page of this document
		giros := slices.Clone(doc.Giro)
		slices.Sort(giros)
		giros = slices.Compact(giros)
		for p := 1; p <= doc.Pages; p++ {
			side := Side{Kind: Page, Document: d + 1, Page: p, Index: index, At: Identity}
			index++
			giro := len(giros) > 0 && giros[0] == p
			if giro {
				giros = giros[1:]
			}
			switch {
			case giro && backFree && o.GiroPolicy == GiroReject:
				return Imposed{}, &LetterError{Code: GiroOnBack, Document: d + 1, Page: p, Pages: doc.Pages}
			case giro:
				im.Sheets = append(im.Sheets, Sheet{Front: side, Stock: Giro})
				im.GiroSheets++
				backFree = false
			case backFree:
				im.Sheets[len(im.Sheets)-1].Back = side
				backFree = false
			default:
				im.Sheets = append(im.Sheets, Sheet{Front: side, Stock: Plain})
				backFree = im.Duplex
			}
		}
	}
	for i := range im.Sheets {
		im.Sheets[i].N, im.Sheets[i].Of = i+1, len(im.Sheets)
	}
	im.enclose(o)
	return im, nil
}

// countPages checks the letter and counts its pages.
func countPages(l Letter) (int, error) {
	if len(l.Documents) == 0 {
		return 0, &LetterError{Code: NoDocuments}
	}
	total := 0
	for d, doc := range l.Documents {
		if doc.Pages <= 0 {
			return 0, &LetterError{Code: NoPages, Document: d + 1}
		}
		for _, g := range doc.Giro {
			if g < 1 || g > doc.Pages {
				return 0, &LetterError{Code: GiroOutside, Document: d + 1, Page: g, Pages: doc.Pages}
			}
		}
		if doc.Pages > MaxPages || total > MaxPages-doc.Pages {
			return 0, &LetterError{Code: TooManyPages}
		}
		total += doc.Pages
	}
	return total, nil
}

// enclose chooses the envelope and weighs the letter.
func (im *Imposed) enclose(o Options) {
	counted := len(im.Sheets)
	if o.Cover == CoverSheet && !o.CountCover {
		counted--
	}
	im.Manual = counted > o.AutoMaxSheets
	im.WeightMilligram = int64(len(im.Sheets)) * o.Paper.SheetMilligram
	switch {
	case counted <= o.C5MaxSheets:
		im.Envelope = C5
		im.WeightMilligram += o.Paper.C5Milligram
	case counted <= o.C4MaxSheets:
		im.Envelope = C4
		im.WeightMilligram += o.Paper.C4Milligram
	default:
		im.Envelope = Parcel
		im.WeightMilligram += o.Paper.ParcelMilligram
	}
}
