package words

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/engine/shipment"
)

type noteExample struct {
	code   string
	args   shipment.Args
	en, nb string
}

// noteExamples have each note, each phrase that it may say, and each argument that may be missing. In English, those of jobs say word
// for word what histories kept while they kept sentences.
var noteExamples = []noteExample{
	{"planned", nil, "planned", "planlagt"},
	{"planning-cut", nil, "planning was cut short; its letters are due again", "planleggingen ble avbrutt, og brevene blir med i neste kjøring"},
	{"reprint", shipment.Args{"parent": "J1", "reason": "revet"}, "reprint of J1: revet", "omtrykk av J1: revet"},
	{"reprinted", shipment.Args{"letters": "3", "job": "J2", "reason": "revet"}, "3 letters reprinted as J2: revet", "3 brev bestilt trykt på nytt i J2: revet"},
	{"set-aside", nil, "letters set aside while composing", "brev ble satt til side da jobben skulle settes sammen"},
	{"gate", shipment.Args{"letters": "2"}, "2 letters dropped out at the last gate", "2 brev falt fra ved siste kontroll"},
	{"ready-placed", nil, "ready file placed", "klarfilen er lagt hos trykkeriet"},
	{"hand-over-found", nil, "hand-over found at the vendor", "overleveringen ble funnet hos trykkeriet"},
	{"vendor-answered", nil, "the vendor has answered", "trykkeriet har svart"},
	{"accepted", nil, "answer of the vendor", "svar fra trykkeriet"},
	{"rejected", shipment.Args{"words": "brev {1} er «uleselig»"}, "answer of the vendor: brev {1} er «uleselig»", "svar fra trykkeriet: brev {1} er «uleselig»"},
	{"receipts-came", nil, "the vendor sent receipts", "trykkeriet har sendt kvitteringer"},
	{"receipts-all", nil, "receipts for all letters", "kvitteringer for alle brevene"},
	{"ending", shipment.Args{"ending": "profile"}, "the vendor's profile has changed since planning", "trykkeriets profil er endret siden planleggingen"},
	{"ending", shipment.Args{"ending": "window", "days": "1"}, "not handed over within the print window of 1 days", "ikke overlevert innen utskriftsvinduet på 1 dag"},
	{"ending", shipment.Args{"ending": "gate", "shipments": "x, y"}, "letters closed, deleted or set aside before the last gate: x, y", "brev ble avsluttet, slettet eller satt til side før siste kontroll: x, y"},
	{"ending", shipment.Args{"ending": "uncomposable", "shipments": "x, y", "more": "3"}, "letters that cannot be composed: x, y and 3 more", "brev som ikke kan settes sammen: x, y og 3 til"},
	{"ending", shipment.Args{"ending": "recovered"}, "recover: the vendor has its id or its letters already", "gjenoppretting: trykkeriet har allerede id-en eller brevene"},
	{"doubt", shipment.Args{"doubt": "no-trace"}, "committed, but neither its files nor a ready file nor an answer are at the vendor", "den er klar til overlevering, men verken filene, klarfilen eller noe svar ligger hos trykkeriet"},
	{"doubt", shipment.Args{"doubt": "no-order"}, "uploaded, and its order is at the vendor under neither name", "den er lastet opp, men oppdraget ligger hos trykkeriet under ingen av de to navnene"},
	{"doubt", shipment.Args{"doubt": "order-gone", "why": "x.zip"}, "its order was at the vendor under its name, and is gone: x.zip", "oppdraget lå hos trykkeriet under navnet sitt, og er borte: x.zip"},
	{"doubt", shipment.Args{"doubt": "other-files", "why": "x.pdf"}, "committed, but the files at the vendor are not ours: x.pdf", "den er klar til overlevering, men filene hos trykkeriet er ikke våre: x.pdf"},
	{"doubt", shipment.Args{"doubt": "unreadable-answer"}, "the vendor has answered, but the answer cannot be read", "trykkeriet har svart, men svaret kan ikke leses"},
	{"doubt", shipment.Args{"doubt": "other-ticket"}, "a hand-over for this job id is at the vendor, but for another ticket", "det ligger en overlevering med denne jobb-id-en hos trykkeriet, men med en annen jobbseddel"},
	{"withdrawn", shipment.Args{"reason": "feil logo"}, "withdrawn by a person: feil logo", "trukket tilbake for hånd: feil logo"},
	{"released-job", shipment.Args{"letters": "3", "reason": "rettet"}, "3 letters released by a person: rettet", "3 brev frigitt for hånd: rettet"},
	{"resolved-has", shipment.Args{"reason": "på telefon"}, "resolved by a person, the vendor has it: på telefon", "avklart for hånd, trykkeriet har den: på telefon"},
	{"resolved-has-not", shipment.Args{"reason": "på telefon"}, "resolved by a person, the vendor has not got it: på telefon", "avklart for hånd, trykkeriet har den ikke: på telefon"},
	{"night", shipment.Args{"collected": "4", "jobs": "2", "offered": "3", "letters": "5", "dropped": "6", "aside": "7"},
		"4 letters collected into 2 jobs; 3 jobs with 5 letters handed over; 6 letters dropped out at the last gate; 7 set aside",
		"4 brev samlet i 2 jobber; 3 jobber med 5 brev overlevert; 6 falt fra ved siste kontroll; 7 satt til side"},
	{"night", shipment.Args{"collected": "1", "jobs": "1", "offered": "1", "letters": "1", "dropped": "0", "aside": "0", "uncertain": "J1, J2", "waiting": "J3", "unheard": "altinn 3", "manual": "J4", "stopped": "v", "unsettled": "J5", "why": "x"},
		"1 letters collected into 1 jobs; 1 jobs with 1 letters handed over; 0 letters dropped out at the last gate; 0 set aside; UNCERTAIN: J1, J2; waiting for the vendor's window or limit: J3; letters that wait for a channel to say whether they were read: altinn 3; to be printed here: J4; nothing is offered until postgang recover to v; not finished: J5 (last error: x)",
		"1 brev samlet i 1 jobb; 1 jobb med 1 brev overlevert; 0 falt fra ved siste kontroll; 0 satt til side; uvisst om trykkeriet har: J1, J2; venter på trykkeriets åpningstid eller grense: J3; brev som venter på at en kanal sier om de er lest: altinn 3; skrives ut her: J4; ingenting blir tilbudt før gjenoppretting til: v; ikke ferdig: J5 (siste feil: x)"},
	{"fetched", shipment.Args{"accepted": "1", "rejected": "2", "files": "3", "applied": "4", "stopped": "5"}, "1 jobs accepted, 2 rejected; 3 receipt files, 4 receipts applied, 5 files stopped",
		"1 jobb godtatt, 2 avvist; 3 kvitteringsfiler, 4 kvitteringer bokført, 5 filer stoppet"},
	{"reports", shipment.Args{"files": "a.xlsx", "letters": "3", "net": "123456"}, "a.xlsx: 3 letters, kr 1\u00a0234,56 net", "a.xlsx: 3 brev, kr 1\u00a0234,56 netto"},
	{"erased", shipment.Args{"letters": "3", "waiting": "1", "handins": "2", "documents": "1", "mb": "0"}, "content of 3 letters erased, 1 wait; 2 folders and files of the drop folder and 1 documents (0 MB) removed", "innholdet i 3 brev slettet, 1 venter; 2 mapper og filer i innleveringsmappen og 1 dokument (0 MB) fjernet"},
	{"morning", shipment.Args{"alarms": "2"}, "made; 2 alarms that nobody has acknowledged", "laget; 2 varsler som ingen har kvittert for"},
	{"backed-up", shipment.Args{"id": "20261130T040000Z", "letters": "3", "documents": "7", "mb": "0", "added": "2"}, "backup 20261130T040000Z: 3 letters, 7 documents (0 MB), 2 of them new", "sikkerhetskopi 20261130T040000Z: 3 brev, 7 dokumenter (0 MB), 2 av dem nye"},
	{"night-at-work", nil, "another night was at work", "en annen nattkjøring var i gang"},
	{"run-ended", nil, "the process ended in the middle of it", "prosessen stoppet midt i kjøringen"},
	{"printed-here", nil, "printed here", "skrives ut her"},
	{"readdressed", shipment.Args{"reason": "flyttet"}, "flyttet", "flyttet"},
	{"prepared-anew", shipment.Args{"reason": "rettet"}, "rettet", "rettet"},
	{"sent-again", shipment.Args{"shipment": "x", "reason": "flyttet"}, "as shipment x: flyttet", "som forsendelse x: flyttet"},
	{"replaces", shipment.Args{"shipment": "x", "reason": "flyttet"}, "shipment x: flyttet", "forsendelse x: flyttet"},
	{"erased-time", nil, "the time of keeping is over", "lagringstiden er ute"},
	{"erased-sender", nil, "the sender's system wanted it", "avsenderens system ba om det"},
	{"erased-person", shipment.Args{"reason": "krav fra mottaker"}, "by a person: krav fra mottaker", "for hånd: krav fra mottaker"},
	{"given-out", shipment.Args{"by": "nn01"}, "given out to be printed here, to nn01", "gitt ut for å skrives ut her, til nn01"},
	{"given-out-again", shipment.Args{"by": "nn01"}, "given out once more to be printed here, to nn01", "gitt ut på nytt for å skrives ut her, til nn01"},
	{"given-out", nil, "given out to be printed here", "gitt ut for å skrives ut her"},
	{"given-out-again", nil, "given out once more to be printed here", "gitt ut på nytt for å skrives ut her"},
	{"posted", shipment.Args{"letters": "3", "at": "2026-11-24T10:05+01:00"}, "3 letters confirmed as posted at 2026-11-24 10:05", "3 brev bekreftet som postlagt 24.11.2026 kl. 10.05"},
	{"posted", shipment.Args{"letters": "3", "at": "2026-11-24T10:05+01:00", "by": "nn01"}, "3 letters confirmed as posted at 2026-11-24 10:05, by nn01", "3 brev bekreftet som postlagt 24.11.2026 kl. 10.05, av nn01"},
	{"reprint-of", shipment.Args{"job": "J2", "parent": "J1"}, "J2 of J1", "J2 av J1"},
	{"left-out", shipment.Args{"job": "J1"}, "left out of print job J1", "trukket fra utskriftsjobb J1"},
	{"job-refused", shipment.Args{"job": "J1"}, "the vendor refused print job J1", "trykkeriet avviste utskriftsjobb J1"},
	{"receipt", shipment.Args{"job": "J1"}, "receipt in job J1", "kvittering i jobb J1"},
	{"receipt-reprint", shipment.Args{"job": "J1"}, "receipt in reprint J1", "kvittering i omtrykk J1"},
	{"returned", shipment.Args{"cause": "flyttet", "job": "J1"}, "moved, job J1", "flyttet, jobb J1"},
	{"returned", shipment.Args{"cause": "ukjent", "job": "J1"}, "unknown at the address, job J1", "ukjent, jobb J1"},
	{"returned", shipment.Args{"cause": "adresse", "job": "J1"}, "no such address, job J1", "feil adresse, jobb J1"},
	{"returned", shipment.Args{"cause": "nektet", "job": "J1"}, "refused by the recipient, job J1", "nektet mottatt, jobb J1"},
	{"returned", shipment.Args{"cause": "ikke-hentet", "job": "J1"}, "not fetched in time, job J1", "ikke hentet, jobb J1"},
	{"returned", shipment.Args{"cause": "dod", "job": "J1"}, "the recipient is dead, job J1", "mottakeren er død, jobb J1"},
	{"returned", shipment.Args{"cause": "annet", "job": "J1"}, "another cause, job J1", "annen årsak, jobb J1"},
	{"clock-ahead", shipment.Args{"due": "2026-11-24T10:05+01:00"}, "due for paper now, not 2026-11-24 10:05: the clock was ahead when the letter was taken",
		"klar for utskrift nå, ikke 24.11.2026 kl. 10.05: klokken gikk for fort da brevet ble tatt imot"},
	{releasedCode, shipment.Args{"reason": "riktig liste"}, "riktig liste", "riktig liste"},
	{releasedCode, shipment.Args{"job": "J1"}, "the vendor has the letter in job J1", "trykkeriet har brevet i jobb J1"},
	{"difference-gone", nil, "invoice and receipts do not have this difference any more", "faktura og kvitteringer har ikke lenger denne forskjellen"},
	{"difference-back", nil, "the difference is there again", "forskjellen er der igjen"},
	{"decided", shipment.Args{"reason": "på telefon"}, "decided: på telefon", "avgjort: på telefon"},
	{"receipt-corrected", nil, "the receipt is corrected", "kvitteringen er rettet"},
	{"receipt-withdrawn", nil, "the receipt is taken back", "kvitteringen er trukket tilbake"},
	{"vendor-corrected", nil, "the vendor has corrected it", "trykkeriet har rettet den"},
	{"vendor-took-back", nil, "the vendor has taken it back", "trykkeriet har trukket den tilbake"},
	{"found", nil, "found at the vendor by recover", "funnet hos trykkeriet ved gjenoppretting"},
	{"invoice-twin", shipment.Args{"number": "F-1"}, "it has the same amounts, for the same period, as invoice F-1", "den har de samme beløpene, for den samme perioden, som faktura F-1"},
	{"invoice-above", shipment.Args{"kind": "PORTO", "invoiced": "210000", "owed": "165800"}, "PORTO becomes kr 2\u00a0100,00, and kr 1\u00a0658,00 is to be expected by receipts and price list",
		"PORTO blir kr 2\u00a0100,00, mens kvitteringer og prisliste tilsier kr 1\u00a0658,00"},
	{"invoice-above-together", shipment.Args{"kind": "PORTO", "invoiced": "210000", "owed": "165800"}, "PORTO becomes kr 2\u00a0100,00 with the others for the period, and kr 1\u00a0658,00 is to be expected by receipts and price list",
		"PORTO blir kr 2\u00a0100,00 sammen med de andre fakturaene for perioden, mens kvitteringer og prisliste tilsier kr 1\u00a0658,00"},
	{"invoice-ahead", shipment.Args{"day": "2027-11-30"}, "it is issued on 2027-11-30, which is far ahead", "den er datert 30.11.2027, som er langt fram i tid"},
	{"invoice-before", shipment.Args{"first": "2026-01-01", "last": "2026-01-31", "month": "2026-11"}, "it is for 2026-01, before the first month with letters or costs, which is 2026-11",
		"den gjelder januar 2026, før den første måneden med brev eller kostnader, som er november 2026"},
	{"invoice-line-code", shipment.Args{"line": "3"}, `invoice line 3: the konteringskode looks like a fødselsnummer. Have the vendor mend it, or set code_from = "none"`,
		`konteringskoden på fakturalinje 3 ser ut som et fødselsnummer. Be trykkeriet rette den. Den som drifter serveren, kan også sette opp at kodene på fakturaene ikke blir lest`},
	{"invoice-there", shipment.Args{"number": "F-1", "vendor": "trykk"}, "an invoice F-1 of vendor trykk is there already and says something else. If that one is wrong and not booked, take it back with postgang invoice remove; else a change needs a credit note, or a number of its own",
		"faktura F-1 fra trykk er lest inn allerede, og sier noe annet. Er den feil og ikke bokført, så fjern den først. Ellers trengs en kreditnota, eller et eget nummer"},
	{"invoice-overlaps", shipment.Args{"number": "F-1", "vendor": "trykk", "first": "2026-11-01", "last": "2026-11-30", "given_first": "2026-11-15", "given_last": "2026-12-14"},
		"invoice F-1 of vendor trykk is for 2026-11, which overlaps with 2026-11-15 to 2026-12-14 in part: it cannot be told which letters each is for. Have the vendor invoice by the same periods, or type it in with the right one",
		"faktura F-1 fra trykk gjelder november 2026, som delvis er samme tid som 15.11.2026–14.12.2026: det kan ikke avgjøres hvilke brev hver av dem gjelder. Be trykkeriet fakturere for samme perioder, eller oppgi riktig periode"},
	{"invoice-is-booked", shipment.Args{"number": "F-1"}, "invoice F-1 is booked: what is wrong with it needs a credit note", "faktura F-1 er bokført: det som er feil, må rettes med en kreditnota"},
	{"invoice-not-over", shipment.Args{"number": "F-1"}, "the period of invoice F-1 is not over", "perioden til faktura F-1 er ikke over"},
	{"invoice-adds-up", shipment.Args{"number": "F-1"}, "invoice F-1 is booked, and adds up", "faktura F-1 er bokført, og stemmer"},
	{"invoice-takes-back", shipment.Args{"number": "F-1", "kind": "PORTO"}, "invoice F-1 takes back more than is invoiced of PORTO: book the invoice that it credits first",
		"faktura F-1 krediterer mer enn det som er fakturert av PORTO: bokfør fakturaen den krediterer, først"},
	{"vendor-gone", shipment.Args{"vendor": "trykk"}, `vendor "trykk" is not configured any more`, "trykkeriet trykk er ikke lenger satt opp"},
	{"carry-unbooked", shipment.Args{"number": "F-1"}, "invoice F-1 for the same period is not booked", "faktura F-1 for samme periode er ikke bokført"},
	{"carry-nothing", nil, "no receipts have come since the invoices were booked", "det er ikke kommet kvitteringer siden fakturaene ble bokført"},
	{"carry-early", shipment.Args{"day": "30.11.2026"}, "what is invoiced later is carried into a month after 30.11.2026", "det som faktureres senere, må overføres til en måned etter 30.11.2026"},
	{"carry-booked", shipment.Args{"number": "F-2", "first": "2026-12-01", "last": "2026-12-31"}, "invoice F-2 for 2026-12 is booked already: carry it into a later month", "faktura F-2 for desember 2026 er bokført allerede: overfør til en senere måned"},
	{"carry-left", shipment.Args{"net": "100"}, "kr 1,00 of it did not come after the invoices were booked, and cannot be carried: postgang invoice book shares it out",
		"kr 1,00 av det kom ikke etter at fakturaene ble bokført, og kan ikke overføres: bokfør fakturaen på nytt, så blir det fordelt"},
	{"receipts-half", shipment.Args{"vendor": "trykk", "done": "1000", "rows": "2500"}, "1000 of 2500 rows of a receipt file of vendor trykk are booked: wait for the rest. If nothing is at it, postgang receipts fetch books the rest",
		"1000 av 2500 rader i en kvitteringsfil fra trykkeriet trykk er bokført: vent på resten. Neste henting av kvitteringer bokfører den hvis ingen holder på med det"},
	{"month-not-over", shipment.Args{"month": "2026-11"}, "2026-11 is not over yet", "november 2026 er ikke over ennå"},
	{"month-closed", shipment.Args{"month": "2026-11", "at": "2026-12-04T10:05+01:00"}, "2026-11 is closed already, since 2026-12-04 10:05", "november 2026 er lukket allerede, siden 04.12.2026 kl. 10.05"},
	{"month-next", shipment.Args{"month": "2026-11"}, "months are closed in order: the next is 2026-11", "måneder lukkes i rekkefølge: den neste er november 2026"},
	{"month-first-open", shipment.Args{"month": "2026-11"}, "months are closed in order: the first with letters or costs that is open is 2026-11", "måneder lukkes i rekkefølge: den første åpne med brev eller kostnader er november 2026"},
	{"month-nothing", nil, "there are no letters and no costs yet, so that there is nothing to close", "det er ingen brev og ingen kostnader ennå, så det er ingenting å lukke"},
	{"month-before", shipment.Args{"month": "2026-01", "first": "2026-11"}, "2026-01 is before the first month with letters or costs, which is 2026-11", "januar 2026 er før den første måneden med brev eller kostnader, som er november 2026"},
	{"codes-number", shipment.Args{"place": "4"}, "code 4 of the register, by code, looks like a fødselsnummer, or has one in its name: take it out", "kode nummer 4 i registeret, sortert etter kode, ser ut som et fødselsnummer, eller har et i navnet: ta den ut"},
	{"manual-state", shipment.Args{"job": "J1", "state": "WITHDRAWN"}, "job J1 is WITHDRAWN, and only one that is COMPOSED can be printed", "jobb J1 er ikke lenger klar til å skrives ut (tilstand WITHDRAWN): den er trukket, eller brevene er lagt i en annen"},
	{"manual-unasked", shipment.Args{"job": "J1", "state": "COMPOSED"}, "job J1 is COMPOSED: it was not given out to be printed (postgang manual print J1 DIR)", "filene til jobb J1 er ikke hentet (tilstand COMPOSED), så ingen av brevene kan bekreftes"},
	{"manual-elsewhere", shipment.Args{"job": "J1", "state": "OFFERED", "vendor": "her"}, "job J1 is OFFERED, and was on its way to a print vendor before vendor her became manual print: it may be printed there. Give the print vendor a key of its own again, and settle the job with it",
		"jobb J1 (tilstand OFFERED) var på vei til et trykkeri før her ble manuell utskrift, og kan være skrevet ut der. Den som drifter serveren, må avklare den med trykkeriet"},
	{"manual-stopped", nil, "nothing is given out", "ingenting kan hentes nå: arkivet er eldre enn det som er overlevert, som når en sikkerhetskopi er lagt tilbake. Brev kunne blitt skrevet ut to ganger. Den som drifter serveren, må rette det først"},
	{"manual-price", shipment.Args{"letter": "3", "job": "J1", "vendor": "her"}, "letter 3 of job J1: add the price under [[vendors.her.prices]], then confirm again",
		"brev 3 i jobb J1 kan ikke bekreftes, fordi prislisten til her mangler en pris for det. Den som drifter serveren, må legge prisen inn. Bekreft så på nytt"},
	{"found", shipment.Args{"reason": "Ola har spurt"}, "found at the vendor by recover; confirmed: Ola har spurt", "funnet hos trykkeriet ved gjenoppretting; bekreftet: Ola har spurt"},
}

