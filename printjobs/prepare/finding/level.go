package finding

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"postgang/printjobs/prepare/sheet"
)

// Level says what becomes of a letter about which something is found.
type Level string

// The levels. The empty Level is each check's own default.
const (
	LevelOff     Level = "off"     // not looked for, or not told
	LevelWarning Level = "warning" // told, and printed
	LevelError   Level = "error"   // told, and refused
)

// Or returns the level, or the other one when it is not set.
func (l Level) Or(other Level) Level {
	if l == "" {
		return other
	}
	return l
}

// Valid reports whether l is a level or empty.
func (l Level) Valid() bool {
	return l == "" || l == LevelOff || l == LevelWarning || l == LevelError
}

// Box is a part of the upright A4 page in mm from its top left corner, with
// X0 <= X1 and Y0 <= Y1, rounded to 0.1 mm.
type Box struct {
	X0 float64 `json:"x0"`
	Y0 float64 `json:"y0"`
	X1 float64 `json:"x1"`
	Y1 float64 `json:"y1"`
}

// mmBox turns a rectangle on the sheet, in pt from its lower left corner.
func mmBox(r sheet.Rect) *Box {
	round := func(pt float64) float64 { return math.Round(pt/sheet.PtPerMM*10) / 10 }
	return &Box{X0: round(r.X0), Y0: round(sheet.A4Height - r.Y1), X1: round(r.X1), Y1: round(sheet.A4Height - r.Y0)}
}

// mm writes a length as Norwegians do.
func mm(v float64) string { return strings.Replace(strconv.FormatFloat(v, 'f', -1, 64), ".", ",", 1) }

// String writes the place as people read it: "x 0–15 mm, y 95–175 mm".
func (b Box) String() string {
	return fmt.Sprintf("x %s–%s mm, y %s–%s mm", mm(b.X0), mm(b.X1), mm(b.Y0), mm(b.Y1))
}
