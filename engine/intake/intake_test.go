package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"postgang/engine/alarm"
	"postgang/engine/shipment"
	"postgang/engine/store"
	"postgang/engine/words"
)

// memory is a Receiver that keeps everything in memory and reads every file, as the engine does.
type memory struct {
	mu       sync.Mutex
	handIns  map[string]shipment.HandIn // by id
	files    map[string]map[string]string
	undecide map[string]bool // ids that are not decided yet
	events   map[string]shipment.DigitalEvent
	applied  int
	received int   // calls of Receive
	fail     error // of Event
	lose     bool  // Receive stores and then fails, like a process that dies before it can answer
}

func newMemory() *memory {
	return &memory{handIns: map[string]shipment.HandIn{}, files: map[string]map[string]string{}, undecide: map[string]bool{}, events: map[string]shipment.DigitalEvent{}}
}

func (m *memory) Receive(_ context.Context, h shipment.HandIn) (shipment.Received, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.received++
	id := h.Account + ":" + h.Key
	files := map[string]string{}
	for _, f := range h.Files {
		r, err := f.Open()
		if err != nil {
			return shipment.Received{}, fmt.Errorf("store: %w", err)
		}
		data, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			return shipment.Received{}, fmt.Errorf("store: %w", err)
		}
		if int64(len(data)) != f.Bytes {
			return shipment.Received{}, fmt.Errorf("%d bytes, announced %d", len(data), f.Bytes)
		}
		files[f.Name.Reveal()] = string(data)
	}
	if first, known := m.handIns[id]; known {
		return shipment.Received{ID: id, Already: true, Other: string(first.JSON) != string(h.JSON) || !maps.Equal(m.files[id], files)}, nil
	}
	m.handIns[id], m.files[id] = h, files
	if m.lose {
		m.lose = false
		return shipment.Received{}, errors.New("connection lost")
	}
	return shipment.Received{ID: id}, nil
}

func (m *memory) Results(_ context.Context, ids []string) (map[string]shipment.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[string]shipment.Result{}
	for _, id := range ids {
		if h, ok := m.handIns[id]; ok {
			out[id] = m.result(id, h)
		}
	}
	return out, nil
}

func (m *memory) result(id string, h shipment.HandIn) shipment.Result {
	sub, found := shipment.ParseSubmission(h.JSON)
	found = append(slices.Clone(h.Refusals), found...)
	if !shipment.Unreadable(found) {
		sub.Normalise()
		for _, d := range sub.Documents {
			if _, there := m.files[id][d.FileName.Reveal()]; !there && len(h.Files) > 0 {
				found = append(found, shipment.Refusal{Code: "dokument-mangler"})
			}
		}
	}
	r := shipment.Result{Done: !m.undecide[id], ID: id, Status: shipment.StatusAkseptert, Refusals: found}
	if slices.ContainsFunc(found, func(f shipment.Refusal) bool { return !f.Warning }) {
		r.Status = shipment.StatusAvvist
	}
	return r
}

func (m *memory) Event(_ context.Context, e shipment.DigitalEvent) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if strings.HasPrefix(e.Shipment, "00000000") || e.HandIn == "ukjent" {
		return fmt.Errorf("event: %w", store.ErrNotFound)
	}
	if _, known := m.events[e.Key]; !known {
		m.events[e.Key] = e
		m.applied++
	}
	return nil
}

// stage is a drop folder with two accounts and what a test does to it.
type stage struct {
	t    testing.TB
	root string
	mem  *memory
	dir  *Dir
}

func newStage(t testing.TB) *stage {
	t.Helper()
	s := &stage{t: t, root: t.TempDir(), mem: newMemory()}
	if err := MakeFolders(s.root, "skole", "skatt"); err != nil {
		t.Fatal(err)
	}
	s.dir = s.open()
	return s
}

// open is a new process on the same folder.
func (s *stage) open() *Dir {
	return &Dir{Root: s.root, Receiver: s.mem, Accounts: []Account{{Key: "skole", MaxBytes: 1000}, {Key: "skatt"}}}
}

// handIn writes a hand-in; names with a slash at the end are folders.
func (s *stage) handIn(account, key string, files map[string]string) string {
	s.t.Helper()
	dir := filepath.Join(s.root, "inn", account, key)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		s.write(filepath.Join(dir, name), files[name])
	}
	return dir
}

