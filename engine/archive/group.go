package archive

import (
	"context"
	"errors"

	"postgang/engine/store"
)

// member is a writer who shares a transaction with others, and with it the flush to disk that ends one.
type member struct {
	ctx   context.Context
	fn    func(tx store.Tx) error
	err   error
	alone bool // the group came to nothing: each by itself
}

// InGroup is InTx in a transaction that others may share. Whoever comes while one is under way goes with the next, together. When one
// of them fails, nothing of the group is done, and each is done by itself. On PostgreSQL groups of other processes may be under way at
// the same time; who meets one of theirs at a row is done by itself, alone.
func (a *Archive) InGroup(ctx context.Context, fn func(tx store.Tx) error) error {
	m := &member{ctx: ctx, fn: fn}
	a.group.Do(m) // until it is over, also when ctx has ended: whether it was done must be known
	if m.alone {
		return a.InTx(ctx, fn)
	}
	return m.err
}

// writeGroup does a group in one transaction, or nothing of it.
func (a *Archive) writeGroup(members []*member) {
	var err error
	ended := false
	defer func() {
		_ = recover() // who panics does so again by itself, where it is dealt with
		for _, m := range members {
			m.err, m.alone = err, !ended || err != nil && len(members) > 1 || errors.Is(err, store.ErrStale)
		}
	}()
	err = a.write(context.WithoutCancel(members[0].ctx), beside, func(t *tx) error {
		if len(members) > 1 {
			t.Gather()
		}
		for _, m := range members {
			if err := m.ctx.Err(); err != nil {
				return err
			}
			if err := m.fn(t); err != nil {
				return err
			}
		}
		return nil
	})
	ended = true
}
