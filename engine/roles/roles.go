// Package roles keeps who may do what: persons are invited to the console, get and lose roles, are ended, and log in; integrations,
// which hand in, are made, changed and ended. The rules stand in access; here they are held against what the archive says in the same
// transaction, and who did it is who the context says (access.As).
package roles

import (
	"context"
	"errors"
	"slices"

	"postgang/engine/access"
	"postgang/engine/identity"
	"postgang/engine/login"
	"postgang/engine/store"
)

// Config is what a Directory is made of.
type Config struct {
	Archive store.Archive
	// Organisations are the accounts of each organisation, by its key; Accounts are the keys of all accounts.
	Organisations map[string][]string
	Accounts      []string
	// Administrators are those whom the configuration makes administrators of all: the first of an installation.
	Administrators []Identity
}

// Identity is who a log-in provider says that somebody is.
type Identity struct{ Issuer, Subject string }

// Directory is the persons of the console. Its methods may be called from several goroutines.
type Directory struct{ c Config }

// New makes a directory.
func New(c Config) *Directory { return &Directory{c} }

// ErrNobody says that only a person changes who may what, in the console or on the command line.
var ErrNobody = errors.New("only a person gives and takes roles")

// nameConfigured is what an administrator by the configuration is called: the provider's word for the name is not kept.
const nameConfigured = "Administrator"

// What the log of changes says of what happens by itself.
const (
	reasonFirst      = "first log-in"
	reasonConfigured = "administrator by the configuration"
)

// Grants are the roles that a person has now: those that were given, and that of an administrator by the configuration. One who is
// ended has none.
func (d *Directory) Grants(p access.Person) []access.Grant {
	all := access.Grant{Role: access.RoleAdministrator}
	switch {
	case !p.Ended.IsZero():
		return nil
	case p.Subject != "" && slices.Contains(d.c.Administrators, Identity{p.Issuer, p.Subject}) && !slices.Contains(p.Grants, all):
		return access.Sorted(append(slices.Clone(p.Grants), all))
	}
	return p.Grants
}

// Scope is where a person may do something now.
func (d *Directory) Scope(p access.Person, a access.Action) access.Scope {
	return access.Where(d.Grants(p), a, d.c.Organisations)
}

// giver is who acts.
func (d *Directory) giver(ctx context.Context, r store.Reader) (access.Giver, error) {
	switch by := access.By(ctx); by.Kind {
	case access.CommandLine:
		return access.Giver{}, nil
	case access.Human:
		p, err := r.Person(ctx, by.ID)
		if err == nil && !p.Ended.IsZero() {
			err = access.ErrEnded
		}
		return access.Giver{Person: p.ID, Grants: d.Grants(p)}, err
	case access.System, access.Integrated:
	}
	return access.Giver{}, ErrNobody
}

// Invite adds a person, made by access.NewPerson, with roles. store.ErrExists when another one is known or invited so already. The
// reason is one line without personal data, as of all changes.
func (d *Directory) Invite(ctx context.Context, p access.Person, reason string) (access.Person, error) {
	grants := p.Grants
	p.Grants = nil
	return d.change(ctx, reason, func(_ store.Reader, w access.Giver) (access.Person, error) {
		if err := w.Invite(d.c.Organisations); err != nil {
			return p, err
		}
		invited := p
		for _, g := range grants {
			err := g.Check(d.c.Organisations, d.c.Accounts)
			if err == nil {
				invited, err = w.Give(invited, g, d.c.Organisations)
			}
			if err != nil {
				return p, err
			}
		}
		return invited, nil
	})
}

// Give gives a person one more role; store.ErrNotFound, access.ErrHeld and the other errors of access.Giver.
func (d *Directory) Give(ctx context.Context, person string, g access.Grant, reason string) (access.Person, error) {
	if err := g.Check(d.c.Organisations, d.c.Accounts); err != nil {
		return access.Person{}, err
	}
	return d.change(ctx, reason, func(r store.Reader, w access.Giver) (access.Person, error) {
		p, err := r.Person(ctx, person)
		if err != nil {
			return p, err
		}
		return w.Give(p, g, d.c.Organisations)
	})
}

// Take takes a role from a person; store.ErrNotFound, access.ErrNotHeld and the other errors of access.Giver.
func (d *Directory) Take(ctx context.Context, person string, g access.Grant, reason string) (access.Person, error) {
	return d.change(ctx, reason, func(r store.Reader, w access.Giver) (access.Person, error) {
		p, err := r.Person(ctx, person)
		if err != nil {
			return p, err
		}
		return w.Take(p, g, d.c.Organisations)
	})
}

