package notify

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPing(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.URL.Path != "/hemmelig" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, c := range []struct{ address, fault string }{
		{server.URL + "/hemmelig", ""},
		{server.URL + "/annen", "answers 404"},
		{"http://example.invalid/hemmelig", "none that begins with https"},
		{"ikke en adresse", "none that begins with https"},
		{"", "empty"},
	} {
		path := filepath.Join(t.TempDir(), "adresse")
		if err := os.WriteFile(path, []byte(c.address+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := Ping{URL: Secret{File: path}}.Send(t.Context())
		if (err == nil) != (c.fault == "") || err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "hemmelig")) {
			t.Errorf("%q: %v, want %q", c.address, err, c.fault)
		}
	}
	if asked != 2 {
		t.Errorf("asked %d times", asked)
	}
}
