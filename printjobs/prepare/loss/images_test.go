package loss

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"slices"
	"testing"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// jpx is a JPEG 2000 codestream as far as its markers go: two tile parts.
func jpx() []byte {
	var b bytes.Buffer
	b.WriteString("\xFF\x4F")                        // start
	b.WriteString("\xFF\x51\x00\x0C" + "0123456789") // size
	b.WriteString("\xFF\x52\x00\x04" + "ab")         // coding style
	for i := range byte(2) {
		data := bytes.Repeat([]byte{0xAA, 0xFF, 0x80}, 40)
		b.WriteString("\xFF\x90\x00\x0A\x00\x00")
		binary.Write(&b, binary.BigEndian, uint32(12+2+len(data))) // a buffer never fails
		b.Write([]byte{i, 2, 0xFF, 0x93})
		b.Write(data)
	}
	b.WriteString("\xFF\xD9")
	return b.Bytes()
}

// jbig2 is embedded JBIG2 data as far as its segments go.
func jbig2() []byte {
	var b bytes.Buffer
	for i, length := range []uint32{19, 200, 0} {
		binary.Write(&b, binary.BigEndian, uint32(i))        // a buffer never fails
		b.Write([]byte{[]byte{48, 38, 49}[i], byte(i) << 5}) // kind, how many it refers to
		b.Write(make([]byte, i))                             // and which
		b.WriteByte(1)                                       // page
		binary.Write(&b, binary.BigEndian, length)           // a buffer never fails
		b.Write(bytes.Repeat([]byte{0x5A}, int(length)))
	}
	return b.Bytes()
}

// fax is 64 white rows in two dimensions, each one bit, and the end.
func fax() []byte { return append(bytes.Repeat([]byte{0xFF}, 8), 0x00, 0x10, 0x01) }

// TestPicturesCut: data of each kind of picture are whole, also with white
// space behind them, and not when they are cut anywhere but in their very end.
func TestPicturesCut(t *testing.T) {
	t.Parallel()
	n := New(&read.Document{Limits: read.Limits{}.WithDefaults()})
	for _, c := range []struct {
		name string
		data []byte
		end  int // bytes that say no more than that it ends
		// between are the places between segments and in the zeros of the next
		// one, where nothing tells that
		// there were more.
		between []int
		whole   func([]byte) bool
	}{
		{"JPEG", photo(40, 30), 2, nil, wholeJPEG},
		{"JPEG 2000", jpx(), 2, nil, wholeJPX},
		{"JBIG2", jbig2(), 13, []int{30, 31, 32, 33}, wholeJBIG2},
		{"fax", fax(), 3, nil, func(data []byte) bool {
			return n.wholeFax(data, syntax.Dict{"K": syntax.Integer(-1), "Columns": syntax.Integer(40)}, 64)
		}},
	} {
		if !c.whole(c.data) || !c.whole(append(bytes.Clone(c.data), "\r\n"...)) {
			t.Errorf("%s: not whole", c.name)
		}
		for cut := range len(c.data) - c.end {
			if c.whole(c.data[:cut]) && !slices.Contains(c.between, cut) {
				t.Errorf("%s: whole after %d of %d bytes", c.name, cut, len(c.data))
				break
			}
		}
	}
}

// photo is a JPEG of w × h pixels, no two rows of it alike.
func photo(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 3) //nolint:gosec // any byte
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}
