package rehearse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/crypto/ssh"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/cmd/postgang-lab/console"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/intake"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// The account that hands in for rehearsals, beside those of the demo, and the one whose letters are printed here.
const (
	account       = "ovelse"
	manualAccount = "ovelse-her"
	vendor        = "simulator"
	manualVendor  = "her"
)

// mark is the file by which the folder of a demo is known, and original what its configuration was before the first rehearsal.
const (
	mark     = ".postgang-demo"
	original = "postgang.toml.for-rehearsals"
)

// added is what rehearsals add to the demo's configuration.
func added() string {
	return `
# Added by postgang-lab rehearse.
[vendors.` + manualVendor + `]
name = "Utskrift på huset"
kind = "manuell"
[accounts.` + account + `]
name = "Øvelse"
vendor = "` + vendor + `"
[accounts.` + account + `.sender]
name = "Øvelse kommune"
line1 = "Øvelsesvegen 1"
postcode = "5003"
city = "Bergen"
[accounts.` + manualAccount + `]
name = "Øvelse på huset"
vendor = "` + manualVendor + `"
[accounts.` + manualAccount + `.sender]
name = "Øvelse kommune"
line1 = "Øvelsesvegen 1"
postcode = "5003"
city = "Bergen"
` + vendorsim.IllustrativePrices().Configuration(manualVendor)
}

// clock goes on from where the archive stopped, and is moved by hand.
type clock struct {
	mu    sync.Mutex
	base  time.Time
	began time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base.Add(time.Since(c.began))
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.base.Add(d)
}

// stage is the archive of a demo, its vendor and its clock.
type stage struct {
	*cli.Options
	dir     string
	root    string // of the vendor
	clock   *clock
	app     *app.App
	server  *vendorsim.Server
	vendors []*vendorsim.Vendor
	handed  int
}

// open opens the archive of the demo in dir, and starts its vendor.
func open(ctx context.Context, o *cli.Options, dir string) (_ *stage, err error) {
	if _, err := os.Stat(filepath.Join(dir, mark)); err != nil {
		return nil, cli.Usage("%s is not the folder of a demo: make one by postgang-lab demo --dir %s", dir, dir)
	}
	s := &stage{Options: o, dir: dir, root: filepath.Join(dir, config.SimulatorRoot)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if _, err := os.Stat(filepath.Join(dir, original)); errors.Is(err, os.ErrNotExist) {
		text, err := os.ReadFile(s.configPath())
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, original), text, 0o600); err != nil {
			return nil, err
		}
		if err := os.WriteFile(s.configPath(), []byte(string(text)+added()), 0o600); err != nil {
			return nil, err
		}
	}
	cfg, err := config.Load(s.configPath())
	if err != nil {
		return nil, err
	}
	at, err := console.LastTime(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s.clock = &clock{base: at, began: time.Now()}
	if err := s.serve(ctx, cfg); err != nil {
		return nil, err
	}
	for _, v := range cfg.Vendors { // the demo's vendor with a press has its folders below those of the other
		if !v.Manual {
			root := filepath.Join(s.root, filepath.Dir(v.Target.Folders.Inbox))
			s.vendors = append(s.vendors, vendorsim.New(root, vendorsim.Options{Name: v.Key, Now: s.clock.Now}))
		}
	}
	return s, s.openApp(ctx, cfg)
}

func (s *stage) configPath() string { return filepath.Join(s.dir, config.DefaultName) }

// serve starts the vendor's server where the demo's was.
func (s *stage) serve(ctx context.Context, cfg *config.Config) error {
	host, err := exchange.LoadOrCreateKey(filepath.Join(s.dir, config.SimulatorHostKey))
	if err != nil {
		return err
	}
	client, err := exchange.LoadOrCreateKey(filepath.Join(s.dir, config.ClientKey))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(cfg.Vendors, func(v party.Vendor) bool { return v.Key == vendor })
	if i < 0 {
		return fmt.Errorf("%s has no vendor %s", s.configPath(), vendor)
	}
	s.server, err = vendorsim.Serve(ctx, s.root, vendorsim.ServeOptions{
		Listen: cfg.Vendors[i].Target.Address, HostKey: host.Signer, ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}, Troubled: true,
	})
	return err
}

// soon is how long failed work waits to be tried again, so that a rehearsal takes seconds.
func soon(int) time.Duration { return 50 * time.Millisecond }

func (s *stage) openApp(ctx context.Context, cfg *config.Config) (err error) {
	if s.app, err = app.Open(ctx, cfg, s.Logger(), app.Options{Now: s.clock.Now, Retry: soon}); err != nil {
		return err
	}
	if err := intake.MakeFolders(cfg.Inbox, account, manualAccount); err != nil {
		return err
	}
	return s.app.Start(ctx)
}

func (s *stage) close() error {
	var errs []error
	if s.app != nil {
		errs = append(errs, s.app.Close())
		s.app = nil
	}
	if s.server != nil {
		errs = append(errs, s.server.Close())
	}
	return errors.Join(errs...)
}

// configure changes the configuration as an operator would in an editor, and opens the archive anew with it.
func (s *stage) configure(ctx context.Context, change func(text string) string) error {
	text, err := os.ReadFile(filepath.Join(s.dir, original))
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.configPath(), []byte(change(string(text)+added())), 0o600); err != nil {
		return err
	}
	cfg, err := config.Load(s.configPath())
	if err != nil {
		return err
	}
	err = s.app.Close()
	s.app = nil
	if err != nil {
		return err
	}
	return s.openApp(ctx, cfg)
}

// plain is the configuration without what a rehearsal has changed.
func plain(text string) string { return text }

