package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/billing/money"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
)

func newShipment(o *options) *cobra.Command {
	return cli.Group("shipment", "Look at shipments, stop, release, correct or send them again",
		newShipmentShow(o), newShipmentFind(o), newShipmentList(o), newShipmentReveal(o), newShipmentStop(o), newShipmentRelease(o), newShipmentAddress(o), newShipmentResend(o), newShipmentReturned(o))
}

// shipmentView is a shipment as the console and programs see it: no personal data.
type shipmentView struct {
	ID             string           `json:"id"`
	Account        string           `json:"account"`
	HandIn         string           `json:"hand_in"`
	Status         shipment.Status  `json:"status"`
	Konteringskode string           `json:"konteringskode"`
	Reference      string           `json:"reference,omitempty"`   // eksternReferanse
	System         string           `json:"system,omitempty"`      // avgivende system
	Dialect        string           `json:"dialect,omitempty"`     // which way it was handed in; none: the drop folder
	Integration    string           `json:"integration,omitempty"` // who handed it in: its name, in a list its id
	Type           string           `json:"type,omitempty"`        // forsendelsestype
	Asked          []string         `json:"asked,omitempty"`       // what the sender asked of the delivery
	Documents      []attachmentView `json:"documents,omitempty"`
	Received       cli.Moment       `json:"received"`
	Notified       cli.Moment       `json:"notified,omitempty"`
	Read           cli.Moment       `json:"read,omitempty"`
	Due            cli.Moment       `json:"due,omitempty"`
	Reason         shipment.Reason  `json:"reason,omitempty"`
	Sent           cli.Moment       `json:"sent,omitempty"`
	Posted         cli.Moment       `json:"posted,omitempty"`
	Held           string           `json:"held,omitempty"`
	Zone           string           `json:"zone,omitempty"`
	Pages          int              `json:"pages,omitempty"`
	ColourPages    int              `json:"colour_pages,omitempty"`
	Refusals       []words.Reason   `json:"refusals,omitempty"` // as the sender reads them
	History        []eventView      `json:"history,omitempty"`
	Channels       []channelView    `json:"channels,omitempty"`
	Jobs           []jobRef         `json:"jobs,omitempty"`
	Receipt        *receiptView     `json:"receipt,omitempty"`
	// Expected is what the letter would cost on paper today by its vendor's price list.
	Expected *quoteView `json:"expected,omitempty"`
	Approved cli.Moment `json:"cost_approved,omitempty"`
	// Settings are the versions of its account's settings that it was prepared with; what is not there was the configuration's.
	Settings map[string]int `json:"settings,omitempty"`

	reasons []shipment.Refusal // of Refusals
}

type eventView struct {
	At     cli.Moment      `json:"at"`
	Kind   string          `json:"kind"`
	From   shipment.Status `json:"from"`
	To     shipment.Status `json:"to"`
	Reason string          `json:"reason,omitempty"`
	By     string          `json:"by,omitempty"`

	english string // Reason, for the command line
}

type jobRef struct {
	ID     string         `json:"id"`
	State  store.JobState `json:"state"`
	Letter int            `json:"letter"`
	File   string         `json:"file,omitempty"`
	Sides  string         `json:"sides,omitempty"`
	Sheets int            `json:"sheets"`
	Gram   int            `json:"weight_gram"`
	// Of a reprint.
	ReprintOf string       `json:"reprint_of,omitempty"`
	Only      []int        `json:"only_sheets,omitempty"`
	Receipt   *receiptView `json:"receipt,omitempty"`
	Expected  *costView    `json:"expected,omitempty"` // when the job was planned
}

type receiptView struct {
	Pages          int       `json:"pages"`
	Sheets         int       `json:"sheets"`
	WeightGram     int       `json:"weight_gram"`
	ProductionOre  money.Ore `json:"production_ore"`
	PostageOre     money.Ore `json:"postage_ore"`
	Konteringskode string    `json:"konteringskode"`
}

