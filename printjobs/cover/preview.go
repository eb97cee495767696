package cover

import (
	"time"

	"postgang/printjobs/printfile"
)

// made up for previews: nobody lives there.
var previewRecipient = Address{Name: "Kari Nordmann", Line1: "c/o Ola Nordmann", Line2: "Oppgang B", Line3: "Eksempelgata 12", Postcode: "0001", City: "Oslo"}

const (
	previewShipment = "00000000-0000-4000-8000-000000000000"
	previewTitle    = "Eksempel: slik står tittelen på brevet"
	previewLegend   = "Stiplet: konvoluttens vindu. Heltrukket: synes i vinduet hvordan arket enn ligger. Rammene blir ikke trykt."
)

// Preview draws the cover of a letter that does not exist, in a language (empty: the sender's) and of a day, for whoever sets up the
// sender. The envelope's window and what of the sheet always shows in it are outlined, which no other cover has.
func (m *Maker) Preview(l Language, day time.Time) (*printfile.Prepared, []Warning, error) {
	var warnings []Warning
	letter := Letter{ShipmentID: previewShipment, Recipient: previewRecipient, Title: previewTitle, Date: day, Language: l}
	content, err := m.content(letter, func(w Warning) { warnings = append(warnings, w) })
	if err != nil {
		return nil, nil, err
	}
	c := sheet()
	c.Buf = content
	outline := func(r rect, dash string) {
		c.Buf = append(c.Buf, "q "+dash+" 0 d\n"...)
		c.Op("w", 0.5)
		c.Op("G", labelGray)
		c.Op("re", r.x0*pointsPerMM, c.Height-r.y1*pointsPerMM, (r.x1-r.x0)*pointsPerMM, (r.y1-r.y0)*pointsPerMM)
		c.Buf = append(c.Buf, "S Q\n"...)
	}
	outline(m.layout.window(), "[4 3]")
	outline(m.layout.safe(), "[]")
	const legendPt, gapPt = 6.5, 4
	c.Lines(m.label(legendPt), m.layout.MarginLeftMM*pointsPerMM, m.layout.window().y1*pointsPerMM+gapPt+legendPt, 0, previewLegend)
	p, err := m.page(c.Buf)
	return p, warnings, err
}
