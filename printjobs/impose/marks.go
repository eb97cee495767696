package impose

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// SheetMark is what the marks on a finished sheet say of it. It holds no
// personal data.
type SheetMark struct {
	Job    string // job id: four letters or digits, and six digits
	Letter int    // number of the letter in its job, the first being 1
	Sheet  int    // sheet Sheet of Of in the letter, the first being 1
	Of     int
	Run    int // running number of the sheet in its job, the first being 1
}

// Begin tells whether it is the first sheet of its letter.
func (s SheetMark) Begin() bool { return s.Sheet == 1 }

// End tells whether it is the last sheet of its letter.
func (s SheetMark) End() bool { return s.Sheet == s.Of }

// Most that the text of a sheet's mark can say.
const (
	MaxMarkLetter = 999_999
	MaxMarkSheets = 99_999
	MaxMarkRun    = 99_999_999
)

// markLength is the length of the text of a sheet's mark:
//
//	A DEMA000008 000017 00002 00005 00000061 .
//
// without the spaces: the letter A for this format, the job, the letter's number
// (6 digits), sheet and sheets of the letter (5 each), the running number (8),
// and E on the last sheet of a letter, a full stop on all others. Every text
// takes a DataMatrix of 20 × 20 modules, digits being encoded in pairs, so that
// a camera is set once.
const markLength = 1 + jobLength + 6 + 5 + 5 + 8 + 1

const jobLength = 10

const (
	markFormat = 'A'
	markEnd    = 'E'
	markGoesOn = '.'
)

// Validate says what the text of a mark cannot say, or returns nil.
func (s SheetMark) Validate() error {
	switch {
	case !validJob(s.Job):
		return errJob
	case s.Letter < 1 || s.Letter > MaxMarkLetter:
		return fmt.Errorf("letter %d: a mark can say 1 to %d", s.Letter, MaxMarkLetter)
	case s.Of < 1 || s.Of > MaxMarkSheets:
		return fmt.Errorf("letter of %d sheets: a mark can say 1 to %d", s.Of, MaxMarkSheets)
	case s.Sheet < 1 || s.Sheet > s.Of:
		return fmt.Errorf("sheet %d of %d does not exist", s.Sheet, s.Of)
	case s.Run < 1 || s.Run > MaxMarkRun:
		return fmt.Errorf("running number %d: a mark can say 1 to %d", s.Run, MaxMarkRun)
	}
	return nil
}

var errJob = errors.New("the job id is not four letters or digits and six digits")

// validJob tells whether id has the form of a job id.
func validJob(id string) bool {
	if len(id) != jobLength {
		return false
	}
	for i := range len(id) {
		digit := id[i] >= '0' && id[i] <= '9'
		if !digit && (i >= 4 || id[i] < 'A' || id[i] > 'Z') {
			return false
		}
	}
	return true
}

// AppendText appends the text that [ParseSheetMark] reads. Errors are those of
// Validate.
func (s SheetMark) AppendText(dst []byte) ([]byte, error) {
	if err := s.Validate(); err != nil {
		return dst, err
	}
	dst = append(dst, markFormat)
	dst = append(dst, s.Job...)
	dst = appendDigits(dst, s.Letter, 6)
	dst = appendDigits(dst, s.Sheet, 5)
	dst = appendDigits(dst, s.Of, 5)
	dst = appendDigits(dst, s.Run, 8)
	if s.End() {
		return append(dst, markEnd), nil
	}
	return append(dst, markGoesOn), nil
}

func appendDigits(dst []byte, v, digits int) []byte {
	n := len(dst)
	for range digits {
		dst = append(dst, '0')
	}
	for i := n + digits - 1; i >= n; i-- {
		dst[i] = byte('0' + v%10)
		v /= 10
	}
	return dst
}

