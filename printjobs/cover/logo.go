package cover

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // the two formats that a logo may have
	_ "image/png"

	"postgang/printjobs/printfile"
	"postgang/printjobs/typeset"
)

// maxLogoPixels bounds a logo: 40 × 16 mm at 600 dpi is 0.4 million, and a huge picture costs memory only to be scaled down.
const maxLogoPixels = 4_000_000

// logo is a decoded picture on white paper.
type logo struct {
	width, height int    // pixels
	colour        bool   // three bytes a pixel, else one
	data          []byte // samples, compressed by zlib
}

func decodeLogo(file []byte) (logo, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return logo{}, fmt.Errorf("%w: %w", errLogo, err)
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxLogoPixels/config.Height {
		return logo{}, fmt.Errorf("picture of %d × %d pixels: at most %d million are needed on paper", config.Width, config.Height, maxLogoPixels/1_000_000)
	}
	picture, _, err := image.Decode(bytes.NewReader(file))
	if err != nil {
		return logo{}, fmt.Errorf("%w: %w", errLogo, err)
	}
	box := picture.Bounds()
	p := logo{width: box.Dx(), height: box.Dy()}
	rgb := make([]byte, 0, p.width*p.height*3)
	for y := box.Min.Y; y < box.Max.Y; y++ {
		for x := box.Min.X; x < box.Max.X; x++ {
			r, g, b, a := picture.At(x, y).RGBA() // premultiplied, 16 bits
			white := 0xFFFF - a
			pixel := [3]byte{byte((r + white) >> 8), byte((g + white) >> 8), byte((b + white) >> 8)}
			p.colour = p.colour || pixel[0] != pixel[1] || pixel[1] != pixel[2]
			rgb = append(rgb, pixel[:]...)
		}
	}
	if !p.colour { // grey costs a third, and the printer's meter counts it as black
		for i := range p.width * p.height {
			rgb[i] = rgb[3*i]
		}
		rgb = rgb[:p.width*p.height]
	}
	p.data, err = typeset.Deflate(rgb)
	return p, err
}

func (p logo) object() printfile.Stream {
	space := printfile.Name("DeviceGray")
	if p.colour {
		space = "DeviceRGB"
	}
	return printfile.Stream{
		Dict: printfile.Dict{
			"Type": printfile.Name("XObject"), "Subtype": printfile.Name("Image"),
			"Width": printfile.Int(p.width), "Height": printfile.Int(p.height),
			"ColorSpace": space, "BitsPerComponent": printfile.Int(8), "Filter": printfile.Name("FlateDecode"),
		},
		Data: p.data,
	}
}
