package intake

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"postgang/engine/shipment"
	"postgang/fixtures/judges"
)

// asNobody runs fn with the rights to files of a user that owns nothing. The test must run as root.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	judges.NeedRoot(t)
	const nobody = 65534
	runtime.LockOSThread() // never unlocked: the thread goes with the goroutine
	if err := errors.Join(syscall.Setfsgid(nobody), syscall.Setfsuid(nobody)); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errors.Join(syscall.Setfsuid(0), syscall.Setfsgid(0)) }()
	fn()
}

// give hands everything below a folder to nobody, and lets everybody into the folders above it.
func (s *stage) give(parts ...string) {
	s.t.Helper()
	s.dir.inTurn = true
	top := filepath.Join(append([]string{s.root}, parts...)...)
	err := filepath.WalkDir(top, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 65534, 65534))
	})
	if err = errors.Join(err, os.Chmod(s.root, 0o755), os.Chmod(filepath.Dir(s.root), 0o755)); err != nil {
		s.t.Fatal(err)
	}
}

// TestForeignFolders: folders and files of another user stop no other hand-in, account or event.
func TestForeignFolders(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil  func(s *stage) // as root
		wrong  string         // keys of the troubles
		failed int
		taken  int // of three good ones
	}{
		"a folder that cannot be read": {func(s *stage) {
			s.mode(0o700, s.handIn("skole", "b", good()))
		}, "hand-in:skole/b", 1, 3},
		"a folder that cannot be entered": {func(s *stage) {
			s.mode(0o744, s.handIn("skole", "b", good()))
		}, "hand-in:skole/b", 1, 3},
		"a folder that cannot be moved": {func(s *stage) {
			s.mode(0o755, s.handIn("skole", "b", good()))
		}, "hand-in:skole/b", 1, 4},
		"a document that cannot be read": {func(s *stage) {
			s.mode(0o600, filepath.Join(s.handIn("skole", "b", good()), "b.pdf"))
		}, "hand-in:skole/b", 1, 3},
		"a forsendelse.json that cannot be read": {func(s *stage) {
			s.mode(0o600, filepath.Join(s.handIn("skole", "b", good()), "forsendelse.json"))
		}, "hand-in:skole/b", 1, 3},
		"an account that cannot be read": {func(s *stage) {
			dir := filepath.Join(s.root, "inn", "skole")
			s.mode(0o700, dir)
			if err := os.Chown(dir, 0, 0); err != nil {
				t.Fatal(err)
			}
		}, "intake:inn/skole", 0, 1},
		"answers that cannot be written": {func(s *stage) {
			s.mode(0o755, filepath.Join(s.root, "svar", "skole"))
			if err := os.Chown(filepath.Join(s.root, "svar", "skole"), 0, 0); err != nil {
				t.Fatal(err)
			}
		}, "hand-in:skole/a hand-in:skole/c", 2, 1},
		"an account's folder that nothing can be moved out of": {func(s *stage) {
			dir := filepath.Join(s.root, "inn", "skole")
			s.mode(0o755, dir)
			if err := os.Chown(dir, 0, 0); err != nil {
				t.Fatal(err)
			}
		}, "hand-in:skole/a hand-in:skole/c", 2, 3},
		"many of one account": {func(s *stage) {
			for i := range 8 {
				s.mode(0o700, s.handIn("skole", fmt.Sprintf("x%d", i), good()))
			}
		}, "hand-in:skole", 8, 3},
		"a name that is no key": {func(s *stage) {
			s.mode(0o700, s.handIn("skole", "Brev til Kari", good()))
		}, "hand-in:skole/" + standIn("Brev til Kari"), 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.handIn("skole", "a", good())
			s.handIn("skatt", "b", good())
			s.handIn("skole", "c", good())
			s.give()
			tc.spoil(s)
			asNobody(t, func() {
				rep := s.scan()
				if keysOf(rep.Troubles) != tc.wrong || rep.Taken != tc.taken || rep.Failed != tc.failed || rep.Waiting > 0 {
					t.Errorf("%+v", rep)
				}
				if text := textOf(rep.Troubles); !strings.Contains(text, "permission denied") || !strings.Contains(text, "docs/drop-folder.md") || strings.Contains(text, "Kari") {
					t.Error(text)
				}
				received := s.mem.received
				if rep := s.scan(); keysOf(rep.Troubles) != tc.wrong || rep.Taken+rep.Refused+rep.Already > 0 {
					t.Errorf("again: %+v", rep)
				}
				if name == "a folder that cannot be moved" && s.mem.received != received {
					t.Error("what is answered was handed in again")
				}
			})
		})
	}
}

func (s *stage) mode(mode os.FileMode, name string) {
	s.t.Helper()
	if err := os.Chmod(name, mode); err != nil {
		s.t.Fatal(err)
	}
}

