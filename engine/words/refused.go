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

// fileProblems are the words of what is wrong with a file of others, by the code of billing/reading.
var fileProblems = map[string]sentence{
	"format":           {"the vendor's profile is wrong", "trykkeriets profil er feil satt opp"},
	"empty":            {"there is nothing in it", "filen er tom"},
	"encoding":         {"it is not in the encoding that is expected", "filen har et annet tegnsett enn det som ventes"},
	"syntax":           {"its form is broken", "filen er ikke skrevet slik den skal"},
	"header":           {"its first line is not a header", "første linje er ikke en overskrift med kolonnenavn"},
	"unknown_column":   {"a column is not known", "en kolonne er ukjent, eller står to ganger"},
	"missing_column":   {"a column is missing", "kolonnen mangler"},
	"duplicate_column": {"a column stands twice", "kolonnen står to ganger"},
	"version":          {"it is of another version", "raden har en annen versjon enn ventet"},
	"field_count":      {"it has more or fewer fields than the header", "raden har flere eller færre felter enn overskriften"},
	"required":         {"the field is empty", "feltet er tomt"},
	"number":           {"it is no number", "det er ikke et gyldig tall"},
	"amount":           {"it is no amount", "det er ikke et gyldig beløp"},
	"negative":         {"it is below zero", "det er mindre enn null"},
	"too_large":        {"it is above the limit", "det er over grensen"},
	"time":             {"it is no day or time", "det er ikke en gyldig dag eller et gyldig tidspunkt"},
	"id":               {"it is no id", "det er ikke en gyldig id"},
	"konteringskode":   {"it is no konteringskode that can be used", "det er ikke en konteringskode som kan brukes"},
	"type":             {"it is of a kind that is not known", "typen er ukjent"},
	"returarsak":       {"it is a cause that is not known, or does not belong there", "årsaken er ukjent, eller hører ikke hjemme der"},
	"return_cost":      {"a returned letter has an amount", "et brev i retur har et beløp"},
	"trailer":          {"the last line is not the one that is expected", "siste linje er ikke den som ventes. Filen kan være avkortet"},
	"sum":              {"a sum is not that of the rows", "summen stemmer ikke med radene"},
	"duplicate_row":    {"it stands twice", "det samme står to ganger"},
	"invoice":          {"the invoice does not add up, or lacks something", "fakturaen går ikke opp, eller mangler noe"},
	"more":             {"there are further problems", "det er flere feil"},
}

// FileProblem words what is wrong with a file of others, by its code; one that has no words is shown as it is.
func FileProblem(code string, lang Language) string {
	s, ok := fileProblems[code]
	if !ok {
		return code
	}
	return s[lang]
}
