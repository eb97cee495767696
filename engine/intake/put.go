package intake

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// ErrWaiting says that another hand-in waits under the same key: it must be answered first, or another key be taken.
var ErrWaiting = errors.New("another hand-in of this name waits in the drop folder")

// Put hands in the plain files of a folder, as any sender does (docs/drop-folder.md); it is the sender's half of the protocol
// of which [Dir.Scan] is the other:
//
//  1. The files are written under inn/<account>/, in a folder whose name begins with a dot and ends in .part. Folders of
//     such names are not looked at, so nobody sees a hand-in that is half there.
//  2. The empty file klar is written last. It says that this is all: what is missing is then refused at once, not waited for.
//  3. One rename gives the folder its name, which is the hand-in's key.
//
// All of it is flushed to disk: what Put says is handed in survives a power cut.
//
// A call that is cut off leaves at most a folder that nobody takes; Dir.Scan tells of it when it is old. The folder of the
// account must be there ([MakeFolders]).
//
// Folders, links and devices in dir are left behind. When a hand-in of this key with the same files waits already, it is left
// as it is and already is true; with other files it is [ErrWaiting]. Whether the key is new otherwise is for the answer to
// tell. Errors name no document: names of documents often hold names of persons.
func Put(root, account, key, dir string) (already bool, err error) {
	if !Looked(key) || path.Base(key) != key {
		return false, errors.New("the key is no name of a folder that is looked at")
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return false, pathless(err)
	}
	defer r.Close()
	target := path.Join(inbox, account, key)
	waits, err := exists(r, target)
	if err != nil {
		return false, err
	}
	if waits {
		if !sameFiles(dir, filepath.Join(root, filepath.FromSlash(target))) {
			return false, ErrWaiting
		}
		return true, nil
	}
	part := path.Join(inbox, account, "."+rand.Text()+".part")
	if err := r.Mkdir(part, 0o700); err != nil {
		return false, pathless(err)
	}
	if err := putFiles(r, part, dir); err != nil {
		return false, errors.Join(err, pathless(r.RemoveAll(part)))
	}
	if err := r.Rename(part, target); err != nil {
		return false, errors.Join(pathless(err), pathless(r.RemoveAll(part)))
	}
	return false, flush(r, path.Join(inbox, account))
}

// putFiles copies the plain files of a folder, and writes the marker.
func putFiles(r *os.Root, part, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return pathless(err)
	}
	for i, e := range entries {
		if !e.Type().IsRegular() || e.Name() == markerName {
			continue
		}
		if err := putFile(r, path.Join(part, e.Name()), filepath.Join(dir, e.Name())); err != nil {
			return fmt.Errorf("copy file %d of %d: %w", i+1, len(entries), err)
		}
	}
	if err := r.WriteFile(path.Join(part, markerName), nil, 0o600); err != nil {
		return pathless(err)
	}
	return flush(r, part)
}

func putFile(r *os.Root, to, from string) error {
	src, err := os.Open(from)
	if err != nil {
		return pathless(err)
	}
	defer src.Close()
	dst, err := r.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return pathless(err)
	}
	_, err = io.Copy(dst, src)
	if err == nil {
		err = dst.Sync()
	}
	return pathless(errors.Join(err, dst.Close()))
}

// PutEvents hands in digital events, one JSON object a line, as a file of the events folder: written under a hidden name,
// flushed, and renamed to name, which must end in .jsonl. The folder must be there ([MakeFolders]). Call it again under a new
// name when it fails: an event that is told twice is applied once.
func PutEvents(root, name string, lines []byte) error {
	r, err := os.OpenRoot(root)
	if err != nil {
		return pathless(err)
	}
	defer r.Close()
	return errors.Join(writeWhole(r, events, name, lines), flush(r, events))
}

// sameFiles reports whether two folders hold the same plain files, but for the marker.
func sameFiles(a, b string) bool {
	names := func(dir string) map[string]bool {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return nil
		}
		out := map[string]bool{}
		for _, e := range entries {
			if e.Type().IsRegular() && e.Name() != markerName {
				out[e.Name()] = true
			}
		}
		return out
	}
	first, second := names(a), names(b)
	if first == nil || second == nil || len(first) != len(second) {
		return false
	}
	for name := range first {
		if !second[name] || !sameBytes(filepath.Join(a, name), filepath.Join(b, name)) {
			return false
		}
	}
	return true
}

// sameBytes reports whether two files could be read and hold the same.
func sameBytes(a, b string) bool {
	first, err := os.Open(a)
	if err != nil {
		return false
	}
	defer first.Close()
	second, err := os.Open(b)
	if err != nil {
		return false
	}
	defer second.Close()
	one, two := make([]byte, 64<<10), make([]byte, 64<<10)
	for {
		n, err := io.ReadFull(first, one)
		m, other := io.ReadFull(second, two)
		if !bytes.Equal(one[:n], two[:m]) {
			return false
		}
		if err != nil || other != nil {
			ended := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			return ended(err) && ended(other)
		}
	}
}
