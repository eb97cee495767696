package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"postgang/cmd/cli"
)

// TestDoctorWithoutConfiguration: a configuration that is missing or wrong ends with 2, as with every other command.
func TestDoctorWithoutConfiguration(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"doctor", "--config", filepath.Join(t.TempDir(), "postgang.toml")}, world{out: &out, err: &errs})
	if code != cli.ExitUsage || !strings.Contains(out.String(), "FAIL  configuration") {
		t.Errorf("exit code %d: %s%s", code, &out, &errs)
	}
}
