package archive

import (
	"context"
	"errors"
	"slices"

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
// of them fails, nothing of the group is done: it is done by itself, and the others once more. On PostgreSQL groups of other processes may be under way at
// the same time; who meets one of theirs at a row is done by itself, alone.
func (a *Archive) InGroup(ctx context.Context, fn func(tx store.Tx) error) error {
	m := &member{ctx: ctx, fn: fn}
	a.group.Do(m) // until it is over, also when ctx has ended: whether it was done must be known
	if m.alone {
		return a.InTx(ctx, fn)
	}
	return m.err
}

// groupTries bounds how often a group is begun anew without those for whom it came to nothing.
const groupTries = 4

// writeGroup does a group in one transaction. Who fails is left to be done by itself, and the others are begun anew together: were each of
// them alone, all would wait for one another.
func (a *Archive) writeGroup(members []*member) {
	for try := 1; len(members) > 0; try++ {
		failed := a.tryGroup(members)
		if failed == nil {
			return
		}
		failed.alone = true
		members = slices.DeleteFunc(slices.Clone(members), func(m *member) bool { return m == failed })
		if try == groupTries {
			for _, m := range members {
				m.alone = true
			}
			return
		}
	}
}

// tryGroup does a group in one transaction, or nothing of it. It gives whoever it came to nothing for, where there are others and it can be
// told; else all have been told how it went.
func (a *Archive) tryGroup(members []*member) (failed *member) {
	var err error
	var at *member // whose turn it is
	ended := false
	defer func() {
		if !ended {
			_ = recover() // who panics does so again by itself, where it is dealt with
		}
		if at != nil && len(members) > 1 {
			failed = at
			return
		}
		for _, m := range members {
			m.err, m.alone = err, !ended || err != nil && len(members) > 1 || errors.Is(err, store.ErrStale)
		}
	}()
	err = a.write(context.WithoutCancel(members[0].ctx), beside, func(t *tx) error {
		if len(members) > 1 {
			t.Gather()
		}
		for _, m := range members {
			at = m
			if err := m.ctx.Err(); err != nil {
				return err
			}
			if err := m.fn(t); err != nil {
				return err
			}
		}
		at = nil
		return nil
	})
	ended = true
	return nil
}
