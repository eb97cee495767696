// Package manual is the console's pages of manual print: letters that are printed and posted here, and not by a vendor. Files are given
// out by the engine alone, which passes the last gate, writes to the innsynslogg that each letter was seen, and never gives out letters
// that demand a log-in of level 4.
package manual

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/console/visit"
	"postgang/engine/jobs"
	"postgang/engine/receipts"
)

// Engine is what manual print asks of the engine; *engine.Engine does it, in the name of whom the context says.
type Engine interface {
	GiveOut(ctx context.Context, p jobs.ManualPrint, give func(jobs.Printout) error) error
	ConfirmManual(ctx context.Context, c receipts.ManualConfirmation) (receipts.Imported, error)
}

// Config is what the pages are made of.
type Config struct{ Engine Engine }

// request is a visit to one of them.
type request struct {
	*visit.Visit
	Config
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any { return map[string]any{"manuell": queuePage{}, "manuelljobb": jobPage{}} }

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, c}) }
	}
	return []visit.Route{
		visit.Get("/manuell", access.PrintManually, queue),
		visit.Get("/manuell/{id}", access.PrintManually, do(show)),
		visit.Post("/manuell/{id}/hent", access.PrintManually, do(fetch)),
		visit.Post("/manuell/{id}/bekreft", access.PrintManually, do(confirm)),
	}
}

// queuePage is the queue of manual print.
type queuePage struct{ Rows []queueRow }

type queueRow struct {
	ID, Account, Class string
	Letters            int
	Waits              string // for how long
	Awaited            int    // letters that are not confirmed
	Printed            bool
	By                 string    // who got the files
	At                 time.Time // when
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
	slices.SortFunc(found, func(a, b jobs.ManualJob) int {
		return cmp.Or(cmp.Compare(v.AccountName(a.Class.Account), v.AccountName(b.Class.Account)), since(a).Compare(since(b)), cmp.Compare(a.ID, b.ID))
	})
	p := queuePage{}
	for _, m := range found {
		row := queueRow{
			ID: m.ID, Class: page.ClassOf(m.PrintJob), Letters: m.Letters, Awaited: m.Awaited, Printed: m.Printed(), Overdue: m.Overdue,
			Waits: page.Span(v.Now().Sub(since(m))), By: byWhom(v, m), At: m.Given.At,
		}
		if m.Class.Account != "" {
			row.Account = v.AccountName(m.Class.Account)
		}
		p.Rows = append(p.Rows, row)
	}
	return v.Show(http.StatusOK, "manuell", "Manuell utskrift", p)
}

// since is from when a job has waited for what it waits for now.
func since(m jobs.ManualJob) time.Time {
	if m.Printed() {
		return m.OfferedAt
	}
	return m.Created
}

// byWhom is who got the files of a job the last time.
func byWhom(v *visit.Visit, m jobs.ManualJob) string {
	if m.Given.By != "" {
		return v.ByWhom(m.Given.By)
	}
	return m.GivenTo()
}
