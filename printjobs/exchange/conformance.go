package exchange

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Finding is what one check of a vendor's account has found.
type Finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Weak   bool   `json:"weak,omitempty"` // it works, but not as well as it could
	Text   string `json:"text"`
	Advice string `json:"advice,omitempty"` // what to ask of the vendor
}

const (
	conformBytes = 1 << 20
	// mostSkew is how far the clock of the vendor's server may be off: files are taken when they have not changed for a
	// while, and people compare times.
	mostSkew = 5 * time.Minute
	// leastSpace is a night's files of a large municipality, with room.
	leastSpace = 10 << 30
	// longName is as long as names of the exchange get, and more than some old servers keep.
	longName = 100
)

// Conform checks whether a vendor's account can be used for the exchange: what the contract asks of the server, tried with
// files of its own in our inbox, which it removes again. Nothing of it looks like a job, so a vendor that keeps the contract
// takes no notice. The context bounds it all.
func Conform(ctx context.Context, t Target, now func() time.Time) []Finding {
	c := &conform{now: now}
	began := now()
	s, err := Dial(ctx, t)
	if err != nil {
		advice := "check address, user, key and firewall, here and at the vendor"
		switch {
		case errors.Is(err, ErrHostKeyChanged), errors.Is(err, ErrHostKeyUnknown):
			advice = "ask the vendor by telephone whether that is its key; then pin it"
		case errors.Is(err, ErrAlgorithms), errors.Is(err, ErrAuth), errors.Is(err, errText):
			advice = "" // the error says it
		}
		c.add("connection", err, advice, "")
		return c.found
	}
	defer func() { _ = s.Close() }()
	f := s.Features()
	c.add("connection", nil, "", fmt.Sprintf("%s, host key as pinned, logged in after %v", f.ServerVersion, now().Sub(began).Round(time.Millisecond)))
	folders := s.target.Folders
	problems := map[string]FolderProblem{}
	for _, p := range s.CheckFolders(ctx) {
		problems[p.Where] = p
	}
	for _, name := range []string{folders.Inbox, folders.Answers, folders.Receipts, folders.ReceiptsDone} {
		if p, bad := problems[name]; bad {
			c.add("folder "+name, errors.New(p.What), p.Advice, "")
			continue
		}
		c.add("folder "+name, nil, "", "there, with the rights that we need")
	}
	if _, bad := problems[folders.Inbox]; bad {
		return c.found // the rest is tried there
	}
	c.inbox(ctx, s, t)
	return c.found
}

type conform struct {
	found []Finding
	now   func() time.Time
}

func (c *conform) add(check string, err error, advice, text string) bool {
	f := Finding{Check: check, OK: err == nil, Text: text}
	if err != nil {
		f.Text, f.Advice = err.Error(), advice
	}
	c.found = append(c.found, f)
	return err == nil
}

func (c *conform) weak(check, text, advice string) {
	c.found = append(c.found, Finding{Check: check, OK: true, Weak: true, Text: text, Advice: advice})
}

