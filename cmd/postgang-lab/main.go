// Command postgang-lab is what postgang is tried and measured with, and no operator needs: a print vendor to talk to, the whole
// job on made-up letters, and measurements. It runs the same program as postgang does (package app).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"postgang/cmd/cli"
	"postgang/cmd/postgang-lab/bench"
	"postgang/cmd/postgang-lab/console"
	"postgang/cmd/postgang-lab/demo"
	"postgang/cmd/postgang-lab/rehearse"
	"postgang/cmd/postgang-lab/simulator"
	"postgang/engine/intake/sealed"
	"postgang/printjobs/prepare"
)

func main() {
	prepare.BeWorker()
	sealed.BeWorker()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Run(ctx, newRoot(&cli.Options{Out: os.Stdout, Err: os.Stderr}), os.Args[1:]))
}

func newRoot(o *cli.Options) *cobra.Command {
	root := o.Root("postgang-lab", "Try postgang, and measure it", `postgang-lab has what postgang is tried and measured with:

  postgang-lab vendor-sim    a print vendor that keeps the contract, for "postgang init --simulator"
  postgang-lab vendor        has that vendor go wrong, to rehearse
  postgang-lab demo          the whole job once, on made-up letters
  postgang-lab console       the console on what the demo left, with made-up people to log in as
  postgang-lab rehearse      brings alarms about on what the demo left, to practise
  postgang-lab bench         what this machine can do

Exit codes are those of postgang.`)
	root.AddCommand(simulator.New(o), simulator.NewTrouble(o), simulator.NewInvoice(o), demo.New(o), console.New(o), rehearse.New(o), bench.New(o))
	return root
}
