package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/backup"
	"postgang/engine/verify"
)

// defaultProven is how many jobs' print files verify composes anew: some minutes at most.
const defaultProven = 3

// verifyView is what was proven.
type verifyView struct {
	Backup     string         `json:"backup,omitempty"`
	Documents  int            `json:"documents"`
	Read       int            `json:"documents_read"`
	Bytes      int64          `json:"bytes_read"`
	Unlooked   int            `json:"documents_not_looked_at"`
	Jobs       int            `json:"jobs_with_manifest"`
	PrintFiles int            `json:"jobs_composed_anew"`
	Unproven   []string       `json:"jobs_not_composed_anew"`
	Receipts   int            `json:"receipts"`
	Lookups    int64          `json:"rows_of_innsynslogg"`
	Changes    int64          `json:"rows_of_log_of_changes"`
	Faults     []verify.Fault `json:"faults"`
	More       int            `json:"faults_not_listed"`
	NotInto    bool           `json:"database_not_looked_into"`
}

func newVerify(o *options) *cobra.Command {
	var id, sample, into string
	var configured bool
	printFiles := defaultProven
	cmd := &cobra.Command{
		Use:   "verify [FOLDER]",
		Short: "Prove that the archive, or a backup, is whole",
		Long: `Proves of the archive, while it is being used, or of the newest backup in a folder (or the one
of --id), without putting it back:

  - the database is sound (SQLite's integrity_check; of PostgreSQL the server takes care)
  - each document that a row names is there, and its bytes are those of its SHA-256
  - the letters of each print job are those of its manifest
  - receipts in force are booked to the øre, and the sums that are kept are those of the ledger
  - innsynslogg and log of changes are as they were written
  - the print files of the newest jobs, composed anew, are the same bytes

--sample 10% reads a tenth of the documents, another one each time, and looks at the others' size.
A backup of PostgreSQL is looked into when --into names an empty database for it, which you drop afterwards; else
its copy is only read whole.

Exit code 3: something is wrong; the list says what, where, and what to do.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			share, err := shareOf(sample)
			if err != nil {
				return err
			}
			if printFiles < 0 {
				return cli.Usage("--print-files must be at least 0")
			}
			step, finish := o.Progress("documents")
			defer finish()
			opt := app.VerifyOptions{Share: share, PrintFiles: printFiles, Told: func(n int) {
				if step != nil {
					step(n, n)
				}
			}}
			if configured && len(args) > 0 {
				return cli.Usage("--backup and a folder: say one of them")
			}
			if len(args) == 0 && !configured {
				if id != "" || into != "" {
					return cli.Usage("--id and --into are for backups: name the folder, or say --backup")
				}
				return o.with(cmd.Context(), false, func(a *app.App) error {
					r, err := a.Verify(cmd.Context(), opt)
					if err != nil {
						return err
					}
					return o.verified("", r, false)
				})
			}
			return o.withPlace(args, func(cfg *config.Config, p *backup.Place) error {
				return o.verifyBackup(cmd.Context(), cfg, p, id, into, opt)
			})
		},
	}
	cmd.Flags().BoolVar(&configured, "backup", false, "the newest backup in the place of [backup]")
	cmd.Flags().StringVar(&id, "id", "", "this backup (default: the newest)")
	cmd.Flags().StringVar(&sample, "sample", "100%", "how many of the documents are read whole")
	cmd.Flags().StringVar(&into, "into", "", "URL of an empty PostgreSQL database that the backup's is put into to be looked at")
	cmd.Flags().IntVar(&printFiles, "print-files", printFiles, "compose the print files of so many jobs anew, the newest first")
	return cmd
}

// shareOf reads a share as "10%" in thousandths, rounded up: what is asked for is done.
func shareOf(text string) (int, error) {
	p, err := strconv.ParseFloat(strings.TrimSuffix(strings.ReplaceAll(text, ",", "."), "%"), 64)
	if err != nil || !(p >= 0 && p <= 100) {
		return 0, cli.Usage("--sample must be from 0%% to 100%%, such as 10%%")
	}
	return int(math.Ceil(p * verify.Whole / 100)), nil
}

func (o *options) verifyBackup(ctx context.Context, cfg *config.Config, p *backup.Place, id, into string, opt app.VerifyOptions) error {
	m, err := p.Get(ctx, id)
	if err != nil {
		return err
	}
	r, err := app.VerifyBackup(ctx, cfg, p, m, into, o.Logger(), opt)
	notInto := errors.Is(err, app.ErrNotLookedInto)
	switch {
	case notInto:
		err = nil
	case errors.Is(err, backup.ErrDamaged):
		r.Faults = append(r.Faults, verify.Fault{Kind: "backup", What: err.Error(), Where: m.ID, Do: "take another backup, and verify the archive itself"})
		err = nil
	}
	if err != nil {
		return err
	}
	for _, name := range m.Documents.Damaged {
		r.Faults = append(r.Faults, verify.Fault{Kind: verify.OfDocument, What: "document " + name + " was damaged when the backup was made, and is not in it", Where: m.ID, Do: "verify the archive itself"})
	}
	return o.verified(m.ID, r, notInto)
}

func (o *options) verified(id string, r verify.Report, notInto bool) error {
	v := verifyView{
		Backup: id, Documents: r.Documents, Read: r.Read, Bytes: r.Bytes, Unlooked: r.Unlooked, Jobs: r.Jobs, PrintFiles: r.Proven, Unproven: append([]string{}, r.Unproven...), Receipts: r.Receipts,
		Lookups: r.Lookups, Changes: r.Changes, Faults: append([]verify.Fault{}, r.Faults...), More: r.More, NotInto: notInto,
	}
	err := o.Print(v, func(w io.Writer) { showVerified(w, v) })
	if err == nil && len(v.Faults) > 0 {
		return cli.Partial("%d things are wrong: see above", len(v.Faults)+v.More)
	}
	return err
}

func showVerified(w io.Writer, v verifyView) {
	if v.Backup != "" {
		fmt.Fprintf(w, "Backup %s:\n", v.Backup)
	}
	for _, f := range v.Faults {
		fmt.Fprintf(w, "FAIL  %s: %s\n      %s\n      → %s\n", f.Kind, f.What, f.Where, f.Do)
	}
	if v.More > 0 {
		fmt.Fprintf(w, "FAIL  and %d more\n", v.More)
	}
	if v.NotInto {
		fmt.Fprintln(w, "Its files are as they were written. The database was not looked into: name an empty one with --into postgres://… to do that.")
		return
	}
	fmt.Fprintf(w, "%d documents are named, of which %d (%s) were read whole", v.Documents, v.Read, megabytes(v.Bytes))
	if v.Unlooked > 0 {
		fmt.Fprintf(w, " and %d not looked at", v.Unlooked)
	}
	fmt.Fprintf(w, ".\n%d print jobs held against their manifests, %d composed anew; %d receipts against the ledger; %d rows of the innsynslogg and %d of the log of changes.\n",
		v.Jobs, v.PrintFiles, v.Receipts, v.Lookups, v.Changes)
	for _, why := range v.Unproven {
		fmt.Fprintln(w, "Not composed anew: "+why)
	}
	if len(v.Faults) == 0 {
		fmt.Fprintln(w, "Nothing is wrong.")
	}
}
