// Package cover makes the forside: the address page in front of a letter, which the window of the envelope shows.
//
// A cover is drawn by a content stream of our own rather than by a PDF library, because a night has hundreds of thousands of
// them: the fonts, the logo, the sender's block and the fixed text are objects of a kit that a print file holds once, and a
// cover itself is one small object.
//
// What the window may show, and where the printers' machines have their own marks, is data ([Layout]). The rules come from
// Grafisk Digital's templates, 21grams' and Bring's guides to addressing and Digipost's print rules; each stands at its
// constant. What a cover says by itself is in the letter's language, see [Language].
package cover

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

// Sender is who a cover is from, as configured for an account (SvarUt's forsidekonfigurasjon, KS course slides 2014, slide 48:
// avsender, postnr and poststed required; adresselinje 1–3 and forsidetekst optional).
type Sender struct {
	Name, Line1, Line2, Line3, Postcode, City string
	Logo                                      []byte // PNG or JPEG; nil for none
	// Text is the fixed text under the title (forsidetekst), the same on every cover. A line break starts a new line, a blank
	// line a new paragraph.
	Text string
	// Language of the labels, where a letter asks for none of its own.
	Language Language
}

// Letter is what varies from one cover to the next.
type Letter struct {
	ShipmentID string // forsendelses-id, printed as text and as DataMatrix; printable ASCII
	Recipient  Address
	// ReplyTo, svarSendesTil, takes the place of the sender's name and address when set (SvarUt changelog 2016-03-16).
	ReplyTo *Address
	Title   string    // tittel; a fødselsnummer in it is masked
	Date    time.Time // the letter's date, in the time zone that it carries; zero prints none
	// Language of the labels; empty: the sender's.
	Language Language
}

// Codes of [Warning]. They are stable.
const (
	WarnAddressShrunk    = "adresse-krympet"       // set in less than the usual size
	WarnAddressMerged    = "adresse-slaatt-sammen" // address lines share a line
	WarnAddressCondensed = "adresse-smalnet"       // letters narrower than natural
	WarnAddressWrapped   = "adresse-brutt"         // a line goes on in the next one
	WarnReturnRaised     = "avsender-hevet"        // the return address is above the part that always shows
	WarnCountryUnknown   = "ukjent-land"           // the country is printed as it was given
	WarnTitleMasked      = "tittel-maskert"        // a fødselsnummer in the title is not shown
	WarnTitleShortened   = "tittel-forkortet"      // the title had no room
	WarnTitleCharacter   = "tittel-tegn"           // a character of the title is left out, since the fonts lack it
)

// Args are the arguments of the sentence that a code is told by, which is written elsewhere, in the reader's language: "case" says
// which sentence of the code it is, "characters" are characters as U+2705. They hold no personal data.
type Args map[string]string

// Warning tells what a cover gave up so that it could be made. It holds no personal data.
type Warning struct {
	Code  string // one of the Warn constants
	Field string // of forsendelse.json, as in AddressError
	Args  Args
}

// Lost reports whether something of what the sender wrote is not on the cover as it was written. Else only its look gave way.
func (w Warning) Lost() bool {
	switch w.Code {
	case WarnTitleMasked, WarnTitleShortened, WarnTitleCharacter, WarnCountryUnknown:
		return true
	}
	return false
}

// Maker makes the covers of one sender on one layout. It is immutable and safe for concurrent use.
type Maker struct {
	layout   Layout
	sender   postalAddress
	fonts    [2]*typeset.Face
	kit      *printfile.Kit
	own      printfile.Ref           // resources with the sender's own letterhead
	textPt   float64                 // height of the fixed text, pt
	titlePt  float64                 // height that a title may have, pt
	logoPt   float64                 // what the logo takes from the left margin, pt
	returnTo map[Language]returnLine // the sender's own return address
	spoken   Language                // the sender's
	colour   bool
}

// returnLine is a return address ready to be set.
type returnLine struct {
	text           string
	size, condense float64
}

// Names in the resources of covers.
const (
	nameRegular    = "R"
	nameBold       = "B"
	nameLogo       = "I"
	nameLetterhead = "H"
	nameText       = "T"
)

