package guard

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
)

const (
	// maxMessage bounds one message between a worker and who has it work, in
	// bytes. The facts of a letter of 10,000 pages take about 2 MB.
	maxMessage = 64 << 20
	// maxWorkerStack bounds a goroutine's stack in a worker, in bytes, so
	// that endless recursion dies before it has eaten the memory.
	maxWorkerStack = 256 << 20
	// workerGCPercent trades memory for speed; the memory limit bounds it.
	workerGCPercent = 400
)

// message is what a worker and who has it work say to each other: 4 bytes of
// length, big endian, and JSON. The other side speaks first, with Setup, then
// with one Job or Probe at a time; the worker answers each.
type message struct {
	Setup *setup          `json:"setup,omitempty"`
	Job   json.RawMessage `json:"job,omitempty"`
	// Handed is how many files come beside the job.
	Handed int `json:"handed,omitempty"`
	// Probe asks for nothing but Confinement.
	Probe bool `json:"probe,omitempty"`

	Answer json.RawMessage `json:"answer,omitempty"`
	// Confinement stands in every answer.
	Confinement Confinement `json:"confinement,omitzero"`
}

// setup bounds a worker, as Bounds does.
type setup struct {
	Memory int64 `json:"memory"`
	Output int64 `json:"output"`
	Files  int   `json:"files"`
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

// Serve serves jobs until in ends, which is the order to stop even in the middle
// of one: it then returns at once and the process should exit. Before the first
// job it limits and confines the whole process: see [Worker]. do does a job, with
// as many files as are handed over beside it ([TakeOver]), and gives what is sent
// back as JSON; nil: nothing, upon which the worker is replaced.
func Serve(in io.Reader, out io.Writer, do func(ctx context.Context, job json.RawMessage, handed int) any) error {
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
	var confined Confinement
	for {
		select {
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return fmt.Errorf("worker: %w", err)
		case m := <-requests:
			switch {
			case m.Setup != nil:
				debug.SetMemoryLimit(m.Setup.Memory)
				if err := Limit(m.Setup.Memory, m.Setup.Output, m.Setup.Files); err != nil {
					return fmt.Errorf("worker: limits: %w", err)
				}
				// Where the kernel cannot, the other side is told so by what was tried.
				_ = Confine()
				confined = Tried()
			case m.Probe:
				answers <- message{}
			case m.Job != nil:
				go func() { answers <- answer(do(ctx, m.Job, m.Handed)) }()
			}
		case m := <-answers:
			m.Confinement = confined
			if err := writeMessage(out, m); err != nil {
				return fmt.Errorf("worker: answer: %w", err)
			}
		}
	}
}

func answer(v any) message {
	if v == nil {
		return message{}
	}
	body, err := json.Marshal(v)
	if err != nil {
		return message{}
	}
	return message{Answer: body}
}
