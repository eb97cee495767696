package impose

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// letters that show each rule by itself; their plans stand in testdata/plans.txt.
var golden = []struct {
	name   string
	letter Letter
	change func(*Options)
}{
	{name: "one page is simplex though duplex was asked", letter: Letter{Documents: docs(1), Duplex: true}},
	{name: "two pages duplex", letter: Letter{Documents: docs(2), Duplex: true}},
	{name: "three pages simplex", letter: Letter{Documents: docs(3)}},
	{name: "each document starts on a new sheet", letter: Letter{Documents: docs(3, 1, 2), Duplex: true}},
	{name: "two documents of one page stay duplex", letter: Letter{Documents: docs(1, 1), Duplex: true}},
	{name: "giro already on a front", letter: Letter{Documents: []Document{{Pages: 4, Giro: []int{3}}}, Duplex: true}},
	{name: "giro moved to a front", letter: Letter{Documents: []Document{{Pages: 4, Giro: []int{2}}}, Duplex: true}},
	{name: "two giros in a row", letter: Letter{Documents: []Document{{Pages: 5, Giro: []int{3, 2, 3}}}, Duplex: true}},
	{name: "giro in a simplex letter", letter: Letter{Documents: []Document{{Pages: 2, Giro: []int{2}}}}},
	{name: "giro last in the second document", letter: Letter{Documents: []Document{{Pages: 1}, {Pages: 2, Giro: []int{2}}}, Duplex: true}},
	{name: "no cover", letter: Letter{Documents: docs(3), Duplex: true}, change: func(o *Options) { o.Cover = CoverNone }},
	{name: "seventh sheet needs C4", letter: Letter{Documents: docs(6)}},
	{name: "cover not counted keeps C5", letter: Letter{Documents: docs(6)}, change: func(o *Options) { o.CountCover = false }},
	{name: "above the machine and the envelope", letter: Letter{Documents: docs(4)}, change: func(o *Options) {
		o.C5MaxSheets, o.C4MaxSheets, o.AutoMaxSheets = 1, 4, 4
	}},
}

func docs(pages ...int) []Document {
	var d []Document
	for _, n := range pages {
		d = append(d, Document{Pages: n})
	}
	return d
}

func TestPlans(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, g := range golden {
		o := DefaultOptions()
		if g.change != nil {
			g.change(&o)
		}
		im, err := Lay(g.letter, o)
		if err != nil {
			t.Fatalf("%s: %v", g.name, err)
		}
		b.WriteString("# " + g.name + "\n" + im.String() + "\n")
	}
	compareGolden(t, "plans.txt", b.String())
}

func TestEnvelopeThresholds(t *testing.T) {
	t.Parallel()
	// Sheets with the cover, as the DPI envelope page draws the lines: under 7 is
	// C5, 7 to 99 is C4, 100 and more are parcels; the machine takes 80.
	for _, c := range []struct {
		sheets   int
		envelope Envelope
		manual   bool
	}{
		{2, C5, false}, {6, C5, false}, {7, C4, false}, {80, C4, false}, {81, C4, true}, {99, C4, true}, {100, Parcel, true},
	} {
		im, err := Lay(Letter{Documents: docs(c.sheets - 1)}, DefaultOptions())
		if err != nil {
			t.Fatal(err)
		}
		if len(im.Sheets) != c.sheets || im.Envelope != c.envelope || im.Manual != c.manual {
			t.Errorf("%d sheets: got %d sheets, %s, by hand %v; want %s, by hand %v",
				c.sheets, len(im.Sheets), im.Envelope, im.Manual, c.envelope, c.manual)
		}
	}
}

