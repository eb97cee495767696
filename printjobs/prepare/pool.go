package prepare

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/guard"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/printfile"
)

// Defaults of PoolOptions.
const (
	// DefaultCPU is the processor time for one letter, over all threads of the
	// worker. Unlike wall time it does not depend on what else the machine does,
	// so it decides whether a letter is refused. The heaviest letter of the
	// public corpora takes seconds; 350 MB is mostly reading and writing.
	DefaultCPU = 2 * time.Minute
	// DefaultTimeout is the wall time for one letter: the backstop for a worker
	// that waits instead of computing, or a machine that has no time for it.
	DefaultTimeout = 15 * time.Minute
	// DefaultMemory is the memory of one worker in bytes: pdfcpu holds the
	// whole document (350 MB at most) and its objects.
	DefaultMemory = 2 << 30
	// DefaultLettersPerWorker is how many letters a worker prepares before
	// it is replaced, so that nothing it leaks can pile up.
	DefaultLettersPerWorker = 1000
)

// PoolOptions sets up a Pool. A zero field means its default.
type PoolOptions struct {
	// Workers is the number of child processes; the default is the number of
	// cores.
	Workers int
	// CPU is the processor time for one letter; a letter that needs more is
	// refused.
	CPU time.Duration
	// Timeout is the wall time for one letter. One that has not had its CPU by
	// then is no fault of its sender's: Letter returns ErrStuck. Where a
	// worker's processor time is not known, the letter is refused.
	Timeout time.Duration
	// Memory is the memory of one worker, in bytes.
	Memory int64
	// Output is the size of the largest prepared file, in bytes; the default
	// is DefaultMaxOutputBytes. A request may ask for less.
	Output int64
	// LettersPerWorker is the number of letters after which a worker is
	// replaced.
	LettersPerWorker int
	// Executable is the program to start with the one argument workerArg;
	// the default is this program.
	Executable string
}

// Pool prepares letters in child processes that are reused, and killed and
// replaced when they exceed a limit, die or answer nonsense; that costs only
// the letter at hand.
//
// A worker has an empty environment and no files but its three standard
// streams and those of the letter, which the pool opens and hands over. On
// Linux the kernel holds its memory and the size of what it writes, and, on
// amd64 and arm64, refuses it every system call but those for computing and
// for reading and writing what is open: it can open no file, no connection and
// no program, also when a PDF takes it over. Wall time and processor time are
// watched from outside. Where the kernel does not do that, workers work all
// the same; Probe and Stats tell.
//
// A Pool is safe for concurrent use.
type Pool struct {
	opt PoolOptions
	// slots holds one entry for each worker, nil where none runs yet.
	slots chan *worker
	// done is closed by Close.
	done  chan struct{}
	close sync.Once

	letters, started, timeouts, crashes, unconfined atomic.Int64
}

// PoolStats counts what a Pool did since it was made.
type PoolStats struct {
	Letters  int64 `json:"letters"`  // asked for
	Started  int64 `json:"started"`  // workers
	Timeouts int64 `json:"timeouts"` // letters that ran out of time
	Crashes  int64 `json:"crashes"`  // workers that died or answered nonsense
	// Unconfined counts letters prepared by workers that were not cut off
	// from files, network and programs.
	Unconfined int64 `json:"unconfined"`
}

// Errors of Pool.Letter that are ours, not the letter's: it is to be tried again.
var (
	// ErrStuck: the time on the clock was over before the letter had used its
	// processor time.
	ErrStuck = errors.New("preparing was not done in time, though it used little processor time: the machine or its disk is overloaded, or the worker hangs")
	// ErrKilled: the worker was killed twice, and not by us.
	ErrKilled = errors.New("the process that prepares was killed twice from outside: by somebody, or by the kernel because memory is short")
)

// ErrPoolClosed is returned by Pool.Letter after Close.
var ErrPoolClosed = errors.New("prepare pool is closed")

// NewPool makes a pool. Workers start when they are first needed.
func NewPool(opt PoolOptions) (*Pool, error) {
	if opt.Workers <= 0 {
		opt.Workers = runtime.NumCPU()
	}
	if opt.Timeout <= 0 {
		opt.Timeout = DefaultTimeout
	}
	if opt.CPU <= 0 {
		opt.CPU = DefaultCPU
	}
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
	}
	if opt.Output <= 0 {
		opt.Output = read.DefaultMaxOutputBytes
	}
	if opt.LettersPerWorker <= 0 {
		opt.LettersPerWorker = DefaultLettersPerWorker
	}
	if opt.Executable == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("prepare pool: %w", err)
		}
		opt.Executable = exe
	}
	p := &Pool{opt: opt, slots: make(chan *worker, opt.Workers), done: make(chan struct{})}
	for range opt.Workers {
		p.slots <- nil
	}
	return p, nil
}

// Stats returns the pool's counts.
func (p *Pool) Stats() PoolStats {
	return PoolStats{Letters: p.letters.Load(), Started: p.started.Load(), Timeouts: p.timeouts.Load(), Crashes: p.crashes.Load(), Unconfined: p.unconfined.Load()}
}

