// Package demo is the command that runs the whole job once, on made-up letters and with the vendor simulator, and holds every sum
// of it against the others.
package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"postgang/billing"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/finance"
	"postgang/engine/intake"
	"postgang/engine/invoices"
	"postgang/engine/jobs"
	"postgang/engine/nights"
	"postgang/engine/receipts"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
	"postgang/printjobs/preview"
	"postgang/reports"
)

// New is the command "demo".
func New(o *cli.Options) *cobra.Command {
	d := demo{Options: o, seed: 1}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole job once, on made-up letters and with the vendor simulator",
		Long: `Runs one night end to end with a clock of its own: some 400 hand-ins of three accounts
arrive over a week, digital events come, the night collects, composes and offers over
SFTP, the vendor simulator answers, prints and sends receipts with a few faults in them,
and the workbook is written. Then it checks that all sums agree. Every person and price
is made up, but for the postage (Posten's stamp prices of 2021-01-04).

Look around afterwards: postgang --config DIR/postgang.toml status`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&d.dir, "dir", "demo", "folder to work in; that of an earlier demo is made anew")
	cmd.Flags().StringVar(&d.database, "database", "", "postgres://… of an empty database, instead of SQLite in the folder")
	cmd.Flags().IntVar(&d.shipments, "shipments", 0, "how many hand-ins (default 400)")
	return cmd
}

// demoIdentity makes the ids of every demonstration alike, so that two of them can be compared letter by letter.
const demoIdentity = "0b1d5c1e-5f0e-4c57-9a53-64656d6f6e73"

// demoMark is the file by which a demo knows a folder that it may make anew.
const demoMark = ".postgang-demo"

// demo is one demonstration.
type demo struct {
	*cli.Options
	dir, database string
	shipments     int
	seed          uint64

	clock    *demoClock
	expected letters.Expected
	app      *app.App
	server   *vendorsim.Server
	booked   bool                // the invoice of the month
	vendors  []*vendorsim.Vendor // with a sheet-fed printer, and with a press for A3
	log      *bytes.Buffer       // kept for the privacy test
	failed   []string

	reprinted string // the job of the reprint

	gate     sync.Mutex // of the two below, which a worker sets
	gateRead string     // the shipment that is read while the night offers
	gateErr  error
}

// demoClock is a clock that is set by hand and otherwise runs.
type demoClock struct {
	mu   sync.Mutex
	base time.Time
	real time.Time
}

func (c *demoClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.real))
}

func (c *demoClock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.base.Add(time.Since(c.real)); t.After(now) {
		c.base, c.real = t, time.Now()
	}
}

func (d *demo) run(ctx context.Context) (err error) {
	start := time.Now()
	if err := d.prepareFolder(); err != nil {
		return err
	}
	d.say("1. Made-up hand-ins")
	d.expected, err = letters.Generate(filepath.Join(d.dir, "brev"), letters.Options{Shipments: d.shipments, Seed: d.seed})
	if err != nil {
		return err
	}
	d.say("   %d hand-ins of %d accounts in %s", len(d.expected.Shipments), len(d.expected.Accounts), filepath.Join(d.dir, "brev"))
	d.clock = &demoClock{base: d.expected.Shipments[0].Arrives.Add(-time.Hour), real: time.Now()}
	if err := d.startVendor(ctx); err != nil {
		return err
	}
	defer d.server.Close()
	if err := d.open(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.app.Close()) }()
	for _, step := range []func(context.Context) error{d.arrive, d.night, d.receipts, d.reprint, d.codes, d.report, d.checkSums, d.alarm, d.printHere, d.invoice} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("\nDone in %.0f s. Files in %s:", time.Since(start).Seconds(), d.dir)
	for _, v := range d.vendors {
		d.say("   print files, manifests, tickets  %s", v.PrintedFolder("<job>"))
	}
	d.say("   answers and receipts             %s", filepath.Join(d.dir, "trykkeri"))
	d.say("   workbook                         %s", d.workbook())
	d.say("   archive                          %s", d.app.Config.Database)
	d.say("Look around: bin/postgang --config %s status", filepath.Join(d.dir, config.DefaultName))
	if len(d.failed) > 0 {
		return &cli.Error{Code: cli.ExitFailed, Err: fmt.Errorf("%d sums of the demo do not agree:\n  %s", len(d.failed), strings.Join(d.failed, "\n  "))}
	}
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// prepareFolder makes the folder anew, if it is ours.
func (d *demo) prepareFolder() error {
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(d.dir, demoMark)); err != nil {
			return cli.Usage("%s is not empty and not of an earlier demo; choose another folder by --dir", d.dir)
		}
		if err := os.RemoveAll(d.dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.dir, demoMark), []byte("This folder is made anew by postgang-lab demo.\n"), 0o600)
}

