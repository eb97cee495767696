package config

import (
	"strings"
	"testing"

	"postgang/engine/digital"
)

// TestAltinnAndReceiptsAreChecked: what sending through Altinn lacks is told, and nothing is asked of who does not send.
func TestAltinnAndReceiptsAreChecked(t *testing.T) {
	t.Parallel()
	check := func(f File) (*Config, string) {
		c, cfg := &checker{}, &Config{}
		c.altinn(cfg, f)
		c.dpi(cfg, f)
		var all []string
		for _, p := range c.problems {
			all = append(all, p.Key)
		}
		return cfg, strings.Join(all, " ")
	}
	if cfg, faults := check(File{Accounts: map[string]*Account{"a": {}}}); cfg.Altinn != nil || faults != "" {
		t.Error(faults)
	}
	good := &AltinnAccount{Resource: "brev", Level4: "brev-4", Body: "Du har fått brev."}
	cfg, faults := check(File{
		HTTP:     HTTP{Address: "127.0.0.1:0"},
		Altinn:   Altinn{KeyEnv: "KEY", EventsURL: "https://post.example.no/altinn", EventsEnv: "STI"},
		Accounts: map[string]*Account{"a": {Altinn: good}, "b": {Altinn: good}},
		DPI:      map[string]*DPI{"efm": {Kind: KindEFormidling, Address: "http://integrasjonspunkt:9093"}},
	})
	if faults != "" || len(cfg.Altinn.Resources) != 2 || len(cfg.Altinn.Accounts) != 2 || cfg.DPI[0].Name != digital.NameDPI+"-efm" {
		t.Error(faults, cfg.Altinn)
	}
	_, faults = check(File{
		Altinn:   Altinn{EventsURL: "http://post.example.no"},
		Accounts: map[string]*Account{"a": {Altinn: &AltinnAccount{SMS: "x"}}},
		DPI:      map[string]*DPI{"Efm": {}},
	})
	for _, address := range []string{"https://post.example.no", "https://post.example.no/", "https://post.example.no/a/../b", "https://post.example.no/altinn"} {
		_, faults := check(File{Altinn: Altinn{KeyEnv: "KEY", EventsURL: address, EventsEnv: "STI"}, Accounts: map[string]*Account{"a": {Altinn: good}}})
		if faults != "altinn.events_url" { // no path of its own; of the last, no [http]
			t.Errorf("%s: %s", address, faults)
		}
	}
	for _, at := range []string{"/api", "/api/hendelser", "/tjenester", "/les/x", "/logg-inn"} {
		if other := served("/api", at); other == "" {
			t.Errorf("%s is taken to be free", at)
		}
	}
	if other := served("", "/altinn") + served("/api", "/apiary"); other != "" {
		t.Errorf("%s is taken not to be free", other)
	}
	for _, want := range []string{"accounts.a.altinn.resource", "accounts.a.altinn.body", "altinn.subscription_key_env", "altinn.events_url", "altinn.events_secret_env", "dpi.Efm", "dpi.Efm.kind", "dpi.Efm.address"} {
		if !strings.Contains(faults, want) {
			t.Errorf("%s is not told of: %s", want, faults)
		}
	}
}
