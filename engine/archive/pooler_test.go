package archive_test

import (
	"bytes"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"postgang/engine/archive"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/store"
	"postgang/fixtures/judges"
)

// ignored are what a connection of ours asks for and PgBouncer does not pass on.
const ignored = "idle_in_transaction_session_timeout, jit, tcp_keepalives_idle, tcp_keepalives_interval, tcp_keepalives_count, tcp_user_timeout, idle_session_timeout"

// TestPooler: an archive behind a PgBouncer that pools by session works; one whose locks would be nobody's is refused.
func TestPooler(t *testing.T) {
	t.Parallel()
	program := judges.Path(t, "pgbouncer")
	for mode, want := range map[string]string{"session": "", "transaction": "pool_mode = session"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			at := pooled(t, program, mode, postgrestest.Postgres(t))
			a, err := archive.Open(t.Context(), archive.Config{DSN: at})
			if want != "" {
				if err == nil {
					a.Close()
					t.Fatal("it is opened")
				}
				if !strings.Contains(err.Error(), want) {
					t.Fatalf("it is refused for another reason: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			}()
			ctx, release, err := a.Lock(t.Context(), "natt")
			if err != nil {
				t.Fatal(err)
			}
			defer release()
			if err := a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, "prøve", "ja") }); err != nil {
				t.Error(err)
			}
			if _, _, err := a.Lock(t.Context(), "natt"); err == nil {
				t.Error("the lock is given twice")
			}
		})
	}
}

// pooled starts a PgBouncer before a database and gives the URL through it.
func pooled(t *testing.T, program, mode, dsn string) string {
	t.Helper()
	server, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	dir, err := os.MkdirTemp("", "postgang-pgbouncer-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	name := strings.TrimPrefix(server.Path, "/")
	ini := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=127.0.0.1 port=%s user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = 60\nignore_startup_parameters = %s\n",
		name, server.Port(), port, mode, ignored)
	if err := os.WriteFile(ini, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(program, ini)
	cmd.Stdout, cmd.Stderr = &log, &log
	if os.Geteuid() == 0 { // it refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	server.Host = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	for range 100 {
		if c, err := net.Dial("tcp", server.Host); err == nil {
			c.Close()
			return server.String()
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("PgBouncer does not start: %s", log.String())
	return ""
}
