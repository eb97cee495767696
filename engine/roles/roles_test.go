package roles_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/login"
	"postgang/engine/roles"
	"postgang/engine/store"
)

const issuer = "https://idp/"

type world struct {
	*roles.Directory
	t       *testing.T
	ctx     context.Context // of the command line
	archive *archive.Archive
	now     time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: access.As(t.Context(), access.Actor{Kind: access.CommandLine, ID: "root"}), now: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	var err error
	w.archive, err = archive.Open(t.Context(), archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.archive.Close() })
	w.Directory = roles.New(roles.Config{
		Archive: w.archive, Organisations: map[string][]string{"bergvik": {"skole"}, "sund": {"helse"}}, Accounts: []string{"helse", "plan", "skole"},
		Administrators: []roles.Identity{{Issuer: issuer, Subject: "first"}},
	})
	return w
}

func (w *world) person(subject, number string, grants ...access.Grant) access.Person {
	w.t.Helper()
	of := issuer
	if subject == "" {
		of = ""
	}
	p, err := access.NewPerson("Kari "+subject, of, subject, number, w.now)
	if err != nil {
		w.t.Fatal(err)
	}
	p.Grants = grants
	if p, err = w.Invite(w.ctx, p, "tilsatt"); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) as(p access.Person) context.Context {
	return access.As(w.t.Context(), access.Actor{Kind: access.Human, ID: p.ID})
}

func (w *world) changes() []access.Change {
	w.t.Helper()
	list, err := store.View(w.t.Context(), w.archive, func(r store.Reader) ([]access.Change, error) { return r.Changes(w.t.Context(), access.LogFilter{}) })
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

var (
	reader    = access.Grant{Role: access.RoleReader, Account: "skole"}
	elsewhere = access.Grant{Role: access.RoleReader, Account: "helse"}
	bergvik   = access.Grant{Role: access.RoleAdministrator, Organisation: "bergvik"}
)

// TestAdministratorWithin: what an administrator of an organisation does is stored and recorded; what is outside is neither.
func TestAdministratorWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, other := w.person("boss", "", bergvik), w.person("other", "", elsewhere)
	ctx := w.as(boss)
	got, err := w.Give(ctx, other.ID, reader, "vikar")
	if err != nil || len(got.Grants) != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	newest := w.changes()[0]
	if newest.Actor.ID != boss.ID || newest.Subject != access.SubjectOf(other.ID) || newest.Reason != "vikar" || strings.Contains(newest.Before, "skole") || !strings.Contains(newest.After, "skole") {
		t.Errorf("recorded: %+v", newest)
	}
	if got, err = w.Take(ctx, other.ID, reader, "ferdig"); err != nil || len(got.Grants) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	invited, err := access.NewPerson("Ny", issuer, "ny", "", w.now)
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.changes())
	outside := invited
	outside.Grants = []access.Grant{elsewhere}
	unknown := invited
	unknown.Grants = []access.Grant{{Role: access.RoleReader}}
	twice := invited
	twice.Subject = "other"
	for what, c := range map[string]struct {
		do   func() (access.Person, error)
		want error // nil: any
	}{
		"gives elsewhere":          {func() (access.Person, error) { return w.Give(ctx, other.ID, elsewhere, "x") }, access.ErrOutside},
		"takes elsewhere":          {func() (access.Person, error) { return w.Take(ctx, other.ID, elsewhere, "x") }, access.ErrOutside},
		"ends one of elsewhere":    {func() (access.Person, error) { return w.End(ctx, other.ID, "x") }, access.ErrOutside},
		"gives himself":            {func() (access.Person, error) { return w.Give(ctx, boss.ID, reader, "x") }, access.ErrOwn},
		"takes his own":            {func() (access.Person, error) { return w.Take(ctx, boss.ID, bergvik, "x") }, access.ErrOwn},
		"ends himself":             {func() (access.Person, error) { return w.End(ctx, boss.ID, "x") }, access.ErrOwn},
		"invites to elsewhere":     {func() (access.Person, error) { return w.Invite(ctx, outside, "x") }, access.ErrOutside},
		"invites to no such grant": {func() (access.Person, error) { return w.Invite(ctx, unknown, "x") }, nil},
		"invites who is there":     {func() (access.Person, error) { return w.Invite(ctx, twice, "x") }, store.ErrExists},
		"gives an unknown account": {func() (access.Person, error) {
			return w.Give(ctx, other.ID, access.Grant{Role: access.RoleReader, Account: "borte"}, "x")
		}, nil},
		"gives nobody":               {func() (access.Person, error) { return w.Give(ctx, invited.ID, reader, "x") }, store.ErrNotFound},
		"without a reason":           {func() (access.Person, error) { return w.Give(ctx, other.ID, reader, " ") }, nil},
		"with a number for a reason": {func() (access.Person, error) { return w.Give(ctx, other.ID, reader, "02013299997") }, nil},
		"one without roles":          {func() (access.Person, error) { return w.Invite(w.as(other), invited, "x") }, access.ErrOutside},
		"nobody":                     {func() (access.Person, error) { return w.Give(t.Context(), other.ID, reader, "x") }, roles.ErrNobody},
		"an integration": {func() (access.Person, error) {
			return w.Give(access.As(t.Context(), access.Actor{Kind: access.Integrated, ID: boss.ID}), other.ID, reader, "x")
		}, roles.ErrNobody},
	} {
		if _, err := c.do(); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if after := len(w.changes()); after != before {
		t.Errorf("%d changes were recorded of what was not done", after-before)
	}
	if _, err := w.End(w.ctx, boss.ID, "sluttet"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Give(ctx, other.ID, reader, "x"); !errors.Is(err, access.ErrEnded) {
		t.Errorf("an ended administrator gives: %v", err)
	}
}

// TestLogIn: who is invited by number is bound at the first log-in, and then known by the provider's word alone.
func TestLogIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hash := strings.Repeat("0a", 32)
	ola := w.person("", hash, reader)
	if _, err := w.LogIn(t.Context(), issuer, "stranger", strings.Repeat("0b", 32), "Fremmed"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := w.LogIn(t.Context(), issuer, "", hash, "Ola"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("without a subject: %v", err)
	}
	w.now = w.now.Add(time.Hour)
	got, err := w.LogIn(t.Context(), issuer, "sub", hash, "Noe annet")
	if err != nil || got.ID != ola.ID || got.Subject != "sub" || got.Name != ola.Name || !got.LastLogin.Equal(w.now) || len(got.Grants) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := w.changes()[0]; c.Actor != (access.Actor{Kind: access.Human, ID: ola.ID}) || c.Reason != "first log-in" {
		t.Errorf("recorded: %+v", c)
	}
	n := len(w.changes())
	if got, err = w.LogIn(t.Context(), issuer, "sub", "", ""); err != nil || got.ID != ola.ID || len(w.changes()) != n {
		t.Errorf("again: %+v, %v", got, err)
	}
	if _, err = w.LogIn(t.Context(), issuer, "another", hash, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the number with another subject: %v", err)
	}
	if _, err := w.End(w.ctx, ola.ID, "sluttet"); err != nil {
		t.Fatal(err)
	}
	if _, err = w.LogIn(t.Context(), issuer, "sub", hash, ""); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who is ended: %v", err)
	}
}

