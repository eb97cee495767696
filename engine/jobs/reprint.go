package jobs

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/collect"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// ReprintOrder is a person's order to print letters of a job once more. Exactly one of Letters, Shipments and Sheets
// says which.
type ReprintOrder struct {
	Job       string           // the job that they were printed in
	Letters   []shipment.Range // by their numbers in the job
	Shipments []string         // by shipment id
	// Sheets are finished sheets, numbered from 1 through the job in order of print, as the manifest's forste_ark counts
	// them. Of a letter that is named in part only these sheets are printed.
	Sheets []shipment.Range
	Reason string // kept in the history of both jobs; no personal data
	// ReadToo lets letters be printed that were read digitally since; Again those that are in an open reprint already.
	ReadToo, Again bool
}

// Reprint is what an order comes to.
type Reprint struct {
	Parent  store.PrintJob
	Letters []ReprintLetter // in the order of the parent
	Sheets  int
	Jobs    []string // ids of the child jobs; none before it is ordered

	plan []collect.JobSpec
}

// ReprintLetter is a letter of a reprint.
type ReprintLetter struct {
	Letter   int // its number in the parent
	Shipment string
	Sheets   int   // that are printed
	Only     []int // which of the letter, when not all
}

// ReprintError says why an order cannot be carried out: all reasons at once, none of them personal data.
type ReprintError struct {
	Job     string
	Reasons []string         // in English
	Refused []ReprintRefusal // the same, in the same order
}

// ReprintRefusal is a reason why an order cannot be carried out.
type ReprintRefusal struct {
	Code   string // see the constants
	Letter int    // its number in the parent; 0: it is not about one letter
	With   string // what it is about beside: a job, a time, a code
}

// Why a reprint is refused.
const (
	ReprintState   = "tilstand"  // the job is not printed, or a reprint itself
	ReprintReason  = "grunn"     // the reason given will not do
	ReprintWhole   = "hele"      // the vendor prints whole letters alone
	ReprintDeleted = "slettet"   // there is nothing to print
	ReprintClosed  = "avsluttet" // by hand
	ReprintAside   = "til-side"  // With: for what
	ReprintRead    = "lest"      // digitally; ReadToo has it printed. With: when
	ReprintOpen    = "omtrykk"   // is in another reprint; Again has it printed. With: the job
	ReprintPlan    = "plan"      // no job can take it. With: the code of why
	ReprintSheets  = "ark"       // lies on other sheets now
	ReprintChosen  = "valg"      // what is named is not in the job
)

func (e *ReprintError) Error() string {
	return fmt.Sprintf("job %s cannot be reprinted so:\n  %s", e.Job, strings.Join(e.Reasons, "\n  "))
}

// PlanReprint says what an order would come to, and orders nothing. A [*ReprintError] says why it cannot be carried out.
func (e *Jobs) PlanReprint(ctx context.Context, o ReprintOrder) (Reprint, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (Reprint, error) { return e.planReprint(ctx, r, o) })
}

