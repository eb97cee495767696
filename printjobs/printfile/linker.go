package printfile

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Options of a print file. The zero value is a PDF 1.7 without title.
type Options struct {
	// Version in the file's header, "1.4" to "1.7" or "2.0"; "" is "1.7".
	// The content is not changed by it. XRefStream needs 1.5.
	Version string
	// Title for the document information; "" for none. Give it nothing that
	// names a person: a job id, for instance.
	Title string
	// XRefStream writes the cross-references as a stream. A file whose
	// offsets do not fit the ten digits of the classic table gets one anyway.
	XRefStream bool
	// TrustHashes leaves out the check of shared objects against their hash
	// when they are first written. With it, one wrong prepared letter can
	// spoil the letters linked after it.
	TrustHashes bool
	// MaxShared bounds how many shared objects are remembered (about 80
	// bytes each); 0 is DefaultMaxShared. One that is forgotten is written
	// again when it is needed.
	MaxShared int
	// SpillBytes is how large the table of object offsets (5 bytes an
	// object) may grow before it goes to a temporary file; 0 is
	// DefaultSpillBytes.
	SpillBytes int
	// TempDir is for that file; "" is the system's.
	TempDir string
	// Parts makes a tree of document parts: every side must then be added
	// between BeginPart and EndPart. Such trees are part of PDF 2.0, and of
	// PDF 1.6 and 1.7 by PDF/VT (ISO 16612-2), so an older Version is an
	// error. The file does not claim to be PDF/VT, which would need PDF/X-4.
	// Viewers pass over the tree.
	Parts bool
	// MergeFonts makes one font program a face of the subsets that letters
	// bring, see merge.go for which. It takes time for each subset, and at most
	// some 30 MB of memory.
	MergeFonts bool
	// PartsMetadata is what the tree's root tells of the whole file, in the
	// form that BeginPart takes; nil for nothing.
	PartsMetadata Dict
}

const (
	// DefaultMaxShared keeps the memory for shared objects below about 20 MB.
	DefaultMaxShared = 1 << 18
	// DefaultSpillBytes keeps 1.6 million offsets in memory.
	DefaultSpillBytes = 8 << 20

	// treeFanOut is the children of a node of the page tree.
	treeFanOut = 32
	// classicMax is the last offset that a classic cross-reference entry,
	// of ten digits, can name.
	classicMax = 9_999_999_999
	// A side's content stream of at most cachedContent bytes is shared with
	// later sides that draw the same; cachedContents of them are remembered.
	cachedContent = 256
	// maxOwnContent bounds what a side draws of its own, in bytes.
	maxOwnContent  = 32 << 20
	cachedContents = 1024
)

// Placement draws one page of a prepared letter on a side.
type Placement struct {
	Source *Prepared
	// Page of the source, from 0.
	Page int
	// Matrix is that of PDF's cm operator: [a b c d e f] maps (x, y) of the
	// page to (ax+cy+e, bx+dy+f) on the side, in points. A matrix without
	// area is an error: it would print nothing.
	Matrix [6]float64
	// Clip, unless nil, is the rectangle [x0 y0 x1 y1] outside of which
	// nothing of the page is drawn, in the page's own coordinates, that is
	// before Matrix: {0, 0, width, height} with the bleed added on each side.
	// A page's form clips to its own box already (BBox), but that box may be
	// larger than the page: prepare keeps a page that is within the tolerance
	// of A4 whole. So pages that have neighbours need a clip.
	Clip *[4]float64
}

// Identity places a page as it is.
var Identity = [6]float64{1, 0, 0, 1, 0, 0}

// Side is one page of the print file.
type Side struct {
	// Width and Height in points.
	Width, Height float64
	Placements    []Placement
	// Content is drawn above the placements, in the side's own coordinates.
	// It must be balanced in q and Q. Empty, with no placements, is a true
	// blank page.
	Content []byte
	// Resources for Content. References in it are to objects of Kit. Names
	// of XObjects must not begin with "PG".
	Resources Dict
	// Kit holds what Resources refers to.
	Kit *Kit
}

