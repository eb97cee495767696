// Package enhetsregisteret asks Enhetsregisteret (data.brreg.no, open to all) about an organisation: where its post goes, and whether it
// is bankrupt, being wound up, or deleted. Answers are kept for a day.
package enhetsregisteret

import (
	"context"
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

	"postgang/engine/identity"
	"postgang/engine/shipment"
)

// Production is the register's address.
const Production = "https://data.brreg.no/enhetsregisteret/api"

const (
	// KeepFor is how long an answer is used again. The register changes once a day.
	KeepFor = 24 * time.Hour
	// keepUnknown is how long nobody is asked again about a number that the register does not know: it may be new.
	keepUnknown = time.Hour
	// mostKept bounds the answers that are kept: some hundred bytes each.
	mostKept = 20_000
	// DefaultTimeout is what one answer may take.
	DefaultTimeout = 5 * time.Second
	mostAnswer     = 1 << 20
)

// ErrUnavailable says that the register gave no answer that can be used. Nothing is known then, and nothing may be concluded.
var ErrUnavailable = errors.New("Enhetsregisteret does not answer") //nolint:staticcheck // a name

// errNumber says that what is asked about is no organisation number; it does not repeat it.
var errNumber = errors.New("not an organisation number")

// State is how it stands with an organisation.
type State string

// The states.
const (
	Active   State = "active"
	Bankrupt State = "bankrupt" // konkurs
	Winding  State = "winding-up"
	Deleted  State = "deleted" // slettedato, or a closed underenhet
	Removed  State = "removed" // taken out of the register altogether (410)
	Unknown  State = "unknown" // 404 in both lists
)

// Exists tells whether there is somebody to receive a letter. Who is bankrupt or winding up still has a mailbox, which an estate's
// administrator reads.
func (s State) Exists() bool { return s == Active || s == Bankrupt || s == Winding }

// Organisation is what the register says.
type Organisation struct {
	State   State
	Unit    bool   // an underenhet, such as a school
	Parent  string // of a unit: the organisation number above it
	Name    shipment.Private
	Address shipment.PostalAddress // postadresse, else where it lies; without a name. Empty: the register has none
}

// HasAddress tells whether the register has an address that post can be sent to.
func (o Organisation) HasAddress() bool { return o.Address.City != "" }

// Config is what a client needs. The zero value asks the real register.
type Config struct {
	Base    string // "": [Production]
	Timeout time.Duration
	HTTP    *http.Client
	Now     func() time.Time
}

// Client asks the register. It may be used from many goroutines.
type Client struct {
	c    Config
	http *http.Client

	mu   sync.Mutex
	kept map[string]answer
}

type answer struct {
	o    Organisation
	till time.Time
}

