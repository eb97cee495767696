// Package peopletest is the part of the archive's conformance suite that is about persons, their roles, and the logs of changes and
// look-ups.
package peopletest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/archive/archivetest"
	"postgang/engine/change"
	"postgang/engine/login"
	"postgang/engine/party"
	"postgang/engine/store"
)

// Exercise tries what access.Reader and access.Writer promise of persons and logs, on a new, empty archive.
func Exercise(t testing.TB, a store.Archive) {
	s := &archivetest.Suite{TB: t, Ctx: t.Context(), Archive: a}
	persons(s)
	changesOfOthers(s)
	lookups(s)
	settings(s)
	otherChanges(s)
}

// otherChanges are of subjects of which no method of its own stores the change, and of alarms.
func otherChanges(s *archivetest.Suite) {
	kari := access.Actor{Kind: access.Human, ID: archivetest.ID(1)}
	by := access.As(s.Ctx, kari)
	var former access.Change
	s.View(func(r store.Reader) error {
		list, err := r.Changes(s.Ctx, access.LogFilter{Limit: 1})
		former = list[0]
		return err
	})
	first := change.Of(change.Invoice, "å", nil, change.Facts{"state": "taken", "net": "-12", "number": "02013299997"}, "avstemt\x00")
	first.Seq, first.Actor, first.Hash = 99, access.Actor{Kind: access.CommandLine, ID: "ola"}, "x"
	s.Must(func(tx store.Tx) error {
		return errors.Join(
			tx.AddChange(by, first),
			tx.AddChange(by, change.Of(change.Invoice, "b", change.Facts{}, nil, "igjen")),
			tx.AddChange(s.Ctx, access.Change{Subject: "fakturaer/b", Reason: "en annen slags"}),
		)
	})
	s.Refuse(nil, func(tx store.Tx) error { return tx.AddChange(by, change.Of(change.Invoice, "c", nil, nil, "")) }) // no reason
	s.Must(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "disk:documents", alarm.Args{"mb": "1"}) })
	for _, reason := range []string{"bestilt", "kommet"} {
		s.Must(func(tx store.Tx) error { return tx.AckAlarm(by, "disk:documents", reason) })
	}
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.AckAlarm(by, "disk:other", "x") })
	s.View(func(r store.Reader) error {
		list, err := r.Changes(s.Ctx, access.LogFilter{Subject: string(change.Invoice)})
		s.Same([]any{len(list), list[1].Seq, list[1].Subject, list[1].Actor, list[1].Before, list[1].Reason, list[0].Before}, []any{2, former.Seq + 1, "faktura/å", kari, "", "avstemt\uFFFD", "{}"})
		s.Same(list[1].After, `{"net":"-12","number":"«11 sifre»","state":"taken"}`)
		one, err2 := r.Changes(s.Ctx, access.LogFilter{Subject: string(change.Invoice) + "å"})
		s.Same(len(one), 1)
		known, err3 := r.Changes(s.Ctx, access.LogFilter{Subject: string(change.Alarm)})
		s.Same([]any{len(known), known[0].Subject, known[0].Actor, known[0].Reason, known[1].Reason}, []any{2, "varsel/disk:documents", kari, "kommet", "bestilt"})
		s.Same([]bool{strings.Contains(known[1].Before, `"state":"open"`), strings.Contains(known[1].After, `"state":"known"`), strings.Contains(known[0].Before, `"reason":"bestilt"`)}, []bool{true, true, true})
		var chain access.Chain
		oldest, err4 := r.Changes(s.Ctx, access.LogFilter{Oldest: true})
		for _, c := range oldest {
			s.Same(chain.Change(c), nil)
		}
		s.Same(chain.Seq, former.Seq+5)
		return errors.Join(err, err2, err3, err4)
	})
}

