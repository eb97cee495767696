package access_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/access"
)

var (
	organisations = map[string][]string{"bergvik": {"skole", "teknisk"}, "sund": {"helse"}}
	accounts      = []string{"helse", "plan", "skole", "teknisk"}
	noon          = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
)

func person(t testing.TB, grants ...access.Grant) access.Person {
	t.Helper()
	p, err := access.NewPerson("Kari Nordmann", "https://idp/", "sub", "", noon)
	if err != nil {
		t.Fatal(err)
	}
	p.Grants = grants
	return p
}

func administrator(organisation, account string) access.Grant {
	return access.Grant{Role: access.RoleAdministrator, Organisation: organisation, Account: account}
}

// TestGive: an administrator gives and takes within what is administered, nobody his own, and the command line everything.
func TestGive(t *testing.T) {
	all, bergvik, skole := administrator("", ""), administrator("bergvik", ""), administrator("", "skole")
	auditor := access.Grant{Role: access.RoleAuditor}
	operator := access.Grant{Role: access.RoleOperator}
	reader := func(organisation, account string) access.Grant {
		return access.Grant{Role: access.RoleReader, Organisation: organisation, Account: account}
	}
	for name, c := range map[string]struct {
		giver []access.Grant
		grant access.Grant
		want  error
	}{
		"all gives for all":                            {[]access.Grant{all}, auditor, nil},
		"all makes another of all":                     {[]access.Grant{all}, all, nil},
		"all gives for an organisation":                {[]access.Grant{all}, reader("sund", ""), nil},
		"all gives for an account of none":             {[]access.Grant{all}, reader("", "plan"), nil},
		"organisation gives for itself":                {[]access.Grant{bergvik}, reader("bergvik", ""), nil},
		"organisation gives for its account":           {[]access.Grant{bergvik}, reader("", "teknisk"), nil},
		"organisation makes another administrator":     {[]access.Grant{bergvik}, bergvik, nil},
		"organisation gives for another":               {[]access.Grant{bergvik}, reader("sund", ""), access.ErrOutside},
		"organisation gives for another's account":     {[]access.Grant{bergvik}, reader("", "helse"), access.ErrOutside},
		"organisation gives operator for all":          {[]access.Grant{bergvik}, operator, access.ErrOutside},
		"organisation gives auditor for all":           {[]access.Grant{bergvik}, auditor, access.ErrOutside},
		"organisation makes itself one of all":         {[]access.Grant{bergvik}, all, access.ErrOutside},
		"account gives for itself":                     {[]access.Grant{skole}, reader("", "skole"), nil},
		"account gives for its organisation":           {[]access.Grant{skole}, reader("bergvik", ""), access.ErrOutside},
		"all accounts are not the organisation":        {[]access.Grant{skole, administrator("", "teknisk")}, reader("bergvik", ""), access.ErrOutside},
		"operator of all gives nothing":                {[]access.Grant{operator}, reader("", "skole"), access.ErrOutside},
		"nothing gives nothing":                        {nil, reader("", "skole"), access.ErrOutside},
		"an organisation that is no longer configured": {[]access.Grant{administrator("borte", "")}, reader("borte", ""), nil},
		"account of an organisation that is not there": {[]access.Grant{administrator("borte", "")}, reader("", "skole"), access.ErrOutside},
	} {
		w := access.Giver{Person: "giver", Grants: c.giver}
		to := person(t)
		given, err := w.Give(to, c.grant, organisations)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
			continue
		}
		to.Grants = []access.Grant{c.grant}
		taken, err := w.Take(to, c.grant, organisations)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: taken: %v, want %v", name, err, c.want)
		}
		if c.want == nil && (len(given.Grants) != 1 || len(taken.Grants) != 0) {
			t.Errorf("%s: given %v, left %v", name, given.Grants, taken.Grants)
		}
		w.Person = to.ID
		if _, err := w.Give(to, c.grant, organisations); !errors.Is(err, access.ErrOwn) {
			t.Errorf("%s: to himself: %v", name, err)
		}
		if _, err := w.Take(to, c.grant, organisations); !errors.Is(err, access.ErrOwn) {
			t.Errorf("%s: from himself: %v", name, err)
		}
	}
	console := access.Giver{}
	p, err := console.Give(person(t), all, organisations)
	if err != nil {
		t.Errorf("the command line gives: %v", err)
	}
	if _, err := console.Give(p, all, organisations); !errors.Is(err, access.ErrHeld) {
		t.Errorf("twice: %v", err)
	}
	if _, err := console.Take(p, bergvik, organisations); !errors.Is(err, access.ErrNotHeld) {
		t.Errorf("what is not there: %v", err)
	}
}

