package words

import (
	"maps"
	"testing"
	"time"

	"postgang/engine/shipment"
)

// TestEventReason: why a letter was set aside is told as it was when histories kept sentences.
func TestEventReason(t *testing.T) {
	t.Parallel()
	type a = shipment.Args
	used := map[string]bool{}
	for _, c := range []struct {
		why    shipment.Refusal
		nb, en string
	}{
		{shipment.Refusal{Code: shipment.HoldWindow, Args: a{"date": "2026-01-03"}},
			"utskriftsvindu: er klar for utskrift siden 2026-01-03 og ikke sendt", "utskriftsvindu: has been due for print since 2026-01-03 and was not sent"},
		{shipment.Refusal{Code: shipment.HoldUnheard, Args: a{"date": "2026-01-03", "channel": "altinn"}},
			"kanal-svarer-ikke: har forfalt siden 2026-01-03, og altinn har ikke svart på om det er lest",
			"kanal-svarer-ikke: is due since 2026-01-03, and altinn has not said whether it was read"},
		{shipment.Refusal{Code: shipment.HoldLevel4, Args: a{"vendor": "her"}},
			"niva4-manuell: krever innlogging på nivå 4, så ingen her får se sidene, og ville blitt skrevet ut her (trykkeri her)",
			"niva4-manuell: demands a log-in of level 4, so that nobody here may see its pages, and would be printed here (vendor her)"},
		{shipment.Refusal{Code: shipment.HoldCost, Args: a{"case": "day", "net": "1950", "sum": "100001950", "limit": "100000000"}},
			"kostnad: kr 19,50 ville bli kr 1\u00a0000\u00a0019,50 for dagen, taket er kr 1\u00a0000\u00a0000,00 per dag", ""},
		{shipment.Refusal{Code: shipment.HoldCost, Args: a{"case": "account", "account": "skole", "net": "1950", "sum": "3900", "limit": "2000"}},
			"kostnad: kr 19,50 ville bli kr 39,00 for konto skole, taket er kr 20,00 per dag",
			"kostnad: kr 19,50 would make kr 39,00 for account skole, the cap is kr 20,00 a day"},
		{shipment.Refusal{Code: shipment.HoldCost, Args: a{"case": "code", "konteringskode": "4100", "net": "1950", "sum": "3900", "limit": "2000"}},
			"kostnad: kr 19,50 ville bli kr 39,00 for konteringskode 4100, taket er kr 20,00 per dag", ""},
		{shipment.Refusal{Code: shipment.HoldCost, Args: a{"case": "unpriced"}}, "kostnad: ventet kostnad er ikke kjent: en pris mangler", ""},
		{shipment.Refusal{Code: shipment.HoldRestored, Args: a{"case": "has", "job": "DEMA000001"}}, "gjenopprettet: trykkeriet har brevet i jobb DEMA000001", ""},
		{shipment.Refusal{Code: shipment.HoldRestored, Args: a{"case": "refused", "job": "DEMA000001"}}, "gjenopprettet: trykkeriet avviste jobb DEMA000001", ""},
		{shipment.Refusal{Code: shipment.HoldRestored, Args: a{"case": "maybe", "job": "DEMA000001"}}, "gjenopprettet: kan være i jobb DEMA000001 hos trykkeriet", ""},
		{shipment.Refusal{Code: shipment.HoldRestored, Args: a{"case": "unreadable"}}, "gjenopprettet: kan være i en jobb hos trykkeriet som ikke kan leses", ""},
		// Codes that refuse a hand-in too.
		{shipment.Refusal{Code: "for-mange-ark", Args: a{"case": "job", "n": "30", "max": "20"}}, "for-mange-ark: Brevet er på 30 ark, trykkeriet tar høyst 20 ark i en jobb.", ""},
		{shipment.Refusal{Code: "ingen-sider"}, "ingen-sider: Brevet har et dokument uten sider, eller ingen dokumenter å skrive ut.", ""},
		{shipment.Refusal{Code: "damaged-object", Args: a{"case": "font"}, Pages: []int{1, 2}},
			"damaged-object: Sidene 1–2: En skrift som brukes på siden, mangler eller er skadet i PDF-en. Lag PDF-en på nytt og send den igjen.", ""},
		// Of a person, or stored before histories kept arguments.
		{shipment.Refusal{Code: "prove", Text: "Prøve {1}."}, "prove: Prøve {1}.", "prove: Prøve {1}."},
	} {
		used[key(c.why)] = true
		ev := shipment.SetAside(shipment.Shipment{ID: "x"}, time.Time{}, c.why)
		if got := EventReason(ev, Norwegian); got != c.nb {
			t.Errorf("%s: %q", ev.Reason, got)
		}
		if got := EventReason(ev, English); c.en != "" && got != c.en {
			t.Errorf("%s: %q", ev.Reason, got)
		}
	}
	for k, said := range holds {
		if !used[k] || !maps.Equal(placeholders(said[English]), placeholders(said[Norwegian])) {
			t.Errorf("%q is not tried, or says something else in English", k)
		}
	}
	// Of other events: code and arguments, or the digital channel's own words.
	for _, c := range []struct{ kind, reason, nb, en string }{
		{shipment.EventReleased, shipment.Note{Code: shipment.HoldCost, Args: a{"reason": "riktig {\"liste\"}"}}.String(), "kostnad: riktig {\"liste\"}", "kostnad: riktig {\"liste\"}"},
		{shipment.EventReleased, shipment.Note{Code: shipment.HoldRestored, Args: a{"job": "DEMA000001"}}.String(), "gjenopprettet: trykkeriet har brevet i jobb DEMA000001", "gjenopprettet: the vendor has the letter in job DEMA000001"},
		{shipment.EventReleased, shipment.Note{Code: shipment.HoldCost, Args: a{"new": "1"}}.String(), "kostnad: released (new: 1)", "kostnad: released (new: 1)"},
		{shipment.EventWithdrawn, shipment.Note{Code: "left-out", Args: a{"job": "DEMA000001"}}.String(), "trukket fra utskriftsjobb DEMA000001", "left out of print job DEMA000001"},
		{shipment.EventStatus, shipment.Note{Code: "receipt", Args: a{"job": "DEMA000001"}}.String(), "kvittering i jobb DEMA000001", "receipt in job DEMA000001"},
		{shipment.EventStatus, "LUKKET: planned {}", "LUKKET: planned {}", "LUKKET: planned {}"},
		{shipment.EventReadAfter, "planned {}", "planned {}", "planned {}"},
		{string(shipment.DigitalClosed), "planned {}", "planned {}", "planned {}"},
		{shipment.EventWithdrawn, "trukket fra utskriftsjobb DEMA000001", "trukket fra utskriftsjobb DEMA000001", "trukket fra utskriftsjobb DEMA000001"},
	} {
		e := shipment.Event{Kind: c.kind, Reason: c.reason}
		if nb, en := EventReason(e, Norwegian), EventReason(e, English); nb != c.nb || en != c.en {
			t.Errorf("%s %q: %q and %q", c.kind, c.reason, nb, en)
		}
	}
	for _, reason := range []string{"", "utskriftsvindu", "kostnad: godkjent {\"a\":1}", "K7QX000001", "kostnad {\"arg\":1}", "kostnad {"} {
		for _, kind := range []string{shipment.EventHeld, shipment.EventReleased} {
			if got := EventReason(shipment.Event{Kind: kind, Reason: reason}, English); got != reason {
				t.Errorf("%s %q: %q", kind, reason, got)
			}
		}
	}
}
