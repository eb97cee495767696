package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine"
	"postgang/engine/archive"
	"postgang/engine/archive/database"
	"postgang/engine/archive/proof"
	"postgang/engine/backup"
	"postgang/engine/documents"
	"postgang/engine/documents/s3"
	"postgang/engine/erase"
	"postgang/engine/nights"
	"postgang/engine/queue"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/verify"
)

// BackupOptions are how a backup is made.
type BackupOptions struct {
	To       string // folder; empty: as configured
	Database bool   // the database is copied
	// Documents are copied; false when their place is backed up by itself.
	Documents bool
	Secrets   bool        // files that hold keys are copied
	Keep      backup.Keep // which backups are kept afterwards
}

// DefaultBackup is how backups are made as configured.
func DefaultBackup(cfg *config.Config) BackupOptions {
	return BackupOptions{To: cfg.Backup.To, Database: true, Documents: cfg.Backup.Documents, Keep: backup.Keep{Number: cfg.Backup.Keep, For: cfg.Backup.For}}
}

// OpenBackups opens the place of backups: a folder, or as it is configured when none is named. make: it is made when it is not there.
func OpenBackups(cfg *config.Config, to string, make bool) (*backup.Place, error) {
	if to == "" {
		to = cfg.Backup.To
	}
	if to == "" && cfg.Backup.Bucket != nil {
		b, err := s3.Open(*cfg.Backup.Bucket)
		if err != nil {
			return nil, err
		}
		return backup.Open(b, b.Where(), cfg.Work), nil
	}
	if to == "" {
		return nil, cli.Usage("no place for backups is named: give a folder, or set [backup] to")
	}
	at, err := filepath.Abs(to)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(at)
	switch {
	case err == nil && !info.IsDir():
		return nil, cli.Usage("%s is no folder", at)
	case errors.Is(err, fs.ErrNotExist) && !make:
		return nil, cli.Usage("there is no folder %s", at)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	f, err := documents.OpenFolder(at)
	if err != nil {
		return nil, fmt.Errorf("place of backups: %w", err)
	}
	return backup.Open(f, at, cfg.Work), nil
}

// Backup makes a backup while everything runs, and removes those that are kept no longer.
func (a *App) Backup(ctx context.Context, o BackupOptions) (m backup.Manifest, pruned backup.Pruned, err error) {
	p, err := OpenBackups(a.Config, o.To, true)
	if err != nil {
		return m, pruned, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	// What a killed one has left holds rows of letters.
	if err := a.Engine.CleanScratch(); err != nil {
		a.Log.Warn("scratch of killed steps is left", "error", err)
	}
	s := backup.Source{
		Archive: a.Archive, Facts: a.backupFacts, Fence: a.Documents, Retention: erase.LockName, Version: cli.ThisBuild().String(), Now: a.Now, Log: a.Log, Step: a.step,
		Scratch: func() (string, func(), error) { return a.Engine.Scratch("backup", "files") },
	}
	if o.Database {
		s.Form = database.CopyForm(a.Config.Database)
	}
	if o.Documents {
		// As they lie there: what is sealed stays sealed.
		objects, err := openObjects(a.Config)
		if err != nil {
			return m, pruned, err
		}
		defer func() { err = errors.Join(err, objects.Close()) }()
		s.Documents = objects
	}
	for _, f := range a.Config.Files {
		s.Files = append(s.Files, backup.Path{Path: f.Path, Secret: f.Secret, Apart: f.Setting == config.SettingKEK, Why: f.Setting})
	}
	if m, err = p.Take(ctx, s, backup.Options{Secrets: o.Secrets}); err != nil {
		return m, pruned, err
	}
	if err := a.Engine.BackedUp(ctx, m.Began); err != nil {
		return m, pruned, err
	}
	pruned, err = a.prune(ctx, p, o.Keep, false)
	return m, pruned, err
}

// PruneBackups removes backups that are not kept, and what none names any more.
func (a *App) PruneBackups(ctx context.Context, to string, keep backup.Keep, dry bool) (pruned backup.Pruned, err error) {
	p, err := OpenBackups(a.Config, to, false)
	if err != nil {
		return pruned, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	return a.prune(ctx, p, keep, dry)
}

func (a *App) prune(ctx context.Context, p *backup.Place, keep backup.Keep, dry bool) (backup.Pruned, error) {
	ctx, release, err := a.Archive.Lock(ctx, backup.LockName)
	if err != nil {
		return backup.Pruned{}, fmt.Errorf("backup: %w", err)
	}
	defer release()
	return p.Prune(ctx, keep, a.Now(), dry)
}

// scheduledBackup is the run of [schedule] backup.
func (a *App) scheduledBackup(ctx context.Context) (shipment.Note, error) {
	o := DefaultBackup(a.Config)
	o.Database = database.CanCopy(a.Config.Database)
	m, _, err := a.Backup(ctx, o)
	if err != nil {
		return shipment.Note{}, err
	}
	note := nights.Backup{ID: m.ID, Letters: m.Counts["shipments"], Documents: m.Documents.Number, Added: m.Documents.Added, Bytes: m.Documents.Bytes}.Note()
	switch {
	case !o.Database:
		return note, errors.New("the database is not in the backup, since pg_dump or pg_restore is not installed here. Install postgresql-client, or back the database up by pgBackRest or Barman and call postgang backup --database=false from cron (docs/backup.md)")
	case len(m.Documents.Damaged) > 0:
		return note, fmt.Errorf("%d documents could not be copied, since their bytes are not theirs: postgang verify", len(m.Documents.Damaged))
	}
	return note, nil
}

// backupFacts is what the database says of itself.
func (a *App) backupFacts(ctx context.Context) (f backup.Facts, err error) {
	f.Installation = a.Engine.Installation()
	if f.Mark, err = a.Archive.DocumentsMark(ctx); err != nil {
		return f, err
	}
	if f.JobNumber, err = store.View(ctx, a.Archive, func(r store.Reader) (int, error) { return r.JobNumber(ctx) }); err != nil {
		return f, err
	}
	err = a.Archive.Prove(ctx, func(p proof.Prover) (err error) {
		if f.Schema, err = p.Schema(ctx); err == nil {
			f.Counts, err = p.Counts(ctx)
		}
		return err
	})
	return f, err
}

// VerifyOptions are how much is proven.
type VerifyOptions struct {
	Share      int // documents of a thousand that are read whole
	PrintFiles int // jobs that are composed anew
	Told       func(documents int)
}

// Verify proves that the archive is whole.
func (a *App) Verify(ctx context.Context, o VerifyOptions) (verify.Report, error) {
	return verify.Run(ctx, verify.Config{Archive: a.Archive, Blobs: a.Documents, Share: o.Share, PrintFiles: o.PrintFiles, Compose: a.Engine.ProveJob, Told: o.Told})
}

// ErrNotLookedInto says that the database of a backup was not looked into.
var ErrNotLookedInto = errors.New("the database of the backup was not looked into")

// VerifyBackup proves that a backup is whole, without putting it back: its database is put into the scratch folder, or, PostgreSQL's, into the
// empty database scratch, which is left to the caller. Without one the copy is only read whole, which is ErrNotLookedInto.
func VerifyBackup(ctx context.Context, cfg *config.Config, p *backup.Place, m backup.Manifest, scratch string, log *slog.Logger, o VerifyOptions) (rep verify.Report, err error) {
	if err := os.MkdirAll(cfg.Work, 0o700); err != nil {
		return rep, err
	}
	if err := readFiles(ctx, p, m); err != nil {
		return rep, err
	}
	if m.Database.Form == "" || m.Database.Form == database.CopyDump && scratch == "" {
		return rep, ErrNotLookedInto
	}
	dsn := scratch
	if m.Database.Form == database.CopySQLite {
		lock := step.Step{}
		lock.WorkDir = cfg.Work
		dir, remove, err := lock.Scratch("verify", "copy")
		if err != nil {
			return rep, err
		}
		defer remove()
		dsn = "sqlite:" + filepath.Join(dir, database.CopySQLite+".db")
	}
	err = database.RestoreCopy(ctx, dsn, func(w io.Writer) error { return copyOf(ctx, p, m.Database.Object, w) })
	if err != nil {
		return rep, err
	}
	a, err := archive.Open(ctx, archive.Config{DSN: dsn, Enqueue: queue.Enqueue, MustExist: true})
	if err != nil {
		return rep, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	c := verify.Config{Archive: a, Share: o.Share, PrintFiles: o.PrintFiles, Backup: true, Told: o.Told}
	if m.Documents.Kept {
		blobs, err := withSeal(ctx, cfg, p.Objects(), time.Now)
		if err != nil {
			return rep, err
		}
		e, err := engine.New(ctx, engine.Config{Config: step.Config{
			Archive: a, Blobs: blobs, Accounts: cfg.Accounts, Vendors: cfg.Vendors, Postcodes: cfg.Postcodes, WorkDir: cfg.Work, Log: log,
		}})
		if err != nil {
			return rep, err
		}
		c.Blobs, c.Compose = blobs, e.ProveJob
	}
	return verify.Run(ctx, c)
}

// readFiles reads the files of a backup whole, the list of its documents among them, which proves them.
func readFiles(ctx context.Context, p *backup.Place, m backup.Manifest) error {
	for _, f := range m.Files {
		if err := copyOf(ctx, p, f.Object, io.Discard); err != nil {
			return err
		}
	}
	if m.Database.Form != "" {
		if err := copyOf(ctx, p, m.Database.Object, io.Discard); err != nil {
			return err
		}
	}
	return p.EachDocument(ctx, m, func(backup.Listed) error { return ctx.Err() })
}

func copyOf(ctx context.Context, p *backup.Place, o backup.Object, w io.Writer) error {
	return p.Read(ctx, o, func(r io.Reader) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// RestoreOptions are what is put back.
type RestoreOptions struct {
	Documents bool // false: they are there already
	Step      func(name string)
}

// RestoreBackup puts a backup back into the empty places that the configuration names.
func RestoreBackup(ctx context.Context, cfg *config.Config, p *backup.Place, m backup.Manifest, o RestoreOptions) (r backup.Restored, err error) {
	objects, err := openObjects(cfg)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, objects.Close()) }()
	r, err = p.Restore(ctx, m, backup.Target{
		Documents: objects, Form: database.CopyForm(cfg.Database), KeepDocuments: !o.Documents, Step: o.Step,
		Vacant: func(ctx context.Context) error { return database.Vacant(ctx, cfg.Database) },
		Taken:  database.ErrNotEmpty,
		Database: func(ctx context.Context, write func(w io.Writer) error) error {
			return database.RestoreCopy(ctx, cfg.Database, write)
		},
	})
	if err == nil {
		err = firstStartOver(cfg)
	}
	return r, err
}

// openObjects opens the place where documents are kept, as it is.
func openObjects(cfg *config.Config) (documents.Objects, error) {
	if cfg.Store.Bucket != nil {
		return s3.Open(*cfg.Store.Bucket)
	}
	return documents.OpenFolder(cfg.Documents)
}
