// Package archivetest is the conformance suite of store.Archive: what its comments promise, tried on an
// implementation.
package archivetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/billing/civil"
	"postgang/billing/codes"
	"postgang/billing/invoice"
	"postgang/billing/ledger"
	"postgang/billing/money"
	"postgang/billing/reading"
	"postgang/billing/receipt"
	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/login"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/exchange"
	"postgang/printjobs/prepare"
)

// T0 is a time on a working day, in whole milliseconds as the archive keeps it.
var T0 = time.Date(2026, 11, 23, 7, 30, 0, 123e6, time.UTC)

// Sha is a made-up content hash.
func Sha(n int) string { return fmt.Sprintf("%064x", n+1) }

// ID is a made-up UUID; ids sort as their numbers.
func ID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }

// Shipment is an accepted shipment that was due at T0 minus an hour. Every field that a fresh one can have is set.
func Shipment(n int) shipment.Shipment {
	return shipment.Shipment{
		ID: ID(n), Account: "skole", HandIn: fmt.Sprintf("in-%d", n), Status: shipment.StatusAkseptert,
		Submission: shipment.Submission{
			Title: "Vedtak om skoleplass – Åse", SendingSystem: "ePhorte", Konteringskode: "0412", DigitalOnly: false,
			Recipient:          shipment.PostalAddress{Name: "Åse Ødegård", Line1: "Storgata 1", Postcode: "0155", City: "OSLO"},
			Documents:          []shipment.SubmittedFile{{FileName: "vedtak.pdf", MimeType: "application/pdf", GiroPages: []int{2}}},
			MetadataFromSystem: map[string]any{"saksnr": 12.0, "ref": []any{"a", nil, true}},
		},
		Fingerprint: "f1", Content: Sha(3000 + n), Zone: "NORGE", ReceivedAt: T0.Add(-48 * time.Hour), NotifiedAt: T0.Add(-47 * time.Hour),
		DueAt: T0.Add(-time.Hour), DueReason: shipment.ReasonUnread,
		Prepared:    shipment.BlobRef{SHA256: Sha(n), Bytes: 1234},
		Facts:       &prepare.Facts{Recipe: "r1", SHA256: Sha(n), Bytes: 1234, DocumentPages: []int{2}},
		PreparedKey: Sha(2000 + n),
		Refusals:    []shipment.Refusal{{Code: "poststed", Field: "mottaker.poststed", Text: "Poststedet er ukjent.", Warning: true}, {Code: "postnummer-ukjent", Args: shipment.Args{"case": "dated", "date": "2026-01-15"}}},
	}
}

// Document is the document at a position of shipment n.
func Document(n, position int) shipment.Document {
	return shipment.Document{
		Shipment: ID(n), Position: position, FileName: "vedtak æøå.pdf", MimeType: "application/pdf",
		Blob: shipment.BlobRef{SHA256: Sha(1000 + position), Bytes: 99}, Giro: []int{1, 3}, Excluded: position == 1,
	}
}

// Job is a planned job with a letter for each shipment.
func Job(id string, shipments ...int) (store.PrintJob, []store.JobLetter) {
	j := store.PrintJob{
		ID: id, Vendor: "trykkeri", State: store.JobPlanned, Class: exchange.Class{Account: "skole", Duplex: true, Envelope: "C5", Zone: "NORGE"},
		Created: T0, Updated: T0, Letters: len(shipments),
	}
	var ls []store.JobLetter
	for i, n := range shipments {
		ls = append(ls, store.JobLetter{Job: id, Shipment: ID(n), Letter: i + 1, Konteringskode: "0412", Reason: shipment.ReasonUnread})
	}
	return j, ls
}

// Composed is the job once it is composed.
func Composed(j store.PrintJob) store.PrintJob {
	j.State, j.Updated, j.Ticket, j.TicketSHA = store.JobComposed, T0.Add(time.Minute), j.ID+".json", Sha(7)
	j.Totals = exchange.Totals{Letters: j.Letters, Sheets: 2 * j.Letters, Pages: 3, PagesBW: 3, Sides: 4, WeightGram: 25, Bytes: 9999}
	return j
}

// Receipt is an applied receipt for a letter, with the lines that are booked for it.
func Receipt(n int, job string, shipment int) (store.Receipt, []store.LedgerLine) {
	r := store.Receipt{
		ID: ID(n), Vendor: "trykkeri", File: Sha(500), State: store.ReceiptApplied,
		Row: receipt.Row{
			Line: 2, Job: job, Shipment: ID(shipment), PrintID: "P-1", PostedAt: T0.Add(24 * time.Hour), PagesBW: 3,
			EnvelopesAuto: 1, ExtraSheetsAuto: 1, WeightGram: 20, Production: 305, Postage: 1450, Konteringskode: "0412",
		},
	}
	return r, Booked(r)
}

// Booked are the lines that are booked for a receipt.
func Booked(r store.Receipt) []store.LedgerLine {
	var lines []store.LedgerLine
	for i, l := range ledger.Lines(r.Row, ledger.VAT{ProductionPercent: 25, PostagePercent: 0}) {
		lines = append(lines, store.LedgerLine{
			Entry: r.ID, Place: i, BookedAt: r.Row.PostedAt, PostedAt: r.Row.PostedAt, Vendor: r.Vendor, Account: "skole", Shipment: r.Row.Shipment,
			Job: r.Row.Job, Line: l, Letters: 1 - i, Source: store.LedgerReceipt, Document: r.File,
		})
	}
	return lines
}

// ReceiptFile is the file that Receipt is from.
func ReceiptFile() store.ReceiptFile {
	return store.ReceiptFile{
		Vendor: "trykkeri", SHA256: Sha(500), Name: "kvittering.csv", Blob: shipment.BlobRef{SHA256: Sha(500), Bytes: 321},
		Fetched: T0, Rows: 3,
	}
}

func (s *Suite) jobNow(id string) (v store.PrintJob) {
	s.Helper()
	s.View(func(r store.Reader) (err error) { v, err = r.Job(s.Ctx, id); return err })
	return v
}

// move takes a job to a state.
func (s *Suite) move(id string, to store.JobState) {
	s.Helper()
	s.Must(func(tx store.Tx) error {
		j, err := tx.Job(s.Ctx, id)
		if err != nil {
			return err
		}
		if to != store.JobWithdrawn && j.Ticket == "" {
			j = Composed(j)
		}
		j.State = to
		return tx.UpdateJob(s.Ctx, j)
	})
}

func ids(ss []shipment.Shipment) []string {
	var out []string
	for _, s := range ss {
		out = append(out, s.ID)
	}
	return out
}

// Exercise tries everything that store.Archive promises. open gives a new, empty archive each time, whose tasks go
// nowhere or to a queue.
func Exercise(t *testing.T, open func(t testing.TB) store.Archive) {
	for _, c := range []struct {
		name string
		run  func(*Suite)
	}{
		{"shipment round trip", shipmentRoundTrip},
		{"shipment updates", shipmentUpdates},
		{"shipment lists", shipmentLists},
		{"history", history},
		{"planned costs", plannedCosts},
		{"ledger", bookings},
		{"invoices", invoices},
		{"code register", codeRegister},
		{"receipt letters", receiptLetters},
		{"notable events", notable},
		{"duplicate guard", countAlike},
		{"prepared files", preparedAs},
		{"due", due},
		{"job round trip", jobRoundTrip},
		{"job ids", jobIDs},
		{"one live job", oneLiveJob},
		{"reprints", reprints},
		{"gate of a reprint", reprintGate},
		{"composed files", composedFiles},
		{"unhandled", unhandled},
		{"last gate", lastGate},
		{"receipts", receipts},
		{"deviations", deviations},
		{"reports", reports},
		{"slots", slots},
		{"alarms", alarms},
		{"settings", settings},
		{"ways in", ways},
		{"sessions", sessions},
		{"who did it", actors},
		{"two persons", twoPersons},
		{"found at vendors", found},
		{"not found", notFound},
		{"roll back", rollBack},
		{"failed statement ends the transaction", failedStatement},
		{"panic rolls back", panics},
		{"concurrent updates", concurrentUpdates},
		{"write skew", writeSkew},
		{"snapshots", snapshots},
		{"locks", locks},
		{"many letters", manyLetters},
		{"text that no column takes", badText},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := open(t)
			t.Cleanup(func() {
				if err := a.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
			})
			c.run(&Suite{TB: t, Ctx: t.Context(), Archive: a})
		})
	}
}

// digitalOnly makes a shipment one that never goes to paper.
func digitalOnly(v *shipment.Shipment) {
	v.Submission.DigitalOnly = true
	v.DueAt, v.DueReason = time.Time{}, ""
}

func shipmentRoundTrip(s *Suite) {
	full, bare := Shipment(1), shipment.Shipment{
		ID: ID(2), Account: "skole", HandIn: "Mappe Øst", Status: shipment.StatusMottatt, ReceivedAt: T0,
	}
	full.ReadAt, full.SentAt, full.PostedAt, full.ClosedAt = T0.Add(1), T0.Add(time.Hour), T0.Add(2*time.Hour), T0.Add(3*time.Hour)
	full.ReadAt = T0.Add(time.Millisecond)
	full.Hold = "forside-plass"
	full.CostApprovedAt = T0.Add(time.Hour)
	full.Dialect, full.Integration, full.Submission.ExternalReference = "rest-v3", ID(900), "sak 2026/17"
	docs := []shipment.Document{Document(1, 0), Document(1, 1)}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertShipment(s.Ctx, full, docs), tx.InsertShipment(s.Ctx, bare, nil))
	})
	s.Same(s.Shipment(1), full)
	s.Same(s.Shipment(2), bare)
	s.View(func(r store.Reader) error {
		known, err := r.HandedIn(s.Ctx, "skole", []string{"ny", "Mappe Øst", "mappe øst", "a", "b", "c"})
		if err != nil || len(known) != 1 || known[0].HandIn != "Mappe Øst" {
			s.Errorf("known of six hand-ins: %d, %v", len(known), err)
		}
		got, err := r.ShipmentByHandIn(s.Ctx, "skole", "Mappe Øst")
		s.Same(got, bare)
		d, err2 := r.Documents(s.Ctx, full.ID)
		s.Same(d, docs)
		none, err3 := r.Documents(s.Ctx, bare.ID)
		s.Same(len(none), 0)
		return errors.Join(err, err2, err3)
	})
	again := Shipment(3)
	again.HandIn = full.HandIn
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, again, nil) })
	again.Account = "helse" // another account may use the same key
	s.Must(func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, again, nil) })
	again = Shipment(1)
	again.HandIn = "another"
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, again, nil) })

	for name, broken := range map[string]func(*shipment.Shipment){
		"status unknown":           func(v *shipment.Shipment) { v.Status = "BORTE" },
		"due without reason":       func(v *shipment.Shipment) { v.DueReason = "" },
		"reason without due":       func(v *shipment.Shipment) { v.DueAt = time.Time{} },
		"accepted, not prepared":   func(v *shipment.Shipment) { v.Prepared, v.Facts = shipment.BlobRef{}, nil },
		"facts, not prepared":      func(v *shipment.Shipment) { v.Status, v.Prepared = shipment.StatusMottatt, shipment.BlobRef{} },
		"received never":           func(v *shipment.Shipment) { v.ReceivedAt = time.Time{} },
		"received in 1970 exactly": func(v *shipment.Shipment) { v.ReceivedAt = time.UnixMilli(0) },
		"no account":               func(v *shipment.Shipment) { v.Account = "" },
		"no hand-in":               func(v *shipment.Shipment) { v.HandIn = "" },
		"id not a UUID":            func(v *shipment.Shipment) { v.ID = "brev-1" },
		"zone unknown":             func(v *shipment.Shipment) { v.Zone = "MARS" },
		"only digital and due":     func(v *shipment.Shipment) { v.Submission.DigitalOnly = true },
		"only digital and printed": func(v *shipment.Shipment) { digitalOnly(v); v.Status = shipment.StatusPrintet },
		"hash in capitals":         func(v *shipment.Shipment) { v.Prepared.SHA256 = strings.Repeat("AB", 32) },
		"key in capitals":          func(v *shipment.Shipment) { v.PreparedKey = strings.Repeat("AB", 32) },
		"content in capitals":      func(v *shipment.Shipment) { v.Content = strings.Repeat("AB", 32) },
	} {
		v := Shipment(9)
		broken(&v)
		if err := s.InTx(func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, v, nil) }); err == nil {
			s.Errorf("%s: was stored", name)
		} else if strings.Contains(err.Error(), "Ødegård") || strings.Contains(err.Error(), "Vedtak") {
			s.Errorf("%s: personal data in the error %q", name, err)
		}
	}
	s.Refuse(nil, func(tx store.Tx) error {
		return tx.InsertShipment(s.Ctx, Shipment(10), []shipment.Document{Document(11, 0)})
	})
	s.Refuse(store.ErrExists, func(tx store.Tx) error {
		return tx.InsertShipment(s.Ctx, Shipment(10), []shipment.Document{Document(10, 0), Document(10, 0)})
	})
}

func shipmentUpdates(s *Suite) {
	s.Put(nil, 1)
	v := s.Shipment(1)
	v.Status, v.ReadAt, v.Hold, v.Submission.Konteringskode = shipment.StatusLest, T0, "x", "9"
	v.DueAt, v.DueReason, v.Facts, v.Refusals = time.Time{}, "", nil, nil
	changed := v
	changed.Account, changed.HandIn, changed.ReceivedAt = "other", "other", T0.Add(time.Hour) // are not stored
	s.Must(func(tx store.Tx) error {
		if err := tx.UpdateShipment(s.Ctx, changed); err != nil {
			return err
		}
		got, err := tx.Shipment(s.Ctx, v.ID) // reads its own write
		s.Same(got.Version, v.Version+1)
		return err
	})
	v.Version++
	s.Same(s.Shipment(1), v)
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.UpdateShipment(s.Ctx, changed) })
	s.Same(s.Shipment(1), v)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.UpdateShipment(s.Ctx, Shipment(2)) })
	v.Prepared, v.Status = shipment.BlobRef{}, shipment.StatusVarslet
	s.Refuse(nil, func(tx store.Tx) error { return tx.UpdateShipment(s.Ctx, v) })

	// ErrStale leaves the transaction usable: the row can be read again in it.
	s.Must(func(tx store.Tx) error {
		if err := tx.UpdateShipment(s.Ctx, changed); !errors.Is(err, store.ErrStale) {
			s.Errorf("error %v, want ErrStale", err)
		}
		now, err := tx.Shipment(s.Ctx, changed.ID)
		if err != nil {
			return err
		}
		now.Hold = "y"
		return tx.UpdateShipment(s.Ctx, now)
	})
	s.Same(s.Shipment(1).Hold, "y")
}