// settings are what somebody set of accounts: only added to, numbered through all accounts, and in the log of changes.
func settings(s *archivetest.Suite) {
	by := access.Actor{Kind: access.Human, ID: archivetest.ID(1)}
	name, none := "Ny skole", ""
	add := func(v party.Version, before party.Change) (got party.Version) {
		s.Must(func(tx store.Tx) (err error) {
			got, err = tx.AddVersion(access.As(s.Ctx, by), v, before)
			s.Same(got.Made, tx.Now())
			return err
		})
		return got
	}
	first := add(party.Version{Account: "skole", From: "2026-12-01", Reason: "nytt navn", Change: party.Change{Sender: &party.Letterhead{Name: name, Postcode: "5003", City: "Bærum"}}},
		party.Change{Sender: &party.Letterhead{Name: "Gammel skole", Postcode: "5003", City: "Bærum"}})
	second := add(party.Version{Account: "helse", From: "2026-12-02", Reason: "uten tekst", Change: party.Change{Text: &none, Logo: &none, Deadline: &party.Deadline{Workdays: 3}}}, party.Change{})
	s.Same([]int{first.Number, second.Number}, []int{1, 2})
	s.Same(first.By, by)
	s.View(func(r store.Reader) error {
		all, err := r.Versions(s.Ctx, "")
		s.Same(all, []party.Version{first, second})
		of, err2 := r.Versions(s.Ctx, "helse")
		s.Same(of, []party.Version{second})
		nobody, err3 := r.Versions(s.Ctx, "skatt")
		s.Same(len(nobody), 0)
		log, err4 := r.Changes(s.Ctx, access.LogFilter{Subject: access.SubjectOfAccount("skole")})
		s.Same(len(log), 1)
		s.Same(log[0].Actor, by)
		s.Same([]bool{strings.Contains(log[0].Before, "Gammel"), strings.Contains(log[0].After, name), strings.HasSuffix(log[0].Reason, "nytt navn")}, []bool{true, true, true})
		var c access.Chain
		whole, err5 := r.Changes(s.Ctx, access.LogFilter{Oldest: true})
		for _, row := range whole {
			err5 = errors.Join(err5, c.Change(row))
		}
		return errors.Join(err, err2, err3, err4, err5)
	})
	s.Refuse(nil, func(tx store.Tx) error {
		_, err := tx.AddVersion(s.Ctx, party.Version{Account: "skole", From: "2026-12-01", Reason: "ingen", Change: first.Change}, party.Change{})
		return err
	})

	picture := []byte{0, 1, 2, 0xFF}
	var sha, again string
	s.Must(func(tx store.Tx) (err error) { sha, err = tx.PutLogo(s.Ctx, picture); return err })
	s.Must(func(tx store.Tx) (err error) { again, err = tx.PutLogo(s.Ctx, picture); return err })
	s.Same(again, sha)
	s.View(func(r store.Reader) error {
		got, err := r.Logo(s.Ctx, sha)
		s.Same(got, picture)
		_, missing := r.Logo(s.Ctx, archivetest.Sha(9))
		s.Same(errors.Is(missing, store.ErrNotFound), true)
		return err
	})

	// A letter keeps the versions that it was prepared with.
	used := map[string]int{"sender": 1, "text": 2}
	s.Put(nil, 1)
	s.Must(func(tx store.Tx) error {
		v, err := tx.Shipment(s.Ctx, archivetest.ID(1))
		if err != nil {
			return err
		}
		s.Same(v.Settings, map[string]int(nil))
		v.Settings = used
		return tx.UpdateShipment(s.Ctx, v)
	})
	s.View(func(r store.Reader) error {
		v, err := r.Shipment(s.Ctx, archivetest.ID(1))
		s.Same(v.Settings, used)
		return err
	})
}

