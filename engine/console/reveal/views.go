package reveal

import (
	"crypto/rand"
	"sync"
	"time"

	"postgang/engine/accept"
	"postgang/engine/console/visit"
	"postgang/engine/insight"
	"postgang/engine/jobs"
)

// view is what was revealed to a session. But for what is drawn of it, it is not changed once it is kept.
type view struct {
	session  string // hash of its token
	letter   string // id of the shipment; empty: of a search
	purpose  string
	until    time.Time
	revealed insight.Revealed
	pdf      []byte // the letter as it is printed; empty: no pages of it are shown, or those that were handed in
	preview  jobs.LetterPreview
	sides    int              // how many of its sides are shown
	handed   *accept.HandedIn // the documents of a refused letter; nil: it is not one
	found    *found
	number   int // in the order in which they were kept

	mu      sync.Mutex
	drawing *drawing // of the sides that were asked for last; nil: none yet
}

// views keeps what was revealed, in memory.
type views struct {
	mu     sync.Mutex
	kept   map[string]*view // by what stands in the address
	bytes  int              // of PDFs
	number int
}

// Bounds of what is kept. What is too much takes the place of what has lain longest.
const (
	mostViews = 500
	mostBytes = 256 << 20
	// mostLetter is the largest letter that is shown, in bytes.
	mostLetter = 64 << 20
)

// pages tells whether pages are shown.
func (w *view) pages() bool { return w.pdf != nil || w.handed != nil }

// bytes is how much a view holds of PDFs.
func (w *view) bytes() int {
	n := len(w.pdf)
	if w.handed != nil {
		for _, d := range w.handed.Documents {
			n += len(d.Bytes)
		}
	}
	return n
}

// keep keeps a view for the session of a visit, and gives what stands in its address.
func (s *views) keep(v *visit.Visit, w *view) string {
	w.session, w.until = v.Session.Token, v.Now().Add(viewTime)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]*view{}
	}
	s.number++
	w.number = s.number
	token := rand.Text()
	s.kept[token] = w
	s.bytes += w.bytes()
	for len(s.kept) > mostViews || s.bytes > mostBytes {
		oldest := token
		for t, o := range s.kept {
			if o.number < s.kept[oldest].number {
				oldest = t
			}
		}
		s.forget(oldest)
	}
	// Personal data does not stay when nobody comes by any more.
	time.AfterFunc(viewTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.forget(token)
	})
	return token
}

// forget needs the lock.
func (s *views) forget(token string) {
	if w := s.kept[token]; w != nil {
		s.bytes -= w.bytes()
		delete(s.kept, token)
	}
}

// find is a view of the session of a visit, of a letter (empty: of a search); nil: there is none, or it is over.
func (s *views) find(v *visit.Visit, token, letter string) *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.kept[token]
	if w == nil || w.session != v.Session.Token || w.letter != letter || !v.Now().Before(w.until) {
		return nil
	}
	return w
}

// purpose is Pages.Purpose.
func (s *views) purpose(v *visit.Visit) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, text := 0, ""
	for _, w := range s.kept {
		if w.session == v.Session.Token && w.number > last && v.Now().Before(w.until) {
			last, text = w.number, w.purpose
		}
	}
	return text
}
