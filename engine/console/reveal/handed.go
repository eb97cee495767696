package reveal

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/sheet"
)

// documentLink leads to another document of a letter that was refused.
type documentLink struct {
	page.Link
	Here bool
}

// placed is how the picture of a page lies on the sheet, as SVG says it.
type placed struct {
	Width, Height float64 // of the picture
	Transform     string  // into mm of the sheet
}

// noDocuments is told where nothing was handed in that would have been printed.
const noDocuments = "Det er ikke tatt imot noe dokument som skulle skrives ut, så det finnes ingen sider å vise."

// refused tells whether a letter was refused: its pages are those that were handed in.
func refused(l scoped.Letter) bool {
	return l.Status == shipment.StatusAvvist || l.Status == shipment.StatusFeiletUnderMotta
}

// revealHanded reveals the pages of a refused letter as they were handed in.
func (v *request) revealHanded(l scoped.Letter, p askPage) error {
	handed, err := v.Engine.HandedIn(v.Ctx, l.ID, mostLetter)
	if err != nil {
		return err
	}
	if len(handed.Documents) == 0 {
		p.Cannot = noDocuments
		return v.ask(p)
	}
	w := &view{letter: l.ID, purpose: p.Purpose, handed: &handed}
	if w.revealed, err = v.Door.Reveal(v.Ctx, access.By(v.Ctx), v.Scope, l.ID, []access.What{access.WhatPages}, p.Purpose); err != nil {
		return err
	}
	return v.showKept(w)
}

// handedAt is the place in the view of a document that was handed in, by its number in the hand-in.
func (w *view) handedAt(number string) (int, error) {
	for i, d := range w.handed.Documents {
		if strconv.Itoa(d.Position+1) == number {
			return i, nil
		}
	}
	return 0, store.ErrNotFound
}

// mostPages bounds the page of a document that can be asked for.
const mostPages = 1_000_000

// showHanded shows pages of a document as it was handed in, with what is wrong with them.
func (v *request) showHanded(l scoped.Letter, w *view, base string) error {
	at := 0
	if asked := v.R.URL.Query().Get("dokument"); asked != "" {
		var err error
		if at, err = w.handedAt(asked); err != nil {
			return err
		}
	}
	d := w.handed.Documents[at]
	number := d.Position + 1
	p := sidesPage{ID: l.ID, Purpose: w.purpose, Lookup: w.revealed.Lookup.Seq, Until: w.until, Refused: true, Document: number}
	for i, of := range w.handed.Documents {
		p.Documents = append(p.Documents, documentLink{page.Link{Text: fmt.Sprintf("Dokument %d", of.Position+1), Path: fmt.Sprintf("%s?dokument=%d", base, of.Position+1)}, i == at})
	}
	p.First, p.Last = w.shownWith(v.number("fra", mostPages))
	switch {
	case d.Gone:
		p.Cannot = "Dokumentet finnes ikke lenger i arkivet."
	case len(d.Bytes) == 0:
		p.Cannot = "Dokumentet er tomt, eller for stort til å vises her."
	default:
		if err := v.handedSides(w, at, &p, base); err != nil {
			return err
		}
	}
	p.faults(l, w, base)
	return v.showLayers(l, p)
}

// handedSides adds the pages of a document that are shown.
func (v *request) handedSides(w *view, at int, p *sidesPage, base string) error {
	vendor, _ := v.Vendor(w.handed.Vendor)
	drawing := v.drawing(w, at, p.First)
	texts, err := drawing.texts(v.Ctx)
	if v.Ctx.Err() != nil {
		return err
	}
	if err != nil || drawing.pages == 0 {
		p.Cannot = "Sidene kan ikke tegnes. Filen er skadet, låst med passord eller ikke en PDF."
		return nil
	}
	if p.First > drawing.pages {
		return store.ErrNotFound
	}
	p.All, p.Last = drawing.pages, min(p.Last, drawing.pages)
	address := func(from int) string { return fmt.Sprintf("%s?dokument=%d&fra=%d", base, p.Document, from) }
	if p.First > 1 {
		p.Former = address(p.First - sidesAtATime)
	}
	if p.Last < p.All {
		p.Next = address(p.Last + 1)
	}
	for n := p.First; n <= p.Last; n++ {
		side := sideView{Number: n, Picture: fmt.Sprintf("%s/%d-%d.png", base, p.Document, n), Text: texts[n], Shapes: zones(vendor)}
		drawn, err := drawing.picture(v.Ctx, n)
		if v.Ctx.Err() != nil {
			return err
		}
		var ok bool
		if side.Placed, ok = lay(vendor, drawn); err != nil || !ok {
			side.Cannot = "Siden kan ikke tegnes."
		}
		p.Sides = append(p.Sides, side)
	}
	return nil
}

