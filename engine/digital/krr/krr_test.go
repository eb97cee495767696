package krr_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postgang/engine/digital/krr"
	"postgang/engine/shipment"
	"postgang/fixtures/standins"
)

// tokens gives one token, and counts those that are forgotten.
type tokens struct {
	mint      func() (string, error)
	forgotten int
}

func (t *tokens) Token(context.Context, ...string) (string, error) { return t.mint() }
func (t *tokens) Forget(...string)                                 { t.forgotten++ }

func anyToken() *tokens { return &tokens{mint: func() (string, error) { return "token", nil }} }

// number is a made-up number that answers by the rule of its last digit; it need not be valid.
func number(i int, last byte) shipment.Private {
	return shipment.Private(fmt.Sprintf("010190%04d%c", i, last))
}

func standIn(t *testing.T, of *standins.Maskinporten) *standins.KRR {
	t.Helper()
	k, err := standins.StartKRR("127.0.0.1:0", of, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		p    krr.Person
		want shipment.DigitalKind
	}{
		{krr.Person{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_VARSLES"}, ""},
		{krr.Person{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_VARSLES", Mailbox: true}, ""},
		{krr.Person{Reservation: "JA", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"}, shipment.DigitalReserved},
		{krr.Person{Reservation: "JA", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES", Mailbox: true}, shipment.DigitalReserved},
		{krr.Person{Status: "SLETTET", Notifiable: "KAN_IKKE_VARSLES"}, shipment.DigitalNotNotifiable},
		{krr.Person{Status: "IKKE_REGISTRERT"}, shipment.DigitalNotNotifiable},
		{krr.Person{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES"}, shipment.DigitalNotNotifiable},
		{krr.Person{Reservation: "NEI", Status: "AKTIV", Notifiable: "KAN_IKKE_VARSLES", Mailbox: true}, ""},
		{krr.Person{Reservation: "NEI", Status: "AKTIV"}, ""},
	} {
		if got := tc.p.Decide(); got.Event != tc.want || (got.Cause == "") != (tc.want == "") {
			t.Errorf("%+v: %+v, want %q", tc.p, got, tc.want)
		}
	}
}

// TestPeople: many are asked about in calls of at most a thousand, each once, and a number that is none keeps no other back.
func TestPeople(t *testing.T) {
	t.Parallel()
	k := standIn(t, nil)
	c := krr.New(krr.Config{Base: k.BaseURL() + "/", Tokens: anyToken()})
	var ask []shipment.Private
	for i := range 2500 {
		ask = append(ask, number(i, byte('0'+i%10)))
	}
	ask = append(ask, "no number", number(3, '3'))
	got, err := c.People(t.Context(), ask)
	if err != nil || len(got) != 2500 {
		t.Fatalf("%d people, %v", len(got), err)
	}
	if k.Most() > krr.AtOnce || k.Asked() != 2500 {
		t.Errorf("asked about %d, at most %d at once", k.Asked(), k.Most())
	}
	if p := got[number(6, '6')]; p.Reservation != "JA" {
		t.Errorf("reserved: %+v", p)
	}
	if p := got[number(8, '8')]; !p.Mailbox || p.Notifiable != "KAN_IKKE_VARSLES" {
		t.Errorf("with a mailbox: %+v", p)
	}
	if s := fmt.Sprint(got); strings.Contains(s, "010190") || strings.Contains(s, "hemmelig") {
		t.Error("a printed answer shows private data")
	}
	k.Set(number(1, '1').Reveal(), standins.KRRPerson{Missing: true}, time.Time{})
	if got, err := c.People(t.Context(), []shipment.Private{number(1, '1'), number(2, '2')}); err != nil || len(got) != 1 {
		t.Errorf("one left out: %d people, %v", len(got), err)
	}
	if got, err := c.People(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("nobody: %v, %v", got, err)
	}
}

// TestFaults: each is told apart, keeps what was answered before it, and says nothing private.
func TestFaults(t *testing.T) {
	t.Parallel()
	k := standIn(t, nil)
	c := krr.New(krr.Config{Base: k.BaseURL(), Tokens: anyToken(), Timeout: 200 * time.Millisecond})
	for name, tc := range map[string]struct {
		trouble standins.Trouble
		want    error
	}{
		"500":          {standins.Trouble{Status: 500}, krr.ErrUnavailable},
		"429":          {standins.Trouble{Status: 429}, krr.ErrUnavailable},
		"401":          {standins.Trouble{Status: 401}, krr.ErrRefused},
		"403":          {standins.Trouble{Status: 403}, krr.ErrRefused},
		"404":          {standins.Trouble{Status: 404}, krr.ErrRefused},
		"302":          {standins.Trouble{Status: 302}, krr.ErrRefused},
		"slow":         {standins.Trouble{Delay: time.Second}, krr.ErrUnavailable},
		"cut":          {standins.Trouble{Hangup: true}, krr.ErrUnavailable},
		"empty answer": {standins.Trouble{Status: 204}, krr.ErrUnavailable},
	} {
		k.SetTrouble(tc.trouble)
		_, err := c.People(t.Context(), []shipment.Private{number(1, '1')})
		if !errors.Is(err, tc.want) || strings.Contains(err.Error(), "010190") {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
	}
	k.SetTrouble(standins.Trouble{})
	k.SetPlain(true)
	if _, err := c.People(t.Context(), []shipment.Private{number(1, '1')}); !errors.Is(err, krr.ErrUnavailable) {
		t.Errorf("no JSON: %v", err)
	}
	k.SetPlain(false)
	k.Set(number(1, '1').Reveal(), standins.KRRPerson{Status: "PAA_REISE"}, time.Time{})
	if got, err := c.People(t.Context(), []shipment.Private{number(1, '1'), number(2, '2')}); !errors.Is(err, krr.ErrUnavailable) || len(got) != 1 {
		t.Errorf("a word that is new: %d people, %v", len(got), err)
	}
	c = krr.New(krr.Config{Base: k.BaseURL(), Tokens: &tokens{mint: func() (string, error) { return "", errors.New("no key") }}})
	if _, err := c.People(t.Context(), []shipment.Private{number(1, '1')}); !errors.Is(err, krr.ErrUnavailable) || !strings.Contains(err.Error(), "no key") {
		t.Errorf("no token: %v", err)
	}
}

// TestToken: a token that is not taken is got anew once.
func TestToken(t *testing.T) {
	t.Parallel()
	m, err := standins.StartMaskinporten("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	k := standIn(t, m)
	given := 0
	source := &tokens{mint: func() (string, error) {
		given++
		if given == 1 {
			return m.Mint(standins.Claims{IssuedAt: time.Now().Add(-time.Hour), Scope: krr.ScopeContact + " " + krr.ScopeMailbox})
		}
		return m.Mint(standins.Claims{Scope: krr.ScopeContact + " " + krr.ScopeMailbox})
	}}
	c := krr.New(krr.Config{Base: k.BaseURL(), Tokens: source})
	if got, err := c.People(t.Context(), []shipment.Private{number(1, '1')}); err != nil || len(got) != 1 || source.forgotten != 1 {
		t.Fatalf("%d people, forgotten %d, %v", len(got), source.forgotten, err)
	}
	source.mint = func() (string, error) { return m.Mint(standins.Claims{Scope: krr.ScopeContact}) }
	if _, err := c.People(t.Context(), []shipment.Private{number(1, '1')}); !errors.Is(err, krr.ErrRefused) {
		t.Fatalf("without a scope: %v", err)
	}
	if err := c.Check(t.Context()); !errors.Is(err, krr.ErrRefused) {
		t.Errorf("check without a scope: %v", err)
	}
	source.mint = func() (string, error) {
		return m.Mint(standins.Claims{Scope: krr.ScopeContact + " " + krr.ScopeMailbox})
	}
	if err := c.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(`{"personer":[{"personidentifikator":"01019000011","reservasjon":"NEI","status":"AKTIV","digital_post":{}}]}`)
	f.Add(`{"personer":null}`)
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }))
	f.Cleanup(server.Close)
	c := krr.New(krr.Config{Base: server.URL, Tokens: anyToken()})
	f.Fuzz(func(t *testing.T, answer string) {
		body = answer
		got, err := c.People(t.Context(), []shipment.Private{"01019000011"})
		for _, p := range got {
			if v := p.Decide(); v.Event != "" && !v.Event.Valid() {
				t.Errorf("%+v: %+v", p, v)
			}
		}
		if err != nil && answer != "" && strings.Contains(err.Error(), answer) && len(answer) > 20 {
			t.Error("the error holds the answer")
		}
	})
}
