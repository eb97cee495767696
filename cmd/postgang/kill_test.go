package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"postgang/cmd/app"
	"postgang/cmd/cli"
	"postgang/cmd/config"
	"postgang/engine/archive/postgrestest"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/letters"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// TestKilledNightFinishes kills the night with SIGKILL at one recorded step after another, starts it again each time, and
// at last holds the archive and the vendor's folder against each other: no letter lost, none offered twice.
func TestKilledNightFinishes(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); killedNights(t, "", 11) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); killedNights(t, postgrestest.Postgres(t), 12) })
}

// mostKills ends a test in which the night never gets anywhere.
const mostKills = 400

func killedNights(t *testing.T, database string, seed uint64) {
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	dir := t.TempDir()
	s := newKillStage(t, dir, database)

	rng := rand.New(rand.NewPCG(seed, 1))
	// night is killed and started again until it is done; a few steps on each time: every run begins with what the one before
	// was killed in.
	night := func(stride int) (kills int) {
		for {
			if kills > mostKills {
				t.Fatalf("the night is not done after %d kills", kills)
			}
			out, errOut, code := program(t, dir, 1+rng.IntN(stride), "night", "--patience", "5m")
			switch {
			case code == -1:
				kills++
			case code == cli.ExitOK, code == cli.ExitPartial && onlyRefused(errOut):
				return kills
			default:
				t.Fatalf("after %d kills: exit code %d\n%s\n%s", kills, code, out, errOut)
			}
			if rng.IntN(3) == 0 {
				s.tick(t) // the vendor works on meanwhile
			}
		}
	}
	kills := night(killStride)
	s.fetch(t)
	// Two letters were damaged: their reprint is killed as often, and the first printing left as it is.
	s.reprint(t)
	reprintKills := night(reprintStride)
	s.fetch(t)
	t.Logf("%d kills, %d in the reprint", kills, reprintKills)
	if kills < 20 || reprintKills < 2 {
		t.Errorf("only %d and %d kills: the steps are not reached", kills, reprintKills)
	}
	s.check(t)
}

// onlyRefused reports whether a night did all its work, and only tells of the hand-ins that it refused.
func onlyRefused(errOut string) bool {
	_, said, found := strings.Cut(errOut, "a person must look: ")
	return found && strings.HasSuffix(strings.TrimSpace(said), " hand-ins refused") && !strings.Contains(said, ",")
}

// killStride is how many steps a killed night gets at most: the fewer, the more kills.
const killStride = 60

// reprintStride is how many steps a killed night gets at most that only has a reprint to hand over.
const reprintStride = 14

// fetch has the vendor print what it has, and its answers and receipts read.
func (s *killStage) fetch(t *testing.T) {
	t.Helper()
	s.tick(t)
	if _, errOut, code := program(t, s.dir, 0, "receipts", "fetch"); code != cli.ExitOK {
		t.Fatalf("receipts fetch: exit code %d\n%s", code, errOut)
	}
}

// reprint orders two letters of a finished job once more.
func (s *killStage) reprint(t *testing.T) {
	t.Helper()
	show := func(v any, args ...string) {
		out, errOut, code := program(t, s.dir, 0, append(args, "--json")...)
		if code != cli.ExitOK {
			t.Fatalf("%v: exit code %d\n%s", args, code, errOut)
		}
		if err := json.Unmarshal([]byte(out), v); err != nil {
			t.Fatal(err)
		}
	}
	var jobs []jobView
	show(&jobs, "job", "list")
	at := slices.IndexFunc(jobs, func(j jobView) bool { return j.State == store.JobClosed && j.Letters >= 2 })
	if at < 0 {
		t.Fatal("no closed job has two letters")
	}
	var ordered reprintView
	show(&ordered, "job", "reprint", jobs[at].ID, "--letters", "1-2", "--reason", "revet", "--yes")
	for _, l := range ordered.Letters {
		s.reprinted[l.Shipment] = true
	}
	if len(s.reprinted) != 2 {
		t.Fatalf("ordered %+v", ordered)
	}
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
	// reprinted are the shipments that were ordered once more.
	reprinted map[string]bool
	handedIn  int
}

