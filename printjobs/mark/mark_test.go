package mark

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/printjobs/impose"
)

func allMarks() impose.Marks {
	return impose.Marks{
		DataMatrix: impose.DataMatrix{XMM: 188, YMM: 270, ModuleMM: 0.6},
		OMR:        impose.PitneyBowesD1600(),
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	m, s := allMarks(), impose.SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}
	through := m.OMR
	through.Through = true
	for name, c := range map[string]struct {
		marks impose.Marks
		want  []string
	}{
		"none":       {impose.Marks{}, nil},
		"DataMatrix": {impose.Marks{DataMatrix: m.DataMatrix}, []string{"1.7008 0 0 -1.7008 532.9134 76.5354 cm\n1 g -2 -2 24 24 re f 0 g\n"}},
		"OMR":        {impose.Marks{OMR: m.OMR}, []string{"2.8346 0 0 -2.8346 0 841.8898 cm\n1 g 2 99.75 16 64.5 re\nf 0 g\n5 119.75 10 0.5 re\n"}},
		"over what is there": {
			impose.Marks{DataMatrix: impose.DataMatrix{XMM: 188, YMM: 270, ModuleMM: 0.6, Through: true}, OMR: through}, []string{"841.8898 cm\n5 119.75 10 0.5 re\n", "532.9134 76.5354 cm\n0 0"},
		},
		"nothing of the code is printed": {
			impose.Marks{OMR: impose.OMR{LengthMM: 10, ThicknessMM: 0.5, Positions: impose.Positions("never", "begin"), Through: true}}, nil,
		},
		"nothing but white, on the sheet": {
			impose.Marks{OMR: impose.OMR{LengthMM: 10, ThicknessMM: 0.5, Positions: impose.Positions("never", "begin")}}, []string{"1 g 0 0 10 0.25 re\nf 0 g\n Q\n"},
		},
	} {
		got, err := Draw([]byte("before\n"), &c.marks, s, impose.Identity)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, ok := strings.CutPrefix(string(got), "before\n")
		if !ok || (text == "") != (c.want == nil) {
			t.Errorf("%s: %q", name, got)
		}
		for _, w := range c.want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: no %q in\n%s", name, w, text)
			}
		}
		if strings.Count(text, "q ") != strings.Count(text, " Q\n") {
			t.Errorf("%s: the content is not balanced:\n%s", name, text)
		}
	}
	s.Of = 1
	if got, err := Draw([]byte("before"), &m, s, impose.Identity); err == nil || string(got) != "before" {
		t.Errorf("sheet 2 of 1: %q, error %v", got, err)
	}
	if got := Crop([]byte("x"), nil, 0.1); string(got) != "x" {
		t.Errorf("no crop marks are drawn as %q", got)
	}
}

func TestDrawAllocatesNothing(t *testing.T) {
	m, s := allMarks(), impose.SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}
	at := impose.DefaultPress().Front(0)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() {
		s.Run++
		if _, err := Draw(buf, &m, s, at); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%g allocations a sheet", n)
	}
}

// TestControlTakesAnyText: whatever the configuration says, there is a sheet, and the same one each time.
func TestControlTakesAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := func(what string) string { return rapid.StringN(0, 300, -1).Draw(t, what) }
		c := impose.ControlSheet{
			Kind: rapid.SampledFrom([]impose.Control{impose.Header, impose.Trailer}).Draw(t, "kind"), Job: "DEMA000008", File: 1,
			Vendor: text("vendor"), Account: text("account"), Parent: text("parent"), Envelope: text("envelope"), Zone: text("zone"),
			Trays: make([]impose.Tray, rapid.IntRange(0, 30).Draw(t, "trays")),
		}
		for i := range c.Trays {
			c.Trays[i] = impose.Tray{Stock: impose.Stock(text("stock")), Tray: text("tray"), Paper: text("paper")}
		}
		var files [2]bytes.Buffer
		for i := range files {
			p, err := Control(c)
			if err != nil {
				t.Fatal(err)
			}
			if p.NumPages() != 1 {
				t.Fatalf("%d pages", p.NumPages())
			}
			if _, err := p.WriteTo(&files[i]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(files[0].Bytes(), files[1].Bytes()) {
			t.Fatal("the same sheet has other bytes the second time")
		}
	})
	for _, c := range []impose.ControlSheet{{}, {Kind: impose.Header, Job: "DEMA000008"}, {Kind: impose.Trailer, Job: "x", File: 1}} {
		if p, err := Control(c); err == nil || p != nil {
			t.Errorf("%+v is drawn", c)
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	m, s := allMarks(), impose.SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		s.Run++
		var err error
		if buf, err = Draw(buf[:0], &m, s, impose.Identity); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(buf)), "bytes")
}

func BenchmarkControl(b *testing.B) {
	c := impose.ControlSheet{Kind: impose.Header, Job: "DEMA000008", File: 1, FirstLetter: 1, Vendor: "Fjordtrykk AS", Envelope: "C5", Zone: "NORGE"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Control(c); err != nil {
			b.Fatal(err)
		}
	}
}
