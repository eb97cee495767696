package engine_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/calendar"
	"postgang/engine/finance"
	"postgang/engine/invoices"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// allKinds has the vendor tell all kinds of rows, in Norwegian times without an offset.
func allKinds(c *engine.Config) {
	f := kindsFormat()
	f.Kinds["RETUR"] = receipt.RowReturn
	f.Time, f.Location = "DD.MM.YYYY HH:mm:ss", calendar.Oslo
	c.Vendors[0].Receipts = f
}

// inParts has so many rows be applied by a transaction, in an archive whose ids are always the same.
func inParts(rows int) change {
	return func(c *engine.Config) { c.ReceiptsAtOnce, c.Identity = rows, "11111111-2222-4333-8444-555555555555" }
}

// mixedMonth is letters of two jobs with receipts for some, and a file that says something of every kind: a receipt, a repetition,
// another thing, a correction, a reversal, a return, of letters and jobs that are unknown, and of a letter that was read meanwhile.
func mixedMonth(t *testing.T, rows int) (s *stage, file []byte) {
	t.Helper()
	s = setup(t, allKinds, inParts(rows))
	s.config.Vendors[0].Receipts.Location = calendar.Oslo
	var ids []string
	var jobs []string
	for range 2 {
		for range 7 {
			ids = append(ids, s.accepted(t, fmt.Sprint("brev", len(ids)), newLetter(fmt.Sprint(len(ids)))))
		}
		s.night(t)
		all := s.jobs(t)
		jobs = append(jobs, all[len(all)-1].ID)
		s.clock.add(24 * time.Hour)
	}
	at := s.clock.now().Truncate(time.Second)
	row := func(i int) receipt.Row { return receiptRow(jobs[i/7], ids[i], at) }
	s.kindsAtVendor(t, "k1.csv", row(0), row(1), row(2), row(3), row(7), row(8))
	s.fetch(t)
	s.read(t, ids[10])
	dearer, right, back, returned, stranger, strange, wrong := row(1), row(2), row(3), row(8), row(9), row(9), row(11)
	dearer.Postage += 100
	right.Kind, right.Postage = receipt.RowCorrection, 1600
	back.Kind = receipt.RowReversal
	returned.Kind, returned.Reason, returned.Production, returned.Postage = receipt.RowReturn, receipt.ReturnMoved, 0, 0
	stranger.Shipment, strange.Job = "00000000-0000-4000-8000-000000000000", jobs[0]
	wrong.Konteringskode, wrong.PagesBW = "9999", 3
	data, err := receipt.Encode([]receipt.Row{
		row(12), row(0), row(13), dearer, row(4), right, returned, stranger, back, row(5), row(7), strange, row(9), row(10), wrong,
	}, s.config.Vendors[0].Receipts)
	must(t, err)
	return s, data
}

func (s *stage) kindsAtVendor(t *testing.T, name string, rows ...receipt.Row) {
	t.Helper()
	data, err := receipt.Encode(rows, s.config.Vendors[0].Receipts)
	must(t, err)
	s.put(t, exchange.DefaultReceipts, name, data)
}

// bookkeeping is all that receipts have made in the archive, in words.
func (s *stage) bookkeeping(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	must(t, s.archive.View(s.ctx, func(r store.Reader) error {
		files, err := r.ReceiptFiles(s.ctx, "")
		rows, err2 := r.Receipts(s.ctx, store.ReceiptFilter{})
		lines, err3 := r.Ledger(s.ctx, store.LedgerFilter{})
		deviations, err4 := r.Deviations(s.ctx, store.DeviationFilter{})
		if err := errors.Join(err, err2, err3, err4); err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintln(&b, "file", f.Name, f.Rows, f.Done, f.Applying)
		}
		for _, c := range rows {
			fmt.Fprintln(&b, c.State, c.ID, c.Row, c.Decision != nil)
		}
		for _, l := range lines {
			fmt.Fprintln(&b, l.Entry, l.Place, l.Shipment, l.Line, l.Letters, l.Source, l.Reverses, l.Note)
		}
		for _, d := range deviations {
			fmt.Fprintln(&b, d.Finding, d.State)
		}
		return nil
	}))
	for _, j := range s.jobs(t) {
		fmt.Fprintln(&b, j.ID, j.State)
		for _, l := range view(t, s, func(r store.Reader) ([]store.JobLetter, error) { return r.JobLetters(s.ctx, j.ID) }) {
			fmt.Fprintln(&b, s.shipment(t, l.Shipment).PostedAt, s.history(t, l.Shipment))
		}
	}
	return b.String()
}

