package accept

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"postgang/engine/access"
	"postgang/engine/alarm"
	"postgang/engine/calendar"
	"postgang/engine/channel"
	"postgang/engine/identity"
	"postgang/engine/party"
	"postgang/engine/recipient"
	"postgang/engine/restored"
	"postgang/engine/shipment"
	"postgang/engine/step"
	"postgang/engine/store"
	"postgang/engine/words"
	"postgang/printjobs"
	"postgang/printjobs/cover"
	"postgang/printjobs/prepare"
)

// Receive stores a hand-in as MOTTATT, with its documents, and has it prepared in the background. The same hand-in
// (account and key) gives the same shipment, whatever became of it; one with other content under the same key is not
// stored, and told. An account that is not configured is an error.
func (e *Acceptor) Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error) {
	if _, ok := e.Accounts[h.Account]; !ok {
		return shipment.Received{}, fmt.Errorf("account %q is not configured", h.Account)
	}
	look, err := e.handIns.Get(ctx, handIn{h.Account, h.Key})
	if err != nil {
		return shipment.Received{}, fmt.Errorf("look up hand-in: %w", err)
	}
	if look.known != nil {
		return e.receiveAgain(ctx, *look.known, h)
	}
	account, _ := look.terms.Account(h.Account)
	at := h.At.UTC().Truncate(time.Millisecond)
	if h.At.IsZero() {
		at = e.Now()
	}
	s := shipment.Shipment{
		ID: cmp.Or(h.ID, e.ShipmentID(h.Account, h.Key)), Account: h.Account, HandIn: h.Key,
		Status: shipment.StatusMottatt, ReceivedAt: at, Refusals: h.Refusals, Dialect: h.Dialect, Integration: h.Integration,
	}
	sub, refusals := parse(h)
	content := e.contentOf(sub, refusals, h, asStored)
	sub.Normalise()
	s.Refusals = append(s.Refusals, refusals...)
	if !shipment.Unreadable(refusals) {
		said, err := e.complete(ctx, account, &sub)
		if err != nil {
			return shipment.Received{}, err
		}
		s.Refusals = append(s.Refusals, said...)
		found, err := e.validate(ctx, sub, account, at)
		if err != nil {
			return shipment.Received{}, err
		}
		s.Refusals = append(s.Refusals, found...)
	}
	s.Submission = sub
	s.Zone = sub.Recipient.Zone()
	s.Fingerprint = sub.Fingerprint(e.FingerprintKey, h.Account)

	docs, missing, err := e.storeDocuments(ctx, s, h)
	if err != nil {
		return shipment.Received{}, err
	}
	for _, d := range docs {
		content.document(d.Position, d.Blob.SHA256)
	}
	s.Content = content.digest()
	s.Refusals = append(s.Refusals, missing...)
	e.Passed("receive: documents stored")

	judged := s
	err = e.Archive.InGroup(ctx, func(tx store.Tx) error {
		s := judged
		s.Refusals = slices.Clip(s.Refusals)
		if err := warnOfTwin(ctx, tx, &s); err != nil {
			return err
		}
		// A letter that was handed in before, into an archive that was lost since, may be with the vendor already.
		job, err := restored.FoundElsewhere(ctx, tx, s.ID)
		if err != nil {
			return err
		}
		if job != "" {
			s.Hold = shipment.HoldRestored
		}
		if err := tx.InsertShipment(ctx, s, docs); err != nil {
			return err
		}
		if err := tx.PutPersons(ctx, recipient.Row(s, e.NumberHash)); err != nil {
			return err
		}
		if err := tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: at, Kind: shipment.EventReceived, From: shipment.StatusMottatt, To: shipment.StatusMottatt}); err != nil {
			return err
		}
		if job != "" {
			why := shipment.Refusal{Code: shipment.HoldRestored, Args: shipment.Args{"case": "has", "job": job}}
			if err := tx.AddEvents(ctx, shipment.SetAside(s, tx.Now(), why)); err != nil {
				return err
			}
		}
		if err := tx.CountWay(ctx, h.Account, cmp.Or(access.Dialect(h.Dialect), access.Folder), h.Integration); err != nil {
			return err
		}
		return tx.Enqueue(ctx, store.Task{Kind: store.TaskPrepare, Subject: s.ID})
	})
	if errors.Is(err, store.ErrExists) {
		// Someone else took a hand-in of this key between our look and now.
		known, err := store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) { return r.ShipmentByHandIn(ctx, h.Account, h.Key) })
		if errors.Is(err, store.ErrNotFound) && h.ID != "" {
			return shipment.Received{}, fmt.Errorf("hand-in %s: %w", h.ID, ErrIDTaken)
		}
		if err != nil {
			return shipment.Received{}, fmt.Errorf("look up hand-in: %w", err)
		}
		return shipment.Received{ID: known.ID, Already: true, Other: known.Content != s.Content}, nil
	}
	if err != nil {
		return shipment.Received{}, fmt.Errorf("store hand-in: %w", err)
	}
	e.Passed("receive: shipment stored")
	return shipment.Received{ID: s.ID}, nil
}

