package reports

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postgang/engine/words"
)

// Every code that the engine and preparing give a refusal has words for the workbook.
func TestReasonsHaveWords(t *testing.T) {
	t.Parallel()
	codes := regexp.MustCompile(`(?:refuse\(|Refusal\{Code: |Code: |Code[A-Z]\w* += |Reason[A-Z]\w* +Reason += )"([a-z]+(?:-[a-z]+)*|[A-Z]+(?:_[A-Z]+)+|RESERVERT|ULEST)"`)
	noReason := map[string]bool{ // a warning, never the reason of a refusal
		"postnummer-service": true, "poststed-avvik": true, "blanked-page": true, "repaired": true, "adresse-dobbelt": true,
		"adresse-postnummer": true, "fil-oversett": true, "konteringskode-eldre": true, "land-i-adresse": true, "land-motstrid": true, "land-ukjent": true,
		"niva4-papir": true, "over-2-kg": true, "retur-utland": true, "tittel-fodselsnummer": true, "vindu-bredde": true, "vindu-linjer": true,
		"adresse-krympet": true, "adresse-slaatt-sammen": true, "adresse-smalnet": true, "adresse-brutt": true, "avsender-hevet": true, "ukjent-land": true,
		"tittel-maskert": true, "tittel-forkortet": true,
	}
	for _, line := range []string{ // of a line of digital events, which is no shipment
		"felt-fodselsnummer", "forsendelse-form", "forsendelse-motstrid", "forsendelse-ukjent", "json-felt", "tegnsett", "tidspunkt-for-mottak", "tidspunkt-form",
		"tidspunkt-fram", "tidspunkt-gammelt",
	} {
		noReason[line] = true
	}
	found := 0
	var without []string
	for _, pattern := range []string{"../engine/*.go", "../engine/*/*.go", "../printjobs/*.go", "../printjobs/prepare/*.go", "../printjobs/prepare/finding/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			if matched, _ := filepath.Match("*_test.go", filepath.Base(file)); matched {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// Why a reprint ended is a code of an alarm, and what a history notes one of its own: neither refuses a letter.
			refusals := regexp.MustCompile(`(Ending|Note)\{[^\n]*`).ReplaceAllString(string(text), "")
			for _, m := range codes.FindAllStringSubmatch(refusals, -1) {
				found++
				if code := m[1]; !noReason[code] && (reasonText(code) == code || strings.Contains(reasonText(code), "("+code+")")) {
					without = append(without, code)
				}
			}
		}
	}
	for _, code := range words.RefusalCodes() {
		if !noReason[code] && (reasonText(code) == code || strings.Contains(reasonText(code), "("+code+")")) {
			without = append(without, code)
		}
	}
	if len(without) > 0 {
		t.Errorf("the codes %q have no words: add them", without)
	}
	if found < 60 {
		t.Errorf("only %d codes were found", found)
	}
	for reason, want := range map[string]string{
		"digitalid-kontroll postnummer-form": "fødselsnummer eller organisasjonsnummer med feil kontrollsiffer; postnummer med feil form",
		"INGEN_DIGITAL_ID":                   "ingen digital id", "": "", "noe-annet": "annen årsak (noe-annet)", "ULEST Noe annet": "ULEST Noe annet", "=1+1": "=1+1",
	} {
		if got := reasonText(reason); got != want {
			t.Errorf("%q: %q", reason, got)
		}
	}
}