func shipmentLists(s *Suite) {
	s.Put(nil, 3, 1, 2)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse"; v.Hold = "x" }, 4)
	s.Put(func(v *shipment.Shipment) {
		v.Status, v.ReceivedAt = shipment.StatusLest, v.ReceivedAt.Add(-time.Hour)
		digitalOnly(v)
	}, 5)
	for name, c := range map[string]struct {
		f    store.ShipmentFilter
		want []int
	}{
		"newest":        {store.ShipmentFilter{Newest: true}, []int{4, 3, 2, 1, 5}},
		"newest page 1": {store.ShipmentFilter{Newest: true, Limit: 3}, []int{4, 3, 2}},
		"newest page 2": {store.ShipmentFilter{Newest: true, Limit: 3, After: ID(2)}, []int{1, 5}},
		"newest of one": {store.ShipmentFilter{Newest: true, Account: "skole", After: ID(4), Limit: 2}, []int{3, 2}},
		"all":           {store.ShipmentFilter{}, []int{1, 2, 3, 4, 5}},
		"account":       {store.ShipmentFilter{Account: "skole"}, []int{1, 2, 3, 5}},
		"status":        {store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusLest, shipment.StatusAvvist}}, []int{5}},
		"digital":       {store.ShipmentFilter{DigitalOnly: true}, []int{5}},
		"held":          {store.ShipmentFilter{Held: true}, []int{4}},
		"page 1":        {store.ShipmentFilter{Limit: 2}, []int{1, 2}},
		"page 2":        {store.ShipmentFilter{Limit: 2, After: ID(2)}, []int{3, 4}},
		"combination":   {store.ShipmentFilter{Account: "skole", Statuses: []shipment.Status{shipment.StatusAkseptert}, After: ID(1), Limit: 1}, []int{2}},
		"none":          {store.ShipmentFilter{Account: "ingen"}, nil},
	} {
		s.View(func(r store.Reader) error {
			got, err := r.Shipments(s.Ctx, c.f)
			var want []string
			for _, n := range c.want {
				want = append(want, ID(n))
			}
			if !slices.Equal(ids(got), want) {
				s.Errorf("%s: %v, want %v", name, ids(got), want)
			}
			return err
		})
	}
	s.View(func(r store.Reader) error {
		got, err := r.CountShipments(s.Ctx)
		slices.SortFunc(got, func(a, b store.StatusCount) int {
			return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Status, b.Status))
		})
		s.Same(got, []store.StatusCount{
			{Account: "helse", Status: shipment.StatusAkseptert, Hold: "x", Count: 1},
			{Account: "skole", Status: shipment.StatusAkseptert, Count: 3},
			{Account: "skole", Status: shipment.StatusLest, Count: 1},
		})
		if err != nil {
			return err
		}
		for hold, want := range map[string]int{"x": 1, "y": 0} {
			list, err := r.Shipments(s.Ctx, store.ShipmentFilter{Hold: hold})
			if err != nil || len(list) != want {
				s.Errorf("set aside for %s: %d, %v, want %d", hold, len(list), err, want)
			}
		}
		return err
	})
}

// plannedCosts sums what live jobs of a day were expected to cost: no reprints, no approved letters.
func plannedCosts(s *Suite) {
	s.Put(nil, 1, 2, 3, 4)
	s.Put(func(v *shipment.Shipment) { v.CostApprovedAt = T0 }, 5)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse" }, 6)
	cost := func(production, postage money.Ore) *store.ExpectedCost {
		return &store.ExpectedCost{Production: production, Postage: postage}
	}
	insert := func(id string, created time.Time, change func(*store.PrintJob, []store.JobLetter), shipments ...int) {
		s.Must(func(tx store.Tx) error {
			j, letters := Job(id, shipments...)
			j.Created, j.Updated = created, created
			for i := range letters {
				letters[i].Expected = cost(100, 1450)
			}
			if change != nil {
				change(&j, letters)
			}
			if err := tx.InsertJob(s.Ctx, j, letters); err != nil {
				return err
			}
			got, err := tx.JobLetters(s.Ctx, id)
			s.Same(got, letters)
			return err
		})
	}
	insert("AAAA000001", T0.Add(-time.Millisecond), nil, 1)
	insert("AAAA000002", T0, func(_ *store.PrintJob, l []store.JobLetter) { l[0].Expected = cost(7, 0); l[1].Expected = nil }, 2, 3, 5)
	insert("AAAA000003", T0.Add(time.Hour), func(_ *store.PrintJob, l []store.JobLetter) { l[0].Konteringskode = "" }, 6)
	insert("AAAA000004", T0.Add(time.Hour), func(j *store.PrintJob, _ []store.JobLetter) { j.State = store.JobWithdrawn }, 4)
	insert("AAAA000005", T0.Add(time.Hour), func(j *store.PrintJob, _ []store.JobLetter) { j.Reprint, j.Parent = true, "AAAA000002" }, 2)
	s.View(func(r store.Reader) error {
		got, err := r.PlannedCosts(s.Ctx, T0)
		s.Same(got, []store.PlannedCost{
			{Account: "helse", Letters: 1, Net: 1550},
			{Account: "skole", Konteringskode: "0412", Letters: 2, Net: 7},
		})
		return err
	})
}

func history(s *Suite) {
	s.Put(nil, 1, 2)
	var now time.Time
	s.Must(func(tx store.Tx) error {
		now = tx.Now()
		return errors.Join(
			tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(1), At: T0, Kind: "STATUS", From: shipment.StatusMottatt, To: shipment.StatusAkseptert, Key: "altinn-1"}),
			tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(1), At: T0.Add(-time.Hour), Recorded: T0, Kind: "SAMLET", From: shipment.StatusAkseptert, To: shipment.StatusAkseptert, Reason: "K7QX000001"}),
			tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(2), At: T0, Kind: "STATUS"}),
			tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(2), At: T0, Kind: "STATUS"}), // no key: may come again
		)
	})
	if now != now.Truncate(time.Millisecond).UTC() || now.IsZero() {
		s.Errorf("Now is %v, want UTC in whole milliseconds", now)
	}
	s.View(func(r store.Reader) error {
		got, err := r.History(s.Ctx, ID(1))
		s.Same(got, []shipment.Event{
			{Shipment: ID(1), At: T0, Recorded: now, Kind: "STATUS", From: shipment.StatusMottatt, To: shipment.StatusAkseptert, Key: "altinn-1"},
			{Shipment: ID(1), At: T0.Add(-time.Hour), Recorded: T0, Kind: "SAMLET", From: shipment.StatusAkseptert, To: shipment.StatusAkseptert, Reason: "K7QX000001"},
		})
		both, err2 := r.History(s.Ctx, ID(2), ID(1))
		var order []string
		for _, ev := range both {
			order = append(order, ev.Shipment)
		}
		s.Same(order, []string{ID(1), ID(1), ID(2), ID(2)})
		none, err3 := r.History(s.Ctx)
		s.Same(none, []shipment.Event{})
		return errors.Join(err, err2, err3)
	})
	e := shipment.Event{Shipment: ID(2), At: T0, Kind: "STATUS", Key: "altinn-1"}
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.AddEvents(s.Ctx, e) })
	e.Key, e.Shipment = "", ID(3)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.AddEvents(s.Ctx, e) })
	e.Shipment, e.To = ID(2), "BORTE"
	s.Refuse(nil, func(tx store.Tx) error { return tx.AddEvents(s.Ctx, e) })
	e.To, e.Kind = "", ""
	s.Refuse(nil, func(tx store.Tx) error { return tx.AddEvents(s.Ctx, e) })
}

func preparedAs(s *Suite) {
	bare := func(v *shipment.Shipment) {
		v.Status, v.Prepared, v.Facts = shipment.StatusAvvist, shipment.BlobRef{}, nil
		v.DueAt, v.DueReason = time.Time{}, ""
	}
	s.Put(nil, 1)
	s.Put(bare, 2) // its file is deleted
	s.Put(func(v *shipment.Shipment) { v.PreparedKey = "" }, 3)
	s.Put(func(v *shipment.Shipment) { bare(v); v.PreparedKey = Shipment(1).PreparedKey }, 4)
	s.View(func(r store.Reader) error {
		key := Shipment(1).PreparedKey
		made, err := r.PreparedAs(s.Ctx, key, Shipment(2).PreparedKey, Shipment(3).PreparedKey, "", "none", "neither")
		s.Same(len(made), 1)
		s.Same(made[key].Prepared, Shipment(1).Prepared)
		s.Same(made[key].Facts, Shipment(1).Facts)
		return err
	})
}

func countAlike(s *Suite) {
	received := func(n int) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			return tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(n), At: T0, Kind: shipment.EventReceived, From: shipment.StatusMottatt, To: shipment.StatusMottatt})
		})
	}
	for i, status := range []shipment.Status{
		shipment.StatusAkseptert, shipment.StatusMottatt, shipment.StatusAvvist, shipment.StatusFeiletUnderMotta, shipment.StatusPrintet, shipment.StatusMottatt,
	} {
		// The later are recorded first: only the order of recording counts.
		n := 9 - i
		s.Put(func(v *shipment.Shipment) {
			v.ReceivedAt, v.Status = T0.Add(time.Duration(n)*time.Hour), status
			if status == shipment.StatusMottatt {
				v.DueAt, v.DueReason, v.Prepared, v.Facts = time.Time{}, "", shipment.BlobRef{}, nil
			}
		}, n)
		received(n)
	}
	s.Put(func(v *shipment.Shipment) { v.ReceivedAt, v.Fingerprint = T0, "f2" }, 1)
	received(1)
	s.View(func(r store.Reader) error {
		for _, c := range []struct {
			shipment int
			since    time.Duration
			want     [2]int // accepted or further, and undecided
		}{
			{9, 0, [2]int{}}, {8, 0, [2]int{1}}, {7, 0, [2]int{1, 1}},
			{5, 0, [2]int{1, 1}}, {4, 0, [2]int{2, 1}},
			{4, 6 * time.Hour, [2]int{1, 1}}, {4, 9 * time.Hour, [2]int{1}}, {4, 10 * time.Hour, [2]int{}},
		} {
			accepted, undecided, err := r.CountAlike(s.Ctx, ID(c.shipment), "f1", T0.Add(c.since))
			if err != nil {
				return err
			}
			if n := [2]int{accepted, undecided}; n != c.want {
				s.Errorf("before %d, since %v: %+v alike, want %+v", c.shipment, c.since, n, c.want)
			}
		}
		// More than stand in one statement.
		var ids []string
		for range 300 {
			ids = append(ids, ID(1), ID(4), ID(9))
		}
		results, err := r.Results(s.Ctx, append(ids, ID(4711))) // the last is nobody's
		if err != nil {
			return err
		}
		for id, got := range results {
			one, err := r.Shipment(s.Ctx, id)
			if err != nil {
				return err
			}
			want := shipment.Result{Done: one.Status != shipment.StatusMottatt, ID: id, Status: one.Status, Refusals: one.Refusals}
			if !reflect.DeepEqual(got, want) {
				s.Errorf("result of %s: %+v, want %+v", id, got, want)
			}
		}
		if len(results) != 3 {
			s.Errorf("results of three letters: %v", results)
		}
		return nil
	})
}

func due(s *Suite) {
	s.Put(nil, 1)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusVarslet; v.DueAt = T0 }, 2)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusKlarForMottak }, 3)
	s.Put(func(v *shipment.Shipment) { v.Status = shipment.StatusSendtSDP; v.Account = "helse" }, 4)
	s.Put(func(v *shipment.Shipment) {
		v.DueAt, v.DueReason = T0.Add(time.Millisecond), shipment.ReasonNoDigitalID
	}, 11)
	s.Put(func(v *shipment.Shipment) { v.DueAt, v.DueReason = T0.Add(time.Millisecond), shipment.ReasonUnread }, 17)
	s.Put(func(v *shipment.Shipment) { v.DueAt, v.DueReason = time.Time{}, "" }, 12)
	s.Put(func(v *shipment.Shipment) { v.ReadAt = T0 }, 13)
	s.Put(func(v *shipment.Shipment) { v.ClosedAt = T0 }, 14)
	s.Put(func(v *shipment.Shipment) { v.Hold = "x" }, 15)
	s.Put(func(v *shipment.Shipment) { v.Account = "annen" }, 16)
	for i, st := range []shipment.Status{
		shipment.StatusMottatt, shipment.StatusAvvist, shipment.StatusFeiletUnderMotta, shipment.StatusSendtDigitalt, shipment.StatusLevertSDP,
		shipment.StatusLest, shipment.StatusSendtPrint, shipment.StatusPrintet, shipment.StatusIkkeLevert, shipment.StatusManueltHandtert, shipment.StatusSlettet,
	} {
		s.Put(func(v *shipment.Shipment) { v.Status = st }, 20+i)
	}
	list := func(accounts []string, after string, limit int) []string {
		var got []shipment.Shipment
		s.View(func(r store.Reader) (err error) { got, err = r.Due(s.Ctx, T0, accounts, after, limit); return err })
		return ids(got)
	}
	s.View(func(r store.Reader) error {
		over, err := r.Overdue(s.Ctx, T0)
		want := map[string]int{"annen": 1, "helse": 1, "skole": 3}
		for _, c := range over {
			if c.Count != want[c.Account] || c.Oldest.After(T0) || c.Oldest.IsZero() {
				s.Errorf("overdue: %+v", c)
			}
			delete(want, c.Account)
		}
		ahead, err2 := r.DueAhead(s.Ctx, T0, "", 100)
		s.Same(ids(ahead), []string{ID(11)})
		none, err5 := r.DueAhead(s.Ctx, T0, ID(11), 100)
		s.Same(ids(none), []string{})
		later, err3 := r.DueAhead(s.Ctx, T0.Add(time.Millisecond), "", 100)
		n, last, err4 := r.ReceivedAfter(s.Ctx, T0.Add(1000*time.Hour))
		if len(want) > 0 || len(later) > 0 || n > 0 || !last.IsZero() {
			s.Errorf("not overdue: %v; %d are due later still, %d received later (%v)", want, len(later), n, last)
		}
		if n, last, err := r.ReceivedAfter(s.Ctx, time.UnixMilli(1)); n != 22 || last.IsZero() || err != nil {
			s.Errorf("%d received, the last at %v (%v)", n, last, err)
		}
		return errors.Join(err, err2, err3, err4, err5)
	})
	both := []string{"skole", "helse"}
	s.Same(list(both, "", 100), []string{ID(1), ID(2), ID(3), ID(4)})
	s.Same(list(both, "", 2), []string{ID(1), ID(2)})
	s.Same(list(both, ID(2), 2), []string{ID(3), ID(4)})
	s.Same(list([]string{"helse"}, "", 100), []string{ID(4)})
	s.Same(list(nil, "", 100), []string(nil))
	job := s.Job(2, 3)
	s.Same(list(both, "", 100), []string{ID(1), ID(4)})
	s.move(job, store.JobWithdrawn)
	s.Same(list(both, "", 100), []string{ID(1), ID(2), ID(3), ID(4)})
}

