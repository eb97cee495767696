package reports

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"postgang/billing/spool"
)

// excelize writes the parts of a workbook in the order of a Go map, with the time of writing, and the
// entries of its content types in random order too. sortedZip takes the parts as they come, compressed into a file without a
// name, and writes them sorted and dated alike on Close, so that equal reports are equal files.
type sortedZip struct {
	out   io.Writer
	dir   string   // of the file
	file  *os.File // nil before the first part and after Close
	pack  *flate.Writer
	types *zipPart                         // the part contentTypes
	plain bytes.Buffer                     // what it holds, before it is sorted
	late  map[string]func(io.Writer) error // rows of parts that are written in front of rowsMark
	sheet *zipPart                         // the part whose rows are still to come; nil when none is
	head  bytes.Buffer                     // what it holds without them
	last  *zipPart                         // that is being written; nil when none is
	parts []*zipPart
}

// contentTypes is the one part whose own order is not stable.
const contentTypes = "[Content_Types].xml"

// partDate is 1 January 1980, the earliest date that a zip file can hold, as year·month·day in its bits;
// the real time stands in the document properties.
const partDate = 0<<9 | 1<<5 | 1

type zipPart struct {
	name         string
	from, packed int64 // where it stands in the file, compressed
	sum          hash.Hash32
	size         uint64
}

func newSortedZip(out io.Writer, dir string) *sortedZip { return &sortedZip{out: out, dir: dir} }

// Create begins the next part and ends the one before.
func (z *sortedZip) Create(name string) (io.Writer, error) {
	if err := z.open(); err != nil {
		return nil, err
	}
	if err := z.endLast(); err != nil {
		return nil, err
	}
	p := &zipPart{name: name}
	z.parts = append(z.parts, p)
	if name == contentTypes {
		z.types = p
		return &z.plain, nil
	}
	if z.late[name] != nil {
		z.sheet = p
		z.head.Reset()
		return &z.head, nil
	}
	return z, z.begin(p)
}

// writeSheet writes a part with its rows.
func (z *sortedZip) writeSheet(p *zipPart) error {
	head, tail, found := bytes.Cut(z.head.Bytes(), []byte(rowsMark))
	if !found {
		return fmt.Errorf("%s has no place for its rows", p.name)
	}
	rows := z.late[p.name]
	delete(z.late, p.name)
	if err := z.begin(p); err != nil {
		return err
	}
	out := bufio.NewWriterSize(z, 64<<10)
	_, err := out.Write(head)
	if err == nil {
		err = rows(out)
	}
	if err == nil {
		_, err = out.WriteString(rowsMark)
	}
	if err == nil {
		_, err = out.Write(tail)
	}
	if err == nil {
		err = out.Flush()
	}
	return err
}

// open makes the file.
func (z *sortedZip) open() error {
	if z.file != nil {
		return nil
	}
	f, err := spool.File(z.dir)
	if err != nil {
		return err
	}
	z.file = f
	z.pack, err = flate.NewWriter(f, flate.DefaultCompression)
	return err
}

// begin begins to write a part to the end of the file.
func (z *sortedZip) begin(p *zipPart) (err error) {
	p.sum = crc32.NewIEEE()
	if p.from, err = z.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	z.pack.Reset(z.file)
	z.last = p
	return nil
}

// Write compresses b into the part that was begun last.
func (z *sortedZip) Write(b []byte) (int, error) {
	z.last.size += uint64(len(b))
	_, _ = z.last.sum.Write(b) // a hash never fails
	return z.pack.Write(b)
}

func (z *sortedZip) endLast() error {
	if p := z.sheet; p != nil {
		z.sheet = nil
		if err := z.writeSheet(p); err != nil {
			return fmt.Errorf("write rows: %w", err)
		}
	}
	if z.last == nil {
		return nil
	}
	if err := z.pack.Close(); err != nil {
		return err
	}
	end, err := z.file.Seek(0, io.SeekEnd)
	z.last.packed = end - z.last.from
	z.last = nil
	return err
}

// AddFS is part of excelize's interface; it is used only when a template folder is added.
func (z *sortedZip) AddFS(fs.FS) error {
	return fmt.Errorf("adding a folder to a workbook is not supported")
}

// Close writes all parts, sorted by name with the content types first as readers expect them.
func (z *sortedZip) Close() (err error) {
	if err := z.open(); err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, z.file.Close())
		z.file = nil
	}()
	if err := z.endLast(); err != nil {
		return err
	}
	if z.types != nil {
		if err := z.begin(z.types); err != nil {
			return err
		}
		if _, err := z.Write(sortContentTypes(z.plain.Bytes())); err != nil {
			return err
		}
		if err := z.endLast(); err != nil {
			return err
		}
	}
	if len(z.late) > 0 {
		return fmt.Errorf("rows were made for %v, which is not in the workbook", slices.Sorted(maps.Keys(z.late)))
	}
	slices.SortFunc(z.parts, func(a, b *zipPart) int {
		if (a.name == contentTypes) != (b.name == contentTypes) {
			if a.name == contentTypes {
				return -1
			}
			return 1
		}
		return strings.Compare(a.name, b.name)
	})
	w := zip.NewWriter(z.out)
	for _, p := range z.parts {
		// CreateRaw takes the header's date in the old form of MS-DOS as it is.
		header := &zip.FileHeader{Name: p.name, Method: zip.Deflate, ModifiedDate: partDate, //nolint:staticcheck // the form of the file itself, see above
			CRC32:            p.sum.Sum32(),
			CompressedSize64: uint64(p.packed), UncompressedSize64: p.size}
		part, err := w.CreateRaw(header)
		if err != nil {
			return fmt.Errorf("write workbook part: %w", err)
		}
		if _, err := io.Copy(part, io.NewSectionReader(z.file, p.from, p.packed)); err != nil {
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
