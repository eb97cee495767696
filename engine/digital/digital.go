// Package digital drives the digital channels and registers that decide whether a letter goes to paper: it asks them about letters
// when these are accepted and again before each collection, applies what follows from the answers as digital events, and keeps how
// each letter stands. Channels are all off unless an account has them.
//
// A channel that does not answer decides nothing: its letters stay as they are and are asked about again, an alarm is open until it
// answers, and no collection waits for it longer than patience. Letters that were sent through a channel do not go to paper before it
// has said that they are unread.
package digital

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postgang/engine/accept"
	"postgang/engine/alarm"
	"postgang/engine/channel"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
)

const (
	// atOnce is how many letters a channel is asked about in one go; each go is recorded before the next.
	atOnce = 1000
	// patience is how long one channel may keep a collection waiting, however many letters it is to be asked about.
	patience = 10 * time.Minute
	// The time after a question without an answer doubles from retryFirst up to retryLast.
	retryFirst = time.Minute
	retryLast  = 15 * time.Minute
	// lookAgain is how long the asking of a channel sleeps at most, if something new did not wake it.
	lookAgain = 5 * time.Minute
)

// Channels asks channels about letters.
type Channels struct {
	*step.Step
	accept   *accept.Acceptor
	channels []Channel
	sources  []NamedSource

	mu    sync.Mutex
	rests map[string]time.Time // until when channels that did not answer are left in peace
}

// New makes the room of those that it stands on. An account that has a channel which is not there, or two channels of a name, is an
// error.
func New(s *step.Step, acceptor *accept.Acceptor, channels []Channel, sources []NamedSource) (*Channels, error) {
	e := &Channels{Step: s, accept: acceptor, channels: channels, sources: sources, rests: map[string]time.Time{}}
	names := map[string]bool{}
	for _, c := range channels {
		if names[c.Name()] {
			return nil, fmt.Errorf("channel %s is there twice", c.Name())
		}
		names[c.Name()] = true
	}
	for _, s := range sources {
		if !strings.HasPrefix(s.Name, NameDPI+"-") || names[s.Name] {
			return nil, fmt.Errorf("source of receipts %q: its name does not begin with %s-, or is there twice", s.Name, NameDPI)
		}
		names[s.Name] = true
	}
	for _, key := range s.AccountKeys {
		for _, name := range s.Accounts[key].Channels {
			if !names[name] {
				return nil, fmt.Errorf("account %s: channel %q is not configured", key, name)
			}
		}
	}
	return e, nil
}

// used are the channels that an account has, with these accounts.
func (e *Channels) used() map[string][]string {
	out := map[string][]string{}
	for _, key := range e.AccountKeys {
		for _, name := range e.Accounts[key].Channels {
			out[name] = append(out[name], key)
		}
	}
	return out
}

// Checked is how a channel was found.
type Checked struct {
	Channel  string
	Accounts []string // that have it
	Err      error    // what to mend; nil: it lets us in
}

// CheckChannels tries every channel that an account has.
func (e *Channels) CheckChannels(ctx context.Context) []Checked {
	var out []Checked
	used := e.used()
	for _, c := range e.channels {
		if accounts := used[c.Name()]; len(accounts) > 0 {
			out = append(out, Checked{c.Name(), accounts, c.Check(ctx)})
		}
	}
	return out
}

// ChannelTasks are what is to be done about channels that have letters waiting, for whoever lost the queue.
func (e *Channels) ChannelTasks(ctx context.Context, r store.Reader) ([]store.Task, error) {
	var tasks []store.Task
	used := e.used()
	for _, c := range e.channels {
		if len(used[c.Name()]) == 0 {
			continue
		}
		next, err := r.NextCase(ctx, c.Name())
		if err != nil {
			return nil, err
		}
		if !next.IsZero() {
			tasks = append(tasks, store.Task{Kind: channel.Task, Subject: c.Name()})
		}
	}
	return tasks, nil
}

