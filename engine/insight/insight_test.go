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

// TestRecipients: each letter whose recipient is shown has a row of its own, and all are shown or none.
func TestRecipients(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	d := insight.New(a)
	all := access.Scope{All: true}
	ids := []string{archivetest.ID(2), archivetest.ID(1)}
	got, err := d.Recipients(t.Context(), kari, all, ids, "leter etter brev")
	if err != nil || len(got) != 2 || got[0].Lookup.Shipment != ids[0] || got[1].Recipient != archivetest.Shipment(1).Submission.Recipient || got[1].Title != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if rows := logged(t, a); len(rows) != 2 || rows[0].Shipment != ids[0] || access.Words(rows[1].What) != "mottaker" {
		t.Errorf("logged: %+v", rows)
	}
	if got, err := d.Recipients(t.Context(), kari, all, []string{ids[0], archivetest.ID(9)}, "x"); !errors.Is(err, store.ErrNotFound) || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := d.Recipients(t.Context(), access.Actor{}, all, ids, "x"); !errors.Is(err, insight.ErrNobody) || got != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if rows := logged(t, a); len(rows) != 2 {
		t.Errorf("logged: %+v", rows)
	}
}

// TestJob: who looks at a job's files looks at each of its letters; where one demands level 4, or is another's, at none.
func TestJob(t *testing.T) {
	t.Parallel()
	a := newArchive(t)
	d := insight.New(a)
	var plain, high string
	err := a.InTx(t.Context(), func(tx store.Tx) (err error) {
		if plain, err = tx.NextJobID(t.Context()); err != nil {
			return err
		}
		if high, err = tx.NextJobID(t.Context()); err != nil {
			return err
		}
		one, rows := archivetest.Job(plain, 1)
		two, more := archivetest.Job(high, 2)
		return errors.Join(tx.InsertJob(t.Context(), one, rows), tx.InsertJob(t.Context(), two, more))
	})
	if err != nil {
		t.Fatal(err)
	}
	all := access.Scope{All: true}
	if n, err := d.Job(t.Context(), kari, all, high, "feil i filen"); !errors.Is(err, insight.ErrLevel4) || n != 0 {
		t.Errorf("level 4: %d, %v", n, err)
	}
	if _, err := d.Job(t.Context(), kari, access.Scope{Accounts: []string{"helse"}}, plain, "feil i filen"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another's: %v", err)
	}
	if _, err := d.Job(t.Context(), kari, all, "XXXX000009", "feil i filen"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("no such job: %v", err)
	}
	if _, err := d.Job(t.Context(), kari, all, plain, ""); err == nil {
		t.Error("without a purpose")
	}
	if rows := logged(t, a); len(rows) != 0 {
		t.Errorf("logged: %+v", rows)
	}
	if n, err := d.Job(t.Context(), kari, all, plain, "feil i filen"); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if n, err := d.Print(t.Context(), kari, high); err != nil || n != 1 {
		t.Errorf("printing: %d, %v", n, err)
	}
	rows := logged(t, a)
	if len(rows) != 2 || rows[0].Shipment != archivetest.ID(1) || rows[0].Purpose != "feil i filen" || rows[1].Purpose != "manuell utskrift av jobb "+high || access.Words(rows[1].What) != "sider" {
		t.Errorf("logged: %+v", rows)
	}
}
