package reports

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"regexp"
	"slices"
)

// excelize writes the parts of a workbook in the order of a Go map, with the time of writing, and the
// entries of its content types in random order too. sortedZip takes the parts as they come, compressed,
// and writes them sorted and dated alike on Close, so that equal reports are equal files.
type sortedZip struct {
	out   io.Writer
	parts []*zipPart
}

// contentTypes is the one part whose own order is not stable.
const contentTypes = "[Content_Types].xml"

// partDate is 1 January 1980, the earliest date that a zip file can hold, as year·month·day in its bits;
// the real time stands in the document properties.
const partDate = 0<<9 | 1<<5 | 1

type zipPart struct {
	name string
	data bytes.Buffer // compressed, but plain for contentTypes until Close
	pack *flate.Writer
	sum  hash.Hash32
	size uint64
}

func newSortedZip(out io.Writer) *sortedZip { return &sortedZip{out: out} }

// Create begins the next part and ends the one before.
func (z *sortedZip) Create(name string) (io.Writer, error) {
	if err := z.endLast(); err != nil {
		return nil, err
	}
	p := &zipPart{name: name, sum: crc32.NewIEEE()}
	z.parts = append(z.parts, p)
	if name == contentTypes {
		return &p.data, nil
	}
	if err := p.begin(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *zipPart) begin() (err error) {
	p.pack, err = flate.NewWriter(&p.data, flate.DefaultCompression)
	return err
}

// Write compresses b into the part.
func (p *zipPart) Write(b []byte) (int, error) {
	p.size += uint64(len(b))
	_, _ = p.sum.Write(b) // a hash never fails
	return p.pack.Write(b)
}

func (z *sortedZip) endLast() error {
	if len(z.parts) == 0 {
		return nil
	}
	p := z.parts[len(z.parts)-1]
	if p.pack == nil {
		return nil
	}
	err := p.pack.Close()
	p.pack = nil
	return err
}

// AddFS is part of excelize's interface; it is used only when a template folder is added.
func (z *sortedZip) AddFS(fs.FS) error {
	return fmt.Errorf("adding a folder to a workbook is not supported")
}

// Close writes all parts, sorted by name with the content types first as readers expect them.
func (z *sortedZip) Close() error {
	if err := z.endLast(); err != nil {
		return err
	}
	slices.SortFunc(z.parts, func(a, b *zipPart) int {
		if (a.name == contentTypes) != (b.name == contentTypes) {
			if a.name == contentTypes {
				return -1
			}
			return 1
		}
		return bytes.Compare([]byte(a.name), []byte(b.name))
	})
	w := zip.NewWriter(z.out)
	for _, p := range z.parts {
		if p.name == contentTypes {
			plain := sortContentTypes(p.data.Bytes())
			p.data = bytes.Buffer{}
			if err := p.begin(); err != nil {
				return err
			}
			if _, err := p.Write(plain); err != nil {
				return err
			}
			if err := p.pack.Close(); err != nil {
				return err
			}
		}
		// CreateRaw takes the header's date in the old form of MS-DOS as it is.
		header := &zip.FileHeader{Name: p.name, Method: zip.Deflate, ModifiedDate: partDate, //nolint:staticcheck // the form of the file itself, see above
			CRC32:            p.sum.Sum32(),
			CompressedSize64: uint64(p.data.Len()), UncompressedSize64: p.size}
		part, err := w.CreateRaw(header)
		if err != nil {
			return fmt.Errorf("write workbook part: %w", err)
		}
		if _, err := p.data.WriteTo(part); err != nil {
			return fmt.Errorf("write workbook part: %w", err)
		}
	}
	return w.Close()
}

var contentType = regexp.MustCompile(`<(?:Default|Override)\b[^>]*?(?:/>|></(?:Default|Override)>)`)

// sortContentTypes puts the entries of the content types part in alphabetical order.
func sortContentTypes(part []byte) []byte {
	found := contentType.FindAllIndex(part, -1)
	if len(found) == 0 {
		return part
	}
	entries := make([][]byte, len(found))
	for i, f := range found {
		entries[i] = part[f[0]:f[1]]
	}
	slices.SortFunc(entries, bytes.Compare)
	return slices.Concat(part[:found[0][0]], bytes.Join(entries, nil), part[found[len(found)-1][1]:])
}
