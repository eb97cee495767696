package shipment

import "postgang/engine/identity"

// Organisation is what a register of organisations says of one.
type Organisation struct {
	Address  PostalAddress // where its post goes, without a name; zero: the register has none
	Deleted  bool
	Bankrupt bool
}

// ToOrganisation tells whether the recipient is an organisation: nine digits.
func (s Submission) ToOrganisation() bool {
	return len(identity.StripSpaces(s.Recipient.DigitalID.Reveal())) == 9
}

// LacksAddress tells whether nothing at all is said of where a letter on paper goes. Half an address is the sender's to put right.
func (s Submission) LacksAddress() bool {
	a := s.Recipient
	return !s.DigitalOnly && a.Line1 == "" && a.Line2 == "" && a.Line3 == "" && a.Postcode == "" && a.City == "" && a.Country == "" && a.CountryCode == ""
}

// Complete fills a missing address from a register, and warns of what the register says of the recipient. Nothing that the sender
// said is changed.
func (s *Submission) Complete(o Organisation) []Refusal {
	var found []Refusal
	if s.LacksAddress() && o.Address.City != "" {
		o.Address.Name, o.Address.DigitalID = s.Recipient.Name, s.Recipient.DigitalID
		s.Recipient = o.Address
		found = append(found, Refusal{Code: "adresse-fra-register", Field: "mottaker", Warning: true})
	}
	switch {
	case o.Deleted:
		found = append(found, Refusal{Code: "mottaker-slettet", Field: "mottaker.digitalId", Warning: true})
	case o.Bankrupt:
		found = append(found, Refusal{Code: "mottaker-konkurs", Field: "mottaker.digitalId", Warning: true})
	}
	return found
}
