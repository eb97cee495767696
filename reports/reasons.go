package reports

import (
	"regexp"
	"strings"
)

// reasonWords are short Norwegian words for why a shipment went to paper or was refused, by the engine's codes. What is to be done
// about a refusal stands in the answer that the sender got.
var reasonWords = map[string]string{
	"INGEN_DIGITAL_ID": "ingen digital id", "KUN_PRINT": "bestilt på papir", "RESERVERT": "reservert mot digital post",
	"IKKE_VARSLBAR": "kan ikke varsles", "ULEST": "ikke lest innen fristen", "SDP_FEILET": "digital postkasse tok ikke imot",

	"adresse-fra-register": "adresse hentet fra Enhetsregisteret", "mottaker-slettet": "mottaker slettet i Enhetsregisteret", "mottaker-konkurs": "mottaker konkurs",

	"digitalid-kontroll": "fødselsnummer eller organisasjonsnummer med feil kontrollsiffer", "digitalid-dato": "fødselsnummer med umulig dato",
	"digitalid-slag": "digital id av feil slag", "spraak-ukjent": "ukjent språk på forsiden", "sikkerhetsniva-ukjent": "ukjent sikkerhetsnivå", "lik-tidligere": "samme innhold og referanse som tidligere",
	"digitalid-syntetisk": "syntetisk fødselsnummer", "adresse-fodselsnummer": "fødselsnummer i adressen", "konteringskode-fodselsnummer": "fødselsnummer i konteringskoden",
	"forside-fodselsnummer": "fødselsnummer på forsiden", "for-mange-like": "for mange like forsendelser", "nokkel-brukt": "nøkkel brukt for et annet innhold",
	"nokkel-levert-for": "nøkkel levert før",
	"json-tom":          "forsendelse.json er tom", "json-stor": "forsendelse.json er for stor", "json-tegnsett": "forsendelse.json med feil tegnsett",
	"json-feil": "forsendelse.json er ikke gyldig JSON", "json-dyp": "forsendelse.json med for mange nivåer", "felt-dobbelt": "felt to ganger",
	"fil-type": "mappe med annet enn vanlige filer", "fil-lik": "to filer med samme navn", "fil-ikke-oppfort": "filer som ikke er ført opp",
	"filer-antall": "for mange filer", "filer-storrelse": "for store filer til sammen", "giro-on-back": "giro på baksiden av et ark", "kryptert": "kryptert uten å være kun digital",
	"kryptert-nokkel-mangler": "kryptert uten at kontoen har nøkkel", "kryptert-form": "kryptert på feil form", "kryptert-algoritme": "kryptert på en måte som ikke tas imot",
	"kryptert-ukjent-nokkel": "kryptert for en ukjent nøkkel", "kryptert-odelagt": "skadet kryptert dokument",
	"levering-motstrid": "leveringsvalg som motsier hverandre", "mappenavn": "mappenavn som ikke kan brukes", "oppsett": "kan ikke legges på ark",
	"dokument-ingen": "ingen dokumenter", "dokument-ingen-trykk": "ingenting å trykke", "dokument-ikke-pdf": "dokument som ikke er PDF",
	"postnummer-ukjent": "ukjent postnummer", "filnavn-likt": "to filer med samme navn", "giro-ikke-trykk": "giro i dokument som ikke trykkes",
	"signering-pdf": "signering av noe annet enn PDF", "forside-kan-ikke-lages": "forsiden kan ikke lages", "forside-tegn": "tegn på forsiden som ikke kan trykkes",
	"forside-adresse-plass": "adressen får ikke plass i vinduet", "giro-bakside": "giro på baksiden av et ark", "giro-finnes-ikke": "giroside som ikke finnes",
	"ukjent-portosone": "ukjent portosone", "for-mange-ark": "for mange ark", "for-stor-fil": "for stor fil", "ingen-sider": "PDF uten sider",
	"klargjort-fil-skadet": "skadet klargjort fil", "fakta-stemmer-ikke": "klargjort fil som ikke stemmer", "forsendelse-mangler": "forsendelse.json mangler",

	"unreadable": "PDF som ikke kan leses", "encrypted": "PDF med passord", "printing-forbidden": "PDF som ikke kan skrives ut", "no-pages": "PDF uten sider",
	"damaged-object": "skadet PDF", "prepare-timeout": "PDF som tar for lang tid", "prepare-memory": "PDF som krever for mye minne", "prepare-crashed": "PDF som ikke kan behandles",
	"too-large": "for stor fil", "too-many-pages": "for mange sider", "too-many-sheets": "for mange ark", "giro-out-of-range": "giroside som ikke finnes",
	"no-appearance": "felt uten utseende", "reserved-zone": "trykk i reservert område", "image-resolution": "bilde med for lav oppløsning",
	"font-not-embedded": "skrift som ikke er innebygd", "page-size": "feil sidestørrelse",
	"page-count": "feil antall sider", "truncated": "ufullstendig PDF", "attachments": "vedlegg i PDF-en", "blank-letter": "brev uten innhold", "portfolio": "PDF-portefølje",
	"too-complex": "PDF som er for krevende å tegne", "dynamic-form": "dynamisk skjema (XFA)", "pdf-version": "feil PDF-versjon",
}

// What a refusal code begins and ends with, where the whole has no words of its own.
var (
	reasonTopics = map[string]string{
		"tittel": "tittel", "navn": "navn", "adresse": "adresse", "postnummer": "postnummer", "poststed": "poststed", "landkode": "landkode", "digitalid": "digital id",
		"konteringskode": "konteringskode", "svarpa": "svarPaForsendelse", "signering": "signering", "signatur": "signatur", "eksponertfor": "eksponertFor", "dokument": "dokument",
		"filnavn": "filnavn", "mimetype": "mimeType", "giro": "giroside", "lenke": "lenke", "metadata": "metadata", "felt": "felt", "linje": "linje", "forside": "forside",
		"forside-adresse": "adresse på forsiden", "hendelse": "hendelse", "json": "forsendelse.json",
	}
	reasonFaults = map[string]string{
		"mangler": "mangler", "form": "med feil form", "ukjent": "ukjent", "antall": "i feil antall", "langt": "for langt", "lang": "for lang", "tegn": "med ugyldige tegn",
		"frist": "med feil frist", "type": "av feil type", "side": "finnes ikke", "lik": "to ganger", "orden": "i feil rekkefølge", "tekst": "uten tekst", "mappe": "med mappe i",
		"ugyldig": "ugyldig", "verdi": "med feil verdi",
	}
)

// refusalCode is the form of a refusal's code.
var refusalCode = regexp.MustCompile(`^[a-z]{3,}(-[a-z]+)*$`)

// reasonText words the codes of a reason, one or several with spaces between. What is no code stays as it is.
func reasonText(reason string) string {
	codes := strings.Fields(reason)
	words := make([]string, len(codes))
	for i, code := range codes {
		word, ok := reasonWords[code]
		if at := strings.LastIndexByte(code, '-'); !ok && at > 0 {
			topic, known := reasonTopics[code[:at]]
			fault, also := reasonFaults[code[at+1:]]
			word, ok = topic+" "+fault, known && also
		}
		switch {
		case ok:
		case refusalCode.MatchString(code):
			word = "annen årsak (" + code + ")"
		default:
			return reason
		}
		words[i] = word
	}
	return strings.Join(words, "; ")
}
