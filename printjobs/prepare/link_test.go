package prepare

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/printfile"
)

// TestLetterLinks: two letters with the same picture are linked into one print
// file that is sound, looks like them and holds the picture once.
func TestLetterLinks(t *testing.T) {
	t.Parallel()
	judges.Need(t, "qpdf")
	noise := make([]byte, 200*200*3)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(rng.UintN(256))
	}
	picture := stream("/Type/XObject/Subtype/Image/Width 200/Height 200/ColorSpace/DeviceRGB/BitsPerComponent 8", string(noise))
	printFile := filepath.Join(t.TempDir(), "print.pdf")
	out, err := os.Create(printFile)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	linker := printfile.NewLinker(out, printfile.Options{})
	for _, colour := range []string{"1 0 0", "0 0 1"} {
		facts, path := mustPrepare(t, onePage(a4+"/Resources<</XObject<</X 5 0 R>>>>", colour+" rg 0 741.89 100 100 re f q 90 0 0 90 300 300 cm /X Do Q", picture))
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		letter, err := printfile.OpenPrepared(f, facts.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		side := printfile.Side{Width: sheet.A4Width, Height: sheet.A4Height, Placements: []printfile.Placement{{Source: letter, Matrix: printfile.Identity}}}
		if err := linker.AddSide(side); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := linker.Close(); err != nil {
		t.Fatal(err)
	}
	if info, err := out.Stat(); err != nil || info.Size() > int64(len(noise))*3/2 {
		t.Errorf("print file of %d bytes for a picture of %d (%v)", info.Size(), len(noise), err)
	}
	if msg, err := exec.Command("qpdf", "--check", printFile).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %s", msg)
	}
	if a, b := at(t, printFile, 1, 10, 10), at(t, printFile, 2, 10, 10); a != red || b != [3]byte{0, 0, 255} {
		t.Errorf("pages %v %v", a, b)
	}
}
