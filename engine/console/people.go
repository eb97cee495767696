package console

import (
	"fmt"
	"strings"

	"postgang/engine/access"
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
