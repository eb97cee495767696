package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"postgang/engine/documents"
	"postgang/engine/store"
)

// Source is the archive that is backed up.
type Source struct {
	Archive interface {
		LockWait(ctx context.Context, name string) (release func(), err error)
		Lock(ctx context.Context, name string) (held context.Context, release func(), err error)
		Copy(ctx context.Context, scratch string, w io.Writer) error
	}
	Facts     func(ctx context.Context) (Facts, error)
	Form      string            // of copies of the database; empty: it is not copied
	Documents documents.Objects // nil: they are not copied
	Fence     store.Fence
	Files     []Path                                        // of the configuration
	Retention string                                        // the lock of whoever removes documents
	Scratch   func() (dir string, remove func(), err error) // makes an empty folder
	Version   string
	Now       func() time.Time
	Log       *slog.Logger
	// Step is called after each step of a backup, so that tests can end it there; nil: nobody.
	Step func(name string)
}

// Facts are what the database says of itself.
type Facts struct {
	Installation string
	Mark         string // whose documents they are
	Schema       int64
	JobNumber    int
	Counts       map[string]int
}

// Path is a file of the configuration.
type Path struct {
	Path   string
	Secret bool
	Apart  bool   // it opens what is sealed, and never lies beside it
	Why    string // what it is needed for
}

// Options are how a backup is made.
type Options struct {
	Secrets bool // files that hold keys are copied too
}

// Take makes a backup while everything runs. store.ErrLocked: another is being made.
func (p *Place) Take(ctx context.Context, s Source, o Options) (m Manifest, err error) {
	ctx, release, err := s.Archive.Lock(ctx, LockName)
	if err != nil {
		return m, fmt.Errorf("backup: %w", err)
	}
	defer release()
	if m, err = p.take(ctx, s, o); err != nil {
		return m, fmt.Errorf("backup to %s: %w", p.where, err)
	}
	s.Log.Info("backup", "id", m.ID, "database_bytes", m.Database.Bytes, "documents", m.Documents.Number, "added", m.Documents.Added, "added_bytes", m.Documents.AddedBytes)
	return m, nil
}

func (p *Place) take(ctx context.Context, s Source, o Options) (m Manifest, err error) {
	passed := func(name string) {
		if s.Step != nil {
			s.Step("backup: " + name)
		}
	}
	before, err := s.Facts(ctx)
	if err != nil {
		return m, err
	}
	if err := p.claim(ctx, before.Mark); err != nil {
		return m, err
	}
	if s.Documents != nil {
		// Nobody removes a document that the copy of the database names, until it is copied.
		free, err := s.Archive.LockWait(ctx, s.Retention)
		if err != nil {
			return m, err
		}
		defer free()
	}
	began := s.Now().UTC()
	for at := began; ; at = at.Add(time.Second) { // a name of its own, also where the clock stands
		m.ID = at.Format(idForm)
		if _, err := p.manifest(ctx, m.ID); errors.Is(err, store.ErrNotFound) {
			break
		} else if err != nil {
			return m, err
		}
	}
	m = Manifest{Format: 1, ID: m.ID, Began: began, Version: s.Version, Files: []File{}, Needed: []Need{}, Documents: Documents{Damaged: []string{}}}
	if s.Form != "" {
		dir, remove, err := s.Scratch()
		if err != nil {
			return m, err
		}
		m.Database.Form = s.Form
		m.Database.Object, err = p.put(ctx, func(w io.Writer) error { return s.Archive.Copy(ctx, dir, w) })
		remove()
		if err != nil {
			return m, err
		}
	}
	passed("database copied")
	// What the database says of itself is read after it was copied: job numbers are never too low.
	facts, err := s.Facts(ctx)
	if err != nil {
		return m, err
	}
	m.Installation, m.Archive, m.Schema, m.JobNumber, m.Counts = facts.Installation, facts.Mark, facts.Schema, facts.JobNumber, facts.Counts
	if s.Documents != nil {
		if err := p.takeDocuments(ctx, s, &m); err != nil {
			return m, err
		}
	}
	passed("documents copied")
	if s.Fence != nil {
		if m.Highest, err = s.Fence.HighestJob(ctx, m.Installation); err != nil {
			return m, err
		}
		if m.Highest > 0 {
			if err := p.in.RaiseHighestJob(ctx, m.Installation, m.Highest); err != nil {
				return m, err
			}
		}
	}
	if err := p.takeFiles(ctx, s, o, &m); err != nil {
		return m, err
	}
	passed("configuration copied")
	m.Ended = s.Now().UTC()
	b, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = p.in.CreateFile(ctx, folder+"/"+m.ID+".json", append(b, '\n'))
	}
	if err != nil {
		return m, err
	}
	passed("manifest written")
	return m, nil
}

