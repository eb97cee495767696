// Package filter undoes the filters of streams, within a bound, and tells how whole their data are.
package filter

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"hash/maphash"
	"io"
	"sync"

	"postgang/printjobs/prepare/syntax"
)

// Integrity tells how whole the data of a stream are.
type Integrity uint8

// How whole they are, the best first.
const (
	// Sound data are decoded to the end that they say they have.
	Sound Integrity = iota
	// Untidy data are all there, but not as the format asks: a checksum is
	// missing, say. They should not be stored as they came.
	Untidy
	// Altered data are all there, but their checksum is that of others.
	Altered
	// CutOff data end early: something is lost.
	CutOff
	// garbled: they are damaged on the way. The first rows of a picture may be
	// wrong too.
	garbled
)

// DecodeStream undoes all filters of a stream.
func DecodeStream(sd syntax.StreamDict, limit int64) (data []byte, state Integrity, ok bool) {
	data, state, rest, ok := DecodeBytes(sd, limit)
	if len(rest) > 0 {
		return nil, CutOff, false
	}
	return data, state, ok
}

// DecodeBytes undoes the filters of a stream up to the first that is for
// images; rest are those that are left. What one filter lacks at its end is
// forgiven where the next says that it has all.
func DecodeBytes(sd syntax.StreamDict, limit int64) (data []byte, state Integrity, rest []syntax.PDFFilter, ok bool) {
	data, rest = sd.Raw, sd.FilterPipeline
	for len(rest) > 0 {
		f := rest[0]
		var one Integrity
		switch f.Name {
		case "FlateDecode":
			data, one, ok = Inflate(data, limit)
		case "LZWDecode":
			early, found := f.DecodeParms["EarlyChange"].(syntax.Integer)
			data, one, ok = unpackLZW(data, limit, !found || early != 0)
		case "ASCII85Decode":
			data, one, ok = unpack85(data, limit)
		case "ASCIIHexDecode":
			data, one, ok = unpackHex(data)
		case "RunLengthDecode":
			data, one, ok = unpackRuns(data, limit)
		default:
			return data, state, rest, int64(len(data)) <= limit
		}
		if ok && (f.Name == "FlateDecode" || f.Name == "LZWDecode") {
			data, ok = unpredict(data, f.DecodeParms)
		}
		switch {
		case !ok:
			return nil, CutOff, nil, false
		case one == Sound && state == CutOff && f.Name != "RunLengthDecode":
			state = Untidy
		default:
			state = max(state, one)
		}
		rest = rest[1:]
	}
	return data, state, nil, int64(len(data)) <= limit
}

// zlibReaders keeps readers for the next stream: each has some 80 kB of tables
// and window, more than most streams of a letter.
var zlibReaders sync.Pool

func zlibReader(raw []byte) (io.ReadCloser, error) {
	if zr, ok := zlibReaders.Get().(io.ReadCloser); ok {
		if err := zr.(zlib.Resetter).Reset(bytes.NewReader(raw), nil); err != nil {
			zlibReaders.Put(zr)
			return nil, err
		}
		return zr, nil
	}
	return zlib.NewReader(bytes.NewReader(raw))
}

// inflateBuffers hold what is being decoded; larger ones than inflateKeep bytes
// are not kept.
var inflateBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

const inflateKeep = 8 << 20

// Inflate decodes zlib data leniently: a missing end or a wrong checksum
// costs nothing, damage in the middle costs what follows it.
func Inflate(raw []byte, limit int64) (data []byte, state Integrity, ok bool) {
	if len(bytes.TrimLeft(raw, "\x00\t\n\f\r ")) == 0 {
		return nil, Untidy, true
	}
	zr, err := zlibReader(raw)
	if err != nil {
		// White space before the data comes from a wrong stream offset.
		raw, state = bytes.TrimLeft(raw, "\r\n"), Untidy
		if zr, err = zlibReader(raw); err != nil {
			return nil, CutOff, false
		}
	}
	defer zlibReaders.Put(zr)
	// Gathered in a buffer that is there already, and copied once its length is
	// known: growing one costs more than that.
	out := inflateBuffers.Get().(*bytes.Buffer)
	defer func() {
		if out.Reset(); out.Cap() <= inflateKeep {
			inflateBuffers.Put(out)
		}
	}()
	n, err := out.ReadFrom(io.LimitReader(zr, min(limit, inflateKeep)+1))
	if n > limit {
		return nil, CutOff, false
	}
	if n > inflateKeep {
		data, more, ok := inflateLarge(raw, limit)
		return data, max(state, more), ok
	}
	if err != nil {
		state = howInflated(raw, err)
	}
	return bytes.Clone(out.Bytes()), state, err == nil || n > 0
}

