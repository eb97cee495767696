package visit

import (
	"net/http"
	"strings"

	"postgang/engine/identity"
)

// Question asks before something is done. What is done stands on a page of its own, so that it works without a script.
type Question struct {
	Title, Text string
	Warning     string // what to know before; empty: nothing
	Cannot      string // why it cannot be done; empty: it can
	Action      string // where the form goes
	Button      string
	Danger      bool // it cannot be undone
	Key         string
	Reason      bool   // a reason is asked for
	Written     string // what was written for it
	Wrong       string // what is wrong with that
	Back        string
}

// badReason is what is told when a reason will not do.
const badReason = "Skriv kort hvorfor, på én linje og uten personopplysninger. Begrunnelsen blir stående i historikken."

// Reason reads the reason of a form; wrong is empty when it will do.
func (v *Visit) Reason() (reason, wrong string) {
	reason = strings.TrimSpace(v.R.PostFormValue("begrunnelse"))
	if identity.BadReason(reason) != "" {
		wrong = badReason
	}
	return reason, wrong
}

// Ask shows a page that asks.
func (v *Visit) Ask(q Question) error {
	status := http.StatusOK
	if q.Wrong != "" {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "handling", q.Title, q)
}
