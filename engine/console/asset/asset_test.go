package asset

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestOrigins: what others made is here as they made it, with its licence; all else is ours.
func TestOrigins(t *testing.T) {
	t.Parallel()
	ours := map[string]bool{"konsoll.css": true, "konsoll.js": true, "ikon.svg": true}
	for _, o := range Origins {
		content, err := embedded.ReadFile("files/" + o.File)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != o.SHA256 {
			t.Errorf("%s is not %s of %s %s: SHA-256 %x", o.File, o.Path, o.Package, o.Version, sum)
		}
		text, err := embedded.ReadFile("licences/" + o.Text)
		if err != nil || len(text) < 500 {
			t.Errorf("%s: the text of its licence is not kept: %v", o.File, err)
		}
		ours[o.File] = true
	}
	entries, err := fs.ReadDir(embedded, "files")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !ours[e.Name()] {
			t.Errorf("%s is neither ours nor in the table", e.Name())
		}
	}
}

// TestServe: every file is served under the name that pages know, squeezed for those who take it, and for a year.
func TestServe(t *testing.T) {
	t.Parallel()
	for name, f := range files() {
		for _, accept := range []string{"", "gzip, br", "gzip;q=0"} {
			r := httptest.NewRequest("GET", Path(name), nil)
			r.Header.Set("Accept-Encoding", accept)
			w := httptest.NewRecorder()
			Serve(w, r, strings.TrimPrefix(r.URL.Path, Prefix))
			body := io.Reader(w.Body)
			if w.Header().Get("Content-Encoding") == "gzip" {
				if accept != "gzip, br" {
					t.Errorf("%s: squeezed for %q", name, accept)
				}
				var err error
				if body, err = gzip.NewReader(body); err != nil {
					t.Fatal(err)
				}
			} else if accept == "gzip, br" && strings.HasSuffix(name, ".css") {
				t.Errorf("%s: not squeezed", name)
			}
			got, err := io.ReadAll(body)
			if err != nil || !bytes.Equal(got, f.plain) || w.Code != 200 || w.Header().Get("Content-Type") == "" || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d, %v, %v", name, w.Code, err, w.Header())
			}
		}
	}
	w := httptest.NewRecorder()
	Serve(w, httptest.NewRequest("GET", Prefix+"konsoll.css", nil), "konsoll.css")
	if w.Code != 404 {
		t.Errorf("a name without a hash: %d", w.Code)
	}
}

// TestFirstVisit: what a browser fetches once stays below what the console promises, with room for a page.
func TestFirstVisit(t *testing.T) {
	t.Parallel()
	sum := 0
	for name, n := range Sizes() {
		if !strings.HasSuffix(name, ".txt") {
			sum += n
		}
	}
	if sum > 150_000 {
		t.Errorf("the files of a first visit weigh %d bytes", sum)
	}
}

// TestNothingFromElsewhere: style and script ask no other server for anything, and the fonts that the style names are served.
func TestNothingFromElsewhere(t *testing.T) {
	t.Parallel()
	for name, f := range files() {
		if strings.HasSuffix(name, ".txt") || strings.HasSuffix(name, ".woff2") {
			continue
		}
		for _, u := range regexp.MustCompile(`url\(["']?([^"')]{1,60})`).FindAllSubmatch(f.plain, -1) {
			to := string(u[1])
			if strings.HasPrefix(to, "data:") {
				continue
			}
			w := httptest.NewRecorder()
			Serve(w, httptest.NewRequest("GET", Prefix+to, nil), to)
			if w.Code != 200 {
				t.Errorf("%s asks for %s", name, to)
			}
		}
		if bytes.Contains(f.plain, []byte("@import")) {
			t.Errorf("%s imports another style", name)
		}
	}
}
