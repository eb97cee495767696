// Package soap speaks KS SvarUt's SOAP, ForsendelsesServiceV4 to V11: it reads envelopes, translates what is handed in into the words of
// forsendelse.json, and answers in the version's form. All else is the door's (engine/intake/door).
//
// It is as tolerant as the clients that exist force it to be: elements are known by their local names in any order and either case,
// operations in the spellings of all versions, and envelopes of SOAP 1.1 and 1.2 whatever the request's type says. Headers and actions mean
// nothing. Documents come as MTOM or as base64 in the envelope, and go past as a stream: what is held is bounded.
//
// WSDLs of V4 and V9 alone are public. V5, V10 and V11 are known by KS's tables of their fields, and V6 to V8 are taken for V9.
package soap

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"postgang/engine/access"
	"postgang/engine/intake/door"
	"postgang/engine/shipment"
)

// Base is the path that versions answer below.
const Base = "/tjenester/forsendelseservice/ForsendelsesServiceV"

// Versions that are answered; V1 to V3 are off since 2021.
const (
	firstVersion = 4
	lastVersion  = 11
)

// Handle has a mux answer all versions.
func Handle(mux *http.ServeMux, d *door.Door) {
	for v := firstVersion; v <= lastVersion; v++ {
		h := &handler{door: d, version: v}
		mux.HandleFunc(Base+strconv.Itoa(v), h.serve)
		mux.HandleFunc(Base+strconv.Itoa(v)+"/{$}", h.serve)
	}
}

// handler answers a version.
type handler struct {
	door    *door.Door
	version int
}

func (h *handler) dialect() access.Dialect {
	switch {
	case h.version < 6:
		return access.SoapV4
	case h.version == 10:
		return access.SoapV10
	case h.version == 11:
		return access.SoapV11
	}
	return access.SoapV9
}

// wrapped reports whether the version has its ids in an element of their own, and the names of REST V1.
func (h *handler) wrapped() bool { return h.version >= 10 }

// namespace is the version's own.
func (h *handler) namespace() string {
	if h.version < 6 {
		return "http://www.ks.no/svarut/services"
	}
	return "http://www.ks.no/svarut/servicesV" + strconv.Itoa(h.version)
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		h.serveWSDL(w, r)
		return
	}
	c := &call{handler: h, w: w, r: r, soap12: strings.Contains(r.Header.Get("Content-Type"), "application/soap+xml")}
	defer c.close()
	if p := c.do(); p != nil {
		c.fault(p)
	}
}

// call is a request that is being answered.
type call struct {
	*handler
	w      http.ResponseWriter
	r      *http.Request
	soap12 bool // how to answer

	caller  door.Caller
	account *door.Account
	op      xml.Name
	upload  *door.Upload // nil: the operation hands nothing in
	came    int          // documents that have come
}

func (c *call) close() {
	if c.upload != nil {
		c.upload.Close()
	}
}

// operations are what may be asked for, by name in lower case, in the spellings of all versions.
var operations = map[string]func(c *call, op *node) *door.Problem{
	"sendforsendelse":                                 (*call).send,
	"sendforsendelsemedid":                            (*call).send,
	"startnyforsendelse":                              (*call).start,
	"retrieveforsendelsestatus":                       (*call).status,
	"retrieveforsendelsesstatus":                      (*call).status,
	"retrieveforsendelsestatuser":                     (*call).statuses,
	"retrieveforsendelsesstatuser":                    (*call).statuses,
	"retrieveforsendelsehistorikk":                    (*call).events,
	"retrieveforsendelseshistorikk":                   (*call).events,
	"retrievesigneringshistorikk":                     (*call).signing,
	"retrievesigneringshistorikkforflereforsendelser": (*call).signing,
	"setforsendelselestaveksterntsystem":              (*call).read,
	"retreiveforsendelsetyper":                        (*call).nothing,
	"retreiveforsendelsestyper":                       (*call).nothing,
	"retrieveforsendelsetyper":                        (*call).nothing,
	"retrieveforsendelsestyper":                       (*call).nothing,
	"retrievemottakersystemfororgnr":                  (*call).nothing,
	"retrieveforsendelseidbyeksternref":               (*call).referenced,
	"retrieveforsendelsesidbyeksternref":              (*call).referenced,
	"retrieveforsendelseiderbyeksternref":             (*call).referenced,
	"retrieveforsendelsesiderbyeksternref":            (*call).referenced,
	"retrievedokumentmetadata":                        (*call).metadata,
}

