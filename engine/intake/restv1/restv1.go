// Package restv1 speaks KS SvarUt's REST V1: hand-ins with Basic authentication, in names that were written otherwise before V2. It
// translates them into the words of forsendelse.json; all else is the door's (engine/intake/door).
//
// V1 names no account: the caller's first is meant. An id of startNyForsendelse is a number that was drawn and nothing more: nothing is
// stored for it until the content has come, and until then asking for it finds nothing.
package restv1

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/engine/access"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
	"postgang/engine/words"
)

// Bases are the paths that V1 answers below: SvarUt's own, and a misspelling that clients are known to have.
var Bases = []string{"/tjenester/api/forsendelse/v1", "/tenjester/api/forsendelse/v1"}

// maxBody limits the bodies of everything but hand-ins.
const maxBody = 1 << 20

// Handler answers below Bases.
func Handler(d *door.Door) http.Handler {
	h := &handler{door: d}
	mux := http.NewServeMux()
	for _, base := range Bases {
		on := func(method, path string, fn func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem) {
			mux.HandleFunc(method+" "+base+path, func(w http.ResponseWriter, r *http.Request) { h.as(w, r, fn) })
		}
		on("POST", "/startNyForsendelse", func(w http.ResponseWriter, _ *http.Request, _ door.Caller) *door.Problem {
			return answer(w, identity{uuid.NewString()})
		})
		on("POST", "/sendForsendelse", func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
			return h.send(w, r, c, door.Identity{Key: r.Header.Get("Idempotency-Key")})
		})
		on("POST", "/{id}/sendForsendelse", func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
			return h.send(w, r, c, door.Identity{ID: r.PathValue("id")})
		})
		on("GET", "/{id}/status", h.status)
		on("POST", "/statuser", h.statuses)
		on("GET", "/{id}/historikk", h.events)
		on("GET", "/{id}/dokumentMetadata", h.metadata)
		on("GET", "/{id}/signeringhistorikk", h.signing)
		on("POST", "/{id}/settLest", h.read)
		on("POST", "/slettFiler", h.remove)
		on("GET", "/forsendelseTyper", func(w http.ResponseWriter, _ *http.Request, _ door.Caller) *door.Problem {
			return answer(w, map[string]any{"forsendelseTyper": []string{}}) // no receiving system is connected here
		})
		on("GET", "/mottakersystem", systems)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		h.fail(w, r, door.NewProblem(http.StatusNotFound, "adresse-ukjent", "Adressen finnes ikke i SvarUts REST V1."))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A reference comes as it is, with slashes, dots and question marks in it: the mux would tidy it.
		for _, base := range Bases {
			if strings.HasPrefix(r.URL.Path, base+"/mottakersystem/") && r.Method == http.MethodGet {
				h.as(w, r, systems) // with a number, which the mux would take for an id
				return
			}
			if reference, is := strings.CutPrefix(r.URL.EscapedPath(), base+"/eksternref/"); is && r.Method == http.MethodGet {
				h.as(w, r, func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
					return h.referenced(w, r, c, reference)
				})
				return
			}
		}
		mux.ServeHTTP(w, r)
	})
}

// systems are the receiving systems that are connected here: none.
func systems(w http.ResponseWriter, _ *http.Request, _ door.Caller) *door.Problem {
	return answer(w, map[string]any{"treff": []string{}})
}

type handler struct{ door *door.Door }

// as does what is asked for as the caller.
func (h *handler) as(w http.ResponseWriter, r *http.Request, fn func(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem) {
	c, p := h.door.Basic(r)
	if p == nil {
		p = fn(w, r, c)
	}
	if p != nil {
		h.fail(w, r, p)
	}
}

// fail answers in V1's body of errors.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, p *door.Problem) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="SvarUt", charset="UTF-8"`)
	}
	h.door.Log.Info("a request was not done", "path", r.Pattern, "status", p.Status, "code", p.Code)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorcode": p.Code, "message": p.Text}) // who asked may be gone
}

func answer(w http.ResponseWriter, v any) *door.Problem {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // who asked may be gone
	return nil
}

// identity is V1's ForsendelsesId.
type identity struct {
	ID string `json:"id"`
}

func (h *handler) send(w http.ResponseWriter, r *http.Request, c door.Caller, i door.Identity) *door.Problem {
	account, p := h.door.Account(c, "")
	if p != nil {
		return p
	}
	id, p := h.door.TakeForm(r, c, account, access.RestV1, i, canonical)
	if p != nil {
		return p.Renamed(inV1)
	}
	return answer(w, identity{id})
}

// body is a JSON body of anything but a hand-in, read into v.
func (h *handler) body(r *http.Request, v any) *door.Problem {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return h.door.ReadProblem(err)
	}
	if len(data) > maxBody {
		return door.NewProblem(http.StatusRequestEntityTooLarge, "for-stor", "Innholdet er for stort.")
	}
	if err := json.Unmarshal(data, v); err != nil {
		return door.NewProblem(http.StatusBadRequest, "json-feil", "Innholdet er ikke JSON slik det er beskrevet.")
	}
	return nil
}

// statusOf is V1's ForsendelseStatus; times are Unix milliseconds.
type statusOf struct {
	ID      identity        `json:"forsendelsesId"`
	Changed int64           `json:"sisteStatusEndring"`
	Status  shipment.Status `json:"status"`
}

