package spool

import (
	"cmp"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

type row struct {
	Key   int
	Place int // in which it was added
	Text  string
	At    time.Time
	Inner struct{ Sum int64 }
}

func byKey(a, b row) int { return cmp.Compare(a.Key, b.Key) }

// Whatever the number in memory, the rows come as a stable sort gives them, as often as they are read.
func TestRowsComeSorted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(-5, 5), 0, 60).Draw(t, "keys")
		w := sized(dir, rapid.IntRange(1, 70).Draw(t, "in memory"), byKey)
		var want []row
		for i, k := range keys {
			r := row{Key: k, Place: i}
			if i%3 > 0 {
				r.Text, r.At, r.Inner.Sum = "tekst æøå", time.UnixMilli(int64(i)*1e9).UTC(), int64(-k)
			}
			want = append(want, r)
			if err := w.Add(r); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, byKey)
		rows, err := w.Rows()
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := rows.List()
			if err != nil || rows.Len() != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%v %d:\n%v, want\n%v", err, rows.Len(), got, want)
			}
		}
		seen := 0
		for range rows.All() { // reading may end before the last
			if seen++; seen > len(want)/2 {
				break
			}
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left on disk: %v %v", left, err)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	w := sized(t.TempDir()+"/missing", 1, byKey)
	if err := w.Add(row{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Add(row{}); err == nil {
		t.Error("a row was kept in a folder that is not there")
	}
	w = sized(t.TempDir(), 1, byKey)
	for i := range 3 {
		if err := w.Add(row{Key: i}); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := w.Rows()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.file.Truncate(w.bytes - 3); err != nil {
		t.Fatal(err)
	}
	if got, err := rows.List(); err == nil {
		t.Errorf("a file cut short gave %v", got)
	}
	var none *Rows[row]
	if list, err := none.List(); none.Len() != 0 || len(list) > 0 || err != nil || none.Close() != nil {
		t.Errorf("nil has rows: %v %v", list, err)
	}
}
