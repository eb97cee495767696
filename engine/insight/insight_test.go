package insight_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/insight"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

var kari = access.Actor{Kind: access.Human, ID: "11111111-1111-4111-8111-111111111111"}

// newArchive holds a letter, and one that demands level 4.
func newArchive(t *testing.T) *archive.Archive {
	t.Helper()
	a, err := archive.Open(t.Context(), archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	err = a.InTx(t.Context(), func(tx store.Tx) error {
		plain, high := archivetest.Shipment(1), archivetest.Shipment(2)
		high.Submission.RequireLevel4 = true
		return errors.Join(
			tx.InsertShipment(t.Context(), plain, []shipment.Document{archivetest.Document(1, 0), archivetest.Document(1, 1)}),
			tx.InsertShipment(t.Context(), high, []shipment.Document{archivetest.Document(2, 0)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func logged(t *testing.T, a *archive.Archive) []access.Lookup {
	t.Helper()
	rows, err := store.View(t.Context(), a, func(r store.Reader) ([]access.Lookup, error) {
		return r.Lookups(t.Context(), access.LogFilter{Oldest: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// TestReveal: what was asked for is given, and only that, when it stands in the log.
func TestReveal(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	d := insight.New(a)
	skole := access.Scope{Accounts: []string{"skole"}}
	id := archivetest.ID(1)
	got, err := d.Reveal(t.Context(), kari, skole, id, []access.What{access.WhatTitle, access.WhatRecipient}, "ringte inn")
	want := archivetest.Shipment(1)
	if err != nil || got.Title != want.Submission.Title || got.Recipient != want.Submission.Recipient || got.Documents != nil || !got.Pages.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	rows := logged(t, a)
	if len(rows) != 1 || rows[0].Actor != kari || rows[0].Shipment != id || rows[0].Account != "skole" || rows[0].Purpose != "ringte inn" ||
		access.Words(rows[0].What) != "mottaker tittel" || rows[0].Hash != got.Lookup.Hash {
		t.Errorf("logged: %+v", rows)
	}
	got, err = d.Reveal(t.Context(), access.Actor{Kind: access.CommandLine, ID: "ola"}, access.Scope{All: true}, id, []access.What{access.WhatDocuments, access.WhatPages}, "feil side")
	if err != nil || len(got.Documents) != 2 || got.Pages != want.Prepared || got.Title != "" || got.Recipient.Name != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if row, err := d.Search(t.Context(), kari, "leter etter brev"); err != nil || row.Seq != 3 || !slices.Equal(row.What, []access.What{access.WhatSearch}) {
		t.Errorf("%+v, %v", row, err)
	}
}

// TestRevealsNothing: nothing is given, and nothing logged, for who may not, without a purpose, and of what is not to be shown.
func TestRevealsNothing(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	d := insight.New(a)
	skole, all := access.Scope{Accounts: []string{"skole"}}, access.Scope{All: true}
	title, pages := []access.What{access.WhatTitle}, []access.What{access.WhatPages}
	for name, c := range map[string]struct {
		actor   access.Actor
		scope   access.Scope
		letter  int
		what    []access.What
		purpose string
		want    error // nil: any
	}{
		"out of scope":        {kari, access.Scope{Accounts: []string{"helse"}}, 1, title, "x", store.ErrNotFound},
		"no scope":            {kari, access.Scope{}, 1, title, "x", store.ErrNotFound},
		"not there":           {kari, all, 9, title, "x", store.ErrNotFound},
		"no purpose":          {kari, skole, 1, title, "", nil},
		"a number as purpose": {kari, skole, 1, title, "02013299997", nil},
		"nothing asked":       {kari, skole, 1, nil, "x", nil},
		"no such thing":       {kari, skole, 1, []access.What{access.WhatSearch}, "x", nil},
		"nobody":              {access.Actor{}, all, 1, title, "x", insight.ErrNobody},
		"an integration":      {access.Actor{Kind: access.Integrated, ID: "a"}, all, 1, title, "x", insight.ErrNobody},
		"level 4, pages":      {kari, all, 2, pages, "x", insight.ErrLevel4},
		"level 4, documents":  {kari, all, 2, []access.What{access.WhatTitle, access.WhatDocuments}, "x", insight.ErrLevel4},
	} {
		got, err := d.Reveal(t.Context(), c.actor, c.scope, archivetest.ID(c.letter), c.what, c.purpose)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if got.Title != "" || got.Documents != nil || !got.Pages.IsZero() {
			t.Errorf("%s: %+v was given", name, got)
		}
	}
	if _, err := d.Search(t.Context(), access.Actor{}, "x"); !errors.Is(err, insight.ErrNobody) {
		t.Errorf("nobody searches: %v", err)
	}
	if rows := logged(t, a); len(rows) != 0 {
		t.Errorf("logged: %+v", rows)
	}
	// The forside shows recipient and title, whatever the sender demands.
	if got, err := d.Reveal(t.Context(), kari, skole, archivetest.ID(2), title, "x"); err != nil || got.Title == "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestNothingIsGivenUnlogged: when the row cannot be stored, whatever was read stays here.
func TestNothingIsGivenUnlogged(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	if _, err := a.Exec(t.Context(), `CREATE TRIGGER full_log BEFORE INSERT ON lookup BEGIN SELECT RAISE(ABORT, 'the log is full'); END`); err != nil {
		t.Fatal(err)
	}
	got, err := insight.New(a).Reveal(t.Context(), kari, access.Scope{All: true}, archivetest.ID(1), []access.What{access.WhatTitle, access.WhatPages}, "ringte inn")
	if err == nil || !strings.Contains(err.Error(), "the log is full") {
		t.Errorf("%v", err)
	}
	if got.Title != "" || !got.Pages.IsZero() {
		t.Errorf("%+v was given", got)
	}
}
