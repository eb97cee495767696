package nights

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/billing/civil"
	"postgang/engine/collect"
	"postgang/engine/jobs"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// NightOptions adjust one run of the night.
type NightOptions struct {
	// Patience is how long to wait for the night's jobs to be handed over before the run ends and says what is left. The
	// rest goes on in the background, or with the next run. 0: DefaultPatience.
	Patience time.Duration
	// Progress is told how many of the night's letters have been handed over.
	Progress func(done, total int)
}

// DefaultPatience is how long a night waits for its jobs.
const DefaultPatience = 30 * time.Minute

// hopelessAfter is how many failures of a step in a row end the waiting for its job: the vendor cannot be reached just
// now. The job is tried on in the background, or by the next run.
const hopelessAfter = 4

// maxRounds bounds how often one run collects again after its jobs have settled.
const maxRounds = 3

// nightPoll is how often a waiting night looks at its jobs.
const nightPoll = 100 * time.Millisecond

// Night tells what one run did.
type Night struct {
	collect.Collected
	Offered   []string // jobs handed over in this run, also those that an earlier run had begun
	Letters   int      // letters handed over
	Withdrawn int      // letters that dropped out at the last gate
	Uncertain []string // jobs that a person must resolve
	Waiting   []string // jobs that wait for the vendor's window, or for its limit of letters an hour or a day
	Manual    []string // jobs that wait to be printed here
	Stopped   []string // vendors that nothing is offered to, since the archive is older than what was handed over
	Unsettled []string // jobs that could not be finished yet
	LastError string   // of a job that could not be finished
	Took      time.Duration
}

// Summary is the run in one line, for logs and errors.
func (n Night) Summary() string {
	s := fmt.Sprintf("%d letters collected into %d jobs; %d jobs with %d letters handed over; %d letters dropped out at the last gate; %d set aside",
		n.Collected.Letters, len(n.Jobs), len(n.Offered), n.Letters, n.Withdrawn, n.SetAside)
	if len(n.Uncertain) > 0 {
		s += fmt.Sprintf("; UNCERTAIN: %s", strings.Join(n.Uncertain, " "))
	}
	if len(n.Waiting) > 0 {
		s += fmt.Sprintf("; waiting for the vendor's window or limit: %s", strings.Join(n.Waiting, " "))
	}
	for _, channel := range slices.Sorted(maps.Keys(n.Unheard)) {
		s += fmt.Sprintf("; %d letters wait for %s to say whether they were read", n.Unheard[channel], channel)
	}
	if len(n.Manual) > 0 {
		s += fmt.Sprintf("; to be printed here: %s", strings.Join(n.Manual, " "))
	}
	if len(n.Stopped) > 0 {
		s += fmt.Sprintf("; nothing is offered to %s until postgang recover", strings.Join(n.Stopped, " "))
	}
	if len(n.Unsettled) > 0 {
		s += fmt.Sprintf("; not finished: %s", strings.Join(n.Unsettled, " "))
		if n.LastError != "" {
			s += fmt.Sprintf(" (last error: %s)", n.LastError)
		}
	}
	return s
}

// ErrUnsettled says that a night ended with jobs that are not handed over.
var ErrUnsettled = errors.New("jobs are not handed over")

// RunNight is one night: finish what an interrupted run left, collect what is due, and see it composed and offered. The
// work itself is done by the queue's workers, which must be running. Run twice it finds nothing more to do.
func (e *Nights) RunNight(ctx context.Context, o NightOptions) (Night, error) {
	start := e.Now()
	var out Night
	ctx, release, err := e.Archive.Lock(ctx, "night")
	if errors.Is(err, store.ErrLocked) {
		return out, fmt.Errorf("another process is running the night: %w", err)
	}
	if err != nil {
		return out, err
	}
	defer release()
	out, err = e.runNight(ctx, o, start)
	if err == nil && e.done != nil {
		e.done(ctx)
	}
	return out, step.Lost(ctx, err)
}

