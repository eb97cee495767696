package invoices

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/billing"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// InvoiceError says what is wrong with an invoice file.
type InvoiceError struct{ Problems []billing.Problem }

func (e *InvoiceError) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return "the invoice cannot be read: " + strings.Join(texts, "; ")
}

// InvoicePeriod is all invoices of a vendor for one period, held against the receipts of the letters posted in it.
type InvoicePeriod struct {
	Vendor   string
	From, To billing.Civil
	Invoices []Invoiced // by number
	Rows     []InvoiceRow
	// Left is what the invoices have more than the ledger, of the kinds that they have; 0 when all of them are booked and
	// nothing has come since.
	LeftNet, LeftVAT billing.Ore
	// Doubts are why a person should look before the invoices that are not booked are.
	Doubts []InvoiceDoubt
}

// InvoiceDoubt is a reason not to book an invoice, in English.
type InvoiceDoubt struct{ Number, Text string }

// Invoiced is an invoice and when it was booked last; zero: it is not.
type Invoiced struct {
	store.InvoiceRecord
	BookedAt time.Time
}

// InvoiceRow holds a kind of cost against the receipts.
type InvoiceRow struct {
	billing.InvoiceCheckRow
	Allocated billing.Ore // net; booked from the invoices
}

// Off is what is invoiced more than was to be expected: by the receipts, or by the price list for what has none. told is false
// where neither tells.
func (r InvoiceRow) Off() (net billing.Ore, told bool) {
	switch {
	case r.NotInvoiced:
		return 0, false
	case r.Expected != nil:
		return r.Invoiced - *r.Expected, true
	}
	return r.Difference(), r.Kind == billing.KindProduction || r.Kind == billing.KindPostage
}

// Left is what is invoiced and neither booked from receipts nor from the invoices.
func (r InvoiceRow) Left() billing.Ore {
	if r.NotInvoiced {
		return 0
	}
	return r.Difference() - r.Allocated
}

// TakeInvoice stores an invoice file (EHF Billing 3, or CSV) of a vendor and holds it against the receipts; what differs by more
// than the vendor's tolerance is a deviation. Nothing is booked. The same file again changes nothing. A period that is given goes
// before the file's. *InvoiceError when the file is no invoice.
func (e *Invoices) TakeInvoice(ctx context.Context, vendor string, data []byte, given billing.Period) (store.InvoiceRecord, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return store.InvoiceRecord{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	inv, problems := billing.ParseInvoice(data, v.Invoices, given)
	if len(problems) > 0 {
		return store.InvoiceRecord{}, &InvoiceError{problems}
	}
	ref, err := e.Blobs.Put(ctx, bytes.NewReader(data))
	if err != nil {
		return store.InvoiceRecord{}, fmt.Errorf("store invoice: %w", err)
	}
	e.Passed("invoice: stored")
	return e.addInvoice(ctx, v, inv, ref)
}

// AddInvoice stores an invoice that was typed in, like TakeInvoice.
func (e *Invoices) AddInvoice(ctx context.Context, vendor string, inv billing.Invoice) (store.InvoiceRecord, error) {
	v, ok := e.Vendors[vendor]
	if !ok {
		return store.InvoiceRecord{}, fmt.Errorf("vendor %q is not configured", vendor)
	}
	if err := cmp.Or(inv.Check(), v.Invoices.CheckKinds(inv.Lines)); err != nil {
		return store.InvoiceRecord{}, err
	}
	return e.addInvoice(ctx, v, inv, shipment.BlobRef{})
}

func (e *Invoices) addInvoice(ctx context.Context, v store.Vendor, inv billing.Invoice, ref shipment.BlobRef) (store.InvoiceRecord, error) {
	for i, l := range inv.Lines {
		if shipment.ShownCode(l.Konteringskode) != l.Konteringskode { // it would be shown in reports
			return store.InvoiceRecord{}, fmt.Errorf("invoice line %d: the konteringskode looks like a fødselsnummer. Have the vendor mend it, or set code_from = \"none\"", i+1)
		}
	}
	rec := store.InvoiceRecord{ID: uuid.NewSHA1(e.Namespace, []byte("invoice/"+v.Key+"/"+inv.Number)).String(), Vendor: v.Key, Invoice: inv, Blob: ref}
	taken := true
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		there, err := tx.Invoice(ctx, rec.ID)
		if err == nil {
			sameFile := !ref.IsZero() && ref.SHA256 == there.Blob.SHA256 && inv.From == there.Invoice.From && inv.To == there.Invoice.To
			if !sameFile && !reflect.DeepEqual(there.Invoice, inv) {
				return fmt.Errorf("an invoice %s of vendor %s is there already and says something else. If that one is wrong and not booked, take it back with postgang invoice remove; else a change needs a credit note, or a number of its own: %w", inv.Number, v.Key, store.ErrExists)
			}
			rec, taken = there, false
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		all, err := tx.Invoices(ctx, inv.From.In(shipment.Oslo), inv.To.In(shipment.Oslo))
		if err != nil {
			return err
		}
		for _, o := range all {
			if o.Vendor == v.Key && (o.Invoice.From != inv.From || o.Invoice.To != inv.To) {
				return fmt.Errorf("invoice %s of vendor %s is for %s, which overlaps with %s in part: it cannot be told which letters each is for. Have the vendor invoice by the same periods, or type it in with the right one",
					o.Invoice.Number, v.Key, billing.PeriodWords(o.Invoice.From, o.Invoice.To), billing.PeriodWords(inv.From, inv.To))
			}
		}
		rec.TakenAt = tx.Now()
		if err := tx.InsertInvoice(ctx, rec); err != nil {
			return err
		}
		_, err = e.lookAtPeriod(ctx, tx, v, inv.From, inv.To)
		return err
	})
	if err == nil && taken {
		e.Log.Info("invoice taken", "vendor", v.Key, "invoice", rec.ID)
		e.Passed("invoice: taken")
	}
	return rec, err
}

