package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Formats of the JSON documents. A document with another format is refused: a
// silent change of format once made costs vanish from SvarUt's export
// (docs/sources.md, Vendors and receipts).
const (
	TicketFormat = "postgang-ticket/2"
	ReadyFormat  = "postgang-ready/1"
	AnswerFormat = "postgang-answer/1"
)

// Envelope classes, in [Class].Envelope and [ManifestRow].Envelope.
const (
	EnvelopeC5     = "C5"     // 162 × 229 mm
	EnvelopeC4     = "C4"     // 229 × 324 mm
	EnvelopeParcel = "PARCEL" // bedriftspakke, for what no envelope holds
)

// Postage zones, in [Class].Zone and [ManifestRow].Zone (docs/sources.md, Hand-ins).
const (
	ZoneNorway = "NORGE"
	ZoneEurope = "EUROPA"
	ZoneWorld  = "VERDEN"
)

// Class is what the vendor must keep apart: all letters of a job share it.
type Class struct {
	// Account is the sender whose letters must not be mixed with others', or
	// empty when letters of several senders are pooled.
	Account  string `json:"account,omitempty"`
	Colour   bool   `json:"colour"`   // the job holds colour pages
	Duplex   bool   `json:"duplex"`   // printed on both sides
	Giro     bool   `json:"giro"`     // the job needs pre-printed giro sheets
	Envelope string `json:"envelope"` // EnvelopeC5, EnvelopeC4 or EnvelopeParcel
	Zone     string `json:"zone"`     // ZoneNorway, ZoneEurope or ZoneWorld
	// Group is what the sender keeps apart beyond that, as agreed: key=value,
	// joined by commas, such as "konteringskode=4100,weight-step=50g"; or empty.
	Group string `json:"group,omitempty"`
}

// Press says how finished sheets lie on the sheets that are printed, when
// these are not the same: to be cut, and the stacks laid on each other.
type Press struct {
	WidthMM     float64 `json:"widthMM"`
	HeightMM    float64 `json:"heightMM"`
	Columns     int     `json:"columns"`
	Rows        int     `json:"rows"`
	Order       string  `json:"order"`                 // OrderCutAndStack or OrderSequential
	StackSheets int     `json:"stackSheets,omitempty"` // most press sheets before a new stack begins
	Turn        int     `json:"turn,omitempty"`        // degrees counterclockwise by which a finished sheet lies turned
	Flip        string  `json:"flip,omitempty"`        // FlipLong or FlipShort: the edge that a press sheet is turned about
}

// Orders of finished sheets on press sheets, in [Press].Order.
const (
	OrderCutAndStack = "cut-and-stack" // the first stack holds the first sheets, the next stack goes below it
	OrderSequential  = "sequential"    // neighbours lie beside each other
)

// Edges that a press sheet is turned about, in [Press].Flip.
const (
	FlipLong  = "long-edge"
	FlipShort = "short-edge"
)

// Up is how many finished sheets lie on one press sheet.
func (p *Press) Up() int {
	if p == nil {
		return 1
	}
	return p.Columns * p.Rows
}

// Totals counts a whole job. [TotalsOf] computes it.
type Totals struct {
	Letters     int   `json:"letters"`
	Sheets      int   `json:"sheets"`      // physical sheets, giro sheets among them
	Pages       int   `json:"pages"`       // printed pages, blank sides not counted: PagesBW + PagesColour
	PagesBW     int   `json:"pagesBW"`     // printed pages without colour
	PagesColour int   `json:"pagesColour"` // printed pages with colour
	GiroSheets  int   `json:"giroSheets"`  // sheets of pre-printed giro paper
	Sides       int   `json:"sides"`       // pages of all print files, blank ones among them
	WeightGram  int64 `json:"weightGram"`  // gram, envelopes included
	Bytes       int64 `json:"bytes"`       // size of all print files
}

// File describes one file of a job.
type File struct {
	Name   string `json:"name"`   // made by [FileName]
	Kind   string `json:"kind"`   // one of the Kind constants
	SHA256 string `json:"sha256"` // 64 lower-case hexadecimal digits
	Bytes  int64  `json:"bytes"`  // size
	// Of print files only:
	Sides       int `json:"sides,omitempty"`       // pages of the PDF
	Letters     int `json:"letters,omitempty"`     // letters in it
	FirstLetter int `json:"firstLetter,omitempty"` // number of its first letter, 1-based within the job
	LastLetter  int `json:"lastLetter,omitempty"`
	Header      int `json:"headerSheets,omitempty"`  // control sheets before the first letter; not to be put in envelopes
	Trailer     int `json:"trailerSheets,omitempty"` // control sheets after the last letter
}

