package documents

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Plain keeps documents as they are, named by the SHA-256 of their content.
type Plain struct {
	Objects
	scratch string
}

var _ Store = (*Plain)(nil)

// NewPlain keeps documents in a place. What does not fit in memory on its way from there is put into the folder scratch; empty: that of
// the system.
func NewPlain(in Objects, scratch string) *Plain { return &Plain{in, scratch} }

// Put stores what r gives. When it returns, it is kept for good.
func (p *Plain) Put(ctx context.Context, r io.Reader) (ref shipment.BlobRef, err error) {
	err = p.Objects.Put(ctx, ByContent, func(w io.Writer) (string, error) {
		hash := sha256.New()
		n, err := io.Copy(io.MultiWriter(w, hash), ContextReader(ctx, r))
		ref = shipment.BlobRef{SHA256: hex.EncodeToString(hash.Sum(nil)), Bytes: n}
		return ref.SHA256, err
	})
	if err != nil {
		return shipment.BlobRef{}, fmt.Errorf("store document: %w", err)
	}
	return ref, nil
}

// opener is a place whose objects are files of this machine.
type opener interface {
	File(area Area, name string) (*os.File, int64, error)
}

// Open opens a document; store.ErrNotFound when it is not there, does not have its size or, from another machine, its SHA-256. A file of
// this machine is given as it is.
func (p *Plain) Open(ctx context.Context, ref shipment.BlobRef) (store.Blob, error) {
	if err := CheckRef(ref); err != nil {
		return nil, err
	}
	if here, ok := p.Objects.(opener); ok {
		f, size, err := here.File(ByContent, ref.SHA256)
		if err == nil && size != ref.Bytes {
			err = errors.Join(fmt.Errorf("it has %d bytes on disk and %d in the archive: %w", size, ref.Bytes, store.ErrNotFound), f.Close())
		}
		if err != nil {
			return nil, fmt.Errorf("document %s: %w", ref.SHA256, err)
		}
		return &fileBlob{f, size}, nil
	}
	return Take(ref, p.scratch, func(fn func(r io.Reader) error) error {
		return p.Get(ctx, ByContent, ref.SHA256, func(r io.Reader, _ int64) error { return fn(r) })
	})
}

// Far reports whether reading a document takes a way over the network.
func (p *Plain) Far() bool {
	far, ok := p.Objects.(interface{ Far() bool })
	return ok && far.Far()
}

// Delete removes a document. It is no error when it is not there.
func (p *Plain) Delete(ctx context.Context, ref shipment.BlobRef) error {
	if err := CheckRef(ref); err != nil {
		return err
	}
	if err := p.Objects.Delete(ctx, ByContent, ref.SHA256); err != nil {
		return fmt.Errorf("delete document: %w", err)
	}
	return nil
}

// Find gives the reference of a document that only its hash is known of; store.ErrNotFound.
func (p *Plain) Find(ctx context.Context, sha256 string) (shipment.BlobRef, error) {
	ref := shipment.BlobRef{SHA256: sha256}
	if err := CheckRef(ref); err != nil {
		return ref, err
	}
	err := p.Get(ctx, ByContent, sha256, func(_ io.Reader, size int64) error {
		ref.Bytes = size
		return nil
	})
	if err != nil {
		return ref, fmt.Errorf("find document %s: %w", sha256, err)
	}
	return ref, nil
}

// EachOld calls fn with the documents that were put last before a time, at most so many at once, in no order. One process at a time may
// call it.
func (p *Plain) EachOld(ctx context.Context, before time.Time, most int, fn func(refs []shipment.BlobRef) error) error {
	return p.Objects.EachOld(ctx, ByContent, before, most, func(objects []Object) error {
		refs := make([]shipment.BlobRef, 0, len(objects))
		for _, o := range objects {
			if ref := (shipment.BlobRef{SHA256: o.Name, Bytes: o.Bytes}); CheckRef(ref) == nil { // else nothing of ours
				refs = append(refs, ref)
			}
		}
		return fn(refs)
	})
}

// RemoveOld removes those of some documents that were put last before a time, and tells which they were.
func (p *Plain) RemoveOld(ctx context.Context, refs []shipment.BlobRef, before time.Time) ([]shipment.BlobRef, error) {
	return RemoveRefs(refs, func(r shipment.BlobRef) (string, error) { return r.SHA256, CheckRef(r) }, func(names []string) ([]string, error) {
		return p.Objects.RemoveOld(ctx, ByContent, names, before)
	})
}

// RemoveRefs has documents removed by the names that they have in a place.
func RemoveRefs(refs []shipment.BlobRef, name func(shipment.BlobRef) (string, error), remove func(names []string) ([]string, error)) ([]shipment.BlobRef, error) {
	of := make(map[string]shipment.BlobRef, len(refs))
	names := make([]string, len(refs))
	for i, r := range refs {
		var err error
		if names[i], err = name(r); err != nil {
			return nil, err
		}
		of[names[i]] = r
	}
	gone, err := remove(names)
	removed := make([]shipment.BlobRef, len(gone))
	for i, n := range gone {
		removed[i] = of[n]
	}
	return removed, err
}

// CheckRef refuses references that cannot be ours, before they become a path.
func CheckRef(ref shipment.BlobRef) error {
	if len(ref.SHA256) != sha256.Size*2 || CheckName(ref.SHA256) != nil {
		return fmt.Errorf("document reference is not a SHA-256 in lower-case hexadecimal: %w", store.ErrNotFound)
	}
	return nil
}

// ContextReader reads until the context ends.
func ContextReader(ctx context.Context, r io.Reader) io.Reader { return contextReader{ctx, r} }

// contextReader stops reading when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads, unless the context has ended.
func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
