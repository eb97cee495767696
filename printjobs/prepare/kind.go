package prepare

import (
	"bytes"
	"regexp"
	"strconv"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/scan"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// What a PDF is decides whether its pages are what its sender saw. A dynamic XFA
// form and a portfolio show something else in the program they were made in, and
// have one page for all other programs that says so; files lie in a PDF beside
// its pages.

// checkKind finds what concerns the document as a whole once its pages are known.
func (l *letter) checkKind(s *read.Document, pages []read.Page) {
	root := s.Catalog()
	if root == nil {
		return
	}
	if dynamicForm(s, root, pages) {
		l.refuse(finding.New(finding.CodeDynamicForm, s.Index, 0))
		return
	}
	attached := attachments(s, root, pages)
	if s.Dict(root["Collection"]) != nil && l.checks.Portfolio.Or(finding.LevelError) != finding.LevelOff {
		l.find(l.checks.Portfolio.Or(finding.LevelError), finding.New(finding.CodePortfolio, s.Index, 0))
		return // its files are what it is
	}
	if attached > 0 {
		l.find(l.checks.Attachments.Or(finding.LevelWarning), attachmentsFinding(s.Index, attached))
	}
}

func attachmentsFinding(document, n int) finding.Finding {
	var args finding.Args
	if n > 1 {
		args = finding.Args{"case": "several", "n": strconv.Itoa(n)}
	}
	return finding.Finding{Code: finding.CodeAttachments, Document: document, Args: args}
}

var (
	// dynamicRender is what Adobe's designer writes into a form's configuration:
	// forbidden in one whose pages are drawn, required in one that is laid out
	// when it is opened.
	dynamicRender = regexp.MustCompile(`<(?:\w+:)?dynamicRender\s*>\s*(\w+)\s*<`)
	// formContent is something that a form would show.
	formContent = regexp.MustCompile(`<(?:\w+:)?(?:field|draw)[\s>]`)
)

// maxFormBytes bounds what is read of the description of a form.
const maxFormBytes = 16 << 20

// dynamicForm reports a form that is not drawn on the pages of the PDF, but
// described in XML (XFA) for Adobe's programs. What is on its page is «Please
// wait…», or nothing. Forms of the same kind whose pages are drawn pass.
func dynamicForm(s *read.Document, root syntax.Dict, pages []read.Page) bool {
	xfa := s.Resolve(s.Dict(root["AcroForm"])["XFA"])
	if xfa == nil {
		return false
	}
	if needs, _ := s.Resolve(root["NeedsRendering"]).(syntax.Boolean); bool(needs) {
		return true
	}
	content := false
	parts := syntax.Array{xfa}
	if a, ok := xfa.(syntax.Array); ok {
		parts = a
	}
	for _, part := range parts {
		sd, ok := s.Stream(part)
		if !ok {
			continue // the name of the part that follows
		}
		text, ok := s.Decode(sd, maxFormBytes)
		if !ok {
			continue
		}
		if how := dynamicRender.FindSubmatch(text); how != nil {
			return bytes.Equal(how[1], []byte("required"))
		}
		content = content || formContent.Match(text)
	}
	// Older ones do not say what they are. One that has fields has them on its
	// pages too when these are drawn.
	return content && !hasWidgets(s, pages)
}

func hasWidgets(s *read.Document, pages []read.Page) bool {
	for _, p := range pages {
		for _, o := range s.Array(p.Dict["Annots"]) {
			if s.Name(s.Dict(o)["Subtype"]) == "Widget" {
				return true
			}
		}
	}
	return false
}

// maxNames bounds the nodes that are looked at of a name tree.
const maxNames = 10000

// attachments counts the files that lie in the document: those of its own list
// (also invoices as XML), those that are associated with it or a page, and those
// behind an icon on a page. One that is listed twice counts once.
func attachments(s *read.Document, root syntax.Dict, pages []read.Page) int {
	seen := map[syntax.Object]bool{}
	unnumbered := 0
	file := func(o syntax.Object) {
		files := s.Dict(s.Dict(o)["EF"]) // without it the file lies elsewhere
		for _, key := range []string{"F", "UF", "Unix", "DOS", "Mac"} {
			if _, ok := s.Stream(files[key]); !ok {
				continue
			}
			if ref, ok := files[key].(syntax.IndirectRef); ok {
				seen[ref.ObjectNumber] = true
			} else {
				unnumbered++
			}
			return
		}
	}
	list := func(o syntax.Object) {
		for _, f := range s.Array(o) {
			file(f)
		}
	}
	left := maxNames
	var walk func(o syntax.Object, depth int)
	walk = func(o syntax.Object, depth int) {
		if left--; left < 0 || depth > syntax.MaxTreeDepth {
			return
		}
		node := s.Dict(o)
		names := s.Array(node["Names"])
		for i := 1; i < len(names); i += 2 {
			file(names[i])
		}
		for _, kid := range s.Array(node["Kids"]) {
			walk(kid, depth+1)
		}
	}
	walk(s.Dict(root["Names"])["EmbeddedFiles"], 0)
	list(root["AF"])
	for _, p := range pages {
		list(p.Dict["AF"])
		for _, o := range s.Array(p.Dict["Annots"]) {
			a := s.Dict(o)
			list(a["AF"])
			if s.Name(a["Subtype"]) == "FileAttachment" {
				file(a["FS"])
			}
		}
	}
	return len(seen) + unnumbered
}

// checkBlank tells of a letter on which nothing is printed but white, its forside
// aside: most often a PDF that something went wrong with.
func (l *letter) checkBlank() {
	if len(l.facts.Pages) == 0 || l.inked || len(l.refused) > 0 {
		return
	}
	l.find(l.checks.BlankLetter.Or(finding.LevelWarning), finding.New(finding.CodeBlankLetter, 0, 0))
}

// sawInk notes whether a page has ink. Pictures have some wherever they are not
// white, which is looked at only until some is found in the letter.
func (c *copier) sawInk(p read.Page, at sheet.Placement, data []byte, drawn []content.Appearance, found scan.Ink) {
	switch {
	case c.l.inked || !found.Marks || c.l.checks.BlankLetter == finding.LevelOff:
	case found.Solid:
		c.l.inked = true
	default:
		z := scan.NewZoneScanner(c.s, []scan.Zone{{WidthMM: sheet.A4WidthMM, HeightMM: sheet.A4HeightMM}}, 0)
		z.Once = map[int]bool{}
		z.Page(p, at, data, drawn)
		c.l.inked = z.Hits[0].Any
	}
}
