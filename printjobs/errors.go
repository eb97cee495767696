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

// Args are the arguments of the sentence that a code is told by, which is
// written elsewhere, in the reader's language: "case" says which sentence of the
// code it is, the others are numbers, limits, job ids and characters (U+2705). They
// hold no personal data.
type Args map[string]string

// LetterError says why one letter of a job cannot be composed. It holds no
// personal data.
type LetterError struct {
	Shipment string
	Code     string // one of the Code constants
	Args     Args
	Err      error // the cause
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

// Fault is why no cover can be made.
type Fault struct {
	Code  string // one of the Code constants
	Field string // of forsendelse.json, that it is about; empty: about none
	Args  Args
}

// CoverFault tells what an error of [cover.Maker.Cover] is, the same at intake
// as at night.
func CoverFault(err error) Fault {
	in, characters := cover.FieldRecipient, ""
	var about *cover.AddressError
	if errors.As(err, &about) {
		in, characters = about.Field, cover.CodePoints(about.Characters)
	}
	var whose Args
	which := Args{"characters": characters}
	if strings.HasPrefix(in, cover.FieldReply) {
		whose = Args{"case": "reply-to"}
		which = Args{"case": "reply-to", "characters": characters}
	}
	switch {
	case errors.Is(err, cover.ErrAddressDoesNotFit):
		return Fault{Code: CodeCoverFit, Field: in, Args: whose}
	case errors.Is(err, cover.ErrAddressIncomplete):
		return Fault{Code: CodeCoverIncomplete, Field: in, Args: whose}
	case errors.Is(err, cover.ErrCharacter) && about != nil:
		return Fault{Code: CodeCoverCharacter, Field: in, Args: which}
	case errors.Is(err, cover.ErrIDNumber):
		return Fault{Code: CodeCoverIDNumber, Field: in, Args: whose}
	}
	return Fault{Code: CodeCover}
}
