// Package identity checks fødselsnummer and organisasjonsnummer, and keeps fødselsnummer out of texts. It is pure.
package identity

import (
	"errors"
	"strings"
	"unicode"
)

// IDKind is what a digitalId identifies.
type IDKind string

// The kinds of digital ids.
const (
	IDPerson       IDKind = "FODSELSNUMMER"
	IDForeigner    IDKind = "D_NUMMER"
	IDOrganisation IDKind = "ORGANISASJONSNUMMER"
)

// The settings of [Rules.NationalID].
const (
	NationalID1964 = "1964" // the first check digit as it has been since 1964: remainder 0
	NationalID2032 = "2032" // as from 2032: remainder 0 to 3, which takes in every older number
	NationalIDBoth = "both" // either rule; accepts the same numbers as 2032
)

// DigitalID is what a digitalId says about itself.
type DigitalID struct {
	Kind      IDKind
	Synthetic bool // month shifted by 40, 65 or 80; an H-number looks the same as a shift by 40
	Only2032  bool // valid by the rule from 2032 only
}

// Errors of ParseDigitalID. None of them repeats the number.
var (
	ErrIDLength    = errors.New("neither 11 digits (person) nor 9 digits (organisation)")
	ErrIDLostZero  = errors.New("10 digits: a leading zero seems lost")
	ErrIDDate      = errors.New("the first six digits are no date")
	ErrIDCheck     = errors.New("the check digits do not agree")
	ErrIDSynthetic = errors.New("synthetic number")
)

// ParseDigitalID judges a fødselsnummer, D-number or organisasjonsnummer. Spaces count for nothing. rule is one of
// [NationalID1964], [NationalID2032] and [NationalIDBoth]; anything else is taken as both.
//
// A person's number must hold a date of the calendar; its century cannot be told any more (the D-number series were
// extended in 2021 and numbers from 2032 carry none), so 29 February is accepted in every year divisible by four. The
// ranges of individual numbers are no reason to refuse.
func ParseDigitalID(s, rule string, allowSynthetic bool) (DigitalID, error) {
	s = StripSpaces(s)
	if strings.Trim(s, "0123456789") != "" {
		return DigitalID{}, ErrIDLength
	}
	switch len(s) {
	case 9:
		if !validOrgNumber(s) {
			return DigitalID{}, ErrIDCheck
		}
		return DigitalID{Kind: IDOrganisation}, nil
	case 10:
		return DigitalID{}, ErrIDLostZero
	case 11:
	default:
		return DigitalID{}, ErrIDLength
	}
	id, month, ok := personDate(s)
	if !ok {
		return DigitalID{}, ErrIDDate
	}
	r1, r2 := checkRemainders(s)
	if r2 != 0 || r1 > 3 || r1 > 0 && rule == NationalID1964 {
		return DigitalID{}, ErrIDCheck
	}
	id.Only2032 = r1 > 0
	id.Synthetic = month > 12
	if id.Synthetic && !allowSynthetic {
		return DigitalID{}, ErrIDSynthetic
	}
	return id, nil
}

// personDate reads the date of an eleven-digit number and gives the month as it is written, shift and all.
func personDate(s string) (id DigitalID, written int, ok bool) {
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	day, written, year := two(0), two(2), two(4)
	id.Kind = IDPerson
	if day > 40 {
		day -= 40
		id.Kind = IDForeigner
	}
	month := written
	for _, shift := range monthShifts {
		if written > shift && written <= shift+12 {
			month = written - shift
		}
	}
	if month < 1 || month > 12 || day < 1 {
		return id, written, false
	}
	last := [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
	if month == 2 && year%4 == 0 {
		last = 29
	}
	return id, written, day <= last
}

// monthShifts are added to the month of numbers that belong to nobody: 40 NAV and Dolly (and H-numbers), 65 Norsk
// helsenett, 80 Skatteetaten and Tenor (docs/sources.md, People and organisations).
var monthShifts = [...]int{40, 65, 80}

// checkRemainders is the remainder by 11 of both weighted sums, check digits included.
func checkRemainders(s string) (first, second int) {
	for i, w := range [...]int{3, 7, 6, 1, 8, 9, 4, 5, 2, 1} {
		first += w * int(s[i]-'0')
	}
	for i, w := range [...]int{5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1} {
		second += w * int(s[i]-'0')
	}
	return first % 11, second % 11
}

// validOrgNumber checks nine digits (BRREG). The first digit is not enforced: synthetic organisations begin with 2 or 3.
func validOrgNumber(s string) bool {
	sum := 0
	for i, w := range [...]int{3, 2, 7, 6, 5, 4, 3, 2} {
		sum += w * int(s[i]-'0')
	}
	check := (11 - sum%11) % 11
	return check != 10 && check == int(s[8]-'0')
}

// FindNationalIDs returns every run of digits in text that can be somebody's fødselsnummer or D-number, by either rule
// and synthetic ones included: eleven digits that stand alone between other characters, or six and five with one space
// between, as people write them. For checks that nothing private leaks; it rather finds one too many.
func FindNationalIDs(text string) []string {
	var found []string
	digitsFrom := func(i int) int {
		for i < len(text) && text[i] >= '0' && text[i] <= '9' {
			i++
		}
		return i
	}
	for i := 0; i < len(text); {
		end := digitsFrom(i)
		if end == i {
			i++
			continue
		}
		candidate := text[i:end]
		next := end
		if len(candidate) == 6 {
			// A no-break space is what a word processor puts there.
			rest := strings.TrimPrefix(text[end:], "\u00a0")
			if len(rest) == len(text)-end {
				rest = strings.TrimPrefix(rest, " ")
			}
			if from := len(text) - len(rest); from > end && digitsFrom(from)-from == 5 {
				next = digitsFrom(from)
				candidate += text[from:next]
			}
		}
		if len(candidate) == 11 && looksLikeNationalID(candidate) {
			found = append(found, text[i:next])
			i = next
			continue
		}
		i = end
	}
	return found
}

// looksLikeNationalID is wider than ParseDigitalID: S-numbers of education (month +50) are private as well.
func looksLikeNationalID(s string) bool {
	if r1, r2 := checkRemainders(s); r1 > 3 || r2 != 0 {
		return false
	}
	if _, _, ok := personDate(s); ok {
		return true
	}
	if s[2] != '5' && s[2] != '6' {
		return false
	}
	_, _, ok := personDate(s[:2] + string(s[2]-5) + s[3:])
	return ok
}

// StripSpaces removes every space, no-break spaces included: organisasjonsnummer and fødselsnummer are often pasted
// with them.
func StripSpaces(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' {
			return -1
		}
		return r
	}, s)
}

// ManualPrintID stands in receipts of manual print where a vendor's own id would.
const ManualPrintID = "manuell"
