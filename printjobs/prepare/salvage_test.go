package prepare

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
)

// twoPages is a PDF of two pages, red and blue in the upper left corner, with a
// text in a field that is drawn from its value, so that strings matter.
func twoPages() []byte {
	return rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2"+a4+"/Resources<<>>>>",
		"<</Type/Page/Parent 2 0 R/Contents 5 0 R/Annots[7 0 R]>>", "<</Type/Page/Parent 2 0 R/Contents 6 0 R>>",
		stream("", "1 0 0 rg 0 741.89 100 100 re f"), stream("", "0 0 1 rg 0 741.89 100 100 re f"),
		"<</Type/Annot/Subtype/Widget/FT/Tx/V(Verdi 17)/DA(/Helv 12 Tf)/F 4/Rect[100 100 300 130]>>")
}

// looksLikeTwoPages holds a prepared file against twoPages.
func looksLikeTwoPages(t *testing.T, out string) {
	t.Helper()
	if got := at(t, out, 1, 10, 10); got != red {
		t.Errorf("page 1: %v", got)
	}
	if got, want := at(t, out, 2, 10, 10), [3]byte{0, 0, 255}; got != want {
		t.Errorf("page 2: %v", got)
	}
	text, err := exec.Command("pdftotext", out, "-").Output()
	if err != nil || !strings.Contains(string(text), "Verdi 17") {
		t.Errorf("text %q (%v)", text, err)
	}
}

