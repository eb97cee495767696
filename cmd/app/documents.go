package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postgang/cmd/config"
	"postgang/engine/archive"
	"postgang/engine/documents"
	"postgang/engine/documents/cached"
	"postgang/engine/documents/s3"
	"postgang/engine/documents/sealed"
	"postgang/engine/store"
)

// sealedMark is there when documents are, or were, sealed: the key of their names.
const sealedMark = "keys/names"

// OpenDocuments opens the documents of an archive as they are configured, once they are seen to be its own.
func OpenDocuments(ctx context.Context, cfg *config.Config, a *archive.Archive, now func() time.Time) (documents.Store, error) {
	if cfg.Store.Bucket == nil {
		plain, err := a.OpenDocuments(ctx, cfg.Documents)
		if err != nil {
			return nil, err
		}
		return withSeal(ctx, cfg, plain.Objects, now)
	}
	b, err := s3.Open(*cfg.Store.Bucket)
	if err != nil {
		return nil, err
	}
	if err := a.CheckBucket(ctx, b.Where(), b); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return overBucket(ctx, cfg, b, now)
}

// OpenUnchecked opens documents whoever's they are.
func OpenUnchecked(ctx context.Context, cfg *config.Config, now func() time.Time) (documents.Store, error) {
	if cfg.Store.Bucket == nil {
		f, err := documents.OpenFolder(cfg.Documents)
		if err != nil {
			return nil, err
		}
		return withSeal(ctx, cfg, f, now)
	}
	b, err := s3.Open(*cfg.Store.Bucket)
	if err != nil {
		return nil, err
	}
	return overBucket(ctx, cfg, b, now)
}

func overBucket(ctx context.Context, cfg *config.Config, b *s3.Bucket, now func() time.Time) (documents.Store, error) {
	if cfg.Store.Cache == "" {
		return withSeal(ctx, cfg, b, now)
	}
	c, err := cached.Open(b, cfg.Store.Cache, cfg.Store.CacheBytes)
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return withSeal(ctx, cfg, c, now)
}

// withSeal gives the documents of a place, sealed when that is configured. Where documents are sealed already they must be.
func withSeal(ctx context.Context, cfg *config.Config, in documents.Objects, now func() time.Time) (documents.Store, error) {
	if cfg.Store.KEK != nil {
		s, err := sealed.Open(ctx, in, cfg.Store.KEK, cfg.Work, now)
		if err != nil {
			return nil, errors.Join(err, in.Close())
		}
		return s, nil
	}
	_, err := in.ReadFile(ctx, sealedMark)
	if err == nil {
		err = fmt.Errorf("the documents are sealed, and this configuration has no key: set [documents.sealed] key_file")
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, errors.Join(err, in.Close())
	}
	return documents.NewPlain(in, cfg.Work), nil
}

// DiskOf is the folder on whose disk room is needed most: that of the documents, or where they pass through.
func DiskOf(cfg *config.Config) string {
	if cfg.Documents != "" {
		return cfg.Documents
	}
	return cfg.Work
}
