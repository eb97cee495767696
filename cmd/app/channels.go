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

// channels are the digital channels that accounts have.
func channels(cfg *config.Config, tokens *maskinporten.Client, now func() time.Time) ([]digital.Channel, error) {
	if cfg.KRR == nil {
		return nil, nil
	}
	c := *cfg.KRR
	c.Tokens = tokens
	return []digital.Channel{digital.KRR(krr.New(c), now)}, nil
}
