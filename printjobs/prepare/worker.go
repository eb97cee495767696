package prepare

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// WorkerArg is the only argument with which a Pool starts its executable. The
// program's main calls WorkerMain on its standard streams when it finds it as
// os.Args[1], before anything else, and exits.
const WorkerArg = "prepare-worker"

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
// endian, and JSON. The pool speaks first, with Memory, then with one Request
// at a time; the worker answers each Request with Facts, Refusal or Error.
type message struct {
	Memory  int64    `json:"memory,omitempty"` // bytes
	Request *Request `json:"request,omitempty"`
	Facts   *Facts   `json:"facts,omitempty"`
	Refusal *Refusal `json:"refusal,omitempty"`
	Error   string   `json:"error,omitempty"`
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

// WorkerMain serves a Pool until in ends, which is its order to stop even in
// the middle of a letter: it then returns at once and the process should exit.
// It limits the memory of the whole process, and on Linux forbids core dumps,
// which would hold the letter.
func WorkerMain(in io.Reader, out io.Writer) error {
	if out == io.Writer(os.Stdout) {
		// Whatever else prints must not end up between the messages.
		os.Stdout = os.Stderr
	}
	debug.SetMaxStack(maxWorkerStack)
	debug.SetGCPercent(workerGCPercent)

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
	for {
		select {
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("prepare worker: %w", err)
		case m := <-requests:
			if m.Memory > 0 {
				debug.SetMemoryLimit(m.Memory)
				if err := limitProcess(m.Memory); err != nil {
					return fmt.Errorf("prepare worker: limit memory: %w", err)
				}
			}
			if m.Request != nil {
				go func() { answers <- answer(ctx, *m.Request) }()
			}
		case m := <-answers:
			if err := writeMessage(out, m); err != nil {
				return fmt.Errorf("prepare worker: answer: %w", err)
			}
		}
	}
}

func answer(ctx context.Context, req Request) message {
	facts, err := Letter(ctx, req)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		return message{Refusal: refusal}
	case err != nil:
		return message{Error: err.Error()}
	}
	return message{Facts: &facts}
}
