package shipment

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"postgang/engine/calendar"
)

// person is an accepted shipment to a person who can be reached digitally; t0 is a Monday morning.
func person(status Status) Shipment {
	return Shipment{
		ID: "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", Account: "byen", HandIn: "brev-1", Status: status,
		Submission: Submission{Recipient: PostalAddress{DigitalID: "02013299997"}},
		ReceivedAt: t0.Add(-time.Hour),
	}
}

var t0 = time.Date(2026, 1, 5, 7, 0, 0, 0, time.UTC) // 08:00 in Norway; unread it is due on Wednesday 00:00

var due0 = time.Date(2026, 1, 6, 23, 0, 0, 0, time.UTC)

func event(kind DigitalKind, at time.Time) DigitalEvent {
	return DigitalEvent{Shipment: person("").ID, Kind: kind, At: at, Key: string(kind) + at.Format(time.RFC3339)}
}

// after applies events one after the other and fails on an error.
func after(t testing.TB, s Shipment, r Rules, events ...DigitalEvent) (Shipment, []Event) {
	t.Helper()
	var history []Event
	for _, e := range events {
		var added []Event
		var err error
		if s, added, err = ApplyDigital(s, e, r); err != nil {
			t.Fatal(err)
		}
		history = append(history, added...)
	}
	return s, history
}

