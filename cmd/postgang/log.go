package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/calendar"
	"postgang/engine/store"
	"postgang/engine/words"
)

func newLog(o *options) *cobra.Command {
	return cli.Group("log", "What people have seen and changed: the innsynslogg, and changes of who may what",
		newLogLookups(o), newLogChanges(o))
}

// lookupView is a row of the innsynslogg.
type lookupView struct {
	Seq      int64      `json:"seq"`
	At       cli.Moment `json:"at"`
	Actor    string     `json:"actor"` // as the archive keeps it
	By       string     `json:"by"`    // for people
	Shipment string     `json:"shipment,omitempty"`
	Account  string     `json:"account,omitempty"`
	What     []string   `json:"what"` // mottaker, tittel, dokumenter, sider, sok
	Purpose  string     `json:"purpose"`
	Hash     string     `json:"hash"`
}

// changeView is a row of the log of changes.
type changeView struct {
	Seq     int64           `json:"seq"`
	At      cli.Moment      `json:"at"`
	Actor   string          `json:"actor"`
	By      string          `json:"by"`
	Subject string          `json:"subject"`
	Of      string          `json:"of"` // the subject, for people
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Reason  string          `json:"reason"`
	Hash    string          `json:"hash"`

	words string // what was changed
}

// verifiedView says how a log stands.
type verifiedView struct {
	Rows int64  `json:"rows"`           // that are as they were written
	Hash string `json:"hash,omitempty"` // of the last of them
	// Broken is the first row that is not; 0: none.
	Broken int64  `json:"broken,omitempty"`
	Why    string `json:"why,omitempty"`
}

// namesIn are the names of persons and integrations of an archive, by how it keeps them as actors.
func namesIn(ctx context.Context, a *app.App) (names map[string]string, err error) {
	err = a.Archive.View(ctx, func(r store.Reader) error {
		names, err = r.ActorNames(ctx)
		return err
	})
	return names, err
}

// actorWords is an actor as people read it.
func actorWords(a access.Actor, names map[string]string) string {
	if a.Kind == access.System {
		return "Postgang"
	}
	return shownActor(a.String(), names)
}

func viewChange(c access.Change, names map[string]string) changeView {
	v := changeView{
		Seq: c.Seq, At: cli.When(c.At), Actor: c.Actor.String(), By: actorWords(c.Actor, names), Subject: c.Subject, Of: names[c.Subject], Reason: c.Reason, Hash: c.Hash,
		words: changeWords(c),
	}
	if v.Of == "" {
		v.Of = c.Subject
	}
	if of, done, ok := words.Change(c.Subject, c.Before, c.After, words.English); ok {
		v.Of, v.words = of, done
	}
	if key, ok := access.AccountOf(c.Subject); ok {
		v.Of = "account " + key
	}
	if json.Valid([]byte(c.Before)) {
		v.Before = json.RawMessage(c.Before)
	}
	if json.Valid([]byte(c.After)) {
		v.After = json.RawMessage(c.After)
	}
	return v
}

// changeWords say what was changed.
func changeWords(c access.Change) string {
	if _, ok := access.AccountOf(c.Subject); ok {
		var set map[string]json.RawMessage
		if json.Unmarshal([]byte(c.After), &set) != nil {
			return "unreadable"
		}
		return orDash("set " + strings.Join(slices.Sorted(maps.Keys(set)), ", "))
	}
	d, err := c.Difference()
	if err != nil {
		return "unreadable"
	}
	var words []string
	for _, w := range []struct {
		is   bool
		what string
	}{
		{d.New, "added"}, {d.Bound, "bound to the log-in"}, {d.Ended, "ended"}, {d.Renamed, "renamed"}, {d.Tied, "log-in name of the command line changed"},
		{d.SessionsEnded > 0, "sessions ended"}, {d.Rotated, "new password"}, {d.Organisation, "organisation of its tokens changed"},
	} {
		if w.is {
			words = append(words, w.what)
		}
	}
	for _, g := range d.Given {
		words = append(words, "given "+g.String())
	}
	for _, g := range d.Taken {
		words = append(words, "taken "+g.String())
	}
	for _, a := range d.AccountsGiven {
		words = append(words, "may send from "+a)
	}
	for _, a := range d.AccountsTaken {
		words = append(words, "may no longer send from "+a)
	}
	return orDash(strings.Join(words, ", "))
}

