// Package billing turns what the print vendor reports into money that adds up. It is made of rooms, and the arrows run down only:
//
//	figures    the figures of a report, advice, kost/nytte
//	invoice    the vendor's invoices, held against what is booked
//	ledger     cost lines, the export of a period, the voucher of the accounting system
//	receipt    receipt files, held against what was sent
//	price      price lists
//	codes      the register of konteringskoder
//	reading    problems and encodings of other people's files
//	civil      days
//	money      øre and decimals
//
// The rooms are pure. They read no file, clock, environment or time zone database, and do nothing when the program begins: bytes,
// times and locations are handed in, results are handed back, and the same input gives the same result in any order. Only the rows
// of a large report wait in files, which are package spool's. They know nothing of databases, PDF files or workbooks.
//
// Rules that hold everywhere:
//
//   - Money is money.Ore, an integer. Net, VAT and gross are kept apart and gross = net + VAT always.
//   - Days are civil.Date, decided in the location of the caller (Europe/Oslo); periods are half-open, so a row on a boundary belongs
//     to exactly one period.
//   - Konteringskoder and ids are text. They are never read as numbers, and "0100" is not "100".
//   - A cost without a konteringskode is shown as codes.Missing, never dropped.
//   - Problems and errors name line and column, never the content of a field, because a wrong file may hold personal data.
package billing