// RemoveInvoice takes an invoice back that is not booked, such as one that was typed wrong; its number is free again. It is kept
// with the reason, which is shown: no personal data.
func (e *Invoices) RemoveInvoice(ctx context.Context, id, reason string) error {
	if why := shipment.BadReason(reason); why != "" {
		return errors.New(why)
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		booked, err := bookedSince(ctx, tx, id)
		if err != nil {
			return err
		}
		if !booked.IsZero() {
			return fmt.Errorf("invoice %s is booked: what is wrong with it needs a credit note", rec.Invoice.Number)
		}
		if err := tx.RemoveInvoice(ctx, id, reason); err != nil {
			return err
		}
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			v.Key = rec.Vendor
		}
		_, err = e.lookAtPeriod(ctx, tx, v, rec.Invoice.From, rec.Invoice.To)
		if errors.Is(err, store.ErrNotFound) { // it was the only one
			return deviateInvoices(ctx, tx, v, InvoicePeriod{Vendor: v.Key, From: rec.Invoice.From, To: rec.Invoice.To})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("remove invoice: %w", err)
	}
	e.Log.Info("invoice removed", "invoice", id)
	e.Passed("invoice: removed")
	return nil
}

// RemovedInvoices lists invoices that were taken back.
func (e *Invoices) RemovedInvoices(ctx context.Context) ([]store.RemovedInvoice, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]store.RemovedInvoice, error) { return r.RemovedInvoices(ctx) })
}

