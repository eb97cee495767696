package receipt

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"postgang/billing/bounded"
	"postgang/billing/money"
	"postgang/billing/reading"
)

// Syntaxes of receipt files, in Format.Syntax.
const (
	SyntaxCSV   = "csv"   // a header line, and one line a row
	SyntaxJSON  = "json"  // a list of flat objects
	SyntaxXML   = "xml"   // an element a row, its fields elements or attributes in it
	SyntaxFixed = "fixed" // lines whose fields stand at fixed positions
)

// maxDepth bounds how deep JSON and XML may be nested: a list of flat objects needs four.
const maxDepth = 16

// record is a row as a syntax gives it: the vendor's names and the texts that stand there.
type record struct {
	line    int
	fields  map[string]string
	numbers map[string]bool // names of those that JSON has as numbers
}

// maxFields is how many named fields a row may have.
const maxFields = 1000

// record reads a row of named fields. file holds what stands once for the whole file: the version may. later: more of that may
// stand behind the rows.
func (p *parser) record(r record, file map[string]string, later bool) {
	for name := range r.fields {
		if !p.known(name) {
			p.Add(r.line, "", reading.ProblemUnknownColumn, "a field of the row is unknown to receipt version %s; a changed format needs a changed profile", p.format.Version)
			return // one is enough: the whole file will have it
		}
	}
	before := p.Count
	value := make(map[string]string, len(p.columns))
	for _, col := range p.columns {
		name := p.format.header(col)
		v, found := r.fields[name]
		if !found && col == ColVersion {
			if v, found = file[name]; !found && later {
				v, found = p.format.Version, true // looked at when the file has ended
				if p.version == 0 {
					p.version = r.line
				}
			}
		}
		if !found {
			p.Add(r.line, col, reading.ProblemMissingColumn, "the field %q is missing", name)
		}
		if v = strings.Trim(v, " \t\r\n\u00a0"); r.numbers[name] {
			v = p.format.numeral(col, v)
		}
		value[col] = v
	}
	if p.Count == before {
		p.row(r.line, func(col string) string { return value[col] })
	}
}

// numeral writes a number of JSON as the format writes the column: 18, 18.0 and 18.00 are one number there. What it cannot write
// stays as it is.
func (f Format) numeral(col, s string) string {
	whole, decimals, _ := strings.Cut(s, ".")
	if decimals = strings.TrimRight(decimals, "0"); !money.AllDigits(strings.TrimPrefix(whole, "-")) || !money.AllDigits(decimals) {
		return s // with an exponent
	}
	switch {
	case (col == ColProduction || col == ColPostage) && f.Amount != UnitOre && len(decimals) <= 2:
		return whole + f.DecimalSign + (decimals + "00")[:2]
	case col == ColWeight && f.Weight == UnitKilogram && decimals != "":
		return whole + f.DecimalSign + decimals
	case slices.Contains(numerals, col) && decimals == "":
		return whole
	}
	return s
}

// numerals are the columns of whole numbers, and of amounts and weights where these are whole.
var numerals = []string{ColPagesBW, ColPagesColour, ColEnvAuto, ColExtraAuto, ColEnvManual, ColExtraManual, ColWeight, ColProduction, ColPostage}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// known reports whether the profile knows a name that stands in the file.
func (p *parser) known(name string) bool {
	if slices.Contains(p.format.Ignore, name) {
		return true
	}
	return slices.ContainsFunc(p.columns, func(col string) bool { return p.format.header(col) == name })
}

// runJSON reads a list of flat objects: the document itself, or the field Row of the object that it is.
func (p *parser) runJSON(text bounded.Text) {
	r := &jsonRows{p: p, d: bounded.NewJSON(text, bounded.Piece), at: bounded.NewLines(text), file: map[string]string{}}
	if p.format.Row == "" {
		if !r.list() {
			return
		}
	} else {
		if t, ok := r.token(); !ok || t != json.Delim('{') {
			if ok {
				r.broken("the file must be one object")
			}
			return
		}
		if !r.object(&record{fields: r.file}, true) {
			return
		}
		if _, there := r.file[p.format.Row]; !there {
			p.Add(0, "", reading.ProblemHeader, "the file has no list %q; check that this is a receipt file", p.format.Row)
			return
		}
		delete(r.file, p.format.Row)
		p.fileFields(r.file)
	}
	if _, err := r.d.Token(); !errors.Is(err, io.EOF) {
		r.broken("something stands after the document")
		return
	}
	p.fileVersion(r.file)
}

