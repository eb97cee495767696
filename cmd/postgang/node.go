package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/engine/node"
	"postgang/engine/store"
)

// has reports whether this process has a role.
func (d *daemon) has(r node.Role) bool { return slices.Contains(d.Config.Roles, r) }

// beatAlways says that this process is alive, until ctx is done, and then that it has ended. On SQLite nobody else is there to hear it.
func (d *daemon) beatAlways(ctx context.Context) (ended <-chan struct{}, err error) {
	done := make(chan struct{})
	if d.Archive.SQLite() != nil {
		close(done)
		return done, nil
	}
	if err := d.sayAlive(ctx, true); err != nil {
		return nil, err
	}
	go func() {
		defer close(done)
		tick := time.NewTicker(node.BeatEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				if errors.Is(context.Cause(ctx), store.ErrLockLost) {
					return // the database is away
				}
				last, cancel := context.WithTimeout(context.WithoutCancel(ctx), node.BeatEvery)
				defer cancel()
				if err := d.Archive.InGroup(last, func(tx store.Tx) error { return tx.StopNode(last, d.Config.Node) }); err != nil {
					d.Log.Warn("others are not told that this node has ended", "error", err)
				}
				return
			case <-tick.C:
				if err := d.sayAlive(ctx, false); err != nil && ctx.Err() == nil {
					d.Log.Warn("others are not told that this node is alive", "error", err)
				}
			}
		}
	}()
	return done, nil
}

// sayAlive records what this process is.
func (d *daemon) sayAlive(ctx context.Context, started bool) error {
	schema, err := d.Archive.SchemaVersion()
	if err != nil {
		return err
	}
	var apart time.Duration
	err = d.Archive.View(ctx, func(r store.Reader) error {
		before := time.Now()
		theirs, err := r.DatabaseClock(ctx)
		took := time.Since(before)
		apart = before.Add(took / 2).Sub(theirs)
		return err
	})
	if err != nil {
		return err
	}
	n := node.Node{
		Name: d.Config.Node, Roles: d.Config.Roles, Version: cli.ThisBuild().String(), Schema: schema, Config: d.Config.Fingerprint, Clock: apart,
	}
	return d.Archive.InGroup(ctx, func(tx store.Tx) error { return tx.BeatNode(ctx, n, started) })
}

// nodeView is a node as "postgang node list" shows it.
type nodeView struct {
	Name    string      `json:"name"`
	State   string      `json:"state"` // alive, silent or stopped
	Roles   []node.Role `json:"roles"`
	Version string      `json:"version"`
	Schema  int64       `json:"schema"`
	Config  string      `json:"config"`
	ClockMS int64       `json:"clock_ms"` // ahead of the database's
	Started time.Time   `json:"started"`
	Beat    time.Time   `json:"beat"`
}

func viewNode(n node.Node) nodeView {
	v := nodeView{
		Name: n.Name, State: "silent", Roles: n.Roles, Version: n.Version, Schema: n.Schema, Config: n.Config, ClockMS: n.Clock.Milliseconds(),
		Started: n.Started, Beat: n.Beat,
	}
	switch {
	case !n.Stopped.IsZero():
		v.State = "stopped"
	case n.Alive():
		v.State = "alive"
	}
	return v
}

func newNode(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "The machines that serve this archive together"}
	cmd.AddCommand(newNodeList(o), newNodeForget(o))
	return cmd
}

func newNodeList(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Which machines serve this archive, what each does, and when each was last heard of",
		Long: `Lists the processes of "postgang serve" on an archive in PostgreSQL. All should have the
same configuration (a fingerprint of postgang.toml without what is a machine's own), and
clocks that are not apart.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.with(cmd.Context(), false, func(a *app.App) error {
				nodes, err := store.View(cmd.Context(), a.Archive, func(r store.Reader) ([]node.Node, error) { return r.Nodes(cmd.Context()) })
				if err != nil {
					return err
				}
				views := make([]nodeView, len(nodes))
				for i, n := range nodes {
					views[i] = viewNode(n)
				}
				return o.Print(views, func(w io.Writer) {
					if len(views) == 0 {
						fmt.Fprintln(w, "No machine has said that it serves this archive. On SQLite there is one, and it need not.")
						return
					}
					t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
					fmt.Fprintln(t, "NODE\tSTATE\tROLES\tVERSION\tCONFIG\tCLOCK\tHEARD OF")
					for _, v := range views {
						fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%+d ms\t%s\n", v.Name, v.State, node.Names(v.Roles), v.Version, v.Config, v.ClockMS, v.Beat.Local().Format(time.DateTime))
					}
					t.Flush()
				})
			})
		},
	}
}

func newNodeForget(o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "forget NODE",
		Short: "A machine is gone for good: nobody is alarmed of it any more",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			return o.with(ctx, false, func(a *app.App) error {
				err := a.Archive.InTx(ctx, func(tx store.Tx) error {
					nodes, err := tx.Nodes(ctx)
					if err != nil {
						return err
					}
					if i := slices.IndexFunc(nodes, func(n node.Node) bool { return n.Name == args[0] }); i >= 0 && nodes[i].Alive() {
						return cli.Usage("node %s is at work: stop it first", args[0])
					}
					return tx.ForgetNode(ctx, args[0])
				})
				if err == nil {
					err = a.Engine.Watch(ctx)
				}
				if err != nil {
					return err
				}
				return o.Print(map[string]any{"forgotten": args[0]}, func(w io.Writer) { fmt.Fprintf(w, "Node %s is forgotten.\n", args[0]) })
			})
		},
	}
}
