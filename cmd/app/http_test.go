package app

import (
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"postgang/cmd/config"
	"postgang/engine/access"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/sealed"
	"postgang/engine/intake/sealed/sealedtest"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// TestMain lets the test binary be the worker that opens encrypted documents.
func TestMain(m *testing.M) {
	sealed.BeWorker()
	os.Exit(m.Run())
}

// TestEncryptedThroughTheProgram: a sender fetches the certificate at each place where it may be looked for, encrypts for it and hands in; the
// program as it is configured stores the document in the clear.
func TestEncryptedThroughTheProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cfg, err := config.Parse(filepath.Join(dir, config.DefaultName), []byte("[http]\naddress = \"127.0.0.1:8443\"\nno_tokens = true\n"+handful))
	if err != nil {
		t.Fatal(err)
	}
	a, err := Open(t.Context(), cfg, slog.New(slog.DiscardHandler), Options{Create: true})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := sealed.Folder(filepath.Join(dir, "nokler", "kryptering")).Make("kommune", a.Now()); err != nil {
		t.Fatal(err)
	}
	caller, password, err := access.New("acos", "", []string{"kommune"}, a.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Archive.InTx(t.Context(), func(tx store.Tx) error { return tx.PutIntegration(t.Context(), caller, "test") }); err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(a.Handler())
	defer s.Close()
	do := func(method, path, kind string, body io.Reader) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, body)
		if err != nil {
			t.Fatal(err)
		}
		if body != nil {
			r.Header.Set("IntegrasjonId", caller.ID)
			r.Header.Set("IntegrasjonPassord", password)
			r.Header.Set("Content-Type", kind)
		} else {
			r.SetBasicAuth("acos", password)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		got, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s %v", path, res.StatusCode, got, err)
		}
		return got
	}
	var cert *x509.Certificate
	for _, base := range []string{"", "/tjenester", "/api"} {
		block, _ := pem.Decode(do(http.MethodGet, base+"/forsendelse/publickey/hent", "", nil))
		if block == nil {
			t.Fatalf("%s: no PEM", base)
		}
		if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
			t.Fatal(err)
		}
	}
	body, kind := doortest.Multipart(
		doortest.Part{Name: "forsendelse", Data: []byte(`{"tittel":"Vedtak","kryptert":true,"mottaker":{"navn":"Testperson Én","adresselinje1":"Prøvegata 1","postnummer":"5003","poststed":"Bergen"},"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`)},
		doortest.Part{Name: "filer_0", File: "brev.pdf", Data: sealedtest.Seal(cert, doortest.PDF("brev"), sealedtest.Form{Piece: 1000})})
	do(http.MethodPost, "/api/v2/kontoer/kommune/forsendelser/", kind, body)
	err = a.Archive.View(t.Context(), func(r store.Reader) error {
		list, err := r.Shipments(t.Context(), store.ShipmentFilter{})
		if err != nil || len(list) != 1 || list[0].Submission.Encrypted {
			t.Fatalf("%d shipments, %v", len(list), err)
		}
		var docs []shipment.Document
		docs, err = r.Documents(t.Context(), list[0].ID)
		if len(docs) != 1 || docs[0].Blob.SHA256 != doortest.Hash(doortest.PDF("brev")) {
			t.Error("the document is not stored in the clear")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
