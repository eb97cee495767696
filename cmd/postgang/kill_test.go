package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"postgang/cmd/config"
	"postgang/engine"
	"postgang/engine/archive/archivetest"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// TestKilledNightFinishes kills the night with SIGKILL at one recorded step after another, starts it again each time, and
// at last holds the archive and the vendor's folder against each other: no letter lost, none offered twice.
func TestKilledNightFinishes(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killedNights(t, "", 11) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killedNights(t, archivetest.Postgres(t), 12) })
}

// mostKills ends a test in which the night never gets anywhere.
const mostKills = 400

func killedNights(t *testing.T, database string, seed uint64) {
	if testing.Short() {
		t.Skip("runs many processes")
	}
	dir := t.TempDir()
	s := newKillStage(t, dir, database)

	rng := rand.New(rand.NewPCG(seed, 1))
	kills := 0
	for done := false; !done; {
		if kills > mostKills {
			t.Fatalf("the night is not done after %d kills", kills)
		}
		// A few steps on each time: every run begins with what the one before was killed in.
		out, errOut, code := program(t, dir, 1+rng.IntN(killStride), "night", "--patience", "5m")
		switch code {
		case -1:
			kills++
		case exitOK:
			done = true
		default:
			t.Fatalf("after %d kills: exit code %d\n%s\n%s", kills, code, out, errOut)
		}
		if rng.IntN(3) == 0 {
			s.tick(t) // the vendor works on meanwhile
		}
	}
	s.tick(t)
	if _, errOut, code := program(t, dir, 0, "receipts", "fetch"); code != exitOK {
		t.Fatalf("receipts fetch: exit code %d\n%s", code, errOut)
	}
	t.Logf("%d kills", kills)
	if kills < 20 {
		t.Errorf("only %d kills: the steps are not reached", kills)
	}
	s.check(t)
}

// stageSource is the hand-ins of all stages; "submit" copies them.
type stageSource struct {
	dir      string
	expected letters.Expected
}

// stageLetters draws them once. They are removed with the tests' temporary folder.
var stageLetters = sync.OnceValues(func() (stageSource, error) {
	dir, err := os.MkdirTemp("", "postgang-stage-")
	if err != nil {
		return stageSource{}, err
	}
	stageFolder.Store(&dir)
	expected, err := letters.Generate(filepath.Join(dir, "brev"), letters.Options{Shipments: letters.MinShipments, Seed: 3})
	return stageSource{filepath.Join(dir, "brev"), expected}, err
})

// stageFolder is what TestMain removes.
var stageFolder atomic.Pointer[string]

// killStage is a vendor, a configuration and hand-ins that are due.
type killStage struct {
	dir      string
	root     string
	vendor   *vendorsim.Vendor
	accepted map[string]bool
	due      int
}