// TestStuckIsMovedLater: an answered hand-in that cannot be moved is answered and counted once, in this process and the
// next, and moved when it can be.
func TestStuckIsMovedLater(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dir := s.handIn("skole", "k", good())
	s.give()
	if err := os.Chown(dir, 0, 0); err != nil {
		t.Fatal(err)
	}
	told := 0
	s.dir.Answered = func(string, string, Answer) { told++ }
	asNobody(t, func() {
		if rep := s.scan(); rep.Taken != 1 || rep.Failed != 1 {
			t.Errorf("%+v", rep)
		}
		s.dir = s.open()
		s.dir.Answered = func(string, string, Answer) { told++ }
		for range 2 {
			if rep := s.scan(); rep.Taken != 0 || rep.Failed != 1 || keysOf(rep.Troubles) != "hand-in:skole/k" {
				t.Errorf("a new process: %+v", rep)
			}
		}
	})
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	if rep := s.scan(); rep.Failed != 0 || len(rep.Troubles) > 0 || !s.exists("behandlet", "skole", "k") {
		t.Errorf("when it can be moved: %+v", rep)
	}
}

func TestForeignEvents(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.events("a.jsonl", read("1"))
	s.events("b.jsonl", read("2"))
	s.give()
	s.mode(0o600, filepath.Join(s.root, "hendelser", "a.jsonl"))
	if err := os.Chown(filepath.Join(s.root, "hendelser", "a.jsonl"), 0, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		if rep := s.applyEvents(); rep.Applied != 1 || rep.Failed != 1 || keysOf(rep.Troubles) != "events:a.jsonl" {
			t.Errorf("%+v", rep)
		}
	})
	// A folder of those that are done into which nothing can be moved: applied once.
	s.events("c.jsonl", read("3"))
	s.mode(0o755, filepath.Join(s.root, "hendelser", "behandlet"))
	if err := os.Chown(filepath.Join(s.root, "hendelser", "behandlet"), 0, 0); err != nil {
		t.Fatal(err)
	}
	s.give("hendelser", "a.jsonl")
	s.give("hendelser", "c.jsonl")
	asNobody(t, func() {
		if rep := s.applyEvents(); rep.Applied != 2 || rep.Failed != 2 || keysOf(rep.Troubles) != "events:a.jsonl events:c.jsonl" {
			t.Errorf("%+v", rep)
		}
		if rep := s.applyEvents(); rep.Applied != 0 || rep.Failed != 2 {
			t.Errorf("again: %+v", rep)
		}
	})
	if rep := s.scan(); len(rep.Troubles) > 0 {
		t.Errorf("hand-ins: %+v", rep)
	}
}

// TestMisplaced: what lies where nobody takes it is told, by place and without names of documents.
func TestMisplaced(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	mkdir := func(parts ...string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Join(append([]string{s.root}, parts...)...), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if rep := s.scan(); len(rep.Troubles) > 0 {
		t.Fatalf("an empty drop folder: %+v", rep.Troubles)
	}
	s.handIn("Skole", "k", good())
	s.handIn("barnehage", "k", good())
	s.handIn("02013299997", "k", good())
	s.write(filepath.Join(s.handIn(".", "brev-1", nil), "forsendelse.json"), "{}")
	s.write(filepath.Join(s.root, "inn", "Brev til Kari.pdf"), "x")
	s.write(filepath.Join(s.root, "inn", "skole", "Brev til Kari.pdf"), "x")
	s.write(filepath.Join(s.root, "inn", "skole", "forsendelse.json"), "x")
	mkdir("Inn", "skole")
	s.write(filepath.Join(s.root, "hendelser", "a.json"), read("1"))
	s.write(filepath.Join(s.root, "hendelser", "B.JSONL"), read("2"))
	mkdir("hendelser", "skole")
	for _, junk := range []string{"@eaDir", ".DS_Store", "lost+found", ".ssh"} {
		mkdir("inn", junk)
		mkdir("inn", "skole", junk)
		mkdir("hendelser", junk)
	}
	rep := s.scan()
	if rep.Misplaced != 8 || rep.Taken+rep.Refused > 0 || keysOf(rep.Troubles) != "misplaced:inn/skole misplaced:folder misplaced:inn" {
		t.Errorf("%+v", rep)
	}
	text := textOf(rep.Troubles)
	for _, want := range []string{`"Skole" (account "skole" is meant?)`, `"barnehage"`, `"brev-1" (a hand-in, and not in the folder of an account)`, `"Inn" ("inn" is meant?)`, "inn/skole holds 2 files", "name is not shown"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s is not told: %s", want, text)
		}
	}
	if strings.Contains(text, "Kari") || strings.Contains(text, "0201") {
		t.Errorf("names are told: %s", text)
	}
	ev := s.applyEvents()
	if ev.Misplaced != 2 || ev.Applied != 1 || keysOf(ev.Troubles) != "misplaced:hendelser" || !s.exists("hendelser", "behandlet", "B.jsonl") {
		t.Errorf("%+v", ev)
	}
}

