package config

import (
	"errors"
	"sort"
	"strings"

	"postgang/printjobs"
	"postgang/printjobs/exchange"
	"postgang/printjobs/impose"
)

// Press is how finished sheets lie on what the press prints; without it each is an A4 sheet by itself. What is not set has
// the default of impose.DefaultPress.
type Press struct {
	Paper       string  `toml:"paper"` // A4, A3, SRA3, SRA2, or width x height in mm
	Columns     *int    `toml:"columns"`
	Rows        *int    `toml:"rows"`
	GutterX     float64 `toml:"gutter_x_mm"`
	GutterY     float64 `toml:"gutter_y_mm"`
	Bleed       float64 `toml:"bleed_mm"`
	Turn        int     `toml:"turn"` // degrees counterclockwise
	MarginX     float64 `toml:"margin_x_mm"`
	MarginY     float64 `toml:"margin_y_mm"` // without margins the sheets are centred
	Order       *string `toml:"order"`       // "cut-and-stack" or "sequential"
	StackSheets *int    `toml:"stack_sheets"`
	Flip        *string `toml:"flip"` // "long-edge" or "short-edge"
	CropLength  float64 `toml:"crop_mark_length_mm"`
	CropOffset  float64 `toml:"crop_mark_offset_mm"`
	CropWidth   float64 `toml:"crop_mark_width_mm"`
}

// Marks are the marks that the vendor's machines read on every finished sheet, mm from its top left corner.
type Marks struct {
	DataMatrix *DataMatrix `toml:"datamatrix"`
	OMR        *OMR        `toml:"omr"`
}

// DataMatrix is where a sheet's DataMatrix stands.
type DataMatrix struct {
	X      float64  `toml:"x_mm"`
	Y      float64  `toml:"y_mm"`
	Module *float64 `toml:"module_mm"`
	Opaque *bool    `toml:"opaque"` // white beneath it; default true
}

// OMR is an inserter's code: a known machine's, of which single values may be set otherwise, or all of one's own.
type OMR struct {
	Machine   string            `toml:"machine"`
	X         *float64          `toml:"x_mm"`
	FirstY    *float64          `toml:"first_y_mm"`
	Pitch     *float64          `toml:"pitch_mm"`
	Length    *float64          `toml:"length_mm"`
	Thickness *float64          `toml:"thickness_mm"`
	Positions []impose.Position `toml:"positions"`
	LastFirst bool              `toml:"last_first"`
	Opaque    *bool             `toml:"opaque"` // white beneath it; default true
}

// machines are the inserters whose codes are known.
var machines = map[string]func() impose.OMR{
	"pitney-bowes-d1600": impose.PitneyBowesD1600,
	"pitney-bowes-di425": impose.PitneyBowesDI425,
	"quadient-ds95i":     impose.QuadientDS95i,
}

// defaultModuleMM is the module of a sheet's DataMatrix: the smallest that cameras over running sheets read.
const defaultModuleMM = 0.5

// press sets how a vendor's sheets are arranged, marked and called for.
func (c *checker) press(at string, v *Vendor, p *printjobs.Profile) {
	p.Control, p.DocumentParts, p.MergeFonts = v.Print.ControlSheets, v.Print.DocumentParts, v.Print.MergeFonts
	p.Group, p.Sort = v.Print.Group, v.Print.Sort
	set(&p.MaxSheetsPerJob, v.Print.MaxSheetsPerJob)
	set(&p.MaxBytesPerJob, v.Print.MaxBytesPerJob)
	set(&p.MaxLettersPerFile, v.Print.MaxLettersPerFile)
	for name, tray := range v.Print.Trays {
		stock := strings.ToUpper(name)
		switch stock {
		case exchange.StockPlain, exchange.StockCover, exchange.StockGiro, exchange.StockControl:
		default:
			c.add(at+".print.trays", "%q is no kind of paper; there are plain, cover, giro and control", name)
			continue
		}
		if tray == "" {
			c.add(at+".print.trays", "the tray of %s paper has no name", name)
			continue
		}
		if p.Instructions.Trays == nil {
			p.Instructions.Trays = map[string]string{}
		}
		p.Instructions.Trays[stock] = tray
	}
	if v.Press != nil {
		p.Press = c.sheets(at+".press", *v.Press)
	}
	if m := v.Marks.DataMatrix; m != nil {
		p.Marks.DataMatrix = impose.DataMatrix{XMM: m.X, YMM: m.Y, ModuleMM: defaultModuleMM, Through: m.Opaque != nil && !*m.Opaque}
		set(&p.Marks.DataMatrix.ModuleMM, m.Module)
	}
	if m := v.Marks.OMR; m != nil {
		p.Marks.OMR = c.omr(at+".marks.omr", *m)
	}
	where := at + ".marks.datamatrix"
	if v.Marks.DataMatrix == nil {
		where = at + ".marks.omr"
	}
	c.addAll(where, p.Marks.Validate())
}

