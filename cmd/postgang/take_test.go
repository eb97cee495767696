package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// TestPatienceBoundsTheWholeRun: hand-ins that cannot be prepared keep a night no longer than it is patient, and the first
// of them no other letter.
func TestPatienceBoundsTheWholeRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newKillStage(t, dir, "")
	cfg, err := config.Load(filepath.Join(dir, config.DefaultName))
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), cfg, cli.JSONLogger(io.Discard), wiring{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.TakeOnce(t.Context()); err != nil { // taken, and not prepared: nobody works
		t.Fatal(err)
	}
	lost := 0
	err = filepath.WalkDir(cfg.Documents, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && d.Name() != "archive.id" {
			lost++
			err = os.Remove(name)
		}
		return err
	})
	if err = errors.Join(err, a.Close()); err != nil || lost == 0 {
		t.Fatalf("%d documents lost, %v", lost, err)
	}
	const patience = 9 * time.Second
	began := time.Now()
	out, errOut, code := program(t, dir, 0, "night", "--json", "--patience", patience.String())
	if took := time.Since(began); took > patience+app.StopLimit/2 {
		t.Errorf("the night took %v", took)
	}
	var said struct {
		Taken struct{ Waiting, Refused, Taken int } `json:"taken"`
	}
	if err := json.Unmarshal([]byte(out), &said); err != nil || said.Taken.Waiting == 0 || code != cli.ExitPartial || !strings.Contains(errOut, "letters that cannot be prepared") {
		t.Errorf("exit code %d, %v\n%s\n%s", code, err, out, errOut)
	}
	if out, _, _ := program(t, dir, 0, "alarms", "list"); !strings.Contains(out, "prepare:") {
		t.Errorf("no alarm says so:\n%s", out)
	}
	// Once it is known, it is not waited for.
	began = time.Now()
	program(t, dir, 0, "night", "--patience", "5m")
	if took := time.Since(began); took > time.Minute {
		t.Errorf("the second night took %v", took)
	}
}
