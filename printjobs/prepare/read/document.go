// Package read gets a sound document out of untrusted bytes: it reads a PDF with pdfcpu, or by looking for its objects where the file is
// damaged, notes what of it is lost, decrypts and decodes, and walks the page tree.
package read

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

func init() {
	// Without this pdfcpu reads and creates a configuration folder in the
	// home directory, and races while it does so.
	api.DisableConfigDir()
}

// Configuration returns a configuration for one call. pdfcpu writes into it,
// so it is never shared.
func Configuration(mode int) *model.Configuration {
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = mode
	conf.Optimize = false
	conf.OptimizeBeforeWriting = false
	conf.Offline = true
	conf.Cmd = model.VALIDATE
	return conf
}

// Document is one document as pdfcpu read it, before any of its repairs: only
// reading is done by pdfcpu. Its validation is left out on purpose, because it
// replaces damaged pages by blank ones without an error (pdfcpu issue 1312)
// and refuses much that prints well.
type Document struct {
	Ctx    *model.Context
	Index  int // of the document in its letter
	Limits Limits
	header string // version that the file claims at its beginning
	// damaged holds the numbers of objects that the file has, or says to have,
	// but that could not be read: pdfcpu skipped them, they do not lie where
	// the file says, or their data are cut off.
	damaged map[int]bool
	// lost is set when something that could not be read, or is missing from a
	// file that is damaged, was asked for. Whoever copies a page clears it
	// first and looks at it afterwards: what was asked for, the page needs.
	Lost bool
	// deleted is set when what was asked for was deleted by an update: the
	// file may still hold it, but is not to be searched for it.
	Deleted bool
	// inFile holds the numbers of all objects in the file, whether or not its
	// table has them; nil until it is needed.
	inFile map[int]bool
	file   []byte
	// sums is 1 if checksums of the document are right, -1 if not, 0 if that
	// is not known yet.
	sums   int
	Layers *Layers
	// encrypted: it opens without a password all the same.
	Encrypted bool
	// repaired: it was read by looking for its objects.
	Repaired bool
	// cut: the end of the file is missing.
	Cut bool
	// promised is how many pages the tree says that there are, if these are
	// more than it has.
	Promised   int
	nextObject int // the number of the last object that was added; 0: none
}

// Open reads a document: as a classic one, then with pdfcpu strictly, then relaxed;
// with repair, or when neither will do, by looking for its objects. The finding tells what is
// wrong with the document; the error what is wrong with us.
func Open(c context.Context, index int, file []byte, limits Limits, repair bool) (*Document, *finding.Finding, error) {
	s := &Document{Index: index, Limits: limits, header: headerVersion(file), damaged: map[int]bool{}, file: file, Cut: cutShort(file)}
	code := ""
	if !repair {
		if code = s.read(c, file); c.Err() != nil {
			return nil, nil, c.Err()
		}
	}
	if repair || code != "" && code != finding.CodePrintingForbidden {
		s.Repaired = true
		found, why := Salvage(file, limits)
		switch {
		case why == "":
			s.Ctx, s.Encrypted, s.damaged = found.Ctx, found.Encrypted, found.damaged
		case s.Ctx == nil || s.Cut:
			if why == finding.CodeUnreadable && s.Cut && s.header != "" {
				why = finding.CodeTruncated
			}
			finding := finding.New(why, index, 0)
			return nil, &finding, nil
		}
		return s, nil, nil
	}
	if code != "" {
		finding := finding.New(code, index, 0)
		return nil, &finding, nil
	}
	return s, nil, nil
}

