// Package rest speaks KS SvarUt's REST V3 and V2: it reads their multipart hand-ins, translates V3 into the words of forsendelse.json,
// and answers in their forms. All else is the door's (engine/intake/door).
//
// It is as tolerant as the clients that exist force it to be: the official one sends its JSON as text/plain, in chunks, and ends the
// path of V2 with a slash; others give the JSON no type at all. So no type of a part and no Content-Length is asked for, and the names
// of the documents' parts mean nothing.
package rest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/engine/access"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
	"postgang/engine/words"
)

// maxBody limits the bodies of everything but hand-ins.
const maxBody = 1 << 20

// Handler answers below a prefix, e.g. "/api", as SvarUt answers below https://svarut.ks.no/api.
func Handler(d *door.Door, prefix string) http.Handler {
	h := &handler{door: d, prefix: strings.TrimSuffix(prefix, "/")}
	mux := http.NewServeMux()
	on := func(method, path string, fn func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem) {
		mux.HandleFunc(method+" "+h.prefix+path, func(w http.ResponseWriter, r *http.Request) {
			c, p := d.Bearer(r)
			if p == nil {
				p = fn(w, r, c)
			}
			if p != nil {
				h.fail(w, r, p)
			}
		})
	}
	for _, kind := range []string{kindPerson, kindOrganisation, kindPrint} {
		on("POST", "/v3/kontoer/{konto}/forsendelser/"+kind, func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
			return h.send(w, r, c, access.RestV3, func(forsendelse []byte) ([]byte, []shipment.Refusal) { return canonical(forsendelse, kind) })
		})
	}
	on("POST", "/v3/kontoer/{konto}/forsendelser/nhn", func(http.ResponseWriter, *http.Request, door.Caller) *door.Problem {
		return door.NewProblem(http.StatusNotImplemented, "nhn", "Forsendelser til Norsk helsenett tas ikke imot her.")
	})
	on("POST", "/v3/kontoer/{konto}/forsendelser/status/sok", h.statusV3)

	sendV2 := func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
		return h.send(w, r, c, access.RestV2, nil)
	}
	on("POST", "/v2/kontoer/{konto}/forsendelser", sendV2)
	on("POST", "/v2/kontoer/{konto}/forsendelser/{$}", sendV2)
	on("GET", "/v2/kontoer/{konto}/forsendelser", h.referenced)
	on("GET", "/v2/kontoer/{konto}/forsendelser/metadata", h.referencedMetadata)
	on("POST", "/v2/kontoer/{konto}/forsendelser/status-sok", h.statusV2)
	on("GET", "/v2/forsendelser/{id}/hendelser", h.events)
	on("GET", "/v2/forsendelser/{id}/signeringshendelser", h.signingEvents)
	on("POST", "/v2/forsendelser/{id}/lest", h.read)
	on("DELETE", "/v2/forsendelser/{id}/dokumenter", h.remove)
	on("GET", "/v2/forsendelser/{id}/metadata", h.metadata)
	on("GET", "/v2/forsendelsestyper", func(w http.ResponseWriter, _ *http.Request, _ door.Caller) *door.Problem {
		return answer(w, map[string]any{"forsendelsestyper": []string{}}) // no receiving system is connected here
	})
	on("GET", "/v2/mottakersystem", func(w http.ResponseWriter, _ *http.Request, _ door.Caller) *door.Problem {
		return answer(w, map[string]any{"mottakersystemer": []string{}})
	})
	mux.HandleFunc(h.prefix+"/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, door.NewProblem(http.StatusNotFound, "adresse-ukjent", "Adressen finnes ikke i SvarUts REST V2 eller V3."))
	})
	return mux
}

type handler struct {
	door   *door.Door
	prefix string
}