// TestReceiptsInParts: a file that is applied in parts comes to what it comes to whole, however small they are, also when the process
// dies between any two of them.
func TestReceiptsInParts(t *testing.T) {
	t.Parallel()
	s, file := mixedMonth(t, 1000)
	s.put(t, exchange.DefaultReceipts, "k2.csv", file)
	s.dieAt("receipts: rows applied", 2)
	var whole receipts.Imported
	if s.survive(t, func() { whole = s.fetch(t).Receipts[0] }) {
		t.Fatal("a small file is applied in parts")
	}
	want := s.bookkeeping(t)
	if whole.Rows != 15 || whole.Applied != 7 || whole.Corrects != 2 || whole.Doubles != 2 || whole.Conflict != 1 || whole.Unknown != 2 || whole.Returned != 1 {
		t.Fatalf("the file comes to %+v", whole)
	}
	for _, rows := range []int{1, 2, 3, 7, 14} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			t.Parallel()
			s, same := mixedMonth(t, rows)
			if string(same) != string(file) {
				t.Fatal("it is another file")
			}
			s.put(t, exchange.DefaultReceipts, "k2.csv", file)
			if got := s.fetch(t).Receipts; len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(whole) {
				t.Errorf("it comes to %+v", got)
			}
			if got := s.bookkeeping(t); got != want {
				t.Errorf("in parts of %d:\n%s\nwhole:\n%s", rows, got, want)
			}
		})
	}
	for dies := 1; dies <= 15; dies++ { // after the last one, it is not yet recorded that the file is whole
		t.Run(fmt.Sprint("dies after ", dies), func(t *testing.T) {
			t.Parallel()
			s, _ := mixedMonth(t, 1)
			s.put(t, exchange.DefaultReceipts, "k2.csv", file)
			s.dieAt("receipts: rows applied", dies)
			if !s.survive(t, func() { s.fetch(t) }) {
				t.Fatal("the process did not die")
			}
			half := view(t, s, func(r store.Reader) ([]store.ReceiptFile, error) { return r.HalfReceiptFiles(s.ctx) })
			if len(half) != 1 || half[0].Done != dies || half[0].Rows != 15 || !s.exists(t, exchange.DefaultReceipts, "k2.csv") {
				t.Fatalf("half applied: %+v", half)
			}
			s.config.Vendors[0].Receipts = receipt.DefaultFormat() // the vendor writes otherwise from now on
			s.restart(t)
			if got := s.fetch(t).Receipts; len(got) != 1 || fmt.Sprint(got[0]) != fmt.Sprint(whole) {
				t.Errorf("it comes to %+v", got)
			}
			if got := s.bookkeeping(t); got != want {
				t.Errorf("after dying:\n%s\nwhole:\n%s", got, want)
			}
			if s.exists(t, exchange.DefaultReceipts, "k2.csv") {
				t.Error("the file is not moved aside")
			}
		})
	}
}

// meddling is an archive in which something is done after each snapshot.
type meddling struct {
	*archive.Archive
	after func()
}

// View gives a snapshot.
func (m *meddling) View(ctx context.Context, fn func(r store.Reader) error) error {
	err := m.Archive.View(ctx, fn)
	m.after()
	return err
}

