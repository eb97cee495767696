package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/verify"
)

// TestRestoreDrill runs what an operator does when the disk fails, with the program itself: letters are handed in and printed, a backup is
// made and killed before, more nights go by, one of them killed; database and documents are gone; the backup is verified and put back,
// killed too; what came since is handed in again; recover, and the next night. Nothing is lost, and nothing printed twice.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); restoreDrill(t, "", "", "", 21) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		restoreDrill(t, postgrestest.Postgres(t), postgrestest.Postgres(t), postgrestest.Postgres(t), 22)
	})
}

// restoreDrill uses a database, then an empty one in its place; into is an empty one for looking into backups. Empty: SQLite.
func restoreDrill(t *testing.T, database, anew, into string, seed uint64) {
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	s, source := emptyKillStage(t, dir, database, "")
	do := func(codes []int, args ...string) string {
		t.Helper()
		out, errOut, code := program(t, dir, 0, args...)
		if !slices.Contains(codes, code) {
			t.Fatalf("%v: exit code %d\n%s\n%s", args, code, out, errOut)
		}
		return out + errOut
	}
	ok, look := []int{cli.ExitOK}, []int{cli.ExitOK, cli.ExitPartial}
	submit := func(accounts ...int) {
		t.Helper()
		for _, n := range accounts {
			key := source.expected.Accounts[n].Key
			do(look, "submit", "--wait=false", "--account", key, filepath.Join(source.dir, key))
		}
	}
	rest := make([]int, len(source.expected.Accounts)-1)
	for i := range rest {
		rest[i] = i + 1
	}
	submit(0)
	do(look, "night", "--patience", "5m")
	s.fetch(t)

	// A backup that is killed is none, wherever it was; the next one is whole.
	list := func() (views []backupView) {
		t.Helper()
		if err := json.Unmarshal([]byte(do(ok, "backup", "list", "kopier", "--json")), &views); err != nil {
			t.Fatal(err)
		}
		return views
	}
	if err := os.MkdirAll(filepath.Join(dir, "kopier"), 0o700); err != nil {
		t.Fatal(err)
	}
	kills := 0
	for step := 1; ; step++ {
		before := len(list())
		_, errOut, code := program(t, dir, step, "backup", "kopier")
		if code == cli.ExitOK {
			break
		}
		if code != -1 {
			t.Fatalf("backup: exit code %d\n%s", code, errOut)
		}
		kills++
		if n := len(list()); n != before && n != before+1 {
			t.Fatalf("%d backups after a kill, %d before", n, before)
		}
	}
	if kills < 3 {
		t.Errorf("only %d kills: the steps are not reached", kills)
	}
	made := list()[0]
	verifyArgs := []string{"verify", "kopier", "--json"}
	if into != "" {
		verifyArgs = append(verifyArgs, "--into", into)
	}
	proven := func(args ...string) (v verifyView) {
		t.Helper()
		out, errOut, code := program(t, dir, 0, args...)
		if code != cli.ExitOK {
			t.Fatalf("%v: exit code %d\n%s\n%s", args, code, out, errOut)
		}
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatal(err)
		}
		if v.Documents == 0 || v.Read != v.Documents || v.Jobs == 0 || v.PrintFiles == 0 || v.Receipts == 0 || len(v.Faults) > 0 || v.NotInto {
			t.Errorf("%v: %+v", args, v)
		}
		return v
	}
	proven(verifyArgs...)

	// More nights, one of them killed; the vendor prints what it has got.
	submit(rest...)
	for range 3 {
		_, _, code := program(t, dir, 1+rng.IntN(200), "night", "--patience", "5m")
		s.tick(t)
		if code == cli.ExitOK || code == cli.ExitPartial {
			break
		}
	}
	do(look, "night", "--patience", "5m")
	handed := len(s.accepted)
	s.tick(t)

	// The disk fails, and with it all that is not the vendor's, or in the backup.
	begun := time.Now()
	if err := os.RemoveAll(filepath.Join(dir, "data", "dokumenter")); err != nil {
		t.Fatal(err)
	}
	if database == "" {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(dir, "postgang.db"+end)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
	} else {
		s.edit(t, database, anew)
	}
	kills = 0
	for step := 1; ; step++ {
		_, errOut, code := program(t, dir, step, "restore", "kopier", "--id", made.ID)
		if code == cli.ExitOK {
			break
		}
		if code != -1 {
			t.Fatalf("restore: exit code %d\n%s", code, errOut)
		}
		kills++
	}
	if kills < 4 {
		t.Errorf("only %d kills of restore", kills)
	}
	restored := time.Since(begun)
	out, errOut, code := program(t, dir, 0, "restore", "kopier")
	if code != cli.ExitFailed || !strings.Contains(errOut, "empty place only") {
		t.Fatalf("put back over the archive: exit code %d\n%s%s", code, out, errOut)
	}
	proven("verify", "--json")

	// Nothing goes out before recover; then what came since is known, and the rest goes.
	submit(rest...)
	if said := do([]int{cli.ExitPartial}, "night", "--patience", "5s"); !strings.Contains(said, "Nothing is offered, the archive is older than what was handed over") {
		t.Errorf("the night says:\n%s", said)
	}
	if n := len(s.accepted); n < handed {
		t.Fatal("the vendor has forgotten")
	}
	before := len(s.accepted)
	s.tick(t)
	if len(s.accepted) != before {
		t.Error("something was handed over before recover")
	}
	program(t, dir, 1+rng.IntN(10), "recover")
	do(look, "recover")
	do(look, "night", "--patience", "5m")
	s.fetch(t)
	do(look, "night", "--patience", "5m")
	s.fetch(t)
	s.check(t)
	proven("verify", "--json")
	t.Logf("put back after %v, all done after %v; %d letters, %d documents of %d kB in the backup, database %d kB", restored.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond), made.Letters, made.Documents, made.Size>>10, made.Bytes>>10)
	if database == "" {
		findsFaults(t, s)
	}
}

