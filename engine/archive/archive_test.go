package archive

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postgang/billing/invoice"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/archivetest/channeltest"
	"postgang/engine/archive/archivetest/erasetest"
	"postgang/engine/archive/archivetest/findtest"
	"postgang/engine/archive/archivetest/jobtest"
	"postgang/engine/archive/archivetest/nodetest"
	"postgang/engine/archive/archivetest/peopletest"
	"postgang/engine/archive/database"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/archive/sets"
	"postgang/engine/archive/sums"
	"postgang/engine/documents"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		if err := child(role); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(postgrestest.Main(m))
}

func openAt(t testing.TB, c Config) *Archive {
	t.Helper()
	a, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// engines are the databases that every test runs on.
var engines = []struct {
	name string
	dsn  func(t testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "arkiv æ?.db") }},
	{"PostgreSQL", postgrestest.Postgres},
}

// TestChannels: letters in digital channels, on both databases.
func TestChannels(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		channeltest.Exercise(t, a)
	})
}

// TestNodes: the machines that serve an archive, on both databases.
func TestNodes(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		nodetest.Exercise(t, a)
	})
}

// TestPeople: persons, roles and their logs, on both databases.
func TestPeople(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		peopletest.Exercise(t, a)
	})
}

func onBoth(t *testing.T, fn func(t *testing.T, dsn string)) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			fn(t, e.dsn(t))
		})
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			archivetest.Exercise(t, func(t testing.TB) store.Archive { return openAt(t, Config{DSN: e.dsn(t)}) })
			erasetest.Exercise(t, func(t testing.TB) store.Archive { return openAt(t, Config{DSN: e.dsn(t)}) })
			findtest.Exercise(t, func(t testing.TB) store.Archive { return openAt(t, Config{DSN: e.dsn(t)}) })
			jobtest.Exercise(t, func(t testing.TB) store.Archive { return openAt(t, Config{DSN: e.dsn(t)}) })
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"no DSN":              {},
		"no path":             {DSN: "sqlite:"},
		"another database":    {DSN: "mysql://user:hemmelig@localhost/x"},
		"folder not there":    {DSN: "sqlite:" + filepath.Join(t.TempDir(), "no", "a.db")},
		"URL that is none":    {DSN: "postgres://user:hemmelig@localhost:port/x"},
		"nobody listens":      {DSN: "postgres://user:hemmelig@127.0.0.1:1/x?connect_timeout=2"},
		"installation length": {DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Installation: "ABC"},
		"installation letter": {DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Installation: "abcd"},
	} {
		a, err := Open(t.Context(), c)
		if err == nil {
			a.Close()
			t.Errorf("%s: was opened", name)
		} else if strings.Contains(err.Error(), "hemmelig") {
			t.Errorf("%s: the password stands in the error: %v", name, err)
		}
	}
}

func TestOpenAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		read := func(a *Archive) (installation, job string) {
			err := a.InTx(t.Context(), func(tx store.Tx) (err error) {
				if installation, err = tx.Setting(t.Context(), "installation"); err != nil {
					return err
				}
				job, err = tx.NextJobID(t.Context())
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return installation, job
		}
		a := openAt(t, Config{DSN: dsn})
		drawn, first := read(a)
		if len(drawn) != 4 || strings.Trim(drawn, installationLetters) != "" {
			t.Errorf("installation %q", drawn)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		a = openAt(t, Config{DSN: dsn, Installation: "TEST"}) // keeps its own
		defer a.Close()
		kept, second := read(a)
		if kept != drawn || second <= first {
			t.Errorf("installation %q then %q, job %q then %q", drawn, kept, first, second)
		}
		if _, err := a.Exec(t.Context(), `UPDATE counter SET value = 999999`); err != nil {
			t.Fatal(err)
		}
		err := a.InTx(t.Context(), func(tx store.Tx) error { _, err := tx.NextJobID(t.Context()); return err })
		if err == nil || !strings.Contains(err.Error(), "used all") {
			t.Errorf("the millionth job: %v", err)
		}
	})
}

