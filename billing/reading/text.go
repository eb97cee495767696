package reading

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"postgang/billing/bounded"
)

// Text is Decode for a file that is not in memory: UTF-8 is read where it lies, and what is in another encoding is decoded in memory.
// What cannot be read is taken for the end of the file: whoever hands the file in knows of it.
func (p *Problems) Text(file io.ReaderAt, size int64, encoding string) (bounded.Text, bool) {
	if encoding == EncodingAuto || encoding == "utf-8" {
		if from, plain := plainText(file, size); plain {
			return io.NewSectionReader(file, from, size-from), true
		}
	}
	data := make([]byte, size)
	n, err := file.ReadAt(data, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false
	}
	text, ok := p.Decode(data[:n], encoding)
	return bytes.NewReader(text), ok
}

// plainText reports whether Decode would find nothing to say of a file in UTF-8, and where its text begins.
func plainText(file io.ReaderAt, size int64) (from int64, plain bool) {
	var buffer [64 << 10]byte
	n, _ := file.ReadAt(buffer[:min(int64(len(buffer)), size)], 0)
	if bytes.HasPrefix(buffer[:n], []byte("\xef\xbb\xbf")) {
		from = 3
	}
	something := false
	left := 0 // bytes of a character that the last piece ends in
	for at := from; at < size; {
		n, err := file.ReadAt(buffer[left:min(int64(len(buffer)), int64(left)+size-at)], at)
		if n == 0 || err != nil && !errors.Is(err, io.EOF) {
			return 0, false
		}
		at += int64(n)
		piece := buffer[:left+n]
		whole := len(piece)
		if at < size {
			whole = endOfRunes(piece)
		}
		if bytes.IndexByte(piece[:whole], 0) >= 0 || !utf8.Valid(piece[:whole]) {
			return 0, false
		}
		something = something || len(bytes.TrimSpace(piece[:whole])) > 0
		left = copy(buffer[:], piece[whole:])
	}
	return from, something
}

// endOfRunes is where the last whole character of a piece of UTF-8 ends.
func endOfRunes(b []byte) int {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}
