package app

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"postgang/engine/alarm"
	"postgang/engine/digital/krr"
	"postgang/engine/maskinporten"
)

// channels looks at the keys for access tokens, and asks every digital channel that an account has whether it lets us in.
func (c *checkup) channels(ctx context.Context, a *App) {
	c.tokenKeys(a)
	ctx, cancel := context.WithTimeout(ctx, c.part)
	defer cancel()
	for _, ch := range a.Engine.CheckChannels(ctx) {
		accounts := strings.Join(ch.Accounts, " ")
		if ch.Err != nil {
			c.bad(channelCode(ch.Err), "channel", ch.Channel, "accounts", accounts, "why", ch.Err.Error())
			continue
		}
		c.ok("channel", "channel", ch.Channel, "accounts", accounts)
	}
	for _, s := range a.Engine.CheckSources(ctx) {
		if s.Err != nil {
			c.bad("source-closed", "channel", s.Channel, "why", s.Err.Error())
			continue
		}
		c.ok("source", "channel", s.Channel)
	}
}

// tokenKeys looks at the private keys that prove us to Maskinporten.
func (c *checkup) tokenKeys(a *App) {
	keys, err := a.tokenKeys()
	if err != nil {
		c.bad("token-keys-unread", "why", err.Error())
		return
	}
	if keys == nil {
		return
	}
	usable := 0
	for _, k := range keys {
		switch {
		case k.Err != nil:
			c.warn("token-key-bad", "file", k.File, "why", k.Err.Error())
			continue
		case k.Exposed:
			c.bad("token-key-open", "file", k.File)
		case !k.NotAfter.IsZero() && k.NotAfter.Sub(a.Now()) < certificateSoon:
			c.warn("token-key-ends", "file", k.File, "at", alarm.TimeArg(k.NotAfter))
		}
		usable++
	}
	if usable == 0 {
		c.bad("token-keys-none")
		return
	}
	c.ok("token-keys", "n", strconv.Itoa(usable), "file", keys[0].File)
}

// tokenKeys are the private keys that prove us to Maskinporten, without their secret halves; nil: nothing needs any.
func (a *App) tokenKeys() ([]maskinporten.Key, error) {
	client, err := TokenClient(a.Config, a.Now)
	if client == nil || err != nil {
		return nil, err
	}
	keys, err := client.Keys()
	if keys == nil {
		keys = []maskinporten.Key{}
	}
	return keys, err
}

// channelCode says why a channel does not let us in, by what is to be mended.
func channelCode(err error) string {
	var refused *maskinporten.RefusedError
	switch {
	case errors.As(err, &refused) && refused.Skew != 0:
		return "channel-clock"
	case errors.As(err, &refused) && refused.Code == "invalid_scope":
		return "channel-scope"
	case errors.As(err, &refused):
		return "channel-client"
	case errors.Is(err, maskinporten.ErrNoKey):
		return "channel-no-key"
	case errors.Is(err, maskinporten.ErrUnreachable):
		return "channel-unreachable"
	case errors.Is(err, krr.ErrRefused):
		return "channel-refused"
	}
	return "channel-closed"
}
