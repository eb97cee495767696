package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/intake"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/fixtures/letters"
	"postgang/printjobs/preview"
)

// onStep lets one recipient read a letter while its job is being sent: it must drop out at the last gate.
func (d *demo) onStep(name string) {
	if name != "offer: file sent" {
		return
	}
	d.gate.Lock() // files go up side by side
	defer d.gate.Unlock()
	if d.gateRead == "" {
		d.gateErr = d.readAtTheGate(context.Background())
	}
}

func (d *demo) readAtTheGate(ctx context.Context) error {
	var id string
	keys := map[string]string{}
	for _, s := range d.expected.Shipments {
		keys[d.id(s)] = s.Key
	}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{})
		if err != nil {
			return err
		}
		// Always the same letter, whichever job is sent first and whatever ids the letters have: the first hand-in that is
		// unread, of the first job that has others too.
		for _, j := range jobs {
			rows, err := r.JobLetters(ctx, j.ID)
			if err != nil {
				return err
			}
			var first shipment.Shipment
			for _, l := range rows {
				if l.Reason != shipment.ReasonUnread {
					continue
				}
				s, err := r.Shipment(ctx, l.Shipment)
				if err != nil {
					return err
				}
				if first.ID == "" || keys[s.ID] < keys[first.ID] {
					first = s
				}
			}
			if first.ID == "" || len(rows) == 1 {
				continue
			}
			if j.State == store.JobComposed { // and not gated, as long as its own files are being sent
				id = first.ID
			}
			return nil
		}
		return nil
	})
	if err != nil || id == "" {
		return err
	}
	d.gateRead = id
	return d.app.Engine.Event(ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalRead, At: d.clock.Now(), Key: "demo-gate"})
}

// events hands in the drop folder's file of digital events: what the case systems know of digital mailboxes, and what was closed by hand.
func (d *demo) events(ctx context.Context) error {
	name := letters.Events
	data, err := os.ReadFile(filepath.Join(d.dir, "brev", name))
	if err != nil {
		return err
	}
	if err := intake.PutEvents(d.app.Config.Inbox, name, data); err != nil {
		return err
	}
	r, err := d.app.TakeEvents(ctx)
	if err != nil {
		return err
	}
	d.say("   the drop folder, of digital mailboxes and letters closed by hand: %d events applied, %d refused", r.Applied, r.Refused)
	if r.Refused > 0 {
		d.fail("%d digital events of %s were refused", r.Refused, name)
	}
	return nil
}

// night runs the night, and has the vendor answer.
func (d *demo) night(ctx context.Context) error {
	d.say("3. The night of %s", cli.When(d.expected.Night))
	plan, err := d.app.Engine.PlanNight(ctx)
	if err != nil {
		return err
	}
	d.say("   expected: %d letters in %d print jobs, kr %s net of VAT by the vendors' price lists", plan.Letters, len(plan.Jobs), plan.Net)
	n, err := d.app.Night(ctx, app.NightOptions{Patience: nights.DefaultPatience, Progress: d.Progress})
	d.gate.Lock()
	err = errors.Join(err, d.gateErr)
	d.gate.Unlock()
	if err != nil {
		return err
	}
	var reasons []string
	for _, r := range n.ReasonsInOrder() {
		reasons = append(reasons, fmt.Sprintf("%s %d", r, n.Reasons[r]))
	}
	d.say("   collected %d letters into %d print jobs (%s)", n.Collected.Letters, len(n.Jobs), strings.Join(reasons, ", "))
	d.say("   offered %d letters in %d jobs over SFTP; %d read meanwhile dropped out at the last gate", n.Letters, len(n.Offered), n.Withdrawn)
	d.say("   %d only digital expired unread: SENDT_DIGITALT, never print", n.Digital)
	d.check("expected = collected", plan.Letters, n.Collected.Letters)
	d.check("collected = offered + dropped out + set aside", n.Collected.Letters, n.Letters+n.Withdrawn)
	if err := d.compareOutcomes(ctx); err != nil {
		return err
	}
	for _, v := range d.vendors {
		done, err := v.Tick(ctx)
		if err != nil {
			return err
		}
		for _, j := range done {
			if !j.Accepted {
				d.fail("the vendor rejected job %s: %v", j.Job, j.Reasons)
			}
		}
	}
	x, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	d.say("   the vendors opened and checked every file: %d jobs accepted, %d rejected", x.Answers.Accepted, x.Answers.Rejected)
	d.check("jobs offered = jobs accepted", len(n.Offered), x.Answers.Accepted)
	return nil
}

