package config

import (
	"net/mail"

	"postgang/engine/notify"
)

// Morning says who is told in the morning how it went, by [schedule] morning.
type Morning struct {
	MailTo  []string `toml:"mail_to"` // by the server of [alarms.mail]
	Webhook bool     `toml:"webhook"` // posted to that of [alarms.webhook]
}

func (c *checker) morning(cfg *Config, m Morning) {
	for _, addr := range m.MailTo {
		if _, err := mail.ParseAddress(addr); err != nil {
			c.add("morning.mail_to", "is no e-mail address, such as drift@example.org")
		}
	}
	cfg.MorningMailTo = m.MailTo
	for _, s := range cfg.Alarms {
		switch sender := s.Sender.(type) {
		case notify.Mail:
			cfg.MorningMail = &sender
		case notify.Webhook:
			cfg.MorningWebhook = &sender
		}
	}
	if len(m.MailTo) > 0 && cfg.MorningMail == nil {
		c.add("morning.mail_to", "needs a server to send through: set [alarms.mail]")
	}
	if m.Webhook && cfg.MorningWebhook == nil {
		c.add("morning.webhook", "needs an address: set [alarms.webhook]")
	}
	if !m.Webhook {
		cfg.MorningWebhook = nil
	}
}
