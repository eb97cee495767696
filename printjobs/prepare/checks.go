package prepare

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
	"postgang/printjobs/prepare/sheet"
)

// Defaults of Checks.
const (
	// DefaultMinDPI is the image resolution, in pixels an inch as placed on
	// A4, below which a picture of text can hardly be read.
	DefaultMinDPI = 100
	// DefaultMaxPDFVersion is the newest PDF version that passes the check of
	// versions.
	DefaultMaxPDFVersion = "1.7"
	// MaxPageToleranceMM bounds Checks.PageToleranceMM, in mm: what is kept at
	// its size may lose as much at each edge.
	MaxPageToleranceMM = 5
	// DefaultCropMM is by how much a page that is cropped may differ from A4
	// (docs/sources.md, Paper and PDFs).
	DefaultCropMM = 10
	// MaxCropMM bounds Checks.CropMM, in mm.
	MaxCropMM = 30
	// DefaultMinScalePercent is to how many per cent a page may be scaled down:
	// an A1 drawing passes (35), of A0 (25) nothing can be read any more.
	DefaultMinScalePercent = 30
	// DefaultMaxScalePercent is to how many per cent a page may be scaled up: a
	// label of 25 × 60 mm passes, a stamp does not.
	DefaultMaxScalePercent = 1000
	// mostScalePercent bounds Checks.MaxScalePercent.
	mostScalePercent = 10000
)

// PageAction says what is done with a page that is not A4.
type PageAction string

// The actions. The empty one is ScalePage.
const (
	ScalePage  PageAction = "scale"  // made to fit, and centred
	CropPage   PageAction = "crop"   // kept at its size; what is too large is lost to the right and below
	RefusePage PageAction = "refuse" // the letter is refused
)

// Checks are the prechecks of a letter as its print vendor wants them. The
// zero value is the lenient default: what can be printed is printed, a page
// that was scaled and a font that is not embedded are told of.
//
// Some findings are always errors, because there is nothing to print: a PDF
// that needs a password or forbids printing, one without pages, a damaged
// page, a giro page that does not exist.
type Checks struct {
	// Encryption: the PDF is encrypted, though it opens without a password
	// and permits printing. Default off.
	Encryption finding.Level `json:"encryption,omitempty"`
	// PageSize: a page is not A4. Error refuses it; off and warning (the
	// default) do PageAction, and warning tells of it.
	PageSize finding.Level `json:"pageSize,omitempty"`
	// PageAction is what is done with a page that is not A4; empty: ScalePage.
	PageAction PageAction `json:"pageAction,omitempty"`
	// CropMM is by how many mm each side may differ from A4 for CropPage; a
	// page that differs more is refused. 0: DefaultCropMM.
	CropMM float64 `json:"cropMM,omitempty"`
	// PageToleranceMM is by how many mm each side may differ from A4 and the
	// page still be A4, printed at its own size; 0: 0.5 mm.
	PageToleranceMM float64 `json:"pageToleranceMM,omitempty"`
	// MinScalePercent and MaxScalePercent are to how many per cent of its size a
	// page may be scaled to fit A4; beyond them it is refused. 0:
	// DefaultMinScalePercent, DefaultMaxScalePercent.
	MinScalePercent float64 `json:"minScalePercent,omitempty"`
	MaxScalePercent float64 `json:"maxScalePercent,omitempty"`
	// Portfolio: the PDF is a portfolio, whose documents are files in it, and
	// has a page that only says so. Default error.
	Portfolio finding.Level `json:"portfolio,omitempty"`
	// Attachments: files lie in the PDF, which are not printed. Default warning.
	Attachments finding.Level `json:"attachments,omitempty"`
	// BlankLetter: nothing of the letter is anything but white. Default warning.
	BlankLetter finding.Level `json:"blankLetter,omitempty"`
	// TooManyPages: the letter has more than MaxPages pages. Default error
	// when MaxPages is set.
	TooManyPages finding.Level `json:"tooManyPages,omitempty"`
	// MaxPages is the largest number of pages of a letter; 0: only
	// Limits.MaxPages holds.
	MaxPages int `json:"maxPages,omitempty"`
	// TooManySheets: the letter takes more than MaxSheets sheets. Default error
	// when MaxSheets is set. Letter does not look at it, since it does not know
	// how a letter is laid on sheets: see Sheets.
	TooManySheets finding.Level `json:"-"`
	// MaxSheets is the largest number of sheets of a letter, that of its cover
	// counted; 0: no limit.
	MaxSheets int `json:"-"`
	// PDFVersion: the PDF claims a version that is none of 1.0 to
	// MaxPDFVersion. Default off: what is read is judged, not what is claimed.
	PDFVersion finding.Level `json:"pdfVersion,omitempty"`
	// MaxPDFVersion is "1.7" by default; "2.0" takes PDF 2.0 too.
	MaxPDFVersion string `json:"maxPDFVersion,omitempty"`
	// FontNotEmbedded: text that marks the page is set in a font that the PDF
	// does not hold, also in forms and annotations. Default warning.
	FontNotEmbedded finding.Level `json:"fontNotEmbedded,omitempty"`
	// ImageResolution: an image has fewer pixels an inch than MinDPI as it
	// lies on the sheet. Default off. Images of one or two pixels in a
	// direction (rules, fills) and images in patterns do not count.
	ImageResolution finding.Level `json:"imageResolution,omitempty"`
	// MinDPI is in pixels an inch; 0: DefaultMinDPI.
	MinDPI float64 `json:"minDPI,omitempty"`
	// Repaired: the PDF is damaged and was read as viewers read such files, by
	// looking for its objects. Default warning.
	Repaired finding.Level `json:"repaired,omitempty"`
	// Zones are the parts of the sheet where nothing may be printed.
	Zones []scan.Zone `json:"zones,omitempty"`
}

