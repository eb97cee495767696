package finance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/invoices"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// MonthStatus is what there is to know of a month before it is closed for good.
type MonthStatus struct {
	Month  civil.Date         // its first day
	Closed *store.ClosedMonth // nil: it is open
	// Booked in the month, net, and the letters that it counts.
	Net     money.Ore
	Letters int
	// What a person should look at first:
	Unreceipted   int                 // letters that were handed over before its end and have no receipt
	StoppedFiles  int                 // receipt files that cannot be taken, of any time
	HalfFiles     int                 // receipt files of which rows are left to be booked: the month cannot be closed before
	Conflicts     int                 // receipts in conflict that nobody has decided about, of any time
	Deviations    int                 // open or disputed, of any time
	DeviationsNet money.Ore           // what is at stake in them
	Unbooked      []invoices.Invoiced // invoices for a time in it that are not booked
	NotInvoiced   []Accrual           // receipts of letters posted in it that no invoice is for
}

// Accrual is what a vendor has told by receipts for a month and not invoiced.
type Accrual struct {
	Vendor string
	Net    money.Ore
}

// Open reports whether there is something to look at.
func (m MonthStatus) Open() bool { return m.Points() > 0 }

// Points is how many kinds of things there are to look at.
func (m MonthStatus) Points() (n int) {
	for _, open := range []int{m.Unreceipted, m.StoppedFiles, m.HalfFiles, m.Conflicts, m.Deviations, len(m.Unbooked), len(m.NotInvoiced)} {
		if open > 0 {
			n++
		}
	}
	return n
}

// MonthStatus looks at a month, given by its first day.
func (e *Finance) MonthStatus(ctx context.Context, month civil.Date) (MonthStatus, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (MonthStatus, error) { return e.monthStatus(ctx, r, month) })
}

func (e *Finance) monthStatus(ctx context.Context, r store.Reader, month civil.Date) (MonthStatus, error) {
	m, err := openPoints(ctx, r)
	if err != nil {
		return m, err
	}
	closed, err := r.ClosedMonths(ctx)
	if err != nil {
		return m, err
	}
	awaited, err := r.AwaitingReceipts(ctx)
	if err != nil {
		return m, err
	}
	return e.lookAtMonth(ctx, r, m, month, closed, awaited)
}

// lookAtMonth adds what is of one month to what is open of any time.
func (e *Finance) lookAtMonth(ctx context.Context, r store.Reader, m MonthStatus, month civil.Date, closed []store.ClosedMonth, awaited []time.Time) (MonthStatus, error) {
	m.Month = month
	for _, c := range closed {
		if c.Month == month {
			m.Closed = &c
		}
	}
	from, to := store.ClosedMonth{Month: month}.Span()
	var err error
	if m.Letters, m.Net, err = r.LedgerSum(ctx, from, to); err != nil {
		return m, err
	}
	for _, sent := range awaited {
		if sent.Before(to) {
			m.Unreceipted++
		}
	}
	err = e.addInvoices(ctx, r, &m)
	return m, err
}

// openPoints is what is open of any time, whichever month is looked at.
func openPoints(ctx context.Context, r store.Reader) (MonthStatus, error) {
	var m MonthStatus
	alarms, err := r.Alarms(ctx, true)
	if err != nil {
		return m, err
	}
	for _, a := range alarms {
		if strings.HasPrefix(a.Key, "receipts:") {
			m.StoppedFiles++
		}
	}
	half, err := r.HalfReceiptFiles(ctx)
	if err != nil {
		return m, err
	}
	m.HalfFiles = len(half)
	conflicts, err := r.OpenConflicts(ctx)
	if err != nil {
		return m, err
	}
	for _, n := range conflicts {
		m.Conflicts += n
	}
	err = m.addDeviations(ctx, r) // before m is returned: what order Go evaluates the two in is not said
	return m, err
}

// deviationPage is how many deviations are read at once.
const deviationPage = 1000