// startVendor starts the vendor's SFTP server with keys of its own.
func (d *demo) startVendor(ctx context.Context) error {
	client, err := exchange.LoadOrCreateKey(filepath.Join(d.dir, config.ClientKey))
	if err != nil {
		return err
	}
	root := filepath.Join(d.dir, "trykkeri", "sftp")
	d.server, err = vendorsim.Serve(ctx, root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}})
	if err != nil {
		return err
	}
	d.vendors = []*vendorsim.Vendor{
		vendorsim.New(root, vendorsim.Options{
			Name: "simulator", Now: d.clock.Now, ReceiptsLater: true,
			Faults: vendorsim.Faults{ExtraPage: 1, WrongWeight: 1, WrongCode: 1, Missing: 2, Unknown: 1, DuplicateRow: 1},
		}),
		vendorsim.New(filepath.Join(root, demoPress), vendorsim.Options{Name: "simulator-a3", Now: d.clock.Now, ReceiptsLater: true}),
	}
	return vendorsim.MakeFolders(filepath.Join(root, demoPress))
}

// open writes the demo's configuration and wires the program by it, as every other command does.
func (d *demo) open(ctx context.Context) error {
	for _, a := range d.expected.Accounts {
		logo, err := a.Logo()
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(d.dir, "logo-"+a.Key+".png"), logo, 0o600); err != nil {
			return err
		}
	}
	path := filepath.Join(d.dir, config.DefaultName)
	text := d.configuration()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	cfg, err := config.Parse(path, text)
	if err != nil {
		return err
	}
	d.log = &bytes.Buffer{}
	var sink io.Writer = &lockedWriter{w: d.log}
	if d.Verbose {
		sink = io.MultiWriter(sink, d.Err)
	}
	d.app, err = app.Open(ctx, cfg, cli.JSONLogger(sink), app.Options{Now: d.clock.Now, Installation: "DEMA", Identity: demoIdentity, Create: true, Step: d.onStep})
	if err != nil {
		return err
	}
	err = d.app.Archive.View(ctx, func(r store.Reader) error {
		list, err := r.Shipments(ctx, store.ShipmentFilter{Limit: 1})
		if err == nil && len(list) > 0 {
			err = cli.Usage("the database holds shipments already; the demo wants an empty one")
		}
		return err
	})
	if err == nil {
		err = d.app.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, step.SettingClock, step.ClockOff) })
	}
	if err == nil {
		err = d.app.Start(ctx)
	}
	if err != nil {
		return errors.Join(err, d.app.Close())
	}
	return nil
}

// demoPress is the folder of the vendor with a press at the demo's SFTP server.
const demoPress = "a3"

