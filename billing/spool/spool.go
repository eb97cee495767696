// Package spool sorts more rows than memory holds. Rows come in any order and are read sorted, as often as one likes; beyond a
// number of them they wait in a file, which has no name and is gone with the process.
package spool

import (
	"bufio"
	"container/heap"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// InMemory is how many rows are kept in memory unless told otherwise.
const InMemory = 10_000

// readAhead is how many bytes of each run are read at once.
const readAhead = 32 << 10

// File makes a file without a name, which is gone when it is closed or the process ends; in dir, or in the system's folder for
// temporary files when dir is empty.
func File(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, ".spool-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) { // somebody may be clearing up the folder
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Writer takes rows in any order.
type Writer[T any] struct {
	dir    string
	most   int // rows in memory
	order  func(a, b T) int
	memory []T
	file   *os.File // nil while all rows are in memory
	runs   []run
	bytes  int64 // of the file
	rows   int
}

// run is a part of the file in which rows stand in order.
type run struct{ from, bytes int64 }

// New makes a writer. The file, when there is need of one, lies in dir, or in the system's folder for temporary files when dir is
// empty. T must be a type that encoding/gob writes whole: exported fields. Rows that order holds equal come in the order in which
// they were added.
func New[T any](dir string, order func(a, b T) int) *Writer[T] { return sized(dir, InMemory, order) }

func sized[T any](dir string, most int, order func(a, b T) int) *Writer[T] {
	return &Writer[T]{dir: dir, most: most, order: order}
}

// Add adds a row.
func (w *Writer[T]) Add(row T) error {
	if len(w.memory) >= w.most {
		if err := w.spill(); err != nil {
			return fmt.Errorf("keep rows on disk: %w", err)
		}
	}
	w.memory = append(w.memory, row)
	w.rows++
	return nil
}

// spill writes the rows in memory to the file, as a run.
func (w *Writer[T]) spill() error {
	if w.file == nil {
		f, err := File(w.dir)
		if err != nil {
			return err
		}
		w.file = f
	}
	slices.SortStableFunc(w.memory, w.order)
	out := bufio.NewWriterSize(w.file, readAhead)
	enc := gob.NewEncoder(out)
	for i := range w.memory {
		if err := enc.Encode(&w.memory[i]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	end, err := w.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	w.runs = append(w.runs, run{w.bytes, end - w.bytes})
	w.bytes = end
	clear(w.memory)
	w.memory = w.memory[:0]
	return nil
}

// Rows ends the writing. The writer must not be used again.
func (w *Writer[T]) Rows() (*Rows[T], error) {
	if w.file != nil {
		if err := w.spill(); err != nil {
			return nil, errors.Join(fmt.Errorf("keep rows on disk: %w", err), w.file.Close())
		}
		w.memory = nil
	}
	slices.SortStableFunc(w.memory, w.order)
	return &Rows[T]{w: w}, nil
}

// Close lets go of what was written. It may be called at any time, also after Rows, whose rows are gone then.
func (w *Writer[T]) Close() error {
	if w == nil || w.file == nil {
		return nil
	}
	f := w.file
	w.file, w.runs, w.memory, w.rows = nil, nil, nil, 0
	return f.Close()
}

// Rows are sorted rows. Those of a nil pointer are none.
type Rows[T any] struct{ w *Writer[T] }

// Len is how many there are.
func (r *Rows[T]) Len() int {
	if r == nil {
		return 0
	}
	return r.w.rows
}

// Close lets go of the file.
func (r *Rows[T]) Close() error {
	if r == nil {
		return nil
	}
	return r.w.Close()
}

// List gives all rows at once, where they are known to be few.
func (r *Rows[T]) List() ([]T, error) {
	out := make([]T, 0, r.Len())
	for row, err := range r.All() {
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, nil
}

// All reads the rows in order, from the first, as often as it is called. After an error there are no more.
func (r *Rows[T]) All() iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if r == nil {
			return
		}
		if r.w.file == nil {
			for _, row := range r.w.memory {
				if !yield(row, nil) {
					return
				}
			}
			return
		}
		if err := r.merge(yield); err != nil {
			var none T
			yield(none, fmt.Errorf("read rows from disk: %w", err))
		}
	}
}

func (r *Rows[T]) merge(yield func(T, error) bool) error {
	m := merger[T]{order: r.w.order}
	for i, run := range r.w.runs {
		s := &stream[T]{place: i, dec: gob.NewDecoder(bufio.NewReaderSize(io.NewSectionReader(r.w.file, run.from, run.bytes), readAhead))}
		if more, err := s.next(); err != nil {
			return err
		} else if more {
			m.streams = append(m.streams, s)
		}
	}
	heap.Init(&m)
	for len(m.streams) > 0 {
		s := m.streams[0]
		if !yield(s.row, nil) {
			return nil
		}
		more, err := s.next()
		if err != nil {
			return err
		}
		if more {
			heap.Fix(&m, 0)
		} else {
			heap.Pop(&m)
		}
	}
	return nil
}

// stream is a run that is being read.
type stream[T any] struct {
	place int
	dec   *gob.Decoder
	row   T
}

func (s *stream[T]) next() (bool, error) {
	var row T // gob leaves fields alone that were zero
	if err := s.dec.Decode(&row); err != nil {
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return false, err
	}
	s.row = row
	return true, nil
}

// merger is a heap of runs, the one with the least row first.
type merger[T any] struct {
	streams []*stream[T]
	order   func(a, b T) int
}

// Len is part of heap.Interface.
func (m *merger[T]) Len() int { return len(m.streams) }

// Less is part of heap.Interface.
func (m *merger[T]) Less(i, j int) bool {
	a, b := m.streams[i], m.streams[j]
	if c := m.order(a.row, b.row); c != 0 {
		return c < 0
	}
	return a.place < b.place
}

// Swap is part of heap.Interface.
func (m *merger[T]) Swap(i, j int) { m.streams[i], m.streams[j] = m.streams[j], m.streams[i] }

// Push is part of heap.Interface; runs are only taken away.
func (m *merger[T]) Push(any) {}

// Pop is part of heap.Interface.
func (m *merger[T]) Pop() any {
	last := len(m.streams) - 1
	s := m.streams[last]
	m.streams = m.streams[:last]
	return s
}
