package maskinporten_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"postgang/engine/maskinporten"
	"postgang/fixtures/standins"
)

// testKeys are made once: an RSA key takes a tenth of a second.
var testKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i := range keys {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = k
	}
	return keys
})

// bundle is a stand-in, a client of it and a clock that both go by.
type bundle struct {
	server *standins.Maskinporten
	client *maskinporten.Client
	config maskinporten.ClientConfig
	keys   string // folder
	sent   *recorder

	mu  sync.Mutex
	now time.Time
}

func (b *bundle) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// recorder keeps the assertions that are sent, so that a test can look for them in errors.
type recorder struct {
	mu         sync.Mutex
	assertions []string
}

func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(body)
		if err != nil {
			return nil, err
		}
		if _, after, ok := strings.Cut(string(text), "assertion="); ok {
			assertion, _, _ := strings.Cut(after, "&")
			r.mu.Lock()
			r.assertions = append(r.assertions, assertion)
			r.mu.Unlock()
		}
	}
	return http.DefaultTransport.RoundTrip(req)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{now: time.Date(2026, 11, 30, 9, 0, 0, 0, time.UTC), keys: t.TempDir(), sent: &recorder{}}
	server, err := standins.StartMaskinporten("127.0.0.1:0", b.time)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	b.server = server
	writeKey(t, b.keys, "first", testKeys()[0], b.now.Add(-time.Hour))
	b.register(map[string]*rsa.PublicKey{"first": &testKeys()[0].PublicKey})
	b.config = maskinporten.ClientConfig{
		Issuer: server.Issuer(), ClientID: "postgang-test", Keys: b.keys, Now: b.time, HTTP: &http.Client{Transport: b.sent}, Timeout: 2 * time.Second,
	}
	if b.client, err = maskinporten.NewClient(b.config); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) register(keys map[string]*rsa.PublicKey) {
	b.server.AddClient(standins.Client{ID: "postgang-test", Organisation: "991825827", Scopes: []string{"krr:a", "krr:b", "ks:fiks"}, Keys: keys, Certificates: true})
}

func writeKey(t *testing.T, folder, name string, key *rsa.PrivateKey, modified time.Time, more ...*pem.Block) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	for _, b := range more {
		text = append(text, pem.EncodeToMemory(b)...)
	}
	writeFile(t, filepath.Join(folder, name+".pem"), text, modified)
}

func writeFile(t *testing.T, path string, text []byte, modified time.Time) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
}

// TestTokenIsSharedAndRenewed: one token serves until 30 seconds before it expires, whatever the order of its scopes.
func TestTokenIsSharedAndRenewed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := b.client.Token(t.Context(), "krr:b", "krr:a"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	first, err := b.client.Token(t.Context(), "krr:a", "krr:b")
	if err != nil || b.server.Issued() != 1 {
		t.Fatalf("%d tokens issued, %v", b.server.Issued(), err)
	}
	b.pass(89 * time.Second)
	if again, err := b.client.Token(t.Context(), "krr:a", "krr:b"); err != nil || again != first {
		t.Fatalf("31 seconds before it expires: another token, %v", err)
	}
	b.pass(2 * time.Second)
	if again, err := b.client.Token(t.Context(), "krr:a", "krr:b"); err != nil || again == first {
		t.Fatalf("29 seconds before it expires: the same token, %v", err)
	}
	b.client.Forget("krr:b", "krr:a")
	if _, err := b.client.Token(t.Context(), "krr:a", "krr:b"); err != nil || b.server.Issued() != 3 {
		t.Fatalf("after Forget: %d tokens issued, %v", b.server.Issued(), err)
	}
}

