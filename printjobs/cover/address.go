package cover

import (
	"errors"
	"fmt"
	"strings"

	"postgang/printjobs/typeset"
)

// Errors of [New] and [Maker.Cover]. Their texts hold no personal data: they name the field and what to do.
var (
	// ErrAddressDoesNotFit says that an address cannot be shown whole in the window. The letter is set aside: a truncated
	// address would send it to somebody else or nowhere.
	ErrAddressDoesNotFit = errors.New("address does not fit in the envelope's window")
	// ErrAddressIncomplete says that an address lacks what the post needs.
	ErrAddressIncomplete = errors.New("address is incomplete")
	// ErrCharacter says that an address has a letter that the embedded fonts lack. An address without it could send the letter
	// astray, so it is set aside; in a title it is left out with a [Warning], since the letter arrives all the same.
	ErrCharacter = errors.New("address has a character that cannot be printed")
	// ErrIDNumber says that an address or the sender's text holds what is a fødselsnummer or D-number by its check digits.
	// It must never show on an envelope or cover (SvarUt changelog 2017-02-14).
	ErrIDNumber = errors.New("text holds a fødselsnummer or D-number")
)

// AddressError is what is wrong with an address. It holds no personal data but single characters.
type AddressError struct {
	// Field is the place in forsendelse.json: "mottaker", "mottaker.adresselinje1", "svarSendesTil.navn".
	Field string
	// Characters are those that the fonts lack, each once.
	Characters []rune
	where      string // as Error says it
	err        error
}

func (e *AddressError) Error() string {
	if len(e.Characters) > 0 {
		return fmt.Sprintf("%s: %v (%s): write the address with Latin letters", e.where, e.err, CodePoints(e.Characters))
	}
	return fmt.Sprintf("%s: %v", e.where, e.err)
}

func (e *AddressError) Unwrap() error { return e.err }

// Fields of forsendelse.json that a cover shows.
const (
	FieldTitle     = "tittel"
	FieldRecipient = "mottaker"
	FieldReply     = "svarSendesTil"
)

// addressRole is what an address is on the cover.
type addressRole struct {
	name  string // in English, for errors
	field string // of forsendelse.json
}

var (
	senderRole    = addressRole{"sender", ""}
	recipientRole = addressRole{"recipient", FieldRecipient}
	replyRole     = addressRole{"reply address (svarSendesTil)", FieldReply}
)

// wrong makes an error about an address, or one of its entries.
func (p addressRole) wrong(entry, where string, characters []rune, err error) *AddressError {
	if where == "" {
		where = p.name
	} else {
		where = p.name + ", " + where
	}
	field := p.field
	if entry != "" && field != "" {
		field += "." + entry
	}
	return &AddressError{field, characters, where, err}
}

// shownCodePoints bounds the characters that a text names.
const shownCodePoints = 10

// CodePoints names characters without writing them: "U+2705, U+1F600".
func CodePoints(runes []rune) string {
	var names []string
	for i, r := range runes {
		if i == shownCodePoints {
			names = append(names, "…")
			break
		}
		names = append(names, fmt.Sprintf("U+%04X", r))
	}
	return strings.Join(names, ", ")
}

// Address is a postal address as the sender gave it. Blank lines are left out.
type Address struct {
	Name                string
	Line1, Line2, Line3 string
	Postcode            string // text; leading zeros count
	City                string
	Country             string // "" = Norway; else ISO 3166 code or name, printed in Norwegian
}

// postalAddress is an address cleaned and split into the lines that the post wants.
type postalAddress struct {
	name    string
	lines   []string // linje 1 to 3 without blank ones
	post    string   // «postnr poststed», always on the same line
	country string   // "" for Norway
}

