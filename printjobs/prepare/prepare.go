// Package prepare turns the untrusted PDFs of one letter into one canonical
// prepared PDF and the facts about it.
//
// Its door is Letter (in this process) and Pool (the same in guarded child
// processes, which is what an engine uses: a hostile PDF may overflow the
// stack or hang, and no recover catches that).
//
// What a prepared PDF is: every page is a Form XObject that carries its own
// resources, placed upright on A4 portrait; form fields and annotations that
// print are drawn into it; layers are resolved to what prints; nothing else of
// the source survives (no scripts, outlines, structure, embedded files,
// metadata). See docs/architecture.md, Prepare and link.
//
// The package knows nothing of shipments, databases or money. It never puts a
// file name, a title or any text of a document into an error or a finding.
package prepare

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/printfile"
)

// Recipe names the version of the rules by which prepared files are made. It
// is part of the facts: a prepared file is reusable only under the recipe that
// made it. It changes whenever the same input may give other bytes or facts.
const Recipe = "prepare-4"

// maxDocuments bounds the documents of one letter, and with them the files
// that a worker has open. A hand-in has 500 at most.
const maxDocuments = 1000

// Document is one PDF of a letter.
type Document struct {
	// Path of the PDF file. It never appears in errors or findings.
	Path string `json:"path"`
	// File, unless nil, is the PDF in place of what lies at Path: open for reading, and the caller's to close.
	File *os.File `json:"-"`
	// GiroPages lists the pages that are printed on a giro sheet, 1-based
	// within this document (giroarkSider; docs/sources.md, Hand-ins).
	GiroPages []int `json:"giroPages,omitempty"`
}

// Request asks for one letter to be prepared.
type Request struct {
	// Documents in the order of the letter.
	Documents []Document `json:"documents"`
	// Output is the path of the prepared PDF to create. It is written beside
	// its final place and renamed, so it is either whole or absent.
	Output string `json:"output"`
	// Volatile leaves out flushing Output to the disk: after a crash of the
	// machine it may be missing, shorter or damaged. For a caller that copies
	// it at once to where it is kept, and flushes it there.
	Volatile bool `json:"volatile,omitempty"`
	// Take, unless nil, is given the prepared file in place of Output being
	// created: open at its start, without a name, and to be closed by who takes
	// it. A small one lies in memory, another one on the disk of Output.
	Take func(f *os.File) `json:"-"`
	// Limits bounds the work; the zero value means the defaults.
	Limits read.Limits `json:"limits"`
	// Checks are the vendor's prechecks; the zero value is the lenient
	// default. They must be valid.
	Checks Checks `json:"checks"`
}

// Letter prepares a letter in this process.
//
// It returns a *Refusal, with every reason over all documents, when the input
// is at fault; any other error is ours (disk, permissions, a cancelled
// context). On any error there is no file at req.Output that was not there
// before. It does not protect against a PDF that overflows the stack or hangs
// beyond ctx; Pool does.
func Letter(ctx context.Context, req Request) (Facts, error) {
	if req.Output == "" {
		return Facts{}, errors.New("prepare letter: no output path")
	}
	l, err := assemble(ctx, req, pathInputs(req.Documents))
	if err != nil {
		return Facts{}, err
	}
	if req.Take != nil {
		return l.facts, l.give(req)
	}
	if err := l.write(req); err != nil {
		return Facts{}, err
	}
	return l.facts, nil
}

// input is one document of a letter.
type input struct {
	open func() (*os.File, error) // to be closed by who calls it, unless …
	keep bool                     // … it stays open, to be read once more
	giro []int
}

// pathInputs are documents that are opened by their paths.
func pathInputs(docs []Document) []input {
	inputs := make([]input, len(docs))
	for i, d := range docs {
		inputs[i] = input{open: func() (*os.File, error) { return os.Open(d.Path) }, giro: d.GiroPages}
		if d.File != nil {
			inputs[i] = input{open: func() (*os.File, error) { return d.File, nil }, keep: true, giro: d.GiroPages}
		}
	}
	return inputs
}

