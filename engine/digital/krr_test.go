package digital_test

import (
	"context"
	"testing"
	"time"

	"postgang/engine/digital"
	"postgang/engine/digital/digitaltest"
	"postgang/engine/digital/krr"
	"postgang/engine/shipment"
	"postgang/fixtures/standins"
)

type anyToken struct{}

func (anyToken) Token(context.Context, ...string) (string, error) { return "hemmelig-token", nil }
func (anyToken) Forget(...string)                                 {}

func TestKRR(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC)
	digitaltest.Exercise(t, func(t *testing.T) digitaltest.Stage {
		server, err := standins.StartKRR("127.0.0.1:0", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		of := func(id, number string) digital.Case {
			return digital.Case{Shipment: id, Account: "skatt", Recipient: shipment.Private(number), Status: shipment.StatusAkseptert, ReceivedAt: now}
		}
		later, due, mailbox := of("later", "01819000003"), of("due", "01819000003"), of("mailbox", "01819000003")
		later.DueAt, due.DueAt, mailbox.Status = now.Add(time.Hour), now, shipment.StatusSendtSDP
		return digitaltest.Stage{
			Channel: digital.KRR(krr.New(krr.Config{Base: server.BaseURL(), Tokens: anyToken{}}), func() time.Time { return now }),
			Cases:   []digital.Case{of("a", "01819000001"), of("b", "01819000005"), of("c", "01819000006"), of("d", "01819000007"), of("e", "01819000009"), of("f", "01819000001"), later},
			Others:  []digital.Case{of("organisation", "974760673"), of("nobody", ""), due, mailbox},
			Now:     now,
			Down: func(down bool) {
				trouble := standins.Trouble{}
				if down {
					trouble.Hangup = true
				}
				server.SetTrouble(trouble)
			},
			Asked:   server.Calls,
			Secrets: []string{"hemmelig", "984661185", "+4799999999"},
		}
	})
}
