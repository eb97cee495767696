// Package jobtest is the part of the archive's conformance suite that is about what is done for many letters at once.
package jobtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// Exercise tries all of it. open gives a new, empty archive each time.
func Exercise(t *testing.T, open func(t testing.TB) store.Archive) {
	for name, run := range map[string]func(*archivetest.Suite){
		"job by sets": jobBySets, "composed by sets": composedBySets, "freed by sets": freedBySets, "taken over": takenOver, "send letters": sendLetters, "sent by sets": sentBySets, "set aside": setAside, "dropped": dropped,
		"receipt file in parts": receiptParts, "posted at once": postedAtOnce, "beside": besideOne, "unprepared": unprepared,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			t.Cleanup(func() {
				if err := a.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			run(&archivetest.Suite{TB: t, Ctx: t.Context(), Archive: a})
		})
	}
}

// jobBySets: a job gets its letters a set at a time, without those that changed, and holds each from its set on.
func jobBySets(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3, 4, 5)
	var id string
	var ls []store.JobLetter
	s.Must(func(tx store.Tx) (err error) {
		if id, err = tx.NextJobID(s.Ctx); err != nil {
			return err
		}
		j, letters := archivetest.Job(id, 1, 2, 3, 4, 5)
		j.State, ls = store.JobPlanning, letters
		return tx.InsertJob(s.Ctx, j, nil)
	})
	move := func(to store.JobState) {
		s.Must(func(tx store.Tx) error {
			j, err := tx.Job(s.Ctx, id)
			j.State = to
			return errors.Join(err, tx.UpdateJob(s.Ctx, j))
		})
	}
	change := func(n int, fn func(*shipment.Shipment)) {
		s.Must(func(tx store.Tx) error {
			now, err := tx.Shipment(s.Ctx, archivetest.ID(n))
			if err != nil {
				return err
			}
			fn(&now)
			return tx.UpdateShipment(s.Ctx, now)
		})
	}
	add := func(letters []store.JobLetter, want ...int) {
		var added []store.JobLetter
		s.Must(func(tx store.Tx) (err error) {
			added, err = tx.AddJobLetters(s.Ctx, id, letters)
			return err
		})
		var is []store.JobLetter
		for i, n := range want {
			l := ls[n-1]
			l.Letter = letters[0].Letter + i
			is = append(is, l)
		}
		s.Same(added, is)
	}
	change(2, func(n *shipment.Shipment) { n.Hold = "adresse" })
	add(ls[:3], 1, 3)
	change(4, func(n *shipment.Shipment) { n.ReadAt = archivetest.T0 })
	next := slices.Clone(ls[3:])
	next[0].Letter, next[1].Letter = 3, 4
	add(next[:1])
	add(next, 5)
	s.View(func(r store.Reader) error {
		in, err := r.JobLetters(s.Ctx, id)
		var got []string
		for i, l := range in {
			got = append(got, l.Shipment)
			if l.Letter != i+1 {
				s.Errorf("letter %d has number %d", i+1, l.Letter)
			}
		}
		s.Same(got, []string{archivetest.ID(1), archivetest.ID(3), archivetest.ID(5)})
		for n, want := range []bool{true, false, true, false, true} {
			h, err2 := r.History(s.Ctx, archivetest.ID(n+1))
			found := slices.ContainsFunc(h, func(e shipment.Event) bool {
				return e.Kind == shipment.EventCollected && e.From == e.To && e.Reason == string(shipment.ReasonUnread)+" "+id
			})
			if found != want {
				s.Errorf("shipment %d is told to be collected: %v", n+1, found)
			}
			err = errors.Join(err, err2)
		}
		return err
	})
	second, sl := archivetest.Job("ZZZZ000001", 5)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, second, sl) })
	again := ls[2]
	again.Letter = 9
	s.Refuse(store.ErrStale, func(tx store.Tx) error {
		_, err := tx.AddJobLetters(s.Ctx, id, []store.JobLetter{again})
		return err
	})
	again.Letter = 4
	s.Refuse(store.ErrExists, func(tx store.Tx) error {
		_, err := tx.AddJobLetters(s.Ctx, id, []store.JobLetter{again})
		return err
	})
	drop := func(want int) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			n, err := tx.DropJobLetters(s.Ctx, id, 2)
			if n != want {
				s.Errorf("%d letters are taken out, want %d", n, want)
			}
			return err
		})
	}
	drop(2)
	s.Must(func(tx store.Tx) error { // a letter that was taken out is free
		other, ol := archivetest.Job("ZZZZ000002", 5)
		return tx.InsertJob(s.Ctx, other, ol)
	})
	s.Must(func(tx store.Tx) error {
		other, err := tx.Job(s.Ctx, "ZZZZ000002")
		other.State = store.JobWithdrawn
		return errors.Join(err, tx.UpdateJob(s.Ctx, other))
	})
	back := slices.Clone(ls[2:5])
	back[0].Letter = 2
	add(back, 3, 5)
	move(store.JobPlanned)
	drop(0)
	s.View(func(r store.Reader) error {
		j, err := r.Job(s.Ctx, id)
		if j.Letters != 3 {
			s.Errorf("the job says %d letters, want 3", j.Letters)
		}
		return err
	})
	s.Refuse(store.ErrStale, func(tx store.Tx) error {
		_, err := tx.AddJobLetters(s.Ctx, id, next[1:])
		return err
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		_, err := tx.AddJobLetters(s.Ctx, "ZZZZ000009", next[1:])
		return err
	})
	move(store.JobWithdrawn)
	s.Must(func(tx store.Tx) error { return tx.InsertJob(s.Ctx, second, sl) })
}