func (h *handler) found(r *http.Request, c door.Caller, ids []string) ([]statusOf, *door.Problem) {
	found, p := h.door.Statuses(r.Context(), c, ids)
	out := make([]statusOf, 0, len(found))
	for _, s := range found {
		out = append(out, statusOf{identity{s.ID}, s.Changed.UnixMilli(), s.Old()})
	}
	return out, p
}

func (h *handler) status(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	found, p := h.found(r, c, []string{r.PathValue("id")})
	switch {
	case p != nil:
		return p
	case len(found) == 0:
		return door.ErrUnknown
	}
	return answer(w, found[0])
}

func (h *handler) statuses(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	ids, p := h.ids(r)
	if p != nil {
		return p
	}
	found, p := h.found(r, c, ids)
	if p != nil {
		return p
	}
	return answer(w, map[string]any{"statuser": found})
}

// ids is a bare array of ids; each may be a text or {"id"}.
func (h *handler) ids(r *http.Request) ([]string, *door.Problem) {
	var raw []json.RawMessage
	if p := h.body(r, &raw); p != nil {
		return nil, p
	}
	var out []string
	for _, v := range raw {
		var id string
		if json.Unmarshal(v, &id) != nil {
			var wrapped identity
			if json.Unmarshal(v, &wrapped) != nil {
				return nil, door.NewProblem(http.StatusBadRequest, "json-feil", "Innholdet er ikke JSON slik det er beskrevet.")
			}
			id = wrapped.ID
		}
		out = append(out, id)
	}
	return out, nil
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
		At   string `json:"tidspunkt"`
		What string `json:"hendelse"`
	}
	out := []one{}
	for _, e := range events {
		out = append(out, one{door.ClockTime(e.At), words.Event(e, words.Norwegian)})
	}
	return answer(w, map[string]any{"hendelsesLogger": out})
}

func (h *handler) signing(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	return answer(w, map[string]any{"forsendelsesId": identity{s.ID}, "logg": []string{}}) // nothing is signed here
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
		Mime   string `json:"mimeType"`
		Name   string `json:"filnavn"`
		Signed bool   `json:"kanSigneres"`
		Bytes  int64  `json:"sizeInBytes"`
		SHA256 string `json:"sha256hash"`
		Type   string `json:"dokumentType,omitempty"`
	}
	out := []one{}
	for _, d := range docs {
		kind := ""
		if d.Position < len(s.Submission.Documents) {
			kind = s.Submission.Documents[d.Position].DocumentType
		}
		out = append(out, one{d.MimeType, d.FileName.Reveal(), false, d.Blob.Bytes, d.Blob.SHA256, kind})
	}
	return answer(w, map[string]any{"dokumentMetadata": out})
}

func (h *handler) read(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	s, p := h.door.Shipment(r.Context(), c, r.PathValue("id"))
	if p != nil {
		return p
	}
	var ask struct {
		At any `json:"datoLest"`
	}
	if p := h.body(r, &ask); p != nil {
		return p
	}
	e := shipment.DigitalEvent{}
	switch at := ask.At.(type) {
	case nil: // V1 allows no date, and once is enough then
		e.At, e.Key = h.door.Now(), "lest "+s.ID
	case float64:
		e.At = time.UnixMilli(int64(at)).UTC()
	case string:
		e.At, _ = time.Parse(time.RFC3339, at)
	}
	if e.At.IsZero() {
		return door.NewProblem(http.StatusBadRequest, "lest-tidspunkt", "Feltet datoLest må være millisekunder siden 1970, eller et tidspunkt med tidssone, som 2026-01-31T12:00:00+01:00.")
	}
	if e.Key == "" {
		e.Key = "lest " + s.ID + " " + e.At.UTC().Format(time.RFC3339Nano)
	}
	return h.door.Read(r.Context(), c, s, e) // nothing to say is 200 with an empty body
}

// remove erases the content of shipments, all or none: see door.Erase.
func (h *handler) remove(w http.ResponseWriter, r *http.Request, c door.Caller) *door.Problem {
	ids, p := h.ids(r)
	if p != nil {
		return p
	}
	var list []shipment.Shipment
	for _, id := range slices.Compact(ids) {
		s, p := h.door.Shipment(r.Context(), c, id)
		if p != nil {
			return p
		}
		list = append(list, s)
	}
	if p := h.door.Erase(r.Context(), c, list...); p != nil {
		return p
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// referenced finds shipments by the sender's own reference: all that stands behind the address, a question mark too.
func (h *handler) referenced(w http.ResponseWriter, r *http.Request, c door.Caller, escaped string) *door.Problem {
	reference, err := url.PathUnescape(escaped)
	if err != nil {
		reference = escaped
	}
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		query, err := url.PathUnescape(r.URL.RawQuery)
		if err != nil {
			query = r.URL.RawQuery
		}
		reference += "?" + query
	}
	account, p := h.door.Account(c, "")
	if p != nil {
		return p
	}
	found := []identity{}
	if reference != "" {
		list, p := h.door.Referenced(r.Context(), account, reference)
		if p != nil {
			return p
		}
		for _, s := range list {
			found = append(found, identity{s.ID})
		}
	}
	return answer(w, map[string]any{"forsendelseIder": found})
}