// logFlags are the flags of both logs.
type logFlags struct {
	access.LogFilter
	actor  string
	period period
	verify bool
}

const logPage = 50

func (l *logFlags) flags(cmd *cobra.Command, others ...string) {
	f := cmd.Flags()
	f.StringVar(&l.actor, "actor", "", "only what this person did: id or name, or the log-in name of who used the command line")
	l.period.flags(cmd, "period")
	f.Int64Var(&l.After, "after", 0, "go on after this number, the last one seen")
	f.IntVar(&l.Limit, "limit", logPage, "at most so many rows")
	f.BoolVar(&l.verify, "verify", false, "instead: verify by the hashes that the whole log is as it was written")
	for _, other := range append(others, "actor", "month", "from", "after", "limit") {
		cmd.MarkFlagsMutuallyExclusive("verify", other)
	}
}

// read completes the filter.
func (l *logFlags) read(ctx context.Context, r store.Reader) error {
	if l.period.given() {
		from, to, err := l.period.days()
		if err != nil {
			return err
		}
		l.From, l.To = from.In(calendar.Oslo), to.In(calendar.Oslo)
	}
	if l.Limit < 1 {
		return cli.Usage("--limit must be at least 1")
	}
	if l.actor == "" || strings.Contains(l.actor, "/") {
		l.Actor = l.actor
		return nil
	}
	p, err := findPerson(ctx, r, l.actor)
	if errors.Is(err, store.ErrNotFound) { // nobody of the console
		l.Actor, err = access.Actor{Kind: access.CommandLine, ID: l.actor}.String(), nil
	} else if err == nil {
		l.Actor = access.SubjectOf(p.ID)
	}
	return err
}

// verified reads a log from the first row on, a page at a time, and tells how it stands. A broken log is an error for a person.
func verified[T any](o *options, what string, chain *access.Chain, page func(f access.LogFilter) ([]T, error), take func(row T) error) error {
	var broken *access.BrokenError
	for {
		rows, err := page(access.LogFilter{Oldest: true, After: chain.Seq, Limit: store.Page})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := take(row); errors.As(err, &broken) {
				break
			}
		}
		if broken != nil || len(rows) < store.Page {
			break
		}
	}
	v := verifiedView{Rows: chain.Seq, Hash: chain.Hash}
	if broken != nil {
		v.Broken, v.Why = broken.Seq, broken.Why
	}
	err := o.Print(v, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d rows are as they were written", what, v.Rows)
		if v.Rows > 0 {
			fmt.Fprintf(w, "; the hash of the last one is\n%s", v.Hash)
		}
		fmt.Fprintln(w)
		if broken == nil && v.Rows > 0 {
			fmt.Fprintln(w, "Keep number and hash elsewhere: rows that are taken from the end leave no other trace.")
		}
	})
	if err == nil && broken != nil {
		return cli.Partial("the %s is not as it was written: %w. Nothing from there on can be trusted", what, broken)
	}
	return err
}

var shipmentID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

