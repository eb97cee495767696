package exchange_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"postgang/printjobs/exchange"
)

// BenchmarkPut measures a print file of 32 MiB on its way to a local server.
func BenchmarkPut(b *testing.B) {
	for _, server := range []string{"simulator", "openssh"} {
		for _, concurrent := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/concurrent=%v", server, concurrent), func(b *testing.B) {
				v := map[string]func() *side{
					"simulator": func() *side { return simulator(b, nil) }, "openssh": func() *side { return openSSH(b) },
				}[server]()
				v.target.ConcurrentWrites = concurrent
				s, n := v.dial(b), 0
				b.SetBytes(32 << 20)
				for b.Loop() {
					b.StopTimer()
					j := newJob(b, fmt.Sprintf("BNCH%06d", n), 32<<20)
					n++
					f := j.files[0]
					b.StartTimer()
					if err := s.Put(ctx, f, bytes.NewReader(j.bytes[f.Name])); err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					if err := s.Withdraw(ctx, j.id, nil); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			})
		}
	}
}

// BenchmarkParseManifest reads a manifest of 100,000 letters.
func BenchmarkParseManifest(b *testing.B) {
	name, err := exchange.FileName("BNCH000001", 1, exchange.KindPrint, sum(nil))
	if err != nil {
		b.Fatal(err)
	}
	rows := make([]exchange.ManifestRow, 100_000)
	for i := range rows {
		rows[i] = exchange.ManifestRow{
			Letter: i + 1, Shipment: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Konteringskode: "4711-22", File: name,
			FirstSheet: 2*i + 1, Stock: "COVER:1 PLAIN:2", FirstSide: 4*i + 1, LastSide: 4*i + 4, Sheets: 2, Pages: 3, PagesBW: 3, Envelope: "C5", Zone: "NORGE", WeightGram: 17, Duplex: true,
		}
	}
	var out bytes.Buffer
	if err := exchange.WriteManifest(&out, slices.Values(rows)); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(out.Len()))
	for b.Loop() {
		if _, err := exchange.ParseManifest(out.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
