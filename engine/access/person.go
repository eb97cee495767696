package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"postgang/engine/identity"
)

// Why a person may not do something with roles.
var (
	// ErrOwn: nobody gives or takes his own roles, nor ends himself.
	ErrOwn = errors.New("nobody gives or takes his own roles")
	// ErrOutside: the role is for more than the giver administers.
	ErrOutside = errors.New("the role is for more than you administer")
	// ErrHeld: the person has the role there already.
	ErrHeld = errors.New("the person has this role there already")
	// ErrNotHeld: the person does not have the role there.
	ErrNotHeld = errors.New("the person does not have this role there")
	// ErrEnded: the person is ended, for good.
	ErrEnded = errors.New("the person is ended; invite anew")
	// ErrIntegrationEnded: the integration is ended, for good.
	ErrIntegrationEnded = errors.New("the integration is ended; make a new one")
)

// Roles are all roles, in the order of the matrix.
func Roles() []Role {
	return []Role{RoleReader, RoleInsight, RoleCaseWorker, RoleSender, RolePrinter, RoleFinance, RoleOperator, RoleAdministrator, RoleAuditor}
}

// ForAll reports whether a person may have the role for all accounts at once. The roles that deal with letters and money are given for
// an organisation or an account, so that those of one municipality do not see the letters of another.
func (r Role) ForAll() bool {
	return r == RoleOperator || r == RoleAdministrator || r == RoleAuditor
}

// String is the grant as people read it: "saksbehandler for account skole", "revisor for all".
func (g Grant) String() string {
	switch {
	case g.Account != "":
		return string(g.Role) + " for account " + g.Account
	case g.Organisation != "":
		return string(g.Role) + " for organisation " + g.Organisation
	}
	return string(g.Role) + " for all"
}

// Check is an error that says why nobody can have such a grant; nil: somebody can. organisations are the accounts of each
// organisation, accounts all that are configured.
func (g Grant) Check(organisations map[string][]string, accounts []string) error {
	switch {
	case !g.Role.Valid():
		return fmt.Errorf("%q is no role", g.Role)
	case g.Organisation != "" && g.Account != "":
		return errors.New("a role is for an organisation or for an account, not for both")
	case g.Account != "":
		return ValidAccounts([]string{g.Account}, accounts)
	case g.Organisation != "":
		if _, ok := organisations[g.Organisation]; !ok {
			return fmt.Errorf("organisation %q is not configured", g.Organisation)
		}
	case !g.Role.ForAll():
		return fmt.Errorf("the role %s is for an organisation or an account, not for all", g.Role)
	}
	return nil
}

const longestName = 100 // characters

