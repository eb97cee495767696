package erase_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/documents"
	"postgang/engine/erase"
	"postgang/engine/find"
	"postgang/engine/party"
	"postgang/engine/restored"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
)

// world is an archive and a folder of documents on a clock that the test sets, also for the ages of files.
type world struct {
	t    rapid.TB
	dir  string
	now  time.Time
	a    *archive.Archive
	d    *documents.Plain
	e    *erase.Eraser
	pass func(name string)
	n    int
}

// emptyArchive is an archive in which nothing is yet; its migrations take their time.
var emptyArchive = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "postgang-erase-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "a.db")
	a, err := archive.Open(context.Background(), archive.Config{DSN: "sqlite:" + path})
	if err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func newWorld(t rapid.TB, dir string) *world {
	w := &world{t: t, dir: dir, now: archivetest.T0}
	empty, err := emptyArchive()
	w.must(err)
	w.must(os.WriteFile(filepath.Join(dir, "a.db"), empty, 0o600))
	w.a, err = archive.Open(context.Background(), archive.Config{DSN: "sqlite:" + filepath.Join(dir, "a.db"), Now: func() time.Time { return w.now }})
	w.must(err)
	w.d, err = documents.OpenDir(filepath.Join(dir, "dokumenter"))
	w.must(err)
	s, err := step.New(context.Background(), step.Config{
		Archive: w.a, Blobs: w.d, Fence: w.d, Vendors: []party.Vendor{{Key: "trykk", Name: "Trykk", Profile: printjobs.DefaultProfile()}}, WorkDir: filepath.Join(dir, "arbeid"), Now: func() time.Time { return w.now },
		Step: func(name string) {
			if w.pass != nil {
				w.pass(name)
			}
		},
	})
	w.must(err)
	w.e = erase.New(s, restored.New(s), erase.Config{Blobs: w.d, Clock: func() time.Time { return w.now }, Scrub: w.a.Scrub})
	return w
}

