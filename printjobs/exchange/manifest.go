package exchange

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"postgang/billing/bounded"
)

// ManifestRow is one letter in the manifest (følgeseddel). It carries no
// personal data: a letter is known by its shipment id.
type ManifestRow struct {
	Letter         int    // 1-based within the job, in order of print
	Shipment       string // shipment id: letters, digits, dot, hyphen, underscore, at most 64
	Konteringskode string // at most 20 characters, may be empty (docs/sources.md, Hand-ins)
	File           string // name of the print file that holds the letter
	FirstSheet     int    // first finished sheet of the letter within the job, 1-based, control sheets not counted
	FirstSide      int    // first side of the letter in the print file, 1-based, blank ones and control sheets counted
	LastSide       int    // last side of it
	Sheets         int    // finished sheets
	Pages          int    // printed pages, blank sides not counted: PagesBW + PagesColour
	PagesBW        int
	PagesColour    int
	GiroSheets     int    // sheets of giro paper among Sheets
	Stock          string // paper of each sheet, made by [StockRuns]
	Part           string // of a reprint of some sheets of a letter, these, such as "2-3,5"; empty: the whole letter
	Envelope       string // EnvelopeC5, EnvelopeC4 or EnvelopeParcel
	Zone           string // ZoneNorway, ZoneEurope or ZoneWorld
	WeightGram     int    // gram, envelope included, as we compute it
	Duplex         bool   // printed on both sides
}

// manifestVersion is the first column of each row. A vendor must refuse a
// version that it does not know.
const manifestVersion = "2"

// manifestHeader is the header row; its order is the order of the columns.
var manifestHeader = []string{
	"versjon", "brev", "forsendelse", "konteringskode", "fil", "forste_ark", "forste_side", "siste_side", "ark", "sider",
	"sider_sh", "sider_farge", "giroark", "papir", "utvalg", "konvolutt", "sone", "vekt_gram", "tosidig",
}

// maxKonteringskode is the longest code, in characters (docs/sources.md, Hand-ins).
const maxKonteringskode = 20

var shipmentPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ManifestHeader is the exact header row of a manifest, without line end.
func ManifestHeader() string { return strings.Join(manifestHeader, ";") }

