package engine_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/dpi"
	"postgang/engine/digital/krr"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/standins"
	standinaltinn "postgang/fixtures/standins/altinn"
	standindpi "postgang/fixtures/standins/dpi"
)

// ask has a channel asked about what waits for it now.
func (s *stage) ask(t *testing.T, channel string) {
	t.Helper()
	_ = s.engine.AskWaiting(s.ctx, channel) // later errors say when to ask again
}

// sendsThroughAltinn has the stage's account send through Altinn at an address.
func sendsThroughAltinn(t *testing.T, c *engine.Config, base string) {
	t.Helper()
	client, err := altinn.New(altinn.Config{
		Base: base, Now: c.Now,
		Token:           func(context.Context) (string, error) { return "t", nil },
		SubscriptionKey: func() (string, error) { return "k", nil },
	})
	must(t, err)
	c.Accounts[0].Channels = append(c.Accounts[0].Channels, digital.NameAltinn)
	box := &digital.ArchiveOutbox{Archive: c.Archive, Blobs: c.Blobs, Altinn: map[string]digital.AltinnAccount{
		konto: {Resource: "brev", Text: altinn.Text{Body: "Du har fått brev."}},
	}}
	c.Channels = append(c.Channels, digital.Altinn(client, box, []string{"brev"}, c.Now))
}

// TestLettersThroughAltinn: a letter is sent when it is accepted, its recipient is told and reads it, and each is known once,
// whether an event said so or nobody did. What could not be delivered goes to paper with the cause in its history.
func TestLettersThroughAltinn(t *testing.T) {
	t.Parallel()
	var s *stage
	step := func(after time.Duration, what string) standinaltinn.Step {
		return standinaltinn.Step{After: standinaltinn.Duration(after), What: what}
	}
	told := []standinaltinn.Step{step(time.Minute, "published"), step(time.Minute, "ordered"), step(2*time.Minute, "sent")}
	server := standinaltinn.New(standinaltinn.Options{Now: func() time.Time { return s.clock.now() }, Script: standinaltinn.Script{Rules: []standinaltinn.Rule{
		{Ends: "0", Story: told},
		{Ends: "1", Story: []standinaltinn.Step{{After: 0, What: "failed", Text: "Party for recipient not found"}}},
		{Ends: "2", Refuse: 1030},
	}}})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	s = setup(t, func(c *engine.Config) { sendsThroughAltinn(t, c, web.URL) })
	hand := func(key string, l letter) string {
		t.Helper()
		id := s.handIn(t, konto, key, l)
		must(t, s.engine.PrepareShipment(s.ctx, id))
		return id
	}
	read, gone, reserved := hand("a", newLetter("En").to("digitalId", personWith(t, '0'))),
		hand("b", newLetter("To").to("digitalId", personWith(t, '1'))),
		hand("c", newLetter("Tre").to("digitalId", personWith(t, '2')))
	s.ask(t, digital.NameAltinn)
	all := server.Letters()
	if len(all) != 2 || len(all[0].Files) != 1 || all[0].Files[0].Bytes == 0 {
		t.Fatalf("%d letters were sent", len(all))
	}
	s.ask(t, digital.NameAltinn) // nothing is sent twice
	if len(server.Letters()) != 2 {
		t.Error("sent again")
	}
	if sh := s.shipment(t, reserved); sh.DueReason != shipment.ReasonReserved {
		t.Errorf("reserved: due for %q", sh.DueReason)
	}
	s.clock.add(3 * time.Minute)
	s.ask(t, digital.NameAltinn)
	s.wantStatus(t, read, shipment.StatusVarslet)
	if sh := s.shipment(t, gone); sh.DueReason != shipment.ReasonNotNotifiable {
		t.Errorf("not delivered: due for %q", sh.DueReason)
	}
	history := view(t, s, func(r store.Reader) ([]shipment.Event, error) { return r.History(s.ctx, gone) })
	found := false
	for _, e := range history {
		found = found || strings.Contains(e.Reason, altinn.CauseNoRecipient)
	}
	if !found {
		t.Errorf("no cause in %+v", history)
	}

	// An event has the letter asked about at once; a wrong path, or a letter of nobody's, nothing.
	hook := httptest.NewServer(s.engine.AltinnEvents("hemmelig-sti"))
	t.Cleanup(hook.Close)
	reference := ""
	for _, l := range server.Letters() {
		if l.Reference == read {
			reference = l.ID
		}
	}
	server.Happen(reference, standinaltinn.Step{What: "read"})
	post := func(path, id string) int {
		body := `{"type":"no.altinn.correspondence.correspondencereceiverread","id":"1","resourceinstance":"` + id + `"}`
		req, err := http.NewRequestWithContext(s.ctx, http.MethodPost, hook.URL+path, strings.NewReader(body))
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		must(t, resp.Body.Close())
		return resp.StatusCode
	}
	if post("/x/feil", reference) != 404 || post("/x/hemmelig-sti", "6d0f2b0e-0000-4000-8000-000000000001") != 200 {
		t.Error("the webhook takes what it should not, or does not take what it should")
	}
	s.ask(t, digital.NameAltinn)
	s.wantStatus(t, read, shipment.StatusVarslet)
	if post("/x/hemmelig-sti", reference) != 200 {
		t.Error("the event is not taken")
	}
	s.ask(t, digital.NameAltinn)
	s.wantStatus(t, read, shipment.StatusLest)
}

