package sqlrow

import (
	"context"
	"fmt"

	"github.com/sourcegraph/conc/panics"

	"postgang/engine/archive/database"
)

// besideFrom is how many rows are worth another goroutine.
const besideFrom = 50

// besideAtMost is how many statements may wait for those before them: their values are in memory.
const besideAtMost = 16

// beside runs statements on another goroutine, one after the other, while the transaction's own puts the next together. The database takes
// as long for one as that does.
type beside struct {
	queue  chan statement
	ended  chan struct{} // closed when all have run
	failed *statement    // the first that did not do what it should
	err    error         // why
	short  bool          // it changed fewer rows than it should
}

// statement is one that runs beside.
type statement struct {
	query string
	args  []any
	what  string // what errors call it
	// most is how many rows it must change, when why is not nil. why tells the error of one that changed fewer.
	most int64
	why  func(ctx context.Context) error
}

// ExecBeside runs a statement while the caller goes on; it must change so many rows, or why is the error. The transaction's next statement that is not run
// beside, or its end, waits for it. An error, called what, is given to whoever waits; no statement follows one that failed.
func (r *Rows) ExecBeside(ctx context.Context, what, query string, args []any, rows int64, why func(ctx context.Context) error) error {
	return r.besides(ctx, statement{query: query, args: args, what: what, most: rows, why: why})
}

// InsertBeside is InsertRows, of which the end is not waited for, see ExecBeside. Of few rows it is.
func (r *Rows) InsertBeside(ctx context.Context, what, into string, rows [][]any) error {
	if len(rows) < besideFrom {
		if err := r.InsertRows(ctx, into, rows); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	}
	for some := range insertions(into, rows) {
		if err := r.besides(ctx, statement{query: some.query, args: some.args, what: what}); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) besides(ctx context.Context, s statement) error {
	if err := r.Usable(); err != nil {
		return err
	}
	if err := plain(s.args); err != nil {
		return fmt.Errorf("%s: %w", s.what, err)
	}
	if len(r.later.waiting) > 0 && !r.later.apart {
		if err := r.Settle(ctx); err != nil {
			return err
		}
	}
	if r.beside == nil {
		b := &beside{queue: make(chan statement, besideAtMost), ended: make(chan struct{})}
		go func() {
			defer close(b.ended)
			for s := range b.queue {
				b.run(ctx, r.q, s)
			}
		}()
		r.beside = b
	}
	r.beside.queue <- s
	return nil
}

// run runs a statement, unless one has failed.
func (b *beside) run(ctx context.Context, q database.Querier, s statement) {
	if b.failed != nil {
		return
	}
	var n int64
	var err error
	if panicked := panics.Try(func() { n, err = Changed(q.ExecContext(ctx, s.query, s.args...)) }); panicked != nil {
		err = panicked.AsError()
	}
	if err != nil || s.why != nil && n < s.most {
		b.failed, b.err, b.short = &s, err, err == nil
	}
}

// Wait waits for the statements that run beside, and gives the first error of theirs.
func (r *Rows) Wait(ctx context.Context) error {
	b := r.beside
	if b == nil {
		return nil
	}
	r.beside = nil
	close(b.queue)
	<-b.ended
	switch {
	case b.failed == nil:
		return nil
	case !b.short:
		return fmt.Errorf("%s: %w", b.failed.what, r.Fail(b.err))
	}
	err := fmt.Errorf("%s: %w", b.failed.what, b.failed.why(ctx))
	if r.failed == nil { // who passes it over must not commit
		r.failed = err
	}
	return err
}
