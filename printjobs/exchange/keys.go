package exchange

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
)

// Key is an ed25519 key pair of a client or a host.
type Key struct {
	Signer     ssh.Signer
	PEM        []byte // private key in OpenSSH form
	Authorized string // public key as a line of authorized_keys, without line end
}

// GenerateKey makes a new key pair, for a client or a host.
func GenerateKey() (Key, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		return Key{}, fmt.Errorf("make key: %w", err)
	}
	return parseKey(pem.EncodeToMemory(block))
}

func parseKey(b []byte) (Key, error) {
	signer, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return Key{}, errors.New("not a private key without passphrase")
	}
	line := ssh.MarshalAuthorizedKey(signer.PublicKey())
	return Key{signer, b, string(line[:len(line)-1])}, nil
}

// LoadOrCreateKey reads the private key in file, or makes one there, readable by its owner only, with the public key beside it
// in file.pub.
func LoadOrCreateKey(file string) (Key, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		k, err := parseKey(b)
		if err != nil {
			return Key{}, fmt.Errorf("key file %s: %w", file, err)
		}
		return k, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	k, err := GenerateKey()
	if err != nil {
		return Key{}, err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	if err := os.WriteFile(file, k.PEM, 0o600); err != nil {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	if err := os.WriteFile(file+".pub", []byte(k.Authorized+"\n"), 0o644); err != nil {
		return Key{}, fmt.Errorf("key file: %w", err)
	}
	return k, nil
}