func (c *checker) sheets(at string, v Press) impose.Press {
	p := impose.DefaultPress()
	if v.Paper != "" {
		w, h, err := impose.PaperSize(v.Paper)
		if err != nil {
			c.add(at+".paper", "%v", err)
			return p
		}
		p.WidthMM, p.HeightMM = w, h
	}
	set(&p.Columns, v.Columns)
	set(&p.Rows, v.Rows)
	if p.Columns > 1 || p.Rows > 1 {
		p.Order = impose.CutAndStack
	}
	p.GutterXMM, p.GutterYMM, p.BleedMM, p.Turn = v.GutterX, v.GutterY, v.Bleed, v.Turn
	if v.MarginX != 0 || v.MarginY != 0 {
		p.Centred, p.MarginXMM, p.MarginYMM = false, v.MarginX, v.MarginY
	}
	if v.Order != nil {
		p.Order = impose.Order(*v.Order)
	}
	set(&p.StackSheets, v.StackSheets)
	if v.Flip != nil {
		p.Flip = impose.Flip(*v.Flip)
	}
	p.Crop = impose.CropMarks{LengthMM: v.CropLength, OffsetMM: v.CropOffset, WidthMM: v.CropWidth}
	if p.Crop.LengthMM > 0 && p.Crop.WidthMM == 0 {
		p.Crop.WidthMM = 0.25 // a hairline that every press prints
	}
	if err := p.Validate(); err != nil {
		c.addAll(at, err)
		return impose.DefaultPress() // told already
	}
	return p
}

func (c *checker) omr(at string, v OMR) impose.OMR {
	var o impose.OMR
	if v.Machine != "" {
		known, ok := machines[v.Machine]
		if !ok {
			names := make([]string, 0, len(machines))
			for n := range machines {
				names = append(names, n)
			}
			sort.Strings(names)
			c.add(at+".machine", "%q is no known machine: use one of %s, or leave it out and give all values", v.Machine, strings.Join(names, ", "))
			return o
		}
		o = known()
	}
	set(&o.XMM, v.X)
	set(&o.FirstYMM, v.FirstY)
	set(&o.PitchMM, v.Pitch)
	set(&o.LengthMM, v.Length)
	set(&o.ThicknessMM, v.Thickness)
	if len(v.Positions) > 0 {
		o.Positions = v.Positions
	}
	if !o.On() {
		c.add(at+".positions", "are missing: what each line of the code means, from the top, such as [\"always\", \"not-end\", \"sequence-0\"]")
	}
	o.LastFirst, o.Through = v.LastFirst, v.Opaque != nil && !*v.Opaque
	return o
}

// addAll notes each of joined errors by itself.
func (c *checker) addAll(at string, err error) {
	var all interface{ Unwrap() []error }
	switch {
	case err == nil:
	case errors.As(err, &all):
		for _, e := range all.Unwrap() {
			c.add(at, "%v", e)
		}
	default:
		c.add(at, "%v", err)
	}
}
