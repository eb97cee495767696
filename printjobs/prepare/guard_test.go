package prepare

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postgang/fixtures/judges"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/guard"
)

// A worker of the test binary misbehaves when the first document of a request
// asks for one of these as a giro page. No document has as many pages.
const (
	misSleep = 1_000_000 + iota
	misSpin
	misSpinWide
	misAllocate
	misOverwrite
	misRecurse
	misPanic
	misExit
	misGarbage
	misLie
	misHangUnlessNew
	misReachOut
)

var misLetters int // that this worker has been asked for

// misbehaving is a worker's answer to a request, and to those above.
func misbehaving(ctx context.Context, req Request, handed int) message {
	misLetters++
	if len(req.Documents) == 0 || len(req.Documents[0].GiroPages) == 0 {
		return answer(ctx, req, handed)
	}
	giro := req.Documents[0].GiroPages
	switch giro[0] {
	case misHangUnlessNew:
		if misLetters == 1 {
			req.Documents[0].GiroPages = nil
			return answer(ctx, req, handed)
		}
		fallthrough
	case misSleep:
		time.Sleep(time.Hour)
	case misSpin:
		for i := 0; ; i++ {
		}
	case misSpinWide:
		for range runtime.NumCPU() {
			go func() {
				for i := 0; ; i++ {
				}
			}()
		}
		time.Sleep(time.Hour)
	case misAllocate:
		var keep [][]byte
		for range 100 {
			b := make([]byte, 64<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			keep = append(keep, b)
		}
		runtime.KeepAlive(keep)
	case misOverwrite:
		files, err := guard.TakeOver(handed)
		if err != nil {
			return message{Error: err.Error()}
		}
		out, n := files[len(files)-1], int64(0)
		for err == nil && n < 1<<30 {
			var some int
			some, err = out.Write(make([]byte, 1<<20))
			n += int64(some)
		}
		return message{Error: fmt.Sprintf("wrote %d MB", n>>20)}
	case misRecurse:
		return message{Error: strconv.Itoa(recurse(1))}
	case misPanic:
		panic("Kari Nordmann")
	case misExit:
		os.Exit(0)
	case misGarbage:
		os.NewFile(1, "out").WriteString("\x00\x00\x00\x05{\"fac")
		time.Sleep(time.Hour)
	case misLie:
		return message{Facts: &Facts{Recipe: req.Checks.Recipe(), SHA256: strings.Repeat("0", 64), DocumentPages: []int{1}, Pages: make([]PageFacts, 1)}}
	case misReachOut:
		files, err := guard.TakeOver(handed)
		if err != nil {
			return message{Error: err.Error()}
		}
		closeAll(files)
		return message{Error: "reached: " + strings.Join(reachOut(giro[1]), " ")}
	default:
		return answer(ctx, req, handed)
	}
	return message{Error: "survived"}
}

func recurse(n int) int {
	var room [1024]byte
	room[n%len(room)] = 1
	return recurse(n+1) + int(room[0]) //nolint:staticcheck // the worker's stack is to overflow
}

// reachOut tries what a worker must not be able to do, and names what worked.
// Port is that of a listener on 127.0.0.1.
func reachOut(port int) (reached []string) {
	try := func(name string, err error) {
		if err == nil {
			reached = append(reached, name)
		}
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if try("connect", err); err == nil {
		conn.Close()
	}
	file, err := os.Open(os.DevNull)
	if try("open", err); err == nil {
		file.Close()
	}
	path := filepath.Join(os.TempDir(), fmt.Sprintf("postgang-reached-%d", os.Getpid()))
	try("create", os.WriteFile(path, nil, 0o600))
	os.Remove(path)
	_, err = os.Stat("/")
	try("stat", err)
	try("program", exec.Command("/bin/true").Run())
	return append(reached, reachOutByCalls()...)
}

func misbehave(t *testing.T, p *Pool, dir string, how ...int) ([]string, error) {
	t.Helper()
	doc := Document{Path: write(t, "a.pdf", onePage(a4, "")), GiroPages: how}
	_, err := p.Letter(t.Context(), Request{Documents: []Document{doc}, Output: filepath.Join(dir, "o.pdf")})
	return codes(err), err
}

// TestGuard: a worker that breaks a limit costs its letter, for the reason
// that a case worker is told, and leaves nothing behind; the pool goes on at
// full width.
func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		how   int
		opt   PoolOptions
		want  string
		linux bool // the limit is the kernel's, or needs its clocks
	}{
		// It is the machine, for all that is known, that did not let it work.
		{"sleeps", misSleep, PoolOptions{Timeout: 5 * time.Second}, "", true},
		{"computes without end", misSpin, PoolOptions{CPU: time.Second}, finding.CodeTimeout, true},
		{"computes without end on all cores", misSpinWide, PoolOptions{CPU: time.Second}, finding.CodeTimeout, true},
		{"takes memory", misAllocate, PoolOptions{Memory: 512 << 20}, finding.CodeMemory, true},
		{"overflows its stack", misRecurse, PoolOptions{}, finding.CodeCrashed, false},
		{"panics", misPanic, PoolOptions{}, finding.CodeCrashed, false},
		{"ends", misExit, PoolOptions{}, finding.CodeCrashed, false},
		{"answers garbage", misGarbage, PoolOptions{Timeout: 20 * time.Second}, finding.CodeCrashed, false},
		{"lies about its file", misLie, PoolOptions{}, finding.CodeCrashed, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.linux && runtime.GOOS != "linux" {
				t.Skip("the kernel's limits are set on Linux only")
			}
			c.opt.Workers = 2
			p := newPool(t, c.opt)
			dir := t.TempDir()
			got, err := misbehave(t, p, dir, c.how)
			if raceDetector && c.want == finding.CodeMemory {
				c.want = strings.TrimSuffix(strings.Join(got, ""), ":0:0") // one of the two
				if c.want != finding.CodeMemory && c.want != finding.CodeCrashed {
					t.Errorf("got %v", got)
				}
			}
			if c.want == "" {
				if !errors.Is(err, ErrStuck) || got != nil {
					t.Errorf("got %v (%v), want none of the letter's faults", got, err)
				}
			} else if !slices.Equal(got, []string{c.want + ":0:0"}) {
				t.Errorf("got %v (%v), want %s", got, err, c.want)
			}
			var refusal *Refusal
			if errors.As(err, &refusal) && !strings.HasPrefix(refusal.Findings[0].Code, "prepare-") { // that preparing is what failed
				t.Errorf("reason %q", refusal.Findings[0].Code)
			}
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			fullWidth(t, p)
		})
	}
}

