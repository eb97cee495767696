package console

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/billing/receipt"
	"postgang/engine"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/console/visit"
	"postgang/engine/download"
	"postgang/engine/intake/door"
	"postgang/engine/login"
	"postgang/engine/nights"
	"postgang/engine/party"
	"postgang/engine/roles"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/cover"
)

const (
	issuer  = "https://logginn.example.no"
	level   = "idporten-loa-high"
	own     = "skole" // the account that people of the tests have roles for
	foreign = "helse"
	// What must be on no page: whom the letters of the world are to, and what they say.
	secretName, secretStreet, secretTitle, secretNumber, secretFile = "Åse Ødegård", "Storgata 1", "Vedtak om skoleplass", "41814061033", "vedtak.pdf"
)

// world is a console on an archive with letters of two accounts.
type world struct {
	place
	t       *testing.T
	archive *archive.Archive
	engine  *engine.Engine
	now     time.Time
	handler http.Handler
	config  Config
	routes  []visit.Route
	roles   *roles.Directory
	// known are people by the provider's id of them.
	known map[string]access.Person
	// letters, by what is special about them, and jobs by account.
	ownLetter, foreignLetter, heldLetter string
	ownJob, foreignJob                   string
	ownSystem, foreignSystem             string    // integrations
	ownManual, foreignManual             string    // jobs that are printed here
	side                                 emptySide // of every vendor
	runs                                 fakeRuns
}

// Who finds people of the test.
func (w *world) Who(_ context.Context, s login.Session) (access.Person, error) {
	if p, ok := w.known[s.Subject]; ok {
		return p, nil
	}
	return access.Person{}, store.ErrNotFound
}

// place is where a console of the tests stands.
type place struct {
	dsn            string // of the archive; empty: a SQLite of its own
	empty          bool   // nothing is in the archive
	issuer, secret string // of the log-in provider, and what it knows the console by
	base           string // the console's address
}

// nowhere is a console that nothing reaches over the network.
var nowhere = place{issuer: issuer, base: "http://127.0.0.1:1"}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldAt(t, nowhere)
}

// onBoth has a test done in a world of its own on each database.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Parallel()
	bothDatabases(t, func(t *testing.T, dsn string) {
		at := nowhere
		at.dsn = dsn
		test(t, newWorldAt(t, at))
	})
}

// bothDatabases gives a test a database of each kind; empty is one of SQLite.
func bothDatabases(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "")
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgrestest.Postgres(t))
	})
}

