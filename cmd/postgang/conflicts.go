package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/receipts"
	"postgang/engine/store"
	"postgang/engine/words"
)

// recordView is a receipt row: no personal data.
type recordView struct {
	ID       string             `json:"id"`
	Vendor   string             `json:"vendor"`
	State    store.ReceiptState `json:"state"`
	Job      string             `json:"job"`
	Shipment string             `json:"shipment"`
	File     string             `json:"file"`
	Line     int                `json:"line"`
	Fetched  cli.Moment         `json:"fetched"`
	Posted   cli.Moment         `json:"posted"`
	PagesBW  int                `json:"pages_bw"`
	Colour   int                `json:"pages_colour"`
	Sheets   int                `json:"sheets"`
	Gram     int                `json:"weight_gram"`
	// In øre, net.
	Production     money.Ore  `json:"production_ore"`
	Postage        money.Ore  `json:"postage_ore"`
	Konteringskode string     `json:"konteringskode"`
	Decided        cli.Moment `json:"decided,omitempty"`
	Taken          bool       `json:"taken,omitempty"`
	Reason         string     `json:"reason,omitempty"`
	By             string     `json:"decided_by,omitempty"`
}

func viewRecord(r store.ReceiptRecord, names map[string]string) recordView {
	v := recordView{
		ID: r.ID, Vendor: r.Vendor, State: r.State, Job: r.Row.Job, Shipment: r.Row.Shipment, File: r.FileName, Line: r.Row.Line, Fetched: cli.When(r.Fetched),
		Posted: cli.When(r.Row.PostedAt), PagesBW: r.Row.PagesBW, Colour: r.Row.PagesColour, Sheets: r.Row.Sheets(), Gram: r.Row.WeightGram,
		Production: r.Row.Production, Postage: r.Row.Postage, Konteringskode: r.Row.Konteringskode,
	}
	if d := r.Decision; d != nil {
		v.Decided, v.Taken, v.Reason, v.By = cli.When(d.At), d.Taken, words.Why(d.Reason, words.English), shownActor(d.By, names)
	}
	return v
}

var receiptStates = []store.ReceiptState{store.ReceiptApplied, store.ReceiptDuplicate, store.ReceiptConflict, store.ReceiptUnknown}

func newReceiptsList(o *options) *cobra.Command {
	var f store.ReceiptFilter
	var states []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List receipt rows: booked, doubled, in conflict, of unknown letters",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.States, err = oneOf("state of a receipt", states, receiptStates); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				views := []recordView{}
				err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
					list, err := r.Receipts(cmd.Context(), f)
					if err != nil {
						return err
					}
					names, err := r.ActorNames(cmd.Context())
					for _, c := range list {
						views = append(views, viewRecord(c, names))
					}
					return err
				})
				if err == nil && len(views) == 0 {
					err = checkVendors(a.Config, f.Vendor)
				}
				if err != nil {
					return err
				}
				return o.Print(views, func(w io.Writer) {
					cli.Table(w, "ID STATE JOB SHIPMENT FILE LINE NET_KR DECIDED", func(row func(...any)) {
						for _, v := range views {
							row(v.ID, v.State, v.Job, v.Shipment, v.File, v.Line, v.Production+v.Postage, v.Decided)
						}
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&f.Vendor, "vendor", "", "only of this vendor")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only these states")
	_ = cmd.RegisterFlagCompletionFunc("state", completeWords(receiptStates))
	cmd.Flags().BoolVar(&f.Open, "open", false, "only those in conflict that nobody has decided about")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many; 0: all")
	return cmd
}

func newReceiptsShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "A receipt row, and the one in force beside it when they are in conflict",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				var list []recordView
				err := a.Archive.View(ctx, func(r store.Reader) error {
					c, err := r.Receipt(ctx, args[0])
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					list = append(list, viewRecord(c, names))
					if c.State != store.ReceiptConflict {
						return nil
					}
					in, err := r.AppliedReceipt(ctx, c.Row.Job, c.Row.Shipment)
					if err != nil {
						return err
					}
					c, err = r.Receipt(ctx, in.ID)
					list = append(list, viewRecord(c, names))
					return err
				})
				if errors.Is(err, store.ErrNotFound) && len(list) == 0 {
					return fmt.Errorf("no receipt %s; see \"postgang receipts list\": %w", args[0], err)
				}
				if err != nil {
					return err
				}
				return o.Print(list, func(w io.Writer) { showRecords(w, list) })
			})
		},
	}
}

