package shipment

import (
	"testing"
	"time"
)

func BenchmarkDeadline(b *testing.B) {
	at := time.Date(2026, 4, 1, 13, 0, 0, 0, time.UTC) // before Easter
	r := DefaultRules()
	for b.Loop() {
		Deadline(at, r)
	}
}

func BenchmarkParseAndValidate(b *testing.B) {
	data := []byte(goodJSON)
	reg := register(b)
	for b.Loop() {
		s, _ := ParseSubmission(data)
		s.Normalise()
		if found := s.Validate(DefaultRules(), reg, validateNow); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