// inbox tries what is done with files.
func (c *conform) inbox(ctx context.Context, s *Session, t Target) {
	inbox := s.target.Folders.Inbox
	b := make([]byte, 8)
	rand.Read(b)
	base := "postgang_" + hex.EncodeToString(b) // as the probe of CheckFolders: no job's name
	long := at(inbox, base+"_"+strings.Repeat("x", longName-len(base)-1-len(PartSuffix)))
	one, part := at(inbox, base+"_1"), at(inbox, base+"_1"+PartSuffix)
	two := at(inbox, base+"_2"+PartSuffix)
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.target.Timeouts.Operation)
		defer cancel()
		for _, name := range []string{one, part, two, long, long + PartSuffix} {
			if fi, err := s.stat(clean, name); err == nil && fi != nil {
				_ = s.remove(clean, name)
			}
		}
	}()

	content := make([]byte, conformBytes)
	rand.Read(content)
	began := c.now()
	err := s.upload(ctx, part, bytes.NewReader(content), conformBytes, hashOf(content))
	if err == nil && conformBytes > s.target.Limits.Verify { // else it was read back
		var same bool
		if same, err = s.holds(ctx, part, conformBytes, hashOf(content)); err == nil && !same {
			err = errors.New("the server gives back other bytes than were sent")
		}
	}
	if !c.add("write and read back", err, "files must arrive byte by byte, and be readable by us until the vendor takes them", fmt.Sprintf("1 MiB there and back in %v, the same SHA-256", c.now().Sub(began).Round(time.Millisecond))) {
		return
	}
	fi, err := s.stat(ctx, part)
	if err == nil && fi == nil {
		err = errors.New("the file that was just written is not there")
	}
	if err != nil {
		c.add("time of files", err, "", "")
	} else if skew := fi.ModTime().Sub(c.now()).Abs(); skew > mostSkew {
		c.weak("time of files", fmt.Sprintf("the server's clock is %v off", skew.Round(time.Second)), "ask the vendor to set its clock (NTP)")
	} else {
		c.add("time of files", nil, "", fmt.Sprintf("the server's clock is right within %v", max(skew.Round(time.Second), time.Second)))
	}

	err = s.do(ctx, "rename", func(func()) error { return s.client.Rename(part, one) })
	if c.add("rename to a free name", err, "files get their name by rename when they are whole: ask for the right to rename in "+inbox, "works") {
		c.looks(ctx, t, one)
		c.taken(ctx, s, two, one, content)
	}

	err = s.upload(ctx, long+PartSuffix, strings.NewReader("x"), 1, hashOf([]byte("x")))
	if err == nil {
		err = s.do(ctx, "rename", func(func()) error { return s.client.Rename(long+PartSuffix, long) })
	}
	if err == nil {
		// What counts is how the name is listed: some servers find a file by its whole name and list a part of it.
		err = c.listed(ctx, s, long)
	}
	c.add("long names", err, fmt.Sprintf("names of %d characters must be kept", longName), fmt.Sprintf("%d characters are kept", longName))

	if s.fsync {
		c.add("flush to disk", nil, "", "fsync@openssh.com")
	} else {
		c.weak("flush to disk", "the server has no fsync@openssh.com: a power cut there may lose what it has confirmed", "nothing, when the server flushes by itself; else a server that can")
	}
	c.space(ctx, s, inbox)

	err = s.remove(ctx, one)
	if err == nil {
		if fi, err = s.stat(ctx, one); err == nil && fi != nil {
			err = errors.New("a file that was removed is still there")
		}
	}
	c.add("remove", err, "a job is withdrawn by removing its files: ask for the right to remove in "+inbox, "works")
}

// listed looks for a file in its folder's listing.
func (c *conform) listed(ctx context.Context, s *Session, name string) error {
	list, err := s.list(ctx, s.target.Folders.Inbox)
	if err != nil {
		return err
	}
	cut := 0
	for _, fi := range list {
		if at(s.target.Folders.Inbox, fi.Name()) == name {
			return nil
		}
		if n := len(fi.Name()); n > cut && strings.HasPrefix(name, at(s.target.Folders.Inbox, fi.Name())) {
			cut = n
		}
	}
	if cut > 0 {
		return fmt.Errorf("the listing cuts the name off after %d characters", cut)
	}
	return errors.New("a file with a long name is there, and not listed")
}

// looks reads the folder over a second connection while the first is open.
func (c *conform) looks(ctx context.Context, t Target, name string) {
	s, err := Dial(ctx, t)
	if err != nil {
		c.add("two connections at once", err, "receipts are fetched while jobs are offered: ask for at least two sessions", "")
		return
	}
	defer func() { _ = s.Close() }()
	c.add("two connections at once", nil, "", "works")
	list, err := s.list(ctx, s.target.Folders.Inbox)
	if err == nil {
		err = errors.New("a file that is there is not listed, or with another size")
		for _, fi := range list {
			if at(s.target.Folders.Inbox, fi.Name()) == name && fi.Size() == conformBytes {
				err = nil
			}
		}
	}
	c.add("listing", err, "folders must be listed as they are: what stands in them decides whether a job is offered again", "shows at once what is there")
}