func (s *stage) write(name, data string) {
	s.t.Helper()
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// good is a hand-in that is accepted.
func good() map[string]string {
	return map[string]string{
		"forsendelse.json":  `{"tittel":"a","dokumenter":[{"filnavn":"Brev til Kari.pdf","mimeType":"application/pdf"},{"filnavn":"b.pdf","mimeType":"application/pdf"}]}`,
		"Brev til Kari.pdf": "%PDF one %%EOF", "b.pdf": "%PDF two %%EOF",
	}
}

func with(files map[string]string, more ...string) map[string]string {
	files = maps.Clone(files)
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

func without(files map[string]string, names ...string) map[string]string {
	files = maps.Clone(files)
	for _, n := range names {
		delete(files, n)
	}
	return files
}

func (s *stage) scan() Report {
	s.t.Helper()
	rep, err := s.dir.Scan(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return rep
}

func (s *stage) wantReport(rep Report, taken, refused, already, waiting int) {
	s.t.Helper()
	if rep.Taken != taken || rep.Refused != refused || rep.Already != already || rep.Waiting != waiting {
		s.t.Errorf("report %+v, want taken %d, refused %d, already %d, waiting %d", rep, taken, refused, already, waiting)
	}
}

func (s *stage) answer(account, key string) Answer {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.root, "svar", account, key+".json"))
	if err != nil {
		s.t.Fatal(err)
	}
	var a Answer
	if err := json.Unmarshal(data, &a); err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *stage) exists(parts ...string) bool {
	_, err := os.Lstat(filepath.Join(append([]string{s.root}, parts...)...))
	return err == nil
}

func codesOf(found []words.Reason) string {
	var out []string
	for _, f := range found {
		out = append(out, f.Code)
	}
	return strings.Join(out, " ")
}

func TestTakeAnswerPutAway(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.handIn("skole", "brev-1", good())
	s.handIn("skatt", "brev-1", with(good(), "klar", ""))
	s.wantReport(s.scan(), 2, 0, 0, 0)

	for _, account := range []string{"skole", "skatt"} {
		id := account + ":brev-1"
		want := Answer{Account: account, Key: "brev-1", ID: id, Status: shipment.StatusAkseptert, Reasons: []words.Reason{}, Remarks: []words.Reason{}}
		if diff := cmp.Diff(want, s.answer(account, "brev-1")); diff != "" {
			t.Error(diff)
		}
		if !s.exists("behandlet", account, "brev-1", "forsendelse.json") || s.exists("inn", account, "brev-1") {
			t.Error("not put away")
		}
		if got := s.mem.files[id]; !maps.Equal(got, without(good(), "forsendelse.json")) {
			t.Errorf("files %v", got)
		}
		if string(s.mem.handIns[id].JSON) != good()["forsendelse.json"] {
			t.Error("forsendelse.json is not as it was")
		}
	}
	s.wantReport(s.scan(), 0, 0, 0, 0)
}

func TestHalfWrittenIsNotRead(t *testing.T) {
	t.Parallel()
	g := good()
	half := g["forsendelse.json"][:60]
	for name, files := range map[string]map[string]string{
		"nothing yet":        {},
		"no forsendelse":     without(g, "forsendelse.json"),
		"half a forsendelse": with(g, "forsendelse.json", half),
		"empty forsendelse":  with(g, "forsendelse.json", ""),
		"a document missing": without(g, "b.pdf"),
	} {
		s := newStage(t)
		dir := s.handIn("skole", "k", files)
		s.wantReport(s.scan(), 0, 0, 0, 1)
		if s.mem.received != 0 {
			t.Errorf("%s: was read", name)
		}
		// The rest comes.
		for n, data := range g {
			s.write(filepath.Join(dir, n), data)
		}
		s.wantReport(s.scan(), 1, 0, 0, 0)
	}
	for _, name := range []string{".k", "k.part", "k.tmp", "k.TMP"} {
		s := newStage(t)
		dir := s.handIn("skole", name, with(g, "klar", ""))
		s.wantReport(s.scan(), 0, 0, 0, 0)
		if err := os.Rename(dir, filepath.Join(filepath.Dir(dir), "k2")); err != nil {
			t.Fatal(err)
		}
		s.wantReport(s.scan(), 1, 0, 0, 0)
	}
}

// TestGrowingFileIsWaitedFor changes a file between the two looks.
func TestGrowingFileIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.dir.Settle = time.Millisecond
	dir := s.handIn("skole", "k", good())
	s.handIn("skole", "steady", good())
	s.handIn("skole", "marked", with(good(), "klar", ""))
	more := 0
	s.dir.cut = func(at string) error {
		if at == "looked" && more < 8 {
			more++
			s.write(filepath.Join(dir, "b.pdf"), "%PDF two %%EOF"+strings.Repeat(" more", more))
		}
		return nil
	}
	s.wantReport(s.scan(), 2, 0, 0, 1)
	for more < 8 {
		s.wantReport(s.scan(), 0, 0, 0, 1)
	}
	s.wantReport(s.scan(), 1, 0, 0, 0)
	if got := s.mem.files["skole:k"]["b.pdf"]; got != "%PDF two %%EOF"+strings.Repeat(" more", 8) {
		t.Errorf("read %q", got)
	}
}

