package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
	"postgang/fixtures/s3server"
)

// TestLettersInASealedBucket: from hand-in to erasing with documents sealed in a bucket, no word of which stands there; two installations
// share none; a bucket that is another's, missing or away is told, and no letter is set aside for it.
func TestLettersInASealedBucket(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	dir := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	toml := at(config.DefaultName)
	do := func(codes []int, args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		code := run(t.Context(), append([]string{"--config", toml, "--json"}, args...), world{out: &out, err: &errOut})
		if !slices.Contains(codes, code) {
			t.Fatalf("%v: exit code %d\n%s%s", args, code, out.String(), errOut.String())
		}
		if said := out.String() + errOut.String(); strings.Contains(said, s3server.SecretKey) {
			t.Fatalf("%v: a secret is told", args)
		}
		return out.String() + errOut.String()
	}
	ok, look, failed := []int{cli.ExitOK}, []int{cli.ExitOK, cli.ExitPartial}, []int{cli.ExitFailed}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	address := freeAddress(t)
	do(ok, "init", "--simulator", "--address", address)
	go lab(t.Context(), []string{"--config", toml, "vendor-sim", "--listen", address}, io.Discard, io.Discard)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	write("access", s3server.AccessKey+"\n")
	write("secret", s3server.SecretKey+"\n")
	do(ok, "documents", "key", at("kek"))
	text, err := os.ReadFile(toml)
	if err != nil {
		t.Fatal(err)
	}
	write(config.DefaultName, regexp.MustCompile(`(?m)^documents = .*$`).ReplaceAllString(string(text), "")+fmt.Sprintf(`
[documents]
cache = "hurtig"
cache_mb = 100

[documents.s3]
endpoint = %q
region = %q
bucket = %q
prefix = "brev"
access_key_file = "access"
secret_key_file = "secret"

[documents.sealed]
key_file = "kek"
`, server.Endpoint, s3server.Region, s3server.Bucket))
	writeHandIns(t, at("brev"))
	if said := do(ok, "doctor"); !strings.Contains(said, "written, read, replaced under a condition, listed and removed") {
		t.Errorf("doctor: %s", said)
	}
	do(look, "submit", "--account", "kommune", at("brev"))
	do(look, "night")
	handed := regexp.MustCompile(`"id": "([A-Z0-9]+)"`).FindStringSubmatch(do(ok, "job", "list", "--vendor", "trykkeri"))
	if handed == nil {
		t.Fatal("no job")
	}
	job := handed[1]
	if fence, err := os.ReadFile(filepath.Join(server.Folder, "brev", "fence", job[:4])); err != nil || !strings.HasSuffix(job, strings.TrimSpace(string(fence))) {
		t.Errorf("the fence says %q, %v; the job is %s", fence, err, job)
	}
	for end := time.Now().Add(time.Minute); !regexp.MustCompile(`"applied": [1-9]`).MatchString(do(look, "receipts", "fetch")); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("no receipts")
		}
	}
	do(ok, "letter", "preview", "kommune/a", "--purpose", "prøve", "-o", at("a.pdf"))

	var there []string
	scan := func(folder string, sealed bool) {
		t.Helper()
		err := filepath.WalkDir(folder, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			there = append(there, name)
			for _, word := range []string{"%PDF", "Ola", "Vedtak", "5003"} {
				if bytes.Contains(b, []byte(word)) {
					t.Errorf("%s has %q in the open", name, word)
				}
			}
			if sealed && !bytes.HasPrefix(b, []byte("age-encryption.org/v1\n")) {
				t.Errorf("%s is not sealed", name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	scan(filepath.Join(server.Folder, "brev", "sealed"), true)
	scan(filepath.Join(server.Folder, "brev"), false)
	scan(at("hurtig"), true)
	if len(there) < 10 {
		t.Errorf("only %d objects", len(there))
	}
	if months := do(ok, "documents", "months"); !strings.Contains(months, time.Now().In(calendar.Oslo).Format("2006-01")) {
		t.Errorf("months: %s", months)
	}
	do(failed, "documents", "forget", time.Now().In(calendar.Oslo).Format("2006-01"))

	// Erased, and its files gone with the first run a day later.
	do(ok, "retention", "erase", "kommune/a", "--reason", "bedt om det", "--yes")
	do(failed, "letter", "preview", "kommune/a", "--purpose", "prøve", "-o", at("b.pdf"))
	before := len(there)
	yesterday := time.Now().Add(-25 * time.Hour)
	for _, name := range there {
		if err := os.Chtimes(name, yesterday, yesterday); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if said := do(ok, "retention", "run"); !regexp.MustCompile(`"documents_removed": [1-9]`).MatchString(said) {
		t.Errorf("retention: %s", said)
	}
	there = nil
	scan(filepath.Join(server.Folder, "brev", "sealed"), true)
	if len(there) == 0 || len(there) >= before {
		t.Errorf("%d objects, before it were %d with the others", len(there), before)
	}

	// The bucket is another's, or away.
	mark := filepath.Join(server.Folder, "brev", "archive.id")
	whose, err := os.ReadFile(mark)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(mark, []byte("00000000-0000-0000-0000-000000000000\n"), 0o600))
	if said := do(failed, "status"); !strings.Contains(said, "belongs to another archive") {
		t.Errorf("another's: %s", said)
	}
	must(os.Remove(mark))
	if said := do(failed, "night"); !strings.Contains(said, "has no archive.id") && !strings.Contains(said, "postgang archive adopt") {
		t.Errorf("without its mark: %s", said)
	}
	do(ok, "archive", "adopt", "--incomplete")
	must(os.WriteFile(mark, whose, 0o600))
	server.Kill()
	if said := do(failed, "night"); !strings.Contains(said, "cannot be reached") {
		t.Errorf("away: %s", said)
	}
	server.Run(t)
	if held := do(ok, "shipment", "list", "--held"); strings.Contains(held, "kommune/b") {
		t.Errorf("a letter was set aside: %s", held)
	}
	do(look, "night")
}