// twinWithin is how long the same content with the same reference of the sender is told of: somebody may have sent it again after a
// lost answer, without an identity by which it would be known.
const twinWithin = 24 * time.Hour

// warnOfTwin warns of a shipment with the same reference and content. Both are sent: a reference need not be unique.
func warnOfTwin(ctx context.Context, r store.Reader, s *shipment.Shipment) error {
	if s.Submission.ExternalReference == "" || s.Dialect == "" {
		return nil
	}
	twin, err := r.Twin(ctx, *s, s.ReceivedAt.Add(-twinWithin))
	if twin != "" {
		s.Refusals = append(s.Refusals, shipment.Refusal{Code: "lik-tidligere", Field: "eksternReferanse", Args: shipment.Args{"shipment": twin}, Warning: true})
	}
	return err
}

// ErrIDTaken says that a sender gave a shipment an id that another shipment has already, of another account or another hand-in.
var ErrIDTaken = errors.New("the shipment's id is taken")

// Judge says why a hand-in would be refused for what can be seen of it at once: its forsendelse.json by the account's rules, and
// documents that are missing or that nothing names. It stores nothing, and may ask the register of organisations. What only preparing the documents can tell comes later, in
// the shipment's status. What is stored already is not judged once more: rules, registers and clocks go on, and its sender would hear
// that it was refused.
func (e *Acceptor) Judge(ctx context.Context, h shipment.HandIn) (found []shipment.Refusal, stored bool, err error) {
	look, err := e.handIns.Get(ctx, handIn{h.Account, h.Key})
	if err != nil {
		return nil, false, fmt.Errorf("look up hand-in: %w", err)
	}
	if look.known != nil {
		return nil, true, nil
	}
	account, ok := look.terms.Account(h.Account)
	if !ok {
		return nil, false, fmt.Errorf("account %q is not configured", h.Account)
	}
	found = slices.Clone(h.Refusals)
	sub, refusals := parse(h)
	found = append(found, refusals...)
	if shipment.Unreadable(refusals) {
		return found, false, nil
	}
	sub.Normalise()
	said, err := e.complete(ctx, account, &sub)
	if err != nil {
		return nil, false, err
	}
	found = append(found, said...)
	if said, err = e.validate(ctx, sub, account, e.Now()); err != nil {
		return nil, false, err
	}
	found = append(found, said...)
	byName := filesByName(h)
	for i, d := range sub.Documents {
		if _, ok := byName[shipment.FileKey(d.FileName.Reveal())]; !ok && len(h.Files) > 0 {
			found = append(found, missingDocument(i))
		}
	}
	return found, false, nil
}

// missingDocument refuses a hand-in for a document that its forsendelse.json names and that is not there.
func missingDocument(place int) shipment.Refusal {
	return shipment.Refusal{
		Code: "dokument-mangler", Field: "dokumenter[" + strconv.Itoa(place) + "].filnavn",
		Args: shipment.Args{"document": strconv.Itoa(place + 1)},
	}
}

// receiveAgain compares a hand-in with the one that has its key.
func (e *Acceptor) receiveAgain(ctx context.Context, known shipment.Shipment, h shipment.HandIn) (shipment.Received, error) {
	sub, refusals := parse(h)
	content, before := e.contentOf(sub, refusals, h, asStored), e.contentOf(sub, refusals, h, asWorded)
	byName := filesByName(h)
	hashes := map[int]string{}
	for i, d := range sub.Documents {
		f, ok := byName[shipment.FileKey(d.FileName.Reveal())]
		if !ok {
			continue
		}
		sum, err := hashHandInFile(f)
		if err != nil {
			return shipment.Received{}, fmt.Errorf("read document %d: %w", i+1, err)
		}
		hashes[i] = sum
		content.document(i, sum)
		before.document(i, sum)
	}
	out := shipment.Received{ID: known.ID, Already: true}
	if known.Content != "" {
		out.Other = known.Content != content.digest() && known.Content != before.digest()
		return out, nil
	}
	// Stored before contents were kept: what the archive has of it is compared.
	docs, err := store.View(ctx, e.Archive, func(r store.Reader) ([]shipment.Document, error) { return r.Documents(ctx, known.ID) })
	if err != nil {
		return shipment.Received{}, err
	}
	if known.Status == shipment.StatusSlettet {
		return out, nil // nothing is left to compare
	}
	sub.Normalise()
	known.Submission.Normalise()
	was, err := json.Marshal(known.Submission)
	if err != nil {
		return shipment.Received{}, err
	}
	is, err := json.Marshal(sub)
	if err != nil {
		return shipment.Received{}, err
	}
	out.Other = string(was) != string(is) || len(docs) != len(hashes)
	for _, d := range docs {
		out.Other = out.Other || hashes[d.Position] != d.Blob.SHA256
	}
	return out, nil
}