// TestGivenStaysWithin: whatever an administrator gives, nobody gets more than the administrator has.
func TestGivenStaysWithin(t *testing.T) {
	grant := rapid.Custom(func(t *rapid.T) access.Grant {
		g := access.Grant{Role: rapid.SampledFrom(access.Roles()).Draw(t, "role")}
		switch rapid.IntRange(0, 2).Draw(t, "where") {
		case 0:
			g.Account = rapid.SampledFrom(accounts).Draw(t, "account")
		case 1:
			g.Organisation = rapid.SampledFrom([]string{"bergvik", "sund"}).Draw(t, "organisation")
		}
		return g
	})
	rapid.Check(t, func(t *rapid.T) {
		giver := access.Giver{Person: "giver", Grants: rapid.SliceOfN(grant, 0, 4).Draw(t, "giver")}
		scope := access.Where(giver.Grants, access.GiveRoles, organisations)
		p := access.Person{ID: "other", Name: "Ola"}
		for _, g := range rapid.SliceOfN(grant, 0, 6).Draw(t, "given") {
			if next, err := giver.Give(p, g, organisations); err == nil {
				p = next
			}
		}
		for _, of := range p.Grants {
			for _, action := range access.Permits[of.Role] {
				got := access.Where(p.Grants, action, organisations)
				if got.All && !scope.All {
					t.Fatalf("%v gave %v: %s for all", giver.Grants, p.Grants, action)
				}
				for _, a := range got.Accounts {
					if !scope.Has(a) {
						t.Fatalf("%v gave %v: %s in %s", giver.Grants, p.Grants, action, a)
					}
				}
			}
		}
	})
}

func TestEnd(t *testing.T) {
	bergvik := access.Giver{Person: "giver", Grants: []access.Grant{administrator("bergvik", "")}}
	inside := person(t, access.Grant{Role: access.RoleReader, Account: "skole"})
	ended, err := bergvik.End(inside, noon, organisations)
	if err != nil || !ended.Ended.Equal(noon) || len(ended.Grants) != 1 {
		t.Errorf("%+v, %v", ended, err)
	}
	if _, err := bergvik.End(ended, noon, organisations); !errors.Is(err, access.ErrEnded) {
		t.Errorf("twice: %v", err)
	}
	if _, err := bergvik.Give(ended, administrator("bergvik", ""), organisations); !errors.Is(err, access.ErrEnded) {
		t.Errorf("given to who is ended: %v", err)
	}
	if _, err := bergvik.Take(ended, ended.Grants[0], organisations); !errors.Is(err, access.ErrEnded) {
		t.Errorf("taken from who is ended: %v", err)
	}
	outside := person(t, inside.Grants[0], access.Grant{Role: access.RoleReader, Account: "helse"})
	if _, err := bergvik.End(outside, noon, organisations); !errors.Is(err, access.ErrOutside) {
		t.Errorf("with a role elsewhere: %v", err)
	}
	if _, err := bergvik.End(person(t), noon, organisations); err != nil {
		t.Errorf("without roles: %v", err)
	}
	nobody := access.Giver{Person: "giver"}
	if _, err := nobody.End(person(t), noon, organisations); !errors.Is(err, access.ErrOutside) {
		t.Errorf("by somebody without roles: %v", err)
	}
	bergvik.Person = inside.ID
	if _, err := bergvik.End(inside, noon, organisations); !errors.Is(err, access.ErrOwn) {
		t.Errorf("himself: %v", err)
	}
}

func TestGrantCheck(t *testing.T) {
	for _, c := range []struct {
		grant access.Grant
		want  string // of the error; empty: none
	}{
		{access.Grant{Role: access.RoleReader, Account: "skole"}, ""},
		{access.Grant{Role: access.RoleFinance, Organisation: "sund"}, ""},
		{access.Grant{Role: access.RoleOperator}, ""},
		{access.Grant{Role: access.RoleAuditor}, ""},
		{administrator("", ""), ""},
		{access.Grant{Role: access.RoleReader}, "not for all"},
		{access.Grant{Role: access.RoleInsight}, "not for all"},
		{access.Grant{Role: "sjef", Account: "skole"}, `"sjef" is no role`},
		{access.Grant{Role: access.RoleReader, Account: "borte"}, `account "borte" is not configured`},
		{access.Grant{Role: access.RoleReader, Organisation: "borte"}, `organisation "borte" is not configured`},
		{access.Grant{Role: access.RoleReader, Organisation: "sund", Account: "helse"}, "not for both"},
	} {
		if err := c.grant.Check(organisations, accounts); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.grant, err, c.want)
		}
	}
	if len(access.Roles()) != len(access.Permits) {
		t.Errorf("%d roles are listed and %d in the matrix", len(access.Roles()), len(access.Permits))
	}
	for _, r := range access.Roles() {
		if !r.Valid() {
			t.Errorf("%s is no role", r)
		}
	}
}

