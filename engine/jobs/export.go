package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"postgang/engine/store"
)

// ErrErased says that content is not there any more, since its time of keeping is over.
var ErrErased = errors.New("are erased: the time of keeping of a letter in them is over")

// ExportJob writes a job's files to a folder, for a person to look at.
func (e *Jobs) ExportJob(ctx context.Context, id, dir string) ([]string, error) {
	files, err := store.View(ctx, e.Archive, func(r store.Reader) ([]store.JobFile, error) { return r.JobFiles(ctx, id) })
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(files, func(f store.JobFile) bool { return f.Erased }) {
		return nil, fmt.Errorf("the print files of job %s %w", id, ErrErased)
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
