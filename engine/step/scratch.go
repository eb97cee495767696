package step

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
)

// Scratch folders are named postgang-KIND-SUBJECT-RANDOM. Beside each lies a file of the same name and scratchLock, which the
// process that works in the folder holds locked: the lock dies with the process, and so tells a folder at work from one that a
// killed step left behind. The file is there before the folder and goes after it, so that no folder is ever without.
const (
	scratchPrefix = "postgang-"
	scratchLock   = ".lock"
)

// scratchName is a lock's file name. Nothing else in the scratch folder is ever touched.
var scratchName = regexp.MustCompile(`^postgang-(backup|compose|manual|plan|prepare|preview|prove|verify)-[A-Za-z0-9-]+-[A-Z2-7]{26}\.lock$`)

// Scratch makes a folder for one step and returns its removal.
func (e *Step) Scratch(kind, subject string) (dir string, remove func(), err error) {
	lock, err := holdScratch(filepath.Join(e.WorkDir, scratchPrefix+kind+"-"+subject+"-"))
	if err != nil {
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	dir = lock.Name()[:len(lock.Name())-len(scratchLock)]
	remove = func() {
		// What cannot be removed is removed by the next CleanScratch, once the lock is given back.
		if os.RemoveAll(dir) == nil {
			_ = os.Remove(lock.Name())
		}
		_ = lock.Close()
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		remove()
		return "", nil, fmt.Errorf("scratch folder: %w", err)
	}
	return dir, remove, nil
}

// Shared is a scratch folder that steps of one kind have together, as long as any of them is at work.
type Shared struct {
	step *Step
	kind string

	mu     sync.Mutex
	users  int
	dir    string
	remove func()
}

// NewShared is a folder for steps of a kind, not made yet.
func (e *Step) NewShared(kind string) *Shared { return &Shared{step: e, kind: kind} }

// Take gives the folder, which is there until all who took it have released it. A name in it must be nobody else's.
func (s *Shared) Take() (dir string, release func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		if s.dir, s.remove, err = s.step.Scratch(s.kind, "shared"); err != nil {
			return "", nil, err
		}
	}
	s.users++
	return s.dir, s.release, nil
}

func (s *Shared) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users == 0 {
		s.remove()
	}
}

// holdScratch makes a file that nobody has and locks it.
func holdScratch(prefix string) (*os.File, error) {
	for {
		f, err := os.OpenFile(prefix+rand.Text()+scratchLock, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, err
		}
		// CleanScratch may have come between making and locking: then the name is gone, or held for a moment.
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil && stillNamed(f) {
			return f, nil
		}
		_ = f.Close()
	}
}

// stillNamed reports whether an open file is still there under its name.
func stillNamed(f *os.File) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(held, named)
}

// CleanScratch removes what killed steps left behind: folders of ours that no living process holds. It may be called at any
// time; other files and folders in the scratch folder are not touched.
func (e *Step) CleanScratch() error {
	entries, err := os.ReadDir(e.WorkDir)
	if err != nil {
		return fmt.Errorf("scratch folder: %w", err)
	}
	var errs []error
	for _, d := range entries {
		if d.Type().IsRegular() && scratchName.MatchString(d.Name()) {
			errs = append(errs, removeDead(filepath.Join(e.WorkDir, d.Name())))
		}
	}
	return errors.Join(errs...)
}

// removeDead removes a scratch folder and its lock, unless a process holds it.
func removeDead(lock string) error {
	f, err := os.OpenFile(lock, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // its process has just finished
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) || err == nil && !stillNamed(f) {
		return nil
	} else if err != nil {
		return fmt.Errorf("lock %s: %w", lock, err)
	}
	if err := os.RemoveAll(lock[:len(lock)-len(scratchLock)]); err != nil {
		return err
	}
	return os.Remove(lock)
}
