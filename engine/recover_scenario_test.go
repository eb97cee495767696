package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine/archive"
	"postgang/engine/documents"
	"postgang/engine/jobs"
	"postgang/engine/party"
	"postgang/engine/recovery"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

// backup copies the database, and the documents when asked, and gives what puts them back and starts anew.
func (s *stage) backup(t *testing.T, withDocuments bool) (restore func()) {
	t.Helper()
	dir := t.TempDir()
	db, docs := filepath.Join(dir, "postgang.db"), filepath.Join(dir, "documents")
	_, err := s.archive.SQLite().ExecContext(s.ctx, "VACUUM INTO ?", db)
	must(t, err)
	if withDocuments {
		must(t, os.CopyFS(docs, os.DirFS(filepath.Join(s.dir, "documents"))))
	}
	return func() {
		t.Helper()
		must(t, s.archive.Close())
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(filepath.Join(s.dir, "postgang.db"+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(db)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(s.dir, "postgang.db"), data, 0o600))
		if withDocuments {
			must(t, s.blobs.Close())
			must(t, os.RemoveAll(filepath.Join(s.dir, "documents")))
			must(t, os.CopyFS(filepath.Join(s.dir, "documents"), os.DirFS(docs)))
			s.blobs, err = documents.OpenDir(filepath.Join(s.dir, "documents"))
			must(t, err)
			s.config.Blobs, s.config.Fence = s.blobs, s.blobs
		}
		s.archive, err = archive.Open(s.ctx, archive.Config{DSN: "sqlite:" + filepath.Join(s.dir, "postgang.db"), Now: s.clock.now, Enqueue: s.tasks.enqueue})
		must(t, err)
		s.config.Archive = s.archive
		s.tasks.take()
		s.restart(t)
	}
}

// workStopped does background tasks, of which offers may be put off.
func (s *stage) workStopped(t *testing.T) {
	t.Helper()
	for _, err := range s.tryWork(t) {
		var later *step.LaterError
		if !errors.As(err, &later) || !strings.Contains(later.Reason, "postgang recover") {
			t.Errorf("background work: %v", err)
		}
	}
	s.tasks.take()
}

// stoppedNight is a night in which nothing is handed over.
func (s *stage) stoppedNight(t *testing.T) {
	t.Helper()
	s.collect(t)
	s.reconcileStopped(t)
}

func (s *stage) recover(t *testing.T) recovery.Recovered {
	return s.recoverWith(t, recovery.RecoverOptions{})
}

func (s *stage) recoverWith(t *testing.T, o recovery.RecoverOptions) recovery.Recovered {
	t.Helper()
	if o.Vendor == "" {
		o.Vendor = "trykk"
	}
	r, err := s.engine.Recover(s.ctx, o)
	must(t, err)
	return r
}

func (s *stage) wantHold(t *testing.T, id, hold string) {
	t.Helper()
	if got := s.shipment(t, id).Hold; got != hold {
		t.Errorf("set aside for %q, want %q; history:\n%s", got, hold, s.history(t, id))
	}
}