func (c *call) do() *door.Problem {
	var p *door.Problem
	if c.caller, p = c.door.Basic(c.r); p != nil {
		return p
	}
	if c.r.Method != http.MethodPost {
		return door.NewProblem(http.StatusMethodNotAllowed, "ikke-post", "SOAP-kall må være POST.")
	}
	if coding := c.r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return door.NewProblem(http.StatusUnsupportedMediaType, "komprimert", "Komprimert innhold (Content-Encoding) tas ikke imot.")
	}
	if c.r.ContentLength > 2*door.MaxDigitalBytes { // base64 takes a third more than the documents
		return door.NewProblem(http.StatusRequestEntityTooLarge, "for-stor", "Forsendelsen er større enn kontoen tillater.")
	}
	op, p := c.message()
	if p != nil {
		return p
	}
	return operations[op.lower()](c, op)
}

// begin begins an operation, before anything of it is read.
func (c *call) begin(name xml.Name) *door.Problem {
	c.op = name
	lower := strings.ToLower(name.Local)
	if operations[lower] == nil {
		return door.NewProblem(http.StatusBadRequest, "operasjon-ukjent", "Operasjonen finnes ikke i SvarUts SOAP-tjenester.")
	}
	var p *door.Problem
	if c.account, p = c.door.Account(c.caller, ""); p != nil {
		return p
	}
	if strings.HasPrefix(lower, "sendforsendelse") {
		c.upload, p = c.door.Begin(c.r.Context(), c.account)
	}
	return p
}

// add spools a document, and numbers it from 1.
func (c *call) add(content io.Reader) (int, *door.Problem) {
	if c.upload == nil {
		return 0, errXML
	}
	if p := c.upload.Add("", content); p != nil {
		return 0, p
	}
	c.came++
	return c.came, nil
}

// message reads the whole request: the envelope, and the parts behind it when it is MTOM.
func (c *call) message() (*node, *door.Problem) {
	e := &envelope{began: c.begin, took: c.add}
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") || params["boundary"] == "" {
		op, p := e.read(c.r.Body, c.door.ReadProblem)
		c.envelope(e, p)
		if p == nil {
			p = c.drain(c.r.Body)
		}
		return op, p
	}
	parts := multipart.NewReader(c.r.Body, params["boundary"])
	root, err := parts.NextPart()
	if errors.Is(err, io.EOF) {
		return nil, errXML
	}
	if err != nil {
		return nil, c.door.ReadProblem(err)
	}
	if start := contentID("cid:" + params["start"]); start != "" {
		if id := partID(root); id != "" && id != start {
			return nil, door.NewProblem(http.StatusBadRequest, "mtom-rekkefolge", "Den første delen må være SOAP-konvolutten, og dokumentene komme etter den.")
		}
	}
	op, p := e.read(transferred(root), c.door.ReadProblem)
	c.envelope(e, p)
	if p != nil {
		return nil, p
	}
	return op, c.attachments(op, parts)
}

// envelope takes the envelope's version for the answer's, when there was one.
func (c *call) envelope(e *envelope, p *door.Problem) {
	if p == nil || c.op.Local != "" {
		c.soap12 = e.soap12
	}
}

// drain reads what stands behind the envelope, so that a body that was cut is noticed.
func (c *call) drain(body io.Reader) *door.Problem {
	if n, err := io.Copy(io.Discard, io.LimitReader(body, maxToken)); err != nil {
		return c.door.ReadProblem(err)
	} else if n == maxToken {
		return errLimits
	}
	return nil
}

func partID(p *multipart.Part) string { return contentID("cid:" + p.Header.Get("Content-ID")) }