// parse cleans an address and refuses what must not be printed. of names it in errors, which are AddressErrors.
func (a Address) parse(of addressRole, fonts [2]*typeset.Face, warn func(Warning)) (postalAddress, error) {
	f := fonts[typeset.Regular]
	country, known := countryLine(a.Country)
	if !known {
		warn(Warning{Code: WarnCountryUnknown, Field: of.field})
	}
	e := a.entries(f, country)
	postcode, city := e[4].text, e[5].text
	p := postalAddress{name: e[0].text, post: strings.TrimSpace(postcode + " " + city), country: e[6].text}
	for _, line := range e[1:4] {
		if line.text != "" {
			p.lines = append(p.lines, line.text)
		}
	}
	incomplete := func(what string) error {
		return of.wrong("", "", nil, fmt.Errorf("%w: %s", ErrAddressIncomplete, what))
	}
	switch {
	case p.name == "":
		return p, incomplete("the name is missing")
	case country == "" && (postcode == "" || city == ""):
		return p, incomplete("postnummer or poststed is missing")
	case country != "" && p.post == "" && len(p.lines) == 0:
		return p, incomplete("an address abroad needs at least one line besides name and country")
	}
	for i, line := range p.all() {
		if _, _, found := findIDNumber(line); found {
			return p, of.wrong("", fmt.Sprintf("line %d", i+1), nil, fmt.Errorf("%w: correct the address", ErrIDNumber))
		}
	}
	for _, entry := range e {
		if bad := entry.lacking(fonts); len(bad) > 0 {
			return p, of.wrong(entry.name, entry.name, bad, ErrCharacter)
		}
	}
	return p, nil
}

// entry is a field of an address as it is set.
type entry struct{ name, text string }

// entries are the fields of an address in the order of forsendelse.json, cleaned. country is its line of the address.
func (a Address) entries(f *typeset.Face, country string) [7]entry {
	clean := func(s string) string { return f.Plain(typeset.Clean(s)) }
	return [...]entry{
		{"navn", clean(a.Name)}, {"adresselinje1", clean(a.Line1)}, {"adresselinje2", clean(a.Line2)}, {"adresselinje3", clean(a.Line3)},
		{"postnummer", clean(a.Postcode)}, {"poststed", clean(a.City)}, {"land", f.Plain(country)},
	}
}

// lacking is what the fonts cannot draw of an entry. Names are set in both: a sender's stands in bold at the top.
func (e entry) lacking(fonts [2]*typeset.Face) []rune {
	bad := fonts[typeset.Regular].Lacking(e.text)
	if len(bad) == 0 && e.name == "navn" {
		bad = fonts[typeset.Bold].Lacking(e.text)
	}
	return bad
}

// all is the address, one line each, as it would best be printed.
func (p postalAddress) all() []string { return p.with(p.lines) }

// with is the address with other lines between the name and the town.
func (p postalAddress) with(lines []string) []string {
	out := append([]string{p.name}, lines...)
	if p.post != "" {
		out = append(out, p.post)
	}
	if p.country != "" {
		out = append(out, p.country)
	}
	return out
}

// merged puts the last n address lines on one, «linje2, linje3», and leaves the others.
func (p postalAddress) merged(n int) []string {
	keep := len(p.lines) - n
	return append(append([]string(nil), p.lines[:keep]...), strings.Join(p.lines[keep:], ", "))
}

// fittedAddress is an address as it will be set. All lines have one size and width, as the postal machines want.
type fittedAddress struct {
	lines    []string
	size     float64 // pt
	condense float64 // percent of natural width
	raised   bool    // the return address had to go above the safe area to make room
}