// alarm lets a week pass: the letters that the vendor has sent no receipt for are alarmed, and it is told in a file.
func (d *demo) alarm(ctx context.Context) error {
	d.say("7. A week later: what nobody has sent a receipt for")
	d.clock.Set(d.clock.Now().AddDate(0, 0, 7))
	if err := d.app.Engine.Watch(ctx); err != nil {
		return err
	}
	var open []alarm.Alarm
	err := d.app.Archive.View(ctx, func(r store.Reader) (err error) {
		open, err = r.Alarms(ctx, true)
		return err
	})
	if err != nil {
		return err
	}
	missing := 0
	for _, a := range open {
		if strings.HasPrefix(a.Key, "no-receipt:") {
			missing++
			d.say("   ALARM %s", words.Alarm(a.Key, a.Args, words.English))
		}
	}
	if missing == 0 {
		d.fail("no alarm about the receipts that are missing")
	}
	if err := d.app.Alarms.Notify(ctx); err != nil {
		return err
	}
	told, err := os.ReadFile(filepath.Join(d.dir, "alarmer.jsonl"))
	if err != nil {
		return err
	}
	d.check("alarms open = alarms told in alarmer.jsonl", len(open), bytes.Count(told, []byte("\n")))
	return nil
}

// printHere prints letters of an account that has no print vendor, in an archive of their own.
func (d *demo) printHere(ctx context.Context) (err error) {
	const most = 3
	d.say("8. Manual print: an account without a print vendor")
	account := d.expected.Accounts[0]
	path := filepath.Join(d.dir, "manuell", config.DefaultName)
	text := fmt.Sprintf(`# Written by postgang-lab demo. Everything in it is made up.
[intake]
settle = "0s"
[vendors.servicetorg]
name = "Servicetorget"
kind = %q
[accounts.%s]
name = %q
vendor = "servicetorg"
[accounts.%[2]s.sender]
name = %[3]q
line1 = %q
postcode = %q
city = %q
[accounts.%[2]s.rules]
allow_synthetic = true
`, config.KindManual, account.Key, account.Name, account.Line, account.Postcode, account.City)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	cfg, err := config.Parse(path, []byte(text))
	if err != nil {
		return err
	}
	a, err := app.Open(ctx, cfg, cli.JSONLogger(&lockedWriter{w: d.log}), app.Options{Now: d.clock.Now, Installation: "DEMB", Identity: demoIdentity, Create: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	err = a.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, step.SettingClock, step.ClockOff) })
	if err != nil {
		return err
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	if err := intake.MakeFolders(cfg.Inbox, account.Key); err != nil {
		return err
	}
	n := 0
	for _, s := range d.expected.Shipments {
		if n == most || s.Account != account.Key || s.Outcome != letters.Printed || s.Reason != string(shipment.ReasonNoDigitalID) || s.Group != "" {
			continue
		}
		if _, err := intake.Put(cfg.Inbox, s.Account, s.Key, filepath.Join(d.dir, "brev", s.Account, s.Key)); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		d.fail("no hand-in of %s is fit to show manual print", account.Key)
	}
	night, err := a.Night(ctx, app.NightOptions{Patience: nights.DefaultPatience})
	if err != nil {
		return err
	}
	d.check("letters in the queue to be printed here = those handed in", night.Collected.Letters, n)
	queue, err := a.Engine.ManualQueue(ctx)
	if err != nil {
		return err
	}
	posted := 0
	for _, job := range queue {
		out, err := a.Engine.PrintManual(access.As(ctx, access.Actor{Kind: access.CommandLine, ID: "demo"}), jobs.ManualPrint{Job: job.ID, Dir: filepath.Join(d.dir, "manuell", "utskrift"), By: "demo"})
		if err != nil {
			return err
		}
		im, err := a.Engine.ConfirmManual(ctx, receipts.ManualConfirmation{Job: job.ID, Posted: d.clock.Now(), By: "demo"})
		if err != nil {
			return err
		}
		posted += im.Applied
		d.say("   job %s: %d files given out, %d letters confirmed as posted", job.ID, len(out.Files), im.Applied)
	}
	d.check("letters confirmed as posted = those in the queue", posted, n)
	return nil
}