// lay is how the picture of a page would lie on the vendor's sheet. ok is false when it cannot.
func lay(vendor party.Vendor, drawn shot) (out placed, ok bool) {
	at, ok := vendor.Checks.Lay(drawn.width, drawn.height)
	if !ok || drawn.png == nil {
		return out, false
	}
	// A picture and SVG count from the upper left corner, a page from the lower one.
	const mm = 1 / sheet.PtPerMM
	m := sheet.Matrix{1, 0, 0, -1, 0, drawn.height}.Mul(at.Matrix).Mul(sheet.Matrix{mm, 0, 0, -mm, 0, sheet.A4HeightMM})
	return placed{drawn.width, drawn.height, fmt.Sprintf("matrix(%.5f %.5f %.5f %.5f %.2f %.2f)", m[0], m[1], m[2], m[3], m[4], m[5])}, true
}

// ofDocument is where a refusal says which document it is about.
var ofDocument = regexp.MustCompile(`^dokumenter\[(\d{1,4})\]`)

// faults tells all that is wrong with a refused letter, and draws what is wrong with the pages that are shown on them.
func (p *sidesPage) faults(l scoped.Letter, w *view, base string) {
	for _, r := range l.Refusals {
		row := findingRow{Text: words.Refusal(r, words.Norwegian), Mark: page.Tag{Text: "Avvist", Color: "danger"}}
		if r.Warning {
			row.Mark = page.Tag{Text: "Advarsel", Color: "warning"}
		}
		about := slices.Clone(r.Pages)
		if n, err := strconv.Atoi(r.Args["page"]); err == nil && len(about) == 0 {
			about = append(about, n)
		}
		if m := ofDocument.FindStringSubmatch(r.Field); m != nil {
			position, _ := strconv.Atoi(m[1])
			if _, err := w.handedAt(strconv.Itoa(position + 1)); err == nil {
				p.locate(&row, r, position+1, about, base)
			}
		}
		p.Findings = append(p.Findings, row)
	}
	// What refused the letter comes before what was only noted.
	slices.SortStableFunc(p.Findings, func(a, b findingRow) int { return cmp.Compare(a.Mark.Color, b.Mark.Color) })
}

// locate leads to where a fault is, whose text says on which pages, and draws it on the pages that are shown.
func (p *sidesPage) locate(row *findingRow, r shipment.Refusal, document int, about []int, base string) {
	row.Side, row.Path = fmt.Sprintf("Dokument %d", document), fmt.Sprintf("%s?dokument=%d", base, document)
	if len(about) == 0 || r.Code == finding.CodeGiroOutOfRange { // there is no such page
		return
	}
	row.Path = fmt.Sprintf("%s&fra=%d#side-%d", row.Path, about[0], about[0])
	if document != p.Document {
		return
	}
	for i := range p.Sides {
		side := &p.Sides[i]
		if !slices.Contains(about, side.Number) {
			continue
		}
		side.Findings = append(side.Findings, findingRow{Text: row.Text, Mark: row.Mark})
		var at [4]float64
		placed := side.Cannot == ""
		for k, name := range []string{"x0", "y0", "x1", "y1"} {
			n, err := strconv.ParseFloat(r.Args[name], 64)
			placed = placed && err == nil
			at[k] = n
		}
		if placed {
			side.Shapes = append(side.Shapes, foundAt(row.Text, at[0], at[1], at[2], at[3]))
		}
	}
}
