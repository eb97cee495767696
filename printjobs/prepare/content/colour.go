package content

import (
	"math"

	"postgang/printjobs/prepare/read"
	"postgang/printjobs/prepare/syntax"
)

// Pen is what a colour, pattern or image puts on the paper.
type Pen struct {
	Chroma uint8 // how far it is from grey, see FullChroma; 0: grey
	White  bool  // leaves no mark
}

// FullChroma is the chroma of a colour that is far from any grey, or that is not known. Below it, it is the difference between the
// strongest and the weakest of red, green and blue, in 255ths.
const FullChroma = 255

// NearGrey is the highest chroma, a tenth of the scale, that still looks grey to most readers, such as a logo in slate or warm grey.
const NearGrey = 25

// chromaOf is the chroma of a spread of 0–1 between red, green and blue.
func chromaOf(spread float64) uint8 {
	if n := int(math.Ceil(spread * 255)); n <= NearGrey {
		return uint8(max(1, n)) //nolint:gosec // at most NearGrey
	}
	return FullChroma
}

// Colours of a pen.
var (
	black      = Pen{}
	White      = Pen{White: true}        // paper
	Coloured   = Pen{Chroma: FullChroma} // certainly no grey
	greyLevels = 2.0 / 255               // how far R, G and B may differ in a grey
)

// spaceKind tells the families of colour spaces apart as far as grey needs it.
type spaceKind uint8

// The families.
const (
	SpaceGray spaceKind = iota
	SpaceRGB
	spaceCMYK
	spaceLab
	spaceIndexed
	spaceTint // Separation and DeviceN
	SpacePattern
	SpaceUnknown
)

// Space is a colour space.
type Space struct {
	Kind  spaceKind
	N     int    // components
	Base  *Space // of Indexed, of an uncoloured Pattern; alternate of a tint
	table []byte // of Indexed
	names []string
	tint  syntax.Object // tint transform
}

// The spaces that need no entry in the resources.
var (
	DeviceGray = &Space{Kind: SpaceGray, N: 1}
	DeviceRGB  = &Space{Kind: SpaceRGB, N: 3}
	DeviceCMYK = &Space{Kind: spaceCMYK, N: 4}
	patternCS  = &Space{Kind: SpacePattern}
	unknownCS  = &Space{Kind: SpaceUnknown, N: 1}
)

// ColourSpace resolves a colour space object; names are looked up in the
// resources. What it cannot make out is unknown, which counts as colour.
func ColourSpace(s *read.Document, o syntax.Object, resources syntax.Dict, depth int) *Space {
	if depth > 8 {
		return unknownCS
	}
	switch v := s.Resolve(o).(type) {
	case syntax.Name:
		switch string(v) {
		case "DeviceGray", "G", "CalGray":
			return DeviceGray
		case "DeviceRGB", "RGB", "CalRGB":
			return DeviceRGB
		case "DeviceCMYK", "CMYK", "CalCMYK":
			return DeviceCMYK
		case "Pattern":
			return patternCS
		}
		named, ok := s.Dict(resources["ColorSpace"])[string(v)]
		if !ok {
			return unknownCS
		}
		return ColourSpace(s, named, nil, depth+1)
	case syntax.Array:
		if len(v) == 0 {
			return unknownCS
		}
		at := func(i int) syntax.Object {
			if i < len(v) {
				return v[i]
			}
			return nil
		}
		switch family := s.Name(v[0]); family {
		case "CalGray":
			return DeviceGray
		case "CalRGB":
			return DeviceRGB
		case "Lab":
			return &Space{Kind: spaceLab, N: 3}
		case "ICCBased":
			n, _ := s.Integer(s.Dict(at(1))["N"])
			switch n {
			case 1:
				return DeviceGray
			case 3:
				return DeviceRGB
			case 4:
				return DeviceCMYK
			}
			return unknownCS
		case "Indexed", "I":
			sp := &Space{Kind: spaceIndexed, N: 1, Base: ColourSpace(s, at(1), resources, depth+1)}
			switch t := s.Resolve(at(3)).(type) {
			case syntax.StreamDict:
				sp.table, _ = s.Decode(t, 1<<20)
			default:
				sp.table = syntax.StringBytes(t)
			}
			return sp
		case "Separation", "DeviceN":
			sp := &Space{Kind: spaceTint, Base: ColourSpace(s, at(2), resources, depth+1), tint: at(3)}
			if family == "Separation" {
				sp.names = []string{s.Name(at(1))}
			} else {
				for _, n := range s.Array(at(1)) {
					sp.names = append(sp.names, s.Name(n))
				}
			}
			sp.N = len(sp.names)
			return sp
		case "Pattern":
			sp := &Space{Kind: SpacePattern}
			if len(v) > 1 {
				sp.Base = ColourSpace(s, v[1], resources, depth+1)
			}
			return sp
		default:
			if len(v) == 1 {
				return ColourSpace(s, v[0], resources, depth+1)
			}
		}
	}
	return unknownCS
}

