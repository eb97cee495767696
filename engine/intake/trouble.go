package intake

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/agnivade/levenshtein"

	"postgang/engine"
)

const (
	// fewTroubles is how many hand-ins of an account, or events files, have an alarm each; of more there is one.
	fewTroubles = 5
	// fewNames is how many names a text shows.
	fewNames = 5
	// forgottenAfter is how long something under a hidden name is left to whoever writes it.
	forgottenAfter = time.Hour
)

// troubles gathers what needs a person.
type troubles struct {
	list    []engine.Trouble
	handIns map[string][]engine.Trouble // by account; more than a few become one
	first   map[string]string           // what is wrong with the first of them
}

func (t *troubles) add(key, format string, args ...any) {
	t.list = append(t.list, engine.Trouble{Key: key, Text: fmt.Sprintf(format, args...)})
}

// place tells of a folder that cannot be used. name is its name in the alarm's key, what its name for people.
func (t *troubles) place(name, what string, err error) {
	t.add(engine.TroublePlace+name, "%s cannot be used: %v%s. What is handed in there is not taken", what, err, advice(err, nil))
}

// handIn tells of a hand-in that cannot be taken or put away.
func (t *troubles) handIn(h *handIn, what string, err error) {
	t.handInOf(h, what, err, "it", h.info)
}

// handInOf tells of it with the owner of what stands in the way.
func (t *troubles) handInOf(h *handIn, what string, err error, whose string, info os.FileInfo) {
	if t.handIns == nil {
		t.handIns, t.first = map[string][]engine.Trouble{}, map[string]string{}
	}
	a := h.account.Key
	said := fmt.Sprintf("%s: %v%s", what, err, adviceOf(err, whose, info))
	if len(t.handIns[a]) == 0 {
		t.first[a] = fmt.Sprintf("%s %s", h.shown(), said)
	}
	t.handIns[a] = append(t.handIns[a], engine.Trouble{
		Key: engine.TroubleHandIn + h.shown(), Text: fmt.Sprintf("hand-in %s %s. It stays where it is and is tried again; the others go on", h.shown(), said),
	})
}

// stuckAt tells of a hand-in that cannot be moved: it, the folder that it lies in or the one that it goes to may be another
// user's.
func (s *scan) stuckAt(h *handIn, err error) {
	whose, info := "it", h.info
	for _, dir := range []string{path.Join(inbox, h.account.Key), path.Join(done, h.account.Key)} {
		if !ours(info) {
			break
		}
		if at, err := s.root.Lstat(dir); err == nil {
			whose, info = dir, at
		}
	}
	s.troubles.handInOf(h, "is answered, and cannot be moved to "+done, err, whose, info)
}

// left tells of what was begun under a hidden name and left.
func (t *troubles) left(place string, s strays) {
	if s.old > 0 {
		t.add(engine.TroubleForgotten+place, "%s holds %d hidden entries (a leading dot, .part, .tmp) that have not changed for more than an hour: what was begun there was never put in place. Have their sender finish them, or remove them", place, s.old)
	}
}

// all is everything, many hand-ins of an account as one.
func (t *troubles) all() []engine.Trouble {
	out := append([]engine.Trouble{}, t.list...)
	for _, account := range slices.Sorted(maps.Keys(t.handIns)) {
		list := t.handIns[account]
		if len(list) > fewTroubles {
			list = []engine.Trouble{{Key: engine.TroubleHandIn + account, Text: fmt.Sprintf(
				"more than %d hand-ins of account %s cannot be taken or put away. The first: %s. They are tried again; the others go on", fewTroubles, account, t.first[account])}}
		}
		out = append(out, list...)
	}
	// One alarm has one text.
	at := map[string]int{}
	merged := out[:0]
	for _, tr := range out {
		if i, twice := at[tr.Key]; twice {
			merged[i].Text += ". Also: " + tr.Text
			continue
		}
		at[tr.Key] = len(merged)
		merged = append(merged, tr)
	}
	return merged
}

