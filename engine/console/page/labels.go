package page

import (
	"strings"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// StatusWord is how pages name a status, and what it means to whoever asks about the letter.
type StatusWord struct {
	Tag
	Means string
}

var statusWords = map[shipment.Status]StatusWord{
	shipment.StatusMottatt:          {Tag{"Mottatt", "info"}, "Forsendelsen er mottatt og blir kontrollert."},
	shipment.StatusAkseptert:        {Tag{"Akseptert", "info"}, "Forsendelsen er kontrollert og klar. Den leveres digitalt, eller går til utskrift når den er klar for det."},
	shipment.StatusAvvist:           {Tag{"Avvist", "danger"}, "Forsendelsen kunne ikke tas imot. Avsenderen har fått vite hvorfor, og må sende den på nytt."},
	shipment.StatusFeiletUnderMotta: {Tag{"Feilet under mottak", "danger"}, "Noe gikk galt hos oss da forsendelsen ble tatt imot. Den blir ikke sendt."},
	shipment.StatusKlarForMottak:    {Tag{"Klar for mottak", "info"}, "Forsendelsen venter på at mottakerens system henter den."},
	shipment.StatusVarslet:          {Tag{"Varslet", "info"}, "Mottakeren er varslet og kan lese brevet digitalt. Blir det ikke lest innen fristen, går det til utskrift."},
	shipment.StatusSendtDigitalt:    {Tag{"Sendt digitalt", "neutral"}, "Forsendelsen skulle bare leveres digitalt. Fristen gikk ut uten at den ble lest. Den blir ikke skrevet ut."},
	shipment.StatusSendtSDP:         {Tag{"Sendt til digital postkasse", "info"}, "Forsendelsen er sendt til mottakerens digitale postkasse. Vi venter på bekreftelse."},
	shipment.StatusLevertSDP:        {Tag{"Levert i digital postkasse", "success"}, "Forsendelsen ligger i mottakerens digitale postkasse."},
	shipment.StatusLest:             {Tag{"Lest", "success"}, "Mottakeren har lest brevet digitalt. Det blir ikke skrevet ut."},
	shipment.StatusSendtPrint:       {Tag{"Hos trykkeriet", "info"}, "Brevet er overlevert til trykkeriet. Vi venter på kvittering for at det er postlagt."},
	shipment.StatusPrintet:          {Tag{"Postlagt", "success"}, "Trykkeriet har kvittert for at brevet er trykt og postlagt."},
	shipment.StatusIkkeLevert:       {Tag{"Ikke levert", "danger"}, "Forsendelsen skulle bare leveres digitalt, og kunne ikke leveres. Den blir ikke skrevet ut."},
	shipment.StatusManueltHandtert:  {Tag{"Avsluttet for hånd", "neutral"}, "En person har stoppet forsendelsen. Den blir ikke skrevet ut."},
	shipment.StatusSlettet:          {Tag{"Slettet", "neutral"}, "Innhold og personopplysninger er slettet. Historikken er beholdt."},
}

// StatusOf is how pages name a status.
func StatusOf(s shipment.Status) StatusWord {
	if w, ok := statusWords[s]; ok {
		return w
	}
	return StatusWord{Tag{string(s), "neutral"}, ""}
}

var stateWords = map[store.JobState]StatusWord{
	store.JobPlanning:  {Tag{"Planlegges", "info"}, "Brevene legges inn i jobben. Blir det avbrutt, går brevene i en ny jobb ved neste kjøring."},
	store.JobPlanned:   {Tag{"Planlagt", "info"}, "Brevene er valgt ut. Utskriftsfilene er ikke laget ennå."},
	store.JobComposed:  {Tag{"Satt sammen", "info"}, "Utskriftsfilene er laget og kontrollert."},
	store.JobUploaded:  {Tag{"Lastet opp", "info"}, "Filene ligger hos trykkeriet, som ikke har fått klarsignal ennå."},
	store.JobCommitted: {Tag{"Forbi siste kontroll", "info"}, "Brevene er kontrollert en siste gang, og er på vei til papir."},
	store.JobOffering:  {Tag{"Overleveres", "info"}, "Trykkeriet har fått jobben. Brevene merkes som sendt, og det går av seg selv."},
	store.JobOffered:   {Tag{"Overlevert", "info"}, "Trykkeriet har fått jobben, og har ikke svart ennå."},
	store.JobAccepted:  {Tag{"Godtatt", "info"}, "Trykkeriet har tatt imot jobben. Kvitteringene er ikke kommet for alle brevene."},
	store.JobClosed:    {Tag{"Ferdig", "success"}, "Alle brevene er kvittert som postlagt."},
	store.JobRejected:  {Tag{"Avvist av trykkeriet", "danger"}, "Trykkeriet avviste jobben. Brevene er satt til side til en person frigir dem."},
	store.JobWithdrawn: {Tag{"Trukket tilbake", "neutral"}, "Jobben ble tatt tilbake før den var overlevert. Brevene går i en ny jobb."},
	store.JobUncertain: {Tag{"Uavklart", "danger"}, "Vi kan ikke avgjøre om trykkeriet har jobben. Den sendes aldri på nytt av seg selv: en person må spørre trykkeriet."},
}

// StateOf is how pages name the state of a print job.
func StateOf(s store.JobState) StatusWord {
	if w, ok := stateWords[s]; ok {
		return w
	}
	return StatusWord{Tag{string(s), "neutral"}, ""}
}

var reasonWords = map[shipment.Reason]string{
	shipment.ReasonNoDigitalID:   "Mottakeren har ikke digital id",
	shipment.ReasonPrintOnly:     "Skal bare sendes på papir",
	shipment.ReasonReserved:      "Mottakeren har reservert seg mot digital post",
	shipment.ReasonNotNotifiable: "Mottakeren kan ikke varsles",
	shipment.ReasonUnread:        "Ikke lest innen fristen",
	shipment.ReasonSDPFailed:     "Den digitale postkassen tok ikke imot",
}

// ReasonOf words why a letter goes to paper.
func ReasonOf(r shipment.Reason) string {
	if w, ok := reasonWords[r]; ok {
		return w
	}
	return string(r)
}

// holdWords name what letters are set aside for, beside the codes of refusals.
var holdWords = map[string]string{
	shipment.HoldCost:     "Kostnadsvakten holder det igjen",
	shipment.HoldRejected: "Trykkeriet avviste jobben",
	shipment.HoldWindow:   "Har ventet for lenge på utskrift",
	shipment.HoldUnheard:  "Den digitale kanalen svarer ikke",
	shipment.HoldLevel4:   "Krever nivå 4, og kan ikke skrives ut for hånd",
	shipment.HoldRestored: "Trykkeriet kan ha det allerede",
}

// HoldOf words what a letter is set aside for.
func HoldOf(code string) string {
	if w, ok := holdWords[code]; ok {
		return w
	}
	return "Kunne ikke klargjøres (" + code + ")"
}

// zoneWords name postage zones.
var zoneWords = map[string]string{"NORGE": "Norge", "EUROPA": "Europa", "VERDEN": "Utenfor Europa"}

// ZoneOf names a postage zone.
func ZoneOf(zone string) string {
	if w, ok := zoneWords[zone]; ok {
		return w
	}
	return zone
}

// envelopeWords name envelopes.
var envelopeWords = map[string]string{"C5": "C5-konvolutt", "C4": "C4-konvolutt", "PARCEL": "pakke"}

// EnvelopeOf names an envelope.
func EnvelopeOf(e string) string {
	if w, ok := envelopeWords[e]; ok {
		return w
	}
	return e
}

// ClassOf names what a job's letters have in common.
func ClassOf(j store.PrintJob) string {
	parts := []string{EnvelopeOf(j.Class.Envelope), ZoneOf(j.Class.Zone)}
	if j.Class.Colour {
		parts = append(parts, "farger")
	}
	if j.Class.Duplex {
		parts = append(parts, "tosidig")
	}
	if j.Class.Giro {
		parts = append(parts, "giro")
	}
	return strings.Join(parts, ", ")
}