// content gathers what makes a hand-in the one that it is: what forsendelse.json says in fields that we know, the bytes of its
// documents, and why its channel refuses it.
type content struct {
	mac hash.Hash
}

// contentOf begins with everything but the documents. The key keeps the digest from being guessed from a known address. form gives
// a refusal of the channel as it goes in.
func (e *Acceptor) contentOf(sub shipment.Submission, found []shipment.Refusal, h shipment.HandIn, form func(shipment.Refusal) string) content {
	c := content{hmac.New(sha256.New, e.FingerprintKey)}
	if shipment.Unreadable(found) {
		c.add(string(h.JSON))
	} else if data, err := json.Marshal(sub); err == nil { // a Submission always is JSON: it was read from it
		c.add(string(data))
	}
	for _, r := range h.Refusals {
		if !r.Warning {
			c.add(form(r))
		}
	}
	return c
}

// asStored is a refusal by its code and arguments, so that its sentence may change.
func asStored(r shipment.Refusal) string {
	if r.Text != "" {
		return r.Code + " " + r.Text
	}
	args, _ := json.Marshal(r.Args) // a map of strings always is JSON, in the order of its keys
	return r.Code + " " + string(args)
}

// asWorded is a refusal as digests have it that were stored before refusals had arguments.
func asWorded(r shipment.Refusal) string { return r.Code + " " + words.Refusal(r, words.Norwegian) }

func (c content) document(place int, sha256 string) { c.add(strconv.Itoa(place) + " " + sha256) }

// add adds a part with its length in front, so that nothing can move from one part to the next.
func (c content) add(part string) { fmt.Fprintf(c.mac, "%d:%s", len(part), part) }

func (c content) digest() string { return hex.EncodeToString(c.mac.Sum(nil)) }

func filesByName(h shipment.HandIn) map[string]shipment.HandInFile {
	out := map[string]shipment.HandInFile{}
	for _, f := range h.Files {
		out[shipment.FileKey(f.Name.Reveal())] = f
	}
	return out
}

func hashHandInFile(f shipment.HandInFile) (string, error) {
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, r)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// storeDocuments puts the files of a hand-in into the blob store, in the order of the letter.
func (e *Acceptor) storeDocuments(ctx context.Context, s shipment.Shipment, h shipment.HandIn) ([]shipment.Document, []shipment.Refusal, error) {
	if len(h.Files) == 0 && shipment.AnyRefuses(h.Refusals) {
		return nil, nil, nil // the channel says why there are none
	}
	var docs []shipment.Document
	var refusals []shipment.Refusal
	byName := filesByName(h)
	for i, d := range s.Submission.Documents {
		f, ok := byName[shipment.FileKey(d.FileName.Reveal())]
		if !ok {
			refusals = append(refusals, missingDocument(i))
			continue
		}
		ref, err := e.storeHandInFile(ctx, f)
		if err != nil {
			return nil, nil, fmt.Errorf("store document %d: %w", i+1, err)
		}
		docs = append(docs, shipment.Document{
			// A refused type may hold anything, also what no database takes.
			Shipment: s.ID, Position: i, FileName: d.FileName, MimeType: strings.ReplaceAll(d.MimeType, "\x00", "\uFFFD"), Blob: ref,
			Giro: d.GiroPages, Excluded: d.Excluded || !shipment.IsPDF(d.MimeType),
		})
	}
	return docs, refusals, nil
}

func (e *Acceptor) storeHandInFile(ctx context.Context, f shipment.HandInFile) (shipment.BlobRef, error) {
	r, err := f.Open()
	if err != nil {
		return shipment.BlobRef{}, err
	}
	defer r.Close()
	return e.Blobs.Put(ctx, r)
}

