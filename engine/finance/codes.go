package finance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/engine/calendar"
	"postgang/engine/change"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// CompareCodes tells what ImportCodes would change.
func (e *Finance) CompareCodes(ctx context.Context, entries []codes.Entry) (codes.Change, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (codes.Change, error) { return compareCodes(ctx, r, entries) })
}

func compareCodes(ctx context.Context, r store.Reader, entries []codes.Entry) (codes.Change, error) {
	before, err := r.CodeRegister(ctx)
	if err != nil {
		return codes.Change{}, err
	}
	return codes.Compare(codes.NewRegister(before), codes.NewRegister(entries)), nil
}

// ImportCodes replaces the register of konteringskoder, and tells what that changed. The reason is kept and shown, and may be empty.
func (e *Finance) ImportCodes(ctx context.Context, entries []codes.Entry, reason string) (codes.Change, error) {
	reason = cmp.Or(reason, change.Read)
	if why := identity.BadReason(reason); why != "" {
		return codes.Change{}, errors.New(why)
	}
	for i, c := range entries {
		if shipment.ShownCode(c.Code) != c.Code || len(identity.FindNationalIDs(c.Name)) > 0 { // both are shown in reports
			return codes.Change{}, fmt.Errorf("import codes: %w", &words.Refused{Note: shipment.Note{Code: "codes-number", Args: shipment.Args{"place": fmt.Sprint(i + 1)}}})
		}
	}
	var out codes.Change
	err := e.Archive.InTx(ctx, func(tx store.Tx) (err error) {
		was, err := tx.CodeRegister(ctx)
		if err != nil {
			return err
		}
		before, after := codes.NewRegister(was), codes.NewRegister(entries)
		out = codes.Compare(before, after)
		if err := tx.SetCodeRegister(ctx, entries); err != nil {
			return err
		}
		return tx.AddChange(ctx, change.Of(change.Codes, "konteringskoder", codeFacts(before, out.Gone, out.Changed), codeFacts(after, out.New, out.Changed), reason))
	})
	if err != nil {
		return out, fmt.Errorf("import codes: %w", err)
	}
	e.Log.Info("konteringskoder imported", "codes", out.After, "gone", len(out.Gone), "new", len(out.New))
	e.Passed("codes: imported")
	return out, nil
}

// codeFacts are what the log of changes keeps of some codes of a register: each as a line of its file.
func codeFacts(r codes.Register, lists ...[]string) change.Facts {
	f := change.Facts{}
	for _, code := range slices.Concat(lists...) {
		if c, ok := r.Find(code); ok {
			f[code] = strings.Join(c.Record(), ";")
		}
	}
	return f
}

// Budgets holds what is booked from the beginning of the calendar year to before a day against the register of konteringskoder.
// accounts nil: all. Without a register there is nothing.
func (e *Finance) Budgets(ctx context.Context, to civil.Date, accounts []string) ([]codes.BudgetRow, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]codes.BudgetRow, error) { return budgets(ctx, r, to, accounts) })
}

func budgets(ctx context.Context, r store.Reader, to civil.Date, accounts []string) ([]codes.BudgetRow, error) {
	entries, err := r.CodeRegister(ctx)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	first := to.AddDays(-1)[:4] + "-01-01"
	spent, err := r.SpentByCode(ctx, first.In(calendar.Oslo), to.In(calendar.Oslo), accounts)
	if err != nil {
		return nil, err
	}
	shown := map[string]money.Ore{}
	for code, net := range spent {
		shown[shipment.ShownCode(code)] += net
	}
	since := first
	for since < to {
		next := civil.NextMonth(since)
		month, err := r.SpentByCode(ctx, since.In(calendar.Oslo), min(next, to).In(calendar.Oslo), accounts)
		if err != nil {
			return nil, err
		}
		if len(month) > 0 {
			break // the first month of the year that anything is booked in
		}
		since = next
	}
	return codes.Budgets(codes.NewRegister(entries), shown, since, to), nil
}

// ExportQuery asks for the sums of a period's ledger.
type ExportQuery struct {
	From, To civil.Date
	Accounts []string // nil: all
	// DefaultCode stands for a konteringskode that is missing or invalid; empty: codes.Missing, InvalidCode.
	DefaultCode string
}

// ExportLedger sums the ledger of a period by sending account, vendor, konteringskode and kind of cost, for the accounting system; in
// that order. What stands on a code that another took the place of on the last day stands on that one, as in the budgets.
func (e *Finance) ExportLedger(ctx context.Context, q ExportQuery) ([]ledger.ExportRow, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) ([]ledger.ExportRow, error) {
		entries, err := r.CodeRegister(ctx)
		if err != nil {
			return nil, err
		}
		register := codes.NewRegister(entries)
		nowOf := register.On(q.To.AddDays(-1))
		type key struct{ account, vendor, code, kind string }
		sums := map[key]*ledger.ExportRow{}
		err = r.EachLedgerLine(ctx, store.LedgerFilter{From: q.From.In(calendar.Oslo), To: q.To.In(calendar.Oslo), Accounts: q.Accounts}, func(l store.LedgerLine) error {
			code := shipment.ShownCode(l.Line.Konteringskode)
			if code == "" || code == shipment.InvalidCode {
				code = cmp.Or(q.DefaultCode, code)
			}
			k := key{l.Account, l.Vendor, nowOf(code), l.Line.Kind}
			row := sums[k]
			if row == nil {
				v := e.Vendors[l.Vendor]
				row = &ledger.ExportRow{
					Entry: codes.Entry{Code: cmp.Or(k.code, codes.Missing)}, Account: l.Account, Sender: cmp.Or(e.Accounts[l.Account].Name, l.Account),
					VendorKey: l.Vendor, Vendor: cmp.Or(v.Name, l.Vendor), Kind: k.kind, VATCode: v.VAT.CodeOf(k.kind),
				}
				if c, ok := register.Find(k.code); ok {
					row.Entry = c
				}
				sums[k] = row
			}
			row.Net, row.VAT, row.Gross, row.Letters = row.Net+l.Line.Net, row.VAT+l.Line.VAT, row.Gross+l.Line.Gross, row.Letters+l.Letters
			return nil
		})
		if err != nil {
			return nil, err
		}
		out := make([]ledger.ExportRow, 0, len(sums))
		for _, row := range sums {
			out = append(out, *row)
		}
		slices.SortFunc(out, func(a, b ledger.ExportRow) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.VendorKey, b.VendorKey))
		})
		return out, nil
	})
}
