// Package door is the way in over the network, behind all dialects of SvarUt: who calls and what it may, the spooling of what comes,
// and handing it to the engine once. Dialects (engine/intake/rest and others) translate at its edge; nothing behind it knows them.
//
// What is handed in is answered only when it is stored for good. Documents are spooled to files as they come, so that a request takes
// little memory whatever it holds; the spool is scratch, and what a killed process leaves of it is removed by the next start.
package door

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"postgang/engine/access"
	"postgang/engine/intake/sealed"
	"postgang/engine/party"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/together"
)

// Limits of a request.
const (
	// MaxTime is how long a request may take altogether: SvarUt gives its own answers within 15 minutes, and asks clients to wait 16.
	MaxTime = 16 * time.Minute
	// IdleTime is how long a body may be silent.
	IdleTime = time.Minute
	// MaxDigitalBytes limits the documents of a shipment that is never printed, which SvarUt leaves unlimited.
	MaxDigitalBytes = 2 << 30
	// DefaultUploads is how many requests of an account are spooled at a time; the others wait.
	DefaultUploads = 32
)

// Engine takes what comes in; *engine.Engine is one.
type Engine interface {
	// Judge says why a hand-in would be refused, or that it is stored already.
	Judge(ctx context.Context, h shipment.HandIn) (found []shipment.Refusal, stored bool, err error)
	Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error)
	Event(ctx context.Context, e shipment.DigitalEvent) error
	// EraseForSender erases the content of a shipment whose way has ended; *retention.NotYetError: it has not.
	EraseForSender(ctx context.Context, id string) error
}

// Tokens checks access tokens of Maskinporten.
type Tokens interface {
	// Consumer gives the organisasjonsnummer that a valid token was issued to. The error says what is wrong, and holds nothing of the
	// token; it wraps [ErrUnreachable] when nobody can say.
	Consumer(ctx context.Context, token string) (string, error)
}

// ErrUnreachable says that tokens cannot be checked now.
var ErrUnreachable = errors.New("tokens cannot be checked now")

// Account is an account as the door sees it.
type Account struct {
	party.Account
	KontoID string // the id that callers use beside the key; a UUID, empty: the key only
}

// Config is what a Door is made of.
type Config struct {
	Engine   Engine
	Archive  store.Archive
	Accounts []Account
	// Tokens checks access tokens; nil: none is asked for, and the password alone proves who calls (for a closed network).
	Tokens Tokens
	Spool  string // folder for scratch, on a disk with room for Uploads times the largest shipment
	Now    func() time.Time
	Log    *slog.Logger
	// Uploads is how many requests of an account are spooled at a time; 0: DefaultUploads.
	Uploads int
	// PerMinute is how many requests an integration may make a minute; 0: no limit.
	PerMinute int
	// Proxies are whose word about the caller's address is believed.
	Proxies []netip.Prefix
	// Sealed opens the documents of hand-ins that say kryptert; nil: such hand-ins are taken for digital channels only.
	Sealed *sealed.Opener
	// OldStatuses are accounts whose software knows VARSLET in REST V3, where newer texts say LEVERT_ALTINN.
	OldStatuses map[string]bool
}

// Door is the way in over the network. Its methods may be called from several goroutines.
type Door struct {
	Config
	byKey   map[string]*Account // by key and kontoId
	uploads map[string]chan struct{}
	// inMemory is how many bytes of documents are kept in memory, or may come to be.
	inMemory atomic.Int64
	// integrations are those that call at the same time.
	integrations *together.Lookup[string, *access.Integration]

	mu    sync.Mutex
	wrong map[string]*wrongPasswords // by who was said to call, and from where
	spent map[string]*minute         // by integration
}

// New makes a Door.
func New(c Config) (*Door, error) {
	d := &Door{Config: c, byKey: map[string]*Account{}, uploads: map[string]chan struct{}{}, wrong: map[string]*wrongPasswords{}, spent: map[string]*minute{}}
	d.integrations = together.NewLookup(d.readIntegrations)
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Uploads == 0 {
		d.Uploads = DefaultUploads
	}
	for i := range c.Accounts {
		a := &d.Accounts[i]
		for _, key := range []string{a.Key, strings.ToLower(a.KontoID)} {
			if key == "" {
				continue
			}
			if _, twice := d.byKey[key]; twice {
				return nil, fmt.Errorf("account %s: another one has the key or konto_id %s", a.Key, key)
			}
			d.byKey[key] = a
		}
		d.uploads[a.Key] = make(chan struct{}, d.Uploads)
	}
	if err := os.MkdirAll(d.Spool, 0o700); err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	return d, nil
}

// Own finds an account by its key alone, for who lets a person hand in and has judged that the person may.
func (d *Door) Own(key string) (*Account, bool) {
	a, ok := d.byKey[key]
	return a, ok && a.Key == key
}

// Clean removes what a killed process left in the spool. Only who serves may call it, before anything comes.
func (d *Door) Clean() error {
	old, err := filepath.Glob(filepath.Join(d.Spool, spoolPrefix+"*"))
	for _, dir := range old {
		err = errors.Join(err, os.RemoveAll(dir))
	}
	if err != nil {
		return fmt.Errorf("spool: %w", err)
	}
	return nil
}

// Bounded lets a handler's requests take their time, and no more: a body that is silent for IdleTime, and a request longer than
// MaxTime, end.
func Bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), MaxTime)
		defer cancel()
		r = r.WithContext(ctx)
		control := http.NewResponseController(w)
		r.Body = &patient{ReadCloser: r.Body, control: control, until: time.Now().Add(MaxTime)}
		_ = control.SetWriteDeadline(time.Now().Add(MaxTime + IdleTime)) // a writer without deadlines has a server of a test behind it
		next.ServeHTTP(w, r)
	})
}

// patient is a body that may be silent for a while.
type patient struct {
	io.ReadCloser
	control *http.ResponseController
	until   time.Time
}

func (p *patient) Read(b []byte) (int, error) {
	deadline := time.Now().Add(IdleTime)
	if deadline.After(p.until) {
		deadline = p.until
	}
	_ = p.control.SetReadDeadline(deadline)
	n, err := p.ReadCloser.Read(b)
	if errors.Is(err, io.EOF) {
		_ = p.control.SetReadDeadline(p.until) // storing may take longer than a body may be silent
	}
	return n, err
}