// composedBySets: what was composed of some letters is stored by itself, and again; of nobody else's letters.
func composedBySets(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3)
	id := s.Job(1, 2, 3)
	var want []store.JobLetter
	set := func(letters ...store.JobLetter) {
		s.Helper()
		s.Must(func(tx store.Tx) error { return tx.SetJobLetters(s.Ctx, id, letters) })
		for _, l := range letters {
			want[l.Letter-1] = l
		}
		s.View(func(r store.Reader) error {
			got, err := r.JobLetters(s.Ctx, id)
			s.Same(got, want)
			return err
		})
	}
	s.View(func(r store.Reader) (err error) { want, err = r.JobLetters(s.Ctx, id); return err })
	composed := func(n, first int) store.JobLetter {
		l := want[n-1]
		l.File, l.FirstSide, l.LastSide, l.Sheets, l.Pages = "a.pdf", first, first+3, 2, 3
		l.PagesBW, l.PagesColour, l.GiroSheets, l.Envelope, l.WeightGram = 2, 1, 1, "C5", 20
		return l
	}
	set()
	set(composed(1, 1), composed(2, 5))
	set(composed(2, 1), composed(3, 5))
	other := composed(1, 9)
	other.Shipment = archivetest.ID(9)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		return tx.SetJobLetters(s.Ctx, id, []store.JobLetter{composed(2, 9), other})
	})
	other = composed(1, 9)
	other.Job = "ZZZZ000001"
	s.Refuse(nil, func(tx store.Tx) error { return tx.SetJobLetters(s.Ctx, id, []store.JobLetter{other}) })
	set()
}

