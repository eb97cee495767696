package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// chaosView is archive and vendor at one moment: what the invariants are about.
type chaosView struct {
	handedIn  map[string]bool // hand-ins that were given: account/key
	ordered   map[string]int  // shipment → reprints of it that a person ordered, at most
	shipments []chaosShipment
	jobs      map[string]chaosJob
	vendor    map[string]chaosPrinted // accepted jobs, as the vendor keeps them
	repeated  []string                // jobs that were handed over again after the vendor had seen them
	alarms    map[string]bool         // keys of open alarms

	restored  bool                       // an old copy was put back, and nothing was recovered yet
	outOfTime map[string]bool            // letters that were at the vendor when an old copy was put back
	found     map[string]store.Verdict   // jobs that were recovered
	beyond    map[string]map[string]bool // job → letters of it that are at the vendor and not in the archive's job
}

type chaosShipment struct {
	id, handIn string
	status     shipment.Status
	hold       string
	due        bool
	receipts   int // in force, over all its jobs
}

type chaosJob struct {
	state   store.JobState
	reprint bool
	letters map[int]string    // number → shipment
	files   map[string]string // name → SHA-256, manifest and ticket too
}

type chaosPrinted struct {
	partly  bool              // accepted, but the vendor's work was interrupted before it had put everything in place
	letters map[int]string    // by the manifest
	files   map[string]string // name → SHA-256 of the bytes that lie there
}

// violations are the invariants that do not hold. They hold at any moment; settled adds what must be when no fault is left
// and nothing more is to be done: then no letter is on its way.
func (v chaosView) violations(settled bool) []string {
	var out []string
	wrong := func(format string, a ...any) { out = append(out, fmt.Sprintf(format, a...)) }

	// Every shipment in exactly one place.
	seen := map[string]string{}
	byID := map[string]chaosShipment{}
	for _, s := range v.shipments {
		if before, twice := seen[s.handIn]; twice {
			wrong("hand-in %s is shipment %s and %s", s.handIn, before, s.id)
		}
		if !v.handedIn[s.handIn] {
			wrong("shipment %s was never handed in", s.id)
		}
		seen[s.handIn], byID[s.id] = s.id, s
	}
	live := map[string][]string{} // shipment → live jobs that are no reprints
	for _, id := range slices.Sorted(maps.Keys(v.jobs)) {
		j := v.jobs[id]
		for _, n := range slices.Sorted(maps.Keys(j.letters)) {
			s := j.letters[n]
			if _, known := byID[s]; !known {
				wrong("job %s has letter %d of a shipment that is not in the archive: %s", id, n, s)
			}
			if j.state.Live() && !j.reprint {
				live[s] = append(live[s], id)
			}
		}
		if j.state == store.JobUncertain && !v.alarms["uncertain:"+id] {
			wrong("job %s is UNCERTAIN without an alarm", id)
		}
	}
	for _, s := range v.shipments {
		if s.hold != shipment.HoldRejected {
			continue
		}
		alarmed := false
		for id, j := range v.jobs {
			alarmed = alarmed || j.state == store.JobRejected && v.alarms["rejected:"+id] && slices.Contains(slices.Collect(maps.Values(j.letters)), s.id)
		}
		if !alarmed {
			wrong("shipment %s was rejected without an alarm", s.id)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(live)) {
		if len(live[s]) > 1 {
			wrong("shipment %s is in %d live jobs: %v", s, len(live[s]), live[s])
		}
	}

	// What the vendor has is what the archive says that it has, and each letter once.
	printed := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(v.vendor)) {
		p, j := v.vendor[id], v.jobs[id]
		verdict, recovered := v.found[id]
		if v.restored || recovered {
			for _, s := range p.letters {
				printed[s]++
			}
			if !p.partly && recovered && verdict == restored.FoundRecorded {
				v.recorded(id, p, j, wrong)
			}
			continue
		}
		switch j.state {
		case "":
			wrong("the vendor has job %s, the archive has not", id)
			continue
		case store.JobCommitted, store.JobOffering, store.JobOffered, store.JobAccepted, store.JobClosed, store.JobUncertain:
		default:
			wrong("the vendor prints job %s, which is %s", id, j.state)
		}
		if p.partly {
			continue
		}
		if !maps.Equal(p.letters, j.letters) {
			wrong("job %s: the manifest at the vendor has other letters than the archive", id)
		}
		if !maps.Equal(p.files, j.files) {
			wrong("job %s: the files at the vendor are not those of the archive", id)
		}
		for _, s := range p.letters {
			printed[s]++
		}
	}
	for id, p := range v.vendor {
		if p.partly {
			for _, s := range v.jobs[id].letters {
				printed[s]++ // it will be
			}
		}
	}
	for _, id := range v.repeated {
		wrong("job %s was handed over again after the vendor had it", id)
	}
	for _, s := range slices.Sorted(maps.Keys(printed)) {
		if printed[s] > 1+v.ordered[s] {
			wrong("DOUBLED: shipment %s is at the vendor %d times, %d reprints were ordered", s, printed[s], v.ordered[s])
		}
	}
	for id, j := range v.jobs {
		if _, has := v.vendor[id]; !has && (j.state == store.JobAccepted || j.state == store.JobClosed) {
			wrong("job %s is %s, but the vendor has never accepted it", id, j.state)
		}
	}
	for _, s := range v.shipments {
		if s.status == shipment.StatusPrintet && printed[s.id] == 0 {
			wrong("LOST: shipment %s is PRINTET, but was never at the vendor", s.id)
		}
		if s.receipts > printed[s.id] {
			wrong("shipment %s has %d receipts and was printed %d times", s.id, s.receipts, printed[s.id])
		}
		if s.status == shipment.StatusLest && printed[s.id] > 0 && !v.outOfTime[s.id] {
			wrong("shipment %s is LEST and was printed %d times", s.id, printed[s.id])
		}
	}
	if !settled {
		slices.Sort(out)
		return out
	}

	for handIn := range v.handedIn {
		if seen[handIn] == "" {
			wrong("LOST: hand-in %s is not in the archive", handIn)
		}
	}
	for id, j := range v.jobs {
		switch j.state {
		case store.JobClosed, store.JobWithdrawn, store.JobRejected:
		default:
			wrong("job %s is %s although all is done", id, j.state)
		}
	}
	for _, s := range v.shipments {
		switch s.status {
		case shipment.StatusPrintet:
			if s.receipts != printed[s.id] {
				wrong("shipment %s was printed %d times and has %d receipts", s.id, printed[s.id], s.receipts)
			}
		case shipment.StatusManueltHandtert, shipment.StatusLest:
		default:
			if s.due || s.hold != "" {
				wrong("LOST: shipment %s is %s and was not printed (set aside: %q)", s.id, s.status, s.hold)
			} else {
				wrong("shipment %s is %s: it was never decided", s.id, s.status)
			}
		}
	}
	for key := range v.alarms {
		if strings.HasPrefix(key, "restored:") || strings.HasPrefix(key, "recovered:") || strings.HasPrefix(key, "uncertain:") || strings.HasPrefix(key, "rejected:") {
			wrong("alarm %s is open although all is done", key)
		}
	}
	slices.Sort(out)
	return out
}

