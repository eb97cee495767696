package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// fastClock runs a hundred times as fast as the real one.
func fastClock(start time.Time) func() time.Time {
	real := time.Now()
	return func() time.Time { return start.Add(100 * time.Since(real)) }
}

// TestServe: the daemon runs the night when it is due, once, stops when it is told, and catches up what it missed.
func TestServe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newKillStage(t, dir, "")
	path := filepath.Join(dir, config.DefaultName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "settle = \"0s\"", "settle = \"0s\"\nevery = \"1s\"\n[schedule]\nnight = \"0 21 * * 1-5\"", 1)
	edited = strings.Replace(edited, "host_key ", "answer_within = \"1m\"\nhost_key ", 1)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}

	// Monday morning: the hand-ins are taken. However slow the machine is, none is left for after the night.
	serveUntil(t, path, time.Date(2026, 11, 23, 8, 0, 0, 0, calendar.Oslo), func(r store.Reader) bool {
		left, err := filepath.Glob(filepath.Join(dir, "data", "post", "inn", "*", "*"))
		undecided, err2 := r.Shipments(context.Background(), store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusMottatt}, Limit: 1})
		return errors.Join(err, err2) == nil && len(left)+len(undecided) == 0
	})
	// Before nine in the evening: they are offered at nine. The vendor does not answer, and that is seen.
	slots := serveUntil(t, path, time.Date(2026, 11, 23, 20, 57, 0, 0, calendar.Oslo), func(r store.Reader) bool {
		last, err := r.LastSlot(context.Background(), nights.ScheduleNight)
		return err == nil && last.State == store.SlotDone && overdueAnswers(r) > 0
	})
	if len(slots) != 1 || !slots[0].At.Equal(time.Date(2026, 11, 23, 21, 0, 0, 0, calendar.Oslo)) {
		t.Fatalf("slots: %+v", slots)
	}
	s.tick(t)
	if n := len(s.accepted); n == 0 {
		t.Fatal("nothing was offered on Monday")
	}

	// Down on Tuesday night; up again on Wednesday morning: the missed night is run, once.
	slots = serveUntil(t, path, time.Date(2026, 11, 25, 8, 0, 0, 0, calendar.Oslo), func(r store.Reader) bool {
		last, err := r.LastSlot(context.Background(), nights.ScheduleNight)
		return err == nil && last.State == store.SlotDone && last.At.Equal(time.Date(2026, 11, 24, 21, 0, 0, 0, calendar.Oslo))
	})
	if len(slots) != 2 {
		t.Fatalf("slots: %+v", slots)
	}
	if _, errOut, code := program(t, dir, 0, "receipts", "fetch"); code != cli.ExitOK {
		t.Fatalf("receipts fetch: exit code %d\n%s", code, errOut)
	}
	s.check(t)
}

// overdueAnswers counts the open alarms about offers without an answer.
func overdueAnswers(r store.Reader) int {
	alarms, err := r.Alarms(context.Background(), true)
	n := 0
	for _, a := range alarms {
		if err == nil && strings.HasPrefix(a.Key, "no-answer:") {
			n++
		}
	}
	return n
}

// serveUntil runs the daemon until a condition holds, stops it, and gives the nights of the slot ledger.
func serveUntil(t *testing.T, path string, start time.Time, until func(r store.Reader) bool) []store.Slot {
	t.Helper()
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	a, err := open(context.Background(), cfg, cli.JSONLogger(log), wiring{Options: app.Options{Now: fastClock(start)}})
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{App: a, scheduleEvery: 100 * time.Millisecond, watchEvery: 100 * time.Millisecond}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.serve(ctx) }()
	held := false
	for end := time.Now().Add(5 * time.Minute); !held && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if err := a.Archive.View(ctx, func(r store.Reader) error { held = until(r); return nil }); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			t.Fatalf("serve ended by itself: %v\n%s", err, log.String())
		default:
		}
	}
	if !held {
		t.Fatalf("the condition did not come\n%s", log.String())
	}
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Fatalf("serve: %v", err)
		}
	case <-time.After(app.StopLimit):
		t.Fatal("serve does not stop")
	}
	var slots []store.Slot
	err = a.Archive.View(context.Background(), func(r store.Reader) error {
		var err error
		slots, err = r.Slots(context.Background(), nights.ScheduleNight, 10)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return slots
}

// TestDeliverReport: a workbook is brought once, whatever is repeated, and another beside it.
func TestDeliverReport(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	client, err := exchange.LoadOrCreateKey(filepath.Join(t.TempDir(), "nokkel"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := vendorsim.Serve(t.Context(), root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := os.Mkdir(filepath.Join(root, "rapporter"), 0o700); err != nil {
		t.Fatal(err)
	}
	target := exchange.Target{
		Address: server.Addr(), User: vendorsim.DefaultUser, HostKey: server.HostKeyLine(), Signer: client.Signer, Folders: exchange.Folders{Inbox: "rapporter"},
	}
	book := filepath.Join(t.TempDir(), "kostnytte-2026-11.xlsx")
	want := map[string]string{}
	for _, content := range []string{"én", "én", "to"} {
		if err := os.WriteFile(book, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := deliverReport(t.Context(), target, book); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(content))
		want[fmt.Sprintf("kostnytte-2026-11-%x.xlsx", sum[:4])] = content
	}
	got := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "rapporter", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		got[filepath.Base(f)] = string(data)
	}
	if !maps.Equal(got, want) {
		t.Errorf("at the server: %q, want %q", got, want)
	}
	target.Folders.Inbox = "borte"
	if err := deliverReport(t.Context(), target, book); err == nil {
		t.Error("brought to a folder that is not there")
	}
}

// TestServeEndsWithoutItsCertificate: who is to take hand-ins over the network and cannot does not go on as if nothing were wrong.
func TestServeEndsWithoutItsCertificate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, config.DefaultName)
	text := "[http]\nno_tokens = true\naddress = \"127.0.0.1:0\"\ncert_file = \"mangler.pem\"\nkey_file = \"mangler.key\"\n[vendors.hus]\nkind = \"manuell\"\n[accounts.a.sender]\nname = \"A\"\npostcode = \"0155\"\ncity = \"OSLO\"\n"
	cfg, err := config.Parse(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), cfg, cli.JSONLogger(&syncBuffer{}), wiring{Options: app.Options{Create: true}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	ended := make(chan error, 1)
	go func() { ended <- (&daemon{App: a}).serve(t.Context()) }()
	select {
	case err := <-ended:
		if !errors.Is(err, errNetwork) {
			t.Errorf("serve ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("serve goes on")
	}
}