func TestApplyDigital(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	noForward := rules
	noForward.ForwardOrganisations = false
	organisation := func(s Shipment) Shipment { s.Submission.Recipient.DigitalID = "971 032 146"; return s }
	digitalOnly := func(s Shipment) Shipment { s.Submission.DigitalOnly = true; return s }
	later := t0.Add(3 * time.Hour)

	for _, tc := range []struct {
		name   string
		start  Shipment
		rules  Rules
		events []DigitalEvent
		status Status
		due    time.Time
		reason Reason
		kinds  []string // of the history
	}{
		{"notified", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalNotified, t0)},
			StatusVarslet, due0, ReasonUnread, []string{EventStatus}},
		{"notified, organisation", organisation(person(StatusAkseptert)), rules, []DigitalEvent{event(DigitalNotified, t0)},
			StatusVarslet, due0, ReasonUnread, []string{EventStatus}},
		{"notified, organisation not forwarded", organisation(person(StatusAkseptert)), noForward, []DigitalEvent{event(DigitalNotified, t0)},
			StatusVarslet, time.Time{}, "", []string{EventStatus}},
		{"not notifiable, organisation not forwarded", organisation(person(StatusAkseptert)), noForward, []DigitalEvent{event(DigitalNotNotifiable, t0)},
			StatusAkseptert, t0, ReasonNotNotifiable, []string{"IKKE_VARSLBAR"}},
		{"notified, only digital", digitalOnly(person(StatusAkseptert)), rules, []DigitalEvent{event(DigitalNotified, t0)},
			StatusVarslet, time.Time{}, "", []string{EventStatus}},
		{"notified twice", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalNotified, t0), event(DigitalNotified, later)},
			StatusVarslet, due0, ReasonUnread, []string{EventStatus, "VARSLET"}},
		{"read in time", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalNotified, t0), event(DigitalRead, later)},
			StatusLest, time.Time{}, "", []string{EventStatus, EventStatus}},
		{"read, then notified", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalRead, later), event(DigitalNotified, t0)},
			StatusLest, time.Time{}, "", []string{EventStatus, "VARSLET"}},
		{"read when handed over", person(StatusSendtPrint), rules, []DigitalEvent{event(DigitalRead, later)},
			StatusSendtPrint, time.Time{}, "", []string{EventReadAfter}},
		{"read when printed", person(StatusPrintet), rules, []DigitalEvent{event(DigitalRead, later)},
			StatusPrintet, time.Time{}, "", []string{EventReadAfter}},
		{"read when closed", person(StatusManueltHandtert), rules, []DigitalEvent{event(DigitalRead, later)},
			StatusManueltHandtert, time.Time{}, "", []string{"LEST"}},
		{"reserved", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalReserved, t0)},
			StatusAkseptert, t0, ReasonReserved, []string{"RESERVERT"}},
		{"reserved after notification", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalNotified, t0), event(DigitalReserved, later)},
			StatusVarslet, later, ReasonReserved, []string{EventStatus, "RESERVERT"}},
		{"reserved, then notified: stays due at once", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalReserved, t0), event(DigitalNotified, later)},
			StatusVarslet, t0, ReasonReserved, []string{"RESERVERT", EventStatus}},
		{"reserved after the read", person(StatusLest), rules, []DigitalEvent{event(DigitalReserved, t0)},
			StatusLest, time.Time{}, "", []string{"RESERVERT"}},
		{"reserved, only digital", digitalOnly(person(StatusAkseptert)), rules, []DigitalEvent{event(DigitalReserved, t0)},
			StatusIkkeLevert, time.Time{}, "", []string{EventStatus}},
		{"not notifiable, only digital", digitalOnly(person(StatusAkseptert)), rules, []DigitalEvent{event(DigitalNotNotifiable, t0)},
			StatusIkkeLevert, time.Time{}, "", []string{EventStatus}},
		{"mailbox failed, only digital", digitalOnly(person(StatusSendtSDP)), rules, []DigitalEvent{event(DigitalSDPFailed, t0)},
			StatusIkkeLevert, time.Time{}, "", []string{EventStatus}},
		{"to the mailbox", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalSDPSent, t0), event(DigitalSDPDelivered, later)},
			StatusLevertSDP, time.Time{}, "", []string{EventStatus, EventStatus}},
		{"to the mailbox, in the wrong order", person(StatusAkseptert), rules, []DigitalEvent{event(DigitalSDPDelivered, later), event(DigitalSDPSent, t0)},
			StatusLevertSDP, time.Time{}, "", []string{EventStatus, "SDP_SENDT"}},
		{"mailbox failed", person(StatusSendtSDP), rules, []DigitalEvent{event(DigitalSDPFailed, t0)},
			StatusSendtSDP, t0, ReasonSDPFailed, []string{"SDP_FEILET"}},
		{"mailbox failed, then delivered after all", person(StatusSendtSDP), rules, []DigitalEvent{event(DigitalSDPFailed, t0), event(DigitalSDPDelivered, later)},
			StatusLevertSDP, time.Time{}, "", []string{"SDP_FEILET", EventStatus}},
		{"closed", person(StatusVarslet), rules, []DigitalEvent{event(DigitalClosed, t0)},
			StatusManueltHandtert, time.Time{}, "", []string{EventStatus}},
		{"closed before it was accepted", person(StatusMottatt), rules, []DigitalEvent{event(DigitalClosed, t0)},
			StatusManueltHandtert, time.Time{}, "", []string{EventStatus}},
		{"closed when handed over", person(StatusSendtPrint), rules, []DigitalEvent{event(DigitalClosed, t0)},
			StatusManueltHandtert, time.Time{}, "", []string{EventStatus}},
		{"closed too late: read", person(StatusLest), rules, []DigitalEvent{event(DigitalClosed, t0)},
			StatusLest, time.Time{}, "", []string{"LUKKET"}},
		{"closed too late: in the mailbox", person(StatusSendtSDP), rules, []DigitalEvent{event(DigitalClosed, t0)},
			StatusSendtSDP, time.Time{}, "", []string{"LUKKET"}},
		{"everything about a refused one", person(StatusAvvist), rules, []DigitalEvent{event(DigitalNotified, t0), event(DigitalRead, later), event(DigitalReserved, later), event(DigitalSDPSent, later)},
			StatusAvvist, time.Time{}, "", []string{"VARSLET", "LEST", "RESERVERT", "SDP_SENDT"}},
	} {
		got, history := after(t, tc.start, tc.rules, tc.events...)
		if got.Status != tc.status || !got.DueAt.Equal(tc.due) || got.DueReason != tc.reason {
			t.Errorf("%s: %s due %v %s, want %s due %v %s", tc.name, got.Status, got.DueAt, got.DueReason, tc.status, tc.due, tc.reason)
		}
		var kinds []string
		at := tc.start.Status
		for i, h := range history {
			kinds = append(kinds, h.Kind)
			if h.From != at || h.Key != tc.events[i].Key || h.Shipment != got.ID || !h.At.Equal(tc.events[i].At) {
				t.Errorf("%s: history %d is %+v", tc.name, i, h)
			}
			if (h.From != h.To) != (h.Kind == EventStatus) {
				t.Errorf("%s: %s from %s to %s", tc.name, h.Kind, h.From, h.To)
			}
			at = h.To
		}
		if at != got.Status || !slices.Equal(kinds, tc.kinds) {
			t.Errorf("%s: history %v to %s, want %v", tc.name, kinds, at, tc.kinds)
		}
	}
}

