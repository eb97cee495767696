package words

import (
	"errors"

	"postgang/engine/shipment"
)

// Refused is the error of what a person asked for and the engine does not do: a note of why, in words of each language.
type Refused struct {
	Note shipment.Note
	Err  error // what it is besides, which stands at the end of the English words; nil: nothing
}

// Error says why in English.
func (r *Refused) Error() string {
	text := note(r.Note, English)
	if r.Err != nil {
		text += ": " + r.Err.Error()
	}
	return text
}

// Unwrap is what the error is besides.
func (r *Refused) Unwrap() error { return r.Err }

// RefusedOf words why the engine did not do what a person asked for, without what was being done; false: err is something else.
func RefusedOf(err error, lang Language) (string, bool) {
	var r *Refused
	if !errors.As(err, &r) {
		return "", false
	}
	return note(r.Note, lang), true
}
