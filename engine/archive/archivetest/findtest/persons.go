package findtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/find"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// identified: an identifier and its parts are found, what it is exactly first, within a scope.
func identified(s *archivetest.Suite) {
	named := func(n int, account, handIn, reference string) {
		s.Put(func(v *shipment.Shipment) {
			v.Account, v.HandIn, v.Submission.ExternalReference = account, handIn, reference
			v.ReceivedAt = archivetest.T0.Add(time.Duration(n) * time.Minute)
		}, n)
	}
	named(1, "skole", "Mappe Øst 7", "sak 2026/17")
	named(2, "helse", "sak 2026/17", "")
	named(3, "skole", "x3", "Sak 2026/171")
	named(4, "helse", "b%_4", "2026/17")
	named(5, "skole", archivetest.ID(1), `"a" OR b`)
	j, letters := archivetest.Job("TEST000001", 1, 3)
	r, lines := archivetest.Receipt(9, j.ID, 1)
	r.Row.PrintID = "PRN-77"
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertJob(s.Ctx, j, letters), tx.InsertReceiptFile(s.Ctx, archivetest.ReceiptFile()), tx.InsertReceipts(s.Ctx, r), tx.Book(s.Ctx, lines))
	})
	everything, school, health, nobody := access.Scope{All: true}, access.Scope{Accounts: []string{"skole"}}, access.Scope{Accounts: []string{"helse"}}, access.Scope{}
	for _, c := range []struct {
		scope access.Scope
		text  string
		want  string
	}{
		{everything, archivetest.ID(1), "shipment 1 id exact, shipment 5 hand_in exact"},
		{everything, " " + archivetest.ID(1) + " ", "shipment 1 id exact, shipment 5 hand_in exact"},
		{everything, "skole/x3", "shipment 3 hand_in exact"},
		{everything, "sak 2026/17", "shipment 2 hand_in exact, shipment 1 reference exact, shipment 3 reference part"},
		{health, "sak 2026/17", "shipment 2 hand_in exact"},
		{school, "sak 2026/17", "shipment 1 reference exact, shipment 3 reference part"},
		{nobody, "sak 2026/17", ""},
		{everything, "2026/17", "shipment 4 reference exact, shipment 3 reference part, shipment 2 hand_in part, shipment 1 reference part"},
		{everything, "Mappe", "shipment 1 hand_in prefix"},
		{everything, "mappe Ø", "shipment 1 hand_in part"},
		{everything, "ØST", "shipment 1 hand_in part"}, // A to Z alone are alike in both cases
		{everything, "00000003-0000", "shipment 3 id prefix"},
		{everything, "000-8000-000000000002", "shipment 2 id part"},
		{everything, "%_4", "shipment 4 hand_in part"},
		{everything, `"a" OR b`, "shipment 5 reference exact"},
		{everything, `" OR`, "shipment 5 reference part"},
		{everything, "x3", "shipment 3 hand_in exact"},
		{everything, "x", ""},
		{everything, "test000001", "job TEST000001 id exact"},
		{school, "TEST0", "job TEST000001 id prefix"},
		{health, "TEST000001", ""},
		{everything, "st000001", "job TEST000001 id part"},
		{everything, archivetest.ID(9), "receipt 9 id exact"},
		{school, "PRN-77", "receipt 9 number exact"},
		{health, "PRN-77", ""},
		{everything, "finnes ikke", ""},
		{everything, "", ""},
		{everything, strings.Repeat("lang ", 100), ""},
		{everything, "a\x00b", ""},
	} {
		s.View(func(rd store.Reader) error {
			hits, err := rd.Identify(s.Ctx, c.scope, c.text, 20)
			var got []string
			for _, h := range hits {
				id := h.ID
				for n := range 20 {
					if id == archivetest.ID(n) {
						id = fmt.Sprint(n)
					}
				}
				got = append(got, fmt.Sprintf("%s %s %s %s", h.Kind, id, h.Field, h.Match))
			}
			if strings.Join(got, ", ") != c.want {
				s.Errorf("%q in %+v: %v, want %s", c.text, c.scope, got, c.want)
			}
			return err
		})
	}
	s.View(func(rd store.Reader) error {
		hits, err := rd.Identify(s.Ctx, everything, "0000-4000", 3)
		if len(hits) != 3 {
			s.Errorf("%d of at most three", len(hits))
		}
		return err
	})
}

