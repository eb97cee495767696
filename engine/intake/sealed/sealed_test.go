package sealed

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postgang/engine/intake/sealed/sealedtest"
	"postgang/fixtures/judges"
)

// misbehave begins documents that make a worker of the test binary misbehave.
var misbehave = []byte("misbehave: ")

// TestMain lets the test binary be the worker of the openers under test.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == workerArgument {
		if serve(misbehaving) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if shared != "" {
		os.RemoveAll(filepath.Dir(string(shared)))
	}
	os.Exit(code)
}

func misbehaving(files []*os.File, j job) answer {
	in, out := files[2*j.Keys], files[2*j.Keys+1]
	head := make([]byte, 64)
	n, _ := in.ReadAt(head, 0)
	how, ok := bytes.CutPrefix(head[:n], misbehave)
	if !ok {
		return work(files, j)
	}
	switch string(how) {
	case "hang":
		time.Sleep(time.Hour)
	case "panic":
		panic("Kari Nordmann")
	case "allocate":
		var keep [][]byte
		for range 100 {
			b := make([]byte, 64<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			keep = append(keep, b)
		}
		runtime.KeepAlive(keep)
	case "overwrite":
		for {
			if _, err := out.Write(make([]byte, 1<<20)); err != nil {
				return answer{Bytes: 1}
			}
		}
	case "reach out":
		if _, err := os.Open(os.DevNull); err == nil {
			return answer{Error: "it opened a file"}
		}
		return answer{Code: "confined"}
	}
	return answer{Error: "survived"}
}

var (
	folders sync.Once
	shared  Folder
	made    = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
)

// keysOf are the keys of a folder that all tests share, the newest first: two of the account "skole", and one of "helse".
func keysOf(t testing.TB, account string) []Key {
	t.Helper()
	folders.Do(func() {
		dir, err := os.MkdirTemp("", "sealed-")
		if err != nil {
			t.Fatal(err)
		}
		shared = Folder(filepath.Join(dir, "nokler"))
		for i, account := range []string{"skole", "skole", "helse"} {
			if _, err := shared.Make(account, made.AddDate(0, 0, i)); err != nil {
				t.Fatal(err)
			}
		}
	})
	keys, err := shared.Keys(account)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// secrets are the keys of an account as a worker has them.
func secrets(t testing.TB, account string) []key {
	t.Helper()
	var out []key
	for _, k := range keysOf(t, account) {
		private, err := os.ReadFile(shared.file(k.Name, ".key"))
		if err != nil {
			t.Fatal(err)
		}
		one, err := pair(k.PEM, private)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, one)
	}
	return out
}

func codeOf(err error) string {
	var refusal *Refusal
	if errors.As(err, &refusal) {
		return refusal.Code
	}
	if err != nil {
		return "error: " + err.Error()
	}
	return ""
}

// openssl encrypts as OpenSSL does.
func openssl(t *testing.T, cert *x509.Certificate, certPEM, clear []byte, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, pem := filepath.Join(dir, "in"), filepath.Join(dir, "cert.pem")
	if err := errors.Join(os.WriteFile(in, clear, 0o600), os.WriteFile(pem, certPEM, 0o600)); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"cms", "-encrypt", "-binary", "-in", in, "-recip", pem}, args...)
	cmd := exec.CommandContext(t.Context(), judges.Path(t, "openssl"), args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v %s", args, err, said.String())
	}
	return out
}