// recorded holds a job that was recovered against the vendor's: each letter is in it, or remembered beside it.
func (v chaosView) recorded(id string, p chaosPrinted, j chaosJob, wrong func(format string, a ...any)) {
	in := map[string]bool{}
	for _, s := range j.letters {
		in[s] = true
	}
	for _, s := range p.letters {
		if !in[s] && !v.beyond[id][s] {
			wrong("job %s, recovered, is at the vendor with a letter that the archive has not noted: %s", id, s)
		}
		delete(in, s)
	}
	for s := range in {
		wrong("job %s was recovered with letter %s, which the vendor has not", id, s)
	}
}

// soundView is one closed job of two letters, and one letter that was stopped.
func soundView() chaosView {
	files := func() map[string]string { return map[string]string{"K7QX000001_1_print_ab.pdf": "ab"} }
	letters := func() map[int]string { return map[int]string{1: "s1", 2: "s2"} }
	return chaosView{
		handedIn: map[string]bool{"a/1": true, "a/2": true, "a/3": true},
		ordered:  map[string]int{},
		shipments: []chaosShipment{
			{id: "s1", handIn: "a/1", status: shipment.StatusPrintet, due: true, receipts: 1},
			{id: "s2", handIn: "a/2", status: shipment.StatusPrintet, due: true, receipts: 1},
			{id: "s3", handIn: "a/3", status: shipment.StatusManueltHandtert},
		},
		jobs:   map[string]chaosJob{"K7QX000001": {state: store.JobClosed, letters: letters(), files: files()}},
		vendor: map[string]chaosPrinted{"K7QX000001": {letters: letters(), files: files()}},
		alarms: map[string]bool{},
	}
}