// Instructions tell the vendor how to produce a job. Every field may be empty,
// which means: as agreed.
type Instructions struct {
	Paper     string    `json:"paper,omitempty"`     // e.g. "80 g/m² A4"
	GiroPaper string    `json:"giroPaper,omitempty"` // name of the pre-printed giro stock
	Service   string    `json:"service,omitempty"`   // postal service
	PostBy    time.Time `json:"postBy,omitzero"`     // to be posted before this time, UTC
	Note      string    `json:"note,omitempty"`      // for the vendor's people; no personal data
	// Trays name the vendor's tray for each kind of paper in the manifest's
	// papir: PLAIN, COVER, GIRO, CONTROL. Which sheets are of which paper is in
	// the manifest.
	Trays map[string]string `json:"trays,omitempty"`
}

// Ticket (jobbseddel) describes a whole job to the vendor. It is the document
// whose hash the ready file carries, and it carries the hashes of all others.
type Ticket struct {
	Format  string    `json:"format"` // TicketFormat; set by Marshal when empty
	Job     string    `json:"job"`
	Vendor  string    `json:"vendor"`
	Parent  string    `json:"parent,omitempty"`  // the job this one replaces or reprints, by a person's order
	Reprint bool      `json:"reprint,omitempty"` // letters of the parent printed once more, by a person's order
	Created time.Time `json:"created"`           // UTC, whole seconds
	Class   Class     `json:"class"`
	Totals  Totals    `json:"totals"`
	Files   []File    `json:"files"` // print files in order, then the manifest; never the ticket itself
	// Press is nil when each finished sheet is a press sheet.
	Press *Press `json:"press,omitempty"`
	// Marks on every sheet: MarkDataMatrix, MarkOMR; those on covers alone are not meant.
	Marks []string `json:"marks,omitempty"`
	// DocumentParts: the print files carry a DPart tree with a node a letter.
	DocumentParts bool         `json:"documentParts,omitempty"`
	Instructions  Instructions `json:"instructions,omitzero"`
}

// Kinds of marks, in [Ticket].Marks.
const (
	MarkDataMatrix = "datamatrix"
	MarkOMR        = "omr"
)

// ManifestFile gives the ticket's manifest.
func (t Ticket) ManifestFile() (File, bool) {
	for _, f := range t.Files {
		if f.Kind == KindManifest {
			return f, true
		}
	}
	return File{}, false
}

// PrintFiles gives the ticket's print files in order.
func (t Ticket) PrintFiles() []File {
	var out []File
	for _, f := range t.Files {
		if f.Kind == KindPrint {
			out = append(out, f)
		}
	}
	return out
}

// Marshal checks the ticket and gives its bytes, the same for the same ticket.
// Times are written in UTC with whole seconds.
func (t Ticket) Marshal() ([]byte, error) {
	if t.Format == "" {
		t.Format = TicketFormat
	}
	t.Created = t.Created.UTC().Truncate(time.Second)
	if !t.Instructions.PostBy.IsZero() {
		t.Instructions.PostBy = t.Instructions.PostBy.UTC().Truncate(time.Second)
	}
	if err := t.check(); err != nil {
		return nil, err
	}
	return marshal(t)
}

// ParseTicket reads a ticket strictly: an unknown field, a doubled field, other
// text after the document, or totals that its files contradict are errors, and
// all of them are listed in a [ParseError].
func ParseTicket(b []byte) (Ticket, error) {
	var t Ticket
	if err := strictJSON("ticket", b, &t); err != nil {
		return Ticket{}, err
	}
	if err := t.check(); err != nil {
		return Ticket{}, err
	}
	return t, nil
}

