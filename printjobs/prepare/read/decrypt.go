package read

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5"
	"crypto/rc4"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/syntax"
)

// decryption is what it takes to read a document of the standard security
// handler, revisions 2 to 6, that opens without a password: the user's or the
// owner's is empty, or nothing of what prints is encrypted.
type decryption struct {
	opens    bool
	printing bool // printing is permitted
	key      []byte
	streams  cipherKind
	strings  cipherKind
	number   int // object of the encryption dictionary itself, which is not encrypted; 0: none
}

type cipherKind uint8

const (
	cipherNone cipherKind = iota
	cipherRC4
	cipherAES128 // a key of its own for each object
	cipherAES256 // one key
	cipherUnknown
)

// passwordPad fills up passwords (ISO 32000-1 7.6.3.3, algorithm 2).
var passwordPad = []byte("\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A")

// encryption reads the encryption dictionary of the last trailer that has one.
func (v *salvage) encryption() (d *decryption, encrypted bool) {
	for i := len(v.trailers) - 1; i >= 0; i-- {
		t := v.trailers[i]
		e := v.dict(t["Encrypt"])
		if e == nil {
			if t["Encrypt"] != nil {
				return &decryption{}, true // by something that is lost
			}
			continue
		}
		d := v.unlock(e, t)
		if ref, ok := t["Encrypt"].(types.IndirectRef); ok {
			d.number = ref.ObjectNumber.Value()
		}
		return d, true
	}
	return nil, false
}

func (v *salvage) int(o types.Object, otherwise int) int {
	switch n := v.resolve(o).(type) {
	case types.Integer:
		return int(n)
	case types.Float:
		return int(int64(n)) // P as an unsigned number
	}
	return otherwise
}

func (v *salvage) bytes(o types.Object) []byte { return syntax.StringBytes(v.resolve(o)) }

// unlock tries the empty password on an encryption dictionary.
func (v *salvage) unlock(e, trailer types.Dict) *decryption {
	d := &decryption{}
	if v.name(e["Filter"]) != "Standard" {
		return d
	}
	revision, version := v.int(e["R"], 0), v.int(e["V"], 0)
	permissions := uint32(int64(v.int(e["P"], 0)))
	d.printing = permissions&4 != 0 // bit 3 (ISO 32000-1 table 22)
	length := v.int(e["Length"], 40)
	switch version {
	case 1:
		d.streams, d.strings, length = cipherRC4, cipherRC4, 40
	case 2, 3:
		d.streams, d.strings = cipherRC4, cipherRC4
	case 4, 5:
		filters := v.dict(e["CF"])
		if v.resolve(e["Length"]) == nil {
			length = 128
		}
		d.streams = v.cipher(filters, v.name(e["StmF"]))
		d.strings = v.cipher(filters, v.name(e["StrF"]))
	default:
		return d
	}
	if d.streams == cipherUnknown || d.strings == cipherUnknown {
		return d
	}
	if d.streams == cipherNone && d.strings == cipherNone {
		d.opens = true // embedded files alone are encrypted
		return d
	}
	if length < 40 {
		length *= 8 // in bytes, as some say it
	}
	owner, user := v.bytes(e["O"]), v.bytes(e["U"])
	switch {
	case revision >= 5 && revision <= 6:
		d.unlock256(revision, owner, user, v.bytes(e["OE"]), v.bytes(e["UE"]))
	case revision >= 2 && revision <= 4:
		metadata := true
		if b, ok := v.resolve(e["EncryptMetadata"]).(types.Boolean); ok {
			metadata = bool(b)
		}
		var id []byte
		if ids, ok := v.resolve(trailer["ID"]).(types.Array); ok && len(ids) > 0 {
			id = v.bytes(ids[0])
		}
		d.unlock128(revision, min(max(length/8, 5), 16), owner, user, permissions, id, metadata)
	}
	return d
}

