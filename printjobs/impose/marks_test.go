package impose

import (
	"math"
	"math/bits"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func drawSheetMark(t *rapid.T) SheetMark {
	s := SheetMark{
		Job:    rapid.StringMatching(`[A-Z0-9]{4}[0-9]{6}`).Draw(t, "job"),
		Letter: rapid.IntRange(1, MaxMarkLetter).Draw(t, "letter"),
		Of:     rapid.IntRange(1, MaxMarkSheets).Draw(t, "of"),
		Run:    rapid.IntRange(1, MaxMarkRun).Draw(t, "run"),
	}
	s.Sheet = rapid.IntRange(1, s.Of).Draw(t, "sheet")
	return s
}

func TestMarksReadAsWritten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSheetMark(t)
		text, err := s.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseSheetMark(string(text))
		if err != nil || got != s {
			t.Fatalf("%q is read as %+v, error %v, want %+v", text, got, err, s)
		}
		c := ControlMark{
			Kind: rapid.SampledFrom([]Control{Header, Trailer}).Draw(t, "kind"), Job: s.Job,
			File:       rapid.IntRange(1, maxMarkFile).Draw(t, "file"),
			LastLetter: rapid.IntRange(0, MaxMarkLetter).Draw(t, "last"),
			Sheets:     rapid.IntRange(0, MaxMarkRun).Draw(t, "sheets"),
		}
		c.FirstLetter = rapid.IntRange(0, max(c.LastLetter, 1)).Draw(t, "first")
		if c.LastLetter == 0 {
			c.FirstLetter = s.Letter
		}
		if text, err = c.AppendText(nil); err != nil {
			t.Fatal(err)
		}
		back, err := ParseControlMark(string(text))
		if err != nil || back != c {
			t.Fatalf("%q is read as %+v, error %v, want %+v", text, back, err, c)
		}
		if _, err := ParseSheetMark(string(text)); err == nil {
			t.Fatalf("the mark of a control sheet, %q, is read as that of a sheet", text)
		}
	})
}

func TestMarkFormat(t *testing.T) {
	t.Parallel()
	text, err := SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}.AppendText(nil)
	if want := "ADEMA000008" + "000017" + "00002" + "00005" + "00000061" + "."; string(text) != want || err != nil {
		t.Errorf("got %q, error %v, want %q", text, err, want)
	}
	text, err = ControlMark{Kind: Header, Job: "DEMA000008", File: 1, FirstLetter: 1}.AppendText(nil)
	if want := "HDEMA000008" + "0001" + "000001" + "000000" + "00000000"; string(text) != want || err != nil {
		t.Errorf("got %q, error %v, want %q", text, err, want)
	}
}

func TestMarksOutOfRange(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*SheetMark){
		func(s *SheetMark) { s.Job = "" }, func(s *SheetMark) { s.Job = "dema000008" }, func(s *SheetMark) { s.Job = "DEMA00000A" },
		func(s *SheetMark) { s.Job = "DEMA0000080" }, func(s *SheetMark) { s.Letter = 0 }, func(s *SheetMark) { s.Letter = MaxMarkLetter + 1 },
		func(s *SheetMark) { s.Sheet = 0 }, func(s *SheetMark) { s.Sheet = 6 }, func(s *SheetMark) { s.Of = MaxMarkSheets + 1 },
		func(s *SheetMark) { s.Of, s.Sheet = 0, 0 }, func(s *SheetMark) { s.Run = 0 }, func(s *SheetMark) { s.Run = MaxMarkRun + 1 },
	} {
		s := SheetMark{Job: "DEMA000008", Letter: 17, Sheet: 2, Of: 5, Run: 61}
		change(&s)
		if text, err := s.AppendText([]byte("x")); err == nil || string(text) != "x" {
			t.Errorf("%+v: %q, no error", s, text)
		}
		if _, err := (&Marks{}).Plan(s); err == nil {
			t.Errorf("%+v: planned", s)
		}
	}
	for _, change := range []func(*ControlMark){
		func(c *ControlMark) { c.Kind = NoControl }, func(c *ControlMark) { c.Job = "X" }, func(c *ControlMark) { c.File = 0 },
		func(c *ControlMark) { c.File = 10_000 }, func(c *ControlMark) { c.FirstLetter = -1 }, func(c *ControlMark) { c.LastLetter = MaxMarkLetter + 1 },
		func(c *ControlMark) { c.FirstLetter = 18 }, func(c *ControlMark) { c.Sheets = MaxMarkRun + 1 },
	} {
		c := ControlMark{Kind: Trailer, Job: "DEMA000008", File: 1, FirstLetter: 1, LastLetter: 17, Sheets: 61}
		change(&c)
		if text, err := c.AppendText([]byte("x")); err == nil || string(text) != "x" {
			t.Errorf("%+v: %q, no error", c, text)
		}
	}
}

