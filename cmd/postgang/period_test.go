package main

import (
	"errors"
	"testing"

	"github.com/spf13/cobra"

	"postgang/billing/civil"
	"postgang/cmd/cli"
)

func TestPeriod(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p        period
		from, to civil.Date
		words    string
		wrong    bool
	}{
		{p: period{month: "2026-11"}, from: "2026-11-01", to: "2026-12-01", words: "2026-11"},
		{p: period{month: "2026-12"}, from: "2026-12-01", to: "2027-01-01", words: "2026-12"},
		{p: period{from: "2026-11-01", to: "2026-11-30"}, from: "2026-11-01", to: "2026-12-01", words: "2026-11"},
		{p: period{from: "2026-11-03", to: "2026-11-03"}, from: "2026-11-03", to: "2026-11-04", words: "2026-11-03 to 2026-11-03"},
		{p: period{from: "2026-11-03", to: "2027-02-28"}, from: "2026-11-03", to: "2027-03-01", words: "2026-11-03 to 2027-02-28"},
		{p: period{month: "2026-13"}, wrong: true},
		{p: period{month: "november"}, wrong: true},
		{p: period{from: "2026-11-30", to: "2026-11-01"}, wrong: true},
		{p: period{from: "01.11.2026", to: "30.11.2026"}, wrong: true},
		{p: period{from: "2026-11-01", to: "2026-11-31"}, wrong: true},
	} {
		from, to, err := c.p.days()
		if (err != nil) != c.wrong || from != c.from || to != c.to {
			t.Errorf("%+v: %s to %s, %v", c.p, from, to, err)
		}
		var coded *cli.Error
		if err != nil && (!errors.As(err, &coded) || coded.Code != cli.ExitUsage) {
			t.Errorf("%+v: %v is no usage error", c.p, err)
		} else if err == nil && civil.PeriodWords(from, to) != c.words {
			t.Errorf("%+v is shown as %q, want %q", c.p, civil.PeriodWords(from, to), c.words)
		}
	}
	cmd := &cobra.Command{}
	(&period{}).flags(cmd, "report")
	if err := cmd.ParseFlags([]string{"--month", "2026-11", "--from", "2026-11-01"}); err != nil {
		t.Fatal(err)
	}
	if err := cmd.ValidateFlagGroups(); err == nil {
		t.Error("a month and a first day at once")
	}
}