// demoPatience is how long a reprint may take to be composed and handed over.
const demoPatience = 2 * time.Minute

// reprint has one letter printed once more, whose sheets were damaged, and shows it as it will be.
func (d *demo) reprint(ctx context.Context) error {
	order, err := d.damaged(ctx)
	if err != nil {
		return err
	}
	r, err := d.app.Engine.OrderReprint(ctx, order)
	if err != nil {
		return err
	}
	d.reprinted = r.Jobs[0]
	for stop := time.Now().Add(demoPatience); ; time.Sleep(20 * time.Millisecond) {
		var j store.PrintJob
		err := d.app.Archive.View(ctx, func(r store.Reader) (err error) {
			j, err = r.Job(ctx, d.reprinted)
			return err
		})
		if err != nil {
			return err
		}
		if j.State == store.JobOffered {
			break
		}
		if time.Now().After(stop) {
			return fmt.Errorf("the reprint %s is %s after %v", j.ID, j.State, demoPatience)
		}
	}
	for _, v := range d.vendors {
		if _, err := v.Tick(ctx); err != nil {
			return err
		}
		if _, err := v.WriteReceipts(ctx); err != nil {
			return err
		}
	}
	x, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	d.say("   a letter of %s was damaged: printed once more as %s, with a receipt of its own", order.Job, d.reprinted)
	d.check("reprints accepted", x.Answers.Accepted, 1)
	d.check("receipts of the reprint", len(x.Receipts), 1)
	return d.preview(ctx, r.Letters[0].Shipment)
}

// preview draws a letter as it was printed.
func (d *demo) preview(ctx context.Context, shipment string) (err error) {
	scratch, err := os.MkdirTemp(d.dir, ".preview-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	p, err := d.app.Engine.PreviewLetter(ctx, shipment, scratch)
	if err != nil {
		return err
	}
	folder := filepath.Join(d.dir, "forhandsvisning")
	sides, err := d.app.WritePictures(ctx, p, folder, app.PictureOptions{DPI: preview.DefaultDPI})
	if err != nil {
		return err
	}
	d.say("   how it was printed, %d sides as pictures: %s", len(sides), folder)
	return nil
}

// damaged finds a letter that may be printed once more: the first that is with the vendor and was not read since.
func (d *demo) damaged(ctx context.Context) (jobs.ReprintOrder, error) {
	var handed []store.PrintJob
	err := d.app.Archive.View(ctx, func(r store.Reader) (err error) {
		handed, err = r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobAccepted, store.JobClosed}})
		return err
	})
	if err != nil {
		return jobs.ReprintOrder{}, err
	}
	for _, j := range handed {
		for n := range j.Letters {
			o := jobs.ReprintOrder{Job: j.ID, Letters: []shipment.Range{{From: n + 1, To: n + 1}}, Reason: "skadet i konvolutteringsmaskinen"}
			if _, err := d.app.Engine.PlanReprint(ctx, o); err == nil {
				return o, nil
			}
		}
	}
	return jobs.ReprintOrder{}, errors.New("no letter can be printed once more")
}