// End ends a person for good; store.ErrNotFound and the errors of access.Giver.
func (d *Directory) End(ctx context.Context, person, reason string) (access.Person, error) {
	var ended access.Person
	err := d.inTx(ctx, reason, func(tx store.Tx, w access.Giver) error {
		p, err := tx.Person(ctx, person)
		if err == nil {
			ended, err = w.End(p, tx.Now(), d.c.Organisations)
		}
		if err != nil {
			return err
		}
		if _, err := tx.EndSessionsOf(ctx, person, reason); err != nil {
			return err
		}
		return tx.PutPerson(ctx, ended, reason)
	})
	return ended, err
}

// EndSessions ends the sessions of a person, who may log in again, and counts them; store.ErrNotFound, access.ErrOutside.
func (d *Directory) EndSessions(ctx context.Context, person, reason string) (n int, err error) {
	err = d.inTx(ctx, reason, func(tx store.Tx, w access.Giver) error {
		p, err := tx.Person(ctx, person)
		if err == nil {
			err = w.EndSessions(p, d.Grants(p), d.c.Organisations)
		}
		if err == nil {
			n, err = tx.EndSessionsOf(ctx, person, reason)
		}
		return err
	})
	return n, err
}

// Tie says which log-in name a person has where the command line is used; empty: none any more. Only there it is said, where all may
// be done: it makes two actors one where two persons are required. store.ErrNotFound, store.ErrExists when another person has it.
func (d *Directory) Tie(ctx context.Context, person, login, reason string) (access.Person, error) {
	return d.change(ctx, reason, func(r store.Reader, w access.Giver) (access.Person, error) {
		p, err := r.Person(ctx, person)
		if err == nil && w.Person != "" {
			err = access.ErrOutside
		}
		if err != nil {
			return p, err
		}
		return p.Tied(login)
	})
}

// change stores what a person is made to be.
func (d *Directory) change(ctx context.Context, reason string, to func(r store.Reader, w access.Giver) (access.Person, error)) (access.Person, error) {
	var changed access.Person
	err := d.inTx(ctx, reason, func(tx store.Tx, w access.Giver) (err error) {
		if changed, err = to(tx, w); err != nil {
			return err
		}
		return tx.PutPerson(ctx, changed, reason)
	})
	changed.Grants = access.Sorted(changed.Grants)
	return changed, err
}

func (d *Directory) inTx(ctx context.Context, reason string, fn func(tx store.Tx, w access.Giver) error) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	return d.c.Archive.InTx(ctx, func(tx store.Tx) error {
		w, err := d.giver(ctx, tx)
		if err != nil {
			return err
		}
		return fn(tx, w)
	})
}

// Who finds the person of a session, with the roles that count now. With the first request of a session an invitation is bound and
// the log-in noted. store.ErrNotFound: nobody who may log in.
func (d *Directory) Who(ctx context.Context, s login.Session) (access.Person, error) {
	p, err := store.View(ctx, d.c.Archive, func(r store.Reader) (access.Person, error) {
		return r.PersonBy(ctx, s.Issuer, s.Subject, s.Person)
	})
	first := errors.Is(err, store.ErrNotFound) && slices.Contains(d.c.Administrators, Identity{s.Issuer, s.Subject})
	if first || err == nil && (p.Subject == "" || p.LastLogin.Before(s.Began)) {
		p, err = d.LogIn(ctx, s.Issuer, s.Subject, s.Person, nameConfigured)
	}
	if err != nil {
		return access.Person{}, err
	}
	p.Grants = d.Grants(p)
	return p, nil
}

// LogIn finds who logs in by what the provider says (number is the keyed hash of the fødselsnummer, empty: it tells none), binds an
// invitation at the first log-in, and notes the time. An administrator by the configuration is added with a name. store.ErrNotFound:
// nobody who may log in.
func (d *Directory) LogIn(ctx context.Context, issuer, subject, number, name string) (access.Person, error) {
	var in access.Person
	if issuer == "" || subject == "" {
		return in, store.ErrNotFound
	}
	err := d.c.Archive.InTx(ctx, func(tx store.Tx) error {
		p, err := tx.PersonBy(ctx, issuer, subject, number)
		reason := ""
		switch {
		case errors.Is(err, store.ErrNotFound) && slices.Contains(d.c.Administrators, Identity{issuer, subject}):
			p, err = access.NewPerson(name, issuer, subject, "", tx.Now())
			reason = reasonConfigured
		case err == nil && p.Subject == "":
			p, err = p.Bind(issuer, subject)
			reason = reasonFirst
		}
		if err == nil && reason != "" {
			err = tx.PutPerson(access.As(ctx, access.Actor{Kind: access.Human, ID: p.ID}), p, reason)
		}
		if err != nil {
			return err
		}
		if err := tx.RecordLogin(ctx, p.ID); err != nil {
			return err
		}
		in, err = tx.Person(ctx, p.ID)
		return err
	})
	return in, err
}
