package soap

import (
	"bufio"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"postgang/engine/intake/door"
)

// Limits of an envelope. The content of documents is not in them: it goes past as a stream, to the account's own limit.
const (
	maxMarkup = 4 << 20 // bytes of all that is no document; forsendelse.json may have 1 MB
	maxToken  = 1 << 20 // bytes of one tag or text
	maxDepth  = 40      // the contract needs 8
	maxNodes  = 50_000
)

// nsSOAP12 is the namespace of envelopes of SOAP 1.2; every other one is taken for 1.1.
const nsSOAP12 = "http://www.w3.org/2003/05/soap-envelope"

var (
	errXML    = door.NewProblem(400, "xml-feil", "Konvolutten er ikke gyldig XML, eller ikke en SOAP-konvolutt.")
	errDTD    = door.NewProblem(400, "xml-dtd", "Konvolutten har en DTD (DOCTYPE). Det tas ikke imot.")
	errBase64 = door.NewProblem(400, "base64-feil", "Et dokument i feltet data er ikke gyldig base64.")
	errLimits = door.NewProblem(413, "xml-stor", "Konvolutten er for stor eller for dypt nøstet. Dokumenter regnes ikke med, bare det som står rundt dem.")
)

// node is an element of an operation. Names are local: what prefix and namespace clients give their elements differs too much.
type node struct {
	name     string
	nothing  bool // xsi:nil
	text     string
	children []*node
	document int    // number of the document that stood in it as base64, from 1; 0: none
	cid      string // Content-ID of the part that is its content
}

// lower is the name in lower case: versions spell alike names in other cases.
func (n *node) lower() string { return strings.ToLower(n.name) }

// value is the trimmed text.
func (n *node) value() string { return strings.TrimSpace(n.text) }

// find is the first element with one of the names, in lower case, in n or below it.
func (n *node) find(names ...string) *node {
	if n == nil {
		return nil
	}
	for _, name := range names {
		if n.lower() == name {
			return n
		}
	}
	for _, c := range n.children {
		if f := c.find(names...); f != nil {
			return f
		}
	}
	return nil
}

// envelope reads SOAP envelopes of any version.
type envelope struct {
	// began is told the operation before anything of it is read.
	began func(name xml.Name) *door.Problem
	// took takes a document that stands in the envelope as base64, and numbers it from 1.
	took func(content io.Reader) (int, *door.Problem)

	soap12 bool
	src    *source
	dec    *xml.Decoder
	nodes  int
}

// read reads the whole envelope, and gives the operation. unreadable makes a problem of a body that cannot be read.
func (e *envelope) read(body io.Reader, unreadable func(error) *door.Problem) (*node, *door.Problem) {
	e.src = &source{r: bufio.NewReaderSize(body, 64<<10), left: maxMarkup}
	e.dec = xml.NewDecoder(e.src)
	e.dec.CharsetReader = func(label string, _ io.Reader) (io.Reader, error) {
		switch strings.ToLower(label) {
		case "iso-8859-1", "latin1", "windows-1252", "us-ascii":
			return &latin{src: e.src}, nil
		}
		return nil, errXML
	}
	op, err := e.operation()
	var p *door.Problem
	switch {
	case err == nil:
		return op, nil
	case errors.As(err, &p):
		return nil, p
	case e.src.broken != nil:
		return nil, unreadable(e.src.broken)
	}
	return nil, errXML
}

func (e *envelope) token() (xml.Token, error) {
	e.src.token = 0
	t, err := e.dec.Token()
	if _, is := t.(xml.Directive); is && err == nil {
		return nil, errDTD
	}
	return t, err
}

// operation is the first element of the body.
func (e *envelope) operation() (op *node, err error) {
	root, err := e.start()
	if err != nil {
		return nil, err
	}
	if root.Name.Local != "Envelope" {
		return nil, errXML
	}
	e.soap12 = root.Name.Space == nsSOAP12
	for {
		t, err := e.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local != "Body" || op != nil {
				if _, err := e.element(t, 2, "", false); err != nil { // headers are for others
					return nil, err
				}
				continue
			}
			if op, err = e.body(); err != nil {
				return nil, err
			}
		case xml.EndElement:
			if op == nil {
				return nil, errXML
			}
			return op, nil
		}
	}
}

