package cover_test

import (
	"fmt"
	"time"

	"postgang/printjobs/cover"
)

func Example() {
	maker, err := cover.New(cover.DefaultLayout(), cover.Sender{
		Name: "Bergvik kommune", Line1: "Postboks 412", Postcode: "5003", City: "Bergen",
		Text: "Oppgi forsendelses-ID når du tar kontakt med oss.",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, warnings, err := maker.Cover(cover.Letter{
		ShipmentID: "3f2a8c1e-5b7d-4e90-a1c2-9d8e7f605142",
		Recipient: cover.Address{
			Name: "Kari Nordmann", Line1: "c/o Ola Nordmann", Line2: "Oppgang B", Line3: "Storgata 12", Postcode: "0150", City: "Oslo",
		},
		Title: "Vedtak om skoleskyss",
		Date:  time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(page.NumPages(), "side")
	for _, w := range warnings {
		fmt.Println(w.Code)
	}
	// Output:
	// 1 side
	// adresse-slaatt-sammen
}