// TestChangeWhileReading: a file that changes after it was judged complete stops the hand-in, and is read anew later.
func TestChangeWhileReading(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(path string) error{
		"longer":   func(p string) error { return os.WriteFile(p, []byte("%PDF two %%EOF and more"), 0o644) },
		"shorter":  func(p string) error { return os.WriteFile(p, []byte("%P"), 0o644) },
		"replaced": func(p string) error { os.Remove(p); return os.WriteFile(p, []byte("%PDF TWO %%EOF"), 0o644) },
		"gone":     os.Remove,
		"a link":   func(p string) error { os.Remove(p); return os.Symlink("Brev til Kari.pdf", p) },
		"a pipe":   func(p string) error { os.Remove(p); return syscall.Mkfifo(p, 0o644) },
		"a folder": func(p string) error { os.Remove(p); return os.Mkdir(p, 0o755) },
	} {
		s := newStage(t)
		dir := s.handIn("skole", "k", good())
		tampered := &tamper{memory: s.mem, before: func() error { return change(filepath.Join(dir, "b.pdf")) }}
		s.dir.Receiver = tampered
		rep, err := s.dir.Scan(context.Background())
		if rep.Waiting+rep.Failed != 1 || rep.Taken+rep.Refused > 0 || len(s.mem.handIns) > 0 {
			t.Errorf("%s: %+v %v", name, rep, err)
		}
		if strings.Contains(fmt.Sprint(rep, err), "b.pdf") {
			t.Errorf("%s: the report names the document: %+v, %v", name, rep, err)
		}
		if s.exists("svar", "skole", "k.json") || !s.exists("inn", "skole", "k") {
			t.Errorf("%s: answered or moved", name)
		}
	}
}

// tamper does something between judging and reading.
type tamper struct {
	*memory
	before func() error
}

func (r *tamper) Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error) {
	if err := r.before(); err != nil {
		return shipment.Received{}, err
	}
	return r.memory.Receive(ctx, h)
}