// TestConfiguredAdministrator: the configuration makes the first administrator, and nobody takes it but the configuration.
func TestConfiguredAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, err := w.LogIn(t.Context(), issuer, "first", "", "Første")
	if err != nil {
		t.Fatal(err)
	}
	if len(first.Grants) != 0 || len(w.Grants(first)) != 1 || !w.Scope(first, access.GiveRoles).All {
		t.Errorf("stored %v, has %v", first.Grants, w.Grants(first))
	}
	ola := w.person("ola", "")
	if _, err := w.Give(w.as(first), ola.ID, access.Grant{Role: access.RoleAdministrator}, "to"); err != nil {
		t.Error(err)
	}
	if again, err := w.LogIn(t.Context(), issuer, "first", "", "Første"); err != nil || again.ID != first.ID {
		t.Errorf("again: %+v, %v", again, err)
	}
	ended, err := w.End(w.as(ola), first.ID, "sluttet")
	if err != nil || len(w.Grants(ended)) != 0 {
		t.Errorf("ended: %v, %v", w.Grants(ended), err)
	}
}

// TestWho: a session's first request binds and notes the log-in, the others write nothing; roles are those of now.
func TestWho(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hash := strings.Repeat("0a", 32)
	ola := w.person("", hash, reader)
	who := func(s login.Session) (access.Person, error) {
		w.now = w.now.Add(time.Minute)
		return w.Who(t.Context(), s)
	}
	session := login.Session{Issuer: issuer, Subject: "sub", Person: hash, Began: w.now}
	first, err := who(session)
	if err != nil || first.ID != ola.ID || first.Subject != "sub" || !first.LastLogin.Equal(w.now) {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := who(session)
	if err != nil || !again.LastLogin.Equal(first.LastLogin) {
		t.Errorf("the same session: %+v, %v", again, err)
	}
	session.Began = w.now
	if again, err = who(session); err != nil || !again.LastLogin.Equal(w.now) {
		t.Errorf("a later session: %+v, %v", again, err)
	}
	if _, err := w.Take(w.ctx, ola.ID, reader, "ferdig"); err != nil {
		t.Fatal(err)
	}
	if again, err = who(session); err != nil || len(again.Grants) != 0 {
		t.Errorf("roles of before: %v, %v", again.Grants, err)
	}
	if _, err := w.End(w.ctx, ola.ID, "sluttet"); err != nil {
		t.Fatal(err)
	}
	if _, err := who(session); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("who is ended: %v", err)
	}
	if _, err := who(login.Session{Issuer: issuer, Subject: "stranger", Began: w.now}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a stranger: %v", err)
	}
	boss, err := who(login.Session{Issuer: issuer, Subject: "first", Began: w.now})
	if err != nil || !access.Where(boss.Grants, access.GiveRoles, nil).All {
		t.Errorf("of the configuration: %+v, %v", boss, err)
	}
}
