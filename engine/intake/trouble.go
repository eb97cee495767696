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
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/agnivade/levenshtein"

	"postgang/engine/alarm"
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
	list    []alarm.Trouble
	handIns map[string][]alarm.Trouble // by account; more than a few become one
}

func (t *troubles) add(key string, args alarm.Args) {
	t.list = append(t.list, alarm.Trouble{Key: key, Args: args})
}

// place tells of a folder that cannot be used. name is its name in the alarm's key, and where what it is for people.
func (t *troubles) place(name string, where alarm.Args, err error) {
	args := alarm.Args{"case": "place", "why": err.Error()}
	maps.Copy(args, where)
	advise(args, err, "", nil)
	t.add(alarm.TroublePlace+name, args)
}

// The places of alarms, as engine/words knows them.

func dropFolder() alarm.Args { return alarm.Args{"place": "drop-folder"} }

func folder(name string) alarm.Args { return alarm.Args{"place": "folder", "folder": name} }

func foldersOf(account string) alarm.Args {
	return alarm.Args{"place": "account", "account": account}
}

func way(from, to string) alarm.Args {
	return alarm.Args{"place": "way", "folder": from, "to": to}
}

// What is wrong with a hand-in: codes of engine/words.
const (
	wrongTake   = "take"   // it cannot be taken
	wrongLook   = "look"   // it cannot be looked into
	wrongAnswer = "answer" // it cannot be answered
	wrongMove   = "move"   // it is answered, and cannot be moved
	wrongRights = "rights" // it cannot be read and moved
	wrongFile   = "file"   // a file in it cannot be read
	wrongSticky = "sticky" // the sticky bit keeps it from being moved
)

// itself is the owner's thing when it is what the alarm is about.
const itself = "."

// handIn tells of a hand-in that cannot be taken or put away.
func (t *troubles) handIn(h *handIn, what string, err error) {
	t.handInOf(h, what, err, itself, h.info)
}

// handInOf tells of it with the owner of what stands in the way.
func (t *troubles) handInOf(h *handIn, what string, err error, whose string, info os.FileInfo) {
	if t.handIns == nil {
		t.handIns = map[string][]alarm.Trouble{}
	}
	args := alarm.Args{"case": "one", "hand_in": h.shown(), "trouble": what, "why": err.Error()}
	advise(args, err, whose, info)
	a := h.account.Key
	t.handIns[a] = append(t.handIns[a], alarm.Trouble{Key: alarm.TroubleHandIn + h.shown(), Args: args})
}

// stuckAt tells of a hand-in that cannot be moved: it, the folder that it lies in or the one that it goes to may be another
// user's.
func (s *scan) stuckAt(h *handIn, err error) {
	whose, info := itself, h.info
	for _, dir := range []string{path.Join(inbox, h.account.Key), path.Join(done, h.account.Key)} {
		if !ours(info) {
			break
		}
		if at, err := s.root.Lstat(dir); err == nil {
			whose, info = dir, at
		}
	}
	s.troubles.handInOf(h, wrongMove, err, whose, info)
}

// left tells of what was begun under a hidden name and left.
func (t *troubles) left(place string, s strays) {
	if s.old > 0 {
		t.add(alarm.TroubleForgotten+place, alarm.Args{"folder": place, "entries": strconv.Itoa(s.old)})
	}
}

// all is everything, many hand-ins of an account as one.
func (t *troubles) all() []alarm.Trouble {
	out := append([]alarm.Trouble{}, t.list...)
	for _, account := range slices.Sorted(maps.Keys(t.handIns)) {
		list := t.handIns[account]
		if len(list) > fewTroubles {
			args := maps.Clone(list[0].Args)
			args["case"], args["limit"], args["account"] = "many", strconv.Itoa(fewTroubles), account
			list = []alarm.Trouble{{Key: alarm.TroubleHandIn + account, Args: args}}
		}
		out = append(out, list...)
	}
	// A key is of one alarm, which says it all: the arguments of the second have names that begin with "2.", and so on.
	at, said := map[string]int{}, map[string]int{}
	merged := out[:0]
	for _, tr := range out {
		said[tr.Key]++
		i, twice := at[tr.Key]
		if !twice {
			at[tr.Key] = len(merged)
			merged = append(merged, tr)
			continue
		}
		for name, value := range tr.Args {
			merged[i].Args[fmt.Sprintf("%d.%s", said[tr.Key], name)] = value
		}
	}
	return merged
}

