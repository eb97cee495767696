package prepare

import (
	"math"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// pen is what a colour, pattern or image puts on the paper.
type pen struct {
	chroma uint8 // how far it is from grey, see fullChroma; 0: grey
	white  bool  // leaves no mark
}

// fullChroma is the chroma of a colour that is far from any grey, or that is not known. Below it, it is the difference between the
// strongest and the weakest of red, green and blue, in 255ths.
const fullChroma = 255

// nearGrey is the highest chroma, a tenth of the scale, that still looks grey to most readers, such as a logo in slate or warm grey.
const nearGrey = 25

// chromaOf is the chroma of a spread of 0–1 between red, green and blue.
func chromaOf(spread float64) uint8 {
	if n := int(math.Ceil(spread * 255)); n <= nearGrey {
		return uint8(max(1, n)) //nolint:gosec // at most nearGrey
	}
	return fullChroma
}

var (
	black      = pen{}
	white      = pen{white: true}
	coloured   = pen{chroma: fullChroma}
	greyLevels = 2.0 / 255 // how far R, G and B may differ in a grey
)

// spaceKind tells the families of colour spaces apart as far as grey needs it.
type spaceKind uint8

const (
	spaceGray spaceKind = iota
	spaceRGB
	spaceCMYK
	spaceLab
	spaceIndexed
	spaceTint // Separation and DeviceN
	spacePattern
	spaceUnknown
)

// space is a colour space.
type space struct {
	kind  spaceKind
	n     int    // components
	base  *space // of Indexed, of an uncoloured Pattern; alternate of a tint
	table []byte // of Indexed
	names []string
	tint  types.Object // tint transform
}

var (
	deviceGray = &space{kind: spaceGray, n: 1}
	deviceRGB  = &space{kind: spaceRGB, n: 3}
	deviceCMYK = &space{kind: spaceCMYK, n: 4}
	patternCS  = &space{kind: spacePattern}
	unknownCS  = &space{kind: spaceUnknown, n: 1}
)

// colourSpace resolves a colour space object; names are looked up in the
// resources. What it cannot make out is unknown, which counts as colour.
func (s *source) colourSpace(o types.Object, resources types.Dict, depth int) *space {
	if depth > 8 {
		return unknownCS
	}
	switch v := s.resolve(o).(type) {
	case types.Name:
		switch string(v) {
		case "DeviceGray", "G", "CalGray":
			return deviceGray
		case "DeviceRGB", "RGB", "CalRGB":
			return deviceRGB
		case "DeviceCMYK", "CMYK", "CalCMYK":
			return deviceCMYK
		case "Pattern":
			return patternCS
		}
		named, ok := s.dict(resources["ColorSpace"])[string(v)]
		if !ok {
			return unknownCS
		}
		return s.colourSpace(named, nil, depth+1)
	case types.Array:
		if len(v) == 0 {
			return unknownCS
		}
		at := func(i int) types.Object {
			if i < len(v) {
				return v[i]
			}
			return nil
		}
		switch family := s.name(v[0]); family {
		case "CalGray":
			return deviceGray
		case "CalRGB":
			return deviceRGB
		case "Lab":
			return &space{kind: spaceLab, n: 3}
		case "ICCBased":
			n, _ := s.integer(s.dict(at(1))["N"])
			switch n {
			case 1:
				return deviceGray
			case 3:
				return deviceRGB
			case 4:
				return deviceCMYK
			}
			return unknownCS
		case "Indexed", "I":
			sp := &space{kind: spaceIndexed, n: 1, base: s.colourSpace(at(1), resources, depth+1)}
			switch t := s.resolve(at(3)).(type) {
			case types.StreamDict:
				sp.table, _ = s.decode(t, 1<<20)
			default:
				sp.table = stringBytes(t)
			}
			return sp
		case "Separation", "DeviceN":
			sp := &space{kind: spaceTint, base: s.colourSpace(at(2), resources, depth+1), tint: at(3)}
			if family == "Separation" {
				sp.names = []string{s.name(at(1))}
			} else {
				for _, n := range s.array(at(1)) {
					sp.names = append(sp.names, s.name(n))
				}
			}
			sp.n = len(sp.names)
			return sp
		case "Pattern":
			sp := &space{kind: spacePattern}
			if len(v) > 1 {
				sp.base = s.colourSpace(v[1], resources, depth+1)
			}
			return sp
		default:
			if len(v) == 1 {
				return s.colourSpace(v[0], resources, depth+1)
			}
		}
	}
	return unknownCS
}

// initial returns the colour that a space begins with.
func (sp *space) initial() pen {
	switch sp.kind {
	case spaceUnknown:
		return coloured
	case spaceIndexed, spaceTint:
		return coloured // rarely painted with; every real use sets a colour
	default:
		return black
	}
}

// grey reports that a space can hold nothing but greys.
func (sp *space) grey() bool {
	switch sp.kind {
	case spaceGray:
		return true
	case spaceTint:
		for _, n := range sp.names {
			if n != "Black" && n != "None" {
				return sp.base != nil && sp.base.kind == spaceGray
			}
		}
		return true
	default:
		return false
	}
}

// judge tells what a colour given by components looks like.
func (s *source) judge(sp *space, v []float64, depth int) pen {
	if len(v) < sp.n || depth > 8 {
		return coloured
	}
	switch sp.kind {
	case spaceGray:
		return pen{white: v[0] >= 1-greyLevels/2}
	case spaceRGB:
		return judgeRGB(v[0], v[1], v[2], greyLevels)
	case spaceCMYK:
		return judgeCMYK(v[0], v[1], v[2], v[3])
	case spaceLab:
		p := pen{white: v[0] >= 99.5}
		if math.Abs(v[1]) > 1 || math.Abs(v[2]) > 1 {
			p.chroma = fullChroma
		}
		return p
	case spaceIndexed:
		if sp.base == nil || sp.base.n == 0 {
			return coloured
		}
		n := sp.base.n
		at := int(math.Max(0, math.Min(v[0], 1<<20))) * n
		if at+n > len(sp.table) {
			return coloured
		}
		return s.judge(sp.base, scaled(sp.base, sp.table[at:at+n]), depth+1)
	case spaceTint:
		return s.judgeTint(sp, v[:sp.n], depth)
	default:
		return coloured
	}
}

func (s *source) judgeTint(sp *space, v []float64, depth int) pen {
	dark, other := 0.0, 0.0
	for i, name := range sp.names {
		switch name {
		case "None":
		case "Black", "All":
			dark = math.Max(dark, v[i])
		default:
			other = math.Max(other, v[i])
		}
	}
	if other <= 0 {
		return pen{white: dark <= 0}
	}
	if sp.base != nil {
		if out, ok := s.function(sp.tint, v, 0); ok && len(out) >= sp.base.n {
			return s.judge(sp.base, out, depth+1)
		}
		if sp.base.kind == spaceGray {
			return black
		}
	}
	return coloured
}

// scaled turns 8-bit samples of a space into components.
func scaled(sp *space, samples []byte) []float64 {
	out := make([]float64, len(samples))
	for i, b := range samples {
		out[i] = float64(b) / 255
		if sp.kind == spaceLab {
			if i == 0 {
				out[i] *= 100
			} else {
				out[i] = out[i]*200 - 100
			}
		}
	}
	return out
}

func judgeRGB(r, g, b, tolerance float64) pen {
	lo, hi := math.Min(r, math.Min(g, b)), math.Max(r, math.Max(g, b))
	p := pen{white: lo >= 1-greyLevels/2}
	if hi-lo > tolerance+1e-9 {
		p.chroma = chromaOf(hi - lo)
	}
	return p
}

// judgeCMYK judges by the plain conversion to RGB, so that a rich black, which
// looks black, is grey. The wider tolerance covers how writers split a grey.
func judgeCMYK(c, m, y, k float64) pen {
	if c == 0 && m == 0 && y == 0 {
		return pen{white: k <= greyLevels/2}
	}
	return judgeRGB((1-c)*(1-k), (1-m)*(1-k), (1-y)*(1-k), 0.02)
}

// stringBytes returns the bytes of a string object, unescaped.
func stringBytes(o types.Object) []byte {
	switch v := o.(type) {
	case types.StringLiteral:
		return unescape(string(v))
	case types.HexLiteral:
		return unhex(string(v))
	}
	return nil
}

// unescape resolves the escapes of a literal string (ISO 32000-1 7.3.4.2).
func unescape(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '\r' {
			// An end of line in a string is one line feed.
			out = append(out, '\n')
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
			continue
		}
		if c != '\\' || i+1 == len(s) {
			out = append(out, c)
			continue
		}
		i++
		switch c = s[i]; c {
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case '\n':
		case '\r':
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		default:
			if c < '0' || c > '7' {
				out = append(out, c)
				continue
			}
			n := 0
			for j := 0; j < 3 && i < len(s) && s[i] >= '0' && s[i] <= '7'; j++ {
				n = n*8 + int(s[i]-'0')
				i++
			}
			i--
			out = append(out, byte(n))
		}
	}
	return out
}

