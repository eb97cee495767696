package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/digital/krr"
	"postgang/engine/maskinporten"
)

// channels looks at the keys for access tokens, and asks every digital channel that an account has whether it lets us in.
func (c *checkup) channels(ctx context.Context, cfg *config.Config, a *app.App) {
	c.tokenKeys(cfg, a.Now)
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	for _, ch := range a.Engine.CheckChannels(ctx) {
		name, accounts := "channel "+ch.Channel, strings.Join(ch.Accounts, " ")
		if ch.Err != nil {
			c.bad(name, channelRemedy(ch.Err), "%v; accounts %s have it", ch.Err, accounts)
			continue
		}
		c.ok(name, "lets us in; accounts %s have it", accounts)
	}
	for _, s := range a.Engine.CheckSources(ctx) {
		if s.Err != nil {
			c.bad("receipts "+s.Channel, "see that [dpi] address is right and can be reached; until then letters that a mailbox did not take are not printed", "%v", s.Err)
			continue
		}
		c.ok("receipts "+s.Channel, "lets us in")
	}
}

// tokenKeys looks at the private keys that prove us to Maskinporten.
func (c *checkup) tokenKeys(cfg *config.Config, now func() time.Time) {
	const name = "keys of Maskinporten"
	client, err := app.TokenClient(cfg, now)
	if client == nil && err == nil {
		return
	}
	var keys []maskinporten.Key
	if err == nil {
		keys, err = client.Keys()
	}
	if err != nil {
		c.bad(name, "make the folder [maskinporten] keys, readable for the service alone", "%v", err)
		return
	}
	usable := 0
	for _, k := range keys {
		switch {
		case k.Err != nil:
			c.warn(name, "put a whole one in its place, or remove it", "%s %v", k.File, k.Err)
			continue
		case k.Exposed:
			c.bad(name, "chmod 600 "+k.File, "%s can be read by others", k.File)
		case !k.NotAfter.IsZero() && k.NotAfter.Sub(now()) < certificateSoon:
			c.warn(name, "get a new certificate, and register it", "the certificate of %s ends %s", k.File, cli.When(k.NotAfter))
		}
		usable++
	}
	if usable == 0 {
		c.bad(name, "put the private key that is registered with Digdir there, as KID.pem", "none can be used")
		return
	}
	c.ok(name, "%d can be used; the newest is %s", usable, keys[0].File)
}

// channelRemedy is what to mend when a channel does not let us in.
func channelRemedy(err error) string {
	var refused *maskinporten.RefusedError
	switch {
	case errors.As(err, &refused) && refused.Skew != 0:
		return "set this machine's clock (NTP)"
	case errors.As(err, &refused) && refused.Code == "invalid_scope":
		return "have Digdir give our organisation the scopes, and add them to the integration"
	case errors.As(err, &refused):
		return "check [maskinporten] client_id, and that the newest key in [maskinporten] keys is registered for it under its file's name"
	case errors.Is(err, maskinporten.ErrNoKey):
		return "put the private key that is registered with Digdir into [maskinporten] keys, as KID.pem"
	case errors.Is(err, maskinporten.ErrUnreachable):
		return "check [maskinporten] issuer, the network and the proxy; letters stay as they are meanwhile"
	case errors.Is(err, krr.ErrRefused):
		return "check [krr] base_url and scopes, and that our organisation has been given them"
	}
	return "check its address, the network and the proxy; letters stay as they are meanwhile"
}