// read has pdfcpu read the file. code is why it cannot.
func (s *Document) read(c context.Context, file []byte) (code string) {
	defer func() {
		if recover() != nil {
			code = finding.CodeUnreadable
		}
	}()
	if s.Cut {
		// Its last table, if there is one, tells of what was there before.
		return finding.CodeUnreadable
	}
	if m := versionHeader.FindSubmatchIndex(file[:min(len(file), 1024)]); m != nil && VersionRank(s.header) < 0 && m[3]-m[2] == len("1.7") {
		// pdfcpu refuses versions that there are not; the rest may be sound.
		file = bytes.Clone(file)
		copy(file[m[2]:], "1.7")
	}
	mode := model.ValidationStrict
	ctx, classic := Classic(file)
	r := &watchedReader{Reader: bytes.NewReader(file)}
	var err error
	if !classic {
		ctx, err = pdfcpu.ReadWithContext(c, r, Configuration(mode))
	}
	if err != nil && c.Err() == nil {
		mode = model.ValidationRelaxed
		r = &watchedReader{Reader: bytes.NewReader(file)}
		ctx, err = pdfcpu.ReadWithContext(c, r, Configuration(mode))
	}
	switch {
	case err != nil:
		return finding.CodeUnreadable
	case ctx.E != nil && !printingPermitted(ctx.E):
		return finding.CodePrintingForbidden
	case ctx.E == nil && !classic && encryptEntry.Match(file) && saysEncrypted(file, s.Limits):
		// pdfcpu passes over an Encrypt entry that it finds in an odd place;
		// what it then reads is noise.
		return finding.CodeEncrypted
	case r.rewound > 1:
		// pdfcpu gave up the cross-reference table and went through the file
		// from its beginning, which may take what an update replaced. It is
		// kept for want of better.
		code = finding.CodeUnreadable
	}
	s.Ctx, s.Encrypted = ctx, ctx.E != nil
	if classic {
		return code
	}
	s.findSkipped(file)
	s.findMisplaced(file)
	s.correctLengths(file)
	if bytes.Contains(file, []byte("/XRefStm")) {
		s.findHidden(file)
	}
	return code
}

// watchedReader counts how often reading begins anew at the first byte. pdfcpu
// does it once for the header; more often only to repair the cross-reference
// table, of which it tells nobody.
type watchedReader struct {
	*bytes.Reader
	rewound int
}

func (r *watchedReader) Seek(offset int64, whence int) (int64, error) {
	if offset == 0 && whence == io.SeekStart {
		r.rewound++
	}
	return r.Reader.Seek(offset, whence)
}

// printingPermitted reports whether the document's permissions, for someone
// who opens it without a password, allow printing: bit 3 of /P
// (ISO 32000-1 table 22).
func printingPermitted(e *model.Enc) bool { return e.P&4 != 0 }

var encryptEntry = regexp.MustCompile(`/Encrypt\s*(?:<<|\d+\s+\d+\s+R)`)

var nullObject = regexp.MustCompile(`^\s*\d+\s+\d+\s+obj\s*(?:null\s*)?endobj`)

// findSkipped notes the objects that are in use but have no value although the
// file does not say null.
func (s *Document) findSkipped(file []byte) {
	for nr, entry := range s.Ctx.Table {
		if nr == 0 || entry == nil || entry.Free || entry.Compressed || entry.Object != nil || entry.Offset == nil {
			continue
		}
		if at := *entry.Offset; at > 0 && at < int64(len(file)) && !nullObject.Match(file[at:min(at+128, int64(len(file)))]) {
			s.damaged[nr] = true
		}
	}
}

// correctLengths finds the true end of streams whose Length is wrong. pdfcpu
// believes the Length, and what lies behind it would vanish from the page;
// viewers look for the keyword.
func (s *Document) correctLengths(file []byte) {
	keyword := []byte("endstream")
	for nr, entry := range s.Ctx.Table {
		sd, ok := entryStream(entry)
		at := sd.StreamOffset
		if !ok || at <= 0 || at > int64(len(file)) || sd.StreamLength == nil {
			continue
		}
		rest := file[at:]
		if n := *sd.StreamLength; n >= 0 && n <= int64(len(rest)) {
			after := rest[n:min(n+64, int64(len(rest)))]
			if bytes.HasPrefix(bytes.TrimLeft(after, "\x00\t\n\f\r "), keyword) {
				continue
			}
			// Once decrypted the length is without AES's initial vector
			// and padding, 17 to 32 bytes.
			if s.Ctx.E != nil && bytes.Contains(after, keyword) {
				continue
			}
		}
		end := bytes.Index(rest, keyword)
		if end < 0 {
			s.damaged[nr] = true // cut off
			continue
		}
		if s.Ctx.E != nil {
			s.damaged[nr] = true // it was decrypted with the wrong length
			continue
		}
		raw := rest[:end]
		raw = bytes.TrimSuffix(raw, []byte("\n"))
		raw = bytes.TrimSuffix(raw, []byte("\r"))
		if bytes.Equal(raw, sd.Raw) {
			continue
		}
		sd.Raw, sd.Content = raw, nil
		entry.Object = sd
	}
}

func entryStream(entry *model.XRefTableEntry) (types.StreamDict, bool) {
	if entry == nil || entry.Free {
		return types.StreamDict{}, false
	}
	sd, ok := entry.Object.(types.StreamDict)
	return sd, ok
}

