package cover

import (
	"strings"
	"unicode"

	"postgang/printjobs/typeset"
)

// Characters finds what the fonts lack of a letter, before any cover is made: an error for each field of its addresses that cannot be
// printed as it was written, and a warning for its title. Where it finds no error, Cover finds no ErrCharacter either.
//
// An address is refused, since the letter could not reach whom it is for. A title is not: it only says what the letter is about, the
// letter arrives without it, and most of what the fonts lack in titles are signs that say nothing (✅). What they lack is left out.
func (m *Maker) Characters(l Letter) ([]*AddressError, []Warning) {
	var errs []*AddressError
	look := func(a Address, of addressRole) {
		country, _ := countryLine(a.Country)
		for _, e := range a.entries(m.fonts[typeset.Regular], country) {
			if bad := e.lacking(m.fonts); len(bad) > 0 {
				errs = append(errs, of.wrong(e.name, e.name, bad, ErrCharacter))
			}
		}
	}
	look(l.Recipient, recipientRole)
	if l.ReplyTo != nil {
		look(*l.ReplyTo, replyRole)
	}
	var warnings []Warning
	if title, bad := printable(m.fonts[typeset.Bold], l.Title); len(bad) > 0 {
		warnings = append(warnings, titleWarning(title, bad))
	}
	return errs, warnings
}

// printable is a text of which nothing is left out silently: what of it a font can draw, and the characters that it cannot, each once.
// A text that loses all its letters and digits is empty, since signs alone say nothing.
func printable(f *typeset.Face, text string) (string, []rune) {
	text = f.Plain(typeset.Clean(text))
	bad := f.Lacking(text)
	if len(bad) == 0 {
		return text, nil
	}
	says := false
	kept := strings.Map(func(r rune) rune {
		switch {
		case f.Has(r):
			says = says || unicode.IsLetter(r) || unicode.IsDigit(r)
			return r
		case unicode.IsMark(r):
			return -1 // belongs to the letter before it
		}
		return ' ' // between what it stood between
	}, text)
	if !says {
		return "", bad
	}
	return typeset.Clean(kept), bad
}

// titleWarning tells of a title which lost characters; left is what it became.
func titleWarning(left string, bad []rune) Warning {
	which := Args{"characters": CodePoints(bad)}
	switch {
	case left == "":
		which = Args{"case": "none", "characters": CodePoints(bad)}
	case len(bad) > 1:
		which = Args{"case": "several", "characters": CodePoints(bad)}
	}
	return Warning{Code: WarnTitleCharacter, Field: FieldTitle, Args: which}
}