// unhex reads a hexadecimal string; a missing last digit is 0.
func unhex(s string) []byte {
	out := make([]byte, 0, len(s)/2+1)
	high, half := byte(0), false
	for i := range len(s) {
		d, ok := hexDigit(s[i])
		if !ok {
			continue
		}
		if half {
			out = append(out, high<<4|d)
		}
		high, half = d, !half
	}
	if half {
		out = append(out, high<<4)
	}
	return out
}

// function evaluates a PDF function of type 0 (one input, 8-bit samples), 2 or
// 3. ok is false for others, for PostScript calculators above all.
func (s *source) function(o types.Object, in []float64, depth int) (out []float64, ok bool) {
	if depth > 8 {
		return nil, false
	}
	if fns := s.array(o); fns != nil {
		for _, f := range fns {
			v, ok := s.function(f, in, depth+1)
			if !ok || len(v) != 1 {
				return nil, false
			}
			out = append(out, v[0])
		}
		return out, len(out) > 0
	}
	d := s.dict(o)
	kind, ok := s.integer(d["FunctionType"])
	if !ok || len(in) != 1 {
		return nil, false
	}
	domain := s.numbers(d["Domain"], 2)
	if domain == nil {
		domain = []float64{0, 1}
	}
	x := math.Max(domain[0], math.Min(domain[1], in[0]))
	switch kind {
	case 0:
		return s.sampled(o, d, domain, x)
	case 2:
		n, _ := s.number(d["N"])
		c0, c1 := s.list(d["C0"]), s.list(d["C1"])
		if c0 == nil {
			c0 = []float64{0}
		}
		if c1 == nil {
			c1 = []float64{1}
		}
		if len(c0) != len(c1) {
			return nil, false
		}
		p := math.Pow(x, n)
		for i := range c0 {
			out = append(out, c0[i]+p*(c1[i]-c0[i]))
		}
		return out, true
	case 3:
		fns := s.array(d["Functions"])
		bounds := s.list(d["Bounds"])
		encode := s.numbers(d["Encode"], 2*len(fns))
		if len(fns) == 0 || len(bounds) != len(fns)-1 || encode == nil {
			return nil, false
		}
		i := 0
		for i < len(bounds) && x >= bounds[i] {
			i++
		}
		lo, hi := domain[0], domain[1]
		if i > 0 {
			lo = bounds[i-1]
		}
		if i < len(bounds) {
			hi = bounds[i]
		}
		t := encode[2*i]
		if hi > lo {
			t += (x - lo) / (hi - lo) * (encode[2*i+1] - encode[2*i])
		}
		return s.function(fns[i], []float64{t}, depth+1)
	}
	return nil, false
}

