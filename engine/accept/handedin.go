package accept

import (
	"context"
	"errors"
	"fmt"
	"io"

	"postgang/engine/shipment"
	"postgang/engine/store"
)

// HandedIn are the documents of a letter as they were handed in.
type HandedIn struct {
	Vendor    string // whose checks they are held against
	Documents []HandedInDocument
}

// HandedInDocument is a document of a hand-in that was to be printed.
type HandedInDocument struct {
	Position int    // in the hand-in, the first being 0
	Bytes    []byte // nobody has found them in order; none: it is gone, or more than was asked for
	Gone     bool   // it is not in the archive any more
}

// HandedIn reads the documents of a refused letter that were to be printed, of so many bytes at most together: they stay as long as the
// letter's content does (engine/retention). They are as the sender wrote them, so nothing may open them but what expects the worst.
func (e *Acceptor) HandedIn(ctx context.Context, id string, most int64) (HandedIn, error) {
	var s shipment.Shipment
	var docs []shipment.Document
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		if s, err = r.Shipment(ctx, id); err == nil {
			docs, err = r.Documents(ctx, id)
		}
		return err
	})
	if err != nil {
		return HandedIn{}, err
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return HandedIn{}, err
	}
	account, _ := terms.Account(s.Account) // without one, no vendor checks it
	out := HandedIn{Vendor: account.Vendor}
	for _, d := range docs {
		if d.Excluded {
			continue
		}
		one := HandedInDocument{Position: d.Position}
		if d.Blob.Bytes <= most {
			switch one.Bytes, err = e.read(ctx, d.Blob); {
			case errors.Is(err, store.ErrNotFound):
				one.Gone = true
			case err != nil:
				return HandedIn{}, fmt.Errorf("document %d of shipment %s: %w", d.Position+1, id, err)
			}
			most -= int64(len(one.Bytes))
		}
		out.Documents = append(out.Documents, one)
	}
	return out, nil
}

// read is a document in memory.
func (e *Acceptor) read(ctx context.Context, ref shipment.BlobRef) ([]byte, error) {
	b, err := e.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return io.ReadAll(io.NewSectionReader(b, 0, ref.Bytes))
}
