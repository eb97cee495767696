package config

import (
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"time"

	"postgang/engine/nights"
	"postgang/engine/notify"
)

// Alarms says when an alarm is raised that is not a vendor's own, and who is told.
type Alarms struct {
	Name            string        `toml:"name"`             // of this installation, in subjects and bodies
	Every           *Duration     `toml:"every"`            // how often serve looks whether somebody is to be told
	NightWithin     *Duration     `toml:"night_within"`     // a night that takes longer is alarmed
	DeviationsAbove int           `toml:"deviations_above"` // of one vendor in 30 days
	FailuresFrom    int           `toml:"failures_from"`    // of one step of a job in a row
	DiskFreeMB      int           `toml:"disk_free_mb"`     // less is alarmed
	Expected        *bool         `toml:"expected"`         // usual work that has not come is alarmed; default true
	File            *AlarmFile    `toml:"file"`
	Mail            *AlarmMail    `toml:"mail"`
	Webhook         *AlarmWebhook `toml:"webhook"`
}

// AlarmFile appends alarms to a file.
type AlarmFile struct {
	Path  string    `toml:"path"`
	Quiet *Duration `toml:"quiet"`
}

// AlarmMail sends alarms by SMTP.
type AlarmMail struct {
	Host         string    `toml:"host"`
	Port         int       `toml:"port"` // default 587, or 465 with tls = "tls"
	TLS          string    `toml:"tls"`  // "starttls" (default), "tls" or "none"
	User         string    `toml:"user"` // empty: no login
	PasswordEnv  string    `toml:"password_env"`
	PasswordFile string    `toml:"password_file"`
	From         string    `toml:"from"`
	To           []string  `toml:"to"`
	Quiet        *Duration `toml:"quiet"`
}

// AlarmWebhook posts alarms to an address.
type AlarmWebhook struct {
	URL        string    `toml:"url"`
	SecretEnv  string    `toml:"secret_env"` // of the signature
	SecretFile string    `toml:"secret_file"`
	Quiet      *Duration `toml:"quiet"`
}

// Health is the HTTP endpoint of serve.
type Health struct {
	Address     string `toml:"address"`       // host:port; empty: none
	PingURLEnv  string `toml:"ping_url_env"`  // the address of a dead man's switch
	PingURLFile string `toml:"ping_url_file"` // or a file by itself
}

const defaultQuiet = time.Hour

func (c *checker) alarms(cfg *Config, a Alarms) {
	cfg.AlarmsEvery = orDuration(a.Every, 15*time.Second)
	if cfg.AlarmsEvery < time.Second {
		c.add("alarms.every", "%s is less than a second", cfg.AlarmsEvery)
	}
	for name, n := range map[string]int{"deviations_above": a.DeviationsAbove, "failures_from": a.FailuresFrom, "disk_free_mb": a.DiskFreeMB} {
		if n < 0 {
			c.add("alarms."+name, "%d is less than nothing", n)
		}
	}
	cfg.Rules = nights.WatchRules{
		NightWithin: orDuration(a.NightWithin, 0), DeviationsAbove: a.DeviationsAbove, FailuresFrom: a.FailuresFrom, FreeBytesBelow: int64(a.DiskFreeMB) << 20,
		Unexpected: a.Expected != nil && !*a.Expected,
	}
	add := func(name string, quiet *Duration, s notify.Sender) {
		cfg.Alarms = append(cfg.Alarms, notify.Sink{Name: name, Sender: s, Quiet: orDuration(quiet, defaultQuiet)})
	}
	if f := a.File; f != nil {
		if f.Path == "" {
			c.add("alarms.file.path", "is missing: the file that alarms are appended to")
		}
		add("file", f.Quiet, notify.File{Path: c.abs(f.Path)})
	}
	if m := a.Mail; m != nil {
		s := notify.Mail{Host: m.Host, Port: m.Port, TLS: orElse(m.TLS, "starttls"), User: m.User, Password: c.told("alarms.mail.password", m.PasswordEnv, m.PasswordFile), From: m.From, To: m.To, Origin: a.Name}
		if m.Host == "" {
			c.add("alarms.mail.host", "is missing: the SMTP server")
		}
		switch s.TLS {
		case "starttls", "none":
			if s.Port == 0 {
				s.Port = 587
			}
		case "tls":
			if s.Port == 0 {
				s.Port = 465
			}
		default:
			c.add("alarms.mail.tls", "%q is none of starttls, tls, none", m.TLS)
		}
		if s.TLS == "none" && !local(m.Host) {
			c.add("alarms.mail.tls", "\"none\" is only for a server on this machine (localhost); alarms and passwords do not go unencrypted over a network")
		}
		if s.Port < 1 || s.Port > 65535 {
			c.add("alarms.mail.port", "%d is no port", m.Port)
		}
		if (m.User != "") != s.Password.Given() {
			c.add("alarms.mail.user", "user and password_env or password_file belong together: set both or none")
		}
		for at, list := range map[string][]string{"from": {m.From}, "to": m.To} {
			for _, addr := range list {
				if _, err := mail.ParseAddress(addr); err != nil {
					c.add("alarms.mail."+at, "is no e-mail address, such as drift@example.org")
				}
			}
		}
		if len(m.To) == 0 {
			c.add("alarms.mail.to", "is missing: who is told")
		}
		add("mail", m.Quiet, s)
	}
	if w := a.Webhook; w != nil {
		u, err := url.Parse(w.URL)
		if err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local(u.Hostname())) {
			c.add("alarms.webhook.url", "is no address that begins with https:// (or http://localhost)")
		}
		add("webhook", w.Quiet, notify.Webhook{URL: w.URL, Secret: c.told("alarms.webhook.secret", w.SecretEnv, w.SecretFile), Origin: a.Name})
	}
}

// told is a secret of those who are told: in the environment or in a file by itself.
func (c *checker) told(at, env, file string) notify.Secret {
	if env != "" && file != "" {
		c.add(at+"_file", "contradicts %s: give one of them", at+"_env")
	}
	s := notify.Secret{Env: env}
	if file != "" {
		s.File = c.abs(file)
	}
	return s
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *checker) health(cfg *Config, h Health) {
	cfg.Ping.URL = c.told("health.ping_url", h.PingURLEnv, h.PingURLFile)
	if cfg.Health = h.Address; h.Address == "" {
		return
	}
	if _, _, err := net.SplitHostPort(h.Address); err != nil {
		c.add("health.address", "%q is no host:port, such as \"127.0.0.1:8090\"", filepath.Clean(h.Address))
	}
}
