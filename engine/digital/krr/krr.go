// Package krr asks Kontakt- og reservasjonsregisteret (KRR, the register of contact data and reservations) whether people can be
// reached digitally, and says what follows for a letter. Contact data is part of the register's answers and is never kept.
package krr

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"postgang/engine/shipment"
)

// The register's addresses, and the scopes that it asks for.
const (
	BaseProduction = "https://kontaktregisteret.no/rest/v2"
	BaseTest       = "https://test.kontaktregisteret.no/rest/v2"

	ScopeContact = "krr:global/kontaktinformasjon.read"
	ScopeMailbox = "krr:global/digitalpost.read"
)

// DefaultScopes are what is asked for when nothing else is configured.
func DefaultScopes() []string { return []string{ScopeContact, ScopeMailbox} }

const (
	// AtOnce is how many people one call may ask about.
	AtOnce = 1000
	// DefaultTimeout is what a call may take.
	DefaultTimeout = 5 * time.Second

	// longestAnswer bounds what is read of an answer: a thousand people take about one megabyte.
	longestAnswer = 16 << 20
)

// Errors of the register. None of them holds a number, an answer or a token.
var (
	// ErrUnavailable says that the register does not answer, or not as its contract says. It may later.
	ErrUnavailable = errors.New("KRR does not answer")
	// ErrRefused says that the register does not let us ask, until somebody has mended what it says.
	ErrRefused = errors.New("KRR refuses to answer us")
)

// errWords says that some of those answered about are left out, since what is said of them is not known to mean anything.
var errWords = fmt.Errorf("%w: its answer has words that Postgang does not know", ErrUnavailable)

// errBad says that the register does not take a question, most often since it holds a number that is none.
var errBad = errors.New("bad request")

// Person is what the register says of somebody, in its own words, without contact data.
type Person struct {
	Reservation string // JA or NEI; empty: nothing is said
	Status      string // AKTIV, SLETTET or IKKE_REGISTRERT
	Notifiable  string // KAN_VARSLES or KAN_IKKE_VARSLES; empty: nothing is said
	Mailbox     bool   // has a digital mailbox
}

// Tokens gives access tokens; *maskinporten.Client is one.
type Tokens interface {
	Token(ctx context.Context, scopes ...string) (string, error)
	// Forget drops one that was not taken.
	Forget(scopes ...string)
}

// Config says where the register is and how it is asked.
type Config struct {
	Base    string        // address that "/personer" stands below
	Scopes  []string      // none: DefaultScopes
	Timeout time.Duration // of a call; 0: DefaultTimeout
	Tokens  Tokens
	HTTP    *http.Client // nil: one of its own
}

// Client asks the register. It may be used by many at once.
type Client struct {
	c    Config
	http *http.Client
}