func (d *demo) configuration() []byte {
	var b strings.Builder
	database := d.database
	if database == "" {
		database = "sqlite:data/postgang.db"
	}
	fmt.Fprintf(&b, `# Written by postgang-lab demo. Everything in it is made up.
[archive]
database = %q
documents = "data/dokumenter"
work = "data/arbeid"
[intake]
folder = "data/post"
settle = "0s"
[schedule]
night = "0 21 * * 1-5"
receipts = "*/15 * * * *"
report = "0 7 1 * *"
[report]
folder = "data/rapporter"
organisation = "Bergvik og Fjordby"
[alarms.file]
path = "alarmer.jsonl"
[kost_nytte]
`, database)
	for _, in := range billing.SeedInputs().All() {
		year := ""
		if in.Input.Year != 0 {
			year = fmt.Sprintf(", year = %d", in.Input.Year)
		}
		fmt.Fprintf(&b, "%s = { value = %q, source = %q%s, note = %q }\n", in.Symbol, in.Input.Value, in.Input.Source, year, in.Input.Note)
	}
	fmt.Fprintf(&b, `
[vouchers.demo]
profile = "gbat10"
default_code = "9999"
default_account = "6800"
counter_account = "2400"
vat_account = "2711"
account = { PORTO = "6940" }
[vendors.simulator]
name = "Trykkerisimulator"
address = %q
user = %q
host_key = %q
key_file = "nokler/postgang"
[vendors.simulator.print]
max_sheets_per_file = 400
paper = "80 g/m² A4"
giro_paper = "gult giroark"
control_sheets = true
document_parts = true
trays = { plain = "1", cover = "1", giro = "2" }
[vendors.simulator.marks.datamatrix]
x_mm = 5.0
y_mm = 80.0
[vendors.simulator.marks.omr]
machine = "pitney-bowes-d1600"
[vendors.simulator.vat]
production_percent = 25
postage_percent = 25

# Two letters' sheets beside each other on SRA3, to be cut, and the stacks laid on each other.
[vendors.simulator-a3]
name = "Trykkerisimulator med presse"
address = %[1]q
user = %[2]q
host_key = %[3]q
key_file = "nokler/postgang"
[vendors.simulator-a3.folders]
inbox = "%[4]s/inn"
answers = "%[4]s/svar"
receipts = "%[4]s/kvittering"
receipts_done = "%[4]s/kvittering/arkiv"
[vendors.simulator-a3.print]
group = ["weight-step"]
sort = ["-sheets", "postcode"]
control_sheets = true
merge_fonts = true
[vendors.simulator-a3.press]
paper = "SRA3"
columns = 2
gutter_x_mm = 6.0
bleed_mm = 2.0
flip = "short-edge"
crop_mark_length_mm = 5.0
crop_mark_offset_mm = 2.0
[vendors.simulator-a3.marks.datamatrix]
x_mm = 5.0
y_mm = 80.0
[vendors.simulator-a3.vat]
production_percent = 25
postage_percent = 25
`, d.server.Addr(), vendorsim.DefaultUser, strings.TrimSpace(d.server.HostKeyLine()), demoPress)
	b.WriteString(demoPrices("simulator") + demoPrices("simulator-a3"))
	for i, a := range d.expected.Accounts {
		vendor := "simulator"
		if i == len(d.expected.Accounts)-1 {
			vendor = "simulator-a3"
		}
		fmt.Fprintf(&b, `
[accounts.%s]
name = %q
vendor = %q
[accounts.%s.sender]
name = %q
line1 = %q
line2 = %q
postcode = %q
city = %q
logo_file = %q
text = %q
[accounts.%s.rules]
allow_synthetic = true
`, a.Key, a.Name+", "+a.Unit, vendor, a.Key, a.Name, a.Unit, a.Line, a.Postcode, a.City, "logo-"+a.Key+".png", a.Text, a.Key)
	}
	return []byte(b.String())
}

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
				if first.ID == "" || s.HandIn < first.HandIn {
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

// arrive lets the hand-ins come in when they come, and the digital events after them.
func (d *demo) arrive(ctx context.Context) error {
	d.say("2. They arrive in the drop folder, and are checked and prepared for print")
	for _, a := range d.expected.Accounts {
		if err := intake.MakeFolders(d.app.Config.Inbox, a.Key); err != nil {
			return err
		}
	}
	step, finish := d.Progress("taking hand-ins")
	for i, list := 0, d.expected.Shipments; i < len(list); {
		at := list[i].Arrives
		d.clock.Set(at)
		for ; i < len(list) && list[i].Arrives.Equal(at); i++ {
			from := filepath.Join(d.dir, "brev", list[i].Account, list[i].Key)
			if _, err := intake.Put(d.app.Config.Inbox, list[i].Account, list[i].Key, from); err != nil {
				return err
			}
		}
		if _, err := d.app.TakeOnce(ctx); err != nil {
			return err
		}
		if step != nil {
			step(i, len(list))
		}
	}
	finish()
	sum, err := d.app.TakeAll(ctx, 0, nil)
	if err != nil {
		return err
	}
	if n := sum.Waiting + sum.Failed; n > 0 {
		d.fail("%d hand-ins were not taken", n)
	}
	counts, err := d.counts(ctx)
	if err != nil {
		return err
	}
	d.say("   received %d: accepted %d, refused %d", counts.total, counts.total-counts.by[shipment.StatusAvvist], counts.by[shipment.StatusAvvist])
	d.clock.Set(d.expected.Night)
	return d.events(ctx, letters.EventsBefore)
}

// events hands in a file of digital events.
func (d *demo) events(ctx context.Context, name string) error {
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
	d.say("   digital events: %d applied, %d refused", r.Applied, r.Refused)
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
		out, err := a.Engine.PrintManual(ctx, jobs.ManualPrint{Job: job.ID, Dir: filepath.Join(d.dir, "manuell", "utskrift"), By: "demo"})
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

// beyondLetters is what the vendor invoices besides its letters, as it would count it: the control sheets of its files, and what
// each account's days lack to the minimum.
func (d *demo) beyondLetters(ctx context.Context, vendor string) (map[string]billing.Ore, error) {
	out := map[string]billing.Ore{}
	type accountDay struct{ account, day string }
	days := map[accountDay]billing.Ore{}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{Vendor: vendor})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if !j.State.Live() { // never handed over, or planned anew
				continue
			}
			files, err := r.JobFiles(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, f := range files {
				out[billing.KindControlSheet] += billing.Ore(demoControlSheet * (f.File.Header + f.File.Trailer))
			}
		}
		lines, err := r.Ledger(ctx, store.LedgerFilter{Vendor: vendor})
		for _, l := range lines {
			if l.Line.Kind == billing.KindProduction {
				days[accountDay{l.Account, l.PostedAt.In(calendar.Oslo).Format(time.DateOnly)}] += l.Line.Net
			}
		}
		return err
	})
	for _, net := range days {
		out[billing.KindMinimum] += max(0, demoDayMinimum-net)
	}
	return out, err
}