func (m *MonthStatus) addDeviations(ctx context.Context, r store.Reader) error {
	var after store.Deviation
	for {
		page, err := r.Deviations(ctx, store.DeviationFilter{After: after, Limit: deviationPage})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, d := range page {
			if d.State == store.DeviationOpen || d.State == store.DeviationDisputed {
				m.Deviations++
				m.DeviationsNet += d.Finding.Amount
			}
		}
		after = page[len(page)-1]
	}
}

// addInvoices looks at the invoices for a month, and at the vendors that have none.
func (e *Finance) addInvoices(ctx context.Context, r store.Reader, m *MonthStatus) error {
	from, to := store.ClosedMonth{Month: m.Month}.Span()
	periods, err := e.invoices.InvoicePeriodsIn(ctx, r, m.Month, civil.Of(to, calendar.Oslo))
	if err != nil {
		return err
	}
	invoiced := map[string]bool{}
	missing := map[string]money.Ore{}
	for _, p := range periods {
		invoiced[p.Vendor] = true
		for _, inv := range p.Invoices {
			if inv.BookedAt.IsZero() {
				m.Unbooked = append(m.Unbooked, inv)
			}
		}
		for _, row := range p.Rows {
			if row.NotInvoiced {
				missing[p.Vendor] += row.Booked
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(e.Vendors)) {
		if e.Vendors[key].Manual { // people here print these, and send no invoice
			continue
		}
		if !invoiced[key] {
			net, err := r.PostedNet(ctx, key, from, to)
			if err != nil {
				return err
			}
			missing[key] += net
		}
		if missing[key] != 0 {
			m.NotInvoiced = append(m.NotInvoiced, Accrual{key, missing[key]})
		}
	}
	return nil
}

// Months looks at all months in which something is, and at those that are closed, in order.
func (e *Finance) Months(ctx context.Context) ([]MonthStatus, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]MonthStatus, error) {
		closed, err := r.ClosedMonths(ctx)
		if err != nil {
			return nil, err
		}
		days := map[civil.Date]bool{}
		for _, c := range closed {
			days[c.Month] = true
		}
		for at := (time.Time{}); ; {
			first, err := r.FirstActivity(ctx, at)
			if err != nil {
				return nil, err
			}
			if first.IsZero() {
				break
			}
			month := invoices.MonthOf(first)
			days[month] = true
			_, at = store.ClosedMonth{Month: month}.Span()
		}
		points, err := openPoints(ctx, r)
		if err != nil {
			return nil, err
		}
		awaited, err := r.AwaitingReceipts(ctx)
		if err != nil {
			return nil, err
		}
		var out []MonthStatus
		for _, day := range slices.Sorted(maps.Keys(days)) {
			m, err := e.lookAtMonth(ctx, r, points, day, closed, awaited)
			if err != nil {
				return nil, err
			}
			out = append(out, m)
		}
		return out, nil
	})
}

// MayClose tells why a month, given by its first day, cannot be closed.
func (e *Finance) MayClose(ctx context.Context, month civil.Date) error {
	return e.Archive.View(ctx, func(r store.Reader) error {
		_, err := e.monthsToClose(ctx, r, month)
		return err
	})
}

