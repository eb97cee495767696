package maskinporten

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/uuid"

	"postgang/engine/identity"
)

// ErrNoKey says that the folder holds no key that can be used.
var ErrNoKey = errors.New("no key for Maskinporten can be used")

const (
	// assertionLife is between the 120 seconds that Maskinporten allows and what a slow connection needs.
	assertionLife = 100 * time.Second
	// tokenMargin is how long before it expires a token is no longer used: the call that it is for takes time too.
	tokenMargin = 30 * time.Second
	// mostKeysTried bounds the keys tried for one token, so that a wrong configuration is no flood.
	mostKeysTried = 3
	// DefaultTimeout is what a call to the server may take.
	DefaultTimeout = 5 * time.Second
)

// ClientConfig is how we are known to the server.
type ClientConfig struct {
	Issuer      string // of the server, with its slash at the end: the audience of our assertions
	TokenURL    string // empty: "token" below the issuer
	ClientID    string // of the integration that is registered there
	Keys        string // folder with private keys, see Keys
	ConsumerOrg string // organisation number that we act for as a supplier; empty: our own
	Resource    string // audience wanted in the token; empty: none
	Timeout     time.Duration
	HTTP        *http.Client     // nil: one of its own
	Now         func() time.Time // nil: time.Now
}

// Client gets access tokens. It may be used by many at once; they share its tokens.
type Client struct {
	c    ClientConfig
	http *http.Client

	fetching chan struct{} // one at a time
	mu       sync.Mutex
	tokens   map[string]cachedToken // by scopes
}

type cachedToken struct {
	text string
	till time.Time
}

// NewClient makes a client. Nothing is read or called before the first token.
func NewClient(c ClientConfig) (*Client, error) {
	if err := CheckIssuer(c.Issuer); err != nil {
		return nil, fmt.Errorf("issuer of Maskinporten: %w", err)
	}
	if c.ClientID == "" || c.Keys == "" {
		return nil, errors.New("client of Maskinporten: its id and the folder of its keys must be given")
	}
	if c.TokenURL == "" {
		c.TokenURL = c.Issuer + "token"
	}
	if u, err := url.Parse(c.TokenURL); err != nil || u.Host == "" || !secure(u) {
		return nil, errors.New("address for tokens of Maskinporten: must begin with https://; http:// is for this machine alone")
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Client{c: c, http: plainHTTP(c.HTTP), fetching: make(chan struct{}, 1), tokens: map[string]cachedToken{}}, nil
}

// Keys lists the keys of the folder as they are now, in the order in which they are tried: the newest first, those that cannot be
// used last.
func (c *Client) Keys() ([]Key, error) {
	keys, err := readKeys(c.c.Keys)
	if err != nil {
		return nil, err
	}
	list := make([]Key, len(keys))
	for i, k := range keys {
		list[i] = k.Key
	}
	return list, nil
}

// Token gives an access token for scopes, from before while it is valid for another 30 seconds. The newest key signs; while the
// server does not know it yet, the next older one does. Errors are [ErrUnreachable], [ErrNoKey] or a [*RefusedError].
func (c *Client) Token(ctx context.Context, scopes ...string) (string, error) {
	want := scopeKey(scopes)
	if t, ok := c.cached(want); ok {
		return t, nil
	}
	select {
	case c.fetching <- struct{}{}:
		defer func() { <-c.fetching }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if t, ok := c.cached(want); ok { // somebody else has got it meanwhile
		return t, nil
	}
	t, _, err := c.fetch(ctx, want)
	return t, err
}

// Forget drops the token for scopes: whoever it was shown to did not take it.
func (c *Client) Forget(scopes ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tokens, scopeKey(scopes))
}

// Check gets a new token whatever is kept, and tells which key signed for it.
func (c *Client) Check(ctx context.Context, scopes ...string) (Key, error) {
	_, k, err := c.fetch(ctx, scopeKey(scopes))
	return k, err
}

func scopeKey(scopes []string) string {
	s := slices.Clone(scopes)
	slices.Sort(s)
	return strings.Join(slices.Compact(s), " ")
}

func (c *Client) cached(want string) (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, ok := c.tokens[want]
	return t.text, ok && c.c.Now().Before(t.till)
}

// fetch tries the keys, newest first, until one is taken.
func (c *Client) fetch(ctx context.Context, scope string) (string, Key, error) {
	keys, err := readKeys(c.c.Keys)
	if err != nil {
		return "", Key{}, err
	}
	var first error
	for i, k := range keys {
		if k.Err != nil || i == mostKeysTried {
			break
		}
		token, till, err := c.ask(ctx, &k, scope)
		if err == nil {
			c.mu.Lock()
			c.tokens[scope] = cachedToken{token, till}
			c.mu.Unlock()
			return token, k.Key, nil
		}
		if first == nil {
			first = err
		}
		var refused *RefusedError
		if !errors.As(err, &refused) || !refused.mayBeTheKey() {
			break
		}
	}
	if first != nil {
		return "", Key{}, first
	}
	if len(keys) > 0 {
		return "", Key{}, fmt.Errorf("%w: %s: %w", ErrNoKey, keys[0].File, keys[0].Err)
	}
	return "", Key{}, fmt.Errorf("%w: the folder has no file *.pem or *.jwk", ErrNoKey)
}

// ask makes one assertion and exchanges it.
func (c *Client) ask(ctx context.Context, k *signingKey, scope string) (token string, till time.Time, err error) {
	now := c.c.Now()
	signer, err := k.signer()
	if err != nil {
		return "", till, fmt.Errorf("%w: %s cannot sign", ErrNoKey, k.File)
	}
	claims := struct {
		Issuer      string `json:"iss"`
		Audience    string `json:"aud"`
		Scope       string `json:"scope"`
		IssuedAt    int64  `json:"iat"`
		Expires     int64  `json:"exp"`
		ID          string `json:"jti"`
		ConsumerOrg string `json:"consumer_org,omitempty"`
		Resource    string `json:"resource,omitempty"`
	}{c.c.ClientID, c.c.Issuer, scope, now.Unix(), now.Add(assertionLife).Unix(), uuid.NewString(), c.c.ConsumerOrg, c.c.Resource}
	assertion, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		return "", till, fmt.Errorf("%w: %s cannot sign", ErrNoKey, k.File)
	}
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.c.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", till, errors.New("the address for tokens of Maskinporten cannot be read")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	got, err := answer(c.http, req)
	if err != nil {
		return "", till, err
	}
	if got.status >= 500 || got.status == http.StatusTooManyRequests {
		return "", till, fmt.Errorf("%w: %s answers %d", ErrUnreachable, req.URL.Host, got.status)
	}
	if got.status != http.StatusOK {
		return "", till, refusal(got, now, assertion)
	}
	var given struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.Unmarshal(got.body, &given); err != nil || !plausible(given.Token) || !strings.EqualFold(given.Type, "Bearer") {
		return "", till, fmt.Errorf("%w: %s answers with something else than a token", ErrUnreachable, req.URL.Host)
	}
	// Counted from before the question, since the token was made after it.
	return given.Token, now.Add(time.Duration(min(max(given.Seconds, 0), 86400))*time.Second - tokenMargin), nil
}

