package engine_test

import (
	"testing"

	"postgang/engine/shipment"
)

// TestLateEventsDoNotCallALetterBack: what was reported before but comes after the hand-over changes no status, or the
// receipts would find no letter that can be printed.
func TestLateEventsDoNotCallALetterBack(t *testing.T) {
	t.Parallel()
	for _, kind := range []shipment.DigitalKind{
		shipment.DigitalNotified, shipment.DigitalReserved, shipment.DigitalNotNotifiable, shipment.DigitalSDPSent,
		shipment.DigitalSDPFailed, shipment.DigitalSDPDelivered, shipment.DigitalRead,
	} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			id := s.accepted(t, "a", newLetter("En"))
			s.night(t)
			s.event(t, id, kind)
			s.wantStatus(t, id, shipment.StatusSendtPrint)
			s.night(t)
			s.tick(t)
			s.writeReceipts(t)
			s.fetch(t)
			s.wantStatus(t, id, shipment.StatusPrintet)
			s.wantAtVendor(t, id)
		})
	}
	t.Run("closed", func(t *testing.T) {
		t.Parallel()
		s := setup(t)
		id := s.accepted(t, "a", newLetter("En"))
		s.night(t)
		if sh, err := s.engine.Stop(s.ctx, id, "ringt inn"); err != nil || sh.Status != shipment.StatusManueltHandtert {
			t.Errorf("stopped: %s, %v", sh.Status, err)
		}
		s.tick(t)
		s.writeReceipts(t)
		s.fetch(t)
		s.wantStatus(t, id, shipment.StatusManueltHandtert) // and its cost is booked all the same
		if s.shipment(t, id).PostedAt.IsZero() {
			t.Error("the receipt is not recorded")
		}
		s.wantJobs(t, "CLOSED")
		s.wantAtVendor(t, id)
	})
}