// monthsToClose are the months that closing one closes: those since the last closed one in which nothing is, and it. The first is that
// in which something is for the first time.
func (e *Finance) monthsToClose(ctx context.Context, r store.Reader, month civil.Date) ([]civil.Date, error) {
	if err := month.Validate(); err != nil || month.UTC().Day() != 1 {
		return nil, errors.New("the month is given by its first day, as in 2026-10-01")
	}
	from, to := store.ClosedMonth{Month: month}.Span()
	if e.Now().Before(to) {
		return nil, &words.Refused{Note: shipment.Note{Code: "month-not-over", Args: shipment.Args{"month": month.Month()}}}
	}
	closed, err := r.ClosedMonths(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range closed {
		if c.Month == month {
			return nil, &words.Refused{Note: shipment.Note{Code: "month-closed", Args: shipment.Args{"month": month.Month(), "at": alarm.TimeArg(c.ClosedAt)}}}
		}
	}
	var next time.Time // where what is closed ends
	if n := len(closed); n > 0 {
		_, next = closed[n-1].Span()
		if from.Before(next) {
			return nil, &words.Refused{Note: shipment.Note{Code: "month-next", Args: shipment.Args{"month": civil.Of(next, calendar.Oslo).Month()}}}
		}
	}
	if err := invoices.NoHalfFile(ctx, r, ""); err != nil {
		return nil, err
	}
	first, err := r.FirstActivity(ctx, next)
	if err != nil {
		return nil, err
	}
	switch {
	case next.IsZero() && first.IsZero():
		return nil, &words.Refused{Note: shipment.Note{Code: "month-nothing"}}
	case next.IsZero() && month < invoices.MonthOf(first):
		return nil, &words.Refused{Note: shipment.Note{Code: "month-before", Args: shipment.Args{"month": month.Month(), "first": invoices.MonthOf(first).Month()}}}
	case !first.IsZero() && invoices.MonthOf(first) < month:
		return nil, &words.Refused{Note: shipment.Note{Code: "month-first-open", Args: shipment.Args{"month": invoices.MonthOf(first).Month()}}}
	case next.IsZero():
		return []civil.Date{month}, nil
	}
	var out []civil.Date
	for day := civil.Of(next, calendar.Oslo); day <= month; day = civil.Of(day.UTC().AddDate(0, 1, 0), time.UTC) {
		out = append(out, day)
	}
	return out, nil
}

// MonthSubject is what two persons are asked for when a month, given by its first day, is to be closed.
func MonthSubject(month civil.Date) string { return "month/" + month.Month() }

// ClosesByTwo reports whether it takes two persons to close a month.
func (e *Finance) ClosesByTwo() bool { return e.TwoPersons }

// CloseMonth closes a month that is over, so that nothing is booked in it any more: receipts that come late, and corrections,
// are booked in the month in which they come, and say so. Months are closed in order, from the first in which something is, and stay
// closed; months before it in which nothing is are closed with it. It takes two
// persons.
func (e *Finance) CloseMonth(ctx context.Context, month civil.Date, reason string) (store.ClosedMonth, error) {
	m := store.ClosedMonth{Month: month, Reason: reason}
	if why := identity.BadReason(reason); why != "" {
		return m, errors.New(why)
	}
	if err := e.MayClose(ctx, month); err != nil {
		return m, fmt.Errorf("close month: %w", err)
	}
	subject := MonthSubject(month)
	if err := e.Second(ctx, subject, reason); err != nil {
		return m, err
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		months, err := e.monthsToClose(ctx, tx, month)
		if err != nil {
			return err
		}
		m.ClosedAt = tx.Now()
		after := change.Facts{"state": "closed"}
		asked, err := tx.Asked(ctx, true)
		if err != nil {
			return err
		}
		if at := slices.IndexFunc(asked, func(a access.Asked) bool { return a.Subject == subject }); at >= 0 {
			after["asked_by"] = asked[at].By.String()
		}
		for _, day := range months {
			if err := tx.CloseMonth(ctx, store.ClosedMonth{Month: day, ClosedAt: m.ClosedAt, Reason: reason}); err != nil {
				return err
			}
			if err := tx.AddChange(ctx, change.Of(change.Month, day.Month(), change.Facts{"state": "open"}, after, reason)); err != nil {
				return err
			}
		}
		return e.DoneBySecond(ctx, tx, subject)
	})
	if err != nil {
		return m, fmt.Errorf("close month: %w", err)
	}
	e.Log.Info("month closed", "month", month.Month())
	e.Passed("month: closed")
	return m, nil
}
