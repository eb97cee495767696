package reveal

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/insight"
	"postgang/engine/jobs"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/impose"
	"postgang/printjobs/prepare/finding"
)

// sidesPage shows sides of a letter as they are printed.
type sidesPage struct {
	ID, Purpose string
	Lookup      int64
	Until       time.Time
	Job         string // that the letter is in; empty: none yet
	Changed     bool   // the vendor's profile is another now than when the job was made
	Level4      bool   // the forside alone is shown
	Sheets, All int    // sheets of the letter, and their sides
	// Refused: the letter was refused, and the sides of one of its documents are shown as it was handed in.
	Refused     bool
	Documents   []documentLink // that it has
	Document    int            // that is shown, the first being 1
	Cannot      string         // why no side of it is shown; empty: they are
	Findings    []findingRow
	Sides       []sideView
	PDF         string // its address; empty: it is not to be had
	Former      string // address of the sides before; empty: there are none
	Next        string // of those after
	First, Last int    // sides that are shown
	// Which layers there are on these sides.
	Windows, Zones, Marks, Found bool
}

// sideView is one side.
type sideView struct {
	Number   int
	Name     string // what it is
	Picture  string // its address
	Placed   placed // of a page that was handed in: how it would lie on the sheet
	Cannot   string // why there is no picture; empty: there is one
	Text     string // that can be read on it; empty: none
	Shapes   []shape
	Findings []findingRow
}

// findingRow is something that was found about a letter or a side of it. Of a letter that was refused, a mark says how grave it is.
type findingRow struct {
	Text, Side, Path string
	Mark             page.Tag
}

// shape is an area of the sheet, in mm from its upper left corner.
type shape struct {
	Class      string // what it is
	Name       string
	X, Y, W, H float64
}

// What shapes are, as the style knows them.
const (
	shapeWindow = "vindu"
	shapeSafe   = "trygt"
	shapeZone   = "sone"
	shapeMark   = "merke"
	shapeFound  = "funn"
)

// sidesAtATime is how many sides a page shows.
const sidesAtATime = 8

func askSides(v *request) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	return v.ask(v.askSidesPage(l))
}

func (v *request) askSidesPage(l scoped.Letter) askPage {
	p := v.askPage(l, nil)
	p.Sides, p.Refused = true, refused(l)
	switch {
	case p.Cannot != "":
	case p.Refused && p.Level4:
		p.Cannot = "Avsenderen krever innlogging på det høyeste nivået. Da vises bare forsiden, og en forsendelse som er avvist, har ingen."
	case p.Refused && l.Documents == 0:
		p.Cannot = noDocuments
	case !p.Refused && (l.Facts == nil || l.Prepared.IsZero()):
		p.Cannot = "Brevet er ikke gjort klart for utskrift, så det finnes ingen sider å vise."
	}
	return p
}

func revealSides(v *request) error {
	l, err := v.letter()
	if err != nil {
		return err
	}
	p := v.askSidesPage(l)
	if p.Cannot != "" {
		return v.ask(p)
	}
	purpose, wrong := v.purpose()
	p.Purpose = purpose
	if p.wrongWith(wrong); wrong != "" {
		return v.ask(p)
	}
	if p.Refused {
		return v.revealHanded(l, p)
	}
	pdf, letter, err := v.Engine.LetterPDF(v.Ctx, l.ID, mostLetter)
	switch {
	case errors.Is(err, jobs.ErrUnprepared):
		p.Cannot = "Brevet er ikke gjort klart for utskrift, så det finnes ingen sider å vise."
	case errors.Is(err, jobs.ErrLarge):
		p.Cannot = "Brevet er for stort til å vises her. Den som drifter serveren, kan skrive det til en fil."
	case errors.Is(err, jobs.ErrUnprintable):
		p.Cannot = "Brevet kan ikke skrives ut slik trykkeriet er satt opp nå, og derfor heller ikke vises."
	case err == nil && l.Submission.RequireLevel4 && (len(letter.Layout) == 0 || letter.Layout[0].Kind != impose.Cover):
		p.Cannot = "Avsenderen krever innlogging på det høyeste nivået. Da vises bare forsiden, og dette brevet har ingen."
	case err != nil:
		return err
	}
	if p.Cannot != "" {
		return v.ask(p)
	}
	w := &view{letter: l.ID, purpose: purpose, pdf: pdf, preview: letter, sides: letter.Sides}
	what := []access.What{access.WhatPages}
	if l.Submission.RequireLevel4 {
		w.sides, what = 1, []access.What{access.WhatRecipient, access.WhatTitle} // what stands on the forside
	}
	if w.revealed, err = v.Door.Reveal(v.Ctx, access.By(v.Ctx), v.Scope, l.ID, what, purpose); err != nil {
		return err
	}
	return v.showKept(w)
}