// TestDamagedAsQpdfWrites: every way that qpdf writes a file is read when the
// file is sound, and also when its cross-reference table is gone, wrong, or
// its end is cut off: with object streams, linearised, and encrypted by every
// revision with an empty user's or owner's password. What a password or the
// permissions forbid stays refused, whatever is damaged.
func TestDamagedAsQpdfWrites(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	judges.Need(t, "pdftotext")
	in := write(t, "in.pdf", twoPages())
	damages := map[string]func([]byte) []byte{
		"sound": func(b []byte) []byte { return b },
		"startxref wrong": func(b []byte) []byte {
			return regexp.MustCompile(`startxref\s+\d+`).ReplaceAll(b, []byte("startxref\n7"))
		},
		"offsets wrong": func(b []byte) []byte {
			return append([]byte("%PDF-1.7\n% something put before everything, so that nothing lies where it is said to\n"), b...)
		},
		"table gone": func(b []byte) []byte {
			b = regexp.MustCompile(`(?s)\nxref\n.*?trailer`).ReplaceAll(b, []byte("\ntrailer"))
			return regexp.MustCompile(`startxref\s+\d+`).ReplaceAll(b, nil)
		},
		"endings gone": func(b []byte) []byte {
			b = regexp.MustCompile(`startxref\s+\d+`).ReplaceAll(b, nil)
			return regexp.MustCompile(`\nendobj\n`).ReplaceAll(b, []byte("\n"))
		},
	}
	encrypt := func(user, owner, bits string, more ...string) []string {
		return slices.Concat([]string{"--allow-weak-crypto", "--encrypt", user, owner, bits}, more, []string{"--"})
	}
	for _, c := range []struct {
		name string
		args []string
		want string // the code of the refusal
	}{
		{"plain", nil, ""},
		{"object streams", []string{"--object-streams=generate"}, ""},
		{"object streams, uncompressed", []string{"--object-streams=generate", "--compress-streams=n"}, ""},
		{"linearised", []string{"--linearize"}, ""},
		{"linearised with object streams", []string{"--linearize", "--object-streams=generate"}, ""},
		{"R2", encrypt("", "eier", "40"), ""},
		{"R3", encrypt("", "eier", "128", "--use-aes=n"), ""},
		{"R4, RC4", encrypt("", "eier", "128", "--force-V4", "--use-aes=n"), ""},
		{"R4, AES", encrypt("", "eier", "128", "--use-aes=y"), ""},
		{"R4, metadata open", encrypt("", "eier", "128", "--use-aes=y", "--cleartext-metadata"), ""},
		{"R5", encrypt("", "eier", "256", "--force-R5"), ""},
		{"R6", encrypt("", "eier", "256"), ""},
		{"R6 with object streams", append([]string{"--object-streams=generate"}, encrypt("", "eier", "256")...), ""},
		{"R3 with object streams", append([]string{"--object-streams=generate"}, encrypt("", "eier", "128", "--use-aes=n")...), ""},
		{"R3, owner without password", encrypt("bruker", "", "128", "--use-aes=n", "--print=none"), "?"},
		{"R6, owner without password", encrypt("bruker", "", "256", "--print=none", "--allow-insecure"), "?"},
		{"R2, no printing", encrypt("", "eier", "40", "--print=n"), finding.CodePrintingForbidden},
		{"R3, no printing", encrypt("", "eier", "128", "--use-aes=n", "--print=none"), finding.CodePrintingForbidden},
		{"R3, coarse printing", encrypt("", "eier", "128", "--use-aes=n", "--print=low"), ""},
		{"R4, no printing", encrypt("", "eier", "128", "--use-aes=y", "--print=none"), finding.CodePrintingForbidden},
		{"R6, no printing", encrypt("", "eier", "256", "--print=none"), finding.CodePrintingForbidden},
		{"R2, password", encrypt("bruker", "eier", "40"), finding.CodeEncrypted},
		{"R4, password", encrypt("bruker", "eier", "128", "--use-aes=y"), finding.CodeEncrypted},
		{"R6, password", encrypt("bruker", "eier", "256"), finding.CodeEncrypted},
	} {
		made := filepath.Join(t.TempDir(), "made.pdf")
		if msg, err := exec.Command("qpdf", append(slices.Clone(c.args), in, made)...).CombinedOutput(); err != nil {
			t.Errorf("%s: qpdf: %s", c.name, msg)
			continue
		}
		sound, err := os.ReadFile(made)
		if err != nil {
			t.Fatal(err)
		}
		if c.want == "?" {
			// An empty owner's password opens the file and permits all, if
			// the writer did not put the user's in its place.
			c.want = finding.CodeEncrypted
			if exec.Command("qpdf", made, os.DevNull).Run() == nil {
				c.want = ""
			}
		}
		for name, damage := range damages {
			t.Run(c.name+", "+name, func(t *testing.T) {
				t.Parallel()
				facts, out, err := prepareBytes(t, damage(bytes.Clone(sound)))
				if c.want != "" {
					if got := codes(err); !slices.Equal(got, []string{c.want + ":0:0"}) {
						t.Errorf("got %v (%v), want %s", got, err, c.want)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				looksLikeTwoPages(t, out)
				if name == "sound" && !strings.Contains(c.name, "owner") && slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeRepaired }) {
					t.Error("counts as damaged")
				}
			})
		}
	}
}

// update appends an incremental update that defines objects anew.
func update(file []byte, size int, objects map[int]string) []byte {
	start := regexp.MustCompile(`startxref\s+(\d+)`).FindAllSubmatch(file, -1)
	out := append(bytes.Clone(file), '\n')
	var table strings.Builder
	for n, o := range objects {
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", n, len(out))
		out = fmt.Appendf(out, "%d 0 obj\n%s\nendobj\n", n, o)
	}
	at := len(out)
	return fmt.Appendf(out, "xref\n%strailer\n<</Size %d/Root 1 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n", &table, size, start[len(start)-1][1], at)
}