// String words a receipt on one line.
func (r receiptView) String() string {
	return fmt.Sprintf("%d pages, %d sheets, %d g, kr %s production, kr %s postage, konteringskode %s", r.Pages, r.Sheets, r.WeightGram, r.ProductionOre, r.PostageOre, r.Konteringskode)
}

func viewShipment(s shipment.Shipment) shipmentView {
	v := shipmentView{
		ID: s.ID, Account: s.Account, HandIn: s.HandIn, Status: s.Status, Konteringskode: shipment.ShownCode(s.Submission.Konteringskode),
		Received: cli.When(s.ReceivedAt), Notified: cli.When(s.NotifiedAt), Read: cli.When(s.ReadAt), Due: cli.When(s.DueAt), Reason: s.DueReason,
		reasons:   s.Refusals,
		Reference: s.Submission.ExternalReference, System: s.Submission.SendingSystem, Dialect: s.Dialect, Integration: s.Integration,
		Type: s.Submission.ShipmentType, Asked: asked(s.Submission),
		Sent: cli.When(s.SentAt), Posted: cli.When(s.PostedAt), Held: s.Hold, Zone: s.Zone, Refusals: words.ReasonsOf(s.Refusals, words.Norwegian), Approved: cli.When(s.CostApprovedAt), Settings: s.Settings,
	}
	if s.Facts != nil {
		v.Pages = len(s.Facts.Pages)
		for _, p := range s.Facts.Pages {
			if p.Colour {
				v.ColourPages++
			}
		}
	}
	return v
}

func newShipmentShow(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show ID|ACCOUNT/KEY",
		Short: "Everything about one shipment, with its history; no personal data",
		Args:  cobra.ExactArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				var v shipmentView
				var s shipment.Shipment
				err := a.Archive.View(ctx, func(r store.Reader) (err error) {
					if s, err = findShipment(ctx, r, args[0]); err != nil {
						return err
					}
					v = viewShipment(s)
					if err := v.fill(ctx, r); err != nil {
						return err
					}
					history, err := r.History(ctx, s.ID)
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					for _, e := range history {
						v.History = append(v.History, eventView{cli.When(e.At), e.Kind, e.From, e.To, words.EventReason(e, words.Norwegian), shownActor(e.By, names), words.EventReason(e, words.English)})
					}
					cases, err := r.ChannelCases(ctx, s.ID)
					if err != nil {
						return err
					}
					for _, k := range cases {
						v.Channels = append(v.Channels, channelView{k.Channel, k.State, k.Reference, cli.When(k.AskedAt), cli.When(k.NextAt), k.Tries})
					}
					jobs, err := r.JobsOf(ctx, s.ID)
					if err != nil {
						return err
					}
					for _, j := range jobs {
						l, err := r.JobLetterOf(ctx, j.ID, s.ID)
						if err != nil {
							return err
						}
						if j.State.Uncomposed() {
							l.File, l.FirstSide = "", 0 // they may be half written, of files that are not there
						}
						ref := jobRef{ID: j.ID, State: j.State, Letter: l.Letter, File: l.File, Sheets: l.Sheets, Gram: l.WeightGram}
						if l.FirstSide > 0 {
							ref.Sides = fmt.Sprintf("%d-%d", l.FirstSide, l.LastSide)
						}
						if c := l.Expected; c != nil {
							ref.Expected = viewCost(c.Production, c.Postage)
						}
						receipt := &v.Receipt
						if j.Reprint {
							ref.ReprintOf, ref.Only = j.Parent, l.Only
							receipt = &ref.Receipt
						}
						rec, err := r.AppliedReceipt(ctx, j.ID, s.ID)
						if err == nil {
							*receipt = &receiptView{rec.Row.Pages(), rec.Row.Sheets(), rec.Row.WeightGram, rec.Row.Production, rec.Row.Postage, rec.Row.Konteringskode}
						} else if !errors.Is(err, store.ErrNotFound) {
							return err
						}
						v.Jobs = append(v.Jobs, ref)
					}
					return nil
				})
				if err != nil {
					return err
				}
				if s.Facts != nil {
					v.Expected = viewQuote(a.Engine.Quote(ctx, s))
				}
				return o.Print(v, func(w io.Writer) { showShipment(w, v) })
			})
		},
	}
}

