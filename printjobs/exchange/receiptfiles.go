package exchange

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"time"
)

// RemoteFile is a file at the vendor.
type RemoteFile struct {
	Name    string
	Bytes   int64
	ModTime time.Time // by the vendor's clock; whole seconds
}

// ReceiptFiles lists the files in the vendor's folder of receipts, sorted by
// name. Folders and files that say they are unfinished are left out; names that
// are not safe are listed in problems. A vendor that writes under final names
// can be caught half-way: take a file whose size and time did not change between
// two looks.
func (s *Session) ReceiptFiles(ctx context.Context) (files []RemoteFile, problems []Problem, err error) {
	folder := s.target.Folders.Receipts
	entries, err := s.list(ctx, folder)
	if err != nil {
		return nil, nil, fmt.Errorf("list receipts: %w", err)
	}
	for _, e := range entries {
		switch {
		case e.IsDir() || unfinished(e.Name()):
		case !e.Mode().IsRegular() || !ValidReceiptName(e.Name()):
			problems = append(problems, Problem{
				Where: at(folder, hidden(e.Name())), Code: ProblemName, What: "is not a file with a name that is safe to take",
				Advice: "ask the vendor to name receipts with letters, digits, dot, hyphen and underscore", Err: ErrName,
			})
		default:
			files = append(files, RemoteFile{e.Name(), e.Size(), e.ModTime()})
		}
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Name < files[j].Name })
	return files, problems, nil
}

// Fetch reads a receipt file whole. Errors: [ErrName], [ErrTooLarge],
// [ErrUnstable] when it changes meanwhile, fs.ErrNotExist.
func (s *Session) Fetch(ctx context.Context, name string) ([]byte, error) {
	if !ValidReceiptName(name) {
		return nil, fmt.Errorf("fetch receipt %s: %w", showName(name), ErrName)
	}
	b, err := s.read(ctx, at(s.target.Folders.Receipts, name), s.target.Limits.Receipt)
	if err != nil {
		return nil, fmt.Errorf("fetch receipt: %w", err)
	}
	return b, nil
}

// MoveDone moves a receipt file aside, to be called only when its content is
// booked. It never overwrites: when another file has the name, the hash of the
// content is put into it. A file that is there already and gone from the folder
// of receipts was moved by an earlier call, which is no error.
func (s *Session) MoveDone(ctx context.Context, name string) error {
	if !ValidReceiptName(name) {
		return fmt.Errorf("move receipt %s: %w", showName(name), ErrName)
	}
	if err := s.moveDone(ctx, name); err != nil {
		return fmt.Errorf("move receipt: %w", err)
	}
	return nil
}

func (s *Session) moveDone(ctx context.Context, name string) error {
	from, to := at(s.target.Folders.Receipts, name), at(s.target.Folders.ReceiptsDone, name)
	source, err := s.stat(ctx, from)
	if err != nil {
		return err
	}
	taken, err := s.stat(ctx, to)
	if err != nil {
		return err
	}
	if source == nil {
		if taken != nil {
			return nil
		}
		if before, err := s.movedBefore(ctx, name); err != nil || before {
			return err
		}
		return fmt.Errorf("%s: %w", from, fs.ErrNotExist)
	}
	if taken == nil {
		return s.moveOnto(ctx, from, to)
	}
	b, err := s.read(ctx, from, s.target.Limits.Receipt)
	if err != nil {
		return err
	}
	hash := hashOf(b)
	same, err := s.holds(ctx, to, int64(len(b)), hash)
	if err != nil {
		return err
	}
	if !same {
		ext := path.Ext(name)
		to = at(s.target.Folders.ReceiptsDone, strings.TrimSuffix(name, ext)+"_"+hash[:hashInName]+ext)
		taken, err = s.stat(ctx, to)
		if err != nil {
			return err
		}
		if taken == nil {
			return s.moveOnto(ctx, from, to)
		}
		if same, err = s.holds(ctx, to, int64(len(b)), hash); err != nil {
			return err
		}
		if !same {
			return fmt.Errorf("%s: %w", to, ErrConflict)
		}
	}
	// The very bytes lie among the done ones: this is a copy.
	return s.remove(ctx, from)
}

// movedBefore finds a file that an earlier call moved under a name with hash.
func (s *Session) movedBefore(ctx context.Context, name string) (bool, error) {
	entries, err := s.list(ctx, s.target.Folders.ReceiptsDone)
	if err != nil {
		return false, err
	}
	ext := path.Ext(name)
	stem := strings.TrimSuffix(name, ext) + "_"
	for _, e := range entries {
		h, ok := strings.CutPrefix(e.Name(), stem)
		if _, err := hex.DecodeString(strings.TrimSuffix(h, ext)); ok && err == nil && len(h) == hashInName+len(ext) {
			return true, nil
		}
	}
	return false, nil
}

// moveOnto renames to a name that is free, and believes its eyes more than the
// server's answer.
func (s *Session) moveOnto(ctx context.Context, from, to string) error {
	err := s.effect(ctx, StepRename, to, "rename "+from, func(func()) error { return s.client.Rename(from, to) })
	if err == nil || errors.Is(err, ErrConnection) {
		return err
	}
	source, err1 := s.stat(ctx, from)
	target, err2 := s.stat(ctx, to)
	if err1 == nil && err2 == nil && source == nil && target != nil {
		return nil
	}
	return err
}
