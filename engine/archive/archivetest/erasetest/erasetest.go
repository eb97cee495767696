// Package erasetest is the part of the archive's conformance suite that is about erasing letters.
package erasetest

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/channel"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// Exercise tries all of it. open gives a new, empty archive each time.
func Exercise(t *testing.T, open func(t testing.TB) store.Archive) {
	for name, run := range map[string]func(*archivetest.Suite){"keeping": keeping, "erasing": erasing, "several": emptiesSeveral} {
		t.Run("erasing/"+name, func(t *testing.T) {
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

func one(s *archivetest.Suite, n int) (l retention.Letter) {
	s.Helper()
	s.View(func(r store.Reader) (err error) { l, err = r.KeepingOne(s.Ctx, archivetest.ID(n)); return err })
	return l
}

// state takes a job to a state.
func state(s *archivetest.Suite, id string, to store.JobState) {
	s.Helper()
	s.Must(func(tx store.Tx) error {
		j, err := tx.Job(s.Ctx, id)
		if err != nil {
			return err
		}
		j = archivetest.Composed(j)
		j.State = to
		return tx.UpdateJob(s.Ctx, j)
	})
}

// keeping: what the rule looks at is what the archive holds.
func keeping(s *archivetest.Suite) {
	s.Put(nil, 1, 2)
	s.Put(func(v *shipment.Shipment) { v.Status, v.DueAt, v.DueReason = shipment.StatusLest, time.Time{}, "" }, 3, 4, 5)
	if l := one(s, 3); !l.Ended.Equal(l.Received) || l.InJob || l.Unreceipted || l.Disputed || l.Status != shipment.StatusLest || l.Account != "skole" {
		s.Errorf("%+v", l)
	}
	var recorded time.Time
	s.Must(func(tx store.Tx) error {
		recorded = tx.Now()
		return tx.AddEvents(s.Ctx, shipment.Event{Shipment: archivetest.ID(3), At: archivetest.T0, Kind: shipment.EventStatus, From: shipment.StatusVarslet, To: shipment.StatusLest})
	})
	if l := one(s, 3); !l.Ended.Equal(recorded) {
		s.Errorf("ended %v, recorded %v", l.Ended, recorded)
	}

	list := func(f retention.Filter) (out []string) {
		s.Helper()
		s.View(func(r store.Reader) error {
			all, err := r.Keeping(s.Ctx, f)
			for _, l := range all {
				out = append(out, l.ID)
			}
			return err
		})
		return out
	}
	later := archivetest.T0.Add(time.Hour)
	read := retention.Filter{Status: shipment.StatusLest, Before: later}
	s.Same(list(read), []string{archivetest.ID(3), archivetest.ID(4), archivetest.ID(5)})
	read.After, read.Limit = archivetest.ID(3), 1
	s.Same(list(read), []string{archivetest.ID(4)})
	s.Same(list(retention.Filter{Status: shipment.StatusLest, Before: archivetest.T0.Add(-72 * time.Hour)}), []string(nil))

	job := s.Job(1, 2)
	for _, c := range []struct {
		to                 store.JobState
		inJob, unreceipted bool
	}{
		{store.JobComposed, true, false}, {store.JobUploaded, true, false}, {store.JobCommitted, true, false}, {store.JobUncertain, true, false},
		{store.JobOffering, true, false}, {store.JobOffered, false, true}, {store.JobAccepted, false, true},
	} {
		state(s, job, c.to)
		if l := one(s, 1); l.InJob != c.inJob || l.Unreceipted != c.unreceipted {
			s.Errorf("%s: %+v", c.to, l)
		}
	}
	r, _ := archivetest.Receipt(901, job, 1)
	file := archivetest.ReceiptFile()
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, file), tx.InsertReceipts(s.Ctx, r))
	})
	of := r.Row.Shipment
	letter := func() (l retention.Letter) {
		s.Helper()
		s.View(func(r store.Reader) (err error) { l, err = r.KeepingOne(s.Ctx, of); return err })
		return l
	}
	if l := letter(); l.Unreceipted || l.Disputed {
		s.Errorf("with a receipt: %+v", l)
	}
	key := r.Vendor + "/" + r.File + "/" + r.Row.Job + "/" + of + "/PORTO"
	s.Must(func(tx store.Tx) error {
		return tx.InsertDeviations(s.Ctx, []store.Deviation{{Key: key, At: archivetest.T0, Vendor: r.Vendor, File: r.File, Account: "skole", Finding: receipt.Deviation{Kind: "PORTO"}}})
	})
	for _, c := range []struct {
		to       store.DeviationState
		disputed bool
	}{{store.DeviationAccepted, false}, {store.DeviationDisputed, true}, {store.DeviationSettled, false}} {
		s.Must(func(tx store.Tx) error { return tx.DecideDeviation(s.Ctx, key, c.to, "sagt") })
		if l := letter(); l.Disputed != c.disputed {
			s.Errorf("%s: %+v", c.to, l)
		}
	}
	second := r
	second.ID, second.State = archivetest.ID(900), store.ReceiptConflict
	s.Must(func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, second) })
	if !letter().Disputed {
		s.Error("two receipts contradict each other, and nothing is disputed")
	}
	s.Must(func(tx store.Tx) error {
		return tx.DecideReceipt(s.Ctx, store.ReceiptDecision{Receipt: second.ID, Against: r.ID, Reason: "ringte"})
	})
	if letter().Disputed {
		s.Error("decided, and still disputed")
	}
}

