package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/documents/sealed"
)

// TestDocumentsAreChecked: each fault of how documents are kept is told with its line, and no secret is.
func TestDocumentsAreChecked(t *testing.T) {
	dir := t.TempDir()
	kek, err := sealed.NewKEK(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"access": "id\n", "secret": "hemmelig-nokkel\n", "kek": kek, "two": "hemmelig nokkel\n", "empty": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "open"), []byte("hemmelig-nokkel"), 0o644); err != nil {
		t.Fatal(err)
	}
	load := func(text string) (*Config, error) {
		t.Helper()
		path := filepath.Join(dir, "postgang.toml")
		if err := os.WriteFile(path, []byte(text+"\n[vendors.trykk]\nkind = \"manuell\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return Load(path)
	}
	const good = "[documents.s3]\nendpoint = \"https://s3.example.org\"\nbucket = \"brev\"\nprefix = \"post/\"\naccess_key_file = \"access\"\nsecret_key_file = \"secret\"\n"
	for _, c := range []struct{ text, says string }{
		{good, ""},
		{strings.Replace(good, "https://s3.example.org", "s3.example.org", 1), "toml:2: "},
		{strings.Replace(good, "https://s3.example.org", "https://s3.example.org/brev", 1), "settings of their own"},
		{strings.Replace(good, "https://", "http://", 1), "in the open"},
		{strings.Replace(good, "https://s3.example.org", "http://127.0.0.1:7070", 1), ""},
		{strings.Replace(good, `"brev"`, `"Brev_"`, 1), "toml:3: "},
		{strings.Replace(good, `"post/"`, `"../post"`, 1), "toml:4: "},
		{strings.Replace(good, `"secret"`, `"two"`, 1), "toml:6: "},
		{strings.Replace(good, `"secret"`, `"empty"`, 1), "the key alone"},
		{strings.Replace(good, `"secret"`, `"open"`, 1), "chmod 600"},
		{strings.Replace(good, `"secret"`, `"nowhere"`, 1), "cannot be read"},
		{strings.Replace(good, `"secret"`, `"$CREDENTIALS_DIRECTORY/secret"`, 1), "LoadCredential"},
		{strings.Replace(good, "secret_key_file = \"secret\"\n", "", 1), EnvS3SecretKey},
		{good + "ca_file = \"access\"\n", "no certificate"},
		{"[archive]\ndocuments = \"dokumenter\"\n" + good, "toml:2: "},
		{"[documents]\ncache = \"c\"\n", "copies are kept of a bucket alone"},
		{"[documents]\ncache_mb = 100\n", "there is no cache"},
		{"[documents]\ncache = \"c\"\ncache_mb = 3\n" + good, "less than 64"},
		{"[documents]\ncache = \"data\"\n" + good, "lies in the folder of documents.cache"},
		{"[documents.sealed]\nkey_file = \"kek\"\n", ""},
		{"[documents.sealed]\n", "is required"},
		{"[documents.sealed]\nkey_file = \"secret\"\n", "no age identities"},
	} {
		_, err := load(c.text)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if c.says != "" && !strings.Contains(said, c.says) || c.says == "" && (strings.Contains(said, "documents") || strings.Contains(said, "cache")) {
			t.Errorf("%s\nsays %q, want %q", c.text, said, c.says)
		}
		if strings.Contains(said, "hemmelig") {
			t.Errorf("a secret is told: %s", said)
		}
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	t.Setenv(EnvS3AccessKey, "id")
	if _, err := load(strings.Replace(strings.Replace(good, `"secret"`, `"$CREDENTIALS_DIRECTORY/secret"`, 1), "access_key_file = \"access\"\n", "", 1)); err != nil && strings.Contains(err.Error(), "documents") {
		t.Errorf("credentials of systemd and of the environment: %v", err)
	}
}
