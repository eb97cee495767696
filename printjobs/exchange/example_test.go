package exchange_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"postgang/printjobs/exchange"
)

// The names of a job's files come from their content.
func ExampleFileName() {
	sha := strings.Repeat("0123456789abcdef", 4)
	for _, kind := range []string{exchange.KindPrint, exchange.KindManifest, exchange.KindTicket} {
		name, err := exchange.FileName("K7QX000012", 1, kind, sha)
		if err != nil {
			panic(err)
		}
		fmt.Println(name)
	}
	fmt.Println(exchange.ReadyName("K7QX000012"))
	// Output:
	// K7QX000012_001_0123456789ab.pdf
	// K7QX000012_manifest_0123456789ab.csv
	// K7QX000012_jobb_0123456789ab.json
	// K7QX000012.klar
}

// A manifest has one row a letter.
func ExampleWriteManifest() {
	err := exchange.WriteManifest(os.Stdout, slices.Values([]exchange.ManifestRow{{
		Letter: 1, Shipment: "5b1f2a3c-0000-4000-8000-000000000001", Konteringskode: "4711-22",
		File: "K7QX000012_001_0123456789ab.pdf", FirstSheet: 1, FirstSide: 1, LastSide: 4, Sheets: 2, Stock: "COVER:1 PLAIN:2", Pages: 3, PagesBW: 2, PagesColour: 1,
		Envelope: exchange.EnvelopeC5, Zone: exchange.ZoneNorway, WeightGram: 17, Duplex: true,
	}}))
	if err != nil {
		panic(err)
	}
	// Output:
	// versjon;brev;forsendelse;konteringskode;fil;forste_ark;forste_side;siste_side;ark;sider;sider_sh;sider_farge;giroark;papir;utvalg;konvolutt;sone;vekt_gram;tosidig
	// 2;1;5b1f2a3c-0000-4000-8000-000000000001;4711-22;K7QX000012_001_0123456789ab.pdf;1;1;4;2;3;2;1;0;COVER:1 PLAIN:2;;C5;NORGE;17;ja
}

// A vendor refuses a job with every reason at once.
func ExampleAnswer_Marshal() {
	b, err := exchange.Answer{
		Job: "K7QX000012", Time: time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC), Letters: 412, Sides: 1890,
		Reasons: []string{"filen K7QX000012_001_0123456789ab.pdf har 1888 sider, jobbseddelen sier 1890"},
	}.Marshal()
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n%s", exchange.AnswerName("K7QX000012", false), b)
	// Output:
	// K7QX000012.avvist.json
	// {
	//   "format": "postgang-answer/1",
	//   "job": "K7QX000012",
	//   "accepted": false,
	//   "time": "2026-11-22T06:00:00Z",
	//   "letters": 412,
	//   "sides": 1890,
	//   "reasons": [
	//     "filen K7QX000012_001_0123456789ab.pdf har 1888 sider, jobbseddelen sier 1890"
	//   ]
	// }
}
