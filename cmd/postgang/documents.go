package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/documents/sealed"
	"postgang/engine/erase"
	"postgang/engine/store"
)

func newDocuments(o *options) *cobra.Command {
	return cli.Group("documents", "Sealed documents: make the key, seal what is there, see and destroy the keys of the months",
		newDocumentsKey(o), newDocumentsSeal(o), newDocumentsMonths(o), newDocumentsRewrap(o), newDocumentsForget(o))
}

func newDocumentsKey(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "key FILE",
		Short: "Make the key that opens the keys of the documents",
		Long: `Writes a new key-encryption key for [documents.sealed] key_file, a post-quantum age identity. Keep copies of it
where no backup of the documents is: who loses it loses all documents. To replace a key, put the line of the new
one before that of the old one in the same file, and run "postgang documents rewrap".`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			text, err := sealed.NewKEK(time.Now())
			if err != nil {
				return err
			}
			f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, os.ErrExist) {
				return cli.Usage("%s is there already, and a key is never written over", args[0])
			}
			if err != nil {
				return err
			}
			_, err = f.WriteString(text)
			if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
				return err
			}
			return o.Print(map[string]any{"file": args[0]}, func(w io.Writer) {
				fmt.Fprintf(w, "Wrote %s. Keep a copy of it elsewhere: without it no document can be read.\n", args[0])
			})
		},
	}
}

// withSealed calls fn with the sealed documents, under the lock of who removes or moves documents.
func (o *options) withSealed(ctx context.Context, fn func(ctx context.Context, a *app.App, s *sealed.Store) error) error {
	return o.with(ctx, false, func(a *app.App) error {
		if a.Sealed == nil {
			return cli.Usage("documents are not sealed: make a key with \"postgang documents key FILE\", and set [documents.sealed] key_file")
		}
		ctx, release, err := a.Archive.Lock(ctx, erase.LockName)
		if errors.Is(err, store.ErrLocked) {
			return fmt.Errorf("retention is at work; try again when it is done: %w", err)
		}
		if err != nil {
			return err
		}
		defer release()
		return fn(ctx, a, a.Sealed)
	})
}

func newDocumentsSeal(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "seal",
		Short: "Seal the documents that are there from before",
		Long: `Encrypts the documents that were stored before [documents.sealed] was set, one after the other, and removes each
plain one when its sealed copy was read back. It may be stopped and run again. Every process that uses the
documents must have the setting before.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withSealed(cmd.Context(), func(ctx context.Context, _ *app.App, s *sealed.Store) error {
				step, finish := o.Progress("documents")
				n, err := s.Seal(ctx, func(n int) {
					if step != nil {
						step(n, n)
					}
				})
				finish()
				if err != nil {
					return fmt.Errorf("%d documents were sealed: %w", n, err)
				}
				return o.Print(map[string]any{"sealed": n}, func(w io.Writer) { fmt.Fprintf(w, "%d documents were sealed; all are now.\n", n) })
			})
		},
	}
}

type sealedMonth struct {
	Month     string `json:"month"`
	Documents int    `json:"documents"`
}

func newDocumentsMonths(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "months",
		Short: "The months that have a key, and how many documents are sealed under it",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withSealed(cmd.Context(), func(ctx context.Context, _ *app.App, s *sealed.Store) error {
				months, err := s.Months(ctx)
				if err != nil {
					return err
				}
				views := []sealedMonth{}
				for _, m := range months {
					views = append(views, sealedMonth{m.Month, m.Documents})
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "No document was sealed yet.")
					}
					for _, v := range views {
						fmt.Fprintf(w, "%s: %d documents\n", v.Month, v.Documents)
					}
				})
			})
		},
	}
}

func newDocumentsRewrap(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "rewrap",
		Short: "Encrypt the keys of the months to the first key of [documents.sealed] key_file",
		Long: `Encrypts every key that another key in the file opens with the first one in it. Afterwards the others are not
needed any more: remove them from the file, and destroy their copies. Then nothing can be read any more from copies of
the folder keys that were made before. Documents themselves are not touched.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.withSealed(cmd.Context(), func(ctx context.Context, _ *app.App, s *sealed.Store) error {
				n, err := s.Rewrap(ctx)
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"keys": n}, func(w io.Writer) {
					fmt.Fprintf(w, "%d keys were encrypted anew; the first key in the file opens all of them.\n", n)
				})
			})
		},
	}
}

func newDocumentsForget(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "forget MONTH",
		Short: "Destroy the key of a month whose letters are all erased",
		Long: `Destroys the key of a month, as 2026-08: what was sealed under it can be read in no backup any more. It is refused
while letters are kept whose documents are sealed under it, and until two days after the month. Receipts and
invoices, which are kept longer, are sealed anew before. See docs/documents.md for copies of the key.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := time.Parse("2006-01", args[0]); err != nil {
				return cli.Usage("%q is no month such as 2026-08", args[0])
			}
			return o.withSealed(cmd.Context(), func(ctx context.Context, a *app.App, s *sealed.Store) error {
				f, err := s.Forget(ctx, args[0], a.Archive.NamedBy)
				if err != nil {
					return err
				}
				o.Logger().Info("the key of a month is destroyed", "month", args[0], "keys", f.Keys, "sealed_anew", f.Anew)
				return o.Print(map[string]any{"month": args[0], "keys": f.Keys, "sealed_anew": f.Anew, "copies": f.Copies}, func(w io.Writer) {
					fmt.Fprintf(w, "The key of %s is destroyed; %d documents that are kept longer are sealed anew.\n", args[0], f.Anew)
					fmt.Fprintf(w, "Remove copies of %s from backups, or replace the key that opens it (postgang documents rewrap).\n", strings.Join(f.Copies, ", "))
				})
			})
		},
	}
}
