package exchange_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"postgang/printjobs/exchange"
)

// schemas are the documents of docs/schemas, with the code that reads what they describe and an example of the page.
var schemas = map[string]struct {
	examples []string
	parse    func(b []byte) error
}{
	"ready-1":  {[]string{"ready"}, func(b []byte) error { _, err := exchange.ParseReady(b); return err }},
	"ticket-2": {[]string{"ticket"}, func(b []byte) error { _, err := exchange.ParseTicket(b); return err }},
	"answer-1": {[]string{"accepted", "rejected"}, func(b []byte) error { _, err := exchange.ParseAnswer(b); return err }},
}

func compileSchema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("..", "..", "docs", "schemas", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, b []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// TestSchemas: what the page shows is as the schemas say; a broken document is not; and an answer that they take is taken by
// the code, so that a vendor who goes by them is understood.
func TestSchemas(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "schemas", "*.json"))
	if err != nil || len(files) != len(schemas) {
		t.Errorf("%d schemas for %d documents (%v)", len(files), len(schemas), err)
	}
	page := vendorPage(t)
	for name, c := range schemas {
		s := compileSchema(t, name)
		if !strings.Contains(page, "schemas/"+name+".json") {
			t.Errorf("the page does not name schemas/%s.json", name)
		}
		for _, e := range c.examples {
			b := example(t, page, e)
			if err := valid(t, s, b); err != nil {
				t.Errorf("example %s: %v", e, err)
			}
			broken := 0
			for what, mutant := range mutants(t, b) {
				switch err := valid(t, s, mutant); {
				case err != nil:
					broken++
				case strings.Contains(what, "ukjent"):
					t.Errorf("%s: the schema takes it %s", e, what)
				case name == "answer-1":
					if err := c.parse(mutant); err != nil {
						t.Errorf("%s: the schema takes it %s, and the code does not: %v", e, what, err)
					}
				}
			}
			if all := len(mutants(t, b)); broken < all*3/4 {
				t.Errorf("%s: the schema refuses only %d of %d mutants", e, broken, all)
			}
			if err := c.parse(b); err != nil {
				t.Errorf("example %s: %v", e, err)
			}
		}
	}
}

// mutants are the document without each field, with each field of another type, and with one that nobody knows; in its
// objects too.
func mutants(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	var whole map[string]any
	if err := json.Unmarshal(b, &whole); err != nil {
		t.Fatal(err)
	}
	keep := func(what string) {
		m, err := json.Marshal(whole)
		if err != nil {
			t.Fatal(err)
		}
		out[what] = m
	}
	var walk func(at string, o map[string]any)
	walk = func(at string, o map[string]any) {
		o["ukjent"] = 1
		keep("with " + at + "ukjent")
		delete(o, "ukjent")
		for _, k := range slices.Sorted(maps.Keys(o)) {
			v := o[k]
			delete(o, k)
			keep("without " + at + k)
			for name, other := range map[string]any{"a number": -7.5, "a text": "?", "a list": []any{}, "true": true, "null": nil} {
				o[k] = other
				keep("with " + at + k + " as " + name)
			}
			o[k] = v
			switch v := v.(type) {
			case map[string]any:
				walk(at+k+".", v)
			case []any:
				for _, e := range v {
					if m, ok := e.(map[string]any); ok {
						walk(at+k+"[].", m)
					}
				}
			}
		}
	}
	walk("", whole)
	return out
}

// TestSchemasOfARealExchange: a job and both answers to it, as they lie in the folders.
func TestSchemasOfARealExchange(t *testing.T) {
	t.Parallel()
	v := simulator(t, nil)
	good, bad := newJob(t, "SCHM000001", 2000, 3000), newJob(t, "SCHM000002", 2000)
	for _, j := range []*job{good, bad} {
		if err := j.offer(v.dial(t)); err != nil {
			t.Fatal(err)
		}
	}
	for name := range bad.bytes {
		if strings.HasSuffix(name, ".pdf") {
			if err := os.Remove(v.path("inn/" + name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	check := func(schema, file string) {
		t.Helper()
		if err := valid(t, compileSchema(t, schema), v.read(t, file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	for _, j := range []*job{good, bad} {
		check("ready-1", "inn/"+exchange.ReadyName(j.id))
		check("ticket-2", "inn/"+j.ready.Ticket)
	}
	if _, err := v.vendor().Tick(ctx); err != nil {
		t.Fatal(err)
	}
	check("answer-1", "svar/"+exchange.AnswerName(good.id, true))
	check("answer-1", "svar/"+exchange.AnswerName(bad.id, false))

	// A ticket with everything in it.
	full := good.ticket
	full.Parent, full.Reprint, full.DocumentParts, full.Marks = "SCHM000009", true, true, []string{exchange.MarkDataMatrix, exchange.MarkOMR}
	full.Class.Account, full.Class.Group = "skole", "konteringskode=4100"
	full.Instructions = exchange.Instructions{Paper: "80 g/m² A4", GiroPaper: "giro", Service: "B", PostBy: time.Now(), Note: "haster", Trays: map[string]string{"PLAIN": "1", "GIRO": "2"}}
	b, err := full.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := valid(t, compileSchema(t, "ticket-2"), b); err != nil {
		t.Error(err)
	}
}
