package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"postgang/cmd/config"
	"postgang/engine/intake/sealed"
	"postgang/engine/party"
	"postgang/printjobs/exchange"
)

// TestKeysOfAccounts: the console is told which keys an account's letters go by and when they end, and nothing of other accounts.
func TestKeysOfAccounts(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	folder := sealed.Folder(filepath.Join(dir, "nokler"))
	for _, account := range []string{"skole", "helse"} {
		if _, err := folder.Make(account, now); err != nil {
			t.Fatal(err)
		}
	}
	ssh := filepath.Join(dir, "postgang")
	if err := os.WriteFile(ssh, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{
		Accounts: []party.Account{{Key: "skole"}, {Key: "helse"}},
		Vendors:  []party.Vendor{{Key: "trykk", Name: "Trykkeriet", Target: exchange.Target{KeyFile: ssh}}, {Key: "her", Manual: true, Target: exchange.Target{KeyFile: ssh}}},
	}
	cfg.HTTP.Keys = string(folder)
	d := doctor{&App{Config: cfg, Now: time.Now}}
	got := d.Keys("skole", "trykk")
	if len(got) != 2 || got[0].Use != "Krypterte dokumenter" || got[0].Unusable || !got[0].Until.After(now) || got[1].Use != "Server hos Trykkeriet" || got[1].Name != "postgang" || !got[1].Unusable {
		t.Errorf("%+v", got)
	}
	if got := d.Keys("helse", "her"); len(got) != 1 || sealed.AccountOf(got[0].Name) != "helse" {
		t.Errorf("printed here: %+v", got)
	}
	key, err := folder.Newest("skole")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(string(folder), key.Name+".key"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := d.Keys("skole", "her"); len(got) != 1 || !got[0].Unusable {
		t.Errorf("a key that others can read: %+v", got)
	}
}