// New makes a Maker. It refuses a layout that contradicts itself, a sender without name or place, a fødselsnummer or a
// character that the fonts lack in the sender's block or text, a language that covers are not made in, a logo that is no PNG or
// JPEG, and a fixed text that leaves too little room for a title.
func New(layout Layout, sender Sender) (*Maker, error) {
	if err := layout.Validate(); err != nil {
		return nil, fmt.Errorf("cover layout: %w", err)
	}
	fonts, err := typeset.Faces()
	if err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	m := &Maker{layout: layout, fonts: fonts, returnTo: map[Language]returnLine{}}
	if m.spoken, err = sender.Language.or(Bokmal); err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	address := Address{Name: sender.Name, Line1: sender.Line1, Line2: sender.Line2, Line3: sender.Line3, Postcode: sender.Postcode, City: sender.City}
	if m.sender, err = address.parse(senderRole, fonts, func(Warning) {}); err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	for _, l := range Languages() {
		if m.returnTo[l], err = m.returnLineIn(l, m.sender); err != nil {
			return nil, fmt.Errorf("cover: sender: %w", err)
		}
	}
	paragraphs, err := m.fixedText(sender.Text)
	if err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	m.textPt = float64(len(paragraphs)) * m.layout.TextPt * textLeading
	const fewestTitleLines = 4
	m.titlePt = (pageHeightMM-layout.BodyYMM-layout.MarginBotMM)*pointsPerMM - m.titleTop() - m.textPt - titleGap
	if m.titlePt < fewestTitleLines*layout.TitlePt*titleLeading {
		return nil, fmt.Errorf("cover: fixed text of %d lines leaves no room for a title of %d lines: shorten it", len(paragraphs), fewestTitleLines)
	}

	b := printfile.NewBuilder()
	fontDict := printfile.Dict{nameRegular: fonts[typeset.Regular].Embed(b), nameBold: fonts[typeset.Bold].Embed(b)}
	images := printfile.Dict{}
	var picture logo
	if len(sender.Logo) > 0 {
		if picture, err = decodeLogo(sender.Logo); err != nil {
			return nil, fmt.Errorf("cover: logo: %w", err)
		}
		images[nameLogo] = b.Add(picture.object())
		m.colour = picture.colour
	}
	parts := b.Add(printfile.Dict{"Font": fontDict, "XObject": images})
	drawn := sheet()
	m.drawLogo(drawn, picture)
	bare := b.Add(typeset.Form(drawn.Buf, pageWidthMM*pointsPerMM, pageHeightMM*pointsPerMM, parts))
	m.drawSender(drawn, m.sender)
	own := b.Add(typeset.Form(drawn.Buf, pageWidthMM*pointsPerMM, pageHeightMM*pointsPerMM, parts))
	text := &typeset.Canvas{Height: m.textPt}
	text.Lines(m.style(typeset.Regular, layout.TextPt), 0, layout.TextPt, layout.TextPt*textLeading, paragraphs...)
	fixed := b.Add(typeset.Form(text.Buf, layout.TextWidthMM*pointsPerMM, m.textPt+1, parts))

	m.own = b.Add(printfile.Dict{"Font": fontDict, "XObject": printfile.Dict{nameLetterhead: own, nameText: fixed, nameBare: bare}})
	b.Share(m.own)
	if m.kit, err = b.Kit(); err != nil {
		return nil, fmt.Errorf("cover: %w", err)
	}
	return m, nil
}

// nameBare is the letterhead without the sender's name and address, for letters with a reply address of their own.
const nameBare = "L"

// Colour tells whether covers of this Maker have colour, that is, whether the logo has; all else is black.
func (m *Maker) Colour() bool { return m.colour }

// Cover draws the cover of one letter: one page, A4 upright. The same letter gives the same bytes.
//
// Errors are ErrAddressDoesNotFit, ErrAddressIncomplete, ErrCharacter, ErrIDNumber, or tell what is wrong with the shipment
// id; with any of them the letter must be set aside for a person. None holds personal data.
func (m *Maker) Cover(l Letter) (*printfile.Prepared, []Warning, error) {
	var warnings []Warning
	content, err := m.content(l, func(w Warning) { warnings = append(warnings, w) })
	if err != nil {
		return nil, nil, fmt.Errorf("cover: %w", err)
	}
	p, err := m.page(content)
	if err != nil {
		return nil, nil, fmt.Errorf("cover: %w", err)
	}
	return p, warnings, nil
}

