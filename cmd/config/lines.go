package config

import (
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// positions maps every dotted path of a TOML document to its line, so that a setting whose value is wrong can be found. The
// tables of a list have their number from 0 in their path: vendors.v.prices[2].unit; the list itself is where its first one is.
// A document that does not parse gives what was read until then.
func positions(data []byte) map[string]int {
	r := reader{lines: map[string]int{}, counts: map[string]int{}}
	r.parser.Reset(data)
	table := ""
	for r.parser.NextExpression() {
		e := r.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			table, _ = r.note("", e)
		case unstable.ArrayTable:
			path, line := r.note("", e)
			table = fmt.Sprintf("%s[%d]", path, r.counts[path])
			r.counts[path]++
			r.lines[table] = line
		case unstable.KeyValue:
			r.note(table, e)
		}
	}
	return r.lines
}

type reader struct {
	parser unstable.Parser
	lines  map[string]int
	counts map[string]int // tables of a list so far, by its path
}

// note records the line of an expression's key and gives the key's full path.
func (r *reader) note(table string, e *unstable.Node) (path string, line int) {
	var parts []string
	for it := e.Key(); it.Next(); {
		n := it.Node()
		parts = append(parts, string(n.Data))
		if line == 0 {
			line = r.parser.Shape(n.Raw).Start.Line
		}
	}
	path = table
	for i, p := range parts {
		if path != "" {
			path += "."
		}
		path += p
		// [a.b.c] where a.b is a list belongs to the list's last table.
		if n := r.counts[path]; n > 0 && i < len(parts)-1 {
			path = fmt.Sprintf("%s[%d]", path, n-1)
		}
	}
	if _, seen := r.lines[path]; !seen {
		r.lines[path] = line
	}
	return path, line
}

// parent is the path of the table around a setting; false: there is none.
func parent(path string) (string, bool) {
	if strings.HasSuffix(path, "]") {
		return path[:strings.LastIndexByte(path, '[')], true
	}
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", false
	}
	return path[:i], true
}