func newWorldAt(t *testing.T, at place) *world {
	t.Helper()
	dir := t.TempDir()
	if at.dsn == "" {
		at.dsn = "sqlite:" + filepath.Join(dir, "arkiv.db")
	}
	w := &world{place: at, t: t, now: archivetest.T0.Add(2 * time.Hour), known: map[string]access.Person{}}
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := func() time.Time { return w.now }
	var err error
	w.archive, err = archive.Open(ctx, archive.Config{
		DSN: at.dsn, Now: now,
		Enqueue: func(context.Context, any, []store.Task) error { return nil },
	})
	must(err)
	t.Cleanup(func() { must(w.archive.Close()) })
	documents, err := w.archive.OpenDocuments(ctx, filepath.Join(dir, "dokumenter"))
	must(err)
	rules := shipment.DefaultRules()
	sender := cover.Sender{Name: "Prøve kommune", Postcode: "0155", City: "OSLO"}
	accounts := []party.Account{
		{Key: own, Name: "Skolekontoret", Vendor: "trykkeri", Rules: rules, Sender: sender},
		{Key: foreign, Name: "Helsekontoret", Vendor: "trykkeri", Rules: rules, Sender: sender},
		{Key: "arkiv", Name: "Byarkivet", Vendor: "her", Rules: rules, Sender: sender},
	}
	vendors := []party.Vendor{
		{Key: "trykkeri", Name: "Trykkeriet", Profile: printjobs.DefaultProfile(), Receipts: receipt.DefaultFormat()},
		{Key: "her", Name: "Servicesenteret", Manual: true, Profile: printjobs.DefaultProfile(), Receipts: receipt.DefaultFormat()},
	}
	night, err := nights.NewSchedule("night", "0 21 * * 1-5", true)
	must(err)
	e, err := engine.New(ctx, engine.Config{Config: step.Config{
		Archive: w.archive, Blobs: documents, Fence: documents, Accounts: accounts, Vendors: vendors, WorkDir: filepath.Join(dir, "arbeid"), Now: now, TwoPersons: true,
		Preparer: inProcess{}, Dial: w.dial,
	}})
	must(err)
	w.engine = e
	byHand := door.Config{Engine: e, Archive: w.archive, Spool: filepath.Join(dir, "for-hand"), Now: now}
	for _, a := range accounts {
		byHand.Accounts = append(byHand.Accounts, door.Account{Account: a})
	}
	d, err := door.New(byHand)
	must(err)
	client, err := login.New(login.Config{Issuer: at.issuer, ClientID: "konsoll", ClientSecret: at.secret, PublicURL: at.base, Key: make([]byte, 32), Now: now}, download.Sessions{Archive: w.archive})
	must(err)
	if !at.empty {
		w.fill()
		w.fillPeople()
	}
	w.roles = roles.New(roles.Config{Archive: w.archive, Organisations: map[string][]string{"oppvekst": {own}}, Accounts: []string{own, foreign, "arkiv"}})
	config := Config{
		Archive: w.archive, Engine: printable{e}, Door: d, Pictures: drawn{}, Login: client, People: w, Roles: w.roles, Issuer: at.issuer, Level: level, Accounts: accounts, Vendors: vendors,
		Schedules: []nights.Schedule{night}, Organisations: map[string][]string{"oppvekst": {own}}, Organisation: "Prøve kommune", Version: "v0", Now: now,
		Books: books{}, Doctor: &fakeDoctor{},
	}
	w.config = config
	w.handler, w.routes = Handler(config), newHandler(config).routes
	return w
}

