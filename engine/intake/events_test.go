package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postgang/engine/shipment"
	"postgang/engine/words"
)

const someID = "5b7c6c0e-6f43-5d0c-9a53-0f5d2f3c9a11"

// line is an events line with fields given in pairs.
func line(fields ...string) string {
	m := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		m[fields[i]] = fields[i+1]
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func read(key string, more ...string) string {
	return line(append([]string{"hendelse", "LEST", "forsendelse", someID, "tidspunkt", "2026-01-06T19:12:44.5+01:00", "nokkel", key}, more...)...)
}

func (s *stage) events(name string, lines ...string) {
	s.t.Helper()
	s.write(filepath.Join(s.root, "hendelser", name), strings.Join(lines, "\n"))
}

func (s *stage) applyEvents() EventReport {
	s.t.Helper()
	rep, err := s.dir.Events(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return rep
}

// counts is a report without its troubles.
func counts(rep EventReport) EventReport {
	rep.Troubles = nil
	return rep
}

func (s *stage) bad(name string) (total int, lines map[int]string) {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.root, "hendelser", "avvist", name+".json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var got struct {
		Total int       `json:"antall"`
		Lines []badLine `json:"linjer"`
	}
	if err := json.Unmarshal(data, &got); err != nil {
		s.t.Fatal(err)
	}
	lines = map[int]string{}
	for _, l := range got.Lines {
		lines[l.Line] = l.Code
		if l.Text == "" {
			s.t.Errorf("line %d: no text", l.Line)
		}
	}
	return got.Total, lines
}

func TestEventsApplied(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.events("a.jsonl", "\ufeff"+read("1"), "", read("1"), read("2", "hendelse", "VARSLET")+"\r")
	s.events("b.jsonl", line("hendelse", "LUKKET", "konto", "skole", "levering", "brev-1", "tidspunkt", "2026-01-06T19:12:44Z", "nokkel", "3", "arsak", "dobbelt sendt")+"\n")
	s.events(".c.jsonl", read("9"))
	s.events("d.jsonl.part", read("9"))
	s.events("e.txt", read("9"))
	if diff := cmp.Diff(EventReport{Files: 2, Applied: 4, Misplaced: 1}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
	at := time.Date(2026, 1, 6, 18, 12, 44, 500_000_000, time.UTC)
	want := map[string]shipment.DigitalEvent{
		"1": {Shipment: someID, Kind: shipment.DigitalRead, At: at, Key: "1"},
		"2": {Shipment: someID, Kind: shipment.DigitalNotified, At: at, Key: "2"},
		"3": {Account: "skole", HandIn: "brev-1", Kind: shipment.DigitalClosed, At: at.Add(time.Hour).Truncate(time.Second), Key: "3", Reason: "dobbelt sendt"},
	}
	if diff := cmp.Diff(want, s.mem.events); diff != "" {
		t.Error(diff)
	}
	if s.mem.applied != 3 {
		t.Errorf("%d events applied, one of them came twice", s.mem.applied)
	}
	for _, name := range []string{"a.jsonl", "b.jsonl"} {
		if !s.exists("hendelser", "behandlet", name) || s.exists("hendelser", name) || s.exists("hendelser", "avvist", strings.Replace(name, "jsonl", "json", 1)) {
			t.Errorf("%s: not put away, or bad lines listed", name)
		}
	}
	if diff := cmp.Diff(EventReport{Misplaced: 1}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
}

func TestBadLines(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	lines := []struct{ code, text string }{
		{"", read("1")},
		{"json-feil", "{"},
		{"json-feil", read("2") + read("3")},
		{"json-felt", `["LEST"]`},
		{"json-felt", `{"hendelse": 1}`},
		{"json-felt", read("4", "navn", "Kari Nordmann")},
		{"tegnsett", "{\"hendelse\": \"\xe5\"}"},
		{"hendelse-ukjent", read("5", "hendelse", "APNET")},
		{"hendelse-ukjent", "{}"},
		{"forsendelse-mangler", read("6", "forsendelse", "")},
		{"forsendelse-mangler", read("7", "forsendelse", "", "konto", "skole")},
		{"forsendelse-motstrid", read("8", "konto", "skole", "levering", "k")},
		{"forsendelse-form", read("9", "forsendelse", "17")},
		{"forsendelse-ukjent", read("10", "forsendelse", "00000000-0000-0000-0000-000000000000")},
		{"tidspunkt-form", read("11", "tidspunkt", "2026-01-06 19:12")},
		{"tidspunkt-form", read("12", "tidspunkt", "2026-01-06T19:12:44")},
		{"tidspunkt-fram", read("13", "tidspunkt", time.Now().Add(25*time.Hour).Format(time.RFC3339))},
		{"tidspunkt-gammelt", read("14", "tidspunkt", "1970-01-01T00:00:00Z")},
		{"felt-form", read(strings.Repeat("x", 201))},
		{"felt-form", read("a\x00b")},
		{"felt-fodselsnummer", read("15", "arsak", "gjelder 02013299997")},
		{"linje-lang", read("16", "arsak", strings.Repeat("x", maxEventLine))},
		{"linje-lang", strings.Repeat("x", 5*maxEventLine)},
		{"", read("17")},
	}
	want := map[int]string{}
	var text []string
	for i, l := range lines {
		text = append(text, l.text)
		if l.code != "" {
			want[i+1] = l.code
		}
	}
	s.events("a.jsonl", text...)
	if diff := cmp.Diff(EventReport{Files: 1, Applied: 2, Refused: len(want)}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
	total, got := s.bad("a")
	if diff := cmp.Diff(want, got); diff != "" || total != len(want) {
		t.Errorf("%d bad lines: %s", total, diff)
	}
	data, err := os.ReadFile(filepath.Join(s.root, "hendelser", "avvist", "a.json"))
	if err != nil || strings.Contains(string(data), "Kari") || strings.Contains(string(data), "02013299997") {
		t.Errorf("content in the list of bad lines, or none: %v", err)
	}

	// The same name again, put away beside the first, with a list of its own.
	s.events("a.jsonl", "{")
	s.applyEvents()
	if total, _ := s.bad("a.2"); total != 1 || !s.exists("hendelser", "behandlet", "a.2.jsonl") {
		t.Errorf("%d bad lines", total)
	}

	s.events("many.jsonl", strings.Repeat("x\n", maxBadLines+500))
	s.applyEvents()
	if total, lines := s.bad("many"); total != maxBadLines+500 || len(lines) != maxBadLines {
		t.Errorf("%d bad lines, %d listed", total, len(lines))
	}
}

func TestEventWithoutKey(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	at := func(hour int) string {
		return line("hendelse", "LEST", "forsendelse", someID, "tidspunkt", fmt.Sprintf("2026-01-06T%02d:00:00+01:00", hour))
	}
	s.events("a.jsonl", at(12), at(12), at(13), strings.Replace(at(12), "12:00:00+01:00", "11:00:00Z", 1))
	s.applyEvents()
	if s.mem.applied != 2 {
		t.Errorf("%d events; the same time in another zone is the same event", s.mem.applied)
	}
}

// TestEventsStayWhenTheyCannotBeApplied: nothing is put away, and a second attempt does the rest.
func TestEventsStayWhenTheyCannotBeApplied(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.events("a.jsonl", read("1"), "{")
	s.mem.fail = errors.New("database is away")
	rep := s.applyEvents()
	if rep.Failed != 1 || rep.Waiting != 1 || keysOf(rep.Troubles) != "events:a.jsonl" || !s.exists("hendelser", "a.jsonl") || s.exists("hendelser", "avvist", "a.json") {
		t.Errorf("%+v", rep)
	}
	s.mem.fail = nil
	if diff := cmp.Diff(EventReport{Files: 1, Applied: 1, Refused: 1}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
	s.events("b.jsonl", read("2"))
	s.mem.fail = fmt.Errorf("apply: %w", shipment.ErrDigitalEvent)
	s.applyEvents()
	if _, lines := s.bad("b"); lines[1] != "hendelse-ugyldig" {
		t.Errorf("bad lines %v", lines)
	}
}

func TestEventsCutOffAtEveryStep(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for _, step := range []string{"event", "listed", "events put away"} {
		s := newStage(t)
		s.events("a.jsonl", read("1"), "{", read("2"))
		reached := false
		s.dir.cut = func(at string) error {
			if at == step {
				reached = true
				return killed
			}
			return nil
		}
		if _, err := s.dir.Events(context.Background()); !reached || !errors.Is(err, killed) {
			t.Fatalf("%s: reached %v, %v", step, reached, err)
		}
		s.dir = s.open()
		s.applyEvents()
		if s.mem.applied != 2 {
			t.Errorf("%s: %d events applied", step, s.mem.applied)
		}
		lists, err := os.ReadDir(filepath.Join(s.root, "hendelser", "avvist"))
		if err != nil || len(lists) != 1 || lists[0].Name() != "a.json" {
			t.Errorf("%s: lists %v, %v", step, lists, err)
		}
		kept, err := os.ReadDir(filepath.Join(s.root, "hendelser", "behandlet"))
		if err != nil || len(kept) != 1 || kept[0].Name() != "a.jsonl" {
			t.Errorf("%s: kept %v, %v", step, kept, err)
		}
	}
}

func TestEventsFileThatIsALink(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	secret := filepath.Join(t.TempDir(), "secret")
	s.write(secret, read("1"))
	if err := os.Symlink(secret, filepath.Join(s.root, "hendelser", "a.jsonl")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(EventReport{Misplaced: 1}, counts(s.applyEvents())); diff != "" || s.mem.applied > 0 {
		t.Error(diff)
	}
}

func TestGrowingEventsFile(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.dir.Settle = time.Millisecond
	s.events("a.jsonl", read("1"))
	grown := false
	s.dir.cut = func(at string) error {
		if at == "looked" && !grown {
			grown = true
			s.events("a.jsonl", read("1"), read("2"))
		}
		return nil
	}
	if diff := cmp.Diff(EventReport{Waiting: 1}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(EventReport{Files: 1, Applied: 2}, counts(s.applyEvents())); diff != "" {
		t.Error(diff)
	}
}

func FuzzParseEvent(f *testing.F) {
	for _, l := range []string{read("1"), "{}", "", "null", `{"hendelse":"LEST","konto":"a","levering":"b","tidspunkt":"2026-01-06T19:12:44Z"}`, `{"Hendelse":"LEST"} {}`, "\xff"} {
		f.Add([]byte(l))
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, problem := parseEvent(data, now)
		if problem != nil {
			if problem.Code == "" || words.Refusal(*problem, words.Norwegian) == "" || e != (shipment.DigitalEvent{}) {
				t.Errorf("problem %+v with event %+v", problem, e)
			}
			return
		}
		if !e.Kind.Valid() || e.Key == "" || e.At.IsZero() || e.At.After(now.Add(maxAhead)) || (e.Shipment == "") == (e.Account == "") || (e.Account == "") != (e.HandIn == "") {
			t.Errorf("accepted %+v", e)
		}
		again, problem := parseEvent(data, now)
		if problem != nil || again != e {
			t.Error("the same line is not the same event")
		}
	})
}
