package door_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"path/filepath"
	"testing"

	"postgang/engine/intake/door"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/intake/sealed"
)

// TestPublicKey: who calls gets the newest certificate of the account, and nobody one that is not for it.
func TestPublicKey(t *testing.T) {
	folder := sealed.Folder(filepath.Join(t.TempDir(), "nokler"))
	o, err := sealed.New(sealed.Config{Folder: folder, Workers: 1, Most: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.Close)
	w := doortest.New(t, func(c *door.Config) { c.Sealed = o })
	url := w.Serve(w.Door.PublicKey()).URL + door.PublicKeyPath
	get := func(query, accept string, as func(*http.Request)) (int, []byte, http.Header) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		if as != nil {
			as(r)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, body, res.Header
	}
	basic := func(r *http.Request) { r.SetBasicAuth(w.Integration.Name, w.Password) }
	wrong := func(r *http.Request) { r.SetBasicAuth(w.Integration.Name, "x") }
	bearer := func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer good")
		r.Header.Set("IntegrasjonId", w.Integration.ID)
		r.Header.Set("IntegrasjonPassord", w.Password)
	}
	if status, body, _ := get("", "", basic); status != 404 || !bytes.Contains(body, []byte(sealed.CodeNoKey)) {
		t.Errorf("without a key: %d %s", status, body)
	}
	var newest sealed.Key
	for range 2 {
		if newest, err = folder.Make("skole", w.Clock.Now()); err != nil {
			t.Fatal(err)
		}
	}
	is := func(what string, status int, body []byte) {
		t.Helper()
		block, _ := pem.Decode(body)
		if status != 200 || block == nil || !bytes.Equal(block.Bytes, newest.Certificate.Raw) {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	for what, as := range map[string]func(*http.Request){"Basic": basic, "a token": bearer, "nobody, of one account": nil} {
		status, body, head := get("", "", as)
		is(what, status, body)
		if got := head.Get("Content-Disposition"); got != `attachment; filename="skole-2026-11-24-2.pem"` {
			t.Errorf("%s: %s", what, got)
		}
	}
	if status, body, _ := get("", "application/pkix-cert", basic); status != 200 {
		t.Errorf("DER: %d", status)
	} else if cert, err := x509.ParseCertificate(body); err != nil || !cert.Equal(newest.Certificate) {
		t.Errorf("DER: %v", err)
	}
	status, body, _ := get("?konto="+doortest.KontoID, "", basic)
	is("by kontoId", status, body)
	if _, err := folder.Make("helse", w.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		query string
		as    func(*http.Request)
		want  int
	}{"nobody, of two accounts": {"", nil, 401}, "a wrong password": {"", wrong, 401}, "another's account": {"?konto=helse", basic, 403}} {
		status, body, head := get(c.query, "", c.as)
		if status != c.want || bytes.Contains(body, []byte("BEGIN")) || (status == 401) != (head.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d %s", what, status, body)
		}
	}
	status, body, _ = get("", "", basic)
	is("Basic, of two accounts", status, body)
}