// TestRestored puts a backup back after a night. Whatever of it is old, and however far the vendor has come, no letter is
// handed over again, and after recovery the new one goes.
func TestRestored(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		documents bool
		vendor    func(t *testing.T, s *stage)
		check     func(t *testing.T, s *stage, r recovery.Recovered, a, b string)
	}{
		"database, only handed over": {vendor: func(*testing.T, *stage) {}, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.wantJobs(t, "OFFERED")
			s.wantStatus(t, a, shipment.StatusSendtPrint)
			s.wantStatus(t, b, shipment.StatusSendtPrint)
		}},
		"both, only handed over": {documents: true, vendor: func(*testing.T, *stage) {}, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.wantJobs(t, "OFFERED")
		}},
		"database, accepted": {vendor: func(t *testing.T, s *stage) { s.tick(t) }, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.wantJobs(t, "ACCEPTED") // the manifest is among our documents
			if j := s.onlyJob(t); j.Totals.Sheets == 0 || j.Class.Envelope == "" {
				t.Errorf("job: %+v", j)
			}
		}},
		"database, receipts wait": {vendor: func(t *testing.T, s *stage) { s.tick(t); s.writeReceipts(t) }, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.fetch(t)
			s.wantJobs(t, "CLOSED")
		}},
		"both, receipts wait": {documents: true, vendor: func(t *testing.T, s *stage) { s.tick(t); s.writeReceipts(t) }, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.fetch(t)
			s.wantJobs(t, "CLOSED")
		}},
		"both, receipts booked": {documents: true, vendor: func(t *testing.T, s *stage) { s.tick(t); s.writeReceipts(t); s.fetch(t) }, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			s.wantJobs(t, "CLOSED")
			if len(r.Receipts) != 1 || r.Receipts[0].Applied != 2 || r.Receipts[0].Unknown != 0 {
				t.Errorf("receipts: %+v", r.Receipts)
			}
			s.wantStatus(t, a, shipment.StatusPrintet)
			costs := view(t, s, func(rd store.Reader) ([]store.LedgerLine, error) { return rd.Ledger(s.ctx, store.LedgerFilter{}) })
			if len(costs) == 0 {
				t.Error("nothing is booked again")
			}
		}},
		"both, receipts booked and answers deleted": {documents: true, vendor: func(t *testing.T, s *stage) {
			s.tick(t)
			s.writeReceipts(t)
			s.fetch(t)
			s.emptyAnswers(t)
		}, check: func(t *testing.T, s *stage, r recovery.Recovered, a, b string) {
			// Receipts do not say whether they are all: a person does.
			if len(r.Waits) != 1 || !strings.Contains(r.Waits[0], "receipts name 2 of its letters") {
				t.Errorf("waits: %q", r.Waits)
			}
			s.wantHold(t, a, shipment.HoldRestored)
			s.stoppedNight(t)
			s.wantAlarms(t, "recovered:", "restored:trykk")
			r = s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "Ola har spurt trykkeriet"})
			if len(r.Waits) != 0 || r.Recorded != 2 {
				t.Errorf("confirmed: %+v", r)
			}
			s.wantJobs(t, "CLOSED")
			_, err := s.engine.ReleaseRestored(s.ctx, "trykkeriet har dem ikke")
			must(t, err)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			a, b := s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To"))
			restore := s.backup(t, c.documents)
			s.night(t)
			c.vendor(t, s)
			restore()
			fresh := s.accepted(t, "ccc", newLetter("Tre"))
			s.stoppedNight(t)
			if n := s.atVendor(t); n[a] != 1 || n[b] != 1 || n[fresh] != 0 {
				t.Fatalf("at the vendor after the restore: %v", n)
			}
			s.wantAlarms(t, "restored:trykk")
			plan := s.recoverWith(t, recovery.RecoverOptions{DryRun: true})
			if len(plan.Jobs) != 1 || plan.To < 1 || len(s.jobs(t)) != 0 {
				t.Errorf("plan: %+v; %d jobs", plan, len(s.jobs(t)))
			}
			r := s.recover(t)
			c.check(t, s, r, a, b)
			s.wantAlarms(t)
			s.reconcile(t)
			s.night(t)
			s.tick(t)
			s.wantAtVendor(t, a, b, fresh)
			// Nothing more to recover, and nothing stops the next night.
			if again := s.recover(t); len(again.Jobs)+len(again.Withdrawn) != 0 || again.Recorded != 0 {
				t.Errorf("again: %+v", again)
			}
			s.restart(t)
			s.night(t)
			s.fetch(t)
			s.wantAlarms(t)
		})
	}
}

// away does something while the vendor cannot be reached.
func (s *stage) away(t *testing.T, fn func()) {
	t.Helper()
	dial := s.config.Dial
	s.config.Dial = func(context.Context, party.Vendor) (step.VendorSide, error) { return nil, exchange.ErrConnection }
	s.restart(t)
	fn()
	s.config.Dial = dial
	s.restart(t)
}

// emptyAnswers deletes the vendor's answers, as after 90 days.
func (s *stage) emptyAnswers(t *testing.T) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.vendor().root, exchange.DefaultAnswers, "*"))
	must(t, err)
	for _, n := range names {
		must(t, os.Remove(n))
	}
}

