package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"postgang/engine/calendar"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/exchange"
)

// ErrNotProvable says that the print files of a job cannot be composed anew, and that nothing is wrong with them for that.
var ErrNotProvable = errors.New("cannot be composed anew")

// ProveJob composes a job's print files anew, from its letters, and gives the names of those that are not what was composed before.
func (e *Jobs) ProveJob(ctx context.Context, id string) (differ []string, err error) {
	var j store.PrintJob
	var files []store.JobFile
	err = e.Archive.View(ctx, func(r store.Reader) error {
		if j, err = r.Job(ctx, id); err == nil {
			files, err = r.JobFiles(ctx, id)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("prove job %s: %w", id, err)
	}
	v, ok := e.Vendors[j.Vendor]
	switch {
	case !ok:
		return nil, fmt.Errorf("job %s %w: vendor %q is not configured any more", id, ErrNotProvable, j.Vendor)
	case len(files) == 0:
		return nil, fmt.Errorf("job %s %w: it was not composed", id, ErrNotProvable)
	case slices.ContainsFunc(files, func(f store.JobFile) bool { return f.Erased }):
		return nil, fmt.Errorf("job %s %w: its print files %w", id, ErrNotProvable, ErrErased)
	}
	dir, remove, err := e.Scratch("prove", id)
	if err != nil {
		return nil, err
	}
	defer remove()
	letters, _, err := e.jobLetters(ctx, j)
	if err != nil {
		return nil, fmt.Errorf("prove job %s: %w", id, err)
	}
	composed, err := printjobs.Compose(ctx, dir, printjobs.Job{
		ID: id, Vendor: j.Vendor, Parent: j.Parent, Reprint: j.Reprint, Created: j.Created.In(calendar.Oslo), Class: j.Class, Letters: letters,
	}, v.Profile, nil)
	var bad *printjobs.LetterErrors
	switch {
	case errors.Is(err, printjobs.ErrStalePlan):
		return nil, fmt.Errorf("job %s %w: the rules by which its letters were prepared, or the vendor's profile, have changed since", id, ErrNotProvable)
	case errors.Is(err, step.ErrPreparedLost):
		return nil, fmt.Errorf("job %s %w: the print-ready file of a letter is missing", id, ErrNotProvable)
	case errors.As(err, &bad):
		return nil, fmt.Errorf("job %s %w: the cover of a letter is not made by the settings of today", id, ErrNotProvable)
	case err != nil:
		return nil, fmt.Errorf("prove job %s: %w", id, err)
	}
	for _, f := range files {
		if f.File.Kind != exchange.KindPrint {
			continue // the ticket and the manifest tell of the time, too
		}
		if !slices.ContainsFunc(composed.Files, func(c printjobs.ComposedFile) bool { return c.Kind == f.File.Kind && c.SHA256 == f.Blob.SHA256 }) {
			differ = append(differ, f.File.Name)
		}
	}
	return differ, nil
}
