package main

import (
	"net"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/rogpeppe/go-internal/testscript"
)

// TestScripts tells the command line as stories that a user could type: testdata/script.
func TestScripts(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs hundreds of processes; without the race detector")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			env.Setenv("SIMULATOR", ln.Addr().String())
			if err := ln.Close(); err != nil {
				return err
			}
			return writeLetter(filepath.Join(env.WorkDir, "vedtak.pdf"))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"listening": listening,
			"waitfile":  waitFile,
			"keep":      keep,
		},
	})
}

// listening waits until somebody listens at an address.
func listening(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: listening ADDRESS")
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", args[0]); err == nil {
			c.Close()
			return
		}
	}
	ts.Fatalf("nobody listens at %s", args[0])
}

// waitFile waits until a file of a pattern is there.
func waitFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfile PATTERN")
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err != nil || len(found) > 0 {
			ts.Check(err)
			return
		}
	}
	ts.Fatalf("no file %s", args[0])
}

// keep sets a variable to the first match of a pattern in what was just written.
func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep NAME PATTERN")
	}
	found := regexp.MustCompile(args[1]).FindString(ts.ReadFile("stdout"))
	if found == "" {
		ts.Fatalf("no %s in the output", args[1])
	}
	ts.Setenv(args[0], found)
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
