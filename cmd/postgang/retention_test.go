package main

import (
	"bytes"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
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
	month := time.Now().Format("2006-01")
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
