package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/notify"
	"postgang/engine/store"
)

// edit changes a stage's configuration.
func (s *killStage) edit(t *testing.T, old, new string) {
	t.Helper()
	path := filepath.Join(s.dir, config.DefaultName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		t.Fatalf("the configuration has no %q", old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAlarmsAreTold: an alarm is told by the command in which it is raised, in a file that programs read, and its end too.
func TestAlarmsAreTold(t *testing.T) {
	t.Parallel()
	s := newKillStage(t, t.TempDir(), "")
	const sinks = "[alarms]\nname = \"Prøve\"\ndisk_free_mb = %\n[alarms.file]\npath = \"alarmer.jsonl\"\n[alarms.webhook]\nurl = \"http://127.0.0.1:1/\"\n"
	const enormous = "1000000000"
	s.edit(t, "[intake]", strings.Replace(sinks, "%", enormous, 1)+"[intake]")
	told := func() (out []notify.Message) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(s.dir, "alarmer.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
			var m notify.Message
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			out = append(out, m)
		}
		return out
	}
	if _, errOut, code := program(t, s.dir, 0, "status"); code != cli.ExitPartial {
		t.Fatalf("status with an alarm: exit code %d\n%s", code, errOut)
	}
	if m := told(); len(m) != 1 || m[0].Key != "disk:documents" || m[0].Over {
		t.Fatalf("told %+v", m)
	}
	out, _, code := program(t, s.dir, 0, "alarms", "list", "--json")
	var v alarmsView
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != cli.ExitPartial {
		t.Fatalf("alarms list: exit code %d, %v", code, err)
	}
	if len(v.Alarms) != 1 || len(v.Sinks) != 2 || v.Sinks[0].Failures != 0 || v.Sinks[1].Failures != 1 || v.Sinks[1].Waiting != 1 || v.Sinks[1].Error == "" {
		t.Errorf("alarms list: %+v", v)
	}
	out, _, code = program(t, s.dir, 0, "alarms", "test")
	if code != cli.ExitFailed || !strings.Contains(out, "file: sent") || !strings.Contains(out, "webhook: FAILED") {
		t.Errorf("alarms test: exit code %d\n%s", code, out)
	}
	if out, _, code := program(t, s.dir, 0, "alarms", "test", "file"); code != cli.ExitOK {
		t.Errorf("alarms test file: exit code %d\n%s", code, out)
	}
	if _, errOut, code := program(t, s.dir, 0, "alarms", "test", "brevdue"); code != cli.ExitUsage {
		t.Errorf("alarms test of a sink that is not there: exit code %d\n%s", code, errOut)
	}
	if out, _, _ := program(t, s.dir, 0, "doctor"); !strings.Contains(out, "FAIL  alarms webhook") || !strings.Contains(out, "ok    alarms file") {
		t.Errorf("doctor:\n%s", out)
	}
	s.edit(t, enormous, "1")
	if _, errOut, code := program(t, s.dir, 0, "night"); code != cli.ExitPartial || !onlyRefused(errOut) { // a sink that is down keeps no night
		t.Fatalf("night: exit code %d\n%s", code, errOut)
	}
	if m := told(); len(m) != 4 || !m[1].Test || !m[2].Test || m[3].Key != "disk:documents" || !m[3].Over {
		t.Errorf("told %+v", m)
	}
}

// TestHealth: the daemon says over HTTP what "postgang status" says, and is ill when its loop stands still.
func TestHealth(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKillStage(t, dir, "")
	a := openFolder(t, dir, io.Discard)
	defer a.Close()
	d := &daemon{App: a}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); d.serveHealth(ctx, ln) }()
	get := func(path string, want int) string {
		t.Helper()
		res, err := http.Get("http://" + ln.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != want {
			t.Errorf("%s: %s, want %d\n%s", path, res.Status, want, b)
		}
		return string(b)
	}
	d.beat.Store(time.Now().UnixNano())
	get("/healthz", http.StatusOK)
	get("/alarms", http.StatusOK)
	get("/livez", http.StatusOK)
	get("/readyz", http.StatusOK)
	if s := get("/metrics", http.StatusOK); !strings.Contains(s, "postgang_archive_up 1\n") || !strings.Contains(s, "go_goroutines") {
		t.Error(s)
	}
	get("/", http.StatusNotFound)
	if err := a.Archive.InTx(ctx, func(tx store.Tx) error {
		return tx.RaiseAlarm(ctx, "uncertain:TEST000001", alarm.Args{"text": "ask"})
	}); err != nil {
		t.Fatal(err)
	}
	if s := get("/healthz", http.StatusOK); !strings.Contains(s, "1 alarms open") {
		t.Error(s)
	}
	get("/alarms", http.StatusServiceUnavailable)
	told := get("/status", http.StatusOK)
	out, _, _ := program(t, dir, 0, "status", "--json")
	if told != out || !strings.Contains(told, "uncertain:TEST000001") {
		t.Errorf("over HTTP:\n%s\nby the command:\n%s", told, out)
	}
	d.beat.Store(time.Now().Add(-stuckAfter - time.Second).UnixNano())
	get("/healthz", http.StatusServiceUnavailable)
	get("/livez", http.StatusServiceUnavailable)
	get("/readyz", http.StatusServiceUnavailable)
	stop()
	<-done
}
