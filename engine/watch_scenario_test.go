package engine_test

import (
	"context"
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/alarm"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs/exchange"
)

// watch looks for what is overdue, twice: the second look must change nothing.
func (s *stage) watch(t *testing.T) {
	t.Helper()
	must(t, s.engine.Watch(s.ctx))
	before := s.openAlarms(t)
	must(t, s.engine.Watch(s.ctx))
	after := s.openAlarms(t)
	for key, a := range after {
		if b := before[key]; !reflect.DeepEqual(b, a) {
			t.Errorf("looking again changed an alarm from %+v to %+v", b, a)
		}
	}
}

func (s *stage) openAlarms(t *testing.T) map[string]alarm.Alarm {
	t.Helper()
	out := map[string]alarm.Alarm{}
	for _, a := range view(t, s, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(s.ctx, true) }) {
		out[a.Key] = a
	}
	return out
}

// alarmsAreWorded: whatever was raised has words in each language, and they use each of its arguments: else it would count as another
// alarm and read the same.
func (s *stage) alarmsAreWorded(t *testing.T) {
	t.Helper()
	var all []alarm.Alarm
	err := s.archive.View(s.ctx, func(r store.Reader) (err error) {
		all, err = r.Alarms(s.ctx, false)
		return err
	})
	if err != nil {
		return // a test may leave the archive closed or out of reach
	}
	for _, a := range all {
		for _, lang := range words.Languages {
			said := words.Alarm(a.Key, a.Args, lang)
			if strings.HasPrefix(said, a.Key+" (") {
				t.Errorf("no words in %s for %s", lang, said)
			}
			for name := range a.Args {
				less := maps.Clone(a.Args)
				delete(less, name)
				if words.Alarm(a.Key, less, lang) == said {
					t.Errorf("%s in %s does not use %s: %s", a.Key, lang, name, said)
				}
			}
		}
	}
}

// alarmText is what people read of an alarm.
func alarmText(a alarm.Alarm) string { return words.Alarm(a.Key, a.Args, words.English) }

// wantAlarmText: an alarm is open and its text has these words.
func (s *stage) wantAlarmText(t *testing.T, key, want string) {
	t.Helper()
	if a, ok := s.openAlarms(t)[key]; !ok || !strings.Contains(alarmText(a), want) {
		t.Errorf("alarm %s: %q, want %q", key, alarmText(a), want)
	}
}

// TestWatchOffers: the vendor does not answer, answers, sends no receipts, sends some, then all.
func TestWatchOffers(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) { c.Vendors[0].AnswerWithin = 4 * time.Hour })
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To")), s.accepted(t, "ccc", newLetter("Tre"))}
	s.night(t)
	job := s.onlyJob(t).ID
	s.clock.add(4*time.Hour - time.Millisecond)
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(time.Millisecond)
	s.watch(t)
	s.wantAlarms(t, "no-answer:"+job)
	s.wantAlarmText(t, "no-answer:"+job, "(3 letters) was offered to vendor trykk at 2026-11-24 10:00")
	s.clock.add(24 * time.Hour)
	s.watch(t)
	if a := s.openAlarms(t)["no-answer:"+job]; a.Count != 1 {
		t.Errorf("an alarm that stays is one occurrence, not %d", a.Count)
	}

	s.answer(t, s.acceptance(t, job)) // Wednesday
	s.fetch(t)
	s.watch(t)
	s.wantAlarms(t)
	s.clock.set(time.Date(2026, 12, 1, 22, 59, 0, 0, time.UTC)) // the last minute of Tuesday, the fourth virkedag
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(time.Minute)
	s.watch(t)
	s.wantAlarmText(t, "no-receipt:"+job, "no receipt for 3 of its 3 letters")
	s.receipts(t, "k1.csv", receiptRow(job, ids[0], s.clock.now()))
	s.fetch(t)
	s.watch(t)
	s.wantAlarmText(t, "no-receipt:"+job, "no receipt for 2 of its 3 letters")
	_, err := s.engine.Stop(s.ctx, ids[1], "ringt trykkeriet")
	must(t, err)
	s.watch(t)
	s.wantAlarmText(t, "no-receipt:"+job, "no receipt for 1 of its 3 letters") // closed by hand: none is awaited
	s.receipts(t, "k2.csv", receiptRow(job, ids[2], s.clock.now()))
	s.fetch(t)
	s.watch(t)
	s.wantJobs(t, "ACCEPTED")
	s.wantAlarms(t)
}

