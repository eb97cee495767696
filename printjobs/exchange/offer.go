package exchange

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// RemoteState is what the vendor's side holds of a job.
type RemoteState struct {
	Ready  bool    // the ready file is there
	Answer *Answer // the vendor's answer, nil when none that counts
	// BadAnswer is an answer that is there but cannot be understood. The job was
	// handed over; a person must ask the vendor what became of it.
	BadAnswer *Problem
	Files     map[string]int64 // the job's files under their final names, with size in bytes
	Parts     map[string]int64 // its files still under a temporary name
}

// Offered reports whether the job was handed over: there is a ready file or an
// answer. An offered job must never be sent again.
func (r RemoteState) Offered() bool { return r.Ready || r.Answer != nil || r.BadAnswer != nil }

// State looks at the vendor's side of a job. When there is an acceptance beside
// a refusal of the same job id, the refusal is not given: it then meant a second
// hand-over, and the letters of the first are on paper. That holds also for an
// acceptance that cannot be understood, which is given as BadAnswer.
func (s *Session) State(ctx context.Context, job string) (RemoteState, error) {
	if err := checkJob(job); err != nil {
		return RemoteState{}, fmt.Errorf("look for job: %w", err)
	}
	st := RemoteState{Files: map[string]int64{}, Parts: map[string]int64{}}
	// The inbox comes first: the vendor answers before it takes the files away,
	// so that a job cannot slip past between the two looks.
	entries, err := s.list(ctx, s.target.Folders.Inbox)
	if err != nil {
		return RemoteState{}, fmt.Errorf("look for job %s: %w", job, err)
	}
	for _, e := range entries {
		of, part, ok := jobOf(e.Name())
		switch {
		case !ok || of != job:
		case part:
			st.Parts[e.Name()] = e.Size()
		case e.Name() == ReadyName(job):
			st.Ready = true
		default:
			st.Files[e.Name()] = e.Size()
		}
	}
	a, bad, err := s.answerTo(ctx, job)
	if err != nil {
		return RemoteState{}, fmt.Errorf("look for job %s: %w", job, err)
	}
	st.Answer = a
	if a == nil && len(bad) > 0 {
		st.BadAnswer = &bad[0]
	}
	return st, nil
}

// notOffered refuses to touch a job that the vendor owns.
func (s *Session) notOffered(ctx context.Context, job string) error {
	for _, w := range []struct {
		folder, name string
		err          error
	}{
		// In this order for the same reason as in State.
		{s.target.Folders.Inbox, ReadyName(job), ErrReady},
		{s.target.Folders.Answers, AnswerName(job, true), ErrAnswered},
		{s.target.Folders.Answers, AnswerName(job, false), ErrAnswered},
	} {
		fi, err := s.stat(ctx, at(w.folder, w.name))
		if err != nil {
			return err
		}
		if fi != nil {
			return w.err
		}
	}
	return nil
}

// Put brings one file of a job to the vendor's inbox, under a temporary name
// first, and renames it when its size (and content, up to Limits.Verify) is
// proven. It may be repeated any number of times: a file that is there with the
// right size, and the right content when it is small, is left alone. A left-over
// of an earlier attempt is gone on with where it is proven ours by its bytes (see
// Limits.Resume), never by its size. It refuses with [ErrReady] or
// [ErrAnswered] once the job is handed over.
func (s *Session) Put(ctx context.Context, f File, src io.ReaderAt) error {
	parts, ok := ParseFileName(f.Name)
	if !ok {
		return fmt.Errorf("put %s: %w", showName(f.Name), ErrName)
	}
	if err := f.check(parts.Job); err != nil {
		return fmt.Errorf("put: %w", err)
	}
	if err := s.notOffered(ctx, parts.Job); err != nil {
		return fmt.Errorf("put %s: %w", f.Name, err)
	}
	return s.put(ctx, f, src)
}

// Deliver brings a file that is of no job, such as a report, to the inbox like Put. Its name should come from its content: a file
// of the name with other content is replaced.
func (s *Session) Deliver(ctx context.Context, f File, src io.ReaderAt) error {
	if f.Name == "" || f.Name != path.Base(f.Name) || strings.HasPrefix(f.Name, ".") {
		return fmt.Errorf("deliver %s: %w", showName(f.Name), ErrName)
	}
	return s.put(ctx, f, src)
}

