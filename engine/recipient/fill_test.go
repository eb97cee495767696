package recipient_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/archive/archivetest"
	"postgang/engine/find"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestLettersOfBefore are found when they were gone through, which may be stopped and begun again, and by number when there is a key.
func TestLettersOfBefore(t *testing.T) {
	t.Parallel()
	const many = 450
	ctx := t.Context()
	a, err := archive.Open(ctx, archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	err = a.InTx(ctx, func(tx store.Tx) error {
		for n := 1; n <= many; n++ {
			s := archivetest.Shipment(n)
			s.ReceivedAt = archivetest.T0.Add(time.Duration(n) * time.Second)
			s.Submission.Recipient.DigitalID = "02013299997"
			if n == 17 {
				s.Status = shipment.StatusSlettet
			}
			if err := tx.InsertShipment(ctx, s, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	logged := 0
	finder := recipient.Finder{Archive: a, Log: func(context.Context, string) error { logged++; return nil }}
	count := func(q recipient.Query, want int) {
		t.Helper()
		got, err := finder.Find(ctx, access.Scope{All: true}, "ringte", q, find.Filter{})
		if err != nil || len(got) != want {
			t.Errorf("%d letters (%v), want %d", len(got), err, want)
		}
		for i := 1; i < len(got); i++ {
			if got[i].ReceivedAt.After(got[i-1].ReceivedAt) {
				t.Fatalf("letter %d of the list came later than the one before", i)
			}
		}
	}
	name, number := recipient.Query{Name: "aase odegard"}, recipient.Query{Number: "020132 99997"}
	count(name, 0)

	// A letter of today is before those of before, and stopping leaves what was done.
	stopped, cancel := context.WithCancel(ctx)
	if _, err := recipient.Fill(stopped, a, nil, time.Hour, func(int) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	count(name, 200)
	today := archivetest.Shipment(many + 1)
	today.ReceivedAt = archivetest.T0.Add(time.Hour)
	err = a.InTx(ctx, func(tx store.Tx) error {
		return errors.Join(tx.InsertShipment(ctx, today, nil), tx.PutPersons(ctx, recipient.Row(today, nil)))
	})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := recipient.Fill(ctx, a, nil, 0, nil); n != many-200 || err != nil {
		t.Errorf("%d letters were left (%v)", n, err)
	}
	count(name, many) // one is deleted, one is of today
	if n, err := recipient.Fill(ctx, a, nil, 0, nil); n != 0 || err != nil {
		t.Errorf("%d letters again (%v)", n, err)
	}

	// A key that was set later, or changed, has numbers kept anew.
	for _, key := range []string{"a", "b"} {
		finder.Hash = func(n string) string { return strings.Repeat(key, 53) + n }
		filled := func(want bool) {
			t.Helper()
			is, err := store.View(ctx, a, func(r store.Reader) (bool, error) { return recipient.Filled(ctx, r, finder.Hash) })
			if err != nil || is != want {
				t.Errorf("key %s: filled %v (%v), want %v", key, is, err, want)
			}
		}
		filled(false)
		count(number, 0)
		if _, err := recipient.Fill(ctx, a, finder.Hash, 0, nil); err != nil {
			t.Fatal(err)
		}
		filled(true)
		count(number, many-1)
		count(name, many)
	}
	if logged == 0 {
		t.Error("nothing was logged")
	}
}