// asked are what a sender asked of the delivery, in the words of forsendelse.json.
func asked(s shipment.Submission) (out []string) {
	for _, a := range []struct {
		is   bool
		word string
	}{
		{s.DigitalOnly, "kunDigitalLevering"}, {s.PrintOnly, "kunPrint"}, {s.RequireLevel4, "krevNiva4Innlogging"}, {s.Encrypted, "kryptert"},
		{s.Confidential, "taushetsbelagtPost"}, {s.Print.Colour, "utskriftMedFarger"}, {s.Print.Duplex, "tosidig"}, {s.AllowReplyLink, "svarPaForsendelseLink"},
	} {
		if a.is {
			out = append(out, a.word)
		}
	}
	return out
}

// attachmentView is a document without its name, which may be a person's.
type attachmentView struct {
	MimeType string `json:"mime_type"`
	Bytes    int64  `json:"bytes"`
	Giro     []int  `json:"giro_pages,omitempty"`
	Excluded bool   `json:"excluded,omitempty"` // is not printed
}

func (d attachmentView) String() string {
	s := fmt.Sprintf("%s, %d kB", d.MimeType, (d.Bytes+999)/1000)
	if len(d.Giro) > 0 {
		s += fmt.Sprintf(", giro on pages %v", d.Giro)
	}
	if d.Excluded {
		s += ", not printed"
	}
	return s
}

// fill adds what stands in other tables.
func (v *shipmentView) fill(ctx context.Context, r store.Reader) error {
	docs, err := r.Documents(ctx, v.ID)
	if err != nil {
		return err
	}
	for _, d := range docs {
		v.Documents = append(v.Documents, attachmentView{shownType(d.MimeType), d.Blob.Bytes, d.Giro, d.Excluded})
	}
	if v.Integration == "" {
		return nil
	}
	i, err := r.Integration(ctx, v.Integration)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	v.Integration = i.Name
	return err
}

// shownType is a MIME type as it may be shown: what does not have the form of one is anybody's text.
func shownType(t string) string {
	if kind, _, err := mime.ParseMediaType(t); err == nil && len(kind) <= 80 {
		return kind
	}
	return "(ugyldig)"
}

// channelView is how a letter stands in a digital channel or register.
type channelView struct {
	Channel   string     `json:"channel"`
	State     string     `json:"state"`
	Reference string     `json:"reference,omitempty"`
	Asked     cli.Moment `json:"asked,omitzero"`  // its last answer
	Next      cli.Moment `json:"next,omitzero"`   // when it is asked by itself
	Tries     int        `json:"tries,omitempty"` // without an answer
}

func (c channelView) String() string {
	s := c.Channel + " " + c.State
	if !c.Asked.IsZero() {
		s += fmt.Sprintf(", answered %s", c.Asked)
	}
	if c.Tries > 0 {
		s += fmt.Sprintf(", %d times without an answer", c.Tries)
	}
	if !c.Next.IsZero() {
		s += fmt.Sprintf(", asked again %s", c.Next)
	}
	return s
}

func findShipment(ctx context.Context, r store.Reader, name string) (shipment.Shipment, error) {
	s, err := r.Shipment(ctx, name)
	if account, key, ok := strings.Cut(name, "/"); ok {
		s, err = r.ShipmentByHandIn(ctx, account, key)
	}
	if errors.Is(err, store.ErrNotFound) {
		return s, fmt.Errorf("no shipment %s; give its id, or ACCOUNT/KEY of its hand-in: %w", name, err)
	}
	return s, err
}