// maxZones bounds the zones of a profile.
const maxZones = 64

// Validate reports everything wrong with the settings, joined.
func (c Checks) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, l := range []struct {
		name  string
		level finding.Level
	}{
		{"encryption", c.Encryption}, {"page size", c.PageSize}, {"too many pages", c.TooManyPages}, {"too many sheets", c.TooManySheets}, {"pdf version", c.PDFVersion},
		{"font not embedded", c.FontNotEmbedded}, {"image resolution", c.ImageResolution},
		{"repaired", c.Repaired}, {"portfolio", c.Portfolio}, {"attachments", c.Attachments}, {"blank letter", c.BlankLetter},
	} {
		if !l.level.Valid() {
			bad("%s: %q is none of error, warning and off", l.name, l.level)
		}
	}
	if !(c.PageToleranceMM >= 0 && c.PageToleranceMM <= MaxPageToleranceMM) {
		bad("page tolerance: %g mm is not between 0 and %d", c.PageToleranceMM, MaxPageToleranceMM)
	}
	switch c.PageAction {
	case "", ScalePage:
	case CropPage:
		if c.PageSize == finding.LevelError {
			bad("page size: is refused by its level, so it cannot be cropped")
		}
	case RefusePage:
		if c.PageSize == finding.LevelOff || c.PageSize == finding.LevelWarning {
			bad("page size: is refused by its action, so its level cannot be %s", c.PageSize)
		}
	default:
		bad("page size: action %q is none of scale, crop and refuse", c.PageAction)
	}
	if !(c.CropMM >= 0 && c.CropMM <= MaxCropMM) {
		bad("page crop: %g mm is not between 0 and %d", c.CropMM, MaxCropMM)
	}
	if !(c.MinScalePercent == 0 || c.MinScalePercent >= 1 && c.MinScalePercent <= 100) {
		bad("page scale: at least %g %% is not between 1 and 100", c.MinScalePercent)
	}
	if !(c.MaxScalePercent == 0 || c.MaxScalePercent >= 100 && c.MaxScalePercent <= mostScalePercent) {
		bad("page scale: at most %g %% is not between 100 and %d", c.MaxScalePercent, mostScalePercent)
	}
	if c.MaxSheets < 0 {
		bad("most sheets: %d is negative", c.MaxSheets)
	}
	if c.TooManySheets != "" && c.TooManySheets != finding.LevelOff && c.MaxSheets == 0 {
		bad("too many sheets: how many are allowed is not set")
	}
	if c.MaxPages < 0 {
		bad("most pages: %d is negative", c.MaxPages)
	}
	if c.TooManyPages != "" && c.TooManyPages != finding.LevelOff && c.MaxPages == 0 {
		bad("too many pages: how many are allowed is not set")
	}
	if c.MaxPDFVersion != "" && read.VersionRank(c.MaxPDFVersion) < 0 {
		bad("newest pdf version: %q is none of %s", c.MaxPDFVersion, strings.Join(read.Versions, ", "))
	}
	if !(c.MinDPI >= 0 && c.MinDPI <= 2400) {
		bad("least resolution: %g pixels an inch is not between 0 and 2400", c.MinDPI)
	}
	if len(c.Zones) > maxZones {
		bad("zones: %d are more than %d", len(c.Zones), maxZones)
	}
	for i, z := range c.Zones {
		switch {
		case strings.TrimSpace(z.Name) == "":
			bad("zone %d has no name", i+1)
		case !z.Level.Valid():
			bad("zone %q: level %q is none of error, warning and off", z.Name, z.Level)
		case !(z.WidthMM > 0 && z.HeightMM > 0 && z.XMM >= 0 && z.YMM >= 0 && z.XMM+z.WidthMM <= sheet.A4WidthMM+1e-9 && z.YMM+z.HeightMM <= sheet.A4HeightMM+1e-9):
			bad("zone %q does not lie on A4 (210 × 297 mm): x %g, y %g, %g × %g mm", z.Name, z.XMM, z.YMM, z.WidthMM, z.HeightMM)
		}
	}
	return errors.Join(errs...)
}

