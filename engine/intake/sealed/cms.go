package sealed

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // hashes of RSAES-OAEP
	_ "crypto/sha256"
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
)

// Why a document cannot be opened, as codes of refusals. They stand in the archive: never rename one.
const (
	CodeForm       = "kryptert-form"           // no CMS enveloped-data in binary form
	CodeAlgorithm  = "kryptert-algoritme"      // encrypted in a way that is not taken
	CodeUnknownKey = "kryptert-ukjent-nokkel"  // for none of the account's keys
	CodeBroken     = "kryptert-odelagt"        // cut off or changed
	CodeNoKey      = "kryptert-nokkel-mangler" // the account has no key
	CodeTooLarge   = "kryptert-storrelse"      // more bytes than the caller takes
)

// Refusal says that a document cannot be opened, ever.
type Refusal struct {
	Code string
}

// Error is the code alone: what was read is private.
func (r *Refusal) Error() string { return r.Code }

var (
	errNotCMS     = &Refusal{CodeForm}
	errAlgorithm  = &Refusal{CodeAlgorithm}
	errUnknownKey = &Refusal{CodeUnknownKey}
	errBroken     = &Refusal{CodeBroken}
	errTooLarge   = &Refusal{CodeTooLarge}
)

var (
	oidData      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEnveloped = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 3}
	oidRSA       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidOAEP      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 7}
	oidMGF1      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidSpecified = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 9}
	oidSHA1      = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
)

// ciphers are the ciphers that are taken, all in CBC mode, with the bytes of their keys.
var ciphers = []struct {
	oid asn1.ObjectIdentifier
	key int
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}, 16},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}, 24},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}, 32},
}

// key is a certificate and its private key.
type key struct {
	cert    *x509.Certificate
	private *rsa.PrivateKey
}

// recipient is KeyTransRecipientInfo (RFC 5652, 6.2.1).
type recipient struct {
	Version   int
	ID        asn1.RawValue
	Algorithm pkix.AlgorithmIdentifier
	Key       []byte
}

// decrypt opens CMS enveloped-data (RFC 5652) with the one of the keys that it is for, and writes the content, at most so many bytes. It
// reads the message once, in fixed memory. What was written is worth something only when there is no error. Errors are a *Refusal, or
// of reading and writing.
//
// Enveloped-data says nothing of who encrypted it or whether it was changed; the way that it came by must. Whatever is wrong behind the
// recipients is one code, and RSAES-PKCS1-v1_5 goes on with a random key where its padding is wrong, so that answers tell as little as
// they can about others' messages.
func decrypt(src io.Reader, keys []key, dst io.Writer, most int64) (int64, error) {
	r := newReader(src)
	if err := begin(r); err != nil {
		return 0, refuseAs(err, errNotCMS)
	}
	found, to, err := recipients(r, keys)
	if err != nil {
		return 0, refuseAs(err, errBroken)
	}
	if to == nil {
		return 0, errUnknownKey
	}
	n, err := content(r, found, to, dst, most)
	return n, refuseAs(err, errBroken)
}

// refuseAs says of what is not BER what is wrong with it.
func refuseAs(err error, as *Refusal) error {
	if errors.Is(err, errForm) {
		return as
	}
	return err
}

// begin reads up to the recipients.
func begin(r *reader) error {
	if err := r.into(asn1.ClassUniversal, asn1.TagSequence); err != nil {
		return err
	}
	if kind, err := oid(r); err != nil || !kind.Equal(oidEnveloped) {
		return errors.Join(err, errForm)
	}
	if err := r.into(asn1.ClassContextSpecific, 0); err != nil {
		return err
	}
	if err := r.into(asn1.ClassUniversal, asn1.TagSequence); err != nil {
		return err
	}
	version, err := r.next()
	if err != nil || !version.is(asn1.ClassUniversal, asn1.TagInteger) {
		return errors.Join(err, errForm)
	}
	return r.skip(version)
}

func oid(r *reader) (out asn1.ObjectIdentifier, err error) {
	h, err := r.next()
	if err != nil {
		return nil, err
	}
	return out, r.value(h, &out)
}

// value reads an element into v, as package asn1 does.
func (r *reader) value(h header, v any) error {
	der, err := r.der(h)
	if err != nil {
		return err
	}
	if rest, err := asn1.Unmarshal(der, v); err != nil || len(rest) > 0 {
		return errForm
	}
	return nil
}