// TestRestoredUnreadable: accepted, no receipts, and the manifest is with the vendor alone.
func TestRestoredUnreadable(t *testing.T) {
	t.Parallel()
	prepare := func(t *testing.T) (*stage, []string, []byte, string) {
		s := setup(t)
		ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To"))}
		restore := s.backup(t, true)
		s.night(t)
		s.tick(t)
		found, err := filepath.Glob(filepath.Join(s.vendor().root, ".vendor/printed/*/*_manifest_*.csv"))
		must(t, err)
		data, err := os.ReadFile(found[0])
		must(t, err)
		restore()
		ids = append(ids, s.accepted(t, "ccc", newLetter("Tre")))
		r := s.recover(t)
		if len(r.Waits) != 1 || len(r.Jobs) != 1 || r.Jobs[0].Verdict != restored.FoundUnread {
			t.Errorf("recovered: %+v", r)
		}
		s.stoppedNight(t)
		s.wantAtVendor(t, ids[:2]...)
		return s, ids, data, filepath.Base(found[0])
	}
	t.Run("manifest brought", func(t *testing.T) {
		t.Parallel()
		s, ids, data, name := prepare(t)
		if _, err := s.engine.Recover(s.ctx, recovery.RecoverOptions{Vendor: "trykk", Manifests: []recovery.ManifestFile{{Name: name, Data: append(data, '\n')}}}); err == nil {
			t.Error("another manifest was taken")
		}
		r := s.recoverWith(t, recovery.RecoverOptions{Manifests: []recovery.ManifestFile{{Name: name, Data: data}}})
		if r.Recorded != 2 || len(r.Waits) != 0 {
			t.Errorf("recovered: %+v", r)
		}
		s.wantJobs(t, "ACCEPTED")
		s.wantAlarms(t)
		s.night(t)
		s.wantAtVendor(t, ids...)
	})
	t.Run("confirmed", func(t *testing.T) {
		t.Parallel()
		s, ids, _, _ := prepare(t)
		if _, err := s.engine.Recover(s.ctx, recovery.RecoverOptions{Vendor: "trykk", Confirm: true}); err == nil {
			t.Error("confirmed without a reason")
		}
		r := s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "finnes ikke lenger"})
		if len(r.SetAside) != 3 || len(r.Waits) != 0 {
			t.Errorf("recovered: %+v", r)
		}
		s.wantAlarms(t, "recovered:"+shipment.HoldRestored)
		s.night(t)
		s.wantAtVendor(t, ids[:2]...)
		if err := s.engine.Release(s.ctx, ids[2], "rettet"); err == nil || !strings.Contains(err.Error(), "recover release") {
			t.Errorf("release without a reason: %v", err)
		}
		n, err := s.engine.ReleaseRestored(s.ctx, "trykkeriet har det ikke", ids[2])
		if must(t, err); n != 1 {
			t.Errorf("%d released", n)
		}
		for _, id := range ids[:2] {
			_, err := s.engine.Stop(s.ctx, id, "trykkeriet har det")
			must(t, err)
		}
		must(t, s.engine.Watch(s.ctx))
		s.night(t)
		s.wantAtVendor(t, ids...)
	})
}

// TestRestoredHandedInSince: letters that were handed in after the backup are remembered, and set aside when they come again.
func TestRestoredHandedInSince(t *testing.T) {
	t.Parallel()
	s := setup(t)
	restore := s.backup(t, false)
	lost := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	s.tick(t)
	restore()
	s.stoppedNight(t)
	r := s.recover(t)
	if len(r.Jobs) != 1 || !slices.Equal(r.Jobs[0].Beyond, []string{lost}) || r.Recorded != 0 {
		t.Errorf("recovered: %+v", r)
	}
	s.wantAlarms(t)
	if again := s.accepted(t, "a", newLetter("En")); again != lost {
		t.Fatalf("the same key gives %s, gave %s", again, lost)
	}
	s.wantHold(t, lost, shipment.HoldRestored)
	fresh := s.accepted(t, "bb", newLetter("To"))
	s.night(t)
	s.tick(t)
	s.wantAtVendor(t, lost, fresh)
	must(t, s.engine.Watch(s.ctx))
	s.wantAlarms(t, "recovered:")
}

// TestRestoredCollision: jobs that were planned with ids that the vendor knows under other tickets.
func TestRestoredCollision(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	restore := s.backup(t, true)
	s.night(t)
	s.tick(t)
	s.writeReceipts(t)
	restore()
	b := s.accepted(t, "bb", newLetter("To"))
	// Nobody can look: the vendor is away.
	s.away(t, func() { s.collect(t) })
	s.wantJobs(t, "PLANNED")
	s.workStopped(t)
	s.wantJobs(t, "COMPOSED")
	job := s.onlyJob(t).ID
	s.wantAlarms(t, "restored:trykk")
	r := s.recover(t)
	if len(r.Jobs) != 1 || r.Jobs[0].Verdict != restored.FoundCollision || !slices.Equal(r.Withdrawn, []string{job}) {
		t.Errorf("recovered: %+v", r)
	}
	s.wantHold(t, a, shipment.HoldRestored)
	s.wantHold(t, b, "")
	s.wantJobs(t, "WITHDRAWN")
	s.night(t)
	s.tick(t)
	s.wantJobs(t, "WITHDRAWN OFFERED")
	s.wantAtVendor(t, a, b)
	s.fetch(t)
	s.wantJobs(t, "WITHDRAWN ACCEPTED")
	s.wantAlarms(t, "recovered:")
}

