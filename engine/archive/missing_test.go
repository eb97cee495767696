package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"postgang/engine/archive/archivetest"
	"postgang/engine/archive/database"
	"postgang/engine/documents"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/judges"
)

// TestMissingIsNoNewArchive: an archive that must be there and is not is an error, and nothing is made.
func TestMissingIsNoNewArchive(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		for range 2 {
			a, err := Open(t.Context(), Config{DSN: dsn, MustExist: true})
			if !errors.Is(err, database.ErrMissing) {
				if err == nil {
					a.Close()
				}
				t.Fatalf("opened: %v", err)
			}
		}
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("a file was made: %v", err)
			}
		}
		openAt(t, Config{DSN: dsn}).Close()
		openAt(t, Config{DSN: dsn, MustExist: true}).Close()
	})
}

// TestDamaged: what is no whole SQLite file is damaged, never new.
func TestDamaged(t *testing.T) {
	t.Parallel()
	whole := filepath.Join(t.TempDir(), "a.db")
	a := openAt(t, Config{DSN: "sqlite:" + whole})
	if found, err := a.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("a new archive has damage: %v, %v", found, err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty":      {},
		"cut short":  good[:len(good)/2],
		"a few":      good[:10],
		"text":       []byte(strings.Repeat("dette er ingen database\n", 1000)),
		"zeros":      make([]byte, len(good)),
		"head alone": good[:100],
	} {
		path := filepath.Join(t.TempDir(), "b.db")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(t.Context(), Config{DSN: "sqlite:" + path, MustExist: true})
		if err == nil {
			a.Close()
		}
		if !errors.Is(err, database.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(data) {
			t.Errorf("%s: the file was changed (%v)", name, err)
		}
	}
}

// TestCheckFindsDamage in the middle of a file that opens.
func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	a := openAt(t, Config{DSN: "sqlite:" + path})
	err := a.InTx(t.Context(), func(tx store.Tx) error {
		for i := range 400 {
			s := archivetest.Shipment(i + 1)
			if err := tx.InsertShipment(t.Context(), s, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err := errors.Join(err, a.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for at := len(data) - 20*page; at < len(data); at += 2 * page {
		copy(data[at:at+page], strings.Repeat("\xff", page))
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := Open(t.Context(), Config{DSN: "sqlite:" + path, MustExist: true})
	if err != nil {
		if !errors.Is(err, database.ErrDamaged) {
			t.Fatal(err)
		}
		return // found at once
	}
	defer b.Close()
	if found, err := b.Check(t.Context()); err == nil && len(found) == 0 || err != nil && !errors.Is(err, database.ErrDamaged) {
		t.Errorf("found %v, %v", found, err)
	}
}

// TestNewDatabaseIsPrivate whatever the umask.
func TestNewDatabaseIsPrivate(t *testing.T) {
	dir := t.TempDir() // not in parallel: the umask is the whole process's
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	a := openAt(t, Config{DSN: "sqlite:" + filepath.Join(dir, "a.db")})
	defer a.Close()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 3 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v (%v)", f.Name(), info.Mode(), err)
		}
	}
}

// TestLocksFollowLinks: who names the database through a link takes the same locks.
func TestLocksFollowLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := openAt(t, Config{DSN: "sqlite:" + filepath.Join(dir, "a.db")})
	defer a.Close()
	elsewhere := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "a.db"), filepath.Join(elsewhere, "b.db")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(elsewhere, "d")); err != nil {
		t.Fatal(err)
	}
	_, release, err := a.Lock(t.Context(), "night")
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for _, name := range []string{"b.db", "d/a.db"} {
		b := openAt(t, Config{DSN: "sqlite:" + filepath.Join(elsewhere, name), MustExist: true})
		if _, _, err := b.Lock(t.Context(), "night"); !errors.Is(err, store.ErrLocked) {
			t.Errorf("%s: %v", name, err)
		}
		b.Close()
	}
	if err := os.Symlink("borte.db", filepath.Join(elsewhere, "c.db")); err != nil {
		t.Fatal(err)
	}
	if a, err := Open(t.Context(), Config{DSN: "sqlite:" + filepath.Join(elsewhere, "c.db")}); err == nil {
		a.Close()
		t.Error("a link to nothing was taken for a new archive")
	}
}

// TestDocumentsBelong: the folder of documents is the archive's own, or nothing is opened.
func TestDocumentsBelong(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		ctx := t.Context()
		a := openAt(t, Config{DSN: dsn})
		defer a.Close()
		identify := func(a *Archive, id string) {
			t.Helper()
			if err := a.InTx(ctx, func(tx store.Tx) error { return tx.SetSetting(ctx, store.SettingIdentity, id) }); err != nil {
				t.Fatal(err)
			}
		}
		start := func(a *Archive, path string) error {
			d, err := a.OpenDocuments(ctx, path)
			if err != nil {
				return err
			}
			defer d.Close()
			return a.ClaimDocuments(ctx, d)
		}
		mine := filepath.Join(t.TempDir(), "dokumenter")
		if d, err := a.OpenDocuments(ctx, mine); err != nil { // killed before it had an identity
			t.Fatal(err)
		} else {
			d.Close()
		}
		identify(a, "00000000-0000-4000-8000-000000000001")
		for range 2 {
			if err := start(a, mine); err != nil {
				t.Fatal(err)
			}
		}
		mark, err := os.ReadFile(filepath.Join(mine, markName))
		if err != nil || strings.Contains(string(mark), "00000000-0000-4000") {
			t.Errorf("mark %q: %v", mark, err)
		}
		refused := func(what string, err error) {
			t.Helper()
			if !errors.Is(err, ErrDocuments) {
				t.Errorf("%s: %v", what, err)
			}
		}
		gone := filepath.Join(t.TempDir(), "borte")
		refused("missing", start(a, gone))
		if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the missing folder was made: %v", err)
		}
		refused("empty", start(a, t.TempDir()))

		other := openAt(t, Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "b.db")})
		defer other.Close()
		refused("another's, new archive", start(other, mine))
		identify(other, "00000000-0000-4000-8000-000000000002")
		refused("another's", start(other, mine))

		// Of an archive from before there were marks: documents and rows are there, and are marked.
		if err := other.InTx(ctx, func(tx store.Tx) error {
			return tx.InsertShipment(ctx, archivetest.Shipment(1), []shipment.Document{archivetest.Document(1, 0)})
		}); err != nil {
			t.Fatal(err)
		}
		old := filepath.Join(t.TempDir(), "gamle")
		d, err := documents.OpenDir(old)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Put(ctx, strings.NewReader("dokument")); err != nil {
			t.Fatal(err)
		}
		d.Close()
		if err := start(other, old); err != nil {
			t.Errorf("of an older version: %v", err)
		}
		if _, err := os.Stat(filepath.Join(old, markName)); err != nil {
			t.Error(err)
		}
		if err := os.Remove(filepath.Join(old, markName)); err != nil {
			t.Fatal(err)
		}
		refused("restored without its mark", start(other, old))
		d, err = documents.OpenDir(old)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if looked, missing, err := other.MissingDocuments(ctx, d, 10); looked != 1 || missing != 1 || err != nil {
			t.Errorf("looked for %d, missing %d, %v", looked, missing, err)
		}
		if err := other.AdoptDocuments(ctx, d); err != nil {
			t.Fatal(err)
		}
		if err := start(other, old); err != nil {
			t.Errorf("adopted: %v", err)
		}
	})
}

