package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/calendar"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestServeOutlivesPostgreSQL: the daemon works on when PostgreSQL was stopped and started, with its lock taken again, and a night
// that was planned meanwhile is run.
func TestServeOutlivesPostgreSQL(t *testing.T) {
	t.Parallel()
	dsn, restart := postgrestest.OwnPostgres(t)
	dir := t.TempDir()
	s := newKillStage(t, dir, dsn)
	s.edit(t, "settle = \"0s\"", "settle = \"0s\"\nevery = \"1s\"\n[schedule]\nnight = \"0 21 * * *\"")
	path := filepath.Join(dir, config.DefaultName)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	start := time.Date(2026, 11, 23, 20, 50, 0, 0, calendar.Oslo)
	o := &options{Options: &cli.Options{Out: log, Err: log, Config: path}, wiring: wiring{Options: app.Options{Now: fastClock(start)}}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.serveOn(ctx, cfg, cli.JSONLogger(log), reloads{}) }()
	said := func(words string, times int) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); strings.Count(log.String(), words) < times; time.Sleep(50 * time.Millisecond) {
			select {
			case err := <-ended:
				t.Fatalf("serve ended by itself: %v\n%s", err, log.String())
			default:
			}
			if time.Now().After(end) {
				t.Fatalf("it is not said %d times: %s\n%s", times, words, log.String())
			}
		}
	}
	said(`"msg":"serving"`, 1)
	restart(3 * time.Second)
	said("the database was lost", 1)
	said(`"msg":"serving"`, 2)
	// Its lock is held again: no second daemon beside it.
	a, err := archive.Open(ctx, archive.Config{DSN: dsn, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var last store.Slot
		err := a.View(ctx, func(r store.Reader) (err error) {
			last, err = r.LastSlot(ctx, nights.ScheduleNight)
			return err
		})
		if err == nil && last.State == store.SlotDone {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the night is %s (%v)\n%s", last.State, err, log.String())
		}
	}
	if _, release, err := a.Lock(ctx, "serve-"+cfg.Node); err == nil {
		release()
		t.Error("the daemon's lock is free")
	}
	s.tick(t)
	if len(s.accepted) == 0 {
		t.Error("nothing was handed over")
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("serve: %v", err)
	}
}

// TestLostDatabaseIsTold: alarms stand in the database, so that each sink is told when the daemon has lost it for long, or for good.
func TestLostDatabaseIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKillStage(t, dir, "")
	path := filepath.Join(dir, config.DefaultName)
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append([]byte("[alarms.file]\npath = \"told.jsonl\"\n"), text...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	o := &options{Options: &cli.Options{Out: log, Err: log, Config: path}, wiring: wiring{lostAfter: time.Nanosecond}}
	told := func() int {
		b, err := os.ReadFile(filepath.Join(dir, "told.jsonl"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Count(string(b), "postgang serve could not begin")
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	away := *cfg
	away.Database = "postgres://127.0.0.1:1/postgang?connect_timeout=1"
	go func() {
		a, err := o.reopen(ctx, &away, cli.JSONLogger(log))
		if a != nil {
			err = errors.Join(errors.New("opened"), a.Close())
		}
		done <- err
	}()
	for end := time.Now().Add(time.Minute); strings.Count(log.String(), "cannot be used yet") < 2; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it is not tried again:\n%s", log.String())
		}
	}
	stop()
	if err := <-done; err != nil || told() != 1 {
		t.Errorf("told %d times, %v", told(), err)
	}
	if strings.Contains(log.String(), "alarm may be told over and over") {
		t.Error(log.String())
	}
}

// TestStuckScanIsAlarmed: a scan that does not come to its end is an alarm, until one does.
func TestStuckScanIsAlarmed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKillStage(t, dir, "")
	a := openFolder(t, dir, io.Discard)
	defer a.Close()
	d := &daemon{App: a}
	count := func(began time.Time) int {
		t.Helper()
		d.scanBegan.Store(began.UnixNano())
		if err := d.watchScan(t.Context()); err != nil {
			t.Fatal(err)
		}
		n := 0
		err := a.Archive.View(t.Context(), func(r store.Reader) error {
			open, err := r.Alarms(t.Context(), true)
			for _, al := range open {
				if al.Key == alarm.TroublePlace+"folder" {
					n += al.Count
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	long := time.Now().Add(-scanStuckAfter - time.Minute)
	for i, began := range []time.Time{time.Now(), long, long} {
		if got, want := count(began), min(i, 1); got != want {
			t.Errorf("look %d: %d alarms, want %d", i, got, want)
		}
	}
	d.scanAll(t.Context())
	if d.scanBegan.Load() != 0 || count(time.Now()) != 0 {
		t.Error("the alarm stays though a scan came to its end")
	}
}
