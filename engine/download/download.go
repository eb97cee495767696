// Package download is the page on which a recipient who was notified opens the letter (nedlastingstjeneste): after log-in, for the
// recipient alone or who acts for the organisation, at level 4 where the sender asks for it, and for three months. A letter is read
// (LEST) when all its documents have been delivered, each of them whole.
package download

import (
	"context"
	_ "embed"
	"errors"
	"html/template"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/calendar"
	"postgang/engine/identity"
	"postgang/engine/login"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// OpenMonths is how long a letter can be opened after it was handed in.
const OpenMonths = 3

// Events takes what happens to a letter; *engine.Engine is one.
type Events interface {
	Event(ctx context.Context, e shipment.DigitalEvent) error
}

// Config is what the page is made of.
type Config struct {
	Archive store.Archive
	Blobs   store.Blobs
	Events  Events
	Login   *login.Client
	// HighLevel is the acr of level 4, e.g. "idporten-loa-high"; Level is asked for otherwise, empty: any.
	HighLevel, Level string
	// Sender is the name of a letter's sender.
	Sender func(ctx context.Context, s shipment.Shipment) string
	Now    func() time.Time
	Log    *slog.Logger
}

// Path is below which letters are opened: Path + "/" + the shipment's id.
const Path = "/les"

//go:embed page.html
var pageText string

//go:embed style.css
var style []byte

var page = template.Must(template.New("page").Parse(pageText))

type handler struct{ Config }

// Handler answers below Path and login.Path.
func Handler(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	h := &handler{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"/stil.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=3600")
		_, _ = w.Write(style) // who asked may be gone
	})
	mux.HandleFunc("GET "+Path+"/{id}", h.letter)
	mux.HandleFunc("GET "+Path+"/{id}/{document}", h.document)
	mux.HandleFunc("POST "+login.Path+"/ut", h.out)
	mux.HandleFunc("GET "+login.Path+"/svar", h.answer)
	mux.HandleFunc("GET "+login.Path+"/avslutt", h.end)
	return mux
}

// view is what the page shows.
type view struct {
	Title, Text string
	LogIn       string // address of the log-in; empty: none is offered
	LoggedIn    bool
	Sender      string
	Subject     string
	Received    string
	Until       string
	Documents   []documentView
}

type documentView struct {
	Address, Name string
	Size          string
}

func (h *handler) show(w http.ResponseWriter, status int, v view) {
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = page.Execute(w, v) // who asked may be gone
}

var idForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// notThere answers alike for letters that are not there, that are others', and that cannot be opened: an id tells nothing.
func (h *handler) notThere(w http.ResponseWriter, loggedIn bool) {
	h.show(w, http.StatusNotFound, view{Title: "Brevet kan ikke åpnes", LoggedIn: loggedIn,
		Text: "Enten finnes ikke brevet, eller så er det til noen andre enn den du er logget inn som, eller så er det ikke lenger mulig å åpne det her. Et brev kan åpnes i tre måneder. Ta kontakt med avsenderen om du mener at dette er feil."})
}

func (h *handler) fault(w http.ResponseWriter, what string, err error) {
	h.Log.Error(what, "error", err)
	h.show(w, http.StatusInternalServerError, view{Title: "Noe gikk galt hos oss", Text: "Prøv igjen om litt."})
}

