// Package doortest gives tests of the way in over the network a real archive, real documents and the real acceptor behind a door.
package doortest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/archive"
	"postgang/engine/erase"
	"postgang/engine/intake/door"
	"postgang/engine/party"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/printjobs"
	"postgang/printjobs/cover"
)

// KontoID is the kontoId of the account "skole".
const KontoID = "5c7d5c5e-6a0b-4a8d-9a51-0f0b7c1c2d3e"

// Organisation is the organisasjonsnummer of the integration that World makes.
const Organisation = "974760673"

// World is a door with everything behind it, and one integration that may use the account "skole".
type World struct {
	Door        *door.Door
	Archive     *archive.Archive
	Acceptor    *accept.Acceptor
	Eraser      *erase.Eraser
	Integration access.Integration
	Password    string
	Clock       *Clock
	Log         *Log

	tb testing.TB
}

// Clock is a clock that a test sets.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Now is the time that the clock shows.
func (c *Clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

// Go moves the clock on.
func (c *Clock) Go(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// Log keeps what is logged, so that a test can hold it against what must not be there.
type Log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *Log) Write(b []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(b) }

// String is all that was logged.
func (l *Log) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// Tokens takes the token "good", issued to Organisation, the token "other", issued to somebody else, and knows no answer for "down".
type Tokens struct{}

// Consumer is whom a token was issued to.
func (Tokens) Consumer(_ context.Context, token string) (string, error) {
	switch token {
	case "good":
		return Organisation, nil
	case "other":
		return "889640782", nil
	case "down":
		return "", fmt.Errorf("%w: no answer", door.ErrUnreachable)
	}
	return "", fmt.Errorf("not a token")
}

// emptyArchive is an archive in which nothing is yet. It is made once: with the race detector its migrations take seconds.
var emptyArchive = sync.OnceValues(func() (_ []byte, err error) {
	dir, err := os.MkdirTemp("", "postgang-door-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "arkiv.db")
	a, err := archive.Open(context.Background(), archive.Config{DSN: "sqlite:" + path})
	if err != nil {
		return nil, err
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// New makes a world. change may set the door's configuration.
func New(tb testing.TB, change func(c *door.Config)) *World {
	tb.Helper()
	dir := tb.TempDir()
	w := &World{Clock: &Clock{t: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}, Log: &Log{}, tb: tb}
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	empty, err := emptyArchive()
	must(err)
	must(os.WriteFile(filepath.Join(dir, "arkiv.db"), empty, 0o600))
	w.Archive, err = archive.Open(tb.Context(), archive.Config{
		DSN: "sqlite:" + filepath.Join(dir, "arkiv.db"), Now: w.Clock.Now,
		Enqueue: func(context.Context, any, []store.Task) error { return nil }, // nothing is prepared here
	})
	must(err)
	tb.Cleanup(func() { must(w.Archive.Close()) })
	documents, err := w.Archive.OpenDocuments(tb.Context(), filepath.Join(dir, "dokumenter"))
	must(err)
	rules := shipment.DefaultRules()
	rules.AllowSynthetic, rules.MaxBytes = true, 1<<20
	accounts := []party.Account{
		{Key: "skole", Name: "Skole", Vendor: "trykk", Rules: rules, Sender: cover.Sender{Name: "Prøve kommune", Postcode: "0155", City: "OSLO"}},
		{Key: "helse", Name: "Helse", Vendor: "trykk", Rules: rules, Sender: cover.Sender{Name: "Prøve kommune", Postcode: "0155", City: "OSLO"}},
	}
	log := slog.New(slog.NewTextHandler(w.Log, nil))
	s, err := step.New(tb.Context(), step.Config{
		Archive: w.Archive, Blobs: documents, Accounts: accounts, WorkDir: filepath.Join(dir, "arbeid"), Log: log, Now: w.Clock.Now,
		Vendors: []party.Vendor{{Key: "trykk", Name: "Trykk", Profile: printjobs.DefaultProfile()}},
	})
	must(err)
	w.Acceptor = accept.New(s)
	w.Eraser = erase.New(s, restored.New(s), erase.Config{Blobs: documents, Scrub: w.Archive.Scrub})
	w.Integration, w.Password, err = access.New("acos", Organisation, []string{"skole"}, w.Clock.Now())
	must(err)
	must(w.Archive.InTx(tb.Context(), func(tx store.Tx) error { return tx.PutIntegration(tb.Context(), w.Integration, "test") }))
	c := door.Config{
		Engine: behind{w.Acceptor, w.Eraser}, Archive: w.Archive, Tokens: Tokens{}, Spool: filepath.Join(dir, "kø"), Now: w.Clock.Now, Log: log,
		Accounts: []door.Account{{Account: accounts[0], KontoID: KontoID}, {Account: accounts[1]}},
	}
	if change != nil {
		change(&c)
	}
	w.Door, err = door.New(c)
	must(err)
	return w
}

// behind is the engine behind the door.
type behind struct {
	*accept.Acceptor
	*erase.Eraser
}

// Serve answers with a handler, as the program does.
func (w *World) Serve(h http.Handler) *httptest.Server {
	s := httptest.NewServer(door.Bounded(h))
	w.tb.Cleanup(s.Close)
	return s
}

// Shipments are all that are stored, by id.
func (w *World) Shipments() []shipment.Shipment {
	w.tb.Helper()
	list, err := store.View(w.tb.Context(), w.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(w.tb.Context(), store.ShipmentFilter{})
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return list
}

// Documents are the hashes of a shipment's documents, in the order of the letter.
func (w *World) Documents(id string) (hashes []string) {
	w.tb.Helper()
	docs, err := store.View(w.tb.Context(), w.Archive, func(r store.Reader) ([]shipment.Document, error) { return r.Documents(w.tb.Context(), id) })
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, d := range docs {
		hashes = append(hashes, d.Blob.SHA256)
	}
	return hashes
}

// PDF is a file that begins as a PDF, different for each text.
func PDF(text string) []byte { return []byte("%PDF-1.7\n% " + text + "\n%%EOF\n") }

// Hash is what Documents gives for a file.
func Hash(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// Part is a part of a multipart body; Type may be empty.
type Part struct {
	Name, File, Type string
	Data             []byte
}

// Multipart is a body of parts, and its type.
func Multipart(parts ...Part) (body io.Reader, kind string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, p := range parts {
		h := textproto.MIMEHeader{}
		disposition := `form-data; name="` + p.Name + `"`
		if p.File != "" {
			disposition += `; filename="` + strings.ReplaceAll(p.File, `"`, `\"`) + `"`
		}
		h.Set("Content-Disposition", disposition)
		if p.Type != "" {
			h.Set("Content-Type", p.Type)
		}
		w, _ := m.CreatePart(h) // a buffer takes everything
		_, _ = w.Write(p.Data)
	}
	_ = m.Close()
	return &b, m.FormDataContentType()
}

// CutOnce has a handler do what it is asked for, and keeps the first answer to a request that is meant from being heard: the connection
// ends after the body and before the answer.
func CutOnce(next http.Handler, meant func(r *http.Request) bool) http.Handler {
	var once sync.Once
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if meant(r) {
			once.Do(func() {
				next.ServeHTTP(httptest.NewRecorder(), r)
				panic(http.ErrAbortHandler)
			})
		}
		next.ServeHTTP(w, r)
	})
}
