package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
)

// Bounds are what a worker may take. All must be set.
type Bounds struct {
	Memory int64 // bytes, of the whole worker
	Output int64 // bytes, of the largest file that it writes
	Files  int   // the most that it is handed for a job
	// CPU is the processor time of a job, over all threads.
	CPU time.Duration
	// Timeout is the wall time of a job: the backstop for a worker that waits.
	Timeout time.Duration
}

// What became of a job that a worker did not answer. The worker is gone then.
var (
	// ErrCPU: the job used more than its processor time, or more than its wall
	// time where the other is not known.
	ErrCPU = errors.New("the worker ran out of processor time")
	// ErrStuck: the wall time was over before the processor time was used.
	ErrStuck = errors.New("the worker was not done in time, though it used little processor time")
	// ErrDied: the worker ended, or said what makes no sense.
	ErrDied = errors.New("the worker died")
)

// Worker is one child process that serves jobs ([Serve]), one at a time. Its
// methods are not safe for concurrent use.
//
// It has an empty environment and no files but its three standard streams and
// those that it is handed. On Linux the kernel holds its memory and the size of
// what it writes, and, on amd64 and arm64, refuses it every system call but those
// for computing and for reading and writing what is open. Wall time and
// processor time are watched from outside.
type Worker struct {
	bounds  Bounds
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     io.Closer
	hand    *net.UnixConn // nil where files are not handed over
	said    lastWords
	replies chan message  // closed when the worker's output ends
	exited  chan struct{} // closed when the process is gone
	ours    atomic.Bool   // we have killed it
}

// lastWords keeps the beginning of what a worker prints to its error stream.
// It may quote what was read: only whether it tells of memory is ever looked at.
type lastWords struct{ text []byte }

func (l *lastWords) Write(p []byte) (int, error) {
	const enough = 4096
	l.text = append(l.text, p[:min(len(p), enough-len(l.text))]...)
	return len(p), nil
}

// stopGrace is how long an idle worker may take to end by itself.
const stopGrace = 2 * time.Second

// cpuEvery is how often the processor time of a worker is looked at.
const cpuEvery = 100 * time.Millisecond

