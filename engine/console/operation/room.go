// Package operation is the console's pages for those who run the post: the overview, print jobs, runs by the clock, and alarms.
package operation

import (
	"context"
	"time"

	"postgang/engine/access"
	"postgang/engine/collect"
	"postgang/engine/console/visit"
	"postgang/engine/forecast"
	"postgang/engine/jobs"
	"postgang/engine/morning"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// Engine is what the pages ask of the engine; *engine.Engine is one.
type Engine interface {
	WaitsForPerson(j store.PrintJob) bool
	// TwoPersons reports whether some things take two persons.
	TwoPersons() bool
	PlanResolve(ctx context.Context, r nights.Resolution) (nights.Resolved, error)
	ResolveJob(ctx context.Context, r nights.Resolution) (nights.Resolved, error)
	WithdrawJob(ctx context.Context, id, reason string) (store.PrintJob, error)
	ReleaseJob(ctx context.Context, id, reason string) (int, error)
	PlanReprint(ctx context.Context, o jobs.ReprintOrder) (jobs.Reprint, error)
	OrderReprint(ctx context.Context, o jobs.ReprintOrder) (jobs.Reprint, error)
	PlanNight(ctx context.Context) (collect.NightPlan, error)
	Ahead(ctx context.Context, night time.Time) (collect.Ahead, error)
	MissingWork(ctx context.Context) ([]forecast.Missing, error)
	MorningSince(ctx context.Context, at time.Time) (time.Time, error)
	Morning(ctx context.Context, from, to time.Time) (morning.Report, error)
}

// Runs begin what a schedule would run, in the name of whom the context says, and return when it has begun. store.ErrLocked: it is under
// way already.
type Runs interface {
	StartNight(ctx context.Context) error
	StartFetch(ctx context.Context) error
}

// Config is what the pages are made of.
type Config struct {
	Archive   store.Archive
	Engine    Engine
	Runs      Runs // nil: nothing is begun from here
	Schedules []nights.Schedule
}

// pages answer the addresses of this room.
type pages struct {
	Config
	counts  cache[[]store.StatusCount]
	ahead   cache[collect.Ahead]
	missing cache[[]forecast.Missing]
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
		"oversikt": overviewPage{}, "jobber": jobsPage{}, "jobb": jobPage{}, "kjoringer": runsPage{}, "prove": dryRunPage{}, "morgenrapport": morningPage{}, "varsler": alarmsPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c, ahead: cache[collect.Ahead]{keep: aheadKept}}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get(Front, access.See, do(overview)),
		visit.Get("/jobber", access.Operate, do(jobList)),
		visit.Get("/jobber/{id}", access.Operate, do(job)),
		visit.Get("/jobber/{id}/levert", access.Operate, do(askDelivered)),
		visit.Post("/jobber/{id}/levert", access.Operate, do(delivered)),
		visit.Get("/jobber/{id}/ikke-levert", access.Operate, do(askNotDelivered)),
		visit.Post("/jobber/{id}/ikke-levert", access.Operate, do(notDelivered)),
		visit.Get("/jobber/{id}/trekk", access.Operate, do(askWithdraw)),
		visit.Post("/jobber/{id}/trekk", access.Operate, do(withdraw)),
		visit.Get("/jobber/{id}/frigi", access.Operate, do(askReleaseJob)),
		visit.Post("/jobber/{id}/frigi", access.Operate, do(releaseJob)),
		visit.Get("/jobber/{id}/omtrykk", access.Operate, do(askReprint)),
		visit.Post("/jobber/{id}/omtrykk", access.Operate, do(reprint)),
		visit.Get("/kjoringer/prove", access.Operate, do(dryRun)).Whole(),
		visit.Get("/kjoringer/natt", access.Operate, do(askNight)).Whole(),
		visit.Post("/kjoringer/natt", access.Operate, do(startNight)).Whole(),
		visit.Get("/kjoringer/kvitteringer", access.Operate, do(askFetch)).Whole(),
		visit.Post("/kjoringer/kvitteringer", access.Operate, do(startFetch)).Whole(),
		visit.Get("/kjoringer", access.Operate, do(runs)).Whole(),
		visit.Get("/morgenrapport", access.Operate, do(morningOf)).Whole(),
		visit.Get("/varsler", access.Operate, do(alarms)).Whole(),
		visit.Get("/varsler/kjent", access.Operate, do(askAck)).Whole(),
		visit.Post("/varsler/kjent", access.Operate, do(ack)).Whole(),
	}
}
