package backup_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/backup"
	"postgang/engine/documents"
	"postgang/engine/documents/documentstest"
	"postgang/engine/documents/s3"
	"postgang/engine/documents/sealed"
	"postgang/fixtures/s3server"
)

// TestSealedBuckets: documents that are sealed in a bucket are backed up sealed to another, and put back from there. When the key of a month is
// destroyed, the next backup takes it out of the backups too, and has what was sealed anew.
func TestSealedBuckets(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	ctx := t.Context()
	bucket := func(prefix string) *s3.Bucket {
		t.Helper()
		b, err := s3.Open(s3.Config{
			Endpoint: server.Endpoint, Region: s3server.Region, Bucket: s3server.Bucket, Prefix: prefix, AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey, Scratch: t.TempDir(),
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { b.Close() })
		return b
	}
	text, err := sealed.NewKEK(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	kek, err := sealed.ReadKEK(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)
	over := func(in documents.Objects) *sealed.Store {
		t.Helper()
		s, err := sealed.Open(ctx, in, kek, t.TempDir(), func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	w := newWorld(t)
	w.place = backup.Open(bucket("kopier/"), "kopier", t.TempDir())
	from := bucket("brev/")
	docs := over(from)
	letter, receipt := documentstest.Put(t, docs, []byte("brev")), documentstest.Put(t, docs, []byte("kvittering"))
	take := func() backup.Manifest {
		t.Helper()
		w.now = w.now.Add(time.Minute)
		s := w.source()
		s.Documents, s.Fence = from, from
		m, err := w.place.Take(ctx, s, backup.Options{Secrets: true})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := take()
	if m.Documents.Number != 2 || m.Documents.Added != 2 || len(m.Files) != 2 || len(m.Needed) != 1 {
		t.Fatalf("%+v", m)
	}
	if m = take(); m.Documents.Number != 2 || m.Documents.Added != 0 {
		t.Fatalf("%+v", m.Documents)
	}
	restored := func(name string, m backup.Manifest) *sealed.Store {
		t.Helper()
		var got bytes.Buffer
		d, target := w.target(name, &got)
		if _, err := w.place.Restore(ctx, m, target); err != nil || got.String() != "rows" {
			t.Fatal(err, got.String())
		}
		return over(d.Objects)
	}
	d := restored("new", m)
	documentstest.Get(t, d, letter)
	documentstest.Get(t, d, receipt)

	// The month's letters are erased, and its key destroyed.
	now = time.Date(2026, 10, 20, 12, 0, 0, 0, time.UTC)
	age(t, filepath.Join(server.Folder, "brev", "sealed"))
	if err := docs.Delete(ctx, letter); err != nil {
		t.Fatal(err)
	}
	if _, err := docs.Forget(ctx, "2026-09", func(context.Context, []string) (map[string]bool, map[string]bool, error) {
		return nil, map[string]bool{receipt.SHA256: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	after := take()
	if after.Documents.Number != 1 || after.Documents.Added != 1 {
		t.Fatalf("what was sealed anew is not copied: %+v", after.Documents)
	}
	old := restored("old", m)
	var key *sealed.KeyError
	if _, err := old.Open(ctx, letter); !errors.As(err, &key) {
		t.Errorf("an erased letter is read from a backup: %v", err)
	}
	documentstest.Get(t, old, receipt)
	documentstest.Get(t, restored("newest", after), receipt)
	if p, err := w.place.Prune(ctx, backup.Keep{Number: 1}, w.now, false); err != nil || len(p.Backups) != 2 {
		t.Errorf("%+v %v", p, err)
	}
}
