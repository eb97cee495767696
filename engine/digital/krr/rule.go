package krr

import "postgang/engine/shipment"

// Verdict is what follows for a letter from what the register says of its recipient.
type Verdict struct {
	Event shipment.DigitalKind // DigitalReserved or DigitalNotNotifiable: to paper; empty: it stays digital
	Cause string               // the register's words that decided, for the history; no personal data
}

// Decide is the rule: who has reserved, who is not in the register and who cannot be notified and has no digital mailbox gets paper;
// all others stay digital.
func (p Person) Decide() Verdict {
	switch {
	case p.Reservation == "JA":
		return Verdict{shipment.DigitalReserved, "KRR: reservasjon JA"}
	case p.Status == "SLETTET", p.Status == "IKKE_REGISTRERT":
		return Verdict{shipment.DigitalNotNotifiable, "KRR: status " + p.Status}
	case p.Notifiable == "KAN_IKKE_VARSLES" && !p.Mailbox:
		return Verdict{shipment.DigitalNotNotifiable, "KRR: varslingsstatus KAN_IKKE_VARSLES"}
	}
	return Verdict{}
}
