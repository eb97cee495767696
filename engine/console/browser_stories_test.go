package console

import (
	"net/http"
	"strings"
	"testing"

	"postgang/engine/access"
)

// TestBrowserCitizenPhones: a citizen asks where a letter is. The case worker finds it by the name, for a purpose that is written down,
// tells when it was posted, looks at the page, and stops another one that has not gone yet.
func TestBrowserCitizenPhones(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	bothDatabases(t, func(t *testing.T, dsn string) {
		w := served(t, place{dsn: dsn}, signe)
		w.gives(signe, access.Grant{Role: access.RoleCaseWorker, Account: own})
		b := w.window(t, signe)
		b.press("Forsendelser")
		b.press("Søk på mottaker")
		b.write("Navn", "ødegård åse")
		b.unchecked()
		if got := b.press("Søk"); got != http.StatusUnprocessableEntity {
			t.Errorf("a search without a purpose: %d", got)
		}
		b.write("Formål", "Mottakeren ringte")
		b.press("Søk")
		b.reads("Treff på mottaker", secretName, "Postlagt", "Skolekontoret")
		b.lacks("Helsekontoret")
		if strings.Contains(b.path(), "degård") || strings.Contains(b.path(), "%C3") {
			t.Errorf("the address tells whom one looks for: %s", b.path())
		}
		// The posted one: what became of it, and what it looked like.
		posted := eval[string](b, `[...document.querySelectorAll("tbody tr")].find((r) => r.innerText.includes("Postlagt")).querySelector("td a").getAttribute("href")`)
		b.open(posted)
		b.reads("Historikk", "Postlagt")
		b.lacks(secretName, secretStreet, secretTitle)
		b.write("Formål", "Mottakeren ringte")
		b.press("Vis sidene")
		b.reads("Sidene slik de blir skrevet ut", "Mottakeren ringte", "Side 1")
		b.touch("Teksten på side 1")
		b.reads("Til " + secretName + ", på side 1")
		if n := eval[int](b, `[...document.querySelectorAll(".paper img")].filter((i) => i.complete && i.naturalWidth > 0).length`); n == 0 {
			t.Error("no page is seen")
		}
		// Whoever comes later sees that it was looked at.
		if rows := w.lookups(); len(rows) < 2 || rows[0].Purpose != "Mottakeren ringte" {
			t.Errorf("looked up: %+v", rows)
		}
		// Another one is stopped before it goes to the vendor.
		b.write("Finn en forsendelse", w.ownLetter)
		b.press("Finn")
		b.press("Stopp")
		b.write("Begrunnelse", "Saken er trukket")
		b.press("Stopp forsendelsen")
		b.reads("Avsluttet for hånd", "Saken er trukket", "av deg")
		b.lacks("Stopp\n")
	})
}
