package filter

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/hex"
	"testing"

	pdfcpufilter "github.com/pdfcpu/pdfcpu/pkg/filter"
	"pgregory.net/rapid"

	"postgang/printjobs/prepare/syntax"
)

func zipped(data []byte) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	w.Write(data) // a buffer never fails
	w.Close()
	return b.Bytes()
}

// encodings are the filters for bytes with a writer of each that is not ours.
var encodings = map[string]func(t *rapid.T, data []byte) []byte{
	"FlateDecode": func(_ *rapid.T, data []byte) []byte { return zipped(data) },
	"LZWDecode": func(t *rapid.T, data []byte) []byte {
		f, err := pdfcpufilter.NewFilter("LZWDecode", nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := f.Encode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(r); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	},
	"ASCII85Decode": func(_ *rapid.T, data []byte) []byte {
		out := make([]byte, ascii85.MaxEncodedLen(len(data)))
		return append(out[:ascii85.Encode(out, data)], "~>"...)
	},
	"ASCIIHexDecode": func(_ *rapid.T, data []byte) []byte { return append([]byte(hex.EncodeToString(data)), '>') },
	"RunLengthDecode": func(t *rapid.T, data []byte) (out []byte) {
		for len(data) > 0 {
			n := min(len(data), rapid.IntRange(1, 128).Draw(t, "run"))
			if n > 1 && bytes.Count(data[:n], data[:1]) == n {
				out = append(out, byte(257-n), data[0])
			} else {
				out = append(append(out, byte(n-1)), data[:n]...)
			}
			data = data[n:]
		}
		return append(out, 128)
	},
}

// TestFilters: what others encoded is decoded and sound, in any chain of
// filters; cut short anywhere it counts as whole only if nothing is missing.
func TestFilters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(t, "data")
		if rapid.Bool().Draw(t, "even") {
			data = bytes.Repeat(data[:min(len(data), 7)], 900) // for long LZW codes and runs
		}
		names := rapid.SliceOfN(rapid.SampledFrom([]string{"FlateDecode", "LZWDecode", "ASCII85Decode", "ASCIIHexDecode", "RunLengthDecode"}), 1, 3).Draw(t, "filters")
		sd := syntax.StreamDict{Raw: data}
		for _, name := range names {
			sd.Raw = encodings[name](t, sd.Raw)
			sd.FilterPipeline = append([]syntax.PDFFilter{{Name: name}}, sd.FilterPipeline...)
		}
		got, state, ok := DecodeStream(sd, 1<<20)
		if !ok || state != Sound || !bytes.Equal(got, data) {
			t.Fatalf("%v: %v, %v, %d of %d bytes", names, ok, state, len(got), len(data))
		}
		sd.Raw = sd.Raw[:rapid.IntRange(0, len(sd.Raw)-1).Draw(t, "cut")]
		got, state, ok = DecodeStream(sd, 1<<20)
		if ok && state < CutOff && len(sd.Raw) > 0 && !bytes.Equal(got, data) {
			t.Fatalf("%v cut: %v, %d of %d bytes", names, state, len(got), len(data))
		}
	})
}

// TestPredictors: rows as PNG and TIFF filter them come out as they were.
func TestPredictors(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		colours, columns := rapid.IntRange(1, 4).Draw(t, "colours"), rapid.IntRange(1, 20).Draw(t, "columns")
		row := colours * columns
		plain := rapid.SliceOfN(rapid.Byte(), row, 5*row).Draw(t, "data")
		plain = plain[:len(plain)/row*row]
		predictor := rapid.SampledFrom([]int{2, 10, 15}).Draw(t, "predictor")
		var filtered []byte
		for at := 0; at < len(plain); at += row {
			kind := byte(rapid.IntRange(0, 4).Draw(t, "kind")) //nolint:gosec // at most 4
			if predictor != 2 {
				filtered = append(filtered, kind)
			}
			for i := range row {
				left, above, corner := 0, 0, 0
				if i >= colours {
					left = int(plain[at+i-colours])
				}
				if at > 0 {
					above = int(plain[at+i-row])
				}
				if i >= colours && at > 0 {
					corner = int(plain[at+i-row-colours])
				}
				guess := left
				if predictor != 2 {
					guess = []int{0, left, above, (left + above) / 2, paeth(left, above, corner)}[kind]
				}
				filtered = append(filtered, plain[at+i]-byte(guess)) //nolint:gosec // a byte
			}
		}
		got, ok := unpredict(filtered, syntax.Dict{"Predictor": syntax.Integer(predictor), "Colors": syntax.Integer(colours), "Columns": syntax.Integer(columns)})
		if !ok || !bytes.Equal(got, plain) {
			t.Fatalf("%x, want %x", got, plain)
		}
	})
}

// paeth is the standard's own wording of the predictor.
func paeth(a, b, c int) int {
	p := a + b - c
	pa, pb, pc := abs(p-a), abs(p-b), abs(p-c)
	if pa <= pb && pa <= pc {
		return a
	} else if pb <= pc {
		return b
	}
	return c
}
