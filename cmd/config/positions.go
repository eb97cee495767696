package config

import (
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// positions maps every dotted path of a TOML document to its line, so that a setting whose value is wrong can be found.
// A document that does not parse gives what was read until then.
func positions(data []byte) map[string]int {
	lines := map[string]int{}
	var p unstable.Parser
	p.Reset(data)
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		switch e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table = note(&p, lines, "", e)
		case unstable.KeyValue:
			note(&p, lines, table, e)
		}
	}
	return lines
}

// note records the line of an expression's key and gives the key's full path.
func note(p *unstable.Parser, lines map[string]int, table string, e *unstable.Node) string {
	var parts []string
	line := 0
	for it := e.Key(); it.Next(); {
		n := it.Node()
		parts = append(parts, string(n.Data))
		if line == 0 {
			line = p.Shape(n.Raw).Start.Line
		}
	}
	path := strings.Join(parts, ".")
	if table != "" {
		path = table + "." + path
	}
	if _, seen := lines[path]; !seen {
		lines[path] = line
	}
	return path
}
