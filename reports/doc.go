// Package reports writes the figures of a [figures.Report] as a Norwegian Excel workbook and as CSV.
//
// The workbook is for a finance officer: every figure stands as a value and, where it follows from
// other cells, as a live formula beside it, so that it reads right in viewers that do not calculate and
// can be traced and changed in programs that do. Sums are built from the sheets Kostnader and Rådata,
// and a block of controls compares them with the ledger's own totals and turns red when they differ.
//
// The same report and options give the same bytes. The workbook holds no personal data, no macro and no
// link to another file, and texts from outside (codes, ids, system names) are always text cells, never
// formulas.
//
// This is the only package that imports excelize.
package reports
