// Package digitaltest is the conformance suite of digital.Channel: what its comments promise, tried on a channel before a stand-in of
// its server.
package digitaltest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine/digital"
	"postgang/engine/identity"
)

// Stage is a channel before its server.
type Stage struct {
	Channel digital.Channel
	// Cases are letters that the channel takes at Now and that its server answers about; Others are letters that it does not take.
	Cases, Others []digital.Case
	Now           time.Time
	// Down makes the server unreachable, or puts it back.
	Down func(down bool)
	// Asked is how often the server was called.
	Asked func() int
	// Secrets are texts that the server says or is sent and that must go nowhere, beside the recipients' numbers.
	Secrets []string
}

// Exercise tries everything that digital.Channel promises. open gives a fresh stage each time.
func Exercise(t *testing.T, open func(t *testing.T) Stage) {
	for _, c := range []struct {
		name string
		run  func(*testing.T, Stage)
	}{
		{"name", name}, {"takes", takes}, {"looks", looks}, {"looks again", again}, {"is down", down}, {"is cut short", cut}, {"checks", checks},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t, open(t))
		})
	}
}

func name(t *testing.T, s Stage) {
	n := s.Channel.Name()
	if n == "" || strings.Trim(n, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || n != s.Channel.Name() {
		t.Errorf("name %q", n)
	}
}

func takes(t *testing.T, s Stage) {
	if len(s.Cases) == 0 || len(s.Others) == 0 {
		t.Fatal("nothing to try it with")
	}
	before := s.Asked()
	for _, c := range s.Cases {
		if !s.Channel.Takes(c, s.Now) {
			t.Errorf("does not take %s", c.Shipment)
		}
	}
	for _, c := range s.Others {
		if s.Channel.Takes(c, s.Now) {
			t.Errorf("takes %s", c.Shipment)
		}
	}
	if s.Asked() != before {
		t.Error("asked the server to tell whether it takes a letter")
	}
}

// private fails when a text holds what must go nowhere.
func (s Stage) private(t *testing.T, what, text string) {
	t.Helper()
	for _, c := range s.Cases {
		if strings.Contains(text, c.Recipient.Reveal()) {
			t.Errorf("%s holds a recipient's number", what)
		}
	}
	for _, secret := range s.Secrets {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds what is secret", what)
		}
	}
	if len(identity.FindNationalIDs(text)) > 0 {
		t.Errorf("%s holds a fødselsnummer", what)
	}
}

// found looks and judges the findings.
func (s Stage) found(t *testing.T) map[string]digital.Finding {
	t.Helper()
	list, err := s.Channel.Look(t.Context(), s.Cases)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]digital.Finding{}
	for _, f := range list {
		if _, twice := out[f.Shipment]; twice {
			t.Errorf("two findings of %s", f.Shipment)
		}
		out[f.Shipment] = f
		if !slices.ContainsFunc(s.Cases, func(c digital.Case) bool { return c.Shipment == f.Shipment }) {
			t.Errorf("a finding of %s, which was not asked about", f.Shipment)
		}
		if f.State == "" || f.State != strings.ToUpper(f.State) {
			t.Errorf("%s: state %q", f.Shipment, f.State)
		}
		if len(f.Answer) > 0 && !json.Valid(f.Answer) {
			t.Errorf("%s: what is kept is no JSON", f.Shipment)
		}
		for _, e := range f.Events {
			if !e.Kind.Valid() || e.At.IsZero() || e.Cause == "" {
				t.Errorf("%s: event %+v", f.Shipment, e)
			}
		}
		s.private(t, "a finding", fmt.Sprintf("%+v %s", f, f.Answer))
	}
	return out
}

func looks(t *testing.T, s Stage) {
	if got := s.found(t); len(got) != len(s.Cases) {
		t.Errorf("%d findings of %d letters", len(got), len(s.Cases))
	}
	before := s.Asked()
	if list, err := s.Channel.Look(t.Context(), nil); err != nil || len(list) != 0 || s.Asked() != before {
		t.Errorf("of no letter: %d findings, %d calls, %v", len(list), s.Asked()-before, err)
	}
}

// again: the same question has the same answer, and its events are the same ones.
func again(t *testing.T, s Stage) {
	first := s.found(t)
	for i, c := range s.Cases { // as they are kept by then
		f := first[c.Shipment]
		s.Cases[i].Kept.Reference, s.Cases[i].Kept.State, s.Cases[i].Kept.Answer = f.Reference, f.State, f.Answer
	}
	for id, f := range s.found(t) {
		was := first[id]
		if f.State != was.State || f.Reference != was.Reference || len(f.Events) != len(was.Events) {
			t.Errorf("%s: first %s with %d events, then %s with %d", id, was.State, len(was.Events), f.State, len(f.Events))
			continue
		}
		for i := range f.Events {
			if f.Events[i].Kind != was.Events[i].Kind {
				t.Errorf("%s: first %s, then %s", id, was.Events[i].Kind, f.Events[i].Kind)
			}
		}
	}
}

func down(t *testing.T, s Stage) {
	s.Down(true)
	list, err := s.Channel.Look(t.Context(), s.Cases)
	if err == nil || len(list) > 0 {
		t.Fatalf("%d findings, %v", len(list), err)
	}
	s.private(t, "the error", err.Error())
	s.Down(false)
	if got := s.found(t); len(got) != len(s.Cases) {
		t.Errorf("afterwards: %d findings of %d letters", len(got), len(s.Cases))
	}
}

func cut(t *testing.T, s Stage) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	began := time.Now()
	if list, err := s.Channel.Look(ctx, s.Cases); err == nil && len(list) < len(s.Cases) {
		t.Error("leaves letters out without a word")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("took %v to end", took)
	}
}

func checks(t *testing.T, s Stage) {
	if err := s.Channel.Check(t.Context()); err != nil {
		t.Error(err)
	}
	s.Down(true)
	err := s.Channel.Check(t.Context())
	if err == nil {
		t.Fatal("nothing is wrong with a server that is down")
	}
	s.private(t, "the error", err.Error())
}
