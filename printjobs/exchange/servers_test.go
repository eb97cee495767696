package exchange_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	"golang.org/x/crypto/ssh"

	"postgang/fixtures/judges"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// side is a vendor's account on one kind of server, over a folder of its own.
type side struct {
	root    string
	target  exchange.Target // complete: a Dial with it succeeds
	openssh bool
}

// onBoth runs a test against the simulator's server and against OpenSSH.
func onBoth(t *testing.T, test func(t *testing.T, v *side)) {
	t.Helper()
	t.Run("simulator", func(t *testing.T) {
		t.Parallel()
		test(t, simulator(t, nil))
	})
	t.Run("openssh", func(t *testing.T) {
		t.Parallel()
		test(t, openSSH(t))
	})
}

func newKey(t testing.TB) exchange.Key {
	t.Helper()
	k, err := exchange.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// quick are timeouts for tests: long enough for a machine under load.
var quick = exchange.Timeouts{Dial: 20 * time.Second, Operation: 20 * time.Second, Keepalive: 5 * time.Second}

func simulator(t testing.TB, fault func(vendorsim.Event) error) *side {
	t.Helper()
	root, client := t.TempDir(), newKey(t)
	srv, err := vendorsim.Serve(context.Background(), root, vendorsim.ServeOptions{
		ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}, Fault: fault,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	return &side{root: root, target: exchange.Target{
		Address: srv.Addr(), User: vendorsim.DefaultUser, HostKey: srv.HostKeyLine(), Signer: client.Signer,
		Timeouts: quick, ConcurrentWrites: true,
	}}
}

// openSSH runs a real sshd for each connection to a port of ours (sshd -i), so
// that no port has to be guessed.
func openSSH(t testing.TB, settings ...string) *side {
	t.Helper()
	if testing.Short() {
		t.Skip("starts an sshd for each connection; the same is done with the simulator")
	}
	sshd := judges.Path(t, "sshd")
	if os.Getuid() == 0 {
		// Made by the service's start script, which does not run here.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	dir, root := t.TempDir(), t.TempDir()
	if err := vendorsim.MakeFolders(root); err != nil {
		t.Fatal(err)
	}
	host, client := newKey(t), newKey(t)
	write := func(name string, b string, mode os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(b), mode); err != nil {
			t.Fatal(err)
		}
		return p
	}
	config := write("sshd_config", strings.Join(append(settings,
		"HostKey "+write("host", string(host.PEM), 0o600),
		"AuthorizedKeysFile "+write("keys", client.Authorized+"\n", 0o600),
		"PidFile none", "UsePAM no", "StrictModes no", "PermitRootLogin prohibit-password", "PasswordAuthentication no",
		"KbdInteractiveAuthentication no", "Subsystem sftp internal-sftp", "ForceCommand internal-sftp -d "+root,
		"MaxStartups 100", "LoginGraceTime 60", "",
	), "\n"), 0o644)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() {
				defer wg.Done()
				f, err := c.(*net.TCPConn).File()
				c.Close()
				if err != nil {
					return
				}
				defer f.Close()
				cmd := exec.CommandContext(ctx, sshd, "-i", "-e", "-f", config)
				cmd.Stdin, cmd.Stdout = f, f
				cmd.Run()
			}()
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		stop()
		wg.Wait()
	})
	return &side{root: root, openssh: true, target: exchange.Target{
		Address: ln.Addr().String(), User: me.Username, Signer: client.Signer,
		HostKey:  knownhosts.Line([]string{ln.Addr().String()}, host.Signer.PublicKey()),
		Timeouts: quick, ConcurrentWrites: true,
	}}
}

func (v *side) dial(t testing.TB) *exchange.Session {
	t.Helper()
	return dial(t, v.target)
}

