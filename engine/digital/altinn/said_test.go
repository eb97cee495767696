package altinn

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine/shipment"
)

var day = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func at(hours float64) time.Time { return day.Add(time.Duration(hours * float64(time.Hour))) }

func details(t *testing.T, text string) Details {
	t.Helper()
	var d Details
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	d.ID = "c1"
	return d
}

// line is a status of the history.
func line(s Status, hours float64, text ...string) string {
	return fmt.Sprintf(`{"status":%q,"statusChanged":%q,"statusText":%q}`, s, at(hours).Format(time.RFC3339), strings.Join(text, ""))
}

// order is a notification with its deliveries, "status@hours".
func order(reminder bool, state string, deliveries ...string) string {
	var mails []string
	for _, d := range deliveries {
		status, hours, _ := strings.Cut(d, "@")
		var h float64
		_, _ = fmt.Sscan(hours, &h)
		ok := strings.HasSuffix(status, "_Delivered") || strings.HasSuffix(status, "_Succeeded") || status == "SMS_Accepted"
		mails = append(mails, fmt.Sprintf(`{"succeeded":%v,"recipient":{"emailAddress":"x"},"sendStatus":{"status":%q,"lastUpdate":%q}}`,
			ok, status, at(h).Format(time.RFC3339)))
	}
	return fmt.Sprintf(`{"isReminder":%v,"processingStatus":{"status":%q,"lastUpdate":%q},"notificationStatusDetails":{"emails":[%s]}}`,
		reminder, state, at(2).Format(time.RFC3339), strings.Join(mails, ","))
}

func answer(status Status, history []string, orders ...string) string {
	return fmt.Sprintf(`{"status":%q,"statusChanged":%q,"statusHistory":[%s],"notifications":[%s]}`,
		status, at(0).Format(time.RFC3339), strings.Join(history, ","), strings.Join(orders, ","))
}