// Result says what was written.
type Result struct {
	SHA256  string // of the file, in lower-case hexadecimal
	Bytes   int64
	Sides   int
	Parts   int // document parts
	Objects int // indirect objects in the file
	// SharedHits counts the uses of shared objects that were in the file
	// already, so that nothing was written.
	SharedHits int64
	// FontsMerged is the number of fonts that draw with the glyphs of FontFaces
	// merged programs.
	FontsMerged, FontFaces int
}

// Linker writes a print file in one forward pass, without seeking. It is not
// safe for concurrent use. After an error every call returns an error, and the
// file is useless.
type Linker struct {
	opt     Options
	out     *sink
	copy    *copier
	offs    offsets
	shared  sharedTable
	hits    int64
	err     error
	closed  bool
	tree    []treeNode // by level, leaves first
	sides   int
	classic int64 // the largest offset of a classic table

	sources  map[*Prepared][]uint32 // by local number; without objects of kits, which are all shared
	free     [][]uint32
	queue    []job
	targets  []uint32
	contents map[string]uint32
	buf      []byte
	parts    partTree
	merge    merger
}

// job is an object that has its number and waits to be written.
type job struct {
	src *Prepared // nil for a kit's
	kit *Kit
	n   int // local number
	num uint32
}

// treeNode is an unfinished node of the page tree.
type treeNode struct {
	num   uint32
	kids  []uint32
	count int // pages under the finished kids
}

var (
	// ErrClosed is the error for any use of a Linker after Close.
	ErrClosed = errors.New("print file is closed")
	// ErrPoisoned wraps the first error of a Linker when it is used again.
	ErrPoisoned = errors.New("print file is spoilt by an earlier error")
)

// SourceError says that a prepared letter cannot be read or does not hold what
// its index says. It is found with errors.As in what AddSide returns, so that the
// caller can set that letter aside and link the others anew.
type SourceError struct {
	Source *Prepared
	Err    error
}

func (e *SourceError) Error() string { return e.Err.Error() }

// Unwrap gives what is wrong.
func (e *SourceError) Unwrap() error { return e.Err }

// NewLinker begins a print file on w.
func NewLinker(w io.Writer, opt Options) *Linker {
	if opt.Version == "" {
		opt.Version = "1.7"
	}
	if opt.MaxShared <= 0 {
		opt.MaxShared = DefaultMaxShared
	}
	if opt.SpillBytes <= 0 {
		opt.SpillBytes = DefaultSpillBytes
	}
	l := &Linker{
		opt:      opt,
		out:      newSink(w),
		offs:     offsets{dir: opt.TempDir, keep: max(1, opt.SpillBytes/(chunkObjects*offsetWidth))},
		shared:   sharedTable{limit: opt.MaxShared},
		classic:  classicMax,
		sources:  make(map[*Prepared][]uint32),
		contents: make(map[string]uint32),
	}
	l.merge.limit = allUnionBytes
	l.parts.nodes = offsets{dir: opt.TempDir, keep: l.offs.keep}
	l.copy = newCopier(l.out)
	switch opt.Version {
	case "1.4", "1.5", "1.6", "1.7", "2.0":
	default:
		l.err = fmt.Errorf("unknown PDF version %q", opt.Version)
	}
	if opt.Version == "1.4" && opt.XRefStream {
		l.err = errors.New("cross-reference stream needs PDF 1.5")
	}
	if opt.Parts && opt.Version < "1.6" && l.err == nil {
		l.err = fmt.Errorf("document parts need PDF 1.6 or newer, the print file is PDF %s", opt.Version)
	}
	if len(opt.PartsMetadata) > 0 && !opt.Parts && l.err == nil {
		l.err = errors.New("metadata of document parts, and no parts")
	}
	if _, err := partText(nil, opt.PartsMetadata); err != nil && l.err == nil {
		l.err = err
	}
	l.out.text("%PDF-" + opt.Version + "\n%\xE2\xE3\xCF\xD3\n")
	return l
}