func newKillStage(t *testing.T, dir, database string) *killStage {
	t.Helper()
	s := &killStage{dir: dir, root: filepath.Join(dir, "trykkeri"), accepted: map[string]bool{}}
	key, err := vendorsim.LoadOrCreateKey(filepath.Join(dir, "nokkel"))
	if err != nil {
		t.Fatal(err)
	}
	server, err := vendorsim.Serve(context.Background(), s.root, vendorsim.ServeOptions{ClientKeys: []ssh.PublicKey{key.Signer.PublicKey()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	s.vendor = vendorsim.New(s.root, vendorsim.Options{})
	if database == "" {
		database = "sqlite:postgang.db"
	}
	var b strings.Builder
	fmt.Fprintf(&b, `
[archive]
database = %q
[intake]
settle = "0s"
[vendors.v]
address = %q
user = %q
host_key = %q
key_file = "nokkel"
[vendors.v.print]
max_letters_per_job = 7
`, database, server.Addr(), vendorsim.DefaultUser, strings.TrimSpace(server.HostKeyLine()))
	source, err := stageLetters()
	if err != nil {
		t.Fatal(err)
	}
	expected := source.expected
	for _, a := range expected.Accounts {
		fmt.Fprintf(&b, "[accounts.%s.sender]\nname = %q\npostcode = %q\ncity = %q\n[accounts.%s.rules]\nallow_synthetic = true\n", a.Key, a.Name, a.Postcode, a.City, a.Key)
	}
	if err := os.WriteFile(filepath.Join(dir, config.DefaultName), []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sh := range expected.Shipments {
		if sh.Reason == string(engine.ReasonNoDigitalID) && sh.Outcome == letters.Printed {
			s.due++
		}
	}
	if s.due < 15 {
		t.Fatalf("only %d letters are due at once", s.due)
	}
	for _, a := range expected.Accounts {
		out, errOut, code := program(t, dir, 0, "submit", "--wait=false", "--account", a.Key, filepath.Join(source.dir, a.Key))
		if code != exitOK {
			t.Fatalf("submit: exit code %d\n%s\n%s", code, out, errOut)
		}
	}
	return s
}

// tick has the vendor take, check and receipt what is handed over.
func (s *killStage) tick(t *testing.T) {
	t.Helper()
	done, err := s.vendor.Tick(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range done {
		if d.Repeated || !d.Accepted {
			t.Errorf("the vendor did not accept job %s: repeated %v, %v", d.Job, d.Repeated, d.Reasons)
			continue
		}
		s.accepted[d.Job] = true
	}
}

// check holds archive and vendor against each other.
func (s *killStage) check(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	cfg, err := config.Load(filepath.Join(s.dir, config.DefaultName))
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(ctx, cfg, jsonLogger(os.Stderr), wiring{})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()

	printed := map[string]int{} // shipment → how often at the vendor
	for job := range s.accepted {
		files, err := filepath.Glob(filepath.Join(s.vendor.PrintedFolder(job), "*_manifest_*.csv"))
		if err != nil || len(files) != 1 {
			t.Fatalf("job %s has %d manifests at the vendor (%v)", job, len(files), err)
		}
		data, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		rows, err := exchange.ParseManifest(data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			printed[r.Shipment]++
		}
	}
	err = a.archive.View(ctx, func(r engine.Reader) error {
		all, err := r.Shipments(ctx, engine.ShipmentFilter{})
		if err != nil {
			return err
		}
		if len(all) != letters.MinShipments {
			t.Errorf("%d shipments in the archive, %d were handed in", len(all), letters.MinShipments)
		}
		n := 0
		for _, sh := range all {
			switch {
			case sh.Status == engine.StatusMottatt:
				t.Errorf("shipment %s was never decided", sh.ID)
			case sh.Status == engine.StatusPrintet:
				n++
				if printed[sh.ID] != 1 {
					t.Errorf("shipment %s is PRINTET and %d times at the vendor", sh.ID, printed[sh.ID])
				}
				if _, err := r.AppliedReceipt(ctx, jobOf(ctx, t, r, sh.ID), sh.ID); err != nil {
					t.Errorf("shipment %s: receipt: %v", sh.ID, err)
				}
			case printed[sh.ID] != 0:
				t.Errorf("shipment %s is %s but was printed %d times", sh.ID, sh.Status, printed[sh.ID])
			case !sh.DueAt.IsZero() && sh.Hold == "":
				t.Errorf("shipment %s is %s and due, but was not offered", sh.ID, sh.Status)
			}
		}
		if n != s.due || len(printed) != s.due {
			t.Errorf("%d letters were due, %d are PRINTET, %d are at the vendor", s.due, n, len(printed))
		}
		jobs, err := r.Jobs(ctx, engine.JobFilter{})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.State != engine.JobClosed && j.State != engine.JobWithdrawn {
				t.Errorf("job %s is %s", j.ID, j.State)
			}
			if (j.State == engine.JobClosed) != s.accepted[j.ID] {
				t.Errorf("job %s is %s, accepted by the vendor: %v", j.ID, j.State, s.accepted[j.ID])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(s.root, "inn", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range left {
		if info, err := os.Stat(f); err == nil && !info.IsDir() {
			t.Errorf("%s was left at the vendor", filepath.Base(f))
		}
	}
}

func jobOf(ctx context.Context, t *testing.T, r engine.Reader, shipment string) string {
	t.Helper()
	jobs, err := r.JobsOf(ctx, shipment)
	if err != nil || len(jobs) == 0 {
		t.Errorf("shipment %s is in no job: %v", shipment, err)
		return ""
	}
	return jobs[0].ID
}
