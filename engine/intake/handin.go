package intake

import (
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
	"strings"
	"time"

	"postgang/engine"
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
	entries []entry // sorted by name
	folder  os.FileInfo
	many    bool // more than maxEntries; entries are some of them
	marker  bool
	settled bool // unchanged over two looks, or marked

	// From take, once it is answered:
	outcome outcome
	name    string // of the answer, and in the folder of those put away
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

var keyForm = regexp.MustCompile(`^[\p{L}\p{N}_-][\p{L}\p{N}._-]{0,99}$`)

// validKey reports whether a folder's name can be a hand-in's key. It stands in file names and logs, so it must not be
// a person's number.
func validKey(key string) bool {
	return keyForm.MatchString(key) && len(key) <= 200 && len(engine.FindNationalIDs(key)) == 0
}

// standIn is the name under which a folder is answered whose name cannot be a key.
func standIn(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "avvist-" + hex.EncodeToString(sum[:8])
}

// listHandIns lists an account's inbox and looks at each hand-in once.
func listHandIns(root *os.Root, a Account, rep *Report) ([]*handIn, error) {
	names, err := list(root, path.Join(inbox, a.Key), -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing handed in yet
	}
	if err != nil {
		return nil, err
	}
	var out []*handIn
	strays := 0
	for _, name := range names {
		if hidden(name) {
			continue
		}
		h := &handIn{account: a, key: name}
		switch err := h.look(root); {
		case errors.Is(err, errGone):
		case errors.Is(err, errNoFolder):
			strays++
		case err != nil:
			return nil, err
		default:
			out = append(out, h)
		}
	}
	if strays > 0 {
		rep.Problems = append(rep.Problems, fmt.Sprintf("%s/%s holds %d entries that are no folders; a hand-in is a folder", inbox, a.Key, strays))
	}
	return out, nil
}

var errNoFolder = errors.New("no folder")

// look notes what is in the folder.
func (h *handIn) look(root *os.Root) error {
	info, err := root.Lstat(h.dir())
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return pathless(err)
	}
	if !info.IsDir() {
		return errNoFolder
	}
	names, err := list(root, h.dir(), maxEntries+1)
	if errors.Is(err, os.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return err
	}
	h.folder, h.many, h.marker, h.entries = info, len(names) > maxEntries, false, nil
	for _, name := range names {
		info, err := root.Lstat(path.Join(h.dir(), name))
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

// settle finds out which hand-ins are still being written: those without a marker are looked at again after a while.
func (d *Dir) settle(ctx context.Context, root *os.Root, all []*handIn) error {
	var open []*handIn
	for _, h := range all {
		if h.settled = h.marker || d.Settle <= 0; !h.settled {
			open = append(open, h)
		}
	}
	if len(open) == 0 {
		return nil
	}
	if err := d.step("looked"); err != nil {
		return err
	}
	if err := pause(ctx, d.Settle); err != nil {
		return err
	}
	for _, h := range open {
		before := h.entries
		switch err := h.look(root); {
		case errors.Is(err, errGone), errors.Is(err, errNoFolder):
		case err != nil:
			return err
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
	for _, t := range append([]entry{{"", h.folder}}, h.entries...) {
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

// take carries one hand-in as far as it gets: receive, answer. It reports whether the answer is written, with the
// outcome in h.
func (d *Dir) take(ctx context.Context, root *os.Root, h *handIn) (answered bool, err error) {
	if !h.settled {
		return false, nil
	}
	if !validKey(h.key) {
		return d.refuseName(root, h)
	}
	id, ok := d.known[h.id()]
	if !ok {
		hand, closeFolder, err := d.read(root, h)
		if err != nil || hand == nil {
			return false, err
		}
		received, err := d.Receiver.Receive(ctx, *hand)
		closeFolder()
		if err != nil {
			return false, fmt.Errorf("receive: %w", err)
		}
		id = received.ID
		if err := d.step("received"); err != nil {
			return false, err
		}
		d.known[h.id()] = id
	}
	result, err := d.Receiver.Result(ctx, id)
	if errors.Is(err, engine.ErrNotFound) {
		delete(d.known, h.id()) // hand in again
	}
	if err != nil {
		return false, fmt.Errorf("ask for the result: %w", err)
	}
	if !result.Done {
		return false, nil
	}
	before, err := exists(root, path.Join(done, h.account.Key, h.key))
	if err != nil {
		return false, err
	}
	if there, err := exists(root, h.dir()); err != nil || !there {
		return false, errors.Join(err, errGone) // another process was first: what it put away is no earlier hand-in
	}
	out := taken
	switch {
	case before:
		out = already
	case result.Status == engine.StatusAvvist || result.Status == engine.StatusFeiletUnderMotta:
		out = refused
	}
	h.outcome = out
	return d.answer(root, h, h.key, answerOf(h, h.key, result, before))
}

// answer writes the answer. Once it is durable the hand-in may be put away, under the same name.
func (d *Dir) answer(root *os.Root, h *handIn, name string, a answer) (bool, error) {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return false, err
	}
	if err := writeWhole(root, path.Join(answers, h.account.Key), name+".json", append(data, '\n')); err != nil {
		return false, fmt.Errorf("write the answer: %w", err)
	}
	h.name = name
	return true, d.step("answered")
}

// putAway moves answered hand-ins out of the inbox. Folders are flushed once for all of them: first those of the
// answers, so that no hand-in is away whose answer a power cut takes back.
func (d *Dir) putAway(root *os.Root, answered []*handIn, report func(*handIn, error)) {
	dirs := map[string]error{}
	flushOnce := func(dir string) error {
		if _, ok := dirs[dir]; !ok {
			dirs[dir] = flush(root, dir)
		}
		return dirs[dir]
	}
	for _, h := range answered {
		err := flushOnce(path.Join(answers, h.account.Key))
		if err == nil {
			err = move(root, h.dir(), path.Join(done, h.account.Key), h.name, "")
		}
		if err == nil {
			delete(d.known, h.id())
			err = d.step("put away")
		}
		if err != nil {
			err = fmt.Errorf("put away: %w", err)
		}
		report(h, err)
	}
	for _, h := range answered {
		// Lost moves are found and done again by a later scan.
		_ = flushOnce(path.Join(done, h.account.Key))
		_ = flushOnce(path.Join(inbox, h.account.Key))
	}
}

// answer is what the sender reads.
type answer struct {
	Account string           `json:"konto"`
	Key     string           `json:"nokkel"`
	ID      string           `json:"id,omitempty"`
	Status  engine.Status    `json:"status"`
	Before  bool             `json:"tidligereLevert"`
	Reasons []engine.Refusal `json:"arsaker"`
	Remarks []engine.Refusal `json:"varsler"`
}

func answerOf(h *handIn, key string, r engine.Result, before bool) answer {
	a := answer{
		Account: h.account.Key, Key: key, ID: r.ID, Status: r.Status, Before: before,
		Reasons: []engine.Refusal{}, Remarks: []engine.Refusal{},
	}
	for _, f := range r.Refusals {
		if f.Warning {
			a.Remarks = append(a.Remarks, f)
		} else {
			a.Reasons = append(a.Reasons, f)
		}
	}
	return a
}

// refuseName answers a folder whose name cannot be a key. It never becomes a shipment.
func (d *Dir) refuseName(root *os.Root, h *handIn) (answered bool, err error) {
	name := standIn(h.key)
	a := answerOf(h, "", engine.Result{Status: engine.StatusAvvist, Refusals: []engine.Refusal{{
		Code: "mappenavn",
		Text: "Mappens navn kan ikke brukes som nøkkel. Bruk 1 til 100 bokstaver, sifre, bindestrek, understrek og punktum, og ikke noe fødselsnummer. Mappen ligger i behandlet som " + name + ".",
	}}}, false)
	h.outcome = refused
	return d.answer(root, h, name, a)
}

// read judges whether a settled hand-in is complete and reads it. It returns nil, and no error, when it is to be waited
// for. The folder must be closed after use, and with it goes what the files' Open gives.
func (d *Dir) read(root *os.Root, h *handIn) (*engine.HandIn, func(), error) {
	folder, err := root.OpenRoot(h.dir())
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, errGone
	}
	if err != nil {
		return nil, nil, pathless(err)
	}
	hand, err := d.readFrom(folder, h)
	if err != nil || hand == nil {
		folder.Close()
		return nil, nil, err
	}
	return hand, func() { folder.Close() }, nil
}

func (d *Dir) readFrom(folder *os.Root, h *handIn) (*engine.HandIn, error) {
	if info, err := folder.Lstat("."); err != nil {
		return nil, pathless(err)
	} else if !os.SameFile(info, h.folder) {
		return nil, errChanged // another folder, or a link, has taken its place
	}
	hand := &engine.HandIn{Account: h.account.Key, Key: h.key, At: d.now()}
	refuse := func(code, text string) {
		hand.Refusals = append(hand.Refusals, engine.Refusal{Code: code, Text: text})
	}
	patient := !h.marker && h.quiet(time.Now()) < d.patience()

	metadata, ok := h.find(metadataName)
	switch {
	case !ok && patient:
		return nil, nil
	case !ok:
		refuse("forsendelse-mangler", "Mappen har ingen forsendelse.json. Legg den ved siden av dokumentene.")
	case metadata.plain():
		var err error
		if hand.JSON, err = readStart(folder, metadata, engine.MaxSubmissionBytes+1); err != nil {
			return nil, err
		}
	}
	sub, found := engine.ParseSubmission(hand.JSON)
	unreadable := engine.Unreadable(found)
	if unreadable && ok && patient && metadata.plain() {
		return nil, nil // perhaps half written
	}
	sub.Normalise()

	c := h.compare(sub, unreadable)
	if len(c.missing) > 0 && patient && !h.many {
		return nil, nil
	}
	hand.Refusals = append(hand.Refusals, c.refusals...)
	if c.noFiles {
		c.files = nil
	}
	if len(c.files) == 0 && slices.ContainsFunc(hand.Refusals, func(r engine.Refusal) bool { return !r.Warning }) {
		// The receiver will look for no files then; so what is missing must be told here.
		for _, i := range c.missing {
			hand.Refusals = append(hand.Refusals, engine.Refusal{
				Code: "dokument-mangler", Field: fmt.Sprintf("dokumenter[%d].filnavn", i),
				Text: fmt.Sprintf("Dokument %d ligger ikke i mappen. Kontroller filnavnet, eller legg filen ved siden av forsendelse.json.", i+1),
			})
		}
	}
	for _, e := range c.files {
		hand.Files = append(hand.Files, engine.HandInFile{
			Name: engine.Private(e.name), Bytes: e.info.Size(),
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
	missing  []int   // places of documents that are not
	refusals []engine.Refusal
	noFiles  bool // refused for something that makes its files not to be read
}

// clutter are files that systems leave behind in folders by themselves.
var clutter = map[string]bool{"thumbs.db": true, "desktop.ini": true}

// compare finds the documents among the entries and everything that does not belong there.
func (h *handIn) compare(sub engine.Submission, unreadable bool) comparison {
	var c comparison
	note := func(warning bool, code, format string, args ...any) {
		c.refusals = append(c.refusals, engine.Refusal{Code: code, Text: fmt.Sprintf(format, args...), Warning: warning})
	}
	if h.many {
		note(false, "filer-antall", "Mappen har mer enn %d filer. En forsendelse kan ha høyst %d dokumenter.", maxEntries, engine.MaxDocuments)
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
		if !e.plain() {
			strange++
			byName[engine.FileKey(e.name)] = e // there, if not to be read
			continue
		}
		if e.name == metadataName {
			continue
		}
		if strings.HasPrefix(e.name, ".") || clutter[strings.ToLower(e.name)] {
			ignored++
			continue
		}
		key := engine.FileKey(e.name)
		if _, there := byName[key]; there {
			twice++
			continue
		}
		byName[key] = e
		total += e.info.Size()
	}
	if strange > 0 {
		note(false, "fil-type", "Mappen har undermapper, lenker eller annet som ikke er vanlige filer (%d). Legg bare vanlige filer i mappen.", strange)
		c.noFiles = true
	}
	if twice > 0 {
		note(false, "fil-lik", "Mappen har filer med navn som bare skiller seg i store og små bokstaver (%d). Gi filene ulike navn.", twice)
		c.noFiles = true
	}
	if ignored > 0 {
		note(true, "fil-oversett", "Mappen har skjulte filer eller systemfiler (%d). De er ikke brukt.", ignored)
	}
	if total > MaxHandInBytes {
		note(false, "filer-storrelse", "Filene er til sammen større enn %d GB. Del opp forsendelsen.", MaxHandInBytes>>30)
		c.noFiles = true
	}
	if unreadable {
		return c // which files belong to it cannot be told
	}
	listed := map[string]bool{}
	var printed int64
	for i, doc := range sub.Documents {
		key := engine.FileKey(doc.FileName.Reveal())
		e, there := byName[key]
		switch {
		case !there:
			c.missing = append(c.missing, i)
		case !listed[key] && e.plain():
			c.files = append(c.files, e)
			if engine.IsPDF(doc.MimeType) && !doc.Excluded {
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
		note(false, "fil-ikke-oppfort", "Mappen har filer som ikke står i dokumenter (%d). Før dem opp, eller fjern dem fra mappen.", unlisted)
	}
	if limit := h.account.MaxBytes; limit > 0 && printed > limit && !sub.DigitalOnly {
		note(false, "filer-storrelse", "Dokumentene som skal trykkes, er til sammen større enn %d MB. Gjør dem mindre, eller del opp forsendelsen.", limit>>20)
		c.noFiles = true
	}
	return c
}
