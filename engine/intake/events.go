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
	"os"
	"path"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postgang/engine"
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
	Files   int `json:"files"`   // put away
	Applied int `json:"applied"` // lines applied, those that were applied before included
	Refused int `json:"refused"` // bad lines
	Waiting int `json:"waiting"` // files still being written, or failed
}

// Events applies the events files once. Good lines are applied even if others are bad. A file whose events cannot be
// applied for a reason of ours stays for the next time, when lines that were applied already change nothing; it does
// not stop the other files. Call it after Scan: an event may be about a hand-in that came with it.
func (d *Dir) Events(ctx context.Context) (EventReport, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var rep EventReport
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		return rep, fmt.Errorf("drop folder: %w", err)
	}
	defer root.Close()
	files, err := eventFiles(root)
	if err != nil || len(files) == 0 {
		return rep, err
	}
	if d.Settle > 0 {
		if err := d.step("looked"); err != nil {
			return rep, err
		}
		if err := pause(ctx, d.Settle); err != nil {
			return rep, err
		}
	}
	again, err := eventFiles(root)
	if err != nil {
		return rep, err
	}
	seen := map[string]entry{}
	for _, e := range again {
		seen[e.name] = e
	}
	var errs []error
	for _, e := range files {
		now, there := seen[e.name]
		if !there {
			continue
		}
		if !now.same(e) {
			rep.Waiting++
			continue
		}
		applied, bad, err := d.eventFile(ctx, root, e)
		if err != nil {
			rep.Waiting++
			if !errors.Is(err, errChanged) && !errors.Is(err, errGone) && len(errs) < maxErrors {
				errs = append(errs, fmt.Errorf("events file: %w", err))
			}
			if ctx.Err() != nil {
				break
			}
			continue
		}
		rep.Files++
		rep.Applied += applied
		rep.Refused += bad
	}
	return rep, errors.Join(errs...)
}

// eventFiles lists the files that are to be read. Anything but regular files is left where it is.
func eventFiles(root *os.Root) ([]entry, error) {
	names, err := list(root, events, -1)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("events folder: %w", err)
	}
	var out []entry
	for _, name := range names {
		if hidden(name) || !strings.HasSuffix(name, ".jsonl") {
			continue
		}
		info, err := root.Lstat(path.Join(events, name))
		if err == nil && info.Mode().IsRegular() {
			out = append(out, entry{name, info})
		}
	}
	return out, nil
}

// badLine is a line that was not applied.
type badLine struct {
	Line int    `json:"linje"`
	Code string `json:"kode"`
	Text string `json:"tekst"`
}

