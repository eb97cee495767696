// Package notify tells people of alarms, outside of this machine: by log, file, e-mail and webhook. The archive keeps
// what each sink was told, so that nothing is forgotten when the process dies or the sink is down; what was sent and not
// yet recorded is told twice. Nothing of it ever holds up a letter.
package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"postgang/engine/alarm"
	"postgang/engine/store"
	"postgang/engine/words"
)

// Message is one thing that a sink is told.
type Message struct {
	Key    string    `json:"key"`  // of the alarm
	Text   string    `json:"text"` // what is wrong and what to do, in English; no personal data
	Over   bool      `json:"over"` // the alarm has ended
	Raised time.Time `json:"raised"`
	Ended  time.Time `json:"ended,omitzero"`
	Count  int       `json:"count"` // occurrences
	// Severity is critical, major or minor; empty in a test.
	Severity string `json:"severity,omitempty"`
	// Alarms is how many alarms of one kind this is; its key then ends in ":*". 0: one.
	Alarms int  `json:"alarms,omitempty"`
	Test   bool `json:"test,omitempty"`
}

// Subject is the message in a few words.
func (m Message) Subject() string {
	switch {
	case m.Test:
		return "test of the alarms"
	case m.Over && m.Alarms > 0:
		return fmt.Sprintf("over: %d %s", m.Alarms, m.Key)
	case m.Over:
		return "over: " + m.Key
	case m.Alarms > 0:
		return fmt.Sprintf("alarm: %d %s", m.Alarms, m.Key)
	}
	return "alarm: " + m.Key
}

// Sender carries messages to people. An error says that none of them may have arrived: all are sent again.
type Sender interface {
	Send(ctx context.Context, messages []Message) error
}

// Sink is a sender with its settings.
type Sink struct {
	Name   string // in the archive and in texts; never rename one in use
	Sender Sender
	// Quiet is how long an alarm that ended and is raised again is not told once more. One that lasts is told when it is
	// over.
	Quiet time.Duration
}

const (
	// mostAtOnce is how many messages one sending carries; the rest goes with the next.
	mostAtOnce = 50
	// mostOfAKind is how many alarms of one kind are told each by itself in one sending; more are told as one.
	mostOfAKind = 5
	// namedOfAKind is how many of them are named then.
	namedOfAKind = 10
	// sendTime bounds one sending.
	sendTime = 30 * time.Second
	// firstRetry and lastRetry bound the waiting for a sink that is down; it doubles each time.
	firstRetry, lastRetry = time.Minute, time.Hour
)

// State is how a sink is doing.
type State struct {
	Failures int       `json:"failures"` // sendings that failed in a row
	Next     time.Time `json:"next,omitzero"`
	Error    string    `json:"error,omitempty"`
	Sent     time.Time `json:"sent,omitzero"` // when it last worked
}

// Notifier tells sinks of the archive's alarms.
type Notifier struct {
	archive store.Archive
	sinks   []Sink
	now     func() time.Time
	log     *slog.Logger
}

// New makes a notifier. now nil: time.Now.
func New(archive store.Archive, sinks []Sink, now func() time.Time, log *slog.Logger) *Notifier {
	if now == nil {
		now = time.Now
	}
	return &Notifier{archive: archive, sinks: sinks, now: now, log: log}
}

// Sinks are the notifier's.
func (n *Notifier) Sinks() []Sink { return n.sinks }

// pending is what a sink is to be told now: what is raised before what is over, the gravest first, then the oldest.
func pending(s Sink, all []alarm.Delivery, now time.Time) []alarm.Delivery {
	var out []alarm.Delivery
	for _, d := range all {
		switch {
		case d.ToldRaised.IsZero() && d.Resolved.IsZero():
			if d.Acknowledged() {
				continue // whoever must know knows
			}
			// The clock may have jumped back: what lies ahead keeps nobody quiet.
			if quiet := d.ToldBefore.Add(s.Quiet); !d.ToldBefore.IsZero() && quiet.After(now) && !d.ToldBefore.After(now) {
				continue
			}
		case !d.ToldRaised.IsZero() && !d.Resolved.IsZero() && d.ToldOver.IsZero():
		default:
			continue
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b alarm.Delivery) int {
		return cmp.Or(order(a.Resolved.IsZero(), b.Resolved.IsZero()), cmp.Compare(alarm.SeverityOf(a.Key), alarm.SeverityOf(b.Key)))
	})
	return out
}

// order puts true before false.
func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// telling is a message with the alarms that it tells of.
type telling struct {
	message Message
	of      []alarm.Delivery
}

// tellings makes messages of alarms in their order, many of a kind as one, and at most mostAtOnce.
func tellings(pending []alarm.Delivery) []telling {
	type group struct {
		kind string
		over bool
	}
	groups := map[group][]alarm.Delivery{}
	of := func(d alarm.Delivery) group { return group{alarm.KindOf(d.Key), !d.Resolved.IsZero()} }
	for _, d := range pending {
		groups[of(d)] = append(groups[of(d)], d)
	}
	var out []telling
	for _, d := range pending {
		all := groups[of(d)]
		switch {
		case len(all) <= mostOfAKind:
			out = append(out, telling{message(d), []alarm.Delivery{d}})
		case all[0].Seq == d.Seq:
			out = append(out, telling{manyAsOne(of(d).kind, all), all})
		}
		if len(out) == mostAtOnce {
			break
		}
	}
	return out
}

func message(d alarm.Delivery) Message {
	return Message{Key: d.Key, Text: words.Alarm(d.Key, d.Args, words.English), Over: !d.Resolved.IsZero(), Raised: d.Raised, Ended: d.Resolved, Count: d.Count, Severity: alarm.SeverityOf(d.Key).String()}
}