func TestFixedInstallation(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn, Installation: "TEST"})
		defer a.Close()
		err := a.InTx(t.Context(), func(tx store.Tx) error {
			id, err := tx.NextJobID(t.Context())
			if id != "TEST000001" {
				t.Errorf("job id %q", id)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		if _, err := a.Exec(t.Context(), `INSERT INTO archive_version (version_id, is_applied) VALUES (999, TRUE)`); err != nil {
			t.Fatal(err)
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := Open(t.Context(), Config{DSN: dsn})
		if err == nil {
			b.Close()
			t.Fatal("a newer schema was opened")
		}
		if !strings.Contains(err.Error(), "999") || !strings.Contains(err.Error(), "newer program") {
			t.Errorf("the error does not say what to do: %v", err)
		}
	})
}

func TestOpenedByManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				a, err := Open(t.Context(), Config{DSN: dsn})
				if err != nil {
					t.Error(err)
					return
				}
				if err := a.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

// TestReferencesOfBefore: shipments of before migration 30 are found by their senders' references, and one that no index takes, or no text
// of PostgreSQL, stops no upgrade.
func TestReferencesOfBefore(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		t.Cleanup(func() { a.Close() })
		err := a.InTx(t.Context(), func(tx store.Tx) error {
			for i, reference := range []string{"sak 17", "", strings.Repeat("lang ", 2000), "a\x00b"} {
				s := archivetest.Shipment(i + 1)
				s.Submission.ExternalReference = reference
				if err := tx.InsertShipment(t.Context(), s, nil); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.migrations()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 29); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
		found, err := store.View(t.Context(), a, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(t.Context(), store.ShipmentFilter{Account: "skole", Reference: "sak 17"})
		})
		if err != nil || len(found) != 1 || found[0].ID != archivetest.ID(1) {
			t.Errorf("found %v, %v", found, err)
		}
		err = a.View(t.Context(), func(r store.Reader) error {
			hits, err := r.Identify(t.Context(), access.Scope{All: true}, "ak 17", 5)
			if len(hits) != 1 || hits[0].ID != archivetest.ID(1) {
				t.Errorf("identified %+v", hits)
			}
			counts, err2 := r.CountShipments(t.Context())
			if len(counts) != 1 || counts[0].Count != 4 {
				t.Errorf("counted %+v", counts)
			}
			return errors.Join(err, err2)
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestMigrationsGoDown runs every migration down and up again, so that a mistaken one can be taken back.
func TestMigrationsGoDown(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		p, err := a.migrations()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.DownTo(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOldCorrectionsSettle: in an archive of before, what was found in receipts that were replaced is settled, once, and what people
// have decided stays.
func TestOldCorrectionsSettle(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		j, letters := archivetest.Job("TEST000001", 1)
		first, lines := archivetest.Receipt(9, j.ID, 1)
		second, _ := archivetest.Receipt(11, j.ID, 1)
		second.State = store.ReceiptConflict
		key := func(shipment, kind string) string {
			return strings.Join([]string{first.Vendor, first.File, j.ID, shipment, kind}, "/")
		}
		var found []store.Deviation
		for _, kind := range []string{"PORTO", "VEKT", "SIDER", "KONFLIKT", "UKJENT"} {
			found = append(found, store.Deviation{Key: key(first.Row.Shipment, kind), Vendor: first.Vendor, File: first.File})
		}
		found = append(found, store.Deviation{Key: key(archivetest.ID(2), "PORTO"), Vendor: first.Vendor, File: first.File})
		err := a.InTx(ctx, func(tx store.Tx) error {
			return errors.Join(
				tx.InsertShipment(ctx, archivetest.Shipment(1), nil), tx.InsertJob(ctx, j, letters),
				tx.InsertReceiptFile(ctx, archivetest.ReceiptFile()), tx.InsertReceipts(ctx, first), tx.Book(ctx, lines), tx.InsertReceipts(ctx, second),
				tx.DecideReceipt(ctx, store.ReceiptDecision{Receipt: second.ID, Against: first.ID, Taken: true, Reason: "riktig"}),
				tx.InsertDeviations(ctx, found),
				tx.DecideDeviation(ctx, found[1].Key, store.DeviationDisputed, "meldt"), tx.DecideDeviation(ctx, found[2].Key, store.DeviationAccepted, "greit"))
		})
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.migrations()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for _, up := range []bool{false, true} {
				if _, err := p.ApplyVersion(ctx, 24, up); err != nil {
					t.Fatal(err)
				}
			}
		}
		states := map[string]store.DeviationState{}
		err = a.View(ctx, func(r store.Reader) error {
			all, err := r.Deviations(ctx, store.DeviationFilter{})
			for _, d := range all {
				states[d.Key] = d.State
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []store.DeviationState{store.DeviationSettled, store.DeviationSettled, store.DeviationAccepted, store.DeviationSettled, store.DeviationOpen, store.DeviationOpen} {
			if got := states[found[i].Key]; got != want {
				t.Errorf("deviation %d is %s, want %s", i, got, want)
			}
		}
	})
}

// TestOldAlarmsKeepTheirText: one that an earlier version stored as a sentence is that sentence, until it is raised anew.
func TestOldAlarmsKeepTheirText(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		if _, err := a.Exec(ctx, `INSERT INTO alarm (key, message, raised_at, last_at, occurrences) VALUES ('held:x', 'shipment x is set aside', 1, 1, 1)`); err != nil {
			t.Fatal(err)
		}
		want := func(args alarm.Args, count int) {
			t.Helper()
			err := a.View(ctx, func(r store.Reader) error {
				all, err := r.Alarms(ctx, true)
				if err == nil && (len(all) != 1 || !maps.Equal(all[0].Args, args) || all[0].Count != count) {
					t.Errorf("alarms %+v, want %v %d times", all, args, count)
				}
				told, err2 := r.AlarmDeliveries(ctx, "post")
				if err2 == nil && (len(told) != 1 || !maps.Equal(told[0].Args, args)) {
					t.Errorf("to be told %+v, want %v", told, args)
				}
				return errors.Join(err, err2)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want(alarm.Args{"text": "shipment x is set aside"}, 1)
		anew := alarm.Args{"shipment": "x", "code": "oppsett"}
		if err := a.InTx(ctx, func(tx store.Tx) error { return tx.RaiseAlarm(ctx, "held:x", anew) }); err != nil {
			t.Fatal(err)
		}
		want(anew, 2)
	})
}

func TestSQLiteIsOpenedSafely(t *testing.T) {
	t.Parallel()
	a := openAt(t, Config{DSN: engines[0].dsn(t)})
	defer a.Close()
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": database.BusyTimeout} {
		for pool, db := range map[string]*sql.DB{"write": a.SQLite(), "read": a.read} {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&got); err != nil || got != want {
				t.Errorf("%s pool: %s is %q (%v), want %q", pool, name, got, err, want)
			}
		}
	}
	if _, err := a.read.Exec(`INSERT INTO setting (key, value) VALUES ('a', 'b')`); err == nil {
		t.Error("the reading pool writes")
	}
	if n := a.SQLite().Stats().MaxOpenConnections; n != 1 {
		t.Errorf("%d write connections, want 1", n)
	}
	if a.Postgres() != nil {
		t.Error("SQLite has a pool of PostgreSQL")
	}
}

// TestEnqueueInTheTransaction: the queue's hook gets the transaction of the database itself, and its error ends it.
func TestEnqueueInTheTransaction(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		boom := errors.New("boom")
		var types []string
		a := openAt(t, Config{DSN: dsn, Enqueue: func(_ context.Context, rawTx any, tasks []store.Task) error {
			types = append(types, fmt.Sprintf("%T %d", rawTx, len(tasks)))
			if tasks[0].Subject == "bad" {
				return boom
			}
			return nil
		}})
		defer a.Close()
		in := func(ts ...store.Task) error {
			return a.InTx(t.Context(), func(tx store.Tx) error {
				return errors.Join(tx.SetSetting(t.Context(), "k", "v"), tx.Enqueue(t.Context(), ts...))
			})
		}
		if err := in(store.Task{Subject: "bad"}); !errors.Is(err, boom) {
			t.Errorf("error %v, want the queue's", err)
		}
		if err := a.View(t.Context(), func(r store.Reader) error { _, err := r.Setting(t.Context(), "k"); return err }); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("setting after a failed enqueue: %v", err)
		}
		if err := in(store.Task{Subject: "a"}, store.Task{Subject: "b"}); err != nil {
			t.Error(err)
		}
		if err := in(); err != nil {
			t.Error(err)
		}
		want := "[*sql.Tx 1 *sql.Tx 2]"
		if a.Postgres() != nil {
			want = "[*pgx.dbTx 1 *pgx.dbTx 2]"
		}
		if fmt.Sprint(types) != want {
			t.Errorf("the queue got %v, want %s", types, want)
		}
		none := openAt(t, Config{DSN: dsn})
		defer none.Close()
		if err := none.InTx(t.Context(), func(tx store.Tx) error { return tx.Enqueue(t.Context(), store.Task{}) }); err == nil {
			t.Error("a task was lost in an archive without a queue")
		}
	})
}

// TestConstraintsHoldWithoutTheCode writes past the code what must never stand in the tables.
func TestConstraintsHoldWithoutTheCode(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		j, ls := archivetest.Job("TEST000001", 1)
		j2, ls2 := archivetest.Job("TEST000002", 2)
		r, lines := archivetest.Receipt(9, j.ID, 1)
		other, _ := archivetest.Receipt(11, j.ID, 1)
		other.State = store.ReceiptConflict
		invoice := store.InvoiceRecord{ID: archivetest.ID(12), Vendor: "v", TakenAt: archivetest.T0, Invoice: invoice.Invoice{Number: "1", From: "2026-11-01", To: "2026-12-01"}}
		err := a.InTx(ctx, func(tx store.Tx) error {
			_, set := tx.AddVersion(access.As(ctx, access.Actor{Kind: access.CommandLine, ID: "kari"}), party.Version{Account: "skole", From: "2026-12-01", Reason: "x"}, party.Change{})
			_, logo := tx.PutLogo(ctx, []byte("x"))
			_, err := tx.AddLookup(ctx, access.Lookup{Actor: access.Actor{Kind: access.CommandLine, ID: "kari"}, What: []access.What{access.WhatTitle}, Purpose: "x"})
			return errors.Join(set, logo,
				tx.InsertInvoice(ctx, invoice),
				tx.InsertShipment(ctx, archivetest.Shipment(1), []shipment.Document{archivetest.Document(1, 0)}),
				tx.InsertShipment(ctx, archivetest.Shipment(2), nil),
				tx.AddEvents(ctx, shipment.Event{Shipment: archivetest.ID(1), At: archivetest.T0, Kind: "STATUS"}),
				tx.InsertJob(ctx, j, ls), tx.InsertJob(ctx, j2, ls2),
				tx.AddJobEvent(ctx, store.JobEvent{Job: j.ID, At: archivetest.T0, To: store.JobPlanned}),
				tx.InsertReceiptFile(ctx, archivetest.ReceiptFile()), tx.InsertReceipts(ctx, r), tx.Book(ctx, lines), tx.InsertReceipts(ctx, other),
				tx.DecideReceipt(ctx, store.ReceiptDecision{Receipt: other.ID, Against: r.ID, Reason: "x"}), err,
				tx.PutPerson(ctx, access.Person{ID: archivetest.ID(900), Name: "Kari", Issuer: "a", Subject: "b", Created: archivetest.T0}, "x"))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{
			// History and ledger are only added to.
			`UPDATE event SET reason = 'x'`, `DELETE FROM event`,
			`UPDATE job_event SET reason = 'x'`, `DELETE FROM job_event`,
			`UPDATE cost_line SET net = net + 1, gross = gross + 1`, `DELETE FROM cost_line`,
			`UPDATE invoice SET number = 'x'`, `DELETE FROM invoice`,
			`UPDATE receipt_decision SET taken = TRUE`, `DELETE FROM receipt_decision`,
			`UPDATE lookup SET purpose = 'x'`, `DELETE FROM lookup`, `UPDATE account_version SET reason = 'x'`, `DELETE FROM account_version`, `UPDATE account_logo SET picture = ''`, `DELETE FROM account_logo`,
			`UPDATE access_change SET reason = 'x'`, `DELETE FROM access_change`,
			// A job's letters are live as the job is.
			`UPDATE print_job SET live = FALSE`, `UPDATE job_letter SET live = FALSE`,
			`UPDATE print_job SET state = 'REJECTED'`, `UPDATE job_letter SET live = NULL`, `UPDATE print_job SET state = 'BORTE'`,
			`UPDATE job_letter SET shipment = '` + archivetest.ID(1) + `'`,
			`UPDATE print_job SET id = 'lower00001' WHERE id = 'TEST000002'`,
			// A job stays an original or a reprint, and its letters with it.
			`UPDATE print_job SET reprint = TRUE, parent = 'TEST000001' WHERE id = 'TEST000002'`, `UPDATE job_letter SET reprint = TRUE`,
			// Nothing goes away that something refers to.
			`DELETE FROM shipment`, `DELETE FROM print_job`, `DELETE FROM receipt_file`, `DELETE FROM receipt`,
			`DELETE FROM job_letter WHERE job = 'TEST000001'`,
			// A receipt in force is for a letter, once.
			`UPDATE receipt SET job = NULL`, `UPDATE receipt SET state = 'UNKNOWN'`, `UPDATE receipt SET shipment = '` + archivetest.ID(2) + `'`,
			`INSERT INTO receipt (id, vendor, file, state, job, shipment, posted_at, line)
				SELECT '` + archivetest.ID(10) + `', vendor, file, state, job, shipment, posted_at, line FROM receipt`,
			`INSERT INTO cost_line (receipt, place, kind, konteringskode, net, vat, gross) SELECT receipt, 9, kind, konteringskode, 0, 0, 0 FROM cost_line`,
			`INSERT INTO cost_line (receipt, place, kind, konteringskode, net, vat, gross) VALUES ('` + archivetest.ID(9) + `', 9, 'ANNET', '', 1, 1, 1)`,
			`UPDATE document SET blob_sha = 'x'`, `UPDATE document SET place = -1`,
			`UPDATE shipment SET due_reason = NULL`, `UPDATE shipment SET prepared_sha = NULL, prepared_bytes = NULL, facts = NULL`,
			`UPDATE shipment SET prepared_bytes = NULL`, `UPDATE shipment SET read_at = 0`, `UPDATE shipment SET hand_in = 'same'`,
			`INSERT INTO slot (schedule, planned_at, state, started_at, finished_at, summary) VALUES ('a', 1, 'RUNNING', 1, 1, '')`,
			`INSERT INTO slot (schedule, planned_at, state, started_at, finished_at, summary) VALUES ('a', 1, 'DONE', 1, NULL, '')`,
			`INSERT INTO alarm (key, message, raised_at, last_at, occurrences) VALUES ('a', 'b', 1, 1, 0)`,
		} {
			if n, err := a.Exec(ctx, s); err == nil {
				t.Errorf("was done to %d rows: %s", n, s)
			}
		}
		// What the schema allows is still so: the cascade frees the letters.
		if _, err := a.Exec(ctx, `UPDATE print_job SET state = 'WITHDRAWN', live = FALSE WHERE id = 'TEST000002'`); err != nil {
			t.Error(err)
		}
		if n, err := a.Exec(ctx, `UPDATE job_letter SET letter = 2 WHERE job = 'TEST000002' AND NOT live`); n != 1 || err != nil {
			t.Errorf("%d letters were freed (%v), want 1", n, err)
		}
	})
}

// breaks has a statement for every named CHECK of the schema, which breaks that one alone.
var breaks = map[string]string{
	"integration_id_form":                 `INSERT INTO integration VALUES ('SHORT', 'n', '', '[]', 'p', 1, '', NULL, 1, NULL)`,
	"integration_name_given":              `INSERT INTO integration VALUES ('` + archivetest.ID(1) + `', '', '', '[]', 'p', 1, '', NULL, 1, NULL)`,
	"integration_password_given":          `INSERT INTO integration VALUES ('` + archivetest.ID(1) + `', 'n', '', '[]', '', 1, '', NULL, 1, NULL)`,
	"integration_password_at_set":         `INSERT INTO integration VALUES ('` + archivetest.ID(1) + `', 'n', '', '[]', 'p', 0, '', NULL, 1, NULL)`,
	"integration_created_at_set":          `INSERT INTO integration VALUES ('` + archivetest.ID(1) + `', 'n', '', '[]', 'p', 1, '', NULL, 0, NULL)`,
	"integration_former_whole":            `INSERT INTO integration VALUES ('` + archivetest.ID(1) + `', 'n', '', '[]', 'p', 1, '', 1, 1, NULL)`,
	"unprepared_cause_given":              `INSERT INTO unprepared SELECT id, false, '', '' FROM shipment WHERE hand_in = 'in-1'`,
	"way_dialect_given":                   `INSERT INTO way VALUES ('a', '', '', 1, 1, 1)`,
	"way_first_at_set":                    `INSERT INTO way VALUES ('a', 'd', '', 0, 1, 1)`,
	"way_last_at_set":                     `INSERT INTO way VALUES ('a', 'd', '', 1, 0, 1)`,
	"way_hand_ins_counted":                `INSERT INTO way VALUES ('a', 'd', '', 1, 1, 0)`,
	"receipt_print_id_given":              `UPDATE receipt SET print_id = ''`,
	"shipment_person_number_form":         `INSERT INTO shipment_person (seq, shipment, account, words, number) SELECT 99, id, account, '', 'ab' FROM shipment WHERE hand_in = 'in-1'`,
	"shipment_dialect_given":              `UPDATE shipment SET dialect = ''`,
	"shipment_integration_given":          `UPDATE shipment SET integration = ''`,
	"shipment_external_reference_given":   `UPDATE shipment SET external_reference = ''`,
	"person_id_form":                      `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('SHORT', 'n', 'i', 's', '', 1, NULL, NULL)`,
	"person_name_given":                   `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', '', 'i', 's', '', 1, NULL, NULL)`,
	"person_number_form":                  `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', 'i', 's', 'ab', 1, NULL, NULL)`,
	"person_created_at_set":               `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', 'i', 's', '', 0, NULL, NULL)`,
	"person_last_login_set":               `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', 'i', 's', '', 1, 0, NULL)`,
	"person_ended_at_set":                 `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', 'i', 's', '', 1, NULL, 0)`,
	"person_identity_whole":               `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', 'i', '', '` + archivetest.Sha(1) + `', 1, NULL, NULL)`,
	"person_can_be_known":                 `INSERT INTO person (id, name, issuer, subject, number, created_at, last_login, ended_at) VALUES ('` + archivetest.ID(1) + `', 'n', '', '', '', 1, NULL, NULL)`,
	"person_grant_role_given":             `INSERT INTO person_grant SELECT id, '', '', '' FROM person`,
	"person_grant_one_place":              `INSERT INTO person_grant SELECT id, 'leser', 'a', 'b' FROM person`,
	"access_change_counted":               `INSERT INTO access_change VALUES (0, 1, '', 's', '', '', 'r', '` + archivetest.Sha(1) + `')`,
	"access_change_changed_at_set":        `INSERT INTO access_change VALUES (9, 0, '', 's', '', '', 'r', '` + archivetest.Sha(1) + `')`,
	"access_change_subject_given":         `INSERT INTO access_change VALUES (9, 1, '', '', '', '', 'r', '` + archivetest.Sha(1) + `')`,
	"access_change_reasoned":              `INSERT INTO access_change VALUES (9, 1, '', 's', '', '', '', '` + archivetest.Sha(1) + `')`,
	"access_change_hash_form":             `INSERT INTO access_change VALUES (9, 1, '', 's', '', '', 'r', 'ab')`,
	"erasure_counted":                     `INSERT INTO erasure VALUES (0, 1, 's', 'a', 'LEST', 'W', '', 0, 0, NULL)`,
	"erasure_erased_at_set":               `INSERT INTO erasure VALUES (9, 0, 's', 'a', 'LEST', 'W', '', 0, 0, NULL)`,
	"erasure_shipment_given":              `INSERT INTO erasure VALUES (9, 1, '', 'a', 'LEST', 'W', '', 0, 0, NULL)`,
	"erasure_why_given":                   `INSERT INTO erasure VALUES (9, 1, 's', 'a', 'LEST', '', '', 0, 0, NULL)`,
	"erasure_actor_given":                 `INSERT INTO erasure VALUES (9, 1, 's', 'a', 'LEST', 'W', '', 0, 0, '')`,
	"job_file_erased_at_set":              `UPDATE job_file SET erased_at = 0`,
	"lookup_counted":                      `INSERT INTO lookup VALUES (0, 1, 'a', '', '', 'w', 'p', '` + archivetest.Sha(1) + `')`,
	"lookup_looked_at_set":                `INSERT INTO lookup VALUES (9, 0, 'a', '', '', 'w', 'p', '` + archivetest.Sha(1) + `')`,
	"lookup_actor_given":                  `INSERT INTO lookup VALUES (9, 1, '', '', '', 'w', 'p', '` + archivetest.Sha(1) + `')`,
	"lookup_what_given":                   `INSERT INTO lookup VALUES (9, 1, 'a', '', '', '', 'p', '` + archivetest.Sha(1) + `')`,
	"lookup_purpose_given":                `INSERT INTO lookup VALUES (9, 1, 'a', '', '', 'w', '', '` + archivetest.Sha(1) + `')`,
	"lookup_hash_form":                    `INSERT INTO lookup VALUES (9, 1, 'a', '', '', 'w', 'p', 'ab')`,
	"login_session_token_form":            `INSERT INTO login_session VALUES ('ab', '', '', '', '', '', '', 1, 1, NULL)`,
	"login_session_began_at_set":          `INSERT INTO login_session VALUES ('` + archivetest.Sha(1) + `', '', '', '', '', '', '', 0, 1, NULL)`,
	"login_session_last_at_set":           `INSERT INTO login_session VALUES ('` + archivetest.Sha(1) + `', '', '', '', '', '', '', 1, 0, NULL)`,
	"channel_case_channel_given":          `INSERT INTO channel_case SELECT id, '', '', 'VENTER', '', NULL, NULL, 0 FROM shipment`,
	"channel_case_state_given":            `INSERT INTO channel_case SELECT id, 'krr', '', '', '', NULL, NULL, 0 FROM shipment`,
	"channel_case_asked_at_set":           `INSERT INTO channel_case SELECT id, 'krr', '', 'VENTER', '', 0, NULL, 0 FROM shipment`,
	"channel_case_next_at_set":            `INSERT INTO channel_case SELECT id, 'krr', '', 'VENTER', '', NULL, 0, 0 FROM shipment`,
	"channel_case_tries_counted":          `INSERT INTO channel_case SELECT id, 'krr', '', 'VENTER', '', NULL, NULL, -1 FROM shipment`,
	"shipment_id_form":                    `INSERT INTO shipment SELECT 'SHORT', account, 'new', status, submission, konteringskode, sending_system, digital_only, fingerprint, zone, received_at, notified_at, read_at, due_at, due_reason, sent_at, posted_at, closed_at, prepared_sha, prepared_bytes, facts, hold, refusals, version, prepared_key, cost_approved_at, content, NULL, NULL, NULL, NULL FROM shipment WHERE hand_in = 'in-1'`,
	"shipment_account_given":              `UPDATE shipment SET account = ''`,
	"shipment_hand_in_given":              `UPDATE shipment SET hand_in = '' WHERE hand_in = 'in-1'`,
	"shipment_status_known":               `UPDATE shipment SET status = 'BORTE'`,
	"shipment_zone_known":                 `UPDATE shipment SET zone = 'MARS'`,
	"shipment_received_at_set":            `UPDATE shipment SET received_at = 0`,
	"shipment_notified_at_set":            `UPDATE shipment SET notified_at = 0`,
	"shipment_read_at_set":                `UPDATE shipment SET read_at = 0`,
	"shipment_due_at_set":                 `UPDATE shipment SET due_at = 0`,
	"shipment_due_reason_given":           `UPDATE shipment SET due_reason = ''`,
	"shipment_sent_at_set":                `UPDATE shipment SET sent_at = 0`,
	"shipment_posted_at_set":              `UPDATE shipment SET posted_at = 0`,
	"shipment_closed_at_set":              `UPDATE shipment SET closed_at = 0`,
	"shipment_prepared_form":              `UPDATE shipment SET prepared_sha = 'ab'`,
	"shipment_prepared_size":              `UPDATE shipment SET prepared_bytes = -1`,
	"shipment_content_form":               `UPDATE shipment SET content = 'ab'`,
	"shipment_prepared_key_form":          `UPDATE shipment SET prepared_key = 'ab'`,
	"shipment_due_with_reason":            `UPDATE shipment SET due_reason = NULL`,
	"shipment_prepared_whole":             `UPDATE shipment SET prepared_bytes = NULL`,
	"shipment_facts_of_prepared":          `UPDATE shipment SET status = 'MOTTATT', prepared_sha = NULL, prepared_bytes = NULL`,
	"shipment_accepted_is_prepared":       `UPDATE shipment SET facts = NULL, prepared_sha = NULL, prepared_bytes = NULL`,
	"shipment_digital_only_never_due":     `UPDATE shipment SET digital_only = TRUE`,
	"shipment_digital_only_never_printed": `UPDATE shipment SET digital_only = TRUE, due_at = NULL, due_reason = NULL, status = 'SENDT_PRINT'`,
	"document_place_counted":              `UPDATE document SET place = -1`,
	"document_blob_form":                  `UPDATE document SET blob_sha = 'ab'`,
	"document_blob_size":                  `UPDATE document SET blob_bytes = -1`,
	"event_happened_at_set":               `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason) SELECT id, 0, 1, 'A', '', '', '' FROM shipment`,
	"event_recorded_at_set":               `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason) SELECT id, 1, 0, 'A', '', '', '' FROM shipment`,
	"event_kind_given":                    `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason) SELECT id, 1, 1, '', '', '', '' FROM shipment`,
	"event_from_known":                    `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason) SELECT id, 1, 1, 'A', 'BORTE', '', '' FROM shipment`,
	"event_to_known":                      `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason) SELECT id, 1, 1, 'A', '', 'BORTE', '' FROM shipment`,
	"event_key_given":                     `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, key) SELECT id, 1, 1, 'A', '', '', '', '' FROM shipment`,
	"print_job_vendor_given":              `UPDATE print_job SET vendor = ''`,
	"print_job_state_known":               `UPDATE print_job SET state = 'BORTE', ticket = 'a', ticket_sha = '` + archivetest.Sha(1) + `'`,
	"print_job_live_as_state":             `UPDATE print_job SET live = FALSE`,
	"print_job_created_at_set":            `UPDATE print_job SET created_at = 0`,
	"print_job_updated_at_set":            `UPDATE print_job SET updated_at = 0`,
	"print_job_offered_at_set":            `UPDATE print_job SET offered_at = 0`,
	"print_job_has_letters":               `UPDATE print_job SET letters = 0`,
	"print_job_failures_counted":          `UPDATE print_job SET failures = -1`,
	"print_job_parent_other":              `UPDATE print_job SET parent = id`,
	"print_job_composed_has_ticket":       `UPDATE print_job SET state = 'COMPOSED'`,
	"job_letter_counted":                  `UPDATE job_letter SET letter = 0`,
	"job_letter_sheets_counted":           `UPDATE job_letter SET sheets = -1`,
	"job_letter_pages_counted":            `UPDATE job_letter SET pages = -1`,
	"job_letter_pages_bw_counted":         `UPDATE job_letter SET pages_bw = -1`,
	"job_letter_pages_colour_counted":     `UPDATE job_letter SET pages_colour = -1`,
	"job_letter_giro_counted":             `UPDATE job_letter SET giro_sheets = -1`,
	"job_letter_weight_counted":           `UPDATE job_letter SET weight_gram = -1`,
	"job_letter_sides_ordered":            `UPDATE job_letter SET first_side = 2, last_side = 1`,
	"job_letter_expected_whole":           `UPDATE job_letter SET expected_production = 1, expected_postage = NULL`,
	"job_file_named":                      `UPDATE job_file SET name = ''`,
	"job_file_blob_form":                  `UPDATE job_file SET blob_sha = 'ab'`,
	"job_file_blob_size":                  `UPDATE job_file SET blob_bytes = -1`,
	"job_event_happened_at_set":           `INSERT INTO job_event (job, happened_at, from_state, to_state, reason) SELECT id, 0, '', 'PLANNED', '' FROM print_job`,
	"job_event_from_known":                `INSERT INTO job_event (job, happened_at, from_state, to_state, reason) SELECT id, 1, 'BORTE', 'PLANNED', '' FROM print_job`,
	"job_event_to_known":                  `INSERT INTO job_event (job, happened_at, from_state, to_state, reason) SELECT id, 1, '', '', '' FROM print_job`,
	"receipt_file_vendor_given":           `INSERT INTO receipt_file SELECT '', sha256, name, blob_sha, blob_bytes, fetched_at, row_count, problems, done, applying FROM receipt_file`,
	"receipt_file_sha_form":               `INSERT INTO receipt_file SELECT vendor, 'AB', name, blob_sha, blob_bytes, fetched_at, row_count, problems, done, applying FROM receipt_file`,
	"receipt_file_blob_form":              `UPDATE receipt_file SET blob_sha = 'ab'`,
	"receipt_file_blob_size":              `UPDATE receipt_file SET blob_bytes = -1`,
	"receipt_file_fetched_at_set":         `UPDATE receipt_file SET fetched_at = 0`,
	"receipt_file_rows_counted":           `UPDATE receipt_file SET row_count = -1`,
	"receipt_file_done_counted":           `UPDATE receipt_file SET done = -1`,
	"receipt_file_applying_given":         `UPDATE receipt_file SET applying = ''`,
	"receipt_id_form":                     `INSERT INTO receipt SELECT 'SHORT', vendor, file, 'DUPLICATE', job, shipment, posted_at, line, NULL FROM receipt`,
	"receipt_state_known":                 `UPDATE receipt SET state = 'KANSKJE'`,
	"receipt_posted_at_set":               `UPDATE receipt SET posted_at = 0`,
	"receipt_letter_known":                `UPDATE receipt SET job = NULL`,
	"receipt_applied_is_posted":           `UPDATE receipt SET posted_at = NULL`,
	"ledger_entry_form":                   `INSERT INTO ledger SELECT 'SHORT', 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_booked_at_set":                `INSERT INTO ledger SELECT entry, 99, 0, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_recorded_at_set":              `INSERT INTO ledger SELECT entry, 99, booked_at, 0, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_posted_at_set":                `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, 0, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_vendor_given":                 `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, '', account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_kind_given":                   `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, '', konteringskode, net, vat, gross, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_adds_up":                      `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross + 1, letters, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_letters_counted":              `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, 2, source, document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_source_known":                 `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, 'KANSKJE', document, reverses, note, NULL FROM ledger LIMIT 1`,
	"ledger_reverses_another":             `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, entry, note, NULL FROM ledger LIMIT 1`,
	"closed_month_form":                   `INSERT INTO closed_month VALUES ('2026', 1, 2, 1, '', NULL)`,
	"closed_month_has_days":               `INSERT INTO closed_month VALUES ('2026-01', 2, 2, 1, '', NULL)`,
	"closed_month_closed_at_set":          `INSERT INTO closed_month VALUES ('2026-01', 1, 2, 0, '', NULL)`,
	"found_job_id_given":                  `INSERT INTO found_job VALUES ('', 'v', 'REFUSED', '', 0, 1, '', NULL)`,
	"found_job_vendor_given":              `INSERT INTO found_job VALUES ('AAAA000001', '', 'REFUSED', '', 0, 1, '', NULL)`,
	"found_job_verdict_known":             `INSERT INTO found_job VALUES ('AAAA000001', 'v', 'KANSKJE', '', 0, 1, '', NULL)`,
	"found_job_ticket_form":               `INSERT INTO found_job VALUES ('AAAA000001', 'v', 'REFUSED', 'ab', 0, 1, '', NULL)`,
	"found_job_letters_counted":           `INSERT INTO found_job VALUES ('AAAA000001', 'v', 'REFUSED', '', -1, 1, '', NULL)`,
	"found_job_found_at_set":              `INSERT INTO found_job VALUES ('AAAA000001', 'v', 'REFUSED', '', 0, 0, '', NULL)`,
	"found_letter_shipment_given":         `INSERT INTO found_letter VALUES ('', 'AAAA000001', 'v', 1)`,
	"found_letter_found_at_set":           `INSERT INTO found_letter VALUES ('s', 'AAAA000001', 'v', 0)`,
	"code_register_code_given":            `INSERT INTO code_register VALUES ('', '')`,
	"invoice_id_form":                     `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content) VALUES ('SHORT', 'v', 'n', 1, 2, 1, '')`,
	"invoice_vendor_given":                `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content) SELECT id, '', 'n', 1, 2, 1, '' FROM receipt LIMIT 1`,
	"invoice_number_given":                `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content) SELECT id, 'v', '', 1, 2, 1, '' FROM receipt LIMIT 1`,
	"invoice_has_days":                    `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content) SELECT id, 'v', 'n', 2, 2, 1, '' FROM receipt LIMIT 1`,
	"invoice_blob_form":                   `INSERT INTO invoice (id, vendor, number, from_at, until_at, blob_sha, taken_at, content) SELECT id, 'v', 'n', 1, 2, 'ab', 1, '' FROM receipt LIMIT 1`,
	"invoice_removed_counted":             `INSERT INTO invoice_removed (id, turn, vendor, number, taken_at, content, removed_at, reason) VALUES ('i', 0, 'v', 'n', 1, '', 1, 'x')`,
	"invoice_removed_at_set":              `INSERT INTO invoice_removed (id, turn, vendor, number, taken_at, content, removed_at, reason) VALUES ('i', 1, 'v', 'n', 1, '', 0, 'x')`,
	"invoice_removed_reasoned":            `INSERT INTO invoice_removed (id, turn, vendor, number, taken_at, content, removed_at, reason) VALUES ('i', 1, 'v', 'n', 1, '', 1, '')`,
	"invoice_carry_has_days":              `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason) VALUES ('v', 2, 2, 1, 1, 2, 3, 'x')`,
	"invoice_carry_counted":               `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason) VALUES ('v', 1, 2, 0, 1, 2, 3, 'x')`,
	"invoice_carry_ordered":               `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason) VALUES ('v', 1, 2, 1, 3, 2, 3, 'x')`,
	"invoice_carry_later":                 `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason) VALUES ('v', 1, 2, 1, 1, 2, 1, 'x')`,
	"invoice_carry_reasoned":              `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason) VALUES ('v', 1, 2, 1, 1, 2, 3, '')`,
	"invoice_taken_at_set":                `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content) SELECT id, 'v', 'n', 1, 2, 0, '' FROM receipt LIMIT 1`,
	"deviation_decision_counted":          `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason) VALUES ('k', 0, 'OPEN', 1, 'x')`,
	"deviation_decision_state_known":      `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason) VALUES ('k', 1, 'KANSKJE', 1, 'x')`,
	"deviation_decision_decided_at_set":   `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason) VALUES ('k', 1, 'OPEN', 0, 'x')`,
	"deviation_decision_reasoned":         `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason) VALUES ('k', 1, 'OPEN', 1, '')`,
	"deviation_key_given":                 `UPDATE deviation SET key = ''`,
	"deviation_found_at_set":              `UPDATE deviation SET found_at = 0`,
	"slot_schedule_given":                 `UPDATE slot SET schedule = ''`,
	"slot_planned_at_set":                 `UPDATE slot SET planned_at = 0`,
	"slot_state_known":                    `UPDATE slot SET state = 'KANSKJE', finished_at = 1`,
	"slot_started_at_set":                 `UPDATE slot SET started_at = 0`,
	"slot_finished_at_set":                `UPDATE slot SET state = 'DONE', finished_at = 0`,
	"slot_finished_unless_running":        `UPDATE slot SET state = 'DONE'`,
	"alarm_key_given":                     `UPDATE alarm SET key = ''`,
	"alarm_raised_at_set":                 `UPDATE alarm SET raised_at = 0`,
	"alarm_last_at_set":                   `UPDATE alarm SET last_at = 0`,
	"alarm_counted":                       `UPDATE alarm SET occurrences = 0`,
	"alarm_resolved_at_set":               `UPDATE alarm SET resolved_at = 0`,
	"alarm_acknowledged_at_set":           `UPDATE alarm SET acknowledged_at = 0`,
	"alarm_delivery_sink_given":           `INSERT INTO alarm_delivery (alarm, sink, raised_at) SELECT seq, '', 1 FROM alarm LIMIT 1`,
	"alarm_delivery_raised_at_set":        `INSERT INTO alarm_delivery (alarm, sink, raised_at) SELECT seq, 'x', 0 FROM alarm LIMIT 1`,
	"alarm_delivery_recovered_at_set":     `INSERT INTO alarm_delivery (alarm, sink, raised_at, recovered_at) SELECT seq, 'x', 1, 0 FROM alarm LIMIT 1`,
	"event_actor_given":                   `INSERT INTO event (shipment, happened_at, recorded_at, kind, from_status, to_status, reason, actor) SELECT id, 1, 1, 'A', '', '', '', '' FROM shipment`,
	"job_event_actor_given":               `INSERT INTO job_event (job, happened_at, from_state, to_state, reason, actor) SELECT id, 1, '', 'PLANNED', '', '' FROM print_job`,
	"ledger_actor_given":                  `INSERT INTO ledger SELECT entry, 99, booked_at, recorded_at, posted_at, vendor, account, shipment, job, kind, konteringskode, net, vat, gross, letters, source, document, reverses, note, '' FROM ledger LIMIT 1`,
	"closed_month_actor_given":            `INSERT INTO closed_month VALUES ('2026-01', 1, 2, 1, '', '')`,
	"receipt_decision_actor_given":        `INSERT INTO receipt_decision (receipt, against, taken, decided_at, reason, actor) SELECT MIN(id), MAX(id), FALSE, 1, 'x', '' FROM receipt`,
	"deviation_decision_actor_given":      `INSERT INTO deviation_decision (deviation, turn, state, decided_at, reason, actor) VALUES ('k', 1, 'OPEN', 1, 'x', '')`,
	"invoice_actor_given":                 `INSERT INTO invoice (id, vendor, number, from_at, until_at, taken_at, content, actor) SELECT id, 'v', 'n', 1, 2, 1, '', '' FROM receipt LIMIT 1`,
	"invoice_removed_actor_given":         `INSERT INTO invoice_removed (id, turn, vendor, number, taken_at, content, removed_at, reason, actor) VALUES ('i', 1, 'v', 'n', 1, '', 1, 'x', '')`,
	"invoice_removed_by_given":            `INSERT INTO invoice_removed (id, turn, vendor, number, taken_at, content, removed_at, reason, removed_by) VALUES ('i', 1, 'v', 'n', 1, '', 1, 'x', '')`,
	"invoice_carry_actor_given":           `INSERT INTO invoice_carry (vendor, from_at, until_at, turn, after_at, decided_at, into_at, reason, actor) VALUES ('v', 1, 2, 1, 1, 2, 3, 'x', '')`,
	"found_job_actor_given":               `INSERT INTO found_job VALUES ('AAAA000001', 'v', 'REFUSED', '', 0, 1, '', '')`,
	"slot_actor_given":                    `UPDATE slot SET actor = ''`,
	"alarm_ack_actor_given":               `UPDATE alarm SET ack_actor = ''`,
	"account_version_counted":             `INSERT INTO account_version VALUES (0, 'a', '2026-12-01', 1, 'k', 'r', '{}')`,
	"account_version_account_given":       `INSERT INTO account_version VALUES (9, '', '2026-12-01', 1, 'k', 'r', '{}')`,
	"account_version_from_day_form":       `INSERT INTO account_version VALUES (9, 'a', '1.12.', 1, 'k', 'r', '{}')`,
	"account_version_made_at_set":         `INSERT INTO account_version VALUES (9, 'a', '2026-12-01', 0, 'k', 'r', '{}')`,
	"account_version_actor_given":         `INSERT INTO account_version VALUES (9, 'a', '2026-12-01', 1, '', 'r', '{}')`,
	"account_version_reasoned":            `INSERT INTO account_version VALUES (9, 'a', '2026-12-01', 1, 'k', '', '{}')`,
	"account_logo_sha256_form":            `INSERT INTO account_logo VALUES ('ab', '')`,
	"second_person_subject_given":         `INSERT INTO second_person VALUES ('', 1, 'kommando/a', 1, 'x', NULL, NULL)`,
	"second_person_counted":               `INSERT INTO second_person VALUES ('month/2026-10', 0, 'kommando/a', 1, 'x', NULL, NULL)`,
	"second_person_first_given":           `INSERT INTO second_person VALUES ('month/2026-10', 1, '', 1, 'x', NULL, NULL)`,
	"second_person_asked_at_set":          `INSERT INTO second_person VALUES ('month/2026-10', 1, 'kommando/a', 0, 'x', NULL, NULL)`,
	"second_person_reasoned":              `INSERT INTO second_person VALUES ('month/2026-10', 1, 'kommando/a', 1, '', NULL, NULL)`,
	"second_person_is_another":            `INSERT INTO second_person VALUES ('month/2026-10', 1, 'kommando/a', 1, 'x', 'kommando/a', 2)`,
	"second_person_done_whole":            `INSERT INTO second_person VALUES ('month/2026-10', 1, 'kommando/a', 1, 'x', 'kommando/b', NULL)`,
	"receipt_decision_of_two":             `INSERT INTO receipt_decision (receipt, against, taken, decided_at, reason) SELECT id, id, FALSE, 1, 'x' FROM receipt LIMIT 1`,
	"receipt_decision_decided_at_set":     `INSERT INTO receipt_decision (receipt, against, taken, decided_at, reason) SELECT MIN(id), MAX(id), FALSE, 0, 'x' FROM receipt`,
	"receipt_decision_reasoned":           `INSERT INTO receipt_decision (receipt, against, taken, decided_at, reason) SELECT MIN(id), MAX(id), FALSE, 1, '' FROM receipt`,
	"print_job_reprint_has_parent": `INSERT INTO print_job (id, vendor, reprint, state, live, class, created_at, updated_at, letters, totals, ticket,
		ticket_sha, failures, last_error, version) SELECT 'TEST000009', vendor, TRUE, state, live, class, 1, 1, 1, totals, '', '', 0, '', 1 FROM print_job LIMIT 1`,
}

// TestEveryCheckIsTried breaks each CHECK of the schema, and fails when a new one has no statement that breaks it.
func TestEveryCheckIsTried(t *testing.T) {
	var named [][]string
	files, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_postgres.sql") {
			continue // triggers and domains of one database; what checks it has, those of the other have too
		}
		schema, err := migrationFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		named = append(named, regexp.MustCompile(`CONSTRAINT (\w+) CHECK`).FindAllStringSubmatch(string(schema), -1)...)
	}
	named = slices.DeleteFunc(named, func(m []string) bool { return strings.HasPrefix(m[1], "cost_line_") }) // the ledger took its place
	slices.SortFunc(named, func(a, b []string) int { return strings.Compare(a[1], b[1]) })
	named = slices.CompactFunc(named, func(a, b []string) bool { return a[1] == b[1] }) // some were widened
	if len(named) != len(breaks) {
		t.Errorf("the schema has %d named checks and the test %d", len(named), len(breaks))
	}
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		j, ls := archivetest.Job("TEST000001", 1)
		j2, ls2 := archivetest.Job("TEST000002", 2)
		r, lines := archivetest.Receipt(9, j.ID, 1)
		other, _ := archivetest.Receipt(11, j.ID, 1)
		other.State = store.ReceiptConflict
		err := a.InTx(ctx, func(tx store.Tx) error {
			_, err := tx.ClaimSlot(ctx, "natt", archivetest.T0, store.SlotRunning)
			return errors.Join(err,
				tx.InsertShipment(ctx, archivetest.Shipment(1), []shipment.Document{archivetest.Document(1, 0)}),
				tx.InsertShipment(ctx, archivetest.Shipment(2), nil),
				tx.InsertJob(ctx, j, ls), tx.InsertJob(ctx, j2, ls2),
				tx.SetJobFiles(ctx, j.ID, []store.JobFile{{Job: j.ID, File: exchange.File{Name: "a.pdf"}, Blob: shipment.BlobRef{SHA256: archivetest.Sha(1)}}}, nil),
				tx.InsertReceiptFile(ctx, archivetest.ReceiptFile()), tx.InsertReceipts(ctx, r), tx.Book(ctx, lines), tx.InsertReceipts(ctx, other),
				tx.InsertDeviations(ctx, []store.Deviation{{Key: "k", Vendor: "trykkeri"}}), tx.RaiseAlarm(ctx, "k", alarm.Args{"what": "x"}),
				tx.PutPerson(ctx, access.Person{ID: archivetest.ID(900), Name: "Kari", Issuer: "a", Subject: "b", Created: archivetest.T0}, "x"))
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named {
			statement, ok := breaks[m[1]]
			if !ok {
				t.Errorf("nothing tries to break %s", m[1])
				continue
			}
			// Quoted on PostgreSQL, bare on SQLite, where the name ends the message but for the code.
			_, err := a.Exec(ctx, statement)
			if err == nil || !regexp.MustCompile(`\b`+m[1]+`\b`).MatchString(err.Error()) {
				t.Errorf("%s: %v", m[1], err)
			}
		}
	})
}

// TestPostgresErrorsHoldNoRows: the server's own error carries whole rows.
func TestPostgresErrorsHoldNoRows(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		v := archivetest.Shipment(1)
		v.Status = "Ødegård"
		err := a.InTx(t.Context(), func(tx store.Tx) error { return tx.InsertShipment(t.Context(), v, nil) })
		if err == nil {
			t.Fatal("was stored")
		}
		for e := err; e != nil; e = errors.Unwrap(e) {
			if s := fmt.Sprintf("%+v %#v", e, e); strings.Contains(s, "Ødegård") || strings.Contains(s, "Storgata") {
				t.Errorf("personal data in an error: %s", s)
			}
		}
	})
}

