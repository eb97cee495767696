package prepare

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
)

// everything is the objects of a sound document with what a letter may have:
// two pages with fonts, an image, forms, a pattern, a stamp and a field.
func everything() []string {
	form := func(dict, content string) string {
		return coded("/Type/XObject/Subtype/Form/BBox[0 0 200 100]"+dict, zipped([]byte(content)))
	}
	rows := make([]byte, 40*40)
	for i := range rows {
		rows[i] = byte(i * i >> 2) //nolint:gosec // any byte
	}
	return []string{
		"<</Type/Catalog/Pages 2 0 R/AcroForm 16 0 R>>",
		"<</Type/Pages/Kids[3 0 R 10 0 R]/Count 2" + a4 + ">>",
		"<</Type/Page/Parent 2 0 R/Resources 5 0 R/Contents 4 0 R/Annots[8 0 R 17 0 R]>>",
		coded("", zipped([]byte("/G gs BT /F 24 Tf 72 700 Td (Side en) Tj ET q 90 0 0 90 72 500 cm /I Do Q /X Do /Pattern cs /P scn 300 500 90 90 re f"))),
		"<</Font<</F 6 0 R>>/XObject<</I 7 0 R/X 12 0 R>>/ExtGState<</G 13 0 R>>/Pattern<</P 15 0 R>>>>",
		helvetica,
		coded("/Type/XObject/Subtype/Image/Width 40/Height 40/BitsPerComponent 8/ColorSpace/DeviceGray", zipped(rows)),
		"<</Type/Annot/Subtype/Stamp/Name/Draft/F 4/Rect[300 700 500 740]/AP<</N 9 0 R>>>>",
		form("/Resources<</Font<</F 14 0 R>>>>", "BT /F 20 Tf 5 10 Td (Stempel) Tj ET"),
		"<</Type/Page/Parent 2 0 R/Resources<</Font<</F 14 0 R>>>>/Contents 11 0 R>>",
		stream("", "BT /F 24 Tf 72 700 Td (Side to) Tj ET"),
		form("/Resources<</Font<</F 14 0 R>>>>", "BT /F 20 Tf 5 10 Td (Skjema) Tj ET"),
		"<</Type/ExtGState/ca .5>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
		stream("/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>", "1 0 0 rg 0 0 5 5 re f"),
		"<</Fields[17 0 R]/DR<</Font<</F 6 0 R>>>>/DA(/F 12 Tf)>>",
		"<</Type/Annot/Subtype/Widget/FT/Tx/T(felt)/V(Verdi 17)/DA(/F 12 Tf)/F 4/Rect[100 100 300 130]>>",
	}
}

// placed is a PDF of objects with the places that its table says, which change
// may change: by the index of the object.
func placed(objects []string, change func(offsets []int)) []byte {
	data := rawPDF(objects...)
	at := bytes.LastIndex(data, []byte("xref\n0 "))
	at += bytes.Index(data[at:], []byte("65535 f \n")) + len("65535 f \n")
	offsets := make([]int, len(objects))
	for i := range offsets {
		offsets[i], _ = strconv.Atoi(string(data[at+20*i : at+20*i+10]))
	}
	change(offsets)
	for i, o := range offsets {
		copy(data[at+20*i:], fmt.Sprintf("%010d", o))
	}
	return data
}

// packed is a PDF whose objects without data lie in an object stream, with a
// cross-reference stream, of which change may change the entries.
func packed(objects []string, change func(entries [][3]int)) []byte {
	var b, index, body bytes.Buffer
	b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	n := len(objects)
	entries := make([][3]int, n+3)
	entries[0][2] = 0xFFFF
	object := func(number int, text string) {
		entries[number] = [3]int{1, b.Len(), 0}
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", number, text)
	}
	for i, o := range objects {
		if strings.HasSuffix(o, "endstream") {
			object(i+1, o)
			continue
		}
		entries[i+1] = [3]int{2, n + 1, bytes.Count(index.Bytes(), []byte(" ")) / 2}
		fmt.Fprintf(&index, "%d %d ", i+1, body.Len())
		body.WriteString(o + "\n")
	}
	count := bytes.Count(index.Bytes(), []byte(" ")) / 2
	object(n+1, coded(fmt.Sprintf("/Type/ObjStm/N %d/First %d", count, index.Len()), zipped(append(index.Bytes(), body.Bytes()...))))
	at := b.Len()
	entries[n+2] = [3]int{1, at, 0}
	if change != nil {
		change(entries)
	}
	var rows bytes.Buffer
	for _, e := range entries {
		rows.Write([]byte{byte(e[0]), byte(e[1] >> 16), byte(e[1] >> 8), byte(e[1]), byte(e[2] >> 8), byte(e[2])}) //nolint:gosec // as meant
	}
	fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n", n+2,
		stream(fmt.Sprintf("/Type/XRef/Size %d/W[1 3 2]/Root 1 0 R", n+3), rows.String()), at)
	return b.Bytes()
}

