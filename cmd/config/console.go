package config

import (
	"encoding/base64"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"postgang/engine/console"
	"postgang/engine/login"
)

// Console is the forvaltningsweb, and how people log in to it.
type Console struct {
	Address          string   `toml:"address"` // host:port; empty: there is no console
	CertFile         string   `toml:"cert_file"`
	KeyFile          string   `toml:"key_file"` // of the certificate
	Proxies          []string `toml:"proxies"`  // that speak TLS for us
	PublicURL        string   `toml:"public_url"`
	Issuer           string   `toml:"issuer"`
	ClientID         string   `toml:"client_id"`
	ClientSecretFile string   `toml:"client_secret_file"`
	LoginKeyFile     string   `toml:"login_key_file"` // 32 bytes in base64
	PersonClaim      string   `toml:"person_claim"`
	Level            string   `toml:"level"`          // acr, or AnyLevel
	Administrators   []string `toml:"administrators"` // "ISSUER SUBJECT"
	Contact          string   `toml:"contact"`
}

// AnyLevel is console.level where the provider gives no acr.
const AnyLevel = "any"

// Managing is the console as it is to be opened.
type Managing struct {
	Address           string // empty: there is none
	CertFile, KeyFile string // empty: plain, behind a proxy or on this machine alone
	Login             login.Config
	Level             string // empty: any
	Administrators    []console.Administrator
	Contact           string
}

func (c *checker) console(cfg *Config, f Console) {
	m := &cfg.Console
	if m.Address = f.Address; f.Address == "" {
		return
	}
	host, _, err := net.SplitHostPort(f.Address)
	if err != nil {
		c.add("console.address", "must be host:port, such as \"127.0.0.1:8444\"")
	}
	if cfg.HTTP.Address == f.Address {
		c.add("console.address", "[http] listens there: give the console an address of its own")
	}
	proxied := c.proxies("console.proxies", f.Proxies)
	m.CertFile, m.KeyFile = c.abs(f.CertFile), c.abs(f.KeyFile)
	switch ip, err := netip.ParseAddr(host); {
	case (f.CertFile == "") != (f.KeyFile == ""):
		c.add("console.cert_file", "cert_file and key_file belong together")
	case f.CertFile == "" && len(proxied) == 0 && host != "localhost" && (err != nil || !ip.IsLoopback()):
		c.add("console.cert_file", "people's sessions would cross the network in the open: set cert_file and key_file, or name the proxies that speak TLS in front")
	}
	for name, value := range map[string]string{
		"issuer": f.Issuer, "client_id": f.ClientID, "client_secret_file": f.ClientSecretFile, "login_key_file": f.LoginKeyFile, "public_url": f.PublicURL,
	} {
		if value == "" {
			c.add("console."+name, "is missing")
		}
	}
	if f.Level == "" {
		c.add("console.level", "is missing: the acr that log-ins must have, such as \"idporten-loa-high\", or \"any\" where the provider gives none")
	}
	m.Login = login.Config{
		Issuer: f.Issuer, ClientID: f.ClientID, PersonClaim: f.PersonClaim, PublicURL: c.publicURL("console.public_url", f.PublicURL),
		ClientSecret: c.secret("console.client_secret_file", f.ClientSecretFile), Key: c.loginKey("console.login_key_file", f.LoginKeyFile),
	}
	if m.Level = f.Level; f.Level == AnyLevel {
		m.Level = ""
	}
	for _, text := range f.Administrators {
		a, err := console.ParseAdministrator(text)
		if err != nil {
			c.add("console.administrators", "each %v", err)
			continue
		}
		m.Administrators = append(m.Administrators, a)
	}
	m.Contact = f.Contact
}

// proxies reads addresses and networks.
func (c *checker) proxies(setting string, list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range list {
		prefix, err := netip.ParsePrefix(p)
		if addr, bad := netip.ParseAddr(p); bad == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			c.add(setting, "each must be an address or a network, such as \"10.0.0.5\" or \"10.0.0.0/24\"")
			continue
		}
		out = append(out, prefix)
	}
	return out
}

// publicURL checks the address by which people reach us; without a slash at its end.
func (c *checker) publicURL(setting, text string) string {
	u, err := url.Parse(text)
	local := err == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost")
	if text != "" && (err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.Scheme != "https" && !local) {
		c.add(setting, "must be https:// and a host name, without a path")
	}
	return strings.TrimSuffix(text, "/")
}

// secret reads the secret of a client.
func (c *checker) secret(setting, file string) string {
	if file == "" || noCredential(file) {
		return ""
	}
	text, err := os.ReadFile(c.abs(file))
	if err != nil {
		c.add(setting, "cannot be read: %v", err)
	}
	return strings.TrimSpace(string(text))
}

// loginKey reads the key of log-ins.
func (c *checker) loginKey(setting, file string) []byte {
	if file == "" || noCredential(file) {
		return nil
	}
	text, err := os.ReadFile(c.abs(file))
	key, bad := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	switch {
	case err != nil:
		c.add(setting, "cannot be read: %v. Make it with: openssl rand -base64 32", err)
	case bad != nil || len(key) != 32:
		c.add(setting, "must hold 32 bytes in base64. Make it with: openssl rand -base64 32")
	}
	return key
}