// sendLetters: all letters of a job are marked as sent, but for those that are further already; again changes nothing.
func sendLetters(s *archivetest.Suite) {
	s.Put(nil, 1)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusVarslet }, 2)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusKlarForMottak }, 3)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusSendtSDP }, 4)
	stay := map[int]shipment.Status{11: shipment.StatusSendtPrint, 12: shipment.StatusPrintet, 13: shipment.StatusLest, 14: shipment.StatusManueltHandtert}
	for n, st := range stay {
		s.Put(func(v *shipment.Shipment) { v.Status = st; v.SentAt = archivetest.T0.Add(-time.Hour) }, n)
	}
	s.Put(nil, 20) // in no job
	id := s.Job(1, 2, 3, 4, 11, 12, 13, 14)
	before := map[int]shipment.Shipment{}
	for _, n := range []int{1, 2, 3, 4, 11, 12, 13, 14, 20} {
		before[n] = s.Shipment(n)
	}
	var now time.Time
	send := func(at time.Time) {
		s.Must(func(tx store.Tx) error {
			now = tx.Now()
			next, err := tx.SendLetters(s.Ctx, id, at, 0, 100)
			s.Same(next, 0)
			return err
		})
	}
	check := func(recorded time.Time) {
		s.Helper()
		for n, v := range before {
			var events []shipment.Event
			if n < 10 {
				events = []shipment.Event{{Shipment: v.ID, At: archivetest.T0, Recorded: recorded, Kind: "STATUS", From: v.Status, To: shipment.StatusSendtPrint, Reason: id}}
				v.Status, v.SentAt, v.Version = shipment.StatusSendtPrint, archivetest.T0, v.Version+1
			}
			s.Same(s.Shipment(n), v)
			s.View(func(r store.Reader) error {
				h, err := r.History(s.Ctx, v.ID)
				s.Same(h, events)
				return err
			})
		}
	}
	send(archivetest.T0)
	first := now
	check(first)
	send(archivetest.T0.Add(time.Hour)) // again, after a crash: changes nothing
	check(first)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		_, err := tx.SendLetters(s.Ctx, "ZZZZ000009", archivetest.T0, 0, 100)
		return err
	})
}

// sentBySets: the letters of a job are marked as sent a set at a time, whatever their numbers, and each once.
func sentBySets(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3, 4, 5, 6)
	s.Put(func(n *shipment.Shipment) { n.Status = shipment.StatusLest }, 7)
	var id string
	s.Must(func(tx store.Tx) (err error) {
		if id, err = tx.NextJobID(s.Ctx); err != nil {
			return err
		}
		j, letters := archivetest.Job(id, 1, 2, 7, 4, 5)
		for i := range letters {
			letters[i].Letter = []int{1, 2, 5, 6, 9}[i] // some are left out of a job that was found at a vendor
		}
		return tx.InsertJob(s.Ctx, j, letters)
	})
	sent := map[int]bool{}
	send := func(after, most, want int, now ...int) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			next, err := tx.SendLetters(s.Ctx, id, archivetest.T0, after, most)
			if next != want {
				s.Errorf("%d letters behind %d: go on behind %d, want %d", most, after, next, want)
			}
			return err
		})
		for _, n := range now {
			sent[n] = true
		}
		for n := 1; n <= 7; n++ {
			letter := s.Shipment(n)
			told := 0
			s.View(func(r store.Reader) error {
				h, err := r.History(s.Ctx, letter.ID)
				for _, e := range h {
					if e.To == shipment.StatusSendtPrint && e.Reason == id && e.At.Equal(archivetest.T0) {
						told++
					}
				}
				return err
			})
			is := letter.Status == shipment.StatusSendtPrint && letter.SentAt.Equal(archivetest.T0)
			if is != sent[n] || told > 1 || told == 1 != sent[n] {
				s.Errorf("shipment %d is %s, told %d times, and is to be sent: %v", n, letter.Status, told, sent[n])
			}
		}
	}
	send(0, 2, 2, 1, 2)
	send(2, 2, 6, 4)
	send(6, 2, 0, 5)
	send(0, 2, 2) // again, after a crash
	send(0, 5, 0)
	send(9, 2, 0)
}