// assemble prepares a letter up to writing it. The errors are those of Letter.
func assemble(ctx context.Context, req Request, docs []input) (*letter, error) {
	if len(docs) == 0 {
		return nil, &Refusal{Findings: []finding.Finding{finding.New(finding.CodeNoPages, 0, 0)}}
	}
	if err := req.Checks.Validate(); err != nil {
		return nil, fmt.Errorf("prepare letter: checks: %w", err)
	}
	l, err := newLetter(ctx, req, docs, nil)
	if err != nil {
		return nil, err
	}
	if repair := l.mendable(); len(repair) > 0 {
		// What is damaged may be found whole by looking for its objects.
		mended, err := newLetter(ctx, req, docs, repair)
		if err != nil {
			return nil, err
		}
		for _, f := range mended.refused {
			delete(repair, f.Document)
		}
		if len(repair) > 0 || len(mended.refused) == 0 {
			l = mended // else what was found first says more
		}
	}
	if len(l.refused) > 0 {
		return nil, l.refusal()
	}
	l.facts.Recipe = req.Checks.Recipe()
	return l, nil
}

// load reads the document: as a whole, since pdfcpu reads it in thousands of
// small pieces, and what it made of the streams is checked against the bytes.
// Of one that is longer than most bytes it reads one byte more than that.
func (d input) load(most int64) ([]byte, error) {
	f, err := d.open()
	if err != nil {
		return nil, err
	}
	if !d.keep {
		defer f.Close()
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	buf.Grow(int(min(info.Size(), most)) + bytes.MinRead)
	_, err = buf.ReadFrom(io.NewSectionReader(f, 0, most+1))
	return buf.Bytes(), err
}

// newLetter reads the documents of a letter, those in repair by looking for
// their objects. What is wrong with them is in the letter's refused.
func newLetter(ctx context.Context, req Request, docs []input, repair map[int]bool) (*letter, error) {
	l := &letter{limits: req.Limits.WithDefaults(), checks: req.Checks, builder: printfile.NewBuilder(), repair: repair}
	if len(docs) > maxDocuments {
		l.refuse(finding.New(finding.CodeTooManyPages, 0, 0))
		return l, nil
	}
	left := l.limits.MaxBytes
	for i, doc := range docs {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("prepare letter: %w", err)
		}
		file, err := doc.load(left)
		if err != nil {
			return nil, fmt.Errorf("prepare letter: document: %w", read.WithoutPath(err))
		}
		if left -= int64(len(file)); left < 0 {
			// Of a letter that is too long nothing else is said.
			l.refused = []finding.Finding{finding.New(finding.CodeTooLarge, 0, 0)}
			l.facts = Facts{}
			return l, nil
		}
		if err := l.add(ctx, i, file, doc.giro); err != nil {
			return nil, err
		}
	}
	l.checkLetter()
	l.checkBlank()
	l.refused, l.facts.Warnings = finding.Gathered(l.refused), finding.Gathered(l.facts.Warnings)
	return l, nil
}

// mendable returns the documents that were refused as damaged and not yet read
// by looking for their objects.
func (l *letter) mendable() map[int]bool {
	documents := map[int]bool{}
	for _, f := range l.refused {
		switch f.Code {
		case finding.CodeUnreadable, finding.CodeNoPages, finding.CodeBlankedPage, finding.CodeDamagedObject:
			if !l.searched[f.Document] {
				documents[f.Document] = true
			}
		}
	}
	return documents
}

// letter gathers one letter while its documents are read.
type letter struct {
	limits  read.Limits
	checks  Checks
	builder *printfile.Builder
	facts   Facts
	refused []finding.Finding
	// repair holds the documents to read by looking for their objects, and
	// searched those that were, or for which it is of no use.
	repair, searched map[int]bool
	inked            bool    // something of it is not white
	work             float64 // to draw it: see work
}

func (l *letter) refuse(f ...finding.Finding) {
	for _, f := range f {
		f.Severity = finding.LevelError
		l.refused = append(l.refused, f)
	}
}

func (l *letter) warn(f finding.Finding) {
	f.Severity = finding.LevelWarning
	l.facts.Warnings = append(l.facts.Warnings, f)
}

// find files a finding under its level.
func (l *letter) find(level finding.Level, f finding.Finding) {
	switch level {
	case finding.LevelError:
		l.refuse(f)
	case finding.LevelWarning:
		l.warn(f)
	case LevelOff:
	}
}