// jsonRows reads a receipt file in JSON.
type jsonRows struct {
	p    *parser
	d    *bounded.JSON
	at   *bounded.Lines
	file map[string]string // fields beside the list
}

func (r *jsonRows) line() int { return r.at.Of(r.d.InputOffset()) }

func (r *jsonRows) broken(what string) { r.p.Add(r.line(), "", reading.ProblemSyntax, "%s", what) }

func (r *jsonRows) token() (json.Token, bool) {
	t, err := r.d.Token()
	switch {
	case errors.Is(err, bounded.ErrTooLong):
		r.broken(fmt.Sprintf("a text is longer than %d kB; check that this is the right file", bounded.Piece>>10))
	case err != nil:
		r.broken("the JSON ends or is broken here; the file may be cut off")
	}
	return t, err == nil
}

// object reads the flat fields of an object whose brace is read: texts, numbers, and null for an empty text. beside: the list of
// rows stands in it.
func (r *jsonRows) object(out *record, beside bool) bool {
	for r.d.More() {
		t, ok := r.token()
		if !ok {
			return false
		}
		name, named := t.(string)
		if _, twice := out.fields[name]; twice || !named || len(out.fields) == maxFields {
			r.broken("a field stands twice in one object, or there are too many")
			return false
		}
		if beside && name == r.p.format.Row {
			out.fields[name] = ""
			if !r.list() {
				return false
			}
			continue
		}
		if t, ok = r.token(); !ok {
			return false
		}
		switch v := t.(type) {
		case string:
			out.fields[name] = v
		case json.Number:
			out.fields[name] = v.String()
			if out.numbers == nil {
				out.numbers = map[string]bool{}
			}
			out.numbers[name] = true
		case nil:
			out.fields[name] = ""
		default:
			r.broken("a field is neither a text nor a number")
			return false
		}
	}
	_, ok := r.token()
	return ok
}

// list reads the rows.
func (r *jsonRows) list() bool {
	if t, ok := r.token(); !ok || t != json.Delim('[') {
		if ok {
			r.broken("here must be the list of rows")
		}
		return false
	}
	for r.d.More() {
		t, ok := r.token()
		if !ok {
			return false
		}
		if t != json.Delim('{') {
			r.broken("a row is no object")
			return false
		}
		row := record{line: r.line(), fields: map[string]string{}}
		if !r.object(&row, false) {
			return false
		}
		r.p.record(row, r.file, r.p.format.Row != "")
	}
	_, ok := r.token()
	return ok
}

// fileVersion looks at the version that stands behind the rows.
func (p *parser) fileVersion(file map[string]string) {
	if p.version == 0 {
		return
	}
	v, found := file[p.format.header(ColVersion)]
	switch {
	case found && strings.TrimSpace(v) == p.format.Version:
		return
	case found: // what else is wrong with rows of another version says nothing
		p.List, p.Count = nil, 0
		p.Add(p.version, ColVersion, reading.ProblemVersion, "the file is not of receipt version %s; it needs a profile for its version", p.format.Version)
	default:
		p.Add(p.version, ColVersion, reading.ProblemMissingColumn, "the field %q is missing", p.format.header(ColVersion))
	}
}

// fileFields wants nothing beside the rows but the version and what is ignored.
func (p *parser) fileFields(file map[string]string) {
	for _, name := range sortedNames(file) {
		if name != p.format.header(ColVersion) && !slices.Contains(p.format.Ignore, name) {
			p.Add(1, "", reading.ProblemUnknownColumn, "a field beside the rows is unknown to receipt version %s; a changed format needs a changed profile", p.format.Version)
			return
		}
	}
}

