package scan

import (
	"postgang/printjobs/prepare/finding"
	"postgang/printjobs/prepare/sheet"
)

// Zone is a reserved part of the upright A4 page, in mm from its top left
// corner. Ink in it is a finding CodeReservedZone; see ZoneScanner for how it
// is measured.
type Zone struct {
	// Name is shown to people, in Norwegian: "konvolutteringssonen".
	Name     string  `json:"name"`
	XMM      float64 `json:"xMM"`
	YMM      float64 `json:"yMM"`
	WidthMM  float64 `json:"widthMM"`
	HeightMM float64 `json:"heightMM"`
	// Level is off when empty.
	Level finding.Level `json:"level,omitempty"`
}

// InserterZone is where inserters read their marks: x 0 to 15 mm, y 95 to
// 175 mm (docs/sources.md, Paper and PDFs).
func InserterZone(level finding.Level) Zone {
	return Zone{Name: "konvolutteringssonen", XMM: 0, YMM: 95, WidthMM: 15, HeightMM: 80, Level: level}
}

// UnprintableEdge returns the four strips along the edges of A4 that a printer
// cannot reach, edge mm wide.
func UnprintableEdge(edge float64, level finding.Level) []Zone {
	return []Zone{
		{Name: "øvre kant", WidthMM: sheet.A4WidthMM, HeightMM: edge, Level: level},
		{Name: "nedre kant", YMM: sheet.A4HeightMM - edge, WidthMM: sheet.A4WidthMM, HeightMM: edge, Level: level},
		{Name: "venstre kant", WidthMM: edge, HeightMM: sheet.A4HeightMM, Level: level},
		{Name: "høyre kant", XMM: sheet.A4WidthMM - edge, WidthMM: edge, HeightMM: sheet.A4HeightMM, Level: level},
	}
}