// Initial returns the colour that a space begins with.
func (sp *Space) Initial() Pen {
	switch sp.Kind {
	case SpaceUnknown:
		return Coloured
	case spaceIndexed, spaceTint:
		return Coloured // rarely painted with; every real use sets a colour
	default:
		return black
	}
}

// grey reports that a space can hold nothing but greys.
func (sp *Space) grey() bool {
	switch sp.Kind {
	case SpaceGray:
		return true
	case spaceTint:
		for _, n := range sp.names {
			if n != "Black" && n != "None" {
				return sp.Base != nil && sp.Base.Kind == SpaceGray
			}
		}
		return true
	default:
		return false
	}
}

// Judge tells what a colour given by components looks like.
func Judge(s *read.Document, sp *Space, v []float64, depth int) Pen {
	if len(v) < sp.N || depth > 8 {
		return Coloured
	}
	switch sp.Kind {
	case SpaceGray:
		return Pen{White: v[0] >= 1-greyLevels/2}
	case SpaceRGB:
		return judgeRGB(v[0], v[1], v[2], greyLevels)
	case spaceCMYK:
		return judgeCMYK(v[0], v[1], v[2], v[3])
	case spaceLab:
		p := Pen{White: v[0] >= 99.5}
		if math.Abs(v[1]) > 1 || math.Abs(v[2]) > 1 {
			p.Chroma = FullChroma
		}
		return p
	case spaceIndexed:
		if sp.Base == nil || sp.Base.N == 0 {
			return Coloured
		}
		n := sp.Base.N
		at := int(math.Max(0, math.Min(v[0], 1<<20))) * n
		if at+n > len(sp.table) {
			return Coloured
		}
		return Judge(s, sp.Base, scaled(sp.Base, sp.table[at:at+n]), depth+1)
	case spaceTint:
		return judgeTint(s, sp, v[:sp.N], depth)
	default:
		return Coloured
	}
}

func judgeTint(s *read.Document, sp *Space, v []float64, depth int) Pen {
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
		return Pen{White: dark <= 0}
	}
	if sp.Base != nil {
		if out, ok := function(s, sp.tint, v, 0); ok && len(out) >= sp.Base.N {
			return Judge(s, sp.Base, out, depth+1)
		}
		if sp.Base.Kind == SpaceGray {
			return black
		}
	}
	return Coloured
}

// scaled turns 8-bit samples of a space into components.
func scaled(sp *Space, samples []byte) []float64 {
	out := make([]float64, len(samples))
	for i, b := range samples {
		out[i] = float64(b) / 255
		if sp.Kind == spaceLab {
			if i == 0 {
				out[i] *= 100
			} else {
				out[i] = out[i]*200 - 100
			}
		}
	}
	return out
}

func judgeRGB(r, g, b, tolerance float64) Pen {
	lo, hi := math.Min(r, math.Min(g, b)), math.Max(r, math.Max(g, b))
	p := Pen{White: lo >= 1-greyLevels/2}
	if hi-lo > tolerance+1e-9 {
		p.Chroma = chromaOf(hi - lo)
	}
	return p
}

// judgeCMYK judges by the plain conversion to RGB, so that a rich black, which
// looks black, is grey. The wider tolerance covers how writers split a grey.
func judgeCMYK(c, m, y, k float64) Pen {
	if c == 0 && m == 0 && y == 0 {
		return Pen{White: k <= greyLevels/2}
	}
	return judgeRGB((1-c)*(1-k), (1-m)*(1-k), (1-y)*(1-k), 0.02)
}

// function evaluates a PDF function of type 0 (one input, 8-bit samples), 2 or
// 3. ok is false for others, for PostScript calculators above all.
func function(s *read.Document, o syntax.Object, in []float64, depth int) (out []float64, ok bool) {
	if depth > 8 {
		return nil, false
	}
	if fns := s.Array(o); fns != nil {
		for _, f := range fns {
			v, ok := function(s, f, in, depth+1)
			if !ok || len(v) != 1 {
				return nil, false
			}
			out = append(out, v[0])
		}
		return out, len(out) > 0
	}
	d := s.Dict(o)
	kind, ok := s.Integer(d["FunctionType"])
	if !ok || len(in) != 1 {
		return nil, false
	}
	domain := s.Numbers(d["Domain"], 2)
	if domain == nil {
		domain = []float64{0, 1}
	}
	x := math.Max(domain[0], math.Min(domain[1], in[0]))
	switch kind {
	case 0:
		return sampled(s, o, d, domain, x)
	case 2:
		n, _ := s.Number(d["N"])
		c0, c1 := s.List(d["C0"]), s.List(d["C1"])
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
		fns := s.Array(d["Functions"])
		bounds := s.List(d["Bounds"])
		encode := s.Numbers(d["Encode"], 2*len(fns))
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
		return function(s, fns[i], []float64{t}, depth+1)
	}
	return nil, false
}

