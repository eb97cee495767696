package receipts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// receiptsAtOnce is how many rows are looked up, and then written, at once: a large file has many.
const receiptsAtOnce = 200

// receiptApplier applies the rows of a receipt file. What rows do is held back and written together: before a row is looked at in
// another way than by the maps here, write comes first.
type receiptApplier struct {
	e      *Receipts
	tx     store.Tx
	v      party.Vendor
	file   store.ReceiptFile
	closed []store.ClosedMonth
	out    *Imported
	// What corrections and reversals say in all, less what they changed by.
	replaced *money.Ore

	letters map[letterInJob]*store.ReceiptLetter // of the rows at hand
	ships   map[string]*store.PostedShipment     // likewise
	jobs    map[string]store.PrintJob            // as they were before their first row
	touched map[string]bool                      // jobs that have a receipt
	given   map[string]civil.Date                // the day on which a job was given over, at the earliest
	// When the letters were posted whose costs changed: from the first to the last.
	first, last time.Time
	priced      bool // a row was held against the price list, or was to be

	receipts   []store.Receipt
	lines      []store.LedgerLine
	posted     []string // shipments of ships that changed
	events     []shipment.Event
	deviations []store.Deviation
}

type letterInJob struct{ job, shipment string }

// applyRows applies some rows of a file in tx. p is how far the file has come, which it moves on.
func (e *Receipts) applyRows(ctx context.Context, tx store.Tx, v party.Vendor, file store.ReceiptFile, c chunk, p *progress) error {
	at, rows := c.at, c.rows
	closed, err := tx.ClosedMonths(ctx)
	if err != nil {
		return err
	}
	a := receiptApplier{
		e: e, tx: tx, v: v, file: file, closed: closed, out: &p.Out, replaced: &p.Replaced, first: p.First, last: p.Last,
		letters: map[letterInJob]*store.ReceiptLetter{}, ships: map[string]*store.PostedShipment{}, jobs: map[string]store.PrintJob{}, touched: map[string]bool{}, given: map[string]civil.Date{},
	}
	if p.Job != "" {
		a.touched[p.Job] = true
	}
	for some := range slices.Chunk(rows, receiptsAtOnce) {
		clear(a.letters)
		clear(a.ships)
		if err := a.look(ctx, a.known(c.ahead, some)); err != nil {
			return err
		}
		for _, row := range some {
			if err := a.apply(ctx, at, row, some); err != nil {
				return err
			}
			at++
		}
		if err := a.write(ctx); err != nil {
			return err
		}
	}
	p.First, p.Last, p.Job = a.first, a.last, ""
	if last := rows[len(rows)-1].Job; !c.ends && a.touched[last] {
		p.Job = last
		delete(a.touched, last)
	}
	for _, job := range slices.Sorted(maps.Keys(a.touched)) {
		if err := e.receipted(ctx, tx, job); err != nil {
			return err
		}
	}
	if a.priced {
		return a.pricesKnown(ctx)
	}
	return nil
}

// pricesKnown ends the alarm that receipts cannot be held against the price list, unless it was of this file.
func (a *receiptApplier) pricesKnown(ctx context.Context) error {
	open, err := a.tx.Alarms(ctx, true)
	if err != nil {
		return err
	}
	key := pricesAlarm(a.v.Key)
	if slices.ContainsFunc(open, func(o alarm.Alarm) bool { return o.Key == key && o.Last.Before(a.file.Fetched) }) {
		return a.tx.ResolveAlarm(ctx, key)
	}
	return nil
}

// pricesAlarm is the key of the alarm that receipts of a vendor cannot be held against its price list.
func pricesAlarm(vendor string) string { return "prices:" + vendor }

