// Package typeset sets text in PDF: fixed subsets of Liberation Sans (metrics of Arial, which the printers' rules name), Serif
// and Mono, measured and embedded, and lines of text as operators of a content stream.
package typeset

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/go-fonts/liberation/liberationmonoregular"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
	"github.com/go-fonts/liberation/liberationserifregular"
	"golang.org/x/text/unicode/norm"

	"postgang/printjobs/printfile"
	"postgang/printjobs/truetype"
)

// repertoire is what the embedded fonts can write, as half-open ranges of runes: all of Latin that Liberation Sans has
// (Norwegian and the Sámi languages, whose Ǥ Ǩ Ʒ Ŋ lie in Extended-A and -B, and the names of people from the rest of
// Europe and Vietnam), Greek and Cyrillic for addresses abroad, and the punctuation of office documents. It is one fixed set,
// so that the font objects are the same bytes in every letter and stand once in a print file.
var repertoire = [][2]rune{
	{0x0020, 0x007F}, {0x00A0, 0x0250}, {0x0259, 0x025A}, {0x0292, 0x0293}, {0x02B9, 0x02BD}, {0x02C6, 0x02C8}, {0x02D8, 0x02DE},
	{0x0386, 0x03CF}, {0x0400, 0x0460}, {0x0490, 0x0492},
	{0x1E00, 0x1F00}, {0x2010, 0x2028}, {0x2030, 0x2031}, {0x2032, 0x2034}, {0x2039, 0x203B}, {0x2044, 0x2045},
	{0x20AC, 0x20AD}, {0x2116, 0x2117}, {0x2122, 0x2123}, {0x2212, 0x2213}, {0x2260, 0x2261}, {0x2264, 0x2266},
}

// notdef is the glyph of what the font lacks.
const notdef = 0

// Face is one font, cut down to the repertoire, with what is needed to set and to embed it. It is read-only once made.
type Face struct {
	name    string          // PostScript name with the subset's tag
	glyphs  map[rune]uint16 // rune to glyph of the subset
	latin   [latinEnd]uint16
	widths  []int  // advance of each glyph in 1/1000 em, as in the PDF's W array
	program []byte // the subset as TrueType, compressed by zlib
	length  int    // bytes of the subset before compression
	unicode []byte // ToUnicode CMap, compressed by zlib
	bbox    [4]int // 1/1000 em
	ascent  int    // 1/1000 em
	descent int    // 1/1000 em, negative
	capital int    // height of a capital letter, 1/1000 em
	stemV   int    // 1/1000 em
}

// Weight chooses one of the faces.
type Weight int

// The weights.
const (
	Regular Weight = iota
	Bold
)

// latinEnd ends the runes whose glyphs are also found without hashing: nearly all of a letter.
const latinEnd = 0x250

// glyph is the glyph of a rune, or notdef when the font cannot draw it.
func (a *Face) glyph(r rune) uint16 {
	if uint32(r) < latinEnd {
		return a.latin[r]
	}
	return a.glyphs[r]
}

// Faces gives the faces by their weights. They are parsed and cut down once in the life of the process.
func Faces() ([2]*Face, error) { return faces() }

var faces = sync.OnceValues(func() (pair [2]*Face, err error) {
	if pair[Regular], err = newFace("AAAAAP+LiberationSans", liberationsansregular.TTF, 80); err != nil {
		return pair, fmt.Errorf("read font Liberation Sans: %w", err)
	}
	if pair[Bold], err = newFace("AAAAAP+LiberationSans-Bold", liberationsansbold.TTF, 140); err != nil {
		return pair, fmt.Errorf("read font Liberation Sans Bold: %w", err)
	}
	return pair, nil
})

// Serif and Mono are the faces of fields whose own font is like Times or Courier. Each is made when it is first asked for.
var (
	Serif = one("AAAAAP+LiberationSerif", liberationserifregular.TTF)
	Mono  = one("AAAAAP+LiberationMono", liberationmonoregular.TTF)
)

func one(name string, ttf []byte) func() (*Face, error) {
	return sync.OnceValues(func() (*Face, error) {
		f, err := newFace(name, ttf, 80)
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", name, err)
		}
		return f, nil
	})
}

