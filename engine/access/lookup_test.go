package access_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/access"
)

func log(n int) (rows []access.Lookup) {
	var former access.Lookup
	for i := range n {
		former = access.Lookup{
			At: noon.Add(time.Duration(i) * time.Minute), Actor: access.Actor{Kind: access.Human, ID: fmt.Sprint("p", i%3)}, Shipment: fmt.Sprint("s", i), Account: "skole",
			What: []access.What{access.WhatRecipient, access.WhatTitle}, Purpose: "ringte inn",
		}.Chained(former)
		rows = append(rows, former)
	}
	return rows
}

// broken is the first row that the chain finds broken; 0: none.
func broken(rows []access.Lookup) int64 {
	var c access.Chain
	for _, l := range rows {
		var b *access.BrokenError
		if err := c.Lookup(l); errors.As(err, &b) {
			return b.Seq
		}
	}
	return 0
}

// TestChainFindsTheFirstBrokenRow: whatever of a row is changed, and whichever row is taken out, put in or moved.
func TestChainFindsTheFirstBrokenRow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := log(rapid.IntRange(2, 8).Draw(t, "rows"))
		if at := broken(rows); at != 0 {
			t.Fatalf("row %d of a whole log is broken", at)
		}
		i := rapid.IntRange(0, len(rows)-1).Draw(t, "row")
		want := int64(i + 1)
		switch rapid.IntRange(0, 10).Draw(t, "fault") {
		case 0:
			rows[i].At = rows[i].At.Add(time.Millisecond)
		case 1:
			rows[i].Actor.ID = "other"
		case 2:
			rows[i].Shipment = "other"
		case 3:
			rows[i].Account = "helse"
		case 4:
			rows[i].What = rows[i].What[:1]
		case 5:
			rows[i].Purpose = "noe annet"
		case 6:
			rows[i].Hash = strings.Repeat("0", 64)
		case 7:
			if i == len(rows)-1 {
				return // what is missing at the end is not told
			}
			rows = slices.Delete(rows, i, i+1)
		case 8:
			rows = slices.Insert(rows, i, rows[i])
			want++
		case 9: // a row rewritten with its hash: the next one does not follow from it
			if i == len(rows)-1 {
				return
			}
			former := access.Lookup{}
			if i > 0 {
				former = rows[i-1]
			}
			rows[i].Purpose = "noe annet"
			rows[i] = rows[i].Chained(former)
			want++
		case 10: // text moved from one column to the next
			rows[i].Shipment, rows[i].Account = rows[i].Shipment+"s", "kole"
		}
		if at := broken(rows); at != want {
			t.Fatalf("row %d is said to be broken, want %d", at, want)
		}
	})
}

// TestChainIsAsWritten pins the bytes: what verifies today must verify in ten years.
func TestChainIsAsWritten(t *testing.T) {
	if got, want := log(2)[1].Hash, "0bff8ec901c286546a2fed33ac11041fb9d6afc4315fad400974d9a2cff3e3ba"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	c := access.Change{At: noon, Actor: access.Actor{Kind: access.CommandLine, ID: "root", For: "kari"}, Subject: "person/x", Before: "", After: "{}", Reason: "ny"}
	if got, want := c.Chained(access.Change{}).Hash, "be6cf900cbb413e53932d390a8e6823639fb5126c976d7f24c2bacde2bf1f1a4"; got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
}

func TestChainOfChanges(t *testing.T) {
	first := access.Change{At: noon, Subject: "person/x", After: "{}", Reason: "ny"}.Chained(access.Change{})
	second := access.Change{At: noon, Subject: "person/x", Before: "{}", After: "{}", Reason: "igjen"}.Chained(first)
	var c access.Chain
	if err := errors.Join(c.Change(first), c.Change(second)); err != nil || c.Seq != 2 || c.Hash != second.Hash {
		t.Errorf("%v, %+v", err, c)
	}
	second.After = "{ }"
	c = access.Chain{Seq: 1, Hash: first.Hash}
	var b *access.BrokenError
	if err := c.Change(second); !errors.As(err, &b) || b.Seq != 2 {
		t.Errorf("%v", err)
	}
}

func TestWords(t *testing.T) {
	got := access.Words([]access.What{access.WhatTitle, access.WhatRecipient, access.WhatTitle, "nytt"})
	if got != "mottaker nytt tittel" {
		t.Errorf("%q", got)
	}
	if again := access.Words(access.ParseWords(got)); again != got {
		t.Errorf("%q", again)
	}
}

func TestBadPurpose(t *testing.T) {
	for purpose, want := range map[string]string{
		"ringte inn": "", "": "is missing", "  ": "is missing", "a\nb": "one line", "02013299997": "fødselsnummer", strings.Repeat("å", 201): "longer",
	} {
		if got := access.BadPurpose(purpose); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", purpose, got, want)
		}
	}
}
