package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/cmd/cli"
)

// period is the flags of a period of whole days. On the command line the last day is always included, as people say
// it; inside it is half open.
type period struct{ month, from, to string }

// flags adds --month, --from and --to to a command; what the period is for stands in their help.
func (p *period) flags(cmd *cobra.Command, what string) {
	f := cmd.Flags()
	f.StringVar(&p.month, "month", "", what+" is this month, such as 2026-11")
	f.StringVar(&p.from, "from", "", "first day of the "+what+", such as 2026-11-01")
	f.StringVar(&p.to, "to", "", "last day of the "+what+", included, such as 2026-11-30")
	cmd.MarkFlagsRequiredTogether("from", "to")
	cmd.MarkFlagsMutuallyExclusive("month", "from")
}

// given reports whether the command line says which period.
func (p *period) given() bool { return p.month != "" || p.from != "" || p.to != "" }

// days are the first day of the period and the first one after it.
func (p *period) days() (from, to civil.Date, err error) {
	if p.month != "" {
		return monthDays(p.month)
	}
	from, err1 := civil.Parse(p.from)
	last, err2 := civil.Parse(p.to)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", cli.Usage("--from and --to must be days such as 2026-11-01 and 2026-11-30: %w", err)
	}
	if last < from {
		return "", "", cli.Usage("the period ends on %s, before it begins on %s", last, from)
	}
	return from, last.AddDays(1), nil
}

// monthDays are the first day of a month such as 2026-11, and the first one after it.
func monthDays(month string) (from, to civil.Date, err error) {
	m, err := time.Parse("2006-01", month)
	if err != nil {
		return "", "", cli.Usage("%q is no month such as 2026-11", month)
	}
	day := func(t time.Time) civil.Date { return civil.Date(t.Format("2006-01-02")) }
	return day(m), day(m.AddDate(0, 1, 0)), nil
}