// invoicePeriod reads the invoices of a vendor for a period and holds them against the ledger: with what is booked from receipts,
// and the lines that are booked from the invoices.
func (e *Invoices) invoicePeriod(ctx context.Context, r store.Reader, vendor string, from, to billing.Civil) (InvoicePeriod, billing.Basis, []store.LedgerLine, error) {
	p := InvoicePeriod{Vendor: vendor, From: from, To: to}
	var basis billing.Basis
	all, err := r.Invoices(ctx, from.In(shipment.Oslo), to.In(shipment.Oslo))
	if err != nil {
		return p, basis, nil, err
	}
	var shares []store.LedgerLine
	var invoices []billing.Invoice
	for _, rec := range all {
		if rec.Vendor != vendor || rec.Invoice.From != from || rec.Invoice.To != to {
			continue
		}
		lines, err := r.Ledger(ctx, store.LedgerFilter{Document: rec.ID})
		if err != nil {
			return p, basis, nil, err
		}
		i := Invoiced{InvoiceRecord: rec}
		if i.BookedAt, err = bookedSince(ctx, r, rec.ID); err != nil {
			return p, basis, nil, err
		}
		p.Invoices, shares, invoices = append(p.Invoices, i), append(shares, lines...), append(invoices, rec.Invoice)
	}
	if len(invoices) == 0 {
		return p, basis, nil, fmt.Errorf("vendor %s has no invoice for %s: %w", vendor, billing.PeriodWords(from, to), store.ErrNotFound)
	}
	if basis.Booked, err = r.BookedFor(ctx, vendor, from.In(shipment.Oslo), to.In(shipment.Oslo)); err != nil {
		return p, basis, nil, err
	}
	together := billing.Together(invoices)
	p.LeftNet, p.LeftVAT = together.Net, together.VAT
	invoiced := map[string]bool{}
	for _, l := range together.Lines {
		invoiced[l.Kind] = true
	}
	for _, b := range basis.Booked {
		if invoiced[b.Kind] {
			p.LeftNet, p.LeftVAT = p.LeftNet-b.Net, p.LeftVAT-b.VAT
		}
	}
	for _, l := range shares {
		p.LeftNet, p.LeftVAT = p.LeftNet-l.Line.Net, p.LeftVAT-l.Line.VAT
	}
	if basis.Caused, err = e.beyondLetters(ctx, r, e.Vendors[vendor], from.In(shipment.Oslo), to.In(shipment.Oslo)); err != nil {
		return p, basis, nil, err
	}
	p.Rows = invoiceRows(billing.CheckInvoice(together, basis), shares)
	for i, inv := range p.Invoices {
		if !inv.BookedAt.IsZero() {
			continue
		}
		others := slices.Delete(slices.Clone(invoices), i, i+1)
		doubts, err := e.doubts(ctx, r, inv.Invoice, others, basis)
		if err != nil {
			return p, basis, nil, err
		}
		for _, text := range doubts {
			p.Doubts = append(p.Doubts, InvoiceDoubt{inv.Invoice.Number, text})
		}
	}
	return p, basis, shares, nil
}

// issuedAhead is how many days ahead an invoice may be dated: some are, by days or weeks; another year is a typing error.
const issuedAhead = 62

// doubts says why a person should look before an invoice is booked beside others: its amounts (billing.DoubtInvoice), and days that
// hardly can be. An invoice for a month before the first with anything in it would be a cost in a month that nobody reports.
func (e *Invoices) doubts(ctx context.Context, r store.Reader, inv billing.Invoice, others []billing.Invoice, basis billing.Basis) ([]string, error) {
	out := billing.DoubtInvoice(inv, others, basis)
	now := e.Now()
	if inv.Issued > billing.CivilOf(now, shipment.Oslo).AddDays(issuedAhead) {
		out = append(out, fmt.Sprintf("it is issued on %s, which is far ahead", inv.Issued))
	}
	first, err := r.FirstActivity(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	if first.IsZero() {
		first = now
	}
	if month := MonthOf(first); inv.To <= month {
		out = append(out, fmt.Sprintf("it is for %s, before the first month with letters or costs, which is %s", billing.PeriodWords(inv.From, inv.To), month.Month()))
	}
	return out, nil
}

// invoiceRows adds what is booked from the invoices. A kind that is booked whole has it row by row; else a code's row has what is
// booked on the code, up to its difference, and the row of the others what remains.
func invoiceRows(rows []billing.InvoiceCheckRow, shares []store.LedgerLine) []InvoiceRow {
	type place struct{ kind, code string }
	kinds, codes, differences := map[string]billing.Ore{}, map[place]billing.Ore{}, map[string]billing.Ore{}
	for _, l := range shares {
		kinds[l.Line.Kind] += l.Line.Net
		codes[place{l.Line.Kind, l.Line.Konteringskode}] += l.Line.Net
	}
	others := map[string]int{} // kinds with both sorts of rows: where the row of the others is
	for i, r := range rows {
		if !r.NotInvoiced {
			differences[r.Kind] += r.Difference()
		}
		if r.Others {
			others[r.Kind] = i
		}
	}
	out := make([]InvoiceRow, len(rows))
	for i, r := range rows {
		out[i].InvoiceCheckRow = r
		other, mixed := others[r.Kind]
		switch here := codes[place{r.Kind, r.Konteringskode}]; {
		case mixed && kinds[r.Kind] == differences[r.Kind]:
			out[i].Allocated = r.Difference()
		case mixed && i != other:
			d := r.Difference()
			out[i].Allocated = min(max(here, min(d, 0)), max(d, 0))
			out[other].Allocated -= out[i].Allocated
		case r.ByCode:
			out[i].Allocated = here
		default:
			out[i].Allocated += kinds[r.Kind]
		}
	}
	return out
}

// settingBooked keeps when an invoice was booked last; what it leaves to be shared out may be nothing.
func settingBooked(invoice string) string { return "invoice-booked/" + invoice }

func bookedSince(ctx context.Context, r store.Reader, invoice string) (time.Time, error) {
	s, err := r.Setting(ctx, settingBooked(invoice))
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339Nano, s)
}

