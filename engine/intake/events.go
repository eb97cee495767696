package intake

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"postgang/engine/alarm"
	"postgang/engine/identity"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// Limits of events files.
const (
	maxEventLine = 64 << 10 // bytes; an event has some 200
	maxEventText = 200      // characters of nokkel and arsak
	maxBadLines  = 1000     // bad lines that are listed; the rest are counted
	// maxAhead is how far an event may lie in the future: clocks differ, days do not.
	maxAhead = 24 * time.Hour
)

// firstEvent is before anything that SvarUt has sent: an earlier time is a default value of some program.
var firstEvent = time.Date(2010, 1, 1, 0, 0, 0, 0, time.UTC)

// EventReport tells what Events did.
type EventReport struct {
	Files     int `json:"files"`     // put away
	Applied   int `json:"applied"`   // lines applied, those that were applied before included
	Refused   int `json:"refused"`   // bad lines
	Waiting   int `json:"waiting"`   // files still being written, or failed
	Failed    int `json:"failed"`    // files that cannot be read, applied or put away. They are tried again
	Misplaced int `json:"misplaced"` // entries that are no events files
	// Troubles are things in the folder that need a person, as they are now: all of them.
	Troubles []alarm.Trouble `json:"-"`
}

// Events applies the events files once. Good lines are applied even if others are bad. A file whose events cannot be
// applied for a reason of ours stays for the next time, when lines that were applied already change nothing; it is told
// among the troubles and does not stop the other files. Call it after Scan: an event may be about a hand-in that came with
// it. The error says that it was stopped, and then the report is of a part.
func (d *Dir) Events(ctx context.Context) (EventReport, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stuckEvents == nil {
		d.stuckEvents, d.lists = map[string]stuckEvents{}, map[string]refusedLines{}
	}
	var rep EventReport
	var t troubles
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		t.place(alarm.EventsPlace, dropFolder(), pathless(err))
		rep.Troubles = t.all()
		return rep, nil
	}
	defer root.Close()
	stopped := d.applyAll(ctx, root, &rep, &t)
	d.refusedLists(root, &t)
	rep.Troubles = t.all()
	return rep, stopped
}

// applyAll applies the files that nobody is writing any more.
func (d *Dir) applyAll(ctx context.Context, root *os.Root, rep *EventReport, t *troubles) error {
	files, found, err := eventFiles(root)
	if err != nil {
		t.place(alarm.EventsPlace, folder(events), err)
		return nil
	}
	rep.Misplaced = found.count()
	t.misplacedEvents(found)
	for name := range d.stuckEvents {
		if !slices.ContainsFunc(files, func(e entry) bool { return e.name == name }) {
			delete(d.stuckEvents, name)
		}
	}
	if len(files) == 0 {
		return nil
	}
	if d.Settle > 0 {
		if err := d.step("looked"); err != nil {
			return err
		}
		if err := pause(ctx, d.Settle); err != nil {
			return err
		}
	}
	again, _, err := eventFiles(root)
	if err != nil {
		t.place(alarm.EventsPlace, folder(events), err)
		return nil
	}
	seen := map[string]entry{}
	for _, e := range again {
		seen[e.name] = e
	}
	failed := 0
	for _, e := range files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now, there := seen[e.name]
		if !there {
			continue
		}
		if !now.same(e) {
			rep.Waiting++
			continue
		}
		err := d.applyFile(ctx, root, e, rep)
		switch {
		case err == nil:
		case errors.As(err, new(cutOff)):
			return err
		case errors.Is(err, errChanged), errors.Is(err, errGone), errors.Is(err, errWaits), ctx.Err() != nil:
			rep.Waiting++
		default:
			rep.Waiting++
			rep.Failed++
			if failed++; failed <= fewTroubles {
				args := alarm.Args{"case": "file", "file": shownFile(e.name), "why": err.Error()}
				advise(args, err, itself, e.info)
				t.add(alarm.TroubleEvents+shownFile(e.name), args)
			}
		}
	}
	if more := failed - fewTroubles; more > 0 {
		t.add(alarm.TroubleEvents, alarm.Args{"case": "many", "limit": strconv.Itoa(fewTroubles)})
	}
	return ctx.Err()
}

