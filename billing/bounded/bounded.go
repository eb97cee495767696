// Package bounded reads the files of others piece by piece, each of which takes no more memory than a bound, however the file was
// made: a line of twenty million fields, a text without an end, elements that are never closed. The readers of the standard library
// hold a whole record or token, whatever its size.
package bounded

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
)

// Piece is how long a record of a CSV file, or a token of JSON or XML, may usually be in bytes.
const Piece = 64 << 10

var (
	// ErrTooLong is the error of a piece that is longer than the bound.
	ErrTooLong = errors.New("a line or field is longer than any such file has")
	// ErrTooDeep is the error of a document that is nested deeper than the bound.
	ErrTooDeep = errors.New("the document is nested too deep")
)

// Reader hands out at most so many bytes between two calls of Next, and then ErrTooLong for good.
type Reader struct {
	from       io.Reader
	most, left int
	spent      bool
}

// NewReader bounds the pieces of a reader to most bytes, give or take the buffer of whoever reads.
func NewReader(from io.Reader, most int) *Reader { return &Reader{from: from, most: most, left: most} }

// Next begins a new piece.
func (r *Reader) Next() { r.left = r.most }

// Read implements io.Reader.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.left <= 0 || r.spent {
		r.spent = true
		return 0, ErrTooLong
	}
	n, err := r.from.Read(p[:min(len(p), r.left)])
	r.left -= n
	return n, err
}

// Text is a text that is read from its beginning, and of which parts may be looked at again.
type Text interface {
	io.Reader
	io.ReaderAt
}

// Lines tells the line of a position in a text, from 1; positions must not go back. What cannot be read has no lines.
type Lines struct {
	text  io.ReaderAt
	at    int64
	ends  int // of lines before at
	piece []byte
}

// NewLines counts the lines of a text.
func NewLines(text io.ReaderAt) *Lines { return &Lines{text: text, piece: make([]byte, 4<<10)} }

// Of is the line of a position.
func (l *Lines) Of(position int64) int {
	for l.at < position {
		n, err := l.text.ReadAt(l.piece[:min(int64(len(l.piece)), position-l.at)], l.at)
		l.ends += bytes.Count(l.piece[:n], []byte("\n"))
		if l.at += int64(n); err != nil || n == 0 {
			break
		}
	}
	return l.ends + 1
}

// CSV reads records of at most Piece bytes.
type CSV struct {
	*csv.Reader
	bound *Reader
	lines *Lines
}

// NewCSV reads a text with a separator. Records may have any number of fields.
func NewCSV(text []byte, comma rune) *CSV { return NewCSVFrom(bytes.NewReader(text), comma) }

// NewCSVFrom is NewCSV for a text that is not in memory.
func NewCSVFrom(text Text, comma rune) *CSV {
	b := NewReader(text, Piece)
	r := &CSV{Reader: csv.NewReader(b), bound: b, lines: NewLines(text)}
	r.Comma, r.FieldsPerRecord = comma, -1
	return r
}

// Read reads a record as csv.Reader does. The error of one that is too long is a csv.ParseError with ErrTooLong, and the last.
func (r *CSV) Read() ([]string, error) {
	before := r.InputOffset()
	r.bound.Next()
	fields, err := r.Reader.Read()
	if errors.Is(err, ErrTooLong) {
		line := r.lines.Of(before)
		return nil, &csv.ParseError{StartLine: line, Line: line, Column: 1, Err: ErrTooLong}
	}
	return fields, err
}

// XML reads tokens of at most so many bytes, and elements in each other of at most so many.
type XML struct {
	*xml.Decoder
	bound       *Reader
	depth, deep int
	long        int
}

// NewXML reads a document in UTF-8, whatever its first line says. Entities but the usual five are unknown.
func NewXML(from io.Reader, piece, deep int) *XML {
	b := NewReader(from, piece)
	x := &XML{Decoder: xml.NewDecoder(b), bound: b, deep: deep}
	x.Entity = map[string]string{}
	x.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	return x
}

// Token gives the next token; it is good until the call after.
func (x *XML) Token() (xml.Token, error) {
	x.bound.Next()
	x.bound.left = max(x.bound.left, x.long)
	x.long = 0
	t, err := x.Decoder.Token()
	switch t.(type) {
	case xml.StartElement:
		if x.depth++; x.depth > x.deep {
			return nil, ErrTooDeep
		}
	case xml.EndElement:
		x.depth--
	}
	return t, err
}

// Long lets the next token be longer, of up to so many bytes.
func (x *XML) Long(bytes int) { x.long = bytes }

// Depth is how many elements are open.
func (x *XML) Depth() int { return x.depth }

// JSON reads tokens of at most so many bytes.
type JSON struct {
	*json.Decoder
	bound *Reader
}

// NewJSON reads a document. Numbers keep their text.
func NewJSON(from io.Reader, piece int) *JSON {
	b := NewReader(from, piece)
	j := &JSON{Decoder: json.NewDecoder(b), bound: b}
	j.UseNumber()
	return j
}

// Token gives the next token.
func (j *JSON) Token() (json.Token, error) {
	j.bound.Next()
	return j.Decoder.Token()
}
