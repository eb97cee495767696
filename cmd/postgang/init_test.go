package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/cmd/cli"
	"postgang/cmd/config"
)

// TestInitLoadsOrWritesNothing: whatever is asked for, there is a configuration that loads, or none.
func TestInitLoadsOrWritesNothing(t *testing.T) {
	t.Parallel()
	key := "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGdG6Bu3vYQ0vSw6DQ9Qy3ZlqBPVd3VZJ9d6bBqzqB1Y"
	for name, c := range map[string]struct {
		args []string
		says string // empty: it is written
	}{
		"nothing given":   {},
		"simulator":       {args: []string{"--simulator"}},
		"server":          {args: []string{"--address", "h:22", "--user", "u", "--host-key", key}},
		"half a server":   {args: []string{"--address", "h:22"}, says: "belong together"},
		"cut host key":    {args: []string{"--address", "h:22", "--user", "u", "--host-key", "ssh-rsa AAAA"}, says: "is no public host key"},
		"quotes":          {args: []string{"--name", `X "y" a\b`, "--city", `O"slo`, "--simulator"}},
		"account":         {args: []string{"--account", "Prøve"}, says: "lower-case letters"},
		"account spaces":  {args: []string{"--account", "A B", "--simulator"}, says: "would not load"},
		"account capital": {args: []string{"--account", "UPPER", "--simulator"}, says: "lower-case letters"},
		"account table":   {args: []string{"--account", "a]\n[x", "--simulator"}, says: "would not load"},
		"postcode":        {args: []string{"--postcode", "503"}, says: "four digits"},
		"no name":         {args: []string{"--name", ""}, says: "is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, config.DefaultName)
			var out, errOut bytes.Buffer
			code := run(t.Context(), append([]string{"--config", path, "init"}, c.args...), world{out: &out, err: &errOut})
			if c.says != "" {
				left, err := os.ReadDir(dir)
				if code != cli.ExitUsage || !strings.Contains(errOut.String(), c.says) || err != nil || len(left) > 0 {
					t.Fatalf("exit code %d, left %v (%v): %s", code, left, err, errOut.String())
				}
				return
			}
			if code != cli.ExitOK {
				t.Fatalf("exit code %d: %s", code, errOut.String())
			}
			cfg, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if name == "quotes" && (cfg.Accounts[0].Name != `X "y" a\b` || cfg.Accounts[0].Sender.City != `O"slo`) {
				t.Errorf("account %+v", cfg.Accounts[0])
			}
		})
	}
}

// TestInitAnyName: a name is kept as it was given, whatever stands in it.
func TestInitAnyName(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Filter(func(s string) bool { return s == strings.ToValidUTF8(s, "") && strings.TrimSpace(s) != "" }).Draw(t, "name")
		s := placeholder
		s.VendorName, s.Account, s.AccountName = name, "a", name
		cfg, err := s.parse(config.DefaultName)
		if err == nil && (cfg.Accounts[0].Name != name || cfg.Organisation != name) {
			t.Errorf("%q became %q", name, cfg.Accounts[0].Name)
		}
		if err != nil && !strings.Contains(err.Error(), "accounts.a.sender") {
			t.Errorf("%q: %v", name, err)
		}
	})
}

// TestTemplateExamples: what is commented out in the file that init writes loads when the comment is taken away.
func TestTemplateExamples(t *testing.T) {
	t.Parallel()
	s := settings{VendorName: "V", Account: "a", AccountName: "A", Postcode: "0150", City: "Oslo"}
	text, err := render(s)
	if err != nil {
		t.Fatal(err)
	}
	prices := regexp.MustCompile(`(?m)^# (\[\[vendors\.trykkeri\.prices\]\]|(?:element|envelope|handling|price_ore|price_kr|valid_from|colour|zone|max_gram) +=)`)
	cfg, err := config.Parse(config.DefaultName, prices.ReplaceAll(text, []byte("$1")))
	if err != nil {
		t.Fatal(err)
	}
	if p := cfg.Vendors[0].Prices; p == nil || len(p.Prices()) != 4 {
		t.Errorf("price list %+v", p)
	}
}
