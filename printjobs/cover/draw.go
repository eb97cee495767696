package cover

import (
	"errors"
	"fmt"

	"postgang/printjobs/datamatrix"
	"postgang/printjobs/typeset"
)

// sheet is a whole sheet to draw on.
func sheet() *typeset.Canvas {
	return &typeset.Canvas{Height: pageHeightMM * pointsPerMM}
}

// encodeMatrix makes the DataMatrix of a shipment id.
func encodeMatrix(id string) (datamatrix.Symbol, error) {
	for i := range len(id) {
		if id[i] < ' ' || id[i] > '~' {
			return datamatrix.Symbol{}, fmt.Errorf("shipment id: character %d is not printable ASCII", i+1)
		}
	}
	if id == "" {
		return datamatrix.Symbol{}, errors.New("shipment id is empty")
	}
	code, err := datamatrix.Encode(id, 0)
	if err != nil {
		return datamatrix.Symbol{}, fmt.Errorf("shipment id: %w", err)
	}
	return code, nil
}

// drawMatrix draws a symbol with its top right corner at (right, top), in coordinates of modules so that every number is
// short.
func drawMatrix(c *typeset.Canvas, s *datamatrix.Symbol, right, top, module float64) {
	c.Buf = append(c.Buf, "q\n"...)
	c.Op("cm", module, 0, 0, -module, right-float64(s.Modules())*module, c.Height-top)
	c.Buf = append(s.Append(c.Buf), "f\nQ\n"...)
}