func (s *source) sampled(o types.Object, d types.Dict, domain []float64, x float64) ([]float64, bool) {
	size := s.numbers(d["Size"], 1)
	bits, _ := s.integer(d["BitsPerSample"])
	rng := s.list(d["Range"])
	sd, ok := s.stream(o)
	if !ok || size == nil || size[0] < 1 || size[0] > 1<<16 || bits != 8 || len(rng) < 2 {
		return nil, false
	}
	count, n := int(size[0]), len(rng)/2
	data, ok := s.decode(sd, 1<<24)
	if !ok || len(data) < count*n {
		return nil, false
	}
	at := 0.0
	if domain[1] > domain[0] {
		at = (x - domain[0]) / (domain[1] - domain[0]) * float64(count-1)
	}
	i := int(math.Round(at))
	out := make([]float64, n)
	for j := range out {
		out[j] = rng[2*j] + float64(data[i*n+j])/255*(rng[2*j+1]-rng[2*j])
	}
	return out, true
}

// list returns an array of numbers of any length, nil when it is not one.
func (s *source) list(o types.Object) []float64 {
	a := s.array(o)
	if a == nil || len(a) > 1<<16 {
		return nil
	}
	return s.numbers(a, len(a))
}

// shadingPen judges a shading: grey when its space holds only greys, or when
// its function gives greys at 17 places. Meshes with colours in their data
// count as colour.
func (s *source) shadingPen(o types.Object, resources types.Dict) pen {
	d := s.dict(o)
	if d == nil {
		return white // nothing is drawn
	}
	sp := s.colourSpace(d["ColorSpace"], resources, 0)
	if sp.grey() {
		return black
	}
	kind, _ := s.integer(d["ShadingType"])
	if kind != 2 && kind != 3 {
		return coloured
	}
	domain := s.numbers(d["Domain"], 2)
	if domain == nil {
		domain = []float64{0, 1}
	}
	found := black
	for i := range 17 {
		t := domain[0] + float64(i)/16*(domain[1]-domain[0])
		v, ok := s.function(d["Function"], []float64{t}, 0)
		if !ok {
			return coloured
		}
		found.chroma = max(found.chroma, s.judge(sp, v, 0).chroma)
	}
	return found
}