// page is a content stream as a page.
func (m *Maker) page(content []byte) (*printfile.Prepared, error) {
	const width, height = pageWidthMM * pointsPerMM, pageHeightMM * pointsPerMM
	b := printfile.NewBuilder()
	resources, err := b.Import(m.kit, m.own)
	if err != nil {
		return nil, err
	}
	b.AddPage(b.Add(typeset.Form(content, width, height, resources)), width, height)
	return b.Prepared()
}

// Proportions of the page. Leadings are multiples of the font size, gaps are pt.
const (
	senderLeading = 1.3
	metaLeading   = 1.35
	metaGap       = 9
	labelRatio    = 0.8 // size of a label against the value under it
	titleLeading  = 1.25
	longTitle     = 4 // lines; a longer title, up to the 1000 characters that SvarUt takes, is set as text, in bold
	titleGap      = 16
	textLeading   = 1.4
	labelGray     = 0.35
)

func (m *Maker) style(w typeset.Weight, size float64) typeset.Style {
	name := nameRegular
	if w == typeset.Bold {
		name = nameBold
	}
	return typeset.Style{Face: m.fonts[w], Name: name, Size: size, Condense: 100}
}

func (m *Maker) label(size float64) typeset.Style {
	st := m.style(typeset.Regular, size)
	st.Gray = labelGray
	return st
}

// content is the content stream of a cover.
func (m *Maker) content(l Letter, warn func(Warning)) ([]byte, error) {
	y := &m.layout
	text := m.fonts[typeset.Regular]
	language, err := l.Language.or(m.spoken)
	if err != nil {
		return nil, err
	}
	code, err := encodeMatrix(l.ShipmentID)
	if err != nil {
		return nil, err
	}
	if side := float64(code.Modules()) * y.ModuleMM; side > y.MatrixMaxMM {
		return nil, fmt.Errorf("shipment id of %d characters: its DataMatrix is %.1f mm wide and has room for %g mm", len(l.ShipmentID), side, y.MatrixMaxMM)
	}
	recipient, err := l.Recipient.parse(recipientRole, m.fonts, warn)
	if err != nil {
		return nil, err
	}
	address, err := y.fitAddress(text, recipient)
	if err != nil {
		return nil, recipientRole.wrong("", "", nil, err)
	}
	m.warnAddress(address, recipient, warn)
	returnTo := m.returnTo[language]
	c := sheet()
	c.Buf = make([]byte, 0, 4096)
	if l.ReplyTo == nil {
		c.Buf = append(c.Buf, "/"+nameLetterhead+" Do\n"...)
	} else {
		reply, err := l.ReplyTo.parse(replyRole, m.fonts, warn)
		if err != nil {
			return nil, err
		}
		if returnTo, err = m.returnLineIn(language, reply); err != nil {
			return nil, replyRole.wrong("", "", nil, err)
		}
		c.Buf = append(c.Buf, "/"+nameBare+" Do\n"...)
		m.drawSender(c, reply)
	}
	drawMatrix(c, &code, y.MatrixRightMM*pointsPerMM, y.MatrixYMM*pointsPerMM, y.ModuleMM*pointsPerMM)
	m.drawAddress(c, address, returnTo)
	m.drawMeta(c, l, wordings[language])
	m.drawTitle(c, l.Title, wordings[language], warn)
	return c.Buf, nil
}

func (m *Maker) warnAddress(a fittedAddress, p postalAddress, warn func(Warning)) {
	if a.size < m.layout.RecipientPt {
		warn(Warning{Code: WarnAddressShrunk, Field: FieldRecipient})
	}
	switch full := p.all(); {
	case len(a.lines) < len(full):
		warn(Warning{Code: WarnAddressMerged, Field: FieldRecipient})
	case len(a.lines) > len(full):
		warn(Warning{Code: WarnAddressWrapped, Field: FieldRecipient})
	}
	if a.condense < 100 {
		warn(Warning{Code: WarnAddressCondensed, Field: FieldRecipient})
	}
	if a.raised {
		warn(Warning{Code: WarnReturnRaised, Field: FieldRecipient})
	}
}

