package mark

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"postgang/printjobs/datamatrix"
	"postgang/printjobs/impose"
	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

// Geometry of a control sheet, in mm from its top left corner. Nothing stands in
// the inserter's zone at the left edge (x 0–18 mm, y 95–175 mm).
const (
	bannerTopMM, bannerMM = 12.0, 30.0 // the black field that says what the sheet is
	leftMM, rightMM       = 22.0, 186.0
	valueMM               = 72.0 // where the values of the table begin
	tableTopMM            = 114.0
	rowMM                 = 9.0
	tableBottomMM         = 285.0
	symbolTopMM           = 52.0
	symbolModuleMM        = 1.0
	// The bar at the right edge shows in a pile: higher up for a header than for
	// a trailer.
	barMM, barLengthMM           = 14.0, 60.0
	headerBarTopMM, trailerBarMM = 60.0, 200.0
)

const (
	bannerPt, jobPt, kindPt, labelPt, valuePt = 24.0, 48.0, 20.0, 11.0, 14.0
	leastPt                                   = 5.0
)

// Names of the fonts in the resources of control sheets.
const (
	nameRegular = "R"
	nameBold    = "B"
)

// controlKit holds the fonts, which are the same objects as those of covers.
var controlKit = sync.OnceValues(func() (k controlFonts, err error) {
	faces, err := typeset.Faces()
	if err != nil {
		return k, err
	}
	b := printfile.NewBuilder()
	k.faces = faces
	k.resources = b.Add(printfile.Dict{"Font": printfile.Dict{
		nameRegular: faces[typeset.Regular].Embed(b), nameBold: faces[typeset.Bold].Embed(b),
	}})
	b.Share(k.resources)
	k.kit, err = b.Kit()
	return k, err
})

type controlFonts struct {
	faces     [2]*typeset.Face
	kit       *printfile.Kit
	resources printfile.Ref
}

// Control draws a control sheet: one page, A4 upright, black. The same sheet
// gives the same bytes. A character that the font lacks is printed as «?», and a
// value too long for its place in smaller letters or cut. Errors are those of
// [impose.ControlMark.Validate].
func Control(c impose.ControlSheet) (*printfile.Prepared, error) {
	p, err := control(c)
	if err != nil {
		return nil, fmt.Errorf("control sheet: %w", err)
	}
	return p, nil
}

func control(c impose.ControlSheet) (*printfile.Prepared, error) {
	text, err := c.Mark().AppendText(nil)
	if err != nil {
		return nil, err
	}
	symbol, err := datamatrix.Encode(text, impose.SheetModules)
	if err != nil {
		return nil, err
	}
	fonts, err := controlKit()
	if err != nil {
		return nil, err
	}
	const width, height = impose.FinishedWidthMM * pointsPerMM, impose.FinishedHeightMM * pointsPerMM
	s := sheet{fonts: &fonts, Canvas: typeset.Canvas{Height: height}}

	s.black(0, bannerTopMM, impose.FinishedWidthMM, bannerMM)
	s.text(typeset.Bold, bannerPt, 1, leftMM, bannerTopMM+13, rightMM-leftMM, "KONTROLLARK – skal ikke i konvolutt")
	kind, bar := "Start på utskriftsfil", headerBarTopMM
	if c.Kind == impose.Trailer {
		kind, bar = "Slutt på utskriftsfil", trailerBarMM
	}
	s.text(typeset.Regular, kindPt, 1, leftMM, bannerTopMM+24, rightMM-leftMM, kind+" "+strconv.Itoa(c.File))
	s.black(impose.FinishedWidthMM-barMM, bar, barMM, barLengthMM)

	symbolMM := symbolModuleMM * float64(symbol.Modules())
	symbolX := rightMM - symbolMM
	s.Buf = appendMatrix(s.Buf, &symbol, impose.DataMatrix{XMM: symbolX, YMM: symbolTopMM, ModuleMM: symbolModuleMM}, impose.Identity)
	room := symbolX - leftMM - 8
	s.text(typeset.Regular, labelPt, 0, leftMM, symbolTopMM+4, room, "Utskriftsjobb")
	s.text(typeset.Bold, jobPt, 0, leftMM, symbolTopMM+21, room, c.Job)
	if c.Parent != "" {
		s.text(typeset.Regular, valuePt, 0, leftMM, symbolTopMM+31, room, "Ny utskrift av brev i "+c.Parent)
	}

	y := tableTopMM
	for _, r := range rows(c) {
		if y > tableBottomMM {
			break
		}
		s.text(typeset.Regular, labelPt, 0, leftMM, y, valueMM-leftMM-3, r.label)
		s.text(typeset.Bold, valuePt, 0, valueMM, y, rightMM-valueMM, r.value)
		y += rowMM
	}

	b := printfile.NewBuilder()
	resources, err := b.Import(fonts.kit, fonts.resources)
	if err != nil {
		return nil, err
	}
	// The page is A4 as all others of a print file are, to a thousandth of a point.
	b.AddPage(b.Add(typeset.Form(s.Buf, width, height, resources)), width, height)
	return b.Prepared()
}