// Text that only looks like a mark is refused.
func TestParseSheetMarkRefuses(t *testing.T) {
	t.Parallel()
	good := "ADEMA00000800001700002000050000006" + "1."
	if _, err := ParseSheetMark(good); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"", good[1:], good + " ", "B" + good[1:], strings.Replace(good, "000017", "00001x", 1), strings.Replace(good, "000017", "+00017", 1),
		strings.Replace(good, "0000200005", "0000600005", 1), good[:len(good)-1] + "E", good[:len(good)-1] + "?", strings.Replace(good, "D", "Ø", 1),
	} {
		if s, err := ParseSheetMark(text); err == nil {
			t.Errorf("%q is read as %+v", text, s)
		}
	}
}

func FuzzParseSheetMark(f *testing.F) {
	f.Add("ADEMA000008000017000020000500000061.")
	f.Add("ADEMA000008000001000010000100000001E")
	f.Add("HDEMA000008000100000100000000000000")
	f.Add("TDEMA0000080001000001000017" + "00000061")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := ParseSheetMark(text); err == nil {
			if again, err := s.AppendText(nil); err != nil || string(again) != text {
				t.Errorf("%q is read as %+v and written as %q, error %v", text, s, again, err)
			}
		}
		if c, err := ParseControlMark(text); err == nil {
			if again, err := c.AppendText(nil); err != nil || string(again) != text {
				t.Errorf("%q is read as %+v and written as %q, error %v", text, c, again, err)
			}
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	for _, s := range []string{"never", "always", "sequence-0", "letter-15", "sequence-+1", "sequence-01", "letter", "", "even", "odd"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := ParsePosition(s); err == nil && p.String() != s {
			t.Errorf("%q is read as %v", s, p)
		}
	})
}

func TestPositionNames(t *testing.T) {
	t.Parallel()
	for m := range meanings {
		p := Position{Is: Meaning(m)}
		if p.Is.numbered() {
			p.Bit = 3
		}
		text, err := p.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got Position
		if err := got.UnmarshalText(text); err != nil || got != p {
			t.Errorf("%v is written as %q and read as %v, error %v", p, text, got, err)
		}
	}
	for _, s := range []string{"", "Always", "sequence", "sequence-16", "sequence--1", "letter-x", "always-1"} {
		if p, err := ParsePosition(s); err == nil {
			t.Errorf("%q is read as %v", s, p)
		}
	}
}

// TestOMRCodes shows what is printed on the sheets of two letters, one of three sheets and one of one.
func TestOMRCodes(t *testing.T) {
	t.Parallel()
	marks := func(letter, sheet, of, run int) SheetMark {
		return SheetMark{Job: "DEMA000008", Letter: letter, Sheet: sheet, Of: of, Run: run}
	}
	sheets := []SheetMark{marks(1, 1, 3, 1), marks(1, 2, 3, 2), marks(1, 3, 3, 3), marks(2, 1, 1, 4)}
	for _, c := range []struct {
		positions string
		lastFirst bool
		want      []string
	}{
		{"always never", false, []string{"10", "10", "10", "10"}},
		{"begin not-begin", false, []string{"10", "01", "01", "10"}},
		{"end not-end", false, []string{"01", "01", "10", "10"}},
		{"begin end", true, []string{"01", "00", "10", "11"}},
		{"sequence-1 sequence-0", false, []string{"01", "10", "11", "00"}},
		{"sequence-1 sequence-0", true, []string{"11", "10", "01", "00"}},
		{"letter-1 letter-0", false, []string{"01", "01", "01", "10"}},
		{"always even sequence-0", false, []string{"101", "110", "101", "110"}},
		{"always odd sequence-0", false, []string{"111", "100", "111", "100"}},
	} {
		m := Marks{OMR: OMR{Positions: Positions(strings.Fields(c.positions)...), LastFirst: c.lastFirst}}
		var got []string
		for _, s := range sheets {
			plan, err := m.Plan(s)
			if err != nil {
				t.Fatal(err)
			}
			if plan.Text != "" {
				t.Errorf("a DataMatrix of %q without being asked for", plan.Text)
			}
			got = append(got, strings.TrimPrefix(m.Text(plan), "- "))
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s, last first %v: (-want +got)\n%s", c.positions, c.lastFirst, d)
		}
	}
}

