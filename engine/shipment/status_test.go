package shipment

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var updateGolden = flag.Bool("update", false, "rewrite the golden files")

// drawStatuses draws the table as a square: one row for each status, one column for each it may become.
func drawStatuses() string {
	var b strings.Builder
	width := 0
	for _, s := range Statuses() {
		width = max(width, len(s))
	}
	fmt.Fprintf(&b, "   %-*s", width, "")
	for i := range Statuses() {
		fmt.Fprintf(&b, " %2d", i+1)
	}
	b.WriteString("\n")
	for i, from := range Statuses() {
		fmt.Fprintf(&b, "%2d %-*s", i+1, width, from)
		for _, to := range Statuses() {
			mark := "."
			if from.MayBecome(to) {
				mark = "x"
			}
			fmt.Fprintf(&b, "  %s", mark)
		}
		var notes []string
		if from.Printable() {
			notes = append(notes, "printable")
		}
		if from.Terminal() {
			notes = append(notes, "terminal")
		}
		b.WriteString("  " + strings.Join(notes, " ") + "\n")
	}
	return strings.ReplaceAll(b.String(), "  \n", "\n")
}

func TestStatusTableGolden(t *testing.T) {
	t.Parallel()
	golden := filepath.Join("testdata", "status.txt")
	got := drawStatuses()
	if *updateGolden {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the status table changed; if that is meant, run with -update:\n%s", got)
	}
}

// TestEveryPair checks each pair of statuses against the table read the other way round, and the rules that hold
// whatever the table says.
func TestEveryPair(t *testing.T) {
	t.Parallel()
	rows := map[[2]Status]string{}
	for _, m := range StatusMoves() {
		pair := [2]Status{m.From, m.To}
		if _, twice := rows[pair]; twice {
			t.Errorf("%s → %s stands in the table twice", m.From, m.To)
		}
		if m.Cause == "" || !m.From.Valid() || !m.To.Valid() {
			t.Errorf("row %+v is incomplete", m)
		}
		rows[pair] = m.Cause
	}
	for _, from := range Statuses() {
		for _, to := range Statuses() {
			_, want := rows[[2]Status{from, to}]
			if got := from.MayBecome(to); got != want {
				t.Errorf("%s may become %s: %v, table says %v", from, to, got, want)
			}
			if from == to && want {
				t.Errorf("%s: staying is no move", from)
			}
			if to == StatusMottatt && want {
				t.Errorf("%s → MOTTATT: nothing is received twice", from)
			}
			if from == StatusSlettet && want {
				t.Errorf("SLETTET → %s: what is deleted stays deleted", to)
			}
			if to == StatusSlettet && want != (from.Terminal() && from != StatusSlettet) {
				t.Errorf("%s → SLETTET: %v, terminal: %v", from, want, from.Terminal())
			}
		}
	}
	// What has been read, printed, closed or refused must not go to paper; only digital's ends neither.
	for _, s := range Statuses() {
		want := s == StatusAkseptert || s == StatusVarslet || s == StatusKlarForMottak || s == StatusSendtSDP
		if s.Printable() != want {
			t.Errorf("%s.Printable() = %v", s, !want)
		}
	}
	if Status("VARSLET ").Valid() || Status("").Terminal() || Status("").MayBecome(StatusMottatt) {
		t.Error("what is no status has no rules")
	}
}

// TestEveryStatusIsReached: no status stands alone.
func TestEveryStatusIsReached(t *testing.T) {
	t.Parallel()
	reached := map[Status]bool{StatusMottatt: true}
	for range Statuses() {
		for _, m := range StatusMoves() {
			if reached[m.From] {
				reached[m.To] = true
			}
		}
	}
	for _, s := range Statuses() {
		if !reached[s] {
			t.Errorf("%s cannot be reached from MOTTATT", s)
		}
	}
}
