package engine_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/party"
	"postgang/engine/shipment"
)

// codes are the codes of a shipment's refusals, sorted, without warnings.
func (s *stage) codes(t *testing.T, id string) []string {
	t.Helper()
	var out []string
	for _, r := range s.shipment(t, id).Refusals {
		if !r.Warning {
			out = append(out, r.Code)
		}
	}
	slices.Sort(out)
	return out
}

func (s *stage) wantCodes(t *testing.T, id string, want ...string) {
	t.Helper()
	got := s.codes(t, id)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("refused for %v, want %s among them", got, w)
		}
	}
	wantStatus := shipment.StatusAvvist
	if len(want) == 0 {
		wantStatus = shipment.StatusAkseptert
	}
	s.wantStatus(t, id, wantStatus)
}

// TestSameHandInTwice is one shipment, whatever became of the first; what says something else under its key is not stored.
func TestSameHandInTwice(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	again := func(l letter, files ...shipment.HandInFile) shipment.Received {
		t.Helper()
		data, err := json.Marshal(l)
		must(t, err)
		if len(files) == 0 {
			files = []shipment.HandInFile{file("brev.pdf", pdf(1, 1))}
		}
		r, err := s.engine.Receive(s.ctx, shipment.HandIn{Account: konto, Key: "a", JSON: data, Files: files, At: s.clock.now()})
		must(t, err)
		if r.ID != id || !r.Already {
			t.Errorf("the key is another shipment's: %+v", r)
		}
		return r
	}
	check := func(when string) {
		t.Helper()
		if again(newLetter("En")).Other {
			t.Errorf("%s: the same is another", when)
		}
		for name, r := range map[string]shipment.Received{
			"another title":    again(newLetter("Annen")),
			"another document": again(newLetter("En"), file("brev.pdf", append(bytes.Clone(pdf(1, 1)), '\n'))),
			"no document":      again(newLetter("En"), file("annet.pdf", pdf(1, 1))),
		} {
			if !r.Other {
				t.Errorf("%s: %s is taken for the same", when, name)
			}
		}
	}
	check("at once")
	s.night(t)
	check("after it was sent")
	if r, err := s.engine.Receive(s.ctx, shipment.HandIn{Account: konto, Key: "a", JSON: []byte("{")}); err != nil || !r.Already || !r.Other {
		t.Errorf("broken: %+v, %v", r, err)
	}
	s.night(t)
	s.tick(t)
	s.wantAtVendor(t, id)
	if _, err := s.engine.Receive(s.ctx, shipment.HandIn{Account: "ukjent", Key: "a", JSON: []byte("{}")}); err == nil {
		t.Error("an unknown account is no error")
	}
}

// TestSameHandInTwiceOfAnOldRow: stored before contents were kept, a hand-in is compared with what the archive has of it.
func TestSameHandInTwiceOfAnOldRow(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En"))
	if _, err := s.archive.Exec(s.ctx, `UPDATE shipment SET content = NULL WHERE id = $1`, id); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		letter letter
		pdf    []byte
		other  bool
	}{{newLetter("En"), pdf(1, 1), false}, {newLetter("Annen"), pdf(1, 1), true}, {newLetter("En"), []byte("%PDF"), true}} {
		data, err := json.Marshal(tc.letter)
		must(t, err)
		r, err := s.engine.Receive(s.ctx, shipment.HandIn{Account: konto, Key: "a", JSON: data, Files: []shipment.HandInFile{file("brev.pdf", tc.pdf)}})
		if err != nil || r.ID != id || r.Other != tc.other {
			t.Errorf("%+v, %v; want other %v", r, err, tc.other)
		}
	}
}

