package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/krr"
	"postgang/engine/nights"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/standins"
)

type anyToken struct{}

func (anyToken) Token(context.Context, ...string) (string, error) { return "token", nil }
func (anyToken) Forget(...string)                                 {}

// withKRR is a stage whose account asks KRR.
func withKRR(t *testing.T) (*stage, *standins.KRR) {
	t.Helper()
	var s *stage
	register, err := standins.StartKRR("127.0.0.1:0", nil, func() time.Time { return s.clock.now() })
	must(t, err)
	t.Cleanup(func() { _ = register.Close() })
	s = setup(t, func(c *engine.Config) {
		client := krr.New(krr.Config{Base: register.BaseURL(), Tokens: anyToken{}, Timeout: 300 * time.Millisecond})
		c.Channels = []digital.Channel{digital.KRR(client, c.Now)}
		c.Accounts[0].Channels = []string{digital.NameKRR}
	})
	return s, register
}

// personWith is a synthetic fødselsnummer whose last digit says how the register answers.
func personWith(t *testing.T, last byte) string {
	t.Helper()
	for n := range 100_000 {
		if id := fmt.Sprintf("018190%05d", n); id[10] == last && validID(id) {
			return id
		}
	}
	t.Fatal("no such number")
	return ""
}

// inKRR is how a letter stands in the register.
func (s *stage) inKRR(t *testing.T, id string) channel.Case {
	t.Helper()
	cases := view(t, s, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCases(s.ctx, id) })
	if len(cases) != 1 || cases[0].Channel != digital.NameKRR {
		t.Fatalf("letter is in channels %+v", cases)
	}
	return cases[0]
}

// runNight is a night whose background tasks are done when they come.
func (s *stage) runNight(t *testing.T) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, err := s.engine.RunNight(s.ctx, nights.NightOptions{Patience: 20 * time.Second})
		if err != nil {
			t.Errorf("night: %v", err)
		}
	}()
	for {
		select {
		case <-done:
			return
		case <-time.After(5 * time.Millisecond):
			for _, err := range s.tryWork(t) {
				var later *step.LaterError
				if !errors.As(err, &later) && !errors.Is(err, store.ErrNotFound) { // its transaction is not over yet
					t.Errorf("background work: %v", err)
				}
			}
		}
	}
}

// later has background work done of which some waits for later.
func (s *stage) later(t *testing.T) {
	t.Helper()
	for _, err := range s.tryWork(t) {
		var later *step.LaterError
		if !errors.As(err, &later) {
			t.Errorf("background work: %v", err)
		}
	}
}

// nothingPrivate: no number, contact data or token is in the log, in alarms or in what is kept of answers.
func (s *stage) nothingPrivate(t *testing.T) {
	t.Helper()
	var b strings.Builder
	b.WriteString(s.log.String())
	for _, id := range s.allLetters(t) {
		b.WriteString(s.history(t, id))
		for _, c := range view(t, s, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCases(s.ctx, id) }) {
			b.WriteString(string(c.Answer) + c.Reference + c.State)
		}
	}
	for _, secret := range []string{"018190", "hemmelig", "984661185", "99999999"} {
		if strings.Contains(b.String(), secret) {
			t.Errorf("%q is where it must not be", secret)
		}
	}
}

func (s *stage) allLetters(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, sh := range view(t, s, func(r store.Reader) ([]shipment.Shipment, error) { return r.Shipments(s.ctx, store.ShipmentFilter{}) }) {
		ids = append(ids, sh.ID)
	}
	return ids
}