// tryRights finds out whether a hand-in may be read and moved, without doing it: moving a folder into another one needs the
// right to write in it too.
func (s *scan) tryRights(h *handIn) {
	if err := syscall.Access(path.Join(s.Root, h.dir()), accessRead|accessWrite|accessEnter); err != nil {
		s.troubles.handIn(h, wrongRights, err)
		return
	}
	for _, e := range h.entries {
		if !e.plain() {
			continue
		}
		if err := syscall.Access(path.Join(s.Root, h.dir(), e.name), accessRead); err != nil {
			s.troubles.handIn(h, wrongFile, err)
			return
		}
	}
	parent, err := s.root.Lstat(path.Join(inbox, h.account.Key))
	if err == nil && parent.Mode()&os.ModeSticky != 0 && !ours(parent) && !ours(h.info) {
		s.troubles.handIn(h, wrongSticky, fs.ErrPermission)
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
func (d *Dir) TryFolders() []alarm.Trouble {
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
			t.place(from, folder(from), pathless(err))
			return
		}
		at := path.Join(from, name)
		if err = root.Rename(at, path.Join(to, name+".tmp")); err == nil {
			at = path.Join(to, name+".tmp")
		} else {
			t.place(to, way(from, to), pathless(err))
		}
		if err := root.Remove(at); err != nil {
			t.place(from, folder(path.Dir(at)), pathless(err))
		}
	}
	for _, a := range d.Accounts {
		inn, away, svar := path.Join(inbox, a.Key), path.Join(done, a.Key), path.Join(answers, a.Key)
		if err := errors.Join(root.MkdirAll(inn, 0o700), root.MkdirAll(away, 0o700), root.MkdirAll(svar, 0o700)); err != nil {
			t.place(inn, foldersOf(a.Key), pathless(err))
			continue
		}
		tryMove(inn, away)
		tryMove(svar, svar)
	}
	if err := errors.Join(root.MkdirAll(eventsDone, 0o700), root.MkdirAll(eventsWrong, 0o700)); err != nil {
		t.place(events, folder(events), pathless(err))
		return t.all()
	}
	tryMove(events, eventsDone)
	tryMove(eventsWrong, eventsWrong)
	return t.all()
}

// advise adds to the arguments of an alarm what to do about an error, with the owner of what it is about: whose is itself or a folder,
// and info nil when nobody knows.
func advise(args alarm.Args, err error, whose string, info os.FileInfo) {
	switch {
	case errors.Is(err, fs.ErrPermission):
		args["advice"] = "permission"
		if info == nil {
			return
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			args["whose"], args["mode"] = whose, fmt.Sprintf("%04o", info.Mode().Perm())
			args["user"], args["group"] = strconv.FormatUint(uint64(st.Uid), 10), strconv.FormatUint(uint64(st.Gid), 10)
		}
	case errors.Is(err, fs.ErrNotExist):
		args["advice"] = "mount"
	case errors.Is(err, syscall.EXDEV):
		args["advice"] = "one-file-system"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		args["advice"] = "space"
	}
}

// strays are entries at a place where nobody takes them.
type strays struct {
	files, folders, links int
	strangers             []alarm.Args
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

// addTo adds to the arguments of an alarm what there is, without names: those of loose files often hold personal names.
func (s *strays) addTo(args alarm.Args) alarm.Args {
	for name, n := range map[string]int{"files": s.files, "folders": s.folders, "links": s.links} {
		if n > 0 {
			args[name] = strconv.Itoa(n)
		}
	}
	return args
}

// forgotten counts a hidden entry that nobody has written to for long: by the machine's clock, which has stamped the files, and not the engine's.
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
	place, where := dir, folder(dir)
	if dir == "." {
		place, where = "folder", dropFolder()
	}
	names, err := list(s.root, dir, -1)
	if err != nil {
		s.troubles.place(place, where, err)
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
			found.strangers = append(found.strangers, s.describe(dir, name))
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
	args := found.addTo(alarm.Args{"case": "strangers", "folder": dir, "inbox": inbox})
	for i, about := range found.strangers[:min(fewNames, len(found.strangers))] {
		for name, value := range about {
			args[name+strconv.Itoa(i+1)] = value
		}
	}
	if more := len(found.strangers) - fewNames; more > 0 {
		args["more"] = strconv.Itoa(more)
	}
	s.troubles.add(alarm.TroubleMisplaced+place, args)
}

// handInFile reports whether a file looks like part of a hand-in, or like digital events.
func handInFile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf", ".json", ".jsonl", ".zip":
		return true
	}
	return false
}

// describe says of a folder that belongs to no account what may have been meant: arguments of engine/words, which are numbered then.
// A name that is not to be shown is empty.
func (s *scan) describe(dir, name string) alarm.Args {
	about := alarm.Args{"name": ""}
	if validKey(name) {
		about["name"] = name
	}
	if is, err := exists(s.root, path.Join(dir, name, metadataName)); err == nil && is {
		about["hand_in"] = "yes"
	}
	if dir == "." {
		for _, f := range []string{inbox, answers, done, events} {
			if strings.EqualFold(f, name) {
				about["folder"] = f
			}
		}
	} else if meant := s.meant(name); meant != "" {
		about["account"] = meant
	}
	return about
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
