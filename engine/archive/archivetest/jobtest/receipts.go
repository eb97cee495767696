package jobtest

import (
	"errors"
	"time"

	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// receiptParts: how far a receipt file has come is kept, and moved on from where it is alone.
func receiptParts(s *archivetest.Suite) {
	s.Put(nil, 1, 2)
	id := s.Job(1, 2)
	f := archivetest.ReceiptFile()
	f.Rows, f.Applying = 2, "{}"
	stopped := f
	stopped.SHA256, stopped.Rows, stopped.Applying = archivetest.Sha(501), 0, ""
	stopped.Problems = []reading.Problem{{Line: 3, Code: "number", Text: "not a number"}}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, f), tx.InsertReceiptFile(s.Ctx, stopped))
	})
	r1, l1 := archivetest.Receipt(101, id, 1)
	r2, l2 := archivetest.Receipt(102, id, 2)
	half := func(want ...store.ReceiptFile) {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.HalfReceiptFiles(s.Ctx)
			s.Same(got, want)
			return err
		})
	}
	sum := func(after, until string, rows int, net money.Ore) {
		s.Helper()
		s.View(func(r store.Reader) error {
			n, booked, err := r.ReceiptSum(s.Ctx, after, until)
			if n != rows || booked != net {
				s.Errorf("%d receipts with %s, want %d with %s", n, booked, rows, net)
			}
			return err
		})
	}
	net := func(lines []store.LedgerLine) (sum money.Ore) {
		for _, l := range lines {
			sum += l.Line.Net
		}
		return sum
	}
	half(f)
	f.Done, f.Applying = 1, "one"
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.AdvanceReceiptFile(s.Ctx, f, 1) })
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceipts(s.Ctx, r1), tx.Book(s.Ctx, l1), tx.AdvanceReceiptFile(s.Ctx, f, 0))
	})
	half(f)
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.AdvanceReceiptFile(s.Ctx, f, 0) }) // it is further
	sum(archivetest.ID(0), r1.ID, 1, net(l1))
	f.Done, f.Applying = 2, ""
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceipts(s.Ctx, r2), tx.Book(s.Ctx, l2), tx.AdvanceReceiptFile(s.Ctx, f, 1))
	})
	half()
	sum(archivetest.ID(0), r2.ID, 2, net(l1)+net(l2))
	sum(r1.ID, r2.ID, 1, net(l2))
	sum(r2.ID, r2.ID, 0, 0)
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.AdvanceReceiptFile(s.Ctx, f, 2) }) // it is whole
	stopped.Problems, stopped.Rows, stopped.Done, stopped.Applying = nil, 7, 3, "three"
	s.Must(func(tx store.Tx) error { return tx.AdvanceReceiptFile(s.Ctx, stopped, 0) }) // the profile is mended
	half(stopped)
	s.View(func(r store.Reader) error {
		got, err := r.ReceiptFile(s.Ctx, stopped.Vendor, stopped.SHA256)
		s.Same(got, stopped)
		return err
	})
}

// postedAtOnce: many shipments are posted together, or none when one of them has changed.
func postedAtOnce(s *archivetest.Suite) {
	var ns []int
	for n := range 230 {
		ns = append(ns, n+1)
	}
	s.Put(nil, ns...)
	list := func() (out []store.PostedShipment) {
		s.View(func(r store.Reader) error {
			for _, n := range ns {
				now, err := r.Shipment(s.Ctx, archivetest.ID(n))
				if err != nil {
					return err
				}
				out = append(out, store.PostedShipment{ID: now.ID, Status: shipment.StatusPrintet, PostedAt: archivetest.T0.Add(time.Duration(n) * time.Hour), Version: now.Version})
			}
			return nil
		})
		return out
	}
	stale := list()
	stale[150].Version++
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.PostShipments(s.Ctx, stale) })
	good := list()
	s.Must(func(tx store.Tx) error { return tx.PostShipments(s.Ctx, good) })
	s.View(func(r store.Reader) error {
		for i, n := range ns {
			now, err := r.Shipment(s.Ctx, archivetest.ID(n))
			if err != nil {
				return err
			}
			if now.Status != shipment.StatusPrintet || !now.PostedAt.Equal(good[i].PostedAt) || now.Version != good[i].Version+1 {
				s.Errorf("shipment %d is %s, posted %v, version %d", n, now.Status, now.PostedAt, now.Version)
			}
		}
		counts, err := r.CountShipments(s.Ctx)
		s.Same(len(counts), 1)
		return err
	})
	s.Must(func(tx store.Tx) error { return tx.PostShipments(s.Ctx, nil) })
}

// besideOne: statements for many rows run while the transaction goes on. What follows sees what they wrote, and one that fails lets nothing
// of the transaction be, whoever passes its error over.
func besideOne(s *archivetest.Suite) {
	const many = 150
	var ns []int
	for n := range many {
		ns = append(ns, n+1)
	}
	s.Put(nil, ns...)
	events := func(more ...int) (out []shipment.Event) {
		for _, n := range append(more, ns...) {
			out = append(out, shipment.Event{Shipment: archivetest.ID(n), At: archivetest.T0, Kind: shipment.EventPosted, From: shipment.StatusSendtPrint, To: shipment.StatusSendtPrint, Reason: "once"})
		}
		return out
	}
	kept := func(r store.Reader) (n int, err error) {
		history, err := r.History(s.Ctx, archivetest.ID(many))
		for _, ev := range history {
			if ev.Reason == "once" {
				n++
			}
		}
		return n, err
	}
	const unknown = 9999
	ask := func(tx store.Tx) error {
		_, err := tx.Shipment(s.Ctx, archivetest.ID(1))
		return err
	}
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.AddEvents(s.Ctx, events(unknown)...) })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return errors.Join(tx.AddEvents(s.Ctx, events(unknown)...), ask(tx)) })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		_ = tx.AddEvents(s.Ctx, events(unknown)...)
		_ = ask(tx)
		if err := ask(tx); err == nil {
			s.Error("a statement ran in a transaction of which one had failed")
		}
		return nil
	})
	stale := store.PostedShipment{ID: archivetest.ID(1), Status: shipment.StatusPrintet, PostedAt: archivetest.T0, Version: 999}
	s.Refuse(store.ErrStale, func(tx store.Tx) error {
		_ = tx.PostShipments(s.Ctx, []store.PostedShipment{stale})
		_ = ask(tx)
		return nil
	})
	func() {
		defer func() {
			if recover() == nil {
				s.Error("a panic is swallowed")
			}
		}()
		_ = s.InTx(func(tx store.Tx) error {
			if err := tx.AddEvents(s.Ctx, events()...); err != nil {
				return err
			}
			panic("in the middle")
		})
	}()
	s.View(func(r store.Reader) error {
		n, err := kept(r)
		s.Same(n, 0)
		return err
	})
	s.Must(func(tx store.Tx) error {
		if err := tx.AddEvents(s.Ctx, events()...); err != nil {
			return err
		}
		n, err := kept(tx)
		s.Same(n, 1)
		return err
	})
}