func (v *salvage) cipher(filters types.Dict, name string) cipherKind {
	if name == "" || name == "Identity" {
		return cipherNone
	}
	switch v.name(v.dict(filters[name])["CFM"]) {
	case "None":
		return cipherNone
	case "V2":
		return cipherRC4
	case "AESV2":
		return cipherAES128
	case "AESV3":
		return cipherAES256
	}
	return cipherUnknown
}

// unlock128 is for revisions 2 to 4 (ISO 32000-1 7.6.3, algorithms 2 to 7).
func (d *decryption) unlock128(revision, n int, owner, user []byte, permissions uint32, id []byte, metadata bool) {
	if len(owner) < 32 || len(user) < 16 {
		return
	}
	owner = owner[:32]
	try := func(padded []byte) bool {
		h := md5.New()
		h.Write(padded)
		h.Write(owner)
		h.Write(binary.LittleEndian.AppendUint32(nil, permissions))
		h.Write(id)
		if revision >= 4 && !metadata {
			h.Write([]byte{255, 255, 255, 255})
		}
		key := h.Sum(nil)
		if revision == 2 {
			key = key[:5]
			if bytes.Equal(rc4Bytes(key, passwordPad), user[:min(32, len(user))]) {
				d.key = key
				return true
			}
			return false
		}
		for range 50 {
			sum := md5.Sum(key[:n])
			key = sum[:]
		}
		key = key[:n]
		sum := md5.Sum(append(bytes.Clone(passwordPad), id...))
		check := sum[:]
		for i := range 20 {
			check = rc4Bytes(xored(key, byte(i)), check)
		}
		if !bytes.Equal(check, user[:16]) {
			return false
		}
		d.key = key
		return true
	}
	if try(passwordPad) {
		d.opens = true
		return
	}
	// The empty password as the owner's: it gives the user's.
	sum := md5.Sum(passwordPad)
	key := sum[:]
	padded := bytes.Clone(owner)
	if revision == 2 {
		padded = rc4Bytes(key[:5], padded)
	} else {
		for range 50 {
			sum := md5.Sum(key[:n])
			key = sum[:]
		}
		for i := 19; i >= 0; i-- {
			padded = rc4Bytes(xored(key[:n], byte(i)), padded)
		}
	}
	if try(padded) {
		d.opens, d.printing = true, true // the owner may do anything
	}
}

// unlock256 is for revisions 5 and 6 (ISO 32000-2 7.6.4.3.3, algorithm 2.A).
func (d *decryption) unlock256(revision int, owner, user, ownerKey, userKey []byte) {
	if len(owner) < 48 || len(user) < 48 || len(ownerKey) < 32 || len(userKey) < 32 {
		return
	}
	owner, user = owner[:48], user[:48]
	hash := func(salt, rest []byte) []byte {
		if revision == 5 {
			sum := sha256.Sum256(append(bytes.Clone(salt), rest...))
			return sum[:]
		}
		return hardenedHash(salt, rest)
	}
	var key, wrapped []byte
	switch {
	case bytes.Equal(hash(user[32:40], nil), user[:32]):
		key, wrapped = hash(user[40:48], nil), userKey
	case bytes.Equal(hash(owner[32:40], user), owner[:32]):
		key, wrapped, d.printing = hash(owner[40:48], user), ownerKey, true // the owner may do anything
	default:
		return
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return
	}
	d.key = make([]byte, 32)
	cipher.NewCBCDecrypter(block, make([]byte, aes.BlockSize)).CryptBlocks(d.key, wrapped[:32])
	d.opens = true
}

// hardenedHash is algorithm 2.B of ISO 32000-2 for the empty password.
func hardenedHash(salt, rest []byte) []byte {
	sum := sha256.Sum256(append(bytes.Clone(salt), rest...))
	k := sum[:]
	for round := 0; ; round++ {
		one := append(bytes.Clone(k), rest...)
		data := bytes.Repeat(one, 64)
		block, err := aes.NewCipher(k[:16])
		if err != nil {
			return nil
		}
		cipher.NewCBCEncrypter(block, k[16:32]).CryptBlocks(data, data)
		mod := 0
		for _, b := range data[:16] {
			mod += int(b)
		}
		switch mod % 3 {
		case 0:
			s := sha256.Sum256(data)
			k = s[:]
		case 1:
			s := sha512.Sum384(data)
			k = s[:]
		default:
			s := sha512.Sum512(data)
			k = s[:]
		}
		if round >= 63 && int(data[len(data)-1]) <= round-31 {
			return k[:32]
		}
	}
}