// TestIndexesAreUsed: what runs every night or for every hand-in must not read the whole archive.
func TestIndexesAreUsed(t *testing.T) {
	t.Parallel()
	a := openAt(t, Config{DSN: engines[0].dsn(t)})
	defer a.Close()
	due, values := dueQuery(archivetest.T0, []string{"a", "b"}, "", 100)
	open, _ := jobsQuery(store.JobFilter{States: []store.JobState{store.JobPlanned, store.JobOffered, store.JobAccepted}})
	closed, _ := jobsQuery(store.JobFilter{States: []store.JobState{store.JobClosed}, Newest: true, Before: "a", Limit: 100})
	ofLetter, _ := receiptsQuery(store.ReceiptFilter{Job: "a", Shipment: "b"})
	for query, index := range map[string]string{
		open: "print_job_in_state", closed: "print_job_in_state (state=? AND id<?)", ofLetter: "receipt_beside_of",
		`SELECT konteringskode, CAST(SUM(net) AS BIGINT) FROM ledger WHERE booked_at >= 1 AND booked_at < 2 AND account IN ('a', 'b') GROUP BY konteringskode`: "COVERING INDEX ledger_by_booked",
		`SELECT CAST(coalesce(SUM(letters), 0) AS BIGINT), CAST(coalesce(SUM(net), 0) AS BIGINT) FROM ledger WHERE booked_at >= 1 AND booked_at < 2`:           "COVERING INDEX ledger_by_booked",
		due:          "shipment_waiting",
		overdueQuery: "COVERING INDEX shipment_waiting",
		`SELECT s.id FROM shipment s WHERE ` + waiting + ` AND s.due_at > 1 AND s.due_reason <> 'ULEST' ORDER BY s.id`: "shipment_waiting",
		behindQuery:   "COVERING INDEX shipment_by_hold",
		arrivalsQuery: "arrival_1 (hour>",
		`SELECT s.id FROM channel_case c JOIN shipment s ON s.id = c.shipment
			WHERE c.channel = 'a' AND c.next_at IS NOT NULL AND c.next_at <= 1 ORDER BY c.next_at, c.shipment LIMIT 5`: "channel_case_next",
		`SELECT shipment FROM channel_case c WHERE c.channel = 'a' AND c.reference = 'b' AND c.reference <> ''`:                                               "channel_case_by_reference",
		`SELECT count(*) FROM shipment WHERE fingerprint = 'a' AND received_at >= 1 AND received_at < 2`:                                                      "shipment_by_fingerprint",
		`SELECT 1 FROM ledger l WHERE l.vendor = 'a' AND ` + sums.Posted("l", "1", "2"):                                                                       "ledger_posted_else",
		`SELECT 1 FROM job_letter l WHERE l.shipment = 'a' AND l.live`:                                                                                        "job_letter_by_shipment",
		`SELECT s.id FROM shipment s WHERE s.id > 'a' AND s.status IN ('VARSLET') AND s.digital_only AND s.status IN ` + sets.Open + ` ORDER BY s.id LIMIT 5`: "shipment_open",
		receiptRecord + `WHERE c.vendor = 'a' AND c.file = 'b' AND c.id > 'c' AND c.id <= 'd' ORDER BY c.id LIMIT 5`:                                          "receipt_1 (id>",
		`SELECT 1 FROM event WHERE shipment = 'a' ORDER BY seq`:                                                                                               "event_by_shipment",
	} {
		rows, err := a.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, values[:strings.Count(query, "$")]...)
		if err != nil {
			t.Fatal(err)
		}
		var plan []string
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil { //nolint:sqlclosecheck // a query a round
			t.Fatal(err)
		}
		if !strings.Contains(strings.Join(plan, "\n"), index) {
			t.Errorf("%s\nis planned without %s: %v", query, index, plan)
		}
	}
}