// runXML reads elements named Row, wherever they stand. Fields are elements with text in them, or attributes. The version
// may be an attribute of the outermost element. Names are taken without their namespace. What holds data outside of the rows stops
// the file: rows of another name, too, would be that.
func (p *parser) runXML(text bounded.Text) {
	d := bounded.NewXML(text, bounded.Piece, maxDepth)
	line := func() int { l, _ := d.InputPos(); return l }
	file := map[string]string{}
	var row *record
	var field string // the open field of a row
	var value strings.Builder
	roots := 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case errors.Is(err, bounded.ErrTooDeep):
			p.Add(line(), "", reading.ProblemSyntax, "the XML is nested too deep for receipts")
			return
		case errors.Is(err, bounded.ErrTooLong):
			p.Add(line(), "", reading.ProblemSyntax, "a text or element of the XML is longer than %d kB; check that this is the right file", bounded.Piece>>10)
			return
		case err != nil:
			p.Add(line(), "", reading.ProblemSyntax, "the XML ends or is broken here; the file may be cut off")
			return
		}
		switch t := t.(type) {
		case xml.Directive:
			p.Add(line(), "", reading.ProblemSyntax, "the XML has a document type; receipts have none")
			return
		case xml.StartElement:
			if d.Depth() == 1 {
				roots++
			}
			switch {
			case roots > 1:
				p.Add(line(), "", reading.ProblemSyntax, "something stands after the document")
				return
			case row == nil && t.Name.Local == p.format.Row:
				row = &record{line: line(), fields: map[string]string{}}
				for _, a := range attributes(t) {
					row.fields[a.Name.Local] = a.Value
				}
			case row == nil && d.Depth() == 1:
				for _, a := range attributes(t) {
					file[a.Name.Local] = a.Value
				}
				p.fileFields(file)
			case row == nil:
				if slices.ContainsFunc(attributes(t), func(a xml.Attr) bool { return !slices.Contains(p.format.Ignore, a.Name.Local) }) {
					p.Add(line(), "", reading.ProblemHeader, "an element with attributes is no row: rows are elements %q by the profile; check its row", p.format.Row)
					return
				}
			case field == "":
				field = t.Name.Local
				if _, twice := row.fields[field]; twice || len(row.fields) == maxFields {
					p.Add(line(), "", reading.ProblemDuplicateColumn, "a field stands twice in one row, or there are too many")
					return
				}
				value.Reset()
			default:
				p.Add(line(), "", reading.ProblemSyntax, "a field of a row has elements in it")
				return
			}
		case xml.CharData:
			switch {
			case field != "":
				if value.Len()+len(t) > bounded.Piece {
					p.Add(line(), "", reading.ProblemSyntax, "a text is longer than %d kB; check that this is the right file", bounded.Piece>>10)
					return
				}
				value.Write(t)
			case len(bytes.TrimSpace(t)) > 0 && row == nil:
				p.Add(line(), "", reading.ProblemSyntax, "text stands outside of a row: rows are elements %q by the profile; check its row", p.format.Row)
				return
			case len(bytes.TrimSpace(t)) > 0:
				p.Add(line(), "", reading.ProblemSyntax, "text stands outside of a field")
				return
			}
		case xml.EndElement:
			switch {
			case field != "":
				row.fields[field] = value.String()
				field = ""
			case row != nil:
				p.record(*row, file, false)
				row = nil
			}
		}
	}
	if d.Depth() != 0 {
		p.Add(line(), "", reading.ProblemSyntax, "the XML ends before its last element is closed; the file may be cut off")
	}
}

// attributes are those of an element, without namespaces.
func attributes(t xml.StartElement) []xml.Attr {
	return slices.DeleteFunc(slices.Clone(t.Attr), func(a xml.Attr) bool {
		return a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || strings.HasPrefix(a.Name.Space, "http://www.w3.org/")
	})
}

// runFixed reads lines whose fields stand at fixed positions, counted in characters from 1.
func (p *parser) runFixed(text bounded.Text) {
	width := p.format.width()
	line := 0
	for in := bufio.NewReaderSize(text, max(4<<10, 4*width+2)); ; {
		l, n, whole, err := fixedLine(in)
		if err != nil { // the end; another is told by who reads the file
			break
		}
		if line++; line <= p.format.SkipLines {
			continue
		}
		if p.isTrailer(line, string(l[:min(len(l), 4*width)])) {
			continue
		}
		switch {
		case n == width:
		case p.format.Trimmed && n < width && n > 0 && whole:
		default:
			p.Add(line, "", reading.ProblemFieldCount, "the line has %d characters, the profile wants %d; the file may be cut off, or of another format", n, width)
			continue
		}
		chars := []rune(string(l))
		p.row(line, func(col string) string {
			at := p.format.Positions[col]
			from, to := min(at[0]-1, n), min(at[0]-1+at[1], n)
			return strings.Trim(string(chars[from:to]), " \t\u00a0")
		})
	}
	p.ended()
}

