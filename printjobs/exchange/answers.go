package exchange

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sort"
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
					Where: at(folder, hidden(e.Name())), Code: ProblemName, What: "is not the name of an answer",
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
			Where: at(s.target.Folders.Answers, AnswerName(job, false)), Code: ProblemBoth, Err: ErrConflict,
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
	const advice = "the job was handed over; ask the vendor what became of it"
	problem := func(err error) *Problem {
		return &Problem{
			Where: file, Code: ProblemUnreadable, Args: map[string]string{"why": err.Error()}, What: "cannot be understood: " + err.Error(), Err: err, Advice: advice,
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
		return nil, &Problem{Where: file, Code: ProblemOtherJob, What: "is of another job or decision than its name", Err: ErrConflict, Advice: advice}, nil
	}
	return &a, nil, nil
}

func boolSuffix(accepted bool) string { return AnswerName("", accepted) }