func (t Ticket) check() error {
	p := &problems{document: "ticket"}
	if t.Format != TicketFormat {
		p.add(0, "format", "want %q, have %s", TicketFormat, showName(t.Format))
	}
	if !ValidJob(t.Job) {
		p.add(0, "job", "%s is not a job id", showName(t.Job))
	}
	if t.Vendor == "" || !plainText(t.Vendor, 64) {
		p.add(0, "vendor", "want a name of 1 to 64 characters")
	}
	if t.Parent != "" && (!ValidJob(t.Parent) || t.Parent == t.Job) {
		p.add(0, "parent", "want the id of another job")
	}
	if t.Created.IsZero() {
		p.add(0, "created", "is missing")
	}
	t.Class.check(p)
	t.Totals.check(p)
	for _, s := range []struct{ field, v string }{
		{"instructions.paper", t.Instructions.Paper}, {"instructions.giroPaper", t.Instructions.GiroPaper},
		{"instructions.service", t.Instructions.Service}, {"instructions.note", t.Instructions.Note},
	} {
		if !plainText(s.v, 500) {
			p.add(0, s.field, "want at most 500 characters and no control characters")
		}
	}
	t.checkTrays(p)
	t.checkPress(p)
	if t.Reprint && t.Parent == "" {
		p.add(0, "parent", "a reprint names the job that it reprints")
	}
	for i, m := range t.Marks {
		if m != MarkDataMatrix && m != MarkOMR || slices.Contains(t.Marks[:i], m) {
			p.add(0, "marks", "want %s and %s, each at most once", MarkDataMatrix, MarkOMR)
		}
	}
	t.checkFiles(p)
	return p.err()
}

func (t Ticket) checkTrays(p *problems) {
	for _, stock := range slices.Sorted(maps.Keys(t.Instructions.Trays)) {
		if !validStock(stock) && stock != StockControl {
			p.add(0, "instructions.trays", "%s is no kind of paper", showName(stock))
		}
		if tray := t.Instructions.Trays[stock]; tray == "" || !plainText(tray, 64) {
			p.add(0, "instructions.trays", "want a tray's name of 1 to 64 characters")
		}
	}
}

// maxUp bounds the finished sheets on one press sheet.
const maxUp = 64

func (t Ticket) checkPress(p *problems) {
	s := t.Press
	if s == nil {
		return
	}
	size := func(mm float64) bool { return mm >= 50 && mm <= 5000 } // written so that NaN fails too
	if !size(s.WidthMM) || !size(s.HeightMM) {
		p.add(0, "press.widthMM", "want 50 to 5000 mm")
	}
	if s.Columns < 1 || s.Rows < 1 || s.Columns > maxUp || s.Rows > maxUp || s.Up() > maxUp {
		p.add(0, "press.columns", "want 1 to %d finished sheets on a press sheet", maxUp)
	}
	if s.Order != OrderCutAndStack && s.Order != OrderSequential {
		p.add(0, "press.order", "want %s or %s", OrderCutAndStack, OrderSequential)
	}
	if s.StackSheets < 0 {
		p.add(0, "press.stackSheets", "%d is negative", s.StackSheets)
	}
	if s.Turn != 0 && s.Turn != 90 && s.Turn != 180 && s.Turn != 270 {
		p.add(0, "press.turn", "want 0, 90, 180 or 270")
	}
	if s.Flip != "" && s.Flip != FlipLong && s.Flip != FlipShort {
		p.add(0, "press.flip", "want %s or %s", FlipLong, FlipShort)
	}
	if t.Class.Giro {
		p.add(0, "press", "giro sheets are printed one a press sheet, on their own paper")
	}
}

