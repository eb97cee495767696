package engine

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// masked stands for a fødselsnummer.
const masked = "«11 sifre»"

// elevenDigits is what may be a fødselsnummer, also one that is mistyped.
var elevenDigits = regexp.MustCompile(`(^|[^0-9])[0-9]{6} ?[0-9]{5}([^0-9]|$)`)

// scrub takes out of a vendor's text what may be a fødselsnummer. Names cannot be told from other words: such text is shown by
// "postgang job show" alone, never in alarms, logs or errors.
func scrub(text string) string {
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

// keptWords is what a job's history keeps of the reasons for a refusal.
func keptWords(reasons []string) string {
	var out []string
	for i, r := range reasons {
		if i == keptReasons {
			out = append(out, "…")
			break
		}
		if utf8.RuneCountInString(r) > keptReason {
			r = string([]rune(r)[:keptReason]) + "…"
		}
		out = append(out, scrub(r))
	}
	return strings.Join(out, "; ")
}