// ParseSheetMark reads the text of a sheet's DataMatrix.
func ParseSheetMark(text string) (SheetMark, error) {
	if len(text) != markLength || text[0] != markFormat {
		return SheetMark{}, fmt.Errorf("not the mark of a sheet: want %d characters that begin with %c", markLength, markFormat)
	}
	f := fields{text: text[1:]}
	s := SheetMark{Job: f.take(jobLength), Letter: f.number(6), Sheet: f.number(5), Of: f.number(5), Run: f.number(8)}
	if f.bad {
		return SheetMark{}, errors.New("not the mark of a sheet: a number has a character that is no digit")
	}
	if err := s.Validate(); err != nil {
		return SheetMark{}, fmt.Errorf("mark of a sheet: %w", err)
	}
	want := byte(markGoesOn)
	if s.End() {
		want = markEnd
	}
	if f.text[0] != want {
		return SheetMark{}, fmt.Errorf("mark of a sheet: sheet %d of %d does not agree with its end of letter", s.Sheet, s.Of)
	}
	return s, nil
}

// fields cuts a text of fixed columns.
type fields struct {
	text string
	bad  bool
}

func (f *fields) take(n int) string {
	s := f.text[:n]
	f.text = f.text[n:]
	return s
}

func (f *fields) number(digits int) int {
	v := 0
	for _, c := range []byte(f.take(digits)) {
		if c < '0' || c > '9' {
			f.bad = true
		}
		v = v*10 + int(c-'0')
	}
	return v
}

// Marks are the marks that a vendor's machines read on every finished sheet, on
// its front. The zero value is none. Places are in mm from the top left corner of
// the finished sheet.
type Marks struct {
	DataMatrix DataMatrix
	OMR        OMR
}

// DataMatrix is where the DataMatrix (ISO/IEC 16022, ECC 200) of a sheet stands:
// [SheetMark] as text. The zero value is none.
type DataMatrix struct {
	XMM, YMM float64 // top left corner of the symbol
	ModuleMM float64 // side of a module; 0: no DataMatrix
	// Through leaves what the letter has beneath the symbol. Else its zone is
	// painted white, since over a picture or text no camera reads it.
	Through bool
}

const (
	// SheetModules is the side of a sheet's DataMatrix in modules.
	SheetModules = 20
	// QuietModules is the white border of a DataMatrix in modules: one by the
	// standard, and one more for paper that is not fed straight.
	QuietModules = 2
	// minModuleMM is the smallest module that a camera over a running sheet reads
	// reliably.
	minModuleMM = 0.5
)

// Meaning says when an OMR position is printed.
type Meaning uint8

// The meanings.
const (
	Never     Meaning = iota // kept free: selective feeds and the like
	Always                   // benchmark, safety, retiming
	Begin                    // on the first sheet of a letter
	NotBegin                 // on all but the first
	End                      // on the last sheet of a letter
	NotEnd                   // on all but the last
	Sequence                 // Bit of the sheet's running number in the job
	LetterBit                // Bit of the letter's number in the job
	Even                     // makes the number of marks even
	Odd                      // makes the number of marks odd
)

// Position is one place of an OMR code.
type Position struct {
	Is  Meaning
	Bit int // for Sequence and LetterBit: the bit, the lowest being 0; else 0
}

var meanings = [...]string{
	Never: "never", Always: "always", Begin: "begin", NotBegin: "not-begin", End: "end", NotEnd: "not-end",
	Sequence: "sequence", LetterBit: "letter", Even: "even", Odd: "odd",
}

// maxBit is the highest bit of a number that an OMR position may show.
const maxBit = 15

// numbered tells whether a position of this meaning shows a bit of a number.
func (m Meaning) numbered() bool { return m == Sequence || m == LetterBit }

// String writes the position as [ParsePosition] reads it.
func (p Position) String() string {
	if int(p.Is) >= len(meanings) {
		return fmt.Sprintf("Meaning(%d)", uint8(p.Is))
	}
	if p.Is.numbered() {
		return meanings[p.Is] + "-" + strconv.Itoa(p.Bit)
	}
	return meanings[p.Is]
}

