package exchange_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"postgang/fixtures/judges"
	"postgang/fixtures/vendorsim"
	"postgang/printjobs/exchange"
)

// TestPasswordByQuestions: a server that asks for the password by keyboard-interactive lets us in with it, and a wrong one is
// said to be about the password, not about a key.
func TestPasswordByQuestions(t *testing.T) {
	root, host := t.TempDir(), newKey(t)
	must(t, vendorsim.MakeFolders(root))
	server, err := vendorsim.Serve(ctx, root, vendorsim.ServeOptions{HostKey: host.Signer, Password: "riktig", Asks: true})
	must(t, err)
	defer server.Close()
	target := exchange.Target{Address: server.Addr(), User: vendorsim.DefaultUser, HostKey: host.Authorized, PasswordEnv: "POSTGANG_TEST_PASSWORD"}
	t.Setenv("POSTGANG_TEST_PASSWORD", "riktig")
	s, err := exchange.Dial(ctx, target)
	must(t, err)
	s.Close()
	t.Setenv("POSTGANG_TEST_PASSWORD", "feil")
	_, err = exchange.Dial(ctx, target)
	wantError(t, err, exchange.ErrAuth)
	if text := err.Error(); strings.Contains(text, "public key") || !strings.Contains(text, "the password in POSTGANG_TEST_PASSWORD") || strings.Contains(text, "feil\"") {
		t.Errorf("said %q", text)
	}
}

// TestAlgorithms: hardened servers are reached, and those that have nothing but SHA-1 are refused with what to ask for.
func TestAlgorithms(t *testing.T) {
	for name, c := range map[string]struct {
		settings []string
		says     string // empty: it works
	}{
		"group exchange": {settings: []string{"KexAlgorithms diffie-hellman-group-exchange-sha256"}},
		"old key exchange": {settings: []string{"KexAlgorithms diffie-hellman-group14-sha1"},
			says: "as key exchange it offers only diffie-hellman-group14-sha1"},
		"old MAC": {settings: []string{"MACs hmac-sha1", "Ciphers aes128-ctr"}, says: "it offers only hmac-sha1"},
	} {
		t.Run(name, func(t *testing.T) {
			v := openSSH(t, c.settings...)
			s, err := exchange.Dial(ctx, v.target)
			if err == nil {
				s.Close()
			}
			if c.says == "" {
				must(t, err)
				return
			}
			wantError(t, err, exchange.ErrAlgorithms)
			if !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "ask the vendor for a current one") {
				t.Errorf("said %q", err)
			}
		})
	}
}

// TestUnreachableIsSaidOnce: who does not answer stands in the error, and each thing once.
func TestUnreachableIsSaidOnce(t *testing.T) {
	v := simulator(t, nil)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	closed := ln.Addr().String()
	must(t, ln.Close())
	for address, says := range map[string]string{
		closed:                 "the vendor's server at " + closed + " does not answer: connection refused",
		"nowhere.invalid:2222": "the vendor's server at nowhere.invalid:2222 cannot be found",
	} {
		target := v.target
		target.Address = address
		_, err := exchange.Dial(ctx, target)
		wantError(t, err, exchange.ErrConnection)
		if !strings.HasPrefix(err.Error(), says) || strings.Contains(err.Error(), "dial tcp") {
			t.Errorf("said %q, want %q", err, says)
		}
	}
}

// TestKeysThatAreNone: what lies where the private key should is told by what it is, and never quoted.
func TestKeysThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	must(t, err)
	public, err := ssh.NewPublicKey(private.Public())
	must(t, err)
	for name, c := range map[string]struct{ content, says string }{
		"pkcs8":   {string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: der})), "ssh-keygen -p -f"},
		"putty":   {"PuTTY-User-Key-File-3: ssh-ed25519\nhemmelig", "PuTTYgen"},
		"public":  {string(ssh.MarshalAuthorizedKey(public)), "it is a public key"},
		"ssh2":    {"---- BEGIN SSH2 PUBLIC KEY ----\nhemmelig", "it is a public key"},
		"empty":   {"", "it is empty"},
		"rubbish": {"hemmelig", "not a private key"},
	} {
		file := filepath.Join(dir, name)
		must(t, os.WriteFile(file, []byte(c.content), 0o600))
		for _, env := range []string{"", "POSTGANG_TEST_NONE"} {
			err := exchange.Target{KeyFile: file, KeyPassphraseEnv: env}.CheckKey()
			if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hemmelig") {
				t.Errorf("%s: said %v, want %q", name, err, c.says)
			}
		}
	}
	plain := filepath.Join(dir, "plain")
	must(t, os.WriteFile(plain, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	// A passphrase that a key does not need is no fault of the key.
	for _, env := range []string{"", "POSTGANG_TEST_NONE"} {
		must(t, exchange.Target{KeyFile: plain, KeyPassphraseEnv: env}.CheckKey())
	}
}

// TestRSAKeySignsWithSHA2: a server that takes RSA keys by SHA-1 only does not get such a signature, and one of today lets us in.
func TestRSAKeySignsWithSHA2(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	file := filepath.Join(t.TempDir(), "id_rsa")
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}), 0o600))
	public, err := ssh.NewPublicKey(&key.PublicKey)
	must(t, err)
	keys := filepath.Join(t.TempDir(), "keys")
	must(t, os.WriteFile(keys, ssh.MarshalAuthorizedKey(public), 0o600))
	for setting, works := range map[string]bool{"PubkeyAcceptedAlgorithms rsa-sha2-256": true, "PubkeyAcceptedAlgorithms ssh-rsa": false} {
		v := openSSH(t, "AuthorizedKeysFile "+keys, setting)
		target := v.target
		target.Signer, target.KeyFile = nil, file
		s, err := exchange.Dial(ctx, target)
		if err == nil {
			s.Close()
		}
		if (err == nil) != works {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// TestServerThatTalks: a login shell that prints something breaks SFTP, and that is what is said.
func TestServerThatTalks(t *testing.T) {
	judges.Need(t, "sh")
	v := openSSH(t, `ForceCommand echo "Velkommen til serveren"`)
	_, err := exchange.Dial(ctx, v.target)
	if err == nil || !strings.Contains(err.Error(), "sends text before the SFTP protocol") {
		t.Errorf("said %v", err)
	}
}
