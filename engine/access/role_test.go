package access_test

import (
	"testing"

	"pgregory.net/rapid"

	"postgang/engine/access"
)

func TestWhere(t *testing.T) {
	organisations := map[string][]string{"bergen": {"skole", "teknisk"}}
	grants := []access.Grant{
		{Role: access.RoleReader, Organisation: "bergen"},
		{Role: access.RoleCaseWorker, Account: "skole"},
		{Role: access.RoleFinance, Account: "plan"},
		{Role: access.RoleAuditor},
	}
	for _, c := range []struct {
		action  access.Action
		inside  []string
		outside []string
	}{
		{access.See, []string{"skole", "teknisk", "plan", "other"}, nil}, // the auditor sees all
		{access.Reveal, []string{"skole"}, []string{"teknisk", "plan"}},
		{access.HandleMoney, []string{"plan"}, []string{"skole", "teknisk"}},
		{access.Configure, nil, []string{"skole", "teknisk", "plan"}},
	} {
		s := access.Where(grants, c.action, organisations)
		for _, a := range c.inside {
			if !s.Has(a) {
				t.Errorf("%s in %s: not permitted, want permitted", c.action, a)
			}
		}
		for _, a := range c.outside {
			if s.Has(a) {
				t.Errorf("%s in %s: permitted, want not", c.action, a)
			}
		}
	}
}

func TestActorIsKept(t *testing.T) {
	name := rapid.StringMatching(`[a-zæøå0-9._@ -]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		a := access.Actor{Kind: access.CommandLine, ID: name.Draw(t, "id")}
		if rapid.Bool().Draw(t, "for") {
			a.For = name.Draw(t, "other")
		}
		got, err := access.ParseActor(a.String())
		if err != nil || got != a {
			t.Fatalf("%q: got %+v, %v, want %+v", a.String(), got, err, a)
		}
	})
	for _, text := range []string{"kari", "person/", "person/a/b", "robot/a", "/a"} {
		if a, err := access.ParseActor(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, a)
		}
	}
}

func TestSamePerson(t *testing.T) {
	kari := access.Actor{Kind: access.CommandLine, ID: "kari"}
	forKari := access.Actor{Kind: access.CommandLine, ID: "root", For: "kari"}
	ola := access.Actor{Kind: access.CommandLine, ID: "ola"}
	if !kari.SamePerson(forKari) || kari.SamePerson(ola) || forKari.SamePerson(ola) {
		t.Error("whoever acts for kari is kari, and ola is another")
	}
}