// claim takes a place for backups of one archive.
func (p *Place) claim(ctx context.Context, mark string) error {
	have, err := p.Mark(ctx)
	switch {
	case err != nil:
		return err
	case mark == "":
		return errors.New("the archive has no identity yet: run \"postgang night\" or \"postgang serve\" once")
	case have != "" && have != mark:
		return fmt.Errorf("%s %w. Name another place", p.where, ErrOther)
	case have == mark:
		return nil
	}
	for _, area := range documents.Areas() {
		any, err := p.in.Any(ctx, area)
		if err != nil {
			return err
		}
		if any {
			return fmt.Errorf("%s holds documents, and no backup. Name an empty place", p.where)
		}
	}
	if _, err := p.in.ReadFile(ctx, archiveMark); !errors.Is(err, store.ErrNotFound) {
		return errors.Join(fmt.Errorf("%s is where an archive keeps its documents. Name an empty place", p.where), err)
	}
	return p.in.WriteFile(ctx, markName, []byte(mark+"\n"))
}

// takeDocuments copies the documents that are not there yet, and lists all.
func (p *Place) takeDocuments(ctx context.Context, s Source, m *Manifest) error {
	c, err := newCopier(ctx, s.Documents, p.in)
	if err != nil {
		return err
	}
	destroyed, err := copyKeys(ctx, s.Documents, p.in)
	if err != nil {
		return fmt.Errorf("keys of the documents: %w", err)
	}
	c.anew = len(destroyed) > 0 // what is kept longer was sealed anew, under its name
	// The list first goes to a file, since only what was copied stands in it.
	dir, remove, err := s.Scratch()
	if err != nil {
		return err
	}
	defer remove()
	var number, bytes atomic.Int64
	lines := make(chan Listed, copiesAtOnce)
	written := make(chan error, 1)
	path := dir + "/documents"
	go func() { written <- writeList(path, lines) }()
	for _, area := range documents.Areas() {
		err = each(ctx, s.Documents, area, func(list []documents.Object) error {
			for _, o := range list {
				l := Listed{area, o}
				if err := c.add(ctx, l, func() {
					number.Add(1)
					bytes.Add(o.Bytes)
					lines <- l
				}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			break
		}
	}
	err = errors.Join(err, c.wait())
	close(lines)
	if err = errors.Join(err, <-written); err != nil {
		return err
	}
	// Keys that are destroyed go from the backups too: what was sealed under them is not to be read any more.
	for _, name := range destroyed {
		if err := p.in.RemoveFile(ctx, keys+"/"+name); err != nil {
			return err
		}
	}
	m.Documents.Kept, m.Documents.Number, m.Documents.Bytes = true, int(number.Load()), bytes.Load()
	m.Documents.Added, m.Documents.AddedBytes, m.Documents.Damaged = c.added, c.bytes, append(m.Documents.Damaged, c.damaged...)
	m.Documents.List, err = p.put(ctx, func(w io.Writer) error { return fromFile(path, w) })
	return err
}

func writeList(path string, lines <-chan Listed) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	for l := range lines { // to the end, whatever comes, since others wait
		if err == nil {
			_, err = fmt.Fprintf(f, "%s %s %d\n", l.Area, l.Name, l.Bytes)
		}
	}
	if f != nil {
		err = errors.Join(err, f.Close())
	}
	return err
}

func fromFile(path string, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// takeFiles copies the files of the configuration, and says which a restore needs besides.
func (p *Place) takeFiles(ctx context.Context, s Source, o Options, m *Manifest) error {
	for _, f := range s.Files {
		if f.Apart || f.Secret && !o.Secrets {
			m.Needed = append(m.Needed, Need{absolute(f.Path), f.Why})
			continue
		}
		object, err := p.put(ctx, func(w io.Writer) error { return fromFile(f.Path, w) })
		if errors.Is(err, os.ErrNotExist) {
			m.Needed = append(m.Needed, Need{absolute(f.Path), f.Why + "; it was not there"})
			continue
		}
		if err != nil {
			return err
		}
		m.Files = append(m.Files, File{absolute(f.Path), f.Secret, object})
	}
	return nil
}