// usable says why the linker cannot go on.
func (l *Linker) usable() error {
	if l.closed {
		return ErrClosed
	}
	if l.err != nil {
		return fmt.Errorf("%w: %w", ErrPoisoned, l.err)
	}
	return nil
}

// AddSide appends a side. Objects of a source are copied when a placed page
// first needs them, once per source. Errors: a source that is nil, damaged or
// does not hold what its index says, a page out of range, an impossible size or
// matrix, resources that clash or refer to nothing, and write errors.
func (l *Linker) AddSide(s Side) error {
	if err := l.usable(); err != nil {
		return fmt.Errorf("add side: %w", err)
	}
	if err := l.addSide(&s); err != nil {
		return l.spoil(fmt.Errorf("add side %d: %w", l.sides+1, err))
	}
	return nil
}

// spoil notes the first error, after which the file is useless.
func (l *Linker) spoil(err error) error {
	l.err = err
	l.letGo()
	return err
}

// letGo closes the temporary files.
func (l *Linker) letGo() {
	l.offs.close()
	l.parts.nodes.close()
}

// Release forgets what was copied of a source, when its letter is done. Using
// the source again is allowed and copies its unshared objects again.
func (l *Linker) Release(src *Prepared) {
	if t, ok := l.sources[src]; ok {
		delete(l.sources, src)
		if len(l.free) < 4 {
			l.free = append(l.free, t)
		}
	}
	if l.copy.winOf != nil && src != nil && l.copy.winOf == src.store {
		l.copy.winOf = nil
	}
	if c := l.merge.copy; c != nil && src != nil && c.winOf == src.store {
		c.winOf = nil
	}
}

func (l *Linker) addSide(s *Side) error {
	if err := checkSize(s.Width, s.Height); err != nil {
		return err
	}
	if l.opt.Parts && l.parts.node == 0 {
		return errors.New("outside of all parts: begin one")
	}
	if len(s.Content) > maxOwnContent {
		return fmt.Errorf("own content of %d bytes, allowed are %d", len(s.Content), maxOwnContent)
	}
	if len(s.Content) == 0 && len(s.Resources) > 0 {
		return errors.New("resources without content")
	}
	forms := make([]uint32, len(s.Placements))
	for i := range s.Placements {
		p := &s.Placements[i]
		if p.Source == nil {
			return fmt.Errorf("placement %d: no source", i+1)
		}
		if p.Page < 0 || p.Page >= len(p.Source.pages) {
			return fmt.Errorf("placement %d: page %d of a letter of %d pages (pages count from 0)", i+1, p.Page, len(p.Source.pages))
		}
		m := &p.Matrix
		for _, v := range m {
			if !finite(v) {
				return fmt.Errorf("placement %d: matrix is not finite", i+1)
			}
		}
		// As it will be written, so rounded.
		a, b, c, d := written(m[0]), written(m[1]), written(m[2]), written(m[3])
		if det := a*d - b*c; det == 0 || !finite(det) {
			return fmt.Errorf("placement %d: matrix has no area", i+1)
		}
		if err := checkClip(p.Clip); err != nil {
			return fmt.Errorf("placement %d: %w", i+1, err)
		}
		var err error
		if forms[i], err = l.number(p.Source, nil, p.Source.pages[p.Page].form); err != nil {
			return fmt.Errorf("placement %d: %w", i+1, err)
		}
		if err := l.drain(); err != nil {
			return fmt.Errorf("placement %d: %w", i+1, err)
		}
	}
	var resources []byte
	if len(s.Resources) > 0 {
		var err error
		if resources, err = l.resources(s, forms); err != nil {
			return fmt.Errorf("resources: %w", err)
		}
		if err := l.drain(); err != nil {
			return fmt.Errorf("resources: %w", err)
		}
	}
	content, err := l.content(s)
	if err != nil {
		return err
	}

	num, err := l.offs.alloc()
	if err != nil {
		return err
	}
	parent, err := l.addPage(num)
	if err != nil {
		return err
	}
	if err := l.begin(num); err != nil {
		return err
	}
	l.out.text("<<")
	if content != 0 {
		l.out.text("/Contents ")
		l.out.int(int64(content))
		l.out.text(" 0 R")
	}
	if l.opt.Parts {
		l.parts.page(num)
		l.out.text("/DPart ")
		l.out.int(int64(l.parts.node))
		l.out.text(" 0 R")
	}
	writeMediaBox(l.out, s.Width, s.Height)
	l.out.text("/Parent ")
	l.out.int(int64(parent))
	l.out.text(" 0 R/Resources")
	switch {
	case resources != nil:
		l.out.Write(resources) //nolint:errcheck // the sink keeps its error
	case len(forms) > 0:
		l.out.text("<</XObject<<")
		for i, f := range forms {
			l.out.text("/" + formPrefix)
			l.out.int(int64(i))
			l.out.text(" ")
			l.out.int(int64(f))
			l.out.text(" 0 R")
		}
		l.out.text(">>>>")
	default:
		l.out.text("<<>>")
	}
	l.out.text("/Type/Page>>\nendobj\n")
	l.sides++
	return l.out.err
}