func showShipment(w io.Writer, v shipmentView) {
	fmt.Fprintf(w, "Shipment %s (%s/%s)\n", v.ID, v.Account, v.HandIn)
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "  %-15s %s\n", name, value)
		}
	}
	line("status", string(v.Status))
	line("konteringskode", v.Konteringskode)
	line("reference", v.Reference)
	line("system", v.System)
	way := v.Dialect
	if v.Integration != "" {
		way += " by " + v.Integration
	}
	line("handed in", way)
	line("type", v.Type)
	line("asked for", strings.Join(v.Asked, ", "))
	for _, d := range v.Documents {
		line("document", d.String())
	}
	line("received", v.Received.String())
	line("notified", v.Notified.String())
	line("read", v.Read.String())
	if !v.Due.IsZero() {
		line("due for paper", fmt.Sprintf("%s (%s)", v.Due, v.Reason))
	}
	for _, key := range slices.Sorted(maps.Keys(v.Settings)) {
		line("setting", fmt.Sprintf("%s of version %d", key, v.Settings[key]))
	}
	for _, c := range v.Channels {
		line("channel", c.String())
	}
	line("sent to vendor", v.Sent.String())
	line("posted", v.Posted.String())
	line("SET ASIDE", v.Held)
	if v.Pages > 0 {
		line("pages", fmt.Sprintf("%d, %d in colour", v.Pages, v.ColourPages))
	}
	if q := v.Expected; q != nil && q.Sheets > 0 {
		cost := "unknown: " + q.Problem
		if q.Cost != nil {
			cost = q.Cost.String() + ": " + q.words()
		}
		line("on paper", fmt.Sprintf("%d sheets, %s, %d g", q.Sheets, q.Envelope, q.Gram))
		line("costs today", cost)
	} else if q != nil {
		line("costs today", "unknown: "+q.Problem)
	}
	line("cost approved", v.Approved.String())
	for _, r := range v.reasons {
		kind := "refused"
		if r.Warning {
			kind = "warning"
		}
		line(kind, strings.TrimSpace(r.Code+" "+r.Field)+": "+words.Refusal(r, words.English))
	}
	for _, j := range v.Jobs {
		kind, of := "job", ""
		if j.ReprintOf != "" {
			kind, of = "omtrykk", " of "+j.ReprintOf
		}
		line(kind, fmt.Sprintf("%s%s %s, letter %d, %s sheets, %d g, sides %s of %s", j.ID, of, j.State, j.Letter, sheetsOf(j.Sheets, j.Only), j.Gram, j.Sides, j.File))
		if j.Expected != nil {
			line("expected cost", j.Expected.String())
		}
		if j.Receipt != nil {
			line("omtrykk receipt", j.Receipt.String())
		}
	}
	if v.Receipt != nil {
		line("receipt", v.Receipt.String())
	}
	fmt.Fprintln(w, "History:")
	for _, e := range v.History {
		change := string(e.To)
		if e.From != e.To {
			change = string(e.From) + " → " + string(e.To)
		}
		fmt.Fprintf(w, "  %s  %-14s %s  %s\n", e.At, e.Kind, change, e.english+byWhom(e.By))
	}
}