// misplacedEvents tells of what lies among the events files and is none.
func (t *troubles) misplacedEvents(found strays) {
	if found.count() > 0 {
		t.add(alarm.TroubleMisplaced+alarm.EventsPlace, found.addTo(alarm.Args{"case": "events", "folder": events}))
	}
	t.left(alarm.EventsPlace, found)
}

// stuckEvents is an events file that is applied and could not be put away.
type stuckEvents struct {
	entry entry
	err   error
}

// applyFile applies one file and puts it away.
func (d *Dir) applyFile(ctx context.Context, root *os.Root, e entry, rep *EventReport) error {
	was, stuck := d.stuckEvents[e.name]
	if stuck = stuck && was.entry.same(e); !stuck {
		applied, bad, err := d.eventFile(ctx, root, e)
		if err != nil {
			return err
		}
		rep.Files++
		rep.Applied += applied
		rep.Refused += bad
	}
	if err := move(root, path.Join(events, e.name), eventsDone, trimSuffix(e.name), eventsSuffix); err != nil {
		if !errors.Is(err, errGone) {
			d.stuckEvents[e.name] = stuckEvents{e, err}
		}
		return fmt.Errorf("it is applied, and cannot be moved to %s: %w", eventsDone, err)
	}
	delete(d.stuckEvents, e.name)
	return d.step("events put away")
}

// eventsSuffix ends the names of events files, in any case.
const eventsSuffix = ".jsonl"

func isEvents(name string) bool { return strings.HasSuffix(strings.ToLower(name), eventsSuffix) }

func trimSuffix(name string) string { return name[:len(name)-len(eventsSuffix)] }

// shownFile is a file's name for alarms and errors: one that is no key could be anything.
func shownFile(name string) string {
	if !validKey(name) {
		return standIn(name)
	}
	return name
}

// eventFiles lists the files that are to be read, and counts what else is there.
func eventFiles(root *os.Root) ([]entry, strays, error) {
	var found strays
	names, err := list(root, events, -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil, found, nil
	}
	if err != nil {
		return nil, found, err
	}
	var out []entry
	for _, name := range names {
		switch {
		case clutter(name), name == path.Base(eventsDone), name == path.Base(eventsWrong):
			continue
		case hidden(name):
			found.forgotten(root, events, name)
			continue
		}
		info, err := root.Lstat(path.Join(events, name))
		switch {
		case err != nil:
		case info.IsDir():
			found.folders++
		case info.Mode().IsRegular() && isEvents(name):
			out = append(out, entry{name, info})
		default:
			found.file(info)
		}
	}
	return out, found, nil
}

// refusedLines is what a list in avvist/ says.
type refusedLines struct {
	entry entry
	lines alarm.Args // of the alarm; none: it cannot be read
}

// maxListBytes is how much of a list in avvist/ is read: maxBadLines lines are some 200 kB.
const maxListBytes = 4 << 20

// refusedLists tells of the lists of refused lines, until a person removes them.
func (d *Dir) refusedLists(root *os.Root, t *troubles) {
	names, err := list(root, eventsWrong, -1)
	if err != nil {
		if !errors.Is(err, os.ErrNotExist) {
			t.place(alarm.EventsPlace, folder(eventsWrong), err)
		}
		return
	}
	lists := map[string]refusedLines{}
	for _, name := range names {
		info, err := root.Lstat(path.Join(eventsWrong, name))
		if err != nil || !info.Mode().IsRegular() || hidden(name) || path.Ext(name) != ".json" {
			continue
		}
		e := entry{name, info}
		if was, ok := d.lists[name]; ok && was.entry.same(e) {
			lists[name] = was
		} else {
			lists[name] = refusedLines{e, linesOf(root, e)}
		}
	}
	d.lists = lists
	for i, name := range slices.Sorted(maps.Keys(lists)) {
		if i == fewTroubles {
			t.add(alarm.TroubleEvents+"avvist", alarm.Args{"case": "many-lists", "folder": eventsWrong, "limit": strconv.Itoa(fewTroubles)})
			break
		}
		file := strings.TrimSuffix(name, ".json") + eventsSuffix
		args := alarm.Args{"case": "refused", "file": shownFile(file), "list": path.Join(eventsWrong, shownFile(name))}
		maps.Copy(args, lists[name].lines)
		t.add(alarm.TroubleEvents+shownFile(file), args)
	}
}

