package login

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Config says who lets people in, and where they come back to.
type Config struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	PublicURL    string // of this program as people reach it, without a slash at the end, e.g. https://brev.example.no
	// PersonClaim is the claim with the fødselsnummer; empty: "pid", as ID-porten has it.
	PersonClaim string
	// OrganisationsClaim is the claim with a list of organisasjonsnummer that the person may read for; empty: none.
	OrganisationsClaim string
	// Key keeps hashes of fødselsnummer from being guessed, and seals what a browser carries to the provider and back. 32 bytes.
	Key  []byte
	HTTP *http.Client // nil: one with a limit on time
	Now  func() time.Time
}

// Sessions keeps sessions.
type Sessions interface {
	View(ctx context.Context, fn func(r Reader) error) error
	InTx(ctx context.Context, fn func(w Writer) error) error
}

// Client logs people in. Its methods may be called from several goroutines.
type Client struct {
	c        Config
	sessions Sessions
	secure   bool
	http     *http.Client

	mu       sync.Mutex
	provider *oidc.Provider // nil: it was not reached yet
}

// What keeps a person out.
var (
	// ErrNone: there is no session, or none that lasts.
	ErrNone = errors.New("not logged in")
	// ErrState: the answer does not belong to a log-in that this browser began, or it took too long.
	ErrState = errors.New("the answer does not belong to a log-in that was begun here")
	// ErrProvider: the provider cannot be reached, or does not answer as it must.
	ErrProvider = errors.New("the log-in provider does not answer as it must")
	// ErrDenied: the provider, or the person, said no.
	ErrDenied = errors.New("the log-in was not completed")
	// ErrLevel: the provider is less sure of the person than was asked for.
	ErrLevel = errors.New("the log-in is of too low a level")
)

const (
	stateTime  = 10 * time.Minute
	httpTime   = 15 * time.Second
	personSize = 11
)

// Path is below which a Client's own addresses are.
const Path = "/logg-inn"

// New makes a client. The provider is asked when the first person logs in.
func New(c Config, s Sessions) (*Client, error) {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the public address must be https:// and a host name, without a path")
	}
	if len(c.Key) != 32 {
		return nil, errors.New("the key of log-ins must have 32 bytes")
	}
	if c.PersonClaim == "" {
		c.PersonClaim = "pid"
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: httpTime}
	}
	return &Client{c: c, sessions: s, secure: u.Scheme == "https", http: client}, nil
}

// Hash is how a fødselsnummer or organisasjonsnummer is kept, by the Key of a Config: 64 hex digits. Whoever invites a person by number
// must use the key that the person's log-in will use.
func Hash(key []byte, number string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("person " + number))
	return hex.EncodeToString(mac.Sum(nil))
}

// Hash is how a fødselsnummer or organisasjonsnummer is kept by this client.
func (c *Client) Hash(number string) string { return Hash(c.c.Key, number) }

// oauth gives the provider, which is asked once it can be reached.
func (c *Client) oauth(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.provider == nil {
		// The provider keeps the context for its keys: it must not end with this request.
		p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), c.http), c.c.Issuer)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrProvider, err)
		}
		c.provider = p
	}
	return c.provider, &oauth2.Config{
		ClientID: c.c.ClientID, ClientSecret: c.c.ClientSecret, Endpoint: c.provider.Endpoint(),
		RedirectURL: c.c.PublicURL + Path + "/svar", Scopes: []string{oidc.ScopeOpenID, "profile"},
	}, nil
}

// state is what a browser carries to the provider and back, sealed.
type state struct {
	State, Nonce, Verifier string
	To                     string // path to go to afterwards
	Level                  string // acr that was asked for; empty: any
	Until                  time.Time
}

func (c *Client) name(what string) string {
	if c.secure {
		return "__Host-postgang-" + what
	}
	return "postgang-" + what // a loopback address in a demonstration
}

func (c *Client) cookie(what, value string, life time.Duration) *http.Cookie {
	k := &http.Cookie{Name: c.name(what), Value: value, Path: "/", HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)}
	if value == "" {
		k.MaxAge = -1
	}
	return k
}

// Begin sends a person to the provider; to is the path that they come back to, and level the acr that it takes, empty: any.
func (c *Client) Begin(w http.ResponseWriter, r *http.Request, to, level string) error {
	_, oauth, err := c.oauth(r.Context())
	if err != nil {
		return err
	}
	s := state{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), To: local(to), Level: level, Until: c.c.Now().Add(stateTime)}
	sealed, err := c.seal(s)
	if err != nil {
		return err
	}
	http.SetCookie(w, c.cookie("tilstand", sealed, stateTime))
	options := []oauth2.AuthCodeOption{oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)}
	if level != "" {
		options = append(options, oauth2.SetAuthURLParam("acr_values", level))
	}
	http.Redirect(w, r, oauth.AuthCodeURL(s.State, options...), http.StatusSeeOther)
	return nil
}

// local is a path of ours: what else is asked for goes to the front page.
func local(to string) string {
	if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n") {
		return "/"
	}
	return to
}