// fill puts letters, jobs, an alarm and a night into the archive.
func (w *world) fill() {
	ctx := w.t.Context()
	err := w.archive.InTx(ctx, func(tx store.Tx) error {
		statuses := shipment.Statuses()
		var errs []error
		for n := 1; n <= 2*len(statuses)+4; n++ {
			s := archivetest.Shipment(n)
			s.Submission.Recipient.DigitalID = secretNumber
			s.Submission.ExternalReference = "sak-" + s.ID[6:8]
			if n%2 == 0 {
				s.Account = foreign
			}
			if n <= 2*len(statuses) {
				s.Status = statuses[(n-1)/2]
			}
			switch n {
			case 2*len(statuses) + 1:
				s.Hold = shipment.HoldCost
				w.heldLetter = s.ID
			case 3:
				w.ownLetter = s.ID
			case 4:
				w.foreignLetter = s.ID
			}
			errs = append(errs, tx.InsertShipment(ctx, s, []shipment.Document{archivetest.Document(n, 0)}),
				tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: s.ReceivedAt, Kind: shipment.EventReceived, From: s.Status, To: s.Status}))
			if s.Hold != "" {
				errs = append(errs, tx.AddEvents(ctx, shipment.SetAside(s, w.now, shipment.Refusal{Code: s.Hold, Args: shipment.Args{"case": "day", "net": "100", "sum": "200", "limit": "150"}})))
			}
		}
		for i, letters := range [][]int{{2*len(statuses) + 3}, {2*len(statuses) + 2}} {
			id, err := tx.NextJobID(ctx)
			if err != nil {
				return err
			}
			j, rows := archivetest.Job(id, letters...)
			if i == 0 {
				w.ownJob = id
			} else {
				w.foreignJob, j.Class.Account = id, foreign
			}
			errs = append(errs, tx.InsertJob(ctx, j, rows), tx.AddJobEvent(ctx, store.JobEvent{Job: id, At: w.now, To: store.JobPlanned, Reason: "planned {}"}))
		}
		errs = append(errs, w.fillManual(ctx, tx))
		_, err := tx.ClaimSlot(ctx, "night", archivetest.T0, store.SlotRunning)
		errs = append(errs, err, tx.FinishSlot(ctx, "night", archivetest.T0, store.SlotDone, "12 letters"), tx.RaiseAlarm(ctx, "uncertain:"+w.ownJob, alarm.Args{"job": w.ownJob}), w.fillMoney(ctx, tx, 2*len(statuses)+3))
		return errors.Join(errs...)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// as makes somebody with these roles, and a session of theirs; the answer is the cookie.
func (w *world) as(name string, grants ...access.Grant) *http.Cookie {
	w.t.Helper()
	p := access.Person{ID: personID(name), Name: name, Issuer: w.issuer, Subject: name, Grants: grants, Created: w.now}
	w.known[name] = p
	w.person(p)
	return w.session(name, level)
}

// personID is the id of somebody of the tests.
func personID(name string) string { return uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String() }

// person puts a person into the archive.
func (w *world) person(p access.Person) {
	w.t.Helper()
	if err := w.archive.InTx(w.t.Context(), func(tx store.Tx) error { return tx.PutPerson(w.t.Context(), p, "test") }); err != nil {
		w.t.Fatal(err)
	}
}

// session is the cookie of a session of somebody.
func (w *world) session(subject, level string) *http.Cookie {
	w.t.Helper()
	secret := "hemmelig-" + subject + level
	sum := sha256.Sum256([]byte(secret))
	err := w.archive.InTx(w.t.Context(), func(tx store.Tx) error {
		return tx.InsertSession(w.t.Context(), login.Session{Token: hex.EncodeToString(sum[:]), Issuer: w.issuer, SID: "sid-" + subject, Subject: subject, Level: level, Began: w.now, Last: w.now})
	})
	if err != nil && !errors.Is(err, store.ErrExists) {
		w.t.Fatal(err)
	}
	return &http.Cookie{Name: "postgang-okt", Value: secret}
}

// ask makes a request of somebody, nil: of nobody.
func (w *world) ask(method, path string, who *http.Cookie, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, w.base+path, strings.NewReader(form))
	if form != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(form, uploadBoundary) {
		r.Header.Set("Content-Type", "multipart/form-data; boundary="+strings.TrimPrefix(uploadBoundary, "--"))
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if who != nil {
		r.AddCookie(who)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// contents is all that stands in the archive, but for sessions: each table row by row.
func (w *world) contents() string {
	w.t.Helper()
	db := w.archive.SQLite()
	names, err := texts(db, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'login_session' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`)
	if err != nil {
		w.t.Fatal(err)
	}
	var b strings.Builder
	for _, name := range names {
		if err := w.table(&b, db, name); err != nil {
			w.t.Fatal(err)
		}
	}
	return b.String()
}

// table writes the rows of a table.
func (w *world) table(b *strings.Builder, db *sql.DB, name string) error {
	rows, err := db.QueryContext(w.t.Context(), `SELECT * FROM "`+name+`"`)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	for err == nil && rows.Next() {
		values := make([]any, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err = rows.Scan(into...); err == nil {
			fmt.Fprintln(b, name, values)
		}
	}
	return errors.Join(err, rows.Err())
}

func texts(db *sql.DB, query string) (out []string, err error) {
	rows, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Err(), rows.Close()) }()
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// crossSite makes a request as a page of another site has a browser make it.
func (w *world) crossSite(method, path string, who *http.Cookie, form string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, w.base+path, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	r.Header.Set("Origin", "https://ondskap.example.com")
	r.AddCookie(who)
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}
