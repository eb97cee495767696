package prepare

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strconv"
)

var (
	objectHead  = regexp.MustCompile(`(?:^|[^0-9])([0-9]{1,8})[ \t\r\n\f\x00]+([0-9]{1,5})[ \t\r\n\f\x00]+obj`)
	rootEntry   = regexp.MustCompile(`/Root[ \t\r\n]+([0-9]{1,8})[ \t\r\n]+([0-9]{1,5})[ \t\r\n]+R`)
	catalogType = regexp.MustCompile(`/Type[ \t\r\n]*/Catalog`)
)

// rebuilt returns the file with a header and a cross-reference table of our
// own, made by looking for the objects, as viewers do when the table is
// broken: of an object defined more than once the last counts. It returns nil
// when that cannot give the document: no objects or no catalog found, objects
// hidden in object streams, or encryption.
func rebuilt(file []byte) []byte {
	if bytes.Contains(file, []byte("/ObjStm")) || encryptEntry.Match(file) {
		return nil
	}
	type object struct{ offset, generation int }
	objects := map[int]object{}
	catalogNumber, catalogGeneration := 0, 0
	heads := objectHead.FindAllSubmatchIndex(file, -1)
	for i, m := range heads {
		number, _ := strconv.Atoi(string(file[m[2]:m[3]]))
		generation, _ := strconv.Atoi(string(file[m[4]:m[5]]))
		if number == 0 || number > 8<<20 {
			continue
		}
		objects[number] = object{offset: m[2], generation: generation}
		end := min(len(file), m[1]+2000)
		if i+1 < len(heads) {
			end = min(end, heads[i+1][2])
		}
		if catalogType.Match(file[m[1]:end]) {
			catalogNumber, catalogGeneration = number, generation
		}
	}
	if roots := rootEntry.FindAllSubmatch(file, -1); len(roots) > 0 {
		last := roots[len(roots)-1]
		number, _ := strconv.Atoi(string(last[1]))
		if _, ok := objects[number]; ok {
			catalogNumber = number
			catalogGeneration, _ = strconv.Atoi(string(last[2]))
		}
	}
	if catalogNumber == 0 {
		return nil
	}
	const header = "%PDF-1.7\n"
	out := make([]byte, 0, len(file)+32*len(objects)+200)
	out = append(append(append(out, header...), file...), '\n')
	at := len(out)
	numbers := make([]int, 0, len(objects))
	for n := range objects {
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	out = append(out, "xref\n0 1\n0000000000 65535 f \n"...)
	for _, n := range numbers {
		o := objects[n]
		out = fmt.Appendf(out, "%d 1\n%010d %05d n \n", n, o.offset+len(header), o.generation)
	}
	return fmt.Appendf(out, "trailer\n<</Size %d/Root %d %d R>>\nstartxref\n%d\n%%%%EOF\n",
		numbers[len(numbers)-1]+1, catalogNumber, catalogGeneration, at)
}