// TestRestoredPlanned: the backup was made when the job was planned. The same letters give the same ticket.
func TestRestoredPlanned(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	s.collect(t)
	restore := s.backup(t, false)
	s.work(t)
	s.tick(t)
	restore()
	s.wantJobs(t, "PLANNED")
	b := s.accepted(t, "bb", newLetter("To"))
	s.fetchStopped(t)
	s.stoppedNight(t)
	r := s.recover(t)
	if !slices.Equal(r.Found, []string{s.jobs(t)[0].ID}) || len(r.Jobs) != 0 {
		t.Errorf("recovered: %+v", r)
	}
	s.fetch(t)
	s.night(t)
	s.wantAtVendor(t, a, b)
	s.wantJobs(t, "ACCEPTED OFFERED")
	s.wantAlarms(t)
}

func (s *stage) fetchStopped(t *testing.T) {
	t.Helper()
	if x := s.fetch(t); x.Answers.Accepted+x.Answers.Rejected != 0 {
		t.Errorf("answers: %+v", x.Answers)
	}
	s.wantAlarms(t, "restored:trykk")
}

// TestRestoredReceipts: receipts for jobs that the archive does not know are left until it does.
func TestRestoredReceipts(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	restore := s.backup(t, false)
	s.night(t)
	s.tick(t)
	s.writeReceipts(t)
	s.emptyAnswers(t)
	restore()
	x := s.fetch(t)
	if len(x.Receipts) != 1 || len(x.Receipts[0].Waits) != 1 || x.Receipts[0].Unknown != 0 {
		t.Errorf("fetched: %+v", x.Receipts)
	}
	s.wantAlarms(t, "restored:trykk")
	s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "alle er med"})
	s.fetch(t)
	s.wantJobs(t, "CLOSED")
	s.wantStatus(t, a, shipment.StatusPrintet)
	if u := view(t, s, func(r store.Reader) ([]store.ReceiptRecord, error) {
		return r.Receipts(s.ctx, store.ReceiptFilter{States: []store.ReceiptState{store.ReceiptUnknown}})
	}); len(u) != 0 {
		t.Errorf("receipts of nobody: %+v", u)
	}
}

// closedReceipts is a vendor's side of which receipt files cannot be read: as far as to see what jobs they name, or not even that.
type closedReceipts struct {
	step.VendorSide
	named bool
}

func (c closedReceipts) JobsInReceipt(ctx context.Context, name string, done bool, tag string) ([]string, error) {
	if c.named {
		return c.VendorSide.JobsInReceipt(ctx, name, done, tag)
	}
	return nil, os.ErrPermission
}

func (c closedReceipts) Fetch(context.Context, string) ([]byte, error) {
	return nil, exchange.ErrTooLarge
}

func (c closedReceipts) FetchDone(context.Context, string) ([]byte, error) {
	return nil, exchange.ErrTooLarge
}