// inflateLarge decodes what is larger than inflateKeep bytes. How large is found
// first, so that no buffer has to grow to twice that, and what is a bomb takes no
// memory at all.
func inflateLarge(raw []byte, limit int64) (data []byte, state Integrity, ok bool) {
	n, state := InflatedSize(raw, limit+1)
	if n > limit {
		return nil, CutOff, false
	}
	zr, err := zlibReader(raw)
	if err != nil {
		return nil, CutOff, false
	}
	defer zlibReaders.Put(zr)
	data = make([]byte, n)
	read, err := io.ReadFull(zr, data)
	return data[:read], state, err == nil
}

// InflatedSize is how much zlib data give, up to limit; they are not kept. What
// many letters have, logos and fonts, a process reads once.
func InflatedSize(raw []byte, limit int64) (n int64, state Integrity) {
	if len(raw) < 1024 {
		return sizeOf(raw, limit)
	}
	key := inflatedKey{maphash.Bytes(inflatedSeed, raw), len(raw), limit}
	inflatedMutex.Lock()
	known, ok := inflatedKnown[key]
	inflatedMutex.Unlock()
	if ok {
		return known, Sound
	}
	if n, state = sizeOf(raw, limit); state == Sound {
		inflatedMutex.Lock()
		defer inflatedMutex.Unlock()
		if len(inflatedKnown) >= mostInflated {
			clear(inflatedKnown)
		}
		inflatedKnown[key] = n
	}
	return n, state
}

// inflatedKnown holds the sizes of sound data by their hash, whose seed nobody
// knows.
var (
	inflatedMutex sync.Mutex
	inflatedKnown = map[inflatedKey]int64{}
	inflatedSeed  = maphash.MakeSeed()
)

type inflatedKey struct {
	hash  uint64
	bytes int
	limit int64
}

const mostInflated = 4096

func sizeOf(raw []byte, limit int64) (n int64, state Integrity) {
	zr, err := zlibReader(raw)
	if err != nil {
		raw, state = bytes.TrimLeft(raw, "\r\n"), Untidy
		if zr, err = zlibReader(raw); err != nil {
			return 0, CutOff
		}
	}
	defer zlibReaders.Put(zr)
	n, err = io.Copy(io.Discard, io.LimitReader(zr, limit))
	if err != nil {
		state = howInflated(raw, err)
	}
	return n, state
}

// howInflated tells what an error of zlib means: a checksum that is missing
// behind data that say that they are at their end costs nothing, and neither
// does a missing end right behind a flush, which writes out all. Some programs
// write 0 for a checksum.
func howInflated(raw []byte, err error) Integrity {
	wrongSum := errors.Is(err, zlib.ErrChecksum)
	if !wrongSum && !errors.Is(err, io.ErrUnexpectedEOF) {
		return garbled
	}
	if len(raw) < 2 {
		return CutOff
	}
	if !wrongSum && bytes.HasSuffix(bytes.TrimRight(raw, "\r\n"), []byte{0, 0, 0xFF, 0xFF}) {
		return Untidy
	}
	rest := bytes.NewReader(raw[2:])
	fr := flate.NewReader(rest)
	if _, err := io.Copy(io.Discard, fr); err != nil {
		return CutOff
	}
	sum := raw[len(raw)-rest.Len():]
	if len(sum) < 4 || bytes.Equal(sum[:4], make([]byte, 4)) {
		return Untidy
	}
	return Altered
}

