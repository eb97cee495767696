package notify

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"postgang/engine/alarm"
	"postgang/engine/archive"
	"postgang/engine/store"
)

var start = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// standSink is an archive, a clock, and one sink that can be down.
type standSink struct {
	t    *testing.T
	a    *archive.Archive
	now  time.Time
	n    *Notifier
	got  []string
	down error
	hook func()
}

func (s *standSink) Send(_ context.Context, ms []Message) error {
	for _, m := range ms {
		s.got = append(s.got, m.Subject())
	}
	if s.hook != nil {
		s.hook()
	}
	return s.down
}

func newStand(t *testing.T, quiet time.Duration) *standSink {
	t.Helper()
	s := &standSink{t: t, now: start}
	var err error
	s.a, err = archive.Open(t.Context(), archive.Config{DSN: "sqlite:" + filepath.Join(t.TempDir(), "a.db"), Now: func() time.Time { return s.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.a.Close() })
	s.restart(quiet)
	return s
}

func (s *standSink) restart(quiet time.Duration) {
	s.n = New(s.a, []Sink{{Name: "x", Sender: s, Quiet: quiet}}, func() time.Time { return s.now }, slog.New(slog.DiscardHandler))
}

func (s *standSink) tx(fn func(tx store.Tx) error) {
	s.t.Helper()
	if err := s.a.InTx(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *standSink) raise(key string) {
	s.t.Helper()
	s.tx(func(tx store.Tx) error {
		return tx.RaiseAlarm(s.t.Context(), key, alarm.Args{"text": "text of " + key})
	})
}

func (s *standSink) resolve(key string) {
	s.t.Helper()
	s.tx(func(tx store.Tx) error { return tx.ResolveAlarm(s.t.Context(), key) })
}

// told notifies and wants these messages.
func (s *standSink) told(want ...string) {
	s.t.Helper()
	s.got = nil
	if err := s.n.Notify(s.t.Context()); !errors.Is(err, s.down) {
		s.t.Errorf("notify: %v, want %v", err, s.down)
	}
	if !slices.Equal(s.got, want) {
		s.t.Errorf("told %q, want %q", s.got, want)
	}
}

// An alarm is told once, and its end once.
func TestRaisedAndOver(t *testing.T) {
	t.Parallel()
	s := newStand(t, time.Hour)
	s.told()
	s.raise("a")
	s.raise("b")
	s.told("alarm: a", "alarm: b")
	s.raise("a") // once more is no news
	s.told()
	s.resolve("a")
	s.told("over: a")
	s.told()
	// What comes and goes before anybody was told is not told at all.
	s.raise("c")
	s.resolve("c")
	s.told()
	s.resolve("b")
	s.told("over: b")
}

// An alarm that comes and goes all the time is told once in the quiet time; one that lasts is told after it.
func TestQuiet(t *testing.T) {
	t.Parallel()
	s := newStand(t, time.Hour)
	s.raise("a")
	s.told("alarm: a")
	s.resolve("a")
	s.told("over: a")
	s.now = s.now.Add(10 * time.Minute)
	s.raise("a")
	s.told()
	s.resolve("a")
	s.told()
	s.raise("a")
	s.now = s.now.Add(49 * time.Minute)
	s.told()
	s.raise("other")
	s.now = s.now.Add(time.Minute)
	s.told("alarm: a", "alarm: other")
	// A clock that was ahead keeps nobody quiet.
	s.resolve("a")
	s.told("over: a")
	s.now = s.now.Add(-100 * time.Hour)
	s.raise("a")
	s.told("alarm: a")
}

// A sink that is down is tried again after a growing time, and told everything then; it holds up no other.
func TestSinkDown(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	var other []string
	s.n.sinks = append(s.n.sinks, Sink{Name: "y", Sender: senderFunc(func(ms []Message) error {
		for _, m := range ms {
			other = append(other, m.Key)
		}
		return nil
	})})
	s.raise("a")
	s.down = errors.New("no connection")
	s.told("alarm: a")
	if !slices.Equal(other, []string{"a"}) {
		t.Errorf("the other sink was told %v", other)
	}
	err := s.down
	s.down = nil // nothing fails, since nothing is tried
	s.told()
	standing := func() Standing {
		t.Helper()
		var all []Standing
		if err := s.a.View(t.Context(), func(r store.Reader) (err error) { all, err = s.n.Standings(t.Context(), r); return err }); err != nil {
			t.Fatal(err)
		}
		return all[0]
	}
	if st := standing(); st.State.Failures != 1 || st.State.Error != "no connection" || st.Pending != 1 {
		t.Errorf("standing %+v", st)
	}
	wait := firstRetry
	for range 9 {
		s.down = err
		s.now = s.now.Add(wait - time.Second)
		s.got, s.down = nil, nil
		s.told()
		s.down = err
		s.now = s.now.Add(time.Second)
		s.told("alarm: a")
		wait = min(2*wait, lastRetry)
	}
	s.restart(0) // what the sink was not told is not forgotten
	s.resolve("a")
	s.raise("b")
	s.now = s.now.Add(lastRetry)
	s.down = nil
	s.told("alarm: b") // the end of a, whose beginning never arrived, is no news
	if st := standing(); st.State.Failures != 0 || st.State.Error != "" || st.Pending != 0 || !st.State.Sent.Equal(s.now) {
		t.Errorf("standing %+v", st)
	}
}

type senderFunc func([]Message) error

func (f senderFunc) Send(_ context.Context, ms []Message) error { return f(ms) }

// A process that dies between sending and recording tells it again.
func TestToldTwiceRatherThanNever(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	s.raise("a")
	type died struct{}
	s.hook = func() { panic(died{}) }
	func() {
		defer func() {
			if _, ok := recover().(died); !ok {
				t.Error("the process did not die")
			}
		}()
		_ = s.n.Notify(t.Context())
	}()
	s.hook = nil
	s.restart(0)
	s.told("alarm: a")
	s.told()
}

// Many alarms of different kinds come in portions, oldest first.
func TestManyAlarms(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	for i := range mostAtOnce + 3 {
		s.raise("k" + string(rune('a'+i/26)) + string(rune('a'+i%26)))
	}
	s.got = nil
	for _, want := range []int{mostAtOnce, 3, 0} {
		before := len(s.got)
		if err := s.n.Notify(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(s.got) - before; n != want {
			t.Errorf("told %d, want %d", n, want)
		}
	}
	if s.got[0] != "alarm: kaa" || !slices.IsSorted(s.got) {
		t.Errorf("order %v", s.got)
	}
}

// The gravest is told first, and many of a kind as one: a changed host key does not wait behind four hundred small ones.
func TestGravestFirst(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	for i := range 400 {
		s.raise(fmt.Sprintf("held:%03d", i))
	}
	s.raise("no-answer:A")
	s.raise("new-kind:A")
	s.raise("host-key:v")
	s.raise("prices:v")
	var got []Message
	s.n.sinks[0].Sender = senderFunc(func(ms []Message) error { got = append(got, ms...); return nil })
	if err := s.n.Notify(t.Context()); err != nil {
		t.Fatal(err)
	}
	var subjects []string
	for _, m := range got {
		subjects = append(subjects, m.Severity+" "+m.Subject())
	}
	want := []string{"critical alarm: host-key:v", "major alarm: no-answer:A", "major alarm: new-kind:A", "minor alarm: 400 held:*", "minor alarm: prices:v"}
	if !slices.Equal(subjects, want) {
		t.Errorf("told %q, want %q", subjects, want)
	}
	if text := got[3].Text; !strings.HasPrefix(text, "400 accounts have letters that are set aside: held:000, held:001") || !strings.Contains(text, "and 390 more") {
		t.Errorf("text %q", text)
	}
	s.n.sinks[0].Sender = s
	s.told()
	for i := range 7 {
		s.resolve(fmt.Sprintf("held:%03d", i))
	}
	s.resolve("host-key:v")
	s.raise("slow:night")
	s.told("alarm: slow:night", "over: host-key:v", "over: 7 held:*")
}

// An alarm that a person has acknowledged is not told, until it ends and is raised anew.
func TestAcknowledged(t *testing.T) {
	t.Parallel()
	s := newStand(t, 0)
	ack := func(key string) {
		t.Helper()
		s.tx(func(tx store.Tx) error { return tx.AckAlarm(t.Context(), key, "bestilt") })
	}
	s.raise("a")
	ack("a")
	s.told()
	s.raise("a") // its text may change
	s.told()
	s.resolve("a")
	s.told()
	s.raise("a")
	s.told("alarm: a")
	ack("a")
	s.resolve("a")
	s.told("over: a") // who was told of it is told of its end
}

var messages = []Message{
	{Key: "uncertain:TEST000001", Text: "job TEST000001 is uncertain", Raised: start, Count: 2},
	{Key: "disk", Text: "1 GB free", Over: true, Raised: start, Ended: start.Add(time.Hour), Count: 1},
}

func TestFile(t *testing.T) {
	t.Parallel()
	f := File{Path: filepath.Join(t.TempDir(), "alarmer.jsonl")}
	if err := f.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	// A crash has cut the next line.
	half, err := os.OpenFile(f.Path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := half.WriteString(`{"key":"ha`); err != nil {
		t.Fatal(err)
	}
	half.Close()
	if err := f.Send(t.Context(), messages[:1]); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
	if len(lines) != 4 || lines[2] != `{"key":"ha` {
		t.Fatalf("lines %q", lines)
	}
	for i, want := range map[int]Message{0: messages[0], 1: messages[1], 3: messages[0]} {
		var got Message
		if err := json.Unmarshal([]byte(lines[i]), &got); err != nil || got != want {
			t.Errorf("line %d is %+v (%v), want %+v", i, got, err, want)
		}
	}
	if err := (File{Path: t.TempDir()}).Send(t.Context(), messages); err == nil {
		t.Error("a folder is no file")
	}
}

func TestWebhook(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var bodies [][]byte
	var header http.Header
	status := http.StatusNoContent
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		b, _ := io.ReadAll(r.Body)
		bodies, header = append(bodies, b), r.Header
		if status == http.StatusFound {
			w.Header().Set("Location", "https://example.org/")
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "hemmelig")
	if err := os.WriteFile(secret, []byte("k3y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := Webhook{URL: server.URL + "/token-in-the-path", Secret: Secret{File: secret}, Origin: "Prøve", Client: server.Client()}
	if err := w.Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Origin   string
		Messages []Message
	}
	if err := json.Unmarshal(bodies[0], &got); err != nil || got.Origin != "Prøve" || !slices.Equal(got.Messages, messages) {
		t.Errorf("got %+v (%v)", got, err)
	}
	mac := hmac.New(sha256.New, []byte("k3y"))
	mac.Write(bodies[0])
	if want := "sha256=" + hex.EncodeToString(mac.Sum(nil)); header.Get(SignatureHeader) != want {
		t.Errorf("signature %q, want %q", header.Get(SignatureHeader), want)
	}
	for _, status = range []int{http.StatusInternalServerError, http.StatusFound} {
		if err := w.Send(t.Context(), messages); err == nil || strings.Contains(err.Error(), "token") {
			t.Errorf("status %d: %v", status, err)
		}
	}
	w.Client = nil // does not know the server's certificate
	if err := w.Send(t.Context(), messages); err == nil || strings.Contains(err.Error(), "token") {
		t.Errorf("unknown certificate: %v", err)
	}
	w.Secret.File += "-not"
	if err := w.Send(t.Context(), messages); err == nil {
		t.Error("a secret that is not there")
	}
}

// mailServer is an SMTP server that keeps what it gets.
type mailServer struct {
	mu      sync.Mutex
	letters []string
	user    string
}

func (m *mailServer) NewSession(*smtp.Conn) (smtp.Session, error) { return &mailSession{m: m}, nil }

type mailSession struct {
	m    *mailServer
	user string
	to   []string
}

func (s *mailSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if password != "p4ss" {
			return errors.New("wrong password")
		}
		s.user = user
		return nil
	}), nil
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = append(s.to, to); return nil }
func (s *mailSession) Reset()                                    {}
func (s *mailSession) Logout() error                             { return nil }

func (s *mailSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.letters = append(s.m.letters, "To "+strings.Join(s.to, ",")+"\n"+string(b))
	s.m.user = s.user
	return err
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestMail(t *testing.T) {
	t.Setenv("POSTGANG_TEST_SMTP", "p4ss")
	cert, pool := selfSigned(t)
	for _, mode := range []string{"starttls", "tls", "none"} {
		t.Run(mode, func(t *testing.T) {
			kept := &mailServer{}
			server := smtp.NewServer(kept)
			server.Domain = "localhost"
			server.AllowInsecureAuth = mode == "none"
			ln, err := net.Listen("tcp", "localhost:0")
			if err != nil {
				t.Fatal(err)
			}
			port := ln.Addr().(*net.TCPAddr).Port
			switch config := (&tls.Config{Certificates: []tls.Certificate{cert}}); mode {
			case "starttls":
				server.TLSConfig = config
			case "tls":
				ln = tls.NewListener(ln, config)
			}
			go server.Serve(ln)
			defer server.Close()
			m := Mail{
				Host: "localhost", Port: port, TLS: mode, From: "postgang@example.org", To: []string{"drift@example.org", "vakt@example.org"},
				Origin: "Prøve", Config: &tls.Config{RootCAs: pool, ServerName: "localhost"},
			}
			if mode != "none" {
				m.User, m.Password = "postgang", Secret{Env: "POSTGANG_TEST_SMTP"}
			}
			if err := m.Send(t.Context(), messages); err != nil {
				t.Fatal(err)
			}
			if len(kept.letters) != 1 || kept.user != m.User {
				t.Fatalf("%d letters of user %q", len(kept.letters), kept.user)
			}
			letter := strings.ReplaceAll(kept.letters[0], "=\r\n", "")
			for _, want := range []string{
				"To drift@example.org,vakt@example.org\n", "Auto-Submitted: auto-generated", "uncertain:TEST000001_and_1_more",
				"job TEST000001 is uncertain", "ALARM since 2026-11-24 10:00", "OVER since 2026-11-24 11:00: disk",
			} {
				if !strings.Contains(letter, want) {
					t.Errorf("the letter lacks %q:\n%s", want, letter)
				}
			}
			// A file goes to people of its own.
			path := filepath.Join(t.TempDir(), "kostnytte-2026-11.xlsx")
			if err := os.WriteFile(path, []byte("arbeidsbok"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := m.SendFile(t.Context(), []string{"okonomi@example.org"}, "Kostnader", "Vedlagt.", path); err != nil {
				t.Fatal(err)
			}
			sent := kept.letters[1]
			for _, want := range []string{"To okonomi@example.org\n", "Subject: Kostnader", "kostnytte-2026-11.xlsx", base64.StdEncoding.EncodeToString([]byte("arbeidsbok"))} {
				if !strings.Contains(sent, want) {
					t.Errorf("the letter with a file lacks %q:\n%s", want, sent)
				}
			}
			if err := m.SendFile(t.Context(), []string{"okonomi@example.org"}, "x", "x", path+"-borte"); err == nil {
				t.Error("a file that is not there was sent")
			}
			if mode == "none" {
				return
			}
			// Neither a wrong password nor an unknown certificate gets through, and nothing of the password is told.
			m.Password = Secret{Env: "POSTGANG_TEST_SMTP_NOT"}
			if err := m.Send(t.Context(), messages); err == nil {
				t.Error("there is no password")
			}
			t.Setenv("POSTGANG_TEST_SMTP_NOT", "wr0ng")
			if err := m.Send(t.Context(), messages); err == nil || strings.Contains(err.Error(), "wr0ng") {
				t.Errorf("wrong password: %v", err)
			}
			m.Password, m.Config = Secret{Env: "POSTGANG_TEST_SMTP"}, nil
			if err := m.Send(t.Context(), messages); err == nil {
				t.Error("an unknown certificate was trusted")
			}
			if len(kept.letters) != 2 {
				t.Errorf("%d letters in the end", len(kept.letters))
			}
		})
	}
	// A server without encryption is not spoken to when there must be some.
	plain := smtp.NewServer(&mailServer{})
	ln, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	go plain.Serve(ln)
	defer plain.Close()
	m := Mail{Host: "localhost", Port: ln.Addr().(*net.TCPAddr).Port, TLS: "starttls", From: "a@example.org", To: []string{"b@example.org"}}
	if err := m.Send(t.Context(), messages); err == nil {
		t.Error("the alarm went unencrypted")
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := (Log{slog.New(slog.NewTextHandler(&b, nil))}).Send(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"level=ERROR msg=alarm alarm=uncertain:TEST000001", `level=INFO msg="alarm is over" alarm=disk`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the log lacks %q:\n%s", want, b.String())
		}
	}
}
