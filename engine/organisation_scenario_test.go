package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"postgang/engine"
	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/shipment"
	standin "postgang/fixtures/standins/enhetsregisteret"
)

// warned are the codes of a shipment's warnings.
func (s *stage) warned(t *testing.T, id string) (codes []string) {
	t.Helper()
	for _, r := range s.shipment(t, id).Refusals {
		if r.Warning {
			codes = append(codes, r.Code)
		}
	}
	slices.Sort(codes)
	return codes
}

// TestRegisterOfOrganisations: where an account wants it, a missing address comes from the register, and a recipient that is
// deleted or bankrupt is warned of. What the sender wrote is never changed, people are not asked about, and a register that is down
// keeps back only what lacks an address, without refusing it.
func TestRegisterOfOrganisations(t *testing.T) {
	t.Parallel()
	register := standin.New()
	server := httptest.NewServer(register)
	defer server.Close()
	client, err := enhetsregisteret.New(enhetsregisteret.Config{Base: server.URL})
	must(t, err)
	s := setup(t, func(c *engine.Config) {
		c.Register = client
		c.Accounts[0].AskRegister = true
	})
	to := func(n int, sample standin.Sample) letter {
		register.Say(standin.Number(n), sample)
		return newLetter("AS").with("mottaker", map[string]any{"navn": "Prøve og Test AS", "digitalId": standin.Number(n)})
	}
	address := func(l letter) letter {
		return l.to("adresselinje1", "Storgata 1").to("postnummer", "0155").to("poststed", "OSLO")
	}

	id := s.accepted(t, "tom", to(1, standin.OK))
	a := s.shipment(t, id).Submission.Recipient
	if a.Line1 != "Postboks 7" || a.City != "BERGEN" || a.Name != "Prøve og Test AS" || a.DigitalID != shipment.Private(standin.Number(1)) {
		t.Errorf("%q %q %q", a.Line1.Reveal(), a.City.Reveal(), a.Name.Reveal())
	}
	if got := s.warned(t, id); !slices.Equal(got, []string{"adresse-fra-register"}) {
		t.Error(got)
	}
	if got := s.handIn(t, konto, "tom", to(1, standin.Konkurs)); got != id { // the same again, whatever the register says now
		t.Error("another shipment")
	}
	id = s.accepted(t, "konkurs", address(to(2, standin.Konkurs)))
	if a := s.shipment(t, id).Submission.Recipient; a.Line1 != "Storgata 1" || !slices.Contains(s.warned(t, id), "mottaker-konkurs") {
		t.Error(s.warned(t, id))
	}
	if id = s.accepted(t, "slettet", address(to(3, standin.Slettet))); !slices.Contains(s.warned(t, id), "mottaker-slettet") {
		t.Error(s.warned(t, id))
	}
	if id = s.accepted(t, "fjernet", address(to(4, standin.Fjernet))); !slices.Contains(s.warned(t, id), "mottaker-slettet") {
		t.Error(s.warned(t, id))
	}
	if id = s.accepted(t, "ukjent", address(to(5, standin.Ukjent))); len(s.warned(t, id)) != 0 {
		t.Error(s.warned(t, id))
	}
	s.wantCodes(t, s.submit(t, "uten", to(6, standin.Bare)), "postnummer-mangler")
	s.wantCodes(t, s.submit(t, "halv", to(7, standin.OK).to("adresselinje1", "Storgata 1")), "postnummer-mangler")

	asked := register.Asked()
	s.accepted(t, "person", newLetter("Nordmann").to("digitalId", "02013299997"))
	s.accepted(t, "digital", to(8, standin.OK).with("kunDigitalLevering", true))
	if register.Asked() != asked+1 {
		t.Errorf("asked %d times", register.Asked()-asked)
	}

	register.Down(500)
	s.accepted(t, "nede", address(to(10, standin.OK)))
	l := to(11, standin.OK)
	data, err := json.Marshal(l)
	must(t, err)
	h := shipment.HandIn{Account: konto, Key: "venter", JSON: data, Files: []shipment.HandInFile{file("brev.pdf", pdf(1, 1))}, At: s.clock.now()}
	if _, _, err := s.engine.Judge(context.Background(), h); !errors.Is(err, enhetsregisteret.ErrUnavailable) || strings.Contains(err.Error(), standin.Number(11)) {
		t.Error(err)
	}
	if _, err := s.engine.Receive(s.ctx, h); !errors.Is(err, enhetsregisteret.ErrUnavailable) {
		t.Error(err)
	}
	register.Down(0)
	if found, _, err := s.engine.Judge(s.ctx, h); err != nil || shipment.AnyRefuses(found) {
		t.Error(found, err)
	}
	s.accepted(t, "venter", l)
}
