package rest

import (
	"bytes"
	"encoding/json"
	"strings"

	"postgang/engine/shipment"
)

// The kinds of hand-ins of V3 that are taken; each has a path of its own.
const (
	kindPerson       = "person"
	kindOrganisation = "organisasjon"
	kindPrint        = "print"
)

// moves are the fields that V3 calls otherwise than forsendelse.json, by their paths; a list's element is [].
var moves = []struct{ v3, ours string }{
	{"mottaker.adresse.adresselinje1", "mottaker.adresselinje1"},
	{"mottaker.adresse.adresselinje2", "mottaker.adresselinje2"},
	{"mottaker.adresse.adresselinje3", "mottaker.adresselinje3"},
	{"mottaker.adresse.postnummer", "mottaker.postnummer"},
	{"mottaker.adresse.poststed", "mottaker.poststed"},
	{"mottaker.adresse.landkode", "mottaker.landkode"},
	{"svarSendesTil.adresse.adresselinje1", "svarSendesTil.adresselinje1"},
	{"svarSendesTil.adresse.adresselinje2", "svarSendesTil.adresselinje2"},
	{"svarSendesTil.adresse.adresselinje3", "svarSendesTil.adresselinje3"},
	{"svarSendesTil.adresse.postnummer", "svarSendesTil.postnummer"},
	{"svarSendesTil.adresse.poststed", "svarSendesTil.poststed"},
	{"svarSendesTil.adresse.landkode", "svarSendesTil.landkode"},
	{"svarPaForsendelseId", "svarPaForsendelse"},
	{"kanSvareViaEdialog", "svarPaForsendelseLink"},
	{"signering.signeringUtloper", "signeringUtloper"},
	{"signering.signaturType", "signaturType"},
	{"sikkerhetsniva", "krevNiva4Innlogging"},
}

// inV3 is the name that V3 has for a field.
func inV3(field string) string {
	for _, m := range moves {
		if field == m.ours {
			return m.v3
		}
	}
	return strings.Replace(field, ".giroarkSider", ".giroarkSide", 1)
}

// canonical translates V3's JSON into forsendelse.json, and says what V3 asks for beyond it. What cannot be translated stays under the
// name that it had, and is told then.
func canonical(data []byte, kind string) ([]byte, []shipment.Refusal) {
	var in map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&in); err != nil || in == nil || dec.More() {
		return data, nil // reading it as forsendelse.json tells what is wrong
	}
	var found []shipment.Refusal
	_, all := shipment.ParseSubmission(data)
	for _, r := range all {
		if r.Code == "felt-dobbelt" { // a map keeps one of the two
			found = append(found, r)
		}
	}

	for _, party := range []string{"mottaker", "svarSendesTil"} {
		address, _ := in[party].(map[string]any)
		flatten(address)
	}
	if to, ok := in["svarSendesTil"].(map[string]any); ok {
		delete(to, "type") // the number itself says whose it is
	}
	recipient, _ := in["mottaker"].(map[string]any)
	id, _ := recipient["digitalId"].(string)
	switch digits := strings.ReplaceAll(id, " ", ""); {
	case kind == kindPrint:
		in["kunPrint"] = true
	case digits == "":
		found = append(found, shipment.Refusal{Code: "digitalid-mangler", Field: "mottaker.digitalId", Args: shipment.Args{"case": "path"}})
	case kind == kindPerson && len(digits) == 9:
		found = append(found, shipment.Refusal{Code: "digitalid-slag", Field: "mottaker.digitalId", Args: shipment.Args{"case": "person"}})
	case kind == kindOrganisation && len(digits) == 11:
		found = append(found, shipment.Refusal{Code: "digitalid-slag", Field: "mottaker.digitalId", Args: shipment.Args{"case": "organisation"}})
	}
	rename(in, "svarPaForsendelseId", "svarPaForsendelse")
	rename(in, "kanSvareViaEdialog", "svarPaForsendelseLink")
	if level, ok := in["sikkerhetsniva"]; ok {
		switch level {
		case "HOYESTE":
			in["krevNiva4Innlogging"] = true
		case "BETYDELIG", nil:
		default:
			found = append(found, shipment.Refusal{Code: "sikkerhetsniva-ukjent", Field: "sikkerhetsniva"})
		}
		delete(in, "sikkerhetsniva")
	}
	if signing, ok := in["signering"].(map[string]any); ok {
		for _, name := range []string{"signeringUtloper", "signaturType"} {
			if v, ok := signing[name]; ok {
				in[name] = v
			}
		}
		delete(in, "signering")
	}
	if documents, ok := in["dokumenter"].([]any); ok {
		for _, d := range documents {
			if doc, ok := d.(map[string]any); ok {
				if page, ok := doc["giroarkSide"]; ok && page != nil {
					doc["giroarkSider"] = []any{page}
				}
				delete(doc, "giroarkSide")
			}
		}
	}
	out, err := json.Marshal(in)
	if err != nil {
		return data, found // a map that was read from JSON always is JSON
	}
	return out, found
}

// flatten brings the fields of V3's adresse up beside the name.
func flatten(party map[string]any) {
	address, ok := party["adresse"].(map[string]any)
	if !ok {
		return
	}
	for k, v := range address {
		party[k] = v
	}
	delete(party, "adresse")
}

func rename(m map[string]any, from, to string) {
	if v, ok := m[from]; ok {
		m[to] = v
		delete(m, from)
	}
}