// fitAddress finds the best way to set the recipient inside the safe area, giving up looks in this order: size, then lines
// (the last address lines are merged), then the return address's place inside the safe area, then width; last, lines that are
// too long wrap.
func (l *Layout) fitAddress(f *typeset.Face, p postalAddress) (fittedAddress, error) {
	arrangements := [][]string{p.all()}
	for n := 2; n <= len(p.lines); n++ {
		arrangements = append(arrangements, p.with(p.merged(n)))
	}
	const sizeStep = 0.5
	measure := (l.safe().x1 - l.AddressXMM) * pointsPerMM
	for _, raised := range []bool{false, true} {
		for _, lines := range arrangements {
			for size := l.RecipientPt; size >= l.RecipientMinPt; size -= sizeStep {
				if l.linesFit(f, len(lines), size, raised) && widest(f, lines, size) <= measure {
					return fittedAddress{lines, size, 100, raised}, nil
				}
			}
		}
	}
	size := l.RecipientMinPt
	for _, raised := range []bool{false, true} {
		for _, lines := range arrangements {
			condense := 100 * measure / widest(f, lines, size)
			if l.linesFit(f, len(lines), size, raised) && condense >= l.MinCondense {
				return fittedAddress{lines, size, min(condense, 100), raised}, nil
			}
		}
	}
	for _, raised := range []bool{false, true} {
		for _, lines := range arrangements {
			tail := len(lines) - len(p.with(nil)) + 1 // the town and the country stay on one line each
			wrapped, ok := wrapLines(f, lines[:tail], size, measure*100/l.MinCondense)
			wrapped = append(wrapped, lines[tail:]...)
			condense := 100 * measure / widest(f, wrapped, size)
			if ok && condense >= l.MinCondense && l.linesFit(f, len(wrapped), size, raised) {
				return fittedAddress{wrapped, size, min(condense, 100), raised}, nil
			}
		}
	}
	return fittedAddress{}, fmt.Errorf("recipient: %w: shorten the name or the address lines", ErrAddressDoesNotFit)
}

// linesFit tells whether n lines of a size have room below the return address, or in the whole safe area when that is raised.
func (l *Layout) linesFit(f *typeset.Face, n int, size float64, raised bool) bool {
	room := l.SafeHMM * pointsPerMM
	if !raised {
		room -= l.returnHeight(f)
	}
	return l.blockHeight(f, n, size) <= room
}

// blockHeight is the height in pt of n lines, from the ascent of the first to the descent of the last.
func (l *Layout) blockHeight(f *typeset.Face, n int, size float64) float64 {
	return float64(n-1)*size*l.LineSpacing + f.Height(size)
}

// returnHeight is the height in pt of the return address's line with the white space under it.
func (l *Layout) returnHeight(f *typeset.Face) float64 {
	const gapPt = 2
	return f.Height(l.ReturnPt) + gapPt
}

func widest(f *typeset.Face, lines []string, size float64) float64 {
	w := 0.0
	for _, line := range lines {
		w = max(w, f.Width(line, size))
	}
	return w
}

// wrapLines breaks lines wider than measure between words; false when a single word is too wide.
func wrapLines(f *typeset.Face, lines []string, size, measure float64) ([]string, bool) {
	var out []string
	for _, line := range lines {
		parts := wrap(f, line, size, measure)
		if widest(f, parts, size) > measure {
			return nil, false
		}
		out = append(out, parts...)
	}
	return out, true
}

// wrap breaks text between words so that no line is wider than measure, but for a single word that is.
func wrap(f *typeset.Face, text string, size, measure float64) []string {
	var lines []string
	line, used := "", 0.0
	space := f.Width(" ", size)
	for _, word := range strings.Fields(text) {
		w := f.Width(word, size)
		switch {
		case line == "":
			line, used = word, w
		case used+space+w <= measure:
			line, used = line+" "+word, used+space+w
		default:
			lines = append(lines, line)
			line, used = word, w
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// returnLine is the return address on one line, after a keyword that tells the postal machines that it is not the recipient
// (21G).
func (l *Layout) returnLine(f *typeset.Face, keyword string, p postalAddress) (returnLine, error) {
	text := keyword + ": " + strings.Join(p.all(), ", ")
	measure := (l.safe().x1 - l.AddressXMM) * pointsPerMM
	const sizeStep = 0.25
	for size := l.ReturnPt; size > l.ReturnMinPt; size -= sizeStep {
		if f.Width(text, size) <= measure {
			return returnLine{text, size, 100}, nil
		}
	}
	condense := 100 * measure / f.Width(text, l.ReturnMinPt)
	if condense < l.MinCondense {
		return returnLine{}, fmt.Errorf("%w on one line: shorten the name or the address lines", ErrAddressDoesNotFit)
	}
	return returnLine{text, l.ReturnMinPt, min(condense, 100)}, nil
}
