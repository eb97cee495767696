package printfile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
)

const (
	// maxObjects bounds the objects of one prepared letter; numbers from
	// here on name objects of kits.
	maxObjects = 1<<24 - 1
	// maxKits bounds the kits that one builder may use.
	maxKits = 100
	// maxPt and minPt bound page sides, in points (about 353 m and 0.4 µm).
	// They only catch nonsense.
	maxPt = 1e6
	minPt = 1e-3
)

// Builder makes a prepared letter object by object. It is not safe for
// concurrent use. Objects are kept by reference, and must not change once set.
// Objects that no page reaches are left out.
type Builder struct {
	slots []slot // of Ref 1…
	pages []builderPage
	roots []Ref // marked by Share
	kits  []*Kit
	known map[kitRef]Ref
	err   error
}

type slot struct {
	obj Object // nil: reserved only, or of a kit
	kit int    // 1 + index in Builder.kits, or 0
	num int    // number in that kit
}

type builderPage struct {
	form Ref
	w, h float64
}

type kitRef struct {
	kit int
	num int
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder { return &Builder{} }

// Reserve takes a number for an object that Set gives later.
func (b *Builder) Reserve() Ref {
	b.slots = append(b.slots, slot{})
	return Ref(len(b.slots))
}

// Set gives the object of a reserved number. A number that was not reserved,
// or is set already, and a nil object are errors that Prepared or Kit returns.
func (b *Builder) Set(r Ref, o Object) {
	switch {
	case r < 1 || int(r) > len(b.slots):
		b.fail(fmt.Errorf("object %d is set but was not reserved", int(r)))
	case o == nil:
		b.fail(fmt.Errorf("object %d is set to nil", int(r)))
	case b.slots[r-1].obj != nil || b.slots[r-1].kit != 0:
		b.fail(fmt.Errorf("object %d is set twice", int(r)))
	default:
		b.slots[r-1].obj = o
	}
}

// fail keeps the first mistake.
func (b *Builder) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Add adds an object and returns its number.
func (b *Builder) Add(o Object) Ref {
	r := b.Reserve()
	b.Set(r, o)
	return r
}

// AddPage adds a page of widthPt × heightPt points that draws the Form XObject
// at identity, so the form's own box and matrix must place it on a page with
// its lower left corner at the origin.
func (b *Builder) AddPage(form Ref, widthPt, heightPt float64) {
	b.pages = append(b.pages, builderPage{form, widthPt, heightPt})
}

// Share marks an object, and all that it reaches, as shareable between
// letters: it gets a content hash and is written once per print file. Objects
// in a reference cycle, and objects that reach one, stay unshared: they are
// copied for each letter, which is always right and only costs bytes.
// An unknown number is an error that Prepared or Kit returns.
func (b *Builder) Share(r Ref) {
	if r < 1 || int(r) > len(b.slots) {
		b.fail(fmt.Errorf("unknown object %d is shared", int(r)))
		return
	}
	b.roots = append(b.roots, r)
}

// Import makes an object of a kit known to this builder, and returns its
// number here. The kit's bytes are neither copied nor hashed again.
// r is the object's number in the builder that the kit was made of.
func (b *Builder) Import(k *Kit, r Ref) (Ref, error) {
	n, err := k.number(r)
	if err != nil {
		return 0, err
	}
	i := slices.Index(b.kits, k)
	if i < 0 {
		if len(b.kits) == maxKits {
			return 0, fmt.Errorf("import: more than %d kits in one builder", maxKits)
		}
		i = len(b.kits)
		b.kits = append(b.kits, k)
	}
	key := kitRef{i, n}
	if ref, ok := b.known[key]; ok {
		return ref, nil
	}
	b.slots = append(b.slots, slot{kit: i + 1, num: n})
	ref := Ref(len(b.slots))
	if b.known == nil {
		b.known = make(map[kitRef]Ref)
	}
	b.known[key] = ref
	return ref, nil
}

// Kit is a set of shared objects in memory, hashed once, that any number of
// builders and sides use: fonts and logos of covers, fonts of marks. It is
// immutable and safe for concurrent use.
type Kit struct {
	st      *store
	numbers []int // by Ref-1; 0: not part of the kit
}

func (k *Kit) number(r Ref) (int, error) {
	if r < 1 || int(r) > len(k.numbers) || k.numbers[r-1] == 0 {
		return 0, fmt.Errorf("object %d is not in the kit", int(r))
	}
	return k.numbers[r-1], nil
}

// Kit makes a kit of the objects marked with Share and all that they reach.
// Pages and imports of other kits are not allowed, nor reference cycles.
func (b *Builder) Kit() (*Kit, error) {
	if len(b.pages) > 0 || len(b.kits) > 0 {
		return nil, errors.New("make kit: a kit has no pages and uses no other kit")
	}
	if b.err != nil {
		return nil, fmt.Errorf("make kit: %w", b.err)
	}
	w := newStoreWriter(b)
	for _, r := range b.roots {
		if err := w.reach(r); err != nil {
			return nil, fmt.Errorf("make kit: %w", err)
		}
	}
	w.share(b.roots)
	for i, o := range w.st.objs {
		if o.hash < 0 {
			return nil, fmt.Errorf("make kit: object %d is part of a reference cycle or reaches one", int(w.order[i]))
		}
	}
	return &Kit{st: w.st, numbers: w.numbers}, nil
}

// Prepared makes the letter of what was added. The builder must not be used
// afterwards. Errors: no pages, an impossible page size, a page whose form is
// no Form XObject, references to objects that are unknown or were never set,
// objects that cannot be written (NaN, NUL in a name, stream inside an object,
// too deep nesting, more than 64 MB of text), pages and catalogs among them.
func (b *Builder) Prepared() (*Prepared, error) {
	p, err := b.prepared()
	if err != nil {
		return nil, fmt.Errorf("make prepared letter: %w", err)
	}
	return p, nil
}

func (b *Builder) prepared() (*Prepared, error) {
	if b.err != nil {
		return nil, b.err
	}
	if len(b.pages) == 0 {
		return nil, errors.New("no pages")
	}
	w := newStoreWriter(b)
	p := &Prepared{store: w.st, kits: b.kits, pages: make([]page, len(b.pages))}
	for i, pg := range b.pages {
		if err := checkSize(pg.w, pg.h); err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		if pg.form < 1 || int(pg.form) > len(b.slots) {
			return nil, fmt.Errorf("page %d: unknown form object %d", i+1, int(pg.form))
		}
		if s := b.slots[pg.form-1]; s.kit == 0 {
			f, ok := s.obj.(Stream)
			if !ok || f.Dict["Subtype"] != Name("Form") {
				return nil, fmt.Errorf("page %d: object %d is not a Form XObject", i+1, int(pg.form))
			}
		}
		if err := w.reach(pg.form); err != nil {
			return nil, fmt.Errorf("page %d: %w", i+1, err)
		}
		n, _ := w.number(pg.form)
		p.pages[i] = page{form: n, w: pg.w, h: pg.h}
	}
	w.share(b.roots)
	return p, nil
}

// checkSize says what is wrong with a page size in points.
func checkSize(w, h float64) error {
	// The negated form also refuses NaN.
	if !(w >= minPt && w <= maxPt && h >= minPt && h <= maxPt) {
		return fmt.Errorf("page size %g × %g pt is not within %g and %g", w, h, minPt, float64(maxPt))
	}
	return nil
}

// storeWriter numbers and writes a builder's objects into a store in memory,
// in the order in which they are reached.
type storeWriter struct {
	b       *Builder
	st      *store
	enc     encoder
	order   []Ref // by number-1
	numbers []int // by Ref-1
	written int
}

func newStoreWriter(b *Builder) *storeWriter {
	w := &storeWriter{b: b, st: &store{}, numbers: make([]int, len(b.slots))}
	w.enc.number = w.number
	return w
}

// number gives the local number of a reference, and puts the object in the
// queue when it is new.
func (w *storeWriter) number(r Ref) (int, error) {
	if r < 1 || int(r) > len(w.b.slots) {
		return 0, fmt.Errorf("reference to unknown object %d", int(r))
	}
	s := &w.b.slots[r-1]
	switch {
	case s.kit > 0:
		return s.kit*(maxObjects+1) + s.num, nil
	case s.obj == nil:
		return 0, fmt.Errorf("object %d was reserved but never set", int(r))
	case w.numbers[r-1] == 0:
		if len(w.order) == maxObjects {
			return 0, fmt.Errorf("more than %d objects", maxObjects)
		}
		w.order = append(w.order, r)
		w.numbers[r-1] = len(w.order)
	}
	return w.numbers[r-1], nil
}

// reach writes r and everything that it reaches.
func (w *storeWriter) reach(r Ref) error {
	if _, err := w.number(r); err != nil {
		return err
	}
	for ; w.written < len(w.order); w.written++ {
		if err := w.write(w.order[w.written]); err != nil {
			return fmt.Errorf("object %d: %w", int(w.order[w.written]), err)
		}
	}
	return nil
}

func (w *storeWriter) write(r Ref) error {
	e := &w.enc
	e.start, e.depth, e.parts = len(e.buf), 0, 0
	ref := len(e.refs)
	o := w.b.slots[r-1].obj
	if d, ok := o.(Dict); ok {
		if err := checkKind(d); err != nil {
			return err
		}
	}
	if err := o.encode(e); err != nil {
		return err
	}
	if n := len(e.buf) - e.start; n > maxObjectText-elementWeight {
		return fmt.Errorf("object of %d bytes without stream data, allowed are %d", n, maxObjectText-elementWeight)
	}
	rec := object{off: int64(e.start), head: int64(len(e.buf) - e.start), hash: -1,
		refLo: int32(ref), refHi: int32(len(e.refs))}
	rec.size = rec.head
	if s, ok := o.(Stream); ok {
		rec.stream, rec.data = true, s.Data
		rec.size += int64(len(s.Data) + len(streamTail))
	}
	w.st.objs = append(w.st.objs, rec)
	w.st.arena, w.st.refs = e.buf, e.refs
	return nil
}

// share hashes what the roots reach, children first, without recursion.
func (w *storeWriter) share(roots []Ref) {
	const (
		fresh = iota
		open  // on the stack: meeting it again is a cycle
		hashed
		unshared
	)
	type frame struct {
		num  int // object
		next int // its next reference
		bad  bool
	}
	st := w.st
	state := make([]uint8, len(st.objs)+1)
	h := sha256.New()
	for _, r := range roots {
		if w.numbers[r-1] == 0 || state[w.numbers[r-1]] != fresh {
			continue // unreached, of a kit, or done
		}
		stack := []frame{{num: w.numbers[r-1]}}
		state[stack[0].num] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			o := &st.objs[f.num-1]
			if refs := st.refsOf(o); f.next < len(refs) {
				child := refs[f.next].num
				f.next++
				switch {
				case child > maxObjects:
					// An object of a kit has its hash, but not here; a
					// shared object of our own that reaches into a kit is
					// not worth the machinery.
					f.bad = true
				case state[child] == fresh:
					state[child] = open
					stack = append(stack, frame{num: child})
				case state[child] != hashed:
					f.bad = true
				}
				continue
			}
			bad := f.bad
			state[f.num] = unshared
			if !bad {
				state[f.num] = hashed
				st.hashes = append(st.hashes, st.hashInMemory(h, o))
				o.hash = int32(len(st.hashes) - 1)
			}
			stack = stack[:len(stack)-1]
			if bad && len(stack) > 0 {
				stack[len(stack)-1].bad = true
			}
		}
	}
}
