package soap

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"postgang/engine/intake/door"
	"postgang/engine/shipment"
	"postgang/engine/words"
)

// maxSigning is how many histories of signing are asked for at a time.
const maxSigning = 10

// ids are the ids that an operation asks for, bare or wrapped.
func ids(op *node) (out []string) {
	for _, n := range op.children {
		switch name := n.lower(); {
		case name == "id":
			out = append(out, n.value())
		case strings.HasPrefix(name, "forsendelse"):
			if len(n.children) == 0 {
				out = append(out, n.value())
				continue
			}
			for _, c := range n.children {
				if c.lower() == "id" {
					out = append(out, c.value())
				}
			}
		}
	}
	return out
}

// asked is the one shipment that an operation asks for.
func (c *call) asked(op *node) (shipment.Shipment, *door.Problem) {
	return c.door.Shipment(c.r.Context(), c.caller, idOf(op.find("forsendelsesid", "forsendelseid", "id")))
}

// word is a status as the version knows it. V4's contract has no words for what came after it.
func (c *call) word(s door.StatusOf) string {
	status := s.Old()
	if c.version == 4 {
		switch status {
		case shipment.StatusSendtSDP, shipment.StatusLevertSDP:
			status = shipment.StatusSendtDigitalt
		case shipment.StatusKlarForMottak:
			status = shipment.StatusVarslet
		case shipment.StatusIkkeLevert:
			status = shipment.StatusAvvist
		default:
		}
	}
	return string(status)
}

// statusElement is a status with its shipment and time.
func (c *call) statusElement(s door.StatusOf) element {
	at := s.Changed.UTC().Format(time.RFC3339Nano)
	if c.wrapped() {
		return in("return", c.id("forsendelsesId", s.ID), say("sisteStatusEndring", at), say("status", c.word(s)))
	}
	return in("return", say("forsendelseStatus", c.word(s)), say("forsendelsesid", s.ID), say("sisteStatusEndring", at))
}

func (c *call) status(op *node) *door.Problem {
	s, p := c.asked(op)
	if p != nil {
		return p
	}
	found, p := c.door.Statuses(c.r.Context(), c.caller, []string{s.ID})
	if p != nil {
		return p
	}
	if len(found) == 0 {
		return door.ErrUnknown
	}
	if c.wrapped() {
		return c.answer(c.statusElement(found[0]))
	}
	return c.answer(say("return", c.word(found[0])))
}

func (c *call) statuses(op *node) *door.Problem {
	found, p := c.door.Statuses(c.r.Context(), c.caller, ids(op))
	if p != nil {
		return p
	}
	var out []element
	for _, s := range found {
		out = append(out, c.statusElement(s))
	}
	return c.answer(out...)
}

func (c *call) events(op *node) *door.Problem {
	s, p := c.asked(op)
	if p != nil {
		return p
	}
	events, _, p := c.door.History(c.r.Context(), s.ID)
	if p != nil {
		return p
	}
	name := "hendelsesLogg"
	if c.wrapped() {
		name = "hendelsesLogger"
	}
	var out []element
	for _, e := range events {
		out = append(out, in(name, say("hendelse", words.Event(e, words.Norwegian)), say("tidspunkt", door.ClockTime(e.At))))
	}
	return c.answer(in("return", out...))
}

// signing tells that nothing is signed here, of each shipment that is known.
func (c *call) signing(op *node) *door.Problem {
	asked := ids(op)
	if len(asked) > maxSigning {
		return door.NewProblem(http.StatusBadRequest, "for-mange-id-er", "Det kan spørres om signeringshistorikk for høyst 10 forsendelser om gangen.")
	}
	many := strings.HasSuffix(strings.ToLower(op.name), "flereforsendelser")
	var out []element
	for _, id := range asked {
		s, p := c.door.Shipment(c.r.Context(), c.caller, id)
		switch {
		case p == door.ErrUnknown && many:
			continue
		case p != nil:
			return p
		case c.wrapped():
			out = append(out, in("return", c.id("forsendelsesId", s.ID)))
		default:
			out = append(out, in("return", say("forsendelseid", s.ID)))
		}
	}
	if len(out) == 0 && !many {
		return door.ErrUnknown
	}
	return c.answer(out...)
}

// read records that the sender's own system showed a letter to its recipient. Without a date it was now, as in V4.
func (c *call) read(op *node) *door.Problem {
	s, p := c.asked(op)
	if p != nil {
		return p
	}
	e := shipment.DigitalEvent{At: c.door.Now(), Key: "lest " + s.ID}
	if date := op.find("datolest"); date != nil && !date.nothing && date.value() != "" {
		at, ok := timeOf(date.value())
		if !ok {
			return door.NewProblem(http.StatusBadRequest, "lest-tidspunkt", "Feltet datoLest er ikke et tidspunkt.")
		}
		e.At, e.Key = at, "lest "+s.ID+" "+at.UTC().Format(time.RFC3339Nano)
	}
	if p := c.door.Read(c.r.Context(), c.caller, s, e); p != nil {
		return p
	}
	return c.answer()
}

func (c *call) referenced(op *node) *door.Problem {
	var out []element
	if reference := op.find("eksternref", "eksternreferanse").valueOr(); reference != "" {
		list, p := c.door.Referenced(c.r.Context(), c.account, reference)
		if p != nil {
			return p
		}
		for _, s := range list {
			out = append(out, c.id("return", s.ID))
		}
	}
	return c.answer(out...)
}

func (c *call) metadata(op *node) *door.Problem {
	s, p := c.asked(op)
	if p != nil {
		return p
	}
	_, docs, p := c.door.History(c.r.Context(), s.ID)
	if p != nil {
		return p
	}
	var out []element
	for _, d := range docs {
		fields := []element{
			say("mimeType", d.MimeType), say("filnavn", d.FileName.Reveal()), say("kanSigneres", "false"),
			say("sizeInBytes", strconv.FormatInt(d.Blob.Bytes, 10)), say("sha256hash", d.Blob.SHA256),
		}
		if d.Position < len(s.Submission.Documents) && s.Submission.Documents[d.Position].DocumentType != "" {
			fields = append(fields, say("dokumentType", s.Submission.Documents[d.Position].DocumentType))
		}
		out = append(out, in("return", fields...))
	}
	return c.answer(out...)
}
