// Package sealed opens documents that senders have encrypted: CMS enveloped-data for an account's RSA key, as SvarUt takes them with
// kryptert. It makes and keeps the keys, and decrypts in guarded processes, which are handed the key and the document as open files: this
// program reads neither a private key nor a stranger's bytes.
//
// It has a reader of its own for the one form that there is. The libraries that are known hold a message in memory several times over
// (a letter may have 350 MB), know no AES-192, or go on where a piece of the content is damaged.
package sealed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"postgang/printjobs/prepare/guard"
)

// workerArgument is the only argument with which an Opener starts its executable; see BeWorker.
const workerArgument = "sealed-worker"

// Bounds of a worker. What it needs does not grow with the document, but for time. Half of the memory is for the race detector of tests.
const (
	workerMemory   = 256 << 20
	workerCPU      = time.Minute
	workerTimeout  = 10 * time.Minute
	jobsPerWorker  = 1000
	filesPerWorker = 2*maxKeys + 2
)

// Config is what an Opener is made of.
type Config struct {
	Folder Folder
	// Workers is how many documents are opened at a time; 0: one for each processor.
	Workers int
	// Most is the size of the largest opened document, in bytes, whatever is asked for; the kernel holds workers to it.
	Most int64
	// Executable is the program to start as a worker; empty: this one.
	Executable string
}

// Opener opens encrypted documents. Its methods may be called from several goroutines.
type Opener struct {
	Folder Folder
	config Config
	slots  chan *worker // one entry for each worker, nil where none runs yet
}

type worker struct {
	*guard.Worker
	jobs int
}

// job is what a worker is asked. Where files are handed over, it holds no paths: they are a certificate and a private key for each
// of the keys, then the document, then the file to write.
type job struct {
	Keys  int      `json:"keys"`
	Most  int64    `json:"most"`
	Paths []string `json:"paths,omitempty"`
}

// answer is what became of it: bytes written, or a refusal's code, or an error of ours.
type answer struct {
	Bytes int64  `json:"bytes"`
	Code  string `json:"code,omitempty"`
	Error string `json:"error,omitempty"`
}

// New makes an Opener. Workers start when they are first needed.
func New(c Config) (*Opener, error) {
	if c.Workers <= 0 {
		c.Workers = runtime.NumCPU()
	}
	if c.Executable == "" {
		exe, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("open encrypted documents: %w", err)
		}
		c.Executable = exe
	}
	o := &Opener{Folder: c.Folder, config: c, slots: make(chan *worker, c.Workers)}
	for range c.Workers {
		o.slots <- nil
	}
	return o, nil
}

// Close ends the workers, waiting for documents at hand.
func (o *Opener) Close() {
	for range cap(o.slots) {
		if w := <-o.slots; w != nil {
			w.Stop()
		}
	}
}

// Open decrypts the file at one path to a new one at another, of at most so many bytes, with whichever of an account's keys it is for.
// What cannot be opened is a *Refusal, and nothing is left behind then. Other errors are ours: it may be tried again.
func (o *Opener) Open(ctx context.Context, account, from, to string, most int64) (n int64, err error) {
	keys, err := o.Folder.Keys(account)
	if err != nil {
		return 0, err // the one that is needed may be among those that cannot be read
	}
	if len(keys) == 0 {
		return 0, &Refusal{CodeNoKey}
	}
	keys = keys[:min(len(keys), maxKeys)]
	out, err := os.OpenFile(to, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("open an encrypted document: %w", err)
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			_ = os.Remove(to)
		}
	}()
	j := job{Keys: len(keys), Most: min(most, o.config.Most)}
	var paths []string
	for _, k := range keys {
		paths = append(paths, o.Folder.file(k.Name, ".pem"), o.Folder.file(k.Name, ".key"))
	}
	paths = append(paths, from)
	var files []*os.File
	if guard.HandsFiles {
		if files, err = openAll(paths); err != nil {
			return 0, fmt.Errorf("open an encrypted document: %w", err)
		}
		defer closeAll(files)
		files = append(files, out)
	} else {
		for _, p := range append(paths, to) {
			abs, err := filepath.Abs(p)
			if err != nil {
				return 0, err
			}
			j.Paths = append(j.Paths, abs)
		}
	}
	a, err := o.do(ctx, j, files, out)
	switch {
	case err != nil:
		return 0, err
	case a.Code != "":
		return 0, &Refusal{a.Code}
	case a.Error != "":
		return 0, errors.New("open an encrypted document: " + a.Error)
	}
	info, err := out.Stat()
	if err == nil && (info.Size() != a.Bytes || a.Bytes > most) {
		err = errors.New("the worker's file has another size than it says")
	}
	return a.Bytes, err
}

