package config

import (
	"encoding/base64"
	"net/url"
	"os"
	"strings"

	"postgang/engine/login"
)

// Download is the page on which recipients open their letters, and their log-in.
type Download struct {
	Issuer             string `toml:"issuer"` // of the log-in provider; empty: there is no page
	ClientID           string `toml:"client_id"`
	ClientSecretFile   string `toml:"client_secret_file"`
	KeyFile            string `toml:"key_file"`   // 32 bytes in base64
	PublicURL          string `toml:"public_url"` // as recipients reach [http] address
	PersonClaim        string `toml:"person_claim"`
	OrganisationsClaim string `toml:"organisations_claim"`
	Level              string `toml:"level"`
	HighLevel          string `toml:"high_level"`
}

// Reading is the page as it is to be opened.
type Reading struct {
	Login            login.Config // without clock; Issuer empty: there is no page
	Level, HighLevel string
}

const (
	defaultLevel     = "idporten-loa-substantial"
	defaultHighLevel = "idporten-loa-high"
)

func (c *checker) download(cfg *Config, d Download) {
	if d.Issuer == "" {
		return
	}
	if cfg.HTTP.Address == "" {
		c.add("download.issuer", "recipients open letters at [http] address, which is not set")
	}
	for name, value := range map[string]string{"client_id": d.ClientID, "client_secret_file": d.ClientSecretFile, "key_file": d.KeyFile, "public_url": d.PublicURL} {
		if value == "" {
			c.add("download."+name, "is missing")
		}
	}
	u, err := url.Parse(d.PublicURL)
	local := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
	if d.PublicURL != "" && (err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.Scheme != "https" && !local) {
		c.add("download.public_url", "must be https:// and a host name, without a path")
	}
	r := &cfg.Download
	r.Login = login.Config{
		Issuer: d.Issuer, ClientID: d.ClientID, PublicURL: strings.TrimSuffix(d.PublicURL, "/"), PersonClaim: d.PersonClaim, OrganisationsClaim: d.OrganisationsClaim,
	}
	r.Level, r.HighLevel = orElse(d.Level, defaultLevel), orElse(d.HighLevel, defaultHighLevel)
	if d.ClientSecretFile != "" {
		secret, err := os.ReadFile(c.abs(d.ClientSecretFile))
		if err != nil {
			c.add("download.client_secret_file", "cannot be read: %v", err)
		}
		r.Login.ClientSecret = strings.TrimSpace(string(secret))
	}
	if d.KeyFile != "" {
		text, err := os.ReadFile(c.abs(d.KeyFile))
		key, bad := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
		switch {
		case err != nil:
			c.add("download.key_file", "cannot be read: %v. Make it with: openssl rand -base64 32", err)
		case bad != nil || len(key) != 32:
			c.add("download.key_file", "must hold 32 bytes in base64. Make it with: openssl rand -base64 32")
		}
		r.Login.Key = key
	}
}
