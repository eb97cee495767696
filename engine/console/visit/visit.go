// Package visit is one request of somebody to the console: who it is, where they may do what they came for, and how pages and what they
// ask are shown. The rooms of pages are written against it; the console decides who gets in, and puts the frame around each page.
package visit

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"postgang/engine/access"
	"postgang/engine/console/page"
	"postgang/engine/console/scoped"
	"postgang/engine/login"
	"postgang/engine/party"
	"postgang/engine/shipment"
)

// Desk is what all visits share.
type Desk struct {
	Scoped        scoped.Archive // the archive within scopes
	Accounts      []party.Account
	Vendors       []party.Vendor
	Organisations map[string][]string // accounts of each organisation
	Now           func() time.Time
	Log           *slog.Logger
	// Frame is what stands around a page.
	Frame func(v *Visit, title string, model any) page.Frame
}

// Visit is one request of somebody.
type Visit struct {
	*Desk
	W       http.ResponseWriter
	R       *http.Request
	Ctx     context.Context // of the request, done by the person
	Session login.Session   // zero: nobody is logged in
	Person  access.Person
	// Scope is where the person may do what the route is for.
	Scope access.Scope

	reader *scoped.Reader    // of View, while it runs
	names  map[string]string // see Names; nil: not read yet
}

// May is where the person may do something.
func (v *Visit) May(a access.Action) access.Scope {
	return access.Where(v.Person.Grants, a, v.Organisations)
}

// MayAll reports whether the person may do something for all accounts.
func (v *Visit) MayAll(a access.Action) bool { return v.Scoped.Whole(v.May(a)) }

// View reads the archive within the scope of the route.
func (v *Visit) View(fn func(r *scoped.Reader) error) error {
	return v.Scoped.View(v.Ctx, v.Scope, func(r *scoped.Reader) error {
		outer := v.reader
		v.reader = r
		defer func() { v.reader = outer }()
		return fn(r)
	})
}

// What a handler says when it has no page to show. store.ErrNotFound is what lies outside of the scope, or is not there.
var (
	// ErrForbidden says that the person may not do this.
	ErrForbidden = errors.New("not permitted")
	// ErrBad is wrapped by what is wrong with a request, in words for whoever made it.
	ErrBad = errors.New("the request cannot be understood")
	// ErrAnswered says that the answer is given.
	ErrAnswered = errors.New("answered")
)

// What ids in addresses look like.
var (
	ShipmentID = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	JobID      = regexp.MustCompile(`^[A-Z0-9]{4}[0-9]{6}$`)
)

// Statuses of a list of letters that are several.
const (
	StatusUnderWay = "underveis" // on their way and not on paper
	StatusReady    = "klar"      // due for print
)

// Waiting are the statuses of letters that are on their way, and not on paper.
func Waiting() []shipment.Status {
	return []shipment.Status{shipment.StatusAkseptert, shipment.StatusKlarForMottak, shipment.StatusVarslet, shipment.StatusSendtSDP}
}

// Letters is the address of a list of letters.
func Letters(keysAndValues ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(keysAndValues); i += 2 {
		q.Add(keysAndValues[i], keysAndValues[i+1])
	}
	return "/forsendelser?" + q.Encode()
}

// ReceiptFile is the address of a vendor's file of receipts.
func ReceiptFile(vendor, sha256 string) string {
	return "/okonomi/kvitteringer/filer/" + url.PathEscape(vendor) + "/" + sha256
}

// ReceiptOf is the address of what such a file says of a letter in a job.
func ReceiptOf(vendor, sha256, job, shipment string) string {
	return ReceiptFile(vendor, sha256) + "?" + url.Values{"jobb": {job}, "brev": {shipment}}.Encode()
}

// Notice is a page of a few words.
type Notice struct {
	Title string // of the page; Show sets it
	Text  string
	LogIn string // path to go to after log-in; empty: none is offered
}

// Fail shows what went wrong.
func (v *Visit) Fail(status int, title, text string) {
	if err := v.Show(status, "melding", title, Notice{Text: text}); err != nil {
		v.Log.Error("show a page", "error", err)
	}
}

// LogFault writes a fault of ours to the log, and gives the number under which it stands there, for the person to tell.
func (v *Visit) LogFault(err error) (number string) {
	number = rand.Text()[:8]
	v.Log.Error("a page of the console", "route", v.R.Pattern, "case", number, "error", err)
	return number
}

// Redirect sends a person on.
func (v *Visit) Redirect(to string) error {
	http.Redirect(v.W, v.R, to, http.StatusSeeOther)
	return nil
}

