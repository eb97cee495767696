package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"postgang/billing/figures"
	"postgang/billing/money"
)

// Every table is JSON with as many rows as it has, and the amounts are the report's to the øre.
func TestWriteJSON(t *testing.T) {
	t.Parallel()
	in := fixture(t, 200)
	in.Shipments[0].AvgivendeSystem = "=cmd;\"x\" <æ>"
	r := build(t, in)
	for _, table := range Tables() {
		var b bytes.Buffer
		if err := WriteJSON(&b, r, table); err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(&b)
		dec.UseNumber()
		var rows []map[string]any
		if err := dec.Decode(&rows); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		cols, want, err := columnsOf(r, table)
		if err != nil || len(rows) != want.n || want.n == 0 || len(rows[0]) != len(cols) {
			t.Fatalf("%s has %d rows of %d, want %d of %d: %v", table, len(rows), len(rows[0]), want.n, len(cols), err)
		}
		if table == TableCosts {
			var net money.Ore
			for _, row := range rows {
				n, err := money.ParseOre(strings.Replace(row["Netto kr"].(json.Number).String(), ".", ",", 1))
				if err != nil {
					t.Fatal(err)
				}
				net += n
			}
			if net != r.Money.Net {
				t.Errorf("the lines sum to %s, the report is %s", net, r.Money.Net)
			}
		}
		if table == TableShipments {
			if got := rows[0]["Avgivende system"]; got != in.Shipments[0].AvgivendeSystem {
				t.Errorf("a text is written %q", got)
			}
			if got := rows[0]["Mottatt"]; got != "2026-01-01T07:00:00+01:00" {
				t.Errorf("a time is written %q", got)
			}
			if i := slices.IndexFunc(rows, func(row map[string]any) bool { return row["Lest"] == nil }); i < 0 {
				t.Error("what is empty is not null")
			}
		}
	}
	var b bytes.Buffer
	empty := fixture(t, 0)
	if err := WriteJSON(&b, build(t, empty), TableAdvice); err != nil || b.String() != "[]\n" {
		t.Errorf("no rows: %q, %v", b.String(), err)
	}
	if err := WriteJSON(io.Discard, r, "annet"); err == nil {
		t.Error("an unknown table was written")
	}
	if err := WriteJSON(io.Discard, figures.Report{}, TableCosts); err == nil {
		t.Error("a report that was never built was written")
	}
	if err := WriteJSON(failingWriter{}, r, TableCosts); err == nil {
		t.Error("a full disk is not told")
	}
}
