package soap

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
)

// field is how an element becomes a field of forsendelse.json.
type field struct {
	ours string
	read func(t *translator, n *node, path string) any // nil: the element says nothing
	many bool                                          // a list, an element for each entry
}

// fields are those of an object by the element's name in lower case, in the spellings of all versions.
type fields map[string]field

var submission = fields{
	"avgivendesystem":              {"avgivendeSystem", text, false},
	"dokumenter":                   {"dokumenter", object(document), true},
	"eksternref":                   {"eksternReferanse", text, false},
	"eksternreferanse":             {"eksternReferanse", text, false},
	"forsendelsetype":              {"forsendelsestype", text, false},
	"forsendelsestype":             {"forsendelsestype", text, false},
	"type":                         {"forsendelsestype", text, false}, // V5
	"konteringskode":               {"konteringskode", text, false},
	"krevniva4innlogging":          {"krevNiva4Innlogging", flag, false},
	"kryptert":                     {"kryptert", flag, false},
	"kundigitallevering":           {"kunDigitalLevering", flag, false},
	"lenker":                       {"lenker", object(link), true},
	"metadataforimport":            {"metadataForImport", metadata, false},
	"metadatafraavleverendesystem": {"metadataFraAvleverendeSystem", metadata, false},
	"mottaker":                     {"mottaker", party, false},
	"printkonfigurasjon":           {"utskriftskonfigurasjon", object(printing), false},
	"utskriftskonfigurasjon":       {"utskriftskonfigurasjon", object(printing), false},
	"signaturtype":                 {"signaturType", text, false},
	"signeringutloper":             {"signeringUtloper", moment, false},
	"svarpaforsendelse":            {"svarPaForsendelse", identity, false},
	"svarpaforsendelselink":        {"svarPaForsendelseLink", flag, false},
	"svarsendestil":                {"svarSendesTil", party, false},
	"tittel":                       {"tittel", text, false},
	"eksponertfor":                 {"eksponertFor", exposed, true},
	"taushetsbelagtpost":           {"taushetsbelagtPost", flag, false},
}

var document = fields{
	"data":                       {},
	"dokumenttype":               {"dokumentType", text, false},
	"ekskluderesfraprint":        {"skalEkskluderesFraUtskrift", flag, false},
	"ekskluderesfrautskrift":     {"skalEkskluderesFraUtskrift", flag, false},
	"skalekskluderesfrautskrift": {"skalEkskluderesFraUtskrift", flag, false},
	"filnavn":                    {"filnavn", verbatim, false},
	"giroarksider":               {"giroarkSider", number, true},
	"mimetype":                   {"mimeType", text, false},
	"skalsigneres":               {"skalSigneres", flag, false},
	"ekstrametadata":             {"ekstraMetadata", metadata, true},

	"inneholderpersonsensitivinformasjon": {"inneholderPersonsensitivInformasjon", flag, false},
}

var printing = fields{
	"brevtype":          {"brevtype", text, false},
	"fargeprint":        {"utskriftMedFarger", flag, false},
	"utskriftmedfarger": {"utskriftMedFarger", flag, false},
	"tosidig":           {"tosidig", flag, false},
}

var link = fields{
	"urllenke": {"url", text, false}, "url": {"url", text, false},
	"urltekst": {"tekst", text, false}, "tekst": {"tekst", text, false},
	"ledetekst": {"ledetekst", text, false},
}

var address = fields{
	"navn":     {"navn", text, false},
	"adresse1": {"adresselinje1", text, false}, "adresse2": {"adresselinje2", text, false}, "adresse3": {"adresselinje3", text, false},
	"postnr": {"postnummer", text, false}, "postnummer": {"postnummer", text, false},
	"poststed": {"poststed", text, false}, "land": {"land", text, false}, "landkode": {"landkode", text, false},
}

// translator translates an operation's forsendelse.
type translator struct{ found []shipment.Refusal }

// canonical translates an element forsendelse into forsendelse.json. What is not known stays under the name that it had, and is told then.
func canonical(n *node) ([]byte, []shipment.Refusal) {
	t := &translator{}
	out := t.object(n, submission, "")
	data, err := json.Marshal(out)
	if err != nil {
		return nil, t.found // maps, lists and texts always are JSON
	}
	return data, t.found
}