func (w *world) close() { w.must(errors.Join(w.a.Close(), w.d.Close())) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// put stores a blob at the world's time.
func (w *world) put(text string) shipment.BlobRef {
	w.t.Helper()
	ref, err := w.d.Put(context.Background(), strings.NewReader(text))
	w.must(err)
	w.must(os.Chtimes(filepath.Join(w.dir, "dokumenter", string(documents.ByContent), ref.SHA256[:2], ref.SHA256[2:]), w.now, w.now))
	return ref
}

// insert stores a letter with blobs that were put, in a status.
func (w *world) insert(status shipment.Status, prepared shipment.BlobRef, docs ...shipment.BlobRef) string {
	w.t.Helper()
	w.n++
	s := archivetest.Shipment(w.n)
	s.Status, s.Prepared, s.ReceivedAt, s.NotifiedAt = status, prepared, w.now, time.Time{}
	s.DueAt, s.DueReason = time.Time{}, ""
	var list []shipment.Document
	for i, ref := range docs {
		d := archivetest.Document(w.n, i)
		d.Blob = ref
		list = append(list, d)
	}
	w.must(w.a.InTx(context.Background(), func(tx store.Tx) error {
		if err := tx.InsertShipment(context.Background(), s, list); err != nil {
			return err
		}
		return tx.PutPersons(context.Background(), find.Person{Shipment: s.ID, Account: s.Account, Words: "ase odegard storgata 1"})
	}))
	return s.ID
}

func (w *world) run() erase.Report {
	w.t.Helper()
	rep, err := w.e.RunRetention(context.Background(), erase.Options{})
	w.must(err)
	return rep
}

func (w *world) there(ref shipment.BlobRef) bool {
	w.t.Helper()
	b, err := w.d.Open(context.Background(), ref)
	if errors.Is(err, store.ErrNotFound) {
		return false
	}
	w.must(err)
	w.must(b.Close())
	return true
}

// named are the blobs that letters of the archive name whose content is there.
func (w *world) named() map[shipment.BlobRef]bool {
	w.t.Helper()
	out := map[shipment.BlobRef]bool{}
	w.must(w.a.View(context.Background(), func(r store.Reader) error {
		list, err := r.Shipments(context.Background(), store.ShipmentFilter{})
		for _, s := range list {
			docs, err := r.Documents(context.Background(), s.ID)
			if err != nil {
				return err
			}
			for _, d := range docs {
				out[d.Blob] = true
			}
			if s.Status != shipment.StatusSlettet {
				out[s.Prepared] = true
			}
		}
		return err
	}))
	return out
}

// TestRun: letters go when their time has come, their files a day later, what others share stays, and a dry run changes nothing.
func TestRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	defer w.close()
	shared, own, prepared, kept := w.put("felles"), w.put("eget"), w.put("klargjort"), w.put("annet")
	read := w.insert(shipment.StatusLest, prepared, shared, own)
	waits := w.insert(shipment.StatusAkseptert, kept, shared)
	w.now = w.now.Add(9 * retention.Day)
	if rep := w.run(); rep.Letters != 0 || rep.Blobs != 0 {
		t.Errorf("too early: %+v", rep)
	}
	w.now = w.now.Add(retention.Day)
	for range 2 {
		rep, err := w.e.RunRetention(t.Context(), erase.Options{DryRun: true})
		if err != nil || rep.Letters != 1 || rep.ByAccount["skole"] != 1 || !w.there(own) {
			t.Errorf("dry run: %+v %v", rep, err)
		}
	}
	if rep := w.run(); rep.Letters != 1 || rep.Blobs != 2 {
		t.Errorf("%+v", rep)
	}
	if w.there(own) || w.there(prepared) || !w.there(shared) || !w.there(kept) {
		t.Error("the wrong documents are gone")
	}
	err := w.a.View(t.Context(), func(r store.Reader) error {
		s, err := r.Shipment(t.Context(), read)
		if err != nil || s.Status != shipment.StatusSlettet || s.Submission.Title != "" || s.PreparedKey != "" || s.Facts == nil {
			t.Errorf("%+v %v", s.Status, err)
		}
		found, err := r.ShipmentsOfPerson(t.Context(), find.PersonQuery{Words: []shipment.Private{"odegard"}}, find.Filter{})
		if err != nil || len(found) != 1 || found[0].ID != waits {
			t.Errorf("%d letters are found by name, %v", len(found), err)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}

	// What has not come to its end waits, and is told.
	w.now = w.now.Add(100 * retention.Day)
	open := func() (keys []string) {
		w.must(w.a.View(t.Context(), func(r store.Reader) error {
			list, err := r.Alarms(t.Context(), true)
			for _, a := range list {
				keys = append(keys, a.Key)
			}
			return err
		}))
		return keys
	}
	if rep := w.run(); rep.Letters != 0 || rep.Waiting[retention.CauseUnsent] != 1 || fmt.Sprint(open()) != "[retention:ikke-sendt]" || !w.there(shared) {
		t.Errorf("%+v %v", rep, open())
	}
	var not *retention.NotYetError
	if err := w.e.EraseByHand(t.Context(), waits, "bedt om"); !errors.As(err, &not) || not.Cause != retention.CauseUnsent {
		t.Errorf("by hand: %v", err)
	}
	w.must(w.a.InTx(t.Context(), func(tx store.Tx) error {
		s, err := tx.Shipment(t.Context(), waits)
		s.Status = shipment.StatusManueltHandtert
		return errors.Join(err, tx.UpdateShipment(t.Context(), s))
	}))
	if err := w.e.EraseByHand(t.Context(), waits, " "); err == nil {
		t.Error("without a reason")
	}
	w.must(w.e.EraseByHand(t.Context(), waits, "bedt om"))
	if rep := w.run(); rep.Blobs != 2 || len(open()) != 0 || w.there(shared) {
		t.Errorf("%+v %v", rep, open())
	}
	if err := w.e.EraseForSender(t.Context(), archivetest.ID(99)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

// TestSharedBlobs: letters that share documents come, are stored in two steps with anything between, go, and are swept, in any order: no
// letter ever lacks a document, and in the end nothing is left that no letter names.
func TestSharedBlobs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	world := 0
	rapid.Check(t, func(t *rapid.T) {
		world++
		dir := filepath.Join(root, fmt.Sprint(world))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := newWorld(t, dir)
		defer w.close()
		type handIn struct {
			at   time.Time
			refs []shipment.BlobRef
		}
		var open []handIn // stored, and not in the archive yet
		begin := func() {
			h := handIn{at: w.now}
			for range 2 {
				h.refs = append(h.refs, w.put(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "document")))
			}
			open = append(open, h)
		}
		commit := func() {
			if len(open) > 0 {
				w.insert(shipment.StatusLest, open[0].refs[0], open[0].refs[1])
				open = open[1:]
			}
		}
		whole := func() {
			for ref := range w.named() {
				if !w.there(ref) {
					t.Fatal("a letter lacks a document")
				}
			}
		}
		between := rapid.SampledFrom([]func(){func() {}, begin, commit, func() { begin(); commit() }})
		w.pass = func(name string) {
			if name == "erase: remove documents" {
				between.Draw(t, "between asking and removing")()
			}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				begin()
			case 1:
				commit()
			case 2:
				w.run()
			default:
				forward := time.Duration(rapid.IntRange(1, 96).Draw(t, "hours")) * time.Hour
				for len(open) > 0 && !open[0].at.Add(erase.BlobAge).After(w.now.Add(forward)) {
					commit() // no step takes a day from storing to naming
				}
				w.now = w.now.Add(forward)
			}
			whole()
		}
		w.pass = nil
		for len(open) > 0 {
			commit()
		}
		w.now = w.now.Add(20 * retention.Day)
		w.run()
		w.run()
		err := w.d.EachOld(context.Background(), w.now.Add(time.Hour), 100, func(refs []shipment.BlobRef) error {
			return fmt.Errorf("%d documents are left", len(refs))
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestOldCopyKeepsDocuments: an archive that was put back does not name what was stored since, and recover needs that: nothing is removed.
func TestOldCopyKeepsDocuments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	defer w.close()
	ref := w.put("trykkfil")
	installation, err := store.View(t.Context(), w.a, func(r store.Reader) (string, error) { return r.Setting(t.Context(), "installation") })
	w.must(err)
	w.must(w.d.RaiseHighestJob(t.Context(), installation, 7))
	w.now = w.now.Add(100 * retention.Day)
	if rep := w.run(); !rep.OldCopy || rep.Blobs != 0 || !w.there(ref) {
		t.Errorf("%+v", rep)
	}
}

// errKilled ends the work at a step, as a killed process does.
var errKilled = errors.New("killed")

// TestKilledAnywhere: a run that ends in the middle of anything is finished by the next one.
func TestKilledAnywhere(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		w := newWorld(t, t.TempDir())
		shared := w.put("felles")
		for i := range 3 {
			w.insert(shipment.StatusLest, w.put(fmt.Sprint("klargjort ", i)), shared, w.put(fmt.Sprint("brev ", i)))
		}
		w.insert(shipment.StatusAkseptert, shared)
		w.now = w.now.Add(15 * retention.Day)
		passed, killed := 0, false
		w.pass = func(string) {
			if passed++; passed == at {
				killed = true
				panic(errKilled)
			}
		}
		func() {
			defer func() {
				if p := recover(); p != nil && p != errKilled { //nolint:errorlint // what was panicked with is the value itself
					panic(p)
				}
			}()
			w.run()
		}()
		w.pass = nil
		w.run()
		log, err := store.View(t.Context(), w.a, func(r store.Reader) ([]retention.Erasure, error) {
			return r.Erasures(t.Context(), retention.LogFilter{})
		})
		if err != nil || len(log) != 3 {
			t.Errorf("killed at step %d: %d letters erased, %v", at, len(log), err)
		}
		left := 0
		w.must(w.d.EachOld(t.Context(), w.now.Add(time.Hour), 100, func(refs []shipment.BlobRef) error { left += len(refs); return nil }))
		if left != 1 || !w.there(shared) {
			t.Errorf("killed at step %d: %d documents are left", at, left)
		}
		w.close()
		if !killed {
			return
		}
	}
}

// TestNothingIsLeftInTheDatabase: no byte of what an erased letter said is in the database's files, in free pages, the journal, or
// elsewhere, though its row was written many times.
func TestNothingIsLeftInTheDatabase(t *testing.T) {
	t.Parallel()
	w := newWorld(t, t.TempDir())
	defer w.close()
	secrets := []string{"Hemmelig-Navn", "Hemmelig-Gate", "Hemmelig-Tittel", "02013299997", "hemmelig-fil", "hemmelig navn"}
	ctx := t.Context()
	var ids []string
	for i := range 40 {
		w.n++
		s := archivetest.Shipment(w.n)
		s.Status, s.ReceivedAt, s.DueAt, s.DueReason = shipment.StatusAkseptert, w.now, time.Time{}, ""
		s.Submission.Title, s.Submission.Recipient.Name, s.Submission.Recipient.Line1, s.Submission.Recipient.DigitalID = "Hemmelig-Tittel", "Hemmelig-Navn", "Hemmelig-Gate", "02013299997"
		s.Submission.MetadataFromSystem = map[string]any{"x": strings.Repeat("Hemmelig-Tittel ", 10+100*(i%7))} // some in pages of their own
		d := archivetest.Document(w.n, 0)
		d.FileName = "hemmelig-fil.pdf"
		ids = append(ids, s.ID)
		w.must(w.a.InTx(ctx, func(tx store.Tx) error {
			return errors.Join(tx.InsertShipment(ctx, s, []shipment.Document{d}), tx.PutPersons(ctx, find.Person{Shipment: s.ID, Account: s.Account, Words: "hemmelig navn gate"}))
		}))
	}
	for range 3 {
		for _, id := range ids {
			w.must(w.a.InTx(ctx, func(tx store.Tx) error {
				s, err := tx.Shipment(ctx, id)
				s.Submission.MetadataFromSystem["y"] = strings.Repeat("Hemmelig-Tittel ", int(s.Version)*20)
				return errors.Join(err, tx.UpdateShipment(ctx, s))
			}))
		}
	}
	grep := func() (found []string) {
		w.must(filepath.WalkDir(w.dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			data, err := io.ReadAll(f)
			for _, s := range secrets {
				if bytes.Contains(data, []byte(s)) {
					found = append(found, e.Name()+": "+s)
				}
			}
			return err
		}))
		return found
	}
	if len(grep()) < len(secrets) {
		t.Fatalf("the look finds too little before: %v", grep())
	}
	for _, id := range ids {
		w.must(w.a.InTx(ctx, func(tx store.Tx) error {
			s, err := tx.Shipment(ctx, id)
			s.Status = shipment.StatusLest
			return errors.Join(err, tx.UpdateShipment(ctx, s))
		}))
	}
	w.now = w.now.Add(15 * retention.Day)
	if rep := w.run(); rep.Letters != 40 {
		t.Fatalf("%+v", rep)
	}
	if found := grep(); len(found) > 0 {
		t.Errorf("left: %v", found)
	}
}