func (s *Session) put(ctx context.Context, f File, src io.ReaderAt) error {
	final := at(s.target.Folders.Inbox, f.Name)
	there, err := s.arrived(ctx, final, f)
	if err != nil {
		return fmt.Errorf("put %s: %w", f.Name, err)
	}
	if there {
		// A crash between upload and rename of an earlier attempt may have left one.
		return s.dropPart(ctx, final)
	}
	part := final + PartSuffix
	if err := s.upload(ctx, part, src, f.Bytes, f.SHA256); err != nil {
		return fmt.Errorf("put %s: %w", f.Name, err)
	}
	if err := s.replace(ctx, part, final); err != nil {
		// The rename may be done although the server said otherwise.
		if there, err2 := s.arrived(ctx, final, f); err2 != nil || !there || errors.Is(err, ErrConnection) {
			return fmt.Errorf("put %s: %w", f.Name, err)
		}
	}
	there, err = s.arrived(ctx, final, f)
	if err != nil {
		return fmt.Errorf("put %s: %w", f.Name, err)
	}
	if !there {
		return fmt.Errorf("put %s: not there as sent after its rename: %w", f.Name, ErrIncomplete)
	}
	return nil
}

func (s *Session) dropPart(ctx context.Context, final string) error {
	fi, err := s.stat(ctx, final+PartSuffix)
	if err != nil || fi == nil {
		return err
	}
	return s.remove(ctx, final+PartSuffix)
}

// arrived reports whether a file stands under its final name as described.
func (s *Session) arrived(ctx context.Context, final string, f File) (bool, error) {
	fi, err := s.stat(ctx, final)
	if err != nil || fi == nil {
		return false, err
	}
	if !fi.Mode().IsRegular() {
		return false, fmt.Errorf("%s is not a file: %w", final, ErrConflict)
	}
	if fi.Size() != f.Bytes {
		return false, nil
	}
	if f.Bytes > s.target.Limits.Verify {
		// Its name was made from its hash, and only a proven part was ever renamed to it.
		return true, nil
	}
	return s.holds(ctx, final, f.Bytes, f.SHA256)
}

// replace gives a proven part its final name. What stands there is a file of
// our own job, which is not handed over, with wrong content. Without
// posix-rename it must be removed first; a kill between the two requests leaves
// the part, and the next Put starts again.
func (s *Session) replace(ctx context.Context, part, final string) error {
	if !s.posix {
		fi, err := s.stat(ctx, final)
		if err != nil {
			return err
		}
		if fi != nil {
			if err := s.remove(ctx, final); err != nil {
				return err
			}
		}
	}
	return s.effect(ctx, StepRename, final, "rename "+part, func(func()) error {
		if s.posix {
			return s.client.PosixRename(part, final)
		}
		return s.client.Rename(part, final)
	})
}

// PutReady hands a job over: it proves that the ticket at the vendor is the one
// that the ready file names, and that every file of the ticket is there with its
// size, and then puts the ready file in place by a rename that replaces nothing.
// Repeating it with the same content does nothing more. Errors: [ErrAnswered],
// [ErrIncomplete], [ErrConflict] when a ready file with other content is there.
func (s *Session) PutReady(ctx context.Context, r Ready) error {
	b, err := r.Marshal()
	if err != nil {
		return fmt.Errorf("offer job: %w", err)
	}
	if err := s.putReady(ctx, r, b); err != nil {
		return fmt.Errorf("offer job %s: %w", r.Job, err)
	}
	return nil
}

func (s *Session) putReady(ctx context.Context, r Ready, b []byte) error {
	final := at(s.target.Folders.Inbox, ReadyName(r.Job))
	switch err := s.notOffered(ctx, r.Job); {
	case errors.Is(err, ErrReady):
		return s.sameReady(ctx, r.Job, final, b)
	case err != nil:
		return err
	}
	if err := s.complete(ctx, r); err != nil {
		return err
	}
	part := final + PartSuffix
	if err := s.upload(ctx, part, bytes.NewReader(b), int64(len(b)), hashOf(b)); err != nil {
		return err
	}
	// The plain rename, since it fails when the name is taken: of two hand-overs
	// with different tickets the second must not win.
	err := s.effect(ctx, StepReady, final, "rename "+part, func(func()) error { return s.client.Rename(part, final) })
	if err == nil || errors.Is(err, ErrConnection) {
		return err
	}
	// A refusal: either the name is taken, or it is done and was answered wrongly,
	// or the vendor was so quick that the file is answered and gone.
	switch err2 := s.notOffered(ctx, r.Job); {
	case errors.Is(err2, ErrReady):
		return s.sameReady(ctx, r.Job, final, b)
	case errors.Is(err2, ErrConnection), errors.Is(err2, ErrAnswered):
		return err2
	}
	return err
}

