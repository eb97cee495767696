package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/cmd/cli"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/node"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// machine is a process of serve that is killed and started again.
type machine struct {
	name, roles string
	log         *syncBuffer
	cmd         *exec.Cmd
}

func (m *machine) start(t *testing.T, dir string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m.cmd = exec.Command(exe, "serve", "--node", m.name, "--roles", m.roles)
	m.cmd.Dir, m.cmd.Env = dir, append(os.Environ(), envBeProgram+"=1")
	m.cmd.Stdout, m.cmd.Stderr = m.log, m.log
	if err := m.cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

func (m *machine) end(how os.Signal) {
	_ = m.cmd.Process.Signal(how) // it may have ended by itself
	_ = m.cmd.Wait()              // by the signal
}

// TestNodesTakeOver: three machines on one PostgreSQL, each with its part of the work or with all of it, are killed at any moment and
// have their connections cut, while letters are handed in and nights run every minute: each letter is printed once.
func TestNodesTakeOver(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	dsn := postgrestest.Postgres(t)
	dir := t.TempDir()
	s, source := emptyKillStage(t, dir, dsn, "")
	s.edit(t, "settle = \"0s\"", "settle = \"0s\"\nevery = \"1s\"\n[schedule]\nnight = \"* * * * *\"")
	// The first process makes the archive.
	if out, errOut, code := program(t, dir, 0, "archive", "create"); code != cli.ExitOK {
		t.Fatalf("archive create: exit code %d\n%s\n%s", code, out, errOut)
	}
	machines := []*machine{
		{name: "front", roles: "intake,schedule,exchange"}, {name: "makes", roles: "prepare,compose"}, {name: "all", roles: node.Names(node.Roles())},
	}
	for _, m := range machines {
		m.roles = strings.ReplaceAll(m.roles, " ", "")
		m.log = &syncBuffer{}
		m.start(t, dir)
		defer func() { m.end(os.Kill) }()
	}
	logs := func() string {
		var b strings.Builder
		for _, m := range machines {
			b.WriteString("--- " + m.name + "\n" + m.log.String())
		}
		return b.String()
	}

	var wg sync.WaitGroup
	wg.Go(func() {
		for _, a := range source.expected.Accounts {
			out, errOut, code := program(t, dir, 0, "submit", "--wait=false", "--account", a.Key, filepath.Join(source.dir, a.Key))
			if code != cli.ExitOK {
				t.Errorf("submit: exit code %d\n%s\n%s", code, out, errOut)
			}
		}
	})
	const seed = 7
	rng := rand.New(rand.NewPCG(seed, 1))
	kills, cuts := 0, 0
	view := openFolder(t, dir, os.Stderr)
	defer view.Close()
	settled := func() bool {
		done := false
		err := view.Archive.View(t.Context(), func(r store.Reader) error {
			all, err := r.Shipments(t.Context(), store.ShipmentFilter{})
			if err != nil || len(all) < s.handedIn {
				return err
			}
			done = !slices.ContainsFunc(all, func(sh shipment.Shipment) bool {
				return sh.Status == shipment.StatusMottatt || sh.Status != shipment.StatusSendtPrint && !sh.DueAt.IsZero() && !sh.DueAt.After(time.Now()) && sh.Hold == "" && sh.ReadAt.IsZero() && sh.Status != shipment.StatusAvvist
			})
			return nil
		})
		return err == nil && done // connections are cut here too
	}
	for end := time.Now().Add(4 * time.Minute); !settled(); {
		if time.Now().After(end) {
			t.Fatalf("letters wait still after %d kills and %d cuts\n%s", kills, cuts, logs())
		}
		time.Sleep(time.Duration(500+rng.IntN(2500)) * time.Millisecond)
		if kills+cuts >= 20 {
			continue // and now in peace
		}
		if rng.IntN(4) == 0 {
			cutConnections(t, dsn)
			cuts++
			continue
		}
		m := machines[rng.IntN(len(machines))]
		m.end(os.Kill)
		m.start(t, dir)
		kills++
	}
	wg.Wait()
	t.Logf("%d kills, %d times all connections cut", kills, cuts)

	list := func() (nodes []nodeView) {
		out, errOut, code := program(t, dir, 0, "node", "list", "--json")
		if code != cli.ExitOK {
			t.Fatalf("node list: exit code %d\n%s", code, errOut)
		}
		if err := json.Unmarshal([]byte(out), &nodes); err != nil {
			t.Fatal(err)
		}
		return nodes
	}
	// The last of them may have been started, or have lost its connections, just now: then it could tell nobody that it ends.
	peace := time.Now()
	for end := peace.Add(time.Minute); slices.ContainsFunc(list(), func(n nodeView) bool { return !n.Beat.After(peace) }); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not all are at work a minute after the last trouble\n%s", logs())
		}
	}

	// Who ends in order says so, and nobody is missed.
	for _, m := range machines {
		m.end(os.Interrupt)
	}
	nodes := list()
	configs := map[string]bool{}
	for _, n := range nodes {
		configs[n.Config] = true
		if n.State != "stopped" {
			t.Errorf("node %s is %s\n%s", n.Name, n.State, logs())
		}
	}
	if len(nodes) != len(machines) || len(configs) != 1 {
		t.Errorf("%d nodes with %d configurations: %+v", len(nodes), len(configs), nodes)
	}
	if _, errOut, code := program(t, dir, 0, "node", "forget", "makes"); code != cli.ExitOK {
		t.Errorf("node forget: exit code %d\n%s", code, errOut)
	}
	if out, _, _ := program(t, dir, 0, "node", "list"); strings.Contains(out, "makes") || !strings.Contains(out, "front") {
		t.Errorf("node list after that:\n%s", out)
	}
	if out, errOut, code := program(t, dir, 0, "night"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s\n%s", code, out, errOut)
	}
	s.fetch(t)
	s.check(t)

	seen := map[string]bool{}
	for _, m := range machines {
		logKeys(t, m, seen)
	}
	for _, key := range []string{"component", "shipment", "account", "job", "vendor", "from", "to", "error"} {
		if !seen[key] {
			t.Errorf("no line of the logs has the key %q", key)
		}
	}
}

