package billing

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestPure holds the promise of the rooms: their own code reads no file, network, environment, clock or time zone data. What needs
// one of them is handed it. Rows beyond memory are billing/spool's.
func TestPure(t *testing.T) {
	t.Parallel()
	var names []string
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "spool" || strings.HasSuffix(name, "test") || d.Name() == "testdata"):
			return fs.SkipDir
		case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 20 {
		t.Fatalf("only %d files were looked at", len(names))
	}
	outside := []string{"os", "io/fs", "io/ioutil", "path/filepath", "net", "syscall", "embed", "math/rand", "crypto/rand", "time/tzdata", "database"}
	asks := map[string]bool{"Now": true, "Since": true, "Until": true, "Local": true, "LoadLocation": true, "Sleep": true, "After": true, "NewTimer": true}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range file.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range outside {
				if path == o || strings.HasPrefix(path, o+"/") {
					t.Errorf("%s imports %s: take what it gives as an argument", name, path)
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && asks[s.Sel.Name] {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
					t.Errorf("%s uses time.%s: take the time or the zone as an argument", name, s.Sel.Name)
				}
			}
			return true
		})
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s does something when the program begins", name)
			}
		}
	}
}
