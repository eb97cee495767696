package invoices

import (
	"encoding/csv"
	"io"

	"postgang/billing/civil"
	"postgang/engine/calendar"
	"postgang/engine/store"
)

// WriteDispute writes deviations for the vendor, in Norwegian: CSV with semicolons in UTF-8, with ids and figures and no personal data.
func WriteDispute(w io.Writer, list []store.Deviation) error {
	c := csv.NewWriter(w)
	c.Comma = ';'
	rows := [][]string{{"avvik", "funnet", "art", "beskrivelse", "jobb", "forsendelse", "forventet", "mottatt", "belop_kr"}}
	for _, d := range list {
		f := d.Finding
		rows = append(rows, []string{d.ID(), string(civil.Of(d.At, calendar.Oslo)), string(f.Kind), f.Kind.Norwegian(), f.Job, f.Shipment, f.Expected, f.Got, f.Amount.Plain(",")})
	}
	return c.WriteAll(rows)
}