// TestChangedAfterLookingAhead: letters that others change after they were read for a transaction, and before it, are read once more by it.
func TestChangedAfterLookingAhead(t *testing.T) {
	t.Parallel()
	const letters = 9
	for _, rows := range []int{1, 2, 4} {
		changed := false
		for snapshot := 1; snapshot <= letters+3; snapshot++ {
			s, job, ids := offeredLetters(t, letters, inParts(rows))
			n := 0
			m := &meddling{Archive: s.archive}
			last := ids[letters-1]
			m.after = func() {
				if n++; n != snapshot {
					return
				}
				// By the archive itself: it waits until the part under way is written.
				err := s.archive.InTx(s.ctx, func(tx store.Tx) error {
					l, err := tx.Shipment(s.ctx, last)
					if err != nil || !l.PostedAt.IsZero() {
						return err
					}
					changed = true
					l.ReadAt = tx.Now()
					l.Status = shipment.StatusLest
					return tx.UpdateShipment(s.ctx, l)
				})
				if err != nil {
					t.Error(err)
				}
			}
			s.config.Archive = m
			s.restart(t)
			n, changed = 0, false
			var file []receipt.Row
			for _, id := range ids {
				file = append(file, receiptRow(job, id, s.clock.now()))
			}
			data, err := receipt.Encode(file, receipt.DefaultFormat())
			must(t, err)
			im, err := s.engine.ImportReceipts(s.ctx, "trykk", "k1.csv", data)
			if err != nil || im.Applied != letters || im.Deviate != 0 || im.Booked != letters*1750 {
				t.Fatalf("in parts of %d, changed after snapshot %d: %+v %v", rows, snapshot, im, err)
			}
			want := shipment.StatusPrintet
			if changed {
				want = shipment.StatusLest
			}
			if got := s.shipment(t, last); got.Status != want || got.PostedAt.IsZero() {
				t.Errorf("in parts of %d, changed after snapshot %d: %s, posted %s", rows, snapshot, got.Status, got.PostedAt)
			}
			s.wantMoney(t, letters*1750)
			s.wantJobs(t, "CLOSED")
		}
	}
}

// TestHalfReceiptFile: while a file is half applied no month is closed and no invoice of its vendor booked, the report says so, and it
// is alarmed when it takes long. What a person has read in is applied to its end by whoever fetches receipts next, and stays theirs.
func TestHalfReceiptFile(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 5, inParts(2), func(c *engine.Config) { c.TwoPersons = false })
	posted := s.clock.now()
	month := civil.Of(posted, calendar.Oslo)[:8] + "01"
	_, to := store.ClosedMonth{Month: month}.Span()
	var rows []receipt.Row
	for _, id := range ids {
		rows = append(rows, receiptRow(job, id, posted))
	}
	data, err := receipt.Encode(rows, receipt.DefaultFormat())
	must(t, err)
	kari := access.Actor{Kind: access.Human, ID: "kari"}
	s.dieAt("receipts: rows applied", 1)
	if !s.survive(t, func() { _, _ = s.engine.ImportReceipts(access.As(s.ctx, kari), "trykk", "k1.csv", data) }) {
		t.Fatal("the process did not die")
	}
	s.wantMoney(t, 3500)
	s.wantJobs(t, "OFFERED") // more rows of it are to come
	s.clock.set(to.Add(time.Hour))
	m, err := s.engine.MonthStatus(s.ctx, month)
	must(t, err)
	if m.HalfFiles != 1 || !m.Open() {
		t.Errorf("the month: %+v", m)
	}
	refused := func(what string, err error) {
		t.Helper()
		var r *words.Refused
		if !errors.As(err, &r) || r.Note.Code != "receipts-half" || r.Note.Args["done"] != "2" || r.Note.Args["rows"] != "5" {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = s.engine.CloseMonth(s.ctx, month, "avstemt")
	refused("month", err)
	rec, err := s.engine.AddInvoice(s.ctx, "trykk", s.invoice(t, "F-1", month, civil.Of(to, calendar.Oslo)))
	must(t, err)
	_, err = s.engine.BookInvoice(s.ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "avstemt"})
	refused("invoice", err)
	notes := func() []string {
		t.Helper()
		r, err := s.engine.Report(s.ctx, finance.ReportQuery{From: month, To: civil.Of(to, calendar.Oslo)})
		must(t, err)
		must(t, r.Close())
		return r.Notes
	}
	if got := notes(); len(got) != 1 || !strings.Contains(got[0], "k1.csv") || !strings.Contains(got[0], "2 av 5 rader") {
		t.Errorf("notes of the report: %q", got)
	}
	must(t, s.engine.Watch(s.ctx))
	if !slices.Contains(s.alarms(t), "half:trykk") {
		t.Errorf("alarms: %q", s.alarms(t))
	}
	if got := s.fetch(t).Receipts; len(got) != 1 || got[0].Applied != 5 || got[0].Booked != 5*1750 {
		t.Errorf("fetched: %+v", got)
	}
	must(t, s.engine.Watch(s.ctx))
	if slices.Contains(s.alarms(t), "half:trykk") {
		t.Errorf("alarms: %q", s.alarms(t))
	}
	s.wantJobs(t, "CLOSED")
	s.wantMoney(t, 5*1750)
	who := map[string]int{}
	for _, l := range s.ledger(t) {
		who[l.By]++
	}
	if !maps.Equal(who, map[string]int{kari.String(): 10}) {
		t.Errorf("booked by %v", who)
	}
	changes := view(t, s, func(r store.Reader) ([]access.Change, error) { return r.Changes(s.ctx, access.LogFilter{}) })
	if n := len(changes); n == 0 || changes[0].Actor != kari && changes[n-1].Actor != kari {
		t.Errorf("changes: %+v", changes)
	}
	if got := notes(); len(got) != 0 {
		t.Errorf("notes of the report: %q", got)
	}
	_, err = s.engine.CloseMonth(s.ctx, month, "avstemt")
	must(t, err)
}

