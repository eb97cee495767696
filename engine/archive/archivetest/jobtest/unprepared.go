package jobtest

import (
	"errors"

	"postgang/engine/alarm"
	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// unprepared: letters that cannot be prepared count while they wait for that, whatever else has become of them.
func unprepared(s *archivetest.Suite) {
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusMottatt }, 1, 2, 3, 4)
	s.Put(nil, 5, 6)
	full := func(n int, again bool) alarm.Unprepared {
		return alarm.Unprepared{Cause: alarm.CauseSpace, Again: again, Shipment: archivetest.ID(n), Why: "no space left"}
	}
	counted := func(want ...alarm.Unprepared) {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.Unprepared(s.Ctx)
			s.Same(got, want)
			return err
		})
	}
	of := func(u alarm.Unprepared, letters int) alarm.Unprepared { u.Letters = letters; return u }
	note := func(all ...alarm.Unprepared) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			for _, u := range all {
				if err := tx.SetUnprepared(s.Ctx, u); err != nil {
					return err
				}
			}
			return nil
		})
	}
	drop := func(numbers ...int) (over []alarm.Unprepared) {
		s.Helper()
		var ids []string
		for _, n := range numbers {
			ids = append(ids, archivetest.ID(n))
		}
		s.Must(func(tx store.Tx) (err error) { over, err = tx.DropUnprepared(s.Ctx, ids...); return err })
		return over
	}
	counted()
	s.Same(drop(1, 2), []alarm.Unprepared{})
	s.Same(drop(), []alarm.Unprepared{})
	worker := alarm.Unprepared{Cause: alarm.CauseWorker, Shipment: archivetest.ID(4), Why: "02013299997 at \x00 work"}
	note(full(3, false), full(2, false), full(1, false), full(2, false), worker, full(5, true), full(6, true))
	worker.Why = "«11 sifre» at \uFFFD work"
	counted(of(full(1, false), 3), of(full(5, true), 2), of(worker, 1))
	s.View(func(r store.Reader) error {
		got, err := r.UnpreparedAmong(s.Ctx, []string{archivetest.ID(1), archivetest.ID(5), archivetest.ID(7)})
		s.Same(got, map[string]bool{archivetest.ID(1): true, archivetest.ID(5): true})
		return err
	})
	// The last time counts.
	again := worker
	again.Shipment = archivetest.ID(1)
	note(again)
	counted(of(full(2, false), 2), of(full(5, true), 2), of(again, 2))
	// What need not be prepared any more does not count, whoever has changed that.
	s.Must(func(tx store.Tx) error {
		two, err := tx.Shipment(s.Ctx, archivetest.ID(2))
		if err != nil {
			return err
		}
		five, err := tx.Shipment(s.Ctx, archivetest.ID(5))
		if err != nil {
			return err
		}
		two.Status, five.Hold = shipment.StatusManueltHandtert, "oppsett"
		return errors.Join(tx.UpdateShipment(s.Ctx, two), tx.UpdateShipment(s.Ctx, five))
	})
	counted(of(full(3, false), 1), of(full(6, true), 1), of(again, 2))
	s.Same(drop(1), []alarm.Unprepared{}) // another waits for the same
	s.Same(drop(3, 4), []alarm.Unprepared{{Cause: alarm.CauseSpace}, {Cause: alarm.CauseWorker}})
	s.Same(drop(6, 3), []alarm.Unprepared{{Cause: alarm.CauseSpace, Again: true}})
	counted()
	s.Refuse(nil, func(tx store.Tx) error {
		return tx.SetUnprepared(s.Ctx, alarm.Unprepared{Shipment: archivetest.ID(3), Why: "x"})
	})
	s.Refuse(nil, func(tx store.Tx) error { return tx.SetUnprepared(s.Ctx, full(99, false)) })
}
