package impose

import (
	"fmt"
	"strings"
)

// String writes the plan as text for people and for comparing plans: a line of
// totals, then a line a sheet with its number, stock, front and back. A page is
// written document.page, an empty side as a dash:
//
//	3 sheets, duplex, 4 pages, C5, 21.970 g
//	1/3 COVER  cover    -
//	2/3 PLAIN  1.1      1.2
//	3/3 GIRO   1.3      -
func (im Imposed) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s, %s", count(len(im.Sheets), "sheet"), plex(im.Duplex), count(im.Pages, "page"), im.Envelope)
	if im.Manual {
		b.WriteString(" by hand")
	}
	fmt.Fprintf(&b, ", %d.%03d g\n", im.WeightMilligram/1000, im.WeightMilligram%1000)
	for _, s := range im.Sheets {
		fmt.Fprintf(&b, "%d/%d %-6s %-8s %s\n", s.N, s.Of, s.Stock, s.Front, s.Back)
	}
	return b.String()
}

// String writes the side as in [Imposed.String]; a page that does not stand in
// its own place is followed by its matrix.
func (s Side) String() string {
	var at string
	if s.Kind != Blank && s.At != Identity {
		at = fmt.Sprintf("@%g", s.At)
	}
	switch s.Kind {
	case Blank:
		return "-"
	case Page:
		return fmt.Sprintf("%d.%d%s", s.Document, s.Page, at)
	}
	return s.Kind.String() + at
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func plex(duplex bool) string {
	if duplex {
		return "duplex"
	}
	return "simplex"
}