// drawAddress sets the return address and under it the recipient. A raised return address stands right above the safe area,
// where it shows unless the sheet lies at the very bottom of the envelope.
func (m *Maker) drawAddress(c *typeset.Canvas, a fittedAddress, r returnLine) {
	y, f := &m.layout, m.fonts[typeset.Regular]
	x, top := y.AddressXMM*pointsPerMM, y.SafeYMM*pointsPerMM
	st := m.style(typeset.Regular, r.size)
	st.Condense = r.condense
	returnTop := top
	if a.raised {
		returnTop -= y.returnHeight(f)
	} else {
		top += y.returnHeight(f)
	}
	c.Lines(st, x, returnTop+f.Ascent(r.size), 0, r.text)
	st = m.style(typeset.Regular, a.size)
	st.Condense = a.condense
	c.Lines(st, x, top+f.Ascent(a.size), a.size*y.LineSpacing, a.lines...)
}

// drawMeta sets the date and the shipment id to the right of the window.
func (m *Maker) drawMeta(c *typeset.Canvas, l Letter, say wording) {
	y := &m.layout
	x, top := y.MetaXMM*pointsPerMM, y.WindowYMM*pointsPerMM
	label, value := m.label(y.MetaPt*labelRatio), m.style(typeset.Regular, y.MetaPt)
	put := func(name, text string) {
		c.Lines(label, x, top+label.Size, 0, name)
		top += label.Size + value.Size*metaLeading
		st := value
		// A long id gets smaller letters, never a second line: it is read to a person on the telephone.
		if room := (pageWidthMM - y.MarginRightMM - y.MetaXMM) * pointsPerMM; st.Face.Width(text, st.Size) > room {
			st.Size *= room / st.Face.Width(text, st.Size)
		}
		c.Lines(st, x, top, 0, text)
		top += metaGap
	}
	if !l.Date.IsZero() {
		put(say.date, say.written(l.Date))
	}
	put(say.shipment, l.ShipmentID)
}

// titleTop is the distance in pt from the top of the body to the top of the title's first line.
func (m *Maker) titleTop() float64 { return m.layout.MetaPt*labelRatio + 6 }

// drawTitle sets the title, wrapped, and under it the fixed text.
func (m *Maker) drawTitle(c *typeset.Canvas, title string, say wording, warn func(Warning)) {
	y := &m.layout
	st := m.style(typeset.Bold, y.TitlePt)
	title, bad := printable(st.Face, title)
	// Masked after characters are left out: what stood on both sides of one may be a number together.
	title, masked := maskIDNumbers(title)
	if masked {
		warn(Warning{Code: WarnTitleMasked, Field: FieldTitle})
	}
	if len(bad) > 0 {
		warn(titleWarning(title, bad))
	}
	measure := y.TextWidthMM * pointsPerMM
	lines := wrap(st.Face, title, st.Size, measure)
	if len(lines) > longTitle {
		st.Size = y.TextPt
		lines = wrap(st.Face, title, st.Size, measure)
	}
	lines, cut := limit(st.Face, lines, st.Size, measure, int(m.titlePt/(st.Size*titleLeading)))
	if cut {
		warn(Warning{Code: WarnTitleShortened, Field: FieldTitle})
	}
	x, top := y.MarginLeftMM*pointsPerMM, y.BodyYMM*pointsPerMM
	if len(lines) > 0 {
		label := m.label(y.MetaPt * labelRatio)
		c.Lines(label, x, top+label.Size, 0, say.title)
		top += m.titleTop()
		c.Lines(st, x, top+st.Size, st.Size*titleLeading, lines...)
		top += float64(len(lines))*st.Size*titleLeading + titleGap
	}
	if m.textPt > 0 {
		c.Buf = append(c.Buf, "q\n"...)
		c.Op("cm", 1, 0, 0, 1, x, c.Height-top-m.textPt)
		c.Buf = append(c.Buf, "/"+nameText+" Do\nQ\n"...)
	}
}