// New makes a client. Nothing is called before the first question.
func New(c Config) *Client {
	if len(c.Scopes) == 0 {
		c.Scopes = DefaultScopes()
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	own := &http.Client{}
	if c.HTTP != nil {
		*own = *c.HTTP
	}
	// People's numbers are for one address alone.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{c: c, http: own}
}

// People asks about people by fødselsnummer or D-number of eleven digits, as many as are given. With an error it gives those that
// were answered until then. Somebody that the register's answer leaves out, or does not take as a number, is not in what comes back.
func (c *Client) People(ctx context.Context, numbers []shipment.Private) (map[shipment.Private]Person, error) {
	out := make(map[shipment.Private]Person, len(numbers))
	unique := slices.Clone(numbers)
	slices.Sort(unique)
	var odd error
	for part := range slices.Chunk(slices.Compact(unique), AtOnce) {
		err := c.ask(ctx, part, out)
		if errors.Is(err, errWords) {
			odd = err // keeps no other back
			continue
		}
		if err != nil {
			return out, err
		}
	}
	return out, odd
}

// ask asks about at most AtOnce people. A question that is not taken is asked in halves, so that one number that is none keeps no
// other back.
func (c *Client) ask(ctx context.Context, numbers []shipment.Private, out map[shipment.Private]Person) error {
	err := c.call(ctx, numbers, out)
	if !errors.Is(err, errBad) {
		return err
	}
	if len(numbers) == 1 {
		return nil
	}
	half := len(numbers) / 2
	first := c.ask(ctx, numbers[:half], out)
	if first != nil && !errors.Is(first, errWords) {
		return first
	}
	if err := c.ask(ctx, numbers[half:], out); err != nil {
		return err
	}
	return first
}

// Check proves that the register can be reached and lets us ask, without asking about anybody.
func (c *Client) Check(ctx context.Context) error {
	err := c.call(ctx, nil, nil)
	if errors.Is(err, errBad) { // it let us in, and found nobody to look up
		return nil
	}
	return err
}

// call is one call, and another when the token was not taken.
func (c *Client) call(ctx context.Context, numbers []shipment.Private, out map[shipment.Private]Person) error {
	body, err := question(numbers)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	status, answer, err := c.post(ctx, body)
	if err == nil && status == http.StatusUnauthorized {
		c.c.Tokens.Forget(c.c.Scopes...)
		status, answer, err = c.post(ctx, body)
	}
	switch {
	case err != nil:
		return err
	case status == http.StatusBadRequest:
		return errBad
	case status == http.StatusUnauthorized:
		return fmt.Errorf("%w: it does not take our token (401)", ErrRefused)
	case status == http.StatusForbidden:
		return fmt.Errorf("%w: our organisation lacks the scopes %s (403)", ErrRefused, strings.Join(c.c.Scopes, " "))
	case status == http.StatusNotFound, status >= 300 && status < 400:
		return fmt.Errorf("%w: its address is wrong (%d)", ErrRefused, status)
	case status != http.StatusOK:
		return fmt.Errorf("%w: %d", ErrUnavailable, status)
	}
	return read(answer, out)
}

// question is the body of a call. An error of the encoder might quote what it was given.
func question(numbers []shipment.Private) ([]byte, error) {
	list := make([]string, len(numbers))
	for i, n := range numbers {
		list[i] = n.Reveal()
	}
	b, err := json.Marshal(struct {
		People []string `json:"personidentifikatorer"`
	}{list})
	if err != nil {
		return nil, errors.New("question to KRR cannot be written")
	}
	return b, nil
}

// post sends a question. Its errors name the host alone.
func (c *Client) post(ctx context.Context, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.c.Base, "/")+"/personer", bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: its address cannot be read", ErrRefused)
	}
	token, err := c.c.Tokens.Token(ctx, c.c.Scopes...)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, req.URL.Host, err)
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(res.Body, longestAnswer+1))
	if err == nil && len(answer) > longestAnswer {
		err = fmt.Errorf("more than %d bytes", longestAnswer)
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, req.URL.Host, err)
	}
	return res.StatusCode, answer, nil
}

// read takes from an answer what is used of it. Errors of the decoder may quote the answer, and are not passed on.
func read(answer []byte, out map[shipment.Private]Person) error {
	var got struct {
		People *[]struct {
			Number      shipment.Private `json:"personidentifikator"`
			Reservation string           `json:"reservasjon"`
			Status      string           `json:"status"`
			Notifiable  string           `json:"varslingsstatus"`
			Mailbox     *struct {
				Address shipment.Private `json:"postkasseadresse"`
			} `json:"digital_post"`
		} `json:"personer"`
	}
	if json.Unmarshal(answer, &got) != nil || got.People == nil {
		return fmt.Errorf("%w: its answer is of another form than agreed", ErrUnavailable)
	}
	var odd error
	for _, p := range *got.People {
		person := Person{
			Reservation: p.Reservation, Status: p.Status, Notifiable: p.Notifiable, Mailbox: p.Mailbox != nil && p.Mailbox.Address != "",
		}
		if !person.known() {
			odd = errWords
			continue
		}
		out[p.Number] = person
	}
	return odd
}

// known tells whether all words are of the contract. What a new one means is not guessed.
func (p Person) known() bool {
	return slices.Contains([]string{"", "JA", "NEI"}, p.Reservation) &&
		slices.Contains([]string{"AKTIV", "SLETTET", "IKKE_REGISTRERT"}, p.Status) &&
		slices.Contains([]string{"", "KAN_VARSLES", "KAN_IKKE_VARSLES"}, p.Notifiable)
}