func jobRoundTrip(s *Suite) {
	s.Put(nil, 1, 2, 3)
	id := s.Job(1, 2)
	want, letters := Job(id, 1, 2)
	s.Same(s.jobNow(id), want)
	s.View(func(r store.Reader) error {
		ls, err := r.JobLetters(s.Ctx, id)
		s.Same(ls, letters)
		l, err2 := r.JobLetterOf(s.Ctx, id, ID(2))
		s.Same(l, letters[1])
		return errors.Join(err, err2)
	})
	changed := Composed(want)
	changed.OfferedAt, changed.Failures, changed.LastError = T0.Add(time.Hour), 3, "connection lost"
	sent := changed
	sent.Vendor, sent.Class.Colour, sent.Letters, sent.Created = "annen", true, 77, T0.Add(time.Hour) // are not stored
	s.Must(func(tx store.Tx) error { return tx.UpdateJob(s.Ctx, sent) })
	changed.Version++
	s.Same(s.jobNow(id), changed)
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.UpdateJob(s.Ctx, sent) })
	s.Must(func(tx store.Tx) error {
		return errors.Join(
			tx.AddJobEvent(s.Ctx, store.JobEvent{Job: id, At: T0, To: store.JobPlanned}),
			tx.AddJobEvent(s.Ctx, store.JobEvent{Job: id, At: T0.Add(-time.Minute), From: store.JobPlanned, To: store.JobComposed, Reason: "ok"}))
	})
	s.View(func(r store.Reader) error {
		h, err := r.JobHistory(s.Ctx, id)
		s.Same(h, []store.JobEvent{{Job: id, At: T0, To: store.JobPlanned},
			{Job: id, At: T0.Add(-time.Minute), From: store.JobPlanned, To: store.JobComposed, Reason: "ok"}})
		return err
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		return tx.AddJobEvent(s.Ctx, store.JobEvent{Job: "AAAA000001", At: T0, To: store.JobPlanned})
	})

	child, cl := Job("ZZZZ000001", 3)
	child.Parent = id
	s.Must(func(tx store.Tx) error { return tx.InsertJob(s.Ctx, child, cl) })
	s.move(child.ID, store.JobCommitted)
	s.View(func(r store.Reader) error {
		for _, c := range []struct {
			f    store.JobFilter
			want []string
		}{
			{store.JobFilter{}, []string{id, child.ID}},
			{store.JobFilter{Limit: 1}, []string{id}},
			{store.JobFilter{Newest: true}, []string{child.ID, id}},
			{store.JobFilter{Newest: true, Limit: 1}, []string{child.ID}},
			{store.JobFilter{Newest: true, Before: child.ID, Limit: 2}, []string{id}},
			{store.JobFilter{Before: id}, nil},
			{store.JobFilter{States: []store.JobState{store.JobCommitted, store.JobClosed}}, []string{child.ID}},
			{store.JobFilter{Vendor: "annen"}, nil},
			{store.JobFilter{Reprints: true}, nil},
			{store.JobFilter{OfferedSince: T0.Add(time.Hour)}, []string{id}},
			{store.JobFilter{OfferedSince: T0.Add(time.Hour + time.Millisecond)}, nil},
			{store.JobFilter{Vendor: "trykkeri", States: []store.JobState{store.JobComposed}}, []string{id}},
		} {
			js, err := r.Jobs(s.Ctx, c.f)
			if err != nil {
				return err
			}
			var got []string
			for _, j := range js {
				got = append(got, j.ID)
			}
			want := slices.Sorted(slices.Values(c.want))
			if c.f.Newest {
				slices.Reverse(want)
			}
			s.Same(got, want)
		}
		return nil
	})

	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, child, cl) })
	s.Put(nil, 4)
	for name, broken := range map[string]func(*store.PrintJob, *[]store.JobLetter){
		"id of another form":     func(j *store.PrintJob, ls *[]store.JobLetter) { j.ID = "ZZZZ00000X" },
		"id in small letters":    func(j *store.PrintJob, ls *[]store.JobLetter) { j.ID = "zzzz000002" },
		"parent unknown":         func(j *store.PrintJob, ls *[]store.JobLetter) { j.Parent = "ZZZZ000009" },
		"its own parent":         func(j *store.PrintJob, ls *[]store.JobLetter) { j.Parent = j.ID },
		"state unknown":          func(j *store.PrintJob, ls *[]store.JobLetter) { j.State = "BORTE" },
		"composed, no ticket":    func(j *store.PrintJob, ls *[]store.JobLetter) { j.State = store.JobComposed },
		"no vendor":              func(j *store.PrintJob, ls *[]store.JobLetter) { j.Vendor = "" },
		"no letters":             func(j *store.PrintJob, ls *[]store.JobLetter) { j.Letters, *ls = 0, nil },
		"count of letters wrong": func(j *store.PrintJob, ls *[]store.JobLetter) { j.Letters++ },
		"letter 0":               func(j *store.PrintJob, ls *[]store.JobLetter) { (*ls)[0].Letter = 0 },
		"shipment unknown":       func(j *store.PrintJob, ls *[]store.JobLetter) { (*ls)[0].Shipment = ID(99) },
		"sheets below zero":      func(j *store.PrintJob, ls *[]store.JobLetter) { (*ls)[0].Sheets = -1 },
		"failures below zero":    func(j *store.PrintJob, ls *[]store.JobLetter) { j.Failures = -1 },
		"created never":          func(j *store.PrintJob, ls *[]store.JobLetter) { j.Created = time.Time{} },
	} {
		j, ls := Job("ZZZZ000002", 4)
		broken(&j, &ls)
		for i := range ls {
			ls[i].Job = j.ID
		}
		if err := s.InTx(func(tx store.Tx) error { return tx.InsertJob(s.Ctx, j, ls) }); err == nil {
			s.Errorf("%s: was stored", name)
		}
	}
	twice, tl := Job("ZZZZ000002", 4, 4)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, twice, tl) })
}

func jobIDs(s *Suite) {
	form := regexp.MustCompile(`^[A-Z0-9]{4}[0-9]{6}$`)
	seen := map[string]bool{}
	last := ""
	for range 3 {
		s.Must(func(tx store.Tx) error {
			for range 2 {
				id, err := tx.NextJobID(s.Ctx)
				if err != nil {
					return err
				}
				if !form.MatchString(id) || seen[id] || id <= last {
					s.Errorf("job id %q after %q", id, last)
				}
				seen[id], last = true, id
			}
			return nil
		})
	}
	s.View(func(r store.Reader) error {
		inst, err := r.Setting(s.Ctx, "installation")
		if !strings.HasPrefix(last, inst) || len(inst) != 4 {
			s.Errorf("installation %q, job id %q", inst, last)
		}
		return err
	})
	var wg sync.WaitGroup
	got := make(chan string, 8)
	for range cap(got) {
		wg.Go(func() {
			err := s.InTx(func(tx store.Tx) error {
				id, err := tx.NextJobID(s.Ctx)
				got <- id
				return err
			})
			if err != nil {
				s.Error(err)
			}
		})
	}
	wg.Wait()
	close(got)
	for id := range got {
		if seen[id] {
			s.Errorf("job id %s was handed out twice", id)
		}
		seen[id] = true
	}
}

func oneLiveJob(s *Suite) {
	s.Put(nil, 1, 2, 3)
	first := s.Job(1, 2)
	second, ls := Job("ZZZZ000001", 3, 2)
	insert := func(tx store.Tx) error { return tx.InsertJob(s.Ctx, second, ls) }
	for _, st := range []store.JobState{
		store.JobPlanned, store.JobComposed, store.JobUploaded, store.JobCommitted, store.JobUncertain,
		store.JobOffered, store.JobAccepted, store.JobClosed,
	} {
		if st != store.JobPlanned {
			s.move(first, st)
		}
		s.Refuse(store.ErrExists, insert)
	}
	s.View(func(r store.Reader) error { // nothing of the refused job is left
		if _, err := r.Job(s.Ctx, second.ID); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("job %s: %v, want not found", second.ID, err)
		}
		return nil
	})
	s.move(first, store.JobRejected)
	s.Must(insert)
	s.View(func(r store.Reader) error {
		js, err := r.JobsOf(s.Ctx, ID(2))
		var got []string
		for _, j := range js {
			got = append(got, j.ID)
		}
		s.Same(got, []string{max(first, second.ID), min(first, second.ID)})
		return err
	})
	// A job cannot take its letters back once they are in another.
	s.Refuse(store.ErrExists, func(tx store.Tx) error {
		j, err := tx.Job(s.Ctx, first)
		if err != nil {
			return err
		}
		j.State = store.JobUncertain
		return tx.UpdateJob(s.Ctx, j)
	})
	s.move(second.ID, store.JobWithdrawn)
	s.Job(1, 2, 3)
}

// reprint is a planned reprint of a job with a letter for each shipment.
func reprint(id, parent string, shipments ...int) (store.PrintJob, []store.JobLetter) {
	j, ls := Job(id, shipments...)
	j.Parent, j.Reprint = parent, true
	return j, ls
}

// reprints: a reprint leaves the rule of one live job to the originals, and holds letters of its parent only.
func reprints(s *Suite) {
	s.Put(nil, 1, 2, 3)
	first, other := s.Job(1, 2), s.Job(3)
	again, ls := reprint("ZZZZ000001", first, 2)
	ls[0].Only = []int{1, 3}
	s.Must(func(tx store.Tx) error { return tx.InsertJob(s.Ctx, again, ls) })
	s.View(func(r store.Reader) error {
		j, err := r.Job(s.Ctx, again.ID)
		if err != nil {
			return err
		}
		s.Same(j, again)
		got, err := r.JobLetters(s.Ctx, again.ID)
		if err != nil {
			return err
		}
		s.Same(got, ls)
		children, err := r.Jobs(s.Ctx, store.JobFilter{Parent: first})
		s.Same(children, []store.PrintJob{again})
		return err
	})
	// A letter may be ordered more than once; whether that is meant is the engine's to ask.
	twice, ls := reprint("ZZZZ000002", first, 1, 2)
	s.Must(func(tx store.Tx) error { return tx.InsertJob(s.Ctx, twice, ls) })

	orphan, ls := reprint("ZZZZ000003", "", 2)
	s.Refuse(nil, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, orphan, ls) })
	stranger, ls := reprint("ZZZZ000003", other, 2)
	s.Refuse(nil, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, stranger, ls) })
	nested, ls := reprint("ZZZZ000003", again.ID, 2)
	s.Refuse(nil, func(tx store.Tx) error { return tx.InsertJob(s.Ctx, nested, ls) })

	// The rule holds for originals while their reprints live, and when only a reprint is left.
	original, ls := Job("ZZZZ000004", 2)
	insert := func(tx store.Tx) error { return tx.InsertJob(s.Ctx, original, ls) }
	s.Refuse(store.ErrExists, insert)
	s.move(again.ID, store.JobWithdrawn)
	s.Refuse(store.ErrExists, insert)
	s.move(first, store.JobRejected)
	s.Must(insert)

	// Reports see a letter once, in its original job, and its costs in both.
	s.Must(func(tx store.Tx) error {
		if err := tx.InsertReceiptFile(s.Ctx, ReceiptFile()); err != nil {
			return err
		}
		for i, job := range []string{original.ID, twice.ID} {
			r, _ := Receipt(501+i, job, 2)
			r.Row.PostedAt = T0.AddDate(0, 3*i, 1)
			if err := errors.Join(tx.InsertReceipts(s.Ctx, r), tx.Book(s.Ctx, Booked(r))); err != nil {
				return err
			}
		}
		return nil
	})
	s.View(func(r store.Reader) error {
		for i, reprinted := range []bool{false, true} {
			from, to := T0.AddDate(0, 3*i, 0), T0.AddDate(0, 3*i, 2)
			costs, err := r.Ledger(s.Ctx, store.LedgerFilter{From: from, To: to})
			if err != nil {
				return err
			}
			if len(costs) == 0 {
				s.Fatal("no costs")
			}
			for _, c := range costs {
				s.Same(c.Job == twice.ID, reprinted)
			}
			ships, err := reportShipments(s.Ctx, r, from, to, nil)
			if err != nil {
				return err
			}
			var jobs []string
			for _, v := range ships {
				if v.ID == ID(2) {
					jobs = append(jobs, v.Job)
				}
			}
			s.Same(jobs, []string{original.ID})
		}
		return nil
	})
}

// reprintGate: what keeps a letter of a reprint from paper is other than what keeps an original.
func reprintGate(s *Suite) {
	numbers := []int{1, 2, 3, 4, 5, 6}
	s.Put(nil, numbers...)
	first := s.Job(numbers...)
	s.move(first, store.JobComposed)
	s.move(first, store.JobOffered)
	again, ls := reprint("ZZZZ000001", first, numbers...)
	s.Must(func(tx store.Tx) error {
		if err := tx.InsertJob(s.Ctx, again, ls); err != nil {
			return err
		}
		for n, change := range map[int]func(v *shipment.Shipment){
			1: func(v *shipment.Shipment) { v.Status = shipment.StatusPrintet },
			2: func(v *shipment.Shipment) { v.Status, v.ReadAt = shipment.StatusPrintet, T0 },
			3: func(v *shipment.Shipment) { v.Status = shipment.StatusManueltHandtert },
			4: func(v *shipment.Shipment) { v.Status = shipment.StatusSlettet },
			5: func(v *shipment.Shipment) { v.Hold = "x" },
			6: func(v *shipment.Shipment) { v.ClosedAt = T0 },
		} {
			v, err := tx.Shipment(s.Ctx, ID(n))
			if err != nil {
				return err
			}
			change(&v)
			if err := tx.UpdateShipment(s.Ctx, v); err != nil {
				return err
			}
		}
		return nil
	})
	s.View(func(r store.Reader) error {
		out, err := r.Ungated(s.Ctx, again.ID)
		s.Same(ids(out), []string{ID(3), ID(4), ID(5), ID(6)})
		return err
	})
}

func composedFiles(s *Suite) {
	s.Put(nil, 1, 2)
	id := s.Job(1, 2)
	_, ls := Job(id, 1, 2)
	for i := range ls {
		ls[i].File, ls[i].FirstSide, ls[i].LastSide, ls[i].Sheets, ls[i].Pages = "a.pdf", 4*i+1, 4*i+4, 2, 3
		ls[i].PagesBW, ls[i].PagesColour, ls[i].GiroSheets, ls[i].Envelope, ls[i].WeightGram = 2, 1, 1, "C5", 20
	}
	files := []store.JobFile{
		{Job: id, File: exchange.File{Name: "b.pdf", Kind: "print", SHA256: Sha(1), Bytes: 10, Sides: 8, Letters: 2, FirstLetter: 1, LastLetter: 2}, Blob: shipment.BlobRef{SHA256: Sha(1), Bytes: 10}},
		{Job: id, File: exchange.File{Name: "a.csv", Kind: "manifest", SHA256: Sha(2), Bytes: 20}, Blob: shipment.BlobRef{SHA256: Sha(2), Bytes: 20}},
	}
	check := func() {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.JobFiles(s.Ctx, id)
			s.Same(got, files)
			gl, err2 := r.JobLetters(s.Ctx, id)
			s.Same(gl, ls)
			return errors.Join(err, err2)
		})
	}
	for range 2 { // composing again gives the same
		s.Must(func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, id, files, ls) })
		check()
	}
	wrong := slices.Clone(ls)
	wrong[0].Konteringskode, wrong[0].Reason = "other", shipment.ReasonPrintOnly // are not composed fields
	wrong[0].Sheets = 9
	ls[0].Sheets = 9
	files = files[:1]
	s.Must(func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, id, files, wrong) })
	check()
	bad := slices.Clone(files)
	bad[0].File.Name = ""
	s.Refuse(nil, func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, id, bad, ls) })
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, id, append(files, files...), ls) })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		return tx.SetJobFiles(s.Ctx, id, files, []store.JobLetter{{Job: id, Shipment: ID(7), Letter: 3}})
	})
	s.Refuse(nil, func(tx store.Tx) error {
		l := ls[0]
		l.FirstSide, l.LastSide = 5, 4
		return tx.SetJobFiles(s.Ctx, id, files, []store.JobLetter{l})
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, "ZZZZ000009", nil, nil) })
	check()
	s.Must(func(tx store.Tx) error { return tx.SetJobFiles(s.Ctx, id, nil, nil) })
	files = nil
	check()
}

