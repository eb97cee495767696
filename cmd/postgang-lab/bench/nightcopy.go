package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"postgang/engine/archive"
	"postgang/engine/store"
)

// nightTables are what letters that were handed in are multiplied with, in the order of their references, and the columns that are not
// copied as they are. Copies share their documents.
var nightTables = []struct {
	name, key string
	other     map[string]string
}{
	{"shipment", "id", map[string]string{"id": "c.id", "hand_in": "x.hand_in || '-' || c.n", "external_reference": "x.external_reference || '-' || c.n"}},
	{"document", "shipment", map[string]string{"shipment": "c.id"}},
	{"event", "shipment", map[string]string{"seq": "", "shipment": "c.id", "key": "x.key || '-' || c.n"}},
}

// copiesAtOnce is how many letters are made in one transaction.
const copiesAtOnce = 50_000

// multiplyNight makes copies of all letters in an archive by sets, until there are so many. Indexes, and on SQLite triggers, are taken away
// meanwhile; copies are not found by words.
func multiplyNight(ctx context.Context, dsn string, letters int, step func(done, total int)) (err error) {
	a, err := archive.Open(ctx, archive.Config{DSN: dsn, MustExist: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	c := &copier{base: &base{a: a}, postgres: a.Postgres() != nil}
	uuid := c.function("uuid", "")
	if _, err := a.Exec(ctx, "CREATE TABLE bench_original AS SELECT id FROM shipment"); err != nil {
		return err
	}
	var inserts []string
	for _, t := range nightTables {
		columns, err := c.columns(ctx, t.name)
		if err != nil {
			return err
		}
		var into, values []string
		for _, name := range columns {
			value, other := t.other[name]
			if other && value == "" {
				continue
			}
			if !other {
				value = "x." + name
			}
			into, values = append(into, name), append(values, value)
		}
		inserts = append(inserts, fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM bench_copy c CROSS JOIN %s x WHERE x.%s = c.of",
			t.name, strings.Join(into, ", "), strings.Join(values, ", "), t.name, t.key))
	}
	if _, err := a.Exec(ctx, "CREATE TABLE bench_copy (of TEXT, id TEXT, n TEXT)"); err != nil {
		return err
	}
	counted, err := c.query(ctx, "SELECT CAST(count(*) AS TEXT) FROM bench_original")
	if err != nil {
		return err
	}
	var originals int
	if _, err := fmt.Sscan(counted[0], &originals); err != nil || originals == 0 {
		return errors.Join(errors.New("there is no letter to multiply"), err)
	}
	again, err := c.shed(ctx)
	if err != nil {
		return err
	}
	for have, n := originals, 0; have < letters; {
		err := a.RawTx(ctx, func(_ any, exec archive.Exec) error {
			statements := []string{"DELETE FROM bench_copy"}
			for made := 0; made < copiesAtOnce && have < letters; n++ {
				some := min(originals, letters-have)
				statements = append(statements, fmt.Sprintf("INSERT INTO bench_copy (of, id, n) SELECT id, %s, '%d' FROM bench_original LIMIT %d", uuid, n+1, some))
				made, have = made+some, have+some
			}
			for _, statement := range append(statements, inserts...) {
				if _, err := exec(ctx, statement); err != nil {
					return fmt.Errorf("%.40s: %w", statement, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if step != nil {
			step(have, letters)
		}
	}
	counted = append(again, "DROP TABLE bench_copy", "DROP TABLE bench_original", "ANALYZE")
	if !c.postgres {
		counted = append(counted, "DELETE FROM shipment_counts",
			"INSERT INTO shipment_counts (account, status, hold, letters) SELECT account, status, hold, count(*) FROM shipment GROUP BY account, status, hold")
	}
	for _, statement := range counted {
		if _, err := a.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// bystander writes something small every now and then, as a hand-in does, and keeps how long each took.
type bystander struct {
	stop  chan struct{}
	wait  sync.WaitGroup
	waits []time.Duration
	err   error
}

// bystanderEvery is how often it writes.
const bystanderEvery = 50 * time.Millisecond

func startBystander(ctx context.Context, a store.Archive) *bystander {
	b := &bystander{stop: make(chan struct{})}
	b.wait.Go(func() {
		for {
			select {
			case <-b.stop:
				return
			case <-time.After(bystanderEvery):
			}
			began := time.Now()
			if b.err = a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, "bench-bystander", began.String()) }); b.err != nil {
				return
			}
			b.waits = append(b.waits, time.Since(began))
		}
	})
	return b
}

// end gives the wait that 99 of 100 writes did not exceed, and the longest, in milliseconds.
func (b *bystander) end() (p99, longest float64, err error) {
	close(b.stop)
	b.wait.Wait()
	if len(b.waits) == 0 {
		return 0, 0, b.err
	}
	slices.Sort(b.waits)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return ms(b.waits[(len(b.waits)-1)*99/100]), ms(b.waits[len(b.waits)-1]), b.err
}