// open finds the letter of a request, once its recipient has logged in; ok is false when the answer is given already.
func (h *handler) open(w http.ResponseWriter, r *http.Request) (s shipment.Shipment, ok bool) {
	id := r.PathValue("id")
	if !idForm.MatchString(id) {
		h.notThere(w, false)
		return s, false
	}
	ctx := r.Context()
	s, err := store.View(ctx, h.Archive, func(rd store.Reader) (shipment.Shipment, error) { return rd.Shipment(ctx, id) })
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		h.fault(w, "look up a letter", err)
		return s, false
	}
	there := err == nil
	level := h.Level
	if there && s.Submission.RequireLevel4 {
		level = h.HighLevel
	}
	session, err := h.Login.Session(r)
	if errors.Is(err, login.ErrNone) || err == nil && level != "" && session.Level != level && session.Level != h.HighLevel {
		if err := h.Login.Begin(w, r, Path+"/"+id, level); err != nil {
			h.Log.Error("begin a log-in", "error", err)
			h.show(w, http.StatusServiceUnavailable, view{Title: "Innloggingen svarer ikke", Text: "Prøv igjen om litt."})
		}
		return s, false
	}
	if err != nil {
		h.fault(w, "look up a session", err)
		return s, false
	}
	if !there || s.Submission.RequireLevel4 && h.HighLevel == "" || !h.mayOpen(session, s) {
		h.notThere(w, true)
		return s, false
	}
	return s, true
}

// mayOpen reports whether a letter is this person's, and can still be opened.
func (h *handler) mayOpen(session login.Session, s shipment.Shipment) bool {
	switch s.Status {
	case shipment.StatusMottatt, shipment.StatusAvvist, shipment.StatusFeiletUnderMotta, shipment.StatusSlettet:
		return false
	default:
	}
	if s.Submission.PrintOnly || !h.Now().Before(until(s)) {
		return false
	}
	number := identity.StripSpaces(s.Submission.Recipient.DigitalID.Reveal())
	if number == "" {
		return false
	}
	hash := h.Login.Hash(number)
	return hash == session.Person || slices.Contains(session.Organisations, hash)
}

// until is when a letter can be opened no longer.
func until(s shipment.Shipment) time.Time { return s.ReceivedAt.AddDate(0, OpenMonths, 0) }

func (h *handler) documents(ctx context.Context, s shipment.Shipment) ([]shipment.Document, error) {
	return store.View(ctx, h.Archive, func(r store.Reader) ([]shipment.Document, error) { return r.Documents(ctx, s.ID) })
}

func (h *handler) letter(w http.ResponseWriter, r *http.Request) {
	s, ok := h.open(w, r)
	if !ok {
		return
	}
	docs, err := h.documents(r.Context(), s)
	if err == nil {
		err = h.settle(r.Context(), s.ID)
	}
	if err != nil {
		h.fault(w, "look up documents", err)
		return
	}
	day := func(t time.Time) string { return t.In(calendar.Oslo).Format("02.01.2006") }
	v := view{Title: "Brev til deg", LoggedIn: true, Sender: h.Sender(r.Context(), s), Subject: s.Submission.Title.Reveal(), Received: day(s.ReceivedAt), Until: day(until(s).Add(-time.Second))}
	for _, d := range docs {
		v.Documents = append(v.Documents, documentView{Path + "/" + s.ID + "/" + strconv.Itoa(d.Position+1), d.FileName.Reveal(), size(d.Blob.Bytes)})
	}
	h.show(w, http.StatusOK, v)
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " byte"
	case n < 1<<20:
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strings.Replace(strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64), ".", ",", 1) + " MB"
}

func (h *handler) document(w http.ResponseWriter, r *http.Request) {
	s, ok := h.open(w, r)
	if !ok {
		return
	}
	docs, err := h.documents(r.Context(), s)
	if err != nil {
		h.fault(w, "look up documents", err)
		return
	}
	n, err := strconv.Atoi(r.PathValue("document"))
	at := slices.IndexFunc(docs, func(d shipment.Document) bool { return d.Position+1 == n })
	if err != nil || at < 0 {
		h.notThere(w, true)
		return
	}
	d := docs[at]
	blob, err := h.Blobs.Open(r.Context(), d.Blob)
	if err != nil {
		h.fault(w, "open a document", err)
		return
	}
	defer blob.Close()
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	if shipment.IsPDF(d.MimeType) {
		header.Set("Content-Type", shipment.MimePDF)
	}
	header.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.FileName.Reveal()}))
	header.Set("Content-Length", strconv.FormatInt(blob.Size(), 10))
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	sent, err := io.Copy(w, io.NewSectionReader(blob, 0, blob.Size()))
	if err == nil {
		err = http.NewResponseController(w).Flush() // what waits in a buffer has not been delivered
	}
	if err != nil || sent != blob.Size() || r.Context().Err() != nil {
		h.Log.Info("a document was not delivered whole", "shipment", s.ID, "bytes", sent)
		return
	}
	// The person has it: that is recorded even if they are gone by now.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), time.Minute)
	defer cancel()
	if err := h.delivered(ctx, s, d); err != nil {
		h.Log.Error("a document was read, and that could not be recorded: the letter may go to paper", "shipment", s.ID, "error", err)
	}
}