// Show renders a page, known by the name of its template.
func (v *Visit) Show(status int, template, title string, model any) error {
	if n, ok := model.(Notice); ok {
		n.Title = title
		model = n
	}
	var b bytes.Buffer
	if err := page.Render(&b, template, v.Frame(v, title, model)); err != nil {
		return fmt.Errorf("page %s: %w", template, err)
	}
	h := v.W.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	if strings.Contains(v.R.Header.Get("Accept-Encoding"), "gzip") {
		// Nothing on a page is a secret that somebody else could have guessed at by its size: pages have no tokens.
		var squeezed bytes.Buffer
		w := gzip.NewWriter(&squeezed)
		_, err := w.Write(b.Bytes())
		if err == nil && w.Close() == nil {
			h.Set("Content-Encoding", "gzip")
			h.Set("Vary", "Accept-Encoding")
			b = squeezed
		}
	}
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	v.W.WriteHeader(status)
	if v.R.Method != http.MethodHead {
		_, _ = v.W.Write(b.Bytes()) // who asked may be gone
	}
	return nil
}

// CSV begins an answer that a Norwegian spreadsheet opens. Texts that others wrote go through Cell.
func (v *Visit) CSV(name string) *csv.Writer {
	v.Attach("text/csv; charset=utf-8", name)
	_, _ = v.W.Write([]byte("\ufeff")) // who asked may be gone
	w := csv.NewWriter(v.W)
	w.Comma, w.UseCRLF = ';', true
	return w
}

// Attach makes the answer a file of a name, which holds nothing personal.
func (v *Visit) Attach(contentType, name string) {
	h := v.W.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// Cell keeps a spreadsheet from taking a text of others for a formula.
func Cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Account is an account by its key; zero: there is none.
func (d *Desk) Account(key string) party.Account {
	if at := slices.IndexFunc(d.Accounts, func(a party.Account) bool { return a.Key == key }); at >= 0 {
		return d.Accounts[at]
	}
	return party.Account{}
}

// Vendor is a vendor by its key; ok is false when there is none.
func (d *Desk) Vendor(key string) (vendor party.Vendor, ok bool) {
	if at := slices.IndexFunc(d.Vendors, func(a party.Vendor) bool { return a.Key == key }); at >= 0 {
		return d.Vendors[at], true
	}
	return party.Vendor{}, false
}

// AccountName is an account as pages name it.
func (d *Desk) AccountName(key string) string {
	if name := d.Account(key).Name; name != "" {
		return name
	}
	return key
}

// VendorName is a vendor as pages name it.
func (d *Desk) VendorName(key string) string {
	if a, ok := d.Vendor(key); ok && a.Name != "" {
		return a.Name
	}
	return key
}

// Choices are the accounts that a person may choose among, by name.
func (v *Visit) Choices(chosen string) []page.Choice {
	var out []page.Choice
	for _, a := range v.Accounts {
		if v.Scope.Has(a.Key) {
			out = append(out, page.Choice{Value: a.Key, Text: v.AccountName(a.Key), Chosen: a.Key == chosen})
		}
	}
	slices.SortFunc(out, func(a, b page.Choice) int { return strings.Compare(a.Text, b.Text) })
	return out
}

// Happened is one line of a history.
type Happened struct {
	At       time.Time
	Color    string
	What     string
	Why      string
	Recorded time.Time // when it was known to us, where that was much later; zero: at once
	By       string    // who did it; empty: Postgang by itself, or nobody knows
}

// Names are the names of persons and integrations by how the archive keeps them as actors: one query for all of a page, and none for a
// page that names nobody.
func (v *Visit) Names() map[string]string {
	if v.names != nil {
		return v.names
	}
	read := func(r *scoped.Reader) (err error) {
		v.names, err = r.ActorNames(v.Ctx)
		return err
	}
	var err error
	if v.reader != nil { // within View: a transaction more would wait for a connection while holding one
		err = read(v.reader)
	} else {
		err = v.View(read)
	}
	if err != nil {
		v.Log.Error("read the names of colleagues", "error", err)
		v.names = map[string]string{}
	}
	return v.names
}

// ByWhom names who did something, as the archive keeps it; empty: Postgang by itself.
func (v *Visit) ByWhom(kept string) string {
	a, err := access.ParseActor(kept)
	if err != nil || a.Kind == access.System {
		return ""
	}
	name := v.Names()[kept]
	switch {
	case a.Kind == access.CommandLine && a.For != "":
		if name = v.Names()[access.Actor{Kind: access.CommandLine, ID: a.For}.String()]; name == "" {
			name = a.For
		}
		return name + " (kommandolinjen, " + a.ID + ")"
	case a.Kind == access.CommandLine && name != "":
		return name + " (kommandolinjen)"
	case a.Kind == access.CommandLine:
		return a.ID + " (kommandolinjen)"
	case a.Kind == access.Integrated && name != "":
		return "fagsystemet " + name
	case a.Kind == access.Integrated:
		return "et fagsystem"
	case a.ID == v.Person.ID:
		return "deg"
	case name != "":
		return name
	}
	return "en kollega"
}
