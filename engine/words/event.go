package words

import "postgang/engine/shipment"

// eventWords are what senders read in a shipment's history, by the kind of event or, for a change of status, by the status reached.
var eventWords = map[string]sentence{
	shipment.EventReceived:                        {"Received", "Mottatt"},
	shipment.EventReadAfter:                       {"Read after it had gone to print", "Lest etter at forsendelsen var sendt til utskrift"},
	shipment.EventCollected:                       {"Taken into a print job", "Tatt med i en utskriftsjobb"},
	shipment.EventReprint:                         {"Ordered printed once more", "Bestilt trykt på nytt"},
	shipment.EventWithdrawn:                       {"Taken out of its print job", "Tatt ut av utskriftsjobben"},
	shipment.EventHeld:                            {"Set aside", "Satt til side"},
	shipment.EventReleased:                        {"Released", "Frigitt"},
	shipment.EventRenewed:                         {"Prepared for print once more", "Klargjort for utskrift på nytt"},
	shipment.EventPosted:                          {"Posted", "Postlagt"},
	shipment.EventDelivered:                       {"A document was downloaded by the recipient", "Et dokument er lastet ned av mottakeren"},
	shipment.EventReaddressed:                     {"Address corrected by a person", "Adressen er rettet for hånd"},
	shipment.EventSentAgain:                       {"Sent again as another shipment", "Sendt på nytt som en annen forsendelse"},
	shipment.EventReplaces:                        {"Sent in place of another shipment", "Sendt i stedet for en annen forsendelse"},
	shipment.EventReturned:                        {"Came back by post", "Kom i retur med posten"},
	string(shipment.DigitalNotified):              {"The recipient was notified", "Mottakeren er varslet"},
	string(shipment.DigitalRead):                  {"Read by the recipient", "Lest av mottakeren"},
	string(shipment.DigitalReserved):              {"The recipient is reserved against digital post", "Mottakeren har reservert seg mot digital post"},
	string(shipment.DigitalNotNotifiable):         {"The recipient cannot be notified", "Mottakeren kan ikke varsles"},
	string(shipment.DigitalSDPSent):               {"Sent to the digital mailbox", "Sendt til digital postkasse"},
	string(shipment.DigitalSDPDelivered):          {"Delivered in the digital mailbox", "Levert i digital postkasse"},
	string(shipment.DigitalSDPFailed):             {"The digital mailbox did not take it", "Den digitale postkassen tok ikke imot"},
	string(shipment.DigitalClosed):                {"Closed by a person", "Avsluttet av en saksbehandler"},
	"STATUS " + string(shipment.StatusMottatt):    {"Received", "Mottatt"},
	"STATUS " + string(shipment.StatusAkseptert):  {"Accepted", "Akseptert"},
	"STATUS " + string(shipment.StatusAvvist):     {"Refused", "Avvist"},
	"STATUS " + string(shipment.StatusVarslet):    {"The recipient was notified", "Mottakeren er varslet"},
	"STATUS " + string(shipment.StatusLest):       {"Read by the recipient", "Lest av mottakeren"},
	"STATUS " + string(shipment.StatusSendtPrint): {"Sent to print", "Sendt til utskrift"},
	"STATUS " + string(shipment.StatusPrintet):    {"Printed and posted", "Trykt og postlagt"},
	"STATUS " + string(shipment.StatusSlettet):    {"Documents and personal data deleted", "Dokumenter og personopplysninger er slettet"},

	"STATUS " + string(shipment.StatusFeiletUnderMotta): {"The intake failed", "Mottaket feilet"},
	"STATUS " + string(shipment.StatusKlarForMottak):    {"Ready to be fetched by the recipient's system", "Klar for mottak i mottakerens system"},
	"STATUS " + string(shipment.StatusSendtDigitalt):    {"Sent digitally", "Sendt digitalt"},
	"STATUS " + string(shipment.StatusSendtSDP):         {"Sent to the digital mailbox", "Sendt til digital postkasse"},
	"STATUS " + string(shipment.StatusLevertSDP):        {"Delivered in the digital mailbox", "Levert i digital postkasse"},
	"STATUS " + string(shipment.StatusIkkeLevert):       {"Not delivered", "Ikke levert"},
	"STATUS " + string(shipment.StatusManueltHandtert):  {"Closed by a person", "Avsluttet av en saksbehandler"},
}

// Event words one line of a shipment's history, without its reason. A kind without words is shown as it is.
func Event(e shipment.Event, lang Language) string {
	key := e.Kind
	if e.Kind == shipment.EventStatus {
		key += " " + string(e.To)
	}
	said, ok := eventWords[key]
	if !ok {
		return key
	}
	return said.with(nil, lang)
}
