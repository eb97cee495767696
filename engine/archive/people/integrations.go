package people

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"postgang/engine/access"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/store"
)

const integrationColumns = `id, name, organisation, accounts, password, password_at, former, former_until, created_at, ended_at`

func scanIntegration(scan sqlrow.Scan) (i access.Integration, err error) {
	err = scan(&i.ID, &i.Name, &i.Organisation, sqlrow.JSON(&i.Accounts), sqlrow.Text(&i.Password), sqlrow.When(&i.PasswordAt), sqlrow.Text(&i.Former), sqlrow.When(&i.FormerUntil),
		sqlrow.When(&i.Created), sqlrow.When(&i.Ended))
	return i, err
}

// Integrations lists all integrations.
func (r Reader) Integrations(ctx context.Context) ([]access.Integration, error) {
	out, err := sqlrow.List(ctx, r.rows, scanIntegration, `SELECT `+integrationColumns+` FROM integration ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list integrations: %w", err)
	}
	return out, nil
}

// Integration finds an integration by id or name.
func (r Reader) Integration(ctx context.Context, idOrName string) (access.Integration, error) {
	i, err := sqlrow.One(ctx, r.rows, scanIntegration, `SELECT `+integrationColumns+` FROM integration WHERE id = $1 OR name = $1 ORDER BY id = $1 DESC`, idOrName)
	if err != nil {
		return i, fmt.Errorf("integration: %w", err) // what was asked for may be anything
	}
	return i, nil
}

// PutIntegration stores an integration, and what it changes.
func (t Writer) PutIntegration(ctx context.Context, i access.Integration, reason string) error {
	c := access.Change{At: t.now, Actor: access.By(ctx), Subject: access.IntegrationSubject(i.ID), Reason: reason}
	former, err := sqlrow.One(ctx, t.rows, scanIntegration, `SELECT `+integrationColumns+` FROM integration WHERE id = $1`, i.ID)
	if err == nil {
		c.Before, err = former.State()
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	if err == nil {
		c.After, err = i.State()
	}
	if err == nil {
		err = t.putIntegration(ctx, i)
	}
	if err != nil {
		return err
	}
	return t.addChange(ctx, c)
}

func (t Writer) putIntegration(ctx context.Context, i access.Integration) error {
	accounts, err := sqlrow.Encode(i.Accounts)
	if err != nil {
		return err
	}
	_, err = t.rows.Exec(ctx, `INSERT INTO integration (`+integrationColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET name = $2, organisation = $3, accounts = $4, password = $5, password_at = $6, former = $7, former_until = $8, ended_at = $10`,
		i.ID, i.Name, i.Organisation, accounts, string(i.Password), i.PasswordAt, string(i.Former), i.FormerUntil, i.Created, i.Ended)
	if err != nil {
		return fmt.Errorf("store integration %s: %w", i.Name, err)
	}
	return nil
}

// Ways lists the ways that were used.
func (r Reader) Ways(ctx context.Context) ([]access.Way, error) {
	out, err := sqlrow.List(ctx, r.rows, func(scan sqlrow.Scan) (w access.Way, err error) {
		err = scan(&w.Account, sqlrow.Text(&w.Dialect), &w.Integration, sqlrow.When(&w.First), sqlrow.When(&w.Last), &w.HandIns)
		return w, err
	}, `SELECT account, dialect, integration, first_at, last_at, hand_ins FROM way ORDER BY account, dialect, integration`)
	if err != nil {
		return nil, fmt.Errorf("list ways: %w", err)
	}
	return out, nil
}

// CountWay counts a hand-in, see CountWays.
func (t Writer) CountWay(_ context.Context, account string, dialect access.Dialect, integration string) error {
	t.ways[way{account, dialect, integration}]++
	return nil
}

// way is one of an account, as it is counted.
type way struct {
	account     string
	dialect     access.Dialect
	integration string
}

func (w way) compare(other way) int {
	return cmp.Or(cmp.Compare(w.account, other.account), cmp.Compare(w.dialect, other.dialect), cmp.Compare(w.integration, other.integration))
}

// CountWays stores what CountWay has counted in this transaction. It is called at the end: all hand-ins of an account change one row,
// which others want too, always in the same order.
func (t Writer) CountWays(ctx context.Context) error {
	if len(t.ways) == 0 || t.rows.Usable() != nil {
		return nil // what has failed is told as such
	}
	for _, w := range slices.SortedFunc(maps.Keys(t.ways), way.compare) {
		_, err := t.rows.Exec(ctx, `INSERT INTO way (account, dialect, integration, first_at, last_at, hand_ins) VALUES ($1, $2, $3, $4, $4, $5)
			ON CONFLICT (account, dialect, integration) DO UPDATE SET last_at = $4, hand_ins = way.hand_ins + $5`,
			w.account, string(w.dialect), w.integration, t.now, t.ways[w])
		if err != nil {
			return fmt.Errorf("count way of account %s: %w", w.account, err)
		}
	}
	return nil
}