func sampled(s *read.Document, o syntax.Object, d syntax.Dict, domain []float64, x float64) ([]float64, bool) {
	size := s.Numbers(d["Size"], 1)
	bits, _ := s.Integer(d["BitsPerSample"])
	rng := s.List(d["Range"])
	sd, ok := s.Stream(o)
	if !ok || size == nil || size[0] < 1 || size[0] > 1<<16 || bits != 8 || len(rng) < 2 {
		return nil, false
	}
	count, n := int(size[0]), len(rng)/2
	data, ok := s.Decode(sd, 1<<24)
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

// ShadingPen judges a shading: grey when its space holds only greys, or when
// its function gives greys at 17 places. Meshes with colours in their data
// count as colour.
func ShadingPen(s *read.Document, o syntax.Object, resources syntax.Dict) Pen {
	d := s.Dict(o)
	if d == nil {
		return White // nothing is drawn
	}
	sp := ColourSpace(s, d["ColorSpace"], resources, 0)
	if sp.grey() {
		return black
	}
	kind, _ := s.Integer(d["ShadingType"])
	if kind != 2 && kind != 3 {
		return Coloured
	}
	domain := s.Numbers(d["Domain"], 2)
	if domain == nil {
		domain = []float64{0, 1}
	}
	found := black
	for i := range 17 {
		t := domain[0] + float64(i)/16*(domain[1]-domain[0])
		v, ok := function(s, d["Function"], []float64{t}, 0)
		if !ok {
			return Coloured
		}
		found.Chroma = max(found.Chroma, Judge(s, sp, v, 0).Chroma)
	}
	return found
}

// MaxJudgedImage bounds the decoded images, in bytes, that are looked at
// pixel by pixel.
const MaxJudgedImage = 64 << 20

// MaxPixels bounds the images that are looked at pixel by pixel, as
// MaxJudgedImage does for what is not compressed as a picture.
const MaxPixels = MaxJudgedImage / 3

// ImagePen judges an image that is no mask. Exact for grey, indexed and
// losslessly compressed 8-bit images; an RGB or CMYK image in JPEG, JPEG 2000
// or another depth counts as colour although all its pixels may be grey.
func ImagePen(s *read.Document, sd syntax.StreamDict, resources syntax.Dict) Pen {
	d := sd.Dict
	o, ok := d["ColorSpace"]
	if !ok {
		if o, ok = d["CS"]; !ok {
			return Coloured
		}
	}
	sp := ColourSpace(s, o, resources, 0)
	if sp.grey() {
		return black
	}
	bits, ok := s.Integer(d["BitsPerComponent"])
	if !ok {
		bits, _ = s.Integer(d["BPC"])
	}
	width, ok := s.Integer(d["Width"])
	if !ok {
		width, _ = s.Integer(d["W"])
	}
	if sp.Kind == spaceIndexed {
		return indexedPen(s, sd, sp, bits, width)
	}
	if bits != 8 || sp.Kind != SpaceRGB && sp.Kind != spaceCMYK {
		return Coloured
	}
	if height, ok := s.Integer(d["Height"]); ok && height > 0 && width > MaxJudgedImage/sp.N/height {
		return Coloured // what is too large is not decoded to see that it is
	}
	data, ok := s.Decode(sd, MaxJudgedImage)
	if !ok || len(data) == 0 {
		return Coloured
	}
	n, found := sp.N, black
	if n == 3 {
		for i := 0; i+2 < len(data); i += 3 {
			r, g, b := int(data[i]), int(data[i+1]), int(data[i+2])
			if spread := max(r, g, b) - min(r, g, b); spread > NearGrey {
				return Coloured
			} else if spread > 2 {
				found.Chroma = max(found.Chroma, uint8(spread)) //nolint:gosec // at most NearGrey
			}
		}
		return found
	}
	for i := 0; i+3 < len(data); i += 4 {
		c, m, y, k := data[i], data[i+1], data[i+2], data[i+3]
		if c == m && m == y {
			continue
		}
		found.Chroma = max(found.Chroma, judgeCMYK(float64(c)/255, float64(m)/255, float64(y)/255, float64(k)/255).Chroma)
		if found.Chroma == FullChroma {
			return Coloured
		}
	}
	return found
}

func indexedPen(s *read.Document, sd syntax.StreamDict, sp *Space, bits, width int) Pen {
	var used [256]bool
	all := true
	if data, ok := s.Decode(sd, MaxJudgedImage); ok && sd.Dict["Decode"] == nil && width > 0 && len(data) > 0 {
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
	if sp.Base == nil || sp.Base.N == 0 {
		return Coloured
	}
	entries := len(sp.table) / sp.Base.N
	if all && bits > 0 && bits < 8 {
		entries = min(entries, 1<<bits)
	}
	found := black
	for i := range min(entries, 256) {
		if all || used[i] {
			found.Chroma = max(found.Chroma, Judge(s, sp, []float64{float64(i)}, 0).Chroma)
		}
	}
	return found
}
