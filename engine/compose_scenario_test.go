package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// blobPath is where a blob stands in the folder of documents.
func (s *stage) blobPath(t *testing.T, ref shipment.BlobRef) string {
	t.Helper()
	path := filepath.Join(s.dir, "documents", "sha256", ref.SHA256[:2], ref.SHA256[2:])
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPreparedLetterIsLost: letters whose prepared file is gone or damaged on disk are set aside, and the others go out.
func TestPreparedLetterIsLost(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(path string) error{
		"gone":  os.Remove,
		"short": func(path string) error { return os.Truncate(path, 100) },
		"empty": func(path string) error { return os.Truncate(path, 0) },
		"another byte": func(path string) error {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			// In the drawing itself: the file stays a sound PDF and shows something else.
			at := strings.Index(string(data), " re")
			if at < 0 {
				at = len(data) / 2
			}
			data[at-1] ^= 1
			return os.WriteFile(path, data, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			var ids []string
			for i := range 5 {
				ids = append(ids, s.accepted(t, fmt.Sprint("k", i), newLetter(fmt.Sprint(i)), file("brev.pdf", pdf(i, 1+i%2))))
			}
			for _, id := range ids[1:3] {
				must(t, damage(s.blobPath(t, s.shipment(t, id).Prepared)))
			}
			s.night(t)
			s.tick(t)
			s.wantAtVendor(t, ids[0], ids[3], ids[4])
			s.wantJobs(t, "WITHDRAWN OFFERED")
			s.wantAlarms(t, "held:"+konto+":klargjort-fil-skadet")
			for _, id := range ids[1:3] {
				sh := s.shipment(t, id)
				if sh.Hold == "" || sh.Status != shipment.StatusAkseptert {
					t.Errorf("the damaged letter is %s, held for %q", sh.Status, sh.Hold)
				}
			}
			if errs := s.tryWork(t); len(errs) > 0 {
				t.Error(errs)
			}
		})
	}
	t.Run("all of them", func(t *testing.T) {
		t.Parallel()
		// The folder is away, most likely: nothing is wrong with the letters.
		s := setup(t)
		ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To"))}
		away := filepath.Join(s.dir, "documents", "sha256")
		must(t, os.Rename(away, away+".away"))
		s.collect(t)
		if errs := s.tryWork(t); len(errs) != 1 {
			t.Errorf("errors: %v", errs)
		}
		s.wantJobs(t, "PLANNED")
		s.wantAlarms(t)
		must(t, os.Rename(away+".away", away))
		s.work(t)
		s.tick(t)
		s.wantAtVendor(t, ids...)
	})
}

// TestCoverThatCannotBeMade at night, though it could at intake: the vendor's window has become smaller.
func TestCoverThatCannotBeMade(t *testing.T) {
	t.Parallel()
	s := setup(t)
	long := s.accepted(t, "a", newLetter("Anne-Margrethe Wilhelmsen-Kristoffersen von Stauffenberg-Mortensen").to("adresselinje1", strings.Repeat("Lang gate ", 6)))
	short := s.accepted(t, "b", newLetter("Li"))
	s.collect(t)
	wide := s.config.Vendors[0].Profile.Layout
	s.config.Vendors[0].Profile.Layout.SafeWMM = 62
	s.restart(t)
	s.work(t)
	s.tick(t)
	s.wantAtVendor(t, short)
	if sh := s.shipment(t, long); !strings.HasPrefix(sh.Hold, "forside-") {
		t.Errorf("the letter is held for %q", sh.Hold)
	}
	s.wantAlarms(t, "held:"+konto+":"+s.shipment(t, long).Hold)
	s.config.Vendors[0].Profile.Layout = wide
	s.restart(t)
	must(t, s.engine.Release(s.ctx, long, "rettet"))
	s.night(t)
	s.tick(t)
	s.wantAtVendor(t, long, short)
	s.wantAlarms(t)
	if log := s.log.String(); strings.Contains(log, "Lang gate") || strings.Contains(log, "Wilhelmsen") {
		t.Error("personal data in the log")
	}
}

// TestProfileChangedMeanwhile: letters of a job planned or composed under an older profile go out under the new one, and
// one that the vendor no longer takes is set aside alone.
func TestProfileChangedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"planned", "composed"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			long := s.accepted(t, "a", newLetter("En"), file("brev.pdf", pdf(1, 3)))
			read := s.accepted(t, "bb", newLetter("To"))
			rest := s.accepted(t, "ccc", newLetter("Tre"))
			c := s.collect(t)
			if state == "composed" {
				must(t, s.engine.ComposeJob(s.ctx, c.Jobs[0]))
			}
			s.config.Vendors[0].Profile.MaxSheetsPerFile = 3
			s.config.Vendors[0].Profile.PoolAccounts = true
			s.restart(t)
			s.read(t, read)
			s.reconcile(t)
			s.night(t) // what became free is collected anew
			s.tick(t)
			s.wantAtVendor(t, rest)
			if sh := s.shipment(t, long); sh.Hold != "for-mange-ark" {
				t.Errorf("the long letter is held for %q", sh.Hold)
			}
			s.wantAlarms(t, "held:"+konto+":for-mange-ark")
			if left := s.inbox(t, c.Jobs[0]); len(left) > 0 {
				t.Errorf("files of the first job are left at the vendor: %v", left)
			}
		})
	}
}

