// Package letters is the console's pages of letters: lists, one letter with all about it, what is found by any id, and what people do with a letter.
package letters

import (
	"context"

	"postgang/billing/civil"
	"postgang/billing/receipt"
	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/party"
	"postgang/engine/shipment"
)

// Engine is what the pages of letters ask of the engine; *engine.Engine does it, in the name of whom the context says.
type Engine interface {
	Quote(ctx context.Context, s shipment.Shipment) (accept.Quoted, error)
	LetterAccount(ctx context.Context, s shipment.Shipment) (party.Account, error)
	Stop(ctx context.Context, shipment, reason string) (shipment.Shipment, error)
	Release(ctx context.Context, shipment, reason string) error
	CorrectAddress(ctx context.Context, id string, to shipment.PostalAddress, reason string) error
	SendAgain(ctx context.Context, id string, to *shipment.PostalAddress, reason string) (shipment.Received, error)
	NoteReturned(ctx context.Context, id string, cause receipt.ReturnReason, on civil.Date) error
	PrepareAnew(ctx context.Context, id, reason string) error
	KeptBack(ctx context.Context) ([]accept.Quoted, error)
	ApproveCost(ctx context.Context, shipments []string, reason string) (int, error)
	// WholeCap names for the second person all that caps keep back, when these are that; else nothing.
	WholeCap(ctx context.Context, shipments []string) (subject string, err error)
	// TwoPersons reports whether some things take two persons.
	TwoPersons() bool
}

// Config is what the pages are made of.
type Config struct {
	Engine Engine
	// Purpose is what somebody wanted to see personal data for last, to be offered again; empty: it is not known.
	Purpose func(v *visit.Visit) string
}

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
		"forsendelser": lettersPage{}, "forsendelse": letterPage{}, "finn": findPage{}, "kostnadsvakt": guardPage{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Post("/finn", access.See, do(findAny)),
		visit.Get("/forsendelser", access.See, do(letters)),
		visit.Get("/forsendelser/liste.csv", access.See, do(lettersCSV)),
		visit.Get("/forsendelser/{id}", access.See, do(letter)),
		visit.Get("/forsendelser/{id}/stopp", access.Stop, do(askStop)),
		visit.Post("/forsendelser/{id}/stopp", access.Stop, do(stop)),
		visit.Get("/forsendelser/{id}/adresse", access.Stop, do(askAddress)),
		visit.Post("/forsendelser/{id}/adresse", access.Stop, do(correctAddress)),
		visit.Get("/forsendelser/{id}/igjen", access.Stop, do(askAgain)),
		visit.Post("/forsendelser/{id}/igjen", access.Stop, do(sendAgain)),
		visit.Get("/forsendelser/{id}/retur", access.Stop, do(askReturned)),
		visit.Post("/forsendelser/{id}/retur", access.Stop, do(returned)),
		visit.Get("/forsendelser/{id}/klargjor", access.Stop, do(askPrepare)),
		visit.Post("/forsendelser/{id}/klargjor", access.Stop, do(prepareAnew)),
		visit.Get("/forsendelser/{id}/godkjenn", access.Stop, do(askApprovalOfOne)),
		visit.Post("/forsendelser/{id}/godkjenn", access.Stop, do(approvalOfOne)),
		visit.Get("/kostnadsvakt", access.Stop, do(guard)),
		visit.Get("/kostnadsvakt/godkjenn", access.Stop, do(askApproval)),
		visit.Post("/kostnadsvakt/godkjenn", access.Stop, do(approval)),
		visit.Get("/forsendelser/{id}/frigi", access.Stop, do(askRelease)),
		visit.Post("/forsendelser/{id}/frigi", access.Stop, do(release)),
	}
}
