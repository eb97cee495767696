package findtest

import (
	"errors"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/forecast"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// arrived: hand-ins are counted by the hour in which they came, once, whatever becomes of them.
func arrived(s *archivetest.Suite) {
	hour := archivetest.T0.Truncate(time.Hour)
	at := func(account string, t time.Time) func(*shipment.Shipment) {
		return func(v *shipment.Shipment) { v.Account, v.ReceivedAt = account, t }
	}
	s.Put(at("skole", hour), 1)
	s.Put(at("skole", hour.Add(time.Hour-time.Millisecond)), 2, 3)
	s.Put(at("skole", hour.Add(time.Hour)), 4)
	s.Put(at("helse", hour), 5)
	s.Put(at("helse", hour.Add(-time.Millisecond)), 6)
	s.Put(func(v *shipment.Shipment) {
		at("helse", hour)(v)
		v.Status, v.DueAt, v.DueReason = shipment.StatusAvvist, time.Time{}, ""
	}, 7)
	_ = s.InTx(func(tx store.Tx) error {
		undone := archivetest.Shipment(8)
		undone.ReceivedAt = hour
		return errors.Join(tx.InsertShipment(s.Ctx, undone, nil), errors.New("undone"))
	})
	want := []forecast.Arrival{{Account: "helse", Hour: hour, Letters: 2}, {Account: "skole", Hour: hour, Letters: 3}}
	look := func() {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.Arrivals(s.Ctx, hour, hour.Add(time.Hour))
			s.Same(got, want)
			all, err2 := r.Arrivals(s.Ctx, hour.Add(-24*time.Hour), hour.Add(24*time.Hour))
			s.Same(all, []forecast.Arrival{
				{Account: "helse", Hour: hour.Add(-time.Hour), Letters: 1}, want[0], want[1], {Account: "skole", Hour: hour.Add(time.Hour), Letters: 1},
			})
			none, err3 := r.Arrivals(s.Ctx, hour.Add(time.Millisecond), hour.Add(time.Hour))
			s.Same(none, []forecast.Arrival(nil)) // whole hours alone
			return errors.Join(err, err2, err3)
		})
	}
	look()
	// One is erased.
	s.Must(func(tx store.Tx) error {
		v, err := tx.Shipment(s.Ctx, archivetest.ID(2))
		v.Status, v.Prepared, v.Facts, v.PreparedKey, v.DueAt, v.DueReason = shipment.StatusSlettet, shipment.BlobRef{}, nil, "", time.Time{}, ""
		return errors.Join(err, tx.UpdateShipment(s.Ctx, v))
	})
	look()
	// However many come, one by one, they are counted.
	for n := 100; n < 400; n++ {
		s.Put(at("post", hour), n)
	}
	s.View(func(r store.Reader) error {
		got, err := r.Arrivals(s.Ctx, hour, hour.Add(time.Hour))
		s.Same(got, []forecast.Arrival{want[0], {Account: "post", Hour: hour, Letters: 300}, want[1]})
		return err
	})
}

// behind: what is set aside is counted when it would be due.
func behind(s *archivetest.Suite) {
	held := func(account, hold string) func(*shipment.Shipment) {
		return func(v *shipment.Shipment) { v.Account, v.Hold = account, hold }
	}
	s.Put(nil, 1)
	s.Put(held("skole", "kostnad"), 2, 3)
	s.Put(held("skole", "oppsett"), 4)
	s.Put(held("helse", "oppsett"), 5)
	for i, change := range []func(*shipment.Shipment){
		func(v *shipment.Shipment) { v.DueAt = archivetest.T0.Add(time.Millisecond) },
		func(v *shipment.Shipment) { v.DueAt, v.DueReason = time.Time{}, "" },
		func(v *shipment.Shipment) { v.ReadAt = archivetest.T0 },
		func(v *shipment.Shipment) { v.ClosedAt = archivetest.T0 },
		func(v *shipment.Shipment) { v.Status = shipment.StatusPrintet },
	} {
		s.Put(func(v *shipment.Shipment) { held("skole", "oppsett")(v); change(v) }, 10+i)
	}
	s.View(func(r store.Reader) error {
		got, err := r.Behind(s.Ctx, archivetest.T0)
		s.Same(got, []forecast.Behind{{Account: "helse", Hold: "oppsett", Letters: 1}, {Account: "skole", Hold: "kostnad", Letters: 2}, {Account: "skole", Hold: "oppsett", Letters: 1}})
		later, err2 := r.Behind(s.Ctx, archivetest.T0.Add(time.Millisecond))
		s.Same(later[2], forecast.Behind{Account: "skole", Hold: "oppsett", Letters: 2})
		return errors.Join(err, err2)
	})
}
