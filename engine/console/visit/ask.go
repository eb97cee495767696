package visit

import (
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
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
	Fields      []Field  // what is asked for beside the reason
	Notes       []string // what will be done, line by line
}

// FieldKind is how something is asked for.
type FieldKind string

// The kinds of fields.
const (
	Text   FieldKind = "text"
	Date   FieldKind = "date"
	Choose FieldKind = "select" // one of Choices
	Tick   FieldKind = "check"  // "ja" when it is ticked
	Ticks  FieldKind = "checks" // several of Choices
	Hidden FieldKind = "hidden"
)

// Field is what a page asks for.
type Field struct {
	Name, Label, Help string
	Kind              FieldKind
	Value             string
	Choices           []page.Choice
	Optional          bool
	Wrong             string // what is wrong with the value; empty: nothing
}

// Value is what a field of the page was filled in with.
func (q *Question) Value(name string) string {
	for _, f := range q.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return ""
}

// Fault says what is wrong with the value of a field.
func (q *Question) Fault(name, wrong string) {
	for i := range q.Fields {
		if q.Fields[i].Name == name && q.Fields[i].Wrong == "" {
			q.Fields[i].Wrong = wrong
		}
	}
}

// OK reports whether nothing is wrong with what was filled in.
func (q Question) OK() bool {
	return q.Wrong == "" && !slices.ContainsFunc(q.Fields, func(f Field) bool { return f.Wrong != "" })
}

// maxField is how long what is filled in may be, in bytes.
const maxField = 500

// Fill takes what the person has filled in, and says of each field what is wrong with it.
func (v *Visit) Fill(q *Question) {
	if q.Reason {
		q.Written, q.Wrong = v.Reason()
	}
	for i := range q.Fields {
		f := &q.Fields[i]
		given := []string{strings.TrimSpace(v.R.PostFormValue(f.Name))}
		if f.Kind == Ticks {
			given = v.R.PostForm[f.Name]
		} else {
			f.Value = given[0]
		}
		picked := false
		for c := range f.Choices {
			f.Choices[c].Chosen = slices.Contains(given, f.Choices[c].Value)
			picked = picked || f.Choices[c].Chosen
		}
		switch {
		case f.Kind == Ticks:
			if !picked && !f.Optional {
				f.Wrong = "Velg i listen."
			}
		case f.Value == "" && !f.Optional && f.Kind == Tick:
			f.Wrong = "Kryss av for å bekrefte."
		case f.Value == "" && !f.Optional:
			f.Wrong = "Fyll ut feltet."
		case len(f.Value) > maxField || strings.ContainsFunc(f.Value, unicode.IsControl) || !utf8.ValidString(f.Value):
			f.Wrong = "Teksten er for lang, eller har tegn som ikke kan brukes."
		case f.Value != "" && f.Kind == Choose && !picked:
			f.Wrong = "Velg en av verdiene i listen."
		}
	}
}

// Second says on a page what takes two persons: that it does, and who has asked for it. Of a person who has asked
// already, it says that another one must do the same.
func (v *Visit) Second(q *Question, subject string) error {
	var asked access.Asked
	var may bool
	now := v.Now()
	err := v.View(func(r *scoped.Reader) (err error) {
		asked, may, err = r.Asked(v.Ctx, subject, access.By(v.Ctx), now)
		return err
	})
	switch {
	case err != nil:
		return err
	case asked.Subject == "" || !now.Before(asked.At.Add(access.AskedTime)):
		q.Warning = strings.TrimSpace(q.Warning + " Dette krever to personer. Når du bekrefter, blir ønsket ditt notert, og ingenting mer blir gjort. En annen person må bekrefte det samme innen 7 dager.")
		q.Button = "Be om dette"
	case may:
		q.Warning = strings.TrimSpace(q.Warning + " Dette krever to personer. " + page.Sentence(v.ByWhom(asked.By.String())) + " ba om det " + page.Clock(asked.At) + ": «" + asked.Reason + "». Når du bekrefter, blir det gjort.")
	default:
		q.Cannot = "Ønsket ditt er notert " + page.Clock(asked.At) + ", og ingenting er gjort ennå. En annen person må bekrefte det samme på denne siden innen " + page.Clock(asked.At.Add(access.AskedTime)) + "."
	}
	return nil
}

// badReason is what is told when a reason will not do.
const badReason = "Skriv kort hvorfor, på én linje og uten personopplysninger. Begrunnelsen blir stående i historikken."

// Reason reads the reason of a form; wrong is empty when it will do.
func (v *Visit) Reason() (reason, wrong string) {
	return ReasonIn(v.R.PostFormValue("begrunnelse"))
}

// ReasonIn is a reason that a person has written, and what is wrong with it.
func ReasonIn(written string) (reason, wrong string) {
	reason = strings.TrimSpace(written)
	if identity.BadReason(reason) != "" {
		wrong = badReason
	}
	return reason, wrong
}

// Ask shows a page that asks.
func (v *Visit) Ask(q Question) error {
	status := http.StatusOK
	if !q.OK() {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "handling", q.Title, q)
}
