// Command postgang is the batch print-and-post engine: it carries a municipality's unread and non-digital mail from the
// archive to the print vendor, and the cost of it back to finance. This package parses, wires and shows; no rules live
// here.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"postgang/engine"
	"postgang/printjobs/prepare"
)

// Exit codes. Programs may rely on them.
const (
	exitOK      = 0
	exitFailed  = 1 // it was tried and failed
	exitUsage   = 2 // wrong arguments or configuration: nothing was tried
	exitPartial = 3 // done in part: something needs a person, see the output
	exitLocked  = 4 // another process is at it
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == prepare.WorkerArg {
		// A worker is fed untrusted PDFs; it gets no flags, no configuration and no environment.
		if err := prepare.WorkerMain(os.Stdin, os.Stdout); err != nil {
			os.Exit(exitFailed)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], world{out: os.Stdout, err: os.Stderr}))
}

// run is the whole program but for the process around it.
func run(ctx context.Context, args []string, w world) int {
	root := newRoot(w)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(w.err, "postgang:", err)
	var coded *exitError
	switch {
	case errors.As(err, &coded):
		return coded.code
	case errors.Is(err, engine.ErrLocked):
		return exitLocked
	case isUsage(err):
		return exitUsage
	}
	return exitFailed
}

// exitError carries an exit code with an error.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func partial(format string, args ...any) error {
	return &exitError{exitPartial, fmt.Errorf(format, args...)}
}

func usage(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, args...)}
}