// look reads the letters of rows, as they are now.
func (a *receiptApplier) look(ctx context.Context, rows []receipt.Row) error {
	ids := make([]string, 0, len(rows))
	for _, row := range rows {
		ids = append(ids, row.Shipment)
	}
	found, err := a.tx.ReceiptLetters(ctx, ids)
	if err != nil {
		return err
	}
	for _, l := range found {
		a.has(l)
	}
	return nil
}

// has keeps a letter for the rows at hand.
func (a *receiptApplier) has(l store.ReceiptLetter) {
	a.letters[letterInJob{l.Job, l.Shipment}] = &l
	a.ships[l.Shipment] = &l.Of
}

// write writes what was held back.
func (a *receiptApplier) write(ctx context.Context) error {
	list := make([]store.PostedShipment, len(a.posted))
	for i, id := range a.posted {
		list[i] = *a.ships[id]
		a.ships[id].Version++
	}
	for _, err := range []error{
		a.tx.InsertReceipts(ctx, a.receipts...), a.tx.Book(ctx, a.lines), a.tx.PostShipments(ctx, list), a.tx.AddEvents(ctx, a.events...),
		a.tx.InsertDeviations(ctx, a.deviations),
	} {
		if err != nil {
			return err
		}
	}
	a.receipts, a.lines, a.posted, a.events, a.deviations = a.receipts[:0], a.lines[:0], a.posted[:0], a.events[:0], a.deviations[:0]
	return nil
}

// changes notes that the costs change of letters posted then.
func (a *receiptApplier) changes(posted ...time.Time) {
	for _, t := range posted {
		if a.first.IsZero() || t.Before(a.first) {
			a.first = t
		}
		if t.After(a.last) {
			a.last = t
		}
	}
}

func (a *receiptApplier) deviate(account string, found ...receipt.Deviation) {
	for _, d := range found {
		a.deviations = append(a.deviations, deviationOf(a.v.Key, a.file.SHA256, account, a.tx.Now(), d))
	}
	a.out.Deviate += len(found)
}

// aside keeps a row that is not booked.
func (a *receiptApplier) aside(r store.Receipt, state store.ReceiptState, account string, d receipt.Deviation) {
	r.State = state
	a.receipts = append(a.receipts, r)
	a.out.Unbooked += r.Row.Net()
	a.deviate(account, d)
	switch state {
	case store.ReceiptUnknown:
		a.out.Unknown++
	case store.ReceiptDuplicate:
		a.out.Doubles++
	case store.ReceiptConflict:
		a.out.Conflict++
	default: // an applied one is not put aside
	}
}

// letter is the letter that a row is for, nil when the row cannot be for one of the vendor's.
func (a *receiptApplier) letter(ctx context.Context, row receipt.Row) (*store.ReceiptLetter, error) {
	l := a.letters[letterInJob{row.Job, row.Shipment}]
	if l == nil {
		return nil, nil
	}
	j, seen := a.jobs[row.Job]
	if !seen {
		var err error
		if j, err = a.tx.Job(ctx, row.Job); err != nil {
			return nil, err
		}
		a.jobs[row.Job] = j
	}
	if j.Vendor != a.v.Key || j.State.Uncomposed() || j.State == store.JobComposed || j.State == store.JobUploaded || j.State == store.JobWithdrawn || j.State == store.JobRejected {
		return nil, nil
	}
	if row.Kind == receipt.RowReversal && l.Applied == nil {
		return nil, nil // nothing is there to be taken back; nor does it say that the letter was posted
	}
	return l, nil
}

