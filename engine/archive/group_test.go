package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/database"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/find"
	"postgang/engine/node"
	"postgang/engine/store"
)

// TestWritersTogether: of many who write at the same time each gets what it would have got alone, whatever happens to the others: one
// fails, one panics, one is gone, one writes what another has written.
func TestWritersTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		var calls atomic.Int64
		a := openAt(t, Config{DSN: dsn, Enqueue: func(context.Context, any, []store.Task) error {
			calls.Add(1)
			return nil
		}})
		defer a.Close()
		const many = 120
		boom := errors.New("boom")
		gone, leave := context.WithCancel(t.Context())
		leave()
		var wg sync.WaitGroup
		for i := range many {
			wg.Go(func() {
				ctx := t.Context()
				if i%20 == 3 {
					ctx = gone
				}
				panicked := false
				err := func() (err error) {
					defer func() { panicked = recover() != nil }()
					return a.InGroup(ctx, func(tx store.Tx) error {
						s := archivetest.Shipment(i)
						if i%20 == 7 { // what the one before has
							s = archivetest.Shipment(i - 1)
						}
						if err := tx.InsertShipment(ctx, s, nil); err != nil {
							return err
						}
						if i%20 == 5 {
							panic(boom)
						}
						if i%20 == 11 {
							return boom
						}
						return tx.Enqueue(ctx, store.Task{Kind: store.TaskPrepare, Subject: s.ID})
					})
				}()
				switch i % 20 {
				case 3:
					if !errors.Is(err, context.Canceled) {
						t.Errorf("%d, who was gone: %v", i, err)
					}
				case 5:
					if !panicked {
						t.Errorf("%d panicked, and nobody was told: %v", i, err)
					}
				case 11:
					if !errors.Is(err, boom) {
						t.Errorf("%d, who failed: %v", i, err)
					}
				case 6, 7: // one of the two
					if err != nil && !errors.Is(err, store.ErrExists) {
						t.Errorf("%d: %v", i, err)
					}
				default:
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
		var there []string
		err := a.View(t.Context(), func(r store.Reader) error {
			for i := range many {
				_, err := r.Shipment(t.Context(), archivetest.ID(i))
				if errors.Is(err, store.ErrNotFound) {
					continue
				}
				if err != nil {
					return err
				}
				there = append(there, fmt.Sprint(i))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		const kept = many - 4*many/20 // of each twenty: three fail, and two are the same
		if len(there) != kept {
			t.Errorf("%d are there, want %d: %v", len(there), kept, there)
		}

		// Without trouble they share: all who come while the first is at work.
		calls.Store(0)
		var begun sync.WaitGroup
		begun.Add(many)
		for i := range many {
			wg.Go(func() {
				begun.Done()
				err := a.InGroup(t.Context(), func(tx store.Tx) error {
					begun.Wait()
					return tx.Enqueue(t.Context(), store.Task{Kind: store.TaskPrepare, Subject: archivetest.ID(i)})
				})
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if n := calls.Load(); n > many/4 {
			t.Errorf("%d writers took %d transactions", many, n)
		}
	})
}

// TestProcessesBeside: on PostgreSQL three processes write for letters at the same time; who writes alone has nobody beside.
func TestProcessesBeside(t *testing.T) {
	t.Parallel()
	dsn := postgrestest.Postgres(t)
	const processes = 3
	var all [processes]*Archive
	for i := range all {
		all[i] = openAt(t, Config{DSN: dsn})
		defer all[i].Close()
	}
	var inside sync.WaitGroup
	inside.Add(processes)
	var wg sync.WaitGroup
	for i, a := range all {
		wg.Go(func() {
			first := true
			err := a.InGroup(t.Context(), func(tx store.Tx) error {
				if err := tx.InsertShipment(t.Context(), archivetest.Shipment(i), nil); err != nil {
					return err
				}
				if first {
					first = false
					inside.Done()
					inside.Wait() // until all are inside
				}
				return nil
			})
			if err != nil {
				t.Errorf("process %d: %v", i, err)
			}
		})
	}
	wg.Wait()

	// Alone means alone: of those who count what they see and add one, none is lost.
	const each, person = 20, 1000
	var at atomic.Int64
	for i, a := range all {
		wg.Go(func() {
			for n := range each {
				err := a.InTx(t.Context(), func(tx store.Tx) error {
					if at.Add(1) != 1 {
						t.Error("two are alone at once")
					}
					defer at.Add(-1)
					_, err := tx.Shipment(t.Context(), archivetest.ID(i))
					return err
				})
				if err != nil {
					t.Errorf("process %d, alone: %v", i, err)
				}
				// Whom a letter is for has a number of its own, and all processes change one row of an account's ways.
				k := person + each*i + n
				err = a.InGroup(t.Context(), func(tx store.Tx) error {
					if at.Load() != 0 {
						t.Error("somebody is alone, and not alone")
					}
					s := archivetest.Shipment(k)
					if err := tx.InsertShipment(t.Context(), s, nil); err != nil {
						return err
					}
					return errors.Join(
						tx.PutPersons(t.Context(), find.Person{Shipment: s.ID, Account: s.Account, Words: "kari nordmann"}),
						tx.CountWay(t.Context(), "kommune", access.Folder, ""),
						tx.CountWay(t.Context(), fmt.Sprint("konto", (i+n)%2), access.Folder, ""))
				})
				if err != nil {
					t.Errorf("process %d, beside: %v", i, err)
				}
			}
		})
	}
	wg.Wait()

	// Two who change one letter: the second sees what the first did.
	for n := range each {
		for i, a := range all {
			wg.Go(func() {
				err := a.InGroup(t.Context(), func(tx store.Tx) error {
					s, err := tx.Shipment(t.Context(), archivetest.ID(n%processes))
					if err != nil {
						return err
					}
					s.Submission.SendingSystem += "."
					return tx.UpdateShipment(t.Context(), s)
				})
				if err != nil {
					t.Errorf("process %d, of one letter: %v", i, err)
				}
			})
		}
	}
	wg.Wait()
	err := all[0].View(t.Context(), func(r store.Reader) error {
		dots := 0
		for i := range processes {
			s, err := r.Shipment(t.Context(), archivetest.ID(i))
			if err != nil {
				return err
			}
			dots += len(s.Submission.SendingSystem) - len(archivetest.Shipment(i).Submission.SendingSystem)
		}
		if dots != each*processes {
			t.Errorf("%d changes are there, want %d", dots, each*processes)
		}
		ways, err := r.Ways(t.Context())
		for _, w := range ways {
			if want := map[bool]int{true: each * processes, false: each * processes / 2}[w.Account == "kommune"]; w.HandIns != want {
				t.Errorf("%d hand-ins are counted of %s, want %d", w.HandIns, w.Account, want)
			}
		}
		if len(ways) != 3 {
			t.Errorf("%d ways", len(ways))
		}
		counts, errCount := r.CountShipments(t.Context())
		sum := 0
		for _, c := range counts {
			sum += c.Count
		}
		if want := processes + each*processes; sum != want {
			t.Errorf("%d letters are counted, want %d", sum, want)
		}
		return errors.Join(err, errCount)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestMigrateBesideNodes: a program does not change the schema under others that serve the archive, unless it is told to.
func TestMigrateBesideNodes(t *testing.T) {
	t.Parallel()
	ctx, dsn := t.Context(), postgrestest.Postgres(t)
	a := openAt(t, Config{DSN: dsn})
	defer a.Close()
	newest, err := a.SchemaVersion()
	if err != nil {
		t.Fatal(err)
	}
	// An archive of the version before: as if the newest migration were still to be made. Whether it can be made twice does not matter.
	if n, err := a.Exec(ctx, `DELETE FROM `+database.VersionTable+` WHERE version_id = $1`, newest); err != nil || n != 1 {
		t.Fatalf("%d rows, %v", n, err)
	}
	if have, pending, err := Pending(ctx, dsn); err != nil || have >= newest || len(pending) != 1 {
		t.Errorf("schema %d, pending %v, %v; the newest is %d", have, pending, err, newest)
	}
	if err := a.InTx(ctx, func(tx store.Tx) error { return tx.BeatNode(ctx, node.Node{Name: "trykk2"}, true) }); err != nil {
		t.Fatal(err)
	}
	err = a.nobodyServes(ctx)
	if !errors.Is(err, ErrNodesAtWork) || !strings.Contains(err.Error(), "trykk2") {
		t.Errorf("beside a node: %v", err)
	}
	if newest > firstWithNodes {
		if _, err := Open(ctx, Config{DSN: dsn}); !errors.Is(err, ErrNodesAtWork) {
			t.Errorf("opened beside a node: %v", err)
		}
	}
	if err := a.InTx(ctx, func(tx store.Tx) error { return tx.StopNode(ctx, "trykk2") }); err != nil {
		t.Fatal(err)
	}
	if err := a.nobodyServes(ctx); err != nil {
		t.Errorf("after it has ended: %v", err)
	}
}
