package maskinporten

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// longestKeyFile bounds a key file: a key of 4,096 bits with its chain of certificates is a tenth of it.
	longestKeyFile = 1 << 18
	// leastKeyBits is what Maskinporten takes.
	leastKeyBits = 2048
)

// Key is what may be told of a key of ours.
type Key struct {
	File     string    // name within the folder
	ID       string    // kid; empty: the key is known by its certificate (x5c)
	Modified time.Time // of the file; the newest is tried first
	NotAfter time.Time // of its certificate; zero: it has none
	Exposed  bool      // others than the owner may read the file
	Err      error     // why it cannot be used; nil: it can
}

// signingKey is a key with its secret half.
type signingKey struct {
	Key
	private *rsa.PrivateKey
	chain   []string // of certificates, base64 DER, leaf first; none: known by ID
}

// signer makes what signs an assertion.
func (k *signingKey) signer() (jose.Signer, error) {
	opts := (&jose.SignerOptions{}).WithType("JWT")
	var key any = k.private
	if len(k.chain) > 0 {
		opts = opts.WithHeader("x5c", k.chain)
	} else {
		key = jose.JSONWebKey{Key: k.private, KeyID: k.ID}
	}
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, opts)
}

// readKeys reads a folder's keys, newest first; those that cannot be used come last, with their error. Files are *.pem (a private
// key in PKCS #8 or #1, whose kid is the file's name without .pem; with certificates in the same file it is known by them instead)
// and *.jwk (a private JSON Web Key with its kid). Other files are passed over.
func readKeys(folder string) ([]signingKey, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("keys of Maskinporten: %w", err)
	}
	var keys []signingKey
	for _, e := range entries {
		ext := filepath.Ext(e.Name())
		if e.IsDir() || strings.HasPrefix(e.Name(), ".") || ext != ".pem" && ext != ".jwk" {
			continue
		}
		k := signingKey{Key: Key{File: e.Name()}}
		k.Err = k.read(filepath.Join(folder, e.Name()))
		keys = append(keys, k)
	}
	slices.SortStableFunc(keys, func(a, b signingKey) int {
		if (a.Err == nil) != (b.Err == nil) {
			if a.Err == nil {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Modified.Compare(a.Modified), cmp.Compare(b.File, a.File))
	})
	return keys, nil
}

func (k *signingKey) read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	k.Modified, k.Exposed = info.ModTime(), info.Mode().Perm()&0o077 != 0
	if !info.Mode().IsRegular() {
		return errors.New("is no plain file")
	}
	data, err := io.ReadAll(io.LimitReader(f, longestKeyFile+1))
	if err != nil {
		return err
	}
	if len(data) > longestKeyFile {
		return fmt.Errorf("is larger than %d bytes", longestKeyFile)
	}
	if filepath.Ext(path) == ".jwk" {
		err = k.readJWK(data)
	} else {
		err = k.readPEM(data)
	}
	switch {
	case err != nil:
		return err
	case k.private.N.BitLen() < leastKeyBits:
		return fmt.Errorf("has %d bits; Maskinporten takes %d and more", k.private.N.BitLen(), leastKeyBits)
	}
	return nil
}

// readJWK takes a private JSON Web Key. Errors of the parser may quote what it reads, and are not passed on.
func (k *signingKey) readJWK(data []byte) error {
	var j jose.JSONWebKey
	if err := j.UnmarshalJSON(data); err != nil {
		return errors.New("is no JSON Web Key")
	}
	private, ok := j.Key.(*rsa.PrivateKey)
	if !ok {
		return errors.New("holds no private RSA key")
	}
	if j.KeyID == "" {
		return errors.New("has no kid")
	}
	k.private, k.ID = private, j.KeyID
	return nil
}

func (k *signingKey) readPEM(data []byte) error {
	var leaf *x509.Certificate
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return errors.New("holds a certificate that cannot be read")
			}
			if leaf == nil {
				leaf = c
			}
			k.chain = append(k.chain, base64.StdEncoding.EncodeToString(block.Bytes))
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			if k.private != nil {
				return errors.New("holds more than one private key")
			}
			private, err := parseRSA(block)
			if err != nil {
				return err
			}
			k.private = private
		case "ENCRYPTED PRIVATE KEY":
			return errors.New("is locked with a passphrase, which is not supported; protect the file by its rights instead")
		}
	}
	if k.private == nil {
		return errors.New("holds no private key in PEM")
	}
	if leaf == nil {
		k.ID = strings.TrimSuffix(k.File, ".pem")
		return nil
	}
	if !k.private.PublicKey.Equal(leaf.PublicKey) {
		return errors.New("holds a certificate, the first, that is not of its key")
	}
	k.NotAfter = leaf.NotAfter
	return nil
}

func parseRSA(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Headers["Proc-Type"] != "" {
		return nil, errors.New("is locked with a passphrase, which is not supported; protect the file by its rights instead")
	}
	if block.Type == "RSA PRIVATE KEY" {
		k, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a private key that cannot be read")
		}
		return k, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("holds a private key that cannot be read")
	}
	k, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("holds a private key that is not RSA")
	}
	return k, nil
}
