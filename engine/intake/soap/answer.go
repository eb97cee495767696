package soap

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"postgang/engine/intake/door"
)

// element is a part of an answer.
type element struct {
	name     string
	text     string
	children []element
}

func say(name, text string) element               { return element{name: name, text: text} }
func in(name string, children ...element) element { return element{name: name, children: children} }
func (c *call) id(name, id string) element {
	if c.wrapped() {
		return in(name, say("id", id))
	}
	return say(name, id)
}

// write writes elements without prefix or attributes, on one line: clients read them by pattern.
func (e element) write(b *bytes.Buffer) {
	b.WriteString("<" + e.name + ">")
	escape(b, e.text)
	for _, c := range e.children {
		c.write(b)
	}
	b.WriteString("</" + e.name + ">")
}

func escape(b *bytes.Buffer, text string) { _ = xml.EscapeText(b, []byte(text)) } // a buffer takes everything

// answer answers the operation in the namespace that it was asked in.
func (c *call) answer(elements ...element) *door.Problem {
	space := c.op.Space
	if space == "" {
		space = c.namespace()
	}
	var b bytes.Buffer
	name := "ns2:" + c.op.Local + "Response"
	b.WriteString("<" + name + ` xmlns:ns2="`)
	escape(&b, space)
	b.WriteString(`">`)
	for _, e := range elements {
		e.write(&b)
	}
	b.WriteString("</" + name + ">")
	c.write(http.StatusOK, b.String())
	return nil
}

func (c *call) write(status int, body string) {
	kind, space := "text/xml;charset=UTF-8", "http://schemas.xmlsoap.org/soap/envelope/"
	if c.soap12 {
		kind, space = "application/soap+xml;charset=UTF-8", nsSOAP12
	}
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(status)
	_, _ = c.w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="` + space + `"><soap:Body>` + body + `</soap:Body></soap:Envelope>`)) // who asked may be gone
}

// gaveUp are the words by which eFormidling knows that sending again is of no use; everything else it sends again for ever.
const gaveUp = "Ugyldig innhold: "

// faultText is what a problem says. A permanent one begins as brokers know them; others hold none of those words. What a person can put
// right without changing the letter, a password or an access, is worth sending again.
func faultText(p *door.Problem) string {
	permanent := p.Permanent && p.Status != http.StatusUnauthorized && p.Status != http.StatusForbidden
	if permanent && !strings.HasPrefix(p.Text, "Duplikat") {
		return gaveUp + p.Text
	}
	return p.Text
}

// fault answers with a fault. All but a missing login have HTTP's 500, as clients expect of faults of either version.
func (c *call) fault(p *door.Problem) {
	status := http.StatusInternalServerError
	if p.Status == http.StatusUnauthorized {
		status = p.Status
		c.w.Header().Set("WWW-Authenticate", `Basic realm="SvarUt", charset="UTF-8"`)
	}
	if p.RetryAfter > 0 {
		c.w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	c.door.Log.Info("a request was not done", "path", c.r.Pattern, "operation", c.shownOperation(), "status", p.Status, "code", p.Code)
	senders := p.Status < 500
	var b bytes.Buffer
	b.WriteString("<soap:Fault>")
	if c.soap12 {
		code := "Receiver"
		if senders {
			code = "Sender"
		}
		b.WriteString("<soap:Code><soap:Value>soap:" + code + `</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="nb">`)
		escape(&b, faultText(p))
		b.WriteString("</soap:Text></soap:Reason><soap:Detail>")
		say("faultstring", faultText(p)).write(&b) // for those who look for it by its name in 1.1
		say("kode", p.Code).write(&b)
		b.WriteString("</soap:Detail>")
	} else {
		code := "Server"
		if senders {
			code = "Client"
		}
		b.WriteString("<faultcode>soap:" + code + "</faultcode>")
		say("faultstring", faultText(p)).write(&b)
		in("detail", say("kode", p.Code)).write(&b)
	}
	b.WriteString("</soap:Fault>")
	c.write(status, b.String())
}

// shownOperation is the operation's name as it may stand in logs: what is none can be anything.
func (c *call) shownOperation() string {
	if operations[strings.ToLower(c.op.Local)] == nil {
		return ""
	}
	return c.op.Local
}