// checkClip refuses a rectangle that shows nothing.
func checkClip(c *[4]float64) error {
	if c == nil {
		return nil
	}
	for _, v := range c {
		if !finite(v) {
			return errors.New("clip is not finite")
		}
	}
	if w, h := c[2]-c[0], c[3]-c[1]; !(written(w) > 0 && written(h) > 0 && finite(w) && finite(h)) {
		return errors.New("clip has no area: it is [x0 y0 x1 y1] with x0 < x1 and y0 < y1")
	}
	return nil
}

// written is a number as a reader of the file gets it.
func written(v float64) float64 {
	const unit = 1e10 // realDecimals
	if math.Abs(v) > 1e5 {
		return v // to be rounded it would need more digits than it has
	}
	return math.Round(v*unit) / unit
}

// begin starts object num.
func (l *Linker) begin(num uint32) error {
	if err := l.offs.set(num, l.out.off); err != nil {
		return err
	}
	l.out.int(int64(num))
	l.out.text(" 0 obj\n")
	return nil
}

// number gives the number in the print file of object n of a source or kit,
// and puts it in the queue when it is not written yet.
func (l *Linker) number(src *Prepared, kit *Kit, n int) (uint32, error) {
	var st *store
	idx := n - 1
	if src != nil {
		st, idx, _ = src.resolve(n)
	} else {
		st = kit.st
	}
	o := &st.objs[idx]
	var slot *uint32
	if o.hash >= 0 {
		if num := l.shared.get(st.hashes[o.hash]); num != 0 {
			l.hits++
			return num, nil
		}
	} else {
		// Objects of kits are all shared, so src is set and n is its own.
		table, ok := l.sources[src]
		if !ok {
			table = l.numbers(len(src.objs))
			l.sources[src] = table
		}
		slot = &table[idx]
		if *slot != 0 {
			return *slot, nil
		}
	}
	num, err := l.offs.alloc()
	if err != nil {
		return 0, err
	}
	if slot != nil {
		*slot = num
	} else {
		l.shared.put(st.hashes[o.hash], num)
	}
	l.queue = append(l.queue, job{src, kit, n, num})
	return num, nil
}

// numbers gives a cleared table of n numbers, reusing a released one.
func (l *Linker) numbers(n int) []uint32 {
	for i, t := range l.free {
		if cap(t) >= n {
			l.free[i] = l.free[len(l.free)-1]
			l.free = l.free[:len(l.free)-1]
			t = t[:n]
			clear(t)
			return t
		}
	}
	return make([]uint32, n)
}

