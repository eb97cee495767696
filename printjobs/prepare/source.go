package prepare

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

	"postgang/printjobs/typeset"
)

func init() {
	// Without this pdfcpu reads and creates a configuration folder in the
	// home directory, and races while it does so.
	api.DisableConfigDir()
}

// maxTreeDepth bounds the page tree and every other nesting that we follow.
const maxTreeDepth = 100

// configuration returns a configuration for one call. pdfcpu writes into it,
// so it is never shared.
func configuration(mode int) *model.Configuration {
	conf := model.NewDefaultConfiguration()
	conf.ValidationMode = mode
	conf.Optimize = false
	conf.OptimizeBeforeWriting = false
	conf.Offline = true
	conf.Cmd = model.VALIDATE
	return conf
}

// source is one document as pdfcpu read it, before any of its repairs: only
// reading is done by pdfcpu. Its validation is left out on purpose, because it
// replaces damaged pages by blank ones without an error (pdfcpu issue 1312)
// and refuses much that prints well.
type source struct {
	ctx    *model.Context
	index  int // of the document in its letter
	limits Limits
	header string // version that the file claims at its beginning
	// damaged holds the numbers of objects that the file has, or says to have,
	// but that could not be read: pdfcpu skipped them, they do not lie where
	// the file says, or their data are cut off.
	damaged map[int]bool
	// lost is set when something that could not be read, or is missing from a
	// file that is damaged, was asked for. Whoever copies a page clears it
	// first and looks at it afterwards: what was asked for, the page needs.
	lost bool
	// deleted is set when what was asked for was deleted by an update: the
	// file may still hold it, but is not to be searched for it.
	deleted bool
	// inFile holds the numbers of all objects in the file, whether or not its
	// table has them; nil until it is needed.
	inFile map[int]bool
	file   []byte
	// sums is 1 if checksums of the document are right, -1 if not, 0 if that
	// is not known yet.
	sums   int
	layers *layers
	// encrypted: it opens without a password all the same.
	encrypted bool
	// repaired: it was read by looking for its objects.
	repaired bool
	// cut: the end of the file is missing.
	cut bool
	// promised is how many pages the tree says that there are, if these are
	// more than it has.
	promised int
	// nextObject and madeFonts are for what makeAppearance adds.
	nextObject int
	madeFonts  map[*typeset.Face]types.IndirectRef
}

// openSource reads a document: as a plain one, then with pdfcpu strictly, then relaxed; with repair, or
// when neither will do, by looking for its objects. The finding tells what is
// wrong with the document; the error what is wrong with us.
func openSource(c context.Context, index int, file []byte, limits Limits, repair bool) (*source, *Finding, error) {
	s := &source{index: index, limits: limits, header: headerVersion(file), damaged: map[int]bool{}, file: file, cut: cutShort(file)}
	code := ""
	if !repair {
		if code = s.read(c, file); c.Err() != nil {
			return nil, nil, c.Err()
		}
	}
	if repair || code != "" && code != CodePrintingForbidden {
		s.repaired = true
		found, why := salvaged(file, limits)
		switch {
		case why == "":
			s.ctx, s.encrypted, s.damaged = found.ctx, found.encrypted, found.damaged
		case s.ctx == nil || s.cut:
			if why == CodeUnreadable && s.cut && s.header != "" {
				why = CodeTruncated
			}
			finding := newFinding(why, index, 0)
			return nil, &finding, nil
		}
		return s, nil, nil
	}
	if code != "" {
		finding := newFinding(code, index, 0)
		return nil, &finding, nil
	}
	return s, nil, nil
}