// lookAtPeriod holds the invoices of a period against the ledger as it is now: deviations, and the alarm about those booked.
func (e *Invoices) lookAtPeriod(ctx context.Context, tx store.Tx, v store.Vendor, from, to billing.Civil) (InvoicePeriod, error) {
	p, _, _, err := e.invoicePeriod(ctx, tx, v.Key, from, to)
	if err != nil {
		return p, err
	}
	if err := deviateInvoices(ctx, tx, v, p); err != nil {
		return p, err
	}
	return p, watchInvoices(ctx, tx, p)
}

// deviateInvoices records what the invoices of a period say that the receipts do not, and settles what agrees by now.
func deviateInvoices(ctx context.Context, tx store.Tx, v store.Vendor, p InvoicePeriod) error {
	from, to := p.From, p.To
	numbers := make([]string, len(p.Invoices))
	for i, inv := range p.Invoices {
		numbers[i] = inv.Invoice.Number
	}
	at := fmt.Sprintf("%s/faktura/%s/%s/", v.Key, from, to)
	// It belongs to the period that the invoice is for, in whose report it is looked for, however late the invoice comes.
	found := to.In(shipment.Oslo).Add(-time.Millisecond).UTC()
	if now := tx.Now(); now.Before(found) {
		found = now
	}
	open := map[string]store.Deviation{}
	for _, r := range p.Rows {
		d, told := r.Off()
		if !told || max(d, -d) <= v.Tolerances.InvoiceOre {
			continue
		}
		what := r.Kind
		switch {
		case r.ByCode:
			what += " " + cmp.Or(r.Konteringskode, billing.MissingCode)
		case r.Others:
			what += " uten egen konteringskode"
		}
		expected := fmt.Sprintf("kr %s kvittert, %s", r.Booked, what)
		if r.Expected != nil {
			expected = fmt.Sprintf("kr %s etter prislisten, %s", *r.Expected, what)
		}
		// Another difference is another deviation: what was decided about the first says nothing about it.
		key := fmt.Sprintf("%s%s/%s/%d", at, r.Kind, r.Konteringskode, d)
		open[key] = store.Deviation{Key: key, At: found, Vendor: v.Key, Finding: billing.Deviation{
			Kind: billing.DeviationInvoice, Expected: expected,
			Got: fmt.Sprintf("kr %s på faktura %s", r.Invoiced, strings.Join(numbers, " + ")), Amount: d,
		}}
	}
	const gone = "faktura og kvitteringer har ikke lenger denne forskjellen"
	all, err := tx.Deviations(ctx, store.DeviationFilter{From: from.In(shipment.Oslo)})
	if err != nil {
		return err
	}
	for _, d := range all {
		if !strings.HasPrefix(d.Key, at) {
			continue
		}
		_, still := open[d.Key]
		switch {
		case !still && (d.State == store.DeviationOpen || d.State == store.DeviationDisputed):
			err = tx.DecideDeviation(ctx, d.Key, store.DeviationSettled, gone)
		case still && d.State == store.DeviationSettled && d.Reason == gone: // by us, and it is there again
			err = tx.DecideDeviation(ctx, d.Key, store.DeviationOpen, "forskjellen er der igjen")
		}
		if err != nil {
			return err
		}
	}
	list := make([]store.Deviation, 0, len(open))
	for _, d := range open {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b store.Deviation) int { return cmp.Compare(a.Key, b.Key) })
	return tx.InsertDeviations(ctx, list)
}