// ParsePosition reads a position: never, always, begin, not-begin, end, not-end,
// even, odd, or sequence-0 and letter-0 with a bit of 0 to 15.
func ParsePosition(s string) (Position, error) {
	for i, name := range meanings {
		m := Meaning(i)
		if !m.numbered() {
			if s == name {
				return Position{Is: m}, nil
			}
			continue
		}
		if bit, ok := strings.CutPrefix(s, name+"-"); ok {
			if n, err := strconv.Atoi(bit); err == nil && n >= 0 && n <= maxBit && strconv.Itoa(n) == bit {
				return Position{m, n}, nil
			}
		}
	}
	return Position{}, fmt.Errorf("OMR position %.20q is unknown: use never, always, begin, not-begin, end, not-end, even, odd, sequence-N or letter-N with N from 0 to %d", s, maxBit)
}

// MarshalText writes the position as [ParsePosition] reads it.
func (p Position) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is [ParsePosition].
func (p *Position) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePosition(string(b))
	return err
}

// Positions makes positions of their names. It panics on an unknown one, since
// it is for profiles that stand in code.
func Positions(names ...string) []Position {
	out := make([]Position, len(names))
	for i, name := range names {
		var err error
		if out[i], err = ParsePosition(name); err != nil {
			panic(err)
		}
	}
	return out
}

// OMR is a code of short horizontal lines under each other, which the inserter
// reads as each finished sheet passes. The zero value is none.
type OMR struct {
	XMM         float64 // left end of the lines
	FirstYMM    float64 // middle of the first position
	PitchMM     float64 // from one position to the next one further down
	LengthMM    float64
	ThicknessMM float64
	Positions   []Position // from the top down; none: no code
	LastFirst   bool       // the machine takes the last sheet first: begin and end change places, sequences count down
	Machine     Machine    // what the machine asks for, which Validate checks
	// Through leaves what the letter has beneath the code. Else its zone is painted
	// white, since what is dark there would be read as lines.
	Through bool
}

// Machine is what an inserter asks of an OMR code. Zero fields ask nothing.
type Machine struct {
	Name                           string // for messages
	MinThicknessMM, MaxThicknessMM float64
	MinLengthMM                    float64
	MinPitchMM                     float64
	MaxPositions                   int
	MaxCodeMM                      float64 // from the first line to the last one, both included
	MinCentreMM, MaxCentreMM       float64 // from the middle of the lines to the middle line of the sheet
	LeadMM, TrailMM                float64 // from the sheet's top edge and from its bottom edge to the code
	ClearSideMM                    float64 // white to the left and right of the lines
	ClearEndMM                     float64 // white before and after the code
}

// maxPositions is the most positions that a code may have: they are bits of a
// number.
const maxPositions = 32

// Area is a part of a finished sheet in mm from its top left corner, y down.
type Area struct{ X0, Y0, X1, Y1 float64 }

// Overlaps tells whether two areas have more than an edge in common.
func (a Area) Overlaps(b Area) bool {
	return a.X0 < b.X1 && b.X0 < a.X1 && a.Y0 < b.Y1 && b.Y0 < a.Y1
}

// String writes the area as "x 5–15 mm, y 115–155 mm".
func (a Area) String() string {
	return fmt.Sprintf("x %.4g–%.4g mm, y %.4g–%.4g mm", a.X0, a.X1, a.Y0, a.Y1)
}

// On tells whether sheets carry a DataMatrix.
func (d DataMatrix) On() bool { return d.ModuleMM != 0 }

// Area is the symbol, without its quiet zone.
func (d DataMatrix) Area() Area {
	side := SheetModules * d.ModuleMM
	return Area{d.XMM, d.YMM, d.XMM + side, d.YMM + side}
}

// Zone is the symbol and its quiet zone: nothing else may be printed there.
func (d DataMatrix) Zone() Area {
	a, q := d.Area(), QuietModules*d.ModuleMM
	return Area{a.X0 - q, a.Y0 - q, a.X1 + q, a.Y1 + q}
}

// On tells whether sheets carry an OMR code.
func (o OMR) On() bool { return len(o.Positions) > 0 }

