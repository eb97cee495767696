package digital_test

import (
	"context"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/digital/digitaltest"
	"postgang/engine/shipment"
	standin "postgang/fixtures/standins/altinn"
)

// outbox gives a letter for each shipment; those named in waits are not ready.
type outbox map[string]shipment.Private

func (o outbox) Letter(_ context.Context, id string) (altinn.Letter, bool, error) {
	const text = "%PDF-1.7"
	l := altinn.Letter{
		Resource: "brev", Shipment: id, Recipient: o[id], Title: "Hemmelig vedtak", Text: altinn.Text{Body: "Du har fått brev."}, Notify: true,
		Attachments: []altinn.Attachment{{Name: "hemmelig.pdf", Bytes: int64(len(text)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}}},
	}
	if strings.HasPrefix(id, "secure") {
		l.Resource = ""
	}
	return l, !strings.HasPrefix(id, "waits"), nil
}

func TestAltinn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	digitaltest.Exercise(t, func(t *testing.T) digitaltest.Stage {
		step := func(after time.Duration, what string) standin.Step {
			return standin.Step{After: standin.Duration(after), What: what}
		}
		s := standin.New(standin.Options{Now: func() time.Time { return now }, Key: "hemmelig-nokkel", Script: standin.Script{Rules: []standin.Rule{
			{Ends: "1", Story: []standin.Step{step(time.Hour, "published")}},
			{Ends: "2", Story: []standin.Step{step(0, "published"), step(0, "ordered"), step(0, "sent")}},
			{Ends: "3", Story: []standin.Step{step(0, "published"), step(0, "ordered"), step(0, "sent"), step(0, "read")}},
			{Ends: "4", Story: []standin.Step{step(0, "published"), step(0, "ordered"), step(0, "bounced")}},
			{Ends: "5", Story: []standin.Step{{What: "failed", Text: "Party for recipient urn:altinn:person:identifier-no:01819000005 not found"}}},
			{Ends: "6", Refuse: 1030}, {Ends: "7", Refuse: 1044}, {Ends: "8", Refuse: 1029},
		}}})
		server := httptest.NewServer(s)
		t.Cleanup(server.Close)
		box := outbox{}
		client, err := altinn.New(altinn.Config{
			Base: server.URL, Now: func() time.Time { return now },
			Token:           func(context.Context) (string, error) { return "hemmelig-token", nil },
			SubscriptionKey: func() (string, error) { return "hemmelig-nokkel", nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		stage := digitaltest.Stage{
			Channel: digital.Altinn(client, box, []string{"brev"}, func() time.Time { return now }),
			Now:     now, Asked: s.Calls, Secrets: []string{"emmelig", "Party for", "urn:altinn"},
			Down: func(down bool) {
				f := standin.Faults{}
				if down {
					f.Status = 503
				}
				s.Set(f)
			},
		}
		of := func(id, number string) digital.Case {
			box[id] = shipment.Private(number)
			return digital.Case{Shipment: id, Account: "skatt", Recipient: shipment.Private(number), Status: shipment.StatusAkseptert, ReceivedAt: now}
		}
		// New ones: sent, or refused.
		for _, last := range []string{"1", "6", "7", "8"} {
			stage.Cases = append(stage.Cases, of("new-"+last, "0181900000"+last))
		}
		stage.Cases = append(stage.Cases, of("organisation", "974760671"))
		// Those that were sent before.
		for _, last := range []string{"1", "2", "3", "4", "5"} {
			c := of("sent-"+last, "0181900000"+last)
			l, _, _ := box.Letter(t.Context(), c.Shipment)
			id, err := client.Create(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			c.Kept = channel.Case{Reference: id, State: "SENDT", Answer: []byte(`{"varsel":true}`)}
			stage.Cases = append(stage.Cases, c)
		}
		later := of("later", "01819000001")
		later.DueAt = now.Add(time.Hour)
		stage.Cases = append(stage.Cases, later)

		due, mailbox, told, notified, nobody := of("due", "01819000001"), of("mailbox", "01819000001"), of("told", "01819000001"), of("notified", "01819000002"), of("nobody", "")
		due.DueAt, mailbox.Status, told.Status = now, shipment.StatusSendtSDP, shipment.StatusVarslet
		notified.Kept = channel.Case{Reference: "x", State: "VARSLET", NextAt: now.Add(time.Minute)}
		notified.DueAt, notified.Status = now.Add(48*time.Hour), shipment.StatusVarslet
		stage.Others = []digital.Case{due, mailbox, told, notified, nobody}
		return stage
	})
}

// TestAltinnWaitsForKRR: a letter that a register has yet to decide about is not sent, and asked about again.
func TestAltinnWaitsForKRR(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	s := standin.New(standin.Options{})
	server := httptest.NewServer(s)
	defer server.Close()
	client, err := altinn.New(altinn.Config{
		Base: server.URL, Token: func(context.Context) (string, error) { return "t", nil }, SubscriptionKey: func() (string, error) { return "k", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	c := digital.Altinn(client, outbox{}, nil, func() time.Time { return now })
	f, err := c.Look(t.Context(), []digital.Case{{Shipment: "secure", Recipient: "01819000001"}})
	if err != nil || len(f) != 1 || len(f[0].Events) != 1 || f[0].Events[0].Cause != "altinn-no-service" {
		t.Error(f, err)
	}
	f, err = c.Look(t.Context(), []digital.Case{{Shipment: "waits", Recipient: "01819000001"}})
	if err != nil || len(f) != 1 || f[0].State != channel.Waits || !f[0].Next.After(now) || s.Calls() != 0 {
		t.Error(f, err, s.Calls())
	}
}

// TestOneLetterStopsNoOther: a letter that Altinn cannot answer about is told of, and the others are asked about.
func TestOneLetterStopsNoOther(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	s := standin.New(standin.Options{Now: func() time.Time { return now }})
	server := httptest.NewServer(s)
	defer server.Close()
	client, err := altinn.New(altinn.Config{
		Base: server.URL, Now: func() time.Time { return now },
		Token: func(context.Context) (string, error) { return "t", nil }, SubscriptionKey: func() (string, error) { return "k", nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	box := outbox{}
	var cases []digital.Case
	for i := range 20 {
		id := fmt.Sprint(i)
		box[id] = "01819000001"
		c := digital.Case{Shipment: id, Recipient: box[id], Status: shipment.StatusAkseptert}
		if i%10 == 3 {
			c.Kept = channel.Case{Reference: "6d0f2b0e-0000-4000-8000-000000000001"}
		}
		cases = append(cases, c)
	}
	c := digital.Altinn(client, box, nil, func() time.Time { return now })
	f, err := c.Look(t.Context(), cases)
	if err == nil || len(f) != 18 || len(s.Letters()) != 18 {
		t.Error(len(f), err)
	}
}