func (e *Nights) runNight(ctx context.Context, o NightOptions, start time.Time) (Night, error) {
	var out Night
	before, err := e.jobsNow(ctx)
	if err != nil {
		return out, err
	}
	e.restored.ForgetAll() // a run looks anew
	if _, err := e.Reconcile(ctx); err != nil {
		return out, err
	}
	// Who was reserved or left the register since a letter was accepted, and who has read it: what goes to paper is decided now.
	if err := e.digital.AskBeforeCollecting(ctx); err != nil {
		return out, err
	}
	if out.Collected, err = e.collect.Collect(ctx); err != nil {
		return out, err
	}
	e.Passed("night: collected")
	if err := e.Hasten(ctx); err != nil {
		return out, err
	}
	// The real clock: a demonstration's own clock may stand still. The patience is for the whole run, however often it
	// collects.
	deadline := time.Now().Add(cmp.Or(o.Patience, DefaultPatience))
	waitErr := e.settle(ctx, o, deadline)
	// Jobs that were planned under an older profile are withdrawn when they are composed, and their letters due again.
	for round := 0; round < maxRounds && waitErr == nil; round++ {
		again, err := e.collect.Collect(ctx)
		if err != nil {
			return out, err
		}
		if len(again.Jobs) == 0 {
			break
		}
		out.Add(again)
		waitErr = e.settle(ctx, o, deadline)
	}
	after, err := e.jobsSince(ctx, before)
	if err != nil {
		return out, errors.Join(waitErr, err)
	}
	stopped, err := e.restored.Stopped(ctx)
	if err != nil {
		return out, errors.Join(waitErr, err)
	}
	out.Stopped = slices.Sorted(maps.Keys(stopped))
	var withdrawn []string
	for _, j := range after {
		old, known := before.open[j.ID]
		handed := func(s store.JobState) bool {
			return s == store.JobOffered || s == store.JobAccepted || s == store.JobRejected || s == store.JobClosed
		}
		switch {
		case handed(j.State) && !(known && handed(old.State)):
			out.Offered = append(out.Offered, j.ID)
			out.Letters += j.Letters
		case j.State == store.JobWithdrawn && !j.Reprint && !(known && (old.State == store.JobWithdrawn || old.State == store.JobPlanning)):
			withdrawn = append(withdrawn, j.ID)
		case j.State == store.JobUncertain:
			out.Uncertain = append(out.Uncertain, j.ID)
		case j.State.Uncomposed() || j.State == store.JobComposed || j.State == store.JobUploaded || j.State == store.JobCommitted || j.State == store.JobOffering:
			if j.LastError != "" {
				out.LastError = j.LastError
			}
			wait, err := e.jobs.UntilOffer(ctx, j)
			if err != nil {
				return out, errors.Join(waitErr, err)
			}
			if stopped[j.Vendor] && j.State != store.JobOffering {
				continue
			}
			if e.jobs.WaitsForPerson(j) {
				out.Manual = append(out.Manual, j.ID)
			} else if wait > 0 {
				out.Waiting = append(out.Waiting, j.ID)
			} else {
				out.Unsettled = append(out.Unsettled, j.ID)
			}
		}
	}
	// Letters of withdrawn jobs that went into none of the night's own: set aside while composing, or read, stopped or closed before the
	// last gate.
	err = e.Archive.View(ctx, func(r store.Reader) error {
		for some := range slices.Chunk(withdrawn, jobsAtOnce) {
			aside, others, err := r.CountDropped(ctx, some)
			if err != nil {
				return err
			}
			out.SetAside, out.Withdrawn = out.SetAside+aside, out.Withdrawn+others
		}
		return nil
	})
	if err != nil {
		return out, errors.Join(waitErr, err)
	}
	for _, list := range [][]string{out.Offered, out.Uncertain, out.Waiting, out.Manual, out.Unsettled} {
		slices.Sort(list)
	}
	out.Took = e.Now().Sub(start)
	e.Log.Info("night done", "summary", out.Summary(), "took", out.Took)
	if err := errors.Join(waitErr, e.Watch(ctx)); err != nil {
		return out, err
	}
	if len(out.Unsettled) > 0 || len(out.Uncertain) > 0 || len(out.Stopped) > 0 {
		return out, fmt.Errorf("%w: %s", ErrUnsettled, out.Summary())
	}
	return out, nil
}

// jobsAtOnce is how many jobs stand in one statement.
const jobsAtOnce = 500

// jobsBefore are the jobs that a night may carry on: those that are not handed over when it begins, and the last id of all.
type jobsBefore struct {
	open map[string]store.PrintJob
	last string
}

func (e *Nights) jobsNow(ctx context.Context) (jobsBefore, error) {
	b := jobsBefore{open: map[string]store.PrintJob{}}
	err := e.Archive.View(ctx, func(r store.Reader) error {
		open, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{
			store.JobPlanning, store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobUncertain}})
		if err != nil {
			return err
		}
		for _, j := range open {
			b.open[j.ID] = j
		}
		newest, err := r.Jobs(ctx, store.JobFilter{Newest: true, Limit: 1})
		for _, j := range newest {
			b.last = j.ID
		}
		return err
	})
	return b, err
}

// jobsSince are these jobs as they are now, and those that came after them.
func (e *Nights) jobsSince(ctx context.Context, b jobsBefore) ([]store.PrintJob, error) {
	var out []store.PrintJob
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		for _, id := range slices.Sorted(maps.Keys(b.open)) {
			j, err := r.Job(ctx, id)
			if err != nil {
				return err
			}
			out = append(out, j)
		}
		fresh, err := r.Jobs(ctx, store.JobFilter{After: b.last})
		out = append(out, fresh...)
		return err
	})
	return out, err
}