// TestChaosChecker breaks a sound view in every way that the invariants are about: a checker that finds nothing proves
// nothing.
func TestChaosChecker(t *testing.T) {
	t.Parallel()
	const job = "K7QX000001"
	alter := func(v *chaosView, change func(*chaosJob)) {
		j := v.jobs[job]
		change(&j)
		v.jobs[job] = j
	}
	again := func(v *chaosView, reprint bool) {
		v.jobs["K7QX000002"] = chaosJob{state: store.JobClosed, reprint: reprint, letters: map[int]string{1: "s1"}, files: map[string]string{}}
		v.vendor["K7QX000002"] = chaosPrinted{letters: map[int]string{1: "s1"}, files: map[string]string{}}
		v.shipments[0].receipts = 2
	}
	for name, c := range map[string]struct {
		unsettled bool
		alter     func(*chaosView)
		want      string // in one violation; empty: none
	}{
		"sound":           {alter: func(*chaosView) {}},
		"sound under way": {unsettled: true, alter: func(v *chaosView) { v.handedIn["a/4"] = true }},
		"hand-in lost":    {alter: func(v *chaosView) { v.handedIn["a/4"] = true }, want: "LOST: hand-in a/4"},
		"hand-in doubled": {unsettled: true, alter: func(v *chaosView) {
			v.shipments = append(v.shipments, chaosShipment{id: "s4", handIn: "a/1"})
		}, want: "hand-in a/1 is shipment s1 and s4"},
		"invented shipment": {unsettled: true, alter: func(v *chaosView) {
			v.shipments = append(v.shipments, chaosShipment{id: "s4", handIn: "a/4"})
		}, want: "s4 was never handed in"},
		"two live jobs": {unsettled: true, alter: func(v *chaosView) {
			v.jobs["K7QX000002"] = chaosJob{state: store.JobPlanned, letters: map[int]string{1: "s1"}}
		}, want: "s1 is in 2 live jobs"},
		"a dead job beside": {alter: func(v *chaosView) {
			v.jobs["K7QX000002"] = chaosJob{state: store.JobWithdrawn, letters: map[int]string{1: "s1"}}
		}},
		"doubled":            {unsettled: true, alter: func(v *chaosView) { again(v, false) }, want: "DOUBLED: shipment s1"},
		"reprint not asked":  {alter: func(v *chaosView) { again(v, true) }, want: "DOUBLED: shipment s1"},
		"reprint as ordered": {alter: func(v *chaosView) { again(v, true); v.ordered["s1"] = 1 }},
		"uncertain in silence": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobUncertain })
		}, want: "UNCERTAIN without an alarm"},
		"uncertain with alarm": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobUncertain })
			v.alarms["uncertain:"+job] = true
		}},
		"uncertain in the end": {alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobUncertain })
			v.alarms["uncertain:"+job] = true
		}, want: "is UNCERTAIN although all is done"},
		"rejected in silence": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobRejected })
			delete(v.vendor, job)
			for i := range 2 {
				v.shipments[i] = chaosShipment{id: v.shipments[i].id, handIn: v.shipments[i].handIn, status: shipment.StatusAkseptert, hold: shipment.HoldRejected}
			}
		}, want: "s1 was rejected without an alarm"},
		"rejected with alarm": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobRejected })
			delete(v.vendor, job)
			for i := range 2 {
				v.shipments[i] = chaosShipment{id: v.shipments[i].id, handIn: v.shipments[i].handIn, status: shipment.StatusAkseptert, hold: shipment.HoldRejected}
			}
			v.alarms["rejected:"+job] = true
		}},
		"printed after it was withdrawn": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobWithdrawn })
		}, want: "the vendor prints job K7QX000001, which is WITHDRAWN"},
		"printed before the last gate": {unsettled: true, alter: func(v *chaosView) {
			alter(v, func(j *chaosJob) { j.state = store.JobUploaded })
		}, want: "which is UPLOADED"},
		"unknown job at the vendor": {unsettled: true, alter: func(v *chaosView) {
			v.vendor["K7QX000009"] = chaosPrinted{}
		}, want: "the archive has not"},
		"never accepted": {unsettled: true, alter: func(v *chaosView) { delete(v.vendor, job) }, want: "has never accepted it"},
		"handed over twice": {unsettled: true, alter: func(v *chaosView) {
			v.repeated = []string{job}
		}, want: "handed over again"},
		"other letters in the manifest": {unsettled: true, alter: func(v *chaosView) {
			v.vendor[job].letters[2] = "s1"
		}, want: "other letters than the archive"},
		"vendor interrupted": {unsettled: true, alter: func(v *chaosView) {
			v.vendor[job] = chaosPrinted{partly: true}
			alter(v, func(j *chaosJob) { j.state = store.JobOffered })
			v.shipments[0].receipts, v.shipments[1].receipts = 0, 0
		}},
		"other bytes at the vendor": {unsettled: true, alter: func(v *chaosView) {
			for name := range v.vendor[job].files {
				v.vendor[job].files[name] = "cd"
			}
		}, want: "not those of the archive"},
		"printed and never at the vendor": {unsettled: true, alter: func(v *chaosView) {
			v.shipments = append(v.shipments, chaosShipment{id: "s4", handIn: "a/4", status: shipment.StatusPrintet})
			v.handedIn["a/4"] = true
		}, want: "LOST: shipment s4 is PRINTET"},
		"receipt too many": {unsettled: true, alter: func(v *chaosView) { v.shipments[0].receipts = 2 }, want: "has 2 receipts"},
		"receipt missing":  {alter: func(v *chaosView) { v.shipments[0].receipts = 0 }, want: "has 0 receipts"},
		"read and printed": {unsettled: true, alter: func(v *chaosView) { v.shipments[0].status = shipment.StatusLest }, want: "is LEST and was printed"},
		"due and left behind": {alter: func(v *chaosView) {
			v.shipments[2] = chaosShipment{id: "s3", handIn: "a/3", status: shipment.StatusAkseptert, due: true}
		}, want: "LOST: shipment s3"},
		"set aside for ever": {alter: func(v *chaosView) {
			v.shipments[2] = chaosShipment{id: "s3", handIn: "a/3", status: shipment.StatusAkseptert, hold: "x"}
		}, want: "LOST: shipment s3"},
		"an old copy put back": {unsettled: true, alter: func(v *chaosView) {
			v.restored, v.jobs = true, map[string]chaosJob{}
			for i := range 2 {
				v.shipments[i].status, v.shipments[i].receipts = shipment.StatusAkseptert, 0
			}
		}},
		"doubled by an old copy": {unsettled: true, alter: func(v *chaosView) {
			v.restored, v.jobs = true, map[string]chaosJob{}
			again(v, false)
		}, want: "DOUBLED: shipment s1"},
		"recovered": {alter: func(v *chaosView) {
			v.found = map[string]store.Verdict{job: restored.FoundRecorded}
			alter(v, func(j *chaosJob) { j.files = map[string]string{} })
		}},
		"recovered, a letter is not noted": {alter: func(v *chaosView) {
			v.found = map[string]store.Verdict{job: restored.FoundRecorded}
			alter(v, func(j *chaosJob) { delete(j.letters, 2) })
		}, want: "has not noted: s2"},
		"recovered, a letter is remembered": {alter: func(v *chaosView) {
			v.found = map[string]store.Verdict{job: restored.FoundRecorded}
			v.beyond = map[string]map[string]bool{job: {"s2": true}}
			alter(v, func(j *chaosJob) { delete(j.letters, 2) })
		}},
		"recovered with another letter": {alter: func(v *chaosView) {
			v.found = map[string]store.Verdict{job: restored.FoundRecorded}
			alter(v, func(j *chaosJob) { j.letters[3] = "s3" })
		}, want: "was recovered with letter s3"},
		"stopped in the end":    {alter: func(v *chaosView) { v.alarms["restored:v"] = true }, want: "is open although all is done"},
		"never decided":         {alter: func(v *chaosView) { v.shipments[2].status = shipment.StatusMottatt }, want: "never decided"},
		"alarm without a cause": {alter: func(v *chaosView) { v.alarms["uncertain:"+job] = true }, want: "is open although all is done"},
	} {
		v := soundView()
		c.alter(&v)
		got := v.violations(!c.unsettled)
		switch {
		case c.want == "" && len(got) > 0:
			t.Errorf("%s: %q", name, got)
		case c.want != "" && !strings.Contains(strings.Join(got, "\n"), c.want):
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