// TestKeyRotation: a new key is tried first, the old one signs until the server knows the new, and a broken file stops nothing.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	b := setup(t)
	writeKey(t, b.keys, "second", testKeys()[1], b.now.Add(-time.Minute))
	writeFile(t, filepath.Join(b.keys, "broken.pem"), []byte("not a key"), b.now)
	writeFile(t, filepath.Join(b.keys, "README"), []byte("not a key either"), b.now)
	keys, err := b.client.Keys()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, k := range keys {
		names = append(names, k.File)
	}
	if !slices.Equal(names, []string{"second.pem", "first.pem", "broken.pem"}) || keys[2].Err == nil || keys[0].Err != nil {
		t.Fatalf("keys %+v", keys)
	}
	if k, err := b.client.Check(t.Context(), "krr:a"); err != nil || k.ID != "first" {
		t.Fatalf("before the new key is registered: %+v, %v", k, err)
	}
	b.register(map[string]*rsa.PublicKey{"first": &testKeys()[0].PublicKey, "second": &testKeys()[1].PublicKey})
	if k, err := b.client.Check(t.Context(), "krr:a"); err != nil || k.ID != "second" {
		t.Fatalf("after: %+v, %v", k, err)
	}
	b.register(map[string]*rsa.PublicKey{"other": &testKeys()[2].PublicKey})
	var refused *maskinporten.RefusedError
	if _, err := b.client.Check(t.Context(), "krr:a"); !errors.As(err, &refused) || refused.Code != "invalid_grant" {
		t.Fatalf("no key known: %v", err)
	}
	for _, f := range []string{"first.pem", "second.pem"} {
		if err := os.Remove(filepath.Join(b.keys, f)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.client.Check(t.Context(), "krr:a"); !errors.Is(err, maskinporten.ErrNoKey) || !strings.Contains(err.Error(), "broken.pem") {
		t.Fatalf("no key left: %v", err)
	}
}

// TestKeyForms: a JSON Web Key signs with its kid, a key with a certificate by it, and what cannot sign says why.
func TestKeyForms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	now := b.now
	jwk, err := json.Marshal(jose.JSONWebKey{Key: testKeys()[1], KeyID: "of-jwk"})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(b.keys, "any.jwk"), jwk, now)
	b.register(map[string]*rsa.PublicKey{"of-jwk": &testKeys()[1].PublicKey})
	if k, err := b.client.Check(t.Context(), "krr:a"); err != nil || k.ID != "of-jwk" || k.File != "any.jwk" {
		t.Fatalf("JSON Web Key: %+v, %v", k, err)
	}

	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "made up"}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &testKeys()[2].PublicKey, testKeys()[2])
	if err != nil {
		t.Fatal(err)
	}
	writeKey(t, b.keys, "chain", testKeys()[2], now.Add(time.Minute), &pem.Block{Type: "CERTIFICATE", Bytes: cert})
	b.register(map[string]*rsa.PublicKey{"whatever": &testKeys()[2].PublicKey})
	if k, err := b.client.Check(t.Context(), "krr:a"); err != nil || k.File != "chain.pem" || k.ID != "" || !k.NotAfter.Equal(template.NotAfter) {
		t.Fatalf("certificate: %+v, %v", k, err)
	}

	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	bad := t.TempDir()
	writeKey(t, bad, "small", small, now)
	writeKey(t, bad, "mismatch", testKeys()[0], now, &pem.Block{Type: "CERTIFICATE", Bytes: cert})
	writeFile(t, filepath.Join(bad, "locked.pem"), pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}), now)
	writeFile(t, filepath.Join(bad, "public.jwk"), []byte(`{"kty":"oct","k":"c2VjcmV0LXNlY3JldA","kid":"a"}`), now)
	writeFile(t, filepath.Join(bad, "large.pem"), make([]byte, 1<<18+1), now)
	b.config.Keys = bad
	c, err := maskinporten.NewClient(b.config)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := c.Keys()
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, k := range keys {
		said[k.File] = k.Err.Error()
	}
	for file, part := range map[string]string{"small.pem": "1024 bits", "mismatch.pem": "not of its key", "locked.pem": "passphrase", "public.jwk": "no private RSA key", "large.pem": "larger than"} {
		if !strings.Contains(said[file], part) {
			t.Errorf("%s: %q, want %q", file, said[file], part)
		}
	}
}

// TestRefusalsTellNoSecret: whatever goes wrong, the error says why, and holds neither assertion nor token.
func TestRefusalsTellNoSecret(t *testing.T) {
	t.Parallel()
	b := setup(t)
	check := func(name string, err error, want string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
			return
		}
		b.sent.mu.Lock()
		defer b.sent.mu.Unlock()
		for _, a := range b.sent.assertions {
			for part := range strings.SplitSeq(a, ".") {
				if strings.Contains(err.Error(), part) {
					t.Errorf("%s: the error holds a part of the assertion", name)
				}
			}
		}
	}
	_, err := b.client.Token(t.Context(), "ks:other")
	check("scope", err, "invalid_scope")

	slow := b.config
	slow.Now = func() time.Time { return b.time().Add(-42 * time.Second) }
	c, err := maskinporten.NewClient(slow)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context(), "krr:a")
	check("clock", err, "42s behind")

	b.server.SetTrouble(standins.Trouble{Status: 503, Times: 1})
	_, err = b.client.Token(t.Context(), "krr:a")
	check("503", err, "503")
	if !errors.Is(err, maskinporten.ErrUnreachable) {
		t.Errorf("503: %v", err)
	}
	b.server.SetTrouble(standins.Trouble{Hangup: true, Times: 1})
	_, err = b.client.Token(t.Context(), "krr:a")
	check("cut", err, "cannot reach")
	if _, err := b.client.Token(t.Context(), "krr:a"); err != nil {
		t.Errorf("when it is well again: %v", err)
	}

	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		reply, _ := json.Marshal(map[string]string{"error": "invalid_grant", "error_description": "I got " + r.PostFormValue("assertion") + " for 13097248022\nand\tno more"})
		_, _ = w.Write(reply)
	}))
	defer echo.Close()
	b.config.TokenURL = echo.URL + "/token"
	if c, err = maskinporten.NewClient(b.config); err != nil {
		t.Fatal(err)
	}
	_, err = c.Token(t.Context(), "krr:a")
	check("echo", err, "I got … for")
}

func TestConfigurationIsJudged(t *testing.T) {
	t.Parallel()
	for issuer, part := range map[string]string{
		"https://maskinporten.no": "slash", "http://maskinporten.no/": "https", "maskinporten.no/": "address", "https://a:b@maskinporten.no/": "address",
	} {
		if err := maskinporten.CheckIssuer(issuer); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	for _, issuer := range []string{maskinporten.IssuerProduction, maskinporten.IssuerTest, "http://127.0.0.1:8080/"} {
		if err := maskinporten.CheckIssuer(issuer); err != nil {
			t.Errorf("%s: %v", issuer, err)
		}
	}
	if _, err := maskinporten.NewClient(maskinporten.ClientConfig{Issuer: maskinporten.IssuerTest, ClientID: "a", Keys: "b", TokenURL: "http://example.org/token"}); err == nil {
		t.Error("tokens over plain HTTP from another machine")
	}
}
