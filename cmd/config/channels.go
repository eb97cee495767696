package config

import (
	"net/url"
	"strings"
	"time"

	"postgang/engine/digital"
	"postgang/engine/digital/krr"
	"postgang/engine/maskinporten"
)

// Maskinporten is how we get access tokens for calls of ours.
type Maskinporten struct {
	Issuer      string `toml:"issuer"`       // with its slash at the end; empty: Digdir's production
	TokenURL    string `toml:"token_url"`    // empty: "token" below the issuer
	ClientID    string `toml:"client_id"`    // of our integration
	Keys        string `toml:"keys"`         // folder of its private keys, *.pem or *.jwk
	ConsumerOrg string `toml:"consumer_org"` // whom we act for as a supplier; empty: ourselves
}

// KRR is the register of contact data and reservations.
type KRR struct {
	BaseURL string    `toml:"base_url"` // "/personer" stands below it; empty: Digdir's production
	Scopes  []string  `toml:"scopes"`
	Timeout *Duration `toml:"timeout"` // of a call
}

const (
	leastTimeout = 100 * time.Millisecond
	mostTimeout  = 30 * time.Second
)

// channels checks what digital channels need that an account has.
func (c *checker) channels(cfg *Config, f File) {
	asks := ""
	for _, key := range sortedKeys(f.Accounts) {
		if f.Accounts[key].KRR && asks == "" {
			asks = "accounts." + key + ".krr"
		}
	}
	krrAsks := asks
	for _, key := range sortedKeys(f.Accounts) {
		if f.Accounts[key].Altinn != nil && asks == "" {
			asks = "accounts." + key + ".altinn"
		}
	}
	for _, name := range sortedKeys(f.DPI) {
		if f.DPI[name].Kind == KindCorner2 && asks == "" {
			asks = "dpi." + name
		}
	}
	m := f.Maskinporten
	if m != (Maskinporten{}) || asks != "" {
		c.client(cfg, m, asks)
	}
	k := &krr.Config{Base: orElse(f.KRR.BaseURL, krr.BaseProduction), Scopes: f.KRR.Scopes, Timeout: orDuration(f.KRR.Timeout, krr.DefaultTimeout)}
	if u, err := url.Parse(k.Base); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
		c.add("krr.base_url", "is no address that begins with https:// (or http://localhost)")
	}
	if k.Timeout < leastTimeout || k.Timeout > mostTimeout {
		c.add("krr.timeout", "must be between %s and %s", leastTimeout, mostTimeout)
	}
	for _, s := range k.Scopes {
		if s == "" || strings.ContainsAny(s, " \t\n") {
			c.add("krr.scopes", "each is one scope, such as %q", krr.ScopeContact)
		}
	}
	if krrAsks != "" {
		cfg.KRR = k
	}
}

// client checks how we get access tokens; asks is the setting of who needs them, or empty.
func (c *checker) client(cfg *Config, m Maskinporten, asks string) {
	out := &maskinporten.ClientConfig{
		Issuer: orElse(m.Issuer, maskinporten.IssuerProduction), TokenURL: m.TokenURL, ClientID: m.ClientID, ConsumerOrg: m.ConsumerOrg,
	}
	if err := maskinporten.CheckIssuer(out.Issuer); err != nil {
		c.add("maskinporten.issuer", "%v", err)
	}
	for name, value := range map[string]string{"client_id": m.ClientID, "keys": m.Keys} {
		if value == "" && asks != "" {
			c.add("maskinporten."+name, "is missing: %s needs access tokens. Register an integration with Digdir (docs/ways-in.md)", asks)
		} else if value == "" {
			c.add("maskinporten."+name, "is missing")
		}
	}
	if m.Keys != "" {
		out.Keys = c.abs(m.Keys)
	}
	if u, err := url.Parse(m.TokenURL); m.TokenURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname()))) {
		c.add("maskinporten.token_url", "is no address that begins with https:// (or http://localhost)")
	}
	if n := m.ConsumerOrg; n != "" && (len(n) != 9 || strings.Trim(n, "0123456789") != "") {
		c.add("maskinporten.consumer_org", "is no organisation number of nine digits")
	}
	cfg.Maskinporten = out
}

// channelsOf are the digital channels that an account has.
func channelsOf(a *Account) []string {
	var names []string
	if a.KRR {
		names = append(names, digital.NameKRR)
	}
	if a.Altinn != nil {
		names = append(names, digital.NameAltinn)
	}
	return names
}
