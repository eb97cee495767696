package documents

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// placing is a file that was written, and is to be put into place.
type placing struct {
	file         *os.File
	temp         string
	folder, name string
	err          error
}

// severalAtOnce is from how many files on their disk is flushed as a whole, twice: for fewer, flushing each and its folder is less, and
// waits for nothing that others have written.
const severalAtOnce = 4

// placeAll puts files into place. Of each that has no error, bytes and name are on disk.
//
// A name must not be on disk before its bytes: a power cut would leave a blob that is empty, under a name that promises more. So all
// bytes are flushed, then all files renamed, then the names flushed.
func (d *Folder) placeAll(files []*placing) {
	if len(files) < severalAtOnce || FlushDisk(d.disk) != nil {
		for _, p := range files {
			p.err = errors.Join(p.file.Sync(), d.rename(p))
			if p.err == nil {
				p.err = d.sync(p.folder)
			}
		}
		return
	}
	for _, p := range files {
		p.err = d.rename(p)
	}
	if FlushDisk(d.disk) == nil {
		return
	}
	for _, p := range files {
		if p.err == nil {
			p.err = d.sync(p.folder)
		}
	}
}

// rename gives a file its name.
func (d *Folder) rename(p *placing) error {
	err := d.move(p.temp, p.name)
	if errors.Is(err, fs.ErrNotExist) { // somebody has removed the folder
		d.made.Delete(p.folder)
		if err = d.makeFolder(Area(path.Dir(p.folder)), p.folder); err == nil {
			err = d.move(p.temp, p.name)
		}
	}
	return err
}

// move gives a file another name. What is below the folder is ours alone, so the kernel may follow its names: os.Root opens and closes each
// folder on the way, which costs several times as much.
func (d *Folder) move(from, to string) error {
	at := int(d.disk.Fd())
	for {
		err := unix.Renameat(at, from, at, to)
		if err == nil {
			return nil
		}
		if !errors.Is(err, unix.EINTR) {
			return &os.LinkError{Op: "renameat", Old: from, New: to, Err: err}
		}
	}
}

// open opens a file for reading, as move renames one.
func (d *Folder) open(name string) (*os.File, error) {
	for {
		fd, err := unix.Openat(int(d.disk.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err == nil {
			return os.NewFile(uintptr(fd), name), nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, &os.PathError{Op: "openat", Path: name, Err: err}
		}
	}
}

// makeFolder makes a folder of blobs, unless this process has done so, or found it, before.
func (d *Folder) makeFolder(area Area, folder string) error {
	if _, ok := d.made.Load(folder); ok {
		return nil
	}
	err := d.root.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrNotExist) { // nothing stands in this area yet
		if err = d.root.Mkdir(string(area), 0o700); err == nil || errors.Is(err, fs.ErrExist) {
			err = errors.Join(d.sync("."), d.root.Mkdir(folder, 0o700))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	// Also when another process made it a moment ago and has not flushed its name.
	if err := d.sync(string(area)); err != nil {
		return err
	}
	d.made.Store(folder, true)
	return nil
}
