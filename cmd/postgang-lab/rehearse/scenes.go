package rehearse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"postgang/billing/civil"
	"postgang/cmd/app"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/intake"
	"postgang/engine/invoices"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/recovery"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/vendorsim"
)

// scene is one alarm to rehearse.
type scene struct {
	name   string // as the command knows it: the kind, and more when a kind has several scenes
	begins string // how the key of its alarm begins
	cause  string // what has happened
	look   []string
	does   []string // what docs/alarms.md says to do; KEY and JOB are those of the alarm
	// raise brings the alarm about, and mend does what docs/alarms.md says, with the commands' own functions.
	raise func(ctx context.Context, s *stage) error
	mend  func(ctx context.Context, s *stage, key string) error
}

// kind is the kind of its alarm.
func (c scene) kind() string { return alarm.KindOf(c.begins) }

// scenes are all that can be rehearsed, in the order in which --all goes through them: what moves the clock far comes late.
func scenes() []scene {
	var out []scene
	for _, list := range [][]scene{vendorScenes(), senderScenes(), machineScenes()} {
		out = append(out, list...)
	}
	return out
}

// vendorScenes are brought about by the vendor.
func vendorScenes() []scene {
	calmed := func(ctx context.Context, s *stage, _ string) error { return s.calmed(ctx) }
	return []scene{
		{
			name: "rejected", begins: "rejected:", cause: "the vendor has refused a job",
			look: []string{"postgang job show JOB", "postgang job list"},
			does: []string{"postgang-lab vendor --calm (mend the cause)", "postgang job release JOB --reason TEXT", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := vendorsim.OrderTrouble(s.root, vendorsim.Trouble{Kind: vendorsim.TroubleReject, Jobs: 1, Reasons: []string{"papirtypen finnes ikke hos oss"}}); err != nil {
					return err
				}
				return s.through(ctx, 2)
			},
			mend: func(ctx context.Context, s *stage, key string) error {
				if err := s.calm(); err != nil {
					return err
				}
				n, err := s.app.Engine.ReleaseJob(ctx, job(key), reason)
				if err == nil && n != 2 {
					err = fmt.Errorf("%d letters are released, not 2", n)
				}
				if err == nil {
					err = s.night(ctx)
				}
				if err == nil {
					err = s.vendorWorks(ctx)
				}
				return err
			},
		}, {
			name: "no-answer", begins: "no-answer:", cause: "the vendor has not answered an offer for a day",
			look: []string{"postgang job show JOB"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it answer", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				err := errors.Join(s.trouble(vendorsim.TroubleLate, 1), s.through(ctx, 1))
				if err != nil {
					return err
				}
				return s.later(ctx, day+time.Hour)
			},
			mend: mendVendor,
		}, {
			name: "answer", begins: "answer:", cause: "an answer of the vendor cannot be read",
			look: []string{"postgang alarms list", "postgang job list"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it answer anew", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.trouble(vendorsim.TroubleUnreadable, 1), s.through(ctx, 1))
			},
			mend: calmed,
		}, {
			name: "answer-unknown", begins: "answer:", cause: "the vendor answers a job that is none of ours",
			look: []string{"postgang alarms list"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it remove the answer", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.trouble(vendorsim.TroubleUnknownJob, 0), s.vendorWorks(ctx))
			},
			mend: calmed,
		}, {
			name: "answer-stray", begins: "answer:", cause: "a file that nobody expects lies among the vendor's answers",
			look: []string{"postgang alarms list"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it remove the file", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.trouble(vendorsim.TroubleStray, 0), s.vendorWorks(ctx))
			},
			mend: calmed,
		}, {
			name: "receipts", begins: "receipts:", cause: "a receipt file has faults",
			look: []string{"postgang receipts fetch"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it send the file anew", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.trouble(vendorsim.TroubleFaultyFile, 1), s.through(ctx, 1))
			},
			mend: calmed,
		}, {
			name: "conflict", begins: "conflict:", cause: "a letter's second receipt says something else than the first",
			look: []string{"postgang receipts list --open"}, does: []string{"postgang receipts resolve ID --keep --reason TEXT (or --take)"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleConflict, 1), s.through(ctx, 1)); err != nil {
					return err
				}
				return s.later(ctx, 0)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				open, err := store.View(ctx, s.app.Archive, func(r store.Reader) ([]store.ReceiptRecord, error) {
					return r.Receipts(ctx, store.ReceiptFilter{Vendor: vendor, Open: true})
				})
				for _, c := range open {
					_, bad := s.app.Engine.ResolveReceipt(ctx, receipts.ReceiptResolution{Receipt: c.ID, Reason: reason})
					err = errors.Join(err, bad)
				}
				return errors.Join(err, s.calm(), s.later(ctx, 0))
			},
		}, {
			name: "deviations", begins: "deviations:", cause: "receipts have other codes, prices, weights and pages than were sent",
			look: []string{"postgang deviations list"}, does: []string{"postgang deviations decide ID… --state accepted --reason TEXT, or dispute"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.configure(ctx, with("[alarms]\ndeviations_above = 1\n")); err != nil {
					return err
				}
				for _, kind := range []string{vendorsim.TroubleCode, vendorsim.TroublePrice, vendorsim.TroubleWeight, vendorsim.TroublePages} {
					if err := s.trouble(kind, 1); err != nil {
						return err
					}
				}
				if err := s.through(ctx, 4); err != nil {
					return err
				}
				return s.later(ctx, 0)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				all, err := store.View(ctx, s.app.Archive, func(r store.Reader) ([]store.Deviation, error) {
					return r.Deviations(ctx, store.DeviationFilter{})
				})
				if err != nil {
					return err
				}
				var keys []string
				for _, d := range all {
					if d.Vendor == vendor && d.State == store.DeviationOpen {
						keys = append(keys, d.Key)
					}
				}
				if _, err := s.app.Engine.DecideDeviations(ctx, keys, store.DeviationAccepted, reason); err != nil {
					return err
				}
				if err := errors.Join(s.calm(), s.later(ctx, 0)); err != nil {
					return err
				}
				// Over at the limit of the rehearsal, and only then is the configuration put back.
				if over, err := s.isOver(ctx, alarmOf("deviations:")); err != nil || !over {
					return errors.Join(err, errors.New("deviations stay open"))
				}
				return s.configure(ctx, plain)
			},
		}, {
			name: "prices", begins: "prices:", cause: "the price list does not say what a letter costs",
			look: []string{"postgang doctor"}, does: []string{"add the price to postgang.toml", "the next receipts are held against it: postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				err := s.configure(ctx, func(text string) string {
					return strings.ReplaceAll(text, `valid_from = "2026-01-01"`, `valid_from = "2030-01-01"`)
				})
				if err != nil {
					return err
				}
				return s.through(ctx, 1)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if err := s.configure(ctx, plain); err != nil {
					return err
				}
				return s.through(ctx, 1)
			},
		}, {
			name: "invoice", begins: "invoice:", cause: "a receipt has come after the vendor's invoice for the letter's day was booked",
			look: []string{"postgang invoice list", "postgang deviations list"},
			does: []string{"ask the vendor whether the letter was on that invoice, which was two kroner off: postgang invoice book NUMBER --reason TEXT shares the difference out anew", "when it is invoiced later: postgang invoice carry NUMBER --into MONTH --reason TEXT"},
			raise: func(ctx context.Context, s *stage) error {
				s.clock.move(day) // one that has no invoice yet
				if err := errors.Join(s.trouble(vendorsim.TroubleMissing, 1), s.through(ctx, 2)); err != nil {
					return err
				}
				today := civil.Of(s.app.Now(), calendar.Oslo)
				s.clock.move(day)
				data, err := s.vendors[0].Invoice(ctx, vendorsim.InvoiceOrder{
					Number: "SIM-OVELSE-" + string(today), Period: civil.Period{From: today, To: today.AddDays(1)}, Date: today.AddDays(1), Differs: 200,
				})
				if err != nil {
					return err
				}
				rec, err := s.app.Engine.TakeInvoice(ctx, vendor, data, civil.Period{})
				if err != nil {
					return err
				}
				if _, err := s.app.Engine.BookInvoice(ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: reason, Anyway: true}); err != nil {
					return err
				}
				return s.calmed(ctx)
			},
			mend: func(ctx context.Context, s *stage, key string) error {
				rec, err := s.app.Engine.FindInvoice(ctx, "SIM-OVELSE-"+job(key))
				if err != nil {
					return err
				}
				_, err = s.app.Engine.BookInvoice(ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: reason, Anyway: true})
				return err
			},
		}, {
			name: "host-key", begins: "host-key:", cause: "the vendor's server shows another host key",
			look: []string{"postgang alarms list", "postgang doctor"},
			does: []string{"ask the vendor by telephone: postgang-lab vendor --calm has it show the right one again", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.trouble(vendorsim.TroubleHostKey, 0); err != nil {
					return err
				}
				_, err := s.app.Engine.Fetch(ctx, vendor)
				return fails("fetching from a server with another key", err)
			},
			mend: calmed,
		}, {
			name: "failing", begins: "failing:", cause: "the vendor's server is gone in the middle of each upload",
			look: []string{"postgang job list", "postgang job show JOB"}, does: []string{"ask the vendor: postgang-lab vendor --calm", "postgang night"},
			raise: func(ctx context.Context, s *stage) error { return s.failing(ctx, vendorsim.TroubleVanish) },
			mend:  mendNight,
		}, {
			name: "failing-disk", begins: "failing:", cause: "the vendor's disk is full",
			look: []string{"postgang job list", "postgang job show JOB"}, does: []string{"ask the vendor: postgang-lab vendor --calm", "postgang night"},
			raise: func(ctx context.Context, s *stage) error { return s.failing(ctx, vendorsim.TroubleDiskFull) },
			mend:  mendNight,
		}, {
			name: "failed", begins: "failed:", cause: "the vendor lets nobody in, and the night hands nothing over",
			look: []string{"postgang status", "postgang job list"}, does: []string{"ask the vendor: postgang-lab vendor --calm", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleNoLogin, 0), s.letters(ctx, account, 1)); err != nil {
					return err
				}
				return fails("a night with a vendor that lets nobody in", s.night(ctx))
			},
			mend: mendNight,
		}, {
			name: "schedule", begins: "schedule:receipts", cause: "the vendor lets nobody in when answers and receipts are to be fetched",
			look: []string{"postgang status"}, does: []string{"ask the vendor: postgang-lab vendor --calm", "wait for the next planned fetch of postgang serve"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.scheduled(ctx, nights.ScheduleReceipts); err != nil { // from here on they are promised
					return err
				}
				if err := s.trouble(vendorsim.TroubleNoLogin, 0); err != nil {
					return err
				}
				s.nextQuarter()
				return fails("fetching from a vendor that lets nobody in", s.scheduled(ctx, nights.ScheduleReceipts))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if err := s.calm(); err != nil {
					return err
				}
				s.nextQuarter()
				return s.scheduled(ctx, nights.ScheduleReceipts)
			},
		}, {
			name: "uncertain", begins: "uncertain:", cause: "a job was handed over, and the vendor's server has no trace of it",
			look: []string{"postgang job show JOB"},
			does: []string{"ask the vendor, which has found it: postgang job resolve JOB --offered --reason TEXT", "postgang-lab vendor --calm has it go on", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleUncertain, 1), s.letters(ctx, account, 1)); err != nil {
					return err
				}
				return s.night(ctx)
			},
			mend: func(ctx context.Context, s *stage, key string) error {
				if _, err := s.app.Engine.ResolveJob(ctx, nights.Resolution{Job: job(key), Offered: true, Reason: reason}); err != nil {
					return err
				}
				return s.calmed(ctx)
			},
		}, {
			name: "uncertain-lost", begins: "uncertain:", cause: "a job was handed over, and the vendor says that it has not got it",
			look: []string{"postgang job show JOB"},
			does: []string{"ask the vendor, which has not got it: postgang job resolve JOB --not-offered --reason TEXT, by two persons", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleUncertain, 1), s.letters(ctx, account, 1)); err != nil {
					return err
				}
				return s.night(ctx)
			},
			mend: func(ctx context.Context, s *stage, key string) error {
				if err := vendorsim.Forget(s.root, job(key)); err != nil {
					return err
				}
				if err := s.calm(); err != nil {
					return err
				}
				err := twice(ctx, func(ctx context.Context) error {
					_, err := s.app.Engine.ResolveJob(ctx, nights.Resolution{Job: job(key), Reason: reason})
					return err
				})
				if err == nil {
					err = s.night(ctx)
				}
				if err == nil {
					err = s.vendorWorks(ctx)
				}
				return err
			},
		}, {
			name: "restored", begins: "restored:simulator", cause: "the vendor has a job of ours that the archive does not know, as after an old copy was put back",
			look: []string{"postgang status", "postgang recover --vendor VENDOR --dry-run"},
			does: []string{"postgang recover --vendor VENDOR says what the vendor must be asked for: here the letters of a job that it has mixed up", "postgang-lab vendor --calm has it take the answer away", "postgang recover --vendor VENDOR --confirm --reason TEXT", "postgang recover --vendor " + manualVendor + " --confirm --reason TEXT, last", "postgang recover release --all --reason TEXT for what is set aside"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.trouble(vendorsim.TroubleFuture, 0), s.vendorWorks(ctx))
			},
			mend: func(ctx context.Context, s *stage, _ string) error { return s.recovered(ctx) },
		}, {
			name: "recovered", begins: "recovered:", cause: "recover has set a letter aside that the vendor may have",
			look: []string{"postgang shipment list --held"}, does: []string{"ask the vendor, which has not got it", "postgang recover release --all --reason TEXT"},
			raise: func(ctx context.Context, s *stage) error {
				// Another job than the one of an earlier rehearsal, which is settled.
				if err := s.through(ctx, 1); err != nil {
					return err
				}
				if err := s.letters(ctx, account, 1); err != nil {
					return err
				}
				if err := errors.Join(s.trouble(vendorsim.TroubleFuture, 0), s.vendorWorks(ctx), s.recover(ctx)); err != nil {
					return err
				}
				return s.later(ctx, 0)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if _, err := s.app.Engine.ReleaseRestored(ctx, reason); err != nil {
					return err
				}
				return mendNight(ctx, s, "")
			},
		}, {
			name: "no-receipt", begins: "no-receipt:", cause: "the vendor has accepted a job and sends no receipts",
			look: []string{"postgang job show JOB"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it send them", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleLateReceipts, 1), s.through(ctx, 1)); err != nil {
					return err
				}
				return s.later(ctx, 15*day)
			},
			mend: mendVendor,
		}, {
			name: "no-receipt-letter", begins: "no-receipt:", cause: "one letter of a job has no receipt",
			look: []string{"postgang job show JOB"}, does: []string{"ask the vendor: postgang-lab vendor --calm has it send the receipt", "postgang receipts fetch"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.trouble(vendorsim.TroubleMissing, 1), s.through(ctx, 2)); err != nil {
					return err
				}
				return s.later(ctx, 15*day)
			},
			mend: mendVendor,
		},
	}
}