// Resolve follows references until it has a direct object. nil stands for the
// null object; a reference to something damaged resolves to nil too (see
// IsDamaged).
func (s *Document) Resolve(o types.Object) types.Object {
	for range 32 {
		ref, ok := o.(types.IndirectRef)
		if !ok {
			return o
		}
		if s.missing(ref) {
			s.Lost = true
			return nil
		}
		v, err := s.Ctx.Dereference(ref)
		if err != nil {
			s.Lost = true
			return nil
		}
		o = v
	}
	return nil
}

// AddObject gives an object of ours a number in the document.
func (s *Document) AddObject(o types.Object) types.IndirectRef {
	if s.nextObject == 0 {
		for n := range s.Ctx.Table {
			s.nextObject = max(s.nextObject, n)
		}
	}
	s.nextObject++
	generation := 0
	s.Ctx.Table[s.nextObject] = &model.XRefTableEntry{Object: o, Generation: &generation}
	return *types.NewIndirectRef(s.nextObject, 0)
}

// IsDamaged reports a reference to what the file has, or says to have, but that
// could not be read.
func (s *Document) IsDamaged(o types.Object) bool {
	ref, ok := o.(types.IndirectRef)
	if !ok {
		return false
	}
	if s.missing(ref) {
		return true
	}
	_, err := s.Ctx.Dereference(ref)
	return err != nil
}

// missing reports a reference to what could not be read. One to an object that
// there is not stands for null (ISO 32000-1 7.3.10), but not in a file that is
// damaged: there it may have been lost.
func (s *Document) missing(ref types.IndirectRef) bool {
	nr := ref.ObjectNumber.Value()
	if s.damaged[nr] {
		return true
	}
	return nr > 0 && s.Ctx.Table[nr] == nil && (s.Repaired || s.hasObject(nr))
}

// IsAbsent reports a reference to an object that the file does not have. There
// never is an object 0: who refers to it means null.
func (s *Document) IsAbsent(o types.Object) bool {
	ref, ok := o.(types.IndirectRef)
	if !ok || ref.ObjectNumber == 0 {
		return false
	}
	entry := s.Ctx.Table[ref.ObjectNumber.Value()]
	s.Deleted = s.Deleted || entry != nil && entry.Free
	return entry == nil || entry.Free
}

// Catalog is the root of the document; nil when it has none.
func (s *Document) Catalog() types.Dict {
	root, err := s.Ctx.Catalog()
	if err != nil {
		return nil
	}
	return root
}

// Dict returns a dictionary, or that of a stream; nil for anything else.
func (s *Document) Dict(o types.Object) types.Dict {
	switch v := s.Resolve(o).(type) {
	case types.Dict:
		return v
	case types.StreamDict:
		return v.Dict
	}
	return nil
}

// Stream returns a stream; ok is false for anything else.
func (s *Document) Stream(o types.Object) (types.StreamDict, bool) {
	v, ok := s.Resolve(o).(types.StreamDict)
	return v, ok
}

// Array returns an array; nil for anything else.
func (s *Document) Array(o types.Object) types.Array {
	v, _ := s.Resolve(o).(types.Array)
	return v
}

// Name returns a name; empty for anything else.
func (s *Document) Name(o types.Object) string {
	v, _ := s.Resolve(o).(types.Name)
	return string(v)
}

// Number returns a number; ok is false for anything else.
func (s *Document) Number(o types.Object) (float64, bool) {
	switch v := s.Resolve(o).(type) {
	case types.Integer:
		return float64(v), true
	case types.Float:
		return float64(v), true
	}
	return 0, false
}

// Integer returns a number without what stands behind its point; ok is false for
// anything else.
func (s *Document) Integer(o types.Object) (int, bool) {
	switch v := s.Resolve(o).(type) {
	case types.Integer:
		return int(v), true
	case types.Float:
		if v > -1e9 && v < 1e9 {
			return int(v), true
		}
	}
	return 0, false
}

// Numbers returns an array of n numbers, or nil when it is not one.
func (s *Document) Numbers(o types.Object, n int) []float64 {
	a := s.Array(o)
	if len(a) < n {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		v, ok := s.Number(a[i])
		if !ok {
			return nil
		}
		out[i] = v
	}
	return out
}

// List returns an array of numbers of any length, nil when it is not one.
func (s *Document) List(o types.Object) []float64 {
	a := s.Array(o)
	if a == nil || len(a) > 1<<16 {
		return nil
	}
	return s.Numbers(a, len(a))
}

// Rect returns a rectangle, normalised; ok is false when it is not one.
func (s *Document) Rect(o types.Object) (sheet.Rect, bool) {
	v := s.Numbers(o, 4)
	if v == nil {
		return sheet.Rect{}, false
	}
	return sheet.NewRect(v[0], v[1], v[2], v[3]), true
}

