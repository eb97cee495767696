package config

import (
	"time"

	"postgang/engine/retention"
)

// Retention says how long the content of letters is kept, in days; not given: ten days after the end, 90 at the latest.
type Retention struct {
	Days   *int `toml:"days"`         // after a letter is printed, read, delivered to a digital mailbox or refused; 0 to 365
	AtMost *int `toml:"at_most_days"` // after it was handed in; 1 to 365, no less than days
}

// retention makes the rules of all accounts.
func (c *checker) retention(cfg *Config, f File) {
	cfg.Retention = map[string]retention.Rule{}
	all := c.keeping("retention", f.Retention, retention.DefaultRule())
	for _, key := range sortedKeys(f.Accounts) {
		cfg.Retention[key] = c.keeping("accounts."+key+".retention", f.Accounts[key].Retention, all)
	}
}

// keeping is a rule with what is given instead.
func (c *checker) keeping(at string, r Retention, rule retention.Rule) retention.Rule {
	for _, d := range []struct {
		name  string
		days  *int
		least int
	}{{"days", r.Days, 0}, {"at_most_days", r.AtMost, 1}} {
		switch {
		case d.days == nil:
		case *d.days < d.least || *d.days > retention.LongestDays:
			c.add(at+"."+d.name, "%d is not within %d to %d", *d.days, d.least, retention.LongestDays)
			return rule
		case d.name == "days":
			rule.AfterEnd = time.Duration(*d.days) * retention.Day
		default:
			rule.AtMost = time.Duration(*d.days) * retention.Day
		}
	}
	if rule.AfterEnd > rule.AtMost {
		key := at + ".at_most_days"
		if r.AtMost == nil {
			key = at + ".days"
		}
		c.add(key, "content cannot be kept for %d days after a letter's end and at most %d days after its hand-in", rule.AfterEnd/retention.Day, rule.AtMost/retention.Day)
	}
	return rule
}
