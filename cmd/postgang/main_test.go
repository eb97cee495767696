package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"postgang/cmd/cli"
	"postgang/cmd/postgang-lab/simulator"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/intake/sealed"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// Environment of a test binary that is to be the program.
const (
	envBeProgram = "POSTGANG_TEST_PROGRAM" // run as postgang
	envKillAfter = "POSTGANG_TEST_KILL"    // kill -9 oneself at this step, counted from 1
	envClock     = "POSTGANG_TEST_CLOCK"   // a file that says how far the clock is off
	envHurry     = "POSTGANG_TEST_HURRY"   // quick retries, and how long an operation of SFTP may take; letters in sets of two
)

// withPostgres stops the PostgreSQL that tests have started.
type withPostgres struct{ m *testing.M }

func (w withPostgres) Run() int {
	code := postgrestest.Main(w.m)
	if dir := stageFolder.Load(); dir != nil {
		os.RemoveAll(*dir)
	}
	return code
}

func TestMain(m *testing.M) {
	prepare.BeWorker()
	sealed.BeWorker()
	if os.Getenv(envBeProgram) != "" {
		w := world{out: os.Stdout, err: os.Stderr}
		if n, err := strconv.Atoi(os.Getenv(envKillAfter)); err == nil && n > 0 {
			var steps atomic.Int64
			die := func() {
				if steps.Add(1) == int64(n) {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
					select {} // not one instruction more
				}
			}
			w.wiring.Step = func(string) { die() }
			w.wiring.Trace = func(string, ...string) { die() }
		}
		if name := os.Getenv(envClock); name != "" {
			w.wiring.Now = func() time.Time {
				b, err := os.ReadFile(name)
				if err != nil {
					panic(err)
				}
				offset, err := time.ParseDuration(string(b))
				if err != nil {
					panic(err)
				}
				return time.Now().Add(offset)
			}
		}
		if limit := os.Getenv(envHurry); limit != "" {
			operation, err := time.ParseDuration(limit)
			if err != nil {
				panic(err)
			}
			w.wiring.Timeouts = exchange.Timeouts{Dial: 5*time.Second + operation, Operation: operation, Keepalive: operation / 2}
			w.wiring.SetSize = 2
			w.wiring.Retry = func(int) time.Duration { return 150 * time.Millisecond }
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(run(ctx, os.Args[1:], w))
	}
	testscript.Main(withPostgres{m}, map[string]func(){
		"postgang": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], world{out: os.Stdout, err: os.Stderr}))
		},
		"postgang-lab": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			defer stop()
			os.Exit(lab(ctx, os.Args[1:], os.Stdout, os.Stderr))
		},
	})
}

// lab is the part of postgang-lab that stories of postgang need: the vendor simulator.
func lab(ctx context.Context, args []string, out, err io.Writer) int {
	o := &cli.Options{Out: out, Err: err}
	root := o.Root("postgang-lab", "", "")
	root.AddCommand(simulator.New(o))
	return cli.Run(ctx, root, args)
}

// program runs postgang as a process of its own and gives its output and exit code; killed: -1.
func program(t testing.TB, dir string, killAt int, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), envBeProgram+"=1", fmt.Sprintf("%s=%d", envKillAfter, killAt))
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}
