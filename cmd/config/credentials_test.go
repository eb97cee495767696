package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredentials: a setting that names a file may name a credential of systemd, also by the unit's folder where a person starts a
// command; what cannot be one is told with its line.
func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ssh": "key", "login": strings.Repeat("A", 43) + "=", "secret": "hemmelig"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o400); err != nil {
			t.Fatal(err)
		}
	}
	config := strings.Replace(minimal, `key_file = "k"`, `key_file = "$CREDENTIALS_DIRECTORY/ssh"`, 1) + `
[alarms.mail]
host = "smtp.example.org"
user = "u"
password_file = "$CREDENTIALS_DIRECTORY/smtp"
from = "a@example.org"
to = ["b@example.org"]
[console]
address = "127.0.0.1:8444"
public_url = "https://post.example.org"
issuer = "https://login.example.org"
client_id = "c"
level = "any"
client_secret_file = "$CREDENTIALS_DIRECTORY/secret"
login_key_file = "$CREDENTIALS_DIRECTORY/login"
`
	parse := func(text string) (*Config, error) {
		return Parse(filepath.Join(t.TempDir(), DefaultName), []byte(text))
	}
	look := func(why string) {
		t.Helper()
		cfg, err := parse(config)
		if err != nil {
			t.Errorf("%s: %v", why, err)
			return
		}
		if got := cfg.Vendors[0].Target.KeyFile; got != filepath.Join(dir, "ssh") {
			t.Errorf("%s: key file %s", why, got)
		}
		if !InCredentials(cfg.Vendors[0].Target.KeyFile) || InCredentials(cfg.Path) {
			t.Errorf("%s: what is a credential, and what is not", why)
		}
		if cfg.Console.Login.ClientSecret != "hemmelig" {
			t.Errorf("%s: the secret was not read", why)
		}
	}
	unit := unitCredentials
	defer func() { unitCredentials = unit }()
	t.Setenv("CREDENTIALS_DIRECTORY", "")
	unitCredentials = filepath.Join(dir, "none")
	_, err := parse(config)
	if err == nil || strings.Count(err.Error(), "LoadCredential=") != 4 || !strings.Contains(err.Error(), "postgang.toml:6: vendors.v.key_file: ") || strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("without credentials: %v", err)
	}
	unitCredentials = dir
	look("a command beside the unit")
	unitCredentials = filepath.Join(dir, "none")
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	look("in the unit")
	for add, says := range map[string]string{
		"[report]\nfolder = \"$CREDENTIALS_DIRECTORY/r\"\n":                       "names end in _file",
		"[download]\nkey_file = \"$CREDENTIALS_DIRECTORY/a/b\"\n":                 "no name of a credential",
		"[documents.sealed]\nkey_file = \"$CREDENTIALS_DIRECTORY/..\"\n":          "no name of a credential",
		"[documents.sealed]\nkey_file = \"$CREDENTIALS_DIRECTORY/nowhere\"\n":     "cannot be read",
		"[report]\nmail_to = [\"a@example.org\", \"$CREDENTIALS_DIRECTORY/a\"]\n": "report.mail_to[1]: takes no credential",
	} {
		if _, err := parse(minimal + add); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", add, err)
		}
	}
}
