package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/minio/minio-go/v7"

	"postgang/engine/store"
)

// Probed is what was seen of a server.
type Probed struct {
	// Skew is how far its clock is ahead of ours; it tells whole seconds.
	Skew time.Duration
	// Versioned says that it keeps what is removed or replaced: then nothing is ever erased.
	Versioned bool
}

// Probe proves that a server does what is asked of it, with a small file that is removed again.
func (b *Bucket) Probe(ctx context.Context) (p Probed, err error) {
	name, text := "probe/"+rand.Text(), []byte("postgang "+rand.Text())
	wrong := func(format string, args ...any) error {
		return &Error{Doing: "use", Where: b.Where(), Why: fmt.Sprintf(format, args...)}
	}
	defer func() { err = errors.Join(err, b.RemoveFile(context.WithoutCancel(ctx), name)) }()
	if err := b.CreateFile(ctx, name, text); err != nil {
		return p, err
	}
	if err := b.send(ctx, b.c.Prefix+name, newBytes(text), int64(len(text)), onlyNew); err == nil {
		return p, wrong("the server ignores «If-None-Match: *». It must have conditional PUT")
	} else if !errors.Is(err, errPrecondition) {
		return p, err
	}
	have, etag, err := b.readFile(ctx, name)
	if err != nil {
		return p, err
	}
	if string(have) != string(text) {
		return p, wrong("the server gives other bytes than it was given")
	}
	if err := b.send(ctx, b.c.Prefix+name, newBytes(text), int64(len(text)), func(o *minio.PutObjectOptions) { o.SetMatchETag("00000000000000000000000000000000") }); err == nil {
		return p, wrong("the server ignores «If-Match». It must have conditional PUT")
	} else if !errors.Is(err, errPrecondition) {
		return p, err
	}
	if err := b.send(ctx, b.c.Prefix+name, newBytes(text), int64(len(text)), func(o *minio.PutObjectOptions) { o.SetMatchETag(etag) }); err != nil {
		if errors.Is(err, errPrecondition) {
			err = wrong("the server refuses «If-Match» with the ETag that it has told")
		}
		return p, err
	}
	listed, err := b.ListFiles(ctx, "probe")
	if err != nil {
		return p, err
	}
	found := false
	for _, n := range listed {
		found = found || "probe/"+n == name
	}
	if !found {
		return p, wrong("the server does not list what it has just been given")
	}
	if err := b.RemoveFile(ctx, name); err != nil {
		return p, err
	}
	if _, err := b.ReadFile(ctx, name); !errors.Is(err, store.ErrNotFound) {
		return p, errors.Join(wrong("what was removed can still be read"), err)
	}
	// Who may not ask, or what has no versions, says nothing about it.
	if v, err := b.core.GetBucketVersioning(ctx, b.c.Bucket); err == nil {
		p.Versioned = v.Status != ""
	}
	p.Skew = time.Duration(b.skew.Load()).Round(time.Second)
	return p, nil
}