// apply applies the i-th row of the file, one of the rows at hand.
func (a *receiptApplier) apply(ctx context.Context, i int, row receipt.Row, hand []receipt.Row) error {
	e, tx := a.e, a.tx
	r := store.Receipt{ID: e.receiptID(a.v.Key, a.file.SHA256, i), Vendor: a.v.Key, File: a.file.SHA256, Row: row}
	l, err := a.letter(ctx, row)
	if err != nil {
		return err
	}
	if l == nil {
		a.aside(r, store.ReceiptUnknown, "", receipt.Unknown(row))
		return nil
	}
	if !a.touched[row.Job] {
		a.touched[row.Job] = true
		if s := a.jobs[row.Job].State; s == store.JobCommitted || s == store.JobUncertain || s == store.JobOffering {
			// The receipt proves the hand-over, which marks the letters as sent; only then can they be printed.
			if e.jobs.Large(a.jobs[row.Job]) {
				return &unmarkedError{row.Job}
			}
			if err := a.write(ctx); err != nil {
				return err
			}
			if err := e.jobs.Offered(ctx, tx, row.Job, shipment.Note{Code: "receipts-came"}); err != nil {
				return err
			}
			if err := a.look(ctx, hand); err != nil {
				return err
			}
			l = a.letters[letterInJob{row.Job, row.Shipment}]
		}
	}
	account := l.Of.Account
	if row.Kind == receipt.RowReturn {
		return a.returned(ctx, account, row)
	}
	if l.Applied != nil {
		same := l.Applied.Row
		if row.Kind == "" && same.Kind == receipt.RowCorrection { // what it corrects came later, and says the same
			same.Kind = ""
		}
		if same.SameFacts(row) {
			a.aside(r, store.ReceiptDuplicate, account, receipt.Repeated(row, row, calendar.Oslo))
			return nil
		}
		if err := a.write(ctx); err != nil { // what it repeats or corrects may be of this file
			return err
		}
		before, err := saidBefore(ctx, tx, row)
		switch {
		case err != nil:
			return err
		case before:
			a.aside(r, store.ReceiptDuplicate, account, receipt.Repeated(row, row, calendar.Oslo))
			return nil
		case row.Kind == "":
			a.aside(r, store.ReceiptConflict, account, receipt.Repeated(l.Applied.Row, row, calendar.Oslo))
			return nil
		}
		was := bookedNet(l.Applied.Row)
		found, span, err := e.corrects(ctx, tx, a.v, r, *l.Applied)
		if err != nil {
			return err
		}
		a.changes(span[:]...)
		a.deviations = append(a.deviations, found...)
		a.out.Deviate += len(found)
		a.out.Corrects++
		a.out.Booked += bookedNet(row) - was
		*a.replaced += row.Net() - bookedNet(row) + was
		return a.look(ctx, []receipt.Row{row})
	}
	at, odd, err := a.postedAt(ctx, row)
	if err != nil {
		return err
	}
	a.changes(at)
	r.State = store.ReceiptApplied
	a.receipts = append(a.receipts, r)
	l.Applied = &r
	// The amounts are the vendor's word; the code is ours: a wrong code in a receipt is a deviation, it does not move
	// the cost to another budget.
	booked, reprint := row, a.jobs[row.Job].Reprint
	booked.Konteringskode, booked.PostedAt = l.Konteringskode, at
	a.lines = append(a.lines, receiptLines(a.closed, tx.Now(), r, booked, account, reprint, a.v.VAT)...)
	a.out.Applied++
	a.out.Booked += row.Net()
	row.PostedAt = at
	found, err := e.reconcile(ctx, tx, a.v, account, l.Of.Zone, l.JobLetter, row)
	if err != nil {
		return err
	}
	a.priced = a.priced || a.v.Prices != nil
	a.deviate(account, append(found, odd...)...)
	a.post(row, reprint)
	return nil
}

// unmarkedError says that a job was handed over, and that its letters are to be marked as sent before its receipts are applied: they are
// too many for the same transaction.
type unmarkedError struct{ job string }

func (e *unmarkedError) Error() string {
	return "the letters of job " + e.job + " are not marked as sent yet"
}