func TestFactsBesideTheStatus(t *testing.T) {
	t.Parallel()
	s, _ := after(t, person(StatusPrintet), DefaultRules(), event(DigitalRead, t0.Add(time.Hour)), event(DigitalRead, t0), event(DigitalRead, t0.Add(2*time.Hour)))
	if !s.ReadAt.Equal(t0) {
		t.Errorf("read at %v, want the earliest", s.ReadAt)
	}
	s, _ = after(t, person(StatusVarslet), DefaultRules(), event(DigitalClosed, t0))
	if !s.ClosedAt.Equal(t0) {
		t.Errorf("closed at %v", s.ClosedAt)
	}
	s, _ = after(t, person(StatusLest), DefaultRules(), event(DigitalClosed, t0))
	if !s.ClosedAt.IsZero() {
		t.Error("an attempt to close that came too late closed it")
	}
	local := event(DigitalNotified, t0.In(calendar.Oslo).Add(123456))
	s, h := after(t, person(StatusAkseptert), DefaultRules(), local)
	if s.NotifiedAt != t0 || h[0].At != t0 {
		t.Errorf("times are not UTC in whole milliseconds: %v %v", s.NotifiedAt, h[0].At)
	}
	closed := event(DigitalClosed, t0)
	closed.Reason = "dobbelt sendt"
	if _, h := after(t, person(StatusVarslet), DefaultRules(), closed); h[0].Reason != "LUKKET: dobbelt sendt" {
		t.Errorf("reason %q", h[0].Reason)
	}
}

func TestEventsThatMeanNothing(t *testing.T) {
	t.Parallel()
	s := person(StatusAkseptert)
	byHandIn := DigitalEvent{Account: "byen", HandIn: "brev-1", Kind: DigitalRead, At: t0}
	if _, _, err := ApplyDigital(s, byHandIn, DefaultRules()); err != nil {
		t.Errorf("named by its hand-in: %v", err)
	}
	for name, e := range map[string]DigitalEvent{
		"unknown kind":     {Shipment: s.ID, Kind: "APNET", At: t0},
		"no time":          {Shipment: s.ID, Kind: DigitalRead},
		"another shipment": {Shipment: "x", Kind: DigitalRead, At: t0},
		"another hand-in":  {Account: "byen", HandIn: "brev-2", Kind: DigitalRead, At: t0},
	} {
		got, history, err := ApplyDigital(s, e, DefaultRules())
		if !errors.Is(err, ErrDigitalEvent) || history != nil || !cmp.Equal(got, s) {
			t.Errorf("%s: %v, %d events", name, err, len(history))
		}
	}
}

func TestInitialDue(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*Shipment)
		due    time.Time
		reason Reason
	}{
		{"reachable", func(*Shipment) {}, time.Time{}, ""},
		{"no digital id", func(s *Shipment) { s.Submission.Recipient.DigitalID = "" }, t0, ReasonNoDigitalID},
		{"print only", func(s *Shipment) { s.Submission.PrintOnly = true }, t0, ReasonPrintOnly},
		{"print only without id", func(s *Shipment) { s.Submission.PrintOnly = true; s.Submission.Recipient.DigitalID = "" }, t0, ReasonPrintOnly},
		{"only digital", func(s *Shipment) { s.Submission.DigitalOnly = true; s.Submission.Recipient.DigitalID = "" }, time.Time{}, ""},
		{"notified before", func(s *Shipment) { s.NotifiedAt = t0 }, due0, ReasonUnread},
		{"reserved before", func(s *Shipment) { s.DueAt, s.DueReason = t0.Add(-time.Minute), ReasonReserved }, t0.Add(-time.Minute), ReasonReserved},
		{"read before", func(s *Shipment) { s.ReadAt = t0; s.Submission.PrintOnly = true }, time.Time{}, ""},
	} {
		s := person(StatusMottatt)
		tc.change(&s)
		if got := InitialDue(s, DefaultRules(), t0); !got.DueAt.Equal(tc.due) || got.DueReason != tc.reason {
			t.Errorf("%s: due %v %s", tc.name, got.DueAt, got.DueReason)
		}
	}
}

func TestExpireDigitalOnly(t *testing.T) {
	t.Parallel()
	s := person(StatusVarslet)
	s.NotifiedAt = t0
	if _, _, ok := ExpireDigitalOnly(s, DefaultRules(), due0); ok {
		t.Error("a letter that goes to paper expired")
	}
	s.Submission.DigitalOnly = true
	if _, _, ok := ExpireDigitalOnly(s, DefaultRules(), due0.Add(-time.Millisecond)); ok {
		t.Error("expired a millisecond early")
	}
	got, e, ok := ExpireDigitalOnly(s, DefaultRules(), due0)
	want := Event{Shipment: s.ID, At: due0, Kind: EventStatus, From: StatusVarslet, To: StatusSendtDigitalt, Reason: "ULEST"}
	if !ok || got.Status != StatusSendtDigitalt || e != want || got.Status.Printable() {
		t.Errorf("%v %s %+v", ok, got.Status, e)
	}
	if _, _, again := ExpireDigitalOnly(got, DefaultRules(), due0); again {
		t.Error("expired twice")
	}
	s.ReadAt = t0
	if _, _, ok := ExpireDigitalOnly(s, DefaultRules(), due0); ok {
		t.Error("one that was read expired")
	}
}

