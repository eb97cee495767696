package door

import (
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
	dir     string
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
	dir, err := os.MkdirTemp(d.Spool, spoolPrefix)
	if err != nil {
		<-turn
		return nil, d.spoolProblem(err)
	}
	return &Upload{door: d, account: a, dir: dir, most: MaxDigitalBytes, done: func() { <-turn }}, nil
}

// Close removes what was spooled.
func (u *Upload) Close() {
	if err := os.RemoveAll(u.dir); err != nil {
		u.door.Log.Error("remove what was spooled", "error", err)
	}
	u.done()
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
	path := u.path(len(u.files))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return u.door.spoolProblem(err)
	}
	n, err := io.Copy(f, io.LimitReader(src, u.most-u.came+1))
	if closing := f.Close(); err == nil {
		err = closing
	}
	switch {
	case err != nil:
		return u.door.spoolProblem(err)
	case n > u.most-u.came:
		return errLarge
	}
	u.came += n
	u.files = append(u.files, shipment.HandInFile{Name: name, Bytes: n, Open: func() (io.ReadCloser, error) { return os.Open(path) }})
	return nil
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