// invoice has the vendor invoice the month, an øre too much, with control sheets and minimums, and books it to the øre.
func (d *demo) invoice(ctx context.Context) error {
	const vendor = "simulator"
	from, to := d.period()
	d.clock.Set(to.In(calendar.Oslo).AddDate(0, 0, 2))
	d.say("9. The invoice of %s, for %s", vendor, billing.PeriodWords(from, to))
	var booked []billing.Booked
	err := d.app.Archive.View(ctx, func(r store.Reader) (err error) {
		booked, err = r.BookedFor(ctx, vendor, from.In(calendar.Oslo), to.In(calendar.Oslo))
		return err
	})
	if err != nil {
		return err
	}
	kinds, err := d.beyondLetters(ctx, vendor)
	if err != nil {
		return err
	}
	for _, b := range booked {
		kinds[b.Kind] += b.Net
	}
	kinds[billing.KindProduction]++
	var b strings.Builder
	fmt.Fprintln(&b, strings.Join(billing.InvoiceColumns(), ";"))
	for i, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(&b, "SIM-%s;%s;%s;%s;%d;%s;;1;%s;25\n", from.Month(), to, from, to.AddDays(-1), i+1, kind, kinds[kind].Plain(","))
	}
	if err := os.WriteFile(filepath.Join(d.dir, "faktura.csv"), []byte(b.String()), 0o600); err != nil {
		return err
	}
	rec, err := d.app.Engine.TakeInvoice(ctx, vendor, []byte(b.String()), billing.Period{})
	if err != nil {
		return err
	}
	p, err := d.app.Engine.InvoicePeriodOf(ctx, rec)
	if err != nil {
		return err
	}
	for _, r := range p.Rows {
		if r.Expected != nil {
			d.checkOre("øre of "+r.Kind+" by the price list = øre invoiced", *r.Expected, r.Invoiced)
			continue
		}
		d.say("   %-12s invoiced kr %12s, receipts kr %12s, difference kr %9s", r.Kind, r.Invoiced, r.Booked, r.Difference())
	}
	if p, err = d.app.Engine.BookInvoice(ctx, invoices.InvoiceBooking{ID: rec.ID, Reason: "demonstrasjon"}); err != nil {
		return err
	}
	d.checkOre("øre invoiced = øre in receipts + shared out", rec.Invoice.Net, rec.Invoice.Net-p.LeftNet)
	d.checkOre("VAT invoiced = VAT in receipts + shared out", rec.Invoice.VAT, rec.Invoice.VAT-p.LeftVAT)
	if _, err := d.app.Engine.CloseMonth(ctx, from, "demonstrasjon"); err != nil {
		return err
	}
	d.booked = true
	if err := d.report(ctx); err != nil {
		return err
	}
	if err := d.tables(ctx); err != nil {
		return err
	}
	d.say("   %s is closed, and the workbook written anew with the invoice in it", from.Month())
	return nil
}

