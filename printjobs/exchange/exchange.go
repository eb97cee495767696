// Package exchange is the protocol between Postgang and a print vendor: the
// documents that the two sides hand each other, and the SFTP session that
// carries them.
//
// A print job reaches the vendor as a set of files in one folder (inbox):
//
//	K7QX000012_001_1f2e3d4c5b6a.pdf        print files, numbered from 1
//	K7QX000012_manifest_0a1b2c3d4e5f.csv   one row a letter, see [ManifestRow]
//	K7QX000012_jobb_a0b1c2d3e4f5.json      the ticket: totals, files, hashes, see [Ticket]
//	K7QX000012.klar                        the ready file, see [Ready]: the only hand-over
//
// The vendor touches nothing of a job before its ready file is there, answers
// each ready file with <job>.mottatt.json or <job>.avvist.json in the folder of
// answers ([Answer]), deletes only after answering, and refuses a job id that
// it has seen before. Receipts come as files in a folder of their own; this
// package only carries their bytes.
//
// Everything here can be repeated: names are made from content, files become
// visible under their final name by rename only when they are complete, and
// every step first looks at what the vendor's side already holds
// (docs/architecture.md, A print job's states). A step that failed with
// [ErrConnection] may or may not have had its effect; repeat it on a new session.
//
// Errors name jobs and the technical names above, never a person, an address or
// a title: the files carry those, their names do not.
package exchange

import (
	"errors"
	"fmt"
	"strings"
)

// Errors that callers decide by. All others mean that one operation failed on
// a living connection and that the vendor's side is as it was.
var (
	// ErrConnection: the connection is gone (cut, stalled, timed out, cancelled).
	// The step may have had its effect. Dial again and repeat it.
	ErrConnection = errors.New("connection to the vendor is gone")
	// ErrHostKeyChanged: the server showed another host key than the pinned one.
	// Never connect until the vendor has confirmed the new key.
	ErrHostKeyChanged = errors.New("the vendor's host key is not the pinned one")
	// ErrHostKeyUnknown: nothing is pinned for this address.
	ErrHostKeyUnknown = errors.New("no host key is pinned for the vendor's address")
	// ErrAuth: the server refused our user, key or password.
	ErrAuth = errors.New("the vendor's server refused the login")
	// ErrAlgorithms: the server offers only algorithms that are not safe any more, or none that we know.
	ErrAlgorithms = errors.New("the vendor's server and we have no algorithm in common")
	// ErrReady: the job's ready file is there, so the job belongs to the vendor.
	ErrReady = errors.New("the job is handed over already: its ready file is there")
	// ErrAnswered: the vendor has answered this job id, so it was handed over.
	ErrAnswered = errors.New("the job is handed over already: the vendor has answered it")
	// ErrIncomplete: a file that the ticket names is not there as described.
	ErrIncomplete = errors.New("the job is not complete at the vendor")
	// ErrConflict: a file with other content has the name; it was left alone.
	ErrConflict = errors.New("another file has that name at the vendor")
	// ErrSource: our own file is not what its description says.
	ErrSource = errors.New("the file to send is not as described")
	// ErrName: a name that is not safe or not of the agreed form.
	ErrName = errors.New("name is not allowed")
	// ErrTooLarge: a file at the vendor is larger than the limit for its kind.
	ErrTooLarge = errors.New("file is larger than the limit")
	// ErrUnstable: a file changed while it was read; try again later.
	ErrUnstable = errors.New("file changed while it was read")
)

// Problem is one thing that is wrong among a vendor's answers or receipts. Who
// keeps it keeps the code and the arguments; What and Advice say the same in
// English, for logs.
type Problem struct {
	Where  string            // file; no personal data
	Code   string            // one of the codes below
	Args   map[string]string // what the words of the code need; nil: nothing
	What   string            // what is wrong
	Advice string            // what to do about it
	Err    error             // the cause, for errors.Is
}

// The codes of problems.
const (
	ProblemName       = "name"       // an answer or a receipt file may not have that name
	ProblemUnreadable = "unreadable" // an answer cannot be understood: "why"
	ProblemOtherJob   = "other-job"  // an answer is of another job or decision than its name
	ProblemBoth       = "both"       // a refusal of a job that is accepted too
)

// FolderProblem is one thing that is wrong with a folder of the exchange, in
// English.
type FolderProblem struct {
	Where  string // folder
	What   string // what is wrong
	Advice string // what to do about it; may be empty
	Err    error  // the cause, for errors.Is
}

// String gives the problem in one line.
func (p Problem) String() string {
	s := p.Where + ": " + p.What
	if p.Advice != "" {
		s += " (" + p.Advice + ")"
	}
	return s
}

// LineProblem is one thing that is wrong in a line of a file.
type LineProblem struct {
	Line  int    // 1-based; 0 when it concerns the whole file
	Field string // column or field; may be empty
	What  string
}

// String gives the problem in one line.
func (p LineProblem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Field != "" {
		b.WriteString(p.Field + ": ")
	}
	b.WriteString(p.What)
	return b.String()
}

// ParseError lists every problem found in a document. It never quotes values
// that could identify a person.
type ParseError struct {
	Document string // "manifest", "ticket", "ready file", "answer"
	Problems []LineProblem
}

// shownProblems is how many problems an error text lists; Problems holds all.
const shownProblems = 10

// Error lists the first problems and counts the rest.
func (e *ParseError) Error() string {
	var b strings.Builder
	b.WriteString(e.Document + ": ")
	for i, p := range e.Problems {
		if i == shownProblems {
			fmt.Fprintf(&b, "; and %d more", len(e.Problems)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(p.String())
	}
	return b.String()
}

// problems collects the findings of one document.
type problems struct {
	document string
	list     []LineProblem
}

func (p *problems) add(line int, field, format string, args ...any) {
	switch n := len(p.list); {
	case n < maxProblems:
		p.list = append(p.list, LineProblem{line, field, fmt.Sprintf(format, args...)})
	case n == maxProblems:
		p.list = append(p.list, LineProblem{What: "further problems are not listed"})
	}
}

// maxProblems is how many problems of a document are listed: who sees more has another file.
const maxProblems = 1000

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &ParseError{Document: p.document, Problems: p.list}
}
