package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/morning"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// TestMorning: the report tells of letters, runs and alarms without anybody's name, by command, by webhook and by the clock, once a slot;
// one that cannot be sent is alarmed.
func TestMorning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newKillStage(t, dir, "")
	var posted atomic.Pointer[string]
	var down atomic.Bool
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || down.Load() {
			http.Error(w, "borte", http.StatusServiceUnavailable)
			return
		}
		text := string(b)
		posted.Store(&text)
	}))
	defer hook.Close()
	s.edit(t, "[intake]\n", "[schedule]\nmorning = \"* * * * *\"\n[alarms.webhook]\nurl = \""+hook.URL+"\"\n[morning]\nwebhook = true\n[intake]\n")
	if _, errOut, code := program(t, dir, 0, "night"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s", code, errOut)
	}
	out, errOut, code := program(t, dir, 0, "morning")
	if code != cli.ExitOK {
		t.Fatalf("morning: exit code %d\n%s", code, errOut)
	}
	for _, want := range []string{"MÅ SES PÅ", "LEVERT INN", "avvist", "SENDT TIL UTSKRIFT", "venter på svar"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if posted.Load() != nil {
		t.Error("it was sent unasked")
	}
	if _, errOut, code := program(t, dir, 0, "morning", "--send"); code != cli.ExitOK {
		t.Fatalf("morning --send: exit code %d\n%s", code, errOut)
	}
	var sent struct {
		Subject  string
		Sections []morning.Section
	}
	if posted.Load() == nil {
		t.Fatal("nothing was posted")
	}
	if err := json.Unmarshal([]byte(*posted.Load()), &sent); err != nil || sent.Subject == "" || len(sent.Sections) < 6 {
		t.Errorf("posted %s (%v)", *posted.Load(), err)
	}

	// By the clock: once a slot, and what cannot be sent is alarmed.
	a := openFolder(t, dir, io.Discard)
	defer a.Close()
	posted.Store(nil)
	since := a.Now().Add(-90 * time.Second) // a slot a minute
	run := func() (store.Slot, bool) {
		t.Helper()
		failed := a.Engine.Scheduled(t.Context(), a.Config.Schedules, since, nil) != nil
		last, err := store.View(t.Context(), a.Archive, func(r store.Reader) (store.Slot, error) { return r.LastSlot(t.Context(), nights.ScheduleMorning) })
		if err != nil {
			t.Fatal(err)
		}
		return last, failed
	}
	first, failed := run()
	if failed || first.State != store.SlotDone || posted.Load() == nil {
		t.Fatalf("by the clock: %+v, failed %v, posted %v", first, failed, posted.Load() != nil)
	}
	down.Store(true)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(500 * time.Millisecond) { // until the next minute
		if next, failed := run(); !next.At.Equal(first.At) {
			if !failed || next.State != store.SlotFailed {
				t.Errorf("while the webhook is down: %+v, failed %v", next, failed)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("the next minute does not come")
		}
	}
	out, _, _ = program(t, dir, 0, "alarms", "list")
	if !strings.Contains(out, "scheduled run morning") {
		t.Errorf("nobody is told:\n%s", out)
	}
}