// TestNotes: what is kept is worded in both languages, word for word, with every argument.
func TestNotes(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, e := range noteExamples {
		tried[e.code] = true
		for name, value := range e.args {
			tried[name+"/"+value] = true
		}
		kept := shipment.Note{Code: e.code, Args: e.args}.String()
		for lang, want := range []string{e.en, e.nb} {
			if got := Why(kept, Language(lang)); got != want {
				t.Errorf("%s says in %s\n%s\nwant\n%s", kept, Language(lang), got, want)
			}
			for name := range e.args {
				less, other := maps.Clone(e.args), maps.Clone(e.args)
				delete(less, name)
				other[name] += "7"
				for _, args := range []shipment.Args{less, other} {
					if got := Why(shipment.Note{Code: e.code, Args: args}.String(), Language(lang)); got == want || got == "" {
						t.Errorf("%s says in %s the same with %v", kept, Language(lang), args)
					}
				}
			}
		}
	}
	for code := range notes {
		if !tried[code] {
			t.Errorf("%s has no example", code)
		}
	}
	for _, table := range []map[string]worded{alarmPhrases, notePhrases} {
		for phrase := range table {
			if name, _, _ := strings.Cut(phrase, "/"); slices.Contains([]string{"ending", "doubt", "cause"}, name) && !tried[phrase] {
				t.Errorf("the phrase %s has no example", phrase)
			}
		}
	}
}

