package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/find"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// consoleLetter is a letter of the two weeks that are written letter by letter.
type consoleLetter struct {
	s       shipment.Shipment
	fate    consoleFate
	night   time.Time // when it was collected; zero: it was not
	posted  time.Time // zero: it was not
	job     string
	letter  int    // its number there
	receipt string // id of its receipt; empty: there is none
	file    string // hash of the file that the receipt is from
}

// consoleModel is a letter that was taken and prepared: what others are made of.
type consoleModel struct {
	shipment.Shipment
	documents []shipment.Document
}

// consoleJob is a print job of these letters.
type consoleJob struct {
	night   time.Time
	account string
	letters []*consoleLetter
}

// base is what is written by the ordinary ways of the archive, and what the rest is multiplied from.
type base struct {
	w       *consoleWorld
	a       *archive.Archive
	now     time.Time // the archive's clock
	hash    func(number string) string
	models  []consoleModel
	letters []*consoleLetter // by time; the first w.week are the ones to multiply
	jobs    []*consoleJob    // by time
	settled int              // jobs of the letters to multiply
}

// draw makes up the letters.
func (b *base) draw() {
	w := b.w
	first, open := consoleNow.AddDate(0, 0, -14), consoleNow.AddDate(0, 0, -7)
	rest := w.many - w.weeks*w.week
	for i := range w.week + rest {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		l := &consoleLetter{}
		from, part := first, float64(i)/float64(w.week)
		if i >= w.week {
			from, part = open, float64(i-w.week)/float64(rest)
		}
		at := from.Add(time.Duration(part * float64(7*24*time.Hour))).Truncate(time.Millisecond)
		l.fate = w.settled(r)
		l.s = b.shipment(r, i, at, from, l.fate)
		if l.fate.print {
			l.collect(i >= w.week)
		}
		b.letters = append(b.letters, l)
	}
	jobs := map[string]*consoleJob{}
	for i, l := range b.letters {
		if l.night.IsZero() {
			continue
		}
		// The weeks have no job in common, since the one is multiplied.
		key := fmt.Sprint(i >= w.week, l.night, l.s.Account)
		j := jobs[key]
		if j == nil {
			j = &consoleJob{night: l.night, account: l.s.Account}
			jobs[key] = j
			b.jobs = append(b.jobs, j)
			if i < w.week {
				b.settled++
			}
		}
		j.letters = append(j.letters, l)
	}
	slices.SortStableFunc(b.jobs, func(x, y *consoleJob) int {
		old := func(j *consoleJob) int {
			if j.letters[0].s.ReceivedAt.Before(open) {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(old(x), old(y)), x.night.Compare(y.night), cmp.Compare(x.account, y.account))
	})
}

// collect is the night in which a letter goes to paper. open: in the week before now, so that the night may not have been yet.
func (l *consoleLetter) collect(open bool) {
	day := l.s.DueAt.Truncate(24 * time.Hour)
	night := day.Add(20 * time.Hour)
	if night.Before(l.s.DueAt) {
		night = night.AddDate(0, 0, 1)
	}
	posted := night.Truncate(24*time.Hour).AddDate(0, 0, 1).Add(11 * time.Hour)
	switch {
	case open && !night.Before(consoleNow) && l.fate.reason == shipment.ReasonUnread:
		l.s.Status = shipment.StatusVarslet
		return
	case open && !night.Before(consoleNow):
		l.s.Status = shipment.StatusAkseptert
		return
	case open && !posted.AddDate(0, 0, 1).Before(consoleNow):
		l.s.Status = shipment.StatusSendtPrint
	default:
		l.posted, l.s.PostedAt = posted, posted
	}
	l.night, l.s.SentAt = night, night.Add(10*time.Minute)
}

// shipment makes up letter i.
func (b *base) shipment(r *rand.Rand, i int, at, week time.Time, f consoleFate) shipment.Shipment {
	w, id := b.w, consoleID(r)
	s := shipment.Shipment{
		ID: id, Account: w.account(often(r, consoleAccounts)), HandIn: fmt.Sprintf("%s-%06d", week.Format("20060102"), i), Status: f.status,
		Fingerprint: consoleHash(id)[8:24], Content: consoleHash(id), Zone: "NORGE", ReceivedAt: at, Hold: f.hold, Version: 3,
	}
	s.Submission = shipment.Submission{
		Title: "Vedtak i en sak som er et eksempel", SendingSystem: fmt.Sprintf("Fagsystem %d", often(r, consoleSystems)+1), Konteringskode: w.code(often(r, consoleCodes)),
		ExternalReference: fmt.Sprintf("%d/%05d-%d", at.Year(), r.IntN(90_000), r.IntN(9)), Recipient: w.person(r.IntN(w.persons())),
		PrintOnly: f.reason == shipment.ReasonPrintOnly, Documents: []shipment.SubmittedFile{{FileName: "vedtak.pdf", MimeType: "application/pdf"}},
	}
	if f.reason == shipment.ReasonNoDigitalID {
		s.Submission.Recipient.DigitalID = ""
	}
	if f.status == shipment.StatusAvvist {
		s.Refusals = []shipment.Refusal{{Code: "postnummer", Field: "mottaker.postnummer"}}
		return s
	}
	m := b.models[i%len(b.models)]
	s.Prepared, s.Facts, s.PreparedKey = m.Prepared, m.Facts, m.PreparedKey
	if i < w.week { // its file is not looked at
		s.Prepared.SHA256, s.PreparedKey = consoleHash(id), consoleHash(id)[4:]+"abcd"
	}
	switch f.reason {
	case "":
		s.NotifiedAt = at.Add(time.Minute)
	case shipment.ReasonUnread:
		s.NotifiedAt, s.DueAt, s.DueReason = at.Add(time.Minute), at.Add(48*time.Hour), f.reason
	default:
		s.DueAt, s.DueReason = at.Add(time.Minute), f.reason
	}
	switch f.status {
	case shipment.StatusLest:
		s.ReadAt = at.Add(5 * time.Hour)
	case shipment.StatusManueltHandtert:
		s.ClosedAt = at.Add(6 * time.Hour)
	default:
	}
	return s
}

// events are a letter's history.
func (l *consoleLetter) events() []shipment.Event {
	s := l.s
	out := []shipment.Event{{Shipment: s.ID, At: s.ReceivedAt, Recorded: s.ReceivedAt, Kind: shipment.EventReceived, From: shipment.StatusMottatt, To: shipment.StatusMottatt}}
	status := shipment.StatusMottatt
	move := func(at time.Time, to shipment.Status, reason string) {
		out = append(out, shipment.Event{Shipment: s.ID, At: at, Recorded: at, Kind: shipment.EventStatus, From: status, To: to, Reason: reason})
		status = to
	}
	if s.Status == shipment.StatusAvvist {
		move(s.ReceivedAt.Add(10*time.Second), s.Status, "postnummer")
		return out
	}
	move(s.ReceivedAt.Add(10*time.Second), shipment.StatusAkseptert, "")
	if s.Hold != "" {
		out = append(out, shipment.SetAside(s, s.ReceivedAt.Add(time.Minute), shipment.Refusal{Code: s.Hold, Args: shipment.Args{"problem": "an example"}}))
	}
	if !s.NotifiedAt.IsZero() && s.Hold != "oppsett" {
		move(s.NotifiedAt, shipment.StatusVarslet, string(shipment.DigitalNotified))
		out[len(out)-1].Key = "varslet-" + s.ID
	}
	switch s.Status {
	case shipment.StatusLest:
		move(s.ReadAt, s.Status, string(shipment.DigitalRead))
		out[len(out)-1].Key = "lest-" + s.ID
	case shipment.StatusManueltHandtert:
		move(s.ClosedAt, s.Status, string(shipment.DigitalClosed))
	case shipment.StatusLevertSDP:
		move(s.NotifiedAt.Add(time.Minute), s.Status, string(shipment.DigitalSDPDelivered))
	default:
	}
	if l.job == "" {
		return out
	}
	out = append(out, shipment.Event{Shipment: s.ID, At: l.night, Recorded: l.night, Kind: shipment.EventCollected, From: status, To: status, Reason: string(s.DueReason) + " " + l.job})
	move(s.SentAt, shipment.StatusSendtPrint, l.job)
	if !l.posted.IsZero() {
		move(l.posted, shipment.StatusPrintet, shipment.Note{Code: "receipt", Args: shipment.Args{"job": l.job}}.String())
		out[len(out)-1].Recorded = l.posted.Add(3 * time.Hour)
	}
	return out
}

// write puts all of it into the archive.
func (b *base) write(ctx context.Context) error {
	if err := b.inTx(ctx, func(tx store.Tx) error { return tx.RaiseJobNumber(ctx, (b.w.weeks-1)*b.settled) }); err != nil {
		return err
	}
	for some := range slices.Chunk(b.jobs, 1000) { // ids first: histories name them
		err := b.inTx(ctx, func(tx store.Tx) error {
			for _, j := range some {
				id, err := tx.NextJobID(ctx)
				if err != nil {
					return err
				}
				for i, l := range j.letters {
					l.job, l.letter = id, i+1
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	const atOnce = 2000
	for some := range slices.Chunk(b.letters, atOnce) {
		err := b.inTx(ctx, func(tx store.Tx) error { return b.writeLetters(ctx, tx, some) })
		if err != nil {
			return err
		}
	}
	for some := range slices.Chunk(b.jobs, 200) {
		err := b.inTx(ctx, func(tx store.Tx) error {
			for _, j := range some {
				if err := b.writeJob(ctx, tx, j); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return b.writeReceipts(ctx)
}

func (b *base) inTx(ctx context.Context, fn func(tx store.Tx) error) error { return b.a.InTx(ctx, fn) }

func (b *base) writeLetters(ctx context.Context, tx store.Tx, list []*consoleLetter) error {
	var events []shipment.Event
	var persons []find.Person
	for _, l := range list {
		document := b.models[0].documents[0]
		if m := b.models[len(l.s.ID)%len(b.models)]; len(m.documents) > 0 {
			document = m.documents[0]
		}
		document.Shipment, document.Position = l.s.ID, 0
		if l.s.Prepared.SHA256 == consoleHash(l.s.ID) {
			document.Blob.SHA256 = consoleHash(l.s.ID)[2:] + "dd"
		}
		if err := tx.InsertShipment(ctx, l.s, []shipment.Document{document}); err != nil {
			return err
		}
		events, persons = append(events, l.events()...), append(persons, recipient.Row(l.s, b.hash))
	}
	if err := tx.AddEvents(ctx, events...); err != nil {
		return err
	}
	return tx.PutPersons(ctx, persons...)
}

// writeJob stores a print job as it is in the end.
func (b *base) writeJob(ctx context.Context, tx store.Tx, j *consoleJob) error {
	id, vendor := j.letters[0].job, b.w.vendor(j.account)
	sent := j.letters[0].s.SentAt
	p := store.PrintJob{
		ID: id, Vendor: vendor, State: store.JobClosed, Class: exchange.Class{Account: j.account, Duplex: true, Envelope: "C5", Zone: "NORGE"},
		Created: j.night, Updated: sent.Add(30 * time.Hour), OfferedAt: sent, Letters: len(j.letters), Ticket: id + ".json", TicketSHA: consoleHash(j.letters[0].s.ID), Version: 7,
	}
	states := []store.JobState{store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobOffered, store.JobAccepted, store.JobClosed}
	if j.letters[0].posted.IsZero() {
		p.State, p.Updated, states = store.JobAccepted, sent.Add(15*time.Minute), states[:6]
	}
	var rows []store.JobLetter
	for i, l := range j.letters {
		rows = append(rows, store.JobLetter{
			Job: id, Shipment: l.s.ID, Letter: l.letter, Konteringskode: l.s.Submission.Konteringskode, Reason: l.s.DueReason, File: id + "-001.pdf",
			FirstSide: 6*i + 1, LastSide: 6*i + 6, Sheets: 3, Pages: 4, PagesBW: 4, Envelope: "C5", WeightGram: 20, Expected: &store.ExpectedCost{Production: 305, Postage: 1450},
		})
	}
	p.Totals = exchange.Totals{Letters: len(rows), Sheets: 3 * len(rows), Pages: 4 * len(rows), PagesBW: 4 * len(rows), Sides: 6 * len(rows), WeightGram: int64(20 * len(rows)), Bytes: int64(40_000 * len(rows))}
	if err := tx.InsertJob(ctx, p, rows); err != nil {
		return err
	}
	var files []store.JobFile
	for i, f := range []exchange.File{
		{Name: id + "-001.pdf", Kind: exchange.KindPrint, Bytes: p.Totals.Bytes, Sides: p.Totals.Sides, Letters: len(rows), FirstLetter: 1, LastLetter: len(rows)},
		{Name: id + "-manifest.csv", Kind: exchange.KindManifest, Bytes: int64(200 * len(rows))}, {Name: id + ".json", Kind: exchange.KindTicket, Bytes: 2000},
	} {
		f.SHA256 = consoleHash(rows[0].Shipment)[i+1:] + "fff"[:i+1]
		files = append(files, store.JobFile{Job: id, File: f, Blob: shipment.BlobRef{SHA256: f.SHA256, Bytes: f.Bytes}})
	}
	if err := tx.SetJobFiles(ctx, id, files, nil); err != nil {
		return err
	}
	from := store.JobState("")
	for i, to := range states {
		at := j.night.Add(time.Duration(i) * 2 * time.Minute)
		if to == store.JobClosed {
			at = p.Updated
		}
		if err := tx.AddJobEvent(ctx, store.JobEvent{Job: id, At: at, From: from, To: to}); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// writeReceipts books what was posted: a file of a vendor each day.
func (b *base) writeReceipts(ctx context.Context) error {
	type key struct {
		vendor  string
		posted  time.Time
		settled bool // the weeks have no file in common
	}
	files := map[key][]*consoleLetter{}
	var order []key
	for i, l := range b.letters {
		if l.posted.IsZero() {
			continue
		}
		k := key{b.w.vendor(l.s.Account), l.posted, i < b.w.week}
		if files[k] == nil {
			order = append(order, k)
		}
		files[k] = append(files[k], l)
	}
	for n, k := range order {
		r := rand.New(rand.NewPCG(4, uint64(n)))
		sha := consoleHash(consoleID(r))
		err := b.inTx(ctx, func(tx store.Tx) error {
			f := store.ReceiptFile{
				Vendor: k.vendor, SHA256: sha, Name: "kvittering-" + k.posted.Format("20060102") + ".csv", Blob: shipment.BlobRef{SHA256: sha, Bytes: int64(90 * len(files[k]))},
				Fetched: k.posted.Add(3 * time.Hour), Rows: len(files[k]),
			}
			if err := tx.InsertReceiptFile(ctx, f); err != nil {
				return err
			}
			var rows []store.Receipt
			var lines []store.LedgerLine
			for i, l := range files[k] {
				l.receipt, l.file = consoleID(r), sha
				row := receipt.Row{
					Line: i + 2, Job: l.job, Shipment: l.s.ID, PrintID: fmt.Sprintf("P-%d-%d", n, i), PostedAt: l.posted, PagesBW: 4, EnvelopesAuto: 1, ExtraSheetsAuto: 2,
					WeightGram: 20, Production: money.Ore(305 + i%7), Postage: 1450, Konteringskode: l.s.Submission.Konteringskode,
				}
				rows = append(rows, store.Receipt{ID: l.receipt, Vendor: k.vendor, File: sha, State: store.ReceiptApplied, Row: row})
				for place, line := range ledger.Lines(row, ledger.VAT{ProductionPercent: 25, PostagePercent: 25}) {
					lines = append(lines, store.LedgerLine{
						Entry: l.receipt, Place: place, BookedAt: l.posted, PostedAt: l.posted, Vendor: k.vendor, Account: l.s.Account, Shipment: l.s.ID, Job: l.job,
						Line: line, Letters: 1 - place, Source: store.LedgerReceipt, Document: sha,
					})
				}
			}
			if err := tx.InsertReceipts(ctx, rows...); err != nil {
				return err
			}
			return tx.Book(ctx, lines)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// around is what an archive of years has beside letters: people, registers, runs, alarms, deviations, look-ups, closed months.
func (b *base) around(ctx context.Context) error {
	w, begin := b.w, consoleNow.AddDate(0, 0, -7*(b.w.weeks+1))
	err := b.inTx(ctx, func(tx store.Tx) error {
		for _, p := range w.people() {
			p.Created = begin
			if err := tx.PutPerson(ctx, p, "måling"); err != nil {
				return err
			}
		}
		var list []codes.Entry
		for n := range consoleCodes {
			list = append(list, codes.Entry{Code: w.code(n), Name: fmt.Sprintf("Enhet %d", n+1), Budget: 50_000_00, HasBudget: true})
		}
		return tx.SetCodeRegister(ctx, list)
	})
	if err != nil {
		return err
	}
	day, last := begin.Truncate(24*time.Hour), consoleNow
	for ; day.Before(last); day = day.AddDate(0, 0, 1) {
		if err := b.inTx(ctx, func(tx store.Tx) error { return b.day(ctx, tx, day) }); err != nil {
			return err
		}
	}
	b.now = consoleNow
	return b.inTx(ctx, func(tx store.Tx) error {
		for n := range 12 {
			if err := tx.RaiseAlarm(ctx, fmt.Sprintf("disk:%d", n), alarm.Args{"mb": "2048"}); err != nil {
				return err
			}
		}
		month := civil.Date(begin.Format("2006-01") + "-01")
		for until := civil.Date(consoleNow.AddDate(0, -2, 0).Format("2006-01") + "-01"); month < until; month = civil.NextMonth(month) {
			if err := tx.CloseMonth(ctx, store.ClosedMonth{Month: month, Reason: "alt er bokført"}); err != nil {
				return err
			}
		}
		return nil
	})
}

// day is what a day leaves beside its letters.
func (b *base) day(ctx context.Context, tx store.Tx, day time.Time) error {
	w, n := b.w, int(day.Unix()/86400)
	r := rand.New(rand.NewPCG(5, uint64(n)))
	b.now = day.Add(12 * time.Hour)
	var errs []error
	slot := func(schedule string, at time.Time, summary string) {
		ok, err := tx.ClaimSlot(ctx, schedule, at, store.SlotRunning)
		if err == nil && ok {
			err = tx.FinishSlot(ctx, schedule, at, store.SlotDone, summary)
		}
		errs = append(errs, err)
	}
	slot("night", day.Add(20*time.Hour-24*time.Hour), shipment.Note{Code: "night", Args: shipment.Args{"collected": "1900", "jobs": "40", "offered": "40", "letters": "1890", "dropped": "10", "aside": "0"}}.String())
	for h := range 24 {
		slot("receipts", day.Add(time.Duration(h)*time.Hour-24*time.Hour), shipment.Note{Code: "fetched", Args: shipment.Args{"accepted": "2", "rejected": "0", "files": "1", "applied": "80", "stopped": "0"}}.String())
	}
	if r.IntN(2) == 0 {
		key := fmt.Sprintf("missed:dag-%d", n)
		errs = append(errs, tx.RaiseAlarm(ctx, key, alarm.Args{"schedule": "receipts"}), tx.ResolveAlarm(ctx, key))
	}
	var found []store.Deviation
	for i := range r.IntN(3) {
		l := b.letters[r.IntN(w.week)]
		found = append(found, store.Deviation{
			Key: fmt.Sprintf("måling-%d-%d", n, i), At: b.now, Vendor: w.vendor(l.s.Account), Account: l.s.Account,
			Finding: receipt.Deviation{Kind: receipt.DeviationWeight, Shipment: l.s.ID, Job: l.job, Expected: "20", Got: "24", Amount: 100},
		})
	}
	errs = append(errs, tx.InsertDeviations(ctx, found))
	for _, d := range found {
		if consoleNow.Sub(day) > 20*24*time.Hour {
			errs = append(errs, tx.DecideDeviation(ctx, d.Key, store.DeviationAccepted, "liten forskjell"))
		}
	}
	people := w.people()
	for range min(40, 1+w.many/20_000) {
		l := b.letters[r.IntN(len(b.letters))]
		_, err := tx.AddLookup(ctx, access.Lookup{
			Actor: access.Actor{Kind: access.Human, ID: people[r.IntN(len(people))].ID}, Shipment: l.s.ID, Account: l.s.Account, What: []access.What{access.WhatRecipient}, Purpose: "spørsmål fra mottakeren",
		})
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// fragment is a recipient as a submission keeps it.
func fragment(to shipment.PostalAddress) (string, error) {
	data, err := json.Marshal(to)
	return string(data), err
}
