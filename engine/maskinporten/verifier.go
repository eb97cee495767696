package maskinporten

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// What is wrong with a token, in the order in which it is looked for. None of the errors of [Verifier.Verify] repeats anything of
// a token whose signature was not found right.
var (
	ErrMalformed = errors.New("no access token of Maskinporten's form")
	ErrIssuer    = errors.New("the token is of another issuer")
	ErrSignature = errors.New("the token's signature is not of a key of the issuer")
	ErrExpired   = errors.New("the token has expired, or is not valid yet")
	ErrScope     = errors.New("the token lacks the scope")
	ErrConsumer  = errors.New("the token says no organisation that it is of")
)

// DefaultScope is what a sender's token must carry.
const DefaultScope = "ks:fiks"

const (
	longestToken = 16 << 10
	// refreshEvery is how often an unknown key's id may make us ask for the keys, so that made-up ids are no flood.
	refreshEvery = time.Minute
	// retryEvery is how often the keys are asked for while there are none at all.
	retryEvery = 5 * time.Second
	// keysFresh is when the keys are read anew, so that one that is withdrawn stops being trusted; a server that is down does not
	// end that trust before keysTrusted.
	keysFresh   = time.Hour
	keysTrusted = 24 * time.Hour
)

// algorithms are those that Maskinporten signs with.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512}

// VerifierConfig says which tokens are taken.
type VerifierConfig struct {
	Issuer  string        // with its slash at the end
	Scope   string        // empty: DefaultScope
	Timeout time.Duration // of reading the keys; 0: DefaultTimeout
	HTTP    *http.Client
	Now     func() time.Time
}

// Token is what a valid token says of who calls.
type Token struct {
	ClientID     string
	Organisation string // consumer's organisation number, nine digits: who the access was granted to
	Supplier     string // organisation number of who acts for it, nine digits; empty: nobody
	Scopes       []string
	ID           string // jti
	Issued       time.Time
	Expires      time.Time
}

// Verifier judges access tokens by the keys that the issuer publishes. It may be used by many at once.
type Verifier struct {
	c    VerifierConfig
	http *http.Client

	refreshing chan struct{} // one at a time
	mu         sync.Mutex
	keys       map[string]*rsa.PublicKey // by kid
	read       time.Time                 // when keys were got
	tried      time.Time                 // when they were asked for
	failure    error                     // of the last try
}