// TestRefusedForItsFilesThenRight: what the channel found wrong is part of what was handed in.
func TestRefusedForItsFilesThenRight(t *testing.T) {
	t.Parallel()
	s := setup(t)
	data, err := json.Marshal(newLetter("En"))
	must(t, err)
	h := shipment.HandIn{Account: konto, Key: "a", JSON: data, Files: []shipment.HandInFile{file("brev.pdf", pdf(1, 1))}}
	h.Refusals = []shipment.Refusal{{Code: "fil-ikke-oppfort", Args: shipment.Args{"n": "1"}}}
	_, err = s.engine.Receive(s.ctx, h)
	must(t, err)
	if r, err := s.engine.Receive(s.ctx, h); err != nil || r.Other {
		t.Errorf("the same again: %+v, %v", r, err)
	}
	// One that was stored before refusals had arguments.
	before := h
	before.Key, before.Refusals = "b", []shipment.Refusal{{Code: "fil-ikke-oppfort", Text: "Mappen har filer som ikke står i dokumenter (1). Før dem opp, eller fjern dem fra mappen."}}
	_, err = s.engine.Receive(s.ctx, before)
	must(t, err)
	before.Refusals = h.Refusals
	if r, err := s.engine.Receive(s.ctx, before); err != nil || r.Other {
		t.Errorf("the same as before again: %+v, %v", r, err)
	}
	h.Refusals[0].Args = shipment.Args{"n": "2"}
	if r, err := s.engine.Receive(s.ctx, h); err != nil || !r.Other {
		t.Errorf("with another file: %+v, %v", r, err)
	}
	h.Refusals = []shipment.Refusal{{Code: "fil-oversett", Args: shipment.Args{"n": "1"}, Warning: true}}
	if r, err := s.engine.Receive(s.ctx, h); err != nil || !r.Other {
		t.Errorf("put right: %+v, %v", r, err)
	}
}

// TestTooManyAlike refuses the 26th within two days. Refused ones do not count: neither those of before, nor the attempts.
func TestTooManyAlike(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for i := range 30 {
		s.wantCodes(t, s.submit(t, fmt.Sprint("feil", i), newLetter("Lik"), file("brev.pdf", []byte("ikke en PDF"))), "unreadable")
	}
	for i := range 25 {
		s.accepted(t, fmt.Sprint("k", i), newLetter("Lik"))
	}
	s.wantCodes(t, s.submit(t, "k25", newLetter("Lik")), "for-mange-like")
	s.wantCodes(t, s.submit(t, "annen", newLetter("Annen")))
	s.clock.add(47 * time.Hour)
	s.wantCodes(t, s.submit(t, "k26", newLetter("Lik")), "for-mange-like")
	s.clock.add(2 * time.Hour)
	s.wantCodes(t, s.submit(t, "k27", newLetter("Lik"))) // two days after those that were accepted, not after the last attempt
	for i := range 30 {                                  // what cannot be read at all is not alike
		id := s.handInJSON(t, konto, fmt.Sprint("brutt", i), []byte("{"))
		s.work(t)
		if c := s.codes(t, id); !slices.Contains(c, "json-feil") || slices.Contains(c, "for-mange-like") {
			t.Errorf("broken hand-in %d: %v", i, c)
		}
	}
	s.night(t)
	s.tick(t)
	got := s.atVendor(t)
	if len(got) != 27 {
		t.Errorf("%d letters are at the vendor, want 27", len(got))
	}
}

// TestTooManyAlikeAtOnce: of many that come together, whatever the order in which they are prepared, those are accepted that
// came first, and those that are refused for something else leave their place to others.
func TestTooManyAlikeAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	var ids []string
	for i := range 40 {
		data := pdf(1, 1)
		if i < 10 {
			data = []byte("ikke en PDF")
		}
		ids = append(ids, s.handIn(t, konto, fmt.Sprint("k", i), newLetter("Lik"), file("brev.pdf", data)))
	}
	tasks := s.tasks.take()
	slices.Reverse(tasks)
	must(t, s.tasks.enqueue(s.ctx, nil, tasks))
	for range 40 {
		s.tryWork(t) // one too many is decided when all before it are
	}
	for i, id := range ids {
		switch {
		case i < 10:
			s.wantCodes(t, id, "unreadable")
		case i < 35:
			s.wantCodes(t, id)
		default:
			s.wantCodes(t, id, "for-mange-like")
		}
	}
}

