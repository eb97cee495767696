// Package sealed keeps documents encrypted (age), in any place of objects.
//
// # Keys
//
// Each month has a data key, under which the documents that are put in it are sealed: a file of age has a key of its own, wrapped by that
// of the month in the one stanza of its header. The keys of the months stand in the folder keys beside the documents, each a file of age,
// encrypted to a key-encryption key that is no part of the place: the file of [documents.sealed]. It may hold several; the first one
// encrypts. Putting a document again seals it anew, under the key of the month that it is put in.
//
// # Forgetting
//
// What was sealed under a key cannot be read any more when the key is destroyed, in no backup either. So a month's key is destroyed when
// all of the month's letters are erased ([Store.Forget]); what is kept longer, receipts and invoices, is sealed anew before.
// Copies of the key in backups stay encrypted to the key-encryption key: either keep no old copies of the folder keys, or make a new
// key-encryption key from time to time and destroy the old one ([Store.Rewrap]).
//
// Documents from before are read as they are; [Store.Seal] seals them.
package sealed

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Store keeps documents sealed.
type Store struct {
	documents.Objects
	plain   *documents.Plain // what is from before
	keys    *ring
	scratch string
	now     func() time.Time
}

var _ documents.Store = (*Store)(nil)

// Open opens a place. What does not fit in memory goes through the folder scratch, in a file without a name; empty: that of the system.
func Open(ctx context.Context, in documents.Objects, kek KEK, scratch string, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	keys, err := openRing(ctx, in, kek)
	if err != nil {
		return nil, fmt.Errorf("open the sealed documents: %w", err)
	}
	return &Store{in, documents.NewPlain(in, scratch), keys, scratch, now}, nil
}

// Far reports whether reading a document takes a way over the network.
func (s *Store) Far() bool { return s.plain.Far() }

// Put seals what r gives. When it returns, it is kept for good.
func (s *Store) Put(ctx context.Context, r io.Reader) (ref shipment.BlobRef, err error) {
	name, key, err := s.keys.now(ctx, s.now())
	if err == nil {
		err = s.Objects.Put(ctx, documents.Sealed, func(w io.Writer) (string, error) {
			enc, err := age.Encrypt(w, sealer{name, key})
			if err != nil {
				return "", err
			}
			hash := sha256.New()
			n, err := io.Copy(io.MultiWriter(enc, hash), documents.ContextReader(ctx, r))
			if err != nil {
				return "", err
			}
			if err := enc.Close(); err != nil {
				return "", err
			}
			ref = shipment.BlobRef{SHA256: hex.EncodeToString(hash.Sum(nil)), Bytes: n}
			return s.keys.names.name(ref.SHA256)
		})
	}
	if err != nil {
		return shipment.BlobRef{}, fmt.Errorf("store document: %w", err)
	}
	return ref, nil
}

// Open opens a document, sealed or from before, and proves that it is the one of the reference; store.ErrNotFound.
func (s *Store) Open(ctx context.Context, ref shipment.BlobRef) (store.Blob, error) {
	if err := documents.CheckRef(ref); err != nil {
		return nil, err
	}
	b, err := s.open(ctx, ref)
	if errors.Is(err, store.ErrNotFound) && !errors.Is(err, documents.ErrDamaged) {
		if b, err = s.plain.Open(ctx, ref); errors.Is(err, store.ErrNotFound) {
			b, err = s.open(ctx, ref) // it may have been sealed between the two
		}
	}
	return b, err
}

func (s *Store) open(ctx context.Context, ref shipment.BlobRef) (store.Blob, error) {
	name, err := s.keys.names.name(ref.SHA256)
	if err != nil {
		return nil, err
	}
	return documents.Take(ref, s.scratch, func(fn func(r io.Reader) error) error { return s.read(ctx, name, fn) })
}

