package digital

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/sourcegraph/conc/pool"

	"postgang/engine/channel"
	"postgang/engine/digital/altinn"
	"postgang/engine/shipment"
)

// NameAltinn is what accounts call Altinn 3 Correspondence.
const NameAltinn = "altinn"

// States of a letter in Altinn, beside the kinds of its events.
const stateSent = "SENDT" // there, and nobody has been told of it yet

const (
	// altinnAtOnce is how many letters are sent or asked about side by side.
	altinnAtOnce = 4
	// altinnFailures is after how many failures the rest is left for later: what is down for some is down for all, but one letter
	// that Altinn cannot answer about stops no other.
	altinnFailures = 5
	// dueSoon is how long before it is due a letter is asked about before each collection.
	dueSoon = 24 * time.Hour
	// undecidedAgain is when to look again whether another register has decided.
	undecidedAgain = time.Minute
	// notifiedAgain is how often a notified letter is asked about by itself, for an account whose events do not come.
	notifiedAgain = 12 * time.Hour
)

// sentAgain is how often a letter whose recipient has not been told yet is asked about by itself, by its age.
var sentAgain = []struct{ age, every time.Duration }{
	{15 * time.Minute, 2 * time.Minute}, {2 * time.Hour, 15 * time.Minute}, {24 * time.Hour, 2 * time.Hour}, {1 << 62, 12 * time.Hour},
}

// Outbox gives the letters that are to be sent by a channel.
type Outbox interface {
	// Letter gives what is sent of a shipment. Not ready: a register has yet to say whether it may go digitally. Without a resource
	// it cannot go this way.
	Letter(ctx context.Context, shipment string) (l altinn.Letter, ready bool, err error)
}

// AltinnChannel is Altinn 3 Correspondence as a channel: it sends each letter once, and asks what became of it.
type AltinnChannel struct {
	client *altinn.Client
	outbox Outbox
	now    func() time.Time
	// resources are what the accounts send under, to try them.
	resources []string
}

// Altinn makes a channel of a client. resources are all that letters may be sent under. now is the clock; nil: time.Now.
func Altinn(client *altinn.Client, outbox Outbox, resources []string, now func() time.Time) *AltinnChannel {
	if now == nil {
		now = time.Now
	}
	return &AltinnChannel{client, outbox, now, resources}
}

// Name is altinn.
func (*AltinnChannel) Name() string { return NameAltinn }

// Reads is true: Altinn tells who has read the letters that were sent there.
func (*AltinnChannel) Reads() bool { return true }

// Takes lets a letter through that is to be sent: accepted, and not on its way to paper. One that went to paper while it was being sent
// is looked for. One that was sent is asked about until it
// is decided, when it is due within a day or nobody has been told of it, and whenever its own time has come, as it has when an
// event said that something happened.
func (*AltinnChannel) Takes(c Case, now time.Time) bool {
	switch {
	case !c.Person() && !c.Organisation(), c.Status == shipment.StatusSendtSDP:
		return false
	case c.Kept.Reference == "":
		due := !c.DueAt.IsZero() && !c.DueAt.After(now)
		return c.Status == shipment.StatusAkseptert && (!due || c.Kept.State == channel.Sending) && c.Kept.State != string(shipment.DigitalNotNotifiable)
	case !c.Kept.NextAt.IsZero() && !c.Kept.NextAt.After(now):
		return true
	}
	return c.DueAt.IsZero() || c.DueAt.Before(now.Add(dueSoon))
}

// keptOfAltinn is what the archive keeps of Altinn's answers.
type keptOfAltinn struct {
	Ordered bool          `json:"varsel,omitempty"`       // a notification was ordered with the letter
	NoOrder bool          `json:"varselFeilet,omitempty"` // an event said that it could not be made
	Status  altinn.Status `json:"status,omitempty"`       // Altinn's word
}

// Look sends the letters that have not been sent, and asks about the others.
func (a *AltinnChannel) Look(ctx context.Context, cases []Case) ([]Finding, error) {
	var (
		mu     sync.Mutex
		found  []Finding
		failed []error
	)
	over := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(failed) >= altinnFailures || ctx.Err() != nil
	}
	p := pool.New().WithMaxGoroutines(altinnAtOnce)
	for _, c := range cases {
		if over() {
			break
		}
		p.Go(func() {
			if over() {
				return
			}
			f, err := a.one(ctx, c)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed = append(failed, err)
				return
			}
			found = append(found, f)
		})
	}
	p.Wait()
	if ctx.Err() != nil {
		return found, ctx.Err()
	}
	if len(failed) > 0 {
		return found, failed[0]
	}
	return found, nil
}

