package sealed

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"

	"postgang/engine/calendar"
	"postgang/engine/documents"
	"postgang/engine/store"
)

// Where keys stand beside the objects: each is a file of age, encrypted to the first key-encryption key.
const (
	keysFolder = "keys"
	namesKey   = keysFolder + "/names"
)

// stanza is the type of our stanza in the header of a sealed document: "-> postgang-month KEY SALT", with the file's key.
const stanza = "postgang-month"

// KeyError says that a key is not there, or cannot be opened. Nothing is known of the document itself.
type KeyError struct{ Key, Why string }

// Error says which key, why, and what to do.
func (e *KeyError) Error() string { return "the key " + e.Key + " of the documents " + e.Why }

// KEK are key-encryption keys: the first encrypts, all of them decrypt.
type KEK []age.Identity

// ReadKEK reads keys as age-keygen writes them, also with post-quantum ones (age-keygen -pq). Its errors hold nothing of them.
func ReadKEK(r io.Reader) (KEK, error) {
	ids, err := age.ParseIdentities(r)
	if err != nil {
		return nil, errors.New("it holds no age identities, lines as AGE-SECRET-KEY-…: make it by \"postgang documents key FILE\" or age-keygen")
	}
	for _, id := range ids {
		if recipient(id) == nil {
			return nil, errors.New("it holds an age identity of a kind that cannot encrypt")
		}
	}
	return ids, nil
}

// NewKEK makes a key-encryption key, of the post-quantum kind, as the text of a file.
func NewKEK(now time.Time) (string, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("# Postgang: opens the keys of the documents. Made %s. Who loses it loses all documents.\n%s\n", now.In(calendar.Oslo).Format(time.DateOnly), id), nil
}

func recipient(id age.Identity) age.Recipient {
	switch id := id.(type) {
	case *age.X25519Identity:
		return id.Recipient()
	case *age.HybridIdentity:
		return id.Recipient()
	}
	return nil
}

// seal encrypts a key.
func (k KEK) seal(key []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, recipient(k[0]))
	if err != nil {
		return nil, err
	}
	_, err = w.Write(key)
	err = errors.Join(err, w.Close())
	return out.Bytes(), err
}

// open decrypts a key.
func (k KEK) open(name string, data []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(data), k...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, &KeyError{name, "was encrypted with another key-encryption key than those of [documents.sealed] key_file: put the one that was used back into it"}
	}
	if err != nil {
		return nil, &KeyError{name, "is damaged: put it back from a backup"}
	}
	key, err := io.ReadAll(io.LimitReader(r, keyBytes+1))
	if err != nil || len(key) != keyBytes {
		return nil, &KeyError{name, "is damaged: put it back from a backup"}
	}
	return key, nil
}

const keyBytes = 32

// ring has the keys of a place.
type ring struct {
	in    documents.Files
	kek   KEK
	names *namer

	mu      sync.Mutex
	months  map[string][]byte // by the name of the key
	current string            // the key of a month that was used last
}

// monthOf is how the names of keys begin that are made in the month of a time.
func monthOf(at time.Time) string { return at.In(calendar.Oslo).Format("2006-01") }

var keyName = regexp.MustCompile(`^\d{4}-\d{2}-[0-9a-f]{8}$`)

// month gives the key of a name.
func (k *ring) month(ctx context.Context, name string) ([]byte, error) {
	if !keyName.MatchString(name) {
		return nil, fmt.Errorf("the name of a key: %w", documents.ErrDamaged)
	}
	k.mu.Lock()
	key := k.months[name]
	k.mu.Unlock()
	if key != nil {
		return key, nil
	}
	data, err := k.in.ReadFile(ctx, keysFolder+"/"+name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &KeyError{name, "is not there: either it was destroyed, and what it sealed is erased, or the folder keys among the documents is not its newest copy"}
	}
	if err != nil {
		return nil, fmt.Errorf("read the key %s: %w", name, err)
	}
	if key, err = k.kek.open(name, data); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.months[name] = key
	return key, nil
}