// errorMessage is SvarUt's body of errors. errorJson is left out: clients disagree on its type.
type errorMessage struct {
	Timestamp    int64          `json:"timestamp"` // Unix milliseconds
	Status       int            `json:"status"`
	Error        string         `json:"error"`
	ErrorID      string         `json:"errorId"`
	Path         string         `json:"path"`
	OriginalPath string         `json:"originalPath"`
	Message      string         `json:"message"`
	ErrorCode    string         `json:"errorCode"`
	Reasons      []words.Reason `json:"feil,omitempty"` // ours: all that is wrong, one by one
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, p *door.Problem) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	id := uuid.NewString()
	h.door.Log.Info("a request was not done", "path", shownPath(r), "status", p.Status, "code", p.Code, "error_id", id)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(errorMessage{ // who asked may be gone
		Timestamp: h.door.Now().UnixMilli(), Status: p.Status, Error: http.StatusText(p.Status), ErrorID: id, Path: r.URL.Path, OriginalPath: r.URL.Path,
		Message: p.Text, ErrorCode: p.Code, Reasons: p.Reasons,
	})
}

// shownPath is the pattern that took a request: the path itself may hold anything.
func shownPath(r *http.Request) string { return r.Pattern }

func answer(w http.ResponseWriter, v any) *door.Problem {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who asked may be gone
	return nil
}

// send takes a hand-in: the part "forsendelse", then the documents.
func (h *handler) send(w http.ResponseWriter, r *http.Request, c door.Caller, dialect access.Dialect, translate door.Translation) *door.Problem {
	account, p := h.door.Account(c, r.PathValue("konto"))
	if p != nil {
		return p
	}
	id, p := h.door.TakeForm(r, c, account, dialect, door.Identity{Key: r.Header.Get("Idempotency-Key")}, translate)
	if p != nil {
		if dialect == access.RestV3 {
			p = p.Renamed(inV3)
		}
		return p
	}
	return answer(w, map[string]string{"id": id})
}

// bodyProblem is the problem of a body that cannot be read.
func (h *handler) bodyProblem(err error) *door.Problem { return h.door.ReadProblem(err) }

// read is a JSON body of anything but a hand-in, into v.
func (h *handler) body(r *http.Request, v any) *door.Problem {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return h.bodyProblem(err)
	}
	if len(data) > maxBody {
		return door.NewProblem(http.StatusRequestEntityTooLarge, "for-stor", "Innholdet er for stort.")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return door.NewProblem(http.StatusBadRequest, "json-feil", "Innholdet er ikke JSON slik det er beskrevet.")
	}
	return nil
}

type status struct {
	ID      string    `json:"id"`
	Changed time.Time `json:"sisteStatusEndring"`
	Status  string    `json:"status"`
}

func (h *handler) statuses(w http.ResponseWriter, r *http.Request, c door.Caller, ids []string, word func(door.StatusOf) string) *door.Problem {
	if _, p := h.door.Account(c, r.PathValue("konto")); p != nil {
		return p
	}
	found, p := h.door.Statuses(r.Context(), c, ids)
	if p != nil {
		return p
	}
	out := make([]status, 0, len(found))
	for _, s := range found {
		out = append(out, status{s.ID, s.Changed, word(s)})
	}
	return answer(w, struct {
		Statuses []status `json:"statuser"`
	}{out})
}

func (h *handler) statusV2(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	var ask struct {
		IDs []string `json:"forsendelseIds"`
	}
	if p := h.body(r, &ask); p != nil {
		return p
	}
	return h.statuses(w, r, c, ask.IDs, func(s door.StatusOf) string { return string(s.Old()) })
}

func (h *handler) statusV3(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	var ask struct {
		IDs []string `json:"id"`
	}
	if p := h.body(r, &ask); p != nil {
		return p
	}
	account, p := h.door.Account(c, r.PathValue("konto"))
	if p != nil {
		return p
	}
	return h.statuses(w, r, c, ask.IDs, func(s door.StatusOf) string {
		if s.Status == shipment.StatusVarslet && !h.door.OldStatuses[account.Key] {
			return "LEVERT_ALTINN"
		}
		return string(s.Status)
	})
}

