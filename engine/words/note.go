package words

import "postgang/engine/shipment"

// notes are the words of what histories and decisions keep by code and arguments. Like those of alarms they are templates.
var notes = map[string]worded{
	// A job's history.
	"planned": {`planned`, `planlagt`},
	"reprint": {`reprint of {{.parent}}: {{.reason}}`, `omtrykk av {{.parent}}: {{.reason}}`},
	"reprinted": {`{{.letters}} letters reprinted as {{.job}}: {{.reason}}`,
		`{{.letters}} brev bestilt trykt på nytt i {{.job}}: {{.reason}}`},
	"set-aside":       {`letters set aside while composing`, `brev ble satt til side da jobben skulle settes sammen`},
	"gate":            {`{{.letters}} letters dropped out at the last gate`, `{{.letters}} brev falt fra ved siste kontroll`},
	"ready-placed":    {`ready file placed`, `klarfilen er lagt hos trykkeriet`},
	"hand-over-found": {`hand-over found at the vendor`, `overleveringen ble funnet hos trykkeriet`},
	"vendor-answered": {`the vendor has answered`, `trykkeriet har svart`},
	"accepted":        {`answer of the vendor`, `svar fra trykkeriet`},
	"rejected":        {`answer of the vendor: {{.words}}`, `svar fra trykkeriet: {{.words}}`},
	"receipts-came":   {`the vendor sent receipts`, `trykkeriet har sendt kvitteringer`},
	"receipts-all":    {`receipts for all letters`, `kvitteringer for alle brevene`},
	"ending":          {`{{say . "ending"}}`, `{{say . "ending"}}`},
	"doubt":           {`{{say . "doubt"}}`, `{{say . "doubt"}}`},
	"withdrawn":       {`withdrawn by a person: {{.reason}}`, `trukket tilbake for hånd: {{.reason}}`},
	"resolved-has":    {`resolved by a person, the vendor has it: {{.reason}}`, `avklart for hånd, trykkeriet har den: {{.reason}}`},
	"resolved-has-not": {`resolved by a person, the vendor has not got it: {{.reason}}`,
		`avklart for hånd, trykkeriet har den ikke: {{.reason}}`},
	"printed-here":    {`printed here`, `skrives ut her`},
	"given-out":       {`given out to be printed here, to {{.by}}`, `gitt ut for å skrives ut her, til {{.by}}`},
	"given-out-again": {`given out once more to be printed here, to {{.by}}`, `gitt ut på nytt for å skrives ut her, til {{.by}}`},
	"posted": {`{{.letters}} letters confirmed as posted at {{clock .at}}, by {{.by}}`,
		`{{.letters}} brev bekreftet som postlagt {{clock .at}}, av {{.by}}`},
	"found": {`found at the vendor by recover{{if has . "reason"}}; confirmed: {{.reason}}{{end}}`,
		`funnet hos trykkeriet ved gjenoppretting{{if has . "reason"}}; bekreftet: {{.reason}}{{end}}`},

	// A decision about a deviation or a receipt.
	"difference-gone":   {`invoice and receipts do not have this difference any more`, `faktura og kvitteringer har ikke lenger denne forskjellen`},
	"difference-back":   {`the difference is there again`, `forskjellen er der igjen`},
	"decided":           {`decided: {{.reason}}`, `avgjort: {{.reason}}`},
	"receipt-corrected": {`the receipt is corrected`, `kvitteringen er rettet`},
	"receipt-withdrawn": {`the receipt is taken back`, `kvitteringen er trukket tilbake`},
	"vendor-corrected":  {`the vendor has corrected it`, `trykkeriet har rettet den`},
	"vendor-took-back":  {`the vendor has taken it back`, `trykkeriet har trukket den tilbake`},

	// A shipment's history.
	"reprint-of":      {`{{.job}} of {{.parent}}`, `{{.job}} av {{.parent}}`},
	"left-out":        {`left out of print job {{.job}}`, `trukket fra utskriftsjobb {{.job}}`},
	"job-refused":     {`the vendor refused print job {{.job}}`, `trykkeriet avviste utskriftsjobb {{.job}}`},
	"receipt":         {`receipt in job {{.job}}`, `kvittering i jobb {{.job}}`},
	"receipt-reprint": {`receipt in reprint {{.job}}`, `kvittering i omtrykk {{.job}}`},
	"returned":        {`{{say . "cause"}}, job {{.job}}`, `{{say . "cause"}}, jobb {{.job}}`},
	"readdressed":     {`{{.reason}}`, `{{.reason}}`},
	"sent-again":      {`as shipment {{.shipment}}: {{.reason}}`, `som forsendelse {{.shipment}}: {{.reason}}`},
	"replaces":        {`shipment {{.shipment}}: {{.reason}}`, `forsendelse {{.shipment}}: {{.reason}}`},
	"clock-ahead": {`due for paper now, not {{clock .due}}: the clock was ahead when the letter was taken`,
		`klar for utskrift nå, ikke {{clock .due}}: klokken gikk for fort da brevet ble tatt imot`},
	releasedCode: {`{{if has . "job"}}the vendor has the letter in job {{.job}}{{else}}{{.reason}}{{end}}`,
		`{{if has . "job"}}trykkeriet har brevet i jobb {{.job}}{{else}}{{.reason}}{{end}}`},
}

// notePhrases are the words of arguments of notes that are codes, as alarmPhrases are of both.
var notePhrases = map[string]worded{
	"cause/flyttet":     {English: `moved`, Norwegian: `flyttet`},
	"cause/ukjent":      {English: `unknown at the address`, Norwegian: `ukjent`},
	"cause/adresse":     {English: `no such address`, Norwegian: `feil adresse`},
	"cause/nektet":      {English: `refused by the recipient`, Norwegian: `nektet mottatt`},
	"cause/ikke-hentet": {English: `not fetched in time`, Norwegian: `ikke hentet`},
	"cause/dod":         {English: `the recipient is dead`, Norwegian: `mottakeren er død`},
	"cause/annet":       {English: `another cause`, Norwegian: `annen årsak`},
}

// releasedCode has the words of why a letter was released; the code that is kept is what it was set aside for.
const releasedCode = "released"

// Why words why something was, as the history of a job keeps it, or a decision about a deviation or a receipt. A text, of a person or
// of an earlier version, is shown as it is.
func Why(kept string, lang Language) string {
	if n, ok := shipment.ReadNote(kept); ok {
		return note(n, lang)
	}
	return kept
}

// note words a note; one that has no words here, or lacks an argument, is shown as its code and its arguments.
func note(n shipment.Note, lang Language) string {
	if t, ok := alarmWords()[lang][notePrefix+n.Code]; ok {
		if text, err := execute(t, n.Args); err == nil {
			return text
		}
	}
	return plain(n.Code, n.Args)
}

// notePrefix tells the templates of notes from those of alarms.
const notePrefix = "note/"
