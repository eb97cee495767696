package dpi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postgang/engine/digital/dpi"
	"postgang/engine/shipment"
	"postgang/fixtures/contracts"
	standin "postgang/fixtures/standins/dpi"
)

var day = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func conversation(n int) string { return fmt.Sprintf("0b7a1f0e-52a5-5d0c-8f39-%012d", n) }

// ways are the two from which receipts come, with the same receipts.
func ways(t *testing.T, s *standin.Server) map[string]interface {
	Fetch(context.Context, dpi.Taker) (dpi.Fetched, error)
	Check(context.Context) error
} {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := dpi.NewCorner2(dpi.Config{Base: server.URL, Channel: "postgang", Token: func(context.Context) (string, error) { return "t", nil }})
	if err != nil {
		t.Fatal(err)
	}
	e, err := dpi.NewEFormidling(dpi.Config{Base: server.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]interface {
		Fetch(context.Context, dpi.Taker) (dpi.Fetched, error)
		Check(context.Context) error
	}{"corner 2": c, "eFormidling": e}
}

// TestEachReceiptHasItsMeaning is the table, both ways, with and without the mailbox's own receipt at eFormidling.
func TestEachReceiptHasItsMeaning(t *testing.T) {
	t.Parallel()
	for _, w := range []struct {
		in, blame string
		kind      dpi.Kind
		event     shipment.DigitalKind
		cause     string
	}{
		{"levering", "", dpi.Delivered, shipment.DigitalSDPDelivered, "dpi-levering"},
		{"aapning", "", dpi.OpenedIt, shipment.DigitalRead, "dpi-aapning"},
		{"varslingfeilet", "", dpi.NotificationFailed, "", "dpi-varslingfeilet"},
		{"feil", "KLIENT", dpi.Failed, shipment.DigitalSDPFailed, "dpi-feil-klient"},
		{"feil", "SERVER", dpi.Failed, shipment.DigitalSDPFailed, "dpi-feil-server"},
		{"feil", "Ola Nordmann", dpi.Failed, shipment.DigitalSDPFailed, "dpi-feil"},
		{"mottak", "", dpi.Taken, "", "dpi-mottak"},
		{"retur", "", dpi.Returned, "", "dpi-retur"},
		{"flyttet", "", dpi.Other, "", "dpi-annet"},
		{"sendt", "", dpi.Other, "", "dpi-annet"},
	} {
		for _, noRaw := range []bool{false, true} {
			s := standin.New(nil)
			s.Put(standin.Receipt{Kind: w.in, Conversation: strings.ToUpper(conversation(1)), At: day, Blame: w.blame, NoRaw: noRaw})
			for name, way := range ways(t, s) {
				var got dpi.Receipt
				f, err := way.Fetch(t.Context(), func(_ context.Context, r dpi.Receipt) error { got = r; return nil })
				event, ok := got.Event()
				cause := w.cause
				if noRaw && name == "eFormidling" && w.kind == dpi.Failed {
					cause = "dpi-feil" // whose fault it was, only the receipt tells
				}
				if err != nil || f != (dpi.Fetched{Taken: 1}) || got.Kind != w.kind || event != w.event || ok != (w.event != "") ||
					got.Cause() != cause || !got.At.Equal(day) || got.Key() != "dpi:"+conversation(1)+":"+string(w.kind) {
					t.Errorf("%s from %s: %v %+v %+v", w.in, name, err, f, got)
				}
			}
		}
	}
	s := standin.New(nil)
	s.Put(standin.Receipt{Kind: "levetid", Conversation: conversation(1), At: day, NoRaw: true})
	_, err := ways(t, s)["eFormidling"].Fetch(t.Context(), func(_ context.Context, r dpi.Receipt) error {
		if r.Kind != dpi.Failed {
			t.Error(r.Kind)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReceiptsComeOnceInTheEnd: what is acknowledged does not come again, what could not be taken or acknowledged does, what is
// not ours or cannot be read is left and stops no other, and a receipt that is months late comes when it comes.
func TestReceiptsComeOnceInTheEnd(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"corner 2", "eFormidling"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := day
			s := standin.New(func() time.Time { return now })
			const n = 250 // more than two pages
			for i := range n {
				s.Put(standin.Receipt{Kind: "levering", Conversation: conversation(i), At: day, Times: 1 + i%2})
				if i%50 == 0 {
					s.Put(standin.Receipt{Kind: "levering", Conversation: conversation(100_000 + i), At: day}) // another's
					s.Put(standin.Receipt{Kind: "levering", Conversation: conversation(i), At: day, Broken: true})
				}
			}
			s.Put(standin.Receipt{Kind: "aapning", Conversation: conversation(1), At: day.AddDate(0, 3, 0), From: day.AddDate(0, 3, 0)})
			way := ways(t, s)[name]
			keys := map[string]int{}
			trouble := 0
			take := func(_ context.Context, r dpi.Receipt) error {
				if strings.Contains(r.Conversation, "-000000100") {
					return dpi.ErrNotOurs
				}
				if trouble++; trouble%90 == 0 {
					return errors.New("the archive does not answer")
				}
				keys[r.Key()]++
				return nil
			}
			s.LoseAcknowledgements(2)
			var last dpi.Fetched
			for range 12 {
				var err error
				if last, err = way.Fetch(t.Context(), take); err == nil {
					break
				}
				now = now.Add(time.Minute) // what was peeked at is shown again
			}
			if len(keys) != n || last.NotOurs == 0 || last.Unread == 0 {
				t.Errorf("%d letters, %+v", len(keys), last)
			}
			now = now.AddDate(0, 4, 0)
			f, err := way.Fetch(t.Context(), take)
			if err != nil || f != (dpi.Fetched{Taken: 1, NotOurs: 5, Unread: 5}) || keys["dpi:"+conversation(1)+":aapning"] != 1 {
				t.Errorf("%v %+v", err, f)
			}
			corner2, eformidling := s.Waiting()
			if left := map[string]int{"corner 2": corner2, "eFormidling": eformidling}[name]; left != 10 {
				t.Errorf("%d are left", left)
			}
		})
	}
}

func TestNoAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	s := standin.New(nil)
	for name, way := range ways(t, s) {
		if err := way.Check(t.Context()); err != nil {
			t.Error(name, err)
		}
		for _, status := range []int{500, 403, 302} {
			s.Down(status)
			_, err := way.Fetch(t.Context(), nil)
			if !errors.Is(err, dpi.ErrUnavailable) || !errors.Is(way.Check(t.Context()), dpi.ErrUnavailable) {
				t.Error(name, status, err)
			}
		}
		s.Down(0)
	}
	for base, ok := range map[string][2]bool{ // corner 2, eFormidling
		"https://dpi.example.no/api": {true, true}, "http://127.0.0.1:1": {true, true}, "http://integrasjonspunkt:9093": {false, true}, "dpi": {false, false}, "": {false, false},
	} {
		_, err1 := dpi.NewCorner2(dpi.Config{Base: base, Token: func(context.Context) (string, error) { return "", nil }})
		_, err2 := dpi.NewEFormidling(dpi.Config{Base: base})
		if (err1 == nil) != ok[0] || (err2 == nil) != ok[1] {
			t.Error(base, err1, err2)
		}
	}
}

// TestReceiptsAreAsTheSchemasSay holds the stand-in against Digdir's schemas.
func TestReceiptsAreAsTheSchemasSay(t *testing.T) {
	t.Parallel()
	const folder = "dpi/schemas/"
	files := map[string]string{
		"levering": "leveringskvittering", "aapning": "aapningskvittering", "varslingfeilet": "varslingfeiletkvittering",
		"mottak": "mottakskvittering", "retur": "returpostkvittering", "feil": "feil",
	}
	names := []string{folder + "common/sbdh.schema.json", folder + "dpi/commons.schema.json"}
	for _, f := range files {
		names = append(names, folder+"dpi/innbyggerpost_dpi_"+f+"_1_0.schema.json")
	}
	set := contracts.Open(t, names...)
	s := standin.New(nil)
	for kind := range files {
		s.Put(standin.Receipt{Kind: kind, Conversation: uuid.NewString(), At: day, Blame: "KLIENT"})
	}
	for kind, document := range s.Documents() {
		for _, f := range set.Check("https://docs.digdir.no/schemas/dpi/"+files[kind]+".schema.json#", document) {
			t.Errorf("%s: %s", kind, f)
		}
	}
}

func FuzzReceipt(f *testing.F) {
	f.Add("a.e30.b")
	f.Add(`{"standardBusinessDocument":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := dpi.ReadReceipt(text)
		if err == nil && (len(r.References()) == 0 || r.At.IsZero() || r.Key() == "") {
			t.Errorf("%+v", r)
		}
	})
}