// object translates the elements in n.
func (t *translator) object(n *node, known fields, path string) map[string]any {
	out := map[string]any{}
	for _, c := range n.children {
		f, ok := known[c.lower()]
		switch {
		case !ok:
			out[c.name] = true // told as unknown, whatever is in it
			continue
		case f.read == nil:
			continue
		}
		t.put(out, f, c, path)
	}
	return out
}

// put puts one element into its field. A field that comes twice is refused: neither may be lost.
func (t *translator) put(out map[string]any, f field, n *node, path string) {
	if n.nothing {
		return
	}
	at := path + f.ours
	if f.many {
		list, _ := out[f.ours].([]any)
		if v := f.read(t, n, at+"["+strconv.Itoa(len(list))+"]."); v != nil {
			out[f.ours] = append(list, v)
		}
		return
	}
	v := f.read(t, n, at+".")
	if v == nil {
		return
	}
	if _, twice := out[f.ours]; twice {
		t.found = append(t.found, shipment.Refusal{Code: "felt-dobbelt", Field: at})
		return
	}
	out[f.ours] = v
}

func object(known fields) func(*translator, *node, string) any {
	return func(t *translator, n *node, path string) any { return t.object(n, known, path) }
}

func text(_ *translator, n *node, _ string) any { return n.value() }

// verbatim is a text with its white space: file names have it.
func verbatim(_ *translator, n *node, _ string) any { return n.text }

func flag(_ *translator, n *node, _ string) any {
	switch v := strings.ToLower(n.value()); v {
	case "true", "1":
		return true
	case "false", "0":
		return false
	case "":
		return nil
	default:
		return v // told as of the wrong type
	}
}

func number(_ *translator, n *node, _ string) any {
	if n.value() == "" {
		return nil
	}
	if i, err := strconv.Atoi(n.value()); err == nil {
		return i
	}
	return n.value() // told as of the wrong type
}