// AskWaiting asks a channel about the letters that wait for it. While some wait for later, or it does not answer, the error is a
// *step.LaterError.
func (e *Channels) AskWaiting(ctx context.Context, name string) error {
	i := slices.IndexFunc(e.channels, func(c Channel) bool { return c.Name() == name })
	if i < 0 {
		return nil // it is configured no more; the letters that wait for it go their way without
	}
	// Each letter that is accepted wakes the task.
	if wait := e.rest(name).Sub(e.Now()); wait > 0 {
		return &step.LaterError{After: wait, Reason: "the channel did not answer a moment ago"}
	}
	for {
		letters, err := store.View(ctx, e.Archive, func(r store.Reader) ([]channel.Letter, error) {
			return r.WaitingCases(ctx, name, e.Now(), atOnce)
		})
		if err != nil {
			return err
		}
		if len(letters) == 0 {
			return e.untilNext(ctx, name)
		}
		failed, err := e.ask(ctx, e.channels[i], letters)
		if err != nil {
			return err
		}
		if failed != nil {
			return &step.LaterError{After: retryFirst, Reason: failed.Error()}
		}
	}
}

// rest is until when a channel is left in peace; zero: it may be asked.
func (e *Channels) rest(name string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rests[name]
}

// untilNext puts the task off until the next letter is to be asked about.
func (e *Channels) untilNext(ctx context.Context, name string) error {
	next, err := store.View(ctx, e.Archive, func(r store.Reader) (time.Time, error) { return r.NextCase(ctx, name) })
	if err != nil || next.IsZero() {
		return err
	}
	return &step.LaterError{After: min(max(next.Sub(e.Now()), time.Second), lookAgain), Reason: "letters wait to be asked about later"}
}

// AskBeforeCollecting takes the receipts of digital mailboxes, and asks every channel about all letters that may still go either way.
// The error is the archive's alone: a channel that does not answer is alarmed, and keeps back only the letters that it may know to
// have been read; see Unheard.
func (e *Channels) AskBeforeCollecting(ctx context.Context) error {
	if err := e.TakeMailboxReceipts(ctx); err != nil {
		return fmt.Errorf("receipts of digital mailboxes: %w", err)
	}
	used := e.used()
	for _, c := range e.channels {
		accounts := used[c.Name()]
		if len(accounts) == 0 {
			continue
		}
		if err := e.askAll(ctx, c, accounts); err != nil {
			return fmt.Errorf("ask channel %s: %w", c.Name(), err)
		}
		e.Passed("channel: asked before collecting")
	}
	return e.forgetAlarms(ctx, used)
}

func (e *Channels) askAll(ctx context.Context, c Channel, accounts []string) error {
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	asked := 0
	for after := ""; ; {
		letters, err := store.View(ctx, e.Archive, func(r store.Reader) ([]channel.Letter, error) {
			return r.Undecided(ctx, c.Name(), accounts, after, atOnce)
		})
		if err != nil {
			return err
		}
		if len(letters) == 0 {
			break
		}
		after = letters[len(letters)-1].Shipment.ID
		now := e.Now()
		mine := slices.DeleteFunc(letters, func(l channel.Letter) bool { return !c.Takes(caseOf(l), now) })
		if len(mine) == 0 {
			continue
		}
		asked += len(mine)
		failed, err := e.ask(within, c, mine)
		if within.Err() != nil && ctx.Err() == nil {
			return e.alarm(ctx, c, fmt.Errorf("asking about all letters takes longer than %v", patience))
		}
		if failed != nil || err != nil {
			return err // the rest is not asked about: what is down for some is down for all
		}
	}
	if asked > 0 {
		return nil
	}
	// Nobody was asked about, so that an alarm of before would stay for ever.
	open, err := e.alarmed(ctx, c.Name())
	if err != nil || !open {
		return err
	}
	return e.alarm(ctx, c, c.Check(within))
}

