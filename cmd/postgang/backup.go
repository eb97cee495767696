package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/database"
	"postgang/engine/backup"
)

// backupView is one backup.
type backupView struct {
	ID        string        `json:"id"`
	Began     cli.Moment    `json:"began"`
	Ended     cli.Moment    `json:"ended"`
	Version   string        `json:"version"`
	Schema    int64         `json:"schema"`
	Highest   int           `json:"highest_job_handed_over"`
	Database  string        `json:"database"` // its form; empty: it is not in the backup
	Bytes     int64         `json:"database_bytes"`
	Letters   int           `json:"letters"`
	Documents int           `json:"documents"`
	Size      int64         `json:"documents_bytes"`
	Added     int           `json:"documents_added"`
	AddedSize int64         `json:"documents_added_bytes"`
	Damaged   []string      `json:"documents_damaged"`
	Files     []string      `json:"files"`
	Needed    []backup.Need `json:"needed_besides"`
}

func viewBackup(m backup.Manifest) backupView {
	v := backupView{
		ID: m.ID, Began: cli.When(m.Began), Ended: cli.When(m.Ended), Version: m.Version, Schema: m.Schema, Highest: m.Highest, Database: m.Database.Form, Bytes: m.Database.Bytes,
		Letters: m.Counts["shipments"], Documents: m.Documents.Number, Size: m.Documents.Bytes, Added: m.Documents.Added, AddedSize: m.Documents.AddedBytes,
		Damaged: append([]string{}, m.Documents.Damaged...), Files: []string{}, Needed: append([]backup.Need{}, m.Needed...),
	}
	for _, f := range m.Files {
		v.Files = append(v.Files, f.Path)
	}
	return v
}

// keepFlags say which backups are kept.
type keepFlags struct{ number, days int }

func (k *keepFlags) flags(cmd *cobra.Command) {
	cmd.Flags().IntVar(&k.number, "keep", -1, "keep the newest so many; 0: any number (default: [backup] keep)")
	cmd.Flags().IntVar(&k.days, "days", -1, "keep those that are at most so many days old; 0: of any age (default: [backup] days)")
}

func (k *keepFlags) over(set backup.Keep) backup.Keep {
	if k.number >= 0 {
		set.Number = k.number
	}
	if k.days >= 0 {
		set.For = time.Duration(k.days) * 24 * time.Hour
	}
	return set
}