// Close stops all workers, waiting for letters at hand.
func (p *Pool) Close() error {
	p.close.Do(func() {
		close(p.done)
		for range p.opt.Workers {
			if w := <-p.slots; w != nil {
				w.Stop()
			}
		}
	})
	return nil
}

// Letter prepares a letter as the function Letter does, in a worker. It waits
// for a free one. Besides the refusals of Letter there are CodeTimeout,
// CodeMemory and CodeCrashed, and besides its errors ErrStuck and ErrKilled. A
// letter whose worker dies is tried once more in a fresh one before it is
// refused: the death may have been another's fault.
func (p *Pool) Letter(ctx context.Context, req Request) (Facts, error) {
	w, err := p.take(ctx)
	if err != nil {
		return Facts{}, err
	}
	defer func() { p.slots <- w }()
	p.letters.Add(1)

	if req.Output == "" {
		return Facts{}, errors.New("prepare letter: no output path")
	}
	out, err := req.room()
	if err != nil {
		return Facts{}, fmt.Errorf("prepare letter: %w", read.WithoutPath(err))
	}
	published := false
	defer func() {
		if !published {
			out.discard()
		}
	}()
	inner, files, opened, err := p.inner(req, out.File)
	if err != nil {
		return Facts{}, fmt.Errorf("prepare letter: %w", err)
	}
	defer closeAll(opened)

	for attempt := 1; ; attempt++ {
		if w, err = p.ready(w); err != nil {
			return Facts{}, fmt.Errorf("prepare letter: %w", err)
		}
		reply, confined, failure := w.ask(ctx, inner, files)
		if failure == nil && reply.Facts != nil {
			if failure = plausible(*reply.Facts, req, out.File); failure == nil {
				if reply.Facts.Bytes >= proofInMemory {
					w.Kill()
				}
				failure = proven(*reply.Facts, out)
			}
		}
		switch {
		case failure == nil && reply.Facts != nil:
			if !confined.Whole() {
				p.unconfined.Add(1)
			}
			if req.Take != nil {
				err = out.handOn(req.Take)
			} else {
				err = publish(out.File, req)
			}
			if err != nil {
				return Facts{}, fmt.Errorf("prepare letter: %w", err)
			}
			published = true
			return *reply.Facts, nil
		case failure == nil && reply.Refusal != nil && len(reply.Refusal.Findings) > 0:
			return Facts{}, reply.Refusal
		case failure == nil && reply.Error != "":
			return Facts{}, errors.New(reply.Error)
		}
		w.Kill()
		code, killed := w.deathCode(), w.KilledByOthers()
		w = nil
		switch {
		case ctx.Err() != nil:
			return Facts{}, fmt.Errorf("prepare letter: %w", ctx.Err())
		case errors.Is(failure, guard.ErrCPU):
			p.timeouts.Add(1)
			return Facts{}, &Refusal{Findings: []finding.Finding{finding.New(finding.CodeTimeout, 0, 0)}}
		case errors.Is(failure, guard.ErrStuck):
			p.timeouts.Add(1)
			return Facts{}, fmt.Errorf("prepare letter: %w", ErrStuck)
		}
		p.crashes.Add(1)
		switch {
		case attempt < 2:
		case killed:
			return Facts{}, fmt.Errorf("prepare letter: %w", ErrKilled)
		default:
			return Facts{}, &Refusal{Findings: []finding.Finding{finding.New(code, 0, 0)}}
		}
		// What the dead worker wrote, and where it stopped, are its own.
		if err = out.Truncate(0); err == nil {
			_, err = out.Seek(0, io.SeekStart)
		}
		if err != nil {
			return Facts{}, fmt.Errorf("prepare letter: %w", read.WithoutPath(err))
		}
	}
}

// Probe starts a worker, if need be, and tells what the kernel refuses it.
func (p *Pool) Probe(ctx context.Context) (guard.Confinement, error) {
	w, err := p.take(ctx)
	if err != nil {
		return guard.Confinement{}, err
	}
	defer func() { p.slots <- w }()
	if w, err = p.ready(w); err != nil {
		return guard.Confinement{}, err
	}
	c, err := w.Probe(ctx)
	if err != nil {
		w = nil
	}
	return c, err
}

// take waits for a worker's slot, which has to be given back.
func (p *Pool) take(ctx context.Context) (*worker, error) {
	select {
	case <-p.done:
		return nil, ErrPoolClosed
	default:
	}
	select {
	case w := <-p.slots:
		return w, nil
	case <-p.done:
		return nil, ErrPoolClosed
	case <-ctx.Done():
		return nil, fmt.Errorf("prepare letter: %w", ctx.Err())
	}
}