// unpackLZW decodes LZW of 9 to 12 bits (ISO 32000-1 7.4.4). early is whether
// codes grow one code early, as is usual.
func unpackLZW(raw []byte, limit int64, early bool) (data []byte, state Integrity, ok bool) {
	const reset, end = 256, 257
	var prefix [4096]int16
	var last, first [4096]byte
	var length [4096]int
	for i := range 256 {
		prefix[i], last[i], first[i], length[i] = -1, byte(i), byte(i), 1
	}
	ahead := 0
	if early {
		ahead = 1
	}
	next, width, previous := end+1, 9, -1
	held, bits := uint32(0), 0
	for at := 0; ; {
		for bits < width && at < len(raw) {
			held, bits, at = held<<8|uint32(raw[at]), bits+8, at+1
		}
		if bits < width {
			return data, CutOff, len(data) > 0 // without a word that it ends
		}
		code := int(held >> (bits - width) & (1<<width - 1))
		bits -= width
		switch {
		case code == end:
			return data, Sound, true
		case code == reset:
			next, width, previous = end+1, 9, -1
			continue
		case code > next || code >= 4096 || previous < 0 && code > 255:
			return data, CutOff, len(data) > 0
		}
		if previous >= 0 && next < 4096 {
			// The code that is made now may be the one that was just read.
			prefix[next], first[next], length[next] = int16(previous), first[previous], length[previous]+1 //nolint:gosec // below 4096
			last[next] = first[previous]
			if code != next {
				last[next] = first[code]
			}
			next++
		} else if code == next {
			return data, CutOff, len(data) > 0
		}
		if int64(len(data)+length[code]) > limit {
			return nil, CutOff, false
		}
		from := len(data)
		data = append(data, make([]byte, length[code])...)
		for i, c := len(data)-1, code; i >= from; i, c = i-1, int(prefix[c]) {
			data[i] = last[c]
		}
		previous = code
		for width < 12 && next+ahead >= 1<<width {
			width++
		}
	}
}

// unpack85 decodes base 85 (ISO 32000-1 7.4.3).
func unpack85(raw []byte, limit int64) (data []byte, state Integrity, ok bool) {
	var group uint32
	n := 0
	state = CutOff
	for _, c := range raw {
		switch {
		case syntax.IsSpace(c):
			continue
		case c == '~':
			state = Sound
		case c == 'z' && n == 0:
			data = append(data, 0, 0, 0, 0)
			if int64(len(data)) > limit {
				return nil, CutOff, false
			}
			continue
		case c < '!' || c > 'u':
			return data, CutOff, len(data) > 0
		default:
			group = group*85 + uint32(c-'!')
			if n++; n == 5 {
				data = append(data, byte(group>>24), byte(group>>16), byte(group>>8), byte(group))
				group, n = 0, 0
			}
			if int64(len(data)) > limit {
				return nil, CutOff, false
			}
			continue
		}
		break
	}
	if n > 1 {
		for i := n; i < 5; i++ {
			group = group*85 + 84
		}
		for i := range n - 1 {
			data = append(data, byte(group>>(24-8*i)))
		}
	}
	return data, state, state == Sound || len(data) > 0
}

// unpackHex decodes hexadecimal digits.
func unpackHex(raw []byte) (data []byte, state Integrity, ok bool) {
	n := 0
	for _, c := range raw {
		digit, is := syntax.HexDigit(c)
		switch {
		case is && n%2 == 0:
			data = append(data, digit<<4)
			n++
		case is:
			data[len(data)-1] |= digit
			n++
		case c == '>':
			return data, Sound, true
		case !syntax.IsSpace(c):
			return data, CutOff, len(data) > 0
		}
	}
	return data, CutOff, len(data) > 0
}

