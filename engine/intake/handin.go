package intake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sourcegraph/conc/pool"
	"golang.org/x/text/unicode/norm"

	"postgang/engine/alarm"
	"postgang/engine/documents"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// metadataName is the file that describes a hand-in, markerName the one that says it is complete.
const (
	metadataName = "forsendelse.json"
	markerName   = "klar"
)

// handIn is a folder in an account's inbox.
type handIn struct {
	account Account
	key     string

	// From the last look:
	entries []entry     // sorted by name
	info    os.FileInfo // of the folder
	many    bool        // more than maxEntries; entries are some of them
	marker  bool
	settled bool  // unchanged over two looks, or marked
	failed  error // of the second look

	// From take:
	shipment string
	outcome  outcome
	name     string // of the answer, and in the folder of those put away
	answer   Answer
	again    bool   // the answer was written before: the hand-in could not be put away then
	counted  bool   // by this process, then
	written  string // where the answer lies until it is put into its place; empty: it is there
}

// outcome is what became of a hand-in that is answered.
type outcome int

const (
	taken outcome = iota
	refused
	already
)

// id is the account and key of a hand-in.
func (h *handIn) id() string { return h.account.Key + "/" + h.key }

func (h *handIn) dir() string { return path.Join(inbox, h.account.Key, h.key) }

// shown is the hand-in's name for errors: a key that is no key could be anything.
func (h *handIn) shown() string {
	if !validKey(h.key) {
		return h.account.Key + "/" + standIn(h.key)
	}
	return h.id()
}

// keyForm bounds no length: a hundred repetitions of all letters take as long to compile as the rest of a start.
var keyForm = regexp.MustCompile(`^[\p{L}\p{N}_-][\p{L}\p{N}._-]*$`)

// mostKey is how long a key may be, in characters and in bytes.
const mostKey, mostKeyBytes = 100, 200

// validKey reports whether a folder's name can be a hand-in's key. It stands in file names and logs, so it must not be
// a person's number.
func validKey(key string) bool {
	return len(key) <= mostKeyBytes && utf8.RuneCountInString(key) <= mostKey && keyForm.MatchString(key) && len(identity.FindNationalIDs(norm.NFKC.String(key))) == 0
}

// ValidKey reports whether a folder's name can be a hand-in's key.
func ValidKey(name string) bool { return validKey(name) }

// ShownName is a folder's name as it may be shown to whoever handed it in: one with a fødselsnummer in it is not repeated.
func ShownName(folder string) string {
	if len(identity.FindNationalIDs(norm.NFKC.String(folder))) > 0 {
		return standIn(folder)
	}
	return folder
}

// Looked reports whether a folder of this name is looked at in the inbox: it is not hidden, and no system's own.
func Looked(name string) bool { return !hidden(name) && !clutter(name) }

// TroubleOf is the key of the trouble that a hand-in has, if it has one.
func TroubleOf(account, folder string) string {
	return alarm.TroubleHandIn + (&handIn{account: Account{Key: account}, key: folder}).shown()
}

