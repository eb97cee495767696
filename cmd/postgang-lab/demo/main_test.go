package demo

import (
	"os"
	"testing"

	"postgang/engine/archive/postgrestest"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	prepare.BeWorker()
	os.Exit(postgrestest.Main(m)) // and stops the PostgreSQL that tests have started
}
