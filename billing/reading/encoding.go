package reading

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Decode gives a file as UTF-8 without byte order mark. encoding is utf-8, windows-1252, EncodingUTF16 or EncodingAuto. false: it is not
// of that encoding, and the problem is added.
func (p *Problems) Decode(data []byte, encoding string) ([]byte, bool) {
	if encoding == EncodingUTF16 {
		text, ok := p.DecodeUTF16(data)
		if !ok {
			return nil, false
		}
		data = text
	}
	bom := []byte("\xef\xbb\xbf")
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		p.Add(0, "", ProblemEncoding, "the file is UTF-16; set encoding to utf-16 if the vendor always writes that")
		return nil, false
	case bytes.HasPrefix(data, bom) && encoding == "windows-1252":
		p.Add(0, "", ProblemEncoding, "the file begins with a UTF-8 byte order mark but the profile says windows-1252; set encoding to utf-8 or auto")
		return nil, false
	case bytes.HasPrefix(data, bom):
		data = data[len(bom):]
		if !utf8.Valid(data) {
			p.Add(firstBadLine(data), "", ProblemEncoding, "the file begins with a UTF-8 byte order mark but is not valid UTF-8")
			return nil, false
		}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		p.Add(0, "", ProblemEmpty, "the file is empty; a night without letters is a file with the header line only")
		return nil, false
	}
	if i := bytes.IndexByte(data, 0); i >= 0 {
		p.Add(1+bytes.Count(data[:i], []byte("\n")), "", ProblemEncoding, "the file holds a zero byte; it is not a text file in the encoding of the profile")
		return nil, false
	}
	valid := utf8.Valid(data)
	switch {
	case valid && encoding != "windows-1252":
		return data, true
	case !valid && encoding == "utf-8":
		p.Add(firstBadLine(data), "", ProblemEncoding, "the file is not valid UTF-8, which the profile asks for; set encoding to windows-1252 or auto if the vendor writes that")
		return nil, false
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(text, utf8.RuneError) {
		// Windows-1252 leaves five byte values undefined.
		i := max(0, slices.IndexFunc(data, func(c byte) bool {
			return c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d
		}))
		p.Add(1+bytes.Count(data[:i], []byte("\n")), "", ProblemEncoding, "the file holds a byte that is neither UTF-8 nor Windows-1252")
		return nil, false
	}
	return text, true
}

// Encodings of files besides utf-8 and windows-1252.
const (
	EncodingAuto  = "auto"   // UTF-8, or Windows-1252 when it is not valid UTF-8
	EncodingUTF16 = "utf-16" // begins with a byte order mark
)

// DecodeUTF16 gives a file in UTF-16 as UTF-8. Nothing in it is replaced: half a pair or half a unit stops the file.
func (p *Problems) DecodeUTF16(data []byte) ([]byte, bool) {
	unit := binary.LittleEndian.Uint16
	switch {
	case len(data) == 0:
		return nil, true // told as empty
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		unit = binary.BigEndian.Uint16
	default:
		p.Add(0, "", ProblemEncoding, "the file does not begin with a byte order mark of UTF-16, which the profile asks for; set encoding to what the vendor writes")
		return nil, false
	}
	text, line := make([]byte, 0, len(data)/2), 1
	for data = data[2:]; len(data) > 0; {
		if len(data) == 1 {
			p.Add(line, "", ProblemEncoding, "the file ends in the middle of a character; it was cut off")
			return nil, false
		}
		r, n := rune(unit(data)), 2
		if utf16.IsSurrogate(r) {
			if len(data) >= 4 {
				r, n = utf16.DecodeRune(r, rune(unit(data[2:]))), 4
			}
			if len(data) < 4 || r == utf8.RuneError {
				p.Add(line, "", ProblemEncoding, "the file holds half a character of UTF-16")
				return nil, false
			}
		}
		if r == '\n' {
			line++
		}
		text, data = utf8.AppendRune(text, r), data[n:]
	}
	return text, true
}

// EncodeUTF16 writes UTF-8 as UTF-16, little end first, with a byte order mark.
func EncodeUTF16(text []byte) []byte {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(text))) {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

func firstBadLine(data []byte) int {
	line := 1
	for len(data) > 0 {
		r, n := utf8.DecodeRune(data)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		data = data[n:]
	}
	return line
}