// TestForgotten: what was begun under a hidden name is left alone, and told when nobody goes on with it.
func TestForgotten(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	part := s.handIn("skole", ".brev-1.part", good())
	s.write(filepath.Join(s.root, "hendelser", "a.jsonl.tmp"), "x")
	if rep, ev := s.scan(), s.applyEvents(); len(rep.Troubles)+len(ev.Troubles) > 0 {
		t.Errorf("young: %+v %+v", rep, ev)
	}
	old := time.Now().Add(-2 * time.Hour)
	for _, name := range []string{filepath.Join(part, "b.pdf"), filepath.Join(part, "Brev til Kari.pdf"), part, filepath.Join(s.root, "hendelser", "a.jsonl.tmp")} {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if rep := s.scan(); len(rep.Troubles) > 0 {
		t.Errorf("a file in it is young: %+v", rep)
	}
	if err := os.Chtimes(filepath.Join(part, "forsendelse.json"), old, old); err != nil {
		t.Fatal(err)
	}
	if rep, ev := s.scan(), s.applyEvents(); keysOf(rep.Troubles) != "forgotten:inn/skole" || keysOf(ev.Troubles) != "forgotten:hendelser" {
		t.Errorf("old: %+v %+v", rep, ev)
	}
}

// TestRefusedEventsAreTold: until a person removes the list of the lines.
func TestRefusedEventsAreTold(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.events("a.jsonl", read("1"), "{", "{", strings.Replace(read("3"), "LEST", "LESET", 1))
	s.events("Brev til Kari.jsonl", "{")
	for range 2 {
		ev := s.applyEvents()
		if keysOf(ev.Troubles) != "events:"+standIn("Brev til Kari.jsonl")+" events:a.jsonl" {
			t.Fatalf("%+v", ev)
		}
		if text := textOf(ev.Troubles); !strings.Contains(text, "3 lines were refused and are not applied (line 2, 3, 4; hendelse-ukjent 1, json-feil 2)") || strings.Contains(text, "Kari") {
			t.Error(text)
		}
		s.dir = s.open() // told in the next process as well
	}
	for i := range 10 {
		s.events(fmt.Sprintf("b%d.jsonl", i), "{")
	}
	if ev := s.applyEvents(); ev.Refused != 10 || len(ev.Troubles) != fewTroubles+1 {
		t.Errorf("many: %+v", ev)
	}
	if err := os.RemoveAll(filepath.Join(s.root, "hendelser", "avvist")); err != nil {
		t.Fatal(err)
	}
	if ev := s.applyEvents(); len(ev.Troubles) > 0 {
		t.Errorf("when the lists are removed: %+v", ev)
	}
}

// TestHalfWrittenPDFIsWaitedFor: for as long as for anything else that is missing, and never when the marker is there.
func TestHalfWrittenPDFIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		pdf   string
		waits bool
	}{
		"cut":                 {"%PDF-1.4 1 0 obj", true},
		"empty":               {"", true},
		"space set aside":     {strings.Repeat("\x00", 900), true},
		"an end mark early":   {"%PDF-1.4 %%EOF" + strings.Repeat("x", 3000), true},
		"whole":               {"%PDF-1.4 1 0 obj %%EOF\n", false},
		"something behind it": {"%PDF-1.4 %%EOF" + strings.Repeat("\x00", 1000), false},
		"no PDF at all":       {"<html>", false},
	} {
		s := newStage(t)
		s.handIn("skatt", "k", with(good(), "b.pdf", tc.pdf))
		s.handIn("skatt", "m", with(good(), "b.pdf", tc.pdf, "klar", ""))
		rep := s.scan()
		if rep.Waiting != btoi(tc.waits) || rep.Taken != 2-btoi(tc.waits) {
			t.Errorf("%s: %+v", name, rep)
		}
		s.dir.Patience = -1
		if rep := s.scan(); rep.Taken != btoi(tc.waits) {
			t.Errorf("%s, after a while: %+v", name, rep)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestJunkInHandIns: what systems leave behind refuses nothing.
func TestJunkInHandIns(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dir := s.handIn("skole", "k", with(good(), "klar", "", "~$brev.docx", "x", "b.pdf:Zone.Identifier", "x", "._b.pdf", "x", "Thumbs.db", "x"))
	for _, folder := range []string{"@eaDir", "__MACOSX", ".AppleDouble"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s.wantReport(s.scan(), 1, 0, 0, 0)
	if a := s.answer("skole", "k"); codesOf(a.Remarks) != "fil-oversett" || !strings.Contains(a.Remarks[0].Text, "(7)") {
		t.Errorf("%+v", a)
	}
}

// slowly is a receiver that needs some time for each hand-in.
type slowly struct {
	*memory
	each time.Duration
}

func (r *slowly) Receive(ctx context.Context, h shipment.HandIn) (shipment.Received, error) {
	time.Sleep(r.each)
	return r.memory.Receive(ctx, h)
}

// TestAnswersInAStream: the first of many is answered while the others are still taken, and an account with many keeps
// no other waiting.
func TestAnswersInAStream(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	const many = 300
	for i := range many {
		s.handIn("skole", fmt.Sprintf("k%03d", i), with(good(), "klar", ""))
		s.mem.undecide[fmt.Sprintf("skole:k%03d", i)] = true
	}
	s.handIn("skatt", "z", with(good(), "klar", ""))
	s.dir.Receiver = &slowly{s.mem, 300 * time.Millisecond}
	var order []string
	var left int
	s.dir.Answered = func(account, folder string, _ Answer) {
		order = append(order, account+"/"+folder)
		if len(order) == 2 {
			left = many + 1 - s.mem.received
		}
	}
	decide := time.AfterFunc(500*time.Millisecond, func() {
		s.mem.mu.Lock()
		defer s.mem.mu.Unlock()
		s.mem.undecide = map[string]bool{}
	})
	defer decide.Stop()
	s.wantReport(s.scan(), many+1, 0, 0, 0)
	if len(order) != many+1 || !slices.Contains(order[:2], "skatt/z") || left < many/3 {
		t.Errorf("%d answers, the first %v; %d were not taken yet when the second came", len(order), order[:2], left)
	}
}

// TestEventOfAHandInThatComes: an event that came with its hand-in waits for it, and keeps no other event waiting.
func TestEventOfAHandInThatComes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	dir := s.handIn("skole", "ukjent", without(good(), "b.pdf"))
	at := "2026-01-06T19:12:44Z"
	s.events("a.jsonl", line("hendelse", "LEST", "konto", "skole", "levering", "ukjent", "tidspunkt", at, "nokkel", "1"), read("2"), "{")
	for range 2 {
		if ev := s.applyEvents(); ev.Waiting != 1 || ev.Refused > 0 || len(ev.Troubles) > 0 || s.mem.applied != 1 {
			t.Errorf("%+v, %d applied", ev, s.mem.applied)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if ev := s.applyEvents(); ev.Waiting != 0 || ev.Refused != 2 || ev.Applied != 1 {
		t.Errorf("taken back by its sender: %+v", ev)
	}
}

// TestInspect tells what is wrong and takes nothing; TryFolders leaves nothing behind.
func TestInspect(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	if wrong := append(s.dir.Inspect(), s.dir.TryFolders()...); len(wrong) > 0 {
		t.Errorf("an empty drop folder: %+v", wrong)
	}
	s.handIn("skole", "a", good())
	s.handIn("skole", "b", good())
	s.handIn("Skole", "c", good())
	s.events("a.jsonl", read("1"))
	s.write(filepath.Join(s.root, "hendelser", "b.txt"), "x")
	if got := keysOf(s.dir.Inspect()); got != "misplaced:inn misplaced:hendelser" {
		t.Errorf("told %s", got)
	}
	if s.mem.received > 0 || s.mem.applied > 0 || !s.exists("inn", "skole", "a") || !s.exists("hendelser", "a.jsonl") {
		t.Error("something was taken")
	}
	s.give()
	for _, dir := range []string{"svar/skole", "behandlet/skatt", "hendelser"} {
		s.mode(0o755, filepath.Join(s.root, dir))
		if err := os.Chown(filepath.Join(s.root, dir), 0, 0); err != nil {
			t.Fatal(err)
		}
	}
	s.mode(0o700, filepath.Join(s.root, "inn", "skole", "b"))
	if err := os.Chown(filepath.Join(s.root, "inn", "skole", "b"), 0, 0); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		if got := keysOf(s.dir.TryFolders()); got != "intake:svar/skole intake:behandlet/skatt intake:hendelser" {
			t.Errorf("tried: %s", got)
		}
		if got := keysOf(s.dir.Inspect()); got != "misplaced:inn misplaced:hendelser hand-in:skole/b" && got != "misplaced:inn hand-in:skole/b misplaced:hendelser" {
			t.Errorf("told %s", got)
		}
	})
	err := filepath.WalkDir(s.root, func(name string, _ os.DirEntry, err error) error {
		if strings.Contains(name, ".doctor") {
			t.Errorf("%s is left", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