// New makes a client and asks nobody.
func New(c Config) (*Client, error) {
	if c.Base == "" {
		c.Base = Production
	}
	c.Base = strings.TrimRight(c.Base, "/")
	u, err := url.Parse(c.Base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, errors.New("Enhetsregisteret: the address must be like " + Production) //nolint:staticcheck // a name
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	h := http.Client{}
	if c.HTTP != nil {
		h = *c.HTTP
	}
	h.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{c: c, http: &h, kept: map[string]answer{}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Look asks about an organisation number, of an enhet or an underenhet. The error is [ErrUnavailable], or says that it is no
// organisation number; neither names it.
func (c *Client) Look(ctx context.Context, number shipment.Private) (Organisation, error) {
	digits := identity.StripSpaces(number.Reveal())
	if id, err := identity.ParseDigitalID(digits, identity.NationalIDBoth, true); err != nil || id.Kind != identity.IDOrganisation {
		return Organisation{}, errNumber
	}
	if o, ok := c.known(digits); ok {
		return o, nil
	}
	o, err := c.ask(ctx, "/enheter/", digits)
	if err == nil && o.State == Unknown {
		o, err = c.ask(ctx, "/underenheter/", digits)
		o.Unit = err == nil && o.State != Unknown
	}
	if err != nil {
		return Organisation{}, err
	}
	c.keep(digits, o)
	return o, nil
}

// Organisation says of a number what a letter to it needs to know; it makes a client a step.Register. Of a number that is none, or that
// the register does not know, nothing is said.
func (c *Client) Organisation(ctx context.Context, number shipment.Private) (shipment.Organisation, error) {
	o, err := c.Look(ctx, number)
	if errors.Is(err, errNumber) {
		return shipment.Organisation{}, nil
	}
	return shipment.Organisation{Address: o.Address, Deleted: o.State == Deleted || o.State == Removed, Bankrupt: o.State == Bankrupt}, err
}

// Check asks about the register's own owner, Brønnøysundregistrene, past what is kept; for doctor.
func (c *Client) Check(ctx context.Context) error {
	o, err := c.ask(ctx, "/enheter/", "974760673")
	if err == nil && o.State == Unknown {
		return fmt.Errorf("%w: it does not know its own owner; is the address right?", ErrUnavailable)
	}
	return err
}

func (c *Client) known(digits string) (Organisation, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, ok := c.kept[digits]
	return a.o, ok && c.c.Now().Before(a.till)
}

func (c *Client) keep(digits string, o Organisation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.c.Now()
	if len(c.kept) >= mostKept {
		for k, a := range c.kept {
			if !now.Before(a.till) {
				delete(c.kept, k)
			}
		}
		if len(c.kept) >= mostKept { // all of today: begin anew rather than grow
			clear(c.kept)
		}
	}
	life := KeepFor
	if o.State == Unknown {
		life = keepUnknown
	}
	c.kept[digits] = answer{o, now.Add(life)}
}

// theirs is what is read of an answer.
type theirs struct {
	Name       string   `json:"navn"`
	Parent     string   `json:"overordnetEnhet"`
	Bankrupt   bool     `json:"konkurs"`
	Winding    bool     `json:"underAvvikling"`
	Forced     bool     `json:"underTvangsavviklingEllerTvangsopplosning"`
	Deleted    string   `json:"slettedato"`
	Closed     string   `json:"nedleggelsesdato"` // of an underenhet
	Postal     *address `json:"postadresse"`
	Business   *address `json:"forretningsadresse"`
	Located    *address `json:"beliggenhetsadresse"` // of an underenhet
	Number     string   `json:"organisasjonsnummer"`
	AnswerKind string   `json:"respons_klasse"`
}

type address struct {
	Lines       []string `json:"adresse"`
	Postcode    string   `json:"postnummer"`
	City        string   `json:"poststed"`
	Country     string   `json:"land"`
	CountryCode string   `json:"landkode"`
}

func (c *Client) ask(ctx context.Context, list, digits string) (Organisation, error) {
	ctx, cancel := context.WithTimeout(ctx, c.c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.c.Base+list+digits, nil)
	if err != nil {
		return Organisation{}, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err // without the address, which holds the number
		}
		return Organisation{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return Organisation{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return Organisation{State: Unknown}, nil
	case http.StatusGone:
		return Organisation{State: Removed}, nil
	default:
		return Organisation{}, fmt.Errorf("%w: HTTP %d", ErrUnavailable, resp.StatusCode)
	}
	var t theirs
	if err := json.Unmarshal(body, &t); err != nil || t.Number != digits {
		return Organisation{}, fmt.Errorf("%w: the answer is not about what was asked", ErrUnavailable)
	}
	return t.organisation(), nil
}

func (t theirs) organisation() Organisation {
	o := Organisation{State: Active, Name: shipment.Private(t.Name), Parent: t.Parent}
	switch {
	case t.Deleted != "" || t.Closed != "":
		o.State = Deleted
	case t.Bankrupt:
		o.State = Bankrupt
	case t.Winding || t.Forced:
		o.State = Winding
	}
	for _, a := range []*address{t.Postal, t.Business, t.Located} {
		if a != nil && strings.TrimSpace(a.City) != "" {
			o.Address = a.postal()
			break
		}
	}
	return o
}

// postal is the address as a hand-in writes it: three lines, of which the last takes what is over.
func (a address) postal() shipment.PostalAddress {
	var lines []string
	for _, l := range a.Lines {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	if len(lines) > 3 {
		lines = append(lines[:2:2], strings.Join(lines[2:], ", "))
	}
	lines = append(lines, "", "", "")
	p := shipment.PostalAddress{
		Line1: shipment.Private(lines[0]), Line2: shipment.Private(lines[1]), Line3: shipment.Private(lines[2]),
		Postcode: strings.TrimSpace(a.Postcode), City: shipment.Private(strings.TrimSpace(a.City)),
	}
	if a.CountryCode != "NO" {
		p.CountryCode = a.CountryCode
	}
	return p
}