// Matrix returns a matrix; ok is false, and it changes nothing, when it is not
// one.
func (s *Document) Matrix(o types.Object) (sheet.Matrix, bool) {
	v := s.Numbers(o, 6)
	if v == nil {
		return sheet.Identity, false
	}
	return sheet.Matrix{v[0], v[1], v[2], v[3], v[4], v[5]}, true
}

// Page is a page of the source with its inherited attributes resolved.
type Page struct {
	Number          int // 1-based in its document
	Dict            types.Dict
	ResourcesObject types.Object // as it came, mostly a reference
	Resources       types.Dict
	Box             sheet.Rect // visible: CropBox within MediaBox
	Rotate          int        // clockwise, a multiple of 90
	UserUnit        float64
	Contents        []types.StreamDict
	Lost            bool // some of this could not be read
}

// Pages walks the raw page tree. Any finding is a refusal: a page that cannot
// be found whole is never left out or left blank.
func (s *Document) Pages() ([]Page, []finding.Finding) {
	w := &pageWalk{s: s, onPath: map[int]bool{}}
	root := s.Catalog()
	if root == nil {
		return nil, []finding.Finding{finding.New(finding.CodeUnreadable, s.Index, 0)}
	}
	pagesRef := root["Pages"]
	if s.IsDamaged(pagesRef) {
		return nil, []finding.Finding{finding.New(finding.CodeUnreadable, s.Index, 0)}
	}
	tree := s.Dict(pagesRef)
	if tree == nil {
		return nil, []finding.Finding{finding.New(finding.CodeNoPages, s.Index, 0)}
	}
	w.node(pagesRef, tree, inherited{}, 0)
	// A way back in the tree leads to no page; but where it stands, there may
	// have been one.
	if count, ok := s.Integer(tree["Count"]); w.circle && (!ok || count > len(w.pages)) && len(w.findings) == 0 {
		w.findings = append(w.findings, finding.TreeRefusal(s.Index))
	}
	if len(w.findings) == 0 && len(w.pages) == 0 {
		w.findings = append(w.findings, finding.New(finding.CodeNoPages, s.Index, 0))
	}
	// A tree that promises more pages than it holds has lost some, if the file
	// is damaged; else it is only badly counted.
	if count, ok := s.Integer(tree["Count"]); ok && count > len(w.pages) && len(w.findings) == 0 {
		if s.Repaired {
			w.findings = append(w.findings, finding.New(finding.CodeBlankedPage, s.Index, len(w.pages)+1))
		}
		s.Promised = count
	}
	s.Lost = false
	s.Layers = newLayers(s, root)
	if (s.Lost || s.IsAbsent(root["OCProperties"])) && len(w.findings) == 0 {
		w.findings = finding.LossFindings(finding.LostPart, s.Index, 0)
	}
	return w.pages, w.findings
}

type inherited struct {
	resources, mediaBox, cropBox, rotate types.Object
	lost                                 bool // one of them could not be read
}

type pageWalk struct {
	s        *Document
	onPath   map[int]bool
	pages    []Page
	findings []finding.Finding
	nodes    int
	circle   bool // the tree leads back to itself
}

func (w *pageWalk) refuse(code string, page int) {
	w.findings = append(w.findings, finding.New(code, w.s.Index, page))
}

// full reports that there is nothing more to learn from walking on.
func (w *pageWalk) full() bool {
	return len(w.pages) > w.s.Limits.MaxPages || w.nodes > 4*w.s.Limits.MaxPages || len(w.findings) >= 100
}

