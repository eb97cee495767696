package bench

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postgang/cmd/cli"
	"postgang/engine/access"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/find"
	"postgang/engine/login"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	prepare.BeWorker()
	os.Exit(postgrestest.Main(m)) // and stops the PostgreSQL that tests have started
}

// TestConsoleArchive: the archive of the measurement is one: what refers to a row finds it, what is counted is there, letters are found by
// all that people know of them, and every question and page of the measurement has an answer.
func TestConsoleArchive(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			t.Parallel()
			dsn := ""
			if database == "postgres" {
				dsn = postgrestest.Postgres(t)
			}
			consoleArchive(t, dsn)
		})
	}
}

// TestLeanArchive: letters that are due are found in one without what no night reads.
func TestLeanArchive(t *testing.T) {
	t.Parallel()
	p, _, err := openConsole(t.Context(), &cli.Options{Out: os.Stdout, Err: os.Stderr}, t.TempDir(), "", 1000, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	var letters, events int
	if err := p.app.Archive.SQLite().QueryRowContext(t.Context(), "SELECT (SELECT count(*) FROM shipment), (SELECT count(DISTINCT shipment) FROM event)").Scan(&letters, &events); err != nil {
		t.Fatal(err)
	}
	if letters < 1000 || events > letters/2 {
		t.Errorf("%d letters, of which %d have events", letters, events)
	}
	d, err := p.findDue(t.Context(), 60, 2, cpuSeconds)
	if err != nil {
		t.Fatal(err)
	}
	if d.Letters < 60 || d.Jobs == 0 || d.Status.Median <= 0 {
		t.Errorf("%+v", d)
	}
}

func consoleArchive(t *testing.T, dsn string) {
	ctx := t.Context()
	const many = 1000
	dir := filepath.Join(t.TempDir(), "arkiv")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	open := func() *consolePlace {
		p, made, err := openConsole(ctx, &cli.Options{Out: os.Stdout, Err: os.Stderr}, dir, dsn, many, false)
		if err != nil {
			t.Fatal(err)
		}
		if made.Seconds == 0 {
			t.Error("it is not told how long the archive took")
		}
		return p
	}
	p := open()
	if p.w.weeks < 3 {
		t.Fatalf("%d weeks: nothing is multiplied", p.w.weeks)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	p = open() // the one that was kept
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	if p.app.Archive.SQLite() != nil {
		sound(t, p)
	}
	letters := map[string]shipment.Shipment{}
	err := p.app.Archive.View(ctx, func(r store.Reader) error {
		counted, counts := 0, map[string]int{}
		list, err := r.CountShipments(ctx)
		if err != nil {
			return err
		}
		for _, c := range list {
			counted += c.Count
			counts[c.Account+" "+string(c.Status)+" "+c.Hold] = c.Count
		}
		all, err := r.Shipments(ctx, store.ShipmentFilter{})
		if err != nil {
			return err
		}
		for _, s := range all {
			letters[s.ID] = s
			counts[s.Account+" "+string(s.Status)+" "+s.Hold]--
		}
		if len(all) < many || len(all) != counted {
			t.Errorf("%d letters, %d are counted", len(all), counted)
		}
		for kind, n := range counts {
			if n != 0 {
				t.Errorf("%s: %d too many are counted", kind, n)
			}
		}
		return booked(ctx, t, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	hash := func(number string) string { return login.Hash(p.key, number) }
	err = p.app.Archive.View(ctx, func(r store.Reader) error {
		n := 0
		for _, s := range letters {
			if n++; n%10 != 0 {
				continue
			}
			history, err := r.History(ctx, s.ID)
			if err != nil {
				return err
			}
			if len(history) < 2 || history[len(history)-1].To != s.Status {
				t.Errorf("a letter in %s has a history of %d events that does not lead there", s.Status, len(history))
			}
			words := recipient.Query{Name: s.Submission.Recipient.Name, Address: s.Submission.Recipient.Line1, Number: s.Submission.Recipient.DigitalID}
			q, err := recipient.Look(words, hash)
			if err != nil {
				return err
			}
			found, err := r.ShipmentsOfPerson(ctx, q, find.Filter{})
			if err != nil {
				return err
			}
			if !has(found, s.ID) {
				t.Errorf("a letter in %s is not found by its recipient", s.Status)
			}
			for _, text := range []string{s.ID[25:33], s.HandIn} {
				hits, err := r.Identify(ctx, access.Scope{All: true}, text, 100)
				if err != nil {
					return err
				}
				there := false
				for _, h := range hits {
					there = there || h.ID == s.ID
				}
				if !there {
					t.Errorf("a letter in %s is not found by %q", s.Status, text)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range append(p.pages(), p.questions()...) {
		if _, err := q.measure(ctx, 2, cpuSeconds); err != nil {
			t.Errorf("%s: %v", q.what, err)
		}
	}
	if size, err := p.firstVisit(ctx); err != nil || size < 10_000 {
		t.Errorf("a first visit of %d bytes: %v", size, err)
	}
}

func has(list []shipment.Shipment, id string) bool {
	for _, s := range list {
		if s.ID == id {
			return true
		}
	}
	return false
}

// booked: jobs have the letters that they say, and what receipts cost is what the ledger has.
func booked(ctx context.Context, t *testing.T, r store.Reader) error {
	jobs, err := r.Jobs(ctx, store.JobFilter{})
	if err != nil {
		return err
	}
	sum := 0
	for _, j := range jobs {
		rows, err := r.JobLetters(ctx, j.ID)
		if err != nil {
			return err
		}
		if len(rows) != j.Letters {
			t.Errorf("job %s says %d letters and has %d", j.ID, j.Letters, len(rows))
		}
		for _, l := range rows {
			got, err := r.Receipts(ctx, store.ReceiptFilter{Job: j.ID, Shipment: l.Shipment})
			if err != nil {
				return err
			}
			for _, c := range got {
				sum += int(c.Row.Net())
				if s, err := r.Shipment(ctx, l.Shipment); err != nil || !s.PostedAt.Equal(c.Row.PostedAt) {
					t.Errorf("a receipt says another time of posting than its letter: %v", err)
				}
			}
		}
	}
	ledger := 0
	err = r.EachLedgerLine(ctx, store.LedgerFilter{}, func(l store.LedgerLine) error {
		ledger += int(l.Line.Net)
		return nil
	})
	if sum != ledger || sum == 0 {
		t.Errorf("receipts of %d øre, and %d in the ledger", sum, ledger)
	}
	return err
}

// sound: the file of SQLite is whole, nothing refers to what is not there, and no table, index or trigger is left over or missing.
func sound(t *testing.T, p *consolePlace) {
	ctx := t.Context()
	db := p.app.Archive.SQLite()
	var left int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&left); err != nil || left > 0 {
		t.Errorf("%d rows refer to nothing: %v", left, err)
	}
	if found, err := p.app.Archive.Check(ctx); err != nil || len(found) > 0 {
		t.Errorf("%s: %v", strings.Join(found, "; "), err)
	}
	if err := db.QueryRowContext(ctx, `SELECT (SELECT sum(letters) FROM arrival) - (SELECT count(*) FROM shipment)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d hand-ins more are counted than there are: %v", left, err)
	}
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name LIKE 'bench%'`).Scan(&left); err != nil || left > 0 {
		t.Errorf("%d tables are left: %v", left, err)
	}
}
