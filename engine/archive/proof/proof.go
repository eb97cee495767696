// Package proof reads what rows of the archive say twice, so that it can be held against each other: which documents are named, and what
// receipts say against what is booked.
package proof

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"postgang/billing/money"
	"postgang/billing/receipt"
	"postgang/engine/archive/sqlrow"
	"postgang/engine/shipment"
)

// Prover reads in a transaction of the archive.
type Prover struct{ rows *sqlrow.Rows }

// New makes the reader of a transaction.
func New(r *sqlrow.Rows) Prover { return Prover{r} }

// Named is a document that a row names.
type Named struct {
	shipment.BlobRef
	Kind NamedBy
	Of   string // id of the shipment, job or invoice; of a receipt file the vendor
}

// NamedBy is what names a document.
type NamedBy string

// What names documents.
const (
	ByDocument NamedBy = "document"
	ByPrepared NamedBy = "print-ready file"
	ByJobFile  NamedBy = "file of print job"
	ByReceipts NamedBy = "receipt file"
	ByInvoice  NamedBy = "invoice"
)

// naming are the columns that name documents; those that retention has erased are named no more (package erasing).
var naming = []struct {
	kind                  NamedBy
	sha, bytes, of, table string
	where                 string
}{
	{ByDocument, "blob_sha", "blob_bytes", "shipment", "document", ""},
	{ByPrepared, "prepared_sha", "prepared_bytes", "id", "shipment", " AND prepared_sha > '' AND status <> 'SLETTET'"},
	{ByJobFile, "blob_sha", "blob_bytes", "job", "job_file", " AND erased_at IS NULL"},
	{ByReceipts, "blob_sha", "blob_bytes", "vendor", "receipt_file", ""},
	{ByInvoice, "blob_sha", "blob_bytes", "id", "invoice", ""},
	{ByInvoice, "blob_sha", "blob_bytes", "id", "invoice_removed", ""},
}

// Documents lists what is named, by hash, after one: at most so many rows. What several rows name comes several times.
func (p Prover) Documents(ctx context.Context, after string, most int) ([]Named, error) {
	var parts []string
	for _, n := range naming {
		parts = append(parts, fmt.Sprintf(`SELECT * FROM (SELECT %s AS sha, %s AS bytes, '%s' AS kind, %s AS owner FROM %s WHERE %s > $1%s ORDER BY %s LIMIT $2) x`,
			n.sha, n.bytes, n.kind, n.of, n.table, n.sha, n.where, n.sha))
	}
	out, err := sqlrow.List(ctx, p.rows, func(scan sqlrow.Scan) (n Named, err error) {
		err = scan(&n.SHA256, &n.Bytes, &n.Kind, &n.Of)
		return n, err
	}, strings.Join(parts, " UNION ALL ")+` ORDER BY sha, kind, owner LIMIT $2`, after, most)
	if err != nil {
		return nil, fmt.Errorf("list what documents are named: %w", err)
	}
	return out, nil
}

// Counts are how many rows of each kind there are.
func (p Prover) Counts(ctx context.Context) (map[string]int, error) {
	out := map[string]int{}
	for name, query := range map[string]string{
		"shipments": "SELECT count(*) FROM shipment", "documents": "SELECT count(*) FROM document", "jobs": "SELECT count(*) FROM print_job",
		"letters_in_jobs": "SELECT count(*) FROM job_letter", "receipts": "SELECT count(*) FROM receipt", "ledger_lines": "SELECT count(*) FROM ledger",
	} {
		n, err := sqlrow.One(ctx, p.rows, sqlrow.Scalar[int], query)
		if err != nil {
			return nil, fmt.Errorf("count %s: %w", name, err)
		}
		out[name] = n
	}
	return out, nil
}

// Schema is the version of the schema.
func (p Prover) Schema(ctx context.Context) (int64, error) {
	n, err := sqlrow.One(ctx, p.rows, sqlrow.Scalar[int64], `SELECT max(version_id) FROM archive_version`)
	if err != nil {
		return 0, fmt.Errorf("read the version of the schema: %w", err)
	}
	return n, nil
}

// Unbalanced is a receipt whose amounts are not those that are booked.
type Unbalanced struct {
	Receipt, Vendor, Job string
	Says, Booked         money.Ore // net; a receipt that is not in force says nothing
}

// Receipts holds receipts against the ledger, by id after one, at most so many: it gives those that differ, and the id of the last one it has
// looked at; empty: there are no more.
func (p Prover) Receipts(ctx context.Context, after string, most int) (differ []Unbalanced, last string, err error) {
	n := 0
	err = p.rows.Each(ctx, func(scan sqlrow.Scan) error {
		var u Unbalanced
		var state, line string
		var lines int
		if err := scan(&u.Receipt, &u.Vendor, sqlrow.Text(&u.Job), &state, &line, &u.Booked, &lines); err != nil {
			return err
		}
		n++
		last = u.Receipt
		var row receipt.Row
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			return fmt.Errorf("receipt %s: its row cannot be read", u.Receipt)
		}
		inForce := state == "APPLIED" && row.Kind != receipt.RowReversal && row.Kind != receipt.RowReturn
		if inForce {
			u.Says = row.Production + row.Postage
		}
		if u.Says != u.Booked || inForce && lines == 0 {
			differ = append(differ, u)
		}
		return nil
	}, `SELECT c.id, c.vendor, c.job, c.state, c.line,
		CAST(coalesce((SELECT sum(l.net) FROM ledger l WHERE l.entry = c.id), 0) + coalesce((SELECT sum(l.net) FROM ledger l WHERE l.reverses = c.id), 0) AS BIGINT),
		(SELECT count(*) FROM ledger l WHERE l.entry = c.id)
		FROM receipt c WHERE c.id > $1 ORDER BY c.id LIMIT $2`, after, most)
	if err != nil {
		return nil, "", fmt.Errorf("hold receipts against the ledger: %w", err)
	}
	if n < most {
		last = ""
	}
	return differ, last, nil
}

// Orphans are entries of the ledger that say that they are a receipt's, and are of none.
func (p Prover) Orphans(ctx context.Context, most int) ([]string, error) {
	out, err := sqlrow.List(ctx, p.rows, sqlrow.Scalar[string],
		`SELECT DISTINCT l.entry FROM ledger l WHERE l.source = 'KVITTERING' AND NOT EXISTS (SELECT 1 FROM receipt c WHERE c.id = l.entry) ORDER BY l.entry LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("hold the ledger against receipts: %w", err)
	}
	return out, nil
}

// Recounted are letters that the ledger counts otherwise than once for each time that they were printed, or not at all.
func (p Prover) Recounted(ctx context.Context, most int) ([]string, error) {
	out, err := sqlrow.List(ctx, p.rows, sqlrow.Scalar[string],
		`SELECT l.shipment FROM ledger l WHERE l.shipment IS NOT NULL AND l.letters <> 0 GROUP BY l.shipment, l.job HAVING sum(l.letters) NOT IN (0, 1) ORDER BY l.shipment LIMIT $1`, most)
	if err != nil {
		return nil, fmt.Errorf("count the letters of the ledger: %w", err)
	}
	return out, nil
}
