package exchange

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strings"
	"time"
)

// Answers reads all answers in the vendor's folder, sorted by job, at most one
// a job. What is there but is no answer by its name or content is listed in
// problems, so that it is seen; it is never a reason to forget the others. A
// refusal beside an acceptance of the same job is a problem and no answer, as in
// [Session.State]: to free the letters of an accepted job would print them twice.
// err is for failures of the folder or connection.
//
// known, when set, is asked for each answer whether it is an old one, by its
// name alone: such answers are not read again, which would take a dozen
// requests each for years of them. Where both a refusal and an acceptance lie,
// both are read in any case.
func (s *Session) Answers(ctx context.Context, known func(job string, accepted bool) bool) (answers []Answer, problems []Problem, err error) {
	return s.answers(ctx, nil, known)
}

// AnswersOf reads the answers to these jobs only, which spares reading years of
// answers when the vendor keeps them.
func (s *Session) AnswersOf(ctx context.Context, jobs ...string) (answers []Answer, problems []Problem, err error) {
	only := make(map[string]bool, len(jobs))
	for _, j := range jobs {
		only[j] = true
	}
	return s.answers(ctx, only, nil)
}

func (s *Session) answers(ctx context.Context, only map[string]bool, known func(string, bool) bool) ([]Answer, []Problem, error) {
	folder := s.target.Folders.Answers
	entries, err := s.list(ctx, folder)
	if err != nil {
		return nil, nil, fmt.Errorf("read answers: %w", err)
	}
	var out []Answer
	var bad []Problem
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name() < entries[j].Name() })
	last := ""
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name()] = true
	}
	for _, e := range entries {
		if e.IsDir() || unfinished(e.Name()) {
			continue
		}
		job, accepted, ok := ParseAnswerName(e.Name())
		if !ok {
			if only == nil {
				bad = append(bad, Problem{
					Where: at(folder, hidden(e.Name())), What: "is not the name of an answer",
					Advice: "ask the vendor what the file is", Err: ErrName,
				})
			}
			continue
		}
		// Both answers to a job stand side by side in the list, and are read together.
		if job == last || only != nil && !only[job] {
			continue
		}
		last = job
		if known != nil && !there[AnswerName(job, !accepted)] && known(job, accepted) {
			continue
		}
		a, problems, err := s.answerTo(ctx, job)
		if err != nil {
			return nil, nil, fmt.Errorf("read answers: %w", err)
		}
		if a != nil {
			out = append(out, *a)
		}
		bad = append(bad, problems...)
	}
	return out, bad, nil
}

// answerTo reads what the vendor has answered to a job and decides which answer
// counts, nil when none does.
func (s *Session) answerTo(ctx context.Context, job string) (*Answer, []Problem, error) {
	var bad []Problem
	accepted, problem, err := s.answer(ctx, AnswerName(job, true))
	if err != nil {
		return nil, nil, err
	}
	if problem != nil {
		bad = append(bad, *problem)
	}
	mayBeAccepted := accepted != nil || problem != nil
	refused, problem, err := s.answer(ctx, AnswerName(job, false))
	if err != nil {
		return nil, nil, err
	}
	if problem != nil {
		bad = append(bad, *problem)
	}
	if mayBeAccepted && refused != nil {
		bad = append(bad, Problem{
			Where: at(s.target.Folders.Answers, AnswerName(job, false)), Err: ErrConflict,
			What:   "refuses a job that is accepted too; the acceptance counts",
			Advice: "the job id was handed over twice: find out by whom; the vendor must not have printed it twice",
		})
		refused = nil
	}
	if accepted == nil {
		accepted = refused
	}
	return accepted, bad, nil
}

// answer reads one answer whose name is valid; both results are nil when there
// is no such file.
func (s *Session) answer(ctx context.Context, name string) (*Answer, *Problem, error) {
	file := at(s.target.Folders.Answers, name)
	problem := func(err error) *Problem {
		return &Problem{
			Where: file, What: "cannot be understood: " + err.Error(), Err: err,
			Advice: "the job was handed over; ask the vendor what became of it",
		}
	}
	b, err := s.read(ctx, file, documentLimit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrUnstable), errors.Is(err, ErrName):
		return nil, problem(err), nil
	case err != nil:
		return nil, nil, err
	}
	a, err := ParseAnswer(b)
	if err != nil {
		return nil, problem(err), nil
	}
	if a.Job+boolSuffix(a.Accepted) != name {
		return nil, problem(fmt.Errorf("its content is of another job or decision than its name: %w", ErrConflict)), nil
	}
	return &a, nil, nil
}

func boolSuffix(accepted bool) string { return AnswerName("", accepted) }

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
				Where: at(folder, hidden(e.Name())), What: "is not a file with a name that is safe to take",
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

// CheckFolders looks for the folders of the exchange and tries to write where
// we must write, with a probe that ends in .part and is removed again. It lists
// what is wrong; nothing listed means that the account can be used.
func (s *Session) CheckFolders(ctx context.Context) []Problem {
	var out []Problem
	f := s.target.Folders
	for _, w := range []struct {
		folder string
		write  bool
	}{{f.Inbox, true}, {f.Answers, false}, {f.Receipts, false}, {f.ReceiptsDone, true}} {
		if err := s.checkFolder(ctx, w.folder, w.write); err != nil {
			p := Problem{Where: w.folder, What: err.Error(), Err: err}
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
