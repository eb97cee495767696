package printjobs

import (
	"errors"
	"fmt"
	"strings"

	"postgang/printjobs/cover"
)

// Codes of [SetAside] and [LetterError]. They are stable.
const (
	CodeNoPages         = "ingen-sider"             // nothing to print
	CodeGiroMissing     = "giro-finnes-ikke"        // a giro page is named that the document does not have
	CodeGiroOnBack      = "giro-bakside"            // a giro page would come on a back, and the vendor's profile refuses that
	CodeTooManySheets   = "for-mange-ark"           // the letter alone is more than the vendor takes in one file
	CodeTooLarge        = "for-stor-fil"            // as above, in bytes
	CodeFacts           = "fakta-stemmer-ikke"      // the facts contradict themselves or the prepared file: prepare again
	CodeZone            = "ukjent-portosone"        // the postage zone is none that we know
	CodeCoverFit        = "forside-adresse-plass"   // the address does not fit in the window
	CodeCoverIncomplete = "forside-adresse-mangler" // the address lacks what the post needs
	CodeCoverCharacter  = "forside-tegn"            // the address has a character that cannot be printed
	CodeCoverIDNumber   = "forside-fodselsnummer"   // a fødselsnummer would show on the cover
	CodeCover           = "forside-kan-ikke-lages"  // the cover cannot be made for another reason
	CodePrepared        = "klargjort-fil-skadet"    // the prepared file is damaged: prepare again
)

// LetterError says why one letter of a job cannot be composed. It holds no
// personal data.
type LetterError struct {
	Shipment string
	Code     string // one of the Code constants
	Text     string // bokmål, for a case worker
	Err      error  // the cause
}

// Error names shipment, code and cause.
func (e *LetterError) Error() string {
	return fmt.Sprintf("shipment %s: %s: %v", e.Shipment, e.Code, e.Err)
}

// Unwrap gives the cause.
func (e *LetterError) Unwrap() error { return e.Err }

// LetterErrors is the error of [Compose] when letters of the job are at fault:
// all of them, in the order of the job. Set them aside, withdraw the job and
// plan the others again.
type LetterErrors struct {
	Letters []*LetterError
}

// shownLetters is how many letters the text of a [LetterErrors] names.
const shownLetters = 10

// Error names the first letters and counts the rest.
func (e *LetterErrors) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d letters cannot be composed: ", len(e.Letters))
	for i, l := range e.Letters {
		if i == shownLetters {
			fmt.Fprintf(&b, "; and %d more", len(e.Letters)-i)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(l.Error())
	}
	return b.String()
}

// Unwrap gives the letters' errors.
func (e *LetterErrors) Unwrap() []error {
	errs := make([]error, len(e.Letters))
	for i, l := range e.Letters {
		errs[i] = l
	}
	return errs
}

// ErrStalePlan says that a letter does not belong in the job's class under the profile
// given, so profile or facts have changed since the job was planned. Withdraw
// the job and plan its letters again.
var ErrStalePlan = errors.New("the plan no longer holds")

// ErrNotAsPlanned says that what was written is not what was planned. It is a defect of ours
// or of the disk, and the job must not be sent.
var ErrNotAsPlanned = errors.New("print files do not agree with the plan")

// CoverReason gives code and text, in bokmål, for an error of
// [cover.Maker.Cover], the same at intake as at night, and the field of
// forsendelse.json that it is about, if it is about one.
func CoverReason(err error) (code, field, text string) {
	whose, in := "Adressen", cover.FieldRecipient
	var about *cover.AddressError
	if errors.As(err, &about) {
		if in = about.Field; strings.HasPrefix(in, cover.FieldReply) {
			whose = "Svaradressen"
		}
	}
	switch {
	case errors.Is(err, cover.ErrAddressDoesNotFit):
		return CodeCoverFit, in, whose + " får ikke plass i konvoluttens vindu. Forkort navn eller adresselinjer."
	case errors.Is(err, cover.ErrAddressIncomplete):
		return CodeCoverIncomplete, in, whose + " er ikke fullstendig. Fyll ut navn, postnummer og poststed."
	case errors.Is(err, cover.ErrCharacter) && about != nil:
		return CodeCoverCharacter, in, fmt.Sprintf("%s har tegn som ikke kan skrives ut (%s). Skriv adressen med latinske bokstaver.", whose, cover.CodePoints(about.Characters))
	case errors.Is(err, cover.ErrIDNumber):
		return CodeCoverIDNumber, in, whose + " inneholder et fødselsnummer. Fjern det."
	}
	return CodeCover, "", "Forsiden kan ikke lages."
}
