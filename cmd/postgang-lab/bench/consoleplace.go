package bench

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive"
	"postgang/engine/find"
	"postgang/engine/login"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// consolePlace is the measured program with its archive, and the vendors' server beside it.
type consolePlace struct {
	w        *consoleWorld
	o        *cli.Options
	dir      string
	database string
	lean     bool   // see copier
	key      []byte // of log-ins
	config   *config.Config
	vendors  *vendorsim.Server
	app      *app.App
	console  http.Handler
	sample   []consoleSample
	secrets  map[string]string // of sessions, by person
	clock    consoleClock
}

// consoleClock begins at consoleNow.
type consoleClock struct {
	mu    sync.Mutex
	began time.Time
	more  time.Duration
}

// Now is the time in the archive.
func (c *consoleClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		c.began = time.Now()
	}
	return consoleNow.Add(c.more + time.Since(c.began))
}

// pass lets time pass.
func (c *consoleClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.more += d
}

// consoleSample is a letter that people ask for.
type consoleSample struct {
	id, account, handIn, code, system, reference string
	status                                       shipment.Status
	received                                     time.Time
	name, line, postcode, number                 string
	job                                          string // empty: it is in none
}

// consoleMade is what is kept beside an archive: how it was made.
type consoleMade struct {
	Shipments int     `json:"shipments"`
	Database  string  `json:"database"`
	Seconds   float64 `json:"seconds"`
	CPU       float64 `json:"cpu_seconds"`
}

// consoleMark is the file that says so. It is written when the archive is whole.
const consoleMark = "maling.json"

// openConsole opens the archive of a folder, and makes it when there is none.
func openConsole(ctx context.Context, o *cli.Options, dir, database string, shipments int, lean bool) (_ *consolePlace, _ consoleMade, err error) {
	key := sha256.Sum256([]byte("måling"))
	p := &consolePlace{w: newConsoleWorld(shipments), o: o, dir: dir, database: database, lean: lean, key: key[:], secrets: map[string]string{}}
	if database == "" {
		p.database = "sqlite:data/postgang.db"
	}
	var made consoleMade
	data, err := os.ReadFile(filepath.Join(dir, consoleMark))
	switch {
	case errors.Is(err, os.ErrNotExist):
		if entries, _ := os.ReadDir(dir); len(entries) > 0 {
			return nil, made, fmt.Errorf("%s has files and no whole archive of a measurement: remove it, or choose another with --keep", dir)
		}
	case err != nil:
		return nil, made, err
	default:
		if err := json.Unmarshal(data, &made); err != nil {
			return nil, made, fmt.Errorf("%s: %w", consoleMark, err)
		}
		if made.Shipments != shipments || made.Database != p.database {
			return nil, made, fmt.Errorf("%s has an archive of %d shipments in %s: choose another folder with --keep", dir, made.Shipments, made.Database)
		}
	}
	if err := p.configure(ctx); err != nil {
		return nil, made, errors.Join(err, p.Close())
	}
	if made.Shipments == 0 {
		start, cpu := time.Now(), cpuSeconds()
		if err := p.make(ctx); err != nil {
			return nil, made, errors.Join(fmt.Errorf("make the archive: %w", err), p.Close())
		}
		made = consoleMade{Shipments: shipments, Database: p.database, Seconds: time.Since(start).Seconds(), CPU: cpuSeconds() - cpu}
		data, err := json.Marshal(made)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, consoleMark), data, 0o600)
		}
		if err != nil {
			return nil, made, errors.Join(err, p.Close())
		}
	}
	if err := p.open(ctx, false); err != nil {
		return nil, made, errors.Join(err, p.Close())
	}
	if p.sample, err = p.draw(ctx); err != nil {
		return nil, made, errors.Join(err, p.Close())
	}
	return p, made, nil
}

// configure starts the vendors' server and reads the configuration.
func (p *consolePlace) configure(ctx context.Context) error {
	client, err := exchange.LoadOrCreateKey(filepath.Join(p.dir, config.ClientKey))
	if err != nil {
		return err
	}
	root := filepath.Join(p.dir, "trykkeri")
	for _, v := range []string{"a", "b"} {
		if err := os.MkdirAll(filepath.Join(root, v), 0o700); err != nil {
			return err
		}
		if err := vendorsim.MakeFolders(filepath.Join(root, v)); err != nil {
			return err
		}
	}
	if p.vendors, err = vendorsim.Serve(ctx, root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{client.Signer.PublicKey()}}); err != nil {
		return err
	}
	text := p.w.config(p.database, p.vendors.Addr(), strings.TrimSpace(p.vendors.HostKeyLine()))
	if p.config, err = config.Parse(filepath.Join(p.dir, config.DefaultName), text); err != nil {
		return err
	}
	p.config.Console = config.Managing{
		Address: "127.0.0.1:0", Login: login.Config{Issuer: consoleIssuer, ClientID: "måling", ClientSecret: "måling", PublicURL: consoleAddress, Key: p.key},
	}
	return nil
}