// PrepareShipment turns a shipment's documents into its print-ready PDF and decides the hand-in: AKSEPTERT, or AVVIST
// with every reason, those of the metadata and those of the PDFs, at once. A shipment decided already is left alone.
func (e *Acceptor) PrepareShipment(ctx context.Context, id string) error {
	look, err := e.undecided.Get(ctx, id)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", id, err)
	}
	s, account, terms := look.s, look.account, look.terms
	if s.Status != shipment.StatusMottatt {
		return nil
	}
	var made prepared
	var refusals []shipment.Refusal
	if terms == nil {
		err = fmt.Errorf("account %q is not configured any more", s.Account)
	} else {
		made, refusals, err = e.prepare(ctx, s, account, look.of)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("prepare %s: %w", id, err), e.alarmUnprepared(ctx, id, err))
	}
	e.Passed("prepare: file made")

	var decided shipment.Status
	var codes string
	looked := s // its version tells whether something has happened to it since
	decide := func(tx store.Tx) (err error) {
		decided = ""
		s := looked
		if s.ID == "" {
			s, err = tx.Shipment(ctx, id)
		}
		looked = shipment.Shipment{} // when this comes to nothing, it is looked at again
		if err != nil || s.Status != shipment.StatusMottatt {
			return err
		}
		s.Refusals = slices.Clip(s.Refusals)
		if err := made.stillNamed(ctx, tx); err != nil {
			return err
		}
		s.Refusals = append(s.Refusals, refusals...)
		if !shipment.AnyRefuses(s.Refusals) {
			if s.Refusals, err = e.tooManyAlike(ctx, tx, s, account.Rules); err != nil {
				return err
			}
		}
		to := shipment.StatusAkseptert
		if shipment.AnyRefuses(s.Refusals) {
			to, codes = shipment.StatusAvvist, shipment.RefusalCodes(s.Refusals)
		} else {
			s = made.of(s)
			s.Settings = terms.Used(s.Account)
			s = shipment.InitialDue(s, account.Rules, tx.Now())
			codes = string(s.DueReason)
		}
		if !s.Status.MayBecome(to) {
			return fmt.Errorf("status %s may not become %s", s.Status, to)
		}
		from := s.Status
		s.Status, decided = to, to
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return err
		}
		if look.failed {
			if err := e.nowPrepared(ctx, tx, id); err != nil {
				return err
			}
		}
		if err := tx.AddEvents(ctx, shipment.Event{Shipment: id, At: tx.Now(), Kind: shipment.EventStatus, From: from, To: to, Reason: codes}); err != nil {
			return err
		}
		return e.beginChannels(ctx, tx, s)
	}
	err = e.Archive.InGroup(ctx, decide)
	if errors.Is(err, store.ErrStale) {
		err = e.Archive.InGroup(ctx, decide)
	}
	if err != nil {
		return fmt.Errorf("prepare %s: %w", id, err)
	}
	switch decided {
	case shipment.StatusAkseptert:
		e.Log.Info("shipment accepted", "shipment", id, "account", s.Account, "due_reason", codes)
	case shipment.StatusAvvist:
		e.Log.Info("shipment refused", "shipment", id, "account", s.Account, "reasons", codes)
	default: // by another process
	}
	e.Passed("prepare: decided")
	return nil
}

// beginChannels has the channels of an account asked about a letter that may be delivered digitally.
func (e *Acceptor) beginChannels(ctx context.Context, tx store.Tx, s shipment.Shipment) error {
	undecided := s.Status == shipment.StatusAkseptert && s.ReadAt.IsZero() && (s.DueAt.IsZero() || s.DueAt.After(tx.Now()))
	if !undecided || s.Submission.Recipient.DigitalID == "" {
		return nil
	}
	for _, name := range e.Accounts[s.Account].Channels {
		c := channel.Case{Shipment: s.ID, Channel: name, State: channel.Waits, NextAt: tx.Now()}
		if err := tx.SetChannelCases(ctx, c); err != nil {
			return err
		}
		if err := tx.Enqueue(ctx, store.Task{Kind: channel.Task, Subject: name}); err != nil {
			return err
		}
	}
	return nil
}

// alikeWait is after what time a hand-in is decided that is one too many if those before it are accepted.
const alikeWait = 500 * time.Millisecond

// tooManyAlike is the guard against senders that send the same again and again: it refuses a hand-in when so many like it
// were handed in before it, within some time, and were accepted. Those that were refused do not count, so that trying
// again does not prolong it (SvarUt changelog 2015-01-30, 2015-03-03).
func (e *Acceptor) tooManyAlike(ctx context.Context, tx store.Tx, s shipment.Shipment, rules shipment.Rules) ([]shipment.Refusal, error) {
	limit := rules.DuplicateLimit
	if limit <= 0 {
		return s.Refusals, nil
	}
	accepted, undecided, err := tx.CountAlike(ctx, s.ID, s.Fingerprint, s.ReceivedAt.Add(-rules.DuplicateWindow))
	switch {
	case err != nil:
		return nil, err
	case accepted >= limit:
		return append(s.Refusals, shipment.Refusal{Code: "for-mange-like", Args: shipment.Args{
			"n": strconv.Itoa(accepted), "hours": strconv.FormatFloat(rules.DuplicateWindow.Hours(), 'f', 0, 64),
		}}), nil
	case accepted+undecided >= limit:
		return nil, &step.LaterError{After: alikeWait, Reason: "alike hand-ins before it are not decided yet"}
	}
	return s.Refusals, nil
}

