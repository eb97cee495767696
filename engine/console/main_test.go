package console

import (
	"os"
	"testing"

	"postgang/engine/archive/postgrestest"
)

func TestMain(m *testing.M) {
	code := postgrestest.Main(m)
	closeBrowser()
	os.Exit(code)
}
