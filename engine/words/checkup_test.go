package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryCheckHasWords: what a checkup finds has words in both languages that need no more than it gives, the Norwegian ones name no
// command, and there are none for what it never finds.
func TestEveryCheckHasWords(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "cmd", "app", "checkup*.go"))
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	said, made := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, ok := literal(n, nil); ok {
					said[text] = true
				}
			case *ast.CallExpr:
				to, ok := n.Fun.(*ast.SelectorExpr)
				if ok && len(n.Args) > 0 && slices.Contains([]string{"ok", "warn", "bad"}, to.Sel.Name) {
					if code, ok := literal(n.Args[0], nil); ok {
						made[code] = true
					}
				}
			}
			return true
		})
	}
	if len(made) < 50 {
		t.Errorf("only %d codes are found", len(made))
	}
	for code := range made {
		if _, ok := checkups[code]; !ok {
			t.Errorf("%s has no words", code)
		}
	}
	for code, c := range checkups {
		if !said[code] {
			t.Errorf("%s has words and is never found", code)
		}
		for _, part := range []sentence{c.name, c.text, c.fix} {
			if (part[English] == "") != (part[Norwegian] == "") {
				t.Errorf("%s has words in one language: %q", code, part)
			}
			for _, text := range part {
				for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
					if !said[m[1]] {
						t.Errorf("%s wants %q, which no check gives", code, m[1])
					}
				}
			}
			if strings.Contains(part[Norwegian], "postgang ") || strings.Contains(part[Norwegian], "chmod") {
				t.Errorf("%s names a command: %s", code, part[Norwegian])
			}
		}
		if c.name == (sentence{}) || c.text == (sentence{}) {
			t.Errorf("%s says nothing", code)
		}
	}
	name, text, fix := Checked("disk-low", map[string]string{"free": "12", "least": "1024"}, Norwegian)
	if name != "Diskplass" || text != "12 MB er ledig. En kjøring trenger minst 1024 MB." || fix != "Frigjør plass, eller flytt dokumentmappen." {
		t.Errorf("%q %q %q", name, text, fix)
	}
	if _, text, _ := Checked("clock", map[string]string{"at": "2026-11-30T18:00+01:00"}, English); text != "2026-11-30 18:00 in Europe/Oslo" {
		t.Error(text)
	}
	if name, text, _ := Checked("no-such", nil, Norwegian); name != "no-such" || text != "?" {
		t.Errorf("%q %q", name, text)
	}
}
