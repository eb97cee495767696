package together

import (
	"context"
)

// Lookup has what many want to know at the same time read together. Who asks alone is answered at once.
type Lookup[K, V any] struct {
	group *Group[*question[K, V]]
	read  func(ctx context.Context, keys []K) ([]V, error)
}

type question[K, V any] struct {
	ctx   context.Context
	key   K
	value V
	err   error
	alone bool // the group came to nothing: each by itself
}

// NewLookup is a lookup that read answers: a value for each key, in their order.
func NewLookup[K, V any](read func(ctx context.Context, keys []K) ([]V, error)) *Lookup[K, V] {
	l := &Lookup[K, V]{read: read}
	l.group = New(l.readAll)
	return l
}

// Get reads the value of a key, with those of others or alone. What cannot be read with others is read alone.
func (l *Lookup[K, V]) Get(ctx context.Context, key K) (V, error) {
	q := &question[K, V]{ctx: ctx, key: key, alone: true}
	l.group.Do(q)
	if q.alone {
		return l.one(ctx, key)
	}
	return q.value, q.err
}

func (l *Lookup[K, V]) one(ctx context.Context, key K) (v V, err error) {
	values, err := l.read(ctx, []K{key})
	if err != nil {
		return v, err
	}
	return values[0], nil
}

// readAll answers all questions or none of them: then each is asked by itself, which tells whose trouble it is.
func (l *Lookup[K, V]) readAll(questions []*question[K, V]) {
	defer func() { _ = recover() }() // who panics does so again by itself
	if len(questions) == 1 {
		q := questions[0]
		q.value, q.err = l.one(q.ctx, q.key)
		q.alone = false
		return
	}
	keys := make([]K, len(questions))
	for i, q := range questions {
		keys[i] = q.key
	}
	values, err := l.read(context.WithoutCancel(questions[0].ctx), keys)
	if err != nil {
		return
	}
	for i, q := range questions {
		q.value, q.alone = values[i], false
	}
}
