package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"
)

// Sighting is what the names at a vendor say of one job; nothing is read for it.
type Sighting struct {
	Job      string
	Ready    bool     // its ready file is there
	Accepted bool     // there is an acceptance
	Refused  bool     // there is a refusal
	Files    []string // its files in the inbox, finished or not
}

// HandedOver reports whether there is a ready file or an answer.
func (s Sighting) HandedOver() bool { return s.Ready || s.Accepted || s.Refused }

// Sightings lists the jobs of an installation (the first four letters of its job ids) that the vendor's inbox and
// answers show, by names alone: two listings, however many jobs there are. Sorted by job.
func (s *Session) Sightings(ctx context.Context, installation string) ([]Sighting, error) {
	seen := map[string]*Sighting{}
	of := func(job string) *Sighting {
		if !strings.HasPrefix(job, installation) {
			return &Sighting{} // another installation's
		}
		if seen[job] == nil {
			seen[job] = &Sighting{Job: job}
		}
		return seen[job]
	}
	// The inbox first, as in State: the vendor answers before it takes a job away.
	entries, err := s.list(ctx, s.target.Folders.Inbox)
	if err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	for _, e := range entries {
		job, part, ok := jobOf(e.Name())
		switch {
		case !ok:
		case !part && e.Name() == ReadyName(job):
			of(job).Ready = true
		default:
			x := of(job)
			x.Files = append(x.Files, e.Name())
		}
	}
	if entries, err = s.list(ctx, s.target.Folders.Answers); err != nil {
		return nil, fmt.Errorf("look for jobs: %w", err)
	}
	for _, e := range entries {
		job, accepted, ok := ParseAnswerName(e.Name())
		switch {
		case !ok:
		case accepted:
			of(job).Accepted = true
		default:
			of(job).Refused = true
		}
	}
	var out []Sighting
	for _, x := range seen {
		sort.Strings(x.Files)
		out = append(out, *x)
	}
	slices.SortFunc(out, func(a, b Sighting) int { return strings.Compare(a.Job, b.Job) })
	return out, nil
}

// ReadyFile reads a job's ready file. Errors: fs.ErrNotExist; [ErrTooLarge], [ErrUnstable] or a [*ParseError] when it is
// there and cannot be understood.
func (s *Session) ReadyFile(ctx context.Context, job string) (Ready, error) {
	if err := checkJob(job); err != nil {
		return Ready{}, fmt.Errorf("read ready file: %w", err)
	}
	b, err := s.read(ctx, at(s.target.Folders.Inbox, ReadyName(job)), documentLimit)
	if err != nil {
		return Ready{}, fmt.Errorf("read ready file: %w", err)
	}
	r, err := ParseReady(b)
	if err == nil && r.Job != job {
		err = fmt.Errorf("ready file %s is of another job: %w", ReadyName(job), ErrConflict)
	}
	return r, err
}

// manifestLimit bounds a manifest: 50 000 letters have a tenth of it.
const manifestLimit = 128 << 20

// JobDocument reads a ticket or a manifest that lies in the inbox, proven by the hash in its name. Errors: fs.ErrNotExist;
// [ErrName], [ErrTooLarge], [ErrUnstable], [ErrConflict] when it is there and not what its name says.
func (s *Session) JobDocument(ctx context.Context, name string) ([]byte, error) {
	p, ok := ParseFileName(name)
	if !ok || p.Kind == KindPrint {
		return nil, fmt.Errorf("read %s: %w", showName(name), ErrName)
	}
	b, err := s.read(ctx, at(s.target.Folders.Inbox, name), manifestLimit)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if !strings.HasPrefix(hashOf(b), p.Hash) {
		return nil, fmt.Errorf("read %s: its content has another SHA-256: %w", name, ErrConflict)
	}
	return b, nil
}

