package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"postgang/cmd/cli"
	"postgang/engine/morning"
	"postgang/engine/nights"
	"postgang/engine/store"
)

// TestMorning: the report tells of letters, runs and alarms without anybody's name, by command, by webhook and by the clock, once a slot;
// one that cannot be sent is alarmed.
func TestMorning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newKillStage(t, dir, "")
	var posted atomic.Pointer[string]
	var down atomic.Bool
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || down.Load() {
			http.Error(w, "borte", http.StatusServiceUnavailable)
			return
		}
		text := string(b)
		posted.Store(&text)
	}))
	defer hook.Close()
	s.edit(t, "[intake]\n", "[schedule]\nmorning = \"* * * * *\"\n[alarms.webhook]\nurl = \""+hook.URL+"\"\n[morning]\nwebhook = true\n[intake]\n")
	if _, errOut, code := program(t, dir, 0, "night"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s", code, errOut)
	}
	out, errOut, code := program(t, dir, 0, "morning")
	if code != cli.ExitOK {
		t.Fatalf("morning: exit code %d\n%s", code, errOut)
	}
	for _, want := range []string{"MÅ SES PÅ", "LEVERT INN", "avvist", "SENDT TIL UTSKRIFT", "venter på svar"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q:\n%s", want, out)
		}
	}
	if posted.Load() != nil {
		t.Error("it was sent unasked")
	}
	if _, errOut, code := program(t, dir, 0, "morning", "--send"); code != cli.ExitOK {
		t.Fatalf("morning --send: exit code %d\n%s", code, errOut)
	}
	var sent struct {
		Subject  string
		Sections []morning.Section
	}
	if posted.Load() == nil {
		t.Fatal("nothing was posted")
	}
	if err := json.Unmarshal([]byte(*posted.Load()), &sent); err != nil || sent.Subject == "" || len(sent.Sections) < 6 {
		t.Errorf("posted %s (%v)", *posted.Load(), err)
	}

	// By the clock: once a slot, and what cannot be sent is alarmed.
	a := openFolder(t, dir, io.Discard)
	defer a.Close()
	posted.Store(nil)
	since := a.Now().Add(-90 * time.Second) // a slot a minute
	run := func() (store.Slot, bool) {
		t.Helper()
		failed := a.Engine.Scheduled(t.Context(), a.Config.Schedules, since, nil) != nil
		last, err := store.View(t.Context(), a.Archive, func(r store.Reader) (store.Slot, error) { return r.LastSlot(t.Context(), nights.ScheduleMorning) })
		if err != nil {
			t.Fatal(err)
		}
		return last, failed
	}
	first, failed := run()
	if failed || first.State != store.SlotDone || posted.Load() == nil {
		t.Fatalf("by the clock: %+v, failed %v, posted %v", first, failed, posted.Load() != nil)
	}
	down.Store(true)
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(500 * time.Millisecond) { // until the next minute
		if next, failed := run(); !next.At.Equal(first.At) {
			if !failed || next.State != store.SlotFailed {
				t.Errorf("while the webhook is down: %+v, failed %v", next, failed)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal("the next minute does not come")
		}
	}
	out, _, _ = program(t, dir, 0, "alarms", "list")
	if !strings.Contains(out, "scheduled run morning") {
		t.Errorf("nobody is told:\n%s", out)
	}
}

// keptMail is an SMTP server that keeps what it gets, or takes nothing.
type keptMail struct {
	mu      sync.Mutex
	to      []string
	letters []string
	down    bool
}

func (k *keptMail) NewSession(*smtp.Conn) (smtp.Session, error) { return &keptSession{k}, nil }

type keptSession struct{ k *keptMail }

func (s *keptSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *keptSession) Reset()                               {}
func (s *keptSession) Logout() error                        { return nil }

func (s *keptSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	if s.k.down {
		return &smtp.SMTPError{Code: 451, Message: "prøv igjen senere"}
	}
	s.k.to = append(s.k.to, to)
	return nil
}

func (s *keptSession) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	s.k.mu.Lock()
	defer s.k.mu.Unlock()
	s.k.letters = append(s.k.letters, subject+"\n"+string(body))
	return err
}

// TestMorningMail: the report goes by e-mail to whom [morning] names, once to each, as the command prints it; a server that does not take
// it is an error that says so.
func TestMorningMail(t *testing.T) {
	t.Parallel()
	kept := &keptMail{}
	server := smtp.NewServer(kept)
	server.Domain = "localhost"
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(ln)
	defer server.Close()
	dir := t.TempDir()
	s := newKillStage(t, dir, "")
	s.edit(t, "[intake]\n", fmt.Sprintf("[alarms.mail]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"none\"\nfrom = \"postgang@example.org\"\nto = [\"vakt@example.org\"]\n"+
		"[morning]\nmail_to = [\"drift@example.org\", \"leder@example.org\"]\n[intake]\n", ln.Addr().(*net.TCPAddr).Port))
	if _, errOut, code := program(t, dir, 0, "night"); code != cli.ExitOK && code != cli.ExitPartial {
		t.Fatalf("night: exit code %d\n%s", code, errOut)
	}
	kept.mu.Lock()
	kept.to, kept.letters = nil, nil // alarms of the night
	kept.mu.Unlock()
	out, errOut, code := program(t, dir, 0, "morning", "--send")
	if code != cli.ExitOK {
		t.Fatalf("morning --send: exit code %d\n%s", code, errOut)
	}
	kept.mu.Lock()
	to, letters := slices.Sorted(slices.Values(kept.to)), kept.letters
	kept.down = true
	kept.mu.Unlock()
	if want := []string{"drift@example.org", "leder@example.org"}; !slices.Equal(to, want) || len(letters) != 1 {
		t.Fatalf("%d letters to %v, want one to %v", len(letters), to, want)
	}
	for _, want := range []string{"LEVERT INN", "SENDT TIL UTSKRIFT", "venter på svar"} {
		if !strings.Contains(out, want) || !strings.Contains(letters[0], want) {
			t.Errorf("%q is not both printed and sent:\n%s\n%s", want, out, letters[0])
		}
	}
	if _, errOut, code := program(t, dir, 0, "morning", "--send"); code != cli.ExitFailed || !strings.Contains(errOut, "could not be sent by e-mail") {
		t.Errorf("a server that takes nothing: exit code %d\n%s", code, errOut)
	}
}
