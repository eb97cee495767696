// Package node is what is known of the processes that serve one archive together: what each does, when it was last heard of, and what is
// wrong among them.
package node

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"postgang/engine/alarm"
)

// Role is a part of what serve does.
type Role string

// The roles. They stand in the archive and in configurations.
const (
	Intake   Role = "intake"   // takes hand-ins: the drop folder, and what comes over the network
	Prepare  Role = "prepare"  // reads the documents of hand-ins and makes them ready for print
	Compose  Role = "compose"  // makes print files
	Exchange Role = "exchange" // offers jobs to vendors, and asks digital channels and registers
	Schedule Role = "schedule" // begins nights, receipts, reports and erasing, and looks for what is overdue
	Console  Role = "console"  // shows the console
)

// Roles are all roles.
func Roles() []Role { return []Role{Intake, Prepare, Compose, Exchange, Schedule, Console} }

// ParseRoles reads roles; none means all. They come in the order of Roles, each once.
func ParseRoles(names []string) ([]Role, error) {
	if len(names) == 0 {
		return Roles(), nil
	}
	var out []Role
	for _, name := range names {
		if !slices.Contains(Roles(), Role(name)) {
			return nil, fmt.Errorf("%q is no role; the roles are %s", name, Names(Roles()))
		}
	}
	for _, r := range Roles() {
		if slices.Contains(names, string(r)) {
			out = append(out, r)
		}
	}
	return out, nil
}

// Names writes roles for people: joined by commas.
func Names(roles []Role) string {
	out := make([]string, len(roles))
	for i, r := range roles {
		out[i] = string(r)
	}
	return strings.Join(out, ", ")
}

var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// ValidName reports whether a node may be called so: up to 63 letters, digits, dots, hyphens and underscores, as host names are.
func ValidName(name string) bool { return validName.MatchString(name) }

// Node is a process of serve. Its times are the database's.
type Node struct {
	Name    string
	Roles   []Role
	Version string        // of the program
	Schema  int64         // the newest migration of the archive that it knows
	Config  string        // a fingerprint of what must be configured alike everywhere
	Clock   time.Duration // how far its clock is ahead of the database's
	Started time.Time
	Beat    time.Time     // when it was last heard of
	Silent  time.Duration // since then, when this was read
	Stopped time.Time     // when it ended in order; zero: it has not
}

// Reader reads what is known of nodes.
type Reader interface {
	// Nodes lists all nodes by name.
	Nodes(ctx context.Context) ([]Node, error)
	// DatabaseClock is the clock of the database.
	DatabaseClock(ctx context.Context) (time.Time, error)
}

// Writer records it.
type Writer interface {
	// BeatNode records that a node is alive, now by the database's clock. Beat, Silent and Stopped are not looked at; with started it
	// has just begun.
	BeatNode(ctx context.Context, n Node, started bool) error
	// StopNode records that a node has ended in order.
	StopNode(ctx context.Context, name string) error
	// ForgetNode removes a node. store.ErrNotFound.
	ForgetNode(ctx context.Context, name string) error
}

const (
	// BeatEvery is how often a node says that it is alive.
	BeatEvery = 5 * time.Second
	// AliveWithin is how long a node may be silent and is taken for alive.
	AliveWithin = 4 * BeatEvery
	// lostAfter is how long it may be silent until somebody is told: a restart is quicker.
	lostAfter = 2 * time.Minute
	// clocksApart is how far clocks may be apart: hand-ins are timed by one node, and their deadlines looked at by another.
	clocksApart = 2 * time.Second
)

// Alive reports whether a node is at work.
func (n Node) Alive() bool { return n.Stopped.IsZero() && n.Silent <= AliveWithin }

// Kind is the kind of the alarms about nodes.
const Kind = "node"

// Alarms are what is wrong among nodes, by the keys of alarms. Nothing is when there are none: one machine on SQLite has no nodes.
func Alarms(nodes []Node) map[string]alarm.Args {
	out := map[string]alarm.Args{}
	var alive []Node
	for _, n := range nodes {
		switch {
		case !n.Stopped.IsZero():
		case n.Silent > lostAfter:
			out[key("lost", n.Name)] = alarm.Args{"case": "lost", "node": n.Name, "since": alarm.TimeArg(n.Beat)}
		default:
			alive = append(alive, n)
		}
	}
	if len(nodes) == 0 {
		return out
	}
	for _, r := range Roles() {
		had := func(n Node) bool { return slices.Contains(n.Roles, r) }
		if slices.ContainsFunc(nodes, had) && !slices.ContainsFunc(alive, had) {
			out[key("role", string(r))] = alarm.Args{"case": "role", "role": string(r)}
		}
	}
	agreed := most(alive)
	for _, n := range alive {
		if n.Config != agreed {
			out[key("config", n.Name)] = alarm.Args{"case": "config", "node": n.Name}
		}
		if n.Clock.Abs() > clocksApart {
			out[key("clock", n.Name)] = alarm.Args{"case": "clock", "node": n.Name, "way": way(n.Clock)}
		}
	}
	return out
}

func key(what, of string) string { return Kind + ":" + what + ":" + of }

func way(d time.Duration) string {
	if d > 0 {
		return "ahead"
	}
	return "behind"
}

// most is the configuration that most nodes have; of two that as many have, that of the node that was started first.
func most(nodes []Node) string {
	count := map[string]int{}
	first := map[string]time.Time{}
	for _, n := range nodes {
		count[n.Config]++
		if at, ok := first[n.Config]; !ok || n.Started.Before(at) {
			first[n.Config] = n.Started
		}
	}
	var best string
	for c, n := range count {
		if best == "" || cmp.Or(cmp.Compare(n, count[best]), first[best].Compare(first[c])) > 0 {
			best = c
		}
	}
	return best
}
