package exchange

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
)

// A request may wait its turn behind transfers on the same connection: while the
// server answers at least so many bytes in an operation timeout, which is more
// than keepalives bring, the request is given up to mostPatience timeouts.
const (
	leastAnswer  = 1024
	mostPatience = 10
)

// do runs one request or transfer. It ends the connection when the context is
// done or when nothing moves for the operation timeout, since nothing less
// stops a request that hangs. progress tells the watch that something moved.
func (s *Session) do(ctx context.Context, what string, f func(progress func()) error) error {
	if err := ctx.Err(); err != nil {
		// Nothing was sent, so the connection stays.
		return fmt.Errorf("%s: %w", what, err)
	}
	release := context.AfterFunc(ctx, func() { s.conn.fail(context.Cause(ctx)) })
	defer release()
	w := &watch{conn: s.conn, limit: s.target.Timeouts.Operation}
	w.progress()
	defer w.stop()
	err := f(w.progress)
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, s.remoteError(err))
}

// watch ends the connection when an operation does not move.
type watch struct {
	conn     *watchedConn
	limit    time.Duration
	mu       sync.Mutex
	timer    *time.Timer
	since    time.Time // of the last movement of this operation
	received int64     // by the connection when the timer was set
	stopped  bool
}

// progress gives the operation a new limit.
func (w *watch) progress() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since = time.Now()
	w.arm()
}

func (w *watch) arm() {
	if w.stopped {
		return
	}
	w.received = w.conn.received.Load()
	if w.timer == nil {
		w.timer = time.AfterFunc(w.limit, w.fire)
	} else {
		w.timer.Reset(w.limit)
	}
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}

func (w *watch) fire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	waited := time.Since(w.since)
	switch {
	case w.stopped || waited < w.limit: // it moved just now
	case w.conn.received.Load()-w.received >= leastAnswer && waited < mostPatience*w.limit:
		w.arm()
	default:
		w.conn.fail(fmt.Errorf("no answer within %v", waited.Round(time.Millisecond)))
	}
}

// remoteError sorts what pkg/sftp returns: an answer of the server, a fault of
// our own source, or else a connection that is gone (measured: a cut gives
// ErrSSHFxConnectionLost, closing by ourselves net.ErrClosed). The server's
// own words are left out: they can hold anything.
func (s *Session) remoteError(err error) error {
	var status *sftp.StatusError
	switch {
	case errors.Is(err, ErrSource), errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnstable):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fs.ErrNotExist
	case errors.Is(err, fs.ErrPermission):
		return fs.ErrPermission
	case errors.As(err, &status):
		code := status.FxCode()
		if errors.Is(code, sftp.ErrSSHFxNoConnection) || errors.Is(code, sftp.ErrSSHFxConnectionLost) {
			return fmt.Errorf("%w: %w", ErrConnection, s.conn.reason(code))
		}
		return &refusedError{code: status.Code, text: code.Error()}
	}
	return fmt.Errorf("%w: %w", ErrConnection, s.conn.reason(err))
}

// refusedError is a request that the server answered with a failure.
type refusedError struct {
	code uint32
	text string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the server answers: %s (SFTP status %d)", e.text, e.code)
}

func (s *Session) trace(step, when, name string) {
	if s.target.Trace != nil {
		s.target.Trace(step+":"+when, name)
	}
}

// effect is do for a request that changes something at the vendor.
func (s *Session) effect(ctx context.Context, step, name, what string, f func(progress func()) error) error {
	s.trace(step, "before", name)
	err := s.do(ctx, what, f)
	if err == nil {
		s.trace(step, "after", name)
	}
	return err
}

