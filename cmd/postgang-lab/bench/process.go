package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/cmd/cli"
	"postgang/fixtures/peakmemory"
)

// measured is a process of a measurement that is told on its standard input what to do, and says when it is done.
type measured struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Reader
	hello hello
	trace string // file of strace; empty: none
	ended bool
}

// hello is what a process says when it is ready.
type hello struct {
	PID      int    // its own, not that of strace
	Address  string // of the SFTP server, or of the way in
	HostKey  string
	ID       string
	Password string
}

// startMeasured starts this program with a command of bench, and waits until it is ready. With trace strace writes its flushes to disk
// into that file.
func startMeasured(ctx context.Context, o *cli.Options, trace string, args ...string) (*measured, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	m := &measured{trace: trace}
	args = append([]string{exe, "bench"}, args...)
	if trace != "" {
		args = append([]string{"strace", "-f", "--seccomp-bpf", "-qq", "-ttt", "-e", "trace=" + strings.Join(flushing, ","), "-o", trace}, args...)
	}
	m.cmd = exec.CommandContext(ctx, args[0], args[1:]...)
	m.cmd.Stderr = o.Err
	if m.in, err = m.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	m.out = bufio.NewReader(out)
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := m.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &m.hello)
	}
	if err != nil {
		m.end()
		return nil, errors.Join(errors.New("a process of the measurement does not start"), err)
	}
	return m, nil
}

func (m *measured) end() {
	if m.ended {
		return
	}
	m.ended = true
	_ = m.in.Close() // it ends then
	_ = m.cmd.Wait()
}

// done is what a process says when it has done what it was told.
type done struct {
	Failed string
	PeakMB float64
	Jobs   int
	// How long a bystander's writes took, in milliseconds.
	WaitP99, WaitMost float64
}

func (m *measured) do(what string) (done, error) {
	var d done
	if _, err := fmt.Fprintln(m.in, what); err != nil {
		return d, fmt.Errorf("%s: %w", what, err)
	}
	line, err := m.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &d)
	}
	if err == nil && d.Failed != "" {
		err = errors.New(d.Failed)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", what, err)
	}
	return d, err
}

// flushing are the calls that flush to disk; syncfs counts as one, however many files it flushes.
var flushing = []string{"fsync", "fdatasync", "syncfs"}

// flushed counts the flushes that strace saw in a time.
func (m *measured) flushed(from, to time.Time) (int, error) {
	if m.trace == "" {
		return 0, nil
	}
	f, err := os.Open(m.trace)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	count := 0
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Fields(lines.Text()) // process, seconds since 1970, call
		if len(field) < 3 || !slices.ContainsFunc(flushing, func(call string) bool { return strings.HasPrefix(field[2], call+"(") }) {
			continue // the second half of a call that was interrupted
		}
		at, err := strconv.ParseFloat(field[1], 64)
		if err == nil && at >= float64(from.UnixNano())/1e9 && at <= float64(to.UnixNano())/1e9 {
			count++
		}
	}
	return count, lines.Err()
}

// answering is the loop of a process of the measurement: it says hello, and does what it is told.
func answering(o *cli.Options, h hello, profiles string, do func(what string, d *done) error) error {
	h.PID = os.Getpid()
	enc := json.NewEncoder(o.Out)
	if err := enc.Encode(h); err != nil {
		return err
	}
	asked := bufio.NewScanner(os.Stdin)
	for asked.Scan() {
		var d done
		if err := profiled(profiles, asked.Text(), func() error { return do(asked.Text(), &d) }); err != nil {
			d.Failed = err.Error()
		}
		if err := enc.Encode(d); err != nil {
			return err
		}
	}
	return asked.Err()
}

// peaking has what is done told with the most memory that this process has meanwhile.
func peaking(do func(what string, d *done) error) func(what string, d *done) error {
	return func(what string, d *done) error {
		peakmemory.Reset()
		err := do(what, d)
		d.PeakMB = peakmemory.MiB()
		return err
	}
}

// profiled does something with its CPU profile written into a folder; empty: without.
func profiled(folder, name string, do func() error) error {
	if folder == "" {
		return do()
	}
	f, err := os.Create(filepath.Join(folder, name+".pprof"))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return errors.Join(err, f.Close())
	}
	err = do()
	pprof.StopCPUProfile()
	return errors.Join(err, f.Close())
}