// freedBySets: a job that is withdrawn holds its letters until each of them is freed.
func freedBySets(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3, 4, 5)
	id := s.Job(1, 2, 3, 4, 5)
	free := func(after, want int) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			next, err := tx.FreeLetters(s.Ctx, id, after, 2)
			s.Same(next, want)
			return err
		})
	}
	holding := func(want ...string) {
		s.Helper()
		s.View(func(r store.Reader) error {
			j, err := r.Job(s.Ctx, id)
			s.Same(j.Holding, len(want) > 0)
			list, err2 := r.Jobs(s.Ctx, store.JobFilter{Holding: true})
			var ids []string
			for _, j := range list {
				ids = append(ids, j.ID)
			}
			s.Same(ids, want)
			letters, err3 := r.JobLetters(s.Ctx, id)
			s.Same(len(letters), 5)
			return errors.Join(err, err2, err3)
		})
	}
	due := func(want ...int) {
		s.Helper()
		s.View(func(r store.Reader) error {
			list, err := r.Due(s.Ctx, archivetest.T0.Add(9999*time.Hour), []string{s.Shipment(1).Account}, "", 10)
			var got, ids []string
			for _, l := range list {
				got = append(got, l.ID)
			}
			for _, n := range want {
				ids = append(ids, archivetest.ID(n))
			}
			slices.Sort(got)
			slices.Sort(ids)
			s.Same(got, ids)
			return err
		})
	}
	free(0, 0) // it is not withdrawn
	holding()
	due()
	s.Must(func(tx store.Tx) error {
		j, err := tx.Job(s.Ctx, id)
		j.State, j.Holding = store.JobWithdrawn, true
		return errors.Join(err, tx.UpdateJob(s.Ctx, j))
	})
	holding(id)
	due()
	s.Refuse(store.ErrExists, func(tx store.Tx) error {
		j, letters := archivetest.Job("ZZZZ000001", 2)
		return tx.InsertJob(s.Ctx, j, letters)
	})
	free(0, 2)
	due(1, 2)
	s.Must(func(tx store.Tx) error { // what is free may be collected again
		j, letters := archivetest.Job("ZZZZ000001", 2)
		return tx.InsertJob(s.Ctx, j, letters)
	})
	holding(id)
	free(0, 2) // again, after a crash
	free(2, 4)
	free(4, 0)
	holding()
	due(1, 3, 4, 5)
	free(0, 0)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		_, err := tx.FreeLetters(s.Ctx, "ZZZZ000009", 0, 2)
		return err
	})
}

// takenOver: letters that a withdrawn job holds pass into the job that is planned in its place, and into no other.
func takenOver(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3, 4, 5)
	parent := s.Job(1, 2, 3, 4, 5)
	plan := func(id, parent string, numbers ...int) func(tx store.Tx) error {
		j, letters := archivetest.Job(id, numbers...)
		j.State, j.Parent = store.JobPlanning, parent
		return func(tx store.Tx) error {
			if err := tx.InsertJob(s.Ctx, j, nil); err != nil {
				return err
			}
			added, err := tx.AddJobLetters(s.Ctx, id, letters)
			if err == nil {
				s.Same(len(added), len(numbers))
			}
			return err
		}
	}
	s.Refuse(store.ErrExists, plan("ZZZZ000001", parent, 1, 2)) // it is not withdrawn
	s.Must(func(tx store.Tx) error {
		j, err := tx.Job(s.Ctx, parent)
		j.State, j.Holding = store.JobWithdrawn, true
		return errors.Join(err, tx.UpdateJob(s.Ctx, j))
	})
	s.Refuse(store.ErrExists, plan("ZZZZ000001", "", 1, 2))
	s.Must(plan("ZZZZ000001", parent, 1, 3))
	s.Must(plan("ZZZZ000002", parent, 2))
	s.Refuse(store.ErrExists, plan("ZZZZ000003", parent, 3)) // it has passed on
	held := func(job string, want ...int) {
		s.Helper()
		s.View(func(r store.Reader) error {
			var got []int
			for _, n := range []int{1, 2, 3, 4, 5} {
				live, err := r.JobsOf(s.Ctx, archivetest.ID(n))
				if err != nil {
					return err
				}
				if live[0].ID == job {
					got = append(got, n)
				}
			}
			s.Same(got, want)
			return nil
		})
	}
	held("ZZZZ000001", 1, 3)
	held("ZZZZ000002", 2)
	held(parent, 4, 5)
	s.Must(func(tx store.Tx) error {
		next, err := tx.FreeLetters(s.Ctx, parent, 0, 9)
		s.Same(next, 0)
		return err
	})
	s.View(func(r store.Reader) error {
		list, err := r.Due(s.Ctx, archivetest.T0.Add(9999*time.Hour), []string{s.Shipment(1).Account}, "", 10)
		s.Same(len(list), 2)
		return err
	})
}

