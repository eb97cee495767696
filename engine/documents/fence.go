package documents

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"syscall"

	"postgang/engine/store"
)

// fenceFolder holds, for each installation, the highest number of a job that was handed over. It stands beside the
// documents, so that a database that was put back from a backup is found to be older than what was handed over.
const fenceFolder = "fence"

var _ store.Fence = (*Folder)(nil)

// HighestJob is the highest number of a job of an installation that was handed over; 0: none. What stands there and is
// no number is an error: nobody may hand over on a guess.
func (d *Folder) HighestJob(_ context.Context, installation string) (int, error) {
	n, err := d.highest(installation)
	if err != nil {
		return 0, fmt.Errorf("read the highest job handed over: %w", err)
	}
	return n, nil
}

func (d *Folder) highest(installation string) (int, error) {
	name, err := FenceName(installation)
	if err != nil {
		return 0, err
	}
	b, err := d.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return JobNumber(name, b)
}

// FenceName is where the highest number of an installation stands.
func FenceName(installation string) (string, error) {
	if !ValidInstallation(installation) {
		return "", errors.New("an installation is four of A-Z and 0-9")
	}
	return fenceFolder + "/" + installation, nil
}

// JobNumber reads what stands in the file name of the fence.
func JobNumber(name string, b []byte) (int, error) {
	n, err := strconv.Atoi(string(bytes.TrimSuffix(b, []byte("\n"))))
	if err != nil || n < 0 || n > LastJobNumber {
		return 0, fmt.Errorf("the file %s among the documents is damaged: it holds no number of a job. Put it back from a backup, or write the number of the newest job that was handed over into it (postgang job list)", name)
	}
	return n, nil
}

// RaiseHighestJob records that a job of this number is about to be handed over. When it returns, that is on disk. It
// never lowers, and several processes may call it at once.
func (d *Folder) RaiseHighestJob(ctx context.Context, installation string, number int) error {
	if err := d.raise(ctx, installation, number); err != nil {
		return fmt.Errorf("record the highest job handed over: %w", err)
	}
	return nil
}

func (d *Folder) raise(ctx context.Context, installation string, number int) error {
	if have, err := d.highest(installation); err != nil || have >= number {
		return err
	}
	if number > LastJobNumber {
		return fmt.Errorf("no job has the number %d", number)
	}
	if err := d.root.Mkdir(fenceFolder, 0o700); err == nil {
		err = d.sync(".")
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	lock, err := d.root.OpenFile(fenceFolder+"/lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Again, under the lock.
	if have, err := d.highest(installation); err != nil || have >= number {
		return err
	}
	temp := fenceFolder + "/" + rand.Text() + ".part"
	f, err := d.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, number)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.root.Rename(temp, fenceFolder+"/"+installation)
	}
	if err != nil {
		return errors.Join(err, d.root.Remove(temp))
	}
	return d.sync(fenceFolder)
}

// LastJobNumber is what six digits hold.
const LastJobNumber = 999_999

// ValidInstallation reports whether s may begin job ids: four of A-Z and 0-9.
func ValidInstallation(s string) bool {
	if len(s) != 4 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
