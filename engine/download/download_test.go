package download_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postgang/engine/access"
	"postgang/engine/download"
	"postgang/engine/intake/door"
	"postgang/engine/intake/door/doortest"
	"postgang/engine/login"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/fixtures/loginsim"
	"postgang/printjobs/prepare"
)

const (
	kari  = "41814061033" // synthetic
	ola   = "41810021827"
	orgNo = "974760673"
	high  = "idporten-loa-high"
)

type world struct {
	*doortest.World
	t        *testing.T
	server   *httptest.Server
	provider *loginsim.Provider
}

func newWorld(t *testing.T) *world {
	w := &world{World: doortest.New(t, nil), t: t}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	w.provider, err = loginsim.Start("127.0.0.1:0", "postgang", "hemmelig", w.Clock.Now,
		loginsim.Person{Name: "Kari", PID: kari}, loginsim.Person{Name: "Ola", PID: ola, Organisations: []string{"0192:" + orgNo}},
		loginsim.Person{Name: "Kari lavt", PID: kari, Level: "idporten-loa-substantial"})
	must(err)
	t.Cleanup(func() { must(w.provider.Close()) })
	mux := http.NewServeMux()
	w.server = httptest.NewTLSServer(mux)
	t.Cleanup(w.server.Close)
	client, err := login.New(login.Config{
		Issuer: w.provider.Issuer(), ClientID: "postgang", ClientSecret: "hemmelig", PublicURL: w.server.URL, OrganisationsClaim: "organisasjoner",
		Key: bytes.Repeat([]byte("k"), 32), Now: w.Clock.Now,
	}, download.Sessions{Archive: w.Archive})
	must(err)
	mux.Handle("/", download.Handler(download.Config{
		Archive: w.Archive, Blobs: w.Acceptor.Blobs, Events: w.Acceptor, Login: client, HighLevel: high,
		Sender: func(context.Context, shipment.Shipment) string { return "Prøve kommune" }, Now: w.Clock.Now, Log: w.Acceptor.Log,
	}))
	return w
}

// letter hands a letter of one document in and has it notified.
func (w *world) letter(number string, level4 bool) string { return w.letterOf(number, level4, "a") }