// settle waits until no job is on its way any more, but for those that wait for their vendor's window.
func (e *Nights) settle(ctx context.Context, o NightOptions, deadline time.Time) error {
	total := -1
	failures := map[string]int{} // when this wait began: what failed in an earlier run may work now
	for {
		jobs, err := e.Unsettled(ctx)
		if err != nil {
			return err
		}
		stopped, err := e.restored.Stopped(ctx)
		if err != nil {
			return err
		}
		left, letters, hopeless := 0, 0, 0
		for _, j := range jobs {
			if stopped[j.Vendor] && j.State != store.JobPlanned && j.State != store.JobOffering {
				continue // until Recover
			}
			if wait, err := e.jobs.UntilOffer(ctx, j); err != nil {
				return err
			} else if wait > 0 || e.jobs.WaitsForPerson(j) {
				continue
			}
			left++
			letters += j.Letters
			if before, seen := failures[j.ID]; !seen {
				failures[j.ID] = j.Failures
			} else if j.Failures-before >= hopelessAfter {
				hopeless++
			}
		}
		if total < letters {
			total = letters
		}
		if o.Progress != nil {
			o.Progress(total-letters, total)
		}
		if left == hopeless || time.Now().After(deadline) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(nightPoll):
		}
	}
}

// Exchanged tells what fetching from all vendors did.
type Exchanged struct {
	Answers  jobs.Answered
	Receipts []receipts.Imported
}

// Summary is the fetch in one line.
func (x Exchanged) Summary() string {
	applied, stopped := x.counts()
	return fmt.Sprintf("%d jobs accepted, %d rejected; %d receipt files, %d receipts applied, %d files stopped",
		x.Answers.Accepted, x.Answers.Rejected, len(x.Receipts), applied, stopped)
}

// Fetch reads answers and receipts of the named vendors, or of all. One vendor that cannot be reached does not keep
// the others waiting.
func (e *Nights) Fetch(ctx context.Context, vendors ...string) (Exchanged, error) {
	if len(vendors) == 0 {
		vendors = slices.DeleteFunc(slices.Clone(e.VendorKeys), func(key string) bool { return e.Vendors[key].Manual })
	}
	type fetched struct {
		answers  jobs.Answered
		receipts []receipts.Imported
	}
	each := make([]fetched, len(vendors)) // a pool does not keep the order
	p := pool.New().WithErrors().WithMaxGoroutines(step.VendorsAtOnce)
	for i, key := range vendors {
		p.Go(func() error {
			var bad, err error
			if each[i].answers, bad = e.jobs.FetchAnswers(ctx, key); errors.Is(bad, exchange.ErrConnection) {
				return bad
			}
			// An answer that cannot be dealt with is no reason to leave receipts.
			each[i].receipts, err = e.receipts.FetchReceipts(ctx, key)
			return errors.Join(bad, err)
		})
	}
	err := p.Wait()
	var out Exchanged
	for _, f := range each {
		out.Answers.Accepted += f.answers.Accepted
		out.Answers.Rejected += f.answers.Rejected
		out.Answers.Bad += f.answers.Bad
		out.Receipts = append(out.Receipts, f.receipts...)
	}
	return out, err
}

// ScheduleReport writes the report of a finished month, [from, to); cmd gives it, since a report becomes a file.
type ScheduleReport func(ctx context.Context, from, to civil.Date) (Reported, error)

// Scheduled runs whatever schedule is due now: the night, the fetch, the report.
func (e *Nights) Scheduled(ctx context.Context, schedules []Schedule, since time.Time, report ScheduleReport) error {
	var errs []error
	for _, s := range schedules {
		var run func(ctx context.Context, slot time.Time) (shipment.Note, error)
		switch s.Name {
		case ScheduleNight:
			run = func(ctx context.Context, _ time.Time) (shipment.Note, error) {
				n, err := e.RunNight(ctx, NightOptions{})
				if errors.Is(err, ErrUnsettled) && len(n.Unsettled) == 0 {
					err = nil // what is UNCERTAIN has an alarm of its own, and the night did its work
				}
				return n.Note(), err
			}
		case ScheduleReceipts:
			run = func(ctx context.Context, _ time.Time) (shipment.Note, error) {
				x, err := e.Fetch(ctx)
				return x.Note(), err
			}
		case ScheduleMonthly:
			run = func(ctx context.Context, slot time.Time) (shipment.Note, error) {
				return e.runReports(ctx, s.Months(slot), report)
			}
		case ScheduleRetention:
			run = func(ctx context.Context, _ time.Time) (shipment.Note, error) {
				return e.Retention(ctx)
			}
		case ScheduleMorning:
			run = e.runMorning
		case ScheduleBackup:
			run = func(ctx context.Context, _ time.Time) (shipment.Note, error) {
				if e.Backup == nil {
					return shipment.Note{}, errors.New("nobody makes backups: set [backup] to")
				}
				return e.Backup(ctx)
			}
		default:
			return fmt.Errorf("unknown schedule %q", s.Name)
		}
		if _, err := e.RunDue(ctx, s, since, run); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

// The schedules. Their names stand in the slot ledger.
const (
	ScheduleNight    = "night"
	ScheduleReceipts = "receipts"
	ScheduleMonthly  = "report"
	ScheduleMorning  = "morning"
	// ScheduleRetention may take long, and goes beside the others.
	ScheduleRetention = "retention"
	// ScheduleBackup may take long, too.
	ScheduleBackup = "backup"
)