// ready returns the slot's worker, or a new one when it has none that is fit.
func (p *Pool) ready(w *worker) (*worker, error) {
	if w != nil && !w.Gone() && w.letters < p.opt.LettersPerWorker {
		return w, nil
	}
	if w != nil {
		w.Stop()
	}
	w, err := startWorker(p.opt)
	if err != nil {
		return nil, fmt.Errorf("start worker: %w", err)
	}
	p.started.Add(1)
	return w, nil
}

// inner is the request as the worker gets it. Where files are handed over it
// holds no paths, and files are the documents and, last, out; opened are those
// of them that are to be closed.
func (p *Pool) inner(req Request, out *os.File) (_ Request, files, opened []*os.File, _ error) {
	req.Limits.MaxOutputBytes = min(req.Limits.WithDefaults().MaxOutputBytes, p.opt.Output)
	docs := make([]Document, len(req.Documents))
	for i, d := range req.Documents {
		docs[i].GiroPages = d.GiroPages
	}
	if !guard.HandsFiles {
		for i, d := range req.Documents {
			path := d.Path
			if d.File != nil {
				path = d.File.Name()
			}
			path, err := filepath.Abs(path)
			if err != nil {
				return req, nil, nil, err
			}
			docs[i].Path = path
		}
		path, err := filepath.Abs(out.Name())
		req.Documents, req.Output = docs, path
		return req, nil, nil, err
	}
	req.Output = ""
	for _, d := range req.Documents[:min(len(docs), maxDocuments+1)] {
		f := d.File
		if f == nil {
			var err error
			if f, err = os.Open(d.Path); err != nil {
				closeAll(opened)
				return req, nil, nil, fmt.Errorf("document: %w", read.WithoutPath(err))
			}
			opened = append(opened, f)
		}
		files = append(files, f)
	}
	req.Documents = docs[:len(files)]
	return req, append(files, out), opened, nil
}

// proofInMemory is the size in bytes below which a file is read once and proven
// in memory. A larger one is read more than once, and nobody must be able to
// change it meanwhile.
const proofInMemory = 16 << 20

var proofBuffers = sync.Pool{New: func() any { return new([]byte) }}

// proven checks in this process, with none of the code that read the PDF, that
// the worker's file is a prepared letter to the last byte and the one that the
// facts describe: a worker that a hostile PDF has taken over must not get
// anything else into a print file. Such a worker may still write into the file
// afterwards: who keeps a copy holds it against the facts' SHA256.
func proven(f Facts, file io.ReaderAt) error {
	if f.Bytes >= 0 && f.Bytes < proofInMemory {
		buf := proofBuffers.Get().(*[]byte)
		defer proofBuffers.Put(buf)
		*buf = slices.Grow((*buf)[:0], int(f.Bytes)+1)
		n, err := file.ReadAt((*buf)[:f.Bytes+1], 0)
		if err != nil && err != io.EOF {
			return fmt.Errorf("the worker's file: %w", err)
		}
		if int64(n) != f.Bytes {
			return errors.New("the worker's file has another size than its facts")
		}
		file = bytes.NewReader((*buf)[:n])
	}
	letter, err := printfile.OpenPrepared(file, f.Bytes)
	if err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	if letter.NumPages() != len(f.Pages) {
		return errors.New("the worker's file has other pages than its facts")
	}
	sum, err := letter.CheckSum()
	if err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	if hex.EncodeToString(sum[:]) != f.SHA256 {
		return errors.New("the worker's file is not the one of its facts")
	}
	return nil
}

var errNonsense = errors.New("worker answered nonsense")

// plausible checks what a worker says against what can be seen.
func plausible(f Facts, req Request, out *os.File) error {
	info, err := out.Stat()
	if err != nil || info.Size() != f.Bytes || f.Recipe != req.Checks.Recipe() || len(f.SHA256) != 64 || len(f.DocumentPages) != len(req.Documents) {
		return errNonsense
	}
	sum := 0
	for _, n := range f.DocumentPages {
		if n < 1 {
			return errNonsense
		}
		sum += n
	}
	if sum != len(f.Pages) {
		return errNonsense
	}
	return nil
}

// worker is one child process. It does one letter at a time.
type worker struct {
	*guard.Worker
	letters int
}

// deathCode tells why a worker that is gone has died, as far as it said so.
func (w *worker) deathCode() string {
	if w.OutOfMemory() {
		return finding.CodeMemory
	}
	return finding.CodeCrashed
}

func startWorker(opt PoolOptions) (*worker, error) {
	w, err := guard.Start(opt.Executable, workerArg, guard.Bounds{
		Memory: opt.Memory, Output: opt.Output, Files: maxDocuments, CPU: opt.CPU, Timeout: opt.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return &worker{Worker: w}, nil
}

// ask sends one request, and the files that go with it, and waits for its
// answer. A worker that fails is gone when it returns.
func (w *worker) ask(ctx context.Context, req Request, files []*os.File) (reply message, c guard.Confinement, err error) {
	w.letters++
	answer, c, err := w.Do(ctx, req, files)
	if err == nil && (len(answer) == 0 || json.Unmarshal(answer, &reply) != nil) {
		err = errNonsense
	}
	return reply, c, err
}
