package intake

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"
)

var (
	// errChanged: a file is not what it was when the hand-in was judged complete. Look again later.
	errChanged = errors.New("changed while it was read")
	// errGone: somebody took the hand-in away, or another process has put it away.
	errGone = errors.New("is gone")
)

// entry is something in a folder, as lstat tells: never what a link points at.
type entry struct {
	name string
	info os.FileInfo
}

func (e entry) plain() bool { return e.info.Mode().IsRegular() }

// same reports whether two looks saw the same.
func (e entry) same(o entry) bool {
	return e.name == o.name && e.info.Mode() == o.info.Mode() && e.info.Size() == o.info.Size() && e.info.ModTime().Equal(o.info.ModTime())
}

// hidden reports whether a name is one under which things are still written.
func hidden(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(name, ".") || strings.HasSuffix(lower, ".part") || strings.HasSuffix(lower, ".tmp")
}

// clutterNames are files and folders that systems leave behind in folders by themselves.
var clutterNames = map[string]bool{
	"thumbs.db": true, "ehthumbs.db": true, "ehthumbs_vista.db": true, "desktop.ini": true, "icon\r": true, // Windows, old Macs
	"__macosx": true, "$recycle.bin": true, "system volume information": true, // archives of Macs, Windows' disks
	"@eadir": true, "@recycle": true, "@recently-snapshot": true, "#recycle": true, "#snapshot": true, // Synology, QNAP
	"lost+found": true, ".ds_store": true, ".directory": true, ".snapshot": true, ".snapshots": true,
	".trash": true, ".trashes": true, ".spotlight-v100": true, ".fseventsd": true, ".temporaryitems": true, ".appledouble": true,
	".ssh": true, ".cache": true, ".profile": true, ".bashrc": true, ".bash_history": true, ".bash_logout": true, ".bash_profile": true, // a login's
}

// clutter reports whether a name is one of a file or folder that systems leave behind by themselves: nobody handed it in.
func clutter(name string) bool {
	lower := strings.ToLower(name)
	return clutterNames[lower] ||
		strings.HasPrefix(name, "._") || // a Mac's attributes
		strings.HasPrefix(name, "~$") || strings.HasPrefix(name, ".~lock.") || // open in Word, in LibreOffice
		strings.HasPrefix(lower, ".nfs") || strings.HasPrefix(lower, ".fuse_hidden") || strings.HasPrefix(lower, ".trash-") ||
		strings.HasSuffix(lower, ":zone.identifier") // Windows' mark of what was downloaded
}

// list gives the sorted names in a folder, at most n of them (some of the folder's choice); n < 0: all.
func list(r *os.Root, dir string, n int) ([]string, error) {
	f, err := r.Open(dir)
	if err != nil {
		return nil, pathless(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(n)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, pathless(err)
	}
	slices.Sort(names)
	return names, nil
}

// openPlain opens a regular file that was seen before. It opens nothing else: no link (which would be another file), no
// pipe that blocks, no file that has taken its place.
func openPlain(r *os.Root, e entry) (*os.File, error) {
	if !e.plain() {
		return nil, errors.New("no regular file")
	}
	f, err := r.OpenFile(e.name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil, errChanged
	}
	if err != nil {
		return nil, pathless(err)
	}
	if err := unchanged(f, e); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func unchanged(f *os.File, e entry) error {
	info, err := f.Stat()
	if err != nil {
		return pathless(err)
	}
	if !os.SameFile(info, e.info) || !(entry{e.name, info}).same(e) {
		return errChanged
	}
	return nil
}

// steady reads a file that must stay what it was: at its end it says errChanged instead of io.EOF if it did not.
type steady struct {
	f    *os.File
	e    entry
	read int64
}

func (s *steady) Read(p []byte) (int, error) {
	n, err := s.f.Read(p)
	s.read += int64(n)
	switch {
	case s.read > s.e.info.Size():
		return n, errChanged
	case err == io.EOF:
		if s.read != s.e.info.Size() {
			return n, errChanged
		}
		if changed := unchanged(s.f, s.e); changed != nil {
			return n, changed
		}
	case err != nil:
		return n, pathless(err)
	}
	return n, err
}

func (s *steady) Close() error { return pathless(s.f.Close()) }

// writeWhole puts a file in place at once: written under a hidden name, flushed, renamed. The folder is the caller's to flush.
func writeWhole(r *os.Root, dir, name string, data []byte) error {
	temporary, err := writeBeside(r, dir, data)
	if err != nil {
		return err
	}
	err = flush(r, temporary)
	if err == nil {
		err = pathless(r.Rename(temporary, path.Join(dir, name)))
	}
	if err != nil {
		return errors.Join(err, pathless(r.Remove(temporary)))
	}
	return nil
}

// writeBeside writes a file under a hidden name, which it gives, without flushing it. The folder's group may read it: a sender with a
// login of its own, whom the folder is opened to.
func writeBeside(r *os.Root, dir string, data []byte) (temporary string, err error) {
	if dir != "." {
		if err := r.MkdirAll(dir, 0o700); err != nil {
			return "", pathless(err)
		}
	}
	temporary = path.Join(dir, "."+rand.Text()+".tmp")
	f, err := r.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o640)
	if err != nil {
		return "", pathless(err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(pathless(err), pathless(r.Remove(temporary)))
	}
	return temporary, nil
}

// move renames something into a folder under a name that is free there: name and extension, or with .2, .3 … between
// them. It returns errGone when there is nothing to move. It flushes no folder.
func move(r *os.Root, from, dir, name, extension string) error {
	if err := r.MkdirAll(dir, 0o700); err != nil {
		return pathless(err)
	}
	target, err := free(r, dir, name, extension)
	if err != nil {
		return err
	}
	err = r.Rename(from, path.Join(dir, target))
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	return pathless(err)
}

// free is the first name that is not taken in a folder.
func free(r *os.Root, dir, name, extension string) (string, error) {
	for n := 1; ; n++ {
		target := name + extension
		if n > 1 {
			target = fmt.Sprintf("%s.%d%s", name, n, extension)
		}
		taken, err := exists(r, path.Join(dir, target))
		if err != nil || !taken {
			return target, err
		}
	}
}

// stands reports whether a file holds just this, and was written after a time.
func stands(r *os.Root, name string, data []byte, after time.Time) bool {
	info, err := r.Lstat(name)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(data)) || info.ModTime().Before(after) {
		return false
	}
	f, err := r.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	have, err := io.ReadAll(io.LimitReader(f, int64(len(data))+1))
	return err == nil && bytes.Equal(have, data)
}

func exists(r *os.Root, name string) (bool, error) {
	_, err := r.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return err == nil, pathless(err)
}

// flush makes a folder's names durable, or a file's bytes.
func flush(r *os.Root, dir string) error {
	f, err := r.Open(dir)
	if err != nil {
		return pathless(err)
	}
	return pathless(errors.Join(f.Sync(), f.Close()))
}

// pathless strips paths from file system errors: documents' names often hold personal names.
func pathless(err error) error {
	var pe *os.PathError
	if errors.As(err, &pe) {
		return fmt.Errorf("%s: %w", pe.Op, pe.Err)
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		return fmt.Errorf("%s: %w", le.Op, le.Err)
	}
	return err
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
