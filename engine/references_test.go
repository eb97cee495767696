package engine_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReferencesToPages: each page of docs that code or another page names is there, with the section named. Code names one as
// "docs/sources.md, Postage"; a page links to one as "sources.md#postage".
func TestReferencesToPages(t *testing.T) {
	t.Parallel()
	root := repositoryRoot(t)
	page := regexp.MustCompile(`\bdocs/([a-z-]+\.md)(?:,\s+(?://\s*)?([A-Z][^).;:\]|]*))?`)
	link := regexp.MustCompile(`\]\((?:docs/)?([a-z-]+\.md)(?:#([a-z0-9-]+))?\)`)
	// Comments go on in the next line.
	goOn := regexp.MustCompile(`\n\s*//\s*`)
	heading := regexp.MustCompile(`(?m)^#+ (.+)$`)
	sections := map[string]map[string]bool{} // of a page, as written and as linked to
	of := func(name string) map[string]bool {
		if sections[name] == nil {
			text, err := os.ReadFile(filepath.Join(root, "docs", name))
			if err != nil {
				return nil
			}
			sections[name] = map[string]bool{}
			for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
				sections[name][m[1]] = true
				anchor := regexp.MustCompile(`[^\pL\pN -]`).ReplaceAllString(strings.ToLower(m[1]), "")
				sections[name][strings.ReplaceAll(anchor, " ", "-")] = true
			}
		}
		return sections[name]
	}
	seen := 0
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata" || madeByDemo(root, file)) {
			return fs.SkipDir
		}
		ext := filepath.Ext(file)
		if d.IsDir() || ext != ".go" && ext != ".md" {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		expression := page
		if ext == ".md" {
			expression = link
		}
		for _, m := range expression.FindAllStringSubmatch(goOn.ReplaceAllString(string(text), " "), -1) {
			if strings.HasSuffix(file, "references_test.go") {
				break
			}
			if m[1] == "README.md" || m[1] == "CHANGELOG.md" {
				continue
			}
			seen++
			if has := of(m[1]); has == nil {
				t.Errorf("%s names docs/%s, which is not there", file, m[1])
			} else if m[2] != "" && !has[strings.TrimSpace(m[2])] {
				t.Errorf("%s names section %q of docs/%s, which is not there", file, m[2], m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen < 50 {
		t.Errorf("found %d references only", seen)
	}
}

// TestNamesInComments: what a comment names of a package of ours, as in package.Name, is declared there. Code that moves takes the
// compiler's references with it, and leaves these behind.
func TestNamesInComments(t *testing.T) {
	t.Parallel()
	root := repositoryRoot(t)
	declared := map[string]map[string]bool{} // package name → names, of fields and methods too
	type comment struct {
		at   token.Position
		text string
	}
	var comments []comment
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || madeByDemo(root, file)) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		names := declared[parsed.Name.Name]
		if names == nil {
			names = map[string]bool{}
			declared[parsed.Name.Name] = names
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			var ids []*ast.Ident
			switch n := n.(type) {
			case *ast.FuncDecl:
				ids = append(ids, n.Name)
			case *ast.TypeSpec:
				ids = append(ids, n.Name)
			case *ast.ValueSpec:
				ids = n.Names
			case *ast.Field:
				ids = n.Names
			}
			for _, id := range ids {
				names[id.Name] = true
			}
			return true
		})
		for _, group := range parsed.Comments {
			for _, c := range group.List {
				comments = append(comments, comment{fset.Position(c.Pos()), c.Text})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	named, seen := regexp.MustCompile(`(^|[^\w./])([a-z]\w*)\.([A-Z]\w*)`), 0
	for _, c := range comments {
		for _, m := range named.FindAllStringSubmatch(c.text, -1) {
			names, ours := declared[m[2]]
			if !ours {
				continue
			}
			if seen++; !names[m[3]] {
				t.Errorf("%s: %s.%s is not there", c.at, m[2], m[3])
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d names were looked up", seen)
	}
}