// ReadAnswer gives the answer to a folder that was handed in after a time, if it is there.
func ReadAnswer(root, account, folder string, after time.Time) (Answer, bool) {
	var a Answer
	name := folder
	if !validKey(name) {
		name = standIn(name)
	}
	f, err := os.OpenInRoot(root, path.Join(answers, account, name+".json"))
	if err != nil {
		return a, false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.ModTime().Before(after) {
		return a, false
	}
	data, err := io.ReadAll(io.LimitReader(f, maxListBytes))
	ok := err == nil && json.Unmarshal(data, &a) == nil
	return a, ok
}

// standIn is the name under which a folder is answered whose name cannot be a key.
func standIn(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "avvist-" + hex.EncodeToString(sum[:8])
}

// list lists an account's inbox and looks at each hand-in once.
func (s *scan) list(a Account) ([]*handIn, error) {
	inn := path.Join(inbox, a.Key)
	names, err := list(s.root, inn, -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing handed in yet
	}
	if err != nil {
		return nil, err
	}
	if s.inboxes[a.Key], err = s.root.OpenRoot(inn); err != nil {
		return nil, pathless(err)
	}
	var out []*handIn
	var loose strays
	for _, name := range names {
		switch {
		case clutter(name):
			continue
		case hidden(name):
			loose.forgotten(s.root, inn, name)
			continue
		}
		h := &handIn{account: a, key: name}
		switch err := h.look(s.inboxes[a.Key]); {
		case errors.Is(err, errGone):
		case errors.Is(err, errNoFolder):
			loose.file(h.info)
		case err != nil:
			s.rep.Failed++
			s.troubles.handIn(h, wrongLook, err)
		default:
			out = append(out, h)
		}
	}
	s.rep.Misplaced += loose.count()
	if loose.count() > 0 {
		s.troubles.add(alarm.TroubleMisplaced+inn, loose.addTo(alarm.Args{"case": "loose", "folder": inn}))
	}
	s.troubles.left(inn, loose)
	return out, nil
}

var errNoFolder = errors.New("no folder")

// look notes what is in the folder, which is in the account's inbox.
func (h *handIn) look(inn *os.Root) error {
	info, err := inn.Lstat(h.key)
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return pathless(err)
	}
	h.info = info
	if !info.IsDir() {
		return errNoFolder
	}
	folder, err := inn.OpenRoot(h.key)
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return pathless(err)
	}
	defer folder.Close()
	names, err := list(folder, ".", maxEntries+1)
	if err != nil {
		return err
	}
	h.many, h.marker, h.entries = len(names) > maxEntries, false, nil
	for _, name := range names {
		info, err := folder.Lstat(name)
		if errors.Is(err, os.ErrNotExist) {
			continue // the next look will see
		}
		if err != nil {
			return pathless(err)
		}
		h.entries = append(h.entries, entry{name, info})
		h.marker = h.marker || name == markerName
	}
	return nil
}