// manyAsOne tells of many alarms of a kind, all raised or all over.
func manyAsOne(kind string, all []alarm.Delivery) Message {
	m := Message{Key: kind + ":*", Alarms: len(all), Over: !all[0].Resolved.IsZero(), Raised: all[0].Raised, Severity: alarm.SeverityOf(kind).String()}
	var names []string
	for _, d := range all {
		m.Count += d.Count
		if d.Resolved.After(m.Ended) {
			m.Ended = d.Resolved
		}
		if len(names) < namedOfAKind {
			names = append(names, d.Key)
		}
	}
	rest := ""
	if len(all) > len(names) {
		rest = fmt.Sprintf(" and %d more", len(all)-len(names))
	}
	m.Text = fmt.Sprintf("%d %s: %s%s. See postgang alarms list", len(all), words.AlarmsOf(kind, words.English), strings.Join(names, ", "), rest)
	return m
}

// Notify tells every sink what it has not been told yet. A sink that fails keeps no other waiting, and is tried again
// later; the error tells of all that failed now. When another process is at it, nothing is done.
func (n *Notifier) Notify(ctx context.Context) error {
	ctx, release, err := n.archive.Lock(ctx, "alarms")
	if errors.Is(err, store.ErrLocked) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("tell of alarms: %w", err)
	}
	defer release()
	var errs []error
	for _, s := range n.sinks {
		if err := n.tell(ctx, s); err != nil {
			errs = append(errs, fmt.Errorf("alarms to %s: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

func (n *Notifier) tell(ctx context.Context, s Sink) error {
	now := n.now()
	var state State
	var all []alarm.Delivery
	err := n.archive.View(ctx, func(r store.Reader) error {
		var err error
		if state, err = sinkState(ctx, r, s.Name); err != nil {
			return err
		}
		all, err = r.AlarmDeliveries(ctx, s.Name)
		return err
	})
	if err != nil {
		return err
	}
	told := tellings(pending(s, all, now))
	// A wait that is longer than any is one of a clock that was ahead.
	if wait := state.Next.Sub(now); len(told) == 0 || wait > 0 && wait <= lastRetry {
		return nil
	}
	messages := make([]Message, len(told))
	for i, t := range told {
		messages[i] = t.message
	}
	sending, cancel := context.WithTimeout(ctx, sendTime)
	failed := s.Sender.Send(sending, messages)
	cancel()
	if failed != nil && ctx.Err() != nil {
		return failed // we were stopped; it is no fault of the sink's
	}
	if failed != nil {
		state.Failures++
		state.Error = failed.Error()
		state.Next = now.Add(min(firstRetry<<min(state.Failures-1, 10), lastRetry))
	} else {
		state = State{Sent: now}
	}
	b, err := json.Marshal(state)
	if err != nil {
		return err
	}
	err = n.archive.InTx(ctx, func(tx store.Tx) error {
		if failed == nil {
			for _, t := range told {
				for _, d := range t.of {
					if err := tx.AlarmTold(ctx, d.Seq, s.Name, !d.Resolved.IsZero()); err != nil {
						return err
					}
				}
			}
		}
		return tx.SetSetting(ctx, stateKey(s.Name), string(b))
	})
	return errors.Join(failed, err)
}

func stateKey(sink string) string { return "alarm-sink:" + sink }

func sinkState(ctx context.Context, r store.Reader, sink string) (State, error) {
	var st State
	text, err := r.Setting(ctx, stateKey(sink))
	if errors.Is(err, store.ErrNotFound) {
		return st, nil
	}
	if err != nil {
		return st, err
	}
	if err := json.Unmarshal([]byte(text), &st); err != nil {
		return st, fmt.Errorf("state of alarm sink %s: %w", sink, err)
	}
	return st, nil
}

// Standing is how a sink is doing, for people.
type Standing struct {
	Sink    string
	State   State
	Pending int // alarms, and ends of alarms, that wait to be told
}

// Standings tells how all sinks are doing.
func (n *Notifier) Standings(ctx context.Context, r store.Reader) ([]Standing, error) {
	out := make([]Standing, 0, len(n.sinks))
	for _, s := range n.sinks {
		st, err := sinkState(ctx, r, s.Name)
		if err != nil {
			return nil, err
		}
		all, err := r.AlarmDeliveries(ctx, s.Name)
		if err != nil {
			return nil, err
		}
		out = append(out, Standing{s.Name, st, len(pending(s, all, n.now()))})
	}
	return out, nil
}

// Test sends a test message through a sink now, and records nothing.
func (n *Notifier) Test(ctx context.Context, s Sink) error {
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	now := n.now()
	return s.Sender.Send(ctx, []Message{{Key: "test", Text: "This is a test of Postgang's alarms. Nothing is wrong.", Raised: now, Count: 1, Test: true}})
}

// Log writes messages to a log.
type Log struct{ Logger *slog.Logger }

// Send logs each message on a line.
func (l Log) Send(ctx context.Context, messages []Message) error {
	for _, m := range messages {
		level, text := slog.LevelError, "alarm"
		switch {
		case m.Test:
			level, text = slog.LevelInfo, "test of the alarms"
		case m.Over:
			level, text = slog.LevelInfo, "alarm is over"
		}
		l.Logger.Log(ctx, level, text, "alarm", m.Key, "severity", m.Severity, "problem", m.Text, "raised", m.Raised, "count", cmp.Or(m.Count, 1))
	}
	return nil
}