// ask asks a channel about letters, applies what follows and records it. failed is what is wrong with the channel, alarmed already;
// err is the archive's, or the context's that ended in the middle.
func (e *Channels) ask(ctx context.Context, c Channel, letters []channel.Letter) (failed, err error) {
	now := e.Now()
	var cases []Case
	var record []channel.Case
	kept := map[string]channel.Case{}
	lying, err := e.lying(ctx, c, letters)
	if err != nil {
		return nil, err
	}
	for _, l := range letters {
		one := caseOf(l)
		k := l.Case
		if k.State == "" {
			k = channel.Case{Shipment: l.Shipment.ID, Channel: c.Name(), State: channel.Waits}
		}
		if !e.has(l.Shipment, c.Name()) || lying[one.Shipment] || !c.Takes(one, now) {
			if k.State == channel.Waits {
				k.State = channel.Nothing
			}
			k.NextAt, k.Tries = time.Time{}, 0
			record = append(record, k)
			continue
		}
		kept[one.Shipment] = k
		cases = append(cases, one)
	}
	if c.Reads() {
		if err := e.sending(ctx, letters, kept); err != nil {
			return nil, err
		}
	}
	var findings []Finding
	if len(cases) > 0 {
		findings, failed = c.Look(ctx, cases)
		e.Passed("channel: asked")
	}
	for _, f := range findings {
		k, ours := kept[f.Shipment]
		if !ours {
			continue
		}
		delete(kept, f.Shipment)
		if f.Reference != "" {
			k.Reference = f.Reference
		}
		if err := e.apply(ctx, c, k, f); err != nil {
			return failed, err
		}
		k.State, k.Answer, k.AskedAt, k.NextAt, k.Tries = f.State, f.Answer, now, f.Next, 0
		record = append(record, k)
	}
	cut := ctx.Err() != nil // those without an answer are as they were
	for _, k := range kept {
		if cut {
			break
		}
		k.NextAt = now.Add(retryAfter(k.Tries))
		k.Tries++
		record = append(record, k)
	}
	slices.SortFunc(record, func(a, b channel.Case) int { return strings.Compare(a.Shipment, b.Shipment) })
	whole := context.WithoutCancel(ctx) // what was answered is worth a moment more
	err = e.Archive.InTx(whole, func(tx store.Tx) error {
		record, err := merged(whole, tx, c.Name(), letters, record)
		if err != nil {
			return err
		}
		if err := tx.SetChannelCases(whole, record...); err != nil {
			return err
		}
		if slices.ContainsFunc(record, func(k channel.Case) bool { return !k.NextAt.IsZero() }) {
			return tx.Enqueue(whole, store.Task{Kind: channel.Task, Subject: c.Name()})
		}
		return nil
	})
	if err != nil {
		return failed, err
	}
	e.Passed("channel: recorded")
	if cut {
		return failed, ctx.Err()
	}
	if len(cases) == 0 {
		return nil, nil
	}
	e.Log.Info("channel asked", "channel", c.Name(), "letters", len(cases), "answered", len(findings))
	return failed, e.alarm(ctx, c, failed)
}

// sending records that letters are being handed to a channel, before they are: when its answer is lost, and something else sends a
// letter to paper meanwhile, the channel must be asked first whether it has the letter.
func (e *Channels) sending(ctx context.Context, letters []channel.Letter, kept map[string]channel.Case) error {
	var record []channel.Case
	for i, l := range letters {
		k, asked := kept[l.Shipment.ID]
		if !asked || k.Reference != "" || k.State == channel.Sending || l.Shipment.Status != shipment.StatusAkseptert {
			continue
		}
		k.State = channel.Sending
		kept[l.Shipment.ID], letters[i].Case = k, k
		record = append(record, k)
	}
	if len(record) == 0 {
		return nil
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetChannelCases(ctx, record...) })
	e.Passed("channel: sending")
	return err
}

// merged fits what is to be recorded to what others have recorded since the letters were read. Who has an answer records it, unless
// another has one too; what is no answer changes nothing that is not as it was. When an event came meanwhile, its letter is asked about
// once more.
func merged(ctx context.Context, r store.Reader, name string, letters []channel.Letter, record []channel.Case) ([]channel.Case, error) {
	ids := make([]string, len(letters))
	before := make(map[string]channel.Case, len(letters))
	for i, l := range letters {
		ids[i] = l.Shipment.ID
		before[l.Shipment.ID] = l.Case
	}
	cases, err := r.ChannelCasesOf(ctx, ids)
	if err != nil {
		return nil, err
	}
	now := map[string]channel.Case{}
	for _, k := range cases {
		if k.Channel == name {
			now[k.Shipment] = k
		}
	}
	var out []channel.Case
	for _, k := range record {
		b, n := before[k.Shipment], now[k.Shipment]
		moved := !n.NextAt.Equal(b.NextAt)
		switch answered := k.AskedAt.After(b.AskedAt); {
		case n.AskedAt.After(b.AskedAt), !answered && (moved || n.State != b.State || n.Tries != b.Tries):
			continue
		case answered && moved && !n.NextAt.IsZero():
			k.NextAt = n.NextAt
			if !bytes.Equal(n.Answer, b.Answer) {
				k.Answer = n.Answer
			}
		}
		out = append(out, k)
	}
	return out, nil
}

