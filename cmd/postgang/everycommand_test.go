package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
)

// noJSON are the commands whose result is no JSON, with the reason.
var noJSON = map[string]string{
	"completion bash": "a script", "completion fish": "a script", "completion powershell": "a script", "completion zsh": "a script",
	"help": "text", "serve": "runs until it is stopped",
}

// TestEveryCommandSpeaksJSON: every command with --json writes JSON of one form, in a story in which each has something to say.
func TestEveryCommandSpeaksJSON(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	address := freeAddress(t)
	at := func(parts ...string) string { return filepath.Join(append([]string{dir}, parts...)...) }
	done := map[string]bool{}
	var last string
	do := func(codes []int, args ...string) {
		t.Helper()
		var out, errOut bytes.Buffer
		code := run(t.Context(), append([]string{"--config", at(config.DefaultName), "--json"}, args...), world{out: &out, err: &errOut})
		if !slices.Contains(codes, code) {
			t.Fatalf("%v: exit code %d\n%s%s", args, code, out.String(), errOut.String())
		}
		name := commandName(t, args)
		done[name] = true
		if strings.TrimSpace(out.String()) == "" {
			t.Errorf("%v says nothing\n%s", args, errOut.String())
			return
		}
		last = out.String()
		for dec := json.NewDecoder(&out); ; {
			var v any
			dec.UseNumber()
			if err := dec.Decode(&v); err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("%v: no JSON: %v\n%s", args, err, last)
			}
			for _, fault := range jsonFaults(name, v) {
				t.Errorf("%v: %s", args, fault)
			}
		}
	}
	ok, look := []int{cli.ExitOK}, []int{cli.ExitOK, cli.ExitPartial}
	field := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile(pattern).FindStringSubmatch(last)
		if m == nil {
			t.Fatalf("no %s in %s", pattern, last)
		}
		return m[1]
	}

	do(ok, "version")
	do(ok, "init", "--simulator", "--address", address)
	go lab(t.Context(), []string{"--config", at(config.DefaultName), "vendor-sim", "--listen", address}, io.Discard, io.Discard)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			break
		}
	}
	writeHandIns(t, at("brev"))
	alter(t, at(config.DefaultName), "[accounts.kommune]", "[vendors.her]\nname = \"Servicetorget\"\nkind = \"manuell\"\n"+herePrices+strings.NewReplacer("vendors.her", "vendors.trykkeri", "MANUELL", "AUTO").Replace(herePrices)+"[accounts.her]\nname = \"Her\"\nvendor = \"her\"\n"+
		"[accounts.her.sender]\nname = \"Her\"\npostcode = \"0150\"\ncity = \"Oslo\"\n[guard.codes]\n\"9000\" = \"0,01\"\n[accounts.kommune]")
	do([]int{cli.ExitOK, cli.ExitFailed}, "doctor")
	do([]int{cli.ExitOK, cli.ExitFailed}, "vendor-check", "trykkeri")
	do(ok, "check", at("vedtak.pdf"))
	do(ok, "prepare", at("vedtak.pdf"), "-o", at("klar.pdf"))
	do(look, "submit", "--account", "kommune", at("brev"))
	do(look, "submit", "--account", "her", at("her"))
	do(ok, "integration", "add", "acos", "--account", "kommune", "--reason", "nytt")
	do(ok, "integration", "rotate", "acos", "--reason", "nytt")
	do(ok, "integration", "change", "acos", "--account", "her", "--reason", "nytt")
	do(ok, "integration", "end", "acos", "--reason", "nytt")
	do(ok, "integration", "list")
	do(ok, "integration", "ways")
	do(ok, "person", "add", "Kari", "--issuer", "https://idp/", "--subject", "s", "--reason", "ny")
	do(ok, "person", "grant", "Kari", "leser", "--account", "kommune", "--reason", "vikar")
	do(ok, "person", "revoke", "Kari", "leser", "--account", "kommune", "--reason", "ferdig")
	do(ok, "person", "bind", "Kari", "--login", "kari", "--reason", "drifter maskinen")
	do(ok, "person", "show", "Kari")
	do(ok, "person", "list")
	do(ok, "person", "end", "Kari", "--reason", "sluttet")
	do(ok, "log", "changes")
	do(ok, "log", "changes", "--verify")
	do(ok, "key", "add", "kommune")
	do(ok, "key", "rotate", "kommune")
	key := field(`"name": "([^"]+)"`)
	do(ok, "key", "show", "kommune")
	do(ok, "key", "list")
	do(ok, "key", "end", key)
	do(ok, "account", "cover", "kommune", "--language", "se", "-o", at("forside.pdf"))
	do(ok, "account", "change", "kommune", "--from", "2099-01-01", "--reason", "ny adresse", "--sender-name", "Ny kommune", "--deadline-hours", "30")
	do(ok, "account", "show", "kommune", "--at", "2099-02-01")
	do(ok, "log", "changes", "--limit", "1")
	do(ok, "shipment", "list")
	do(ok, "shipment", "find", "--account", "kommune", "--code", "4711", "--received", time.Now().In(calendar.Oslo).Format("2006-01"))
	do(ok, "shipment", "find", "kommune/a")
	do(ok, "archive", "index")
	do(ok, "shipment", "show", "kommune/a")
	do(ok, "shipment", "reveal", "kommune/a", "--purpose", "ringte inn", "--what", "mottaker,tittel,dokumenter")
	do(ok, "log", "lookups")
	do(ok, "log", "lookups", "--verify")
	do(ok, "letter", "preview", "kommune/a", "--purpose", "ringte inn", "-o", at("a.pdf"), "--png", at("bilder"))
	do(look, "night", "--dry-run")
	do(look, "night")
	do(look, "night")
	do(look, "status")
	do(look, "guard", "list")
	do(ok, "guard", "approve", "--all", "--reason", "avtalt", "--yes")
	do(ok, "job", "list", "--vendor", "trykkeri")
	job := field(`"id": "([A-Z0-9]+)"`)
	do(ok, "job", "show", job)
	do(ok, "job", "plan", job)
	do(ok, "job", "export", job, at("ut"), "--purpose", "feil i filen")
	do(ok, "manual", "list")
	manual := field(`"job": "([A-Z0-9]+)"`)
	do(ok, "manual", "print", manual, at("utskrift"))
	do(ok, "manual", "confirm", manual)
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		do(look, "receipts", "fetch")
		if regexp.MustCompile(`"applied": [1-9]`).MatchString(last) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no receipts: %s", last)
		}
	}
	do(ok, "job", "reprint", job, "--letters", "1", "--reason", "revet", "--yes")
	reprint := field(`"jobs": \[\s*"([A-Z0-9]+)"`)
	do(ok, "job", "withdraw", reprint, "--reason", "likevel ikke", "--yes")
	do(look, "job", "release", reprint, "--reason", "trengs ikke")
	do(ok, "receipts", "list")
	receipt := field(`"id": "([^"]+)"`)
	do(ok, "receipts", "show", receipt)
	do(ok, "shipment", "stop", "kommune/digital", "--reason", "ringt inn", "--yes")
	do(look, "alarms", "list")
	do(ok, "codes", "import", at("koder.csv"), "--yes")
	do(ok, "codes", "list")
	do(ok, "codes", "budget")
	month := time.Now().In(calendar.Oslo).Format("2006-01")
	do(look, "invoice", "add", "--vendor", "trykkeri", "--number", "F/1", "--issued", time.Now().Format("2006-01-02"), "--month", time.Now().AddDate(0, 0, -time.Now().Day()).Format("2006-01"), "--line", "GEBYR:10,00:25")
	do(look, "invoice", "list")
	do(look, "invoice", "show", "F/1")
	do(look, "invoice", "book", "F/1", "--reason", "ja", "--anyway", "--yes")
	do(ok, "deviations", "list")
	deviation := field(`"id": "([^"]+)"`)
	do(ok, "deviations", "decide", deviation, "--state", "accepted", "--reason", "greit")
	do(ok, "deviations", "dispute", "--vendor", "trykkeri", "--reason", "feil pris", "-o", at("avvik.csv"))
	do(ok, "retention", "run", "--dry-run")
	do(ok, "retention", "list")
	do(ok, "retention", "erase", "kommune/digital", "--reason", "bedt om det", "--yes")
	do(ok, "retention", "run")
	do(ok, "retention", "log")
	do(look, "report", "--month", month, "-o", at("bok.xlsx"))
	do(ok, "morning")
	do(look, "node", "list")
	do(look, "migrate", "--check")
	do(ok, "backup", at("kopier"), "--secrets")
	do(ok, "backup", "list", at("kopier"))
	do(ok, "backup", "prune", at("kopier"), "--dry-run")
	do(ok, "verify")
	do(ok, "verify", at("kopier"))
	do(ok, "restore", at("kopier"), "--files", at("oppsett"))
	do(look, "recover", "--dry-run")
	do(ok, "month", "list")
	do(look, "month", "show", month)
	do(ok, "documents", "key", at("kek"))
	alter(t, at(config.DefaultName), "[intake]", "[documents.sealed]\nkey_file = \"kek\"\n\n[intake]")
	do(ok, "documents", "seal")
	do(ok, "documents", "months")
	do(ok, "documents", "rewrap")

	for _, c := range leaves(newRoot(world{out: io.Discard, err: io.Discard})) {
		if noJSON[c] == "" && !done[c] && !inScripts[c] {
			t.Errorf("%q is not tried with --json: add it here, or to noJSON with the reason", c)
		}
	}
	for _, c := range slices.Sorted(maps.Keys(inScripts)) {
		if done[c] {
			t.Errorf("%q is tried here", c)
		}
	}
}