// LookAtInvoices holds the invoices of a vendor anew against the receipts, those whose period has time from first to last.
func (e *Invoices) LookAtInvoices(ctx context.Context, tx store.Tx, v store.Vendor, first, last time.Time) error {
	all, err := tx.Invoices(ctx, first, last.Add(time.Millisecond))
	if err != nil {
		return err
	}
	seen := map[billing.Civil]bool{} // periods do not overlap
	for _, rec := range all {
		inv := rec.Invoice
		if rec.Vendor != v.Key || seen[inv.From] {
			continue
		}
		seen[inv.From] = true
		if _, err := e.lookAtPeriod(ctx, tx, v, inv.From, inv.To); err != nil {
			return err
		}
	}
	return nil
}

// watchInvoices raises an alarm when all invoices of a period are booked, and the ledger is not what they say any more.
func watchInvoices(ctx context.Context, tx store.Tx, p InvoicePeriod) error {
	key := fmt.Sprintf("invoice:%s:%s", p.Vendor, p.From)
	booked := !slices.ContainsFunc(p.Invoices, func(i Invoiced) bool { return i.BookedAt.IsZero() })
	if !booked || p.LeftNet == 0 && p.LeftVAT == 0 {
		return tx.ResolveAlarm(ctx, key)
	}
	number := p.Invoices[0].Invoice.Number
	return tx.RaiseAlarm(ctx, key, fmt.Sprintf("receipts of vendor %s for letters posted %s have come or changed since its invoices were booked, and differ from them by kr %s net and kr %s VAT. If the vendor invoices them later: postgang invoice carry %q --into MONTH, and nobody else is charged or credited. If they are on these invoices: postgang invoice book %q shares the difference out anew",
		p.Vendor, billing.PeriodWords(p.From, p.To), -p.LeftNet, -p.LeftVAT, number, number))
}

// FindInvoice finds an invoice by its id, or by its number when only one vendor has an invoice of that number. ErrNotFound.
func (e *Invoices) FindInvoice(ctx context.Context, name string) (store.InvoiceRecord, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (store.InvoiceRecord, error) {
		all, err := r.Invoices(ctx, time.Time{}, time.Time{})
		if err != nil {
			return store.InvoiceRecord{}, err
		}
		var found []store.InvoiceRecord
		for _, rec := range all {
			if rec.ID == name || rec.Invoice.Number == name || rec.Vendor+"/"+rec.Invoice.Number == name {
				found = append(found, rec)
			}
		}
		switch len(found) {
		case 0:
			return store.InvoiceRecord{}, fmt.Errorf("no such invoice; see postgang invoice list: %w", store.ErrNotFound)
		case 1:
			return found[0], nil
		}
		return store.InvoiceRecord{}, errors.New("several vendors have an invoice of that number: give VENDOR/NUMBER")
	})
}

// InvoicePeriodOf holds an invoice, with the others of its vendor for the same period, against the receipts as they are now.
func (e *Invoices) InvoicePeriodOf(ctx context.Context, rec store.InvoiceRecord) (InvoicePeriod, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (InvoicePeriod, error) {
		p, _, _, err := e.invoicePeriod(ctx, r, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		return p, err
	})
}

// InvoiceBooking orders an invoice to be booked.
type InvoiceBooking struct {
	ID     string
	Reason string // kept and shown; no personal data
	Anyway bool   // though it is doubtful
}

