package documents

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"time"
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

// RemoveOld removes those of some objects that were put last before a time, and tells which. Nothing is flushed: what a power cut brings
// back is old still, and is found by the next EachOld.
func (d *Folder) RemoveOld(ctx context.Context, area Area, names []string, before time.Time) (removed []string, err error) {
	for _, name := range names {
		if err := errors.Join(ctx.Err(), CheckName(name)); err != nil {
			return removed, err
		}
		gone, err := d.removeOld(area, name, before)
		if err != nil {
			return removed, err
		}
		if gone {
			removed = append(removed, name)
		}
	}
	return removed, nil
}

func (d *Folder) removeOld(area Area, name string, before time.Time) (bool, error) {
	_, at := place(area, name)
	aside := binned(area, name)
	old := func(at string) (bool, error) {
		info, err := d.root.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil && info.Mode().IsRegular() && info.ModTime().Before(before), err
	}
	if is, err := old(at); !is {
		return false, err
	}
	if err := d.root.Rename(at, aside); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	is, err := old(aside)
	if err != nil || !is {
		return false, errors.Join(err, d.putBack(area, name)) // it was put a moment ago
	}
	if err := d.root.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return true, nil
}

// binned is where an object stands while it is removed.
func binned(area Area, name string) string {
	if area == ByContent {
		return binFolder + "/" + name
	}
	return binFolder + "/" + string(area) + "." + name
}

// putBack moves an object out of the bin to its place.
func (d *Folder) putBack(area Area, name string) error {
	folder, at := place(area, name)
	err := d.root.Rename(binned(area, name), at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process was quicker
	}
	if err != nil {
		return err
	}
	return d.sync(folder)
}

// openMoving opens an object that was not found at its place: it may be in the bin for a moment, and back after that.
func (d *Folder) openMoving(area Area, name string) (*os.File, error) {
	f, err := d.root.Open(binned(area, name))
	if errors.Is(err, fs.ErrNotExist) {
		_, at := place(area, name)
		return d.root.Open(at)
	}
	return f, err
}

// EachOld calls fn with the objects that were put last before a time, at most so many at once, in no order. It puts back first what a
// killed RemoveOld has left in the bin; so one process at a time may call it.
func (d *Folder) EachOld(ctx context.Context, area Area, before time.Time, most int, fn func([]Object) error) error {
	left, err := fs.ReadDir(d.root.FS(), binFolder)
	if err != nil {
		return err
	}
	for _, e := range left {
		in, name, of := strings.Cut(e.Name(), ".")
		if !of {
			in, name = string(ByContent), e.Name()
		}
		if Area(in) == area && CheckName(name) == nil {
			if err := d.putBack(area, name); err != nil {
				return err
			}
		}
	}
	folders, err := fs.ReadDir(d.root.FS(), string(area))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var found []Object
	give := func() error {
		if len(found) == 0 {
			return nil
		}
		some := found
		found = nil
		return fn(some)
	}
	for _, folder := range folders {
		files, err := fs.ReadDir(d.root.FS(), string(area)+"/"+folder.Name())
		if err != nil {
			return err
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			o := Object{Name: folder.Name() + f.Name()}
			if CheckName(o.Name) != nil {
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
			o.Bytes = info.Size()
			if found = append(found, o); len(found) >= most {
				if err := give(); err != nil {
					return err
				}
			}
		}
	}
	return give()
}
