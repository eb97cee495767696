package finding

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"postgang/printjobs/prepare/sheet"
)

// A finding that every page has is told once, with its pages.

// measure is what a finding tells of in numbers. Findings of one kind are told
// together, with the span of their numbers and the box around their places.
type measure struct {
	kind  string
	spans []span
	// told makes the text; several: of more pages than one.
	told func(spans []span, at *Box, several bool) string
}

// span is the least and the greatest of a number.
type span struct{ lo, hi float64 }

// whole writes a span in whole numbers.
func (s span) whole() string {
	lo, hi := strconv.FormatFloat(math.Round(s.lo), 'f', 0, 64), strconv.FormatFloat(math.Round(s.hi), 'f', 0, 64)
	if lo == hi {
		return lo
	}
	return lo + "–" + hi
}

// tenths writes a span as lengths.
func (s span) tenths() string {
	lo, hi := mm(math.Round(s.lo*10)/10), mm(math.Round(s.hi*10)/10)
	if lo == hi {
		return lo
	}
	return lo + "–" + hi
}

// measured makes a finding about one page from its numbers.
func measured(f Finding, kind string, told func(spans []span, at *Box, several bool) string, values ...float64) Finding {
	m := &measure{kind: kind, told: told}
	for _, v := range values {
		m.spans = append(m.spans, span{v, v})
	}
	f.measured = m
	f.Text = told(m.spans, f.MM, false)
	return f
}

// Gathered puts findings together that say the same of several pages of a
// document, in the order in which each is first found.
func Gathered(findings []Finding) []Finding {
	type key struct {
		code, text, kind string
		severity         Level
		document         int
		box              Box
	}
	at := map[key]int{}
	var out []Finding
	for _, f := range findings {
		k := key{code: f.Code, severity: f.Severity, document: f.Document, text: f.Text}
		if f.measured != nil {
			k.text, k.kind = "", f.measured.kind
		} else if f.MM != nil {
			k.box = *f.MM
		}
		i, known := at[k]
		switch {
		case f.Code == CodeGiroOutOfRange: // its pages are those that there are not
			out = append(out, f)
		case !known:
			at[k] = len(out)
			out = append(out, f)
		case f.Page == out[i].Page: // once more the same
		default:
			out[i] = out[i].with(f)
		}
	}
	for i, f := range out {
		if f.measured != nil && len(f.Pages) > 1 {
			out[i].Text = f.measured.told(f.measured.spans, f.MM, true)
		}
		out[i].measured = nil
	}
	return out
}

// with adds the same finding about another page, which does not come before.
func (f Finding) with(g Finding) Finding {
	if len(f.Pages) == 0 {
		f.Pages = []int{f.Page}
	}
	if g.Page != f.Pages[len(f.Pages)-1] {
		f.Pages = append(f.Pages, g.Page)
	}
	if f.measured == nil || g.measured == nil {
		return f
	}
	m := *f.measured
	m.spans = slices.Clone(m.spans)
	for i, s := range g.measured.spans {
		m.spans[i] = span{math.Min(m.spans[i].lo, s.lo), math.Max(m.spans[i].hi, s.hi)}
	}
	f.measured = &m
	if f.MM != nil && g.MM != nil {
		f.MM = &Box{math.Min(f.MM.X0, g.MM.X0), math.Min(f.MM.Y0, g.MM.Y0), math.Max(f.MM.X1, g.MM.X1), math.Max(f.MM.Y1, g.MM.Y1)}
	}
	return f
}

// shownRuns bounds the runs of pages that Where names.
const shownRuns = 12

// Where names the pages of a finding as a sentence begins, in bokmål: "Side 3",
// "Sidene 1–200", "Sidene 1, 3 og 5–7"; empty when it is about the whole.
func (f Finding) Where() string {
	if len(f.Pages) < 2 {
		if f.Page == 0 {
			return ""
		}
		return "Side " + strconv.Itoa(f.Page)
	}
	var runs []string
	left := 0
	for i := 0; i < len(f.Pages); {
		j := i
		for j+1 < len(f.Pages) && f.Pages[j+1] == f.Pages[j]+1 {
			j++
		}
		run := strconv.Itoa(f.Pages[i])
		switch {
		case len(runs) == shownRuns:
			left += j - i + 1
		case j > i:
			run += "–" + strconv.Itoa(f.Pages[j])
			fallthrough
		default:
			runs = append(runs, run)
		}
		i = j + 1
	}
	last := runs[len(runs)-1]
	switch {
	case left > 0:
		return fmt.Sprintf("Sidene %s og %d til", strings.Join(runs, ", "), left)
	case len(runs) == 1:
		return "Sidene " + last
	}
	return "Sidene " + strings.Join(runs[:len(runs)-1], ", ") + " og " + last
}