// showKept sends somebody to the sides that they may see now.
func (v *request) showKept(w *view) error {
	w.revealed = insight.Revealed{Lookup: w.revealed.Lookup}
	token := v.views.keep(v.Visit, w)
	v.drawing(w, 0, 1) // while the browser comes back
	return v.Redirect("/forsendelser/" + w.letter + "/sider/" + token)
}

// sides finds the view of a request; nil: it is over.
func (v *request) sides() (l scoped.Letter, w *view, err error) {
	if l, err = v.letter(); err != nil {
		return l, nil, err
	}
	w = v.views.find(v.Visit, v.R.PathValue("visning"), l.ID)
	if w != nil && (!w.pages() || l.Submission.RequireLevel4 && (w.sides > 1 || w.handed != nil)) {
		w = nil
	}
	return l, w, nil
}

func showSides(v *request) error {
	l, w, err := v.sides()
	if err != nil {
		return err
	}
	if w == nil {
		return v.over("/forsendelser/" + l.ID + "/sider")
	}
	base := "/forsendelser/" + l.ID + "/sider/" + v.R.PathValue("visning")
	if w.handed != nil {
		return v.showHanded(l, w, base)
	}
	p := sidesPage{
		ID: l.ID, Purpose: w.purpose, Lookup: w.revealed.Lookup.Seq, Until: w.until, Job: w.preview.Job, Changed: w.preview.Changed, Level4: l.Submission.RequireLevel4,
		Sheets: w.preview.Sheets, All: w.preview.Sides,
	}
	p.First, p.Last = w.shownWith(v.number("fra", w.sides))
	if p.First > 1 {
		p.Former = base + "?fra=" + strconv.Itoa(p.First-sidesAtATime)
	}
	if p.Last < w.sides {
		p.Next = base + "?fra=" + strconv.Itoa(p.Last+1)
	}
	if !p.Level4 {
		p.PDF = base + "/brev.pdf"
	}
	texts, err := v.drawing(w, 0, p.First).texts(v.Ctx)
	if err != nil {
		return err
	}
	for n := p.First; n <= p.Last; n++ {
		p.Sides = append(p.Sides, sideView{Number: n, Name: sideName(w.preview, n), Picture: fmt.Sprintf("%s/%d.png", base, n), Text: texts[n], Shapes: v.shapes(w.preview, n)})
	}
	p.find(l, w, base)
	return v.showLayers(l, p)
}

// number is a number of the query, from 1 to most; what is not one is 1.
func (v *request) number(name string, most int) int {
	if n, err := strconv.Atoi(v.R.URL.Query().Get(name)); err == nil && n > 0 && n <= most {
		return n
	}
	return 1
}

// showLayers shows sides, with the layers that are on them.
func (v *request) showLayers(l scoped.Letter, p sidesPage) error {
	for _, s := range p.Sides {
		for _, sh := range s.Shapes {
			switch sh.Class {
			case shapeWindow, shapeSafe:
				p.Windows = true
			case shapeZone:
				p.Zones = true
			case shapeMark:
				p.Marks = true
			case shapeFound:
				p.Found = true
			}
		}
	}
	return v.Show(http.StatusOK, "sider", "Sidene i forsendelse "+l.ID[:8], p)
}

// sideName says what stands on a side.
func sideName(p jobs.LetterPreview, n int) string {
	if n > len(p.Layout) {
		return ""
	}
	switch s := p.Layout[n-1]; s.Kind {
	case impose.Cover:
		return "forsiden"
	case impose.Page:
		return fmt.Sprintf("dokument %d, side %d", s.Document, s.Page)
	case impose.Blank:
		return "tom bakside"
	case impose.ControlPage:
	}
	return ""
}

// shapes are the areas of a side that mean something: the envelope's window on the first side, what must stay empty on pages, and where
// the vendor's marks stand.
func (v *request) shapes(p jobs.LetterPreview, n int) (out []shape) {
	vendor, ok := v.Vendor(p.Vendor)
	if !ok || n > len(p.Layout) {
		return nil
	}
	profile, side := vendor.Profile, p.Layout[n-1]
	add := func(class, name string, x, y, w, h float64) {
		if w > 0 && h > 0 {
			out = append(out, shape{class, name, x, y, w, h})
		}
	}
	if l := profile.Layout; n == 1 {
		add(shapeWindow, "Konvoluttens vindu", l.WindowXMM, l.WindowYMM, l.WindowWMM, l.WindowHMM)
		add(shapeSafe, "Vises i vinduet hvordan arket enn ligger", l.SafeXMM, l.SafeYMM, l.SafeWMM, l.SafeHMM)
	}
	if side.Kind == impose.Page {
		out = append(out, zones(vendor)...)
	}
	// Marks stand on the fronts of sheets.
	if front := n == 1 || p.Sides == p.Sheets || n%2 == 1; front {
		for _, a := range profile.Marks.Zones() {
			add(shapeMark, "Trykkeriets merker", a.X0, a.Y0, a.X1-a.X0, a.Y1-a.Y0)
		}
	}
	return out
}

