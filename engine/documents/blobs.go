// Package documents keeps the bytes of documents in a folder, named by their content, and beside them the fence: how many jobs were
// handed over.
package documents

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/together"
)

// The folders below that of the documents.
const (
	BlobFolder = "sha256" // blobs stand as sha256/ab/cdef…
	binFolder  = "bin"    // blobs that are being removed, by their whole SHA-256; see RemoveOld
	tempFolder = "tmp"    // files being written; in the same file system, so that they can be renamed into place
)

// Dir keeps documents in a folder, named by their content. Several processes may use one folder.
type Dir struct {
	root  *os.Root
	disk  *os.File // the folder itself
	temp  *os.Root // of files being written
	made  sync.Map // folders of blobs that are there, on disk too
	group *together.Group[*placing]
}

var _ store.Blobs = (*Dir)(nil)

// OpenDir opens a folder of documents, making it when it is not there. It removes what a killed process left
// half-written.
func OpenDir(path string) (*Dir, error) {
	d, err := openDir(path)
	if err != nil {
		return nil, fmt.Errorf("open folder of documents: %w", err)
	}
	return d, nil
}

func openDir(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := SyncDir(filepath.Dir(filepath.Clean(path))); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{root: root}
	d.group = together.New(d.placeAll)
	for _, name := range []string{BlobFolder, tempFolder, binFolder} {
		if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, errors.Join(err, root.Close())
		}
	}
	if d.disk, err = root.Open("."); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	if d.temp, err = root.OpenRoot(tempFolder); err == nil {
		err = errors.Join(d.disk.Sync(), d.removeLeftovers())
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Close closes the folder. Open blobs stay readable.
func (d *Dir) Close() error {
	err := errors.Join(d.root.Close(), d.disk.Close())
	if d.temp != nil {
		err = errors.Join(err, d.temp.Close())
	}
	return err
}

// removeLeftovers removes temporary files that no process writes any more: a writer holds a lock on its own.
func (d *Dir) removeLeftovers() error {
	entries, err := fs.ReadDir(d.root.FS(), tempFolder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := tempFolder + "/" + e.Name()
		f, err := d.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // its writer has just put it into place
		}
		if err != nil {
			return err
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = d.root.Remove(name)
		}
		f.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Put stores what r gives. When it returns, the bytes and their name are on disk.
func (d *Dir) Put(ctx context.Context, r io.Reader) (shipment.BlobRef, error) {
	ref, err := d.put(ctx, r)
	if err != nil {
		return shipment.BlobRef{}, fmt.Errorf("store document: %w", err)
	}
	return ref, nil
}

func (d *Dir) put(ctx context.Context, r io.Reader) (shipment.BlobRef, error) {
	temp, f, err := d.create()
	if err != nil {
		return shipment.BlobRef{}, err
	}
	placed := false
	defer func() {
		if !placed {
			d.root.Remove(temp)
		}
		f.Close()
	}()
	hash := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, hash), contextReader{ctx, r})
	if err != nil {
		return shipment.BlobRef{}, err
	}
	ref := shipment.BlobRef{SHA256: hex.EncodeToString(hash.Sum(nil)), Bytes: n}
	// A blob that is there already is replaced by the same bytes rather than trusted: a disk that was full or a crash
	// may have left a shorter one, and its own flush may not have ended yet in another process.
	p := &placing{file: f, temp: temp}
	p.folder, p.name = place(ref)
	if err := d.makeFolder(p.folder); err != nil {
		return shipment.BlobRef{}, err
	}
	d.group.Do(p)
	placed = p.err == nil
	return ref, p.err
}

// create makes a temporary file that removeLeftovers of another process leaves alone.
func (d *Dir) create() (string, *os.File, error) {
	for {
		name := rand.Text()
		f, err := d.temp.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return "", nil, err
		}
		// removeLeftovers may have come between making and locking: then the name is gone, or held for a moment.
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB); err == nil {
			if _, err := d.temp.Stat(name); err == nil {
				return tempFolder + "/" + name, f, nil
			}
		}
		f.Close()
		d.temp.Remove(name)
	}
}

// Open opens a blob; store.ErrNotFound when it is not there or does not have its size.
func (d *Dir) Open(_ context.Context, ref shipment.BlobRef) (store.Blob, error) {
	if err := check(ref); err != nil {
		return nil, err
	}
	_, name := place(ref)
	f, err := d.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = d.openMoving(ref)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("document %s: %w", ref.SHA256, store.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open document: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open document: %w", err), f.Close())
	}
	if info.Size() != ref.Bytes {
		return nil, errors.Join(fmt.Errorf("document %s has %d bytes on disk and %d in the archive: %w",
			ref.SHA256, info.Size(), ref.Bytes, store.ErrNotFound), f.Close())
	}
	return &fileBlob{File: f, size: info.Size()}, nil
}

// Delete removes a blob. It is no error when it is not there.
func (d *Dir) Delete(_ context.Context, ref shipment.BlobRef) error {
	if err := check(ref); err != nil {
		return err
	}
	folder, name := place(ref)
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = d.sync(folder)
	}
	if err != nil {
		return fmt.Errorf("delete document: %w", err)
	}
	return nil
}

// fileBlob is an open blob.
type fileBlob struct {
	*os.File
	size int64
}

// Plain is the file itself, which Close closes.
func (b *fileBlob) Plain() *os.File { return b.File }

// Size in bytes.
func (b *fileBlob) Size() int64 { return b.size }

// check refuses references that cannot be ours, before they become a path.
func check(ref shipment.BlobRef) error {
	if len(ref.SHA256) != sha256.Size*2 || strings.Trim(ref.SHA256, "0123456789abcdef") != "" {
		return fmt.Errorf("document reference is not a SHA-256 in lower-case hexadecimal: %w", store.ErrNotFound)
	}
	return nil
}

func place(ref shipment.BlobRef) (folder, name string) {
	folder = BlobFolder + "/" + ref.SHA256[:2]
	return folder, folder + "/" + ref.SHA256[2:]
}

// sync flushes a folder of the store.
func (d *Dir) sync(name string) error {
	f, err := d.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SyncDir flushes a folder, so that a new name in it survives a power cut.
func SyncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

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

// Has reports whether a file is in the folder.
func (d *Dir) Has(name string) bool {
	_, err := d.root.Stat(name)
	return err == nil
}

// WriteFile puts a file into the folder, whole or not at all.
func (d *Dir) WriteFile(name, text string) error {
	temp, f, err := d.create()
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = d.root.Rename(temp, name)
	}
	if err != nil {
		_ = d.root.Remove(temp)
	}
	return errors.Join(err, f.Close(), d.sync("."))
}
