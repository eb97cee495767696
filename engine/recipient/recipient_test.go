package recipient

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postgang/engine/access"
	"postgang/engine/find"
	"postgang/engine/shipment"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for _, alike := range [][]string{
		{"Åse Ødegård", "AASE OEDEGAARD", "ase  odegard", "A\u030ase Ødega\u030ard"},
		{"Anne-Grete O'Brien", "anne grete obrien", "Anne – Grete O’Brien"},
		{"Sæbø", "SÆBØ", "Saebo"},
		{"Čáhput Ŋ. Đorđe", "cahput n dorde"},
		{"Müller & Sønn AS", "muller sonn as"},
		{"Storgata 1B, 0155 OSLO", "storgata 1b 0155 oslo"},
		{"", " \u200b.\n"},
	} {
		for _, s := range alike {
			if got := Fold(s); got != Fold(alike[0]) {
				t.Errorf("%q is %q, and %q is %q", s, got, alike[0], Fold(alike[0]))
			}
		}
	}
	if Fold("Hansen") == Fold("Hanssen") || Fold("Ås") != "as" {
		t.Error("too much is alike")
	}
}

// TestFoldedIsWords: whatever is folded is words with single spaces, and nothing that a query language reads.
func TestFoldedIsWords(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		once := Fold(text)
		if once != strings.Join(strings.Fields(once), " ") || strings.ContainsAny(once, "\x00\"'\n") {
			t.Fatalf("%q", once)
		}
	})
}

func TestRow(t *testing.T) {
	t.Parallel()
	s := shipment.Shipment{ID: "id", Account: "skole"}
	s.Submission.Recipient = shipment.PostalAddress{
		Name: "Åse Ødegård", DigitalID: "020132 99997", Line1: "Storgata 1", Line3: "Oppg. B", Postcode: "0155", City: "OSLO", Country: "Norge",
	}
	got := Row(s, func(n string) string { return "hash of " + n })
	want := find.Person{Shipment: "id", Account: "skole", Words: "ase odegard storgata 1 oppg b 0155 oslo", Number: "hash of 02013299997"}
	if got != want {
		t.Errorf("%q %q", got.Words.Reveal(), got.Number)
	}
	if got := Row(s, nil); got.Number != "" {
		t.Errorf("number %q without a key", got.Number)
	}
	s.Submission.Recipient.Name = shipment.Private(strings.Repeat("å", 10_000))
	if got := Row(s, nil); len(got.Words.Reveal()) > longest {
		t.Errorf("%d characters", len(got.Words.Reveal()))
	}
}

// TestNothingIsLookedUpUnlogged: what is refused, or cannot be logged, is never asked of the archive, and no error holds what was typed.
func TestNothingIsLookedUpUnlogged(t *testing.T) {
	t.Parallel()
	logged := 0
	broken := errors.New("disk")
	f := Finder{Log: func(_ context.Context, purpose string) error { logged++; return broken }} // no archive: asking it would panic
	hash := func(string) string { return strings.Repeat("0", 64) }
	for name, c := range map[string]struct {
		purpose string
		q       Query
		hash    func(string) string
		want    error
	}{
		"too short":        {"ringte", Query{Name: "Hå"}, hash, ErrShort},
		"nothing":          {"ringte", Query{}, hash, ErrShort},
		"no key":           {"ringte", Query{Number: "02013299997"}, nil, ErrNoKey},
		"half a number":    {"ringte", Query{Number: "020132"}, hash, ErrNumber},
		"no number":        {"ringte", Query{Number: "hemmelignr1"}, hash, ErrNumber},
		"no purpose":       {" ", Query{Name: "Hemmelig"}, hash, ErrPurpose},
		"cannot be logged": {"ringte", Query{Name: "Hemmelig"}, hash, broken},
	} {
		f.Hash = c.hash
		_, err := f.Find(t.Context(), access.Scope{All: true}, c.purpose, c.q, find.Filter{})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		for _, secret := range []string{"emmelig", "020132", "Hå"} {
			if strings.Contains(fmt.Sprintf("%v %+v", err, c.q), secret) {
				t.Errorf("%s: what was typed stands in %v, %+v", name, err, c.q)
			}
		}
	}
	if logged != 1 {
		t.Errorf("%d look-ups were logged", logged)
	}
}