// sameReady accepts a ready file that is there when it says the same. When it
// vanishes meanwhile, the vendor has taken the job and its answer is there.
func (s *Session) sameReady(ctx context.Context, job, final string, want []byte) error {
	have, err := s.read(ctx, final, documentLimit)
	if errors.Is(err, fs.ErrNotExist) {
		if err2 := s.notOffered(ctx, job); err2 != nil {
			return err2
		}
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(have, want) {
		return fmt.Errorf("the ready file names another ticket: %w", ErrConflict)
	}
	return s.dropPart(ctx, final)
}

// complete proves that everything the ticket names is at the vendor.
func (s *Session) complete(ctx context.Context, r Ready) error {
	inbox := s.target.Folders.Inbox
	b, err := s.read(ctx, at(inbox, r.Ticket), documentLimit)
	if err != nil {
		if errors.Is(err, ErrConnection) || ctx.Err() != nil {
			return err
		}
		return fmt.Errorf("%w: ticket: %w", ErrIncomplete, err)
	}
	if hashOf(b) != r.TicketSHA256 {
		return fmt.Errorf("%w: the ticket at the vendor has another SHA-256", ErrIncomplete)
	}
	t, err := ParseTicket(b)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrIncomplete, err)
	}
	if t.Job != r.Job {
		return fmt.Errorf("%w: the ticket is of job %s", ErrIncomplete, t.Job)
	}
	entries, err := s.list(ctx, inbox)
	if err != nil {
		return err
	}
	size := map[string]int64{}
	for _, e := range entries {
		if e.Mode().IsRegular() {
			size[e.Name()] = e.Size()
		}
	}
	var missing []string
	for _, f := range t.Files {
		if have, ok := size[f.Name]; !ok {
			missing = append(missing, f.Name+" is missing")
		} else if have != f.Bytes {
			missing = append(missing, fmt.Sprintf("%s has %d of %d bytes", f.Name, have, f.Bytes))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrIncomplete, strings.Join(missing, ", "))
	}
	return nil
}

// Withdraw takes a job's files away again: the named ones, or all that are
// there when names is empty, with their temporary names. It refuses with
// [ErrReady] or [ErrAnswered] once the job is handed over. Files that are not
// there are no error, so it may be repeated.
func (s *Session) Withdraw(ctx context.Context, job string, names []string) error {
	if err := s.withdraw(ctx, job, names); err != nil {
		return fmt.Errorf("withdraw job %s: %w", showName(job), err)
	}
	return nil
}

func (s *Session) withdraw(ctx context.Context, job string, names []string) error {
	if err := checkJob(job); err != nil {
		return err
	}
	for _, n := range names {
		// Not the ready file: what is handed over cannot be taken back by us.
		if p, ok := ParseFileName(strings.TrimSuffix(n, PartSuffix)); !ok || p.Job != job {
			return fmt.Errorf("%s is not a file of the job: %w", showName(n), ErrName)
		}
	}
	if err := s.notOffered(ctx, job); err != nil {
		return err
	}
	entries, err := s.list(ctx, s.target.Folders.Inbox)
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
	}
	// Tickets first: a job whose withdrawal is cut short then can no longer pass
	// for a complete one.
	for _, ticketsOnly := range []bool{true, false} {
		for _, e := range entries {
			of, _, ok := jobOf(e.Name())
			base := strings.TrimSuffix(e.Name(), PartSuffix)
			p, _ := ParseFileName(base)
			if !ok || of != job || e.Name() == ReadyName(job) || (p.Kind == KindTicket) != ticketsOnly {
				continue
			}
			if len(names) > 0 && !wanted[e.Name()] && !wanted[base] && p.Kind != "" {
				continue
			}
			if err := s.remove(ctx, at(s.target.Folders.Inbox, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
