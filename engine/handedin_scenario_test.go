package engine_test

import (
	"bytes"
	"testing"

	"postgang/engine/shipment"
)

// TestHandedInIsKept: of a refused letter the documents that were to be printed can be read as they were handed in, as long as the
// archive has them.
func TestHandedInIsKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sound, broken := pdf(1, 3), []byte("%PDF-1.4 cut off")
	documents := []any{map[string]any{"filnavn": "brev.pdf", "mimeType": "application/pdf"}, map[string]any{"filnavn": "vedlegg.pdf", "mimeType": "application/pdf"}}
	id := s.submit(t, "a", newLetter("En").with("dokumenter", documents), file("brev.pdf", sound), file("vedlegg.pdf", broken))
	if got := s.shipment(t, id); got.Status != shipment.StatusAvvist {
		t.Fatalf("%s", got.Status)
	}
	got, err := s.engine.HandedIn(s.ctx, id, 1<<20)
	must(t, err)
	if len(got.Documents) != 2 || got.Vendor == "" || !bytes.Equal(got.Documents[0].Bytes, sound) || !bytes.Equal(got.Documents[1].Bytes, broken) || got.Documents[1].Position != 1 {
		t.Errorf("%d documents, vendor %q", len(got.Documents), got.Vendor)
	}
	// What is too much together is left out, and the rest is there.
	got, err = s.engine.HandedIn(s.ctx, id, int64(len(sound)))
	must(t, err)
	if len(got.Documents[0].Bytes) != len(sound) || got.Documents[1].Bytes != nil || got.Documents[1].Gone {
		t.Error("more is read than was asked for, or less")
	}
}
