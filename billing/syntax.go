package billing

import (
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
	_ "time/tzdata" // times of receipts must not depend on what the machine has installed
	"unicode/utf8"
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

// lines tells the line of a position in a text; positions must not go back.
type lines struct {
	text []byte
	at   int
	line int
}

func (l *lines) of(offset int) int {
	offset = min(offset, len(l.text))
	if l.line == 0 {
		l.line = 1
	}
	if offset > l.at {
		l.line += bytes.Count(l.text[l.at:offset], []byte("\n"))
		l.at = offset
	}
	return l.line
}

// record is a row as a syntax gives it: the vendor's names and the texts that stand there.
type record struct {
	line   int
	fields map[string]string
}

// record reads a row of named fields. file holds what stands once for the whole file: the version may.
func (p *receiptParser) record(r record, file map[string]string) {
	before := p.count
	for _, name := range sortedNames(r.fields) {
		if !p.known(name) {
			p.add(r.line, "", ProblemUnknownColumn, "a field of the row is unknown to receipt version %s; a changed format needs a changed profile", p.format.Version)
			break // one is enough: the whole file will have it
		}
	}
	value := map[string]string{}
	for _, col := range p.columns {
		v, found := r.fields[p.format.header(col)]
		if !found && col == ColVersion {
			v, found = file[p.format.header(col)]
		}
		if !found {
			p.add(r.line, col, ProblemMissingColumn, "the field %q is missing", p.format.header(col))
		}
		value[col] = strings.Trim(v, " \t\r\n\u00a0")
	}
	if p.count == before {
		p.row(r.line, func(col string) string { return value[col] })
	}
}

func sortedNames(m map[string]string) []string {
	names := make([]string, 0, len(m))
	for n := range m {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// known reports whether the profile knows a name that stands in the file.
func (p *receiptParser) known(name string) bool {
	if slices.Contains(p.format.Ignore, name) {
		return true
	}
	return slices.ContainsFunc(p.columns, func(col string) bool { return p.format.header(col) == name })
}

// runJSON reads a list of flat objects: the document itself, or the field Row of the object that it is.
func (p *receiptParser) runJSON(text []byte) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	at := &lines{text: text}
	line := func() int { return at.of(int(d.InputOffset())) }
	broken := func(what string) { p.add(line(), "", ProblemSyntax, "%s", what) }
	token := func() (json.Token, bool) {
		t, err := d.Token()
		if err != nil {
			broken("the JSON ends or is broken here; the file may be cut off")
			return nil, false
		}
		return t, true
	}
	// scalar reads a value that must be a text or number.
	scalar := func() (string, bool) {
		t, ok := token()
		if !ok {
			return "", false
		}
		switch v := t.(type) {
		case string:
			return v, true
		case json.Number:
			return v.String(), true
		}
		broken("a field is neither a text nor a number")
		return "", false
	}
	// object reads the flat fields of an object whose brace is read. list, when set, is called at the field Row.
	object := func(list func() bool) (map[string]string, bool) {
		out := map[string]string{}
		for d.More() {
			t, ok := token()
			if !ok {
				return nil, false
			}
			name, _ := t.(string)
			if _, twice := out[name]; twice {
				broken("a field stands twice in one object")
				return nil, false
			}
			if list != nil && name == p.format.Row {
				out[name] = ""
				if !list() {
					return nil, false
				}
				continue
			}
			if out[name], ok = scalar(); !ok {
				return nil, false
			}
		}
		_, ok := token()
		return out, ok
	}
	var records []record
	list := func() bool {
		if t, ok := token(); !ok || t != json.Delim('[') {
			if ok {
				broken("here must be the list of rows")
			}
			return false
		}
		for d.More() {
			t, ok := token()
			if !ok {
				return false
			}
			if t != json.Delim('{') {
				broken("a row is no object")
				return false
			}
			r := record{line: line()}
			if r.fields, ok = object(nil); !ok {
				return false
			}
			records = append(records, r)
		}
		_, ok := token()
		return ok
	}
	file := map[string]string{}
	if p.format.Row == "" {
		if !list() {
			return
		}
	} else {
		if t, ok := token(); !ok || t != json.Delim('{') {
			if ok {
				broken("the file must be one object")
			}
			return
		}
		var ok bool
		if file, ok = object(list); !ok {
			return
		}
		if _, there := file[p.format.Row]; !there {
			p.add(0, "", ProblemHeader, "the file has no list %q; check that this is a receipt file", p.format.Row)
			return
		}
		delete(file, p.format.Row)
		p.fileFields(file)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		broken("something stands after the document")
		return
	}
	for _, r := range records {
		p.record(r, file)
	}
}

// fileFields wants nothing beside the rows but the version and what is ignored.
func (p *receiptParser) fileFields(file map[string]string) {
	for _, name := range sortedNames(file) {
		if name != p.format.header(ColVersion) && !slices.Contains(p.format.Ignore, name) {
			p.add(1, "", ProblemUnknownColumn, "a field beside the rows is unknown to receipt version %s; a changed format needs a changed profile", p.format.Version)
			return
		}
	}
}

// runXML reads elements named Row, wherever they stand. Fields are elements with text in them, or attributes. The version
// may be an attribute of the outermost element. Names are taken without their namespace.
func (p *receiptParser) runXML(text []byte) {
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Entity = map[string]string{}
	// The text is UTF-8 by now, whatever its first line says.
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	line := func() int { l, _ := d.InputPos(); return l }
	file := map[string]string{}
	var records []record
	var row *record
	var field string // the open field of a row
	var value strings.Builder
	depth, rows := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			p.add(line(), "", ProblemSyntax, "the XML ends or is broken here; the file may be cut off")
			return
		}
		switch t := t.(type) {
		case xml.Directive:
			p.add(line(), "", ProblemSyntax, "the XML has a document type; receipts have none")
			return
		case xml.StartElement:
			if depth++; depth > maxDepth {
				p.add(line(), "", ProblemSyntax, "the XML is nested too deep for receipts")
				return
			}
			switch {
			case row == nil && t.Name.Local == p.format.Row:
				rows++
				row = &record{line: line(), fields: map[string]string{}}
				for _, a := range attributes(t) {
					row.fields[a.Name.Local] = a.Value
				}
			case row == nil && depth == 1:
				for _, a := range attributes(t) {
					file[a.Name.Local] = a.Value
				}
				p.fileFields(file)
			case row != nil && field == "":
				field = t.Name.Local
				if _, twice := row.fields[field]; twice {
					p.add(line(), "", ProblemDuplicateColumn, "a field stands twice in one row")
					return
				}
				value.Reset()
			case row != nil:
				p.add(line(), "", ProblemSyntax, "a field of a row has elements in it")
				return
			}
		case xml.CharData:
			switch {
			case field != "":
				value.Write(t)
			case len(bytes.TrimSpace(t)) > 0:
				p.add(line(), "", ProblemSyntax, "text stands outside of a field")
				return
			}
		case xml.EndElement:
			depth--
			switch {
			case field != "":
				row.fields[field] = value.String()
				field = ""
			case row != nil:
				records = append(records, *row)
				row = nil
			}
		}
	}
	if depth != 0 {
		p.add(line(), "", ProblemSyntax, "the XML ends before its last element is closed; the file may be cut off")
		return
	}
	for _, r := range records {
		p.record(r, file)
	}
}

