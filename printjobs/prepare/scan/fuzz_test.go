package scan

import (
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// FuzzContent: the scanner and the layer resolver take any bytes, always move
// on, and what a resolved stream paints is no more than before.
func FuzzContent(f *testing.F) {
	for _, seed := range []string{
		"q 1 0 0 rg 0 0 9 9 re f Q", "BT /F 12 Tf [(a\\)b) -20 <0041>] TJ ET", "BI /W 1/H 1/CS/RGB/BPC 8 ID abc EI Q",
		"/OC /Off BDC 0 0 1 rg 0 0 9 9 re B* (x) Tj EMC", "/Span <</ActualText(a)/X[1 2<<>>]>> BDC EMC", "<< [ ( ", "--5 .5. 1e5 + - /",
		"/P scn /Pattern cs 1 2 3 4 k", "BI ID", "BI /X", "% c\n1 g", "/A#4z#41 gs 7 Tr",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		table := &model.XRefTable{Table: map[int]*model.XRefTableEntry{}}
		off := syntax.Dict{"Type": syntax.Name("OCG")}
		gen := 0
		table.Table[1] = &model.XRefTableEntry{Object: off, Generation: &gen}
		s := &read.Document{Ctx: &model.Context{XRefTable: table}, Limits: read.Limits{}.WithDefaults()}
		s.Layers = &read.Layers{Document: s, Active: true, Off: map[int]bool{1: true}}
		resources := syntax.Dict{"Properties": syntax.Dict{"Off": syntax.Reference(1)}}

		tk := &syntax.Tokens{Data: data}
		last := -1
		for op := tk.Next(); op != nil; op = tk.Next() {
			if tk.End <= last || tk.Start < last || tk.Start > tk.End || tk.End > len(data) {
				t.Fatalf("operator at %d to %d after %d of %d", tk.Start, tk.End, last, len(data))
			}
			last = tk.End
		}
		before := NewInkScanner(s).Scan(data, resources, FreshGraphics, 0)
		resolved, _ := content.ResolveLayers(s, data, resources)
		s.Layers = &read.Layers{Document: s}
		after := NewInkScanner(s).Scan(resolved, resources, FreshGraphics, 0)
		if after.Marks && !before.Marks {
			t.Fatalf("resolving layers made marks: %q", resolved)
		}
	})
}

