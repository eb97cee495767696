package cover

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/printjobs/typeset"
)

// Language is the language of a cover's labels and date, by ISO 639-1 and with the codes of Norway's contact register (KRR). The
// empty Language is the sender's, and the sender's empty one is [Bokmal]. What senders write, and the country on an address, which
// Norwegian post reads, are not translated.
type Language string

// The languages that covers are made in.
const (
	Bokmal  Language = "nb"
	Nynorsk Language = "nn"
	Sami    Language = "se" // Northern Sámi, davvisámegiella
	English Language = "en"
)

// Languages are all languages that covers are made in, Norwegian first.
func Languages() []Language { return []Language{Bokmal, Nynorsk, Sami, English} }

// Valid reports whether covers can be made in the language. The empty one can.
func (l Language) Valid() bool { return l == "" || slices.Contains(Languages(), l) }

// wording is all that a cover says by itself, in one language.
type wording struct {
	date     string // over the letter's date
	shipment string // over the shipment id, which is read out on the telephone
	title    string // over the title
	sender   string // before the return address, in the window
	months   [12]string
	day      string // how a date is written, of {day}, {month} and {year}
}

// wordings are the labels by language.
//
// Northern Sámi: Beaivi and the form of dates as in the Sámi pages of regjeringen.no and the Sámi Act («geassemánu 12. b. 1987»);
// sáddejeaddji, reive and ášši as in the administrative dictionary of Giellatekno and Divvun (dict-nob-sme). Nouns alone are used, so
// that no ending hangs on what stands under a label. Nynorsk: avsendar as in Altinn.
var wordings = map[Language]wording{
	Bokmal: {
		date: "Dato", shipment: "Forsendelses-ID", title: "Brevet gjelder", sender: "Avsender",
		months: [12]string{"januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"},
		day:    "{day}. {month} {year}",
	},
	Nynorsk: {
		date: "Dato", shipment: "Forsendings-ID", title: "Brevet gjeld", sender: "Avsendar",
		months: [12]string{"januar", "februar", "mars", "april", "mai", "juni", "juli", "august", "september", "oktober", "november", "desember"},
		day:    "{day}. {month} {year}",
	},
	Sami: {
		date: "Beaivi", shipment: "Reive-ID", title: "Ášši", sender: "Sáddejeaddji",
		months: [12]string{"ođđajagemánu", "guovvamánu", "njukčamánu", "cuoŋománu", "miessemánu", "geassemánu", "suoidnemánu", "borgemánu", "čakčamánu", "golggotmánu", "skábmamánu", "juovlamánu"},
		day:    "{month} {day}. b. {year}",
	},
	English: {
		date: "Date", shipment: "Shipment ID", title: "Subject", sender: "Sender",
		months: [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		day:    "{day} {month} {year}",
	},
}

// written is a date as it stands on a cover, in the time zone that it carries.
func (w wording) written(t time.Time) string {
	year, month, day := t.Date()
	return strings.NewReplacer("{day}", strconv.Itoa(day), "{month}", w.months[month-1], "{year}", strconv.Itoa(year)).Replace(w.day)
}

// or is the language, or another where none is asked for.
func (l Language) or(other Language) (Language, error) {
	switch {
	case l == "":
		return other, nil
	case !l.Valid():
		return "", fmt.Errorf("language %q is none of %v", l, Languages())
	}
	return l, nil
}

// returnLineIn is a return address on one line, after the keyword of a language. Where that is too long for the line, the shorter one
// of bokmål takes its place: a letter is not kept back for a keyword, which Norwegian post knows best in Norwegian.
func (m *Maker) returnLineIn(l Language, p postalAddress) (returnLine, error) {
	f := m.fonts[typeset.Regular]
	line, err := m.layout.returnLine(f, wordings[l].sender, p)
	if err != nil && l != Bokmal {
		return m.layout.returnLine(f, wordings[Bokmal].sender, p)
	}
	return line, err
}