func newLogLookups(o *options) *cobra.Command {
	var l logFlags
	var accounts []string
	cmd := &cobra.Command{
		Use:   "lookups",
		Short: "The innsynslogg: who has seen personal data of letters, and why; the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				return a.Archive.View(ctx, func(r store.Reader) error {
					if l.verify {
						var c access.Chain
						return verified(o, "innsynslogg", &c, func(f access.LogFilter) ([]access.Lookup, error) { return r.Lookups(ctx, f) }, c.Lookup)
					}
					if err := checkAccounts(a.Config, accounts...); err != nil {
						return err
					}
					if len(accounts) > 0 {
						l.Scope = &access.Scope{Accounts: slices.Sorted(slices.Values(accounts))}
					}
					if l.Shipment != "" && !shipmentID.MatchString(l.Shipment) { // the log outlives its letters
						s, err := findShipment(ctx, r, l.Shipment)
						if err != nil {
							return err
						}
						l.Shipment = s.ID
					}
					if err := l.read(ctx, r); err != nil {
						return err
					}
					rows, err := r.Lookups(ctx, l.LogFilter)
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					views := []lookupView{}
					for _, row := range rows {
						views = append(views, lookupView{row.Seq, cli.When(row.At), row.Actor.String(), actorWords(row.Actor, names), row.Shipment, row.Account,
							strings.Fields(access.Words(row.What)), row.Purpose, row.Hash})
					}
					return o.Print(views, func(w io.Writer) {
						if len(views) == 0 {
							fmt.Fprintln(w, "No look-ups.")
							return
						}
						cli.Table(w, "NO AT BY SHIPMENT ACCOUNT WHAT PURPOSE", func(row func(...any)) {
							for _, v := range views {
								row(v.Seq, v.At, v.By, v.Shipment, v.Account, strings.Join(v.What, ","), v.Purpose)
							}
						})
						more(w, len(views), l.Limit, views[len(views)-1].Seq)
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&l.Shipment, "shipment", "", "only look-ups of this letter: id, or ACCOUNT/KEY")
	cmd.Flags().StringSliceVar(&accounts, "account", nil, "only look-ups of letters of these accounts")
	l.flags(cmd, "shipment", "account")
	return cmd
}

// more says how to go on when a page is full.
func more(w io.Writer, n, limit int, last int64) {
	if n == limit {
		fmt.Fprintf(w, "There may be more: --after %d\n", last)
	}
}

func newLogChanges(o *options) *cobra.Command {
	var l logFlags
	var person, integration, subject string
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "Changes of persons, integrations and accounts, and what people did about money, alarms and runs: by whom, from what to what, and why; the newest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				return a.Archive.View(ctx, func(r store.Reader) error {
					if l.verify {
						var c access.Chain
						return verified(o, "log of changes", &c, func(f access.LogFilter) ([]access.Change, error) { return r.Changes(ctx, f) }, c.Change)
					}
					l.Subject = subject
					if person != "" {
						p, err := findPerson(ctx, r, person)
						if err != nil {
							return err
						}
						l.Subject = access.SubjectOf(p.ID)
					}
					if integration != "" {
						i, err := r.Integration(ctx, integration)
						if err != nil {
							return integrationError(integration, err)
						}
						l.Subject = access.IntegrationSubject(i.ID)
					}
					if err := l.read(ctx, r); err != nil {
						return err
					}
					rows, err := r.Changes(ctx, l.LogFilter)
					if err != nil {
						return err
					}
					names, err := r.ActorNames(ctx)
					if err != nil {
						return err
					}
					views := []changeView{}
					for _, row := range rows {
						views = append(views, viewChange(row, names))
					}
					return o.Print(views, func(w io.Writer) {
						if len(views) == 0 {
							fmt.Fprintln(w, "No changes.")
							return
						}
						cli.Table(w, "NO AT BY OF CHANGE REASON", func(row func(...any)) {
							for _, v := range views {
								row(v.Seq, v.At, v.By, v.Of, v.words, v.Reason)
							}
						})
						more(w, len(views), l.Limit, views[len(views)-1].Seq)
					})
				})
			})
		},
	}
	cmd.Flags().StringVar(&person, "person", "", "only changes of this person: id or name")
	cmd.Flags().StringVar(&integration, "integration", "", "only changes of this integration: id or name")
	cmd.Flags().StringVar(&subject, "subject", "", "only changes of this subject, as --json shows it; all of a kind: konto/ koderegister/ kvitteringsfil/ kvittering/ faktura/ avvik/ maned/ varsel/ kjoring/")
	cmd.MarkFlagsMutuallyExclusive("person", "integration", "subject")
	l.flags(cmd, "person", "integration", "subject")
	return cmd
}