// unhandled: letters that nothing happens to, each other one for a reason of its own.
func unhandled(s *Suite) {
	since := T0.Add(-24 * time.Hour)
	wait := func(number int, fn func(*shipment.Shipment)) {
		s.Helper()
		s.Put(func(v *shipment.Shipment) {
			v.NotifiedAt, v.DueAt, v.DueReason, v.ReceivedAt = time.Time{}, time.Time{}, "", since
			fn(v)
		}, number)
	}
	for i, fn := range []func(*shipment.Shipment){
		// Counted:
		func(*shipment.Shipment) {},
		func(v *shipment.Shipment) { v.ReceivedAt = since.Add(-1000 * time.Hour) },
		func(v *shipment.Shipment) { v.Status = shipment.StatusSendtSDP },
		func(v *shipment.Shipment) { v.Status = shipment.StatusKlarForMottak; v.Account = "barnehage" },
		func(v *shipment.Shipment) { v.Status = shipment.StatusMottatt },
		func(v *shipment.Shipment) { v.Submission.DigitalOnly = true },
		// Not counted:
		func(v *shipment.Shipment) { v.ReceivedAt = since.Add(time.Millisecond) },
		func(v *shipment.Shipment) { v.DueAt, v.DueReason = T0.Add(time.Hour), shipment.ReasonUnread },
		func(v *shipment.Shipment) { v.ReadAt = T0 },
		func(v *shipment.Shipment) { v.ClosedAt = T0 },
		func(v *shipment.Shipment) { v.Hold = "x" },
		func(v *shipment.Shipment) { v.Status = shipment.StatusVarslet },
		func(v *shipment.Shipment) { v.Status = shipment.StatusLevertSDP },
		func(v *shipment.Shipment) { v.Status = shipment.StatusSendtPrint },
	} {
		wait(i+1, fn)
	}
	// The second one has events: the last of them recorded at the time still counts as before it.
	event := func(n int, recorded time.Time) {
		s.Helper()
		s.Must(func(tx store.Tx) error {
			return tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(n), At: T0, Recorded: recorded, Kind: "STATUS"})
		})
	}
	event(2, since.Add(-time.Hour))
	event(2, since)
	want := func(accepted int) {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.Unhandled(s.Ctx, since)
			s.Same(got, []store.StatusCount{
				{Account: "barnehage", Status: shipment.StatusKlarForMottak, Count: 1},
				{Account: "skole", Status: shipment.StatusAkseptert, Count: accepted},
				{Account: "skole", Status: shipment.StatusMottatt, Count: 1},
				{Account: "skole", Status: shipment.StatusSendtSDP, Count: 1},
			})
			return err
		})
	}
	want(3)
	event(2, since.Add(time.Millisecond))
	want(2)
}

func lastGate(s *Suite) {
	s.Put(nil, 1, 2, 3, 4, 5, 6, 7)
	id := s.Job(7, 6, 5, 4, 3, 2, 1)
	change := func(n int, fn func(*shipment.Shipment)) {
		s.Must(func(tx store.Tx) error {
			v, err := tx.Shipment(s.Ctx, ID(n))
			if err != nil {
				return err
			}
			fn(&v)
			return tx.UpdateShipment(s.Ctx, v)
		})
	}
	gate := func() []string {
		var got []shipment.Shipment
		s.View(func(r store.Reader) (err error) { got, err = r.Ungated(s.Ctx, id); return err })
		slices.SortFunc(got, func(a, b shipment.Shipment) int { return strings.Compare(a.ID, b.ID) })
		return ids(got)
	}
	s.Same(gate(), []string(nil))
	change(2, func(v *shipment.Shipment) { v.ReadAt = T0 })
	change(3, func(v *shipment.Shipment) { v.Status = shipment.StatusLest; v.ReadAt = T0 })
	change(4, func(v *shipment.Shipment) { v.ClosedAt = T0; v.Status = shipment.StatusManueltHandtert })
	change(5, func(v *shipment.Shipment) { v.Hold = "x" })
	change(6, func(v *shipment.Shipment) { v.Status = shipment.StatusLevertSDP })
	change(7, func(v *shipment.Shipment) { v.Status = shipment.StatusSendtSDP })
	s.Same(gate(), []string{ID(2), ID(3), ID(4), ID(5), ID(6)})
	change(1, func(v *shipment.Shipment) { v.Status = shipment.StatusSendtPrint })
	s.Same(gate(), []string{ID(1), ID(2), ID(3), ID(4), ID(5), ID(6)})
}

// SendAll marks all letters of a job as sent at T0.
func SendAll(ctx context.Context, tx store.Tx, job string) error {
	_, err := tx.SendLetters(ctx, job, T0, 0, 1_000_000)
	return err
}

func receipts(s *Suite) {
	s.Put(nil, 1, 2)
	id := s.Job(1, 2)
	f := ReceiptFile()
	r1, _ := Receipt(101, id, 1)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, r1) }) // no such file
	stopped := store.ReceiptFile{Vendor: "trykkeri", SHA256: Sha(501), Name: "b.csv", Blob: shipment.BlobRef{SHA256: Sha(501), Bytes: 0}, Fetched: T0.Add(time.Hour),
		Problems: []reading.Problem{{Line: 3, Column: "weight", Code: "number", Text: "not a number"}}}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, f), tx.InsertReceiptFile(s.Ctx, stopped))
	})
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertReceiptFile(s.Ctx, f) })
	s.View(func(r store.Reader) error {
		got, err := r.ReceiptFile(s.Ctx, "trykkeri", Sha(500))
		s.Same(got, f)
		all, err2 := r.ReceiptFiles(s.Ctx, "trykkeri")
		s.Same(all, []store.ReceiptFile{f, stopped})
		n, err3 := r.Unreceipted(s.Ctx, id)
		s.Same(n, 2)
		return errors.Join(err, err2, err3)
	})
	r1.Row.PostedAt = r1.Row.PostedAt.In(time.FixedZone("CET", 3600)) // reads back as the same instant in UTC
	s.Must(func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, r1) })
	r1.Row.PostedAt = r1.Row.PostedAt.UTC()
	s.View(func(r store.Reader) error {
		got, err := r.AppliedReceipt(s.Ctx, id, ID(1))
		s.Same(got, r1)
		n, err2 := r.Unreceipted(s.Ctx, id)
		s.Same(n, 1)
		return errors.Join(err, err2)
	})
	again, _ := Receipt(102, id, 1)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, again) })
	again.State = store.ReceiptConflict
	unknown, _ := Receipt(103, "ZZZZ000009", 55)
	unknown.State = store.ReceiptUnknown
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceipts(s.Ctx, again), tx.InsertReceipts(s.Ctx, unknown))
	})
	s.View(func(r store.Reader) error {
		n, err := r.Unreceipted(s.Ctx, id)
		s.Same(n, 1)
		got, err2 := r.AppliedReceipt(s.Ctx, id, ID(1))
		s.Same(got, r1)
		return errors.Join(err, err2)
	})
	for name, broken := range map[string]func(*store.Receipt){
		"same id":             func(r *store.Receipt) { r.ID = r1.ID },
		"id not a UUID":       func(r *store.Receipt) { r.ID = "1" },
		"state unknown":       func(r *store.Receipt) { r.State = "KANSKJE" },
		"file unknown":        func(r *store.Receipt) { r.File = Sha(502) },
		"letter unknown":      func(r *store.Receipt) { r.Row.Shipment = ID(3) },
		"job unknown":         func(r *store.Receipt) { r.Row.Job = "ZZZZ000009" },
		"applied, not posted": func(r *store.Receipt) { r.Row.PostedAt = time.Time{} },
	} {
		r, _ := Receipt(110, id, 2)
		broken(&r)
		if err := s.InTx(func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, r) }); err == nil {
			s.Errorf("%s: was stored", name)
		}
	}
	// What a person must decide about, and has.
	records := func(f store.ReceiptFilter) (out []store.ReceiptRecord) {
		s.Helper()
		s.View(func(r store.Reader) (err error) { out, err = r.Receipts(s.Ctx, f); return err })
		return out
	}
	// By their ids, of a file.
	ids := func(f store.ReceiptFilter) (out []string) {
		s.Helper()
		for _, r := range records(f) {
			out = append(out, r.ID)
		}
		return out
	}
	s.Same(ids(store.ReceiptFilter{File: r1.File, Until: unknown.ID}), []string{r1.ID, again.ID, unknown.ID})
	s.Same(ids(store.ReceiptFilter{Vendor: "trykkeri", File: r1.File, After: r1.ID, Until: unknown.ID, Limit: 1}), []string{again.ID})
	s.Same(ids(store.ReceiptFilter{File: r1.File, After: r1.ID, Until: again.ID}), []string{again.ID})
	s.Same(len(ids(store.ReceiptFilter{File: Sha(501), Until: unknown.ID})), 0)
	open := func(want int) {
		s.Helper()
		s.Same(len(records(store.ReceiptFilter{Open: true})), want)
		s.View(func(r store.Reader) error {
			n, err := r.OpenConflicts(s.Ctx)
			s.Same(n["trykkeri"], want)
			return err
		})
	}
	recorded := func(r store.Receipt, d *store.ReceiptDecision) store.ReceiptRecord {
		return store.ReceiptRecord{Receipt: r, FileName: f.Name, Fetched: f.Fetched, Decision: d}
	}
	again.Row.PostedAt = again.Row.PostedAt.UTC()
	open(1)
	s.Same(records(store.ReceiptFilter{Vendor: "trykkeri", States: []store.ReceiptState{store.ReceiptApplied, store.ReceiptConflict}}),
		[]store.ReceiptRecord{recorded(r1, nil), recorded(again, nil)})
	s.Same(len(records(store.ReceiptFilter{Vendor: "annen"})), 0)
	s.Same(len(records(store.ReceiptFilter{Limit: 1})), 1)
	for name, d := range map[string]store.ReceiptDecision{
		"the other way round": {Receipt: r1.ID, Against: again.ID, Reason: "x"},
		"with itself":         {Receipt: again.ID, Against: again.ID, Reason: "x"},
		"with no reason":      {Receipt: again.ID, Against: r1.ID},
		"with an unknown one": {Receipt: again.ID, Against: ID(999), Reason: "x"},
		"not in conflict":     {Receipt: unknown.ID, Against: r1.ID, Reason: "x"},
	} {
		if err := s.InTx(func(tx store.Tx) error { return tx.DecideReceipt(s.Ctx, d) }); err == nil {
			s.Errorf("decided %s", name)
		}
	}
	third, _ := Receipt(104, id, 1)
	third.State = store.ReceiptConflict
	s.Must(func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, third) })
	third.Row.PostedAt = third.Row.PostedAt.UTC()
	open(2)
	var at time.Time
	decide := func(d store.ReceiptDecision) {
		s.Helper()
		s.Must(func(tx store.Tx) error { at = tx.Now(); return tx.DecideReceipt(s.Ctx, d) })
	}
	keep := store.ReceiptDecision{Receipt: again.ID, Against: r1.ID, Reason: "stays"}
	decide(keep)
	keep.At = at
	open(1)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.DecideReceipt(s.Ctx, keep) })
	take := store.ReceiptDecision{Receipt: third.ID, Against: r1.ID, Taken: true, Reason: "is right"}
	decide(take)
	take.At = at
	open(0)
	third.State, r1.State = store.ReceiptApplied, store.ReceiptConflict
	s.View(func(r store.Reader) error {
		got, err := r.AppliedReceipt(s.Ctx, id, ID(1))
		s.Same(got, third)
		rec, err2 := r.Receipt(s.Ctx, third.ID)
		s.Same(rec, recorded(third, &take))
		old, err3 := r.Receipt(s.Ctx, r1.ID)
		s.Same(old, recorded(r1, nil))
		kept, err4 := r.Receipt(s.Ctx, again.ID)
		s.Same(kept, recorded(again, &keep))
		return errors.Join(err, err2, err3, err4)
	})

	closed := s.Shipment(2)
	closed.Status = shipment.StatusManueltHandtert
	awaited := func(want int) {
		s.Helper()
		s.View(func(r store.Reader) error {
			n, err := r.Awaited(s.Ctx, id)
			s.Same(n, want)
			left, err2 := r.Unreceipted(s.Ctx, id)
			s.Same(left, 1)
			return errors.Join(err, err2)
		})
	}
	awaited(1)
	s.Must(func(tx store.Tx) error { return tx.UpdateShipment(s.Ctx, closed) })
	awaited(0) // none is awaited for what a person has closed
	last, _ := Receipt(111, id, 2)
	s.Must(func(tx store.Tx) error { return tx.InsertReceipts(s.Ctx, last) })
	s.View(func(r store.Reader) error {
		n, err := r.Unreceipted(s.Ctx, id)
		s.Same(n, 0)
		return err
	})
}