// TestWatchResolvesRefused: a refusal is an answer.
func TestWatchResolvesRefused(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En"))
	s.night(t)
	job := s.onlyJob(t)
	s.clock.add(party.DefaultAnswerWithin)
	s.watch(t)
	s.wantAlarms(t, "no-answer:")
	s.answer(t, exchange.Answer{Job: job.ID, TicketSHA256: job.TicketSHA})
	s.fetch(t)
	s.watch(t)
	s.wantAlarms(t, "rejected:")
}

// TestWatchUnhandled: letters that nobody notifies are seen after a day.
func TestWatchUnhandled(t *testing.T) {
	t.Parallel()
	s := setup(t)
	first := s.accepted(t, "a", newLetter("En").digital())
	second := s.accepted(t, "bb", newLetter("To").digital())
	s.accepted(t, "ccc", newLetter("Tre")) // due at once
	s.clock.add(23 * time.Hour)
	s.event(t, second, shipment.DigitalSDPSent)
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(time.Hour)
	s.watch(t)
	s.wantAlarms(t, "unhandled:skatt:AKSEPTERT")
	s.wantAlarmText(t, "unhandled:skatt:AKSEPTERT", "1 letters of account skatt have been AKSEPTERT for more than a day")
	s.clock.add(23 * time.Hour)
	s.event(t, first, shipment.DigitalNotified)
	s.watch(t)
	s.wantAlarms(t, "unhandled:skatt:SENDT_SDP")
	s.read(t, second)
	s.watch(t)
	s.wantAlarms(t)
	for text := range strings.Lines(s.log.String()) {
		if strings.Contains(text, person()) || strings.Contains(text, "Kari") {
			t.Errorf("the log names a person: %s", text)
		}
	}
}

// TestWatchNights: nights that were planned and not begun.
func TestWatchNights(t *testing.T) {
	t.Parallel()
	sch := nightly(t, true)
	s := setup(t, func(c *engine.Config) { c.Schedules = []nights.Schedule{sch} })
	since := s.clock.now()
	s.clock.add(7 * 24 * time.Hour)
	s.watch(t)
	s.wantAlarms(t) // no ledger yet: no night was promised
	s.due(t, sch, since, &runs{})
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(72 * time.Hour)
	s.watch(t)
	s.wantAlarms(t, "missed:night")
	s.wantAlarmText(t, "missed:night", "the last of ")
	_, err := s.engine.RunDue(s.ctx, sch, since, func(context.Context, time.Time) (shipment.Note, error) {
		s.watch(t)
		s.wantAlarms(t) // it is under way
		return shipment.Note{}, nil
	})
	must(t, err)
	s.watch(t)
	s.wantAlarms(t)
}

// TestNightWatches: the end of a night looks for what is overdue.
func TestNightWatches(t *testing.T) {
	t.Parallel()
	s := setup(t)
	s.accepted(t, "a", newLetter("En").digital())
	s.clock.add(25 * time.Hour)
	_, err := s.engine.RunNight(s.ctx, nights.NightOptions{})
	must(t, err)
	s.wantAlarms(t, "unhandled:")
}