// TestPatience: what stays incomplete is taken as it is after a while, and refused for what is missing.
func TestPatience(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dir := s.handIn("skole", "k", without(good(), "b.pdf"))
	s.wantReport(s.scan(), 0, 0, 0, 1)
	old := time.Now().Add(-DefaultPatience - time.Minute)
	for _, name := range []string{"forsendelse.json", "Brev til Kari.pdf", "."} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	s.wantReport(s.scan(), 0, 1, 0, 0)
	if got := codesOf(s.answer("skole", "k").Reasons); got != "dokument-mangler" {
		t.Errorf("refused for %s", got)
	}

	marked := s.handIn("skole", "m", with(without(good(), "b.pdf"), "klar", ""))
	ahead := time.Now().Add(1000 * time.Hour)
	if err := os.Chtimes(filepath.Join(marked, "forsendelse.json"), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	s.wantReport(s.scan(), 0, 1, 0, 0) // a marker is never waited for
}

func TestRefusedForItsFiles(t *testing.T) {
	t.Parallel()
	g := with(good(), "klar", "")
	many := maps.Clone(g)
	for i := range maxEntries {
		many[fmt.Sprintf("%04d.pdf", i)] = ""
	}
	digital := strings.Replace(g["forsendelse.json"], `{"tittel"`, `{"kunDigitalLevering":true,"tittel"`, 1)
	for _, tc := range []struct {
		name    string
		files   map[string]string
		extra   func(dir string) error
		reasons string
		remarks string
	}{
		{"one file too many", with(g, "c.pdf", "x"), nil, "fil-ikke-oppfort", ""},
		{"a slip in the only file's name", map[string]string{"klar": "", "breb.pdf": "x", "forsendelse.json": `{"dokumenter":[{"filnavn":"brev.pdf","mimeType":"application/pdf"}]}`},
			nil, "fil-ikke-oppfort dokument-mangler", ""},
		{"a slip in one name", with(without(g, "b.pdf"), "B .pdf", "x"), nil, "fil-ikke-oppfort dokument-mangler", ""},
		{"a folder and a document missing", without(g, "b.pdf"), func(dir string) error { return os.Mkdir(filepath.Join(dir, "c"), 0o755) }, "fil-type dokument-mangler", ""},
		{"clutter", with(g, ".DS_Store", "x", "Thumbs.db", "x"), nil, "", "fil-oversett"},
		{"a folder", g, func(dir string) error { return os.Mkdir(filepath.Join(dir, "c"), 0o755) }, "fil-type", ""},
		{"two cases", with(g, "B.PDF", "x"), nil, "fil-lik", ""},
		{"thousands of files", many, nil, "filer-antall", ""},
		{"too large to print", with(g, "b.pdf", strings.Repeat("x", 1001)), nil, "filer-storrelse", ""},
		{"large, only digital", with(g, "forsendelse.json", digital, "b.pdf", strings.Repeat("x", 1001)), nil, "", ""},
		{"no forsendelse", without(g, "forsendelse.json"), nil, "forsendelse-mangler json-tom", ""},
		{"no JSON", with(g, "forsendelse.json", "{"), nil, "json-feil", ""},
		{"a large forsendelse", with(g, "forsendelse.json", strings.Repeat(" ", shipment.MaxSubmissionBytes+10)), nil, "json-stor", ""},
	} {
		s := newStage(t)
		dir := s.handIn("skole", "k", tc.files)
		if tc.extra != nil {
			if err := tc.extra(dir); err != nil {
				t.Fatal(err)
			}
		}
		s.scan()
		a := s.answer("skole", "k")
		if codesOf(a.Reasons) != tc.reasons || codesOf(a.Remarks) != tc.remarks {
			t.Errorf("%s: refused for %q, remarks %q", tc.name, codesOf(a.Reasons), codesOf(a.Remarks))
		}
		if (a.Status == shipment.StatusAvvist) != (tc.reasons != "") {
			t.Errorf("%s: %s", tc.name, a.Status)
		}
		if !s.exists("behandlet", "skole", "k") {
			t.Errorf("%s: not put away", tc.name)
		}
	}
}

// TestLinksAreNotFollowed: an outsider puts links where documents, hand-ins and answers belong.
func TestLinksAreNotFollowed(t *testing.T) {
	t.Parallel()
	secret := t.TempDir()
	if err := os.WriteFile(filepath.Join(secret, "b.pdf"), []byte("SECRET"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := with(good(), "klar", "")
	link := func(s *stage, target string, parts ...string) {
		t.Helper()
		name := filepath.Join(append([]string{s.root}, parts...)...)
		if err := os.RemoveAll(name); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, name); err != nil {
			t.Fatal(err)
		}
	}
	leaked := func(s *stage) bool {
		for id, files := range s.mem.files {
			for _, data := range files {
				if strings.Contains(data, "SECRET") {
					return true
				}
			}
			if strings.Contains(string(s.mem.handIns[id].JSON), "SECRET") {
				return true
			}
		}
		return false
	}

	s := newStage(t)
	s.handIn("skole", "k", g)
	link(s, filepath.Join(secret, "b.pdf"), "inn", "skole", "k", "b.pdf")
	s.wantReport(s.scan(), 0, 1, 0, 0)
	if got := codesOf(s.answer("skole", "k").Reasons); got != "fil-type" || leaked(s) {
		t.Errorf("document is a link: %s", got)
	}

	s = newStage(t)
	s.handIn("skatt", "k", g)
	s.handIn("skole", "k", g)
	link(s, "../../skatt/k/b.pdf", "inn", "skole", "k", "b.pdf") // within the root, of another account
	link(s, "../../skatt/k/forsendelse.json", "inn", "skole", "k", "forsendelse.json")
	s.wantReport(s.scan(), 1, 1, 0, 0)
	if len(s.mem.handIns["skole:k"].JSON) > 0 || len(s.mem.files["skole:k"]) > 0 {
		t.Error("another account's file was read through a link")
	}

	s = newStage(t)
	s.write(filepath.Join(secret, "forsendelse.json"), good()["forsendelse.json"])
	s.write(filepath.Join(secret, "klar"), "")
	link(s, secret, "inn", "skole", "k")
	rep := s.scan()
	s.wantReport(rep, 0, 0, 0, 0)
	if s.mem.received > 0 || len(rep.Troubles) != 1 || rep.Misplaced != 1 {
		t.Errorf("a hand-in that is a link was read: %+v", rep)
	}

	s = newStage(t)
	s.handIn("skole", "k", g)
	link(s, secret, "svar", "skole")
	link(s, secret, "behandlet", "skole")
	if rep := s.scan(); rep.Failed != 1 || keysOf(rep.Troubles) != "hand-in:skole/k" {
		t.Errorf("answered through a link out of the root: %+v", rep)
	}
	if _, err := os.Lstat(filepath.Join(secret, "k.json")); err == nil {
		t.Error("wrote outside the root")
	}

	s = newStage(t)
	link(s, secret, "inn", "skole")
	if rep := s.scan(); keysOf(rep.Troubles) != "intake:inn/skole misplaced:inn" && keysOf(rep.Troubles) != "intake:inn/skole" || s.mem.received > 0 {
		t.Errorf("an inbox outside the root was read: %+v", rep)
	}
}

// TestSameKeyTwice: the same hand-in again gets the same answer; another one under its key is refused and changes nothing.
func TestSameKeyTwice(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.handIn("skole", "k", good())
	s.wantReport(s.scan(), 1, 0, 0, 0)

	s.handIn("skole", "k", with(good(), "klar", ""))
	s.wantReport(s.scan(), 0, 0, 1, 0)
	if a := s.answer("skole", "k"); a.ID != "skole:k" || !a.Before || a.Status != shipment.StatusAkseptert || a.Earlier != nil {
		t.Errorf("answered again: %+v", a)
	}
	s.handIn("skole", "k", with(good(), "b.pdf", "%PDF another %%EOF"))
	s.wantReport(s.scan(), 0, 1, 0, 0)
	a := s.answer("skole", "k")
	if a.ID != "" || !a.Before || a.Status != shipment.StatusAvvist || codesOf(a.Reasons) != "nokkel-brukt" || !strings.Contains(a.Reasons[0].Text, "ny nøkkel") {
		t.Errorf("another letter under the key: %+v", a)
	}
	if a.Earlier == nil || *a.Earlier != (Earlier{ID: "skole:k", Status: shipment.StatusAkseptert}) {
		t.Errorf("the first is %+v", a.Earlier)
	}
	for _, name := range []string{"k", "k.2", "k.3"} {
		if !s.exists("behandlet", "skole", name) {
			t.Errorf("%s is not put away beside the others", name)
		}
	}
	if len(s.mem.handIns) != 1 || s.mem.files["skole:k"]["b.pdf"] != "%PDF two %%EOF" {
		t.Error("the second hand-in changed the first")
	}

	// A refused one, put right under the same key: it is told to take another, not the old reasons.
	s.handIn("skole", "r", with(good(), "klar", "", "c.pdf", "x"))
	s.wantReport(s.scan(), 0, 1, 0, 0)
	s.handIn("skole", "r", with(good(), "klar", "", "c.pdf", "x"))
	s.wantReport(s.scan(), 0, 0, 1, 0)
	if a := s.answer("skole", "r"); codesOf(a.Reasons) != "fil-ikke-oppfort" || codesOf(a.Remarks) != "nokkel-levert-for" || !a.Before {
		t.Errorf("the refused one again: %+v", a)
	}
}

// TestChangedWhileItWaits: a hand-in that its sender changes while it is being prepared is another one.
func TestChangedWhileItWaits(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mem.undecide["skole:k"] = true
	dir := s.handIn("skole", "k", good())
	s.wantReport(s.scan(), 0, 0, 0, 1)
	s.write(filepath.Join(dir, "b.pdf"), "%PDF something else %%EOF")
	s.mem.undecide["skole:k"] = false
	s.wantReport(s.scan(), 0, 1, 0, 0)
	if a := s.answer("skole", "k"); codesOf(a.Reasons) != "nokkel-brukt" {
		t.Errorf("answered %+v", a)
	}
}

func TestNamesThatAreNoKeys(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"02013299997", "０２０１３２９９９９７", "brev-020132 99997", "a b", "brev\n1", "a:b", strings.Repeat("å", 101), "\xff"} {
		if validKey(key) {
			t.Errorf("%q is a key", key)
		}
		s := newStage(t)
		s.handIn("skole", key, good())
		rep := s.scan()
		s.wantReport(rep, 0, 1, 0, 0)
		name := standIn(key)
		if a := s.answer("skole", name); codesOf(a.Reasons) != "mappenavn" || a.Key != "" || a.ID != "" {
			t.Errorf("%q: %+v", key, a)
		}
		if !s.exists("behandlet", "skole", name, "b.pdf") || s.mem.received > 0 {
			t.Errorf("%q: not put away, or received", key)
		}
	}
	for _, key := range []string{"k", "2026-000017", "Vedtak_æøå.1", strings.Repeat("å", 100)} {
		if !validKey(key) {
			t.Errorf("%q is no key", key)
		}
	}
}

func TestNotDecidedYet(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.mem.undecide["skole:k"] = true
	s.handIn("skole", "k", good())
	for range 3 {
		s.wantReport(s.scan(), 0, 0, 0, 1)
	}
	if s.mem.received != 1 {
		t.Errorf("handed in %d times", s.mem.received)
	}
	s.mem.undecide["skole:k"] = false
	s.wantReport(s.scan(), 1, 0, 0, 0)

	// The archive was put back to an earlier state meanwhile: the hand-in, which still lies there, is handed in again.
	s.mem.undecide["skole:m"] = true
	s.handIn("skole", "m", good())
	s.scan()
	s.mem.handIns = map[string]shipment.HandIn{}
	if rep := s.scan(); rep.Failed != 1 || keysOf(rep.Troubles) != "hand-in:skole/m" {
		t.Errorf("an unknown shipment: %+v", rep)
	}
	s.mem.undecide["skole:m"] = false
	s.wantReport(s.scan(), 1, 0, 0, 0)
}

// TestCutOffAtEveryStep kills the work at each step, starts anew, and expects the same end: one shipment, one answer,
// one folder put away.
func TestCutOffAtEveryStep(t *testing.T) {
	t.Parallel()
	killed := errors.New("killed")
	for _, step := range []string{"received", "answered", "put away"} {
		for _, key := range []string{"k", "no key"} {
			s := newStage(t)
			s.handIn("skole", key, good())
			reached := false
			s.dir.cut = func(at string) error {
				if at == step {
					reached = true
					return killed
				}
				return nil
			}
			_, err := s.dir.Scan(context.Background())
			if key == "no key" && step == "received" {
				if reached {
					t.Error("a folder without key was received")
				}
				continue
			}
			if !reached || !errors.Is(err, killed) {
				t.Fatalf("%s: reached %v, %v", step, reached, err)
			}
			s.dir = s.open()
			rep := s.scan()
			if rep.Waiting+rep.Already > 0 {
				t.Errorf("%s, %s: %+v after the restart", key, step, rep)
			}
			name := key
			if key == "no key" {
				name = standIn(key)
			} else if len(s.mem.handIns) != 1 {
				t.Errorf("%s: %d shipments", step, len(s.mem.handIns))
			}
			if a := s.answer("skole", name); a.Before {
				t.Errorf("%s, %s: said to be handed in before", key, step)
			}
			left, err := os.ReadDir(filepath.Join(s.root, "behandlet", "skole"))
			if err != nil || len(left) != 1 || left[0].Name() != name || s.exists("inn", "skole", key) {
				t.Errorf("%s, %s: put away %v, %v", key, step, left, err)
			}
		}
	}

	s := newStage(t)
	s.handIn("skole", "k", good())
	s.mem.lose = true // dies between storing and answering
	if rep := s.scan(); rep.Failed != 1 || len(rep.Troubles) != 1 {
		t.Errorf("%+v", rep)
	}
	s.dir = s.open()
	s.wantReport(s.scan(), 1, 0, 0, 0)
	if len(s.mem.handIns) != 1 || s.mem.received != 2 {
		t.Errorf("%d shipments after %d calls", len(s.mem.handIns), s.mem.received)
	}
}

// TestOneFailureStopsNoOther: a hand-in that cannot be stored stays; the rest goes on.
func TestOneFailureStopsNoOther(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.handIn("skole", "a", good())
	s.handIn("skole", "b", good())
	s.handIn("skole", "c", good())
	s.dir.Receiver = &failing{memory: s.mem, key: "b"}
	rep := s.scan()
	s.wantReport(rep, 2, 0, 0, 0)
	if rep.Failed != 1 || keysOf(rep.Troubles) != "hand-in:skole/b" || !strings.Contains(textOf(rep.Troubles), "disk full") {
		t.Errorf("%+v", rep)
	}
	s.dir.Receiver = s.mem
	if rep := s.scan(); rep.Taken != 1 || len(rep.Troubles) > 0 {
		t.Errorf("when it is mended: %+v", rep)
	}
}

// textOf is what people read of troubles.
func textOf(list []alarm.Trouble) string {
	var texts []string
	for _, t := range list {
		texts = append(texts, words.Alarm(t.Key, t.Args, words.English))
	}
	return strings.Join(texts, "\n")
}

func keysOf(list []alarm.Trouble) string {
	var keys []string
	for _, t := range list {
		keys = append(keys, t.Key)
	}
	return strings.Join(keys, " ")
}

type failing struct {
	*memory
	key string
}

func (r *failing) Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error) {
	if h.Key == r.key {
		return shipment.Received{}, errors.New("disk full")
	}
	return r.memory.Receive(ctx, h)
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const n = 30
	for i := range n {
		s.handIn("skole", fmt.Sprintf("k%02d", i), good())
	}
	var wg sync.WaitGroup
	done := make([]int, 2)
	for p := range 2 {
		d := s.open()
		wg.Go(func() {
			for range 3 {
				rep, err := d.Scan(context.Background())
				if err != nil {
					t.Errorf("process %d: %v", p, err)
				}
				done[p] += rep.Taken + rep.Already
			}
		})
	}
	wg.Wait()
	if len(s.mem.handIns) != n || done[0]+done[1] != n {
		t.Errorf("%d shipments; %v put away", len(s.mem.handIns), done)
	}
	left, err := os.ReadDir(filepath.Join(s.root, "behandlet", "skole"))
	if err != nil || len(left) != n {
		t.Errorf("%d put away, %v", len(left), err)
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.handIn("skole", "k", good())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.dir.Scan(ctx); !errors.Is(err, context.Canceled) || s.mem.received > 0 {
		t.Errorf("stopped: %v, %d received", err, s.mem.received)
	}
	s.dir.Settle = time.Hour
	if _, err := s.dir.Scan(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while waiting: %v", err)
	}
	nowhere := &Dir{Root: filepath.Join(s.root, "nowhere")}
	if rep, err := nowhere.Scan(context.Background()); err != nil || keysOf(rep.Troubles) != "intake:folder" {
		t.Errorf("no folder: %+v, %v", rep, err)
	}
	if rep, err := nowhere.Events(context.Background()); err != nil || keysOf(rep.Troubles) != "intake:hendelser" {
		t.Errorf("no folder: %+v, %v", rep, err)
	}
}

// TestErrorsNameNoDocument makes files unreadable in every way that a file system offers and looks at the errors.
func TestErrorsNameNoDocument(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		&os.PathError{Op: "open", Path: "inn/skole/k/Brev til Kari.pdf", Err: syscall.EIO},
		&os.LinkError{Op: "rename", Old: "Brev til Kari.pdf", New: "x", Err: syscall.EXDEV},
		fmt.Errorf("wrapped: %w", &os.PathError{Op: "open", Path: "Brev til Kari.pdf", Err: syscall.EACCES}),
	} {
		if got := pathless(err); strings.Contains(got.Error(), "Kari") || got.Error() == "" {
			t.Errorf("%v", got)
		}
	}
	if !errors.Is(pathless(&os.PathError{Op: "open", Err: syscall.ENOSPC}), syscall.ENOSPC) {
		t.Error("the cause is lost")
	}
}
