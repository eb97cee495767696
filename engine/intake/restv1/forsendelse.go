package restv1

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"postgang/engine/shipment"
)

// renames are the fields that V1 calls otherwise than forsendelse.json, for each object of it.
var renames = map[string]map[string]string{
	"": {"konteringsKode": "konteringskode", "utskriftsKonfigurasjon": "utskriftskonfigurasjon", "forsendelsesType": "forsendelsestype"},
	"mottaker": {
		"adresse1": "adresselinje1", "adresse2": "adresselinje2", "adresse3": "adresselinje3", "postNummer": "postnummer", "postSted": "poststed",
	},
	"dokumenter": {"ekskluderesFraUtskrift": "skalEkskluderesFraUtskrift"},
	"lenker":     {"urlLenke": "url", "urlTekst": "tekst", "ledeTekst": "ledetekst"},
}

// inV1 is the name that V1 has for a field.
func inV1(field string) string {
	head, rest, deep := strings.Cut(field, ".")
	object, index, indexed := strings.Cut(head, "[")
	if !deep {
		return backwards("", object) + field[len(object):]
	}
	switch object {
	case "mottaker", "svarSendesTil":
		if rest == "digitalId" {
			return head + ".digitalAdresse"
		}
		return head + ".postAdresse." + backwards("mottaker", rest)
	case "utskriftskonfigurasjon":
		return backwards("", object) + "." + rest
	}
	if indexed && renames[object] != nil {
		return object + "[" + index + "." + backwards(object, rest)
	}
	return field
}

func backwards(object, ours string) string {
	for v1, name := range renames[object] {
		if name == ours {
			return v1
		}
	}
	return ours
}

// canonical translates V1's JSON into forsendelse.json. What cannot be translated stays under the name that it had, and is told then.
func canonical(data []byte) ([]byte, []shipment.Refusal) {
	var in map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&in); err != nil || in == nil || dec.More() {
		return data, nil // reading it as forsendelse.json tells what is wrong
	}
	t := &translator{}
	_, all := shipment.ParseSubmission(data)
	for _, r := range all {
		if r.Code == "felt-dobbelt" { // a map keeps one of the two
			t.found = append(t.found, r)
		}
	}
	t.rename(in, "", "")
	t.party(in, "mottaker")
	t.party(in, "svarSendesTil")
	t.each(in, "dokumenter")
	t.each(in, "lenker")
	if to, ok := in["svarPaForsendelse"].(map[string]any); ok {
		in["svarPaForsendelse"] = to["id"]
	}
	if exposed, ok := in["eksponertFor"].([]any); ok {
		for i, e := range exposed {
			if address, ok := e.(map[string]any); ok {
				exposed[i] = t.number(address, "eksponertFor")
			}
		}
	}
	if ms, ok := in["signeringUtloper"].(json.Number); ok {
		if n, err := ms.Int64(); err == nil {
			in["signeringUtloper"] = time.UnixMilli(n).UTC().Format(time.RFC3339Nano)
		}
	}
	out, err := json.Marshal(in)
	if err != nil {
		return data, t.found // a map that was read from JSON always is JSON, but for years beyond 9999
	}
	return out, t.found
}

type translator struct{ found []shipment.Refusal }

// rename gives the fields of an object our names. One that comes under both names is refused: no one may be lost.
func (t *translator) rename(m map[string]any, object, path string) {
	for v1, ours := range renames[object] {
		v, ok := m[v1]
		if !ok {
			continue
		}
		if _, both := m[ours]; both {
			t.found = append(t.found, shipment.Refusal{Code: "felt-dobbelt", Field: path + ours})
			continue
		}
		m[ours] = v
		delete(m, v1)
	}
}

func (t *translator) each(in map[string]any, list string) {
	elements, _ := in[list].([]any)
	for _, e := range elements {
		if m, ok := e.(map[string]any); ok {
			t.rename(m, list, list+".")
		}
	}
}

// party brings postAdresse and the number of digitalAdresse up beside each other.
func (t *translator) party(in map[string]any, name string) {
	party, ok := in[name].(map[string]any)
	if !ok {
		return
	}
	if address, ok := party["postAdresse"].(map[string]any); ok {
		delete(party, "postAdresse")
		for k, v := range address {
			party[k] = v
		}
	} else if party["postAdresse"] == nil {
		delete(party, "postAdresse")
	}
	if digital, ok := party["digitalAdresse"].(map[string]any); ok {
		delete(party, "digitalAdresse")
		if number := t.number(digital, name+".digitalId"); number != nil {
			party["digitalId"] = number
		}
	} else if party["digitalAdresse"] == nil {
		delete(party, "digitalAdresse")
	}
	t.rename(party, "mottaker", name+".")
}

// number is the number of a digitalAdresse; nil: it has none.
func (t *translator) number(address map[string]any, field string) any {
	person, organisation := address["fodselsNummer"], address["organisasjonsNummer"]
	switch {
	case person != nil && person != "" && organisation != nil && organisation != "":
		t.found = append(t.found, shipment.Refusal{Code: "digitalid-slag", Field: field, Args: shipment.Args{"case": "both"}})
		return person
	case person != nil && person != "":
		return person
	}
	return organisation
}
