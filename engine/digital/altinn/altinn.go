// Package altinn is a client of Altinn 3 Correspondence: it sends a letter to a person's or organisation's inbox, asks what became of
// it, and says in our words what the answer means ([Read]). It knows no archive: who drives it keeps which letter has which id.
//
// Events of Altinn come unsigned, late, doubled, in any order, or not at all. They are a hint to ask ([Webhook]); the answer alone
// counts.
//
// Nothing that Altinn writes in its own words is repeated in an error or cause, since it names recipients.
package altinn

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Addresses of Altinn's production and test environments, for [Config.Base].
const (
	Production = "https://platform.altinn.no"
	Test       = "https://platform.tt02.altinn.no"
)

const (
	exchangePath       = "/authentication/api/v1/exchange/maskinporten"
	correspondencePath = "/correspondence/api/v1/correspondence"
	subscriptionPath   = "/events/api/v1/subscriptions"

	// mostAnswer bounds what is read of an answer. Details list every status and notification of one letter: some kilobytes.
	mostAnswer = 4 << 20
	// lookTimeout is how long a question may take; a letter that is sent has its own time, [Config.SendTimeout].
	lookTimeout = 30 * time.Second
	// defaultSendTimeout is for 350 MB over a slow line.
	defaultSendTimeout = 15 * time.Minute
	// unknownTokenLife is how long a token is used whose expiry cannot be read. Altinn's live for 30 minutes.
	unknownTokenLife = 5 * time.Minute
	// tokenMargin is how long before its expiry a token is exchanged anew.
	tokenMargin = 30 * time.Second
)

// Scopes are what the Maskinporten token must be asked for.
var Scopes = []string{"altinn:correspondence.write", "altinn:serviceowner", "altinn:events.subscribe"}

// Config is what a client needs.
type Config struct {
	Base string // address without a path, e.g. [Production]; https, or plain on this machine
	// Token gives a token of Maskinporten with [Scopes]. It is exchanged for one of Altinn's.
	Token func(ctx context.Context) (string, error)
	// Forget, when set, is told that Altinn did not take the token that Token gave, so that it gives another.
	Forget func()
	// SubscriptionKey gives the secret of Altinn's API management. It is read at each request, so that a new one needs no restart.
	SubscriptionKey func() (string, error)
	HTTP            *http.Client     // nil: one with defaults; redirects are never followed
	SendTimeout     time.Duration    // for sending a letter; 0: 15 minutes
	Now             func() time.Time // nil: time.Now
}

// Client asks Altinn. It may be used from many goroutines.
type Client struct {
	c    Config
	base string
	http *http.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

// New checks the configuration; it asks nobody.
func New(c Config) (*Client, error) {
	u, err := url.Parse(c.Base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		return nil, errors.New("altinn: the address must be like " + Production)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, errors.New("altinn: the address must begin with https")
	case c.Token == nil || c.SubscriptionKey == nil:
		return nil, errors.New("altinn: a source of tokens and a subscription key are needed")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.SendTimeout == 0 {
		c.SendTimeout = defaultSendTimeout
	}
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{c: c, base: u.Scheme + "://" + u.Host, http: &h}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Check gets a token of Altinn, for doctor: it shows that Maskinporten and the exchange work, and sends nothing.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	c.forget("")
	_, err := c.altinnToken(ctx)
	return err
}

// altinnToken gives a token of Altinn, exchanged at most once for as long as it lives.
func (c *Client) altinnToken(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token != "" && c.c.Now().Before(c.expires) {
		return c.token, nil
	}
	theirs, err := c.c.Token(ctx)
	if err != nil {
		return "", &Error{Op: "token", Class: Temporary, cause: err}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+exchangePath, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+theirs)
	status, body, err := c.do(req, "token exchange")
	if err != nil {
		return "", err
	}
	if status == http.StatusUnauthorized && c.c.Forget != nil {
		c.c.Forget()
	}
	if status != http.StatusOK {
		return "", problem("token exchange", status, body)
	}
	// Text, or the same as a JSON string.
	token := strings.Trim(strings.TrimSpace(string(body)), `"`)
	if token == "" {
		return "", &Error{Op: "token exchange", Status: status, Class: Temporary}
	}
	c.token, c.expires = token, expiry(token, c.c.Now()).Add(-tokenMargin)
	return token, nil
}

// forget drops the token that was refused; "" drops any.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token == "" || c.token == token {
		c.token = ""
	}
}

// expiry reads the end of a token's life. The token is not checked: it is for Altinn to judge.
func expiry(token string, now time.Time) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) == 3 {
		if claims, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
			var c struct {
				Exp int64 `json:"exp"`
			}
			if json.Unmarshal(claims, &c) == nil && c.Exp > 0 {
				return time.Unix(c.Exp, 0)
			}
		}
	}
	return now.Add(unknownTokenLife)
}

// call sends a request with our token, and once more with a fresh one when the token is refused. body makes the request's body
// anew each time; nil: none.
func (c *Client) call(ctx context.Context, op, method, path, contentType string, body func() (io.ReadCloser, int64)) (int, []byte, error) {
	for again := false; ; again = true {
		token, err := c.altinnToken(ctx)
		if err != nil {
			return 0, nil, err
		}
		key, err := c.c.SubscriptionKey()
		if err != nil {
			return 0, nil, &Error{Op: op, Class: Setup, cause: fmt.Errorf("subscription key: %w", err)}
		}
		req, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
		if err != nil {
			return 0, nil, err
		}
		if body != nil {
			req.Body, req.ContentLength = body()
			req.Header.Set("Content-Type", contentType)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Ocp-Apim-Subscription-Key", key)
		req.Header.Set("Accept", "application/json")
		status, answer, err := c.do(req, op)
		if status == http.StatusUnauthorized && !again {
			c.forget(token)
			continue
		}
		return status, answer, err
	}
}

// do sends a request and reads a bounded answer. Its errors name neither address nor query, which hold references.
func (c *Client) do(req *http.Request, op string) (int, []byte, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return 0, nil, &Error{Op: op, Class: Temporary, cause: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err == nil && len(body) > mostAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return resp.StatusCode, nil, &Error{Op: op, Status: resp.StatusCode, Class: Temporary, cause: err}
	}
	return resp.StatusCode, body, nil
}

// get asks for JSON into a value.
func (c *Client) get(ctx context.Context, op, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	status, body, err := c.call(ctx, op, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	return decode(op, status, body, into)
}

func decode(op string, status int, body []byte, into any) error {
	if status != http.StatusOK {
		return problem(op, status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return &Error{Op: op, Status: status, Class: Temporary, cause: errors.New("the answer is not the JSON that it should be")}
	}
	return nil
}

// bytesBody is a body that is held in memory.
func bytesBody(b []byte) func() (io.ReadCloser, int64) {
	return func() (io.ReadCloser, int64) { return io.NopCloser(bytes.NewReader(b)), int64(len(b)) }
}