func (l *letter) refusal() *Refusal {
	return &Refusal{Findings: l.refused, Warnings: l.facts.Warnings, Pages: l.facts.Pages}
}

// add reads one document and adds its pages. What is wrong with the document
// becomes findings; the error is for what is wrong with us.
func (l *letter) add(ctx context.Context, index int, file []byte, giroPages []int) (err error) {
	// pdfcpu panics on some files, and a defect of ours on hostile input must
	// cost no more than a refusal either. The panic's value may quote the
	// document, so it is dropped.
	defer func() {
		if r := recover(); r != nil {
			l.refuse(finding.New(finding.CodeUnreadable, index, 0))
			err = nil
		}
	}()
	src, found, err := read.Open(ctx, index, file, l.limits, l.repair[index])
	if err != nil {
		return fmt.Errorf("prepare letter: document: %w", err)
	}
	if src == nil || src.Repaired {
		l.search(index)
	}
	if found != nil {
		l.refuse(*found)
		return nil
	}
	defer func() {
		if src.Deleted {
			l.search(index)
		}
	}()
	l.checkDocument(src)
	pages, findings := src.Pages()
	if len(findings) > 0 && findings[0].Code == finding.CodeNoPages && src.Repaired && !l.repair[index] {
		findings = []finding.Finding{finding.New(finding.CodeUnreadable, index, 0)} // it was searched, and has none
	}
	if len(findings) > 0 {
		from := len(l.refused)
		if l.refuse(findings...); src.Cut {
			l.truncated(from)
		}
		return nil
	}
	if src.Promised > 0 {
		l.warn(finding.PageCountWarning(index, src.Promised, len(pages)))
	}
	l.checkKind(src, pages)
	if src.Repaired {
		l.find(l.checks.Repaired.Or(finding.LevelWarning), finding.New(finding.CodeRepaired, index, 0))
	}
	if len(l.facts.Pages)+len(pages) > l.limits.MaxPages {
		l.refuse(finding.New(finding.CodeTooManyPages, index, 0))
		return nil
	}
	giro := map[int]bool{}
	for _, n := range giroPages {
		if n < 1 || n > len(pages) {
			l.refuse(finding.New(finding.CodeGiroOutOfRange, index, n))
			continue
		}
		giro[n] = true
	}
	before := len(l.refused)
	c := newCopier(src, l)
	for _, p := range pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		facts := c.page(p)
		facts.Giro = giro[p.Number]
		l.facts.Pages = append(l.facts.Pages, facts)
	}
	l.facts.DocumentPages = append(l.facts.DocumentPages, len(pages))
	if src.Cut {
		l.truncated(before)
	}
	return nil
}

// search notes that there is no use in looking for the objects of a document.
func (l *letter) search(index int) {
	if l.searched == nil {
		l.searched = map[int]bool{}
	}
	l.searched[index] = true
}

// truncated says of a document whose end is missing just that, instead of what
// its refusals from a place on tell of what was lost with it.
func (l *letter) truncated(from int) {
	for i, f := range l.refused[from:] {
		switch f.Code {
		case finding.CodeUnreadable, finding.CodeNoPages, finding.CodeBlankedPage, finding.CodeDamagedObject:
			l.refused = append(l.refused[:from+i], finding.New(finding.CodeTruncated, f.Document, f.Page))
			return
		}
	}
}

// write makes the prepared file appear at its place, whole and, unless it is
// volatile, durable.
func (l *letter) write(req Request) (err error) {
	tmp, err := req.room()
	if err != nil {
		return fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
	}
	defer func() {
		if err != nil {
			tmp.discard()
		}
	}()
	if err := l.writeTo(tmp); err != nil {
		return err
	}
	if err := publish(tmp.File, req); err != nil {
		return fmt.Errorf("write prepared letter: %w", err)
	}
	return nil
}

// give has the prepared file taken.
func (l *letter) give(req Request) error {
	out, err := req.room()
	if err != nil {
		return fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
	}
	if err = l.writeTo(out); err == nil {
		err = out.handOn(req.Take)
	}
	if err != nil {
		out.discard()
	}
	return err
}

// takenInMemory is up to how many bytes of documents the prepared file lies in
// memory until it is taken: it is seldom much larger than these.
const takenInMemory = 1 << 20

// output is the file that is written.
type output struct {
	*os.File
	named bool // it lies on disk, under its name
}

