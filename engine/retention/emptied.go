package retention

import (
	"unicode/utf8"

	"postgang/engine/identity"
	"postgang/engine/shipment"
)

// longestKept is how long a text of the sender's may be that is kept, in characters: a name of a system, a reference. What is longer
// stands in refused hand-ins alone, and may be anything.
const longestKept = 100

// Emptied is a shipment without its content: SLETTET, with what statistics, invoicing and bokføring need. It keeps id, account, the
// sender's key and reference, the sending system, the konteringskode, all times, how it was to be sent, why it was refused, what its
// pages were (counts, colours, sheets), and the hashes of the hand-in and of the print-ready file: they prove what was sent to whoever
// still has it, and tell nobody else what it was.
func Emptied(s shipment.Shipment) shipment.Shipment {
	was := s.Submission
	s.Status = shipment.StatusSlettet
	s.Submission = shipment.Submission{
		SendingSystem: keptText(was.SendingSystem), Konteringskode: shipment.ShownCode(was.Konteringskode), ExternalReference: keptText(was.ExternalReference),
		DigitalOnly: was.DigitalOnly, PrintOnly: was.PrintOnly, Encrypted: was.Encrypted, RequireLevel4: was.RequireLevel4, Print: was.Print,
	}
	switch was.Print.LetterType {
	case "APOST", "BPOST":
	default:
		s.Submission.Print.LetterType = "" // a refused hand-in may have anything there
	}
	s.Fingerprint = "" // a keyed hash of name, address and title: whoever has the key could try names
	s.PreparedKey = "" // nobody takes the file for another letter any more
	if s.Facts != nil {
		facts := *s.Facts
		facts.Warnings = nil
		s.Facts = &facts
	}
	s.Hold = ""
	return s
}

// keptText is a text of the sender's that is no personal data by its nature, unless somebody put some there.
func keptText(t string) string {
	if utf8.RuneCountInString(t) > longestKept || len(identity.FindNationalIDs(t)) > 0 {
		return ""
	}
	return t
}
