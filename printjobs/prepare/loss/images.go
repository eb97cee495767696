package loss

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image/jpeg"
	"io"
	"strings"

	"golang.org/x/image/ccitt"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/filter"
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/syntax"
)

// image tells what is lost of an image XObject and its masks.
func (n *Finder) image(o syntax.Object, resources named) (lost finding.Losses) {
	if ref, ok := o.(syntax.IndirectRef); ok {
		number := ref.ObjectNumber.Value()
		if known, ok := n.images[number]; ok {
			return known
		}
		n.images[number] = 0
		defer func() { n.images[number] = lost }()
	}
	sd, ok := n.s.Stream(o)
	if !ok {
		return finding.LostImage
	}
	if !n.wholeImage(sd, resources.dict) {
		lost |= finding.LostImage
	}
	for _, key := range []string{"SMask", "Mask"} {
		switch mask := n.s.Resolve(sd.Dict[key]).(type) {
		case syntax.StreamDict:
			lost |= n.image(sd.Dict[key], resources)
		case nil:
			if mask == nil && n.gone(sd.Dict[key]) {
				lost |= finding.LostImage
			}
		}
	}
	if n.object(sd.Dict["ColorSpace"], 0) != 0 {
		lost |= finding.LostImage
	}
	return lost
}

// wholeInline tells whether the data of the inline image at hand are whole. The
// EI that ends them is a guess, as those letters may stand among the data: when
// they end early, what follows is tried as well.
func (n *Finder) wholeInline(r *content.Reading) bool {
	if r.ImageData == nil {
		return true
	}
	sd := r.InlineImage()
	if n.wholeImage(sd, r.Resources) {
		return true
	}
	after := r.Data[r.ImageAt:]
	if len(sd.FilterPipeline) > 0 {
		sd.Raw = after
		return n.wholeImage(sd, r.Resources)
	}
	width, _ := n.s.Integer(sd.Dict["Width"])
	height, _ := n.s.Integer(sd.Dict["Height"])
	want := n.imageBytes(sd, r.Resources, width, height)
	return want <= int64(len(after)) && bytes.HasPrefix(bytes.TrimLeft(after[want:], "\x00\t\n\f\r "), []byte("EI"))
}

// wholeImage reports whether the data of an image reach for all its rows, or
// come to the end that they say they have.
func (n *Finder) wholeImage(sd syntax.StreamDict, resources syntax.Dict) bool {
	width, _ := n.s.Integer(sd.Dict["Width"])
	height, _ := n.s.Integer(sd.Dict["Height"])
	want := n.imageBytes(sd, resources, width, height)
	limit := n.s.Limits.MaxContentBytes
	rest := sd.FilterPipeline
	for len(rest) > 0 && !isPicture[rest[0].Name] {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		if len(sd.FilterPipeline) == 0 {
			return int64(len(sd.Raw)) >= want
		}
		if want > 0 {
			// Not much further than is needed; what PNG's predictors add is
			// one byte a row.
			limit = min(limit, want+int64(height)+1<<16)
		}
		size, state := n.size(sd, limit)
		if state == filter.CutOff {
			return want > 0 && size >= want
		}
		return !n.s.Lossy(state)
	}
	data, _, left, ok := filter.DecodeBytes(sd, limit)
	if !ok || len(left) == 0 {
		return false
	}
	switch left[0].Name {
	case "DCTDecode":
		return wholeJPEG(data)
	case "JPXDecode":
		return wholeJPX(data)
	case "JBIG2Decode":
		return wholeJBIG2(data)
	case "CCITTFaxDecode":
		return n.wholeFax(data, left[0].DecodeParms, height)
	}
	return true
}

// isPicture are the filters that hold a picture.
var isPicture = map[string]bool{"DCTDecode": true, "JPXDecode": true, "JBIG2Decode": true, "CCITTFaxDecode": true}

// imageBytes is how many bytes the rows of an image take; 0 if that is not
// known.
func (n *Finder) imageBytes(sd syntax.StreamDict, resources syntax.Dict, width, height int) int64 {
	bits, components := 1, 1
	if mask, _ := n.s.Resolve(sd.Dict["ImageMask"]).(syntax.Boolean); !bool(mask) {
		sp := content.ColourSpace(n.s, sd.Dict["ColorSpace"], resources, 0)
		bits, _ = n.s.Integer(sd.Dict["BitsPerComponent"])
		if components = sp.N; sp.Kind == content.SpaceUnknown || sp.Kind == content.SpacePattern {
			return 0
		}
	}
	if width <= 0 || height <= 0 || bits <= 0 || bits > 16 || components <= 0 || components > 64 || width > 1<<24 || height > 1<<24 {
		return 0
	}
	return (int64(width)*int64(bits)*int64(components) + 7) / 8 * int64(height)
}