// unpackRuns decodes run lengths.
func unpackRuns(raw []byte, limit int64) (data []byte, state Integrity, ok bool) {
	for at := 0; at < len(raw); {
		n := int(raw[at])
		at++
		switch {
		case n == 128:
			return data, Sound, true
		case n < 128:
			end := min(at+n+1, len(raw))
			data = append(data, raw[at:end]...)
			at += n + 1
		case at < len(raw):
			data = append(data, bytes.Repeat(raw[at:at+1], 257-n)...)
			at++
		}
		if int64(len(data)) > limit {
			return nil, CutOff, false
		}
	}
	return data, CutOff, len(data) > 0
}

// unpredict undoes the predictor of the parameters of Flate or LZW data
// (ISO 32000-1 7.4.4.4). A last row may be incomplete.
func unpredict(data []byte, parms syntax.Dict) (out []byte, ok bool) {
	value := func(key string, otherwise int) int {
		switch v := parms[key].(type) {
		case syntax.Integer:
			return int(v)
		case syntax.Float:
			return int(v)
		}
		return otherwise
	}
	predictor := value("Predictor", 1)
	if predictor <= 1 {
		return data, true
	}
	colours, bits, columns := value("Colors", 1), value("BitsPerComponent", 8), value("Columns", 1)
	if colours < 1 || colours > 256 || bits < 1 || bits > 32 || columns < 1 || columns > 1<<26 {
		return nil, false
	}
	pixel, row := max(1, (colours*bits+7)/8), (colours*bits*columns+7)/8
	if predictor == 2 {
		return unpredictTIFF(data, colours, bits, columns, row), true
	}
	out = make([]byte, 0, len(data))
	row = min(row, len(data)) // it may say to be of gigabytes
	above := make([]byte, row)
	for len(data) > 1 {
		kind := data[0]
		n := min(row, len(data)-1)
		from := len(out)
		out = append(out, data[1:1+n]...)
		unfilter(kind, out[from:], above[:n], pixel)
		copy(above, out[from:])
		data = data[1+n:]
	}
	return out, true
}

// unfilter undoes one row of PNG's filters in place.
func unfilter(kind byte, row, above []byte, pixel int) {
	left := func(i int) int {
		if i < pixel {
			return 0
		}
		return int(row[i-pixel])
	}
	switch kind {
	case 1:
		for i := pixel; i < len(row); i++ {
			row[i] += row[i-pixel]
		}
	case 2:
		for i := range row {
			row[i] += above[i]
		}
	case 3:
		for i := range row {
			row[i] += byte((left(i) + int(above[i])) / 2)
		}
	case 4:
		for i := range row {
			a, b, c := left(i), int(above[i]), 0
			if i >= pixel {
				c = int(above[i-pixel])
			}
			pa, pb, pc := abs(b-c), abs(a-c), abs(a+b-2*c)
			switch {
			case pa <= pb && pa <= pc:
				row[i] += byte(a)
			case pb <= pc:
				row[i] += byte(b)
			default:
				row[i] += byte(c)
			}
		}
	}
}

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

// unpredictTIFF undoes differences between neighbours in a row.
func unpredictTIFF(data []byte, colours, bits, columns, row int) []byte {
	out := bytes.Clone(data)
	for at := 0; at < len(out); at += row {
		line := out[at:min(at+row, len(out))]
		switch bits {
		case 8:
			for i := colours; i < len(line); i++ {
				line[i] += line[i-colours]
			}
		case 16:
			for i := 2 * colours; i+1 < len(line); i += 2 {
				v := uint16(line[i])<<8 + uint16(line[i+1]) + uint16(line[i-2*colours])<<8 + uint16(line[i-2*colours+1])
				line[i], line[i+1] = byte(v>>8), byte(v)
			}
		case 1, 2, 4:
			mask := byte(1<<bits - 1)
			sample := func(i int) (at int, shift int) { return i * bits / 8, 8 - bits - i*bits%8 }
			for i := colours; i < colours*columns; i++ {
				at, shift := sample(i)
				before, shiftBefore := sample(i - colours)
				if at >= len(line) {
					break
				}
				v := (line[at]>>shift + line[before]>>shiftBefore) & mask
				line[at] = line[at]&^(mask<<shift) | v<<shift
			}
		}
	}
	return out
}