// TestRestoredClosedReceipts: a receipt file that cannot be read waits for a person, and is none that nobody can leave behind.
func TestRestoredClosedReceipts(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{false, true} {
		for _, booked := range []bool{false, true} {
			t.Run(fmt.Sprintf("named %v, booked %v", named, booked), func(t *testing.T) {
				t.Parallel()
				s := setup(t)
				s.accepted(t, "a", newLetter("En"))
				restore := s.backup(t, false)
				s.night(t)
				s.tick(t)
				s.writeReceipts(t)
				if booked {
					s.fetch(t)
				}
				restore()
				b := s.accepted(t, "bb", newLetter("To"))
				must(t, s.engine.Watch(s.ctx))
				dial := s.config.Dial
				s.config.Dial = func(ctx context.Context, v party.Vendor) (step.VendorSide, error) {
					side, err := dial(ctx, v)
					return closedReceipts{side, named}, err
				}
				s.restart(t)
				r, err := s.engine.Recover(s.ctx, recovery.RecoverOptions{Vendor: "trykk"})
				hold := ""
				if named { // its manifest tells of its letters; what was booked is told, and keeps nothing back
					if (err != nil) != booked || r.Recorded != 1 || len(r.Waits) != 0 {
						t.Errorf("recovered: %+v, %v", r, err)
					}
				} else {
					if err != nil || len(r.Waits) != 1 || !strings.Contains(r.Waits[0], "cannot be read") {
						t.Errorf("recovered: %+v, %v", r, err)
					}
					r = s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "alle er med"})
					if hold = shipment.HoldRestored; len(r.Waits) != 0 {
						t.Errorf("confirmed: %+v", r)
					}
				}
				s.wantHold(t, b, hold)
				stops, err := s.engine.OfferStops(s.ctx)
				if must(t, err); len(stops) != 0 {
					t.Errorf("still stopped: %+v", stops)
				}
			})
		}
	}
}

// TestRecoverKilled kills recovery at each of its steps, and does it again.
func TestRecoverKilled(t *testing.T) {
	t.Parallel()
	for _, step := range []string{
		"recover: begun", "recover: numbers raised", "recover: files withdrawn", "recover: job settled", "recover: receipts booked", "recover: offers go on",
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			a, b := s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To").with("konteringskode", "99"))
			restore := s.backup(t, true)
			s.night(t)
			s.tick(t)
			s.writeReceipts(t)
			s.fetch(t)
			restore()
			s.clock.add(time.Minute)           // so that it is another ticket
			s.away(t, func() { s.collect(t) }) // under the ids that are gone: nobody can look
			s.dieAt(step, 1)
			dead := s.survive(t, func() { s.recover(t) })
			if !dead {
				t.Fatal("the process did not die")
			}
			if step != "recover: offers go on" {
				s.stoppedNight(t)
				s.recover(t)
			}
			c := s.accepted(t, "ccc", newLetter("Tre"))
			s.reconcile(t)
			s.night(t)
			s.tick(t)
			s.wantAtVendor(t, a, b, c)
		})
	}
}

// TestFence: an archive that has given out fewer ids than were handed over offers nothing, whatever the vendor shows.
func TestFence(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	restore := s.backup(t, false)
	s.night(t)
	job := s.onlyJob(t).ID
	if n, err := s.blobs.HighestJob(s.ctx, job[:4]); err != nil || n != 1 {
		t.Errorf("the fence is %d, %v", n, err)
	}
	restore()
	// The vendor has lost all of it.
	for _, name := range s.inbox(t, "") {
		s.removeAtVendor(t, name)
	}
	must(t, s.engine.Watch(s.ctx))
	s.wantAlarms(t, "restored:trykk")
	s.stoppedNight(t)
	s.wantJobs(t, "")
	r := s.recover(t)
	if len(r.Waits) != 1 || !strings.Contains(r.Waits[0], job) {
		t.Errorf("recovered: %+v", r)
	}
	r = s.recover(t)
	if len(r.Waits) != 1 {
		t.Errorf("recovered again: %+v", r)
	}
	r = s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "trykkeriet har ingenting"})
	if len(r.SetAside) != 1 {
		t.Errorf("confirmed: %+v", r)
	}
	_, err := s.engine.ReleaseRestored(s.ctx, "trykkeriet har det ikke")
	must(t, err)
	s.night(t)
	if got := s.onlyJob(t).ID; got == job {
		t.Errorf("job id %s was given out again", got)
	}
	s.wantAlarms(t)
}

// TestRecoverFarJump: one strange file does not use up all job ids.
func TestRecoverFarJump(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.answer(t, exchange.Answer{Job: "TEST900000", TicketSHA256: strings.Repeat("ab", 32)})
	s.answer(t, exchange.Answer{Job: "TEST000004", TicketSHA256: strings.Repeat("ab", 32)})
	a := s.accepted(t, "a", newLetter("En"))
	s.stoppedNight(t)
	r := s.recover(t)
	if r.To != 4 || len(r.Waits) != 1 || !strings.Contains(r.Waits[0], "TEST900000") {
		t.Errorf("recovered: %+v", r)
	}
	s.recoverWith(t, recovery.RecoverOptions{Confirm: true, Reason: "trykkeriets feil"})
	s.night(t)
	if got := s.onlyJob(t).ID; got != "TEST000005" {
		t.Errorf("the next job is %s", got)
	}
	s.wantAtVendor(t, a)
	s.wantAlarms(t)
}

