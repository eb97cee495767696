package s3_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"postgang/engine/documents"
	"postgang/engine/documents/documentstest"
	"postgang/engine/documents/s3"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/s3server"
)

func config(endpoint, prefix string) s3.Config {
	return s3.Config{
		Endpoint: endpoint, Region: s3server.Region, Bucket: s3server.Bucket, Prefix: prefix, AccessKey: s3server.AccessKey, SecretKey: s3server.SecretKey,
		Wait: 5 * time.Millisecond,
	}
}

func open(t testing.TB, c s3.Config) (*documents.Plain, *s3.Bucket) {
	t.Helper()
	c.Scratch = t.TempDir()
	b, err := s3.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		b.Close()
		if left, err := os.ReadDir(c.Scratch); err != nil || len(left) > 0 {
			t.Errorf("scratch is left: %v, %v", left, err)
		}
	})
	return documents.NewPlain(b, c.Scratch), b
}

// TestBucket: documents in a bucket do what every store of them must.
func TestBucket(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var n atomic.Int32
	documentstest.Exercise(t, func(*testing.T) documentstest.Place {
		prefix := strings.Repeat("p", int(n.Add(1))) + "/"
		return documentstest.Place{
			Open: func(t testing.TB) documents.Store {
				d, _ := open(t, config(server.Endpoint, prefix))
				return d
			},
			File: func(ref shipment.BlobRef) string {
				return filepath.Join(server.Folder, prefix, "sha256", ref.SHA256[:2], ref.SHA256[2:])
			},
		}
	})
}

// TestProbe: a server that keeps its word is found sound, one that does not is told.
func TestProbe(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	_, b := open(t, config(server.Endpoint, "brev/"))
	p, err := b.Probe(t.Context())
	if err != nil || p.Versioned || p.Skew.Abs() > 2*time.Second {
		t.Errorf("probed %+v, %v", p, err)
	}
	if left, _ := os.ReadDir(filepath.Join(server.Folder, "brev", "probe")); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	careless := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		r.Header.Del("If-None-Match")
		pass(w)
	})
	_, b = open(t, config(careless, ""))
	if _, err := b.Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "conditional PUT") && !strings.Contains(err.Error(), "403") && !strings.Contains(err.Error(), "secret key") {
		t.Errorf("a server that ignores conditions: %v", err)
	}
}

// TestFaults: what is cut, slow, refused for a moment or answered wrongly is done again; the document is there once.
func TestFaults(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var left atomic.Int32 // requests that are disturbed from now on
	var how func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter))
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if left.Add(-1) >= 0 {
			how(w, r, pass)
			return
		}
		pass(w)
	})
	d, _ := open(t, config(proxy, ""))
	faults := map[string]func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)){
		"cut before":  func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) { s3server.Cut(w) },
		"answer lost": func(w http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) { s3server.Lose(w, pass) },
		"half a body": func(w http.ResponseWriter, _ *http.Request, pass func(http.ResponseWriter)) { s3server.Half(w, pass) },
		"503 SlowDown": func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			s3server.Answer(w, 503, "SlowDown")
		},
		"500": func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			s3server.Answer(w, 500, "InternalError")
		},
		"502 of a proxy": func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			http.Error(w, "<html>", http.StatusBadGateway)
		},
		"404 of a proxy": func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			http.Error(w, "nothing", 404)
		},
	}
	for name, fault := range faults {
		how = fault
		for disturbed := int32(1); disturbed <= 2; disturbed++ {
			data := []byte("brev " + name + string('0'+rune(disturbed)))
			if !strings.HasPrefix(name, "404") { // which a PUT is not answered
				left.Store(disturbed)
			}
			ref := documentstest.Put(t, d, data)
			left.Store(disturbed)
			if got := documentstest.Get(t, d, ref); !bytes.Equal(got, data) {
				t.Errorf("%s: read %q", name, got)
			}
			left.Store(disturbed)
			if !strings.HasPrefix(name, "404") {
				if err := d.RaiseHighestJob(t.Context(), "TEST", 10*len(data)+int(disturbed)); err != nil {
					t.Errorf("%s: fence: %v", name, err)
				}
			}
			left.Store(0)
		}
	}
}

