package main

import (
	"slices"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/intake/sealed"
)

// keySoon is how long before its end a certificate for encrypted documents is warned of: senders have to change theirs.
const keySoon = 60 * 24 * time.Hour

// keys looks at the keys for encrypted documents. An account without any takes none, which is no fault.
func (c *checkup) keys(cfg *config.Config) {
	folder := sealed.Folder(cfg.HTTP.Keys)
	list, err := folder.All()
	if err != nil {
		c.bad("keys", "restore them from a backup, or end them with \"postgang key end\"", "keys for encrypted documents cannot be read: %v", err)
	}
	configured := accountKeys(cfg)
	for i, k := range list {
		name := "key " + k.Name
		newest := i == 0 || list[i-1].Account != k.Account
		err := folder.Check(k)
		switch {
		case err != nil:
			c.bad(name, "let the user that runs postgang, and nobody else, read its file (chmod 600), or restore it from a backup", "%v", err)
		case !slices.Contains(configured, k.Account):
			c.warn(name, "end it with \"postgang key end\", or move its files elsewhere", "there is no account %s", k.Account)
		case newest && time.Until(k.Until()) < keySoon:
			c.warn(name, "postgang key rotate "+k.Account+", and give senders the new certificate", "senders are given it, and it is valid until %s only", cli.When(k.Until()))
		case newest:
			c.ok(name, "senders are given it; valid until %s", cli.When(k.Until()))
		}
	}
}