func newBackup(o *options) *cobra.Command {
	var keep keepFlags
	var rows, docs, secrets bool
	cmd := &cobra.Command{
		Use:   "backup [FOLDER]",
		Short: "Make a backup while everything runs, and remove old ones; list, prune",
		Long: `Copies the database, then the documents that are not there yet, then the files of the
configuration to a folder of backups, best on another machine's disk. All backups share their
documents, so that each one after the first costs little more than a copy of the database.
Nobody has to be stopped. A backup that was cut short has no manifest and counts for none.

Files with keys and passwords are not copied, unless you say --secrets; the manifest names those
that a restore needs. FOLDER, what is kept and for how long: [backup] in postgang.toml, and
[schedule] backup has "postgang serve" do it. docs/backup.md tells the whole.

  postgang verify FOLDER     prove the newest backup
  postgang restore FOLDER    put it back into an empty place

Exit code 3: the backup is not complete; a person must look.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				b := app.DefaultBackup(a.Config)
				b.Database, b.Secrets, b.Keep = rows, secrets, keep.over(b.Keep)
				if cmd.Flags().Changed("documents") {
					b.Documents = docs
				}
				if len(args) > 0 {
					b.To = args[0]
				}
				missing := rows && !database.CanCopy(a.Config.Database)
				if missing {
					b.Database = false
				}
				if !b.Database && !b.Documents && !missing {
					return cli.Usage("--database=false and --documents=false: then there is nothing to back up")
				}
				m, pruned, err := a.Backup(cmd.Context(), b)
				if err != nil {
					return err
				}
				v := struct {
					backupView
					Removed []string `json:"backups_removed"`
				}{viewBackup(m), pruned.Backups}
				if err := o.Print(v, func(w io.Writer) { showBackup(w, v.backupView, pruned) }); err != nil {
					return err
				}
				switch {
				case missing:
					return cli.Partial("the database is not in the backup: pg_dump or pg_restore is not installed here. Install PostgreSQL's client programs (Debian: postgresql-client). Where pgBackRest or Barman backs the database up, say --database=false (docs/backup.md)")
				case len(v.Damaged) > 0:
					return cli.Partial("%d documents are not in the backup, since they are damaged: \"postgang verify\" says whose they are", len(v.Damaged))
				}
				return nil
			})
		},
	}
	keep.flags(cmd)
	cmd.Flags().BoolVar(&rows, "database", true, "copy the database; =false where it is backed up by itself")
	cmd.Flags().BoolVar(&docs, "documents", true, "copy the documents; =false where they are backed up by themselves (default: [backup] documents)")
	cmd.Flags().BoolVar(&secrets, "secrets", false, "copy files with keys and passwords, too")
	cmd.AddCommand(newBackupList(o), newBackupPrune(o))
	return cmd
}

func showBackup(w io.Writer, v backupView, pruned backup.Pruned) {
	fmt.Fprintf(w, "Backup %s: ", v.ID)
	if v.Database != "" {
		fmt.Fprintf(w, "the database with %d letters (%s), ", v.Letters, megabytes(v.Bytes))
	}
	fmt.Fprintf(w, "%d documents, of which %d (%s) were not there before; %d files of the configuration.\n", v.Documents, v.Added, megabytes(v.AddedSize), len(v.Files))
	if len(v.Needed) > 0 {
		fmt.Fprintln(w, "A restore needs these besides; keep copies of them elsewhere:")
		for _, n := range v.Needed {
			fmt.Fprintf(w, "  %s (%s)\n", n.Path, n.Why)
		}
	}
	showPruned(w, pruned)
}

func showPruned(w io.Writer, p backup.Pruned) {
	if len(p.Backups) > 0 {
		fmt.Fprintf(w, "Removed: %s. ", strings.Join(p.Backups, " "))
	}
	if p.Objects > 0 {
		fmt.Fprintf(w, "%d files (%s) that no backup needs are removed.", p.Objects, megabytes(p.Bytes))
	}
	if len(p.Backups)+p.Objects > 0 {
		fmt.Fprintln(w)
	}
}

func megabytes(n int64) string {
	if n < 10<<20 {
		return fmt.Sprintf("%d kB", (n+1023)>>10)
	}
	return fmt.Sprintf("%d MB", n>>20)
}

// withPlace calls fn with a place of backups, without opening the archive.
func (o *options) withPlace(args []string, fn func(cfg *config.Config, p *backup.Place) error) error {
	cfg, err := config.Load(o.Config)
	if err != nil {
		return err
	}
	if err := notAsRoot(cfg, o.wiring.allowRoot); err != nil {
		return err
	}
	to := ""
	if len(args) > 0 {
		to = args[0]
	}
	p, err := app.OpenBackups(cfg, to, false)
	if err != nil {
		return err
	}
	return errors.Join(fn(cfg, p), p.Close())
}

func newBackupList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list [FOLDER]",
		Short: "The backups that are whole, the newest first",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.withPlace(args, func(_ *config.Config, p *backup.Place) error {
				all, err := p.List(cmd.Context())
				if err != nil {
					return err
				}
				views := []backupView{}
				for _, m := range all {
					views = append(views, viewBackup(m))
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintf(w, "There is no whole backup in %s.\n", p.Where())
						return
					}
					cli.Table(w, "BACKUP BEGAN ENDED LETTERS DATABASE DOCUMENTS SIZE VERSION", func(row func(...any)) {
						for _, v := range views {
							row(v.ID, v.Began, v.Ended, v.Letters, v.Database, v.Documents, strings.ReplaceAll(megabytes(v.Size), " ", "\u00a0"), v.Version)
						}
					})
				})
			})
		},
	}
}

func newBackupPrune(o *options) *cobra.Command {
	var keep keepFlags
	var dry bool
	cmd := &cobra.Command{
		Use:   "prune [FOLDER]",
		Short: "Remove backups that are kept no longer, and what no backup needs any more",
		Long: `Removes backups beyond --keep and --days, and then documents that none of the others names. The
newest backup always stays. Every "postgang backup" does the same. What letters held whose
content retention has erased is gone when the last backup from before is removed.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				to := a.Config.Backup.To
				if len(args) > 0 {
					to = args[0]
				}
				p, err := a.PruneBackups(cmd.Context(), to, keep.over(app.DefaultBackup(a.Config).Keep), dry)
				if err != nil {
					return err
				}
				v := map[string]any{"dry_run": dry, "backups_removed": p.Backups, "backups_kept": p.Kept, "files_removed": p.Objects, "bytes_removed": p.Bytes}
				return o.Print(v, func(w io.Writer) {
					if dry {
						fmt.Fprintf(w, "Would be removed: %s. Kept: %s. Nothing was done.\n", orNone(p.Backups), orNone(p.Kept))
						return
					}
					showPruned(w, p)
					fmt.Fprintf(w, "Kept: %s.\n", orNone(p.Kept))
				})
			})
		},
	}
	keep.flags(cmd)
	cmd.Flags().BoolVar(&dry, "dry-run", false, "remove nothing, tell what would be")
	return cmd
}

