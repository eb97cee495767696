// Package statistics is the console's page of figures: what came, how it went, and what it cost.
package statistics

import (
	"context"

	"postgang/billing/figures"
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/finance"
)

// Engine is what the page asks of the engine; *engine.Engine is one.
type Engine interface {
	Statistics(ctx context.Context, q finance.ReportQuery) (finance.Statistics, error)
}

// Config is what the page is made of.
type Config struct {
	Engine Engine
	Inputs figures.CostBenefitInputs
}

// pages answer the addresses of this room.
type pages struct {
	Config
	kept kept
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{
		"statistikk": statisticsPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get("/statistikk", access.See, do(statistics)),
		visit.Get("/statistikk/tall.csv", access.See, do(statisticsCSV)),
	}
}