func (t Ticket) checkFiles(p *problems) {
	var manifests, sides, letters int
	var size int64
	seen := map[string]bool{}
	for i, f := range t.Files {
		field := fmt.Sprintf("files[%d]", i)
		if seen[f.Name] {
			p.add(0, field, "name stands twice")
		}
		seen[f.Name] = true
		if err := f.check(t.Job); err != nil {
			p.add(0, field, "%v", err)
			continue
		}
		switch f.Kind {
		case KindManifest:
			manifests++
			if f.Sides != 0 || f.FirstLetter != 0 || f.LastLetter != 0 || f.Header != 0 || f.Trailer != 0 || f.Letters != 0 && f.Letters != t.Totals.Letters {
				p.add(0, field, "a manifest has no sides and no letters of its own")
			}
		case KindTicket:
			p.add(0, field, "a ticket cannot list a ticket")
		case KindPrint:
			if f.FirstLetter != letters+1 || f.LastLetter < f.FirstLetter || f.Letters != f.LastLetter-f.FirstLetter+1 {
				p.add(0, field, "letters %d to %d (%d) do not follow on letter %d", f.FirstLetter, f.LastLetter, f.Letters, letters)
			}
			if f.Sides < 1 {
				p.add(0, field, "a print file has at least one side")
			}
			if f.Header < 0 || f.Trailer < 0 || f.Header > 1 || f.Trailer > 1 {
				p.add(0, field, "want none or one control sheet before and after the letters")
			}
			letters, sides, size = f.LastLetter, sides+f.Sides, size+f.Bytes
		}
	}
	if manifests != 1 {
		p.add(0, "files", "want one manifest, have %d", manifests)
	}
	if letters != t.Totals.Letters {
		p.add(0, "totals.letters", "%d, but the print files hold %d", t.Totals.Letters, letters)
	}
	if sides != t.Totals.Sides {
		p.add(0, "totals.sides", "%d, but the print files hold %d", t.Totals.Sides, sides)
	}
	if size != t.Totals.Bytes {
		p.add(0, "totals.bytes", "%d, but the print files hold %d", t.Totals.Bytes, size)
	}
}

// check tests that the description is whole and that the name was made from it.
func (f File) check(job string) error {
	parts, ok := ParseFileName(f.Name)
	if !ok || parts.Job != job {
		return fmt.Errorf("%s is not the name of a file of job %s: %w", showName(f.Name), showName(job), ErrName)
	}
	if !shaPattern.MatchString(f.SHA256) {
		return fmt.Errorf("%s: SHA-256 is not 64 lower-case hexadecimal digits", f.Name)
	}
	if parts.Kind != f.Kind || !strings.HasPrefix(f.SHA256, parts.Hash) {
		return fmt.Errorf("%s: name does not agree with kind and SHA-256: %w", f.Name, ErrName)
	}
	if f.Bytes <= 0 {
		return fmt.Errorf("%s: size %d is not positive", f.Name, f.Bytes)
	}
	return nil
}

func validEnvelope(e string) bool {
	return e == EnvelopeC5 || e == EnvelopeC4 || e == EnvelopeParcel
}

func validZone(z string) bool { return z == ZoneNorway || z == ZoneEurope || z == ZoneWorld }

func (c Class) check(p *problems) {
	if !validEnvelope(c.Envelope) {
		p.add(0, "class.envelope", "want C5, C4 or PARCEL")
	}
	if !validZone(c.Zone) {
		p.add(0, "class.zone", "want NORGE, EUROPA or VERDEN")
	}
	if !plainText(c.Account, 64) {
		p.add(0, "class.account", "want at most 64 characters and no control characters")
	}
	if !plainText(c.Group, 500) {
		p.add(0, "class.group", "want at most 500 characters and no control characters")
	}
}

func (t Totals) check(p *problems) {
	for _, n := range []struct {
		field string
		v     int64
		least int64
	}{
		{"letters", int64(t.Letters), 1}, {"sheets", int64(t.Sheets), 1}, {"pages", int64(t.Pages), 1},
		{"pagesBW", int64(t.PagesBW), 0}, {"pagesColour", int64(t.PagesColour), 0},
		{"giroSheets", int64(t.GiroSheets), 0}, {"sides", int64(t.Sides), 1},
		{"weightGram", t.WeightGram, 1}, {"bytes", t.Bytes, 1},
	} {
		if n.v < n.least {
			p.add(0, "totals."+n.field, "%d is less than %d", n.v, n.least)
		}
	}
	if t.Pages != t.PagesBW+t.PagesColour {
		p.add(0, "totals.pages", "%d is not %d without and %d with colour", t.Pages, t.PagesBW, t.PagesColour)
	}
}

// Ready is the content of a job's ready file: its arrival by rename is the
// hand-over of the job.
type Ready struct {
	Format       string `json:"format"` // ReadyFormat; set by Marshal when empty
	Job          string `json:"job"`
	Ticket       string `json:"ticket"`       // name of the ticket's file
	TicketSHA256 string `json:"ticketSHA256"` // 64 lower-case hexadecimal digits

	// Order is the job's print order, where it has one: what [OrderSession.PutReady] hands over. No ready file says it.
	Order File `json:"-"`
}