// fullDisk is a blob store that fails while it is full.
type fullDisk struct {
	store.Blobs
	full *bool
}

func (d fullDisk) Put(ctx context.Context, r io.Reader) (shipment.BlobRef, error) {
	if *d.full {
		return shipment.BlobRef{}, fmt.Errorf("store document: %w", syscall.ENOSPC)
	}
	return d.Blobs.Put(ctx, r)
}

// TestDiskIsFull leaves everything where it can go on from.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	full := true
	s := setup(t, func(c *engine.Config) { c.Blobs = fullDisk{c.Blobs, &full} })
	in := shipment.HandIn{Account: konto, Key: "a", JSON: []byte(`{}`), At: s.clock.now(), Files: []shipment.HandInFile{file("brev.pdf", pdf(1, 1))}}
	in.JSON = []byte(`{"tittel":"T","konteringskode":"1234-56","mottaker":{"navn":"Kari","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`)
	if _, err := s.engine.Receive(s.ctx, in); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("hand-in on a full disk: %v", err)
	}
	full = false
	r, err := s.engine.Receive(s.ctx, in)
	if err != nil || r.Already {
		t.Fatalf("the same hand-in again: %+v, %v", r, err)
	}
	full = true
	if errs := s.tryWork(t); len(errs) != 1 {
		t.Errorf("preparing on a full disk: %v", errs)
	}
	s.wantStatus(t, r.ID, shipment.StatusMottatt)
	s.wantAlarms(t, "prepare:space")
	full = false
	s.work(t)
	s.wantStatus(t, r.ID, shipment.StatusAkseptert)
	s.wantAlarms(t)
	s.collect(t)
	full = true
	if errs := s.tryWork(t); len(errs) != 1 {
		t.Errorf("composing on a full disk: %v", errs)
	}
	s.wantJobs(t, "PLANNED")
	if j := s.onlyJob(t); j.Failures != 1 || j.LastError == "" {
		t.Errorf("the job has %d failures: %q", j.Failures, j.LastError)
	}
	full = false
	s.work(t)
	s.wantJobs(t, "OFFERED")
	s.tick(t)
	names := s.writeReceipts(t)
	full = true
	if _, err := s.engine.Fetch(s.ctx); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("receipts on a full disk: %v", err)
	}
	s.wantJobs(t, "ACCEPTED")
	if !s.exists(t, "kvittering", names[0]) {
		t.Error("the receipt file was moved aside")
	}
	full = false
	s.fetch(t)
	s.wantJobs(t, "CLOSED")
	s.wantStatus(t, r.ID, shipment.StatusPrintet)
	s.wantAtVendor(t, r.ID)
	s.wantAlarms(t)
	left, err := os.ReadDir(filepath.Join(s.dir, "work"))
	must(t, err)
	if len(left) > 0 {
		t.Errorf("%d folders are left in the scratch space", len(left))
	}
}

// TestSplitOffOfAJobThatWentOn: somebody else, who could read the letter, has composed the job meanwhile.
func TestSplitOffOfAJobThatWentOn(t *testing.T) {
	t.Parallel()
	s := setup(t)
	ids := []string{s.accepted(t, "a", newLetter("En")), s.accepted(t, "bb", newLetter("To"))}
	job := s.collect(t).Jobs[0]
	path := s.blobPath(t, s.shipment(t, ids[0]).Prepared)
	must(t, os.Rename(path, path+".away"))
	other := s.config
	opened := false
	other.Blobs = hookedBlobs{s.blobs, func() {
		if opened {
			return
		}
		opened = true
		must(t, os.Rename(path+".away", path))
		s.work(t)
		must(t, os.Rename(path, path+".away"))
	}}
	slow, err := engine.New(s.ctx, other)
	must(t, err)
	if err := slow.ComposeJob(s.ctx, job); err != nil {
		t.Errorf("the slow one: %v", err)
	}
	s.wantJobs(t, "OFFERED")
	if sh := s.shipment(t, ids[0]); sh.Hold != "" {
		t.Errorf("a letter that was handed over is held for %q", sh.Hold)
	}
	s.tick(t)
	s.wantAtVendor(t, ids...)
}

// hookedBlobs calls a hook before a blob is opened.
type hookedBlobs struct {
	store.Blobs
	hook func()
}

func (h hookedBlobs) Open(ctx context.Context, ref shipment.BlobRef) (store.Blob, error) {
	h.hook()
	return h.Blobs.Open(ctx, ref)
}