func (a *AltinnChannel) one(ctx context.Context, c Case) (Finding, error) {
	var k keptOfAltinn
	switch due := !c.DueAt.IsZero() && !c.DueAt.After(a.now()); {
	case c.Kept.Reference == "" && !due:
		return a.send(ctx, c)
	case c.Kept.Reference == "":
		l, _, err := a.outbox.Letter(ctx, c.Shipment)
		if err != nil {
			return Finding{}, err
		}
		ids, err := a.client.Find(ctx, l.Resource, c.Shipment)
		if err != nil || len(ids) == 0 {
			return Finding{Shipment: c.Shipment, State: channel.Nothing}, err // it never got there
		}
		c.Kept.Reference, k.Ordered = ids[0], l.Notify
	}
	if len(c.Kept.Answer) > 0 {
		if err := json.Unmarshal(c.Kept.Answer, &k); err != nil {
			return Finding{}, errors.New("what is kept of a letter in Altinn cannot be read")
		}
	}
	d, err := a.client.Look(ctx, c.Kept.Reference)
	if err != nil {
		return Finding{}, err
	}
	d.ID = c.Kept.Reference
	k.Status = d.Status
	f := Finding{Shipment: c.Shipment, State: stateSent, Reference: c.Kept.Reference}
	now := a.now()
	for _, s := range altinn.Read(d, k.Ordered, altinn.Hint{NoOrder: k.NoOrder}, now) {
		f.add(s)
	}
	switch f.State {
	case stateSent:
		f.Next = now.Add(againAfter(now.Sub(c.ReceivedAt)))
	case string(shipment.DigitalNotified):
		f.Next = now.Add(notifiedAgain)
	}
	f.Answer, err = json.Marshal(k)
	return f, err
}

func againAfter(age time.Duration) time.Duration {
	for _, s := range sentAgain {
		if age < s.age {
			return s.every
		}
	}
	return notifiedAgain
}

// send sends a letter. What Altinn refuses for good goes to paper, with the cause.
func (a *AltinnChannel) send(ctx context.Context, c Case) (Finding, error) {
	f := Finding{Shipment: c.Shipment, State: stateSent}
	l, ready, err := a.outbox.Letter(ctx, c.Shipment)
	now := a.now()
	switch {
	case err != nil:
		return f, err
	case !ready:
		f.State, f.Next = channel.Waits, now.Add(undecidedAgain)
		return f, nil
	case l.Resource == "":
		f.add(altinn.Said{What: altinn.Undeliverable, At: now, Cause: altinn.CauseNoService})
		return f, nil
	}
	f.Reference, err = a.client.Create(ctx, l)
	if said, refused := altinn.Refused(err, c.Shipment, now); refused {
		f.add(said)
		return f, nil
	}
	if err != nil {
		return f, err
	}
	f.Next = now.Add(againAfter(0))
	f.Answer, err = json.Marshal(keptOfAltinn{Ordered: l.Notify})
	return f, err
}

// eventsOfAltinn are what follows for a letter. There is no event of ours for what could not be delivered: it goes to paper as one
// that cannot be notified, with its cause in the history.
var eventsOfAltinn = map[altinn.What]Event{
	altinn.Notified:      {Kind: shipment.DigitalNotified, Cause: "altinn-notified"},
	altinn.ReadIt:        {Kind: shipment.DigitalRead, Cause: "altinn-read"},
	altinn.IsReserved:    {Kind: shipment.DigitalReserved},
	altinn.NotNotifiable: {Kind: shipment.DigitalNotNotifiable},
	altinn.Undeliverable: {Kind: shipment.DigitalNotNotifiable},
}

// add makes an event of what Altinn says. Read counts most, whatever else there is.
func (f *Finding) add(s altinn.Said) {
	e, ok := eventsOfAltinn[s.What]
	if !ok {
		return
	}
	e.At = s.At
	if s.Cause != "" {
		e.Cause = s.Cause
	}
	f.Events = append(f.Events, e)
	if f.State != string(shipment.DigitalRead) {
		f.State = string(e.Kind)
	}
}

// Check gets a token and asks under each resource for a letter that is not there.
func (a *AltinnChannel) Check(ctx context.Context) error {
	if err := a.client.Check(ctx); err != nil {
		return err
	}
	for _, r := range a.resources {
		if _, err := a.client.Find(ctx, r, "postgang-doctor"); err != nil {
			return err
		}
	}
	return nil
}

// Subscribe has Altinn send the events of all resources to an address.
func (a *AltinnChannel) Subscribe(ctx context.Context, endpoint string) error {
	for _, r := range a.resources {
		if err := a.client.Subscribe(ctx, endpoint, r); err != nil {
			return err
		}
	}
	return nil
}
