// Package manual is the console's page of manual print: letters that are printed and posted here, and not by a vendor.
package manual

import (
	"net/http"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/jobs"
)

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any { return map[string]any{"manuell": queuePage{}} }

// Routes are the addresses of this room.
func Routes() []visit.Route {
	return []visit.Route{visit.Get("/manuell", access.PrintManually, queue)}
}

// queuePage is the queue of manual print.
type queuePage struct{ Rows []queueRow }

type queueRow struct {
	ID, Account, Class string
	Letters            int
	Waits              string // for how long
	Awaited            int    // letters that are not confirmed
	Printed            bool
	Overdue            bool
}

func queue(v *visit.Visit) error {
	var found []jobs.ManualJob
	err := v.View(func(r *scoped.Reader) (err error) {
		found, err = r.ManualQueue(v.Ctx)
		return err
	})
	if err != nil {
		return err
	}
	p := queuePage{}
	for _, m := range found {
		row := queueRow{ID: m.ID, Class: page.ClassOf(m.PrintJob), Letters: m.Letters, Awaited: m.Awaited, Printed: m.Printed(), Overdue: m.Overdue}
		if m.Class.Account != "" {
			row.Account = v.AccountName(m.Class.Account)
		}
		since := m.Created
		if row.Printed {
			since = m.OfferedAt
		}
		row.Waits = page.Span(v.Now().Sub(since))
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "manuell", "Manuell utskrift", p)
}
