// Package datamatrix makes DataMatrix symbols (ISO/IEC 16022, ECC 200): square
// ones of 10 to 48 modules, ASCII text with digits in pairs, which is all that
// covers and sheets carry. It is written for a symbol a sheet: what depends on
// the size alone is worked out once, and encoding allocates nothing.
package datamatrix

import (
	"fmt"
	"math/bits"
	"sync"
)

// MaxModules is the side of the largest symbol.
const MaxModules = 48

// Symbol is a DataMatrix without its quiet zone.
type Symbol struct {
	side int
	rows [MaxModules]uint64 // from the top; the lowest bit is the leftmost module
}

// Modules is the number of modules on a side.
func (s *Symbol) Modules() int { return s.side }

// Dark tells whether the module in column x and row y is dark, counted from 0 at
// the top left.
func (s *Symbol) Dark(x, y int) bool { return s.rows[y]>>x&1 == 1 }

// Encode makes the smallest symbol of at least so many modules a side that takes
// the text. Errors: an empty text, a character that is not ASCII, a text that no
// symbol takes (it has room for 174 characters, or 348 digits), and more modules
// than MaxModules.
func Encode[T string | []byte](text T, leastModules int) (Symbol, error) {
	if leastModules > MaxModules {
		return Symbol{}, fmt.Errorf("no DataMatrix here has %d modules, the largest has %d", leastModules, MaxModules)
	}
	var words [maxWords]byte
	n, err := encode(&words, text)
	if err != nil {
		return Symbol{}, err
	}
	for i := range shapes {
		if sh := &shapes[i]; sh.data >= n && sh.side >= leastModules {
			pad(words[:sh.data], n)
			return sh.draw(&words), nil
		}
	}
	return Symbol{}, errTooLong(len(text))
}

func errTooLong(n int) error {
	return fmt.Errorf("text of %d characters is too long for a DataMatrix of %d modules", n, MaxModules)
}

// encode writes the codewords of ASCII encodation and counts them.
func encode[T string | []byte](words *[maxWords]byte, text T) (int, error) {
	if len(text) == 0 {
		return 0, fmt.Errorf("no text for a DataMatrix")
	}
	n := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c > 127 {
			return 0, fmt.Errorf("character %d is not ASCII", i+1)
		}
		if n == maxData {
			return 0, errTooLong(len(text))
		}
		if isDigit(c) && i+1 < len(text) && isDigit(text[i+1]) {
			i++
			words[n] = 130 + (c-'0')*10 + text[i] - '0'
		} else {
			words[n] = c + 1
		}
		n++
	}
	return n, nil
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// pad fills up the data from codeword n on: the end of the text, and then what
// the standard's 253-state algorithm makes of it, so that no pattern appears.
func pad(data []byte, n int) {
	const end = 129
	for i := n; i < len(data); i++ {
		if i == n {
			data[i] = end
			continue
		}
		v := end + 149*(i+1)%253 + 1
		if v > 254 {
			v -= 254
		}
		data[i] = byte(v)
	}
}

// shape is a size of symbol. All of them have one block of error correction.
type shape struct {
	side    int // modules
	regions int // on a side, each with a border of its own
	data    int // codewords of data
	check   int // codewords of error correction

	once  sync.Once
	base  [MaxModules]uint64 // borders and fixed modules
	place []point            // of each codeword's bits, the highest first
	poly  []byte             // logarithms of the generator polynomial
}

// point is a module of the symbol.
type point struct{ x, y uint8 }

const (
	maxData  = 174
	maxWords = maxData + 68
)

// shapes are the sizes of ISO/IEC 16022, table 7, that have one block.
var shapes = [...]shape{
	{side: 10, regions: 1, data: 3, check: 5},
	{side: 12, regions: 1, data: 5, check: 7},
	{side: 14, regions: 1, data: 8, check: 10},
	{side: 16, regions: 1, data: 12, check: 12},
	{side: 18, regions: 1, data: 18, check: 14},
	{side: 20, regions: 1, data: 22, check: 18},
	{side: 22, regions: 1, data: 30, check: 20},
	{side: 24, regions: 1, data: 36, check: 24},
	{side: 26, regions: 1, data: 44, check: 28},
	{side: 32, regions: 2, data: 62, check: 36},
	{side: 36, regions: 2, data: 86, check: 42},
	{side: 40, regions: 2, data: 114, check: 48},
	{side: 44, regions: 2, data: 144, check: 56},
	{side: 48, regions: 2, data: maxData, check: maxWords - maxData},
}

// draw adds the error correction and sets the modules.
func (sh *shape) draw(words *[maxWords]byte) Symbol {
	sh.once.Do(sh.prepare)
	sh.correct(words)
	s := Symbol{side: sh.side, rows: sh.base}
	for i, p := range sh.place {
		s.rows[p.y] |= uint64(words[i>>3]>>(7-i&7)&1) << p.x
	}
	return s
}

// The field GF(256) of the standard: x⁸+x⁵+x³+x²+1.
var powers, logs = field()

func field() (powers [510]byte, logs [256]uint16) {
	v := 1
	for i := range 255 {
		powers[i], powers[i+255] = byte(v), byte(v)
		logs[v] = uint16(i)
		if v <<= 1; v > 255 {
			v ^= 0x12D
		}
	}
	return powers, logs
}

// correct appends the Reed-Solomon codewords: the remainder of the data, as a
// polynomial, by the generator.
func (sh *shape) correct(words *[maxWords]byte) {
	rest := words[sh.data : sh.data+sh.check]
	clear(rest)
	for _, w := range words[:sh.data] {
		lead := w ^ rest[0]
		copy(rest, rest[1:])
		rest[len(rest)-1] = 0
		if lead == 0 {
			continue
		}
		l := logs[lead]
		for i, g := range sh.poly {
			rest[i] ^= powers[l+uint16(g)]
		}
	}
}

