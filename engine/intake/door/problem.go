package door

import (
	"net/http"
	"slices"
	"strings"

	"postgang/engine/shipment"
	"postgang/engine/words"
)

// Problem is why a request is not done, for the dialect to say in its own form.
type Problem struct {
	Status int    // of HTTP
	Code   string // stable, lower case with hyphens
	Text   string // bokmål
	// Reasons are all that is wrong with a hand-in, and warnings with them; empty: the problem is another.
	Reasons []words.Reason
	// Permanent: the same request will never be taken.
	Permanent bool
	// RetryAfter is in seconds; 0: unsaid.
	RetryAfter int
}

// Error is the code alone: texts are for the caller.
func (p *Problem) Error() string { return p.Code }

// NewProblem is a problem of a request that will never be taken as it is.
func NewProblem(status int, code, text string) *Problem {
	return &Problem{Status: status, Code: code, Text: text, Permanent: status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout}
}

// The problems that every dialect has.
var (
	errToken       = NewProblem(http.StatusUnauthorized, "token", "Klarte ikke å validere access_token.")
	errTokenPaused = &Problem{Status: http.StatusServiceUnavailable, Code: "token-ukjent-na", Text: "Tokenet kan ikke kontrolleres akkurat nå. Prøv igjen om litt.", RetryAfter: 30}
	errTooMany     = &Problem{Status: http.StatusTooManyRequests, Code: "for-mange-kall", Text: "Integrasjonen gjør for mange kall. Vent litt og prøv igjen.", RetryAfter: 60}
	errSlowed      = &Problem{Status: http.StatusTooManyRequests, Code: "for-mange-feil-passord", Text: "For mange feil passord. Vent ett minutt før neste forsøk.", RetryAfter: 60}
	errNotOver     = NewProblem(http.StatusConflict, "ikke-ferdig", "Forsendelsen er ikke ferdig behandlet: innholdet kan ikke slettes før den er lest, skrevet ut eller avsluttet.")
	// ErrInternal is a fault of ours: the caller may try again.
	ErrInternal = &Problem{Status: http.StatusInternalServerError, Code: "intern-feil", Text: "Det oppsto en feil hos oss. Ingenting er lagret. Prøv igjen om litt."}
	// ErrUnknown answers for shipments that are not there, and for those of others.
	ErrUnknown = NewProblem(http.StatusNotFound, "forsendelse-ukjent", "Forsendelsen finnes ikke, eller den tilhører en konto som integrasjonen ikke har tilgang til.")
	// ErrConflict answers when an identity was used for another hand-in.
	ErrConflict = NewProblem(http.StatusConflict, "nokkel-brukt", "Duplikat: id-en eller nøkkelen er brukt før, til en forsendelse med et annet innhold. Den nye er ikke lagret.")
	errLarge    = NewProblem(http.StatusRequestEntityTooLarge, "for-stor", "Forsendelsen er større enn kontoen tillater.")
	errCut      = &Problem{Status: http.StatusBadRequest, Code: "avbrutt", Text: "Innholdet kom ikke helt fram. Ingenting er lagret. Send forsendelsen på nytt."}
	errSlow     = &Problem{Status: http.StatusRequestTimeout, Code: "for-treg", Text: "Det tok for lang tid før alt innholdet kom. Ingenting er lagret. Send forsendelsen på nytt."}
	errFull     = &Problem{Status: http.StatusServiceUnavailable, Code: "ikke-plass", Text: "Det er ikke plass til forsendelsen akkurat nå. Prøv igjen om litt.", RetryAfter: 60}
)

func wrongIntegration(id string) *Problem {
	return NewProblem(http.StatusUnauthorized, "integrasjon-feilet", "Autentisering feilet for integrasjon med id "+shownID(id)+".")
}

func noAccess(what string) *Problem {
	return NewProblem(http.StatusForbidden, "ingen-tilgang", what)
}

// refused says all that is wrong with a hand-in.
func refused(found []shipment.Refusal) *Problem {
	p := &Problem{Status: http.StatusBadRequest, Permanent: true}
	for _, f := range found {
		p.Reasons = append(p.Reasons, words.ReasonOf(f, words.Norwegian))
		if !f.Warning && p.Code == "" {
			p.Code = f.Code
		}
	}
	p.Text = textOf(p.Reasons)
	return p
}

// textOf is all that is wrong, in one text.
func textOf(reasons []words.Reason) string {
	var texts []string
	for _, r := range reasons {
		switch {
		case r.Warning:
		case r.Field != "":
			texts = append(texts, r.Field+": "+r.Text)
		default:
			texts = append(texts, r.Text)
		}
	}
	return strings.Join(texts, " ")
}

// Renamed says a problem's fields by the names that a dialect has for those of forsendelse.json.
func (p *Problem) Renamed(name func(field string) string) *Problem {
	if len(p.Reasons) == 0 {
		return p
	}
	out := *p
	out.Reasons = slices.Clone(p.Reasons)
	for i := range out.Reasons {
		if r := &out.Reasons[i]; r.Field != "" {
			r.Field = name(r.Field)
		}
	}
	out.Text = textOf(out.Reasons)
	return &out
}
