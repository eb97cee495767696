package words

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"postgang/engine/shipment"
)

// TestRefused: what was refused says why in both languages, and is still what it is besides.
func TestRefused(t *testing.T) {
	t.Parallel()
	there := errors.New("already exists")
	err := fmt.Errorf("book invoice: %w", &Refused{Note: shipment.Note{Code: "invoice-adds-up", Args: shipment.Args{"number": "F-1"}}, Err: there})
	if got, want := err.Error(), "book invoice: invoice F-1 is booked, and adds up: already exists"; got != want || !errors.Is(err, there) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, ok := RefusedOf(err, Norwegian); !ok || got != "faktura F-1 er bokført, og stemmer" {
		t.Errorf("%q, %v", got, ok)
	}
	if got, ok := RefusedOf(there, Norwegian); ok || got != "" {
		t.Errorf("another error says %q", got)
	}
}

// TestEveryFileProblemHasWords: those that the readers of files find, and no others.
func TestEveryFileProblemHasWords(t *testing.T) {
	t.Parallel()
	codes := map[string]bool{}
	for name, code := range constants(t, "billing/reading") {
		if strings.HasPrefix(name, "Problem") {
			codes[code] = true
			for _, lang := range Languages {
				if text := FileProblem(code, lang); text == code || text == "" {
					t.Errorf("%q has no words in %s", code, lang)
				}
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(fileProblems)), slices.Sorted(maps.Keys(codes)); !slices.Equal(got, want) || len(want) < 25 {
		t.Errorf("words for %v, codes are %v", got, want)
	}
	if got := FileProblem("nytt", Norwegian); got != "nytt" {
		t.Errorf("a code without words says %q", got)
	}
}