// zones are the parts of a page that must stay empty for a vendor.
func zones(vendor party.Vendor) (out []shape) {
	for _, z := range vendor.Checks.Zones {
		if z.Level.Or(finding.LevelOff) != finding.LevelOff && z.WidthMM > 0 && z.HeightMM > 0 {
			out = append(out, shape{shapeZone, page.Sentence(z.Name), z.XMM, z.YMM, z.WidthMM, z.HeightMM})
		}
	}
	return out
}

// foundAt is where on a side something was found.
func foundAt(text string, x0, y0, x1, y1 float64) shape {
	const least = 2 // mm: what is smaller is not seen
	return shape{shapeFound, text, x0, y0, max(x1-x0, least), max(y1-y0, least)}
}

// find tells what was found about the letter: of the whole, and on the sides that it is about.
func (p *sidesPage) find(l scoped.Letter, w *view, base string) {
	for _, said := range w.preview.Warnings {
		text := words.Refusal(shipment.Refusal{Code: said.Code, Args: shipment.Args(said.Args)}, words.Norwegian)
		p.Findings = append(p.Findings, findingRow{Text: text, Side: "Forsiden", Path: base + "#side-1"})
		if p.First == 1 {
			p.Sides[0].Findings = append(p.Sides[0].Findings, findingRow{Text: text})
		}
	}
	if l.Facts == nil || p.Level4 {
		return
	}
	for _, f := range l.Facts.Warnings {
		row := findingRow{Text: words.Refusal(shipment.OfFinding(f, "", true), words.Norwegian)}
		about := f.Pages
		if len(about) == 0 && f.Page > 0 {
			about = []int{f.Page}
		}
		for i, pageNumber := range about {
			at := slices.IndexFunc(w.preview.Layout, func(s jobs.PreviewSide) bool {
				return s.Kind == impose.Page && s.Document == f.Document+1 && s.Page == pageNumber
			})
			if at < 0 {
				continue
			}
			n := at + 1
			if i == 0 {
				row.Side, row.Path = fmt.Sprintf("Side %d", n), fmt.Sprintf("%s?fra=%d#side-%d", base, n, n)
			}
			if n < p.First || n > p.Last {
				continue
			}
			side := &p.Sides[n-p.First]
			side.Findings = append(side.Findings, findingRow{Text: row.Text})
			if b := f.MM; b != nil {
				side.Shapes = append(side.Shapes, foundAt(row.Text, b.X0, b.Y0, b.X1, b.Y1))
			}
		}
		p.Findings = append(p.Findings, row)
	}
}

// serveSide answers with the picture of a side, or with the letter as PDF.
func serveSide(v *request) error {
	l, w, err := v.sides()
	if err != nil {
		return err
	}
	if w == nil {
		return v.over("/forsendelser/" + l.ID + "/sider")
	}
	name := v.R.PathValue("fil")
	if name == "brev.pdf" && w.handed == nil && !l.Submission.RequireLevel4 {
		v.Attach("application/pdf", l.ID+".pdf")
		v.W.Header().Set("Content-Length", strconv.Itoa(len(w.pdf)))
		_, _ = v.W.Write(w.pdf) // who asked may be gone
		return nil
	}
	number, ok := strings.CutSuffix(name, ".png")
	document := 0
	if w.handed != nil {
		var of string
		of, number, _ = strings.Cut(number, "-")
		if document, err = w.handedAt(of); err != nil {
			return err
		}
	}
	n, err := strconv.Atoi(number)
	if !ok || err != nil || n < 1 || w.handed == nil && n > w.sides {
		return store.ErrNotFound
	}
	drawn, err := v.drawing(w, document, n).picture(v.Ctx, n)
	if err != nil {
		return err
	}
	picture := drawn.png
	if picture == nil {
		return store.ErrNotFound
	}
	h := v.W.Header()
	h.Set("Content-Type", "image/png")
	h.Set("Content-Length", strconv.Itoa(len(picture)))
	_, _ = v.W.Write(picture) // who asked may be gone
	return nil
}
