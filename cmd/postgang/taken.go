package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"postgang/engine/alarm"
	"postgang/engine/intake"
	"postgang/engine/words"
)

// takenView is what became of the hand-ins.
type takenView struct {
	intake.Report
	Troubles []troubleView `json:"troubles"`
}

// eventsView is what became of the digital events.
type eventsView struct {
	intake.EventReport
	Troubles []troubleView `json:"troubles"`
}

// troubleView is something about what comes in that a person must look at.
type troubleView struct {
	Key  string `json:"key"` // of its alarm
	Text string `json:"text"`
}

func viewTroubles(list []alarm.Trouble) []troubleView {
	out := make([]troubleView, len(list))
	for i, t := range list {
		out[i] = troubleView{t.Key, words.Alarm(t.Key, t.Args, words.English)}
	}
	return out
}

// showTaken tells people what came in, and what of it needs a person.
func showTaken(w io.Writer, in intake.Report, ev intake.EventReport) {
	fmt.Fprintf(w, "Hand-ins: %d accepted, %d refused, %d known already, %d not complete, %d that cannot be taken or put away, %d entries misplaced.\n",
		in.Taken, in.Refused, in.Already, in.Waiting, in.Failed, in.Misplaced)
	fmt.Fprintf(w, "Digital events: %d applied, %d refused; %d files wait, %d of them cannot be applied; %d entries misplaced.\n",
		ev.Applied, ev.Refused, ev.Waiting, ev.Failed, ev.Misplaced)
	for _, t := range slices.Concat(viewTroubles(in.Troubles), viewTroubles(ev.Troubles)) {
		fmt.Fprintf(w, "  %s: %s\n", t.Key, t.Text)
	}
}

// needsPerson says in a few words what of all that came in a person must look at; empty: nothing.
func needsPerson(in intake.Report, ev intake.EventReport) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{
		{in.Refused, "hand-ins refused"}, {in.Failed, "hand-ins that cannot be taken or put away"}, {ev.Refused, "digital events refused"},
		{ev.Failed, "events files that cannot be applied"}, {in.Misplaced + ev.Misplaced, "entries misplaced"},
	} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 && len(in.Troubles)+len(ev.Troubles) > 0 {
		parts = append(parts, fmt.Sprintf("%d things in the drop folder", len(in.Troubles)+len(ev.Troubles)))
	}
	return strings.Join(parts, ", ")
}
