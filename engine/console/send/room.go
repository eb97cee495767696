// Package send is the console's «Send forsendelse»: one letter by hand. What is written and the files that are chosen are tried first, all
// faults at once, and kept as a draft in memory and in the door's spool; a page shows who gets what; and then it goes in at the same door
// as every hand-in, once for each form. A draft is gone when it is sent, when it has lain for DraftTime, and when the process ends.
package send

import (
	"context"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
)

// Engine says what would become of a letter; *engine.Engine does.
type Engine interface {
	Try(ctx context.Context, h shipment.HandIn) (accept.Tried, error)
}

// Config is what the pages are made of.
type Config struct {
	Engine Engine
	// Door is one of the console's own: its drafts take no turn of integrations.
	Door *door.Door
}

// System is the avgivende system of letters that are sent by hand.
const System = "Postgang"

// pages answer the addresses of this room.
type pages struct {
	Config
	drafts drafts
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{"send": formPage{}, "sendutkast": draftPage{}, "sendt": sentPage{}}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get("/send", access.Send, do(form)),
		visit.Post("/send", access.Send, do(write)),
		visit.Get("/send/sendt", access.Send, do(sent)),
		visit.Get("/send/utkast/{utkast}", access.Send, do(show)),
		visit.Post("/send/utkast/{utkast}", access.Send, do(send)),
		visit.Post("/send/utkast/{utkast}/forkast", access.Send, do(discard)),
	}
}