// FuzzZones: measuring takes any content and any font program, and what it
// finds lies in its zone.
func FuzzZones(f *testing.F) {
	for _, seed := range []string{
		"1 0 0 rg 0 400 30 30 re f", "10 w 0 0 m 99 99 l 5 300 l h b*", "W n 0 0 m 1 1 2 2 3 3 c S", "q 0 0 0 0 0 0 cm 9 9 9 9 re f* Q",
		"BT /F 12 Tf 2 Tr [(abc) -99 <00410042>] TJ T* (x) ' 1 2 (y) \" ET", "BT /G 9 Tf 0 1 -1 0 9 400 Tm <0001ffff> Tj ET",
		"BT /T 9 Tf 9 400 Td (aaa) Tj ET", "/X Do", "BI /W 9/H 9/BPC 1/CS/G ID x EI", "1e9 0 0 1e-9 0 0 cm 5 w 1 2 m 3 4 l S", "h h l m 1 2 v 3 4 y S",
	} {
		f.Add([]byte(seed), []byte("\x00\x01\x00\x00\x00\x03head"))
	}
	f.Fuzz(func(t *testing.T, data, program []byte) {
		table := &model.XRefTable{Table: map[int]*model.XRefTableEntry{}}
		s := &read.Document{Ctx: &model.Context{XRefTable: table}, Limits: read.Limits{}.WithDefaults()}
		s.Layers = &read.Layers{Document: s}
		descriptor := syntax.Dict{"FontFile2": syntax.StreamDict{Dict: syntax.Dict{}, Raw: program}, "Flags": syntax.Integer(4)}
		resources := syntax.Dict{
			"Font": syntax.Dict{
				"F": syntax.Dict{"Subtype": syntax.Name("TrueType"), "FontDescriptor": descriptor},
				"G": syntax.Dict{"Subtype": syntax.Name("Type0"), "Encoding": syntax.Name("Identity-H"), "DescendantFonts": syntax.Array{syntax.Dict{"FontDescriptor": descriptor}}},
				"T": syntax.Dict{"Subtype": syntax.Name("Type3"), "CharProcs": syntax.Dict{"a": syntax.StreamDict{Dict: syntax.Dict{}, Raw: data}},
					"Encoding": syntax.Dict{"Differences": syntax.Array{syntax.Integer(97), syntax.Name("a")}}},
			},
			"XObject": syntax.Dict{"X": syntax.StreamDict{Dict: syntax.Dict{"Subtype": syntax.Name("Form"), "BBox": types.NewNumberArray(0, 0, 500, 500)}, Raw: data}},
		}
		z := NewZoneScanner(s, append(UnprintableEdge(4, finding.LevelError), InserterZone(finding.LevelError)), 100)
		z.Left.Bytes = 1 << 20
		at, _ := sheet.Place(sheet.Rect{X0: 0, Y0: 0, X1: 595, Y1: 842}, 0, 1, sheet.UnscaledToleranceMM)
		page := read.Page{Box: sheet.Rect{X0: 0, Y0: 0, X1: 595, Y1: 842}, Resources: resources, UserUnit: 1}
		hang := time.AfterFunc(20*time.Second, func() { panic("hangs") })
		defer hang.Stop()
		z.Page(page, at, data, nil)
		for i, h := range z.Hits {
			if a := z.areas[i]; h.Any && !(h.Rect.X0 >= a.X0 && h.Rect.Y0 >= a.Y0 && h.Rect.X1 <= a.X1 && h.Rect.Y1 <= a.Y1 && h.Rect.Width() >= 0 && h.Rect.Height() >= 0) {
				t.Fatalf("ink %v outside its zone %v", h.Rect, a)
			}
		}
	})
}

// FuzzPixels: any picture data give a bitmap of the size asked for, or none.
func FuzzPixels(f *testing.F) {
	f.Add([]byte("\x00\xff\x10\xff"), 2, 2, uint8(0))
	f.Add([]byte("\xff\xd8\xff\xd9"), 1, 1, uint8(3))
	f.Add([]byte("\x80"), 8, 1, uint8(1))
	f.Add([]byte("\x00\x00\x00"), 1, 1, uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, w, h int, kind uint8) {
		s := &read.Document{Ctx: &model.Context{XRefTable: &model.XRefTable{Table: map[int]*model.XRefTableEntry{}}}, Limits: read.Limits{}.WithDefaults()}
		s.Layers = &read.Layers{Document: s}
		z := NewZoneScanner(s, []Zone{InserterZone(finding.LevelError)}, 0)
		d := syntax.Dict{"BitsPerComponent": syntax.Integer(8), "ColorSpace": syntax.Name("DeviceGray")}
		sd := syntax.StreamDict{Dict: d, Raw: data}
		switch kind % 4 {
		case 1:
			d["ImageMask"] = syntax.Boolean(true)
		case 2:
			d["ColorSpace"] = syntax.Name("DeviceRGB")
		case 3:
			sd.FilterPipeline = []syntax.PDFFilter{{Name: "DCTDecode"}}
		}
		p := z.pixels(sd, nil, w, h)
		if p == nil {
			return
		}
		if p.w != w || p.h != h {
			t.Fatalf("%d × %d pixels of %d × %d", p.w, p.h, w, h)
		}
		z.pixelInk(p, sheet.Matrix{595, 0, 0, 842, 0, 0}, sheet.Rect{X0: 0, Y0: 0, X1: 595, Y1: 842})
		z.pixelInk(p, sheet.Matrix{0, 842, -595, 0, 595, 0}, sheet.Rect{X0: 0, Y0: 0, X1: 595, Y1: 842})
	})
}