// TestAllReasonsAtOnce: metadata, files and PDFs are judged together.
func TestAllReasonsAtOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	bad := newLetter("En").to("postnummer", "12").to("navn", "").with("dokumenter", []any{
		map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf"}, map[string]any{"filnavn": "borte.pdf", "mimeType": "application/pdf"},
	})
	id := s.submit(t, "a", bad, file("brev.pdf", []byte("ikke en PDF")))
	s.wantCodes(t, id, "dokument-mangler", "navn-mangler", "postnummer-form", "unreadable")
	fields := map[string]string{}
	for _, r := range s.shipment(t, id).Refusals {
		fields[r.Code] = r.Field
	}
	if fields["dokument-mangler"] != "dokumenter[1].filnavn" || fields["unreadable"] != "dokumenter[0]" {
		t.Errorf("fields: %v", fields)
	}
	s.clock.add(100 * time.Hour)
	s.night(t)
	s.wantAtVendor(t)
	r, err := s.engine.Result(s.ctx, id)
	if err != nil || !r.Done || r.Status != shipment.StatusAvvist {
		t.Errorf("result: %+v, %v", r, err)
	}
	if log := s.log.String(); strings.Contains(log, "brev.pdf") || strings.Contains(log, "Storgata") {
		t.Error("personal data in the log")
	}
}

// TestOddTextInHandIn: whatever bytes a sender's system puts into a field, the hand-in gets an answer.
func TestOddTextInHandIn(t *testing.T) {
	t.Parallel()
	odd := "a\x00b\u202e\U0010ffff\n"
	for _, field := range []string{"tittel", "konteringskode", "avgivendeSystem", "forsendelsestype", "eksternReferanse", "korrelasjonsid"} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			id := s.submit(t, "a", newLetter("En").with(field, odd))
			if st := s.shipment(t, id).Status; st != shipment.StatusAvvist {
				t.Errorf("shipment is %s", st)
			}
		})
	}
	for _, field := range []string{"navn", "digitalId", "adresselinje1", "postnummer", "poststed", "land", "landkode"} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			id := s.submit(t, "a", newLetter("En").to(field, odd))
			if st := s.shipment(t, id).Status; st != shipment.StatusAvvist {
				t.Errorf("shipment is %s", st)
			}
		})
	}
	for _, field := range []string{"filnavn", "mimeType"} {
		t.Run(field, func(t *testing.T) {
			t.Parallel()
			s := setup(t)
			d := map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf"}
			d[field] = odd
			name := d["filnavn"].(string)
			id := s.submit(t, "a", newLetter("En").with("dokumenter", []any{d}), file(name, pdf(1, 1)))
			if st := s.shipment(t, id).Status; st != shipment.StatusAvvist {
				t.Errorf("shipment is %s", st)
			}
		})
	}
}

// TestOnlyDigital is never printed; unread it ends as SENDT_DIGITALT, also when it was notified before it was accepted.
func TestOnlyDigital(t *testing.T) {
	t.Parallel()
	s := setup(t)
	only := func() letter { return newLetter("En").digital().with("kunDigitalLevering", true) }
	unread := s.accepted(t, "a", only())
	s.event(t, unread, shipment.DigitalNotified)
	early := s.handIn(t, konto, "b", only())
	s.event(t, early, shipment.DigitalNotified)
	s.work(t)
	read := s.accepted(t, "c", only())
	s.event(t, read, shipment.DigitalNotified)
	reserved := s.accepted(t, "d", only())
	s.event(t, reserved, shipment.DigitalReserved)
	broken := s.submit(t, "e", only(), file("brev.pdf", []byte("ikke en PDF")))
	s.wantStatus(t, broken, shipment.StatusAkseptert) // nothing of it is printed
	s.clock.add(40*time.Hour - time.Millisecond)
	if c := s.night(t); c.Digital != 0 || c.Letters != 0 {
		t.Errorf("too early: %+v", c)
	}
	s.read(t, read)
	s.clock.add(time.Millisecond)
	if c := s.night(t); c.Digital != 2 || c.Letters != 0 {
		t.Errorf("at the deadline: %+v", c)
	}
	s.wantStatus(t, unread, shipment.StatusSendtDigitalt)
	s.wantStatus(t, early, shipment.StatusSendtDigitalt)
	s.wantStatus(t, read, shipment.StatusLest)
	s.wantStatus(t, reserved, shipment.StatusIkkeLevert)
	s.wantAtVendor(t)
}

