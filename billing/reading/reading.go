// Package reading is what the readers of other people's files share: the text of a file as UTF-8, and the problems found on the way.
// Problems name line and column, never the content of a field, because a wrong file may hold personal data.
package reading

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strings"

	"postgang/billing/bounded"
)

// Problem is one thing wrong with a file of others, told to the operator. It names line, column and
// remedy, and never repeats what a field holds.
type Problem struct {
	Line   int    // line in the file from 1; 0 when it concerns the whole file
	Column string // our name of the column; empty when it concerns the row or file
	Code   string // one of the Problem… constants
	Text   string // English text for the operator
}

// Codes of Problem.
const (
	ProblemFormat          = "format"           // the profile's receipt format is itself wrong
	ProblemEmpty           = "empty"            // nothing in the file
	ProblemEncoding        = "encoding"         // bytes that the encoding does not allow
	ProblemSyntax          = "syntax"           // quotes or delimiters are wrong
	ProblemHeader          = "header"           // the first line is not a header
	ProblemUnknownColumn   = "unknown_column"   // a column that version 1 does not have
	ProblemMissingColumn   = "missing_column"   // a column of version 1 is absent
	ProblemDuplicateColumn = "duplicate_column" // a column stands twice
	ProblemVersion         = "version"          // the row has another version
	ProblemFieldCount      = "field_count"      // the row has more or fewer fields than the header
	ProblemRequired        = "required"         // a required field is empty
	ProblemNumber          = "number"           // not a whole number
	ProblemAmount          = "amount"           // not an amount in the format's form
	ProblemNegative        = "negative"         // below zero
	ProblemTooLarge        = "too_large"        // above the limit
	ProblemTime            = "time"             // not RFC 3339 with offset, or not a plausible year
	ProblemID              = "id"               // an id with characters or a length no id has
	ProblemCode            = "konteringskode"   // a konteringskode outside its pattern
	ProblemKind            = "type"             // a kind of row that the profile does not know
	ProblemReason          = "returarsak"       // a reason that the profile does not know, or one where none belongs
	ProblemReturnCost      = "return_cost"      // a return with an amount
	ProblemMissingTrailer  = "trailer"          // the last line is not the one that the profile wants
	ProblemSum             = "sum"              // a sum at the end is not that of the rows
	ProblemDuplicateRow    = "duplicate_row"    // the same letter of the same job stands twice
	ProblemInvoice         = "invoice"          // an invoice that does not add up, or lacks what one has
	ProblemMore            = "more"             // further problems are not listed
)

// String writes the problem as one line for an operator.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Column != "" {
		fmt.Fprintf(&b, "%s: ", p.Column)
	}
	b.WriteString(p.Text)
	return b.String()
}

// MaxProblems is how many problems of one file are listed; the rest are only counted.
const MaxProblems = 10_000

// Problems are those found in one file. A reader embeds it.
type Problems struct {
	List  []Problem // at most MaxProblems
	Count int       // listed or not
}

// Add adds a problem; format and args make its Text.
func (p *Problems) Add(line int, column, code, format string, args ...any) {
	p.Count++
	if p.Count <= MaxProblems {
		p.List = append(p.List, Problem{Line: line, Column: column, Code: code, Text: fmt.Sprintf(format, args...)})
	}
}

// All is List, with how many more there are in the end.
func (p *Problems) All() []Problem {
	if p.Count <= MaxProblems {
		return p.List
	}
	return append(p.List, Problem{Code: ProblemMore, Text: fmt.Sprintf("%d further problems are not listed", p.Count-MaxProblems)})
}

// CSVError tells an error of a CSV file, as text when it is about quotation marks. more: the file can be read on.
func (p *Problems) CSVError(err error, text string) (more bool) {
	if errors.Is(err, bounded.ErrTooLong) {
		p.Add(ErrorLine(err), "", ProblemSyntax, "the line is longer than %d kB, or has a quotation mark that is never closed; check that this is the right file", bounded.Piece>>10)
		return false
	}
	p.Add(ErrorLine(err), "", ProblemSyntax, "%s", text)
	return true
}

// ErrorLine is the line of an error of encoding/csv; 0: it tells none.
func ErrorLine(err error) int {
	var pe *csv.ParseError
	if errors.As(err, &pe) {
		return pe.StartLine
	}
	return 0
}
