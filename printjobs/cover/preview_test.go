package cover

import (
	"strings"
	"testing"
	"time"

	"postgang/fixtures/judges"
)

// TestPreview: a made-up cover has the sender, the return address, the text and the labels of its language, what stands in the window
// stands inside it, and nobody's number or address is on it.
func TestPreview(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	judges.Need(t, "qpdf")
	m := testMaker(t)
	for _, l := range Languages() {
		p, _, err := m.Preview(l, time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		file := write(t, p)
		run(t, "qpdf", "--check", file)
		text := strings.Join(strings.Fields(run(t, "pdftotext", "-layout", file, "-")), " ")
		w := wordings[l]
		for _, want := range []string{
			"Bergvik kommune", w.sender + ": Bergvik kommune, Tekniske tjenester, Rådhusgata 4, 5230 Bergvik", previewRecipient.Name, "0001 Oslo", w.date, w.shipment, w.title,
			w.written(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)), previewTitle, "digital postkasse på norge.no", "konvoluttens vindu",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q is not on the page: %s", l, want, text)
			}
		}
		window := m.layout.window().grow(0.01)
		for _, word := range words(t, file)[0] {
			if name := strings.Fields(previewRecipient.Name); word.Text == name[0] || word.Text == name[1] || word.Text == w.sender+":" {
				if box := (rect{word.X0 / pointsPerMM, word.Y0 / pointsPerMM, word.X1 / pointsPerMM, word.Y1 / pointsPerMM}); !window.holds(box) {
					t.Errorf("%s: %q (%v) is outside the window (%v)", l, word.Text, box, window)
				}
			}
		}
	}
	if _, _, err := m.Preview("sma", time.Time{}); err == nil {
		t.Error("a language that covers are not made in")
	}
}
