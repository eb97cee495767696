// Package sealedtest encrypts as senders do, for tests.
package sealedtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
)

// Form is how a message is written. The zero value is what KS's own client does, but for its lengths: RSAES-OAEP with SHA-256,
// AES-256-CBC, the recipient by issuer and serial number.
type Form struct {
	KeyBytes int  // of AES: 16, 24 or 32; 0: 32
	PKCS1    bool // RSAES-PKCS1-v1_5
	KeyID    bool // the recipient by the identifier of its key
	// Piece, above 0, writes BER: indefinite lengths, and the content in pieces of so many bytes.
	Piece int
	// Others are certificates of recipients beside it, which come first.
	Others []*x509.Certificate
}

func oid(of ...int) asn1.ObjectIdentifier { return of }

type algorithm = pkix.AlgorithmIdentifier

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Seal encrypts for a certificate's holder. What cannot be encrypted is a panic.
func Seal(cert *x509.Certificate, clear []byte, f Form) []byte {
	size := f.KeyBytes
	if size == 0 {
		size = 32
	}
	session, iv := make([]byte, size), make([]byte, aes.BlockSize)
	rand.Read(session)
	rand.Read(iv)
	pad := aes.BlockSize - len(clear)%aes.BlockSize
	padded := append(bytes.Clone(clear), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(must(aes.NewCipher(session)), iv).CryptBlocks(padded, padded)

	var infos [][]byte
	for _, c := range append(append([]*x509.Certificate(nil), f.Others...), cert) {
		infos = append(infos, recipient(c, session, f))
	}
	content := [][]byte{
		must(asn1.Marshal(oid(1, 2, 840, 113549, 1, 7, 1))),
		must(asn1.Marshal(algorithm{
			Algorithm:  oid(2, 16, 840, 1, 101, 3, 4, 1, map[int]int{16: 2, 24: 22, 32: 42}[size]),
			Parameters: asn1.RawValue{FullBytes: must(asn1.Marshal(iv))},
		})),
	}
	wrap := definite
	if f.Piece > 0 {
		wrap = indefinite
		var pieces [][]byte
		for len(padded) > 0 {
			n := min(f.Piece, len(padded))
			pieces = append(pieces, definite(0x04, padded[:n]))
			padded = padded[n:]
		}
		content = append(content, indefinite(0xa0, pieces...))
	} else {
		content = append(content, definite(0x80, padded))
	}
	version := []byte{2, 1, 0}
	if f.KeyID {
		version[2] = 2
	}
	return wrap(0x30,
		must(asn1.Marshal(oid(1, 2, 840, 113549, 1, 7, 3))),
		wrap(0xa0, wrap(0x30, version, definite(0x31, infos...), wrap(0x30, content...))))
}

func recipient(cert *x509.Certificate, session []byte, f Form) []byte {
	public := cert.PublicKey.(*rsa.PublicKey)
	var id []byte
	version := []byte{2, 1, 0}
	if f.KeyID {
		id, version[2] = definite(0x80, cert.SubjectKeyId), 2
	} else {
		id = must(asn1.Marshal(struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}))
	}
	var how algorithm
	var key []byte
	if f.PKCS1 {
		how = algorithm{Algorithm: oid(1, 2, 840, 113549, 1, 1, 1), Parameters: asn1.NullRawValue}
		key = must(rsa.EncryptPKCS1v15(rand.Reader, public, session)) //nolint:staticcheck // it is what some senders do
	} else {
		hash := algorithm{Algorithm: oid(2, 16, 840, 1, 101, 3, 4, 2, 1), Parameters: asn1.NullRawValue}
		mask := algorithm{Algorithm: oid(1, 2, 840, 113549, 1, 1, 8), Parameters: asn1.RawValue{FullBytes: must(asn1.Marshal(hash))}}
		how = algorithm{Algorithm: oid(1, 2, 840, 113549, 1, 1, 7), Parameters: asn1.RawValue{FullBytes: must(asn1.Marshal(struct {
			Hash algorithm `asn1:"explicit,tag:0"`
			Mask algorithm `asn1:"explicit,tag:1"`
		}{hash, mask}))}}
		key = must(rsa.EncryptOAEP(sha256.New(), rand.Reader, public, session, nil))
	}
	return definite(0x30, version, id, must(asn1.Marshal(how)), must(asn1.Marshal(key)))
}

func definite(tag byte, parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	out := []byte{tag}
	if n := len(body); n < 0x80 {
		out = append(out, byte(n))
	} else {
		length := big.NewInt(int64(n)).Bytes()
		out = append(append(out, 0x80|byte(len(length))), length...)
	}
	return append(out, body...)
}

func indefinite(tag byte, parts ...[]byte) []byte {
	return append(append([]byte{tag, 0x80}, bytes.Join(parts, nil)...), 0, 0)
}