// setAside: letters are set aside together; what is so already, at its end, or approved for its cost is left alone.
func setAside(s *archivetest.Suite) {
	s.Put(nil, 1, 2)
	s.Put(func(n *shipment.Shipment) { n.Account = "helse" }, 3)
	s.Put(func(n *shipment.Shipment) { n.Hold = "annet" }, 4)
	s.Put(func(n *shipment.Shipment) { n.Status, n.ReadAt = shipment.StatusLest, archivetest.T0 }, 5)
	s.Put(func(n *shipment.Shipment) { n.ClosedAt = archivetest.T0 }, 6)
	s.Put(func(n *shipment.Shipment) { n.CostApprovedAt = archivetest.T0 }, 7)
	why := map[string]string{archivetest.ID(99): "er ikke der"}
	for n := 1; n <= 7; n++ {
		why[archivetest.ID(n)] = fmt.Sprint("grunn ", n)
	}
	aside := func(code string, want map[string]int) {
		s.Must(func(tx store.Tx) error {
			got, err := tx.SetAside(s.Ctx, code, why)
			s.Same(got, want)
			return err
		})
	}
	before := s.Shipment(1)
	aside(shipment.HoldCost, map[string]int{before.Account: 2, "helse": 1})
	aside(shipment.HoldCost, map[string]int{})
	aside("utskriftsvindu", map[string]int{before.Account: 1}) // an approval is about the cost alone
	want := map[int]string{1: shipment.HoldCost, 2: shipment.HoldCost, 3: shipment.HoldCost, 4: "annet", 7: "utskriftsvindu"}
	for n := 1; n <= 7; n++ {
		now := s.Shipment(n)
		if now.Hold != want[n] {
			s.Errorf("shipment %d is set aside for %q, want %q", n, now.Hold, want[n])
		}
		s.View(func(r store.Reader) error {
			h, err := r.History(s.Ctx, archivetest.ID(n))
			told := slices.ContainsFunc(h, func(e shipment.Event) bool {
				return e.Kind == shipment.EventHeld && e.From == now.Status && e.To == now.Status && e.Reason == fmt.Sprint("grunn ", n)
			})
			if set := want[n] != "" && n != 4; told != set {
				s.Errorf("the history of shipment %d tells it: %v", n, told)
			}
			return err
		})
	}
	if now := s.Shipment(1); now.Version != before.Version+1 {
		s.Errorf("version %d after %d", now.Version, before.Version)
	}
}

// dropped: of withdrawn jobs those letters are counted that are in no live job, each once.
func dropped(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3, 4, 5)
	withdraw := func(id string) {
		s.Must(func(tx store.Tx) error {
			j, err := tx.Job(s.Ctx, id)
			j.State = store.JobWithdrawn
			return errors.Join(err, tx.UpdateJob(s.Ctx, j))
		})
	}
	want := func(aside, others int, jobs ...string) {
		s.Helper()
		s.View(func(r store.Reader) error {
			gotAside, gotOthers, err := r.CountDropped(s.Ctx, jobs)
			s.Same([]int{gotAside, gotOthers}, []int{aside, others})
			return err
		})
	}
	first := s.Job(1, 2, 3, 4)
	want(0, 0, first)
	want(0, 0)
	withdraw(first)
	want(0, 4, first)
	second := s.Job(1, 2, 3)
	want(0, 1, first)
	withdraw(second)
	s.Job(1)
	s.Must(func(tx store.Tx) error {
		_, err := tx.SetAside(s.Ctx, "oppsett", map[string]string{archivetest.ID(2): "oppsett"})
		return err
	})
	want(1, 2, first, second)
	want(1, 1, second)
}