// Answer judges what a person brings back from the provider, begins a session, and gives the path to go to.
func (c *Client) Answer(w http.ResponseWriter, r *http.Request) (to string, err error) {
	carried, err := r.Cookie(c.name("tilstand"))
	if err != nil {
		return "", ErrState
	}
	http.SetCookie(w, c.cookie("tilstand", "", 0))
	s, err := c.open(carried.Value)
	if err != nil || subtle.ConstantTimeCompare([]byte(s.State), []byte(r.FormValue("state"))) != 1 || !c.c.Now().Before(s.Until) {
		return "", ErrState
	}
	if r.FormValue("error") != "" {
		return s.To, ErrDenied
	}
	provider, oauth, err := c.oauth(r.Context())
	if err != nil {
		return s.To, err
	}
	ctx := oidc.ClientContext(r.Context(), c.http)
	token, err := oauth.Exchange(ctx, r.FormValue("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil {
		return s.To, fmt.Errorf("%w: the code was not taken", ErrProvider) // the error holds the answer
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: c.c.ClientID, Now: c.c.Now}).Verify(ctx, raw)
	if err != nil || id.Nonce != s.Nonce {
		return s.To, fmt.Errorf("%w: the id token is not valid", ErrProvider)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return s.To, fmt.Errorf("%w: the id token has no claims", ErrProvider)
	}
	text := func(name string) string { v, _ := claims[name].(string); return v }
	if s.Level != "" && text("acr") != s.Level {
		return s.To, ErrLevel
	}
	secret := rand.Text() + rand.Text() // 260 bits
	now := c.c.Now()
	session := Session{Token: hashOf(secret), Issuer: id.Issuer, SID: text("sid"), Subject: id.Subject, Level: text("acr"), Began: now, Last: now}
	if pid := text(c.c.PersonClaim); len(pid) == personSize {
		session.Person = c.Hash(pid)
	}
	session.Organisations = c.organisations(claims[c.c.OrganisationsClaim])
	err = c.sessions.InTx(ctx, func(tx Writer) error {
		return errors.Join(tx.ForgetSessions(ctx, now.Add(-2*MostTime)), tx.InsertSession(ctx, session))
	})
	if err != nil {
		return s.To, err
	}
	http.SetCookie(w, c.cookie("okt", secret, MostTime))
	return s.To, nil
}

// organisations reads a claim with numbers, as a list of texts or of objects with an ID, with or without "0192:" in front.
func (c *Client) organisations(claim any) []string {
	list, _ := claim.([]any)
	var out []string
	for _, v := range list {
		if object, ok := v.(map[string]any); ok {
			v = object["ID"]
		}
		if number, ok := v.(string); ok {
			out = append(out, c.Hash(strings.TrimPrefix(number, "0192:")))
		}
	}
	return out
}

// Session is who a request comes from, and records that the session was used.
func (c *Client) Session(r *http.Request) (Session, error) {
	s, err := c.Look(r)
	if err == nil && c.c.Now().Sub(s.Last) > time.Minute {
		ctx := r.Context()
		err = c.sessions.InTx(ctx, func(w Writer) error { return w.TouchSession(ctx, s.Token) })
	}
	return s, err
}

// Look is who a request comes from, without counting it as use of the session: what a page fetches by itself keeps nobody logged in.
func (c *Client) Look(r *http.Request) (Session, error) {
	k, err := r.Cookie(c.name("okt"))
	if err != nil {
		return Session{}, ErrNone
	}
	var s Session
	ctx, token := r.Context(), hashOf(k.Value)
	err = c.sessions.View(ctx, func(rd Reader) (err error) {
		s, err = rd.Session(ctx, token)
		return err
	})
	switch {
	case errors.Is(err, ErrNone), err == nil && !s.Lasts(c.c.Now()):
		return Session{}, ErrNone
	case err != nil: // nobody is logged out because the database is away for a moment
		return Session{}, fmt.Errorf("look for the session: %w", err)
	}
	return s, nil
}

// End ends the session of a request.
func (c *Client) End(w http.ResponseWriter, r *http.Request) error {
	k, err := r.Cookie(c.name("okt"))
	if err != nil {
		return nil
	}
	http.SetCookie(w, c.cookie("okt", "", 0))
	ctx := r.Context()
	return c.sessions.InTx(ctx, func(tx Writer) error { return tx.EndSessions(ctx, hashOf(k.Value), "", "") })
}

// EndAt ends the sessions of the provider's own session: ID-porten asks for it in a frame, without our cookie.
func (c *Client) EndAt(r *http.Request) error {
	issuer, sid := r.FormValue("iss"), r.FormValue("sid")
	if issuer != c.c.Issuer || sid == "" {
		return ErrState
	}
	ctx := r.Context()
	return c.sessions.InTx(ctx, func(tx Writer) error { return tx.EndSessions(ctx, "", issuer, sid) })
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (c *Client) aead() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, c.c.Key)
	mac.Write([]byte("state"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (c *Client) seal(s state) (string, error) {
	a, err := c.aead()
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(s)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(a.Seal(nil, nil, data, nil)), nil
}

func (c *Client) open(sealed string) (s state, err error) {
	a, err := c.aead()
	if err != nil {
		return s, err
	}
	data, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		data, err = a.Open(nil, nil, data, nil)
	}
	if err == nil {
		err = json.Unmarshal(data, &s)
	}
	return s, err
}
