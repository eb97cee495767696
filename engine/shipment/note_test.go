package shipment

import (
	"maps"
	"testing"
)

// TestNotesAreReadAsWritten: code and arguments come back, whatever a person wrote; texts are no notes.
func TestNotesAreReadAsWritten(t *testing.T) {
	t.Parallel()
	for _, n := range []Note{
		{Code: "planned"},
		{Code: "x-1", Args: Args{"reason": "sak {\"1\"}: <æøå> & 'x' \\ \u2028", "by": ""}},
		{Code: "rejected", Args: Args{"words": "to\nlinjer\tog \x01"}},
	} {
		if got, ok := ReadNote(n.String()); !ok || got.Code != n.Code || !maps.Equal(got.Args, n.Args) {
			t.Errorf("%q is read as %+v", n.String(), got)
		}
	}
	if s := (Note{}).String(); s != "" {
		t.Errorf("nothing is kept as %q", s)
	}
	if got, want := (Note{Code: "gate", Args: Args{"letters": "2"}}).String(), `gate {"arg":{"letters":"2"}}`; got != want {
		t.Errorf("kept as %s, want %s", got, want)
	}
	for _, text := range []string{"", "planned", "withdrawn by a person: {}", "kostnad: {}", "LUKKET {}", "gate {", "gate {\"arg\":1}", "gate {} ", "gate  {}"} {
		if n, ok := ReadNote(text); ok {
			t.Errorf("%q is read as %+v", text, n)
		}
	}
}