// TestOpenSSL: what OpenSSL encrypts in the forms that senders use is opened to the byte, and what we do not take is told apart.
func TestOpenSSL(t *testing.T) {
	t.Parallel()
	k := keysOf(t, "skole")[0]
	long := bytes.Repeat([]byte("%PDF-1.7 et brev\n"), 20_000)
	oaep := []string{"-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"as eFormidling", append([]string{"-aes256", "-outform", "DER", "-stream"}, oaep...), ""},
		{"definite lengths", append([]string{"-aes256", "-outform", "DER"}, oaep...), ""},
		{"PKCS1, as KS's .NET sample", []string{"-aes256", "-outform", "DER"}, ""},
		{"PKCS1 in pieces", []string{"-aes256", "-outform", "DER", "-stream"}, ""},
		{"AES-128", append([]string{"-aes128", "-outform", "DER"}, oaep...), ""},
		{"AES-192", append([]string{"-aes192", "-outform", "DER", "-stream"}, oaep...), ""},
		{"OAEP with SHA-1", []string{"-aes256", "-outform", "DER", "-keyopt", "rsa_padding_mode:oaep"}, ""},
		{"OAEP with SHA-512, mask with SHA-1", []string{"-aes256", "-outform", "DER", "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha512", "-keyopt", "rsa_mgf1_md:sha1"}, ""},
		{"by the key's identifier", append([]string{"-aes256", "-outform", "DER", "-keyid"}, oaep...), ""},
		{"3DES", []string{"-des3", "-outform", "DER"}, CodeAlgorithm},
		{"AES-GCM", []string{"-aes-256-gcm", "-outform", "DER"}, CodeForm},
		{"PEM", []string{"-aes256", "-outform", "PEM"}, CodeForm},
		{"S/MIME", []string{"-aes256"}, CodeForm},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, clear := range [][]byte{[]byte("%PDF-1.7"), long[:16], long} {
				var got bytes.Buffer
				n, err := decrypt(bytes.NewReader(openssl(t, k.Certificate, k.PEM, clear, c.args...)), secrets(t, "skole"), &got, 1<<30)
				if code := codeOf(err); code != c.want {
					t.Fatalf("%d bytes: %q, want %q", len(clear), code, c.want)
				}
				if err == nil && (!bytes.Equal(got.Bytes(), clear) || n != int64(len(clear))) {
					t.Fatalf("%d bytes became %d others", len(clear), got.Len())
				}
			}
		})
	}
}

// TestOpenSSLOpensOurTests: the messages of the other tests are CMS, as another program sees it.
func TestOpenSSLOpensOurTests(t *testing.T) {
	t.Parallel()
	k := keysOf(t, "skole")[0]
	for _, f := range []sealedtest.Form{{}, {Piece: 7}, {PKCS1: true, KeyID: true}, {KeyBytes: 24, Piece: 1000}} {
		cmd := exec.CommandContext(t.Context(), judges.Path(t, "openssl"), "cms", "-decrypt", "-inform", "DER", "-inkey", shared.file(k.Name, ".key"), "-recip", shared.file(k.Name, ".pem"), "-binary")
		cmd.Stdin = bytes.NewReader(sealedtest.Seal(k.Certificate, []byte("%PDF-1.7 brev"), f))
		if out, err := cmd.Output(); err != nil || string(out) != "%PDF-1.7 brev" {
			t.Errorf("%+v: %q %v", f, out, err)
		}
	}
}

