package demo

import (
	"os"
	"testing"

	"postgang/engine/archive/archivetest"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	prepare.BeWorker()
	os.Exit(archivetest.Main(m)) // and stops the PostgreSQL that tests have started
}
