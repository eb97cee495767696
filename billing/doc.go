// Package billing turns what the print vendor reports into money that adds up: it parses receipts,
// makes cost lines in øre, checks them against what was sent and against a price list, computes the
// kost/nytte model and collects the figures of a report.
//
// The package is pure. It reads no file, clock, environment or time zone database, and does nothing
// when the program begins: bytes, times and locations are handed in, results are handed back, and the
// same input gives the same result in any order. Only the rows of a large report wait in files, which
// are package spool's. It knows nothing of databases, PDF files or workbooks.
//
// Rules that hold everywhere:
//
//   - Money is [Ore], an integer. Net, VAT and gross are kept apart and gross = net + VAT always.
//   - Days are [Civil] dates decided in the location of the caller (Europe/Oslo); periods are
//     half-open, so a row on a boundary belongs to exactly one period.
//   - Konteringskoder and ids are text. They are never read as numbers, and "0100" is not "100".
//   - A cost without a konteringskode is shown as [MissingCode], never dropped.
//   - Problems and errors name line and column, never the content of a field, because a wrong file
//     may hold personal data.
package billing
