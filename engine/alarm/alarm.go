// Package alarm is what a person must look at: its key and arguments, and how grave each kind is. engine/words says it.
package alarm

import (
	"cmp"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/identity"
)

// Args are what an alarm says, apart from its words: by name, as engine/words knows them. Counts are decimal digits, times as
// TimeArg writes them, and what an operating system, a database or a library said is "why". None has personal data.
type Args map[string]string

// TimeArg makes a time an argument of an alarm: RFC 3339 to the minute, with the offset of Norwegian time. What is not shown is left
// out, so that the same words have the same arguments.
func TimeArg(t time.Time) string { return t.In(calendar.Oslo).Format("2006-01-02T15:04Z07:00") }

// AsStored is what an archive makes of arguments: nothing in it can be somebody's fødselsnummer.
func (a Args) AsStored() Args {
	out := make(Args, len(a))
	for name, value := range a {
		out[name] = identity.MaskNationalIDs(value)
	}
	return out
}

// Says reports whether stored arguments say what would be raised now. Those of no alarm, nil, say nothing.
func (a Args) Says(now Args) bool { return a != nil && maps.Equal(a, now.AsStored()) }

// LogValue has a log show the arguments by their names.
func (a Args) LogValue() slog.Value {
	var attrs []slog.Attr
	for _, name := range slices.Sorted(maps.Keys(a)) {
		attrs = append(attrs, slog.String(name, a[name]))
	}
	return slog.GroupValue(attrs...)
}

// Severity orders alarms: the gravest is told first.
type Severity int

// The severities, gravest first.
const (
	SeverityCritical Severity = iota // letters may be lost, printed twice or sent to the wrong place, or all stands still
	SeverityMajor                    // letters wait that should go
	SeverityMinor                    // a person must look, in time
)

// String is the name in messages.
func (s Severity) String() string {
	switch s {
	case SeverityCritical:
		return "critical"
	case SeverityMajor:
		return "major"
	case SeverityMinor:
		return "minor"
	}
	return "Severity(" + strconv.Itoa(int(s)) + ")"
}

// alarmKinds are the kinds of alarms by the first part of their keys. One that is not here is major.
var alarmKinds = map[string]Severity{
	"restored":  SeverityCritical,
	"host-key":  SeverityCritical,
	"recovered": SeverityMajor,
	"uncertain": SeverityCritical,
	"clock":     SeverityCritical,
	"disk":      SeverityCritical,

	"node":      SeverityMajor,
	"reload":    SeverityMajor,
	"backup":    SeverityMajor,
	"missed":    SeverityMajor,
	"failed":    SeverityMajor,
	"died":      SeverityMajor,
	"schedule":  SeverityMajor,
	"overdue":   SeverityMajor,
	"password":  SeverityMajor,
	"failing":   SeverityMajor,
	"rejected":  SeverityMajor,
	"reprint":   SeverityMajor,
	"no-answer": SeverityMajor,
	"answer":    SeverityMajor,
	"receipts":  SeverityMajor,
	"intake":    SeverityMajor,
	"events":    SeverityMajor,
	"expiring":  SeverityMajor,
	"hand-in":   SeverityMajor,
	"channel":   SeverityMajor,
	"misplaced": SeverityMajor,

	"no-receipt": SeverityMinor,
	"held":       SeverityMinor,
	"prepare":    SeverityMinor,
	"unhandled":  SeverityMinor,
	"forgotten":  SeverityMinor,
	"slow":       SeverityMinor,
	"conflict":   SeverityMinor,
	"half":       SeverityMinor,
	"invoice":    SeverityMinor,
	"deviations": SeverityMinor,
	"prices":     SeverityMinor,
	"manual":     SeverityMinor,
	"guard":      SeverityMinor,
	"retention":  SeverityMinor,
	"expected":   SeverityMinor,
}

// Kinds are all kinds of alarms, sorted.
func Kinds() []string { return slices.Sorted(maps.Keys(alarmKinds)) }

// KindOf is the first part of an alarm's key.
func KindOf(key string) string {
	kind, _, _ := strings.Cut(key, ":")
	return kind
}

// SeverityOf is how grave an alarm is, by its key.
func SeverityOf(key string) Severity {
	if s, ok := alarmKinds[KindOf(key)]; ok {
		return s
	}
	return SeverityMajor
}

// Sort puts the gravest first; those as grave stay in their order.
func Sort(list []Alarm) {
	slices.SortStableFunc(list, func(a, b Alarm) int { return cmp.Compare(SeverityOf(a.Key), SeverityOf(b.Key)) })
}

// Acknowledged reports whether a person has said that they know of it.
func (a Alarm) Acknowledged() bool { return !a.AckedAt.IsZero() }

// Unacknowledged counts the open alarms that nobody has acknowledged.
func Unacknowledged(list []Alarm) int {
	n := 0
	for _, a := range list {
		if a.Resolved.IsZero() && !a.Acknowledged() {
			n++
		}
	}
	return n
}

// Delivery is what a sink was told of an alarm.
type Delivery struct {
	Alarm
	Seq        int64     // of the alarm: a key may come again
	ToldRaised time.Time // zero: not yet
	ToldOver   time.Time // that it is resolved; zero: not yet
	ToldBefore time.Time // when the sink was last told of any alarm with this key; zero: never
}

// Alarm is something that a person must look at.
type Alarm struct {
	Key      string
	Args     Args // what engine/words needs to word it; of one that an earlier version stored as a sentence, that alone as "text"
	Raised   time.Time
	Last     time.Time
	Count    int
	Resolved time.Time // zero: open
	// A person knows of it.
	AckedAt   time.Time // zero: nobody said so
	AckReason string
	AckBy     string // who, as access.Actor keeps it; empty: Postgang by itself
}