// TestKRRDecides: what the register says at acceptance decides, with its cause in the history, and those who can be reached stay
// digital.
func TestKRRDecides(t *testing.T) {
	t.Parallel()
	s, register := withKRR(t)
	for _, tc := range []struct {
		last   byte
		reason shipment.Reason
		cause  string
	}{
		{'1', "", ""},
		{'5', shipment.ReasonNotNotifiable, "IKKE_VARSLBAR AKSEPTERT→AKSEPTERT KRR: status SLETTET"},
		{'6', shipment.ReasonReserved, "RESERVERT AKSEPTERT→AKSEPTERT KRR: reservasjon JA"},
		{'7', shipment.ReasonNotNotifiable, "IKKE_VARSLBAR AKSEPTERT→AKSEPTERT KRR: status IKKE_REGISTRERT"},
		{'8', "", ""},
		{'9', shipment.ReasonNotNotifiable, "IKKE_VARSLBAR AKSEPTERT→AKSEPTERT KRR: varslingsstatus KAN_IKKE_VARSLES"},
	} {
		id := s.accepted(t, "k"+string(tc.last), newLetter("A").to("digitalId", personWith(t, tc.last)))
		sh, history := s.shipment(t, id), s.history(t, id)
		if sh.DueReason != tc.reason || tc.reason != "" && !sh.DueAt.Equal(s.clock.now()) || tc.cause != "" && !strings.Contains(history, tc.cause) {
			t.Errorf("%c: due %v for %q; history:\n%s", tc.last, sh.DueAt, sh.DueReason, history)
		}
		kept := s.inKRR(t, id)
		if !kept.AskedAt.Equal(s.clock.now()) || kept.Tries != 0 || !kept.NextAt.IsZero() || kept.State == channel.Waits {
			t.Errorf("%c: kept %+v", tc.last, kept)
		}
	}
	if kept := s.inKRR(t, s.allLetters(t)[0]); len(kept.Answer) == 0 {
		t.Error("the register's words are not kept")
	}
	asked := register.Asked()

	// Nobody else is asked about: letters without a digital id, for print only, to organisations.
	none := s.accepted(t, "none", newLetter("B"))
	only := s.accepted(t, "only", newLetter("C").to("digitalId", personWith(t, '1')).with("kunPrint", true))
	organisationID := s.accepted(t, "org", newLetter("D").to("digitalId", organisation))
	if register.Asked() != asked {
		t.Errorf("the register was asked about %d more", register.Asked()-asked)
	}
	for _, id := range []string{none, only} {
		if c := view(t, s, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCases(s.ctx, id) }); len(c) > 0 {
			t.Errorf("kept %+v", c)
		}
	}
	if kept := s.inKRR(t, organisationID); kept.State != channel.Nothing || !kept.NextAt.IsZero() {
		t.Errorf("organisation: %+v", kept)
	}
	digitalOnly := s.submit(t, "digital-only", newLetter("E").to("digitalId", personWith(t, '6')).with("kunDigitalLevering", true))
	s.wantStatus(t, digitalOnly, shipment.StatusIkkeLevert)
	s.wantAlarms(t)
	s.nothingPrivate(t)
}

// TestReservationChanges: who reserves between acceptance and collection gets paper that night; who was asked about and decided is
// not asked about again.
func TestReservationChanges(t *testing.T) {
	t.Parallel()
	s, register := withKRR(t)
	changes, stays := personWith(t, '1'), personWith(t, '2')
	register.Set(changes, standins.KRRPerson{Reservation: "JA", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"}, tuesday.Add(8*time.Hour))
	first := s.accepted(t, "first", newLetter("A").to("digitalId", changes))
	second := s.accepted(t, "second", newLetter("B").to("digitalId", stays))
	notified := s.accepted(t, "notified", newLetter("C").to("digitalId", changes))
	s.event(t, notified, shipment.DigitalNotified)
	s.clock.add(10 * time.Hour)
	s.runNight(t)
	s.wantAtVendor(t, first, notified)
	s.wantStatus(t, first, shipment.StatusSendtPrint)
	s.wantStatus(t, second, shipment.StatusAkseptert)
	if kept := s.inKRR(t, second); !kept.AskedAt.Equal(s.clock.now()) {
		t.Errorf("not asked about before the night: %+v", kept)
	}
	asked := register.Asked()
	s.clock.add(24 * time.Hour)
	s.runNight(t)
	if n := register.Asked() - asked; n != 1 {
		t.Errorf("asked about %d people, want the one that is undecided", n)
	}
	s.wantAlarms(t, "no-answer:", "unhandled:")
	s.nothingPrivate(t)
}

// TestRegisterDown: it prints nothing, stops no night, is alarmed once and asked again until it answers.
func TestRegisterDown(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]standins.Trouble{
		"500": {Status: 500}, "cut": {Hangup: true}, "slow": {Delay: 2 * time.Second}, "closed": {Status: 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, register := withKRR(t)
			register.SetTrouble(trouble)
			var ids []string
			for i, last := range []byte("1679") {
				ids = append(ids, s.handIn(t, konto, fmt.Sprint("k", i), newLetter("A").to("digitalId", personWith(t, last))))
			}
			paper := s.handIn(t, konto, "paper", newLetter("B"))
			s.later(t)
			for _, id := range ids {
				s.wantStatus(t, id, shipment.StatusAkseptert)
				if sh, kept := s.shipment(t, id), s.inKRR(t, id); !sh.DueAt.IsZero() || kept.Tries == 0 || !kept.NextAt.After(s.clock.now()) || kept.State != channel.Waits {
					t.Errorf("due %v, kept %+v", sh.DueAt, kept)
				}
			}
			s.wantAlarms(t, "channel:krr")
			s.clock.add(time.Hour)
			s.runNight(t)
			s.wantAtVendor(t, paper)
			s.wantAlarms(t, "channel:krr")

			register.SetTrouble(standins.Trouble{})
			s.clock.add(time.Hour)
			s.work(t)
			s.wantAlarms(t)
			for i, want := range []shipment.Reason{"", shipment.ReasonReserved, shipment.ReasonNotNotifiable, shipment.ReasonNotNotifiable} {
				if sh := s.shipment(t, ids[i]); sh.DueReason != want {
					t.Errorf("letter %d: due for %q, want %q", i, sh.DueReason, want)
				}
				if kept := s.inKRR(t, ids[i]); kept.Tries != 0 || kept.State == channel.Waits {
					t.Errorf("letter %d: kept %+v", i, kept)
				}
			}
			s.runNight(t)
			s.wantAtVendor(t, append(ids[1:], paper)...)
			s.nothingPrivate(t)
		})
	}
}

