// Command postgang is the batch print-and-post engine: it carries a municipality's unread and non-digital mail from the
// archive to the print vendor, and the cost of it back to finance. This package parses, wires and shows; no rules live
// here.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"postgang/cmd/cli"
	"postgang/engine/intake/sealed"
	"postgang/printjobs/prepare"
)

func main() {
	prepare.BeWorker()
	sealed.BeWorker()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], world{out: os.Stdout, err: os.Stderr}))
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, w world) int {
	return cli.Run(ctx, newRoot(w), args) //nolint:contextcheck // cobra hands commands the context that Run gives it
}
