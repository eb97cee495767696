package jobs

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"postgang/engine/store"
)

// ExportJob writes a job's files to a folder, for a person to look at.
func (e *Jobs) ExportJob(ctx context.Context, id, dir string) ([]string, error) {
	files, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(ctx, id) })
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var out []string
	for _, f := range files {
		path := filepath.Join(dir, f.File.Name)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		if err := e.CopyBlob(ctx, f.Blob, path); err != nil {
			return nil, err
		}
		out = append(out, path)
	}
	return out, nil
}