// read gives fn the content of an object.
func (s *Store) read(ctx context.Context, name string, fn func(r io.Reader) error) error {
	read := func() error {
		return s.Get(ctx, documents.Sealed, name, func(r io.Reader, _ int64) error {
			from := &noting{r: r}
			dec, err := age.Decrypt(from, opener{ctx, s.keys})
			if err == nil {
				err = fn(dec)
			}
			var key *KeyError
			if err == nil || from.err != nil || errors.As(err, &key) || errors.Is(err, documents.ErrDamaged) || ctx.Err() != nil {
				return errors.Join(err, from.err)
			}
			return fmt.Errorf("it cannot be decrypted: %w", documents.ErrDamaged)
		})
	}
	err := read()
	var key *KeyError
	if c, ok := s.Objects.(interface {
		Forget(area documents.Area, name string)
	}); ok && (errors.As(err, &key) || errors.Is(err, documents.ErrDamaged)) {
		c.Forget(documents.Sealed, name) // a copy of before it was sealed anew
		err = read()
	}
	return err
}

// noting notes why what it reads broke off.
type noting struct {
	r   io.Reader
	err error
}

// Read reads.
func (n *noting) Read(p []byte) (int, error) {
	k, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return k, err
}

// Delete removes a document, sealed or from before.
func (s *Store) Delete(ctx context.Context, ref shipment.BlobRef) error {
	if err := s.plain.Delete(ctx, ref); err != nil {
		return err
	}
	name, err := s.keys.names.name(ref.SHA256)
	if err == nil {
		err = s.Objects.Delete(ctx, documents.Sealed, name)
	}
	if err != nil {
		return fmt.Errorf("delete document: %w", err)
	}
	return nil
}