// do has a worker do a job. A document whose worker dies is tried once more in a fresh one before it is refused.
func (o *Opener) do(ctx context.Context, j job, files []*os.File, out *os.File) (a answer, err error) {
	var w *worker
	select {
	case w = <-o.slots:
	case <-ctx.Done():
		return a, fmt.Errorf("open an encrypted document: %w", ctx.Err())
	}
	defer func() { o.slots <- w }()
	for attempt := 1; ; attempt++ {
		if w, err = o.ready(w); err != nil {
			return a, fmt.Errorf("start the process that opens encrypted documents: %w", err)
		}
		w.jobs++
		reply, _, failure := w.Do(ctx, j, files)
		if failure == nil && json.Unmarshal(reply, &a) == nil {
			return a, nil
		}
		w.Kill()
		killed := w.KilledByOthers()
		w = nil
		switch {
		case ctx.Err() != nil:
			return a, fmt.Errorf("open an encrypted document: %w", ctx.Err())
		case errors.Is(failure, guard.ErrCPU):
			return a, errBroken
		case errors.Is(failure, guard.ErrStuck):
			return a, fmt.Errorf("open an encrypted document: %w", failure)
		case attempt < 2:
		case killed:
			return a, errors.New("open an encrypted document: the process was killed twice from outside")
		default:
			return a, errBroken
		}
		// The files are read and written from where the dead worker stopped.
		for _, f := range files {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return a, err
			}
		}
		if err := out.Truncate(0); err != nil {
			return a, err
		}
	}
}

// ready returns the slot's worker, or a new one when it has none that is fit.
func (o *Opener) ready(w *worker) (*worker, error) {
	if w != nil && !w.Gone() && w.jobs < jobsPerWorker {
		return w, nil
	}
	if w != nil {
		w.Stop()
	}
	started, err := guard.Start(o.config.Executable, workerArgument, guard.Bounds{
		Memory: workerMemory, Output: o.config.Most, Files: filesPerWorker, CPU: workerCPU, Timeout: workerTimeout,
	})
	if err != nil {
		return nil, err
	}
	return &worker{Worker: started}, nil
}

func openAll(paths []string) ([]*os.File, error) {
	var files []*os.File
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// BeWorker does a worker's work, and ends the process, when an Opener has started it as one; else it returns at once. It is the
// first thing that main, and TestMain, of a program with an Opener does.
func BeWorker() {
	if len(os.Args) != 2 || os.Args[1] != workerArgument {
		return
	}
	if err := serve(work); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

func serve(do func(files []*os.File, j job) answer) error {
	return guard.Serve(os.Stdin, os.Stdout, func(_ context.Context, body json.RawMessage, handed int) any {
		var j job
		if json.Unmarshal(body, &j) != nil {
			return nil
		}
		files, err := taken(j, handed)
		defer closeAll(files)
		if err != nil || len(files) != 2*j.Keys+2 {
			return nil
		}
		return do(files, j)
	})
}

// taken are a job's files: handed over, or opened where that cannot be.
func taken(j job, handed int) ([]*os.File, error) {
	if guard.HandsFiles {
		return guard.TakeOver(handed)
	}
	if len(j.Paths) == 0 {
		return nil, errors.New("no paths")
	}
	last := len(j.Paths) - 1
	files, err := openAll(j.Paths[:last])
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile(j.Paths[last], os.O_WRONLY, 0)
	if err != nil {
		closeAll(files)
		return nil, err
	}
	return append(files, out), nil
}

// work opens one document.
func work(files []*os.File, j job) answer {
	var keys []key
	for i := range j.Keys {
		cert, err := io.ReadAll(io.LimitReader(files[2*i], maxPiece))
		if err != nil {
			return answer{Error: "read a certificate"}
		}
		private, err := io.ReadAll(io.LimitReader(files[2*i+1], maxPiece))
		if err != nil {
			return answer{Error: "read a key"}
		}
		k, err := pair(cert, private)
		if err != nil {
			return answer{Error: err.Error()}
		}
		keys = append(keys, k)
	}
	n, err := decrypt(files[2*j.Keys], keys, files[2*j.Keys+1], j.Most)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return answer{Code: refusal.Code}
	case err != nil:
		return answer{Error: "read or write a document"} // what package os says may hold a path
	}
	return answer{Bytes: n}
}