// lying names the letters that never go to paper and lie in another channel, which knows who reads them: a register has nothing to
// decide about them any more, and what it says must not end a letter that has been read without our knowing yet.
func (e *Channels) lying(ctx context.Context, c Channel, letters []channel.Letter) (map[string]bool, error) {
	var ids []string
	for _, l := range letters {
		if l.Shipment.Submission.DigitalOnly && !c.Reads() {
			ids = append(ids, l.Shipment.ID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	cases, err := store.View(ctx, e.Archive, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCasesOf(ctx, ids) })
	if err != nil {
		return nil, err
	}
	reads := e.reading()
	out := map[string]bool{}
	for _, k := range cases {
		if k.Reference != "" && slices.Contains(reads, k.Channel) {
			out[k.Shipment] = true
		}
	}
	return out, nil
}

// reading are the channels that know who has read their letters.
func (e *Channels) reading() (names []string) {
	for _, c := range e.channels {
		if c.Reads() {
			names = append(names, c.Name())
		}
	}
	return names
}

// has tells whether the letter's account has the channel.
func (e *Channels) has(s shipment.Shipment, name string) bool {
	return slices.Contains(e.Accounts[s.Account].Channels, name)
}

func retryAfter(tries int) time.Duration {
	d := retryFirst
	for ; tries > 0 && d < retryLast; tries-- {
		d *= 2
	}
	return min(d, retryLast)
}

// apply has a letter's events take effect. The same event again is none, whoever asks and whatever died in between: its key is made
// of the channel, the channel's reference (or the letter's id) and the kind.
func (e *Channels) apply(ctx context.Context, c Channel, k channel.Case, f Finding) error {
	reference := k.Reference
	if reference == "" {
		reference = k.Shipment
	}
	for _, ev := range f.Events {
		err := e.accept.Event(ctx, shipment.DigitalEvent{
			Shipment: f.Shipment, Kind: ev.Kind, At: ev.At, Reason: ev.Cause, Key: "kanal:" + c.Name() + ":" + reference + ":" + string(ev.Kind),
		})
		if errors.Is(err, shipment.ErrDigitalEvent) {
			e.Log.Error("what a channel says cannot be so", "channel", c.Name(), "shipment", f.Shipment, "kind", string(ev.Kind), "error", err)
			continue
		}
		if err != nil {
			return fmt.Errorf("apply %s of channel %s to shipment %s: %w", ev.Kind, c.Name(), f.Shipment, err)
		}
		e.Passed("channel: event applied")
	}
	return nil
}

// alarmChannel is the beginning of the keys of alarms about channels; the channel's name follows.
const alarmChannel = "channel:"

// alarm opens the alarm of a channel that failed, and ends that of one that did not. One that failed is left in peace for a while.
func (e *Channels) alarm(ctx context.Context, c Channel, failed error) error {
	e.mu.Lock()
	delete(e.rests, c.Name())
	if failed != nil {
		e.rests[c.Name()] = e.Now().Add(retryFirst)
	}
	e.mu.Unlock()
	key := alarmChannel + c.Name()
	if failed == nil {
		open, err := e.alarmed(ctx, c.Name())
		if err != nil || !open {
			return err
		}
		e.Log.Info("channel answers again", "channel", c.Name())
		return e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, key) })
	}
	e.Log.Error("channel does not answer", "channel", c.Name(), "error", failed)
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		return tx.RaiseAlarm(ctx, key, alarm.Args{"channel": c.Name(), "why": failed.Error()})
	})
}

func (e *Channels) alarmed(ctx context.Context, name string) (bool, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (bool, error) {
		open, err := r.Alarms(ctx, true)
		return slices.ContainsFunc(open, func(a alarm.Alarm) bool { return a.Key == alarmChannel+name }), err
	})
}

// forgetAlarms ends alarms of channels that no account has any more.
func (e *Channels) forgetAlarms(ctx context.Context, used map[string][]string) error {
	open, err := store.View(ctx, e.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(ctx, true) })
	if err != nil {
		return err
	}
	for _, a := range open {
		if name, ours := strings.CutPrefix(a.Key, alarmChannel); ours && len(used[name]) == 0 && !e.isSource(name) {
			if err := e.Archive.InTx(ctx, func(tx store.Tx) error { return tx.ResolveAlarm(ctx, a.Key) }); err != nil {
				return err
			}
		}
	}
	return nil
}