// Recipe names the rules that make a prepared file and its facts: Recipe, and
// under other checks than the default ones a mark of these.
func (c Checks) Recipe() string {
	body, err := json.Marshal(c)
	if err != nil || string(body) == "{}" {
		return Recipe // an unmarshallable number does not pass Validate
	}
	sum := sha256.Sum256(body)
	return Recipe + "+" + hex.EncodeToString(sum[:4])
}

func (c Checks) tolerance() float64 {
	if c.PageToleranceMM <= 0 {
		return sheet.UnscaledToleranceMM
	}
	return c.PageToleranceMM
}

// pageLevel is what becomes of a letter with a page that is not A4.
func (c Checks) pageLevel() finding.Level {
	if c.PageAction == RefusePage {
		return finding.LevelError
	}
	return c.PageSize.Or(finding.LevelWarning)
}

// place lays a page on the sheet as the vendor wants it. ok is false when it
// has no printable size.
func (c Checks) place(p read.Page) (sheet.Placement, bool) {
	at, ok := sheet.Place(p.Box, p.Rotate, p.UserUnit, c.tolerance())
	if !ok || at.A4 || c.PageAction != CropPage {
		return at, ok
	}
	return sheet.Crop(p.Box, p.Rotate, p.UserUnit, c.cropMM())
}

// Lay is how a page comes to lie on the sheet, from its size in pt as a viewer shows it. ok is false when it has no printable size.
func (c Checks) Lay(width, height float64) (at sheet.Placement, ok bool) {
	return c.place(read.Page{Box: sheet.Rect{X1: width, Y1: height}, UserUnit: 1})
}

// fits tells whether a page may be scaled so.
func (c Checks) fits(scale float64) bool {
	percent := math.Round(scale * 100)
	return percent >= cmp.Or(c.MinScalePercent, DefaultMinScalePercent) && percent <= cmp.Or(c.MaxScalePercent, DefaultMaxScalePercent)
}

func (c Checks) cropMM() float64 {
	if c.CropMM == 0 {
		return DefaultCropMM
	}
	return c.CropMM
}

// Sheets tells of a letter that takes n sheets, that of its cover counted,
// where these are too many. found is false when they are not.
func (c Checks) Sheets(n int) (f finding.Finding, found bool) {
	level := c.TooManySheets.Or(finding.LevelError)
	if c.MaxSheets == 0 || n <= c.MaxSheets || level == finding.LevelOff {
		return f, false
	}
	return finding.Finding{Code: finding.CodeTooManySheets, Severity: level, Args: finding.Args{"n": strconv.Itoa(n), "max": strconv.Itoa(c.MaxSheets)}}, true
}

// MinDPI is the resolution below which images are told of; 0: none is.
func (c Checks) minDPI() float64 {
	if c.ImageResolution.Or(finding.LevelOff) == finding.LevelOff {
		return 0
	}
	if c.MinDPI > 0 {
		return c.MinDPI
	}
	return DefaultMinDPI
}

// activeZones returns the zones that are looked at.
func (c Checks) activeZones() []scan.Zone {
	var active []scan.Zone
	for _, z := range c.Zones {
		if z.Level.Or(finding.LevelOff) != finding.LevelOff {
			active = append(active, z)
		}
	}
	return active
}

// checkDocument finds what concerns a document as a whole.
func (l *letter) checkDocument(s *read.Document) {
	if s.Encrypted {
		l.find(l.checks.Encryption.Or(finding.LevelOff), finding.Finding{Code: finding.CodeEncrypted, Document: s.Index,
			Args: finding.Args{"case": "readable"}})
	}
	if level := l.checks.PDFVersion.Or(finding.LevelOff); level != finding.LevelOff {
		most := l.checks.MaxPDFVersion
		if most == "" {
			most = DefaultMaxPDFVersion
		}
		v := s.Version()
		if rank := read.VersionRank(v); rank < 0 || rank > read.VersionRank(most) {
			args := finding.Args{"case": "unsaid", "max": most}
			if v != "" {
				args = finding.Args{"version": v, "max": most}
			}
			l.find(level, finding.Finding{Code: finding.CodePDFVersion, Document: s.Index, Args: args})
		}
	}
}

// checkLetter finds what concerns the letter as a whole.
func (l *letter) checkLetter() {
	if n, most := len(l.facts.Pages), l.checks.MaxPages; most > 0 && n > most {
		l.find(l.checks.TooManyPages.Or(finding.LevelError), finding.Finding{Code: finding.CodeTooManyPages,
			Args: finding.Args{"case": "vendor", "n": strconv.Itoa(n), "max": strconv.Itoa(most)}})
	}
}