func newRestore(o *options) *cobra.Command {
	var id, files string
	var docs bool
	cmd := &cobra.Command{
		Use:   "restore [FOLDER]",
		Short: "Put a backup back into an empty place",
		Long: `Puts the newest backup of a folder, or the one of --id, back where the configuration says that
database and documents are. Both must be empty: nothing is written over. It may be stopped, and
goes on when it is begun again.

First have the configuration and the keys in place: --files DIR writes what the backup has of
them into a folder, and needs no configuration.

The archive knows then that it is an old copy: nothing is offered to a vendor and nothing is printed
here, until "postgang recover" has learnt from the vendors what was handed over since. docs/backup.md
has the steps.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if files != "" {
				return o.restoreFiles(cmd.Context(), args, id, files)
			}
			return o.withPlace(args, func(cfg *config.Config, p *backup.Place) error {
				m, err := p.Get(cmd.Context(), id)
				if err != nil {
					return err
				}
				r, err := app.RestoreBackup(cmd.Context(), cfg, p, m, app.RestoreOptions{Documents: docs, Step: o.wiring.Step})
				if err != nil {
					return err
				}
				v := map[string]any{
					"backup": m.ID, "began": cli.When(m.Began), "letters": m.Counts["shipments"], "documents": r.Documents, "bytes": r.Bytes, "documents_damaged": r.Damaged,
					"database": m.Database.Form, "highest_job_handed_over": m.Highest, "needed_besides": append([]backup.Need{}, m.Needed...),
				}
				if err := o.Print(v, func(w io.Writer) { showRestored(w, r, docs) }); err != nil {
					return err
				}
				if len(r.Damaged) > 0 {
					return cli.Partial("%d documents are damaged in the backup, or missing: \"postgang verify\" says whose they are", len(r.Damaged))
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&id, "id", "", "this backup (default: the newest)")
	cmd.Flags().BoolVar(&docs, "documents", true, "put the documents back; =false when they are there, whole, and of this archive")
	cmd.Flags().StringVar(&files, "files", "", "only write the files of the configuration into this folder")
	return cmd
}

func showRestored(w io.Writer, r backup.Restored, docs bool) {
	m := r.Manifest
	if m.Database.Form != "" {
		fmt.Fprintf(w, "The database is as it was at %s, with %d letters.\n", cli.When(m.Began), m.Counts["shipments"])
	} else {
		fmt.Fprintln(w, "The database is in no backup of ours: put it back by what backs it up.")
	}
	if docs {
		fmt.Fprintf(w, "%d documents (%s) are put back.\n", r.Documents, megabytes(r.Bytes))
	}
	for _, n := range m.Needed {
		fmt.Fprintf(w, "Needed besides, see that it is there: %s (%s)\n", n.Path, n.Why)
	}
	fmt.Fprint(w, `Nothing is offered to any vendor until it is known what was handed over since. Next:
  postgang doctor
  hand in again what came since, under the same keys (docs/backup.md)
  postgang recover --dry-run, then postgang recover
  postgang retention run
`)
}

// restoreFiles writes the files of the configuration of a backup into a folder. There need not be a configuration.
func (o *options) restoreFiles(ctx context.Context, args []string, id, dir string) error {
	if len(args) == 0 {
		return cli.Usage("name the folder of the backups")
	}
	p, err := app.OpenBackups(&config.Config{}, args[0], false)
	if err != nil {
		return err
	}
	defer p.Close() // only read
	m, err := p.Get(ctx, id)
	if err != nil {
		return err
	}
	written, err := p.RestoreFiles(ctx, m, dir)
	if err != nil {
		return err
	}
	return o.Print(map[string]any{"backup": m.ID, "files": append([]string{}, written...), "needed_besides": append([]backup.Need{}, m.Needed...)}, func(w io.Writer) {
		for _, path := range written {
			fmt.Fprintln(w, path)
		}
		for _, n := range m.Needed {
			fmt.Fprintf(w, "Not in the backup, and needed: %s (%s)\n", n.Path, n.Why)
		}
	})
}
