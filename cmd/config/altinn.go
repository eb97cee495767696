package config

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/dpi"
	"postgang/engine/download"
	"postgang/engine/intake/door"
	"postgang/engine/intake/restv1"
	"postgang/engine/intake/soap"
	"postgang/engine/login"
	"postgang/engine/notify"
	"postgang/engine/party"
)

// Altinn is Altinn 3 Correspondence, for the accounts that send through it.
type Altinn struct {
	Address   string `toml:"address"` // empty: production
	KeyEnv    string `toml:"subscription_key_env"`
	KeyFile   string `toml:"subscription_key_file"`
	EventsURL string `toml:"events_url"` // where Altinn reaches our webhook, without its secret end; empty: letters are only asked about
	// The secret end of the webhook's address.
	EventsEnv  string `toml:"events_secret_env"`
	EventsFile string `toml:"events_secret_file"`
}

// AltinnAccount is how an account sends through Altinn, and what Altinn writes for it.
type AltinnAccount struct {
	Resource    string `toml:"resource"`
	Level4      string `toml:"level4_resource"`
	Sender      string `toml:"sender"`
	Summary     string `toml:"summary"`
	Body        string `toml:"body"`
	MailSubject string `toml:"mail_subject"`
	MailBody    string `toml:"mail_body"`
	SMS         string `toml:"sms"`
	Silent      bool   `toml:"no_notification"`
}

// DPI is where receipts of digital mailboxes come from.
type DPI struct {
	Kind    string `toml:"kind"` // KindCorner2 or KindEFormidling
	Address string `toml:"address"`
	Channel string `toml:"kanal"`
	Sender  string `toml:"avsenderidentifikator"`
}

// Kinds of sources of receipts.
const (
	KindCorner2     = "corner2"
	KindEFormidling = "eformidling"
)

// AltinnSettings is Altinn as it is to be used; nil: no account sends through it.
type AltinnSettings struct {
	Base         string
	Key          notify.Secret
	EventsURL    string // empty: no webhook
	EventsPath   string // its path, without a slash at the end
	EventsSecret notify.Secret
	Accounts     map[string]digital.AltinnAccount
	Resources    []string // all that letters may be sent under
}

// DPISource is a source of receipts of digital mailboxes.
type DPISource struct {
	Name, Kind string
	Config     dpi.Config // without a token
}

// served is the path of [http] that another one is, lies below or lies above; empty: none.
func served(prefix, at string) string {
	for _, other := range slices.Concat(restv1.Bases, []string{prefix, soap.Base, door.PublicKeyPath, "/tjenester" + door.PublicKeyPath, download.Path, login.Path}) {
		if other != "" && (strings.HasPrefix(at+"/", other+"/") || strings.HasPrefix(other+"/", at+"/")) {
			return other
		}
	}
	return ""
}

// notice is what recipients read of an account's letters; nil: it does not send through Altinn.
func (a *AltinnAccount) notice() *party.Notice {
	if a == nil {
		return nil
	}
	return &party.Notice{Sender: a.Sender, Summary: a.Summary, Body: a.Body, MailSubject: a.MailSubject, MailBody: a.MailBody, SMS: a.SMS}
}

// altinn checks how accounts send through Altinn.
func (c *checker) altinn(cfg *Config, f File) {
	s := &AltinnSettings{Base: orElse(f.Altinn.Address, altinn.Production), EventsURL: f.Altinn.EventsURL, Accounts: map[string]digital.AltinnAccount{}}
	secret := func(at, env, file string) notify.Secret {
		if (env == "") == (file == "") {
			c.add(at+"_env", "give one of %s_env and %s_file", at, at)
		}
		s := notify.Secret{Env: env}
		if file != "" {
			s.File = c.abs(file)
		}
		return s
	}
	seen := map[string]bool{}
	for _, key := range sortedKeys(f.Accounts) {
		a := f.Accounts[key].Altinn
		if a == nil {
			continue
		}
		at := "accounts." + key + ".altinn"
		if a.Resource == "" {
			c.add(at+".resource", "is missing: the id of the service in Altinn's register of resources")
		}
		out := digital.AltinnAccount{Resource: a.Resource, SecureResource: a.Level4, Silent: a.Silent, Text: altinn.Text(*a.notice())}
		if err := out.Text.Check(); err != nil {
			c.add(at+".body", "%v", err)
		}
		s.Accounts[key] = out
		for _, r := range []string{a.Resource, a.Level4} {
			if r != "" && !seen[r] {
				seen[r] = true
				s.Resources = append(s.Resources, r)
			}
		}
	}
	if len(s.Accounts) == 0 {
		return
	}
	s.Key = secret("altinn.subscription_key", f.Altinn.KeyEnv, f.Altinn.KeyFile)
	if s.EventsURL != "" {
		if u, err := url.Parse(s.EventsURL); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
			c.add("altinn.events_url", "is no address that begins with https://")
		} else if s.EventsPath = strings.TrimRight(u.Path, "/"); s.EventsPath == "" || s.EventsPath != path.Clean(s.EventsPath) || strings.ContainsAny(s.EventsPath, "{}") {
			c.add("altinn.events_url", "must have a path of its own, such as https://post.example.no/altinn")
		} else if f.HTTP.Address == "" {
			c.add("altinn.events_url", "needs [http], which takes the events")
		} else if other := served(cfg.HTTP.Prefix, s.EventsPath); other != "" {
			c.add("altinn.events_url", "must have a path of its own: %s is served already", other)
		}
		s.EventsSecret = secret("altinn.events_secret", f.Altinn.EventsEnv, f.Altinn.EventsFile)
	}
	cfg.Altinn = s
}

// dpi checks the sources of receipts.
func (c *checker) dpi(cfg *Config, f File) {
	for _, name := range sortedKeys(f.DPI) {
		d, at := f.DPI[name], "dpi."+name
		s := DPISource{Name: digital.NameDPI + "-" + name, Kind: d.Kind, Config: dpi.Config{Base: d.Address, Channel: d.Channel, Sender: d.Sender}}
		if !keyPattern.MatchString(name) {
			c.add(at, "its name has lower-case letters, digits and hyphens only")
		}
		if d.Kind != KindCorner2 && d.Kind != KindEFormidling {
			c.add(at+".kind", "must be %q or %q", KindCorner2, KindEFormidling)
		}
		if d.Address == "" {
			c.add(at+".address", "is missing")
		}
		cfg.DPI = append(cfg.DPI, s)
	}
}
