package s3

import (
	"context"
	"strings"

	"github.com/minio/minio-go/v7"

	"postgang/engine/documents"
)

// Each calls fn with all objects of an area, at most so many at once, in no order. Unlike EachOld it removes nothing, so that several
// processes may call it while others put.
func (b *Bucket) Each(ctx context.Context, area documents.Area, most int, fn func([]documents.Object) error) error {
	var found []documents.Object
	err := b.list(ctx, string(area)+"/", func(o minio.ObjectInfo) error {
		name := strings.ReplaceAll(strings.TrimPrefix(o.Key, b.c.Prefix+string(area)+"/"), "/", "")
		if documents.CheckName(name) != nil || b.key(area, name) != o.Key {
			return nil
		}
		if found = append(found, documents.Object{Name: name, Bytes: o.Size}); len(found) < most {
			return nil
		}
		some := found
		found = nil
		return fn(some)
	})
	if err == nil && len(found) > 0 {
		err = fn(found)
	}
	return err
}
