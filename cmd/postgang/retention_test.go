package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestNothingIsLeft: letters are handed in, printed, posted and receipted, read, refused, and erased when their time is over; then no byte of a name,
// address, title, number, file name or page of them is anywhere below the data folder, nor in the database; and what they cost is there.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t)
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	var ahead time.Duration // of the program's clock
	var last string
	do := func(codes string, args ...string) string {
		t.Helper()
		var out, errOut bytes.Buffer
		w := world{out: &out, err: &errOut}
		if ahead > 0 {
			w.wiring.Options = app.Options{Now: func() time.Time { return time.Now().Add(ahead) }}
		}
		code := run(t.Context(), append([]string{"--config", at(config.DefaultName), "--json"}, args...), w)
		if !strings.Contains(codes, string(rune('0'+code))) {
			t.Fatalf("%v: exit code %d\n%s%s", args, code, out.String(), errOut.String())
		}
		last = out.String()
		return last
	}
	const ok, look = "0", "03"

	do(ok, "init", "--simulator", "--address", address)
	go lab(t.Context(), []string{"--config", at(config.DefaultName), "vendor-sim", "--listen", address}, io.Discard, io.Discard)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	secrets := []string{"Hemmelig Tittel", "Hemmelig Navnesen", "Hemmeliggata", "HEMMELIGSTAD", "02013299997", "hemmelig-fil", "hemmelig navnesen", "Hemmelig Svarmottaker"}
	if err := writeLetter(at("vedtak.pdf")); err != nil {
		t.Fatal(err)
	}
	pdf, err := os.ReadFile(at("vedtak.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	for name, extra := range map[string]string{
		"brev/papir": `"konteringskode": "4711"`, "brev/avvist": `"konteringskode": "med mellomrom"`, "brev/digital": `"konteringskode": "4711", "kunDigitalLevering": true`,
	} {
		id := ""
		if name == "brev/digital" {
			id = `"digitalId": "02013299997", `
		}
		if err := os.MkdirAll(at(name), 0o700); err != nil {
			t.Fatal(err)
		}
		for file, data := range map[string]string{"hemmelig-fil.pdf": string(pdf), "forsendelse.json": `{ "tittel": "Hemmelig Tittel", ` + extra + `,
  "mottaker": { "navn": "Hemmelig Navnesen", ` + id + `"adresselinje1": "Hemmeliggata 1", "postnummer": "5003", "poststed": "HEMMELIGSTAD" },
  "svarSendesTil": { "navn": "Hemmelig Svarmottaker", "adresselinje1": "Hemmeliggata 2", "postnummer": "5003", "poststed": "HEMMELIGSTAD" },
  "metadataFraAvleverendeSystem": { "sak": "Hemmelig Tittel" },
  "dokumenter": [ { "filnavn": "hemmelig-fil.pdf", "mimeType": "application/pdf" } ] }`} {
			if err := os.WriteFile(at(name, file), []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	do(look, "submit", "--account", "kommune", at("brev"))
	do(look, "night")
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		if do(look, "receipts", "fetch"); regexp.MustCompile(`"applied": [1-9]`).MatchString(last) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no receipts: %s", last)
		}
	}
	do(ok, "letter", "preview", "kommune/papir", "--purpose", "kontroll", "-o", at("a.pdf"))
	do(ok, "shipment", "stop", "kommune/digital", "--reason", "ringt inn", "--yes")
	month := time.Now().In(calendar.Oslo).Format("2006-01")
	before := costOf(t, do(look, "report", "--month", month, "-o", at("for.xlsx")))

	// Pages are told by the bytes of the documents: those of the letter as handed in, and what was made of it.
	var pages [][]byte
	grep := func(secrets []string) (found []string) {
		t.Helper()
		err := filepath.WalkDir(at("data"), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !e.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			rel, _ := filepath.Rel(dir, path)
			for _, s := range secrets {
				if bytes.Contains(data, []byte(s)) || strings.Contains(rel, s) {
					found = append(found, rel+": "+s)
				}
			}
			for _, p := range pages {
				if bytes.Contains(data, p) {
					found = append(found, rel+": a page")
				}
			}
			if bytes.HasPrefix(data, []byte("%PDF")) {
				found = append(found, rel+": a PDF")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	pages = append(pages, pdf[len(pdf)/3:len(pdf)/3+100])
	if found := grep(secrets); len(found) < len(secrets) {
		t.Fatalf("the look finds too little before: %v", found)
	}

	do(ok, "retention", "run")
	if !strings.Contains(last, `"letters": 0`) {
		t.Errorf("erased before its time: %s", last)
	}
	ahead = 100 * 24 * time.Hour
	do(ok, "retention", "run", "--dry-run")
	if !strings.Contains(last, `"letters": 3`) {
		t.Errorf("would be erased: %s", last)
	}
	// Documents are removed when they are a day old by the machine's clock.
	old := time.Now().Add(-48 * time.Hour)
	err = filepath.WalkDir(at("data"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && strings.Contains(path, "sha256") {
			err = os.Chtimes(path, old, old)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	do(ok, "retention", "run")
	if !strings.Contains(last, `"letters": 3`) {
		t.Errorf("erased: %s", last)
	}
	if found := grep(secrets); len(found) > 0 {
		t.Errorf("left:\n%s", strings.Join(found, "\n"))
	}
	do(ok, "shipment", "show", "kommune/papir")
	if !strings.Contains(last, "SLETTET") || !strings.Contains(last, "4711") {
		t.Errorf("the letter: %s", last)
	}
	do(ok, "retention", "log")
	if strings.Count(last, "LAGRINGSTID") != 3 {
		t.Errorf("deletion log: %s", last)
	}
	if after := costOf(t, do(look, "report", "--month", month, "-o", at("etter.xlsx"))); after != before {
		t.Errorf("costs were %s and are %s", before, after)
	}
	if code := run(t.Context(), []string{"--config", at(config.DefaultName), "letter", "preview", "kommune/papir", "--purpose", "kontroll", "-o", at("b.pdf")}, world{out: io.Discard, err: io.Discard}); code != cli.ExitFailed {
		t.Errorf("an erased letter is shown: exit code %d", code)
	}
}

// costOf is what a report says of letters and amounts.
func costOf(t *testing.T, out string) string {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"path", "file", "workbook"} {
		delete(v, k)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestKilledRetention: erasing is killed at one step after another and begun again. Each letter whose time is over is erased once, what waits
// waits, what it cost stays, and nothing of the erased ones is left.
func TestKilledRetention(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killedRetention(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killedRetention(t, postgrestest.Postgres(t)) })
}

func killedRetention(t *testing.T, database string) {
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	dir := t.TempDir()
	s := newKillStage(t, dir, database)
	if out, errOut, code := program(t, dir, 0, "night"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s\n%s", code, out, errOut)
	}
	s.fetch(t)
	statuses := func() (ended, erased int) {
		t.Helper()
		a := openFolder(t, dir, io.Discard)
		defer a.Close()
		all, err := store.View(t.Context(), a.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(t.Context(), store.ShipmentFilter{})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, sh := range all {
			switch sh.Status {
			case shipment.StatusSlettet:
				erased++
				if sh.Submission.Recipient.Name != "" || sh.Submission.Title != "" || sh.Submission.Recipient.Line1 != "" {
					t.Errorf("shipment %s is erased, and has content", sh.ID)
				}
			case shipment.StatusPrintet, shipment.StatusAvvist, shipment.StatusLest, shipment.StatusSendtDigitalt, shipment.StatusIkkeLevert, shipment.StatusManueltHandtert:
				ended++
			default:
			}
		}
		return ended, erased
	}
	month := time.Now().In(calendar.Oslo).Format("2006-01")
	report := func(name string) string {
		t.Helper()
		out, errOut, code := program(t, dir, 0, "report", "--month", month, "-o", filepath.Join(dir, name), "--json")
		if code != cli.ExitOK && code != cli.ExitPartial {
			t.Fatalf("report: exit code %d\n%s", code, errOut)
		}
		return costOf(t, out)
	}
	before := report("for.xlsx")
	ended, _ := statuses()
	if ended < 15 {
		t.Fatalf("only %d letters have come to their end", ended)
	}
	// Documents are removed when they are a day old by the machine's clock.
	old := time.Now().Add(-48 * time.Hour)
	documents := filepath.Join(dir, "data", "dokumenter")
	count := func(age bool) (n int) {
		t.Helper()
		err := filepath.WalkDir(documents, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.Type().IsRegular() && strings.Contains(path, "sha256") {
				if n++; age {
					err = os.Chtimes(path, old, old)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if count(true) == 0 {
		t.Fatal("there are no documents")
	}
	clock := filepath.Join(dir, "klokke")
	if err := os.WriteFile(clock, []byte("2400h"), 0o600); err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for done := false; !done; kills++ {
		if kills > mostKills {
			t.Fatalf("it is not done after %d kills", kills)
		}
		cmd := exec.Command(exe, "retention", "run")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), envBeProgram+"=1", envClock+"="+clock, fmt.Sprintf("%s=%d", envKillAfter, kills+1), envHurry+"=10s")
		out, err := cmd.CombinedOutput()
		switch code := cmd.ProcessState.ExitCode(); code {
		case -1: // killed
			count(true) // what a run has put in place of what it removed is old too
		case cli.ExitOK:
			done = true
		default:
			t.Fatalf("after %d kills: %v\n%s", kills, err, out)
		}
	}
	t.Logf("%d kills", kills-1)
	if kills < 5 {
		t.Errorf("only %d kills: the steps are not reached", kills-1)
	}
	left, erased := statuses()
	if left != 0 || erased != ended {
		t.Errorf("%d letters are erased and %d are left, of %d", erased, left, ended)
	}
	out, errOut, code := program(t, dir, 0, "retention", "log", "--limit", "1000", "--json")
	if code != cli.ExitOK {
		t.Fatalf("retention log: exit code %d\n%s", code, errOut)
	}
	var rows []struct{ Shipment string }
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		t.Fatal(err)
	}
	logged := map[string]int{}
	for _, r := range rows {
		logged[r.Shipment]++
	}
	if len(rows) != erased || len(logged) != erased {
		t.Errorf("the deletion log has %d rows of %d letters, and %d are erased", len(rows), len(logged), erased)
	}
	if after := report("etter.xlsx"); after != before {
		t.Errorf("costs were %s and are %s", before, after)
	}
}
