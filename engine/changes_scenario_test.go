package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/codes"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/alarm"
	deeds "postgang/engine/change"
	"postgang/engine/invoices"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// TestWhatPeopleDoAboutMoneyIsLogged: each thing that a person does about money, and each run begun by hand, is one row of the log of
// changes, with who, what and why; what was refused, what was done before and what Postgang does by itself is none.
func TestWhatPeopleDoAboutMoneyIsLogged(t *testing.T) {
	t.Parallel()
	s, job, ids, from, to := posted(t, 2)
	kari := access.Actor{Kind: access.CommandLine, ID: "kari"}
	by := access.As(s.ctx, kari)
	var seen int64
	logged := func(what string, want ...string) {
		t.Helper()
		list := view(t, s, func(r store.Reader) ([]access.Change, error) {
			return r.Changes(s.ctx, access.LogFilter{Oldest: true, After: seen})
		})
		var got []string
		for _, c := range list {
			of, done, ok := words.Change(c.Subject, c.Before, c.After, words.English)
			if !ok || c.Actor != kari {
				t.Errorf("%s: %+v", what, c)
			}
			got = append(got, of+": "+done+": "+c.Reason)
			seen = c.Seq
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s is logged as\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	logged("what was fetched")

	entries := []codes.Entry{{Code: "1", Name: "Skatt"}, {Code: "2", Name: "Skole", Budget: 500, HasBudget: true}}
	_, err := s.engine.ImportCodes(by, entries, "")
	must(t, err)
	entries[1].Budget = 700
	_, err = s.engine.ImportCodes(by, entries[1:], "nytt budsjett")
	must(t, err)
	logged("registers", "register of konteringskoder: read in: 2 new, 0 gone, 0 changed: read in from a file", "register of konteringskoder: read in: 0 new, 1 gone, 1 changed: nytt budsjett")
	last := view(t, s, func(r store.Reader) ([]access.Change, error) {
		return r.Changes(s.ctx, access.LogFilter{Subject: string(deeds.Codes), Limit: 1})
	})[0]
	if last.Before != `{"1":"1;Skatt;;;;;;;;","2":"2;Skole;;;;;;;5,00;"}` || last.After != `{"2":"2;Skole;;;;;;;7,00;"}` {
		t.Errorf("the register was %s and is %s", last.Before, last.After)
	}

	inv := s.invoice(t, "F-1", from, to)
	rec, err := s.engine.AddInvoice(by, "trykk", inv)
	must(t, err)
	_, err = s.engine.AddInvoice(by, "trykk", inv) // known
	must(t, err)
	must(t, s.engine.RemoveInvoice(by, rec.ID, "feil trykkeri"))
	rec, err = s.engine.AddInvoice(by, "trykk", inv)
	must(t, err)
	if _, err := s.engine.BookInvoice(by, invoices.InvoiceBooking{ID: rec.ID}); err == nil {
		t.Error("booked without a reason")
	}
	_, err = s.engine.BookInvoice(by, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	must(t, err)
	if _, err := s.engine.BookInvoice(by, invoices.InvoiceBooking{ID: rec.ID, Reason: "en gang til"}); err == nil {
		t.Error("booked twice")
	}
	net := "kr " + inv.Net.String()
	logged("invoices", "invoice F-1 of trykk: taken, "+net+" net: typed in", "invoice F-1 of trykk: taken back, "+net+" net: feil trykkeri",
		"invoice F-1 of trykk: taken, "+net+" net: typed in", "invoice F-1 of trykk: booked, "+net+" net; kr 0,00 shared out: avstemt")

	s.clock.add(time.Hour)
	// A file that came another way: a letter of the month once more, at another price and under another code.
	other := receiptRow(job, ids[0], s.ledger(t)[0].PostedAt)
	other.Production, other.Konteringskode = other.Production+100, "9999"
	data, err := receipt.Encode([]receipt.Row{other}, receipt.DefaultFormat())
	must(t, err)
	for range 2 { // the same bytes again are nothing
		_, err = s.engine.ImportReceipts(by, "trykk", "k2.csv", data)
		must(t, err)
	}
	_, err = s.engine.ImportReceipts(by, "trykk", "feil.csv", []byte("feil"))
	must(t, err)
	open := view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{Open: true})
	})
	_, err = s.engine.ResolveReceipt(by, receipts.ReceiptResolution{Receipt: open[0].ID, Take: true, Reason: "riktig pris"})
	must(t, err)
	if _, err := s.engine.ResolveReceipt(by, receipts.ReceiptResolution{Receipt: open[0].ID, Reason: "likevel ikke"}); err == nil {
		t.Error("decided twice")
	}
	logged("receipts", "receipt file of trykk: read in: 0 of 1 receipts booked, kr 0,00; 1 in conflict: read in from a file",
		"receipt file of trykk: read in and stopped, with 1 problems; nothing is booked: read in from a file",
		"receipt of a letter of job "+job+": the new one counts: kr 17,50 became kr 18,50: riktig pris")
	_, _, err = s.engine.CarryReceipts(by, rec.ID, to, "faktureres senere")
	must(t, err)
	logged("carrying", "invoice F-1 of trykk: kr 1,00 of receipts carried to "+to.Month()+": faktureres senere")

	all := view(t, s, func(r store.Reader) ([]store.Deviation, error) {
		return r.Deviations(s.ctx, store.DeviationFilter{})
	})
	all = slices.DeleteFunc(all, func(d store.Deviation) bool { return d.State != store.DeviationOpen })
	for range 2 { // it is in that state already, the second time
		_, err = s.engine.DecideDeviations(by, []string{all[0].Key}, store.DeviationAccepted, "greit")
		must(t, err)
	}
	logged("deviations", "deviations of trykk: 1 decided: accepted: greit")

	_, err = s.engine.CloseMonth(by, from, "avstemt")
	must(t, err)
	if _, err := s.engine.CloseMonth(by, from, "igjen"); err == nil {
		t.Error("closed twice")
	}
	logged("closing", from.Month()+": closed: avstemt")

	must(t, s.engine.NightByHand(by, func(context.Context) (shipment.Note, error) { return shipment.Note{Code: "night-at-work"}, nil }))
	_, err = s.engine.FetchByHand(by, func() {})
	must(t, err)
	logged("runs", "run night: begun: begun by hand", "run fetching of receipts: begun: begun by hand")
	must(t, s.archive.InTx(by, func(tx store.Tx) error { return tx.RaiseAlarm(by, "disk:documents", alarm.Args{"mb": "1"}) }))
	must(t, s.archive.InTx(by, func(tx store.Tx) error { return tx.AckAlarm(by, "disk:documents", "bestilt") }))
	logged("alarms", "alarm disk:documents: acknowledged: bestilt")
}

// TestSecondPersonInTheLog: a month that two persons close is one row, of who did it, with who asked for it.
func TestSecondPersonInTheLog(t *testing.T) {
	t.Parallel()
	s, _, _, from, _ := posted(t, 1)
	s.config.TwoPersons = true
	s.restart(t)
	kari, ola := access.Actor{Kind: access.CommandLine, ID: "kari"}, access.Actor{Kind: access.CommandLine, ID: "ola"}
	if _, err := s.engine.CloseMonth(access.As(s.ctx, kari), from, "avstemt"); err == nil {
		t.Fatal("one person closed the month")
	}
	s.clock.add(time.Hour)
	_, err := s.engine.CloseMonth(access.As(s.ctx, ola), from, "enig")
	must(t, err)
	list := view(t, s, func(r store.Reader) ([]access.Change, error) {
		return r.Changes(s.ctx, access.LogFilter{Subject: string(deeds.Month)})
	})
	if len(list) != 1 || list[0].Actor != ola || list[0].Reason != "enig" || list[0].After != `{"asked_by":"kommando/kari","state":"closed"}` {
		t.Errorf("the log has %+v", list)
	}
}
