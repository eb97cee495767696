package receipts

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"iter"
	"sync/atomic"
	"time"

	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/billing/spool"
)

// row is a row that waits in a file to be applied.
type row receipt.Row

// GobEncode implements gob.GobEncoder: a million rows are written and read by it, and reflecting on each takes longer than booking some.
func (r row) GobEncode() ([]byte, error) { return r.append(make([]byte, 0, 160)), nil }

// append adds the row's bytes.
func (r row) append(b []byte) []byte {
	for _, n := range []int64{
		int64(r.Line), r.PostedAt.UnixMilli(), int64(r.PagesBW), int64(r.PagesColour), int64(r.EnvelopesAuto), int64(r.ExtraSheetsAuto), int64(r.EnvelopesManual),
		int64(r.ExtraSheetsManual), int64(r.WeightGram), int64(r.Production), int64(r.Postage),
	} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range []string{r.Job, r.Shipment, r.PrintID, r.Konteringskode, string(r.Kind), string(r.Reason)} {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

// GobDecode implements gob.GobDecoder.
func (r *row) GobDecode(b []byte) error {
	var ns [11]int64
	for i := range ns {
		n, size := binary.Varint(b)
		if size <= 0 {
			return errShortRow
		}
		ns[i], b = n, b[size:]
	}
	text := string(b) // one for all
	var ss [6]string
	for i := range ss {
		n, size := binary.Uvarint(b)
		if size <= 0 || uint64(len(b)-size) < n {
			return errShortRow
		}
		at := len(text) - len(b) + size
		ss[i], b = text[at:at+int(n)], b[size+int(n):] //nolint:gosec // it is no more than there is
	}
	*r = row{
		Line: int(ns[0]), PostedAt: time.UnixMilli(ns[1]).UTC(), PagesBW: int(ns[2]), PagesColour: int(ns[3]), EnvelopesAuto: int(ns[4]), ExtraSheetsAuto: int(ns[5]),
		EnvelopesManual: int(ns[6]), ExtraSheetsManual: int(ns[7]), WeightGram: int(ns[8]), Production: money.Ore(ns[9]), Postage: money.Ore(ns[10]),
		Job: ss[0], Shipment: ss[1], PrintID: ss[2], Konteringskode: ss[3], Kind: receipt.RowKind(ss[4]), Reason: receipt.ReturnReason(ss[5]),
	}
	return nil
}

var errShortRow = errors.New("a row that was kept on disk is cut off")

// read reads all rows of the file, and what they say in all. One that is half applied must have the rows that it had.
func (b *booking) read(ctx context.Context) (_ *sorted, problems []reading.Problem, err error) {
	blob, err := b.e.Blobs.Open(ctx, b.file.Blob)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, blob.Close()) }()
	w := spool.New(b.e.WorkDir, orderOfRows)
	d := digest{hash: sha256.New()}
	var net money.Ore
	n := 0
	problems, err = receipt.Read(blob, blob.Size(), b.p.Format, func(r receipt.Row) error {
		r.PostedAt = r.PostedAt.UTC().Truncate(time.Millisecond) // what the archive keeps, so that doubles are known
		n++
		net += r.Net()
		d.add(row(r))
		if n%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return w.Add(row(r))
	})
	if err != nil || len(problems) > 0 && !b.begun {
		return nil, problems, errors.Join(err, w.Close())
	}
	sum := d.sum()
	if b.begun && (len(problems) > 0 || sum != b.p.Digest) {
		return nil, nil, errors.Join(errOtherRows, w.Close())
	}
	b.p.Out.Rows, b.p.Net, b.p.Digest = n, net, sum
	rows, err := w.Rows()
	return &sorted{rows}, nil, err
}

// digest is a hash over rows.
type digest struct {
	hash hash.Hash
	b    []byte
}

func (d *digest) add(r row) {
	d.b = r.append(d.b[:0])
	d.hash.Write(d.b)
}

func (d *digest) sum() string { return hex.EncodeToString(d.hash.Sum(nil)) }

// sorted are the rows of a file, job by job.
type sorted struct{ *spool.Rows[row] }

// Close lets go of them; nil has none.
func (s *sorted) Close() error {
	if s == nil {
		return nil
	}
	return s.Rows.Close()
}

// chunk is rows that are applied by one transaction.
type chunk struct {
	at   int // the place of the first among all
	rows []receipt.Row
	ends bool // the next row is of another job, or there is none
	// What was read of their letters before the transaction; nil: nothing was.
	ahead *ahead
}

// from gives the rows from a place on, so many at once as most says then. Some are read while those before are worked on, and their letters by
// look, with those before.
func (s *sorted) from(place int, most *atomic.Int64, look func(before, rows []receipt.Row) *ahead) iter.Seq2[chunk, error] {
	type next struct {
		chunk
		err error
	}
	return func(yield func(chunk, error) bool) {
		ready, stop := make(chan next), make(chan struct{})
		var before []receipt.Row
		give := func(n next) bool {
			if before != nil && n.err == nil {
				n.ahead = look(before, n.rows)
			}
			before = n.rows
			select {
			case ready <- n:
				return true
			case <-stop:
				return false
			}
		}
		go func() {
			defer close(ready)
			c := chunk{at: place}
			at := 0
			for r, err := range s.All() {
				if err != nil {
					give(next{err: err})
					return
				}
				if at++; at <= place {
					continue
				}
				if n := len(c.rows); n >= int(most.Load()) {
					c.ends = r.Job != c.rows[n-1].Job
					if !give(next{chunk: c}) {
						return
					}
					c = chunk{at: at - 1, rows: make([]receipt.Row, 0, len(c.rows))}
				}
				c.rows = append(c.rows, receipt.Row(r))
			}
			if c.ends = true; len(c.rows) > 0 {
				give(next{chunk: c})
			}
		}()
		defer func() {
			close(stop)
			for range ready { // until nobody reads the file any more
			}
		}()
		for n := range ready {
			if !yield(n.chunk, n.err) {
				return
			}
		}
	}
}
