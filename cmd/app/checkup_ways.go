package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strconv"
	"time"

	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/intake/sealed"
	"postgang/engine/party"
	"postgang/engine/store"
)

const (
	// certificateSoon is how long before its end a certificate is warned of.
	certificateSoon = 30 * 24 * time.Hour
	// keySoon is the same of a certificate for encrypted documents: senders have to change theirs.
	keySoon = 60 * 24 * time.Hour
)

// certificate is the first of a chain, whose private key is beside it.
func certificate(certFile, keyFile string) (*x509.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(pair.Certificate[0])
}

// http looks at the way in over the network: its certificate, and whether anybody may use it.
func (c *checkup) http(ctx context.Context, a *App) {
	l := a.Config.HTTP
	if l.Address == "" {
		return
	}
	if l.CertFile != "" {
		switch leaf, err := certificate(l.CertFile, l.KeyFile); {
		case err != nil:
			c.bad("certificate-bad", "why", err.Error())
		case leaf.NotAfter.Sub(c.now()) < certificateSoon:
			c.warn("certificate-ends", "at", alarm.TimeArg(leaf.NotAfter))
		default:
			c.ok("certificate", "at", alarm.TimeArg(leaf.NotAfter))
		}
	}
	list, err := store.View(ctx, a.Archive, func(r store.Reader) ([]access.Integration, error) { return r.Integrations(ctx) })
	if err != nil {
		c.bad("systems-unread", "why", err.Error())
		return
	}
	used, shut := 0, 0
	for _, i := range list {
		if i.Ended.IsZero() {
			used++
			if i.Organisation == "" && l.Tokens != nil {
				shut++
			}
		}
	}
	switch n := strconv.Itoa(used); {
	case used == 0:
		c.warn("systems-none")
	case shut > 0:
		c.warn("systems-shut", "shut", strconv.Itoa(shut), "n", n)
	default:
		c.ok("systems", "n", n)
	}
}

// keys looks at the keys for encrypted documents. An account without any takes none, which is no fault.
func (c *checkup) keys(cfg *config.Config) {
	folder := sealed.Folder(cfg.HTTP.Keys)
	list, err := folder.All()
	if err != nil {
		c.bad("seal-keys-unread", "why", err.Error())
	}
	for i, k := range list {
		newest := i == 0 || list[i-1].Account != k.Account
		args := []string{"key", k.Name, "account", k.Account, "at", alarm.TimeArg(k.Until())}
		err := folder.Check(k)
		switch {
		case err != nil:
			c.bad("seal-key-bad", append(args, "why", err.Error())...)
		case !slices.ContainsFunc(cfg.Accounts, func(a party.Account) bool { return a.Key == k.Account }):
			c.warn("seal-key-alone", args...)
		case newest && k.Until().Sub(c.now()) < keySoon:
			c.warn("seal-key-ends", args...)
		case newest:
			c.ok("seal-key", args...)
		}
	}
}

// organisations asks Enhetsregisteret, when an account does.
func (c *checkup) organisations(ctx context.Context, cfg *config.Config) {
	if !slices.ContainsFunc(cfg.Accounts, func(a party.Account) bool { return a.AskRegister }) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.part)
	defer cancel()
	r, err := enhetsregisteret.New(cfg.Register)
	if err == nil {
		err = r.Check(ctx)
	}
	if err != nil {
		c.bad("register-bad", "why", err.Error())
		return
	}
	c.ok("register")
}
