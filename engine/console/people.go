package console

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postgang/engine/access"
	"postgang/engine/login"
	"postgang/engine/store"
)

// Administrator is somebody whom the configuration makes an administrator of everything: the first one, who gives others their roles.
type Administrator struct{ Issuer, Subject string }

// ParseAdministrator reads "ISSUER SUBJECT".
func ParseAdministrator(text string) (Administrator, error) {
	issuer, subject, ok := strings.Cut(strings.TrimSpace(text), " ")
	subject = strings.TrimSpace(subject)
	if !ok || !strings.Contains(issuer, "://") || subject == "" || strings.Contains(subject, " ") {
		return Administrator{}, fmt.Errorf("must be the provider's address and the person's id there, with a blank between")
	}
	return Administrator{issuer, subject}, nil
}

// ID is the id that stands for an administrator of the configuration in histories.
func (a Administrator) ID() string { return "oppsett" }

// Administrators are those of the configuration, in front of others.
type Administrators struct {
	List []Administrator
	Then People // nil: there are no others
}

// Who finds the person of a session.
func (a Administrators) Who(ctx context.Context, s login.Session) (access.Person, error) {
	var p access.Person
	err := error(store.ErrNotFound)
	if a.Then != nil {
		p, err = a.Then.Who(ctx, s)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return p, err
		}
	}
	for _, first := range a.List {
		if first.Issuer == s.Issuer && first.Subject == s.Subject {
			if err != nil {
				p = access.Person{ID: first.ID(), Name: "Administrator", Issuer: s.Issuer, Subject: s.Subject}
			}
			p.Grants = append(p.Grants, access.Grant{Role: access.RoleAdministrator})
			return p, nil
		}
	}
	return p, err
}

// byWhom names who did something, as the archive keeps it; empty: Postgang by itself.
func (v *visit) byWhom(kept string) string {
	a, err := access.ParseActor(kept)
	switch {
	case err != nil || a.Kind == access.System:
		return ""
	case a.Kind == access.CommandLine && a.For != "":
		return a.For + " (kommandolinjen, " + a.ID + ")"
	case a.Kind == access.CommandLine:
		return a.ID + " (kommandolinjen)"
	case a.Kind == access.Integrated:
		return "et fagsystem"
	case a.ID == v.person.ID:
		return "deg"
	}
	return "en kollega"
}
