// Package documents keeps the bytes of documents, named by their content, and beside them the fence: how many jobs were handed over.
//
// A [Store] is what the engine works with: [Plain] keeps documents as they are, package sealed encrypted. Both keep them in [Objects]: a
// [Folder] of this machine, or a bucket (package s3), with a cache before it (package cached).
package documents

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Store is documents by content, and what stands beside them.
type Store interface {
	store.Blobs
	store.Fence
	Files
	// Find gives the reference of a document that only its hash is known of; store.ErrNotFound.
	Find(ctx context.Context, sha256 string) (shipment.BlobRef, error)
	// EachOld calls fn with the documents that were put last before a time, at most so many at once, in no order. One process at a time may
	// call it.
	EachOld(ctx context.Context, before time.Time, most int, fn func(refs []shipment.BlobRef) error) error
	// RemoveOld removes those of some documents that were put last before a time, and tells which they were.
	RemoveOld(ctx context.Context, refs []shipment.BlobRef, before time.Time) ([]shipment.BlobRef, error)
	Close() error
}

// Area is a part of a place, in which objects have names of one kind.
type Area string

// The areas. They are names of folders: never rename one.
const (
	ByContent Area = "sha256" // plain documents, by the SHA-256 of their content
	Sealed    Area = "sealed" // encrypted ones
)

// Areas are all of them.
func Areas() []Area { return []Area{ByContent, Sealed} }

// Object is one that is listed.
type Object struct {
	Name  string
	Bytes int64
}

// Objects is a place that keeps bytes under names that its callers choose: what is put again under the same name is the same document.
type Objects interface {
	// Put calls write once with where the bytes are to be written; the name is known when they are. When it returns, the object is kept
	// for good, and counts as put now also when it was there already.
	Put(ctx context.Context, area Area, write func(w io.Writer) (name string, err error)) error
	// Get calls fn with the bytes, and again from the beginning when they broke off or fn says ErrDamaged; store.ErrNotFound.
	Get(ctx context.Context, area Area, name string, fn func(r io.Reader, size int64) error) error
	// Delete removes an object. It is no error when it is not there.
	Delete(ctx context.Context, area Area, name string) error
	// Any reports whether there is an object in an area.
	Any(ctx context.Context, area Area) (bool, error)
	// EachOld calls fn with the objects that were put last before a time, at most so many at once, in no order. It finishes first what a
	// killed RemoveOld has left; so one process at a time may call it.
	EachOld(ctx context.Context, area Area, before time.Time, most int, fn func([]Object) error) error
	// RemoveOld removes those of some objects that were put last before a time, and tells which they were. What is put at the same moment
	// is there afterwards. Only the process that calls EachOld may call it.
	RemoveOld(ctx context.Context, area Area, names []string, before time.Time) (removed []string, err error)
	Files
	store.Fence
	Close() error
}

// Files are small files beside the objects, under names as "FILE" or "FOLDER/FILE".
type Files interface {
	// ReadFile returns store.ErrNotFound when there is none.
	ReadFile(ctx context.Context, name string) ([]byte, error)
	// WriteFile writes a file whole, in place of what is there; it is kept for good when it returns.
	WriteFile(ctx context.Context, name string, data []byte) error
	// CreateFile is WriteFile that replaces nothing: store.ErrExists.
	CreateFile(ctx context.Context, name string, data []byte) error
	// RemoveFile is no error when there is none.
	RemoveFile(ctx context.Context, name string) error
	// ListFiles gives the names, without that of the folder, of the files of a folder.
	ListFiles(ctx context.Context, folder string) ([]string, error)
}

// ErrDamaged says that bytes are not those that were stored.
var ErrDamaged = errors.New("the bytes are not those that were stored")

// CheckName refuses what is no name of an object: an even number, at least 32, of hexadecimal digits in lower case.
func CheckName(name string) error {
	if len(name) < 32 || len(name) > 128 || len(name)%2 != 0 || strings.Trim(name, "0123456789abcdef") != "" {
		return errors.New("is no name of an object: hexadecimal digits in lower case")
	}
	return nil
}