func (h *handler) byReference(r *http.Request, c door.Caller) ([]shipment.Shipment, *door.Problem) {
	account, p := h.door.Account(c, r.PathValue("konto"))
	if p != nil {
		return nil, p
	}
	reference := r.URL.Query().Get("eksternRef")
	if reference == "" {
		return nil, door.NewProblem(http.StatusBadRequest, "eksternref-mangler", "Parameteren eksternRef mangler.")
	}
	return h.door.Referenced(r.Context(), account, reference)
}

func (h *handler) referenced(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	list, p := h.byReference(r, c)
	if p != nil {
		return p
	}
	ids := []string{}
	for _, s := range list {
		ids = append(ids, s.ID)
	}
	return answer(w, map[string]any{"forsendelseIds": ids})
}

func (h *handler) referencedMetadata(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	list, p := h.byReference(r, c)
	if p != nil {
		return p
	}
	type one struct {
		ID     string    `json:"id"`
		Date   time.Time `json:"dato"`
		System string    `json:"avgivendeSystem,omitempty"`
		Status string    `json:"status"`
	}
	out := []one{}
	for _, s := range list {
		out = append(out, one{s.ID, s.ReceivedAt, s.Submission.SendingSystem, string(s.Status)})
	}
	return answer(w, map[string]any{"forsendelser": out})
}

func (h *handler) events(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	events, _, p := h.door.History(r.Context(), s.ID)
	if p != nil {
		return p
	}
	type one struct {
		At   time.Time `json:"tidspunkt"`
		What string    `json:"hendelse"`
	}
	out := []one{}
	for _, e := range events {
		out = append(out, one{e.At, words.Event(e, words.Norwegian)})
	}
	return answer(w, map[string]any{"hendelser": out})
}

func (h *handler) signingEvents(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	if _, p := h.door.Shipment(r.Context(), c, r.PathValue("id")); p != nil {
		return p
	}
	return answer(w, map[string]any{"hendelser": []string{}}) // nothing is signed here
}

func (h *handler) read(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	var ask struct {
		At string `json:"tidspunkt"`
	}
	if p := h.body(r, &ask); p != nil {
		return p
	}
	at, err := time.Parse(time.RFC3339, ask.At)
	if err != nil {
		return door.NewProblem(http.StatusBadRequest, "lest-tidspunkt", "Feltet tidspunkt mangler eller er ikke et tidspunkt med tidssone, som 2026-01-31T12:00:00+01:00.")
	}
	if p := h.door.Read(r.Context(), c, s, shipment.DigitalEvent{At: at, Key: "lest " + s.ID + " " + at.UTC().Format(time.RFC3339Nano)}); p != nil {
		return p
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// remove erases the content of a shipment. Both kinds of slettetype do the same: there is nothing beside the originals that recipients read.
func (h *handler) remove(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	switch r.URL.Query().Get("slettetype") {
	case "", "ORIGINALDOKUMENTER", "ALLE":
	default:
		return door.NewProblem(http.StatusBadRequest, "slettetype", "Parameteren slettetype må være ORIGINALDOKUMENTER eller ALLE.")
	}
	if p := h.door.Erase(r.Context(), c, s); p != nil {
		return p
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *handler) metadata(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	_, docs, p := h.door.History(r.Context(), s.ID)
	if p != nil {
		return p
	}
	type one struct {
		Name     string `json:"filnavn"`
		Mime     string `json:"mimeType"`
		Type     string `json:"dokumentType"`
		Bytes    int64  `json:"storrelse"`
		SHA256   string `json:"sha256Hash"`
		Signed   bool   `json:"kanSigneres"`
		Download string `json:"nedlasningUrl"`
	}
	out := []one{}
	for _, d := range docs {
		kind := ""
		if d.Position < len(s.Submission.Documents) {
			kind = s.Submission.Documents[d.Position].DocumentType
		}
		out = append(out, one{d.FileName.Reveal(), d.MimeType, kind, d.Blob.Bytes, d.Blob.SHA256, false, ""})
	}
	return answer(w, map[string]any{"dokumenter": out})
}