// Children: this test binary as another process.
const (
	childRole   = "ARCHIVE_TEST_CHILD" // set: what to do
	childTarget = "ARCHIVE_TEST_TARGET"
	patience    = 60 * time.Second
)

func child(role string) error {
	ctx, target := context.Background(), os.Getenv(childTarget)
	switch role {
	case "lock": // holds a lock and a half-done transaction until it is killed
		a, err := Open(ctx, Config{DSN: target})
		if err != nil {
			return err
		}
		if _, _, err := a.Lock(ctx, "vendor"); err != nil {
			return err
		}
		if err := a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, "committed", "yes") }); err != nil {
			return err
		}
		return a.InTx(ctx, func(tx store.Tx) error {
			if err := tx.SetSetting(ctx, "half", "done"); err != nil {
				return err
			}
			fmt.Println("ready")
			select {}
		})
	case "put": // stores one document, and is killed in the middle of another
		d, err := documents.OpenDir(target)
		if err != nil {
			return err
		}
		ref, err := d.Put(ctx, strings.NewReader(putText))
		if err != nil {
			return err
		}
		r, w := io.Pipe()
		go func() {
			w.Write(make([]byte, 1<<20))
			fmt.Println("ready", ref.SHA256)
		}()
		_, err = d.Put(ctx, r) // never ends
		return err
	}
	return fmt.Errorf("no role %q", role)
}

