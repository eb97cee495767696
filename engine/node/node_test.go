package node

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAlarms(t *testing.T) {
	t0 := time.Date(2026, 11, 30, 1, 0, 0, 0, time.UTC)
	on := func(name, config string, roles ...Role) Node {
		return Node{Name: name, Roles: roles, Config: config, Started: t0, Beat: t0, Silent: time.Second}
	}
	silent := func(n Node, d time.Duration) Node { n.Silent = d; return n }
	stopped := func(n Node) Node { n.Stopped = t0; return silent(n, time.Hour) }
	clock := func(n Node, d time.Duration) Node { n.Clock = d; return n }
	begun := func(n Node, d time.Duration) Node { n.Started = t0.Add(d); return n }
	for name, c := range map[string]struct {
		nodes []Node
		want  []string
	}{
		"none":                               {},
		"all is well":                        {nodes: []Node{on("a", "x", Roles()...), clock(on("b", "x", Prepare), -2*time.Second)}},
		"silent for a moment":                {nodes: []Node{silent(on("a", "x", Roles()...), 2*time.Minute)}},
		"lost, and nobody has what it did":   {nodes: []Node{silent(on("a", "x", Prepare, Intake), 121*time.Second), on("b", "x", Prepare)}, want: []string{"node:lost:a", "node:role:intake"}},
		"ended in order, others do its work": {nodes: []Node{stopped(on("a", "x", Prepare)), on("b", "x", Prepare)}},
		"ended in order, and nobody does":    {nodes: []Node{stopped(on("a", "x", Prepare, Console)), on("b", "x", Prepare)}, want: []string{"node:role:console"}},
		"one is configured otherwise":        {nodes: []Node{on("a", "y"), on("b", "x"), on("c", "x")}, want: []string{"node:config:a"}},
		"of two, the younger":                {nodes: []Node{begun(on("a", "y"), time.Minute), on("b", "x")}, want: []string{"node:config:a"}},
		"clocks":                             {nodes: []Node{clock(on("a", "x"), 2001*time.Millisecond), clock(on("b", "x"), -time.Minute)}, want: []string{"node:clock:a", "node:clock:b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Alarms(c.nodes)
			if keys := slices.Sorted(maps.Keys(got)); !slices.Equal(keys, c.want) {
				t.Errorf("alarms %q, want %q", keys, c.want)
			}
			for key, args := range got {
				if strings.Split(key, ":")[1] != args["case"] {
					t.Errorf("%s has case %q", key, args["case"])
				}
			}
		})
	}
}

func TestParseRoles(t *testing.T) {
	for _, c := range []struct {
		names []string
		want  string
		fault bool
	}{
		{nil, "intake, prepare, compose, exchange, schedule, console", false},
		{[]string{"compose", "intake", "compose"}, "intake, compose", false},
		{[]string{"compose", "komponere"}, "", true},
	} {
		got, err := ParseRoles(c.names)
		if (err != nil) != c.fault || Names(got) != c.want {
			t.Errorf("%q: %q, %v", c.names, Names(got), err)
		}
	}
	for name, want := range map[string]bool{"print1.example.no": true, "a": true, "": false, "-a": false, "a b": false, strings.Repeat("a", 64): false} {
		if ValidName(name) != want {
			t.Errorf("name %q: %v", name, !want)
		}
	}
}
