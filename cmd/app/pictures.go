package app

import (
	"context"
	"errors"
	"fmt"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"

	"postgang/cmd/cli"
	"postgang/engine/jobs"
	"postgang/printjobs/preview"
)

// PictureOptions are which pictures of a letter are drawn, and how.
type PictureOptions struct {
	DPI   int                 // dots an inch
	Want  func(side int) bool // sides from 1; nil: all
	Force bool                // files that are there are written over
}

// WritePictures draws the wanted sides of a letter into a folder, which is made when it is not there: one PNG a side, named by
// shipment and side. It gives their paths.
func (a *App) WritePictures(ctx context.Context, p jobs.LetterPreview, folder string, o PictureOptions) (paths []string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	r, err := newRenderer(a.Log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	f, err := os.Open(p.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	opt := preview.Options{DPI: o.DPI, Want: o.Want}
	if opt.Want == nil {
		opt.Want = func(int) bool { return true }
	}
	picture := func(side int) string { return filepath.Join(folder, fmt.Sprintf("%s-%03d.png", p.Shipment, side)) }
	for side := 1; side <= p.Sides; side++ {
		if opt.Want(side) {
			if err := cli.MayWrite("", picture(side), o.Force); err != nil {
				return nil, err
			}
		}
	}
	_, err = r.Render(ctx, f, info.Size(), opt, func(side preview.Page) error {
		path := picture(side.Number)
		temp, err := os.CreateTemp(folder, ".preview-*.png")
		if err != nil {
			return err
		}
		defer os.Remove(temp.Name()) // gone when it got its name
		if err := errors.Join(png.Encode(temp, side.Image), temp.Close()); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		paths = append(paths, path)
		return cli.Place(temp.Name(), path, o.Force)
	})
	return paths, err
}

// newRenderer keeps the compiled renderer between runs where the user has a folder for such things, so that only the first
// one waits some seconds.
func newRenderer(log *slog.Logger) (*preview.Renderer, error) {
	dir, err := os.UserCacheDir()
	if err == nil {
		var r *preview.Renderer
		if r, err = preview.New(filepath.Join(dir, "postgang", "renderer")); err == nil {
			return r, nil
		}
	}
	log.Warn("the compiled renderer is not kept, each run compiles it again", "error", err)
	return preview.New("")
}