// TestEveryAnswerHasItsMeaning is the table of what Altinn may say.
func TestEveryAnswerHasItsMeaning(t *testing.T) {
	t.Parallel()
	published := []string{line("Initialized", -1), line(Published, 0)}
	with := func(more ...string) []string { return slices.Concat(published, more) }
	for _, c := range []struct {
		name    string
		answer  string
		ordered bool
		hint    bool
		now     float64
		want    string
	}{
		{"not published", answer("ReadyForPublish", []string{line("Initialized", -1)}), true, false, 50, ""},
		{"published, nothing ordered", answer(Published, published), false, false, 1, "notified@0"},
		{"published, ordered", answer(Published, published, order(false, "Order_Processing", "Email_New@1")), true, false, 1, ""},
		{"fetched is not read", answer(Fetched, with(line(Fetched, 3)), order(false, "Order_Processing")), true, false, 4, ""},
		{"delivered", answer(Published, published, order(false, "Order_Completed", "Email_Delivered@1")), true, false, 2, "notified@1"},
		{"the first delivery counts", answer(Published, published, order(false, "Order_Completed", "Email_Delivered@3", "SMS_Accepted@2")), true, false, 4, "notified@2"},
		{"one failed, one came", answer(Published, published, order(false, "Order_Completed", "Email_Failed_Bounced@1", "SMS_Delivered@2")), true, false, 3, "notified@2"},
		{"one failed, one open", answer(Published, published, order(false, "Order_Processing", "Email_Failed@1", "SMS_New@2")), true, false, 3, ""},
		{"all failed", answer(Published, published, order(false, "Order_Completed", "Email_Failed@1", "SMS_Failed_Undelivered@2")), true, false, 3, "not-notifiable@2 altinn-notification-failed"},
		{"nobody to send to", answer(Published, published, order(false, "Order_Completed")), true, false, 3, "not-notifiable@2 altinn-notification-failed"},
		{"failed, but the order is not done", answer(Published, published, order(false, "Order_Processing", "Email_Failed@1")), true, false, 3, ""},
		{"unconfirmed is not failed", answer(Published, published, order(false, "Order_Completed", "Email_Failed_TTL@100")), true, false, 120, ""},
		{"unconfirmed and failed", answer(Published, published, order(false, "Order_Completed", "Email_Failed@1", "SMS_Failed_TTL@100")), true, false, 120, ""},
		{"unconfirmed for ever", answer(Published, published, order(false, "Order_Completed", "Email_Failed_TTL@100")), true, false, 217, "not-notifiable@216 altinn-notification-uncertain"},
		{"only the reminder failed", answer(Published, published, order(false, "Order_Completed", "Email_Failed_TTL@1"), order(true, "Order_Completed", "Email_Failed@100")), true, false, 120, ""},
		{"the reminder came", answer(Published, published, order(false, "Order_Completed", "Email_Failed_TTL@1"), order(true, "Order_Completed", "Email_Delivered@168")), true, false, 170, "notified@168"},
		{"no order yet", answer(Published, published), true, false, 23, ""},
		{"no order for a day", answer(Published, published), true, false, 24, "not-notifiable@0 altinn-notification-not-made"},
		{"no order, as an event said", answer(Published, published), true, true, 1, "not-notifiable@0 altinn-notification-not-made"},
		{"an event said so, but there is one", answer(Published, published, order(false, "Order_Processing")), true, true, 1, ""},
		{"read", answer(Opened, with(line(Opened, 5)), order(false, "Order_Completed", "Email_Delivered@1")), true, false, 6, "read@5, notified@1"},
		{"confirmed", answer(Confirmed, with(line(Confirmed, 6), line(Opened, 5)), order(false, "Order_Processing")), true, false, 7, "read@5"},
		{"read before published", answer(Opened, []string{line(Opened, 5)}), true, false, 7, "read@5"},
		{"read before any order, long ago", answer(Opened, with(line(Opened, 5))), true, true, 700, "read@5"},
		{"read, then deleted by the recipient", answer("PurgedByRecipient", with(line(Opened, 5), line("PurgedByRecipient", 6))), true, false, 7, "read@5"},
		{"deleted unread", answer("PurgedByRecipient", with(line("PurgedByRecipient", 6)), order(false, "Order_Processing")), true, false, 7, ""},
		{"reserved", answer(Reserved, []string{line(Reserved, 1)}), true, false, 2, "reserved@1 altinn-reserved"},
		{"reserved at publishing", answer(Failed, []string{line(Failed, 1, "Recipient of x has been set to reserved in kontakt- og reserverasjonsregisteret ('KRR')")}), true, false, 2, "reserved@1 altinn-reserved"},
		{"no role", answer(Failed, []string{line(Failed, 1, "Recipient of x lacks roles required to read correspondence.")}), true, false, 2, "undeliverable@1 altinn-missing-role"},
		{"no such organisation", answer(Failed, []string{line(Failed, 1, "Party for recipient urn:x not found in Altinn Register when publishing")}), true, false, 2, "undeliverable@1 altinn-recipient-unknown"},
		{"we are not there", answer(Failed, []string{line(Failed, 1, "Party for sender x not found")}), true, false, 2, "undeliverable@1 altinn-sender-unknown"},
		{"an attachment", answer(Failed, []string{line(Failed, 1, "Failed")}), true, false, 2, "undeliverable@1 altinn-attachment"},
		{"words we do not know", answer(Failed, []string{line(Failed, 1, "Ola Nordmann")}), true, false, 2, "undeliverable@1 altinn-failed"},
		{"a status of later years", answer("Teleported", with(line("Teleported", 3)), order(false, "Order_New")), true, false, 4, ""},
	} {
		var got []string
		for _, s := range Read(details(t, c.answer), c.ordered, Hint{NoOrder: c.hint}, at(c.now)) {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%v@%v %s", s.What, s.At.Sub(day).Hours(), s.Cause)))
			if s.Key != "altinn:c1:"+s.What.String() {
				t.Errorf("%s: key %s", c.name, s.Key)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: %q, should be %q", c.name, strings.Join(got, ", "), c.want)
		}
	}
}

// TestOverviewIsEnoughOnceRead: details are dear to Altinn, and are asked for only when the cheap answer does not do.
func TestOverviewIsEnoughOnceRead(t *testing.T) {
	t.Parallel()
	var asked []string
	read := true
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if read {
			_, _ = io.WriteString(w, `{"correspondenceId":"c1","status":"Read","read":"2026-11-02T10:00:00.1234567+00:00","published":null}`)
			return
		}
		_, _ = io.WriteString(w, `{"correspondenceId":"c1","status":"Published","read":null}`)
	})
	d, err := c.Look(t.Context(), "c1")
	if err != nil || len(asked) != 1 {
		t.Fatal(err, asked)
	}
	if s := Read(d, true, Hint{}, at(9)); len(s) != 1 || s[0].What != ReadIt {
		t.Errorf("%+v", s)
	}
	read = false
	if _, err := c.Look(t.Context(), "c1"); err != nil || len(asked) != 3 || !strings.HasSuffix(asked[2], "/c1/details") {
		t.Error(err, asked)
	}
}

