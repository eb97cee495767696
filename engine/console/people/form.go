package people

import (
	"errors"
	"net/http"

	"postgang/engine/access"
	"postgang/engine/console/visit"
)

// fill takes what was filled in; false: it was not sent yet, or something is wrong with it.
func (v *request) fill(q *visit.Question) bool {
	if v.R.Method != http.MethodPost {
		return false
	}
	v.Fill(q)
	return q.OK()
}

// refused shows why something was not done that the form asked for; errors that are nobody's refusal come back.
func (v *request) refused(q visit.Question, err error) error {
	status := http.StatusForbidden
	switch {
	case errors.Is(err, access.ErrOwn):
		q.Cannot = "Ingen kan gi eller ta sine egne roller, eller avslutte seg selv. En annen administrator må gjøre det."
	case errors.Is(err, access.ErrOutside):
		q.Cannot = "Det gjelder mer enn det du administrerer. En administrator for resten må gjøre det."
	case errors.Is(err, access.ErrHeld):
		status, q.Cannot = http.StatusOK, "Personen har denne rollen allerede."
	case errors.Is(err, access.ErrNotHeld):
		status, q.Cannot = http.StatusOK, "Personen har ikke denne rollen lenger."
	case errors.Is(err, access.ErrEnded):
		status, q.Cannot = http.StatusOK, "Personen er avsluttet. Kommer personen tilbake, må du invitere på nytt."
	case errors.Is(err, access.ErrIntegrationEnded):
		status, q.Cannot = http.StatusOK, "Fagsystemet er avsluttet. Lag et nytt i stedet."
	default:
		return err
	}
	return v.Show(status, "handling", q.Title, q)
}
