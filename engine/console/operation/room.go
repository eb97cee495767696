// Package operation is the console's pages for those who run the post: the overview, print jobs, runs by the clock, and alarms.
package operation

import (
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// Engine is what the pages ask of the engine; *engine.Engine is one.
type Engine interface {
	WaitsForPerson(j store.PrintJob) bool
}

// Config is what the pages are made of.
type Config struct {
	Archive   store.Archive
	Engine    Engine
	Schedules []nights.Schedule
}

// pages answer the addresses of this room.
type pages struct {
	Config
	counts cache[[]store.StatusCount]
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Front is the pattern of the overview, which is the front page. Whoever may not see it is led on by the console.
const Front = "/{$}"

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{
		"oversikt": overviewPage{}, "jobber": jobsPage{}, "jobb": jobPage{}, "kjoringer": runsPage{}, "varsler": alarmsPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get(Front, access.See, do(overview)),
		visit.Get("/jobber", access.Operate, do(jobList)),
		visit.Get("/jobber/{id}", access.Operate, do(job)),
		visit.Get("/kjoringer", access.Operate, do(runs)).Whole(),
		visit.Get("/varsler", access.Operate, do(alarms)).Whole(),
		visit.Get("/varsler/kjent", access.Operate, do(askAck)).Whole(),
		visit.Post("/varsler/kjent", access.Operate, do(ack)).Whole(),
	}
}