// TestWhatIsNoNoteIsShown: texts of earlier versions as they stand, and notes that have no words here by code and arguments.
func TestWhatIsNoNoteIsShown(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"": "", "planned": "planned", "printed here": "printed here", "withdrawn by a person: {\"arg\":1}": "withdrawn by a person: {\"arg\":1}",
		"reprint of J1: {\"arg\":{}}": "reprint of J1: {\"arg\":{}}", "planned {": "planned {", "gate {\"arg\":[]}": "gate {\"arg\":[]}",
		"planned {}": "planned", "gate {}": "gate", "new {\"arg\":{\"b\":\"2\",\"a\":\"1\"}}": "new (a: 1, b: 2)",
	} {
		if got := Why(reason, English); got != want {
			t.Errorf("%q says %q, want %q", reason, got, want)
		}
	}
}

// noteMakers are the folders, of the repository, whose code makes notes.
var noteMakers = []string{"engine/step", "engine/accept", "engine/collect", "engine/jobs", "engine/receipts", "billing/invoice", "engine/invoices", "engine/finance", "engine/nights", "engine/recovery", "engine/erase"}

// noteArgs are the arguments that functions of the source stand for, by the code of the note.
var noteArgs = map[string][]string{"ending": {"ending"}, "doubt": {"doubt"}, "night": {}}

