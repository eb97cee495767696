// Package recipient finds letters by whom they are for: by a part of a name or an address, however it is spelled, and by a number. What
// letters are found by is personal data and lies apart from them, in rows that are deleted with the letter. Nobody looks without saying
// why: a search is written to the log of look-ups before it is made.
package recipient

import (
	"context"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"postgang/engine/access"
	"postgang/engine/find"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// longest is how much of a name and address is kept to be found, in characters. What is longer stands in hand-ins that are refused.
const longest = 400

// Row is what a letter's recipient is found by. hash is the keyed hash of numbers; nil: there is no key, and nobody is found by number.
func Row(s shipment.Shipment, hash func(number string) string) find.Person {
	to := s.Submission.Recipient
	row := find.Person{Shipment: s.ID, Account: s.Account}
	var parts []string
	for _, p := range []shipment.Private{to.Name, to.Line1, to.Line2, to.Line3, shipment.Private(to.Postcode), to.City} {
		parts = append(parts, p.Reveal())
	}
	words := []rune(Fold(strings.Join(parts, " ")))
	row.Words = shipment.Private(strings.TrimSpace(string(words[:min(len(words), longest)])))
	if number := identity.StripSpaces(to.DigitalID.Reveal()); number != "" && hash != nil {
		row.Number = hash(number)
	}
	return row
}

// spelled are letters that decomposing leaves, as they are written without them.
var spelled = strings.NewReplacer("æ", "ae", "ø", "o", "đ", "d", "ð", "d", "þ", "th", "ł", "l", "ß", "ss", "ŧ", "t", "ŋ", "n", "œ", "oe", "ı", "i")

// doubled are spellings of å and ø.
var doubled = strings.NewReplacer("aa", "a", "oe", "o")

// Fold makes names and addresses comparable: lower case, without marks on letters, single spaces, å and aa as a, ø and oe as o, æ as ae.
// So «Aase Oedegaard», «ÅSE ØDEGÅRD» and «Ase Odegard» are the same. Both what is kept and what is looked for is folded.
func Fold(text string) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’', r == '`', r == '´':
			return -1
		case unicode.IsLetter(r), unicode.IsDigit(r):
			return r
		}
		return ' '
	}, norm.NFKD.String(strings.ToLower(strings.ToValidUTF8(text, " "))))
	return doubled.Replace(spelled.Replace(strings.Join(strings.Fields(text), " ")))
}

// Query is whom is looked for. What is set must all be so.
type Query struct {
	Name    shipment.Private // parts of the words of a name, in any order
	Address shipment.Private // likewise of address lines, postnummer and poststed
	Number  shipment.Private // fødselsnummer, D-number or organisasjonsnummer, all of it
}

// Why a search is not made.
var (
	// ErrNoKey: numbers were not kept, or cannot be compared.
	ErrNoKey = errors.New("letters are not found by number here: no key is set to keep numbers by: login_key_file of [console], or key_file of [download]")
	// ErrShort: so few letters are a part of too many names.
	ErrShort = errors.New("give at least three letters of one word")
	// ErrNumber: it is no whole number of a person or organisation.
	ErrNumber = errors.New("give all eleven digits of a fødselsnummer, or nine of an organisasjonsnummer")
	// ErrPurpose: nobody looks for people without saying why.
	ErrPurpose = errors.New("say what the search is for: it is kept in the log of look-ups")
)

// Look is a query as the archive takes it, or why it is not made.
func Look(q Query, hash func(number string) string) (find.PersonQuery, error) {
	var look find.PersonQuery
	for _, w := range strings.Fields(Fold(q.Name.Reveal() + " " + q.Address.Reveal())) {
		look.Words = append(look.Words, shipment.Private(w))
	}
	if number := identity.StripSpaces(q.Number.Reveal()); number != "" {
		switch {
		case hash == nil:
			return look, ErrNoKey
		case len(number) != 11 && len(number) != 9 || strings.Trim(number, "0123456789") != "":
			return look, ErrNumber
		}
		look.Number = hash(number)
	}
	if !look.Enough() {
		return look, ErrShort
	}
	return look, nil
}

// Logged writes that somebody looks for letters by their recipients, and why. Who does stands in the context ([access.By]). Nothing of
// the query is told to it.
type Logged func(ctx context.Context, purpose string) error

// Finder finds letters by whom they are for.
type Finder struct {
	Archive store.Archive
	Hash    func(number string) string // as [Row] takes it; nil: there is no key
	Log     Logged
}

// Find lists the letters of a recipient within a scope, those that came last first. f narrows them further; with f.After and f.Limit they are read in
// pages, each of which is a look-up. The search is logged before it is made, and not made if it cannot be logged. No error holds anything
// of the query.
func (f Finder) Find(ctx context.Context, scope access.Scope, purpose string, q Query, filter find.Filter) ([]shipment.Shipment, error) {
	look, err := Look(q, f.Hash)
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(purpose) == "" {
		return nil, ErrPurpose
	}
	if err := f.Log(ctx, purpose); err != nil {
		return nil, errors.Join(errors.New("the look-up cannot be logged, so nothing is looked up"), err)
	}
	filter.Scope = &scope
	return store.View(ctx, f.Archive, func(r store.Reader) ([]shipment.Shipment, error) { return r.ShipmentsOfPerson(ctx, look, filter) })
}
