package jobs

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"sync"

	"postgang/printjobs"
)

// How far ahead prepared letters are fetched that come over the network: each takes as long as an answer takes, and composing one takes less.
const (
	lettersAhead = 32
	bytesAhead   = 64 << 20
)

// fetched is a prepared letter that is on its way, or there.
type fetched struct {
	done chan struct{}
	src  printjobs.Source
	err  error

	taken sync.Once
	free  func() // its share of what may be ahead
}

// ahead has the next prepared letters opened while one is composed. Those that nobody has opened are closed by stop, which is called when
// composing is over.
func ahead(ctx context.Context, letters iter.Seq2[printjobs.Letter, error]) (_ iter.Seq2[printjobs.Letter, error], stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var mu sync.Mutex
	all := map[*fetched]bool{} // that nobody has opened
	var bytes int64
	n := 0
	begin := func(l printjobs.Letter) *fetched {
		size := l.Facts.Bytes
		mu.Lock()
		defer mu.Unlock()
		if n >= lettersAhead || n > 0 && bytes+size > bytesAhead || l.Open == nil {
			return nil // it is opened when it is wanted
		}
		n++
		bytes += size
		f := &fetched{done: make(chan struct{})}
		f.free = func() {
			mu.Lock()
			defer mu.Unlock()
			n--
			bytes -= size
			delete(all, f)
		}
		all[f] = true
		go func() {
			defer close(f.done)
			f.src, f.err = l.Open(ctx)
		}()
		return f
	}
	seq := func(yield func(printjobs.Letter, error) bool) {
		next, end := iter.Pull2(letters)
		defer end()
		type waiting struct {
			letter printjobs.Letter
			err    error
			f      *fetched
		}
		var queue []waiting
		for over := false; ; {
			for !over && len(queue) <= lettersAhead {
				l, err, ok := next()
				if over = !ok || err != nil; ok {
					queue = append(queue, waiting{letter: l, err: err})
				}
			}
			for i := range queue {
				if w := &queue[i]; w.f == nil && w.err == nil {
					if w.f = begin(w.letter); w.f == nil {
						break // the first ones first
					}
				}
			}
			if len(queue) == 0 {
				return
			}
			w := queue[0]
			queue = queue[1:]
			if w.f != nil {
				w.letter.Open = w.f.open
			}
			if !yield(w.letter, w.err) {
				return
			}
		}
	}
	return seq, func() {
		cancel()
		mu.Lock()
		left := slices.Collect(maps.Keys(all))
		mu.Unlock()
		for _, f := range left {
			f.taken.Do(func() {
				if <-f.done; f.src != nil {
					_ = f.src.Close() // only read
				}
			})
		}
	}
}

// open gives the letter to whoever asks first.
func (f *fetched) open(ctx context.Context) (src printjobs.Source, err error) {
	err = errors.New("a prepared letter is opened twice")
	f.taken.Do(func() {
		<-f.done
		f.free()
		src, err, f.src = f.src, f.err, nil // it may lie in memory
	})
	if err == nil && ctx.Err() != nil {
		_ = src.Close() // only read
		src, err = nil, ctx.Err()
	}
	return src, err
}