// row is a line of the table.
type row struct{ label, value string }

// rows says in bokmål what the sheet knows. More trays than there is room for
// are left out, at the end.
func rows(c impose.ControlSheet) []row {
	rest := "se kontrollarket etter siste brev"
	letters, sheets, pages := rest, rest, rest
	switch {
	case c.FirstLetter > 0 && c.LastLetter > 0:
		letters = fmt.Sprintf("nr. %d til %d", c.FirstLetter, c.LastLetter)
	case c.FirstLetter > 0:
		letters = fmt.Sprintf("fra nr. %d", c.FirstLetter)
	}
	if c.Letters > 0 {
		letters += ", " + strconv.Itoa(c.Letters) + " brev"
	}
	if c.Sheets > 0 {
		sheets = strconv.Itoa(c.Sheets) + " (uten kontrollark)"
	}
	if c.Pages > 0 {
		pages = strconv.Itoa(c.Pages) + " med trykk"
	}
	account := c.Account
	if account == "" {
		account = "flere"
	}
	out := []row{
		{"Trykkeri", c.Vendor},
		{"Avsender", account},
		{"Brev", letters},
		{"Ark", sheets},
		{"Sider", pages},
		{"Konvolutt", inNorwegian(c.Envelope)},
		{"Sone", inNorwegian(c.Zone)},
		{"Farge", choose(c.Colour, "ja", "nei, svart-hvitt")},
		{"Trykk", choose(c.Duplex, "tosidig", "ensidig")},
		{"Giroark", choose(c.Giro, "ja", "nei")},
	}
	for _, t := range c.Trays {
		what := inNorwegian(string(t.Stock))
		parts := make([]string, 0, 2)
		if t.Tray != "" {
			parts = append(parts, "skuff "+t.Tray)
		}
		if t.Paper != "" {
			parts = append(parts, t.Paper)
		}
		out = append(out, row{"Papir til " + what, strings.Join(parts, ", ")})
	}
	return out
}

func choose(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

// inNorwegian gives the word for a code of the plan or the ticket; a code that
// needs none, or is not known here, stands for itself.
func inNorwegian(code string) string {
	switch code {
	case string(impose.Parcel):
		return "pakke"
	case "NORGE":
		return "Norge"
	case "EUROPA":
		return "Europa"
	case "VERDEN":
		return "Verden"
	case string(impose.Plain):
		return "brev"
	case string(impose.CoverStock):
		return "forside"
	case string(impose.Giro):
		return "giro"
	case string(impose.ControlStock):
		return "kontrollark"
	}
	return code
}

// sheet is a canvas of A4 with the fonts of control sheets.
type sheet struct {
	typeset.Canvas
	fonts *controlFonts
}

// black paints an area, in mm.
func (s *sheet) black(x, y, w, h float64) {
	s.Op("re", x*pointsPerMM, s.Height-(y+h)*pointsPerMM, w*pointsPerMM, h*pointsPerMM)
	s.Op("f")
}

// text sets a line with its baseline y mm from the top, in at most room mm: in
// smaller letters when it is too long, and cut when that is not enough.
func (s *sheet) text(w typeset.Weight, size, gray, xMM, yMM, roomMM float64, text string) {
	face := s.fonts.faces[w]
	text = strings.Map(func(r rune) rune {
		if !face.Has(r) {
			return '?'
		}
		return r
	}, typeset.Clean(text))
	if text == "" {
		return
	}
	room := roomMM * pointsPerMM
	if width := face.Width(text, size); width > room {
		size = max(leastPt, size*room/width)
	}
	if face.Width(text, size) > room {
		runes := []rune(text)
		for len(runes) > 1 && face.Width(string(runes)+"…", size) > room {
			runes = runes[:len(runes)-1]
		}
		text = string(runes) + "…"
	}
	name := nameRegular
	if w == typeset.Bold {
		name = nameBold
	}
	s.Lines(typeset.Style{Face: face, Name: name, Size: size, Condense: 100, Gray: gray}, xMM*pointsPerMM, yMM*pointsPerMM, 0, text)
}