// postedAt is when a letter counts as posted: when its receipt says, or, when that cannot be, when the receipt came. odd says so then.
func (a *receiptApplier) postedAt(ctx context.Context, row receipt.Row) (at time.Time, odd []receipt.Deviation, err error) {
	given, known := a.given[row.Job]
	if !known {
		if given, err = givenOver(ctx, a.tx, row.Job); err != nil {
			return at, nil, err
		}
		a.given[row.Job] = given
	}
	at, odd = postedAt(row, given, a.file.Fetched)
	return at, odd, nil
}

// postedAt is when a letter counts as posted, of a job that was given over on a day and a receipt that came at a time.
func postedAt(row receipt.Row, given civil.Date, arrived time.Time) (at time.Time, odd []receipt.Deviation) {
	if d, is := receipt.ReconcilePosted(row, given, civil.Of(arrived, calendar.Oslo), calendar.Oslo); is {
		return arrived.UTC().Truncate(time.Millisecond), []receipt.Deviation{d}
	}
	return row.PostedAt.UTC().Truncate(time.Millisecond), nil
}

// givenOver is the day on which a job was given over at the earliest: when it passed its last gate. One that did not, as far as the
// archive knows, cannot have been given over before it was made.
func givenOver(ctx context.Context, r store.Reader, job string) (civil.Date, error) {
	history, err := r.JobHistory(ctx, job)
	if err != nil {
		return "", err
	}
	for _, ev := range history {
		if ev.To == store.JobCommitted {
			return civil.Of(ev.At, calendar.Oslo), nil
		}
	}
	j, err := r.Job(ctx, job)
	return civil.Of(j.Created, calendar.Oslo), err
}

// post records that a letter was posted: PRINTET, unless it was read or closed meanwhile; then the fact stands
// beside the status, and the cost is booked all the same (docs/sources.md, Statuses). It was posted when it first was: a
// reprint does not move that.
func (a *receiptApplier) post(row receipt.Row, reprint bool) {
	s := a.ships[row.Shipment]
	from, at := s.Status, row.PostedAt.UTC().Truncate(time.Millisecond)
	if s.PostedAt.IsZero() || at.Before(s.PostedAt) {
		s.PostedAt = at
	}
	kind, why := shipment.EventPosted, shipment.Note{Code: "receipt", Args: shipment.Args{"job": row.Job}}
	if reprint {
		why = shipment.Note{Code: "receipt-reprint", Args: shipment.Args{"job": row.Job}}
	}
	if from.MayBecome(shipment.StatusPrintet) {
		s.Status, kind = shipment.StatusPrintet, shipment.EventStatus
	}
	if !slices.Contains(a.posted, s.ID) {
		a.posted = append(a.posted, s.ID)
	}
	a.events = append(a.events, shipment.Event{Shipment: s.ID, At: at, Kind: kind, From: from, To: s.Status, Reason: why.String()})
}

// returned takes a row that says that a letter came back.
func (a *receiptApplier) returned(ctx context.Context, account string, row receipt.Row) error {
	if err := a.write(ctx); err != nil {
		return err
	}
	at, odd, err := a.postedAt(ctx, row)
	if err != nil {
		return err
	}
	news, err := a.e.returned(ctx, a.tx, row.Shipment, a.ships[row.Shipment].Status, a.v.Key, row, at)
	if news {
		a.out.Returned++
		a.deviate(account, odd...)
	} else {
		a.out.Doubles++
	}
	return err
}

// returned notes in the history that a letter came back at a time. Its status stays: it was printed and posted. news: it was not
// noted before.
func (e *Receipts) returned(ctx context.Context, tx store.Tx, id string, status shipment.Status, vendor string, row receipt.Row, at time.Time) (news bool, err error) {
	said := row.PostedAt.UTC().Truncate(time.Millisecond)
	key := fmt.Sprintf("retur/%s/%s/%s/%s/%s", vendor, row.Job, row.Shipment, said.Format(time.RFC3339), row.Reason)
	history, err := tx.History(ctx, id)
	if err != nil || slices.ContainsFunc(history, func(ev shipment.Event) bool { return ev.Key == key }) {
		return false, err
	}
	why := shipment.Note{Code: "returned", Args: shipment.Args{"cause": string(row.Reason), "job": row.Job}}
	return true, tx.AddEvents(ctx, shipment.Event{Shipment: id, At: at, Kind: shipment.EventReturned, From: status, To: status, Key: key, Reason: why.String()})
}

