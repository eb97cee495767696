package main

import (
	"context"
	"slices"

	"postgang/cmd/config"
	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/party"
)

// organisations asks Enhetsregisteret, when an account does.
func (c *checkup) organisations(ctx context.Context, cfg *config.Config) {
	const name = "enhetsregisteret"
	if !slices.ContainsFunc(cfg.Accounts, func(a party.Account) bool { return a.AskRegister }) {
		return
	}
	r, err := enhetsregisteret.New(cfg.Register)
	if err == nil {
		err = r.Check(ctx)
	}
	if err != nil {
		c.bad(name, "open the firewall to data.brreg.no, or correct [enhetsregisteret] address; until then letters to organisations without an address wait", "%v", err)
		return
	}
	c.ok(name, "answers")
}
