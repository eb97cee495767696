package main

import (
	"encoding/json"
	"io"
	"net"
	"path/filepath"
	"testing"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// freeAddress is an address of this machine that nothing listens at.
func freeAddress(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// addIntegration makes an integration with the program of a folder.
func addIntegration(t testing.TB, dir, name string, accounts ...string) (made integrationView) {
	t.Helper()
	args := []string{"integration", "add", name, "--json", "--reason", "test"}
	for _, a := range accounts {
		args = append(args, "--account", a)
	}
	out, errOut, code := program(t, dir, 0, args...)
	if code != cli.ExitOK {
		t.Fatalf("exit code %d\n%s", code, errOut)
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	return made
}

// openFolder opens the archive of a folder beside its program, or after it. Whoever calls it closes it.
func openFolder(t testing.TB, dir string, log io.Writer) *app.App {
	t.Helper()
	cfg, err := config.Load(filepath.Join(dir, config.DefaultName))
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), cfg, cli.JSONLogger(log), wiring{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}
