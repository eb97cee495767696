package prepare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"postgang/printjobs/printfile"
)

// Defaults of PoolOptions.
const (
	// DefaultTimeout is the wall time for one letter. The heaviest letter of
	// the public corpora takes seconds; 350 MB is mostly reading and writing.
	DefaultTimeout = 2 * time.Minute
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
	// Timeout is the wall time for one letter.
	Timeout time.Duration
	// Memory is the memory of one worker, in bytes.
	Memory int64
	// LettersPerWorker is the number of letters after which a worker is
	// replaced.
	LettersPerWorker int
	// Executable is the program to start with the one argument WorkerArg;
	// the default is this program.
	Executable string
}

// Pool prepares letters in child processes that are reused, and killed and
// replaced when they exceed a limit, die or answer nonsense; that costs only
// the letter at hand. A worker has an empty environment and no files but its
// three standard streams. It is not cut off from the network by the kernel; it
// has no code that would open a connection.
//
// A Pool is safe for concurrent use.
type Pool struct {
	opt PoolOptions
	// slots holds one entry for each worker, nil where none runs yet.
	slots chan *worker
	// done is closed by Close.
	done  chan struct{}
	close sync.Once

	letters, started, timeouts, crashes atomic.Int64
}

// PoolStats counts what a Pool did since it was made.
type PoolStats struct {
	Letters  int64 `json:"letters"`  // asked for
	Started  int64 `json:"started"`  // workers
	Timeouts int64 `json:"timeouts"` // letters that ran out of time
	Crashes  int64 `json:"crashes"`  // workers that died or answered nonsense
}

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
	if opt.Memory <= 0 {
		opt.Memory = DefaultMemory
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
	return PoolStats{Letters: p.letters.Load(), Started: p.started.Load(), Timeouts: p.timeouts.Load(), Crashes: p.crashes.Load()}
}

// Close stops all workers, waiting for letters at hand.
func (p *Pool) Close() error {
	p.close.Do(func() {
		close(p.done)
		for range p.opt.Workers {
			if w := <-p.slots; w != nil {
				w.stop()
			}
		}
	})
	return nil
}

// Letter prepares a letter as the function Letter does, in a worker. It waits
// for a free one. Besides the refusals of Letter there are CodeTimeout and
// CodeCrashed. A letter whose worker dies is tried once more in a fresh one
// before it is refused: the death may have been another's fault, such as the
// kernel's when memory runs short.
func (p *Pool) Letter(ctx context.Context, req Request) (Facts, error) {
	select {
	case <-p.done:
		return Facts{}, ErrPoolClosed
	default:
	}
	var w *worker
	select {
	case w = <-p.slots:
	case <-p.done:
		return Facts{}, ErrPoolClosed
	case <-ctx.Done():
		return Facts{}, fmt.Errorf("prepare letter: %w", ctx.Err())
	}
	defer func() { p.slots <- w }()
	p.letters.Add(1)

	if req.Output == "" {
		return Facts{}, errors.New("prepare letter: no output path")
	}
	if len(req.Documents) == 0 {
		return Facts{}, &Refusal{Findings: []Finding{newFinding(CodeNoPages, 0, 0)}}
	}
	// The worker writes into a folder of the letter's own, so that nothing it
	// leaves behind when killed survives.
	dir, err := os.MkdirTemp(filepath.Dir(req.Output), ".prepare-*")
	if err != nil {
		return Facts{}, fmt.Errorf("prepare letter: %w", err)
	}
	defer os.RemoveAll(dir)
	inner, err := absolute(req)
	if err != nil {
		return Facts{}, err
	}
	if inner.Output, err = filepath.Abs(filepath.Join(dir, "letter.pdf")); err != nil {
		return Facts{}, fmt.Errorf("prepare letter: %w", err)
	}

	for attempt := 1; ; attempt++ {
		if w == nil || w.gone() || w.letters >= p.opt.LettersPerWorker {
			if w != nil {
				w.stop()
			}
			if w, err = startWorker(p.opt); err != nil {
				w = nil
				return Facts{}, fmt.Errorf("prepare letter: start worker: %w", err)
			}
			p.started.Add(1)
		}
		reply, failure := w.ask(ctx, inner, p.opt.Timeout)
		if failure == nil && reply.Facts != nil {
			if failure = plausible(*reply.Facts, inner); failure == nil {
				failure = proven(*reply.Facts, inner.Output)
			}
		}
		switch {
		case failure == nil && reply.Facts != nil:
			if err := publish(inner.Output, req.Output, req.Volatile); err != nil {
				return Facts{}, fmt.Errorf("prepare letter: %w", err)
			}
			return *reply.Facts, nil
		case failure == nil && reply.Refusal != nil && len(reply.Refusal.Findings) > 0:
			return Facts{}, reply.Refusal
		case failure == nil && reply.Error != "":
			return Facts{}, errors.New(reply.Error)
		}
		w.kill()
		w = nil
		switch {
		case ctx.Err() != nil:
			return Facts{}, fmt.Errorf("prepare letter: %w", ctx.Err())
		case errors.Is(failure, errTimeout):
			p.timeouts.Add(1)
			return Facts{}, &Refusal{Findings: []Finding{newFinding(CodeTimeout, 0, 0)}}
		}
		p.crashes.Add(1)
		if attempt == 2 {
			return Facts{}, &Refusal{Findings: []Finding{newFinding(CodeCrashed, 0, 0)}}
		}
	}
}

