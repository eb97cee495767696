package app

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"postgang/cmd/config"
	"postgang/engine/digital/krr"
	"postgang/fixtures/standins"
)

// TestChannelsAsConfigured: an account with krr = true asks the register with a token of Maskinporten's, by a key of the folder.
func TestChannelsAsConfigured(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "keys", "kid-1.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := standins.StartMaskinporten("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tokens.Close()
	tokens.AddClient(standins.Client{
		ID: "bergvik", Organisation: "974760673", Scopes: krr.DefaultScopes(), Keys: map[string]*rsa.PublicKey{"kid-1": &key.PublicKey},
	})
	register, err := standins.StartKRR("127.0.0.1:0", tokens, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer register.Close()
	cfg, err := config.Parse(filepath.Join(dir, config.DefaultName), fmt.Appendf(nil, `
[vendors.v]
kind = "manuell"
[accounts.a]
krr = true
[accounts.a.sender]
name = "Bergvik kommune"
postcode = "0150"
city = "Oslo"
[accounts.b]
[accounts.b.sender]
name = "Bergvik kommune"
postcode = "0150"
city = "Oslo"
[maskinporten]
issuer = %q
client_id = "bergvik"
keys = "keys"
[krr]
base_url = %q
timeout = "2s"
`, tokens.Issuer(), register.BaseURL()))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	checked := a.Engine.CheckChannels(t.Context())
	if len(checked) != 1 || checked[0].Channel != "krr" || fmt.Sprint(checked[0].Accounts) != "[a]" || checked[0].Err != nil {
		t.Fatalf("%+v", checked)
	}
	register.SetTrouble(standins.Trouble{Status: 403})
	if checked = a.Engine.CheckChannels(t.Context()); !errors.Is(checked[0].Err, krr.ErrRefused) {
		t.Errorf("%+v", checked)
	}
}
