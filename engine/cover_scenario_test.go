package engine_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"postgang/engine"
	"postgang/engine/shipment"
	"postgang/engine/words"
	"postgang/fixtures/judges"
	"postgang/printjobs/cover"
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
		{"b", newLetter("En").with("tittel", "تذكير"), 1, shipment.StatusAkseptert, "tittel-tegn tittel Forsiden får ingen tittel"},
		{"c", newLetter("En").with("tittel", strings.Repeat("Gebyr for vann og avløp ", 40)), 1, shipment.StatusAkseptert, ""},
		{"d", newLetter("محمد"), 1, shipment.StatusAvvist, "forside-tegn mottaker.navn U+0645"},
		{"e", newLetter("En").with("svarSendesTil", map[string]any{"navn": "学校", "postnummer": "0155", "poststed": "OSLO"}), 1, shipment.StatusAvvist, "forside-tegn svarSendesTil.navn Svaradressen"},
		{"f", newLetter("En").with("svarSendesTil", reply), 1, shipment.StatusAkseptert, ""},
		{"h", newLetter("En").with("tittel", "\ue000"), 1, shipment.StatusAvvist, "felt-tegn tittel styretegn"},
		{"i", newLetter("En").with("spraak", "sma"), 1, shipment.StatusAvvist, "spraak-ukjent spraak nb, nn, se eller en"},
		{"j", newLetter("C\u030ca\u0301hcesuolu").with("tittel", "Ma\u030aling — ŊŦ"), 1, shipment.StatusAkseptert, ""},
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
		for i, r := range sh.Refusals {
			if slices.ContainsFunc(sh.Refusals[:i], func(o shipment.Refusal) bool { return o.Code == r.Code && o.Field == r.Field }) {
				t.Errorf("%s: %s is told twice", c.key, r.Code)
			}
		}
	}
}

// TestForsideLanguage: the forside is in the language that the hand-in asks for, else in the account's, else in bokmål, in the preview
// and on paper.
func TestForsideLanguage(t *testing.T) {
	t.Parallel()
	judges.Need(t, "pdftotext")
	s := setup(t, func(c *engine.Config) { c.Accounts[0].Sender.Language = cover.Nynorsk })
	text := func(file string) string {
		out, err := exec.Command("pdftotext", "-layout", file, "-").Output()
		must(t, err)
		return string(out)
	}
	for key, want := range map[string]string{"": "Avsendar:", "se": "Sáddejeaddji:", " EN ": "Sender:", "nb": "Avsender:"} {
		l := newLetter("Språk" + strings.TrimSpace(key))
		if key != "" {
			l = l.with("spraak", key)
		}
		id := s.accepted(t, "brev"+strings.TrimSpace(key), l, file("brev.pdf", pdf(1, 1)))
		p, err := s.engine.PreviewLetter(s.ctx, id, t.TempDir())
		must(t, err)
		if got := text(p.Path); !strings.Contains(got, want) {
			t.Errorf("spraak %q: no %s on the forside: %s", key, want, got)
		}
	}
	s.night(t)
	files, err := s.engine.ExportJob(s.ctx, s.onlyJob(t).ID, t.TempDir())
	must(t, err)
	printed := text(files[0])
	for _, want := range []string{"Avsendar:", "Sáddejeaddji:", "Sender:", "Avsender:", "Forsendings-ID", "Reive-ID", "Shipment ID", "Forsendelses-ID"} {
		if strings.Count(printed, want) != 1 {
			t.Errorf("%q stands %d times in the print file", want, strings.Count(printed, want))
		}
	}
}

// TestForsideLanguageIsKept: a letter that is sent again is in the language that was asked for.
func TestForsideLanguageIsKept(t *testing.T) {
	t.Parallel()
	s := setup(t)
	id := s.accepted(t, "a", newLetter("En").with("spraak", "se"))
	must(t, s.engine.Event(s.ctx, shipment.DigitalEvent{Shipment: id, Kind: shipment.DigitalClosed, At: s.clock.now(), Key: "lukket", Reason: "ringt inn"}))
	got, err := s.engine.SendAgain(s.ctx, id, nil, "likevel")
	must(t, err)
	s.work(t)
	if next := s.shipment(t, got.ID); next.Submission.Language != "se" || next.Status != shipment.StatusAkseptert || len(next.Refusals) > 0 {
		t.Errorf("sent again as %s in %q: %+v", next.Status, next.Submission.Language, next.Refusals)
	}
}

// TestForsideLanguagesAgree: what a hand-in may ask for is what forsides are made in.
func TestForsideLanguagesAgree(t *testing.T) {
	t.Parallel()
	for _, l := range append(cover.Languages(), "", "no", "sma", "nb-NO") {
		sub, _ := shipment.ParseSubmission([]byte(`{"spraak":"` + string(l) + `"}`))
		refused := slices.ContainsFunc(sub.Validate(shipment.DefaultRules(), nil, time.Now()), func(r shipment.Refusal) bool { return r.Code == "spraak-ukjent" })
		if refused == l.Valid() {
			t.Errorf("%q: refused %v, a language of covers %v", l, refused, l.Valid())
		}
	}
}