// recipients finds the first recipient that one of the keys is; none: nil.
func recipients(r *reader, keys []key) (found recipient, to *key, err error) {
	h, err := r.next()
	if err == nil && h.is(asn1.ClassContextSpecific, 0) { // originatorInfo
		if err = r.skip(h); err == nil {
			h, err = r.next()
		}
	}
	if err != nil {
		return found, nil, err
	}
	if !h.is(asn1.ClassUniversal, asn1.TagSet) {
		return found, nil, errForm
	}
	if err := r.enter(h); err != nil {
		return found, nil, err
	}
	for {
		more, err := r.more()
		if err != nil {
			return found, nil, err
		}
		if !more {
			return found, to, r.leave()
		}
		h, err := r.next()
		if err != nil {
			return found, nil, err
		}
		if to != nil || !h.is(asn1.ClassUniversal, asn1.TagSequence) { // other kinds of recipients have no RSA key
			if err := r.skip(h); err != nil {
				return found, nil, err
			}
			continue
		}
		var info recipient
		if err := r.value(h, &info); err != nil {
			return found, nil, err
		}
		for i := range keys {
			if isFor(info.ID, keys[i].cert) {
				found, to = info, &keys[i]
				break
			}
		}
	}
}

// isFor reports whether a recipient is the holder of a certificate: by issuer and serial number, or by the identifier of its key.
func isFor(id asn1.RawValue, cert *x509.Certificate) bool {
	if id.Class == asn1.ClassContextSpecific && id.Tag == 0 {
		return len(id.Bytes) > 0 && bytes.Equal(id.Bytes, cert.SubjectKeyId)
	}
	var named struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	if rest, err := asn1.Unmarshal(id.FullBytes, &named); err != nil || len(rest) > 0 || named.Serial.Cmp(cert.SerialNumber) != 0 {
		return false
	}
	if bytes.Equal(named.Issuer.FullBytes, cert.RawIssuer) {
		return true
	}
	// Some write the same name in another kind of string.
	var is, ours pkix.RDNSequence
	_, err := asn1.Unmarshal(named.Issuer.FullBytes, &is)
	_, bad := asn1.Unmarshal(cert.RawIssuer, &ours)
	return err == nil && bad == nil && is.String() == ours.String()
}

// content reads the encrypted content and all behind it.
func content(r *reader, found recipient, to *key, dst io.Writer, most int64) (int64, error) {
	if err := r.into(asn1.ClassUniversal, asn1.TagSequence); err != nil {
		return 0, err
	}
	kind, err := oid(r)
	if err != nil {
		return 0, err
	}
	if !kind.Equal(oidData) {
		return 0, errAlgorithm
	}
	h, err := r.next()
	if err != nil {
		return 0, err
	}
	var algorithm pkix.AlgorithmIdentifier
	if err := r.value(h, &algorithm); err != nil {
		return 0, err
	}
	mode, err := cipherOf(algorithm, found, to.private)
	if err != nil {
		return 0, err
	}
	if h, err = r.next(); err != nil {
		return 0, err
	}
	if !h.is(asn1.ClassContextSpecific, 0) {
		return 0, errForm
	}
	encrypted, err := r.octets(h)
	if err != nil {
		return 0, err
	}
	n, err := unpadded(encrypted, mode, dst, most)
	if err != nil {
		return 0, err
	}
	if err := r.leave(); err != nil { // EncryptedContentInfo
		return 0, err
	}
	for { // unprotectedAttrs
		more, err := r.more()
		if err != nil {
			return 0, err
		}
		if !more {
			break
		}
		if h, err = r.next(); err == nil {
			err = r.skip(h)
		}
		if err != nil {
			return 0, err
		}
	}
	for len(r.open) > 0 {
		if err := r.leave(); err != nil {
			return 0, err
		}
	}
	if _, err := r.src.ReadByte(); !errors.Is(err, io.EOF) {
		return 0, errors.Join(err, errForm) // of two messages, one would be lost
	}
	return n, nil
}