func (w *pageWalk) node(ref types.Object, d types.Dict, in inherited, depth int) {
	w.nodes++
	if w.full() {
		if w.nodes > 4*w.s.Limits.MaxPages && len(w.findings) == 0 {
			w.refuse(finding.CodeTooManyPages, 0)
		}
		return
	}
	if r, ok := ref.(types.IndirectRef); ok {
		nr := r.ObjectNumber.Value()
		if w.onPath[nr] {
			w.circle = true
			return
		}
		w.onPath[nr] = true
		defer delete(w.onPath, nr)
	}
	if depth > syntax.MaxTreeDepth {
		w.findings = append(w.findings, finding.TreeRefusal(w.s.Index))
		return
	}
	w.s.Lost = false
	for key, to := range map[string]*types.Object{
		"Resources": &in.resources, "MediaBox": &in.mediaBox, "CropBox": &in.cropBox, "Rotate": &in.rotate,
	} {
		if v, ok := d[key]; ok && w.s.Resolve(v) != nil {
			*to = v
		} else if ok && w.s.IsAbsent(v) {
			in.lost = true
		}
	}
	in.lost = in.lost || w.s.Lost
	kids, isNode := d["Kids"]
	if w.s.Name(d["Type"]) == "Page" || !isNode {
		w.page(d, in)
		return
	}
	if w.s.IsDamaged(kids) || w.s.IsAbsent(kids) {
		w.refuse(finding.CodeBlankedPage, len(w.pages)+len(w.findings)+1)
		return
	}
	for _, kid := range w.s.Array(kids) {
		number := len(w.pages) + len(w.findings) + 1
		if w.s.IsDamaged(kid) {
			w.refuse(finding.CodeBlankedPage, number)
			continue
		}
		kd, ok := w.s.Resolve(kid).(types.Dict)
		if !ok || len(kd) == 0 {
			// null, <<>> or something else: pdfcpu's validation would put a
			// blank page here and say nothing.
			w.refuse(finding.CodeBlankedPage, number)
			continue
		}
		w.node(kid, kd, in, depth+1)
	}
}

func (w *pageWalk) page(d types.Dict, in inherited) {
	s := w.s
	p := Page{Number: len(w.pages) + len(w.findings) + 1, Dict: d, UserUnit: 1}
	s.Lost = false
	_, contents := d["Contents"]
	if !contents && d["Type"] == nil && d["MediaBox"] == nil && d["Parent"] == nil && d["Resources"] == nil {
		w.refuse(finding.CodeBlankedPage, p.Number)
		return
	}
	if p.ResourcesObject, p.Resources = in.resources, s.Dict(in.resources); p.Resources == nil {
		p.Resources = types.Dict{}
		p.ResourcesObject = p.Resources
	}
	media, ok := s.Rect(in.mediaBox)
	if !ok || media.Width() <= 0 || media.Height() <= 0 {
		// Required by the format; every viewer falls back to US Letter.
		media = sheet.Rect{X0: 0, Y0: 0, X1: 612, Y1: 792}
	}
	p.Box = media
	if crop, ok := s.Rect(in.cropBox); ok {
		if both, ok := crop.Intersect(media); ok {
			p.Box = both
		}
	}
	if r, ok := s.Integer(in.rotate); ok && r%90 == 0 {
		p.Rotate = ((r % 360) + 360) % 360
	}
	if u, ok := s.Number(d["UserUnit"]); ok && u > 0 {
		p.UserUnit = u
	}
	if p.Contents, ok = s.contents(d["Contents"], 0); !ok {
		w.refuse(finding.CodeBlankedPage, p.Number)
		return
	}
	p.Lost = in.lost || s.Lost
	w.pages = append(w.pages, p)
}

// contents returns the content streams of a page in order. ok is false when
// one is damaged, missing or something else than a stream. What is written in
// their list itself draws nothing, and nothing is lost with it.
func (s *Document) contents(o types.Object, depth int) (streams []types.StreamDict, ok bool) {
	if s.IsDamaged(o) || s.IsAbsent(o) || depth > 4 {
		return nil, false
	}
	switch v := s.Resolve(o).(type) {
	case nil:
		return nil, true
	case types.StreamDict:
		return []types.StreamDict{v}, true
	case types.Array:
		for _, e := range v {
			switch e.(type) {
			case types.IndirectRef, types.Array:
			default:
				continue
			}
			more, ok := s.contents(e, depth+1)
			if !ok {
				return nil, false
			}
			streams = append(streams, more...)
		}
		return streams, true
	}
	return nil, false
}

var errUncountable = errors.New("count pages: unreadable PDF")

// PageCount returns the number of pages of the PDF at path as pdfcpu counts
// them, independently of how this package walks the page tree. The vendor
// simulator and tests use it to check counts.
func PageCount(path string) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, errUncountable
		}
	}()
	f, err := os.Open(path)
	if err != nil {
		return 0, fmt.Errorf("count pages: %w", WithoutPath(err))
	}
	defer f.Close()
	ctx, err := pdfcpu.Read(f, Configuration(model.ValidationRelaxed))
	if err != nil {
		return 0, errUncountable // pdfcpu's text may quote the document
	}
	if err := ctx.EnsurePageCount(); err != nil {
		return 0, errUncountable
	}
	return ctx.PageCount, nil
}

// Dropped are entries that no page needs, wherever they stand.
var Dropped = map[string]bool{
	"Metadata": true, "PieceInfo": true, "StructParent": true, "StructParents": true, "Parent": true,
	"LastModified": true, "AF": true, "OC": true, "OPI": true, "AA": true, "JS": true,
}