// client has an Altinn of its own, whose exchange gives numbered tokens.
func client(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	mux := http.NewServeMux()
	n := 0
	mux.HandleFunc("GET "+exchangePath, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer maskinporten" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		n++
		fmt.Fprintf(w, `"altinn-%d"`, n)
	})
	mux.HandleFunc("/", handler)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	c, err := New(Config{
		Base:            s.URL,
		Token:           func(context.Context) (string, error) { return "maskinporten", nil },
		SubscriptionKey: func() (string, error) { return "key", nil },
		Now:             func() time.Time { return day },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	person = "01415612381" // synthetic
	secret = "Vedtak om barnevern"
)

func letter(files ...string) Letter {
	l := Letter{
		Resource: "kommune-brev", Shipment: "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f0001",
		Recipient: shipment.Private(person), Title: secret,
		Text: Text{Body: "Du har fått brev fra kommunen."}, Due: day.AddDate(0, 0, 14), Notify: true,
	}
	for _, f := range files {
		text := strings.Repeat(f, 3)
		l.Attachments = append(l.Attachments, Attachment{
			Name: shipment.Private(f), Bytes: int64(len(text)),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
		})
	}
	return l
}

// TestCreateSendsFieldsAndFiles: what is sent is what Altinn reads, the token is exchanged once, and one that is refused is exchanged
// anew with the letter sent again from its beginning.
func TestCreateSendsFieldsAndFiles(t *testing.T) {
	t.Parallel()
	tries := 0
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		tries++
		if r.ContentLength <= 0 {
			t.Error("no length")
		}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			t.Error(err)
		}
		if r.Header.Get("Authorization") == "Bearer altinn-1" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		for field, want := range map[string]string{
			"Recipients[0]":                                    "urn:altinn:person:identifier-no:" + person,
			"Correspondence.Content.MessageTitle":              secret,
			"Correspondence.Content.Attachments[1].FileName":   "b (2).PDF",
			"Correspondence.DueDateTime":                       "2026-11-16T09:00:00Z",
			"Correspondence.Notification.NotificationTemplate": "GenericAltinnMessage",
			"Correspondence.SendersReference":                  "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f0001",
			"IdempotentKey":                                    IdempotentKey("kommune-brev", "0b7a1f0e-52a5-5d0c-8f39-0c6a6b3f0001"),
		} {
			if got := r.FormValue(field); got != want {
				t.Errorf("%s is %q, should be %q", field, got, want)
			}
		}
		files := r.MultipartForm.File["Attachments"]
		if len(files) != 2 || files[1].Filename != "b (2).PDF" || files[1].Size != 15 {
			t.Errorf("%+v", files)
		}
		if r.Header.Get("Ocp-Apim-Subscription-Key") != "key" {
			t.Error("no subscription key")
		}
		_, _ = io.WriteString(w, `{"correspondences":[{"correspondenceId":"6d0f2b0e-0000-4000-8000-000000000001","status":"Initialized","notifications":[]}],"attachmentIds":[]}`)
	})
	for range 2 {
		if id, err := c.Create(t.Context(), letter("b.pdf", "b.PDF")); err != nil || !strings.HasPrefix(id, "6d0f2b0e") {
			t.Fatal(id, err)
		}
	}
	if tries != 3 {
		t.Errorf("%d requests", tries)
	}
}