// tables writes the figures as CSV, and holds the file for the accounting system against the ledger.
func (d *demo) tables(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	folder := strings.TrimSuffix(d.workbook(), ".xlsx")
	if err := d.app.WriteTables(ctx, r, nil, folder); err != nil {
		return err
	}
	f, err := os.Open(filepath.Join(folder, "regnskap.csv"))
	if err != nil {
		return err
	}
	defer f.Close()
	c := csv.NewReader(f)
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		return err
	}
	var sum billing.Ore
	for _, row := range rows[1:] {
		net, err := billing.ParseOre(row[slices.Index(rows[0], "netto")])
		if err != nil {
			return err
		}
		sum += net
	}
	d.checkOre("øre in the file for the accounting system = øre in the report", sum, r.Money.Net)
	return d.voucher(folder, from, r.Money)
}

// voucher holds the voucher of the month against the report: it balances, and what it owes is the gross.
func (d *demo) voucher(folder string, month billing.Civil, m billing.Money) error {
	data, err := os.ReadFile(filepath.Join(folder, "bilag-demo-"+month.Month()+".csv"))
	if err != nil {
		return err
	}
	var sum, owed billing.Ore
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\r\n") {
		f := strings.Split(line, ";")
		amount, err := billing.ParseOre(strings.Replace(f[27], ".", ",", 1))
		if err != nil {
			return fmt.Errorf("voucher: %w", err)
		}
		if sum += amount; f[6] == "2400" {
			owed -= amount
		}
	}
	d.checkOre("øre of the voucher, debit and credit together = 0", sum, 0)
	d.checkOre("øre owed by the voucher = øre in the report, with VAT", owed, m.Gross)
	return nil
}