// Marshal checks the ready file and gives its bytes.
func (r Ready) Marshal() ([]byte, error) {
	if r.Format == "" {
		r.Format = ReadyFormat
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return marshal(r)
}

// ParseReady reads a ready file strictly.
func ParseReady(b []byte) (Ready, error) {
	var r Ready
	if err := strictJSON("ready file", b, &r); err != nil {
		return Ready{}, err
	}
	if err := r.check(); err != nil {
		return Ready{}, err
	}
	return r, nil
}

func (r Ready) check() error {
	p := &problems{document: "ready file"}
	if r.Format != ReadyFormat {
		p.add(0, "format", "want %q, have %s", ReadyFormat, showName(r.Format))
	}
	if !ValidJob(r.Job) {
		p.add(0, "job", "%s is not a job id", showName(r.Job))
	}
	f := File{Name: r.Ticket, Kind: KindTicket, SHA256: r.TicketSHA256, Bytes: 1}
	if err := f.check(r.Job); err != nil {
		p.add(0, "ticket", "%v", err)
	}
	return p.err()
}

// Answer (mottakskvittering) is what the vendor says about a job that was
// handed over.
type Answer struct {
	Format       string       `json:"format"` // AnswerFormat; set by Marshal when empty
	Job          string       `json:"job"`
	Accepted     bool         `json:"accepted"`
	Time         time.Time    `json:"time"`                   // when the vendor decided
	Letters      int          `json:"letters"`                // letters that the vendor counted
	Sides        int          `json:"sides"`                  // pages of the print files that the vendor counted
	TicketSHA256 string       `json:"ticketSHA256,omitempty"` // of the ready file that is answered; always there when accepted
	Files        []AnswerFile `json:"files,omitempty"`        // what the vendor received
	Reasons      []string     `json:"reasons,omitempty"`      // why it was refused, in Norwegian; empty when accepted
}

// AnswerFile is a file as the vendor received it.
type AnswerFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// Marshal checks the answer and gives its bytes.
func (a Answer) Marshal() ([]byte, error) {
	if a.Format == "" {
		a.Format = AnswerFormat
	}
	a.Time = a.Time.UTC().Truncate(time.Second)
	if err := a.check(); err != nil {
		return nil, err
	}
	return marshal(a)
}

// ParseAnswer reads an answer strictly.
func ParseAnswer(b []byte) (Answer, error) {
	var a Answer
	if err := strictJSON("answer", b, &a); err != nil {
		return Answer{}, err
	}
	if err := a.check(); err != nil {
		return Answer{}, err
	}
	a.Time = a.Time.UTC()
	return a, nil
}

// maxReasons bounds what a vendor can make us keep and show of one refusal.
const maxReasons = 1000

func (a Answer) check() error {
	p := &problems{document: "answer"}
	if a.Format != AnswerFormat {
		p.add(0, "format", "want %q, have %s", AnswerFormat, hidden(a.Format))
	}
	if !ValidJob(a.Job) {
		p.add(0, "job", "%s is not a job id", hidden(a.Job))
	}
	if a.Time.IsZero() {
		p.add(0, "time", "is missing")
	}
	if a.Letters < 0 || a.Sides < 0 {
		p.add(0, "letters", "counts cannot be negative")
	}
	if a.TicketSHA256 != "" && !shaPattern.MatchString(a.TicketSHA256) {
		p.add(0, "ticketSHA256", "is not 64 lower-case hexadecimal digits")
	}
	for i, f := range a.Files {
		parts, ok := ParseFileName(f.Name)
		if !ok || parts.Job != a.Job || !shaPattern.MatchString(f.SHA256) || f.Bytes < 0 {
			p.add(0, fmt.Sprintf("files[%d]", i), "is not a file of the job with size and SHA-256")
		}
	}
	if len(a.Reasons) > maxReasons {
		p.add(0, "reasons", "are more than %d", maxReasons)
	}
	for i, r := range a.Reasons {
		if r == "" || !plainText(r, 1000) {
			p.add(0, fmt.Sprintf("reasons[%d]", i), "want 1 to 1000 characters and no control characters")
		}
	}
	switch {
	case a.Accepted && a.TicketSHA256 == "":
		p.add(0, "ticketSHA256", "is missing in an acceptance")
	case a.Accepted && len(a.Reasons) > 0:
		p.add(0, "reasons", "stand in an acceptance")
	case a.Accepted && (a.Letters < 1 || a.Sides < 1):
		p.add(0, "letters", "an acceptance counts at least one letter and one side")
	case !a.Accepted && len(a.Reasons) == 0:
		p.add(0, "reasons", "are missing in a refusal")
	}
	return p.err()
}

func marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write document: %w", err)
	}
	return buf.Bytes(), nil
}

