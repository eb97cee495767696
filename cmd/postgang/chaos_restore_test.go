package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/shipment"
)

// chaosBackup is a copy of the archive at some moment.
type chaosBackup struct {
	n         int
	documents bool   // the documents are copied too
	id        string // of the backup that "postgang backup" has made; empty: the files were copied
}

// backup copies the database, and every other time the documents, as they are now: also what a killed run left.
func (c *chaos) backup() {
	c.copies++
	b := chaosBackup{n: c.copies, documents: c.rng.IntN(2) == 0}
	if c.rng.IntN(2) == 0 {
		c.backupByCommand(b)
		return
	}
	dir := c.path("kopi", fmt.Sprint(b.n))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		c.t.Fatal(err)
	}
	if c.database == "postgres" {
		c.onServer(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", c.copyName(b), c.databaseName()))
	} else {
		cfg, err := config.Load(c.path(config.DefaultName))
		if err != nil {
			c.t.Fatal(err)
		}
		a, err := open(context.Background(), cfg, slog.New(slog.NewTextHandler(io.Discard, nil)), wiring{Options: app.Options{Now: c.now}})
		if err != nil {
			c.t.Fatal(err)
		}
		_, err = a.Archive.SQLite().ExecContext(context.Background(), "VACUUM INTO ?", filepath.Join(dir, "postgang.db"))
		if err = errors.Join(err, a.Close()); err != nil {
			c.t.Fatal(err)
		}
	}
	if b.documents {
		if err := os.CopyFS(filepath.Join(dir, "dokumenter"), os.DirFS(c.documents())); err != nil {
			c.t.Fatal(err)
		}
	}
	c.backups = append(c.backups, b)
	c.tried = append(c.tried, fmt.Sprintf("backup %d", b.n))
}

// backupByCommand makes a backup as the operator does; every other time the first attempt is killed.
func (c *chaos) backupByCommand(b chaosBackup) {
	args := []string{"backup", c.path("kopi", "felles"), "--keep", "0", "--days", "0"}
	if c.rng.IntN(2) == 0 {
		c.run(chaosAttempt{step: 1 + c.rng.IntN(5)}, args...)
	}
	code, out := c.run(chaosAttempt{}, args...)
	found := regexp.MustCompile(`Backup (\S+):`).FindStringSubmatch(out)
	if code != cli.ExitOK || found == nil {
		c.violate("backup: exit code %d\n%s", code, out)
		return
	}
	b.id = found[1]
	c.backups = append(c.backups, b)
	c.tried = append(c.tried, fmt.Sprintf("backup %d by command", b.n))
	c.fig.add(func(f *chaosFigures) { f.Backups++ })
}

// restoreByCommand puts a backup back into an empty place, as the operator does; every other time the first attempt is killed.
func (c *chaos) restoreByCommand(b chaosBackup) {
	args := []string{"restore", c.path("kopi", "felles"), "--id", b.id}
	if !b.documents {
		args = append(args, "--documents=false")
	}
	if c.rng.IntN(2) == 0 {
		if code, _ := c.run(chaosAttempt{step: 1 + c.rng.IntN(4)}, args...); code == cli.ExitOK {
			return // it has fewer steps
		}
	}
	if code, out := c.run(chaosAttempt{}, args...); code != cli.ExitOK {
		c.violate("restore: exit code %d\n%s", code, out)
	}
}

// documents is the folder of documents.
func (c *chaos) documents() string {
	cfg, err := config.Load(c.path(config.DefaultName))
	if err != nil {
		c.t.Fatal(err)
	}
	return cfg.Documents
}