func deviations(s *Suite) {
	s.Must(func(tx store.Tx) error { return tx.InsertReceiptFile(s.Ctx, ReceiptFile()) })
	d := func(key string, at time.Time) store.Deviation {
		return store.Deviation{Key: key, At: at, Vendor: "trykkeri", File: Sha(500), Account: "skole",
			Finding: receipt.Deviation{Kind: "vekt", Shipment: ID(1), Job: "ZZZZ000001", Expected: "20", Got: "30", Amount: -5}}
	}
	early, same, late := d("a", T0), d("b", T0), d("aa", T0.Add(time.Hour))
	late.File = ""
	early.State, same.State, late.State = store.DeviationOpen, store.DeviationOpen, store.DeviationOpen
	s.Must(func(tx store.Tx) error { return tx.InsertDeviations(s.Ctx, []store.Deviation{late, same, early}) })
	other := d("a", T0.Add(time.Minute))
	other.Account = "helse"
	s.Must(func(tx store.Tx) error { return tx.InsertDeviations(s.Ctx, []store.Deviation{other, early}) }) // left alone
	s.View(func(r store.Reader) error {
		for _, c := range []struct {
			filter store.DeviationFilter
			want   []store.Deviation
		}{
			{store.DeviationFilter{}, []store.Deviation{early, same, late}},
			{store.DeviationFilter{From: T0, To: T0.Add(time.Hour + 1e6)}, []store.Deviation{early, same, late}},
			{store.DeviationFilter{From: T0, To: T0.Add(time.Hour)}, []store.Deviation{early, same}},
			{store.DeviationFilter{From: T0.Add(time.Hour)}, []store.Deviation{late}},
			{store.DeviationFilter{Limit: 2}, []store.Deviation{early, same}},
			{store.DeviationFilter{Keys: []string{late.Key, early.Key, "borte"}}, []store.Deviation{early, late}},
			{store.DeviationFilter{After: early, Limit: 1}, []store.Deviation{same}},
			{store.DeviationFilter{After: same, Limit: 2}, []store.Deviation{late}},
			{store.DeviationFilter{After: late}, nil},
		} {
			got, err := r.Deviations(s.Ctx, c.filter)
			if err != nil {
				return err
			}
			s.Same(got, c.want)
		}
		return nil
	})
	// What people decide stands beside it; the last word counts.
	for _, state := range []store.DeviationState{store.DeviationDisputed, store.DeviationSettled} {
		s.Must(func(tx store.Tx) error {
			early.State, early.DecidedAt, early.Reason = state, tx.Now(), "x"
			return tx.DecideDeviation(s.Ctx, "a", state, "x")
		})
		s.View(func(r store.Reader) error {
			got, err := r.Deviations(s.Ctx, store.DeviationFilter{})
			s.Same(got, []store.Deviation{early, same, late})
			open, err2 := r.OpenDeviations(s.Ctx, T0, T0.Add(2*time.Hour))
			s.Same(open, map[string]int{"trykkeri": 2})
			fewer, err3 := r.OpenDeviations(s.Ctx, T0, T0.Add(time.Hour))
			s.Same(fewer, map[string]int{"trykkeri": 1})
			return errors.Join(err, err2, err3)
		})
	}
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.DecideDeviation(s.Ctx, "borte", store.DeviationOpen, "x") })
	s.Refuse(nil, func(tx store.Tx) error { return tx.DecideDeviation(s.Ctx, "a", "KANSKJE", "x") })
	s.Refuse(nil, func(tx store.Tx) error { return tx.DecideDeviation(s.Ctx, "a", store.DeviationOpen, "") })
	bad := d("c", T0)
	bad.File = Sha(501)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.InsertDeviations(s.Ctx, []store.Deviation{bad}) })
	bad = d("", T0)
	s.Refuse(nil, func(tx store.Tx) error { return tx.InsertDeviations(s.Ctx, []store.Deviation{bad}) })
}

// reportShipments collects the shipments of a report, by id.
func reportShipments(ctx context.Context, r store.Reader, from, to time.Time, accounts []string) ([]store.ReportShipment, error) {
	var out []store.ReportShipment
	err := r.EachReportShipment(ctx, from, to, accounts, func(v store.ReportShipment) error {
		out = append(out, v)
		return nil
	})
	slices.SortFunc(out, func(a, b store.ReportShipment) int { return cmp.Compare(a.ID, b.ID) })
	return out, err
}

func reports(s *Suite) {
	s.Put(digitalOnly, 1)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse" }, 2)
	s.Put(func(v *shipment.Shipment) { v.ReceivedAt = T0 }, 3)
	id := s.Job(1, 2)
	_, letters := Job(id, 1, 2)
	from := Shipment(1).ReceivedAt
	list := func(from, to time.Time, accounts ...string) (got []store.ReportShipment) {
		s.Helper()
		s.View(func(r store.Reader) (err error) {
			got, err = reportShipments(s.Ctx, r, from, to, accounts)
			return err
		})
		return got
	}
	want := func(n int, job string, l store.JobLetter) store.ReportShipment {
		v := s.Shipment(n)
		v.Submission, v.Content = shipment.Submission{Konteringskode: "0412", SendingSystem: "ePhorte", DigitalOnly: n == 1}, ""
		return store.ReportShipment{Shipment: v, Job: job, Letter: l}
	}
	s.Same(list(from, T0.Add(time.Millisecond)), []store.ReportShipment{
		want(1, id, letters[0]), want(2, id, letters[1]), want(3, "", store.JobLetter{})})
	s.Same(list(from, T0, "skole"), []store.ReportShipment{want(1, id, letters[0])})
	enough := errors.New("enough")
	s.View(func(r store.Reader) error {
		n := 0
		err := r.EachReportShipment(s.Ctx, from, T0, nil, func(store.ReportShipment) error { n++; return enough })
		if !errors.Is(err, enough) || n != 1 {
			s.Fatalf("%d shipments after the error: %v", n, err)
		}
		codes, err := r.CodesOf(s.Ctx, []string{ID(1), ID(3), ID(77)})
		s.Same(codes, map[string]string{ID(1): "0412", ID(3): "0412"})
		none, err2 := r.CodesOf(s.Ctx, nil)
		s.Same(none, map[string]string{})
		return errors.Join(err, err2)
	})
	s.Same(list(from.Add(time.Millisecond), T0), []store.ReportShipment(nil))

	s.Must(func(tx store.Tx) error { // posted long after it was received: in both periods
		v, err := tx.Shipment(s.Ctx, ID(1))
		if err != nil {
			return err
		}
		v.PostedAt = T0.Add(24 * time.Hour)
		return tx.UpdateShipment(s.Ctx, v)
	})
	s.Same(list(T0.Add(24*time.Hour), T0.Add(25*time.Hour)), []store.ReportShipment{want(1, id, letters[0])})
	s.Same(list(T0.Add(23*time.Hour), T0.Add(24*time.Hour)), []store.ReportShipment(nil))

	// Booked in another month than received and posted.
	r1, lines := Receipt(101, id, 2)
	for i := range lines {
		lines[i].BookedAt = T0.AddDate(0, 2, 0)
	}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, ReceiptFile()), tx.InsertReceipts(s.Ctx, r1), tx.Book(s.Ctx, lines))
	})
	s.Same(list(T0.AddDate(0, 2, 0), T0.AddDate(0, 2, 1)), []store.ReportShipment{want(2, id, letters[1])})
	s.move(id, store.JobRejected) // the letters are in no live job any more
	s.Same(list(from, T0), []store.ReportShipment{want(1, "", store.JobLetter{}), want(2, "", store.JobLetter{})})
}

func codeRegister(s *Suite) {
	register := func(want []codes.Entry) {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.CodeRegister(s.Ctx)
			s.Same(got, want)
			return err
		})
	}
	register(nil)
	a := codes.Entry{Code: "0100", Name: "Skatt", Ansvar: "1", Funksjon: "2", Art: "3", Prosjekt: "4", ValidFrom: "2026-01-01", ValidTo: "2027-01-01", Budget: 5, HasBudget: true, ReplacedBy: "Å.1"}
	b := codes.Entry{Code: "Å.1"}
	s.Must(func(tx store.Tx) error { return tx.SetCodeRegister(s.Ctx, []codes.Entry{b, a}) })
	register([]codes.Entry{a, b})
	s.Must(func(tx store.Tx) error { return tx.SetCodeRegister(s.Ctx, []codes.Entry{b}) })
	register([]codes.Entry{b})
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.SetCodeRegister(s.Ctx, []codes.Entry{a, a}) })
	register([]codes.Entry{b})

	s.Put(nil, 1, 2)
	id := s.Job(1, 2)
	_, letters := Job(id, 1, 2)
	r1, l1 := Receipt(101, id, 1)
	r2, l2 := Receipt(102, id, 2)
	for i := range l2 {
		l2[i].Line.Konteringskode, l2[i].Account = "", "helse"
	}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, ReceiptFile()), tx.InsertReceipts(s.Ctx, r1), tx.InsertReceipts(s.Ctx, r2), tx.Book(s.Ctx, l1), tx.Book(s.Ctx, l2))
	})
	s.View(func(r store.Reader) error {
		at := r1.Row.PostedAt
		for _, c := range []struct{ from, to time.Time }{{at, at.Add(time.Millisecond)}, {at.Add(-time.Hour), at}, {at.Add(time.Millisecond), at.Add(time.Hour)}, {time.Unix(0, 0), at.AddDate(10, 0, 0)}} {
			letters, net, err := r.LedgerSum(s.Ctx, c.from, c.to)
			if err != nil {
				return err
			}
			err = r.EachLedgerLine(s.Ctx, store.LedgerFilter{From: c.from, To: c.to}, func(l store.LedgerLine) error {
				letters, net = letters-l.Letters, net-l.Line.Net
				return nil
			})
			if err != nil || letters != 0 || net != 0 {
				s.Errorf("from %s to %s: the sum is %d letters and %d øre too much: %v", c.from, c.to, letters, net, err)
			}
		}
		all, err := r.SpentByCode(s.Ctx, at, at.Add(time.Millisecond), nil)
		s.Same(all, map[string]money.Ore{"": 1755, "0412": 1755})
		some, err2 := r.SpentByCode(s.Ctx, at, at.Add(time.Millisecond), []string{"helse"})
		s.Same(some, map[string]money.Ore{"": 1755})
		none, err3 := r.SpentByCode(s.Ctx, at.Add(time.Millisecond), at.Add(time.Hour), nil)
		s.Same(len(none), 0)
		return errors.Join(err, err2, err3, s.jobOwners(r, id, letters), s.postedSums(r, at, at.Add(time.Millisecond), store.PostedSum{Account: "helse", Envelope: letters[1].Envelope, At: at, Letters: 1, Production: l2[0].Line.Net},
			store.PostedSum{Account: l1[0].Account, Konteringskode: l1[0].Line.Konteringskode, Envelope: letters[0].Envelope, At: at, Letters: 1, Production: l1[0].Line.Net}),
			s.postedSums(r, at.Add(time.Millisecond), at.Add(time.Hour)))
	})
}

// jobOwners holds the owners of a job of two letters against its letters.
func (s *Suite) jobOwners(r store.Reader, job string, letters []store.JobLetter) error {
	s.Helper()
	var want []store.LetterOwner
	for _, l := range letters {
		o := store.LetterOwner{Account: s.Shipment(1).Account, Konteringskode: l.Konteringskode, Letters: 1}
		if i := slices.IndexFunc(want, func(w store.LetterOwner) bool { return w.Konteringskode == o.Konteringskode }); i >= 0 {
			want[i].Letters++
			continue
		}
		want = append(want, o)
	}
	slices.SortFunc(want, func(a, b store.LetterOwner) int { return cmp.Compare(a.Konteringskode, b.Konteringskode) })
	got, err := r.JobOwners(s.Ctx, job)
	s.Same(got, want)
	return err
}

// postedSums holds what was posted in a period against what it must be, by account.
func (s *Suite) postedSums(r store.Reader, from, to time.Time, want ...store.PostedSum) error {
	s.Helper()
	var got []store.PostedSum
	err := r.EachPostedSum(s.Ctx, "trykkeri", from, to, func(p store.PostedSum) error { got = append(got, p); return nil })
	byAccount := func(a, b store.PostedSum) int { return cmp.Compare(a.Account, b.Account) }
	slices.SortFunc(got, byAccount)
	slices.SortFunc(want, byAccount)
	s.Same(got, want)
	return err
}

// receiptLetters: what receipts are held against, and how a posting is stored.
func receiptLetters(s *Suite) {
	s.Put(nil, 1, 2, 3)
	first := s.Job(1, 2)
	s.move(first, store.JobRejected)
	second := s.Job(1)
	_, was := Job(first, 1, 2)
	_, now := Job(second, 1)
	r1, _ := Receipt(101, second, 1)
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, ReceiptFile()), tx.InsertReceipts(s.Ctx, r1), tx.InsertReceipts(s.Ctx))
	})
	of := func(n int) store.PostedShipment {
		v := s.Shipment(n)
		return store.PostedShipment{ID: v.ID, Account: v.Account, Zone: v.Zone, Status: v.Status, PostedAt: v.PostedAt, Version: v.Version}
	}
	check := func() {
		s.Helper()
		s.View(func(r store.Reader) error {
			got, err := r.ReceiptLetters(s.Ctx, []string{ID(1), ID(2), ID(3), ID(77)})
			slices.SortFunc(got, func(a, b store.ReceiptLetter) int {
				return cmp.Or(cmp.Compare(a.Job, b.Job), cmp.Compare(a.Shipment, b.Shipment))
			})
			s.Same(got, []store.ReceiptLetter{{JobLetter: was[0], Of: of(1)}, {JobLetter: was[1], Of: of(2)}, {JobLetter: now[0], Of: of(1), Applied: &r1}})
			none, err2 := r.ReceiptLetters(s.Ctx, nil)
			s.Same(len(none), 0)
			return errors.Join(err, err2)
		})
	}
	check()
	one, two := of(1), of(2)
	one.Status, one.PostedAt = shipment.StatusPrintet, T0.Add(time.Hour)
	s.Must(func(tx store.Tx) error { return tx.PostShipments(s.Ctx, []store.PostedShipment{one, two}) })
	if got := of(1); got.Status != one.Status || !got.PostedAt.Equal(one.PostedAt) || got.Version != one.Version+1 {
		s.Errorf("posted: %+v", got)
	}
	check()
	s.Refuse(store.ErrStale, func(tx store.Tx) error { return tx.PostShipments(s.Ctx, []store.PostedShipment{one}) })
	one.ID = ID(77)
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.PostShipments(s.Ctx, []store.PostedShipment{one}) })
}

func notable(s *Suite) {
	s.Put(nil, 1, 2)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse" }, 3)
	add := func(id int, kind string, at time.Time) {
		s.Must(func(tx store.Tx) error {
			return tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(id), At: at, Kind: kind})
		})
	}
	add(1, shipment.EventWithdrawn, T0)
	add(1, shipment.EventWithdrawn, T0.Add(time.Minute)) // the same letter
	add(2, shipment.EventWithdrawn, T0.Add(-time.Millisecond))
	add(2, shipment.EventReturned, T0.Add(time.Hour-time.Millisecond))
	add(3, shipment.EventReadAfter, T0)
	add(3, shipment.EventReturned, T0.Add(time.Hour))
	add(3, shipment.EventCollected, T0)
	s.View(func(r store.Reader) error {
		all, err := r.CountNotable(s.Ctx, T0, T0.Add(time.Hour), nil)
		s.Same(all, map[string]int{shipment.EventWithdrawn: 1, shipment.EventReturned: 1, shipment.EventReadAfter: 1})
		some, err2 := r.CountNotable(s.Ctx, T0, T0.Add(time.Hour), []string{"helse"})
		s.Same(some, map[string]int{shipment.EventReadAfter: 1})
		return errors.Join(err, err2)
	})
}