// bookedNet is what the ledger holds for a receipt in force, net.
func bookedNet(r receipt.Row) money.Ore {
	if r.Kind == receipt.RowReversal {
		return 0
	}
	return r.Net()
}

// reconcile holds a receipt against what was sent and against the price list.
func (e *Receipts) reconcile(ctx context.Context, tx store.Tx, v party.Vendor, account, zone string, letter store.JobLetter, row receipt.Row) ([]receipt.Deviation, error) {
	found := receipt.Reconcile(letter.Sent(), row, v.Tolerances)
	if v.Prices == nil {
		return append(found, receipt.ReconcileAmount(row, v.Tolerances)...), nil
	}
	quote, err := v.Prices.Quote(e.accept.PricedLetter(account, zone, letter, v), civil.Of(row.PostedAt, calendar.Oslo))
	if err != nil {
		// What the vendor says is booked all the same; that we cannot check it is told.
		return append(found, receipt.ReconcileAmount(row, v.Tolerances)...), tx.RaiseAlarm(ctx, pricesAlarm(v.Key), alarm.Args{"vendor": v.Key, "why": err.Error()})
	}
	return append(found, receipt.ReconcilePrice(quote.Production, quote.Postage, row, v.Tolerances)...), nil
}

// deviationOf places a finding in the ledger. The same one in the same file is one.
func deviationOf(vendor, file, account string, at time.Time, d receipt.Deviation) store.Deviation {
	return store.Deviation{
		Key: deviationKey(vendor, file, d.Job, d.Shipment, d.Kind),
		At:  at, Vendor: vendor, File: file, Account: account, Finding: d,
	}
}

func deviationKey(vendor, file, job, shipment string, kind receipt.DeviationKind) string {
	return strings.Join([]string{vendor, file, job, shipment, string(kind)}, "/")
}

// settleReceipt settles what was found in a receipt of a file, of these kinds, since another took its place or a person decided.
// What people have accepted or settled stays so.
func settleReceipt(ctx context.Context, tx store.Tx, r store.ReceiptRecord, kinds []receipt.DeviationKind, why shipment.Note) error {
	keys := make([]string, len(kinds))
	for i, kind := range kinds {
		keys[i] = deviationKey(r.Vendor, r.File, r.Row.Job, r.Row.Shipment, kind)
	}
	found, err := tx.Deviations(ctx, store.DeviationFilter{Keys: keys})
	if err != nil {
		return err
	}
	for _, d := range found {
		if d.State != store.DeviationOpen && d.State != store.DeviationDisputed {
			continue
		}
		if err := tx.DecideDeviation(ctx, d.Key, store.DeviationSettled, why.String()); err != nil {
			return err
		}
	}
	return nil
}

// receipted moves a job on after receipts: they prove that the vendor has it, and the last one closes it.
func (e *Receipts) receipted(ctx context.Context, tx store.Tx, id string) error {
	j, err := tx.Job(ctx, id)
	if err != nil {
		return err
	}
	if j.State == store.JobOffered {
		if err := e.MoveJob(ctx, tx, j, store.JobAccepted, shipment.Note{Code: "receipts-came"}); err != nil {
			return err
		}
		if j, err = tx.Job(ctx, id); err != nil {
			return err
		}
	}
	left, err := tx.Unreceipted(ctx, id)
	if err != nil || left > 0 || j.State != store.JobAccepted {
		return err
	}
	return e.MoveJob(ctx, tx, j, store.JobClosed, shipment.Note{Code: "receipts-all"})
}