// alarmOf is the key of an alarm of the vendor.
func alarmOf(begins string) string { return begins + vendor }

// mendVendor ends the vendor's troubles, and has the alarms looked at.
func mendVendor(ctx context.Context, s *stage, _ string) error {
	if err := s.calmed(ctx); err != nil {
		return err
	}
	return s.later(ctx, 0)
}

// mendNight ends the vendor's troubles, and runs the night again.
func mendNight(ctx context.Context, s *stage, _ string) error {
	if err := s.calm(); err != nil {
		return err
	}
	if err := s.night(ctx); err != nil {
		return err
	}
	return s.vendorWorks(ctx)
}

// recover has the vendor take back what it has mixed up, and offers go on by a person's word.
func (s *stage) recover(ctx context.Context) error {
	if err := s.calm(); err != nil {
		return err
	}
	if err := s.vendorTicks(ctx); err != nil {
		return err
	}
	open, err := s.alarms(ctx)
	if err != nil {
		return err
	}
	var stopped []string
	for _, a := range open {
		if of, ok := strings.CutPrefix(a.Key, "restored:"); ok && of != manualVendor {
			stopped = append(stopped, of)
		}
	}
	// What is printed here is stopped with each of the others, and so it comes last.
	for _, of := range append(stopped, manualVendor) {
		r, err := s.app.Engine.Recover(ctx, recovery.RecoverOptions{Vendor: of, Confirm: true, Reason: reason})
		if err == nil && len(r.Waits) > 0 {
			err = fmt.Errorf("recover %s leaves open: %s", of, strings.Join(r.Waits, "; "))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// recovered does so, and lets go what was set aside.
func (s *stage) recovered(ctx context.Context) error {
	if err := s.recover(ctx); err != nil {
		return err
	}
	if _, err := s.app.Engine.ReleaseRestored(ctx, reason); err != nil {
		return err
	}
	return mendNight(ctx, s, "")
}

// failing has nights hand nothing over until the step has failed as often as an alarm takes.
func (s *stage) failing(ctx context.Context, trouble string) error {
	if err := errors.Join(s.trouble(trouble, 0), s.letters(ctx, account, 1)); err != nil {
		return err
	}
	for range 5 {
		if err := fails("a night that hands nothing over", s.night(ctx)); err != nil {
			return err
		}
		if _, err := s.newest(ctx, "failing:", time.Time{}); err == nil {
			break
		}
	}
	return nil
}

// nextQuarter lets time pass until the next fetch is planned, which is one a quarter of an hour and is not made up for.
func (s *stage) nextQuarter() {
	const quarter = 15 * time.Minute
	now := s.app.Now()
	s.clock.move(now.Truncate(quarter).Add(quarter + time.Second).Sub(now))
}

// scheduled runs what is planned by one schedule and due, as "postgang serve" does.
func (s *stage) scheduled(ctx context.Context, name string) error {
	for _, sch := range s.app.Config.Schedules {
		if sch.Name == name {
			return s.app.Engine.Scheduled(ctx, []nights.Schedule{sch}, s.app.Now(), nil)
		}
	}
	return fmt.Errorf("%s has no schedule %s", s.configPath(), name)
}

// senderScenes are brought about by who hands in.
func senderScenes() []scene {
	in := func(s *stage, name ...string) string {
		return filepath.Join(append([]string{s.app.Config.Inbox}, name...)...)
	}
	take := func(ctx context.Context, s *stage) error {
		_, err := s.app.TakeOnce(ctx)
		return err
	}
	return []scene{
		{
			name: "misplaced", begins: "misplaced:", cause: "a loose file lies where hand-ins are looked for",
			look: []string{"postgang status"}, does: []string{"remove the file from inn/" + account, "postgang night, or postgang serve sees it"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(os.WriteFile(in(s, "inn", account, "brev.pdf"), []byte("%PDF-1.7\n"), 0o600), take(ctx, s))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(os.Remove(in(s, "inn", account, "brev.pdf")), take(ctx, s))
			},
		}, {
			name: "forgotten", begins: "forgotten:", cause: "a sender has begun a hand-in under a hidden name and left it",
			look: []string{"postgang status"}, does: []string{"have the sender finish it, or remove it from inn/" + account},
			raise: func(ctx context.Context, s *stage) error {
				dir := in(s, "inn", account, ".ovelse-begynt")
				if err := os.MkdirAll(dir, 0o700); err != nil {
					return err
				}
				old := time.Now().Add(-2 * time.Hour) // of the file system
				return errors.Join(os.Chtimes(dir, old, old), take(ctx, s))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(os.Remove(in(s, "inn", account, ".ovelse-begynt")), take(ctx, s))
			},
		}, {
			name: "events", begins: "events:", cause: "a sender's file of digital events has lines that cannot be read",
			look: []string{"the refused lines in hendelser/avvist"}, does: []string{"have the sender hand them in anew", "remove the file from hendelser/avvist"},
			raise: func(ctx context.Context, s *stage) error {
				if err := intake.PutEvents(s.app.Config.Inbox, "ovelse.jsonl", []byte("{\"hendelse\": \"LEST\"}\n")); err != nil {
					return err
				}
				_, err := s.app.TakeEvents(ctx)
				return err
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				left, err := filepath.Glob(in(s, "hendelser", "avvist", "ovelse*"))
				for _, name := range left {
					err = errors.Join(err, os.Remove(name))
				}
				_, bad := s.app.TakeEvents(ctx)
				return errors.Join(err, bad)
			},
		}, {
			name: "hand-in", begins: "hand-in:", cause: "a hand-in cannot be answered: something else lies where its answer belongs",
			look: []string{"postgang status"}, does: []string{"remove what lies in svar/" + account, "postgang night, or postgang serve tries again"},
			raise: func(ctx context.Context, s *stage) error {
				const key = "ovelse-svar"
				if err := os.MkdirAll(in(s, "svar", account, key+".json", "i-vegen"), 0o700); err != nil {
					return err
				}
				if err := s.letter(account, key); err != nil {
					return err
				}
				_, err := s.app.TakeAll(ctx, patience, nil)
				return err
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if err := os.RemoveAll(in(s, "svar", account, "ovelse-svar.json")); err != nil {
					return err
				}
				_, err := s.app.TakeAll(ctx, patience, nil)
				return err
			},
		}, {
			name: "intake", begins: "intake:", cause: "the folder of an account cannot be read: something else lies there",
			look: []string{"postgang doctor"}, does: []string{"mount it, or give it to the user that runs postgang"},
			raise: func(ctx context.Context, s *stage) error {
				if err := os.Rename(in(s, "inn", account), in(s, ".ovelse-borte")); err != nil {
					return err
				}
				if err := os.WriteFile(in(s, "inn", account), nil, 0o600); err != nil {
					return err
				}
				return take(ctx, s)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if err := os.Remove(in(s, "inn", account)); err != nil {
					return err
				}
				if err := os.Rename(in(s, ".ovelse-borte"), in(s, "inn", account)); err != nil {
					return err
				}
				return take(ctx, s)
			},
		}, {
			name: "guard", begins: "guard:", cause: "a sender hands in more than the caps on cost let through",
			look: []string{"postgang guard list"}, does: []string{"postgang guard approve --all --reason TEXT, by two persons", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.configure(ctx, with("[guard]\naccount_kr = \"1\"\n")); err != nil {
					return err
				}
				return errors.Join(s.letters(ctx, account, 2), s.night(ctx))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				kept, err := s.app.Engine.KeptBack(ctx)
				if err != nil {
					return err
				}
				var ids []string
				for _, q := range kept {
					ids = append(ids, q.Shipment)
				}
				err = twice(ctx, func(ctx context.Context) error {
					_, err := s.app.Engine.ApproveCost(ctx, ids, reason)
					return err
				})
				if err == nil {
					err = s.night(ctx)
				}
				if err == nil {
					err = s.vendorWorks(ctx)
				}
				if err == nil {
					err = s.configure(ctx, plain)
				}
				return err
			},
		}, {
			name: "manual", begins: "manual:", cause: "nobody has printed a job of the letters that are printed here",
			look: []string{"postgang manual list"}, does: []string{"postgang manual print JOB DIR", "postgang manual confirm JOB"},
			raise: func(ctx context.Context, s *stage) error {
				if err := errors.Join(s.letters(ctx, manualAccount, 1), s.night(ctx)); err != nil {
					return err
				}
				return s.later(ctx, 8*day)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				queue, err := s.app.Engine.ManualQueue(ctx, manualVendor)
				if err != nil {
					return err
				}
				ctx = access.As(ctx, access.Actor{Kind: access.CommandLine, ID: "kari"})
				for _, j := range queue {
					if _, err := s.app.Engine.PrintManual(ctx, jobs.ManualPrint{Job: j.ID, Dir: filepath.Join(s.dir, "manuell", "ovelse"), By: "kari"}); err != nil {
						return err
					}
					if _, err := s.app.Engine.ConfirmManual(ctx, receipts.ManualConfirmation{Job: j.ID, Posted: s.app.Now(), By: "kari"}); err != nil {
						return err
					}
				}
				return s.later(ctx, 0)
			},
		},
	}
}

// machineScenes are brought about by the machine: its clock, its disk, a night that does not run.
func machineScenes() []scene {
	return []scene{
		{
			name: "disk", begins: "disk:", cause: "the disk of the documents is all but full",
			look: []string{"postgang status", "df"}, does: []string{"free some room, or move the documents", "postgang status"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.configure(ctx, with("[alarms]\ndisk_free_mb = 1000000000\n")), s.later(ctx, 0))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(s.configure(ctx, plain), s.later(ctx, 0))
			},
		}, {
			name: "backup", begins: "backup:", cause: "no backup has been made for two days",
			look: []string{"postgang backup list", "postgang status"}, does: []string{"postgang backup"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.configure(ctx, with("[backup]\nto = \"../"+filepath.Base(s.dir)+"-sikkerhetskopi\"\n")); err != nil {
					return err
				}
				if _, _, err := s.app.Backup(ctx, app.DefaultBackup(s.app.Config)); err != nil {
					return err
				}
				return s.later(ctx, 2*day)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				if _, _, err := s.app.Backup(ctx, app.DefaultBackup(s.app.Config)); err != nil {
					return err
				}
				return errors.Join(s.later(ctx, 0), s.configure(ctx, plain))
			},
		}, {
			name: "slow", begins: "slow:", cause: "a night has taken longer than it may",
			look: []string{"postgang job list", "postgang status"}, does: []string{"find what is slow", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.configure(ctx, with("[alarms]\nnight_within = \"1ms\"\n")); err != nil {
					return err
				}
				return errors.Join(s.letters(ctx, account, 1), s.night(ctx), s.later(ctx, 0))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(s.configure(ctx, plain), s.night(ctx), s.vendorWorks(ctx), s.later(ctx, 0))
			},
		}, {
			name: "died", begins: "died:", cause: "a night was killed in the middle",
			look: []string{"postgang status"}, does: []string{"postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					// Nothing records its end, as when a process is killed.
					_ = s.app.Engine.NightByHand(ctx, func(context.Context) (shipment.Note, error) {
						runtime.Goexit()
						return shipment.Note{}, nil
					})
				}()
				<-ended
				return s.later(ctx, time.Minute)
			},
			mend: func(ctx context.Context, s *stage, _ string) error { return errors.Join(s.night(ctx), s.later(ctx, 0)) },
		}, {
			name: "clock", begins: "clock:back", cause: "the clock of the machine has gone back an hour",
			look: []string{"timedatectl", "postgang status"}, does: []string{"set the clock (NTP)", "postgang status"},
			raise: func(ctx context.Context, s *stage) error {
				// A demo lives on a clock of its own, and nobody looks at it until now.
				if err := s.setClock(ctx, "{}"); err != nil {
					return err
				}
				return errors.Join(s.later(ctx, 0), s.later(ctx, -time.Hour))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(s.later(ctx, time.Hour+time.Minute), s.setClock(ctx, step.ClockOff))
			},
		}, {
			name: "missed", begins: "missed:", cause: "nobody has run the nights that were planned",
			look: []string{"postgang status", "systemctl status postgang"}, does: []string{"start postgang serve", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.night(ctx), s.later(ctx, 5*day))
			},
			mend: func(ctx context.Context, s *stage, _ string) error { return errors.Join(s.night(ctx), s.later(ctx, 0)) },
		}, {
			name: "overdue", begins: "overdue:", cause: "letters have been due for days, and no night takes them",
			look: []string{"postgang status"}, does: []string{"postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				return errors.Join(s.letters(ctx, account, 1), s.later(ctx, 6*day))
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				return errors.Join(s.night(ctx), s.vendorWorks(ctx), s.later(ctx, 0))
			},
		}, {
			name: "reprint", begins: "reprint:", cause: "a reprint could not be handed over for a month, and is withdrawn",
			look: []string{"postgang job show JOB"}, does: []string{"order anew what is wanted: postgang job reprint PARENT --letters 1 --reason TEXT", "postgang job release JOB --reason TEXT"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.through(ctx, 1); err != nil {
					return err
				}
				if err := s.trouble(vendorsim.TroubleNoLogin, 0); err != nil {
					return err
				}
				if err := s.reprintNewest(ctx); err != nil {
					return err
				}
				if err := fails("a night with a vendor that lets nobody in", s.night(ctx)); err != nil {
					return err
				}
				s.clock.move(31 * day)
				return mendNight(ctx, s, "")
			},
			mend: func(ctx context.Context, s *stage, key string) error {
				if err := s.reprintNewest(ctx); err != nil {
					return err
				}
				if _, err := s.app.Engine.ReleaseJob(ctx, job(key), reason); err != nil {
					return err
				}
				return mendNight(ctx, s, "")
			},
		}, {
			name: "held", begins: "held:" + account + ":", cause: "no night has run for a month, and letters are older than the vendor's print window",
			look: []string{"postgang shipment list --account " + account + " --held-for " + shipment.HoldWindow},
			does: []string{"postgang shipment release --account " + account + " --held-for " + shipment.HoldWindow + " --reason TEXT, or stop", "postgang night"},
			raise: func(ctx context.Context, s *stage) error {
				if err := s.letters(ctx, account, 1); err != nil {
					return err
				}
				s.clock.move(31 * day)
				return s.night(ctx)
			},
			mend: func(ctx context.Context, s *stage, _ string) error {
				n, err := s.app.Engine.ReleaseAll(ctx, account, shipment.HoldWindow, reason)
				if err == nil && n == 0 {
					err = errors.New("nothing is released")
				}
				if err != nil {
					return err
				}
				return mendNight(ctx, s, "")
			},
		},
	}
}

