// Package reveal is the console's pages of innsyn: whom a letter is to and what it is called, letters found by whom they are to, and
// pages as they are printed or, of a letter that was refused, as they were handed in. Nothing is shown that engine/insight has not
// written down first. What was revealed is kept in memory for some minutes, for the session that asked for it, behind an address that
// says nothing; a restart of the program forgets it.
package reveal

import (
	"context"
	"io"
	"time"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/find"
	"postgang/engine/insight"
	"postgang/engine/jobs"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/printjobs/preview"
)

// Engine is what the pages ask of the engine; *engine.Engine does it, in the name of whom the context says.
type Engine interface {
	// LetterPDF is a letter as it will be printed, of so many bytes at most.
	LetterPDF(ctx context.Context, id string, most int64) ([]byte, jobs.LetterPreview, error)
	// HandedIn are the documents of a refused letter that were to be printed, of so many bytes at most.
	HandedIn(ctx context.Context, id string, most int64) (accept.HandedIn, error)
	// FindRecipient writes down that somebody looks, and lists letters by whom they are for.
	FindRecipient(ctx context.Context, scope access.Scope, purpose string, q recipient.Query, f find.Filter) ([]shipment.Shipment, error)
	RecipientsFindable(ctx context.Context) (bool, error)
}

// Pictures draws pages; *preview.Renderer does.
type Pictures interface {
	Render(ctx context.Context, pdf io.ReaderAt, size int64, o preview.Options, draw func(preview.Page) error) (pages int, err error)
}

// Config is what the pages are made of.
type Config struct {
	Door     *insight.Door
	Engine   Engine
	Pictures Pictures
}

// Pages answer the addresses of this room, and keep what they have revealed.
type Pages struct {
	Config
	views views
	turns chan struct{} // holds one for each instance of the renderer that is at work
}

// atWork is how many instances of the renderer are at work at a time: each takes a processor, and the night wants one too.
const atWork = 2

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*Pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{"innsyn": askPage{}, "innsyn-vist": shownPage{}, "sider": sidesPage{}, "mottaker": searchPage{}, "mottaker-treff": foundPage{}}
}

// SearchPath is the address of the search for recipients.
const SearchPath = "/mottaker"

// New makes the pages, which have revealed nothing yet.
func New(c Config) *Pages { return &Pages{Config: c, turns: make(chan struct{}, atWork)} }

// Purpose is what the session of a visit looked for last, so that it need not be written for each letter; empty: nothing, or long ago.
func (p *Pages) Purpose(v *visit.Visit) string { return p.views.purpose(v) }

// Routes are the addresses of this room.
func (p *Pages) Routes() []visit.Route {
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	return []visit.Route{
		visit.Get("/forsendelser/{id}/innsyn", access.Reveal, do(askReveal)),
		visit.Post("/forsendelser/{id}/innsyn", access.Reveal, do(reveal)),
		visit.Get("/forsendelser/{id}/innsyn/{visning}", access.Reveal, do(showRevealed)),
		visit.Get("/forsendelser/{id}/sider", access.Reveal, do(askSides)),
		visit.Post("/forsendelser/{id}/sider", access.Reveal, do(revealSides)),
		visit.Get("/forsendelser/{id}/sider/{visning}", access.Reveal, do(showSides)),
		visit.Get("/forsendelser/{id}/sider/{visning}/{fil}", access.Reveal, do(serveSide)),
		visit.Get(SearchPath, access.Reveal, do(askSearch)),
		visit.Post(SearchPath, access.Reveal, do(search)),
		visit.Get(SearchPath+"/{sok}", access.Reveal, do(showFound)),
		visit.Post(SearchPath+"/{sok}", access.Reveal, do(searchOn)),
	}
}

// viewTime is how long what was revealed is shown.
const viewTime = 15 * time.Minute
