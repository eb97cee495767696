package engine

import (
	"context"
	"fmt"

	"postgang/billing"
)

// ImportCodes replaces the register of konteringskoder.
func (e *Engine) ImportCodes(ctx context.Context, entries []billing.CodeEntry) error {
	err := e.archive.InTx(ctx, func(tx Tx) error { return tx.SetCodeRegister(ctx, entries) })
	if err != nil {
		return fmt.Errorf("import codes: %w", err)
	}
	e.log.Info("konteringskoder imported", "codes", len(entries))
	e.step("codes: imported")
	return nil
}

// Budgets holds what is booked from the beginning of the calendar year to before a day against the register of konteringskoder.
// accounts nil: all. Without a register there is nothing.
func (e *Engine) Budgets(ctx context.Context, to billing.Civil, accounts []string) ([]billing.BudgetRow, error) {
	return view(ctx, e.archive, func(r Reader) ([]billing.BudgetRow, error) { return budgets(ctx, r, to, accounts) })
}

func budgets(ctx context.Context, r Reader, to billing.Civil, accounts []string) ([]billing.BudgetRow, error) {
	entries, err := r.CodeRegister(ctx)
	if err != nil || len(entries) == 0 {
		return nil, err
	}
	first := to.AddDays(-1)[:4] + "-01-01"
	spent, err := r.SpentByCode(ctx, first.In(Oslo), to.In(Oslo), accounts)
	if err != nil {
		return nil, err
	}
	shown := map[string]billing.Ore{}
	for code, net := range spent {
		shown[ShownCode(code)] += net
	}
	return billing.Budgets(billing.NewRegister(entries), shown, to), nil
}
