package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/judges"
	"postgang/fixtures/letters"
)

// wayJudge is a client that others wrote and a script of ours that sends ten letters with it.
type wayJudge struct {
	account string // its own
	script  string // in testdata/judges
	version string // of REST
}

var wayJudges = []wayJudge{
	{account: "vtfk", script: "vtfk.js"},
	{account: "svarut", script: "svarut.js"},
	{account: "soap", script: "soap.js"},
	{account: "fetch-v3", script: "fetch.js", version: "3"},
	{account: "fetch-v2", script: "fetch.js", version: "2"},
	{account: "zeep", script: "strict.py"},
}

// TestJudgesOfTheWaysIn: clients that others wrote send the same ten letters each to the daemon. One connection of each is cut after the
// body and before the answer. Then the letter is sent again under its id or key or, by clients that can say none, asked for by its
// reference and sent again if it is not there. The vendor gets exactly ten letters of each.
func TestJudgesOfTheWaysIn(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	dir := t.TempDir()
	upstream := freeAddress(t)
	settings := "[http]\nno_tokens = true\naddress = \"" + upstream + "\"\n"
	for _, j := range wayJudges {
		settings += fmt.Sprintf("[accounts.%s.sender]\nname = \"Prøve kommune\"\npostcode = \"0155\"\ncity = \"OSLO\"\n", j.account)
	}
	s, source := emptyKillStage(t, dir, "", settings)
	pdfs := tenLetters(t, source)

	stop := startServe(t, dir, upstream)
	var mu sync.Mutex
	var ran []string
	t.Run("send", func(t *testing.T) {
		for _, j := range wayJudges {
			t.Run(j.account, func(t *testing.T) {
				t.Parallel()
				j.send(t, dir, upstream, pdfs)
				mu.Lock()
				defer mu.Unlock()
				ran = append(ran, j.account)
			})
		}
	})
	stop()
	s.handedIn = 10 * len(ran)
	s.due = s.handedIn
	if out, errOut, code := program(t, dir, 0, "night", "--patience", "5m"); code != cli.ExitOK && code != cli.ExitPartial { // there is no drop folder
		t.Fatalf("night: exit code %d\n%s\n%s", code, out, errOut)
	}
	s.fetch(t)
	s.check(t) // all that there is in the archive is at the vendor, once
	a := openFolder(t, dir, os.Stderr)
	defer a.Close()
	for _, account := range ran {
		list, err := store.View(t.Context(), a.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
			return r.Shipments(t.Context(), store.ShipmentFilter{Account: account})
		})
		if err != nil {
			t.Fatal(err)
		}
		titles := map[string]bool{}
		for _, sh := range list {
			titles[sh.Submission.Title.Reveal()] = true
		}
		if len(list) != 10 || len(titles) != 10 {
			t.Errorf("%s: %d shipments of %d letters", account, len(list), len(titles))
		}
	}
}

// tenLetters gives a folder with 0.pdf to 9.pdf, letters that can be printed.
func tenLetters(t *testing.T, source stageSource) string {
	t.Helper()
	dir, n := t.TempDir(), 0
	for _, sh := range source.expected.Shipments {
		files, err := filepath.Glob(filepath.Join(source.dir, sh.Account, sh.Key, "*.pdf"))
		if err != nil {
			t.Fatal(err)
		}
		if sh.Outcome != letters.Printed || len(files) != 1 || len(sh.Giro) > 0 {
			continue
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if len(data) < leastHandIn {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.pdf", n)), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if n++; n == 10 {
			return dir
		}
	}
	t.Fatalf("only %d letters", n)
	return ""
}

// startServe starts the daemon, and gives what stops it.
func startServe(t *testing.T, dir, address string) (stop func()) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "serve")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), envBeProgram+"=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(stop)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close() // it listens
			return stop
		}
	}
	t.Fatal("the daemon does not start")
	return nil
}

// send has a judge send its letters to the daemon at upstream, whose configuration is in dir.
func (j wayJudge) send(t *testing.T, dir, upstream, pdfs string) {
	t.Helper()
	var cmd *exec.Cmd
	packages := ""
	if script := filepath.Join("testdata", "judges", j.script); strings.HasSuffix(script, ".py") {
		cmd = exec.CommandContext(t.Context(), judges.Path(t, "python3"), script)
	} else {
		node, folder := judges.Node(t)
		packages = filepath.Join(folder, "node_modules")
		cmd = exec.CommandContext(t.Context(), node, script)
	}
	caller := addIntegration(t, dir, j.account, j.account)
	cmd.Env = append(os.Environ(), "JUDGE_URL=http://"+cutting(t, upstream, 4), "JUDGE_NAME="+caller.Name, "JUDGE_ID="+caller.ID, "JUDGE_PASSWORD="+caller.Password,
		"JUDGE_ACCOUNT="+j.account, "JUDGE_LETTERS="+pdfs, "JUDGE_PACKAGES="+packages, "JUDGE_VERSION="+j.version)
	said, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(said)) != "cut 3" {
		t.Errorf("%v, want one cut, at 3\n%s", err, said)
	}
}

// leastHandIn is more than is asked for by anything that is no hand-in, in bytes.
const leastHandIn = 4 << 10

// cutting gives the address of a proxy of TCP. It carries the nth hand-in to upstream and, when the answer begins to come, ends the
// connection without a byte of it.
func cutting(t *testing.T, upstream string, nth int) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	handIns := 0
	carry := func(from net.Conn) {
		defer from.Close()
		to, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", upstream)
		if err != nil {
			return // who sends hears it as a connection that ends
		}
		defer to.Close()
		asked := &counted{}
		go func() {
			_, _ = io.Copy(to, io.TeeReader(from, asked)) // it ends when either end does
			to.Close()
		}()
		buf := make([]byte, 32<<10)
		for {
			n, err := to.Read(buf)
			if n > 0 && asked.take() >= leastHandIn {
				mu.Lock()
				handIns++
				cut := handIns == nth
				mu.Unlock()
				if cut {
					return
				}
			}
			if n > 0 {
				if _, err := from.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return // closed below
			}
			go carry(c)
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		wg.Wait()
	})
	return ln.Addr().String()
}

// counted counts the bytes written to it since they were last taken.
type counted struct {
	mu sync.Mutex
	n  int
}

func (c *counted) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += len(b)
	return len(b), nil
}

func (c *counted) take() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.n
	c.n = 0
	return n
}