// DoneFiles lists the receipt files that were moved aside as booked, sorted by name. What is no safe name is left out.
func (s *Session) DoneFiles(ctx context.Context) ([]RemoteFile, error) {
	entries, err := s.list(ctx, s.target.Folders.ReceiptsDone)
	if err != nil {
		return nil, fmt.Errorf("list booked receipts: %w", err)
	}
	var out []RemoteFile
	for _, e := range entries {
		if e.Mode().IsRegular() && ValidReceiptName(e.Name()) {
			out = append(out, RemoteFile{e.Name(), e.Size(), e.ModTime()})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

// FetchDone is Fetch for a receipt file that was moved aside.
func (s *Session) FetchDone(ctx context.Context, name string) ([]byte, error) {
	if !ValidReceiptName(name) {
		return nil, fmt.Errorf("fetch booked receipt %s: %w", showName(name), ErrName)
	}
	b, err := s.read(ctx, at(s.target.Folders.ReceiptsDone, name), s.target.Limits.Receipt)
	if err != nil {
		return nil, fmt.Errorf("fetch booked receipt: %w", err)
	}
	return b, nil
}

// JobsInReceipt tells which jobs of an installation a receipt file names, whatever its format: it is read through and not
// kept. done: it lies among those that were moved aside.
func (s *Session) JobsInReceipt(ctx context.Context, name string, done bool, installation string) ([]string, error) {
	if !ValidReceiptName(name) {
		return nil, fmt.Errorf("look through receipt %s: %w", showName(name), ErrName)
	}
	folder := s.target.Folders.Receipts
	if done {
		folder = s.target.Folders.ReceiptsDone
	}
	seek := newJobSeeker(installation)
	err := s.do(ctx, "read "+at(folder, name), func(progress func()) error {
		f, err := s.client.Open(at(folder, name))
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }() // only read
		chunk := make([]byte, 256<<10)
		for {
			n, err := f.Read(chunk)
			progress()
			seek.take(chunk[:n])
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // moved meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("look through receipt: %w", err)
	}
	return seek.found(), nil
}

// JobsNamed lists the jobs of an installation whose ids stand in some bytes, sorted.
func JobsNamed(b []byte, installation string) []string {
	seek := newJobSeeker(installation)
	for piece := range slices.Chunk(b, 256<<10) { // it copies what it takes
		seek.take(piece)
	}
	return seek.found()
}

// jobSeeker finds job ids of an installation in bytes that come in pieces, in any encoding that writes letters and digits
// as ASCII does, UTF-16 too.
type jobSeeker struct {
	pattern *regexp.Regexp
	rest    []byte // the end of the last piece, in which an id may begin
	jobs    map[string]bool
}

// idBefore is a job id and the character before it: what the end of a piece may hold of one that is not seen whole.
const idBefore = 11

func newJobSeeker(installation string) *jobSeeker {
	return &jobSeeker{
		// Not a part of a longer word or number.
		pattern: regexp.MustCompile(`[^A-Za-z0-9](` + regexp.QuoteMeta(installation) + `[0-9]{6})[^A-Za-z0-9]`),
		rest:    []byte{' '},
		jobs:    map[string]bool{},
	}
}

func (k *jobSeeker) take(b []byte) {
	text := k.rest
	for _, c := range b {
		if c != 0 { // of UTF-16
			text = append(text, c)
		}
	}
	k.find(text)
	k.rest = slices.Clone(text[max(len(text)-idBefore, 0):])
}

func (k *jobSeeker) find(text []byte) {
	for at := 0; at < len(text); {
		m := k.pattern.FindSubmatchIndex(text[at:])
		if m == nil {
			return
		}
		k.jobs[string(text[at+m[2]:at+m[3]])] = true
		at += m[3] // the character behind it may be the one before the next
	}
}

func (k *jobSeeker) found() []string {
	k.find(append(slices.Clone(k.rest), ' '))
	var out []string
	for j := range k.jobs {
		out = append(out, j)
	}
	sort.Strings(out)
	return out
}
