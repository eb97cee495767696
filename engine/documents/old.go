package documents

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"postgang/engine/shipment"
)

// Blobs that no row names are removed (engine/erase). Nobody counts references: what is named is asked of the archive, and what keeps a
// blob that is about to be named is its age.
//
// Put makes the file anew each time, also when there is one with the same bytes, so that a blob's age is that of the last Put of it. A row
// names a blob only after a Put of it, within an hour of it at the most (a hand-in's request ends after 16 minutes). So of a blob whose
// age is a day, and that no row names, no row is about to be written that does. What can come between asking and removing is a new Put;
// RemoveOld therefore moves the file aside first, looks at the age of what it has moved, and moves it back when that is a new one. A
// reader finds it at both places. Killed between the two, it leaves the file in the bin, where it is found, and from where the next
// EachOld puts it back, to be judged as before.

// RemoveOld removes a blob that was put last before a time. It reports false, and leaves the blob, when it was put since or is not there.
// Nothing is flushed: what a power cut brings back is old still, and is found by the next EachOld.
func (d *Dir) RemoveOld(_ context.Context, ref shipment.BlobRef, before time.Time) (bool, error) {
	if err := check(ref); err != nil {
		return false, err
	}
	_, name := place(ref)
	aside := binFolder + "/" + ref.SHA256
	old := func(at string) (bool, error) {
		info, err := d.root.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before), err
	}
	if is, err := old(name); !is {
		return false, err
	}
	if err := d.root.Rename(name, aside); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	is, err := old(aside)
	if err != nil || !is {
		return false, errors.Join(err, d.putBack(ref.SHA256)) // it was put a moment ago
	}
	if err := d.root.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// putBack moves a blob out of the bin to its place.
func (d *Dir) putBack(sha256 string) error {
	folder, name := place(shipment.BlobRef{SHA256: sha256})
	err := d.root.Rename(binFolder+"/"+sha256, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was quicker
	}
	if err != nil {
		return err
	}
	return d.sync(folder)
}

// openMoving opens a blob that was not found at its place: it may be in the bin for a moment, and back after that.
func (d *Dir) openMoving(ref shipment.BlobRef) (*os.File, error) {
	_, name := place(ref)
	f, err := d.root.Open(binFolder + "/" + ref.SHA256)
	if errors.Is(err, fs.ErrNotExist) {
		return d.root.Open(name)
	}
	return f, err
}

// EachOld calls fn with the blobs that were put last before a time, at most so many at once, in no order. It puts back first what a
// killed RemoveOld has left in the bin; so one process at a time may call it.
func (d *Dir) EachOld(ctx context.Context, before time.Time, most int, fn func(refs []shipment.BlobRef) error) error {
	left, err := fs.ReadDir(d.root.FS(), binFolder)
	if err != nil {
		return err
	}
	for _, e := range left {
		if check(shipment.BlobRef{SHA256: e.Name()}) == nil {
			if err := d.putBack(e.Name()); err != nil {
				return err
			}
		}
	}
	folders, err := fs.ReadDir(d.root.FS(), BlobFolder)
	if err != nil {
		return err
	}
	var refs []shipment.BlobRef
	give := func() error {
		if len(refs) == 0 {
			return nil
		}
		some := refs
		refs = nil
		return fn(some)
	}
	for _, folder := range folders {
		files, err := fs.ReadDir(d.root.FS(), BlobFolder+"/"+folder.Name())
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			ref := shipment.BlobRef{SHA256: folder.Name() + f.Name()}
			if check(ref) != nil {
				continue // nothing of ours
			}
			info, err := f.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			if !info.Mode().IsRegular() || !info.ModTime().Before(before) {
				continue
			}
			ref.Bytes = info.Size()
			if refs = append(refs, ref); len(refs) >= most {
				if err := give(); err != nil {
					return err
				}
			}
		}
	}
	return give()
}
