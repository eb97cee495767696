package engine_test

import (
	"slices"
	"strings"
	"testing"

	"postgang/engine/shipment"
	"postgang/engine/words"
)

// TestToldAtHandIn: what of a letter will not be as its sender wrote it is told when it is handed in, with its field.
func TestToldAtHandIn(t *testing.T) {
	t.Parallel()
	s := setup(t)
	reply := map[string]any{"navn": "Skolen", "adresselinje1": "Gate 1", "postnummer": "0155", "poststed": "OSLO"}
	for _, c := range []struct {
		key    string
		letter letter
		pages  int
		status shipment.Status
		told   string // code, field and something of the text
	}{
		{"a", newLetter("En").with("tittel", "Påminnelse ✅ 😀 – «vedtak» № 5"), 1, shipment.StatusAkseptert, "tittel-tegn tittel U+2705, U+1F600"},
		{"b", newLetter("En").with("tittel", "تذكير"), 1, shipment.StatusAkseptert, "tittel-tegn tittel U+062A"},
		{"c", newLetter("En").with("tittel", strings.Repeat("Gebyr for vann og avløp ", 40)), 1, shipment.StatusAkseptert, ""},
		{"d", newLetter("محمد"), 1, shipment.StatusAvvist, "forside-tegn mottaker.navn U+0645"},
		{"e", newLetter("En").with("svarSendesTil", map[string]any{"navn": "学校", "postnummer": "0155", "poststed": "OSLO"}), 1, shipment.StatusAvvist, "forside-tegn svarSendesTil.navn Svaradressen"},
		{"f", newLetter("En").with("svarSendesTil", reply), 1, shipment.StatusAkseptert, ""},
		{"g", newLetter("En"), 401, shipment.StatusAkseptert, "over-2-kg  2,1 kg"},
	} {
		id := s.submit(t, c.key, c.letter, file("brev.pdf", pdf(1, c.pages)))
		sh := s.shipment(t, id)
		if sh.Status != c.status {
			t.Errorf("%s is %s: %+v", c.key, sh.Status, sh.Refusals)
		}
		code, rest, _ := strings.Cut(c.told, " ")
		field, text, _ := strings.Cut(rest, " ")
		told := slices.ContainsFunc(sh.Refusals, func(r shipment.Refusal) bool {
			return r.Code == code && r.Field == field && strings.Contains(words.Refusal(r, words.Norwegian), text) && r.Warning == (c.status == shipment.StatusAkseptert)
		})
		if told != (c.told != "") || c.told == "" && len(sh.Refusals) > 0 {
			t.Errorf("%s: %+v, want %q", c.key, sh.Refusals, c.told)
		}
	}
}