// Start starts a program as a worker, with one argument by which it knows that
// it is one. A worker that is dead already fails at its first job.
func Start(executable, argument string, b Bounds) (_ *Worker, err error) {
	w := &Worker{bounds: b, replies: make(chan message, 1), exited: make(chan struct{})}
	cmd := exec.Command(executable, argument)
	w.cmd = cmd
	cmd.Env = []string{} // no secrets; nil would inherit everything
	cmd.Dir = os.TempDir()
	cmd.Stderr = &w.said
	cmd.WaitDelay = stopGrace // for that stream to end
	if HandsFiles {
		var theirs *os.File
		if w.hand, theirs, err = NewHandover(); err != nil {
			return nil, err
		}
		defer theirs.Close()
		cmd.ExtraFiles = []*os.File{theirs}
		defer func() {
			if err != nil {
				w.hand.Close()
			}
		}()
	}
	if w.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = out
	if err = cmd.Start(); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			return nil, path.Err
		}
		return nil, err
	}
	go func() {
		var err error
		for {
			var m message
			if m, err = readMessage(out); err != nil {
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
		// Whatever else it says, it says it to nobody. One that has died is not
		// killed, so that it can be told what it died of.
		late := time.AfterFunc(stopGrace, w.end)
		if !errors.Is(err, io.EOF) {
			w.end()
		}
		_ = cmd.Wait()
		late.Stop()
		close(w.exited)
	}()
	_ = writeMessage(w.in, message{Setup: &setup{Memory: b.Memory, Output: b.Output, Files: b.Files}})
	return w, nil
}

// Do has one job done: what it is as JSON, and the files that go with it. The
// answer is JSON too; it is empty when the worker has none, and is then of no
// more use. A worker that fails is gone when it returns.
func (w *Worker) Do(ctx context.Context, job any, files []*os.File) (json.RawMessage, Confinement, error) {
	body, err := json.Marshal(job)
	if err != nil {
		return nil, Confinement{}, err
	}
	reply, err := w.exchange(ctx, message{Job: body, Handed: len(files)}, files)
	return reply.Answer, reply.Confinement, err
}

// Probe asks for nothing but what the kernel refuses the worker.
func (w *Worker) Probe(ctx context.Context) (Confinement, error) {
	reply, err := w.exchange(ctx, message{Probe: true}, nil)
	return reply.Confinement, err
}

// exchange sends a message and the files that go with it and waits for the
// answer.
func (w *Worker) exchange(ctx context.Context, m message, files []*os.File) (message, error) {
	timer := time.NewTimer(w.bounds.Timeout)
	defer timer.Stop()
	look := time.NewTicker(cpuEvery)
	defer look.Stop()
	before, clocked := CPUTime(w.cmd.Process.Pid)
	// A request is far smaller than a pipe's buffer or the worker is reading,
	// but one that is stuck must not make us stick.
	sent := make(chan error, 1)
	go func() {
		err := writeMessage(w.in, m)
		if err == nil && len(files) > 0 {
			err = HandOver(w.hand, files)
		}
		sent <- err
	}()
	var reply message
	var failure error
	sending, answered := true, false
	for failure == nil && (sending || !answered) {
		select {
		case err := <-sent:
			if sending = false; err != nil {
				w.die()
				failure = ErrDied
			}
		case reply, answered = <-w.replies:
			if !answered {
				w.die()
				failure = ErrDied
			}
		case <-look.C:
			if now, ok := CPUTime(w.cmd.Process.Pid); ok && now-before > w.bounds.CPU {
				failure = ErrCPU
			}
		case <-timer.C:
			if failure = ErrStuck; !clocked {
				failure = ErrCPU // there is no better measure
			}
		case <-ctx.Done():
			failure = ctx.Err()
		}
	}
	if failure != nil {
		w.Kill()
		if sending {
			<-sent //nolint:errcheck // only that the files are the caller's again
		}
	}
	return reply, failure
}

// PID is the process's id.
func (w *Worker) PID() int { return w.cmd.Process.Pid }

// State is how the process ended, and what it took; nil while it runs.
func (w *Worker) State() *os.ProcessState {
	if !w.Gone() {
		return nil
	}
	return w.cmd.ProcessState
}

// Gone reports whether the process has ended.
func (w *Worker) Gone() bool {
	select {
	case <-w.exited:
		return true
	default:
		return false
	}
}

// OutOfMemory tells of a worker that is gone whether it died for want of
// memory, as far as it said so: the first words are those of Go's runtime.
// Without memory there is no stack for a new thread either.
func (w *Worker) OutOfMemory() bool {
	for _, sign := range []string{"out of memory", "cannot allocate memory", "pthread_create failed", "failed to create new OS thread"} {
		if bytes.Contains(w.said.text, []byte(sign)) {
			return true
		}
	}
	return false
}

// KilledByOthers tells of a worker that is gone whether it was killed, and not
// by us: nothing that it reads does that.
func (w *Worker) KilledByOthers() bool {
	status, ok := w.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && !w.ours.Load() && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Kill ends the process now and waits until it is gone.
func (w *Worker) Kill() {
	w.end()
	w.close()
	_ = w.out.Close()
	<-w.exited
}

// Stop asks an idle worker to end, and makes it.
func (w *Worker) Stop() {
	w.close()
	select {
	case <-w.exited:
	case <-time.After(stopGrace):
		w.Kill()
	}
}

// die waits for a process that is ending by itself.
func (w *Worker) die() {
	select {
	case <-w.exited:
	case <-time.After(stopGrace):
	}
}

// end ends the process now, unless it is gone.
func (w *Worker) end() {
	if w.Gone() {
		return
	}
	w.ours.Store(true)
	_ = w.cmd.Process.Kill()
}

// close lets go of the worker's input, and of a handing over that is stuck.
func (w *Worker) close() {
	_ = w.in.Close()
	if w.hand != nil {
		_ = w.hand.Close()
	}
}
