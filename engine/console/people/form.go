package people

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"postgang/engine/access"
	"postgang/engine/console/page"
)

// form asks for what somebody wants to do, on a page of its own.
type form struct {
	Title, Text string
	Warning     string // what to know before; empty: nothing
	Cannot      string // why it cannot be done; empty: it can
	Action      string // where the form goes
	Button      string
	Danger      bool // it cannot be undone
	Fields      []field
	Back        string
}

// Kinds of fields.
const (
	kindText   = "text"
	kindChoose = "select"
	kindTick   = "checks" // several of Choices
	kindHidden = "hidden"
)

// field is one thing that is asked for.
type field struct {
	Name, Label, Help, Kind string
	Value                   string
	Choices                 []page.Choice
	Optional                bool
	Wrong                   string // empty: nothing is wrong with it
}

// Wrongs are the fields with which something is wrong.
func (f form) Wrongs() (out []field) {
	for _, d := range f.Fields {
		if d.Wrong != "" {
			out = append(out, d)
		}
	}
	return out
}

const reasonField = "begrunnelse"

// reason is the field that every change asks for.
func reason() field {
	return field{Name: reasonField, Label: "Begrunnelse", Help: "Blir stående i loggen, sammen med hvem du er. Ikke skriv personopplysninger.", Kind: kindText}
}

// fill takes what was filled in; false: it was not sent yet, or something is missing.
func (v *request) fill(f *form) bool {
	if v.R.Method != http.MethodPost {
		return false
	}
	if err := v.R.ParseForm(); err != nil {
		return false
	}
	for i := range f.Fields {
		d := &f.Fields[i]
		values := v.R.PostForm[d.Name]
		d.Value = strings.TrimSpace(strings.Join(values, " "))
		for c := range d.Choices {
			d.Choices[c].Chosen = slices.Contains(values, d.Choices[c].Value)
		}
		switch {
		case d.Name == reasonField:
			_, d.Wrong = v.Reason()
		case d.Value == "" && !d.Optional && d.Kind == kindText:
			d.Wrong = "Fyll ut feltet."
		case (d.Kind == kindChoose || d.Kind == kindTick) && !d.Optional && !slices.ContainsFunc(d.Choices, func(c page.Choice) bool { return c.Chosen && c.Value != "" }):
			d.Wrong = "Velg i listen."
		}
	}
	return len(f.Wrongs()) == 0
}

// value is what a field was filled in with.
func (f *form) value(name string) string {
	for _, d := range f.Fields {
		if d.Name == name {
			return d.Value
		}
	}
	return ""
}

// wrong says what is wrong with a field.
func (f *form) wrong(name, why string) {
	for i := range f.Fields {
		if f.Fields[i].Name == name {
			f.Fields[i].Wrong = why
		}
	}
}

// ask shows the form: as it is asked for at first, with what is wrong, or with why it cannot be done.
func (v *request) ask(f form) error {
	status := http.StatusOK
	if len(f.Wrongs()) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return v.Show(status, "skjema", f.Title, f)
}

// refused shows why something was not done that the form asked for; errors that are nobody's refusal come back.
func (v *request) refused(f form, err error) error {
	status := http.StatusForbidden
	switch {
	case errors.Is(err, access.ErrOwn):
		f.Cannot = "Ingen kan gi eller ta sine egne roller, eller avslutte seg selv. En annen administrator må gjøre det."
	case errors.Is(err, access.ErrOutside):
		f.Cannot = "Det gjelder mer enn det du administrerer. En administrator for resten må gjøre det."
	case errors.Is(err, access.ErrHeld):
		status, f.Cannot = http.StatusOK, "Personen har denne rollen allerede."
	case errors.Is(err, access.ErrNotHeld):
		status, f.Cannot = http.StatusOK, "Personen har ikke denne rollen lenger."
	case errors.Is(err, access.ErrEnded):
		status, f.Cannot = http.StatusOK, "Personen er avsluttet. Kommer personen tilbake, må du invitere på nytt."
	case errors.Is(err, access.ErrIntegrationEnded):
		status, f.Cannot = http.StatusOK, "Fagsystemet er avsluttet. Lag et nytt i stedet."
	default:
		return err
	}
	return v.Show(status, "skjema", f.Title, f)
}
