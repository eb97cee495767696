package receipt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/encoding/charmap"

	"postgang/billing/bounded"
	"postgang/billing/codes"
	"postgang/billing/money"
	"postgang/billing/reading"
)

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:\-]{0,99}$`)
	uuidPattern = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	lonely      = regexp.MustCompile(`\b\d\b`) // a figure by itself
	// Stricter than time.Parse, which lets one-digit hours and a comma in fractions through.
	timePattern = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)
)

// Parse reads a whole receipt file. Either every row is returned and there are no problems, or
// no row is returned and the problems say why: a file with any problem must not be applied at all.
// A file with only a header is a valid file without rows. Columns may stand in any order; their names
// are exact. Space around a field is trimmed.
//
// The same shipment may stand twice only under different jobs (a letter and its ordered reprint);
// the same shipment and job twice is a problem.
func Parse(data []byte, f Format) ([]Row, []reading.Problem) {
	var rows []Row
	problems, err := Read(bytes.NewReader(data), int64(len(data)), f, func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	if err != nil { // bytes in memory can be read
		problems = append(problems, reading.Problem{Code: reading.ProblemSyntax, Text: err.Error()})
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return rows, nil
}

// Read is Parse for a file of any size: row is called for each row, as they stand in the file. When there are problems, rows that
// stand before the first of them were given already, and must be thrown away. The error is that the file cannot be read, or row's.
func Read(file io.ReaderAt, size int64, f Format, row func(Row) error) ([]reading.Problem, error) {
	if err := f.Validate(); err != nil {
		return []reading.Problem{{Code: reading.ProblemFormat, Text: err.Error() + "; correct the vendor profile"}}, nil
	}
	p := &parser{format: f, columns: f.columns(), seed: maphash.MakeSeed(), seed2: maphash.MakeSeed(), seen: map[[2]uint64]int32{}, give: row}
	from := &watched{from: file}
	text, ok := p.Text(from, size, f.Encoding)
	switch {
	case !ok:
	case f.Syntax == SyntaxJSON:
		p.runJSON(text)
	case f.Syntax == SyntaxXML:
		p.runXML(text)
	case f.Syntax == SyntaxFixed:
		p.runFixed(text)
	default:
		p.run(text)
	}
	if err := cmp.Or(from.failed, p.failed); err != nil {
		return nil, err
	}
	if p.Count > 0 {
		return p.All(), nil
	}
	return nil, nil
}

// watched keeps why a file could not be read, which those who read texts take for its end.
type watched struct {
	from   io.ReaderAt
	failed error
}

// ReadAt implements io.ReaderAt.
func (w *watched) ReadAt(b []byte, at int64) (int, error) {
	n, err := w.from.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		w.failed = err
	}
	return n, err
}

type parser struct {
	reading.Problems
	format  Format
	columns []string        // of the format
	give    func(Row) error // takes the rows
	failed  error           // of give
	rows    int             // given
	sums    [2]money.Ore    // of production and postage of the rows
	// The line of each letter, by two hashes of job and shipment: of a million, their texts would take much memory, and that two of
	// them have 128 bits in common does not happen.
	seen        map[[2]uint64]int32
	seed, seed2 maphash.Seed
	full        bool // there are more rows than a file may have
	trailer     int  // line of the trailer, 0: not there yet
	version     int  // line of the first row whose version stands behind the rows, if at all
}

// letter is what seen knows a letter by.
func (p *parser) letter(row Row) [2]uint64 {
	text := row.Job + " " + row.Shipment // an id has no space
	return [2]uint64{maphash.String(p.seed, text), maphash.String(p.seed2, text)}
}

func (p *parser) run(text bounded.Text) {
	r := bounded.NewCSVFrom(text, rune(p.format.Delimiter[0])) // fields are counted here, so that every short row is listed
	r.ReuseRecord = true

	header, err := r.Read()
	if err != nil {
		p.CSVError(err, "the header line has misplaced quotation marks")
		return
	}
	columns := slices.Clone(header)
	position, ok := p.header(columns)
	if !ok {
		return
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			p.ended()
			return
		}
		if err != nil {
			if !p.CSVError(err, "misplaced or unclosed quotation mark") {
				return
			}
			continue
		}
		line, _ := r.FieldPos(0)
		trim := func(col string) string { return strings.Trim(fields[position[col]], " \t\u00a0") }
		if p.isTrailer(line, fields[0]) {
			if len(fields) == len(columns) {
				p.checkSums(line, trim)
			}
			continue
		}
		if len(fields) != len(columns) {
			p.Add(line, "", reading.ProblemFieldCount, "the row has %d fields, the header %d; the file may be cut off or hold a stray %q", len(fields), len(columns), p.format.Delimiter)
			continue
		}
		p.row(line, trim)
	}
}

// isTrailer reports whether a line is the one at the end that is no row, by its beginning. Nothing may stand after it.
func (p *parser) isTrailer(line int, beginning string) bool {
	is := p.format.Trailer != "" && strings.HasPrefix(strings.TrimSpace(beginning), p.format.Trailer)
	if p.trailer > 0 {
		p.Add(line, "", reading.ProblemSyntax, "something stands after the line %d, which is the last one by its beginning", p.trailer)
		return true
	}
	if is {
		p.trailer = line
	}
	return is
}

// ended misses the trailer at the end of a file.
func (p *parser) ended() {
	if p.format.Trailer != "" && p.trailer == 0 {
		p.Add(0, "", reading.ProblemMissingTrailer, "the file does not end with a line that begins with the trailer of the profile; the file may be cut off")
	}
}

// checkSums holds the amounts of a trailer against the rows, where it has some.
func (p *parser) checkSums(line int, get func(col string) string) {
	if p.Count > 0 {
		return // the rows are not all there
	}
	for i, col := range []string{ColProduction, ColPostage} {
		s := get(col)
		if s == "" {
			continue
		}
		sum := p.sums[i]
		if said, ok := p.kroner(line, col, s); ok && said != sum {
			p.Add(line, col, reading.ProblemSum, "the sum at the end is kr %s, and the rows add up to kr %s; rows may be missing", said, sum)
		}
	}
}

// header finds where each column stands; the file is not read further when the header is wrong.
func (p *parser) header(columns []string) (map[string]int, bool) {
	before := p.Count
	own := map[string]string{} // header in the file → our name
	for _, col := range p.columns {
		own[p.format.header(col)] = col
	}
	position := map[string]int{}
	for i, name := range columns {
		col, known := own[strings.TrimSpace(name)]
		if _, twice := position[col]; known && twice {
			p.Add(1, col, reading.ProblemDuplicateColumn, "the column stands twice in the header")
		}
		if known {
			position[col] = i
		}
	}
	if len(position) == 0 {
		// Nothing of the line is repeated: a file without header begins with data.
		p.Add(1, "", reading.ProblemHeader, "the first line has none of the column names of receipt version %s separated by %q; check that this is a receipt file with a header", p.format.Version, p.format.Delimiter)
		return nil, false
	}
	for i, name := range columns {
		if !p.known(strings.TrimSpace(name)) {
			p.Add(1, "", reading.ProblemUnknownColumn, "column number %d of the header is unknown to receipt version %s; a changed format needs a changed profile", i+1, p.format.Version)
		}
	}
	for _, col := range p.columns {
		if _, found := position[col]; !found {
			p.Add(1, col, reading.ProblemMissingColumn, "the column %q is missing from the header", p.format.header(col))
		}
	}
	return position, p.Count == before
}

func (p *parser) row(line int, get func(col string) string) {
	if max(p.rows, len(p.seen)) >= MaxRows {
		if !p.full {
			p.full = true
			p.Add(line, "", reading.ProblemTooLarge, "the file has more than %d rows; have the vendor send it in parts", MaxRows)
		}
		return
	}
	if v := get(ColVersion); v != p.format.Version {
		p.Add(line, ColVersion, reading.ProblemVersion, "the row is not of receipt version %s; the file needs a profile for its version", p.format.Version)
		return
	}
	row := Row{
		Line:              line,
		Job:               p.id(line, ColJob, get(ColJob), true),
		Shipment:          lowerUUID(p.id(line, ColShipment, get(ColShipment), true)),
		PrintID:           p.id(line, ColPrintID, get(ColPrintID), false),
		PostedAt:          p.time(line, ColPosted, get(ColPosted)),
		PagesBW:           p.number(line, ColPagesBW, get(ColPagesBW)),
		PagesColour:       p.number(line, ColPagesColour, get(ColPagesColour)),
		EnvelopesAuto:     p.number(line, ColEnvAuto, get(ColEnvAuto)),
		ExtraSheetsAuto:   p.number(line, ColExtraAuto, get(ColExtraAuto)),
		EnvelopesManual:   p.number(line, ColEnvManual, get(ColEnvManual)),
		ExtraSheetsManual: p.number(line, ColExtraManual, get(ColExtraManual)),
		WeightGram:        p.weight(line, ColWeight, get(ColWeight)),
		Production:        p.amount(line, ColProduction, get(ColProduction)),
		Postage:           p.amount(line, ColPostage, get(ColPostage)),
		Konteringskode:    strings.Clone(get(ColKonteringskode)),
	}
	if len(p.format.Kinds) > 0 {
		kind, known := p.format.Kinds[get(ColKind)]
		if !known {
			p.Add(line, ColKind, reading.ProblemKind, "the row is of a kind that the profile does not know; a new kind needs a changed profile")
		}
		if kind != RowProduced {
			row.Kind = kind
		}
		p.returned(line, &row, get)
	}
	if !codes.Valid(row.Konteringskode) {
		p.Add(line, ColKonteringskode, reading.ProblemCode, "the code has more than 20 characters or characters outside letters, digits, æøå and . _ -; check the encoding of the file")
	}
	if row.Job != "" && row.Shipment != "" {
		key := p.letter(row)
		if first, twice := p.seen[key]; twice {
			p.Add(line, ColShipment, reading.ProblemDuplicateRow, "the same shipment of the same job stands in line %d already; ask the vendor which row is right", first)
		} else {
			p.seen[key] = int32(line) //nolint:gosec // a file has less than a thousand million lines
		}
	}
	if p.Count > 0 || p.failed != nil {
		return // none of them will be taken
	}
	p.rows++
	p.sums[0] += row.Production
	p.sums[1] += row.Postage
	p.failed = p.give(row)
}

func (p *parser) id(line int, col, s string, required bool) string {
	switch {
	case s == "" && required:
		p.Add(line, col, reading.ProblemRequired, "the field is empty")
	case s != "" && !idPattern.MatchString(s):
		p.Add(line, col, reading.ProblemID, "not an id: 1 to 100 letters, digits and . _ : - beginning with a letter or digit")
		return ""
	}
	return strings.Clone(s) // the record's memory is reused
}

// lowerUUID is a UUID in small letters, as we write them; another id stays as it is.
func lowerUUID(id string) string {
	if uuidPattern.MatchString(id) {
		return strings.ToLower(id)
	}
	return id
}

func (p *parser) time(line int, col, s string) time.Time {
	if s == "" {
		p.Add(line, col, reading.ProblemRequired, "the field is empty")
		return time.Time{}
	}
	var t time.Time
	var err error
	if layout, _ := timeLayout(p.format.Time); layout != "" {
		padded := s
		if loose(p.format.Time) {
			padded = lonely.ReplaceAllString(s, "0$0")
		}
		if t, err = time.ParseInLocation(layout, padded, p.format.Location); err != nil || t.Format(layout) != padded {
			p.Add(line, col, reading.ProblemTime, "not a time of the form %s, or one that does not exist", p.format.Time)
			return time.Time{}
		}
	} else if t, err = time.Parse(time.RFC3339Nano, s); err != nil || !timePattern.MatchString(s) {
		p.Add(line, col, reading.ProblemTime, "not a time with date and offset such as 2026-01-05T14:30:00+01:00 (RFC 3339)")
		return time.Time{}
	}
	t = t.UTC()
	if t.Year() < 2000 || t.Year() > 2099 {
		p.Add(line, col, reading.ProblemTime, "the year is outside 2000 to 2099")
	}
	return t
}

func (p *parser) number(line int, col, s string) int {
	switch {
	case s == "":
		p.Add(line, col, reading.ProblemRequired, "the field is empty; write 0 for none")
		return 0
	case len(s) > 1 && s[0] == '-' && money.AllDigits(s[1:]):
		p.Add(line, col, reading.ProblemNegative, "the number is negative")
		return 0
	case !money.AllDigits(s):
		p.Add(line, col, reading.ProblemNumber, "not a whole number")
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n > MaxCount {
		p.Add(line, col, reading.ProblemTooLarge, "the number is above %d", MaxCount)
		return 0
	}
	return n
}

// weight is in gram, whatever the unit of the file.
func (p *parser) weight(line int, col, s string) int {
	if p.format.Weight != UnitKilogram || s == "" {
		return p.number(line, col, s)
	}
	whole, part, _ := strings.Cut(s, p.format.DecimalSign)
	if whole == "" || !money.AllDigits(whole) || len(part) > 3 || !money.AllDigits(part) || strings.HasSuffix(s, p.format.DecimalSign) {
		p.Add(line, col, reading.ProblemNumber, "not a weight in kg with %q as decimal sign and at most three decimals", p.format.DecimalSign)
		return 0
	}
	return p.number(line, col, strings.TrimLeft(whole, "0")+(part + "000")[:3])
}

func (p *parser) amount(line int, col, s string) money.Ore {
	none := "0" + p.format.DecimalSign + "00"
	if p.format.Amount == UnitOre {
		none = "0"
	}
	if s == "" {
		p.Add(line, col, reading.ProblemRequired, "the field is empty; write %s for none", none)
		return 0
	}
	o, ok := p.kroner(line, col, s)
	switch {
	case !ok:
	case o > MaxAmount:
		p.Add(line, col, reading.ProblemTooLarge, "the amount is above %s kroner", MaxAmount)
	case o < 0:
		p.Add(line, col, reading.ProblemNegative, "the amount is negative; a receipt reports costs, and a correction is booked as its own line")
	default:
		return o
	}
	return 0
}

// kroner reads an amount in the format's unit.
func (p *parser) kroner(line int, col, s string) (money.Ore, bool) {
	s, grouped := p.format.ungroup(s)
	if !grouped {
		p.Add(line, col, reading.ProblemAmount, "the group separators do not stand before every three digits")
		return 0, false
	}
	if p.format.Amount == UnitOre {
		digits := strings.TrimPrefix(s, "-")
		if digits == "" || !money.AllDigits(digits) {
			p.Add(line, col, reading.ProblemAmount, "not a whole number of øre")
			return 0, false
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			n = int64(MaxAmount) + 1
		}
		return money.Ore(n), true
	}
	if p.format.Syntax == SyntaxFixed { // figures are filled up with zeros there
		body := strings.TrimLeft(strings.TrimPrefix(s, "-"), "0")
		if strings.HasPrefix(body, p.format.DecimalSign) {
			body = "0" + body
		}
		if strings.HasPrefix(s, "-") {
			body = "-" + body
		}
		s = body
	}
	o, err := money.ParseAmount(s, p.format.DecimalSign)
	switch {
	case errors.Is(err, money.ErrOverflow):
		return MaxAmount + 1, true
	case err != nil:
		p.Add(line, col, reading.ProblemAmount, "%v", err)
	}
	return o, err == nil
}

// returned reads why a letter came back.
func (p *parser) returned(line int, row *Row, get func(col string) string) {
	if !slices.Contains(p.columns, ColReason) {
		return
	}
	value := get(ColReason)
	if row.Kind != RowReturn {
		if value != "" {
			p.Add(line, ColReason, reading.ProblemReason, "only a row of a returned letter has a reason")
		}
		return
	}
	reason, known := p.format.reason(value)
	if !known {
		p.Add(line, ColReason, reading.ProblemReason, "the reason is none that the profile knows; a new reason needs a changed profile")
	}
	row.Reason = reason
	if row.Net() != 0 {
		p.Add(line, ColPostage, reading.ProblemReturnCost, "a returned letter carries no amount; a charge for it belongs in a correction of its receipt")
	}
}

// writable reports why a receipt file cannot hold the row.
func (r Row) writable() error {
	if !idPattern.MatchString(r.Job) || !idPattern.MatchString(r.Shipment) || r.PrintID != "" && !idPattern.MatchString(r.PrintID) {
		return errors.New("job, shipment or print id is not of the form of an id")
	}
	if !codes.Valid(r.Konteringskode) {
		return errors.New("konteringskode is not of its form")
	}
	if y := r.PostedAt.UTC().Year(); y < 2000 || y > 2099 {
		return errors.New("the year of posting is outside 2000 to 2099")
	}
	for _, n := range []int{r.PagesBW, r.PagesColour, r.EnvelopesAuto, r.ExtraSheetsAuto, r.EnvelopesManual, r.ExtraSheetsManual, r.WeightGram} {
		if n < 0 || n > MaxCount {
			return fmt.Errorf("a number is outside 0 to %d", MaxCount)
		}
	}
	for _, o := range []money.Ore{r.Production, r.Postage} {
		if o < 0 || o > MaxAmount {
			return fmt.Errorf("an amount is outside 0 to %s kroner", MaxAmount)
		}
	}
	return nil
}

// Encode writes rows as a receipt file in the format (with "auto", as UTF-8 without byte order
// mark). CSV has a header and one line a row, ended by CR LF. Times are written in UTC, or in the format's own
// form. Parse reads the file back to the same rows, but for what such a form leaves out. Rows
// that a receipt file cannot hold give an error.
func Encode(rows []Row, f Format) ([]byte, error) {
	if err := f.Validate(); err != nil {
		return nil, err
	}
	seen := make(map[[2]string]bool, len(rows))
	for i, r := range rows {
		if err := r.writable(); err != nil {
			return nil, fmt.Errorf("write receipt row %d: %w", i+1, err)
		}
		if r.Kind != "" && f.kindValue(r.Kind) == "" {
			return nil, fmt.Errorf("write receipt row %d: the format has no value for a %s", i+1, r.Kind)
		}
		if (r.Kind == RowReturn) != (r.Reason != "") || r.Reason != "" && f.reasonValue(r.Reason) == "" || r.Kind == RowReturn && r.Net() != 0 {
			return nil, fmt.Errorf("write receipt row %d: a return has a reason that the format knows and no amount, and no other row has one", i+1)
		}
		if seen[[2]string{r.Job, r.Shipment}] {
			return nil, fmt.Errorf("write receipt row %d: the same shipment of the same job stands twice", i+1)
		}
		seen[[2]string{r.Job, r.Shipment}] = true
	}
	var b bytes.Buffer
	if err := f.write(&b, rows); err != nil {
		return nil, fmt.Errorf("write receipts: %w", err)
	}
	switch f.Encoding {
	case "windows-1252":
	case reading.EncodingUTF16:
		return reading.EncodeUTF16(b.Bytes()), nil
	default:
		return b.Bytes(), nil
	}
	out, err := charmap.Windows1252.NewEncoder().Bytes(b.Bytes())
	if err != nil {
		return nil, errors.New("write receipts: a text cannot be written in windows-1252")
	}
	return out, nil
}