// alarmUnprepared tells of a shipment that cannot be prepared for a reason of ours. It is tried again, but who handed it
// in waits for the answer.
func (e *Acceptor) alarmUnprepared(ctx context.Context, id string, failed error) error {
	if ctx.Err() != nil {
		return nil // stopped in its middle, that is all
	}
	e.Log.Error("shipment cannot be prepared", "shipment", id, "error", failed)
	return e.tellUnprepared(ctx, id, false, failed)
}

// AlarmNotRenewed tells of a due letter whose print-ready file cannot be made anew for a reason of ours. It stays due.
func (e *Acceptor) AlarmNotRenewed(ctx context.Context, id string, failed error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.Log.Error("shipment cannot be prepared anew", "shipment", id, "error", failed)
	return e.tellUnprepared(ctx, id, true, failed)
}

// prepared is a print-ready file in the blob store; zero: none.
type prepared struct {
	blob  shipment.BlobRef
	facts *prepare.Facts
	key   string // see Shipment.PreparedKey
	taken bool   // it was made for another letter
}

// stillNamed makes sure, in the transaction that takes a file that was made for another letter, that a letter names it still: else it may
// be removed already (engine/erase). store.ErrStale: it is to be prepared anew.
func (p prepared) stillNamed(ctx context.Context, r store.Reader) error {
	if !p.taken {
		return nil
	}
	there, err := r.PreparedAs(ctx, p.key)
	if err == nil && len(there) == 0 {
		err = fmt.Errorf("the letter that it was made for was erased just now: %w", store.ErrStale)
	}
	return err
}

// of gives a shipment its print-ready file.
func (p prepared) of(s shipment.Shipment) shipment.Shipment {
	s.Prepared, s.Facts, s.PreparedKey = p.blob, p.facts, p.key
	return s
}

// prepare makes the print-ready PDF of what is to be printed, unless there is one already that was made in the same way
// from the same. Nothing to print gives a zero value.
func (e *Acceptor) prepare(ctx context.Context, s shipment.Shipment, account party.Account, of sources) (prepared, []shipment.Refusal, error) {
	if len(of.printed) == 0 {
		return prepared{}, nil, nil
	}
	printed, req, key := of.printed, of.req, of.key
	known, err := e.stillWhole(ctx, of.known)
	if err != nil {
		return prepared{}, nil, because(alarm.CauseDocuments, err)
	}
	if known.facts != nil {
		laid, err := e.tryLayout(ctx, s, account, *known.facts)
		return known, append(e.findings(known.facts.Warnings, printed, true), laid...), err
	}
	file, facts, done, err := e.makeFile(ctx, printed, req)
	defer done()
	var refused *prepare.Refusal
	if errors.As(err, &refused) {
		return prepared{}, append(e.findings(refused.Findings, printed, false), e.findings(refused.Warnings, printed, true)...), nil
	}
	if err != nil {
		return prepared{}, nil, err
	}
	refusals := e.findings(facts.Warnings, printed, true)
	laid, err := e.tryLayout(ctx, s, account, facts)
	if err != nil {
		return prepared{}, nil, err
	}
	refusals = append(refusals, laid...)
	ref, err := e.Blobs.Put(ctx, file)
	if err != nil {
		return prepared{}, nil, because(alarm.CauseDocuments, fmt.Errorf("store prepared file: %w", err))
	}
	if ref.SHA256 != facts.SHA256 {
		return prepared{}, nil, errors.New("the prepared file is not the one that was proven")
	}
	return prepared{blob: ref, facts: &facts, key: key}, refusals, nil
}

// smallFile is how large a print-ready PDF may be to wait in memory until it is stored, with dozens of others.
const smallFile = 2 << 20

// makeFile has the print-ready PDF of documents made. So many at a time have files open, room on disk, and memory for what is large: until
// done, which is called in any case and closes the file.
func (e *Acceptor) makeFile(ctx context.Context, printed []shipment.Document, req prepare.Request) (file *os.File, facts prepare.Facts, done func(), err error) {
	done = func() {}
	select {
	case e.making <- struct{}{}:
	case <-ctx.Done():
		return nil, facts, done, ctx.Err()
	}
	release := sync.OnceFunc(func() { <-e.making })
	done = func() {
		if file != nil {
			file.Close()
		}
		release()
	}
	dir, leave, err := e.scratch.Take()
	if err != nil {
		return nil, facts, done, err
	}
	defer leave()
	req.Output = filepath.Join(dir, "letter.pdf") // whose folder takes what does not fit in memory
	req.Take = func(f *os.File) { file = f }
	for _, d := range printed {
		f, end, err := e.documentFile(ctx, d.Blob, dir)
		if err != nil {
			return nil, facts, done, err
		}
		defer end()
		req.Documents = append(req.Documents, prepare.Document{File: f, GiroPages: d.Giro})
	}
	facts, err = e.Preparer.Letter(ctx, req)
	var refused *prepare.Refusal
	if err != nil && !errors.As(err, &refused) {
		err = because(alarm.CauseWorker, err)
	}
	if err != nil || facts.Bytes <= smallFile {
		release() // who waits for the store keeps no worker waiting
	}
	return file, facts, done, err
}

