package backup_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/engine/backup"
	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// world is an archive in a folder, whose database is a text, and a place of backups.
type world struct {
	t        *testing.T
	dir      string
	docs     *documents.Plain
	place    *backup.Place
	database string
	number   int
	mark     string
	now      time.Time
	step     func(string)
	locks    map[string]*sync.Mutex
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), database: "rows", mark: "a", now: time.Date(2026, 11, 30, 4, 0, 0, 0, time.UTC), locks: map[string]*sync.Mutex{backup.LockName: {}, "retention": {}}}
	w.docs = w.open("docs")
	w.place = backup.Open(w.open("backups").Objects, "backups", t.TempDir())
	return w
}

func (w *world) open(name string) *documents.Plain {
	w.t.Helper()
	d, err := documents.OpenDir(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { d.Close() })
	return d
}

func (w *world) put(text string) shipment.BlobRef {
	w.t.Helper()
	ref, err := w.docs.Put(w.t.Context(), strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

// Lock is the archive's.
func (w *world) Lock(ctx context.Context, name string) (context.Context, func(), error) {
	if !w.locks[name].TryLock() {
		return nil, nil, store.ErrLocked
	}
	return ctx, w.locks[name].Unlock, nil
}

// LockWait is the archive's.
func (w *world) LockWait(_ context.Context, name string) (func(), error) {
	w.locks[name].Lock()
	return w.locks[name].Unlock, nil
}

// Copy is the archive's.
func (w *world) Copy(_ context.Context, _ string, out io.Writer) error {
	_, err := io.WriteString(out, w.database)
	return err
}

func (w *world) source() backup.Source {
	return backup.Source{
		Archive: w, Form: "text", Documents: w.docs.Objects, Fence: w.docs, Retention: "retention", Version: "test", Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler),
		Step: w.step, Scratch: func() (string, func(), error) { return w.t.TempDir(), func() {}, nil },
		Facts: func(context.Context) (backup.Facts, error) {
			return backup.Facts{Installation: "ABCD", Mark: w.mark, Schema: 7, JobNumber: w.number, Counts: map[string]int{"shipments": 3}}, nil
		},
		Files: []backup.Path{{Path: w.file("postgang.toml", "innstillinger"), Why: "itself"}, {Path: w.file("nokkel", "hemmelig"), Secret: true, Why: "vendors.v.key_file"}, {Path: w.file("kek", "nøkkelen"), Secret: true, Apart: true, Why: "documents.sealed.key_file"}},
	}
}

func (w *world) file(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

func (w *world) take() backup.Manifest {
	w.t.Helper()
	m, err := w.place.Take(w.t.Context(), w.source(), backup.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

func (w *world) ids() (ids []string) {
	w.t.Helper()
	all, err := w.place.List(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range all {
		ids = append(ids, m.ID)
	}
	return ids
}

// target is an empty place; got is what its database becomes.
func (w *world) target(name string, got *bytes.Buffer) (*documents.Plain, backup.Target) {
	d := w.open(name)
	return d, backup.Target{
		Documents: d.Objects, Form: "text", Vacant: func(context.Context) error { return nil },
		Database: func(_ context.Context, write func(w io.Writer) error) error { got.Reset(); return write(got) },
	}
}

// age makes all objects of the backups so old that they may be removed.
func (w *world) age() {
	w.t.Helper()
	age(w.t, filepath.Join(w.dir, "backups"))
}

func age(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		old := time.Now().Add(-48 * time.Hour)
		return os.Chtimes(path, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	one, two := w.put("vedtak en"), w.put("vedtak to")
	w.number = 12
	if err := w.docs.RaiseHighestJob(ctx, "ABCD", 11); err != nil {
		t.Fatal(err)
	}
	m := w.take()
	if m.Documents.Number != 2 || m.Documents.Added != 2 || m.Highest != 11 || m.JobNumber != 12 || m.Schema != 7 || len(m.Files) != 1 || len(m.Needed) != 2 || m.Needed[0].Why != "vendors.v.key_file" {
		t.Fatalf("%+v", m)
	}
	// The next one copies what is new alone.
	w.now = w.now.Add(time.Hour)
	w.database = "more rows"
	three := w.put("vedtak tre")
	if next := w.take(); next.Documents.Number != 3 || next.Documents.Added != 1 {
		t.Fatalf("%+v", next.Documents)
	}
	if ids := w.ids(); len(ids) != 2 || ids[1] != m.ID {
		t.Fatal(ids)
	}
	var got bytes.Buffer
	d, target := w.target("new", &got)
	r, err := w.place.Restore(ctx, m, target)
	if err != nil || got.String() != "rows" || r.Documents != 2 {
		t.Fatalf("%v %q %+v", err, got.String(), r)
	}
	for _, ref := range []shipment.BlobRef{one, two} {
		b, err := d.Open(ctx, ref)
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	if _, err := d.Open(ctx, three); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a later document is there: %v", err)
	}
	// Above all jobs of the backup, so that the archive is found to be an old copy.
	if high, err := d.HighestJob(ctx, "ABCD"); err != nil || high != 13 {
		t.Errorf("the fence is %d (%v)", high, err)
	}
	if mark, err := d.ReadFile(ctx, "archive.id"); err != nil || string(mark) != "a\n" {
		t.Errorf("%q %v", mark, err)
	}
	// Nothing is written over, and documents that stay must be the archive's.
	if _, err := w.place.Restore(ctx, m, target); err == nil {
		t.Error("it was put back over documents")
	}
	target.KeepDocuments = true
	if _, err := w.place.Restore(ctx, m, target); err != nil {
		t.Error(err)
	}
	other, strange := w.target("other", &got)
	strange.KeepDocuments = true
	if _, err := w.place.Restore(ctx, m, strange); err == nil {
		t.Error("the documents of nobody were kept")
	}
	_ = other
	files, err := w.place.RestoreFiles(ctx, m, t.TempDir())
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if text, err := os.ReadFile(files[0]); err != nil || string(text) != "innstillinger" {
		t.Errorf("%q %v", text, err)
	}
}

// TestKilled: killed after any step, there is no backup that looks whole, and the next one is; a restore goes on where it was.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("vedtak")
	type killed struct{ after string }
	attempt := func(n int, do func(step func(string)) error) (done bool) {
		defer func() {
			if k := recover(); k != nil {
				if _, ours := k.(killed); !ours {
					panic(k)
				}
			}
		}()
		if err := do(func(name string) {
			if n--; n == 0 {
				panic(killed{name})
			}
		}); err != nil {
			t.Fatal(err)
		}
		return true
	}
	steps := 0
	for n := 1; ; n++ {
		before := len(w.ids())
		w.now = w.now.Add(time.Minute)
		done := attempt(n, func(step func(string)) error {
			w.step = step
			_, err := w.place.Take(t.Context(), w.source(), backup.Options{})
			return err
		})
		after := len(w.ids())
		if done && after != before+1 {
			t.Fatalf("%d backups, and %d before", after, before)
		}
		if done {
			break
		}
		steps++
		if after != before && after != before+1 {
			t.Fatalf("%d backups after a kill, and %d before", after, before)
		}
	}
	if steps < 4 {
		t.Errorf("only %d steps", steps)
	}
	w.step = nil
	m, err := w.place.Get(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	_, target := w.target("new", &got)
	steps = 0
	for n := 1; ; n++ {
		if attempt(n, func(step func(string)) error {
			target.Step = step
			_, err := w.place.Restore(t.Context(), m, target)
			return err
		}) {
			break
		}
		steps++
	}
	if steps < 3 || got.String() != "rows" {
		t.Errorf("%d steps, %q", steps, got.String())
	}
}

// TestOneAtATime: two backups do not meet, and no document is removed while one is made.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("vedtak")
	w.step = func(name string) {
		if name != "backup: database copied" {
			return
		}
		if _, err := w.place.Take(t.Context(), w.source(), backup.Options{}); !errors.Is(err, store.ErrLocked) {
			t.Errorf("a second backup beside the first: %v", err)
		}
		if _, _, err := w.Lock(t.Context(), "retention"); !errors.Is(err, store.ErrLocked) {
			t.Errorf("documents may be removed: %v", err)
		}
	}
	w.take()
	if _, free, err := w.Lock(t.Context(), "retention"); err != nil {
		t.Error(err)
	} else {
		free()
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	gone, kept := w.put("slettet brev"), w.put("brev som blir")
	var made []string
	for i := range 4 {
		w.database = fmt.Sprint("rows ", i)
		if i == 2 { // retention erases a letter
			if err := w.docs.Delete(ctx, gone); err != nil {
				t.Fatal(err)
			}
		}
		made = append(made, w.take().ID)
		w.now = w.now.Add(24 * time.Hour)
	}
	there := func(ref shipment.BlobRef) bool {
		f, _, err := w.place.Objects().(*documents.Folder).File(documents.ByContent, ref.SHA256)
		if err == nil {
			f.Close()
		}
		return err == nil
	}
	// Nothing that is young goes, whatever names it.
	p, err := w.place.Prune(ctx, backup.Keep{Number: 3}, w.now, true)
	if err != nil || !slices.Equal(p.Backups, made[:1]) || len(w.ids()) != 4 {
		t.Fatalf("%+v %v", p, err)
	}
	w.age()
	// One backup that is kept still names the erased letter.
	if p, err = w.place.Prune(ctx, backup.Keep{Number: 3}, w.now, false); err != nil || !there(gone) || p.Objects == 0 {
		t.Fatalf("%+v %v", p, err)
	}
	// The last one of before is gone, and with it the letter.
	if p, err = w.place.Prune(ctx, backup.Keep{For: 60 * time.Hour}, w.now, false); err != nil || there(gone) || !there(kept) {
		t.Fatalf("%+v %v", p, err)
	}
	if ids := w.ids(); len(ids) != 2 || ids[1] != made[2] {
		t.Fatal(ids)
	}
	// The newest stays however old it is, and can be put back.
	w.age()
	if _, err = w.place.Prune(ctx, backup.Keep{For: time.Hour}, w.now.AddDate(1, 0, 0), false); err != nil {
		t.Fatal(err)
	}
	m, err := w.place.Get(ctx, "")
	if err != nil || m.ID != made[3] {
		t.Fatal(m.ID, err)
	}
	var got bytes.Buffer
	_, target := w.target("new", &got)
	if _, err := w.place.Restore(ctx, m, target); err != nil || got.String() != "rows 3" {
		t.Fatal(err, got.String())
	}
}

// TestDamaged: what is not as it was is found, whether in the archive when it is copied, or in the backup.
func TestDamaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	bad := w.put("rar fil")
	w.put("hel fil")
	if err := os.WriteFile(filepath.Join(w.dir, "docs", "sha256", bad.SHA256[:2], bad.SHA256[2:]), []byte("rar fiL"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := w.take()
	if !slices.Equal(m.Documents.Damaged, []string{bad.SHA256}) || m.Documents.Number != 1 {
		t.Fatalf("%+v", m.Documents)
	}
	sha := m.Database.SHA256
	at := filepath.Join(w.dir, "backups", "sha256", sha[:2], sha[2:])
	if err := os.WriteFile(at, []byte("rowS"), 0o600); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	_, target := w.target("new", &got)
	if _, err := w.place.Restore(ctx, m, target); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("a damaged database is put back: %v", err)
	}
	if err := os.Remove(at); err != nil {
		t.Fatal(err)
	}
	if _, err := w.place.Restore(ctx, m, target); !errors.Is(err, backup.ErrDamaged) {
		t.Errorf("a missing database is put back: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	if _, err := w.place.Get(ctx, ""); !errors.Is(err, backup.ErrNone) {
		t.Error(err)
	}
	w.take()
	w.mark = "b"
	if _, err := w.place.Take(ctx, w.source(), backup.Options{}); !errors.Is(err, backup.ErrOther) {
		t.Errorf("backups of two archives in one place: %v", err)
	}
	// Where documents are kept is no place for backups.
	w.put("vedtak")
	if _, err := backup.Open(w.docs.Objects, "docs", t.TempDir()).Take(ctx, w.source(), backup.Options{}); err == nil {
		t.Error("backups among the documents")
	}
	if _, err := w.place.Get(ctx, "20200101T000000Z"); !errors.Is(err, backup.ErrNone) {
		t.Error(err)
	}
	if _, err := w.place.Get(ctx, "../x"); err == nil {
		t.Error("a name that is none")
	}
}