// reprintNewest orders the first letter once more of the account's newest job that is printed.
func (s *stage) reprintNewest(ctx context.Context) error {
	list, err := store.View(ctx, s.app.Archive, func(r store.Reader) ([]store.PrintJob, error) {
		return r.Jobs(ctx, store.JobFilter{Vendor: vendor, States: []store.JobState{store.JobAccepted, store.JobClosed}})
	})
	if err != nil {
		return err
	}
	var newest string
	for _, j := range list {
		if !j.Reprint {
			newest = max(newest, j.ID)
		}
	}
	_, err = s.app.Engine.OrderReprint(ctx, jobs.ReprintOrder{Job: newest, Letters: []shipment.Range{{From: 1, To: 1}}, Reason: reason})
	return err
}

// setClock has the archive look at the clock, or not.
func (s *stage) setClock(ctx context.Context, to string) error {
	return s.app.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, step.SettingClock, to) })
}

// unrehearsed are the kinds of alarms that are not rehearsed here, with the reason.
func unrehearsed() map[string]string {
	return map[string]string{
		"half":      "takes a receipt file of more rows than one transaction books, and a process that dies in it",
		"prepare":   "comes of a fault of ours, which nobody can order",
		"expiring":  "takes a certificate of the vendor, which the simulator does not make; set `cert_file` to one that ends soon",
		"retention": "takes months of the clock, after which nothing else in the demo could be rehearsed",
		"expected":  "takes eight weeks of the same habit of an account",
		"unhandled": "takes a register or channel of an account; see channel",
		"channel":   "takes a stand-in of KRR or Altinn that goes down; with the demo stopped, `postgang doctor` shows both gone",
		"password":  "takes ten wrong passwords over the network: start `postgang serve` on the demo and try them with curl",
		"reload":    "takes a running `postgang serve`: put a fault into postgang.toml, then `postgang reload`",
		"node":      "takes several machines on PostgreSQL (docs/several-machines.md)",
	}
}