// persons: letters are found by whom they are for, until that is forgotten.
func persons(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse"; v.Status = shipment.StatusLest }, 4)
	hash := func(n int) string { return archivetest.Sha(5000 + n) }
	s.Must(func(tx store.Tx) error {
		return errors.Join(
			tx.PutPersons(s.Ctx, find.Person{Shipment: archivetest.ID(2), Account: "skole", Words: "ase odegard storgata 1 0155 oslo", Number: hash(1)}),
			tx.PutPersons(s.Ctx, find.Person{Shipment: archivetest.ID(4), Account: "helse", Words: "ola odegard storgata 10 0155 oslo", Number: hash(2)}),
			// Letters of before are behind them, whatever the order in which they come.
			tx.PutPersons(s.Ctx, find.Person{Shipment: archivetest.ID(3), Account: "skole", Words: "kari nordmann lia 3", Before: true},
				find.Person{Shipment: archivetest.ID(1), Account: "skole", Words: "ase berg storgata 1 0155 oslo", Number: hash(1), Before: true}))
	})
	words := func(list ...string) (q find.PersonQuery) {
		for _, w := range list {
			q.Words = append(q.Words, shipment.Private(w))
		}
		return q
	}
	numbered := words()
	numbered.Number = hash(1)
	both := words("berg")
	both.Number = hash(1)
	check := func(name string, q find.PersonQuery, f find.Filter, want ...int) {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.ShipmentsOfPerson(s.Ctx, q, f)
			var is []string
			for _, n := range want {
				is = append(is, archivetest.ID(n))
			}
			if !slices.Equal(ids(got), is) {
				s.Errorf("%s: %v, want %v", name, ids(got), is)
			}
			return err
		})
	}
	check("a word", words("odegard"), find.Filter{}, 4, 2)
	check("a part", words("tor"), find.Filter{}, 4, 2, 1)
	check("two words", words("ode", "ase"), find.Filter{}, 2)
	check("a short word beside", words("1", "storgata"), find.Filter{}, 4, 2, 1)
	check("too short", words("as"), find.Filter{})
	check("nothing", words(), find.Filter{})
	check("across words", words("gata1"), find.Filter{})
	check("what FTS would read", words(`"ode`), find.Filter{})
	check("a number", numbered, find.Filter{}, 2, 1)
	check("a number and a name", both, find.Filter{}, 1)
	check("in a scope", words("odegard"), find.Filter{Scope: &access.Scope{Accounts: []string{"helse"}}}, 4)
	check("in no scope", words("odegard"), find.Filter{Scope: &access.Scope{}})
	check("in a status", words("storgata"), find.Filter{Statuses: []shipment.Status{shipment.StatusAkseptert}}, 2, 1)
	check("a page", words("storgata"), find.Filter{Limit: 2}, 4, 2)
	check("the next page", words("storgata"), find.Filter{Limit: 2, After: archivetest.ID(2)}, 1)

	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.PutPersons(s.Ctx, find.Person{Shipment: archivetest.ID(2), Account: "skole", Words: "ase lie storgata 1 0155 oslo"}), tx.DeletePersons(s.Ctx, archivetest.ID(1), archivetest.ID(3), archivetest.ID(77)),
			tx.DeletePersons(s.Ctx), tx.PutPersons(s.Ctx))
	})
	check("another name now", words("odegard"), find.Filter{}, 4)
	check("the name of now", words("lie"), find.Filter{}, 2)
	check("no number now", numbered, find.Filter{})
	check("forgotten", words("nordmann"), find.Filter{})
	check("what is left", words("storgata"), find.Filter{}, 4, 2)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		return tx.PutPersons(s.Ctx, find.Person{Shipment: archivetest.ID(78), Account: "skole", Words: "ola"})
	})
}

// counted: the counts that are kept are those of the rows, whatever was done to them.
func counted(s *archivetest.Suite) {
	s.Put(nil, 1, 2, 3)
	j, letters := archivetest.Job("TEST000001", 1, 2)
	s.Must(func(tx store.Tx) error {
		v, err := tx.Shipment(s.Ctx, archivetest.ID(3))
		v.Hold = "oppsett"
		return errors.Join(err, tx.UpdateShipment(s.Ctx, v), tx.InsertJob(s.Ctx, j, letters), archivetest.SendAll(s.Ctx, tx, j.ID))
	})
	_ = s.InTx(func(tx store.Tx) error {
		return errors.Join(tx.InsertShipment(s.Ctx, archivetest.Shipment(4), nil), errors.New("undone"))
	})
	s.Must(func(tx store.Tx) error {
		return tx.PostShipments(s.Ctx, []store.PostedShipment{{ID: archivetest.ID(1), Status: shipment.StatusPrintet, PostedAt: archivetest.T0, Version: 1}})
	})
	s.View(func(r store.Reader) error {
		got, err := r.CountShipments(s.Ctx)
		s.Same(got, []store.StatusCount{
			{Account: "skole", Status: shipment.StatusAkseptert, Hold: "oppsett", Count: 1}, {Account: "skole", Status: shipment.StatusPrintet, Count: 1},
			{Account: "skole", Status: shipment.StatusSendtPrint, Count: 1},
		})
		return err
	})
}