// wholeJPEG reports whether a JPEG file has its end. One without is decoded,
// since some programs leave the end away. It follows the segments, as a
// thumbnail within one has an end of its own.
func wholeJPEG(data []byte) bool {
	at := bytes.Index(data, []byte{0xFF, 0xD8})
	if at < 0 {
		return false
	}
	scans := 0
	for at += 2; at+1 < len(data); {
		if data[at] != 0xFF {
			// Entropy-coded data up to the next marker that is no restart.
			i := bytes.IndexByte(data[at:], 0xFF)
			if i < 0 {
				break
			}
			at += i
			continue
		}
		switch m := data[at+1]; {
		case m == 0xD9:
			return scans > 0
		case m == 0xFF:
			at++
		case m == 0 || m == 1 || m >= 0xD0 && m <= 0xD8:
			at += 2
		default:
			if m == 0xDA {
				scans++
			}
			if at+4 > len(data) {
				return false
			}
			at += 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		}
	}
	if scans == 0 {
		return false
	}
	conf, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		var unsupported jpeg.UnsupportedError
		return errors.As(err, &unsupported)
	}
	if conf.Width > content.MaxPixels/max(conf.Height, 1) {
		return false
	}
	_, err = jpeg.Decode(io.MultiReader(bytes.NewReader(bytes.TrimSuffix(data, []byte{0xFF})), bytes.NewReader([]byte{0xFF, 0xD9})))
	var unsupported jpeg.UnsupportedError
	return err == nil || errors.As(err, &unsupported)
}

// wholeJPX reports whether the codestream of a JPEG 2000 file holds all its
// tile parts.
func wholeJPX(data []byte) bool {
	start := bytes.Index(data, []byte{0xFF, 0x4F, 0xFF, 0x51})
	if start < 0 {
		return false
	}
	data = data[start:]
	at := 2
	for at+2 <= len(data) {
		marker := binary.BigEndian.Uint16(data[at:])
		if marker == 0xFFD9 {
			return true
		}
		if at+4 > len(data) {
			return false
		}
		length := int(binary.BigEndian.Uint16(data[at+2:]))
		switch {
		case marker == 0xFF90 && at+12 <= len(data):
			part := int(binary.BigEndian.Uint32(data[at+6:]))
			if part == 0 { // to the end
				return bytes.HasSuffix(bytes.TrimRight(data, "\r\n\x00"), []byte{0xFF, 0xD9})
			}
			if part < 14 || part > len(data)-at {
				return false
			}
			at += part
		case marker>>8 != 0xFF || length < 2:
			return true // not what this knows
		default:
			at += 2 + length
		}
	}
	return false
}

// wholeJBIG2 reports whether the segments of embedded JBIG2 data are all
// there (ITU-T T.88 7.2).
func wholeJBIG2(data []byte) bool {
	if len(data) == 0 {
		return false
	}
	for at := 0; at < len(data); {
		if at+11 > len(data) {
			// Less than any segment has: white space, if it is harmless.
			return at > 0 && len(bytes.Trim(data[at:], "\r\n\x00")) == 0
		}
		number, flags := binary.BigEndian.Uint32(data[at:]), data[at+4]
		at += 5
		count := int(data[at] >> 5)
		if count == 7 {
			count = int(binary.BigEndian.Uint32(data[at:]) & 0x1FFFFFFF)
			at += 4 + (count+8)/8
		} else {
			at++
		}
		switch {
		case number <= 256:
			at += count
		case number <= 65536:
			at += 2 * count
		default:
			at += 4 * count
		}
		if at++; flags&0x40 != 0 {
			at += 3
		}
		if count < 0 || at+4 > len(data) {
			return false
		}
		length := binary.BigEndian.Uint32(data[at:])
		at += 4
		if length == 0xFFFFFFFF {
			return true // it ends by its own marks
		}
		if int64(length) > int64(len(data)-at) {
			return false
		}
		at += int(length)
	}
	return true
}

// wholeFax reports whether fax data reach for all rows. Data that mix one and
// two dimensions are not looked at.
func (n *Finder) wholeFax(data []byte, parms syntax.Dict, height int) bool {
	integer := func(key string, otherwise int) int {
		if v, ok := n.s.Integer(parms[key]); ok {
			return v
		}
		return otherwise
	}
	flag := func(key string) bool {
		v, _ := n.s.Resolve(parms[key]).(syntax.Boolean)
		return bool(v)
	}
	k, columns := integer("K", 0), integer("Columns", 1728)
	if height <= 0 {
		height = integer("Rows", 0)
	}
	if k > 0 || height <= 0 || columns <= 0 || int64(columns)*int64(height) > 8*content.MaxJudgedImage {
		return true
	}
	mode := ccitt.Group3
	if k < 0 {
		mode = ccitt.Group4
	}
	r := ccitt.NewReader(bytes.NewReader(data), ccitt.MSB, mode, columns, height, &ccitt.Options{Align: flag("EncodedByteAlign")})
	_, err := io.Copy(io.Discard, r)
	// The package does not export its errors. Others than this one also come
	// of an end before the last row, and of what it does not know.
	return err == nil || !strings.HasSuffix(err.Error(), "incomplete code") && !errors.Is(err, io.ErrUnexpectedEOF)
}
