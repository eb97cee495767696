// Package demo is the command that runs the whole job once, on made-up letters and with the vendor simulator, and holds every sum
// of it against the others.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/cmd/postgang-lab/console"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
)

// New is the command "demo".
func New(o *cli.Options) *cobra.Command {
	d := demo{Options: o, seed: 1}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole job once, on made-up letters and with the vendor simulator",
		Long: `Runs one night end to end with a clock of its own: some 400 hand-ins of three accounts
arrive over a week, a third of them over REST V3, REST V1 and SOAP, the others in the drop
folder. Stand-ins for KRR and Altinn 3, on this machine, say who has reserved, cannot be
notified, was notified and has read. The night collects, composes and offers over SFTP, the
vendor simulator answers, prints and sends receipts with a few faults in them, and the
workbook is written. Then it checks that all sums agree. Every person and price is made up,
but for the postage (Posten's stamp prices of 2021-01-04).

Look around afterwards: postgang --config DIR/postgang.toml status
or in a browser: postgang-lab console --dir DIR`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&d.dir, "dir", "demo", "folder to work in; that of an earlier demo is made anew")
	cmd.Flags().StringVar(&d.database, "database", "", "postgres://… of an empty database, instead of SQLite in the folder")
	cmd.Flags().IntVar(&d.shipments, "shipments", 0, "how many hand-ins (default 400)")
	return cmd
}

// demo is one demonstration.
type demo struct {
	*cli.Options
	dir, database string
	shipments     int
	seed          uint64

	clock    *demoClock
	expected letters.Expected
	app      *app.App
	server   *vendorsim.Server
	others   *others
	network  *network
	booked   bool                // the invoice of the month
	vendors  []*vendorsim.Vendor // with a sheet-fed printer, and with a press for A3
	log      *bytes.Buffer       // kept for the privacy test
	failed   []string

	reprinted string // the job of the reprint

	gate     sync.Mutex // of the two below, which a worker sets
	gateRead string     // the shipment that is read while the night offers
	gateErr  error
}

func (d *demo) run(ctx context.Context) (err error) {
	start := time.Now()
	if err := d.prepareFolder(); err != nil {
		return err
	}
	d.say("1. Made-up hand-ins")
	d.expected, err = letters.Generate(filepath.Join(d.dir, "brev"), letters.Options{Shipments: d.shipments, Seed: d.seed})
	if err != nil {
		return err
	}
	d.say("   %d hand-ins of %d accounts in %s", len(d.expected.Shipments), len(d.expected.Accounts), filepath.Join(d.dir, "brev"))
	d.clock = &demoClock{base: d.expected.Shipments[0].Arrives.Add(-time.Hour), real: time.Now()}
	if err := d.startVendor(ctx); err != nil {
		return err
	}
	defer d.server.Close()
	defer func() { d.others.close() }()
	if err := d.startOthers(); err != nil {
		return err
	}
	if err := d.listen(); err != nil {
		return err
	}
	if err := d.open(ctx); err != nil {
		return errors.Join(err, d.network.shut())
	}
	defer func() { err = errors.Join(err, d.network.shut(), d.app.Close()) }()
	if err := d.openDoor(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.arrive, d.night, d.receipts, d.reprint, d.codes, d.report, d.checkSums, d.alarm, d.printHere, d.invoice} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	d.say("\nDone in %.0f s. Files in %s:", time.Since(start).Seconds(), d.dir)
	for _, v := range d.vendors {
		d.say("   print files, manifests, tickets  %s", v.PrintedFolder("<job>"))
	}
	d.say("   answers and receipts             %s", filepath.Join(d.dir, "trykkeri"))
	d.say("   workbook                         %s", d.workbook())
	d.say("   archive                          %s", d.app.Config.Database)
	d.say("Look around: bin/postgang --config %s status (or integration ways, shipment list, job list)", filepath.Join(d.dir, config.DefaultName))
	d.say("Open the console on it: bin/postgang-lab console --dir %s, then http://%s/", d.dir, console.DefaultAddress)
	if len(d.failed) > 0 {
		return &cli.Error{Code: cli.ExitFailed, Err: fmt.Errorf("%d sums of the demo do not agree:\n  %s", len(d.failed), strings.Join(d.failed, "\n  "))}
	}
	return nil
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.Out, format+"\n", args...) }

// lockedWriter lets several goroutines log into one buffer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// What the simulator's agreement says besides, øre: a control sheet, and the least production of an account's day.
const (
	demoControlSheet = 45
	demoDayMinimum   = 800_00
)