// TestReceiptsOfMailboxes: receipts become events once, in any order, and a receipt of a letter that is not here is left.
func TestReceiptsOfMailboxes(t *testing.T) {
	t.Parallel()
	server := standindpi.New(nil)
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	source, err := dpi.NewEFormidling(dpi.Config{Base: web.URL})
	must(t, err)
	s := setup(t, func(c *engine.Config) {
		c.Receipts = []digital.NamedSource{{Name: "dpi-eformidling", ReceiptSource: source}}
	})
	delivered, failed, kept := s.accepted(t, "a", newLetter("En").to("digitalId", personWith(t, '0'))),
		s.accepted(t, "b", newLetter("To").to("digitalId", personWith(t, '1')).with("eksternReferanse", "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f0001")),
		s.accepted(t, "c", newLetter("Tre").to("digitalId", personWith(t, '2')))
	at := s.clock.now().Add(time.Minute)
	for _, r := range []standindpi.Receipt{
		{Kind: "levering", Conversation: delivered, At: at, Times: 2},
		{Kind: "feil", Conversation: "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f0001", At: at, Blame: "SERVER"},
		{Kind: "varslingfeilet", Conversation: kept, At: at, NoRaw: true},
		{Kind: "levering", Conversation: "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f9999", At: at},
	} {
		server.Put(r)
	}
	must(t, s.engine.TakeMailboxReceipts(s.ctx))
	s.wantStatus(t, delivered, shipment.StatusLevertSDP)
	if sh := s.shipment(t, failed); sh.DueReason != shipment.ReasonSDPFailed {
		t.Errorf("failed: due for %q", sh.DueReason)
	}
	if sh := s.shipment(t, kept); !sh.DueAt.IsZero() || sh.Status != shipment.StatusAkseptert {
		t.Errorf("a failed notification has the letter printed: %s", sh.Status)
	}
	if _, left := server.Waiting(); left != 1 {
		t.Errorf("%d are left", left)
	}
	server.Down(503)
	must(t, s.engine.TakeMailboxReceipts(s.ctx))
	if open := s.alarms(t); len(open) == 0 {
		t.Error("nobody is told that receipts do not come")
	}
	server.Down(0)
	must(t, s.engine.TakeMailboxReceipts(s.ctx))
}

