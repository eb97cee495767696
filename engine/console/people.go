package console

import (
	"fmt"
	"strings"
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
