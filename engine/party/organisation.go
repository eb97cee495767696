package party

// Organisation is who accounts belong to: a municipality, a county or an agency. Roles in the console are given for it or for an
// account.
type Organisation struct {
	Key      string // lower case, digits and hyphens
	Name     string // as shown
	Number   string // organisasjonsnummer, nine digits
	Accounts []string
}

// AccountsOf are the accounts of each organisation, by its key.
func AccountsOf(list []Organisation) map[string][]string {
	of := map[string][]string{}
	for _, o := range list {
		of[o.Key] = o.Accounts
	}
	return of
}
