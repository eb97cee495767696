package console

import (
	"net/http"

	"postgang/engine/console/asset"
	"postgang/engine/console/page"
	"postgang/engine/console/visit"
)

// helpPage explains the words, and what the person may.
type helpPage struct {
	Words   []page.Fact
	Roles   []page.Fact
	Origins []origin
	Contact string
}

// origin is what others made, with the address of its licence.
type origin struct {
	asset.Origin
	LicencePath string
}

func (h *handler) help(v *visit.Visit) error {
	p := helpPage{Words: page.Glossary, Contact: h.Contact}
	for _, o := range asset.Origins {
		p.Origins = append(p.Origins, origin{o, asset.Path(o.Text)})
	}
	for _, g := range v.Person.Grants {
		w := page.RoleWords[g.Role]
		where := "for alle"
		switch {
		case g.Account != "":
			where = "for " + v.AccountName(g.Account)
		case g.Organisation != "":
			where = "for " + g.Organisation
		}
		p.Roles = append(p.Roles, page.Fact{Name: w[0], Value: w[1], Note: where})
	}
	return v.Show(http.StatusOK, "hjelp", "Hjelp", p)
}

// accessibilityPage is the tilgjengelighetserklæring.
type accessibilityPage struct{ Organisation, Contact string }

func (h *handler) accessibility(v *visit.Visit) error {
	return v.Show(http.StatusOK, "tilgjengelighet", "Tilgjengelighet", accessibilityPage{h.Organisation, h.Contact})
}
