package identity

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxReprintReason bounds the reason of a reprint, in characters.
const maxReprintReason = 200

// BadReason says what is wrong with the reason of an order; empty: nothing.
func BadReason(s string) string {
	if strings.TrimSpace(s) == "" {
		return "the reason is missing: say in a few words why, without personal data"
	}
	if why := BadNote(s); why != "" {
		return "the reason " + why
	}
	return ""
}

// BadNote says what is wrong with a text that is kept and shown; empty: nothing.
func BadNote(s string) string {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "must be one line of text"
	case utf8.RuneCountInString(s) > maxReprintReason:
		return fmt.Sprintf("is longer than %d characters", maxReprintReason)
	case len(FindNationalIDs(s)) > 0:
		return "holds a fødselsnummer: it is kept and shown, so say it without personal data"
	}
	return ""
}

// masked stands for a fødselsnummer.
const masked = "«11 sifre»"

// elevenDigits is what may be a fødselsnummer, also one that is mistyped.
var elevenDigits = regexp.MustCompile(`(^|[^0-9])[0-9]{6} ?[0-9]{5}([^0-9]|$)`)

// Scrub takes out of a vendor's text what may be a fødselsnummer. Names cannot be told from other words: such text is shown by
// "postgang job show" alone, never in alarms, logs or errors.
func Scrub(text string) string {
	for {
		next := elevenDigits.ReplaceAllString(text, "${1}"+masked+"${2}")
		if next == text {
			return text
		}
		text = next // neighbours share the character between them
	}
}

// MaskNationalIDs takes out of a text what can be somebody's fødselsnummer. It is the last line of defence where nothing private
// should come in the first place.
func MaskNationalIDs(text string) string {
	for _, id := range FindNationalIDs(text) {
		text = strings.ReplaceAll(text, id, masked)
	}
	return text
}

const (
	keptReasons = 20  // of a refusal, in the job's history
	keptReason  = 300 // characters of each
)

// KeptWords is what a job's history keeps of the reasons for a refusal.
func KeptWords(reasons []string) string {
	var out []string
	for i, r := range reasons {
		if i == keptReasons {
			out = append(out, "…")
			break
		}
		if utf8.RuneCountInString(r) > keptReason {
			r = string([]rune(r)[:keptReason]) + "…"
		}
		out = append(out, Scrub(r))
	}
	return strings.Join(out, "; ")
}