func invoices(s *Suite) {
	inv := func(n int, number string, from, to civil.Date) store.InvoiceRecord {
		v, err := invoice.New(number, to, from, to, []invoice.Line{
			{ID: "1", Kind: ledger.KindPostage, Konteringskode: "0412", Quantity: 15_000, Net: 1234, VATPercent: money.DecimalFromInt(25)}})
		if err != nil {
			s.Fatal(err)
		}
		return store.InvoiceRecord{ID: ID(n), Vendor: "trykkeri", Invoice: v, Blob: shipment.BlobRef{SHA256: Sha(n), Bytes: 9}}
	}
	november, december, typed := inv(1, "F-1", "2026-11-01", "2026-12-01"), inv(2, "F-2", "2026-12-01", "2027-01-01"), inv(3, "K-1", "2026-11-01", "2026-12-01")
	typed.Blob = shipment.BlobRef{}
	s.Must(func(tx store.Tx) error {
		for _, r := range []*store.InvoiceRecord{&december, &typed, &november} {
			r.TakenAt = tx.Now()
			if err := tx.InsertInvoice(s.Ctx, *r); err != nil {
				return err
			}
		}
		return nil
	})
	day := func(c civil.Date) time.Time {
		if c == "" {
			return time.Time{}
		}
		return c.In(calendar.Oslo)
	}
	for _, c := range []struct {
		from, to civil.Date
		want     []store.InvoiceRecord
	}{
		{"", "", []store.InvoiceRecord{november, typed, december}},
		{"2026-11-30", "2026-12-01", []store.InvoiceRecord{november, typed}},
		{"2026-11-30", "2026-12-02", []store.InvoiceRecord{november, typed, december}},
		{"2027-01-01", "2028-01-01", nil},
	} {
		s.View(func(r store.Reader) error {
			got, err := r.Invoices(s.Ctx, day(c.from), day(c.to))
			s.Same(got, c.want)
			return err
		})
	}
	s.View(func(r store.Reader) error {
		got, err := r.Invoice(s.Ctx, typed.ID)
		s.Same(got, typed)
		return err
	})
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertInvoice(s.Ctx, inv(4, "F-1", "2027-01-01", "2027-02-01")) })
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.InsertInvoice(s.Ctx, inv(1, "F-9", "2027-01-01", "2027-02-01")) })

	// What is booked for letters posted in a period, in whatever month; shares of invoices are not.
	s.Put(nil, 1, 2)
	id := s.Job(1, 2)
	r1, l1 := Receipt(101, id, 1)
	r2, l2 := Receipt(102, id, 2)
	later := r1.Row.PostedAt.AddDate(0, 3, 0)
	for i := range l2 {
		l2[i].BookedAt, l2[i].Line.Konteringskode = later, ""
	}
	share := l1[0]
	share.Entry, share.Source, share.Letters = ID(103), store.LedgerAllocation, 0
	other := l1[0]
	other.Entry, other.Vendor = ID(104), "annen"
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertReceiptFile(s.Ctx, ReceiptFile()), tx.InsertReceipts(s.Ctx, r1), tx.InsertReceipts(s.Ctx, r2),
			tx.Book(s.Ctx, l1), tx.Book(s.Ctx, l2), tx.Book(s.Ctx, []store.LedgerLine{share}), tx.Book(s.Ctx, []store.LedgerLine{other}))
	})
	s.View(func(r store.Reader) error {
		got, err := r.BookedFor(s.Ctx, "trykkeri", r1.Row.PostedAt, r1.Row.PostedAt.Add(time.Millisecond))
		s.Same(got, []invoice.Booked{
			{Account: "skole", Kind: ledger.KindPostage, Net: 1450}, {Account: "skole", Kind: ledger.KindProduction, Net: 305, VAT: 76, Letters: 1},
			{Account: "skole", Konteringskode: "0412", Kind: ledger.KindPostage, Net: 1450}, {Account: "skole", Konteringskode: "0412", Kind: ledger.KindProduction, Net: 305, VAT: 76, Letters: 1},
		})
		none, err2 := r.BookedFor(s.Ctx, "trykkeri", later, later.Add(time.Hour))
		s.Same(len(none), 0)
		return errors.Join(err, err2)
	})

	// What is carried is counted for another time, once; what is recorded later is not.
	posted := civil.Of(r1.Row.PostedAt, calendar.Oslo)
	carry := store.ReceiptCarry{Vendor: "trykkeri", From: posted, To: posted.AddDays(1), After: time.UnixMilli(1), Into: posted.AddDays(40), Reason: "faktureres senere"}
	s.Must(func(tx store.Tx) error { return tx.CarryReceipts(s.Ctx, carry) })
	bookedFor := func(from civil.Date) (n int) {
		s.View(func(r store.Reader) error {
			got, err := r.BookedFor(s.Ctx, "trykkeri", from.In(calendar.Oslo), from.AddDays(1).In(calendar.Oslo))
			n = len(got)
			return err
		})
		return n
	}
	s.Same([]int{bookedFor(carry.From), bookedFor(carry.Into)}, []int{0, 4})
	s.View(func(r store.Reader) error {
		beyond, err := r.CarriedBeyond(s.Ctx, "trykkeri", carry.To.In(calendar.Oslo))
		into, err2 := r.CarriedBeyond(s.Ctx, "trykkeri", carry.Into.AddDays(1).In(calendar.Oslo))
		before, err3 := r.CarriedBeyond(s.Ctx, "trykkeri", carry.From.In(calendar.Oslo))
		other, err4 := r.CarriedBeyond(s.Ctx, "annen", carry.To.In(calendar.Oslo))
		s.Same([]int{len(beyond), len(into), len(before), len(other)}, []int{4, 0, 0, 0})
		var net money.Ore
		for _, b := range beyond {
			net += b.Net
		}
		s.Same(net, money.Ore(2*(1450+305)))
		return errors.Join(err, err2, err3, err4)
	})

	// One that is taken back is gone, and its number is free; one that is booked stays.
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.RemoveInvoice(s.Ctx, ID(77), "x") })
	share.Document, share.Entry = december.ID, ID(105)
	s.Must(func(tx store.Tx) error { return tx.Book(s.Ctx, []store.LedgerLine{share}) })
	s.Refuse(nil, func(tx store.Tx) error { return tx.RemoveInvoice(s.Ctx, december.ID, "feil") })
	for range 2 {
		s.Must(func(tx store.Tx) error { return tx.RemoveInvoice(s.Ctx, november.ID, "feil") })
		s.Must(func(tx store.Tx) error {
			november.TakenAt = tx.Now()
			return tx.InsertInvoice(s.Ctx, november)
		})
	}
	s.View(func(r store.Reader) error {
		got, err := r.RemovedInvoices(s.Ctx)
		if len(got) == 2 {
			s.Same([]any{got[0].ID, got[1].Invoice, got[1].Reason, got[1].Blob}, []any{november.ID, november.Invoice, "feil", november.Blob})
		}
		s.Same(len(got), 2)
		return err
	})
}

func bookings(s *Suite) {
	s.Put(nil, 1)
	s.Put(func(v *shipment.Shipment) { v.Account = "helse" }, 2)
	id := s.Job(1, 2)
	r1, l1 := Receipt(101, id, 1)
	r2, _ := Receipt(102, id, 2)
	r2.Row.PostedAt = r1.Row.PostedAt.Add(time.Hour)
	l2 := Booked(r2)
	for i := range l2 {
		l2[i].Account, l2[i].Note = "helse", "en\x00merknad"
	}
	alone := store.LedgerLine{
		Entry: ID(103), BookedAt: T0.AddDate(0, 1, 0), Vendor: "annen", Source: store.LedgerAllocation, Document: ID(104),
		Line: ledger.Line{Kind: "MINSTEPRIS", Net: 100, VAT: 25, Gross: 125},
	}
	var at time.Time
	s.Must(func(tx store.Tx) error {
		at = tx.Now()
		return errors.Join(tx.InsertReceiptFile(s.Ctx, ReceiptFile()), tx.InsertReceipts(s.Ctx, r1), tx.InsertReceipts(s.Ctx, r2),
			tx.Book(s.Ctx, l2), tx.Book(s.Ctx, l1), tx.Book(s.Ctx, []store.LedgerLine{alone}), tx.Book(s.Ctx, nil))
	})
	all := slices.Concat(l1, l2, []store.LedgerLine{alone})
	for i := range all {
		all[i].Recorded = at
		if all[i].Note != "" {
			all[i].Note = "en\ufffdmerknad"
		}
	}
	posted := r1.Row.PostedAt
	for name, c := range map[string]struct {
		filter store.LedgerFilter
		want   []store.LedgerLine
	}{
		"all":      {store.LedgerFilter{}, all},
		"half":     {store.LedgerFilter{From: posted, To: posted.Add(time.Hour)}, all[:2]},
		"later":    {store.LedgerFilter{From: posted.Add(time.Millisecond)}, all[2:]},
		"account":  {store.LedgerFilter{Accounts: []string{"helse"}}, all[2:4]},
		"vendor":   {store.LedgerFilter{Vendor: "annen"}, all[4:]},
		"entry":    {store.LedgerFilter{Entry: r2.ID}, all[2:4]},
		"document": {store.LedgerFilter{Document: ID(104)}, all[4:]},
		"limit":    {store.LedgerFilter{Limit: 1}, all[:1]},
	} {
		s.View(func(r store.Reader) error {
			got, err := r.Ledger(s.Ctx, c.filter)
			if err != nil {
				return err
			}
			if c.filter.Limit == 0 { // of a few of them it is not said which
				n := 0
				err = r.EachLedgerLine(s.Ctx, c.filter, func(l store.LedgerLine) error {
					n++
					if !slices.Contains(got, l) {
						s.Fatalf("%s: %+v is not in the list", name, l)
					}
					return nil
				})
				s.Same(n, len(got))
			}
			s.Same(got, c.want)
			if len(got) != len(c.want) {
				s.Errorf("%s: %d lines", name, len(got))
			}
			return err
		})
	}
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.Book(s.Ctx, l1[:1]) })
	reversal := func(entry int) []store.LedgerLine {
		l := l1[0]
		l.Entry, l.Reverses, l.Source, l.Letters = ID(entry), r1.ID, store.LedgerReversal, -1
		return []store.LedgerLine{l}
	}
	s.Must(func(tx store.Tx) error { return tx.Book(s.Ctx, reversal(105)) })
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.Book(s.Ctx, reversal(106)) })

	// A closed month takes nothing more; the one after it does.
	month := store.ClosedMonth{Month: civil.Of(alone.BookedAt, calendar.Oslo)[:8] + "01", Reason: "avstemt"}
	s.Must(func(tx store.Tx) error { at = tx.Now(); return tx.CloseMonth(s.Ctx, month) })
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.CloseMonth(s.Ctx, month) })
	month.ClosedAt = at
	s.View(func(r store.Reader) error {
		got, err := r.ClosedMonths(s.Ctx)
		s.Same(got, []store.ClosedMonth{month})
		return err
	})
	from, to := month.Span()
	for i, c := range []struct {
		at   time.Time
		open bool
	}{{from.Add(-time.Millisecond), true}, {from, false}, {to.Add(-time.Millisecond), false}, {to, true}} {
		l := alone
		l.Entry, l.BookedAt = ID(110+i), c.at.UTC()
		if err := s.InTx(func(tx store.Tx) error { return tx.Book(s.Ctx, []store.LedgerLine{l}) }); (err == nil) != c.open {
			s.Errorf("booked at %s: %v", c.at, err)
		}
	}
	s.View(func(r store.Reader) error {
		lines, err := r.Ledger(s.Ctx, store.LedgerFilter{From: to.Add(time.Millisecond)})
		if err != nil {
			return err
		}
		for _, c := range []struct{ from, want time.Time }{{to, to.UTC()}, {to.AddDate(100, 0, 0), time.Time{}}} {
			got, err := r.FirstActivity(s.Ctx, c.from)
			if err != nil {
				return err
			}
			s.Same(got.UTC(), c.want)
		}
		if first, err := r.FirstActivity(s.Ctx, time.Time{}); err != nil || first.IsZero() || first.After(from) || len(lines) > 0 && first.After(lines[0].BookedAt) {
			s.Errorf("the first of all: %s, %v", first, err)
		}
		return nil
	})
}

func slots(s *Suite) {
	claim := func(schedule string, at time.Time, st store.SlotState) (ok bool, now time.Time) {
		s.Helper()
		s.Must(func(tx store.Tx) (err error) {
			now = tx.Now()
			by := access.Actor{}
			if st == store.SlotRunning {
				by = access.Actor{Kind: access.CommandLine, ID: "kari"}
			}
			ok, err = tx.ClaimSlot(access.As(s.Ctx, by), schedule, at, st)
			return err
		})
		return ok, now
	}
	ok, started := claim("natt", T0, store.SlotRunning)
	s.Same(ok, true)
	for _, st := range []store.SlotState{store.SlotRunning, store.SlotSkipped} {
		ok, _ = claim("natt", T0, st)
		s.Same(ok, false)
	}
	ok, skipped := claim("natt", T0.Add(-24*time.Hour), store.SlotSkipped)
	s.Same(ok, true)
	ok, _ = claim("kvittering", T0, store.SlotRunning)
	s.Same(ok, true)
	var finished time.Time
	s.Must(func(tx store.Tx) error {
		finished = tx.Now()
		return tx.FinishSlot(s.Ctx, "natt", T0, store.SlotDone, "12 brev")
	})
	ok, _ = claim("natt", T0, store.SlotRunning)
	s.Same(ok, false)
	s.View(func(r store.Reader) error {
		newest := store.Slot{Schedule: "natt", At: T0, State: store.SlotDone, Started: started, Finished: finished, Summary: "12 brev", By: "kommando/kari"}
		oldest := store.Slot{Schedule: "natt", At: T0.Add(-24 * time.Hour), State: store.SlotSkipped, Started: skipped, Finished: skipped}
		last, err := r.LastSlot(s.Ctx, "natt")
		s.Same(last, newest)
		all, err2 := r.Slots(s.Ctx, "natt", 10)
		s.Same(all, []store.Slot{newest, oldest})
		few, err3 := r.Slots(s.Ctx, "natt", 1)
		s.Same(few, []store.Slot{newest})
		return errors.Join(err, err2, err3)
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.FinishSlot(s.Ctx, "natt", T0.Add(time.Hour), store.SlotDone, "") })
	s.Refuse(nil, func(tx store.Tx) error { return tx.FinishSlot(s.Ctx, "natt", T0, "KANSKJE", "") })
	s.Refuse(nil, func(tx store.Tx) error { _, err := tx.ClaimSlot(s.Ctx, "", T0, store.SlotRunning); return err })

	// A slot runs once however many ask for it.
	var wg sync.WaitGroup
	won := make(chan bool, 8)
	for range cap(won) {
		wg.Go(func() {
			err := s.InTx(func(tx store.Tx) error {
				ok, err := tx.ClaimSlot(s.Ctx, "natt", T0.Add(24*time.Hour), store.SlotRunning)
				won <- ok
				return err
			})
			if err != nil {
				s.Error(err)
			}
		})
	}
	wg.Wait()
	close(won)
	n := 0
	for ok := range won {
		if ok {
			n++
		}
	}
	s.Same(n, 1)
}

// says are the arguments of an alarm that says one thing.
func says(what string) alarm.Args { return alarm.Args{"what": what} }

