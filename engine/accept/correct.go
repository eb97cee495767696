package accept

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"postgang/engine/access"
	"postgang/engine/identity"
	"postgang/engine/recipient"
	"postgang/engine/shipment"
	"postgang/engine/store"
)

// AddressError says why an address that a person gave is not taken: every reason, as at hand-in. It names no personal data.
type AddressError struct{ Refusals []shipment.Refusal }

func (e *AddressError) Error() string {
	return "the address is not taken: " + shipment.RefusalCodes(e.Refusals)
}

var (
	// ErrOnItsWay says that the letter is in a print job, whose forside has the address of before.
	ErrOnItsWay = errors.New("is in a print job: have that withdrawn first, or wait for it")
	// ErrNotForPaper says that the letter does not go to paper from its status.
	ErrNotForPaper = errors.New("does not go to paper from its status")
	// ErrNotOver says that the letter's way has not ended: only then it is sent again.
	ErrNotOver = errors.New("is still on its way: it is not sent again")
)

// CorrectAddress gives a letter that is not printed yet another postal address, by a person. The digitalId stays: it says who the
// letter is for. What was handed in is known by its content as before. The address is held to the rules of a hand-in, and to the
// window of the envelope (*AddressError). A letter in a print job is refused with ErrOnItsWay, one that does not go to paper with
// ErrNotForPaper. The reason is kept in the history: no personal data.
func (e *Acceptor) CorrectAddress(ctx context.Context, id string, to shipment.PostalAddress, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	s, err := store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) {
		s, err := r.Shipment(ctx, id)
		if err != nil {
			return s, err
		}
		return s, mayBeReaddressed(ctx, r, s)
	})
	if err != nil {
		return err
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return err
	}
	account, ok := terms.Letter(s)
	if !ok {
		return fmt.Errorf("account %q is not configured", s.Account)
	}
	to.DigitalID = s.Submission.Recipient.DigitalID
	s.Submission.Recipient = to
	s.Submission.Normalise()
	s.Zone = s.Submission.Recipient.Zone()
	found, err := e.validate(ctx, s.Submission, account, e.Now())
	if err != nil {
		return err
	}
	found = ofRecipient(found)
	if !shipment.AnyRefuses(found) && s.Facts != nil {
		judged := s
		judged.Refusals = nil // tryLayout says nothing where something refuses already
		if found, err = e.tryLayout(ctx, judged, account, *s.Facts); err != nil {
			return err
		}
		found = ofRecipient(found)
	}
	if shipment.AnyRefuses(found) {
		return &AddressError{found}
	}
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		if err := mayBeReaddressed(ctx, tx, s); err != nil {
			return err
		}
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return err
		}
		if err := tx.PutPersons(ctx, recipient.Row(s, e.NumberHash)); err != nil {
			return err
		}
		why := shipment.Note{Code: "readdressed", Args: shipment.Args{"reason": reason}}
		return tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventReaddressed, From: s.Status, To: s.Status, Reason: why.String()})
	})
	if err != nil {
		return fmt.Errorf("correct the address of shipment %s: %w", id, err)
	}
	e.Passed("address: corrected")
	e.Log.Info("address corrected", "shipment", id)
	return nil
}

// mayBeReaddressed tells why a letter's address cannot be corrected any more.
func mayBeReaddressed(ctx context.Context, r store.Reader, s shipment.Shipment) error {
	switch s.Status {
	case shipment.StatusAkseptert, shipment.StatusVarslet, shipment.StatusKlarForMottak, shipment.StatusSendtSDP:
	default:
		return fmt.Errorf("shipment %s is %s and %w", s.ID, s.Status, ErrNotForPaper)
	}
	if s.Submission.DigitalOnly || s.Facts == nil {
		return fmt.Errorf("shipment %s is only digital and %w", s.ID, ErrNotForPaper)
	}
	in, err := r.JobsOf(ctx, s.ID)
	if i := slices.IndexFunc(in, func(j store.PrintJob) bool { return j.State.Live() }); i >= 0 {
		return fmt.Errorf("shipment %s %w: %s", s.ID, ErrOnItsWay, in[i].ID)
	}
	return err
}

// ofRecipient are the reasons that are about the recipient's address.
func ofRecipient(found []shipment.Refusal) []shipment.Refusal {
	return slices.DeleteFunc(found, func(r shipment.Refusal) bool {
		return r.Field != "mottaker" && !strings.HasPrefix(r.Field, "mottaker.")
	})
}

