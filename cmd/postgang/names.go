package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/calendar"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// checkAccounts and checkVendors make a name that is not configured an error; an empty one stands for all.
func checkAccounts(cfg *config.Config, names ...string) error {
	return checkNames("configured account", accountKeys(cfg), names)
}

func checkVendors(cfg *config.Config, names ...string) error {
	return checkNames("configured vendor", vendorKeys(cfg), names)
}

func checkNames(what string, known, names []string) error {
	for _, n := range names {
		if n != "" && !slices.Contains(known, n) {
			return cli.Unknown(what, n, known)
		}
	}
	return nil
}

func accountKeys(cfg *config.Config) []string {
	keys := make([]string, len(cfg.Accounts))
	for i, a := range cfg.Accounts {
		keys[i] = a.Key
	}
	return keys
}

func vendorKeys(cfg *config.Config) []string {
	keys := make([]string, len(cfg.Vendors))
	for i, v := range cfg.Vendors {
		keys[i] = v.Key
	}
	return keys
}

// oneOf reads words that must be of a set, in whatever case.
func oneOf[T ~string](what string, words []string, set []T) ([]T, error) {
	var out []T
	names := make([]string, len(set))
	for i, s := range set {
		names[i] = string(s)
	}
	for _, w := range words {
		i := slices.IndexFunc(names, func(n string) bool { return strings.EqualFold(n, w) })
		if i < 0 {
			return nil, cli.Unknown(what, w, names)
		}
		out = append(out, set[i])
	}
	return out, nil
}

// Completion looks things up in configuration and archive; a shell waits for it, and one that fails completes nothing.

// completer gives what a word may be completed to.
type completer = func(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective)

// completeWords completes from words that are known.
func completeWords[T ~string](words []T) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		out := make([]string, len(words))
		for i, w := range words {
			out[i] = strings.ToLower(string(w))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeConfig completes from the configuration.
func (o *options) completeConfig(of func(*config.Config) []string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		cfg, err := config.Load(o.Config)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return of(cfg), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeMonth offers the last twelve months.
func completeMonth(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var out []string
	for day, i := time.Now().In(calendar.Oslo), 0; i < 12; i++ {
		out = append(out, day.AddDate(0, -i, 1-day.Day()).Format("2006-01"))
	}
	return out, cobra.ShellCompDirectiveNoFileComp
}

// mostCompleted is how many ids are offered: a list of all that there are helps nobody.
const mostCompleted = 50

// completeArchive completes the first argument from the archive.
func (o *options) completeArchive(of func(cmd *cobra.Command, r store.Reader) ([]string, error)) completer {
	return func(cmd *cobra.Command, args []string, start string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		var out []string
		err := o.with(cmd.Context(), false, func(a *app.App) error {
			return a.Archive.View(cmd.Context(), func(r store.Reader) (err error) {
				out, err = of(cmd, r)
				return err
			})
		})
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		out = slices.DeleteFunc(out, func(s string) bool { return !strings.HasPrefix(s, start) })
		return out[:min(len(out), mostCompleted)], cobra.ShellCompDirectiveNoFileComp
	}
}

// completeJobs completes a job's id, the newest first, with its state beside it.
func (o *options) completeJobs(states ...store.JobState) completer {
	return o.completeArchive(func(cmd *cobra.Command, r store.Reader) ([]string, error) {
		list, err := r.Jobs(cmd.Context(), store.JobFilter{States: states})
		slices.SortFunc(list, func(a, b store.PrintJob) int { return cmp.Compare(b.ID, a.ID) })
		out := make([]string, len(list))
		for i, j := range list {
			out[i] = fmt.Sprintf("%s\t%s, %d letters", j.ID, j.State, j.Letters)
		}
		return out, err
	})
}

// completeShipments completes a shipment's id or its hand-in.
func (o *options) completeShipments(f store.ShipmentFilter) completer {
	return o.completeArchive(func(cmd *cobra.Command, r store.Reader) ([]string, error) {
		f.Limit = 1000
		list, err := r.Shipments(cmd.Context(), f)
		var out []string
		for _, s := range list {
			out = append(out, fmt.Sprintf("%s/%s\t%s", s.Account, s.HandIn, s.Status), fmt.Sprintf("%s\t%s", s.ID, s.Status))
		}
		slices.Sort(out)
		return out, err
	})
}

// completions are by the names of flags, wherever a command has them.
func (o *options) completions(root *cobra.Command) {
	flags := map[string]completer{
		"account": o.completeConfig(accountKeys), "vendor": o.completeConfig(vendorKeys), "profile": o.completeConfig(vendorKeys),
		"month": completeMonth, "status": completeWords(shipment.Statuses()),
	}
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		for name, fn := range flags {
			if cmd.LocalFlags().Lookup(name) != nil {
				_ = cmd.RegisterFlagCompletionFunc(name, fn) // fails only for a flag that is not there, or completed already
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