// now gives the key of the month of a time, and makes it when there is none. Several processes may make one each: all of them serve.
func (k *ring) now(ctx context.Context, at time.Time) (name string, key []byte, err error) {
	month := monthOf(at)
	k.mu.Lock()
	name = k.current
	k.mu.Unlock()
	if !strings.HasPrefix(name, month) {
		if name, err = k.find(ctx, month); err != nil {
			return "", nil, err
		}
		k.mu.Lock()
		k.current = name
		k.mu.Unlock()
	}
	key, err = k.month(ctx, name)
	return name, key, err
}

func (k *ring) find(ctx context.Context, month string) (string, error) {
	names, err := k.list(ctx)
	if err != nil {
		return "", err
	}
	for _, n := range names {
		if strings.HasPrefix(n, month) {
			return n, nil
		}
	}
	key, suffix := make([]byte, keyBytes), make([]byte, 4)
	_, _ = rand.Read(key) // never fails
	_, _ = rand.Read(suffix)
	data, err := k.kek.seal(key)
	if err != nil {
		return "", err
	}
	name := month + "-" + hex.EncodeToString(suffix)
	if err := k.in.CreateFile(ctx, keysFolder+"/"+name, data); err != nil {
		return "", fmt.Errorf("make the key of %s: %w", month, err)
	}
	return name, nil
}

// list gives the names of the months' keys, in order.
func (k *ring) list(ctx context.Context) ([]string, error) {
	files, err := k.in.ListFiles(ctx, keysFolder)
	if err != nil {
		return nil, fmt.Errorf("list the keys of the documents: %w", err)
	}
	files = slices.DeleteFunc(files, func(n string) bool { return !keyName.MatchString(n) })
	slices.Sort(files)
	return files, nil
}

// rewrap encrypts all keys that other key-encryption keys than the first can open with the first.
func (k *ring) rewrap(ctx context.Context) (int, error) {
	names, err := k.list(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, name := range append(names, "names") {
		data, err := k.in.ReadFile(ctx, keysFolder+"/"+name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return n, err
		}
		if _, err := k.kek[:1].open(name, data); err == nil {
			continue
		}
		key, err := k.kek.open(name, data)
		if err != nil {
			return n, err
		}
		if data, err = k.kek.seal(key); err != nil {
			return n, err
		}
		if err := k.in.WriteFile(ctx, keysFolder+"/"+name, data); err != nil {
			return n, fmt.Errorf("write the key %s: %w", name, err)
		}
		n++
	}
	return n, nil
}

// A document's file key is wrapped with a key that is made of the month's key and a salt.
func wrapping(month, salt []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, month, salt, "postgang key of a month", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.New(key)
}

// sealer is a month's key as a recipient of age.
type sealer struct {
	name string
	key  []byte
}

// Wrap encrypts the key of a file.
func (s sealer) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	aead, err := wrapping(s.key, salt)
	if err != nil {
		return nil, err
	}
	body := aead.Seal(nil, make([]byte, chacha20poly1305.NonceSize), fileKey, nil) // the key is used once
	return []*age.Stanza{{Type: stanza, Args: []string{s.name, base64.RawStdEncoding.EncodeToString(salt)}, Body: body}}, nil
}

// opener finds the month's key of a file, as an identity of age.
type opener struct {
	ctx  context.Context
	keys *ring
}

// Unwrap decrypts the key of a file.
func (o opener) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	if len(stanzas) != 1 || stanzas[0].Type != stanza || len(stanzas[0].Args) != 2 {
		return nil, fmt.Errorf("it is not sealed by Postgang: %w", documents.ErrDamaged)
	}
	salt, err := base64.RawStdEncoding.DecodeString(stanzas[0].Args[1])
	if err != nil || len(salt) != 16 {
		return nil, documents.ErrDamaged
	}
	month, err := o.keys.month(o.ctx, stanzas[0].Args[0])
	if err != nil {
		return nil, err
	}
	aead, err := wrapping(month, salt)
	if err != nil {
		return nil, err
	}
	key, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), stanzas[0].Body, nil)
	if err != nil || len(key) != 16 {
		return nil, documents.ErrDamaged
	}
	return key, nil
}

// headBytes is how much of a file its stanza is found in.
const headBytes = 256