// drain writes the queued objects and all that they reach.
func (l *Linker) drain() error {
	for i := 0; i < len(l.queue); i++ {
		j := l.queue[i]
		var st *store
		idx, base := j.n-1, 0
		if j.src != nil {
			st, idx, base = j.src.resolve(j.n)
		} else {
			st = j.kit.st
		}
		if l.opt.MergeFonts && j.src != nil {
			done, err := l.mergeFont(j)
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		o := &st.objs[idx]
		l.targets = l.targets[:0]
		for _, r := range st.refsOf(o) {
			t, err := l.number(j.src, j.kit, base+r.num)
			if err != nil {
				return err
			}
			l.targets = append(l.targets, t)
		}
		if err := l.offs.set(j.num, l.out.off); err != nil {
			return err
		}
		if err := l.copy.copy(st, idx, j.num, l.targets, !l.opt.TrustHashes); err != nil {
			if l.out.err != nil {
				return l.out.err
			}
			return &SourceError{Source: j.src, Err: fmt.Errorf("object %d of the source: %w", idx+1, err)}
		}
	}
	clear(l.queue) // let go of the sources
	l.queue = l.queue[:0]
	return nil
}

// resources merges the placed forms into the side's own resources.
func (l *Linker) resources(s *Side, forms []uint32) ([]byte, error) {
	d := maps.Clone(s.Resources)
	x := Dict{}
	switch own := d["XObject"].(type) {
	case nil:
	case Dict:
		maps.Copy(x, own)
	default:
		return nil, errors.New("XObject is not a direct dictionary")
	}
	for name := range x {
		if strings.HasPrefix(string(name), formPrefix) {
			return nil, fmt.Errorf("names of XObjects must not begin with %s", formPrefix)
		}
	}
	for i, f := range forms {
		x[Name(formPrefix+strconv.Itoa(i))] = fileRef(f)
	}
	if len(x) > 0 {
		d["XObject"] = x
	}
	e := encoder{number: func(r Ref) (int, error) {
		if s.Kit == nil {
			return 0, errors.New("reference without a kit")
		}
		n, err := s.Kit.number(r)
		if err != nil {
			return 0, err
		}
		num, err := l.number(nil, s.Kit, n)
		return int(num), err
	}}
	if err := d.encode(&e); err != nil {
		return nil, err
	}
	return e.buf, nil
}

// content writes the side's content stream, unless it is blank or an earlier
// side draws the same. Each placement is one line, "/PGi Do" or
// "q a b c d e f cm x y w h re W n /PGi Do Q", with or without the matrix and
// the clip; own content follows between "q" and "Q".
func (l *Linker) content(s *Side) (uint32, error) {
	if len(s.Placements) == 0 && len(s.Content) == 0 {
		return 0, nil
	}
	b := l.buf[:0]
	for i := range s.Placements {
		m, clip := s.Placements[i].Matrix, s.Placements[i].Clip
		own := m != Identity || clip != nil // a graphics state of its own
		if own {
			b = append(b, "q "...)
		}
		if m != Identity {
			for _, v := range m {
				b = append(appendReal(b, v), ' ')
			}
			b = append(b, "cm "...)
		}
		if clip != nil {
			for _, v := range [4]float64{clip[0], clip[1], clip[2] - clip[0], clip[3] - clip[1]} {
				b = append(appendReal(b, v), ' ')
			}
			b = append(b, "re W n "...)
		}
		b = append(b, "/"+formPrefix...)
		b = strconv.AppendInt(b, int64(i), 10)
		b = append(b, " Do"...)
		if own {
			b = append(b, " Q"...)
		}
		b = append(b, '\n')
	}
	if len(s.Content) > 0 {
		b = append(b, "q\n"...)
		b = append(b, s.Content...)
		b = append(b, "\nQ\n"...)
	}
	l.buf = b
	shared := len(b) <= cachedContent
	if shared {
		if num, ok := l.contents[string(b)]; ok {
			return num, nil
		}
	}
	num, err := l.offs.alloc()
	if err != nil {
		return 0, err
	}
	if shared {
		if len(l.contents) >= cachedContents {
			clear(l.contents)
		}
		l.contents[string(b)] = num
	}
	if err := l.begin(num); err != nil {
		return 0, err
	}
	l.out.text("<</Length ")
	l.out.int(int64(len(b)))
	l.out.text(">>stream\n")
	l.out.Write(b) //nolint:errcheck // the sink keeps its error
	l.out.text(streamTail + "\nendobj\n")
	return num, l.out.err
}

// addPage puts a page into the tree and gives its parent. A full node is
// written when its successor is begun, since only then it surely has a parent.
func (l *Linker) addPage(page uint32) (parent uint32, err error) {
	return l.addKid(0, page, 0)
}

// addKid puts a node, with count pages under it (0: it is a page), into the
// current node of a level.
func (l *Linker) addKid(level int, kid uint32, count int) (parent uint32, err error) {
	if level == len(l.tree) {
		num, err := l.offs.alloc()
		if err != nil {
			return 0, err
		}
		l.tree = append(l.tree, treeNode{num: num})
	}
	n := &l.tree[level]
	if len(n.kids) == treeFanOut {
		if err := l.closeNode(level); err != nil {
			return 0, err
		}
		num, err := l.offs.alloc()
		if err != nil {
			return 0, err
		}
		n = &l.tree[level] // the slice may have moved
		*n = treeNode{num: num, kids: n.kids[:0]}
	}
	n.kids = append(n.kids, kid)
	n.count += max(1, count)
	return n.num, nil
}

// closeNode writes the current node of a level, after putting it in its parent.
func (l *Linker) closeNode(level int) error {
	parent, err := l.addKid(level+1, l.tree[level].num, l.tree[level].count)
	if err != nil {
		return err
	}
	return l.writeNode(level, parent)
}

func (l *Linker) writeNode(level int, parent uint32) error {
	n := &l.tree[level]
	if err := l.begin(n.num); err != nil {
		return err
	}
	l.out.text("<</Count ")
	l.out.int(int64(n.count))
	l.out.text("/Kids[")
	for i, k := range n.kids {
		if i > 0 {
			l.out.text(" ")
		}
		l.out.int(int64(k))
		l.out.text(" 0 R")
	}
	l.out.text("]")
	if parent != 0 {
		l.out.text("/Parent ")
		l.out.int(int64(parent))
		l.out.text(" 0 R")
	}
	l.out.text("/Type/Pages>>\nendobj\n")
	return l.out.err
}

// Close finishes the file and says what it holds. It does not close the
// writer. A print file without sides is an error.
func (l *Linker) Close() (Result, error) {
	if err := l.usable(); err != nil {
		if !l.closed {
			l.closed = true
			l.letGo()
		}
		return Result{}, fmt.Errorf("close print file: %w", err)
	}
	defer l.letGo()
	l.closed = true
	res, err := l.finish()
	if err != nil {
		l.err = fmt.Errorf("close print file: %w", err)
		return Result{}, l.err
	}
	return res, nil
}

func (l *Linker) finish() (Result, error) {
	if l.sides == 0 {
		return Result{}, errors.New("no sides")
	}
	if l.parts.node != 0 {
		return Result{}, fmt.Errorf("part %d is not ended", l.parts.nodes.count)
	}
	if err := l.closeUnions(); err != nil {
		return Result{}, err
	}
	// Each level's last node, up to the root: the first level with one node.
	for level := 0; ; level++ {
		if level == len(l.tree)-1 {
			if err := l.writeNode(level, 0); err != nil {
				return Result{}, err
			}
			break
		}
		if err := l.closeNode(level); err != nil {
			return Result{}, err
		}
	}
	root := l.tree[len(l.tree)-1].num
	if l.opt.Parts {
		if err := l.writePartTree(); err != nil {
			return Result{}, err
		}
	}
	catalog, err := l.offs.alloc()
	if err != nil {
		return Result{}, err
	}
	if err := l.begin(catalog); err != nil {
		return Result{}, err
	}
	l.out.text("<<")
	if l.opt.Parts {
		l.out.text("/DPartRoot ")
		l.out.int(int64(l.parts.root))
		l.out.text(" 0 R")
	}
	l.out.text("/Pages ")
	l.out.int(int64(root))
	l.out.text(" 0 R/Type/Catalog>>\nendobj\n")
	info := uint32(0)
	if l.opt.Title != "" {
		if info, err = l.offs.alloc(); err != nil {
			return Result{}, err
		}
		if err := l.begin(info); err != nil {
			return Result{}, err
		}
		e := encoder{}
		if err := (Dict{"Title": textString(l.opt.Title)}).encode(&e); err != nil {
			return Result{}, err
		}
		l.out.Write(e.buf) //nolint:errcheck // the sink keeps its error
		l.out.text("\nendobj\n")
	}

	id := l.out.sum()
	xref := l.out.off
	trailer := func(size int64) {
		l.out.text("/ID")
		writeID(l.out, id)
		if info != 0 {
			l.out.text("/Info ")
			l.out.int(int64(info))
			l.out.text(" 0 R")
		}
		l.out.text("/Root ")
		l.out.int(int64(catalog))
		l.out.text(" 0 R/Size ")
		l.out.int(size)
	}
	if l.opt.XRefStream || xref > l.classic {
		if l.opt.Version == "1.4" {
			return Result{}, errors.New("too large for PDF 1.4: a cross-reference stream needs PDF 1.5")
		}
		num, err := l.offs.alloc()
		if err != nil {
			return Result{}, err
		}
		if err := l.begin(num); err != nil {
			return Result{}, err
		}
		l.out.text("<<")
		size := int64(num) + 1
		trailer(size)
		const width = 1 + offsetWidth
		l.out.text("/Length ")
		l.out.int(size * width)
		l.out.text("/Type/XRef/W[1 5 0]>>stream\n")
		// Type 0 with an absent generation is the free entry 0.
		l.out.Write(make([]byte, width)) //nolint:errcheck // the sink keeps its error
		err = l.offs.each(func(off int64) {
			var e [8]byte
			binary.BigEndian.PutUint64(e[:], uint64(off))
			e[2] = 1
			l.out.Write(e[2:]) //nolint:errcheck // the sink keeps its error
		})
		if err != nil {
			return Result{}, err
		}
		l.out.text(streamTail + "\nendobj\n")
	} else {
		writeXrefHead(l.out, int64(l.offs.count)+1)
		if err := l.offs.each(func(off int64) { writeXrefEntry(l.out, off) }); err != nil {
			return Result{}, err
		}
		l.out.text("trailer\n<<")
		trailer(int64(l.offs.count) + 1)
		l.out.text(">>\n")
	}
	l.out.text("startxref\n")
	l.out.int(xref)
	l.out.text("\n%%EOF\n")
	sum := l.out.sum()
	if l.out.err != nil {
		return Result{}, l.out.err
	}
	return Result{
		SHA256:     hex.EncodeToString(sum[:]),
		Bytes:      l.out.off,
		Sides:      l.sides,
		Parts:      int(l.parts.nodes.count),
		Objects:    int(l.offs.count),
		SharedHits: l.hits,

		FontsMerged: l.merge.merged,
		FontFaces:   l.merge.begun,
	}, nil
}

// textString is a PDF text string: ASCII as it is, else UTF-16 with byte order
// mark.
func textString(s string) Object {
	ascii := true
	for _, c := range []byte(s) {
		ascii = ascii && c >= ' ' && c < 0x7f
	}
	if ascii {
		return String(s)
	}
	b := []byte{0xFE, 0xFF}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return HexString(b)
}

// stringText is the text of a PDF text string as textString writes it; "" for
// all else.
func stringText(o Object) string {
	switch v := o.(type) {
	case String:
		return string(v)
	case HexString:
		if len(v) < 2 || len(v)%2 != 0 || v[0] != 0xFE || v[1] != 0xFF {
			return ""
		}
		units := make([]uint16, len(v)/2-1)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(v[2+2*i:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}
