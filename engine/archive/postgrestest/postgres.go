// Package postgrestest starts the PostgreSQL that tests need.
package postgrestest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postgang/fixtures/judges"
)

// server is the one PostgreSQL of a test binary.
type server struct {
	bin, dir string
	port     int
	attr     *syscall.SysProcAttr // whose the processes are
	made     atomic.Int64
	stop     func()
}

var start = sync.OnceValues(startServer)

// started is the running server, for Main.
var started atomic.Pointer[server]

// Main is the body of a TestMain: it runs the tests and stops the PostgreSQL that they used.
func Main(m *testing.M) int {
	code := m.Run()
	if s := started.Load(); s != nil {
		s.stop()
	}
	return code
}

// Postgres gives the URL of a new, empty database of a PostgreSQL that the first call starts. A test binary that calls
// it must have a TestMain that calls Main. Without PostgreSQL the test is skipped, or fails when CI is set; the inner loop (-short) does
// without it.
func Postgres(t testing.TB) string {
	t.Helper()
	notShort(t)
	judges.Need(t, "initdb")
	s, err := start()
	if err != nil {
		t.Fatal(err)
	}
	return s.create(t)
}

// create makes a new database and gives its URL.
func (s *server) create(t testing.TB) string {
	t.Helper()
	name := "t" + strconv.FormatInt(s.made.Add(1), 10)
	out, err := exec.Command(filepath.Join(s.bin, "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1",
		"-c", "CREATE DATABASE "+name, s.url("postgres")).CombinedOutput()
	if err != nil {
		t.Fatalf("create database: %v\n%s", err, out)
	}
	return s.url(name)
}

// notShort leaves a test out of the inner loop.
func notShort(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts PostgreSQL; the same is done with SQLite")
	}
}

// OwnPostgres starts a PostgreSQL for one test alone and gives the URL of a new, empty database, and what stops the server at once
// and starts it again on the same data and port, after a while.
func OwnPostgres(t testing.TB) (dsn string, restart func(down time.Duration)) {
	t.Helper()
	notShort(t)
	judges.Need(t, "initdb")
	s, err := newServer()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stop()
		os.RemoveAll(s.dir)
	})
	return s.create(t), func(down time.Duration) {
		t.Helper()
		s.stop()
		time.Sleep(down)
		if err := s.run(); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *server) url(database string) string {
	return (&url.URL{
		Scheme: "postgres", User: url.User("postgres"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path: "/" + database, RawQuery: "sslmode=disable",
	}).String()
}

func startServer() (*server, error) {
	s, err := newServer()
	if err != nil {
		return nil, err
	}
	stop := s.stop
	s.stop = func() {
		stop()
		os.RemoveAll(s.dir)
	}
	started.Store(s)
	return s, nil
}

// newServer makes a server's data and starts it.
func newServer() (*server, error) {
	program, err := judges.Find("initdb")
	if err != nil {
		return nil, err
	}
	bin := filepath.Dir(program) // Debian keeps all of the server's programs there
	dir, err := os.MkdirTemp("", "postgang-postgres-")
	if err != nil {
		return nil, err
	}
	s := &server{bin: bin, dir: dir, attr: &syscall.SysProcAttr{}}
	attr := s.attr
	if os.Geteuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return nil, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(dir, "data")
	// A linguistic collation, so that a missing byte-wise one shows.
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N",
		"-E", "UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=nb")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	l.Close()
	if err := s.run(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

// run starts the server on its data, and sets what stops it.
func (s *server) run() error {
	var log bytes.Buffer
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "fsync=off", "-c", "full_page_writes=off")
	run := *s.attr
	run.Pdeathsig = syscall.SIGQUIT // a killed test binary leaves no server behind
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = &run, s.dir, &log, &log
	begun, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig comes when the thread that started the child ends
		err := cmd.Start()
		begun <- err
		if err == nil {
			_ = cmd.Wait() // it is told to stop, or dies with the tests
		}
		close(ended)
	}()
	if err := <-begun; err != nil {
		return err
	}
	s.stop = func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	}
	ready := func() bool {
		return exec.Command(filepath.Join(s.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", strconv.Itoa(s.port)).Run() == nil
	}
	for deadline := time.Now().Add(30 * time.Second); !ready(); time.Sleep(50 * time.Millisecond) {
		select {
		case <-ended:
			return fmt.Errorf("postgres ended at once:\n%s", log.String())
		default:
		}
		if time.Now().After(deadline) {
			s.stop()
			return errors.New("postgres did not answer in 30 seconds")
		}
	}
	return nil
}
