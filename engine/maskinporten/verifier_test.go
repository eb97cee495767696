package maskinporten_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"postgang/engine/maskinporten"
	"postgang/fixtures/standins"
)

func verifier(t *testing.T, b *bundle) *maskinporten.Verifier {
	t.Helper()
	v, err := maskinporten.NewVerifier(maskinporten.VerifierConfig{Issuer: b.server.Issuer(), Now: b.time, Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// good are the claims of a sender's right token.
func good() standins.Claims {
	return standins.Claims{ClientID: "sak", Organisation: "991825827", Supplier: "974760673", Scope: "altinn:x ks:fiks"}
}

func mint(t *testing.T, b *bundle, c standins.Claims) string {
	t.Helper()
	token, err := b.server.Mint(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVerify(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := verifier(t, b)
	token, err := v.Verify(t.Context(), mint(t, b, good()))
	if err != nil {
		t.Fatal(err)
	}
	if token.ClientID != "sak" || token.Organisation != "991825827" || token.Supplier != "974760673" || len(token.Scopes) != 2 || token.ID == "" ||
		!token.Issued.Equal(b.now) || !token.Expires.Equal(b.now.Add(2*time.Minute)) {
		t.Errorf("token %+v", token)
	}
	with := func(change func(*standins.Claims)) string {
		c := good()
		change(&c)
		return mint(t, b, c)
	}
	header, rest, _ := strings.Cut(mint(t, b, good()), ".")
	payload, signature, _ := strings.Cut(rest, ".")
	_, otherRest, _ := strings.Cut(with(func(c *standins.Claims) { c.Organisation = "974760673" }), ".")
	otherPayload, _, _ := strings.Cut(otherRest, ".")
	hmac, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: []byte(strings.Repeat("k", 32)), KeyID: "a"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	symmetric, err := jwt.Signed(hmac).Claims(map[string]any{"iss": b.server.Issuer()}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		token string
		want  error
	}{
		"empty":               {"", maskinporten.ErrMalformed},
		"no JWT":              {"a.b.c", maskinporten.ErrMalformed},
		"huge":                {strings.Repeat("a", 20000), maskinporten.ErrMalformed},
		"alg none":            {"eyJhbGciOiJub25lIn0." + payload + ".", maskinporten.ErrMalformed},
		"HMAC":                {symmetric, maskinporten.ErrMalformed},
		"other issuer":        {with(func(c *standins.Claims) { c.Issuer = maskinporten.IssuerTest }), maskinporten.ErrIssuer},
		"other payload":       {header + "." + otherPayload + "." + signature, maskinporten.ErrSignature},
		"unknown key":         {with(func(c *standins.Claims) { c.KeyID = "made-up" }), maskinporten.ErrSignature},
		"expired":             {with(func(c *standins.Claims) { c.IssuedAt = b.now.Add(-3 * time.Minute) }), maskinporten.ErrExpired},
		"of tomorrow":         {with(func(c *standins.Claims) { c.IssuedAt = b.now.Add(24 * time.Hour) }), maskinporten.ErrExpired},
		"within tolerance":    {with(func(c *standins.Claims) { c.IssuedAt = b.now.Add(-2*time.Minute - 9*time.Second) }), nil},
		"other scope":         {with(func(c *standins.Claims) { c.Scope = "ks:fiks.les" }), maskinporten.ErrScope},
		"no scope":            {with(func(c *standins.Claims) { c.Scope = "" }), maskinporten.ErrScope},
		"no organisation":     {with(func(c *standins.Claims) { c.Organisation = "" }), maskinporten.ErrConsumer},
		"foreign consumer":    {with(func(c *standins.Claims) { c.Organisation = "9908:991825827" }), maskinporten.ErrConsumer},
		"strange supplier":    {with(func(c *standins.Claims) { c.Supplier = "123" }), maskinporten.ErrConsumer},
		"without a supplier":  {with(func(c *standins.Claims) { c.Supplier = "" }), nil},
		"scope of white only": {with(func(c *standins.Claims) { c.Scope = "  " }), maskinporten.ErrScope},
	} {
		got, err := v.Verify(t.Context(), tc.token)
		if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if (errors.Is(err, maskinporten.ErrExpired) || errors.Is(err, maskinporten.ErrScope)) && got.ClientID != "sak" {
			t.Errorf("%s: nothing for the log: %+v", name, got)
		}
		if errors.Is(err, maskinporten.ErrSignature) && got.ClientID != "" {
			t.Errorf("%s: gives what nobody signed: %+v", name, got)
		}
		if err != nil && tc.token != "" && strings.Contains(err.Error(), tc.token) {
			t.Errorf("%s: the error holds the token", name)
		}
	}
}

// TestKeysAreAskedForSparingly: many tokens make one look, an unknown key one a minute, and a withdrawn key is trusted no longer than
// an hour.
func TestKeysAreAskedForSparingly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := verifier(t, b)
	right := mint(t, b, good())
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			if _, err := v.Verify(t.Context(), right); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	looks := func(want int) {
		t.Helper()
		if got := b.server.Calls() / 2; got != want { // metadata and keys
			t.Fatalf("asked %d times, want %d", got, want)
		}
	}
	looks(1)
	if err := b.server.RotateKey(true); err != nil {
		t.Fatal(err)
	}
	rotated := standins.Claims{ClientID: "sak", Organisation: "991825827", Scope: "ks:fiks", Life: 24 * time.Hour}
	next := mint(t, b, rotated)
	if _, err := v.Verify(t.Context(), next); !errors.Is(err, maskinporten.ErrSignature) {
		t.Fatalf("within the minute: %v", err)
	}
	looks(1)
	b.pass(time.Minute)
	for range 3 {
		if _, err := v.Verify(t.Context(), next); err != nil {
			t.Fatal(err)
		}
	}
	looks(2)
	made := good()
	for _, id := range []string{"a", "b", "c"} {
		made.KeyID = id
		if _, err := v.Verify(t.Context(), mint(t, b, made)); !errors.Is(err, maskinporten.ErrSignature) {
			t.Fatal(err)
		}
	}
	looks(2)

	if err := b.server.RotateKey(false); err != nil { // next's key is withdrawn
		t.Fatal(err)
	}
	b.pass(59 * time.Minute)
	if _, err := v.Verify(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	b.pass(2 * time.Minute)
	if _, err := v.Verify(t.Context(), next); !errors.Is(err, maskinporten.ErrSignature) {
		t.Fatalf("withdrawn: %v", err)
	}
	looks(3)
}

// TestServerDown: without keys nothing is known; with keys from before, tokens are judged for a day.
func TestServerDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := verifier(t, b)
	claims := good()
	claims.Life = 72 * time.Hour
	token := mint(t, b, claims)
	b.server.SetTrouble(standins.Trouble{Status: 500})
	for range 3 {
		if _, err := v.Verify(t.Context(), token); !errors.Is(err, maskinporten.ErrUnreachable) {
			t.Fatal(err)
		}
	}
	if b.server.Calls() != 1 {
		t.Fatalf("%d calls while it is down", b.server.Calls())
	}
	b.server.SetTrouble(standins.Trouble{})
	b.pass(5 * time.Second)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	b.server.SetTrouble(standins.Trouble{Status: 500})
	b.pass(23 * time.Hour)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatalf("with keys of yesterday: %v", err)
	}
	b.pass(2 * time.Hour)
	if _, err := v.Verify(t.Context(), token); !errors.Is(err, maskinporten.ErrUnreachable) {
		t.Fatalf("with keys too old: %v", err)
	}
}

// TestSlowServer: who hangs up takes nobody's answer away, and nobody waits longer than the time set.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	v := verifier(t, b)
	token := mint(t, b, good())
	b.server.SetTrouble(standins.Trouble{Delay: 300 * time.Millisecond})
	gone, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var wait sync.WaitGroup
	wait.Go(func() { _, _ = v.Verify(gone, token) })
	<-gone.Done()
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("who waited on: %v", err)
	}
	wait.Wait()

	hasty, err := maskinporten.NewVerifier(maskinporten.VerifierConfig{Issuer: b.server.Issuer(), Now: b.time, Timeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hasty.Verify(t.Context(), token); !errors.Is(err, maskinporten.ErrUnreachable) {
		t.Errorf("too slow: %v", err)
	}
	if n, err := v.Check(t.Context()); err != nil || n != 1 {
		t.Errorf("%d keys, %v", n, err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL21hc2tpbnBvcnRlbi5uby8ifQ.AAAA")
	f.Add("a.b.c")
	v, err := maskinporten.NewVerifier(maskinporten.VerifierConfig{Issuer: "http://127.0.0.1:1/", Timeout: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if _, err := v.Verify(t.Context(), token); err == nil {
			t.Error("taken without any key")
		}
	})
}
