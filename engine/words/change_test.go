package words

import "testing"

// TestChanges: each kind and case of what people do about money, alarms and runs, in both languages.
func TestChanges(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range []struct {
		name, subject, before, after string
		of, done                     worded
	}{
		{"koderegister", "koderegister/konteringskoder", `{"4100":"4100;Skole","4200":"4200;Helse"}`, `{"4100":"4100;Skolen","4300":"4300;Vei","4400":"4400;Park"}`,
			worded{"register of konteringskoder", "registeret over konteringskoder"}, worded{"read in: 2 new, 1 gone, 1 changed", "lest inn: 2 nye, 1 borte, 1 endret"}},
		{"kvitteringsfil", "kvitteringsfil/ab", "", `{"vendor":"trykk","rows":"12","applied":"10","conflicts":"1","unknown":"1","problems":"0","net":"17500"}`,
			worded{"receipt file of trykk", "kvitteringsfil fra trykk"},
			worded{"read in: 10 of 12 receipts booked, kr 175,00; 1 in conflict; 1 of unknown letters", "lest inn: 10 av 12 kvitteringer bokført, kr 175,00; 1 i konflikt; 1 om ukjente brev"}},
		{"kvitteringsfil/stopped", "kvitteringsfil/ab", "", `{"vendor":"trykk","rows":"0","applied":"0","conflicts":"0","unknown":"0","problems":"3","net":"0"}`,
			worded{"receipt file of trykk", "kvitteringsfil fra trykk"}, worded{"read in and stopped, with 3 problems; nothing is booked", "lest inn og stoppet, med 3 feil; ingenting er bokført"}},
		{"kvittering/stays", "kvittering/b", `{"job":"J1","in_force":"a","net":"100"}`, `{"job":"J1","in_force":"a","net":"100"}`,
			worded{"receipt of a letter of job J1", "kvittering for et brev i jobb J1"}, worded{"the booked one stays, kr 1,00", "den bokførte står, kr 1,00"}},
		{"kvittering/taken", "kvittering/b", `{"job":"J1","in_force":"a","net":"100"}`, `{"job":"J1","in_force":"b","net":"250"}`,
			worded{"receipt of a letter of job J1", "kvittering for et brev i jobb J1"}, worded{"the new one counts: kr 1,00 became kr 2,50", "den nye gjelder: kr 1,00 ble kr 2,50"}},
		{"faktura/taken", "faktura/x", "", `{"number":"F-1","vendor":"trykk","net":"123456","state":"taken"}`,
			worded{"invoice F-1 of trykk", "faktura F-1 fra trykk"}, worded{"taken, kr 1\u00a0234,56 net", "tatt imot, kr 1\u00a0234,56 netto"}},
		{"faktura/removed", "faktura/x", `{"number":"F-1","vendor":"trykk","net":"100","state":"taken"}`, `{"number":"F-1","vendor":"trykk","net":"100","state":"removed"}`,
			worded{"invoice F-1 of trykk", "faktura F-1 fra trykk"}, worded{"taken back, kr 1,00 net", "fjernet, kr 1,00 netto"}},
		{"faktura/booked", "faktura/x", `{"state":"taken","shared":"0"}`, `{"number":"F-1","vendor":"trykk","net":"100","state":"booked","shared":"-3"}`,
			worded{"invoice F-1 of trykk", "faktura F-1 fra trykk"}, worded{"booked, kr 1,00 net; kr -0,03 shared out", "bokført, kr 1,00 netto; kr -0,03 fordelt"}},
		{"faktura/again", "faktura/x", `{"state":"booked","shared":"-3"}`, `{"number":"F-1","vendor":"trykk","net":"100","state":"booked","shared":"4"}`,
			worded{"invoice F-1 of trykk", "faktura F-1 fra trykk"}, worded{"booked anew: kr -0,03 shared out became kr 0,04", "bokført på nytt: kr -0,03 fordelt ble kr 0,04"}},
		{"faktura/carried", "faktura/x", `{"state":"booked"}`, `{"number":"F-1","vendor":"trykk","net":"100","state":"booked","carried":"500","carried_into":"2026-11"}`,
			worded{"invoice F-1 of trykk", "faktura F-1 fra trykk"}, worded{"kr 5,00 of receipts carried to 2026-11", "kr 5,00 av kvitteringer overført til november 2026"}},
		{"avvik", "avvik/trykk", `{"a1":"OPEN","b2":"DISPUTED"}`, `{"a1":"ACCEPTED","b2":"ACCEPTED"}`, worded{"deviations of trykk", "avvik hos trykk"}, worded{"2 decided: accepted", "2 avgjort: godtatt"}},
		{"maned", "maned/2026-10", `{"state":"open"}`, `{"state":"closed"}`, worded{"2026-10", "oktober 2026"}, worded{"closed", "lukket"}},
		{"varsel", "varsel/disk:documents", `{"state":"open"}`, `{"state":"known"}`, worded{"alarm disk:documents", "varselet disk:documents"}, worded{"acknowledged", "merket som kjent"}},
		{"kjoring", "kjoring/night-by-hand", "", `{"begun":"2026-11-30T20:00:00Z"}`, worded{"run night", "nattkjøring"}, worded{"begun", "startet"}},
		{"kjoring", "kjoring/receipts-by-hand", "", `{"begun":"2026-11-30T20:00:00Z"}`, worded{"run fetching of receipts", "henting av kvitteringer"}, worded{"begun", "startet"}},
	} {
		seen[e.name] = true
		for _, lang := range Languages {
			of, done, ok := Change(e.subject, e.before, e.after, lang)
			if !ok || of != e.of[lang] || done != e.done[lang] {
				t.Errorf("%s in %s: %q, %q, %v, want %q, %q", e.name, lang, of, done, ok, e.of[lang], e.done[lang])
			}
		}
	}
	for name := range changes {
		if !seen[name] {
			t.Errorf("%s has no example", name)
		}
	}
}

// TestChangesThatCannotBeWorded: what somebody has changed in the archive is told as such, and other subjects are left to others.
func TestChangesThatCannotBeWorded(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"x", `[1]`, `{"state":1}`, "null", "{}", `{"state":"lost"}`} {
		if of, done, ok := Change("faktura/x", state, state, Norwegian); !ok || of != "faktura/x" || done != "kan ikke leses" {
			t.Errorf("%s: %q, %q, %v", state, of, done, ok)
		}
	}
	for _, subject := range []string{"", "faktura", "person/1", "konto/skole", "integrasjon/2"} {
		if _, _, ok := Change(subject, "", "{}", English); ok != (subject == "faktura") {
			t.Errorf("%q: %v", subject, ok)
		}
	}
	for reason, want := range map[string]string{"begun by hand": "startet for hånd", "avstemt": "avstemt"} {
		if got := ChangeReason(reason, Norwegian); got != want || ChangeReason(reason, English) != reason {
			t.Errorf("%s is %s", reason, got)
		}
	}
}