func newKillStage(t *testing.T, dir, database string) *killStage {
	t.Helper()
	s, source := emptyKillStage(t, dir, database, "")
	for _, a := range source.expected.Accounts {
		out, errOut, code := program(t, dir, 0, "submit", "--wait=false", "--account", a.Key, filepath.Join(source.dir, a.Key))
		if code != cli.ExitOK {
			t.Fatalf("submit: exit code %d\n%s\n%s", code, out, errOut)
		}
	}
	return s
}

// emptyKillStage is a stage to which nothing has been handed in yet, with more settings.
func emptyKillStage(t *testing.T, dir, database, settings string) (*killStage, stageSource) {
	t.Helper()
	s := &killStage{dir: dir, root: filepath.Join(dir, "trykkeri"), accepted: map[string]bool{}, reprinted: map[string]bool{}, handedIn: letters.MinShipments}
	key, err := exchange.LoadOrCreateKey(filepath.Join(dir, "nokkel"))
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
%s
`, database, server.Addr(), vendorsim.DefaultUser, strings.TrimSpace(server.HostKeyLine()), settings)
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
	if err := app.MarkFirstStart(filepath.Join(dir, config.DefaultName)); err != nil {
		t.Fatal(err)
	}
	for _, sh := range expected.Shipments {
		if sh.Reason == string(shipment.ReasonNoDigitalID) && sh.Outcome == letters.Printed {
			s.due++
		}
	}
	if s.due < 15 {
		t.Fatalf("only %d letters are due at once", s.due)
	}
	return s, source
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
	a, err := open(ctx, cfg, cli.JSONLogger(os.Stderr), wiring{})
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
	err = a.Archive.View(ctx, func(r store.Reader) error {
		all, err := r.Shipments(ctx, store.ShipmentFilter{})
		if err != nil {
			return err
		}
		if len(all) != s.handedIn {
			t.Errorf("%d shipments in the archive, %d were handed in", len(all), s.handedIn)
		}
		n := 0
		for _, sh := range all {
			switch {
			case sh.Status == shipment.StatusMottatt:
				t.Errorf("shipment %s was never decided", sh.ID)
			case sh.Status == shipment.StatusPrintet:
				n++
				want := 1
				if s.reprinted[sh.ID] {
					want = 2
				}
				if printed[sh.ID] != want {
					t.Errorf("shipment %s is PRINTET and %d times at the vendor, want %d", sh.ID, printed[sh.ID], want)
				}
				s.checkReceipts(ctx, t, r, sh.ID, want)
			case printed[sh.ID] != 0:
				t.Errorf("shipment %s is %s but was printed %d times", sh.ID, sh.Status, printed[sh.ID])
			case !sh.DueAt.IsZero() && sh.Hold == "":
				t.Errorf("shipment %s is %s and due, but was not offered", sh.ID, sh.Status)
			}
		}
		if n != s.due || len(printed) != s.due {
			t.Errorf("%d letters were due, %d are PRINTET, %d are at the vendor", s.due, n, len(printed))
		}
		jobs, err := r.Jobs(ctx, store.JobFilter{})
		if err != nil {
			return err
		}
		for _, j := range jobs {
			if j.State != store.JobClosed && j.State != store.JobWithdrawn {
				t.Errorf("job %s is %s", j.ID, j.State)
			}
			if (j.State == store.JobClosed) != s.accepted[j.ID] {
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

// checkReceipts wants a receipt in force for each time that a letter was printed.
func (s *killStage) checkReceipts(ctx context.Context, t *testing.T, r store.Reader, shipment string, want int) {
	t.Helper()
	jobs, err := r.JobsOf(ctx, shipment)
	if err != nil {
		t.Error(err)
	}
	n := 0
	for _, j := range jobs {
		_, err := r.AppliedReceipt(ctx, j.ID, shipment)
		switch {
		case err == nil:
			n++
		case !errors.Is(err, store.ErrNotFound):
			t.Error(err)
		}
	}
	if n != want {
		t.Errorf("shipment %s has %d receipts in %d jobs, want %d", shipment, n, len(jobs), want)
	}
}
