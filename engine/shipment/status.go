package shipment

// StatusMove is one way in which a shipment may change its status.
type StatusMove struct {
	From, To Status
	Cause    string // what brings it about, in English, for the operator's documentation
}

// statusMoves is the one table of how a shipment's status may change (docs/sources.md, Statuses: derived from SvarUt's
// help pages, course and changelog). Everything that is not here is a fact beside the status, never a change of it.
//
// The moves back from SENDT_PRINT are ours: SvarUt does not tell what it does when its vendor refuses a whole job. They
// free the letters of a refused job for the next night.
var statusMoves = []StatusMove{
	{StatusMottatt, StatusAkseptert, "validated, print-ready file made"},
	{StatusMottatt, StatusAvvist, "refused, with every reason"},
	{StatusMottatt, StatusFeiletUnderMotta, "intake failed for a reason of ours"},
	{StatusMottatt, StatusManueltHandtert, "closed by a person"},

	{StatusAkseptert, StatusKlarForMottak, "waits for download by the recipient's system"},
	{StatusAkseptert, StatusVarslet, "recipient notified"},
	{StatusAkseptert, StatusSendtSDP, "handed to a digital mailbox"},
	{StatusAkseptert, StatusLevertSDP, "delivered in a digital mailbox, reported before the sending"},
	{StatusAkseptert, StatusLest, "read, reported before the notification"},
	{StatusAkseptert, StatusSendtPrint, "due: no digital id, print only, reserved or not notifiable"},
	{StatusAkseptert, StatusSendtDigitalt, "only digital, notified before it was accepted, unread at the deadline"},
	{StatusAkseptert, StatusIkkeLevert, "only digital, undeliverable"},
	{StatusAkseptert, StatusManueltHandtert, "closed by a person"},

	{StatusKlarForMottak, StatusVarslet, "recipient notified instead"},
	{StatusKlarForMottak, StatusLest, "downloaded"},
	{StatusKlarForMottak, StatusSendtPrint, "due: not deliverable"},
	{StatusKlarForMottak, StatusIkkeLevert, "only digital, undeliverable"},
	{StatusKlarForMottak, StatusManueltHandtert, "closed by a person"},

	{StatusVarslet, StatusLest, "read in time, or before the last gate"},
	{StatusVarslet, StatusSendtPrint, "due: unread at the deadline, reserved or not notifiable"},
	{StatusVarslet, StatusSendtDigitalt, "only digital, unread at the deadline"},
	{StatusVarslet, StatusIkkeLevert, "only digital, undeliverable"},
	{StatusVarslet, StatusManueltHandtert, "closed by a person"},

	{StatusSendtSDP, StatusLevertSDP, "delivered in a digital mailbox"},
	{StatusSendtSDP, StatusLest, "read in the archive as well"},
	{StatusSendtSDP, StatusSendtPrint, "due: the digital mailbox did not take it (SvarUt changelog 2016-01-12)"},
	{StatusSendtSDP, StatusIkkeLevert, "only digital, undeliverable (SvarUt changelog 2016-03-22)"},

	{StatusSendtPrint, StatusPrintet, "receipt from the vendor"},
	{StatusSendtPrint, StatusManueltHandtert, "closed by a person, who also calls the vendor"},
	{StatusSendtPrint, StatusAkseptert, "the vendor refused the job: free again"},
	{StatusSendtPrint, StatusKlarForMottak, "the vendor refused the job: free again"},
	{StatusSendtPrint, StatusVarslet, "the vendor refused the job: free again"},
	{StatusSendtPrint, StatusSendtSDP, "the vendor refused the job: free again"},

	{StatusAvvist, StatusSlettet, "retention"},
	{StatusFeiletUnderMotta, StatusSlettet, "retention"},
	{StatusSendtDigitalt, StatusSlettet, "retention"},
	{StatusLevertSDP, StatusSlettet, "retention"},
	{StatusLest, StatusSlettet, "retention"},
	{StatusPrintet, StatusSlettet, "retention"},
	{StatusIkkeLevert, StatusSlettet, "retention"},
	{StatusManueltHandtert, StatusSlettet, "retention"},
}

// allStatuses is every status, in the order of a shipment's life.
var allStatuses = []Status{
	StatusMottatt, StatusAkseptert, StatusAvvist, StatusFeiletUnderMotta, StatusKlarForMottak, StatusVarslet,
	StatusSendtDigitalt, StatusSendtSDP, StatusLevertSDP, StatusLest, StatusSendtPrint, StatusPrintet,
	StatusIkkeLevert, StatusManueltHandtert, StatusSlettet,
}

// Statuses returns every status, in the order of a shipment's life.
func Statuses() []Status { return append([]Status(nil), allStatuses...) }

// StatusMoves returns the table of all permitted changes of status.
func StatusMoves() []StatusMove { return append([]StatusMove(nil), statusMoves...) }

// Valid reports whether s is a status at all.
func (s Status) Valid() bool {
	for _, t := range allStatuses {
		if t == s {
			return true
		}
	}
	return false
}

// MayBecome reports whether a shipment may go from one status to another. Staying is no move.
func (s Status) MayBecome(to Status) bool {
	for _, m := range statusMoves {
		if m.From == s && m.To == to {
			return true
		}
	}
	return false
}

// Printable reports whether a letter in this status may go to paper: every status from which SENDT_PRINT can be reached in
// one move.
func (s Status) Printable() bool { return s.MayBecome(StatusSendtPrint) }

// Terminal reports whether nothing more happens to a shipment in this status, but that its content and personal data
// are deleted in time.
func (s Status) Terminal() bool {
	if !s.Valid() {
		return false
	}
	for _, m := range statusMoves {
		if m.From == s && m.To != StatusSlettet {
			return false
		}
	}
	return true
}
