package sealed

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // an identifier of the key (RFC 5280, 4.2.1.2), not a proof of anything
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// keyBits is the length of new keys: enough until after 2030 (NIST SP 800-57), and what real clients take.
const keyBits = 3072

// maxKeys is how many keys of an account are tried.
const maxKeys = 20

// Validity is how long a new certificate is valid. Documents that were encrypted for an older one are opened all the same.
const Validity = 3 * 365 * 24 * time.Hour

// skew is how long before it is made a certificate is valid: senders' clocks may be late.
const skew = time.Hour

// Folder holds the keys of accounts: of each a certificate, NAME.pem, and its private key, NAME.key, where NAME is the account's key and
// the day when it was made, with a number behind it where there are several of one day. It is read anew each time, so that what is made
// or ended while the program runs counts at once.
type Folder string

// Key is one of an account's keys, without what is secret of it.
type Key struct {
	Name        string // of its files, without what comes behind the dot
	Account     string
	Certificate *x509.Certificate
	PEM         []byte // the certificate
}

// Made is when the key was made.
func (k Key) Made() time.Time { return k.Certificate.NotBefore.Add(skew) }

// Until is when its certificate ends to be valid.
func (k Key) Until() time.Time { return k.Certificate.NotAfter }

// ErrNoKey says that an account has no key.
var ErrNoKey = errors.New("the account has no key for encrypted documents")

var nameForm = regexp.MustCompile(`^(.+)-(\d{4}-\d{2}-\d{2})(?:-([1-9]\d?))?$`)

// AccountOf is the account that a key's name belongs to; none: "".
func AccountOf(name string) string {
	if m := nameForm.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return ""
}

// Keys are an account's keys, the newest first; none: an empty list. A certificate that cannot be read is an error.
func (f Folder) Keys(account string) ([]Key, error) {
	all, err := f.All()
	return slices.DeleteFunc(all, func(k Key) bool { return k.Account != account }), err
}

// All are the keys of all accounts, in the order of accounts and the newest first. With an error it has those that can be read.
func (f Folder) All() ([]Key, error) {
	entries, err := os.ReadDir(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	var out []Key
	var errs []error
	for _, e := range entries {
		name, ok := cutSuffix(e.Name(), ".pem")
		account := AccountOf(name)
		if !ok || account == "" {
			continue
		}
		data, err := os.ReadFile(f.file(name, ".pem"))
		var cert *x509.Certificate
		if err == nil {
			cert, err = certificate(data)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("certificate %s: %w", e.Name(), err))
			continue
		}
		out = append(out, Key{Name: name, Account: account, Certificate: cert, PEM: data})
	}
	slices.SortFunc(out, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), b.Made().Compare(a.Made()), cmp.Compare(number(b.Name), number(a.Name)))
	})
	return out, errors.Join(errs...)
}

func cutSuffix(name, suffix string) (string, bool) {
	if filepath.Ext(name) != suffix {
		return name, false
	}
	return name[:len(name)-len(suffix)], true
}

// number is the number behind the day in a key's name.
func number(name string) int {
	n, _ := strconv.Atoi(nameForm.FindStringSubmatch(name)[3])
	return n
}

func (f Folder) file(name, ext string) string { return filepath.Join(string(f), name+ext) }

// Newest is the key that an account's senders are given; ErrNoKey when it has none.
func (f Folder) Newest(account string) (Key, error) {
	keys, err := f.Keys(account)
	if len(keys) > 0 {
		return keys[0], nil
	}
	return Key{}, cmp.Or(err, ErrNoKey)
}

// Make makes a new key of an account, dated now. The older ones are kept.
func (f Folder) Make(account string, now time.Time) (Key, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return Key{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return Key{}, err
	}
	id := sha1.Sum(x509.MarshalPKCS1PublicKey(&private.PublicKey)) //nolint:gosec // see the import
	day := now.Format(time.DateOnly)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{Organization: []string{"Postgang"}, CommonName: account + " " + day},
		NotBefore: now.Add(-skew).Truncate(time.Second), NotAfter: now.Add(Validity).Truncate(time.Second),
		KeyUsage: x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment, SubjectKeyId: id[:], BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		return Key{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, err
	}
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return Key{}, fmt.Errorf("keys: %w", err)
	}
	name := account + "-" + day
	for n := 2; ; n++ {
		// The private key first: what has a certificate is whole. A name is not used again, though its key has ended.
		err := errors.Join(f.free(name), create(f.file(name, ".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrExist) || n > 99 {
			return Key{}, fmt.Errorf("keys: %w", err)
		}
		name = account + "-" + day + "-" + strconv.Itoa(n)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := create(f.file(name, ".pem"), public, 0o644); err != nil {
		return Key{}, fmt.Errorf("keys: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	return Key{Name: name, Account: account, Certificate: cert, PEM: public}, err
}

// endedMark stands behind the names of the files of a key that is no longer used.
const endedMark = ".avsluttet"

// free is fs.ErrExist when a name is or was a key's.
func (f Folder) free(name string) error {
	for _, ext := range []string{".pem", ".key" + endedMark, ".pem" + endedMark} {
		if _, err := os.Lstat(f.file(name, ext)); err == nil {
			return fs.ErrExist
		}
	}
	return nil
}

// create writes a new file, through to the disk.
func create(path string, data []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Sync(), file.Close())
}

// End has a key open nothing from now on. Its files are kept under other names, for whoever has to take it back; ErrNoKey when there
// is none of that name.
func (f Folder) End(name string) error {
	if AccountOf(name) == "" || filepath.Base(name) != name {
		return ErrNoKey
	}
	err := os.Rename(f.file(name, ".pem"), f.file(name, ".pem"+endedMark))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNoKey
	}
	return errors.Join(err, os.Rename(f.file(name, ".key"), f.file(name, ".key"+endedMark)))
}

// Check tells what is wrong with a key's private half: it cannot be read, others can read it, or it is another's.
func (f Folder) Check(k Key) error {
	path := f.file(k.Name, ".key")
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s can be read by others", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, err = pair(k.PEM, data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// certificate reads a certificate in PEM.
func certificate(data []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("no certificate in PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// pair reads a certificate and the private key that belongs to it.
func pair(cert, private []byte) (key, error) {
	c, err := certificate(cert)
	if err != nil {
		return key{}, err
	}
	block, _ := pem.Decode(private)
	if block == nil {
		return key{}, errors.New("no key in PEM")
	}
	var parsed any
	if block.Type == "RSA PRIVATE KEY" {
		parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	rsaKey, ok := parsed.(*rsa.PrivateKey)
	if err != nil || !ok {
		return key{}, errors.New("no RSA key that can be read") // what the parser says may tell of the key
	}
	if !rsaKey.PublicKey.Equal(c.PublicKey) {
		return key{}, errors.New("the key does not belong to the certificate")
	}
	return key{c, rsaKey}, nil
}