func dial(t testing.TB, target exchange.Target) *exchange.Session {
	t.Helper()
	s, err := exchange.Dial(context.Background(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (v *side) path(name string) string { return filepath.Join(v.root, filepath.FromSlash(name)) }

func (v *side) write(t testing.TB, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(v.path(name), b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (v *side) read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(v.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// names lists the files of a folder.
func (v *side) names(t testing.TB, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(v.path(folder))
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, e := range entries {
		if !e.IsDir() {
			out = append(out, e.Name())
		}
	}
	return out
}

// vendor does the vendor's work behind either server.
func (v *side) vendor() *vendorsim.Vendor {
	return vendorsim.New(v.root, vendorsim.Options{
		// The print files of these tests are random bytes with a page count in front.
		PageCount: func(file string) (n int, err error) {
			b, err := os.ReadFile(file)
			if err == nil {
				_, err = fmt.Sscanf(string(b[:min(len(b), 20)]), "pages %d\n", &n)
			}
			return n, err
		},
	})
}

// proxy is a TCP connection that can be cut or stopped.
type proxy struct {
	ln     net.Listener
	mu     sync.Mutex
	gate   sync.Cond
	stuck  bool
	deaf   bool  // forward to the server only
	budget int64 // bytes to the server until the cut; negative: no cut
	open   map[net.Conn]bool
	most   int // connections that are let through; 0: all
}

// through puts a proxy in front of a target and gives the target by way of it.
// The host key is pinned for any address, since the address differs.
func through(t testing.TB, target exchange.Target) (*proxy, exchange.Target) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{ln: ln, budget: -1, open: map[net.Conn]bool{}}
	p.gate.L = &p.mu
	go p.run(target.Address)
	t.Cleanup(func() {
		ln.Close()
		p.cut()
	})
	target.Address = ln.Addr().String()
	target.HostKey = target.HostKey[strings.Index(target.HostKey, " ")+1:]
	return p, target
}

func (p *proxy) run(to string) {
	for {
		c, err := p.ln.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", to)
		if err != nil {
			c.Close()
			continue
		}
		p.mu.Lock()
		if p.most > 0 && len(p.open) >= 2*p.most {
			p.mu.Unlock()
			c.Close()
			s.Close()
			continue
		}
		p.open[c], p.open[s] = true, true
		p.mu.Unlock()
		go p.pipe(s, c, true)
		go p.pipe(c, s, false)
	}
}

func (p *proxy) pipe(dst, src net.Conn, up bool) {
	defer dst.Close()
	defer src.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := src.Read(buf)
		p.mu.Lock()
		for p.stuck || p.deaf && !up {
			p.gate.Wait()
		}
		dead := false
		if up && p.budget >= 0 {
			if p.budget -= int64(n); p.budget < 0 {
				dead = true
			}
		}
		p.mu.Unlock()
		if dead {
			p.cut()
			return
		}
		if _, err2 := dst.Write(buf[:n]); err != nil || err2 != nil {
			return
		}
	}
}

// cut ends all connections and lets stopped ones go.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
	p.open = map[net.Conn]bool{}
	p.stuck, p.deaf, p.budget = false, false, -1
	p.gate.Broadcast()
}

// cutAfter cuts when so many more bytes went to the server.
func (p *proxy) cutAfter(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.budget = n
}

// stall stops forwarding without closing anything.
func (p *proxy) stall() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck = true
}

// deafen lets requests reach the server and holds back its answers.
func (p *proxy) deafen() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = true
}

// job is a print job in memory.
type job struct {
	id     string
	ticket exchange.Ticket
	ready  exchange.Ready
	files  []exchange.File // in the order in which they are put: print files, manifest, ticket
	bytes  map[string][]byte
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// newJob makes a job with print files of these sizes, two letters in each.
func newJob(t testing.TB, id string, sizes ...int) *job {
	t.Helper()
	j := &job{id: id, bytes: map[string][]byte{}}
	add := func(seq int, f exchange.File, b []byte) exchange.File {
		f.SHA256, f.Bytes = sum(b), int64(len(b))
		name, err := exchange.FileName(id, seq, f.Kind, f.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		f.Name = name
		j.files, j.bytes[name] = append(j.files, f), b
		return f
	}
	var rows []exchange.ManifestRow
	random := rand.NewChaCha8(sha256.Sum256([]byte(id)))
	for i, size := range sizes {
		b := make([]byte, size)
		random.Read(b)
		copy(b, "pages 6\n")
		f := add(i+1, exchange.File{Kind: exchange.KindPrint, Sides: 6, Letters: 2, FirstLetter: 2*i + 1, LastLetter: 2*i + 2}, b)
		for k, sheets := range []int{1, 2} {
			first := 1 + 2*k
			rows = append(rows, exchange.ManifestRow{
				Letter: 2*i + 1 + k, Shipment: fmt.Sprintf("s-%s-%d-%d", id, i, k), Konteringskode: "4711", File: f.Name,
				FirstSheet: 3*i + 1 + k, FirstSide: first, LastSide: first + 2*sheets - 1, Sheets: sheets, Stock: exchange.StockRuns([]string{"COVER", "PLAIN"}[:sheets]), Pages: 2*sheets - 1, PagesBW: 2*sheets - 1,
				Envelope: "C5", Zone: "NORGE", WeightGram: 7 + 5*sheets, Duplex: true,
			})
		}
	}
	var m bytes.Buffer
	if err := exchange.WriteManifest(&m, slices.Values(rows)); err != nil {
		t.Fatal(err)
	}
	add(0, exchange.File{Kind: exchange.KindManifest}, m.Bytes())
	j.ticket = exchange.Ticket{
		Job: id, Vendor: "sim", Created: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC),
		Class: exchange.Class{Duplex: true, Envelope: "C5", Zone: "NORGE"}, Totals: exchange.TotalsOf(slices.Values(rows), j.files), Files: j.files,
	}
	b, err := j.ticket.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f := add(0, exchange.File{Kind: exchange.KindTicket}, b)
	j.ready = exchange.Ready{Job: id, Ticket: f.Name, TicketSHA256: f.SHA256}
	return j
}

// put sends all files of the job.
func (j *job) put(s *exchange.Session) error {
	for _, f := range j.files {
		if err := s.Put(context.Background(), f, bytes.NewReader(j.bytes[f.Name])); err != nil {
			return err
		}
	}
	return nil
}

// offer does what the engine does: look, put, hand over.
func (j *job) offer(s *exchange.Session) error {
	st, err := s.State(context.Background(), j.id)
	if err != nil || st.Offered() {
		return err
	}
	if err := j.put(s); err != nil {
		return err
	}
	return s.PutReady(context.Background(), j.ready)
}

// arrived checks that the inbox holds exactly the job's files, byte by byte.
func (j *job) arrived(t testing.TB, v *side, ready bool) {
	t.Helper()
	want := map[string]bool{}
	for name, b := range j.bytes {
		want[name] = true
		if got, err := os.ReadFile(v.path("inn/" + name)); err != nil || !bytes.Equal(got, b) {
			t.Errorf("%s did not arrive as sent (%v)", name, err)
		}
	}
	if ready {
		want[exchange.ReadyName(j.id)] = true
	}
	for _, n := range v.names(t, "inn") {
		if !want[n] {
			t.Errorf("inbox holds %s", n)
		}
		delete(want, n)
	}
	for n := range want {
		t.Errorf("inbox lacks %s", n)
	}
}

func wantError(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// shortReader gives an error after some bytes.
type shortReader struct{ n int64 }

func (r shortReader) ReadAt(b []byte, off int64) (int, error) {
	if off >= r.n {
		return 0, io.ErrUnexpectedEOF
	}
	return int(min(int64(len(b)), r.n-off)), nil
}