// room makes the file that is written: Take is given it, or it is put into place.
func (r Request) room() (output, error) {
	if r.Take != nil && r.small() {
		if f, err := memoryFile(); err == nil {
			return output{f, false}, nil
		}
	}
	f, err := os.CreateTemp(filepath.Dir(r.Output), tempPattern)
	return output{f, true}, err
}

// discard ends a file that nobody wants.
func (o output) discard() {
	o.Close()
	if o.named {
		os.Remove(o.Name())
	}
}

// handOn gives the file to who takes it, without its name.
func (o output) handOn(take func(f *os.File)) error {
	_, err := o.Seek(0, io.SeekStart)
	if err == nil && o.named {
		err = os.Remove(o.Name())
	}
	if err != nil {
		return fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
	}
	take(o.File)
	return nil
}

// small reports whether the documents are small; one that cannot be looked at is told of when it is opened.
func (r Request) small() bool {
	size := int64(0)
	for _, d := range r.Documents {
		if info, err := d.stat(); err == nil {
			size += info.Size()
		}
	}
	return size <= takenInMemory
}

func (d Document) stat() (os.FileInfo, error) {
	if d.File != nil {
		return d.File.Stat()
	}
	return os.Stat(d.Path)
}

// tempPattern names what is being written beside its place.
const tempPattern = ".prepare-*.tmp"

// publish closes a whole file, makes it durable unless it need not be, and
// moves it to its place.
func publish(file *os.File, req Request) error {
	if !req.Volatile {
		if err := file.Sync(); err != nil {
			return read.WithoutPath(err)
		}
	}
	if err := file.Close(); err != nil {
		return read.WithoutPath(err)
	}
	if err := os.Rename(file.Name(), req.Output); err != nil {
		return read.WithoutPath(err)
	}
	if !req.Volatile {
		syncFolder(filepath.Dir(req.Output))
	}
	return nil
}

// writeTo writes the prepared file and notes its size and hash.
func (l *letter) writeTo(w io.Writer) error {
	prepared, err := l.builder.Prepared()
	if err != nil {
		// Only an object that no PDF can hold gets here.
		return &Refusal{Findings: []finding.Finding{finding.New(finding.CodeUnreadable, 0, 0)}}
	}
	n, sum, err := prepared.WriteSum(&boundedWriter{w: w, left: l.limits.MaxOutputBytes})
	if err != nil {
		// EFBIG is the kernel's word for the same.
		if errors.Is(err, errOutputLimit) || errors.Is(err, syscall.EFBIG) {
			return &Refusal{Findings: []finding.Finding{finding.New(finding.CodeTooLarge, 0, 0)}}
		}
		return fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
	}
	l.facts.SHA256, l.facts.Bytes = hex.EncodeToString(sum[:]), n
	return nil
}

// syncFolder makes a rename in a folder durable. Not every file system can;
// where it cannot there is nothing more to do.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

var errOutputLimit = errors.New("prepared file exceeds its limit")

type boundedWriter struct {
	w    io.Writer
	left int64
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > b.left {
		return 0, errOutputLimit
	}
	n, err := b.w.Write(p)
	b.left -= int64(n)
	return n, err
}

// Refusal says why a letter cannot be printed: all reasons at once over all
// its documents. It is an error.
type Refusal struct {
	// Findings of severity error; at least one.
	Findings []finding.Finding `json:"findings"`
	// Warnings are the other findings.
	Warnings []finding.Finding `json:"warnings,omitempty"`
	// Pages are the pages that could be read, for showing: their facts may
	// be incomplete where the page is what is wrong.
	Pages []PageFacts `json:"pages,omitempty"`
}

// Error lists the codes with document and page, in English, for logs. It holds
// no personal data. The Norwegian texts are in the findings.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString("letter refused:")
	for i, f := range r.Findings {
		if i > 0 {
			b.WriteByte(';')
		}
		fmt.Fprintf(&b, " %s (document %d", f.Code, f.Document+1)
		switch {
		case len(f.Pages) > 1:
			fmt.Fprintf(&b, ", page %d and %d more", f.Page, len(f.Pages)-1)
		case f.Page > 0:
			fmt.Fprintf(&b, ", page %d", f.Page)
		}
		b.WriteByte(')')
	}
	return b.String()
}