// BookInvoice books what an invoice has more, or less, than the receipts, shared out over accounts and konteringskoder, so that
// the ledger is the invoices of the period to the øre: this one, with the others of its vendor for the same period that are
// booked. One that is booked already is booked anew when receipts have come since: its shares are reversed first.
//
// One that is doubtful, by its days and by what is booked already, is booked only when the person has seen it and says so.
func (e *Invoices) BookInvoice(ctx context.Context, b InvoiceBooking) (InvoicePeriod, error) {
	id, reason := b.ID, b.Reason
	if why := shipment.BadReason(reason); why != "" {
		return InvoicePeriod{}, errors.New(why)
	}
	var out InvoicePeriod
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		inv := rec.Invoice
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more", rec.Vendor)
		}
		if end := inv.To.In(shipment.Oslo); tx.Now().Before(end) {
			return fmt.Errorf("the period of invoice %s is not over", inv.Number)
		}
		p, basis, shares, err := e.invoicePeriod(ctx, tx, rec.Vendor, inv.From, inv.To)
		if err != nil {
			return err
		}
		together := []billing.Invoice{inv}
		var again bool
		for _, o := range p.Invoices {
			switch {
			case o.ID == id:
				again = !o.BookedAt.IsZero()
			case !o.BookedAt.IsZero():
				together = append(together, o.Invoice)
			}
		}
		if again && len(together) == len(p.Invoices) && p.LeftNet == 0 && p.LeftVAT == 0 {
			return fmt.Errorf("invoice %s is booked, and adds up", inv.Number)
		}
		all := billing.Together(together)
		if kind := takesBack(inv, all, basis); !again && kind != "" {
			return fmt.Errorf("invoice %s takes back more than is invoiced of %s: book the invoice that it credits first", inv.Number, kind)
		}
		doubts, err := e.doubts(ctx, tx, inv, together[1:], basis)
		if err != nil {
			return err
		}
		if len(doubts) > 0 && !again && !b.Anyway {
			return fmt.Errorf("invoice %s is doubtful: %s. If it is right all the same, book it with --anyway; if it came twice, take it back with postgang invoice remove", inv.Number, strings.Join(doubts, "; "))
		}
		closed, err := tx.ClosedMonths(ctx)
		if err != nil {
			return err
		}
		turn, standing, err := e.takeBackShares(ctx, tx, closed, id, shares)
		if err != nil {
			return err
		}
		at, note := store.BookAt(closed, inv.To.In(shipment.Oslo).Add(-time.Millisecond).UTC(), tx.Now(), "for perioden til")
		if note != "" {
			note = "; " + note
		}
		entry := uuid.NewSHA1(e.Namespace, fmt.Appendf(nil, "invoice/%s/%d", id, turn)).String()
		var lines []store.LedgerLine
		for i, s := range billing.AllocateInvoice(all, basis, standing) {
			lines = append(lines, store.LedgerLine{
				Entry: entry, Place: i, BookedAt: at, Vendor: rec.Vendor, Account: s.Account, Line: s.Line, Source: store.LedgerAllocation, Document: id,
				Note: "faktura " + inv.Number + ", " + reason + note,
			})
		}
		if err := tx.Book(ctx, lines); err != nil {
			return err
		}
		if err := tx.SetSetting(ctx, settingBooked(id), tx.Now().Format(time.RFC3339Nano)); err != nil {
			return err
		}
		out, err = e.lookAtPeriod(ctx, tx, v, inv.From, inv.To)
		return err
	})
	if err != nil {
		return out, fmt.Errorf("book invoice: %w", err)
	}
	e.Log.Info("invoice booked", "invoice", id)
	e.Passed("invoice: booked")
	return out, nil
}

// takesBack names a kind of cost of which an invoice takes back more than all of them together have, though receipts have some.
func takesBack(inv, together billing.Invoice, basis billing.Basis) (kind string) {
	if inv.Net >= 0 {
		return ""
	}
	invoiced, booked := map[string]billing.Ore{}, map[string]billing.Ore{}
	for _, l := range together.Lines {
		invoiced[l.Kind] += l.Net
	}
	for _, b := range basis.Booked {
		booked[b.Kind] += b.Net
	}
	for _, l := range together.Lines {
		if invoiced[l.Kind] < 0 && booked[l.Kind] > 0 {
			return l.Kind
		}
	}
	return ""
}