// TestWatchLimits: each alarm of the WatchRules is seen to fire and to be over.
func TestWatchLimits(t *testing.T) {
	t.Parallel()
	free := int64(3 << 30)
	night, err := nights.NewSchedule(nights.ScheduleNight, "0 21 * * *", true)
	must(t, err)
	s := setup(t, func(c *engine.Config) {
		c.Schedules = []nights.Schedule{night}
		c.Rules = nights.WatchRules{
			NightWithin: 2 * time.Hour, DeviationsAbove: 2, FailuresFrom: 3, FreeBytesBelow: 2 << 30,
			FreeBytes: func() (int64, error) { return free, nil },
		}
	})
	tx := func(fn func(tx store.Tx) error) { t.Helper(); must(t, s.archive.InTx(s.ctx, fn)) }
	s.watch(t)
	s.wantAlarms(t)

	// The disk.
	free = 2<<30 - 1
	s.watch(t)
	s.wantAlarms(t, "disk:documents")
	free = 2 << 30
	s.watch(t)
	s.wantAlarms(t)

	// A night that runs for too long, that took too long, and one that is quick again.
	s.clock.set(night.Next(s.clock.now()))
	run := func(state store.SlotState, after time.Duration) time.Time {
		t.Helper()
		at := s.clock.now()
		tx(func(tx store.Tx) error {
			ok, err := tx.ClaimSlot(s.ctx, nights.ScheduleNight, at, store.SlotRunning)
			if !ok {
				t.Error("the slot is taken")
			}
			return err
		})
		s.clock.add(after)
		if state != store.SlotRunning {
			tx(func(tx store.Tx) error { return tx.FinishSlot(s.ctx, nights.ScheduleNight, at, state, "") })
		}
		s.watch(t)
		return at
	}
	first := run(store.SlotRunning, 2*time.Hour)
	s.wantAlarms(t)
	s.clock.add(time.Millisecond)
	s.watch(t)
	s.wantAlarms(t, "slow:night")
	s.wantAlarmText(t, "slow:night", "has been running since 2026-11-24 21:00")
	tx(func(tx store.Tx) error {
		return tx.FinishSlot(s.ctx, nights.ScheduleNight, first, store.SlotDone, "")
	})
	s.watch(t)
	s.wantAlarmText(t, "slow:night", "took 2h0m0s")
	s.clock.set(night.Next(s.clock.now()))
	run(store.SlotDone, time.Hour)
	s.wantAlarms(t)

	// A job that cannot be handed over.
	s.accepted(t, "a", newLetter("En"))
	s.collect(t)
	must(t, s.vendor().server.Close())
	for range 3 {
		s.watch(t)
		s.wantAlarms(t)
		if errs := s.tryWork(t); len(errs) == 0 {
			t.Fatal("the vendor is away")
		}
		_, err := s.engine.Reconcile(s.ctx)
		must(t, err)
	}
	s.watch(t)
	s.wantAlarms(t, "failing:trykk:handed over")

	// It is there again, with another host key.
	other := s.newVendor(t, "trykk")
	pinned := s.config.Vendors[0].Target.HostKey
	s.config.Vendors[0] = other
	_, s.config.Vendors[0].Target.HostKey, _ = strings.Cut(pinned, " ") // for any address
	s.restart(t)
	_, err = s.engine.Reconcile(s.ctx)
	must(t, err)
	if errs := s.tryWork(t); len(errs) == 0 {
		t.Fatal("another host key was accepted")
	}

	s.wantAlarms(t, "failing:trykk:handed over", "host-key:trykk")
	s.wantAlarmText(t, "host-key:trykk", "by telephone")
	s.config.Vendors[0] = other
	s.restart(t)
	_, err = s.engine.Reconcile(s.ctx)
	must(t, err)
	s.work(t)
	s.watch(t)
	s.wantAlarms(t)

	// Deviations, until they are a month old.
	for i := range 3 {
		d := store.Deviation{Key: string(rune('a' + i)), At: s.clock.now(), Vendor: "trykk", Finding: receipt.Deviation{Kind: receipt.DeviationPages}}
		tx(func(tx store.Tx) error { return tx.InsertDeviations(s.ctx, []store.Deviation{d}) })
		s.clock.add(time.Minute)
		s.watch(t)
		if i < 2 {
			s.wantAlarms(t)
		}
	}
	s.wantAlarms(t, "deviations:trykk")
	for state, alarms := range map[store.DeviationState][]string{store.DeviationDisputed: nil, store.DeviationOpen: {"deviations:trykk"}} {
		_, err = s.engine.DecideDeviations(s.ctx, []string{"a"}, state, "meldt")
		must(t, err)
		s.watch(t)
		s.wantAlarms(t, alarms...)
	}
	_, err = s.engine.DecideDeviations(s.ctx, []string{"a"}, store.DeviationOpen, "likevel åpen")
	must(t, err)
	s.watch(t)
	s.tick(t)
	s.writeReceipts(t)
	s.fetch(t)
	s.clock.add(30 * 24 * time.Hour)
	s.watch(t)
	if _, open := s.openAlarms(t)["deviations:trykk"]; open {
		t.Error("deviations of a month ago are alarmed still")
	}
}

// TestWatchCertificate: our certificate for a vendor is alarmed before it ends, and when it cannot be read.
func TestWatchCertificate(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key-cert.pub")
	key, err := exchange.GenerateKey()
	must(t, err)
	s := setup(t, func(c *engine.Config) { c.Vendors[0].Target.CertFile = file })
	s.watch(t)
	s.wantAlarms(t, "expiring:trykk")
	s.wantAlarmText(t, "expiring:trykk", "cannot be read")
	issue := func(end uint64) {
		t.Helper()
		cert := &ssh.Certificate{Key: key.Signer.PublicKey(), CertType: ssh.UserCert, ValidBefore: end}
		must(t, cert.SignCert(rand.Reader, key.Signer))
		must(t, os.WriteFile(file, ssh.MarshalAuthorizedKey(cert), 0o600))
	}
	issue(uint64(s.clock.now().Add(40 * 24 * time.Hour).Unix()))
	s.watch(t)
	s.wantAlarms(t)
	s.clock.add(10*24*time.Hour + time.Minute)
	s.watch(t)
	s.wantAlarms(t, "expiring:trykk")
	s.wantAlarmText(t, "expiring:trykk", "ends at 2027-01-03 10:00")
	issue(ssh.CertTimeInfinity)
	s.watch(t)
	s.wantAlarms(t)
}