func newFace(name string, ttf []byte, stemV int) (*Face, error) {
	opened, err := truetype.Open(ttf)
	if err != nil {
		return nil, err
	}
	f, err := opened.Source()
	if err != nil {
		return nil, err
	}
	em := f.UnitsPerEm()
	thousandth := func(units int) int {
		scaled := units * 1000
		if scaled < 0 {
			return (scaled - em/2) / em
		}
		return (scaled + em/2) / em
	}
	a := &Face{name: name, glyphs: map[rune]uint16{}, stemV: stemV}
	keep := []uint16{notdef}
	runes := []rune{0}
	seen := map[uint16]uint16{}
	codes := f.Cmap(truetype.Unicode)
	for _, span := range repertoire {
		for r := span[0]; r < span[1]; r++ {
			code, _ := codes.Glyph(int(r))
			g := uint16(code)
			if g == notdef {
				continue
			}
			if sub, ok := seen[g]; ok { // a hyphen and its look-alike share a glyph; the first rune names it
				a.glyphs[r] = sub
				continue
			}
			seen[g] = uint16(len(keep))
			a.glyphs[r] = uint16(len(keep))
			keep = append(keep, g)
			runes = append(runes, r)
		}
	}
	for r, g := range a.glyphs {
		if r < latinEnd {
			a.latin[r] = g
		}
	}
	program, err := truetype.Subset(f, keep)
	if err != nil {
		return nil, err
	}
	for _, g := range keep {
		a.widths = append(a.widths, thousandth(f.Metric(int(g)).Advance()))
	}
	capital, ok := f.CapitalHeight()
	if !ok {
		return nil, errors.New("no height of capital letters")
	}
	a.ascent, a.descent, a.capital = thousandth(f.Ascent()), thousandth(f.Descent()), thousandth(capital)
	box := f.Bounds()
	a.bbox = [4]int{thousandth(box.XMin), thousandth(box.YMin), thousandth(box.XMax), thousandth(box.YMax)}
	a.length = len(program)
	if a.program, err = Deflate(program); err != nil {
		return nil, err
	}
	if a.unicode, err = Deflate(toUnicode(runes)); err != nil {
		return nil, err
	}
	return a, nil
}

