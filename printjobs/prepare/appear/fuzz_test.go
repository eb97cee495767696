package appear

import (
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// FuzzAppearance: any annotation is drawn or not, and what is drawn is content
// that paints within its own box.
func FuzzAppearance(f *testing.F) {
	for _, seed := range []string{
		"<</Subtype/Widget/FT/Tx/V(abc def)/Ff 4096/DA(/Helv 0 Tf)/Rect[0 0 90 40]/MK<</BC[1]/R 90>>>>",
		"<</Subtype/Line/L[0 0 9 9]/LE[/OpenArrow/Slash]/C[1 0 0]/LL -3/Rect[0 0 9 9]>>", "<</Subtype/Ink/InkList[[1 2 3 4][5 6]]/Rect[0 0 9 9]>>",
		"<</Subtype/FreeText/Contents(x)/CL[1 2 3 4 5 6]/LE/Diamond/C[1 1 0]/Rect[0 0 99 99]>>", "<</Subtype/Squiggly/C[0]/Rect[0 0 1e9 1]>>",
		"<</Subtype/Widget/FT/Ch/Opt[(a)[(b)(c)]]/V[(b)]/TI 1/Rect[0 0 90 40]>>", "<</Subtype/Stamp/Name/NotApproved/Rect[0 0 9 9]>>",
		"<</Subtype/Widget/FT/Tx/Ff 16777216/MaxLen 9/V(123)/Rect[0 0 90 10]>>", "<</Subtype/Widget/FT/Btn/AS/On/MK<</CA(H)>>/Rect[0 0 9 9]>>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &syntax.ObjectReader{Data: data}
		d, ok := p.Value().(syntax.Dict)
		if !ok {
			return
		}
		s := &read.Document{Ctx: &model.Context{XRefTable: &model.XRefTable{Table: map[int]*model.XRefTableEntry{}}}, Limits: read.Limits{}.WithDefaults()}
		s.Layers = &read.Layers{Document: s}
		form, ok := (&Annotator{Document: s}).makeAppearance(s.Name(d["Subtype"]), d)
		if !ok || form == nil {
			return
		}
		sd, isStream := s.Stream(form)
		box, isRect := s.Rect(sd.Dict["BBox"])
		if !isStream || !isRect || !(box.Width() > 0) || !(box.Height() > 0) {
			t.Fatalf("form %v", sd.Dict)
		}
		tk := &syntax.Tokens{Data: sd.Raw}
		depth := 0
		for op := tk.Next(); op != nil; op = tk.Next() {
			switch string(op) {
			case "q":
				depth++
			case "Q":
				depth--
			case "m", "l", "c", "h", "re", "S", "f", "B", "n", "w", "d", "J", "j", "W", "cm", "BT", "ET", "Tf", "Td", "Tj", "g", "rg", "k", "G", "RG", "K", "gs":
			default:
				t.Fatalf("operator %q in %q", op, sd.Raw)
			}
		}
		if depth != 0 {
			t.Fatalf("%d unbalanced in %q", depth, sd.Raw)
		}
	})
}
