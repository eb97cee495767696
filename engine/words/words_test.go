package words

import (
	"regexp"
	"testing"
)

// forTheMachine is what only somebody at the machine could use: a command, a flag, a setting, a page of the documentation.
var forTheMachine = regexp.MustCompile(`postgang [a-z]|(^|\s)--[a-z]|\[\[?[a-z_]+[].]|\b[a-z]+_[a-z_]+ = |docs/|\.md\b`)

// TestNorwegianNamesNoCommand: who reads Norwegian is at the console or hands letters in, and can give no command.
func TestNorwegianNamesNoCommand(t *testing.T) {
	t.Parallel()
	n := 0
	check := func(name, text string) {
		n++
		if bad := forTheMachine.FindString(text); bad != "" {
			t.Errorf("%s says %q in Norwegian: %s", name, bad, text)
		}
	}
	for _, table := range []map[string]worded{alarmTemplates, alarmPhrases, manyAlarms, notes, notePhrases, changes, changeSubjects, changePhrases} {
		for name, w := range table {
			check(name, w[Norwegian])
		}
	}
	for _, table := range []map[string]sentence{refusals, holds, eventWords, fileProblems} {
		for name, s := range table {
			check(name, s[Norwegian])
		}
	}
	if n < 300 {
		t.Errorf("only %d texts were looked at", n)
	}
	for _, bad := range []string{"kjør postgang night", "[archive] documents", "[[vendors.x.prices]]", `code_from = "none"`, "se docs/drop-folder", "bruk --reason"} {
		if !forTheMachine.MatchString(bad) {
			t.Errorf("%q would pass", bad)
		}
	}
}