// TestSilentAltinnMayKnowMore: why a letter is due does not matter: one that was read before its recipient reserved, or one that never
// goes to paper, is not decided before Altinn says whether it was read.
func TestSilentAltinnMayKnowMore(t *testing.T) {
	t.Parallel()
	var s *stage
	now := func() time.Time { return s.clock.now() }
	register, err := standins.StartKRR("127.0.0.1:0", nil, now)
	must(t, err)
	t.Cleanup(func() { _ = register.Close() })
	server := standinaltinn.New(standinaltinn.Options{Now: now, Script: standinaltinn.Script{Rules: []standinaltinn.Rule{
		{Story: []standinaltinn.Step{{What: "published"}, {What: "ordered"}, {What: "sent"}}},
	}}})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	s = setup(t, func(c *engine.Config) {
		c.Channels = []digital.Channel{digital.KRR(krr.New(krr.Config{Base: register.BaseURL(), Tokens: anyToken{}}), c.Now)}
		c.Accounts[0].Channels = []string{digital.NameKRR}
		sendsThroughAltinn(t, c, web.URL)
	})
	ids := map[string]string{}
	for key, last := range map[string]byte{"read": '0', "unread": '1', "only": '2', "late": '3', "expires": '4'} {
		l := newLetter(key).to("digitalId", personWith(t, last)).with("tittel", "Vedtak "+key)
		if last > '1' {
			l = l.with("kunDigitalLevering", true)
		}
		if last < '3' {
			register.Set(personWith(t, last), standins.KRRPerson{Reservation: "JA", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"}, tuesday.Add(8*time.Hour))
		}
		ids[key] = s.handIn(t, konto, key, l)
	}
	s.later(t)
	s.ask(t, digital.NameAltinn)
	s.clock.add(3 * time.Minute)
	s.ask(t, digital.NameAltinn)
	want := func(notified string, others map[string]shipment.Status) {
		t.Helper()
		for key, id := range ids {
			if strings.Contains(notified, key+" ") {
				s.wantStatus(t, id, shipment.StatusVarslet)
			} else {
				s.wantStatus(t, id, others[key])
			}
		}
	}
	all := "read unread only late expires "
	want(all, nil)
	reads := func(key string) {
		for _, l := range server.Letters() {
			if l.Reference == ids[key] {
				server.Happen(l.ID, standinaltinn.Step{What: "read"})
			}
		}
	}
	s.clock.add(time.Hour)
	reads("read")
	reads("only")
	server.Set(standinaltinn.Faults{Status: 503})
	s.clock.add(10 * time.Hour)
	s.runNight(t)
	want(all, nil)
	if sh := s.shipment(t, ids["unread"]); sh.DueReason != shipment.ReasonReserved {
		t.Errorf("due for %q", sh.DueReason)
	}
	server.Set(standinaltinn.Faults{})
	s.clock.add(time.Hour)
	s.runNight(t)
	others := map[string]shipment.Status{"read": shipment.StatusLest, "unread": shipment.StatusSendtPrint, "only": shipment.StatusLest}
	want("late expires ", others)

	deadline := shipment.Deadline(s.shipment(t, ids["late"]).NotifiedAt, s.config.Accounts[0].Rules)
	s.clock.set(deadline.Add(-time.Minute))
	reads("late")
	server.Set(standinaltinn.Faults{Hangup: true})
	s.clock.set(deadline.Add(time.Hour))
	s.runNight(t)
	want("late expires ", others)
	server.Set(standinaltinn.Faults{})
	s.clock.add(time.Hour)
	s.runNight(t)
	others["late"], others["expires"] = shipment.StatusLest, shipment.StatusSendtDigitalt
	want("", others)
}

// TestAltinnIsSilent: while Altinn does not answer, no letter that it may know to have been read goes to paper, and those that it has
// nothing to say about do. When it answers, what was read is read and the rest goes. One that waits for days goes when a person says so.
func TestAltinnIsSilent(t *testing.T) {
	t.Parallel()
	var s *stage
	server := standinaltinn.New(standinaltinn.Options{Now: func() time.Time { return s.clock.now() }, Script: standinaltinn.Script{Rules: []standinaltinn.Rule{
		{Ends: "2", Refuse: 1030},
		{Ends: "", Story: []standinaltinn.Step{{What: "published"}, {What: "ordered"}, {What: "sent"}}},
	}}})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	s = setup(t, func(c *engine.Config) { sendsThroughAltinn(t, c, web.URL) })
	hand := func(key string, last byte) string {
		t.Helper()
		id := s.handIn(t, konto, key, newLetter(key).to("digitalId", personWith(t, last)))
		must(t, s.engine.PrepareShipment(s.ctx, id))
		return id
	}
	reference := func(id string) string {
		t.Helper()
		for _, l := range server.Letters() {
			if l.Reference == id {
				return l.ID
			}
		}
		t.Fatal("the letter was not sent")
		return ""
	}
	read, unread, other, reserved := hand("a", '0'), hand("b", '1'), hand("c", '5'), hand("d", '2')
	s.ask(t, digital.NameAltinn)
	s.clock.add(3 * time.Minute)
	s.ask(t, digital.NameAltinn)
	for _, id := range []string{read, unread, other} {
		s.wantStatus(t, id, shipment.StatusVarslet)
	}
	due := s.shipment(t, unread).DueAt
	if due.IsZero() || s.shipment(t, reserved).DueReason != shipment.ReasonReserved {
		t.Fatal("the story of the letters is another")
	}
	s.clock.set(due.Add(-time.Minute))
	server.Happen(reference(read), standinaltinn.Step{What: "read"})
	server.Set(standinaltinn.Faults{Status: 503})
	s.clock.set(due.Add(2 * time.Hour))

	plan, err := s.engine.PlanNight(s.ctx)
	must(t, err)
	if plan.Letters != 4 || plan.Unheard["altinn"] != 3 {
		t.Errorf("a night would take %d letters, %v of them if they are unread", plan.Letters, plan.Unheard)
	}
	s.runNight(t)
	for _, id := range []string{read, unread, other} {
		s.wantStatus(t, id, shipment.StatusVarslet)
	}
	s.wantStatus(t, reserved, shipment.StatusSendtPrint)
	if _, open := s.openAlarms(t)["channel:altinn"]; !open {
		t.Error("the silence is not alarmed")
	}

	server.Set(standinaltinn.Faults{})
	s.clock.add(24 * time.Hour)
	s.runNight(t)
	s.wantStatus(t, read, shipment.StatusLest)
	s.wantStatus(t, unread, shipment.StatusSendtPrint)
	s.wantStatus(t, other, shipment.StatusSendtPrint)

	// Days of silence: a person decides.
	late := hand("e", '0')
	s.ask(t, digital.NameAltinn)
	s.clock.add(3 * time.Minute)
	s.ask(t, digital.NameAltinn)
	server.Set(standinaltinn.Faults{Status: 503})
	s.clock.set(s.shipment(t, late).DueAt.Add(73 * time.Hour))
	s.runNight(t)
	s.wantStatus(t, late, shipment.StatusVarslet)
	if sh := s.shipment(t, late); sh.Hold != shipment.HoldUnheard {
		t.Fatalf("set aside for %q", sh.Hold)
	}
	if h := s.history(t, late); !strings.Contains(h, "og altinn har ikke svart på om det er lest") {
		t.Errorf("history:\n%s", h)
	}
	must(t, s.engine.Release(s.ctx, late, "rettet"))
	s.runNight(t)
	s.wantStatus(t, late, shipment.StatusSendtPrint)
}

// TestDyingWhileSending: wherever the process dies while a letter is sent and asked about, and whether the answer to it came or not,
// Altinn has the letter once, its reference is found again, and what happened to it is known once.
func TestDyingWhileSending(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"prepare: decided", "channel: asked", "channel: event applied", "channel: recorded"} {
		for _, lost := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, %d answers lost", at, lost), func(t *testing.T) {
				t.Parallel()
				var s *stage
				server := standinaltinn.New(standinaltinn.Options{Now: func() time.Time { return s.clock.now() }})
				web := httptest.NewServer(server)
				t.Cleanup(web.Close)
				s = setup(t, func(c *engine.Config) { sendsThroughAltinn(t, c, web.URL) })
				server.Set(standinaltinn.Faults{LoseAnswer: lost})
				id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '0')))
				works := func() {
					for range 4 {
						s.later(t)
						s.clock.add(3 * time.Minute)
					}
				}
				s.dieAt(at, 1)
				if !s.survive(t, works) {
					t.Fatal("did not die")
				}
				s.tasks.take() // the queue is lost too
				_, err := s.engine.Reconcile(s.ctx)
				must(t, err)
				works()
				all := server.Letters()
				cases := view(t, s, func(r store.Reader) ([]channel.Case, error) { return r.ChannelCases(s.ctx, id) })
				if len(all) != 1 || len(cases) != 1 || cases[0].Reference != all[0].ID {
					t.Fatalf("%d letters in Altinn, and here %+v", len(all), cases)
				}
				if lost > 0 && server.Asked("search") == 0 {
					t.Error("its reference was not looked for")
				}
				server.Happen(all[0].ID, standinaltinn.Step{What: "read"})
				s.clock.add(24 * time.Hour) // it is due within a day
				s.runNight(t)
				s.wantStatus(t, id, shipment.StatusLest)
				for _, kind := range []string{"VARSLET: ", "LEST: "} {
					if h := s.history(t, id); strings.Count(h, kind) != 1 {
						t.Errorf("history:\n%s", h)
					}
				}
				s.wantAtVendor(t)
			})
		}
	}
}