func TestNewPerson(t *testing.T) {
	hash := strings.Repeat("0a", 32)
	for name, c := range map[string]struct {
		name, issuer, subject, number string
		ok                            bool
	}{
		"by identity":               {"Åse Ødegård", "https://idp/", "sub", "", true},
		"by number":                 {"Åse", "", "", hash, true},
		"by both":                   {"Åse", "https://idp/", "sub", hash, true},
		"by neither":                {"Åse", "", "", "", false},
		"issuer alone":              {"Åse", "https://idp/", "", hash, false},
		"subject alone":             {"Åse", "", "sub", "", false},
		"no name":                   {"  ", "", "", hash, false},
		"a long name":               {strings.Repeat("å", 101), "", "", hash, false},
		"two lines":                 {"Åse\nB", "", "", hash, false},
		"fødselsnummer for a name":  {"02013299997", "", "", hash, false},
		"fødselsnummer for subject": {"Åse", "https://idp/", "02013299997", "", false},
		"number that is not hashed": {"Åse", "", "", "02013299997", false},
		"a subject of two lines":    {"Åse", "https://idp/", "a\nb", "", false},
	} {
		p, err := access.NewPerson(c.name, c.issuer, c.subject, c.number, noon)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "02013299997") {
			t.Errorf("%s: the error repeats the number", name)
		}
		if err == nil && (len(p.ID) != 36 || !p.Ended.IsZero() || !p.Created.Equal(noon)) {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestBind(t *testing.T) {
	invited, err := access.NewPerson("Ola", "", "", strings.Repeat("0a", 32), noon)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := invited.Bind("https://idp/", "sub")
	if err != nil || bound.Issuer != "https://idp/" || bound.Subject != "sub" || bound.Number != invited.Number {
		t.Errorf("%+v, %v", bound, err)
	}
	if again, err := bound.Bind("https://idp/", "sub"); err != nil || again.Subject != "sub" {
		t.Errorf("again: %v", err)
	}
	for _, c := range []struct {
		p               access.Person
		issuer, subject string
	}{
		{bound, "https://idp/", "other"}, {bound, "https://other/", "sub"}, {invited, "https://idp/", ""}, {invited, "", "sub"},
	} {
		if _, err := c.p.Bind(c.issuer, c.subject); err == nil {
			t.Errorf("%v was bound to %q %q", c.p.Subject, c.issuer, c.subject)
		}
	}
	invited.Ended = noon
	if _, err := invited.Bind("https://idp/", "sub"); !errors.Is(err, access.ErrEnded) {
		t.Errorf("who is ended: %v", err)
	}
}

// TestStateTellsNoNumber: the log of changes keeps who and what, the same in any order, and of the number's hash the beginning alone.
func TestStateTellsNoNumber(t *testing.T) {
	p := person(t, access.Grant{Role: access.RoleAuditor}, access.Grant{Role: access.RoleReader, Account: "skole"}, access.Grant{Role: access.RoleReader, Organisation: "sund"})
	p.Number = strings.Repeat("0a", 32)
	got, err := p.State()
	want := `{"name":"Kari Nordmann","issuer":"https://idp/","subject":"sub","number":"0a0a0a0a","grants":[{"role":"leser","organisation":"sund"},{"role":"leser","account":"skole"},{"role":"revisor"}]}`
	if err != nil || got != want {
		t.Errorf("%s, %v\nwant %s", got, err, want)
	}
	p.Grants[0], p.Grants[2] = p.Grants[2], p.Grants[0]
	if again, _ := p.State(); again != want {
		t.Errorf("in another order: %s", again)
	}
}

func TestDifference(t *testing.T) {
	reader, auditor := access.Grant{Role: access.RoleReader, Account: "skole"}, access.Grant{Role: access.RoleAuditor}
	invited, err := access.NewPerson("Ola", "", "", strings.Repeat("0a", 32), noon)
	if err != nil {
		t.Fatal(err)
	}
	bound, err := invited.Bind("https://idp/", "sub")
	if err != nil {
		t.Fatal(err)
	}
	given := bound
	given.Grants = []access.Grant{reader}
	other := given
	other.Name, other.Grants, other.Ended = "Ola N", []access.Grant{auditor}, noon
	state := func(p access.Person) string {
		text, err := p.State()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for name, c := range map[string]struct {
		before, after string
		want          access.Difference
	}{
		"new":     {"", state(given), access.Difference{New: true, Given: []access.Grant{reader}}},
		"bound":   {state(invited), state(bound), access.Difference{Bound: true}},
		"given":   {state(bound), state(given), access.Difference{Given: []access.Grant{reader}}},
		"several": {state(given), state(other), access.Difference{Renamed: true, Ended: true, Given: []access.Grant{auditor}, Taken: []access.Grant{reader}}},
		"nothing": {state(given), state(given), access.Difference{}},
	} {
		got, err := access.Change{Before: c.before, After: c.after}.Difference()
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
	for _, c := range []access.Change{{Before: "{", After: "{}"}, {After: ""}} {
		if _, err := c.Difference(); err == nil {
			t.Errorf("%+v was read", c)
		}
	}
}