// settle finds out which hand-ins are still being written: those without a marker are looked at again after a while. The
// error says that the scan was stopped.
func (s *scan) settle(ctx context.Context, all []*handIn) error {
	var open []*handIn
	for _, h := range all {
		if h.settled = h.marker || s.Settle <= 0; !h.settled {
			open = append(open, h)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if err := s.step("looked"); err != nil {
		return err
	}
	if err := pause(ctx, s.Settle); err != nil {
		return err
	}
	for _, h := range open {
		before := h.entries
		switch err := h.look(s.inboxes[h.account.Key]); {
		case errors.Is(err, errGone), errors.Is(err, errNoFolder):
		case err != nil:
			h.failed = err
		default:
			h.settled = slices.EqualFunc(before, h.entries, entry.same)
		}
	}
	return nil
}

// quiet is how long nothing has changed in the folder by the machine's clock. Times ahead of it count as long ago: they
// were copied with the files.
func (h *handIn) quiet(now time.Time) time.Duration {
	var last time.Time
	for _, t := range append([]entry{{"", h.info}}, h.entries...) {
		if at := t.info.ModTime(); at.After(last) && !at.After(now) {
			last = at
		}
	}
	return now.Sub(last)
}

func (h *handIn) find(name string) (entry, bool) {
	i := slices.IndexFunc(h.entries, func(e entry) bool { return e.name == name })
	if i < 0 {
		return entry{}, false
	}
	return h.entries[i], true
}

var (
	// errWaits: not complete yet.
	errWaits = errors.New("is waited for")
	// errUndecided: received, and not decided yet.
	errUndecided = errors.New("is not decided yet")
)

// received is what came of handing a hand-in to the receiver.
type received struct {
	shipment.Received
	err error
}

// receivedAtOnce is how many hand-ins are read and stored side by side, so that they share flushes to disk.
const receivedAtOnce = 32

// receiveAll hands to the receiver those hand-ins that it has not got yet, side by side. Of the others nothing is said.
func (s *scan) receiveAll(ctx context.Context, some []*handIn) []received {
	out := make([]received, len(some))
	at := pool.New().WithMaxGoroutines(receivedAtOnce)
	for i, h := range some {
		if h.failed != nil || !h.settled || !validKey(h.key) || s.isStuck(h) || s.isKnown(h) {
			continue
		}
		receive := func() {
			hand, closeFolder, err := s.read(s.inboxes[h.account.Key], h)
			if err != nil {
				out[i].err = err
				return
			}
			defer closeFolder()
			if out[i].Received, err = s.Receiver.Receive(ctx, *hand); err != nil {
				out[i].err = fmt.Errorf("receive: %w", err)
			}
		}
		if s.inTurn {
			receive()
			continue
		}
		at.Go(receive)
	}
	at.Wait()
	return out
}

// isKnown reports whether the receiver has stored this very hand-in.
func (s *scan) isKnown(h *handIn) bool {
	was, ok := s.known[h.id()]
	return ok && slices.EqualFunc(was.entries, h.entries, entry.same)
}

// isStuck reports whether this very hand-in is answered, and could not be put away.
func (s *scan) isStuck(h *handIn) bool {
	was, ok := s.stuck[h.id()]
	return ok && slices.EqualFunc(was.entries, h.entries, entry.same)
}

// take carries one hand-in as far as it gets: received, answered.
func (s *scan) take(ctx context.Context, h *handIn, got received) error {
	if h.failed != nil {
		return h.failed
	}
	if !h.settled {
		return errWaits
	}
	if s.isStuck(h) {
		h.name, h.again, h.counted = s.stuck[h.id()].name, true, true
		s.answered = append(s.answered, h)
		return nil
	}
	if !validKey(h.key) {
		return s.refuseName(h)
	}
	if !s.isKnown(h) {
		if got.err != nil {
			return got.err
		}
		if err := s.step("received"); err != nil {
			return err
		}
		if got.Other {
			return s.refuseKey(ctx, h, got.ID)
		}
		s.known[h.id()] = knownHandIn{shipment: got.ID, entries: h.entries}
		if h.shipment = got.ID; !got.Already {
			s.pending = append(s.pending, h) // it is not decided yet
			return nil
		}
	}
	h.shipment = s.known[h.id()].shipment
	results, err := s.Receiver.Results(ctx, []string{h.shipment})
	if err == nil {
		err = s.decide(h, results)
	}
	if errors.Is(err, errUndecided) {
		s.pending = append(s.pending, h)
		return nil
	}
	return err
}

// decide answers a hand-in that was received, if it is decided.
func (s *scan) decide(h *handIn, results map[string]shipment.Result) error {
	result, ok := results[h.shipment]
	if !ok {
		delete(s.known, h.id()) // hand in again
		return fmt.Errorf("ask for the result: shipment %s is %w", h.shipment, store.ErrNotFound)
	}
	if !result.Done {
		return errUndecided
	}
	before, err := s.before(h)
	if err != nil {
		return err
	}
	h.outcome = taken
	refuses := result.Status == shipment.StatusAvvist || result.Status == shipment.StatusFeiletUnderMotta
	switch {
	case before:
		h.outcome = already
	case refuses:
		h.outcome = refused
	}
	a := answerOf(h, h.key, result, before)
	if before && refuses {
		a.add(shipment.Refusal{Code: "nokkel-levert-for", Warning: true})
	}
	return s.write(h, h.key, a)
}

// before reports whether a hand-in with this key was put away before, and makes sure that this one still is what was
// received.
func (s *scan) before(h *handIn) (bool, error) {
	before := false
	away, err := s.there(path.Join(done, h.account.Key))
	if err == nil {
		before, err = exists(away, h.key)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) { // nothing is put away yet
		return false, pathless(err)
	}
	now := handIn{account: h.account, key: h.key}
	if err := now.look(s.inboxes[h.account.Key]); err != nil {
		return false, err // errGone: another process was first, and what it put away is no earlier hand-in
	}
	if !slices.EqualFunc(now.entries, h.entries, entry.same) {
		return false, errChanged // an answer to what was received would be none to this
	}
	return before, nil
}

// write writes the answer, which putAway puts into place. An answer that stands there already, written after the hand-in, is left as it
// is: the hand-in could not be put away then.
func (s *scan) write(h *handIn, name string, a Answer) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	folder, err := s.made(path.Join(answers, h.account.Key))
	if err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	if h.again = stands(folder, name+".json", data, h.lastChange()); !h.again {
		if h.written, err = writeBeside(folder, ".", data); err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
	}
	h.name, h.answer = name, a
	s.answered = append(s.answered, h)
	return nil
}

// lastChange is the newest time of the hand-in's folder and files.
func (h *handIn) lastChange() time.Time {
	last := h.info.ModTime()
	for _, e := range h.entries {
		if at := e.info.ModTime(); at.After(last) {
			last = at
		}
	}
	return last
}

// severalAnswers is from how many answers on the disk is flushed as a whole, in place of each file.
const severalAnswers = 4

// placeAnswers puts answers into place; flushing their folders is left to do.
func (s *scan) placeAnswers() {
	var written []*handIn
	for _, h := range s.answered {
		if h.written != "" {
			written = append(written, h)
		}
	}
	together := len(written) >= severalAnswers && s.flushDisk() == nil
	for _, h := range written {
		folder, err := s.made(path.Join(answers, h.account.Key)) // where write has written it
		if err == nil && !together {
			err = flush(folder, h.written)
		}
		if err == nil {
			err = pathless(folder.Rename(h.written, h.name+".json"))
		}
		if err != nil && folder != nil {
			err = errors.Join(err, pathless(folder.Remove(h.written)))
		}
		h.failed = err
		h.written = ""
	}
}

// flushDisk flushes the file system that the drop folder is on.
func (s *scan) flushDisk() error {
	f, err := s.root.Open(".")
	if err != nil {
		return pathless(err)
	}
	return errors.Join(documents.FlushDisk(f), f.Close())
}

// putAway moves the answered hand-ins out of the inbox. Folders are flushed once for all of them: first those of the
// answers, so that no hand-in is away whose answer a power cut takes back.
func (s *scan) putAway() {
	s.placeAnswers()
	for range s.answered {
		if err := s.step("answered"); err != nil {
			s.stop = err
			break
		}
	}
	dirs := map[string]error{}
	flushOnce := func(dir string) error {
		if _, ok := dirs[dir]; !ok {
			dirs[dir] = flush(s.root, dir)
		}
		return dirs[dir]
	}
	for _, h := range s.answered {
		if s.stop != nil {
			break
		}
		s.putAwayOne(h, flushOnce)
	}
	for _, h := range s.answered {
		// Lost moves are found and done again by a later scan.
		_ = flushOnce(path.Join(done, h.account.Key))
		_ = flushOnce(path.Join(inbox, h.account.Key))
	}
	s.answered = nil
}

// moveAway moves a hand-in to those that are put away; errGone: it is not there.
func (s *scan) moveAway(h *handIn) error {
	dir := path.Join(done, h.account.Key)
	away, err := s.made(dir)
	if err != nil {
		return err
	}
	target, err := free(away, ".", h.name, "")
	if err != nil {
		return err
	}
	err = s.root.Rename(h.dir(), path.Join(dir, target))
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	return pathless(err)
}

func (s *scan) putAwayOne(h *handIn, flushOnce func(dir string) error) {
	err := h.failed
	if err == nil {
		err = flushOnce(path.Join(answers, h.account.Key))
	}
	if err != nil {
		s.rep.Failed++
		s.troubles.handIn(h, wrongAnswer, err)
		return
	}
	err = s.moveAway(h)
	if errors.Is(err, errGone) {
		s.rep.Waiting++ // another process was first, and counts it
		return
	}
	if !h.again || err == nil && !h.counted {
		if s.Answered != nil {
			s.Answered(h.account.Key, h.key, h.answer)
		}
		switch h.outcome {
		case refused:
			s.rep.Refused++
		case already:
			s.rep.Already++
		default:
			s.rep.Taken++
		}
	}
	if err != nil {
		// It is answered, and is not taken again: only the moving is tried.
		s.rep.Failed++
		s.stuck[h.id()] = stuckHandIn{entries: h.entries, name: h.name}
		s.stuckAt(h, err)
		return
	}
	delete(s.known, h.id())
	delete(s.stuck, h.id())
	if err := s.step("put away"); err != nil {
		s.stop = err
	}
}

// Answer is what the sender reads.
type Answer struct {
	Account string          `json:"konto"`
	Key     string          `json:"nokkel"`
	ID      string          `json:"id,omitempty"`
	Status  shipment.Status `json:"status"`
	Before  bool            `json:"tidligereLevert"`
	Earlier *Earlier        `json:"tidligere,omitempty"` // the shipment that the key belongs to, when it is not this one
	Reasons []words.Reason  `json:"arsaker"`
	Remarks []words.Reason  `json:"varsler"`
	// Refusals are reasons and remarks as codes and arguments, in any order; nil in an answer that was read back.
	Refusals []shipment.Refusal `json:"-"`
}

// Earlier is the shipment that a key was used for.
type Earlier struct {
	ID     string          `json:"id"`
	Status shipment.Status `json:"status"`
}

func answerOf(h *handIn, key string, r shipment.Result, before bool) Answer {
	a := Answer{
		Account: h.account.Key, Key: key, ID: r.ID, Status: r.Status, Before: before,
		Reasons: []words.Reason{}, Remarks: []words.Reason{},
	}
	for _, f := range r.Refusals {
		a.add(f)
	}
	return a
}

// add adds a reason or remark, in the sender's language.
func (a *Answer) add(f shipment.Refusal) {
	a.Refusals = append(a.Refusals, f)
	if told := words.ReasonOf(f, words.Norwegian); f.Warning {
		a.Remarks = append(a.Remarks, told)
	} else {
		a.Reasons = append(a.Reasons, told)
	}
}

// refuseName answers a folder whose name cannot be a key. It never becomes a shipment.
func (s *scan) refuseName(h *handIn) error {
	name := standIn(h.key)
	h.outcome = refused
	return s.write(h, name, answerOf(h, "", shipment.Result{Status: shipment.StatusAvvist, Refusals: []shipment.Refusal{{
		Code: "mappenavn", Args: shipment.Args{"name": name},
	}}}, false))
}

// refuseKey answers a hand-in whose key another one has used. It never becomes a shipment, and changes nothing for the
// one that has the key.
func (s *scan) refuseKey(ctx context.Context, h *handIn, id string) error {
	results, err := s.Receiver.Results(ctx, []string{id})
	first, ok := results[id]
	if err == nil && !ok {
		err = store.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("ask for the shipment that has the key: %w", err)
	}
	if _, err := s.before(h); err != nil {
		return err
	}
	args := shipment.Args{"key": h.key}
	if first.Status == shipment.StatusAvvist {
		args = shipment.Args{"case": "refused", "key": h.key}
	}
	h.outcome = refused
	a := answerOf(h, h.key, shipment.Result{Status: shipment.StatusAvvist, Refusals: []shipment.Refusal{{Code: "nokkel-brukt", Args: args}}}, true)
	a.Earlier = &Earlier{ID: first.ID, Status: first.Status}
	return s.write(h, h.key, a)
}

// read judges whether a settled hand-in is complete and reads it. errWaits: it is not, and is to be waited for. The folder must be closed after use, and with it goes what the files' Open gives.
func (d *Dir) read(inn *os.Root, h *handIn) (*shipment.HandIn, func(), error) {
	folder, err := inn.OpenRoot(h.key)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, errGone
	}
	if err != nil {
		return nil, nil, pathless(err)
	}
	hand, err := d.readFrom(folder, h)
	if err != nil {
		folder.Close()
		return nil, nil, err
	}
	return hand, func() { folder.Close() }, nil
}

