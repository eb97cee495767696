package main

import (
	"errors"
	"strings"
	"testing"

	"postgang/billing/reading"
	"postgang/cmd/cli"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
)

// TestExchangedTellsWhatAPersonMustLookAt: what came from a vendor ends with 3 when somebody has to do something about it.
func TestExchangedTellsWhatAPersonMustLookAt(t *testing.T) {
	for _, c := range []struct {
		name string
		x    nights.Exchanged
		want string // empty: done
	}{
		{"nothing came", nights.Exchanged{}, ""},
		{"booked, with deviations", nights.Exchanged{Receipts: []receipts.Imported{{Rows: 2, Applied: 2, Deviate: 2}}}, ""},
		{"rejected", nights.Exchanged{Answers: jobs.Answered{Accepted: 1, Rejected: 2}}, "2 jobs were rejected"},
		{"bad answer", nights.Exchanged{Answers: jobs.Answered{Bad: 1}}, "1 answers cannot be used"},
		{"stopped", nights.Exchanged{Receipts: []receipts.Imported{{Problems: make([]reading.Problem, 1)}, {Waits: []string{"AAAA000009"}}}}, "2 receipt files were stopped"},
		{"conflict and unknown", nights.Exchanged{Receipts: []receipts.Imported{{Rows: 3, Conflict: 1}, {Rows: 1, Unknown: 1}}}, "1 receipts are in conflict (postgang receipts list --open); 1 receipts are for letters that we do not know"},
	} {
		err := exchanged(c.x)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if exit := new(cli.Error); !errors.As(err, &exit) || exit.Code != cli.ExitPartial || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want exit code %d and %q", c.name, err, cli.ExitPartial, c.want)
		}
	}
}
