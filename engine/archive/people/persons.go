package people

import (
	"context"
	"errors"
	"fmt"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/store"
)

const personColumns = `id, name, issuer, subject, number, login, created_at, last_login, ended_at`

// persons reads persons with their grants, by a condition and the order of its rows.
func (r Reader) persons(ctx context.Context, rest string, args ...any) ([]access.Person, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (p access.Person, err error) {
		err = scan(&p.ID, &p.Name, &p.Issuer, &p.Subject, &p.Number, &p.Login, sqlrow.When(&p.Created), sqlrow.When(&p.LastLogin), sqlrow.When(&p.Ended))
		return p, err
	}, `SELECT `+personColumns+` FROM person `+rest, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	at := map[string]int{}
	for i, p := range out {
		at[p.ID] = i
	}
	query, of := `SELECT person, role, organisation, account FROM person_grant`, []any(nil)
	if len(out) == 1 {
		query, of = query+` WHERE person = $1`, []any{out[0].ID}
	}
	err = r.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var id string
		var g access.Grant
		err := scan(&id, &g.Role, &g.Organisation, &g.Account)
		if i, ok := at[id]; ok {
			out[i].Grants = append(out[i].Grants, g)
		}
		return err
	}, query, of...)
	for i := range out {
		out[i].Grants = access.Sorted(out[i].Grants)
	}
	return out, err
}

// People lists all persons.
func (r Reader) People(ctx context.Context) ([]access.Person, error) {
	out, err := r.persons(ctx, `ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("list persons: %w", err)
	}
	return out, nil
}

// Person finds a person by id.
func (r Reader) Person(ctx context.Context, id string) (access.Person, error) {
	return r.person(ctx, `WHERE id = $1`, id)
}

// ActorNames are the names of those who do something.
func (r Reader) ActorNames(ctx context.Context) (map[string]string, error) {
	names := map[string]string{}
	// Those who are not ended come last: a log-in name may have been another's before.
	err := r.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var id, name, login string
		var of access.ActorKind
		var living int
		if err := scan(&of, &id, &name, &login, &living); err != nil {
			return err
		}
		names[access.Actor{Kind: of, ID: id}.String()] = name
		if login != "" {
			names[access.Actor{Kind: access.CommandLine, ID: login}.String()] = name
		}
		return nil
	}, `SELECT '`+string(access.Human)+`', id, name, login, CASE WHEN ended_at IS NULL THEN 1 ELSE 0 END AS living FROM person
		UNION ALL SELECT '`+string(access.Integrated)+`', id, name, '', 1 FROM integration ORDER BY living`)
	if err != nil {
		return nil, fmt.Errorf("read names: %w", err)
	}
	return names, nil
}

// PersonBy finds who logs in. One who is known goes before one who is invited.
func (r Reader) PersonBy(ctx context.Context, issuer, subject, number string) (access.Person, error) {
	return r.person(ctx, `WHERE ended_at IS NULL AND (subject <> '' AND issuer = $1 AND subject = $2 OR subject = '' AND number <> '' AND number = $3)
		ORDER BY subject DESC LIMIT 1`, issuer, subject, number)
}

func (r Reader) person(ctx context.Context, where string, args ...any) (access.Person, error) {
	out, err := r.persons(ctx, where, args...)
	if err == nil && len(out) == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return access.Person{}, fmt.Errorf("person: %w", err) // what was asked for may be anything
	}
	return out[0], nil
}

// PutPerson stores a person, and what it changes.
func (t Writer) PutPerson(ctx context.Context, p access.Person, reason string) error {
	c := access.Change{At: t.now, Actor: access.By(ctx), Subject: access.SubjectOf(p.ID), Reason: reason}
	former, err := Reader{t.rows}.Person(ctx, p.ID)
	if err == nil {
		c.Before, err = former.State()
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err == nil {
		c.After, err = p.State()
	}
	if err == nil {
		err = t.putPerson(ctx, p)
	}
	if err == nil {
		err = t.addChange(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("store person %s: %w", p.ID, err)
	}
	return nil
}

func (t Writer) putPerson(ctx context.Context, p access.Person) error {
	_, err := t.rows.Exec(ctx, `INSERT INTO person (`+personColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		ON CONFLICT (id) DO UPDATE SET name = $2, issuer = $3, subject = $4, number = $5, login = $6, ended_at = $9`,
		p.ID, p.Name, p.Issuer, p.Subject, p.Number, p.Login, p.Created, p.LastLogin, p.Ended)
	if err != nil {
		return err
	}
	if _, err := t.rows.Exec(ctx, `DELETE FROM person_grant WHERE person = $1`, p.ID); err != nil {
		return err
	}
	grants := make([][]any, len(p.Grants))
	for i, g := range p.Grants {
		grants[i] = []any{p.ID, string(g.Role), g.Organisation, g.Account}
	}
	return t.rows.InsertRows(ctx, `person_grant (person, role, organisation, account)`, grants)
}

// RecordLogin notes that a person has logged in.
func (t Writer) RecordLogin(ctx context.Context, id string) error {
	n, err := t.rows.Exec(ctx, `UPDATE person SET last_login = $2 WHERE id = $1`, id, t.now)
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("record log-in of person %s: %w", id, err)
	}
	return nil
}
