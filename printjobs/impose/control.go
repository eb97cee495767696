package impose

import (
	"errors"
	"fmt"
)

// ControlStock is the paper of control sheets, for a vendor that draws them from
// a tray of their own, coloured for example.
const ControlStock Stock = "CONTROL"

// Control is a kind of control sheet.
type Control uint8

// The kinds of control sheets.
const (
	NoControl Control = iota // not a control sheet
	Header                   // before the first letter of a print file
	Trailer                  // after its last letter
)

// String gives the kind in lower case.
func (c Control) String() string {
	switch c {
	case NoControl:
		return "letter"
	case Header:
		return "header"
	case Trailer:
		return "trailer"
	}
	return fmt.Sprintf("Control(%d)", uint8(c))
}

// ControlSheet is what a control sheet says, which is one finished sheet with an
// empty back that does not go into an envelope. It holds no personal data. Of
// what is not known when a header is printed, the numbers are 0.
type ControlSheet struct {
	Kind   Control
	Job    string // job id: four letters or digits, and six digits
	Parent string // the job that this one prints again, or empty
	Vendor string
	File   int // number of the print file in the job, the first being 1

	FirstLetter, LastLetter int // numbers in the job of the file's letters
	Letters, Sheets, Pages  int // of the file, control sheets not counted

	Account  string // the sender whose letters these are, or empty when pooled
	Envelope string // as the ticket says: C5, C4, PARCEL
	Zone     string // as the ticket says
	Colour   bool
	Duplex   bool
	Giro     bool
	Trays    []Tray
}

// Tray says which paper lies in which tray.
type Tray struct {
	Stock Stock
	Tray  string // the vendor's name of the tray
	Paper string // what lies in it, in Norwegian
}

// Sheet is the control sheet as a finished sheet of the plan.
func (c ControlSheet) Sheet() Sheet {
	return Sheet{Front: Side{Kind: ControlPage, At: Identity}, Stock: ControlStock, N: 1, Of: 1}
}

// ControlMark is what the DataMatrix of a control sheet says.
type ControlMark struct {
	Kind                    Control // Header or Trailer
	Job                     string
	File                    int // number of the print file, the first being 1
	FirstLetter, LastLetter int // 0: not known
	Sheets                  int // 0: not known
}

// Mark is the content of the sheet's DataMatrix.
func (c ControlSheet) Mark() ControlMark {
	return ControlMark{c.Kind, c.Job, c.File, c.FirstLetter, c.LastLetter, c.Sheets}
}

// maxMarkFile is the highest number of a print file (exchange.FileName).
const maxMarkFile = 9999

// controlLength is the length of the text of a control sheet's mark:
//
//	H DEMA000008 0001 000001 000000 00000000
//
// without the spaces: H for a header or T for a trailer, the job, the number of
// the print file (4 digits), its first and last letter (6 each) and its sheets
// (8). It takes a DataMatrix of 20 × 20 modules, as the mark of a sheet does.
const controlLength = 1 + jobLength + 4 + 6 + 6 + 8

// Validate says what the text of the mark cannot say, or returns nil.
func (c ControlMark) Validate() error {
	switch {
	case c.Kind != Header && c.Kind != Trailer:
		return fmt.Errorf("kind of control sheet %d is unknown", c.Kind)
	case !validJob(c.Job):
		return errJob
	case c.File < 1 || c.File > maxMarkFile:
		return fmt.Errorf("print file %d: a mark can say 1 to %d", c.File, maxMarkFile)
	case c.FirstLetter < 0 || c.FirstLetter > MaxMarkLetter || c.LastLetter < 0 || c.LastLetter > MaxMarkLetter:
		return fmt.Errorf("letters %d to %d: a mark can say 0 to %d", c.FirstLetter, c.LastLetter, MaxMarkLetter)
	case c.LastLetter > 0 && c.LastLetter < c.FirstLetter:
		return fmt.Errorf("letters %d to %d end before they begin", c.FirstLetter, c.LastLetter)
	case c.Sheets < 0 || c.Sheets > MaxMarkRun:
		return fmt.Errorf("%d sheets: a mark can say 0 to %d", c.Sheets, MaxMarkRun)
	}
	return nil
}

// AppendText appends the text that [ParseControlMark] reads. Errors are those of
// Validate.
func (c ControlMark) AppendText(dst []byte) ([]byte, error) {
	if err := c.Validate(); err != nil {
		return dst, err
	}
	kind := byte('H')
	if c.Kind == Trailer {
		kind = 'T'
	}
	dst = append(dst, kind)
	dst = append(dst, c.Job...)
	dst = appendDigits(dst, c.File, 4)
	dst = appendDigits(dst, c.FirstLetter, 6)
	dst = appendDigits(dst, c.LastLetter, 6)
	return appendDigits(dst, c.Sheets, 8), nil
}

// ParseControlMark reads the text of a control sheet's DataMatrix.
func ParseControlMark(text string) (ControlMark, error) {
	if len(text) != controlLength || text[0] != 'H' && text[0] != 'T' {
		return ControlMark{}, fmt.Errorf("not the mark of a control sheet: want %d characters that begin with H or T", controlLength)
	}
	c := ControlMark{Kind: Header}
	if text[0] == 'T' {
		c.Kind = Trailer
	}
	f := fields{text: text[1:]}
	c.Job, c.File, c.FirstLetter, c.LastLetter, c.Sheets = f.take(jobLength), f.number(4), f.number(6), f.number(6), f.number(8)
	if f.bad {
		return ControlMark{}, errors.New("not the mark of a control sheet: a number has a character that is no digit")
	}
	if err := c.Validate(); err != nil {
		return ControlMark{}, fmt.Errorf("mark of a control sheet: %w", err)
	}
	return c, nil
}