// TestWeights holds the table of domain figures for 80 g/m² (grams of bare sheets).
func TestWeights(t *testing.T) {
	t.Parallel()
	o := DefaultOptions()
	o.Cover = CoverNone
	o.Paper.C5Milligram, o.Paper.C4Milligram, o.Paper.ParcelMilligram = 0, 0, 0
	for sheets, milligram := range map[int]int64{1: 4990, 2: 9980, 3: 14970, 6: 29940, 7: 34930, 10: 49900, 20: 99800, 99: 494010} {
		im, err := Lay(Letter{Documents: docs(sheets)}, o)
		if err != nil {
			t.Fatal(err)
		}
		if im.WeightMilligram != milligram {
			t.Errorf("%d sheets weigh %d mg, want %d", sheets, im.WeightMilligram, milligram)
		}
	}
}

func TestLetterErrors(t *testing.T) {
	t.Parallel()
	reject := func(o *Options) { o.GiroPolicy = GiroReject }
	for _, c := range []struct {
		name   string
		letter Letter
		change func(*Options)
		want   *LetterError
	}{
		{name: "no documents", want: &LetterError{Code: NoDocuments}},
		{name: "empty document", letter: Letter{Documents: docs(2, 0)}, want: &LetterError{Code: NoPages, Document: 2}},
		{name: "negative pages", letter: Letter{Documents: docs(-1)}, want: &LetterError{Code: NoPages, Document: 1}},
		{name: "giro page 0", letter: Letter{Documents: []Document{{Pages: 2, Giro: []int{0}}}}, want: &LetterError{Code: GiroOutside, Document: 1, Page: 0, Pages: 2}},
		{name: "giro page past the end", letter: Letter{Documents: []Document{{Pages: 1}, {Pages: 2, Giro: []int{1, 3}}}}, want: &LetterError{Code: GiroOutside, Document: 2, Page: 3, Pages: 2}},
		{name: "too many pages", letter: Letter{Documents: docs(MaxPages, 1)}, want: &LetterError{Code: TooManyPages}},
		{name: "giro on a back", letter: Letter{Documents: []Document{{Pages: 2, Giro: []int{2}}}, Duplex: true}, change: reject, want: &LetterError{Code: GiroOnBack, Document: 1, Page: 2, Pages: 2}},
	} {
		o := DefaultOptions()
		if c.change != nil {
			c.change(&o)
		}
		_, err := Lay(c.letter, o)
		var le *LetterError
		if !errors.As(err, &le) {
			t.Errorf("%s: got error %v, want a *LetterError", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, le); d != "" {
			t.Errorf("%s: (-want +got)\n%s", c.name, d)
		}
		if le.Error() == "" || strings.Contains(le.Error(), string(le.Code)) {
			t.Errorf("%s: error text %q is not a sentence", c.name, le.Error())
		}
	}
	// What the policy lets through.
	o := DefaultOptions()
	o.GiroPolicy = GiroReject
	for _, l := range []Letter{
		{Documents: []Document{{Pages: 3, Giro: []int{3}}}, Duplex: true},
		{Documents: []Document{{Pages: 2, Giro: []int{2}}}},
		{Documents: []Document{{Pages: 3, Giro: []int{1, 2, 3}}}, Duplex: true},
	} {
		if _, err := Lay(l, o); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
}

func TestOptionsErrors(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Options){
		"cover rule":   func(o *Options) { o.Cover = "half" },
		"giro policy":  func(o *Options) { o.GiroPolicy = "" },
		"C5 limit":     func(o *Options) { o.C5MaxSheets = -1 },
		"C4 limit":     func(o *Options) { o.C4MaxSheets = 5 },
		"automatic":    func(o *Options) { o.AutoMaxSheets = -1 },
		"sheet weight": func(o *Options) { o.Paper.SheetMilligram = 0 },
		"envelope":     func(o *Options) { o.Paper.C4Milligram = -1 },
	} {
		o := DefaultOptions()
		change(&o)
		_, err := Lay(Letter{Documents: docs(1)}, o)
		var le *LetterError
		if err == nil || errors.As(err, &le) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error of the options that says %q", name, err, name)
		}
	}
}

