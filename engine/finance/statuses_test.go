package finance

import (
	"testing"
	"time"

	"postgang/billing/figures"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestStatusesInReports holds the report's table of statuses against the engine's: each has the outcome that is meant, and a name in
// the table that is none of the engine's is one that SvarUt has besides.
func TestStatusesInReports(t *testing.T) {
	t.Parallel()
	want := map[shipment.Status]figures.Outcome{
		shipment.StatusMottatt: figures.OutcomeWaiting, shipment.StatusAkseptert: figures.OutcomeWaiting, shipment.StatusAvvist: figures.OutcomeRefused,
		shipment.StatusFeiletUnderMotta: figures.OutcomeRefused, shipment.StatusKlarForMottak: figures.OutcomeWaiting, shipment.StatusVarslet: figures.OutcomeWaiting,
		shipment.StatusSendtDigitalt: figures.OutcomeDigitalOnly, shipment.StatusSendtSDP: figures.OutcomeWaiting, shipment.StatusLevertSDP: figures.OutcomeDelivered,
		shipment.StatusLest: figures.OutcomeRead, shipment.StatusSendtPrint: figures.OutcomeOffered, shipment.StatusPrintet: figures.OutcomePrinted,
		shipment.StatusIkkeLevert: figures.OutcomeDigitalOnly, shipment.StatusManueltHandtert: figures.OutcomeClosed, shipment.StatusSlettet: figures.OutcomeOther,
	}
	table := figures.StatusOutcomes()
	for _, s := range shipment.Statuses() {
		outcome, there := table[string(s)]
		if wanted, known := want[s]; !known || !there || outcome != wanted {
			t.Errorf("%s has the outcome %q, want %q", s, outcome, wanted)
		}
		if got := (figures.ShipmentRecord{Status: string(s)}).Outcome(); got != outcome {
			t.Errorf("a shipment in %s has the outcome %q, want %q", s, got, outcome)
		}
		delete(table, string(s))
	}
	for _, besides := range []string{"SENDT_ALTINN", "LEVERT_ALTINN", "SENDT_NHN_MOTTAKER", "LEVERT_NHN_MOTTAKER"} {
		if _, there := table[besides]; !there {
			t.Errorf("the report does not know %s", besides)
		}
		delete(table, besides)
	}
	for name := range table {
		t.Errorf("the report has a status %s, and the engine and SvarUt have none", name)
	}
	at := time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
	deleted := figures.ShipmentRecord{Status: string(shipment.StatusSlettet), Posted: at}
	if got := deleted.Outcome(); got != figures.OutcomePrinted {
		t.Errorf("deleted after it was posted: %s", got)
	}
	deleted.Posted, deleted.Read = time.Time{}, at
	if got := deleted.Outcome(); got != figures.OutcomeRead {
		t.Errorf("deleted after it was read: %s", got)
	}
	for _, s := range []shipment.Status{shipment.StatusSendtPrint, shipment.StatusPrintet} {
		var letter store.ReportShipment
		if letter.Status = s; channel(letter) != figures.ChannelPaper {
			t.Errorf("%s went by %q", s, channel(letter))
		}
	}
}