// documentFile is a document as an open file: its own where the store has files, else a copy in a scratch folder.
func (e *Acceptor) documentFile(ctx context.Context, ref shipment.BlobRef, dir string) (_ *os.File, done func(), err error) {
	b, err := e.Blobs.Open(ctx, ref)
	if err != nil {
		return nil, nil, because(alarm.CauseDocuments, fmt.Errorf("open document: %w", err))
	}
	if own, ok := b.(interface{ Plain() *os.File }); ok {
		return own.Plain(), func() { b.Close() }, nil
	}
	defer b.Close()
	f, err := os.CreateTemp(dir, "*.pdf")
	if err != nil {
		return nil, nil, err
	}
	done = func() { f.Close(); os.Remove(f.Name()) }
	if _, err := io.Copy(f, io.NewSectionReader(b, 0, b.Size())); err != nil {
		done()
		return nil, nil, because(alarm.CauseDocuments, fmt.Errorf("copy document: %w", err))
	}
	return f, done, nil
}

// preparedKey is the hash of all that a prepared file and its facts follow from: the documents and their giro pages in
// the order of the letter, the recipe (the rules of this version and the vendor's checks) and the limits.
func preparedKey(printed []shipment.Document, req prepare.Request) (string, error) {
	type input struct {
		SHA256 string
		Giro   []int
	}
	inputs := make([]input, len(printed))
	for i, d := range printed {
		inputs[i] = input{d.Blob.SHA256, d.Giro}
	}
	all, err := json.Marshal(struct {
		Recipe string
		Limits prepare.Limits
		Inputs []input
	}{req.Checks.Recipe(), req.Limits, inputs})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), nil
}

// stillWhole proves that a file that was made before still is what was stored; without facts: it is not.
func (e *Acceptor) stillWhole(ctx context.Context, p prepared) (prepared, error) {
	if p.facts == nil {
		return prepared{}, nil
	}
	file, err := e.OpenPrepared(ctx, p.blob)
	if errors.Is(err, step.ErrPreparedLost) {
		return prepared{}, nil // it is made again
	}
	if err != nil {
		return prepared{}, err
	}
	return p, file.Close()
}

// Stale reports whether a shipment's print-ready file was made by other rules than those that its vendor has today: the vendor's checks,
// the account's vendor or this program have changed since.
func (e *Acceptor) Stale(s shipment.Shipment, v party.Vendor) bool {
	_, ok := e.Accounts[s.Account]
	return ok && s.Facts != nil && s.Facts.Recipe != v.Checks.Recipe()
}

// Renew makes the print-ready file of an accepted shipment anew. ok is false when the letter cannot be collected now: it
// changed meanwhile, or it is refused under the rules of today, and set aside since its sender was told that it was
// accepted.
func (e *Acceptor) Renew(ctx context.Context, s shipment.Shipment, terms *step.Terms) (_ shipment.Shipment, ok bool, err error) {
	return e.renew(ctx, s, terms, "")
}

// PrepareAnew makes the print-ready file of a letter anew, because a person asked for it: one that is accepted and in no print job, see
// CorrectAddress for what is refused, or one that is not prepared yet. One that is refused under the rules of today is set aside. The
// reason is kept in the history: no personal data.
func (e *Acceptor) PrepareAnew(ctx context.Context, id, reason string) error {
	if why := identity.BadReason(reason); why != "" {
		return errors.New(why)
	}
	s, err := store.View(ctx, e.Archive, func(r store.Reader) (shipment.Shipment, error) {
		s, err := r.Shipment(ctx, id)
		if err != nil || s.Status == shipment.StatusMottatt {
			return s, err
		}
		return s, mayBeReaddressed(ctx, r, s)
	})
	if err != nil {
		return err
	}
	if s.Status == shipment.StatusMottatt {
		return e.PrepareShipment(ctx, id)
	}
	terms, err := e.Terms(ctx)
	if err != nil {
		return err
	}
	if _, ok := terms.Letter(s); !ok {
		return fmt.Errorf("account %q is not configured", s.Account)
	}
	_, done, err := e.renew(ctx, s, terms, shipment.Note{Code: "prepared-anew", Args: shipment.Args{"reason": reason}}.String())
	if err == nil {
		e.Log.Info("prepared anew", "shipment", id, "fit", done)
	}
	return err
}