// erasing: what is dropped is gone, what names a blob is known, and the log is only added to.
func erasing(s *archivetest.Suite) {
	s.Must(func(tx store.Tx) error {
		for n := 1; n <= 2; n++ {
			v := archivetest.Shipment(n)
			v.Submission.ExternalReference = "2026/17"
			if err := tx.InsertShipment(s.Ctx, v, []shipment.Document{archivetest.Document(n, 0), archivetest.Document(n, 1)}); err != nil {
				return err
			}
			if err := tx.SetChannelCases(s.Ctx, channel.Case{Shipment: v.ID, Channel: "krr", State: channel.Waits, NextAt: archivetest.T0}); err != nil {
				return err
			}
		}
		return nil
	})
	job := s.Job(1, 2)
	printed := shipment.BlobRef{SHA256: archivetest.Sha(700), Bytes: 5}
	s.Must(func(tx store.Tx) error {
		letters, err := tx.JobLetters(s.Ctx, job)
		if err != nil {
			return err
		}
		return tx.SetJobFiles(s.Ctx, job, []store.JobFile{{Job: job, File: exchange.File{Name: "a.pdf"}, Blob: printed}}, letters)
	})
	shared, own, other, none := archivetest.Sha(1000), archivetest.Sha(1), archivetest.Sha(2), archivetest.Sha(4711)
	named := func() (out []string) {
		s.Helper()
		s.View(func(r store.Reader) error {
			m, err := r.Named(s.Ctx, []string{shared, own, other, none, printed.SHA256, archivetest.Sha(500)})
			for sha := range m {
				out = append(out, sha)
			}
			slices.Sort(out)
			return err
		})
		return out
	}
	sorted := func(list ...string) []string { slices.Sort(list); return list }
	s.Same(named(), sorted(shared, own, other, printed.SHA256))
	erase := func(n int, external string) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			v, err := tx.Shipment(s.Ctx, archivetest.ID(n))
			if err != nil {
				return err
			}
			emptied := retention.Emptied(v)
			emptied.Submission.ExternalReference = external
			d, err := tx.Empty(s.Ctx, emptied)
			if err != nil {
				return err
			}
			return tx.LogErasures(s.Ctx, retention.Erasure{Shipment: v.ID, Account: v.Account, From: v.Status, Why: retention.WhyPerson, Reason: "bedt om", Dropped: d[v.ID]})
		})
	}
	s.Ctx = access.As(s.Ctx, access.Actor{Kind: access.CommandLine, ID: "kari"})
	erase(1, "2026/17")
	s.Same(named(), sorted(shared, other)) // the other letter shares the document; nobody keeps the print file
	erase(2, "")
	s.Same(named(), []string(nil))
	s.View(func(r store.Reader) error {
		log, err := r.Erasures(s.Ctx, retention.LogFilter{})
		if err != nil || len(log) != 2 {
			s.Fatalf("%d rows, %v", len(log), err)
		}
		by := access.Actor{Kind: access.CommandLine, ID: "kari"}.String()
		for i := range log {
			log[i].At = time.Time{}
		}
		s.Same(log, []retention.Erasure{
			{Seq: 2, Shipment: archivetest.ID(2), Account: "skole", From: shipment.StatusAkseptert, Why: retention.WhyPerson, Reason: "bedt om", Dropped: retention.Dropped{Documents: 2}, By: by},
			{Seq: 1, Shipment: archivetest.ID(1), Account: "skole", From: shipment.StatusAkseptert, Why: retention.WhyPerson, Reason: "bedt om", Dropped: retention.Dropped{Documents: 2, PrintFiles: 1}, By: by},
		})
		if older, err := r.Erasures(s.Ctx, retention.LogFilter{After: 2, Accounts: []string{"skole"}, Shipment: archivetest.ID(1), Limit: 5}); err != nil || len(older) != 1 {
			s.Errorf("%d older ones, %v", len(older), err)
		}
		for n := 1; n <= 2; n++ {
			docs, err := r.Documents(s.Ctx, archivetest.ID(n))
			if err != nil || len(docs) != 0 {
				s.Errorf("%d documents, %v", len(docs), err)
			}
		}
		files, err := r.JobFiles(s.Ctx, job)
		if err != nil || len(files) != 1 || !files[0].Erased {
			s.Errorf("files of the job: %+v, %v: the row stays, and says so", files, err)
		}
		found, err := r.Shipments(s.Ctx, store.ShipmentFilter{Account: "skole", Reference: "2026/17"})
		if err != nil || len(found) != 1 || found[0].ID != archivetest.ID(1) || found[0].Facts == nil || found[0].Prepared.IsZero() {
			s.Errorf("%d found by reference, %v", len(found), err)
		}
		return nil
	})
	s.Refuse(nil, func(tx store.Tx) error {
		return tx.LogErasures(s.Ctx, retention.Erasure{Shipment: archivetest.ID(1), Account: "skole", From: shipment.StatusLest, Why: retention.WhyTime})
	})
}

