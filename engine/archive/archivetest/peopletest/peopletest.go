// Package peopletest is the part of the archive's conformance suite that is about persons, their roles, and the logs of changes and
// look-ups.
package peopletest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/store"
)

// suite is one test with a fresh archive.
type suite struct {
	testing.TB
	ctx context.Context
	a   store.Archive
}

func (s *suite) must(fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.a.InTx(s.ctx, fn); err != nil {
		s.Fatal(err)
	}
}

// refuse wants an error; nil: any.
func (s *suite) refuse(want error, fn func(tx store.Tx) error) {
	s.Helper()
	if err := s.a.InTx(s.ctx, fn); err == nil || want != nil && !errors.Is(err, want) {
		s.Errorf("got %v, want %v", err, want)
	}
}

func (s *suite) view(fn func(r store.Reader) error) {
	s.Helper()
	if err := s.a.View(s.ctx, fn); err != nil {
		s.Fatal(err)
	}
}

func (s *suite) same(got, want any) {
	s.Helper()
	if d := gocmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		s.Fatalf("differs (-want +got):\n%s", d)
	}
}

// Exercise tries what access.Reader and access.Writer promise of persons and logs, on a new, empty archive.
func Exercise(t testing.TB, a store.Archive) {
	s := &suite{t, t.Context(), a}
	persons(s)
	lookups(s)
}

// persons are who may log in, and the log of what was changed of them.
func persons(s *suite) {
	kari := access.Person{ID: archivetest.ID(1), Name: "Kari Nordmann", Issuer: "https://idp/", Subject: "sub-1", Created: archivetest.T0, Grants: []access.Grant{
		{Role: access.RoleOperator}, {Role: access.RoleCaseWorker, Account: "skole"}, {Role: access.RoleCaseWorker, Organisation: "bergvik"}}}
	ola := access.Person{ID: archivetest.ID(2), Name: "Ola", Number: archivetest.Sha(1), Created: archivetest.T0.Add(time.Second)}
	by := access.Actor{Kind: access.CommandLine, ID: "root", For: "per"}
	put := func(p access.Person, reason string) func(tx store.Tx) error {
		return func(tx store.Tx) error { return tx.PutPerson(access.As(s.ctx, by), p, reason) }
	}
	s.must(put(ola, "ny"))
	s.must(put(kari, "også ny"))
	kari.Grants = access.Sorted(kari.Grants)
	find := func(issuer, subject, number string) (id string) {
		s.view(func(r store.Reader) error {
			p, err := r.PersonBy(s.ctx, issuer, subject, number)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			id = p.ID
			return err
		})
		return id
	}
	s.view(func(r store.Reader) error {
		all, err := r.People(s.ctx)
		s.same(all, []access.Person{kari, ola})
		one, err2 := r.Person(s.ctx, kari.ID)
		s.same(one, kari)
		_, none := r.Person(s.ctx, archivetest.ID(3))
		s.same(errors.Is(none, store.ErrNotFound), true)
		return errors.Join(err, err2)
	})
	for _, c := range []struct{ issuer, subject, number, want string }{
		{"https://idp/", "sub-1", "", kari.ID},
		{"https://idp/", "sub-1", archivetest.Sha(1), kari.ID}, // who is known goes before who is invited
		{"https://other/", "sub-1", "", ""},
		{"https://idp/", "sub-9", archivetest.Sha(1), ola.ID},
		{"https://idp/", "sub-9", archivetest.Sha(2), ""},
		{"", "", "", ""},
	} {
		s.same(find(c.issuer, c.subject, c.number), c.want)
	}
	s.must(func(tx store.Tx) error { return tx.RecordLogin(s.ctx, ola.ID) })
	s.refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.RecordLogin(s.ctx, archivetest.ID(3)) })
	same := ola
	same.ID = archivetest.ID(4)
	s.refuse(store.ErrExists, put(same, "twice"))
	same = kari
	same.ID = archivetest.ID(4)
	s.refuse(store.ErrExists, put(same, "twice"))

	bound, err := ola.Bind("https://idp/", "sub-9")
	s.same(err, nil)
	s.must(put(bound, "første innlogging"))
	s.same(find("https://idp/", "sub-9", ""), ola.ID)
	s.same(find("https://idp/", "sub-8", archivetest.Sha(1)), "") // bound: the number finds nobody any more
	bound.Ended = archivetest.T0.Add(time.Hour)
	s.must(put(bound, "sluttet"))
	s.same(find("https://idp/", "sub-9", archivetest.Sha(1)), "")
	again := ola
	again.ID = archivetest.ID(5)
	s.must(put(again, "tilbake"))
	s.same(find("https://idp/", "sub-9", archivetest.Sha(1)), again.ID)
	s.view(func(r store.Reader) error {
		p, err := r.Person(s.ctx, ola.ID)
		s.same(p.LastLogin.IsZero() || p.Ended.IsZero(), false) // a log-in is kept through changes
		return err
	})

	s.view(func(r store.Reader) error {
		all, err := r.Changes(s.ctx, access.LogFilter{})
		s.same(len(all), 5)
		var chain access.Chain
		oldest, err2 := r.Changes(s.ctx, access.LogFilter{Oldest: true})
		for _, c := range oldest {
			s.same(chain.Change(c), nil)
		}
		s.same(chain.Seq, int64(5))
		of, err3 := r.Changes(s.ctx, access.LogFilter{Subject: access.SubjectOf(ola.ID), Actor: by.String()})
		s.same(len(of), 3)
		s.same([]string{of[0].Reason, of[2].Reason, of[2].Before}, []string{"sluttet", "ny", ""})
		s.same(of[1].Actor, by)
		s.same(strings.Contains(of[1].After, "sub-9") && !strings.Contains(of[1].Before, "sub-9"), true)
		s.same(strings.Contains(of[1].After, archivetest.Sha(1)), false)
		return errors.Join(err, err2, err3)
	})
	// What was not stored was not recorded.
	s.refuse(nil, func(tx store.Tx) error {
		return errors.Join(tx.PutPerson(access.As(s.ctx, by), kari, "y"), errors.New("undo"))
	})
	s.refuse(nil, put(kari, ""))
	s.view(func(r store.Reader) error {
		all, err := r.Changes(s.ctx, access.LogFilter{Limit: 1})
		s.same(all[0].Seq, int64(5))
		return err
	})
}