// plausible tells whether a text can stand in a header as a bearer token.
func plausible(token string) bool {
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return token != ""
}

// RefusedError says that the server knows what we want and does not give it; asking again changes nothing before somebody has
// mended what it says.
type RefusedError struct {
	Status      int           // of HTTP
	Code        string        // OAuth's, such as invalid_grant; empty: none given
	Description string        // the server's own words, cut down to what can hold no secret
	Skew        time.Duration // how far this machine's clock is ahead of the server's; 0: within what is allowed, or not known
}

func (e *RefusedError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Maskinporten refuses a token: %d", e.Status)
	if e.Code != "" {
		b.WriteString(" " + e.Code)
	}
	if e.Description != "" {
		b.WriteString(": " + e.Description)
	}
	if e.Skew != 0 {
		ahead, by := "ahead of", e.Skew
		if by < 0 {
			ahead, by = "behind", -by
		}
		fmt.Fprintf(&b, "; this machine's clock is %v %s the server's", by, ahead)
	}
	return b.String()
}

// mayBeTheKey tells whether another key of ours may be taken.
func (e *RefusedError) mayBeTheKey() bool {
	return e.Code == "invalid_grant" || e.Code == "invalid_client"
}

func refusal(got reply, now time.Time, secret string) error {
	e := &RefusedError{Status: got.status}
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(got.body, &said) == nil {
		if len(said.Code) <= 64 && strings.Trim(said.Code, "abcdefghijklmnopqrstuvwxyz_") == "" {
			e.Code = said.Code
		}
		e.Description = harmless(said.Description, secret)
	}
	if at, err := http.ParseTime(got.date); err == nil {
		if skew := now.Sub(at).Truncate(time.Second); skew.Abs() > clockTolerance {
			e.Skew = skew
		}
	}
	return e
}

const (
	longestDescription = 300
	longestWord        = 50 // a trace id is shorter, a token, an assertion or a key is longer
)

// harmless cuts a text of the server down to plain words: nothing long enough to be a secret, no fødselsnummer, no line's end.
func harmless(text, secret string) string {
	text = strings.ReplaceAll(text, secret, "…")
	text = identity.MaskNationalIDs(text)
	words := strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r > '~' && r < 0xa1 })
	for i, w := range words {
		if len(w) > longestWord {
			words[i] = "…"
		}
	}
	r := []rune(strings.Join(words, " "))
	if len(r) > longestDescription {
		r = append(r[:longestDescription], '…')
	}
	return string(r)
}