// maxJudgedImage bounds the decoded images, in bytes, that are looked at
// pixel by pixel.
const maxJudgedImage = 64 << 20

// imagePen judges an image that is no mask. Exact for grey, indexed and
// losslessly compressed 8-bit images; an RGB or CMYK image in JPEG, JPEG 2000
// or another depth counts as colour although all its pixels may be grey.
func (s *source) imagePen(sd types.StreamDict, resources types.Dict) pen {
	d := sd.Dict
	o, ok := d["ColorSpace"]
	if !ok {
		if o, ok = d["CS"]; !ok {
			return coloured
		}
	}
	sp := s.colourSpace(o, resources, 0)
	if sp.grey() {
		return black
	}
	bits, ok := s.integer(d["BitsPerComponent"])
	if !ok {
		bits, _ = s.integer(d["BPC"])
	}
	width, ok := s.integer(d["Width"])
	if !ok {
		width, _ = s.integer(d["W"])
	}
	if sp.kind == spaceIndexed {
		return s.indexedPen(sd, sp, bits, width)
	}
	if bits != 8 || sp.kind != spaceRGB && sp.kind != spaceCMYK {
		return coloured
	}
	if height, ok := s.integer(d["Height"]); ok && height > 0 && width > maxJudgedImage/sp.n/height {
		return coloured // what is too large is not decoded to see that it is
	}
	data, ok := s.decode(sd, maxJudgedImage)
	if !ok || len(data) == 0 {
		return coloured
	}
	n, found := sp.n, black
	if n == 3 {
		for i := 0; i+2 < len(data); i += 3 {
			r, g, b := int(data[i]), int(data[i+1]), int(data[i+2])
			if spread := max(r, g, b) - min(r, g, b); spread > nearGrey {
				return coloured
			} else if spread > 2 {
				found.chroma = max(found.chroma, uint8(spread)) //nolint:gosec // at most nearGrey
			}
		}
		return found
	}
	for i := 0; i+3 < len(data); i += 4 {
		c, m, y, k := data[i], data[i+1], data[i+2], data[i+3]
		if c == m && m == y {
			continue
		}
		found.chroma = max(found.chroma, judgeCMYK(float64(c)/255, float64(m)/255, float64(y)/255, float64(k)/255).chroma)
		if found.chroma == fullChroma {
			return coloured
		}
	}
	return found
}

func (s *source) indexedPen(sd types.StreamDict, sp *space, bits, width int) pen {
	var used [256]bool
	all := true
	if data, ok := s.decode(sd, maxJudgedImage); ok && sd.Dict["Decode"] == nil && width > 0 && len(data) > 0 {
		switch bits {
		case 8:
			all = false
			for _, b := range data {
				used[b] = true
			}
		case 1, 2, 4:
			all = false
			row := (width*bits + 7) / 8
			for y := 0; y < len(data); y += row {
				for x := range width {
					at := y + x*bits/8
					if at >= len(data) {
						break
					}
					shift := 8 - bits - x*bits%8
					used[int(data[at])>>shift&(1<<bits-1)] = true
				}
			}
		}
	}
	if sp.base == nil || sp.base.n == 0 {
		return coloured
	}
	entries := len(sp.table) / sp.base.n
	if all && bits > 0 && bits < 8 {
		entries = min(entries, 1<<bits)
	}
	found := black
	for i := range min(entries, 256) {
		if all || used[i] {
			found.chroma = max(found.chroma, s.judge(sp, []float64{float64(i)}, 0).chroma)
		}
	}
	return found
}