// SendAgain sends a letter whose way has ended (PRINTET and back by post, read, closed, not delivered) once more as a new shipment, on
// paper, to another address or to the same one. Both histories name the other. The same letter to the same address again gives the same
// new shipment, so it may be tried again; an address that is refused is stored as a refused shipment, as a hand-in would be.
func (e *Acceptor) SendAgain(ctx context.Context, id string, to *shipment.PostalAddress, reason string) (shipment.Received, error) {
	if why := identity.BadReason(reason); why != "" {
		return shipment.Received{}, errors.New(why)
	}
	var s shipment.Shipment
	var docs []shipment.Document
	err := e.Archive.View(ctx, func(r store.Reader) (err error) {
		if s, err = r.Shipment(ctx, id); err != nil {
			return err
		}
		docs, err = r.Documents(ctx, id)
		return err
	})
	if err != nil {
		return shipment.Received{}, err
	}
	switch s.Status {
	case shipment.StatusPrintet, shipment.StatusIkkeLevert, shipment.StatusManueltHandtert, shipment.StatusLest, shipment.StatusLevertSDP:
	default:
		return shipment.Received{}, fmt.Errorf("shipment %s is %s: it %w", id, s.Status, ErrNotOver)
	}
	h, err := e.again(ctx, s, docs, to)
	if err != nil {
		return shipment.Received{}, err
	}
	got, err := e.Receive(ctx, h)
	if err != nil {
		return got, fmt.Errorf("send shipment %s again: %w", id, err)
	}
	key := "igjen/" + s.ID + "/" + got.ID
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		next, err := tx.Shipment(ctx, got.ID)
		if err != nil {
			return err
		}
		old := shipment.Note{Code: "sent-again", Args: shipment.Args{"shipment": got.ID, "reason": reason}}
		replaces := shipment.Note{Code: "replaces", Args: shipment.Args{"shipment": s.ID, "reason": reason}}
		return tx.AddEvents(ctx,
			shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventSentAgain, From: s.Status, To: s.Status, Reason: old.String(), Key: key},
			shipment.Event{Shipment: next.ID, At: tx.Now(), Kind: shipment.EventReplaces, From: next.Status, To: next.Status, Reason: replaces.String()})
	})
	if err != nil && !errors.Is(err, store.ErrExists) { // it is noted already
		return got, fmt.Errorf("note that shipment %s is sent again: %w", id, err)
	}
	e.Passed("sent again")
	e.Log.Info("shipment sent again", "shipment", id, "new", got.ID)
	return got, nil
}

// again makes a hand-in of a shipment that is there.
func (e *Acceptor) again(ctx context.Context, s shipment.Shipment, docs []shipment.Document, to *shipment.PostalAddress) (shipment.HandIn, error) {
	sub := s.Submission
	if to != nil {
		digital := sub.Recipient.DigitalID
		sub.Recipient = *to
		sub.Recipient.DigitalID = digital
	}
	sub.PrintOnly, sub.DigitalOnly, sub.Encrypted = true, false, false
	sub.SigningExpires, sub.SignatureType = nil, "" // nothing is signed on paper
	sub.Documents = slices.Clone(sub.Documents)
	for i := range sub.Documents {
		sub.Documents[i].ToBeSigned = false
	}
	data, err := json.Marshal(sub)
	if err != nil {
		return shipment.HandIn{}, errors.New("the shipment cannot be handed in again as it is kept") // the cause may quote it
	}
	address, err := json.Marshal(sub.Recipient)
	if err != nil {
		return shipment.HandIn{}, errors.New("the address cannot be kept") // the cause may quote it
	}
	sum := sha256.Sum256(append(slices.Clone(e.FingerprintKey), address...))
	h := shipment.HandIn{
		Account: s.Account, Key: "igjen-" + s.ID + "-" + hex.EncodeToString(sum[:4]), Dialect: string(access.ByHand), JSON: data, At: e.Now(),
	}
	for _, d := range docs {
		h.Files = append(h.Files, shipment.HandInFile{Name: d.FileName, Bytes: d.Blob.Bytes, Open: func() (io.ReadCloser, error) { return e.openDocument(ctx, d.Blob) }})
	}
	return h, nil
}

// openDocument reads a stored document from its beginning.
func (e *Acceptor) openDocument(ctx context.Context, ref shipment.BlobRef) (io.ReadCloser, error) {
	b, err := e.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(b, 0, b.Size()), b}, nil
}
