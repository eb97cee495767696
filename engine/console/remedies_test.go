package console

import (
	"html"
	"html/template"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/store"
	"postgang/engine/words"
)

// commands are what nobody can give in a browser.
var commands = regexp.MustCompile(`postgang [a-z]|\s--[a-z]|\[\[?[a-z_]+[].]|docs/`)

// TestAlarmsLeadToPages: every alarm that there are words for says what to do without a command, and each of its links leads somewhere.
// One without a link says who can do something.
func TestAlarmsLeadToPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.runs = fakeRuns{}
	who := w.as("alle-roller", access.Grant{Role: access.RoleOperator}, access.Grant{Role: access.RoleFinance}, access.Grant{Role: access.RolePrinter}, access.Grant{Role: access.RoleAdministrator})
	operator := w.as("bare-operator", access.Grant{Role: access.RoleOperator})
	about := map[string]string{
		"uncertain": w.ownJob, "rejected": w.ownJob, "reprint": w.ownJob, "no-answer": w.ownJob, "no-receipt": w.ownJob, "answer": "trykkeri:" + w.ownJob,
		"receipts": "trykkeri:" + stoppedFile, "held": own + ":kostnad", "prepare": w.heldLetter, "overdue": own, "expected": own, "unhandled": own + ":VARSLET", "password": w.ownSystem,
	}
	args := alarm.Args{"job": w.ownJob, "jobs": w.ownJob + " " + w.foreignJob, "first": w.ownJob, "parent": w.ownJob, "month": "2026-10", "account": own, "vendor": "trykkeri", "state": "ACCEPTED", "shipment": w.heldLetter, "status": "VARSLET"}
	for _, name := range strings.Fields("highest number why letters doubt latest noticed until mb oldest channel night nights times schedule slot integration n from since step reasons ending " +
		"offered where what fault file problems place folder to began limit lines which codes list ends hand_in trouble inbox accepted waiting orders code entries took receipts last net vat days by weekday node role way made hours") {
		args[name] = "3"
	}
	linked := regexp.MustCompile(`<a href="([^"]+)">([^<]+)</a>`)
	if err := w.archive.InTx(t.Context(), func(tx store.Tx) error { return tx.ResolveAlarm(t.Context(), "uncertain:"+w.ownJob) }); err != nil {
		t.Fatal(err)
	}
	followed := map[string]bool{}
	for _, name := range words.AlarmCases() {
		kind, which, _ := strings.Cut(name, "/")
		key, said := kind+":"+about[kind], alarm.Args{}
		for k, v := range args {
			said[k] = v
		}
		if which != "" {
			said["case"] = which
		}
		shown := maps.Clone(said) // by the names that pages have
		shown["account"], shown["vendor"], shown["status"], shown["state"], shown["code"] = "Skolekontoret", "Trykkeriet", "«Varslet»", "«Godtatt»", "kunne ikke klargjøres (3)"
		text := words.Alarm(key, shown, words.Norwegian)
		if strings.Contains(text, "(account: ") {
			t.Errorf("%s has no words: %s", name, text)
		}
		raised := func(open bool) {
			t.Helper()
			if err := w.archive.InTx(t.Context(), func(tx store.Tx) error {
				if open {
					return tx.RaiseAlarm(t.Context(), key, said)
				}
				return tx.ResolveAlarm(t.Context(), key)
			}); err != nil {
				t.Fatal(err)
			}
		}
		raised(true)
		for _, one := range []*http.Cookie{who, operator} {
			for _, path := range []string{"/", "/varsler"} {
				rec := w.ask("GET", path, one, "")
				body := rec.Body.String()
				if rec.Code != http.StatusOK {
					t.Fatalf("%s answers %d: %s", path, rec.Code, rec.Header().Get("Location"))
				}
				if bad := commands.FindString(html.UnescapeString(body)); bad != "" {
					t.Errorf("%s: %s says %q", name, path, bad)
				}
				_, words, _ := strings.Cut(text, " ") // a page begins it with a capital letter
				_, line, shown := strings.Cut(body, template.HTMLEscapeString(words))
				if !shown {
					t.Errorf("%s is not on %s: %s", name, path, text)
				}
				line, _, _ = strings.Cut(line, "</li>")
				line, _, _ = strings.Cut(line, "</td>")
				links := linked.FindAllStringSubmatch(line, -1)
				if len(links) == 0 && !regexp.MustCompile(`serveren|trykkeriet|avsenderen`).MatchString(text) {
					t.Errorf("%s: nothing can be done about it: %s", name, text)
				}
				for _, l := range links {
					to := html.UnescapeString(l[1])
					if rec := w.ask("GET", to, one, ""); rec.Code != http.StatusOK {
						t.Errorf("%s: «%s» leads to %s, which answers %d", name, l[2], to, rec.Code)
					}
					followed[l[2]] = true
				}
			}
		}
		raised(false)
	}
	for _, want := range []string{"Avklar jobben", "Frigi brevene", "Start en nattkjøring", "Gi nytt passord", "Åpne manuell utskrift", "Les inn kvitteringer", "Hent arbeidsboken"} {
		if !followed[want] {
			t.Errorf("no alarm leads to «%s»", want)
		}
	}
	if body := w.ask("GET", "/varsler", operator, "").Body.String(); strings.Contains(body, "Gi nytt passord") {
		t.Error("an operator is led to what is an administrator's")
	}
}

// TestConsoleNamesNoCommand reads the pages and the program of the console.
func TestConsoleNamesNoCommand(t *testing.T) {
	t.Parallel()
	n := 0
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || filepath.Ext(path) != ".go" && filepath.Ext(path) != ".html" {
			return err
		}
		text, err := os.ReadFile(path)
		n++
		for at, line := range strings.Split(string(text), "\n") {
			line, _, _ = strings.Cut(line, "// ")
			if bad := regexp.MustCompile(`postgang [a-z]`).FindString(line); bad != "" {
				t.Errorf("%s:%d says %q", path, at+1, bad)
			}
		}
		return err
	})
	if err != nil || n < 60 {
		t.Errorf("%d files read: %v", n, err)
	}
}