// compareOutcomes holds every single hand-in against what must have become of it.
func (d *demo) compareOutcomes(ctx context.Context) error {
	wrong := 0
	groups := map[string]int{} // refused ones of those that are alike: which one is refused depends on the order
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		for _, want := range d.expected.Shipments {
			s, err := r.ShipmentByHandIn(ctx, want.Account, want.Key)
			if err != nil {
				return fmt.Errorf("hand-in %s/%s: %w", want.Account, want.Key, err)
			}
			if want.Group != "" {
				if want.Outcome == letters.Refused {
					groups[want.Group]--
				}
				if s.Status == shipment.StatusAvvist {
					groups[want.Group]++
				}
				continue
			}
			status := shipment.Status(want.Status)
			if s.ID == d.gateRead {
				status = shipment.StatusLest
			}
			if s.Status != status {
				wrong++
				d.fail("%s/%s is %s, want %s (%s)", want.Account, want.Key, s.Status, status, refusedBy(s))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for g, n := range groups {
		if n != 0 {
			wrong++
			d.fail("group %s: %+d more refused than expected", g, n)
		}
	}
	if wrong == 0 {
		d.say("   ok  each of %d hand-ins has become what it must", len(d.expected.Shipments))
	}
	return nil
}

func refusedBy(s shipment.Shipment) string {
	var codes []string
	for _, r := range s.Refusals {
		codes = append(codes, r.Code)
	}
	return strings.Join(codes, " ")
}

// receipts lets the vendor print and post the next day, and books what it reports.
func (d *demo) receipts(ctx context.Context) error {
	next := d.expected.Night.AddDate(0, 0, 1)
	d.clock.Set(time.Date(next.Year(), next.Month(), next.Day(), 13, 30, 0, 0, calendar.Oslo))
	d.say("4. The next day the vendors post and send receipts")
	for _, v := range d.vendors {
		if _, err := v.WriteReceipts(ctx); err != nil {
			return err
		}
	}
	x, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	var rows, booked, double, unknown, deviations int
	var net billing.Ore
	for _, f := range x.Receipts {
		rows, booked, double, unknown, deviations = rows+f.Rows, booked+f.Applied, double+f.Doubles, unknown+f.Unknown, deviations+f.Deviate
		net += f.Booked
		if len(f.Problems) > 0 || f.Conflict > 0 {
			d.fail("receipt file %s: %d problems, %d conflicts", f.File, len(f.Problems), f.Conflict)
		}
	}
	d.say("   %d receipt files with %d rows: %d booked (kr %s net), %d doubled, %d of unknown letters; %d deviations", len(x.Receipts), rows, booked, net, double, unknown, deviations)
	again, err := d.app.Engine.Fetch(ctx)
	if err != nil {
		return err
	}
	d.check("receipts booked by fetching again", len(again.Receipts), 0)
	// Some recipients read their letter after all; that is recorded beside PRINTET.
	d.clock.Set(d.expected.Night.AddDate(0, 0, 4))
	return d.events(ctx, letters.EventsAfter)
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

func (d *demo) workbook() string {
	from, _ := d.period()
	return filepath.Join(d.dir, fmt.Sprintf("kostnytte-%s.xlsx", from.Month()))
}

// period is the month of the night.
func (d *demo) period() (from, to billing.Civil) {
	return calendar.LastMonth(d.expected.Night.AddDate(0, 1, 0))
}

// codes imports finance's register of konteringskoder: all that the senders use but one, which is mistyped then.
func (d *demo) codes(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	var b strings.Builder
	fmt.Fprintln(&b, "kode;navn;ansvar;budsjett")
	for i, c := range r.PerKonteringskode {
		if c.Missing || c.Code == shipment.InvalidCode {
			continue
		}
		code := c.Code
		if code == "0150" {
			code = "150"
		}
		fmt.Fprintf(&b, "%s;Enhet %d;%d;%d\n", code, i+1, 100+10*i, 2000*(i+1))
	}
	path := filepath.Join(d.dir, "kontoplan.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		return err
	}
	rows, err := reports.ReadRegister([]byte(b.String()))
	if err != nil {
		return err
	}
	entries, problems := billing.ParseRegister(rows)
	if len(problems) > 0 {
		return fmt.Errorf("%s: %v", path, problems)
	}
	_, err = d.app.Engine.ImportCodes(ctx, entries)
	return err
}

func (d *demo) report(ctx context.Context) error {
	from, to := d.period()
	r, err := d.app.WriteReport(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit,
		Notes: []string{"Demonstrasjon: personer og priser er oppdiktet, unntatt porto (Postens frimerkepriser 04.01.2021)."}}, d.workbook())
	if err != nil {
		return err
	}
	defer r.Close()
	if d.booked {
		return nil
	}
	d.say("5. The workbook: %d konteringskoder, kr %s net, %d deviations", len(r.PerKonteringskode), r.Money.Net, r.Deviations.Len())
	d.say("   %-22s %8s %8s %14s", "konteringskode", "received", "printed", "kr net")
	for _, c := range r.PerKonteringskode {
		d.say("   %-22s %8d %8d %14s", c.Code, c.Counters.Received, c.Counters.Printed, c.Money.Net)
	}
	return nil
}

type statusCounts struct {
	total int
	by    map[shipment.Status]int
}

func (d *demo) counts(ctx context.Context) (statusCounts, error) {
	out := statusCounts{by: map[shipment.Status]int{}}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		list, err := r.CountShipments(ctx)
		for _, c := range list {
			out.by[c.Status] += c.Count
			out.total += c.Count
		}
		return err
	})
	return out, err
}