// pagesAre begins a sentence about the size of pages.
func pagesAre(w, h span, several bool) string {
	if several {
		return fmt.Sprintf("Sidene er %s × %s mm", w.whole(), h.whole())
	}
	return fmt.Sprintf("Siden er %s × %s mm", w.whole(), h.whole())
}

// ScaledWarning tells that a page was scaled to fit A4.
func ScaledWarning(document, page int, widthMM, heightMM, scale float64) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, "scaled", func(v []span, _ *Box, several bool) string {
		return fmt.Sprintf("%s og er skalert til %s %% for å passe på A4.", pagesAre(v[0], v[1], several), v[2].whole())
	}, widthMM, heightMM, scale*100)
}

// ScaleRefusal tells that a page would be scaled further than makes sense.
func ScaleRefusal(document, page int, widthMM, heightMM, scale float64) Finding {
	kind, why := "too large", "Det er for lite til å kunne leses."
	if scale > 1 {
		kind, why = "too small", "Så små sider er neppe ment for A4."
	}
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, kind, func(v []span, _ *Box, several bool) string {
		return fmt.Sprintf("%s og måtte skaleres til %s %% for å passe på A4. %s Lagre dokumentet i A4 og send på nytt.", pagesAre(v[0], v[1], several), v[2].whole(), why)
	}, widthMM, heightMM, scale*100)
}

// CroppedWarning tells that a part of a page is lost.
func CroppedWarning(document, page int, at sheet.Placement) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, "cropped", func(v []span, _ *Box, several bool) string {
		return fmt.Sprintf("%s og skrives ut i full størrelse: %s mm til høyre og %s mm nederst kommer ikke med.", pagesAre(v[0], v[1], several), v[2].tenths(), v[3].tenths())
	}, at.WidthMM, at.HeightMM, at.LostRight, at.LostBelow)
}

// OtherSizeRefusal tells that a page is not A4, to a vendor that takes no other.
func OtherSizeRefusal(document, page int, widthMM, heightMM, toleranceMM float64) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, "other", func(v []span, _ *Box, several bool) string {
		return fmt.Sprintf("%s. Trykkeriet tar bare A4 (210 × 297 mm, avvik høyst %s mm). Lagre dokumentet i A4 og send på nytt.", pagesAre(v[0], v[1], several), mm(toleranceMM))
	}, widthMM, heightMM)
}

// ZoneFinding tells of ink in a reserved zone.
func ZoneFinding(zone string, document, page int, at sheet.Rect) Finding {
	return measured(Finding{Code: CodeReservedZone, Document: document, Page: page, MM: mmBox(at)}, zone, func(_ []span, box *Box, _ bool) string {
		return fmt.Sprintf("Det er trykk i %s (%s målt fra øverste venstre hjørne), der arket må være blankt. Flytt innholdet eller øk margen.", zone, box)
	})
}

// ResolutionFinding tells of the coarsest image of a page, in pixels an inch.
func ResolutionFinding(document, page int, dpi, least float64, at sheet.Rect) Finding {
	return measured(Finding{Code: CodeImageResolution, Document: document, Page: page, MM: mmBox(at)}, "resolution", func(v []span, box *Box, several bool) string {
		what := fmt.Sprintf("Et bilde på siden (%s) har bare %.0f punkter per tomme slik det ligger på arket", box, math.Floor(v[0].lo))
		if several {
			what = fmt.Sprintf("Bilder på sidene har ned til %.0f punkter per tomme slik de ligger på arket", math.Floor(v[0].lo))
		}
		return fmt.Sprintf("%s; minst %.0f kreves. Bruk bilder med høyere oppløsning.", what, least)
	}, dpi)
}
