package config

import (
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"strings"

	"postgang/engine/intake/door"
	"postgang/engine/maskinporten"
)

// HTTP is the way in over the network.
type HTTP struct {
	Address  string `toml:"address"` // host:port; empty: nothing is taken over the network
	CertFile string `toml:"cert_file"`
	KeyFile  string `toml:"key_file"`
	// Proxies are the addresses, or networks, of proxies that speak TLS for us; what they say of who calls is believed.
	Proxies []string `toml:"proxies"`
	Prefix  string   `toml:"prefix"` // of REST V2 and V3
	// NoTokens: integrations prove themselves by their passwords alone.
	NoTokens    bool   `toml:"no_tokens"`
	TokenIssuer string `toml:"token_issuer"`
	TokenScope  string `toml:"token_scope"`
	// Keys is the folder of the keys that senders encrypt documents for.
	Keys      string `toml:"keys"`
	Uploads   int    `toml:"uploads"`          // of an account at a time; 0: door.DefaultUploads
	PerMinute *int   `toml:"calls_per_minute"` // of an integration; 0: no limit
}

// Listen is the way in over the network as it is to be opened.
type Listen struct {
	Address           string // empty: it is shut
	CertFile, KeyFile string // empty: plain, behind a proxy or on this machine alone
	Proxies           []netip.Prefix
	Prefix            string
	Tokens            *maskinporten.VerifierConfig // nil: passwords alone
	Keys              string                       // the folder, which need not be there; set though the way in is shut
	Uploads           int
	PerMinute         int
}

const (
	defaultPrefix    = "/api"
	defaultKeys      = "nokler/kryptering"
	defaultIssuer    = "https://maskinporten.no/"
	defaultPerMinute = 6000
)

// V3 status words of an account.
const (
	StatusesNew = "nye"   // SENDT_ALTINN, LEVERT_ALTINN
	StatusesOld = "gamle" // VARSLET
)

var prefixForm = regexp.MustCompile(`^(/[a-zA-Z0-9._~-]+)*$`)

var kontoIDForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func (c *checker) http(cfg *Config, h HTTP) {
	l := &cfg.HTTP
	l.Keys = c.abs(orElse(h.Keys, defaultKeys))
	if l.Address = h.Address; h.Address == "" {
		return
	}
	l.CertFile, l.KeyFile, l.Prefix, l.Uploads = c.abs(h.CertFile), c.abs(h.KeyFile), strings.TrimSuffix(orElse(h.Prefix, defaultPrefix), "/"), h.Uploads
	host, _, err := net.SplitHostPort(h.Address)
	if err != nil {
		c.add("http.address", "%q is no host:port, such as \"127.0.0.1:8443\"", filepath.Clean(h.Address))
	}
	l.Proxies = c.proxies("http.proxies", h.Proxies)
	switch ip, err := netip.ParseAddr(host); {
	case (h.CertFile == "") != (h.KeyFile == ""):
		c.add("http.cert_file", "cert_file and key_file belong together")
	case h.CertFile == "" && len(l.Proxies) == 0 && host != "localhost" && (err != nil || !ip.IsLoopback()):
		c.add("http.cert_file", "passwords and letters would cross the network in the open: set cert_file and key_file, or name the proxies that speak TLS in front")
	}
	if !prefixForm.MatchString(l.Prefix) {
		c.add("http.prefix", "must be a path such as \"/api\"")
	}
	if h.Uploads < 0 || h.Uploads > 1000 {
		c.add("http.uploads", "must be 1 to 1000, or 0 for %d", door.DefaultUploads)
	}
	l.PerMinute = defaultPerMinute
	if h.PerMinute != nil {
		if l.PerMinute = *h.PerMinute; l.PerMinute < 0 {
			c.add("http.calls_per_minute", "cannot be below 0; 0 is no limit")
		}
	}
	if h.NoTokens {
		if h.TokenIssuer != "" || h.TokenScope != "" {
			c.add("http.no_tokens", "no_tokens and token_issuer or token_scope exclude each other")
		}
		return
	}
	l.Tokens = &maskinporten.VerifierConfig{Issuer: orElse(h.TokenIssuer, defaultIssuer), Scope: orElse(h.TokenScope, maskinporten.DefaultScope)}
	if err := maskinporten.CheckIssuer(l.Tokens.Issuer); err != nil {
		c.add("http.token_issuer", "%v", err)
	}
}

// ways checks what of an account concerns the way in over the network.
func (c *checker) ways(cfg *Config, key string, a *Account) {
	at := "accounts." + key
	id := strings.ToLower(a.KontoID)
	if id != "" {
		if !kontoIDForm.MatchString(id) {
			c.add(at+".konto_id", "must be a UUID, as SvarUt's kontoId is")
		}
		for other, had := range cfg.KontoIDs {
			if had == id {
				c.add(at+".konto_id", "account %s has it already", other)
			}
		}
		cfg.KontoIDs[key] = id
	}
	switch a.V3Statuses {
	case "", StatusesNew:
	case StatusesOld:
		cfg.OldStatuses[key] = true
	default:
		c.add(at+".v3_statuses", "must be %q or %q", StatusesNew, StatusesOld)
	}
}
