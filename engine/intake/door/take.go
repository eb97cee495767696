package door

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"postgang/engine/accept"
	"postgang/engine/access"
	"postgang/engine/retention"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/printjobs/prepare/finding"
)

// Identity is how a sender says that a hand-in is the same as one before; the zero value: it does not say.
type Identity struct {
	ID  string // the shipment's id, which the sender has or makes; a UUID
	Key string // Idempotency-Key: any text, and kept as a hash alone
}

// of is the hand-in's own key within the account, and the shipment's id where the sender has it.
func (i Identity) of() (key, id string, p *Problem) {
	switch {
	case i.ID != "":
		id = strings.ToLower(strings.TrimSpace(i.ID))
		if !uuidForm.MatchString(id) {
			return "", "", NewProblem(http.StatusBadRequest, "id-form", "Id-en til forsendelsen må være en UUID.")
		}
		return "id-" + id, id, nil
	case i.Key != "":
		sum := sha256.Sum256([]byte(i.Key))
		return "key-" + hex.EncodeToString(sum[:16]), "", nil
	}
	return "http-" + uuid.NewString(), "", nil
}

// InArchive is the hand-in's own key within the account, as the archive keeps it, of an identity that says who it is.
func (i Identity) InArchive() string {
	key, _, _ := i.of()
	return key
}

// Take hands in what was uploaded, once: forsendelse is its forsendelse.json, and found what the dialect has found wrong already. When it
// returns the id of a shipment, the shipment is stored for good. The same identity with the same content gives the same id again.
func (u *Upload) Take(ctx context.Context, c Caller, dialect access.Dialect, i Identity, forsendelse []byte, found []shipment.Refusal) (string, *Problem) {
	d := u.door
	key, id, p := i.of()
	if p != nil {
		return "", p
	}
	sub, _ := shipment.ParseSubmission(forsendelse)
	u.name(sub)
	forsendelse, sealed, closed, p := u.open(ctx, sub, forsendelse)
	if p != nil {
		return "", p
	}
	h := shipment.HandIn{
		Account: u.account.Key, Key: key, ID: id, Dialect: string(dialect), Integration: c.ID, JSON: forsendelse, Files: u.files, At: d.Now(),
	}
	judged, stored, err := d.Engine.Judge(ctx, h)
	if err != nil {
		d.Log.Error("judge a hand-in", "account", u.account.Key, "error", err)
		return "", ErrInternal
	}
	if !stored {
		found = slices.Concat(found, judged, u.unnamed(sub))
		if !closed {
			notPDF, err := u.notPDF(sub)
			if err != nil {
				return "", d.spoolProblem(err)
			}
			found = append(found, notPDF...)
		}
	} else {
		found = nil
	}
	if found = append(found, sealed...); shipment.AnyRefuses(found) { // what cannot be opened cannot be compared either
		d.Log.Info("hand-in refused at the door", "account", u.account.Key, "integration", c.ID, "dialect", dialect, "reasons", shipment.RefusalCodes(found))
		return "", refused(found)
	}
	got, err := d.Engine.Receive(c.as(ctx), h)
	switch {
	case errors.Is(err, accept.ErrIDTaken):
		return "", ErrConflict
	case err != nil && ctx.Err() != nil:
		return "", errSlow // nobody waits for the answer any more, or it took too long
	case err != nil:
		d.Log.Error("receive a hand-in", "account", u.account.Key, "integration", c.ID, "error", err)
		return "", ErrInternal
	case got.Other:
		d.Log.Warn("an identity was used before, for another hand-in", "account", u.account.Key, "integration", c.ID, "shipment", got.ID)
		return "", ErrConflict
	}
	return got.ID, nil
}

// name gives the documents that came without a file name the names that the hand-in has for them, in its order.
func (u *Upload) name(sub shipment.Submission) {
	for i := range u.files {
		if u.files[i].Name == "" && i < len(sub.Documents) {
			u.files[i].Name = sub.Documents[i].FileName
		}
	}
}

// unnamed finds documents that the hand-in does not name, or that have one name, and those it names where none came.
func (u *Upload) unnamed(sub shipment.Submission) []shipment.Refusal {
	named, came := map[string]bool{}, map[string]bool{}
	for _, doc := range sub.Documents {
		named[shipment.FileKey(doc.FileName.Reveal())] = true
	}
	var unlisted, twice int
	for _, f := range u.files {
		key := shipment.FileKey(f.Name.Reveal())
		switch {
		case came[key]:
			twice++
		case !named[key]:
			unlisted++
		}
		came[key] = true
	}
	var out []shipment.Refusal
	if len(u.files) == 0 { // the engine takes none at all for a hand-in that is refused for something else
		for i := range sub.Documents {
			out = append(out, shipment.Refusal{Code: "dokument-mangler", Field: "dokumenter[" + strconv.Itoa(i) + "].filnavn", Args: shipment.Args{"document": strconv.Itoa(i + 1)}})
		}
	}
	if unlisted > 0 {
		out = append(out, shipment.Refusal{Code: "fil-ikke-oppfort", Args: shipment.Args{"n": strconv.Itoa(unlisted)}})
	}
	if twice > 0 {
		out = append(out, shipment.Refusal{Code: "fil-lik", Args: shipment.Args{"n": strconv.Itoa(twice)}})
	}
	return out
}