func drawLetter(t *rapid.T) Letter {
	l := Letter{Duplex: rapid.Bool().Draw(t, "duplex")}
	for range rapid.IntRange(1, 5).Draw(t, "documents") {
		d := Document{Pages: rapid.IntRange(1, 12).Draw(t, "pages")}
		if rapid.Bool().Draw(t, "has giro") {
			d.Giro = rapid.SliceOfN(rapid.IntRange(1, d.Pages), 1, 4).Draw(t, "giro")
		}
		l.Documents = append(l.Documents, d)
	}
	return l
}

func drawOptions(t *rapid.T) Options {
	o := DefaultOptions()
	o.Cover = rapid.SampledFrom([]CoverRule{CoverSheet, CoverNone}).Draw(t, "cover")
	o.C5MaxSheets = rapid.IntRange(0, 10).Draw(t, "c5")
	o.C4MaxSheets = o.C5MaxSheets + rapid.IntRange(0, 20).Draw(t, "c4 above c5")
	o.AutoMaxSheets = rapid.IntRange(0, 40).Draw(t, "auto")
	o.CountCover = rapid.Bool().Draw(t, "count cover")
	return o
}

// TestLayProperties: whatever the letter, every page once and in order, giro on
// fronts with empty backs, documents on new sheets, no sheet too many.
func TestLayProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l, o := drawLetter(t), drawOptions(t)
		im, err := Lay(l, o)
		if err != nil {
			t.Fatalf("lay: %v", err)
		}
		type at struct{ Document, Page int }
		var want, got []at
		for d, doc := range l.Documents {
			for p := range doc.Pages {
				want = append(want, at{d + 1, p + 1})
			}
		}
		duplex := l.Duplex && len(want) > 1
		if im.Duplex != duplex {
			t.Fatalf("duplex is %v, want %v", im.Duplex, duplex)
		}
		covers, giros := 0, 0
		for i, s := range im.Sheets {
			if s.N != i+1 || s.Of != len(im.Sheets) {
				t.Fatalf("sheet %d says %d of %d", i+1, s.N, s.Of)
			}
			if s.Front.Kind == Blank {
				t.Fatalf("sheet %d has an empty front\n%s", s.N, im)
			}
			if !duplex && s.Back.Kind != Blank {
				t.Fatalf("sheet %d of a simplex letter has a back\n%s", s.N, im)
			}
			if s.Front.Kind == Page && s.Back.Kind == Page && s.Front.Document != s.Back.Document {
				t.Fatalf("sheet %d carries two documents\n%s", s.N, im)
			}
			for _, side := range []Side{s.Front, s.Back} {
				switch side.Kind {
				case Page:
					if side.Index != len(got) || side.At != Identity {
						t.Fatalf("page %d.%d has index %d and matrix %v\n%s", side.Document, side.Page, side.Index, side.At, im)
					}
					got = append(got, at{side.Document, side.Page})
				case Cover:
					covers++
					if i != 0 || s.Back.Kind != Blank || s.Stock != CoverStock {
						t.Fatalf("cover on sheet %d, back %s, stock %s", s.N, s.Back, s.Stock)
					}
				default:
					if side != (Side{}) {
						t.Fatalf("empty side carries %+v", side)
					}
				}
			}
			isGiro := s.Front.Kind == Page && slices.Contains(l.Documents[s.Front.Document-1].Giro, s.Front.Page)
			if isGiro != (s.Stock == Giro) {
				t.Fatalf("sheet %d with front %s is on %s\n%s", s.N, s.Front, s.Stock, im)
			}
			if isGiro {
				giros++
				if s.Back.Kind != Blank {
					t.Fatalf("giro sheet %d has a back\n%s", s.N, im)
				}
			}
			if s.Back.Kind == Page && slices.Contains(l.Documents[s.Back.Document-1].Giro, s.Back.Page) {
				t.Fatalf("giro on the back of sheet %d\n%s", s.N, im)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("pages (-want +got):\n%s\n%s", d, im)
		}
		wantCovers := 0
		if o.Cover == CoverSheet {
			wantCovers = 1
		}
		sheets := wantCovers + fewestSheets(l, duplex)
		if covers != wantCovers || len(im.Sheets) != sheets {
			t.Fatalf("%d covers and %d sheets, want %d and %d\n%s", covers, len(im.Sheets), wantCovers, sheets, im)
		}
		if im.Pages != len(want)+covers || im.DocumentPages != len(want) || im.GiroSheets != giros {
			t.Fatalf("totals %d pages, %d of documents, %d giro; want %d, %d, %d",
				im.Pages, im.DocumentPages, im.GiroSheets, len(want)+covers, len(want), giros)
		}
		counted := sheets
		if !o.CountCover {
			counted -= covers
		}
		envelope, milligram := Parcel, o.Paper.ParcelMilligram
		if counted <= o.C4MaxSheets {
			envelope, milligram = C4, o.Paper.C4Milligram
		}
		if counted <= o.C5MaxSheets {
			envelope, milligram = C5, o.Paper.C5Milligram
		}
		for range im.Sheets {
			milligram += o.Paper.SheetMilligram
		}
		if im.Envelope != envelope || im.WeightMilligram != milligram || im.Manual != (counted > o.AutoMaxSheets) {
			t.Fatalf("%s of %d mg, by hand %v; want %s of %d mg for %d counted sheets",
				im.Envelope, im.WeightMilligram, im.Manual, envelope, milligram, counted)
		}
	})
}

