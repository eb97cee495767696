package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"postgang/engine/documents"
	"postgang/engine/store"
)

// Target is the empty place that a backup is put back into.
type Target struct {
	Documents documents.Objects // where documents are kept
	// Vacant is Taken when a database is there, and Database puts one there, whole or not at all.
	Vacant   func(ctx context.Context) error
	Taken    error // what Vacant says of a database that is there
	Database func(ctx context.Context, write func(w io.Writer) error) error
	// Form is that of copies of the database that is configured.
	Form string
	// KeepDocuments: documents are there already, and only the database is put back.
	KeepDocuments bool
	// Step is called after each step, so that tests can end it there; nil: nobody.
	Step func(name string)
}

// Restored is what was put back.
type Restored struct {
	Manifest  Manifest
	Documents int // copied now
	Bytes     int64
	Damaged   []string // documents that the backup should have, and has not, or not as they were
}

// restoring is the file beside the documents that says that a backup is being put back there, and which.
const restoring = "restoring"

// Restore puts a backup back. Documents come first: there is an archive when its database is there, and not before. The fence among the
// documents is set above all jobs of the backup, so that nothing is offered until somebody has looked for what was handed over since
// (recover). What was killed is begun again, and goes on where it was.
func (p *Place) Restore(ctx context.Context, m Manifest, t Target) (r Restored, err error) {
	r.Manifest, r.Damaged = m, []string{}
	passed := func(name string) {
		if t.Step != nil {
			t.Step("restore: " + name)
		}
	}
	begun, err := p.begun(ctx, m, t)
	if err != nil {
		return r, err
	}
	if m.Database.Form != "" {
		if m.Database.Form != t.Form {
			return r, fmt.Errorf("the backup has a database of the form %s, and the configuration names one of %s in [archive] database", m.Database.Form, t.Form)
		}
		if err := t.Vacant(ctx); err != nil {
			if begun && errors.Is(err, t.Taken) { // the database is put back last: all else is there
				return r, t.Documents.RemoveFile(ctx, restoring)
			}
			return r, err
		}
	}
	if !begun {
		if err := p.emptyFor(ctx, m, t); err != nil {
			return r, err
		}
		if err := t.Documents.WriteFile(ctx, restoring, []byte(m.ID+"\n")); err != nil {
			return r, err
		}
	}
	passed("begun")
	if !t.KeepDocuments {
		c, err := newCopier(ctx, p.in, t.Documents)
		if err != nil {
			return r, err
		}
		err = p.EachDocument(ctx, m, func(l Listed) error { return c.add(ctx, l, func() {}) })
		if err = errors.Join(err, c.wait()); err != nil {
			return r, fmt.Errorf("put the documents back: %w", err)
		}
		if _, err := copyKeys(ctx, p.in, t.Documents); err != nil {
			return r, fmt.Errorf("put the keys of the documents back: %w", err)
		}
		r.Documents, r.Bytes, r.Damaged = c.added, c.bytes, append(r.Damaged, c.damaged...)
		passed("documents put back")
		if err := t.Documents.WriteFile(ctx, archiveMark, []byte(m.Archive+"\n")); err != nil {
			return r, err
		}
	}
	if err := p.raise(ctx, m, t); err != nil {
		return r, err
	}
	passed("fence raised")
	if m.Database.Form != "" {
		err := t.Database(ctx, func(w io.Writer) error {
			return p.Read(ctx, m.Database.Object, func(r io.Reader) error {
				_, err := io.Copy(w, r)
				return err
			})
		})
		if err != nil {
			return r, fmt.Errorf("put the database back: %w", err)
		}
	}
	passed("database put back")
	return r, t.Documents.RemoveFile(ctx, restoring)
}

// begun reports whether this backup was begun to be put back there.
func (p *Place) begun(ctx context.Context, m Manifest, t Target) (bool, error) {
	text, err := t.Documents.ReadFile(ctx, restoring)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if id := strings.TrimSpace(string(text)); id != m.ID {
		return false, fmt.Errorf("backup %s was begun to be put back there and not finished: go on with --id %s, or empty the place of documents", id, id)
	}
	return true, nil
}

// emptyFor refuses a place for documents that is not empty or, where documents stay, that is another archive's.
func (p *Place) emptyFor(ctx context.Context, m Manifest, t Target) error {
	mark, err := t.Documents.ReadFile(ctx, archiveMark)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	of := strings.TrimSpace(string(mark))
	if t.KeepDocuments {
		if of != m.Archive {
			return fmt.Errorf("the documents that are there are not those of the backup's archive: put them back too, or name their place in the configuration")
		}
		return nil
	}
	for _, area := range documents.Areas() {
		any, err := t.Documents.Any(ctx, area)
		if err != nil {
			return err
		}
		if any || of != "" {
			return errors.New("a backup is put back into an empty place only, and there are documents. Move them away, or keep them with --documents=false when they are this archive's and whole")
		}
	}
	return nil
}

// raise sets the fence above all jobs of the backup.
func (p *Place) raise(ctx context.Context, m Manifest, t Target) error {
	high, err := p.in.HighestJob(ctx, m.Installation)
	if err != nil {
		return err
	}
	high = max(high, m.Highest, m.JobNumber+1)
	return t.Documents.RaiseHighestJob(ctx, m.Installation, min(high, documents.LastJobNumber))
}

// RestoreFiles writes the files of the configuration that are in a backup into a folder, by their whole paths.
func (p *Place) RestoreFiles(ctx context.Context, m Manifest, dir string) ([]string, error) {
	var out []string
	for _, f := range m.Files {
		to := filepath.Join(dir, filepath.Clean("/"+f.Path))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return out, err
		}
		w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return out, err
		}
		err = p.Read(ctx, f.Object, func(r io.Reader) error {
			_, err := io.Copy(w, r)
			return err
		})
		if err = errors.Join(err, w.Sync(), w.Close()); err != nil {
			return out, err
		}
		out = append(out, to)
	}
	return out, nil
}
