package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// TestReload: a running daemon takes a right configuration in the same process; one with faults, or one that cannot be used, it does not,
// and says so.
func TestReload(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, _ := emptyKillStage(t, dir, "", "")
	if _, errOut, code := program(t, dir, 0, "reload"); code != cli.ExitFailed || !strings.Contains(errOut, "no postgang serve runs here") {
		t.Errorf("without a daemon: exit code %d\n%s", code, errOut)
	}
	m := &machine{name: "en", roles: "intake,schedule", log: &syncBuffer{}}
	m.start(t, dir)
	defer func() { m.end(os.Kill) }()
	said := func(words string, times int) {
		t.Helper()
		for end := time.Now().Add(time.Minute); strings.Count(m.log.String(), words) < times; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("it is not said %d times: %s\n%s", times, words, m.log.String())
			}
		}
	}
	alarmed := func(want bool) {
		t.Helper()
		out, errOut, _ := program(t, dir, 0, "alarms", "list")
		if open := strings.Contains(out, "was to be read again") && !strings.Contains(out, "  over "); open != want {
			t.Errorf("alarmed %v, want %v:\n%s%s", !want, want, out, errOut)
		}
	}
	said(`"msg":"serving"`, 1)

	address := freeAddress(t)
	s.edit(t, "[intake]\n", "[health]\naddress = \""+address+"\"\n[intake]\n")
	if out, errOut, code := program(t, dir, 0, "reload"); code != cli.ExitOK {
		t.Fatalf("reload: exit code %d\n%s\n%s", code, out, errOut)
	}
	said(`"msg":"serving"`, 2)
	said("the configuration was read again", 1)
	res, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		t.Fatalf("what the new configuration opens: %v\n%s", err, m.log.String())
	}
	res.Body.Close()

	// Faults are told before anybody is; and when the daemon is told all the same, by it.
	s.edit(t, "settle = \"0s\"", "settle = \"0s\"\nunknown = 1")
	if _, errOut, code := program(t, dir, 0, "reload"); code != cli.ExitUsage || !strings.Contains(errOut, "intake.unknown") {
		t.Errorf("reload with a fault: exit code %d\n%s", code, errOut)
	}
	if err := m.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	said("the configuration is not taken", 1)
	s.edit(t, "\nunknown = 1", "")
	alarmed(true)

	// A configuration that is right, and cannot be used: the documents are another archive's.
	other := filepath.Join(dir, "andres")
	if err := os.MkdirAll(other, 0o700); err == nil {
		err = os.WriteFile(filepath.Join(other, "archive.id"), []byte("00000000-0000-4000-8000-000000000000\n"), 0o600)
		if err != nil {
			t.Fatal(err)
		}
	}
	s.edit(t, "[archive]\n", "[archive]\ndocuments = \"andres\"\n")
	if err := m.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	said("the one of before is taken again", 1)
	said(`"msg":"serving"`, 3)

	s.edit(t, "documents = \"andres\"\n", "")
	if _, errOut, code := program(t, dir, 0, "reload"); code != cli.ExitOK {
		t.Fatalf("reload: exit code %d\n%s", code, errOut)
	}
	said(`"msg":"serving"`, 4)
	said("the configuration was read again", 2)
	alarmed(false)
	m.end(syscall.SIGTERM)
	if code := m.cmd.ProcessState.ExitCode(); code != cli.ExitOK {
		t.Errorf("exit code %d\n%s", code, m.log.String())
	}
	if left, err := filepath.Glob(filepath.Join(dir, "data", "arbeid", "serve-*")); err != nil || len(left) > 0 {
		t.Errorf("left in the work folder: %v, %v", left, err)
	}
	if _, err := config.Load(filepath.Join(dir, config.DefaultName)); err != nil {
		t.Error(err)
	}
}
