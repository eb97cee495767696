package sqlrow

import (
	"context"
	"maps"
	"math/bits"
	"slices"
)

// later is what waits to be written in a transaction that gathers.
type later struct {
	gathers bool
	apart   bool // see Apart
	waiting map[int]func(ctx context.Context) error
}

// The ranks of what is given to Later: shipments themselves, what refers to them, and alarms.
const (
	Shipments      = 10
	AfterShipments = 20
	Alarms         = 30
)

// Gather has what is given to Later wait.
func (r *Rows) Gather() { r.later.gathers = true }

// Gathers reports whether the transaction gathers.
func (r *Rows) Gathers() bool { return r.later.gathers }

// Later has something written: at once or, in a transaction that gathers, before its end and before any statement that is not Apart. Of
// those with one rank the last is called, for all of them; what a lower rank writes is there when a higher one's turn comes.
func (r *Rows) Later(ctx context.Context, rank int, write func(ctx context.Context) error) error {
	if err := r.Usable(); err != nil {
		return err
	}
	if !r.later.gathers {
		return write(ctx)
	}
	if r.later.waiting == nil {
		r.later.waiting = map[int]func(ctx context.Context) error{}
	}
	r.later.waiting[rank] = write
	return nil
}

// Settle writes what waits.
func (r *Rows) Settle(ctx context.Context) error {
	waiting := r.later.waiting
	r.later.waiting = nil
	for _, rank := range slices.Sorted(maps.Keys(waiting)) {
		if err := waiting[rank](ctx); err != nil {
			return err
		}
	}
	return nil
}

// Apart runs statements that read nothing of what waits, and change nothing that it needs or changes.
func (r *Rows) Apart(fn func() error) error {
	before := r.later.apart
	r.later.apart = true
	defer func() { r.later.apart = before }()
	return fn()
}

func (r *Rows) settleFirst(ctx context.Context) error {
	if err := r.Wait(ctx); err != nil {
		return err
	}
	if len(r.later.waiting) == 0 || r.later.apart {
		return nil
	}
	return r.Settle(ctx)
}

// fewLengths is how many of n rows one statement takes, so that there are few statements of different lengths: each is read and planned
// by the database, and kept.
func fewLengths(n int) int {
	if n <= 4 {
		return n
	}
	return 1 << (bits.Len(uint(n)) - 1)
}

// FewLengths repeats the last of some values, so that there are few statements of different lengths.
func FewLengths[T any](vs []T) []T {
	n := len(vs)
	if n <= 4 || n > 512 {
		return vs
	}
	return append(slices.Clip(vs), slices.Repeat(vs[n-1:], 1<<bits.Len(uint(n-1))-n)...)
}

// Chunks cuts rows into those of one statement each, of at most so many.
func Chunks[T any](rows []T, most int) (out [][]T) {
	for len(rows) > 0 {
		n := fewLengths(min(len(rows), most))
		out, rows = append(out, rows[:n]), rows[n:]
	}
	return out
}