// OrderReprint orders a reprint: a child job under its own id (more than one only when the vendor's profile has changed
// since, or takes fewer letters a job), planned in one transaction and then composed and offered like any other.
func (e *Jobs) OrderReprint(ctx context.Context, o ReprintOrder) (Reprint, error) {
	var out Reprint
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		var err error
		if out, err = e.planReprint(ctx, tx, o); err != nil {
			return err
		}
		for _, j := range out.plan {
			id, err := e.collect.AddJob(ctx, tx, j)
			if err != nil {
				return err
			}
			out.Jobs = append(out.Jobs, id)
			why := shipment.Note{Code: "reprinted", Args: shipment.Args{"letters": strconv.Itoa(len(j.Letters)), "job": id, "reason": o.Reason}}
			if err := step.NoteJob(ctx, tx, out.Parent, why); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	e.Passed("reprint: ordered")
	e.Log.Info("reprint ordered", "job", o.Job, "letters", len(out.Letters), "sheets", out.Sheets, "jobs", out.Jobs)
	return out, nil
}

func (e *Jobs) planReprint(ctx context.Context, r store.Reader, o ReprintOrder) (Reprint, error) {
	var out Reprint
	j, err := r.Job(ctx, o.Job)
	if err != nil {
		return out, err
	}
	out.Parent = j
	refused := &ReprintError{Job: j.ID}
	refuse := func(code string, letter int, with, format string, args ...any) {
		refused.Reasons = append(refused.Reasons, fmt.Sprintf(format, args...))
		refused.Refused = append(refused.Refused, ReprintRefusal{code, letter, with})
	}
	if why := notReprintable(j); why != "" {
		refuse(ReprintState, 0, string(j.State), "%s", why)
		return out, refused
	}
	if why := identity.BadReason(o.Reason); why != "" {
		refuse(ReprintReason, 0, "", "%s", why)
	}
	v, ok := e.Vendors[j.Vendor]
	if !ok {
		return out, fmt.Errorf("reprint %s: vendor %q is not configured any more", j.ID, j.Vendor)
	}
	rows, err := r.JobLetters(ctx, j.ID)
	if err != nil {
		return out, err
	}
	chosen, whys := chooseLetters(rows, o)
	for _, why := range whys {
		refuse(ReprintChosen, 0, "", "%s", why)
	}
	if v.Profile.Orders != nil && slices.ContainsFunc(chosen, func(c chosenLetter) bool { return len(c.Only) > 0 }) {
		refuse(ReprintWhole, 0, v.Key, "vendor %s prints and posts whole letters: order the letter without sheets", v.Key)
	}
	open, err := openReprints(ctx, r, j.ID)
	if err != nil {
		return out, err
	}
	var candidates []printjobs.Candidate
	wanted := map[string]chosenLetter{}
	for _, c := range chosen {
		s, err := r.Shipment(ctx, c.Shipment)
		if err != nil {
			return out, err
		}
		name := c.name()
		switch {
		case s.Status == shipment.StatusSlettet || s.Facts == nil || s.Prepared.IsZero():
			refuse(ReprintDeleted, c.Letter, "", "%s is deleted, there is nothing to print", name)
			continue
		case s.Status == shipment.StatusManueltHandtert || !s.ClosedAt.IsZero():
			refuse(ReprintClosed, c.Letter, "", "%s was closed by hand and is not printed any more", name)
			continue
		case s.Hold != "":
			refuse(ReprintAside, c.Letter, s.Hold, "%s is set aside: %s. Release it first", name, s.Hold)
			continue
		case !s.ReadAt.IsZero() && !o.ReadToo:
			refuse(ReprintRead, c.Letter, s.ReadAt.In(calendar.Oslo).Format("02.01.2006 kl. 15.04"), "%s was read digitally at %s: leave it out, or print it all the same with --read-too", name, s.ReadAt.In(calendar.Oslo).Format("2006-01-02 15:04"))
			continue
		case open[c.Shipment] != "" && !o.Again:
			refuse(ReprintOpen, c.Letter, open[c.Shipment], "%s is in reprint %s already: leave it out, or order it once more with --again", name, open[c.Shipment])
			continue
		}
		candidates = append(candidates, e.accept.Candidate(s))
		wanted[s.ID] = c
		out.Letters = append(out.Letters, c.ReprintLetter)
		out.Sheets += c.Sheets
	}
	if len(refused.Reasons) > 0 {
		return out, refused
	}
	jobs, aside, err := printjobs.Plan(candidates, v.Profile)
	if err != nil {
		return out, err
	}
	for _, a := range aside {
		refuse(ReprintPlan, wanted[a.Shipment].Letter, a.Code, "%s: %s", wanted[a.Shipment].name(), told(a.Code, a.Args))
	}
	for _, p := range jobs {
		n := collect.JobSpec{Vendor: j.Vendor, Parent: j.ID, Class: p.Class, Letters: p.Letters, Reprint: true, Only: map[string][]int{}, Why: o.Reason}
		for _, l := range p.Letters {
			c := wanted[l.Shipment]
			if len(c.Only) > 0 && l.Sheets != c.of {
				refuse(ReprintSheets, c.Letter, "", "%s would lie on other sheets now, since the vendor's profile has changed: order the whole letter, by --letters", c.name())
			}
			n.Reasons, n.Only[l.Shipment] = append(n.Reasons, c.reason), c.Only
		}
		out.plan = append(out.plan, n)
	}
	if len(refused.Reasons) > 0 {
		return out, refused
	}
	return out, nil
}

// notReprintable says why letters of a job cannot be reprinted, and what to do instead; empty: they can.
func notReprintable(j store.PrintJob) string {
	switch {
	case j.Reprint:
		return fmt.Sprintf("it is a reprint itself: order the letters from %s, by their numbers there", j.Parent)
	case j.State == store.JobOffered, j.State == store.JobAccepted, j.State == store.JobClosed:
		return ""
	case j.State == store.JobOffering:
		return "it was handed over just now, and its letters are being marked as sent (OFFERING): try again in a moment"
	case j.State == store.JobUncertain:
		return fmt.Sprintf("it is UNCERTAIN whether the vendor has it: ask the vendor first, then postgang job resolve %s", j.ID)
	case j.State == store.JobRejected:
		return fmt.Sprintf("the vendor rejected it and printed nothing: mend the cause, then postgang job release %s", j.ID)
	case j.State == store.JobWithdrawn:
		return "it was withdrawn and never printed: its letters went into other jobs, see postgang shipment show"
	}
	return fmt.Sprintf("it is %s, not printed yet: it is handed over by itself", j.State)
}

// chosenLetter is a letter that an order names.
type chosenLetter struct {
	ReprintLetter
	of     int // sheets of the whole letter
	reason shipment.Reason
}

func (c chosenLetter) name() string {
	return fmt.Sprintf("letter %d (shipment %s)", c.Letter, c.Shipment)
}

// chooseLetters finds the letters that an order names among those of its job.
func chooseLetters(rows []store.JobLetter, o ReprintOrder) (chosen []chosenLetter, whys []string) {
	ways, sheets := 0, 0
	for _, n := range []int{len(o.Letters), len(o.Shipments), len(o.Sheets)} {
		if n > 0 {
			ways++
		}
	}
	if ways != 1 {
		return nil, []string{"name the letters in one way: by letter numbers, by shipments, or by sheets"}
	}
	for _, row := range rows {
		sheets += row.Sheets
	}
	outside := func(what string, ranges []shipment.Range, last int) {
		for _, r := range ranges {
			if r.From < 1 || r.To < r.From || r.To > last {
				whys = append(whys, fmt.Sprintf("%s %d-%d: the job has %s 1 to %d", what, r.From, r.To, what, last))
			}
		}
	}
	outside("letters", o.Letters, len(rows))
	outside("sheets", o.Sheets, sheets)
	for i, id := range o.Shipments {
		if !slices.ContainsFunc(rows, func(row store.JobLetter) bool { return row.Shipment == id }) {
			whys = append(whys, fmt.Sprintf("shipment %s is not in the job", id))
		}
		if slices.Contains(o.Shipments[:i], id) {
			whys = append(whys, fmt.Sprintf("shipment %s is named twice", id))
		}
	}
	in := func(ranges []shipment.Range, n int) bool {
		return slices.ContainsFunc(ranges, func(r shipment.Range) bool { return r.Has(n) })
	}
	before := 0 // sheets of the letters before
	for _, row := range rows {
		c := chosenLetter{ReprintLetter{Letter: row.Letter, Shipment: row.Shipment, Sheets: row.Sheets}, row.Sheets, row.Reason}
		named := in(o.Letters, row.Letter) || slices.Contains(o.Shipments, row.Shipment)
		for n := 1; n <= row.Sheets && len(o.Sheets) > 0; n++ {
			if in(o.Sheets, before+n) {
				c.Only, named = append(c.Only, n), true
			}
		}
		before += row.Sheets
		if len(c.Only) == row.Sheets {
			c.Only = nil
		}
		if len(c.Only) > 0 {
			c.Sheets = len(c.Only)
		}
		if named {
			chosen = append(chosen, c)
		}
	}
	return chosen, whys
}

// openReprints gives the reprint that a letter of a job is in and that is not finished, by shipment.
func openReprints(ctx context.Context, r store.Reader, parent string) (map[string]string, error) {
	open := map[string]string{}
	children, err := r.Jobs(ctx, store.JobFilter{Parent: parent})
	if err != nil {
		return nil, err
	}
	for _, c := range children {
		if !c.Reprint || !c.State.Live() || c.State == store.JobClosed {
			continue
		}
		rows, err := r.JobLetters(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			open[row.Shipment] = c.ID
		}
	}
	return open, nil
}

// EndReprint withdraws a reprint in tx. It frees nothing but itself and is not planned anew: a person ordered it, and
// looks at why it came to nothing. The rest of a large one the caller has FinishEnding do.
func (e *Jobs) EndReprint(ctx context.Context, tx store.Tx, id string, why Ending) error {
	j, err := tx.Job(ctx, id)
	if err != nil {
		return err
	}
	if err := e.collect.Withdraw(ctx, tx, j, why.Note()); err != nil {
		return err
	}
	args := alarm.Args{"job": id, "parent": j.Parent}
	maps.Copy(args, why.Note().Args)
	return tx.RaiseAlarm(ctx, reprintAlarm(id), args)
}

// Ending is why a job, or a reprint, comes to nothing: a code, and the arguments that it needs.
type Ending struct {
	Code string
	Args shipment.Args
}

// Note is what the history of the job keeps of it. Its arguments are those of the alarm too.
func (e Ending) Note() shipment.Note {
	args := shipment.Args{"ending": e.Code}
	maps.Copy(args, e.Args)
	return shipment.Note{Code: "ending", Args: args}
}

// endingByLetters is an ending that single letters are to blame for.
func endingByLetters(code string, shipments []string) Ending {
	const shown = 10
	first, more := strings.Join(shipments[:min(shown, len(shipments))], ", "), len(shipments)-shown
	why := Ending{Code: code, Args: shipment.Args{"shipments": first}}
	if more > 0 {
		why.Args["more"] = strconv.Itoa(more)
	}
	return why
}

func reprintAlarm(id string) string { return "reprint:" + id }
