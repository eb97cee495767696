package prepare

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"

	"postgang/printjobs/prepare/guard"
	"postgang/printjobs/prepare/read"
)

// workerArg is the only argument with which a Pool starts its executable; see
// BeWorker.
const workerArg = "prepare-worker"

const (
	// maxMessage bounds one message between pool and worker, in bytes. The
	// facts of DefaultMaxPages pages take about 2 MB.
	maxMessage = 64 << 20
	// maxWorkerStack bounds a goroutine's stack in a worker, in bytes, so
	// that endless recursion dies before it has eaten the memory.
	maxWorkerStack = 256 << 20
	// workerGCPercent trades memory for speed; the memory limit bounds it.
	workerGCPercent = 400
)

// message is what pool and worker say to each other: 4 bytes of length, big
// endian, and JSON. The pool speaks first, with Setup, then with one Request
// at a time; the worker answers each Request with Facts, Refusal or Error.
type message struct {
	Setup *setup `json:"setup,omitempty"`
	// Request without paths, when the files are handed over; that many of
	// them then come beside the message, in the order of the documents, and
	// last the file to write.
	Request *Request `json:"request,omitempty"`
	Handed  int      `json:"handed,omitempty"`
	// Probe asks for nothing but Confinement.
	Probe bool `json:"probe,omitempty"`

	Facts   *Facts   `json:"facts,omitempty"`
	Refusal *Refusal `json:"refusal,omitempty"`
	Error   string   `json:"error,omitempty"`
	// Confinement stands in every answer.
	Confinement guard.Confinement `json:"confinement,omitzero"`
}

// setup bounds a worker.
type setup struct {
	Memory int64 `json:"memory"` // bytes
	Output int64 `json:"output"` // bytes of a prepared file
}

func writeMessage(w io.Writer, m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if len(body) > maxMessage {
		return fmt.Errorf("message of %d bytes is too long", len(body))
	}
	// One write, so that a message is never half sent by our own doing.
	_, err = w.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...))
	return err
}

func readMessage(r io.Reader) (m message, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return m, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return m, fmt.Errorf("message of %d bytes is too long", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return m, err
	}
	return m, json.Unmarshal(body, &m)
}

// BeWorker does a worker's work, and ends the process, when a Pool has started it as one; else it returns at once. It is the
// first thing that main, and TestMain, of a program with a Pool does: a worker is fed untrusted PDFs, and gets no flags, no
// configuration and no environment.
func BeWorker() {
	if len(os.Args) != 2 || os.Args[1] != workerArg {
		return
	}
	if err := serve(os.Stdin, os.Stdout, answer); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve serves a Pool until in ends, which is its order to stop even in
// the middle of a letter: it then returns at once and the process should exit.
// Before the first letter it limits and confines the whole process: see Pool.
// answer answers a request.
func serve(in io.Reader, out io.Writer, answer func(ctx context.Context, req Request, handed int) message) error {
	if out == io.Writer(os.Stdout) {
		// Whatever else prints must not end up between the messages.
		os.Stdout = os.Stderr
	}
	debug.SetMaxStack(maxWorkerStack)
	debug.SetGCPercent(workerGCPercent)
	runtime.GOMAXPROCS(1)

	requests := make(chan message)
	ended := make(chan error, 1)
	go func() {
		for {
			m, err := readMessage(in)
			if err != nil {
				ended <- err
				return
			}
			requests <- m
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answers := make(chan message, 1)
	var confined guard.Confinement
	var most int64
	for {
		select {
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("prepare worker: %w", err)
		case m := <-requests:
			switch {
			case m.Setup != nil:
				most = m.Setup.Output
				debug.SetMemoryLimit(m.Setup.Memory)
				if err := guard.Limit(m.Setup.Memory, m.Setup.Output, maxDocuments); err != nil {
					return fmt.Errorf("prepare worker: limits: %w", err)
				}
				// Where the kernel cannot, the pool is told so by what was tried.
				_ = guard.Confine()
				confined = guard.Tried()
			case m.Probe:
				answers <- message{}
			case m.Request != nil:
				m.Request.Limits.MaxOutputBytes = min(m.Request.Limits.WithDefaults().MaxOutputBytes, most)
				go func() { answers <- answer(ctx, *m.Request, m.Handed) }()
			}
		case m := <-answers:
			m.Confinement = confined
			if err := writeMessage(out, m); err != nil {
				return fmt.Errorf("prepare worker: answer: %w", err)
			}
		}
	}
}

var errHandover = errors.New("other files were handed over than asked for")

// answer prepares one letter, from files that are handed over or, where that
// cannot be, from those that the request names. When the handing over fails it
// says nothing, upon which the pool replaces the worker: what belongs to which
// letter is not known any more.
func answer(ctx context.Context, req Request, handed int) message {
	facts, err := func() (f Facts, err error) {
		var out *os.File
		docs := pathInputs(req.Documents)
		if handed > 0 {
			files, err := guard.TakeOver(handed)
			defer closeAll(files)
			if err != nil || len(files) != len(docs)+1 {
				return f, errHandover
			}
			for i := range docs {
				docs[i].open, docs[i].keep = func() (*os.File, error) { return files[i], nil }, true
			}
			out = files[len(docs)]
		} else {
			if out, err = os.OpenFile(req.Output, os.O_WRONLY, 0); err != nil {
				return f, fmt.Errorf("write prepared letter: %w", read.WithoutPath(err))
			}
			defer out.Close()
		}
		l, err := assemble(ctx, req, docs)
		if err != nil {
			return f, err
		}
		err = l.writeTo(out)
		return l.facts, err
	}()
	var refusal *Refusal
	switch {
	case errors.Is(err, errHandover):
		return message{}
	case errors.As(err, &refusal):
		return message{Refusal: refusal}
	case err != nil:
		return message{Error: err.Error()}
	}
	return message{Facts: &facts}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}