// examples are the machines that come with the package.
var examples = []func() OMR{PitneyBowesD1600, PitneyBowesDI425, QuadientDS95i}

// TestSequenceSeesWhatIsMissing: with any of the examples that has a sequence, each sheet taken out is seen by the sheet
// after it, and with parity any one line read wrongly is.
func TestSequenceSeesWhatIsMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := rapid.SampledFrom(examples).Draw(t, "machine")()
		o.LastFirst = rapid.Bool().Draw(t, "last first")
		s := drawSheetMark(t)
		code := o.Code(s)
		if bits.OnesCount32(code)%2 != 0 {
			t.Fatalf("code %b of %s is not even", code, o.Machine.Name)
		}
		next, sequence := s, uint32(0)
		next.Run++
		for i, p := range o.Positions {
			if p.Is == Sequence {
				sequence |= 1 << i
			}
		}
		if sequence != 0 && (o.Code(next)^code)&sequence == 0 {
			t.Fatalf("sheets %d and %d have the same sequence in %b", s.Run, next.Run, code)
		}
	})
}

func TestExamplesAreWithinTheirMachines(t *testing.T) {
	t.Parallel()
	kept := Area{0, 95, 18, 175} // what the Norwegian print rules keep free for the inserter
	for _, example := range examples {
		o := example()
		m := Marks{OMR: o, DataMatrix: DataMatrix{XMM: 188, YMM: 270, ModuleMM: 0.6}}
		if err := m.Validate(); err != nil {
			t.Errorf("%s: %v", o.Machine.Name, err)
		}
		if z := o.Zone(); z.X0 < kept.X0 || z.X1 > kept.X1 || z.Y0 < kept.Y0 || z.Y1 > kept.Y1 {
			t.Errorf("%s: the code needs %v, what is kept free for it is %v", o.Machine.Name, z, kept)
		}
	}
}