// NewPerson makes a person without roles, who is known by what the provider says (issuer and subject), or is invited by the keyed hash
// of a fødselsnummer until the first log-in, or both.
func NewPerson(name, issuer, subject, number string, now time.Time) (Person, error) {
	name = strings.TrimSpace(name)
	switch {
	case name == "" || utf8.RuneCountInString(name) > longestName || !identity.Legible(name) || len(identity.FindNationalIDs(name)) > 0:
		return Person{}, fmt.Errorf("the name must have 1 to %d characters on one line, and no fødselsnummer", longestName)
	case (issuer == "") != (subject == ""):
		return Person{}, errors.New("issuer and subject belong together: the subject is the issuer's id of the person")
	case issuer == "" && number == "":
		return Person{}, errors.New("say who the person is: issuer and subject, or the fødselsnummer")
	case len(identity.FindNationalIDs(subject)) > 0:
		return Person{}, errors.New("the subject holds a fødselsnummer: invite by number instead, which is kept as a hash")
	case !bounded(issuer) || !bounded(subject) || number != "" && !hashForm.MatchString(number):
		return Person{}, errors.New("issuer and subject must be one line of at most 255 characters, and the number a hash")
	}
	return Person{ID: uuid.NewString(), Name: name, Issuer: issuer, Subject: subject, Number: number, Created: now}, nil
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func bounded(s string) bool { return len(s) <= 255 && identity.Legible(s) }

// Bind is the person at the first log-in after an invitation by number: from now on issuer and subject say who it is. It changes
// nothing for a person who is bound already.
func (p Person) Bind(issuer, subject string) (Person, error) {
	switch {
	case !p.Ended.IsZero():
		return p, ErrEnded
	case p.Issuer == issuer && p.Subject == subject:
		return p, nil
	case p.Subject != "" || issuer == "" || subject == "":
		return p, errors.New("the person is known by another issuer or subject")
	}
	p.Issuer, p.Subject = issuer, subject
	return p, nil
}

const longestLogin = 64 // characters

// Tied is the person with a log-in name of the command line, in place of any before; empty: without one.
func (p Person) Tied(login string) (Person, error) {
	switch {
	case !p.Ended.IsZero():
		return p, ErrEnded
	case len(login) > longestLogin || !identity.Legible(login) || strings.ContainsAny(login, "/ \t") || len(identity.FindNationalIDs(login)) > 0:
		return p, fmt.Errorf("a log-in name has at most %d characters, without blanks and slashes", longestLogin)
	}
	p.Login = login
	return p, nil
}

// Giver is who gives and takes roles.
type Giver struct {
	// Person is the giver in the console; empty: whoever may use the command line, who may do everything, for emergencies.
	Person string
	Grants []Grant // of the person
}

// may is an error that says why the giver may not give or take a grant of somebody; nil: it may.
func (w Giver) may(to Person, g Grant, organisations map[string][]string) error {
	if w.Person == "" {
		return nil
	}
	if w.Person == to.ID {
		return ErrOwn
	}
	scope := Where(w.Grants, GiveRoles, organisations)
	switch {
	case scope.All:
		return nil
	case g.Account != "" && scope.Has(g.Account):
		return nil
	case g.Organisation != "" && g.Account == "":
		// Who administers all accounts of an organisation does not administer those that it gets later.
		for _, own := range w.Grants {
			if own.Role.Permits(GiveRoles) && own.Organisation == g.Organisation && own.Account == "" {
				return nil
			}
		}
	}
	return ErrOutside
}

// Invite is nil when the giver may add a person: an administrator of anything may, and gives roles within that.
func (w Giver) Invite(organisations map[string][]string) error {
	if w.Person != "" && Where(w.Grants, GiveRoles, organisations).Empty() {
		return ErrOutside
	}
	return nil
}

// Integration is nil when the giver may make, change and end an integration that may send from these accounts: who configures all of
// them may.
func (w Giver) Integration(accounts []string, organisations map[string][]string) error {
	if w.Person == "" {
		return nil
	}
	scope := Where(w.Grants, Configure, organisations)
	for _, a := range accounts {
		if !scope.Has(a) {
			return ErrOutside
		}
	}
	if scope.Empty() {
		return ErrOutside
	}
	return nil
}

// EndSessions is nil when the giver may end the sessions of a person: one's own, and those of who has a role that the giver
// administers, whatever others.
func (w Giver) EndSessions(p Person, grants []Grant, organisations map[string][]string) error {
	if w.Person == "" || w.Person == p.ID {
		return nil
	}
	if len(grants) == 0 {
		return w.Invite(organisations)
	}
	for _, g := range grants {
		if w.may(p, g, organisations) == nil {
			return nil
		}
	}
	return ErrOutside
}

// Give is the person with one more role.
func (w Giver) Give(p Person, g Grant, organisations map[string][]string) (Person, error) {
	if !p.Ended.IsZero() {
		return p, ErrEnded
	}
	if err := w.may(p, g, organisations); err != nil {
		return p, err
	}
	if slices.Contains(p.Grants, g) {
		return p, ErrHeld
	}
	p.Grants = append(slices.Clone(p.Grants), g)
	return p, nil
}

// Take is the person with one role less. A role for what is no longer configured can be taken too.
func (w Giver) Take(p Person, g Grant, organisations map[string][]string) (Person, error) {
	if !p.Ended.IsZero() {
		return p, ErrEnded
	}
	if err := w.may(p, g, organisations); err != nil {
		return p, err
	}
	at := slices.Index(p.Grants, g)
	if at < 0 {
		return p, ErrNotHeld
	}
	p.Grants = slices.Delete(slices.Clone(p.Grants), at, at+1)
	return p, nil
}

// End is the person who can log in no longer, for good. The roles stay, so that the log says what they were. The giver must administer
// all of them.
func (w Giver) End(p Person, now time.Time, organisations map[string][]string) (Person, error) {
	if !p.Ended.IsZero() {
		return p, ErrEnded
	}
	if w.Person == p.ID {
		return p, ErrOwn
	}
	if err := w.Invite(organisations); err != nil {
		return p, err
	}
	for _, g := range p.Grants {
		if err := w.may(p, g, organisations); err != nil {
			return p, err
		}
	}
	p.Ended = now
	return p, nil
}

// state is a person as the log of changes keeps it.
type state struct {
	Name    string       `json:"name"`
	Issuer  string       `json:"issuer,omitempty"`
	Subject string       `json:"subject,omitempty"`
	Number  string       `json:"number,omitempty"` // the beginning of the hash: enough to see that it is another one
	Login   string       `json:"login,omitempty"`
	Grants  []stateGrant `json:"grants"`
	Ended   bool         `json:"ended,omitempty"`
	// SessionsEnded is how many sessions of the person were ended by another; of the state after alone.
	SessionsEnded int `json:"sessions_ended,omitempty"`
}

type stateGrant struct {
	Role         Role   `json:"role"`
	Organisation string `json:"organisation,omitempty"`
	Account      string `json:"account,omitempty"`
}

const numberShown = 8 // hex digits of a number's hash

// State is a person as the log of changes keeps it: JSON with names in snake_case, the same person always in the same bytes.
func (p Person) State() (string, error) { return p.StateWithout(0) }

// StateWithout is the State of a person of whom so many sessions were ended.
func (p Person) StateWithout(sessions int) (string, error) {
	s := state{
		Name: p.Name, Issuer: p.Issuer, Subject: p.Subject, Number: p.Number[:min(numberShown, len(p.Number))], Login: p.Login, Grants: []stateGrant{}, Ended: !p.Ended.IsZero(),
		SessionsEnded: sessions,
	}
	for _, g := range Sorted(p.Grants) {
		s.Grants = append(s.Grants, stateGrant(g))
	}
	b, err := json.Marshal(s)
	return string(b), err
}

// Difference is what a change of a person or an integration changed.
type Difference struct {
	New     bool // the person or integration was not there
	Renamed bool
	Bound   bool // issuer and subject of a person became known, or others
	Ended   bool
	Given   []Grant
	Taken   []Grant
	Tied    bool // the log-in name of a person is another
	// SessionsEnded is how many sessions of a person were ended.
	SessionsEnded int
	// Rotated: an integration has a new password, and the one before is taken until FormerUntil; zero: no longer.
	Rotated     bool
	FormerUntil time.Time
	// Organisation: the organisasjonsnummer of an integration's tokens is another.
	Organisation                 bool
	AccountsGiven, AccountsTaken []string // that an integration may send from
}

// Difference reads what a change changed.
func (c Change) Difference() (Difference, error) {
	var before, after state
	var was, is integrationState // what the state of a person has not, is empty in both
	if c.Before != "" {
		if err := errors.Join(json.Unmarshal([]byte(c.Before), &before), json.Unmarshal([]byte(c.Before), &was)); err != nil {
			return Difference{}, errors.New("the state before is not as it was written")
		}
	}
	if err := errors.Join(json.Unmarshal([]byte(c.After), &after), json.Unmarshal([]byte(c.After), &is)); err != nil {
		return Difference{}, errors.New("the state after is not as it was written")
	}
	d := Difference{New: c.Before == "", Ended: after.Ended && !before.Ended, SessionsEnded: after.SessionsEnded, Tied: before.Login != after.Login}
	if !d.New {
		d.Renamed, d.Bound = before.Name != after.Name, before.Issuer != after.Issuer || before.Subject != after.Subject
		d.Organisation = was.Organisation != is.Organisation
		if d.Rotated = !was.PasswordAt.Equal(is.PasswordAt) || !was.FormerUntil.Equal(is.FormerUntil); d.Rotated {
			d.FormerUntil = is.FormerUntil
		}
	}
	for _, g := range without(after.Grants, before.Grants) {
		d.Given = append(d.Given, Grant(g))
	}
	for _, g := range without(before.Grants, after.Grants) {
		d.Taken = append(d.Taken, Grant(g))
	}
	d.AccountsGiven, d.AccountsTaken = without(is.Accounts, was.Accounts), without(was.Accounts, is.Accounts)
	return d, nil
}

// without are those of one list that another has not.
func without[T comparable](list, others []T) (out []T) {
	for _, v := range list {
		if !slices.Contains(others, v) {
			out = append(out, v)
		}
	}
	return out
}

// Sorted are grants in one order: by role as in Roles, then for all, organisations, accounts.
func Sorted(grants []Grant) []Grant {
	out := slices.Clone(grants)
	slices.SortFunc(out, func(a, b Grant) int {
		if a.Role != b.Role {
			return slices.Index(Roles(), a.Role) - slices.Index(Roles(), b.Role)
		}
		return strings.Compare(a.Account+"\x00"+a.Organisation, b.Account+"\x00"+b.Organisation)
	})
	return out
}
