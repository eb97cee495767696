// Package maskinporten is both ends of machine-to-machine access by Maskinporten: a [Client] gets tokens for calls of ours, by
// assertions signed with a key of ours, and a [Verifier] judges the tokens of those who call us, by the server's published keys.
//
// Neither lets an assertion, a token or a private key into an error or a log.
package maskinporten

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// The issuers of Digdir's servers. An issuer ends with a slash.
const (
	IssuerProduction = "https://maskinporten.no/"
	IssuerTest       = "https://test.maskinporten.no/"
)

// ErrUnreachable says that the server did not answer, or not as the contract says. Nothing is known of the token or the keys; the
// same call may succeed later.
var ErrUnreachable = errors.New("cannot reach Maskinporten")

const (
	// longestAnswer bounds what is read of an answer; a token or a set of keys is a few kilobytes.
	longestAnswer = 1 << 20
	// clockTolerance is how far the server lets clocks differ, both ways.
	clockTolerance = 10 * time.Second
)

// plainHTTP is the caller's client without redirects: what is sent and trusted here is for one address alone.
func plainHTTP(given *http.Client) *http.Client {
	c := &http.Client{}
	if given != nil {
		*c = *given
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// reply is what came of a request.
type reply struct {
	status int
	date   string // header
	body   []byte
}

// answer does a request and reads what comes, up to longestAnswer bytes. Its errors hold the address's host and nothing of the
// request.
func answer(c *http.Client, req *http.Request) (reply, error) {
	res, err := c.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return reply{}, fmt.Errorf("%w: %s: %w", ErrUnreachable, req.URL.Host, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer+1))
	if err != nil {
		return reply{}, fmt.Errorf("%w: %s: %w", ErrUnreachable, req.URL.Host, err)
	}
	if len(body) > longestAnswer {
		return reply{}, fmt.Errorf("%w: %s answers with more than %d bytes", ErrUnreachable, req.URL.Host, longestAnswer)
	}
	return reply{res.StatusCode, res.Header.Get("Date"), body}, nil
}

// get reads what stands at an address.
func get(ctx context.Context, c *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be read", ErrUnreachable)
	}
	req.Header.Set("Accept", "application/json")
	got, err := answer(c, req)
	if err != nil {
		return nil, err
	}
	if got.status != http.StatusOK {
		return nil, fmt.Errorf("%w: %s%s answers %d", ErrUnreachable, req.URL.Host, req.URL.Path, got.status)
	}
	return got.body, nil
}

// CheckIssuer tells what is wrong with an issuer's address: it must be https, or http on this machine, and end with a slash.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return errors.New("is no address such as " + IssuerProduction)
	case !strings.HasSuffix(issuer, "/"):
		return errors.New("must end with a slash, as " + IssuerProduction)
	case !secure(u):
		return errors.New("must begin with https://; http:// is for this machine alone")
	}
	return nil
}

// secure tells whether what an address answers may be trusted.
func secure(u *url.URL) bool {
	switch u.Scheme {
	case "https":
		return true
	case "http":
		host := u.Hostname()
		return host == "localhost" || host == "127.0.0.1" || host == "::1"
	}
	return false
}
