// Package people keeps who may do what and who did: integrations, persons and their roles, log-ins, what takes two persons, and the logs of
// changes and look-ups. Its Reader and Writer are part of the archive's.
package people

import (
	"time"

	"postgang/engine/archive/sqlrow"
)

// Reader reads in a transaction of the archive.
type Reader struct{ rows *sqlrow.Rows }

// Writer writes in one.
type Writer struct {
	rows *sqlrow.Rows
	now  time.Time
	ways map[way]int // hand-ins of this transaction
}

// NewReader makes the reader of a transaction.
func NewReader(r *sqlrow.Rows) Reader { return Reader{r} }

// NewWriter makes the writer of a transaction; now is its clock.
func NewWriter(r *sqlrow.Rows, now time.Time) Writer { return Writer{r, now, map[way]int{}} }
