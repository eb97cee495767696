package config

import (
	"strings"
	"testing"

	"postgang/engine/retention"
)

const keeper = `[vendors.v]
kind = "manuell"
[accounts.a]
vendor = "v"
[accounts.a.sender]
name = "Bergvik kommune"
postcode = "0150"
city = "Oslo"
`

// TestRetention: an account keeps what it says, else what all keep, else ten days and three months.
func TestRetention(t *testing.T) {
	t.Parallel()
	for add, want := range map[string]retention.Rule{
		"": retention.DefaultRule(),
		"[retention]\ndays = 0\nat_most_days = 30":                        {AfterEnd: 0, AtMost: 30 * retention.Day},
		"[retention]\ndays = 20\n[accounts.a.retention]\ndays = 60":       {AfterEnd: 60 * retention.Day, AtMost: 90 * retention.Day},
		"[retention]\ndays = 20\n[accounts.a.retention]\nat_most_days=20": {AfterEnd: 20 * retention.Day, AtMost: 20 * retention.Day},
	} {
		cfg, err := Parse("postgang.toml", []byte(keeper+add))
		if err != nil || cfg.Retention["a"] != want {
			t.Errorf("%q: %v, want %v (%v)", add, cfg.Retention["a"], want, err)
		}
	}
	for add, want := range map[string]string{
		"[retention]\ndays = -1":                "not within 0 to 365",
		"[retention]\nat_most_days = 0":         "not within 1 to 365",
		"[retention]\nat_most_days = 400":       "not within 1 to 365",
		"[accounts.a.retention]\ndays = 100":    "at most 90 days",
		"[retention]\nat_most_days = 5":         "kept for 10 days",
		"[schedule]\nretention = \"hver natt\"": "no cron expression",
	} {
		if _, err := Parse("postgang.toml", []byte(keeper+add)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", add, err)
		}
	}
}
