package altinn

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Event is one that Altinn sends. Its subject, which names a person or an organisation, is not read.
type Event struct {
	ID             string    // of the event; not needed to know it again, since it only makes us ask
	Type           string    // "no.altinn.correspondence.…"
	Time           time.Time // when
	Correspondence string    // which letter: the id that [Client.Create] gave
}

// Types of events that say more than that it is time to ask.
const (
	typePrefix   = "no.altinn.correspondence."
	validateType = "platform.events.validatesubscription"
	noOrderType  = typePrefix + "correspondencenotificationcreationfailed"
)

// Hint is what the event says that the answer to a question cannot tell.
func (e Event) Hint() Hint { return Hint{NoOrder: e.Type == noOrderType} }

// errEvent says that a body is no event of Altinn's.
var errEvent = errors.New("not a CloudEvent of Altinn")

// mostEvent bounds an event: they have some hundred bytes.
const mostEvent = 64 << 10

func parseEvent(body []byte) (Event, error) {
	var e struct {
		ID       string    `json:"id"`
		Type     string    `json:"type"`
		Time     time.Time `json:"time"`
		Instance string    `json:"resourceinstance"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Type == "" {
		return Event{}, errEvent
	}
	return Event{ID: e.ID, Type: strings.ToLower(e.Type), Time: e.Time, Correspondence: strings.ToLower(e.Instance)}, nil
}

// Webhook answers Altinn's events. The last element of the path must be secret, since events are not signed; ask is told which
// letter to ask about, and must only note it: the answer must come soon, and what is not answered 200 comes again.
//
// A question about a letter that is not ours is asked for nothing: ask knows its letters.
func Webhook(secret string, ask func(ctx context.Context, e Event) error) http.Handler {
	want := sha256.Sum256([]byte(secret))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(path.Base(r.URL.Path)))
		if secret == "" || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostEvent))
		if err != nil {
			http.Error(w, "too long, or cut off", http.StatusBadRequest)
			return
		}
		e, err := parseEvent(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		// What is none of ours is answered all the same, so that it does not come again eleven times.
		if e.Type != validateType && strings.HasPrefix(e.Type, typePrefix) && uuid.Validate(e.Correspondence) == nil {
			if err := ask(r.Context(), e); err != nil {
				http.Error(w, "try again", http.StatusServiceUnavailable)
				return
			}
		}
		w.WriteHeader(http.StatusOK)
	})
}

// Subscribe has Altinn send the events of a resource to an address. Altinn first sends one that must be answered 200, so that the
// webhook must be reachable. The same again changes nothing.
func (c *Client) Subscribe(ctx context.Context, endpoint, resource string) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	body, err := json.Marshal(map[string]string{"endPoint": endpoint, "resourceFilter": "urn:altinn:resource:" + resource})
	if err != nil {
		return err
	}
	status, answer, err := c.call(ctx, "subscribe", http.MethodPost, subscriptionPath, "application/json", bytesBody(body))
	if err != nil {
		return err
	}
	if status != http.StatusOK && status != http.StatusCreated {
		return problem("subscribe", status, answer)
	}
	return nil
}
