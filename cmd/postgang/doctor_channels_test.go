package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postgang/cmd/cli"
	"postgang/fixtures/standins"
)

// TestDoctorOnChannels: doctor asks the channel with a token of its own, and says what to mend when it does not let us in.
func TestDoctorOnChannels(t *testing.T) {
	t.Parallel()
	s := newAltinnStage(t)
	doctor := func(says ...string) {
		t.Helper()
		out, errs, _ := program(t, s.dir, 0, "doctor")
		for _, want := range says {
			found := false
			for line := range strings.Lines(out) {
				found = found || strings.Contains(strings.Join(strings.Fields(line), " "), want)
			}
			if !found {
				t.Errorf("doctor does not say %q:\n%s%s", want, out, errs)
			}
		}
	}
	key := filepath.Join(s.dir, "keys", "kid-1.pem")
	doctor("ok keys of Maskinporten", "ok channel altinn", "accounts kommune have it")

	s.tokens.SetTrouble(standins.Trouble{Status: http.StatusServiceUnavailable})
	doctor("FAIL channel altinn", "check [maskinporten] issuer, the network and the proxy")
	s.tokens.SetTrouble(standins.Trouble{})
	s.tokens.AddClient(standins.Client{ID: "bergvik", Organisation: "974760673", Scopes: []string{"other"}})
	doctor("FAIL channel altinn", "check [maskinporten] client_id, and that the newest key")

	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	doctor("FAIL keys of Maskinporten", "chmod 600")
	if err := os.WriteFile(key, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	doctor("FAIL keys of Maskinporten", "none can be used", "put the private key that is registered with Digdir there")
	if _, _, code := program(t, s.dir, 0, "doctor"); code != cli.ExitFailed {
		t.Errorf("exit code %d, want %d", code, cli.ExitFailed)
	}
}