// logForms are what docs/watching.md promises of the log of serve: keys whose meaning stays.
var logForms = map[string]*regexp.Regexp{
	"time":     regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`),
	"level":    regexp.MustCompile(`^(DEBUG|INFO|WARN|ERROR)$`),
	"msg":      regexp.MustCompile(`.`),
	"shipment": regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`),
	"job":      regexp.MustCompile(`^[A-Z0-9]{10}$`),
	"vendor":   regexp.MustCompile(`^v$`),
	"slot":     regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`),
	"from":     regexp.MustCompile(`^[A-Z_]+$`),
	"to":       regexp.MustCompile(`^[A-Z_]+$`),
	"state":    regexp.MustCompile(`^[A-Z_]+$`),
	"error":    regexp.MustCompile(`.`),
}

// logKeys holds the log of a machine against what is promised of its lines, and notes which keys they have.
func logKeys(t *testing.T, m *machine, seen map[string]bool) {
	t.Helper()
	for line := range strings.Lines(m.log.String()) {
		var of map[string]any
		if err := json.Unmarshal([]byte(line), &of); err != nil {
			t.Errorf("a line of the log is no JSON: %v\n%s", err, line)
			continue
		}
		for _, key := range []string{"time", "level", "msg", "node"} {
			if of[key] == nil {
				t.Errorf("a line of the log has no %s: %s", key, line)
			}
		}
		if of["node"] != m.name {
			t.Errorf("a line of the log of %s: %s", m.name, line)
		}
		for key, value := range of {
			seen[key] = true
			if form := logForms[key]; form != nil {
				if text, ok := value.(string); !ok || !form.MatchString(text) {
					t.Errorf("a line of the log has the %s %v: %s", key, value, line)
				}
			}
		}
	}
}

// cutConnections ends all connections to a database of this moment, those that hold locks too.
func cutConnections(t *testing.T, dsn string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
		t.Fatal(err)
	}
}

// TestSecondServe: two daemons of one name, or two on SQLite, are refused, clearly.
func TestSecondServe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ database, says string }{
		"sqlite":   {"", "SQLite takes one"},
		"postgres": {postgrestest.Postgres(t), "give this one another --node"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			emptyKillStage(t, dir, c.database, "")
			m := &machine{name: "en", roles: "intake", log: &syncBuffer{}}
			m.start(t, dir)
			defer m.end(os.Kill)
			for end := time.Now().Add(time.Minute); !strings.Contains(m.log.String(), `"msg":"serving"`); time.Sleep(20 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("the first does not serve\n%s", m.log.String())
				}
			}
			_, errOut, code := program(t, dir, 0, "serve", "--node", "en")
			if code != cli.ExitLocked || !strings.Contains(errOut, c.says) {
				t.Errorf("the second: exit code %d\n%s", code, errOut)
			}
		})
	}
}

// TestMigrateCheck: what would be changed is told, and nothing is done.
func TestMigrateCheck(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	emptyKillStage(t, dir, "", "")
	if _, errOut, code := program(t, dir, 0, "migrate", "--check"); code != cli.ExitFailed || !strings.Contains(errOut, "there is no archive") {
		t.Errorf("without an archive: exit code %d\n%s", code, errOut)
	}
	for _, args := range [][]string{{"archive", "create"}, {"migrate", "--check"}, {"migrate"}} {
		out, errOut, code := program(t, dir, 0, args...)
		if code != cli.ExitOK {
			t.Errorf("%v: exit code %d\n%s\n%s", args, code, out, errOut)
		}
		if args[0] == "migrate" && !strings.Contains(out, "up to date") {
			t.Errorf("%v says %q", args, out)
		}
	}
}
