package access

import (
	"slices"
	"time"
)

// Role (rolle) is what a person is to the console. Roles add up.
type Role string

// The roles. They stand in the archive and in the configuration: never rename one.
const (
	RoleReader        Role = "leser"         // sees status, history and numbers, and no personal data
	RoleInsight       Role = "innsyn"        // sees recipients, titles and pages too, which is logged
	RoleCaseWorker    Role = "saksbehandler" // sees all of a letter, stops and releases it
	RoleSender        Role = "avsender"      // sends a letter by hand, and nothing else
	RolePrinter       Role = "utskrift"      // prints what the vendor does not
	RoleFinance       Role = "okonomi"       // receipts, invoices, deviations and months
	RoleOperator      Role = "operator"      // nights, jobs and alarms
	RoleAdministrator Role = "administrator" // configuration and who may what
	RoleAuditor       Role = "revisor"       // reads the logs
)

// Action is something that a role permits.
type Action string

// The actions.
const (
	See           Action = "see"            // status, history, numbers
	Reveal        Action = "reveal"         // innsyn: recipient, title, pages
	Stop          Action = "stop"           // stop, release, approve, prepare anew, correct an address
	Send          Action = "send"           // send a letter by hand
	PrintManually Action = "print-manually" // fetch and confirm letters of the manual queue
	Operate       Action = "operate"        // nights, jobs, alarms
	SeeMoney      Action = "see-money"
	HandleMoney   Action = "handle-money" // receipts, invoices, deviations, codes, months
	SeeSettings   Action = "see-settings"
	Configure     Action = "configure"
	SeeRoles      Action = "see-roles"
	GiveRoles     Action = "give-roles"
	SeeLogs       Action = "see-logs"
)

// Permits is the matrix: what each role permits.
var Permits = map[Role][]Action{
	RoleReader:        {See},
	RoleInsight:       {See, Reveal},
	RoleCaseWorker:    {See, Reveal, Stop},
	RoleSender:        {Send},
	RolePrinter:       {PrintManually},
	RoleFinance:       {See, SeeMoney, HandleMoney},
	RoleOperator:      {See, Stop, Operate, SeeMoney, SeeSettings},
	RoleAdministrator: {See, SeeSettings, Configure, SeeRoles, GiveRoles},
	RoleAuditor:       {See, SeeMoney, SeeSettings, SeeRoles, SeeLogs},
}

// Valid reports whether r is a role.
func (r Role) Valid() bool { return Permits[r] != nil }

// Permits reports whether a role permits an action.
func (r Role) Permits(a Action) bool { return slices.Contains(Permits[r], a) }

// Grant is a role that a person has somewhere: for an account, for an organisation with its accounts, or, with both empty, for all.
type Grant struct {
	Role         Role
	Organisation string // key of [organisations.KEY]
	Account      string // key of an account
}

// Person is somebody who may log in to the console.
type Person struct {
	ID   string // UUID
	Name string // as colleagues know the person
	// Issuer and Subject are who the provider says it is; empty until the first log-in of somebody who was invited by number.
	Issuer, Subject string
	Number          string // keyed hash of the fødselsnummer; empty: the provider tells none
	// Login is the person's log-in name on the machine where the command line is used, so that who acts here and there is known for
	// one person; empty: none is known.
	Login     string
	Grants    []Grant
	Created   time.Time
	LastLogin time.Time // zero: never
	Ended     time.Time // zero: may log in
}

// String is the person's id: the name is for pages and not for logs.
func (p Person) String() string { return p.ID }

// Scope is where something is permitted.
type Scope struct {
	All      bool
	Accounts []string // sorted; of no meaning with All
}

// Has reports whether an account is within the scope.
func (s Scope) Has(account string) bool { return s.All || slices.Contains(s.Accounts, account) }

// Empty reports whether nothing is within the scope.
func (s Scope) Empty() bool { return !s.All && len(s.Accounts) == 0 }

// Where is the scope within which grants permit an action. organisations are the accounts of each organisation.
func Where(grants []Grant, a Action, organisations map[string][]string) Scope {
	var s Scope
	for _, g := range grants {
		switch {
		case !g.Role.Permits(a):
		case g.Account != "":
			s.Accounts = append(s.Accounts, g.Account)
		case g.Organisation != "":
			s.Accounts = append(s.Accounts, organisations[g.Organisation]...)
		default:
			s.All = true
		}
	}
	slices.Sort(s.Accounts)
	s.Accounts = slices.Compact(s.Accounts)
	return s
}
