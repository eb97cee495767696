package together

import (
	"context"
	"time"
)

// patience is how long a reading for several may take. It cannot end with the context of one of them, and a database that is cut off must not
// keep all of them for ever: each then reads by itself.
const patience = 30 * time.Second

// Lookup has what many want to know at the same time read together. Who asks alone is answered at once.
type Lookup[K, V any] struct {
	group *Group[*question[K, V]]
	read  func(ctx context.Context, keys []K) ([]V, error)
}

type question[K, V any] struct {
	ctx      context.Context
	key      K
	value    V
	answered bool
	done     chan struct{}
}

// NewLookup is a lookup that read answers: a value for each key, in their order.
func NewLookup[K, V any](read func(ctx context.Context, keys []K) ([]V, error)) *Lookup[K, V] {
	l := &Lookup[K, V]{read: read}
	l.group = New(l.readAll)
	return l
}

// Get reads the value of a key, with those of others or alone. What cannot be read with others is read alone, which tells whose trouble it is.
func (l *Lookup[K, V]) Get(ctx context.Context, key K) (v V, err error) {
	q := &question[K, V]{ctx: ctx, key: key, done: make(chan struct{})}
	go func() {
		defer close(q.done)
		l.group.Do(q)
	}()
	select {
	case <-q.done:
	case <-ctx.Done():
		return v, ctx.Err()
	}
	if q.answered {
		return q.value, nil
	}
	values, err := l.read(ctx, []K{key})
	if err != nil {
		return v, err
	}
	return values[0], nil
}

// readAll answers all questions or none of them.
func (l *Lookup[K, V]) readAll(questions []*question[K, V]) {
	defer func() { _ = recover() }() // who panics does so again by itself
	keys := make([]K, len(questions))
	for i, q := range questions {
		keys[i] = q.key
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(questions[0].ctx), patience)
	defer cancel()
	values, err := l.read(ctx, keys)
	if err != nil {
		return
	}
	for i, q := range questions {
		q.value, q.answered = values[i], true
	}
}