// checkSums holds the archive, the vendor's folder and the report against each other.
func (d *demo) checkSums(ctx context.Context) error {
	d.say("6. The sums")
	c, err := d.counts(ctx)
	if err != nil {
		return err
	}
	paper := c.by[shipment.StatusSendtPrint] + c.by[shipment.StatusPrintet]
	read := c.by[shipment.StatusLest] + c.by[shipment.StatusLevertSDP]
	digital := c.by[shipment.StatusSendtDigitalt] + c.by[shipment.StatusIkkeLevert]
	refused, closed := c.by[shipment.StatusAvvist], c.by[shipment.StatusManueltHandtert]
	waiting := c.total - paper - read - digital - refused - closed
	d.check(fmt.Sprintf("received %d = refused %d + read %d + only digital %d + waiting %d + closed %d + offered %d",
		len(d.expected.Shipments), refused, read, digital, waiting, closed, paper), len(d.expected.Shipments), c.total)

	sent, err := d.sentLetters(ctx)
	if err != nil {
		return err
	}
	manifest, sides, err := d.printed()
	if err != nil {
		return err
	}
	d.check("letters offered = letters in the vendor's manifests", len(sent), len(manifest))
	for id := range sent {
		if !manifest[id] {
			d.fail("shipment %s was offered but is in no manifest", id)
		}
	}
	d.check("letters offered = SENDT_PRINT + PRINTET", len(sent), paper)
	d.say("   %d sides of letters in the print files, control sheets not counted", sides)
	booked := c.by[shipment.StatusPrintet]
	d.check("letters offered = receipts + missing", len(sent), booked+c.by[shipment.StatusSendtPrint])

	receipts, err := d.receiptOre()
	if err != nil {
		return err
	}
	from, to := d.period()
	r, err := d.app.Engine.Report(ctx, finance.ReportQuery{From: from, To: to, Inputs: d.app.Config.Benefit})
	if err != nil {
		return err
	}
	defer r.Close()
	var lines, unbooked billing.Ore
	for l, err := range r.Costs.All() {
		if err != nil {
			return err
		}
		lines += l.Net
	}
	for dev, err := range r.Deviations.All() {
		if err != nil {
			return err
		}
		if dev.Kind == billing.DeviationUnknown {
			unbooked += dev.Amount
		}
	}
	for id, ore := range receipts.doubled {
		d.say("   receipt of %s came twice; kr %s not booked again", id, ore)
		unbooked += ore
	}
	d.checkOre("øre in the receipts = øre in the ledger + not booked (doubled, unknown)", receipts.net, lines+unbooked)
	d.checkOre("øre in the ledger = øre in the report", lines, r.Money.Net)
	var codes billing.Ore
	for _, row := range r.PerKonteringskode {
		codes += row.Money.Net
	}
	d.checkOre("øre in the report = sum over konteringskoder", r.Money.Net, codes)
	return nil
}

// sentLetters is every shipment in a job that was handed over.
func (d *demo) sentLetters(ctx context.Context) (map[string]bool, error) {
	out := map[string]bool{}
	err := d.app.Archive.View(ctx, func(r store.Reader) error {
		jobs, err := r.Jobs(ctx, store.JobFilter{States: []store.JobState{store.JobOffered, store.JobAccepted, store.JobClosed}})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.Reprint {
				continue
			}
			rows, err := r.JobLetters(ctx, j.ID)
			if err != nil {
				return err
			}
			for _, l := range rows {
				if out[l.Shipment] {
					d.fail("shipment %s was offered twice", l.Shipment)
				}
				out[l.Shipment] = true
			}
		}
		return nil
	})
	return out, err
}

// atVendors finds the files of a pattern at all vendors, in order.
func (d *demo) atVendors(pattern func(*vendorsim.Vendor) string) ([]string, error) {
	var all []string
	for _, v := range d.vendors {
		files, err := filepath.Glob(pattern(v))
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	slices.Sort(all)
	return all, nil
}

// printed reads the manifests of what lies at the vendor as printed.
func (d *demo) printed() (letters map[string]bool, sides int, err error) {
	letters = map[string]bool{}
	manifests, err := d.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.PrintedFolder("*"), "*_manifest_*.csv") })
	if err != nil {
		return nil, 0, err
	}
	for _, m := range manifests {
		if filepath.Base(filepath.Dir(m)) == d.reprinted {
			continue
		}
		data, err := os.ReadFile(m)
		if err != nil {
			return nil, 0, err
		}
		rows, err := exchange.ParseManifest(data)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range rows {
			if letters[r.Shipment] {
				d.fail("shipment %s is in two manifests", r.Shipment)
			}
			letters[r.Shipment] = true
			sides += r.LastSide - r.FirstSide + 1
		}
	}
	return letters, sides, nil
}

type receiptSums struct {
	net     billing.Ore
	doubled map[string]billing.Ore // rows beyond the first, by shipment
}