// eventFile applies a file, lists its bad lines and puts it away.
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
	refuse := func(line int, code, text string) {
		if bad++; len(wrong) < maxBadLines {
			wrong = append(wrong, badLine{line, code, text})
		}
	}
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
			refuse(lines.n, "linje-lang", fmt.Sprintf("Linjen er lengre enn %d kB.", maxEventLine>>10))
			continue
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		ev, problem := parseEvent(line, d.now())
		if problem != nil {
			refuse(lines.n, problem.Code, problem.Text)
			continue
		}
		switch err := d.Receiver.Event(ctx, ev); {
		case errors.Is(err, engine.ErrNotFound):
			refuse(lines.n, "forsendelse-ukjent", "Forsendelsen er ikke kjent. Lever hendelsen på nytt når forsendelsen er besvart.")
		case errors.Is(err, engine.ErrDigitalEvent):
			refuse(lines.n, "hendelse-ugyldig", "Hendelsen er ikke gyldig for forsendelsen.")
		case err != nil:
			return 0, 0, fmt.Errorf("line %d: %w", lines.n, err)
		default:
			applied++
		}
		if err := d.step("event"); err != nil {
			return 0, 0, err
		}
	}
	name := strings.TrimSuffix(e.name, ".jsonl")
	if bad > 0 {
		// The same name as the file will have in behandlet; cut off between the two, the same list is written again.
		target, err := free(root, eventsDone, name, ".jsonl")
		if err != nil {
			return 0, 0, err
		}
		data, err := json.MarshalIndent(map[string]any{"antall": bad, "linjer": wrong}, "", "  ")
		if err != nil {
			return 0, 0, err
		}
		if err := writeWhole(root, eventsWrong, strings.TrimSuffix(target, ".jsonl")+".json", append(data, '\n')); err != nil {
			return 0, 0, fmt.Errorf("list bad lines: %w", err)
		}
		if err := flush(root, eventsWrong); err != nil {
			return 0, 0, fmt.Errorf("list bad lines: %w", err)
		}
		if err := d.step("listed"); err != nil {
			return 0, 0, err
		}
	}
	if err := move(root, path.Join(events, e.name), eventsDone, name, ".jsonl"); err != nil {
		return 0, 0, fmt.Errorf("put away: %w", err)
	}
	return applied, bad, d.step("events put away")
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
func parseEvent(line []byte, now time.Time) (engine.DigitalEvent, *badLine) {
	fail := func(code, text string) (engine.DigitalEvent, *badLine) {
		return engine.DigitalEvent{}, &badLine{Code: code, Text: text}
	}
	if !utf8.Valid(line) {
		return fail("tegnsett", "Linjen er ikke i UTF-8.")
	}
	var in eventLine
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		var wrongType *json.UnmarshalTypeError
		switch {
		case errors.As(err, &wrongType):
			return fail("json-felt", "Linjen må være et objekt der alle felter er tekst.")
		case strings.Contains(err.Error(), "unknown field"):
			return fail("json-felt", "Linjen har et ukjent felt. Kjente felter: hendelse, forsendelse, konto, levering, tidspunkt, nokkel, arsak.")
		}
		return fail("json-feil", "Linjen er ikke gyldig JSON.")
	}
	if _, err := dec.Token(); err != io.EOF {
		return fail("json-feil", "Linjen har mer enn ett JSON-objekt.")
	}
	in.Shipment = strings.ToLower(strings.TrimSpace(in.Shipment))
	byHandIn := in.Account != "" || in.HandIn != ""
	switch {
	case !engine.DigitalKind(in.Kind).Valid():
		return fail("hendelse-ukjent", "Feltet hendelse må være VARSLET, LEST, RESERVERT, IKKE_VARSLBAR, SDP_SENDT, SDP_LEVERT, SDP_FEILET eller LUKKET.")
	case in.Shipment == "" && !byHandIn:
		return fail("forsendelse-mangler", "Feltet forsendelse mangler, eller konto og levering i stedet.")
	case in.Shipment != "" && byHandIn:
		return fail("forsendelse-motstrid", "Bruk enten forsendelse, eller konto og levering; ikke begge.")
	case in.Shipment != "" && !shipmentForm.MatchString(in.Shipment):
		return fail("forsendelse-form", "Feltet forsendelse må være id-en til en forsendelse (UUID).")
	case byHandIn && (in.Account == "" || in.HandIn == ""):
		return fail("forsendelse-mangler", "Både konto og levering må oppgis.")
	}
	for _, text := range []string{in.Account, in.HandIn, in.Key, in.Reason} {
		if utf8.RuneCountInString(text) > maxEventText || strings.ContainsFunc(text, unicode.IsControl) {
			return fail("felt-form", fmt.Sprintf("Et felt er lengre enn %d tegn eller har styretegn.", maxEventText))
		}
		if len(engine.FindNationalIDs(text)) > 0 {
			return fail("felt-fodselsnummer", "Et felt ser ut til å inneholde et fødselsnummer. Det kan ikke stå i en hendelse.")
		}
	}
	at, err := time.Parse(time.RFC3339, in.At)
	switch {
	case err != nil:
		return fail("tidspunkt-form", "Feltet tidspunkt må være et tidspunkt med tidssone, som 2026-01-31T12:00:00+01:00.")
	case at.After(now.Add(maxAhead)):
		return fail("tidspunkt-fram", "Tidspunktet er mer enn ett døgn fram i tid.")
	case at.Before(firstEvent):
		return fail("tidspunkt-gammelt", "Tidspunktet er før 2010.")
	}
	e := engine.DigitalEvent{
		Shipment: in.Shipment, Account: in.Account, HandIn: in.HandIn, Kind: engine.DigitalKind(in.Kind),
		At: at.UTC(), Key: in.Key, Reason: in.Reason,
	}
	if e.Key == "" {
		sum := sha256.Sum256([]byte(strings.Join([]string{e.Shipment, e.Account, e.HandIn, string(e.Kind), e.At.Format(time.RFC3339Nano)}, "\x00")))
		e.Key = "auto-" + hex.EncodeToString(sum[:16])
	}
	return e, nil
}
