package console

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postgang/engine/access"
	"postgang/engine/archive/archivetest"
	"postgang/engine/store"
)

// TestBrowserCitizenPhones: a citizen asks where a letter is. The case worker finds it by the name, for a purpose that is written down,
// tells when it was posted, looks at the page, and stops another one that has not gone yet.
func TestBrowserCitizenPhones(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	bothDatabases(t, func(t *testing.T, dsn string) {
		w := served(t, place{dsn: dsn}, signe, rakel)
		w.gives(rakel, access.Grant{Role: access.RoleAuditor})
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

		b = w.window(t, rakel)
		b.press("Logger")
		b.reads("Mottakeren ringte", signe.Name, posted[len("/forsendelser/"):][:8])
		b.lacks(secretName, secretTitle)
		b.press("Kontroller loggene")
		b.reads("Loggen holder til og med rad")
		b.open("/forsendelser/" + w.ownLetter)
		b.reads("Saken er trukket", "av "+signe.Name)
		b.lacks("Formål")
	})
}

// TestBrowserJobIsResolved: of an UNCERTAIN job two operators say, after they have phoned the vendor, that it is not there, and its letters go
// into another one; three letters of a job that was printed are printed once more. The auditor sees who said what.
func TestBrowserJobIsResolved(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	bothDatabases(t, func(t *testing.T, dsn string) {
		w := served(t, place{dsn: dsn}, olav, oline, rakel)
		w.side.there = true
		w.gives(olav, access.Grant{Role: access.RoleOperator})
		w.gives(oline, access.Grant{Role: access.RoleOperator})
		w.gives(rakel, access.Grant{Role: access.RoleAuditor})
		uncertain := w.job(store.JobUncertain, 901, 902)
		var numbers []int
		for n := range 30 {
			numbers = append(numbers, 910+n)
		}
		printed := w.job(store.JobClosed, numbers...)

		b := w.window(t, olav)
		b.press("Utskriftsjobber")
		b.press("Trenger en person")
		b.press(uncertain)
		b.press("Trykkeriet har den ikke")
		b.reads("krever to personer")
		b.write("Begrunnelse", "Ringte trykkeriet")
		b.press("Be om dette")
		b.reads("Ønsket ditt er notert")

		second := w.window(t, oline)
		second.open("/jobber/" + uncertain)
		second.press("Trykkeriet har den ikke")
		second.reads(olav.Name, "Ringte trykkeriet")
		second.write("Begrunnelse", "Ringte også")
		second.press("Trykkeriet har den ikke")
		second.reads("Trukket tilbake", "Jobber som kom av denne", "Ringte også")

		b.open("/jobber/" + printed)
		b.press("Bestill omtrykk")
		b.write("Hvilke brev", "1, 3-4")
		b.write("Begrunnelse", "Revet i maskinen")
		if got := b.press("Bestill omtrykk"); got != http.StatusUnprocessableEntity {
			t.Errorf("a tenth of a job is printed once more without a second thought: %d", got)
		}
		b.write("Antall brev som skal trykkes på nytt", "3")
		b.press("Bestill omtrykk")
		b.reads("3 brev bestilt trykt på nytt", "Revet i maskinen", "av deg")

		b = w.window(t, rakel)
		b.open("/forsendelser/" + archivetest.ID(901))
		b.reads(uncertain)
		b.open("/forsendelser/" + archivetest.ID(910))
		b.reads("Omtrykk av "+printed, "Bestilt trykt på nytt", "av "+olav.Name)
		b.lacks("Stopp\n")
	})
}