// TestEventsInAnyOrder: whatever comes in whatever order, repeated or not, every event is recorded, the table is kept,
// a due time never stands without reason, and what was read, delivered, closed or only digital is never due.
func TestEventsInAnyOrder(t *testing.T) {
	t.Parallel()
	kinds := []DigitalKind{DigitalNotified, DigitalRead, DigitalReserved, DigitalNotNotifiable, DigitalSDPSent, DigitalSDPDelivered, DigitalSDPFailed, DigitalClosed}
	rapid.Check(t, func(rt *rapid.T) {
		s := person(rapid.SampledFrom(Statuses()).Draw(rt, "status"))
		s.Submission.DigitalOnly = rapid.Bool().Draw(rt, "only digital")
		if rapid.Bool().Draw(rt, "organisation") {
			s.Submission.Recipient.DigitalID = "971032146"
		}
		r := DefaultRules()
		r.ForwardOrganisations = rapid.Bool().Draw(rt, "forward")
		for range rapid.IntRange(0, 8).Draw(rt, "events") {
			e := event(rapid.SampledFrom(kinds).Draw(rt, "kind"), t0.Add(time.Duration(rapid.IntRange(0, 100).Draw(rt, "hours"))*time.Hour))
			before := s
			var history []Event
			var err error
			if s, history, err = ApplyDigital(s, e, r); err != nil {
				rt.Fatal(err)
			}
			if len(history) != 1 || history[0].Key != e.Key || history[0].From != before.Status || history[0].To != s.Status {
				rt.Fatalf("history %+v", history)
			}
			if before.Status != s.Status && !before.Status.MayBecome(s.Status) {
				rt.Fatalf("%s → %s", before.Status, s.Status)
			}
			if s.DueAt.IsZero() != (s.DueReason == "") {
				rt.Fatalf("due %v because of %q", s.DueAt, s.DueReason)
			}
			if !s.DueAt.IsZero() && (!s.ReadAt.IsZero() || !s.ClosedAt.IsZero() || s.Submission.DigitalOnly || s.Status == StatusLevertSDP) {
				rt.Fatalf("due, but %s, read %v, closed %v", s.Status, s.ReadAt, s.ClosedAt)
			}
			if !before.DueAt.IsZero() && s.DueAt.After(before.DueAt) {
				rt.Fatalf("due later than before: %v → %v", before.DueAt, s.DueAt)
			}
			if !before.ReadAt.IsZero() && s.ReadAt.After(before.ReadAt) || s.ReadAt.IsZero() && e.Kind == DigitalRead {
				rt.Fatal("a reading was lost")
			}
		}
	})
}

// TestOrderDoesNotMatterForPaper: notification, reservation and reading lead to the same due time in every order.
func TestOrderDoesNotMatterForPaper(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		kinds := []DigitalKind{DigitalNotified, DigitalReserved, DigitalNotNotifiable, DigitalRead, DigitalNotified}
		var events []DigitalEvent
		for _, k := range kinds {
			if rapid.Bool().Draw(rt, "with "+string(k)) {
				events = append(events, event(k, t0.Add(time.Duration(rapid.IntRange(0, 72).Draw(rt, "hours"))*time.Hour)))
			}
		}
		a, _ := after(t, person(StatusAkseptert), DefaultRules(), events...)
		b, _ := after(t, person(StatusAkseptert), DefaultRules(), rapid.Permutation(events).Draw(rt, "order")...)
		if !a.DueAt.Equal(b.DueAt) || a.Status != b.Status || !a.ReadAt.Equal(b.ReadAt) || !a.NotifiedAt.Equal(b.NotifiedAt) {
			rt.Fatalf("%s due %v, in another order %s due %v", a.Status, a.DueAt, b.Status, b.DueAt)
		}
	})
}

// TestEventBeforeReceipt: no deadline begins before the shipment was received, and what is told of long before is refused.
func TestEventBeforeReceipt(t *testing.T) {
	t.Parallel()
	s := person(StatusAkseptert)
	for _, kind := range []DigitalKind{DigitalNotified, DigitalRead, DigitalReserved, DigitalClosed} {
		if _, _, err := ApplyDigital(s, event(kind, s.ReceivedAt.Add(-eventTolerance-time.Millisecond)), DefaultRules()); !errors.Is(err, ErrEventBeforeReceipt) || !errors.Is(err, ErrDigitalEvent) {
			t.Errorf("%s long before the receipt: %v", kind, err)
		}
	}
	early := event(DigitalNotified, s.ReceivedAt.Add(-eventTolerance))
	got, history := after(t, s, DefaultRules(), early)
	want, _ := after(t, s, DefaultRules(), event(DigitalNotified, s.ReceivedAt))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("shortly before, not as at the receipt: %s", diff)
	}
	if !history[0].At.Equal(early.At) {
		t.Errorf("the history tells %v", history[0].At)
	}
}