// TestOrganisationsAreNotForwarded when the account says so, but those that cannot be reached at all are.
func TestOrganisationsAreNotForwarded(t *testing.T) {
	t.Parallel()
	s := setup(t, func(c *engine.Config) { c.Accounts[0].Rules.ForwardOrganisations = false })
	unread := s.accepted(t, "a", newLetter("AS").to("digitalId", organisation))
	unreachable := s.accepted(t, "b", newLetter("AS").to("digitalId", organisation))
	someone := s.accepted(t, "c", newLetter("En").digital())
	for _, id := range []string{unread, unreachable, someone} {
		s.event(t, id, shipment.DigitalNotified)
	}
	s.event(t, unreachable, shipment.DigitalNotNotifiable)
	s.clock.add(600 * time.Hour)
	s.night(t)
	s.wantStatus(t, unread, shipment.StatusVarslet)
	s.tick(t)
	s.wantAtVendor(t, unreachable, someone)
}

// TestAccountTakenOutOfTheConfiguration: its shipments wait; nothing of them is hurried along under no rules at all.
func TestAccountTakenOutOfTheConfiguration(t *testing.T) {
	t.Parallel()
	s := setup(t)
	all := s.config.Accounts
	other := all[0]
	other.Key = "helse"
	only := s.accepted(t, "a", newLetter("En").digital().with("kunDigitalLevering", true))
	unread := s.accepted(t, "b", newLetter("To").digital())
	s.event(t, only, shipment.DigitalNotified)
	s.config.Accounts = []party.Account{other}
	s.restart(t)
	s.event(t, unread, shipment.DigitalNotified)
	s.clock.add(time.Hour)
	if c := s.night(t); c.Digital != 0 || c.Letters != 0 {
		t.Errorf("collected %+v", c)
	}
	s.wantStatus(t, only, shipment.StatusVarslet)
	s.config.Accounts = all
	s.restart(t)
	if c := s.night(t); c.Digital != 0 || c.Letters != 0 {
		t.Errorf("collected too early: %+v", c)
	}
	s.clock.add(39 * time.Hour)
	if c := s.night(t); c.Digital != 1 || c.Letters != 1 {
		t.Errorf("collected %+v", c)
	}
	s.tick(t)
	s.wantAtVendor(t, unread)
}

// TestHeldLetterThatIsDealtWith otherwise needs nobody any more.
func TestHeldLetterThatIsDealtWith(t *testing.T) {
	t.Parallel()
	s := setup(t)
	read, stopped, waiting := s.accepted(t, "a", newLetter("En")), s.accepted(t, "b", newLetter("To")), s.accepted(t, "c", newLetter("Tre"))
	for _, id := range []string{read, stopped, waiting} {
		must(t, s.engine.Hold(s.ctx, id, shipment.Refusal{Code: "prove", Text: "Prøve."}))
	}
	s.read(t, read)
	if _, err := s.engine.Stop(s.ctx, stopped, "sendt for hånd"); err != nil {
		t.Fatal(err)
	}
	s.night(t)
	s.wantAtVendor(t)
	s.wantAlarms(t, "held:"+konto+":prove")
	must(t, s.engine.Release(s.ctx, waiting, "rettet"))
	if err := s.engine.Release(s.ctx, waiting, "rettet"); err == nil {
		t.Error("a letter that is not held was released")
	}
	s.night(t)
	s.wantAlarms(t)
	s.tick(t)
	s.wantAtVendor(t, waiting)
}
