package step

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs"
)

// ErrPreparedLost tells that a prepared file is not what was stored.
var ErrPreparedLost = errors.New("the prepared letter is gone or damaged")

// OpenPrepared opens a prepared file and proves that it still is what was stored: a damaged one may well be a sound PDF
// that shows something else.
func (e *Step) OpenPrepared(ctx context.Context, ref shipment.BlobRef) (printjobs.Source, error) {
	b, err := e.Blobs.Open(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", ErrPreparedLost, err)
	}
	if err != nil {
		return nil, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, io.NewSectionReader(b, 0, b.Size())); err != nil {
		return nil, errors.Join(fmt.Errorf("read document %s: %w", ref.SHA256, err), b.Close())
	}
	if hex.EncodeToString(h.Sum(nil)) != ref.SHA256 {
		return nil, errors.Join(fmt.Errorf("%w: document %s has another SHA-256", ErrPreparedLost, ref.SHA256), b.Close())
	}
	return b, nil
}

// StoreFile puts a file of ours into the blob store.
func (e *Step) StoreFile(ctx context.Context, path string) (shipment.BlobRef, error) {
	f, err := os.Open(path)
	if err != nil {
		return shipment.BlobRef{}, err
	}
	defer f.Close()
	return e.Blobs.Put(ctx, f)
}

// CopyBlob writes a blob to a file.
func (e *Step) CopyBlob(ctx context.Context, ref shipment.BlobRef, path string) error {
	b, err := e.Blobs.Open(ctx, ref)
	if err != nil {
		return fmt.Errorf("open document: %w", err)
	}
	defer b.Close()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, io.NewSectionReader(b, 0, b.Size()))
	return errors.Join(err, f.Close())
}