const putText = "a document that a process stored before it was killed"

// startChild starts a child and waits until it is ready; the rest of that line is returned.
func startChild(t testing.TB, role, target string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childTarget+"="+target)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line := make(chan string, 1)
	go func() {
		s := bufio.NewScanner(out)
		s.Scan()
		line <- s.Text()
	}()
	select {
	case l := <-line:
		rest, ok := strings.CutPrefix(l, "ready")
		if !ok {
			t.Fatalf("child: %s", l)
		}
		return cmd, strings.TrimSpace(rest)
	case <-time.After(patience):
		t.Fatal("the child was not ready in time")
		panic("unreachable")
	}
}

// TestLockReleasedBesideAFork: a lock is free when it is given back, also while a process that is being started has a copy of its file.
func TestLockReleasedBesideAFork(t *testing.T) {
	t.Parallel()
	a := openAt(t, Config{DSN: engines[0].dsn(t)})
	defer a.Close()
	_, release, err := a.Lock(t.Context(), "schedule")
	if err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		release()
		t.Skip("the system does not tell which files are open")
	}
	copies := 0
	for _, e := range open {
		path, _ := os.Readlink("/proc/self/fd/" + e.Name())
		fd, err := strconv.Atoi(e.Name())
		if err != nil || !strings.HasSuffix(path, ".schedule.lock") {
			continue
		}
		twin, err := syscall.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		defer syscall.Close(twin)
		copies++
	}
	release()
	if copies == 0 {
		t.Fatal("the file of the lock is not found")
	}
	_, release, err = a.Lock(t.Context(), "schedule")
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	release()
}