// changesOfOthers are those of integrations, of log-in names and of sessions; persons has made five before.
func changesOfOthers(s *archivetest.Suite) {
	by := access.As(s.Ctx, access.Actor{Kind: access.Human, ID: archivetest.ID(1)})
	acos, _, err := access.New("acos", "974760673", []string{"skole"}, archivetest.T0)
	s.Same(err, nil)
	s.Must(func(tx store.Tx) error { return tx.PutIntegration(by, acos, "nytt fagsystem") })
	acos.Rotate(archivetest.T0.Add(time.Hour), archivetest.T0.Add(2*time.Hour))
	acos.Accounts = []string{"skole", "helse"}
	s.Must(func(tx store.Tx) error { return tx.PutIntegration(by, acos, "passordet kom bort") })
	other := acos
	other.ID = archivetest.ID(77)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.PutIntegration(by, other, "samme navn") })
	s.Refuse(nil, func(tx store.Tx) error { return tx.PutIntegration(by, acos, "") })
	s.View(func(r store.Reader) error {
		list, err := r.Changes(s.Ctx, access.LogFilter{Subject: access.IntegrationSubject(acos.ID)})
		s.Same([]any{len(list), list[0].Seq, list[0].Reason, list[0].Actor.ID, list[1].Before}, []any{2, int64(7), "passordet kom bort", archivetest.ID(1), ""})
		s.Same(list[0].Before, list[1].After)
		for _, c := range list {
			s.Same(strings.Contains(c.Before+c.After, "sha256"), false)
		}
		d, err2 := list[0].Difference()
		s.Same(d, access.Difference{Rotated: true, FormerUntil: archivetest.T0.Add(2 * time.Hour), AccountsGiven: []string{"helse"}})
		return errors.Join(err, err2)
	})

	// A log-in name is one living person's.
	person := func(id string) (p access.Person) {
		s.View(func(r store.Reader) (err error) { p, err = r.Person(s.Ctx, id); return err })
		return p
	}
	kari, gone := person(archivetest.ID(1)), person(archivetest.ID(2))
	again := person(archivetest.ID(5))
	kari.Login, gone.Login, again.Login = "kari", "kari", "kari"
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.PutPerson(by, gone, "sto åpent"), tx.PutPerson(by, kari, "drifter maskinen"))
	})
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.PutPerson(by, again, "samme navn") })
	s.Same(person(kari.ID), kari)
	s.View(func(r store.Reader) error {
		names, err := r.ActorNames(s.Ctx)
		s.Same(names, map[string]string{
			"person/" + kari.ID: "Kari Nordmann", "person/" + gone.ID: "Ola", "person/" + again.ID: "Ola", "kommando/kari": "Kari Nordmann", "integrasjon/" + acos.ID: "acos",
		})
		return err
	})

	// Sessions of persons, and not of others who log in.
	var now time.Time
	s.Must(func(tx store.Tx) error {
		now = tx.Now()
		var errs []error
		for i, v := range []struct {
			subject string
			began   time.Duration // before now
		}{{"sub-1", time.Hour}, {"sub-1", time.Minute}, {"sub-9", time.Minute}, {"a recipient", time.Minute}, {"sub-1", 11 * time.Hour}} {
			errs = append(errs, tx.InsertSession(s.Ctx, login.Session{Token: archivetest.Sha(500 + i), Issuer: "https://idp/", Subject: v.subject, Began: now.Add(-v.began), Last: now.Add(-time.Minute)}))
		}
		return errors.Join(errs...)
	})
	open := func() (tokens []string) {
		s.View(func(r store.Reader) error {
			list, err := r.SessionsOfPeople(s.Ctx)
			for _, v := range list {
				tokens = append(tokens, v.Token)
			}
			return err
		})
		return tokens
	}
	s.Same(open(), []string{archivetest.Sha(501), archivetest.Sha(500), archivetest.Sha(504)}) // who is ended has none
	end := func(person string) (n int) {
		s.Must(func(tx store.Tx) (err error) { n, err = tx.EndSessionsOf(by, person, "mistet PC-en"); return err })
		return n
	}
	s.Same([]int{end(kari.ID), end(kari.ID), end(again.ID)}, []int{2, 0, 0}) // 504 was over by itself
	s.Same(open(), []string{archivetest.Sha(504)})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { _, err := tx.EndSessionsOf(by, archivetest.ID(99), "x"); return err })
	s.View(func(r store.Reader) error {
		list, err := r.Changes(s.Ctx, access.LogFilter{Limit: 2})
		first, err2 := list[0].Difference()
		second, err3 := list[1].Difference()
		s.Same([]access.Difference{first, second}, []access.Difference{{SessionsEnded: 2}, {Tied: true}})
		var chain access.Chain
		oldest, err4 := r.Changes(s.Ctx, access.LogFilter{Oldest: true})
		for _, c := range oldest {
			s.Same(chain.Change(c), nil)
		}
		s.Same(chain.Seq, int64(10))
		return errors.Join(err, err2, err3, err4)
	})
}