// TestDiskFullIsSaid: on a disk without room SQLite says that the disk fails, or that a file cannot grow.
func TestDiskFullIsSaid(t *testing.T) {
	judges.NeedRoot(t)
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		judges.Lacks(t, judges.Mounting, fmt.Sprintf("no disk can be mounted here: %v", err))
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	fill := func() {
		f, err := os.OpenFile(filepath.Join(dir, "fill"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for b := make([]byte, 4096); err == nil; _, err = f.Write(b) {
		}
	}
	dsn := "sqlite:" + filepath.Join(dir, "a.db")
	a, err := Open(t.Context(), Config{DSN: dsn})
	if err != nil {
		t.Fatal(err)
	}
	fill()
	for i := 0; i < 500 && err == nil; i++ {
		err = a.InTx(t.Context(), func(tx store.Tx) error {
			return tx.InsertShipment(context.Background(), archivetest.Shipment(i+1), nil)
		})
	}
	if !errors.Is(err, database.ErrDiskFull) {
		t.Errorf("writing: %v", err)
	}
	if err := a.Close(); err != nil {
		t.Logf("close: %v", err)
	}
	fill()
	b, err := Open(t.Context(), Config{DSN: dsn, MustExist: true})
	if err == nil {
		b.Close() // its shared memory had room
	} else if !errors.Is(err, database.ErrDiskFull) {
		t.Errorf("opening: %v", err)
	}
}