// TestErrorsOfAltinn: each number means what is to be done about it, and no word of Altinn's is repeated.
func TestErrorsOfAltinn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status, code int
		class        Class
		is           error
		what         What
		cause        string
	}{
		{422, 1030, OfLetter, ErrReserved, IsReserved, CauseReserved},
		{404, 1029, OfLetter, ErrUnknownRecipient, Undeliverable, CauseNoRecipient},
		{400, 1044, OfLetter, ErrMissingRole, Undeliverable, CauseMissingRole},
		{400, 1002, OfLetter, nil, Undeliverable, CauseRefused},
		{500, 1032, Temporary, nil, Waiting, ""},
		{503, 0, Temporary, nil, Waiting, ""},
		{429, 0, Temporary, nil, Waiting, ""},
		{400, 1036, Setup, nil, Waiting, ""},
		{400, 9999, Setup, nil, Waiting, ""},
		{401, 0, Setup, nil, Waiting, ""},
		{403, 0, Setup, nil, Waiting, ""},
		{302, 0, Setup, nil, Waiting, ""},
	} {
		cl := client(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://example.org/"+person)
			w.WriteHeader(c.status)
			fmt.Fprintf(w, `{"title":%q,"detail":"Recipient %s has reserved","errorCode":%d}`, secret, person, c.code)
		})
		_, err := cl.Create(t.Context(), letter("a.pdf"))
		if ClassOf(err) != c.class || c.is != nil && !errors.Is(err, c.is) || err == nil {
			t.Errorf("%d/%d: %v is of class %d", c.status, c.code, err, ClassOf(err))
		}
		if strings.Contains(fmt.Sprintf("%v %+v", err, err), person) || strings.Contains(err.Error(), secret) {
			t.Errorf("%d/%d tells what is private: %v", c.status, c.code, err)
		}
		said, ok := Refused(err, "s1", day)
		if ok != (c.what != Waiting) || said.What != c.what || said.Cause != c.cause {
			t.Errorf("%d/%d: %+v", c.status, c.code, said)
		}
	}
}

// TestDuplicateIsFound: a letter whose answer was lost is found by our reference; one that another request is about to make is
// asked for later.
func TestDuplicateIsFound(t *testing.T) {
	t.Parallel()
	ids := ""
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusConflict)
			_, _ = io.WriteString(w, `{"code":"CORR-01034"}`)
			return
		}
		if q := r.URL.Query(); q.Get("sendersReference") != letter().Shipment || q.Get("role") != "Sender" || q.Get("resourceId") != "kommune-brev" {
			t.Error(q)
		}
		fmt.Fprintf(w, `{"ids":[%s]}`, ids)
	})
	if _, err := c.Create(t.Context(), letter("a.pdf")); err == nil || ClassOf(err) != Temporary {
		t.Error(err)
	}
	ids = `"6d0f2b0e-0000-4000-8000-000000000001"`
	if id, err := c.Create(t.Context(), letter("a.pdf")); err != nil || id != strings.Trim(ids, `"`) {
		t.Error(id, err)
	}
}