func alarms(s *Suite) {
	step := func(fn func(tx store.Tx) error) (now time.Time) {
		s.Helper()
		s.Must(func(tx store.Tx) error { now = tx.Now(); return fn(tx) })
		return now
	}
	raised := step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "sftp", says("no answer")) })
	again := step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "sftp", says("no answer still")) })
	other := step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "disk", says("full")) })
	first := alarm.Alarm{Key: "sftp", Args: says("no answer still"), Raised: raised, Last: again, Count: 2}
	second := alarm.Alarm{Key: "disk", Args: says("full"), Raised: other, Last: other, Count: 1}
	list := func(open bool) (got []alarm.Alarm) {
		s.View(func(r store.Reader) (err error) { got, err = r.Alarms(s.Ctx, open); return err })
		return got
	}
	s.Same(list(true), []alarm.Alarm{second, first})
	first.Resolved = step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "sftp") })
	s.Same(list(true), []alarm.Alarm{second})
	s.Same(list(false), []alarm.Alarm{second, first})
	step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "sftp") })
	step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "never") })
	s.Same(list(false), []alarm.Alarm{second, first})
	new := step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "sftp", says("again")) })
	third := alarm.Alarm{Key: "sftp", Args: says("again"), Raised: new, Last: new, Count: 1}
	s.Same(list(true), []alarm.Alarm{third, second})
	s.Same(list(false), []alarm.Alarm{third, second, first})
	s.Refuse(nil, func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "", says("x")) })
	// Arguments come back as they were raised, without what can be a fødselsnummer; those of the last time alone.
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "said", alarm.Args{"gone": "1"}) })
	step(func(tx store.Tx) error {
		return tx.RaiseAlarm(s.Ctx, "said", alarm.Args{"why": `"<a & b>" 'ærlig'` + "\n", "2.why": "", "id": "02013299997 stands here"})
	})
	s.Same(list(true)[0].Args, alarm.Args{"why": `"<a & b>" 'ærlig'` + "\n", "2.why": "", "id": "«11 sifre» stands here"})
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "said", nil) })
	s.Same(list(true)[0].Args, alarm.Args{})
	step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "said") })
	// Acknowledged until it is over; one that comes again is not.
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "known", says("x")) })
	known := step(func(tx store.Tx) error { return tx.AckAlarm(s.Ctx, "known", "bestilt ny") })
	s.Same(list(true)[0].AckedAt, known)
	s.Same(list(true)[0].AckReason, "bestilt ny")
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "known", says("y")) })
	s.Same(list(true)[0].AckedAt, known)
	step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "known") })
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error { return tx.AckAlarm(s.Ctx, "known", "x") })
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "known", says("z")) })
	s.Same(list(true)[0].AckedAt, time.Time{})
	step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "known") })

	// What a sink was told, and another was not.
	told := func(sink string) (got []alarm.Delivery) {
		s.View(func(r store.Reader) (err error) { got, err = r.AlarmDeliveries(s.Ctx, sink); return err })
		return got
	}
	open := told("post")
	if len(open) != 2 {
		s.Fatalf("%d alarms to tell, want 2", len(open))
	}
	s.Same(open, []alarm.Delivery{{Alarm: second, Seq: open[0].Seq}, {Alarm: third, Seq: open[1].Seq}})
	at := step(func(tx store.Tx) error { return tx.AlarmTold(s.Ctx, open[1].Seq, "post", false) })
	step(func(tx store.Tx) error { return tx.AlarmTold(s.Ctx, open[1].Seq, "post", false) }) // told twice is told at first
	open[1].ToldRaised, open[1].ToldBefore = at, at
	s.Same(told("post"), open)
	s.Same(len(told("annen")), 2)
	third.Resolved = step(func(tx store.Tx) error { return tx.ResolveAlarm(s.Ctx, "sftp") })
	open[1].Alarm = third
	s.Same(told("post"), open)
	s.Same(len(told("annen")), 1) // nobody has to be told of the end of what nobody was told of
	step(func(tx store.Tx) error { return tx.AlarmTold(s.Ctx, open[1].Seq, "post", true) })
	s.Same(told("post"), open[:1])
	step(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "sftp", says("once more")) })
	s.Same(told("post")[1].ToldBefore, at)
	s.Refuse(nil, func(tx store.Tx) error { return tx.AlarmTold(s.Ctx, 999, "post", false) })
	s.Refuse(nil, func(tx store.Tx) error { return tx.AlarmTold(s.Ctx, open[0].Seq, "", false) })
}

func settings(s *Suite) {
	for _, v := range []string{"1", "", "3"} {
		s.Must(func(tx store.Tx) error { return tx.SetSetting(s.Ctx, "k", v) })
		s.View(func(r store.Reader) error {
			got, err := r.Setting(s.Ctx, "k")
			s.Same(got, v)
			return err
		})
	}
	s.Refuse(nil, func(tx store.Tx) error { return tx.SetSetting(s.Ctx, "", "x") })
}

// ways is who may hand in over the network, and what is found by the sender's own reference.
func ways(s *Suite) {
	first, _, err := access.New("acos-drift", "974760673", []string{"skole", "helse"}, T0)
	s.Same(err, nil)
	second, _, err := access.New("Acos-test", "", []string{"skole"}, T0.Add(time.Second))
	s.Same(err, nil)
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.PutIntegration(s.Ctx, first, "test"), tx.PutIntegration(s.Ctx, second, "test"))
	})
	first.Rotate(T0.Add(time.Hour), T0.Add(48*time.Hour))
	first.Accounts, first.Organisation = []string{"helse"}, ""
	second.Ended = T0.Add(time.Minute)
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.PutIntegration(s.Ctx, first, "test"), tx.PutIntegration(s.Ctx, second, "test"))
	})
	s.View(func(r store.Reader) error {
		all, err := r.Integrations(s.Ctx)
		s.Same(all, []access.Integration{second, first}) // upper case sorts first
		byID, err2 := r.Integration(s.Ctx, first.ID)
		s.Same(byID, first)
		byName, err3 := r.Integration(s.Ctx, "Acos-test")
		s.Same(byName, second)
		_, none := r.Integration(s.Ctx, "acos-test")
		s.Same(errors.Is(none, store.ErrNotFound), true)
		return errors.Join(err, err2, err3)
	})
	other := second
	other.ID = ID(1)
	s.Refuse(store.ErrExists, func(tx store.Tx) error { return tx.PutIntegration(s.Ctx, other, "test") })

	s.Must(func(tx store.Tx) error { return tx.CountWay(s.Ctx, "skole", access.RestV3, first.ID) })
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.CountWay(s.Ctx, "skole", access.RestV3, first.ID), tx.CountWay(s.Ctx, "skole", access.RestV1, second.ID), tx.CountWay(s.Ctx, "helse", access.RestV3, first.ID))
	})
	s.View(func(r store.Reader) error {
		got, err := r.Ways(s.Ctx)
		var said []string
		for _, w := range got {
			said = append(said, fmt.Sprint(w.Account, " ", w.Dialect, " ", w.Integration == first.ID, " ", w.HandIns))
			s.Same(w.First.IsZero() || w.Last.Before(w.First), false)
		}
		s.Same(said, []string{"helse rest-v3 true 1", "skole rest-v1 false 1", "skole rest-v3 true 2"})
		return err
	})

	s.Put(func(v *shipment.Shipment) { v.Submission.ExternalReference = "sak/17" }, 1, 3, 2)
	s.Put(func(v *shipment.Shipment) { v.Account, v.Submission.ExternalReference = "helse", "sak/17" }, 4)
	s.View(func(r store.Reader) error {
		got, err := r.Shipments(s.Ctx, store.ShipmentFilter{Account: "skole", Reference: "sak/17", Newest: true, Limit: 2})
		s.Same(ids(got), []string{ID(3), ID(2)})
		none, err2 := r.Shipments(s.Ctx, store.ShipmentFilter{Account: "skole", Reference: "sak/1"})
		s.Same(len(none), 0)
		return errors.Join(err, err2)
	})
	// The twin of letter 29 is 22: 21 is not of that time, 23 has another content, and 24 is of another account.
	same := func(n int) func(*shipment.Shipment) {
		return func(v *shipment.Shipment) {
			v.Submission.ExternalReference, v.Content, v.ReceivedAt = "sak/18", Sha(1), T0.Add(time.Duration(n)*time.Hour)
		}
	}
	for n := 21; n <= 24; n++ {
		s.Put(func(v *shipment.Shipment) {
			same(n)(v)
			switch n {
			case 23:
				v.Content = Sha(2)
			case 24:
				v.Account = "helse"
			}
		}, n)
	}
	s.View(func(r store.Reader) error {
		last := Shipment(29)
		same(25)(&last)
		twin, err := r.Twin(s.Ctx, last, T0.Add(21*time.Hour))
		s.Same(twin, ID(22))
		none, err2 := r.Twin(s.Ctx, last, T0.Add(22*time.Hour))
		s.Same(none, "")
		return errors.Join(err, err2)
	})
	// A hand-in that is refused for its reference is stored all the same.
	s.Put(func(v *shipment.Shipment) { v.Submission.ExternalReference = strings.Repeat("ref æ ", 2000) }, 5)
	s.Put(func(v *shipment.Shipment) { v.Submission.ExternalReference = "a\x00b" }, 6)
}

// sessions are who has logged in.
func sessions(s *Suite) {
	session := func(n int) login.Session {
		return login.Session{Token: Sha(n), Issuer: "https://idp/", SID: fmt.Sprint("s", n/2), Subject: "sub", Person: Sha(900), Organisations: []string{Sha(901)}, Level: "high", Began: T0.Add(time.Duration(n) * time.Hour), Last: T0.Add(time.Duration(n) * time.Hour)}
	}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.InsertSession(s.Ctx, session(0)), tx.InsertSession(s.Ctx, session(2)), tx.InsertSession(s.Ctx, session(3)), tx.InsertSession(s.Ctx, session(4)))
	})
	lasting := func(n int) (lasts bool) {
		s.View(func(r store.Reader) error {
			got, err := r.Session(s.Ctx, Sha(n))
			lasts = err == nil && got.Ended.IsZero()
			return nil
		})
		return lasts
	}
	s.View(func(r store.Reader) error {
		got, err := r.Session(s.Ctx, Sha(2))
		s.Same(got, session(2))
		_, none := r.Session(s.Ctx, Sha(77))
		s.Same(errors.Is(none, store.ErrNotFound), true)
		return err
	})
	s.Must(func(tx store.Tx) error { return tx.EndSessions(s.Ctx, "", "https://idp/", "s1") }) // 2 and 3
	s.Same([]bool{lasting(0), lasting(2), lasting(3), lasting(4)}, []bool{true, false, false, true})
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.EndSessions(s.Ctx, Sha(4), "", ""), tx.TouchSession(s.Ctx, Sha(0)), tx.ForgetSessions(s.Ctx, T0.Add(3*time.Hour)))
	})
	s.Same([]bool{lasting(0), lasting(4)}, []bool{false, false})
	s.View(func(r store.Reader) error {
		_, gone := r.Session(s.Ctx, Sha(0))
		_, err := r.Session(s.Ctx, Sha(3))
		s.Same(errors.Is(gone, store.ErrNotFound), true)
		return err
	})
}

// actors: what people answer for is kept with who did it, and what Postgang does by itself with nobody.
func actors(s *Suite) {
	kari := access.As(s.Ctx, access.Actor{Kind: access.CommandLine, ID: "root", For: "kari"})
	by := access.By(kari).String()
	s.Put(nil, 1, 2)
	job := s.Job(1)
	j := s.jobNow(job)
	r, lines := Receipt(9, j.ID, 1)
	other, _ := Receipt(11, j.ID, 1)
	other.State = store.ReceiptConflict
	removed := store.InvoiceRecord{ID: ID(13), Vendor: "v", Invoice: invoice.Invoice{Number: "2", From: "2026-11-01", To: "2026-12-01"}}
	s.Must(func(tx store.Tx) error {
		return errors.Join(
			tx.AddEvents(s.Ctx, shipment.Event{Shipment: ID(2), At: T0, Kind: "STATUS"}), tx.AddJobEvent(s.Ctx, store.JobEvent{Job: job, At: T0, To: store.JobPlanned}),
			tx.InsertInvoice(s.Ctx, removed), tx.RaiseAlarm(s.Ctx, "k", says("x")))
	})
	s.Must(func(tx store.Tx) error {
		record := store.InvoiceRecord{ID: ID(12), Vendor: "v", Invoice: invoice.Invoice{Number: "1", From: "2026-11-01", To: "2026-12-01"}}
		return errors.Join(
			tx.AddEvents(kari, shipment.Event{Shipment: ID(2), At: T0, Kind: "STATUS"}),
			tx.AddJobEvent(kari, store.JobEvent{Job: job, At: T0, To: store.JobPlanned}),
			tx.InsertReceiptFile(kari, ReceiptFile()), tx.InsertReceipts(kari, r), tx.Book(kari, lines), tx.InsertReceipts(kari, other),
			tx.DecideReceipt(kari, store.ReceiptDecision{Receipt: other.ID, Against: r.ID, Reason: "x"}),
			tx.InsertDeviations(kari, []store.Deviation{{Key: "k", Vendor: "v"}}), tx.DecideDeviation(kari, "k", store.DeviationAccepted, "x"),
			tx.RemoveInvoice(kari, removed.ID, "x"), tx.InsertInvoice(kari, record),
			tx.CloseMonth(kari, store.ClosedMonth{Month: "2026-10-01", Reason: "x"}),
			tx.SetFoundJob(kari, store.FoundJob{ID: "AAAA000001", Vendor: "v", Verdict: "REFUSED"}),
			tx.AckAlarm(kari, "k", "x"),
			SendAll(kari, tx, job))
	})
	s.View(func(r store.Reader) error {
		history, err1 := r.History(s.Ctx, ID(2))
		sent, err2 := r.History(s.Ctx, ID(1))
		ofJob, err3 := r.JobHistory(s.Ctx, job)
		booked, err4 := r.Ledger(s.Ctx, store.LedgerFilter{})
		decided, err5 := r.Receipt(s.Ctx, other.ID)
		deviations, err6 := r.Deviations(s.Ctx, store.DeviationFilter{})
		invoice, err7 := r.Invoice(s.Ctx, ID(12))
		removed, err8 := r.RemovedInvoices(s.Ctx)
		months, err9 := r.ClosedMonths(s.Ctx)
		found, err10 := r.FoundJobs(s.Ctx, "v")
		alarms, err11 := r.Alarms(s.Ctx, true)
		told, err12 := r.AlarmDeliveries(s.Ctx, "x")
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12); err != nil {
			return err
		}
		s.Same([]string{history[0].By, removed[0].By}, []string{"", ""})
		s.Same([]string{
			history[1].By, sent[len(sent)-1].By, ofJob[len(ofJob)-1].By, booked[0].By, decided.Decision.By, deviations[0].By, invoice.By, removed[0].RemovedBy,
			months[0].By, found[0].By, alarms[0].AckBy, told[0].AckBy,
		}, slices.Repeat([]string{by}, 12))
		return nil
	})
}

// twoPersons: what was asked for waits, is asked for anew, and is done by another one.
func twoPersons(s *Suite) {
	kari, ola := access.Actor{Kind: access.CommandLine, ID: "kari"}, access.Actor{Kind: access.Human, ID: ID(7)}
	var first, again time.Time
	s.Must(func(tx store.Tx) error {
		first = tx.Now()
		return tx.AskSecond(access.As(s.Ctx, kari), "month/2026-10", "a")
	})
	s.Must(func(tx store.Tx) error {
		again = tx.Now()
		return errors.Join(tx.AskSecond(access.As(s.Ctx, ola), "month/2026-10", "b"), tx.AskSecond(access.As(s.Ctx, kari), "job/X", "c"))
	})
	var done time.Time
	s.Must(func(tx store.Tx) error {
		done = tx.Now()
		return errors.Join(tx.DoneBySecond(access.As(s.Ctx, ola), "job/X"), tx.DoneBySecond(access.As(s.Ctx, ola), "job/Y"))
	})
	s.Must(func(tx store.Tx) error { return tx.AskSecond(access.As(s.Ctx, kari), "job/X", "d") })
	if again.Before(first) {
		s.Errorf("the clock went back")
	}
	s.View(func(r store.Reader) error {
		open, err := r.Asked(s.Ctx, true)
		all, err2 := r.Asked(s.Ctx, false)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		s.Same(len(open), 2)
		s.Same(len(all), 3)
		month, finished := all[slices.IndexFunc(all, func(a access.Asked) bool { return a.Subject == "month/2026-10" })], all[slices.IndexFunc(all, func(a access.Asked) bool { return !a.DoneAt.IsZero() })]
		s.Same(month, access.Asked{Subject: "month/2026-10", By: ola, At: again, Reason: "b"})
		s.Same(finished, access.Asked{Subject: "job/X", By: kari, At: again, Reason: "c", Second: ola, DoneAt: done})
		return nil
	})
	s.Refuse(nil, func(tx store.Tx) error { return tx.AskSecond(s.Ctx, "month/2026-11", "nobody") })
}