// deliveredKey is the identity of the event that a document was delivered: twice is once.
func deliveredKey(d shipment.Document) string {
	return "nedlasting:" + d.Shipment + ":" + strconv.Itoa(d.Position+1)
}

// delivered records that a document was delivered whole, and the letter as read with its last one.
func (h *handler) delivered(ctx context.Context, s shipment.Shipment, d shipment.Document) error {
	now := h.Now()
	err := h.Archive.InTx(ctx, func(tx store.Tx) error {
		s, err := tx.Shipment(ctx, s.ID)
		if err != nil {
			return err
		}
		return tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: now, Kind: shipment.EventDelivered, From: s.Status, To: s.Status, Key: deliveredKey(d)})
	})
	if err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	return h.settle(ctx, s.ID)
}

// settle records a letter as read once all its documents have been delivered. It may be called at any time: what was cut off between the
// last document and this is found the next time the letter is opened.
func (h *handler) settle(ctx context.Context, id string) error {
	var left int
	var last time.Time
	err := h.Archive.View(ctx, func(r store.Reader) error {
		docs, err := r.Documents(ctx, id)
		if err != nil {
			return err
		}
		events, err := r.History(ctx, id)
		seen := map[string]bool{}
		for _, e := range events {
			if e.Kind == shipment.EventDelivered {
				seen[e.Key], last = true, e.At
			}
		}
		for _, d := range docs {
			if !seen[deliveredKey(d)] {
				left++
			}
		}
		return err
	})
	if err != nil || left > 0 || last.IsZero() {
		return err
	}
	return h.Events.Event(ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalRead, At: last, Key: "nedlasting:" + id})
}

// answer takes what a person brings back from the provider.
func (h *handler) answer(w http.ResponseWriter, r *http.Request) {
	to, err := h.Login.Answer(w, r)
	if err == nil {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	h.Log.Info("a log-in did not succeed", "why", err)
	v := view{Title: "Du er ikke logget inn", LogIn: to, Text: "Innloggingen ble ikke fullført. Prøv igjen."}
	if errors.Is(err, login.ErrLevel) {
		v.Text = "Brevet krever innlogging på det høyeste sikkerhetsnivået, for eksempel med BankID. Prøv igjen."
	}
	h.show(w, http.StatusForbidden, v)
}

func (h *handler) out(w http.ResponseWriter, r *http.Request) {
	if err := h.Login.End(w, r); err != nil {
		h.fault(w, "end a session", err)
		return
	}
	h.show(w, http.StatusOK, view{Title: "Du er logget ut"})
}

// end is the provider's word that its session is over.
func (h *handler) end(w http.ResponseWriter, r *http.Request) {
	if err := h.Login.EndAt(r); err != nil && !errors.Is(err, login.ErrState) {
		h.Log.Error("end the sessions of a provider", "error", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// Sessions keeps log-ins in the archive.
type Sessions struct{ Archive store.Archive }

// View reads log-ins.
func (s Sessions) View(ctx context.Context, fn func(r login.Reader) error) error {
	return s.Archive.View(ctx, func(r store.Reader) error { return fn(r) })
}

// InTx changes log-ins.
func (s Sessions) InTx(ctx context.Context, fn func(w login.Writer) error) error {
	return s.Archive.InTx(ctx, func(tx store.Tx) error { return fn(tx) })
}
