// Package together serves those who come at the same time together: what costs as much for one as for many, such as a flush to disk, is
// then done once for all of them. Who comes alone is served at once.
package together

import (
	"sync"
	"time"
)

const (
	// most bounds a group: it keeps others waiting for as long as all of its members take.
	most = 64
	// gather is how long a group waits for more members when the one before had several.
	gather = 8 * time.Millisecond
)

// Group serves items of some kind, one group after the other.
type Group[T any] struct {
	serve func(items []T)

	mu      sync.Mutex
	waiting []place[T]
	working bool
}

type place[T any] struct {
	item T
	done chan struct{}
}

// New is a group whose members serve serves. It must not panic.
func New[T any](serve func(items []T)) *Group[T] { return &Group[T]{serve: serve} }

// Do returns when an item was served, with others or alone.
func (g *Group[T]) Do(item T) {
	p := place[T]{item, make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, p)
	lead := !g.working
	g.working = true
	g.mu.Unlock()
	if lead {
		go g.lead()
	}
	<-p.done
}

// lead serves until nobody waits.
func (g *Group[T]) lead() {
	for places := g.next(); len(places) > 0; places = g.next() {
		items := make([]T, len(places))
		for i, p := range places {
			items[i] = p.item
		}
		g.serve(items)
		for _, p := range places {
			close(p.done)
		}
		if len(places) > 1 {
			time.Sleep(gather)
		}
	}
}

// next takes the next group; empty: nobody waits, and who comes from now on begins anew.
func (g *Group[T]) next() []place[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := min(len(g.waiting), most)
	places := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; n == 0 {
		g.waiting, g.working = nil, false
	}
	return places
}
