// Package money is the console's pages of finance (økonomi): budgets, receipts, deviations, invoices and months.
package money

import (
	"postgang/engine/access"
	"postgang/engine/console/visit"
)

// Config is what the pages are made of.
type Config struct{ Engine Engine }

// pages answer the addresses of this room.
type pages struct {
	Config
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{
		"koder": codesPage{}, "avvik": deviationsPage{}, "kvitteringer": receiptsPage{}, "fakturaer": invoicesPage{}, "maneder": monthsPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get("/okonomi/koder", access.SeeMoney, do(codeBudgets)),
		visit.Get("/okonomi/avvik", access.SeeMoney, do(deviations)),
		visit.Get("/okonomi/kvitteringer", access.SeeMoney, do(receipts)).Whole(),
		visit.Get("/okonomi/fakturaer", access.SeeMoney, do(invoiceList)).Whole(),
		visit.Get("/okonomi/maneder", access.SeeMoney, do(months)).Whole(),
	}
}
