package operation

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// cache keeps what is dear to count for some seconds, so that fifty people who look at the same thing cost what one does.
type cache[T any] struct {
	keep time.Duration // 0: cached
	mu   sync.Mutex
	at   time.Time // on the machine's own clock
	have T
}

// cached is how long, where nothing else is said.
const cached = 10 * time.Second

// get gives what is kept, or asks for it anew. Who comes meanwhile waits for the answer.
func (c *cache[T]) get(ctx context.Context, ask func(ctx context.Context) (T, error)) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && time.Since(c.at) < cmp.Or(c.keep, cached) {
		return c.have, nil
	}
	got, err := ask(ctx)
	if err != nil {
		return got, err
	}
	c.have, c.at = got, time.Now()
	return got, nil
}
