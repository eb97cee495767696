package settings

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"postgang/billing/civil"
	"postgang/billing/price"
	"postgang/engine/calendar"
	"postgang/engine/party"
	"postgang/engine/store"
)

// vendorPath is before the key of a vendor.
const vendorPath = Path + "/leverandor/"

// vendorPage is what a vendor's work costs on a day.
type vendorPage struct {
	Key, Name string
	Day       string // that is looked at, as a date field has it
	Other     bool   // not today
	HasList   bool   // there is a price list
	VAT       string
	InForce   []priceRow
	Later     []priceRow // that hold from a day after that
}

type priceRow struct {
	Name, For, Unit, From, Until, Source string
}

// vendors are those that a person sees, by name: those that print for the person's accounts.
func (v *request) vendors() ([]party.Vendor, error) {
	used := map[string]bool{}
	for _, a := range v.Accounts {
		if !v.Scope.Has(a.Key) {
			continue
		}
		got, err := v.Engine.AccountSettings(v.Ctx, a.Key, v.Now())
		if err != nil {
			return nil, err
		}
		used[got.Vendor] = true
		for _, version := range got.Versions {
			if set := version.Change.Vendor; set != nil {
				used[*set] = true
			}
		}
	}
	var out []party.Vendor
	for _, vendor := range v.Vendors {
		if used[vendor.Key] || v.Scope.All {
			out = append(out, vendor)
		}
	}
	return out, nil
}

// prices are those of a vendor that a person sees: not what was agreed for accounts of others.
func (v *request) prices(vendor party.Vendor) []price.Price {
	if vendor.Prices == nil {
		return nil
	}
	return slices.DeleteFunc(vendor.Prices.Prices(), func(p price.Price) bool { return p.Account != "" && !v.Scope.Has(p.Account) })
}

// inForce reports whether a price holds on a day.
func inForce(p price.Price, day civil.Date) bool {
	return p.ValidFrom <= day && (p.ValidTo == "" || day < p.ValidTo)
}

// priceList says in short since when a vendor's prices hold, and from when others do.
func priceList(list []price.Price, today civil.Date) string {
	var since, next civil.Date
	for _, p := range list {
		switch {
		case inForce(p, today):
			since = max(since, p.ValidFrom)
		case p.ValidFrom > today && (next == "" || p.ValidFrom < next):
			next = p.ValidFrom
		}
	}
	text := "Ingen i kraft"
	switch {
	case len(list) == 0:
		return "Ingen prisliste"
	case since != "":
		text = "Uendret siden " + since.Norwegian()
	}
	if next != "" {
		text += ", endres " + next.Norwegian()
	}
	return text
}

func vendor(v *request) error {
	all, err := v.vendors()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(a party.Vendor) bool { return a.Key == v.R.PathValue("leverandor") })
	if at < 0 {
		return store.ErrNotFound
	}
	vendor := all[at]
	when, other := v.lookedAt()
	day := civil.Of(when, calendar.Oslo)
	list := v.prices(vendor)
	p := vendorPage{Key: vendor.Key, Name: v.VendorName(vendor.Key), Day: string(day), Other: other, HasList: len(list) > 0, VAT: "Prisene er uten merverdiavgift."}
	if vat := vendor.VAT; !vendor.VATMissing {
		p.VAT += " Avgiften er " + strconv.Itoa(vat.ProductionPercent) + "\u00a0% av produksjon og " + strconv.Itoa(vat.PostagePercent) + "\u00a0% av porto."
	}
	for _, one := range list {
		switch row := v.priceRow(one); {
		case inForce(one, day):
			p.InForce = append(p.InForce, row)
		case one.ValidFrom > day:
			p.Later = append(p.Later, row)
		}
	}
	return v.Show(http.StatusOK, "priser", "Priser fra "+p.Name, p)
}

func (v *request) priceRow(p price.Price) priceRow {
	row := priceRow{Name: p.Name(), For: "Alle", Unit: p.Price.String(), From: p.ValidFrom.Norwegian(), Until: "Inntil videre", Source: cmp.Or(p.Source, "Ikke oppgitt")}
	if p.Account != "" {
		row.For = v.AccountName(p.Account)
	}
	if p.Kroner != 0 {
		row.Unit = p.Kroner.String()
	}
	if p.ValidTo != "" {
		row.Until = p.ValidTo.AddDays(-1).Norwegian()
	}
	return row
}