func rc4Bytes(key, data []byte) []byte {
	c, err := rc4.NewCipher(key)
	if err != nil {
		return nil
	}
	out := make([]byte, len(data))
	c.XORKeyStream(out, data)
	return out
}

func xored(key []byte, with byte) []byte {
	out := make([]byte, len(key))
	for i := range key {
		out[i] = key[i] ^ with
	}
	return out
}

// decrypt decrypts strings and streams of all objects found in the file.
func (v *salvage) decrypt(d *decryption) {
	done := map[int]bool{} // the last of each number is what the table holds
	for i := len(v.found) - 1; i >= 0; i-- {
		f := v.found[i]
		entry := v.table[f.number]
		if done[f.number] {
			continue
		}
		done[f.number] = true
		if f.number == d.number || f.data != 0 && v.isXRef(f.value.(types.Dict)) {
			continue
		}
		key := func(kind cipherKind) []byte { return d.objectKey(kind, f.number, f.generation) }
		o := decryptStrings(f.value, d.strings, key(d.strings), 0)
		if sd, ok := entry.Object.(types.StreamDict); ok && f.data != 0 {
			plain, ok := o.(types.Dict)
			if !ok {
				continue
			}
			sd.Dict = plain
			sd.Raw = v.stream(f).(types.StreamDict).Raw
			kind := d.streams
			if len(sd.FilterPipeline) > 0 && sd.FilterPipeline[0].Name == "Crypt" {
				kind = cipherNone // Identity is the only other filter that documents use
			}
			sd.Raw = decipher(kind, key(kind), sd.Raw)
			entry.Object = sd
		} else {
			entry.Object = o
		}
	}
}

// objectKey is algorithm 1 of ISO 32000-1 7.6.2.
func (d *decryption) objectKey(kind cipherKind, number, generation int) []byte {
	if kind == cipherNone || kind == cipherAES256 {
		return d.key
	}
	k := append(bytes.Clone(d.key), byte(number), byte(number>>8), byte(number>>16), byte(generation), byte(generation>>8))
	if kind == cipherAES128 {
		k = append(k, "sAlT"...)
	}
	sum := md5.Sum(k)
	return sum[:min(len(d.key)+5, 16)]
}

func decryptStrings(o types.Object, kind cipherKind, key []byte, depth int) types.Object {
	if kind == cipherNone || depth > syntax.MaxTreeDepth+1 {
		return o
	}
	switch v := o.(type) {
	case types.HexLiteral:
		return types.HexLiteral(hex.EncodeToString(decipher(kind, key, syntax.Unhex(string(v)))))
	case types.Array:
		out := make(types.Array, len(v))
		for i, e := range v {
			out[i] = decryptStrings(e, kind, key, depth+1)
		}
		return out
	case types.Dict:
		out := make(types.Dict, len(v))
		for k, e := range v {
			out[k] = decryptStrings(e, kind, key, depth+1)
		}
		return out
	}
	return o
}

// decipher decrypts data; what cannot be is empty.
func decipher(kind cipherKind, key, data []byte) []byte {
	switch kind {
	case cipherNone:
		return data
	case cipherRC4:
		return rc4Bytes(key, data)
	default: // AES, and nothing comes of an unknown one's key
	}
	block, err := aes.NewCipher(key)
	if err != nil || len(data) < 2*aes.BlockSize {
		return nil
	}
	iv, data := data[:aes.BlockSize], data[aes.BlockSize:]
	out := make([]byte, len(data)/aes.BlockSize*aes.BlockSize)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data[:len(out)])
	if n := int(out[len(out)-1]); n >= 1 && n <= aes.BlockSize {
		out = out[:len(out)-n]
	}
	return out
}