// TestEveryNoteHasWords: every code and argument that the source makes has words in both languages, and all words are of notes that
// are made.
func TestEveryNoteHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{releasedCode: true} // whose code in the source is what the letter was set aside for
	for _, folder := range noteMakers {
		made := readNotes(t, folder)
		if len(made) == 0 {
			t.Errorf("%s makes no notes", folder)
		}
		for _, m := range made {
			code, _, _ := strings.Cut(m.key, " ")
			seen[code] = true
			if !slices.ContainsFunc(noteExamples, func(e noteExample) bool {
				return e.code == code && maps.Equal(m.args, names(e.args)) || e.code == code && noteArgs[code] != nil
			}) {
				t.Errorf("%s: no example of %q with %v", m.at, code, m.args)
			}
			for _, lang := range Languages {
				if notes[code][lang] == "" {
					t.Errorf("%s: %q has no words in %s", m.at, code, lang)
				}
			}
		}
	}
	for code := range notes {
		if !seen[code] {
			t.Errorf("%q is made nowhere", code)
		}
	}
}

// TestEveryCauseOfAReturnHasWords: those that a receipt may have.
func TestEveryCauseOfAReturnHasWords(t *testing.T) {
	t.Parallel()
	causes := map[string]bool{}
	for name, code := range constants(t, "billing/receipt") {
		if strings.HasPrefix(name, "Return") {
			causes["cause/"+code] = true
		}
	}
	if got, want := slices.Sorted(maps.Keys(notePhrases)), slices.Sorted(maps.Keys(causes)); !slices.Equal(got, want) || len(want) < 7 {
		t.Errorf("words for %v, causes are %v", got, want)
	}
}