// toUnicode is the CMap by which a reader gets letters back from glyph numbers; glyph 0 has none.
func toUnicode(runes []rune) []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n" +
		"/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n" +
		"1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	const block = 100 // the most entries that a bfchar section may have
	for from := 1; from < len(runes); from += block {
		to := min(from+block, len(runes))
		fmt.Fprintf(&b, "%d beginbfchar\n", to-from)
		for g := from; g < to; g++ {
			fmt.Fprintf(&b, "<%04X> <%04X>\n", g, runes[g]) // the repertoire lies in the Basic Multilingual Plane
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.Bytes()
}

// Deflate compresses the data of a stream for the filter FlateDecode, as well as zlib can.
func Deflate(data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Width measures s in pt at the given size in pt. Runes that the font lacks count as the glyph that stands for them.
func (a *Face) Width(s string, size float64) float64 {
	sum := 0
	for _, r := range s {
		sum += a.widths[a.glyph(r)]
	}
	return float64(sum) * size / 1000
}

// Has tells whether the font can draw r.
func (a *Face) Has(r rune) bool {
	return a.glyph(r) != notdef
}

// Ascent is how far letters reach above the baseline, in pt at the given size.
func (a *Face) Ascent(size float64) float64 { return size * float64(a.ascent) / 1000 }

// Height is the ascent and how far letters reach below the baseline, in pt at the given size.
func (a *Face) Height(size float64) float64 { return size * float64(a.ascent-a.descent) / 1000 }

// Missing is the first rune of s that the font cannot draw, and whether there is one.
func (a *Face) Missing(s string) (rune, bool) {
	for _, r := range s {
		if !a.Has(r) {
			return r, true
		}
	}
	return 0, false
}

// Lacking is every rune of s that the font cannot draw, each once, in their order.
func (a *Face) Lacking(s string) (runes []rune) {
	for _, r := range s {
		if !a.Has(r) && !slices.Contains(runes, r) {
			runes = append(runes, r)
		}
	}
	return runes
}

// Plain writes what the font lacks as it would be written by hand, where the font can draw that: ligatures (ﬁ), letters and
// digits of double width (１), Roman numerals and the like. What else it lacks stays.
func (a *Face) Plain(s string) string {
	if _, bad := a.Missing(s); !bad {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		plain := string(r)
		if !a.Has(r) {
			if other := norm.NFKC.String(plain); other != "" {
				if _, bad := a.Missing(other); !bad {
					plain = other
				}
			}
		}
		b.WriteString(plain)
	}
	return b.String()
}

const hexDigits = "0123456789ABCDEF"

// AppendShown writes s as the hexadecimal string of two-byte glyph numbers that Identity-H wants.
func (a *Face) AppendShown(dst []byte, s string) []byte {
	dst = append(dst, '<')
	for _, r := range s {
		g := a.glyph(r)
		dst = append(dst, hexDigits[g>>12], hexDigits[g>>8&15], hexDigits[g>>4&15], hexDigits[g&15])
	}
	return append(dst, '>')
}

// Clean brings text from outside into the form that is set: composed letters (macOS hands in a and ring apart), and every run
// of blanks, line breaks and control characters as one space.
func Clean(s string) string {
	s = norm.NFC.String(s)
	out := make([]rune, 0, len(s))
	space := false
	for _, r := range s {
		if r <= ' ' || r >= 0x7F && r <= 0xA0 || r == 0xAD || r >= 0x2000 && r <= 0x200F || r == 0x2028 || r == 0x2029 || r == 0x2060 || r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF {
			if r == 0xAD || r >= 0x200B && r <= 0x200F || r == 0x2060 || r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF {
				continue // soft hyphen, zero-width marks and selectors of a letter's variant are nothing on paper
			}
			space = len(out) > 0
			continue
		}
		if space {
			out = append(out, ' ')
			space = false
		}
		out = append(out, r)
	}
	return string(out)
}

// Adder takes the objects of a font: a [printfile.Builder] does.
type Adder interface {
	Add(o printfile.Object) printfile.Ref
}

// Embed adds the font as a Type0 font with glyph numbers for codes.
func (a *Face) Embed(b Adder) printfile.Ref {
	program := b.Add(printfile.Stream{
		Dict: printfile.Dict{"Filter": printfile.Name("FlateDecode"), "Length1": printfile.Int(a.length)},
		Data: a.program,
	})
	name := printfile.Name(a.name)
	var box, widths printfile.Array
	for _, v := range a.bbox {
		box = append(box, printfile.Int(v))
	}
	for _, v := range a.widths {
		widths = append(widths, printfile.Int(v))
	}
	const nonsymbolic = 1 << 5
	descriptor := b.Add(printfile.Dict{
		"Type": printfile.Name("FontDescriptor"), "FontName": name, "Flags": printfile.Int(nonsymbolic), "FontBBox": box,
		"ItalicAngle": printfile.Int(0), "Ascent": printfile.Int(a.ascent), "Descent": printfile.Int(a.descent),
		"CapHeight": printfile.Int(a.capital), "StemV": printfile.Int(a.stemV), "FontFile2": program,
	})
	descendant := b.Add(printfile.Dict{
		"Type": printfile.Name("Font"), "Subtype": printfile.Name("CIDFontType2"), "BaseFont": name,
		"CIDSystemInfo": printfile.Dict{
			"Registry": printfile.String("Adobe"), "Ordering": printfile.String("Identity"), "Supplement": printfile.Int(0),
		},
		"FontDescriptor": descriptor, "CIDToGIDMap": printfile.Name("Identity"), "DW": printfile.Int(a.widths[notdef]),
		"W": printfile.Array{printfile.Int(0), widths},
	})
	unicode := b.Add(printfile.Stream{Dict: printfile.Dict{"Filter": printfile.Name("FlateDecode")}, Data: a.unicode})
	return b.Add(printfile.Dict{
		"Type": printfile.Name("Font"), "Subtype": printfile.Name("Type0"), "BaseFont": name, "Encoding": printfile.Name("Identity-H"),
		"DescendantFonts": printfile.Array{descendant}, "ToUnicode": unicode,
	})
}
