package documents

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"syscall"

	"postgang/engine/store"
	"postgang/engine/together"
)

// The folders below that of the documents, besides those of the areas, in which objects stand as sha256/ab/cdef…
const (
	binFolder  = "bin" // objects that are being removed, as AREA.NAME, without "AREA." for those by content; see RemoveOld
	tempFolder = "tmp" // files being written; in the same file system, so that they can be renamed into place
)

// Folder keeps objects in a folder. Several processes may use one folder.
type Folder struct {
	root  *os.Root
	disk  *os.File // the folder itself
	temp  *os.Root // of files being written
	made  sync.Map // folders of blobs that are there, on disk too
	group *together.Group[*placing]
}

var _ Objects = (*Folder)(nil)

// OpenDir opens a folder of documents that are named by their content, see OpenFolder.
func OpenDir(path string) (*Plain, error) {
	d, err := OpenFolder(path)
	if err != nil {
		return nil, err
	}
	return NewPlain(d, ""), nil
}

// OpenFolder opens a folder of objects, making it when it is not there. It removes what a killed process left
// half-written.
func OpenFolder(path string) (*Folder, error) {
	d, err := openDir(path)
	if err != nil {
		return nil, fmt.Errorf("open folder of documents: %w", err)
	}
	return d, nil
}

func openDir(path string) (*Folder, error) {
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
	d := &Folder{root: root}
	d.group = together.New(d.placeAll)
	for _, name := range []string{string(ByContent), tempFolder, binFolder} {
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
func (d *Folder) Close() error {
	err := errors.Join(d.root.Close(), d.disk.Close())
	if d.temp != nil {
		err = errors.Join(err, d.temp.Close())
	}
	return err
}

// removeLeftovers removes temporary files that no process writes any more: a writer holds a lock on its own.
func (d *Folder) removeLeftovers() error {
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

// Put stores an object. When it returns, the bytes and their name are on disk.
func (d *Folder) Put(_ context.Context, area Area, write func(w io.Writer) (name string, err error)) error {
	temp, f, err := d.create()
	if err != nil {
		return err
	}
	placed := false
	defer func() {
		if !placed {
			d.root.Remove(temp)
		}
		f.Close()
	}()
	name, err := write(f)
	if err == nil {
		err = CheckName(name)
	}
	if err != nil {
		return err
	}
	// An object that is there already is replaced rather than trusted: a disk that was full or a crash
	// may have left a shorter one, and its own flush may not have ended yet in another process.
	p := &placing{file: f, temp: temp}
	p.folder, p.name = place(area, name)
	if err := d.makeFolder(area, p.folder); err != nil {
		return err
	}
	d.group.Do(p)
	placed = p.err == nil
	return p.err
}

// create makes a temporary file that removeLeftovers of another process leaves alone.
func (d *Folder) create() (string, *os.File, error) {
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

// File opens an object as a file, which stays readable when it is deleted.
func (d *Folder) File(area Area, name string) (*os.File, int64, error) {
	if err := CheckName(name); err != nil {
		return nil, 0, err
	}
	_, at := place(area, name)
	f, err := d.open(at)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = d.openMoving(area, name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, store.ErrNotFound
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	return f, info.Size(), nil
}

// Get gives fn the bytes of an object.
func (d *Folder) Get(_ context.Context, area Area, name string, fn func(r io.Reader, size int64) error) error {
	f, size, err := d.File(area, name)
	if err != nil {
		return err
	}
	return errors.Join(fn(f, size), f.Close())
}

// Delete removes an object.
func (d *Folder) Delete(_ context.Context, area Area, name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	folder, at := place(area, name)
	err := d.root.Remove(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = d.sync(folder)
	}
	return err
}

// Any reports whether there is an object in an area.
func (d *Folder) Any(_ context.Context, area Area) (bool, error) {
	folders, err := fs.ReadDir(d.root.FS(), string(area))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	for _, f := range folders {
		kept, err := fs.ReadDir(d.root.FS(), string(area)+"/"+f.Name())
		if err != nil || len(kept) > 0 {
			return len(kept) > 0, err
		}
	}
	return false, err
}

func place(area Area, name string) (folder, file string) {
	folder = string(area) + "/" + name[:2]
	return folder, folder + "/" + name[2:]
}

// sync flushes a folder of the store.
func (d *Folder) sync(name string) error {
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

// ReadFile reads a file beside the objects.
func (d *Folder) ReadFile(_ context.Context, name string) ([]byte, error) {
	b, err := d.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, store.ErrNotFound)
	}
	return b, err
}

// WriteFile puts a file beside the objects, whole or not at all.
func (d *Folder) WriteFile(_ context.Context, name string, data []byte) error {
	return d.writeFile(name, data, d.root.Rename)
}

// CreateFile is WriteFile that replaces nothing.
func (d *Folder) CreateFile(_ context.Context, name string, data []byte) error {
	err := d.writeFile(name, data, func(temp, name string) error {
		return errors.Join(d.root.Link(temp, name), d.root.Remove(temp))
	})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", name, store.ErrExists)
	}
	return err
}

func (d *Folder) writeFile(name string, data []byte, place func(temp, name string) error) error {
	folder := path.Dir(name)
	if err := d.root.Mkdir(folder, 0o700); err == nil {
		err = d.sync(".")
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	temp, f, err := d.create()
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = place(temp, name)
	}
	if err != nil {
		_ = d.root.Remove(temp)
	}
	return errors.Join(err, f.Close(), d.sync(folder))
}

// RemoveFile removes a file beside the objects.
func (d *Folder) RemoveFile(_ context.Context, name string) error {
	err := d.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, d.sync(path.Dir(name)))
}

// ListFiles lists the files of a folder beside the objects.
func (d *Folder) ListFiles(_ context.Context, folder string) ([]string, error) {
	entries, err := fs.ReadDir(d.root.FS(), folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}