// hybrid is a PDF 1.5 file whose content lies in an object stream that only
// the cross-reference stream of its trailer's XRefStm knows; its table calls
// these objects free.
func hybrid() []byte {
	var b bytes.Buffer
	offsets := map[int]int{}
	b.WriteString("%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")
	object := func(n int, text string) {
		offsets[n] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", n, text)
	}
	object(1, catalog)
	object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>")
	object(4, stream("", "/X Do"))
	object(7, stream("/Type/XObject/Subtype/Form/BBox[0 0 600 850]/Resources<<>>", "1 0 0 rg 0 741.89 100 100 re f"))
	page, xobjects := "<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+"/Resources<</XObject 5 0 R>>>>", "<</X 7 0 R>>"
	index := fmt.Sprintf("3 0 5 %d ", len(page)+1)
	object(6, stream(fmt.Sprintf("/Type/ObjStm/N 2/First %d", len(index)), index+page+" "+xobjects))
	offsets[8] = b.Len()
	rows := []byte{0, 0, 0, 0} // of object 0
	entry := func(kind byte, field int, last byte) { rows = append(rows, kind, byte(field>>8), byte(field), last) }
	for n := 1; n <= 8; n++ {
		switch n {
		case 3:
			entry(2, 6, 0)
		case 5:
			entry(2, 6, 1)
		default:
			entry(1, offsets[n], 0)
		}
	}
	object(8, stream("/Type/XRef/Size 9/W[1 2 1]/Root 1 0 R", string(rows)))
	at := b.Len()
	b.WriteString("xref\n0 9\n0000000003 65535 f \n")
	for n := 1; n <= 8; n++ {
		if n == 3 || n == 5 {
			fmt.Fprintf(&b, "%010d 00000 f \n", map[int]int{3: 5, 5: 0}[n])
		} else {
			fmt.Fprintf(&b, "%010d 00000 n \n", offsets[n])
		}
	}
	fmt.Fprintf(&b, "trailer\n<</Size 9/Root 1 0 R/XRefStm %d>>\nstartxref\n%d\n%%%%EOF\n", offsets[8], at)
	return b.Bytes()
}

// TestOddFiles: files that are sound in an unusual way, and files that viewers
// open though they are not.
func TestOddFiles(t *testing.T) {
	t.Parallel()
	good := onePage(a4, "1 0 0 rg 0 741.89 100 100 re f")
	blueSquare := "0 0 1 rg 0 741.89 100 100 re f"
	blue := [3]byte{0, 0, 255}
	replaced := func(data []byte, pairs ...string) []byte {
		for i := 0; i < len(pairs); i += 2 {
			if !bytes.Contains(data, []byte(pairs[i])) {
				t.Fatalf("%q is not there", pairs[i])
			}
			data = bytes.ReplaceAll(data, []byte(pairs[i]), []byte(pairs[i+1]))
		}
		return data
	}
	first := update(good, 5, map[int]string{4: stream("", blueSquare)})
	for _, c := range []struct {
		name     string
		data     []byte
		want     [3]byte
		repaired bool
	}{
		{"PDF 1.0", replaced(good, "%PDF-1.7", "%PDF-1.0"), red, false},
		{"PDF 2.0", replaced(good, "%PDF-1.7", "%PDF-2.0"), red, false},
		{"no such version", replaced(good, "%PDF-1.7", "%PDF-9.9"), red, false},
		{"hybrid", hybrid(), red, false},
		{"incremental update", first, blue, false},
		{"two updates", update(first, 5, map[int]string{4: stream("", "1 0 0 rg 0 741.89 100 100 re f")}), red, false},
		{"update, broken", replaced(first, "startxref", "startx"), blue, true},
		{"page direct in the tree", rawPDF(catalog, "<</Type/Pages/Count 1/Kids[<</Type/Page"+a4+"/Contents 3 0 R>>]>>", stream("", blueSquare)), blue, false},
		{"no length", replaced(good, fmt.Sprintf("<</Length %d>>", len(blueSquare)), "<<>>"), red, true},
		{"dictionary not closed", replaced(good, "/Count 1>>", "/Count 1"), red, true},
		{"array not closed", replaced(good, "/Kids[3 0 R]/Count 1", "/Count 1/Kids[3 0 R"), red, true},
		{"stray words", replaced(good, "/Count 1>>", "/Count 1 noe ] ) >>"), red, true},
		{"string not closed", replaced(good, "/Count 1>>", "/Count 1/X(abc>>"), red, true},
		{"hexadecimal string not closed", replaced(good, "/Count 1>>", "/Count 1/X<ab/Y 1>>"), red, true},
		{"objects run together", replaced(good, "endobj\n", "", "xref\n0 5", "xref"), red, true},
		{"no trailer", replaced(good, "trailer", "trail", "startxref", "start"), red, true},
		{"root direct in the trailer", replaced(good, "/Root 1 0 R", "/Root<</Pages 2 0 R>>", "startxref", "start"), red, true},
		{"length elsewhere", replaced(rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+">>",
			"<</Length 5 0 R>>\nstream\n"+blueSquare+" % endstream \n\nendstream", fmt.Sprint(len(blueSquare)+14)), "startxref", "start"), blue, true},
		{"content in pieces", rawPDF(catalog, "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/Contents[4 0 R[5 0 R]6 0 R]"+a4+">>",
			stream("", "0 0 1"), stream("", "rg 0 741.89"), stream("", "100 100 re f")), blue, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			facts, out, err := prepareBytes(t, c.data)
			if err != nil {
				t.Fatal(err)
			}
			if got := at(t, out, 1, 10, 10); got != c.want {
				t.Errorf("colour %v, want %v", got, c.want)
			}
			if slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeRepaired }) != c.repaired {
				t.Errorf("warnings %+v", facts.Warnings)
			}
		})
	}
}