// tryRights finds out whether a hand-in may be read and moved, without doing it: moving a folder into another one needs the
// right to write in it too.
func (s *scan) tryRights(h *handIn) {
	if err := syscall.Access(path.Join(s.Root, h.dir()), accessRead|accessWrite|accessEnter); err != nil {
		s.troubles.handIn(h, "cannot be read and moved", err)
		return
	}
	for _, e := range h.entries {
		if !e.plain() {
			continue
		}
		if err := syscall.Access(path.Join(s.Root, h.dir(), e.name), accessRead); err != nil {
			s.troubles.handIn(h, "holds a file that cannot be read", err)
			return
		}
	}
	parent, err := s.root.Lstat(path.Join(inbox, h.account.Key))
	if err == nil && parent.Mode()&os.ModeSticky != 0 && !ours(parent) && !ours(h.info) {
		s.troubles.handIn(h, "cannot be moved: its parent has the sticky bit", fs.ErrPermission)
	}
}

// The rights that access(2) asks about.
const (
	accessEnter = 1
	accessWrite = 2
	accessRead  = 4
)

func ours(info os.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return os.Geteuid() == 0 || ok && int(st.Uid) == os.Geteuid()
}

// TryFolders makes the folders of the accounts and of events that are not there, and tries to do in each what taking hand-ins
// needs: to make a folder, to move it to those that are put away, and to remove it. It returns what is wrong, by folder.
func (d *Dir) TryFolders() []engine.Trouble {
	var t troubles
	root, err := os.OpenRoot(d.Root)
	if err != nil {
		return nil // Inspect tells
	}
	defer root.Close()
	tryMove := func(from, to string) {
		name := ".doctor-" + rand.Text() + ".tmp"
		err := root.Mkdir(path.Join(from, name), 0o700)
		if err != nil {
			t.place(from, "the folder "+from+" of the drop folder", pathless(err))
			return
		}
		at := path.Join(from, name)
		if err = root.Rename(at, path.Join(to, name+".tmp")); err == nil {
			at = path.Join(to, name+".tmp")
		} else {
			t.place(to, fmt.Sprintf("the way from %s to %s of the drop folder", from, to), pathless(err))
		}
		if err := root.Remove(at); err != nil {
			t.place(from, "the folder "+path.Dir(at)+" of the drop folder", pathless(err))
		}
	}
	for _, a := range d.Accounts {
		inn, away, svar := path.Join(inbox, a.Key), path.Join(done, a.Key), path.Join(answers, a.Key)
		if err := errors.Join(root.MkdirAll(inn, 0o700), root.MkdirAll(away, 0o700), root.MkdirAll(svar, 0o700)); err != nil {
			t.place(inn, "the folders of account "+a.Key, pathless(err))
			continue
		}
		tryMove(inn, away)
		tryMove(svar, svar)
	}
	if err := errors.Join(root.MkdirAll(eventsDone, 0o700), root.MkdirAll(eventsWrong, 0o700)); err != nil {
		t.place(events, "the folder "+events+" of the drop folder", pathless(err))
		return t.all()
	}
	tryMove(events, eventsDone)
	tryMove(eventsWrong, eventsWrong)
	return t.all()
}

// advice says what to do about an error, with the owner of what it is about.
func advice(err error, info os.FileInfo) string { return adviceOf(err, "it", info) }

func adviceOf(err error, whose string, info os.FileInfo) string {
	owner := ""
	if info != nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = fmt.Sprintf(" (%s belongs to user %d and group %d, mode %04o)", whose, st.Uid, st.Gid, info.Mode().Perm())
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return owner + ". Let the user that runs postgang read, write and move it: see \"Senders with a login of their own\" in docs/drop-folder.md"
	case errors.Is(err, fs.ErrNotExist):
		return ". Is its file system mounted? \"postgang doctor\" makes folders that are missing"
	case errors.Is(err, syscall.EXDEV):
		return ". All folders of the drop folder must lie on one file system"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return ". Free some space"
	}
	return ""
}

// strays are entries at a place where nobody takes them.
type strays struct {
	files, folders, links int
	names                 []string
	old                   int // hidden, and not changed for long
}

// file counts something that is no folder.
func (s *strays) file(info os.FileInfo) {
	if info.Mode()&os.ModeSymlink != 0 {
		s.links++
		return
	}
	s.files++
}

func (s *strays) count() int { return s.files + s.folders + s.links }

