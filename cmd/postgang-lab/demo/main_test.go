package demo

import (
	"os"
	"testing"

	"postgang/cmd/cli"
	"postgang/engine/archive/archivetest"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == prepare.WorkerArg {
		if err := prepare.WorkerMain(os.Stdin, os.Stdout); err != nil {
			os.Exit(cli.ExitFailed)
		}
		os.Exit(cli.ExitOK)
	}
	os.Exit(archivetest.Main(m)) // and stops the PostgreSQL that tests have started
}
