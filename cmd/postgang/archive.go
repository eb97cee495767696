package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/notify"
	"postgang/engine/queue"
)

// notAsRoot refuses to work as root on another user's archive: what root makes, its owner cannot write afterwards.
func notAsRoot(cfg *config.Config, allowed bool) error {
	if allowed || os.Geteuid() != 0 {
		return nil
	}
	paths := []string{app.DiskOf(cfg), cfg.Work}
	if path, ok := strings.CutPrefix(cfg.Database, "sqlite:"); ok {
		paths = append([]string{path, filepath.Dir(path)}, paths...)
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			continue // what is not there yet belongs to nobody
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			return cli.Usage("%s belongs to user %d, and files that root makes there would lock that user out: run this as that user (sudo -u '#%d' …), or say --allow-root", path, st.Uid, st.Uid)
		}
	}
	return nil
}

func newArchive(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "archive", Short: "Make a new archive; let one have its documents again; let its letters be found"}
	cmd.AddCommand(newArchiveCreate(o), newArchiveAdopt(o), newArchiveIndex(o))
	return cmd
}

func newArchiveIndex(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "index",
		Short: "Let letters of before be found by their recipients",
		Long: `Lets letters that an earlier version took be found by name, address and number, the newest
first, or finds numbers by the key that is set now. "postgang serve" does so by itself. It may
be stopped and begun again at any time, and others work on the archive meanwhile.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				step, finish := o.Progress("letters")
				n, err := a.Engine.MakeFindable(cmd.Context(), 0, func(n int) {
					if step != nil {
						step(n, max(n, 1))
					}
				})
				finish()
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"letters": n}, func(w io.Writer) {
					fmt.Fprintf(w, "%d letters were looked through; all are found by their recipients now.\n", n)
				})
			})
		},
	}
}

func newArchiveCreate(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "create",
		Short: "Make the new, empty archive that the configuration names",
		Long: `Makes the database's tables, or the SQLite file, and the folder of documents. What is
there already is left as it is. After "postgang init" the first command does this; it is
needed when the configuration was written by other means, or names another database.

When an archive is lost, do not make a new one: restore the backup.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.wiring.Create = true
			return o.with(cmd.Context(), false, func(*app.App) error {
				return o.Print(map[string]any{"created": true}, func(w io.Writer) { fmt.Fprintln(w, "The archive is there.") })
			})
		},
	}
}

// adoptLooks is how many documents are looked for before a folder is taken for the archive's own.
const adoptLooks = 1000

func newArchiveAdopt(o *options) *cobra.Command {
	var incomplete bool
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Take the configured folder of documents for this archive's own",
		Long: fmt.Sprintf(`For documents that were restored without the file that says whose they are. The %d
newest documents must be there; with --incomplete some may be missing.`, adoptLooks),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			cfg, err := config.Load(o.Config)
			if err != nil {
				return err
			}
			if err := notAsRoot(cfg, o.wiring.allowRoot); err != nil {
				return err
			}
			if _, err := os.Stat(cfg.Documents); cfg.Documents != "" && err != nil {
				return fmt.Errorf("folder of documents: %w", err)
			}
			a, err := archive.Open(ctx, archive.Config{DSN: cfg.Database, Enqueue: queue.Enqueue, MustExist: true})
			if err != nil {
				return err
			}
			defer a.Close()
			docs, err := app.OpenUnchecked(ctx, cfg, time.Now)
			if err != nil {
				return err
			}
			defer docs.Close()
			looked, missing, err := a.MissingDocuments(ctx, docs, adoptLooks)
			if err != nil {
				return err
			}
			if missing > 0 && !incomplete {
				return fmt.Errorf("%d of the %d newest documents are not there; restore them first, or say --incomplete", missing, looked)
			}
			if err := a.AdoptDocuments(ctx, docs); err != nil {
				return err
			}
			return o.Print(map[string]any{"looked_for": looked, "missing": missing}, func(w io.Writer) {
				where := cfg.Documents
				if where == "" {
					where = "The bucket"
				}
				fmt.Fprintf(w, "%s is the archive's. Documents looked for: %d, missing: %d.\n", where, looked, missing)
			})
		},
	}
	cmd.Flags().BoolVar(&incomplete, "incomplete", false, "though documents are missing")
	return cmd
}

// unopenedPrefix begins the name of the file whose time says when it was last told that a command could not begin.
const unopenedPrefix = "postgang-unopened-"

// tellUnopened tells every sink that a command could not open the archive, which is where alarms stand: else a night that cannot
// begin would be known to cron alone. What cannot be recorded in the archive stands in the scratch folder: it is told once an hour, so
// that a service manager that tries again and again does not fill anybody's mail.
func (o *options) tellUnopened(ctx context.Context, cfg *config.Config, what string, failed error) {
	told := filepath.Join(cfg.Work, unopenedPrefix+what)
	if info, err := os.Stat(told); err == nil && time.Since(info.ModTime()).Abs() < time.Hour {
		return
	}
	if err := os.WriteFile(told, nil, 0o600); err != nil {
		o.Logger().Error("alarm may be told over and over", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tellTime)
	defer cancel()
	m := notify.Message{
		Key: "archive:" + what, Text: fmt.Sprintf("postgang %s could not begin: %v", what, failed), Raised: time.Now(), Count: 1,
		Severity: alarm.SeverityCritical.String(),
	}
	for _, s := range cfg.Alarms {
		if err := s.Sender.Send(ctx, []notify.Message{m}); err != nil {
			o.Logger().Error("alarm could not be told", "sink", s.Name, "error", err)
		}
	}
}
