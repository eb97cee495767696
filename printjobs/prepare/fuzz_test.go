package prepare

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"postgang/printjobs/prepare/read"
)

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
		facts, err := Letter(ctx, Request{Documents: []Document{{Path: in}}, Output: out, Limits: read.Limits{MaxPages: 100, MaxContentBytes: 1 << 20}})
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
		n, err := read.PageCount(out)
		if err != nil || n != len(facts.Pages) || n == 0 {
			t.Fatalf("%d pages (%v), facts say %d", n, err, len(facts.Pages))
		}
	})
}