// TestEveryEndingAndDoubtHasWords: the codes of endings and doubts have phrases.
func TestEveryEndingAndDoubtHasWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, folder := range noteMakers {
		inspect(t, folder, func(n ast.Node, at string) {
			var kind string
			var said ast.Expr
			switch n := n.(type) {
			case *ast.CompositeLit:
				kind = map[string]string{"Ending": "ending", "doubt": "doubt"}[typeName(n.Type)]
				said = cmp.Or(fieldsOf(n)["Code"], fieldsOf(n)["code"])
			case *ast.CallExpr:
				if callee(n) == "endingByLetters" {
					kind, said = "ending", n.Args[0]
				}
			}
			code, ok := literal(said, nil)
			if kind == "" || !ok {
				return
			}
			seen[kind+"/"+code] = true
			if alarmPhrases[kind+"/"+code] == (worded{}) {
				t.Errorf("%s: no words for %s %q", at, kind, code)
			}
		})
	}
	for phrase := range alarmPhrases {
		if kind, _, _ := strings.Cut(phrase, "/"); noteArgs[kind] != nil && !seen[phrase] {
			t.Errorf("%s is made nowhere", phrase)
		}
	}
}

func names(args shipment.Args) map[string]bool {
	out := map[string]bool{}
	for name := range args {
		out[name] = true
	}
	return out
}