// TestWrongBytes: bytes that are wrong once are asked for again; those that stay wrong are told.
func TestWrongBytes(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var wrong atomic.Int32
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if r.Method != http.MethodGet || wrong.Add(-1) < 0 {
			pass(w)
			return
		}
		rec := httptest.NewRecorder()
		pass(rec)
		body := rec.Body.Bytes()
		body[0] ^= 1
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(body)
	})
	d, _ := open(t, config(proxy, ""))
	ref := documentstest.Put(t, d, []byte("brevet"))
	wrong.Store(1)
	if got := documentstest.Get(t, d, ref); string(got) != "brevet" {
		t.Errorf("read %q", got)
	}
	wrong.Store(100)
	if _, err := d.Open(t.Context(), ref); !errors.Is(err, documents.ErrDamaged) || !errors.Is(err, store.ErrNotFound) {
		t.Errorf("wrong each time: %v", err)
	}
}

// TestErrors: each says what and where and what to do, is told at once when trying again cannot help, and holds no secret.
func TestErrors(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	asked := atomic.Int32{}
	answering := func(status int, code string) string {
		return server.Proxy(t, func(w http.ResponseWriter, _ *http.Request, _ func(http.ResponseWriter)) {
			asked.Add(1)
			s3server.Answer(w, status, code)
		})
	}
	for _, c := range []struct {
		name   string
		change func(c *s3.Config)
		says   string
		once   bool
	}{
		{"secret", func(c *s3.Config) { c.SecretKey = "en-helt-annen-nokkel" }, "secret_key_file", false},
		{"access", func(c *s3.Config) { c.AccessKey = "ukjent" }, "access_key_file", false},
		{"bucket", func(c *s3.Config) { c.Bucket = "finnes-ikke" }, "no such bucket", false},
		{"denied", func(c *s3.Config) { c.Endpoint = answering(403, "AccessDenied") }, "is not allowed (AccessDenied)", true},
		{"clock", func(c *s3.Config) { c.Endpoint = answering(403, "RequestTimeTooSkewed") }, "NTP", true},
		{"not implemented", func(c *s3.Config) { c.Endpoint = answering(501, "NotImplemented") }, "does not know how", true},
		{"down", func(c *s3.Config) { c.Endpoint = "http://127.0.0.1:1" }, "cannot be reached", false},
		{"proxy", func(c *s3.Config) { c.Endpoint = answering(404, "Nothing<html>") }, "404", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := config(server.Endpoint, "")
			conf.Tries, conf.Wait = 3, time.Millisecond
			c.change(&conf)
			d, _ := open(t, conf)
			asked.Store(0)
			_, err := d.Put(t.Context(), strings.NewReader("brev"))
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), conf.Endpoint) {
				t.Errorf("put: %v", err)
			}
			if c.once && asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
			_, err2 := d.Open(t.Context(), shipment.BlobRef{SHA256: strings.Repeat("ab", 32), Bytes: 3})
			if err2 == nil || errors.Is(err2, store.ErrNotFound) {
				t.Errorf("a document is taken for lost: %v", err2)
			}
			for _, err := range []error{err, err2} {
				if strings.Contains(err.Error(), s3server.SecretKey) || strings.Contains(err.Error(), conf.SecretKey) {
					t.Errorf("a secret is told: %v", err)
				}
			}
		})
	}
	for _, endpoint := range []string{"", "s3.example.org", "ftp://x", "https://x/path", "https://user:pass@x"} {
		if _, err := s3.Open(config(endpoint, "")); err == nil || strings.Contains(err.Error(), "pass") {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
	}
}