func (d *Dir) readFrom(folder *os.Root, h *handIn) (*shipment.HandIn, error) {
	if info, err := folder.Lstat("."); err != nil {
		return nil, pathless(err)
	} else if !os.SameFile(info, h.info) {
		return nil, errChanged // another folder, or a link, has taken its place
	}
	hand := &shipment.HandIn{Account: h.account.Key, Key: h.key, At: d.now()}
	patient := !h.marker && h.quiet(time.Now()) < d.patience()

	metadata, ok := h.find(metadataName)
	switch {
	case !ok && patient:
		return nil, errWaits
	case !ok:
		hand.Refusals = append(hand.Refusals, shipment.Refusal{Code: "forsendelse-mangler"})
	case metadata.plain():
		var err error
		if hand.JSON, err = readStart(folder, metadata, shipment.MaxSubmissionBytes+1); err != nil {
			return nil, err
		}
	}
	sub, found := shipment.ParseSubmission(hand.JSON)
	unreadable := shipment.Unreadable(found)
	if unreadable && ok && patient && metadata.plain() {
		return nil, errWaits // perhaps half written
	}
	sub.Normalise()

	c := h.compare(sub, unreadable)
	if len(c.missing) > 0 && patient && !h.many {
		return nil, errWaits
	}
	if patient {
		for _, e := range c.pdfs {
			if half, err := halfWritten(folder, e); half || err != nil {
				return nil, cmp.Or(err, errWaits)
			}
		}
	}
	hand.Refusals = append(hand.Refusals, c.refusals...)
	if c.noFiles {
		c.files = nil
	}
	if len(c.files) == 0 && slices.ContainsFunc(hand.Refusals, func(r shipment.Refusal) bool { return !r.Warning }) {
		// The receiver will look for no files then; so what is missing must be told here.
		for _, i := range c.missing {
			hand.Refusals = append(hand.Refusals, shipment.Refusal{
				Code: "dokument-mangler", Field: fmt.Sprintf("dokumenter[%d].filnavn", i),
				Args: shipment.Args{"case": "folder", "document": strconv.Itoa(i + 1)},
			})
		}
	}
	for _, e := range c.files {
		hand.Files = append(hand.Files, shipment.HandInFile{
			Name: shipment.Private(e.name), Bytes: e.info.Size(),
			Open: func() (io.ReadCloser, error) {
				f, err := openPlain(folder, e)
				if err != nil {
					return nil, err
				}
				return &steady{f: f, e: e}, nil
			},
		})
	}
	return hand, nil
}

