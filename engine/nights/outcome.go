package nights

import (
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"

	"postgang/billing/money"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Note is what the slot ledger keeps of the run: figures and ids, which engine/words words.
func (n Night) Note() shipment.Note {
	args := shipment.Args{}
	for name, count := range map[string]int{
		"collected": n.Collected.Letters, "jobs": len(n.Jobs), "offered": len(n.Offered), "letters": n.Letters, "dropped": n.Withdrawn, "aside": n.SetAside,
	} {
		args[name] = strconv.Itoa(count)
	}
	var unheard []string
	for _, channel := range slices.Sorted(maps.Keys(n.Unheard)) {
		unheard = append(unheard, channel+" "+strconv.Itoa(n.Unheard[channel]))
	}
	for name, list := range map[string][]string{"uncertain": n.Uncertain, "waiting": n.Waiting, "manual": n.Manual, "stopped": n.Stopped, "unsettled": n.Unsettled, "unheard": unheard} {
		if len(list) > 0 {
			args[name] = strings.Join(list, ", ")
		}
	}
	if n.LastError != "" && len(n.Unsettled) > 0 {
		args["why"] = n.LastError
	}
	return shipment.Note{Code: "night", Args: args}
}

// LettersOf are the letters that a night handed over, as its slot tells; ok is false of one that does not say.
func LettersOf(summary string) (letters int, ok bool) {
	n, is := shipment.ReadNote(summary)
	if !is || n.Code != "night" {
		return 0, false
	}
	letters, err := strconv.Atoi(n.Args["letters"])
	return letters, err == nil
}

// Note is what the slot ledger keeps of the fetch.
func (x Exchanged) Note() shipment.Note {
	applied, stopped := x.counts()
	return shipment.Note{Code: "fetched", Args: shipment.Args{
		"accepted": strconv.Itoa(x.Answers.Accepted), "rejected": strconv.Itoa(x.Answers.Rejected), "files": strconv.Itoa(len(x.Receipts)), "applied": strconv.Itoa(applied),
		"stopped": strconv.Itoa(stopped),
	}}
}

// counts are the receipts that were applied, and the files that were stopped.
func (x Exchanged) counts() (applied, stopped int) {
	for _, r := range x.Receipts {
		applied += r.Applied
		if len(r.Problems) > 0 {
			stopped++
		}
	}
	return applied, stopped
}

// Reported is the report of a month, as it was written.
type Reported struct {
	File    string // its name, without the folder
	Letters int
	Net     money.Ore
}

// reportsNote is what the slot ledger keeps of reports.
func reportsNote(made []Reported) shipment.Note {
	var files []string
	letters, net := 0, money.Ore(0)
	for _, r := range made {
		files = append(files, r.File)
		letters += r.Letters
		net += r.Net
	}
	return shipment.Note{Code: "reports", Args: shipment.Args{"files": strings.Join(files, ", "), "letters": strconv.Itoa(letters), "net": strconv.FormatInt(int64(net), 10)}}
}

// What becomes of a run that did nothing.
var (
	atWork = shipment.Note{Code: "night-at-work"}
	killed = shipment.Note{Code: "run-ended"}
)

// outcome is what the slot ledger keeps of a run that has ended. What a run that failed has done is kept where the note says so itself.
func outcome(note shipment.Note, failed error) (store.SlotState, string) {
	switch {
	case failed == nil:
		return store.SlotDone, note.String()
	case errors.Is(failed, ErrUnsettled):
		return store.SlotFailed, note.String()
	}
	return store.SlotFailed, failed.Error()
}
