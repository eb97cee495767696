package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postgang/cmd/app"
	"postgang/cmd/config"
	"postgang/engine/channel"
	"postgang/engine/digital"
	"postgang/engine/digital/altinn"
	"postgang/engine/identity"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/standins"
	standinaltinn "postgang/fixtures/standins/altinn"
)

// altinnStage is a program that sends through stand-ins of Maskinporten and Altinn, and takes Altinn's events.
type altinnStage struct {
	dir, url string
	tokens   *standins.Maskinporten
	server   *standinaltinn.Server
	caller   integrationView
}

const altinnSecret = "hemmelig-ende"

func newAltinnStage(t *testing.T) *altinnStage {
	t.Helper()
	s := &altinnStage{dir: t.TempDir()}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	if s.tokens, err = standins.StartMaskinporten("127.0.0.1:0", nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.tokens.Close() })
	s.tokens.AddClient(standins.Client{
		ID: "bergvik", Organisation: "974760673", Scopes: altinn.Scopes, Keys: map[string]*rsa.PublicKey{"kid-1": &private.PublicKey},
	})
	s.server = standinaltinn.New(standinaltinn.Options{Key: "abonnement", Script: standinaltinn.Script{Rules: []standinaltinn.Rule{
		{Story: []standinaltinn.Step{{What: "published"}, {What: "ordered"}, {What: "sent", Times: 2}}},
	}}})
	web := httptest.NewServer(s.server)
	t.Cleanup(web.Close)
	address := freeAddress(t)
	s.url = "http://" + address
	text := fmt.Sprintf(`
[http]
address = %q
no_tokens = true
[vendors.hus]
kind = "manuell"
[accounts.kommune.sender]
name = "Bergvik kommune"
postcode = "0150"
city = "OSLO"
[accounts.kommune.rules]
allow_synthetic = true
[accounts.kommune.altinn]
resource = "bergvik-brev"
body = "Du har fått brev."
[maskinporten]
issuer = %q
client_id = "bergvik"
keys = "keys"
[altinn]
address = %q
subscription_key_file = "abonnement"
events_url = "%s/altinn"
events_secret_file = "ende"
`, address, s.tokens.Issuer(), web.URL, s.url)
	for name, data := range map[string][]byte{
		config.DefaultName: []byte(text), "abonnement": []byte("abonnement\n"), "ende": []byte(altinnSecret + "\n"),
		"keys/kid-1.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	} {
		path := filepath.Join(s.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.MarkFirstStart(filepath.Join(s.dir, config.DefaultName)); err != nil {
		t.Fatal(err)
	}
	s.caller = addIntegration(t, s.dir, "acos", "kommune")
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go s.server.Run(ctx, 50*time.Millisecond)
	return s
}

// handIn hands a letter to a person in, once; "" when no answer came.
func (s *altinnStage) handIn(t *testing.T, number string, n int) string {
	t.Helper()
	letter := fmt.Sprintf(`{"tittel":"Vedtak %d","mottaker":{"digitalId":%q,"navn":"Testperson Én","adresselinje1":"Prøvegata 1","postnummer":"5003","poststed":"Bergen"},`+
		`"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`, n, number)
	status, body, err := handInParts(t.Context(), s.url, s.caller, "kommune", fmt.Sprint("brev-", n),
		doortest.Part{Name: "forsendelse", Data: []byte(letter)}, doortest.Part{Name: "filer_0", File: "brev.pdf", Data: onePage(n)})
	if err != nil {
		return ""
	}
	var got struct{ ID string }
	if status != http.StatusOK || json.Unmarshal([]byte(body), &got) != nil {
		t.Fatalf("%d %s", status, body)
	}
	return got.ID
}

// onePage is a small PDF.
func onePage(n int) []byte {
	content := fmt.Sprintf("0 g 100 %d 200 50 re f", 100+n)
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << >> /Contents 4 0 R >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(content), content),
	}
	b := []byte("%PDF-1.4\n")
	var offsets []int
	for i, o := range objects {
		offsets = append(offsets, len(b))
		b = fmt.Appendf(b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	start := len(b)
	b = fmt.Appendf(b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, o := range offsets {
		b = fmt.Appendf(b, "%010d 00000 n \n", o)
	}
	return fmt.Appendf(b, "trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
}

// people are synthetic.
func people(t *testing.T, n int) (numbers []string) {
	t.Helper()
	for i := 0; len(numbers) < n && i < 100_000; i++ {
		id := fmt.Sprintf("018190%05d", i)
		if _, err := identity.ParseDigitalID(id, identity.NationalID1964, true); err == nil {
			numbers = append(numbers, id)
		}
	}
	if len(numbers) < n {
		t.Fatal("too few numbers")
	}
	return numbers
}

// in holds how letters stand in Altinn and here: each there once, known here by its reference, with each thing that happened once.
func (s *altinnStage) in(t *testing.T, r store.Reader, ids map[string]bool, want shipment.Status) {
	t.Helper()
	sent := map[string][]string{}
	for _, l := range s.server.Letters() {
		sent[l.Reference] = append(sent[l.Reference], l.ID)
	}
	if len(sent) != len(ids) {
		t.Errorf("%d letters are in Altinn, %d were handed in", len(sent), len(ids))
	}
	for id := range ids {
		sh, err := r.Shipment(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		cases, err := r.ChannelCases(t.Context(), id)
		if err != nil || len(sent[id]) != 1 || len(cases) != 1 || cases[0].Reference != sent[id][0] {
			t.Errorf("letter %s is %d times in Altinn, and here: %+v, %v", id, len(sent[id]), cases, err)
		}
		history, err := r.History(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, e := range history {
			if e.Kind == shipment.EventStatus {
				times[string(e.To)]++
			}
		}
		if sh.Status != want || times[string(shipment.StatusVarslet)] > 1 || times[string(shipment.StatusLest)] > 1 {
			t.Errorf("letter %s is %s, want %s: %v", id, sh.Status, want, times)
		}
	}
}

// TestServeThroughAltinn: the daemon as it is configured gets a token, subscribes, sends a letter that is handed in, and by the events
// at its webhook knows at once that its recipient was told of it and has read it.
func TestServeThroughAltinn(t *testing.T) {
	t.Parallel()
	s := newAltinnStage(t)
	log := &syncBuffer{}
	a := openFolder(t, s.dir, log)
	defer a.Close()
	for _, c := range a.Engine.CheckChannels(t.Context()) {
		if c.Channel != digital.NameAltinn || c.Err != nil {
			t.Errorf("%+v", c)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- (&daemon{App: a}).serve(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	wait := func(what string, fn func() bool) {
		t.Helper()
		for end := time.Now().Add(90 * time.Second); !fn(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s did not come\n%s", what, log.String())
			}
		}
	}
	wait("the subscription", func() bool { return len(s.server.Subscribers()) == 1 })
	if got := s.server.Subscribers()[0]; got != s.url+"/altinn/"+altinnSecret {
		t.Errorf("events go to %s", got)
	}
	numbers := people(t, 2)
	ids := map[string]bool{}
	// The second comes when the first waits for its time: nothing that is new waits for that.
	for n, number := range numbers {
		id := s.handIn(t, number, n)
		ids[id] = true
		is := func(want shipment.Status) func() bool {
			return func() (yes bool) {
				if err := a.Archive.View(ctx, func(r store.Reader) error {
					sh, err := r.Shipment(ctx, id)
					yes = sh.Status == want
					return err
				}); err != nil {
					t.Fatal(err)
				}
				return yes
			}
		}
		wait("the notification", is(shipment.StatusVarslet))
		for _, l := range s.server.Letters() {
			if l.Reference == id {
				s.server.Happen(l.ID, standinaltinn.Step{What: "read"})
			}
		}
		wait("the reading", is(shipment.StatusLest))
	}
	// Altinn's own program answers each word of these; ours must not repeat them.
	for _, private := range append(numbers, altinnSecret, "Testperson", "hemmelig") {
		if strings.Contains(log.String(), private) {
			t.Errorf("%q is in the log", private)
		}
	}
	if err := a.Archive.View(ctx, func(r store.Reader) error {
		s.in(t, r, ids, shipment.StatusLest)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"/altinn/feil", "/altinn/", "/altinn/x/y"} {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+wrong, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", wrong, res.StatusCode)
		}
	}
}

// TestKilledHandInsThroughAltinn kills the daemon with SIGKILL at one recorded step after another while letters are handed in, sent through
// Altinn and reported about, and answers to what Altinn has taken are lost. Each letter is in Altinn once, and known here by its reference.
func TestKilledHandInsThroughAltinn(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("runs many processes; without the race detector")
	}
	const letters, leastKills = 12, 8
	s := newAltinnStage(t)
	d := &killedDaemon{t: t, dir: s.dir, rng: mathrand.New(mathrand.NewPCG(22, 1)), most: 8}
	defer d.stop()
	ids := map[string]bool{}
	end := time.Now().Add(5 * time.Minute)
	for n, number := range people(t, letters) {
		for id := ""; id == ""; {
			d.alive()
			if n%3 == 0 {
				s.server.Set(standinaltinn.Faults{LoseAnswer: 1})
			}
			if id = s.handIn(t, number, n); id != "" {
				ids[id] = true
			}
			if time.Now().After(end) {
				t.Fatal("the letters do not come in")
			}
		}
	}
	for len(s.server.Letters()) < letters {
		d.alive()
		time.Sleep(50 * time.Millisecond)
		if time.Now().After(end) {
			t.Fatalf("%d letters are in Altinn after %d kills", len(s.server.Letters()), d.kills)
		}
	}
	d.stop()
	s.server.Set(standinaltinn.Faults{})
	d.most = 0
	d.alive()
	a := openFolder(t, s.dir, &syncBuffer{})
	defer a.Close()
	until := func(what string, holds func(c channel.Case) bool) {
		t.Helper()
		for n := 0; n < letters; time.Sleep(100 * time.Millisecond) {
			n = 0
			if err := a.Archive.View(t.Context(), func(r store.Reader) error {
				for id := range ids {
					cases, err := r.ChannelCases(t.Context(), id)
					if err != nil {
						return err
					}
					if len(cases) == 1 && holds(cases[0]) {
						n++
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %d of %d letters", what, n, letters)
			}
		}
	}
	until("the reference is found", func(c channel.Case) bool { return c.Reference != "" })
	for _, l := range s.server.Letters() {
		s.server.Happen(l.ID, standinaltinn.Step{What: "read"})
	}
	// The next question may be hours away by now, if the killing took long: it is due.
	if err := a.Archive.InTx(t.Context(), func(tx store.Tx) error {
		for id := range ids {
			cases, err := tx.ChannelCases(t.Context(), id)
			if err != nil {
				return err
			}
			for _, c := range cases {
				c.NextAt = tx.Now()
				if err := tx.SetChannelCases(t.Context(), c); err != nil {
					return err
				}
			}
		}
		return tx.Enqueue(t.Context(), store.Task{Kind: channel.Task, Subject: "altinn"})
	}); err != nil {
		t.Fatal(err)
	}
	until("the reading is known", func(c channel.Case) bool { return c.State == string(shipment.DigitalRead) })
	d.stop()
	t.Logf("%d letters, %d kills, %d questions for a reference", len(ids), d.kills, s.server.Asked("search"))
	if d.kills < leastKills || s.server.Asked("search") == 0 {
		t.Error("the steps are not reached")
	}
	if err := a.Archive.View(t.Context(), func(r store.Reader) error {
		s.in(t, r, ids, shipment.StatusLest)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