// found is what recovering from a backup keeps.
func found(s *Suite) {
	s.View(func(r store.Reader) error {
		n, err := r.JobNumber(s.Ctx)
		s.Same(n, 0)
		return err
	})
	s.Put(nil, 1, 2)
	first := s.Job(1)
	s.Must(func(tx store.Tx) error { return tx.RaiseJobNumber(s.Ctx, 41) })
	s.Must(func(tx store.Tx) error { return tx.RaiseJobNumber(s.Ctx, 7) }) // never lowered
	second := s.Job(2)
	s.Same(second[4:], "000042")
	s.Refuse(nil, func(tx store.Tx) error { return tx.RaiseJobNumber(s.Ctx, 1_000_000) })
	s.View(func(r store.Reader) error {
		n, err := r.JobNumber(s.Ctx)
		s.Same(n, 42)
		marks, err2 := r.JobMarks(s.Ctx)
		a, b := s.jobNow(first), s.jobNow(second)
		s.Same(marks, []store.JobMark{
			{ID: a.ID, Vendor: a.Vendor, State: a.State, TicketSHA: a.TicketSHA}, {ID: b.ID, Vendor: b.Vendor, State: b.State, TicketSHA: b.TicketSHA},
		})
		return errors.Join(err, err2)
	})

	job := store.FoundJob{ID: "AAAA000009", Vendor: "trykkeri", Verdict: restored.FoundUnread, Letters: 3, Reason: "r"}
	s.Must(func(tx store.Tx) error { return tx.SetFoundJob(s.Ctx, job) })
	job.Verdict, job.TicketSHA = restored.FoundRecorded, Sha(1)
	s.Must(func(tx store.Tx) error { return tx.SetFoundJob(s.Ctx, job) })
	other := job
	other.Vendor = "andre"
	s.Must(func(tx store.Tx) error { return tx.SetFoundJob(s.Ctx, other) })
	letters := []store.FoundLetter{{Shipment: ID(1), Job: "AAAA000009", Vendor: "trykkeri"}, {Shipment: "unknown", Job: "AAAA000010", Vendor: "trykkeri"}}
	for range 2 {
		s.Must(func(tx store.Tx) error { return tx.AddFoundLetters(s.Ctx, letters...) })
	}
	seen := store.SeenReceipt{Name: "k.csv", Bytes: 7, Modified: time.UnixMilli(1_790_000_000_000).UTC()}
	for range 2 {
		s.Must(func(tx store.Tx) error { return tx.AddSeenReceipt(s.Ctx, "trykkeri", seen) })
	}
	s.View(func(r store.Reader) error {
		jobs, err := r.FoundJobs(s.Ctx, "trykkeri")
		if len(jobs) == 1 {
			jobs[0].At = time.Time{}
		}
		s.Same(jobs, []store.FoundJob{job})
		all, err2 := r.FoundLetters(s.Ctx, store.FoundLetter{})
		s.Same(all, letters)
		some, err3 := r.FoundLetters(s.Ctx, store.FoundLetter{Shipment: ID(1), Job: "AAAA000009", Vendor: "trykkeri"})
		s.Same(some, letters[:1])
		files, err4 := r.SeenReceipts(s.Ctx, "trykkeri")
		s.Same(files, []store.SeenReceipt{seen})
		return errors.Join(err, err2, err3, err4)
	})
}

func notFound(s *Suite) {
	s.View(func(r store.Reader) error {
		_, e1 := r.Shipment(s.Ctx, ID(1))
		_, e2 := r.ShipmentByHandIn(s.Ctx, "skole", "x")
		_, e3 := r.Job(s.Ctx, "AAAA000001")
		_, e4 := r.JobLetterOf(s.Ctx, "AAAA000001", ID(1))
		_, e5 := r.ReceiptFile(s.Ctx, "trykkeri", Sha(1))
		_, e6 := r.AppliedReceipt(s.Ctx, "AAAA000001", ID(1))
		_, e7 := r.LastSlot(s.Ctx, "natt")
		_, e8 := r.Setting(s.Ctx, "nei")
		for i, err := range []error{e1, e2, e3, e4, e5, e6, e7, e8} {
			if !errors.Is(err, store.ErrNotFound) {
				s.Errorf("read %d: %v, want ErrNotFound", i+1, err)
			}
		}
		return nil
	})
	s.Refuse(store.ErrNotFound, func(tx store.Tx) error {
		j, _ := Job("AAAA000001", 1)
		return tx.UpdateJob(s.Ctx, j)
	})
}

func rollBack(s *Suite) {
	boom := errors.New("boom")
	s.Put(nil, 1)
	before := s.Shipment(1)
	err := s.InTx(func(tx store.Tx) error {
		v := Shipment(1)
		v.Hold = "x"
		if err := errors.Join(tx.UpdateShipment(s.Ctx, v), tx.InsertShipment(s.Ctx, Shipment(2), []shipment.Document{Document(2, 0)}),
			tx.SetSetting(s.Ctx, "k", "v"), tx.RaiseAlarm(s.Ctx, "a", says("b"))); err != nil {
			return err
		}
		if _, err := tx.NextJobID(s.Ctx); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		s.Errorf("error %v, want the very one that fn returned", err)
	}
	s.Same(s.Shipment(1), before)
	s.View(func(r store.Reader) error {
		if _, err := r.Shipment(s.Ctx, ID(2)); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("shipment: %v, want not found", err)
		}
		as, err := r.Alarms(s.Ctx, false)
		s.Same(len(as), 0)
		return err
	})
	if err := s.Archive.View(s.Ctx, func(store.Reader) error { return boom }); !errors.Is(err, boom) {
		s.Errorf("view: error %v, want the very one that fn returned", err)
	}
	ctx, cancel := context.WithCancel(s.Ctx)
	err = s.Archive.InTx(ctx, func(tx store.Tx) error {
		if err := tx.SetSetting(ctx, "k", "v"); err != nil {
			return err
		}
		cancel()
		return nil
	})
	if err == nil {
		s.Error("a cancelled transaction was committed")
	}
	s.View(func(r store.Reader) error {
		if _, err := r.Setting(s.Ctx, "k"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("setting: %v, want not found", err)
		}
		return nil
	})
	s.Put(nil, 3) // the archive still works
}

func failedStatement(s *Suite) {
	s.Put(nil, 1)
	s.Refuse(store.ErrExists, func(tx store.Tx) error {
		if err := tx.SetSetting(s.Ctx, "k", "v"); err != nil {
			return err
		}
		if err := tx.InsertShipment(s.Ctx, Shipment(1), nil); !errors.Is(err, store.ErrExists) {
			s.Errorf("error %v, want ErrExists", err)
		}
		if _, err := tx.Shipment(s.Ctx, ID(1)); err == nil {
			s.Error("the transaction still reads after a failed statement")
		}
		return nil // passed over: InTx must not commit the rest
	})
	s.View(func(r store.Reader) error {
		if _, err := r.Setting(s.Ctx, "k"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("setting: %v, want not found", err)
		}
		return nil
	})
}

func panics(s *Suite) {
	func() {
		defer func() {
			if recover() == nil {
				s.Error("the panic was swallowed")
			}
		}()
		_ = s.InTx(func(tx store.Tx) error {
			if err := tx.SetSetting(s.Ctx, "k", "v"); err != nil {
				s.Error(err)
			}
			panic("boom")
		})
	}()
	s.View(func(r store.Reader) error {
		if _, err := r.Setting(s.Ctx, "k"); !errors.Is(err, store.ErrNotFound) {
			s.Errorf("setting: %v, want not found", err)
		}
		return nil
	})
	s.Put(nil, 1)
}

func concurrentUpdates(s *Suite) {
	s.Put(nil, 1)
	read := s.Shipment(1)
	const n = 8
	errs := make(chan error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			v := read
			v.Hold = fmt.Sprintf("h%d", i)
			errs <- s.InTx(func(tx store.Tx) error { return tx.UpdateShipment(s.Ctx, v) })
		})
	}
	wg.Wait()
	close(errs)
	won := 0
	for err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrStale):
			s.Errorf("error %v, want ErrStale", err)
		}
	}
	s.Same(won, 1)
	s.Same(s.Shipment(1).Version, read.Version+1)
}

// writeSkew is the last gate against a letter that is being read: each transaction reads what the other writes. Not
// both may pass on what they read.
func writeSkew(s *Suite) {
	const rounds = 20
	for n := 1; n <= rounds; n++ {
		s.Put(nil, n)
		id := s.Job(n)
		var late bool // the reading saw the job committed
		var gated int // letters that the gate stopped
		var wg sync.WaitGroup
		wg.Go(func() {
			err := s.InTx(func(tx store.Tx) error {
				stopped, err := tx.Ungated(s.Ctx, id)
				if gated = len(stopped); err != nil || gated > 0 {
					return err
				}
				j, err := tx.Job(s.Ctx, id)
				if err != nil {
					return err
				}
				j = Composed(j)
				j.State = store.JobCommitted
				return tx.UpdateJob(s.Ctx, j)
			})
			if err != nil {
				s.Error(err)
			}
		})
		wg.Go(func() {
			err := s.InTx(func(tx store.Tx) error {
				v, err := tx.Shipment(s.Ctx, ID(n))
				if err != nil {
					return err
				}
				js, err := tx.JobsOf(s.Ctx, v.ID)
				if err != nil {
					return err
				}
				late = js[0].State == store.JobCommitted
				v.ReadAt = T0
				if !late {
					v.Status = shipment.StatusLest
				}
				return tx.UpdateShipment(s.Ctx, v)
			})
			if err != nil {
				s.Error(err)
			}
		})
		wg.Wait()
		if s.Failed() {
			return
		}
		if late == (gated > 0) {
			s.Fatalf("round %d: read after the gate is %v and the gate stopped %d: one of them acted on what was no longer so", n, late, gated)
		}
	}
}

func snapshots(s *Suite) {
	s.Put(nil, 1)
	s.View(func(r store.Reader) error {
		before, err := r.Shipment(s.Ctx, ID(1))
		if err != nil {
			return err
		}
		done := make(chan error)
		go func() { // a write does not wait for a reader
			done <- s.InTx(func(tx store.Tx) error {
				v := before
				v.Hold = "x"
				return errors.Join(tx.UpdateShipment(s.Ctx, v), tx.InsertShipment(s.Ctx, Shipment(2), nil))
			})
		}()
		if err := <-done; err != nil {
			return err
		}
		after, err := r.Shipment(s.Ctx, ID(1))
		s.Same(after, before)
		all, err2 := r.Shipments(s.Ctx, store.ShipmentFilter{})
		s.Same(len(all), 1)
		return errors.Join(err, err2)
	})
	s.Same(s.Shipment(1).Hold, "x")
	// What a transaction has not committed is not seen.
	s.Must(func(tx store.Tx) error {
		if err := tx.SetSetting(s.Ctx, "k", "v"); err != nil {
			return err
		}
		done := make(chan error)
		go func() {
			done <- s.Archive.View(s.Ctx, func(r store.Reader) error { _, err := r.Setting(s.Ctx, "k"); return err })
		}()
		if err := <-done; !errors.Is(err, store.ErrNotFound) {
			s.Errorf("setting: %v, want not found", err)
		}
		return nil
	})
}

func locks(s *Suite) {
	held, release, err := s.Archive.Lock(s.Ctx, "vendor/trykkeri æ")
	if err != nil {
		s.Fatal(err)
	}
	if _, _, err := s.Archive.Lock(s.Ctx, "vendor/trykkeri æ"); !errors.Is(err, store.ErrLocked) {
		s.Fatalf("error %v, want ErrLocked", err)
	}
	_, other, err := s.Archive.Lock(s.Ctx, "vendor/annen")
	if err != nil {
		s.Fatal(err)
	}
	other()
	s.Put(nil, 1) // a lock does not stop the archive
	if held.Err() != nil {
		s.Errorf("the lock is held: %v", context.Cause(held))
	}
	release()
	if held.Err() == nil || errors.Is(context.Cause(held), store.ErrLockLost) {
		s.Errorf("the lock was given back: %v", context.Cause(held))
	}
	_, release2, err := s.Archive.Lock(s.Ctx, "vendor/trykkeri æ")
	if err != nil {
		s.Fatal(err)
	}
	release2()
}

// manyLetters is more than one statement of any database binds.
func manyLetters(s *Suite) {
	const n = 2500
	s.Must(func(tx store.Tx) error {
		for i := range n {
			if err := tx.InsertShipment(s.Ctx, Shipment(i), nil); err != nil {
				return err
			}
		}
		return nil
	})
	var all []int
	for i := range n {
		all = append(all, i)
	}
	id := s.Job(all...)
	_, ls := Job(id, all...)
	for i := range ls {
		ls[i].File, ls[i].FirstSide, ls[i].LastSide = "a.pdf", 2*i+1, 2*i+2
	}
	s.Must(func(tx store.Tx) error {
		return errors.Join(tx.SetJobFiles(s.Ctx, id, nil, ls), SendAll(s.Ctx, tx, id))
	})
	s.View(func(r store.Reader) error {
		got, err := r.JobLetters(s.Ctx, id)
		s.Same(got, ls)
		sent, err2 := r.Shipments(s.Ctx, store.ShipmentFilter{Statuses: []shipment.Status{shipment.StatusSendtPrint}})
		s.Same(len(sent), n)
		left, err3 := r.Due(s.Ctx, T0, []string{"skole"}, "", 10)
		s.Same(len(left), 0)
		return errors.Join(err, err2, err3)
	})
}

func badText(s *Suite) {
	for _, bad := range []string{"a\x00b", "a\xffb"} {
		v := Shipment(1)
		v.HandIn = bad
		s.Refuse(nil, func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, v, nil) })
		// Text for people is kept as well as it can be.
		s.Must(func(tx store.Tx) error { return tx.RaiseAlarm(s.Ctx, "k", says(bad)) })
	}
	v := Shipment(2)
	v.Submission.Title = "a\x00b"
	s.Must(func(tx store.Tx) error { return tx.InsertShipment(s.Ctx, v, nil) })
	s.Same(s.Shipment(2), v)
	s.View(func(r store.Reader) error {
		as, err := r.Alarms(s.Ctx, true)
		s.Same(len(as), 1)
		s.Same(as[0].Args, says("a\uFFFDb"))
		return err
	})
}
