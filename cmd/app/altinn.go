package app

import (
	"context"
	"net/http"
	"strings"
	"time"

	"postgang/cmd/config"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/dpi"
	"postgang/engine/maskinporten"
	"postgang/engine/party"
	"postgang/engine/store"
)

// altinnChannel is Altinn as configured; nil: no account sends through it.
func altinnChannel(cfg *config.Config, tokens *maskinporten.Client, archive store.Archive, blobs store.Blobs, now func() time.Time) (*digital.AltinnChannel, error) {
	s := cfg.Altinn
	if s == nil {
		return nil, nil
	}
	client, err := altinn.New(altinn.Config{
		Base: s.Base, Now: now, SubscriptionKey: s.Key.Read,
		Token:  func(ctx context.Context) (string, error) { return tokens.Token(ctx, altinn.Scopes...) },
		Forget: func() { tokens.Forget(altinn.Scopes...) },
	})
	if err != nil {
		return nil, err
	}
	accounts := map[string]party.Account{}
	for _, a := range cfg.Accounts {
		accounts[a.Key] = a
	}
	return digital.Altinn(client, &digital.ArchiveOutbox{Archive: archive, Blobs: blobs, Accounts: accounts, Altinn: s.Accounts}, s.Resources, now), nil
}

// receiptSources are where receipts of digital mailboxes come from.
func receiptSources(cfg *config.Config, tokens *maskinporten.Client) ([]digital.NamedSource, error) {
	var out []digital.NamedSource
	for _, s := range cfg.DPI {
		c, named := s.Config, digital.NamedSource{Name: s.Name}
		var err error
		if s.Kind == config.KindCorner2 {
			c.Token = func(ctx context.Context) (string, error) { return tokens.Token(ctx, dpi.Scope) }
			named.ReceiptSource, err = dpi.NewCorner2(c)
		} else {
			named.ReceiptSource, err = dpi.NewEFormidling(c)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, named)
	}
	return out, nil
}

// AltinnEvents takes Altinn's events; nil: no webhook is configured. It is to be served below the path of events_url.
func (a *App) AltinnEvents() (http.Handler, error) {
	if a.Config.Altinn == nil || a.Config.Altinn.EventsURL == "" {
		return nil, nil
	}
	secret, err := a.Config.Altinn.EventsSecret.Read()
	if err != nil {
		return nil, err
	}
	return a.Engine.AltinnEvents(secret), nil
}

// SubscribeToAltinn has Altinn send its events to our webhook, which must answer already. The same again changes nothing.
func (a *App) SubscribeToAltinn(ctx context.Context) error {
	if a.altinn == nil || a.Config.Altinn.EventsURL == "" {
		return nil
	}
	secret, err := a.Config.Altinn.EventsSecret.Read()
	if err != nil {
		return err
	}
	return a.altinn.Subscribe(ctx, strings.TrimSuffix(a.Config.Altinn.EventsURL, "/")+"/"+secret)
}