// notPDF finds documents that are said to be PDF and do not begin as one. All else about them is seen when they are prepared.
func (u *Upload) notPDF(sub shipment.Submission) ([]shipment.Refusal, error) {
	if sub.DigitalOnly {
		return nil, nil // what is never printed is the recipient's to judge
	}
	var out []shipment.Refusal
	for i, doc := range sub.Documents {
		if doc.Excluded || !shipment.IsPDF(doc.MimeType) {
			continue
		}
		at := slices.IndexFunc(u.files, func(f shipment.HandInFile) bool {
			return shipment.FileKey(f.Name.Reveal()) == shipment.FileKey(doc.FileName.Reveal())
		})
		if at < 0 {
			continue // missing, which Judge says
		}
		begins, err := beginsAsPDF(u.files[at])
		if err != nil {
			return nil, err
		}
		if !begins {
			out = append(out, shipment.Refusal{Code: finding.CodeUnreadable, Field: "dokumenter[" + strconv.Itoa(i) + "]"})
		}
	}
	return out, nil
}

// beginsAsPDF looks for the mark of a PDF in the first 1,024 bytes, where readers look for it (ISO 32000-1, annex H.3.4.1).
func beginsAsPDF(f shipment.HandInFile) (bool, error) {
	r, err := f.Open()
	if err != nil {
		return false, err
	}
	defer r.Close()
	head, err := io.ReadAll(io.LimitReader(r, 1024))
	return bytes.Contains(head, []byte("%PDF-")), err
}

// Shipment finds a shipment that the caller may ask about.
func (d *Door) Shipment(ctx context.Context, c Caller, id string) (shipment.Shipment, *Problem) {
	id = strings.ToLower(strings.TrimSpace(id))
	if !uuidForm.MatchString(id) {
		return shipment.Shipment{}, ErrUnknown
	}
	s, err := store.View(ctx, d.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.Shipment(ctx, id) })
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !c.MaySend(s.Account):
		return shipment.Shipment{}, ErrUnknown
	case err != nil:
		d.Log.Error("look up shipment", "shipment", id, "error", err)
		return shipment.Shipment{}, ErrInternal
	}
	return s, nil
}

// maxReferenced is how many shipments with one reference are told.
const maxReferenced = 1000

// Referenced lists the shipments of an account with the sender's own reference, the newest first.
func (d *Door) Referenced(ctx context.Context, a *Account, reference string) ([]shipment.Shipment, *Problem) {
	out, err := store.View(ctx, d.Archive, func(r store.Reader) ([]shipment.Shipment, error) {
		return r.Shipments(ctx, store.ShipmentFilter{Account: a.Key, Reference: reference, Newest: true, Limit: maxReferenced})
	})
	if err != nil {
		d.Log.Error("look up a reference", "account", a.Key, "error", err)
		return nil, ErrInternal
	}
	return out, nil
}

// History is a shipment's history and documents.
func (d *Door) History(ctx context.Context, id string) (events []shipment.Event, docs []shipment.Document, p *Problem) {
	err := d.Archive.View(ctx, func(r store.Reader) (err error) {
		if events, err = r.History(ctx, id); err == nil {
			docs, err = r.Documents(ctx, id)
		}
		return err
	})
	if err != nil {
		d.Log.Error("look up a history", "shipment", id, "error", err)
		return nil, nil, ErrInternal
	}
	return events, docs, nil
}

// Erase erases the content of shipments, since the sender's system wants it. All must be at the end of their way: a letter that may still
// become paper would be lost, and none is erased then.
func (d *Door) Erase(ctx context.Context, c Caller, list ...shipment.Shipment) *Problem {
	for _, s := range list {
		if s.Status != shipment.StatusSlettet && !s.Status.Terminal() {
			return errNotOver
		}
	}
	for _, s := range list {
		err := d.Engine.EraseForSender(c.as(ctx), s.ID)
		switch {
		case errors.As(err, new(*retention.NotYetError)):
			return errNotOver
		case err != nil:
			d.Log.Error("erase for the sender", "shipment", s.ID, "error", err)
			return ErrInternal
		}
	}
	return nil
}

// Read records that the sender's own system showed a letter to its recipient.
func (d *Door) Read(ctx context.Context, c Caller, s shipment.Shipment, e shipment.DigitalEvent) *Problem {
	e.Shipment, e.Kind = s.ID, shipment.DigitalRead
	err := d.Engine.Event(c.as(ctx), e)
	switch {
	case errors.Is(err, shipment.ErrDigitalEvent):
		return NewProblem(http.StatusBadRequest, "lest-tidspunkt", "Tidspunktet for lesingen mangler eller er før forsendelsen ble mottatt.")
	case err != nil:
		d.Log.Error("record a reading", "shipment", s.ID, "error", err)
		return ErrInternal
	}
	return nil
}