// text says what there is, without names: those of loose files often hold personal names.
func (s *strays) text() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{s.files, "files"}, {s.folders, "folders"}, {s.links, "links"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return strings.Join(parts, " and ")
}

// forgotten counts a hidden entry that nobody has written to for long.
func (s *strays) forgotten(root *os.Root, dir, name string) {
	at := path.Join(dir, name)
	info, err := root.Lstat(at)
	if err != nil {
		return
	}
	now := time.Now()
	last := info.ModTime()
	if info.IsDir() {
		names, _ := list(root, at, maxEntries)
		for _, n := range names {
			if in, err := root.Lstat(path.Join(at, n)); err == nil && in.ModTime().After(last) && !in.ModTime().After(now) {
				last = in.ModTime()
			}
		}
	}
	if now.Sub(last) > forgottenAfter {
		s.old++
	}
}

// strangers tells of what lies at the top of the drop folder, or in the inbox, and belongs to no account: it would lie
// there for ever.
func (s *scan) strangers() {
	s.strangersAt(".", func(name string) bool {
		return name == inbox || name == answers || name == done || name == events
	})
	s.strangersAt(inbox, func(name string) bool {
		return slices.ContainsFunc(s.Accounts, func(a Account) bool { return a.Key == name })
	})
}

func (s *scan) strangersAt(dir string, known func(name string) bool) {
	place, shown := dir, dir
	if dir == "." {
		place, shown = "folder", "the drop folder"
	}
	names, err := list(s.root, dir, -1)
	if err != nil {
		s.troubles.place(place, "the folder "+shown+" of the drop folder", err)
		return
	}
	var found strays
	for _, name := range names {
		switch {
		case known(name), clutter(name):
			continue
		case hidden(name):
			found.forgotten(s.root, dir, name)
			continue
		}
		info, err := s.root.Lstat(path.Join(dir, name))
		switch {
		case err != nil:
		case info.IsDir():
			found.folders++
			found.names = append(found.names, s.describe(dir, name))
		case dir == "." && !handInFile(name):
			// A note for people, or the like.
		default:
			found.file(info)
		}
	}
	s.troubles.left(place, found)
	n := found.count()
	if n == 0 {
		return
	}
	s.rep.Misplaced += n
	text := found.text()
	if len(found.names) > 0 {
		text += ": " + some(found.names)
	}
	s.troubles.add(engine.TroubleMisplaced+place, "%s holds what nobody takes there: %s. Hand-ins go to %s/ACCOUNT/KEY, and accounts are those of the configuration (docs/drop-folder.md)", shown, text, inbox)
}

// handInFile reports whether a file looks like part of a hand-in, or like digital events.
func handInFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf", ".json", ".jsonl", ".zip":
		return true
	}
	return false
}

// describe names a folder that belongs to no account, and says what may have been meant.
func (s *scan) describe(dir, name string) string {
	shown := "one whose name is not shown"
	if validKey(name) {
		shown = fmt.Sprintf("%q", name)
	}
	var more []string
	if is, err := exists(s.root, path.Join(dir, name, metadataName)); err == nil && is {
		more = append(more, "a hand-in, and not in the folder of an account")
	}
	if dir == "." {
		for _, f := range []string{inbox, answers, done, events} {
			if strings.EqualFold(f, name) {
				more = append(more, fmt.Sprintf("%q is meant?", f))
			}
		}
	} else if meant := s.meant(name); meant != "" {
		more = append(more, fmt.Sprintf("account %q is meant?", meant))
	}
	if len(more) > 0 {
		shown += " (" + strings.Join(more, "; ") + ")"
	}
	return shown
}

// meant is the account whose key is most like a name; empty: none is like it.
func (s *scan) meant(name string) string {
	best, key := 3, "" // two slips at most
	for _, a := range s.Accounts {
		d := levenshtein.ComputeDistance(plainKey(name), plainKey(a.Key))
		if d < best && d < len(a.Key)-1 {
			best, key = d, a.Key
		}
	}
	return key
}

// plainKey is a key without what people write in different ways.
func plainKey(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", ".", "").Replace(strings.ToLower(name))
}

// some joins the first of many names.
func some(names []string) string {
	if len(names) > fewNames {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:fewNames], ", "), len(names)-fewNames)
	}
	return strings.Join(names, ", ")
}