// qpdfMade is a document as qpdf writes it with an option.
func qpdfMade(t *testing.T, data []byte, option string) []byte {
	t.Helper()
	judges.Need(t, "qpdf")
	out := filepath.Join(t.TempDir(), "made.pdf")
	if msg, err := exec.Command("qpdf", option, write(t, "in.pdf", data), out).CombinedOutput(); err != nil {
		t.Fatalf("qpdf: %s", msg)
	}
	made, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// sum prepares a document and returns what tells whether the outcome is the
// same: the prepared bytes. refused is the codes if it was refused.
func sum(t *testing.T, data []byte) (sum string, refused []string) {
	t.Helper()
	facts, _, err := prepareBytes(t, data)
	if err != nil {
		return "", codes(err)
	}
	return facts.SHA256, nil
}

// TestEveryEntryWrong: with any one entry of the cross-reference table wrong,
// a sound document comes out as it was or is refused; nothing is lost or
// exchanged.
func TestEveryEntryWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("repairs a PDF in every wrong way")
	}
	t.Parallel()
	objects := everything()
	want, refused := sum(t, rawPDF(objects...))
	if refused != nil {
		t.Fatal(refused)
	}
	outcome := map[string]int{}
	check := func(name string, data []byte) {
		got, refused := sum(t, data)
		switch {
		case refused != nil:
			outcome["refused"]++
		case got == want:
			outcome["as it was"]++
		default:
			t.Errorf("%s: it comes out otherwise", name)
		}
	}
	for i := range objects {
		for by := -40; by <= 60; by += 3 {
			if by != 0 {
				check(fmt.Sprintf("object %d by %d", i+1, by), placed(objects, func(o []int) { o[i] += by }))
			}
		}
		other := (i + 5) % len(objects)
		check(fmt.Sprintf("object %d as %d", i+1, other+1), placed(objects, func(o []int) { o[i] = o[other] }))
		check(fmt.Sprintf("object %d and %d", i+1, other+1), placed(objects, func(o []int) { o[i], o[other] = o[other], o[i] }))
		check(fmt.Sprintf("object %d nowhere", i+1), placed(objects, func(o []int) { o[i] = 0 }))
		check(fmt.Sprintf("object %d beyond", i+1), placed(objects, func(o []int) { o[i] = 99999999 }))
	}
	t.Logf("%v", outcome)
	if outcome["as it was"] < 500 {
		t.Errorf("%v", outcome)
	}
}

// TestEveryPackedEntryWrong: the same with a cross-reference stream and an
// object stream. An annotation that an entry calls deleted is told of.
func TestEveryPackedEntryWrong(t *testing.T) {
	if testing.Short() {
		t.Skip("repairs a PDF in every wrong way")
	}
	t.Parallel()
	objects := everything()
	want, refused := sum(t, packed(objects, nil))
	if refused != nil {
		t.Fatal(refused)
	}
	outcome := map[string]int{}
	for i := 1; i <= len(objects)+1; i++ {
		for field := range 3 {
			for _, by := range []int{-7, -1, 1, 2, 40} {
				facts, _, err := prepareBytes(t, packed(objects, func(e [][3]int) { e[i][field] = max(e[i][field]+by, 0) }))
				switch {
				case err != nil:
					outcome["refused"]++
				case facts.SHA256 == want:
					outcome["as it was"]++
				case slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeNoAppearance }):
					outcome["told of"]++ // the entry says that the annotation was deleted
				default:
					t.Errorf("object %d, field %d by %d: it comes out otherwise", i, field, by)
				}
			}
		}
	}
	t.Logf("%v", outcome)
}

// TestCutAnywhere: a file whose end is missing, however much of it, is refused
// or comes out as if it were whole; one with an update may also come out as it
// was before, but only if nothing of the update is there.
func TestCutAnywhere(t *testing.T) {
	t.Parallel()
	objects := everything()
	plain := rawPDF(objects...)
	updated := update(plain, len(objects)+2, map[int]string{11: stream("", "BT /F 24 Tf 72 700 Td (Side to, rettet) Tj ET")})
	for name, whole := range map[string][]byte{"plain": plain, "packed": packed(objects, nil), "updated": updated,
		"linearised": qpdfMade(t, plain, "--linearize"), "with object streams": qpdfMade(t, plain, "--object-streams=generate")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, refused := sum(t, whole)
			if refused != nil {
				t.Fatal(refused)
			}
			before := ""
			if name == "updated" {
				before, _ = sum(t, plain)
			}
			passed := 0
			for n := len(whole) - 1; n > 0; n -= 1 + len(whole)/1500 {
				got, refused := sum(t, whole[:n])
				switch {
				case refused == nil && got == want, refused == nil && got == before && n < len(plain)+len("\n11 0 obj"):
					passed++
				case refused == nil:
					t.Fatalf("cut after %d of %d bytes it comes out otherwise: %q", n, len(whole), whole[max(0, n-60):n])
				case n > 20 && !slices.Contains([]string{finding.CodeTruncated, finding.CodeUnreadable, finding.CodeBlankedPage}, strings.Split(refused[0], ":")[0]):
					t.Errorf("cut after %d bytes: %v", n, refused)
				}
			}
			t.Logf("%d pass", passed)
		})
	}
}

// TestHoles: a file in which something was never written, or was overwritten,
// is refused or comes out as if nothing had been, wherever the hole is.
func TestHoles(t *testing.T) {
	t.Parallel()
	for name, whole := range map[string][]byte{"plain": rawPDF(everything()...), "packed": packed(everything(), nil)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, _ := sum(t, whole)
			for at := 16; at < len(whole); at += 17 {
				data := bytes.Clone(whole)
				copy(data[at:], make([]byte, 96))
				if got, refused := sum(t, data); refused == nil && got != want {
					t.Errorf("a hole at %d of %d bytes: it comes out otherwise", at, len(whole))
				}
			}
		})
	}
}