// pdfTail is how much of a PDF's end is looked at for its end mark: what programs write behind the mark is less.
const pdfTail = 2048

// halfWritten reports whether a PDF looks as if somebody is writing it: it is empty, or begins as a PDF or as space that
// is set aside for one, and has no end mark near its end. What is no PDF at all is not waited for.
func halfWritten(folder *os.Root, e entry) (bool, error) {
	f, err := openPlain(folder, e)
	if err != nil {
		return false, err
	}
	defer f.Close()
	size := e.info.Size()
	head := make([]byte, min(size, 1024))
	tail := make([]byte, min(size, pdfTail))
	for _, part := range []struct {
		buf []byte
		at  int64
	}{{head, 0}, {tail, size - int64(len(tail))}} {
		if _, err := f.ReadAt(part.buf, part.at); err != nil && !errors.Is(err, io.EOF) {
			return false, pathless(err)
		}
	}
	begun := size == 0 || head[0] == 0 || bytes.Contains(head, []byte("%PDF"))
	return begun && !bytes.Contains(tail, []byte("%%EOF")), nil
}

// readStart reads at most n bytes of a file.
func readStart(folder *os.Root, e entry, n int64) ([]byte, error) {
	f, err := openPlain(folder, e)
	if err != nil {
		return nil, err
	}
	s := &steady{f: f, e: e}
	defer s.Close()
	return io.ReadAll(io.LimitReader(s, n))
}

