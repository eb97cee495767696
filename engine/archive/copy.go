package archive

import (
	"context"
	"fmt"
	"io"

	"postgang/engine/archive/proof"
	"postgang/engine/store"
)

// Copy writes the database as it is at one moment, while others work on. scratch is an empty folder of the caller's.
func (a *Archive) Copy(ctx context.Context, scratch string, w io.Writer) error {
	if err := a.store.Copy(ctx, scratch, w); err != nil {
		return fmt.Errorf("copy the database: %w", err)
	}
	return nil
}

// CheckWhole is Check of all there is, indexes and references too; it reads the whole file, and keeps nobody waiting.
func (a *Archive) CheckWhole(ctx context.Context) ([]string, error) {
	found, err := a.store.CheckWhole(ctx)
	if err != nil {
		return nil, fmt.Errorf("check the database: %w", a.store.Fault(err))
	}
	return found, nil
}

// Fault says what an error of the database means that came by another way than the archive's own, as the queue's do.
func (a *Archive) Fault(err error) error { return a.store.Fault(err) }

// Prove calls fn with what proves that rows agree with each other, on one snapshot.
func (a *Archive) Prove(ctx context.Context, fn func(p proof.Prover) error) error {
	return a.View(ctx, func(r store.Reader) error { return fn(proof.New(r.(*reader).Rows)) })
}

// DocumentsMark says whose the documents of this archive are; empty: it has none yet.
func (a *Archive) DocumentsMark(ctx context.Context) (string, error) {
	return store.View(ctx, a, func(r store.Reader) (string, error) { return documentsMark(ctx, r) })
}