// Line is the area of a position when it is printed, the first being 0.
func (o OMR) Line(i int) Area {
	y := o.FirstYMM + float64(i)*o.PitchMM
	return Area{o.XMM, y - o.ThicknessMM/2, o.XMM + o.LengthMM, y + o.ThicknessMM/2}
}

// Zone is the code, all positions counted, and the clear zone around it: nothing
// else may be printed there, nor on the back behind it.
func (o OMR) Zone() Area {
	first, last := o.Line(0), o.Line(len(o.Positions)-1)
	return Area{first.X0 - o.Machine.ClearSideMM, first.Y0 - o.Machine.ClearEndMM, first.X1 + o.Machine.ClearSideMM, last.Y1 + o.Machine.ClearEndMM}
}

// Zones are the areas of a finished sheet that the marks need for themselves, as
// far as they lie on it.
func (m Marks) Zones() []Area {
	var zones []Area
	if m.DataMatrix.On() {
		zones = append(zones, m.DataMatrix.Zone().OnSheet())
	}
	if m.OMR.On() {
		zones = append(zones, m.OMR.Zone().OnSheet())
	}
	return zones
}

// OnSheet is the part of an area that lies on a finished sheet.
func (a Area) OnSheet() Area {
	return Area{max(a.X0, 0), max(a.Y0, 0), min(a.X1, FinishedWidthMM), min(a.Y1, FinishedHeightMM)}
}

// On tells whether sheets carry any mark.
func (m Marks) On() bool { return m.DataMatrix.On() || m.OMR.On() }

// Validate says everything that is wrong with the marks, or returns nil.
func (m Marks) Validate() error {
	var errs []error
	sheet := Area{0, 0, FinishedWidthMM, FinishedHeightMM}
	within := func(a Area) bool { // false for NaN
		return a.X0 >= sheet.X0 && a.Y0 >= sheet.Y0 && a.X1 <= sheet.X1 && a.Y1 <= sheet.Y1
	}
	if d := m.DataMatrix; d.On() {
		if !(d.ModuleMM >= minModuleMM) {
			errs = append(errs, fmt.Errorf("DataMatrix: modules of %g mm are less than the %g mm that cameras read", d.ModuleMM, minModuleMM))
		}
		if !within(d.Zone()) {
			errs = append(errs, fmt.Errorf("DataMatrix: the symbol of %d × %d modules with its quiet zone (%v) is not on the sheet", SheetModules, SheetModules, d.Zone()))
		}
	}
	if o := m.OMR; o.On() {
		for _, err := range o.faults() {
			errs = append(errs, fmt.Errorf("OMR: %w", err))
		}
		code := Area{o.XMM, o.Line(0).Y0, o.XMM + o.LengthMM, o.Line(len(o.Positions) - 1).Y1}
		if !within(code) {
			errs = append(errs, fmt.Errorf("OMR: the code (%v) is not on the sheet", code))
		}
		if m.DataMatrix.On() && o.Zone().Overlaps(m.DataMatrix.Zone()) {
			errs = append(errs, fmt.Errorf("the DataMatrix with its quiet zone (%v) lies in the clear zone of the OMR code (%v)", m.DataMatrix.Zone(), o.Zone()))
		}
	}
	return errors.Join(errs...)
}