// comparison is a hand-in's folder against its forsendelse.json.
type comparison struct {
	files    []entry // the documents that are there
	pdfs     []entry // those of them that are PDFs
	missing  []int   // places of documents that are not
	refusals []shipment.Refusal
	noFiles  bool // refused for something that makes its files not to be read
}

// compare finds the documents among the entries and everything that does not belong there.
func (h *handIn) compare(sub shipment.Submission, unreadable bool) comparison {
	var c comparison
	note := func(warning bool, code string, args shipment.Args) {
		c.refusals = append(c.refusals, shipment.Refusal{Code: code, Args: args, Warning: warning})
	}
	if h.many {
		note(false, "filer-antall", shipment.Args{"n": strconv.Itoa(maxEntries), "max": strconv.Itoa(shipment.MaxDocuments)})
		c.noFiles = true
		return c
	}
	byName := map[string]entry{}
	strange, twice, ignored := 0, 0, 0
	var total int64
	for _, e := range h.entries {
		if e.name == markerName {
			continue
		}
		if strings.HasPrefix(e.name, ".") || clutter(e.name) {
			ignored++
			continue
		}
		if !e.plain() {
			strange++
			byName[shipment.FileKey(e.name)] = e // there, if not to be read
			continue
		}
		if e.name == metadataName {
			continue
		}
		key := shipment.FileKey(e.name)
		if _, there := byName[key]; there {
			twice++
			continue
		}
		byName[key] = e
		total += e.info.Size()
	}
	if strange > 0 {
		note(false, "fil-type", shipment.Args{"n": strconv.Itoa(strange)})
		c.noFiles = true
	}
	if twice > 0 {
		note(false, "fil-lik", shipment.Args{"n": strconv.Itoa(twice)})
		c.noFiles = true
	}
	if ignored > 0 {
		note(true, "fil-oversett", shipment.Args{"n": strconv.Itoa(ignored)})
	}
	if total > MaxHandInBytes {
		note(false, "filer-storrelse", shipment.Args{"gb": strconv.Itoa(MaxHandInBytes >> 30)})
		c.noFiles = true
	}
	if unreadable {
		return c // which files belong to it cannot be told
	}
	listed := map[string]bool{}
	var printed int64
	for i, doc := range sub.Documents {
		key := shipment.FileKey(doc.FileName.Reveal())
		e, there := byName[key]
		switch {
		case !there:
			c.missing = append(c.missing, i)
		case !listed[key] && e.plain():
			c.files = append(c.files, e)
			if shipment.IsPDF(doc.MimeType) {
				c.pdfs = append(c.pdfs, e)
			}
			if shipment.IsPDF(doc.MimeType) && !doc.Excluded {
				printed += e.info.Size()
			}
		}
		listed[key] = true
	}
	unlisted := 0
	for key, e := range byName {
		if !listed[key] && e.plain() {
			unlisted++
		}
	}
	if unlisted > 0 {
		note(false, "fil-ikke-oppfort", shipment.Args{"n": strconv.Itoa(unlisted)})
	}
	if limit := h.account.MaxBytes; limit > 0 && printed > limit && !sub.DigitalOnly {
		note(false, "filer-storrelse", shipment.Args{"case": "printed", "mb": strconv.FormatInt(limit>>20, 10)})
		c.noFiles = true
	}
	return c
}