// renew makes a print-ready file anew, for a person's reason; empty: because the rules have changed.
func (e *Acceptor) renew(ctx context.Context, s shipment.Shipment, terms *step.Terms, why string) (_ shipment.Shipment, ok bool, err error) {
	account, _ := terms.Letter(s)
	look := &undecided{s: s, account: account}
	if err := e.Archive.View(ctx, func(r store.Reader) error { return e.findSources(ctx, r, look) }); err != nil {
		return s, false, err
	}
	made, refusals, err := e.prepare(ctx, s, account, look.of)
	if err != nil {
		return s, false, err
	}
	for _, r := range refusals {
		if !r.Warning {
			return s, false, e.Hold(ctx, s.ID, r)
		}
	}
	was := s.Facts.Recipe
	s = made.of(s)
	err = e.Archive.InTx(ctx, func(tx store.Tx) error {
		if err := made.stillNamed(ctx, tx); err != nil {
			return err
		}
		if err := tx.UpdateShipment(ctx, s); err != nil {
			return err
		}
		if err := e.nowPrepared(ctx, tx, s.ID); err != nil {
			return err
		}
		return tx.AddEvents(ctx, shipment.Event{Shipment: s.ID, At: tx.Now(), Kind: shipment.EventRenewed, From: s.Status, To: s.Status, Reason: cmp.Or(why, was+" "+s.Facts.Recipe)})
	})
	if errors.Is(err, store.ErrStale) {
		return s, false, nil // still due, or not: the next collecting sees
	}
	s.Version++
	return s, err == nil, err
}

// heaviestLetter is what Posten takes as a letter, in milligrams.
const heaviestLetter = 2_000_000

// tryLayout finds out at intake what would stop the letter at night: the rules of sheets, and the cover.
func (e *Acceptor) tryLayout(ctx context.Context, s shipment.Shipment, account party.Account, facts prepare.Facts) ([]shipment.Refusal, error) {
	if shipment.AnyRefuses(s.Refusals) {
		return nil, nil // its address or country may be what is wrong, which is said already
	}
	var out []shipment.Refusal
	profile := e.Vendors[account.Vendor].Profile
	s.Facts = &facts
	c := e.Candidate(s)
	if account.Rules.GiroReject {
		profile.Impose.GiroPolicy = giroReject
	}
	jobs, aside, err := printjobs.Plan([]printjobs.Candidate{c}, profile)
	if err != nil {
		out = append(out, shipment.Refusal{Code: "oppsett", Args: shipment.Args{"problem": err.Error()}})
	}
	for _, a := range aside {
		out = append(out, shipment.Refusal{Code: a.Code, Args: shipment.Args(a.Args)})
	}
	for _, j := range jobs {
		for _, l := range j.Letters {
			if f, many := e.Vendors[account.Vendor].Checks.Sheets(l.Sheets); many {
				out = append(out, shipment.OfFinding(f, "", f.Severity != prepare.LevelError))
			}
			if l.WeightMilligram > heaviestLetter {
				out = append(out, shipment.Refusal{Code: "over-2-kg", Warning: true, Args: shipment.Args{
					"kg": strconv.FormatFloat(float64(l.WeightMilligram)/1e6, 'f', 1, 64),
				}})
			}
		}
	}
	maker, err := e.Maker(ctx, account, account.Vendor)
	if err != nil {
		return nil, err
	}
	_, warnings, err := maker.Cover(e.coverLetter(s))
	if err != nil {
		f := printjobs.CoverFault(err)
		out = append(out, shipment.Refusal{Code: f.Code, Field: f.Field, Args: shipment.Args(f.Args)})
	}
	for _, w := range warnings {
		if w.Lost() && !saidAlready(s.Refusals, w.Code, w.Field) {
			out = append(out, shipment.Refusal{Code: w.Code, Field: w.Field, Args: shipment.Args(w.Args), Warning: true})
		}
	}
	return out, nil
}

// findings turns what prepare found into reasons, with the document's place in the hand-in.
func (e *Acceptor) findings(fs []prepare.Finding, printed []shipment.Document, warning bool) []shipment.Refusal {
	var out []shipment.Refusal
	for _, f := range fs {
		field := ""
		if f.Document >= 0 && f.Document < len(printed) {
			field = "dokumenter[" + strconv.Itoa(printed[f.Document].Position) + "]"
		}
		out = append(out, shipment.OfFinding(f, field, warning))
	}
	return out
}

// coverLetter is what the cover shows of a shipment.
func (e *Acceptor) coverLetter(s shipment.Shipment) cover.Letter {
	l := cover.Letter{
		ShipmentID: s.ID, Title: s.Submission.Title.Reveal(), Date: s.ReceivedAt.In(calendar.Oslo),
		Recipient: coverAddress(s.Submission.Recipient), Language: cover.Language(s.Submission.Language),
	}
	if s.Submission.ReplyTo != nil {
		a := coverAddress(*s.Submission.ReplyTo)
		l.ReplyTo = &a
	}
	return l
}