// fewestSheets counts the sheets a letter needs in another way than Lay does:
// giro pages cut each document into runs; a run of k pages needs k sheets, or
// half of that rounded up when both sides are printed.
func fewestSheets(l Letter, duplex bool) int {
	n := 0
	for _, d := range l.Documents {
		run := 0
		end := func() {
			if duplex {
				n += (run + 1) / 2
			} else {
				n += run
			}
			run = 0
		}
		for p := 1; p <= d.Pages; p++ {
			if slices.Contains(d.Giro, p) {
				end()
				n++
			} else {
				run++
			}
		}
		end()
	}
	return n
}

// TestRejectAgreesWithPad: the strict policy refuses exactly the letters for
// which the lenient one has to leave a back empty that plain pages would fill.
func TestRejectAgreesWithPad(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := drawLetter(t)
		o := DefaultOptions()
		padded, err := Lay(l, o)
		if err != nil {
			t.Fatal(err)
		}
		moved := false
		for i, s := range padded.Sheets {
			if i > 0 && s.Stock == Giro && s.Front.Page > 1 {
				before := padded.Sheets[i-1]
				moved = moved || padded.Duplex && before.Stock == Plain && before.Back.Kind == Blank
			}
		}
		o.GiroPolicy = GiroReject
		strict, err := Lay(l, o)
		if moved != (err != nil) {
			t.Fatalf("moved %v, error %v\n%s", moved, err, padded)
		}
		if err == nil && strict.String() != padded.String() {
			t.Fatalf("plans differ:\n%s\n%s", strict, padded)
		}
	})
}

// TestLayIsLinear guards against a cost that grows with pages times giro pages.
func TestLayIsLinear(t *testing.T) {
	t.Parallel()
	giro := make([]int, 200_000)
	for i := range giro {
		giro[i] = i + 1
	}
	im, err := Lay(Letter{Documents: []Document{{Pages: len(giro), Giro: giro}}, Duplex: true}, DefaultOptions())
	if err != nil || im.GiroSheets != len(giro) {
		t.Fatalf("%d giro sheets, error %v", im.GiroSheets, err)
	}
}

func BenchmarkLay(b *testing.B) {
	l := Letter{Documents: []Document{{Pages: 3}, {Pages: 2, Giro: []int{2}}}, Duplex: true}
	o := DefaultOptions()
	for b.Loop() {
		if _, err := Lay(l, o); err != nil {
			b.Fatal(err)
		}
	}
}