// transferred is a part's content without the encoding of its transfer; multipart itself knows quoted-printable.
func transferred(p *multipart.Part) io.Reader {
	if strings.EqualFold(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding")), "base64") {
		return base64.NewDecoder(base64.StdEncoding, p)
	}
	return p
}

// attachments spools the parts behind the envelope, and gives the elements that mean them their numbers.
func (c *call) attachments(op *node, parts *multipart.Reader) *door.Problem {
	numbers := map[string]int{}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return c.door.ReadProblem(err)
		}
		if c.upload == nil {
			continue // nobody asked for it
		}
		n, p := c.add(transferred(part))
		if p != nil {
			return p
		}
		numbers[partID(part)] = n
	}
	attach(op, numbers)
	return nil
}

func attach(n *node, numbers map[string]int) {
	if number, ok := numbers[n.cid]; ok && n.cid != "" && n.document == 0 {
		n.document = number
		delete(numbers, n.cid) // each is one document's
	}
	for _, c := range n.children {
		if c.name != "Include" { // its number is the element's around it
			attach(c, numbers)
		}
	}
}

// send hands in.
func (c *call) send(op *node) *door.Problem {
	forsendelse := op.find("forsendelse")
	if forsendelse == nil {
		return door.NewProblem(http.StatusBadRequest, "forsendelse-mangler", "Elementet «forsendelse» mangler.")
	}
	spread(forsendelse)
	data, found := canonical(forsendelse)
	if sub, _ := shipment.ParseSubmission(data); !sub.DigitalOnly {
		if p := c.upload.Printed(); p != nil {
			return p
		}
	}
	c.name(forsendelse)
	i := door.Identity{Key: c.r.Header.Get("Idempotency-Key")}
	if strings.EqualFold(op.name, "sendForsendelseMedId") {
		if i = (door.Identity{ID: givenID(op, forsendelse)}); i.ID == "" {
			return door.NewProblem(http.StatusBadRequest, "id-form", "Id-en til forsendelsen må være en UUID.")
		}
	}
	id, p := c.upload.Take(c.r.Context(), c.caller, c.dialect(), i, data, found)
	if p != nil {
		return p.Renamed(namesOf(c.dialect()).of)
	}
	return c.answer(c.id("return", id))
}

// givenID is the id that the sender has for a hand-in: beside it, or, as one client does, in it.
func givenID(op, forsendelse *node) string {
	for _, list := range [][]*node{op.children, forsendelse.children} {
		for _, n := range list {
			if name := n.lower(); name == "forsendelsesid" || name == "forsendelseid" || name == "id" {
				return idOf(n)
			}
		}
	}
	return ""
}

// spread brings documents that stand together in one dokumenter beside each other.
func spread(forsendelse *node) {
	var out []*node
	for _, n := range forsendelse.children {
		if n.lower() == "dokumenter" && len(n.children) > 0 && n.children[0].lower() == "dokument" {
			for _, d := range n.children {
				d.name = "dokumenter"
				out = append(out, d)
			}
			continue
		}
		out = append(out, n)
	}
	forsendelse.children = out
}

// name gives the documents that came the names that the hand-in has for them. What no element means keeps a name of its own, so that it is
// found to be too much.
func (c *call) name(forsendelse *node) {
	names := make([]shipment.Private, c.came)
	for i := range names {
		names[i] = shipment.Private("/" + strconv.Itoa(i)) // no document can have it
	}
	for _, d := range forsendelse.children {
		if d.lower() != "dokumenter" {
			continue
		}
		number, file := 0, ""
		for _, f := range d.children {
			switch f.lower() {
			case "data":
				number = f.document
			case "filnavn":
				file = f.text
			}
		}
		if number > 0 && file != "" {
			names[number-1] = shipment.Private(file)
		}
	}
	for i, name := range names {
		c.upload.Name(i, name)
	}
}

func (c *call) start(*node) *door.Problem { return c.answer(c.id("return", uuid.NewString())) }

// nothing answers for what is not here: no receiving system is connected.
func (c *call) nothing(*node) *door.Problem { return c.answer() }