// plainText reports whether s is valid UTF-8 of at most most characters and
// free of control characters, which could forge lines in a log or a screen.
func plainText(s string, most int) bool {
	if !utf8.ValidString(s) || utf8.RuneCountInString(s) > most {
		return false
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return false
		}
	}
	return true
}

// strictJSON decodes one JSON object and nothing else into v. encoding/json
// alone would take the last of two equal fields and ignore unknown ones, so two
// readers could understand one document differently.
func strictJSON(document string, b []byte, v any) error {
	p := &problems{document: document}
	show := showName
	if document == "answer" { // the vendor's, who may write anything
		show = hidden
	}
	if !utf8.Valid(b) {
		p.add(0, "", "is not UTF-8")
		return p.err()
	}
	if err := noDoubleFields(b); err != nil {
		p.add(lineAt(b, err), "", "%s", jsonProblem(err, show))
		return p.err()
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		p.add(lineAt(b, err), "", "%s", jsonProblem(err, show))
		return p.err()
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		p.add(0, "", "has more text after its end")
		return p.err()
	}
	return nil
}

type doubleFieldError struct {
	field  string
	offset int64
}

func (e *doubleFieldError) Error() string { return "field " + showName(e.field) + " stands twice" }

// maxNesting is how deep the documents may be nested: ours have four levels. Each level costs memory.
const maxNesting = 32

type nestingError struct{ offset int64 }

func (e *nestingError) Error() string { return "is nested too deep" }

// noDoubleFields walks all objects and refuses a field that stands twice, also
// when only its case differs, since encoding/json takes those for the same.
func noDoubleFields(b []byte) error {
	type level struct {
		object bool
		isKey  bool
		seen   map[string]bool
	}
	var stack []level
	dec := json.NewDecoder(bytes.NewReader(b))
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) && len(stack) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		if d, ok := tok.(json.Delim); ok {
			switch d {
			case '{', '[':
				if len(stack) == maxNesting {
					return &nestingError{dec.InputOffset()}
				}
				if top >= 0 {
					stack[top].isKey = true
				}
				stack = append(stack, level{object: d == '{', isKey: true, seen: map[string]bool{}})
			default:
				stack = stack[:top]
				if len(stack) == 0 {
					return nil
				}
			}
			continue
		}
		if top < 0 {
			continue
		}
		l := &stack[top]
		if l.object && l.isKey {
			key, _ := tok.(string)
			low := strings.ToLower(key)
			if l.seen[low] {
				return &doubleFieldError{key, dec.InputOffset()}
			}
			l.seen[low] = true
			l.isKey = false
		} else {
			l.isKey = true
		}
	}
}

// jsonProblem says what is wrong with a JSON text without quoting its values.
func jsonProblem(err error, show func(string) string) string {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var double *doubleFieldError
	var nested *nestingError
	var clock *time.ParseError
	switch {
	case errors.As(err, &wrongType):
		return fmt.Sprintf("field %s: want %s, have %s", showName(wrongType.Field), wrongType.Type, wrongType.Value)
	case errors.As(err, &syntax):
		return "is not JSON"
	case errors.As(err, &double):
		return "field " + show(double.field) + " stands twice"
	case errors.As(err, &nested):
		return nested.Error()
	case errors.As(err, &clock):
		return "a time is not of the form 2026-11-22T03:31:12Z"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "ends too early"
	}
	if s, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return "unknown field " + show(strings.Trim(s, `"`))
	}
	return "is not as the format demands"
}

// lineAt finds the line that a JSON error points at, 0 when it points nowhere.
func lineAt(b []byte, err error) int {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	var double *doubleFieldError
	var nested *nestingError
	var off int64
	switch {
	case errors.As(err, &wrongType):
		off = wrongType.Offset
	case errors.As(err, &syntax):
		off = syntax.Offset
	case errors.As(err, &double):
		off = double.offset
	case errors.As(err, &nested):
		off = nested.offset
	default:
		return 0
	}
	if off < 0 || off > int64(len(b)) {
		return 0
	}
	return 1 + bytes.Count(b[:off], []byte("\n"))
}
