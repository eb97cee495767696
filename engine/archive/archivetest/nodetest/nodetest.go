// Package nodetest tries what an archive keeps of the processes that serve it.
package nodetest

import (
	"errors"
	"testing"
	"time"

	"postgang/engine/archive/archivetest"
	"postgang/engine/node"
	"postgang/engine/store"
)

// Exercise tries node.Reader and node.Writer on a new archive.
func Exercise(t testing.TB, archive store.Archive) {
	s := &archivetest.Suite{TB: t, Ctx: t.Context(), Archive: archive}
	a := node.Node{Name: "a", Roles: []node.Role{node.Intake, node.Console}, Version: "1.0", Schema: 46, Config: "c1", Clock: -1500 * time.Millisecond}
	b := node.Node{Name: "b", Roles: node.Roles(), Version: "1.1", Schema: 47, Config: "c1"}
	list := func() []node.Node {
		out, err := store.View(s.Ctx, s.Archive, func(r store.Reader) ([]node.Node, error) { return r.Nodes(s.Ctx) })
		if err != nil {
			s.Fatal(err)
		}
		return out
	}
	if first := list(); len(first) != 0 {
		s.Fatalf("nodes of a new archive: %+v", first)
	}
	s.Must(func(tx store.Tx) error { return errors.Join(tx.BeatNode(s.Ctx, b, true), tx.BeatNode(s.Ctx, a, true)) })
	before := list()
	if len(before) != 2 || !before[0].Alive() || before[0].Started.IsZero() || before[0].Beat.Before(before[0].Started) || before[0].Silent < 0 {
		s.Fatalf("nodes %+v", before)
	}
	bare := before[0]
	bare.Started, bare.Beat, bare.Silent = time.Time{}, time.Time{}, 0
	s.Same(bare, a)

	time.Sleep(10 * time.Millisecond) // a clock of milliseconds
	s.Must(func(tx store.Tx) error { return errors.Join(tx.BeatNode(s.Ctx, a, false), tx.StopNode(s.Ctx, "b")) })
	after := list()
	if !after[0].Beat.After(before[0].Beat) || !after[0].Started.Equal(before[0].Started) || after[1].Stopped.IsZero() || after[1].Alive() {
		s.Errorf("after a beat and an end: %+v", after)
	}
	time.Sleep(10 * time.Millisecond)
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.BeatNode(s.Ctx, b, true), tx.ForgetNode(s.Ctx, "a"))
	})
	if again := list(); len(again) != 1 || !again[0].Stopped.IsZero() || !again[0].Started.After(before[1].Started) {
		s.Errorf("started again: %+v", again)
	}
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.ForgetNode(s.Ctx, "a") })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.StopNode(s.Ctx, "a") })
	s.View(func(r store.Reader) error {
		clock, err := r.DatabaseClock(s.Ctx)
		if d := time.Since(clock).Abs(); d > time.Minute {
			s.Errorf("the database's clock is %v off, of this machine", d)
		}
		return err
	})
}