func TestTitlesAndNamesAsAltinnTakesThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" Vedtak  om\nskoleplass ":    "Vedtak om skoleplass",
		"# Sak 2026/17 [UO] *haster*": "Sak 2026/17 (UO) haster",
		"<b>Melding</b>":              "(b)Melding(/b)",
		"saks_nr":                     "saks nr",
		"***":                         "",
	} {
		if got := Title(shipment.Private(in)); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
	if got := Title(shipment.Private(strings.Repeat("😀", 300))); units(got) != 255 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d units", units(got))
	}
	as := letter("con.pdf", "a/b.pdf", "a_b.pdf", "uten endelse", "x. ", "", strings.Repeat("å", 300)+".pdf").Attachments
	want := []string{"dokument con.pdf", "a_b.pdf", "a_b (2).pdf", "uten endelse.pdf", "x.pdf", "dokument.pdf", strings.Repeat("å", 251) + ".pdf"}
	if got := fileNames(as); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestWebhookOnlyAsks: an event makes us ask about a letter, whatever else stands in it, and who does not know the path gets nothing.
func TestWebhookOnlyAsks(t *testing.T) {
	t.Parallel()
	var asked []Event
	fail := false
	h := Webhook("hemmelig-sti", func(_ context.Context, e Event) error {
		if fail {
			return errors.New("no")
		}
		asked = append(asked, e)
		return nil
	})
	post := func(path, body string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(body)))
		return w.Code
	}
	const id = "6d0f2b0e-0000-4000-8000-000000000001"
	event := func(kind string) string {
		return `{"specversion":"1.0","id":"1","type":"no.altinn.correspondence.` + kind + `","time":"2026-11-02T10:00:00Z","resourceinstance":"` + id + `","subject":"/person/` + person + `"}`
	}
	for _, c := range []struct {
		path, body string
		want       int
		asks       bool
	}{
		{"/altinn/hemmelig-sti", event("correspondencereceiverread"), 200, true},
		{"/altinn/hemmelig-sti", event("correspondencenotificationcreationfailed"), 200, true},
		{"/altinn/hemmelig-sti", event("whatever"), 200, true},
		{"/altinn/hemmelig-sti", `{"type":"platform.events.validatesubscription","id":"x"}`, 200, false},
		{"/altinn/hemmelig-sti", `{"type":"no.altinn.broker.published","resourceinstance":"` + id + `"}`, 200, false},
		{"/altinn/hemmelig-sti", `{"type":"no.altinn.correspondence.x","resourceinstance":"../../` + id + `"}`, 200, false},
		{"/altinn/hemmelig-sti", `[]`, 400, false},
		{"/altinn/hemmelig-sti", `{"type":"` + strings.Repeat("x", mostEvent) + `"}`, 400, false},
		{"/altinn/hemmelig", event("correspondencereceiverread"), 404, false},
		{"/", event("correspondencereceiverread"), 404, false},
	} {
		before := len(asked)
		if got := post(c.path, c.body); got != c.want || (len(asked) > before) != c.asks {
			t.Errorf("%s %.60s: %d, asked %d", c.path, c.body, got, len(asked)-before)
		}
	}
	if !asked[1].Hint().NoOrder || asked[0].Hint().NoOrder {
		t.Error("the hint is lost")
	}
	fail = true
	if got := post("/altinn/hemmelig-sti", event("correspondencepublished")); got != 503 {
		t.Errorf("%d though it was not noted", got)
	}
	w := httptest.NewRecorder()
	Webhook("", nil).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(event("x"))))
	if w.Code != 404 {
		t.Error("an empty secret opens the door")
	}
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for base, ok := range map[string]bool{
		Production: true, Test + "/": true, "http://127.0.0.1:8080": true, "http://localhost:1": true,
		"http://platform.altinn.no": false, "https://platform.altinn.no/correspondence": false, "": false, "platform.altinn.no": false,
	} {
		_, err := New(Config{Base: base, Token: func(context.Context) (string, error) { return "", nil }, SubscriptionKey: func() (string, error) { return "", nil }})
		if (err == nil) != ok {
			t.Errorf("%s: %v", base, err)
		}
	}
	if err := (Text{Body: "x", MailSubject: "a"}).Check(); err == nil {
		t.Error("half a notification is taken")
	}
}