// read has pdfcpu read the file. code is why it cannot.
func (s *source) read(c context.Context, file []byte) (code string) {
	defer func() {
		if recover() != nil {
			code = CodeUnreadable
		}
	}()
	if s.cut {
		// Its last table, if there is one, tells of what was there before.
		return CodeUnreadable
	}
	if m := versionHeader.FindSubmatchIndex(file[:min(len(file), 1024)]); m != nil && versionRank(s.header) < 0 && m[3]-m[2] == len("1.7") {
		// pdfcpu refuses versions that there are not; the rest may be sound.
		file = bytes.Clone(file)
		copy(file[m[2]:], "1.7")
	}
	mode := model.ValidationStrict
	ctx, plain := readPlain(file)
	r := &watchedReader{Reader: bytes.NewReader(file)}
	var err error
	if !plain {
		ctx, err = pdfcpu.ReadWithContext(c, r, configuration(mode))
	}
	if err != nil && c.Err() == nil {
		mode = model.ValidationRelaxed
		r = &watchedReader{Reader: bytes.NewReader(file)}
		ctx, err = pdfcpu.ReadWithContext(c, r, configuration(mode))
	}
	switch {
	case err != nil:
		return CodeUnreadable
	case ctx.E != nil && !printingPermitted(ctx.E):
		return CodePrintingForbidden
	case ctx.E == nil && !plain && encryptEntry.Match(file) && saysEncrypted(file, s.limits):
		// pdfcpu passes over an Encrypt entry that it finds in an odd place;
		// what it then reads is noise.
		return CodeEncrypted
	case r.rewound > 1:
		// pdfcpu gave up the cross-reference table and went through the file
		// from its beginning, which may take what an update replaced. It is
		// kept for want of better.
		code = CodeUnreadable
	}
	s.ctx, s.encrypted = ctx, ctx.E != nil
	if plain {
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
func (s *source) findSkipped(file []byte) {
	for nr, entry := range s.ctx.Table {
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
func (s *source) correctLengths(file []byte) {
	keyword := []byte("endstream")
	for nr, entry := range s.ctx.Table {
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
			if s.ctx.E != nil && bytes.Contains(after, keyword) {
				continue
			}
		}
		end := bytes.Index(rest, keyword)
		if end < 0 {
			s.damaged[nr] = true // cut off
			continue
		}
		if s.ctx.E != nil {
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

// resolve follows references until it has a direct object. nil stands for the
// null object; a reference to something damaged resolves to nil too (see
// isDamaged).
func (s *source) resolve(o types.Object) types.Object {
	for range 32 {
		ref, ok := o.(types.IndirectRef)
		if !ok {
			return o
		}
		if s.missing(ref) {
			s.lost = true
			return nil
		}
		v, err := s.ctx.Dereference(ref)
		if err != nil {
			s.lost = true
			return nil
		}
		o = v
	}
	return nil
}

func (s *source) isDamaged(o types.Object) bool {
	ref, ok := o.(types.IndirectRef)
	if !ok {
		return false
	}
	if s.missing(ref) {
		return true
	}
	_, err := s.ctx.Dereference(ref)
	return err != nil
}

// missing reports a reference to what could not be read. One to an object that
// there is not stands for null (ISO 32000-1 7.3.10), but not in a file that is
// damaged: there it may have been lost.
func (s *source) missing(ref types.IndirectRef) bool {
	nr := ref.ObjectNumber.Value()
	if s.damaged[nr] {
		return true
	}
	return nr > 0 && s.ctx.Table[nr] == nil && (s.repaired || s.hasObject(nr))
}

// isAbsent reports a reference to an object that the file does not have. There
// never is an object 0: who refers to it means null.
func (s *source) isAbsent(o types.Object) bool {
	ref, ok := o.(types.IndirectRef)
	if !ok || ref.ObjectNumber == 0 {
		return false
	}
	entry := s.ctx.Table[ref.ObjectNumber.Value()]
	s.deleted = s.deleted || entry != nil && entry.Free
	return entry == nil || entry.Free
}

func (s *source) dict(o types.Object) types.Dict {
	switch v := s.resolve(o).(type) {
	case types.Dict:
		return v
	case types.StreamDict:
		return v.Dict
	}
	return nil
}

func (s *source) stream(o types.Object) (types.StreamDict, bool) {
	v, ok := s.resolve(o).(types.StreamDict)
	return v, ok
}

func (s *source) array(o types.Object) types.Array {
	v, _ := s.resolve(o).(types.Array)
	return v
}

func (s *source) name(o types.Object) string {
	v, _ := s.resolve(o).(types.Name)
	return string(v)
}

func (s *source) number(o types.Object) (float64, bool) {
	switch v := s.resolve(o).(type) {
	case types.Integer:
		return float64(v), true
	case types.Float:
		return float64(v), true
	}
	return 0, false
}

func (s *source) integer(o types.Object) (int, bool) {
	switch v := s.resolve(o).(type) {
	case types.Integer:
		return int(v), true
	case types.Float:
		if v > -1e9 && v < 1e9 {
			return int(v), true
		}
	}
	return 0, false
}

// numbers returns an array of n numbers, or nil when it is not one.
func (s *source) numbers(o types.Object, n int) []float64 {
	a := s.array(o)
	if len(a) < n {
		return nil
	}
	out := make([]float64, n)
	for i := range out {
		v, ok := s.number(a[i])
		if !ok {
			return nil
		}
		out[i] = v
	}
	return out
}

func (s *source) rect(o types.Object) (rect, bool) {
	v := s.numbers(o, 4)
	if v == nil {
		return rect{}, false
	}
	return newRect(v[0], v[1], v[2], v[3]), true
}

func (s *source) matrix(o types.Object) (matrix, bool) {
	v := s.numbers(o, 6)
	if v == nil {
		return identity, false
	}
	return matrix{v[0], v[1], v[2], v[3], v[4], v[5]}, true
}

// rawPage is a page of the source with its inherited attributes resolved.
type rawPage struct {
	number          int // 1-based in its document
	dict            types.Dict
	resourcesObject types.Object // as it came, mostly a reference
	resources       types.Dict
	box             rect // visible: CropBox within MediaBox
	rotate          int  // clockwise, a multiple of 90
	userUnit        float64
	contents        []types.StreamDict
	lost            bool // some of this could not be read
}

// pages walks the raw page tree. Any finding is a refusal: a page that cannot
// be found whole is never left out or left blank.
func (s *source) pages() ([]rawPage, []Finding) {
	w := &pageWalk{s: s, onPath: map[int]bool{}}
	root, err := s.ctx.Catalog()
	if err != nil || root == nil {
		return nil, []Finding{newFinding(CodeUnreadable, s.index, 0)}
	}
	pagesRef := root["Pages"]
	if s.isDamaged(pagesRef) {
		return nil, []Finding{newFinding(CodeUnreadable, s.index, 0)}
	}
	tree := s.dict(pagesRef)
	if tree == nil {
		return nil, []Finding{newFinding(CodeNoPages, s.index, 0)}
	}
	w.node(pagesRef, tree, inherited{}, 0)
	// A way back in the tree leads to no page; but where it stands, there may
	// have been one.
	if count, ok := s.integer(tree["Count"]); w.circle && (!ok || count > len(w.pages)) && len(w.findings) == 0 {
		w.findings = append(w.findings, treeRefusal(s.index))
	}
	if len(w.findings) == 0 && len(w.pages) == 0 {
		w.findings = append(w.findings, newFinding(CodeNoPages, s.index, 0))
	}
	// A tree that promises more pages than it holds has lost some, if the file
	// is damaged; else it is only badly counted.
	if count, ok := s.integer(tree["Count"]); ok && count > len(w.pages) && len(w.findings) == 0 {
		if s.repaired {
			w.findings = append(w.findings, newFinding(CodeBlankedPage, s.index, len(w.pages)+1))
		}
		s.promised = count
	}
	s.lost = false
	s.layers = newLayers(s, root)
	if (s.lost || s.isAbsent(root["OCProperties"])) && len(w.findings) == 0 {
		w.findings = lossFindings(lostPart, s.index, 0)
	}
	return w.pages, w.findings
}

type inherited struct {
	resources, mediaBox, cropBox, rotate types.Object
	lost                                 bool // one of them could not be read
}

type pageWalk struct {
	s        *source
	onPath   map[int]bool
	pages    []rawPage
	findings []Finding
	nodes    int
	circle   bool // the tree leads back to itself
}

func (w *pageWalk) refuse(code string, page int) {
	w.findings = append(w.findings, newFinding(code, w.s.index, page))
}

// full reports that there is nothing more to learn from walking on.
func (w *pageWalk) full() bool {
	return len(w.pages) > w.s.limits.MaxPages || w.nodes > 4*w.s.limits.MaxPages || len(w.findings) >= 100
}

func (w *pageWalk) node(ref types.Object, d types.Dict, in inherited, depth int) {
	w.nodes++
	if w.full() {
		if w.nodes > 4*w.s.limits.MaxPages && len(w.findings) == 0 {
			w.refuse(CodeTooManyPages, 0)
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
	if depth > maxTreeDepth {
		w.findings = append(w.findings, treeRefusal(w.s.index))
		return
	}
	w.s.lost = false
	for key, to := range map[string]*types.Object{
		"Resources": &in.resources, "MediaBox": &in.mediaBox, "CropBox": &in.cropBox, "Rotate": &in.rotate,
	} {
		if v, ok := d[key]; ok && w.s.resolve(v) != nil {
			*to = v
		} else if ok && w.s.isAbsent(v) {
			in.lost = true
		}
	}
	in.lost = in.lost || w.s.lost
	kids, isNode := d["Kids"]
	if w.s.name(d["Type"]) == "Page" || !isNode {
		w.page(d, in)
		return
	}
	if w.s.isDamaged(kids) || w.s.isAbsent(kids) {
		w.refuse(CodeBlankedPage, len(w.pages)+len(w.findings)+1)
		return
	}
	for _, kid := range w.s.array(kids) {
		number := len(w.pages) + len(w.findings) + 1
		if w.s.isDamaged(kid) {
			w.refuse(CodeBlankedPage, number)
			continue
		}
		kd, ok := w.s.resolve(kid).(types.Dict)
		if !ok || len(kd) == 0 {
			// null, <<>> or something else: pdfcpu's validation would put a
			// blank page here and say nothing.
			w.refuse(CodeBlankedPage, number)
			continue
		}
		w.node(kid, kd, in, depth+1)
	}
}

func (w *pageWalk) page(d types.Dict, in inherited) {
	s := w.s
	p := rawPage{number: len(w.pages) + len(w.findings) + 1, dict: d, userUnit: 1}
	s.lost = false
	_, contents := d["Contents"]
	if !contents && d["Type"] == nil && d["MediaBox"] == nil && d["Parent"] == nil && d["Resources"] == nil {
		w.refuse(CodeBlankedPage, p.number)
		return
	}
	if p.resourcesObject, p.resources = in.resources, s.dict(in.resources); p.resources == nil {
		p.resources = types.Dict{}
		p.resourcesObject = p.resources
	}
	media, ok := s.rect(in.mediaBox)
	if !ok || media.width() <= 0 || media.height() <= 0 {
		// Required by the format; every viewer falls back to US Letter.
		media = rect{0, 0, 612, 792}
	}
	p.box = media
	if crop, ok := s.rect(in.cropBox); ok {
		if both, ok := crop.intersect(media); ok {
			p.box = both
		}
	}
	if r, ok := s.integer(in.rotate); ok && r%90 == 0 {
		p.rotate = ((r % 360) + 360) % 360
	}
	if u, ok := s.number(d["UserUnit"]); ok && u > 0 {
		p.userUnit = u
	}
	if p.contents, ok = s.contents(d["Contents"], 0); !ok {
		w.refuse(CodeBlankedPage, p.number)
		return
	}
	p.lost = in.lost || s.lost
	w.pages = append(w.pages, p)
}

// contents returns the content streams of a page in order. ok is false when
// one is damaged, missing or something else than a stream. What is written in
// their list itself draws nothing, and nothing is lost with it.
func (s *source) contents(o types.Object, depth int) (streams []types.StreamDict, ok bool) {
	if s.isDamaged(o) || s.isAbsent(o) || depth > 4 {
		return nil, false
	}
	switch v := s.resolve(o).(type) {
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
		return 0, fmt.Errorf("count pages: %w", withoutPath(err))
	}
	defer f.Close()
	ctx, err := pdfcpu.Read(f, configuration(model.ValidationRelaxed))
	if err != nil {
		return 0, errUncountable // pdfcpu's text may quote the document
	}
	if err := ctx.EnsurePageCount(); err != nil {
		return 0, errUncountable
	}
	return ctx.PageCount, nil
}