// NewVerifier makes a verifier. The keys are read when the first token comes.
func NewVerifier(c VerifierConfig) (*Verifier, error) {
	if err := CheckIssuer(c.Issuer); err != nil {
		return nil, fmt.Errorf("issuer of Maskinporten: %w", err)
	}
	if c.Scope == "" {
		c.Scope = DefaultScope
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Verifier{c: c, http: plainHTTP(c.HTTP), refreshing: make(chan struct{}, 1)}, nil
}

// claims is what is read of an access token.
type claims struct {
	jwt.Claims
	ClientID string `json:"client_id"`
	Scope    string `json:"scope"`
	Consumer party  `json:"consumer"`
	Supplier party  `json:"supplier"`
}

// party is an organisation by ISO 6523.
type party struct {
	ID string `json:"ID"` // "0192:" and the organisation number
}

// Verify judges the token of an Authorization header, without "Bearer ". When only its time or scope is wrong, what it says is
// given beside the error, for the log. [ErrUnreachable] says that nothing is known of the token, since the keys are not.
func (v *Verifier) Verify(ctx context.Context, token string) (Token, error) {
	if len(token) > longestToken {
		return Token{}, fmt.Errorf("%w: longer than %d bytes", ErrMalformed, longestToken)
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(parsed.Headers) != 1 || parsed.Headers[0].KeyID == "" {
		return Token{}, ErrMalformed // the parser's error may quote the token
	}
	// A token of another server is told first, though it may be forged: refusing is always safe, and most often somebody has
	// mixed up test and production, which a word about signatures would not tell.
	var c claims
	if err := parsed.UnsafeClaimsWithoutVerification(&c); err != nil {
		return Token{}, ErrMalformed
	}
	if c.Issuer != v.c.Issuer {
		return Token{}, fmt.Errorf("%w than %s", ErrIssuer, v.c.Issuer)
	}
	key, err := v.key(ctx, parsed.Headers[0].KeyID)
	if err != nil {
		return Token{}, err
	}
	c = claims{}
	if err := parsed.Claims(key, &c); err != nil {
		return Token{}, ErrSignature
	}
	return v.judge(&c)
}

// judge looks at what a signed token says.
func (v *Verifier) judge(c *claims) (Token, error) {
	if c.Expiry == nil || c.IssuedAt == nil {
		return Token{}, fmt.Errorf("%w: it says no time", ErrMalformed)
	}
	t := Token{ClientID: c.ClientID, Scopes: strings.Fields(c.Scope), ID: c.ID, Issued: c.IssuedAt.Time().UTC(), Expires: c.Expiry.Time().UTC()}
	var known bool
	if t.Organisation, known = organisation(c.Consumer.ID); !known {
		return t, ErrConsumer
	}
	if c.Supplier.ID != "" {
		if t.Supplier, known = organisation(c.Supplier.ID); !known {
			return t, fmt.Errorf("%w: its supplier cannot be read", ErrConsumer)
		}
	}
	now := v.c.Now()
	switch {
	case !now.Before(t.Expires.Add(clockTolerance)):
		return t, fmt.Errorf("%w: it was valid until %s", ErrExpired, t.Expires.Format(time.RFC3339))
	case t.Issued.After(now.Add(clockTolerance)), c.NotBefore != nil && c.NotBefore.Time().After(now.Add(clockTolerance)):
		return t, fmt.Errorf("%w: it is of a time to come", ErrExpired)
	}
	for _, s := range t.Scopes {
		if s == v.c.Scope {
			return t, nil
		}
	}
	return t, fmt.Errorf("%w %s", ErrScope, v.c.Scope)
}

// organisation reads "0192:" and nine digits.
func organisation(id string) (string, bool) {
	n, ok := strings.CutPrefix(id, "0192:")
	return n, ok && len(n) == 9 && strings.Trim(n, "0123456789") == ""
}

// Check reads the keys now, whatever is kept, and tells how many there are.
func (v *Verifier) Check(ctx context.Context) (int, error) {
	keys, err := v.published(ctx)
	return len(keys), err
}

// key gives the issuer's key with an id, from before if it can.
func (v *Verifier) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	k, known, ask, err := v.kept(id)
	if !ask {
		return k, err
	}
	if known { // it is trusted yet: one of us reads the keys anew, the others go on
		select {
		case v.refreshing <- struct{}{}:
		default:
			return k, nil
		}
	} else {
		select {
		case v.refreshing <- struct{}{}:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
		}
	}
	defer func() { <-v.refreshing }()
	if k, _, ask, err = v.kept(id); !ask { // somebody else has asked meanwhile
		return k, err
	}
	// Who asks may hang up; the others wait for the same answer.
	keys, failure := v.published(context.WithoutCancel(ctx))
	v.mu.Lock()
	v.tried, v.failure = v.c.Now(), failure
	if failure == nil {
		v.keys, v.read = keys, v.tried
	}
	v.mu.Unlock()
	k, _, _, err = v.kept(id)
	return k, err
}

// kept looks the key up in what was read, and tells whether the keys are to be asked for first.
func (v *Verifier) kept(id string) (k *rsa.PublicKey, known, ask bool, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := v.c.Now()
	trusted := !v.read.IsZero() && now.Sub(v.read) < keysTrusted
	if k, known = v.keys[id]; !trusted {
		k, known = nil, false
	}
	wait := refreshEvery
	if !trusted {
		wait = retryEvery
	}
	ask = (!known || now.Sub(v.read) >= keysFresh) && (v.tried.IsZero() || now.Sub(v.tried) >= wait)
	switch {
	case known:
		return k, true, ask, nil
	case trusted:
		return nil, false, ask, ErrSignature
	case v.failure != nil:
		return nil, false, ask, v.failure
	}
	return nil, false, ask, ErrUnreachable
}

// published reads the issuer's metadata and the keys that they point to.
func (v *Verifier) published(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, v.c.Timeout)
	defer cancel()
	text, err := get(ctx, v.http, v.c.Issuer+".well-known/oauth-authorization-server")
	if err != nil {
		return nil, err
	}
	var meta struct {
		Issuer string `json:"issuer"`
		JWKS   string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(text, &meta); err != nil || meta.Issuer != v.c.Issuer {
		return nil, fmt.Errorf("%w: what stands at its address are not the metadata of %s", ErrUnreachable, v.c.Issuer)
	}
	u, err := url.Parse(meta.JWKS)
	if err != nil || !secure(u) {
		return nil, fmt.Errorf("%w: its metadata point to no https address of keys", ErrUnreachable)
	}
	if text, err = get(ctx, v.http, meta.JWKS); err != nil {
		return nil, err
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("%w: what stands at %s are no keys", ErrUnreachable, u.Host)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, raw := range set.Keys {
		var j jose.JSONWebKey
		if j.UnmarshalJSON(raw) != nil || j.KeyID == "" || j.Use != "" && j.Use != "sig" {
			continue // of a kind that we do not know, and that no token taken here is signed with
		}
		if public, ok := j.Key.(*rsa.PublicKey); ok && public.N.BitLen() >= leastKeyBits {
			keys[j.KeyID] = public
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: %s publishes no RSA key", ErrUnreachable, u.Host)
	}
	return keys, nil
}
