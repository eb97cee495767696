package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/rogpeppe/go-internal/testscript"

	"postgang/cmd/cli"
	"postgang/engine/intake/sealed"
	"postgang/printjobs/prepare"
)

func TestMain(m *testing.M) {
	prepare.BeWorker()
	sealed.BeWorker()
	testscript.Main(m, map[string]func(){
		"postgang-lab": func() {
			os.Exit(cli.Run(context.Background(), newRoot(&cli.Options{Out: os.Stdout, Err: os.Stderr}), os.Args[1:]))
		},
	})
}

// TestScripts tells the command line as stories that a user could type: testdata/script. The vendor simulator is part of the
// stories of postgang.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: func(env *testscript.Env) error { return writeLetter(filepath.Join(env.WorkDir, "vedtak.pdf")) },
	})
}

// writeLetter draws a letter of two pages.
func writeLetter(path string) error {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetFont("Helvetica", "", 11)
	for _, text := range []string{"Vedtak, side 1", "Vedtak, side 2"} {
		pdf.AddPage()
		pdf.Cell(40, 10, text)
	}
	return pdf.OutputFileAndClose(path)
}