// consoleAddress stands for the console's; nothing goes over the network.
const consoleAddress = "http://127.0.0.1:1"

// open wires the program.
func (p *consolePlace) open(ctx context.Context, create bool) (err error) {
	p.app, err = app.Open(ctx, p.config, p.o.Logger(), app.Options{Now: p.clock.Now, Installation: "MALE", Create: create})
	if err != nil {
		return err
	}
	if p.console, err = p.app.Console(nil); err != nil || create {
		return err
	}
	return p.logIn(ctx)
}

// logIn gives everybody a session.
func (p *consolePlace) logIn(ctx context.Context) error {
	return p.app.Archive.InTx(ctx, func(tx store.Tx) error {
		// Those of before are over.
		if err := tx.ForgetSessions(ctx, consoleNow.AddDate(1, 0, 0)); err != nil {
			return err
		}
		for _, who := range p.w.people() {
			secret, now := rand.Text(), p.clock.Now()
			p.secrets[who.ID] = secret
			sum := sha256.Sum256([]byte(secret))
			err := tx.InsertSession(ctx, login.Session{Token: hex.EncodeToString(sum[:]), Issuer: consoleIssuer, SID: "sid-" + who.ID, Subject: who.Subject, Began: now, Last: now})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Close ends the program and the vendors' server.
func (p *consolePlace) Close() error {
	var errs []error
	if p.app != nil {
		errs = append(errs, p.app.Close())
	}
	if p.vendors != nil {
		errs = append(errs, p.vendors.Close())
	}
	return errors.Join(errs...)
}

// make makes the archive: some letters are taken and prepared, two weeks of letters like them are written one by one, and the weeks before
// are multiplied from one of these.
func (p *consolePlace) make(ctx context.Context) (err error) {
	phase := p.phases()
	b := &base{w: p.w, now: consoleNow, hash: func(number string) string { return login.Hash(p.key, number) }}
	step, finish := p.o.Progress("preparing letters")
	models, err := p.models(ctx, step)
	finish()
	if err != nil {
		return err
	}
	b.models = models
	b.draw()
	phase("letters prepared and drawn")
	database := p.config.Database
	if b.a, err = archive.Open(ctx, archive.Config{DSN: database, Now: func() time.Time { return b.now }}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.a.Close()) }()
	if b.a.SQLite() != nil {
		// What is half made is thrown away, so that nothing need survive anything.
		for _, pragma := range []string{"journal_mode = OFF", "synchronous = OFF", "cache_size = -2000000", "foreign_keys = OFF", "secure_delete = OFF", "temp_store = MEMORY", "locking_mode = EXCLUSIVE"} {
			if _, err := b.a.Exec(ctx, "PRAGMA "+pragma); err != nil {
				return err
			}
		}
	}
	if err := b.write(ctx); err != nil {
		return fmt.Errorf("write letters: %w", err)
	}
	phase("two weeks written")
	step, finish = p.o.Progress("multiplying letters")
	c := &copier{base: b, phase: phase, lean: p.lean}
	err = c.multiply(ctx, step)
	finish()
	if err != nil {
		return fmt.Errorf("multiply letters: %w", err)
	}
	err = b.around(ctx)
	phase("what is around them written")
	return err
}

// phases tells, when asked to, how long each part of the making has taken.
func (p *consolePlace) phases() func(what string) {
	last, cpu := time.Now(), cpuSeconds()
	return func(what string) {
		now, spent := time.Now(), cpuSeconds()
		p.o.Logger().Info(what, "seconds", now.Sub(last).Seconds(), "cpu", spent-cpu)
		last, cpu = now, spent
	}
}

// models takes some letters with PDFs as a case system writes them.
func (p *consolePlace) models(ctx context.Context, progress func(done, total int)) (out []consoleModel, err error) {
	dir, err := os.MkdirTemp(p.dir, "brev-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	made, err := letters.Generate(filepath.Join(dir, "brev"), letters.Options{Shipments: letters.MinShipments})
	if err != nil {
		return nil, err
	}
	if err := p.open(ctx, true); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.app.Close()); p.app = nil }()
	err = p.app.Archive.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, step.SettingClock, step.ClockOff) })
	if err == nil {
		err = p.app.Start(ctx)
	}
	if err != nil {
		return nil, err
	}
	const wanted = 24
	var ids []string
	for _, s := range made.Shipments {
		if len(ids) == wanted {
			break
		}
		if s.Outcome == letters.Refused || len(s.DocumentPages) != 1 || s.DocumentPages[0] < 1 || s.DocumentPages[0] > 6 {
			continue
		}
		found, err := filepath.Glob(filepath.Join(dir, "brev", s.Account, s.Key, "*.pdf"))
		if err != nil || len(found) != 1 {
			continue
		}
		data, err := os.ReadFile(found[0])
		if err != nil {
			return nil, err
		}
		got, err := p.app.Engine.Receive(ctx, shipment.HandIn{
			Account: p.w.account(len(ids)), Key: fmt.Sprintf("modell-%d", len(ids)), JSON: consoleSubmission, At: p.clock.Now(),
			Files: []shipment.HandInFile{{Name: "brev.pdf", Bytes: int64(len(data)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }}},
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, got.ID)
	}
	for undecided(ctx, p.app) && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
	}
	err = p.app.Archive.View(ctx, func(r store.Reader) error {
		for n, id := range ids {
			s, err := r.Shipment(ctx, id)
			if err != nil {
				return err
			}
			documents, err := r.Documents(ctx, id)
			if err != nil {
				return err
			}
			if s.Status == shipment.StatusAkseptert && len(documents) == 1 {
				out = append(out, consoleModel{s, documents})
			}
			if progress != nil {
				progress(n+1, len(ids))
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = errors.New("none of the letters was accepted")
	}
	return out, err
}

var consoleSubmission = []byte(`{"tittel":"Vedtak i en sak","mottaker":{"navn":"Kari Nordmann","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},"konteringskode":"1000","utskriftskonfigurasjon":{"tosidig":true},"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`)

// draw finds letters of all years for people to ask for.
func (p *consolePlace) draw(ctx context.Context) (out []consoleSample, err error) {
	r := p.w.turn(-1)
	begin := consoleNow.AddDate(0, 0, -7*(p.w.weeks+1))
	err = p.app.Archive.View(ctx, func(rd store.Reader) error {
		for range 600 {
			at := begin.Add(time.Duration(r.Float64() * float64(consoleNow.Sub(begin))))
			some, err := rd.Shipments(ctx, store.ShipmentFilter{Received: find.Period{To: at}, Newest: true, Limit: 1})
			if err != nil {
				return err
			}
			for _, s := range some {
				to := s.Submission.Recipient
				one := consoleSample{
					id: s.ID, account: s.Account, handIn: s.HandIn, code: s.Submission.Konteringskode, system: s.Submission.SendingSystem, reference: s.Submission.ExternalReference,
					status: s.Status, received: s.ReceivedAt, name: to.Name.Reveal(), line: to.Line1.Reveal(), postcode: to.Postcode, number: to.DigitalID.Reveal(),
				}
				jobs, err := rd.JobsOf(ctx, s.ID)
				if err != nil {
					return err
				}
				if len(jobs) > 0 {
					one.job = jobs[0].ID
				}
				out = append(out, one)
			}
		}
		return nil
	})
	return out, err
}

// one draws a letter.
func (p *consolePlace) one(n int) consoleSample { return p.sample[p.w.turn(n).IntN(len(p.sample))] }

// bytesOf is the size of the archive's database.
func (p *consolePlace) bytesOf(ctx context.Context) (n int64, err error) {
	if path, ok := strings.CutPrefix(p.config.Database, "sqlite:"); ok {
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	err = p.app.Archive.Postgres().QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
	return n, err
}

// browser is somebody's.
type browser struct {
	p      *consolePlace
	person string
}

// answer is what a browser got.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// Header are the headers of the answer.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader takes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write takes a part of the body.
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// ask makes a request; a form is sent by POST.
func (b browser) ask(ctx context.Context, path string, form url.Values) (*answer, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, consoleAddress+path, body)
	if err != nil {
		return nil, err
	}
	r.RequestURI, r.RemoteAddr = r.URL.RequestURI(), "127.0.0.1:2"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Accept-Encoding", "gzip")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.AddCookie(&http.Cookie{Name: "postgang-okt", Value: b.p.secrets[b.person]})
	a := &answer{header: http.Header{}}
	b.p.console.ServeHTTP(a, r)
	if a.status >= 400 {
		return a, fmt.Errorf("%s %s is answered with %d", method, path, a.status)
	}
	return a, nil
}