// timeOf reads xs:dateTime and xs:date; what has no zone is Norwegian time.
func timeOf(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02"} {
		if at, err := time.ParseInLocation(layout, text, calendar.Oslo); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

func moment(_ *translator, n *node, _ string) any {
	if n.value() == "" {
		return nil
	}
	if at, ok := timeOf(n.value()); ok {
		return at.Format(time.RFC3339Nano)
	}
	return n.value() // told as of the wrong type
}

// identity is an id, bare or in an element id.
func identity(_ *translator, n *node, _ string) any {
	if id := idOf(n); id != "" {
		return id
	}
	return nil
}

func idOf(n *node) string {
	if n == nil {
		return ""
	}
	if len(n.children) > 0 {
		return n.find("id").valueOr()
	}
	return n.value()
}

func (n *node) valueOr() string {
	if n == nil {
		return ""
	}
	return n.value()
}

func metadata(_ *translator, n *node, _ string) any {
	out := map[string]any{}
	for _, c := range n.children {
		switch {
		case c.nothing:
		case c.lower() == "ekstrametadata":
			entry := map[string]any{}
			for _, e := range c.children {
				entry[strings.ToLower(e.name)] = e.text
			}
			list, _ := out["ekstraMetadata"].([]any)
			out["ekstraMetadata"] = append(list, entry)
		default:
			out[c.name] = c.value()
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// party is a recipient: postAdresse and digitalAdresse, or all beside each other as in V4.
func party(t *translator, n *node, path string) any {
	out := map[string]any{}
	for _, c := range n.children {
		switch f, known := address[c.lower()]; {
		case c.nothing:
		case c.lower() == "postadresse":
			for _, a := range c.children {
				if f, known := address[a.lower()]; known {
					t.put(out, f, a, path)
				} else {
					out[a.name] = true // told as unknown
				}
			}
		case c.lower() == "digitaladresse", isNumber(c):
			if v := t.digital(c, path+"digitalId"); v != nil {
				if before, twice := out["digitalId"]; twice && before != v {
					t.found = append(t.found, shipment.Refusal{Code: "digitalid-slag", Field: path + "digitalId", Args: shipment.Args{"case": "both"}})
				}
				out["digitalId"] = v
			}
		case known:
			t.put(out, f, c, path)
		default:
			out[c.name] = true // told as unknown
		}
	}
	return out
}

// numbers are the elements with a number of a person or an organisation.
var numbers = []string{"fnr", "fodselsnr", "fodselsnummer", "orgnr", "organisasjonsnr", "organisasjonsnummer"}

func isNumber(n *node) bool { return slices.Contains(numbers, n.lower()) }

// digital is the number of a digitalAdresse, or of the element that is one itself.
func (t *translator) digital(n *node, path string) any {
	if isNumber(n) {
		if v := idOf(n); v != "" {
			return v
		}
		return nil
	}
	var v any
	for _, c := range n.children {
		if !isNumber(c) || idOf(c) == "" {
			continue
		}
		if v != nil {
			t.found = append(t.found, shipment.Refusal{Code: "digitalid-slag", Field: path, Args: shipment.Args{"case": "both"}})
		}
		v = idOf(c)
	}
	return v
}

func exposed(t *translator, n *node, path string) any {
	return t.digital(n, strings.TrimSuffix(path, "."))
}

// names are what versions call the fields of forsendelse.json, by object and our name.
type names map[string]map[string]string

var namesV9 = names{
	"":                       {"eksternReferanse": "eksternref", "forsendelsestype": "forsendelseType", "utskriftskonfigurasjon": "printkonfigurasjon", "signaturType": "signaturtype"},
	"mottaker":               {"digitalId": "digitalAdresse", "adresselinje1": "postAdresse.adresse1", "adresselinje2": "postAdresse.adresse2", "adresselinje3": "postAdresse.adresse3", "postnummer": "postAdresse.postnr", "navn": "postAdresse.navn", "poststed": "postAdresse.poststed", "land": "postAdresse.land"},
	"dokumenter":             {"mimeType": "mimetype", "skalEkskluderesFraUtskrift": "ekskluderesFraPrint"},
	"lenker":                 {"url": "urlLenke", "tekst": "urlTekst"},
	"utskriftskonfigurasjon": {"utskriftMedFarger": "fargePrint"},
}

var namesV4 = names{
	"":                       {"eksternReferanse": "eksternref", "forsendelsestype": "type", "utskriftskonfigurasjon": "printkonfigurasjon"},
	"mottaker":               {"digitalId": "fodselsnr", "adresselinje1": "adresse1", "adresselinje2": "adresse2", "adresselinje3": "adresse3", "postnummer": "postnr"},
	"dokumenter":             namesV9["dokumenter"],
	"lenker":                 namesV9["lenker"],
	"utskriftskonfigurasjon": namesV9["utskriftskonfigurasjon"],
}

var namesV10 = names{
	"":           {"konteringskode": "konteringsKode", "forsendelsestype": "forsendelsesType", "utskriftskonfigurasjon": "utskriftsKonfigurasjon"},
	"mottaker":   {"digitalId": "digitalAdresse", "adresselinje1": "postAdresse.adresse1", "adresselinje2": "postAdresse.adresse2", "adresselinje3": "postAdresse.adresse3", "postnummer": "postAdresse.postNummer", "navn": "postAdresse.navn", "poststed": "postAdresse.postSted", "land": "postAdresse.land"},
	"dokumenter": {"skalEkskluderesFraUtskrift": "ekskluderesFraUtskrift"},
	"lenker":     {"url": "urlLenke", "tekst": "urlTekst", "ledetekst": "ledeTekst"},
}

func namesOf(d access.Dialect) names {
	switch d {
	case access.SoapV4:
		return namesV4
	case access.SoapV10, access.SoapV11:
		return namesV10
	default:
		return namesV9
	}
}

// of is the name that the version has for a field.
func (n names) of(field string) string {
	head, rest, deep := strings.Cut(field, ".")
	object, _, _ := strings.Cut(head, "[")
	said := object
	if name := n[""][object]; name != "" {
		said = name
	}
	said += head[len(object):]
	if !deep {
		return said
	}
	if object == "svarSendesTil" {
		object = "mottaker"
	}
	first, more, deeper := strings.Cut(rest, ".")
	plain, _, _ := strings.Cut(first, "[")
	if name := n[object][plain]; name != "" {
		first = name + first[len(plain):]
	}
	if deeper {
		first += "." + more
	}
	return said + "." + first
}
