package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/store"
)

// certificateSoon is how long before its end a certificate is warned of.
const certificateSoon = 30 * 24 * time.Hour

// http looks at the way in over the network: its certificate, and whether anybody may use it.
func (c *checkup) http(ctx context.Context, cfg *config.Config, a *app.App) {
	l := cfg.HTTP
	if l.Address == "" {
		return
	}
	if l.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(l.CertFile, l.KeyFile)
		var leaf *x509.Certificate
		if err == nil {
			leaf, err = x509.ParseCertificate(pair.Certificate[0])
		}
		switch {
		case err != nil:
			c.bad("network certificate", "check [http] cert_file and key_file", "it cannot be used: %v", err)
		case time.Until(leaf.NotAfter) < certificateSoon:
			c.warn("network certificate", "renew it, and start serve again", "it ends %s", cli.When(leaf.NotAfter))
		default:
			c.ok("network certificate", "ends %s", cli.When(leaf.NotAfter))
		}
	}
	list, err := store.View(ctx, a.Archive, func(r store.Reader) ([]access.Integration, error) { return r.Integrations(ctx) })
	if err != nil {
		c.bad("integrations", "", "they cannot be read: %v", err)
		return
	}
	used, closed := 0, 0
	for _, i := range list {
		if i.Ended.IsZero() {
			used++
			if i.Organisation == "" && l.Tokens != nil {
				closed++
			}
		}
	}
	switch {
	case used == 0:
		c.warn("integrations", "postgang integration add NAME --account KEY --reason WHY", "nobody may hand in over the network yet")
	case closed > 0:
		c.warn("integrations", "postgang integration change NAME --organisation NUMBER --reason WHY", "%d of %d have no organisation: REST V2 and V3 are shut to them, since a token is asked for", closed, used)
	default:
		c.ok("integrations", "%d may hand in over the network", used)
	}
}