// receiptOre adds up the receipt files as they lie at the vendor.
func (d *demo) receiptOre() (receiptSums, error) {
	out := receiptSums{doubled: map[string]billing.Ore{}}
	files, err := d.atVendors(func(v *vendorsim.Vendor) string { return filepath.Join(v.Root(), "kvittering", "arkiv", "*.csv") })
	if err != nil {
		return out, err
	}
	seen := map[string]bool{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return out, err
		}
		rows, problems := billing.ParseReceipts(data, billing.DefaultFormat())
		if len(problems) > 0 {
			return out, fmt.Errorf("%s: %s", filepath.Base(f), problems[0].Text)
		}
		for _, r := range rows {
			out.net += r.Net()
			letter := r.Job + " " + r.Shipment
			if seen[letter] {
				out.doubled[r.Shipment] += r.Net()
			}
			seen[letter] = true
		}
	}
	return out, nil
}

func (d *demo) fail(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	d.say("   WRONG  %s", text)
	d.failed = append(d.failed, text)
}

func (d *demo) check(what string, a, b int) {
	if a != b {
		d.fail("%s: %d and %d", what, a, b)
		return
	}
	d.say("   ok  %s (%d)", what, a)
}

func (d *demo) checkOre(what string, a, b billing.Ore) {
	if a != b {
		d.fail("%s: kr %s and kr %s", what, a, b)
		return
	}
	d.say("   ok  %s (kr %s)", what, a)
}

// lockedWriter lets several goroutines log into one buffer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// What the simulator's agreement says besides, øre: a control sheet, and the least production of an account's day.
const (
	demoControlSheet = 45
	demoDayMinimum   = 800_00
)

// demoPrices is the simulator's own price list as configuration: what a letter is expected to cost, and what its receipts are
// held against.
func demoPrices(vendor string) string {
	var b strings.Builder
	p := vendorsim.IllustrativePrices()
	add := func(ore int64, keys, source string) {
		if source == "" {
			source = "illustrativ"
		}
		fmt.Fprintf(&b, "[[vendors.%s.prices]]\n%s\nprice_ore = %d\nvalid_from = \"2026-01-01\"\nsource = %q\n", vendor, keys, ore, source)
	}
	for _, r := range []struct {
		envelope string
		rate     vendorsim.Rate
	}{{billing.EnvelopeC5, p.C5}, {billing.EnvelopeC4, p.C4}, {billing.EnvelopeParcel, p.Parcel}} {
		add(r.rate.StartAuto, fmt.Sprintf("element = \"START\"\nenvelope = %q\nhandling = \"AUTO\"", r.envelope), "")
		add(r.rate.StartManual, fmt.Sprintf("element = \"START\"\nenvelope = %q\nhandling = \"MANUELL\"", r.envelope), "")
	}
	add(p.ExtraSheetAuto, "element = \"EKSTRAARK\"\nhandling = \"AUTO\"", "")
	add(p.ExtraSheetManual, "element = \"EKSTRAARK\"\nhandling = \"MANUELL\"", "")
	add(p.PageBW, "element = \"SIDE\"\ncolour = \"SH\"", "")
	add(p.PageColour, "element = \"SIDE\"\ncolour = \"FARGE\"", "")
	add(p.GiroSheet, "element = \"GIROARK\"", "")
	for _, zone := range slices.Sorted(maps.Keys(p.Postage)) {
		for _, step := range p.Postage[zone] {
			add(step.Ore, fmt.Sprintf("element = \"PORTO\"\nzone = %q\nmax_gram = %d", zone, step.MaxGram), p.PostageSource(zone, step.MaxGram))
		}
	}
	add(demoControlSheet, "element = \"KONTROLLARK\"", "")
	add(demoDayMinimum, "element = \"DAGSMINIMUM\"", "")
	// What many letters would cost, for the advice: four fifths of a letter by itself, for no fewer than five of them.
	for _, step := range p.Postage[billing.ZoneNorway] {
		if step.MaxGram > 350 {
			continue
		}
		add(step.Ore*4/5, fmt.Sprintf("element = \"PORTO\"\nscheme = \"LIKT\"\nzone = \"NORGE\"\nenvelope = \"C5\"\nmax_gram = %d\nwindow_gram = 30\nmin_letters = 5", step.MaxGram), "")
		add(step.Ore*9/10, fmt.Sprintf("element = \"PORTO\"\nscheme = \"BLANDET\"\nzone = \"NORGE\"\nmax_gram = %d\nmin_letters = 5", step.MaxGram), "")
	}
	return b.String()
}
