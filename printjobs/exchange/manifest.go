package exchange

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ManifestRow is one letter in the manifest (følgeseddel). It carries no
// personal data: a letter is known by its shipment id.
type ManifestRow struct {
	Letter         int    // 1-based within the job, in order of print
	Shipment       string // shipment id: letters, digits, dot, hyphen, underscore, at most 64
	Konteringskode string // at most 20 characters, may be empty (domain.md 1.2)
	File           string // name of the print file that holds the letter
	FirstSide      int    // first page of the letter in the print file, 1-based
	LastSide       int    // last page of it, blank ones among them
	Sheets         int    // physical sheets
	Pages          int    // printed pages, blank sides not counted: PagesBW + PagesColour
	PagesBW        int
	PagesColour    int
	GiroSheets     int    // sheets of giro paper among Sheets
	Envelope       string // EnvelopeC5, EnvelopeC4 or EnvelopeParcel
	Zone           string // ZoneNorway, ZoneEurope or ZoneWorld
	WeightGram     int    // gram, envelope included, as we compute it
	Duplex         bool   // printed on both sides
}

// manifestVersion is the first column of each row. A vendor must refuse a
// version that it does not know.
const manifestVersion = "1"

// manifestHeader is the header row; its order is the order of the columns.
var manifestHeader = []string{
	"versjon", "brev", "forsendelse", "konteringskode", "fil", "forste_side", "siste_side", "ark", "sider",
	"sider_sh", "sider_farge", "giroark", "konvolutt", "sone", "vekt_gram", "tosidig",
}

// maxKonteringskode is the longest code, in characters (SvarUt, domain.md 1.2).
const maxKonteringskode = 20

var shipmentPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ManifestHeader is the exact header row of a manifest, without line end.
func ManifestHeader() string { return strings.Join(manifestHeader, ";") }

// WriteManifest writes the manifest: CSV, semicolon, header row, UTF-8 without
// byte order mark, LF. The same rows give the same bytes. Rows that
// [ParseManifest] would refuse are an error and leave the writer incomplete.
func WriteManifest(w io.Writer, rows []ManifestRow) error {
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
	for _, r := range rows {
		rec = append(rec[:0], manifestVersion, strconv.Itoa(r.Letter), r.Shipment, r.Konteringskode, r.File,
			strconv.Itoa(r.FirstSide), strconv.Itoa(r.LastSide), strconv.Itoa(r.Sheets), strconv.Itoa(r.Pages),
			strconv.Itoa(r.PagesBW), strconv.Itoa(r.PagesColour), strconv.Itoa(r.GiroSheets), r.Envelope, r.Zone,
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
// of version 1, every number in its plain form, letters numbered from 1 without
// gaps, and no shipment twice. All problems are listed by line in a
// [ParseError]. Whether the rows agree with a ticket is [CheckJob]'s matter.
func ParseManifest(b []byte) ([]ManifestRow, error) {
	p := &problems{document: "manifest"}
	if !utf8.Valid(b) {
		p.add(0, "", "is not UTF-8")
		return nil, p.err()
	}
	cr := csv.NewReader(bytes.NewReader(b))
	cr.Comma = ';'
	cr.FieldsPerRecord = -1
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
		rows = append(rows, parseRow(p, line, rec))
		lines = append(lines, line)
	}
	// Rows that could not be read would make every later number look wrong.
	if len(p.list) == 0 {
		checkRows(p, rows, func(i int) int { return lines[i] })
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
		FirstSide: number(5), LastSide: number(6), Sheets: number(7), Pages: number(8), PagesBW: number(9),
		PagesColour: number(10), GiroSheets: number(11), Envelope: strings.Clone(rec[12]), Zone: strings.Clone(rec[13]),
		WeightGram: number(14),
	}
	switch rec[15] {
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

func checkRows(p *problems, rows []ManifestRow, line func(int) int) {
	if len(rows) == 0 {
		p.add(0, "", "has no letter")
	}
	seen := make(map[string]int, len(rows))
	for i, r := range rows {
		n := line(i)
		if r.Letter != i+1 {
			p.add(n, "brev", "want %d, have %d", i+1, r.Letter)
		}
		if !shipmentPattern.MatchString(r.Shipment) {
			p.add(n, "forsendelse", "is not a shipment id")
		} else if first, twice := seen[r.Shipment]; twice {
			p.add(n, "forsendelse", "stands in line %d too", first)
		} else {
			seen[r.Shipment] = n
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
}

// TotalsOf adds up a manifest and the files of a job; Sides and Bytes come from
// the print files among files.
func TotalsOf(rows []ManifestRow, files []File) Totals {
	t := Totals{Letters: len(rows)}
	for _, r := range rows {
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
// letters without gap or overlap. Both have passed their own parser. The lines
// it reports assume a header row and one line a letter.
func CheckJob(t Ticket, rows []ManifestRow) []LineProblem {
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
	files := t.PrintFiles()
	at, side := 0, 0 // the file we are in, and its sides covered so far
	for i, r := range rows {
		n := i + 2
		if r.Envelope != t.Class.Envelope || r.Zone != t.Class.Zone {
			p.add(n, "", "envelope or zone is not the job's")
		}
		if r.GiroSheets > 0 && !t.Class.Giro || r.PagesColour > 0 && !t.Class.Colour || r.Duplex && !t.Class.Duplex {
			p.add(n, "", "giro, colour or duplex in a job without it")
		}
		for at < len(files) && r.Letter > files[at].LastLetter {
			if side != files[at].Sides {
				p.add(n, "siste_side", "%s has %d sides, its letters cover %d", files[at].Name, files[at].Sides, side)
			}
			at, side = at+1, 0
		}
		if at == len(files) || r.File != files[at].Name {
			p.add(n, "fil", "is not the file that the ticket says for this letter")
			continue
		}
		if r.FirstSide != side+1 {
			p.add(n, "forste_side", "want %d, have %d", side+1, r.FirstSide)
		}
		side = r.LastSide
	}
	if at < len(files) && side != files[at].Sides {
		p.add(0, "", "%s has %d sides, its letters cover %d", files[at].Name, files[at].Sides, side)
	}
	if at < len(files)-1 {
		p.add(0, "", "%d print files hold no letter", len(files)-1-at)
	}
	return p.list
}
