// Package dpi imports receipts of Digital post til innbygger: what became of letters in digital mailboxes. It asks the sender's access
// point (corner 2), or an eFormidling integrasjonspunkt that a case system sends through, and says in our words what each receipt
// means. It sends nothing.
//
// A receipt comes signed by the mailbox; the signature is not checked here: who the receipts are asked of is trusted to have done so,
// and is spoken to by TLS. eFormidling may be spoken to in plain, since it stands in the same network.
package dpi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"postgang/engine/shipment"
)

// Kind is what a receipt is about.
type Kind string

// The kinds of receipts.
const (
	Delivered          Kind = "levering"       // the letter lies in the mailbox
	OpenedIt           Kind = "aapning"        // the recipient opened it; only when ordered, and maybe long after
	NotificationFailed Kind = "varslingfeilet" // nobody was told, but the letter lies in the mailbox
	Failed             Kind = "feil"           // the mailbox did not take it
	Taken              Kind = "mottak"         // DPI's own print has it
	Returned           Kind = "retur"          // … and it came back by post
	Other              Kind = "annet"          // on its way, or something new
)

// Receipt is one receipt. It holds nothing private: what it says of people is not read.
type Receipt struct {
	ID           string // of the receipt where it came from
	Conversation string // what it answers, lower-case UUID
	Message      string // eFormidling's own id of the message; "": none
	Kind         Kind
	At           time.Time
	Blame        string // of Failed: KLIENT or SERVER; "": not told
}

// References are the ids under which our letter may be known, most telling first.
func (r Receipt) References() []string {
	var refs []string
	for _, ref := range []string{r.Conversation, r.Message} {
		if ref != "" && (len(refs) == 0 || refs[0] != ref) {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Key is the identity of what it says: the same of the same conversation is one, whatever way it came.
func (r Receipt) Key() string { return "dpi:" + r.References()[0] + ":" + string(r.Kind) }

// Event says which event of ours a receipt is; false: none, it is recorded only. A notification that failed is none, since the letter
// lies in the mailbox all the same.
func (r Receipt) Event() (shipment.DigitalKind, bool) {
	switch r.Kind {
	case Delivered:
		return shipment.DigitalSDPDelivered, true
	case OpenedIt:
		return shipment.DigitalRead, true
	case Failed:
		return shipment.DigitalSDPFailed, true
	case NotificationFailed, Taken, Returned, Other:
	}
	return "", false
}

// Cause is a code for the history.
func (r Receipt) Cause() string {
	if r.Kind == Failed && (r.Blame == "KLIENT" || r.Blame == "SERVER") {
		return "dpi-feil-" + strings.ToLower(r.Blame)
	}
	return "dpi-" + string(r.Kind)
}

// ErrReceipt says that a receipt cannot be understood. It repeats nothing of it.
var ErrReceipt = errors.New("not a receipt of DPI that can be read")

// ErrNotOurs is what a taker returns for a receipt of a letter that is not here: it is left for whom it is for.
var ErrNotOurs = errors.New("the receipt is of no letter here")

// document is a standard business document with a receipt, as far as it is read.
type document struct {
	SBD struct {
		Header struct {
			ID struct {
				Instance string    `json:"instanceIdentifier"`
				Type     string    `json:"type"`
				Created  time.Time `json:"creationDateAndTime"`
			} `json:"documentIdentification"`
			Scope struct {
				Scopes []struct {
					Type     string `json:"type"`
					Instance string `json:"instanceIdentifier"`
				} `json:"scope"`
			} `json:"businessScope"`
		} `json:"standardBusinessDocumentHeader"`
		Delivered *body `json:"leveringskvittering"`
		Opened    *body `json:"aapningskvittering"`
		NotNoted  *body `json:"varslingfeiletkvittering"`
		Taken     *body `json:"mottakskvittering"`
		Returned  *body `json:"returpostkvittering"`
		Failed    *body `json:"feil"`
	} `json:"standardBusinessDocument"`
}

// body is what all receipts have.
type body struct {
	At    time.Time `json:"tidspunkt"`
	Blame string    `json:"feiltype"`
}

// fromJWT reads a receipt out of a signed message, without its signature.
func fromJWT(jwt string) (Receipt, error) {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return Receipt{}, ErrReceipt
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Receipt{}, ErrReceipt
	}
	return fromJSON(payload)
}

func fromJSON(text []byte) (Receipt, error) {
	var d document
	if err := json.Unmarshal(text, &d); err != nil {
		return Receipt{}, ErrReceipt
	}
	h := d.SBD.Header
	r := Receipt{ID: strings.ToLower(h.ID.Instance), At: h.ID.Created, Kind: Other}
	for _, s := range h.Scope.Scopes {
		if strings.EqualFold(s.Type, "ConversationId") {
			r.Conversation = strings.ToLower(s.Instance)
		}
	}
	if uuid.Validate(r.ID) != nil || uuid.Validate(r.Conversation) != nil {
		return Receipt{}, ErrReceipt
	}
	for _, k := range []struct {
		kind Kind
		body *body
	}{
		{Delivered, d.SBD.Delivered}, {OpenedIt, d.SBD.Opened}, {NotificationFailed, d.SBD.NotNoted},
		{Taken, d.SBD.Taken}, {Returned, d.SBD.Returned}, {Failed, d.SBD.Failed},
	} {
		if k.body != nil {
			r.Kind, r.Blame = k.kind, k.body.Blame
			if !k.body.At.IsZero() {
				r.At = k.body.At
			}
		}
	}
	if r.At.IsZero() {
		return Receipt{}, ErrReceipt
	}
	return r, nil
}
