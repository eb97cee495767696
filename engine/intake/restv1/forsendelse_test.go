package restv1

import (
	"encoding/json"
	"testing"

	"postgang/engine/shipment"
)

// FuzzCanonical: whatever comes, what goes on is JSON where JSON came, and is read without panicking.
func FuzzCanonical(f *testing.F) {
	f.Add([]byte(`{"tittel":"a","mottaker":{"postAdresse":{"navn":"b","postNummer":"0155","postSted":"OSLO"},"digitalAdresse":{"fodselsNummer":"1"}},"signeringUtloper":1,"svarPaForsendelse":{"id":"x"},"eksponertFor":[{}],"dokumenter":[{"ekskluderesFraUtskrift":true}],"lenker":[{"urlLenke":""}]}`))
	f.Add([]byte(`{"mottaker":{"postAdresse":[],"digitalAdresse":null},"dokumenter":{},"signeringUtloper":1e400}`))
	f.Add([]byte(`{"signeringUtloper":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, found := canonical(data)
		if json.Valid(data) && !json.Valid(out) {
			t.Fatalf("%s became %s", data, out)
		}
		_, more := shipment.ParseSubmission(out)
		for _, r := range append(found, more...) {
			inV1(r.Field)
		}
	})
}