// persons are who may log in, and the log of what was changed of them.
func persons(s *archivetest.Suite) {
	kari := access.Person{ID: archivetest.ID(1), Name: "Kari Nordmann", Issuer: "https://idp/", Subject: "sub-1", Created: archivetest.T0, Grants: []access.Grant{
		{Role: access.RoleOperator}, {Role: access.RoleCaseWorker, Account: "skole"}, {Role: access.RoleCaseWorker, Organisation: "bergvik"}}}
	ola := access.Person{ID: archivetest.ID(2), Name: "Ola", Number: archivetest.Sha(1), Created: archivetest.T0.Add(time.Second)}
	by := access.Actor{Kind: access.CommandLine, ID: "root", For: "per"}
	put := func(p access.Person, reason string) func(tx store.Tx) error {
		return func(tx store.Tx) error { return tx.PutPerson(access.As(s.Ctx, by), p, reason) }
	}
	s.Must(put(ola, "ny"))
	s.Must(put(kari, "også ny"))
	kari.Grants = access.Sorted(kari.Grants)
	find := func(issuer, subject, number string) (id string) {
		s.View(func(r store.Reader) error {
			p, err := r.PersonBy(s.Ctx, issuer, subject, number)
			if errors.Is(err, store.ErrNotFound) {
				return nil
			}
			id = p.ID
			return err
		})
		return id
	}
	s.View(func(r store.Reader) error {
		all, err := r.People(s.Ctx)
		s.Same(all, []access.Person{kari, ola})
		one, err2 := r.Person(s.Ctx, kari.ID)
		s.Same(one, kari)
		_, none := r.Person(s.Ctx, archivetest.ID(3))
		s.Same(errors.Is(none, store.ErrNotFound), true)
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
		s.Same(find(c.issuer, c.subject, c.number), c.want)
	}
	s.Must(func(tx store.Tx) error { return tx.RecordLogin(s.Ctx, ola.ID) })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.RecordLogin(s.Ctx, archivetest.ID(3)) })
	same := ola
	same.ID = archivetest.ID(4)
	s.Refuse(store.ErrExists, put(same, "twice"))
	same = kari
	same.ID = archivetest.ID(4)
	s.Refuse(store.ErrExists, put(same, "twice"))

	bound, err := ola.Bind("https://idp/", "sub-9")
	s.Same(err, nil)
	s.Must(put(bound, "første innlogging"))
	s.Same(find("https://idp/", "sub-9", ""), ola.ID)
	s.Same(find("https://idp/", "sub-8", archivetest.Sha(1)), "") // bound: the number finds nobody any more
	bound.Ended = archivetest.T0.Add(time.Hour)
	s.Must(put(bound, "sluttet"))
	s.Same(find("https://idp/", "sub-9", archivetest.Sha(1)), "")
	again := ola
	again.ID = archivetest.ID(5)
	s.Must(put(again, "tilbake"))
	s.Same(find("https://idp/", "sub-9", archivetest.Sha(1)), again.ID)
	s.View(func(r store.Reader) error {
		p, err := r.Person(s.Ctx, ola.ID)
		s.Same(p.LastLogin.IsZero() || p.Ended.IsZero(), false) // a log-in is kept through changes
		return err
	})

	s.View(func(r store.Reader) error {
		all, err := r.Changes(s.Ctx, access.LogFilter{})
		s.Same(len(all), 5)
		var chain access.Chain
		oldest, err2 := r.Changes(s.Ctx, access.LogFilter{Oldest: true})
		for _, c := range oldest {
			s.Same(chain.Change(c), nil)
		}
		s.Same(chain.Seq, int64(5))
		of, err3 := r.Changes(s.Ctx, access.LogFilter{Subject: access.SubjectOf(ola.ID), Actor: by.String()})
		s.Same(len(of), 3)
		s.Same([]string{of[0].Reason, of[2].Reason, of[2].Before}, []string{"sluttet", "ny", ""})
		s.Same(of[1].Actor, by)
		s.Same(strings.Contains(of[1].After, "sub-9") && !strings.Contains(of[1].Before, "sub-9"), true)
		s.Same(strings.Contains(of[1].After, archivetest.Sha(1)), false)
		return errors.Join(err, err2, err3)
	})
	// What was not stored was not recorded.
	s.Refuse(nil, func(tx store.Tx) error {
		return errors.Join(tx.PutPerson(access.As(s.Ctx, by), kari, "y"), errors.New("undo"))
	})
	s.Refuse(nil, put(kari, ""))
	s.View(func(r store.Reader) error {
		all, err := r.Changes(s.Ctx, access.LogFilter{Limit: 1})
		s.Same(all[0].Seq, int64(5))
		return err
	})
}