// limit cuts a title to at most n lines of the measure, with an ellipsis where something is left out. A word wider than the
// measure, which no title in a language has, is cut too.
func limit(f *typeset.Face, lines []string, size, measure float64, n int) (out []string, cut bool) {
	const ellipsis = "…"
	for i, line := range lines {
		last := i == n-1 && len(lines) > n
		if i == n {
			break
		}
		if last {
			line += ellipsis
		}
		if f.Width(line, size) > measure {
			runes := []rune(strings.TrimSuffix(line, ellipsis))
			for len(runes) > 0 && f.Width(string(runes)+ellipsis, size) > measure {
				runes = runes[:len(runes)-1]
			}
			line, cut = strings.TrimRight(string(runes), " ")+ellipsis, true
		}
		cut = cut || last
		out = append(out, line)
	}
	return out, cut
}

// drawSender sets the name and address of the sender at the top, beside the logo.
func (m *Maker) drawSender(c *typeset.Canvas, p postalAddress) {
	y := &m.layout
	x, top := y.MarginLeftMM*pointsPerMM+m.logoPt, y.MarginTopMM*pointsPerMM
	measure := (y.matrix().x0-y.MarginLeftMM)*pointsPerMM - m.logoPt - 6
	name := m.style(typeset.Bold, y.SenderNamePt)
	if w := name.Face.Width(p.name, name.Size); w > measure {
		name.Condense = max(y.MinCondense, 100*measure/w)
		name.Size *= min(1, measure/(w*name.Condense/100))
	}
	c.Lines(name, x, top+name.Size, 0, p.name)
	top += name.Size + 3
	address := m.style(typeset.Regular, y.SenderPt)
	lines := p.with(p.lines)[1:]
	most := int((y.reach().y0*pointsPerMM - top) / (address.Size * senderLeading))
	if len(lines) > most {
		lines = append([]string{strings.Join(p.lines, ", ")}, strings.Join(p.with(nil)[1:], ", "))
	}
	if len(lines) > most {
		lines = []string{strings.Join(p.with(p.lines)[1:], ", ")}
	}
	if w := widest(address.Face, lines, address.Size); w > measure {
		address.Size *= measure / w // the whole address stands in the window in full size
	}
	c.Lines(address, x, top+address.Size, address.Size*senderLeading, lines...)
}

// fixedText cleans and wraps the sender's fixed text.
func (m *Maker) fixedText(text string) ([]string, error) {
	f := m.fonts[typeset.Regular]
	var lines []string
	for i, line := range strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n") {
		line = typeset.Clean(line)
		if _, _, found := findIDNumber(line); found {
			return nil, fmt.Errorf("fixed text, line %d: %w: remove it, or write an account number with its points", i+1, ErrIDNumber)
		}
		if r, bad := f.Missing(line); bad {
			return nil, fmt.Errorf("fixed text, line %d: character U+%04X cannot be printed: leave it out", i+1, r)
		}
		wrapped := wrap(f, line, m.layout.TextPt, m.layout.TextWidthMM*pointsPerMM)
		if w := widest(f, wrapped, m.layout.TextPt); w > m.layout.TextWidthMM*pointsPerMM {
			return nil, fmt.Errorf("fixed text, line %d: a word is wider than the text's %g mm", i+1, m.layout.TextWidthMM)
		}
		if len(wrapped) == 0 {
			wrapped = []string{""}
		}
		lines = append(lines, wrapped...)
	}
	if len(lines) == 1 && lines[0] == "" {
		return nil, nil
	}
	return lines, nil
}

// drawLogo places the logo at the top left, scaled to fit.
func (m *Maker) drawLogo(c *typeset.Canvas, p logo) {
	if p.width == 0 {
		return
	}
	y := &m.layout
	scale := min(y.LogoMaxWMM*pointsPerMM/float64(p.width), y.LogoMaxHMM*pointsPerMM/float64(p.height))
	w, h := float64(p.width)*scale, float64(p.height)*scale
	c.Buf = append(c.Buf, "q\n"...)
	c.Op("cm", w, 0, 0, h, y.MarginLeftMM*pointsPerMM, c.Height-y.MarginTopMM*pointsPerMM-h)
	c.Buf = append(c.Buf, "/"+nameLogo+" Do\nQ\n"...)
	const gapMM = 5
	m.logoPt = w + gapMM*pointsPerMM
}

var errLogo = errors.New("not a PNG or JPEG picture")