// Find gives the reference of a document that only its hash is known of; store.ErrNotFound.
func (s *Store) Find(ctx context.Context, sha string) (shipment.BlobRef, error) {
	ref := shipment.BlobRef{SHA256: sha}
	if err := documents.CheckRef(ref); err != nil {
		return ref, err
	}
	name, err := s.keys.names.name(sha)
	if err != nil {
		return ref, err
	}
	err = s.read(ctx, name, func(r io.Reader) (err error) {
		ref.Bytes, err = io.Copy(io.Discard, r)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.plain.Find(ctx, sha)
	}
	if err != nil {
		return ref, fmt.Errorf("find document %s: %w", sha, err)
	}
	return ref, nil
}

// EachOld calls fn with the documents that were put last before a time, sealed or not. Their sizes are those that they take.
func (s *Store) EachOld(ctx context.Context, before time.Time, most int, fn func(refs []shipment.BlobRef) error) error {
	if err := s.plain.EachOld(ctx, before, most, fn); err != nil {
		return err
	}
	return s.Objects.EachOld(ctx, documents.Sealed, before, most, func(objects []documents.Object) error {
		var refs []shipment.BlobRef
		for _, o := range objects {
			if sha, ours := s.keys.names.sha(o.Name); ours {
				refs = append(refs, shipment.BlobRef{SHA256: sha, Bytes: o.Bytes})
			}
		}
		if len(refs) == 0 {
			return nil
		}
		return fn(refs)
	})
}

// RemoveOld removes those of some documents that were put last before a time, sealed or not, and tells which they were.
func (s *Store) RemoveOld(ctx context.Context, refs []shipment.BlobRef, before time.Time) ([]shipment.BlobRef, error) {
	removed, err := documents.RemoveRefs(refs, func(r shipment.BlobRef) (string, error) {
		if err := documents.CheckRef(r); err != nil {
			return "", err
		}
		return s.keys.names.name(r.SHA256)
	}, func(names []string) ([]string, error) {
		return s.Objects.RemoveOld(ctx, documents.Sealed, names, before)
	})
	if err != nil {
		return removed, err
	}
	if any, err := s.Any(ctx, documents.ByContent); err != nil || !any {
		return removed, err
	}
	plain, err := s.plain.RemoveOld(ctx, refs, before)
	for _, ref := range plain {
		if !slices.ContainsFunc(removed, func(r shipment.BlobRef) bool { return r.SHA256 == ref.SHA256 }) {
			removed = append(removed, ref)
		}
	}
	return removed, err
}

// Rewrap encrypts all keys to the first key-encryption key, and tells how many were not. Afterwards the others are not needed any more.
func (s *Store) Rewrap(ctx context.Context) (int, error) { return s.keys.rewrap(ctx) }

// Seal seals what is from before, piece by piece, and tells how many documents it sealed. It may be killed and begun again. Nobody else may
// remove documents meanwhile, and every process that uses them must seal.
func (s *Store) Seal(ctx context.Context, done func(n int)) (int, error) {
	n := 0
	err := s.plain.EachOld(ctx, s.now().AddDate(1, 0, 0), 100, func(refs []shipment.BlobRef) error {
		for _, ref := range refs {
			if err := s.sealOne(ctx, ref); err != nil {
				return fmt.Errorf("seal document %s: %w", ref.SHA256, err)
			}
			n++
			if done != nil {
				done(n)
			}
		}
		return nil
	})
	return n, err
}

func (s *Store) sealOne(ctx context.Context, ref shipment.BlobRef) error {
	b, err := s.plain.Open(ctx, ref)
	if err != nil {
		return err
	}
	sealed, err := s.Put(ctx, io.NewSectionReader(b, 0, b.Size()))
	if err = errors.Join(err, b.Close()); err != nil {
		return err
	}
	if sealed != ref {
		return errors.Join(fmt.Errorf("it holds other bytes than its name says, and is left as it is: %w", documents.ErrDamaged), s.Objects.Delete(ctx, documents.Sealed, mustName(s, sealed)))
	}
	again, err := s.open(ctx, ref) // which proves it
	if err != nil {
		return err
	}
	return errors.Join(again.Close(), s.plain.Delete(ctx, ref))
}

func mustName(s *Store, ref shipment.BlobRef) string {
	name, err := s.keys.names.name(ref.SHA256)
	if err != nil {
		panic(err) // Put gives no other
	}
	return name
}

// AnyPlain reports whether there are documents from before, which are not sealed.
func (s *Store) AnyPlain(ctx context.Context) (bool, error) { return s.Any(ctx, documents.ByContent) }

// Month is a month that has a key.
type Month struct {
	Month     string // as 2026-11
	Documents int    // sealed under it
}

// Months lists the months with keys, and looks at each document for how many are sealed under them.
func (s *Store) Months(ctx context.Context) ([]Month, error) {
	names, err := s.keys.list(ctx)
	if err != nil {
		return nil, err
	}
	months, _ := byMonth(names)
	count := map[string]int{}
	if err := s.eachKey(ctx, func(_ []shipment.BlobRef, keys []string) error {
		for _, k := range keys {
			count[k[:7]]++
		}
		return nil
	}); err != nil {
		return nil, err
	}
	out := make([]Month, len(months))
	for i, m := range months {
		out[i] = Month{m, count[m]}
	}
	return out, nil
}

// heads is how many documents' keys are looked at together.
const heads = 32

// eachKey calls fn with all sealed documents, and which key each is sealed under.
func (s *Store) eachKey(ctx context.Context, fn func(refs []shipment.BlobRef, keys []string) error) error {
	return s.Objects.EachOld(ctx, documents.Sealed, s.now().AddDate(1, 0, 0), 20*heads, func(objects []documents.Object) error {
		refs, keys, faults := make([]shipment.BlobRef, len(objects)), make([]string, len(objects)), make([]error, len(objects))
		slots := make(chan struct{}, heads)
		var group sync.WaitGroup
		for i, o := range objects {
			sha, ours := s.keys.names.sha(o.Name)
			if !ours {
				continue
			}
			refs[i] = shipment.BlobRef{SHA256: sha, Bytes: o.Bytes}
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				keys[i], faults[i] = s.keyOf(ctx, o.Name)
				if errors.Is(faults[i], store.ErrNotFound) {
					keys[i], faults[i] = "", nil // removed since it was listed
				}
			})
		}
		group.Wait()
		for i, err := range faults {
			if err != nil {
				return fmt.Errorf("look at document %s: %w", refs[i].SHA256, err)
			}
		}
		refs = keepWhere(refs, keys)
		return fn(refs, slices.DeleteFunc(keys, func(k string) bool { return k == "" }))
	})
}

func keepWhere(refs []shipment.BlobRef, keys []string) (kept []shipment.BlobRef) {
	for i, k := range keys {
		if k != "" {
			kept = append(kept, refs[i])
		}
	}
	return kept
}