// TestForeignFiles: what other installations have at the same vendor stops nothing.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	s.put(t, exchange.DefaultInbox, "OTHR000009.klar", []byte("{}"))
	s.put(t, exchange.DefaultInbox, "OTHR000009_jobb_000000000000.json", []byte("x"))
	s.put(t, exchange.DefaultReceiptsDone, "OTHR.csv", []byte("1;OTHR000009;x\n"))
	s.night(t)
	s.wantJobs(t, "OFFERED")
	s.wantAtVendor(t, id)
	s.wantAlarms(t)
}

// TestRestoredLeftover: files that were sent and never handed over are no letters at the vendor.
func TestRestoredLeftover(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	restore := s.backup(t, false)
	s.dieAt("offer: UPLOADED", 1)
	if !s.survive(t, func() { s.night(t) }) {
		t.Fatal("the process did not die")
	}
	job := s.onlyJob(t).ID
	restore()
	s.stoppedNight(t)
	s.wantAlarms(t, "restored:trykk")
	r := s.recover(t)
	if len(r.Jobs) != 1 || r.Jobs[0].Verdict != restored.FoundLeftover || len(s.inbox(t, "")) != 0 {
		t.Errorf("recovered: %+v; at the vendor %v", r, s.inbox(t, ""))
	}
	s.night(t)
	s.wantAtVendor(t, a)
	if got := s.onlyJob(t).ID; got == job {
		t.Errorf("job id %s was given out again", got)
	}
	s.wantAlarms(t)
}

// TestRestoredRefused: letters of a job that the vendor has refused are set aside, as they were.
func TestRestoredRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	restore := s.backup(t, false)
	s.night(t)
	j := s.onlyJob(t)
	s.answer(t, exchange.Answer{Job: j.ID, TicketSHA256: j.TicketSHA, Reasons: []string{"feil papir"}})
	for _, name := range s.inbox(t, "") {
		s.removeAtVendor(t, name)
	}
	restore()
	s.stoppedNight(t)
	r := s.recover(t)
	if len(r.Jobs) != 1 || r.Jobs[0].Verdict != restored.FoundRefused || !slices.Equal(r.SetAside, []string{a}) {
		t.Errorf("recovered: %+v", r)
	}
	s.wantAlarms(t, "recovered:")
	_, err := s.engine.ReleaseRestored(s.ctx, "papiret er rettet", a)
	must(t, err)
	s.night(t)
	s.tick(t)
	s.wantAtVendor(t, a)
	s.wantAlarms(t)
}

// TestRestoredReprint: a reprint that was ordered after the backup is recorded as one.
func TestRestoredReprint(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.accepted(t, "a", newLetter("En"))
	s.night(t)
	s.tick(t)
	s.writeReceipts(t)
	s.fetch(t)
	parent := s.onlyJob(t).ID
	restore := s.backup(t, false)
	_, err := s.engine.OrderReprint(s.ctx, jobs.ReprintOrder{Job: parent, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: "revet"})
	must(t, err)
	s.work(t)
	s.tick(t)
	restore()
	s.stoppedNight(t)
	s.recover(t)
	jobs := s.jobs(t)
	if len(jobs) != 2 || !jobs[1].Reprint || jobs[1].Parent != parent || jobs[1].State != store.JobAccepted {
		t.Errorf("jobs: %+v", jobs)
	}
	s.wantStatus(t, a, shipment.StatusPrintet)
	s.writeReceipts(t)
	s.fetch(t)
	s.wantJobs(t, "CLOSED CLOSED")
	s.wantAlarms(t)
}

// TestDamagedFence: a mark of what was handed over that cannot be read stops offers and is told, and keeps no alarm back.
func TestDamagedFence(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t).ID
	must(t, os.WriteFile(filepath.Join(s.dir, "documents", "fence", job[:4]), []byte("?\n"), 0o600))
	s.clock.add(party.DefaultAnswerWithin + time.Minute)
	if err := s.engine.Watch(s.ctx); err == nil || !strings.Contains(err.Error(), "is damaged") {
		t.Errorf("watch: %v", err)
	}
	s.wantAlarms(t, "no-answer:"+job)
	if _, err := s.engine.Collect(s.ctx); err == nil {
		t.Error("collected on a guess")
	}
}