// TestBrowserMonthIsClosed: finance books an invoice and disputes what the vendor reported otherwise than it was sent; then a month is
// closed, by two of them. The auditor sees it, and can do nothing.
func TestBrowserMonthIsClosed(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	bothDatabases(t, func(t *testing.T, dsn string) {
		w := served(t, place{dsn: dsn}, ottar, oda, rakel)
		w.now = w.now.AddDate(0, 0, 14) // November is over
		w.gives(ottar, access.Grant{Role: access.RoleFinance})
		w.gives(oda, access.Grant{Role: access.RoleFinance})
		w.gives(rakel, access.Grant{Role: access.RoleAuditor})
		file := filepath.Join(t.TempDir(), "faktura.csv")
		if err := os.WriteFile(file, []byte(earlierInvoiceCSV), 0o644); err != nil {
			t.Fatal(err)
		}
		b := w.window(t, ottar)
		b.press("Fakturaer")
		b.press("Les inn en faktura")
		b.upload("Faktura", file)
		b.press("Les inn")
		b.reads("Faktura F-9")
		b.press("Bokfør")
		b.write("Begrunnelse", "Avstemt")
		if got := b.press("Bokfør"); got != http.StatusUnprocessableEntity {
			t.Errorf("a doubtful invoice is booked without a look: %d", got)
		}
		b.touch("Jeg har sett på det, og fakturaen er riktig")
		b.press("Bokfør")
		b.reads("Faktura F-9", "Bokført")

		b.press("Avvik")
		b.touch(eval[string](b, `[...document.querySelectorAll("tbody tr")].find((r) => r.innerText.includes("Skolekontoret")).querySelector("input").getAttribute("aria-label")`))
		b.press("Avgjør de valgte")
		b.touch(eval[string](b, `[...document.querySelectorAll("label")].find((l) => l.innerText.startsWith("Omtvistet")).innerText.trim()`))
		b.write("Begrunnelse", "To ark sendt")
		b.press("Avgjør")
		b.reads("Omtvistet", "To ark sendt")

		const month = "/okonomi/maneder/2026-10" // in order: the invoice was of October
		b.press("Måneder")
		b.open(month)
		b.press("Lukk måneden")
		b.write("Begrunnelse", "Avstemt mot faktura")
		b.tick("Lukk måneden selv om dette gjenstår")
		b.press("Be om å lukke måneden")
		b.reads("Venter på den andre personen", "Du ba om å lukke måneden")

		second := w.window(t, oda)
		second.open(month)
		second.press("Lukk måneden")
		second.reads("Avstemt mot faktura", "Gjør du det nå, blir den lukket.")
		second.write("Begrunnelse", "Enig")
		second.tick("Lukk måneden selv om dette gjenstår")
		second.press("Lukk måneden")
		second.reads("Lukket", "Enig")

		b = w.window(t, rakel)
		b.open(month)
		b.reads("Lukket", "Enig", oda.Name)
		b.press("Avvik")
		b.reads("Omtvistet", "To ark sendt", ottar.Name)
		b.lacks("Avgjør de valgte")
		b.press("Fakturaer")
		b.reads("F-9")
		b.lacks("Les inn en faktura")
	})
}

// TestBrowserOwnPromotion: an administrator has no way to a role of his own; a colleague gives it, and ends his session, which is over at once.
func TestBrowserOwnPromotion(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	bothDatabases(t, func(t *testing.T, dsn string) {
		w := served(t, place{dsn: dsn}, olav, oline)
		w.gives(olav, access.Grant{Role: access.RoleAdministrator})
		w.gives(oline, access.Grant{Role: access.RoleAdministrator})
		b := w.window(t, olav)
		b.press("Tilganger")
		b.press(olav.Name, "Navn")
		self := b.path()
		b.reads("Administrator", "Denne økten")
		b.lacks("Gi en rolle", "Ta fra", "Avslutt tilgangen")
		if got := b.open(self + "/gi"); got != http.StatusForbidden {
			t.Errorf("the page that gives himself a role: %d", got)
		}
		b.reads("En annen administrator må gjøre det")

		second := w.window(t, oline)
		second.open(self)
		second.press("Gi en rolle")
		second.write("Rolle", "revisor")
		second.write("Gjelder for", "alle")
		second.write("Begrunnelse", "Kontrollerer i år")
		second.press("Gi rollen")
		second.reads("Revisor", "Kontrollerer i år", "av deg")
		second.press("Avslutt økter")
		second.write("Begrunnelse", "Mistet telefonen")
		second.press("Avslutt øktene")

		if got := b.open("/forsendelser"); got != http.StatusOK || !strings.Contains(b.text(), "Logg inn som") {
			t.Errorf("after his session was ended: %d\n%s", got, b.text())
		}
		b.press(olav.Name)
		b.open(self)
		b.reads("Revisor", "av "+oline.Name)
	})
}

// tick ticks a box, where the page has it.
func (b *tab) tick(name string) {
	b.t.Helper()
	if eval[bool](b, `!!(`+named+`)(`+quoted(name)+`)`) {
		b.touch(name)
	}
}