// TestRoundTrip: whatever is encrypted, in any form and for any of the keys, is opened to the byte; cut off or changed in its frame, it is
// refused, and never a panic.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	keys := secrets(t, "skole")
	other := keysOf(t, "helse")[0].Certificate
	rapid.Check(t, func(rt *rapid.T) {
		clear := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(rt, "clear")
		f := sealedtest.Form{
			KeyBytes: rapid.SampledFrom([]int{16, 24, 32}).Draw(rt, "key"), PKCS1: rapid.Bool().Draw(rt, "pkcs1"), KeyID: rapid.Bool().Draw(rt, "id"),
			Piece: rapid.SampledFrom([]int{0, 1, 15, 16, 100, 4096}).Draw(rt, "piece"),
		}
		if rapid.Bool().Draw(rt, "others") {
			f.Others = []*x509.Certificate{other}
		}
		whole := sealedtest.Seal(keys[rapid.IntRange(0, 1).Draw(rt, "which")].cert, clear, f)
		var got bytes.Buffer
		if _, err := decrypt(bytes.NewReader(whole), keys, &got, 3000); err != nil || !bytes.Equal(got.Bytes(), clear) {
			rt.Fatalf("%v, %d bytes of %d", err, got.Len(), len(clear))
		}
		cut := rapid.IntRange(0, len(whole)-1).Draw(rt, "cut")
		if code := codeOf(second(decrypt(bytes.NewReader(whole[:cut]), keys, io.Discard, 3000))); code != CodeForm && code != CodeBroken {
			rt.Fatalf("cut at %d of %d: %q", cut, len(whole), code)
		}
		changed := bytes.Clone(whole)
		changed[rapid.IntRange(0, len(whole)-1).Draw(rt, "at")] ^= byte(rapid.IntRange(1, 255).Draw(rt, "by"))
		if code := codeOf(second(decrypt(bytes.NewReader(changed), keys, io.Discard, 3000))); strings.HasPrefix(code, "error") {
			rt.Fatalf("changed: %s", code)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// TestRefused: what is no message, for another key, cut off, doubled or larger than it may be has its own code.
func TestRefused(t *testing.T) {
	t.Parallel()
	keys := secrets(t, "skole")
	clear := bytes.Repeat([]byte("et brev "), 1000)
	good := sealedtest.Seal(keys[0].cert, clear, sealedtest.Form{})
	inPieces := sealedtest.Seal(keys[0].cert, clear, sealedtest.Form{Piece: 500})
	another := *keys[0].cert
	another.PublicKey = keysOf(t, "helse")[0].Certificate.PublicKey // our name on another's key
	huge := func(tag byte) []byte { return []byte{tag, 0x88, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff} }
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"nothing", nil, CodeForm},
		{"a PDF", []byte("%PDF-1.7\n"), CodeForm},
		{"a length beyond the end", huge(0x30), CodeForm},
		{"lengths of nothing, nested", bytes.Repeat([]byte{0x30, 0x80}, 1<<20), CodeForm},
		{"a huge recipient", append(append([]byte{}, inPieces[:20]...), huge(0x31)...), CodeBroken},
		{"for another", sealedtest.Seal(keysOf(t, "helse")[0].Certificate, clear, sealedtest.Form{}), CodeUnknownKey},
		{"for nobody", sealedtest.Seal(keysOf(t, "helse")[0].Certificate, clear, sealedtest.Form{KeyID: true, Piece: 9}), CodeUnknownKey},
		{"in our name for another's key", sealedtest.Seal(&another, clear, sealedtest.Form{}), CodeBroken},
		{"PKCS1, in our name for another's key", sealedtest.Seal(&another, clear, sealedtest.Form{PKCS1: true}), CodeBroken},
		{"half", good[:len(good)/2], CodeBroken},
		{"without its last byte", inPieces[:len(inPieces)-1], CodeBroken},
		{"more behind it", append(bytes.Clone(good), 0), CodeBroken},
		{"twice", append(bytes.Clone(good), good...), CodeBroken},
		{"no whole block", bytes.Replace(inPieces, []byte{0, 0, 0, 0, 0, 0, 0, 0}, []byte{4, 1, 7, 0, 0, 0, 0, 0, 0, 0, 0}, 1), CodeBroken},
	} {
		if code := codeOf(second(decrypt(bytes.NewReader(c.data), keys, io.Discard, 1<<20))); code != c.want {
			t.Errorf("%s: %q, want %q", c.name, code, c.want)
		}
	}
	for most, want := range map[int64]string{int64(len(clear)): "", int64(len(clear)) - 1: CodeTooLarge} {
		if code := codeOf(second(decrypt(bytes.NewReader(good), keys, io.Discard, most))); code != want {
			t.Errorf("at most %d: %q, want %q", most, code, want)
		}
	}
}

// TestIssuerInAnotherString: .NET and old OpenSSL write the same name in other kinds of strings.
func TestIssuerInAnotherString(t *testing.T) {
	t.Parallel()
	k := secrets(t, "skole")[0]
	names, err := asn1.Marshal(k.cert.Subject.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		issuer []byte
		serial *big.Int
		want   bool
	}{
		"as it is":       {k.cert.RawIssuer, k.cert.SerialNumber, true},
		"UTF8String":     {bytes.ReplaceAll(names, []byte{asn1.TagPrintableString, 8}, []byte{asn1.TagUTF8String, 8}), k.cert.SerialNumber, true},
		"another number": {k.cert.RawIssuer, big.NewInt(1), false},
		"another name":   {must(t, pkix.Name{CommonName: "x"}), k.cert.SerialNumber, false},
	} {
		id, err := asn1.Marshal(struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}{asn1.RawValue{FullBytes: c.issuer}, c.serial})
		if err != nil {
			t.Fatal(err)
		}
		if got := isFor(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, FullBytes: id}, k.cert); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func must(t *testing.T, name pkix.Name) []byte {
	t.Helper()
	der, err := asn1.Marshal(name.ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// TestFixedMemory: what a message takes does not grow with it.
func TestFixedMemory(t *testing.T) {
	k := secrets(t, "skole")[0]
	sealed := sealedtest.Seal(k.cert, make([]byte, 32<<20), sealedtest.Form{Piece: 1000})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := decrypt(bytes.NewReader(sealed), []key{k}, io.Discard, 1<<30)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; err != nil || n != 32<<20 || took > 4<<20 {
		t.Errorf("%d bytes took %d of memory, %v", n, took, err)
	}
}

func opener(t *testing.T, c Config) *Opener {
	t.Helper()
	keysOf(t, "skole")
	c.Folder = shared
	if c.Most == 0 {
		c.Most = 8 << 20
	}
	o, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return o
}

// opened has a document opened, and gives what was written; nothing may be left of what is refused.
func opened(t *testing.T, ctx context.Context, o *Opener, account string, data []byte) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(from, data, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := o.Open(ctx, account, from, to, 4<<20)
	if err != nil {
		if _, left := os.Stat(to); left == nil {
			t.Error("something is left behind")
		}
		for _, private := range []string{"Kari", dir, "PRIVATE"} {
			if strings.Contains(err.Error(), private) {
				t.Errorf("%q stands in %v", private, err)
			}
		}
		return nil, err
	}
	got, err := os.ReadFile(to)
	if err != nil || int64(len(got)) != n {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	return got, nil
}

// TestOpen: documents are opened in guarded processes, with the key that each is for, old or new; what is refused leaves nothing.
func TestOpen(t *testing.T) {
	t.Parallel()
	o := opener(t, Config{Workers: 2})
	skole, helse := keysOf(t, "skole"), keysOf(t, "helse")
	clear := bytes.Repeat([]byte("et brev "), 300_000)
	var wg sync.WaitGroup
	for range 3 {
		for _, k := range skole {
			wg.Go(func() {
				got, err := opened(t, t.Context(), o, "skole", sealedtest.Seal(k.Certificate, clear, sealedtest.Form{Piece: 1000}))
				if err != nil || !bytes.Equal(got, clear) {
					t.Errorf("%s: %v", k.Name, err)
				}
			})
		}
	}
	wg.Wait()
	for _, c := range []struct {
		account string
		data    []byte
		want    string
	}{
		{"skole", sealedtest.Seal(helse[0].Certificate, clear, sealedtest.Form{}), CodeUnknownKey},
		{"teknisk", sealedtest.Seal(helse[0].Certificate, clear, sealedtest.Form{}), CodeNoKey},
		{"skole", sealedtest.Seal(skole[0].Certificate, make([]byte, 5<<20), sealedtest.Form{}), CodeTooLarge},
		{"skole", []byte("%PDF-1.7"), CodeForm},
	} {
		if _, err := opened(t, t.Context(), o, c.account, c.data); codeOf(err) != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// TestGuarded: a worker that is killed, dies, hangs or takes too much costs its document at most, leaves nothing, and the next is opened.
func TestGuarded(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the kernel's limits are set on Linux only")
	}
	o := opener(t, Config{Workers: 1})
	good := sealedtest.Seal(keysOf(t, "skole")[0].Certificate, []byte("et brev"), sealedtest.Form{})
	works := func() {
		t.Helper()
		if got, err := opened(t, t.Context(), o, "skole", good); err != nil || string(got) != "et brev" {
			t.Errorf("%q %v", got, err)
		}
	}
	works()
	w := <-o.slots
	if err := syscall.Kill(w.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	o.slots <- w
	works()
	for how, want := range map[string]string{"panic": CodeBroken, "allocate": CodeBroken, "overwrite": "error", "reach out": "confined"} {
		if _, err := opened(t, t.Context(), o, "skole", slices.Concat(misbehave, []byte(how))); !strings.HasPrefix(codeOf(err), want) {
			t.Errorf("%s: %v, want %s", how, err, want)
		}
		works()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := opened(t, ctx, o, "skole", slices.Concat(misbehave, []byte("hang"))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("hang: %v", err)
	}
	works()
}

// TestKeys: keys are made one after the other, opened with all of them, given out the newest first, and ended one by one.
func TestKeys(t *testing.T) {
	t.Parallel()
	f := Folder(filepath.Join(t.TempDir(), "nokler"))
	if _, err := f.Newest("skole"); !errors.Is(err, ErrNoKey) {
		t.Errorf("none: %v", err)
	}
	var names []string
	for range 2 {
		k, err := f.Make("skole", made)
		if err != nil || f.Check(k) != nil {
			t.Fatal(err, f.Check(k))
		}
		names = append(names, k.Name)
	}
	if want := []string{"skole-2026-11-24", "skole-2026-11-24-2"}; !slices.Equal(names, want) {
		t.Errorf("names %v", names)
	}
	k, err := f.Newest("skole")
	if err != nil || k.Name != names[1] || k.Certificate.PublicKeyAlgorithm != x509.RSA || !k.Until().Equal(made.Add(Validity)) {
		t.Errorf("newest %v %v", k.Name, err)
	}
	if err := k.Certificate.CheckSignature(k.Certificate.SignatureAlgorithm, k.Certificate.RawTBSCertificate, k.Certificate.Signature); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(f.file(k.Name, ".key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v %v", info.Mode(), err)
	}
	if err := os.Chmod(f.file(k.Name, ".key"), 0o644); err != nil || f.Check(k) == nil {
		t.Error("a key that others can read is taken for good")
	}
	if err := errors.Join(f.End(names[1]), f.End("../skole-2026-11-24"), f.End(names[1])); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
	if k, err := f.Newest("skole"); err != nil || k.Name != names[0] {
		t.Errorf("after the end of the newest: %v %v", k.Name, err)
	}
	if k, err := f.Make("skole", made); err != nil || k.Name != "skole-2026-11-24-3" {
		t.Errorf("a name was used again: %v %v", k.Name, err)
	}
	if err := os.WriteFile(f.file("skole-2026-11-25", ".pem"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if keys, err := f.Keys("skole"); err == nil || len(keys) != 2 {
		t.Errorf("with a damaged one: %d keys, %v", len(keys), err)
	}
}

func TestAccountOf(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"skole-2026-11-24": "skole", "skole-nord-2-2026-11-24-12": "skole-nord-2", "a-2026-01-01-2026-11-24": "a-2026-01-01", "skole": "", "2026-11-24": "", "-2026-11-24": "",
	} {
		if got := AccountOf(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	keys := secrets(f, "skole")
	for _, form := range []sealedtest.Form{{}, {Piece: 16}, {PKCS1: true, KeyBytes: 16}, {KeyID: true, Piece: 100}} {
		f.Add(sealedtest.Seal(keys[0].cert, []byte("%PDF-1.7 et brev som er langt nok"), form))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var got bytes.Buffer
		n, err := decrypt(bytes.NewReader(data), keys, &got, 1<<16)
		if code := codeOf(err); strings.HasPrefix(code, "error") {
			t.Errorf("%s", code)
		}
		if err == nil && (n != int64(got.Len()) || got.Len() > len(data)) {
			t.Errorf("%d bytes of %d, said to be %d", got.Len(), len(data), n)
		}
	})
}