// TestSharedContent: pages that share one content stream have each their own
// box, turn and resources, also inherited ones.
func TestSharedContent(t *testing.T) {
	t.Parallel()
	form := func(colour string) string {
		return stream("/Type/XObject/Subtype/Form/BBox[0 0 900 900]/Resources<<>>", colour+" rg 0 0 900 900 re f")
	}
	data := rawPDF(catalog, "<</Type/Pages/Kids[3 0 R 4 0 R 5 0 R]/Count 3"+a4+"/Resources<</XObject<</X 7 0 R>>>>>>",
		"<</Type/Page/Parent 2 0 R/Contents 6 0 R>>", "<</Type/Page/Parent 2 0 R/Contents 6 0 R/Resources<</XObject<</X 8 0 R>>>>/Rotate 180>>",
		"<</Type/Page/Parent 2 0 R/Contents 6 0 R/Resources 9 0 R>>",
		stream("", "0 741.89 100 100 re W n /X Do"), form("1 0 0"), form("0 0 1"), "null")
	_, out := mustPrepare(t, data)
	blue := [3]byte{0, 0, 255}
	for page, s := range []spot{{10, 10, red}, {200, 287, blue}, {10, 10, red}} {
		if got := at(t, out, page+1, s.x, s.y); got != s.want {
			t.Errorf("page %d: %v, want %v", page+1, got, s.want)
		}
		if got := at(t, out, page+1, 105, 148); got != paper {
			t.Errorf("page %d: %v in the middle", page+1, got)
		}
	}
}

// TestRepairRefuses: what is lost stays a refusal, also where the rest of the
// file could be found.
func TestRepairRefuses(t *testing.T) {
	t.Parallel()
	good := string(twoPages())
	cut := good[:strings.Index(good, "xref")]
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"page lost", strings.Replace(cut, "4 0 obj", "4 0 bjo", 1), []string{"truncated:0:2"}},
		{"all pages lost", strings.ReplaceAll(strings.Replace(cut, "4 0 obj", "4 0 bjo", 1), "3 0 obj", "3 0 bjo"), []string{"truncated:0:1"}},
		{"tree lost", strings.Replace(cut, "2 0 obj", "2 0 bjo", 1), []string{"truncated:0:0"}},
		{"catalog lost", strings.Replace(cut, "1 0 obj", "1 0 bjo", 1), []string{"truncated:0:0"}},
		{"encrypted by what we do not know", cut + "trailer<</Root 1 0 R/Encrypt<</Filter/Annet/V 1>>>>", []string{"encrypted:0:0"}},
		{"encrypted, the dictionary lost", cut + "trailer<</Root 1 0 R/Encrypt 99 0 R>>", []string{"encrypted:0:0"}},
	} {
		_, _, err := prepareBytes(t, []byte(c.data))
		if got := codes(err); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v (%v), want %v", c.name, got, err, c.want)
		}
	}
}

