package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/engine/node"
	"postgang/engine/shipment"
)

// oldProgram builds the oldest program that knows today's schema: the commit that made the newest migration.
func oldProgram(t *testing.T) (program, commit string) {
	t.Helper()
	git := func(args ...string) string {
		out, err := exec.Command("git", args...).Output()
		if err != nil {
			t.Skipf("git %s: %v: the repository is not here", args[0], err)
		}
		return strings.TrimSpace(string(out))
	}
	root := git("rev-parse", "--show-toplevel")
	if commit = git("-C", root, "log", "-1", "--format=%H", "--", "engine/archive/migrations"); commit == "" || git("rev-parse", "--is-shallow-repository") == "true" {
		t.Skip("the repository has not its history")
	}
	dir := t.TempDir()
	program = filepath.Join(dir, "postgang")
	for _, command := range []string{`git -C "$1" archive "$2" | tar -x -C "$3"`, `cd "$3" && go build -trimpath -o postgang ./cmd/postgang`} {
		if out, err := exec.Command("sh", "-c", command, "sh", root, commit, dir).CombinedOutput(); err != nil {
			// As in the first: a commit that is not here any more, or one whose folders have changed places.
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	return program, commit
}

// TestOldBesideNew: the oldest program that knows today's schema serves an archive beside today's, as in an upgrade one machine after
// the other: each begins a night, they share the work, and each letter is printed once.
func TestOldBesideNew(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("builds a program and runs two; without the race detector")
	}
	program, commit := oldProgram(t)
	s := newMachineStage(t, newMachineFigures(t), rand.New(rand.NewPCG(3, 1)), 2)
	s.begin()
	s.tried = append(s.tried, "beside the program of "+commit)
	before, now := s.machines[0], s.machines[1]
	before.program = program
	others := strings.ReplaceAll(strings.Replace(node.Names(node.Roles()), ", "+string(node.Schedule), "", 1), " ", "")
	for _, begins := range []*chaosMachine{before, now} {
		for _, m := range s.machines {
			if m.roles = others; m == begins {
				m.roles = ""
			}
			m.start(t)
		}
		for range 4 {
			s.handIn()
		}
		for end := time.Now().Add(3 * time.Minute); s.sent() < s.handIns; time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d of %d letters are handed over\n%s", s.sent(), s.handIns, s.logs())
			}
		}
		s.tick(0)
		if code, out := s.run(chaosAttempt{}, "receipts", "fetch"); code != 0 {
			t.Errorf("receipts fetch: exit code %d\n%s", code, out)
		}
		for _, m := range s.machines {
			m.end(syscall.SIGTERM)
		}
		if !strings.Contains(begins.log.String(), `"msg":"night done"`) {
			t.Errorf("%s has begun no night\n%s", begins.name, begins.log.String())
		}
		s.check(false)
	}
	for _, m := range s.machines {
		if said := m.log.String(); strings.Contains(said, "panic") || !strings.Contains(said, `"msg":"job moved"`) {
			t.Errorf("%s panicked, or did nothing:\n%s", m.name, said)
		}
	}
	s.settle()
	s.finish()
	s.documentsComplete()
}

// sent is how many letters are at the vendor or printed, by the archive.
func (s *machineStage) sent() (n int) {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(ctx)
	query := `SELECT count(*) FROM shipment WHERE status IN ($1, $2)`
	if err := conn.QueryRow(ctx, query, string(shipment.StatusSendtPrint), string(shipment.StatusPrintet)).Scan(&n); err != nil {
		s.t.Fatal(fmt.Errorf("count letters: %w", err))
	}
	return n
}
