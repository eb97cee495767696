package access

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/identity"
)

// What is what of a letter a person may look up.
type What string

// What there is to look up. They stand in the archive: never rename one.
const (
	WhatRecipient What = "mottaker"   // name, address, digital id
	WhatTitle     What = "tittel"     // what the letter is called
	WhatDocuments What = "dokumenter" // the documents, with their file names
	WhatPages     What = "sider"      // the pages as they are printed, or were handed in
	WhatSearch    What = "sok"        // letters were looked for by a name, an address or a number
)

// Lookup (oppslag) is a row of the innsynslogg: a person has seen personal data of a letter. It holds no such data itself. The log is
// apart from technical logs and is only added to. Its term is its own and not the letter's: five years after the look-up, so that a
// recipient can ask who looked after the letter is deleted.
type Lookup struct {
	Seq      int64     // from 1, without gaps
	At       time.Time // UTC, whole milliseconds
	Actor    Actor
	Shipment string // its id; empty: many were looked through (WhatSearch)
	Account  string // of the shipment; empty with it
	What     []What // at least one
	Purpose  string // why, one line without personal data, see BadPurpose
	// Hash covers all of the row, and the Hash of the row before.
	Hash string
}

// BadPurpose says what is wrong with the purpose of a look-up; empty: nothing.
func BadPurpose(s string) string {
	if strings.TrimSpace(s) == "" {
		return "the purpose is missing: say in a few words why the letter is looked up, without personal data"
	}
	if why := identity.BadNote(s); why != "" {
		return "the purpose " + why
	}
	return ""
}

// Words are what was looked up as the archive keeps it: sorted, each once, a space between.
func Words(list []What) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " ")
}

// ParseWords reads what Words wrote, also words that only a newer program knows.
func ParseWords(words string) []What {
	var list []What
	for w := range strings.FieldsSeq(words) {
		list = append(list, What(w))
	}
	return list
}

// SubjectOfAccount names an account, by its key, as the subject of a change of its settings.
func SubjectOfAccount(key string) string { return subjectAccount + key }

// AccountOf is the account that a change is of; false: it is of none.
func AccountOf(subject string) (key string, ok bool) {
	return strings.CutPrefix(subject, subjectAccount)
}

const subjectAccount = "konto/"

// Chained is the row with its number and hash, as the next one after another; the zero Lookup is before the first.
func (l Lookup) Chained(former Lookup) Lookup {
	l.Seq = former.Seq + 1
	l.Hash = l.hash(former.Hash)
	return l
}

func (l Lookup) hash(former string) string {
	return linked(former, strconv.FormatInt(l.Seq, 10), strconv.FormatInt(l.At.UnixMilli(), 10), l.Actor.String(), l.Shipment, l.Account, Words(l.What), l.Purpose)
}

// Change is a row of the log of changes: who may what was changed, a person or an integration, or what is set of an account, or somebody
// did something about money, an alarm or a run. Before and After are the state as JSON, without fødselsnummer.
type Change struct {
	Seq     int64     // from 1, without gaps
	At      time.Time // UTC, whole milliseconds
	Actor   Actor
	Subject string // what was changed, see SubjectOf and engine/change
	Before  string // empty: it was not there
	After   string
	Reason  string // one line without personal data
	Hash    string // as Lookup.Hash
}

// SubjectOf names a person as the subject of a change.
func SubjectOf(person string) string { return Actor{Kind: Human, ID: person}.String() }

// Chained is as Lookup.Chained.
func (c Change) Chained(former Change) Change {
	c.Seq = former.Seq + 1
	c.Hash = c.hash(former.Hash)
	return c
}

func (c Change) hash(former string) string {
	return linked(former, strconv.FormatInt(c.Seq, 10), strconv.FormatInt(c.At.UnixMilli(), 10), c.Actor.String(), c.Subject, c.Before, c.After, c.Reason)
}

// linked is the hash of a row: SHA-256, lower-case hex, over the hash of the row before and the row's values, each with its length
// before it, so that no two rows have the same bytes.
func linked(former string, values ...string) string {
	h := sha256.New()
	for _, v := range append([]string{former}, values...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(v))))
		h.Write([]byte(v))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Chain verifies a log row by row, from the first on. The zero Chain has seen none. It cannot tell that rows are missing at the end:
// whoever wants to know that keeps Seq and Hash of the last row elsewhere.
type Chain struct {
	Seq  int64  // of the last row; 0: there was none
	Hash string // of the last row
}

// BrokenError says which row of a log is the first that is not as it was written.
type BrokenError struct {
	Seq int64 // the row that should be there
	Why string
}

func (e *BrokenError) Error() string { return fmt.Sprintf("row %d %s", e.Seq, e.Why) }

// Lookup takes the next row of the innsynslogg. A [*BrokenError] names the first row that is broken; nothing after it can be trusted.
func (c *Chain) Lookup(l Lookup) error { return c.row(l.Seq, l.hash(c.Hash), l.Hash) }

// Change takes the next row of the log of changes, as Lookup does.
func (c *Chain) Change(g Change) error { return c.row(g.Seq, g.hash(c.Hash), g.Hash) }

func (c *Chain) row(seq int64, want, hash string) error {
	switch {
	case seq != c.Seq+1:
		return &BrokenError{c.Seq + 1, "is missing"}
	case hash != want:
		return &BrokenError{seq, "was changed, or the row before it, since it was written"}
	}
	c.Seq, c.Hash = seq, hash
	return nil
}