// emptiesSeveral: all that Emptied changes of letters is stored, and nothing else; all of them or none.
func emptiesSeveral(s *archivetest.Suite) {
	const many = 4
	s.Must(func(tx store.Tx) error {
		for n := 1; n <= many; n++ {
			v := archivetest.Shipment(n)
			if n != 4 {
				v.Submission.ExternalReference = "2026/17"
			}
			if n == 2 {
				v.Submission.SendingSystem, v.Submission.Konteringskode = strings.Repeat("S", 300), strings.Repeat("9", 300)
			}
			if n == 3 {
				v.Facts, v.PreparedKey, v.Submission.ExternalReference = nil, "", ""
			}
			if err := tx.InsertShipment(s.Ctx, v, []shipment.Document{archivetest.Document(n, 0), archivetest.Document(n, 1)}[:n%3]); err != nil {
				return err
			}
		}
		return nil
	})
	job := s.Job(1, 4)
	s.Must(func(tx store.Tx) error {
		letters, err := tx.JobLetters(s.Ctx, job)
		if err != nil {
			return err
		}
		files := []store.JobFile{{Job: job, File: exchange.File{Name: "a.pdf"}, Blob: shipment.BlobRef{SHA256: archivetest.Sha(700), Bytes: 5}},
			{Job: job, File: exchange.File{Name: "b.pdf"}, Blob: shipment.BlobRef{SHA256: archivetest.Sha(701), Bytes: 5}}}
		return tx.SetJobFiles(s.Ctx, job, files, letters)
	})
	ids := []string{archivetest.ID(4), archivetest.ID(2), archivetest.ID(1)}
	var want []shipment.Shipment
	read := func() (out []shipment.Shipment) {
		s.Helper()
		s.View(func(r store.Reader) (err error) {
			out, err = r.ShipmentsOf(s.Ctx, ids)
			return err
		})
		return out
	}
	for _, v := range read() {
		v = retention.Emptied(v)
		want = append(want, v)
	}
	// One that was changed since it was read keeps all of them.
	stale := slices.Clone(want)
	stale[1].Version--
	s.Refuse(store.ErrStale, func(tx store.Tx) error {
		_, err := tx.Empty(s.Ctx, stale...)
		return err
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		_, err := tx.ShipmentsOf(s.Ctx, []string{ids[0], archivetest.ID(99)})
		return err
	})
	var dropped map[string]retention.Dropped
	s.Must(func(tx store.Tx) (err error) {
		if none, err := tx.Empty(s.Ctx); len(none) > 0 || err != nil {
			s.Errorf("of no letter %v, %v", none, err)
		}
		if err := tx.LogErasures(s.Ctx); err != nil {
			return err
		}
		dropped, err = tx.Empty(s.Ctx, want...)
		return err
	})
	s.Same(dropped, map[string]retention.Dropped{ids[0]: {Documents: 1}, ids[1]: {Documents: 2}, ids[2]: {Documents: 1, PrintFiles: 2}})
	for i := range want {
		want[i].Version++
	}
	s.Same(read(), want)
	s.View(func(r store.Reader) error {
		left, err := r.Shipment(s.Ctx, archivetest.ID(3))
		if left.Status == shipment.StatusSlettet || left.Submission.Title == "" {
			s.Errorf("another letter was emptied too: %s", left.Status)
		}
		docs, err2 := r.Documents(s.Ctx, archivetest.ID(3))
		if len(docs) != 0 { // 3 % 3
			s.Errorf("%d documents", len(docs))
		}
		return errors.Join(err, err2)
	})
}