// linesOf says how many lines a list is of, where they stand and why they were refused.
func linesOf(root *os.Root, e entry) alarm.Args {
	var list struct {
		Count int       `json:"antall"`
		Lines []badLine `json:"linjer"`
	}
	folder, err := root.OpenRoot(eventsWrong)
	if err == nil {
		defer folder.Close()
		var data []byte
		if data, err = readStart(folder, e, maxListBytes); err == nil {
			err = json.Unmarshal(data, &list)
		}
	}
	if err != nil {
		return nil
	}
	var where []string
	why := map[string]int{}
	for _, l := range list.Lines {
		if len(where) < 10 {
			where = append(where, strconv.Itoa(l.Line))
		}
		why[l.Code]++
	}
	if list.Count > len(where) {
		where = append(where, "…")
	}
	var codes []string
	for _, code := range slices.Sorted(maps.Keys(why)) {
		if codeForm.MatchString(code) { // the list lies where people may write
			codes = append(codes, fmt.Sprintf("%s %d", code, why[code]))
		}
	}
	return alarm.Args{"lines": strconv.Itoa(list.Count), "which": strings.Join(where, ", "), "codes": strings.Join(codes, ", ")}
}

var codeForm = regexp.MustCompile(`^[a-z-]{1,40}$`)

// badLine is a line that was not applied.
type badLine struct {
	Line int    `json:"linje"`
	Code string `json:"kode"`
	Text string `json:"tekst"`
}

// eventFile applies a file and lists its bad lines.
func (d *Dir) eventFile(ctx context.Context, root *os.Root, e entry) (applied, bad int, err error) {
	folder, err := root.OpenRoot(events)
	if err != nil {
		return 0, 0, pathless(err)
	}
	defer folder.Close()
	f, err := openPlain(folder, e)
	if err != nil {
		return 0, 0, err
	}
	s := &steady{f: f, e: e}
	defer s.Close()

	var wrong []badLine
	refuse := func(line int, code string, args shipment.Args) {
		if bad++; len(wrong) < maxBadLines {
			wrong = append(wrong, badLine{line, code, words.Refusal(shipment.Refusal{Code: code, Args: args}, words.Norwegian)})
		}
	}
	later := false // an event is of a hand-in that is not taken yet
	lines := lineReader{r: bufio.NewReaderSize(s, maxEventLine)}
	for {
		line, tooLong, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, 0, err
		}
		if tooLong {
			refuse(lines.n, "linje-lang", shipment.Args{"kb": strconv.Itoa(maxEventLine >> 10)})
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		ev, problem := parseEvent(line, d.now())
		if problem != nil {
			refuse(lines.n, problem.Code, problem.Args)
			continue
		}
		switch err := d.Receiver.Event(ctx, ev); {
		case errors.Is(err, store.ErrNotFound) && d.comes(root, ev):
			later = true
		case errors.Is(err, store.ErrNotFound):
			refuse(lines.n, "forsendelse-ukjent", nil)
		case errors.Is(err, shipment.ErrEventBeforeReceipt):
			refuse(lines.n, "tidspunkt-for-mottak", nil)
		case errors.Is(err, shipment.ErrDigitalEvent):
			refuse(lines.n, "hendelse-ugyldig", nil)
		case err != nil:
			return 0, 0, fmt.Errorf("line %d: %w", lines.n, err)
		default:
			applied++
		}
		if err := d.step("event"); err != nil {
			return 0, 0, err
		}
	}
	if later {
		return 0, 0, errWaits // for the hand-in; what is applied already changes nothing then
	}
	if bad > 0 {
		// The same name as the file will have in behandlet; cut off between the two, the same list is written again.
		target, err := free(root, eventsDone, trimSuffix(e.name), eventsSuffix)
		if err != nil {
			return 0, 0, err
		}
		data, err := json.MarshalIndent(map[string]any{"antall": bad, "linjer": wrong}, "", "  ")
		if err != nil {
			return 0, 0, err
		}
		if err := writeWhole(root, eventsWrong, trimSuffix(target)+".json", append(data, '\n')); err != nil {
			return 0, 0, fmt.Errorf("list bad lines: %w", err)
		}
		if err := flush(root, eventsWrong); err != nil {
			return 0, 0, fmt.Errorf("list bad lines: %w", err)
		}
		if err := d.step("listed"); err != nil {
			return 0, 0, err
		}
	}
	return applied, bad, nil
}