// TestKilledServer: a server that is killed in the middle of PUTs has each document that it said it has, once it runs again.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	c := config(server.Endpoint, "")
	c.Tries, c.Wait = 8, 50*time.Millisecond
	d, _ := open(t, c)
	kill, done := make(chan bool), make(chan bool)
	go func() {
		defer close(done)
		<-kill
		server.Kill()
		time.Sleep(300 * time.Millisecond)
		server.Run(t)
	}()
	for i := range 40 {
		data := bytes.Repeat([]byte{byte(i), 1}, 200_000)
		var r io.Reader = bytes.NewReader(data)
		if i == 10 {
			r = io.MultiReader(r, readerFunc(func([]byte) (int, error) { close(kill); return 0, io.EOF }))
		}
		ref, err := d.Put(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if got := documentstest.Get(t, d, ref); !bytes.Equal(got, data) {
			t.Fatalf("document %d: other bytes", i)
		}
	}
	<-done
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestPutWhileRemoved: a document that is put at the worst moment, when its old copy is about to be removed, is there afterwards.
func TestPutWhileRemoved(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	about, removed := make(chan bool), make(chan bool)
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/sha256/") {
			close(about)
			<-removed
		}
		pass(w)
	})
	puts := atomic.Int32{}
	counted := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		pass(w)
		if r.Method == http.MethodPut && puts.Add(1) == 2 { // the first found that it is there, the second has made it young
			close(removed)
		}
	})
	remover, _ := open(t, config(proxy, ""))
	d, _ := open(t, config(counted, ""))
	plain, _ := open(t, config(server.Endpoint, ""))
	ref := documentstest.Put(t, plain, []byte("midt i"))
	at := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(filepath.Join(server.Folder, "sha256", ref.SHA256[:2], ref.SHA256[2:]), at, at); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		gone, err := remover.RemoveOld(t.Context(), []shipment.BlobRef{ref}, time.Now().Add(-24*time.Hour))
		if err == nil && len(gone) != 1 {
			err = errors.New("nothing was removed")
		}
		done <- err
	}()
	<-about
	documentstest.Put(t, d, []byte("midt i"))
	if got := documentstest.Get(t, d, ref); string(got) != "midt i" {
		t.Errorf("read %q", got)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	documentstest.Get(t, d, ref)
}

// TestUnfinishedUploads: looking for old objects gives up what was sent in parts and left a day ago, and never what somebody may be sending
// just now, however late whoever looks says it is.
func TestUnfinishedUploads(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	_, b := open(t, config(server.Endpoint, "brev/"))
	to, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	core, err := minio.NewCore(to.Host, &minio.Options{Creds: credentials.NewStaticV4(s3server.AccessKey, s3server.SecretKey, ""), Region: s3server.Region})
	if err != nil {
		t.Fatal(err)
	}
	part := bytes.Repeat([]byte("del "), 5<<20/4) // the smallest that may be followed by another
	begin := func(key string) (upload string, first minio.CompletePart) {
		t.Helper()
		upload, err := core.NewMultipartUpload(t.Context(), s3server.Bucket, key, minio.PutObjectOptions{})
		if err != nil {
			t.Fatal(err)
		}
		sent, err := core.PutObjectPart(t.Context(), s3server.Bucket, key, upload, 1, bytes.NewReader(part), int64(len(part)), minio.PutObjectPartOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return upload, minio.CompletePart{PartNumber: 1, ETag: sent.ETag}
	}
	key := func(prefix, digit string) string {
		return prefix + "sha256/" + strings.Repeat(digit, 2) + "/" + strings.Repeat(digit, 62)
	}
	left, _ := begin(key("brev/", "a"))
	foreign, _ := begin(key("andre/", "a"))
	fresh, first := begin(key("brev/", "b"))
	aged := 0
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := filepath.WalkDir(server.Folder, func(at string, e fs.DirEntry, err error) error {
		if name := filepath.Base(at); err == nil && (name == left || name == foreign) { // the server's folder of an upload, which says when it began
			aged++
			return os.Chtimes(at, yesterday, yesterday)
		}
		return err
	}); err != nil || aged != 2 {
		t.Fatalf("%d uploads are aged (%v)", aged, err)
	}
	if err := b.EachOld(t.Context(), "sha256", time.Now().Add(time.Hour), 10, func([]documents.Object) error { return nil }); err != nil {
		t.Fatal(err)
	}
	var still []string
	for u := range core.ListIncompleteUploads(t.Context(), s3server.Bucket, "", true) {
		if u.Err != nil {
			t.Fatal(u.Err)
		}
		still = append(still, u.UploadID)
	}
	slices.Sort(still)
	want := []string{foreign, fresh}
	slices.Sort(want)
	if !slices.Equal(still, want) {
		t.Errorf("uploads %v are left, not %v: the one left is %s, another's %s, the fresh one %s", still, want, left, foreign, fresh)
	}
	// Whoever sends goes on and finishes.
	if _, err := core.CompleteMultipartUpload(t.Context(), s3server.Bucket, key("brev/", "b"), fresh, []minio.CompletePart{first}, minio.PutObjectOptions{}); err != nil {
		t.Errorf("the fresh one cannot be finished: %v", err)
	}
}

// TestSlow: an answer that does not come, or stops coming, is not waited for for ever: it is asked for again.
func TestSlow(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var slow atomic.Int32
	var half atomic.Bool
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if slow.Add(-1) < 0 {
			pass(w)
			return
		}
		if half.Load() && r.Method == http.MethodGet {
			rec := httptest.NewRecorder()
			pass(rec)
			for k, v := range rec.Header() {
				w.Header()[k] = v
			}
			_, _ = w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
			w.(http.Flusher).Flush()
		}
		_, _ = io.Copy(io.Discard, r.Body) // else nobody sees that the client gives up
		<-r.Context().Done()
	})
	c := config(proxy, "")
	c.Patience = 300 * time.Millisecond
	d, _ := open(t, c)
	slow.Store(2)
	ref := documentstest.Put(t, d, bytes.Repeat([]byte("brev"), 1000))
	for _, h := range []bool{false, true} {
		half.Store(h)
		slow.Store(2)
		documentstest.Get(t, d, ref)
	}
}