// taken renames onto a name that is taken: a plain rename must refuse it, since two ready files must not replace each other.
func (c *conform) taken(ctx context.Context, s *Session, from, to string, content []byte) {
	other := []byte("other\n")
	if !c.add("a second file", s.upload(ctx, from, bytes.NewReader(other), int64(len(other)), hashOf(other)), "", "written") {
		return
	}
	err := s.do(ctx, "rename", func(func()) error { return s.client.Rename(from, to) })
	var refused *refusedError
	switch {
	case errors.As(err, &refused), errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrExist):
		same, err := s.holds(ctx, to, conformBytes, hashOf(content))
		if err == nil && !same {
			err = errors.New("the rename was refused, and the file replaced all the same")
		}
		c.add("rename to a taken name", err, "a rename must not replace a file", "is refused, and nothing replaced")
	case err != nil:
		c.add("rename to a taken name", err, "", "")
		return
	default:
		c.add("rename to a taken name", errors.New("it replaces the file: a second ready file would replace the first one"), "a plain rename must refuse a name that is taken, as SFTP version 3 says", "")
		return
	}
	if !s.posix {
		c.weak("replace by rename", "the server has no posix-rename@openssh.com: a file is removed before it is replaced", "nothing: it is safe, since files without a ready file are not touched")
		return
	}
	err = s.do(ctx, "rename", func(func()) error { return s.client.PosixRename(from, to) })
	if err == nil {
		var same bool
		if same, err = s.holds(ctx, to, int64(len(other)), hashOf(other)); err == nil && !same {
			err = errors.New("the file was not replaced")
		}
	}
	c.add("replace by rename", err, "the server says that it has posix-rename@openssh.com, and it must work", "posix-rename@openssh.com")
}

// space asks how much room there is.
func (c *conform) space(ctx context.Context, s *Session, folder string) {
	var free uint64
	err := s.do(ctx, "ask for free space", func(func()) error {
		st, err := s.client.StatVFS(folder)
		if err == nil {
			free = st.FreeSpace()
		}
		return err
	})
	switch {
	case errors.Is(err, ErrConnection):
		c.add("free space", err, "", "")
	case err != nil:
		c.weak("free space", "the server does not tell (statvfs@openssh.com)", "ask the vendor for a quota that is large enough for a night")
	case free < leastSpace:
		c.weak("free space", fmt.Sprintf("%d MB", free>>20), "ask the vendor whether that is enough for a night")
	default:
		c.add("free space", nil, "", fmt.Sprintf("%d GB", free>>30))
	}
}

// CheckFolders looks for the folders of the exchange and tries to write where
// we must write, with a probe that ends in .part and is removed again. It lists
// what is wrong; nothing listed means that the account can be used.
func (s *Session) CheckFolders(ctx context.Context) []FolderProblem {
	f := s.target.Folders
	return s.checkFolders(ctx, []folderUse{{f.Inbox, true}, {f.Answers, false}, {f.Receipts, false}, {f.ReceiptsDone, true}})
}

// folderUse is a folder that we read, or write too.
type folderUse struct {
	folder string
	write  bool
}

func (s *Session) checkFolders(ctx context.Context, folders []folderUse) []FolderProblem {
	var out []FolderProblem
	for _, w := range folders {
		if err := s.checkFolder(ctx, w.folder, w.write); err != nil {
			p := FolderProblem{Where: w.folder, What: err.Error(), Err: err}
			switch {
			case errors.Is(err, fs.ErrNotExist):
				p.What, p.Advice = "folder is missing", "ask the vendor to create it, or name the right one in the vendor profile"
			case errors.Is(err, fs.ErrPermission):
				p.Advice = "ask the vendor for the right to read" + map[bool]string{true: " and write", false: ""}[w.write]
			case errors.Is(err, ErrConnection):
				p.Advice = "check the network and try again"
			}
			out = append(out, p)
		}
	}
	return out
}

func (s *Session) checkFolder(ctx context.Context, folder string, write bool) error {
	var fi fs.FileInfo
	err := s.do(ctx, "look at "+folder, func(func()) (err error) {
		fi, err = s.client.Stat(folder) // following links: a folder may be one
		return err
	})
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return fmt.Errorf("%s is not a folder", folder)
	}
	if _, err := s.list(ctx, folder); err != nil {
		return err
	}
	if !write {
		return nil
	}
	b := make([]byte, 8)
	rand.Read(b)
	probe := at(folder, "postgang_"+hex.EncodeToString(b)+PartSuffix)
	if err := s.upload(ctx, probe, strings.NewReader("probe\n"), 6, hashOf([]byte("probe\n"))); err != nil {
		return err
	}
	return s.remove(ctx, probe)
}
