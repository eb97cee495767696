package app

import (
	"context"
	"fmt"
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

// newAltinnEvents takes Altinn's events below the path of events_url; nil: there is none.
func newAltinnEvents(a *App) (http.Handler, error) {
	if a.Config.Altinn == nil || a.Config.Altinn.EventsURL == "" {
		return nil, nil
	}
	secret, err := a.Config.Altinn.EventsSecret.Read()
	if err != nil {
		return nil, fmt.Errorf("[altinn] events_secret: %w", err)
	}
	return a.Engine.AltinnEvents(secret), nil
}

// subscribeAgain is how long to wait when Altinn did not take our subscription; letters are asked about meanwhile all the same.
const subscribeAgain = 15 * time.Minute

// SubscribeToAltinn has Altinn send its events to our webhook, which must answer already, and tries again until Altinn takes it or ctx
// is done. The same again changes nothing.
func (a *App) SubscribeToAltinn(ctx context.Context) {
	if a.altinn == nil || a.altinnEvents == nil {
		return
	}
	for {
		secret, err := a.Config.Altinn.EventsSecret.Read()
		if err == nil {
			err = a.altinn.Subscribe(ctx, strings.TrimSuffix(a.Config.Altinn.EventsURL, "/")+"/"+secret)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			a.Log.Info("Altinn sends its events here")
			return
		}
		a.Log.Error("Altinn does not send its events here; letters are asked about all the same", "error", err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(subscribeAgain):
		}
	}
}
