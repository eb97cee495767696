package digital

import (
	"context"
	"encoding/json"
	"time"

	"postgang/engine/digital/krr"
	"postgang/engine/shipment"
)

// NameKRR is what accounts call the register of contact data and reservations.
const NameKRR = "krr"

// stateDigital is a letter that KRR says stays digital; one that goes to paper has the kind of its event for a state.
const stateDigital = "DIGITAL"

// krrChannel is KRR as a channel. It is asked about people alone: organisations are not in it.
type krrChannel struct {
	client *krr.Client
	now    func() time.Time
}

// KRR makes a channel of the register. now is the clock; nil: time.Now.
func KRR(client *krr.Client, now func() time.Time) Channel {
	if now == nil {
		now = time.Now
	}
	return krrChannel{client, now}
}

// Name is krr.
func (krrChannel) Name() string { return NameKRR }

// Reads: the register knows people, and no letters.
func (krrChannel) Reads() bool { return false }

// Takes lets people's letters through that nothing has decided about yet. One that is with a digital mailbox is the mailbox's to
// report about.
func (krrChannel) Takes(c Case, now time.Time) bool {
	return c.Person() && c.Status != shipment.StatusSendtSDP && (c.DueAt.IsZero() || c.DueAt.After(now))
}

// kept is what the archive keeps of an answer: two of its words.
type kept struct {
	Reservation string `json:"reservasjon,omitempty"`
	Status      string `json:"status"`
}

// Look asks about the letters' recipients, each once however many letters they get.
func (k krrChannel) Look(ctx context.Context, cases []Case) ([]Finding, error) {
	numbers := make([]shipment.Private, len(cases))
	for i, c := range cases {
		numbers[i] = c.Recipient
	}
	people, failed := k.client.People(ctx, numbers)
	at := k.now().UTC()
	var out []Finding
	for _, c := range cases {
		p, answered := people[c.Recipient]
		if !answered {
			continue
		}
		answer, err := json.Marshal(kept{p.Reservation, p.Status})
		if err != nil {
			return out, err
		}
		f := Finding{Shipment: c.Shipment, State: stateDigital, Answer: answer}
		if v := p.Decide(); v.Event != "" {
			f.State = string(v.Event)
			f.Events = []Event{{Kind: v.Event, At: at, Cause: v.Cause}}
		}
		out = append(out, f)
	}
	return out, failed
}

// Check asks the register without naming anybody.
func (k krrChannel) Check(ctx context.Context) error { return k.client.Check(ctx) }