// fixedLine reads a line without its end, and counts its characters. Of one that the reader's buffer does not hold, it gives the
// beginning. whole: it has an end.
func fixedLine(in *bufio.Reader) (line []byte, n int, whole bool, err error) {
	line, err = in.ReadSlice('\n')
	n = utf8.RuneCount(line)
	if errors.Is(err, bufio.ErrBufferFull) {
		line = bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) {
			var last []byte
			if last, err = in.ReadSlice('\n'); err == nil {
				last = bytes.TrimSuffix(last[:len(last)-1], []byte("\r"))
			}
			n += startsOfRunes(last)
		}
		n += startsOfRunes(line) - utf8.RuneCount(line) // a character may be cut in two at the end of the buffer
		return line, n, err == nil, unlessEnd(err, true)
	}
	if whole = err == nil; whole {
		line = bytes.TrimSuffix(line[:len(line)-1], []byte("\r"))
		n = utf8.RuneCount(line)
	}
	return line, n, whole, unlessEnd(err, len(line) > 0)
}

// startsOfRunes counts the characters of valid UTF-8 that begin in a part of it.
func startsOfRunes(b []byte) (n int) {
	for _, c := range b {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// unlessEnd is an error, but for the end of a file behind something.
func unlessEnd(err error, something bool) error {
	if errors.Is(err, io.EOF) && something {
		return nil
	}
	return err
}

// ungroup takes the group separators out of an amount. ok: each stands before three digits.
func (f Format) ungroup(s string) (plain string, ok bool) {
	if f.GroupSign == "" {
		return s, true
	}
	whole, decimals, found := strings.Cut(s, f.DecimalSign)
	if f.GroupSign == " " {
		whole = money.Spaces.Replace(whole)
	}
	groups := strings.Split(strings.TrimPrefix(whole, "-"), f.GroupSign)
	for i, g := range groups {
		if i > 0 && len(g) != 3 || i == 0 && len(groups) > 1 && (len(g) < 1 || len(g) > 3) {
			return s, false
		}
	}
	plain = strings.ReplaceAll(whole, f.GroupSign, "")
	if found {
		plain += f.DecimalSign + decimals
	}
	return plain, true
}

// width is how many characters a line of fixed positions has.
func (f Format) width() int {
	width := 0
	for _, at := range f.Positions {
		width = max(width, at[0]+at[1]-1)
	}
	return width
}

// validateSyntax reports what is wrong with the part of a format that its syntax needs.
func (f Format) validateSyntax() error {
	switch f.Syntax {
	case "", SyntaxCSV, SyntaxJSON:
	case SyntaxXML:
		if f.Row == "" {
			return errors.New("receipt format: row is missing: the name of the element of each row")
		}
		for _, name := range append([]string{f.Row}, f.headers()...) {
			if !elementName.MatchString(name) {
				return fmt.Errorf("receipt format: %q is no name of an XML element", name)
			}
		}
	case SyntaxFixed:
		taken := map[int]string{}
		for _, col := range f.columns() {
			at, ok := f.Positions[col]
			if !ok || len(at) != 2 || at[0] < 1 || at[1] < 1 || at[0]+at[1] > 10_000 {
				return fmt.Errorf("receipt format: positions of %s are missing: [first character from 1, number of characters]", col)
			}
			for c := at[0]; c < at[0]+at[1]; c++ {
				if other, twice := taken[c]; twice {
					return fmt.Errorf("receipt format: columns %s and %s overlap at character %d", other, col, c)
				}
				taken[c] = col
			}
		}
		for col := range f.Positions {
			if !slices.Contains(f.columns(), col) {
				return fmt.Errorf("receipt format: positions are given for %q, which is not a column of the receipt", col)
			}
		}
	default:
		return fmt.Errorf("receipt format: syntax %q is none of csv, json, xml, fixed", f.Syntax)
	}
	if f.Syntax != SyntaxFixed && (len(f.Positions) > 0 || f.SkipLines != 0) {
		return errors.New("receipt format: positions and skip_lines are for syntax fixed")
	}
	if f.Syntax != SyntaxFixed && f.Trimmed {
		return errors.New("receipt format: trimmed is for syntax fixed")
	}
	if f.Trailer != "" && f.Syntax != "" && f.Syntax != SyntaxCSV && f.Syntax != SyntaxFixed {
		return errors.New("receipt format: trailer is for syntax csv and fixed")
	}
	if strings.TrimSpace(f.Trailer) != f.Trailer || f.Trailer != "" && strings.HasPrefix(f.Version, f.Trailer) {
		return errors.New("receipt format: trailer has spaces around it, or is how rows begin")
	}
	if !slices.Contains([]string{"", " ", ".", ",", "'"}, f.GroupSign) || f.GroupSign != "" && (f.GroupSign == f.DecimalSign || f.Amount == UnitOre) {
		return fmt.Errorf("receipt format: group_sign %q is none of space, point, comma and ', is decimal_sign too, or amounts are øre", f.GroupSign)
	}
	if f.SkipLines < 0 || f.SkipLines > 1000 {
		return fmt.Errorf("receipt format: skip_lines %d is not within 0 to 1000", f.SkipLines)
	}
	if f.Row != "" && f.Syntax != SyntaxJSON && f.Syntax != SyntaxXML {
		return errors.New("receipt format: row is for syntax json and xml")
	}
	for _, name := range f.Ignore {
		if slices.ContainsFunc(f.columns(), func(col string) bool { return f.header(col) == name }) {
			return fmt.Errorf("receipt format: %q is ignored, and a column of the receipt", name)
		}
	}
	if f.Amount != "" && f.Amount != UnitKroner && f.Amount != UnitOre {
		return fmt.Errorf("receipt format: amount %q is none of kroner, ore", f.Amount)
	}
	if f.Weight != "" && f.Weight != UnitGram && f.Weight != UnitKilogram {
		return fmt.Errorf("receipt format: weight %q is none of g, kg", f.Weight)
	}
	if _, err := timeLayout(f.Time); err != nil {
		return err
	}
	if f.Time != "" && f.Location == nil {
		return errors.New("receipt format: time is of a form without offset, and no location says where it is meant")
	}
	return nil
}

// elementName is the form of XML names that we take.
var elementName = regexp.MustCompile(`^[\pL_][\pL\pN_.\-]*$`)

// headers are the vendor's names of our columns, in their order.
func (f Format) headers() []string {
	names := slices.Clone(f.columns())
	for i, col := range names {
		names[i] = f.header(col)
	}
	return names
}

// Units of a receipt file, in Format.Amount and Format.Weight.
const (
	UnitKroner   = "kroner" // with two decimals
	UnitOre      = "ore"    // whole øre
	UnitGram     = "g"      // whole gram
	UnitKilogram = "kg"     // with up to three decimals
)

// timeLayout gives Go's layout of a form such as "DD.MM.YYYY HH:mm"; empty: RFC 3339.
func timeLayout(form string) (string, error) {
	if form == "" {
		return "", nil
	}
	type part struct{ token, layout string }
	parts := []part{{"YYYY", "2006"}, {"MM", "01"}, {"DD", "02"}, {"HH", "15"}, {"mm", "04"}, {"ss", "05"}, {"M", "01"}, {"D", "02"}, {"H", "15"}}
	var out strings.Builder
	seen := map[string]bool{}
	for rest := form; rest != ""; {
		i := slices.IndexFunc(parts, func(p part) bool { return strings.HasPrefix(rest, p.token) })
		if i >= 0 {
			t := parts[i]
			name := t.token
			if len(name) == 1 {
				name += name // M is the month as MM is
			}
			if seen[name] {
				return "", fmt.Errorf("receipt format: time %q has %s twice", form, t.token)
			}
			seen[name] = true
			out.WriteString(t.layout)
			rest = rest[len(t.token):]
			continue
		}
		if !strings.ContainsRune(" .-/:T", rune(rest[0])) {
			return "", fmt.Errorf("receipt format: time %q is not made of YYYY MM DD HH mm ss and signs between them", form)
		}
		out.WriteByte(rest[0])
		rest = rest[1:]
	}
	if !seen["YYYY"] || !seen["MM"] || !seen["DD"] || seen["mm"] != seen["HH"] || seen["ss"] && !seen["mm"] {
		return "", fmt.Errorf("receipt format: time %q must have YYYY, MM and DD, and mm with HH", form)
	}
	return out.String(), nil
}

// loose reports whether numerals of a form need no zero before them.
func loose(form string) bool {
	return strings.ContainsAny(strings.NewReplacer("MM", "", "DD", "", "HH", "").Replace(form), "MDH")
}

// values are a row's texts, in the order of f.columns.
func (f Format) values(r Row) []string {
	n := strconv.Itoa
	posted := r.PostedAt.UTC().Format(time.RFC3339Nano)
	if layout, _ := timeLayout(f.Time); layout != "" {
		posted = r.PostedAt.In(f.Location).Format(layout)
	}
	amount := func(o money.Ore) string {
		if f.Amount == UnitOre {
			return strconv.FormatInt(int64(o), 10)
		}
		return o.Plain(f.DecimalSign)
	}
	weight := n(r.WeightGram)
	if f.Weight == UnitKilogram {
		weight = fmt.Sprintf("%d%s%03d", r.WeightGram/1000, f.DecimalSign, r.WeightGram%1000)
	}
	values := []string{
		f.Version, r.Job, r.Shipment, r.PrintID, posted,
		n(r.PagesBW), n(r.PagesColour), n(r.EnvelopesAuto), n(r.ExtraSheetsAuto), n(r.EnvelopesManual), n(r.ExtraSheetsManual),
		weight, amount(r.Production), amount(r.Postage), r.Konteringskode,
	}
	if len(f.Kinds) > 0 {
		values = append(values, f.kindValue(r.Kind))
	}
	if f.kindValue(RowReturn) != "" {
		values = append(values, f.reasonValue(r.Reason))
	}
	return values
}

// write writes the rows in the format's syntax, as UTF-8.
func (f Format) write(b *bytes.Buffer, rows []Row) error {
	names := f.headers()
	switch f.Syntax {
	case SyntaxJSON:
		list := make([]map[string]string, len(rows))
		for i, r := range rows {
			list[i] = map[string]string{}
			for c, v := range f.values(r) {
				list[i][names[c]] = v
			}
		}
		var document any = list
		if f.Row != "" {
			document = map[string]any{f.Row: list}
		}
		e := json.NewEncoder(b)
		e.SetIndent("", " ")
		return e.Encode(document)
	case SyntaxXML:
		b.WriteString("<kvitteringer>\n")
		for _, r := range rows {
			b.WriteString(" <" + f.Row + ">\n")
			for c, v := range f.values(r) {
				b.WriteString("  <" + names[c] + ">")
				if err := xml.EscapeText(b, []byte(v)); err != nil {
					return err
				}
				b.WriteString("</" + names[c] + ">\n")
			}
			b.WriteString(" </" + f.Row + ">\n")
		}
		b.WriteString("</kvitteringer>\n")
		return nil
	case SyntaxFixed:
		width, columns := f.width(), f.columns()
		b.WriteString(strings.Repeat("#\r\n", f.SkipLines))
		for i, r := range rows {
			line := slices.Repeat([]rune(" "), width)
			for c, v := range f.values(r) {
				at := f.Positions[columns[c]]
				if utf8.RuneCountInString(v) > at[1] {
					return fmt.Errorf("row %d: %s does not fit into %d characters", i+1, columns[c], at[1])
				}
				copy(line[at[0]-1:], []rune(v))
			}
			b.WriteString(string(line) + "\r\n")
		}
		return nil
	}
	w := csv.NewWriter(b)
	w.Comma = rune(f.Delimiter[0])
	w.UseCRLF = true
	if err := w.Write(names); err != nil {
		return err
	}
	for _, r := range rows {
		if err := w.Write(f.values(r)); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}
