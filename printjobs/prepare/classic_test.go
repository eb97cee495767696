package prepare

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// classicDiffers tells how read.Classic and pdfcpu's strict reading differ on a
// file; plain is false when read.Classic leaves it to pdfcpu.
func classicDiffers(tb testing.TB, file []byte) (plain bool, difference string) {
	tb.Helper()
	ours, plain := read.Classic(bytes.Clone(file))
	if !plain {
		return false, ""
	}
	theirs, err := pdfcpu.ReadWithContext(tb.Context(), bytes.NewReader(file), read.Configuration(model.ValidationStrict))
	if err != nil {
		return true, "pdfcpu refuses it: " + err.Error()
	}
	if theirs.E != nil || *ours.Root != *theirs.Root {
		return true, "another root, or encryption"
	}
	for n, e := range theirs.Table {
		o, ok := ours.Table[n]
		if !ok {
			return true, "fewer objects"
		}
		if e.Free != o.Free || e.Compressed || *e.Generation != *o.Generation || *e.Offset != *o.Offset {
			return true, "an object lies elsewhere"
		}
		if !reflect.DeepEqual(e.Object, o.Object) {
			if a, ok := e.Object.(syntax.StreamDict); ok {
				b, _ := o.Object.(syntax.StreamDict)
				a.Content, b.Content = nil, nil // of an empty one
				if reflect.DeepEqual(a, b) {
					continue
				}
			}
			return true, "an object has another value"
		}
	}
	if len(ours.Table) != len(theirs.Table) {
		return true, "more objects"
	}
	return true, ""
}

// TestClassicIsPdfcpu: of the corpus's files and of damaged ones read.Classic reads
// what pdfcpu reads, or leaves them to it.
func TestClassicIsPdfcpu(t *testing.T) {
	t.Parallel()
	plain, of := map[string]int{}, map[string]int{}
	for _, f := range corpusFiles(t) {
		file, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		kind := filepath.Base(filepath.Dir(f))
		of[kind]++
		ok, difference := classicDiffers(t, file)
		if difference != "" {
			t.Errorf("%s: %s", filepath.Base(f), difference)
		}
		if ok {
			plain[kind]++
		}
	}
	t.Logf("read as plain: %v of %v", plain, of)
	if plain["letters"] != of["letters"] {
		t.Errorf("%d of %d letters are read as plain", plain["letters"], of["letters"])
	}
}

// TestClassicLeaves: what it must not take for plain.
func TestClassicLeaves(t *testing.T) {
	t.Parallel()
	good := onePage(a4, "0 0 9 9 re f")
	if _, plain := read.Classic(good); !plain {
		t.Fatal("a plain file is not read as one")
	}
	for name, change := range map[string][2]string{
		"encryption":             {"/Size", "/Encrypt 9 0 R/Size"},
		"an earlier table":       {"/Size", "/Prev 9/Size"},
		"a hybrid table":         {"/Size", "/XRefStm 9/Size"},
		"an entry of two values": {"/Type/Catalog", "/Type/Catalog/Type/Catalog"},
		"a comment":              {"/Type/Catalog", "/Type%x\n/Catalog"},
		"a keyword in a string":  {"/Type/Catalog", "/Type/Catalog/X(endobj)"},
		"a wrong length":         {"/Length 12", "/Length 11"},
		"an object number":       {"\n1 0 obj", "\n2 0 obj"},
		"another generation":     {"\n1 0 obj", "\n1 1 obj"},
		"something behind":       {"%%EOF", "%%EOF\n%%EOF"},
		"something in front":     {"%PDF-1.7", "x%PDF-1.7"},
		"a linearised file":      {"/Type/Catalog", "/Type/Catalog/Linearized 1"},
	} {
		// Offsets are wrong after most of them, which alone makes them odd: so
		// the table is made anew.
		changed := bytes.Replace(good, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, plain := read.Classic(retabled(t, changed)); plain {
			t.Errorf("%s is read as plain", name)
		}
	}
	if _, plain := read.Classic(retabled(t, good)); !plain {
		t.Error("the table made anew is the fault")
	}
}

// retabled gives the objects of rawPDF's files their true places again.
func retabled(t *testing.T, file []byte) []byte {
	t.Helper()
	head, rest, ok := bytes.Cut(file, []byte("xref\n"))
	if !ok {
		t.Fatal("no table")
	}
	out := bytes.Clone(head)
	lines := bytes.SplitAfter(rest, []byte("\n"))
	table := bytes.NewBuffer([]byte("xref\n"))
	n := 0
	for _, line := range lines {
		if bytes.HasSuffix(line, []byte(" n \n")) {
			n++
			at := bytes.Index(head, []byte("\n"+string(rune('0'+n))+" 0 obj"))
			if at < 0 {
				table.Write(line)
				continue
			}
			fmt.Fprintf(table, "%010d 00000 n \n", at+1)
			continue
		}
		table.Write(line)
	}
	text := table.Bytes()
	start := bytes.Index(text, []byte("startxref\n"))
	tail := text[start+len("startxref\n"):]
	_, tail, _ = bytes.Cut(tail, []byte("\n"))
	out = append(out, text[:start]...)
	out = append(out, fmt.Sprintf("startxref\n%d\n", len(head))...)
	return append(out, tail...)
}

// FuzzClassic holds read.Classic against pdfcpu's strict reading.
func FuzzClassic(f *testing.F) {
	for _, seed := range [][]byte{
		onePage(a4, "0 0 9 9 re f"),
		rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595.5 -842.]/A(a\\(b(c))/B<41f>/C null/D[true false null 1 2 3 0 R]/Contents 4 0 R/E#20F 1>>",
			"<</Length 5 0 R/Filter/FlateDecode/DecodeParms<</Predictor 1>>>>\nstream\nabc\nendstream", "3"),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, candidate := range [][]byte{file, rawPDF(catalog, string(file)), rawPDF(catalog, "<</A "+string(file)+">>", "<</Length 3>>\nstream\nabc\nendstream")} {
			if _, difference := classicDiffers(t, candidate); difference != "" {
				t.Errorf("%s: %q", difference, candidate)
			}
		}
	})
}

// BenchmarkRead reads letters as the classic files that they are, and as pdfcpu
// does.
func BenchmarkRead(b *testing.B) {
	var texts [][]byte
	for _, file := range letters(b) {
		text, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		texts = append(texts, text)
	}
	b.Run("classic", func(b *testing.B) {
		for i := range b.N {
			if _, ok := read.Classic(texts[i%len(texts)]); !ok {
				b.Fatal("a letter is not classic")
			}
		}
	})
	b.Run("pdfcpu", func(b *testing.B) {
		for i := range b.N {
			if _, err := pdfcpu.ReadWithContext(b.Context(), bytes.NewReader(texts[i%len(texts)]), read.Configuration(model.ValidationStrict)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
