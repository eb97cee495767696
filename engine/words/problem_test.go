package words

import (
	"go/ast"
	"path/filepath"
	"strings"
	"testing"
)

// TestEveryProblemAtAVendorHasWords: what is wrong among a vendor's answers and receipts is an alarm by its code, and says in English
// what the exchange says in its own.
func TestEveryProblemAtAVendorHasWords(t *testing.T) {
	t.Parallel()
	consts := constants(t, "printjobs/exchange")
	seen := map[string]bool{}
	inspect(t, "printjobs/exchange", func(n ast.Node, at string) {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || typeName(lit.Type) != "Problem" || len(lit.Elts) == 0 {
			return
		}
		file, _, _ := strings.Cut(filepath.Base(at), ":")
		kind := map[string]string{"answers.go": "answer", "receiptfiles.go": "receipts"}[file]
		fields := fieldsOf(lit)
		code, ok := literal(fields["Code"], consts)
		if kind == "" || !ok {
			t.Errorf("%s: a problem without a code, or of another kind", at)
			return
		}
		seen[code] = true
		if alarmTemplates[kind+"/"+code] == (worded{}) {
			t.Errorf("%s: no words for %s %q", at, kind, code)
		}
		args := map[string]string{caseArg: code, "vendor": "v", "where": "w"}
		what, ok := literal(fields["What"], consts)
		advice, okToo := literal(fields["Advice"], consts)
		if !ok { // with why
			args["why"] = "y"
			what = "cannot be understood: y"
		}
		if got, want := Alarm(kind+":v:w", args, English), "vendor v: w: "+what+" ("+advice+")"; got != want || !okToo {
			t.Errorf("%s says\n%s\nwant\n%s", at, got, want)
		}
	})
	for name, code := range consts {
		if strings.HasPrefix(name, "Problem") && !seen[code] {
			t.Errorf("%s is made nowhere", name)
		}
	}
	if len(seen) < 4 {
		t.Errorf("only %v", seen)
	}
}