func coverAddress(a shipment.PostalAddress) cover.Address {
	out := cover.Address{
		Name: a.Name.Reveal(), Line1: a.Line1.Reveal(), Line2: a.Line2.Reveal(), Line3: a.Line3.Reveal(),
		Postcode: a.Postcode, City: a.City.Reveal(),
	}
	if a.Zone() != shipment.ZoneNorway {
		out.Country = a.CountryLine()
	}
	return out
}

// Result tells what became of a hand-in, once it is decided; store.ErrNotFound: there is no such shipment.
func (e *Acceptor) Result(ctx context.Context, id string) (shipment.Result, error) {
	found, err := e.Results(ctx, []string{id})
	result, ok := found[id]
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	return result, err
}

// Results tells what became of hand-ins, by the shipment's id, once they are decided; of an id that nobody has nothing.
func (e *Acceptor) Results(ctx context.Context, ids []string) (map[string]shipment.Result, error) {
	return store.View(ctx, e.Archive, func(r store.Reader) (map[string]shipment.Result, error) { return r.Results(ctx, ids) })
}

// Event applies a digital event to its shipment. The same event twice is one; ErrNotFound: no such shipment.
func (e *Acceptor) Event(ctx context.Context, d shipment.DigitalEvent) error {
	for {
		err := e.applyEvent(ctx, d)
		if errors.Is(err, store.ErrStale) {
			continue // another event came between; look again
		}
		if errors.Is(err, store.ErrExists) {
			return nil
		}
		return err
	}
}

func (e *Acceptor) applyEvent(ctx context.Context, d shipment.DigitalEvent) error {
	return e.Archive.InTx(ctx, func(tx store.Tx) error {
		var s shipment.Shipment
		var err error
		if d.Shipment != "" {
			s, err = tx.Shipment(ctx, d.Shipment)
		} else {
			s, err = tx.ShipmentByHandIn(ctx, d.Account, d.HandIn)
		}
		if err != nil {
			return err
		}
		onPaper, err := pastTheGate(ctx, tx, s)
		if err != nil {
			return err
		}
		terms, err := e.TermsIn(ctx, tx, tx.Now())
		if err != nil {
			return err
		}
		changed, events, err := e.applyDigital(s, d, onPaper, terms)
		if err != nil {
			return err
		}
		if changed.Status.Terminal() {
			changed.Hold = "" // read or closed: nobody has to mend anything any more
		}
		if err := tx.UpdateShipment(ctx, changed); err != nil {
			return err
		}
		if changed.Hold == "" {
			if err := step.TellHeld(ctx, tx, s.Account, s.Hold); err != nil {
				return err
			}
		}
		for _, ev := range events {
			if err := tx.AddEvents(ctx, ev); err != nil {
				return err
			}
		}
		return nil
	})
}

// pastTheGate reports whether a letter is on its way to paper: with the vendor, or in a job past the last gate, whose
// hand-over may not have been recorded yet, or not of this letter.
func pastTheGate(ctx context.Context, r store.Reader, s shipment.Shipment) (bool, error) {
	if !s.Status.Printable() {
		return s.Status == shipment.StatusSendtPrint, nil
	}
	jobs, err := r.JobsOf(ctx, s.ID)
	if err != nil {
		return false, err
	}
	for _, j := range jobs {
		if j.State == store.JobCommitted || j.State == store.JobUncertain || j.State == store.JobOffering {
			return true, nil
		}
	}
	return false, nil
}

// applyDigital applies a digital event. What comes when the letter is on its way to paper is recorded beside: it neither
// stops the letter nor calls it back, which only a refusal of the vendor does. Closing by hand still closes.
func (e *Acceptor) applyDigital(s shipment.Shipment, d shipment.DigitalEvent, onPaper bool, terms *step.Terms) (shipment.Shipment, []shipment.Event, error) {
	seen := s
	if onPaper {
		seen.Status = shipment.StatusSendtPrint
	}
	rules := shipment.DefaultRules()
	if account, ok := terms.Letter(s); ok { // else it is taken out of the configuration; no rules would hurry it
		rules = account.Rules
	}
	changed, events, err := shipment.ApplyDigital(seen, d, rules)
	if err != nil || !onPaper {
		return changed, events, err
	}
	if changed.Status != shipment.StatusManueltHandtert {
		changed.Status, changed.DueAt, changed.DueReason = s.Status, s.DueAt, s.DueReason
	}
	for i := range events {
		ev := &events[i]
		ev.From, ev.To = s.Status, changed.Status
		if ev.Kind == shipment.EventStatus && ev.From == ev.To {
			ev.Kind, ev.Reason = string(d.Kind), d.Reason
		}
	}
	return changed, events, nil
}