// inScripts are commands whose story is long, or whose result is the one of another: they are in testdata/script.
var inScripts = map[string]bool{
	"alarms ack": true, "invoice carry": true, "invoice remove": true, "recover release": true, "alarms test": true, "archive create": true, "archive adopt": true, "documents forget": true, "invoice take": true, "month close": true, "postcodes import": true,
	"receipts import": true, "receipts resolve": true, "shipment release": true, "job resolve": true,
	"shipment address": true, "shipment resend": true, "shipment returned": true, "node forget": true, "reload": true, // in TestNodesTakeOver, TestReload
}

// dataKeys are objects whose names are data, by where they stand.
var dataKeys = map[string]bool{"reasons": true, "set_aside": true, "waiting": true}

// jsonFaults says what of a result is not of the form that all have.
func jsonFaults(at string, v any) (faults []string) {
	bad := func(format string, args ...any) { faults = append(faults, at+": "+fmt.Sprintf(format, args...)) }
	switch v := v.(type) {
	case nil:
		bad("null")
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parent := at[strings.LastIndexByte(at, '.')+1:]
			if !dataKeys[parent] && !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(k) {
				bad("the name %q is not in snake_case", k)
			}
			n, number := v[k].(json.Number)
			if strings.HasSuffix(k, "_ore") && number && strings.Contains(n.String(), ".") {
				bad("%s is no whole øre", k)
			}
			faults = append(faults, jsonFaults(at+"."+k, v[k])...)
		}
	case []any:
		for _, e := range v {
			faults = append(faults, jsonFaults(at, e)...)
		}
	case string:
		if regexp.MustCompile(`^\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*$`).MatchString(v) {
			if _, err := time.Parse(time.RFC3339, v); err != nil {
				bad("the time %q is not RFC 3339 with offset", v)
			}
		}
		if regexp.MustCompile(`^\d{1,2}\.\d{1,2}\.\d{4}$`).MatchString(v) {
			bad("the day %q is not as 2026-11-30", v)
		}
	}
	return faults
}

