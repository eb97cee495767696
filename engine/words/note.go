package words

import "postgang/engine/shipment"

// notes are the words of what histories and decisions keep by code and arguments. Like those of alarms they are templates.
var notes = map[string]worded{
	// A job's history.
	"planned":      {`planned`, `planlagt`},
	"planning-cut": {`planning was cut short; its letters are due again`, `planleggingen ble avbrutt, og brevene blir med i neste kjøring`},
	"reprint":      {`reprint of {{.parent}}: {{.reason}}`, `omtrykk av {{.parent}}: {{.reason}}`},
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
	"released-job":    {`{{.letters}} letters released by a person: {{.reason}}`, `{{n .letters "brev" "brev"}} frigitt for hånd: {{.reason}}`},
	"resolved-has":    {`resolved by a person, the vendor has it: {{.reason}}`, `avklart for hånd, trykkeriet har den: {{.reason}}`},
	"resolved-has-not": {`resolved by a person, the vendor has not got it: {{.reason}}`,
		`avklart for hånd, trykkeriet har den ikke: {{.reason}}`},
	"printed-here":    {`printed here`, `skrives ut her`},
	"given-out":       {`given out to be printed here{{if has . "by"}}, to {{.by}}{{end}}`, `gitt ut for å skrives ut her{{if has . "by"}}, til {{.by}}{{end}}`},
	"given-out-again": {`given out once more to be printed here{{if has . "by"}}, to {{.by}}{{end}}`, `gitt ut på nytt for å skrives ut her{{if has . "by"}}, til {{.by}}{{end}}`},
	"posted": {`{{.letters}} letters confirmed as posted at {{clock .at}}{{if has . "by"}}, by {{.by}}{{end}}`,
		`{{.letters}} brev bekreftet som postlagt {{clock .at}}{{if has . "by"}}, av {{.by}}{{end}}`},
	"found": {`found at the vendor by recover{{if has . "reason"}}; confirmed: {{.reason}}{{end}}`,
		`funnet hos trykkeriet ved gjenoppretting{{if has . "reason"}}; bekreftet: {{.reason}}{{end}}`},

	// What a run did, as the slot ledger keeps it.
	"night": {
		`{{.collected}} letters collected into {{.jobs}} jobs; {{.offered}} jobs with {{.letters}} letters handed over; {{.dropped}} letters dropped out at the last gate; {{.aside}} set aside` +
			`{{if has . "uncertain"}}; UNCERTAIN: {{.uncertain}}{{end}}{{if has . "waiting"}}; waiting for the vendor's window or limit: {{.waiting}}{{end}}` +
			`{{if has . "unheard"}}; letters that wait for a channel to say whether they were read: {{.unheard}}{{end}}{{if has . "manual"}}; to be printed here: {{.manual}}{{end}}` +
			`{{if has . "stopped"}}; nothing is offered until postgang recover to {{.stopped}}{{end}}{{if has . "unsettled"}}; not finished: {{.unsettled}}{{end}}{{if has . "why"}} (last error: {{.why}}){{end}}`,
		`{{n .collected "brev" "brev"}} samlet i {{n .jobs "jobb" "jobber"}}; {{n .offered "jobb" "jobber"}} med {{.letters}} brev overlevert; {{.dropped}} falt fra ved siste kontroll; {{.aside}} satt til side` +
			`{{if has . "uncertain"}}; uvisst om trykkeriet har: {{.uncertain}}{{end}}{{if has . "waiting"}}; venter på trykkeriets åpningstid eller grense: {{.waiting}}{{end}}` +
			`{{if has . "unheard"}}; brev som venter på at en kanal sier om de er lest: {{.unheard}}{{end}}{{if has . "manual"}}; skrives ut her: {{.manual}}{{end}}` +
			`{{if has . "stopped"}}; ingenting blir tilbudt før gjenoppretting til: {{.stopped}}{{end}}{{if has . "unsettled"}}; ikke ferdig: {{.unsettled}}{{end}}{{if has . "why"}} (siste feil: {{.why}}){{end}}`,
	},
	"fetched": {`{{.accepted}} jobs accepted, {{.rejected}} rejected; {{.files}} receipt files, {{.applied}} receipts applied, {{.stopped}} files stopped`,
		`{{n .accepted "jobb" "jobber"}} godtatt, {{.rejected}} avvist; {{n .files "kvitteringsfil" "kvitteringsfiler"}}, {{n .applied "kvittering" "kvitteringer"}} bokført, {{n .stopped "fil" "filer"}} stoppet`},
	"reports": {`{{.files}}: {{.letters}} letters, kr {{kr .net}} net`, `{{.files}}: {{.letters}} brev, kr {{kr .net}} netto`},
	"erased": {`content of {{.letters}} letters erased, {{.waiting}} wait; {{.handins}} folders and files of the drop folder and {{.documents}} documents ({{.mb}} MB) removed`,
		`innholdet i {{.letters}} brev slettet, {{.waiting}} venter; {{n .handins "mappe eller fil" "mapper og filer"}} i innleveringsmappen og {{n .documents "dokument" "dokumenter"}} ({{.mb}} MB) fjernet`},
	"morning": {`made; {{.alarms}} alarms that nobody has acknowledged`, `laget; {{n .alarms "varsel" "varsler"}} som ingen har kvittert for`},
	"backed-up": {`backup {{.id}}: {{.letters}} letters, {{.documents}} documents ({{.mb}} MB), {{.added}} of them new`,
		`sikkerhetskopi {{.id}}: {{.letters}} brev, {{n .documents "dokument" "dokumenter"}} ({{.mb}} MB), {{.added}} av dem nye`},
	"night-at-work": {`another night was at work`, `en annen nattkjøring var i gang`},
	"run-ended":     {`the process ended in the middle of it`, `prosessen stoppet midt i kjøringen`},

	// A decision about a deviation or a receipt.
	"difference-gone":   {`invoice and receipts do not have this difference any more`, `faktura og kvitteringer har ikke lenger denne forskjellen`},
	"difference-back":   {`the difference is there again`, `forskjellen er der igjen`},
	"decided":           {`decided: {{.reason}}`, `avgjort: {{.reason}}`},
	"receipt-corrected": {`the receipt is corrected`, `kvitteringen er rettet`},
	"receipt-withdrawn": {`the receipt is taken back`, `kvitteringen er trukket tilbake`},
	"vendor-corrected":  {`the vendor has corrected it`, `trykkeriet har rettet den`},
	"vendor-took-back":  {`the vendor has taken it back`, `trykkeriet har trukket den tilbake`},

	// Why a person should look at an invoice before it is booked.
	"invoice-twin": {`it has the same amounts, for the same period, as invoice {{.number}}`, `den har de samme beløpene, for den samme perioden, som faktura {{.number}}`},
	"invoice-above": {`{{.kind}} becomes kr {{kr .invoiced}}, and kr {{kr .owed}} is to be expected by receipts and price list`,
		`{{.kind}} blir kr {{kr .invoiced}}, mens kvitteringer og prisliste tilsier kr {{kr .owed}}`},
	"invoice-above-together": {`{{.kind}} becomes kr {{kr .invoiced}} with the others for the period, and kr {{kr .owed}} is to be expected by receipts and price list`,
		`{{.kind}} blir kr {{kr .invoiced}} sammen med de andre fakturaene for perioden, mens kvitteringer og prisliste tilsier kr {{kr .owed}}`},
	"invoice-ahead": {`it is issued on {{.day}}, which is far ahead`, `den er datert {{day .day}}, som er langt fram i tid`},
	"invoice-before": {`it is for {{period .first .last}}, before the first month with letters or costs, which is {{month .month}}`,
		`den gjelder {{period .first .last}}, før den første måneden med brev eller kostnader, som er {{month .month}}`},

	// Why an invoice is not taken, booked, taken back or carried.
	"invoice-line-code": {`invoice line {{.line}}: the konteringskode looks like a fødselsnummer. Have the vendor mend it, or set code_from = "none"`,
		`konteringskoden på fakturalinje {{.line}} ser ut som et fødselsnummer. Be trykkeriet rette den. Den som drifter serveren, kan også sette opp at kodene på fakturaene ikke blir lest`},
	"invoice-there": {`an invoice {{.number}} of vendor {{.vendor}} is there already and says something else. If that one is wrong and not booked, take it back with postgang invoice remove; else a change needs a credit note, or a number of its own`,
		`faktura {{.number}} fra {{.vendor}} er lest inn allerede, og sier noe annet. Er den feil og ikke bokført, så fjern den først. Ellers trengs en kreditnota, eller et eget nummer`},
	"invoice-overlaps": {`invoice {{.number}} of vendor {{.vendor}} is for {{period .first .last}}, which overlaps with {{period .given_first .given_last}} in part: it cannot be told which letters each is for. Have the vendor invoice by the same periods, or type it in with the right one`,
		`faktura {{.number}} fra {{.vendor}} gjelder {{period .first .last}}, som delvis er samme tid som {{period .given_first .given_last}}: det kan ikke avgjøres hvilke brev hver av dem gjelder. Be trykkeriet fakturere for samme perioder, eller oppgi riktig periode`},
	"invoice-is-booked":  {`invoice {{.number}} is booked: what is wrong with it needs a credit note`, `faktura {{.number}} er bokført: det som er feil, må rettes med en kreditnota`},
	"invoice-not-over":   {`the period of invoice {{.number}} is not over`, `perioden til faktura {{.number}} er ikke over`},
	"invoice-adds-up":    {`invoice {{.number}} is booked, and adds up`, `faktura {{.number}} er bokført, og stemmer`},
	"invoice-takes-back": {`invoice {{.number}} takes back more than is invoiced of {{.kind}}: book the invoice that it credits first`, `faktura {{.number}} krediterer mer enn det som er fakturert av {{.kind}}: bokfør fakturaen den krediterer, først`},
	"vendor-gone":        {`vendor {{quote .vendor}} is not configured any more`, `trykkeriet {{.vendor}} er ikke lenger satt opp`},
	"carry-unbooked":     {`invoice {{.number}} for the same period is not booked`, `faktura {{.number}} for samme periode er ikke bokført`},
	"carry-nothing":      {`no receipts have come since the invoices were booked`, `det er ikke kommet kvitteringer siden fakturaene ble bokført`},
	"carry-early":        {`what is invoiced later is carried into a month after {{.day}}`, `det som faktureres senere, må overføres til en måned etter {{.day}}`},
	"carry-booked":       {`invoice {{.number}} for {{period .first .last}} is booked already: carry it into a later month`, `faktura {{.number}} for {{period .first .last}} er bokført allerede: overfør til en senere måned`},
	"carry-left": {`kr {{kr .net}} of it did not come after the invoices were booked, and cannot be carried: postgang invoice book shares it out`,
		`kr {{kr .net}} av det kom ikke etter at fakturaene ble bokført, og kan ikke overføres: bokfør fakturaen på nytt, så blir det fordelt`},

	// Why a month is not closed, and a register not taken.
	"month-not-over": {`{{month .month}} is not over yet`, `{{month .month}} er ikke over ennå`},
	"month-closed":   {`{{month .month}} is closed already, since {{clock .at}}`, `{{month .month}} er lukket allerede, siden {{clock .at}}`},
	"month-next":     {`months are closed in order: the next is {{month .month}}`, `måneder lukkes i rekkefølge: den neste er {{month .month}}`},
	"month-first-open": {`months are closed in order: the first with letters or costs that is open is {{month .month}}`,
		`måneder lukkes i rekkefølge: den første åpne med brev eller kostnader er {{month .month}}`},
	"month-nothing": {`there are no letters and no costs yet, so that there is nothing to close`, `det er ingen brev og ingen kostnader ennå, så det er ingenting å lukke`},
	"month-before": {`{{month .month}} is before the first month with letters or costs, which is {{month .first}}`,
		`{{month .month}} er før den første måneden med brev eller kostnader, som er {{month .first}}`},
	"receipts-half": {`{{.done}} of {{.rows}} rows of a receipt file of vendor {{.vendor}} are booked: wait for the rest. If nothing is at it, postgang receipts fetch books the rest`,
		`{{.done}} av {{n .rows "rad" "rader"}} i en kvitteringsfil fra trykkeriet {{.vendor}} er bokført: vent på resten. Neste henting av kvitteringer bokfører den hvis ingen holder på med det`},
	"codes-number": {`code {{.place}} of the register, by code, looks like a fødselsnummer, or has one in its name: take it out`,
		`kode nummer {{.place}} i registeret, sortert etter kode, ser ut som et fødselsnummer, eller har et i navnet: ta den ut`},

	// Why a job is not given out to be printed here, or its letters not confirmed.
	"manual-state":   {`job {{.job}} is {{.state}}, and only one that is COMPOSED can be printed`, `jobb {{.job}} er ikke lenger klar til å skrives ut (tilstand {{.state}}): den er trukket, eller brevene er lagt i en annen`},
	"manual-unasked": {`job {{.job}} is {{.state}}: it was not given out to be printed (postgang manual print {{.job}} DIR)`, `filene til jobb {{.job}} er ikke hentet (tilstand {{.state}}), så ingen av brevene kan bekreftes`},
	"manual-elsewhere": {`job {{.job}} is {{.state}}, and was on its way to a print vendor before vendor {{.vendor}} became manual print: it may be printed there. Give the print vendor a key of its own again, and settle the job with it`,
		`jobb {{.job}} (tilstand {{.state}}) var på vei til et trykkeri før {{.vendor}} ble manuell utskrift, og kan være skrevet ut der. Den som drifter serveren, må avklare den med trykkeriet`},
	"manual-stopped": {`nothing is given out`, `ingenting kan hentes nå: arkivet er eldre enn det som er overlevert, som når en sikkerhetskopi er lagt tilbake. Brev kunne blitt skrevet ut to ganger. Den som drifter serveren, må rette det først`},
	"manual-price": {`letter {{.letter}} of job {{.job}}: add the price under [[vendors.{{.vendor}}.prices]], then confirm again`,
		`brev {{.letter}} i jobb {{.job}} kan ikke bekreftes, fordi prislisten til {{.vendor}} mangler en pris for det. Den som drifter serveren, må legge prisen inn. Bekreft så på nytt`},

	// A shipment's history.
	"reprint-of":      {`{{.job}} of {{.parent}}`, `{{.job}} av {{.parent}}`},
	"left-out":        {`left out of print job {{.job}}`, `trukket fra utskriftsjobb {{.job}}`},
	"job-refused":     {`the vendor refused print job {{.job}}`, `trykkeriet avviste utskriftsjobb {{.job}}`},
	"receipt":         {`receipt in job {{.job}}`, `kvittering i jobb {{.job}}`},
	"receipt-reprint": {`receipt in reprint {{.job}}`, `kvittering i omtrykk {{.job}}`},
	"returned":        {`{{say . "cause"}}, job {{.job}}`, `{{say . "cause"}}, jobb {{.job}}`},
	"readdressed":     {`{{.reason}}`, `{{.reason}}`},
	"prepared-anew":   {`{{.reason}}`, `{{.reason}}`},
	"sent-again":      {`as shipment {{.shipment}}: {{.reason}}`, `som forsendelse {{.shipment}}: {{.reason}}`},
	"replaces":        {`shipment {{.shipment}}: {{.reason}}`, `forsendelse {{.shipment}}: {{.reason}}`},
	"erased-time":     {`the time of keeping is over`, `lagringstiden er ute`},
	"erased-sender":   {`the sender's system wanted it`, `avsenderens system ba om det`},
	"erased-person":   {`by a person: {{.reason}}`, `for hånd: {{.reason}}`},
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
