package console

import (
	"net/http"

	"postgang/engine/console/asset"
	"postgang/engine/console/page"
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

func help(v *visit) error {
	p := helpPage{Words: page.Glossary, Contact: v.Contact}
	for _, o := range asset.Origins {
		p.Origins = append(p.Origins, origin{o, asset.Path(o.Text)})
	}
	for _, g := range v.person.Grants {
		w := page.RoleWords[g.Role]
		where := "for alle"
		switch {
		case g.Account != "":
			where = "for " + v.accountName(g.Account)
		case g.Organisation != "":
			where = "for " + g.Organisation
		}
		p.Roles = append(p.Roles, page.Fact{Name: w[0], Value: w[1], Note: where})
	}
	return v.show(http.StatusOK, "hjelp", "Hjelp", p)
}

// accessibilityPage is the tilgjengelighetserklæring.
type accessibilityPage struct{ Organisation, Contact string }

func accessibility(v *visit) error {
	return v.show(http.StatusOK, "tilgjengelighet", "Tilgjengelighet", accessibilityPage{v.Organisation, v.Contact})
}