// prepare works out what depends on the size alone.
func (sh *shape) prepare() {
	// The generator is the product of x-α¹ … x-αⁿ, its highest coefficient 1.
	poly := make([]byte, sh.check+1)
	poly[sh.check] = 1
	for i := 1; i <= sh.check; i++ {
		for j := range poly {
			var v byte
			if j < sh.check {
				v = poly[j+1]
			}
			if poly[j] != 0 {
				v ^= powers[int(logs[poly[j]])+i]
			}
			poly[j] = v
		}
	}
	for _, c := range poly[1:] { // no coefficient of these generators is 0
		sh.poly = append(sh.poly, byte(logs[c]))
	}

	region := sh.side / sh.regions
	for r := range sh.regions {
		first, last := r*region, (r+1)*region-1
		for i := range sh.side {
			sh.base[last] |= 1 << i  // solid bottom
			sh.base[i] |= 1 << first // solid left
			if i%2 == 0 {
				sh.base[first] |= 1 << i // broken top
			} else {
				sh.base[i] |= 1 << last // broken right
			}
		}
	}

	g := grid{side: sh.side - 2*sh.regions}
	g.fill()
	module := func(row, col int) point {
		inner := region - 2
		return point{uint8(col + 1 + 2*(col/inner)), uint8(row + 1 + 2*(row/inner))}
	}
	sh.place = make([]point, 8*(sh.data+sh.check))
	for row := range g.side {
		for col := range g.side {
			p := module(row, col)
			switch v := g.bit[row][col]; v {
			case 0: // of the four modules that no codeword takes
				if row == col {
					sh.base[p.y] |= 1 << p.x
				}
			default:
				sh.place[v-1] = p
			}
		}
	}
}

// grid is the mapping matrix of the standard's annex F: which bit of which
// codeword lies where.
type grid struct {
	side int
	bit  [MaxModules][MaxModules]int // 1 + 8·codeword + bit, the highest bit being 0; 0: none
}

// fill walks the diagonals up and down and lays a codeword wherever one begins.
func (g *grid) fill() {
	n, word := g.side, 0
	lay := func(row, col int, shape *[8][2]int) {
		for b, d := range shape {
			g.set(row+d[0], col+d[1], 1+8*word+b)
		}
		word++
	}
	free := func(row, col int) bool {
		return row >= 0 && row < n && col >= 0 && col < n && g.bit[row][col] == 0
	}
	for row, col := 4, 0; row < n || col < n; {
		switch {
		case row == n && col == 0:
			lay(0, 0, &[8][2]int{{n - 1, 0}, {n - 1, 1}, {n - 1, 2}, {0, n - 2}, {0, n - 1}, {1, n - 1}, {2, n - 1}, {3, n - 1}})
		case row == n-2 && col == 0 && n%8 == 4:
			lay(0, 0, &[8][2]int{{n - 3, 0}, {n - 2, 0}, {n - 1, 0}, {0, n - 2}, {0, n - 1}, {1, n - 1}, {2, n - 1}, {3, n - 1}})
		case row == n-2 && col == 0 && n%4 != 0:
			lay(0, 0, &[8][2]int{{n - 3, 0}, {n - 2, 0}, {n - 1, 0}, {0, n - 4}, {0, n - 3}, {0, n - 2}, {0, n - 1}, {1, n - 1}})
		case row == n+4 && col == 2 && n%8 == 0:
			lay(0, 0, &[8][2]int{{n - 1, 0}, {n - 1, n - 1}, {0, n - 3}, {0, n - 2}, {0, n - 1}, {1, n - 3}, {1, n - 2}, {1, n - 1}})
		}
		for ; row >= 0 && col < n; row, col = row-2, col+2 {
			if free(row, col) {
				lay(row, col, &stair)
			}
		}
		for row, col = row+1, col+3; row < n && col >= 0; row, col = row+2, col-2 {
			if free(row, col) {
				lay(row, col, &stair)
			}
		}
		row, col = row+3, col+1
	}
}

// stair is the usual shape of a codeword, from its last module.
var stair = [8][2]int{{-2, -2}, {-2, -1}, {-1, -2}, {-1, -1}, {-1, 0}, {0, -2}, {0, -1}, {0, 0}}

// set marks a module; what falls off the top or left goes on at the other side.
func (g *grid) set(row, col, v int) {
	n := g.side
	if row < 0 {
		row += n
		col += 4 - (n+4)%8
	}
	if col < 0 {
		col += n
		row += 4 - (n+4)%8
	}
	g.bit[row][col] = v
}

// Append writes the dark modules as rectangles of a PDF path, in modules with the
// origin at the top left corner and y down: few of them, since runs that go on in
// the rows below are one.
func (s *Symbol) Append(buf []byte) []byte {
	rows := s.rows
	for y := range s.side {
		for rows[y] != 0 {
			x := bits.TrailingZeros64(rows[y])
			width := bits.TrailingZeros64(^(rows[y] >> x))
			run := (uint64(1)<<width - 1) << x
			height := 0
			for y+height < s.side && rows[y+height]&run == run {
				rows[y+height] &^= run
				height++
			}
			buf = append(small(buf, x), ' ')
			buf = append(small(buf, y), ' ')
			buf = append(small(buf, width), ' ')
			buf = append(small(buf, height), " re\n"...)
		}
	}
	return buf
}

// small writes a number below 100.
func small(buf []byte, v int) []byte {
	if v >= 10 {
		buf = append(buf, byte('0'+v/10))
	}
	return append(buf, byte('0'+v%10))
}
