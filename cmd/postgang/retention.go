package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/erase"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

func newRetention(o *options) *cobra.Command {
	return cli.Group("retention", "Erase the content of letters when its time is over: run it, see what waits, the deletion log",
		newRetentionRun(o), newRetentionList(o), newRetentionErase(o), newRetentionLog(o))
}

// retentionView is what a run did, or would do.
type retentionView struct {
	DryRun    bool            `json:"dry_run"`
	Letters   int             `json:"letters"`
	Accounts  []erasedAccount `json:"accounts"`
	Waiting   map[string]int  `json:"waiting"` // by cause
	HandIns   int             `json:"hand_ins_removed"`
	Documents int             `json:"documents_removed"`
	Bytes     int64           `json:"bytes_removed"`
	OldCopy   bool            `json:"old_copy"` // no document was removed: recover first
}

type erasedAccount struct {
	Account string `json:"account"`
	Letters int    `json:"letters"`
}

func newRetentionRun(o *options) *cobra.Command {
	var opt erase.Options
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Erase now what has been kept for its time, and remove files that nothing needs any more",
		Long: `Erases the content of letters whose time of keeping is over ([retention], docs/retention.md), removes their
hand-ins from the drop folder and documents that nothing names any more, and has the database overwrite what
was deleted. "postgang serve" does it by [schedule] retention. It may be stopped and run again at any time.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				rep, err := a.Engine.RunRetention(cmd.Context(), opt)
				if err != nil {
					return err
				}
				v := retentionView{
					DryRun: opt.DryRun, Letters: rep.Letters, Accounts: []erasedAccount{}, Waiting: map[string]int{}, HandIns: rep.HandIns, Documents: rep.Blobs, Bytes: rep.BlobBytes, OldCopy: rep.OldCopy,
				}
				for _, account := range slices.Sorted(maps.Keys(rep.ByAccount)) {
					v.Accounts = append(v.Accounts, erasedAccount{account, rep.ByAccount[account]})
				}
				for cause, n := range rep.Waiting {
					v.Waiting[string(cause)] = n
				}
				return o.Print(v, func(w io.Writer) { showRetention(w, v) })
			})
		},
	}
	cmd.Flags().BoolVar(&opt.DryRun, "dry-run", false, "erase nothing, tell what would be")
	cmd.Flags().BoolVar(&opt.Full, "full", false, "rewrite the whole database afterwards; everybody else waits meanwhile")
	return cmd
}

func showRetention(w io.Writer, v retentionView) {
	if v.DryRun {
		fmt.Fprintf(w, "The content of %d letters would be erased. Nothing was done.\n", v.Letters)
	} else {
		fmt.Fprintf(w, "The content of %d letters is erased; %d folders and files of the drop folder and %d documents (%d MB) are removed.\n", v.Letters, v.HandIns, v.Documents, v.Bytes>>20)
	}
	if v.OldCopy {
		fmt.Fprintln(w, "No document was removed: the archive is an old copy that was put back. Run postgang recover, then this again.")
	}
	for _, a := range v.Accounts {
		fmt.Fprintf(w, "  %s: %d\n", a.Account, a.Letters)
	}
	for _, cause := range slices.Sorted(maps.Keys(v.Waiting)) {
		fmt.Fprintf(w, "%d wait: %s\n", v.Waiting[cause], retention.Cause(cause).English())
	}
	if len(v.Waiting) > 0 {
		fmt.Fprintln(w, "Which they are: postgang retention list")
	}
}

// waitingView is a letter whose time has come.
type waitingView struct {
	Shipment string     `json:"shipment"`
	Account  string     `json:"account"`
	Status   string     `json:"status"`
	Received cli.Moment `json:"received"`
	Since    cli.Moment `json:"since"`           // its time
	Cause    string     `json:"cause,omitempty"` // why it waits; none: it goes with the next run
	Late     bool       `json:"late"`
}

func newRetentionList(o *options) *cobra.Command {
	var accounts []string
	var all bool
	limit := 200
	cmd := &cobra.Command{
		Use:   "list",
		Short: "Letters that should be erased and wait, and why; with --all also those that go with the next run",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				if err := checkAccounts(a.Config, accounts...); err != nil {
					return err
				}
				views, more := []waitingView{}, 0
				err := a.Engine.LookRetention(cmd.Context(), func(l retention.Letter, v retention.Verdict) error {
					if v.Erase && !all || len(accounts) > 0 && !slices.Contains(accounts, l.Account) {
						return nil
					}
					if len(views) >= limit {
						more++
						return nil
					}
					views = append(views, waitingView{l.ID, l.Account, string(l.Status), cli.When(l.Received), cli.When(v.At), string(v.Cause), v.Late})
					return nil
				})
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "Nothing waits.")
						return
					}
					cli.Table(w, "SHIPMENT ACCOUNT STATUS RECEIVED SINCE WHY", func(row func(...any)) {
						for _, v := range views {
							why := "goes with the next run"
							if v.Cause != "" {
								why = retention.Cause(v.Cause).English()
							}
							row(v.Shipment, v.Account, v.Status, v.Received, v.Since, why)
						}
					})
					if more > 0 {
						fmt.Fprintf(w, "And %d more: --limit\n", more)
					}
				})
			})
		},
	}
	cmd.Flags().StringSliceVar(&accounts, "account", nil, "only letters of these accounts")
	cmd.Flags().BoolVar(&all, "all", false, "also those that go with the next run")
	cmd.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return cmd
}

func newRetentionErase(o *options) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "erase SHIPMENT",
		Short: "Erase the content of one letter now, before its time",
		Long: `Erases the content of one letter now. Its way must have ended: a letter that may still become paper is stopped
first ("postgang shipment stop"). It cannot be undone. --reason is kept in history and deletion log: write no
personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				s, err := store.View(ctx, a.Archive, func(r store.Reader) (shipment.Shipment, error) { return findShipment(ctx, r, args[0]) })
				if err != nil {
					return err
				}
				if !yes {
					ok, err := o.confirm(fmt.Sprintf("Erase the content of shipment %s (%s)?", s.ID, s.Status), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				if err := a.Engine.EraseByHand(ctx, s.ID, reason); err != nil {
					return err
				}
				return o.Print(map[string]string{"shipment": s.ID, "status": string(shipment.StatusSlettet)}, func(w io.Writer) {
					fmt.Fprintf(w, "Shipment %s is %s. Its files go with the runs of the next two days.\n", s.ID, shipment.StatusSlettet)
				})
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}

// erasureView is a row of the deletion log.
type erasureView struct {
	Seq        int64      `json:"seq"`
	At         cli.Moment `json:"at"`
	Shipment   string     `json:"shipment"`
	Account    string     `json:"account"`
	From       string     `json:"from_status"`
	Why        string     `json:"why"`
	Reason     string     `json:"reason,omitempty"`
	Documents  int        `json:"documents"`
	PrintFiles int        `json:"print_files"`
	By         string     `json:"by"`
}

func newRetentionLog(o *options) *cobra.Command {
	f := retention.LogFilter{Limit: logPage}
	cmd := &cobra.Command{
		Use:   "log",
		Short: "The deletion log: which letters were erased, when, by whom and why; the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			if f.Limit < 1 {
				return cli.Usage("--limit must be at least 1")
			}
			return o.with(ctx, false, func(a *app.App) error {
				if err := checkAccounts(a.Config, f.Accounts...); err != nil {
					return err
				}
				views, err := erasures(ctx, a.Archive, f)
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "Nothing was erased.")
						return
					}
					cli.Table(w, "NO AT SHIPMENT ACCOUNT FROM WHY BY REASON", func(row func(...any)) {
						for _, v := range views {
							row(v.Seq, v.At, v.Shipment, v.Account, v.From, v.Why, v.By, v.Reason)
						}
					})
					more(w, len(views), f.Limit, views[len(views)-1].Seq)
				})
			})
		},
	}
	cmd.Flags().StringVar(&f.Shipment, "shipment", "", "only this letter, by its id")
	cmd.Flags().StringSliceVar(&f.Accounts, "account", nil, "only letters of these accounts")
	cmd.Flags().Int64Var(&f.After, "after", 0, "go on after this number, the last one seen")
	cmd.Flags().IntVar(&f.Limit, "limit", f.Limit, "at most so many rows")
	return cmd
}

func erasures(ctx context.Context, a store.Archive, f retention.LogFilter) ([]erasureView, error) {
	views := []erasureView{}
	err := a.View(ctx, func(r store.Reader) error {
		names, err := r.ActorNames(ctx)
		if err != nil {
			return err
		}
		rows, err := r.Erasures(ctx, f)
		if err != nil {
			return err
		}
		for _, e := range rows {
			by, err := access.ParseActor(e.By)
			if err != nil {
				return err
			}
			views = append(views, erasureView{e.Seq, cli.When(e.At), e.Shipment, e.Account, string(e.From), string(e.Why), e.Reason, e.Documents, e.PrintFiles, actorWords(by, names)})
		}
		return nil
	})
	return views, err
}