// commandName is the command that arguments are for.
func commandName(t *testing.T, args []string) string {
	t.Helper()
	cmd, _, err := newRoot(world{out: io.Discard, err: io.Discard}).Find(args)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(cmd.CommandPath(), "postgang ")
}

// leaves are all commands that do something.
func leaves(root *cobra.Command) (names []string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if !c.HasSubCommands() && !c.Hidden {
			names = append(names, strings.TrimPrefix(c.CommandPath(), "postgang "))
		}
		for _, s := range c.Commands() {
			walk(s)
		}
	}
	walk(root)
	return names
}

// alter replaces a text of a file.
func alter(t *testing.T, path, old, new string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(b), old) {
		t.Fatalf("no %q in %s (%v)", old, path, err)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(b), old, new, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// herePrices is a price list for letters that are printed here.
const herePrices = `[[vendors.her.prices]]
element = "START"
envelope = "C5"
handling = "MANUELL"
price_ore = 200
valid_from = "2026-01-01"
[[vendors.her.prices]]
element = "EKSTRAARK"
handling = "MANUELL"
price_ore = 45
valid_from = "2026-01-01"
[[vendors.her.prices]]
element = "SIDE"
colour = "SH"
price_kr = "0,077"
valid_from = "2026-01-01"
[[vendors.her.prices]]
element = "PORTO"
zone = "NORGE"
max_gram = 100
price_ore = 1800
valid_from = "2026-01-01"
`

// writeHandIns writes hand-ins: two that are due, one that waits for its reader and one that is refused in brev, two in her, of
// which one is above a cap.
func writeHandIns(t *testing.T, brev string) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Dir(brev)
	must(writeLetter(filepath.Join(dir, "vedtak.pdf")))
	pdf, err := os.ReadFile(filepath.Join(dir, "vedtak.pdf"))
	must(err)
	must(os.WriteFile(filepath.Join(dir, "koder.csv"), []byte("kode;navn;budsjett\n4711;Skole;1200,00\n"), 0o600))
	for name, extra := range map[string]string{
		"brev/a": `"konteringskode": "4711"`, "brev/b": `"konteringskode": "0100"`, "brev/refused": `"konteringskode": "med mellomrom"`,
		"her/c": `"konteringskode": "4711"`, "her/d": `"konteringskode": "9000"`, "brev/digital": `"konteringskode": "4711"`,
	} {
		folder := filepath.Join(dir, name)
		must(os.MkdirAll(folder, 0o700))
		must(os.WriteFile(filepath.Join(folder, "vedtak.pdf"), pdf, 0o600))
		id := ""
		if name == "brev/digital" {
			id = `"digitalId": "02013299997", `
		}
		must(os.WriteFile(filepath.Join(folder, "forsendelse.json"), []byte(`{ "tittel": "Vedtak", `+extra+`,
  "mottaker": { "navn": "Ola Prøve", `+id+`"adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen" },
  "dokumenter": [ { "filnavn": "vedtak.pdf", "mimeType": "application/pdf" } ] }`), 0o600))
	}
}