// stat gives a file's facts without following links, nil when there is none.
func (s *Session) stat(ctx context.Context, name string) (fs.FileInfo, error) {
	var fi fs.FileInfo
	err := s.do(ctx, "look at "+name, func(func()) (err error) {
		fi, err = s.client.Lstat(name)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return fi, err
}

func (s *Session) list(ctx context.Context, folder string) ([]fs.FileInfo, error) {
	var out []fs.FileInfo
	err := s.do(ctx, "list folder "+folder, func(func()) (err error) {
		out, err = s.client.ReadDir(folder)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w; the vendor must create it, or the profile must name another", err)
	}
	return out, err
}

// read fetches a whole file of at most limit bytes. A file that grows or
// shrinks meanwhile is ErrUnstable.
func (s *Session) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	before, err := s.stat(ctx, name)
	if err != nil {
		return nil, err
	}
	if before == nil {
		return nil, fmt.Errorf("read %s: %w", name, fs.ErrNotExist)
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a file: %w", name, ErrName)
	}
	if before.Size() > limit {
		return nil, fmt.Errorf("read %s: %d bytes, limit %d: %w", name, before.Size(), limit, ErrTooLarge)
	}
	buf := make([]byte, 0, before.Size()+1)
	err = s.do(ctx, "read "+name, func(progress func()) error {
		f, err := s.client.Open(name)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		// Plain reads: File.WriteTo has skipped data on servers with small packets
		// (pkg/sftp #658), and the size is checked below.
		chunk := make([]byte, 256<<10)
		for {
			n, err := f.Read(chunk)
			progress()
			if int64(len(buf)+n) > limit {
				return ErrTooLarge
			}
			buf = append(buf, chunk[:n]...)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if err != nil {
		return nil, err
	}
	after, err := s.stat(ctx, name)
	if err != nil {
		return nil, err
	}
	if after == nil || after.Size() != before.Size() || int64(len(buf)) != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		return nil, fmt.Errorf("read %s: %w", name, ErrUnstable)
	}
	return buf, nil
}

// upload writes a part file, from where an earlier attempt is proven ours (see
// proven) or from the start, flushes it where the server can, and proves its
// size, and its content when it is small enough to read back.
// The source is hashed on its way, so a wrong source never gets a final name.
func (s *Session) upload(ctx context.Context, part string, src io.ReaderAt, size int64, sha string) error {
	sum := sha256.New()
	keep, err := s.proven(ctx, part, src, size, sum)
	if err != nil {
		return err
	}
	var f *sftp.File
	err = s.effect(ctx, StepCreate, part, "create "+part, func(func()) (err error) {
		if keep > 0 {
			if f, err = s.client.OpenFile(part, os.O_WRONLY); err == nil {
				if err = f.Truncate(keep); err == nil {
					_, err = f.Seek(keep, io.SeekStart)
				}
			}
			if err == nil {
				return nil
			}
			// A server that cannot cut a file off, or the file is gone: as if it had never been.
			if f != nil {
				_ = f.Close()
			}
			keep = 0
			sum.Reset()
		}
		f, err = s.client.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w; the folder is missing at the vendor", err)
	}
	if err != nil {
		return err
	}
	in := &hashedSource{r: io.NewSectionReader(src, keep, size-keep), sum: sum, size: size - keep}
	err = s.effect(ctx, StepWrite, part, "write "+part, func(progress func()) error {
		in.moved = progress
		_, err := f.ReadFrom(in)
		// Close tells what the server could not write in the end.
		if err2 := s.syncClose(f, part, err); err == nil {
			err = err2
		}
		return err
	})
	if err != nil {
		return err
	}
	// A byte more than described: the description is of another file.
	more, _ := src.ReadAt(make([]byte, 1), size)
	if got := hex.EncodeToString(in.sum.Sum(nil)); in.n != size-keep || got != sha || more != 0 {
		return errors.Join(fmt.Errorf("write %s: %w: size or SHA-256 differs: our own copy is damaged. Take the job back with \"postgang job withdraw\", and the next night composes it anew", part, ErrSource),
			s.remove(ctx, part))
	}
	// The count that ReadFrom returns is not proof: measured 2 MiB too much.
	fi, err := s.stat(ctx, part)
	if err != nil {
		return err
	}
	if fi == nil {
		return fmt.Errorf("write %s: it was gone as soon as it was written; the server takes files away when they are closed: ask the vendor to take a job only by its ready file (docs/vendor-exchange.md)", part)
	}
	if fi.Size() != size {
		return fmt.Errorf("write %s: the server holds %d of %d bytes (disk full or quota at the vendor?)", part, fi.Size(), size)
	}
	if size <= s.target.Limits.Verify {
		same, err := s.holds(ctx, part, size, sha)
		if err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("write %s: the server holds other bytes than were sent", part)
		}
	}
	return nil
}

// proven gives how many bytes of a part that an earlier attempt has left are ours,
// and feeds them to sum: what is there is read back and compared with the source,
// up to the first difference, since concurrent writes that were cut leave holes. A
// small part is not worth that.
func (s *Session) proven(ctx context.Context, part string, src io.ReaderAt, size int64, sum hash.Hash) (int64, error) {
	least := s.target.Limits.Resume
	if least < 0 || size < least {
		return 0, nil
	}
	fi, err := s.stat(ctx, part)
	if err != nil || fi == nil || !fi.Mode().IsRegular() || fi.Size() < least {
		return 0, err
	}
	var keep int64
	err = s.do(ctx, "read back "+part, func(progress func()) error {
		f, err := s.client.Open(part)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		there, ours := make([]byte, 256<<10), make([]byte, 256<<10)
		for most := min(size, fi.Size()); keep < most; {
			n, err := f.Read(there[:min(int64(len(there)), most-keep)])
			progress()
			m, _ := src.ReadAt(ours[:n], keep) // a source that is short is told when it is sent
			same := 0
			for same < m && there[same] == ours[same] {
				same++
			}
			keep += int64(same)
			sum.Write(ours[:same])
			if same < n || errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, ErrConnection) || ctx.Err() != nil {
		return 0, err
	}
	if err != nil || keep < least {
		// Not ours to read, or too little of it: it is written anew.
		sum.Reset()
		return 0, nil
	}
	return keep, nil
}

func (s *Session) syncClose(f *sftp.File, part string, failed error) error {
	var err error
	if failed == nil && s.fsync {
		s.trace(StepSync, "before", part)
		if err = f.Sync(); err == nil {
			s.trace(StepSync, "after", part)
		}
	}
	if err2 := f.Close(); err == nil {
		err = err2
	}
	return err
}

// hashedSource is what pkg/sftp reads from. It tells its size, since a source
// of unknown size silently takes the slow path.
type hashedSource struct {
	r     io.Reader
	sum   hash.Hash
	size  int64
	n     int64
	moved func()
}

func (h *hashedSource) Size() int64 { return h.size }

func (h *hashedSource) Read(b []byte) (int, error) {
	n, err := h.r.Read(b)
	if n > 0 {
		h.n += int64(n)
		h.sum.Write(b[:n])
		h.moved()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrSource, err)
	}
	return n, err
}

// holds reads a file back and compares it with what it should be.
func (s *Session) holds(ctx context.Context, name string, size int64, sha string) (bool, error) {
	b, err := s.read(ctx, name, size)
	if errors.Is(err, ErrTooLarge) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return int64(len(b)) == size && hashOf(b) == sha, nil
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// remove removes a file; one that is not there is no error.
func (s *Session) remove(ctx context.Context, name string) error {
	err := s.effect(ctx, StepRemove, name, "remove "+name, func(func()) error { return s.client.Remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// at joins a folder of the vendor and a name that was checked before.
func at(folder, name string) string { return path.Join(folder, name) }

// jobOf gives the job that a name in the inbox belongs to.
func jobOf(name string) (job string, part bool, ok bool) {
	name, part = strings.CutSuffix(name, PartSuffix)
	if p, ok := ParseFileName(name); ok {
		return p.Job, part, true
	}
	job, ok = ParseReadyName(name)
	return job, part, ok
}
