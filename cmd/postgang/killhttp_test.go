package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/cmd/cli"
	"postgang/engine/intake/door/doortest"
)

// TestKilledHandInsOverHTTP kills the daemon with SIGKILL at one recorded step after another while a sender hands in over HTTP, and sends
// again what it got no answer for. What was answered is there, under the id that was answered, and the vendor gets each letter once.
func TestKilledHandInsOverHTTP(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	dir := t.TempDir()
	address := freeAddress(t)
	s, source := emptyKillStage(t, dir, "", "[http]\nno_tokens = true\naddress = \""+address+"\"")
	var accounts []string
	for _, a := range source.expected.Accounts {
		accounts = append(accounts, a.Key)
	}
	caller := addIntegration(t, dir, "acos", accounts...)

	d := &killedDaemon{t: t, dir: dir, rng: rand.New(rand.NewPCG(21, 1)), most: 14}
	defer d.stop()
	folders, err := filepath.Glob(filepath.Join(source.dir, "*", "*"))
	if err != nil || len(folders) < 15 {
		t.Fatalf("%d hand-ins, %v", len(folders), err)
	}
	ids, refused, unanswered := map[string]bool{}, 0, 0
	for _, folder := range folders {
		first := ""
		// Twice: a sender whose answer was lost behind a proxy sends what was stored and answered.
		for answers := 0; answers < 2; {
			d.alive()
			status, body, err := handInFolder(t.Context(), "http://"+address, caller, folder)
			switch {
			case err != nil:
				unanswered++ // killed before, in the middle, or after it was stored
				continue
			case status == http.StatusBadRequest:
				refused++
				answers = 2
				continue
			case status != http.StatusOK:
				t.Fatalf("%d %s", status, body)
			}
			var got struct{ ID string }
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatal(err)
			}
			if first != "" && got.ID != first {
				t.Errorf("answered %s, and %s before", got.ID, first)
			}
			first = got.ID
			answers++
		}
		if first != "" {
			ids[first] = true
		}
	}
	d.stop()
	t.Logf("%d hand-ins, %d refused at the door, %d without an answer, %d kills", len(ids), refused, unanswered, d.kills)
	if d.kills < 15 || unanswered < 5 {
		t.Errorf("only %d kills and %d lost answers: the steps are not reached", d.kills, unanswered)
	}
	if out, errOut, code := program(t, dir, 0, "night", "--patience", "5m"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s\n%s", code, out, errOut)
	}
	s.fetch(t)
	s.handedIn = len(ids)
	s.check(t)
}

// killedDaemon is serve, killed after some steps and started again.
type killedDaemon struct {
	t     *testing.T
	dir   string
	rng   *rand.Rand
	cmd   *exec.Cmd
	ended chan struct{}
	kills int
	most  int // steps that it gets before it is killed; 0: it is not
}

// alive starts the daemon unless it runs.
func (d *killedDaemon) alive() {
	d.t.Helper()
	if d.cmd != nil {
		select {
		case <-d.ended:
			d.kills++
		default:
			return
		}
	}
	exe, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	steps := 0
	if d.most > 0 {
		steps = 1 + d.rng.IntN(d.most)
	}
	d.cmd = exec.Command(exe, "serve")
	d.cmd.Dir = d.dir
	d.cmd.Env = append(os.Environ(), envBeProgram+"=1", fmt.Sprintf("%s=%d", envKillAfter, steps))
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) {
		_ = cmd.Wait() // killed: that is what is tried
		close(ended)
	}(d.cmd, d.ended)
}

func (d *killedDaemon) stop() {
	if d.cmd == nil {
		return
	}
	_ = d.cmd.Process.Kill()
	<-d.ended
	d.cmd = nil
}

// handInFolder hands a folder in over REST V2, with its name as the key.
func handInFolder(ctx context.Context, url string, caller integrationView, folder string) (int, string, error) {
	account, key := filepath.Base(filepath.Dir(folder)), filepath.Base(folder)
	forsendelse, err := os.ReadFile(filepath.Join(folder, "forsendelse.json"))
	if err != nil {
		return http.StatusBadRequest, "", nil // a hand-in of the stage that is broken on purpose
	}
	parts := []doortest.Part{{Name: "forsendelse", Data: forsendelse}}
	files, err := os.ReadDir(folder)
	if err != nil {
		return 0, "", err
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".pdf") {
			data, err := os.ReadFile(filepath.Join(folder, f.Name()))
			if err != nil {
				return 0, "", err
			}
			parts = append(parts, doortest.Part{Name: "dokument", File: f.Name(), Data: data})
		}
	}
	return handInParts(ctx, url, caller, account, key, parts...)
}

// handInParts hands parts in over REST V2.
func handInParts(ctx context.Context, url string, caller integrationView, account, key string, parts ...doortest.Part) (int, string, error) {
	body, kind := doortest.Multipart(parts...)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v2/kontoer/"+account+"/forsendelser/", body)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("IntegrasjonId", caller.ID)
	r.Header.Set("IntegrasjonPassord", caller.Password)
	r.Header.Set("Idempotency-Key", account+"/"+key)
	r.Close = true
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		time.Sleep(50 * time.Millisecond) // it is starting
		return 0, "", err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return res.StatusCode, string(data), err
}
