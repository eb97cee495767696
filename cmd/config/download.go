package config

import "postgang/engine/login"

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
	r := &cfg.Download
	r.Login = login.Config{
		Issuer: d.Issuer, ClientID: d.ClientID, PublicURL: c.publicURL("download.public_url", d.PublicURL), PersonClaim: d.PersonClaim, OrganisationsClaim: d.OrganisationsClaim,
		ClientSecret: c.secret("download.client_secret_file", d.ClientSecretFile), Key: c.loginKey("download.key_file", d.KeyFile),
	}
	r.Level, r.HighLevel = orElse(d.Level, defaultLevel), orElse(d.HighLevel, defaultHighLevel)
}
