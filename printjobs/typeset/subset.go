package typeset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
)

// The TrueType tables that a CIDFontType2 font program must or may have (ISO 32000-1, 9.9). The others (names, kerning,
// layout features) are left out, since a printer's interpreter reads glyphs by number and nothing else.
var keptTables = []string{"cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep"}

// Flags of a component of a composite glyph (OpenType specification, table glyf).
const (
	argsAreWords   = 0x0001
	haveScale      = 0x0008
	moreComponents = 0x0020
	haveXYScale    = 0x0040
	haveTwoByTwo   = 0x0080
)

var errBadFont = errors.New("font program is damaged")

// subsetTrueType cuts a TrueType font down to the given glyphs and those that they are composed of. Glyph i of the result is
// keep[i]; components that nobody asked for follow. keep[0] must be 0, the glyph .notdef. The result is the same bytes for the
// same input.
func subsetTrueType(ttf []byte, keep []uint16) ([]byte, error) {
	tables, err := readTables(ttf)
	if err != nil {
		return nil, err
	}
	head, hhea, maxp := tables["head"], tables["hhea"], tables["maxp"]
	if len(head) < 54 || len(hhea) < 36 || len(maxp) < 6 {
		return nil, errBadFont
	}
	glyphs := int(binary.BigEndian.Uint16(maxp[4:]))
	offsets, err := readLoca(tables["loca"], glyphs, binary.BigEndian.Uint16(head[50:]) == 1, len(tables["glyf"]))
	if err != nil {
		return nil, err
	}
	longMetrics := int(binary.BigEndian.Uint16(hhea[34:]))
	hmtx := tables["hmtx"]
	if longMetrics < 1 || len(hmtx) < longMetrics*4+(glyphs-longMetrics)*2 {
		return nil, errBadFont
	}

	order := append([]uint16(nil), keep...)
	place := make(map[uint16]uint16, len(keep))
	for i, g := range order {
		place[g] = uint16(i)
	}
	var glyf, loca, metrics []byte
	for i := 0; i < len(order); i++ { // order grows while components are found
		g := int(order[i])
		if g >= glyphs {
			return nil, errBadFont
		}
		outline := append([]byte(nil), tables["glyf"][offsets[g]:offsets[g+1]]...)
		err := eachComponent(outline, func(at int) {
			part := binary.BigEndian.Uint16(outline[at:])
			if _, known := place[part]; !known {
				place[part] = uint16(len(order))
				order = append(order, part)
			}
			binary.BigEndian.PutUint16(outline[at:], place[part])
		})
		if err != nil {
			return nil, fmt.Errorf("glyph %d: %w", g, err)
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		if g < longMetrics {
			metrics = append(metrics, hmtx[g*4:g*4+4]...)
		} else { // the last advance width holds for all that follow
			metrics = append(metrics, hmtx[longMetrics*4-4:longMetrics*4-2]...)
			bearing := longMetrics*4 + (g-longMetrics)*2
			metrics = append(metrics, hmtx[bearing:bearing+2]...)
		}
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))

	out := map[string][]byte{"glyf": glyf, "loca": loca, "hmtx": metrics}
	for _, name := range []string{"head", "hhea", "maxp", "cvt ", "fpgm", "prep"} {
		if t := tables[name]; t != nil {
			out[name] = append([]byte(nil), t...)
		}
	}
	binary.BigEndian.PutUint16(out["head"][50:], 1) // loca has 32-bit offsets
	binary.BigEndian.PutUint32(out["head"][8:], 0)  // the sum over the whole file, set at the end
	binary.BigEndian.PutUint16(out["hhea"][34:], uint16(len(order)))
	binary.BigEndian.PutUint16(out["maxp"][4:], uint16(len(order)))
	return writeTables(out), nil
}

func readTables(ttf []byte) (map[string][]byte, error) {
	if len(ttf) < 12 {
		return nil, errBadFont
	}
	n := int(binary.BigEndian.Uint16(ttf[4:]))
	if len(ttf) < 12+16*n {
		return nil, errBadFont
	}
	tables := make(map[string][]byte, n)
	for i := range n {
		entry := ttf[12+16*i:]
		start, size := uint64(binary.BigEndian.Uint32(entry[8:])), uint64(binary.BigEndian.Uint32(entry[12:]))
		if start+size > uint64(len(ttf)) {
			return nil, errBadFont
		}
		tables[string(entry[:4])] = ttf[start : start+size]
	}
	return tables, nil
}

func readLoca(loca []byte, glyphs int, long bool, end int) ([]int, error) {
	width := 2
	if long {
		width = 4
	}
	if len(loca) < (glyphs+1)*width {
		return nil, errBadFont
	}
	offsets := make([]int, glyphs+1)
	for i := range offsets {
		if long {
			offsets[i] = int(binary.BigEndian.Uint32(loca[4*i:]))
		} else {
			offsets[i] = 2 * int(binary.BigEndian.Uint16(loca[2*i:]))
		}
		if offsets[i] > end || i > 0 && offsets[i] < offsets[i-1] {
			return nil, errBadFont
		}
	}
	return offsets, nil
}

// eachComponent calls visit with the place of each component's glyph number in a composite outline. A simple outline has none.
func eachComponent(outline []byte, visit func(at int)) error {
	if len(outline) == 0 {
		return nil // a space
	}
	if len(outline) < 10 {
		return errBadFont
	}
	if int16(binary.BigEndian.Uint16(outline)) >= 0 {
		return nil
	}
	for at := 10; ; {
		if at+4 > len(outline) {
			return errBadFont
		}
		flags := binary.BigEndian.Uint16(outline[at:])
		visit(at + 2)
		at += 4
		if flags&argsAreWords != 0 {
			at += 4
		} else {
			at += 2
		}
		switch {
		case flags&haveScale != 0:
			at += 2
		case flags&haveXYScale != 0:
			at += 4
		case flags&haveTwoByTwo != 0:
			at += 8
		}
		if flags&moreComponents == 0 {
			return nil
		}
	}
}

func writeTables(tables map[string][]byte) []byte {
	var names []string
	for _, name := range keptTables {
		if tables[name] != nil {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	n := len(names)
	power, log := 1, 0
	for power*2 <= n {
		power, log = power*2, log+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, power * 16, log, (n - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at := 12 + 16*n
	for _, name := range names {
		out = append(out, name...)
		out = binary.BigEndian.AppendUint32(out, checksum(tables[name]))
		out = binary.BigEndian.AppendUint32(out, uint32(at))
		out = binary.BigEndian.AppendUint32(out, uint32(len(tables[name])))
		at += (len(tables[name]) + 3) / 4 * 4
	}
	headAt := 0
	for _, name := range names {
		if name == "head" {
			headAt = len(out)
		}
		out = append(out, tables[name]...)
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
	}
	binary.BigEndian.PutUint32(out[headAt+8:], 0xB1B0AFBA-checksum(out))
	return out
}

// checksum is the sum of the 32-bit words, as the table directory of a TrueType font wants it.
func checksum(table []byte) uint32 {
	var sum uint32
	for len(table) >= 4 {
		sum += binary.BigEndian.Uint32(table)
		table = table[4:]
	}
	var rest [4]byte
	copy(rest[:], table)
	return sum + binary.BigEndian.Uint32(rest[:])
}