// fullWidth checks that all of a pool's workers prepare letters: each slot is
// taken at the same time by a good one.
func fullWidth(t *testing.T, p *Pool) {
	t.Helper()
	good := write(t, "god.pdf", onePage(a4, "1 0 0 rg 0 0 9 9 re f"))
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 3 * p.opt.Workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if _, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: good}}, Output: filepath.Join(dir, strconv.Itoa(i))}); err != nil {
				t.Errorf("the next letter: %v", err)
			}
		}()
	}
	wg.Wait()
	if len(p.slots) != p.opt.Workers {
		t.Errorf("%d slots of %d", len(p.slots), p.opt.Workers)
	}
}

// TestOutputLimit: the code's own limit gives the reason, and the kernel holds
// a worker that does not keep it.
func TestOutputLimit(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1, Output: 1 << 20})
	noise := strings.Repeat("0123456789abcdef", 2<<20/16)
	letter := write(t, "stor.pdf", onePage(a4, "%"+noise+"\n"))
	dir := t.TempDir()
	_, err := p.Letter(t.Context(), Request{Documents: []Document{{Path: letter}}, Output: filepath.Join(dir, "o.pdf")})
	if got := codes(err); !slices.Equal(got, []string{finding.CodeTooLarge + ":0:0"}) {
		t.Errorf("2 MB under a limit of 1 MB: %v", err)
	}
	if runtime.GOOS == "linux" {
		want := fmt.Sprintf("wrote %d MB", (p.opt.Output+guard.OutputSlack)>>20)
		if _, err := misbehave(t, p, dir, misOverwrite); err == nil || err.Error() != want {
			t.Errorf("a worker that writes on: %v, want: %s", err, want)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	fullWidth(t, p)
}

// TestKilledAtWork: a worker killed from outside in the middle of a letter
// costs nothing, since the letter is tried again.
func TestKilledAtWork(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1})
	fullWidth(t, p)
	w := <-p.slots
	p.slots <- w
	killed := make(chan error)
	go func() {
		for len(p.slots) == 1 { // until the letter has the worker
			time.Sleep(time.Millisecond)
		}
		time.Sleep(50 * time.Millisecond)
		killed <- syscall.Kill(w.PID(), syscall.SIGKILL)
	}()
	got, err := misbehave(t, p, t.TempDir(), misHangUnlessNew)
	if err := <-killed; err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Errorf("%v %v", got, err)
	}
	if s := p.Stats(); s.Crashes != 1 || s.Started != 2 {
		t.Errorf("stats %+v", s)
	}
	fullWidth(t, p)
}

// TestConfined: whatever runs in a worker reaches no network, file or program.
func TestConfined(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("workers are confined on Linux only")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	free := reachOut(port)
	for _, must := range []string{"connect", "open", "create", "stat", "program"} {
		if !slices.Contains(free, must) {
			t.Fatalf("not even this process reaches more than %v", free)
		}
	}
	p := newPool(t, PoolOptions{Workers: 1})
	c, err := p.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !c.Whole() {
		judges.Lacks(t, judges.Confining, fmt.Sprintf("the kernel does not confine workers here: %+v", c))
	}
	if _, err := misbehave(t, p, t.TempDir(), misReachOut, port); err == nil || err.Error() != "reached: " {
		t.Errorf("a confined worker: %v", err)
	}
	fullWidth(t, p)
	if s := p.Stats(); s.Unconfined != 0 || s.Started != 1 {
		t.Errorf("stats %+v", s)
	}
}

// TestManyDocuments: more files than one packet hands over, and more than a
// letter may have.
func TestManyDocuments(t *testing.T) {
	t.Parallel()
	p := newPool(t, PoolOptions{Workers: 1})
	path := write(t, "a.pdf", onePage(a4, "0 0 9 9 re f"))
	out := filepath.Join(t.TempDir(), "o.pdf")
	for _, n := range []int{1, guard.FilesPerPacket - 1, guard.FilesPerPacket, 2*guard.FilesPerPacket + 1, maxDocuments} {
		docs := slices.Repeat([]Document{{Path: path}}, n)
		docs[n-1].GiroPages = []int{1}
		f, err := p.Letter(t.Context(), Request{Documents: docs, Output: out})
		if err != nil || len(f.Pages) != n || !slices.Equal(f.GiroPages(), []int{n}) {
			t.Errorf("%d documents: %d pages, giro %v, %v", n, len(f.Pages), f.GiroPages(), err)
		}
	}
	_, err := p.Letter(t.Context(), Request{Documents: slices.Repeat([]Document{{Path: path}}, maxDocuments+1), Output: out})
	if got := codes(err); !slices.Equal(got, []string{finding.CodeTooManyPages + ":0:0"}) {
		t.Errorf("too many: %v", err)
	}
}
