package finding

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"postgang/printjobs/prepare/sheet"
)

// A finding that every page has is told once, with its pages.

// measure is what a finding tells of in numbers. Findings of one kind are told
// together, with the span of their numbers and the box around their places.
type measure struct {
	kind  string
	spans []span
	// told makes the arguments; several: of more pages than one.
	told func(spans []span, at *Box, several bool) Args
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
	lo, hi := decimal(math.Round(s.lo*10)/10), decimal(math.Round(s.hi*10)/10)
	if lo == hi {
		return lo
	}
	return lo + "–" + hi
}

// measured makes a finding about one page from its numbers.
func measured(f Finding, kind string, told func(spans []span, at *Box, several bool) Args, values ...float64) Finding {
	m := &measure{kind: kind, told: told}
	for _, v := range values {
		m.spans = append(m.spans, span{v, v})
	}
	f.measured = m
	f.Args = told(m.spans, f.MM, false)
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
		k := key{code: f.Code, severity: f.Severity, document: f.Document, text: fmt.Sprint(f.Args)}
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
			out[i].Args = f.measured.told(f.measured.spans, f.MM, true)
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

// sized are the arguments of a sentence about the size of pages.
func sized(which string, v []span, several bool) Args {
	if several {
		which += "-several"
	}
	return Args{"case": which, "width": v[0].whole(), "height": v[1].whole()}
}

// placed are the arguments that say where on the page something is.
func placed(at *Box) Args {
	return Args{"x0": decimal(at.X0), "x1": decimal(at.X1), "y0": decimal(at.Y0), "y1": decimal(at.Y1)}
}

// decimal writes a length in mm with a decimal point.
func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// ScaledWarning tells that a page was scaled to fit A4.
func ScaledWarning(document, page int, widthMM, heightMM, scale float64) Finding {
	return scaled("scaled", document, page, widthMM, heightMM, scale)
}

// ScaleRefusal tells that a page would be scaled further than makes sense.
func ScaleRefusal(document, page int, widthMM, heightMM, scale float64) Finding {
	if scale > 1 {
		return scaled("too-small", document, page, widthMM, heightMM, scale)
	}
	return scaled("too-large", document, page, widthMM, heightMM, scale)
}

func scaled(which string, document, page int, widthMM, heightMM, scale float64) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, which, func(v []span, _ *Box, several bool) Args {
		args := sized(which, v, several)
		args["percent"] = v[2].whole()
		return args
	}, widthMM, heightMM, scale*100)
}

// CroppedWarning tells that a part of a page is lost.
func CroppedWarning(document, page int, at sheet.Placement) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, "cropped", func(v []span, _ *Box, several bool) Args {
		args := sized("cropped", v, several)
		args["right"], args["below"] = v[2].tenths(), v[3].tenths()
		return args
	}, at.WidthMM, at.HeightMM, at.LostRight, at.LostBelow)
}

// OtherSizeRefusal tells that a page is not A4, to a vendor that takes no other.
func OtherSizeRefusal(document, page int, widthMM, heightMM, toleranceMM float64) Finding {
	return measured(Finding{Code: CodePageSize, Document: document, Page: page}, "other", func(v []span, _ *Box, several bool) Args {
		args := sized("other", v, several)
		args["tolerance"] = decimal(toleranceMM)
		return args
	}, widthMM, heightMM)
}

// ZoneFinding tells of ink in a reserved zone.
func ZoneFinding(zone string, document, page int, at sheet.Rect) Finding {
	return measured(Finding{Code: CodeReservedZone, Document: document, Page: page, MM: mmBox(at)}, zone, func(_ []span, box *Box, _ bool) Args {
		args := placed(box)
		args["zone"] = zone
		return args
	})
}

// ResolutionFinding tells of the coarsest image of a page, in pixels an inch.
func ResolutionFinding(document, page int, dpi, least float64, at sheet.Rect) Finding {
	return measured(Finding{Code: CodeImageResolution, Document: document, Page: page, MM: mmBox(at)}, "resolution", func(v []span, box *Box, several bool) Args {
		args := Args{"case": "several"}
		if !several {
			args = placed(box)
		}
		args["dpi"] = strconv.FormatFloat(math.Floor(v[0].lo), 'f', 0, 64)
		args["least"] = strconv.FormatFloat(least, 'f', 0, 64)
		return args
	}, dpi)
}
