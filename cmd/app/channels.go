package app

import (
	"time"

	"postgang/cmd/config"
	"postgang/engine/digital"
	"postgang/engine/digital/krr"
	"postgang/engine/maskinporten"
)

// TokenClient gets access tokens as configured; nil: nothing needs any.
func TokenClient(cfg *config.Config, now func() time.Time) (*maskinporten.Client, error) {
	if cfg.Maskinporten == nil {
		return nil, nil
	}
	c := *cfg.Maskinporten
	c.Now = now
	return maskinporten.NewClient(c)
}

// registers are the channels that only ask: KRR, where it is set.
func registers(cfg *config.Config, tokens *maskinporten.Client, now func() time.Time) []digital.Channel {
	if cfg.KRR == nil {
		return nil
	}
	c := *cfg.KRR
	c.Tokens = tokens
	return []digital.Channel{digital.KRR(krr.New(c), now)}
}