func (e *envelope) start() (xml.StartElement, error) {
	for {
		t, err := e.token()
		if err != nil {
			return xml.StartElement{}, err
		}
		if s, is := t.(xml.StartElement); is {
			return s, nil
		}
	}
}

func (e *envelope) body() (op *node, err error) {
	for {
		t, err := e.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			if op == nil {
				if p := e.began(t.Name); p != nil {
					return nil, p
				}
				if op, err = e.element(t, 3, "", true); err != nil {
					return nil, err
				}
			} else if _, err := e.element(t, 3, "", false); err != nil { // multiRef of old tools
				return nil, err
			}
		case xml.EndElement:
			if op == nil {
				return nil, errXML
			}
			return op, nil
		}
	}
}

// element reads an element to its end. Outside the operation nothing is kept.
func (e *envelope) element(s xml.StartElement, depth int, parent string, kept bool) (*node, error) {
	if e.nodes++; e.nodes > maxNodes || depth > maxDepth {
		return nil, errLimits
	}
	n := &node{name: s.Name.Local}
	for _, a := range s.Attr {
		switch a.Name.Local {
		case "nil":
			n.nothing = a.Value == "true" || a.Value == "1"
		case "href":
			n.cid = contentID(a.Value)
		}
	}
	if kept && n.lower() == "data" && (parent == "dokumenter" || parent == "dokument") && !e.src.closed() {
		if err := e.document(n); err != nil {
			return nil, err
		}
	}
	var text strings.Builder
	for {
		t, err := e.token()
		if err != nil {
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			c, err := e.element(t, depth+1, n.lower(), kept)
			if err != nil {
				return nil, err
			}
			if kept {
				n.children = append(n.children, c)
			}
			if n.lower() == "data" && c.name == "Include" {
				n.cid = c.cid
			}
		case xml.CharData:
			if kept {
				text.Write(t)
			}
		case xml.EndElement:
			if n.text = text.String(); n.document > 0 && n.value() != "" {
				return nil, errBase64 // something stands behind a comment, or is no base64
			}
			return n, nil
		}
	}
}

// document hands on the base64 that follows, if any does, as it comes: nothing of it is held.
func (e *envelope) document(n *node) error {
	t := &inline{src: e.src}
	some, err := t.some()
	if err != nil || !some {
		return err
	}
	number, p := e.took(&decoded{t: t, r: base64.NewDecoder(base64.StdEncoding, t)})
	if p != nil {
		return p
	}
	n.document = number
	return nil
}

// contentID is the Content-ID that an address of a part means.
func contentID(href string) string {
	id, is := strings.CutPrefix(href, "cid:")
	if !is {
		return ""
	}
	if plain, err := url.PathUnescape(id); err == nil {
		id = plain
	}
	return strings.Trim(id, "<>")
}

// source gives the decoder one byte at a time, so that what it has not asked for can be taken past it, and bounds what it holds.
type source struct {
	r            *bufio.Reader
	left         int // bytes of markup that may yet come
	token        int // bytes since the last token
	last, before byte
	broken       error // why the body ended; nil: it did not, or as it should
}

// ReadByte is what the decoder reads by.
func (s *source) ReadByte() (byte, error) {
	if s.left--; s.left < 0 {
		return 0, errLimits
	}
	if s.token++; s.token > maxToken {
		return 0, errLimits
	}
	b, err := s.take()
	s.before, s.last = s.last, b
	return b, err
}

// Read is never used, and the decoder asks for it.
func (s *source) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := s.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// take is the next byte, uncounted.
func (s *source) take() (byte, error) {
	b, err := s.r.ReadByte()
	if err != nil && !errors.Is(err, io.EOF) {
		s.broken = err
	}
	return b, err
}

