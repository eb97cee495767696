package dpi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Scope is what a Maskinporten token must be asked for.
const Scope = "digitalpostinnbygger:send"

// Bounds of one fetch. What is more comes with the next.
const (
	pageSize   = 100
	mostPages  = 200
	mostStatus = 5000
	mostAnswer = 32 << 20 // of a page: messages carry their certificates

	// DefaultTimeout is what one answer may take.
	DefaultTimeout = 30 * time.Second
)

// ErrUnavailable says that no usable answer came; it is asked again later.
var ErrUnavailable = errors.New("DPI does not answer")

// Config is where receipts are asked for.
type Config struct {
	Base string // address that "/messages/in" or "/api/statuses" is appended to
	// Token gives a token of Maskinporten with [Scope]; nil for eFormidling, which asks for none.
	Token func(ctx context.Context) (string, error)
	// Channel (kanal) and Sender (avsenderidentifikator) name whose receipts they are; "": not told. Corner 2 only.
	Channel, Sender string
	Timeout         time.Duration // of one answer; 0: [DefaultTimeout]
	HTTP            *http.Client
}

// Fetched is what one fetch came to.
type Fetched struct {
	Taken   int // handed on and acknowledged
	NotOurs int // left
	Unread  int // could not be understood, and left: a person must look
}

// Taker books a receipt. It is acknowledged only after Taker returned nil, and comes again otherwise; so the same may come twice.
// [ErrNotOurs] leaves it; any other error ends the fetch.
type Taker func(ctx context.Context, r Receipt) error

// Corner2 asks an access point.
type Corner2 struct{ client }

// EFormidling asks an integrasjonspunkt.
type EFormidling struct{ client }

type client struct {
	c    Config
	base string
	http *http.Client
}

// NewCorner2 checks the configuration; it asks nobody.
func NewCorner2(c Config) (*Corner2, error) {
	if c.Token == nil {
		return nil, errors.New("dpi: a source of tokens is needed")
	}
	cl, err := newClient(c, false)
	if err != nil {
		return nil, err
	}
	return &Corner2{cl}, nil
}

// NewEFormidling checks the configuration; it asks nobody.
func NewEFormidling(c Config) (*EFormidling, error) {
	cl, err := newClient(c, true)
	if err != nil {
		return nil, err
	}
	return &EFormidling{cl}, nil
}

func newClient(c Config, plain bool) (client, error) {
	u, err := url.Parse(c.Base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return client{}, errors.New("dpi: the address must begin with https://")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "http" && !plain && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return client{}, errors.New("dpi: the address must begin with https://")
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return client{c: c, base: strings.TrimRight(c.Base, "/"), http: &h}, nil
}

// call asks; its errors hold no address.
func (c client) call(ctx context.Context, method, path string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, nil)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Accept", "application/json")
	if c.c.Token != nil {
		token, err := c.c.Token(ctx)
		if err != nil {
			return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer+1))
	if err == nil && len(body) > mostAnswer {
		err = errors.New("the answer is too long")
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return resp.StatusCode, body, nil
}

// Check asks for one receipt and takes none; for doctor.
func (c *Corner2) Check(ctx context.Context) error {
	_, err := c.page(ctx, 0, 1)
	return err
}

// Fetch takes the receipts that wait. One that cannot be read stops no other. The error is of the first that could not be taken, or
// says that the access point does not answer; what was taken before is counted all the same.
func (c *Corner2) Fetch(ctx context.Context, take Taker) (Fetched, error) {
	var f Fetched
	left := map[string]bool{} // seen in this fetch and left
	for page, asked := 0, 0; asked < mostPages; asked++ {
		messages, err := c.page(ctx, page, pageSize)
		if err != nil || len(messages) == 0 {
			return f, err
		}
		acknowledged := 0
		for _, m := range messages {
			r, err := fromJWT(m)
			switch {
			case left[m]:
				continue
			case err != nil:
				left[m] = true
				f.Unread++
				continue
			}
			if err := take(ctx, r); errors.Is(err, ErrNotOurs) {
				left[m] = true
				f.NotOurs++
				continue
			} else if err != nil {
				return f, err
			}
			status, _, err := c.call(ctx, http.MethodPost, "/messages/in/"+r.ID+"/read")
			if err == nil && status != http.StatusOK && status != http.StatusNotFound { // 404: acknowledged before
				err = fmt.Errorf("%w: HTTP %d", ErrUnavailable, status)
			}
			if err != nil {
				return f, err
			}
			f.Taken++
			acknowledged++
		}
		// What is acknowledged is no longer listed: the same page holds others then.
		if acknowledged == 0 {
			if len(messages) < pageSize {
				return f, nil
			}
			page++
		}
	}
	return f, nil
}

// page lists the messages of a page; the first is asked for without a number.
func (c *Corner2) page(ctx context.Context, page, size int) ([]string, error) {
	q := url.Values{"page_size": {strconv.Itoa(size)}}
	for name, v := range map[string]string{"kanal": c.c.Channel, "avsenderidentifikator": c.c.Sender} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if page > 0 {
		q.Set("page", strconv.Itoa(page))
	}
	status, body, err := c.call(ctx, http.MethodGet, "/messages/in?"+q.Encode())
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusNoContent:
		return nil, nil
	case status != http.StatusOK:
		return nil, fmt.Errorf("%w: HTTP %d", ErrUnavailable, status)
	}
	var list []struct {
		Message string `json:"forretningsmelding"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("%w: the answer is not the JSON that it should be", ErrUnavailable)
	}
	messages := make([]string, len(list))
	for i, m := range list {
		messages[i] = m.Message
	}
	return messages, nil
}