// with adds tables to the configuration.
func with(tables string) func(string) string {
	return func(text string) string { return text + tables }
}

// patience is how long a night of a rehearsal waits for work that is tried again and again.
const patience = 6 * time.Second

// night is what "postgang night" does.
func (s *stage) night(ctx context.Context) error {
	return s.app.Engine.NightByHand(ctx, func(ctx context.Context) (shipment.Note, error) {
		n, err := s.app.Night(ctx, app.NightOptions{Patience: patience})
		if errors.Is(err, nights.ErrUnsettled) && len(n.Unsettled) == 0 {
			err = nil // as postgang night has it: what is UNCERTAIN or stopped has an alarm of its own
		}
		return n.Note(), err
	})
}

// fails has something fail that must.
func fails(what string, err error) error {
	if err == nil {
		return fmt.Errorf("%s has not failed", what)
	}
	return nil
}

// vendorWorks has the vendor do all that it has to do, and fetches what it answered.
func (s *stage) vendorWorks(ctx context.Context) error {
	if err := s.vendorTicks(ctx); err != nil {
		return err
	}
	_, err := s.app.Engine.Fetch(ctx)
	return err
}

func (s *stage) vendorTicks(ctx context.Context) error {
	for _, v := range s.vendors {
		if _, err := v.Tick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// through brings letters all the way to the vendor, which works.
func (s *stage) through(ctx context.Context, letters int) error {
	if err := s.letters(ctx, account, letters); err != nil {
		return err
	}
	if err := s.night(ctx); err != nil {
		return err
	}
	return s.vendorWorks(ctx)
}

// trouble orders the vendor to go wrong.
func (s *stage) trouble(kind string, jobs int) error {
	return vendorsim.OrderTrouble(s.root, vendorsim.Trouble{Kind: kind, Jobs: jobs})
}

func (s *stage) calm() error {
	_, err := vendorsim.Calm(s.root)
	return err
}

// calmed ends the vendor's troubles, and lets it and us do what is to be done.
func (s *stage) calmed(ctx context.Context) error {
	if err := s.calm(); err != nil {
		return err
	}
	return s.vendorWorks(ctx)
}

// later lets time pass, and looks at what is overdue, as postgang status does.
func (s *stage) later(ctx context.Context, d time.Duration) error {
	s.clock.move(d)
	return s.app.Engine.Watch(ctx)
}

const day = 24 * time.Hour

// letters hands in letters that go to paper at once, by the drop folder.
func (s *stage) letters(ctx context.Context, account string, n int) error {
	for range n {
		if err := s.letter(account, s.key()); err != nil {
			return err
		}
	}
	r, err := s.app.TakeAll(ctx, time.Minute, nil)
	if err == nil && r.Taken != n {
		err = fmt.Errorf("%d of %d letters were accepted", r.Taken, n)
	}
	return err
}

// key is a new name of a hand-in.
func (s *stage) key() string {
	s.handed++
	return fmt.Sprintf("ovelse-%d-%d", time.Now().UnixMilli(), s.handed)
}

// letter puts a letter into the drop folder.
func (s *stage) letter(account, key string) error {
	dir := filepath.Join(s.dir, "ovelse")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]any{
		"tittel":         "Brev for å øve",
		"mottaker":       map[string]string{"navn": "Testperson Øvelse", "adresselinje1": "Prøvegata 1", "postnummer": "5003", "poststed": "Bergen"},
		"konteringskode": "00042", "dokumenter": []map[string]string{{"filnavn": "brev.pdf", "mimeType": "application/pdf"}},
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "forsendelse.json"), data, 0o600); err != nil {
		return err
	}
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetFont("Helvetica", "", 11)
	pdf.AddPage()
	pdf.Cell(40, 10, "Brev "+key)
	if err := pdf.OutputFileAndClose(filepath.Join(dir, "brev.pdf")); err != nil {
		return err
	}
	_, err = intake.Put(s.app.Config.Inbox, account, key, dir)
	return err
}

// alarms are the open ones.
func (s *stage) alarms(ctx context.Context) ([]alarm.Alarm, error) {
	return store.View(ctx, s.app.Archive, func(r store.Reader) ([]alarm.Alarm, error) { return r.Alarms(ctx, true) })
}

// newest is the open alarm of a kind that was raised last, and not before a time.
func (s *stage) newest(ctx context.Context, begins string, since time.Time) (alarm.Alarm, error) {
	open, err := s.alarms(ctx)
	if err != nil {
		return alarm.Alarm{}, err
	}
	var out alarm.Alarm
	for _, a := range open {
		if strings.HasPrefix(a.Key, begins) && !a.Last.Before(since) && !a.Raised.Before(out.Raised) {
			out = a
		}
	}
	if out.Key == "" {
		err = fmt.Errorf("no alarm %s is open", begins)
	}
	return out, err
}

// isOver reports whether an alarm is over.
func (s *stage) isOver(ctx context.Context, key string) (bool, error) {
	open, err := s.alarms(ctx)
	return !slices.ContainsFunc(open, func(a alarm.Alarm) bool { return a.Key == key }), err
}

// job is the job that an alarm is about.
func job(key string) string { return key[strings.LastIndex(key, ":")+1:] }

// twice has two persons do what takes two.
func twice(ctx context.Context, do func(ctx context.Context) error) error {
	for i, name := range []string{"kari", "ola"} {
		err := do(access.As(ctx, access.Actor{Kind: access.CommandLine, ID: name}))
		if i == 0 && errors.Is(err, access.ErrSecondPerson) {
			continue
		}
		return err
	}
	return errors.New("a second person has not been enough")
}

// reason is why a person does what a rehearsal has them do.
const reason = "øvelse"
