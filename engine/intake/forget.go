package intake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"postgang/engine/retention"
)

// Forget removes hand-ins that were put away, and answers to them: those whose shipment is erased, and those of no shipment that are
// older than a time; and events files that were put away before it. It counts what it removed. What of belongs to another account than
// those configured is left. A folder that cannot be removed stops no other, and is told in the error.
func (d *Dir) Forget(ctx context.Context, of func(ctx context.Context, account, key string) (retention.Held, error), before time.Time) (int, error) {
	root, err := os.OpenRoot(d.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil // nothing was handed in yet
	}
	if err != nil {
		return 0, pathless(err)
	}
	defer root.Close()
	f := forgetting{ctx: ctx, root: root, of: of, before: before}
	for _, a := range d.Accounts {
		f.folder(path.Join(done, a.Key), a.Key, "")
		f.folder(path.Join(answers, a.Key), a.Key, ".json")
	}
	f.folder(eventsDone, "", "")
	if f.fatal != nil {
		return f.n, f.fatal
	}
	return f.n, errors.Join(f.errs...)
}

// forgetting is one round of it.
type forgetting struct {
	ctx    context.Context
	root   *os.Root
	of     func(ctx context.Context, account, key string) (retention.Held, error)
	before time.Time
	n      int
	errs   []error
	fatal  error // nobody can say what is erased
}

// mostForgetErrors is how many things that cannot be removed are told.
const mostForgetErrors = 5

// folder goes through one folder. Without an account, age alone decides.
func (f *forgetting) folder(dir, account, suffix string) {
	if f.fatal != nil {
		return
	}
	names, err := list(f.root, dir, -1)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		f.errs = append(f.errs, fmt.Errorf("%s: %w", dir, err))
		return
	}
	removed := 0
	for _, name := range names {
		if f.fatal = f.ctx.Err(); f.fatal != nil {
			return
		}
		held := retention.Nothing
		if account != "" {
			if held, f.fatal = f.held(account, strings.TrimSuffix(name, suffix)); f.fatal != nil {
				return
			}
		}
		if held == retention.Content || held == retention.Nothing && !f.old(path.Join(dir, name)) {
			continue
		}
		if err := f.root.RemoveAll(path.Join(dir, name)); err != nil {
			if len(f.errs) < mostForgetErrors {
				f.errs = append(f.errs, fmt.Errorf("%s: %w", dir, pathless(err)))
			}
			continue
		}
		removed++
	}
	if removed > 0 {
		f.n += removed
		if err := flush(f.root, dir); err != nil {
			f.errs = append(f.errs, fmt.Errorf("%s: %w", dir, err))
		}
	}
}

// counted is the end that move gives a name that is taken already.
var counted = regexp.MustCompile(`^(.+)\.[0-9]+$`)

// held is what the archive holds of what lies under a name: the hand-in of that key, or the key once more.
func (f *forgetting) held(account, name string) (retention.Held, error) {
	held, err := f.of(f.ctx, account, name)
	if m := counted.FindStringSubmatch(name); err == nil && held == retention.Nothing && m != nil {
		return f.of(f.ctx, account, m[1])
	}
	return held, err
}

// old reports whether nothing in a folder, nor the folder itself, was changed since the time; of a file, whether it was not. The names
// below it do not matter, and links are not followed.
func (f *forgetting) old(name string) bool {
	young := false
	_ = fs.WalkDir(f.root.FS(), name, func(_ string, e fs.DirEntry, err error) error { // what cannot be looked at does not keep the rest
		if err != nil {
			return nil
		}
		if info, err := e.Info(); err == nil && !info.ModTime().Before(f.before) && !info.ModTime().After(time.Now()) {
			young = true
			return fs.SkipAll
		}
		return nil
	})
	return !young
}

// ForgetOne removes the hand-in of a key that was put away, the same handed in again, and the answer.
func (d *Dir) ForgetOne(ctx context.Context, account, key string) error {
	if !validKey(key) {
		return nil // it came another way
	}
	root, err := os.OpenRoot(d.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return pathless(err)
	}
	defer root.Close()
	if err := root.RemoveAll(path.Join(answers, account, key+".json")); err != nil {
		return pathless(err)
	}
	for n := 1; ctx.Err() == nil; n++ {
		name := key
		if n > 1 {
			name = fmt.Sprintf("%s.%d", key, n)
		}
		there, err := exists(root, path.Join(done, account, name))
		if err != nil || !there {
			return err
		}
		if err := root.RemoveAll(path.Join(done, account, name)); err != nil {
			return pathless(err)
		}
	}
	return ctx.Err()
}
