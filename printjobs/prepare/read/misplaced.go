package read

import (
	"bytes"
	"regexp"
	"strconv"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"

	"postgang/printjobs/prepare/filter"
	"postgang/printjobs/prepare/syntax"
)

// objectHead is how an object begins.
var objectHead = regexp.MustCompile(`^([0-9]{1,10})[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+obj`)

// anyHead is the beginning of an object somewhere.
var anyHead = regexp.MustCompile(`[0-9]{1,10}[\x00\t\n\f\r ]+[0-9]{1,5}[\x00\t\n\f\r ]+obj`)

// cutShort reports a file whose end is missing: objects that no
// cross-reference table can be meant to list, since none is named after them.
func cutShort(file []byte) bool {
	end := max(bytes.LastIndex(file, []byte("startxref")), 0)
	return anyHead.Match(file[end:])
}

// findMisplaced notes the objects that do not lie where the file says: each
// begins with its number, or stands in an object stream that lists it there.
// pdfcpu takes what it finds.
func (s *Document) findMisplaced(file []byte) {
	holes := bytes.Contains(file, syntax.Hole)
	for nr, entry := range s.Ctx.Table {
		if nr == 0 || entry == nil || entry.Free || entry.ObjectStream != nil {
			continue
		}
		if entry.Offset == nil {
			s.damaged[nr] = true // an entry of a kind that there is not
			continue
		}
		if *entry.Offset == 0 {
			continue
		}
		if at := *entry.Offset; at < 0 || at >= int64(len(file)) || !beginsObject(file[at:min(at+1024, int64(len(file)))], nr) {
			s.damaged[nr] = true
		} else if holes && holeInObject(file, int(at)) {
			s.damaged[nr] = true
		}
	}
	listed := map[int][]int{}
	for nr, entry := range s.Ctx.Table {
		if entry == nil || entry.Free || entry.ObjectStream == nil || entry.ObjectStreamInd == nil {
			continue
		}
		number, place := *entry.ObjectStream, *entry.ObjectStreamInd
		list, known := listed[number]
		if !known {
			if !s.damaged[number] {
				list = s.objectsIn(number)
			}
			listed[number] = list
		}
		if place < 0 || place >= len(list) || list[place] != nr {
			s.damaged[nr] = true
		}
	}
}

// holeInObject reports a hole in the text of the object at a place.
func holeInObject(file []byte, at int) bool {
	i := bytes.Index(file[at:], syntax.WordObj)
	if i < 0 {
		return false
	}
	p := &syntax.ObjectReader{Data: file, Pos: at + i + len(syntax.WordObj)}
	from := p.Pos
	p.Value()
	return bytes.Contains(file[from:p.Pos], syntax.Hole)
}

func beginsObject(text []byte, nr int) bool {
	t := syntax.Tokens{Data: text}
	t.SkipSpace() // and comments
	head := objectHead.FindSubmatch(text[t.Pos:])
	if head == nil {
		return false
	}
	n, err := strconv.Atoi(string(head[1]))
	return err == nil && n == nr
}

// objectsIn lists the numbers of the objects of an object stream. One whose
// data are damaged has none: what of it can be decoded may be wrong as well.
func (s *Document) objectsIn(number int) (list []int) {
	entry := s.Ctx.Table[number]
	if entry == nil {
		return nil
	}
	stream, ok := entry.Object.(types.ObjectStreamDict)
	if !ok {
		return nil
	}
	data, state, ok := filter.DecodeStream(stream.StreamDict, s.Limits.MaxContentBytes)
	if !ok || s.Lossy(state) {
		return nil
	}
	index := &syntax.ObjectReader{Data: data[:min(len(data), max(stream.FirstObjOffset, 0))]}
	for range min(stream.ObjCount, syntax.MaxObjectNumber) {
		nr, ok1 := index.Value().(types.Integer)
		offset, ok2 := index.Value().(types.Integer)
		if !ok1 || !ok2 {
			break
		}
		p := &syntax.ObjectReader{Data: data, Pos: stream.FirstObjOffset + int(offset)}
		if p.Pos < 0 || p.Pos >= len(data) {
			nr = 0 // a place that is not there
		}
		list = append(list, int(nr))
	}
	return list
}

// hasObject reports whether an object stands in the file, whatever its table
// says.
func (s *Document) hasObject(nr int) bool {
	if s.inFile == nil {
		s.inFile = map[int]bool{}
		v := newSalvage(s.file, s.Limits)
		v.scan()
		for _, f := range v.found {
			s.inFile[f.number] = true
		}
	}
	return s.inFile[nr]
}

// saysEncrypted reports whether a trailer of the file says that it is
// encrypted. The words alone may stand in a file that is attached.
func saysEncrypted(file []byte, limits Limits) bool {
	v := newSalvage(file, limits)
	v.scan()
	for _, t := range v.trailers {
		if t["Encrypt"] != nil {
			return true
		}
	}
	return false
}