// proven checks in this process, with none of the code that read the PDF, that
// the worker's file is a prepared letter to the last byte and the one that the
// facts describe: a worker that a hostile PDF has taken over must not get
// anything else into a print file.
func proven(f Facts, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	defer file.Close()
	hash := sha256.New()
	size, err := io.Copy(hash, file)
	if err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	if size != f.Bytes || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return errors.New("the worker's file is not the one of its facts")
	}
	letter, err := printfile.OpenPrepared(file, size)
	if err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	if letter.NumPages() != len(f.Pages) {
		return errors.New("the worker's file has other pages than its facts")
	}
	if err := letter.Check(); err != nil {
		return fmt.Errorf("the worker's file: %w", err)
	}
	return nil
}

// absolute makes the paths of a request independent of the working folder.
func absolute(req Request) (Request, error) {
	docs := make([]Document, len(req.Documents))
	for i, d := range req.Documents {
		path, err := filepath.Abs(d.Path)
		if err != nil {
			return req, fmt.Errorf("prepare letter: %w", err)
		}
		docs[i] = Document{Path: path, GiroPages: d.GiroPages}
	}
	req.Documents = docs
	return req, nil
}

var errNonsense = errors.New("worker answered nonsense")

// plausible checks what a worker says against what can be seen.
func plausible(f Facts, req Request) error {
	info, err := os.Stat(req.Output)
	if err != nil || info.Size() != f.Bytes || f.Recipe != req.Checks.recipe() || len(f.SHA256) != 64 || len(f.DocumentPages) != len(req.Documents) {
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

// publish moves a file that is durable already, or need not be, to its place.
func publish(from, to string, volatile bool) error {
	if err := os.Rename(from, to); err != nil {
		return withoutPath(err)
	}
	if !volatile {
		syncFolder(filepath.Dir(to))
	}
	return nil
}

// worker is one child process. It does one letter at a time.
type worker struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	replies chan message  // closed when the worker's output ends
	exited  chan struct{} // closed when the process is gone
	letters int
}

// stopGrace is how long an idle worker may take to end by itself.
const stopGrace = 2 * time.Second

func startWorker(opt PoolOptions) (*worker, error) {
	cmd := exec.Command(opt.Executable, WorkerArg)
	cmd.Env = []string{} // no secrets; nil would inherit everything
	cmd.Dir = os.TempDir()
	// What a dying worker prints may quote the letter: nobody reads it.
	cmd.Stderr = nil
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, withoutPath(err)
	}
	w := &worker{cmd: cmd, in: in, replies: make(chan message, 1), exited: make(chan struct{})}
	go func() {
		for {
			m, err := readMessage(out)
			if err != nil {
				break
			}
			select {
			case w.replies <- m:
				continue
			default: // an answer that nobody asked for
			}
			break
		}
		close(w.replies)
		// Whatever else it says, it says it to nobody.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		close(w.exited)
	}()
	// A worker that is dead already fails at its first letter.
	_ = writeMessage(in, message{Memory: opt.Memory})
	return w, nil
}

var (
	errTimeout = errors.New("worker ran out of time")
	errDied    = errors.New("worker died")
)

// ask sends one request and waits for its answer.
func (w *worker) ask(ctx context.Context, req Request, timeout time.Duration) (message, error) {
	w.letters++
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	// A request is far smaller than a pipe's buffer or the worker is reading,
	// but one that is stuck must not make us stick.
	sent := make(chan error, 1)
	go func() { sent <- writeMessage(w.in, message{Request: &req}) }()
	for {
		select {
		case err := <-sent:
			if err != nil {
				return message{}, errDied
			}
			sent = nil
		case m, ok := <-w.replies:
			if !ok {
				return message{}, errDied
			}
			return m, nil
		case <-timer.C:
			return message{}, errTimeout
		case <-ctx.Done():
			return message{}, ctx.Err()
		}
	}
}

func (w *worker) gone() bool {
	select {
	case <-w.exited:
		return true
	default:
		return false
	}
}

// kill ends the process now and waits until it is gone.
func (w *worker) kill() {
	_ = w.cmd.Process.Kill()
	_ = w.in.Close()
	<-w.exited
}

// stop asks an idle worker to end, and makes it.
func (w *worker) stop() {
	_ = w.in.Close()
	select {
	case <-w.exited:
	case <-time.After(stopGrace):
		w.kill()
	}
}