// WriteManifest writes the manifest: CSV, semicolon, header row, UTF-8 without
// byte order mark, LF. The same rows give the same bytes. Rows that
// [ParseManifest] would refuse are an error and leave the writer incomplete.
func WriteManifest(w io.Writer, rows iter.Seq[ManifestRow]) error {
	p := &problems{document: "manifest"}
	checkRows(p, rows, func(i int) int { return i + 2 })
	if err := p.err(); err != nil {
		return err
	}
	cw := csv.NewWriter(w)
	cw.Comma = ';'
	if err := cw.Write(manifestHeader); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	rec := make([]string, len(manifestHeader))
	for r := range rows {
		rec = append(rec[:0], manifestVersion, strconv.Itoa(r.Letter), r.Shipment, r.Konteringskode, r.File,
			strconv.Itoa(r.FirstSheet), strconv.Itoa(r.FirstSide), strconv.Itoa(r.LastSide), strconv.Itoa(r.Sheets),
			strconv.Itoa(r.Pages), strconv.Itoa(r.PagesBW), strconv.Itoa(r.PagesColour), strconv.Itoa(r.GiroSheets),
			r.Stock, r.Part, r.Envelope, r.Zone,
			strconv.Itoa(r.WeightGram), yesNo(r.Duplex))
		if err := cw.Write(rec); err != nil {
			return fmt.Errorf("write manifest: %w", err)
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

func yesNo(b bool) string {
	if b {
		return "ja"
	}
	return "nei"
}

// ParseManifest reads a manifest strictly: the header must be exactly the one
// of version 2, every number in its plain form, letters numbered from 1 without
// gaps, and no shipment twice. All problems are listed by line in a
// [ParseError]. Whether the rows agree with a ticket is [CheckJob]'s matter.
func ParseManifest(b []byte) ([]ManifestRow, error) {
	p := &problems{document: "manifest"}
	if !utf8.Valid(b) {
		p.add(0, "", "is not UTF-8")
		return nil, p.err()
	}
	cr := bounded.NewCSV(b, ';')
	cr.ReuseRecord = true
	head, err := cr.Read()
	if err != nil {
		p.add(1, "", "header row cannot be read")
		return nil, p.err()
	}
	if strings.Join(head, ";") != ManifestHeader() {
		p.add(1, "", "header row is not %s", ManifestHeader())
		return nil, p.err()
	}
	var rows []ManifestRow
	var lines []int
	for {
		rec, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var ce *csv.ParseError
		if errors.Is(err, bounded.ErrTooLong) && errors.As(err, &ce) {
			p.add(ce.Line, "", "is longer than any line of a manifest")
			return nil, p.err()
		}
		if errors.As(err, &ce) {
			p.add(ce.Line, "", "quotes are wrong")
			continue
		}
		if err != nil {
			p.add(0, "", "cannot be read")
			return nil, p.err()
		}
		line, _ := cr.FieldPos(0)
		if len(rec) != len(manifestHeader) {
			p.add(line, "", "want %d columns, have %d", len(manifestHeader), len(rec))
			continue
		}
		row := parseRow(p, line, rec)
		if len(p.list) > 0 {
			continue // no row will be given
		}
		rows = append(rows, row)
		lines = append(lines, line)
	}
	// Rows that could not be read would make every later number look wrong.
	if len(p.list) == 0 {
		checkRows(p, slices.Values(rows), func(i int) int { return lines[i] })
	}
	if err := p.err(); err != nil {
		return nil, err
	}
	return rows, nil
}

func parseRow(p *problems, line int, rec []string) ManifestRow {
	if rec[0] != manifestVersion {
		p.add(line, "versjon", "want %s", manifestVersion)
	}
	number := func(col int) int {
		n, err := strconv.Atoi(rec[col])
		// "007", "+7" and "-0" are refused, so that a row has one spelling only.
		if err != nil || strconv.Itoa(n) != rec[col] {
			p.add(line, manifestHeader[col], "is not a whole number")
			return 0
		}
		return n
	}
	r := ManifestRow{
		Letter: number(1), Shipment: strings.Clone(rec[2]), Konteringskode: strings.Clone(rec[3]), File: strings.Clone(rec[4]),
		FirstSheet: number(5), FirstSide: number(6), LastSide: number(7), Sheets: number(8), Pages: number(9), PagesBW: number(10),
		PagesColour: number(11), GiroSheets: number(12), Stock: strings.Clone(rec[13]), Part: strings.Clone(rec[14]),
		Envelope: strings.Clone(rec[15]), Zone: strings.Clone(rec[16]), WeightGram: number(17),
	}
	switch rec[18] {
	case "ja":
		r.Duplex = true
	case "nei":
	default:
		p.add(line, "tosidig", "want ja or nei")
	}
	return r
}

// Most of a row that is believable; they keep sums far from overflow.
const (
	maxSides      = 10_000_000
	maxWeightGram = 1_000_000
)

func checkRows(p *problems, rows iter.Seq[ManifestRow], line func(int) int) {
	seen := make(map[string]int32)
	i := -1
	for r := range rows {
		i++
		n := line(i)
		if r.Letter != i+1 {
			p.add(n, "brev", "want %d, have %d", i+1, r.Letter)
		}
		if !shipmentPattern.MatchString(r.Shipment) {
			p.add(n, "forsendelse", "is not a shipment id")
		} else if first, twice := seen[r.Shipment]; twice {
			p.add(n, "forsendelse", "stands in line %d too", first)
		} else {
			seen[r.Shipment] = int32(n)
		}
		if !plainText(r.Konteringskode, maxKonteringskode) {
			p.add(n, "konteringskode", "want at most %d characters and no control characters", maxKonteringskode)
		}
		if parts, ok := ParseFileName(r.File); !ok || parts.Kind != KindPrint {
			p.add(n, "fil", "is not the name of a print file")
		}
		if r.FirstSide < 1 || r.LastSide < r.FirstSide || r.LastSide > maxSides {
			p.add(n, "forste_side", "%d to %d is no range of sides", r.FirstSide, r.LastSide)
		}
		if r.FirstSheet < 1 {
			p.add(n, "forste_ark", "%d is less than 1", r.FirstSheet)
		}
		if sides := r.LastSide - r.FirstSide + 1; r.Sheets < 1 || sides < r.Sheets || sides > 2*r.Sheets {
			p.add(n, "ark", "%d sheets cannot have %d sides", r.Sheets, sides)
		}
		if r.PagesBW < 0 || r.PagesColour < 0 || r.Pages < 1 || r.Pages != r.PagesBW+r.PagesColour {
			p.add(n, "sider", "%d is not %d without and %d with colour", r.Pages, r.PagesBW, r.PagesColour)
		}
		if r.Pages > r.LastSide-r.FirstSide+1 {
			p.add(n, "sider", "%d pages are more than the letter has sides", r.Pages)
		}
		if r.GiroSheets < 0 || r.GiroSheets > r.Sheets {
			p.add(n, "giroark", "%d is not within 0 to %d", r.GiroSheets, r.Sheets)
		}
		if sheets, giro, ok := parseStock(r.Stock); !ok || sheets != r.Sheets || giro != r.GiroSheets {
			p.add(n, "papir", "want the paper of sheets 1 to %d, %d of them GIRO, such as COVER:1 PLAIN:2-3", r.Sheets, r.GiroSheets)
		}
		if n2, ok := countRuns(r.Part); r.Part != "" && (!ok || n2 != r.Sheets) {
			p.add(n, "utvalg", "want %d sheets of the letter in rising order, such as 2-3,5", r.Sheets)
		}
		if !validEnvelope(r.Envelope) {
			p.add(n, "konvolutt", "want C5, C4 or PARCEL")
		}
		if !validZone(r.Zone) {
			p.add(n, "sone", "want NORGE, EUROPA or VERDEN")
		}
		if r.WeightGram < 1 || r.WeightGram > maxWeightGram {
			p.add(n, "vekt_gram", "%d is not within 1 to %d", r.WeightGram, maxWeightGram)
		}
	}
	if i < 0 {
		p.add(0, "", "has no letter")
	}
}

// TotalsOf adds up a manifest and the files of a job; Sides and Bytes come from
// the print files among files.
func TotalsOf(rows iter.Seq[ManifestRow], files []File) Totals {
	var t Totals
	for r := range rows {
		t.Letters++
		t.Sheets += r.Sheets
		t.Pages += r.Pages
		t.PagesBW += r.PagesBW
		t.PagesColour += r.PagesColour
		t.GiroSheets += r.GiroSheets
		t.WeightGram += int64(r.WeightGram)
	}
	for _, f := range files {
		if f.Kind == KindPrint {
			t.Sides += f.Sides
			t.Bytes += f.Bytes
		}
	}
	return t
}

// CheckJob compares a manifest with its ticket: totals, envelope and zone, each
// letter in the file that the ticket says, and each file's sides covered by its
// letters and control sheets without gap or overlap. Both have passed their own parser. The lines
// it reports assume a header row and one line a letter.
func CheckJob(t Ticket, rows iter.Seq[ManifestRow]) []LineProblem {
	p := &problems{}
	want := TotalsOf(rows, t.Files)
	for _, n := range []struct {
		field      string
		have, want int64
	}{
		{"letters", int64(t.Totals.Letters), int64(want.Letters)}, {"sheets", int64(t.Totals.Sheets), int64(want.Sheets)},
		{"pages", int64(t.Totals.Pages), int64(want.Pages)}, {"pagesBW", int64(t.Totals.PagesBW), int64(want.PagesBW)},
		{"pagesColour", int64(t.Totals.PagesColour), int64(want.PagesColour)},
		{"giroSheets", int64(t.Totals.GiroSheets), int64(want.GiroSheets)},
		{"weightGram", t.Totals.WeightGram, want.WeightGram},
	} {
		if n.have != n.want {
			p.add(0, "totals."+n.field, "%d in the ticket, %d in the manifest", n.have, n.want)
		}
	}
	line := 1
	for r := range rows {
		line++
		if r.Envelope != t.Class.Envelope || r.Zone != t.Class.Zone {
			p.add(line, "", "envelope or zone is not the job's")
		}
		if r.GiroSheets > 0 && !t.Class.Giro || r.PagesColour > 0 && !t.Class.Colour || r.Duplex && !t.Class.Duplex {
			p.add(line, "", "giro, colour or duplex in a job without it")
		}
	}
	checkPlaces(p, t, rows)
	return p.list
}

// checkPlaces compares where the letters stand with the files of the ticket:
// every file's sides, in the order after cutting, are its control sheets and
// its letters, without gap or overlap.
func checkPlaces(p *problems, t Ticket, rows iter.Seq[ManifestRow]) {
	perSheet := 1
	if t.Class.Duplex {
		perSheet = 2
	}
	next, stop := iter.Pull(rows)
	defer stop()
	r, more := next()
	sheet, line := 0, 2 // sheets of the job so far, line of r
	for _, f := range t.PrintFiles() {
		side := perSheet * f.Header
		finished := f.Header + f.Trailer // finished sheets
		for ; more && r.Letter <= f.LastLetter; r, more = next() {
			if r.File != f.Name {
				p.add(line, "fil", "is not the file that the ticket says for this letter")
			}
			if r.FirstSheet != sheet+1 {
				p.add(line, "forste_ark", "want %d, have %d", sheet+1, r.FirstSheet)
			}
			if r.FirstSide != side+1 {
				p.add(line, "forste_side", "want %d, have %d", side+1, r.FirstSide)
			}
			if r.LastSide-r.FirstSide+1 != perSheet*r.Sheets {
				p.add(line, "siste_side", "%d sheets have %d sides, not %d", r.Sheets, perSheet*r.Sheets, r.LastSide-r.FirstSide+1)
			}
			if r.Part != "" && !t.Reprint {
				p.add(line, "utvalg", "a part of a letter in a job that is no reprint")
			}
			sheet, side, finished = sheet+r.Sheets, r.LastSide, finished+r.Sheets
			line++
		}
		sides := perSheet * finished
		if t.Press == nil {
			if f.Sides != sides {
				p.add(0, "", "%s has %d sides, its letters and control sheets cover %d", f.Name, f.Sides, sides)
			}
			continue
		}
		if up := t.Press.Up(); f.Sides%perSheet != 0 || f.Sides/perSheet*up < finished {
			p.add(0, "", "%s has %d sides, which do not hold %d finished sheets, %d a press sheet", f.Name, f.Sides, finished, up)
		}
	}
	for ; more; _, more = next() {
		p.add(line, "fil", "is in no file of the ticket")
		line++
	}
}

// Kinds of paper, in [StockRuns] and [Instructions].Trays.
const (
	StockPlain   = "PLAIN"   // white A4
	StockCover   = "COVER"   // the sheet with the address page
	StockGiro    = "GIRO"    // pre-printed giro form
	StockControl = "CONTROL" // control sheets, which belong to no letter
)

func validStock(s string) bool { return s == StockPlain || s == StockCover || s == StockGiro }

// StockRuns words the paper of a letter's sheets in order, which is the call
// of trays: "COVER:1 PLAIN:2-4 GIRO:5".
func StockRuns(stocks []string) string {
	var b strings.Builder
	for i := 0; i < len(stocks); {
		j := i
		for j+1 < len(stocks) && stocks[j+1] == stocks[i] {
			j++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(stocks[i] + ":" + Runs([][2]int{{i + 1, j + 1}}))
		i = j + 1
	}
	return b.String()
}

// Runs words ranges of numbers, both ends included: "2-3,5".
func Runs(ranges [][2]int) string {
	var b strings.Builder
	for i, r := range ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(r[0]))
		if r[1] != r[0] {
			b.WriteString("-" + strconv.Itoa(r[1]))
		}
	}
	return b.String()
}

// parseStock counts the sheets, and those of giro paper, of what StockRuns
// makes.
func parseStock(s string) (sheets, giro int, ok bool) {
	before := ""
	for word := range strings.SplitSeq(s, " ") {
		stock, run, found := strings.Cut(word, ":")
		from, to, err := parseRun(run)
		if !found || err || !validStock(stock) || stock == before || from != sheets+1 {
			return 0, 0, false
		}
		if stock == StockGiro {
			giro += to - from + 1
		}
		sheets, before = to, stock
	}
	return sheets, giro, true
}

// countRuns counts the numbers of what Runs makes, which must rise with gaps
// between the ranges.
func countRuns(s string) (n int, ok bool) {
	last := -1
	for run := range strings.SplitSeq(s, ",") {
		from, to, err := parseRun(run)
		if err || from <= last+1 && last > 0 {
			return 0, false
		}
		n, last = n+to-from+1, to
	}
	return n, true
}

// parseRun reads "5" or "2-3", in its one spelling.
func parseRun(s string) (from, to int, bad bool) {
	a, b, two := strings.Cut(s, "-")
	from, err := strconv.Atoi(a)
	to = from
	if err == nil && two {
		to, err = strconv.Atoi(b)
	}
	if err != nil || from < 1 || to < from || to > maxSides || two && to == from || Runs([][2]int{{from, to}}) != s {
		return 0, 0, true
	}
	return from, to, false
}