// TestTwoBookTheSameFile: two processes that apply one file come to what one does.
func TestTwoBookTheSameFile(t *testing.T) {
	t.Parallel()
	s, job, ids := offeredLetters(t, 9, inParts(2))
	var rows []receipt.Row
	for _, id := range ids {
		rows = append(rows, receiptRow(job, id, s.clock.now()))
	}
	data, err := receipt.Encode(rows, receipt.DefaultFormat())
	must(t, err)
	other, err := engine.New(s.ctx, s.config)
	must(t, err)
	done := make(chan receipts.Imported, 2)
	for _, e := range []*engine.Engine{s.engine, other} {
		go func() {
			im, err := e.ImportReceipts(s.ctx, "trykk", "k1.csv", data)
			if err != nil {
				t.Error(err)
			}
			done <- im
		}()
	}
	a, b := <-done, <-done
	if a.Again == b.Again || a.Applied+b.Applied != 9 {
		t.Errorf("%+v and %+v", a, b)
	}
	s.wantMoney(t, 9*1750)
	s.wantJobs(t, "CLOSED")
}

// TestManualInParts: a confirmation of many letters that dies on its way is ended by the next, and stands in the history once.
func TestManualInParts(t *testing.T) {
	t.Parallel()
	s := setup(t, here, inParts(1))
	var ids []string
	for i := range 4 {
		ids = append(ids, s.accepted(t, fmt.Sprint(i), newLetter(fmt.Sprint(i))))
	}
	s.night(t)
	job := s.onlyJob(t).ID
	s.printHere(t, job)
	s.dieAt("receipts: rows applied", 2)
	if !s.survive(t, func() { s.confirm(t, job) }) {
		t.Fatal("the process did not die")
	}
	if im := s.confirm(t, job); im.Applied != 4 {
		t.Errorf("confirmed: %+v", im)
	}
	s.wantJobs(t, "CLOSED")
	for _, id := range ids {
		s.wantStatus(t, id, shipment.StatusPrintet)
	}
	if h := s.jobHistory(t, job); strings.Count(h, "confirmed as posted") != 1 {
		t.Errorf("confirmed once, and the history says:\n%s", h)
	}
	var net money.Ore
	for _, l := range s.ledger(t) {
		net += l.Line.Net
	}
	if lines := len(s.ledger(t)); net > 0 && lines != 8 || net == 0 && lines > 8 {
		t.Errorf("%d lines, %s", lines, net)
	}
}