// FuzzRepair: looking for objects takes any bytes, in time, and gives a
// document with a catalog or the reason why not.
func FuzzRepair(f *testing.F) {
	f.Add(twoPages())
	f.Add(hybrid())
	for _, seed := range []string{
		"1 0 obj<</Pages 2 0 R/Type/Catalog>>2 0 obj[1 0 R<a(b", "trailer<</Root<</Pages 1 0 R>>/Encrypt<</Filter/Standard/V 4/R 4/CF<</A<</CFM/AESV2>>>>/StmF/A>>>>1 0 obj 3",
		"5 0 obj<</Type/ObjStm/N 3/First 9/Length 20>>stream\n1 0 2 4 3 9 <<>> [] endstream", "1 0 obj<</Length 1 0 R>>stream\nx", "0 0 obj 99999999 0 obj -1 0 obj",
		"1 0 obj<</Encrypt 1 0 R/Filter/Standard/V 5/R 6/U()/O()>>trailer<</Encrypt 1 0 R>>",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, code := read.Salvage(data, read.Limits{MaxContentBytes: 1 << 20}.WithDefaults())
		switch code {
		case "":
			root, err := found.Ctx.Catalog()
			if err != nil || root == nil {
				t.Fatalf("no catalog (%v)", err)
			}
		case finding.CodeUnreadable, finding.CodeTruncated:
		case finding.CodeEncrypted, finding.CodePrintingForbidden:
			if !found.Encrypted {
				t.Fatalf("%s, but not encrypted", code)
			}
		default:
			t.Fatalf("code %q", code)
		}
	})
}

// TestNotOfTheFile: what stands in a comment or in an attached file is not of
// the document: no trailer, no objects, and no word that it is encrypted.
func TestNotOfTheFile(t *testing.T) {
	t.Parallel()
	red := "1 0 0 rg 0 741.89 100 100 re f"
	good := onePage(a4, red, "<</Type/Catalog/Pages 6 0 R>>", "<</Type/Pages/Kids[7 0 R]/Count 1>>",
		"<</Type/Page/Parent 6 0 R"+a4+"/Contents 8 0 R>>", stream("", "0 0 1 rg 0 741.89 100 100 re f"))
	broken := bytes.Replace(good, []byte("startxref"), []byte("startx"), 1)
	attached := rawPDF("<</Type/Catalog/Pages 2 0 R/Names<</EmbeddedFiles<</Names[(a) 5 0 R]>>>>>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R"+a4+">>", stream("", red), "<</Type/Filespec/F(a)/EF<</F 6 0 R>>>>",
		stream("/Type/EmbeddedFile", "%PDF-1.7\n4 0 obj\n<<>>\nendobj\ntrailer<</Root 1 0 R/Encrypt 6 0 R>>\n"))
	attached = append(attached, "% something behind, so that it is not read as a plain file\n"...)
	for name, data := range map[string][]byte{
		"trailer in a comment": append(broken, "% trailer <</Root 5 0 R>>\n"...),
		"encrypted attachment": attached,
		"searched, attachment": bytes.Replace(attached, []byte("\nstartxref"), []byte("\nstartx"), 1),
	} {
		facts, out := mustPrepare(t, data)
		if got := at(t, out, 1, 10, 10); got != [3]byte{255, 0, 0} {
			t.Errorf("%s: %v", name, got)
		}
		if name == "encrypted attachment" && slices.ContainsFunc(facts.Warnings, func(f finding.Finding) bool { return f.Code == finding.CodeRepaired }) {
			t.Errorf("%s: counts as damaged", name)
		}
	}
}