// restore puts an old copy back. What was handed in since is handed in again, under the same keys.
func (c *chaos) restore() {
	if len(c.backups) == 0 {
		return
	}
	before, _ := c.look()
	b := c.backups[c.rng.IntN(len(c.backups))]
	dir := c.path("kopi", fmt.Sprint(b.n))
	if c.database == "postgres" {
		c.onServer(fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", c.databaseName()))
		if b.id == "" {
			c.onServer(fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s", c.databaseName(), c.copyName(b)))
		} else {
			c.onServer("CREATE DATABASE " + c.databaseName())
		}
	} else {
		for _, end := range []string{"", "-wal", "-shm"} {
			if err := os.Remove(c.path("postgang.db" + end)); err != nil && !errors.Is(err, os.ErrNotExist) {
				c.t.Fatal(err)
			}
		}
		if b.id == "" {
			data, err := os.ReadFile(filepath.Join(dir, "postgang.db"))
			if err = errors.Join(err, os.WriteFile(c.path("postgang.db"), data, 0o600)); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	switch {
	case b.id != "":
		if b.documents {
			if err := os.RemoveAll(c.documents()); err != nil {
				c.t.Fatal(err)
			}
		}
		c.restoreByCommand(b)
	case b.documents:
		if err := errors.Join(os.RemoveAll(c.documents()), os.CopyFS(c.documents(), os.DirFS(filepath.Join(dir, "dokumenter")))); err != nil {
			c.t.Fatal(err)
		}
	}
	c.restored = true
	c.tried = append(c.tried, fmt.Sprintf("backup %d put back (documents too: %v)", b.n, b.documents))
	c.fig.add(func(f *chaosFigures) { f.Restores++ })
	for _, p := range before.vendor {
		for _, s := range p.letters {
			c.outOfTime[s] = true
		}
	}
	now, _ := c.look()
	have := map[string]chaosShipment{}
	for _, s := range now.shipments {
		have[s.handIn] = s
	}
	for n := 1; n <= c.handIns; n++ {
		key := handInKey(n)
		s, ok := have[chaosAccount+"/"+key]
		if !ok {
			c.writeHandIn(n)
		}
		if c.notified[key] && (!ok || !s.due && (s.status == shipment.StatusAkseptert || s.status == shipment.StatusMottatt)) {
			c.event("RESERVERT", key, 0)
		}
	}
}

// onServer does something on the PostgreSQL server beside the stage's database.
func (c *chaos) onServer(statement string) {
	u, err := url.Parse(c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	u.Path = "/postgres"
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close(ctx)
	// First what a killed run has left of connections.
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, c.databaseName())
	for try := 0; err == nil; try++ { // a connection that is ended takes a cli.Moment
		if _, err = conn.Exec(ctx, statement); err == nil || try > 50 || !strings.Contains(err.Error(), "being accessed by other users") {
			break
		}
		err = nil
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		c.t.Fatalf("%s: %v", statement, err)
	}
}

func (c *chaos) databaseName() string {
	u, err := url.Parse(c.dsn)
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.TrimPrefix(u.Path, "/")
}

func (c *chaos) copyName(b chaosBackup) string {
	return fmt.Sprintf("%s_kopi%d", c.databaseName(), b.n)
}

// stillStopped is what recovery says when a person must confirm something.
const stillStopped = "Nothing is offered to v yet"

// again reports once more what was refused, since the clock had jumped between: the letters that wait for it are those that
// nothing has happened to. It tells whether there are any.
func (c *chaos) again(v chaosView) bool {
	any := false
	for _, s := range v.shipments {
		if key := strings.TrimPrefix(s.handIn, chaosAccount+"/"); c.notified[key] && !s.due && s.status == shipment.StatusAkseptert && s.hold == "" {
			c.event("RESERVERT", key, 0)
			any = true
		}
	}
	return any
}

// recover does what the operator does after a restore: first, perhaps, it is killed in the middle.
func (c *chaos) recover() {
	if c.rng.IntN(2) == 0 {
		c.run(chaosAttempt{step: 1 + c.rng.IntN(12)}, "recover")
		c.check(false)
	}
	code, out := c.run(chaosAttempt{}, "recover")
	if code != cli.ExitOK && code != cli.ExitPartial {
		c.violate("recover: exit code %d\n%s", code, out)
	}
	if strings.Contains(out, stillStopped) {
		c.tick(0) // what was handed over is answered before a person is asked
		if code, out = c.run(chaosAttempt{}, "recover", "--confirm", "--reason", "spurt trykkeriet"); code != cli.ExitOK && code != cli.ExitPartial || strings.Contains(out, stillStopped) {
			c.violate("recover --confirm: exit code %d\n%s", code, out)
		}
		c.fig.add(func(f *chaosFigures) { f.Confirmed++ })
	}
	c.restored = false
	c.fig.add(func(f *chaosFigures) { f.Recoveries++ })
}

// decide settles the letters that recovery has set aside as the operator does, who asks the vendor: what it has is closed,
// what it has not goes on.
func (c *chaos) decide(v chaosView) bool {
	var release []string
	any := false
	for _, s := range v.shipments {
		if s.hold != shipment.HoldRestored {
			continue
		}
		any = true
		c.fig.add(func(f *chaosFigures) { f.Decided++ })
		if len(v.printedIn(s.id)) == 0 {
			release = append(release, s.id)
		} else if code, said := c.run(chaosAttempt{}, "shipment", "stop", s.id, "--reason", "trykkeriet har det", "--yes"); code != cli.ExitOK {
			c.violate("stop: exit code %d\n%s", code, said)
		}
	}
	if len(release) > 0 {
		if code, said := c.run(chaosAttempt{}, append([]string{"recover", "release", "--reason", "trykkeriet har det ikke"}, release...)...); code != cli.ExitOK {
			c.violate("release: exit code %d\n%s", code, said)
		}
	}
	return any
}

// restoredNight kills a night at a step, puts back the copy that was made before it, and goes on: first without recovery,
// in which nothing may be printed twice, then with it. It reports whether there was such a step.
func (c *chaos) restoredNight(step int) bool {
	c.begin()
	for range 2 {
		c.handIn()
	}
	c.backups = nil
	if c.rng.IntN(2) == 0 { // letters taken before the copy, or only after it
		c.run(chaosAttempt{step: 1 + c.rng.IntN(step)}, "night", "--patience", "5s")
	}
	c.backup()
	code, _ := c.run(chaosAttempt{step: step}, "night", "--patience", "20s")
	c.tick(0)
	if c.rng.IntN(2) == 0 {
		c.run(chaosAttempt{}, "receipts", "fetch")
	}
	c.restore()
	c.handIn()
	c.run(chaosAttempt{}, "night", "--patience", "5s")
	c.tick(0)
	c.check(false)
	c.recover()
	c.settle()
	return code == -1 && !c.t.Failed()
}
