package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/billing/figures"
	"postgang/billing/price"
	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// demoIdentity makes the ids of every demonstration alike, so that two of them can be compared letter by letter.
const demoIdentity = "0b1d5c1e-5f0e-4c57-9a53-64656d6f6e73"

// demoMark is the file by which a demo knows a folder that it may make anew.
const demoMark = ".postgang-demo"

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
	host, err := exchange.LoadOrCreateKey(filepath.Join(d.dir, config.SimulatorHostKey)) // kept for "postgang-lab rehearse"
	if err != nil {
		return err
	}
	root := filepath.Join(d.dir, config.SimulatorRoot)
	d.server, err = vendorsim.Serve(ctx, root, vendorsim.ServeOptions{HostKey: host.Signer, ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}})
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
[http]
address = %q
token_issuer = %q
`, database, d.network.ln.Addr(), d.others.tokens.Issuer())
	b.WriteString(d.channelsText() + "[kost_nytte]\n")
	for _, in := range figures.SeedInputs().All() {
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
		konto := ""
		if dialects[i] == access.RestV3 {
			konto = fmt.Sprintf("konto_id = %q\n", demoKontoID)
		}
		fmt.Fprintf(&b, `
[accounts.%s]
name = %q
vendor = %q
krr = true
%s[accounts.%s.altinn]
resource = "demo-brev"
body = "Kommunen har sendt deg et brev. Det ligger ved."
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
`, a.Key, a.Name+", "+a.Unit, vendor, konto, a.Key, a.Key, a.Name, a.Unit, a.Line, a.Postcode, a.City, "logo-"+a.Key+".png", a.Text, a.Key)
	}
	return []byte(b.String())
}

// demoPrices is the simulator's own price list as configuration, with what else a letter of the demo may cost.
func demoPrices(vendor string) string {
	p := vendorsim.IllustrativePrices()
	text := p.Configuration(vendor)
	add := func(ore int64, keys string) { text += vendorsim.PriceEntry(vendor, ore, keys, "illustrativ") }
	add(demoControlSheet, "element = \"KONTROLLARK\"")
	add(demoDayMinimum, "element = \"DAGSMINIMUM\"")
	// What many letters would cost, for the advice: four fifths of a letter by itself, for no fewer than five of them.
	for _, step := range p.Postage[price.ZoneNorway] {
		if step.MaxGram > 350 {
			continue
		}
		add(step.Ore*4/5, fmt.Sprintf("element = \"PORTO\"\nscheme = \"LIKT\"\nzone = \"NORGE\"\nenvelope = \"C5\"\nmax_gram = %d\nwindow_gram = 30\nmin_letters = 5", step.MaxGram))
		add(step.Ore*9/10, fmt.Sprintf("element = \"PORTO\"\nscheme = \"BLANDET\"\nzone = \"NORGE\"\nmax_gram = %d\nmin_letters = 5", step.MaxGram))
	}
	return text
}
