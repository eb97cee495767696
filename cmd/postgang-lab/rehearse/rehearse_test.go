package rehearse

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/cmd/cli"
	"postgang/cmd/postgang-lab/demo"
	"postgang/engine/alarm"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/intake/sealed"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	prepare.BeWorker()
	sealed.BeWorker()
	os.Exit(postgrestest.Main(m)) // and stops the PostgreSQL that tests have started
}

// run runs a command of the lab, and gives what it said.
func run(t *testing.T, command string, args ...string) (string, error) {
	t.Helper()
	var out, errs bytes.Buffer
	o := &cli.Options{Out: &out, Err: &errs}
	cmd := New(o)
	if command == "demo" {
		cmd = demo.New(o)
	}
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.ExecuteContext(context.Background())
	if t.Failed() || err != nil {
		t.Logf("%s %s\n%s%s", command, strings.Join(args, " "), out.String(), errs.String())
	}
	return out.String(), err
}

// TestAll brings about every alarm that can be rehearsed, and ends each as docs/alarms.md says.
func TestAll(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs a demo and some dozens of nights")
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		all(t)
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		all(t, "--database", postgrestest.Postgres(t))
	})
}

func all(t *testing.T, database ...string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	if _, err := run(t, "demo", append(database, "--shipments", "110", "--dir", dir)...); err != nil {
		t.Fatal(err)
	}
	// One by hand, in processes of their own as it were: the order to the vendor and the alarm outlive the first.
	said, err := run(t, "rehearse", "no-answer", "--dir", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ALARM no-answer:DEMA", "postgang --config " + dir, "--mend --dir " + dir} {
		if !strings.Contains(said, want) {
			t.Errorf("a rehearsal does not say %q:\n%s", want, said)
		}
	}
	if said, err = run(t, "rehearse", "no-answer", "--mend", "--dir", dir); err != nil || !strings.Contains(said, "Over: no-answer:DEMA") {
		t.Errorf("the remedy (%v):\n%s", err, said)
	}
	said, err = run(t, "rehearse", "--all", "--dir", dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range scenes() {
		if !strings.Contains(said, "   ALARM "+c.begins) {
			t.Errorf("%s: its alarm is not shown", c.name)
		}
	}
	if n := strings.Count(said, "   over\n"); n != len(scenes()) {
		t.Errorf("%d alarms are over, of %d", n, len(scenes()))
	}
}

// TestEveryKind: each kind of alarm is rehearsed, or the reason why not is given; docs/rehearsals.md has them all.
func TestEveryKind(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/rehearsals.md")
	if err != nil {
		t.Fatal(err)
	}
	not := unrehearsed()
	names := map[string]bool{}
	rehearsed := map[string]bool{}
	for _, c := range scenes() {
		if names[c.name] {
			t.Errorf("two rehearsals are called %s", c.name)
		}
		names[c.name], rehearsed[c.kind()] = true, true
		if c.cause == "" || len(c.look) == 0 || len(c.does) == 0 {
			t.Errorf("%s does not say what has happened, what to look at or what to do", c.name)
		}
		if !strings.Contains(string(page), "\n| `"+c.name+"` | ") {
			t.Errorf("docs/rehearsals.md has no row of %s", c.name)
		}
	}
	for _, kind := range alarm.Kinds() {
		switch why, listed := not[kind]; {
		case rehearsed[kind] && listed:
			t.Errorf("%s is rehearsed, and listed as one that is not", kind)
		case !rehearsed[kind] && why == "":
			t.Errorf("%s is neither rehearsed nor listed with a reason", kind)
		case listed && !strings.Contains(string(page), "\n| `"+kind+"` | "):
			t.Errorf("docs/rehearsals.md does not say why %s is not rehearsed", kind)
		}
	}
	for kind := range not {
		if !slices.Contains(alarm.Kinds(), kind) {
			t.Errorf("%s is listed, and no kind of alarm", kind)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"is not the folder of a demo": {"rejected", "--dir", t.TempDir()},
		"is no rehearsal":             {"on-fire", "--dir", t.TempDir()},
		"is not rehearsed: it takes":  {"node", "--dir", t.TempDir()},
		"goes through all of it":      {"--all", "--mend"},
	} {
		if _, err := run(t, "rehearse", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v, want %q", args, err, want)
		}
	}
}
