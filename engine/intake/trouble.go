package intake

import (
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
	if t.handIns == nil {
		t.handIns, t.first = map[string][]engine.Trouble{}, map[string]string{}
	}
	a := h.account.Key
	said := fmt.Sprintf("%s: %v%s", what, err, advice(err, h.info))
	if len(t.handIns[a]) == 0 {
		t.first[a] = fmt.Sprintf("%s %s", h.shown(), said)
	}
	t.handIns[a] = append(t.handIns[a], engine.Trouble{
		Key: engine.TroubleHandIn + h.shown(), Text: fmt.Sprintf("hand-in %s %s. It stays where it is and is tried again; the others go on", h.shown(), said),
	})
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

// advice says what to do about an error, with the owner of what it is about.
func advice(err error, info os.FileInfo) string {
	owner := ""
	if info != nil {
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			owner = fmt.Sprintf(" (it belongs to user %d and group %d, mode %04o)", st.Uid, st.Gid, info.Mode().Perm())
		}
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		return owner + ". Let the user that runs postgang read, write and move it: see \"Senders with a login of their own\" in docs/drop-folder.md"
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
	metadata              bool // a forsendelse.json is among the files
	names                 []string
	old                   int // hidden, and not changed for long
}

// file counts something that is no folder.
func (s *strays) file(name string, info os.FileInfo) {
	if info.Mode()&os.ModeSymlink != 0 {
		s.links++
		return
	}
	s.files++
	s.metadata = s.metadata || name == metadataName
}

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
			found.file(name, info)
		}
	}
	s.troubles.left(place, found)
	n := found.files + found.folders + found.links
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
	if is, err := exists(s.root, path.Join(dir, name, metadataName)); err == nil && is {
		return shown + " (a hand-in, and not in the folder of an account)"
	}
	if dir == "." {
		for _, f := range []string{inbox, answers, done, events} {
			if strings.EqualFold(f, name) {
				return fmt.Sprintf("%s (%q is meant?)", shown, f)
			}
		}
		return shown
	}
	if meant := s.meant(name); meant != "" {
		return fmt.Sprintf("%s (account %q is meant?)", shown, meant)
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
