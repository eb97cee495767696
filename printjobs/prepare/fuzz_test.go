package prepare

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
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
		off := types.Dict{"Type": types.Name("OCG")}
		gen := 0
		table.Table[1] = &model.XRefTableEntry{Object: off, Generation: &gen}
		s := &source{ctx: &model.Context{XRefTable: table}, limits: Limits{}.withDefaults()}
		s.layers = &layers{s: s, active: true, off: map[int]bool{1: true}}
		resources := types.Dict{"Properties": types.Dict{"Off": *types.NewIndirectRef(1, 0)}}

		tk := &tokens{data: data}
		last := -1
		for op := tk.next(); op != nil; op = tk.next() {
			if tk.end <= last || tk.start < last || tk.start > tk.end || tk.end > len(data) {
				t.Fatalf("operator at %d to %d after %d of %d", tk.start, tk.end, last, len(data))
			}
			last = tk.end
		}
		before := newInkScanner(s).scan(data, resources, freshGraphics, 0)
		resolved, _ := s.layers.resolveContent(data, resources)
		s.layers = &layers{s: s}
		after := newInkScanner(s).scan(resolved, resources, freshGraphics, 0)
		if after.marks && !before.marks {
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
		s := &source{ctx: &model.Context{XRefTable: table}, limits: Limits{}.withDefaults()}
		s.layers = &layers{s: s}
		descriptor := types.Dict{"FontFile2": types.StreamDict{Dict: types.Dict{}, Raw: program}, "Flags": types.Integer(4)}
		resources := types.Dict{
			"Font": types.Dict{
				"F": types.Dict{"Subtype": types.Name("TrueType"), "FontDescriptor": descriptor},
				"G": types.Dict{"Subtype": types.Name("Type0"), "Encoding": types.Name("Identity-H"), "DescendantFonts": types.Array{types.Dict{"FontDescriptor": descriptor}}},
				"T": types.Dict{"Subtype": types.Name("Type3"), "CharProcs": types.Dict{"a": types.StreamDict{Dict: types.Dict{}, Raw: data}},
					"Encoding": types.Dict{"Differences": types.Array{types.Integer(97), types.Name("a")}}},
			},
			"XObject": types.Dict{"X": types.StreamDict{Dict: types.Dict{"Subtype": types.Name("Form"), "BBox": types.NewNumberArray(0, 0, 500, 500)}, Raw: data}},
		}
		z := newZoneScanner(s, append(UnprintableEdge(4, LevelError), InserterZone(LevelError)), 100)
		z.left.bytes = 1 << 20
		at, _ := place(rect{0, 0, 595, 842}, 0, 1, unscaledToleranceMM)
		page := rawPage{box: rect{0, 0, 595, 842}, resources: resources, userUnit: 1}
		hang := time.AfterFunc(20*time.Second, func() { panic("hangs") })
		defer hang.Stop()
		z.page(page, at, data, nil)
		for i, h := range z.hits {
			if a := z.areas[i]; h.any && !(h.rect.x0 >= a.x0 && h.rect.y0 >= a.y0 && h.rect.x1 <= a.x1 && h.rect.y1 <= a.y1 && h.rect.width() >= 0 && h.rect.height() >= 0) {
				t.Fatalf("ink %v outside its zone %v", h.rect, a)
			}
		}
	})
}

// FuzzLetter: any bytes are prepared or refused, in time, and what is prepared
// has the pages that the facts say.
func FuzzLetter(f *testing.F) {
	f.Add(onePage(a4, "1 0 0 rg 0 0 9 9 re f"))
	f.Add(layered("/OFF[6 0 R]"))
	f.Add(onePage(a4+"/Resources<</Font<</F 5 0 R>>>>/Annots[<</Subtype/Stamp/F 4/Rect[0 0 9 9]/AP<</N 6 0 R>>>>]", "BT /F 9 Tf (a) Tj ET", helvetica, stream("/Subtype/Form/BBox[0 0 9 9]", "0 0 9 9 re f")))
	f.Add(rawPDF(catalog, "<</Type/Pages/Kids[2 0 R null 3 0 R]/Count 3>>", "<<>>"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		in, out := filepath.Join(dir, "in.pdf"), filepath.Join(dir, "out.pdf")
		os.Remove(out)
		if err := os.WriteFile(in, data, 0o600); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		hang := time.AfterFunc(20*time.Second, func() { panic("hangs") })
		defer hang.Stop()
		facts, err := Letter(ctx, Request{Documents: []Document{{Path: in}}, Output: out, Limits: Limits{MaxPages: 100, MaxContentBytes: 1 << 20}})
		var refusal *Refusal
		if errors.As(err, &refusal) {
			if _, err := os.Stat(out); err == nil {
				t.Fatal("refused, but wrote a file")
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		n, err := PageCount(out)
		if err != nil || n != len(facts.Pages) || n == 0 {
			t.Fatalf("%d pages (%v), facts say %d", n, err, len(facts.Pages))
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
		s := &source{ctx: &model.Context{XRefTable: &model.XRefTable{Table: map[int]*model.XRefTableEntry{}}}, limits: Limits{}.withDefaults()}
		s.layers = &layers{s: s}
		z := newZoneScanner(s, []Zone{InserterZone(LevelError)}, 0)
		d := types.Dict{"BitsPerComponent": types.Integer(8), "ColorSpace": types.Name("DeviceGray")}
		sd := types.StreamDict{Dict: d, Raw: data}
		switch kind % 4 {
		case 1:
			d["ImageMask"] = types.Boolean(true)
		case 2:
			d["ColorSpace"] = types.Name("DeviceRGB")
		case 3:
			sd.FilterPipeline = []types.PDFFilter{{Name: "DCTDecode"}}
		}
		p := z.pixels(sd, nil, w, h)
		if p == nil {
			return
		}
		if p.w != w || p.h != h {
			t.Fatalf("%d × %d pixels of %d × %d", p.w, p.h, w, h)
		}
		z.pixelInk(p, matrix{595, 0, 0, 842, 0, 0}, rect{0, 0, 595, 842})
		z.pixelInk(p, matrix{0, 842, -595, 0, 595, 0}, rect{0, 0, 595, 842})
	})
}