func TestMarkFaults(t *testing.T) {
	t.Parallel()
	good := func() Marks {
		return Marks{DataMatrix: DataMatrix{XMM: 188, YMM: 270, ModuleMM: 0.6}, OMR: PitneyBowesD1600()}
	}
	if err := (Marks{}).Validate(); err != nil || (Marks{}).On() || (Marks{}).Zones() != nil {
		t.Errorf("no marks: %v", err)
	}
	if m := good(); m.Validate() != nil || len(m.Zones()) != 2 {
		t.Fatalf("error %v, zones %v", m.Validate(), m.Zones())
	}
	for name, c := range map[string]struct {
		change func(*Marks)
		want   string
	}{
		"small module":      {func(m *Marks) { m.DataMatrix.ModuleMM = 0.3 }, "modules of 0.3 mm"},
		"NaN module":        {func(m *Marks) { m.DataMatrix.ModuleMM = math.NaN() }, "modules of NaN mm"},
		"off the sheet":     {func(m *Marks) { m.DataMatrix.XMM = 197.5 }, "is not on the sheet"},
		"quiet zone off":    {func(m *Marks) { m.DataMatrix.YMM = 1 }, "is not on the sheet"},
		"NaN place":         {func(m *Marks) { m.DataMatrix.XMM = math.NaN() }, "is not on the sheet"},
		"over each other":   {func(m *Marks) { m.DataMatrix.XMM, m.DataMatrix.YMM = 14, 110 }, "lies in the clear zone"},
		"thin":              {func(m *Marks) { m.OMR.ThicknessMM = 0.3 }, "Pitney Bowes D1600 reads lines of 0.35 to 0.7 mm thickness, not 0.3 mm"},
		"thick":             {func(m *Marks) { m.OMR.ThicknessMM = 0.8 }, "not 0.8 mm"},
		"NaN":               {func(m *Marks) { m.OMR.ThicknessMM = math.NaN() }, "use sizes above 0"},
		"short":             {func(m *Marks) { m.OMR.LengthMM = 9 }, "at least 10 mm length, not 9 mm"},
		"pitch":             {func(m *Marks) { m.OMR.PitchMM = 2.5 }, "at least 2.54 mm, not 2.5 mm"},
		"into each other":   {func(m *Marks) { m.OMR.PitchMM = 0.5 }, "into each other"},
		"too many":          {func(m *Marks) { m.OMR.Positions = make([]Position, 25) }, "at most 24 positions, not 25"},
		"far too many":      {func(m *Marks) { m.OMR.Positions = make([]Position, 33) }, "use at most 32"},
		"too long":          {func(m *Marks) { m.OMR.PitchMM = 12 }, "at most 70 mm, not 72.5 mm"},
		"middle of sheet":   {func(m *Marks) { m.OMR.XMM = 80 }, "59 to 108 mm from the middle of the sheet, not 20 mm"},
		"leading edge":      {func(m *Marks) { m.OMR.FirstYMM = 20 }, "needs 20 mm from the top edge to the code, not 19.75 mm"},
		"trailing edge":     {func(m *Marks) { m.OMR.FirstYMM = 243 }, "needs 30 mm from the code to the bottom edge, not 29.75 mm"},
		"code off":          {func(m *Marks) { m.OMR.XMM = -1 }, "the code (x -1–9 mm"},
		"two parities":      {func(m *Marks) { m.OMR.Positions = Positions("even", "odd") }, "2 positions for parity"},
		"twice":             {func(m *Marks) { m.OMR.Positions = Positions("sequence-1", "sequence-1") }, "position 2 shows sequence-1, as an earlier one does"},
		"bit of nothing":    {func(m *Marks) { m.OMR.Positions = []Position{{Always, 1}} }, "position 1 shows bit 1"},
		"no such bit":       {func(m *Marks) { m.OMR.Positions = []Position{{Sequence, 16}} }, "position 1 shows bit 16"},
		"no such meaning":   {func(m *Marks) { m.OMR.Positions = []Position{{99, 0}} }, "position 1 has no meaning"},
		"nameless machine":  {func(m *Marks) { m.OMR.Machine.Name, m.OMR.LengthMM = "", 2 }, "the machine reads lines"},
		"right of the page": {func(m *Marks) { m.OMR.XMM = 201 }, "the code (x 201–211 mm"},
	} {
		m := good()
		c.change(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestMarksStayInTheirZones: whatever Validate takes, symbol and lines are on the sheet, in their zones, and clear of each
// other.
func TestMarksStayInTheirZones(t *testing.T) {
	t.Parallel()
	taken := 0
	rapid.Check(t, func(t *rapid.T) {
		// Tenths of a millimetre, most of them within the limits, and some just outside.
		mm := func(least, most int, what string) float64 {
			return float64(rapid.IntRange(least, most).Draw(t, what)) / 10
		}
		m := Marks{
			DataMatrix: DataMatrix{XMM: mm(0, 1950, "x"), YMM: mm(0, 2820, "y"), ModuleMM: mm(5, 8, "module")},
			OMR: OMR{
				XMM: mm(-5, 120, "left"), FirstYMM: mm(150, 1500, "first"), PitchMM: mm(25, 40, "pitch"), LengthMM: mm(95, 130, "length"),
				ThicknessMM: mm(3, 8, "thickness"), Positions: make([]Position, rapid.IntRange(1, 20).Draw(t, "positions")),
				Machine: PitneyBowesD1600().Machine,
			},
		}
		if rapid.Bool().Draw(t, "any machine") {
			m.OMR.Machine = Machine{ClearSideMM: 1, ClearEndMM: 2}
		}
		if m.Validate() != nil {
			return
		}
		taken++
		in := func(a, b Area) bool { return a.X0 >= b.X0 && a.Y0 >= b.Y0 && a.X1 <= b.X1 && a.Y1 <= b.Y1 }
		sheet := Area{0, 0, 210, 297}
		symbol, k := m.DataMatrix.Area(), m.OMR.Machine
		if !in(symbol, sheet) || !in(symbol, m.DataMatrix.Zone()) {
			t.Fatalf("symbol %v, zone %v", symbol, m.DataMatrix.Zone())
		}
		for i := range m.OMR.Positions {
			l := m.OMR.Line(i)
			if !in(l, sheet) || l.Y0 < k.LeadMM-slackMM || l.Y1 > 297-k.TrailMM+slackMM {
				t.Fatalf("line %v", l)
			}
			if clear := (Area{l.X0 - k.ClearSideMM, l.Y0 - k.ClearEndMM, l.X1 + k.ClearSideMM, l.Y1 + k.ClearEndMM}); clear.Overlaps(symbol) {
				t.Fatalf("line %v has less than its clear zone to the symbol %v", l, symbol)
			}
			if i > 0 && m.OMR.Line(i-1).Overlaps(l) {
				t.Fatalf("lines %d and %d overlap", i-1, i)
			}
		}
	})
	if taken == 0 && !testing.Short() { // a short run draws too few to be sure of one
		t.Error("no generated marks were valid: nothing was looked at")
	}
}
