package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

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

// alarmKind is what the alarms whose keys begin alike have in common.
type alarmKind struct {
	severity Severity
	many     string // what several of them are, after their number
}

// alarmKinds are the kinds of alarms by the first part of their keys. One that is not here is major.
var alarmKinds = map[string]alarmKind{
	"restored":  {SeverityCritical, "vendors know of jobs that the archive does not"},
	"host-key":  {SeverityCritical, "vendors show another host key than the pinned one"},
	"recovered": {SeverityMajor, "vendors have letters that a person must decide about after a restore"},
	"uncertain": {SeverityCritical, "jobs may or may not be with the vendor"},
	"clock":     {SeverityCritical, "faults of the clock"},
	"disk":      {SeverityCritical, "disks are nearly full"},

	"missed":    {SeverityMajor, "schedules were missed"},
	"failed":    {SeverityMajor, "nights failed"},
	"died":      {SeverityMajor, "nights ended in the middle"},
	"schedule":  {SeverityMajor, "planned runs failed"},
	"overdue":   {SeverityMajor, "accounts have letters that should have gone"},
	"failing":   {SeverityMajor, "steps of jobs fail again and again"},
	"rejected":  {SeverityMajor, "jobs were refused by the vendor"},
	"reprint":   {SeverityMajor, "reprints were withdrawn"},
	"no-answer": {SeverityMajor, "offers have no answer"},
	"answer":    {SeverityMajor, "answers cannot be read or do not fit"},
	"receipts":  {SeverityMajor, "receipt files cannot be taken"},
	"intake":    {SeverityMajor, "folders of the drop folder cannot be used"},
	"events":    {SeverityMajor, "files of digital events have lines that are not applied"},
	"expiring":  {SeverityMajor, "certificates are about to end"},
	"hand-in":   {SeverityMajor, "hand-ins cannot be taken or put away"},
	"misplaced": {SeverityMajor, "folders hold what nobody takes there"},

	"no-receipt": {SeverityMinor, "accepted jobs lack receipts"},
	"held":       {SeverityMinor, "letters are set aside"},
	"prepare":    {SeverityMinor, "letters cannot be prepared"},
	"unhandled":  {SeverityMinor, "accounts have letters to which nothing happens"},
	"forgotten":  {SeverityMinor, "folders hold what was begun and left"},
	"slow":       {SeverityMinor, "schedules are slow"},
	"conflict":   {SeverityMinor, "vendors have receipts in conflict"},
	"invoice":    {SeverityMinor, "invoices do not fit their receipts any more"},
	"deviations": {SeverityMinor, "vendors deviate too often"},
	"prices":     {SeverityMinor, "price lists lack a price"},
	"manual":     {SeverityMinor, "manual print waits"},
	"guard":      {SeverityMinor, "caps keep letters back"},
}

// KindOfAlarm is the first part of an alarm's key.
func KindOfAlarm(key string) string {
	kind, _, _ := strings.Cut(key, ":")
	return kind
}

// SeverityOf is how grave an alarm is, by its key.
func SeverityOf(key string) Severity {
	if k, ok := alarmKinds[KindOfAlarm(key)]; ok {
		return k.severity
	}
	return SeverityMajor
}

// ManyOf says what several alarms of a kind are: "letters are set aside".
func ManyOf(kind string) string {
	return cmp.Or(alarmKinds[kind].many, "alarms of the kind "+kind)
}

// SortAlarms puts the gravest first; those as grave stay in their order.
func SortAlarms(list []Alarm) {
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