// readNotes collects the notes that the source of a folder makes with a code that stands there or is named there.
func readNotes(t *testing.T, folder string) (all []made) {
	t.Helper()
	consts := constants(t, folder)
	inspect(t, folder, func(n ast.Node, at string) {
		lit, ok := n.(*ast.CompositeLit)
		if !ok || !slices.Contains([]string{"Note", "Doubtful"}, typeName(lit.Type)) {
			return
		}
		fields := fieldsOf(lit)
		code, ok := literal(fields["Code"], consts)
		if !ok {
			return
		}
		args := []shipment.Args{nil}
		if e := fields["Args"]; e != nil {
			args = argsOf(e, nil)
		}
		if args == nil && noteArgs[code] == nil {
			t.Errorf("%s: the arguments of %q do not stand there", at, code)
		}
		for _, a := range args {
			all = append(all, made{code, names(a), at})
		}
		if args == nil {
			all = append(all, made{code, nil, at})
		}
	})
	return all
}

// inspect walks the source of a folder, tests aside.
func inspect(t *testing.T, folder string, look func(n ast.Node, at string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(folder, err)
	}
	set := token.NewFileSet()
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if n != nil {
				look(n, set.Position(n.Pos()).String())
			}
			return true
		})
	}
}

// fieldsOf are the fields that a composite literal names.
func fieldsOf(lit *ast.CompositeLit) map[string]ast.Expr {
	fields := map[string]ast.Expr{}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			fields[typeName(kv.Key)] = kv.Value
		}
	}
	return fields
}