// findsFaults damages an archive and its backup in many ways, each of which verify must find and name.
func findsFaults(t *testing.T, s *killStage) {
	t.Helper()
	ctx := context.Background()
	db, err := sql.Open("sqlite", filepath.Join(s.dir, "postgang.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	one := func(query string) (text string) {
		t.Helper()
		if err := db.QueryRowContext(ctx, query).Scan(&text); err != nil {
			t.Fatal(query, err)
		}
		return text
	}
	change := func(queries ...string) {
		t.Helper()
		for _, q := range queries {
			if _, err := db.ExecContext(ctx, q); err != nil {
				t.Fatal(q, err)
			}
		}
	}
	file := func(place, sha string) string { return filepath.Join(s.dir, place, "sha256", sha[:2], sha[2:]) }
	flip := func(path string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err == nil {
			data[len(data)/2] ^= 1
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	looked := func(args ...string) (v verifyView) {
		t.Helper()
		out, errOut, code := program(t, s.dir, 0, append([]string{"verify", "--json"}, args...)...)
		if code != cli.ExitPartial {
			t.Fatalf("verify %v: exit code %d\n%s\n%s", args, code, out, errOut)
		}
		if err := json.Unmarshal([]byte(out), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	has := func(v verifyView, kind verify.Kind, words string) {
		t.Helper()
		if !slices.ContainsFunc(v.Faults, func(f verify.Fault) bool {
			return f.Kind == kind && strings.Contains(f.What+f.Where, words) && f.Do != ""
		}) {
			t.Errorf("no fault of %s with %q in %+v", kind, words, v.Faults)
		}
	}
	// A document of the backup, and one that is missing in it.
	shas := []string{one(`SELECT blob_sha FROM document ORDER BY blob_sha LIMIT 1`), one(`SELECT blob_sha FROM document ORDER BY blob_sha DESC LIMIT 1`)}
	var backed []string
	for _, sha := range shas {
		if _, err := os.Stat(file("kopier", sha)); err == nil {
			backed = append(backed, sha)
		}
	}
	if len(backed) == 0 {
		t.Fatal("no document is in the backup")
	}
	flip(file("kopier", backed[0]))
	has(looked("kopier"), verify.OfDocument, backed[0])
	if err := os.Remove(file("kopier", backed[0])); err != nil {
		t.Fatal(err)
	}
	v := looked("kopier")
	has(v, verify.OfDocument, backed[0]+" is missing")
	if strings.Contains(v.Faults[0].Do, "put the document") {
		t.Errorf("what to do about a backup: %s", v.Faults[0].Do)
	}
	// The archive itself.
	prepared := one(`SELECT prepared_sha FROM shipment WHERE status = 'PRINTET' LIMIT 1`)
	flip(file("data/dokumenter", prepared))
	has(looked("--print-files", "0"), verify.OfDocument, prepared)
	if v := looked("--print-files", "0", "--sample", "100%"); v.Read != v.Documents {
		t.Errorf("%+v", v)
	}
	flip(file("data/dokumenter", prepared))
	job := one(`SELECT job FROM job_letter WHERE live AND first_side > 0 LIMIT 1`)
	receipt := one(`SELECT id FROM receipt WHERE state = 'APPLIED' LIMIT 1`)
	change(
		`UPDATE job_letter SET last_side = last_side + 1 WHERE job = '`+job+`' AND letter = 1`,
		`DROP TRIGGER ledger_no_update`, `UPDATE ledger SET net = net + 1, gross = gross + 1 WHERE entry = '`+receipt+`' AND place = 0`,
	)
	v = looked("--print-files", "0")
	has(v, verify.OfJob, job)
	has(v, verify.OfLedger, receipt)
	has(v, verify.OfLedger, "month 20")
	change(`DROP INDEX shipment_open`)
	// A page of the database is written over: the file is damaged.
	db.Close()
	path := filepath.Join(s.dir, "postgang.db")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for at := int64(64 << 10); at+4096 < info.Size(); at += 64 << 10 {
		if _, err := f.WriteAt([]byte(fmt.Sprintf("%0512d", 7)), at); err != nil {
			t.Fatal(err)
		}
	}
	out, errOut, code := program(t, s.dir, 0, "verify", "--print-files", "0")
	if code == cli.ExitOK || !strings.Contains(out+errOut, "docs/backup.md") {
		t.Errorf("a damaged database: exit code %d\n%s%s", code, out, errOut)
	}
	// What was killed has left nothing of letters in the scratch folder, once a backup was made.
	err = filepath.WalkDir(filepath.Join(s.dir, "data", "arbeid"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "-backup-") {
			t.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