// attributes are those of an element, without namespaces.
func attributes(t xml.StartElement) []xml.Attr {
	return slices.DeleteFunc(slices.Clone(t.Attr), func(a xml.Attr) bool {
		return a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || strings.HasPrefix(a.Name.Space, "http://www.w3.org/")
	})
}

// runFixed reads lines whose fields stand at fixed positions, counted in characters from 1.
func (p *receiptParser) runFixed(text []byte) {
	width := 0
	for _, at := range p.format.Positions {
		width = max(width, at[0]+at[1]-1)
	}
	for i, l := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		line := i + 1
		l = strings.TrimSuffix(l, "\r")
		if line <= p.format.SkipLines {
			continue
		}
		if n := utf8.RuneCountInString(l); n != width {
			p.add(line, "", ProblemFieldCount, "the line has %d characters, the profile wants %d; the file may be cut off, or of another format", n, width)
			continue
		}
		chars := []rune(l)
		p.row(line, func(col string) string {
			at := p.format.Positions[col]
			return strings.Trim(string(chars[at[0]-1:at[0]-1+at[1]]), " \t\u00a0")
		})
	}
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
	parts := []part{{"YYYY", "2006"}, {"MM", "01"}, {"DD", "02"}, {"HH", "15"}, {"mm", "04"}, {"ss", "05"}}
	var out strings.Builder
	seen := map[string]bool{}
	for rest := form; rest != ""; {
		i := slices.IndexFunc(parts, func(p part) bool { return strings.HasPrefix(rest, p.token) })
		if i >= 0 {
			t := parts[i]
			if seen[t.token] {
				return "", fmt.Errorf("receipt format: time %q has %s twice", form, t.token)
			}
			seen[t.token] = true
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

// values are a row's texts, in the order of f.columns.
func (f Format) values(r ReceiptRow) []string {
	n := strconv.Itoa
	posted := r.PostedAt.UTC().Format(time.RFC3339Nano)
	if layout, _ := timeLayout(f.Time); layout != "" {
		posted = r.PostedAt.In(oslo).Format(layout)
	}
	amount := func(o Ore) string {
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
func (f Format) write(b *bytes.Buffer, rows []ReceiptRow) error {
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
		width, columns := 0, f.columns()
		for _, at := range f.Positions {
			width = max(width, at[0]+at[1]-1)
		}
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

// oslo is where times without offset are meant.
var oslo = func() *time.Location {
	loc, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("billing: time zone data is embedded: " + err.Error())
	}
	return loc
}()
