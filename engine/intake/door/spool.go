package door

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"postgang/engine/shipment"
)

const spoolPrefix = "hand-in-"

// Upload is a hand-in that is coming: its documents are spooled as they are read.
type Upload struct {
	door    *Door
	account *Account
	dir     string         // of documents on disk; empty: there are none yet
	kept    map[int][]byte // documents in memory, by their place
	files   []shipment.HandInFile
	most    int64 // bytes that may come
	came    int64 // bytes that have come
	done    func()
}

// Begin makes room for a hand-in of an account. When many are coming for it, it waits. The caller closes it.
func (d *Door) Begin(ctx context.Context, a *Account) (*Upload, *Problem) {
	turn := d.uploads[a.Key]
	select {
	case turn <- struct{}{}:
	case <-ctx.Done():
		return nil, errSlow
	}
	return &Upload{door: d, account: a, kept: map[int][]byte{}, most: MaxDigitalBytes, done: func() { <-turn }}, nil
}

// Close removes what was spooled.
func (u *Upload) Close() {
	for _, data := range u.kept {
		u.door.inMemory.Add(-int64(len(data)))
	}
	if u.dir != "" {
		if err := os.RemoveAll(u.dir); err != nil {
			u.door.Log.Error("remove what was spooled", "error", err)
		}
	}
	u.done()
}

// A document of at most smallDocument bytes is kept in memory until it is stored, as long as all of them together take no more than
// mostInMemory: a file for each would cost more than all else that is done with it here.
const (
	smallDocument = 256 << 10
	mostInMemory  = 64 << 20
)

// room makes the folder of documents on disk, where it is not there.
func (u *Upload) room() (err error) {
	if u.dir == "" {
		u.dir, err = os.MkdirTemp(u.door.Spool, spoolPrefix)
	}
	return err
}

// small reads a document that is small, and takes room in memory for it; else it gives what it has read.
func (u *Upload) small(src io.Reader) (data []byte, whole bool, err error) {
	if u.door.inMemory.Add(smallDocument) > mostInMemory {
		u.door.inMemory.Add(-smallDocument)
		return nil, false, nil
	}
	data, err = io.ReadAll(io.LimitReader(src, smallDocument+1))
	if err != nil || len(data) > smallDocument {
		u.door.inMemory.Add(-smallDocument)
		return data, false, err
	}
	u.door.inMemory.Add(int64(len(data)) - smallDocument)
	u.kept[len(u.files)] = data
	return data, true, nil
}

// spill puts a document that is in memory on disk, for who needs a file.
func (u *Upload) spill(place int) error {
	data, ok := u.kept[place]
	if !ok {
		return nil
	}
	_, err := u.toDisk(place, bytes.NewReader(data))
	return err
}

// Printed says that the documents are to be printed, so that the account's own limit holds for them, those that have come too.
func (u *Upload) Printed() *Problem {
	if most := u.account.Rules.MaxBytes; most > 0 {
		u.most = min(u.most, most)
	}
	if u.came > u.most {
		return errLarge
	}
	return nil
}

// Files are the documents that have come, in their order. They are there until Close.
func (u *Upload) Files() []shipment.HandInFile { return slices.Clone(u.files) }

// Documents is how many documents have come.
func (u *Upload) Documents() int { return len(u.files) }

// Add spools a document. Its name is empty where the sender gave none.
func (u *Upload) Add(name shipment.Private, src io.Reader) *Problem {
	if len(u.files) >= shipment.MaxDocuments {
		return errLarge
	}
	src = io.LimitReader(src, u.most-u.came+1)
	data, whole, err := u.small(src)
	n := int64(len(data))
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	if err == nil && !whole {
		n, err = u.toDisk(len(u.files), io.MultiReader(bytes.NewReader(data), src))
		path := u.path(len(u.files))
		open = func() (io.ReadCloser, error) { return os.Open(path) }
	}
	switch {
	case err != nil:
		return u.door.spoolProblem(err)
	case n > u.most-u.came:
		return errLarge
	}
	u.came += n
	u.files = append(u.files, shipment.HandInFile{Name: name, Bytes: n, Open: open})
	return nil
}

// toDisk spools a document as a file.
func (u *Upload) toDisk(place int, src io.Reader) (int64, error) {
	if err := u.room(); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(u.path(place), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, src)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return n, err
}

// Name names the document that came as number i, from 0: where a dialect tells names after the content.
func (u *Upload) Name(i int, name shipment.Private) { u.files[i].Name = name }

// path is where a document is spooled, by its place.
func (u *Upload) path(place int) string { return filepath.Join(u.dir, strconv.Itoa(place)) }

// spoolProblem tells faults of the sender's connection from faults of our disk.
func (d *Door) spoolProblem(err error) *Problem {
	var timeout net.Error
	var problem *Problem
	switch {
	case errors.As(err, &problem):
		return problem
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return errSlow
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		d.Log.Error("the spool of hand-ins is full", "error", err)
		return errFull
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		d.Log.Error("spool a hand-in", "error", err)
		return ErrInternal
	}
	return errCut
}

// ReadProblem is the problem of a body that could not be read to its end.
func (d *Door) ReadProblem(err error) *Problem { return d.spoolProblem(err) }
