package roles_test

import (
	"errors"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/login"
	"postgang/engine/store"
)

// TestIntegrationsWithin: who configures some accounts makes, changes and ends the integrations of these alone, and each change is
// recorded; what is refused is not.
func TestIntegrationsWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, reading := w.person("boss", "", bergvik), w.person("reader", "", reader)
	ctx := w.as(boss)
	own, password, err := w.AddIntegration(ctx, "acos", "", []string{"skole"}, "nytt fagsystem")
	if err != nil || !own.Check(password, w.now) || !own.MaySend("skole") {
		t.Fatalf("%+v, %v", own, err)
	}
	wide, _, err := w.AddIntegration(w.ctx, "websak", "974760673", []string{"skole", "helse"}, "felles")
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.changes())
	number := "974760673"
	wrong := "974760674"
	for what, c := range map[string]struct {
		do   func() error
		want error // nil: any
	}{
		"adds elsewhere": {func() error {
			_, _, err := w.AddIntegration(ctx, "x1", "", []string{"skole", "helse"}, "x")
			return err
		}, access.ErrOutside},
		"adds what is there": {func() error { _, _, err := w.AddIntegration(ctx, "acos", "", []string{"skole"}, "x"); return err }, store.ErrExists},
		"adds for nothing":   {func() error { _, _, err := w.AddIntegration(ctx, "x1", "", nil, "x"); return err }, nil},
		"adds for an unknown account": {func() error {
			_, _, err := w.AddIntegration(w.ctx, "x1", "", []string{"borte"}, "x")
			return err
		}, nil},
		"adds without a reason":        {func() error { _, _, err := w.AddIntegration(ctx, "x1", "", []string{"skole"}, " "); return err }, nil},
		"widens":                       {func() error { _, err := w.ChangeIntegration(ctx, own.ID, []string{"helse"}, nil, "x"); return err }, access.ErrOutside},
		"narrows another's":            {func() error { _, err := w.ChangeIntegration(ctx, wide.ID, []string{"skole"}, nil, "x"); return err }, access.ErrOutside},
		"rotates another's":            {func() error { _, _, err := w.RotateIntegration(ctx, wide.ID, 0, "x"); return err }, access.ErrOutside},
		"ends another's":               {func() error { _, err := w.EndIntegration(ctx, wide.ID, "x"); return err }, access.ErrOutside},
		"who may not":                  {func() error { _, err := w.EndIntegration(w.as(reading), own.ID, "x"); return err }, access.ErrOutside},
		"one that there is not":        {func() error { _, err := w.EndIntegration(ctx, "borte", "x"); return err }, store.ErrNotFound},
		"an organisation that is none": {func() error { _, err := w.ChangeIntegration(ctx, own.ID, nil, &wrong, "x"); return err }, nil},
	} {
		if err := c.do(); err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if after := len(w.changes()); after != before {
		t.Errorf("%d changes were recorded of what was not done", after-before)
	}
	changed, err := w.ChangeIntegration(ctx, "acos", nil, &number, "fikk Maskinporten")
	if err != nil || changed.Organisation != number || len(changed.Accounts) != 1 {
		t.Errorf("%+v, %v", changed, err)
	}
	rotated, second, err := w.RotateIntegration(ctx, own.ID, time.Hour, "årlig bytte")
	if err != nil || !rotated.Check(password, w.now) || !rotated.Check(second, w.now) || rotated.Check(password, w.now.Add(time.Hour)) {
		t.Errorf("rotated: %+v, %v", rotated, err)
	}
	if _, err = w.EndIntegration(ctx, own.ID, "byttet system"); err != nil {
		t.Fatal(err)
	}
	if _, _, err = w.RotateIntegration(ctx, own.ID, 0, "x"); !errors.Is(err, access.ErrIntegrationEnded) {
		t.Errorf("an ended one is rotated: %v", err)
	}
	list := w.changes()
	if n := len(list) - before; n != 3 {
		t.Fatalf("%d changes", n)
	}
	for i, want := range []access.Difference{{Ended: true}, {Rotated: true, FormerUntil: w.now.Add(time.Hour)}, {Organisation: true}} {
		got, err := list[i].Difference()
		if err != nil || got.Ended != want.Ended || got.Organisation != want.Organisation || !got.FormerUntil.Equal(want.FormerUntil) || list[i].Actor.ID != boss.ID {
			t.Errorf("change %d: %+v, %v, want %+v by the boss", i, got, err, want)
		}
	}
}

// TestEndSessions: sessions are ended by oneself and by who administers one of the person's roles, and with the person.
func TestEndSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	boss, pupil, other := w.person("boss", "", bergvik), w.person("pupil", "", reader, elsewhere), w.person("other", "", elsewhere)
	n := 0
	begin := func(p access.Person) {
		t.Helper()
		n++
		s := login.Session{Token: string([]byte("0123456789abcdef")[n:n+1]) + "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", Issuer: issuer, Subject: p.Subject, Began: w.now, Last: w.now}
		if len(s.Token) != 64 {
			s.Token = (s.Token + "0000000000000000000000000000000000000000000000000000000000000000")[:64]
		}
		if err := w.archive.InTx(t.Context(), func(tx store.Tx) error { return tx.InsertSession(t.Context(), s) }); err != nil {
			t.Fatal(err)
		}
	}
	begin(pupil)
	begin(other)
	begin(boss)
	if _, err := w.EndSessions(w.as(boss), other.ID, "x"); !errors.Is(err, access.ErrOutside) {
		t.Errorf("of somebody elsewhere: %v", err)
	}
	if _, err := w.EndSessions(w.as(other), boss.ID, "x"); !errors.Is(err, access.ErrOutside) {
		t.Errorf("by who administers nothing: %v", err)
	}
	for _, c := range []struct {
		by, of access.Person
		want   int
	}{{boss, pupil, 1}, {boss, pupil, 0}, {boss, boss, 1}} {
		if got, err := w.EndSessions(w.as(c.by), c.of.ID, "mistet PC-en"); err != nil || got != c.want {
			t.Errorf("%d were ended, %v, want %d", got, err, c.want)
		}
	}
	begin(pupil)
	if _, err := w.End(w.ctx, pupil.ID, "sluttet"); err != nil {
		t.Fatal(err)
	}
	left, err := store.View(t.Context(), w.archive, func(r store.Reader) ([]login.Session, error) { return r.SessionsOfPeople(t.Context()) })
	if err != nil || len(left) != 1 || left[0].Subject != other.Subject {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestTie: a log-in name is tied on the command line alone, and is one person's.
func TestTie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.person("first1", ""), w.person("second", "")
	admin := w.person("admin", "", access.Grant{Role: access.RoleAdministrator})
	if p, err := w.Tie(w.ctx, first.ID, "kari", "drifter maskinen"); err != nil || p.Login != "kari" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := w.Tie(w.as(admin), first.ID, "", "x"); !errors.Is(err, access.ErrOutside) {
		t.Errorf("in the console: %v", err)
	}
	if _, err := w.Tie(w.ctx, second.ID, "kari", "x"); !errors.Is(err, store.ErrExists) {
		t.Errorf("another's: %v", err)
	}
	for _, bad := range []string{"a b", "a/b", "41814061033"} {
		if _, err := w.Tie(w.ctx, second.ID, bad, "x"); err == nil {
			t.Errorf("%q was tied", bad)
		}
	}
	if p, err := w.Tie(w.ctx, first.ID, "", "feil"); err != nil || p.Login != "" {
		t.Errorf("%+v, %v", p, err)
	}
}