func (o OMR) faults() (errs []error) {
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	k, n := o.Machine, len(o.Positions)
	asks := func(ok bool, format string, args ...any) {
		if !ok {
			check(false, "%s "+format, append([]any{k.name()}, args...)...)
		}
	}
	// The comparisons are written so that NaN fails them.
	check(o.ThicknessMM > 0 && o.LengthMM > 0, "lines of %g × %g mm: use sizes above 0", o.LengthMM, o.ThicknessMM)
	check(n == 1 || o.PitchMM > o.ThicknessMM, "a pitch of %g mm puts lines of %g mm into each other", o.PitchMM, o.ThicknessMM)
	check(n <= maxPositions, "%d positions: use at most %d", n, maxPositions)
	parities := 0
	for i, p := range o.Positions {
		if p.Is == Even || p.Is == Odd {
			parities++
		}
		check(int(p.Is) < len(meanings), "position %d has no meaning", i+1)
		check(p.Bit == 0 || p.Is.numbered() && p.Bit > 0 && p.Bit <= maxBit, "position %d shows bit %d: use 0 to %d, and 0 where there is no number", i+1, p.Bit, maxBit)
		check(p.Is != Sequence && p.Is != LetterBit || slices.Index(o.Positions, p) == i, "position %d shows %s, as an earlier one does", i+1, p)
	}
	check(parities <= 1, "%d positions for parity: use one", parities)

	asks(o.ThicknessMM >= k.MinThicknessMM && (k.MaxThicknessMM == 0 || o.ThicknessMM <= k.MaxThicknessMM), "reads lines of %g to %g mm thickness, not %g mm", k.MinThicknessMM, k.MaxThicknessMM, o.ThicknessMM)
	asks(o.LengthMM >= k.MinLengthMM, "reads lines of at least %g mm length, not %g mm", k.MinLengthMM, o.LengthMM)
	asks(n == 1 || o.PitchMM >= k.MinPitchMM, "needs a pitch of at least %g mm, not %g mm", k.MinPitchMM, o.PitchMM)
	asks(k.MaxPositions == 0 || n <= k.MaxPositions, "reads at most %d positions, not %d", k.MaxPositions, n)
	first, last := o.Line(0), o.Line(n-1)
	asks(k.MaxCodeMM == 0 || last.Y1-first.Y0 <= k.MaxCodeMM+slackMM, "reads codes of at most %g mm, not %.4g mm", k.MaxCodeMM, last.Y1-first.Y0)
	centre := max(o.XMM+o.LengthMM/2-FinishedWidthMM/2, FinishedWidthMM/2-o.XMM-o.LengthMM/2)
	asks(k.MaxCentreMM == 0 || centre >= k.MinCentreMM && centre <= k.MaxCentreMM, "reads lines whose middle is %g to %g mm from the middle of the sheet, not %g mm", k.MinCentreMM, k.MaxCentreMM, centre)
	asks(first.Y0 >= k.LeadMM-slackMM, "needs %g mm from the top edge to the code, not %.4g mm", k.LeadMM, first.Y0)
	asks(FinishedHeightMM-last.Y1 >= k.TrailMM-slackMM, "needs %g mm from the code to the bottom edge, not %.4g mm", k.TrailMM, FinishedHeightMM-last.Y1)
	return errs
}

func (k Machine) name() string {
	if k.Name == "" {
		return "the machine"
	}
	return k.Name
}

// Code gives the positions that are printed on a sheet, the first in the lowest
// bit.
func (o *OMR) Code(s SheetMark) uint32 {
	begin, end, run, letter := s.Begin(), s.End(), s.Run, s.Letter
	if o.LastFirst {
		begin, end, run, letter = end, begin, -run, -letter
	}
	var code uint32
	parity := -1
	for i := range o.Positions {
		p := &o.Positions[i]
		on := false
		switch p.Is {
		case Never:
		case Always:
			on = true
		case Begin:
			on = begin
		case NotBegin:
			on = !begin
		case End:
			on = end
		case NotEnd:
			on = !end
		case Sequence:
			on = run>>p.Bit&1 == 1
		case LetterBit:
			on = letter>>p.Bit&1 == 1
		case Even, Odd:
			parity = i
		}
		if on {
			code |= 1 << i
		}
	}
	if parity >= 0 {
		odd := bits.OnesCount32(code)%2 == 1
		if odd == (o.Positions[parity].Is == Even) {
			code |= 1 << parity
		}
	}
	return code
}

// SheetMarks is the plan of the marks of one sheet.
type SheetMarks struct {
	Text string // of the DataMatrix; empty: none
	Code uint32 // positions of the OMR code that are printed, the first in the lowest bit
}