// cipherOf is the cipher that the content is to be decrypted with.
func cipherOf(content pkix.AlgorithmIdentifier, to recipient, private *rsa.PrivateKey) (cipher.BlockMode, error) {
	size := 0
	for _, c := range ciphers {
		if content.Algorithm.Equal(c.oid) {
			size = c.key
		}
	}
	if size == 0 {
		return nil, errAlgorithm
	}
	var iv []byte
	if rest, err := asn1.Unmarshal(content.Parameters.FullBytes, &iv); err != nil || len(rest) > 0 || len(iv) != aes.BlockSize {
		return nil, errForm
	}
	var options crypto.DecrypterOpts
	switch a := to.Algorithm; {
	case a.Algorithm.Equal(oidRSA):
		options = &rsa.PKCS1v15DecryptOptions{SessionKeyLen: size} //nolint:staticcheck // senders use it, and a wrong key is not told from a wrong padding
	case a.Algorithm.Equal(oidOAEP):
		oaep, err := oaepOf(a.Parameters)
		if err != nil {
			return nil, err
		}
		options = oaep
	default:
		return nil, errAlgorithm
	}
	session, err := private.Decrypt(rand.Reader, to.Key, options)
	if err != nil || len(session) != size {
		return nil, errBroken
	}
	block, err := aes.NewCipher(session)
	if err != nil {
		return nil, errBroken
	}
	return cipher.NewCBCDecrypter(block, iv), nil
}

// oaepOf reads RSAES-OAEP-params (RFC 4055, 4.1); what is left out is SHA-1 and no label.
func oaepOf(raw asn1.RawValue) (*rsa.OAEPOptions, error) {
	var p struct {
		Hash   pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:0"`
		Mask   pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:1"`
		Source pkix.AlgorithmIdentifier `asn1:"optional,explicit,tag:2"`
	}
	if len(raw.FullBytes) > 0 && raw.Tag != asn1.TagNull {
		if rest, err := asn1.Unmarshal(raw.FullBytes, &p); err != nil || len(rest) > 0 {
			return nil, errForm
		}
	}
	out := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	var ok bool
	if len(p.Hash.Algorithm) > 0 {
		if out.Hash, ok = hashOf(p.Hash.Algorithm); !ok {
			return nil, errAlgorithm
		}
	}
	if len(p.Mask.Algorithm) > 0 {
		var inner pkix.AlgorithmIdentifier
		if _, err := asn1.Unmarshal(p.Mask.Parameters.FullBytes, &inner); err != nil {
			return nil, errForm
		}
		if out.MGFHash, ok = hashOf(inner.Algorithm); !ok || !p.Mask.Algorithm.Equal(oidMGF1) {
			return nil, errAlgorithm
		}
	}
	if len(p.Source.Algorithm) > 0 {
		if !p.Source.Algorithm.Equal(oidSpecified) {
			return nil, errAlgorithm
		}
		if _, err := asn1.Unmarshal(p.Source.Parameters.FullBytes, &out.Label); err != nil {
			return nil, errForm
		}
	}
	return out, nil
}

func hashOf(id asn1.ObjectIdentifier) (crypto.Hash, bool) {
	if id.Equal(oidSHA1) {
		return crypto.SHA1, true
	}
	sha2 := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2}
	if len(id) != len(sha2)+1 || !id[:len(sha2)].Equal(sha2) {
		return 0, false
	}
	h, ok := map[int]crypto.Hash{1: crypto.SHA256, 2: crypto.SHA384, 3: crypto.SHA512, 4: crypto.SHA224}[id[len(sha2)]]
	return h, ok
}

// unpadded decrypts, and writes all but the padding (RFC 5652, 6.3).
func unpadded(src io.Reader, mode cipher.BlockMode, dst io.Writer, most int64) (n int64, err error) {
	const size = 64 << 10
	buf, held := make([]byte, size), make([]byte, 0, size) // held back, since the last one has the padding
	write := func(p []byte) error {
		if n += int64(len(p)); n > most {
			return errTooLarge
		}
		_, err := dst.Write(p)
		return err
	}
	for {
		got, err := io.ReadFull(src, buf)
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return n, err
		}
		if got%aes.BlockSize != 0 {
			return n, errBroken
		}
		if got > 0 {
			if err := write(held); err != nil {
				return n, err
			}
			held = held[:got]
			mode.CryptBlocks(held, buf[:got])
		}
		if last {
			break
		}
	}
	if len(held) == 0 {
		return n, errBroken
	}
	pad := int(held[len(held)-1])
	if pad == 0 || pad > aes.BlockSize {
		return n, errBroken
	}
	body := held[:len(held)-pad]
	if !bytes.Equal(held[len(body):], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return n, errBroken
	}
	return n, write(body)
}