// TestNobodyKnowsWhetherAltinnHasIt: a letter whose sending was not answered, and that is to go to paper meanwhile, goes there only when
// Altinn has said that it has none.
func TestNobodyKnowsWhetherAltinnHasIt(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"taken, and the answer lost": true, "not taken": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s *stage
			server := standinaltinn.New(standinaltinn.Options{Now: func() time.Time { return s.clock.now() }})
			web := httptest.NewServer(server)
			t.Cleanup(web.Close)
			s = setup(t, func(c *engine.Config) { sendsThroughAltinn(t, c, web.URL) })
			down := standinaltinn.Faults{Status: 503}
			server.Set(down)
			if there {
				server.Set(standinaltinn.Faults{LoseAnswer: 1})
			}
			id := s.handIn(t, konto, "a", newLetter("A").to("digitalId", personWith(t, '0')))
			s.later(t)
			server.Set(down)
			if n := len(server.Letters()); n == 1 != there {
				t.Fatalf("%d letters in Altinn", n)
			}
			s.event(t, id, shipment.DigitalReserved)
			s.runNight(t)
			s.wantStatus(t, id, shipment.StatusAkseptert)
			s.wantAtVendor(t)

			server.Set(standinaltinn.Faults{})
			if there {
				server.Happen(server.Letters()[0].ID, standinaltinn.Step{What: "read"})
			}
			s.clock.add(24 * time.Hour)
			s.runNight(t)
			if there {
				s.wantStatus(t, id, shipment.StatusLest)
				s.wantAtVendor(t)
			} else {
				s.wantAtVendor(t, id)
			}
			if n := len(server.Letters()); n == 1 != there {
				t.Errorf("%d letters in Altinn", n)
			}
		})
	}
}