// letterOf is a letter of as many documents as there are texts.
func (w *world) letterOf(number string, level4 bool, texts ...string) string {
	w.t.Helper()
	account := w.Door.Accounts[0]
	up, p := w.Door.Begin(w.t.Context(), &account)
	if p != nil {
		w.t.Fatal(p)
	}
	defer up.Close()
	var listed []string
	for i, text := range texts {
		name := fmt.Sprintf("vedtak%d.pdf", i+1)
		if p := up.Add(shipment.Private(name), bytes.NewReader(doortest.PDF(text))); p != nil {
			w.t.Fatal(p)
		}
		listed = append(listed, `{"filnavn":"`+name+`","mimeType":"application/pdf"}`)
	}
	text := `{"tittel":"Vedtak om plass","mottaker":{"navn":"Kari Nordmann","digitalId":"` + number + `","adresselinje1":"Storgata 1","postnummer":"0155","poststed":"OSLO"},"dokumenter":[` + strings.Join(listed, ",") + `]}`
	if level4 {
		text = strings.Replace(text, "{", `{"krevNiva4Innlogging":true,`, 1)
	}
	id, p := up.Take(w.t.Context(), door.Caller{Integration: w.Integration}, access.RestV2, door.Identity{}, []byte(text), nil)
	if p != nil {
		w.t.Fatal(p, p.Text)
	}
	err := w.Archive.InTx(w.t.Context(), func(tx store.Tx) error {
		s, err := tx.Shipment(w.t.Context(), id)
		s.Status, s.Prepared, s.Facts = shipment.StatusVarslet, shipment.BlobRef{SHA256: doortest.Hash(nil), Bytes: 1}, &prepare.Facts{}
		s.NotifiedAt = w.Clock.Now()
		return errors.Join(err, tx.UpdateShipment(w.t.Context(), s))
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) shipment(id string) shipment.Shipment {
	w.t.Helper()
	s, err := store.View(w.t.Context(), w.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(w.t.Context(), id) })
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// browser keeps cookies.
func (w *world) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	c := *w.server.Client()
	c.Jar = jar
	return &c
}

// get opens an address and gives where it ended, its status and text.
func (w *world) get(c *http.Client, address string) (*url.URL, int, string) {
	w.t.Helper()
	res, err := c.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(res)
}

func (w *world) read(res *http.Response) (*url.URL, int, string) {
	w.t.Helper()
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.Request.URL, res.StatusCode, string(data)
}

// logIn opens a letter as a person of the provider's list.
func (w *world) logIn(c *http.Client, id, person string) (int, string) {
	w.t.Helper()
	at, _, _ := w.get(c, w.server.URL+download.Path+"/"+id)
	if !strings.HasPrefix(at.String(), w.provider.Issuer()) {
		w.t.Fatalf("not sent to the provider, but to %s", at.Path)
	}
	res, err := c.PostForm(at.String(), url.Values{"person": {person}})
	if err != nil {
		w.t.Fatal(err)
	}
	_, status, text := w.read(res)
	return status, text
}

// TestRecipientReads: a letter is read when its recipient has the whole of a document, not when the page is seen.
func TestRecipientReads(t *testing.T) {
	w := newWorld(t)
	id := w.letter(kari, false)
	c := w.browser()
	status, text := w.logIn(c, id, "0")
	if status != 200 || !strings.Contains(text, "Vedtak om plass") || !strings.Contains(text, "Prøve kommune") {
		t.Fatalf("%d %s", status, text)
	}
	if s := w.shipment(id); s.Status != shipment.StatusVarslet {
		t.Errorf("seeing the page made it %s", s.Status)
	}
	link := regexp.MustCompile(`href="(/les/[^"]+/1)"`).FindStringSubmatch(text)
	if link == nil {
		t.Fatalf("no document on the page: %s", text)
	}
	if _, status, file := w.get(c, w.server.URL+link[1]); status != 200 || file != string(doortest.PDF("a")) {
		t.Errorf("%d %d bytes", status, len(file))
	}
	w.waitFor("LEST", func() bool { return w.shipment(id).Status == shipment.StatusLest })
	if w.shipment(id).ReadAt.IsZero() {
		t.Error("when it was read is not kept")
	}
	if _, status, _ := w.get(c, w.server.URL+link[1]); status != 200 {
		t.Errorf("a second time: %d", status)
	}
	for _, private := range []string{kari, "Nordmann", "Vedtak", "vedtak1.pdf"} {
		if strings.Contains(w.Log.String(), private) {
			t.Errorf("%q is logged", private)
		}
	}
}

// waitFor waits for what is recorded when the last byte has gone, and the browser has that before.
func (w *world) waitFor(what string, is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("no %s", what)
		}
	}
}

// TestAllDocuments: a letter of several documents is read with the last of them, however often and in whatever order they are opened; and
// what was cut off before it was recorded is found when the letter is opened again.
func TestAllDocuments(t *testing.T) {
	w := newWorld(t)
	id := w.letterOf(kari, false, "a", "b", "c")
	c := w.browser()
	w.logIn(c, id, "0")
	deliveries := func() (n int) {
		events, _, p := w.Door.History(t.Context(), id)
		if p != nil {
			t.Fatal(p)
		}
		for _, e := range events {
			if e.Kind == shipment.EventDelivered {
				n++
			}
		}
		return n
	}
	for i, document := range []string{"3", "3", "1"} {
		w.get(c, w.server.URL+download.Path+"/"+id+"/"+document)
		w.waitFor("delivery", func() bool { return deliveries() == []int{1, 1, 2}[i] })
	}
	if s := w.shipment(id); s.Status != shipment.StatusVarslet {
		t.Fatalf("with two of three it is %s", s.Status)
	}
	// The last one is delivered, and the process dies before the letter is recorded as read.
	err := w.Archive.InTx(t.Context(), func(tx store.Tx) error {
		return tx.AddEvents(t.Context(), shipment.Event{Shipment: id, At: w.Clock.Now(), Kind: shipment.EventDelivered, From: shipment.StatusVarslet, To: shipment.StatusVarslet, Key: "nedlasting:" + id + ":2"})
	})
	if err != nil {
		t.Fatal(err)
	}
	w.get(c, w.server.URL+download.Path+"/"+id)
	if s := w.shipment(id); s.Status != shipment.StatusLest {
		t.Errorf("it is %s", s.Status)
	}
}

