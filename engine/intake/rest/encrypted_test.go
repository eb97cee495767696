package rest_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"postgang/engine/intake/door"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/sealed"
	"postgang/engine/intake/sealed/sealedtest"
)

// TestMain lets the test binary be the worker that opens documents.
func TestMain(m *testing.M) {
	sealed.BeWorker()
	os.Exit(m.Run())
}

// newSealedWorld is a world in which encrypted documents are opened, with a folder for keys that is empty.
func newSealedWorld(t *testing.T) (*world, sealed.Folder) {
	t.Helper()
	folder := sealed.Folder(filepath.Join(t.TempDir(), "nokler"))
	o, err := sealed.New(sealed.Config{Folder: folder, Workers: 2, Most: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	return newWorld(t, func(c *door.Config) { c.Sealed = o }), folder
}

func (w *world) key(f sealed.Folder, account string) *x509.Certificate {
	w.t.Helper()
	k, err := f.Make(account, w.Clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return k.Certificate
}

const inV2 = "/v2/kontoer/skole/forsendelser/"

// v2 is a hand-in in the words of V2, with something in front of its documents.
func v2(more string, files ...string) string {
	var docs []string
	for _, f := range files {
		docs = append(docs, `{"filnavn":"`+f+`","mimeType":"application/pdf"}`)
	}
	return `{"tittel":"Vedtak","mottaker":{"navn":"Åse Ødegård","digitalId":"` + fnr + `","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},
		"kryptert" : true,"eksternReferanse":"sak/17",` + more + `"dokumenter":[` + strings.Join(docs, ",") + `]}`
}

// crypted is a document as it is sent, encrypted anew each time.
func crypted(name string, cert *x509.Certificate, f sealedtest.Form) doortest.Part {
	return doortest.Part{Name: "filer_0", File: name, Data: sealedtest.Seal(cert, doortest.PDF(name), f)}
}

func withKey(key string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Idempotency-Key", key) }
}

// TestEncrypted: encrypted documents are stored in the clear, whatever form they are encrypted in; the same letter encrypted anew is the same
// shipment, another is not; and a key that has been replaced still opens.
func TestEncrypted(t *testing.T) {
	w, folder := newSealedWorld(t)
	old := w.key(folder, "skole")
	want := []string{doortest.Hash(doortest.PDF("ett.pdf")), doortest.Hash(doortest.PDF("to.pdf"))}
	first := w.sent(inV2, v2("", "ett.pdf", "to.pdf"), withKey("en"), crypted("ett.pdf", old, sealedtest.Form{Piece: 10}), crypted("to.pdf", old, sealedtest.Form{}))
	if got := w.Documents(first); !slices.Equal(got, want) {
		t.Errorf("stored %v, want %v", got, want)
	}
	if s := w.Shipments()[0]; s.Submission.Encrypted {
		t.Error("the shipment still says kryptert")
	}
	next := w.key(folder, "skole")
	for _, cert := range []*x509.Certificate{old, next} {
		again := w.sent(inV2, v2("", "ett.pdf", "to.pdf"), withKey("en"), crypted("ett.pdf", cert, sealedtest.Form{PKCS1: true}), crypted("to.pdf", cert, sealedtest.Form{KeyBytes: 16}))
		if again != first {
			t.Errorf("encrypted anew, it is %s, not %s", again, first)
		}
	}
	// In the clear too: what is encrypted is not another letter.
	if again := w.sent(inV2, strings.Replace(v2("", "ett.pdf", "to.pdf"), `"kryptert" : true,`, "", 1), withKey("en"), pdf("ett.pdf"), pdf("to.pdf")); again != first {
		t.Errorf("in the clear, it is %s, not %s", again, first)
	}
	if status, body := w.send(inV2, v2("", "ett.pdf", "tre.pdf"), withKey("en"), crypted("ett.pdf", next, sealedtest.Form{}), crypted("tre.pdf", next, sealedtest.Form{})); status != 409 {
		t.Errorf("another letter under the same key: %d %s", status, body)
	}
	w.sent(person, strings.Replace(v3("a.pdf"), `"tittel"`, `"kryptert":true,"tittel"`, 1), nil, crypted("a.pdf", next, sealedtest.Form{}))
	if n := len(w.Shipments()); n != 2 {
		t.Errorf("%d shipments", n)
	}
	w.nothingPrivate("")
}

// TestEncryptedRefused: what cannot be opened is refused for good with a code of its own, with all else that is wrong, and nothing of it is
// stored or repeated.
func TestEncryptedRefused(t *testing.T) {
	w, folder := newSealedWorld(t)
	ours, others := w.key(folder, "skole"), w.key(folder, "helse")
	good := crypted("a.pdf", ours, sealedtest.Form{})
	half := good
	half.Data = half.Data[:len(half.Data)-20]
	for _, c := range []struct {
		name, body string
		files      []doortest.Part
		status     int
		codes      []string
	}{
		{"for another", v2("", "a.pdf"), []doortest.Part{crypted("a.pdf", others, sealedtest.Form{})}, 400, []string{sealed.CodeUnknownKey}},
		{"in the clear", v2("", "a.pdf"), []doortest.Part{pdf("a.pdf")}, 400, []string{sealed.CodeForm}},
		{"cut off", v2("", "a.pdf"), []doortest.Part{half}, 400, []string{sealed.CodeBroken, `"felt":"dokumenter[0]"`}},
		{"one of two", strings.Replace(v2("", "a.pdf", "b.pdf"), "0155", "15", 1), []doortest.Part{good, pdf("b.pdf")}, 400, []string{sealed.CodeForm, `"felt":"dokumenter[1]"`, "postnummer-form"}},
		{"no PDF in it", v2("", "a.pdf"), []doortest.Part{{Name: "f", File: "a.pdf", Data: sealedtest.Seal(ours, []byte("MZ"), sealedtest.Form{})}}, 400, []string{"unreadable"}},
		{"too large", v2("", "a.pdf"), []doortest.Part{{Name: "f", File: "a.pdf", Data: sealedtest.Seal(ours, append(doortest.PDF("a"), make([]byte, 1<<20)...), sealedtest.Form{})}}, 413, []string{"for-stor"}},
	} {
		status, body := w.send(inV2, c.body, nil, c.files...)
		if status != c.status {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
		for _, code := range c.codes {
			if !strings.Contains(body, code) {
				t.Errorf("%s: %s is not told: %s", c.name, code, body)
			}
		}
		w.nothingPrivate(body)
	}
	if n := len(w.Shipments()); n != 0 {
		t.Errorf("%d shipments are stored", n)
	}
}

// TestEncryptedForNobody: without a key of the account's, and without any keys at all, only what is never printed is taken, as it is.
func TestEncryptedForNobody(t *testing.T) {
	w, folder := newSealedWorld(t)
	foreign := w.key(sealed.Folder(t.TempDir()), "svarut")
	file := crypted("a.pdf", foreign, sealedtest.Form{})
	asItIs := func(w *world) {
		t.Helper()
		status, body := w.send(inV2, v2("", "a.pdf"), nil, file)
		if status != 400 || !strings.Contains(body, sealed.CodeNoKey) || strings.Contains(body, "unreadable") {
			t.Errorf("to be printed: %d %s", status, body)
		}
		id := w.sent(inV2, v2(`"kunDigitalLevering":true,`, "a.pdf"), nil, file)
		if got := w.Documents(id); len(got) != 1 || got[0] != doortest.Hash(file.Data) {
			t.Errorf("only digital: stored %v", got)
		}
	}
	asItIs(w)
	asItIs(newWorld(t, nil))
	ours := w.key(folder, "skole")
	if id := w.sent(inV2, v2(`"kunDigitalLevering":true,`, "a.pdf"), nil, file); w.Documents(id)[0] != doortest.Hash(file.Data) {
		t.Error("for another's key, only digital: it is not stored as it came")
	}
	if id := w.sent(inV2, v2(`"kunDigitalLevering":true,`, "a.pdf"), nil, crypted("a.pdf", ours, sealedtest.Form{})); w.Documents(id)[0] != doortest.Hash(doortest.PDF("a.pdf")) {
		t.Error("for our key, only digital: it is not opened")
	}
}

// TestUnreadableKey: a key of ours that cannot be read is our fault, and the sender may try again.
func TestUnreadableKey(t *testing.T) {
	w, folder := newSealedWorld(t)
	cert := w.key(folder, "skole")
	file := crypted("a.pdf", cert, sealedtest.Form{})
	path := filepath.Join(string(folder), "skole-2026-11-24.key")
	secret, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 100), 0o600); err != nil {
		t.Fatal(err)
	}
	if status, body := w.send(inV2, v2("", "a.pdf"), nil, file); status != 500 || !strings.Contains(body, "intern-feil") {
		t.Errorf("%d %s", status, body)
	}
	w.nothingPrivate("")
	if err := os.WriteFile(path, secret, 0o600); err != nil {
		t.Fatal(err)
	}
	w.sent(inV2, v2("", "a.pdf"), nil, file)
}
