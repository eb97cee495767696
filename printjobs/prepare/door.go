package prepare

import (
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
)

// What callers need of the rooms behind this package, under its own name.
type (
	// Finding is one thing found about a letter.
	Finding = finding.Finding
	// Facts describes a prepared letter.
	Facts = finding.Facts
	// PageFacts describes one page of it.
	PageFacts = finding.PageFacts
	// Args are the arguments of a finding's sentence.
	Args = finding.Args
	// Level says what becomes of a letter about which something is found.
	Level = finding.Level
	// Box is a place on the upright A4 page, in mm.
	Box = finding.Box
	// Limits bounds what one letter may cost.
	Limits = read.Limits
	// Zone is a part of the upright A4 page where nothing may be printed.
	Zone = scan.Zone
)

// The levels, and the codes that callers tell apart.
const (
	LevelOff     = finding.LevelOff
	LevelWarning = finding.LevelWarning
	LevelError   = finding.LevelError

	CodeTooManyPages    = finding.CodeTooManyPages
	CodeFontNotEmbedded = finding.CodeFontNotEmbedded
)

// InserterZone is where inserters read their marks.
func InserterZone(level Level) Zone { return scan.InserterZone(level) }

// UnprintableEdge returns the four strips along the edges of A4 that a printer
// cannot reach, edge mm wide.
func UnprintableEdge(edge float64, level Level) []Zone { return scan.UnprintableEdge(edge, level) }

// PageCount returns the number of pages of the PDF at path as pdfcpu counts
// them, independently of how this package walks the page tree.
func PageCount(path string) (int, error) { return read.PageCount(path) }
