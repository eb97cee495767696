package dpi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// status is eFormidling's status of a message.
type status struct {
	ID           int64     `json:"id"`
	Conversation string    `json:"conversationId"`
	Message      string    `json:"messageId"`
	Status       string    `json:"status"`
	Description  string    `json:"description"`
	Raw          string    `json:"rawReceipt"`
	At           time.Time `json:"lastUpdate"`
}

// Check peeks and removes nothing; for doctor. What was peeked at is hidden from others for some seconds.
func (c *EFormidling) Check(ctx context.Context) error {
	_, err := c.peek(ctx)
	return err
}

// Fetch takes the statuses that wait, as [Corner2.Fetch] does. A status that was peeked at and not removed is shown again after a
// while, so that what is not ours is left for others.
func (c *EFormidling) Fetch(ctx context.Context, take Taker) (Fetched, error) {
	var f Fetched
	seen := map[int64]bool{}
	for range mostStatus {
		s, err := c.peek(ctx)
		if err != nil || s == nil || seen[s.ID] {
			return f, err
		}
		seen[s.ID] = true
		r, err := s.receipt()
		if err != nil {
			f.Unread++
			continue
		}
		if err := take(ctx, r); errors.Is(err, ErrNotOurs) {
			f.NotOurs++
			continue
		} else if err != nil {
			return f, err
		}
		code, _, err := c.call(ctx, http.MethodDelete, "/api/statuses/"+strconv.FormatInt(s.ID, 10))
		if err == nil && code != http.StatusOK && code != http.StatusNoContent && code != http.StatusNotFound {
			err = fmt.Errorf("%w: HTTP %d", ErrUnavailable, code)
		}
		if err != nil {
			return f, err
		}
		f.Taken++
	}
	return f, nil
}

func (c *EFormidling) peek(ctx context.Context) (*status, error) {
	code, body, err := c.call(ctx, http.MethodGet, "/api/statuses/peek")
	switch {
	case err != nil:
		return nil, err
	case code == http.StatusNoContent:
		return nil, nil
	case code != http.StatusOK:
		return nil, fmt.Errorf("%w: HTTP %d", ErrUnavailable, code)
	}
	var s status
	if err := json.Unmarshal(body, &s); err != nil || s.ID == 0 {
		return nil, fmt.Errorf("%w: the answer is not the JSON that it should be", ErrUnavailable)
	}
	return &s, nil
}

// receipt reads a status. What the mailbox itself said counts where it is kept with the status; else eFormidling's word, and for FEIL
// its description, since a notification that failed is FEIL there although the letter was delivered.
func (s status) receipt() (Receipt, error) {
	r := Receipt{
		ID: strconv.FormatInt(s.ID, 10), Conversation: strings.ToLower(s.Conversation), Message: strings.ToLower(s.Message), At: s.At,
	}
	for _, ref := range r.References() {
		if uuid.Validate(ref) != nil {
			return Receipt{}, ErrReceipt
		}
	}
	if len(r.References()) == 0 || r.At.IsZero() {
		return Receipt{}, ErrReceipt
	}
	raw, err := fromJWT(s.Raw)
	if err != nil {
		raw, err = fromJSON([]byte(s.Raw))
	}
	if err == nil && raw.Kind != Other {
		r.Kind, r.At, r.Blame = raw.Kind, raw.At, raw.Blame
		return r, nil
	}
	d := strings.ToLower(s.Description)
	print := strings.Contains(d, "utskrift og forsendelsestjenesten")
	switch s.Status {
	case "LEVERT":
		if r.Kind = Delivered; print {
			r.Kind = Taken
		}
	case "LEST":
		r.Kind = OpenedIt
	case "FEIL":
		switch {
		case strings.Contains(d, "varsling"):
			r.Kind = NotificationFailed
		case print:
			r.Kind = Returned
		default:
			r.Kind = Failed
		}
	case "LEVETID_UTLOPT": // eFormidling has given up: «Må sendes på nytt»
		r.Kind = Failed
	default: // OPPRETTET, SENDT, MOTTATT, ANNET
		r.Kind = Other
	}
	return r, nil
}
