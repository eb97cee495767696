package enhetsregisteret_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postgang/engine/digital/enhetsregisteret"
	"postgang/engine/shipment"
	standin "postgang/fixtures/standins/enhetsregisteret"
)

func setup(t *testing.T, now func() time.Time) (*standin.Register, *enhetsregisteret.Client) {
	t.Helper()
	s := standin.New()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	c, err := enhetsregisteret.New(enhetsregisteret.Config{Base: server.URL + "/enhetsregisteret/api", Now: now, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestEachAnswerHasItsState(t *testing.T) {
	t.Parallel()
	s, c := setup(t, nil)
	for i, w := range []struct {
		sample       standin.Sample
		state        enhetsregisteret.State
		unit, exists bool
		line1, place string
	}{
		{standin.OK, enhetsregisteret.Active, false, true, "Postboks 7", "BERGEN"},
		{standin.NoPostal, enhetsregisteret.Active, false, true, "c/o Testperson", "OSLO"},
		{standin.Abroad, enhetsregisteret.Active, false, true, "1 Test Street", "LONDON SW1A 1AA"},
		{standin.Bare, enhetsregisteret.Active, false, true, "", ""},
		{standin.Konkurs, enhetsregisteret.Bankrupt, false, true, "Postboks 7", "BERGEN"},
		{standin.Avvikling, enhetsregisteret.Winding, false, true, "Postboks 7", "BERGEN"},
		{standin.Slettet, enhetsregisteret.Deleted, false, false, "", ""},
		{standin.Fjernet, enhetsregisteret.Removed, false, false, "", ""},
		{standin.Underenhet, enhetsregisteret.Active, true, true, "Skoleveien 1", "BERGEN"},
		{standin.Nedlagt, enhetsregisteret.Deleted, true, false, "", ""},
		{standin.Ukjent, enhetsregisteret.Unknown, false, false, "", ""},
	} {
		number := standin.Number(100 + i)
		s.Say(number, w.sample)
		o, err := c.Look(t.Context(), shipment.Private(number))
		if err != nil || o.State != w.state || o.Unit != w.unit || o.State.Exists() != w.exists ||
			o.Address.Line1.Reveal() != w.line1 || o.Address.City.Reveal() != w.place || o.HasAddress() != (w.place != "") {
			t.Errorf("%s: %v %+v %q %q", w.sample, err, o, o.Address.Line1.Reveal(), o.Address.City.Reveal())
		}
		switch w.sample {
		case standin.NoPostal:
			if o.Address.Line3 != "Oppgang B, 3. etasje" || o.Address.CountryCode != "" {
				t.Errorf("%q %q", o.Address.Line3.Reveal(), o.Address.CountryCode)
			}
		case standin.Abroad:
			if o.Address.CountryCode != "GB" {
				t.Errorf("%q", o.Address.CountryCode)
			}
		case standin.Underenhet:
			if o.Parent != standin.Number(1) {
				t.Error(o.Parent)
			}
		default:
		}
	}
}

// TestAnswersAreKeptForADay: the register is asked once a day about each organisation, and sooner about one that it does not know.
func TestAnswersAreKeptForADay(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	s, c := setup(t, func() time.Time { return now })
	a, b := standin.Number(20), standin.Number(21)
	s.Say(a, standin.OK)
	s.Say(b, standin.Ukjent)
	look := func() (enhetsregisteret.State, enhetsregisteret.State, int) {
		t.Helper()
		before := s.Asked()
		one, err1 := c.Look(t.Context(), shipment.Private(a))
		two, err2 := c.Look(t.Context(), shipment.Private(b[:3]+" "+b[3:6]+" "+b[6:]))
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		return one.State, two.State, s.Asked() - before
	}
	for _, w := range []struct {
		pass time.Duration
		asks int
	}{{0, 3}, {time.Minute, 0}, {time.Hour, 2}, {23 * time.Hour, 3}} {
		now = now.Add(w.pass)
		if _, _, asks := look(); asks != w.asks {
			t.Errorf("after %v it is asked %d times, not %d", w.pass, asks, w.asks)
		}
	}
	s.Say(b, standin.OK)
	now = now.Add(2 * time.Hour)
	if _, two, _ := look(); two != enhetsregisteret.Active {
		t.Error(two)
	}
}

// TestNothingIsConcludedFromSilence: a register that fails, hangs or talks of something else says nothing, and is asked again at once.
func TestNothingIsConcludedFromSilence(t *testing.T) {
	t.Parallel()
	number := standin.Number(30)
	body, status := "", 0
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", server.URL+"/"+number)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	c, err := enhetsregisteret.New(enhetsregisteret.Config{Base: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		status int
		body   string
	}{{500, `{"status":500}`}, {302, ""}, {403, ""}, {200, "<html>"}, {200, `{"organisasjonsnummer":"974760673"}`}, {200, "{}"}, {429, ""}} {
		status, body = f.status, f.body
		o, err := c.Look(t.Context(), shipment.Private(number))
		if !errors.Is(err, enhetsregisteret.ErrUnavailable) || o != (enhetsregisteret.Organisation{}) || strings.Contains(err.Error(), number) {
			t.Errorf("%+v: %v %+v", f, err, o)
		}
	}
	status, body = 200, `{"organisasjonsnummer":"`+number+`"}`
	if o, err := c.Look(t.Context(), shipment.Private(number)); err != nil || o.State != enhetsregisteret.Active {
		t.Error(err, o)
	}
	server.Close()
	if _, err := c.Look(t.Context(), shipment.Private(standin.Number(31))); !errors.Is(err, enhetsregisteret.ErrUnavailable) || strings.Contains(err.Error(), standin.Number(31)) {
		t.Error(err)
	}
	for _, no := range []shipment.Private{"", "123456789", "01415612381", "../oppdateringer", "97476067"} {
		if _, err := c.Look(t.Context(), no); err == nil || errors.Is(err, enhetsregisteret.ErrUnavailable) {
			t.Errorf("%d characters: %v", len(no), err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Look(ctx, shipment.Private(standin.Number(32))); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