// TestLockLost: who held a lock is told at once when its connection is gone, and another may have it then.
func TestLockLost(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.Postgres(t)
	a := openAt(t, Config{DSN: dsn})
	defer a.Close()
	held, release, err := a.Lock(t.Context(), "vendor")
	if err != nil {
		t.Fatal(err)
	}
	ended, err := a.Postgres().Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid()
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
	if err != nil || ended.RowsAffected() != 1 {
		t.Fatalf("%d connections ended: %v", ended.RowsAffected(), err)
	}
	select {
	case <-held.Done():
	case <-time.After(patience):
		t.Fatal("nobody noticed")
	}
	if cause := context.Cause(held); !errors.Is(cause, store.ErrLockLost) {
		t.Errorf("cause %v, want ErrLockLost", cause)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience) // the server may still be ending the connection
	defer cancel()
	other, err := a.LockWait(ctx, "vendor")
	if err != nil {
		t.Errorf("the lost lock is not free: %v", err)
	} else {
		other()
	}
	release()
}

// TestKilled: what a killed process committed is there, what it had not is not, its locks are free, and nobody has to
// wait for it.
func TestKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		cmd, _ := startChild(t, "lock", dsn)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		// The child holds the one writer, so the archive is opened only when it is dead. Its lock is tried before.
		driver, read := open(t, dsn)
		defer read.Close()
		defer driver.Close()
		if _, _, err := driver.Lock(ctx, "vendor"); !errors.Is(err, store.ErrLocked) {
			t.Fatalf("lock while its holder lives: %v, want ErrLocked", err)
		}
		cmd.Process.Kill()
		cmd.Wait()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		release, err := a.LockWait(ctx, "vendor")
		if err != nil {
			t.Fatal(err)
		}
		release()
		err = a.InTx(ctx, func(tx store.Tx) error {
			if v, err := tx.Setting(ctx, "committed"); v != "yes" || err != nil {
				t.Errorf("committed: %q (%v)", v, err)
			}
			if v, err := tx.Setting(ctx, "half"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("half a transaction is there: %q (%v)", v, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// open opens a database without migrating it.
func open(t testing.TB, dsn string) (database.Driver, io.Closer) {
	t.Helper()
	if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
		s, read, err := database.OpenSQLite(t.Context(), path, false)
		if err != nil {
			t.Fatal(err)
		}
		return s, read
	}
	s, read, err := database.OpenPostgres(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return s, read
}

// TestPutKilled: what Put returned is there after kill -9, and what it was about leaves nothing once the folder is
// opened again; a live writer's file is left alone.
func TestPutKilled(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	cmd, sha := startChild(t, "put", path)
	open := func(want int) *documents.Plain {
		t.Helper()
		d, err := documents.OpenDir(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		n := 0
		if err := filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				n++
			}
			return err
		}); err != nil || n != want {
			t.Errorf("%d files, want %d (%v)", n, want, err)
		}
		return d
	}
	d := open(2) // the stored one, and the half one of a live process
	cmd.Process.Kill()
	cmd.Wait()
	b, err := d.Open(t.Context(), shipment.BlobRef{SHA256: sha, Bytes: int64(len(putText))})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || string(got) != putText {
		t.Errorf("read %q (%v)", got, err)
	}
	open(1)
}

// TestJobsOnTheirWay: what is counted for people leaves out the letters of jobs on their way by the states of these; every state is one of them,
// or one in which the vendor has the letters.
func TestJobsOnTheirWay(t *testing.T) {
	for _, state := range store.JobStates() {
		has := state == store.JobOffered || state == store.JobAccepted || state == store.JobClosed
		if named := strings.Contains(sets.InNoJob, "'"+string(state)+"'"); named == has {
			t.Errorf("%s: named %v, the vendor has its letters %v", state, named, has)
		}
	}
}
