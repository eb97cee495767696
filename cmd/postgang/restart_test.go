package main

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/cmd/config"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
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
	dsn, restart := archivetest.OwnPostgres(t)
	dir := t.TempDir()
	s := newKillStage(t, dir, dsn)
	s.edit(t, "settle = \"0s\"", "settle = \"0s\"\nevery = \"1s\"\n[schedule]\nnight = \"0 21 * * *\"")
	path := filepath.Join(dir, config.DefaultName)
	cfg, err := config.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	log := &syncBuffer{}
	start := time.Date(2026, 11, 23, 20, 50, 0, 0, engine.Oslo)
	o := &options{world: world{out: log, err: log, wiring: wiring{now: fastClock(start)}}, config: path}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- o.serveOn(ctx, cfg, jsonLogger(log)) }()
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
		var last engine.Slot
		err := a.View(ctx, func(r engine.Reader) (err error) {
			last, err = r.LastSlot(ctx, engine.ScheduleNight)
			return err
		})
		if err == nil && last.State == engine.SlotDone {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the night is %s (%v)\n%s", last.State, err, log.String())
		}
	}
	if _, release, err := a.Lock(ctx, "serve"); err == nil {
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