// lookups are the innsynslogg.
func lookups(s *suite) {
	kari, ola := access.Actor{Kind: access.Human, ID: archivetest.ID(1)}, access.Actor{Kind: access.CommandLine, ID: "ola"}
	var added []access.Lookup
	for i, l := range []access.Lookup{
		{Actor: kari, Shipment: archivetest.ID(7), Account: "skole", What: []access.What{access.WhatTitle, access.WhatRecipient, access.WhatTitle}, Purpose: "ringte – Åse"},
		{Actor: ola, Shipment: archivetest.ID(7), Account: "skole", What: []access.What{access.WhatPages}, Purpose: "feil adresse"},
		{Actor: kari, Shipment: archivetest.ID(8), Account: "helse", What: []access.What{access.WhatDocuments}, Purpose: "innsyn"},
		{Actor: kari, What: []access.What{access.WhatSearch}, Purpose: "leter"},
	} {
		s.must(func(tx store.Tx) error {
			row, err := tx.AddLookup(s.ctx, l)
			s.same([]any{row.Seq, row.At}, []any{int64(i + 1), tx.Now()})
			added = append(added, row)
			return err
		})
	}
	read := func(f access.LogFilter) (rows []access.Lookup) {
		s.view(func(r store.Reader) (err error) { rows, err = r.Lookups(s.ctx, f); return err })
		return rows
	}
	seqs := func(f access.LogFilter) (out []int64) {
		for _, l := range read(f) {
			out = append(out, l.Seq)
		}
		return out
	}
	oldest := read(access.LogFilter{Oldest: true})
	s.same(oldest, added)
	s.same(oldest[0].What, []access.What{access.WhatRecipient, access.WhatTitle})
	var chain access.Chain
	for _, l := range oldest {
		s.same(chain.Lookup(l), nil)
	}
	for _, c := range []struct {
		f    access.LogFilter
		want []int64
	}{
		{access.LogFilter{}, []int64{4, 3, 2, 1}},
		{access.LogFilter{Limit: 2}, []int64{4, 3}},
		{access.LogFilter{Limit: 2, After: 3}, []int64{2, 1}},
		{access.LogFilter{Limit: 2, After: 1, Oldest: true}, []int64{2, 3}},
		{access.LogFilter{Actor: kari.String()}, []int64{4, 3, 1}},
		{access.LogFilter{Shipment: archivetest.ID(7)}, []int64{2, 1}},
		{access.LogFilter{Scope: &access.Scope{Accounts: []string{"helse", "plan"}}}, []int64{3}},
		{access.LogFilter{Scope: &access.Scope{All: true}}, []int64{4, 3, 2, 1}},
		{access.LogFilter{Scope: &access.Scope{}}, nil},
		{access.LogFilter{From: added[0].At, To: added[3].At.Add(time.Millisecond)}, []int64{4, 3, 2, 1}},
		{access.LogFilter{To: added[0].At}, nil},
	} {
		s.same(seqs(c.f), c.want)
	}
	s.refuse(nil, func(tx store.Tx) error {
		_, err := tx.AddLookup(s.ctx, access.Lookup{What: []access.What{access.WhatTitle}, Purpose: "nobody"})
		return err
	})
}
