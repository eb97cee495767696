package scan

import (
	"bytes"
	"image"
	"image/jpeg"
	"math"

	"postgang/printjobs/prepare/content"
	"postgang/printjobs/prepare/sheet"
	"postgang/printjobs/prepare/syntax"
)

// bitmap tells which pixels of an image are ink; row 0 is the topmost. A
// printer that smooths a coarse image may spread its ink by one pixel of it.
type bitmap struct {
	w, h int
	dark func(x, y int) bool
}

// paperWhite is the least value of 255 of every colour that counts as white in
// a picture: scanners and JPEG leave white paper a little grey.
const paperWhite = 250

// pixels returns the bitmap of an image XObject. nil stands for one that
// cannot be looked at: JBIG2, JPEG 2000, CCITT, a palette, CMYK, Lab, other
// depths, or too large.
func (z *ZoneScanner) pixels(sd syntax.StreamDict, resources syntax.Dict, w, h int) *bitmap {
	if w <= 0 || h <= 0 || w > content.MaxPixels/h {
		return nil
	}
	d := sd.Dict
	if z.isTrue(d["ImageMask"]) {
		data, ok := z.s.Decode(sd, content.MaxJudgedImage)
		row := (w + 7) / 8
		if !ok || len(data) < row*h {
			return nil
		}
		paints := byte(0)
		if v := z.s.Numbers(d["Decode"], 2); v != nil && v[0] > v[1] {
			paints = 1
		}
		return &bitmap{w, h, func(x, y int) bool { return data[y*row+x/8]>>(7-x%8)&1 == paints }}
	}
	if z.s.Array(d["Decode"]) != nil {
		return nil
	}
	sp := content.ColourSpace(z.s, d["ColorSpace"], resources, 0)
	if sp.Kind != content.SpaceGray && sp.Kind != content.SpaceRGB {
		return nil
	}
	if n := len(sd.FilterPipeline); n == 1 && sd.FilterPipeline[0].Name == "DCTDecode" {
		return jpegPixels(sd.Raw, w, h)
	}
	bits, _ := z.s.Integer(d["BitsPerComponent"])
	data, ok := z.s.Decode(sd, content.MaxJudgedImage)
	switch {
	case !ok:
	case bits == 1 && sp.Kind == content.SpaceGray:
		if row := (w + 7) / 8; len(data) >= row*h {
			return &bitmap{w, h, func(x, y int) bool { return data[y*row+x/8]>>(7-x%8)&1 == 0 }}
		}
	case bits == 8 && len(data) >= sp.N*w*h:
		n := sp.N
		return &bitmap{w, h, func(x, y int) bool {
			for _, v := range data[n*(y*w+x):][:n] {
				if v < paperWhite {
					return true
				}
			}
			return false
		}}
	}
	return nil
}

// jpegPixels decodes a picture in grey or YCbCr.
func jpegPixels(raw []byte, w, h int) *bitmap {
	conf, err := jpeg.DecodeConfig(bytes.NewReader(raw))
	if err != nil || conf.Width != w || conf.Height != h {
		return nil
	}
	decoded, err := jpeg.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	switch p := decoded.(type) {
	case *image.Gray:
		return &bitmap{w, h, func(x, y int) bool { return p.GrayAt(x, y).Y < paperWhite }}
	case *image.YCbCr:
		return &bitmap{w, h, func(x, y int) bool {
			r, g, b, _ := p.YCbCrAt(x, y).RGBA()
			return min(r, g, b)>>8 < paperWhite
		}}
	}
	return nil
}

// pixelInk measures the ink of an upright bitmap in the zones. ok is false when
// it does not lie upright.
func (z *ZoneScanner) pixelInk(p *bitmap, m sheet.Matrix, clip sheet.Rect) (ok bool) {
	straight := m[1] == 0 && m[2] == 0 && m[0] != 0 && m[3] != 0
	turned := m[0] == 0 && m[3] == 0 && m[1] != 0 && m[2] != 0
	if !straight && !turned {
		return false
	}
	seen, ok := m.Bounds(sheet.Rect{X0: 0, Y0: 0, X1: 1, Y1: 1}).Intersect(clip)
	if !ok {
		return true
	}
	for i, a := range z.areas {
		target, ok := a.Intersect(seen)
		if !ok {
			continue
		}
		// The target in the image's unit square.
		var unit sheet.Rect
		if straight {
			unit = sheet.NewRect((target.X0-m[4])/m[0], (target.Y0-m[5])/m[3], (target.X1-m[4])/m[0], (target.Y1-m[5])/m[3])
		} else {
			unit = sheet.NewRect((target.Y0-m[5])/m[1], (target.X0-m[4])/m[2], (target.Y1-m[5])/m[1], (target.X1-m[4])/m[2])
		}
		cell := func(v float64, n int) int { return int(math.Max(0, math.Min(float64(n), v))) }
		w, h := float64(p.w), float64(p.h)
		x0, x1 := cell(math.Floor(unit.X0*w), p.w), cell(math.Ceil(unit.X1*w), p.w)
		y0, y1 := cell(math.Floor((1-unit.Y1)*h), p.h), cell(math.Ceil((1-unit.Y0)*h), p.h)
		left, right, top, bottom := x1, x0, y1, y0
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if p.dark(x, y) {
					left, right, top, bottom = min(left, x), max(right, x+1), min(top, y), max(bottom, y+1)
				}
			}
		}
		if left >= right {
			continue
		}
		ink := m.Bounds(sheet.Rect{X0: float64(left) / w, Y0: 1 - float64(bottom)/h, X1: float64(right) / w, Y1: 1 - float64(top)/h})
		if ink, ok = ink.Intersect(clip); ok {
			z.add(i, ink)
		}
	}
	return true
}