// TestWhoMayOpen: the recipient alone, or who acts for the organisation; at the level that the sender asks for; for three months.
func TestWhoMayOpen(t *testing.T) {
	w := newWorld(t)
	mine, org, strict := w.letter(kari, false), w.letter(orgNo, false), w.letter(kari, true)
	for _, c := range []struct {
		name, id, person string
		later            time.Duration
		status           int
	}{
		{"her own", mine, "0", 0, 200},
		{"another's", mine, "1", 0, 404},
		{"no such letter", "00000000-0000-4000-8000-000000000001", "0", 0, 404},
		{"the organisation's", org, "1", 0, 200},
		{"the organisation's, without a right", org, "0", 0, 404},
		{"level 4", strict, "0", 0, 200},
		{"level 4 with a lower log-in", strict, "2", 0, 403},
		{"given up", mine, "avbryt", 0, 403},
		{"after three months", mine, "0", 93 * 24 * time.Hour, 404},
	} {
		w.Clock.Go(c.later)
		if status, text := w.logIn(w.browser(), c.id, c.person); status != c.status || status != 200 && strings.Contains(text, "Vedtak om plass") {
			t.Errorf("%s: %d, want %d", c.name, status, c.status)
		}
	}
}

// TestWrongAnswers: what the provider must not say is not believed.
func TestWrongAnswers(t *testing.T) {
	w := newWorld(t)
	id := w.letter(kari, false)
	for name, wrong := range map[string]func(map[string]any){
		"another client's": func(c map[string]any) { c["aud"] = "someone" },
		"another issuer's": func(c map[string]any) { c["iss"] = "https://idporten.no" },
		"an old one":       func(c map[string]any) { c["exp"] = w.Clock.Now().Add(-time.Hour).Unix() },
		"another log-in's": func(c map[string]any) { c["nonce"] = "x" },
	} {
		w.provider.SetWrong(wrong)
		if status, _ := w.logIn(w.browser(), id, "0"); status != 403 {
			t.Errorf("%s: %d", name, status)
		}
	}
	w.provider.SetWrong(nil)
	// An answer that another browser began, or none.
	if _, status, _ := w.get(w.browser(), w.server.URL+login.Path+"/svar?state=x&code=y"); status != 403 {
		t.Errorf("an answer out of nowhere: %d", status)
	}
}

// TestSessionsEnd: after half an hour without use, by logging out, and when the provider ends its own.
func TestSessionsEnd(t *testing.T) {
	w := newWorld(t)
	id := w.letter(kari, false)
	open := func(c *http.Client) bool {
		at, status, _ := w.get(c, w.server.URL+download.Path+"/"+id)
		return status == 200 && strings.HasPrefix(at.Path, download.Path)
	}
	for name, end := range map[string]func(c *http.Client){
		"idle": func(*http.Client) { w.Clock.Go(login.IdleTime) },
		"logged out": func(c *http.Client) {
			res, err := c.Post(w.server.URL+login.Path+"/ut", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
		},
		"ended by the provider": func(*http.Client) {
			w.get(w.browser(), w.server.URL+login.Path+"/avslutt?iss="+url.QueryEscape(w.provider.Issuer())+"&sid=sid-"+kari[:6])
		},
	} {
		c := w.browser()
		if status, _ := w.logIn(c, id, "0"); status != 200 || !open(c) {
			t.Fatalf("%s: no session to end", name)
		}
		if end(c); open(c) {
			t.Errorf("%s: the session lasts", name)
		}
	}
}

// TestHalfADocument: what was not delivered whole is not read.
func TestHalfADocument(t *testing.T) {
	w := newWorld(t)
	id := w.letter(kari, false)
	c := w.browser()
	w.logIn(c, id, "0")
	jar := c.Jar.Cookies(&url.URL{Scheme: "https", Host: strings.TrimPrefix(w.server.URL, "https://"), Path: "/"})
	r := httptest.NewRequest("GET", download.Path+"/"+id+"/1", nil)
	for _, k := range jar {
		r.AddCookie(k)
	}
	w.server.Config.Handler.ServeHTTP(&broken{header: http.Header{}, left: 10}, r)
	if s := w.shipment(id); s.Status != shipment.StatusVarslet {
		t.Errorf("it is %s", s.Status)
	}
	if !strings.Contains(w.Log.String(), "not delivered whole") {
		t.Errorf("the connection did not break: %s", w.Log.String())
	}
}

// broken is a connection that takes a few bytes.
type broken struct {
	header http.Header
	left   int
}

func (b *broken) Header() http.Header { return b.header }
func (b *broken) WriteHeader(int)     {}
func (b *broken) Write(p []byte) (int, error) {
	n := min(len(p), b.left)
	if b.left -= n; n < len(p) {
		return n, errors.New("connection reset")
	}
	return n, nil
}