// TestSentWrongly: what arrives otherwise than it was sent is refused by the server, and sent again.
func TestSentWrongly(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var wrong atomic.Int32
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if r.Method == http.MethodPut && wrong.Add(-1) >= 0 {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			body[len(body)/2] ^= 1
			r.Body = io.NopCloser(bytes.NewReader(body))
		}
		pass(w)
	})
	d, _ := open(t, config(proxy, ""))
	wrong.Store(1)
	ref := documentstest.Put(t, d, []byte("et brev"))
	if wrong.Load() >= 0 {
		t.Error("nothing was sent wrongly")
	}
	if got := documentstest.Get(t, d, ref); string(got) != "et brev" {
		t.Errorf("read %q", got)
	}
}

// TestOwnCA: a server with a certificate of one's own CA is trusted when that is named, and else is not; that is told at once.
func TestOwnCA(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	to, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		r.Out.Host = r.In.Host
	}, ErrorLog: log.New(io.Discard, "", 0)}
	front := httptest.NewUnstartedServer(through)
	front.Config.ErrorLog = log.New(io.Discard, "", 0) // of those that do not trust it
	front.StartTLS()
	t.Cleanup(front.Close)
	c := config(front.URL, "")
	c.Wait = time.Hour // trying again would show
	stranger, _ := open(t, c)
	if _, err := stranger.Put(t.Context(), strings.NewReader("brev")); err == nil || !strings.Contains(err.Error(), "ca_file") {
		t.Errorf("an unknown CA: %v", err)
	}
	c.CA = x509.NewCertPool()
	c.CA.AddCert(front.Certificate())
	d, _ := open(t, c)
	documentstest.Get(t, d, documentstest.Put(t, d, []byte("brev")))
}

// TestRefusedUnheard: a server that has an object says so before it has read what is sent, and cuts the connection. Its answer is never heard,
// and the object is found there all the same.
func TestRefusedUnheard(t *testing.T) {
	t.Parallel()
	server := s3server.Start(t)
	var cut atomic.Int32
	proxy := server.Proxy(t, func(w http.ResponseWriter, r *http.Request, pass func(http.ResponseWriter)) {
		if r.Method == http.MethodPut && r.Header.Get("If-None-Match") == "*" && cut.Load() >= 0 {
			cut.Add(1)
			s3server.Cut(w)
			return
		}
		pass(w)
	})
	d, _ := open(t, config(proxy, ""))
	cut.Store(-1)
	data := bytes.Repeat([]byte("et brev til "), 1<<18)
	ref := documentstest.Put(t, d, data)
	cut.Store(0)
	if again := documentstest.Put(t, d, data); again != ref {
		t.Errorf("stored as %v", again)
	}
	if n := cut.Load(); n != 1 {
		t.Errorf("sent %d times though it is there", n)
	}
	if got := documentstest.Get(t, d, ref); !bytes.Equal(got, data) {
		t.Errorf("read %d bytes", len(got))
	}
}