func newShipmentList(o *options) *cobra.Command {
	var f store.ShipmentFilter
	var statuses []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List shipments, the newest first",
		Long: `Lists shipments by the time when they were received, the newest first, a page of --limit
at a time; --after ID goes on after the last one seen.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if f.Statuses, err = oneOf("status", statuses, shipment.Statuses()); err != nil {
				return err
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				var list []shipment.Shipment
				f.Newest = true
				err := a.Archive.View(cmd.Context(), func(r store.Reader) error {
					var err error
					if f.After != "" {
						s, err := findShipment(cmd.Context(), r, f.After)
						if err != nil {
							return err
						}
						f.After = s.ID
					}
					list, err = r.Shipments(cmd.Context(), f)
					return err
				})
				if err == nil && len(list) == 0 {
					err = checkAccounts(a.Config, f.Account)
				}
				if err != nil {
					return err
				}
				views := make([]shipmentView, len(list))
				for i, s := range list {
					views[i] = viewShipment(s)
				}
				return o.Print(views, func(w io.Writer) { listShipments(w, views, f.Limit) })
			})
		},
	}
	cmd.Flags().StringVar(&f.Account, "account", "", "only this account")
	cmd.Flags().StringSliceVar(&statuses, "status", nil, "only these statuses")
	cmd.Flags().BoolVar(&f.Held, "held", false, "only those that are set aside")
	cmd.Flags().StringVar(&f.Hold, "held-for", "", "only those that are set aside with this reason code")
	cmd.Flags().StringVar(&f.After, "after", "", "go on after this shipment, an older one")
	cmd.Flags().IntVar(&f.Limit, "limit", 100, "at most so many; 0: all")
	return cmd
}

func listShipments(w io.Writer, views []shipmentView, limit int) {
	cli.Table(w, "ID ACCOUNT HAND-IN STATUS KONTERINGSKODE RECEIVED DUE REASON HELD", func(row func(...any)) {
		for _, v := range views {
			row(v.ID, v.Account, v.HandIn, v.Status, v.Konteringskode, v.Received, v.Due, v.Reason, v.Held)
		}
	})
	if limit > 0 && len(views) == limit {
		fmt.Fprintf(w, "The first %d; go on with --after %s\n", limit, views[len(views)-1].ID)
	}
}

func newShipmentStop(o *options) *cobra.Command {
	var reason string
	var yes bool
	cmd := &cobra.Command{
		Use:   "stop ID|ACCOUNT/KEY… --reason TEXT",
		Short: "Close shipments by hand (MANUELT_HANDTERT); they are not printed",
		Long: `Closes shipments by hand, for good: they are never printed. One that is in a print job not yet
handed over drops out at the last gate. One that the vendor has already is marked, but the vendor
must be phoned: paper cannot be called back from here (exit code 3). It is done with --yes, or when
you say so on a terminal. --reason is kept in the history and shown: write no personal data in it.`,
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: o.completeShipments(store.ShipmentFilter{}),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return cli.Usage("--reason is missing: say in a few words why, without personal data")
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				list, err := findShipments(cmd.Context(), a, args)
				if err != nil {
					return err
				}
				if !yes {
					ok, err := o.confirm(fmt.Sprintf("Close %d shipments for good, so that they are never printed?", len(list)), "nothing is done yet: add --yes")
					if err != nil || !ok {
						return err
					}
				}
				return o.stop(cmd, a, list, reason)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept in the history and shown, so without personal data (required)")
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do it without asking")
	return cmd
}

// stoppedView is what became of a shipment that was to be stopped.
type stoppedView struct {
	ID       string          `json:"id"`
	Status   shipment.Status `json:"status"`
	AtVendor bool            `json:"at_vendor"` // paper cannot be called back from here
	Problem  string          `json:"problem,omitempty"`
}

func (o *options) stop(cmd *cobra.Command, a *app.App, list []shipment.Shipment, reason string) error {
	views, late, failed := []stoppedView{}, 0, 0
	for _, s := range list {
		after, err := a.Engine.Stop(cmd.Context(), s.ID, reason)
		if err != nil {
			return err
		}
		v := stoppedView{ID: s.ID, Status: after.Status}
		switch {
		case after.Status != shipment.StatusManueltHandtert:
			failed++
			v.Problem = "can no longer be stopped"
		case s.Status == shipment.StatusSendtPrint:
			late++
			v.AtVendor = true
		}
		views = append(views, v)
	}
	err := o.Print(views, func(w io.Writer) {
		for _, v := range views {
			switch {
			case v.Problem != "":
				fmt.Fprintf(w, "%s: is %s and %s\n", v.ID, v.Status, v.Problem)
			case v.AtVendor:
				fmt.Fprintf(w, "%s: closed, but the vendor has it: phone the vendor\n", v.ID)
			default:
				fmt.Fprintf(w, "%s: closed\n", v.ID)
			}
		}
	})
	switch {
	case err != nil:
		return err
	case failed > 0 && failed == len(list):
		return fmt.Errorf("%d shipments can no longer be stopped", failed)
	case failed+late > 0:
		return cli.Partial("%d shipments are at the vendor already, %d can no longer be stopped", late, failed)
	}
	return nil
}

// findShipments finds all that are named, or says which is not there; so nothing is done by halves.
func findShipments(ctx context.Context, a *app.App, names []string) ([]shipment.Shipment, error) {
	var list []shipment.Shipment
	err := a.Archive.View(ctx, func(r store.Reader) error {
		for _, name := range names {
			s, err := findShipment(ctx, r, name)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
		return nil
	})
	return list, err
}

func newShipmentRelease(o *options) *cobra.Command {
	var reason, account, code string
	cmd := &cobra.Command{
		Use:   "release ID|ACCOUNT/KEY… --reason TEXT",
		Short: "Let shipments that were set aside be collected again",
		Long: `Lets shipments that were set aside be collected again. Mend what they were set aside for first, or
they are set aside anew. Those that a cap on cost keeps back are not released so: "postgang guard approve".
Without names, --held-for releases all that are set aside for a reason, with --account those of an account.
--reason is kept in the history and shown: write no personal data in it.`,
		Args: cobra.ArbitraryArgs, ValidArgsFunction: o.completeShipments(store.ShipmentFilter{Held: true}),
		RunE: func(cmd *cobra.Command, names []string) error {
			if err := reasoned(reason); err != nil {
				return err
			}
			switch {
			case (len(names) > 0) == (code != "") || account != "" && code == "":
				return cli.Usage("name shipments, or say which by --held-for CODE and --account")
			case code != "":
				return o.with(cmd.Context(), false, func(a *app.App) error { return releaseAll(cmd.Context(), o, a, account, code, reason) })
			}
			return o.with(cmd.Context(), false, func(a *app.App) error {
				list, err := findShipments(cmd.Context(), a, names)
				if err != nil {
					return err
				}
				released, kept := []string{}, 0
				for _, s := range list {
					err := a.Engine.Release(cmd.Context(), s.ID, reason)
					if errors.Is(err, step.ErrKeptBack) {
						kept++
						fmt.Fprintln(o.Err, "postgang:", err)
						continue
					}
					if err != nil {
						return err
					}
					released = append(released, s.ID)
				}
				err = o.Print(map[string]any{"released": released, "kept_back": kept}, func(w io.Writer) {
					for _, id := range released {
						fmt.Fprintf(w, "%s: released\n", id)
					}
				})
				switch {
				case err != nil:
					return err
				case kept == len(list):
					return errors.New("nothing was released: a cap on cost keeps it back")
				case kept > 0:
					return cli.Partial("%d letters are kept back by a cap on cost", kept)
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why; kept in the history and shown, so without personal data (required)")
	cmd.Flags().StringVar(&code, "held-for", "", "all that are set aside with this reason code")
	cmd.Flags().StringVar(&account, "account", "", "with --held-for: those of this account")
	return cmd
}

// releaseAll releases what is set aside for a reason.
func releaseAll(ctx context.Context, o *options, a *app.App, account, code, reason string) error {
	if err := checkAccounts(a.Config, account); err != nil {
		return err
	}
	n, err := a.Engine.ReleaseAll(ctx, account, code, reason)
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("no letter is set aside for %q; postgang shipment list --held shows which are, and for what", code)
	}
	return o.Print(map[string]any{"letters": n}, func(w io.Writer) { fmt.Fprintf(w, "%d letters released\n", n) })
}