// takeBackShares reverses what stands in the ledger of an invoice, and gives what stands of the others for its period, and which
// time it is that the invoice is booked.
func (e *Invoices) takeBackShares(ctx context.Context, tx store.Tx, closed []store.ClosedMonth, id string, shares []store.LedgerLine) (turn int, standing []billing.Share, err error) {
	reversed, entries := map[string]bool{}, map[string]bool{}
	for _, l := range shares {
		reversed[l.Reverses] = true
	}
	turn = 1
	for _, l := range shares {
		if l.Document != id {
			standing = append(standing, billing.Share{Account: l.Account, Line: l.Line})
			continue
		}
		if l.Source != store.LedgerAllocation || entries[l.Entry] {
			continue
		}
		entries[l.Entry] = true
		turn++
		if reversed[l.Entry] {
			continue
		}
		if err := e.Reverse(ctx, tx, closed, l.Entry, id, "fordeles på nytt"); err != nil {
			return 0, nil, err
		}
	}
	return turn, standing, nil
}

// CarryReceipts has receipts that came after an invoice was booked, for letters of its period, be held against the invoices for
// another period, that has the day: the vendor invoices them there. Until then they are costs that nobody has invoiced, and no
// other konteringskode is credited for them. It tells what is carried, net.
func (e *Invoices) CarryReceipts(ctx context.Context, id string, into billing.Civil, reason string) (billing.Ore, InvoicePeriod, error) {
	var out InvoicePeriod
	var net billing.Ore
	if why := shipment.BadReason(reason); why != "" {
		return 0, out, errors.New(why)
	}
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		rec, err := tx.Invoice(ctx, id)
		if err != nil {
			return err
		}
		v, ok := e.Vendors[rec.Vendor]
		if !ok {
			return fmt.Errorf("vendor %q is not configured any more", rec.Vendor)
		}
		p, _, _, err := e.invoicePeriod(ctx, tx, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		if err != nil {
			return err
		}
		var booked time.Time
		for _, i := range p.Invoices {
			if i.BookedAt.IsZero() {
				return fmt.Errorf("invoice %s for the same period is not booked", i.Invoice.Number)
			}
			if i.BookedAt.After(booked) {
				booked = i.BookedAt
			}
		}
		switch {
		case p.LeftNet == 0 && p.LeftVAT == 0:
			return errors.New("no receipts have come since the invoices were booked")
		case into.Validate() != nil || into < p.To:
			return fmt.Errorf("what is invoiced later is carried into a month after %s", p.To.AddDays(-1).Norwegian())
		}
		if err := e.openFor(ctx, tx, v, into); err != nil {
			return err
		}
		net = -p.LeftNet
		if err := tx.CarryReceipts(ctx, store.ReceiptCarry{Vendor: v.Key, From: p.From, To: p.To, After: booked, Into: into, Reason: reason}); err != nil {
			return err
		}
		if out, err = e.lookAtPeriod(ctx, tx, v, p.From, p.To); err != nil {
			return err
		}
		if out.LeftNet != 0 || out.LeftVAT != 0 {
			return fmt.Errorf("kr %s of it did not come after the invoices were booked, and cannot be carried: postgang invoice book shares it out", out.LeftNet)
		}
		return e.LookAtInvoices(ctx, tx, v, into.In(shipment.Oslo), into.In(shipment.Oslo))
	})
	if err != nil {
		return 0, out, fmt.Errorf("carry receipts: %w", err)
	}
	e.Log.Info("receipts carried to a later invoice", "invoice", id)
	e.Passed("invoice: carried")
	return net, out, nil
}