// keyOf gives the name of the key that an object is sealed under.
func (s *Store) keyOf(ctx context.Context, name string) (key string, err error) {
	read := func(r io.Reader, _ int64) (err error) {
		key, err = sealedWith(r)
		return err
	}
	if h, ok := s.Objects.(interface {
		Head(ctx context.Context, area documents.Area, name string, most int64, fn func(r io.Reader, size int64) error) error
	}); ok {
		err = h.Head(ctx, documents.Sealed, name, headBytes, read)
	} else {
		err = s.Get(ctx, documents.Sealed, name, read)
	}
	return key, err
}

// Why a month's key is not destroyed.
var (
	// ErrNotOver says that documents may still be sealed under the key.
	ErrNotOver = errors.New("the month is not over for two days yet")
	// ErrKept says that letters of the month are not erased.
	ErrKept = errors.New("letters are not erased whose documents are sealed under it")
	// ErrUnnamed says that documents lie there that no row names.
	ErrUnnamed = errors.New("documents lie there that nothing names: they are removed by \"postgang retention run\", when they are a day old")
)

// Judge tells what rows name some documents: letters, and what is kept longer.
type Judge func(ctx context.Context, sha256 []string) (letters, books map[string]bool, err error)

// Forgotten is what Forget has done.
type Forgotten struct {
	Keys   int
	Anew   int      // documents that are kept longer, sealed anew
	Copies []string // names of the files of the keys, of which no copy may be left
}

// Forget destroys the key of a month (as 2026-11), when no letter names a document that is sealed under it any more. What is kept longer is
// sealed anew first. It may be killed and begun again. Nobody else may remove documents meanwhile.
func (s *Store) Forget(ctx context.Context, month string, judge Judge) (Forgotten, error) {
	var f Forgotten
	names, err := s.keys.list(ctx)
	if err != nil {
		return f, err
	}
	_, of := byMonth(names)
	keys := of[month]
	if len(keys) == 0 {
		return f, fmt.Errorf("no key of the month %q is there; keys are there of: %s", month, strings.Join(slices.Collect(months(names)), ", "))
	}
	if monthOf(s.now().AddDate(0, 0, -2)) <= month {
		return f, fmt.Errorf("the key of %s: %w", month, ErrNotOver)
	}
	var anew []shipment.BlobRef
	kept, unnamed := 0, 0
	err = s.eachKey(ctx, func(refs []shipment.BlobRef, with []string) error {
		var mine []string
		for i, k := range with {
			if slices.Contains(keys, k) {
				mine = append(mine, refs[i].SHA256)
			}
		}
		if len(mine) == 0 {
			return nil
		}
		letters, books, err := judge(ctx, mine)
		if err != nil {
			return err
		}
		for _, sha := range mine {
			switch {
			case letters[sha]:
				kept++
			case books[sha]:
				anew = append(anew, shipment.BlobRef{SHA256: sha})
			default:
				unnamed++
			}
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	if kept > 0 {
		return f, fmt.Errorf("the key of %s: %d documents: %w", month, kept, ErrKept)
	}
	if unnamed > 0 {
		return f, fmt.Errorf("the key of %s: %d documents: %w", month, unnamed, ErrUnnamed)
	}
	for _, ref := range anew {
		if err := s.sealAnew(ctx, ref.SHA256, keys); err != nil {
			return f, fmt.Errorf("seal document %s anew: %w", ref.SHA256, err)
		}
		f.Anew++
	}
	for _, k := range keys {
		if err := s.RemoveFile(ctx, keysFolder+"/"+k); err != nil {
			return f, err
		}
		s.keys.drop(k)
		f.Keys++
		f.Copies = append(f.Copies, keysFolder+"/"+k)
	}
	return f, nil
}

func (s *Store) sealAnew(ctx context.Context, sha string, not []string) error {
	ref, err := s.Find(ctx, sha)
	if err != nil {
		return err
	}
	b, err := s.open(ctx, ref)
	if err != nil {
		return err
	}
	_, err = s.Put(ctx, io.NewSectionReader(b, 0, b.Size()))
	if err = errors.Join(err, b.Close()); err != nil {
		return err
	}
	key, err := s.keyOf(ctx, mustName(s, ref))
	if err == nil && slices.Contains(not, key) {
		err = errors.New("it was put less than a day ago, and is not put again before that; try again tomorrow")
	}
	return err
}

func (k *ring) drop(name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.months, name)
}

func months(names []string) func(yield func(string) bool) {
	all, _ := byMonth(names)
	return slices.Values(all)
}