// showRecords puts receipts beside each other; what differs is marked.
func showRecords(w io.Writer, list []recordView) {
	cli.Table(w, "- "+strings.Join([]string{"THIS", "IN_FORCE"}[:len(list)], " "), func(row func(...any)) {
		line := func(name string, of func(recordView) any) {
			cells := []any{name}
			for _, v := range list {
				cells = append(cells, of(v))
			}
			if len(list) == 2 && cells[1] != cells[2] && name[0] >= 'a' {
				cells[0] = name + " *"
			}
			row(cells...)
		}
		line("ID", func(v recordView) any { return v.ID })
		line("State", func(v recordView) any { return v.State })
		line("File", func(v recordView) any { return fmt.Sprintf("%s:%d", v.File, v.Line) })
		line("Fetched", func(v recordView) any { return v.Fetched })
		line("Job", func(v recordView) any { return v.Job })
		line("Shipment", func(v recordView) any { return v.Shipment })
		line("posted", func(v recordView) any { return v.Posted })
		line("pages b/w", func(v recordView) any { return v.PagesBW })
		line("pages colour", func(v recordView) any { return v.Colour })
		line("sheets", func(v recordView) any { return v.Sheets })
		line("gram", func(v recordView) any { return v.Gram })
		line("production kr", func(v recordView) any { return v.Production })
		line("postage kr", func(v recordView) any { return v.Postage })
		line("konteringskode", func(v recordView) any { return v.Konteringskode })
		line("Decided", func(v recordView) any {
			return orDash(strings.TrimSpace(v.Decided.String() + " " + v.Reason + byWhom(v.By)))
		})
	})
}

func newReceiptsResolve(o *options) *cobra.Command {
	var r receipts.ReceiptResolution
	var keep bool
	cmd := &cobra.Command{
		Use:   "resolve ID --keep | --take",
		Short: "Decide about a receipt that says something else than the one that is booked",
		Long: `Decides about a receipt in conflict, after you have asked the vendor which one is right
("postgang receipts show ID" puts both beside each other).

  --keep   what is booked stays
  --take   this one is booked instead, under our konteringskode; the other one stays in the
           archive and is no longer counted

A decision is kept with its reason and not changed: write no personal data in it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.Take == keep {
				return cli.Usage("say which one is right: --keep what is booked, or --take this one")
			}
			if strings.TrimSpace(r.Reason) == "" {
				return cli.Usage("--reason is missing: say in a few words what the vendor has told, without personal data")
			}
			r.Receipt = args[0]
			return o.with(cmd.Context(), false, func(a *app.App) error {
				c, err := a.Engine.ResolveReceipt(cmd.Context(), r)
				if errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("no receipt %s; see \"postgang receipts list --open\": %w", r.Receipt, err)
				}
				if err != nil {
					return err
				}
				if err := a.Engine.Watch(cmd.Context()); err != nil {
					return err
				}
				tell(cmd.Context(), a)
				return o.Print(map[string]any{"receipt": r.Receipt, "in_force_before": c.InForce.ID, "taken": r.Take}, func(w io.Writer) {
					if r.Take {
						fmt.Fprintf(w, "Receipt %s is booked: kr %s instead of kr %s net.\n", r.Receipt, c.Conflict.Row.Net(), c.InForce.Row.Net())
						return
					}
					fmt.Fprintf(w, "Receipt %s is not booked; kr %s net stays.\n", r.Receipt, c.InForce.Row.Net())
				})
			})
		},
	}
	cmd.Flags().BoolVar(&keep, "keep", false, "what is booked stays")
	cmd.Flags().BoolVar(&r.Take, "take", false, "this one is booked instead")
	cmd.Flags().StringVar(&r.Reason, "reason", "", "what the vendor has told; kept and shown, so without personal data (required)")
	return cmd
}
