package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/calendar"
	"postgang/fixtures/judges"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// TestUpgrade: archives that programs of before have made (testdata/upgrade/make.sh) are brought up to date, with the configuration of
// then, and go on: what waited at the vendor is booked, what was due is printed, nothing is printed twice, and the figures add up.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	for name, database := range map[string]func(t *testing.T, dir string) string{
		"2026-11-22-sqlite": func(*testing.T, string) string { return "" },
		"2026-11-27-postgres": func(t *testing.T, dir string) string {
			dsn := postgrestest.Postgres(t)
			out, err := exec.Command(filepath.Join(filepath.Dir(judges.Path(t, "initdb")), "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", filepath.Join(dir, "dump.sql"), dsn).CombinedOutput()
			if err != nil {
				t.Fatalf("psql: %v\n%s", err, out)
			}
			return dsn
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			unpackOld(t, filepath.Join("testdata", "upgrade", name+".tar.gz"), dir)
			goOn(t, dir, database(t, dir))
		})
	}
}

// goOn takes up the archive in dir.
func goOn(t *testing.T, dir, database string) {
	t.Helper()
	evening := time.Date(2026, 12, 1, 21, 30, 0, 0, calendar.Oslo) // after the one when it was left
	offset := time.Until(evening).Round(time.Second)
	vendor, address := oldVendor(t, dir, func() time.Time { return time.Now().Add(offset) })
	path := filepath.Join(dir, config.DefaultName)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(text), "127.0.0.1:22221", address, 1)
	if database != "" {
		edited = strings.Replace(edited, "postgres://postgang@localhost/postgang", database, 1)
	}
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	clock := filepath.Join(dir, "clock")
	if err := os.WriteFile(clock, []byte(offset.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	do := func(want int, args ...string) string {
		t.Helper()
		cmd := exec.Command(exe, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), envBeProgram+"=1", envClock+"="+clock)
		out, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Fatalf("%v: exit code %d (%v)\n%s", args, code, err, out)
		}
		return string(out)
	}
	says := func(out, pattern string) {
		t.Helper()
		if !regexp.MustCompile(pattern).MatchString(out) {
			t.Errorf("no %q in\n%s", pattern, out)
		}
	}

	says(do(cli.ExitPartial, "migrate", "--check"), `this program would make:\n`)
	says(do(cli.ExitOK, "migrate"), `The schema is up to date; made:`)
	says(do(cli.ExitOK, "migrate", "--check"), `The schema is up to date`)
	before := do(cli.ExitOK, "shipment", "list")
	for key, status := range map[string]string{"a": "PRINTET", "b": "AVVIST", "c": "SENDT_PRINT", "d": "AKSEPTERT", "e": "AKSEPTERT"} {
		says(before, `(?m)\b`+key+` .*\b`+status+`\b|\b`+status+`\b.*kommune/`+key+`\b`)
	}
	says(do(cli.ExitOK, "receipts", "fetch"), `kvittering_simulator_\S+ +1 +1 `)
	says(do(cli.ExitOK, "night"), `Collected 1 letters into 1 jobs; INGEN_DIGITAL_ID 1\.\n(.*\n)*Handed over 1 letters in 1 jobs`)
	done, err := vendor.Tick(t.Context())
	if err != nil || len(done) != 1 || !done[0].Accepted || done[0].Letters != 1 {
		t.Fatalf("the vendor got %+v (%v)", done, err)
	}
	says(do(cli.ExitOK, "receipts", "fetch"), `kvittering_simulator_\S+ +1 +1 `)
	after := do(cli.ExitOK, "shipment", "list")
	if n := strings.Count(after, "PRINTET"); n != 3 {
		t.Errorf("%d letters are printed, not 3:\n%s", n, after)
	}
	says(do(cli.ExitOK, "night"), `Collected 0 letters`)
	// Three letters at 21,77 kroner.
	says(do(cli.ExitOK, "report", "--from", "2026-11-01", "--to", "2027-01-01", "-o", filepath.Join(dir, "bok.xlsx")), `65,31`)
	says(do(cli.ExitOK, "doctor"), `ok +sums by month`)
	do(cli.ExitOK, "shipment", "show", "kommune/a")
	do(cli.ExitOK, "job", "list")
}

// oldVendor serves the vendor's side as it was left.
func oldVendor(t *testing.T, dir string, now func() time.Time) (vendor *vendorsim.Vendor, address string) {
	t.Helper()
	ours, err := exchange.LoadOrCreateKey(filepath.Join(dir, config.ClientKey))
	if err != nil {
		t.Fatal(err)
	}
	host, err := exchange.LoadOrCreateKey(filepath.Join(dir, config.SimulatorHostKey))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, config.SimulatorRoot)
	server, err := vendorsim.Serve(t.Context(), root, vendorsim.ServeOptions{Listen: "127.0.0.1:0", User: config.SimulatorUser, HostKey: host.Signer, ClientKeys: []ssh.PublicKey{ours.Signer.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return vendorsim.New(root, vendorsim.Options{Now: now}), server.Addr()
}

// unpackOld unpacks an archive of before.
func unpackOld(t *testing.T, file, dir string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Clean(h.Name)
		if h.Typeflag == tar.TypeDir {
			if err := root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
				t.Fatal(err)
			}
			continue
		}
		data, err := io.ReadAll(r)
		if err == nil {
			err = root.WriteFile(name, data, fs.FileMode(h.Mode).Perm())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
