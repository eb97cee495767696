package config

import (
	"strings"

	"postgang/engine/access"
	"postgang/engine/identity"
	"postgang/engine/party"
)

// Organisation is who accounts belong to.
type Organisation struct {
	Name     string   `toml:"name"`
	Number   string   `toml:"number"` // organisasjonsnummer
	Accounts []string `toml:"accounts"`
}

// organisations checks that each has its own number and accounts: an account of two would be seen by the people of both.
func (c *checker) organisations(cfg *Config, f File) {
	numbers, owners := map[string]string{}, map[string]string{}
	for _, key := range sortedKeys(f.Organisations) {
		at, o := "organisations."+key, f.Organisations[key]
		if !keyPattern.MatchString(key) {
			c.add(at, "an organisation's key has lower-case letters, digits and hyphens only")
		}
		number := identity.StripSpaces(o.Number)
		switch {
		case number == "":
			c.add(at+".number", "is missing: the organisasjonsnummer, such as \"974760673\"")
		case !access.IsOrganisation(number):
			c.add(at+".number", "is no organisasjonsnummer: 9 digits, the last of which checks the others")
		case numbers[number] != "":
			c.add(at+".number", "organisation %s has it already", numbers[number])
		default:
			numbers[number] = key
		}
		if len(o.Accounts) == 0 {
			c.add(at+".accounts", "is missing: the keys of its accounts, which are: %s", strings.Join(sortedKeys(f.Accounts), ", "))
		}
		for _, a := range o.Accounts {
			switch {
			case f.Accounts[a] == nil:
				c.add(at+".accounts", "no such account %q; there are: %s", a, strings.Join(sortedKeys(f.Accounts), ", "))
			case owners[a] != "":
				c.add(at+".accounts", "the account %s is listed for organisation %s already", a, owners[a])
			default:
				owners[a] = key
			}
		}
		cfg.Organisations = append(cfg.Organisations, party.Organisation{Key: key, Name: orElse(o.Name, key), Number: number, Accounts: o.Accounts})
	}
}
