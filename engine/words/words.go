// Package words words for people what the engine says by a code and arguments: alarms and refusals. The archive keeps codes and
// arguments, never sentences, so that a renamed command, a better wording or another language changes no archive. Whoever shows
// something asks it for the words.
package words

// Language is one that people are spoken to in.
type Language int

// The languages. The zero value is English.
const (
	English   Language = iota // command lines, logs, sinks: names commands
	Norwegian                 // bokmål: senders, and who reads the console: names no command
)

// Languages are all of them.
var Languages = [...]Language{English, Norwegian}

// String is the language's code (BCP 47).
func (l Language) String() string {
	switch l {
	case Norwegian:
		return "nb"
	default:
		return "en"
	}
}