// sealedWith reads the name of the key from the beginning of a file.
func sealedWith(r io.Reader) (string, error) {
	head, err := io.ReadAll(io.LimitReader(r, headBytes))
	if err != nil {
		return "", err
	}
	lines := strings.SplitN(string(head), "\n", 3)
	if len(lines) == 3 && lines[0] == "age-encryption.org/v1" {
		if f := strings.Fields(lines[1]); len(f) == 4 && f[0] == "->" && f[1] == stanza && keyName.MatchString(f[2]) {
			return f[2], nil
		}
	}
	return "", documents.ErrDamaged
}

// namer gives documents the names of their objects: the SHA-256 of the content, encrypted so that the same has the same name (SIV: the
// vector is an HMAC of what is encrypted). Nobody without the key can tell from a name whether a known document is kept; with it, the
// SHA-256 is read from a list of names, and no object is asked for it.
type namer struct{ mac, enc []byte }

func newNamer(key []byte) (*namer, error) {
	mac, err := hkdf.Expand(sha256.New, key, "postgang name mac", 32)
	if err != nil {
		return nil, err
	}
	enc, err := hkdf.Expand(sha256.New, key, "postgang name encryption", 32)
	return &namer{mac, enc}, err
}

func (n *namer) stream(vector, in []byte) []byte {
	block, err := aes.NewCipher(n.enc)
	if err != nil {
		panic(err) // a key of 32 bytes is always right
	}
	out := make([]byte, len(in))
	cipher.NewCTR(block, vector).XORKeyStream(out, in)
	return out
}

func (n *namer) vector(sum []byte) []byte {
	h := hmac.New(sha256.New, n.mac)
	h.Write(sum)
	return h.Sum(nil)[:aes.BlockSize]
}

// name is that of the object of a SHA-256 in hexadecimal.
func (n *namer) name(sha string) (string, error) {
	sum, err := hex.DecodeString(sha)
	if err != nil || len(sum) != sha256.Size {
		return "", errors.New("no SHA-256")
	}
	v := n.vector(sum)
	return hex.EncodeToString(append(v, n.stream(v, sum)...)), nil
}

// sha is the SHA-256 of a name; false: it is none of ours.
func (n *namer) sha(name string) (string, bool) {
	b, err := hex.DecodeString(name)
	if err != nil || len(b) != aes.BlockSize+sha256.Size {
		return "", false
	}
	sum := n.stream(b[:aes.BlockSize], b[aes.BlockSize:])
	return hex.EncodeToString(sum), hmac.Equal(n.vector(sum), b[:aes.BlockSize])
}

// openRing reads the key of names, and makes it in a place that has no sealed documents yet.
func openRing(ctx context.Context, in documents.Objects, kek KEK) (*ring, error) {
	k := &ring{in: in, kek: kek, months: map[string][]byte{}}
	data, err := in.ReadFile(ctx, namesKey)
	if errors.Is(err, store.ErrNotFound) {
		any, err := in.Any(ctx, documents.Sealed)
		if err != nil {
			return nil, err
		}
		if any {
			return nil, &KeyError{"names", "is not there, though there are sealed documents: put the folder keys back from its newest copy"}
		}
		key := make([]byte, keyBytes)
		_, _ = rand.Read(key) // never fails
		if data, err = kek.seal(key); err != nil {
			return nil, err
		}
		if err := in.CreateFile(ctx, namesKey, data); err != nil && !errors.Is(err, store.ErrExists) {
			return nil, fmt.Errorf("make the key of names: %w", err)
		}
		if data, err = in.ReadFile(ctx, namesKey); err != nil { // another process may have made it
			return nil, fmt.Errorf("read the key of names: %w", err)
		}
	} else if err != nil {
		return nil, fmt.Errorf("read the key of names: %w", err)
	}
	key, err := kek.open("names", data)
	if err != nil {
		return nil, err
	}
	k.names, err = newNamer(key)
	return k, err
}

// months are those that have keys, by month, in order.
func byMonth(names []string) (months []string, of map[string][]string) {
	of = map[string][]string{}
	for _, n := range names {
		of[n[:7]] = append(of[n[:7]], n)
	}
	return slices.Sorted(maps.Keys(of)), of
}