// closed reports whether the tag that was read last closed itself, so that nothing can stand in it.
func (s *source) closed() bool { return s.before == '/' && s.last == '>' }

// latin reads one of the old encodings, of which Windows-1252 has all that is in the others.
type latin struct {
	src  *source
	rest []byte
}

// ReadByte is what the decoder reads by.
func (l *latin) ReadByte() (byte, error) {
	if len(l.rest) == 0 {
		b, err := l.src.ReadByte()
		if err != nil || b < 0x80 {
			return b, err
		}
		l.rest = []byte(string(charmap.Windows1252.DecodeByte(b)))
	}
	b := l.rest[0]
	l.rest = l.rest[1:]
	return b, nil
}

// Read is never used, and the decoder asks for it.
func (l *latin) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b, err := l.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = b
	return 1, nil
}

// inline is base64 as it stands in an element: with white space, references to characters and CDATA sections taken out. It ends before
// the next tag.
type inline struct {
	src   *source
	cdata bool
	ended bool // before a tag, as it should
}

const beginCDATA = "<![CDATA["

// some reports whether there is text, after white space that is taken away.
func (t *inline) some() (bool, error) {
	for {
		b, err := t.src.take()
		if err != nil {
			return false, cutOff(err)
		}
		if isSpace(rune(b)) {
			continue
		}
		if err := t.src.r.UnreadByte(); err != nil {
			return false, err
		}
		if b != '<' {
			return true, nil
		}
		next, _ := t.src.r.Peek(len(beginCDATA)) // shorter at the end, which the decoder tells
		return string(next) == beginCDATA, nil
	}
}

func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func isSpace(r rune) bool { return r == ' ' || r == '\n' || r == '\r' || r == '\t' }

func isBase64(r rune) bool {
	return 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '+' || r == '/' || r == '='
}

// Read gives letters of base64 alone.
func (t *inline) Read(p []byte) (n int, err error) {
	for n < len(p) && !t.ended {
		b, err := t.src.take()
		if err != nil {
			return n, cutOff(err)
		}
		r := rune(b)
		switch {
		case b == '&' && !t.cdata:
			if r, err = t.reference(); err != nil {
				return n, err
			}
		case b == ']' && t.cdata:
			if next, _ := t.src.r.Peek(2); string(next) != "]>" {
				return n, errBase64
			}
			_, _ = t.src.r.Discard(2) // as peeked
			t.cdata = false
			continue
		case b == '<' && !t.cdata:
			if err := t.src.r.UnreadByte(); err != nil {
				return n, err
			}
			if next, _ := t.src.r.Peek(len(beginCDATA)); string(next) == beginCDATA {
				_, _ = t.src.r.Discard(len(beginCDATA)) // as peeked
				t.cdata = true
				continue
			}
			t.ended = true
			continue
		}
		switch {
		case isSpace(r):
		case isBase64(r):
			p[n] = byte(r)
			n++
		default:
			return n, errBase64
		}
	}
	if n == 0 && t.ended {
		return 0, io.EOF
	}
	return n, nil
}

// reference is the character that a reference means: programs write line ends as &#13;.
func (t *inline) reference() (rune, error) {
	var name []byte
	for len(name) < 10 {
		b, err := t.src.take()
		if err != nil {
			return 0, cutOff(err)
		}
		if b != ';' {
			name = append(name, b)
			continue
		}
		digits, is := strings.CutPrefix(string(name), "#")
		base := 10
		if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
			digits, base = hex, 16
		}
		c, err := strconv.ParseUint(digits, base, 21)
		if !is || err != nil {
			return 0, errBase64
		}
		return rune(c), nil
	}
	return 0, errBase64
}

// decoded tells base64 that is wrong from a connection that ended.
type decoded struct {
	t *inline
	r io.Reader
}

// Read gives the bytes of the document.
func (d *decoded) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	var corrupt base64.CorruptInputError
	if errors.As(err, &corrupt) || d.t.ended && errors.Is(err, io.ErrUnexpectedEOF) {
		return n, errBase64
	}
	return n, err
}