// comes reports whether the hand-in that an event is of lies in the inbox, and is not taken yet.
func (d *Dir) comes(root *os.Root, ev shipment.DigitalEvent) bool {
	if !validKey(ev.HandIn) || !slices.ContainsFunc(d.Accounts, func(a Account) bool { return a.Key == ev.Account }) {
		return false
	}
	there, err := exists(root, path.Join(inbox, ev.Account, ev.HandIn))
	return err == nil && there
}

// lineReader reads lines of limited length.
type lineReader struct {
	r *bufio.Reader
	n int // number of the line read last, from 1
}

// next gives a line without its end. The bytes are good until the next call.
func (l *lineReader) next() (line []byte, tooLong bool, err error) {
	l.n++
	line, err = l.r.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		tooLong = true
		_, err = l.r.ReadSlice('\n')
	}
	if errors.Is(err, io.EOF) && (len(line) > 0 || tooLong) {
		err = nil
	}
	if l.n == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	return line, tooLong, err
}

// eventLine is one line of an events file.
type eventLine struct {
	Kind     string `json:"hendelse"`
	Shipment string `json:"forsendelse"`
	Account  string `json:"konto"`
	HandIn   string `json:"levering"`
	At       string `json:"tidspunkt"`
	Key      string `json:"nokkel"`
	Reason   string `json:"arsak"`
}

var shipmentForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// parseEvent reads a line. Its problems do not repeat what stands there.
func parseEvent(line []byte, now time.Time) (shipment.DigitalEvent, *shipment.Refusal) {
	fail := func(code string, args shipment.Args) (shipment.DigitalEvent, *shipment.Refusal) {
		return shipment.DigitalEvent{}, &shipment.Refusal{Code: code, Args: args}
	}
	if !utf8.Valid(line) {
		return fail("tegnsett", nil)
	}
	var in eventLine
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		var wrongType *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrongType):
			return fail("json-felt", nil)
		case strings.Contains(err.Error(), "unknown field"):
			return fail("json-felt", shipment.Args{"case": "unknown"})
		}
		return fail("json-feil", shipment.Args{"case": "event"})
	}
	if _, err := dec.Token(); err != io.EOF {
		return fail("json-feil", shipment.Args{"case": "several-events"})
	}
	in.Shipment = strings.ToLower(strings.TrimSpace(in.Shipment))
	byHandIn := in.Account != "" || in.HandIn != ""
	switch {
	case !shipment.DigitalKind(in.Kind).Valid():
		return fail("hendelse-ukjent", nil)
	case in.Shipment == "" && !byHandIn:
		return fail("forsendelse-mangler", shipment.Args{"case": "event"})
	case in.Shipment != "" && byHandIn:
		return fail("forsendelse-motstrid", nil)
	case in.Shipment != "" && !shipmentForm.MatchString(in.Shipment):
		return fail("forsendelse-form", nil)
	case byHandIn && (in.Account == "" || in.HandIn == ""):
		return fail("forsendelse-mangler", shipment.Args{"case": "hand-in"})
	}
	for _, text := range []string{in.Account, in.HandIn, in.Key, in.Reason} {
		if utf8.RuneCountInString(text) > maxEventText || strings.ContainsFunc(text, unicode.IsControl) {
			return fail("felt-form", shipment.Args{"max": strconv.Itoa(maxEventText)})
		}
		if len(identity.FindNationalIDs(norm.NFKC.String(text))) > 0 {
			return fail("felt-fodselsnummer", nil)
		}
	}
	at, err := time.Parse(time.RFC3339, in.At)
	switch {
	case err != nil:
		return fail("tidspunkt-form", nil)
	case at.After(now.Add(maxAhead)):
		return fail("tidspunkt-fram", nil)
	case at.Before(firstEvent):
		return fail("tidspunkt-gammelt", nil)
	}
	e := shipment.DigitalEvent{
		Shipment: in.Shipment, Account: in.Account, HandIn: in.HandIn, Kind: shipment.DigitalKind(in.Kind),
		At: at.UTC(), Key: in.Key, Reason: in.Reason,
	}
	if e.Key == "" {
		sum := sha256.Sum256([]byte(strings.Join([]string{e.Shipment, e.Account, e.HandIn, string(e.Kind), e.At.Format(time.RFC3339Nano)}, "\x00")))
		e.Key = "auto-" + hex.EncodeToString(sum[:16])
	}
	return e, nil
}