// lookups are the innsynslogg.
func lookups(s *archivetest.Suite) {
	kari, ola := access.Actor{Kind: access.Human, ID: archivetest.ID(1)}, access.Actor{Kind: access.CommandLine, ID: "ola"}
	var added []access.Lookup
	for i, l := range []access.Lookup{
		{Actor: kari, Shipment: archivetest.ID(7), Account: "skole", What: []access.What{access.WhatTitle, access.WhatRecipient, access.WhatTitle}, Purpose: "ringte – Åse"},
		{Actor: ola, Shipment: archivetest.ID(7), Account: "skole", What: []access.What{access.WhatPages}, Purpose: "feil adresse"},
		{Actor: kari, Shipment: archivetest.ID(8), Account: "helse", What: []access.What{access.WhatDocuments}, Purpose: "innsyn"},
		{Actor: kari, What: []access.What{access.WhatSearch}, Purpose: "leter"},
	} {
		s.Must(func(tx store.Tx) error {
			row, err := tx.AddLookup(s.Ctx, l)
			s.Same([]any{row.Seq, row.At}, []any{int64(i + 1), tx.Now()})
			added = append(added, row)
			return err
		})
	}
	read := func(f access.LogFilter) (rows []access.Lookup) {
		s.View(func(r store.Reader) (err error) { rows, err = r.Lookups(s.Ctx, f); return err })
		return rows
	}
	seqs := func(f access.LogFilter) (out []int64) {
		for _, l := range read(f) {
			out = append(out, l.Seq)
		}
		return out
	}
	oldest := read(access.LogFilter{Oldest: true})
	s.Same(oldest, added)
	s.Same(oldest[0].What, []access.What{access.WhatRecipient, access.WhatTitle})
	var chain access.Chain
	for _, l := range oldest {
		s.Same(chain.Lookup(l), nil)
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
		s.Same(seqs(c.f), c.want)
	}
	s.Refuse(nil, func(tx store.Tx) error {
		_, err := tx.AddLookup(s.Ctx, access.Lookup{What: []access.What{access.WhatTitle}, Purpose: "nobody"})
		return err
	})
}
