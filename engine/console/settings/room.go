// Package settings is the console's pages of configuration: how accounts are set up and since when, and setting them anew from a day on.
package settings

import (
	"context"
	"io"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/party"
	dated "postgang/engine/settings"
	"postgang/printjobs/cover"
	"postgang/printjobs/preview"
	"postgang/printjobs/printfile"
)

// Engine is what the pages ask; *engine.Engine is one.
type Engine interface {
	AccountSettings(ctx context.Context, key string, at time.Time) (dated.Account, error)
	TryChange(ctx context.Context, o dated.Order) (dated.Tried, error)
	ChangeAccount(ctx context.Context, o dated.Order) (party.Version, error)
	AccountCover(ctx context.Context, key string, at time.Time, l cover.Language) (*printfile.Prepared, []cover.Warning, error)
	ChangedCover(t dated.Tried) (*printfile.Prepared, []cover.Warning, error)
}

// Pictures draw pages.
type Pictures interface {
	Render(ctx context.Context, pdf io.ReaderAt, size int64, o preview.Options, draw func(preview.Page) error) (pages int, err error)
}

// Config is what the pages are made of.
type Config struct {
	Engine   Engine
	Pictures Pictures
	Doctor   Doctor // nil: nothing is looked at from the console
}

// pages answer the addresses of this room.
type pages struct {
	Config
	checkups *checkups
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Path is the page of all accounts.
const Path = "/konfigurasjon"

// accountPath is before the key of an account.
const accountPath = Path + "/konto/"

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{"konfigurasjon": listPage{}, "konto": accountPage{}, "konto-endre": formPage{}, "priser": vendorPage{}, "oppsett": checkupPage{}}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{c, &checkups{}}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	out := []visit.Route{
		visit.Get(Path, access.SeeSettings, do(list)),
		visit.Get(vendorPath+"{leverandor}", access.SeeSettings, do(vendor)),
		visit.Get(accountPath+"{konto}", access.SeeSettings, do(account)),
		visit.Get(accountPath+"{konto}/forside.pdf", access.SeeSettings, do(coverFile)),
		visit.Get(accountPath+"{konto}/endre/{del}", access.Configure, do(form)),
		visit.Post(accountPath+"{konto}/endre/{del}", access.Configure, do(change)),
	}
	if c.Doctor != nil {
		out = append(out, visit.Get(checkupPath, access.SeeSettings, do(checkup)).Whole(), visit.Post(checkupPath, access.SeeSettings, do(beginCheckup)).Whole())
	}
	return out
}
