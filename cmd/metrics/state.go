package metrics

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"postgang/engine/alarm"
	"postgang/engine/node"
	"postgang/engine/queue"
	"postgang/engine/store"
)

// State is what the archive says, at some time.
type State struct {
	Letters []store.StatusCount
	Overdue []store.OverdueCount // due and in no job
	Jobs    []store.PrintJob     // that are on their way
	Alarms  []alarm.Alarm        // open
	Slots   []store.Slot         // the newest of each schedule
	Done    []store.Slot         // the newest of each schedule that was done
	Nodes   []node.Node
	Tasks   []queue.Count
	Free    int64 // bytes, where documents are kept; negative: nobody looks
}

// slotsBack is how far back the last run that was done is looked for.
const slotsBack = 30

// ReadState reads what the archive says, but for Tasks and Free.
func ReadState(ctx context.Context, r store.Reader, now time.Time, schedules []string) (s State, err error) {
	s.Free = -1
	var errs [5]error
	s.Letters, errs[0] = r.CountShipments(ctx)
	s.Overdue, errs[1] = r.Overdue(ctx, now)
	s.Jobs, errs[2] = r.Jobs(ctx, store.JobFilter{States: []store.JobState{
		store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffering, store.JobOffered, store.JobUncertain, store.JobRejected,
	}})
	s.Alarms, errs[3] = r.Alarms(ctx, true)
	s.Nodes, errs[4] = r.Nodes(ctx)
	if err := errors.Join(errs[:]...); err != nil {
		return s, err
	}
	for _, name := range schedules {
		slots, err := r.Slots(ctx, name, slotsBack)
		if err != nil {
			return s, err
		}
		for i, slot := range slots {
			if i == 0 {
				s.Slots = append(s.Slots, slot)
			}
			if slot.State == store.SlotDone {
				s.Done = append(s.Done, slot)
				break
			}
		}
	}
	return s, nil
}

// state is a State as Prometheus collects it.
type state struct {
	ctx   context.Context // of the scrape: a collector is given none
	look  func(ctx context.Context) (State, error)
	fault func(error)
}

func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("postgang_"+name, help, labels, nil)
}

var (
	descReadable = gauge("archive_up", "1 when the archive could be read for these metrics, else 0.")
	descLetters  = gauge("letters", "Letters in the archive, by account and status.", "account", "status")
	descHeld     = gauge("letters_set_aside", "Letters that are set aside, by account and reason.", "account", "reason")
	descDue      = gauge("letters_due", "Letters that are due and in no print job, by account.", "account")
	descOldest   = gauge("oldest_due_timestamp_seconds", "Since when the letter is due that has been for the longest time and is in no job.", "account")
	descJobs     = gauge("jobs", "Print jobs on their way, by vendor and state.", "vendor", "state")
	descAlarms   = gauge("alarms", "Open alarms, by kind, how grave they are, and whether somebody knows of them.", "kind", "severity", "acknowledged")
	descRun      = gauge("schedule_last_timestamp_seconds", "When the newest planned run of a schedule was planned for, with its state.", "schedule", "state")
	descDone     = gauge("schedule_last_done_timestamp_seconds", "When the newest run of a schedule that was done had ended.", "schedule")
	descNode     = gauge("node_up", "1 for a machine that serves and is heard of; 0 for one that is silent and has not ended in order.", "node")
	descTasks    = gauge("tasks", "Background tasks, by kind and state.", "kind", "state")
	descFree     = gauge("documents_free_bytes", "Room that is free where the documents are kept.")
)

// Describe names the metrics.
func (s state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descReadable, descLetters, descHeld, descDue, descOldest, descJobs, descAlarms, descRun, descDone, descNode, descTasks, descFree} {
		out <- d
	}
}

// Collect reads them.
func (s state) Collect(out chan<- prometheus.Metric) {
	now, err := s.look(s.ctx)
	put := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err != nil {
		s.fault(err)
		put(descReadable, 0)
		return
	}
	put(descReadable, 1)
	counts := map[*prometheus.Desc]map[[3]string]float64{}
	add := func(d *prometheus.Desc, n int, labels ...string) {
		if counts[d] == nil {
			counts[d] = map[[3]string]float64{}
		}
		var key [3]string
		copy(key[:], labels)
		counts[d][key] += float64(n)
	}
	for _, c := range now.Letters {
		add(descLetters, c.Count, c.Account, string(c.Status))
		if c.Hold != "" {
			add(descHeld, c.Count, c.Account, c.Hold)
		}
	}
	for _, j := range now.Jobs {
		add(descJobs, 1, j.Vendor, string(j.State))
	}
	for _, a := range now.Alarms {
		add(descAlarms, 1, alarm.KindOf(a.Key), alarm.SeverityOf(a.Key).String(), strconv.FormatBool(a.Acknowledged()))
	}
	for _, t := range now.Tasks {
		add(descTasks, t.Tasks, string(t.Kind), t.State)
	}
	labels := map[*prometheus.Desc]int{descLetters: 2, descHeld: 2, descJobs: 2, descAlarms: 3, descTasks: 2}
	for d, by := range counts {
		for key, n := range by {
			put(d, n, key[:labels[d]]...)
		}
	}
	for _, o := range now.Overdue {
		put(descDue, float64(o.Count), o.Account)
		put(descOldest, seconds(o.Oldest), o.Account)
	}
	for _, slot := range now.Slots {
		put(descRun, seconds(slot.At), slot.Schedule, string(slot.State))
	}
	for _, slot := range now.Done {
		put(descDone, seconds(slot.Finished), slot.Schedule)
	}
	for _, n := range now.Nodes {
		switch {
		case n.Alive():
			put(descNode, 1, n.Name)
		case n.Stopped.IsZero():
			put(descNode, 0, n.Name)
		}
	}
	if now.Free >= 0 {
		put(descFree, float64(now.Free))
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
