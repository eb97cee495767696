package exchange_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"postgang/printjobs/exchange"
)

// serveAgent is an SSH agent with these keys, at SSH_AUTH_SOCK.
func serveAgent(t *testing.T, keys ...agent.AddedKey) {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(k); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := os.MkdirTemp("", "ag") // paths of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ln, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = agent.ServeAgent(ring, c) // ends when the client closes
				c.Close()
			}()
		}
	}()
	t.Setenv("SSH_AUTH_SOCK", ln.Addr().String())
}

// TestAgentAndCertificates logs in to OpenSSH with keys of an agent, and with a certificate in a file and in the agent.
func TestAgentAndCertificates(t *testing.T) {
	newRaw := func() (ed25519.PrivateKey, ssh.Signer) {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s, err := ssh.NewSignerFromKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return private, s
	}
	_, authoritySigner := newRaw()
	known, knownSigner := newRaw()
	stranger, _ := newRaw()
	v := openSSH(t, "TrustedUserCAKeys "+writeFile(t, "ca.pub", string(ssh.MarshalAuthorizedKey(authoritySigner.PublicKey()))))
	target := v.target
	target.Signer = nil

	certify := func(key ssh.PublicKey, from, to time.Time) *ssh.Certificate {
		c := &ssh.Certificate{
			Key: key, CertType: ssh.UserCert, KeyId: "postgang", ValidPrincipals: []string{target.User},
			ValidAfter: uint64(from.Unix()), ValidBefore: uint64(to.Unix()),
		}
		if err := c.SignCert(rand.Reader, authoritySigner); err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := time.Now()
	good := certify(knownSigner.PublicKey(), now.Add(-time.Hour), now.Add(time.Hour))

	target.Agent = true
	t.Setenv("SSH_AUTH_SOCK", "")
	if _, err := exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "SSH_AUTH_SOCK") {
		t.Errorf("no agent: %v", err)
	}
	serveAgent(t, agent.AddedKey{PrivateKey: &stranger})
	_, err := exchange.Dial(ctx, target)
	wantError(t, err, exchange.ErrAuth)
	serveAgent(t, agent.AddedKey{PrivateKey: &stranger}, agent.AddedKey{PrivateKey: &known, Certificate: good})
	dial(t, target)

	// The same with files.
	block, err := ssh.MarshalPrivateKey(known, "")
	if err != nil {
		t.Fatal(err)
	}
	target.Agent = false
	target.KeyFile = writeFile(t, "key", string(pem.EncodeToMemory(block)))
	_, err = exchange.Dial(ctx, target) // the key alone is not known
	wantError(t, err, exchange.ErrAuth)
	cert := func(c *ssh.Certificate) string {
		return writeFile(t, "key-cert.pub", string(ssh.MarshalAuthorizedKey(c)))
	}
	target.CertFile = cert(good)
	dial(t, target)
	if end, err := target.Expires(); err != nil || end.Unix() != int64(good.ValidBefore) {
		t.Errorf("expires %v (%v)", end, err)
	}
	target.CertFile = cert(certify(knownSigner.PublicKey(), now.Add(-2*time.Hour), now.Add(-time.Hour)))
	_, err = exchange.Dial(ctx, target)
	wantError(t, err, exchange.ErrAuth)
	target.CertFile = cert(certify(authoritySigner.PublicKey(), now.Add(-time.Hour), now.Add(time.Hour)))
	if _, err = exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("certificate of another key: %v", err)
	}
	target.CertFile = writeFile(t, "no-cert.pub", string(ssh.MarshalAuthorizedKey(knownSigner.PublicKey())))
	if _, err = exchange.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "no OpenSSH user certificate") {
		t.Errorf("a key is no certificate: %v", err)
	}
	target.CertFile += "-not"
	if _, err := target.Expires(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}