// TestAlarmEndsWithoutLetters: when no letter is left to ask about, a look tells whether the register is well again; and an account
// that has the channel no more needs no answer.
func TestAlarmEndsWithoutLetters(t *testing.T) {
	t.Parallel()
	s, register := withKRR(t)
	register.SetTrouble(standins.Trouble{Status: 500})
	id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '1')))
	s.later(t)
	s.read(t, id)
	s.runNight(t)
	s.wantAlarms(t, "channel:krr")
	register.SetTrouble(standins.Trouble{})
	s.runNight(t)
	s.wantAlarms(t)

	register.SetTrouble(standins.Trouble{Status: 500})
	s.handIn(t, konto, "b", newLetter("A").to("digitalId", personWith(t, '2')))
	s.later(t)
	s.wantAlarms(t, "channel:krr")
	s.config.Accounts[0].Channels = nil
	s.restart(t)
	s.runNight(t)
	s.wantAlarms(t)
	s.later(t)
}

// TestChannelDies: whatever step the process dies at, the same answer is one event, and nothing is left unasked.
func TestChannelDies(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"prepare: decided", "channel: asked", "channel: event applied", "channel: recorded"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s, register := withKRR(t)
			id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '6')))
			s.dieAt(at, 1)
			if !s.survive(t, func() { s.work(t) }) {
				t.Fatal("did not die")
			}
			s.tasks.take() // the queue is lost too
			_, err := s.engine.Reconcile(s.ctx)
			must(t, err)
			s.work(t)
			if n := strings.Count(s.history(t, id), "RESERVERT"); n != 1 {
				t.Errorf("%d times in the history:\n%s", n, s.history(t, id))
			}
			if sh, kept := s.shipment(t, id), s.inKRR(t, id); sh.DueReason != shipment.ReasonReserved || kept.AskedAt.IsZero() && at != "channel: event applied" {
				t.Errorf("due for %q, kept %+v", sh.DueReason, kept)
			}
			if register.Calls() > 2 {
				t.Errorf("asked %d times", register.Calls())
			}
			s.runNight(t)
			s.wantAtVendor(t, id)
		})
	}
}

// TestChannelIsConfigured: an account cannot have a channel that is not there.
func TestChannelIsConfigured(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.config.Accounts[0].Channels = []string{"krr"}
	if _, err := engine.New(s.ctx, s.config); err == nil || !strings.Contains(err.Error(), `channel "krr" is not configured`) {
		t.Errorf("%v", err)
	}
}

// TestTwoAskers: when a letter is asked about twice at a time, its answer is kept, whoever records last.
func TestTwoAskers(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"channel: asked", "channel: event applied"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s, _ := withKRR(t)
			id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '6')))
			asked := false
			s.step.set(func(name string) {
				if name == at && !asked {
					asked = true
					if err := s.engine.AskBeforeCollecting(s.ctx); err != nil {
						t.Error(err)
					}
				}
			})
			s.work(t)
			s.step.set(nil)
			if kept := s.inKRR(t, id); !asked || kept.State != string(shipment.DigitalReserved) || len(kept.Answer) == 0 || kept.AskedAt.IsZero() || !kept.NextAt.IsZero() {
				t.Errorf("kept %+v", kept)
			}
			if n := strings.Count(s.history(t, id), "RESERVERT"); n != 1 {
				t.Errorf("%d times in the history", n)
			}
		})
	}
}

// TestReadWhileAsking: a letter that is read while the register is asked about it stays read.
func TestReadWhileAsking(t *testing.T) {
	t.Parallel()
	s, _ := withKRR(t)
	id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '6')))
	s.step.set(func(name string) {
		if name == "channel: asked" {
			s.read(t, id)
		}
	})
	s.work(t)
	s.step.set(nil)
	s.wantStatus(t, id, shipment.StatusLest)
	s.runNight(t)
	s.wantAtVendor(t)
}
