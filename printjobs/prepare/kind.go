package prepare

import (
	"bytes"
	"fmt"
	"regexp"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// What a PDF is decides whether its pages are what its sender saw. A dynamic XFA
// form and a portfolio show something else in the program they were made in, and
// have one page for all other programs that says so; files lie in a PDF beside
// its pages.

// checkKind finds what concerns the document as a whole once its pages are known.
func (l *letter) checkKind(s *source, pages []rawPage) {
	root, err := s.ctx.Catalog()
	if err != nil || root == nil {
		return
	}
	if s.dynamicForm(root, pages) {
		l.refuse(newFinding(CodeDynamicForm, s.index, 0))
		return
	}
	attached := s.attachments(root, pages)
	if s.dict(root["Collection"]) != nil && l.checks.Portfolio.or(LevelError) != LevelOff {
		l.find(l.checks.Portfolio.or(LevelError), newFinding(CodePortfolio, s.index, 0))
		return // its files are what it is
	}
	if attached > 0 {
		l.find(l.checks.Attachments.or(LevelWarning), attachmentsFinding(s.index, attached))
	}
}

func attachmentsFinding(document, n int) Finding {
	text := "Det ligger en fil inni PDF-en, som ikke skrives ut. Skal mottakeren ha den på papir, send den som et eget dokument."
	if n > 1 {
		text = fmt.Sprintf("Det ligger %d filer inni PDF-en, som ikke skrives ut. Skal mottakeren ha dem på papir, send dem som egne dokumenter.", n)
	}
	return Finding{Code: CodeAttachments, Document: document, Text: text}
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
func (s *source) dynamicForm(root types.Dict, pages []rawPage) bool {
	xfa := s.resolve(s.dict(root["AcroForm"])["XFA"])
	if xfa == nil {
		return false
	}
	if needs, _ := s.resolve(root["NeedsRendering"]).(types.Boolean); bool(needs) {
		return true
	}
	content := false
	parts := types.Array{xfa}
	if a, ok := xfa.(types.Array); ok {
		parts = a
	}
	for _, part := range parts {
		sd, ok := s.stream(part)
		if !ok {
			continue // the name of the part that follows
		}
		text, ok := s.decode(sd, maxFormBytes)
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
	return content && !s.hasWidgets(pages)
}

func (s *source) hasWidgets(pages []rawPage) bool {
	for _, p := range pages {
		for _, o := range s.array(p.dict["Annots"]) {
			if s.name(s.dict(o)["Subtype"]) == "Widget" {
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
func (s *source) attachments(root types.Dict, pages []rawPage) int {
	seen := map[types.Object]bool{}
	unnumbered := 0
	file := func(o types.Object) {
		files := s.dict(s.dict(o)["EF"]) // without it the file lies elsewhere
		for _, key := range []string{"F", "UF", "Unix", "DOS", "Mac"} {
			if _, ok := s.stream(files[key]); !ok {
				continue
			}
			if ref, ok := files[key].(types.IndirectRef); ok {
				seen[ref.ObjectNumber] = true
			} else {
				unnumbered++
			}
			return
		}
	}
	list := func(o types.Object) {
		for _, f := range s.array(o) {
			file(f)
		}
	}
	left := maxNames
	var walk func(o types.Object, depth int)
	walk = func(o types.Object, depth int) {
		if left--; left < 0 || depth > maxTreeDepth {
			return
		}
		node := s.dict(o)
		names := s.array(node["Names"])
		for i := 1; i < len(names); i += 2 {
			file(names[i])
		}
		for _, kid := range s.array(node["Kids"]) {
			walk(kid, depth+1)
		}
	}
	walk(s.dict(root["Names"])["EmbeddedFiles"], 0)
	list(root["AF"])
	for _, p := range pages {
		list(p.dict["AF"])
		for _, o := range s.array(p.dict["Annots"]) {
			a := s.dict(o)
			list(a["AF"])
			if s.name(a["Subtype"]) == "FileAttachment" {
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
	l.find(l.checks.BlankLetter.or(LevelWarning), newFinding(CodeBlankLetter, 0, 0))
}

// sawInk notes whether a page has ink. Pictures have some wherever they are not
// white, which is looked at only until some is found in the letter.
func (c *copier) sawInk(p rawPage, at placement, content []byte, drawn []appearance, found ink) {
	switch {
	case c.l.inked || !found.marks || c.l.checks.BlankLetter == LevelOff:
	case found.solid:
		c.l.inked = true
	default:
		z := newZoneScanner(c.s, []Zone{{WidthMM: a4WidthMM, HeightMM: a4HeightMM}}, 0)
		z.once = map[int]bool{}
		z.page(p, at, content, drawn)
		c.l.inked = z.hits[0].any
	}
}