// openFor refuses a day whose invoices are booked.
func (e *Invoices) openFor(ctx context.Context, r store.Reader, v store.Vendor, day billing.Civil) error {
	all, err := r.Invoices(ctx, day.In(shipment.Oslo), day.AddDays(1).In(shipment.Oslo))
	if err != nil {
		return err
	}
	for _, rec := range all {
		if rec.Vendor != v.Key {
			continue
		}
		booked, err := bookedSince(ctx, r, rec.ID)
		if err != nil {
			return err
		}
		if !booked.IsZero() {
			return fmt.Errorf("invoice %s for %s is booked already: carry it into a later month", rec.Invoice.Number, billing.PeriodWords(rec.Invoice.From, rec.Invoice.To))
		}
	}
	return nil
}

// DecideDeviations records a person's decision about deviations, all of them or none. One that is in the state already is left
// alone; it tells how many changed. The reason is kept and shown: no personal data.
func (e *Invoices) DecideDeviations(ctx context.Context, keys []string, state store.DeviationState, reason string) (int, error) {
	if why := shipment.BadReason(reason); why != "" {
		return 0, errors.New(why)
	}
	if state.Norwegian() == "" {
		return 0, fmt.Errorf("%q is no state of a deviation", state)
	}
	n := 0
	err := e.Archive.InTx(ctx, func(tx store.Tx) error {
		n = 0
		all, err := tx.Deviations(ctx, store.DeviationFilter{})
		if err != nil {
			return err
		}
		known := map[string]store.Deviation{}
		for _, d := range all {
			known[d.Key] = d
		}
		for _, key := range keys {
			d, ok := known[key]
			if !ok {
				return fmt.Errorf("no such deviation; see postgang deviations list: %w", store.ErrNotFound)
			}
			if d.State == state {
				continue
			}
			if err := tx.DecideDeviation(ctx, key, state, reason); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("decide about deviations: %w", err)
	}
	e.Log.Info("deviations decided", "deviations", n, "state", state)
	e.Passed("deviations: decided")
	return n, nil
}

// InvoicePeriods holds all invoices against the receipts whose period has days in [from, to); empty days: all. By period and
// vendor.
func (e *Invoices) InvoicePeriods(ctx context.Context, from, to billing.Civil) ([]InvoicePeriod, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]InvoicePeriod, error) { return e.InvoicePeriodsIn(ctx, r, from, to) })
}

func (e *Invoices) InvoicePeriodsIn(ctx context.Context, r store.Reader, from, to billing.Civil) ([]InvoicePeriod, error) {
	var first, last time.Time
	if to != "" {
		first, last = from.In(shipment.Oslo), to.In(shipment.Oslo)
	}
	all, err := r.Invoices(ctx, first, last)
	if err != nil {
		return nil, err
	}
	var out []InvoicePeriod
	for _, rec := range all {
		same := func(p InvoicePeriod) bool {
			return p.Vendor == rec.Vendor && p.From == rec.Invoice.From && p.To == rec.Invoice.To
		}
		if slices.ContainsFunc(out, same) {
			continue
		}
		p, _, _, err := e.invoicePeriod(ctx, r, rec.Vendor, rec.Invoice.From, rec.Invoice.To)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// Reverse takes an entry back: in the period that it stands in, or now when that is closed. An entry without lines has nothing
// to be taken back.
func (e *Invoices) Reverse(ctx context.Context, tx store.Tx, closed []store.ClosedMonth, entry, document, why string) error {
	lines, err := tx.Ledger(ctx, store.LedgerFilter{Entry: entry})
	if err != nil || len(lines) == 0 {
		return err
	}
	id := uuid.NewSHA1(e.Namespace, []byte("reversal/"+entry)).String()
	for i, l := range lines {
		at, note := store.BookAt(closed, l.BookedAt, tx.Now(), "bokført")
		if note != "" {
			note = "; " + note
		}
		l.Entry, l.Reverses, l.BookedAt, l.Note = id, entry, at, why+note
		l.Source, l.Document, l.Letters = store.LedgerReversal, document, -l.Letters
		l.Line.Net, l.Line.VAT, l.Line.Gross = -l.Line.Net, -l.Line.VAT, -l.Line.Gross
		lines[i] = l
	}
	return tx.Book(ctx, lines)
}
