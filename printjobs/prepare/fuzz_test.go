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
