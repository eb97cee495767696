package engine_test

import (
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
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && file != root || d.Name() == "testdata" || d.Name() == "demo") {
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
