// Package money is the console's pages of finance (økonomi): budgets, receipts, deviations, invoices and months, and what finance does
// with them.
package money

import (
	"context"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/invoice"
	"postgang/billing/money"
	"postgang/engine/access"
	"postgang/engine/console/visit"
	"postgang/engine/finance"
	"postgang/engine/invoices"
	"postgang/engine/receipts"
	"postgang/engine/store"
)

// Engine is what the pages of finance ask of the engine, and have it do in the name of whom the context says; *engine.Engine is one.
// What belongs to no account is for those who may do it for all.
type Engine interface {
	Ledger
	Receipts
	Invoices
}

// Ledger is budgets and months.
type Ledger interface {
	Budgets(ctx context.Context, to civil.Date, accounts []string) ([]codes.BudgetRow, error)
	CompareCodes(ctx context.Context, entries []codes.Entry) (codes.Change, error)
	ImportCodes(ctx context.Context, entries []codes.Entry, reason string) (codes.Change, error)
	Months(ctx context.Context) ([]finance.MonthStatus, error)
	MonthStatus(ctx context.Context, month civil.Date) (finance.MonthStatus, error)
	MayClose(ctx context.Context, month civil.Date) error
	CloseMonth(ctx context.Context, month civil.Date, reason string) (store.ClosedMonth, error)
	// ClosesByTwo reports whether it takes two persons to close a month.
	ClosesByTwo() bool
}

// Receipts is what vendors report.
type Receipts interface {
	ImportReceipts(ctx context.Context, vendor, name string, data []byte) (receipts.Imported, error)
	FileRows(ctx context.Context, vendor, sha256 string, states []store.ReceiptState, after string, limit int) ([]store.ReceiptRecord, error)
	Choice(ctx context.Context, id string) (receipts.ReceiptChoice, error)
	ResolveReceipt(ctx context.Context, r receipts.ReceiptResolution) (receipts.ReceiptChoice, error)
	DecideDeviationsSeen(ctx context.Context, keys []string, seen map[string]store.DeviationState, state store.DeviationState, reason string) (int, error)
}

// Invoices is what vendors want to be paid.
type Invoices interface {
	InvoicePeriods(ctx context.Context, from, to civil.Date) ([]invoices.InvoicePeriod, error)
	InvoicePeriodOf(ctx context.Context, rec store.InvoiceRecord) (invoices.InvoicePeriod, error)
	RemovedInvoices(ctx context.Context) ([]store.RemovedInvoice, error)
	TakeInvoice(ctx context.Context, vendor string, data []byte, given civil.Period) (store.InvoiceRecord, error)
	AddInvoice(ctx context.Context, vendor string, inv invoice.Invoice) (store.InvoiceRecord, error)
	BookInvoice(ctx context.Context, b invoices.InvoiceBooking) (invoices.InvoicePeriod, error)
	RemoveInvoice(ctx context.Context, id, reason string) error
	CarryReceipts(ctx context.Context, id string, into civil.Date, reason string) (money.Ore, invoices.InvoicePeriod, error)
}

// Config is what the pages are made of.
type Config struct {
	Archive store.Archive
	Engine  Engine
	Books   Books // nil: there are no workbooks, and no registers are read
}

// pages answer the addresses of this room.
type pages struct {
	Config
	making chan struct{} // holds one while a workbook is made
}

// request is a visit to one of them.
type request struct {
	*visit.Visit
	*pages
}

// Models are a model of each page of this room by the name of its template, for the test that shows it with nothing and with all.
func Models() map[string]any {
	return map[string]any{
		"koder": codesPage{}, "avvik": deviationsPage{}, "kvitteringer": receiptsPage{}, "kvitteringsfil": filePage{}, "konflikt": conflictPage{}, "fakturaer": invoicesPage{},
		"faktura": invoicePage{}, "faktura-skriv": typedInvoice{}, "maneder": monthsPage{}, "maned": monthPage{}, "okonomi-skjema": form{},
	}
}

// Routes are the addresses of this room.
func Routes(c Config) []visit.Route {
	p := &pages{Config: c, making: make(chan struct{}, 1)}
	do := func(fn func(v *request) error) func(*visit.Visit) error {
		return func(v *visit.Visit) error { return fn(&request{v, p}) }
	}
	see := func(pattern string, fn func(v *request) error) visit.Route {
		return visit.Get("/okonomi/"+pattern, access.SeeMoney, do(fn))
	}
	ask := func(pattern string, fn func(v *request) error) visit.Route {
		return visit.Get("/okonomi/"+pattern, access.HandleMoney, do(fn))
	}
	act := func(pattern string, fn func(v *request) error) visit.Route {
		return visit.Post("/okonomi/"+pattern, access.HandleMoney, do(fn))
	}
	return []visit.Route{
		see("koder", codeBudgets),
		see("koder/liste.csv", codesCSV),
		see("koder/register.csv", registerCSV).Whole(),
		ask("koder/les-inn", askImportCodes).Whole(),
		act("koder/les-inn", importCodes).Whole(),
		see("avvik", deviations),
		see("avvik/liste.csv", deviationsCSV),
		see("avvik/omtvistet.csv", disputeCSV),
		ask("avvik/avgjor", askDecide),
		act("avvik/avgjor", decide),
		see("kvitteringer", receiptList).Whole(),
		see("kvitteringer/liste.csv", receiptsCSV).Whole(),
		ask("kvitteringer/les-inn", askImport).Whole(),
		act("kvitteringer/les-inn", importReceipts).Whole(),
		see("kvitteringer/filer/{trykkeri}/{sha}", receiptFile).Whole(),
		see("kvitteringer/filer/{trykkeri}/{sha}/rader.csv", receiptRowsCSV).Whole(),
		ask("kvitteringer/filer/{trykkeri}/{sha}/kjent", askKnown).Whole(),
		act("kvitteringer/filer/{trykkeri}/{sha}/kjent", known).Whole(),
		see("kvitteringer/konflikt/{id}", conflict).Whole(),
		act("kvitteringer/konflikt/{id}", resolve).Whole(),
		see("fakturaer", invoiceList).Whole(),
		see("fakturaer/liste.csv", invoicesCSV).Whole(),
		ask("fakturaer/les-inn", askTake).Whole(),
		act("fakturaer/les-inn", take).Whole(),
		ask("fakturaer/skriv-inn", askTypedInvoice).Whole(),
		act("fakturaer/skriv-inn", typeInvoice).Whole(),
		see("fakturaer/{id}", invoiceDetails).Whole(),
		ask("fakturaer/{id}/bokfor", askBook).Whole(),
		act("fakturaer/{id}/bokfor", book).Whole(),
		ask("fakturaer/{id}/fjern", askRemove).Whole(),
		act("fakturaer/{id}/fjern", remove).Whole(),
		ask("fakturaer/{id}/overfor", askCarry).Whole(),
		act("fakturaer/{id}/overfor", carry).Whole(),
		see("maneder", months).Whole(),
		see("maneder/liste.csv", monthsCSV).Whole(),
		see("maneder/{maned}", month).Whole(),
		ask("maneder/{maned}/lukk", askClose).Whole(),
		act("maneder/{maned}/lukk", closeMonth).Whole(),
		see("arbeidsbok", workbook),
	}
}