// Plan gives the marks of a sheet. Errors are those of [SheetMark.Validate].
func (m *Marks) Plan(s SheetMark) (SheetMarks, error) {
	if err := s.Validate(); err != nil {
		return SheetMarks{}, fmt.Errorf("mark of a sheet: %w", err)
	}
	var out SheetMarks
	if m.DataMatrix.On() {
		text, err := s.AppendText(make([]byte, 0, markLength))
		if err != nil {
			return SheetMarks{}, err
		}
		out.Text = string(text)
	}
	if m.OMR.On() {
		out.Code = m.OMR.Code(s)
	}
	return out, nil
}

// Text writes the marks for people: the text of the DataMatrix, and the OMR code
// from the first position on with 1 for each line. Either is a dash when there
// is none.
func (m *Marks) Text(s SheetMarks) string {
	out := []byte(s.Text)
	if s.Text == "" {
		out = append(out, '-')
	}
	out = append(out, ' ')
	for i := range m.OMR.Positions {
		out = append(out, byte('0'+s.Code>>i&1))
	}
	if !m.OMR.On() {
		out = append(out, '-')
	}
	return string(out)
}

// PitneyBowesD1600 is an example of a code for the Pitney Bowes D1600 (operator's
// manual SV40221, p. 5-8): lines 0.35 to 0.7 mm thick and at least 10 mm long, a
// pitch of at least 2.54 mm, at most 24 positions and 70 mm, the middle of the
// lines 59 to 108 mm from the sheet's middle line, 20 mm from the leading and
// 30 mm from the trailing edge, and white 3 mm beside and 20 mm before and after
// the code. The code stands in the zone that the Norwegian print rules keep free
// (x 0–18 mm, y 95–175 mm); the positions are what the machine is set up for:
// here benchmark, safety, not the last sheet, even parity, and a sequence of
// three bits.
func PitneyBowesD1600() OMR {
	return OMR{
		XMM: 5, FirstYMM: 120, PitchMM: 4, LengthMM: 10, ThicknessMM: 0.5,
		Positions: Positions("always", "always", "not-end", "even", "sequence-2", "sequence-1", "sequence-0"),
		Machine:   pitneyBowes("Pitney Bowes D1600"),
	}
}

// PitneyBowesDI425 is a code in the order of the Pitney Bowes DI425: benchmark,
// safety, not end of collation, not beginning of collation, parity, retiming,
// select feed 1 and 2, auto batch, retiming, wrap-around sequence from its
// highest bit on, retiming. Its feeds are not used. Measures are those of
// [PitneyBowesD1600], which the DI425's own were not found to contradict. For a
// fold that needs the letter from its last sheet on (C-fold), set LastFirst.
func PitneyBowesDI425() OMR {
	return OMR{
		XMM: 5, FirstYMM: 115.5, PitchMM: 3, LengthMM: 10, ThicknessMM: 0.5,
		Positions: Positions("always", "always", "not-end", "not-begin", "even", "always", "never", "never", "never", "always",
			"sequence-2", "sequence-1", "sequence-0", "always"),
		Machine: pitneyBowes("Pitney Bowes DI425"),
	}
}

func pitneyBowes(name string) Machine {
	return Machine{
		Name:           name,
		MinThicknessMM: 0.35, MaxThicknessMM: 0.7,
		MinLengthMM: 10, MinPitchMM: 2.54, MaxPositions: 24, MaxCodeMM: 70,
		MinCentreMM: 59, MaxCentreMM: 108, LeadMM: 20, TrailMM: 30,
		ClearSideMM: 3, ClearEndMM: 20,
	}
}

// QuadientDS95i is an example of a basic code for the Quadient DS-95i: lines of
// at least 0.2 mm, the first mark 100 mm from the top unless set otherwise, the
// same number of positions on every sheet: start, insert (accumulate where it is
// not printed), parity with an even sum, safety. Pitch and length are ours, since
// the machine is set to what is printed.
func QuadientDS95i() OMR {
	return OMR{
		XMM: 5, FirstYMM: 100, PitchMM: 4, LengthMM: 10, ThicknessMM: 0.5,
		Positions: Positions("always", "end", "even", "always"),
		Machine:   Machine{Name: "Quadient DS-95i", MinThicknessMM: 0.2},
	}
}
